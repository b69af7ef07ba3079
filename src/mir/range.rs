//! Which numbers a value can be.
//!
//! In: a function. Out: for a value at a block the smallest and largest unsigned number it can be
//! there. From the definition (masks, extensions, constants), from the conditions that must have
//! held to come to the block, and for loop counters from start, step and exit. Invariant: never too
//! narrow. Not here: memory; signed bounds.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BinOp, BlockId, Cond, Func, Op, Term, Ty, Value};

/// How far definitions are followed.
const MAX_DEPTH: u32 = 8;

/// The numbers from `lo` to `hi`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    pub lo: u32,
    pub hi: u32,
}

impl Range {
    /// Every number of a type.
    pub fn full(ty: Ty) -> Self {
        Self { lo: 0, hi: ty.mask() }
    }

    fn only(n: u32) -> Self {
        Self { lo: n, hi: n }
    }

    fn union(self, other: Range) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// What both allow; `self` when they contradict each other (the place is never reached).
    fn meet(self, other: Range) -> Self {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        if lo <= hi { Self { lo, hi } } else { self }
    }
}

/// One way around a loop: `next = value + by` is passed from `pred` when `condition` holds.
#[derive(Clone, Copy)]
struct Way {
    value: Value,
    next: Value,
    by: u32,
    pred: BlockId,
    condition: Option<(Value, bool)>,
    start: Range,
}

/// Answers questions about one function, which must not change meanwhile.
pub struct Ranges<'a> {
    func: &'a Func,
    cfg: Cfg,
    dom: Dom,
    /// The block and operation that define a value; none for block parameters.
    defs: IndexVec<Value, Option<(BlockId, &'a Op)>>,
    /// The block whose parameter a value is, and which.
    params: IndexVec<Value, Option<(BlockId, usize)>>,
    /// Ranges of loop counters; `None` while one is being found.
    counters: RefCell<BTreeMap<Value, Option<Range>>>,
}

impl<'a> Ranges<'a> {
    /// Prepares for a function.
    pub fn new(func: &'a Func) -> Self {
        let cfg = Cfg::new(func);
        let dom = Dom::new(&cfg);
        let mut defs = IndexVec::filled(func.values.len(), None);
        let mut params = IndexVec::filled(func.values.len(), None);
        for (id, block) in func.blocks.enumerated() {
            for (k, &param) in block.params.iter().enumerate() {
                params[param] = Some((id, k));
            }
            for inst in &block.insts {
                if let Some(result) = inst.result {
                    defs[result] = Some((id, &inst.op));
                }
            }
        }
        Self { func, cfg, dom, defs, params, counters: RefCell::default() }
    }

    /// What `value` can be in `block`.
    pub fn at(&self, value: Value, block: BlockId) -> Range {
        self.find(value, block, MAX_DEPTH)
    }

