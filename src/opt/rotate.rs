//! Turns loops that test at the top into guarded loops that test at the bottom.
//!
//! The header is copied before the loop; the original becomes the test at the end. Each round then
//! has one jump less, and what is after the header is known to run at least once. For size only
//! where the copied test is decided at once.

use std::collections::BTreeMap;

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::eval;
use crate::mir::ir::{Block, BlockId, Func, Op, Target, Term, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite::{self, for_each_term_use_mut};
use crate::mir::ssa::Updater;
use crate::opt::counters::Defs;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass = Pass { name: "rotate", about: "lets loops test at the bottom", run: Run::Func(run) };

/// Operations of a header that is copied.
const MAX_COPIED: usize = 10;

fn run(func: &mut Func, ctx: &Context) -> bool {
    let mut changed = rewrite::remove_unreachable(func);
    // Each rotation changes the graph, and a rotated loop no longer qualifies.
    let mut limit = func.blocks.len();
    while limit > 0 {
        limit -= 1;
        let cfg = Cfg::new(func);
        let loops = Loops::new(&cfg, &Dom::new(&cfg));
        let found = loops.loops.ids().find(|&id| qualifies(func, ctx, &cfg, &loops, id));
        let Some(id) = found else { break };
        rotate(func, &cfg, &loops, id);
        changed = true;
    }
    changed
}

fn qualifies(func: &Func, ctx: &Context, cfg: &Cfg, loops: &Loops, id: LoopId) -> bool {
    let l = &loops.loops[id];
    let header = &func.blocks[l.header];
    let Term::Branch { then, other, .. } = &header.term else { return false };
    let leaves = l.blocks.contains(then.block) != l.blocks.contains(other.block);
    let stays = if l.blocks.contains(then.block) { then.block } else { other.block };
    let jumps_back = |&b: &BlockId| b != l.header && matches!(func.blocks[b].term, Term::Jump(_));
    let copied = header.insts.iter().filter(|i| !matches!(i.op, Op::Const(_))).count();
    let copyable = !header.insts.iter().any(|i| matches!(i.op, Op::Asm(_)));
    leaves
        && stays != l.header
        && l.latches.iter().all(jumps_back)
        && copied <= MAX_COPIED
        && copyable
        && (!ctx.for_size() || is_decided(func, cfg, loops, id))
}

/// True when the outcome of the first test is known.
fn is_decided(func: &Func, cfg: &Cfg, loops: &Loops, id: LoopId) -> bool {
    let l = &loops.loops[id];
    let header = &func.blocks[l.header];
    let defs = Defs::new(func);
    let outside: Vec<&Target> = cfg.preds[l.header]
        .iter()
        .filter(|p| !l.blocks.contains(**p))
        .flat_map(|&p| func.blocks[p].term.targets())
        .filter(|t| t.block == l.header)
        .collect();
    let [entry] = outside[..] else { return false };
    let mut known: BTreeMap<Value, u32> = BTreeMap::new();
    for (&param, &arg) in header.params.iter().zip(&entry.args) {
        known.extend(defs.constant(arg).map(|n| (param, n)));
    }
    for inst in &header.insts {
        let Some(result) = inst.result else { continue };
        let get = |v: Value| known.get(&v).copied().or_else(|| defs.constant(v));
        if let Some(n) = eval::op(&inst.op, func.ty(result), |v| func.ty(v), get) {
            known.insert(result, n);
        }
    }
    matches!(header.term, Term::Branch { cond, .. } if known.contains_key(&cond))
}

fn rotate(func: &mut Func, cfg: &Cfg, loops: &Loops, id: LoopId) {
    let l = &loops.loops[id];
    let header = l.header;
    // The copy, with values of its own.
    let mut copy: Block = func.blocks[header].clone();
    let mut new: BTreeMap<Value, Value> = BTreeMap::new();
    let results = copy.insts.iter().filter_map(|i| i.result);
    for old in copy.params.iter().copied().chain(results) {
        new.insert(old, func.values.push(func.ty(old)));
    }
    let renamed = |v: &mut Value| *v = new.get(v).copied().unwrap_or(*v);
    copy.params.iter_mut().for_each(renamed);
    for inst in &mut copy.insts {
        inst.result.iter_mut().for_each(renamed);
        inst.op.for_each_use_mut(renamed);
    }
    for_each_term_use_mut(&mut copy.term, renamed);
    let guard = func.blocks.push(copy);
    let mut outside: Vec<BlockId> = cfg.preds[header].to_vec();
    outside.dedup();
    for pred in outside.into_iter().filter(|&p| !l.blocks.contains(p)) {
        let targets = func.blocks[pred].term.targets_mut().filter(|t| t.block == header);
        targets.for_each(|t| t.block = guard);
    }
    repair(func, header, guard, &new);
}

/// Gives uses outside the header the value of whichever copy ran.
fn repair(func: &mut Func, header: BlockId, guard: BlockId, new: &BTreeMap<Value, Value>) {
    // Uses of the header's values elsewhere, by value.
    let mut used: BTreeMap<Value, Vec<BlockId>> = BTreeMap::new();
    for id in func.blocks.ids().filter(|&id| id != header && id != guard) {
        let mut see = |v: Value| {
            if new.contains_key(&v) {
                used.entry(v).or_default().push(id);
            }
        };
        let block = &func.blocks[id];
        block.insts.iter().for_each(|i| i.op.for_each_use(&mut see));
        rewrite::for_each_term_use(&block.term, &mut see);
    }
    let mut updater = Updater::new(func);
    for (value, mut blocks) in used {
        updater.begin(func.ty(value));
        updater.define(header, value);
        updater.define(guard, new[&value]);
        blocks.dedup();
        let found: Vec<(BlockId, Value)> =
            blocks.into_iter().map(|id| (id, updater.at_start(func, id))).collect();
        for (id, here) in found {
            replace_in(func, id, value, here);
        }
    }
}

fn replace_in(func: &mut Func, id: BlockId, value: Value, by: Value) {
    let block = &mut func.blocks[id];
    let swap = |v: &mut Value| {
        if *v == value {
            *v = by;
        }
    };
    block.insts.iter_mut().for_each(|i| i.op.for_each_use_mut(swap));
    for_each_term_use_mut(&mut block.term, swap);
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    const LOOP: &str = "func @f(i8) -> i8 {\nb0(v0: i8):\n v1: i8 = const 1\n jump b1(v0)\n\
        b1(v2: i8):\n v3: i8 = add v2, v1\n v4: i1 = cmp ult v3, v0\n branch v4, b2, b3\n\
        b2:\n rt rt_print_u8(v3)\n jump b1(v3)\nb3:\n return v3\n}";

    #[test]
    fn the_test_moves_to_the_end() {
        let mut program = text::parse(LOOP).unwrap();
        assert!(run_pass(&mut program, pass_named("rotate").unwrap(), Level::O2));
        verify::verify(&program).unwrap();
        assert!(!run_pass(&mut program, pass_named("rotate").unwrap(), Level::O2));
        assert_eq!(print::program(&program).matches("branch").count(), 2);
    }

    #[test]
    fn for_size_only_what_is_decided_is_copied() {
        let mut program = text::parse(LOOP).unwrap();
        assert!(!run_pass(&mut program, pass_named("rotate").unwrap(), Level::Os));
    }
}
