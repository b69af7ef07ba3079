//! The typed tree, upper half: modules, their tables, functions and statements.
//!
//! In: made by `check`. Out: read by `lower/`. Invariants:
//! - a module is self-contained: what it uses of other modules is copied into its tables with
//!   `origin` set and without body or contents, under the same link symbol everywhere;
//! - ids index the tables of this module only;
//! - `lower/` may only be run when the sink holds no error; then the invariants of `hir_expr.rs`
//!   hold as well.
//!
//! Names are gone: parameters, `self`, properties, mapped variables and constants are places and
//! values. Not here: expressions and places (`hir_expr.rs`), positions of types in the source.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::base::source::{FileId, Span};
pub use crate::sema::hir_expr::*;
pub use crate::sema::types::{ClassId, Type};
use crate::sema::versions::Version;

crate::define_id! {
    /// A function or method.
    FuncId "fn";
    /// Static data: a literal, a tuple, a singleton's instance.
    DataId "data";
    /// A parameter or variable of one function; the parameters come first.
    LocalId "local";
}

/// A checked module or program.
#[derive(Clone, Debug)]
pub struct Module {
    /// Dotted name of a module; of a program, its file's name without extension.
    pub name: String,
    pub version: Option<Version>,
    pub file: FileId,
    /// The character set of the literals (`@lowercase`, or chosen for a library).
    pub lowercase: bool,
    pub classes: IndexVec<ClassId, Class>,
    pub funcs: IndexVec<FuncId, Func>,
    pub data: IndexVec<DataId, Data>,
    /// `main` with its attributes; `None` in a library or imported module.
    pub main: Option<Main>,
    /// Defaults of singletons without `__init__`, to be run before `main`, in source order. Each
    /// takes no argument.
    pub startup: Vec<FuncId>,
    pub doc: Option<String>,
}

/// The entry of a program.
#[derive(Clone, Debug)]
pub struct Main {
    pub func: FuncId,
    pub kernal: bool,
    pub noreturn: bool,
    pub origin: Option<u16>,
    pub charset_rom: Option<u16>,
    pub cartridge: bool,
}

/// A class.
#[derive(Clone, Debug)]
pub struct Class {
    pub name: String,
    /// Link name: `Class` in a program, `module.Class` in a module.
    pub symbol: String,
    /// The module it was imported from.
    pub origin: Option<String>,
    pub parent: Option<ClassId>,
    /// With the parent's.
    pub size: u32,
    /// Its own properties in order; inherited ones are the parent's.
    pub fields: Vec<Field>,
    /// Its own methods in order (with `__init__`, `__str__`).
    pub methods: Vec<FuncId>,
    /// Applies all defaults, inherited and nested ones too; `None` when there are none. Called
    /// with the object's address (if the class has storage) wherever an object is initialised.
    pub defaults: Option<FuncId>,
    /// The one instance of a `@singleton` with storage.
    pub instance: Option<DataId>,
    pub singleton: bool,
    /// All properties are mapped, so that objects take no space and methods have no `self`.
    pub mapped_only: bool,
    pub span: Span,
    pub doc: Option<String>,
}

/// A property.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub ty: Type,
    pub storage: FieldStorage,
    pub span: Span,
}

/// Where a property lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldStorage {
    Offset(u32),
    Mapped {
        addr: u16,
        irq_safe: bool,
    },
    /// An initialised tuple, shared by all objects.
    Shared(DataId),
}

/// Static data.
#[derive(Clone, Debug)]
pub struct Data {
    /// The name in the source; empty for literals.
    pub name: String,
    /// Link name, unique in the program except that equal literals of one module are one datum.
    pub symbol: String,
    pub origin: Option<String>,
    /// Type of a place that names it.
    pub ty: Type,
    pub kind: DataKind,
    /// Contents; empty when imported. Of a tuple without the count word, of a literal with the
    /// length byte. `Singleton` is zero-filled at first.
    pub bytes: Vec<u8>,
    /// Size in bytes without a count word.
    pub size: u32,
    pub span: Span,
}

