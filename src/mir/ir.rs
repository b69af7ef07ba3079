//! The middle IR: functions in SSA form with block parameters.
//!
//! In: built by `lower/`, or read by `mir/text.rs`. Out: rewritten by `opt/`, run by
//! `mir/interp.rs`, turned into 6502 code by `codegen/`.
//! Invariant: what `mir/verify.rs` checks holds after every pass.
//! Not here: types of PyCo, registers, addresses. An address is an `I16`. Arithmetic wraps.

use std::sync::Arc;

use crate::base::index::IndexVec;
use crate::base::source::Span;
use crate::mir::rt::Rt;

crate::define_id! {
    /// A function of a [`Program`].
    FuncId "f";
    /// A piece of static memory of a [`Program`].
    GlobalId "g";
    /// A basic block of a function; `b0` is the entry, whose parameters are the function's.
    BlockId "b";
    /// An SSA value of a function.
    Value "v";
    /// A piece of memory local to one activation of a function (array, object, string).
    SlotId "s";
}

/// The type of a value. `I1` is the result of a comparison and the condition of a branch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ty {
    I1,
    I8,
    I16,
    I32,
}

impl Ty {
    /// Size in memory; an `I1` is held in one byte, 0 or 1.
    pub fn bytes(self) -> usize {
        match self {
            Ty::I1 | Ty::I8 => 1,
            Ty::I16 => 2,
            Ty::I32 => 4,
        }
    }

    /// Number of bits that count.
    pub fn bits(self) -> u32 {
        match self {
            Ty::I1 => 1,
            Ty::I8 => 8,
            Ty::I16 => 16,
            Ty::I32 => 32,
        }
    }

    /// The bits of a value of this type.
    pub fn mask(self) -> u32 {
        u32::MAX >> (32 - self.bits())
    }

    /// `value` cut to this type and read as a signed number.
    pub fn signed(self, value: u32) -> i32 {
        let unused = 32 - self.bits();
        ((value << unused) as i32) >> unused
    }
}

/// Two-operand arithmetic. Both operands and the result have one type, except that the count of a
/// shift may have any type and is read as unsigned; a count of at least the width gives 0, or the
/// sign for `Sar`. Division follows the language: x/0 is all ones (`UDiv`), or the largest value
/// for x >= 0 and the smallest for x < 0 (`SDiv`); x%0 is x; the remainder has the sign of x.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    UDiv,
    SDiv,
    URem,
    SRem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Sar,
}

impl BinOp {
    /// True when the operands may be exchanged.
    pub fn commutes(self) -> bool {
        matches!(self, BinOp::Add | BinOp::Mul | BinOp::And | BinOp::Or | BinOp::Xor)
    }

    /// True for the operations that also work on an `I1`.
    pub fn works_on_bits(self) -> bool {
        matches!(self, BinOp::And | BinOp::Or | BinOp::Xor)
    }

    /// True for the three shifts.
    pub fn is_shift(self) -> bool {
        matches!(self, BinOp::Shl | BinOp::Shr | BinOp::Sar)
    }
}

/// How two values are compared; `U` unsigned, `S` signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cond {
    Eq,
    Ne,
    ULt,
    ULe,
    UGt,
    UGe,
    SLt,
    SLe,
    SGt,
    SGe,
}

impl Cond {
    /// The condition that holds exactly when this one does not.
    pub fn negate(self) -> Cond {
        match self {
            Cond::Eq => Cond::Ne,
            Cond::Ne => Cond::Eq,
            Cond::ULt => Cond::UGe,
            Cond::ULe => Cond::UGt,
            Cond::UGt => Cond::ULe,
            Cond::UGe => Cond::ULt,
            Cond::SLt => Cond::SGe,
            Cond::SLe => Cond::SGt,
            Cond::SGt => Cond::SLe,
            Cond::SGe => Cond::SLt,
        }
    }

    /// The condition with exchanged operands: `a < b` is `b > a`.
    pub fn swap(self) -> Cond {
        match self {
            Cond::Eq | Cond::Ne => self,
            Cond::ULt => Cond::UGt,
            Cond::ULe => Cond::UGe,
            Cond::UGt => Cond::ULt,
            Cond::UGe => Cond::ULe,
            Cond::SLt => Cond::SGt,
            Cond::SLe => Cond::SGe,
            Cond::SGt => Cond::SLt,
            Cond::SGe => Cond::SLe,
        }
    }

