//! Selection of multiplication: by constants with shifts and additions where that pays, otherwise
//! by the narrowest routine that gives the wanted bytes.

use crate::codegen::lir::{Dst, Op as LOp, Reg, ShiftKind, Src, Vb};
use crate::codegen::select::Select;
use crate::mir::ir::{Op, Ty, Value};

/// What is known of a factor from its definition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Unsigned(usize),
    Signed(usize),
    Full,
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
        let widths = (self.width(a), self.width(b));
        let (a, b) = (self.bytes(a), self.bytes(b));
        let (name, bytes) = match (size, widths) {
            (1, _) => ("rt_mul8", 1),
            (2, (Width::Unsigned(1), Width::Unsigned(1))) => ("rt_mul8", 1),
            (2, _) => ("rt_mul16", 2),
            (_, (Width::Unsigned(_), Width::Unsigned(_))) => ("rt_mul16w", 2),
            (_, (Width::Signed(_), Width::Signed(_))) => ("rt_mul16ws", 2),
            _ => ("rt_mul32", 4),
        };
        let cut = |s: Vec<Src>| s[..bytes.min(s.len())].to_vec();
        let square = match name {
            "rt_mul16w" => Some("rt_qsquare16w"),
            "rt_mul16ws" => Some("rt_qsquare16ws"),
            _ => None,
        };
        if let Some(name) = square.filter(|_| self.options.squares && cut(a.clone()) == cut(b.clone())) {
            return self.call_arith(name, vec![cut(a)], d);
        }
        self.call_arith(name, vec![cut(a), cut(b)], d);
    }

    fn width(&self, value: Value) -> Width {
        let ty = self.func.ty(value);
        match self.defs[value] {
            Some(Op::Const(n)) if *n < 0x100 => Width::Unsigned(1),
            Some(Op::Const(n)) if *n < 0x8000 && ty == Ty::I32 => Width::Unsigned(2),
            Some(Op::Zext(inner)) => Width::Unsigned(self.func.ty(*inner).bytes()),
            Some(Op::Sext(inner)) => Width::Signed(self.func.ty(*inner).bytes()),
            _ => Width::Full,
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
        let source = self.as_reg(&source);
        // Horner: from the highest digit down, shift by the distance, add or subtract.
        let mut sum = source;
        for pair in digits.windows(2).rev() {
            let ((to, negative), (from, _)) = (pair[0], pair[1]);
            let shifted = self.shifted(sum, from - to, size);
            let next = self.new_reg(size);
            let d = (0..size).map(|k| Dst::V(Vb::new(next, k))).collect();
            let (a, b) = (self.reg_bytes(shifted), self.reg_bytes(source));
            self.emit(LOp::Add { sub: negative, d, a, b });
            sum = next;
        }
        let result = self.shifted(sum, low, size);
        let bytes = self.reg_bytes(result);
        self.move_all(d.to_vec(), bytes);
        true
    }

    fn shifted(&mut self, reg: Reg, count: u32, size: usize) -> Reg {
        if count == 0 {
            return reg;
        }
        let whole = (count / 8) as usize;
        let bytes = self.reg_bytes(reg);
        let moved: Vec<Src> =
            (0..size).map(|k| if k < whole { Src::Imm(0) } else { bytes[k - whole] }).collect();
        let out = self.new_reg(size);
        let d: Vec<Dst> = (0..size).map(|k| Dst::V(Vb::new(out, k))).collect();
        match (count % 8) as u8 {
            0 => self.move_all(d, moved),
            count => self.emit(LOp::Shift { kind: ShiftKind::Left, d, a: moved, count }),
        }
        out
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
            let negative = rest & 3 == 3;
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
