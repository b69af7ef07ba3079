//! `pycoc new` and `pycoc build`: projects.
//!
//! In: their arguments. Out: files, messages, a status. Not here: what `pyco.toml` means
//! (`driver/project.rs`), and `pycoc run` in a project (`run.rs`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::SourceMap;
use crate::cli::args::{MessageArgs, NewArgs, ProjectArgs};
use crate::cli::console::Status;
use crate::cli::report::{report, report_one};
use crate::driver::files::{DiskFiles, Files};
use crate::driver::load::unreadable;
use crate::driver::output::{self, clash};
use crate::driver::project::{self, Project};
use crate::driver::{build, files::FileError};
use crate::out::dbg::DebugMap;

/// `pycoc new NAME`
pub fn new(args: &NewArgs) -> Status {
    let Some(files) = project::template(&args.name) else {
        let text = format!("'{}' cannot be the name of a project", args.name);
        let diagnostic = Diagnostic::global(codes::BAD_PROJECT, text);
        let help = "use up to 16 letters, digits, '-' and '_'; the disk image gets the name too";
        return report_one(&args.messages, diagnostic.help(help));
    };
    if DiskFiles.is_folder(&args.name) || DiskFiles.is_file(&args.name) {
        let reason = "it exists already".to_string();
        let error = FileError { path: args.name.clone(), action: "write", reason };
        return report_one(&args.messages, unreadable(&error));
    }
    let written = DiskFiles.make_folder(&args.name).and_then(|()| DiskFiles.write_all(&files));
    written.map_or_else(|error| report_one(&args.messages, unreadable(&error)), |()| Status::Success)
}

/// `pycoc build`
pub fn build(args: &ProjectArgs) -> Status {
    match build_project(&args.folder, false, &args.messages) {
        Ok(_) => Status::Success,
        Err(status) => status,
    }
}

/// Builds the project of a folder and writes its results; also gives its debug map if it is wanted.
pub fn build_project(
    folder: &str,
    with_map: bool,
    messages: &MessageArgs,
) -> Result<(Project, Option<DebugMap>), Status> {
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let project = project::read(&DiskFiles, folder, &mut sources, &mut sink);
    let project = project.map(|mut project| {
        project.options.debug_map = with_map;
        project
    });
    let mut built = project.as_ref().and_then(|project| {
        build::build(&DiskFiles, &project.options, &project.main, &mut sources, &mut sink)
    });
    let map = built.as_mut().and_then(|built| built.map.take());
    let outputs = project
        .as_ref()
        .zip(built)
        .map(|(project, built)| output::outputs(&DiskFiles, &project.options, &project.main, built));
    if let Some(clash) = outputs.as_ref().and_then(|outputs| clash(outputs, &sources)) {
        sink.push(clash);
    }
    let status = report(messages, &sources, sink);
    let (Some(project), Some(outputs), Status::Success) = (project, outputs, status) else {
        return Err(status);
    };
    let written = DiskFiles.make_folder(&project.output).and_then(|()| DiskFiles.write_all(&outputs.files));
    written.map_err(|error| report_one(messages, unreadable(&error)))?;
    Ok((project, map))
}