    /// The operation that defines a value.
    pub fn def(&self, value: Value) -> Option<&'a Op> {
        self.defs[value].map(|(_, op)| op)
    }

    fn find(&self, value: Value, block: BlockId, depth: u32) -> Range {
        let ty = self.func.ty(value);
        if depth == 0 {
            return Range::full(ty);
        }
        let own = match (self.defs[value], self.params[value]) {
            (Some((at, op)), _) => self.operation(op, at, ty, depth),
            (None, Some((at, k))) => self.param(value, at, k, depth),
            (None, None) => Range::full(ty),
        };
        self.refine(value, block, own, depth)
    }

    fn operation(&self, op: &Op, at: BlockId, ty: Ty, depth: u32) -> Range {
        let full = Range::full(ty);
        let of = |v: Value| self.find(v, at, depth - 1);
        match op {
            Op::Const(n) => Range::only(n & ty.mask()),
            Op::Cmp(..) => Range { lo: 0, hi: 1 },
            Op::Zext(x) => of(*x),
            Op::Trunc(x) => {
                let r = of(*x);
                if r.hi <= ty.mask() { r } else { full }
            }
            Op::Sext(x) => {
                let r = of(*x);
                if r.hi <= self.func.ty(*x).mask() >> 1 { r } else { full }
            }
            Op::Select(_, a, b) => of(*a).union(of(*b)),
            Op::Bin(op, a, b) => binary(*op, ty, of(*a), of(*b)),
            _ => full,
        }
    }

    /// A block parameter: all that its predecessors pass, or what a counter runs through.
    fn param(&self, value: Value, block: BlockId, k: usize, depth: u32) -> Range {
        let full = Range::full(self.func.ty(value));
        if block == Func::ENTRY || depth <= 2 {
            return full;
        }
        let latch = |p: &BlockId| self.dom.dominates(block, *p);
        if self.cfg.preds[block].iter().any(latch) {
            if let Some(known) = self.counters.borrow().get(&value) {
                return known.unwrap_or(full);
            }
            self.counters.borrow_mut().insert(value, None);
            let range = self.counter(value, block, k, depth).unwrap_or(full);
            self.counters.borrow_mut().insert(value, Some(range));
            return range;
        }
        let mut all: Option<Range> = None;
        for &pred in &self.cfg.preds[block] {
            for (arg, condition) in self.passed(pred, block, k) {
                let r = self.on_edge(arg, pred, condition, depth - 1);
                all = Some(all.map_or(r, |a| a.union(r)));
            }
        }
        all.unwrap_or(full)
    }

    /// The arguments that `pred` passes for parameter `k` of `block`, with the condition (a value
    /// and whether it holds) of each edge.
    fn passed(&self, pred: BlockId, block: BlockId, k: usize) -> Vec<(Value, Option<(Value, bool)>)> {
        match &self.func.blocks[pred].term {
            Term::Branch { cond, then, other } => [(then, true), (other, false)]
                .into_iter()
                .filter(|(t, _)| t.block == block)
                .map(|(t, holds)| (t.args[k], (then.block != other.block).then_some((*cond, holds))))
                .collect(),
            term => term.targets().filter(|t| t.block == block).map(|t| (t.args[k], None)).collect(),
        }
    }

    fn on_edge(&self, value: Value, pred: BlockId, condition: Option<(Value, bool)>, depth: u32) -> Range {
        let range = self.find(value, pred, depth);
        match condition {
            Some((cond, holds)) => self.by_condition(value, range, cond, holds, pred, depth),
            None => range,
        }
    }

    /// A counter: every way around adds the same constant.
    fn counter(&self, value: Value, block: BlockId, k: usize, depth: u32) -> Option<Range> {
        let ty = self.func.ty(value);
        let mut start: Option<Range> = None;
        let mut ways = Vec::new();
        for &pred in &self.cfg.preds[block] {
            for (arg, condition) in self.passed(pred, block, k) {
                if self.dom.dominates(block, pred) {
                    if arg != value {
                        ways.push((arg, pred, condition));
                    }
                } else {
                    let r = self.on_edge(arg, pred, condition, depth - 1);
                    start = Some(start.map_or(r, |s| s.union(r)));
                }
            }
        }
        let start = start?;
        let mut range = start;
        let mut direction = None;
        let only_way = ways.len() == 1;
        for (next, pred, condition) in ways {
            let Some(Op::Bin(BinOp::Add, from, by)) = self.def(next) else { return None };
            let Some(Op::Const(by)) = self.def(*by) else { return None };
            let by = by & ty.mask();
            let up = by <= ty.mask() >> 1;
            // Each way takes for granted that the others do not go back behind the start.
            if *from != value || by == 0 || direction.is_some_and(|d| d != up) {
                return None;
            }
            direction = Some(up);
            let way = Way { value, next, by, pred, condition, start };
            let stepped = if only_way { self.until_equal(&way, depth) } else { None };
            let stepped = stepped.or_else(|| self.way_around(&way, depth));
            range = range.union(stepped?);
        }
        Some(range)
    }

    /// `next != n`, counting by one from the right side of n, stops exactly there. Only when there
    /// is no other way around.
    fn until_equal(&self, way: &Way, depth: u32) -> Option<Range> {
        let ty = self.func.ty(way.value);
        let (cond, holds) = way.condition?;
        let Some(Op::Cmp(kind @ (Cond::Ne | Cond::Eq), a, b)) = self.def(cond) else { return None };
        if (*kind == Cond::Ne) != holds || *a != way.next {
            return None;
        }
        let n = self.find(*b, way.pred, depth - 1);
        let (start, by) = (way.start, way.by);
        if n.lo != n.hi {
            return None;
        }
        if by == 1 && start.hi < n.lo {
            return Some(Range { lo: start.lo, hi: n.lo - 1 });
        }
        if by == ty.mask() && start.lo > n.lo {
            return Some(Range { lo: n.lo + 1, hi: start.hi });
        }
        let exact = start.lo == start.hi && start.lo < n.lo && (n.lo - start.lo).is_multiple_of(by);
        (exact && by <= ty.mask() >> 1).then(|| Range { lo: start.lo, hi: n.lo - by })
    }

    /// The counters that one way around passes on, if it cannot wrap.
    fn way_around(&self, way: &Way, depth: u32) -> Option<Range> {
        let Way { value, next, by, pred, condition, start } = *way;
        let ty = self.func.ty(value);
        let up = by <= ty.mask() >> 1;
        // What the counter can be when it comes to the back edge, by the conditions on the way.
        let base = if up { Range { lo: start.lo, hi: ty.mask() } } else { Range { lo: 0, hi: start.hi } };
        let on_edge = |v: Value, range: Range| match condition {
            Some((cond, holds)) => self.by_condition(v, range, cond, holds, pred, depth - 1),
            None => range,
        };
        let before = on_edge(value, self.refine(value, pred, base, depth - 1));
        let wraps = if up { before.hi > ty.mask() - by } else { before.lo < ty.mask() - by + 1 };
        if wraps {
            return None;
        }
        let step = |n: u32| n.wrapping_add(by) & ty.mask();
        let stepped = Range { lo: step(before.lo), hi: step(before.hi) };
        let after = self.refine(next, pred, on_edge(next, stepped), depth - 1);
        Some(if up { Range { lo: start.lo, hi: after.hi } } else { Range { lo: after.lo, hi: start.hi } })
    }

    /// Narrows a range by the conditions on the way to `block`.
    fn refine(&self, value: Value, block: BlockId, mut range: Range, depth: u32) -> Range {
        let mut at = Some(block);
        while let Some(here) = at {
            if let Some(pred) = self.cfg.single_pred(here)
                && let Term::Branch { cond, then, other } = &self.func.blocks[pred].term
                && then.block != other.block
            {
                range = self.by_condition(value, range, *cond, then.block == here, pred, depth);
            }
            at = self.dom.idom[here].filter(|up| *up != here);
        }
        range
    }

    fn by_condition(
        &self,
        value: Value,
        range: Range,
        cond: Value,
        holds: bool,
        at: BlockId,
        depth: u32,
    ) -> Range {
        let Some(Op::Cmp(kind, a, b)) = self.def(cond) else { return range };
        let (kind, bound) = if self.same(*a, value) {
            (*kind, *b)
        } else if self.same(*b, value) {
            (kind.swap(), *a)
        } else {
            return range;
        };
        let kind = if holds { kind } else { kind.negate() };
        if depth == 0 {
            return range;
        }
        let limit = match self.defs[bound] {
            Some((_, Op::Const(n))) => Range::only(n & self.func.ty(bound).mask()),
            _ => self.find(bound, at, depth.min(4) - 1),
        };
        narrow_by(range, kind, limit)
    }

    /// The value itself, or what it extends.
    fn same(&self, operand: Value, value: Value) -> bool {
        operand == value || matches!(self.def(value), Some(Op::Zext(x)) if *x == operand)
    }
}

