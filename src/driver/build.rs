//! The pipeline from a main file to its results, on one page.
//!
//! In: the main file's path, the options, and the `Files` in which modules are found. Out: the
//! results as bytes, and diagnostics in the sink. Invariant: `None` exactly when the sink holds an
//! error; nothing is written. Not here: where results go (`output.rs`), and showing diagnostics.

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::SourceMap;
use crate::driver::files::Files;
use crate::driver::load::load;
use crate::driver::session::{Emit, Options};
use crate::parse;

/// The results of a compilation.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Built {
    /// The program with its load address; none for `--lib`.
    pub prg: Option<Vec<u8>>,
    /// CBM file names and contents: the one of `--lib`, or all that `--dynamic` needs.
    pub libs: Vec<(String, Vec<u8>)>,
    /// The disk image, when one was asked for.
    pub d64: Option<Vec<u8>>,
    /// What `--emit` asked for.
    pub emits: Vec<(Emit, Vec<u8>)>,
}

/// Compiles and links `main`.
pub fn build(
    files: &dyn Files,
    options: &Options,
    main: &str,
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Option<Built> {
    check(files, options, main, sources, sink);
    if sink.has_errors() {
        return None;
    }
    sink.push(Diagnostic::global(codes::NOT_BUILT, "Code generation is not built yet"));
    None
}

/// Finds everything wrong with `main` that needs no code generation.
pub fn check(files: &dyn Files, _options: &Options, main: &str, sources: &mut SourceMap, sink: &mut Sink) {
    let Some(file) = load(files, main, sources, sink) else { return };
    let text = sources.file(file).text.clone();
    parse::parse(file, &text, sink);
}
