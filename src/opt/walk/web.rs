//! What is counted on from one loop counter: a web of values, and the places that they index.
//!
//! In: a function and the parameter of a loop's header. Out: all parameters that it is passed on to,
//! the sums and differences passed on in turn, the places counted from them, and the comparisons of
//! them. Invariant: every value that comes into a parameter of the web is of the web itself, or is
//! an entry, which may be any number.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::effects::is_pure;
use crate::mir::ir::{Access, Addr, Base, BinOp, BlockId, Cond, Func, Op, Term, Ty, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::opt::counters::{Defs, exact_counters, steppers};
use crate::opt::ranges::Ranges;

/// How deep the sum of an index may nest.
const MAX_TERMS: u32 = 5;
/// Counters are multiplied by no more: further apart, places have nothing in common.
const MAX_FACTOR: u32 = 0x3fff;

/// Everything known of a function while looking for webs.
pub struct Facts<'a> {
    pub func: &'a Func,
    pub defs: Defs<'a>,
    pub loops: Loops,
    pub ranges: Ranges<'a>,
    dom: Dom,
    /// The block in which each value is defined.
    homes: IndexVec<Value, Option<BlockId>>,
    pub readers: IndexVec<Value, Vec<Reader>>,
    /// Operations at a place with a word as index: block and position.
    places: Vec<(BlockId, usize)>,
    /// Comparisons.
    tests: Vec<(BlockId, usize)>,
    /// Byte counters that run to an exact end, with what they become.
    exact_bytes: BTreeMap<Value, Value>,
}

/// What reads a value.
#[derive(Clone, Copy)]
pub enum Reader {
    /// An operation: its block and position.
    Op(BlockId, usize),
    /// A jump that passes it to a parameter.
    Passed(Value),
    /// A branch or a return.
    End,
}

impl<'a> Facts<'a> {
    pub fn new(func: &'a Func) -> Self {
        let cfg = Cfg::new(func);
        let dom = Dom::new(&cfg);
        let loops = Loops::new(&cfg, &dom);
        let defs = Defs::new(func);
        let mut homes = IndexVec::filled(func.values.len(), None);
        let mut readers = IndexVec::filled(func.values.len(), Vec::new());
        let (mut places, mut tests) = (Vec::new(), Vec::new());
        for (id, block) in func.blocks.enumerated() {
            let results = block.insts.iter().filter_map(|i| i.result);
            block.params.iter().copied().chain(results).for_each(|v| homes[v] = Some(id));
            for (at, inst) in block.insts.iter().enumerate() {
                inst.op.for_each_use(|v| readers[v].push(Reader::Op(id, at)));
                let index = place(&inst.op).and_then(|addr| addr.index);
                if index.is_some_and(|index| func.ty(index) == Ty::I16) {
                    places.push((id, at));
                } else if matches!(inst.op, Op::Cmp(..)) {
                    tests.push((id, at));
                }
            }
            for target in block.term.targets() {
                let params = &func.blocks[target.block].params;
                target.args.iter().zip(params).for_each(|(&v, &p)| readers[v].push(Reader::Passed(p)));
            }
            if let Some(value) = read_by_end(&block.term) {
                readers[value].push(Reader::End);
            }
        }
        let exact: BTreeSet<Value> =
            exact_counters(func, &cfg, &dom, &loops, &defs).into_iter().map(|c| c.0).collect();
        let bytes = steppers(func, &cfg, &loops, &defs).into_iter();
        let exact_bytes = bytes
            .filter(|s| func.ty(s.param) == Ty::I8 && exact.contains(&s.param))
            .map(|s| (s.param, s.next))
            .collect();
        let ranges = Ranges::new(func);
        Self { func, defs, loops, ranges, dom, homes, readers, places, tests, exact_bytes }
    }

    /// True when the value is defined in the loop.
    pub fn inside(&self, l: LoopId, value: Value) -> bool {
        self.homes[value].is_some_and(|b| self.loops.loops[l].blocks.contains(b))
    }