fn narrow_by(range: Range, kind: Cond, limit: Range) -> Range {
    let full = Range { lo: 0, hi: u32::MAX };
    let allowed = match kind {
        Cond::Eq => limit,
        Cond::Ne if limit.lo == limit.hi && range.lo == limit.lo && range.lo < range.hi => {
            Range { lo: range.lo + 1, hi: range.hi }
        }
        Cond::Ne if limit.lo == limit.hi && range.hi == limit.lo && range.lo < range.hi => {
            Range { lo: range.lo, hi: range.hi - 1 }
        }
        Cond::ULt if limit.hi > 0 => Range { lo: 0, hi: limit.hi - 1 },
        Cond::ULe => Range { lo: 0, hi: limit.hi },
        Cond::UGt if limit.lo < u32::MAX => Range { lo: limit.lo + 1, hi: u32::MAX },
        Cond::UGe => Range { lo: limit.lo, hi: u32::MAX },
        _ => full,
    };
    range.meet(allowed)
}

fn binary(op: BinOp, ty: Ty, a: Range, b: Range) -> Range {
    let full = Range::full(ty);
    let mask = u64::from(ty.mask());
    let fits = |lo: u64, hi: u64| {
        if hi <= mask { Range { lo: lo as u32, hi: hi as u32 } } else { full }
    };
    let wide = |n: u32| u64::from(n);
    match op {
        BinOp::Add if b.lo == b.hi && wide(b.lo) > mask / 2 => {
            // Adding a large constant is subtracting a small one.
            let by = (mask + 1 - wide(b.lo)) as u32;
            if a.lo >= by { Range { lo: a.lo - by, hi: a.hi - by } } else { full }
        }
        BinOp::Add => fits(wide(a.lo) + wide(b.lo), wide(a.hi) + wide(b.hi)),
        BinOp::Sub if a.lo >= b.hi => Range { lo: a.lo - b.hi, hi: a.hi - b.lo },
        BinOp::Mul => fits(wide(a.lo) * wide(b.lo), wide(a.hi) * wide(b.hi)),
        BinOp::And => Range { lo: 0, hi: a.hi.min(b.hi) },
        BinOp::Or | BinOp::Xor => {
            let bits =
                (a.hi | b.hi).checked_next_power_of_two().map_or(u32::MAX, |p| (p - 1) | (a.hi | b.hi));
            Range { lo: if op == BinOp::Or { a.lo.max(b.lo) } else { 0 }, hi: bits.min(ty.mask()) }
        }
        BinOp::Shl if b.lo == b.hi && b.lo < ty.bits() => fits(wide(a.lo) << b.lo, wide(a.hi) << b.lo),
        BinOp::Shr if b.lo == b.hi && b.lo < ty.bits() => Range { lo: a.lo >> b.lo, hi: a.hi >> b.lo },
        BinOp::Shr => Range { lo: 0, hi: a.hi },
        // A quotient by zero is all ones.
        BinOp::UDiv if b.lo > 0 => Range { lo: a.lo / b.hi, hi: a.hi / b.lo },
        // A remainder by zero is the dividend.
        BinOp::URem if b.lo > 0 => Range { lo: 0, hi: a.hi.min(b.hi - 1) },
        BinOp::URem => Range { lo: 0, hi: a.hi },
        BinOp::SDiv if a.hi <= ty.mask() >> 1 && b.hi <= ty.mask() >> 1 && b.lo > 0 => {
            Range { lo: a.lo / b.hi, hi: a.hi / b.lo }
        }
        BinOp::SRem if a.hi <= ty.mask() >> 1 && b.hi <= ty.mask() >> 1 && b.lo > 0 => {
            Range { lo: 0, hi: a.hi.min(b.hi - 1) }
        }
        BinOp::Sar if a.hi <= ty.mask() >> 1 => Range { lo: 0, hi: a.hi },
        _ => full,
    }
}
