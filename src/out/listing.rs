//! Listings: what each line of the source became, with addresses, bytes and cycles; or, shorter, as
//! assembly alone.
//!
//! In: a linked image and the sources. Out: text, section by section in order of address, and a table
//! of what each source line took. Cycles are those of the opcode table: `+` after a number stands for
//! more when a page is crossed or a branch is taken. Sums count every instruction once; what runs
//! how often, only a profile can say. Not here: code before linking (`--emit obj`).

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::base::source::{SourceMap, Span};
use crate::link::{Image, Placed};
use crate::mos::disasm;
use crate::mos::inst::Mode;
use crate::mos::table::row_of;
use crate::obj::object::{Section, SectionKind};

/// Bytes of data on one line.
const DATA_WIDTH: usize = 3;

/// The listing of an image.
pub fn write(image: &Image, sources: &SourceMap) -> String {
    text_of(image, sources, true) + &by_line(image, sources)
}

/// The assembly of an image: its listing without addresses, bytes and cycles.
pub fn assembly(image: &Image, sources: &SourceMap) -> String {
    text_of(image, sources, false)
}

fn text_of(image: &Image, sources: &SourceMap, columns: bool) -> String {
    let mut names: BTreeMap<u16, &str> = BTreeMap::new();
    for (name, address) in &image.symbols {
        names.entry(*address).or_insert(name.as_str());
    }
    let mut text = String::new();
    for placed in image.placed.iter().filter(|p| p.section.kind.has_bytes() && p.section.size > 0) {
        section(&mut text, placed, &names, sources, columns);
    }
    text
}

fn section(
    text: &mut String,
    placed: &Placed,
    names: &BTreeMap<u16, &str>,
    sources: &SourceMap,
    columns: bool,
) {
    let section = &placed.section;
    let stored = placed.stored.map_or(String::new(), |at| format!(", loaded at ${at:04x}"));
    let _ = writeln!(text, "\n{}:  // {} bytes{stored}", section.name, section.size);
    let mut last = None;
    let mut at = 0;
    while at < section.bytes.len() {
        if let Some(span) = section.span_at(at as u16) {
            let place = line_of(sources, span);
            if last != Some(place) {
                let source = sources.file(span.file).line_text(place.1).trim();
                let margin = if columns { sum(section, at, place, sources).columns() } else { String::new() };
                let _ = writeln!(text, "{margin}        // {}:{}: {source}", place.0, place.1);
            }
            last = Some(place);
        }
        let address = placed.address.wrapping_add(at as u16);
        let (count, line, cycles) = match section.kind {
            SectionKind::Code => instruction(&section.bytes[at..], address, names),
            _ => data(&section.bytes[at..]),
        };
        let row = if columns {
            let bytes: Vec<String> =
                section.bytes[at..at + count].iter().map(|b| format!("{b:02x}")).collect();
            format!("{address:04x}  {:<10} {cycles:>3}  {line}", bytes.join(" "))
        } else {
            format!("        {line}")
        };
        let _ = writeln!(text, "{}", row.trim_end());
        at += count;
    }
}

/// Bytes and cycles of some code.
#[derive(Clone, Copy, Default)]
struct Sum {
    bytes: usize,
    cycles: u64,
    /// It may take longer.
    more: bool,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.bytes += other.bytes;
        self.cycles += other.cycles;
        self.more |= other.more;
    }

    fn cycles(self) -> String {
        format!("{}{}", self.cycles, if self.more { "+" } else { "" })
    }

    /// As wide as the columns before an instruction.
    fn columns(self) -> String {
        let bytes = format!("{} bytes", self.bytes);
        format!("{:6}{bytes:<9}{:>5}    ", "", self.cycles())
    }
}