    /// The block in which a value is defined.
    pub fn home(&self, value: Value) -> Option<BlockId> {
        self.homes[value]
    }

    /// True when the value is known at the end of the block.
    pub fn available(&self, value: Value, block: BlockId) -> bool {
        self.homes[value].is_some_and(|home| self.dom.dominates(home, block))
    }

    /// How often a block runs, by a rough guess, three times over.
    pub fn weight(&self, block: BlockId) -> i64 {
        let Some(l) = self.loops.innermost[block].map(|l| &self.loops.loops[l]) else { return 3 };
        let always = l.latches.iter().all(|&latch| self.dom.dominates(block, latch));
        8_i64.pow(l.depth.min(6)) * if always { 3 } else { 1 }
    }

    /// A block, run as rarely as possible, that comes before all of these and after the value.
    pub fn block_before(&self, blocks: &[BlockId], value: Value) -> Option<BlockId> {
        let after = |b: BlockId| self.available(value, b) && self.homes[value] != Some(b);
        let mut best = *blocks.first()?;
        while !blocks.iter().all(|b| self.dom.dominates(best, *b)) {
            best = self.dom.idom[best]?;
        }
        while let Some(above) =
            self.dom.idom[best].filter(|b| self.weight(*b) < self.weight(best) && after(*b))
        {
            best = above;
        }
        after(best).then_some(best)
    }

    /// The blocks from which a loop is entered.
    pub fn entries(&self, l: LoopId) -> impl Iterator<Item = BlockId> {
        let Loops { loops, .. } = &self.loops;
        let l = &loops[l];
        let jumps = |b: BlockId| self.func.blocks[b].term.targets().any(|t| t.block == l.header);
        self.func.blocks.ids().filter(move |&b| !l.blocks.contains(b) && jumps(b))
    }
}

fn read_by_end(term: &Term) -> Option<Value> {
    match term {
        Term::Branch { cond, .. } => Some(*cond),
        Term::Return(value) => *value,
        Term::Jump(_) | Term::Unreachable => None,
    }
}

/// What the places of one pointer have in common: `base + counter * factor + added`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    pub base: Base,
    pub factor: u32,
    /// Values that do not change in the loop, with how many times each is added.
    pub added: Vec<(Value, u32)>,
}

/// An index as a sum, modulo 65536.
#[derive(Default)]
struct Sum {
    /// A value of the web, and how many times.
    counted: Option<(Value, u32)>,
    added: BTreeMap<Value, u32>,
    number: u32,
}

impl Sum {
    fn times(mut self, n: u32) -> Sum {
        let times = |m: u32| m.wrapping_mul(n) & 0xffff;
        self.counted = self.counted.map(|(v, m)| (v, times(m)));
        self.added.values_mut().for_each(|m| *m = times(*m));
        self.number = times(self.number);
        self
    }

    /// The sum of two, unless both are counted.
    fn plus(mut self, other: Sum) -> Option<Sum> {
        if self.counted.is_some() && other.counted.is_some() {
            return None;
        }
        self.counted = self.counted.or(other.counted);
        for (value, n) in other.added {
            let times = self.added.entry(value).or_insert(0);
            *times = times.wrapping_add(n) & 0xffff;
        }
        self.number = self.number.wrapping_add(other.number) & 0xffff;
        Some(self)
    }
}

/// An operation at a place, and from which value of the web it counts.
#[derive(Clone, Copy)]
pub struct Place {
    pub block: BlockId,
    pub at: usize,
    pub from: Value,
    pub offset: i32,
}

/// A sum or difference: `next = from + by` or `next = from - by`.
#[derive(Clone, Copy)]
pub struct Step {
    pub block: BlockId,
    pub at: usize,
    pub next: Value,
    pub from: Value,
    pub by: Value,
    pub op: BinOp,
}

/// A comparison of a value of the web, on the left, with another value.
#[derive(Clone, Copy)]
pub struct Test {
    pub block: BlockId,
    pub at: usize,
    pub cond: Cond,
    pub left: Value,
    pub right: Value,
}

