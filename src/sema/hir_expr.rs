//! The typed tree, lower half: expressions, places, strings.
//!
//! In: made by `expr.rs`, `place.rs`, `strings.rs`. Out: read by `lower/`. Invariants, for a module
//! whose check reported no error:
//! - every conversion is a `Convert` node; both operands of `Binary` have the node's type, those of
//!   `Compare` an equal type whose sign is the comparison's;
//! - what can be folded is folded; no `ExprKind::Error` and no type `Error` is left;
//! - a place of type `Alias(T)` is the pointer itself; what it points to is a `Deref` place of `T`;
//! - evaluation is left to right, depth first, as the nodes are nested.
//!
//! Not here: statements and tables (`hir.rs`).

use crate::base::source::Span;
use crate::sema::hir::{DataId, FuncId, LocalId};
use crate::sema::types::Type;

/// A typed expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// Of something already reported.
    Error,
    /// A constant of an integral type, a raw fixed-point value, or a constant address of an alias;
    /// always within the range of the type.
    Int(i64),
    /// A `float` constant: exponent, then sign and mantissa, most significant byte first.
    Float([u8; 4]),
    /// The value of a scalar, alias or tuple-pointer place.
    Load(Place),
    /// The address of a place: type `Word`, `Alias(T)` or, of tuple data, `Tuple(T)` (the address
    /// of the first element).
    AddrOf(Place),
    /// The address of a function, type `Word`.
    FuncAddr(FuncId),
    /// The operand brought to the type of the node: between integers truncation, reinterpretation
    /// or extension by the operand's sign; from `float` and fixed point toward zero; to `Bool` from
    /// an integer the low byte (the whole-value form is `Test`). `Word` and pointers convert freely.
    Convert(Box<Expr>),
    /// Minus, wrapping.
    Neg(Box<Expr>),
    /// `~`
    Invert(Box<Expr>),
    /// Arithmetic. Of a shift only the left operand has the node's type; the count is unsigned.
    Binary(BinOp, Box<Expr>, Box<Expr>),
    /// A comparison of two scalars or addresses of one type, giving `Bool` 0 or 1.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// A comparison of two strings by character codes, then length.
    StrCompare(CompareOp, Box<StrExpr>, Box<StrExpr>),
    /// `Bool` 1 when the whole value of the scalar operand is non-zero.
    Test(Box<Expr>),
    /// Of a `Bool` condition, as the operands of `And` and `Or` are; the result is 0 or 1.
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    /// A call. A method with `self` has the object's address as first argument. Arguments have the
    /// parameter's type.
    Call(FuncId, Vec<Expr>),
    /// The count of a tuple behind a pointer, type `Word`.
    TupleLen(Box<Expr>),
    /// A string built into a temporary that lives to the end of the statement; its address, type
    /// `Alias(Str(_))`.
    StrTemp(Box<StrExpr>),
    /// A built-in function.
    Builtin(Builtin, Vec<Expr>),
}

/// Arithmetic operators. The type of the node decides width, sign and whether it is fixed point
/// or `float`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
}

/// Comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Built-in functions with a scalar result that are not plain operators.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Builtin {
    /// `getkey()`: the next character of the keyboard buffer or 0.
    GetKey,
    /// `waitkey()`
    WaitKey,
    /// One signed operand; the result is the unsigned type of the same width (`float`, fixed point:
    /// the same type).
    Abs,
    /// Two operands of the node's type.
    Min,
    Max,
    /// `__get_raster__()`, type `Word`.
    GetRaster,
}

/// Something in memory.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    pub kind: PlaceKind,
    pub ty: Type,
    pub span: Span,
}

/// The forms of a place.
#[derive(Clone, PartialEq, Debug)]
pub enum PlaceKind {
    /// Of something already reported.
    Error,
    /// A parameter or variable of the function.
    Local(LocalId),
    /// A string literal, tuple data or the instance of a singleton. Of tuple data, the elements
    /// (the count word lies before the place).
    Data(DataId),
    /// What an address points to. `address` has type `Alias(ty)`, `Tuple(elem)` or `Word`.
    Deref(Box<Expr>),
    /// A part at a constant distance: a property, or (offset 0, type `Byte`) the length of a
    /// string.
    Field { base: Box<Place>, offset: u32 },
    /// An element of an array, tuple or string, by the type of `base`.
    Index { base: Box<Place>, index: Box<Index> },
    /// A fixed or computed hardware address: every read and write is one real access, in order.
    Mapped { addr: Box<Expr>, irq_safe: bool },
}

/// What a place is a part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Root {
    Local(LocalId),
    Data(DataId),
    /// What a pointer leads to.
    Pointer,
    Mapped,
}

/// Which element.
#[derive(Clone, PartialEq, Debug)]
pub enum Index {
    /// Counted from the start; any integral type, a signed one as an exact signed number. Character
    /// i of a string lies at its address + 1 + i.
    At(Expr),
    /// Of a string: character `len - n`, n ≥ 1. (A negative constant index of an array has become
    /// an `At`.)
    FromEnd(u32),
}

/// A string value: the parts one after the other.
#[derive(Clone, PartialEq, Debug)]
pub struct StrExpr {
    pub parts: Vec<StrPart>,
    pub span: Span,
}

/// One part of a string value.
#[derive(Clone, PartialEq, Debug)]
pub enum StrPart {
    /// A string in memory; literals are `Data` places.
    Str(Place),
    /// A value as `print` shows it, by its type; a `Char` is that one character. With `decimals`
    /// (type `Byte`) as `str(x, n)`.
    Value { value: Expr, decimals: Option<Expr> },
    /// The inner parts, evaluated once, `count` times (any integral type; negative counts as 0).
    Repeat { parts: Vec<StrPart>, count: Box<Expr> },
}

impl Expr {
    /// The value of an integer constant.
    pub fn as_int(&self) -> Option<i64> {
        match self.kind {
            ExprKind::Int(value) => Some(value),
            _ => None,
        }
    }
}

impl Place {
    /// True when accesses must happen exactly as written: the place lies in a mapped variable.
    pub fn is_volatile(&self) -> bool {
        match &self.kind {
            PlaceKind::Mapped { .. } => true,
            PlaceKind::Field { base, .. } | PlaceKind::Index { base, .. } => base.is_volatile(),
            _ => false,
        }
    }

    /// What the place is a part of.
    pub fn root(&self) -> Root {
        match &self.kind {
            PlaceKind::Local(local) => Root::Local(*local),
            PlaceKind::Data(data) => Root::Data(*data),
            PlaceKind::Mapped { .. } => Root::Mapped,
            PlaceKind::Field { base, .. } | PlaceKind::Index { base, .. } => base.root(),
            PlaceKind::Deref(address) => match &address.kind {
                ExprKind::AddrOf(inner) => inner.root(),
                _ => Root::Pointer,
            },
            PlaceKind::Error => Root::Pointer,
        }
    }
}

impl StrExpr {
    /// The place, when the value is just one string in memory.
    pub fn as_place(&self) -> Option<&Place> {
        match self.parts.as_slice() {
            [StrPart::Str(place)] => Some(place),
            _ => None,
        }
    }
}
