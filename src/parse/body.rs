//! Rows → the statements of a function body.
//!
//! In: the rows of a block. Out: `Block`s. Invariant: `elif` and `else` are joined to their `if`;
//! a block under an unreadable header is kept under an unknown condition, so that what it declares
//! stays declared. Not here: whether a statement makes sense (`sema`).

use super::MAX_CHAIN;
use super::build::{Builder, include, whole};
use super::stmt::{Row, RowKind, Rows};
use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::syntax::ast::{Block, Expr, ExprKind, Ident, IfArm, Stmt, StmtKind, VarDecl};

impl Builder<'_> {
    /// The statements of a block; `at` is its header.
    pub(super) fn block(&mut self, rows: Option<Rows>, at: Span) -> Block {
        let Some(Rows { rows, span }) = rows else {
            return Block { stmts: Vec::new(), span: at.end() };
        };
        let mut stmts: Vec<Stmt> = Vec::new();
        for row in rows {
            let row = match row.kind {
                RowKind::Elif(_) | RowKind::Else => self.branch(&mut stmts, row),
                _ => Some(row),
            };
            match row {
                // Apart from simple statements, to keep the stack of nested blocks small.
                Some(row) if row.block.is_some() => stmts.push(self.compound(row)),
                Some(row) => stmts.extend(self.stmt(row)),
                None => {}
            }
        }
        self.stray_decorators();
        Block { stmts, span }
    }

    /// Joins `elif` or `else` to the `if` before it. What belongs nowhere is reported and handed
    /// back as an unreadable row.
    fn branch(&mut self, stmts: &mut [Stmt], row: Row) -> Option<Row> {
        let span = whole(&row);
        let word = if matches!(row.kind, RowKind::Else) { "else" } else { "elif" };
        let last = stmts.last_mut();
        if let Some(Stmt { kind: StmtKind::If { arms, otherwise: otherwise @ None }, span: all }) = last {
            *all = all.to(span);
            if arms.len() >= MAX_CHAIN / 2 {
                self.long_chain(row.head);
                self.ignored(row.block);
                return None;
            }
            let body = self.block(row.block, row.head);
            match row.kind {
                RowKind::Elif(cond) => arms.push(IfArm { cond, body, span }),
                _ => *otherwise = Some(body),
            }
            return None;
        }
        match last.map(|stmt| &stmt.kind) {
            Some(StmtKind::For { .. }) => self.loop_else(word, row.head),
            // An unreadable header above may have been the `if`; `While` may stand for one.
            Some(StmtKind::Error) => {}
            Some(StmtKind::While { cond, .. }) if cond.kind == ExprKind::Error => {}
            Some(StmtKind::While { .. }) => self.loop_else(word, row.head),
            Some(StmtKind::If { .. }) => self.report(
                Diagnostic::error(codes::ELSE_WITHOUT_IF, row.head, format!("'{word}' after 'else'"))
                    .help("'else' is the last branch of an 'if'."),
            ),
            _ => self.report(
                Diagnostic::error(
                    codes::ELSE_WITHOUT_IF,
                    row.head,
                    format!("No 'if' belongs to this '{word}'"),
                )
                .help("It stands directly after the block of an 'if', as far indented as the 'if'."),
            ),
        }
        Some(Row { kind: RowKind::Bad, ..row })
    }

    /// Reports a chain of too many branches, once in a file.
    fn long_chain(&mut self, at: Span) {
        if !std::mem::replace(&mut self.long_chain, true) {
            self.report(
                Diagnostic::error(codes::TOO_DEEP, at, "This chain of 'elif' is too long")
                    .help("Split it, or look the value up in a tuple."),
            );
        }
    }

    fn loop_else(&mut self, word: &str, span: Span) {
        self.report(
            Diagnostic::error(codes::LOOP_ELSE, span, format!("A loop has no '{word}' in PyCo"))
                .help("Set a bool before 'break' and test it after the loop."),
        );
    }

    /// A statement without a block; nothing for what is only kept or reported.
    fn stmt(&mut self, row: Row) -> Option<Stmt> {
        let Row { kind, head: span, .. } = row;
        if !matches!(kind, RowKind::Decorator(_)) {
            self.stray_decorators();
        }
        let kind = match kind {
            RowKind::Pass => StmtKind::Pass,
            RowKind::Break => StmtKind::Break,
            RowKind::Continue => StmtKind::Continue,
            RowKind::Return(value) => StmtKind::Return(value),
            RowKind::Asm(asm) => StmtKind::Asm(asm),
            RowKind::Expr(expr) if expr.kind == ExprKind::Error => StmtKind::Error,
            RowKind::Expr(expr) => match include(&expr) {
                Some(_) => self.misplaced_include(span),
                None => StmtKind::Expr(expr),
            },
            RowKind::Assign { target, value } => match self.is_target(&target) {
                true => StmtKind::Assign { target, value },
                false => StmtKind::Error,
            },
            RowKind::AugAssign { target, op, op_span, value } => match self.is_target(&target) {
                true => StmtKind::AugAssign { target, op, op_span, value },
                false => StmtKind::Error,
            },
            RowKind::Decl { target, ty, value } => match self.declared_name(target) {
                Some(name) => StmtKind::Decl(VarDecl { name, ty, value, span }),
                None => StmtKind::Error,
            },
            RowKind::Import(import) => {
                self.import_position(span);
                self.nested.extend(import.path.parts.last().cloned());
                StmtKind::Error
            }
            RowKind::Module { .. } => self.misplaced_module(span),
            RowKind::Doc(doc) => {
                self.stray_docstring(&doc);
                StmtKind::Error
            }
            RowKind::Ellipsis => self.misplaced_ellipsis(span),
            RowKind::Decorator(decorator) => {
                self.keep_decorator(decorator);
                return None;
            }
            // An unreadable line; heads of blocks are in `compound`.
            _ => StmtKind::Error,
        };
        Some(Stmt { kind, span })
    }

    /// A statement with a block.
    fn compound(&mut self, row: Row) -> Stmt {
        let span = whole(&row);
        let Row { kind, head, block } = row;
        if !matches!(kind, RowKind::Def(_) | RowKind::Class(_)) {
            self.stray_decorators();
        }
        let kind = match kind {
            RowKind::Def(def) => {
                self.nested_definition("def", def.name.clone(), head);
                self.function(def, block, head, span);
                StmtKind::Error
            }
            RowKind::Class(class) => {
                self.nested_definition("class", class.name, head);
                StmtKind::Error
            }
            kind => with_body(kind, head, span, self.block(block, head)),
        };
        Stmt { kind, span }
    }

    fn misplaced_include(&mut self, span: Span) -> StmtKind {
        self.report(
            Diagnostic::error(codes::MISPLACED_STATEMENT, span, "'include' can only stand at module level")
                .help("Move it to the beginning of the file."),
        );
        StmtKind::Error
    }

    fn misplaced_module(&mut self, span: Span) -> StmtKind {
        self.report(
            Diagnostic::error(
                codes::MODULE_STATEMENT,
                span,
                "'module' must be the first statement of the file",
            )
            .help("Only comments and the docstring may stand before it."),
        );
        StmtKind::Error
    }

    fn misplaced_ellipsis(&mut self, span: Span) -> StmtKind {
        self.report(
            Diagnostic::error(
                codes::MISPLACED_STATEMENT,
                span,
                "'...' can only be the whole body of a declared function",
            )
            .help("An empty block is 'pass'.")
            .fix("Write 'pass'", span, "pass"),
        );
        StmtKind::Error
    }

    /// The name on the left of `name: type`.
    pub(super) fn declared_name(&mut self, target: Expr) -> Option<Ident> {
        match target.kind {
            ExprKind::Name(name) => return Some(named(name, target.span)),
            ExprKind::Error => {}
            ExprKind::Attr { base, name } if base.kind == ExprKind::SelfRef => {
                let text = format!("The property '{}' cannot be declared in a method", name.name);
                self.report(
                    Diagnostic::error(codes::BAD_TARGET, target.span, text)
                        .help("Declare it in the class, beside the methods: name: type = value"),
                );
                self.misplaced.push(name);
            }
            _ => self.report(
                Diagnostic::error(codes::BAD_TARGET, target.span, "Only a name can be declared")
                    .help("A declaration is name: type, or name: type = value."),
            ),
        }
        None
    }

    fn is_target(&mut self, target: &Expr) -> bool {
        match target.unparenthesised().kind {
            ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Index { .. } => true,
            ExprKind::Error => false,
            ref kind => {
                let help = match kind {
                    ExprKind::SelfRef => {
                        "Assign to its properties, or copy an object over it through an alias: \
                         me: alias[Class] = self, then me = other."
                    }
                    _ => "The left side is a variable, a property or an element.",
                };
                self.report(
                    Diagnostic::error(codes::BAD_TARGET, target.span, "Nothing can be assigned to this")
                        .help(help),
                );
                false
            }
        }
    }
}

/// The statement of a header and its finished body.
fn with_body(kind: RowKind, head: Span, span: Span, body: Block) -> StmtKind {
    match kind {
        RowKind::If(cond) => StmtKind::If { arms: vec![IfArm { cond, body, span }], otherwise: None },
        RowKind::While(cond) => StmtKind::While { cond, body },
        RowKind::For { var, range } => StmtKind::For { var, range, body },
        _ => StmtKind::While { cond: Expr { kind: ExprKind::Error, span: head }, body },
    }
}

/// A name with its place.
pub fn named(name: String, span: Span) -> Ident {
    Ident { name, span }
}
