//! Walks through memory with a pointer where a loop would add a 16-bit index to an address each time.
//!
//! In: a loop with a counter `k` that changes by the same amount each round, and places
//! `base + k * n + offset` in it. Out: a pointer that starts at the first place and moves by
//! `n` times that amount. When `k` is then only counted, the loop ends by the pointer, and `k` goes.
//! Invariant: the same places in the same order. A comparison by size moves to the pointer only
//! where the last address cannot pass the end of memory; for a global the linker keeps that
//! promise (`Global::highest`). Not here: indices of a byte, which stay in X and Y.

use std::collections::{BTreeMap, BTreeSet};

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::effects::is_pure;
use crate::mir::ir::{
    Addr, Base, BinOp, BlockId, Cond, Func, GlobalId, GlobalKind, Inst, Op, Program, Ty, Value,
};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite::{self, Substitution, for_each_term_use};
use crate::opt::counters::{Defs, Stepper, exact_counters, steppers};
use crate::opt::ranges::Ranges;
use crate::opt::{Level, Pass, Run};

pub const PASS: Pass =
    Pass { name: "walk", about: "walks through memory with pointers", run: Run::Program(run) };

/// Pointers for one counter at most; each needs two bytes of zero page.
const MAX_POINTERS: usize = 4;
/// How far the places of one pointer lie apart at most: what Y reaches.
const MAX_SPREAD: i32 = 200;
/// Cycles of adding an index to an address.
const ADDRESS: i32 = 18;
/// Cycles of one step of a shift of two bytes.
const SHIFT: i32 = 10;
/// Arrays lie below this address for sure, wherever the linker puts what has no promise.
const LOWEST_PROMISE: u32 = 0x9000;

fn run(program: &mut Program, _: Level) -> bool {
    let mut changed = false;
    let whole = program.entry.is_some();
    for id in program.funcs.ids() {
        if program.funcs[id].is_extern() {
            continue;
        }
        let mut func = std::mem::replace(&mut program.funcs[id], Func::new("", Vec::new(), None));
        rewrite::remove_unreachable(&mut func);
        let mut promises = Promises { program, whole, made: BTreeMap::new() };
        // Each walk changes what the next one finds; a counter that stays is not tried again.
        let mut tried = BTreeSet::new();
        while let Some(plan) = find(&func, &mut tried) {
            walk(&mut func, &plan, &mut promises);
            changed = true;
        }
        for (global, highest) in promises.made {
            let known = &mut program.globals[global].highest;
            *known = Some(known.map_or(highest, |h| h.min(highest)));
        }
        program.funcs[id] = func;
    }
    changed
}

/// Start addresses that the linker must not exceed.
struct Promises<'a> {
    program: &'a Program,
    /// The linker sees the whole program and can keep promises.
    whole: bool,
    made: BTreeMap<GlobalId, u16>,
}

impl Promises<'_> {
    /// True when `base + length` is an address for sure, with a promise if need be.
    fn reaches(&mut self, base: Base, length: u32) -> bool {
        match base {
            Base::Abs => length <= 0xffff,
            Base::Global(g) => {
                let global = &self.program.globals[g];
                let Some(highest) = 0xffff_u32.checked_sub(length) else { return false };
                if let Some(fixed) = global.fixed {
                    return u32::from(fixed) <= highest;
                }
                if !self.whole
                    || global.kind != GlobalKind::Bss
                    || global.external
                    || highest < LOWEST_PROMISE
                {
                    return false;
                }
                let highest = highest as u16;
                self.made.entry(g).and_modify(|h| *h = highest.min(*h)).or_insert(highest);
                true
            }
            Base::Slot(_) | Base::Func(_) | Base::Value(_) => false,
        }
    }
}

/// What the places of one pointer have in common: `base + counter * factor + added`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Line {
    base: Base,
    factor: u32,
    added: Option<Value>,
}

/// Places to reach by one pointer.
struct Group {
    line: Line,
    places: Vec<Place>,
    lowest: i32,
}

/// An operation: its block, its position, and whether it counts from the counter's next value.
#[derive(Clone, Copy)]
struct Place {
    block: BlockId,
    at: usize,
    next: bool,
}

