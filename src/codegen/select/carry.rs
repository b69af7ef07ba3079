//! Branches on the bit that a shift of the same block moves into the carry.
//!
//! In: `if x & 1 …` (or the sign of `x`) in a block that also computes `x >> 1` (or `x << 1`). Out:
//! the shift stands last in the block and the branch asks for the carry.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::ir::{BinOp, Block, Cond, Func, Op, Term, Ty, Value};

type Defs<'a> = IndexVec<Value, Option<&'a Op>>;

/// The shift that answers a condition, and whether it answers the opposite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Carry {
    pub shift: Value,
    pub negate: bool,
}

/// The conditions of branches that a shift answers. The operations that compute such a condition
/// are marked in `folded`.
pub(super) fn plan(
    func: &Func,
    defs: &Defs<'_>,
    uses: &IndexVec<Value, usize>,
    folded: &mut IndexVec<Value, bool>,
) -> BTreeMap<Value, Carry> {
    let mut found = BTreeMap::new();
    for block in func.blocks.iter() {
        let Term::Branch { cond, ref then, ref other } = block.term else { continue };
        if then == other {
            continue;
        }
        let Some(question) = question(func, defs, uses, block, cond) else { continue };
        let Some(shift) = shift(func, defs, block, &question) else { continue };
        question.parts.iter().for_each(|&v| folded[v] = true);
        found.insert(cond, Carry { shift, negate: question.negate });
    }
    found
}

/// What a condition asks: the lowest or highest bit of a value.
struct Question {
    value: Value,
    highest: bool,
    negate: bool,
    /// What computes it and nothing else.
    parts: Vec<Value>,
}

fn question(
    func: &Func,
    defs: &Defs<'_>,
    uses: &IndexVec<Value, usize>,
    block: &Block,
    cond: Value,
) -> Option<Question> {
    let only_here = |v: Value| uses[v] == 1 && block.insts.iter().any(|i| i.result == Some(v));
    if !only_here(cond) {
        return None;
    }
    let constant = |v: Value| match defs[v] {
        Some(Op::Const(n)) => Some(*n),
        _ => None,
    };
    let Some(Op::Cmp(kind, a, b)) = defs[cond] else { return None };
    let (ty, n) = (func.ty(*a), constant(*b)?);
    if matches!(kind, Cond::SLt | Cond::SGe) && n == 0 {
        return Some(Question { value: *a, highest: true, negate: *kind == Cond::SGe, parts: vec![cond] });
    }
    if matches!(kind, Cond::ULt | Cond::UGe) && n == ty.mask() / 2 + 1 {
        return Some(Question { value: *a, highest: true, negate: *kind == Cond::ULt, parts: vec![cond] });
    }
    let (Cond::Eq | Cond::Ne, 0, Some(Op::Bin(BinOp::And, x, mask))) = (kind, n, defs[*a]) else {
        return None;
    };
    let mask = constant(*mask)?;
    let highest = mask == ty.mask() / 2 + 1;
    if !only_here(*a) || !(highest || mask == 1) || ty == Ty::I1 {
        return None;
    }
    Some(Question { value: *x, highest, negate: *kind == Cond::Eq, parts: vec![cond, *a] })
}

/// A shift by one in the block that moves the wanted bit out, used behind the block only.
fn shift(func: &Func, defs: &Defs<'_>, block: &Block, question: &Question) -> Option<Value> {
    // The lowest bit of a cut value is that of the whole one.
    let mut value = question.value;
    while let (false, Some(Op::Trunc(whole))) = (question.highest, defs[value]) {
        value = *whole;
    }
    let found = block.insts.iter().find_map(|inst| {
        let Op::Bin(op, x, count) = &inst.op else { return None };
        let fits = match op {
            BinOp::Shr | BinOp::Sar => !question.highest,
            BinOp::Shl => question.highest,
            _ => return None,
        };
        let whole = match (question.highest, defs[*x]) {
            (false, Some(Op::Trunc(whole))) => *whole,
            _ => *x,
        };
        let one = matches!(defs[*count], Some(Op::Const(1)));
        (fits && one && (*x == value || whole == value)).then_some(inst.result?)
    })?;
    let read = block.insts.iter().any(|inst| inst.op.reads(found));
    (!read && func.ty(found) != Ty::I1).then_some(found)
}
