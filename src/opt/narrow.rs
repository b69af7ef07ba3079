//! Eight bits wherever eight are enough.
//!
//! In: a function. Out: the same numbers, computed in the narrowest type that holds them: by the
//! ranges of values (`mir/range.rs`), and by what a truncation leaves of them. Sums, products and
//! bitwise operations are narrowed when the result fits, since its low bits depend only on low
//! bits; quotients, right shifts and comparisons when the operands fit. Loop counters become
//! narrower parameters. Signed operations on numbers that are never negative become unsigned.
//! A constant that is added to an index moves into the place when the sum cannot wrap.

use crate::base::index::IndexVec;
use crate::mir::ir::{Addr, BinOp, BlockId, Cond, Func, Inst, Op, Term, Ty, Value};
use crate::mir::range::{Range, Ranges};
use crate::mir::rewrite::for_each_term_use;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass = Pass {
    name: "narrow",
    about: "computes in the narrowest type that holds the result",
    run: Run::Func(run),
};

/// What becomes of an operation.
enum Edit {
    /// The operation in a narrower type, then extended.
    Narrow { ty: Ty },
    /// A comparison of narrower operands.
    Compare { cond: Cond, ty: Ty },
    /// Another operation with the same operands.
    Op(Op),
    /// The low part of the operands is enough: the operation in the result's type.
    Low { bin: BinOp, a: Value, b: Value },
}

fn run(func: &mut Func, _: &Context) -> bool {
    let edits = plan(func);
    let mut changed = edits.iter().any(|block| !block.is_empty());
    for (id, block_edits) in edits.enumerated() {
        apply(func, id, block_edits);
    }
    changed |= narrow_params(func);
    changed
}

fn plan(func: &Func) -> IndexVec<BlockId, Vec<(usize, Edit)>> {
    let ranges = Ranges::new(func);
    let uses = use_counts(func);
    func.blocks
        .enumerated()
        .map(|(id, block)| {
            let edit = |(at, inst): (usize, &Inst)| Some((at, edit(func, &ranges, &uses, id, inst)?));
            block.insts.iter().enumerate().filter_map(edit).collect()
        })
        .collect()
}

fn use_counts(func: &Func) -> IndexVec<Value, u32> {
    let mut uses = IndexVec::filled(func.values.len(), 0);
    for block in func.blocks.iter() {
        block.insts.iter().for_each(|inst| inst.op.for_each_use(|v| uses[v] += 1));
        for_each_term_use(&block.term, |v| uses[v] += 1);
    }
    uses
}

/// The narrowest type that holds a range.
fn holding(range: Range) -> Ty {
    match range.hi {
        0..=0xff => Ty::I8,
        0x100..=0xffff => Ty::I16,
        _ => Ty::I32,
    }
}

fn edit(func: &Func, ranges: &Ranges, uses: &IndexVec<Value, u32>, at: BlockId, inst: &Inst) -> Option<Edit> {
    let never_negative = |v: Value| ranges.at(v, at).hi <= func.ty(v).mask() >> 1;
    match inst.op {
        Op::Bin(bin, a, b) => {
            let result = inst.result?;
            let ty = func.ty(result);
            let unsigned = match bin {
                BinOp::SDiv => BinOp::UDiv,
                BinOp::SRem => BinOp::URem,
                BinOp::Sar => BinOp::Shr,
                _ => bin,
            };
            if unsigned != bin && never_negative(a) && (bin == BinOp::Sar || never_negative(b)) {
                return Some(Edit::Op(Op::Bin(unsigned, a, b)));
            }
            let own = ranges.at(result, at);
            let wanted = match bin {
                _ if low_bits_suffice(bin) => holding(own),
                // The count of a shift keeps its type.
                BinOp::Shr => holding(ranges.at(a, at)),
                BinOp::UDiv | BinOp::URem if ranges.at(b, at).lo > 0 => {
                    holding(ranges.at(a, at)).max(holding(ranges.at(b, at)))
                }
                _ => return None,
            };
            (wanted < ty).then_some(Edit::Narrow { ty: wanted })
        }
        Op::Cmp(cond, a, b) => {
            let ty = func.ty(a);
            if ty <= Ty::I8 {
                return None;
            }
            if cond.is_signed() && !(never_negative(a) && never_negative(b)) {
                return None;
            }
            let wanted = holding(ranges.at(a, at)).max(holding(ranges.at(b, at)));
            (wanted < ty).then_some(Edit::Compare { cond: unsigned(cond), ty: wanted })
        }
        Op::Sext(a) if never_negative(a) && func.ty(a) != Ty::I1 => Some(Edit::Op(Op::Zext(a))),
        Op::Trunc(a) if uses[a] == 1 && func.ty(inst.result?) != Ty::I1 => match *ranges.def(a)? {
            Op::Bin(bin, x, y) if low_bits_suffice(bin) && !bin.is_shift() => {
                Some(Edit::Low { bin, a: x, b: y })
            }
            _ => None,
        },
        Op::Load(addr, access) => index(func, ranges, at, addr).map(|addr| Edit::Op(Op::Load(addr, access))),
        Op::Store(addr, value, access) => {
            index(func, ranges, at, addr).map(|addr| Edit::Op(Op::Store(addr, value, access)))
        }
        _ => None,
    }
}

