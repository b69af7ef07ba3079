//! Values of assembly expressions.
//!
//! In: an expression and a lookup for its names. Out: a number, an address that the linker will
//! know, or a text. Invariant: total; an address only takes part in sums, differences, `<` and `>`,
//! because that is all a relocation can express. Not here: what the names mean (`assemble`).

use crate::assembler::AsmError;
use crate::assembler::ast::{Expr, ExprKind};
use crate::mos::item::{Part, Symbol};
use std::ops::Range;

/// The value of an expression.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Number(i64),
    Address {
        symbol: Symbol,
        addend: i64,
        part: Part,
        /// Whether it is known to lie in the zero page, or known not to.
        zero_page: Option<bool>,
    },
    Text(String),
}

/// Gives names and literals their values. An error has been reported when it returns `None`.
pub trait Lookup {
    fn name(&mut self, name: &str, range: &Range<usize>) -> Option<Value>;
    fn multi_label(&mut self, name: &str, steps: i32, range: &Range<usize>) -> Option<Value>;
    fn here(&mut self) -> Option<Value>;
    fn interpolation(&mut self, path: &str, range: &Range<usize>) -> Option<Value>;
    fn character(&mut self, c: char, range: &Range<usize>) -> Option<u8>;
    fn defined(&mut self, name: &str) -> bool;
    /// The bytes from one label to another.
    fn distance(&mut self, from: &Symbol, to: &Symbol) -> Option<i64>;
    fn error(&mut self, error: AsmError);
}

/// Evaluates `expr`; `None` after an error, which has been reported.
pub fn eval(expr: &Expr, lookup: &mut dyn Lookup) -> Option<Value> {
    let range = &expr.range;
    match &expr.kind {
        ExprKind::Number(value) => Some(Value::Number(*value)),
        ExprKind::Char(c) => lookup.character(*c, range).map(|b| Value::Number(i64::from(b))),
        ExprKind::Text(text) => Some(Value::Text(text.clone())),
        ExprKind::Name(name) => lookup.name(name, range),
        ExprKind::MultiLabel(name, steps) => lookup.multi_label(name, *steps, range),
        ExprKind::Here => lookup.here(),
        ExprKind::Interpolation(path) => lookup.interpolation(path, range),
        ExprKind::Call(name, arguments) => call(name, arguments, range, lookup),
        ExprKind::Unary(sign, inner) => {
            let value = eval(inner, lookup)?;
            unary(sign, value, range, lookup)
        }
        ExprKind::Binary(sign, left, right) => {
            let (a, b) = (eval(left, lookup), eval(right, lookup));
            binary(sign, a?, b?, range, lookup)
        }
    }
}

/// Evaluates to a number; an address is an error, for its value is not known yet.
pub fn eval_number(expr: &Expr, lookup: &mut dyn Lookup) -> Option<i64> {
    let value = eval(expr, lookup)?;
    number(value, &expr.range, lookup)
}

fn number(value: Value, range: &Range<usize>, lookup: &mut dyn Lookup) -> Option<i64> {
    match value {
        Value::Number(n) => return Some(n),
        Value::Text(text) if text.chars().count() == 1 => {
            let c = text.chars().next().unwrap_or(' ');
            return lookup.character(c, range).map(i64::from);
        }
        Value::Text(_) => {
            lookup.error(AsmError::new(range.clone(), "A number is needed here, not a string"));
        }
        Value::Address { .. } => {
            let message = "A number is needed here, but the address is only known when the program is linked";
            lookup.error(AsmError::new(range.clone(), message));
        }
    }
    None
}

fn unary(sign: &str, value: Value, range: &Range<usize>, lookup: &mut dyn Lookup) -> Option<Value> {
    if let (Value::Address { symbol, addend, part: Part::Word, zero_page }, "<" | ">") = (&value, sign) {
        let part = if sign == "<" { Part::Lo } else { Part::Hi };
        let (symbol, addend, zero_page) = (symbol.clone(), *addend, *zero_page);
        return Some(Value::Address { symbol, addend, part, zero_page });
    }
    let n = number(value, range, lookup)?;
    Some(Value::Number(match sign {
        "<" => n & 0xff,
        ">" => n >> 8 & 0xff,
        "-" => n.wrapping_neg(),
        "~" => !n,
        _ => i64::from(n == 0),
    }))
}

