//! A walk over typed function bodies in order of evaluation.
//!
//! In: statements and a `Visitor`. Out: its calls. Invariant: every expression, string part and
//! place is visited exactly once; of an assignment the value before the target. Not here: what is
//! looked for.

use crate::sema::hir::{
    Bound, Expr, ExprKind, Index, Intrinsic, Place, PlaceKind, Stmt, StmtKind, StrExpr, StrPart,
};

/// How a place is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Read,
    Write,
    /// Read, then written.
    Update,
    /// Its address is taken.
    Address,
}

/// What a walk does at each node; all methods default to going on. A method that is overridden
/// calls the matching `walk_…` to see the parts.
pub trait Visitor {
    fn stmt(&mut self, stmt: &Stmt) {
        walk_stmt(self, stmt);
    }
    fn expr(&mut self, expr: &Expr) {
        walk_expr(self, expr);
    }
    fn string(&mut self, string: &StrExpr) {
        walk_parts(self, &string.parts);
    }
    fn place(&mut self, place: &Place, access: Access) {
        walk_place(self, place, access);
    }
}

/// Visits statements in order.
pub fn walk_block<V: Visitor + ?Sized>(v: &mut V, block: &[Stmt]) {
    for stmt in block {
        v.stmt(stmt);
    }
}

/// Visits the parts of a statement.
pub fn walk_stmt<V: Visitor + ?Sized>(v: &mut V, stmt: &Stmt) {
    match &stmt.kind {
        StmtKind::Expr(expr) => v.expr(expr),
        StmtKind::Assign { target, value } => {
            v.expr(value);
            v.place(target, Access::Write);
        }
        StmtKind::AssignOp { target, value, .. } => {
            v.expr(value);
            v.place(target, Access::Update);
        }
        StmtKind::StrAssign { target, value } | StmtKind::CharsFromStr { target, value } => {
            v.string(value);
            v.place(target, Access::Write);
        }
        StmtKind::StrAppend { target, value } => {
            v.string(value);
            v.place(target, Access::Update);
        }
        StmtKind::CopyBytes { target, source, .. } | StmtKind::StrFromChars { target, source } => {
            v.place(source, Access::Read);
            v.place(target, Access::Write);
        }
        StmtKind::CopyTuple { target, source, .. } => {
            v.expr(source);
            v.place(target, Access::Write);
        }
        StmtKind::Fill { target, value, count, .. } => {
            v.expr(value);
            count.iter().for_each(|count| v.expr(count));
            v.place(target, Access::Write);
        }
        StmtKind::StoreList { target, values } => {
            values.iter().for_each(|value| v.expr(value));
            v.place(target, Access::Write);
        }
        StmtKind::If { cond, then, otherwise } => {
            v.expr(cond);
            walk_block(v, then);
            walk_block(v, otherwise);
        }
        StmtKind::While { cond, body } => {
            v.expr(cond);
            walk_block(v, body);
        }
        StmtKind::For(f) => {
            v.expr(&f.start);
            if let Bound::Value(end) = &f.end {
                v.expr(end);
            }
            v.place(&f.var, Access::Write);
            walk_block(v, &f.body);
        }
        StmtKind::Repeat { count, body } => {
            v.expr(count);
            walk_block(v, body);
        }
        StmtKind::Return(value) => value.iter().for_each(|value| v.expr(value)),
        StmtKind::Print { sep, args } => {
            sep.iter().chain(args).for_each(|string| v.string(string));
        }
        StmtKind::Intrinsic(Intrinsic::EnableRasterIrq(line) | Intrinsic::SetRaster(line)) => v.expr(line),
        StmtKind::BlockCopy(copy) => {
            v.place(&copy.source, Access::Read);
            for part in [&copy.source_offset, &copy.source_stride] {
                v.expr(part);
            }
            v.place(&copy.target, Access::Write);
            for part in [&copy.target_offset, &copy.target_stride, &copy.width, &copy.height] {
                v.expr(part);
            }
        }
        StmtKind::Break | StmtKind::Continue | StmtKind::Asm(_) | StmtKind::Intrinsic(_) => {}
    }
}

/// Visits the parts of an expression.
pub fn walk_expr<V: Visitor + ?Sized>(v: &mut V, expr: &Expr) {
    match &expr.kind {
        ExprKind::Error | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::FuncAddr(_) => {}
        ExprKind::Load(place) => v.place(place, Access::Read),
        ExprKind::AddrOf(place) => v.place(place, Access::Address),
        ExprKind::Convert(inner)
        | ExprKind::Neg(inner)
        | ExprKind::Invert(inner)
        | ExprKind::Test(inner)
        | ExprKind::Not(inner)
        | ExprKind::TupleLen(inner) => v.expr(inner),
        ExprKind::Binary(_, left, right)
        | ExprKind::Compare(_, left, right)
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right) => {
            v.expr(left);
            v.expr(right);
        }
        ExprKind::StrCompare(_, left, right) => {
            v.string(left);
            v.string(right);
        }
        ExprKind::Call(_, args) | ExprKind::Builtin(_, args) => args.iter().for_each(|arg| v.expr(arg)),
        ExprKind::StrTemp(string) => v.string(string),
    }
}

/// Visits the parts of a string value.
pub fn walk_parts<V: Visitor + ?Sized>(v: &mut V, parts: &[StrPart]) {
    for part in parts {
        match part {
            StrPart::Str(place) => v.place(place, Access::Read),
            StrPart::Value { value, decimals } => {
                v.expr(value);
                decimals.iter().for_each(|decimals| v.expr(decimals));
            }
            StrPart::Repeat { parts, count } => {
                walk_parts(v, parts);
                v.expr(count);
            }
        }
    }
}

/// Visits the parts of a place. The place that it lies in has the same access.
pub fn walk_place<V: Visitor + ?Sized>(v: &mut V, place: &Place, access: Access) {
    match &place.kind {
        PlaceKind::Error | PlaceKind::Local(_) | PlaceKind::Data(_) => {}
        PlaceKind::Deref(address) | PlaceKind::Mapped { addr: address, .. } => v.expr(address),
        PlaceKind::Field { base, .. } => v.place(base, access),
        PlaceKind::Index { base, index } => {
            v.place(base, access);
            if let Index::At(index) = &**index {
                v.expr(index);
            }
        }
    }
}