    /// The same ordering of the bits read as unsigned.
    pub fn unsigned(self) -> Cond {
        match self {
            Cond::SLt => Cond::ULt,
            Cond::SLe => Cond::ULe,
            Cond::SGt => Cond::UGt,
            Cond::SGe => Cond::UGe,
            other => other,
        }
    }

    /// True for the four signed orderings.
    pub fn is_signed(self) -> bool {
        matches!(self, Cond::SLt | Cond::SLe | Cond::SGt | Cond::SGe)
    }
}

/// What an address is counted from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Base {
    /// A constant address, wholly in `Addr::offset`.
    Abs,
    Global(GlobalId),
    Slot(SlotId),
    /// The code address of a function; only in `Op::Addr`.
    Func(FuncId),
    /// A pointer (`I16`).
    Value(Value),
}

/// The place of a memory access: `base + index + offset` modulo 65536. The index counts bytes and
/// is an `I8` (zero-extended) or an `I16`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Addr {
    pub base: Base,
    pub index: Option<Value>,
    pub offset: i32,
    /// The variable or array that the program names, as bytes behind `base`, a global or a pointer:
    /// the access stays in it, or what is reached through the address.
    pub within: Option<Part>,
}

impl Addr {
    /// A place without index.
    pub fn new(base: Base, offset: i32) -> Self {
        Self { base, index: None, offset, within: None }
    }

    /// A place with an index.
    pub fn indexed(base: Base, index: Value, offset: i32) -> Self {
        Self { index: Some(index), ..Self::new(base, offset) }
    }

    /// The same place for an access, which needs no bounds where nothing varies.
    pub fn plain(self) -> Self {
        Self { within: self.within.filter(|_| self.index.is_some()), ..self }
    }
}

/// Some bytes of a global, or behind a pointer: the first and the last one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Part {
    pub first: u16,
    pub last: u16,
}

impl Part {
    /// `len` bytes from `start` on, if there are such bytes.
    pub fn new(start: i64, len: u32) -> Option<Self> {
        let first = u16::try_from(start).ok()?;
        let last = u16::try_from(start + i64::from(len) - 1).ok()?;
        (first <= last).then_some(Self { first, last })
    }

    /// The same bytes as seen from a place that lies so many bytes before; `None` where no part says
    /// that.
    pub fn seen_from(self, before: i32) -> Option<Self> {
        let first = i64::from(self.first) + i64::from(before);
        Self::new(first, u32::from(self.last - self.first) + 1)
    }
}

/// What may be assumed of a memory access.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Access {
    /// Ordinary memory.
    Plain,
    /// A mapped variable: exactly one access, in program order with all other such accesses, each
    /// byte once, low byte first.
    Volatile,
    /// As `Volatile`, and no interrupt can come between its bytes.
    IrqSafe,
}

/// Who is called.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Callee {
    Func(FuncId),
    /// Code at a fixed address (`@mapped`), arguments in A, X, Y as the language says.
    Abs(u16),
}

/// A name in an `__asm__` block, resolved.
#[derive(Clone, PartialEq, Debug)]
pub enum AsmArg {
    /// The address `base + offset`; never `Base::Value`.
    Addr(Base, i32),
    Const(i64),
}

/// An `__asm__` block. Its text was assembled by the front end of the back end; see
/// `lower/` for how names are passed.
#[derive(Clone, PartialEq, Debug)]
pub struct AsmBlock {
    /// The text between the quotes.
    pub text: Arc<str>,
    /// What each `{name}` in the text stands for.
    pub args: Vec<(Arc<str>, AsmArg)>,
    /// True when characters are those of the lower/upper set.
    pub lowercase: bool,
    /// The module whose named labels the text sees.
    pub module: Arc<str>,
    /// The place of the first byte of the text.
    pub span: Option<Span>,
}