/// True when the low bits of the result depend only on the low bits of the operands.
fn low_bits_suffice(bin: BinOp) -> bool {
    matches!(bin, BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::And | BinOp::Or | BinOp::Xor | BinOp::Shl)
}

fn unsigned(cond: Cond) -> Cond {
    match cond {
        Cond::SLt => Cond::ULt,
        Cond::SLe => Cond::ULe,
        Cond::SGt => Cond::UGt,
        Cond::SGe => Cond::UGe,
        other => other,
    }
}

/// Moves a constant from an 8-bit index into the place.
fn index(func: &Func, ranges: &Ranges, at: BlockId, addr: Addr) -> Option<Addr> {
    let index = addr.index?;
    if func.ty(index) != Ty::I8 {
        return None;
    }
    let Op::Bin(BinOp::Add, x, c) = *ranges.def(index)? else { return None };
    let Op::Const(c) = *ranges.def(c)? else { return None };
    let range = ranges.at(x, at);
    let by = if range.hi + c <= 0xff {
        c as i32
    } else if c >= 0x80 && range.lo >= 0x100 - c {
        c as i32 - 0x100
    } else {
        return None;
    };
    Some(Addr { index: Some(x), offset: addr.offset + by, ..addr })
}

fn apply(func: &mut Func, id: BlockId, edits: &[(usize, Edit)]) {
    if edits.is_empty() {
        return;
    }
    let old = std::mem::take(&mut func.blocks[id].insts);
    let mut out = Vec::with_capacity(old.len() + edits.len() * 3);
    let mut edits = edits.iter().peekable();
    for (at, inst) in old.into_iter().enumerate() {
        match edits.next_if(|(e, _)| *e == at) {
            Some((_, edit)) => rewrite(func, &mut out, inst, edit),
            None => out.push(inst),
        }
    }
    func.blocks[id].insts = out;
}

fn rewrite(func: &mut Func, out: &mut Vec<Inst>, inst: Inst, edit: &Edit) {
    let span = inst.span;
    let push = |func: &mut Func, out: &mut Vec<Inst>, op: Op, ty: Ty| {
        let result = func.values.push(ty);
        out.push(Inst { result: Some(result), op, span });
        result
    };
    let cut = |func: &mut Func, out: &mut Vec<Inst>, v: Value, ty: Ty| match func.ty(v) {
        own if own > ty => push(func, out, Op::Trunc(v), ty),
        own if own < ty => push(func, out, Op::Zext(v), ty),
        _ => v,
    };
    let op = match (edit, &inst.op) {
        (Edit::Op(op), _) => op.clone(),
        (Edit::Compare { cond, ty }, Op::Cmp(_, a, b)) => {
            let (a, b) = (cut(func, out, *a, *ty), cut(func, out, *b, *ty));
            Op::Cmp(*cond, a, b)
        }
        (Edit::Narrow { ty }, Op::Bin(bin, a, b)) => {
            let x = cut(func, out, *a, *ty);
            let y = if bin.is_shift() { *b } else { cut(func, out, *b, *ty) };
            let low = func.values.push(*ty);
            out.push(Inst { result: Some(low), op: Op::Bin(*bin, x, y), span });
            Op::Zext(low)
        }
        (Edit::Low { bin, a, b }, _) => {
            let ty = inst.result.map_or(Ty::I8, |r| func.ty(r));
            let (a, b) = (cut(func, out, *a, ty), cut(func, out, *b, ty));
            Op::Bin(*bin, a, b)
        }
        (_, op) => op.clone(),
    };
    out.push(Inst { op, ..inst });
}

/// Replaces parameters of blocks whose numbers fit a narrower type.
fn narrow_params(func: &mut Func) -> bool {
    let mut wanted: Vec<(BlockId, usize, Ty)> = Vec::new();
    {
        let ranges = Ranges::new(func);
        for (id, block) in func.blocks.enumerated().skip(1) {
            for (k, &param) in block.params.iter().enumerate() {
                let ty = func.ty(param);
                let fits = holding(ranges.at(param, id));
                if ty > Ty::I8 && fits < ty {
                    wanted.push((id, k, fits));
                }
            }
        }
    }
    for &(block, k, ty) in &wanted {
        let old = func.blocks[block].params[k];
        let narrow = func.values.push(ty);
        func.blocks[block].params[k] = narrow;
        func.blocks[block].insts.insert(0, Inst { result: Some(old), op: Op::Zext(narrow), span: None });
        for pred in func.blocks.ids() {
            cut_argument(func, pred, block, k, ty);
        }
    }
    !wanted.is_empty()
}

fn cut_argument(func: &mut Func, pred: BlockId, block: BlockId, k: usize, ty: Ty) {
    let mut term = std::mem::replace(&mut func.blocks[pred].term, Term::Unreachable);
    for target in term.targets_mut().filter(|t| t.block == block) {
        let cut = func.values.push(ty);
        let inst =
            Inst { result: Some(cut), op: Op::Trunc(target.args[k]), span: func.blocks[pred].term_span };
        func.blocks[pred].insts.push(inst);
        target.args[k] = cut;
    }
    func.blocks[pred].term = term;
}
