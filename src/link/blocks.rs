//! Relocated code and data: stored with the program, copied to their addresses at start-up.
//!
//! In: the linked sections. Out: blocks, one for each target address; sections that name the same
//! address follow each other in their order. Not here: the copying (`startup`).

use std::ops::Range;

use crate::link::shake::Reachable;
use crate::mos::item::Name;
use crate::obj::object::Section;

/// A contiguous piece of relocated sections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Where it is when the program runs.
    pub address: u16,
    pub size: u32,
    /// Sections by index, each with its offset in the block.
    pub members: Vec<(usize, u32)>,
}

impl Block {
    /// The symbol of the place where the block is loaded.
    pub fn stored_name(&self) -> Name {
        format!("rt_block_{:04x}", self.address).into()
    }

    /// The addresses that it takes when the program runs.
    pub fn range(&self) -> Range<u32> {
        let start = u32::from(self.address);
        start..start + self.size
    }
}

/// True for a section that is stored in one place and runs in another.
pub fn is_relocated(section: &Section) -> bool {
    section.fixed.is_some() && section.kind.has_bytes()
}

/// The blocks of a program, by ascending address.
pub fn blocks(reachable: &Reachable) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (i, reached) in reachable.sections.iter().enumerate() {
        let section = &reached.section;
        let (Some(address), true) = (section.fixed, is_relocated(section)) else { continue };
        let at = match blocks.iter().position(|block| block.address == address) {
            Some(at) => at,
            None => {
                blocks.push(Block { address, size: 0, members: Vec::new() });
                blocks.len() - 1
            }
        };
        let block = &mut blocks[at];
        block.members.push((i, block.size));
        block.size += u32::from(section.size);
    }
    blocks.sort_by_key(|block| block.address);
    blocks
}
