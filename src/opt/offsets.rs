//! Puts the distance of an access from its pointer where it costs least: into the byte beside it.
//!
//! In: `[p + i - 1]` or `[p + i + 80]` with a byte `i` that, with the distance, stays a byte. Out:
//! `[p + j]` with `j = i - 1`: a byte to add to instead of an address. Small distances stay for INY,
//! unless `i` ends in the block: then each value begins where the last one ends, and one index
//! register steps through them. Invariant: the same bytes are accessed.
//! Runs late: `fold` would put the places together again. Not here: bytes of which it is not known
//! that they stay one, for which `far` or the back end adds to the pointer.

use std::collections::{BTreeMap, BTreeSet};

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Addr, Base, BinOp, BlockId, Func, Inst, Op, Ty, Value};
use crate::mir::live::Liveness;
use crate::mir::rewrite::for_each_term_use;
use crate::opt::counters::Defs;
use crate::opt::interval::Range;
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "offsets", about: "adds a distance to an index instead of a pointer", run: Run::Func(run) };

/// The largest distance beside an index that the back end reaches by INY.
pub const MOST_BESIDE_INDEX: i32 = 3;
/// The largest distance from a pointer that Y holds, with room for the bytes of a value behind it.
pub const MOST_BEHIND_POINTER: i32 = 252;

/// Sums of a byte and a distance: where each is made.
type Sums = BTreeMap<(Value, i32), Vec<(BlockId, Value)>>;

fn run(func: &mut Func, _: &Context) -> bool {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let live = Liveness::new(func, &cfg);
    let before = func.clone();
    let (defs, ranges) = (Defs::new(&before), Ranges::new(&before));
    let mut pass = Offsets { defs, ranges, dom, sums: Sums::new(), numbers: BTreeMap::new() };
    let mut changed = false;
    for &block in &cfg.rpo {
        for index in pass.indices(func, block) {
            let ends = !live.live_out[block].contains(index) && pass.only_counts(func, block, index);
            changed |= pass.step(func, block, index, ends);
        }
    }
    changed
}

struct Offsets<'a> {
    defs: Defs<'a>,
    ranges: Ranges<'a>,
    dom: Dom,
    sums: Sums,
    /// The numbers that the pass made, which `defs` does not know.
    numbers: BTreeMap<Value, u32>,
}

