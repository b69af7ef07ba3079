//! Lets a value end where its successor begins: `j` when `j - 1` is there too.
//!
//! In: `q = p + c`, and reads of `p` after it. Out: `q` moves down to its first reader in the block,
//! past the reads of `p`; later reads of `p` become reads of `q`, with the constant in the place
//! (`[g + p - 1]` is `[g + q]` for `q = p - 1`). So both can live in one index register.
//! Only when no later read of `p` remains and `q` is read as long anyway, and only where `p + c` is
//! known not to wrap. Not where a place would lie before its pointer, which takes another one.
//! A sum of two bytes moves to the only block that reads it when `p` is not read there any more: so
//! both can share their bytes.
//! Runs late: `fold` and `narrow` bring addresses back to the earliest value.

use crate::base::idset::IdSet;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Addr, Base, BinOp, BlockId, Func, Op, Ty, Value};
use crate::mir::live::Liveness;
use crate::mir::loops::Loops;
use crate::mir::rewrite::{for_each_term_use, readers};
use crate::opt::counters::Defs;
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "rebase", about: "counts places from the value that stays in use", run: Run::Func(run) };

/// `next = old + step`.
#[derive(Clone, Copy)]
struct Sum {
    old: Value,
    next: Value,
    step: u32,
    block: BlockId,
}

fn run(func: &mut Func, _: &Context) -> bool {
    let mut changed = sink(func) | sink_far(func);
    let sums = sums(func);
    if sums.is_empty() {
        return changed;
    }
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    // Values stay what they are, so that their ranges hold to the end; where they live changes.
    let before = func.clone();
    let ranges = Ranges::new(&before);
    let mut live = Liveness::new(func, &cfg);
    // Values that have other readers since.
    let mut stale = IdSet::new(func.values.len());
    for sum in sums {
        if stale.contains(sum.next) {
            live = Liveness::new(func, &cfg);
            stale = IdSet::new(func.values.len());
        }
        if rebase(func, &dom, &ranges, &live, sum) {
            stale.extend([sum.old, sum.next]);
            changed = true;
        }
    }
    changed
}

/// The byte-wide sums with a constant.
fn sums(func: &Func) -> Vec<Sum> {
    let defs = Defs::new(func);
    let mut found = Vec::new();
    for (block, data) in func.blocks.enumerated() {
        for inst in &data.insts {
            if let (Some(next), Op::Bin(BinOp::Add, old, n)) = (inst.result, &inst.op)
                && func.ty(next) == Ty::I8
                && let Some(step) = defs.constant(*n)
                && defs.constant(*old).is_none()
            {
                found.push(Sum { old: *old, next, step, block });
            }
        }
    }
    found
}

/// Moves sums with a constant down to their first reader, when what they add to is read on the way.
fn sink(func: &mut Func) -> bool {
    let mut changed = false;
    for sum in sums(func) {
        let insts = &mut func.blocks[sum.block].insts;
        let Some(at) = insts.iter().position(|i| i.result == Some(sum.next)) else { continue };
        let until = (at + 1..insts.len()).find(|&k| insts[k].op.reads(sum.next)).unwrap_or(insts.len());
        if insts[at + 1..until].iter().any(|i| i.op.reads(sum.old)) {
            let inst = insts.remove(at);
            insts.insert(until - 1, inst);
            changed = true;
        }
    }
    changed
}

