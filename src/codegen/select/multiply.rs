//! Selection of multiplication: by constants with shifts and additions where that pays, otherwise
//! by the narrowest routine that gives the wanted bytes.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::codegen::lir::{Dst, Op as LOp, Src, Vb};
use crate::codegen::select::Select;
use crate::codegen::select::arith::significant;
use crate::mir::ir::{BinOp, Func, Op, Ty, Value};
use crate::mir::rewrite;

/// The 16-bit values that are bytes 1 and 2 of a product of two signed words, `a * b >> 8`, with the
/// factors. What lies in between is marked as folded.
pub(super) fn middles(
    func: &Func,
    defs: &IndexVec<Value, Option<&Op>>,
    folded: &mut IndexVec<Value, bool>,
) -> BTreeMap<Value, (Value, Value)> {
    let uses = rewrite::count_uses(func);
    let constant = |v: Value| if let Some(Op::Const(n)) = defs[v] { Some(*n) } else { None };
    let signed_word = |v: Value| matches!(defs[v], Some(Op::Sext(inner)) if func.ty(*inner) == Ty::I16);
    let mut found = BTreeMap::new();
    for inst in func.blocks.iter().flat_map(|block| &block.insts) {
        let (Some(value), Op::Trunc(shifted)) = (inst.result, &inst.op) else { continue };
        let Some(Op::Bin(BinOp::Sar | BinOp::Shr, product, count)) = defs[*shifted] else { continue };
        let Some(Op::Bin(BinOp::Mul, a, b)) = defs[*product] else { continue };
        let alone = uses[*shifted] == 1 && uses[*product] == 1;
        if func.ty(value) == Ty::I16
            && func.ty(*product) == Ty::I32
            && constant(*count) == Some(8)
            && alone
            && signed_word(*a)
            && signed_word(*b)
        {
            folded[*shifted] = true;
            folded[*product] = true;
            found.insert(value, (*a, *b));
        }
    }
    found
}

