//! The types of PyCo: sizes, signs, ranges, and how two types meet.
//!
//! In: nothing but types. Out: facts about them. Invariant: every type but `Class` knows its size
//! by itself; the size of a class is in its `hir::Class`. Not here: which conversions are legal in
//! the source (`convert.rs`), layouts of classes (`class.rs`).

crate::define_id! {
    /// A class of a `hir::Module`, its own or imported.
    ClassId "class";
}

/// A type of the checked program.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// Of something already reported; silences follow-up errors.
    Error,
    /// The result of a function without `->`.
    Void,
    Bool,
    Char,
    Byte,
    SByte,
    Word,
    Int,
    DWord,
    Long,
    /// Signed 8.8 fixed point.
    F16,
    /// Signed 16.16 fixed point.
    F32,
    /// Microsoft binary format, four bytes.
    Float,
    /// A string with its capacity; `None` behind an alias that takes any string.
    Str(Option<u8>),
    /// Element type and count.
    Array(Box<Type>, u32),
    /// Read-only data with a word count before it. A variable of this type holds the address of
    /// the first element; the count is the word before that address.
    Tuple(Box<Type>),
    Class(ClassId),
    /// A pointer used as if it were the variable; never to another alias.
    Alias(Box<Type>),
}

use Type::*;

impl Type {
    /// `alias[self]`; an alias stays what it is.
    pub fn alias(self) -> Type {
        match self {
            Alias(_) | Error => self,
            other => Alias(Box::new(other)),
        }
    }

    /// What an alias points to, or the type itself.
    pub fn target(&self) -> &Type {
        match self {
            Alias(inner) => inner,
            other => other,
        }
    }

    /// True for `bool`, `char` and the six (with `dword`, `long` eight) integer types.
    pub fn is_integral(&self) -> bool {
        matches!(self, Bool | Char | Byte | SByte | Word | Int | DWord | Long)
    }

    /// True for `f16` and `f32`.
    pub fn is_fixed(&self) -> bool {
        matches!(self, F16 | F32)
    }

    /// True for integers, fixed point and `float`.
    pub fn is_scalar(&self) -> bool {
        self.is_integral() || self.is_fixed() || *self == Float
    }

    /// True for strings, arrays and objects: what is passed by `alias[…]` only.
    pub fn is_composite(&self) -> bool {
        matches!(self, Str(_) | Array(..) | Class(_))
    }

    /// True for what `+ n` and comparisons see as a string.
    pub fn is_string(&self) -> bool {
        matches!(self, Str(_))
    }

    /// True for the byte-sized types that stand for a character.
    pub fn is_byte_like(&self) -> bool {
        matches!(self, Char | Byte)
    }

    /// True when negative values exist.
    pub fn is_signed(&self) -> bool {
        matches!(self, SByte | Int | Long | F16 | F32 | Float)
    }

    /// Width in bytes of a scalar or pointer; 0 for everything else.
    pub fn width(&self) -> u32 {
        match self {
            Bool | Char | Byte | SByte => 1,
            Word | Int | F16 | Alias(_) | Tuple(_) => 2,
            DWord | Long | F32 | Float => 4,
            _ => 0,
        }
    }

    /// Size in bytes; `class_size` supplies that of a class. A `Tuple` counts as the pointer that
    /// a variable of it is; a string without capacity as the largest.
    pub fn size_with(&self, class_size: &impl Fn(ClassId) -> u32) -> u32 {
        match self {
            Str(capacity) => capacity.map_or(256, |n| u32::from(n) + 1),
            Array(elem, n) => elem.size_with(class_size).saturating_mul(*n),
            Class(id) => class_size(*id),
            other => other.width(),
        }
    }

    /// Smallest and largest value of an integral type; for fixed point, of the raw value.
    pub fn range(&self) -> Option<(i64, i64)> {
        Some(match self {
            Bool | Char | Byte => (0, 0xFF),
            SByte => (-0x80, 0x7F),
            Word | Alias(_) | Tuple(_) => (0, 0xFFFF),
            Int | F16 => (-0x8000, 0x7FFF),
            DWord => (0, 0xFFFF_FFFF),
            Long | F32 => (-0x8000_0000, 0x7FFF_FFFF),
            _ => return None,
        })
    }

