//! The debug map: what lies where in a program and where it was written, also as a file.
//!
//! In: a linked image, the sources, the names of the modules; or the text of a map. Out: one JSON
//! object `{"load", "entry", "bytes", "check", "symbols": [{"name", "address"}], "sections":
//! [{"name", "module", "kind", "address", "size"}], "lines": [{"address", "size", "file", "line",
//! "column"}]}`, each list by address. Invariant: reading is total, and gives back what was
//! written. Not here: VICE's label files; what is made of it (`profile.rs`, `size.rs`).

use serde_json::{Value, json};

use crate::base::source::SourceMap;
use crate::link::{Image, Placed};
use crate::obj::object::{Line, SectionKind};

/// The module of run-time routines.
pub const RUN_TIME: &str = "run time";

/// What there is to know about a program besides its bytes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DebugMap {
    pub load: u16,
    pub entry: u16,
    /// Size of the PRG, and a number that tells it from others.
    pub bytes: usize,
    pub check: u32,
    pub symbols: Vec<(u16, String)>,
    pub sections: Vec<Part>,
    pub lines: Vec<LinePart>,
}

/// A section of the program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    pub name: String,
    /// Empty for the program itself.
    pub module: String,
    pub kind: &'static str,
    pub address: u16,
    pub size: u16,
}

impl Part {
    /// True when it takes room in the program file.
    pub fn is_stored(&self) -> bool {
        KINDS.iter().any(|(kind, name)| *name == self.kind && kind.has_bytes())
    }
}

/// A piece of code that was made of one place in the source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinePart {
    pub address: u16,
    pub size: u16,
    pub file: String,
    pub line: usize,
    pub column: usize,
}

/// How the kinds of sections are called.
pub const KINDS: [(SectionKind, &str); 5] = [
    (SectionKind::Code, "code"),
    (SectionKind::RoData, "constant"),
    (SectionKind::Data, "data"),
    (SectionKind::Bss, "variable"),
    (SectionKind::ZeroPage, "zero page"),
];

/// The kind of code.
pub const CODE: &str = KINDS[0].1;

impl DebugMap {
    /// The map of an image. `modules` are the dotted names of all modules but the program's.
    pub fn of(image: &Image, sources: &SourceMap, modules: &[String]) -> DebugMap {
        let mut symbols: Vec<(u16, String)> =
            image.symbols.iter().map(|(name, address)| (*address, name.to_string())).collect();
        symbols.sort_unstable();
        DebugMap {
            load: image.load,
            entry: image.entry,
            bytes: image.bytes.len() + 2,
            check: checksum(&super::prg::write(image)),
            symbols,
            sections: image.placed.iter().map(|p| part(p, modules)).collect(),
            lines: image.placed.iter().flat_map(|p| lines(p, sources)).collect(),
        }
    }

    /// The map as one line of JSON.
    pub fn to_json(&self) -> String {
        let symbol = |(address, name): &(u16, String)| json!({ "name": name, "address": address });
        let section = |s: &Part| json!({ "name": s.name, "module": s.module, "kind": s.kind, "address": s.address, "size": s.size });
        let line = |l: &LinePart| {
            json!({
                "address": l.address, "size": l.size, "file": l.file, "line": l.line, "column": l.column,
            })
        };
        let object = json!({
            "load": self.load,
            "entry": self.entry,
            "bytes": self.bytes,
            "check": self.check,
            "symbols": self.symbols.iter().map(symbol).collect::<Vec<_>>(),
            "sections": self.sections.iter().map(section).collect::<Vec<_>>(),
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
        });
        format!("{object}\n")
    }

    /// Reads a map; the error names what is wrong with it.
    pub fn from_json(text: &str) -> Result<DebugMap, String> {
        let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let kind = |value: &Value| {
            let name = string(value, "kind")?;
            let row = KINDS.iter().find(|(_, known)| *known == name);
            row.map(|(_, known)| *known).ok_or_else(|| format!("'{name}' is no kind of section"))
        };
        let section = |v: &Value| {
            Ok(Part {
                name: string(v, "name")?,
                module: string(v, "module")?,
                kind: kind(v)?,
                address: number(v, "address")?,
                size: number(v, "size")?,
            })
        };
        let line = |v: &Value| {
            Ok(LinePart {
                address: number(v, "address")?,
                size: number(v, "size")?,
                file: string(v, "file")?,
                line: number(v, "line")?,
                column: number(v, "column")?,
            })
        };
        Ok(DebugMap {
            load: number(&root, "load")?,
            entry: number(&root, "entry")?,
            bytes: number(&root, "bytes")?,
            check: number(&root, "check")?,
            symbols: list(&root, "symbols", |v| Ok((number(v, "address")?, string(v, "name")?)))?,
            sections: list(&root, "sections", section)?,
            lines: list(&root, "lines", line)?,
        })
    }

