//! Exit statuses, and writing to standard output and standard error.
//!
//! Invariant: a reader that closes its end of a pipe is no failure, and nothing here panics.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// How the process ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    Success = 0,
    /// The source has errors.
    SourceErrors = 1,
    /// Wrong usage.
    Usage = 2,
    /// The program that ran failed: JAM, cycle limit, run-time error.
    ProgramFailed = 3,
    /// A file cannot be read or written.
    FileFailed = 4,
    /// A defect of pycoc itself.
    Defect = 101,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(status as u8)
    }
}

/// Writes a result to standard output.
pub fn result(bytes: &[u8]) -> Status {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Status::Success,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Status::Success,
        Err(error) => {
            message(&format!("Error: Cannot write standard output: {error}\n"));
            Status::FileFailed
        }
    }
}

/// Writes a message to standard error; there is nowhere to report that this failed.
pub fn message(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
