//! Between which numbers values lie: intervals through loops, narrowed by what branches decide.
//!
//! In: a function. Out: for each value an interval of its unsigned and one of its signed readings
//! that hold wherever it is defined, and narrower ones at a given block.
//! Computed by rising from nothing until stable (with widening), then narrowing twice.

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BinOp, BlockId, Cond, Func, Op, Term, Ty, Value};
use crate::mir::loops::{Loop, Loops};
use crate::opt::counters::{Defs, Stepper, counters, exact_counters, steppers, unit_counters};
use crate::opt::interval::{Range, binary};

/// Rounds before parameters that still grow are taken as unbounded.
const ROUNDS_BEFORE_WIDENING: usize = 4;
/// Rounds of narrowing afterwards.
const NARROWING_ROUNDS: usize = 3;
/// How often what is known so far may bound counters, which bound others in turn.
const BOUNDING_ROUNDS: usize = 3;

/// A fact about a value from a branch: it stands so to another value.
type Fact = (Cond, Value);

/// The ranges of all values of a function.
pub struct Ranges<'a> {
    func: &'a Func,
    dom: Dom,
    defs: Defs<'a>,
    values: IndexVec<Value, Range>,
    /// The comparison that defines a value.
    compared: IndexVec<Value, Option<(Cond, Value, Value)>>,
    /// Bounds of counters that run to an exact end.
    counters: IndexVec<Value, Option<Range>>,
    /// Facts that hold in the blocks that the given one dominates.
    facts: IndexVec<Value, Vec<(BlockId, Fact)>>,
    /// How branches found two values that are no numbers, where each of them leads.
    compared_at: Vec<(BlockId, (Cond, Value, Value))>,
    /// The values about which facts tell how they stand to this one.
    followers: IndexVec<Value, Vec<Value>>,
    /// The blocks that have to be looked at again when the range of a value changes.
    users: IndexVec<Value, Vec<BlockId>>,
}

