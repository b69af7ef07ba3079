//! Basic blocks of a list of machine instructions.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::codegen::mach::{Label, MInst, MKind};

/// The blocks with their successors. A block runs from a label or the place after a branch to the
/// next of these.
pub struct Flow {
    pub blocks: Vec<Range<usize>>,
    pub successors: Vec<Vec<usize>>,
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
    let successors = blocks
        .iter()
        .enumerate()
        .map(|(b, range)| {
            let last = &code[range.end - 1];
            let mut next = Vec::new();
            if let Some(to) = last.target().and_then(|l| at_label.get(&l)) {
                next.push(*to);
            }
            if !last.ends_flow() && b + 1 < blocks.len() {
                next.push(b + 1);
            }
            next
        })
        .collect();
    Flow { blocks, successors }
}
