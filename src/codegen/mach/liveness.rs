//! Removes instructions whose results nobody reads.
//!
//! Backward liveness of A, X, Y, the flags and the cells over the whole function. Invariant: mapped
//! accesses, stores to memory other than cells, stack and control instructions stay.

use std::ops::Range;

use fixedbitset::FixedBitSet;

use crate::base::index::Id;
use crate::codegen::mach::effects::{MEffects, TRACKED, of};
use crate::codegen::mach::{Cell, MInst, MKind, flow};
use crate::mos::effects::Effects;

/// Cells in a word of a set.
const WORD: usize = usize::BITS as usize;

/// What is live at one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Live {
    pub regs: Effects,
    pub cells: FixedBitSet,
}

impl Live {
    /// From after an instruction, whose effects are `e`, to before it.
    pub fn step(&mut self, inst: &MInst, e: &MEffects) {
        self.regs = (self.regs - e.writes) | e.reads;
        if let Some(cell) = e.writes_cell {
            self.cells.set(cell.index(), false);
        }
        for cell in e.reads_cells.into_iter().flatten() {
            self.cells.insert(cell.index());
        }
        if let MKind::Call { effect, .. } = &inst.kind {
            effect.cells.iter().for_each(|cell| self.cells.insert(cell.index()));
        }
    }
}

/// Computes what is live after each block.
pub fn live_out(code: &[MInst], flow: &flow::Flow, cells: usize, at_return: Effects) -> Vec<Live> {
    live_after(code, &effects(code, at_return), flow, cells)
}

fn effects(code: &[MInst], at_return: Effects) -> Vec<MEffects> {
    code.iter().map(|inst| of(inst, at_return)).collect()
}

/// Registers and cells of each block, the cells of all blocks in one piece of memory.
#[derive(Clone)]
struct Sets {
    regs: Vec<Effects>,
    cells: Vec<usize>,
    /// How many words the cells of a block take.
    width: usize,
}

impl Sets {
    fn new(blocks: usize, cells: usize) -> Self {
        let width = cells.div_ceil(WORD);
        Self { regs: vec![Effects::NONE; blocks], cells: vec![0; blocks * width], width }
    }

    fn words(&self, block: usize) -> Range<usize> {
        block * self.width..(block + 1) * self.width
    }

    fn insert(&mut self, block: usize, cell: Cell) {
        self.cells[block * self.width + cell.index() / WORD] |= 1 << (cell.index() % WORD);
    }

    fn remove(&mut self, block: usize, cell: Cell) {
        self.cells[block * self.width + cell.index() / WORD] &= !(1 << (cell.index() % WORD));
    }
}

/// Of each block: what it reads before it writes it, and all that it writes.
fn summaries(code: &[MInst], effects: &[MEffects], flow: &flow::Flow, cells: usize) -> (Sets, Sets) {
    let mut reads = Sets::new(flow.blocks.len(), cells);
    let mut writes = reads.clone();
    for (b, range) in flow.blocks.iter().enumerate() {
        for (inst, e) in code[range.clone()].iter().zip(&effects[range.clone()]).rev() {
            reads.regs[b] = (reads.regs[b] - e.writes) | e.reads;
            writes.regs[b] |= e.writes;
            if let Some(cell) = e.writes_cell {
                reads.remove(b, cell);
                writes.insert(b, cell);
            }
            e.reads_cells.into_iter().flatten().for_each(|cell| reads.insert(b, cell));
            if let MKind::Call { effect, .. } = &inst.kind {
                effect.cells.iter().for_each(|cell| reads.insert(b, *cell));
            }
        }
    }
    (reads, writes)
}

fn live_after(code: &[MInst], effects: &[MEffects], flow: &flow::Flow, cells: usize) -> Vec<Live> {
    let (reads, writes) = summaries(code, effects, flow, cells);
    let mut before = Sets::new(flow.blocks.len(), cells);
    let mut after = before.clone();
    let mut changed = true;
    while changed {
        changed = false;
        for b in (0..flow.blocks.len()).rev() {
            for &next in flow.successors(b) {
                after.regs[b] |= before.regs[next];
                let more = &before.cells[before.words(next)];
                let words = after.words(b);
                after.cells[words].iter_mut().zip(more).for_each(|(word, more)| *word |= more);
            }
            let regs = (after.regs[b] - writes.regs[b]) | reads.regs[b];
            changed |= regs != before.regs[b];
            before.regs[b] = regs;
            for at in before.words(b) {
                let word = after.cells[at] & !writes.cells[at] | reads.cells[at];
                changed |= word != before.cells[at];
                before.cells[at] = word;
            }
        }
    }
    let live = |b: usize| {
        let words = after.cells[after.words(b)].iter().copied();
        Live { regs: after.regs[b], cells: FixedBitSet::with_capacity_and_blocks(cells, words) }
    };
    (0..flow.blocks.len()).map(live).collect()
}

/// Removes dead instructions until none is left. `cells` is the number of cells of the function,
/// `at_return` the registers that carry its result.
pub fn remove_dead(code: &mut Vec<MInst>, cells: usize, at_return: Effects) {
    let mut effects = effects(code, at_return);
    loop {
        let flow = flow::of(code);
        let out = live_after(code, &effects, &flow, cells);
        let mut dead = vec![false; code.len()];
        let mut any = false;
        for (range, mut live) in flow.blocks.iter().zip(out) {
            for at in range.clone().rev() {
                if is_dead(&code[at], &effects[at], &live) {
                    dead[at] = true;
                    any = true;
                } else {
                    live.step(&code[at], &effects[at]);
                }
            }
        }
        if !any {
            return;
        }
        let mut stays = dead.iter().map(|dead| !dead);
        code.retain(|_| stays.next() == Some(true));
        let mut stays = dead.iter().map(|dead| !dead);
        effects.retain(|_| stays.next() == Some(true));
    }
}

fn is_dead(inst: &MInst, e: &MEffects, live: &Live) -> bool {
    if !matches!(inst.kind, MKind::Inst { .. }) || e.stays || inst.volatile {
        return false;
    }
    // An instruction with no effect that is followed here is a NOP that was asked for.
    if (e.writes & TRACKED).is_empty() && e.writes_cell.is_none() {
        return false;
    }
    !e.writes.intersects(live.regs) && e.writes_cell.is_none_or(|c| !live.cells.contains(c.index()))
}
