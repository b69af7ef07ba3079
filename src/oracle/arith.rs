//! Arithmetic on scalars as section 4 of the language says.
//!
//! A scalar is an `i64`: integers and `bool` as the number, fixed point as the raw number, `float`
//! as its four bytes read little-endian. Invariant: the value is in the range of its type.

use std::cmp::Ordering;

use crate::c64::float;
use crate::sema::hir::{BinOp, CompareOp, Type};

/// `a op b` in type `ty`.
pub fn binary(op: BinOp, ty: &Type, a: i64, b: i64) -> i64 {
    match ty {
        Type::Float => float_binary(op, a as u32, b as u32).into(),
        Type::F16 | Type::F32 => {
            let one = one(ty);
            match op {
                BinOp::Mul => ty.wrap(a * b / one),
                BinOp::Div if b == 0 => by_zero(ty, a),
                BinOp::Div => ty.wrap(a * one / b),
                _ => integer(op, ty, a, b),
            }
        }
        _ => integer(op, ty, a, b),
    }
}

/// The number 1 as a raw fixed-point number.
fn one(ty: &Type) -> i64 {
    if *ty == Type::F16 { 1 << 8 } else { 1 << 16 }
}

fn by_zero(ty: &Type, a: i64) -> i64 {
    let (lowest, largest) = ty.range().unwrap_or_default();
    if a < 0 { lowest } else { largest }
}

fn integer(op: BinOp, ty: &Type, a: i64, b: i64) -> i64 {
    let bits = i64::from(ty.width()) * 8;
    let exact = match op {
        BinOp::Add => a + b,
        BinOp::Sub => a - b,
        // Two 32-bit unsigned numbers have a product beyond i64.
        BinOp::Mul => a.wrapping_mul(b),
        BinOp::Div if b == 0 => by_zero(ty, a),
        BinOp::Div => a / b,
        BinOp::Rem if b == 0 => a,
        BinOp::Rem => a % b,
        BinOp::And => a & b,
        BinOp::Or => a | b,
        BinOp::Xor => a ^ b,
        BinOp::Shl if b >= bits => 0,
        BinOp::Shl => a << b,
        BinOp::Shr if b >= bits => -i64::from(a < 0),
        BinOp::Shr => a >> b,
    };
    ty.wrap(exact)
}

fn float_binary(op: BinOp, a: u32, b: u32) -> u32 {
    match op {
        BinOp::Add => float::add(a, b),
        BinOp::Sub => float::sub(a, b),
        BinOp::Mul => float::mul(a, b),
        BinOp::Div => float::div(a, b),
        // The checker has refused the others.
        _ => 0,
    }
}

pub fn negate(ty: &Type, a: i64) -> i64 {
    if *ty == Type::Float { float::neg(a as u32).into() } else { ty.wrap(-a) }
}

/// `abs`; `to` is the type of the result.
pub fn absolute(to: &Type, a: i64) -> i64 {
    if *to == Type::Float { float::abs(a as u32).into() } else { to.wrap(a.abs()) }
}

pub fn order(ty: &Type, a: i64, b: i64) -> Ordering {
    if *ty == Type::Float { float::compare(a as u32, b as u32) } else { a.cmp(&b) }
}

pub fn holds(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}

/// Whether the whole value is non-zero.
pub fn is_true(ty: &Type, a: i64) -> bool {
    if *ty == Type::Float { float::to_f64(a as u32) != 0.0 } else { a != 0 }
}

/// A value of type `from` as one of type `to`.
pub fn convert(a: i64, from: &Type, to: &Type) -> i64 {
    match (from, to) {
        _ if from == to => a,
        (Type::Float, Type::F16) => to.wrap(float::to_fixed(a as u32, 8).into()),
        (Type::Float, Type::F32) => float::to_fixed(a as u32, 16).into(),
        (Type::Float, _) => to.wrap(float::to_fixed(a as u32, 0).into()),
        (Type::F16, Type::Float) => float::from_fixed(a, 8).into(),
        (Type::F32, Type::Float) => float::from_fixed(a, 16).into(),
        (_, Type::Float) => float::from_fixed(a, 0).into(),
        (Type::F16, Type::F32) => to.wrap(a << 8),
        (Type::F32, Type::F16) => to.wrap(a / 256),
        (Type::F16 | Type::F32, _) => to.wrap(a / one(from)),
        (_, Type::F16 | Type::F32) => to.wrap(a.wrapping_mul(one(to))),
        _ => to.wrap(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_by_zero_and_of_the_smallest() {
        assert_eq!(binary(BinOp::Div, &Type::Byte, 7, 0), 255);
        assert_eq!(binary(BinOp::Div, &Type::Int, -7, 0), -32768);
        assert_eq!(binary(BinOp::Div, &Type::Int, -32768, -1), -32768);
        assert_eq!(binary(BinOp::Rem, &Type::Int, -7, 0), -7);
        assert_eq!(binary(BinOp::Rem, &Type::Int, -7, 2), -1);
        assert_eq!(binary(BinOp::Div, &Type::F16, -1, 0), -32768);
    }

    #[test]
    fn shifts_by_the_width_and_more() {
        assert_eq!(binary(BinOp::Shl, &Type::Byte, 255, 8), 0);
        assert_eq!(binary(BinOp::Shr, &Type::SByte, -2, 255), -1);
        assert_eq!(binary(BinOp::Shr, &Type::SByte, -2, 1), -1);
        assert_eq!(binary(BinOp::Shl, &Type::Int, 1, 15), -32768);
    }

    #[test]
    fn fixed_point_is_cut_toward_zero() {
        assert_eq!(binary(BinOp::Mul, &Type::F16, -1, 1), 0);
        assert_eq!(convert(-257, &Type::F16, &Type::Int), -1);
        assert_eq!(convert(-1, &Type::F32, &Type::F16), 0);
        assert_eq!(convert(300, &Type::Int, &Type::F16), 11264);
    }
}
