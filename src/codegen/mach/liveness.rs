//! Removes instructions whose results nobody reads.
//!
//! Backward liveness of A, X, Y, the flags and the cells over the whole function. Invariant: mapped
//! accesses, stores to memory other than cells, stack and control instructions stay.

use fixedbitset::FixedBitSet;

use crate::base::index::Id;
use crate::codegen::mach::effects::{MEffects, TRACKED, of};
use crate::codegen::mach::{MInst, MKind, flow};
use crate::mos::effects::Effects;

/// What is live at one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Live {
    pub regs: Effects,
    pub cells: FixedBitSet,
}

impl Live {
    fn none(cells: usize) -> Self {
        Self { regs: Effects::NONE, cells: FixedBitSet::with_capacity(cells) }
    }

    fn union(&mut self, other: &Live) {
        self.regs |= other.regs;
        self.cells.union_with(&other.cells);
    }

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

/// Of a block: what it reads before it writes it, and all that it writes.
struct Summary {
    reads: Live,
    writes: Live,
}

fn summary(code: &[MInst], effects: &[MEffects], cells: usize) -> Summary {
    let mut all = Summary { reads: Live::none(cells), writes: Live::none(cells) };
    for (inst, e) in code.iter().zip(effects).rev() {
        all.reads.step(inst, e);
        all.writes.regs |= e.writes;
        if let Some(cell) = e.writes_cell {
            all.writes.cells.insert(cell.index());
        }
    }
    all
}

fn live_after(code: &[MInst], effects: &[MEffects], flow: &flow::Flow, cells: usize) -> Vec<Live> {
    let blocks = flow.blocks.iter();
    let blocks: Vec<Summary> =
        blocks.map(|range| summary(&code[range.clone()], &effects[range.clone()], cells)).collect();
    let mut live_in = vec![Live::none(cells); blocks.len()];
    let mut out = live_in.clone();
    let mut live = Live::none(cells);
    let mut changed = true;
    while changed {
        changed = false;
        for (b, block) in blocks.iter().enumerate().rev() {
            for next in flow.successors(b) {
                out[b].union(&live_in[*next]);
            }
            live.regs = out[b].regs - block.writes.regs;
            live.cells.clone_from(&out[b].cells);
            live.cells.difference_with(&block.writes.cells);
            live.union(&block.reads);
            if live != live_in[b] {
                std::mem::swap(&mut live, &mut live_in[b]);
                changed = true;
            }
        }
    }
    out
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
