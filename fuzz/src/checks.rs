//! One check for each part of the compiler that reads what a user wrote or was given.
//!
//! In: the bytes of a file. Out: nothing. Invariant: a check panics exactly when the compiler broke
//! a promise: it panicked itself, accepted what it cannot write back, or reported no error and
//! made nothing. Not here: texts that look like programs (`grammar.rs`).

use super::grammar;
use arbitrary::Unstructured;
use pycoc::assembler::{self, NoNames};
use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::base::{json, render};
use pycoc::driver::build::{build, check};
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::finished;
use pycoc::driver::session::{Emit, EmitKind, LibFormat, OptLevel, Options, Target};
use pycoc::mir::decode::decode;
use pycoc::mir::encode::encode;
use pycoc::obj::libfile::{LibFile, front_size};
use pycoc::obj::mirblob::{self, MiddlePart};
use pycoc::obj::{deps, emit, liblink};
use pycoc::out::d64;
use pycoc::parse;
use pycoc::sim::profile::Regions;
use pycoc::sim::{Drive, Machine, NoDrive, RunOptions};
use pycoc::syntax::print;

/// Diagnostics that are shown of each input; the rest would only repeat what was shown.
const SHOWN: usize = 20;

/// Cycles that a program may take in the built-in C64.
const CYCLES: u64 = 100_000;

/// The front end from bytes: parsing, printing the tree, checking, showing what is wrong.
pub fn source(bytes: &[u8]) {
    check_text(&String::from_utf8_lossy(bytes));
}

/// The front end from lines of real tokens.
pub fn tokens(bytes: &[u8]) {
    check_text(&grammar::program(&mut Unstructured::new(bytes)));
}

fn check_text(text: &str) {
    let mut sources = SourceMap::default();
    let file = sources.add("main.pyco", text);
    let mut sink = Sink::default();
    let module = parse::parse(file, text, &mut sink);
    print::print(&module);
    let files = files_of(text);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    check(&files, &Options::default(), "main.pyco", &mut sources, &mut sink);
    show(&sources, sink);
}

/// The main file and those after lines `#--- file: NAME`.
fn files_of(text: &str) -> MemoryFiles {
    let files = MemoryFiles::default();
    let mut parts = text.split("#--- file: ");
    files.add("main.pyco", parts.next().unwrap_or_default());
    for part in parts {
        let (name, text) = part.split_once('\n').unwrap_or((part, ""));
        files.add(name.trim(), text);
    }
    files
}

fn show(sources: &SourceMap, mut sink: Sink) {
    sink.sort();
    for diagnostic in sink.iter().take(SHOWN) {
        render::human(sources, diagnostic, true);
        render::short(sources, diagnostic);
        json::line(sources, diagnostic);
    }
}

/// A whole compilation. The first byte says with which options, and whether the rest is text.
pub fn compile(bytes: &[u8]) {
    let Some((&mode, rest)) = bytes.split_first() else { return };
    let structured = mode & 0x80 != 0;
    let text = if structured {
        grammar::program(&mut Unstructured::new(rest))
    } else {
        String::from_utf8_lossy(rest).into_owned()
    };
    let options = options(mode);
    let files = files_of(&text);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let built = build(&files, &options, "main.pyco", &mut sources, &mut sink);
    assert_eq!(built.is_none(), sink.has_errors(), "no result exactly when there is an error");
    show(&sources, sink);
    let Some(built) = built else { return };
    for (name, lib) in &built.libs {
        let file = LibFile::read(lib).unwrap_or_else(|error| panic!("{name} of our own: {error}"));
        assert_eq!(file.write().as_ref(), Ok(lib), "{name} reads and writes the same");
    }
    if let Some(prg) = built.prg {
        run(&prg);
    }
}

fn options(mode: u8) -> Options {
    let opt = match mode & 3 {
        0 => OptLevel::O2,
        1 => OptLevel::O0,
        2 => OptLevel::Os,
        _ => OptLevel::O1,
    };
    let target = match mode >> 2 & 3 {
        0 | 1 => Target::Program,
        2 => Target::Library,
        _ => Target::Dynamic,
    };
    let kinds = [EmitKind::Listing, EmitKind::Map, EmitKind::Debug, EmitKind::Graph];
    let emit = if mode & 0x20 == 0 { &[][..] } else { &kinds };
    let emit = emit.iter().map(|kind| Emit { kind: *kind, path: None }).collect();
    let d64 = (mode & 0x40 != 0).then(|| "main.d64".to_string());
    Options { target, opt, checks: mode & 0x10 != 0, emit, d64, ..Options::default() }
}

