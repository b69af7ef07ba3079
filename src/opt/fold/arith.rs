//! Rules for arithmetic, conversions and shifts.

use crate::mir::ir::{Addr, Base, BinOp, Op, Ty, Value};
use crate::opt::fold::{Folder, Rewrite};

type Answer = Option<Rewrite>;

fn value(v: Value) -> Answer {
    Some(Rewrite::Value(v))
}

fn op(op: Op) -> Answer {
    Some(Rewrite::Op(op))
}

impl Folder<'_> {
    /// The operands when `value` is this operation.
    fn as_bin(&self, value: Value, wanted: BinOp) -> Option<(Value, Value)> {
        match self.def(value) {
            Some(&Op::Bin(op, a, b)) if op == wanted => Some((a, b)),
            _ => None,
        }
    }

    /// The operands when `value` is this operation with a constant on the right.
    pub(super) fn as_bin_const(&self, value: Value, wanted: BinOp) -> Option<(Value, u32)> {
        let (a, b) = self.as_bin(value, wanted)?;
        Some((a, self.constant(b)?))
    }

    fn bin_const(&mut self, op: BinOp, ty: Ty, a: Value, n: u32) -> Answer {
        let ty = if op.is_shift() { Ty::I8 } else { ty };
        let n = self.number(ty, n);
        Some(Rewrite::Op(Op::Bin(op, a, n)))
    }

    pub(super) fn bin(&mut self, op: BinOp, ty: Ty, a: Value, b: Value) -> Answer {
        if op.commutes() && self.constant(a).is_some() && self.constant(b).is_none() {
            return Some(Rewrite::Op(Op::Bin(op, b, a)));
        }
        if op.is_shift() {
            return self.shift(op, ty, a, b);
        }
        match op {
            BinOp::Add => self.add(ty, a, b),
            BinOp::Sub => self.sub(ty, a, b),
            BinOp::Mul => self.mul(ty, a, b),
            BinOp::UDiv | BinOp::URem => self.unsigned_division(op, ty, a, b),
            BinOp::SDiv | BinOp::SRem => self.signed_division(op, ty, a, b),
            BinOp::And => self.and(ty, a, b),
            BinOp::Or => self.or(ty, a, b),
            _ => self.xor(ty, a, b),
        }
    }

    fn add(&mut self, ty: Ty, a: Value, b: Value) -> Answer {
        if let Some(n) = self.constant(b) {
            if n == 0 {
                return value(a);
            }
            if let Some(&Op::Addr(addr)) = self.def(a)
                && !matches!(addr.base, Base::Value(_))
                && let Some(place) = self.moved(addr.base, addr.index, addr.offset, (n as i16).into())
            {
                return op(Op::Addr(Addr { within: addr.within, ..place }));
            }
            // A sum that stays is the better start: `j - 1` beside `j - 2` is one step away.
            if let Some((x, m)) = self.as_bin_const(a, BinOp::Add)
                && (self.is_used_once(a) || n.wrapping_add(m) & ty.mask() == 0)
            {
                return self.bin_const(BinOp::Add, ty, x, n.wrapping_add(m));
            }
            // n + (m - x)
            if let Some((m, x)) = self.as_bin(a, BinOp::Sub)
                && let Some(m) = self.constant(m)
            {
                let sum = self.number(ty, n.wrapping_add(m));
                return op(Op::Bin(BinOp::Sub, sum, x));
            }
            return None;
        }
        if a == b {
            return self.bin_const(BinOp::Shl, ty, a, 1);
        }
        for (x, y) in [(a, b), (b, a)] {
            if let Some(&Op::Neg(z)) = self.def(y) {
                return op(Op::Bin(BinOp::Sub, x, z));
            }
            if let Some((z, w)) = self.as_bin(y, BinOp::Sub)
                && w == x
            {
                return value(z);
            }
        }
        // Constants move outward, where they meet others or an address: (x + n) + y = (x + y) + n.
        for (x, y) in [(a, b), (b, a)] {
            if let Some((z, n)) = self.as_bin_const(x, BinOp::Add) {
                let sum = self.emit(Op::Bin(BinOp::Add, z, y), ty);
                return self.bin_const(BinOp::Add, ty, sum, n);
            }
        }
        None
    }

    fn sub(&mut self, ty: Ty, a: Value, b: Value) -> Answer {
        if a == b {
            return op(Op::Const(0));
        }
        if let Some(n) = self.constant(b) {
            return if n == 0 { value(a) } else { self.bin_const(BinOp::Add, ty, a, n.wrapping_neg()) };
        }
        if self.constant(a) == Some(0) {
            return op(Op::Neg(b));
        }
        // Nothing is borrowed when all bits are there.
        if self.constant(a).is_some_and(|n| self.bits(b) & !n == 0) {
            return op(Op::Bin(BinOp::Xor, b, a));
        }
        if let Some(&Op::Neg(x)) = self.def(b) {
            return op(Op::Bin(BinOp::Add, a, x));
        }
        if let Some((x, y)) = self.as_bin(a, BinOp::Add) {
            if x == b {
                return value(y);
            }
            if y == b {
                return value(x);
            }
        }
        if let Some((x, n)) = self.as_bin_const(b, BinOp::Add) {
            // a - (x + n) = (a - n) - x, or (a - x) - n
            if let Some(m) = self.constant(a) {
                let left = self.number(ty, m.wrapping_sub(n));
                return op(Op::Bin(BinOp::Sub, left, x));
            }
            let difference = self.emit(Op::Bin(BinOp::Sub, a, x), ty);
            return self.bin_const(BinOp::Add, ty, difference, n.wrapping_neg());
        }
        if let Some((x, n)) = self.as_bin_const(a, BinOp::Add) {
            let difference = self.emit(Op::Bin(BinOp::Sub, x, b), ty);
            return self.bin_const(BinOp::Add, ty, difference, n);
        }
        None
    }

    fn mul(&mut self, ty: Ty, a: Value, b: Value) -> Answer {
        let n = self.constant(b)?;
        match n {
            0 => return op(Op::Const(0)),
            1 => return value(a),
            _ if n == ty.mask() => return op(Op::Neg(a)),
            _ if n.is_power_of_two() => return self.bin_const(BinOp::Shl, ty, a, n.trailing_zeros()),
            _ => {}
        }
        if let Some((x, m)) = self.as_bin_const(a, BinOp::Mul) {
            return self.bin_const(BinOp::Mul, ty, x, n.wrapping_mul(m));
        }
        if let Some((x, k)) = self.as_bin_const(a, BinOp::Shl)
            && k < ty.bits()
        {
            return self.bin_const(BinOp::Mul, ty, x, n << k);
        }
        None
    }

    fn unsigned_division(&mut self, kind: BinOp, ty: Ty, a: Value, b: Value) -> Answer {
        let n = self.constant(b)?;
        let divides = kind == BinOp::UDiv;
        match n {
            0 if divides => op(Op::Const(ty.mask())),
            0 => value(a),
            1 if divides => value(a),
            1 => op(Op::Const(0)),
            _ if n.is_power_of_two() && divides => self.bin_const(BinOp::Shr, ty, a, n.trailing_zeros()),
            _ if n.is_power_of_two() => self.bin_const(BinOp::And, ty, a, n - 1),
            _ if self.bits(a) < n => {
                if divides {
                    op(Op::Const(0))
                } else {
                    value(a)
                }
            }
            _ => self.narrow_division(kind, ty, a, n),
        }
    }

    /// A division of a number that fits a narrower type.
    fn narrow_division(&mut self, kind: BinOp, ty: Ty, a: Value, n: u32) -> Answer {
        let fits = |t: &Ty| *t < ty && self.bits(a) <= t.mask() && n <= t.mask();
        let narrow = [Ty::I8, Ty::I16].into_iter().find(fits)?;
        let a = self.emit(Op::Trunc(a), narrow);
        let n = self.number(narrow, n);
        let result = self.emit(Op::Bin(kind, a, n), narrow);
        op(Op::Zext(result))
    }

    fn signed_division(&mut self, kind: BinOp, ty: Ty, a: Value, b: Value) -> Answer {
        let positive = |v: u32| v >> (ty.bits() - 1) == 0;
        if positive(self.bits(a)) && positive(self.bits(b)) {
            // x/0 differs: all ones against the largest value.
            let divides = kind == BinOp::SDiv;
            if !divides || self.constant(b).is_some_and(|n| n != 0) {
                let unsigned = if divides { BinOp::UDiv } else { BinOp::URem };
                return op(Op::Bin(unsigned, a, b));
            }
        }
        let n = self.constant(b)?;
        match (kind, n) {
            (BinOp::SRem, 0) => return value(a),
            (BinOp::SRem, n) if n == 1 || n == ty.mask() => return op(Op::Const(0)),
            (BinOp::SDiv, 1) => return value(a),
            (BinOp::SDiv, n) if n == ty.mask() => return op(Op::Neg(a)),
            _ => {}
        }
        if !n.is_power_of_two() || !positive(n) || (self.ctx.for_size() && ty == Ty::I32) {
            return None;
        }
        // Rounds toward zero: n - 1 is added to negative numbers first.
        let k = n.trailing_zeros();
        let count = self.number(Ty::I8, ty.bits() - 1);
        let sign = self.emit(Op::Bin(BinOp::Sar, a, count), ty);
        let low = self.number(ty, n - 1);
        let bias = self.emit(Op::Bin(BinOp::And, sign, low), ty);
        let sum = self.emit(Op::Bin(BinOp::Add, a, bias), ty);
        if kind == BinOp::SDiv {
            return self.bin_const(BinOp::Sar, ty, sum, k);
        }
        let high = self.number(ty, n.wrapping_neg());
        let multiple = self.emit(Op::Bin(BinOp::And, sum, high), ty);
        op(Op::Bin(BinOp::Sub, a, multiple))
    }

    fn and(&mut self, ty: Ty, a: Value, b: Value) -> Answer {
        if a == b {
            return value(a);
        }
        let n = self.constant(b)?;
        let possible = self.bits(a);
        if possible & n == 0 {
            return op(Op::Const(0));
        }
        if possible & !n == 0 {
            return value(a);
        }
        if let Some((x, m)) = self.as_bin_const(a, BinOp::And) {
            return self.bin_const(BinOp::And, ty, x, n & m);
        }
        // The low byte or word of a number.
        let narrow = [Ty::I8, Ty::I16].into_iter().find(|t| *t < ty && t.mask() == n)?;
        let low = self.emit(Op::Trunc(a), narrow);
        op(Op::Zext(low))
    }

    fn or(&mut self, ty: Ty, a: Value, b: Value) -> Answer {
        if a == b {
            return value(a);
        }
        let n = self.constant(b)?;
        if n == 0 {
            return value(a);
        }
        if n == ty.mask() {
            return op(Op::Const(n));
        }
        let (x, m) = self.as_bin_const(a, BinOp::Or)?;
        self.bin_const(BinOp::Or, ty, x, n | m)
    }

    fn xor(&mut self, ty: Ty, a: Value, b: Value) -> Answer {
        if a == b {
            return op(Op::Const(0));
        }
        let n = self.constant(b)?;
        if n == 0 {
            return value(a);
        }
        if n == ty.mask() {
            return op(Op::Not(a));
        }
        let (x, m) = self.as_bin_const(a, BinOp::Xor)?;
        self.bin_const(BinOp::Xor, ty, x, n ^ m)
    }

    fn shift(&mut self, kind: BinOp, ty: Ty, a: Value, b: Value) -> Answer {
        if self.constant(a) == Some(0) {
            return value(a);
        }
        if kind == BinOp::Sar && self.bits(a) >> (ty.bits() - 1) == 0 {
            return op(Op::Bin(BinOp::Shr, a, b));
        }
        let Some(n) = self.constant(b) else {
            // Counts are unsigned, so an extension to the count's type adds nothing.
            return match self.def(b) {
                Some(&Op::Zext(count)) if self.ty(count) != Ty::I1 => op(Op::Bin(kind, a, count)),
                _ => None,
            };
        };
        if n == 0 {
            return value(a);
        }
        let bits = ty.bits();
        if n >= bits {
            return match kind {
                BinOp::Sar if n > bits - 1 => self.bin_const(kind, ty, a, bits - 1),
                _ => op(Op::Const(0)),
            };
        }
        if kind == BinOp::Shr && self.bits(a) >> n == 0 {
            return op(Op::Const(0));
        }
        if self.ty(b) != Ty::I8 {
            return self.bin_const(kind, ty, a, n);
        }
        if let Some((x, m)) = self.as_bin_const(a, kind) {
            return self.bin_const(kind, ty, x, m.saturating_add(n).min(255));
        }
        // There and back again clears bits.
        match kind {
            BinOp::Shl => match self.as_bin_const(a, BinOp::Shr) {
                // One step from what is computed anyway is as good.
                Some(_) if n == 1 && ty == Ty::I8 && !self.is_used_once(a) => None,
                Some((x, m)) if m == n => self.bin_const(BinOp::And, ty, x, ty.mask() << n),
                _ => None,
            },
            BinOp::Shr => match self.as_bin_const(a, BinOp::Shl) {
                Some((x, m)) if m == n => self.bin_const(BinOp::And, ty, x, ty.mask() >> n),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn neg(&mut self, ty: Ty, a: Value) -> Answer {
        match *self.def(a)? {
            Op::Neg(x) => value(x),
            Op::Bin(BinOp::Sub, x, y) => op(Op::Bin(BinOp::Sub, y, x)),
            // -(x + n) = -n - x
            Op::Bin(BinOp::Add, x, n) => {
                let n = self.constant(n)?;
                let n = self.number(ty, n.wrapping_neg());
                op(Op::Bin(BinOp::Sub, n, x))
            }
            _ => None,
        }
    }

    pub(super) fn not(&mut self, a: Value) -> Answer {
        match *self.def(a)? {
            Op::Not(x) => value(x),
            Op::Cmp(cond, x, y) => op(Op::Cmp(cond.negate(), x, y)),
            _ => None,
        }
    }

    pub(super) fn zext(&mut self, ty: Ty, a: Value) -> Answer {
        match *self.def(a)? {
            Op::Zext(x) => op(Op::Zext(x)),
            // Cutting off bits that are 0 and adding them again.
            Op::Trunc(x) if self.bits(x) <= self.ty(a).mask() => match self.ty(x) {
                t if t == ty => value(x),
                t if t < ty => op(Op::Zext(x)),
                _ => op(Op::Trunc(x)),
            },
            _ => None,
        }
    }

    pub(super) fn sext(&mut self, _ty: Ty, a: Value) -> Answer {
        if let Some(&Op::Sext(x)) = self.def(a) {
            return op(Op::Sext(x));
        }
        let narrow = self.ty(a);
        if self.bits(a) >> (narrow.bits() - 1) == 0 { op(Op::Zext(a)) } else { None }
    }

    pub(super) fn trunc(&mut self, ty: Ty, a: Value) -> Answer {
        match *self.def(a)? {
            Op::Trunc(x) => op(Op::Trunc(x)),
            ref extended @ (Op::Zext(x) | Op::Sext(x)) => {
                let signed = matches!(extended, Op::Sext(_));
                match self.ty(x) {
                    t if t == ty => value(x),
                    t if t > ty => op(Op::Trunc(x)),
                    _ if signed => op(Op::Sext(x)),
                    _ => op(Op::Zext(x)),
                }
            }
            Op::Bin(BinOp::And, x, n) if self.constant(n).is_some_and(|n| n & ty.mask() == ty.mask()) => {
                op(Op::Trunc(x))
            }
            Op::Bin(BinOp::Or, x, n) if self.constant(n).is_some_and(|n| n & ty.mask() == 0) => {
                op(Op::Trunc(x))
            }
            _ => None,
        }
    }
}