struct Plan {
    stepper: Stepper,
    header: BlockId,
    groups: Vec<Group>,
    /// The test of the loop's end, when the counter is needed for nothing else.
    end: Option<(BlockId, usize)>,
}

/// Everything known of a function while looking for loops.
struct Finder<'a> {
    func: &'a Func,
    defs: Defs<'a>,
    dom: &'a Dom,
    loops: &'a Loops,
    inside: &'a dyn Fn(LoopId, Value) -> bool,
}

fn find(func: &Func, tried: &mut BTreeSet<Value>) -> Option<Plan> {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let loops = Loops::new(&cfg, &dom);
    if loops.loops.is_empty() {
        return None;
    }
    let mut home: BTreeMap<Value, BlockId> = BTreeMap::new();
    for (id, block) in func.blocks.enumerated() {
        let results = block.insts.iter().filter_map(|i| i.result);
        home.extend(block.params.iter().copied().chain(results).map(|v| (v, id)));
    }
    let inside = |l: LoopId, v: Value| home.get(&v).is_some_and(|b| loops.loops[l].blocks.contains(*b));
    let defs = Defs::new(func);
    let exact: BTreeSet<Value> = exact_counters(func, &cfg, &dom).into_iter().map(|c| c.0).collect();
    let all = steppers(func, &cfg, &loops, &defs);
    let finder = Finder { func, defs, dom: &dom, loops: &loops, inside: &inside };
    all.into_iter().find_map(|stepper| {
        let one_way = loops.loops[stepper.of].latches.len() == 1
            && !inside(stepper.of, stepper.by) | finder.defs.constant(stepper.by).is_some();
        let counts = match func.ty(stepper.param) {
            Ty::I16 => true,
            Ty::I8 => exact.contains(&stepper.param),
            Ty::I1 | Ty::I32 => false,
        };
        (one_way && counts && tried.insert(stepper.param)).then(|| finder.plan(stepper)).flatten()
    })
}

