//! `pycoc inspect FILE`: what is in a module or a program.
//!
//! In: a file of any content. Out: its parts as text or JSON, or an error that names the file and
//! the field that is wrong. Not here: reading the `.LIB` format (`obj/libfile.rs`).

use serde_json::{Value, json};

use crate::base::bytes::read_u16_at;
use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::cli::args::InspectArgs;
use crate::cli::console::{Status, result};
use crate::cli::report::report_one;
use crate::driver::files::{DiskFiles, Files};
use crate::driver::load::unreadable;
use crate::obj::libfile::{Function, LibFile, LibReloc, LibTarget, Segment};

/// `pycoc inspect FILE`
pub fn inspect(args: &InspectArgs) -> Status {
    let bytes = match DiskFiles.read(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => return report_one(&args.messages, unreadable(&error)),
    };
    let is_program = args.file.to_lowercase().ends_with(".prg");
    let parts = if is_program { program } else { module };
    match parts(&args.file, &bytes, args.json) {
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
fn module(path: &str, bytes: &[u8], as_json: bool) -> Result<String, Diagnostic> {
    let file = LibFile::read(bytes).map_err(|error| {
        Diagnostic::global(codes::BAD_LIB, format!("'{path}' is not a valid module: {error}"))
    })?;
    Ok(if as_json {
        format!("{}\n", module_json(&file, bytes.len()))
    } else {
        module_text(&file, bytes.len())
    })
}

fn module_text(file: &LibFile, size: usize) -> String {
    let mut text = format!("module    version {}, {size} bytes\n", file.version);
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text += &format!("\n{title}\n");
        }
        for line in lines {
            text += &format!("  {line}\n");
        }
    };
    let typed = |name: &str, signature: &Option<String>| match signature {
        Some(signature) => format!("{name}  {signature}"),
        None => name.to_string(),
    };
    let place = |offset: u16, size: usize| format!("${offset:04X} {size:5} bytes");
    let functions = &file.functions;
    let function = |(i, f): (usize, &Function)| {
        format!("{i}  {}  {}", place(f.offset, f.code.len()), typed(&f.name, &f.signature))
    };
    section("functions", functions.iter().enumerate().map(function).collect());
    let data = file.data.iter().enumerate();
    let segment = |(i, d): (usize, &Segment)| {
        format!("{i}  {}  {}", place(d.offset, d.bytes.len()), typed(&d.name, &d.signature))
    };
    section("data", data.map(segment).collect());
    let externals = file.externals.iter().enumerate();
    section("external", externals.map(|(i, e)| format!("{i}  {}.{}", e.module, e.name)).collect());
    section("exports", file.exports.iter().map(|(name, text)| format!("{name}  {text}")).collect());
    let uses = |f: &Function| match uses(file, f)[..] {
        [] => format!("{}: nothing", f.name),
        ref names => format!("{}: {}", f.name, names.join(", ")),
    };
    section("uses", functions.iter().map(uses).collect());
    let relocs = functions.iter().flat_map(|f| f.relocs.iter().map(move |r| (f, r)));
    section("relocations", relocs.map(|(f, r)| relocation(file, f, r)).collect());
    text
}

fn relocation(file: &LibFile, function: &Function, reloc: &LibReloc) -> String {
    let target = file.target_name(reloc.target);
    match reloc.addend {
        0 => format!("{} +{}: {target}", function.name, reloc.offset),
        addend => format!("{} +{}: {target}+{addend}", function.name, reloc.offset),
    }
}

/// The names of everything that a function refers to directly.
fn uses(file: &LibFile, function: &Function) -> Vec<String> {
    let functions = function.uses_functions.iter().map(|i| LibTarget::Function(*i));
    let data = function.uses_data.iter().map(|i| LibTarget::Data(*i));
    let (first, count) = function.externals;
    let externals = (0..count).map(|i| LibTarget::External(usize::from(first) + usize::from(i)));
    functions.chain(data).chain(externals).map(|target| file.target_name(target)).collect()
}

fn module_json(file: &LibFile, size: usize) -> Value {
    let functions = file.functions.iter().map(|f| {
        let relocs = f
            .relocs
            .iter()
            .map(|r| json!({ "offset": r.offset, "target": file.target_name(r.target), "addend": r.addend }));
        json!({
            "name": f.name, "type": f.signature, "offset": f.offset, "bytes": f.code.len(),
            "uses": uses(file, f), "relocations": relocs.collect::<Vec<_>>(),
        })
    });
    let data = file
        .data
        .iter()
        .map(|d| json!({ "name": d.name, "type": d.signature, "offset": d.offset, "bytes": d.bytes.len() }));
    json!({
        "kind": "module",
        "version": file.version,
        "bytes": size,
        "functions": functions.collect::<Vec<_>>(),
        "data": data.collect::<Vec<_>>(),
        "externals": file.externals.iter().map(|e| json!([e.module, e.name])).collect::<Vec<_>>(),
        "exports": file.exports.iter().map(|(name, text)| json!([name, text])).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::obj::libfile::{External, LibRelocKind};

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

    #[test]
    fn a_module_shows_its_parts_and_their_references() {
        let file = LibFile {
            version: 1,
            functions: vec![Function {
                name: "_far".into(),
                offset: 0x35,
                code: vec![0x4C, 0, 0],
                uses_data: vec![0],
                externals: (0, 1),
                relocs: vec![LibReloc {
                    offset: 1,
                    target: LibTarget::Data(0),
                    addend: 2,
                    kind: LibRelocKind::Word,
                }],
                ..Function::default()
            }],
            data: vec![Segment {
                name: "row".into(),
                signature: Some("tB".into()),
                offset: 0x38,
                bytes: vec![1; 3],
                ..Segment::default()
            }],
            externals: vec![External { module: "math".into(), name: "sin".into() }],
            ..LibFile::default()
        };
        let text = "\
module    version 1, 99 bytes

functions
  0  $0035     3 bytes  _far

data
  0  $0038     3 bytes  row  tB

external
  0  math.sin

uses
  _far: row, math.sin

relocations
  _far +1: row+2
";
        assert_eq!(module_text(&file, 99), text);
        let json = module_json(&file, 99);
        assert_eq!(json["functions"][0]["uses"], json!(["row", "math.sin"]));
        assert_eq!(json["functions"][0]["relocations"][0]["target"], "row");
    }

    #[test]
    fn a_damaged_module_is_an_error_that_names_file_and_field() {
        let error = module("A.LIB", b"PL\x09", false).unwrap_err();
        assert_eq!(error.message, "'A.LIB' is not a valid module: version: 9 is not known to this pycoc");
    }
}
