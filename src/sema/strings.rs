//! Strings: joining, repeating, comparing, and the text of values.
//!
//! In: `Val`s of which at least one is a string. Out: `Val::Str` and comparisons. Invariant: a
//! string value stays a list of parts, so that it can be built in its target. Not here: storing
//! strings (`assign.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::consteval::MAX_STRING;
use crate::sema::convert::wrapped;
use crate::sema::fold;
use crate::sema::hir::{CompareOp, DataKind, Expr, ExprKind, Place, PlaceKind, StrExpr, StrPart, Type};
use crate::sema::val::{Val, load};
use crate::sema::value::Const;
use crate::syntax::ast;

/// True for strings in memory and computed ones; not for constants, which may be characters.
fn is_runtime_string(val: &Val) -> bool {
    matches!(val, Val::Str(_) | Val::Place(Place { ty: Type::Str(_), .. }))
}

impl Checker<'_> {
    /// True when `op` on the two is a string operation (or an attempt at one).
    pub fn wants_string(&self, op: ast::BinOp, a: &Val, b: &Val) -> bool {
        if is_runtime_string(a) || is_runtime_string(b) {
            return true;
        }
        match (a, b, op) {
            (Val::Const(Const::Str(_)), Val::Const(Const::Str(_)), _) => op != ast::BinOp::Add,
            (Val::Const(Const::Str(_)), _, ast::BinOp::Mul)
            | (_, Val::Const(Const::Str(_)), ast::BinOp::Mul) => true,
            (Val::Const(Const::Str(text)), _, _) | (_, Val::Const(Const::Str(text)), _) => text.len() != 1,
            _ => false,
        }
    }

    /// `+` and `*` with a string.
    pub fn string_operation(
        &mut self,
        op: ast::BinOp,
        (a, a_span): (Val, Span),
        (b, b_span): (Val, Span),
        op_span: Span,
        span: Span,
    ) -> Val {
        match op {
            ast::BinOp::Add => {
                let (Some(mut left), Some(right)) = (self.joinable(a, a_span), self.joinable(b, b_span))
                else {
                    return Val::Error;
                };
                left.extend(right);
                self.built(left, span)
            }
            ast::BinOp::Mul => {
                let string_first = is_runtime_string(&a) || matches!(a, Val::Const(Const::Str(_)));
                let (string, count) =
                    if string_first { ((a, a_span), (b, b_span)) } else { ((b, b_span), (a, a_span)) };
                self.repeat(string, count, span)
            }
            _ => self.bad_operands(op.text(), &a, &b, op_span),
        }
    }

    /// The parts that a string or character adds to a string.
    fn joinable(&mut self, val: Val, span: Span) -> Option<Vec<StrPart>> {
        match val {
            Val::Error => None,
            Val::Expr(expr) if expr.ty == Type::Char => {
                Some(vec![StrPart::Value { value: expr, decimals: None }])
            }
            Val::Place(place) if place.ty == Type::Char => {
                Some(vec![StrPart::Value { value: load(place), decimals: None }])
            }
            other => match self.string_value(other, span) {
                Ok(string) => Some(string.parts),
                Err(Val::Error) => None,
                Err(other) => {
                    let text =
                        format!("{} cannot be joined to a string; write str(…)", self.describe(&other));
                    self.report(wrapped(Diagnostic::error(codes::BAD_OPERANDS, span, text), span, "str"));
                    None
                }
            },
        }
    }

    fn repeat(
        &mut self,
        (string, string_span): (Val, Span),
        (count, count_span): (Val, Span),
        span: Span,
    ) -> Val {
        let parts = match self.string_value(string, string_span) {
            Ok(string) => string.parts,
            Err(_) => return Val::Error,
        };
        let count = match &count {
            Val::Const(value) => value.as_int().map(|n| {
                let n = n.clamp(0, 256) as i64;
                fold::int(n, Type::smallest_for(n).unwrap_or(Type::Byte), count_span)
            }),
            _ => self.scalar(count.clone()).ok().filter(|e| e.ty.is_integral() || e.ty == Type::Error),
        };
        match count {
            Some(count) if count.ty == Type::Error => Val::Error,
            Some(count) => self.built(vec![StrPart::Repeat { parts, count: Box::new(count) }], span),
            None => {
                let text = "a string is repeated an integer number of times";
                self.report(Diagnostic::error(codes::BAD_OPERANDS, count_span, text));
                Val::Error
            }
        }
    }

    /// A string of these parts, which no string can hold when they are certainly too long.
    fn built(&mut self, parts: Vec<StrPart>, span: Span) -> Val {
        if self.least_length(&parts) > MAX_STRING as u32 {
            self.report(Diagnostic::error(
                codes::CONSTANT_RANGE,
                span,
                "a string has at most 255 characters",
            ));
            return Val::Error;
        }
        Val::Str(StrExpr { parts, span })
    }

    /// A value as a string; the value back when it is none.
    pub fn string_value(&mut self, val: Val, span: Span) -> Result<StrExpr, Val> {
        match val {
            Val::Str(string) => Ok(string),
            Val::Place(place) if place.ty.is_string() => {
                Ok(StrExpr { parts: vec![StrPart::Str(place)], span })
            }
            Val::Const(Const::Str(text)) => {
                let place = self.literal_place(&text, span);
                Ok(StrExpr { parts: vec![StrPart::Str(place)], span })
            }
            Val::Const(Const::Char(code)) => {
                let value = fold::int(i64::from(code), Type::Char, span);
                Ok(StrExpr { parts: vec![StrPart::Value { value, decimals: None }], span })
            }
            Val::Place(Place { ty: Type::Error, .. }) => Err(Val::Error),
            other => Err(other),
        }
    }

    /// Warns that a text is certainly longer than the string that it goes into.
    pub fn warn_too_long(&mut self, target: &Place, value: &StrExpr) {
        let Type::Str(Some(capacity)) = target.ty else { return };
        let least = self.least_length(&value.parts);
        if least > u32::from(capacity) {
            let text = format!("{least} characters do not fit string[{capacity}]");
            self.report(
                Diagnostic::warning(codes::TEXT_TOO_LONG, value.span, text)
                    .label("overwrites what lies behind the string")
                    .help(format!("declare it as string[{}]", least.min(255))),
            );
        }
    }

    /// The length that the text of `parts` has at least: what is known of it is counted.
    fn least_length(&self, parts: &[StrPart]) -> u32 {
        let least = |part: &StrPart| match part {
            StrPart::Str(Place { kind: PlaceKind::Data(id), .. }) => {
                let data = &self.out.data[*id];
                let length = data.bytes.first().filter(|_| data.kind == DataKind::Literal);
                length.map_or(0, |n| u32::from(*n))
            }
            StrPart::Str(_) => 0,
            StrPart::Value { .. } => 1,
            StrPart::Repeat { parts, count } => match count.kind {
                ExprKind::Int(n) => self.least_length(parts).saturating_mul(n.clamp(0, 256) as u32),
                _ => 0,
            },
        };
        parts.iter().map(least).fold(0, u32::saturating_add)
    }

    /// A comparison when both sides are strings; `None` when this is not about strings.
    pub fn string_comparison(
        &mut self,
        op: CompareOp,
        a: &Val,
        b: &Val,
        (a_span, b_span): (Span, Span),
        span: Span,
    ) -> Option<Val> {
        let string = |v: &Val| is_runtime_string(v) || matches!(v, Val::Const(Const::Str(_)));
        // Beside a string in memory, a character is the string of that one.
        if !(string(a) && string(b) || is_runtime_string(a) || is_runtime_string(b)) {
            return None;
        }
        let left = self.string_or_char(a.clone(), a_span).ok()?;
        let right = self.string_or_char(b.clone(), b_span).ok()?;
        let kind = ExprKind::StrCompare(op, Box::new(left), Box::new(right));
        Some(Val::Expr(Expr { kind, ty: Type::Bool, span }))
    }

    /// A value as `print` and `str` show it.
    pub fn text_of(&mut self, val: Val, span: Span) -> Option<StrExpr> {
        let val = match val {
            Val::Place(place) => match place.ty {
                Type::Class(class) => return self.object_text(place, class, span),
                _ => Val::Place(place),
            },
            other => other,
        };
        let val = match self.string_value(val, span) {
            Ok(string) => return Some(string),
            Err(val) => val,
        };
        let expr = match val {
            Val::Error => return None,
            Val::Const(ref value) => self.const_default(value, span),
            other => match self.scalar(other) {
                Ok(expr) => Some(expr),
                Err(other) => {
                    let text = format!("{} cannot be printed", self.describe(&other));
                    self.report(Diagnostic::error(codes::TYPE_MISMATCH, span, text));
                    return None;
                }
            },
        };
        match expr {
            Some(value) if value.ty == Type::Error => None,
            Some(value) => Some(StrExpr { parts: vec![StrPart::Value { value, decimals: None }], span }),
            None => {
                self.report(Diagnostic::error(
                    codes::TYPE_MISMATCH,
                    span,
                    "a list of values cannot be printed",
                ));
                None
            }
        }
    }

    fn object_text(&mut self, place: Place, class: crate::sema::hir::ClassId, span: Span) -> Option<StrExpr> {
        let part = match self.find_method(class, "__str__") {
            Some(method) => {
                let receiver = self.out.funcs[method].has_self.then_some(place);
                match self.call_function(method, receiver, &[], span, span) {
                    Val::Place(place) if place.ty.is_string() => StrPart::Str(place),
                    _ => return None,
                }
            }
            None => {
                let lowercase = self.out.lowercase;
                let name = format!("<{}>", self.out.classes[class].name);
                let text: Vec<u8> =
                    name.chars().filter_map(|c| crate::c64::petscii::petscii(c, lowercase)).collect();
                StrPart::Str(self.literal_place(&text, span))
            }
        };
        Some(StrExpr { parts: vec![part], span })
    }
}
