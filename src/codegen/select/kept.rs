//! Bytes that an operation with a number leaves as they are, or clears.
//!
//! In: `and`, `or` and `xor` of a wide value and a number, shifts to the right by more than a byte. Out:
//! which bytes of the result are bytes of the value or numbers; only the others are computed.
//! Invariant: the answer is the same wherever the result is used, and asking has no effect: a value
//! that is read from memory where it is used keeps no bytes.

use crate::codegen::lir::Src;
use crate::codegen::select::Select;
use crate::mir::ir::{BinOp, Op, Value};

impl Select<'_> {
    /// What each byte of a value is without being computed; `None` for other values.
    pub(super) fn kept(&mut self, value: Value) -> Option<Vec<Option<Src>>> {
        let Some(Op::Bin(op @ (BinOp::And | BinOp::Or | BinOp::Xor | BinOp::Shr), a, b)) = self.defs[value]
        else {
            return None;
        };
        let size = self.func.ty(value).bytes();
        let number = self.constant(*b)?;
        let elsewhere = self.is_concat(*op, *a, *b) || self.is_byte_move(*op, *b);
        let computed = self.folded[value] || self.rotates.contains_key(&value) || elsewhere;
        if !self.options.fold || size < 2 || computed || self.is_delayed(*a) {
            return None;
        }
        if *op == BinOp::Shr {
            let clear = number as usize / 8;
            let late = self.carries.values().any(|c| c.shift == value);
            let byte = |k| (k + clear >= size).then_some(Src::Imm(0));
            return (!late && (1..size).contains(&clear)).then(|| (0..size).map(byte).collect());
        }
        let source = self.bytes(*a);
        let byte = |(k, s)| match (op, (number >> (8 * k)) as u8) {
            (BinOp::And, 0) => Some(Src::Imm(0)),
            (BinOp::Or, 0xff) => Some(Src::Imm(0xff)),
            (BinOp::And, 0xff) | (BinOp::Or | BinOp::Xor, 0) => Some(s),
            _ => None,
        };
        let kept: Vec<Option<Src>> = source.into_iter().enumerate().map(byte).collect();
        kept.iter().any(Option::is_some).then_some(kept)
    }

    /// True for a value that is made of one that is computed or read where it is used.
    fn is_delayed(&self, mut value: Value) -> bool {
        loop {
            if self.folded[value] {
                return true;
            }
            value = match self.defs[value] {
                Some(Op::Zext(inner) | Op::Sext(inner) | Op::Trunc(inner)) => *inner,
                Some(Op::Bin(op, a, b)) if self.is_byte_move(*op, *b) => *a,
                Some(Op::Bin(op, a, b)) if self.is_concat(*op, *a, *b) => {
                    if self.is_delayed(*b) {
                        return true;
                    }
                    *a
                }
                _ => return false,
            };
        }
    }
}
