//! Which values are live at the borders of blocks.
//!
//! In: a function. Out: for each block the values live at its start and end. A block's parameters
//! are not live at its start (they are defined there); arguments are read at the end of the
//! block that jumps.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::ir::{BlockId, Func, Value};
use crate::mir::rewrite::{for_each_term_use, homes};

/// Live values at the borders of blocks.
#[derive(Clone, Debug)]
pub struct Liveness {
    pub live_in: IndexVec<BlockId, IdSet<Value>>,
    pub live_out: IndexVec<BlockId, IdSet<Value>>,
}

impl Liveness {
    /// Follows each value from where it is read back to where it is defined.
    pub fn new(func: &Func, cfg: &Cfg) -> Self {
        let empty = IndexVec::filled(func.blocks.len(), IdSet::new(func.values.len()));
        let mut live = Self { live_in: empty.clone(), live_out: empty };
        let homes = homes(func);
        // Values that are live at the start of a block unless it defines them.
        let mut work: Vec<(Value, BlockId)> = Vec::new();
        for &id in &cfg.rpo {
            let block = &func.blocks[id];
            block.insts.iter().for_each(|inst| inst.op.for_each_use(|value| work.push((value, id))));
            for_each_term_use(&block.term, |value| work.push((value, id)));
        }
        while let Some((value, block)) = work.pop() {
            if homes[value] != Some(block) && live.live_in[block].insert(value) {
                for &pred in &cfg.preds[block] {
                    live.live_out[pred].insert(value);
                    work.push((value, pred));
                }
            }
        }
        live
    }
}
