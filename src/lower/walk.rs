//! Calls a closure for every statement, expression and place of a part of the tree.
//!
//! In: typed statements, expressions or places. Out: the calls, outer nodes before inner ones. Of
//! places only those that are used as a whole are shown, not the bases of their parts. Not here:
//! the walk itself (`sema/hir_visit.rs`), and what is looked for (`scan.rs`).

use std::mem::replace;
use std::slice::from_ref;

use crate::sema::hir::{Expr, Place, Stmt, StrPart};
use crate::sema::hir_visit::{Access, Visitor, walk_block, walk_expr, walk_parts, walk_place, walk_stmt};

/// What is visited.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    Stmt(&'a Stmt),
    Expr(&'a Expr),
    Place(&'a Place),
}

struct Walk<'f> {
    show: &'f mut dyn FnMut(Node<'_>),
    /// The next place is the base of one that was shown.
    is_base: bool,
}

impl Visitor for Walk<'_> {
    fn stmt(&mut self, stmt: &Stmt) {
        (self.show)(Node::Stmt(stmt));
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, expr: &Expr) {
        let is_base = replace(&mut self.is_base, false);
        (self.show)(Node::Expr(expr));
        walk_expr(self, expr);
        self.is_base = is_base;
    }

    fn place(&mut self, place: &Place, access: Access) {
        let is_base = replace(&mut self.is_base, true);
        if !is_base {
            (self.show)(Node::Place(place));
        }
        walk_place(self, place, access);
        self.is_base = is_base;
    }
}

/// Visits statements.
pub(super) fn stmts(list: &[Stmt], show: &mut dyn FnMut(Node<'_>)) {
    walk_block(&mut Walk { show, is_base: false }, list);
}

/// Visits an expression.
pub(super) fn expr(expr: &Expr, show: &mut dyn FnMut(Node<'_>)) {
    Walk { show, is_base: false }.expr(expr);
}

/// Visits a place and the expressions in it.
pub(super) fn place(place: &Place, show: &mut dyn FnMut(Node<'_>)) {
    Walk { show, is_base: false }.place(place, Access::Read);
}

/// Visits one part of a string value.
pub(super) fn part(part: &StrPart, show: &mut dyn FnMut(Node<'_>)) {
    walk_parts(&mut Walk { show, is_base: false }, from_ref(part));
}
