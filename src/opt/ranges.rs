//! Between which numbers values lie: intervals through loops, narrowed by what branches decide.
//!
//! In: a function. Out: for each value an interval of its unsigned and one of its signed readings
//! that hold wherever it is defined, and narrower ones at a given block.
//! Computed by rising from nothing until stable (with widening), then narrowing twice.

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BinOp, BlockId, Cond, Func, Op, Target, Term, Ty, Value};
use crate::opt::counters::{Defs, exact_counters};

/// Rounds before parameters that still grow are taken as unbounded.
const ROUNDS_BEFORE_WIDENING: usize = 4;
/// Rounds of narrowing afterwards.
const NARROWING_ROUNDS: usize = 3;

/// An interval of the bits read as unsigned and as signed; empty for code not reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    pub low: u32,
    pub high: u32,
    pub signed_low: i32,
    pub signed_high: i32,
}

impl Range {
    const EMPTY: Range = Range { low: 1, high: 0, signed_low: 1, signed_high: 0 };

    /// All values of a type.
    pub fn full(ty: Ty) -> Range {
        let half = ty.mask() >> 1;
        Range {
            low: 0,
            high: ty.mask(),
            signed_low: ty.signed(half.wrapping_add(1) & ty.mask()),
            signed_high: half as i32,
        }
        .fixed_for(ty)
    }

    fn fixed_for(mut self, ty: Ty) -> Range {
        if ty == Ty::I1 {
            (self.signed_low, self.signed_high) = (-1, 0);
        }
        self
    }

    fn constant(ty: Ty, n: u32) -> Range {
        Range { low: n, high: n, signed_low: ty.signed(n), signed_high: ty.signed(n) }
    }

    fn unsigned(ty: Ty, low: u32, high: u32) -> Range {
        Range { low, high, ..Range::full(ty) }.tightened(ty)
    }

    fn signed(ty: Ty, low: i32, high: i32) -> Range {
        Range { signed_low: low, signed_high: high, ..Range::full(ty) }.tightened(ty)
    }

    /// True when nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.low > self.high || self.signed_low > self.signed_high
    }

    /// Lets each reading learn from the other.
    fn tightened(mut self, ty: Ty) -> Range {
        if self.is_empty() {
            return Range::EMPTY;
        }
        let half = ty.mask() >> 1;
        if self.high <= half || self.low > half {
            let (low, high) = (ty.signed(self.low), ty.signed(self.high));
            self.signed_low = self.signed_low.max(low);
            self.signed_high = self.signed_high.min(high);
        }
        if self.signed_low >= 0 || self.signed_high < 0 {
            let (low, high) = (self.signed_low as u32 & ty.mask(), self.signed_high as u32 & ty.mask());
            self.low = self.low.max(low);
            self.high = self.high.min(high);
        }
        if self.is_empty() { Range::EMPTY } else { self }
    }

    fn union(self, other: Range) -> Range {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Range {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            signed_low: self.signed_low.min(other.signed_low),
            signed_high: self.signed_high.max(other.signed_high),
        }
    }

    fn intersect(self, other: Range, ty: Ty) -> Range {
        Range {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
            signed_low: self.signed_low.max(other.signed_low),
            signed_high: self.signed_high.min(other.signed_high),
        }
        .tightened(ty)
    }

    /// What grew goes to the end of the type.
    fn widened(self, before: Range, ty: Ty) -> Range {
        let full = Range::full(ty);
        if before.is_empty() {
            return self;
        }
        Range {
            low: if self.low < before.low { full.low } else { self.low },
            high: if self.high > before.high { full.high } else { self.high },
            signed_low: if self.signed_low < before.signed_low { full.signed_low } else { self.signed_low },
            signed_high: if self.signed_high > before.signed_high {
                full.signed_high
            } else {
                self.signed_high
            },
        }
    }

    /// The values `x` for which `x cond y` may hold with `y` in this range.
    fn satisfying(self, cond: Cond, ty: Ty) -> Range {
        let full = Range::full(ty);
        if self.is_empty() {
            return full;
        }
        match cond {
            Cond::Eq => self,
            Cond::Ne => full,
            Cond::ULt if self.high == 0 => Range::EMPTY,
            Cond::ULt => Range::unsigned(ty, 0, self.high - 1),
            Cond::ULe => Range::unsigned(ty, 0, self.high),
            Cond::UGt if self.low == ty.mask() => Range::EMPTY,
            Cond::UGt => Range::unsigned(ty, self.low + 1, ty.mask()),
            Cond::UGe => Range::unsigned(ty, self.low, ty.mask()),
            Cond::SLt if self.signed_high == full.signed_low => Range::EMPTY,
            Cond::SLt => Range::signed(ty, full.signed_low, self.signed_high - 1),
            Cond::SLe => Range::signed(ty, full.signed_low, self.signed_high),
            Cond::SGt if self.signed_low == full.signed_high => Range::EMPTY,
            Cond::SGt => Range::signed(ty, self.signed_low + 1, full.signed_high),
            Cond::SGe => Range::signed(ty, self.signed_low, full.signed_high),
        }
    }

    /// Whether `x cond y` holds for all or for no `x` here and `y` in `other`.
    pub fn decides(self, cond: Cond, other: Range) -> Option<bool> {
        if self.is_empty() || other.is_empty() {
            return None;
        }
        let (a, b) = (self, other);
        let (yes, no) = match cond {
            Cond::Eq => (a.low == a.high && b.low == b.high && a.low == b.low, a.disjoint(b)),
            Cond::Ne => (a.disjoint(b), a.low == a.high && b.low == b.high && a.low == b.low),
            Cond::ULt => (a.high < b.low, a.low >= b.high),
            Cond::ULe => (a.high <= b.low, a.low > b.high),
            Cond::UGt => (a.low > b.high, a.high <= b.low),
            Cond::UGe => (a.low >= b.high, a.high < b.low),
            Cond::SLt => (a.signed_high < b.signed_low, a.signed_low >= b.signed_high),
            Cond::SLe => (a.signed_high <= b.signed_low, a.signed_low > b.signed_high),
            Cond::SGt => (a.signed_low > b.signed_high, a.signed_high <= b.signed_low),
            Cond::SGe => (a.signed_low >= b.signed_high, a.signed_high < b.signed_low),
        };
        match (yes, no) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    fn disjoint(self, other: Range) -> bool {
        self.high < other.low
            || self.low > other.high
            || self.signed_high < other.signed_low
            || self.signed_low > other.signed_high
    }
}

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
}

