//! `while`, `for`, `for _`.
//!
//! In: the loops of the typed tree. Out: blocks. Invariants: a loop is entered behind a guard and
//! tested at its end, so that the block before it is a place for invariant code. A `for` runs over
//! exact numbers: a test never relies on a sum that may have wrapped; where the number of rounds
//! is known to be whole it is a test for (in)equality with the value after the last, which may
//! wrap. The counter is a variable of its own; the program's variable gets each value and keeps
//! the last.

use crate::lower::func::{FuncLower, Loop};
use crate::lower::place::Loc;
use crate::lower::{scan, ty};
use crate::mir::build::Var;
use crate::mir::ir::{BinOp, BlockId, Cond, Ty, Value};
use crate::sema::hir::{Bound, Expr, For, Stmt};

/// How a `for` finds out that it is over.
enum End {
    /// When the next value equals this; `last` is the last value used, if that is a constant.
    Reached { stop: Value, last: Option<i64> },
    /// Unless this holds between the value and the constant.
    Unless(Cond, i64),
    /// Unless the distance to the end is greater than the step.
    Distance(Value),
    /// After one round.
    Once,
}

impl FuncLower<'_, '_> {
    /// `while cond: body`
    pub fn while_loop(&mut self, cond: &Expr, body: &[Stmt]) {
        let (head, test, exit) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
        let endless = cond.as_int().is_some_and(|value| value != 0);
        let guarded = endless || scan::is_small(cond);
        if endless {
            self.b.jump(head);
        } else if guarded {
            self.condition(cond, head, exit);
        } else {
            self.b.jump(test);
        }
        if guarded {
            self.b.switch_to(head);
            self.loop_body(Loop { next: test, exit }, body);
            self.b.begin(test);
            self.condition(cond, head, exit);
            self.b.seal_block(head);
        } else {
            self.b.switch_to(test);
            self.condition(cond, head, exit);
            self.b.begin(head);
            self.loop_body(Loop { next: test, exit }, body);
            self.b.seal_block(test);
        }
        self.b.begin(exit);
    }

    /// A condition in control flow, with its temporaries.
    pub fn condition(&mut self, cond: &Expr, then: BlockId, other: BlockId) {
        self.at(cond.span, |f| f.with_temps(|f| f.branch_if(cond, then, other)));
    }

    /// The statements of a body, then a jump to the next round.
    fn loop_body(&mut self, targets: Loop, body: &[Stmt]) {
        let head = self.b.span();
        self.loops.push(targets);
        self.stmts(body);
        self.loops.pop();
        // Counting belongs to the line of the loop.
        self.b.set_span(head);
        if !self.b.is_terminated() {
            self.b.jump(targets.next);
        }
    }

    /// `for _ in range(count): body`
    pub fn repeat_loop(&mut self, count: &Expr, body: &[Stmt]) {
        self.counted(count, |f, targets| f.loop_body(targets, body));
    }

    /// Runs code `count` times.
    pub fn repeat(&mut self, count: &Expr, body: impl FnOnce(&mut Self)) {
        self.counted(count, |f, targets| {
            body(f);
            f.b.jump(targets.next);
        });
    }

    /// Counts down to 0. `body` ends by jumping to the next round.
    fn counted(&mut self, count: &Expr, body: impl FnOnce(&mut Self, Loop)) {
        let (head, latch, exit) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
        let start = match count.as_int() {
            Some(n) if n <= 0 => {
                self.b.jump(exit);
                self.b.begin(exit);
                return;
            }
            Some(n) => {
                // 2^bits counts from 0, which wraps.
                let width = [Ty::I8, Ty::I16].into_iter().find(|t| n <= 1 << t.bits()).unwrap_or(Ty::I32);
                self.b.iconst(width, n)
            }
            None => {
                let n = self.with_temps(|f| f.expr(count));
                let zero = self.b.iconst(self.b.ty(n), 0);
                let cond = if count.ty.is_signed() { Cond::SGt } else { Cond::Ne };
                let any = self.b.cmp(cond, n, zero);
                let enter = self.b.new_block();
                self.b.branch(any, enter, exit);
                self.b.begin(enter);
                n
            }
        };
        let width = self.b.ty(start);
        let counter = self.b.declare_var(width);
        self.b.def_var(counter, start);
        self.b.jump(head);
        self.b.switch_to(head);
        body(self, Loop { next: latch, exit });
        self.b.begin(latch);
        let (now, one) = (self.b.use_var(counter), self.b.iconst(width, 1));
        let next = self.b.bin(BinOp::Sub, now, one);
        self.b.def_var(counter, next);
        let over = self.is_zero(next);
        self.b.branch(over, exit, head);
        self.b.seal_block(head);
        self.b.begin(exit);
    }

    /// `for var in range(start, end, step): body`
    pub fn for_loop(&mut self, node: &For) {
        let exit = self.b.new_block();
        let start = self.with_temps(|f| f.expr(&node.start));
        let end = match &node.end {
            Bound::Const(_) => None,
            Bound::Value(e) => Some(self.with_temps(|f| f.expr(e))),
        };
        let variable = self.place(&node.var);
        if let Some(end) = self.enter_for(node, start, end, exit) {
            let counter = self.b.declare_var(ty(&node.var.ty));
            self.b.def_var(counter, start);
            self.rounds(node, variable, counter, end, exit);
        }
        self.b.begin(exit);
    }

