//! Visits every statement, expression, place and string part of a function's body.
//!
//! In: typed statements. Out: calls of a closure, outer nodes before inner ones, in source order.
//! Invariant: every node is visited exactly once. Not here: what is looked for (`scan.rs`).

use crate::sema::hir::{
    Bound, Expr, ExprKind, Index, Intrinsic, Place, PlaceKind, Stmt, StmtKind, StrExpr, StrPart,
};

/// What is visited; of places only those that are used as a whole, not the bases of their parts.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    Stmt(&'a Stmt),
    Expr(&'a Expr),
    Place(&'a Place),
}

/// What is called for each node.
pub(super) type Visitor<'v, 'a> = &'v mut dyn FnMut(Node<'a>);

/// Visits statements.
pub(super) fn stmts<'a>(list: &'a [Stmt], f: Visitor<'_, 'a>) {
    for s in list {
        stmt(s, f);
    }
}

fn stmt<'a>(s: &'a Stmt, f: Visitor<'_, 'a>) {
    f(Node::Stmt(s));
    match &s.kind {
        StmtKind::Expr(e) => expr(e, f),
        StmtKind::Assign { target, value } | StmtKind::AssignOp { target, value, .. } => {
            expr(value, f);
            place(target, f);
        }
        StmtKind::StrAssign { target, value }
        | StmtKind::StrAppend { target, value }
        | StmtKind::CharsFromStr { target, value } => {
            string(value, f);
            place(target, f);
        }
        StmtKind::CopyBytes { target, source, .. } | StmtKind::StrFromChars { target, source } => {
            place(source, f);
            place(target, f);
        }
        StmtKind::CopyTuple { target, source, .. } => {
            expr(source, f);
            place(target, f);
        }
        StmtKind::Fill { target, value, count } => {
            expr(value, f);
            count.iter().for_each(|e| expr(e, f));
            place(target, f);
        }
        StmtKind::StoreList { target, values } => {
            values.iter().for_each(|e| expr(e, f));
            place(target, f);
        }
        StmtKind::If { cond, then, otherwise } => {
            expr(cond, f);
            stmts(then, f);
            stmts(otherwise, f);
        }
        StmtKind::While { cond, body } | StmtKind::Repeat { count: cond, body } => {
            expr(cond, f);
            stmts(body, f);
        }
        StmtKind::For(node) => {
            expr(&node.start, f);
            if let Bound::Value(end) = &node.end {
                expr(end, f);
            }
            place(&node.var, f);
            stmts(&node.body, f);
        }
        StmtKind::Return(value) => value.iter().for_each(|e| expr(e, f)),
        StmtKind::Print { sep, args } => {
            sep.iter().for_each(|s| string(s, f));
            args.iter().for_each(|s| string(s, f));
        }
        StmtKind::Intrinsic(Intrinsic::EnableRasterIrq(line) | Intrinsic::SetRaster(line)) => expr(line, f),
        StmtKind::BlockCopy(copy) => {
            place(&copy.source, f);
            expr(&copy.source_offset, f);
            expr(&copy.source_stride, f);
            place(&copy.target, f);
            [&copy.target_offset, &copy.target_stride, &copy.width, &copy.height]
                .into_iter()
                .for_each(|e| expr(e, f));
        }
        StmtKind::Break | StmtKind::Continue | StmtKind::Asm(_) | StmtKind::Intrinsic(_) => {}
    }
}

/// Visits an expression.
pub(super) fn expr<'a>(e: &'a Expr, f: Visitor<'_, 'a>) {
    f(Node::Expr(e));
    match &e.kind {
        ExprKind::Error | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::FuncAddr(_) => {}
        ExprKind::Load(p) | ExprKind::AddrOf(p) => place(p, f),
        ExprKind::Convert(a)
        | ExprKind::Neg(a)
        | ExprKind::Invert(a)
        | ExprKind::Test(a)
        | ExprKind::Not(a)
        | ExprKind::TupleLen(a) => expr(a, f),
        ExprKind::Binary(_, a, b) | ExprKind::Compare(_, a, b) | ExprKind::And(a, b) | ExprKind::Or(a, b) => {
            expr(a, f);
            expr(b, f);
        }
        ExprKind::StrCompare(_, a, b) => {
            string(a, f);
            string(b, f);
        }
        ExprKind::Call(_, args) | ExprKind::Builtin(_, args) => args.iter().for_each(|e| expr(e, f)),
        ExprKind::StrTemp(s) => string(s, f),
    }
}

/// Visits a place and the expressions in it.
pub(super) fn place<'a>(p: &'a Place, f: Visitor<'_, 'a>) {
    f(Node::Place(p));
    inside(p, f);
}

/// Visits the expressions in a place.
fn inside<'a>(p: &'a Place, f: Visitor<'_, 'a>) {
    match &p.kind {
        PlaceKind::Error | PlaceKind::Local(_) | PlaceKind::Data(_) => {}
        PlaceKind::Deref(address) | PlaceKind::Mapped { addr: address, .. } => expr(address, f),
        PlaceKind::Field { base, .. } => inside(base, f),
        PlaceKind::Index { base, index } => {
            inside(base, f);
            if let Index::At(e) = &**index {
                expr(e, f);
            }
        }
    }
}

/// Visits the parts of a string value.
pub(super) fn string<'a>(s: &'a StrExpr, f: Visitor<'_, 'a>) {
    s.parts.iter().for_each(|p| part(p, f));
}

/// Visits one part of a string value.
pub(super) fn part<'a>(p: &'a StrPart, f: Visitor<'_, 'a>) {
    match p {
        StrPart::Str(p) => place(p, f),
        StrPart::Value { value, decimals } => {
            expr(value, f);
            decimals.iter().for_each(|e| expr(e, f));
        }
        StrPart::Repeat { parts, count } => {
            parts.iter().for_each(|p| part(p, f));
            expr(count, f);
        }
    }
}
