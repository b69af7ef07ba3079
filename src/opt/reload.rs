//! Reads a number again after the test of it, so that the test can read it where it lies.
//!
//! In: `v = load [p]` whose last reader in its block is the test at the end, and `v` is read behind
//! the branch too. Out: `v` is read by the test only, and each way that wants it loads it again.
//! A number of two bytes would else be copied to the zero page before the test. What is only stored
//! elsewhere is copied there byte by byte, when the two places are known to be apart.
//! Only in programs without interrupt handlers, which could change the number in between.
//! Runs last: `gvn` and `hoist` would make one load of two.

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::effects::is_pure;
use crate::mir::ir::{
    Access, Addr, Base, BinOp, BlockId, Func, FuncKind, Inst, Op, Program, Term, Ty, Value,
};
use crate::mir::live::Liveness;
use crate::mir::rewrite::{count_uses, for_each_term_use_mut};
use crate::opt::counters::Defs;
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "reload", about: "loads again what a test has read", run: Run::Func(run) };

fn run(func: &mut Func, ctx: &Context) -> bool {
    if ctx.for_size() || func.kind != FuncKind::Normal || has_handlers(ctx.program) {
        return false;
    }
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let live = Liveness::new(func, &cfg);
    let mut changed = false;
    for &id in &cfg.rpo {
        for load in tested(func, id) {
            let Term::Branch { then, other, .. } = &func.blocks[id].term else { break };
            let ways = [then.block, other.block];
            let wanted = |b: &BlockId| live.live_in[*b].contains(load.value);
            let alone = |b: &BlockId| cfg.single_pred(*b).is_some();
            if ways.iter().any(wanted) && ways.iter().filter(|b| wanted(b)).all(alone) {
                ways.iter().filter(|b| wanted(b)).for_each(|way| again(func, &dom, *way, &load));
                changed = true;
            }
        }
    }
    changed
}

/// True when something may run in between.
fn has_handlers(program: &Program) -> bool {
    let interrupts = |f: &Func| matches!(f.kind, FuncKind::Irq | FuncKind::IrqRaw | FuncKind::IrqHook);
    program.entry.is_none() || program.funcs.iter().any(interrupts)
}

/// A load that could be repeated.
struct Load {
    value: Value,
    addr: Addr,
    ty: Ty,
}

/// The loads of a block that its last operation, a test, reads; nothing else in the block reads them
/// nor writes memory after them.
fn tested(func: &Func, id: BlockId) -> Vec<Load> {
    let block = &func.blocks[id];
    let Term::Branch { cond, then, other } = &block.term else { return Vec::new() };
    let Some((Inst { result: Some(test), op: Op::Cmp(_, a, b), .. }, before)) = block.insts.split_last()
    else {
        return Vec::new();
    };
    if test != cond || a == b || then.block == other.block {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, inst) in before.iter().enumerate() {
        let (Some(value), &Op::Load(addr, Access::Plain)) = (inst.result, &inst.op) else { continue };
        let ty = func.ty(value);
        let quiet =
            |i: &Inst| (is_pure(&i.op) || matches!(i.op, Op::Load(_, Access::Plain))) && !i.op.reads(value);
        let cheap = addr.index.is_none_or(|i| func.ty(i) == Ty::I8);
        let passed = then.args.contains(&value) || other.args.contains(&value);
        if (value == *a || value == *b)
            && ty > Ty::I8
            && cheap
            && !passed
            && before[at + 1..].iter().all(quiet)
        {
            found.push(Load { value, addr, ty });
        }
    }
    found
}

/// Loads the value again at the start of a block, for all that comes after it.
fn again(func: &mut Func, dom: &Dom, way: BlockId, load: &Load) {
    let value = func.values.push(load.ty);
    let swap = |v: &mut Value| {
        if *v == load.value {
            *v = value;
        }
    };
    for id in func.blocks.ids().filter(|&id| dom.dominates(way, id)) {
        let block = &mut func.blocks[id];
        block.insts.iter_mut().for_each(|i| i.op.for_each_use_mut(swap));
        for_each_term_use_mut(&mut block.term, swap);
    }
    let inst = Inst { result: Some(value), op: Op::Load(load.addr, Access::Plain), span: None };
    func.blocks[way].insts.insert(0, inst);
    let stored = match &func.blocks[way].insts[..] {
        [_, Inst { op: Op::Store(addr, stored, Access::Plain), .. }, ..] if *stored == value => *addr,
        _ => return,
    };
    let len = load.ty.bytes() as u32;
    if count_uses(func)[value] == 1 && apart(func, way, &stored, &load.addr, len) {
        let copy = Op::Copy { dst: stored, src: load.addr, len, access: Access::Plain };
        let insts = &mut func.blocks[way].insts;
        insts[1] = Inst { result: None, op: copy, span: insts[1].span };
        insts.remove(0);
    }
}

/// True when two places of so many bytes share none, since one pointer is made of the other.
fn apart(func: &Func, block: BlockId, a: &Addr, b: &Addr, len: u32) -> bool {
    let (Base::Value(p), Base::Value(q), None, None) = (a.base, b.base, a.index, b.index) else {
        return false;
    };
    let defs = Defs::new(func);
    // By how much one lies above the other.
    let (by, further) = match (defs.of(p), defs.of(q)) {
        (_, Some(&Op::Bin(BinOp::Sub, x, by))) if x == p => (by, a.offset - b.offset),
        (_, Some(&Op::Bin(BinOp::Add, x, by))) if x == p => (by, b.offset - a.offset),
        (Some(&Op::Bin(BinOp::Sub, x, by)), _) if x == q => (by, b.offset - a.offset),
        (Some(&Op::Bin(BinOp::Add, x, by)), _) if x == q => (by, a.offset - b.offset),
        _ => return false,
    };
    let range = Ranges::new(func).at(by, block);
    let (low, high) = (i64::from(range.low) + i64::from(further), i64::from(range.high) + i64::from(further));
    let len = i64::from(len);
    !range.is_empty() && len <= low && high <= 0x10000 - len
}
