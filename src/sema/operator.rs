//! Operators: the type in which an operation computes, and its operands in that type.
//!
//! In: two `Val`s. Out: a `Val`. Invariant: the type comes from the operands, never from the use;
//! a constant takes the other operand's type when it fits. Not here: strings (`strings.rs`),
//! arithmetic on constants (`consteval.rs`, `fold.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::convert::wrapped;
use crate::sema::fold;
use crate::sema::hir::{BinOp, CompareOp, Expr, ExprKind, Place, PlaceKind, Type};
use crate::sema::types::{Meet, meet};
use crate::sema::val::Val;
use crate::sema::value::Const;
use crate::syntax::ast;

/// One operand of a scalar operation.
enum Operand {
    Const(Const),
    Expr(Expr),
}

/// What the operation type was chosen for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `+ - *`, and `== !=`: right on the unsigned type for every mixture of signs.
    SignFree,
    /// `& | ^`
    Bits,
    /// `/`, `%`, `< > <= >=`, `min`, `max`
    Signed,
}

impl Checker<'_> {
    /// `-x`, `+x`, `~x`, `not x`
    pub fn unary(&mut self, op: ast::UnaryOp, operand: &ast::Expr, span: Span) -> Val {
        if op == ast::UnaryOp::Not {
            let condition = self.condition(operand);
            return self.boolean(fold::not(condition, span));
        }
        let val = self.value(operand);
        if let Val::Const(value) = &val {
            let result = match (op, value) {
                (ast::UnaryOp::Neg, Const::Float(x)) => Some(Const::Float(-x)),
                (ast::UnaryOp::Plus, Const::Float(_)) => Some(value.clone()),
                (_, Const::Float(_)) => None,
                (ast::UnaryOp::Neg, _) => value.as_int().map(|x| Const::Int(-x)),
                (ast::UnaryOp::Invert, _) => value.as_int().map(|x| Const::Int(!x)),
                _ => value.as_int().map(Const::Int),
            };
            return match result {
                Some(value) => Val::Const(value),
                None => self.bad_operand(op.text(), &val, span),
            };
        }
        let expr = match self.scalar(val) {
            Ok(expr) => expr,
            Err(val) => return self.bad_operand(op.text(), &val, span),
        };
        if expr.ty == Type::Error {
            return Val::Error;
        }
        let expr = {
            let ty = expr.ty.arithmetic();
            if ty == expr.ty { expr } else { fold::convert(expr, ty) }
        };
        match op {
            ast::UnaryOp::Neg => Val::Expr(fold::neg(expr, span)),
            ast::UnaryOp::Invert if expr.ty.is_integral() => Val::Expr(fold::invert(expr, span)),
            ast::UnaryOp::Invert => self.bad_operand(op.text(), &Val::Expr(expr), span),
            _ => Val::Expr(expr),
        }
    }

    fn bad_operand(&mut self, op: &str, val: &Val, span: Span) -> Val {
        if !matches!(val, Val::Error) {
            let text = format!("'{op}' does not work on {}", self.describe(val));
            self.report(Diagnostic::error(codes::BAD_OPERANDS, span, text));
        }
        Val::Error
    }

    /// Reports two operands that an operator does not take.
    pub fn bad_operands(&mut self, op: &str, a: &Val, b: &Val, span: Span) -> Val {
        let silent = |v: &Val| matches!(v, Val::Error);
        if !silent(a) && !silent(b) {
            let text = format!("'{op}' does not work on {} and {}", self.describe(a), self.describe(b));
            let error = Diagnostic::error(codes::BAD_OPERANDS, span, text);
            self.report(match (a, b) {
                // No target, as it is meant.
                (Val::Place(place), Val::Const(Const::Int(0)))
                | (Val::Const(Const::Int(0)), Val::Place(place))
                    if matches!(op, "==" | "!=") && is_behind_alias(place) =>
                {
                    wrapped(error, place.span, "addr")
                }
                _ => error,
            });
        }
        Val::Error
    }

    /// An arithmetic operation.
    pub fn binary(
        &mut self,
        op: ast::BinOp,
        (a, a_span): (Val, Span),
        (b, b_span): (Val, Span),
        op_span: Span,
        span: Span,
    ) -> Val {
        if let (Val::Const(x), Val::Const(y)) = (&a, &b)
            && !self.wants_string(op, &a, &b)
        {
            return self.const_binary(op, x, y, span);
        }
        if matches!(a, Val::Error) || matches!(b, Val::Error) {
            return Val::Error;
        }
        if self.wants_string(op, &a, &b) {
            return self.string_operation(op, (a, a_span), (b, b_span), op_span, span);
        }
        if op == ast::BinOp::Pow {
            self.report(
                Diagnostic::error(codes::NOT_CONSTANT, op_span, "'**' is possible between constants only")
                    .help("multiply, or shift for powers of two"),
            );
            return Val::Error;
        }
        let (x, y) = match (self.operand(a), self.operand(b)) {
            (Ok(x), Ok(y)) => (x, y),
            (Ok(x), Err(y)) => return self.bad_operands(op.text(), &x.into_val(), &y, span),
            (Err(x), Ok(y)) => return self.bad_operands(op.text(), &x, &y.into_val(), span),
            (Err(x), Err(y)) => return self.bad_operands(op.text(), &x, &y, span),
        };
        if matches!(op, ast::BinOp::Shl | ast::BinOp::Shr) {
            return self.shift(op, (x, a_span), (y, b_span), span);
        }
        let kind = match op {
            ast::BinOp::And | ast::BinOp::Or | ast::BinOp::Xor => Kind::Bits,
            ast::BinOp::Div | ast::BinOp::Rem => Kind::Signed,
            _ => Kind::SignFree,
        };
        let Some((left, right)) = self.meet_operands(op.text(), kind, (x, a_span), (y, b_span), op_span)
        else {
            return Val::Error;
        };
        if op == ast::BinOp::Rem && !left.ty.is_integral() {
            return self.bad_operands(op.text(), &Val::Expr(left), &Val::Expr(right), span);
        }
        if kind == Kind::Signed && right.as_int() == Some(0) {
            self.division_by_zero(b_span);
            return Val::Error;
        }
        Val::Expr(fold::binary(hir_op(op), left, right, span))
    }

    fn operand(&mut self, val: Val) -> Result<Operand, Val> {
        match val {
            Val::Const(Const::Tuple(_)) => Err(val),
            Val::Const(value) => Ok(Operand::Const(value)),
            other => self.scalar(other).map(Operand::Expr),
        }
    }

    /// The left operand of a shift and its unsigned count.
    fn shift(
        &mut self,
        op: ast::BinOp,
        (x, x_span): (Operand, Span),
        (y, y_span): (Operand, Span),
        span: Span,
    ) -> Val {
        let left = match x {
            Operand::Const(value) => match value.as_int().and(self.const_default(&value, x_span)) {
                Some(expr) => expr,
                None => return self.bad_operand(op.text(), &Val::Const(value), x_span),
            },
            Operand::Expr(expr) => expr,
        };
        let count = match self.shift_count(op, y, y_span) {
            Some(count) => count,
            None => return Val::Error,
        };
        if !left.ty.is_integral() {
            return self.bad_operand(op.text(), &Val::Expr(left), x_span);
        }
        let ty = left.ty.arithmetic();
        Val::Expr(fold::binary(hir_op(op), fold::convert(left, ty), count, span))
    }

    fn shift_count(&mut self, op: ast::BinOp, count: Operand, span: Span) -> Option<Expr> {
        match count {
            Operand::Const(value) => match value.as_int() {
                // Counts are read as unsigned, so a negative one is a large one.
                Some(n) => Some(fold::int(
                    i64::try_from(n).map_or(255, |n| if n < 0 { 255 } else { n.min(255) }),
                    Type::Byte,
                    span,
                )),
                None => {
                    self.bad_operand(op.text(), &Val::Const(value), span);
                    None
                }
            },
            Operand::Expr(expr) if expr.ty.is_integral() => {
                let ty = expr.ty.unsigned();
                Some(fold::convert(expr, ty))
            }
            Operand::Expr(expr) => {
                if expr.ty != Type::Error {
                    self.bad_operand(op.text(), &Val::Expr(expr), span);
                }
                None
            }
        }
    }

    /// Both operands in the type of the operation; reports when there is none.
    fn meet_operands(
        &mut self,
        op: &str,
        kind: Kind,
        (x, x_span): (Operand, Span),
        (y, y_span): (Operand, Span),
        op_span: Span,
    ) -> Option<(Expr, Expr)> {
        let (left, right) = match (x, y) {
            (Operand::Expr(a), Operand::Expr(b)) => (a, b),
            (Operand::Expr(a), Operand::Const(c)) => {
                let b = self.beside(&c, &a.ty, y_span)?;
                (a, b)
            }
            (Operand::Const(c), Operand::Expr(b)) => {
                let a = self.beside(&c, &b.ty, x_span)?;
                (a, b)
            }
            (Operand::Const(a), Operand::Const(b)) => {
                (self.const_default(&a, x_span)?, self.const_default(&b, y_span)?)
            }
        };
        if left.ty == Type::Error || right.ty == Type::Error {
            return None;
        }
        let ty = self.operation_type(op, kind, &left, &right, op_span)?;
        if ty.is_integral() && ty.width() > 1 {
            for side in [&left, &right] {
                if fold::product_may_overflow(side) {
                    self.warn_narrow(side, &ty, side.span);
                }
            }
        }
        Some((fold::convert(left, ty.clone()), fold::convert(right, ty)))
    }

    /// A constant beside an operand of type `other`.
    fn beside(&mut self, value: &Const, other: &Type, span: Span) -> Option<Expr> {
        if *other == Type::Error {
            return None;
        }
        if let (Const::Str(_), Some(code)) = (value, value.as_char()) {
            return Some(fold::int(i64::from(code), Type::Char, span));
        }
        match value {
            Const::Str(_) | Const::Tuple(_) => None,
            _ if matches!(other, Type::Float | Type::F16 | Type::F32) => {
                let value = match value.as_int() {
                    Some(n) => Const::Int(n),
                    None => value.clone(),
                };
                Some(self.const_to(&value, other, span, true))
            }
            Const::Int(number) => {
                let ty = other.arithmetic();
                match i64::try_from(*number) {
                    Ok(n) if ty.holds(n) => Some(fold::int(n, ty, span)),
                    _ => self.const_default(value, span),
                }
            }
            _ => self.const_default(value, span),
        }
    }

    fn operation_type(&mut self, op: &str, kind: Kind, a: &Expr, b: &Expr, span: Span) -> Option<Type> {
        let operands = || (Val::Expr(a.clone()), Val::Expr(b.clone()));
        if !a.ty.is_integral() || !b.ty.is_integral() {
            let float = a.ty == Type::Float || b.ty == Type::Float;
            if kind == Kind::Bits {
                let (a, b) = operands();
                self.bad_operands(op, &a, &b, span);
                return None;
            }
            if float {
                return Some(Type::Float);
            }
            if a.ty == b.ty {
                return Some(a.ty.clone());
            }
            // Of two fixed point types the wider one holds both.
            let (fixed, other) = match a.ty.is_fixed() && (!b.ty.is_fixed() || a.ty.width() > b.ty.width()) {
                true => (&a.ty, b),
                false => (&b.ty, a),
            };
            let (fixed, found) = (self.type_name(fixed), self.describe_type(&other.ty));
            let text = format!("'{op}' on {fixed} and {found}; write {fixed}(…)");
            let error = Diagnostic::error(codes::FIXED_NEEDS_CAST, span, text);
            self.report(wrapped(error, other.span, &fixed));
            return None;
        }
        match meet(&a.ty, &b.ty) {
            Meet::Exact(ty) => Some(ty),
            Meet::Unsigned(ty) if kind != Kind::Signed => Some(ty),
            Meet::Unsigned(ty) => {
                let (signed, unsigned) = if a.ty.is_signed() { (&a.ty, &b.ty) } else { (&b.ty, &a.ty) };
                let width = signed.width().max(unsigned.width());
                let (to_unsigned, to_signed) =
                    (self.type_name(&ty), self.type_name(&crate::sema::types::integer(width, true)));
                let text = format!(
                    "'{op}' on {} and {} needs a cast: {to_unsigned}(…) or {to_signed}(…)",
                    self.type_name(&a.ty),
                    self.type_name(&b.ty)
                );
                self.report(
                    Diagnostic::error(codes::MIXED_SIGNS, span, text)
                        .note("neither type holds all values of the other"),
                );
                None
            }
        }
    }

    /// A comparison.
    pub fn comparison(&mut self, op: ast::CompareOp, left: &ast::Expr, right: &ast::Expr, span: Span) -> Val {
        let (a, b) = (self.value(left), self.value(right));
        let op_text = op.text();
        let op = hir_compare(op);
        if matches!(a, Val::Error) || matches!(b, Val::Error) {
            return Val::Error;
        }
        if let (Val::Const(x), Val::Const(y)) = (&a, &b) {
            return match self.const_compare(op, x, y) {
                Some(value) => Val::Const(Const::Bool(value)),
                None => self.bad_operands(op_text, &a, &b, span),
            };
        }
        if let Some(result) = self.string_comparison(op, &a, &b, (left.span, right.span), span) {
            return result;
        }
        let (x, y) = match (self.operand(a), self.operand(b)) {
            (Ok(x), Ok(y)) => (x, y),
            (Ok(x), Err(y)) => return self.bad_operands(op_text, &x.into_val(), &y, span),
            (Err(x), Ok(y)) => return self.bad_operands(op_text, &x, &y.into_val(), span),
            (Err(x), Err(y)) => return self.bad_operands(op_text, &x, &y, span),
        };
        if let (Operand::Const(c @ Const::Str(text)), other) | (other, Operand::Const(c @ Const::Str(text))) =
            (&x, &y)
            && text.len() != 1
        {
            let (c, other) = (Val::Const(c.clone()), other.as_val());
            return self.bad_operands(op_text, &other, &c, span);
        }
        let kind = if matches!(op, CompareOp::Eq | CompareOp::Ne) { Kind::SignFree } else { Kind::Signed };
        match self.meet_operands(op_text, kind, (x, left.span), (y, right.span), span) {
            Some((a, b)) => {
                let result = fold::compare(op, a, b, span);
                self.boolean(result)
            }
            None => Val::Error,
        }
    }

    /// An expression as a condition: true when its whole value is non-zero.
    pub fn condition(&mut self, expr: &ast::Expr) -> Expr {
        let val = self.value(expr);
        let span = expr.span;
        match val {
            Val::Const(ref value) => match value {
                Const::Float(x) => fold::boolean(*x != 0.0, span),
                _ => match value.as_int() {
                    Some(n) => fold::boolean(n != 0, span),
                    None => self.no_condition(&val, span),
                },
            },
            val => match self.scalar(val) {
                Ok(expr) => fold::test(expr),
                Err(val) => self.no_condition(&val, span),
            },
        }
    }

    fn no_condition(&mut self, val: &Val, span: Span) -> Expr {
        if !matches!(val, Val::Error) {
            let text = format!("{} cannot be a condition", self.describe(val));
            let error = Diagnostic::error(codes::NO_CONDITION, span, text);
            self.report(match val {
                Val::Place(place) if place.ty.is_string() => {
                    error.enclose("compare its length", span, "len(", ") > 0")
                }
                Val::Str(_) | Val::Const(Const::Str(_)) => error.help("compare its length: len(s) > 0"),
                Val::Func(_) | Val::Method(..) => error.fix("call it", span.end(), "()"),
                Val::Place(place) if is_behind_alias(place) => {
                    error.enclose("compare its address", span, "addr(", ") != 0")
                }
                Val::Place(_) => error.help("compare one of its parts"),
                _ => error.help("a condition is a comparison, or a number, character or bool"),
            });
        }
        fold::error(span)
    }

    /// `min` and `max`.
    pub fn min_max(&mut self, max: bool, a: (Val, Span), b: (Val, Span), span: Span) -> Val {
        let name = if max { "max" } else { "min" };
        if let (Val::Const(x), Val::Const(y)) = (&a.0, &b.0)
            && let Some(less) = self.const_compare(CompareOp::Lt, x, y)
        {
            return Val::Const(if less == max { y.clone() } else { x.clone() });
        }
        let (x, y) = match (self.operand(a.0), self.operand(b.0)) {
            (Ok(x), Ok(y)) => (x, y),
            (Err(x), Ok(y)) => return self.bad_operands(name, &x, &y.into_val(), span),
            (Ok(x), Err(y)) => return self.bad_operands(name, &x.into_val(), &y, span),
            (Err(x), Err(y)) => return self.bad_operands(name, &x, &y, span),
        };
        let Some((left, right)) = self.meet_operands(name, Kind::Signed, (x, a.1), (y, b.1), span) else {
            return Val::Error;
        };
        use crate::sema::hir::Builtin;
        let ty = left.ty.clone();
        let which = if max { Builtin::Max } else { Builtin::Min };
        Val::Expr(Expr { kind: ExprKind::Builtin(which, vec![left, right]), ty, span })
    }
}