/// The code from `start` on that was made of the line `place`.
fn sum(section: &Section, start: usize, place: (&str, usize), sources: &SourceMap) -> Sum {
    let mut whole = Sum::default();
    let mut at = start;
    while at < section.bytes.len()
        && section.span_at(at as u16).is_some_and(|span| line_of(sources, span) == place)
    {
        let next = price(&section.bytes[at..]);
        whole.add(next);
        at += next.bytes;
    }
    whole
}

/// The instruction at the start of `bytes`.
fn price(bytes: &[u8]) -> Sum {
    let row = row_of(bytes[0]);
    let bytes = usize::from(row.length).clamp(1, bytes.len());
    let more = row.page_penalty > 0 || row.mode == Mode::Relative;
    Sum { bytes, cycles: u64::from(row.cycles), more }
}

/// What each line took in all places together, in order of file and line.
fn by_line(image: &Image, sources: &SourceMap) -> String {
    let mut sums: BTreeMap<(&str, usize), Sum> = BTreeMap::new();
    for section in image.placed.iter().map(|p| &p.section).filter(|s| s.kind == SectionKind::Code) {
        let mut at = 0;
        while at < section.bytes.len() {
            let next = price(&section.bytes[at..]);
            if let Some(span) = section.span_at(at as u16) {
                sums.entry(line_of(sources, span)).or_default().add(next);
            }
            at += next.bytes;
        }
    }
    let mut text = String::from("\nby source line:\n bytes  cycles\n");
    for ((file, line), sum) in sums {
        let _ = writeln!(text, "{:>6} {:>7}  {file}:{line}", sum.bytes, sum.cycles());
    }
    text
}

/// Length and text of the first bytes of data.
fn data(bytes: &[u8]) -> (usize, String, String) {
    let count = bytes.len().min(DATA_WIDTH);
    let bytes: Vec<String> = bytes[..count].iter().map(|b| format!("${b:02x}")).collect();
    (count, format!(".byte {}", bytes.join(", ")), String::new())
}

fn line_of(sources: &SourceMap, span: Span) -> (&str, usize) {
    (&sources.file(span.file).path, sources.line(span))
}

/// Length, text and cycles of the instruction at the start of `bytes`.
fn instruction(bytes: &[u8], address: u16, names: &BTreeMap<u16, &str>) -> (usize, String, String) {
    let name = |address: u16| names.get(&address).map(|name| name.to_string());
    let (line, length) = disasm::line(bytes, address, &name);
    if line.starts_with('.') {
        return (length, line, String::new());
    }
    let row = row_of(bytes[0]);
    let more = if row.page_penalty > 0 || row.mode == Mode::Relative { "+" } else { "" };
    (length.min(bytes.len()), line, format!("{}{more}", row.cycles))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::obj::object::Line;

    #[test]
    fn code_is_shown_below_its_source_line() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.pyco", "x = 1\ny = 2\n");
        let bytes = vec![0xa9, 1, 0x85, 0x14, 0xd0, 0xfa];
        let mut section = Section::with_bytes("main", SectionKind::Code, bytes);
        section.lines = vec![
            Line { offset: 0, span: Span::new(file, 0, 5) },
            Line { offset: 4, span: Span::new(file, 6, 7) },
        ];
        let placed = Placed { section, address: 0x0900, stored: None, wanted_by: None };
        let symbols = [("main".into(), 0x0900), ("x".into(), 0x14)].into_iter().collect();
        let image = Image { symbols, placed: vec![placed], ..Image::default() };
        let expected = "
main:  // 6 bytes
      4 bytes      5            // a.pyco:1: x = 1
0900  a9 01        2  lda #$01
0902  85 14        3  sta x
      2 bytes     2+            // a.pyco:2: y = 2
0904  d0 fa       2+  bne main

by source line:
 bytes  cycles
     4       5  a.pyco:1
     2      2+  a.pyco:2
";
        assert_eq!(write(&image, &sources), expected);
        let assembly = assembly(&image, &sources);
        assert!(
            assembly.ends_with("        sta x\n        // a.pyco:2: y = 2\n        bne main\n"),
            "{assembly}"
        );
    }
}
