//! Joins the sum that makes an index with the sum that makes a pointer of it.
//!
//! In: the selected code. Out: where a byte was added to an index of two bytes, and a page to its high
//! byte alone, one sum adds both; where more was added, the second sum follows the first, which
//! leaves the high byte in A. Invariant: nothing reads or writes the pointer between the two places,
//! and the high byte of the index has no other reader.

use std::collections::BTreeMap;

use crate::codegen::lir::{Dst, LFunc, LInst, Op, Src, Vb};

/// Rewrites the code of a function.
pub(super) fn run(func: &mut LFunc) {
    let mut readers: BTreeMap<Vb, usize> = BTreeMap::new();
    let mut count = |v: Vb| *readers.entry(v).or_default() += 1;
    for block in func.blocks.iter() {
        block.insts.iter().for_each(|inst| inst.op.for_each_use(&mut count));
        block.term.for_each_use(&mut count);
    }
    let ids: Vec<_> = func.blocks.ids().collect();
    for id in ids {
        let mut at = 0;
        while at < func.blocks[id].insts.len() {
            let found = join(func, &func.blocks[id].insts, at, &readers);
            let insts = &mut func.blocks[id].insts;
            match found {
                Some((first, Some(op))) => {
                    insts[first].op = op;
                    insts.remove(at);
                    continue;
                }
                Some((first, None)) => insts[first + 1..=at].rotate_right(1),
                None => {}
            }
            at += 1;
        }
    }
}

/// The sum before the one at `at`, and what it becomes when it can take it over.
fn join(
    func: &LFunc,
    insts: &[LInst],
    at: usize,
    readers: &BTreeMap<Vb, usize>,
) -> Option<(usize, Option<Op>)> {
    let Op::Add { sub: false, carry: false, d, a, b } = &insts[at].op else { return None };
    // The low byte stays what it is: it is not named, or nothing is added to it.
    let (d, a, page) = match (&d[..], &a[..], &b[..]) {
        ([Dst::V(_)], [Src::V(_)], [page]) => (d, a, *page),
        ([Dst::V(_), Dst::V(_)], [Src::V(_), Src::V(_)], [Src::Imm(0), page]) => (d, a, *page),
        _ => return None,
    };
    if !matches!(page, Src::Hi(_) | Src::Imm(_)) {
        return None;
    }
    let only_reader = |s: &Src| matches!(s, Src::V(v) if readers.get(v) == Some(&1));
    let is_target = |v: Vb| d.contains(&Dst::V(v));
    if !a.iter().all(only_reader) {
        return None;
    }
    for first in (0..at).rev() {
        let op = &insts[first].op;
        let mut named = false;
        op.for_each_use(&mut |v| named |= is_target(v));
        op.for_each_def(&func.regs, &mut |v| named |= is_target(v));
        if named {
            return None;
        }
        let mut makes = false;
        op.for_each_def(&func.regs, &mut |v| makes |= a.contains(&Src::V(v)));
        if !makes {
            continue;
        }
        let Op::Add { sub: false, carry: false, d: made, a: left, b: right } = op else { return None };
        let ([_, _], [_, left_high], [_, right_high]) = (&made[..], &left[..], &right[..]) else {
            return None;
        };
        let from = 2 - d.len();
        if made[from..].iter().zip(a).any(|(d, s)| !matches!((d, s), (Dst::V(d), Src::V(s)) if d == s)) {
            return None;
        }
        let (mut left, mut right) = (left.clone(), right.clone());
        match (left_high, right_high) {
            (_, Src::Imm(0)) => right[1] = page,
            (Src::Imm(0), _) => left[1] = page,
            _ => return Some((first, None)),
        }
        let mut made = made.clone();
        made[from..].copy_from_slice(d);
        return Some((first, Some(Op::Add { sub: false, carry: false, d: made, a: left, b: right })));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::index::{Id, IndexVec};
    use crate::codegen::lir::{LBlockData, LTerm, Reg, RegData, Sym, SymAddr};
    use crate::mir::ir::FuncId;

    fn v(reg: usize, byte: usize) -> Vb {
        Vb::new(Reg::new(reg), byte)
    }

    /// Registers of two bytes: r0 + the low byte of r1 makes r2, of which r3 is made by `second`.
    fn joined(second: Op, last: Vec<Src>) -> Vec<Op> {
        let pair = |r| vec![Dst::V(v(r, 0)), Dst::V(v(r, 1))];
        let first = Op::Add {
            sub: false,
            carry: false,
            d: pair(2),
            a: vec![Src::V(v(0, 0)), Src::V(v(0, 1))],
            b: vec![Src::V(v(1, 0)), Src::Imm(0)],
        };
        let inst = |op| LInst { op, span: None };
        let data = RegData { bytes: 2, pointer: false };
        let mut func = LFunc {
            id: FuncId::new(0),
            regs: IndexVec::filled(4, data),
            params: Vec::new(),
            blocks: IndexVec::new(),
        };
        func.blocks.push(LBlockData {
            insts: vec![inst(first), inst(second)],
            term: LTerm::Return(last),
            term_span: None,
            weight: 1.0,
        });
        run(&mut func);
        func.blocks.iter().flat_map(|b| &b.insts).map(|i| i.op.clone()).collect()
    }

    fn page() -> Src {
        Src::Hi(SymAddr { sym: Sym::Abs, offset: 0x400 })
    }

    fn high_sum() -> Op {
        Op::Add {
            sub: false,
            carry: false,
            d: vec![Dst::V(v(3, 1))],
            a: vec![Src::V(v(2, 1))],
            b: vec![page()],
        }
    }

    #[test]
    fn the_page_is_added_with_the_byte() {
        let ops = joined(high_sum(), vec![Src::V(v(2, 0)), Src::V(v(3, 1))]);
        let [Op::Add { d, b, .. }] = &ops[..] else { panic!("{ops:?}") };
        assert_eq!(d[..], [Dst::V(v(2, 0)), Dst::V(v(3, 1))]);
        assert_eq!(b[..], [Src::V(v(1, 0)), page()]);
    }

    #[test]
    fn both_bytes_go_where_the_pointer_is() {
        let second = Op::Add {
            sub: false,
            carry: false,
            d: vec![Dst::V(v(3, 0)), Dst::V(v(3, 1))],
            a: vec![Src::V(v(2, 0)), Src::V(v(2, 1))],
            b: vec![Src::Imm(0), page()],
        };
        let ops = joined(second, vec![Src::V(v(3, 0)), Src::V(v(3, 1))]);
        let [Op::Add { d, .. }] = &ops[..] else { panic!("{ops:?}") };
        assert_eq!(d[..], [Dst::V(v(3, 0)), Dst::V(v(3, 1))]);
    }

    #[test]
    fn an_index_that_is_wanted_again_stays() {
        assert_eq!(joined(high_sum(), vec![Src::V(v(2, 1)), Src::V(v(3, 1))]).len(), 2);
    }

    #[test]
    fn a_low_byte_that_changes_keeps_its_sum() {
        let second = Op::Add {
            sub: false,
            carry: false,
            d: vec![Dst::V(v(3, 0)), Dst::V(v(3, 1))],
            a: vec![Src::V(v(2, 0)), Src::V(v(2, 1))],
            b: vec![Src::Imm(4), page()],
        };
        assert_eq!(joined(second, vec![Src::V(v(3, 0)), Src::V(v(3, 1))]).len(), 2);
    }
}
