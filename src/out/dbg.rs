//! The debug map: symbols, sections and source lines as one JSON object.
//!
//! In: a linked image and the sources. Out: `{"load", "entry", "symbols": [{"name", "address"}],
//! "sections": [{"name", "kind", "address", "size"}], "lines": [{"address", "size", "file", "line",
//! "column"}]}`, each list by address. Not here: VICE's label files.

use serde_json::{Value, json};

use crate::base::source::SourceMap;
use crate::link::{Image, Placed};
use crate::obj::object::SectionKind;

/// The debug map of an image, with a newline at the end.
pub fn write(image: &Image, sources: &SourceMap) -> String {
    let mut symbols: Vec<(u16, &str)> = image.symbols.iter().map(|(n, a)| (*a, n.as_str())).collect();
    symbols.sort_unstable();
    let object = json!({
        "load": image.load,
        "entry": image.entry,
        "symbols": symbols.iter().map(|(a, n)| json!({ "name": n, "address": a })).collect::<Vec<_>>(),
        "sections": image.placed.iter().map(section).collect::<Vec<_>>(),
        "lines": image.placed.iter().flat_map(|p| lines(p, sources)).collect::<Vec<_>>(),
    });
    format!("{object}\n")
}

fn section(placed: &Placed) -> Value {
    let kind = match placed.section.kind {
        SectionKind::Code => "code",
        SectionKind::RoData => "constant",
        SectionKind::Data => "data",
        SectionKind::Bss => "variable",
        SectionKind::ZeroPage => "zero page",
    };
    let (name, size) = (placed.section.name.as_str(), placed.section.size);
    json!({ "name": name, "kind": kind, "address": placed.address, "size": size })
}

fn lines(placed: &Placed, sources: &SourceMap) -> Vec<Value> {
    let lines = &placed.section.lines;
    let line = |(i, line): (usize, &crate::obj::object::Line)| {
        let end = lines.get(i + 1).map_or(placed.section.size, |next| next.offset);
        let file = sources.file(line.span.file);
        let (row, column) = file.line_column(line.span.lo);
        json!({
            "address": placed.address.wrapping_add(line.offset),
            "size": end.saturating_sub(line.offset),
            "file": file.path,
            "line": row,
            "column": column,
        })
    };
    lines.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::Span;
    use crate::obj::object::{Line, Section};

    #[test]
    fn lines_have_addresses_and_sizes() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.pyco", "x\n  y\n");
        let mut section = Section::with_bytes("main", SectionKind::Code, vec![0; 5]);
        section.lines = vec![
            Line { offset: 0, span: Span::new(file, 0, 1) },
            Line { offset: 2, span: Span::new(file, 4, 5) },
        ];
        let placed = Placed { section, address: 0x0900, stored: None, wanted_by: None };
        let image = Image { load: 0x0801, entry: 0x080d, placed: vec![placed], ..Image::default() };
        let map: Value = serde_json::from_str(&write(&image, &sources)).unwrap();
        assert_eq!(map["entry"], 0x080d);
        let second = json!({ "address": 0x0902, "size": 3, "file": "a.pyco", "line": 2, "column": 3 });
        assert_eq!(map["lines"][1], second);
    }
}
