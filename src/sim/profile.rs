//! Where the cycles went: counts per instruction address, and a tree of calls.
//!
//! In: each executed instruction with its cycles; which region (function) each address belongs to. Out: cycles at each
//! address, and for each chain of regions that called one another, how often it was entered and what it took itself.
//! Invariant: either way the counts add up to all cycles of the run. Returns are recognised by the stack pointer, so
//! tail calls, dropped return addresses and interrupts are told right. Not here: names of regions (`out::profile`).

use std::collections::BTreeMap;

/// A part of the program that is counted as a whole. `OUTSIDE` is all memory that no other region has.
pub type Region = u16;
pub const OUTSIDE: Region = 0;

/// The region of each address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Regions(Vec<Region>);

impl Default for Regions {
    fn default() -> Self {
        Regions(vec![OUTSIDE; 0x10000])
    }
}

impl Regions {
    /// Gives addresses from `start` on to a region; what lies behind the end of memory is cut off.
    pub fn set(&mut self, start: u16, size: usize, region: Region) {
        let start = usize::from(start);
        let end = start.saturating_add(size).min(self.0.len());
        self.0[start..end].fill(region);
    }

    /// The region of an address.
    pub fn at(&self, address: u16) -> Region {
        self.0[usize::from(address)]
    }
}

const JSR: u8 = 0x20;

/// The two roots of the tree: the program, and what interrupts it.
pub const PROGRAM: usize = 0;
pub const INTERRUPTS: usize = 1;

/// More nodes than that are not told apart: further calls count for their callers.
const MAX_NODES: usize = 1 << 16;

/// A region as it was called along one chain. No region is in a chain twice: a region that is entered again goes on in
/// its old place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// None for the two roots.
    pub region: Option<Region>,
    pub parent: usize,
    /// What was spent in it, calls not included.
    pub cycles: u64,
    /// How often it was entered from another region or from its own code by its start address.
    pub calls: u64,
}

/// An activation: the stack pointer right after its return address was pushed.
struct Frame {
    stack: u8,
    node: usize,
}

/// Cycles spent at each address and along each chain of calls.
pub struct Profile {
    cycles: Box<[u64]>,
    regions: Regions,
    nodes: Vec<Node>,
    children: BTreeMap<(usize, Region), usize>,
    /// Never empty; the first is the program itself.
    frames: Vec<Frame>,
}

impl Profile {
    /// Nothing counted yet.
    pub fn new(regions: Regions) -> Profile {
        let root = |parent| Node { region: None, parent, cycles: 0, calls: 0 };
        Profile {
            cycles: vec![0; 0x10000].into_boxed_slice(),
            regions,
            nodes: vec![root(PROGRAM), root(INTERRUPTS)],
            children: BTreeMap::new(),
            frames: vec![Frame { stack: 0xFF, node: PROGRAM }],
        }
    }

    /// Counts the instruction at `pc`, after which the stack pointer is `stack` and execution goes on at `next`.
    pub fn executed(&mut self, pc: u16, opcode: u8, cycles: u64, stack: u8, next: u16) {
        self.cycles[usize::from(pc)] += cycles;
        let here = self.enter(self.top(), self.regions.at(pc));
        self.set_top(here);
        self.nodes[here].cycles += cycles;
        if opcode == JSR {
            let region = self.regions.at(next);
            let node = self.enter(here, region);
            // Where a region begins, a call within it is recursion, else a subroutine of its own.
            if self.nodes[here].region == Some(region) && self.regions.at(next.wrapping_sub(1)) != region {
                self.nodes[node].calls += 1;
            }
            self.frames.push(Frame { stack, node });
            return;
        }
        while self.frames.len() > 1 && self.frames.last().is_some_and(|frame| stack > frame.stack) {
            self.frames.pop();
        }
    }

    /// Counts the entry into an interrupt handler at `pc`.
    pub fn interrupted(&mut self, pc: u16, cycles: u64, stack: u8) {
        self.cycles[usize::from(pc)] += cycles;
        let node = self.enter(INTERRUPTS, self.regions.at(pc));
        self.nodes[node].cycles += cycles;
        self.frames.push(Frame { stack, node });
    }

    /// Cycles of the instruction at an address.
    pub fn at(&self, pc: u16) -> u64 {
        self.cycles[usize::from(pc)]
    }