/// An operation.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    /// A number, already cut to the type of the result.
    Const(u32),
    /// An address as a value (`I16`).
    Addr(Addr),
    Bin(BinOp, Value, Value),
    Neg(Value),
    /// All bits inverted.
    Not(Value),
    /// Result `I1`.
    Cmp(Cond, Value, Value),
    Zext(Value),
    Sext(Value),
    Trunc(Value),
    /// The first value when the `I1` is 1, else the second; both are always computed.
    Select(Value, Value, Value),
    Load(Addr, Access),
    Store(Addr, Value, Access),
    Call(Callee, Vec<Value>),
    /// A run-time routine; see `mir/rt.rs`.
    Rt(Rt, Vec<Value>),
    /// Copies `len` bytes upward from `src` to `dst`; the two are the same or do not overlap.
    Copy {
        dst: Addr,
        src: Addr,
        len: u32,
        access: Access,
    },
    /// Writes `len` times the `I8` value, upward, each byte once.
    Fill {
        dst: Addr,
        value: Value,
        len: u32,
        access: Access,
    },
    Asm(Box<AsmBlock>),
    /// SEI.
    Sei,
    /// CLI.
    Cli,
    /// That many NOPs.
    Nop(u16),
}

/// An operation with its result and its place in the source.
#[derive(Clone, PartialEq, Debug)]
pub struct Inst {
    pub result: Option<Value>,
    pub op: Op,
    pub span: Option<Span>,
}

/// A successor with the arguments for its parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub block: BlockId,
    pub args: Vec<Value>,
}

/// The end of a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Term {
    Jump(Target),
    Branch {
        cond: Value,
        then: Target,
        other: Target,
    },
    Return(Option<Value>),
    /// Never reached.
    Unreachable,
}

impl Term {
    /// The successors in order.
    pub fn targets(&self) -> impl Iterator<Item = &Target> + Clone {
        let (a, b) = match self {
            Term::Jump(t) => (Some(t), None),
            Term::Branch { then, other, .. } => (Some(then), Some(other)),
            Term::Return(_) | Term::Unreachable => (None, None),
        };
        a.into_iter().chain(b)
    }

    /// The successors in order, mutable.
    pub fn targets_mut(&mut self) -> impl Iterator<Item = &mut Target> {
        let (a, b) = match self {
            Term::Jump(t) => (Some(t), None),
            Term::Branch { then, other, .. } => (Some(then), Some(other)),
            Term::Return(_) | Term::Unreachable => (None, None),
        };
        a.into_iter().chain(b)
    }
}

/// A basic block.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    pub params: Vec<Value>,
    pub insts: Vec<Inst>,
    pub term: Term,
    pub term_span: Option<Span>,
}

impl Default for Block {
    fn default() -> Self {
        Self { params: Vec::new(), insts: Vec::new(), term: Term::Unreachable, term_span: None }
    }
}

/// A piece of memory local to an activation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// The source's name, for maps and listings; may be empty.
    pub name: Arc<str>,
    pub size: u32,
}

/// How a function is entered and left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FuncKind {
    #[default]
    Normal,
    /// The body is one `Asm`; arguments in A, X, Y as the language says; no frame. The value of its
    /// `Return` means nothing: the result is what the assembly leaves in the registers.
    Naked,
    /// `@irq`: falling off the end (`Return(None)` with `chain` set by the lowering through
    /// `Rt::IrqChain` before it) goes on with the system's interrupt work.
    Irq,
    /// `@irq_raw`.
    IrqRaw,
    /// `@irq_hook`.
    IrqHook,
}

/// A function; `blocks` is empty when it is defined elsewhere.
#[derive(Clone, PartialEq, Debug)]
pub struct Func {
    /// The link symbol, unique in a program: `module.name`, `module.Class.method`.
    pub name: Arc<str>,
    pub params: Vec<Ty>,
    pub ret: Option<Ty>,
    pub kind: FuncKind,
    /// `@relocate(addr)`: the run-time address of the code.
    pub relocate: Option<u16>,
    pub exported: bool,
    /// Never copied into callers (its address is taken, or its place matters).
    pub noinline: bool,
    /// Lets no interrupt in, because it calls what handlers call too; see `lower/irq.rs`.
    pub atomic: bool,
    pub slots: IndexVec<SlotId, Slot>,
    pub blocks: IndexVec<BlockId, Block>,
    /// The type of each value.
    pub values: IndexVec<Value, Ty>,
    pub span: Option<Span>,
}

