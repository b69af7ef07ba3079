//! Layer 5: the optimiser, from middle IR to middle IR.
//!
//! In: a verified program. Out: the same program in fewer cycles and bytes. Invariant: it prints
//! the same and does the same to mapped memory, and `verify` holds after every pass.
//! One file for each pass; `PASSES` names them all, `pipeline.rs` says in which order they run.
//! Not here: anything about registers, the zero page or 6502 instructions.

mod bases;
mod bits;
mod block_loops;
mod const_args;
mod counters;
mod dce;
mod demand;
mod displace;
mod dse;
mod far;
mod fold;
mod forward;
mod gvn;
mod handover;
mod hoist;
mod inline;
pub mod interval;
mod keep;
mod leave;
mod licm;
mod multiples;
mod narrow;
pub mod offsets;
mod page_loops;
mod pipeline;
mod promote;
pub mod ranges;
mod rebase;
mod reload;
pub mod remarks;
mod rotate;
mod sccp;
mod shake;
mod share;
mod simplify_cfg;
mod sink;
mod split;
mod sroa;
mod strength;
mod stripe;
mod thread;
mod unroll;
mod walk;

use crate::mir::effects::Effects;
use crate::mir::ir::{Func, FuncId, Program};
pub use pipeline::{Report, optimise};

/// How much is done, and for what.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Level {
    /// Only what is needed: functions and data that nothing uses are removed.
    O0,
    /// The cheap passes.
    O1,
    /// Everything that makes the program faster.
    #[default]
    O2,
    /// As `O2`, but nothing that makes it larger.
    Os,
}

/// What the optimiser is told.
#[derive(Clone, Debug, Default)]
pub struct OptOptions {
    pub level: Level,
    /// Names of passes that are left out.
    pub without: Vec<String>,
    /// Only so many passes run (a pass over one function counts as one), to find the one at fault.
    pub bisect: Option<u32>,
    /// Names of passes after which the program is wanted as text; `all` for every one.
    pub print_after: Vec<String>,
    /// Verify after every pass; debug builds always do.
    pub verify: bool,
}

/// What a pass may look at besides the function that it changes.
pub struct Context<'a> {
    /// The program; the function that is being changed is empty in it.
    pub program: &'a Program,
    /// The function that is being changed.
    pub this: FuncId,
    /// What the program's functions do to memory.
    pub effects: &'a Effects,
    pub level: Level,
}

impl Context<'_> {
    /// True when the function that is being changed may be entered again before it returns.
    pub fn is_recursive(&self) -> bool {
        self.effects.is_recursive(self.this)
    }

    /// True when bytes count more than cycles.
    pub fn for_size(&self) -> bool {
        self.level == Level::Os
    }
}

/// What a pass works on. The result says whether anything changed.
#[derive(Clone, Copy)]
pub enum Run {
    /// One function after the other.
    Func(fn(&mut Func, &Context) -> bool),
    /// The whole program.
    Program(fn(&mut Program, Level) -> bool),
}

/// A pass.
#[derive(Clone, Copy)]
pub struct Pass {
    /// The name on the command line and of the file in `opt/`.
    pub name: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
    pub run: Run,
}

/// All passes.
pub const PASSES: &[Pass] = &[
    shake::PASS,
    inline::PASS,
    const_args::PASS,
    fold::PASS,
    simplify_cfg::PASS,
    sccp::PASS,
    gvn::PASS,
    hoist::PASS,
    sroa::PASS,
    split::PASS,
    stripe::PASS,
    rotate::PASS,
    promote::PASS,
    thread::PASS,
    licm::PASS,
    displace::PASS,
    narrow::PASS,
    strength::PASS,
    strength::END_PASS,
    forward::PASS,
    dse::PASS,
    block_loops::PASS,
    page_loops::PASS,
    multiples::PASS,
    bits::PASS,
    bases::PASS,
    walk::PASS,
    unroll::PASS,
    leave::PASS,
    sink::PASS,
    far::PASS,
    share::PASS,
    offsets::PASS,
    rebase::PASS,
    reload::PASS,
    keep::PASS,
    handover::PASS,
    dce::PASS,
];

/// The pass of a name.
pub fn pass_named(name: &str) -> Option<&'static Pass> {
    PASSES.iter().find(|p| p.name == name)
}

/// Runs one pass alone over the whole program, for tests. True when something changed.
pub fn run_pass(program: &mut Program, pass: &Pass, level: Level) -> bool {
    match pass.run {
        Run::Program(run) => run(program, level),
        Run::Func(run) => {
            let effects = pipeline::effects(program);
            let mut changed = false;
            for id in program.funcs.ids() {
                changed |= run_on(program, run, id, &effects, level);
            }
            changed
        }
    }
}

/// The lines of a function in a printed program, each with the label of its block.
#[cfg(test)]
fn lines_with_blocks<'a>(text: &'a str, func: &str) -> Vec<(&'a str, &'a str)> {
    let (mut block, mut lines) = ("", Vec::new());
    for line in text.split(&format!("func @{func}")).nth(1).unwrap_or_default().lines() {
        if let Some((label, _)) = line.split_once(['(', ':']).filter(|_| line.starts_with('b')) {
            block = label;
        }
        lines.push((block, line));
    }
    lines
}

fn run_on(
    program: &mut Program,
    run: fn(&mut Func, &Context) -> bool,
    id: FuncId,
    effects: &Effects,
    level: Level,
) -> bool {
    if program.funcs[id].is_extern() {
        return false;
    }
    let mut func = std::mem::replace(&mut program.funcs[id], Func::new("", Vec::new(), None));
    let changed = run(&mut func, &Context { program, this: id, effects, level });
    program.funcs[id] = func;
    changed
}
