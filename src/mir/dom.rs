//! The dominator tree: Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
//!
//! In: a `Cfg`. Out: immediate dominators and a constant-time dominance test. Unreachable blocks
//! have no dominators.

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::ir::{BlockId, Func};

/// The dominator tree of a function.
#[derive(Clone, Debug)]
pub struct Dom {
    /// The nearest block that dominates this one; none for the entry and unreachable blocks.
    pub idom: IndexVec<BlockId, Option<BlockId>>,
    /// The blocks that a block immediately dominates, in reverse postorder.
    pub children: IndexVec<BlockId, Vec<BlockId>>,
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
        let mut changed = true;
        while changed {
            changed = false;
            for (i, &block) in cfg.rpo.iter().enumerate().skip(1) {
                let new = cfg.preds[block]
                    .iter()
                    .filter_map(|&p| cfg.position[p])
                    .filter(|&p| idom[p].is_some())
                    .reduce(|a, b| intersect(&idom, a, b));
                if idom[i] != new {
                    idom[i] = new;
                    changed = true;
                }
            }
        }
        let mut tree = Self {
            idom: IndexVec::filled(count, None),
            children: IndexVec::filled(count, Vec::new()),
            visits: IndexVec::filled(count, (0, 0)),
        };
        for (i, &block) in cfg.rpo.iter().enumerate().skip(1) {
            if let Some(parent) = idom[i] {
                tree.idom[block] = Some(cfg.rpo[parent]);
                tree.children[cfg.rpo[parent]].push(block);
            }
        }
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
