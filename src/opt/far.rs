//! Adds far distances to pointers before a loop instead of in it.
//!
//! In: `[p + i + 1024]` or `[p - 2]` in a loop where `p` stays, as a row of the screen is written. Out:
//! `[q + i]` with `q = p + 1024` computed before the outermost loop in which `p` stays; places near
//! each other share it. Invariant: the same bytes are accessed.
//! Runs late: `fold` would put the places together again. Not here: distances that go into the index
//! (`offsets.rs`).

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Addr, Base, BinOp, BlockId, Func, Inst, Op, Ty, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite;
use crate::opt::offsets::{MOST_BEHIND_POINTER, MOST_BESIDE_INDEX, access, stays_byte};
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "far", about: "adds far distances to pointers before a loop", run: Run::Func(run) };

/// Places so near each other share a pointer.
const NEAR: i32 = 64;
/// So many pointers for one loop at most: they lie in zero page all the time.
const MOST: usize = 3;

/// An access in a loop: block, position, displacement.
type Place = (BlockId, usize, i32);

fn run(func: &mut Func, _: &Context) -> bool {
    let cfg = Cfg::new(func);
    let loops = Loops::new(&cfg, &Dom::new(&cfg));
    if loops.loops.is_empty() {
        return false;
    }
    let mut made: BTreeMap<LoopId, usize> = BTreeMap::new();
    let mut preheaders: IndexVec<LoopId, Option<BlockId>> = IndexVec::filled(loops.loops.len(), None);
    let mut changed = false;
    for ((outermost, pointer), mut places) in places(func, &cfg, &loops) {
        places.sort_by_key(|p| p.2);
        while let Some(&(.., lowest)) = places.first() {
            let near = places.iter().take_while(|p| p.2 - lowest <= NEAR).count();
            let own: Vec<Place> = places.drain(..near).collect();
            let count = made.entry(outermost).or_default();
            if *count == MOST {
                continue;
            }
            *count += 1;
            let known = preheaders[outermost];
            let before = known.unwrap_or_else(|| loops.make_preheader(func, &cfg, outermost));
            preheaders[outermost] = Some(before);
            let (number, sum) = (func.values.push(Ty::I16), func.values.push(Ty::I16));
            let inst = |result, op| Inst { result: Some(result), op, span: None };
            let distance = Op::Const(lowest as u32 & 0xffff);
            func.blocks[before]
                .insts
                .extend([inst(number, distance), inst(sum, Op::Bin(BinOp::Add, pointer, number))]);
            for (block, at, offset) in own {
                if let Op::Load(addr, _) | Op::Store(addr, ..) = &mut func.blocks[block].insts[at].op {
                    let within = addr.within.and_then(|part| part.seen_from(-lowest));
                    *addr = Addr { base: Base::Value(sum), offset: offset - lowest, within, ..*addr };
                }
            }
            changed = true;
        }
    }
    changed
}

/// The accesses for which a distance would be added to a pointer in a loop, by the outermost loop in
/// which the pointer stays.
fn places(func: &Func, cfg: &Cfg, loops: &Loops) -> BTreeMap<(LoopId, Value), Vec<Place>> {
    let ranges = Ranges::new(func);
    let home = rewrite::homes(func);
    let mut places: BTreeMap<(LoopId, Value), Vec<Place>> = BTreeMap::new();
    for &block in &cfg.rpo {
        for (at, inst) in func.blocks[block].insts.iter().enumerate() {
            let Some((&Addr { base: Base::Value(pointer), index, offset, .. }, bytes)) = access(func, inst)
            else {
                continue;
            };
            let constant = matches!(ranges.def(pointer), Some(Op::Const(_) | Op::Addr(_)));
            let reached = match index {
                Some(index) if func.ty(index) != Ty::I8 => true,
                Some(index) => {
                    (0..=MOST_BESIDE_INDEX).contains(&offset)
                        || stays_byte(ranges.at(index, block), offset, bytes)
                }
                None => (0..=MOST_BEHIND_POINTER).contains(&offset),
            };
            if constant || reached {
                continue;
            }
            let Some(from) = home[pointer] else { continue };
            if let Some(outermost) = loops.outermost_without(block, from) {
                places.entry((outermost, pointer)).or_default().push((block, at, offset));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// A loop that counts a byte `v2` down and does `more` with the pointer `v0`.
    fn after(more: &str) -> String {
        let text = format!(
            "func @f(i16, i8) {{\nb0(v0: i16, v1: i8):\n v9: i8 = const 1\n v8: i8 = const 0\n jump b1(v1)\n\
             b1(v2: i8):\n{more}\n v7: i8 = sub v2, v9\n v6: i1 = cmp ne v7, v8\n\
             branch v6, b1(v7), b2\nb2:\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("far").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_far_place_stays_in_its_array() {
        let text = after("store [v0 + v2 + 1024 in 1024 to 1100], v2");
        assert!(text.contains("in 0 to 76], v"), "{text}");
    }

    #[test]
    fn a_far_place_gets_a_pointer_before_the_loop() {
        let text =
            after("store [v0 + v2 + 1024], v2\n store [v0 + v2 + 1064], v2\n store [v0 + v2 - 500], v2");
        let (before, inside) = text.split_once("b1(").unwrap();
        assert!(before.contains("const 1024") && before.contains("const 65036"), "{text}");
        assert_eq!(before.matches("add").count(), 2, "{text}");
        assert_eq!(inside.matches("+ 40]").count(), 1, "{text}");
    }

    #[test]
    fn what_is_reached_or_changes_in_the_loop_stays() {
        let near = after("store [v0 + v2 + 3], v2\n store [v0 + 252], v2");
        assert_eq!(near.matches("add").count(), 0, "{near}");
        let text = after("v3: i16 = zext v2\n store [v3 + v2 + 1024], v2");
        assert!(text.contains("+ 1024]"), "{text}");
    }
}
