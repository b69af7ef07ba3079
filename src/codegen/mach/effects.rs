//! What a machine instruction reads and writes.
//!
//! Invariant: complete for registers, the flags N, V, Z, C and the cells of the function; other
//! memory is one thing.

use crate::codegen::mach::{Arg, Cell, MInst, MKind, mode};
use crate::mos::effects::{Effects, reads, writes};
use crate::mos::inst::Mnemonic;

use crate::base::index::Id;

/// The registers and flags that matter here.
pub const TRACKED: Effects = Effects::from_letters("AXYNVZC");

/// The effects of one instruction.
#[derive(Clone, Debug, Default)]
pub struct MEffects {
    pub reads: Effects,
    pub writes: Effects,
    pub reads_cells: [Option<Cell>; 2],
    pub writes_cell: Option<Cell>,
    /// Reads memory that is no cell.
    pub reads_memory: bool,
    /// Writes memory that is no cell, the stack, or moves control.
    pub stays: bool,
}

/// The effects of an instruction; `at_return` holds the registers that carry the result.
pub fn of(inst: &MInst, at_return: Effects) -> MEffects {
    match &inst.kind {
        MKind::Label(_) => MEffects::default(),
        MKind::Asm(_) => MEffects {
            reads: TRACKED,
            writes: TRACKED,
            reads_memory: true,
            stays: true,
            ..MEffects::default()
        },
        MKind::Call { effect, .. } => MEffects {
            reads: effect.reads,
            writes: effect.writes & TRACKED,
            reads_memory: true,
            stays: true,
            ..MEffects::default()
        },
        MKind::Inst { mnemonic, arg } => inst_effects(*mnemonic, arg, inst.volatile, at_return),
    }
}

fn inst_effects(mnemonic: Mnemonic, arg: &Arg, volatile: bool, at_return: Effects) -> MEffects {
    let mode = mode(mnemonic, arg, true);
    let (all_reads, all_writes) = (reads(mnemonic, mode), writes(mnemonic, mode));
    let mut e = MEffects {
        reads: all_reads & TRACKED,
        writes: all_writes & TRACKED,
        stays: volatile || mnemonic.is_branch() || mnemonic.ends_flow(),
        ..MEffects::default()
    };
    if matches!(mnemonic, Mnemonic::Php) {
        // Only the interrupt flag is wanted from it.
        e.reads = Effects::NONE;
    }
    if mnemonic == Mnemonic::Rts {
        e.reads = at_return;
    }
    if (all_reads | all_writes).intersects(Effects::STACK | Effects::S) || all_writes.intersects(Effects::I) {
        e.stays = true;
    }
    match arg {
        Arg::Cell(cell) => {
            if all_reads.intersects(Effects::MEMORY) {
                e.reads_cells[0] = Some(*cell);
            }
            if all_writes.intersects(Effects::MEMORY) {
                e.writes_cell = Some(*cell);
            }
        }
        Arg::IndY(cell) => {
            e.reads_cells = [Some(*cell), Some(Cell::new(cell.index() + 1))];
            e.reads_memory = all_reads.intersects(Effects::MEMORY);
            e.stays |= all_writes.intersects(Effects::MEMORY);
        }
        _ => {
            e.reads_memory = all_reads.intersects(Effects::MEMORY);
            e.stays |= all_writes.intersects(Effects::MEMORY);
        }
    }
    e
}