impl<'a> Ranges<'a> {
    /// Computes the ranges.
    pub fn new(func: &'a Func) -> Self {
        let cfg = Cfg::new(func);
        let dom = Dom::new(&cfg);
        let count = func.values.len();
        let mut ranges = Self {
            func,
            dom,
            defs: Defs::new(func),
            values: IndexVec::filled(count, Range::EMPTY),
            compared: IndexVec::filled(count, None),
            counters: IndexVec::filled(count, None),
            facts: IndexVec::filled(count, Vec::new()),
        };
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            if let (Some(result), &Op::Cmp(cond, a, b)) = (inst.result, &inst.op) {
                ranges.compared[result] = Some((cond, a, b));
            }
        }
        for &id in &cfg.rpo {
            if let Some(pred) = cfg.single_pred(id)
                && let Some((cond, a, b)) = ranges.edge_condition(pred, id)
            {
                // Of a number everything is known.
                if ranges.defs.constant(a).is_none() {
                    ranges.facts[a].push((id, (cond, b)));
                }
                if ranges.defs.constant(b).is_none() {
                    ranges.facts[b].push((id, (cond.swap(), a)));
                }
            }
        }
        for (counter, first, last) in exact_counters(func, &cfg, &ranges.dom) {
            ranges.counters[counter] =
                Some(Range::unsigned(func.ty(counter), first.min(last), first.max(last)));
        }
        ranges.solve(&cfg);
        ranges
    }

    /// What the branch at the end of `pred` says when it goes to `to`.
    fn edge_condition(&self, pred: BlockId, to: BlockId) -> Option<(Cond, Value, Value)> {
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
        let users = self.users();
        let mut pending = IndexVec::filled(self.func.blocks.len(), true);
        let mut round = 0;
        while self.round(cfg, &users, &mut pending, |new, old, ty| {
            let grown = old.union(new);
            if round >= ROUNDS_BEFORE_WIDENING { grown.widened(old, ty) } else { grown }
        }) {
            round += 1;
        }
        pending = IndexVec::filled(self.func.blocks.len(), true);
        for _ in 0..NARROWING_ROUNDS {
            self.round(cfg, &users, &mut pending, |new, old, ty| old.intersect(new, ty));
        }
    }

    /// The blocks in which something is computed from a value.
    fn users(&self) -> IndexVec<Value, Vec<BlockId>> {
        let mut users: IndexVec<Value, Vec<BlockId>> = IndexVec::filled(self.values.len(), Vec::new());
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
        // What is known of a value may come from another.
        let direct = users.clone();
        for (value, facts) in self.facts.enumerated() {
            for &(_, (_, other)) in
                facts.iter().filter(|(_, (_, other))| self.defs.constant(*other).is_none())
            {
                users[other].extend(&direct[value]);
            }
        }
        users
    }

    /// Computes the values of all pending blocks once. True when one changed.
    fn round(
        &mut self,
        cfg: &Cfg,
        users: &IndexVec<Value, Vec<BlockId>>,
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
                    let mut preds = cfg.preds[id].clone();
                    preds.dedup();
                    for pred in preds {
                        for target in self.func.blocks[pred].term.targets().filter(|t| t.block == id) {
                            incoming = incoming.union(self.argument(pred, target, i));
                        }
                    }
                    if let Some(bound) = self.counters[param] {
                        incoming = incoming.intersect(bound, ty);
                    }
                    let new = merge(incoming, self.values[param], ty);
                    if new != self.values[param] {
                        self.values[param] = new;
                        users[param].iter().for_each(|&user| pending[user] = true);
                        changed = true;
                    }
                }
            }
            for inst in &block.insts {
                let Some(result) = inst.result else { continue };
                let ty = self.func.ty(result);
                let computed = self.computed(&inst.op, ty, id);
                let new = merge(computed, self.values[result], ty);
                if new != self.values[result] {
                    self.values[result] = new;
                    users[result].iter().for_each(|&user| pending[user] = true);
                    changed = true;
                }
            }
        }
        changed
    }

    fn argument(&self, pred: BlockId, target: &Target, index: usize) -> Range {
        let arg = target.args[index];
        let range = self.at(arg, pred);
        match self.edge_condition(pred, target.block) {
            Some((cond, a, b)) if a == arg => self.refined(range, arg, (cond, b)),
            Some((cond, a, b)) if b == arg => self.refined(range, arg, (cond.swap(), a)),
            _ => range,
        }
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
            Op::Bin(op, a, b) => {
                let (a, b) = (at(*a), at(*b));
                if a.is_empty() || b.is_empty() { Range::EMPTY } else { binary(*op, ty, a, b) }
            }
            _ => full,
        }
    }
}

