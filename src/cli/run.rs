//! `pycoc run FILE`: a program in the built-in C64.
//!
//! In: a source, which is compiled first in memory, or a finished program. Out: what it prints, on
//! standard output; figures and failures on standard error. Not here: the machine (`sim/`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::SourceMap;
use crate::cli::args::RunArgs;
use crate::cli::compile::shared_options;
use crate::cli::console::{self, Status};
use crate::cli::project::build_project;
use crate::cli::report::{report, report_one};
use crate::driver::build;
use crate::driver::drive::Disk;
use crate::driver::files::{DiskFiles, FileError, Files};
use crate::driver::load::unreadable;
use crate::sim::{Drive, Exit, Machine, NoDrive, RunOptions};

/// `pycoc run FILE`
pub fn run(args: &RunArgs) -> Status {
    run_program(args).unwrap_or_else(|status| status)
}

fn run_program(args: &RunArgs) -> Result<Status, Status> {
    let fail = |diagnostic| report_one(&args.messages, diagnostic);
    let file_error = |error: FileError| fail(unreadable(&error));
    let Source { file, prg, disk } = program(args)?;
    let mut machine = Machine::new();
    machine.load_prg(&prg).map_err(|error| {
        let text = format!("'{file}' is not a program: {error}");
        fail(Diagnostic::global(codes::NOT_A_PROGRAM, text))
    })?;
    let mut drive: Box<dyn Drive> = match args.disk.as_ref().or(disk.as_ref()) {
        Some(path) => Box::new(Disk::open(&DiskFiles, path).map_err(file_error)?),
        None => Box::new(NoDrive),
    };
    let options = RunOptions {
        max_cycles: args.max_cycles,
        input: typed(args.input.as_deref().unwrap_or_default()),
        ..RunOptions::default()
    };
    let outcome = machine.run(&options, drive.as_mut());

    let mut text = outcome.output.text;
    if args.screen {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text += &machine.screen_text();
    }
    let written = console::result(text.as_bytes());
    if args.stats {
        console::message(&format!("cycles: {}\nprg-bytes: {}\n", outcome.cycles, prg.len()));
    }
    if let Some(path) = &args.png {
        DiskFiles.write_all(&[(path.clone(), machine.png())]).map_err(file_error)?;
    }
    match failure(outcome.exit) {
        Some(diagnostic) => Err(fail(diagnostic)),
        None => Ok(written),
    }
}

/// A program that can be run.
struct Source {
    /// What it was read or made from.
    file: String,
    prg: Vec<u8>,
    /// What is in drive 8 if nothing else is said.
    disk: Option<String>,
}

/// The program: read, made from a source, or built as a project.
fn program(args: &RunArgs) -> Result<Source, Status> {
    let read =
        |path: &str| DiskFiles.read(path).map_err(|error| report_one(&args.messages, unreadable(&error)));
    let Some(file) = args.file.clone() else {
        let project = build_project("", &args.messages)?;
        let file = project.options.output.clone().unwrap_or_default();
        let disk = project.options.d64.clone().unwrap_or(project.output);
        return Ok(Source { prg: read(&file)?, file, disk: Some(disk) });
    };
    if file.to_lowercase().ends_with(".prg") {
        return Ok(Source { prg: read(&file)?, file, disk: None });
    }
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let options = shared_options(&args.build);
    let built = build::build(&DiskFiles, &options, &file, &mut sources, &mut sink);
    let status = report(&args.messages, &sources, sink);
    let prg = built.and_then(|built| built.prg).filter(|_| status == Status::Success).ok_or(status)?;
    Ok(Source { file, prg, disk: None })
}

/// The keys that `--input` means: `\n` is RETURN, `\\` a backslash.
fn typed(text: &str) -> String {
    let mut keys = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, rest.as_str().chars().next()) {
            ('\\', Some('n')) => keys.push('\n'),
            ('\\', Some('\\')) => keys.push('\\'),
            _ => {
                keys.push(c);
                continue;
            }
        }
        rest.next();
    }
    keys
}

/// What to tell about a program that did not end as it should.
fn failure(exit: Exit) -> Option<Diagnostic> {
    let diagnostic = Diagnostic::global(codes::PROGRAM_FAILED, format!("The program failed: {exit}"));
    match exit {
        Exit::Returned => None,
        Exit::CycleLimit { .. } => Some(diagnostic.help("allow more with --max-cycles")),
        Exit::Jam { .. } | Exit::Break { .. } => {
            Some(diagnostic.help("compile it with --checks to find an index or a pointer that went astray"))
        }
        Exit::RuntimeError | Exit::LostBasic | Exit::MissingRom { .. } => Some(diagnostic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_has_escapes_for_return_and_backslash() {
        assert_eq!(typed(r"Bob\n"), "Bob\n");
        assert_eq!(typed(r"a\\n\x\"), "a\\n\\x\\");
    }

    #[test]
    fn only_a_program_that_returned_did_not_fail() {
        assert!(failure(Exit::Returned).is_none());
        let limit = failure(Exit::CycleLimit { pc: 0x81A }).unwrap();
        assert_eq!(limit.message, "The program failed: the cycle limit was reached at $081A");
        assert_eq!(limit.helps, ["allow more with --max-cycles"]);
        assert!(failure(Exit::RuntimeError).is_some());
    }
}
