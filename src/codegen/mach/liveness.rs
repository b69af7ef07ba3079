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
    let count = flow.blocks.len();
    let mut live_in = vec![Live::none(cells); count];
    let mut out = live_in.clone();
    let mut changed = true;
    while changed {
        changed = false;
        for b in (0..count).rev() {
            let mut live = Live::none(cells);
            for next in &flow.successors[b] {
                live.union(&live_in[*next]);
            }
            out[b] = live.clone();
            for inst in code[flow.blocks[b].clone()].iter().rev() {
                live.step(inst, &of(inst, at_return));
            }
            if live != live_in[b] {
                live_in[b] = live;
                changed = true;
            }
        }
    }
    out
}

/// Removes dead instructions until none is left. `cells` is the number of cells of the function,
/// `at_return` the registers that carry its result.
pub fn remove_dead(code: &mut Vec<MInst>, cells: usize, at_return: Effects) {
    loop {
        let flow = flow::of(code);
        let out = live_out(code, &flow, cells, at_return);
        let mut dead = vec![false; code.len()];
        let mut any = false;
        for (b, range) in flow.blocks.iter().enumerate() {
            let mut live = out[b].clone();
            for at in range.clone().rev() {
                let e = of(&code[at], at_return);
                if is_dead(&code[at], &e, &live) {
                    dead[at] = true;
                    any = true;
                } else {
                    live.step(&code[at], &e);
                }
            }
        }
        if !any {
            return;
        }
        let mut at = 0;
        code.retain(|_| {
            at += 1;
            !dead[at - 1]
        });
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
