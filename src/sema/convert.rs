//! From a value to the type that its use asks for.
//!
//! In: a `Val` and a type. Out: a `hir::Expr` of exactly that type. Invariant: every conversion in
//! the typed tree is made here or in `operator.rs`; what the language does not convert by itself is
//! an error that names the cast. Not here: explicit casts (`call.rs`), whole objects, arrays and
//! strings (`assign.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::fold;
use crate::sema::hir::{BinOp, Expr, ExprKind, Place, PlaceKind, StrExpr, StrPart, Type};
use crate::sema::val::{Val, address_of, load, tuple_pointer};
use crate::sema::value::Const;

/// Why a value is wanted, for messages and warnings.
#[derive(Clone, Debug)]
pub enum Use {
    Assign,
    Argument,
    Return,
    /// An index, count or address: no warning about 8 bits.
    Internal,
}

impl Checker<'_> {
    /// The value as one of type `to`.
    pub fn coerce(&mut self, val: Val, to: &Type, span: Span, why: &Use) -> Expr {
        match (to, val) {
            (Type::Error, _) | (_, Val::Error) => fold::error(span),
            (Type::Alias(target), val) => self.pass_alias(val, target, span, why),
            (Type::Tuple(elem), val) => self.pass_tuple(val, elem, span, why),
            (_, Val::Const(value)) => self.const_to(&value, to, span, false),
            (_, val) => match self.scalar(val) {
                Ok(expr) => self.convert_implicitly(expr, to, span, why),
                Err(val) => self.mismatch(&val, to, span),
            },
        }
    }

    /// A scalar as an expression, or the value back when it is none. Constants take the smallest
    /// type.
    pub fn scalar(&mut self, val: Val) -> Result<Expr, Val> {
        match val {
            Val::Expr(expr) if expr.ty == Type::Error || expr.ty.is_scalar() => Ok(expr),
            Val::Place(place) if place.ty == Type::Error || place.ty.is_scalar() => Ok(load(place)),
            other => Err(other),
        }
    }

    fn convert_implicitly(&mut self, expr: Expr, to: &Type, span: Span, why: &Use) -> Expr {
        let from = expr.ty.clone();
        if from == Type::Error || from == *to {
            return expr;
        }
        let fault = match (&from, to) {
            (Type::Float | Type::F16 | Type::F32, _) if to.is_integral() => Some(codes::FLOAT_TO_INTEGER),
            (Type::F16 | Type::F32, Type::Float) => None,
            (_, Type::F16 | Type::F32) => Some(codes::FIXED_NEEDS_CAST),
            _ if to.is_scalar() => None,
            _ => return self.mismatch(&Val::Expr(expr), to, span),
        };
        if let Some(code) = fault {
            self.needs_cast(code, &from, to, span);
            return fold::error(span);
        }
        if to.is_integral()
            && to.width() > 1
            && !matches!(why, Use::Internal)
            && fold::may_differ_in(&expr, to)
        {
            self.warn_narrow(&expr, to, span);
        }
        fold::convert(expr, to.clone())
    }

    fn needs_cast(&mut self, code: codes::Code, from: &Type, to: &Type, span: Span) {
        let (from, to) = (self.describe_type(from), self.type_name(to));
        let text = format!("{from} does not become {to} by itself; write {to}(…)");
        let error = Diagnostic::error(code, span, text);
        let error = wrapped(error, span, &to);
        self.report(error);
    }

    /// Warns that a value is computed in 8 bits before it becomes one of type `to`.
    pub fn warn_narrow(&mut self, expr: &Expr, to: &Type, span: Span) {
        let wide = if to.is_signed() { "int" } else { "word" };
        let first = first_operand(expr);
        let warning = Diagnostic::warning(
            codes::NARROW_OVERFLOW,
            span,
            format!("this computes in 8 bits and may overflow before it becomes {}", self.type_name(to)),
        );
        let title = format!("widen an operand first: {wide}(…)");
        self.report(warning.enclose(title, first.span, &format!("{wide}("), ")"));
    }

    /// A constant as one of a scalar type. `operand` when it stands beside a value of that type, so
    /// that an integer may become fixed point.
    pub fn const_to(&mut self, value: &Const, to: &Type, span: Span, operand: bool) -> Expr {
        if to.is_byte_like()
            && let Some(code) = value.as_char()
        {
            return fold::int(i64::from(code), to.clone(), span);
        }
        match to {
            Type::Float => {
                if let Some(number) = value.as_f64() {
                    let nearest = fold::from_mbf(fold::mbf(number));
                    // Farther away than any rounding.
                    if nearest.abs() < number.abs() / 2.0 && nearest != 0.0 {
                        let largest = if number > 0.0 { "1.701412E+38" } else { "-1.701412E+38" };
                        self.warn_truncated(&format!("{number:e}"), largest, to, span);
                    }
                    return Expr { kind: ExprKind::Float(fold::mbf(number)), ty: Type::Float, span };
                }
            }
            Type::F16 | Type::F32 => match value {
                Const::Float(_) => return self.const_fixed(value, to, span),
                Const::Int(_) if operand => return self.const_fixed(value, to, span),
                Const::Int(_) | Const::Bool(_) | Const::Char(_) => {
                    self.needs_cast(codes::FIXED_NEEDS_CAST, &Type::Int, to, span);
                    return fold::error(span);
                }
                _ => {}
            },
            _ if to.is_integral() => match value {
                Const::Float(_) => {
                    self.needs_cast(codes::FLOAT_TO_INTEGER, &Type::Float, to, span);
                    return fold::error(span);
                }
                _ => {
                    if let Some(number) = value.as_int() {
                        return self.const_integer(number, to, span);
                    }
                }
            },
            _ => {}
        }
        self.mismatch(&Val::Const(value.clone()), to, span)
    }

    fn const_integer(&mut self, value: i128, to: &Type, span: Span) -> Expr {
        let wrapped = to.wrap(value as i64);
        if i128::from(wrapped) != value {
            self.warn_truncated(&value.to_string(), &wrapped.to_string(), to, span);
        }
        fold::int(wrapped, to.clone(), span)
    }

    /// A number as fixed point, rounded to nearest.
    pub fn const_fixed(&mut self, value: &Const, to: &Type, span: Span) -> Expr {
        let number = value.as_f64().unwrap_or(0.0);
        let scale = f64::from(1u32 << fold::fraction_bits(to));
        let raw = (number * scale).round();
        let wrapped = to.wrap(raw as i64);
        if wrapped as f64 != raw {
            self.warn_truncated(&number.to_string(), &(wrapped as f64 / scale).to_string(), to, span);
        }
        fold::int(wrapped, to.clone(), span)
    }

    fn warn_truncated(&mut self, value: &str, becomes: &str, to: &Type, span: Span) {
        let ty = self.type_name(to);
        self.report(
            Diagnostic::warning(
                codes::CONSTANT_TRUNCATED,
                span,
                format!("{value} does not fit {ty} and becomes {becomes}"),
            )
            .help(format!("write {becomes}, or use a wider type")),
        );
    }

    /// A constant with the smallest type that holds it.
    pub fn const_default(&mut self, value: &Const, span: Span) -> Option<Expr> {
        Some(match value {
            Const::Bool(value) => fold::boolean(*value, span),
            Const::Char(code) => fold::int(i64::from(*code), Type::Char, span),
            Const::Float(_) => self.const_to(value, &Type::Float, span, true),
            Const::Int(number) => match i64::try_from(*number).ok().and_then(Type::smallest_for) {
                Some(ty) => fold::int(*number as i64, ty, span),
                None => {
                    let text = format!("{number} does not fit any type");
                    self.report(Diagnostic::error(codes::CONSTANT_RANGE, span, text));
                    fold::error(span)
                }
            },
            Const::Str(_) | Const::Tuple(_) => return None,
        })
    }

    /// Reports a value that cannot have the type that its place asks for.
    pub fn mismatch(&mut self, val: &Val, to: &Type, span: Span) -> Expr {
        let silent = match val {
            Val::Error => true,
            Val::Expr(e) => e.ty == Type::Error,
            Val::Place(p) => p.ty == Type::Error,
            _ => *to == Type::Error,
        };
        if !silent {
            let found = self.describe(val);
            let wanted = self.describe_type(to);
            let mut error = Diagnostic::error(
                codes::TYPE_MISMATCH,
                span,
                format!("{wanted} is needed here, not {found}"),
            );
            let scalar = match val {
                Val::Const(value) => !matches!(value, Const::Tuple(_)),
                Val::Expr(Expr { ty, .. }) | Val::Place(Place { ty, .. }) => ty.is_scalar(),
                _ => false,
            };
            if to.is_string() && adds_characters(val) {
                error = error.fix(
                    "characters are added as numbers; begin with a string",
                    span.start(),
                    "\"\" + ",
                );
            } else if to.is_string() && scalar {
                error = wrapped(error, span, "str");
            } else if matches!(to, Type::Alias(_)) && scalar {
                error = error.help("an alias leads to a variable; alias(a, address) sets it to an address");
            }
            self.report(error);
        }
        fold::error(span)
    }

    /// The address of `val` for an `alias[target]`.
    pub fn pass_alias(&mut self, val: Val, target: &Type, span: Span, _why: &Use) -> Expr {
        let ty = target.clone().alias();
        match (val, target) {
            (Val::Error, _) => fold::error(span),
            (Val::Const(Const::Str(text)), Type::Str(_)) => {
                let place = self.literal_place(&text, span);
                address_of(place, ty)
            }
            (Val::Str(string), Type::Str(_)) => string_address(string, ty),
            (Val::Const(Const::Char(code)), Type::Str(_)) => {
                let place = self.literal_place(&[code], span);
                address_of(place, ty)
            }
            (Val::Place(place), _) if self.alias_fits(&place.ty, target) => address_of(place, ty),
            (Val::Place(Place { ty: Type::Error, .. }), _) => fold::error(span),
            (val, _) => self.mismatch(&val, &ty, span),
        }
    }

    /// True when an `alias[target]` may point to something of type `found`.
    pub fn alias_fits(&self, found: &Type, target: &Type) -> bool {
        match (found, target) {
            (Type::Str(_), Type::Str(_)) => true,
            (Type::Array(a, _), Type::Array(b, _)) => same_element(a, b),
            (Type::Class(a), Type::Class(b)) => self.inherits(*a, *b),
            _ => found == target || found.is_byte_like() && target.is_byte_like(),
        }
    }

    fn pass_tuple(&mut self, val: Val, elem: &Type, span: Span, _why: &Use) -> Expr {
        let ty = Type::Tuple(Box::new(elem.clone()));
        match val {
            Val::Place(Place { ty: Type::Error, .. }) => fold::error(span),
            Val::Place(place) => match &place.ty {
                Type::Tuple(found) if same_element(found, elem) => {
                    if let PlaceKind::Data(id) = place.kind
                        && self.is_relocated(id)
                    {
                        let text =
                            "relocated data has no count at its target and cannot be passed as a tuple";
                        self.report(
                            Diagnostic::error(codes::TYPE_MISMATCH, span, text)
                                .help("pass its address: addr(x), with the number of elements"),
                        );
                        return fold::error(span);
                    }
                    let mut pointer = tuple_pointer(place);
                    pointer.ty = ty;
                    pointer
                }
                _ => self.mismatch(&Val::Place(place), &ty, span),
            },
            Val::Const(Const::Tuple(items)) => match self.anonymous_tuple(&items, elem, span) {
                Some(place) => tuple_pointer(place),
                None => fold::error(span),
            },
            other => self.mismatch(&other, &ty, span),
        }
    }

    /// The bytes of a constant expression in memory order.
    pub fn encode(expr: &Expr, bytes: &mut Vec<u8>) {
        match expr.kind {
            ExprKind::Int(value) => {
                bytes.extend_from_slice(&value.to_le_bytes()[..expr.ty.width() as usize]);
            }
            ExprKind::Float(float) => bytes.extend_from_slice(&float),
            _ => bytes.extend(std::iter::repeat_n(0, expr.ty.width() as usize)),
        }
    }
}

