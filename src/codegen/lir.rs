//! The low-level IR: operations on bytes of virtual registers, before A, X, Y and memory are
//! assigned.
//!
//! In: built by `select/` from the middle IR. Out: priced and turned into instructions by `emit/`.
//! Invariant: an operation with several bytes lists them from the lowest up; a carry never passes
//! between two operations, but from a shift to the test behind it (`Test::ShiftedOut`). Registers
//! that come from block parameters have several definitions (one `Copy` in each predecessor); all
//! others have one.
//! Not here: which machine register or memory cell holds what (`homes.rs`, `emit/`).

use crate::base::index::IndexVec;
use crate::base::source::Span;
use crate::mir::ir::{AsmBlock, Cond, FuncId, GlobalId, SlotId};
use crate::mir::rt::Rt;

crate::define_id! {
    /// A virtual register of one to four bytes.
    Reg "r";
    /// A block of the low-level IR; `l0` is the entry. Blocks are in the order of the final code.
    LBlock "l";
}

/// One byte of a virtual register.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vb {
    pub reg: Reg,
    pub byte: u8,
}

impl std::fmt::Debug for Vb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.reg, self.byte)
    }
}

impl Vb {
    /// Byte `byte` of `reg`, 0 the lowest.
    pub fn new(reg: Reg, byte: usize) -> Self {
        Self { reg, byte: byte as u8 }
    }
}

/// What a constant address is counted from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sym {
    Abs,
    Global(GlobalId),
    Slot(SlotId),
    Func(FuncId),
}

/// A constant address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SymAddr {
    pub sym: Sym,
    pub offset: i32,
}

impl SymAddr {
    /// The address `by` bytes further.
    pub fn plus(self, by: i32) -> Self {
        Self { offset: self.offset.wrapping_add(by), ..self }
    }
}

/// Where the index of an access comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MemBase {
    At(SymAddr),
    /// A two-byte register that holds the address; must lie in zero page when it is used.
    Ptr(Reg),
}

/// A byte in memory: `base + index + offset`. `offset` is used with `Ptr` only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Mem {
    pub base: MemBase,
    pub index: Option<Vb>,
    pub offset: u8,
    /// From each byte of a value to the next: 1, or more in a striped global (`At` only).
    pub pitch: u16,
    /// A mapped variable: exactly one access, never read-modify-write instructions.
    pub volatile: bool,
}

impl Mem {
    /// Byte `by` of the value there.
    pub fn plus(self, by: usize) -> Self {
        match self.base {
            MemBase::At(at) => {
                Self { base: MemBase::At(at.plus((by * usize::from(self.pitch)) as i32)), ..self }
            }
            MemBase::Ptr(_) => Self { offset: self.offset.wrapping_add(by as u8), ..self },
        }
    }
}

/// A byte that is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Src {
    V(Vb),
    Imm(u8),
    Lo(SymAddr),
    Hi(SymAddr),
    Mem(Mem),
}

/// A byte that is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dst {
    V(Vb),
    Mem(Mem),
    /// The byte is not wanted.
    None,
}

/// The bitwise operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Logic {
    And,
    Or,
    Xor,
}

/// The shifts and rotations by a constant count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShiftKind {
    Left,
    Right,
    /// Keeps the sign.
    Arithmetic,
    RotateLeft,
    RotateRight,
}

/// A question with a yes-or-no answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Test {
    Cmp {
        cond: Cond,
        a: Vec<Src>,
        b: Vec<Src>,
    },
    /// Any byte is non-zero (or, with `negate`, none is).
    NonZero {
        bytes: Vec<Src>,
        negate: bool,
    },
    /// The bit that fell out of the last shift of the block, by one, is set (or, with `negate`,
    /// clear). Behind that shift stand moves of numbers at most.
    ShiftedOut {
        negate: bool,
    },
}

