//! The results of `--emit`: stages of the pipeline and views of the finished program as text.
//!
//! In: what `build.rs` has at each stage. Out: texts, in the order in which they were asked for.
//! Not here: where they are written (`output.rs`).

use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::{FileId, SourceFile, SourceMap, Span};
use crate::base::{json, render};
use crate::driver::session::{Emit, EmitKind, MessageFormat, Options};
use crate::link::Image;
use crate::link::map::map;
use crate::out::dbg::DebugMap;
use crate::sema::{hir, hir_print};
use crate::{opt, out, parse};

/// The texts made so far.
pub struct Dump<'a> {
    options: &'a Options,
    done: Vec<(Emit, Vec<u8>)>,
    remarks: Sink,
}

impl<'a> Dump<'a> {
    /// Nothing yet.
    pub fn new(options: &'a Options) -> Self {
        Self { options, done: Vec::new(), remarks: Sink::default() }
    }

    /// Makes the text of a stage, if it was asked for.
    pub fn stage(&mut self, kind: EmitKind, text: impl FnOnce() -> String) {
        if !self.options.emits(kind) {
            return;
        }
        let text = text();
        for emit in self.options.emit.iter().filter(|e| e.kind == kind) {
            self.done.push((emit.clone(), text.clone().into_bytes()));
        }
    }

    /// The stages before meaning, which are those of the main file alone.
    pub fn source(&mut self, main: &str, sources: &SourceMap) {
        let Some((file, source)) = sources.iter().find(|(_, source)| source.path == main) else { return };
        self.stage(EmitKind::Tokens, || tokens(file, source));
        self.stage(EmitKind::Ast, || {
            format!("{:#?}\n", parse::parse(file, &source.text, &mut Sink::default()))
        });
    }

    /// What `--print-after` asked for, on standard output.
    pub fn passes(&mut self, report: opt::Report) {
        for (pass, text) in report.dumps {
            let emit = Emit { kind: EmitKind::Mir, path: Some("-".into()) };
            self.done.push((emit, format!("// after {pass}\n{text}\n").into_bytes()));
        }
    }

    /// The views of the finished program.
    pub fn image(&mut self, image: &Image, sources: &SourceMap, modules: &[String]) {
        self.stage(EmitKind::Asm, || out::listing::assembly(image, sources));
        self.stage(EmitKind::Listing, || out::listing::write(image, sources));
        self.stage(EmitKind::Map, || map(image));
        self.stage(EmitKind::Labels, || out::vice::labels(image));
        self.stage(EmitKind::Debug, || DebugMap::of(image, sources, modules).to_json());
        self.stage(EmitKind::Graph, || out::graph::dot(image));
    }

    /// Lets a stage add its remarks, if they were asked for.
    pub fn remarks(&mut self, add: impl FnOnce(&mut Sink)) {
        if self.options.emits(EmitKind::Remarks) {
            add(&mut self.remarks);
        }
    }

    /// All texts, in the order of the options.
    pub fn finish(mut self, sources: &SourceMap) -> Vec<(Emit, Vec<u8>)> {
        let mut remarks = std::mem::take(&mut self.remarks);
        remarks.sort();
        let show = |remark: &Diagnostic| match self.options.message_format {
            MessageFormat::Human => render::human(sources, remark, false) + "\n",
            MessageFormat::Short => render::short(sources, remark),
            MessageFormat::Json => json::line(sources, remark),
        };
        self.stage(EmitKind::Remarks, || remarks.iter().map(show).collect());
        let place = |emit: &Emit| self.options.emit.iter().position(|e| e == emit);
        self.done.sort_by_key(|(emit, _)| place(emit));
        self.done
    }
}

/// The tokens of a file, each with its line and column.
fn tokens(file: FileId, source: &SourceFile) -> String {
    let tokens = parse::tokens(file, &source.text, &mut Sink::default());
    let line = |(token, span): &(_, Span)| {
        let (line, column) = source.line_column(span.lo);
        format!("{line}:{column} {token:?}\n")
    };
    tokens.iter().map(line).collect()
}

/// The typed trees of all modules.
pub fn typed(modules: &[&hir::Module]) -> String {
    modules.iter().map(|module| hir_print::print(module)).collect::<Vec<_>>().join("\n")
}

/// The rule for make: what is made of which files, sources and modules. The bundled library is no
/// file.
pub fn rule(result: &str, sources: &SourceMap, modules: &[String]) -> String {
    let mut paths: Vec<&str> = sources.iter().map(|(_, source)| source.path.as_str()).collect();
    paths.extend(modules.iter().map(String::as_str));
    paths.retain(|path| !path.starts_with('<'));
    out::graph::make_rule(result, &paths)
}
