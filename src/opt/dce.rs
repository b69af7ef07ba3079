//! Removes operations whose results nobody uses, and block parameters that are never read.
//!
//! Keeps: everything with an effect. A value counts as used only when something kept uses it, so
//! that values that only feed each other around a loop go too.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::effects::is_removable;
use crate::mir::ir::{BlockId, Func, Op, Term, Value};
use crate::mir::rewrite;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "dce", about: "removes operations without use or effect", run: Run::Func(run) };

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Def {
    Inst(BlockId, usize),
    Param(BlockId, usize),
}

fn run(func: &mut Func, ctx: &Context) -> bool {
    let values = func.values.len();
    let unreachable = rewrite::remove_unreachable(func);
    let live = live_values(func, ctx);
    let mut changed = unreachable;
    for block in func.blocks.iter_mut() {
        let before = block.insts.len();
        block.insts.retain_mut(|inst| {
            if inst.result.is_some_and(|result| live.contains(result)) {
                return true;
            }
            if inst.result.is_some()
                && let Op::Call(..) | Op::Rt(..) = inst.op
            {
                changed = true;
                inst.result = None;
            }
            !is_removable(ctx.effects, &inst.op)
        });
        changed |= block.insts.len() != before;
    }
    let drop: IndexVec<BlockId, Vec<bool>> = func
        .blocks
        .enumerated()
        .map(|(id, b)| b.params.iter().map(|&p| id != Func::ENTRY && !live.contains(p)).collect())
        .collect();
    changed |= rewrite::remove_params(func, &drop);
    changed |= rewrite::remove_trivial_params(func);
    changed |= rewrite::remove_unused_slots(func);
    if changed {
        rewrite::compact_values(func);
    }
    changed || func.values.len() != values
}

fn live_values(func: &Func, ctx: &Context) -> IdSet<Value> {
    let mut defs: IndexVec<Value, Option<Def>> = IndexVec::filled(func.values.len(), None);
    let mut work = Vec::new();
    // The arguments that each parameter gets.
    let mut incoming: IndexVec<BlockId, Vec<&[Value]>> = IndexVec::filled(func.blocks.len(), Vec::new());
    for (id, block) in func.blocks.enumerated() {
        for (i, &param) in block.params.iter().enumerate() {
            defs[param] = Some(Def::Param(id, i));
        }
        for (i, inst) in block.insts.iter().enumerate() {
            if let Some(result) = inst.result {
                defs[result] = Some(Def::Inst(id, i));
            }
            if !is_removable(ctx.effects, &inst.op) {
                inst.op.for_each_use(|v| work.push(v));
            }
        }
        match block.term {
            Term::Branch { cond, .. } => work.push(cond),
            Term::Return(Some(value)) => work.push(value),
            _ => {}
        }
        block.term.targets().for_each(|t| incoming[t.block].push(&t.args));
    }
    let mut live = IdSet::new(func.values.len());
    while let Some(value) = work.pop() {
        if !live.insert(value) {
            continue;
        }
        match defs[value] {
            Some(Def::Inst(block, i)) => func.blocks[block].insts[i].op.for_each_use(|v| work.push(v)),
            Some(Def::Param(block, i)) => work.extend(incoming[block].iter().filter_map(|args| args.get(i))),
            None => {}
        }
    }
    live
}
