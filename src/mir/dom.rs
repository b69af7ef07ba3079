//! The dominator tree: Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
//!
//! In: a `Cfg`. Out: immediate dominators and a constant-time dominance test. Unreachable blocks
//! have no dominators.

use crate::base::index::IndexVec;
use crate::base::lists::Lists;
use crate::mir::cfg::Cfg;
use crate::mir::ir::{BlockId, Func};

/// The dominator tree of a function.
#[derive(Clone, Debug)]
pub struct Dom {
    /// The nearest block that dominates this one; none for the entry and unreachable blocks.
    pub idom: IndexVec<BlockId, Option<BlockId>>,
    /// The blocks that a block immediately dominates, in reverse postorder.
    pub children: Lists<BlockId, BlockId>,
    /// First and last visit in a walk over the tree.
    visits: IndexVec<BlockId, (u32, u32)>,
}

impl Dom {
    /// Builds the tree.
    pub fn new(cfg: &Cfg) -> Self {
        let count = cfg.preds.len();
        // Positions in reverse postorder; the entry is its own dominator while this runs.
        let mut idom: Vec<Option<usize>> = vec![None; cfg.rpo.len()];
        idom[0] = Some(0);
        let mut preds: Vec<usize> = Vec::new();
        let mut changed = true;
        while changed {
            changed = false;
            for (i, &block) in cfg.rpo.iter().enumerate().skip(1) {
                let positions = cfg.preds[block].iter().filter_map(|&p| cfg.position[p]);
                preds.clear();
                preds.extend(positions.filter(|&p| idom[p].is_some()));
                // The deepest first: from one to the next it is a short way up.
                preds.sort_unstable_by(|a, b| b.cmp(a));
                let new = preds.iter().copied().reduce(|a, b| intersect(&idom, a, b));
                if idom[i] != new {
                    idom[i] = new;
                    changed = true;
                }
            }
        }
        let parents = cfg.rpo.iter().zip(&idom).skip(1);
        let parents = parents.filter_map(|(&block, parent)| Some((cfg.rpo[(*parent)?], block)));
        let mut tree = Self {
            idom: IndexVec::filled(count, None),
            children: Lists::new(count, parents.clone()),
            visits: IndexVec::filled(count, (0, 0)),
        };
        parents.for_each(|(parent, block)| tree.idom[block] = Some(parent));
        tree.number();
        tree
    }

    fn number(&mut self) {
        let mut clock = 1;
        let mut stack = vec![(Func::ENTRY, 0)];
        self.visits[Func::ENTRY].0 = clock;
        while let Some((block, next)) = stack.last_mut() {
            clock += 1;
            match self.children[*block].get(*next) {
                Some(&child) => {
                    *next += 1;
                    self.visits[child].0 = clock;
                    stack.push((child, 0));
                }
                None => {
                    self.visits[*block].1 = clock;
                    stack.pop();
                }
            }
        }
    }

    /// True when every way to `b` leads through `a`. A block dominates itself. An unreachable `b`
    /// is dominated by nothing else, and an unreachable `a` dominates nothing else.
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let ((a_in, a_out), (b_in, b_out)) = (self.visits[a], self.visits[b]);
        a == b || (a_in != 0 && a_in < b_in && b_out < a_out)
    }

    /// The blocks in an order in which a block comes after its dominators.
    pub fn preorder(&self) -> Vec<BlockId> {
        let mut order = Vec::with_capacity(self.children.len());
        let mut stack = vec![Func::ENTRY];
        while let Some(block) = stack.pop() {
            order.push(block);
            stack.extend(self.children[block].iter().rev());
        }
        order
    }
}

fn intersect(idom: &[Option<usize>], mut a: usize, mut b: usize) -> usize {
    while a != b {
        let deeper = if a > b { &mut a } else { &mut b };
        *deeper = idom[*deeper].expect("only processed blocks are compared");
    }
    a
}
