//! What interrupt code may do.
//!
//! In: the checked functions of a module. Out: errors for what handlers, and functions that they
//! reach, may not do. Invariant: each fault is reported once, at the first handler that reaches
//! it. Not here: the rules for single calls of handlers and helpers (`call.rs`).

use std::collections::{BTreeSet, HashMap};

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::index::Id;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::hir::{Expr, ExprKind, Func, FuncId, Stmt, StmtKind, StrExpr, Type};
use crate::sema::hir_visit::{Visitor, walk_block, walk_expr, walk_parts, walk_stmt};

/// Facts about functions of other modules.
#[derive(Debug, Default)]
pub struct Facts {
    /// Why interrupt code may not call an imported function.
    pub imported_unfit: HashMap<FuncId, String>,
}

/// What one body does.
#[derive(Default)]
struct Body {
    /// The first forbidden thing of each kind.
    unfit: Vec<(Span, &'static str)>,
    calls: Vec<(FuncId, Span)>,
}

impl Body {
    fn of(func: &Func) -> Body {
        let mut body = Body::default();
        walk_block(&mut body, func.body.as_deref().unwrap_or_default());
        body
    }

    fn note(&mut self, span: Span, what: &'static str) {
        // What stands in a 'print' is told with it.
        let told = self.unfit.iter().any(|(at, kind)| *kind == what || at.lo <= span.lo && span.hi <= at.hi);
        if !told {
            self.unfit.push((span, what));
        }
    }
}

impl Visitor for Body {
    fn stmt(&mut self, stmt: &Stmt) {
        if matches!(stmt.kind, StmtKind::Print { .. }) {
            self.note(stmt.span, "'print'");
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, expr: &Expr) {
        match expr.ty {
            Type::Float => self.note(expr.span, "float arithmetic"),
            Type::F16 | Type::F32 => self.note(expr.span, "fixed-point arithmetic"),
            _ => {}
        }
        if let ExprKind::Call(func, _) = &expr.kind {
            self.calls.push((*func, expr.span));
        }
        walk_expr(self, expr);
    }

    fn string(&mut self, string: &StrExpr) {
        self.note(string.span, "string operations");
        walk_parts(self, &string.parts);
    }
}

/// Reports what handlers of the module may not do.
pub fn check(checker: &mut Checker<'_>) {
    let funcs = &checker.out.funcs;
    let handlers: Vec<FuncId> =
        funcs.enumerated().filter(|(_, f)| f.irq.is_some() && f.body.is_some()).map(|(id, _)| id).collect();
    let mut seen = BTreeSet::new();
    let mut errors = Vec::new();
    for handler in handlers {
        let mut work = vec![handler];
        while let Some(id) = work.pop() {
            if !seen.insert(id) {
                continue;
            }
            let body = Body::of(&funcs[id]);
            let from = (&funcs[handler], id == handler);
            errors.extend(body.unfit.iter().map(|(span, what)| forbidden(what, *span, from)));
            for (callee, span) in body.calls {
                if let Some(what) = checker.facts.imported_unfit.get(&callee) {
                    errors.push(forbidden(what, span, from));
                }
                work.push(callee);
            }
        }
    }
    for error in errors {
        checker.report(error);
    }
}

fn forbidden(what: &str, span: Span, (handler, itself): (&Func, bool)) -> Diagnostic {
    let error = Diagnostic::error(codes::INTERRUPT_CODE, span, format!("{what} in interrupt code"));
    if itself {
        error
    } else {
        error.also(handler.name_span, format!("reached from the handler '{}'", handler.name))
    }
    .help("let the handler set a flag and do this in the main program")
}

/// Why interrupt code may not call `func`, for the module's interface.
pub fn unfit(checker: &Checker<'_>, func: &Func) -> Option<String> {
    let funcs = &checker.out.funcs;
    let start = Body::of(func);
    if let Some((_, what)) = start.unfit.first() {
        return Some(what.to_string());
    }
    let mut seen = vec![false; funcs.len()];
    let mut work: Vec<FuncId> = start.calls.into_iter().map(|(id, _)| id).collect();
    while let Some(id) = work.pop() {
        if std::mem::replace(&mut seen[id.index()], true) {
            continue;
        }
        if let Some(what) = checker.facts.imported_unfit.get(&id) {
            return Some(what.clone());
        }
        let body = Body::of(&funcs[id]);
        if let Some((_, what)) = body.unfit.first() {
            return Some(what.to_string());
        }
        work.extend(body.calls.into_iter().map(|(id, _)| id));
    }
    None
}
