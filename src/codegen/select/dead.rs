//! Removes operations whose results nobody reads.
//!
//! In: the selected code. Out: the same without sums, moves, masks and signs of registers that have no
//! reader: a sign is prepared for every widened value, though mostly no sign is wanted. Invariant:
//! accesses to memory stay, and so do shifts, whose last bit a branch may ask for.

use std::collections::BTreeSet;

use crate::codegen::lir::{Dst, LFunc, Op, Src, Vb};

/// Rewrites the code of a function.
pub(super) fn run(func: &mut LFunc) {
    loop {
        let mut read: BTreeSet<Vb> = BTreeSet::new();
        let mut see = |v: Vb| {
            read.insert(v);
        };
        for block in func.blocks.iter() {
            block.insts.iter().for_each(|inst| inst.op.for_each_use(&mut see));
            block.term.for_each_use(&mut see);
        }
        let mut changed = false;
        let ids: Vec<_> = func.blocks.ids().collect();
        for id in ids {
            let insts = &mut func.blocks[id].insts;
            let before = insts.len();
            insts.retain(|inst| !is_dead(&inst.op, &read));
            changed |= insts.len() < before;
        }
        if !changed {
            return;
        }
    }
}

fn is_dead(op: &Op, read: &BTreeSet<Vb>) -> bool {
    let unread = |d: &Dst| matches!(d, Dst::V(v) if !read.contains(v));
    let quiet = |s: &Src| !matches!(s, Src::Mem(_));
    match op {
        Op::Move { d, s } | Op::SignFill { d, s } => unread(d) && quiet(s),
        Op::Logic { d, a, b, .. } => unread(d) && quiet(a) && quiet(b),
        Op::Add { d, a, b, .. } => d.iter().all(unread) && a.iter().chain(b).all(quiet),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::index::Id;
    use crate::codegen::lir::{Mem, MemBase, Reg, Sym, SymAddr};

    #[test]
    fn what_reads_memory_stays() {
        let v = |r| Vb::new(Reg::new(r), 0);
        let at = MemBase::At(SymAddr { sym: Sym::Abs, offset: 0xd012 });
        let mem = Mem { base: at, index: None, offset: 0, pitch: 1, volatile: true };
        let sign = |s| Op::SignFill { d: Dst::V(v(1)), s };
        assert!(is_dead(&sign(Src::V(v(0))), &BTreeSet::new()));
        assert!(!is_dead(&sign(Src::V(v(0))), &BTreeSet::from([v(1)])));
        assert!(!is_dead(&sign(Src::Mem(mem)), &BTreeSet::new()));
    }
}
