//! What follows from the order of statements: a missing `return`, and reads of variables that
//! certainly hold nothing yet.
//!
//! In: checked bodies. Out: errors and warnings. Invariant: a warning is given only when no path
//! to the read assigns the variable, if it is the first one in a loop; behind a branch in a loop the
//! loop counts as possibly run before. Not here: names, types.

use std::collections::BTreeSet;

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::hir::{
    Asm, AsmRef, Bound, Func, LocalId, LocalKind, Place, PlaceKind, Stmt, StmtKind, Type,
};
use crate::sema::hir_visit::{Access, Visitor, walk_block, walk_place, walk_stmt};

/// Checks all functions of the module.
pub fn check(checker: &mut Checker<'_>) {
    let mut names: Vec<(Span, String, String)> = Vec::new();
    // What was reported is missing from the bodies, an assignment perhaps.
    let complete = !checker.sink.has_errors();
    for func in checker.out.funcs.iter() {
        let Some(body) = &func.body else { continue };
        if !matches!(func.ret, Type::Void | Type::Error) && !func.naked && falls_through(body) {
            names.push((func.name_span, func.name.clone(), checker.type_name(&func.ret)));
        }
        if complete {
            let mut reads = Reads { func, sink: checker.sink, assigned: params(func) };
            walk_block(&mut reads, body);
        }
    }
    for (span, name, ty) in names {
        checker.report(
            Diagnostic::error(
                codes::MISSING_RETURN,
                span,
                format!("'{name}' can reach its end without the return of a value ({ty})"),
            )
            .help("add a return with a value at the end"),
        );
    }
}

/// True when control can reach the end of a block.
pub fn falls_through(block: &[Stmt]) -> bool {
    block.iter().all(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue => false,
        StmtKind::If { then, otherwise, .. } => falls_through(then) || falls_through(otherwise),
        StmtKind::While { cond, body } => cond.as_int().is_none_or(|v| v == 0) || breaks(body),
        _ => true,
    })
}

/// True when a `break` in the block leaves the loop around it.
fn breaks(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        StmtKind::Break => true,
        StmtKind::If { then, otherwise, .. } => breaks(then) || breaks(otherwise),
        _ => false,
    })
}

fn params(func: &Func) -> BTreeSet<LocalId> {
    func.locals.enumerated().filter(|(_, l)| l.kind != LocalKind::Var).map(|(id, _)| id).collect()
}

/// The locals that some statement of a block may set.
struct Writes<'s>(&'s mut BTreeSet<LocalId>);

impl Visitor for Writes<'_> {
    fn stmt(&mut self, stmt: &Stmt) {
        if let StmtKind::Asm(asm) = &stmt.kind {
            asm_locals(asm, self.0);
        }
        walk_stmt(self, stmt);
    }

    fn place(&mut self, place: &Place, access: Access) {
        if let PlaceKind::Local(id) = place.kind
            && access != Access::Read
        {
            self.0.insert(id);
        }
        walk_place(self, place, access);
    }
}

fn asm_locals(asm: &Asm, assigned: &mut BTreeSet<LocalId>) {
    for name in asm.names.values() {
        if let AsmRef::Local(id) = name {
            assigned.insert(*id);
        }
    }
}

/// Finds reads of unset locals; `assigned` are those that may be set at the current point.
struct Reads<'a> {
    func: &'a Func,
    sink: &'a mut Sink,
    assigned: BTreeSet<LocalId>,
}

impl Reads<'_> {
    /// What stands before the first branch of the body runs before anything else in the loop has.
    fn loop_body(&mut self, body: &[Stmt]) {
        let is_branch = |stmt: &Stmt| {
            use StmtKind::{For, If, Repeat, While};
            matches!(stmt.kind, If { .. } | While { .. } | For(_) | Repeat { .. })
        };
        let (first, rest) = body.split_at(body.iter().position(is_branch).unwrap_or(body.len()));
        walk_block(self, first);
        walk_block(&mut Writes(&mut self.assigned), body);
        walk_block(self, rest);
    }
}

impl Visitor for Reads<'_> {
    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::If { cond, then, otherwise } => {
                self.expr(cond);
                let before = self.assigned.clone();
                walk_block(self, then);
                let after_then = std::mem::replace(&mut self.assigned, before);
                walk_block(self, otherwise);
                self.assigned.extend(after_then);
            }
            StmtKind::While { cond, body } => {
                self.expr(cond);
                self.loop_body(body);
            }
            StmtKind::For(f) => {
                self.expr(&f.start);
                if let Bound::Value(end) = &f.end {
                    self.expr(end);
                }
                self.place(&f.var, Access::Write);
                self.loop_body(&f.body);
            }
            StmtKind::Repeat { count, body } => {
                self.expr(count);
                self.loop_body(body);
            }
            StmtKind::Asm(asm) => asm_locals(asm, &mut self.assigned),
            _ => walk_stmt(self, stmt),
        }
    }

    fn place(&mut self, place: &Place, access: Access) {
        let PlaceKind::Local(id) = place.kind else {
            walk_place(self, place, access);
            return;
        };
        let local = &self.func.locals[id];
        let simple = local.ty.width() > 0 || local.ty.is_string();
        if simple && matches!(access, Access::Read | Access::Update) && !self.assigned.contains(&id) {
            let text = format!("Variable '{}' holds no value yet", local.name);
            self.sink.push(
                Diagnostic::warning(codes::UNINITIALISED, place.span, text)
                    .also(local.span, "declared here without a value"),
            );
        }
        self.assigned.insert(id);
    }
}
