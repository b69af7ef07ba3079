//! The control-flow graph of a function: predecessors and reverse postorder.
//!
//! In: a function with blocks. Out: tables that stay right until a `Term` changes.

use crate::base::index::IndexVec;
use crate::base::lists::Lists;
use crate::mir::ir::{BlockId, Func};

/// Predecessors and an order of the blocks.
#[derive(Clone, Debug)]
pub struct Cfg {
    /// For each block, its predecessors that are reachable, in ascending order; one that reaches it by
    /// both targets is there twice.
    pub preds: Lists<BlockId, BlockId>,
    /// The reachable blocks in reverse postorder, the entry first.
    pub rpo: Vec<BlockId>,
    /// The position of a block in `rpo`; `None` for unreachable ones.
    pub position: IndexVec<BlockId, Option<usize>>,
}

impl Cfg {
    /// Reads the graph. The function must have blocks.
    pub fn new(func: &Func) -> Self {
        let count = func.blocks.len();
        let mut position = IndexVec::filled(count, None);
        let mut seen = IndexVec::<BlockId, bool>::filled(count, false);
        let mut postorder = Vec::with_capacity(count);
        // Each entry: a block and how many of its successors were visited.
        let mut stack = vec![(Func::ENTRY, 0)];
        seen[Func::ENTRY] = true;
        while let Some((block, next)) = stack.last_mut() {
            let block = *block;
            match func.blocks[block].term.targets().nth(*next) {
                Some(target) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[target.block], true) {
                        stack.push((target.block, 0));
                    }
                }
                None => {
                    postorder.push(block);
                    stack.pop();
                }
            }
        }
        postorder.reverse();
        for (i, &block) in postorder.iter().enumerate() {
            position[block] = Some(i);
        }
        let reached = func.blocks.enumerated().filter(|(id, _)| seen[*id]);
        let edges = reached.flat_map(|(id, block)| block.term.targets().map(move |t| (t.block, id)));
        let preds = Lists::new(count, edges);
        Self { preds, rpo: postorder, position }
    }

    /// True when the block can be reached from the entry.
    pub fn is_reachable(&self, block: BlockId) -> bool {
        self.position[block].is_some()
    }

    /// True when some way leads back to an earlier block; without one there are no loops.
    pub fn goes_back(&self) -> bool {
        self.rpo.iter().any(|&id| self.preds[id].iter().any(|&p| self.position[p] >= self.position[id]))
    }

    /// The predecessors, each once.
    pub fn distinct_preds(&self, block: BlockId) -> impl Iterator<Item = BlockId> {
        self.preds[block].chunk_by(|a, b| a == b).map(|same| same[0])
    }

    /// The only predecessor, by one edge.
    pub fn single_pred(&self, block: BlockId) -> Option<BlockId> {
        match &self.preds[block] {
            [pred] => Some(*pred),
            _ => None,
        }
    }
}
