//! Compile-time values: constants, lengths, addresses, decorator arguments.
//!
//! In: expressions that must be constant. Out: `Const`s. Invariant: integers are exact within 128
//! bits; what would not be is an error. Expressions go through the same checker as everywhere; what
//! is not folded is not constant. Not here: constants of a type (`fold.rs`, `convert.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::fold;
use crate::sema::hir::{self, CompareOp, DataKind, Expr, ExprKind, Place, PlaceKind, StrExpr, StrPart, Type};
use crate::sema::val::Val;
use crate::sema::value::Const;
use crate::syntax::ast::{self, BinOp};

/// Longest string.
pub const MAX_STRING: usize = 255;

impl Checker<'_> {
    /// The value of an expression that must be constant; reports when it is not.
    pub fn constant(&mut self, expr: &ast::Expr) -> Option<Const> {
        let val = self.value(expr);
        self.require_const(val, expr.span)
    }

    /// The constant that a checked value is; reports when it is none.
    pub fn require_const(&mut self, val: Val, span: Span) -> Option<Const> {
        match val {
            Val::Error => return None,
            Val::Const(value) => return Some(value),
            Val::Expr(Expr { kind: ExprKind::Int(value), ty, .. }) => {
                let bits = fold::fraction_bits(&ty);
                return Some(match ty {
                    Type::Bool => Const::Bool(value != 0),
                    Type::Char => Const::Char(value as u8),
                    _ if bits > 0 => Const::Float(value as f64 / f64::from(1u32 << bits)),
                    _ => Const::Int(i128::from(value)),
                });
            }
            Val::Expr(Expr { kind: ExprKind::Float(bytes), .. }) => {
                return Some(Const::Float(fold::from_mbf(bytes)));
            }
            Val::Expr(Expr { kind: ExprKind::Error, .. }) => return None,
            Val::Expr(ref expr) if expr.ty == Type::Float => {
                if let Some(value) = float_value(expr) {
                    return Some(Const::Float(value));
                }
            }
            Val::Str(string) => {
                if let Some(text) = self.constant_text(&string) {
                    if text.len() > MAX_STRING {
                        self.const_error(span, "a string has at most 255 characters");
                        return None;
                    }
                    return Some(Const::Str(text));
                }
            }
            _ => {}
        }
        self.not_constant(span);
        None
    }

    /// The text of a string value all of whose parts are constant.
    pub fn constant_text(&self, string: &StrExpr) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        self.constant_parts(&string.parts, &mut text)?;
        Some(text)
    }

    fn constant_parts(&self, parts: &[StrPart], text: &mut Vec<u8>) -> Option<()> {
        for part in parts {
            match part {
                StrPart::Str(Place { kind: PlaceKind::Data(id), .. }) => {
                    let data = &self.out.data[*id];
                    if data.kind != DataKind::Literal {
                        return None;
                    }
                    text.extend_from_slice(&data.bytes[1..]);
                }
                StrPart::Value {
                    value: Expr { kind: ExprKind::Int(code), ty: Type::Char, .. },
                    decimals: None,
                } => {
                    text.push(*code as u8);
                }
                StrPart::Repeat { parts, count } => {
                    let count = count.as_int()?;
                    for _ in 0..count.clamp(0, 256) {
                        self.constant_parts(parts, text)?;
                        if text.len() > MAX_STRING {
                            break;
                        }
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Reports an expression that should have been constant.
    pub fn not_constant(&mut self, span: Span) {
        self.report(
            Diagnostic::error(codes::NOT_CONSTANT, span, "this must be a constant")
                .help("allowed are literals, constants defined above, and operations on them"),
        );
    }

    /// An integer constant.
    pub fn constant_int(&mut self, expr: &ast::Expr) -> Option<i128> {
        let value = self.constant(expr)?;
        let int = value.as_int();
        if int.is_none() {
            let text = format!("this must be an integer constant, not {}", value.describe());
            self.report(Diagnostic::error(codes::NOT_CONSTANT, expr.span, text));
        }
        int
    }

    /// A constant address.
    pub fn constant_address(&mut self, expr: &ast::Expr) -> Option<u16> {
        let value = self.constant_int(expr)?;
        let address = u16::try_from(value).ok();
        if address.is_none() {
            let text = format!("an address is 0 to 65535, not {value}");
            self.report(Diagnostic::error(codes::CONSTANT_RANGE, expr.span, text));
        }
        address
    }

    /// An operation on two constants.
    pub fn const_binary(&mut self, op: BinOp, a: &Const, b: &Const, span: Span) -> Val {
        if let (Const::Str(x), Const::Str(y), BinOp::Add) = (a, b, op) {
            let text: Vec<u8> = x.iter().chain(y).copied().collect();
            if text.len() > MAX_STRING {
                return self.const_error(span, "a string has at most 255 characters");
            }
            return Val::Const(Const::Str(text));
        }
        let number = |c: &Const| c.as_int().or_else(|| c.as_char().map(i128::from));
        if let (Some(x), Some(y)) = (number(a), number(b)) {
            return match int_binary(op, x, y) {
                Ok(value) => Val::Const(value),
                Err(Fault::Zero) => {
                    self.division_by_zero(span);
                    Val::Error
                }
                Err(Fault::TooLarge) => self.const_error(span, "this constant is too large"),
            };
        }
        let (Some(x), Some(y)) = (a.as_f64(), b.as_f64()) else {
            return self.bad_operands(op.text(), &Val::Const(a.clone()), &Val::Const(b.clone()), span);
        };
        Val::Const(Const::Float(match op {
            BinOp::Add => x + y,
            BinOp::Sub => x - y,
            BinOp::Mul => x * y,
            BinOp::Div if y == 0.0 && x < 0.0 => -f64::INFINITY,
            BinOp::Div if y == 0.0 => f64::INFINITY,
            BinOp::Div => x / y,
            BinOp::Pow => x.powf(y),
            _ => return self.bad_operands(op.text(), &Val::Const(a.clone()), &Val::Const(b.clone()), span),
        }))
    }

    fn const_error(&mut self, span: Span, text: &str) -> Val {
        self.report(Diagnostic::error(codes::CONSTANT_RANGE, span, text));
        Val::Error
    }

    /// Reports `/` or `%` by a constant zero.
    pub fn division_by_zero(&mut self, span: Span) {
        self.report(Diagnostic::error(codes::DIVISION_BY_ZERO, span, "division by zero"));
    }

    /// A comparison of two constants; `None` when they cannot be compared.
    pub fn const_compare(&self, op: CompareOp, a: &Const, b: &Const) -> Option<bool> {
        let order = match (a, b) {
            (Const::Str(x), Const::Str(y)) => x.cmp(y),
            _ => {
                let number = |c: &Const| c.as_int().or_else(|| c.as_char().map(i128::from));
                match (number(a), number(b)) {
                    (Some(x), Some(y)) => x.cmp(&y),
                    _ => a.as_f64()?.partial_cmp(&b.as_f64()?)?,
                }
            }
        };
        Some(fold::holds(op, order))
    }
}

enum Fault {
    Zero,
    TooLarge,
}

fn int_binary(op: BinOp, a: i128, b: i128) -> Result<Const, Fault> {
    let value = match op {
        BinOp::Add => a.checked_add(b),
        BinOp::Sub => a.checked_sub(b),
        BinOp::Mul => a.checked_mul(b),
        BinOp::Div | BinOp::Rem if b == 0 => return Err(Fault::Zero),
        BinOp::Div => a.checked_div(b),
        BinOp::Rem => a.checked_rem(b),
        BinOp::And => Some(a & b),
        BinOp::Or => Some(a | b),
        BinOp::Xor => Some(a ^ b),
        BinOp::Shl => match u32::try_from(b) {
            Ok(n) if a == 0 || n < a.unsigned_abs().leading_zeros() => Some(a << n.min(127)),
            _ => None,
        },
        BinOp::Shr => Some(a >> b.clamp(0, 127)),
        BinOp::Pow if b < 0 => return Ok(Const::Float((a as f64).powf(b as f64))),
        BinOp::Pow => u32::try_from(b).ok().and_then(|n| a.checked_pow(n)),
    };
    value.map(Const::Int).ok_or(Fault::TooLarge)
}

/// The value of arithmetic on constant floats, as in `float(3) / 2`.
fn float_value(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Float(bytes) => Some(fold::from_mbf(*bytes)),
        ExprKind::Binary(op, left, right) => {
            let (a, b) = (float_value(left)?, float_value(right)?);
            match op {
                hir::BinOp::Add => Some(a + b),
                hir::BinOp::Sub => Some(a - b),
                hir::BinOp::Mul => Some(a * b),
                hir::BinOp::Div if b != 0.0 => Some(a / b),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(op: BinOp, a: i128, b: i128) -> Option<Const> {
        int_binary(op, a, b).ok()
    }

    #[test]
    fn constants_are_exact() {
        assert_eq!(eval(BinOp::Mul, 1 << 40, 1 << 40), Some(Const::Int(1 << 80)));
        assert_eq!(eval(BinOp::Div, -7, 2), Some(Const::Int(-3)), "toward zero");
        assert_eq!(eval(BinOp::Shl, 1, 16), Some(Const::Int(65536)));
        assert_eq!(eval(BinOp::Pow, 2, -1), Some(Const::Float(0.5)));
        assert_eq!(eval(BinOp::Pow, 2, 127), None);
        assert_eq!(eval(BinOp::Shl, 1, 1000), None);
        assert_eq!(eval(BinOp::Rem, 1, 0), None);
    }
}
