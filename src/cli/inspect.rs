//! `pycoc inspect FILE`: what is in a module or a program.
//!
//! In: a file of any content. Out: its parts as text or JSON, or an error that names the file and
//! the field that is wrong. Not here: reading the `.LIB` format (`obj/libfile.rs`).

use serde_json::{Value, json};

use crate::base::bytes::read_u16_at;
use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::c64::memmap;
use crate::cli::args::InspectArgs;
use crate::cli::console::{Status, result};
use crate::cli::report::report_one;
use crate::driver::files::{DiskFiles, Files};
use crate::driver::load::unreadable;
use crate::mir::decode::decode;
use crate::obj::deps;
use crate::obj::libfile::{Function, LibFile, LibReloc, LibRelocKind, LibTarget, Segment};
use crate::obj::mirblob::{self, MiddlePart};

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
    let start = (load == memmap::BASIC_START).then(|| sys_address(&bytes[2..])).flatten();
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
    for (key, value) in header_facts(file) {
        text += &format!("{key:<9} {value}\n");
    }
    if let Some(part) = &file.middle {
        let names = middle_functions(part).unwrap_or_default();
        let facts = format!("version {}, {} bytes, hash ${:08X}", part.version, part.code.len(), part.hash);
        text += &format!("middle    {facts}, {}\n", middle_state(part));
        if !names.is_empty() {
            text += &format!("          {}\n", names.join(", "));
        }
    }
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
    let masks = functions.iter().map(|f| {
        let (functions, data) =
            (mask(&f.uses_functions, file.functions.len()), mask(&f.uses_data, file.data.len()));
        format!("{}: functions {functions}, data {data}", f.name)
    });
    section("masks", masks.collect());
    let needs = deps::closure(file);
    let closed = functions.iter().zip(&needs).map(|(f, needs)| match needed(file, needs)[..] {
        [] => format!("{}: nothing else", f.name),
        ref names => format!("{}: {}", f.name, names.join(", ")),
    });
    section("needs", closed.collect());
    let of_functions = functions.iter().map(|f| (f.name.clone(), &f.relocs));
    let of_data =
        file.data.iter().enumerate().map(|(i, d)| (file.target_name(LibTarget::Data(i)), &d.relocs));
    let relocs =
        of_functions.chain(of_data).flat_map(|(name, all)| all.iter().map(move |r| (name.clone(), r)));
    section("relocations", relocs.map(|(name, r)| relocation(file, &name, r)).collect());
    text
}

fn relocation(file: &LibFile, whose: &str, reloc: &LibReloc) -> String {
    let target = file.target_name(reloc.target);
    let half = match reloc.kind {
        LibRelocKind::Word => "",
        LibRelocKind::Low => "<",
        LibRelocKind::High => ">",
    };
    match reloc.addend {
        0 => format!("{whose} +{}: {half}{target}", reloc.offset),
        addend => format!("{whose} +{}: {half}{target}+{addend}", reloc.offset),
    }
}

/// What only the header of version 2 says.
fn header_facts(file: &LibFile) -> Vec<(&'static str, String)> {
    let header = &file.header;
    if file.version == 1 {
        return Vec::new();
    }
    let [major, minor, patch] = header.version;
    let init = header.init.iter().filter_map(|i| Some(file.functions.get(usize::from(*i))?.name.clone()));
    let init: Vec<String> = init.collect();
    vec![
        ("code", format!("convention {}, module {major}.{minor}.{patch}", header.abi)),
        ("texts", if header.lowercase { "lower/upper" } else { "upper/graphics" }.to_string()),
        ("interface", format!("${:08X}", header.interface_hash)),
        ("init", if init.is_empty() { "nothing".to_string() } else { init.join(", ") }),
    ]
}

/// Whether middle code can stand for the finished code.
fn middle_state(part: &MiddlePart) -> &'static str {
    match (part.intact, part.version == mirblob::VERSION) {
        (false, _) => "damaged or of other code",
        (true, false) => "of another pycoc",
        (true, true) if middle_functions(part).is_none() => "not valid",
        (true, true) => "usable",
    }
}

/// The functions that middle code defines.
fn middle_functions(part: &MiddlePart) -> Option<Vec<String>> {
    let program = part.is_usable().then(|| decode(&part.code, "").ok()).flatten()?;
    let own = program.funcs.iter().filter(|f| !f.is_extern());
    Some(own.map(|f| f.name.trim_start_matches('.').to_string()).collect())
}

/// A bitmask as in the file, the bit of number 0 on the right.
fn mask(set: &[usize], count: usize) -> String {
    (0..count.max(1)).rev().map(|i| if set.contains(&i) { '1' } else { '0' }).collect()
}

/// Everything that comes along with a function.
fn needed(file: &LibFile, needs: &deps::Needs) -> Vec<String> {
    let functions = needs.functions.iter().map(|i| LibTarget::Function(*i));
    let data = needs.data.iter().map(|i| LibTarget::Data(*i));
    let externals = needs.externals.iter().map(|i| LibTarget::External(*i));
    functions.chain(data).chain(externals).map(|target| file.target_name(target)).collect()
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
    let needs = deps::closure(file);
    let functions = file.functions.iter().zip(&needs).map(|(f, needs)| {
        json!({
            "name": f.name, "type": f.signature, "offset": f.offset, "bytes": f.code.len(),
            "uses": uses(file, f), "uses_functions": f.uses_functions, "uses_data": f.uses_data,
            "needs": needed(file, needs), "relocations": relocations_json(file, &f.relocs),
        })
    });
    let data = file.data.iter().map(|d| {
        json!({
            "name": d.name, "type": d.signature, "offset": d.offset, "bytes": d.bytes.len(), "zero": d.zero,
            "relocations": relocations_json(file, &d.relocs),
        })
    });
    let header: serde_json::Map<String, Value> =
        header_facts(file).into_iter().map(|(key, value)| (key.to_string(), value.into())).collect();
    json!({
        "kind": "module",
        "version": file.version,
        "bytes": size,
        "header": header,
        "functions": functions.collect::<Vec<_>>(),
        "data": data.collect::<Vec<_>>(),
        "externals": file.externals.iter().map(|e| json!([e.module, e.name])).collect::<Vec<_>>(),
        "exports": file.exports.iter().map(|(name, text)| json!([name, text])).collect::<Vec<_>>(),
        "middle": file.middle.as_ref().map(|part| json!({
            "version": part.version, "bytes": part.code.len(), "hash": format!("${:08X}", part.hash),
            "state": middle_state(part), "functions": middle_functions(part),
        })),
    })
}

fn relocations_json(file: &LibFile, relocs: &[LibReloc]) -> Vec<Value> {
    let kind = |r: &LibReloc| match r.kind {
        LibRelocKind::Word => "word",
        LibRelocKind::Low => "low",
        LibRelocKind::High => "high",
    };
    let one = |r: &LibReloc| {
        let target = file.target_name(r.target);
        json!({ "offset": r.offset, "target": target, "addend": r.addend, "kind": kind(r) })
    };
    relocs.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::obj::libfile::External;

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

masks
  _far: functions 0, data 1

needs
  _far: _far, row, math.sin

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