impl Finder<'_> {
    fn plan(&self, stepper: Stepper) -> Option<Plan> {
        let l = &self.loops.loops[stepper.of];
        let mut groups = self.groups(&stepper);
        if groups.is_empty() {
            return None;
        }
        let latch = l.latches[0];
        let places: BTreeSet<(BlockId, usize)> =
            groups.iter().flat_map(|g| g.places.iter().map(|p| (p.block, p.at))).collect();
        let end = if self.func.ty(stepper.param) == Ty::I16 { self.end(&stepper, &places) } else { None };
        // Cycles that a round gains by each pointer.
        let gain = |g: &Group| {
            let shifts = SHIFT * g.line.factor.ilog2() as i32 + ADDRESS * i32::from(g.line.added.is_some());
            let saved = |next: bool| {
                let mut blocks = g.places.iter().filter(|p| p.next == next).map(|p| p.block).peekable();
                let any = blocks.peek().is_some();
                let always = blocks.any(|b| self.dom.dominates(b, latch));
                (ADDRESS + shifts) * i32::from(any) / if always { 1 } else { 3 }
            };
            saved(false) + saved(true) - self.step_cycles(&stepper, g.line.factor)
        };
        let counter = if end.is_some() { self.step_cycles(&stepper, 1) } else { 0 };
        let all: i32 = groups.iter().map(gain).sum();
        if all + counter > 0 && groups.len() <= MAX_POINTERS && end.is_some() {
            return Some(Plan { stepper, header: l.header, groups, end });
        }
        groups.retain(|g| gain(g) > 0);
        groups.truncate(MAX_POINTERS);
        (!groups.is_empty()).then_some(Plan { stepper, header: l.header, groups, end: None })
    }

    /// Cycles of moving a pointer or a counter once.
    fn step_cycles(&self, stepper: &Stepper, factor: u32) -> i32 {
        let ty = self.func.ty(stepper.param);
        match self.defs.constant(stepper.by).map(|n| ty.signed(n) as i64 * i64::from(factor)) {
            Some(1) => 8,
            Some(n) if n > 0 && n < 256 => 14,
            _ => 20,
        }
    }

    fn groups(&self, stepper: &Stepper) -> Vec<Group> {
        let mut found: BTreeMap<Line, Vec<(Place, i32)>> = BTreeMap::new();
        for block in self.loops.loops[stepper.of].blocks.iter() {
            for (at, inst) in self.func.blocks[block].insts.iter().enumerate() {
                let Some(addr) = place(&inst.op) else { continue };
                // A byte may wrap when it is counted for the last time.
                let wide = self.func.ty(stepper.param) == Ty::I16;
                for next in [false, true].into_iter().take(1 + usize::from(wide)) {
                    let from = if next { stepper.next } else { stepper.param };
                    if let Some(line) = self.line(stepper, from, addr) {
                        found.entry(line).or_default().push((Place { block, at, next }, addr.offset));
                    }
                }
            }
        }
        let group = |(line, list): (Line, Vec<(Place, i32)>)| {
            let lowest = list.iter().map(|p| p.1).min()?;
            let near = list.iter().all(|p| p.1 - lowest <= MAX_SPREAD);
            let places = list.iter().map(|p| p.0).collect();
            near.then_some(Group { line, places, lowest })
        };
        found.into_iter().filter_map(group).collect()
    }

    /// The line of a place that is counted from `from`, the counter or its next value.
    fn line(&self, stepper: &Stepper, from: Value, addr: &Addr) -> Option<Line> {
        let fixed = |v: Value| !(self.inside)(stepper.of, v);
        match addr.base {
            Base::Value(v) if !fixed(v) => return None,
            Base::Func(_) => return None,
            _ => {}
        }
        let index = addr.index.filter(|i| self.func.ty(*i) == Ty::I16)?;
        let (factor, added) = match self.defs.of(index) {
            Some(&Op::Bin(BinOp::Add, a, b)) if fixed(b) => (self.factor(from, a)?, Some(b)),
            Some(&Op::Bin(BinOp::Add, a, b)) if fixed(a) => (self.factor(from, b)?, Some(a)),
            _ => (self.factor(from, index)?, None),
        };
        Some(Line { base: addr.base, factor, added })
    }

    /// How many times `from` a value is.
    fn factor(&self, from: Value, value: Value) -> Option<u32> {
        if value == from {
            return Some(1);
        }
        match *self.defs.of(value)? {
            Op::Zext(x) if x == from => Some(1),
            Op::Bin(BinOp::Shl, x, n) if self.func.ty(x) == Ty::I16 => {
                let n = self.defs.constant(n).filter(|n| *n < 12)?;
                Some(self.factor(from, x)? << n).filter(|f| *f <= 0xffff)
            }
            Op::Bin(BinOp::Mul, x, n) if self.func.ty(x) == Ty::I16 => {
                let product = u64::from(self.factor(from, x)?) * u64::from(self.defs.constant(n)?);
                u32::try_from(product).ok().filter(|f| *f <= 0xffff && *f > 0)
            }
            _ => None,
        }
    }

    /// The only test of the loop's end, when nothing else needs the counter but `places`.
    fn end(&self, stepper: &Stepper, places: &BTreeSet<(BlockId, usize)>) -> Option<(BlockId, usize)> {
        let l = &self.loops.loops[stepper.of];
        let latch = l.latches[0];
        let mut test = None;
        for value in [stepper.param, stepper.next] {
            for (block, at) in self.readers(value, places) {
                let inst = &self.func.blocks[block].insts[at];
                let tests = matches!(inst.op, Op::Cmp(_, a, b)
                    if a == value && !(self.inside)(stepper.of, b) | self.defs.constant(b).is_some());
                if inst.result == Some(stepper.next) {
                    continue;
                }
                if !tests || test.is_some() || !l.blocks.contains(block) {
                    return None;
                }
                test = Some((block, at));
            }
            for (id, block) in self.func.blocks.enumerated() {
                let mut count = 0;
                for_each_term_use(&block.term, |v| count += usize::from(v == value));
                let back = block.term.targets().filter(|t| t.block == l.header);
                let around = back.map(|t| t.args.iter().filter(|v| **v == value).count()).sum::<usize>();
                if count > 0 && (value == stepper.param || id != latch || count != 1 || around != 1) {
                    return None;
                }
            }
        }
        test
    }

    /// The operations that need a value, but for those at `except` and what only they need.
    fn readers(&self, value: Value, except: &BTreeSet<(BlockId, usize)>) -> Vec<(BlockId, usize)> {
        let mut found = Vec::new();
        for (id, block) in self.func.blocks.enumerated() {
            for (at, inst) in block.insts.iter().enumerate() {
                let mut reads = false;
                inst.op.for_each_use(|v| reads |= v == value);
                if !reads {
                    continue;
                }
                let only_index = except.contains(&(id, at)) && !stores(&inst.op, value);
                let dead = |v: Value| is_pure(&inst.op) && self.only_for(v, except, 4);
                if !only_index && !inst.result.is_some_and(dead) {
                    found.push((id, at));
                }
            }
        }
        found
    }

    /// True when only the operations at `except` need the value.
    fn only_for(&self, value: Value, except: &BTreeSet<(BlockId, usize)>, depth: u32) -> bool {
        let mut needed = false;
        for (id, block) in self.func.blocks.enumerated() {
            for_each_term_use(&block.term, |v| needed |= v == value);
            for (at, inst) in block.insts.iter().enumerate() {
                let mut reads = false;
                inst.op.for_each_use(|v| reads |= v == value);
                let only_index = except.contains(&(id, at)) && !stores(&inst.op, value);
                if reads && !only_index {
                    let dead = |v: Value| is_pure(&inst.op) && self.only_for(v, except, depth - 1);
                    needed |= depth == 0 || !inst.result.is_some_and(dead);
                }
            }
        }
        !needed
    }
}