    /// True when `value` is one of this integral type.
    pub fn holds(&self, value: i64) -> bool {
        self.range().is_some_and(|(lo, hi)| (lo..=hi).contains(&value))
    }

    /// `value` cut to the width of this integral type and read by its sign.
    pub fn wrap(&self, value: i64) -> i64 {
        match self {
            SByte => i64::from(value as i8),
            Bool | Char | Byte => i64::from(value as u8),
            Int | F16 => i64::from(value as i16),
            Word | Alias(_) | Tuple(_) => i64::from(value as u16),
            Long | F32 => i64::from(value as i32),
            DWord => i64::from(value as u32),
            _ => value,
        }
    }

    /// The type in which arithmetic sees this one: `char` and `bool` count as `byte`.
    pub fn arithmetic(&self) -> Type {
        match self {
            Bool | Char => Byte,
            other => other.clone(),
        }
    }

    /// The unsigned integer type of the same width.
    pub fn unsigned(&self) -> Type {
        integer(self.width(), false)
    }

    /// The smallest of `byte`, `word`, `dword` (for a negative value `sbyte`, `int`, `long`) that
    /// holds `value`; `None` when none does.
    pub fn smallest_for(value: i64) -> Option<Type> {
        let candidates = if value < 0 { [SByte, Int, Long] } else { [Byte, Word, DWord] };
        candidates.into_iter().find(|t| t.holds(value))
    }

    /// The scalar type of a name in the source.
    pub fn scalar_named(name: &str) -> Option<Type> {
        SCALARS.iter().find(|(n, _)| *n == name).map(|(_, t)| t.clone())
    }
}

/// The scalar types with their names in the source.
pub const SCALARS: &[(&str, Type)] = &[
    ("bool", Bool),
    ("char", Char),
    ("byte", Byte),
    ("sbyte", SByte),
    ("word", Word),
    ("int", Int),
    ("dword", DWord),
    ("long", Long),
    ("f16", F16),
    ("f32", F32),
    ("float", Float),
];

/// The integer type of a width in bytes and a sign.
pub fn integer(width: u32, signed: bool) -> Type {
    match (width, signed) {
        (1, false) => Byte,
        (1, true) => SByte,
        (2, false) => Word,
        (2, true) => Int,
        (4, false) => DWord,
        (4, true) => Long,
        _ => Error,
    }
}

/// How two integer types meet in an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meet {
    /// One type holds all values of both.
    Exact(Type),
    /// None of the two does: `+ - * & | ^ == !=` work on this unsigned type, the operators that
    /// depend on the sign are errors.
    Unsigned(Type),
}

/// The type in which an operation on two integer types computes.
pub fn meet(a: &Type, b: &Type) -> Meet {
    let (a, b) = (a.arithmetic(), b.arithmetic());
    if a.is_signed() == b.is_signed() {
        return Meet::Exact(if a.width() >= b.width() { a } else { b });
    }
    let (signed, unsigned) = if a.is_signed() { (a, b) } else { (b, a) };
    if signed.width() > unsigned.width() { Meet::Exact(signed) } else { Meet::Unsigned(unsigned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrower_extends_and_signs_meet() {
        assert_eq!(meet(&Byte, &Word), Meet::Exact(Word));
        assert_eq!(meet(&Char, &Bool), Meet::Exact(Byte));
        assert_eq!(meet(&Int, &Byte), Meet::Exact(Int), "int holds every byte");
        assert_eq!(meet(&Word, &Int), Meet::Unsigned(Word));
        assert_eq!(meet(&SByte, &DWord), Meet::Unsigned(DWord));
        assert_eq!(meet(&Long, &Word), Meet::Exact(Long));
    }

    #[test]
    fn literals_take_the_smallest_type() {
        assert_eq!(Type::smallest_for(255), Some(Byte));
        assert_eq!(Type::smallest_for(256), Some(Word));
        assert_eq!(Type::smallest_for(-129), Some(Int));
        assert_eq!(Type::smallest_for(0x1_0000_0000), None);
    }

    #[test]
    fn wrap_reads_by_sign() {
        assert_eq!(SByte.wrap(200), -56);
        assert_eq!(Word.wrap(-1), 65535);
        assert_eq!(Long.wrap(0xFFFF_FFFF), -1);
    }
}