/// The error with the fix that puts `word(…)` around its place.
pub fn wrapped(error: Diagnostic, span: Span, word: &str) -> Diagnostic {
    error.enclose(format!("use {word}(…)"), span, &format!("{word}("), ")")
}

/// The operand of a computation in 8 bits that has to be widened first. What a conversion to 8 bits
/// encloses in the source is left as it is: widening would be undone there.
fn first_operand(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Binary(_, inner, _) | ExprKind::Neg(inner) => first_operand(inner),
        ExprKind::Convert(inner) if expr.ty.width() > 1 || inner.span == expr.span => first_operand(inner),
        _ => expr,
    }
}

/// True for a sum that begins with two characters, as numbers are added.
fn adds_characters(val: &Val) -> bool {
    let Val::Expr(expr) = val else { return false };
    let mut sum = expr;
    while let ExprKind::Binary(BinOp::Add, left, right) = &sum.kind {
        let character = |e: &Expr| match &e.kind {
            ExprKind::Convert(inner) => inner.ty == Type::Char,
            _ => e.ty == Type::Char,
        };
        if character(left) && character(right) {
            return true;
        }
        sum = left;
    }
    false
}

/// True when elements of the two types are the same in memory and meaning; `char` and `byte` mix.
pub fn same_element(a: &Type, b: &Type) -> bool {
    a == b || a.is_byte_like() && b.is_byte_like()
}

/// The address of a string value; of a computed one, of a temporary.
fn string_address(string: StrExpr, ty: Type) -> Expr {
    let span = string.span;
    match string.parts.as_slice() {
        [StrPart::Str(place)] => address_of(place.clone(), ty),
        _ => Expr { kind: ExprKind::StrTemp(Box::new(string)), ty, span },
    }
}
