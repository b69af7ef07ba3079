//! Compile-time values before they have a type.
//!
//! In: made by `consteval.rs` from literals and named constants. Out: the type their use asks for
//! (`convert.rs`). Invariant: integers are exact, a value never depends on where it is used.

/// A constant that has not taken a type yet.
#[derive(Clone, PartialEq, Debug)]
pub enum Const {
    Int(i128),
    Bool(bool),
    /// `'X'`; a one-character `"X"` is a `Str`.
    Char(u8),
    Float(f64),
    /// Target codes, without length.
    Str(Vec<u8>),
    Tuple(Vec<Const>),
}

impl Const {
    /// The value as an exact integer, for integers, `bool` and characters.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Const::Int(value) => Some(*value),
            Const::Bool(value) => Some(i128::from(*value)),
            Const::Char(code) => Some(i128::from(*code)),
            _ => None,
        }
    }

    /// The code of a character or of a string of one character.
    pub fn as_char(&self) -> Option<u8> {
        match self {
            Const::Char(code) => Some(*code),
            Const::Str(text) => match text.as_slice() {
                [code] => Some(*code),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value as a number with fraction.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Const::Float(value) => Some(*value),
            other => other.as_int().map(|v| v as f64),
        }
    }

    /// What it is, in the user's words.
    pub fn describe(&self) -> &'static str {
        match self {
            Const::Int(_) => "an integer",
            Const::Bool(_) => "a bool",
            Const::Char(_) => "a character",
            Const::Float(_) => "a float",
            Const::Str(_) => "a string",
            Const::Tuple(_) => "a list of values",
        }
    }
}