impl Offsets<'_> {
    /// The bytes that stand beside pointers in a block, in order.
    fn indices(&self, func: &Func, block: BlockId) -> Vec<Value> {
        let mut found = Vec::new();
        for (addr, _) in func.blocks[block].insts.iter().filter_map(|i| access(func, i)) {
            if let Some(index) = addr.index
                && self.by_pointer(func, addr)
                && !found.contains(&index)
            {
                found.push(index);
            }
        }
        found
    }

    /// True for a byte beside a pointer that is computed.
    fn by_pointer(&self, func: &Func, addr: &Addr) -> bool {
        let Base::Value(pointer) = addr.base else { return false };
        let constant = matches!(self.defs.of(pointer), Some(Op::Const(_) | Op::Addr(_)));
        !constant && addr.index.is_some_and(|index| func.ty(index) == Ty::I8)
    }

    /// True when a block reads `index` only in places and in sums with numbers.
    fn only_counts(&self, func: &Func, block: BlockId, index: Value) -> bool {
        let block = &func.blocks[block];
        let mut read = false;
        for_each_term_use(&block.term, |v| read |= v == index);
        let counts = |inst: &Inst| match inst.op {
            Op::Load(ref addr, _) => addr.base != Base::Value(index),
            Op::Store(ref addr, value, _) => addr.base != Base::Value(index) && value != index,
            Op::Bin(BinOp::Add, _, n) => self.number(n).is_some(),
            _ => false,
        };
        !read && block.insts.iter().all(|inst| !inst.op.reads(index) || counts(inst))
    }

    /// The number that a value always is.
    fn number(&self, value: Value) -> Option<u32> {
        self.numbers.get(&value).copied().or_else(|| self.defs.constant(value))
    }

    /// What an instruction becomes that adds a distance to a value, with the number in front of it.
    fn plus(&mut self, func: &mut Func, value: Value, distance: i32, inst: Inst) -> [Inst; 2] {
        let (number, n) = (func.values.push(Ty::I8), distance as u32 & 0xff);
        self.numbers.insert(number, n);
        let first = Inst { result: Some(number), op: Op::Const(n), span: inst.span };
        [first, Inst { op: Op::Bin(BinOp::Add, value, number), ..inst }]
    }

    /// Goes through a block with the current value of `index` and a distance. `ends`: places and sums
    /// of this block are the only readers of `index` left. True when something changed.
    fn step(&mut self, func: &mut Func, block: BlockId, index: Value, ends: bool) -> bool {
        let range = self.ranges.at(index, block);
        let insts = &func.blocks[block].insts;
        let known = insts.iter().filter_map(|inst| access(func, inst)).filter(|(addr, bytes)| {
            let ours = addr.index == Some(index) && self.by_pointer(func, addr);
            ours && stays_byte(range, addr.offset, *bytes)
        });
        let distances: Vec<i32> = known.map(|(addr, _)| addr.offset).collect();
        // What is wanted again further on stays beside the index, as far as INY reaches.
        let ends = ends && distances.is_sorted();
        let mut steps: BTreeSet<i32> = distances.into_iter().filter(|d| ends || is_far(*d)).collect();
        if !ends {
            let mut last = i32::MIN;
            steps.retain(|d| {
                let new = *d > last + MOST_BESIDE_INDEX;
                last = if new { *d } else { last };
                new
            });
        }
        if steps.iter().all(|distance| *distance == 0) {
            return false;
        }
        let mut here = (index, 0);
        let mut at = 0;
        while let Some(inst) = func.blocks[block].insts.get(at) {
            if let Some((addr, _)) = access(func, inst)
                && addr.index == Some(index)
            {
                let (distance, by_pointer) = (addr.offset, self.by_pointer(func, addr));
                let reached =
                    |step: &&i32| (ends || is_far(distance)) && distance - **step <= MOST_BESIDE_INDEX;
                let step = steps.range(..=distance).next_back().filter(reached);
                if let Some(&step) = step.filter(|step| **step != here.1 && (by_pointer || ends)) {
                    (here, at) = self.sum(func, (block, at), index, here, step);
                }
                if by_pointer && step == Some(&here.1) || ends && !by_pointer {
                    move_to(func, (block, at), here);
                }
            } else if ends
                && here.1 != 0
                && let Op::Bin(BinOp::Add, a, n) = inst.op
                && a == index
                && let Some(n) = self.number(n)
            {
                let inst = inst.clone();
                let new = self.plus(func, here.0, n as i32 - here.1, inst);
                func.blocks[block].insts.splice(at..=at, new);
                at += 1;
            }
            at += 1;
        }
        true
    }

    /// `index + distance` at a place: a value that is there, one that is made later in the block, or
    /// a new one made from `here`. And where the instruction at the place is then.
    fn sum(
        &mut self,
        func: &mut Func,
        (block, at): (BlockId, usize),
        index: Value,
        here: (Value, i32),
        distance: i32,
    ) -> ((Value, i32), usize) {
        if distance == 0 {
            return ((index, 0), at);
        }
        let made = self.sums.get(&(index, distance)).into_iter().flatten();
        if let Some((_, sum)) = made.clone().find(|(b, _)| self.dom.dominates(*b, block)) {
            return ((*sum, distance), at);
        }
        let insts = &mut func.blocks[block].insts;
        let later = (at + 1..insts.len()).find(|&k| {
            matches!(insts[k].op, Op::Bin(BinOp::Add, a, n)
                if a == index && self.number(n) == Some(distance as u32 & 0xff))
        });
        let (access, later) = (insts[at].clone(), later.map(|k| insts.remove(k)));
        let result = later.and_then(|inst| inst.result).unwrap_or_else(|| func.values.push(Ty::I8));
        self.sums.entry((index, distance)).or_default().push((block, result));
        let new = self.plus(func, here.0, distance - here.1, Inst { result: Some(result), ..access });
        func.blocks[block].insts.splice(at..at, new);
        ((result, distance), at + 2)
    }
}