    /// True when the map is that of this PRG.
    pub fn describes(&self, prg: &[u8]) -> bool {
        self.bytes == prg.len() && self.check == checksum(prg)
    }
}

fn list<T>(object: &Value, key: &str, read: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<T>, String> {
    let values = object[key].as_array().ok_or_else(|| format!("there is no list '{key}'"))?;
    values.iter().map(read).collect()
}

fn number<T: TryFrom<u64>>(object: &Value, key: &str) -> Result<T, String> {
    let number = object[key].as_u64().and_then(|n| T::try_from(n).ok());
    number.ok_or_else(|| format!("there is no number '{key}'"))
}

fn string(object: &Value, key: &str) -> Result<String, String> {
    object[key].as_str().map(str::to_string).ok_or_else(|| format!("there is no text '{key}'"))
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn part(placed: &Placed, modules: &[String]) -> Part {
    let section = &placed.section;
    Part {
        name: section.name.to_string(),
        module: module_of(section.name.as_str(), modules),
        kind: KINDS.iter().find(|(kind, _)| *kind == section.kind).map_or("", |(_, name)| name),
        address: placed.address,
        size: section.size,
    }
}

/// The module that a symbol's name begins with; the longest one if several do.
pub fn module_of(symbol: &str, modules: &[String]) -> String {
    if symbol.starts_with("rt_") {
        return RUN_TIME.to_string();
    }
    let inside = |m: &&String| symbol.strip_prefix(m.as_str()).is_some_and(|rest| rest.starts_with('.'));
    modules.iter().filter(inside).max_by_key(|m| m.len()).cloned().unwrap_or_default()
}

fn lines(placed: &Placed, sources: &SourceMap) -> Vec<LinePart> {
    let lines = &placed.section.lines;
    let line = |(i, line): (usize, &Line)| {
        let end = lines.get(i + 1).map_or(placed.section.size, |next| next.offset);
        let file = sources.file(line.span.file);
        let (row, column) = file.line_column(line.span.lo);
        LinePart {
            address: placed.address.wrapping_add(line.offset),
            size: end.saturating_sub(line.offset),
            file: file.path.clone(),
            line: row,
            column,
        }
    };
    lines.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::Span;
    use crate::obj::object::Section;

    #[test]
    fn lines_have_addresses_and_sizes_and_the_file_reads_back() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.pyco", "x\n  y\n");
        let mut section = Section::with_bytes("lib.f", SectionKind::Code, vec![0; 5]);
        section.lines = vec![
            Line { offset: 0, span: Span::new(file, 0, 1) },
            Line { offset: 2, span: Span::new(file, 4, 5) },
        ];
        let placed = Placed { section, address: 0x0900, stored: None, wanted_by: None };
        let symbols = [("lib.f".into(), 0x0900)].into_iter().collect();
        let image = Image { load: 0x0801, entry: 0x080d, symbols, placed: vec![placed], ..Image::default() };
        let map = DebugMap::of(&image, &sources, &["lib".to_string()]);
        let json: Value = serde_json::from_str(&map.to_json()).unwrap();
        assert_eq!(json["entry"], 0x080d);
        let second = json!({ "address": 0x0902, "size": 3, "file": "a.pyco", "line": 2, "column": 3 });
        assert_eq!(json["lines"][1], second);
        assert_eq!(json["sections"][0]["module"], "lib");
        assert_eq!(DebugMap::from_json(&map.to_json()), Ok(map.clone()));
        assert!(map.describes(&[1, 8]) && !map.describes(&[1, 9]));
    }

    #[test]
    fn a_damaged_map_is_an_error_that_says_what_is_missing() {
        let error = |text: &str| DebugMap::from_json(text).unwrap_err();
        assert_eq!(error("{}"), "there is no number 'load'");
        assert_eq!(error(r#"{"load":1,"entry":70000,"bytes":1,"check":0}"#), "there is no number 'entry'");
        assert!(error("{").starts_with("EOF"), "{}", error("{"));
    }

    #[test]
    fn a_module_is_the_longest_name_that_fits() {
        let modules = ["a".to_string(), "a.b".to_string()];
        let of = |symbol| module_of(symbol, &modules);
        assert_eq!(["a.b.f", "a.f", "ab.f", "main", "rt_mul"].map(of), ["a.b", "a", "", "", RUN_TIME]);
    }
}
