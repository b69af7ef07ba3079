//! `pycoc inspect FILE`: what is in a module or a program.
//!
//! In: a file of any content. Out: its parts as text or JSON, or an error that names the file and
//! the field that is wrong. Not here: reading the `.LIB` format (`obj/libfile.rs`).

use serde_json::json;

use crate::base::bytes::read_u16_at;
use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::cli::args::InspectArgs;
use crate::cli::console::{Status, result};
use crate::cli::report::report_one;
use crate::driver::files::{DiskFiles, Files};
use crate::driver::load::unreadable;

/// `pycoc inspect FILE`
pub fn inspect(args: &InspectArgs) -> Status {
    let bytes = match DiskFiles.read(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => return report_one(&args.messages, unreadable(&error)),
    };
    let is_program = args.file.to_lowercase().ends_with(".prg");
    match if is_program { program(&args.file, &bytes, args.json) } else { module(&args.file, &bytes) } {
        Ok(text) => result(text.as_bytes()),
        Err(diagnostic) => report_one(&args.messages, diagnostic),
    }
}

/// The facts of a program file.
fn program(path: &str, bytes: &[u8], as_json: bool) -> Result<String, Diagnostic> {
    let Some(load) = read_u16_at(bytes, 0) else {
        let text = format!(
            "'{path}' is not a program: too short for a program: it needs a load address and at least one byte"
        );
        return Err(Diagnostic::global(codes::NOT_A_PROGRAM, text));
    };
    let size = bytes.len() - 2;
    let end = usize::from(load) + size;
    let start = sys_address(&bytes[2..]);
    if as_json {
        let facts =
            json!({ "kind": "program", "load": load, "end": end, "bytes": bytes.len(), "start": start });
        return Ok(format!("{facts}\n"));
    }
    let mut text = format!("program   {} bytes with the load address\n", bytes.len());
    text += &format!("loads     ${load:04X}-${:04X}\n", end.saturating_sub(1).max(load.into()));
    if let Some(start) = start {
        text += &format!("starts    SYS {start} (${start:04X})\n");
    }
    Ok(text)
}

/// The number after SYS in the first BASIC line, when the image begins with such a line.
fn sys_address(image: &[u8]) -> Option<u16> {
    const SYS: u8 = 0x9E;
    let line = image.get(4..)?;
    let digits = line.strip_prefix(&[SYS])?;
    let text: String = digits.iter().map(|b| char::from(*b)).skip_while(|c| *c == ' ').collect();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// The parts of a module file.
fn module(path: &str, _bytes: &[u8]) -> Result<String, Diagnostic> {
    Err(Diagnostic::global(codes::NOT_BUILT, format!("'{path}': reading modules is not built yet")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_shows_its_addresses() {
        let prg = [1, 8, 0x0B, 8, 10, 0, 0x9E, b'2', b'0', b'6', b'1', 0, 0, 0, 0x60];
        let text = program("a.prg", &prg, false).unwrap();
        assert_eq!(
            text,
            "program   15 bytes with the load address\nloads     $0801-$080D\nstarts    SYS 2061 ($080D)\n"
        );
    }

    #[test]
    fn a_cut_program_is_an_error_that_names_it() {
        let error = program("a.prg", &[1], false).unwrap_err();
        assert_eq!(
            error.message,
            "'a.prg' is not a program: too short for a program: it needs a load address and at least one byte"
        );
    }
}
