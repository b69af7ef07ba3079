//! The pages of `docs/errors/` say the truth: the example of a page has its fault, its fix has not.

use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::cli::pages::PAGES;
use pycoc::driver::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::Options;

/// The module that the pages about imports take their names from.
const MATH: &str = "module math@1.0\n\n\ndef sin(x: float) -> float:\n    return x\n\n\ndef cos(x: float) -> float:\n    return x\n";

/// The first `python` block below a heading. A `text` block shows what one source cannot.
fn program<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let section = page.split_once(heading)?.1.split("\n## ").next()?;
    section.split_once("```python\n")?.1.split("```").next()
}

/// The codes and the messages that a program leads to.
fn diagnose(text: &str) -> (Vec<&'static str>, bool, String) {
    let files = MemoryFiles::default();
    files.add("page.pyco", text);
    files.add("math.pyco", MATH);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    build::build(&files, &Options::default(), "page.pyco", &mut sources, &mut sink);
    let messages = sink.iter().map(|d| render::short(&sources, d)).collect();
    (sink.iter().map(|d| d.code.0).collect(), sink.has_errors(), messages)
}

#[test]
fn examples_have_the_fault_of_their_page_and_nothing_else() {
    let mut wrong = String::new();
    for (code, page) in PAGES {
        let Some(text) = program(page, "\n## Example\n") else { continue };
        let (codes, _, messages) = diagnose(text);
        if codes.is_empty() || codes.iter().any(|c| c != code) {
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
        let (codes, errors, messages) = diagnose(text);
        if errors || codes.contains(code) {
            wrong += &format!("{code}: its fix gives {codes:?}\n{messages}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
