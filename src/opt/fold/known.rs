//! Which bits of a value may be 1, from the operations that compute it.

use crate::mir::ir::{BinOp, Op, Value};
use crate::opt::fold::Folder;

/// How far back the operations are followed.
const MAX_DEPTH: usize = 6;

impl Folder<'_> {
    /// A mask of the bits that may be 1.
    pub(super) fn bits(&self, value: Value) -> u32 {
        self.bits_at(value, MAX_DEPTH)
    }

    fn bits_at(&self, value: Value, depth: usize) -> u32 {
        let mask = self.ty(value).mask();
        let (Some(op), Some(depth)) = (self.def(value), depth.checked_sub(1)) else { return mask };
        let bits = |v: Value| self.bits_at(v, depth);
        let possible = match op {
            Op::Const(n) => *n,
            Op::Cmp(..) => 1,
            Op::Zext(a) | Op::Trunc(a) => bits(*a),
            Op::Sext(a) => {
                let inner = bits(*a);
                if inner >> (self.ty(*a).bits() - 1) == 0 { inner } else { mask }
            }
            Op::Select(_, a, b) => bits(*a) | bits(*b),
            Op::Bin(op, a, b) => match op {
                BinOp::And => bits(*a) & bits(*b),
                BinOp::Or | BinOp::Xor => bits(*a) | bits(*b),
                BinOp::Add => below(bits(*a).saturating_add(bits(*b))),
                BinOp::Mul => below(bits(*a).saturating_mul(bits(*b))),
                BinOp::Shl => match self.constant(*b) {
                    Some(n) if n < 32 => bits(*a) << n,
                    _ => mask,
                },
                BinOp::Shr => match self.constant(*b) {
                    Some(n) if n < 32 => bits(*a) >> n,
                    _ => below(bits(*a)),
                },
                BinOp::UDiv => match self.constant(*b) {
                    Some(n) if n > 0 => below(bits(*a) / n),
                    _ => mask,
                },
                // The remainder by 0 is the dividend.
                BinOp::URem => match self.constant(*b) {
                    Some(n) if n > 0 => below(bits(*a).min(n - 1)),
                    _ => below(bits(*a)),
                },
                _ => mask,
            },
            _ => mask,
        };
        possible & mask
    }
}

/// All bits that numbers up to `max` may have.
fn below(max: u32) -> u32 {
    u32::MAX.checked_shr(max.leading_zeros()).unwrap_or(0)
}
