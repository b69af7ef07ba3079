//! The syntax tree of one source file.
//!
//! In: built by `parse/`. Out: read by `sema/`, `print.rs` and the editor services.
//! Invariant: a tree always exists; a part that could not be read is an `Error` node, already
//! reported, on which later phases stay silent. Blocks are at most `parse::MAX_DEPTH` and
//! expressions at most `parse::MAX_CHAIN` levels deep, so recursive visitors need no guard.
//! Not here: types, ids, constant values, target codes.

use crate::base::source::{FileId, Span};

/// A name where it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ident {
    pub name: String,
    pub span: Span,
}

/// A name with an optional module prefix: `Sprite` or `gfx.Sprite`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    pub module: Option<Ident>,
    pub name: Ident,
    pub span: Span,
}

/// A whole file.
#[derive(Clone, PartialEq, Debug)]
pub struct Module {
    pub file: FileId,
    pub doc: Option<Docstring>,
    /// The `module NAME@VERSION` statement.
    pub header: Option<ModuleStmt>,
    /// Everything else in source order.
    pub items: Vec<Item>,
    /// All comments in source order, for the formatter.
    pub comments: Vec<Comment>,
    pub span: Span,
}

/// A comment from `#` to the end of its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comment {
    pub text: String,
    pub span: Span,
}

/// The text between the triple quotes of a docstring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Docstring {
    pub text: String,
    pub span: Span,
}

/// `module math@1.2`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleStmt {
    pub path: ModulePath,
    pub version: Option<Version>,
    pub span: Span,
}

/// A dotted module name; never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModulePath {
    pub parts: Vec<Ident>,
    pub span: Span,
}

/// `MAJOR[.MINOR[.PATCH]]`; missing parts are 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
    pub span: Span,
}

/// How a version constraint compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VersionOp {
    /// No sign: exactly this version.
    Exact,
    Gt,
    Ge,
    Lt,
    Le,
}

/// The `>=1.0` of `from m@>=1.0 import x`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionSpec {
    pub op: VersionOp,
    pub version: Version,
    /// As written after the `@`, for messages.
    pub text: String,
    pub span: Span,
}

/// What stands at module level.
#[derive(Clone, PartialEq, Debug)]
pub enum Item {
    Import(Import),
    Include(Include),
    Const(ConstDef),
    /// `name: type [= value]` at module level; only tuples, relocated tuples and mapped variables
    /// are legal, which the checker decides.
    Data(VarDecl),
    Func(FuncDef),
    Class(ClassDef),
    Error(Span),
}

/// `from a.b@>=1.0 import x, y`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    pub path: ModulePath,
    pub version: Option<VersionSpec>,
    /// Empty with `wildcard`, or after a reported error.
    pub names: Vec<Ident>,
    /// The `*` of `from m import *`, which the checker rejects because its message lists the
    /// names that the module exports.
    pub wildcard: Option<Span>,
    pub span: Span,
}

/// `include("name")`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Include {
    pub name: String,
    pub name_span: Span,
    pub span: Span,
}

/// `NAME = value` at module level. That the name is in upper case was checked.
#[derive(Clone, PartialEq, Debug)]
pub struct ConstDef {
    pub name: Ident,
    pub value: Expr,
    pub span: Span,
}

/// `name: type [= value]`: a local variable, a property, or module-level data.
#[derive(Clone, PartialEq, Debug)]
pub struct VarDecl {
    pub name: Ident,
    pub ty: TypeExpr,
    pub value: Option<Expr>,
    pub span: Span,
}

/// `@name` or `@name(args)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Decorator {
    pub name: Ident,
    pub args: Vec<Expr>,
    pub span: Span,
}

/// A function or method.
#[derive(Clone, PartialEq, Debug)]
pub struct FuncDef {
    pub decorators: Vec<Decorator>,
    pub name: Ident,
    pub params: Vec<Param>,
    pub ret: Option<TypeExpr>,
    pub doc: Option<Docstring>,
    pub body: FuncBody,
    /// From `def` to the colon.
    pub head_span: Span,
    /// With the decorators and the body.
    pub span: Span,
}

/// What follows the colon of a `def`.
#[derive(Clone, PartialEq, Debug)]
pub enum FuncBody {
    /// `...`, a declaration without implementation.
    Declared(Span),
    Block(Block),
    /// Parameters and result are unreadable, so nothing can be said about the body either.
    Unknown,
}

/// `name: type` in a parameter list.
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    pub name: Ident,
    pub ty: TypeExpr,
    pub span: Span,
}

/// `class C(P):`.
#[derive(Clone, PartialEq, Debug)]
pub struct ClassDef {
    pub decorators: Vec<Decorator>,
    pub name: Ident,
    pub parent: Option<Path>,
    pub doc: Option<Docstring>,
    pub members: Vec<Member>,
    /// From `class` to the colon.
    pub head_span: Span,
    /// With the decorators and the body.
    pub span: Span,
}

/// What stands in a class.
#[derive(Clone, PartialEq, Debug)]
pub enum Member {
    Property(VarDecl),
    Method(FuncDef),
    Error(Span),
}

/// A type as written.
#[derive(Clone, PartialEq, Debug)]
pub struct TypeExpr {
    pub kind: TypeKind,
    pub span: Span,
}

