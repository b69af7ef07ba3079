//! The order of the repository: layers, file sizes, where third-party crates are used, and that
//! every diagnostic has its page and its test. `docs/architecture.md` gives the reasons.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The layers, lowest first. A folder may use those in rows above its own, and itself.
const LAYERS: &[&[&str]] = &[
    &["base"],
    &["mos", "c64", "syntax"],
    &["parse", "assembler", "sim"],
    &["sema"],
    &["mir", "oracle"],
    &["lower", "opt"],
    &["obj"],
    &["codegen"],
    &["link"],
    &["out"],
    &["driver"],
    &["cli"],
];

const LONGEST_FILE: usize = 600;

/// Third-party crates and the only places that may name them.
const CRATES: &[(&str, &[&str])] = &[
    ("ariadne", &["src/base/render.rs"]),
    ("byteorder", &["src/base/bytes.rs"]),
    ("strsim", &["src/base/suggest.rs"]),
    ("chumsky", &["src/parse/"]),
    ("clap", &["src/cli/"]),
    ("mos6502", &["src/sim/"]),
    ("png", &["src/sim/"]),
    ("toml", &["src/driver/project.rs"]),
    ("petgraph", &["src/mir/callgraph.rs", "src/obj/deps.rs", "src/driver/modules.rs"]),
    ("serde_json", &["src/base/json.rs", "src/out/", "src/driver/", "src/cli/"]),
];

#[test]
fn a_folder_uses_only_the_layers_above_it() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let Some(own) = folder(&path) else { continue };
        let Some(row) = row_of(&own) else {
            wrong.push(format!("{path}: the folder {own} is in no layer"));
            continue;
        };
        for used in crate_paths(&code_only(&text)) {
            let allowed = used == own || row_of(&used).is_none_or(|r| r < row);
            if !allowed {
                wrong.push(format!("{path}: {own} uses crate::{used}"));
            }
        }
    }
    assert_none(wrong);
}

#[test]
fn no_file_is_too_long() {
    let mut wrong = Vec::new();
    for (path, text) in everywhere() {
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{path}: {lines} lines, at most {LONGEST_FILE}"));
        }
    }
    assert_none(wrong);
}

#[test]
fn every_file_begins_with_its_purpose() {
    assert_none(everywhere().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect());
}

#[test]
fn a_crate_is_named_only_in_its_place() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let code = code_only(&text);
        for (name, places) in CRATES {
            let named = path_heads(&code).contains(*name);
            if named && !places.iter().any(|place| path.starts_with(place)) {
                wrong.push(format!("{path}: names {name}, which belongs in {}", places.join(", ")));
            }
        }
    }
    assert_none(wrong);
}

#[test]
fn only_one_file_touches_the_disk() {
    let wrong = sources("src").into_iter().filter(|(path, _)| path != "src/driver/files.rs");
    let wrong = wrong.filter(|(_, text)| {
        let code = code_only(text);
        code.contains("std::fs") || std_groups(&code).contains("fs")
    });
    assert_none(wrong.map(|(path, _)| path).collect());
}

#[test]
fn every_diagnostic_has_a_page_and_a_test() {
    let mut all = String::new();
    for (path, text) in texts("fixtures").into_iter().chain(texts("tests")) {
        if path != "tests/tidy.rs" {
            all.push_str(&text);
        }
    }
    // A test beside the check names the constant; one through the front door names the code.
    let beside: String = sources("src").into_iter().filter_map(|(_, text)| tests_of(&text)).collect();
    let constants = constants();
    let mut wrong = Vec::new();
    for (code, title) in pycoc::base::codes::CODES {
        let page = pycoc::cli::pages::PAGES.iter().find(|(c, _)| *c == code.0).map(|(_, page)| *page);
        match page {
            None => wrong.push(format!("{code} has no page in src/cli/pages.rs")),
            Some(page) => wrong.extend(page_faults(code.0, title, page)),
        }
        let constant = constants.iter().find(|(c, _)| c == code.0).map_or("", |(_, name)| name);
        // `tests/pages.rs` compiles the example of a page and expects its code.
        let shown = page.is_some_and(|page| page.contains("## Example\n\n```python"));
        if !shown
            && !all.contains(code.0)
            && !beside.contains(&format!("codes::{constant}"))
            && !beside.contains(code.0)
        {
            wrong.push(format!("{code} ({title}) is raised in no test"));
        }
    }
    assert_none(wrong);
}

