//! Runs the typed tree, following `docs/language.md` sentence by sentence: the oracle for all that
//! lies below the checker.
//!
//! In: the checked modules of a program, in dependency order. Out: what it printed, its accesses to
//! mapped memory, and how it ended. Invariants: nothing is shared with lowering or the middle IR,
//! so that one mistake cannot hide in both; speed does not matter, plain words do. Where the language
//! promises nothing (a variable that was never written, an index out of bounds, a string that is too
//! long) the run ends with `Outcome::Undefined`, and the program is no test of anything.
//! Not here: interrupts, and `__asm__` blocks, which end the run with `Outcome::Unsupported`.

mod arith;
mod bulk;
mod expr;
mod machine;
mod memory;
mod place;
mod stmt;
mod text;

use crate::sema::hir::Module;

/// What a run is given.
#[derive(Clone, Debug)]
pub struct Config {
    /// Keys that wait, as PETSCII.
    pub input: Vec<u8>,
    /// Statements and conditions after which the run ends.
    pub step_limit: u64,
    /// Calls within calls.
    pub depth_limit: usize,
    /// Interrupt handlers do nothing that the program sees, and it may look at the raster line but
    /// does the same whatever that is: interrupts are switched on and off without effect.
    pub handlers_are_silent: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { input: Vec::new(), step_limit: 1_000_000, depth_limit: 64, handlers_are_silent: false }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `main` returned.
    Returned,
    /// More statements than allowed.
    StepLimit,
    /// More calls within calls, or more memory, than allowed.
    TooDeep,
    /// `waitkey()` without a waiting key.
    NoInput,
    /// The program did what the language does not define.
    Undefined(String),
    /// Something that only the real machine can do.
    Unsupported(String),
}

/// An access to mapped memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub address: u16,
    /// Bytes.
    pub width: u32,
    /// Little-endian.
    pub value: u32,
    pub is_write: bool,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Run {
    pub outcome: Outcome,
    /// Everything printed, as PETSCII.
    pub output: Vec<u8>,
    pub accesses: Vec<Access>,
    /// Statements and conditions executed.
    pub steps: u64,
}

/// A result, or the reason why the run is over.
type Eval<T> = Result<T, Outcome>;

fn undefined<T>(what: &str) -> Eval<T> {
    Err(Outcome::Undefined(what.to_string()))
}

/// Runs the defaults of the singletons and `main` of the last module.
pub fn run(modules: &[&Module], config: &Config) -> Run {
    let mut machine = machine::Machine::new(modules, config);
    let outcome = match machine.program() {
        Ok(()) => Outcome::Returned,
        Err(outcome) => outcome,
    };
    Run { outcome, output: machine.output, accesses: machine.memory.accesses, steps: machine.steps }
}