    /// Branches past a `for` that has no round; else says how it ends. `None`: there is no round.
    fn enter_for(&mut self, node: &For, start: Value, end: Option<Value>, exit: BlockId) -> Option<End> {
        let (Some((lo, hi)), step) = (node.var.ty.range(), node.step) else {
            unreachable!("{}: range over {:?}", self.func.symbol, node.var.ty)
        };
        let signed = node.var.ty.is_signed();
        let width = ty(&node.var.ty);
        // In the direction of the step: `start` must lie before `end`.
        let before = match (step > 0, signed) {
            (true, true) => Cond::SLt,
            (true, false) => Cond::ULt,
            (false, true) => Cond::SGt,
            (false, false) => Cond::UGt,
        };
        let limit = match node.end {
            Bound::Const(value) => value.clamp(lo - 1, hi + 1),
            Bound::Value(_) => 0,
        };
        if let (Some(first), Bound::Const(_)) = (node.start.as_int(), &node.end) {
            let distance = (limit - first) * step.signum();
            if distance <= 0 {
                self.b.jump(exit);
                return None;
            }
            let last = first + (distance - 1) / step.abs() * step;
            let stop = self.b.iconst(width, last + step);
            return Some(End::Reached { stop, last: Some(last) });
        }
        match end {
            None if (limit - lo) * step.signum() <= 0 && step > 0 => {
                self.b.jump(exit);
                return None;
            }
            None if step < 0 && limit >= hi => {
                self.b.jump(exit);
                return None;
            }
            None if (lo..=hi).contains(&limit) => {
                let end = self.b.iconst(width, limit);
                self.guard(before, start, end, exit);
            }
            // Every value lies before the end.
            None => {}
            Some(end) => {
                let from_zero = node.start.as_int() == Some(lo) && !signed && step > 0;
                self.guard(if from_zero { Cond::Ne } else { before }, start, end, exit);
            }
        }
        Some(match end {
            _ if step.abs() == 1 => {
                let stop = end.unwrap_or_else(|| self.b.iconst(width, limit));
                End::Reached { stop, last: None }
            }
            _ if step.unsigned_abs() > u64::from(width.mask()) => End::Once,
            Some(end) => End::Distance(end),
            None if (lo..=hi).contains(&(limit - step)) => End::Unless(before, limit - step),
            None => End::Once,
        })
    }

    fn guard(&mut self, cond: Cond, a: Value, b: Value, exit: BlockId) {
        let any = self.b.cmp(cond, a, b);
        let enter = self.b.new_block();
        self.b.branch(any, enter, exit);
        self.b.begin(enter);
    }

    /// The rounds of a `for` that has at least one.
    fn rounds(&mut self, node: &For, variable: Loc, counter: Var, end: End, exit: BlockId) {
        let (head, latch, step, done) =
            (self.b.new_block(), self.b.new_block(), self.b.new_block(), self.b.new_block());
        let width = self.b.var_ty(counter);
        self.b.jump(head);
        self.b.switch_to(head);
        let value = self.b.use_var(counter);
        self.store(variable, value);
        self.loop_body(Loop { next: latch, exit }, &node.body);
        self.b.begin(latch);
        let value = self.b.use_var(counter);
        let by = self.b.iconst(width, node.step);
        match end {
            End::Reached { stop, last } => {
                let next = self.b.bin(BinOp::Add, value, by);
                self.b.def_var(counter, next);
                let more = self.b.cmp(Cond::Ne, next, stop);
                self.b.branch(more, head, done);
                self.b.begin(done);
                // Memory holds the last value already.
                if let Loc::Var(var) = variable {
                    let last = match last {
                        Some(last) => self.b.iconst(width, last),
                        None => {
                            let by = self.b.iconst(width, node.step);
                            self.b.bin(BinOp::Sub, next, by)
                        }
                    };
                    self.b.def_var(var, last);
                }
                self.b.jump(exit);
            }
            End::Unless(cond, limit) => {
                let limit = self.b.iconst(width, limit);
                let more = self.b.cmp(cond, value, limit);
                self.advance(more, counter, value, by, [step, head, exit]);
            }
            End::Distance(end) => {
                let (near, far) = if node.step > 0 { (value, end) } else { (end, value) };
                let distance = self.b.bin(BinOp::Sub, far, near);
                let by_abs = self.b.iconst(width, node.step.abs());
                let more = self.b.cmp(Cond::UGt, distance, by_abs);
                self.advance(more, counter, value, by, [step, head, exit]);
            }
            End::Once => self.b.jump(exit),
        }
        self.b.seal_block(head);
    }

    /// When `more` holds, adds the step and starts the next round.
    fn advance(&mut self, more: Value, counter: Var, value: Value, by: Value, blocks: [BlockId; 3]) {
        let [step, head, exit] = blocks;
        self.b.branch(more, step, exit);
        self.b.begin(step);
        let next = self.b.bin(BinOp::Add, value, by);
        self.b.def_var(counter, next);
        self.b.jump(head);
    }
}
