//! Which values are live at the borders of blocks.
//!
//! In: a function. Out: for each block the values live at its start and end. A block's parameters
//! are not live at its start (they are defined there); arguments are read at the end of the
//! block that jumps.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::ir::{Block, BlockId, Func, Value};
use crate::mir::rewrite::for_each_term_use;

/// Live values at the borders of blocks.
#[derive(Clone, Debug)]
pub struct Liveness {
    pub live_in: IndexVec<BlockId, IdSet<Value>>,
    pub live_out: IndexVec<BlockId, IdSet<Value>>,
}

impl Liveness {
    /// Computes liveness by iterating backward until nothing changes.
    pub fn new(func: &Func, cfg: &Cfg) -> Self {
        let empty = IndexVec::filled(func.blocks.len(), IdSet::new(func.values.len()));
        let mut live = Self { live_in: empty.clone(), live_out: empty.clone() };
        // What a block reads before it defines it, and what it defines.
        let (mut reads, mut defines) = (empty.clone(), empty);
        for (id, block) in func.blocks.enumerated() {
            backward(block, &mut reads[id], |_, _| {});
            let results = block.insts.iter().filter_map(|inst| inst.result);
            defines[id].extend(results.chain(block.params.iter().copied()));
        }
        let mut pending = IndexVec::filled(func.blocks.len(), true);
        let mut changed = true;
        while changed {
            changed = false;
            for &id in cfg.rpo.iter().rev() {
                if !std::mem::take(&mut pending[id]) {
                    continue;
                }
                for target in func.blocks[id].term.targets() {
                    live.live_out[id].union_with(&live.live_in[target.block]);
                }
                let mut at_start = live.live_out[id].clone();
                at_start.difference_with(&defines[id]);
                at_start.union_with(&reads[id]);
                if at_start != live.live_in[id] {
                    live.live_in[id] = at_start;
                    cfg.preds[id].iter().for_each(|&pred| pending[pred] = true);
                    changed = true;
                }
            }
        }
        live
    }
}

/// Walks a block backward from `live` (live at its end). Calls `visit` before each operation is
/// passed, with its index and the values live after it. At the end `live` holds those live at the
/// block's start.
pub fn backward(block: &Block, live: &mut IdSet<Value>, mut visit: impl FnMut(usize, &IdSet<Value>)) {
    for_each_term_use(&block.term, |v| {
        live.insert(v);
    });
    for (i, inst) in block.insts.iter().enumerate().rev() {
        visit(i, live);
        if let Some(result) = inst.result {
            live.remove(result);
        }
        inst.op.for_each_use(|v| {
            live.insert(v);
        });
    }
    block.params.iter().for_each(|&p| live.remove(p));
}
