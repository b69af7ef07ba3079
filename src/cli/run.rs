//! `pycoc run FILE`: a program in the built-in C64.
//!
//! In: a source, which is compiled first in memory, or a finished program. Out: what it prints, on
//! standard output; figures, profile and failures on standard error. Not here: the machine
//! (`sim/`), where programs come from (`program.rs`).

use std::cell::Cell;

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::cli::args::RunArgs;
use crate::cli::console::{self, Status};
use crate::cli::program::{Program, program};
use crate::cli::report::report_one;
use crate::driver::drive::Disk;
use crate::driver::files::{DiskFiles, FileError, Files};
use crate::driver::load::unreadable;
use crate::out::{flame, profile};
use crate::sim::{Drive, Exit, Machine, RunOptions};

/// `pycoc run FILE`
pub fn run(args: &RunArgs) -> Status {
    run_program(args).unwrap_or_else(|status| status)
}

fn run_program(args: &RunArgs) -> Result<Status, Status> {
    let fail = |diagnostic| report_one(&args.messages, diagnostic);
    let file_error = |error: FileError| fail(unreadable(&error));
    let wants_profile = args.profile || args.flame.is_some();
    let Program { file, prg, disk, map } =
        program(args.file.as_deref(), wants_profile, &args.build, &args.messages)?;
    let names = map.as_ref().map(profile::names);
    let mut machine = Machine::new();
    machine.load_prg(&prg).map_err(|error| {
        let text = format!("'{file}' is not a program: {error}");
        fail(Diagnostic::global(codes::NOT_A_PROGRAM, text))
    })?;
    let disk = args.disk.as_ref().or(disk.as_ref());
    let mut disk = disk.map(|path| Disk::open(&DiskFiles, path).map_err(file_error)).transpose()?;
    let mut missing = Missing::default();
    let drive: &mut dyn Drive = match &mut disk {
        Some(disk) => disk,
        None => &mut missing,
    };
    let options = RunOptions {
        max_cycles: args.max_cycles,
        profile: names.as_ref().map(|names| names.regions.clone()),
        input: typed(args.input.as_deref().unwrap_or_default()),
        ..RunOptions::default()
    };
    let outcome = machine.run(&options, drive);

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
    let mut pictures: Vec<(String, Vec<u8>)> = Vec::new();
    if let Some(path) = &args.png {
        pictures.push((path.clone(), machine.png()));
    }
    if let (Some(counted), Some(map), Some(names)) = (machine.profile(), &map, &names) {
        if args.profile {
            console::message(&profile::text(counted, map, names));
        }
        if let Some(path) = &args.flame {
            pictures.push((path.clone(), flame::write(&file, &profile::calls(counted, names)).into_bytes()));
        }
    }
    DiskFiles.write_all(&pictures).map_err(file_error)?;
    match failure(outcome.exit, missing.asked.get()) {
        Some(diagnostic) => Err(fail(diagnostic)),
        None => Ok(written),
    }
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

/// No drive 8; remembers whether the program looked for it.
#[derive(Default)]
struct Missing {
    asked: Cell<bool>,
}

impl Drive for Missing {
    fn open(&mut self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn is_present(&self) -> bool {
        self.asked.set(true);
        false
    }
}

/// What to tell about a program that did not end as it should; `missed_drive` when it looked for a
/// drive 8 that is not there.
fn failure(exit: Exit, missed_drive: bool) -> Option<Diagnostic> {
    let diagnostic = Diagnostic::global(codes::PROGRAM_FAILED, format!("The program failed: {exit}"));
    match exit {
        Exit::Returned => None,
        Exit::CycleLimit { .. } => Some(diagnostic.help("allow more with --max-cycles")),
        Exit::Jam { .. } | Exit::Break { .. } => {
            Some(diagnostic.help("compile it with --checks to find an index or a pointer that went astray"))
        }
        Exit::RuntimeError if missed_drive => {
            Some(diagnostic.help("drive 8 is empty; a program that loads modules needs --disk FOLDER"))
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
        assert!(failure(Exit::Returned, false).is_none());
        let limit = failure(Exit::CycleLimit { pc: 0x81A }, false).unwrap();
        assert_eq!(limit.message, "The program failed: the cycle limit was reached at $081A");
        assert_eq!(limit.helps, ["allow more with --max-cycles"]);
        assert_eq!(failure(Exit::RuntimeError, true).unwrap().helps.len(), 1);
        assert_eq!(failure(Exit::RuntimeError, false).unwrap().helps.len(), 0, "a failed check");
    }
}