/// True for a distance that INY does not reach.
fn is_far(distance: i32) -> bool {
    !(0..=MOST_BESIDE_INDEX).contains(&distance)
}

/// The place that an instruction loads from or stores to, and how many bytes.
pub(super) fn access<'a>(func: &Func, inst: &'a Inst) -> Option<(&'a Addr, usize)> {
    match (&inst.op, inst.result) {
        (Op::Load(addr, _), Some(result)) => Some((addr, func.ty(result).bytes())),
        (Op::Store(addr, value, _), _) => Some((addr, func.ty(*value).bytes())),
        _ => None,
    }
}

/// True when a byte in a range with a distance is one, for all bytes of the access.
pub(super) fn stays_byte(range: Range, offset: i32, bytes: usize) -> bool {
    let first = i64::from(range.low) + i64::from(offset);
    let last = i64::from(range.high) + i64::from(offset) + bytes as i64 - 1;
    !range.is_empty() && first >= 0 && last <= 0xff
}

/// The access counts from the current value.
fn move_to(func: &mut Func, (block, at): (BlockId, usize), (value, distance): (Value, i32)) {
    if let Op::Load(addr, _) | Op::Store(addr, ..) = &mut func.blocks[block].insts[at].op {
        *addr = Addr { index: Some(value), offset: addr.offset - distance, ..*addr };
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// `v4` is a byte from 1 to 16, `v0` a pointer.
    fn after(more: &str) -> String {
        let text = format!(
            "global @g bss 40\nfunc @f(i16, i8) -> i8 {{\nb0(v0: i16, v1: i8):\n v2: i8 = const 15\n v3: i8 = and v1, v2\n \
             v9: i8 = const 1\n v4: i8 = add v3, v9\n{more}\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("offsets").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn far_distances_go_into_the_byte() {
        let text = after("v5: i8 = load [v0 + v4 - 1]\n store [v0 + v4 + 80], v5\n return v4");
        assert!(text.contains("const 255\n  v7: i8 = add v5, v8\n  v6: i8 = load [v0 + v7]"), "{text}");
        assert!(text.contains("const 81\n  v9: i8 = add v7, v10\n  store [v0 + v9], v6"), "{text}");
    }

    #[test]
    fn a_byte_that_may_wrap_stays() {
        let text = after("v5: i8 = load [v0 + v4 - 2]\n v6: i8 = load [v0 + v1 + 80]\n return v4");
        assert!(text.contains("[v0 + v5 - 2]") && text.contains("[v0 + v1 + 80]"), "{text}");
    }

    #[test]
    fn an_index_that_ends_is_stepped_through() {
        let text = after(
            "v5: i8 = load [v0 + v4]\n store [@g + v4 + 1], v5\n store [v0 + v4 + 1], v5\n \
             v6: i8 = load [v0 + v4 + 2]\n v7: i8 = const 3\n v8: i8 = add v4, v7\n return v8",
        );
        assert!(text.contains("store [@g + v10], v6\n  store [v0 + v10], v6"), "{text}");
        assert!(text.contains("add v10, v13\n  v7: i8 = load [v0 + v12]"), "{text}");
        assert!(text.contains("const 1\n  v9: i8 = add v12, v14"), "{text}");
    }

    #[test]
    fn near_distances_stay_beside_an_index_that_is_read_later() {
        let text = after("v5: i8 = load [v0 + v4 + 1]\n return v4");
        assert!(text.contains("load [v0 + v5 + 1]"), "{text}");
    }
}
