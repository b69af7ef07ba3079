//! Layer 12: the command line.
//!
//! In: the arguments of the process. Out: its exit status, results on standard output, messages on
//! standard error. Invariant: a panic anywhere below becomes status 101 with a request to report
//! it. Not here: the work itself (`driver/`).

pub mod args;
pub mod compile;
mod console;
mod explain;
mod inspect;
mod library;
pub mod pages;
mod program;
mod project;
mod reduce;
mod report;
mod run;
mod size;
mod values;

use std::panic::{self, PanicHookInfo};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread::{self, JoinHandle};

use clap::Parser;

use args::{Args, Command};
use console::Status;

/// The stack of the compiling thread. Nesting is limited by the parser, but a debug build needs
/// more than the usual 8 megabytes for the deepest tree that the limit admits.
const STACK: usize = 256 << 20;

/// The name of that thread, by which the panic hook knows it.
const WORKER: &str = "pycoc";

/// What the panic hook saw, for the report.
static PANIC: Mutex<String> = Mutex::new(String::new());

/// The whole program.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // A closed pipe must not turn `pycoc --help | head` into a failure.
            let _ = error.print();
            return if error.use_stderr() { Status::Usage } else { Status::Success }.into();
        }
    };
    guarded(move || dispatch(&args)).into()
}

/// Runs `work` with a large stack. A panic in it is a defect of pycoc, shown as such.
fn guarded(work: impl FnOnce() -> Status + Send + 'static) -> Status {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| match thread::current().name() {
        Some(WORKER) => remember(info),
        _ => before(info),
    }));
    let worker = thread::Builder::new().name(WORKER.to_string()).stack_size(STACK).spawn(work);
    match worker.map(JoinHandle::join) {
        Ok(Ok(status)) => status,
        Ok(Err(_)) => {
            console::message(&defect(&PANIC.lock().map(|text| text.clone()).unwrap_or_default()));
            Status::Defect
        }
        Err(error) => {
            console::message(&format!("Error: pycoc cannot start a thread: {error}\n"));
            Status::FileFailed
        }
    }
}

fn dispatch(args: &Args) -> Status {
    match &args.command {
        Command::Compile(args) => compile::compile(args),
        Command::Check(args) => compile::check(args),
        Command::New(args) => project::new(args),
        Command::Build(args) => project::build(args),
        Command::Run(args) => run::run(args),
        Command::Inspect(args) => inspect::inspect(args),
        Command::Library(args) => library::library(args),
        Command::Size(args) => size::size(args),
        Command::Reduce(args) => reduce::reduce(args),
        Command::Explain(args) => explain::explain(args),
    }
}

/// Keeps what a panic says instead of printing it at once.
fn remember(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let place = info.location().map(|l| format!(" ({l})")).unwrap_or_default();
    if let Ok(mut panic) = PANIC.lock() {
        *panic = format!("{text}{place}");
    }
}

/// The text for a defect of pycoc.
fn defect(what: &str) -> String {
    format!(
        "Internal error: {what}\n\
         This is a defect of pycoc {}, not of your program. Please report it, with the source that\n\
         caused it, the command line, and the line above. Trying -O0 may avoid it meanwhile.\n",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_defect_with_its_text_and_place() {
        let status = guarded(|| panic!("the {} pass failed", "gvn"));
        assert_eq!(status, Status::Defect);
        let text = defect(&PANIC.lock().unwrap());
        assert!(text.starts_with("Internal error: the gvn pass failed (src/cli/mod.rs:"), "{text}");
        assert!(text.contains("Please report it"), "{text}");
    }

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