pub struct Web {
    pub of: LoopId,
    /// The type of its values.
    pub ty: Ty,
    pub members: BTreeSet<Value>,
    pub steps: BTreeMap<Value, Step>,
    pub lines: BTreeMap<Line, Vec<Place>>,
    pub tests: Vec<Test>,
}

impl Web {
    /// The web of a parameter of the loop's header, when places are counted from it.
    pub fn new(facts: &Facts, of: LoopId, root: Value) -> Option<Web> {
        let ty = facts.func.ty(root);
        let mut web = Web {
            of,
            ty,
            members: BTreeSet::from([root]),
            steps: BTreeMap::new(),
            lines: BTreeMap::new(),
            tests: Vec::new(),
        };
        match ty {
            Ty::I16 => web.grow(facts, root),
            Ty::I8 => {
                let next = *facts.exact_bytes.get(&root)?;
                let mut readers = facts.readers[root].iter();
                let step = readers.find_map(|r| web.step(facts, r, root).filter(|s| s.next == next))?;
                web.members.insert(next);
                web.steps.insert(next, step);
            }
            Ty::I1 | Ty::I32 => return None,
        }
        // Two counters added to each other are no step.
        if web.steps.is_empty() || web.steps.values().any(|s| web.members.contains(&s.by)) {
            return None;
        }
        web.find_places(facts, root);
        web.find_tests(facts);
        (!web.lines.is_empty()).then_some(web)
    }

    /// The step that a reader of `from` is.
    fn step(&self, facts: &Facts, reader: &Reader, from: Value) -> Option<Step> {
        let &Reader::Op(block, at) = reader else { return None };
        let inst = &facts.func.blocks[block].insts[at];
        let (op, by) = match inst.op {
            Op::Bin(op @ (BinOp::Add | BinOp::Sub), a, by) if a == from => (op, by),
            Op::Bin(BinOp::Add, by, b) if b == from => (BinOp::Add, by),
            _ => return None,
        };
        let fixed = facts.defs.constant(by).is_some() || !facts.inside(self.of, by);
        Some(Step { block, at, next: inst.result?, from, by, op }).filter(|_| fixed)
    }

    /// Adds all that the values of the web are passed on to.
    fn grow(&mut self, facts: &Facts, root: Value) {
        let mut work = vec![root];
        while let Some(value) = work.pop() {
            for reader in &facts.readers[value] {
                let reached = match *reader {
                    Reader::Passed(param) => param,
                    Reader::Op(..) => {
                        let Some(step) = self.step(facts, reader, value) else { continue };
                        self.steps.insert(step.next, step);
                        step.next
                    }
                    Reader::End => continue,
                };
                if self.members.insert(reached) {
                    work.push(reached);
                }
            }
        }
        // A sum that is not passed on is just an operation.
        let passed = |v: Value| facts.readers[v].iter().any(|r| matches!(r, Reader::Passed(_)));
        let mut kept: BTreeSet<Value> = BTreeSet::new();
        let mut work: Vec<Value> = self.steps.keys().copied().filter(|v| passed(*v)).collect();
        while let Some(next) = work.pop() {
            if let Some(step) = self.steps.get(&next)
                && kept.insert(next)
            {
                work.push(step.from);
            }
        }
        self.members.retain(|v| !self.steps.contains_key(v) || kept.contains(v));
        self.steps.retain(|next, _| kept.contains(next));
    }

    fn find_places(&mut self, facts: &Facts, root: Value) {
        for &(block, at) in &facts.places {
            let Some(addr) = place(&facts.func.blocks[block].insts[at].op) else { continue };
            if let Some((line, from, offset)) = self.line(facts, root, addr) {
                let place = Place { block, at, from, offset };
                self.lines.entry(line).or_default().push(place);
            }
        }
    }

