//! The pages of `docs/errors/` say the truth: the example of a page has its fault, its fix has not.

use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::cli::pages::PAGES;
use pycoc::driver::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{Emit, EmitKind, MessageFormat, Options};

/// The module that the pages about imports take their names from.
const MATH: &str = "module math@1.0\n\n\ndef sin(x: float) -> float:\n    return x\n\n\ndef cos(x: float) -> float:\n    return x\n";

/// The first `python` block below a heading. A `text` block shows what one source cannot.
fn program<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let section = page.split_once(heading)?.1.split("\n## ").next()?;
    section.split_once("```python\n")?.1.split("```").next()
}

/// The codes and the messages that a program leads to; those of remarks only if they are wanted.
fn diagnose(text: &str, remarks: bool) -> (Vec<String>, bool, String) {
    let files = MemoryFiles::default();
    files.add("page.pyco", text);
    files.add("math.pyco", MATH);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let emit = remarks.then_some(Emit { kind: EmitKind::Remarks, path: None });
    let message_format = MessageFormat::Json;
    let options = Options { emit: emit.into_iter().collect(), message_format, ..Options::default() };
    let built = build::build(&files, &options, "page.pyco", &mut sources, &mut sink);
    let messages = sink.iter().map(|d| render::short(&sources, d)).collect();
    let remarks: Vec<u8> = built.into_iter().flat_map(|b| b.emits).flat_map(|(_, text)| text).collect();
    let remarks = String::from_utf8(remarks).unwrap();
    let remarks = remarks.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let remarks = remarks.map(|remark| remark["code"].as_str().unwrap().to_string());
    (sink.iter().map(|d| d.code.0.to_string()).chain(remarks).collect(), sink.has_errors(), messages)
}

fn is_remark(code: &str) -> bool {
    code.starts_with('R')
}

#[test]
fn examples_have_the_fault_of_their_page_and_nothing_else() {
    let mut wrong = String::new();
    for (code, page) in PAGES {
        let Some(text) = program(page, "\n## Example\n") else { continue };
        let (codes, _, messages) = diagnose(text, is_remark(code));
        // One place may deserve several remarks.
        let others = !is_remark(code) && codes.iter().any(|c| c != code);
        if !codes.iter().any(|c| c == code) || others {
            wrong += &format!("{code}: its example gives {codes:?}\n{messages}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn fixes_have_no_fault() {
    let mut wrong = String::new();
    for (code, page) in PAGES {
        let Some(text) = program(page, "\n## Fix\n") else { continue };
        let (codes, errors, messages) = diagnose(text, is_remark(code));
        if errors || codes.iter().any(|c| c == code) {
            wrong += &format!("{code}: its fix gives {codes:?}\n{messages}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
