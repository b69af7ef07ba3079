//! Strings: reading, building, comparing, and the text of values.
//!
//! Invariant: a string value is complete before anything is changed by its use.

use std::collections::VecDeque;

use super::machine::{Frame, Machine};
use super::memory::Loc;
use super::{Eval, undefined};
use crate::c64::{fixed, float, petscii};
use crate::sema::hir::{Expr, Place, StrExpr, StrPart, Type};

const LONGEST: usize = 255;

impl<'m> Machine<'m> {
    /// The characters of a string value, its parts evaluated left to right.
    pub fn string(&mut self, frame: &Frame<'m>, value: &'m StrExpr) -> Eval<Vec<u8>> {
        self.parts(frame, &value.parts)
    }

    fn parts(&mut self, frame: &Frame<'m>, parts: &'m [StrPart]) -> Eval<Vec<u8>> {
        let mut text = Vec::new();
        for part in parts {
            match part {
                StrPart::Str(place) => {
                    let loc = self.place(frame, place)?;
                    text.extend(self.string_at(loc)?);
                }
                StrPart::Value { value, decimals } => {
                    text.extend(self.value_text(frame, value, decimals.as_ref())?);
                }
                StrPart::Repeat { parts, count } => {
                    let inner = self.parts(frame, parts)?;
                    let count = self.expr(frame, count)?.max(0) as usize;
                    if inner.len().saturating_mul(count) > LONGEST {
                        return undefined("a string longer than 255 characters");
                    }
                    text.extend(inner.repeat(count));
                }
            }
            if text.len() > LONGEST {
                return undefined("a string longer than 255 characters");
            }
        }
        Ok(text)
    }

    /// The characters of the string in memory at `loc`.
    pub fn string_at(&mut self, loc: Loc) -> Eval<Vec<u8>> {
        let length = self.memory.load_byte(loc)?;
        (1..=i64::from(length)).map(|i| self.memory.load_byte(loc.plus(i))).collect()
    }

    /// Makes `text` the content of a string variable.
    pub fn set_string(&mut self, loc: Loc, ty: &Type, text: &[u8]) -> Eval<()> {
        let capacity = match ty {
            Type::Str(Some(capacity)) => usize::from(*capacity),
            _ => LONGEST,
        };
        if text.len() > capacity {
            return undefined("a string longer than its variable");
        }
        self.memory.store(loc, 1, text.len() as u32);
        for (i, &code) in (1..).zip(text) {
            self.memory.store(loc.plus(i), 1, code.into());
        }
        Ok(())
    }

    fn value_text(
        &mut self,
        frame: &Frame<'m>,
        value: &'m Expr,
        decimals: Option<&'m Expr>,
    ) -> Eval<Vec<u8>> {
        let number = self.expr(frame, value)?;
        let decimals = decimals.map(|d| self.expr(frame, d)).transpose()?;
        if value.ty == Type::Char && decimals.is_none() {
            return Ok(vec![number as u8]);
        }
        let text = match value.ty {
            Type::Bool => if number != 0 { "True" } else { "False" }.to_string(),
            Type::Float => float::to_text(number as u32),
            Type::F16 => fixed::to_text(number as i32, 8),
            Type::F32 => fixed::to_text(number as i32, 16),
            _ => number.to_string(),
        };
        let text = match decimals {
            Some(n) => with_decimals(&text, n as usize),
            None => text,
        };
        let lowercase = self.lowercase;
        Ok(text.chars().filter_map(|c| petscii::petscii(c, lowercase)).collect())
    }

    /// `array[char, N] = string`, at most `max` characters.
    pub fn store_characters(&mut self, target: &Place, loc: Loc, text: &[u8]) {
        let max = match &target.ty {
            Type::Array(_, n) => *n as usize,
            _ => 0,
        };
        for (i, &code) in (0..).zip(text.iter().take(max)) {
            self.memory.store(loc.plus(i), 1, code.into());
        }
    }
}

/// The text of a number cut off after `n` decimals, or filled with zeros; an exponent stays.
fn with_decimals(text: &str, n: usize) -> String {
    let (number, exponent) = text.split_at(text.find('E').unwrap_or(text.len()));
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let mut digits: VecDeque<char> = decimals.chars().collect();
    let mut out = whole.to_string();
    for i in 0..n {
        if i == 0 {
            out.push('.');
        }
        out.push(digits.pop_front().unwrap_or('0'));
    }
    out + exponent
}

#[cfg(test)]
mod tests {
    use super::with_decimals;

    #[test]
    fn decimals_are_cut_or_filled() {
        assert_eq!(with_decimals("3.14159", 2), "3.14");
        assert_eq!(with_decimals("-42", 2), "-42.00");
        assert_eq!(with_decimals("2.9", 0), "2");
        assert_eq!(with_decimals("1.5E+10", 3), "1.500E+10");
    }
}
