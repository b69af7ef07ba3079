//! The program that a command is about, wherever it comes from.
//!
//! In: a path: a source, which is compiled in memory, a finished program, or none for the project in
//! this folder. Out: its bytes, and its debug map when one is wanted. Invariant: a map that comes
//! from a file is that of the program. Not here: what the commands do with it.

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::SourceMap;
use crate::cli::args::{BuildArgs, MessageArgs};
use crate::cli::compile::shared_options;
use crate::cli::console::Status;
use crate::cli::project::build_project;
use crate::cli::report::{report, report_one};
use crate::driver::build;
use crate::driver::files::{DiskFiles, Files};
use crate::driver::load::unreadable;
use crate::driver::session::{EMIT_KINDS, EmitKind, Options};
use crate::out::dbg::DebugMap;

/// A program that can be run.
pub struct Program {
    /// What it was read or made from.
    pub file: String,
    pub prg: Vec<u8>,
    /// What is in drive 8 if nothing else is said.
    pub disk: Option<String>,
    /// There when it was wanted.
    pub map: Option<DebugMap>,
}

/// The program: read, made from a source, or built as a project.
pub fn program(
    file: Option<&str>,
    with_map: bool,
    args: &BuildArgs,
    messages: &MessageArgs,
) -> Result<Program, Status> {
    let Some(file) = file else {
        let (project, map) = build_project("", with_map, messages)?;
        let file = project.options.output.clone().unwrap_or_default();
        let disk = project.options.d64.clone().unwrap_or(project.output);
        return Ok(Program { prg: read(&file, messages)?, file, disk: Some(disk), map });
    };
    let name = file.to_string();
    if has_ending(file, ".prg") {
        let prg = read(file, messages)?;
        let map = match with_map {
            true => Some(map_beside(file, &prg).map_err(|error| report_one(messages, error))?),
            false => None,
        };
        return Ok(Program { file: name, prg, disk: None, map });
    }
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let options = Options { debug_map: with_map, ..shared_options(args) };
    let built = build::build(&DiskFiles, &options, file, &mut sources, &mut sink);
    let status = report(messages, &sources, sink);
    let built = built.filter(|_| status == Status::Success).ok_or(status)?;
    Ok(Program { file: name, prg: built.prg.ok_or(status)?, disk: None, map: built.map })
}

/// True when a path ends like that, in letters of either case.
pub fn has_ending(path: &str, ending: &str) -> bool {
    path.to_lowercase().ends_with(ending)
}

/// The bytes of a file; what is wrong with it is reported.
pub fn read(path: &str, messages: &MessageArgs) -> Result<Vec<u8>, Status> {
    DiskFiles.read(path).map_err(|error| report_one(messages, unreadable(&error)))
}

/// The map that `--emit debug` wrote for a program.
fn map_beside(path: &str, prg: &[u8]) -> Result<DebugMap, Diagnostic> {
    let ending = EMIT_KINDS.iter().find(|(kind, ..)| *kind == EmitKind::Debug).map_or("", |row| row.2);
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let beside = format!("{stem}.{ending}");
    let fault = |text: String| {
        Diagnostic::global(codes::NO_DEBUG_MAP, text)
            .help("compile it again with '--emit debug', or name its source instead of the program")
    };
    let bytes = DiskFiles.read(&beside).map_err(|error| fault(error.to_string()))?;
    let map = DebugMap::from_json(&String::from_utf8_lossy(&bytes))
        .map_err(|error| fault(format!("'{beside}' is not a debug map: {error}")))?;
    match map.describes(prg) {
        true => Ok(map),
        false => Err(fault(format!("'{beside}' is the debug map of another program than '{path}'"))),
    }
}
