//! Machine code of one function before addresses are known.
//!
//! In: emitted by `emit/`. Out: cleaned by the passes here, then turned into `mos::Item`s by
//! `finish.rs`. Invariant: an instruction's effects on registers, flags and cells are fully told by
//! `effects`; memory that is not a cell is only told apart as read or written.

pub mod carry;
pub mod early;
pub mod effects;
pub mod flow;
pub mod liveness;
pub mod peephole;
pub mod place;
pub mod reload;
pub mod skip;
pub mod tails;

use crate::base::source::Span;
use crate::codegen::lir::SymAddr;
use crate::mir::ir::{AsmBlock, FuncId};
use crate::mos::cost::{self, Cost};
use crate::mos::effects::Effects;
use crate::mos::inst::{Mnemonic, Mode};
use crate::mos::item::Part;

crate::define_id! {
    /// A byte of the function's own static memory, placed by `frame.rs`.
    Cell "c";
}

/// A label of the function.
pub type Label = u32;

/// The operand of a machine instruction.
#[derive(Clone, PartialEq, Debug)]
pub enum Arg {
    /// Implied or accumulator.
    None,
    Imm(u8),
    /// A byte of an address as an immediate.
    ImmSym(Part, SymAddr),
    Cell(Cell),
    /// A cell of another function: an argument on its way.
    Foreign(FuncId, Cell),
    /// A fixed zero-page byte of the run-time routines.
    Zp(u8),
    Abs(SymAddr),
    AbsX(SymAddr),
    AbsY(SymAddr),
    /// `(cell),y`: the cell and the one after it hold the address.
    IndY(Cell),
    Label(Label),
    /// `jsr` or `jmp` to a function of the program.
    Func(FuncId),
    /// `jsr` or `jmp` to a fixed address.
    Code(u16),
    /// `jsr` or `jmp` to a run-time routine.
    Routine(&'static str),
}

/// What a call does to the machine, since the callee's code is not seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CallEffect {
    /// Registers that carry arguments.
    pub reads: Effects,
    /// Registers and flags that are changed, results included.
    pub writes: Effects,
    /// Cells of the function itself that carry arguments: of a call of itself.
    pub cells: Vec<Cell>,
}

/// One element of the code.
#[derive(Clone, PartialEq, Debug)]
pub enum MKind {
    Label(Label),
    Inst {
        mnemonic: Mnemonic,
        arg: Arg,
    },
    /// `jsr`, or `jmp` as a tail call when `tail`.
    Call {
        arg: Arg,
        effect: Box<CallEffect>,
        tail: bool,
    },
    Asm(Box<AsmBlock>),
}

/// An instruction with its place in the source.
#[derive(Clone, PartialEq, Debug)]
pub struct MInst {
    pub kind: MKind,
    /// A mapped access: never removed, merged or changed.
    pub volatile: bool,
    pub span: Option<Span>,
    /// How often it runs in one call of the function, estimated.
    pub weight: f64,
}

impl MInst {
    /// The mnemonic and operand of an ordinary instruction.
    pub fn inst(&self) -> Option<(Mnemonic, &Arg)> {
        match &self.kind {
            MKind::Inst { mnemonic, arg } => Some((*mnemonic, arg)),
            _ => None,
        }
    }

    /// The label that stands here.
    pub fn label(&self) -> Option<Label> {
        match self.kind {
            MKind::Label(label) => Some(label),
            _ => None,
        }
    }

    /// True when control may go elsewhere than to the next instruction, or stops.
    pub fn ends_flow(&self) -> bool {
        match &self.kind {
            MKind::Inst { mnemonic, .. } => mnemonic.ends_flow(),
            MKind::Call { tail, .. } => *tail,
            MKind::Label(_) | MKind::Asm(_) => false,
        }
    }

    /// The label that a branch or jump goes to.
    pub fn target(&self) -> Option<Label> {
        match &self.kind {
            MKind::Inst { arg: Arg::Label(label), .. } => Some(*label),
            _ => None,
        }
    }
}

/// The price of an instruction, as if cells lay in zero page.
pub fn price(inst: &MInst) -> Cost {
    match &inst.kind {
        MKind::Label(_) | MKind::Asm(_) => Cost::default(),
        MKind::Call { tail, .. } => Cost { cycles: if *tail { 3 } else { 6 }, bytes: 3 },
        MKind::Inst { mnemonic, arg } => {
            let taken = if mnemonic.is_branch() { cost::BRANCH_TAKEN } else { 0 };
            let mut cost = cost::cost(*mnemonic, mode(*mnemonic, arg, true));
            cost.cycles += taken;
            cost
        }
    }
}

/// The addressing mode of an operand; `zero_page` says whether cells lie there.
pub fn mode(mnemonic: Mnemonic, arg: &Arg, zero_page: bool) -> Mode {
    match arg {
        Arg::None => match mnemonic {
            Mnemonic::Asl | Mnemonic::Lsr | Mnemonic::Rol | Mnemonic::Ror => Mode::Accumulator,
            _ => Mode::Implied,
        },
        Arg::Imm(_) | Arg::ImmSym(..) => Mode::Immediate,
        Arg::Cell(_) | Arg::Foreign(..) if zero_page => Mode::ZeroPage,
        Arg::Zp(_) => Mode::ZeroPage,
        Arg::Cell(_) | Arg::Foreign(..) | Arg::Abs(_) | Arg::Func(_) | Arg::Code(_) | Arg::Routine(_) => {
            Mode::Absolute
        }
        Arg::AbsX(_) => Mode::AbsoluteX,
        Arg::AbsY(_) => Mode::AbsoluteY,
        Arg::IndY(_) => Mode::IndirectIndexed,
        Arg::Label(_) if mnemonic.is_branch() => Mode::Relative,
        Arg::Label(_) => Mode::Absolute,
    }
}

/// Code for the tests of the passes.
#[cfg(test)]
mod testing {
    use super::{Arg, Label, MInst, MKind, Mnemonic};

    pub(super) fn inst(mnemonic: Mnemonic, arg: Arg) -> MInst {
        MInst { kind: MKind::Inst { mnemonic, arg }, volatile: false, span: None, weight: 1.0 }
    }

    pub(super) fn label(n: Label) -> MInst {
        MInst { kind: MKind::Label(n), volatile: false, span: None, weight: 1.0 }
    }
}