/// An operation.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    Move {
        d: Dst,
        s: Src,
    },
    /// `a + b` or `a - b` with the carry running through the bytes. `carry`: one more is added, or
    /// taken away.
    Add {
        sub: bool,
        carry: bool,
        d: Vec<Dst>,
        a: Vec<Src>,
        b: Vec<Src>,
    },
    Logic {
        op: Logic,
        d: Dst,
        a: Src,
        b: Src,
    },
    /// A shift by 1..=7 bits; whole bytes were moved by the selection.
    Shift {
        kind: ShiftKind,
        d: Vec<Dst>,
        a: Vec<Src>,
        count: u8,
    },
    /// $FF when bit 7 of `s` is set, else 0.
    SignFill {
        d: Dst,
        s: Src,
    },
    /// 1 when the answer is yes, else 0.
    Set {
        d: Dst,
        test: Test,
    },
    /// All copies at once.
    Copy {
        moves: Vec<(Vb, Src)>,
    },
    Call {
        callee: LCallee,
        args: Vec<Vec<Src>>,
        ret: Option<Reg>,
    },
    /// A run-time routine by name, with its operands byte by byte and its result.
    Rt {
        routine: RtCall,
        args: Vec<Vec<Src>>,
        ret: Option<Reg>,
        extra: Option<Reg>,
    },
    /// `len` bytes upward; the areas are the same or do not overlap.
    CopyBlock {
        d: Mem,
        s: Mem,
        len: u32,
    },
    FillBlock {
        d: Mem,
        value: Src,
        len: u32,
    },
    Asm(Box<AsmBlock>),
    Sei,
    Cli,
    /// PHP, SEI.
    Lock,
    /// PLP.
    Unlock,
    Nop(u16),
}

/// Who is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LCallee {
    Func(FuncId),
    /// `@mapped` code.
    Abs(u16),
}

/// A run-time routine: one that the middle IR names, or an arithmetic one the selection chose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RtCall {
    Rt(Rt),
    Arith(&'static str),
}

impl RtCall {
    /// The link symbol.
    pub fn name(self) -> &'static str {
        match self {
            RtCall::Rt(rt) => rt.name(),
            RtCall::Arith(name) => name,
        }
    }
}

/// An operation and its place in the source.
#[derive(Clone, PartialEq, Debug)]
pub struct LInst {
    pub op: Op,
    pub span: Option<Span>,
}

/// The end of a block.
#[derive(Clone, PartialEq, Debug)]
pub enum LTerm {
    Jump(LBlock),
    Branch {
        test: Test,
        then: LBlock,
        other: LBlock,
    },
    /// The result is in the convention's place already or given here byte by byte.
    Return(Vec<Src>),
    Unreachable,
}

impl LTerm {
    /// The successors.
    pub fn successors(&self) -> impl Iterator<Item = LBlock> + Clone + use<> {
        let (a, b) = match self {
            LTerm::Jump(t) => (Some(*t), None),
            LTerm::Branch { then, other, .. } => (Some(*then), Some(*other)),
            LTerm::Return(_) | LTerm::Unreachable => (None, None),
        };
        a.into_iter().chain(b)
    }
}

/// A basic block.
#[derive(Clone, PartialEq, Debug)]
pub struct LBlockData {
    pub insts: Vec<LInst>,
    pub term: LTerm,
    pub term_span: Option<Span>,
    /// How often it runs in one call of the function, estimated.
    pub weight: f64,
}

/// What is known of a virtual register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegData {
    pub bytes: u8,
    /// Used as the address of an access: must lie in two adjacent zero-page bytes.
    pub pointer: bool,
}

/// A function in low-level form.
#[derive(Clone, PartialEq, Debug)]
pub struct LFunc {
    pub id: FuncId,
    pub regs: IndexVec<Reg, RegData>,
    /// The registers that receive the arguments.
    pub params: Vec<Reg>,
    pub blocks: IndexVec<LBlock, LBlockData>,
}

impl Src {
    /// True when it has to be read exactly once.
    pub fn is_volatile(&self) -> bool {
        matches!(self, Src::Mem(mem) if mem.volatile)
    }

    /// Calls `f` with each register byte that reading this needs.
    pub fn for_each_vb(&self, f: &mut dyn FnMut(Vb)) {
        match self {
            Src::V(v) => f(*v),
            Src::Mem(mem) => mem.for_each_vb(f),
            Src::Imm(_) | Src::Lo(_) | Src::Hi(_) => {}
        }
    }
}

impl Mem {
    /// Calls `f` with each register byte that the address needs.
    pub fn for_each_vb(&self, f: &mut dyn FnMut(Vb)) {
        if let MemBase::Ptr(reg) = self.base {
            f(Vb::new(reg, 0));
            f(Vb::new(reg, 1));
        }
        if let Some(index) = self.index {
            f(index);
        }
    }
}

