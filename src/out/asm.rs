//! Objects as symbolic assembly: the code of a program before it has addresses.
//!
//! In: sections with their relocations. Out: text, section by section. Operands that wait for an
//! address show its symbol, targets of branches inside a section are labels. Not here: the
//! finished program (`listing.rs`).

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::mos::disasm;
use crate::mos::inst::Mode;
use crate::obj::object::{Section, SectionKind};
use crate::obj::reloc::{Reloc, RelocKind};

/// Bytes of data on one line.
const DATA_WIDTH: usize = 16;

/// The text of all sections, in the order given.
pub fn write(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "{}:  // {}, {} bytes", section.name, kind(section.kind), section.size);
        match section.kind {
            SectionKind::Code => code(&mut text, section),
            SectionKind::RoData | SectionKind::Data => data(&mut text, section),
            SectionKind::Bss | SectionKind::ZeroPage => {}
        }
        text.push('\n');
    }
    text
}

fn kind(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Code => "code",
        SectionKind::RoData => "constant data",
        SectionKind::Data => "data",
        SectionKind::Bss => "variables",
        SectionKind::ZeroPage => "variables in zero page",
    }
}

fn code(text: &mut String, section: &Section) {
    let labels = labels(section);
    let mut at = 0;
    while at < section.bytes.len() {
        if let Some(label) = labels.get(&(at as u16)) {
            let _ = writeln!(text, "{label}:");
        }
        let (line, length) = instruction(section, at, &labels);
        let _ = writeln!(text, "    {line}");
        at += length;
    }
}

/// The text of the instruction at an offset, and its length.
fn instruction(section: &Section, at: usize, labels: &BTreeMap<u16, String>) -> (String, usize) {
    let bytes = &section.bytes[at..];
    let label = |address: u16| labels.get(&address).cloned();
    let Some(decoded) = disasm::decode(bytes, at as u16) else {
        return disasm::line(bytes, at as u16, &label);
    };
    let inside = at + 1..at + usize::from(decoded.length);
    let reloc = section.relocs.iter().find(|r| inside.contains(&usize::from(r.offset)));
    match reloc {
        Some(reloc) => {
            let operand = decoded.mode.notation(&operand(reloc));
            (format!("{} {operand}", decoded.mnemonic), usize::from(decoded.length))
        }
        None if decoded.mode == Mode::Relative => disasm::line(bytes, at as u16, &label),
        None => disasm::line(bytes, at as u16, &|_| None),
    }
}

/// What a relocation stands for.
fn operand(reloc: &Reloc) -> String {
    let part = match reloc.kind {
        RelocKind::Lo8 => "<",
        RelocKind::Hi8 => ">",
        RelocKind::Abs16 | RelocKind::Zp8 | RelocKind::Rel8 => "",
    };
    match reloc.addend {
        0 => format!("{part}{}", reloc.symbol),
        addend => format!("{part}{}{addend:+}", reloc.symbol),
    }
}

/// The symbols of a section and a label for each branch target that has none, by offset.
fn labels(section: &Section) -> BTreeMap<u16, String> {
    let mut labels: BTreeMap<u16, String> =
        section.symbols.iter().map(|s| (s.offset, s.name.as_str().to_string())).collect();
    let mut at = 0;
    while let Some(decoded) = section.bytes.get(at..).and_then(|bytes| disasm::decode(bytes, at as u16)) {
        let has_reloc = section.relocs.iter().any(|r| usize::from(r.offset) == at + 1);
        if decoded.mode == Mode::Relative && !has_reloc {
            labels.entry(decoded.operand).or_insert_with(|| format!("L{:04x}", decoded.operand));
        }
        at += usize::from(decoded.length);
    }
    labels
}

fn data(text: &mut String, section: &Section) {
    let mut at = 0;
    while at < section.bytes.len() {
        let next = section.relocs.iter().map(|r| usize::from(r.offset)).filter(|o| *o >= at).min();
        if let Some(reloc) = section.relocs.iter().find(|r| usize::from(r.offset) == at) {
            let directive = if reloc.kind.width() == 2 { ".word" } else { ".byte" };
            let _ = writeln!(text, "    {directive} {}", operand(reloc));
            at += reloc.kind.width();
            continue;
        }
        let end = (at + DATA_WIDTH).min(section.bytes.len()).min(next.unwrap_or(usize::MAX));
        let bytes: Vec<String> = section.bytes[at..end].iter().map(|b| format!("${b:02x}")).collect();
        let _ = writeln!(text, "    .byte {}", bytes.join(", "));
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_symbols_and_branch_targets_labels() {
        let reloc =
            |offset, kind, symbol: &str, addend| Reloc { offset, kind, symbol: symbol.into(), addend };
        let bytes = vec![0xA9, 0, 0x8D, 0, 0, 0xCA, 0xD0, 0xFA, 0x60];
        let mut code = Section::with_bytes("main", SectionKind::Code, bytes);
        code.relocs = vec![reloc(1, RelocKind::Hi8, "table", 2), reloc(3, RelocKind::Abs16, "x", 0)];
        let mut data = Section::with_bytes("table", SectionKind::RoData, vec![1, 0, 0, 2]);
        data.relocs = vec![reloc(1, RelocKind::Abs16, "main", 0)];
        let text = "\
main:  // code, 9 bytes
    lda #>table+2
L0002:
    sta x
    dex
    bne L0002
    rts

table:  // constant data, 4 bytes
    .byte $01
    .word main
    .byte $02

x:  // variables, 2 bytes

";
        let x = Section::reserve("x", SectionKind::Bss, 2);
        assert_eq!(write(&[code, data, x]), text);
    }
}
