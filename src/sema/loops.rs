//! `for` loops.
//!
//! In: `for v in range(…)`. Out: `For` or `Repeat`. Invariant: bounds that are constant are checked
//! as exact numbers; bounds known at run time only take the variable's type. Not here: `while`.

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::convert::Use;
use crate::sema::fold;
use crate::sema::hir::{Bound, Expr, For, Place, Stmt, StmtKind, Type};
use crate::sema::val::Val;
use crate::sema::value::Const;
use crate::syntax::ast;

/// A bound before it has the variable's type.
enum Limit {
    Const(i64),
    Run(Expr),
    Bad,
}

/// Constant bounds are cut to this, which no type reaches.
const FARTHEST: i128 = 1 << 48;

impl Checker<'_> {
    /// A `for` statement; `None` when it certainly never runs, or after a fault.
    pub fn for_loop(&mut self, var: &ast::Ident, range: &ast::Range, body: &ast::Block) -> Option<StmtKind> {
        if var.name == "_" {
            return self.repeat_loop(var, range, body);
        }
        if range.end.kind == ast::ExprKind::Error && !self.scope.declared.contains_key(&var.name) {
            // What it should loop over was reported.
            if !self.scope.names.contains_key(&var.name) {
                self.silence(&var.name, var.span);
            }
        }
        let place = self.loop_variable(var);
        let start = match &range.start {
            Some(start) => (self.limit(start), start.span),
            None => (Limit::Const(0), range.span),
        };
        let end = (self.limit(&range.end), range.end.span);
        let step = match &range.step {
            Some(step) => self.step(step),
            None => Some(1),
        };
        self.scope.loop_vars.push(var.name.clone());
        let body = self.loop_body(body);
        self.scope.loop_vars.pop();
        self.assemble_for(place?, start, end, step?, range.span, body)
    }

    fn loop_variable(&mut self, var: &ast::Ident) -> Option<Place> {
        if self.scope.loop_vars.contains(&var.name) {
            let text = format!("'{}' is already the variable of an outer loop", var.name);
            self.report(Diagnostic::error(codes::NOT_ASSIGNABLE, var.span, text));
            return None;
        }
        let known = self.scope.names.contains_key(&var.name) || self.globals.contains_key(&var.name);
        if !known && !self.scope.declared.contains_key(&var.name) {
            let text = format!("the loop variable '{}' is not declared", var.name);
            self.report(
                Diagnostic::error(codes::UNKNOWN_NAME, var.span, text)
                    .help(format!("declare it before the loop: {}: byte", var.name)),
            );
            self.silence(&var.name, var.span);
            return None;
        }
        match self.name(&var.name, var.span, "variable") {
            Val::Error | Val::Place(Place { ty: Type::Error, .. }) => None,
            Val::Place(place) if place.ty.is_integral() && place.ty != Type::Bool => Some(place),
            other => {
                let text = format!("a loop variable is an integer, not {}", self.describe(&other));
                self.report(Diagnostic::error(codes::BAD_RANGE, var.span, text));
                None
            }
        }
    }

    fn limit(&mut self, expr: &ast::Expr) -> Limit {
        let val = self.value(expr);
        let limit = match &val {
            Val::Error => return Limit::Bad,
            Val::Const(value) => match value {
                // Far outside of every type is as good as anywhere there.
                Const::Int(n) => Some(Limit::Const((*n).clamp(-FARTHEST, FARTHEST) as i64)),
                _ => value.as_char().map(|code| Limit::Const(i64::from(code))),
            },
            other => match self.scalar(other.clone()) {
                Ok(e) if e.ty == Type::Error => return Limit::Bad,
                Ok(e) if e.ty.is_integral() => Some(e.as_int().map_or(Limit::Run(e), Limit::Const)),
                _ => None,
            },
        };
        limit.unwrap_or_else(|| {
            let text = format!("a bound of range() is an integer, not {}", self.describe(&val));
            self.report(Diagnostic::error(codes::BAD_RANGE, expr.span, text));
            Limit::Bad
        })
    }

    fn step(&mut self, step: &ast::Expr) -> Option<i64> {
        let before = self.sink.error_count();
        let val = self.value(step);
        let constant = match &val {
            Val::Const(value) => value.as_int(),
            Val::Expr(e) => e.as_int().map(i128::from),
            _ => None,
        };
        let text = match constant {
            Some(0) => "the step of range() is zero",
            Some(n) if n.unsigned_abs() <= u128::from(u32::MAX) => return Some(n as i64),
            Some(_) => "the step of range() is too large",
            None if self.sink.error_count() > before => return None,
            None => "the step of range() must be an integer constant",
        };
        self.report(Diagnostic::error(codes::BAD_RANGE, step.span, text));
        None
    }

    fn assemble_for(
        &mut self,
        var: Place,
        (start, start_span): (Limit, Span),
        (end, end_span): (Limit, Span),
        step: i64,
        span: Span,
        body: Vec<Stmt>,
    ) -> Option<StmtKind> {
        let ty = var.ty.clone();
        if let (Limit::Const(first), Limit::Const(end)) = (&start, &end) {
            let (first, end) = (*first, *end);
            let distance = if step > 0 { end - first } else { first - end };
            if distance <= 0 {
                return None;
            }
            let last = first + (distance - 1) / step.abs() * step;
            if !ty.holds(first) || !ty.holds(last) {
                let wrong = if ty.holds(first) { last } else { first };
                self.does_not_fit(wrong, &ty, span);
                return None;
            }
        }
        let start = match start {
            Limit::Bad => None,
            Limit::Const(value) if ty.holds(value) => Some(fold::int(value, ty.clone(), start_span)),
            Limit::Const(value) => {
                self.does_not_fit(value, &ty, start_span);
                None
            }
            Limit::Run(expr) => Some(self.bound(expr, &ty, start_span)),
        };
        let end = match end {
            Limit::Bad => None,
            Limit::Const(value) => {
                // The last value before the end, with a step of one, is certain.
                let last = value - step;
                if step.abs() == 1
                    && ty.range().is_some_and(|(lo, hi)| if step > 0 { last > hi } else { last < lo })
                {
                    self.does_not_fit(last, &ty, end_span);
                    None
                } else {
                    Some(Bound::Const(value))
                }
            }
            Limit::Run(expr) => Some(Bound::Value(self.bound(expr, &ty, end_span))),
        };
        Some(StmtKind::For(Box::new(For { var, start: start?, end: end?, step, body })))
    }

    fn does_not_fit(&mut self, value: i64, ty: &Type, span: Span) {
        let text = format!("the loop variable would get {value}, which does not fit {}", self.type_name(ty));
        self.report(
            Diagnostic::error(codes::BAD_RANGE, span, text).help("declare the variable with a wider type"),
        );
    }

    /// A bound known at run time, in the variable's type.
    fn bound(&mut self, expr: Expr, ty: &Type, span: Span) -> Expr {
        if expr.ty.width() > ty.width() {
            let (from, to) = (self.type_name(&expr.ty), self.type_name(ty));
            self.report(
                Diagnostic::warning(
                    codes::WIDE_BOUND,
                    span,
                    format!("this bound of type {from} is cut to {to}"),
                )
                .help(format!("declare the loop variable as {from}, or write {to}(…)")),
            );
        }
        self.coerce(Val::Expr(expr), ty, span, &Use::Assign)
    }

    fn repeat_loop(&mut self, var: &ast::Ident, range: &ast::Range, body: &ast::Block) -> Option<StmtKind> {
        if range.start.is_some() || range.step.is_some() {
            self.report(
                Diagnostic::error(codes::THROWAWAY, var.span, "'for _' takes range(n) only")
                    .help("declare a loop variable for a range with a start or step"),
            );
        }
        let span = range.end.span;
        for part in range.start.iter().chain(&range.step) {
            self.value(part);
        }
        let count = match self.limit(&range.end) {
            Limit::Const(n) => {
                let n = n.clamp(0, 0xFFFF_FFFF);
                Some(fold::int(n, Type::smallest_for(n).unwrap_or(Type::DWord), span))
            }
            Limit::Run(expr) => Some(expr),
            Limit::Bad => None,
        };
        let body = self.loop_body(body);
        if range.start.is_some() || range.step.is_some() {
            return None;
        }
        Some(StmtKind::Repeat { count: count?, body })
    }
}