/// What a datum is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataKind {
    /// A string literal.
    Literal,
    /// Named or local read-only data of `count` elements, stored behind a word count.
    Tuple { count: u32 },
    /// Copied to `addr` at start-up, without a count; those of one address in order of `order`.
    /// Never removed.
    Relocated { addr: u16, order: u32, count: u32 },
    /// The instance of a singleton.
    Singleton(ClassId),
}

/// What a function is to the language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FuncKind {
    Plain,
    Method,
    Init,
    /// Made by the checker: `Class.__defaults__`.
    Defaults,
    Main,
}

/// A function or method.
#[derive(Clone, Debug)]
pub struct Func {
    pub name: String,
    /// Link name: `func` or `Class.method` in a program, with the module before it in a module.
    pub symbol: String,
    pub origin: Option<String>,
    pub kind: FuncKind,
    pub class: Option<ClassId>,
    /// With `self: alias[Class]` first, when the method needs one.
    pub params: Vec<Param>,
    /// True when the first parameter is `self`.
    pub has_self: bool,
    pub ret: Type,
    /// Parameters first, in order. Handlers: their register parameters are not here.
    pub locals: IndexVec<LocalId, Local>,
    /// `None` when imported or mapped.
    pub body: Option<Vec<Stmt>>,
    /// Lies at a fixed address; arguments in registers.
    pub mapped: Option<u16>,
    /// Body is assembly; no frame, arguments in registers.
    pub naked: bool,
    pub relocate: Option<Relocate>,
    pub irq: Option<IrqKind>,
    /// Nothing that it hands out outlives the next call: see `results.rs`.
    pub builds_result: bool,
    /// Not declared with a leading `_` (but `__init__` and `__str__` count), and not `main`.
    pub public: bool,
    pub name_span: Span,
    pub span: Span,
    pub doc: Option<String>,
}

/// `@relocate(addr)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Relocate {
    pub addr: u16,
    /// Position in the source among everything that is relocated.
    pub order: u32,
}

/// How an interrupt handler is entered and left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IrqKind {
    /// `@irq`: at its end the system's work follows; an explicit `return` leaves at once.
    Irq,
    /// `@irq_raw`
    Raw,
    /// `@irq_hook`
    Hook,
    /// `@irq_helper`: an ordinary function that only handlers call.
    Helper,
}

/// A parameter of a signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Param {
    pub name: String,
    pub ty: Type,
}

/// A parameter or variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Local {
    pub name: String,
    pub ty: Type,
    pub kind: LocalKind,
    pub span: Span,
}

/// What a local is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LocalKind {
    Param,
    Var,
    /// Made by the checker, such as the counter of a `for _`.
    Temp,
    /// The `cia1` of a handler: the first read on any path reads $DC0D, later ones that value.
    /// Writes are stores to a `Mapped` place.
    Cia1,
}

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

