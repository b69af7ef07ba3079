//! What the arithmetic of the middle IR computes: the one definition that the interpreter and all
//! constant folding share.
//!
//! In and out: bits in a `u32`, cut to the type. `docs/language.md` section 4 has the rules.

use crate::mir::ir::{BinOp, Cond, Op, Ty, Value};

/// `a op b` for operands of type `ty` (the count of a shift may have any type).
pub fn bin(op: BinOp, ty: Ty, a: u32, b: u32) -> u32 {
    let (sa, sb) = (ty.signed(a), ty.signed(b));
    let result = match op {
        BinOp::Add => a.wrapping_add(b),
        BinOp::Sub => a.wrapping_sub(b),
        BinOp::Mul => a.wrapping_mul(b),
        BinOp::UDiv => a.checked_div(b).unwrap_or(u32::MAX),
        BinOp::SDiv if b == 0 && sa >= 0 => ty.mask() >> 1,
        BinOp::SDiv if b == 0 => (ty.mask() >> 1) + 1,
        BinOp::SDiv => sa.wrapping_div(sb) as u32,
        BinOp::URem => a.checked_rem(b).unwrap_or(a),
        BinOp::SRem if b == 0 => a,
        BinOp::SRem => sa.wrapping_rem(sb) as u32,
        BinOp::And => a & b,
        BinOp::Or => a | b,
        BinOp::Xor => a ^ b,
        BinOp::Shl if b >= ty.bits() => 0,
        BinOp::Shl => a << b,
        BinOp::Shr if b >= ty.bits() => 0,
        BinOp::Shr => a >> b,
        BinOp::Sar => (sa >> b.min(31)) as u32,
    };
    result & ty.mask()
}

/// Two's complement.
pub fn neg(ty: Ty, a: u32) -> u32 {
    a.wrapping_neg() & ty.mask()
}

/// All bits inverted.
pub fn not(ty: Ty, a: u32) -> u32 {
    !a & ty.mask()
}

/// `a` of type `from`, sign-extended to `to`.
pub fn sext(from: Ty, to: Ty, a: u32) -> u32 {
    from.signed(a) as u32 & to.mask()
}

/// `a cond b` for operands of type `ty`.
pub fn cmp(cond: Cond, ty: Ty, a: u32, b: u32) -> bool {
    let (sa, sb) = (ty.signed(a), ty.signed(b));
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::ULt => a < b,
        Cond::ULe => a <= b,
        Cond::UGt => a > b,
        Cond::UGe => a >= b,
        Cond::SLt => sa < sb,
        Cond::SLe => sa <= sb,
        Cond::SGt => sa > sb,
        Cond::SGe => sa >= sb,
    }
}

/// The result, of type `ty`, of an operation on known numbers; `None` when it is not arithmetic or
/// an operand that matters is not known.
pub fn op(op: &Op, ty: Ty, type_of: impl Fn(Value) -> Ty, get: impl Fn(Value) -> Option<u32>) -> Option<u32> {
    Some(match op {
        Op::Const(n) => *n,
        Op::Bin(op, a, b) => bin(*op, ty, get(*a)?, get(*b)?),
        Op::Neg(a) => neg(ty, get(*a)?),
        Op::Not(a) => not(ty, get(*a)?),
        Op::Cmp(cond, a, b) => cmp(*cond, type_of(*a), get(*a)?, get(*b)?).into(),
        Op::Zext(a) => get(*a)?,
        Op::Sext(a) => sext(type_of(*a), ty, get(*a)?),
        Op::Trunc(a) => get(*a)? & ty.mask(),
        Op::Select(c, a, b) => get(if get(*c)? != 0 { *a } else { *b })?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_follows_the_language() {
        use BinOp::*;
        assert_eq!(bin(UDiv, Ty::I8, 200, 0), 255);
        assert_eq!(bin(SDiv, Ty::I16, 5, 0), 0x7fff);
        assert_eq!(bin(SDiv, Ty::I8, 0xff, 0), 0x80);
        assert_eq!(bin(SDiv, Ty::I8, 0x80, 0xff), 0x80, "the smallest by -1 wraps");
        assert_eq!(bin(SDiv, Ty::I32, 0x8000_0000, u32::MAX), 0x8000_0000);
        assert_eq!(bin(SRem, Ty::I8, 0xf9, 3), 0xff, "-7 % 3 is -1");
        assert_eq!(bin(SRem, Ty::I16, 0xfff9, 0), 0xfff9);
        assert_eq!(bin(URem, Ty::I8, 7, 0), 7);
    }

    #[test]
    fn long_shifts_empty_the_value() {
        assert_eq!(bin(BinOp::Shl, Ty::I8, 1, 8), 0);
        assert_eq!(bin(BinOp::Shr, Ty::I32, 5, 40), 0);
        assert_eq!(bin(BinOp::Sar, Ty::I8, 0x80, 200), 0xff);
        assert_eq!(bin(BinOp::Sar, Ty::I16, 0x8000, 3), 0xf000);
    }

    #[test]
    fn comparisons_know_the_sign() {
        assert!(cmp(Cond::SLt, Ty::I8, 0x80, 0) && cmp(Cond::UGt, Ty::I8, 0x80, 0));
    }
}
