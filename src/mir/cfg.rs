//! The control-flow graph of a function: predecessors and reverse postorder.
//!
//! In: a function with blocks. Out: tables that stay right until a `Term` changes.

use crate::base::index::IndexVec;
use crate::mir::ir::{BlockId, Func};

/// Predecessors and an order of the blocks.
#[derive(Clone, Debug)]
pub struct Cfg {
    /// For each block, its predecessors; one that reaches it by both targets is there twice.
    pub preds: IndexVec<BlockId, Vec<BlockId>>,
    /// The reachable blocks in reverse postorder, the entry first.
    pub rpo: Vec<BlockId>,
    /// The position of a block in `rpo`; `None` for unreachable ones.
    pub position: IndexVec<BlockId, Option<usize>>,
}

impl Cfg {
    /// Reads the graph. The function must have blocks.
    pub fn new(func: &Func) -> Self {
        let count = func.blocks.len();
        let mut preds = IndexVec::filled(count, Vec::new());
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
                    preds[target.block].push(block);
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
        preds.iter_mut().for_each(|list| list.sort_unstable());
        Self { preds, rpo: postorder, position }
    }

    /// True when the block can be reached from the entry.
    pub fn is_reachable(&self, block: BlockId) -> bool {
        self.position[block].is_some()
    }

    /// The only predecessor, by one edge.
    pub fn single_pred(&self, block: BlockId) -> Option<BlockId> {
        match self.preds[block].as_slice() {
            [pred] => Some(*pred),
            _ => None,
        }
    }
}
