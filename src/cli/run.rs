//! `pycoc run FILE`: a program in the built-in C64.
//!
//! In: a source, which is compiled first in memory, or a finished program. Out: what it prints, on
//! standard output; figures and failures on standard error. Not here: the machine (`sim/`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::SourceMap;
use crate::cli::args::RunArgs;
use crate::cli::compile::shared_options;
use crate::cli::console::Status;
use crate::cli::report::{report, report_one};
use crate::driver::build;
use crate::driver::files::{DiskFiles, Files};
use crate::driver::load::unreadable;

/// `pycoc run FILE`
pub fn run(args: &RunArgs) -> Status {
    let prg = match program(args) {
        Ok(prg) => prg,
        Err(status) => return status,
    };
    let text = format!("'{}': running {} bytes is not built yet", args.file, prg.len());
    report_one(&args.messages, Diagnostic::global(codes::NOT_BUILT, text))
}

/// The bytes of the program: read, or made from the source.
fn program(args: &RunArgs) -> Result<Vec<u8>, Status> {
    if args.file.to_lowercase().ends_with(".prg") {
        return DiskFiles.read(&args.file).map_err(|error| report_one(&args.messages, unreadable(&error)));
    }
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let options = shared_options(&args.build);
    let built = build::build(&DiskFiles, &options, &args.file, &mut sources, &mut sink);
    let status = report(&args.messages, &sources, sink);
    built.and_then(|built| built.prg).filter(|_| status == Status::Success).ok_or(status)
}
