//! Judges which places of a web pointers shall reach, and whether its numbers go then.
//!
//! In: a web. Out: pointers with their places, and the comparisons that move to one of them.
//! Invariant: a comparison moves only where it is certain to hold for the pointers when it holds for
//! the numbers: by size only where no address can pass the end of memory, which for a global the
//! linker promises (`Global::highest`).

use std::collections::{BTreeMap, BTreeSet};

use crate::mir::ir::{Base, BlockId, Cond, GlobalId, GlobalKind, Program, Value};
use crate::opt::interval::Range;
use crate::opt::walk::web::{Facts, Line, Place, Test, Web};

/// Pointers for one counter at most; each needs two bytes of zero page.
const MAX_POINTERS: usize = 4;
/// How far the places of one pointer lie apart at most: what Y reaches.
const MAX_SPREAD: i32 = 200;
/// Cycles of adding an index to an address.
const ADDRESS: i64 = 18;
/// Cycles of one step of a shift of two bytes.
const SHIFT: i64 = 10;
/// Cycles of making a known address.
const KNOWN: i64 = 8;
/// Arrays lie below this address for sure, wherever the linker puts what has no promise.
const LOWEST_PROMISE: u32 = 0x9000;
/// No global lies below this address.
const LOWEST_GLOBAL: i64 = 0x0200;

/// Start addresses that the linker must not exceed.
pub struct Promises<'a> {
    pub program: &'a Program,
    /// The linker sees the whole program and can keep promises.
    pub whole: bool,
    pub made: BTreeMap<GlobalId, u16>,
}

impl Promises<'_> {
    /// The highest start of `base` for which `base + length` is an address for sure; `None` when no
    /// promise can bring that about.
    fn highest(&self, base: Base, length: u32) -> Option<u16> {
        let highest = u16::try_from(0xffff_u32.checked_sub(length)?).ok()?;
        match base {
            Base::Abs => Some(highest),
            Base::Global(g) => {
                let global = &self.program.globals[g];
                let possible = match global.fixed {
                    Some(fixed) => fixed <= highest,
                    None => {
                        self.whole
                            && global.kind == GlobalKind::Bss
                            && !global.external
                            && u32::from(highest) >= LOWEST_PROMISE
                    }
                };
                possible.then_some(highest)
            }
            Base::Slot(_) | Base::Func(_) | Base::Value(_) => None,
        }
    }

    /// An address that `base` is not below.
    fn lowest(&self, base: Base) -> i64 {
        match base {
            Base::Global(g) => self.program.globals[g].fixed.map_or(LOWEST_GLOBAL, i64::from),
            _ => 0,
        }
    }

    /// From now on the linker has to keep the promise.
    fn make(&mut self, base: Base, highest: u16) {
        if let Base::Global(g) = base
            && self.program.globals[g].fixed.is_none()
        {
            self.made.entry(g).and_modify(|h| *h = highest.min(*h)).or_insert(highest);
        }
    }
}

/// Places to reach by one pointer, which begins at the lowest.
pub struct Group {
    pub line: Line,
    pub places: Vec<Place>,
    pub lowest: i32,
    /// The values of the web for which there must be a pointer.
    pub needed: BTreeSet<Value>,
}

pub struct Plan {
    pub web: Web,
    pub groups: Vec<Group>,
    pub tests: Vec<Moved>,
}

impl Plan {
    pub fn new(facts: &Facts, web: Web, promises: &mut Promises) -> Option<Plan> {
        let judge = Judge { facts, web: &web };
        let mut groups = judge.groups();
        let gain: Vec<i64> = groups.iter().map(|g| judge.gain(g)).collect();
        let mut tests = Vec::new();
        let all = if groups.len() <= MAX_POINTERS { judge.gone(&groups, promises, &mut tests) } else { 0 };
        if all == 0 || all + gain.iter().sum::<i64>() <= 0 {
            let mut gain = gain.into_iter();
            groups.retain(|_| gain.next().is_some_and(|g| g > 0));
            groups.truncate(MAX_POINTERS);
            judge.gone(&groups, promises, &mut tests);
        }
        if groups.is_empty() {
            return None;
        }
        for moved in &tests {
            promises.make(groups[moved.group].line.base, moved.highest);
        }
        Some(Plan { web, groups, tests })
    }
}

/// A comparison that can move to a pointer.
pub struct Moved {
    pub test: Test,
    /// The condition for pointers.
    pub cond: Cond,
    /// Which pointer.
    pub group: usize,
    /// The other side's address is computed once, where the loop is entered.
    pub before: bool,
    /// What must be promised of the group's base.
    highest: u16,
}

struct Judge<'a> {
    facts: &'a Facts<'a>,
    web: &'a Web,
}

