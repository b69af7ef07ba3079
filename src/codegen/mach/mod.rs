//! Machine code of one function before addresses are known.
//!
//! In: emitted by `emit/`. Out: cleaned by the passes here, then turned into `mos::Item`s by
//! `finish.rs`. Invariant: an instruction's effects on registers, flags and cells are fully told by
//! `effects`; memory that is not a cell is only told apart as read or written.

pub mod effects;
pub mod flow;
pub mod liveness;
pub mod peephole;
pub mod reload;

use crate::base::source::Span;
use crate::codegen::lir::SymAddr;
use crate::mir::ir::{AsmBlock, FuncId};
use crate::mos::inst::Mnemonic;
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
    /// `jsr` or `jmp` to a run-time routine.
    Routine(&'static str),
}

/// What a call does to the machine, since the callee's code is not seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CallEffect {
    /// Registers that carry arguments: bits of [`REG_A`] and its like.
    pub reads: u8,
    /// Registers and flags that are changed, results included.
    pub clobbers: u8,
    /// Argument cells of the callee that are read.
    pub foreign: Vec<(FuncId, Cell)>,
    /// Fixed zero-page bytes that are read as arguments (bit = address).
    pub zp_reads: u64,
    /// The call neither reads nor writes memory outside its arguments.
    pub pure_memory: bool,
}

pub const REG_A: u8 = 1;
pub const REG_X: u8 = 2;
pub const REG_Y: u8 = 4;
/// N and Z.
pub const FLAG_NZ: u8 = 8;
pub const FLAG_C: u8 = 16;
pub const FLAG_V: u8 = 32;
pub const ALL_REGS: u8 = REG_A | REG_X | REG_Y;
pub const ALL_FLAGS: u8 = FLAG_NZ | FLAG_C | FLAG_V;

/// One element of the code.
#[derive(Clone, PartialEq, Debug)]
pub enum MKind {
    Label(Label),
    Inst { mnemonic: Mnemonic, arg: Arg },
    /// `jsr`, or `jmp` as a tail call when `tail`.
    Call { arg: Arg, effect: Box<CallEffect>, tail: bool },
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

/// The price of an instruction: cycles as if cells lay in zero page, and bytes.
pub fn price(inst: &MInst) -> (u32, u32) {
    use crate::mos::cost;
    match &inst.kind {
        MKind::Label(_) | MKind::Asm(_) => (0, 0),
        MKind::Call { tail, .. } => (if *tail { 3 } else { 6 }, 3),
        MKind::Inst { mnemonic, arg } => cost::of(*mnemonic, mode(*mnemonic, arg, true)).unwrap_or((2, 2)),
    }
}

/// The addressing mode of an operand; `zero_page` says whether cells lie there.
pub fn mode(mnemonic: Mnemonic, arg: &Arg, zero_page: bool) -> crate::mos::inst::Mode {
    use crate::mos::inst::Mode;
    match arg {
        Arg::None => match mnemonic {
            Mnemonic::Asl | Mnemonic::Lsr | Mnemonic::Rol | Mnemonic::Ror => Mode::Accumulator,
            _ => Mode::Implied,
        },
        Arg::Imm(_) | Arg::ImmSym(..) => Mode::Immediate,
        Arg::Cell(_) | Arg::Foreign(..) if zero_page => Mode::ZeroPage,
        Arg::Zp(_) => Mode::ZeroPage,
        Arg::Cell(_) | Arg::Foreign(..) | Arg::Abs(_) | Arg::Func(_) | Arg::Routine(_) => Mode::Absolute,
        Arg::AbsX(_) => Mode::AbsoluteX,
        Arg::AbsY(_) => Mode::AbsoluteY,
        Arg::IndY(_) => Mode::IndirectIndexed,
        Arg::Label(_) if mnemonic.is_branch() => Mode::Relative,
        Arg::Label(_) => Mode::Absolute,
    }
}
