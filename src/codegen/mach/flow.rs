//! Basic blocks of a list of machine instructions.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::base::index::Id;
use crate::base::lists::Lists;
use crate::codegen::mach::{Label, MInst, MKind};

/// The blocks with their successors. A block runs from a label or the place after a branch to the
/// next of these.
pub struct Flow {
    pub blocks: Vec<Range<usize>>,
    successors: Lists<BlockAt, usize>,
}

impl Flow {
    /// The blocks that may follow a block: the target of its jump, then the next one.
    pub fn successors(&self, block: usize) -> &[usize] {
        &self.successors[BlockAt::new(block)]
    }
}

crate::define_id! {
    /// The place of a block.
    BlockAt "block";
}

/// Cuts the code into blocks.
pub fn of(code: &[MInst]) -> Flow {
    let mut blocks = Vec::new();
    let mut start = 0;
    for (at, inst) in code.iter().enumerate() {
        if matches!(inst.kind, MKind::Label(_)) && at > start {
            blocks.push(start..at);
            start = at;
        }
        let leaves = inst.ends_flow() || inst.inst().is_some_and(|(m, _)| m.is_branch());
        if leaves {
            blocks.push(start..at + 1);
            start = at + 1;
        }
    }
    if start < code.len() {
        blocks.push(start..code.len());
    }
    let mut at_label: BTreeMap<Label, usize> = BTreeMap::new();
    for (b, range) in blocks.iter().enumerate() {
        if let MKind::Label(label) = code[range.start].kind {
            at_label.insert(label, b);
        }
    }
    let successors = blocks.iter().enumerate().flat_map(|(b, range)| {
        let last = &code[range.end - 1];
        let target = last.target().and_then(|l| at_label.get(&l).copied());
        let next = Some(b + 1).filter(|next| !last.ends_flow() && *next < blocks.len());
        target.into_iter().chain(next).map(move |to| (BlockAt::new(b), to))
    });
    let successors = Lists::new(blocks.len(), successors);
    Flow { blocks, successors }
}
