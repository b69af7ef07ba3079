//! `pycoc size FILE`: how many bytes each part of a program or module takes.
//!
//! In: a source, which is compiled in memory, a program with its debug map beside it, or a module.
//! Out: tables or JSON on standard output, a treemap in a file. Not here: counting (`out/size.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::cli::args::SizeArgs;
use crate::cli::console::{self, Status};
use crate::cli::program::{has_ending, program, read};
use crate::cli::report::report_one;
use crate::driver::files::{DiskFiles, Files};
use crate::driver::load::unreadable;
use crate::obj::libfile::LibFile;
use crate::out::size::{Sizes, of_module, of_program};
use crate::out::treemap;

/// `pycoc size FILE`
pub fn size(args: &SizeArgs) -> Status {
    sizes(args).map_or_else(|status| status, |sizes| show(args, &sizes))
}

fn sizes(args: &SizeArgs) -> Result<Sizes, Status> {
    if !has_ending(&args.file, ".lib") {
        let program = program(Some(&args.file), true, &args.build, &args.messages)?;
        return Ok(of_program(&program.map.unwrap_or_default()));
    }
    let bytes = read(&args.file, &args.messages)?;
    let file = LibFile::read(&bytes).map_err(|error| {
        let text = format!("'{}' is not a valid module: {error}", args.file);
        report_one(&args.messages, Diagnostic::global(codes::BAD_LIB, text))
    })?;
    let name = args.file.rsplit('/').next().unwrap_or_default();
    let name = name[..name.len() - ".lib".len()].to_lowercase();
    Ok(of_module(&name, &file, bytes.len()))
}

fn show(args: &SizeArgs, sizes: &Sizes) -> Status {
    if let Some(path) = &args.svg {
        let picture = treemap::write(&args.file, sizes).into_bytes();
        if let Err(error) = DiskFiles.write_all(&[(path.clone(), picture)]) {
            return report_one(&args.messages, unreadable(&error));
        }
    }
    console::result(if args.json { sizes.json() } else { sizes.text() }.as_bytes())
}
