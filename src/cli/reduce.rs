//! `pycoc reduce FILE --check COMMAND`: makes a source smaller while the command succeeds.
//!
//! In: a source and a command of the shell. Out: the smaller source in a file beside it, so that its
//! modules and included files are found. Not here: the steps (`driver/reduce.rs`).

use std::process::{Command, Stdio};

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::cli::args::ReduceArgs;
use crate::cli::console::{self, Status};
use crate::cli::program::read;
use crate::cli::report::report_one;
use crate::driver::files::{DiskFiles, FileError, Files};
use crate::driver::load::unreadable;
use crate::driver::reduce;

/// `pycoc reduce FILE --check COMMAND`
pub fn reduce(args: &ReduceArgs) -> Status {
    reduced(args).unwrap_or_else(|status| status)
}

fn reduced(args: &ReduceArgs) -> Result<Status, Status> {
    let bytes = read(&args.file, &args.messages)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let output = match &args.output {
        Some(path) => path.clone(),
        None => format!("{}.reduced.pyco", args.file.strip_suffix(".pyco").unwrap_or(&args.file)),
    };
    let mut tries = 0;
    let mut failure: Option<FileError> = None;
    let mut holds = |text: &str| {
        tries += 1;
        let written = DiskFiles.write_all(&[(output.clone(), text.into())]);
        let ran = written.is_ok() && succeeds(&args.check, &output);
        failure = failure.take().or(written.err());
        ran
    };
    if !holds(&text) {
        let diagnostic = match failure {
            Some(error) => unreadable(&error),
            None => Diagnostic::global(codes::CHECK_FAILS, format!("The check fails for '{}' itself", args.file))
                .help("the command must end with status 0 as long as the fault is there; it gets the path of the source as its last argument, or where {} stands"),
        };
        return Err(report_one(&args.messages, diagnostic));
    }
    let small = reduce::reduce(text.clone(), &mut holds);
    let written = DiskFiles.write_all(&[(output.clone(), small.clone().into_bytes())]);
    if let Some(error) = failure.or(written.err()) {
        return Err(report_one(&args.messages, unreadable(&error)));
    }
    let lines = |text: &str| text.lines().count();
    let (from, to) = (lines(&text), lines(&small));
    console::message(&format!("{from} lines became {to} in '{output}', {tries} checks\n"));
    Ok(Status::Success)
}

/// Runs the command with the path in place of `{}`, or behind it.
fn succeeds(command: &str, path: &str) -> bool {
    let script = match command.contains("{}") {
        true => command.replace("{}", "\"$1\""),
        false => format!("{command} \"$1\""),
    };
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh", path]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}