impl Judge<'_> {
    /// What a pointer each could reach.
    fn groups(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        for (line, places) in &self.web.lines {
            let offsets = || places.iter().map(|p| p.offset);
            let (Some(lowest), Some(highest)) = (offsets().min(), offsets().max()) else { continue };
            let needed = self.web.needed(self.facts, places);
            let group = Group { line: line.clone(), places: places.clone(), lowest, needed };
            if highest - lowest <= MAX_SPREAD && self.can_start(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// True when the address is known wherever the pointer starts.
    fn can_start(&self, group: &Group) -> bool {
        let known = |block: BlockId| {
            let base = if let Base::Value(v) = group.line.base { Some(v) } else { None };
            let added = group.line.added.iter().map(|a| a.0);
            base.into_iter().chain(added).all(|v| self.facts.available(v, block))
        };
        self.starts(group).into_iter().all(|(block, _)| known(block))
    }

    /// The blocks at whose end a pointer starts, with the number that belongs to it.
    fn starts(&self, group: &Group) -> BTreeSet<(BlockId, Value)> {
        let blocks = &self.facts.func.blocks;
        let mut starts = BTreeSet::new();
        for (id, block) in blocks.enumerated() {
            for target in block.term.targets() {
                let params = &blocks[target.block].params;
                for (&arg, param) in target.args.iter().zip(params) {
                    if group.needed.contains(param) && !group.needed.contains(&arg) {
                        starts.insert((id, arg));
                    }
                }
            }
        }
        starts
    }

    /// Cycles that a pointer saves in a run of the function, by a rough guess.
    fn gain(&self, group: &Group) -> i64 {
        let shifts = SHIFT * i64::from(group.line.factor.ilog2());
        let address = ADDRESS + shifts + ADDRESS * group.line.added.len() as i64;
        let mut saved: BTreeMap<Value, i64> = BTreeMap::new();
        for place in &group.places {
            let weight = self.facts.weight(place.block);
            saved.entry(place.from).and_modify(|w| *w = weight.max(*w)).or_insert(weight);
        }
        let saved = saved.values().sum::<i64>() * address;
        let steps = self.web.steps.iter().filter(|(next, _)| group.needed.contains(next));
        let steps: i64 =
            steps.map(|(_, s)| self.facts.weight(s.block) * self.step(s.by, group.line.factor)).sum();
        let starts = self.starts(group).into_iter().map(|(block, value)| {
            self.facts.weight(block) * if self.facts.defs.constant(value).is_some() { KNOWN } else { address }
        });
        saved - steps - starts.sum::<i64>()
    }

    /// Cycles of moving a pointer or a counter once.
    fn step(&self, by: Value, factor: u32) -> i64 {
        let signed = |n| i64::from(self.web.ty.signed(n));
        match self.facts.defs.constant(by).map(|n| signed(n) * i64::from(factor)) {
            Some(1) => 8,
            Some(n) if n > 0 && n < 256 => 14,
            _ => 20,
        }
    }

    /// Cycles that are saved since numbers of the web are no longer counted, and the comparisons
    /// that move for that.
    fn gone(&self, groups: &[Group], promises: &Promises, tests: &mut Vec<Moved>) -> i64 {
        tests.clear();
        tests.extend(self.web.tests.iter().filter_map(|test| self.moved(test, groups, promises)));
        let reached = groups.iter().flat_map(|g| g.places.iter().map(|p| (p.block, p.at))).collect();
        let moved = tests.iter().map(|m| (m.test.block, m.test.at)).collect();
        let counted = self.web.counted(self.facts, &reached, &moved);
        // A number that is there anyway may as well be compared.
        tests.retain(|m| !counted.contains(m.test.left));
        let gone = |next: &Value| !counted.contains(*next);
        let steps = self.web.steps.iter().filter(|(next, _)| gone(next));
        let saved: i64 = steps.map(|(_, s)| self.facts.weight(s.block) * self.step(s.by, 1)).sum();
        let computed = tests.iter().filter(|m| !m.before && !self.web.members.contains(&m.test.right));
        saved - computed.map(|m| self.facts.weight(m.test.block) * ADDRESS).sum::<i64>()
    }

    /// A comparison as one of pointers, where that is the same.
    fn moved(&self, test: &Test, groups: &[Group], promises: &Promises) -> Option<Moved> {
        let left = self.facts.ranges.at(test.left, test.block);
        let right = self.facts.ranges.at(test.right, test.block);
        groups.iter().enumerate().find_map(|(number, group)| {
            let both = group.needed.contains(&test.left)
                && group.needed.contains(&test.right) == self.web.members.contains(&test.right);
            let range = left.union(right);
            let (cond, highest) = same(test.cond, range, group, promises).filter(|_| both)?;
            Some(Moved { test: *test, cond, group: number, before: self.before(test), highest })
        })
    }

    /// True when the other side is known where the loop is entered.
    fn before(&self, test: &Test) -> bool {
        let Test { block, right, .. } = *test;
        let known = || self.facts.entries(self.web.of).all(|b| self.facts.available(right, b));
        let constant = self.facts.defs.constant(right).is_some();
        self.facts.loops.loops[self.web.of].blocks.contains(block) && (constant || known())
    }
}

/// The condition for pointers that is the same as the one for numbers in the range, and the highest
/// start of the base.
fn same(cond: Cond, range: Range, group: &Group, promises: &Promises) -> Option<(Cond, u16)> {
    let Line { base, factor, ref added } = group.line;
    let factor = i64::from(factor);
    if range.is_empty() {
        return None;
    }
    if matches!(cond, Cond::Eq | Cond::Ne) {
        let spans = [range.high - range.low, range.signed_high.abs_diff(range.signed_low)];
        let different = factor == 1 || spans.iter().any(|span| i64::from(*span) * factor <= 0xffff);
        return different.then_some((cond, u16::MAX));
    }
    let (low, high) = if cond.is_signed() {
        (i64::from(range.signed_low), i64::from(range.signed_high))
    } else {
        (i64::from(range.low), i64::from(range.high))
    };
    let lowest = i64::from(group.lowest);
    if !added.is_empty() || low * factor + lowest + promises.lowest(base) < 0 {
        return None;
    }
    let length = u32::try_from((high * factor + lowest).max(0)).ok()?;
    Some((cond.unsigned(), promises.highest(base, length)?))
}