/// What is wrong with the form of a page: title, text, an example, its fix.
fn page_faults(code: &str, title: &str, page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if page.lines().next() != Some(&format!("# {code}: {title}")) {
        wrong.push(format!("docs/errors/{code}.md does not begin with `# {code}: {title}`"));
    }
    for heading in ["\n## Example\n", "\n## Fix\n"] {
        if !page.contains(heading) {
            wrong.push(format!("docs/errors/{code}.md has no `{}`", heading.trim()));
        }
    }
    wrong
}

#[test]
fn codes_are_unique_and_ascending() {
    let codes: Vec<&str> = pycoc::base::codes::CODES.iter().map(|(code, _)| code.0).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
}

/// Code and constant name of each row of the table.
fn constants() -> Vec<(String, String)> {
    let table = fs::read_to_string(root().join("src/base/codes.rs")).unwrap();
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows = rows.filter(|words| words.len() > 2 && words[1].starts_with('"'));
    rows.map(|words| (words[1].trim_matches('"').to_string(), words[0].to_string())).collect()
}

/// The unit tests at the end of a file.
fn tests_of(text: &str) -> Option<String> {
    text.split_once("#[cfg(test)]").map(|(_, tests)| tests.to_string())
}

fn assert_none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap())
}

/// Our own Rust files, wherever they are.
fn everywhere() -> impl Iterator<Item = (String, String)> {
    ["src", "tests", "fuzz/src", "fuzz/fuzz_targets"].into_iter().flat_map(sources)
}

/// Paths from the root and texts of all Rust files below `folder`.
fn sources(folder: &str) -> Vec<(String, String)> {
    texts(folder).into_iter().filter(|(path, _)| path.ends_with(".rs")).collect()
}

/// Paths and texts of all files below `folder` that are text, ascending.
fn texts(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_string();
            found.push((name, text));
        }
    }
}

/// The folder below `src/`; none for `lib.rs` and `main.rs`.
fn folder(path: &str) -> Option<String> {
    let rest = path.strip_prefix("src/")?;
    rest.split_once('/').map(|(folder, _)| folder.to_string())
}

fn row_of(folder: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&folder))
}

/// The text without comments. A `//` inside a string ends the line here too, which loses nothing
/// that these checks look for.
fn code_only(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The first name after every `crate::`, also inside `crate::{a, b::c}`.
fn crate_paths(code: &str) -> BTreeSet<String> {
    after(code, "crate::")
}

/// The first name after every `std::`, also inside `std::{a, b::c}`.
fn std_groups(code: &str) -> BTreeSet<String> {
    after(code, "std::")
}

fn after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        // `$crate::x` counts as well, but `mycrate::x` does not.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group_heads(group)),
            None => names.extend(identifier(rest)),
        }
    }
    names
}

/// The first names of the members of a use group, up to its closing brace.
fn group_heads(group: &str) -> Vec<String> {
    let (mut heads, mut depth, mut member) = (Vec::new(), 0, String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.extend(identifier(std::mem::take(&mut member).trim())),
            _ if depth == 0 => member.push(c),
            _ => {}
        }
    }
    heads.extend(identifier(member.trim()));
    heads
}

fn identifier(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_string())
}

/// Every name that stands directly before `::` and not after another `::`, or is imported whole.
fn path_heads(code: &str) -> BTreeSet<String> {
    let mut heads = BTreeSet::new();
    for (at, _) in code.match_indices("::") {
        let before = &code[..at];
        let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |i| i + 1);
        if !before[..start].ends_with("::") {
            heads.insert(before[start..].to_string());
        }
    }
    for line in code.lines() {
        heads.extend(line.trim().strip_prefix("use ").and_then(identifier));
    }
    heads
}

#[test]
fn paths_are_found_in_groups_and_twice_on_a_line() {
    let code =
        "use crate::{base::{a, b}, mos, self::x};\nfn f(a: crate::sim::A) -> crate::opt::B { mycrate::no() }";
    let found: Vec<String> = crate_paths(code).into_iter().collect();
    assert_eq!(found, ["base", "mos", "opt", "self", "sim"]);
    assert_eq!(
        path_heads("use png;\nlet x = clap::a::ariadne::b;"),
        BTreeSet::from(["clap".into(), "png".into()])
    );
    assert!(std_groups("use std::{fs, io};").contains("fs"));
}
