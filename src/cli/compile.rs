//! `pycoc compile` and `pycoc check`.
//!
//! In: their arguments. Out: files, messages, a status. Invariant: nothing is written unless the
//! whole build succeeded. Not here: the pipeline (`driver/build.rs`).

use crate::base::diag::Sink;
use crate::base::source::SourceMap;
use crate::cli::args::{BuildArgs, CheckArgs, CompileArgs};
use crate::cli::console::{self, Status};
use crate::cli::report::{report, report_one};
use crate::driver::build;
use crate::driver::files::{DiskFiles, Files};
use crate::driver::load::unreadable;
use crate::driver::output::{self, clash};
use crate::driver::session::{LibFormat, Options, Prefer, Target};

/// `pycoc compile FILE`
pub fn compile(args: &CompileArgs) -> Status {
    let options = compile_options(args);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let built = build::build(&DiskFiles, &options, &args.file, &mut sources, &mut sink);
    built.iter().flat_map(|built| output::not_shown(&options, built)).for_each(|warning| sink.push(warning));
    let outputs = built.map(|built| output::outputs(&DiskFiles, &options, &args.file, built));
    if let Some(clash) = outputs.as_ref().and_then(|outputs| clash(outputs, &sources)) {
        sink.push(clash);
    }
    let status = report(&args.messages, &sources, sink);
    let Some(outputs) = outputs.filter(|_| status == Status::Success) else {
        return status;
    };
    match DiskFiles.write_all(&outputs.files) {
        Ok(()) => console::result(&outputs.stdout),
        Err(error) => report_one(&args.messages, unreadable(&error)),
    }
}

/// `pycoc check FILE`
pub fn check(args: &CheckArgs) -> Status {
    let target = if args.lib { Target::Library } else { Target::Program };
    let options = Options { target, ..shared_options(&args.build) };
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    build::check(&DiskFiles, &options, &args.file, &mut sources, &mut sink);
    report(&args.messages, &sources, sink)
}

/// What the arguments of `compile` ask for.
pub fn compile_options(args: &CompileArgs) -> Options {
    Options {
        target: match (args.lib, args.dynamic) {
            (true, _) => Target::Library,
            (_, true) => Target::Dynamic,
            _ => Target::Program,
        },
        output: args.output.clone(),
        emit: args.emit.clone(),
        message_format: args.messages.message_format,
        d64: args.d64.clone(),
        ..shared_options(&args.build)
    }
}

/// The options that compile, check and run share.
pub fn shared_options(args: &BuildArgs) -> Options {
    Options {
        opt: args.opt,
        module_folders: args.module_folders.clone(),
        include_folders: args.include_folders.clone(),
        lib_format: args.lib_format.unwrap_or(LibFormat::Lowest),
        code_only: args.code_only,
        lowercase: args.lowercase,
        prefer: match (args.prefer_lib, args.prefer_source) {
            (true, _) => Prefer::Lib,
            (_, true) => Prefer::Source,
            _ => Prefer::Newer,
        },
        checks: args.checks,
        without: args.without.clone(),
        print_after: args.print_after.clone(),
        opt_bisect: args.opt_bisect,
        ..Options::default()
    }
}
