//! Constructors of typed expressions that fold what is constant.
//!
//! In: operands that already have the right types. Out: the shortest equal expression. Invariant:
//! a folded value is what the target machine would compute: it wraps, cuts toward zero, and a
//! shift by the width or more leaves nothing but the sign. Not here: which types are legal.

use crate::base::source::Span;
use crate::sema::hir::{BinOp, CompareOp, Expr, ExprKind, Type};

/// An integer constant (or raw fixed-point value) of `ty`, wrapped into it.
pub fn int(value: i64, ty: Type, span: Span) -> Expr {
    Expr { kind: ExprKind::Int(ty.wrap(value)), ty, span }
}

/// A `Bool` constant.
pub fn boolean(value: bool, span: Span) -> Expr {
    int(i64::from(value), Type::Bool, span)
}

/// The expression of a part that was reported.
pub fn error(span: Span) -> Expr {
    Expr { kind: ExprKind::Error, ty: Type::Error, span }
}

/// How many fraction bits the raw value of a type has.
pub fn fraction_bits(ty: &Type) -> u32 {
    match ty {
        Type::F16 => 8,
        Type::F32 => 16,
        _ => 0,
    }
}

/// `operand` brought to `ty`.
pub fn convert(operand: Expr, ty: Type) -> Expr {
    if operand.ty == ty || operand.ty == Type::Error {
        return operand;
    }
    let span = operand.span;
    match operand.kind {
        ExprKind::Int(value) => {
            let bits = fraction_bits(&operand.ty);
            if ty == Type::Float {
                let exact = value as f64 / f64::from(1u32 << bits);
                return Expr { kind: ExprKind::Float(mbf(exact)), ty, span };
            }
            let target = fraction_bits(&ty);
            let value = if target >= bits {
                value << (target - bits)
            } else if ty.is_fixed() {
                value >> (bits - target)
            } else {
                // Out of fixed point into an integer: toward zero.
                value / (1 << (bits - target))
            };
            int(value, ty, span)
        }
        ExprKind::Float(bytes) if ty != Type::Float => {
            let scaled = from_mbf(bytes) * f64::from(1u32 << fraction_bits(&ty));
            int(scaled.trunc() as i64, ty, span)
        }
        // A widening that is cut off again leaves the inner value.
        ExprKind::Convert(inner)
            if inner.ty == ty
                && ty.is_integral()
                && operand.ty.width() >= ty.width()
                && operand.ty.is_integral() =>
        {
            Expr { span, ..*inner }
        }
        _ => Expr { kind: ExprKind::Convert(Box::new(operand)), ty, span },
    }
}

/// Arithmetic on two operands of the result's type (a shift count may have another type).
pub fn binary(op: BinOp, left: Expr, right: Expr, span: Span) -> Expr {
    let ty = left.ty.clone();
    if ty == Type::Error || right.ty == Type::Error {
        return error(span);
    }
    if let (Some(a), Some(b)) = (left.as_int(), right.as_int())
        && let Some(value) = arithmetic(op, a, b, &ty)
    {
        return int(value, ty, span);
    }
    Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), ty, span }
}

fn arithmetic(op: BinOp, a: i64, b: i64, ty: &Type) -> Option<i64> {
    let bits = fraction_bits(ty);
    let width = ty.width() * 8;
    Some(match op {
        BinOp::Add => a.wrapping_add(b),
        BinOp::Sub => a.wrapping_sub(b),
        BinOp::Mul => a.wrapping_mul(b) / (1 << bits),
        BinOp::Div => (a << bits).checked_div(b)?,
        BinOp::Rem => a.checked_rem(b)?,
        BinOp::And => a & b,
        BinOp::Or => a | b,
        BinOp::Xor => a ^ b,
        BinOp::Shl => match u32::try_from(b) {
            Ok(n) if n < width => a << n,
            _ => 0,
        },
        BinOp::Shr => match u32::try_from(b) {
            Ok(n) if n < width => a >> n,
            _ => a >> 63,
        },
    })
}

/// A comparison of two operands of one type.
pub fn compare(op: CompareOp, left: Expr, right: Expr, span: Span) -> Expr {
    if left.ty == Type::Error || right.ty == Type::Error {
        return error(span);
    }
    if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
        return boolean(holds(op, a.cmp(&b)), span);
    }
    Expr { kind: ExprKind::Compare(op, Box::new(left), Box::new(right)), ty: Type::Bool, span }
}

/// Whether a comparison is true for operands that compare as `order`.
pub fn holds(op: CompareOp, order: std::cmp::Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}

/// Minus.
pub fn neg(operand: Expr, span: Span) -> Expr {
    let ty = operand.ty.clone();
    match operand.kind {
        ExprKind::Error => error(span),
        ExprKind::Int(value) => int(-value, ty, span),
        ExprKind::Float(bytes) => Expr { kind: ExprKind::Float(mbf(-from_mbf(bytes))), ty, span },
        _ => Expr { kind: ExprKind::Neg(Box::new(operand)), ty, span },
    }
}