impl Dst {
    fn uses(&self, f: &mut dyn FnMut(Vb)) {
        if let Dst::Mem(mem) = self {
            mem.for_each_vb(f);
        }
    }

    fn defs(&self, f: &mut dyn FnMut(Vb)) {
        if let Dst::V(v) = self {
            f(*v);
        }
    }
}

impl Test {
    /// Calls `f` with each register byte that is read.
    pub fn for_each_vb(&self, f: &mut dyn FnMut(Vb)) {
        match self {
            Test::Cmp { a, b, .. } => a.iter().chain(b).for_each(|s| s.for_each_vb(f)),
            Test::NonZero { bytes, .. } => bytes.iter().for_each(|s| s.for_each_vb(f)),
            Test::ShiftedOut { .. } => {}
        }
    }

    /// The opposite question.
    pub fn negate(&self) -> Test {
        match self {
            Test::Cmp { cond, a, b } => Test::Cmp { cond: cond.negate(), a: a.clone(), b: b.clone() },
            Test::NonZero { bytes, negate } => Test::NonZero { bytes: bytes.clone(), negate: !negate },
            Test::ShiftedOut { negate } => Test::ShiftedOut { negate: !negate },
        }
    }
}

impl Op {
    /// Calls `f` with each register byte that is read.
    pub fn for_each_use(&self, f: &mut dyn FnMut(Vb)) {
        match self {
            Op::Move { d, s } | Op::SignFill { d, s } => {
                s.for_each_vb(f);
                d.uses(f);
            }
            Op::Add { d, a, b, .. } => {
                a.iter().chain(b).for_each(|s| s.for_each_vb(f));
                d.iter().for_each(|d| d.uses(f));
            }
            Op::Logic { d, a, b, .. } => {
                a.for_each_vb(f);
                b.for_each_vb(f);
                d.uses(f);
            }
            Op::Shift { d, a, .. } => {
                a.iter().for_each(|s| s.for_each_vb(f));
                d.iter().for_each(|d| d.uses(f));
            }
            Op::Set { d, test } => {
                test.for_each_vb(f);
                d.uses(f);
            }
            Op::Copy { moves } => moves.iter().for_each(|(_, s)| s.for_each_vb(f)),
            Op::Call { args, .. } | Op::Rt { args, .. } => {
                args.iter().flatten().for_each(|s| s.for_each_vb(f));
            }
            Op::CopyBlock { d, s, .. } => {
                d.for_each_vb(f);
                s.for_each_vb(f);
            }
            Op::FillBlock { d, value, .. } => {
                d.for_each_vb(f);
                value.for_each_vb(f);
            }
            Op::Asm(_) | Op::Sei | Op::Cli | Op::Lock | Op::Unlock | Op::Nop(_) => {}
        }
    }

    /// Calls `f` with each register byte that is written. `regs` gives the sizes of results.
    pub fn for_each_def(&self, regs: &IndexVec<Reg, RegData>, f: &mut dyn FnMut(Vb)) {
        let whole = |reg: &Option<Reg>, f: &mut dyn FnMut(Vb)| {
            if let Some(reg) = *reg {
                (0..regs[reg].bytes as usize).for_each(|k| f(Vb::new(reg, k)));
            }
        };
        match self {
            Op::Move { d, .. } | Op::SignFill { d, .. } | Op::Logic { d, .. } | Op::Set { d, .. } => {
                d.defs(f)
            }
            Op::Add { d, .. } | Op::Shift { d, .. } => d.iter().for_each(|d| d.defs(f)),
            Op::Copy { moves } => moves.iter().for_each(|(d, _)| f(*d)),
            Op::Call { ret, .. } => whole(ret, f),
            Op::Rt { ret, extra, .. } => {
                whole(ret, f);
                whole(extra, f);
            }
            Op::CopyBlock { .. }
            | Op::FillBlock { .. }
            | Op::Asm(_)
            | Op::Sei
            | Op::Cli
            | Op::Lock
            | Op::Unlock
            | Op::Nop(_) => {}
        }
    }
}

impl LTerm {
    /// Calls `f` with each register byte that is read.
    pub fn for_each_use(&self, f: &mut dyn FnMut(Vb)) {
        match self {
            LTerm::Branch { test, .. } => test.for_each_vb(f),
            LTerm::Return(bytes) => bytes.iter().for_each(|s| s.for_each_vb(f)),
            LTerm::Jump(_) | LTerm::Unreachable => {}
        }
    }
}
