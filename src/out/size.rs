//! Sizes: how many bytes each function and each piece of data takes, by module and by kind.
//!
//! In: the debug map of a program, or a `.LIB`. Out: tables as text, or JSON. Invariant: the parts
//! that are stored add up to the size of the file. Not here: the picture (`treemap.rs`).

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use crate::obj::libfile::LibFile;
use crate::out::dbg::DebugMap;

/// A part of a file, or room that a program takes besides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    pub name: String,
    pub module: String,
    pub kind: &'static str,
    pub bytes: usize,
    /// It is in the file.
    pub stored: bool,
}

/// What a file consists of, the largest part first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// Bytes of the file.
    pub file: usize,
    pub items: Vec<Item>,
}

/// What in a file is neither code nor data.
const FORM: &str = "form";

/// The parts of a program. The program's own module is called `main`.
pub fn of_program(map: &DebugMap) -> Sizes {
    let item = |part: &crate::out::dbg::Part| Item {
        name: part.name.clone(),
        module: if part.module.is_empty() { "main" } else { part.module.as_str() }.to_string(),
        kind: part.kind,
        bytes: usize::from(part.size),
        stored: part.is_stored(),
    };
    let items = map.sections.iter().filter(|part| part.size > 0).map(item).collect();
    finish(map.bytes, items, "load address and gaps")
}

/// The parts of a module.
pub fn of_module(name: &str, file: &LibFile, bytes: usize) -> Sizes {
    let item = |what: &str, kind, bytes, stored| {
        let (name, module) = (what.to_string(), name.to_string());
        Item { name, module, kind, bytes, stored }
    };
    let functions = file.functions.iter().map(|f| item(&f.name, "code", f.code.len(), true));
    let data = file.data.iter().map(|d| item(&d.name, "data", d.bytes.len(), file.version == 1 || !d.zero));
    let middle = file.middle.iter().map(|part| item("middle code", "middle", part.code.len(), true));
    let parts = functions.chain(data).chain(middle).filter(|item| item.bytes > 0);
    finish(bytes, parts.collect(), "header and tables")
}

fn finish(file: usize, mut items: Vec<Item>, rest: &str) -> Sizes {
    let stored: usize = items.iter().filter(|item| item.stored).map(|item| item.bytes).sum();
    if file > stored {
        let (name, module) = (rest.to_string(), "file".to_string());
        items.push(Item { name, module, kind: FORM, bytes: file - stored, stored: true });
    }
    items.sort_by(|a, b| (b.stored, b.bytes, &a.name).cmp(&(a.stored, a.bytes, &b.name)));
    Sizes { file, items }
}

impl Sizes {
    /// The tables: by kind, by module, then every part.
    pub fn text(&self) -> String {
        let mut text = format!("{} bytes in the file\n", self.file);
        let room: usize = self.items.iter().filter(|item| !item.stored).map(|item| item.bytes).sum();
        if room > 0 {
            let _ = writeln!(text, "{room} bytes of variables besides");
        }
        for (title, sums) in [("kind", self.by(|item| item.kind)), ("module", self.by(|item| &item.module))] {
            let _ = writeln!(text, "\n{:>6} {:>6}  {title}", "bytes", "%");
            for (name, bytes) in sums {
                let _ = writeln!(text, "{bytes:>6} {:>6.1}  {name}", self.share(bytes));
            }
        }
        let _ = writeln!(text, "\n{:>6} {:>6}  {:<9} {:<12} part", "bytes", "%", "kind", "module");
        for item in &self.items {
            let share = if item.stored { format!("{:.1}", self.share(item.bytes)) } else { "-".to_string() };
            let Item { name, module, kind, bytes, .. } = item;
            let _ = writeln!(text, "{bytes:>6} {share:>6}  {kind:<9} {module:<12} {name}");
        }
        text
    }

    /// The same as one line of JSON.
    pub fn json(&self) -> String {
        let item = |item: &Item| {
            json!({
                "name": item.name, "module": item.module, "kind": item.kind, "bytes": item.bytes,
                "stored": item.stored,
            })
        };
        let parts: Vec<_> = self.items.iter().map(item).collect();
        format!("{}\n", json!({ "bytes": self.file, "parts": parts }))
    }

    /// Sums of what is stored, the largest first.
    fn by<'a>(&'a self, key: impl Fn(&'a Item) -> &'a str) -> Vec<(&'a str, usize)> {
        let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
        for item in self.items.iter().filter(|item| item.stored) {
            *sums.entry(key(item)).or_default() += item.bytes;
        }
        let mut sums: Vec<(&str, usize)> = sums.into_iter().collect();
        sums.sort_by_key(|(name, bytes)| (std::cmp::Reverse(*bytes), *name));
        sums
    }

    fn share(&self, bytes: usize) -> f64 {
        100.0 * bytes as f64 / self.file.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::dbg::Part;

    #[test]
    fn the_parts_add_up_to_the_file() {
        let part = |name: &str, module: &str, kind, size| {
            let (name, module) = (name.to_string(), module.to_string());
            Part { name, module, kind, address: 0, size }
        };
        let sections = vec![
            part("main", "", "code", 60),
            part("math.sin", "math", "code", 30),
            part("World", "", "variable", 40),
            part("table", "", "constant", 8),
        ];
        let map = DebugMap { bytes: 100, sections, ..DebugMap::default() };
        let expected = "\
100 bytes in the file
40 bytes of variables besides

 bytes      %  kind
    90   90.0  code
     8    8.0  constant
     2    2.0  form

 bytes      %  module
    68   68.0  main
    30   30.0  math
     2    2.0  file

 bytes      %  kind      module       part
    60   60.0  code      main         main
    30   30.0  code      math         math.sin
     8    8.0  constant  main         table
     2    2.0  form      file         load address and gaps
    40      -  variable  main         World
";
        let sizes = of_program(&map);
        assert_eq!(sizes.text(), expected);
        let json: serde_json::Value = serde_json::from_str(&sizes.json()).unwrap();
        assert_eq!(json["parts"][4]["stored"], false);
    }
}
