//! Natural loops and how deep a block lies in them.
//!
//! In: `Cfg` and `Dom`. Out: the loops, an outer one before its inner ones. A cycle whose entry
//! does not dominate it (irreducible) is no loop here; PyCo's statements make none.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Block, BlockId, Func, Target, Term, Value};

crate::define_id! {
    /// A loop of a function.
    LoopId "loop";
}

/// A natural loop: all back edges to one header.
#[derive(Clone, Debug)]
pub struct Loop {
    pub header: BlockId,
    /// All blocks, inner loops' too.
    pub blocks: IdSet<BlockId>,
    /// The blocks in the loop that jump to the header, each once.
    pub latches: Vec<BlockId>,
    /// The loop immediately around this one.
    pub parent: Option<LoopId>,
    /// 1 for an outermost loop.
    pub depth: u32,
}

/// The loops of a function.
#[derive(Clone, Debug)]
pub struct Loops {
    pub loops: IndexVec<LoopId, Loop>,
    /// The innermost loop of a block.
    pub innermost: IndexVec<BlockId, Option<LoopId>>,
}

impl Loops {
    /// Finds the loops.
    pub fn new(cfg: &Cfg, dom: &Dom) -> Self {
        let mut loops: IndexVec<LoopId, Loop> = IndexVec::new();
        let mut innermost: IndexVec<BlockId, Option<LoopId>> = IndexVec::filled(cfg.preds.len(), None);
        // Headers in reverse postorder: the header of an outer loop dominates those inside.
        for &header in &cfg.rpo {
            let mut latches: Vec<BlockId> =
                cfg.preds[header].iter().copied().filter(|&p| dom.dominates(header, p)).collect();
            latches.dedup();
            if latches.is_empty() {
                continue;
            }
            let mut blocks = IdSet::new(cfg.preds.len());
            blocks.insert(header);
            let mut work = latches.clone();
            while let Some(block) = work.pop() {
                if blocks.insert(block) {
                    work.extend(&cfg.preds[block]);
                }
            }
            let parent = innermost[header];
            let depth = parent.map_or(1, |p| loops[p].depth + 1);
            for block in blocks.iter() {
                innermost[block] = Some(loops.next_id());
            }
            loops.push(Loop { header, blocks, latches, parent, depth });
        }
        Self { loops, innermost }
    }

    /// Finds the loops of a function.
    pub fn of(func: &Func) -> Self {
        let cfg = Cfg::new(func);
        let dom = Dom::new(&cfg);
        Self::new(&cfg, &dom)
    }

    /// In how many loops the block lies.
    pub fn depth(&self, block: BlockId) -> u32 {
        self.innermost[block].map_or(0, |l| self.loops[l].depth)
    }

    /// The values that a loop's blocks define, parameters too.
    pub fn values_made_in(&self, func: &Func, id: LoopId) -> IdSet<Value> {
        let mut made = IdSet::new(func.values.len());
        for block in self.loops[id].blocks.iter().map(|b| &func.blocks[b]) {
            made.extend(block.params.iter().copied());
            made.extend(block.insts.iter().filter_map(|i| i.result));
        }
        made
    }

    /// The edges that leave a loop: block inside, block outside.
    pub fn exits(&self, func: &Func, id: LoopId) -> Vec<(BlockId, BlockId)> {
        let inside = &self.loops[id].blocks;
        let mut exits = Vec::new();
        for block in inside.iter() {
            let out = func.blocks[block].term.targets().map(|t| t.block).filter(|&t| !inside.contains(t));
            exits.extend(out.map(|t| (block, t)));
        }
        exits
    }

    /// The only block outside that jumps to the header, if it does nothing else.
    pub fn preheader(&self, func: &Func, cfg: &Cfg, id: LoopId) -> Option<BlockId> {
        let l = &self.loops[id];
        let mut outside = cfg.preds[l.header].iter().copied().filter(|&p| !l.blocks.contains(p));
        let block = outside.next()?;
        let only = outside.next().is_none() && func.blocks[block].term.targets().count() == 1;
        only.then_some(block)
    }

    /// The outermost loop around `block` that does not contain `from`.
    pub fn outermost_without(&self, block: BlockId, from: BlockId) -> Option<LoopId> {
        let mut found = None;
        let mut next = self.innermost[block];
        while let Some(id) = next.filter(|id| !self.loops[*id].blocks.contains(from)) {
            found = Some(id);
            next = self.loops[id].parent;
        }
        found
    }

    /// The preheader of a loop; a new block when there is none.
    pub fn make_preheader(&self, func: &mut Func, cfg: &Cfg, id: LoopId) -> BlockId {
        if let Some(block) = self.preheader(func, cfg, id) {
            return block;
        }
        let l = &self.loops[id];
        let mut outside = cfg.preds[l.header].to_vec();
        outside.dedup();
        outside.retain(|&p| !l.blocks.contains(p));
        // What all ways bring is passed on; only what differs becomes a parameter.
        let ways = |func: &Func| -> Vec<Vec<Value>> {
            let targets = outside.iter().flat_map(|&p| func.blocks[p].term.targets());
            targets.filter(|t| t.block == l.header).map(|t| t.args.clone()).collect()
        };
        let ways = ways(func);
        let same = |k: usize| ways.first().map(|w| w[k]).filter(|v| ways.iter().all(|w| w[k] == *v));
        let (mut params, mut args) = (Vec::new(), Vec::new());
        for (k, &param) in func.blocks[l.header].params.clone().iter().enumerate() {
            args.push(same(k).unwrap_or_else(|| {
                params.push((k, func.values.push(func.ty(param))));
                params[params.len() - 1].1
            }));
        }
        let target = Target { block: l.header, args };
        let preheader = func.blocks.push(Block {
            params: params.iter().map(|p| p.1).collect(),
            term: Term::Jump(target),
            ..Block::default()
        });
        for &pred in &outside {
            for target in func.blocks[pred].term.targets_mut().filter(|t| t.block == l.header) {
                target.block = preheader;
                target.args = params.iter().map(|p| target.args[p.0]).collect();
            }
        }
        preheader
    }
}