/// The place of an operation that a pointer may reach.
fn place(op: &Op) -> Option<&Addr> {
    match op {
        Op::Load(addr, _) | Op::Store(addr, ..) | Op::Addr(addr) => Some(addr),
        _ => None,
    }
}

fn stores(op: &Op, value: Value) -> bool {
    matches!(op, Op::Store(_, stored, _) if *stored == value)
}

fn walk(func: &mut Func, plan: &Plan, promises: &mut Promises) {
    let Plan { stepper, header, groups, end } = plan;
    let header = *header;
    let end = end.and_then(|(block, at)| End::new(func, stepper, &groups[0], (block, at), promises));
    let cfg = Cfg::new(func);
    let loops = Loops::new(&cfg, &Dom::new(&cfg));
    let before = loops.make_preheader(func, &cfg, stepper.of);
    let inside = &loops.loops[stepper.of].blocks;
    let mut subst = Substitution::new(func);
    let mut pointers = Vec::new();
    for group in groups {
        let mut code = Code { func, insts: Vec::new() };
        let start = code.place(stepper, &group.line, stepper.first, group.lowest);
        let step = code.step(stepper, group.line.factor);
        let insts = code.insts;
        func.blocks[before].insts.extend(insts);
        let pointer = func.values.push(Ty::I16);
        let next = func.values.push(Ty::I16);
        func.blocks[header].params.push(pointer);
        for block in func.blocks.ids().collect::<Vec<_>>() {
            let value = if inside.contains(block) { next } else { start };
            for target in func.blocks[block].term.targets_mut().filter(|t| t.block == header) {
                target.args.push(value);
            }
        }
        for &Place { block, at, next: ahead } in &group.places {
            let pointer = if ahead { next } else { pointer };
            let inst = &mut func.blocks[block].insts[at];
            let result = inst.result;
            match &mut inst.op {
                Op::Load(addr, _) | Op::Store(addr, ..) | Op::Addr(addr) => {
                    *addr =
                        Addr { base: Base::Value(pointer), index: None, offset: addr.offset - group.lowest };
                }
                _ => {}
            }
            if let (Op::Addr(addr), Some(result)) = (&inst.op, result)
                && addr.offset == 0
            {
                subst.replace(result, pointer);
            }
        }
        pointers.push((pointer, next, step));
    }
    if let Some(end) = end {
        end.write(func, stepper, &groups[0], before, pointers[0]);
    }
    // The steps come last: positions before them stay what they are.
    for (pointer, next, step) in pointers {
        let op = Op::Bin(if stepper.down { BinOp::Sub } else { BinOp::Add }, pointer, step);
        for block in func.blocks.ids().collect::<Vec<_>>() {
            let insts = &mut func.blocks[block].insts;
            if let Some(at) = insts.iter().position(|i| i.result == Some(stepper.next)) {
                let span = insts[at].span;
                insts.insert(at, Inst { result: Some(next), op: op.clone(), span });
            }
        }
    }
    subst.apply(func);
}

