//! Finds the counters of loops: parameters that change by a constant each time around.
//!
//! In: a function with its graph. Out: counters with start and step, and for those whose loop ends
//! when they equal a constant, the first and last value that they take.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BinOp, BlockId, Cond, Func, Op, Term, Value};
use crate::mir::loops::{LoopId, Loops};

/// A parameter of a loop header that changes by a constant each time around.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counter {
    pub of: LoopId,
    pub param: Value,
    /// Its place among the header's parameters.
    pub index: usize,
    /// What it is at first.
    pub first: Value,
    /// What it becomes, `param + step`.
    pub next: Value,
    /// Cut to the type.
    pub step: u32,
}

/// The operations that define values.
pub struct Defs<'a>(IndexVec<Value, Option<&'a Op>>);

impl<'a> Defs<'a> {
    /// Reads a function.
    pub fn new(func: &'a Func) -> Self {
        let mut defs = IndexVec::filled(func.values.len(), None);
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            if let Some(result) = inst.result {
                defs[result] = Some(&inst.op);
            }
        }
        Self(defs)
    }

    /// The operation that defines a value, unless it is a parameter.
    pub fn of(&self, value: Value) -> Option<&'a Op> {
        self.0[value]
    }

    /// The number that a value always is.
    pub fn constant(&self, value: Value) -> Option<u32> {
        match self.of(value) {
            Some(Op::Const(n)) => Some(*n),
            _ => None,
        }
    }
}

/// A parameter of a loop header that changes by the same value each time around.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stepper {
    pub of: LoopId,
    pub param: Value,
    /// Its place among the header's parameters.
    pub index: usize,
    /// What it is at first.
    pub first: Value,
    /// What it becomes, `param + by`.
    pub next: Value,
    /// What is added each time. It may itself change in the loop.
    pub by: Value,
    /// It is subtracted instead.
    pub down: bool,
}

/// A parameter of a loop header with one value when the loop is entered and one each time around.
struct Cycle {
    of: LoopId,
    param: Value,
    index: usize,
    first: Value,
    next: Value,
}

fn cycles(func: &Func, cfg: &Cfg, loops: &Loops) -> Vec<Cycle> {
    let mut found = Vec::new();
    for (of, l) in loops.loops.enumerated() {
        let header = &func.blocks[l.header];
        for (index, &param) in header.params.iter().enumerate() {
            let (mut first, mut next) = (Vec::new(), Vec::new());
            for pred in cfg.distinct_preds(l.header) {
                let list = if l.blocks.contains(pred) { &mut next } else { &mut first };
                let targets = func.blocks[pred].term.targets().filter(|t| t.block == l.header);
                list.extend(targets.map(|t| t.args[index]));
            }
            first.dedup();
            next.dedup();
            if let (&[first], &[next]) = (first.as_slice(), next.as_slice()) {
                found.push(Cycle { of, param, index, first, next });
            }
        }
    }
    found
}

/// All parameters to which something is added, or from which something is taken, each time around,
/// loop by loop.
pub fn steppers(func: &Func, cfg: &Cfg, loops: &Loops, defs: &Defs) -> Vec<Stepper> {
    let stepper = |cycle: Cycle| {
        let Cycle { of, param, index, first, next } = cycle;
        let Some(&Op::Bin(op @ (BinOp::Add | BinOp::Sub), a, b)) = defs.of(next) else { return None };
        let by = if a == param { b } else { a };
        let steps = a == param || b == param && op == BinOp::Add;
        steps.then_some(Stepper { of, param, index, first, next, by, down: op == BinOp::Sub })
    };
    cycles(func, cfg, loops).into_iter().filter_map(stepper).collect()
}

/// All counters, also those that rise in several sums, as in a loop that was unrolled.
fn summed_counters(func: &Func, cfg: &Cfg, loops: &Loops, defs: &Defs) -> Vec<Counter> {
    let counter = |cycle: Cycle| {
        let Cycle { of, param, index, first, next } = cycle;
        let (mut value, mut step) = (next, 0u32);
        while value != param {
            let &Op::Bin(BinOp::Add, before, n) = defs.of(value)? else { return None };
            (value, step) = (before, step.wrapping_add(defs.constant(n)?));
        }
        Some(Counter { of, param, index, first, next, step: step & func.ty(param).mask() })
    };
    cycles(func, cfg, loops).into_iter().filter_map(counter).collect()
}