/// `~`
pub fn invert(operand: Expr, span: Span) -> Expr {
    let ty = operand.ty.clone();
    match operand.kind {
        ExprKind::Error => error(span),
        ExprKind::Int(value) => int(!value, ty, span),
        _ => Expr { kind: ExprKind::Invert(Box::new(operand)), ty, span },
    }
}

/// Whether the whole value of a scalar is non-zero.
pub fn test(operand: Expr) -> Expr {
    let span = operand.span;
    match operand.kind {
        ExprKind::Error => operand,
        ExprKind::Int(value) => boolean(value != 0, span),
        ExprKind::Float(bytes) => boolean(bytes[0] != 0, span),
        ExprKind::Compare(..)
        | ExprKind::StrCompare(..)
        | ExprKind::Test(_)
        | ExprKind::Not(_)
        | ExprKind::And(..)
        | ExprKind::Or(..) => operand,
        _ => Expr { kind: ExprKind::Test(Box::new(operand)), ty: Type::Bool, span },
    }
}

/// `not` of a condition.
pub fn not(operand: Expr, span: Span) -> Expr {
    match operand.kind {
        ExprKind::Error => operand,
        ExprKind::Int(value) => boolean(value == 0, span),
        ExprKind::Not(inner) => *inner,
        _ => Expr { kind: ExprKind::Not(Box::new(operand)), ty: Type::Bool, span },
    }
}

/// `and`, `or` of two conditions; `and` when `all`.
pub fn logic(all: bool, left: Expr, right: Expr, span: Span) -> Expr {
    if left.ty == Type::Error || right.ty == Type::Error {
        return error(span);
    }
    match left.as_int() {
        Some(value) if (value != 0) == all => right,
        Some(_) => boolean(!all, span),
        None => {
            let (left, right) = (Box::new(left), Box::new(right));
            let kind = if all { ExprKind::And(left, right) } else { ExprKind::Or(left, right) };
            Expr { kind, ty: Type::Bool, span }
        }
    }
}

/// The largest value that an unsigned expression can have, as far as its form shows.
pub fn upper_bound(expr: &Expr) -> i64 {
    let of_type = expr.ty.range().map_or(i64::MAX, |(_, hi)| hi);
    let form = match &expr.kind {
        ExprKind::Int(value) => *value,
        ExprKind::Convert(inner) if !inner.ty.is_signed() && inner.ty.is_integral() => upper_bound(inner),
        ExprKind::Compare(..)
        | ExprKind::StrCompare(..)
        | ExprKind::Test(_)
        | ExprKind::Not(_)
        | ExprKind::And(..)
        | ExprKind::Or(..) => 1,
        ExprKind::Binary(op, left, right) if !expr.ty.is_signed() => {
            let (a, b) = (upper_bound(left), upper_bound(right));
            match op {
                BinOp::And => a.min(b),
                BinOp::Shr => right.as_int().map_or(a, |n| a >> n.clamp(0, 31)),
                BinOp::Rem if right.as_int().is_some_and(|n| n > 0) => a.min(b - 1),
                BinOp::Div => right.as_int().filter(|n| *n > 0).map_or(of_type, |n| a / n),
                BinOp::Add if a + b <= of_type => a + b,
                BinOp::Mul if a.saturating_mul(b) <= of_type => a * b,
                _ => of_type,
            }
        }
        _ => of_type,
    };
    form.min(of_type)
}

/// True when an operation in 8 bits inside `expr`, whose result reaches its value, can overflow.
pub fn may_overflow_byte(expr: &Expr) -> bool {
    let ExprKind::Binary(op, left, right) = &expr.kind else {
        return match &expr.kind {
            ExprKind::Convert(inner) if inner.ty.width() == 1 && inner.ty != expr.ty => {
                may_overflow_byte(inner)
            }
            _ => false,
        };
    };
    if expr.ty.width() != 1 {
        return false;
    }
    let (a, b) = (upper_bound(left), upper_bound(right));
    let most = expr.ty.range().map_or(0xFF, |(_, most)| most);
    let own = match op {
        BinOp::Add => a + b > most,
        BinOp::Mul => a.saturating_mul(b) > most,
        BinOp::Shl => right.as_int().is_none_or(|n| n > 7 || a << n.max(0) > most),
        _ => false,
    };
    let inner = matches!(op, BinOp::Add | BinOp::Mul | BinOp::Sub | BinOp::Div | BinOp::Shr);
    own || inner && (may_overflow_byte(left) || may_overflow_byte(right) && *op != BinOp::Shr)
}

/// True when a value of 8 bits is not what it would be in the wider type `to`: it may overflow, or for
/// a signed type be a difference below zero.
pub fn may_differ_in(expr: &Expr, to: &Type) -> bool {
    to.is_signed() && may_go_below_zero(expr) || may_overflow_byte(expr)
}

/// True for a difference of unsigned bytes, or one with its sign changed, unless its form shows that it
/// is not below zero.
pub fn may_go_below_zero(expr: &Expr) -> bool {
    let below = match &expr.kind {
        ExprKind::Binary(BinOp::Sub, left, right) => left.as_int().is_none_or(|n| n < upper_bound(right)),
        ExprKind::Neg(inner) => upper_bound(inner) > 0,
        _ => false,
    };
    below && expr.ty.width() == 1 && !expr.ty.is_signed()
}

