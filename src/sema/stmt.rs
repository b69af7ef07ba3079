//! Statements.
//!
//! In: `ast::Block`. Out: `hir::Stmt`s. Invariant: a statement with a fault gives at most part of
//! its meaning, and never stops the check of the next. Not here: assignments (`assign.rs`), loops
//! (`loops.rs`), declarations (`local.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::convert::Use;
use crate::sema::hir::{Expr, ExprKind, FuncKind, Place, PlaceKind, Stmt, StmtKind, Type};
use crate::sema::val::Val;
use crate::syntax::ast;

impl Checker<'_> {
    /// The statements of a block.
    pub fn block(&mut self, block: &ast::Block) -> Vec<Stmt> {
        let mut stmts = Vec::with_capacity(block.stmts.len());
        let mut kinds = Vec::new();
        for stmt in &block.stmts {
            self.statement(stmt, &mut kinds);
            stmts.extend(kinds.drain(..).map(|kind| Stmt { kind, span: stmt.span }));
        }
        stmts
    }

    fn statement(&mut self, stmt: &ast::Stmt, out: &mut Vec<StmtKind>) {
        self.statement = match &stmt.kind {
            ast::StmtKind::If { .. } | ast::StmtKind::While { .. } | ast::StmtKind::For { .. } => None,
            _ => Some(stmt.span),
        };
        self.statement_parts(stmt, out);
        self.statement = None;
    }

    fn statement_parts(&mut self, stmt: &ast::Stmt, out: &mut Vec<StmtKind>) {
        match &stmt.kind {
            ast::StmtKind::Expr(expr) => self.expression_statement(expr, out),
            ast::StmtKind::Assign { target, value } => self.assignment(target, value, out),
            ast::StmtKind::AugAssign { target, op, op_span, value } => {
                out.extend(self.augmented(target, *op, *op_span, value));
            }
            ast::StmtKind::Decl(decl) => self.declaration(decl, out),
            ast::StmtKind::If { arms, otherwise } => out.extend(self.conditional(arms, otherwise.as_ref())),
            ast::StmtKind::While { cond, body } => {
                let cond = self.condition(cond);
                let body = self.loop_body(body);
                out.push(StmtKind::While { cond, body });
            }
            ast::StmtKind::For { var, range, body } => out.extend(self.for_loop(var, range, body)),
            ast::StmtKind::Break => out.extend(self.leave_loop("break", StmtKind::Break, stmt.span)),
            ast::StmtKind::Continue => out.extend(self.leave_loop("continue", StmtKind::Continue, stmt.span)),
            ast::StmtKind::Return(value) => out.push(self.return_statement(value.as_ref(), stmt.span)),
            ast::StmtKind::Asm(asm) => out.push(StmtKind::Asm(self.assembly(asm))),
            ast::StmtKind::Pass | ast::StmtKind::Error => {}
        }
    }

    fn conditional(&mut self, arms: &[ast::IfArm], otherwise: Option<&ast::Block>) -> Option<StmtKind> {
        let mut checked: Vec<(Expr, Vec<Stmt>, Span)> = Vec::with_capacity(arms.len());
        for arm in arms {
            let cond = self.condition(&arm.cond);
            let body = self.block(&arm.body);
            checked.push((cond, body, arm.span));
        }
        let mut rest = otherwise.map_or_else(Vec::new, |block| self.block(block));
        while let Some((cond, then, span)) = checked.pop() {
            let kind = StmtKind::If { cond, then, otherwise: rest };
            if checked.is_empty() {
                return Some(kind);
            }
            rest = vec![Stmt { kind, span }];
        }
        None
    }

    /// The body of a loop.
    pub fn loop_body(&mut self, body: &ast::Block) -> Vec<Stmt> {
        self.scope.loop_depth += 1;
        let body = self.block(body);
        self.scope.loop_depth -= 1;
        body
    }

    fn leave_loop(&mut self, word: &str, kind: StmtKind, span: Span) -> Option<StmtKind> {
        if self.scope.loop_depth > 0 {
            return Some(kind);
        }
        self.report(Diagnostic::error(
            codes::OUTSIDE_LOOP,
            span,
            format!("'{word}' stands outside of a loop"),
        ));
        None
    }

    fn return_statement(&mut self, value: Option<&ast::Expr>, span: Span) -> StmtKind {
        let ret = self.scope.ret.clone().unwrap_or(Type::Error);
        match (value, &ret) {
            (None, Type::Void | Type::Error) => StmtKind::Return(None),
            (None, ty) => {
                let text = format!("'return' needs a value here: {}", self.describe_type(ty));
                self.report(Diagnostic::error(codes::BAD_RETURN, span, text));
                StmtKind::Return(None)
            }
            (Some(value), Type::Void) => {
                self.value(value);
                let text = "'return' with a value in a function without '->'";
                self.report(
                    Diagnostic::error(codes::BAD_RETURN, value.span, text)
                        .help("add '-> type' to its first line, or remove the value"),
                );
                StmtKind::Return(None)
            }
            (Some(value), ty) => {
                let val = self.value(value);
                // Also after a fault, so that the end of the function is not reported too.
                StmtKind::Return(Some(self.coerce(val, ty, value.span, &Use::Return)))
            }
        }
    }

    fn expression_statement(&mut self, expr: &ast::Expr, out: &mut Vec<StmtKind>) {
        let inner = expr.unparenthesised();
        let ast::ExprKind::Call { callee, args } = &inner.kind else {
            return self.no_effect(expr, inner);
        };
        let span = expr.span;
        let val = match self.callee(callee) {
            Val::Builtin(builtin) if builtin.statement => {
                out.extend(self.builtin_statement(builtin, args, span));
                return;
            }
            Val::Place(Place { ty: Type::Class(class), kind, span: place_span }) => {
                let object = Place { ty: Type::Class(class), kind, span: place_span };
                self.initialise(object, class, args, span, out);
                return;
            }
            Val::Class(class) if self.out.classes[class].singleton => {
                let object = self.object_without_self(class, callee.span);
                self.initialise(object, class, args, span, out);
                return;
            }
            Val::Class(class) => {
                for arg in args {
                    self.value(arg);
                }
                let name = self.class_name(class);
                let text = format!("'{name}' is a class; initialise a variable of it");
                self.report(
                    Diagnostic::error(codes::INITIALISER_MISUSE, span, text)
                        .help(format!("write x: {name} = {name}(…)")),
                );
                return;
            }
            Val::Func(id) => self.call_function(id, None, args, callee.span, span),
            Val::Method(id, receiver) => {
                // A parent's initialiser called by name does not apply the defaults again.
                debug_assert!(self.out.funcs[id].kind != FuncKind::Defaults);
                self.call_function(id, receiver, args, callee.span, span)
            }
            Val::Builtin(builtin) => self.builtin_call(builtin, args, span),
            Val::Scalar(ty) => self.cast(ty, args, span),
            other => self.not_callable(&other, callee, args),
        };
        match val {
            Val::Expr(call) if call.ty != Type::Error => out.push(StmtKind::Expr(call)),
            // The result is not used, the call still happens.
            Val::Place(Place { kind: PlaceKind::Deref(call), .. })
                if matches!(call.kind, ExprKind::Call(..)) =>
            {
                out.push(StmtKind::Expr(*call));
            }
            _ => {}
        }
    }

    fn no_effect(&mut self, expr: &ast::Expr, inner: &ast::Expr) {
        let before = self.sink.error_count();
        let val = self.value(expr);
        if self.sink.error_count() > before || matches!(val, Val::Error) {
            return;
        }
        let error = Diagnostic::error(codes::BAD_STATEMENT, expr.span, "this expression has no effect");
        self.report(match (&inner.kind, &val) {
            (ast::ExprKind::Compare { op: ast::CompareOp::Eq, op_span, .. }, _) => {
                error.fix("to assign, use '='", *op_span, "=")
            }
            (_, Val::Func(_) | Val::Method(..) | Val::Builtin(_)) => {
                error.fix("to call it, add ()", expr.span.end(), "()")
            }
            _ => error.help("a statement is an assignment, a call, a declaration or a keyword"),
        });
    }
}