/// The forms of a type.
#[derive(Clone, PartialEq, Debug)]
pub enum TypeKind {
    /// A scalar type or a class: `byte`, `Player`, `gfx.Sprite`.
    Named(Path),
    /// `string` or `string[N]`.
    String { capacity: Option<Box<Expr>> },
    /// `array[T, N]`; without `N` only after a reported error or behind `alias[…]`.
    Array { elem: Box<TypeExpr>, len: Option<Box<Expr>> },
    /// `tuple[T]`.
    Tuple(Box<TypeExpr>),
    /// `alias[T]`.
    Alias(Box<TypeExpr>),
    /// `T[addr]`, for scalars, arrays and strings.
    Mapped { inner: Box<TypeExpr>, addr: Box<Expr> },
    /// `irq_safe[T[addr]]`.
    IrqSafe(Box<TypeExpr>),
    /// `relocate[tuple[T], addr]`.
    Relocate { inner: Box<TypeExpr>, addr: Box<Expr> },
    /// Not readable; already reported.
    Error,
}

/// An indented block, or the simple statements after a colon. It has no statements when it
/// consists of a docstring only.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    pub span: Span,
}

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

/// The forms of a statement.
#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind {
    /// An expression for its effect; the checker allows calls only.
    Expr(Expr),
    Assign {
        target: Expr,
        value: Expr,
    },
    AugAssign {
        target: Expr,
        op: BinOp,
        op_span: Span,
        value: Expr,
    },
    Decl(VarDecl),
    /// `if` and its `elif`s in order; never empty.
    If {
        arms: Vec<IfArm>,
        otherwise: Option<Block>,
    },
    While {
        cond: Expr,
        body: Block,
    },
    For {
        var: Ident,
        range: Range,
        body: Block,
    },
    Break,
    Continue,
    Pass,
    Return(Option<Expr>),
    Asm(AsmBlock),
    /// Not readable; already reported.
    Error,
}

/// One condition with its block.
#[derive(Clone, PartialEq, Debug)]
pub struct IfArm {
    pub cond: Expr,
    pub body: Block,
    pub span: Span,
}

/// `range(end)`, `range(start, end)` or `range(start, end, step)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Range {
    pub start: Option<Expr>,
    pub end: Expr,
    pub step: Option<Expr>,
    pub span: Span,
}

/// `__asm__("""text""")`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AsmBlock {
    /// Exactly the source text of `text_span`, so that offsets in it map back to the file.
    pub text: String,
    pub text_span: Span,
}

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    Int(u64),
    Float(f64),
    Bool(bool),
    Str(StrLit),
    /// A variable, constant, function, class, module prefix or scalar type (`byte(x)`,
    /// `byte[addr]`).
    Name(String),
    /// `self`, legal before a dot only.
    SelfRef,
    /// `super`, legal before a dot only.
    SuperRef,
    /// `base.name`.
    Attr {
        base: Box<Expr>,
        name: Ident,
    },
    /// `base[index]`; also `byte[addr]`, where the base is the name of a type.
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    Call {
        callee: Box<Expr>,
        args: Vec<Expr>,
    },
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Compare {
        op: CompareOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Logic {
        op: LogicOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `(a, b)`, `(a,)` or `()`.
    Tuple(Vec<Expr>),
    /// `[v]`, the fill of an array; always one value.
    Fill(Box<Expr>),
    /// `(e)`.
    Paren(Box<Expr>),
    /// Not readable; already reported.
    Error,
}

/// Which code table a literal uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StrKind {
    /// `"…"`: PETSCII.
    Petscii,
    /// `s"…"`: VIC screen codes.
    Screen,
    /// `'X'`: one PETSCII character, never a string.
    Char,
}

/// A string or character literal; adjacent literals are already joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StrLit {
    pub kind: StrKind,
    /// The decoded contents, each with its place.
    pub parts: Vec<(StrPart, Span)>,
}

/// One character of a literal. The target code of a `Char` depends on the kind of the literal
/// and on `@lowercase`, so the checker chooses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StrPart {
    Char(char),
    /// From an escape with a fixed code: `\n` is $0D, `\0`, `\xHH`.
    Byte(u8),
}

/// Operators with one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    Neg,
    Plus,
    /// `~`
    Invert,
    Not,
}

/// Arithmetic operators; those of augmented assignments are all but `Pow`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Pow,
}

/// Comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// `and`, `or`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogicOp {
    And,
    Or,
}

impl Item {
    /// The place of the whole item.
    pub fn span(&self) -> Span {
        match self {
            Item::Import(x) => x.span,
            Item::Include(x) => x.span,
            Item::Const(x) => x.span,
            Item::Data(x) => x.span,
            Item::Func(x) => x.span,
            Item::Class(x) => x.span,
            Item::Error(span) => *span,
        }
    }
}

impl Expr {
    /// The expression without the parentheses around it.
    pub fn unparenthesised(&self) -> &Expr {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }
}

impl ModulePath {
    /// `a.b` as written.
    pub fn dotted(&self) -> String {
        self.parts.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(".")
    }

    /// The last part, which is the prefix in the program.
    pub fn prefix(&self) -> &Ident {
        &self.parts[self.parts.len() - 1]
    }
}

impl UnaryOp {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            UnaryOp::Neg => "-",
            UnaryOp::Plus => "+",
            UnaryOp::Invert => "~",
            UnaryOp::Not => "not",
        }
    }
}

impl BinOp {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Mul => "*",
            BinOp::Div => "/",
            BinOp::Rem => "%",
            BinOp::And => "&",
            BinOp::Or => "|",
            BinOp::Xor => "^",
            BinOp::Shl => "<<",
            BinOp::Shr => ">>",
            BinOp::Pow => "**",
        }
    }
}

impl CompareOp {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        }
    }
}

impl LogicOp {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            LogicOp::And => "and",
            LogicOp::Or => "or",
        }
    }
}