/// Moves sums of two bytes out of the block in which what they add to is still read.
fn sink_far(func: &mut Func) -> bool {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let loops = Loops::new(&cfg, &dom);
    if loops.loops.is_empty() {
        return false;
    }
    let live = Liveness::new(func, &cfg);
    let readers = readers(func);
    let mut moves = Vec::new();
    for (from, block) in func.blocks.enumerated() {
        for (at, inst) in block.insts.iter().enumerate() {
            let (Some(next), &Op::Bin(BinOp::Add | BinOp::Sub, old, _)) = (inst.result, &inst.op) else {
                continue;
            };
            let Some(&to) = readers[next].first() else { continue };
            let only = readers[next].iter().all(|b| *b == to) && to != from && dom.dominates(from, to);
            let needed =
                live.live_out[from].contains(old) || block.insts[at + 1..].iter().any(|i| i.op.reads(old));
            if func.ty(next) != Ty::I16 || !only || !needed || loops.innermost[from] != loops.innermost[to] {
                continue;
            }
            let insts = &func.blocks[to].insts;
            let place = insts.iter().position(|i| i.op.reads(next)).unwrap_or(insts.len());
            let mut read = insts[place..].iter().any(|i| i.op.reads(old)) || live.live_out[to].contains(old);
            for_each_term_use(&func.blocks[to].term, |v| read |= v == old);
            if !read {
                moves.push((from, next, to));
            }
        }
    }
    for &(from, next, to) in &moves {
        let insts = &mut func.blocks[from].insts;
        let Some(at) = insts.iter().position(|i| i.result == Some(next)) else { continue };
        let inst = insts.remove(at);
        let insts = &mut func.blocks[to].insts;
        let place = insts.iter().position(|i| i.op.reads(next)).unwrap_or(insts.len());
        insts.insert(place, inst);
    }
    !moves.is_empty()
}

fn rebase(func: &mut Func, dom: &Dom, ranges: &Ranges, live: &Liveness, sum: Sum) -> bool {
    if !outlives(func, live, sum) {
        return false;
    }
    let mut new: Vec<(BlockId, usize, Op)> = Vec::new();
    for (id, block) in func.blocks.enumerated() {
        if !dom.dominates(Func::ENTRY, id) || !dom.dominates(sum.block, id) {
            continue;
        }
        let from = if id == sum.block {
            block.insts.iter().position(|i| i.result == Some(sum.next)).map_or(0, |at| at + 1)
        } else {
            0
        };
        for (at, inst) in block.insts.iter().enumerate().skip(from) {
            if !inst.op.reads(sum.old) {
                continue;
            }
            match rebased(&inst.op, sum, ranges, id) {
                Some(op) => new.push((id, at, op)),
                None => return false,
            }
        }
        let mut read = false;
        for_each_term_use(&block.term, |v| read |= v == sum.old);
        if read {
            return false;
        }
    }
    for (id, at, op) in &new {
        func.blocks[*id].insts[*at].op = op.clone();
    }
    !new.is_empty()
}

/// True when `next` is read after the last read of `old` anyway.
fn outlives(func: &Func, live: &Liveness, Sum { old, next, block, .. }: Sum) -> bool {
    let out = &live.live_out[block];
    let last_read = |value: Value| func.blocks[block].insts.iter().rposition(|i| i.op.reads(value));
    out.contains(next) || !out.contains(old) && last_read(next) >= last_read(old)
}

/// The operation with `next - step` for `old`.
fn rebased(op: &Op, sum: Sum, ranges: &Ranges, block: BlockId) -> Option<Op> {
    let Sum { old, next, step, .. } = sum;
    let at = ranges.at(old, block);
    // What next is more than old, as whole numbers.
    let by = if at.is_empty() {
        return None;
    } else if at.high + step <= 0xff {
        step as i32
    } else if at.low + step >= 0x100 {
        step as i32 - 0x100
    } else {
        return None;
    };
    let place = |addr: &Addr| {
        let offset = addr.offset - by;
        // Before a pointer no byte can be reached with Y.
        let reached = !matches!(addr.base, Base::Value(_)) || offset >= 0;
        reached.then_some(Addr { index: Some(next), offset, ..*addr })
    };
    match *op {
        Op::Load(ref addr, access) if addr.index == Some(old) => Some(Op::Load(place(addr)?, access)),
        Op::Store(ref addr, value, access) if addr.index == Some(old) && value != old => {
            Some(Op::Store(place(addr)?, value, access))
        }
        _ => None,
    }
}