/// The forms of a statement. In each, values are evaluated before the index expressions of the
/// target.
#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind {
    /// A call for its effect; the value is dropped.
    Expr(Expr),
    /// A scalar, alias pointer or tuple pointer; `value` has the place's type.
    Assign {
        target: Place,
        value: Expr,
    },
    /// `target op= value`: the value, then the target's indices once, then the old value converted
    /// to `ty`, the operation in `ty`, and the result converted back. `value` has type `ty` (of a
    /// shift: an unsigned count).
    AssignOp {
        target: Place,
        op: BinOp,
        ty: Type,
        value: Expr,
    },
    /// A string; `value` may mention `target` (build it elsewhere unless `target` comes first and
    /// only there). Also `sprint`.
    StrAssign {
        target: Place,
        value: StrExpr,
    },
    /// `s += …`: the parts behind what `target` holds.
    StrAppend {
        target: Place,
        value: StrExpr,
    },
    /// `size` bytes from one place to another: array = array, object = object. The two may be the
    /// same place, but do not overlap otherwise.
    CopyBytes {
        target: Place,
        source: Place,
        size: u32,
    },
    /// array = tuple: the tuple's bytes, at most `max`. `source` has type `Tuple`.
    CopyTuple {
        target: Place,
        source: Expr,
        elem_size: u32,
        max: u32,
    },
    /// array[char, N] = string: the characters without the length, at most N.
    CharsFromStr {
        target: Place,
        value: StrExpr,
    },
    /// string = array[char, N]: to the first NUL or min(N, capacity).
    StrFromChars {
        target: Place,
        source: Place,
    },
    /// Elements 0.. of an array become `value`; `count` elements (any integral type), or all. The
    /// target comes last, but for `memfill`, whose arguments come in order.
    Fill {
        target: Place,
        value: Expr,
        count: Option<Expr>,
        target_first: bool,
    },
    /// The first elements of an array become `values`, all of the element's type; all are evaluated
    /// first. For an array of objects the target has been made an array of `Byte`.
    StoreList {
        target: Place,
        values: Vec<Expr>,
    },
    If {
        cond: Expr,
        then: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    While {
        cond: Expr,
        body: Vec<Stmt>,
    },
    For(Box<For>),
    /// `for _ in range(count)`; any integral type, negative counts as 0.
    Repeat {
        count: Expr,
        body: Vec<Stmt>,
    },
    Break,
    Continue,
    /// In an `@irq` function: leave the interrupt at once.
    Return(Option<Expr>),
    /// `print`, `printsep`: each argument is evaluated when its turn comes; the separator, once,
    /// before the first.
    Print {
        sep: Option<StrExpr>,
        args: Vec<StrExpr>,
    },
    Asm(Asm),
    Intrinsic(Intrinsic),
    BlockCopy(Box<BlockCopy>),
}

/// `for var in range(start, end, step)`: the values start, start+step, … below (with a negative
/// step, above) `end`, as exact numbers; `var` gets each before the body and keeps the last. Bounds
/// are evaluated once, start first.
#[derive(Clone, PartialEq, Debug)]
pub struct For {
    pub var: Place,
    /// Of the variable's type.
    pub start: Expr,
    pub end: Bound,
    /// Not 0.
    pub step: i64,
    pub body: Vec<Stmt>,
}

/// The end of a `for`.
#[derive(Clone, PartialEq, Debug)]
pub enum Bound {
    /// Any number, also one that the variable cannot hold (`range(256)`, `range(n, -1, -1)`).
    Const(i64),
    /// Of the variable's type.
    Value(Expr),
}

/// An `__asm__` block.
#[derive(Clone, PartialEq, Debug)]
pub struct Asm {
    pub text: String,
    /// Place of the text between the quotes, to which offsets in `text` are relative.
    pub text_span: Span,
    /// What the `{name}`s of the text mean, and the `__F_…`, `__C_…` symbols in it.
    pub names: BTreeMap<String, AsmRef>,
}

/// What a name in assembly stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsmRef {
    /// The address of a variable (of an alias: of the pointer).
    Local(LocalId),
    /// The address of data plus an offset.
    Data(DataId, u32),
    Func(FuncId),
    /// A constant, a property's offset or the address of a mapped variable.
    Const(i64),
}

/// Statements that stand for instructions.
#[derive(Clone, PartialEq, Debug)]
pub enum Intrinsic {
    Sei,
    Cli,
    Nop(u32),
    /// Installs a handler.
    SetIrq(FuncId),
    /// The line is a `Word`.
    EnableRasterIrq(Expr),
    DisableRasterIrq,
    /// The line is a `Word`.
    SetRaster(Expr),
}

/// `blkcpy`: `height` rows of `width` bytes. Offsets are `Word`, the rest `Byte`. The arguments
/// are evaluated in this order. Overlap is right in every direction.
#[derive(Clone, PartialEq, Debug)]
pub struct BlockCopy {
    pub source: Place,
    pub source_offset: Expr,
    pub source_stride: Expr,
    pub target: Place,
    pub target_offset: Expr,
    pub target_stride: Expr,
    pub width: Expr,
    pub height: Expr,
}

impl Module {
    /// Size in bytes of a type of this module.
    pub fn size_of(&self, ty: &Type) -> u32 {
        ty.size_with(&|class| self.classes.get(class).map_or(0, |c| c.size))
    }
}