fn binary(
    sign: &str,
    left: Value,
    right: Value,
    range: &Range<usize>,
    lookup: &mut dyn Lookup,
) -> Option<Value> {
    use Value::{Address, Number, Text};
    match (sign, left, right) {
        ("+", Text(a), Text(b)) => Some(Text(a + &b)),
        ("+", Address { symbol, addend, part: Part::Word, zero_page }, Number(n))
        | ("+", Number(n), Address { symbol, addend, part: Part::Word, zero_page }) => {
            Some(Address { symbol, addend: addend.wrapping_add(n), part: Part::Word, zero_page })
        }
        ("-", Address { symbol, addend, part: Part::Word, zero_page }, Number(n)) => {
            Some(Address { symbol, addend: addend.wrapping_sub(n), part: Part::Word, zero_page })
        }
        (
            "-" | "==" | "!=" | "<" | "<=" | ">" | ">=",
            Address { symbol: a, addend: m, part: Part::Word, .. },
            Address { symbol: b, addend: n, part: Part::Word, .. },
        ) => {
            let apart = if a == b { Some(0) } else { lookup.distance(&b, &a) };
            let Some(apart) = apart else {
                let message = "The distance of these addresses is only known when the program is linked";
                lookup.error(AsmError::new(range.clone(), message));
                return None;
            };
            // With the second address as origin, both are numbers.
            integers(sign, apart.wrapping_add(m), n, range, lookup).map(Number)
        }
        (sign, left, right) => {
            let (a, b) = (number(left, range, lookup), number(right, range, lookup));
            integers(sign, a?, b?, range, lookup).map(Number)
        }
    }
}

fn integers(sign: &str, a: i64, b: i64, range: &Range<usize>, lookup: &mut dyn Lookup) -> Option<i64> {
    let shift = |b: i64| u32::try_from(b).unwrap_or(64);
    Some(match sign {
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        "/" | "%" if b == 0 => {
            lookup.error(AsmError::new(range.clone(), "Division by zero"));
            return None;
        }
        "/" => a.wrapping_div(b),
        "%" => a.wrapping_rem(b),
        "&" => a & b,
        "|" => a | b,
        "^" => a ^ b,
        "<<" => a.checked_shl(shift(b)).unwrap_or(0),
        ">>" => a.checked_shr(shift(b)).unwrap_or(if a < 0 { -1 } else { 0 }),
        "==" => i64::from(a == b),
        "!=" => i64::from(a != b),
        "<" => i64::from(a < b),
        "<=" => i64::from(a <= b),
        ">" => i64::from(a > b),
        ">=" => i64::from(a >= b),
        "&&" => i64::from(a != 0 && b != 0),
        _ => i64::from(a != 0 || b != 0),
    })
}

fn call(name: &str, arguments: &[Expr], range: &Range<usize>, lookup: &mut dyn Lookup) -> Option<Value> {
    if name == "defined"
        && let [Expr { kind: ExprKind::Name(symbol), .. }] = arguments
    {
        return Some(Value::Number(i64::from(lookup.defined(symbol))));
    }
    match (name, arguments) {
        ("lo" | "hi", [inner]) => {
            let value = eval(inner, lookup)?;
            unary(if name == "lo" { "<" } else { ">" }, value, range, lookup)
        }
        ("abs", [inner]) => Some(Value::Number(eval_number(inner, lookup)?.wrapping_abs())),
        ("min" | "max" | "mod", [a, b]) => {
            let (a, b) = (eval_number(a, lookup)?, eval_number(b, lookup)?);
            match name {
                "min" => Some(Value::Number(a.min(b))),
                "max" => Some(Value::Number(a.max(b))),
                _ => integers("%", a, b, range, lookup).map(Value::Number),
            }
        }
        _ => {
            let help =
                "The functions are defined(name), lo(x), hi(x), abs(x), min(a, b), max(a, b), mod(a, b).";
            let error = AsmError::new(range.clone(), format!("There is no function '{name}' of this form"));
            lookup.error(error.help(help));
            None
        }
    }
}
