//! What a program consists of, for other tools: who refers to whom, and which sources it is made of.
//!
//! In: a linked image, or paths. Out: a graph in DOT, a rule for make.

use std::fmt::Write;

use crate::link::Image;

/// The dependency graph of the placed sections in DOT: an edge for every reference.
pub fn dot(image: &Image) -> String {
    let mut text = "digraph program {\n  node [shape=box];\n".to_string();
    let owner = |symbol: &str| {
        image
            .placed
            .iter()
            .map(|p| &p.section)
            .find(|s| s.offset_of(symbol).is_some())
            .map(|s| s.name.as_str())
    };
    for section in image.placed.iter().map(|p| &p.section) {
        let name = quoted(section.name.as_str());
        let _ = writeln!(
            text,
            "  {name} [label={}];",
            quoted(&format!("{}\n{} bytes", section.name, section.size))
        );
        let mut targets: Vec<&str> =
            section.references().iter().filter_map(|symbol| owner(symbol.as_str())).collect();
        targets.sort_unstable();
        targets.dedup();
        for target in targets {
            let _ = writeln!(text, "  {name} -> {};", quoted(target));
        }
    }
    text + "}\n"
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A rule for make: the result is made anew when one of the sources changed. Each source is also a
/// target without a rule, so that make does not stop when one was removed.
pub fn make_rule(result: &str, sources: &[&str]) -> String {
    let escaped = |path: &str| path.replace('$', "$$").replace(' ', "\\ ").replace('#', "\\#");
    let all: Vec<String> = sources.iter().map(|path| escaped(path)).collect();
    let mut text = format!("{}: {}\n", escaped(result), all.join(" "));
    for path in all.iter().skip(1) {
        let _ = write!(text, "\n{path}:\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Placed;
    use crate::obj::object::{Section, SectionKind};
    use crate::obj::reloc::{Reloc, RelocKind};

    #[test]
    fn each_reference_is_an_edge() {
        let mut main = Section::with_bytes("main", SectionKind::Code, vec![0x20, 0, 0]);
        main.relocs = vec![Reloc { offset: 1, kind: RelocKind::Abs16, symbol: "f".into(), addend: 0 }];
        let f = Section::with_bytes("f", SectionKind::Code, vec![0x60]);
        let placed = [main, f].map(|section| Placed { section, address: 0, stored: None, wanted_by: None });
        let image = Image { placed: placed.to_vec(), ..Image::default() };
        let text = r#"digraph program {
  node [shape=box];
  "main" [label="main\n3 bytes"];
  "main" -> "f";
  "f" [label="f\n1 bytes"];
}
"#;
        assert_eq!(dot(&image), text);
    }

    #[test]
    fn the_rule_names_all_sources() {
        let text = "a b.prg: main.pyco x.pyco\n\nx.pyco:\n".replace("a b", "a\\ b");
        assert_eq!(make_rule("a b.prg", &["main.pyco", "x.pyco"]), text);
    }
}