impl<'a> Ranges<'a> {
    /// Computes the ranges.
    pub fn new(func: &'a Func) -> Self {
        let cfg = Cfg::new(func);
        let dom = Dom::new(&cfg);
        let loops = Loops::new(&cfg, &dom);
        let count = func.values.len();
        let mut ranges = Self {
            func,
            dom,
            defs: Defs::new(func),
            values: IndexVec::filled(count, Range::EMPTY),
            compared: IndexVec::filled(count, None),
            counters: IndexVec::filled(count, None),
            facts: IndexVec::filled(count, Vec::new()),
            compared_at: Vec::new(),
            followers: IndexVec::filled(count, Vec::new()),
            users: IndexVec::filled(count, Vec::new()),
        };
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            if let (Some(result), &Op::Cmp(cond, a, b)) = (inst.result, &inst.op) {
                ranges.compared[result] = Some((cond, a, b));
            }
        }
        for &id in &cfg.rpo {
            ranges.facts_of_params(&cfg, id);
            if let Some(pred) = cfg.single_pred(id)
                && let Some((cond, a, b)) = ranges.edge_condition(pred, id)
            {
                if ranges.defs.constant(a).is_none() && ranges.defs.constant(b).is_none() {
                    ranges.compared_at.push((id, (cond, a, b)));
                }
                // Of a number everything is known.
                if ranges.defs.constant(a).is_none() {
                    ranges.note(a, id, (cond, b));
                }
                if ranges.defs.constant(b).is_none() {
                    ranges.note(b, id, (cond.swap(), a));
                }
            }
        }
        ranges.find_users();
        for (counter, first, last) in exact_counters(func, &cfg, &ranges.dom, &loops, &ranges.defs) {
            ranges.counters[counter] =
                Some(Range::unsigned(func.ty(counter), first.min(last), first.max(last)));
        }
        ranges.solve(&cfg);
        for _ in 0..BOUNDING_ROUNDS {
            if !(ranges.bound_counters(&cfg, &loops) | ranges.compare_counters(&cfg, &loops)) {
                break;
            }
            cfg.rpo.iter().for_each(|&id| ranges.facts_of_params(&cfg, id));
            ranges.values.iter_mut().for_each(|range| *range = Range::EMPTY);
            ranges.solve(&cfg);
        }
        ranges
    }

    /// Adds a fact about a value that holds in the blocks that `block` dominates.
    fn note(&mut self, value: Value, block: BlockId, fact: Fact) {
        self.facts[value].push((block, fact));
        if self.defs.constant(fact.1).is_none() {
            self.followers[fact.1].push(value);
        }
    }

    /// Counters that only rise are not less than where they start. True when that is news.
    fn compare_counters(&mut self, cfg: &Cfg, loops: &Loops) -> bool {
        let mut learned = false;
        for counter in counters(self.func, cfg, loops, &self.defs) {
            let ty = self.func.ty(counter.param);
            let range = self.values[counter.param];
            let rises =
                !range.is_empty() && range.high.checked_add(counter.step).is_some_and(|n| n <= ty.mask());
            let header = loops.loops[counter.of].header;
            if rises
                && self.defs.constant(counter.first).is_none()
                && !self.at_least(counter.param, counter.first, header)
            {
                self.note(counter.param, header, (Cond::UGe, counter.first));
                learned = true;
            }
        }
        learned
    }

    /// Bounds counters by where they start. True when something is known now that was not.
    fn bound_counters(&mut self, cfg: &Cfg, loops: &Loops) -> bool {
        let mut bounds: Vec<(Value, Range)> = Vec::new();
        // Those that run by ones to a value, and so meet it.
        for (counter, end) in unit_counters(self.func, cfg, &self.dom, loops, &self.defs) {
            let ty = self.func.ty(counter.param);
            let entered = &loops.loops[counter.of];
            let first = self.at_entry(counter.first, cfg, entered);
            let last = self.at_entry(end.value, cfg, entered);
            let (up, apart) = (counter.step == 1, u32::from(end.next));
            let (from, to) = if up { (first, last) } else { (last, first) };
            if !from.is_empty()
                && !to.is_empty()
                && u64::from(from.high) + u64::from(apart) <= u64::from(to.low)
            {
                let (low, high) = if up { (from.low, to.high - apart) } else { (from.low + apart, to.high) };
                bounds.push((counter.param, Range::unsigned(ty, low, high)));
            }
        }
        // Those that move in one direction, and never past the end of the type.
        for stepper in steppers(self.func, cfg, loops, &self.defs) {
            bounds.extend(self.one_way(loops, &stepper).map(|bound| (stepper.param, bound)));
        }
        let mut learned = false;
        for (param, bound) in bounds {
            let ty = self.func.ty(param);
            let now = self.values[param];
            learned |= !now.is_empty() && now.intersect(bound, ty) != now;
            let known = &mut self.counters[param];
            *known = Some(known.map_or(bound, |k| k.intersect(bound, ty)));
        }
        learned
    }

    /// How the start of a counter bounds it when it moves in one direction.
    fn one_way(&self, loops: &Loops, stepper: &Stepper) -> Option<Range> {
        let ty = self.func.ty(stepper.param);
        let steps = |b: &BlockId| self.func.blocks[*b].insts.iter().any(|i| i.result == Some(stepper.next));
        let block = loops.loops[stepper.of].blocks.iter().find(steps)?;
        let (first, here) = (self.values[stepper.first], self.at(stepper.param, block));
        if first.is_empty() || here.is_empty() {
            return None;
        }
        let (full, mut bound) = (Range::full(ty), Range::full(ty));
        match self.defs.constant(stepper.by) {
            Some(by) => {
                let by = i64::from(ty.signed(by)) * if stepper.down { -1 } else { 1 };
                let stays = |n: u32| (0..=i64::from(full.high)).contains(&(i64::from(n) + by));
                let signed = i64::from(full.signed_low)..=i64::from(full.signed_high);
                let stays_signed = |n: i32| signed.contains(&(i64::from(n) + by));
                if by > 0 {
                    bound.low = if stays(here.high) { first.low } else { bound.low };
                    bound.signed_low =
                        if stays_signed(here.signed_high) { first.signed_low } else { bound.signed_low };
                } else {
                    bound.high = if stays(here.low) { first.high } else { bound.high };
                    bound.signed_high =
                        if stays_signed(here.signed_low) { first.signed_high } else { bound.signed_high };
                }
            }
            // No more is taken away than there is.
            None if stepper.down && self.at_least(stepper.param, stepper.by, block) => {
                bound.high = first.high
            }
            None => return None,
        }
        Some(bound.tightened(ty))
    }

    /// Parameters are not less than a value when no argument for them is.
    fn facts_of_params(&mut self, cfg: &Cfg, id: BlockId) {
        for (i, &param) in self.func.blocks[id].params.iter().enumerate() {
            let mut common: Option<Vec<Value>> = None;
            for pred in cfg.distinct_preds(id) {
                for target in self.func.blocks[pred].term.targets().filter(|t| t.block == id) {
                    let floors = self.floors(pred, id, target.args[i]);
                    match &mut common {
                        None => common = Some(floors),
                        Some(common) => common.retain(|v| floors.contains(v)),
                    }
                }
            }
            let news = common.into_iter().flatten().filter(|&v| !self.at_least(param, v, id));
            for floor in news.collect::<Vec<_>>() {
                self.note(param, id, (Cond::UGe, floor));
            }
        }
    }

    /// Values, but for numbers, that one is not less than when `pred` passes it to a block.
    fn floors(&self, pred: BlockId, to: BlockId, value: Value) -> Vec<Value> {
        let from_edge = self.edge_condition(pred, to).and_then(|(cond, a, b)| match cond {
            Cond::UGe | Cond::UGt | Cond::Eq if a == value => Some(b),
            Cond::ULe | Cond::ULt | Cond::Eq if b == value => Some(a),
            _ => None,
        });
        let facts = self.facts[value].iter();
        let known = facts.filter(|(from, (cond, _))| {
            matches!(cond, Cond::UGe | Cond::UGt | Cond::Eq) && self.dom.dominates(*from, pred)
        });
        let floors = known.map(|(_, (_, other))| *other).chain(from_edge);
        floors.filter(|v| self.defs.constant(*v).is_none()).collect()
    }

    /// True when one value is known to be at least another in a block, as unsigned numbers.
    pub fn at_least(&self, value: Value, other: Value, block: BlockId) -> bool {
        self.facts[value].iter().any(|&(from, (cond, limit))| {
            limit == other
                && matches!(cond, Cond::UGe | Cond::UGt | Cond::Eq)
                && self.dom.dominates(from, block)
        })
    }

    /// How two values were found on the way to a block, with the operands as they were compared.
    pub fn compared_before(&self, x: Value, y: Value, block: BlockId) -> Option<(Cond, Value, Value)> {
        let known = self.compared_at.iter().rev();
        let ours = |a: Value, b: Value| (a, b) == (x, y) || (b, a) == (x, y);
        let mut known = known.filter(|(from, (_, a, b))| ours(*a, *b) && self.dom.dominates(*from, block));
        known.next().map(|(_, comparison)| *comparison)
    }

    /// What the branch at the end of `pred` says when it goes to `to`.
    pub fn edge_condition(&self, pred: BlockId, to: BlockId) -> Option<(Cond, Value, Value)> {
        let Term::Branch { cond, then, other } = &self.func.blocks[pred].term else { return None };
        if then.block == other.block {
            return None;
        }
        let (relation, a, b) = self.compared[*cond]?;
        Some((if then.block == to { relation } else { relation.negate() }, a, b))
    }

    fn solve(&mut self, cfg: &Cfg) {
        for &param in &self.func.blocks[Func::ENTRY].params {
            self.values[param] = Range::full(self.func.ty(param));
        }
        let mut pending = IndexVec::filled(self.func.blocks.len(), true);
        let mut round = 0;
        while self.round(cfg, &mut pending, |new, old, ty| {
            let grown = old.union(new);
            if round >= ROUNDS_BEFORE_WIDENING { grown.widened(old, ty) } else { grown }
        }) {
            round += 1;
        }
        pending = IndexVec::filled(self.func.blocks.len(), true);
        for _ in 0..NARROWING_ROUNDS {
            self.round(cfg, &mut pending, |new, old, ty| old.intersect(new, ty));
        }
    }

    fn find_users(&mut self) {
        let mut users = std::mem::take(&mut self.users);
        let mut add = |value: Value, block: BlockId| {
            if users[value].last() != Some(&block) {
                users[value].push(block);
            }
        };
        for (id, block) in self.func.blocks.enumerated() {
            for inst in block.insts.iter().filter(|inst| inst.result.is_some()) {
                inst.op.for_each_use(|v| add(v, id));
            }
            for target in block.term.targets() {
                target.args.iter().for_each(|v| add(*v, target.block));
                if let Some((_, a, b)) = self.edge_condition(id, target.block) {
                    add(a, target.block);
                    add(b, target.block);
                }
            }
        }
        self.users = users;
    }

    /// Takes a new range of a value; the blocks that may compute others from it become pending.
    fn learn(&mut self, value: Value, range: Range, pending: &mut IndexVec<BlockId, bool>) -> bool {
        if range == self.values[value] {
            return false;
        }
        self.values[value] = range;
        for value in self.followers[value].iter().chain([&value]) {
            self.users[*value].iter().for_each(|&user| pending[user] = true);
        }
        true
    }

    /// Computes the values of all pending blocks once. True when one changed.
    fn round(
        &mut self,
        cfg: &Cfg,
        pending: &mut IndexVec<BlockId, bool>,
        merge: impl Fn(Range, Range, Ty) -> Range,
    ) -> bool {
        let mut changed = false;
        for &id in &cfg.rpo {
            if !std::mem::take(&mut pending[id]) {
                continue;
            }
            let block = &self.func.blocks[id];
            if id != Func::ENTRY {
                for (i, &param) in block.params.iter().enumerate() {
                    let ty = self.func.ty(param);
                    let mut incoming = Range::EMPTY;
                    for pred in cfg.distinct_preds(id) {
                        for target in self.func.blocks[pred].term.targets().filter(|t| t.block == id) {
                            incoming = incoming.union(self.on_edge(target.args[i], pred, id));
                        }
                    }
                    if let Some(bound) = self.counters[param] {
                        incoming = incoming.intersect(bound, ty);
                    }
                    let new = merge(incoming, self.values[param], ty);
                    changed |= self.learn(param, new, pending);
                }
            }
            for inst in &block.insts {
                let Some(result) = inst.result else { continue };
                let ty = self.func.ty(result);
                let computed = self.computed(&inst.op, ty, id);
                let new = merge(computed, self.values[result], ty);
                changed |= self.learn(result, new, pending);
            }
        }
        changed
    }

    /// The range of a value on the way from one block to another.
    fn on_edge(&self, value: Value, pred: BlockId, to: BlockId) -> Range {
        let range = self.at(value, pred);
        match self.edge_condition(pred, to) {
            Some((cond, a, b)) if a == value => self.refined(range, value, (cond, b)),
            Some((cond, a, b)) if b == value => self.refined(range, value, (cond.swap(), a)),
            _ => range,
        }
    }

    /// The range of a value wherever a loop is entered.
    fn at_entry(&self, value: Value, cfg: &Cfg, entered: &Loop) -> Range {
        let outside = cfg.preds[entered.header].iter().filter(|p| !entered.blocks.contains(**p));
        outside.fold(Range::EMPTY, |range, &pred| range.union(self.on_edge(value, pred, entered.header)))
    }

    fn refined(&self, range: Range, value: Value, fact: Fact) -> Range {
        let ty = self.func.ty(value);
        let (cond, other) = fact;
        // The other side without facts of its own, lest two facts feed each other for ever.
        let limit = self.values[other];
        if cond == Cond::Ne && limit.low == limit.high && range.low < range.high {
            let mut range = range;
            range.low += u32::from(range.low == limit.low);
            range.high -= u32::from(range.high == limit.low);
            return range.tightened(ty);
        }
        range.intersect(limit.satisfying(cond, ty), ty)
    }

    /// The operation that defines a value, unless it is a parameter.
    pub fn def(&self, value: Value) -> Option<&'a Op> {
        self.defs.of(value)
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Ty {
        self.func.ty(value)
    }

    /// The range of a value wherever it is defined.
    pub fn of(&self, value: Value) -> Range {
        self.values[value]
    }

    /// The range of a value inside a block.
    pub fn at(&self, value: Value, block: BlockId) -> Range {
        let mut range = self.values[value];
        for &(from, fact) in &self.facts[value] {
            if self.dom.dominates(from, block) {
                range = self.refined(range, value, fact);
            }
        }
        range
    }

    fn computed(&self, op: &Op, ty: Ty, block: BlockId) -> Range {
        let full = Range::full(ty);
        let at = |v: Value| self.at(v, block);
        match op {
            Op::Const(n) => Range::constant(ty, *n),
            Op::Zext(a) => {
                let a = at(*a);
                if a.is_empty() { a } else { Range::unsigned(ty, a.low, a.high) }
            }
            Op::Sext(a) => {
                let a = at(*a);
                if a.is_empty() { a } else { Range::signed(ty, a.signed_low, a.signed_high) }
            }
            Op::Trunc(a) => {
                let a = at(*a);
                match a {
                    a if a.is_empty() => a,
                    a if a.high <= ty.mask() => Range::unsigned(ty, a.low, a.high),
                    _ => full,
                }
            }
            Op::Select(_, a, b) => at(*a).union(at(*b)),
            // What is taken away is not more than what there is.
            Op::Bin(BinOp::Sub, x, y) if self.at_least(*x, *y, block) => {
                let (a, b) = (at(*x), at(*y));
                if a.is_empty() || b.is_empty() || a.high < b.low {
                    return Range::EMPTY;
                }
                Range::unsigned(ty, a.low.saturating_sub(b.high), a.high - b.low)
            }
            Op::Bin(op, a, b) => {
                let (a, b) = (at(*a), at(*b));
                if a.is_empty() || b.is_empty() { Range::EMPTY } else { binary(*op, ty, a, b) }
            }
            _ => full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::ir::FuncId;
    use crate::mir::text;

    fn range_of(body: &str, value: u32) -> Range {
        let text = format!("func @f(i16, i8) {{\nb0(v0: i16, v1: i8):\n{body}\n}}");
        let program = text::parse(&text).unwrap();
        crate::mir::verify::verify(&program).unwrap();
        Ranges::new(&program.funcs[FuncId(0)]).of(Value(value))
    }

    #[test]
    fn a_counted_loop_bounds_its_counter() {
        let body = "v2: i16 = const 0\n v3: i16 = const 100\n v4: i16 = const 1\n jump b1(v2)\n\
                    b1(v5: i16):\n v6: i1 = cmp slt v5, v3\n branch v6, b2, b3\n\
                    b2:\n v7: i16 = add v5, v4\n jump b1(v7)\nb3:\n return";
        assert_eq!((range_of(body, 5).low, range_of(body, 5).high), (0, 100));
        assert_eq!((range_of(body, 7).low, range_of(body, 7).high), (1, 100));
    }

    #[test]
    fn signed_and_unsigned_readings_help_each_other() {
        let range = range_of("v2: i16 = sext v1\n v3: i16 = const 10\n v4: i16 = srem v2, v3\n return", 4);
        assert_eq!((range.signed_low, range.signed_high), (-9, 9));
        let range = range_of("v2: i16 = zext v1\n v3: i16 = const 2\n v4: i16 = mul v2, v3\n return", 4);
        assert_eq!((range.high, range.signed_low), (510, 0));
    }
}
