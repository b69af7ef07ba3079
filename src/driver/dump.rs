//! The results of `--emit`: stages of the pipeline and views of the finished program as text.
//!
//! In: what `build.rs` has at each stage. Out: texts, in the order in which they were asked for.
//! Not here: where they are written (`output.rs`).

use std::fmt::Write;

use crate::driver::session::{Emit, EmitKind, Options};
use crate::mos::disasm;
use crate::obj::object::Section;

/// The texts made so far.
pub struct Dump<'a> {
    options: &'a Options,
    done: Vec<(Emit, Vec<u8>)>,
}

impl<'a> Dump<'a> {
    /// Nothing yet.
    pub fn new(options: &'a Options) -> Self {
        Self { options, done: Vec::new() }
    }

    /// Makes the text of a stage, if it was asked for.
    pub fn stage(&mut self, kind: EmitKind, text: impl FnOnce() -> String) {
        if !self.options.emits(kind) {
            return;
        }
        let text = text();
        for emit in self.options.emit.iter().filter(|e| e.kind == kind) {
            self.done.push((emit.clone(), text.clone().into_bytes()));
        }
    }

    /// All texts, in the order of the options.
    pub fn finish(mut self) -> Vec<(Emit, Vec<u8>)> {
        let place = |emit: &Emit| self.options.emit.iter().position(|e| e == emit);
        self.done.sort_by_key(|(emit, _)| place(emit));
        self.done
    }
}

/// Sections as assembly with their relocations.
pub fn sections(sections: &[Section]) -> String {
    let mut out = String::new();
    for section in sections {
        let _ = writeln!(out, "{}: // {:?}, {} bytes", section.name, section.kind, section.size);
        if section.kind == crate::obj::object::SectionKind::Code {
            code(&mut out, section);
        } else {
            for chunk in section.bytes.chunks(16) {
                let bytes: Vec<String> = chunk.iter().map(|b| format!("${b:02x}")).collect();
                let _ = writeln!(out, "    .byte {}", bytes.join(", "));
            }
        }
    }
    out
}

fn code(out: &mut String, section: &Section) {
    let mut at = 0;
    while at < section.bytes.len() {
        let (mut text, length) = disasm::line(&section.bytes[at..], at as u16, &|_| None);
        let length = length.max(1);
        let range = at + 1..at + length;
        if let Some(reloc) = section.relocs.iter().find(|r| range.contains(&(r.offset as usize))) {
            let _ = write!(text, "  // {:?} {}{:+}", reloc.kind, reloc.symbol, reloc.addend);
        }
        let _ = writeln!(out, "    {at:04x}  {text}");
        at += length;
    }
}