/// The reader of modules, both versions, and what is done with what it read.
pub fn library(bytes: &[u8]) {
    if let Ok(file) = LibFile::read(bytes) {
        deps::closure(&file);
        deps::dot("m", &file);
        // Linking and writing may refuse what reading accepts, but not panic.
        let _ = liblink::sections("m", &file);
        // Strings of a damaged file may overlap, so its parts need not come back one by one.
        if let Ok(written) = file.write() {
            LibFile::read(&written).unwrap_or_else(|error| panic!("written, not read: {error}"));
        }
    }
    if finished::open("m", "M.LIB", bytes.to_vec()).is_ok() {
        import(bytes, Target::Program);
        import(bytes, Target::Dynamic);
    }
    let (front, behind) = bytes.split_at(front_size(bytes));
    match mirblob::read(front, behind) {
        Ok(Some(part)) => middle(part.code),
        _ => middle(bytes.to_vec()),
    }
}

/// The reader of middle code, as if its hash were right, and what is made of it.
fn middle(code: Vec<u8>) {
    let Ok(program) = decode(&code, "m") else { return };
    let again = encode(&program, "m").map(|bytes| decode(&bytes, "m"));
    assert_eq!(again, Some(Ok(program)), "middle code is read as it is written");
    let files = MemoryFiles::default();
    files.add("m.pyco", "def f():\n    pass\n");
    let options = Options { target: Target::Library, lib_format: LibFormat::V2, ..Options::default() };
    let built = build(&files, &options, "m.pyco", &mut SourceMap::default(), &mut Sink::default());
    let lib = built.map(|built| built.libs[0].1.clone()).unwrap_or_default();
    let front = lib[..front_size(&lib)].to_vec();
    if let Ok(lib) = mirblob::append(front, &MiddlePart::new(code)) {
        import(&lib, Target::Program);
    }
}

/// Builds a program that imports the module.
fn import(module: &[u8], target: Target) {
    let files = MemoryFiles::default();
    files.add("main.pyco", "from m import f\n\ndef main():\n    m.f()\n");
    files.add("M.LIB", module);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let options = Options { target, ..Options::default() };
    let built = build(&files, &options, "main.pyco", &mut sources, &mut sink);
    assert_eq!(built.is_none(), sink.has_errors(), "no result exactly when there is an error");
    show(&sources, sink);
}

/// The reader of disk images. The bytes are spread over an image, so that the fuzzer need not find
/// the size: each record is two bytes of place and up to 32 bytes of content.
pub fn disk(bytes: &[u8]) {
    let _ = d64::read(bytes);
    let mut image = vec![0; d64::IMAGE_SIZE];
    for record in bytes.chunks(34) {
        let [lo, hi, content @ ..] = record else { continue };
        // Half of the places are in the directory track, where the structure is.
        let place = usize::from(u16::from_le_bytes([*lo, *hi]));
        let base = if place & 1 == 0 { 357 * 256 } else { 0 };
        let at = (base + (place >> 1) * 8).min(image.len() - content.len());
        image[at..at + content.len()].copy_from_slice(content);
    }
    if let Ok(disk) = d64::read(&image)
        && let Ok(written) = d64::write(&disk)
    {
        assert_eq!(d64::read(&written), Ok(disk), "the files of a disk come back");
    }
}

/// The reader of programs, and the built-in C64.
pub fn program(bytes: &[u8]) {
    run(bytes);
}

/// A drive with one file, which remembers what is saved.
struct OneFile(Vec<u8>);

impl Drive for OneFile {
    fn open(&mut self, _: &[u8]) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }

    fn save(&mut self, _: &[u8], data: &[u8]) -> bool {
        self.0 = data.to_vec();
        true
    }
}

fn run(prg: &[u8]) {
    let mut machine = Machine::new();
    if machine.load_prg(prg).is_err() {
        return;
    }
    let profile = Some(Regions::default());
    let options =
        RunOptions { max_cycles: CYCLES, input: "a1 \n".to_string(), profile, ..RunOptions::default() };
    if prg.len().is_multiple_of(2) {
        machine.run(&options, &mut NoDrive);
    } else {
        machine.run(&options, &mut OneFile(prg.to_vec()));
    }
    machine.screen_text();
    machine.png();
}

/// The assembler, for text in functions and for run-time files, and the encoder after it.
pub fn assembler(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let options = assembler::Options { origin: None, lowercase: bytes.len().is_multiple_of(2) };
    let assembled = assembler::assemble(&text, options, &NoNames);
    for error in &assembled.errors {
        assert!(text.get(error.range.clone()).is_some(), "{error:?} has a range of the text");
    }
    assembler::labels_of(&text);
    emit::emit("f", &assembled.items, &|_| false);
    let (chunks, _) = assembler::library::assemble_library("", &text);
    for chunk in chunks {
        emit::emit(chunk.name, &chunk.items, &|_| false);
    }
}