impl Select<'_> {
    pub(super) fn select_mul(&mut self, value: Value, a: Value, b: Value) {
        let (a, b) = if self.constant(a).is_some() { (b, a) } else { (a, b) };
        let size = self.func.ty(value).bytes();
        let d = self.dst_of(value);
        if let Some(n) = self.constant(b)
            && self.multiply_by_constant(a, n, &d)
        {
            return;
        }
        let signed = self.is_signed_word(a) && self.is_signed_word(b);
        let (a, b) = (self.bytes(a), self.bytes(b));
        let (narrow, wide) = if significant(&a) < significant(&b) { (a, b) } else { (b, a) };
        let (name, bytes) = match (size, significant(&wide), significant(&narrow)) {
            (1, ..) | (2, 1, _) => ("rt_mul8", (1, 1)),
            (2, _, 1) if !self.options.small => ("rt_mul16b", (2, 1)),
            (2, ..) => ("rt_mul16", (2, 2)),
            (_, 1 | 2, _) => ("rt_mul16w", (2, 2)),
            _ if signed => ("rt_mul16ws", (2, 2)),
            _ => ("rt_mul32", (4, 4)),
        };
        let (a, b) = (wide[..bytes.0.min(size)].to_vec(), narrow[..bytes.1.min(size)].to_vec());
        let square = match name {
            "rt_mul16w" => Some("rt_qsquare16w"),
            "rt_mul16ws" => Some("rt_qsquare16ws"),
            _ => None,
        };
        if let Some(name) = square.filter(|_| self.whole.squares && a == b) {
            return self.call_arith(name, vec![a], d);
        }
        self.call_arith(name, vec![a, b], d);
    }

    /// Bytes 1 and 2 of the product of two signed words.
    pub(super) fn select_middle(&mut self, value: Value, a: Value, b: Value) {
        let (a, b) = (self.bytes(a)[..2].to_vec(), self.bytes(b)[..2].to_vec());
        let d = self.dst_of(value);
        if a == b {
            return self.call_arith("rt_qsquare16ms", vec![a], d);
        }
        self.call_arith("rt_qmul16ms", vec![a, b], d);
    }

    /// True when the low two bytes of a value hold it, read as a signed number.
    fn is_signed_word(&self, value: Value) -> bool {
        let ty = self.func.ty(value);
        match self.defs[value] {
            Some(Op::Const(n)) => i16::try_from(ty.signed(*n)).is_ok(),
            Some(Op::Zext(inner)) => self.func.ty(*inner).bytes() == 1,
            Some(Op::Sext(_)) => true,
            _ => ty.bytes() <= 2,
        }
    }

    /// `d = a * n` with shifts and additions; false when a routine is better.
    fn multiply_by_constant(&mut self, a: Value, n: u32, d: &[Dst]) -> bool {
        let size = d.len();
        let n = n & self.func.ty(a).mask();
        let limit = if self.options.small { 2 } else { 4 };
        if n == 0 {
            for &d in d {
                self.emit(LOp::Move { d, s: Src::Imm(0) });
            }
            return true;
        }
        let low = n.trailing_zeros();
        let odd = n >> low;
        // One digit of the signed-digit form costs an addition.
        let digits = signed_digits(odd);
        let shifts = digits.last().map_or(0, |&(position, _)| position) + low % 8;
        if digits.len() as u32 > limit
            || (size > 1 && shifts > 7 && digits.len() > 2)
            || size == 4 && digits.len() > 2
        {
            return false;
        }
        let source = self.bytes(a);
        // The zeros above a widened byte stay numbers.
        let wide = source.iter().rev().take_while(|s| **s == Src::Imm(0)).count();
        let used = (size - wide).max(1);
        let low_reg = self.as_reg(&source[..used]);
        let mut source = self.reg_bytes(low_reg);
        source.resize(size, Src::Imm(0));
        // Horner: from the highest digit down, shift by the distance, add or subtract.
        let mut sum = source.clone();
        for (left, pair) in digits.windows(2).enumerate().rev() {
            let ((to, negative), (from, _)) = (pair[0], pair[1]);
            let a = self.shifted(sum, from - to, size);
            if left == 0 && low == 0 {
                self.emit(LOp::Add { sub: negative, carry: false, d: d.to_vec(), a, b: source.clone() });
                return true;
            }
            let next = self.new_reg(size);
            let d = (0..size).map(|k| Dst::V(Vb::new(next, k))).collect();
            self.emit(LOp::Add { sub: negative, carry: false, d, a, b: source.clone() });
            sum = self.reg_bytes(next);
        }
        let bytes = self.shifted(sum, low, size);
        self.move_all(d.to_vec(), bytes);
        true
    }

    fn shifted(&mut self, bytes: Vec<Src>, count: u32, size: usize) -> Vec<Src> {
        if count == 0 {
            return bytes;
        }
        let whole = (count / 8) as usize;
        let moved: Vec<Src> =
            (0..size).map(|k| if k < whole { Src::Imm(0) } else { bytes[k - whole] }).collect();
        let out = self.new_reg(size);
        let d: Vec<Dst> = (0..size).map(|k| Dst::V(Vb::new(out, k))).collect();
        self.shift_bits(BinOp::Shl, moved, (count % 8) as u8, d);
        self.reg_bytes(out)
    }
}

/// The non-adjacent form of an odd number: (position, negative) from the lowest digit up. The
/// highest digit is positive.
fn signed_digits(n: u32) -> Vec<(u32, bool)> {
    let mut digits = Vec::new();
    let mut rest = u64::from(n);
    let mut position = 0;
    while rest != 0 {
        if rest & 1 == 1 {
            let negative = rest & 3 == 3 && rest != 3;
            digits.push((position, negative));
            rest = if negative { rest + 1 } else { rest - 1 };
        }
        rest >>= 1;
        position += 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_digits_add_up() {
        for n in (1..2000).step_by(2).chain([0xffff, 0xfffe_ffff]) {
            let digits = signed_digits(n);
            let sum: i64 = digits.iter().map(|&(p, neg)| if neg { -(1i64 << p) } else { 1 << p }).sum();
            assert_eq!(sum, i64::from(n));
            assert!(!digits.last().unwrap().1, "the highest digit of {n} is positive");
        }
    }
}