impl Operand {
    fn into_val(self) -> Val {
        match self {
            Operand::Const(value) => Val::Const(value),
            Operand::Expr(expr) if expr.ty == Type::Error => Val::Error,
            Operand::Expr(expr) => Val::Expr(expr),
        }
    }

    fn as_val(&self) -> Val {
        match self {
            Operand::Const(value) => Val::Const(value.clone()),
            Operand::Expr(expr) => Val::Expr(expr.clone()),
        }
    }
}

/// The typed tree's operator; `**` never gets there.
pub fn hir_op(op: ast::BinOp) -> BinOp {
    match op {
        ast::BinOp::Add => BinOp::Add,
        ast::BinOp::Sub => BinOp::Sub,
        ast::BinOp::Mul | ast::BinOp::Pow => BinOp::Mul,
        ast::BinOp::Div => BinOp::Div,
        ast::BinOp::Rem => BinOp::Rem,
        ast::BinOp::And => BinOp::And,
        ast::BinOp::Or => BinOp::Or,
        ast::BinOp::Xor => BinOp::Xor,
        ast::BinOp::Shl => BinOp::Shl,
        ast::BinOp::Shr => BinOp::Shr,
    }
}

fn hir_compare(op: ast::CompareOp) -> CompareOp {
    match op {
        ast::CompareOp::Eq => CompareOp::Eq,
        ast::CompareOp::Ne => CompareOp::Ne,
        ast::CompareOp::Lt => CompareOp::Lt,
        ast::CompareOp::Le => CompareOp::Le,
        ast::CompareOp::Gt => CompareOp::Gt,
        ast::CompareOp::Ge => CompareOp::Ge,
    }
}

/// True for what an alias leads to, as a whole.
fn is_behind_alias(place: &Place) -> bool {
    matches!(&place.kind, PlaceKind::Deref(pointer) if matches!(pointer.kind, ExprKind::Load(_)))
}
