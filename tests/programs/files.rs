//! Divides a program into files: all in one, modules, or an included file.
//!
//! In: the lines of a program and its seed. Out: names and texts of files. Invariant: which file
//! a definition goes to depends on the seed and the number in its name alone, so that it does not
//! move when other lines are left out.

use super::super::compare::{MAIN, MODULE, Source};
use super::{Node, text};

/// The module below `MODULE`, and the file that `include` names.
const BASE: &str = "base.pyco";
const INCLUDED: &str = "more.pyco";

/// True when all but `main` of the program of this seed lies in modules.
pub fn is_divided(seed: u64) -> bool {
    seed % 4 == 1
}

/// The source of a program.
pub fn source(nodes: &[Node], seed: u64) -> Source {
    let border = 4 + (seed / 8 % 24) as usize;
    let early = |node: &&Node| number(node) < border && !is_main(node);
    let late = |node: &&Node| !early(node) && !is_main(node);
    let take = |wanted: &dyn Fn(&&Node) -> bool| nodes.iter().filter(wanted).cloned().collect::<Vec<_>>();
    if is_divided(seed) {
        let (base, part, main) = (take(&early), take(&late), take(&|n| is_main(n)));
        let mapped = take(&|n| is_mapped(n));
        if seed % 8 == 1 {
            let part = [base, part].concat();
            return modules(&[(MODULE, part), (MAIN, [mapped, main].concat())]);
        }
        let part = [mapped.clone(), without_mapped(part)].concat();
        let base = [mapped.clone(), without_mapped(base)].concat();
        return modules(&[(BASE, base), (MODULE, part), (MAIN, [mapped, main].concat())]);
    }
    let included = take(&early);
    if seed % 4 != 3 || included.is_empty() {
        return vec![(MAIN.to_string(), text(nodes))];
    }
    let rest: Vec<Node> = nodes.iter().filter(|n| !early(n)).cloned().collect();
    let main = format!("include(\"{}\")\n{}", stem(INCLUDED), text(&rest));
    vec![(MAIN.to_string(), main), (INCLUDED.to_string(), text(&included))]
}

/// `main`, and interrupt code, which no finished module can hold.
fn is_main(node: &Node) -> bool {
    node.head.ends_with("def main():") || node.head.starts_with("@irq")
}

/// Mapped variables are not exported: each file has its own.
fn is_mapped(node: &Node) -> bool {
    node.head.starts_with('M')
}

fn without_mapped(nodes: Vec<Node>) -> Vec<Node> {
    nodes.into_iter().filter(|n| !is_mapped(n)).collect()
}

/// Files of modules, each using names of those before it; the last comes first in the result.
fn modules(files: &[(&str, Vec<Node>)]) -> Source {
    let mut known: Vec<(&str, &str)> = Vec::new();
    let mut out = Source::new();
    for (file, nodes) in files {
        let mut head = String::new();
        for (other, _) in files {
            let names: Vec<&str> = known.iter().filter(|k| k.1 == stem(other)).map(|k| k.0).collect();
            if !names.is_empty() {
                head += &format!("from {} import {}\n", stem(other), names.join(", "));
            }
        }
        let ignored = if *file == MAIN { "" } else { "def main():\n    print(\"NO\")\n" };
        out.insert(0, (file.to_string(), head + &with_prefix(&text(nodes), &known) + ignored));
        let mut names: Vec<&str> =
            nodes.iter().filter(|n| !is_mapped(n)).filter_map(|n| defined(&n.head)).collect();
        names.dedup();
        for name in names {
            if !known.iter().any(|k| k.0 == name) {
                known.push((name, stem(file)));
            }
        }
    }
    out
}

fn stem(file: &str) -> &str {
    file.strip_suffix(".pyco").unwrap_or(file)
}

/// The number in the name that a line at module level defines.
fn number(node: &Node) -> usize {
    let digits: String = defined(&node.head).unwrap_or("").chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// The name that a line at module level defines.
fn defined(head: &str) -> Option<&str> {
    let line = head.lines().find(|l| !l.starts_with('@'))?;
    let line = line.strip_prefix("def ").or_else(|| line.strip_prefix("class ")).unwrap_or(line);
    line.split(|c: char| !c.is_alphanumeric()).next()
}

/// `text` with the module before each name of another one.
fn with_prefix(text: &str, known: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (i, word) in text.split_inclusive(|c: char| !c.is_alphanumeric()).enumerate() {
        let name = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let is_part_of_a_path = i > 0 && out.ends_with('.');
        let module = known.iter().find(|k| k.0 == name && !is_part_of_a_path);
        if let Some((_, module)) = module {
            out += module;
            out.push('.');
        }
        out.push_str(word);
    }
    out
}