    /// The tree of calls: parents before children, the two roots first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn top(&self) -> usize {
        self.frames.last().map_or(PROGRAM, |frame| frame.node)
    }

    fn set_top(&mut self, node: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.node = node;
        }
    }

    /// The node of a region that `from` goes to: itself, a caller of it, or a child.
    fn enter(&mut self, from: usize, region: Region) -> usize {
        let mut at = from;
        loop {
            let node = &self.nodes[at];
            match node.region {
                Some(r) if r == region => return at,
                Some(_) => at = node.parent,
                None => break,
            }
        }
        let next = self.nodes.len();
        let node = *self.children.entry((from, region)).or_insert(next);
        if node == next && next >= MAX_NODES {
            self.children.remove(&(from, region));
            return from;
        }
        if node == next {
            self.nodes.push(Node { region: Some(region), parent: from, cycles: 0, calls: 0 });
        }
        self.nodes[node].calls += 1;
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTS: u8 = 0x60;
    const NOP: u8 = 0xEA;
    const JMP: u8 = 0x4C;

    /// Regions 1, 2 and 3 at $1000, $2000 and $3000.
    fn profile() -> Profile {
        let mut regions = Regions::default();
        (1..=3).for_each(|r| regions.set(r * 0x1000, 0x100, r));
        Profile::new(regions)
    }

    /// Region, region of the caller, cycles, calls; 0 for a root.
    fn told(profile: &Profile) -> Vec<(Region, Region, u64, u64)> {
        let region = |n: usize| profile.nodes()[n].region.unwrap_or(0);
        let rows = profile.nodes().iter().filter(|n| n.region.is_some());
        rows.map(|n| (n.region.unwrap_or(0), region(n.parent), n.cycles, n.calls)).collect()
    }

    #[test]
    fn a_call_and_its_return_are_told_apart() {
        let mut p = profile();
        p.executed(0x1000, JSR, 6, 0xF4, 0x2000);
        p.executed(0x2000, RTS, 6, 0xF6, 0x1003);
        p.executed(0x1003, NOP, 2, 0xF6, 0x1004);
        assert_eq!(told(&p), [(1, 0, 8, 1), (2, 1, 6, 1)]);
        assert_eq!(p.at(0x1003), 2);
    }

    #[test]
    fn a_tail_call_returns_to_the_caller_of_the_one_that_jumped() {
        let mut p = profile();
        p.executed(0x1000, JSR, 6, 0xF4, 0x2000);
        p.executed(0x2000, JMP, 3, 0xF4, 0x3000);
        p.executed(0x3000, RTS, 6, 0xF6, 0x1003);
        p.executed(0x1003, NOP, 2, 0xF6, 0x1004);
        assert_eq!(told(&p), [(1, 0, 8, 1), (2, 1, 3, 1), (3, 2, 6, 1)]);
    }

    #[test]
    fn recursion_stays_in_one_node() {
        let mut p = profile();
        p.executed(0x1000, JSR, 6, 0xF4, 0x2000);
        p.executed(0x2005, JSR, 6, 0xF2, 0x2000);
        p.executed(0x2000, RTS, 6, 0xF4, 0x2008);
        p.executed(0x2008, RTS, 6, 0xF6, 0x1003);
        assert_eq!(told(&p), [(1, 0, 6, 1), (2, 1, 18, 2)]);
    }

    #[test]
    fn a_subroutine_inside_a_function_is_no_call() {
        let mut p = profile();
        p.executed(0x1000, JSR, 6, 0xF4, 0x1080);
        p.executed(0x1080, RTS, 6, 0xF6, 0x1003);
        assert_eq!(told(&p), [(1, 0, 12, 1)]);
    }

    #[test]
    fn an_interrupt_has_a_root_of_its_own() {
        let mut p = profile();
        p.executed(0x1000, NOP, 2, 0xF6, 0x1001);
        p.interrupted(0x3000, 7, 0xF3);
        p.executed(0x3000, JSR, 6, 0xF1, 0x2000);
        p.executed(0x2000, RTS, 6, 0xF3, 0x3003);
        p.executed(0x3003, 0x40, 6, 0xF6, 0x1001);
        p.executed(0x1001, NOP, 2, 0xF6, 0x1002);
        assert_eq!(told(&p), [(1, 0, 4, 1), (3, 0, 19, 1), (2, 3, 6, 1)]);
        assert_eq!(p.nodes()[3].parent, INTERRUPTS);
    }
}