fn binary(op: BinOp, ty: Ty, a: Range, b: Range) -> Range {
    let full = Range::full(ty);
    let (limit, signed) = (i64::from(ty.mask()), (i64::from(full.signed_low), i64::from(full.signed_high)));
    // A result that does not leave the type in one of the readings.
    let both = |low: i64, high: i64, s_low: i64, s_high: i64| {
        let mut range = full;
        if 0 <= low && high <= limit {
            range = Range { low: low as u32, high: high as u32, ..range };
        }
        if signed.0 <= s_low && s_high <= signed.1 {
            range = Range { signed_low: s_low as i32, signed_high: s_high as i32, ..range };
        }
        range.tightened(ty)
    };
    let (al, ah, bl, bh) = (i64::from(a.low), i64::from(a.high), i64::from(b.low), i64::from(b.high));
    let (asl, ash) = (i64::from(a.signed_low), i64::from(a.signed_high));
    let (bsl, bsh) = (i64::from(b.signed_low), i64::from(b.signed_high));
    // Adding a large constant is subtracting a small one.
    if op == BinOp::Add && b.low == b.high && bl > limit / 2 && al > limit - bl {
        return both(al + bl - limit - 1, ah + bl - limit - 1, asl + bsl, ash + bsh);
    }
    match op {
        BinOp::Add => both(al + bl, ah + bh, asl + bsl, ash + bsh),
        BinOp::Sub => both(al - bh, ah - bl, asl - bsh, ash - bsl),
        BinOp::Mul => match (ah.checked_mul(bh), al.checked_mul(bl)) {
            (Some(high), Some(low)) if high <= limit => Range::unsigned(ty, low as u32, high as u32),
            _ => full,
        },
        BinOp::UDiv if b.low > 0 => Range::unsigned(ty, a.low / b.high, a.high / b.low),
        BinOp::URem if b.low > 0 => Range::unsigned(ty, 0, a.high.min(b.high - 1)),
        BinOp::URem => Range::unsigned(ty, 0, a.high),
        BinOp::SRem if b.low == b.high && b.signed_low > 0 => {
            let most = b.signed_low - 1;
            Range::signed(
                ty,
                if a.signed_low < 0 { -most } else { 0 },
                if a.signed_high > 0 { most } else { 0 },
            )
        }
        BinOp::SDiv if b.low == b.high && b.signed_low > 0 => {
            Range::signed(ty, a.signed_low / b.signed_low, a.signed_high / b.signed_low)
        }
        BinOp::And => Range::unsigned(ty, 0, a.high.min(b.high)),
        BinOp::Or | BinOp::Xor => Range::unsigned(ty, 0, filled(a.high | b.high)),
        BinOp::Shr if b.low == b.high => {
            Range::unsigned(ty, a.low.checked_shr(b.low).unwrap_or(0), a.high.checked_shr(b.low).unwrap_or(0))
        }
        BinOp::Shr => Range::unsigned(ty, 0, a.high),
        BinOp::Sar if b.low == b.high => {
            let count = b.low.min(31);
            Range::signed(ty, a.signed_low >> count, a.signed_high >> count)
        }
        BinOp::Shl if b.low == b.high && b.low < 32 && ah << b.low <= limit => {
            Range::unsigned(ty, a.low << b.low, a.high << b.low)
        }
        _ => full,
    }
}

/// All bits that numbers up to `max` may have.
fn filled(max: u32) -> u32 {
    u32::MAX.checked_shr(max.leading_zeros()).unwrap_or(0)
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
