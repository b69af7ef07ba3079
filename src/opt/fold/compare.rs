//! Rules for comparisons. Canonical: `==`, `!=`, `<` and `>=`, with a constant on the right.

use crate::mir::ir::{BinOp, Cond, Op, Ty, Value};
use crate::opt::fold::{Folder, Rewrite};

fn op(op: Op) -> Option<Rewrite> {
    Some(Rewrite::Op(op))
}

impl Folder<'_> {
    pub(super) fn cmp(&mut self, cond: Cond, a: Value, b: Value) -> Option<Rewrite> {
        if a == b {
            let holds = matches!(cond, Cond::Eq | Cond::ULe | Cond::UGe | Cond::SLe | Cond::SGe);
            return op(Op::Const(holds.into()));
        }
        if self.constant(a).is_some() {
            return op(Op::Cmp(cond.swap(), b, a));
        }
        let top = |bits: u32, ty: Ty| bits >> (ty.bits() - 1) != 0;
        let ty = self.ty(a);
        if cond.is_signed() && !top(self.bits(a), ty) && !top(self.bits(b), ty) {
            return op(Op::Cmp(unsigned(cond), a, b));
        }
        if let Some(n) = self.constant(b) {
            return self.cmp_const(cond, ty, a, n);
        }
        match cond {
            Cond::UGt | Cond::ULe | Cond::SGt | Cond::SLe => return op(Op::Cmp(cond.swap(), b, a)),
            _ => {}
        }
        match (self.def(a)?, self.def(b)?) {
            (&Op::Zext(x), &Op::Zext(y)) if self.ty(x) == self.ty(y) => op(Op::Cmp(unsigned(cond), x, y)),
            // Sign extension keeps the unsigned order too.
            (&Op::Sext(x), &Op::Sext(y)) if self.ty(x) == self.ty(y) => op(Op::Cmp(cond, x, y)),
            _ => None,
        }
    }

    fn cmp_const(&mut self, cond: Cond, ty: Ty, a: Value, n: u32) -> Option<Rewrite> {
        let never = op(Op::Const(0));
        let always = op(Op::Const(1));
        let largest = self.bits(a);
        let smallest_signed = (ty.mask() >> 1) + 1;
        match cond {
            Cond::ULt if n == 0 => return never,
            Cond::UGe if n == 0 => return always,
            Cond::ULt if largest < n => return always,
            Cond::UGe if largest < n => return never,
            Cond::Eq if n & !largest != 0 => return never,
            Cond::Ne if n & !largest != 0 => return always,
            // A negative number against one that is not.
            Cond::SLt if n >= smallest_signed && largest < smallest_signed => return never,
            Cond::SGe if n >= smallest_signed && largest < smallest_signed => return always,
            Cond::SLt if n == smallest_signed => return never,
            Cond::SGe if n == smallest_signed => return always,
            Cond::ULe | Cond::SLe | Cond::UGt | Cond::SGt => {
                let holds_for_all = matches!(cond, Cond::ULe | Cond::SLe);
                let limit = if cond.is_signed() { ty.mask() >> 1 } else { ty.mask() };
                if n == limit {
                    return if holds_for_all { always } else { never };
                }
                let strict = match cond {
                    Cond::ULe => Cond::ULt,
                    Cond::SLe => Cond::SLt,
                    Cond::UGt => Cond::UGe,
                    _ => Cond::SGe,
                };
                return self.against(strict, ty, a, n.wrapping_add(1));
            }
            // With one value on a side it is an equality.
            Cond::ULt if n == 1 => return self.against(Cond::Eq, ty, a, 0),
            Cond::UGe if n == 1 => return self.against(Cond::Ne, ty, a, 0),
            Cond::ULt if n == ty.mask() => return self.against(Cond::Ne, ty, a, n),
            Cond::UGe if n == ty.mask() => return self.against(Cond::Eq, ty, a, n),
            _ => {}
        }
        if ty == Ty::I1 {
            return match (cond, n) {
                (Cond::Ne, 0) | (Cond::Eq, 1) => Some(Rewrite::Value(a)),
                (Cond::Eq, 0) | (Cond::Ne, 1) => op(Op::Not(a)),
                _ => None,
            };
        }
        match *self.def(a)? {
            Op::Zext(x) => self.against(unsigned(cond), self.ty(x), x, n),
            Op::Sext(x) if crate::mir::eval::sext(self.ty(x), ty, n & self.ty(x).mask()) == n => {
                self.against(cond, self.ty(x), x, n)
            }
            Op::Bin(kind, x, y) => self.equal_const(cond, ty, (kind, x, y), n),
            Op::Neg(x) if matches!(cond, Cond::Eq | Cond::Ne) => self.against(cond, ty, x, n.wrapping_neg()),
            Op::Not(x) if matches!(cond, Cond::Eq | Cond::Ne) => self.against(cond, ty, x, !n),
            Op::Select(c, x, y) if matches!(cond, Cond::Eq | Cond::Ne) => {
                let (x, y) = (self.constant(x)?, self.constant(y)?);
                let holds = |v: u32| (v == n) == (cond == Cond::Eq);
                match (holds(x), holds(y)) {
                    (true, true) => always,
                    (false, false) => never,
                    (true, false) => Some(Rewrite::Value(c)),
                    (false, true) => op(Op::Not(c)),
                }
            }
            _ => None,
        }
    }

    /// `x kind y` equal to a constant. A sum stays: it is often a counter that is needed anyway, and
    /// its flags come for free.
    fn equal_const(&mut self, cond: Cond, ty: Ty, bin: (BinOp, Value, Value), n: u32) -> Option<Rewrite> {
        if !matches!(cond, Cond::Eq | Cond::Ne) {
            return None;
        }
        let (kind, x, y) = bin;
        match (kind, self.constant(y)) {
            (BinOp::Xor, Some(m)) => self.against(cond, ty, x, n ^ m),
            (BinOp::Sub | BinOp::Xor, None) if n == 0 => op(Op::Cmp(cond, x, y)),
            _ => None,
        }
    }

    fn against(&mut self, cond: Cond, ty: Ty, a: Value, n: u32) -> Option<Rewrite> {
        let n = self.number(ty, n);
        op(Op::Cmp(cond, a, n))
    }
}

fn unsigned(cond: Cond) -> Cond {
    match cond {
        Cond::SLt => Cond::ULt,
        Cond::SLe => Cond::ULe,
        Cond::SGt => Cond::UGt,
        Cond::SGe => Cond::UGe,
        other => other,
    }
}