/// True when a product or left shift in 8 bits may overflow in `expr`, as in `y * 40 + x`. Sums
/// alone seldom do where they are part of something wider.
pub fn product_may_overflow(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary(BinOp::Mul | BinOp::Shl, ..) => may_overflow_byte(expr),
        ExprKind::Binary(BinOp::Add | BinOp::Sub, left, right) => {
            product_may_overflow(left) || product_may_overflow(right)
        }
        _ => false,
    }
}

/// The four-byte `float` nearest to `value`.
pub fn mbf(value: f64) -> [u8; 4] {
    if value == 0.0 || value.is_nan() {
        return [0; 4];
    }
    let sign = if value < 0.0 { 0x80 } else { 0 };
    let largest = [0xFF, sign | 0x7F, 0xFF, 0xFF];
    if value.is_infinite() {
        return largest;
    }
    let bits = value.abs().to_bits();
    let mut exponent = (bits >> 52) as i32 - 1022;
    // 53 bits with the leading one, rounded to 24, ties away from zero.
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    let mut rounded = (mantissa + (1 << 28)) >> 29;
    if rounded == 1 << 24 {
        rounded >>= 1;
        exponent += 1;
    }
    match exponent + 128 {
        e if e < 1 => [0; 4],
        e if e > 255 => largest,
        e => [e as u8, sign | (rounded >> 16) as u8 & 0x7F, (rounded >> 8) as u8, rounded as u8],
    }
}

/// The value of a four-byte `float`.
pub fn from_mbf(bytes: [u8; 4]) -> f64 {
    let [exponent, high, mid, low] = bytes;
    if exponent == 0 {
        return 0.0;
    }
    let mantissa = u32::from_be_bytes([0, high | 0x80, mid, low]);
    let magnitude = f64::from(mantissa) * 2f64.powi(i32::from(exponent) - 128 - 24);
    if high & 0x80 != 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::FileId;

    fn c(value: i64, ty: Type) -> Expr {
        int(value, ty, Span::new(FileId(0), 0, 0))
    }

    fn folded(op: BinOp, a: i64, b: i64, ty: Type) -> Option<i64> {
        binary(op, c(a, ty.clone()), c(b, ty.clone()), c(0, ty).span).as_int()
    }

    #[test]
    fn arithmetic_wraps_and_cuts_as_the_target_does() {
        assert_eq!(folded(BinOp::Add, 200, 100, Type::Byte), Some(44));
        assert_eq!(folded(BinOp::Div, -7, 2, Type::SByte), Some(-3));
        assert_eq!(folded(BinOp::Rem, -7, 2, Type::Int), Some(-1));
        assert_eq!(folded(BinOp::Shr, -8, 20, Type::Int), Some(-1));
        assert_eq!(folded(BinOp::Shl, 1, 8, Type::Byte), Some(0));
        assert_eq!(folded(BinOp::Mul, 0x0180, -0x0180, Type::F16), Some(-0x0240), "1.5 * -1.5");
        assert_eq!(folded(BinOp::Div, 1, 0, Type::Byte), None);
    }

    #[test]
    fn float_bytes_are_exponent_sign_mantissa() {
        assert_eq!(mbf(1.0), [0x81, 0, 0, 0]);
        assert_eq!(mbf(-0.5), [0x80, 0x80, 0, 0]);
        assert_eq!(mbf(10.0), [0x84, 0x20, 0, 0]);
        assert_eq!(mbf(1e60), [0xFF, 0x7F, 0xFF, 0xFF]);
        assert_eq!(mbf(1e-60), [0; 4]);
        assert_eq!(from_mbf(mbf(-3.75)), -3.75);
        assert_eq!(mbf(16777217.0), mbf(16777218.0), "a tie rounds away from zero");
    }

    #[test]
    fn conversions_of_constants() {
        assert_eq!(convert(c(-2, Type::SByte), Type::Word).as_int(), Some(65534));
        assert_eq!(convert(c(-0x0180, Type::F16), Type::Int).as_int(), Some(-1));
        assert_eq!(convert(c(5, Type::Byte), Type::F16).as_int(), Some(0x500));
        assert_eq!(convert(c(0x180, Type::F16), Type::F32).as_int(), Some(0x18000));
    }

    #[test]
    fn overflow_is_seen_only_where_it_can_happen() {
        let span = c(0, Type::Byte).span;
        let b = || Expr {
            kind: ExprKind::Builtin(crate::sema::hir::Builtin::GetKey, vec![]),
            ty: Type::Byte,
            span,
        };
        let masked = binary(BinOp::And, b(), c(7, Type::Byte), span);
        assert!(may_overflow_byte(&binary(BinOp::Mul, b(), c(40, Type::Byte), span)));
        assert!(!may_overflow_byte(&binary(BinOp::Mul, masked, c(30, Type::Byte), span)));
    }
}
