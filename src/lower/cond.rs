//! Conditions: comparisons, tests, `and`, `or`, `not`.
//!
//! In: `Bool` expressions. Out: branches, or an `I1` where a value is asked for. Invariant: `and`
//! and `or` evaluate their right side only when it decides; in a branch no truth value is stored.

use crate::lower::func::FuncLower;
use crate::mir::ir::{BlockId, Cond, Ty, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{CompareOp, Expr, ExprKind, Type};

/// The IR's condition for a comparison.
fn cond_of(op: CompareOp, signed: bool) -> Cond {
    match (op, signed) {
        (CompareOp::Eq, _) => Cond::Eq,
        (CompareOp::Ne, _) => Cond::Ne,
        (CompareOp::Lt, false) => Cond::ULt,
        (CompareOp::Le, false) => Cond::ULe,
        (CompareOp::Gt, false) => Cond::UGt,
        (CompareOp::Ge, false) => Cond::UGe,
        (CompareOp::Lt, true) => Cond::SLt,
        (CompareOp::Le, true) => Cond::SLe,
        (CompareOp::Gt, true) => Cond::SGt,
        (CompareOp::Ge, true) => Cond::SGe,
    }
}

impl FuncLower<'_, '_> {
    /// Ends the block: to `then` when the condition holds, else to `other`.
    pub fn branch_if(&mut self, e: &Expr, then: BlockId, other: BlockId) {
        match &e.kind {
            ExprKind::Not(inner) => self.branch_if(inner, other, then),
            ExprKind::And(a, b) => {
                let more = self.b.new_block();
                self.branch_if(a, more, other);
                self.b.begin(more);
                self.branch_if(b, then, other);
            }
            ExprKind::Or(a, b) => {
                let more = self.b.new_block();
                self.branch_if(a, then, more);
                self.b.begin(more);
                self.branch_if(b, then, other);
            }
            ExprKind::Test(inner) if is_condition(inner) => self.branch_if(inner, then, other),
            ExprKind::Int(value) => self.b.jump(if *value != 0 { then } else { other }),
            _ => {
                let cond = self.cond(e);
                self.b.branch(cond, then, other);
            }
        }
    }

    /// The condition as an `I1`.
    pub fn cond(&mut self, e: &Expr) -> Value {
        self.cond_if(e, true)
    }

    /// An `I1` that is 1 when the condition is `wanted`.
    fn cond_if(&mut self, e: &Expr, wanted: bool) -> Value {
        match &e.kind {
            ExprKind::Not(inner) => self.cond_if(inner, !wanted),
            ExprKind::Test(inner) if is_condition(inner) => self.cond_if(inner, wanted),
            ExprKind::Compare(op, a, b) => {
                let (mut x, mut y) = (self.expr(a), self.expr(b));
                if a.ty == Type::Float {
                    x = self.rt_value(Rt::FCmp, vec![x, y]);
                    y = self.b.iconst(Ty::I8, 0);
                }
                let cond = cond_of(*op, a.ty.is_signed());
                self.b.cmp(if wanted { cond } else { cond.negate() }, x, y)
            }
            ExprKind::StrCompare(op, a, b) => {
                let order = self.compare_strings(a, b);
                let zero = self.b.iconst(Ty::I8, 0);
                let cond = cond_of(*op, true);
                self.b.cmp(if wanted { cond } else { cond.negate() }, order, zero)
            }
            ExprKind::Test(inner) => {
                let value = self.expr(inner);
                // Of a float the exponent tells, which is the lowest byte.
                let value = if inner.ty == Type::Float { self.b.trunc(value, Ty::I8) } else { value };
                self.zero_test(value, wanted)
            }
            ExprKind::And(..) | ExprKind::Or(..) => {
                let value = self.bool_by_branches(e);
                self.zero_test(value, wanted)
            }
            _ => {
                let value = self.expr(e);
                self.zero_test(value, wanted)
            }
        }
    }

    /// 1 when `value` is zero.
    pub fn is_zero(&mut self, value: Value) -> Value {
        self.zero_test(value, false)
    }

    fn zero_test(&mut self, value: Value, nonzero: bool) -> Value {
        let zero = self.b.iconst(self.b.ty(value), 0);
        self.b.cmp(if nonzero { Cond::Ne } else { Cond::Eq }, value, zero)
    }

    /// The value, 0 or 1, of a condition with `and` or `or`.
    pub fn bool_by_branches(&mut self, e: &Expr) -> Value {
        let result = self.b.declare_var(Ty::I8);
        let (yes, no, done) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
        self.branch_if(e, yes, no);
        for (block, value) in [(yes, 1), (no, 0)] {
            self.b.begin(block);
            let value = self.b.iconst(Ty::I8, value);
            self.b.def_var(result, value);
            self.b.jump(done);
        }
        self.b.begin(done);
        self.b.use_var(result)
    }
}

/// True for expressions that are best lowered as conditions.
fn is_condition(e: &Expr) -> bool {
    matches!(
        e.kind,
        ExprKind::Compare(..)
            | ExprKind::StrCompare(..)
            | ExprKind::Test(_)
            | ExprKind::Not(_)
            | ExprKind::And(..)
            | ExprKind::Or(..)
    )
}