impl Func {
    /// A function without blocks.
    pub fn new(name: impl Into<Arc<str>>, params: Vec<Ty>, ret: Option<Ty>) -> Self {
        Self {
            name: name.into(),
            params,
            ret,
            kind: FuncKind::Normal,
            relocate: None,
            exported: false,
            noinline: false,
            atomic: false,
            slots: IndexVec::new(),
            blocks: IndexVec::new(),
            values: IndexVec::new(),
            span: None,
        }
    }

    /// The block in which the function begins.
    pub const ENTRY: BlockId = BlockId(0);

    /// True when the body is in another object.
    pub fn is_extern(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Ty {
        self.values[value]
    }
}

/// One part of the initial content of a global.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Init {
    Bytes(Vec<u8>),
    /// A 16-bit address: `Base::Global` or `Base::Func`, plus an offset.
    Addr(Base, i32),
}

/// What a global is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GlobalKind {
    /// Never written by the program: loads of known places may be folded.
    Const,
    /// Has initial content and may be written.
    Data,
    /// Has no initial content; holds garbage until written.
    Bss,
    /// Lies at `Global::fixed` and is not stored in the program (a mapped variable with a name).
    Mapped,
}

/// A piece of static memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Global {
    /// The link symbol, unique in a program.
    pub name: Arc<str>,
    pub kind: GlobalKind,
    pub size: u32,
    /// The content; shorter than `size` means zeros. Empty for `Bss` and `Mapped`, and for a
    /// global that is defined elsewhere (`external`).
    pub init: Vec<Init>,
    pub external: bool,
    pub exported: bool,
    /// Run-time address: of `Mapped`, or where `relocate[…]` data is copied at start-up.
    pub fixed: Option<u16>,
    /// Linked even when nothing refers to it (`relocate` data).
    pub keep: bool,
    /// The highest address at which it may start: some code counts on addresses behind it.
    pub highest: Option<u16>,
    /// An inline assembly block or `addr()` names it: anything may change it.
    pub escapes: bool,
    /// From each byte of a value in it to the next higher one: 1, or more when it is striped
    /// (`opt/stripe.rs`), stored byte by byte of its elements. Accesses to a striped global are
    /// loads and stores that name it, and two of them share either all places of bytes or none.
    pub pitch: u32,
}

impl Global {
    /// True when it has such bytes, one behind the other.
    pub fn holds(&self, part: Part) -> bool {
        self.pitch == 1 && u32::from(part.last) < self.size
    }

    /// An ordinary global of this module.
    pub fn new(name: impl Into<Arc<str>>, kind: GlobalKind, size: u32) -> Self {
        Self {
            name: name.into(),
            kind,
            size,
            init: Vec::new(),
            external: false,
            exported: false,
            fixed: None,
            highest: None,
            keep: false,
            escapes: false,
            pitch: 1,
        }
    }
}

/// The environment of a whole program, from the decorators of `main`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Environment {
    pub kernal: bool,
    pub lowercase: bool,
    pub noreturn: bool,
    pub origin: Option<u16>,
    pub charset_rom: Option<u16>,
    /// `@cartridge`.
    pub cartridge: bool,
}

/// A whole program, or one module before linking.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Program {
    pub funcs: IndexVec<FuncId, Func>,
    pub globals: IndexVec<GlobalId, Global>,
    /// `main`; none in a library.
    pub entry: Option<FuncId>,
    /// Functions to run before `entry`, in order (defaults of singletons).
    pub init: Vec<FuncId>,
    pub env: Environment,
}

impl Program {
    /// The function of a link symbol.
    pub fn func_named(&self, name: &str) -> Option<FuncId> {
        self.funcs.enumerated().find(|(_, f)| &*f.name == name).map(|(id, _)| id)
    }

    /// From each byte of a value at a place to the next higher one.
    pub fn pitch(&self, addr: &Addr) -> u32 {
        match addr.base {
            Base::Global(id) => self.globals[id].pitch,
            _ => 1,
        }
    }

    /// The global of a link symbol.
    pub fn global_named(&self, name: &str) -> Option<GlobalId> {
        self.globals.enumerated().find(|(_, g)| &*g.name == name).map(|(id, _)| id)
    }
}
