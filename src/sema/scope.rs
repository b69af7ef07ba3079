//! What names mean: the module's, and those of the function that is being checked.
//!
//! In: definitions as the checker meets them. Out: look-ups. Invariant: a name is visible from its
//! definition on; what is defined further down is only known as `later`, for messages. Not here:
//! members of classes (`member.rs`), unknown names (`names.rs`).

use std::collections::{HashMap, HashSet};

use crate::base::index::IndexVec;
use crate::base::source::Span;
use crate::sema::hir::{ClassId, DataId, FuncId, IrqKind, Local, LocalId, Type};
use crate::sema::value::Const;

/// A definition at module level.
#[derive(Clone, Debug)]
pub struct Global {
    pub kind: GlobalKind,
    pub span: Span,
}

/// What a module-level name is.
#[derive(Clone, Debug)]
pub enum GlobalKind {
    Const(Const),
    Data(DataId),
    Mapped(Mapped),
    Func(FuncId),
    Class(ClassId),
    /// Its definition was reported.
    Bad,
}

/// A variable at a fixed address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapped {
    pub ty: Type,
    pub addr: u16,
    pub irq_safe: bool,
}

/// Kind of a definition that stands further down, for messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Noun {
    Const,
    Data,
    Func,
    Class,
}

impl Noun {
    /// The word for it.
    pub fn text(self) -> &'static str {
        match self {
            Noun::Const => "constant",
            Noun::Data => "data",
            Noun::Func => "function",
            Noun::Class => "class",
        }
    }
}

/// A name inside a function.
#[derive(Clone, Debug)]
pub struct Binding {
    pub kind: BindingKind,
    pub span: Span,
}

/// What a name inside a function is.
#[derive(Clone, Debug)]
pub enum BindingKind {
    Local(LocalId),
    /// Initialised tuple.
    Data(DataId),
    /// Also the `vic` and `cia2` of a handler.
    Mapped(Mapped),
    /// Another name of a singleton's instance.
    Singleton(ClassId),
    /// The `cia1` of a handler.
    Cia1(LocalId),
    /// Its declaration was reported.
    Bad,
    /// A name that is not known, of which one report is enough.
    Unknown,
}

/// The function that is being checked.
#[derive(Debug, Default)]
pub struct FnScope {
    /// `None` at module level.
    pub func: Option<FuncId>,
    pub class: Option<ClassId>,
    pub has_self: bool,
    pub ret: Option<Type>,
    pub irq: Option<IrqKind>,
    pub locals: IndexVec<LocalId, Local>,
    pub names: HashMap<String, Binding>,
    /// Variables that the body declares, with the first place of each.
    pub declared: HashMap<String, Span>,
    /// Variables, and methods as `self.name`, that were reported as defined below.
    pub told_below: HashSet<String>,
    pub loop_depth: u32,
    /// Names of the loop variables around the current statement, innermost last.
    pub loop_vars: Vec<String>,
}
