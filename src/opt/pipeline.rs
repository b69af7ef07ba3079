//! In which order the passes run at each level, and the means to find a faulty one.
//!
//! In: a program and the options. Out: the program, optimised, and a report.

use crate::base::index::IndexVec;
use crate::mir::callgraph::CallGraph;
use crate::mir::effects::Effects;
use crate::mir::ir::{FuncId, Program};
use crate::mir::{print, verify};
use crate::opt::{Level, OptOptions, Pass, Run, pass_named, run_on};

/// Rounds of a group of passes over one function before it counts as done.
const MAX_ROUNDS: usize = 8;

/// A step of a pipeline.
enum Step {
    /// A pass over the whole program.
    Program(&'static str),
    /// Passes over each function, callees first, repeated until nothing changes.
    Funcs(&'static [&'static str]),
}

const CLEAN: &[&str] = &["fold", "simplify_cfg", "gvn", "forward", "dse", "dce"];

const NARROW: &[&str] = &["narrow", "fold", "simplify_cfg", "gvn", "forward", "dse", "dce"];

const O0: &[Step] = &[Step::Program("shake")];
const O1: &[Step] = &[
    Step::Program("shake"),
    Step::Funcs(CLEAN),
    Step::Program("inline"),
    Step::Program("shake"),
    Step::Funcs(CLEAN),
    Step::Program("shake"),
];
const O2: &[Step] = &[
    Step::Program("shake"),
    Step::Funcs(&["sroa"]),
    Step::Funcs(CLEAN),
    Step::Program("inline"),
    Step::Program("shake"),
    Step::Program("const_args"),
    Step::Funcs(&["sroa"]),
    Step::Funcs(CLEAN),
    Step::Program("const_args"),
    Step::Program("inline"),
    Step::Program("shake"),
    Step::Funcs(&["sccp"]),
    Step::Funcs(CLEAN),
    Step::Program("split"),
    Step::Program("stripe"),
    Step::Program("shake"),
    Step::Funcs(&["rotate"]),
    Step::Funcs(CLEAN),
    Step::Funcs(&["promote"]),
    Step::Funcs(&["sroa"]),
    Step::Funcs(CLEAN),
    Step::Funcs(&["displace"]),
    Step::Funcs(&["thread"]),
    Step::Funcs(&["hoist", "licm"]),
    Step::Funcs(NARROW),
    Step::Funcs(&["block_loops"]),
    Step::Funcs(&["page_loops"]),
    Step::Funcs(&["strength"]),
    Step::Funcs(NARROW),
    Step::Funcs(&["multiples"]),
    Step::Program("bits"),
    Step::Funcs(&["bases"]),
    Step::Program("walk"),
    Step::Funcs(NARROW),
    Step::Funcs(&["loop_ends"]),
    Step::Funcs(CLEAN),
    Step::Funcs(&["unroll"]),
    Step::Funcs(NARROW),
    Step::Funcs(&["leave", "sink"]),
    Step::Funcs(&["far", "share", "offsets", "rebase", "reload", "keep", "handover"]),
    Step::Program("shake"),
];
const OS: &[Step] = O2;

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many passes ran, one for each function.
    pub count: u32,
    /// What `print_after` asked for: the pass and the text.
    pub dumps: Vec<(String, String)>,
}

/// Optimises a program. It must be verified.
pub fn optimise(program: &mut Program, options: &OptOptions) -> Report {
    let mut runner = Runner {
        program,
        options,
        report: Report::default(),
        effects: Effects::default(),
        quiet: IndexVec::new(),
    };
    let steps = match options.level {
        Level::O0 => O0,
        Level::O1 => O1,
        Level::O2 => O2,
        Level::Os => OS,
    };
    for step in steps {
        match step {
            Step::Program(name) => drop(runner.program(name)),
            Step::Funcs(names) => runner.funcs(names),
        }
    }
    runner.report
}

/// The memory effects of all functions.
pub(super) fn effects(program: &Program) -> Effects {
    Effects::new(program, &CallGraph::new(program))
}

struct Runner<'a> {
    program: &'a mut Program,
    options: &'a OptOptions,
    report: Report,
    /// What the functions do to memory, for the passes of the present step.
    effects: Effects,
    /// For each function the passes that found nothing since what they look at changed last: they
    /// would find nothing again.
    quiet: IndexVec<FuncId, Vec<&'static str>>,
}

impl Runner<'_> {
    /// The pass, unless it is left out.
    fn pass(&self, name: &str) -> Option<&'static Pass> {
        let pass = pass_named(name);
        debug_assert!(pass.is_some(), "no pass {name}");
        pass.filter(|p| !self.options.without.iter().any(|w| w == p.name))
    }

    /// Counts a run; false when the limit of `bisect` is reached.
    fn count(&mut self) -> bool {
        let allowed = self.options.bisect.is_none_or(|limit| self.report.count < limit);
        self.report.count += u32::from(allowed);
        allowed
    }

    fn program(&mut self, name: &str) -> bool {
        let Some(pass) = self.pass(name) else { return false };
        let Run::Program(run) = pass.run else { return false };
        if !self.count() {
            return false;
        }
        let changed = run(self.program, self.options.level);
        if changed {
            self.forget_quiet();
        }
        if self.checks()
            && let Err(faults) = verify::verify(self.program)
        {
            panic!("invalid after {name}:\n{}\n{}", faults.join("\n"), print::program(self.program));
        }
        self.dump(name, print::program);
        changed
    }

    fn forget_quiet(&mut self) {
        self.quiet = IndexVec::filled(self.program.funcs.len(), Vec::new());
    }

    fn funcs(&mut self, names: &[&'static str]) {
        let graph = CallGraph::new(self.program);
        let effects = Effects::new(self.program, &graph);
        if effects != self.effects {
            self.forget_quiet();
            self.effects = effects;
        }
        for &id in graph.sccs.iter().flatten() {
            if self.program.funcs[id].is_extern() {
                continue;
            }
            // Once every pass in turn found nothing, another round would find nothing either.
            let mut quiet = 0;
            for name in names.iter().cycle().take(MAX_ROUNDS * names.len()) {
                quiet = if self.func(name, id) { 0 } else { quiet + 1 };
                if quiet == names.len() {
                    break;
                }
            }
        }
    }

    fn func(&mut self, name: &'static str, id: FuncId) -> bool {
        if self.quiet[id].contains(&name) {
            return false;
        }
        let Some(pass) = self.pass(name) else { return false };
        let Run::Func(run) = pass.run else { return false };
        if !self.count() {
            return false;
        }
        let changed = run_on(self.program, run, id, &self.effects, self.options.level);
        if self.checks() {
            verify::assert_valid(self.program, id, name);
        }
        if changed {
            self.quiet[id].clear();
            self.dump(name, |program| print::func(program, &program.funcs[id]));
        } else {
            self.quiet[id].push(name);
        }
        changed
    }

    fn checks(&self) -> bool {
        cfg!(debug_assertions) || self.options.verify
    }

    fn dump(&mut self, name: &str, text: impl Fn(&Program) -> String) {
        if self.options.print_after.iter().any(|w| w == name || w == "all") {
            let text = text(self.program);
            self.report.dumps.push((name.to_string(), text));
        }
    }
}
