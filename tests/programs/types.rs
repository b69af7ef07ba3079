//! The scalar types as the generator sees them, and what is in scope.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ty {
    Bool,
    Char,
    Byte,
    SByte,
    Word,
    Int,
    DWord,
    Long,
    F16,
    F32,
    Float,
}

use Ty::*;

pub const SCALARS: [Ty; 11] = [Bool, Char, Byte, SByte, Word, Int, DWord, Long, F16, F32, Float];
pub const INTEGERS: [Ty; 6] = [Byte, SByte, Word, Int, DWord, Long];

impl Ty {
    pub fn name(self) -> &'static str {
        match self {
            Bool => "bool",
            Char => "char",
            Byte => "byte",
            SByte => "sbyte",
            Word => "word",
            Int => "int",
            DWord => "dword",
            Long => "long",
            F16 => "f16",
            F32 => "f32",
            Float => "float",
        }
    }

    /// Integers, `bool` and `char`: what converts silently.
    pub fn is_integral(self) -> bool {
        !matches!(self, F16 | F32 | Float)
    }

    pub fn is_signed(self) -> bool {
        matches!(self, SByte | Int | Long)
    }

    pub fn width(self) -> u32 {
        match self {
            Bool | Char | Byte | SByte => 1,
            Word | Int | F16 => 2,
            DWord | Long | F32 | Float => 4,
        }
    }

    /// The smallest and the largest integer.
    pub fn range(self) -> (i64, i64) {
        let bits = self.width() * 8;
        if self.is_signed() { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
    }
}

/// A scalar variable.
#[derive(Clone)]
pub struct Var {
    pub path: String,
    pub ty: Ty,
    /// Not a counter of a loop that is running.
    pub assignable: bool,
    pub mapped: bool,
}

#[derive(Clone)]
pub struct Array {
    pub path: String,
    pub elem: Ty,
    pub len: usize,
    pub mapped: bool,
    /// Read-only.
    pub tuple: bool,
    /// An alias that may lie anywhere in another array.
    pub view: bool,
}

impl Array {
    pub fn plain(path: String, elem: Ty, len: usize) -> Self {
        Array { path, elem, len, mapped: false, tuple: false, view: false }
    }

    pub fn mapped(path: String, elem: Ty, len: usize) -> Self {
        Array { mapped: true, ..Self::plain(path, elem, len) }
    }

    pub fn tuple(path: String, elem: Ty, len: usize) -> Self {
        Array { tuple: true, ..Self::plain(path, elem, len) }
    }

    pub fn view(path: String, elem: Ty, len: usize) -> Self {
        Array { view: true, ..Self::plain(path, elem, len) }
    }

    /// What an index is cut to by `&`, so that it stays in bounds.
    pub fn mask(&self) -> usize {
        mask(self.len)
    }

    /// A tuple with a count before it, so that a pointer can be set to it.
    pub fn is_tuple_value(&self) -> bool {
        self.tuple && !self.path.starts_with('R')
    }

    /// Bytes of it may be those of another array.
    pub fn is_free(&self) -> bool {
        !self.mapped && !self.tuple
    }
}

/// The largest number of ones below `len`.
pub fn mask(len: usize) -> usize {
    (1 << len.max(1).ilog2()) - 1
}

#[derive(Clone)]
pub struct Text {
    pub path: String,
    pub capacity: usize,
    /// Only read.
    pub fixed: bool,
}

impl Text {
    pub fn variable(path: String, capacity: usize) -> Self {
        Text { path, capacity, fixed: false }
    }
}

/// An object, an alias of one, or with `index` an array of them.
#[derive(Clone)]
pub struct Object {
    pub path: String,
    pub class: usize,
    /// Elements, when it is an array of objects.
    pub count: Option<usize>,
    pub is_alias: bool,
}

/// What expressions and statements can name.
#[derive(Clone, Default)]
pub struct Scope {
    pub vars: Vec<Var>,
    pub arrays: Vec<Array>,
    pub texts: Vec<Text>,
    pub objects: Vec<Object>,
    /// Aliases of scalars, which are also in `vars`.
    pub pointers: Vec<(String, Ty)>,
}
