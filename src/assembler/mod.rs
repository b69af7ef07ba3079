//! The assembler: text in Kick Assembler's notation to symbolic code items.
//!
//! In: the text of an `__asm__` block or of a file in `asm/`, and a [`Resolver`] for names that the
//! text does not define. Out: items, labels, references and facts for the optimiser, and errors
//! with byte ranges in the text. Invariant: total, and every instruction is exact: what is written
//! is what is emitted, but for absolute operands whose symbol turns out to lie in the zero page.
//! Not here: addresses and bytes (`obj::emit`), and how errors are shown.
//!
//! `assemble.rs` walks the statements, `operand.rs` chooses addressing modes, `library.rs` cuts
//! run-time files into routines.

mod assemble;
mod ast;
mod expr;
mod lex;
pub mod library;
mod operand;
mod parse;
#[cfg(test)]
mod tests;

pub use assemble::assemble;

use crate::base::source::FileId;
use crate::mos::item::{Item, Name, Operand};
use std::collections::BTreeSet;
use std::ops::Range;

/// The directives, for suggestions.
const DIRECTIVES: &[&str] = &[
    ".align",
    ".byte",
    ".const",
    ".dword",
    ".encoding",
    ".eval",
    ".fill",
    ".if",
    ".label",
    ".text",
    ".var",
    ".word",
];

/// A fault in an assembly text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AsmError {
    /// Bytes of the text.
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

impl AsmError {
    fn new(range: Range<usize>, message: impl Into<String>) -> AsmError {
        AsmError { range, message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> AsmError {
        self.help = Some(help.into());
        self
    }
}

/// What a name outside the text stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    Number(i64),
    Symbol {
        name: Name,
        addend: i32,
        /// Known to lie in the zero page, known not to, or not known yet.
        zero_page: Option<bool>,
    },
}

/// Gives names their meaning.
pub trait Resolver {
    /// `{path}`: a variable, function, constant or property offset of the program.
    fn interpolate(&self, path: &str) -> Option<Place>;
    /// A bare name that the text does not define: a label of other assembly, a routine.
    fn name(&self, name: &str) -> Option<Place>;
    /// The global name of a label that the text defines, if others shall see it.
    fn export(&self, label: &str) -> Option<Name>;
    /// Names that `interpolate` would know, for suggestions.
    fn paths(&self) -> Vec<String>;
    /// Names that `name` would know, for suggestions.
    fn names(&self) -> Vec<String>;
}

/// A resolver for texts that stand alone.
pub struct NoNames;

impl Resolver for NoNames {
    fn interpolate(&self, _: &str) -> Option<Place> {
        None
    }
    fn name(&self, _: &str) -> Option<Place> {
        None
    }
    fn export(&self, _: &str) -> Option<Name> {
        None
    }
    fn paths(&self) -> Vec<String> {
        Vec::new()
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// How a text is to be read.
#[derive(Clone, Copy, Default, Debug)]
pub struct Options {
    /// Where byte 0 of the text stands in a source file; without it no `Source` items are made.
    pub origin: Option<(FileId, u32)>,
    /// The program shows the lower/upper character set.
    pub lowercase: bool,
}

/// A label or reference of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mention {
    pub name: String,
    pub range: Range<usize>,
}

/// How memory is touched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Touch {
    /// The place as written in the instruction.
    pub place: Operand,
    /// Bytes beside it may be meant: an index is added.
    pub indexed: bool,
    pub read: bool,
    pub written: bool,
}

/// What an assembly text does, as far as its instructions tell.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Facts {
    /// Direct accesses, in order.
    pub touches: Vec<Touch>,
    /// It reads or writes through pointers, or jumps or calls elsewhere: any memory may be touched.
    pub anything: bool,
    /// Symbols whose address is taken by `<`, `>`, a data word, a jump or a call.
    pub addresses: BTreeSet<Name>,
    /// Zero-page addresses named as numbers, pointers' high bytes included.
    pub zero_page: BTreeSet<u8>,
    /// Symbols that must lie in the zero page, for `(p),y` and `(p,x)`.
    pub must_be_zero_page: BTreeSet<Name>,
    /// Its last instruction leaves, so that control does not run off the end.
    pub ends_flow: bool,
}

/// An assembled text.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Assembled {
    pub items: Vec<Item>,
    /// The named labels that the text defines.
    pub labels: Vec<Mention>,
    /// Symbols from outside that it refers to, once for each mention.
    pub references: Vec<(Name, Range<usize>)>,
    pub facts: Facts,
    pub errors: Vec<AsmError>,
}

/// The named labels that `text` defines, without assembling it; so that a module's labels can be
/// known before any of its texts is assembled. Faults are left for [`assemble`] to report.
pub fn labels_of(text: &str) -> Vec<Mention> {
    let mut errors = Vec::new();
    let statements = parse::parse(&lex::lex(text, &mut errors), &mut errors);
    let mut labels = Vec::new();
    collect_labels(&statements, &mut labels);
    labels
}

fn collect_labels(statements: &[ast::Stmt], labels: &mut Vec<Mention>) {
    for statement in statements {
        match &statement.kind {
            ast::StmtKind::Label(name) => {
                labels.push(Mention { name: name.clone(), range: statement.range.clone() });
            }
            ast::StmtKind::If { then, otherwise, .. } => {
                collect_labels(then, labels);
                collect_labels(otherwise, labels);
            }
            _ => {}
        }
    }
}