/// A test of the loop's end that moves to the pointer.
struct End {
    block: BlockId,
    at: usize,
    cond: Cond,
    bound: Value,
    /// The next value is tested, not the current one.
    next: bool,
}

impl End {
    fn new(
        func: &Func,
        stepper: &Stepper,
        group: &Group,
        (block, at): (BlockId, usize),
        promises: &mut Promises,
    ) -> Option<End> {
        let Op::Cmp(cond, tested, bound) = func.blocks[block].insts[at].op else { return None };
        let ranges = Ranges::new(func);
        let Line { base, factor, added } = group.line;
        let highest = ranges.at(tested, block).high.max(ranges.at(bound, block).high);
        let length = highest.checked_mul(factor)?;
        let possible = match cond {
            Cond::Eq | Cond::Ne => factor == 1 || length <= 0xffff,
            Cond::ULt | Cond::UGe | Cond::UGt | Cond::ULe => {
                let length = i64::from(length) + i64::from(group.lowest.max(0));
                let low = i64::from(ranges.at(tested, block).low) + i64::from(group.lowest);
                added.is_none() && low >= 0 && promises.reaches(base, u32::try_from(length).ok()?)
            }
            _ => false,
        };
        possible.then_some(End { block, at, cond, bound, next: tested == stepper.next })
    }

    fn write(
        &self,
        func: &mut Func,
        stepper: &Stepper,
        group: &Group,
        before: BlockId,
        (pointer, next, _): (Value, Value, Value),
    ) {
        let constant = Defs::new(func).constant(self.bound);
        let mut code = Code { func, insts: Vec::new() };
        let bound = match constant {
            Some(n) => code.op(Op::Const(n), Ty::I16),
            None => self.bound,
        };
        let bound = code.place(stepper, &group.line, bound, group.lowest);
        let insts = code.insts;
        func.blocks[before].insts.extend(insts);
        let tested = if self.next { next } else { pointer };
        func.blocks[self.block].insts[self.at].op = Op::Cmp(self.cond, tested, bound);
    }
}

/// Operations on their way in front of the loop.
struct Code<'a> {
    func: &'a mut Func,
    insts: Vec<Inst>,
}

impl Code<'_> {
    fn op(&mut self, op: Op, ty: Ty) -> Value {
        let result = self.func.values.push(ty);
        self.insts.push(Inst { result: Some(result), op, span: None });
        result
    }

    /// The address that belongs to a value of the counter.
    fn place(&mut self, stepper: &Stepper, line: &Line, count: Value, offset: i32) -> Value {
        let mut index = count;
        if self.func.ty(stepper.param) == Ty::I8 {
            index = self.op(Op::Zext(index), Ty::I16);
        }
        if line.factor != 1 {
            let factor = self.op(Op::Const(line.factor), Ty::I16);
            index = self.op(Op::Bin(BinOp::Mul, index, factor), Ty::I16);
        }
        if let Some(added) = line.added {
            index = self.op(Op::Bin(BinOp::Add, index, added), Ty::I16);
        }
        self.op(Op::Addr(Addr { base: line.base, index: Some(index), offset }), Ty::I16)
    }

    /// By how much the pointer moves.
    fn step(&mut self, stepper: &Stepper, factor: u32) -> Value {
        let ty = self.func.ty(stepper.param);
        if let Some(n) = Defs::new(self.func).constant(stepper.by) {
            let step = (ty.signed(n) as u32).wrapping_mul(factor) & Ty::I16.mask();
            return self.op(Op::Const(step), Ty::I16);
        }
        let factor = self.op(Op::Const(factor), Ty::I16);
        self.op(Op::Bin(BinOp::Mul, stepper.by, factor), Ty::I16)
    }
}