    /// The line of a place that is counted from a value of the web, that value, and the offset.
    fn line(&self, facts: &Facts, root: Value, addr: &Addr) -> Option<(Line, Value, i32)> {
        match addr.base {
            Base::Value(v) if self.changes(facts, v) => return None,
            Base::Func(_) => return None,
            _ => {}
        }
        let index = addr.index.filter(|i| facts.func.ty(*i) == Ty::I16 && self.changes(facts, *i))?;
        let sum = self.sum(facts, root, index, MAX_TERMS)?;
        let (from, factor) = sum.counted.filter(|(_, factor)| (1..=MAX_FACTOR).contains(factor))?;
        let added: Vec<(Value, u32)> = sum.added.into_iter().filter(|(_, times)| *times != 0).collect();
        let offset = addr.offset + Ty::I16.signed(sum.number);
        Some((Line { base: addr.base, factor, added }, from, offset))
    }

    fn changes(&self, facts: &Facts, value: Value) -> bool {
        self.members.contains(&value) || facts.inside(self.of, value)
    }

    /// A value as a sum of one of the web and others that do not change in the loop.
    fn sum(&self, facts: &Facts, root: Value, value: Value, depth: u32) -> Option<Sum> {
        let func = facts.func;
        let counted = Some((value, 1));
        if self.ty == Ty::I16 && self.members.contains(&value) {
            return Some(Sum { counted, ..Sum::default() });
        }
        if let Some(number) = facts.defs.constant(value) {
            return Some(Sum { number, ..Sum::default() });
        }
        if !self.changes(facts, value) {
            return Some(Sum { added: BTreeMap::from([(value, 1)]), ..Sum::default() });
        }
        let below = |v: Value| self.sum(facts, root, v, depth.checked_sub(1)?);
        match *facts.defs.of(value)? {
            Op::Zext(x) if func.ty(x) == Ty::I8 => self.byte_sum(facts, root, x, depth.checked_sub(1)?),
            Op::Bin(BinOp::Add, a, b) => below(a)?.plus(below(b)?),
            Op::Bin(BinOp::Sub, a, b) => {
                below(a)?.plus(below(b).filter(|s| s.counted.is_none())?.times(0xffff))
            }
            Op::Bin(BinOp::Shl, x, n) if func.ty(x) == Ty::I16 => {
                let n = facts.defs.constant(n).filter(|n| *n < 12)?;
                Some(below(x)?.times(1 << n))
            }
            Op::Bin(BinOp::Mul, x, n) if func.ty(x) == Ty::I16 => {
                Some(below(x)?.times(facts.defs.constant(n)?))
            }
            _ => None,
        }
    }

    /// The same for a byte that is extended: no part of the sum may wrap as a byte.
    fn byte_sum(&self, facts: &Facts, root: Value, value: Value, depth: u32) -> Option<Sum> {
        // A byte counter may wrap when it is counted for the last time, so only itself counts.
        if self.ty == Ty::I8 && value == root {
            return Some(Sum { counted: Some((value, 1)), ..Sum::default() });
        }
        if let Some(number) = facts.defs.constant(value) {
            return Some(Sum { number, ..Sum::default() });
        }
        if !self.changes(facts, value) {
            return Some(Sum { added: BTreeMap::from([(value, 1)]), ..Sum::default() });
        }
        let home = facts.homes[value]?;
        let range = |v: Value| Some(facts.ranges.at(v, home)).filter(|r| !r.is_empty());
        let below = |v: Value| self.byte_sum(facts, root, v, depth.checked_sub(1)?);
        match *facts.defs.of(value)? {
            Op::Bin(BinOp::Add, a, b) if range(a)?.high + range(b)?.high <= 0xff => below(a)?.plus(below(b)?),
            // Adding a large number is subtracting a small one.
            Op::Bin(BinOp::Add, a, b) if range(a)?.low + facts.defs.constant(b)? > 0xff => {
                let less = Sum { number: facts.defs.constant(b)? | 0xff00, ..Sum::default() };
                below(a)?.plus(less)
            }
            Op::Bin(BinOp::Sub, a, b) if range(a)?.low >= range(b)?.high => {
                below(a)?.plus(below(b).filter(|s| s.counted.is_none())?.times(0xffff))
            }
            Op::Bin(BinOp::Mul, a, n) => {
                let n = facts.defs.constant(n)?;
                Some(below(a)?.times(n)).filter(|_| range(a).is_some_and(|r| r.high * n <= 0xff))
            }
            Op::Bin(BinOp::Shl, a, n) => {
                let n = 1 << facts.defs.constant(n).filter(|n| *n < 8)?;
                Some(below(a)?.times(n)).filter(|_| range(a).is_some_and(|r| r.high * n <= 0xff))
            }
            _ => None,
        }
    }