/// All counters, loop by loop.
pub fn counters(func: &Func, cfg: &Cfg, loops: &Loops, defs: &Defs) -> Vec<Counter> {
    let constant = |s: Stepper| {
        let step = defs.constant(s.by).filter(|_| !s.down)?;
        Some(Counter { of: s.of, param: s.param, index: s.index, first: s.first, next: s.next, step })
    };
    steppers(func, cfg, loops, defs).into_iter().filter_map(constant).collect()
}

/// Counters with known first and last value: of loops that end when a counter equals a constant that
/// it reaches, that one and all others that begin with a constant and do not leave their type.
pub fn exact_counters(
    func: &Func,
    cfg: &Cfg,
    dom: &Dom,
    loops: &Loops,
    defs: &Defs,
) -> Vec<(Value, u32, u32)> {
    let mut found = Vec::new();
    let mut others = Vec::new();
    let mut rounds: BTreeMap<LoopId, i64> = BTreeMap::new();
    for counter in summed_counters(func, cfg, loops, defs) {
        let Some(first) = defs.constant(counter.first) else { continue };
        let ends = ends(func, loops, dom, defs, &counter).into_iter();
        let mut numbers = ends.filter_map(|end| Some((defs.constant(end.value)?, end.next)));
        let Some(last) = numbers.find_map(|(end, next)| last_value(func, &counter, first, end, next)) else {
            others.push((counter, first));
            continue;
        };
        let step = i64::from(func.ty(counter.param).signed(counter.step));
        let more = (i64::from(last) - i64::from(first)) / step;
        rounds.entry(counter.of).and_modify(|n| *n = more.min(*n)).or_insert(more);
        found.push((counter.param, first, last));
    }
    for (counter, first) in others {
        let ty = func.ty(counter.param);
        let last = rounds.get(&counter.of).map(|n| i64::from(first) + n * i64::from(ty.signed(counter.step)));
        let last = last.and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= ty.mask());
        found.extend(last.map(|last| (counter.param, first, last)));
    }
    found
}

/// Counters that change by one and whose loop ends when they equal a value that does not change.
pub fn unit_counters(func: &Func, cfg: &Cfg, dom: &Dom, loops: &Loops, defs: &Defs) -> Vec<(Counter, End)> {
    let mut found = Vec::new();
    for counter in counters(func, cfg, loops, defs) {
        if func.ty(counter.param).signed(counter.step).unsigned_abs() == 1 {
            let ends = ends(func, loops, dom, defs, &counter);
            found.extend(ends.into_iter().map(|end| (counter, end)));
        }
    }
    found
}

/// A test that leaves the loop when the counter (or its next value) equals a value.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// A number, or defined before the loop.
    pub value: Value,
    /// The next value is tested, not the current one.
    pub next: bool,
}

/// The tests that every round passes.
fn ends(func: &Func, loops: &Loops, dom: &Dom, defs: &Defs, counter: &Counter) -> Vec<End> {
    let l = &loops.loops[counter.of];
    let inside = |v: Value| {
        l.blocks.iter().any(|b| {
            let block = &func.blocks[b];
            block.params.contains(&v) || block.insts.iter().any(|i| i.result == Some(v))
        })
    };
    let mut ends = Vec::new();
    for block in l.blocks.iter() {
        let Term::Branch { cond, then, other } = &func.blocks[block].term else { continue };
        let Some(&Op::Cmp(relation, x, value)) = defs.of(*cond) else { continue };
        let equal: BlockId = match relation {
            Cond::Eq => then.block,
            Cond::Ne => other.block,
            _ => continue,
        };
        let always = l.latches.iter().all(|&latch| dom.dominates(block, latch));
        let ours = x == counter.param || x == counter.next;
        if always && ours && !l.blocks.contains(equal) && (defs.constant(value).is_some() || !inside(value)) {
            ends.push(End { value, next: x == counter.next });
        }
    }
    ends
}

/// The last value of the counter, when it meets the end without leaving its type.
fn last_value(func: &Func, counter: &Counter, first: u32, end: u32, next: bool) -> Option<u32> {
    let ty = func.ty(counter.param);
    let step = ty.signed(counter.step);
    let size = step.unsigned_abs();
    let distance = if step > 0 { end.wrapping_sub(first) } else { first.wrapping_sub(end) } & ty.mask();
    if size == 0 || !distance.is_multiple_of(size) || (next && distance == 0) {
        return None;
    }
    let rounds = i64::from(distance / size) - i64::from(next);
    let last = i64::from(first) + rounds * i64::from(step);
    (0..=i64::from(ty.mask())).contains(&last).then_some(last as u32)
}
