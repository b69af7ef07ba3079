//! Computes the address of a place once that several blocks access.
//!
//! In: `[g + v]` with an index of two bytes, or `[p + 1000]`, in a block and in blocks behind it. Out:
//! a pointer made in the first one, through which all of them go. Invariant: the same accesses.
//! Runs late: `fold` would put the place together again. Not here: a place that one block accesses
//! more than once, for which the back end computes one pointer anyway; what is computed before a
//! loop (`licm.rs`, `bases.rs`).

use std::collections::BTreeMap;

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Access, Addr, Base, BlockId, Func, Inst, Op, Ty, Value};
use crate::mir::rewrite;
use crate::opt::offsets::MOST_BEHIND_POINTER;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "share", about: "computes an address once for several blocks", run: Run::Func(run) };

/// An access: block, position, displacement.
type Place = (BlockId, usize, i32);

fn run(func: &mut Func, _: &Context) -> bool {
    rewrite::remove_unreachable(func);
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let mut pointers: Vec<(BlockId, usize, Inst)> = Vec::new();
    for ((base, index), mut places) in places(func, &cfg) {
        while let Some(&(first, at, offset)) = places.first() {
            let near =
                |p: &Place| dom.dominates(first, p.0) && (p.2 - offset).abs() <= MOST_BEHIND_POINTER / 2;
            let (own, others): (Vec<Place>, Vec<Place>) = places.into_iter().partition(near);
            places = others;
            if own.iter().all(|p| p.0 == first) {
                continue;
            }
            let lowest = own.iter().map(|p| p.2).min().unwrap_or(offset);
            let pointer = func.values.push(Ty::I16);
            for (block, at, offset) in own {
                if let Op::Load(addr, _) | Op::Store(addr, ..) = &mut func.blocks[block].insts[at].op {
                    *addr = Addr::new(Base::Value(pointer), offset - lowest);
                }
            }
            let op = Op::Addr(Addr { index, ..Addr::new(base, lowest) });
            pointers.push((first, at, Inst { result: Some(pointer), op, span: None }));
        }
    }
    // From the end, so that positions stay right.
    pointers.sort_by_key(|(block, at, _)| std::cmp::Reverse((*block, *at)));
    let changed = !pointers.is_empty();
    for (block, at, inst) in pointers {
        func.blocks[block].insts.insert(at, inst);
    }
    changed
}

/// The accesses for which a pointer has to be computed, in the order of the blocks.
fn places(func: &Func, cfg: &Cfg) -> BTreeMap<(Base, Option<Value>), Vec<Place>> {
    let mut places: BTreeMap<_, Vec<Place>> = BTreeMap::new();
    for &block in &cfg.rpo {
        for (at, inst) in func.blocks[block].insts.iter().enumerate() {
            let (Op::Load(addr, Access::Plain) | Op::Store(addr, _, Access::Plain)) = &inst.op else {
                continue;
            };
            let computed = match (addr.base, addr.index) {
                (Base::Func(_), _) => false,
                (_, Some(index)) => func.ty(index) == Ty::I16,
                (Base::Value(_), None) => !(0..=MOST_BEHIND_POINTER).contains(&addr.offset),
                (_, None) => false,
            };
            if computed {
                places.entry((addr.base, addr.index)).or_default().push((block, at, addr.offset));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// A load in the first block, then on one way what `more` says.
    fn shared(index: &str, more: &str) -> String {
        let mut program = text::parse(&format!(
            "global @g bss 1000\nfunc @f({index}, i8) {{\nb0(v0: {index}, v1: i8):\n v2: i8 = load [@g + v0 + 5]\n\
             v3: i1 = cmp eq v1, v2\n branch v3, b1, b2\nb1:\n{more}\n jump b2\nb2:\n return\n}}"
        ))
        .unwrap();
        run_pass(&mut program, pass_named("share").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_place_that_is_tested_and_written_has_one_address() {
        let text =
            shared("i16", "store [@g + v0 + 5], v1\n store [@g + v0 + 3], v1\n store [@g + v0 + 700], v1");
        assert!(text.contains("v4: i16 = addr [@g + v0 + 3]\n  v2: i8 = load [v4 + 2]"), "{text}");
        assert!(text.contains("store [v4 + 2], v1") && text.contains("store [v4], v1"), "{text}");
        assert!(text.contains("store [@g + v0 + 700], v1"), "{text}");
    }

    #[test]
    fn what_needs_no_pointer_stays() {
        assert!(!shared("i8", "store [@g + v0 + 5], v1").contains("addr"), "an index register will do");
        assert!(!shared("i16", "store [@g + 9], v1").contains("addr"), "one block only");
    }
}