    fn find_tests(&mut self, facts: &Facts) {
        if self.ty != Ty::I16 {
            return;
        }
        for &(block, at) in &facts.tests {
            let Op::Cmp(cond, a, b) = facts.func.blocks[block].insts[at].op else { continue };
            if self.members.contains(&a) {
                self.tests.push(Test { block, at, cond, left: a, right: b });
            } else if self.members.contains(&b) {
                self.tests.push(Test { block, at, cond: cond.swap(), left: b, right: a });
            }
        }
    }

    /// The values of the web on which places of a line depend.
    pub fn needed(&self, facts: &Facts, places: &[Place]) -> BTreeSet<Value> {
        let mut needed = BTreeSet::new();
        let mut work: Vec<Value> = places.iter().map(|p| p.from).collect();
        while let Some(value) = work.pop() {
            if !needed.insert(value) {
                continue;
            }
            if let Some(step) = self.steps.get(&value) {
                work.push(step.from);
            } else {
                let passed = |v: &&Value| {
                    facts.readers[**v].iter().any(|r| matches!(r, Reader::Passed(p) if *p == value))
                };
                work.extend(self.members.iter().filter(passed));
            }
        }
        needed
    }

    /// The values of the web that are still read as numbers when pointers reach the places at
    /// `reached`, and comparisons at `moved` compare pointers.
    pub fn counted(
        &self,
        facts: &Facts,
        reached: &BTreeSet<(BlockId, usize)>,
        moved: &BTreeSet<(BlockId, usize)>,
    ) -> IdSet<Value> {
        let func = facts.func;
        let uses = |id: BlockId, at: usize, work: &mut Vec<Value>| {
            let op = &func.blocks[id].insts[at].op;
            match op {
                Op::Store(_, value, _) if reached.contains(&(id, at)) => work.push(*value),
                _ if reached.contains(&(id, at)) => {}
                Op::Cmp(_, a, b) if moved.contains(&(id, at)) => {
                    work.extend([*a, *b].iter().filter(|v| !self.members.contains(v)));
                }
                _ => op.for_each_use(|v| work.push(v)),
            }
        };
        let mut read = IdSet::new(func.values.len());
        let mut places: IndexVec<Value, Option<(BlockId, usize)>> = IndexVec::filled(func.values.len(), None);
        let mut incoming: BTreeMap<Value, Vec<Value>> = BTreeMap::new();
        let mut work = Vec::new();
        for (id, block) in func.blocks.enumerated() {
            for (at, inst) in block.insts.iter().enumerate() {
                match inst.result {
                    Some(result) if is_pure(&inst.op) || matches!(inst.op, Op::Load(_, Access::Plain)) => {
                        places[result] = Some((id, at));
                    }
                    _ => uses(id, at, &mut work),
                }
            }
            for target in block.term.targets() {
                for (&arg, &param) in target.args.iter().zip(&func.blocks[target.block].params) {
                    incoming.entry(param).or_default().push(arg);
                }
            }
            work.extend(read_by_end(&block.term));
        }
        while let Some(value) = work.pop() {
            if !read.insert(value) {
                continue;
            }
            if let Some((id, at)) = places[value] {
                uses(id, at, &mut work);
            }
            work.extend(incoming.get(&value).into_iter().flatten());
        }
        read
    }
}

/// The place of an operation that a pointer may reach.
pub fn place(op: &Op) -> Option<&Addr> {
    match op {
        Op::Load(addr, _) | Op::Store(addr, ..) | Op::Addr(addr) => Some(addr),
        _ => None,
    }
}
