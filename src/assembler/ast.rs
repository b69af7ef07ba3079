//! Statements and expressions of assembly text, as parsed.
//!
//! Every node has its byte range in the text. Nothing is evaluated or checked here.

use std::ops::Range;

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    pub range: Range<usize>,
    pub kind: StmtKind,
}

/// What a statement does.
#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind {
    /// `name:`
    Label(String),
    /// `!name:` or `!:` (empty name)
    MultiLabel(String),
    Inst {
        name: String,
        name_range: Range<usize>,
        /// What stands behind a dot: `lda.abs`.
        suffix: Option<(String, Range<usize>)>,
        operand: Operand,
    },
    /// `.byte`, `.text`
    Byte(Vec<Expr>),
    Word(Vec<Expr>),
    Dword(Vec<Expr>),
    Fill {
        count: Expr,
        value: Vec<Expr>,
    },
    /// `.const`, `.var`, `.label`, `.zp`; `again`: `.eval`
    Define {
        name: String,
        name_range: Range<usize>,
        value: Expr,
        again: bool,
    },
    Encoding(String, Range<usize>),
    Align(Expr),
    If {
        condition: Expr,
        then: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    /// `.routine`, `.data`, `.rodata`, `.bss`: only in run-time files.
    Chunk {
        kind: String,
        symbol: String,
        size: Option<Expr>,
        /// Of a `.bss`: a power of two.
        align: Option<Expr>,
    },
}

/// An operand as written; the mnemonic and the value decide the mode.
#[derive(Clone, PartialEq, Debug)]
pub enum Operand {
    None,
    /// `asl a`
    A(Range<usize>),
    Immediate(Expr),
    Direct(Expr),
    X(Expr),
    Y(Expr),
    /// `(e)`
    Indirect(Expr),
    /// `(e,x)`
    IndirectX(Expr),
    /// `(e),y`
    IndirectY(Expr),
}

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub range: Range<usize>,
    pub kind: ExprKind,
}

/// What an expression means.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    Number(i64),
    Char(char),
    Text(String),
    Name(String),
    /// `!name+`: how many definitions ahead (positive) or back.
    MultiLabel(String, i32),
    /// `*`
    Here,
    /// `{name}`, `{Class.property}`
    Interpolation(String),
    Call(String, Vec<Expr>),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
}
