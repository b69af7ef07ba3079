//! The numbers of operations, kinds and flags in the binary form of the middle IR.
//!
//! Shared by `encode.rs` and `decode.rs`. Invariant: a number keeps its meaning for as long as the
//! version of the form (`obj/mirblob.rs`) is the same. `docs/lib-format.md` lists them.

use crate::mir::ir::{Access, BinOp, Cond, FuncKind, GlobalKind, Ty};

/// The longest binary form: many times what any module needs that fits a C64.
pub const LONGEST: usize = 1 << 20;

/// An operation is a byte: its number here, and in the two upper bits the type of its result.
pub const NUMBER: u8 = 0x3F;
pub const CONST: u8 = 0;
pub const ADDR: u8 = 1;
/// The arithmetic in the order of [`BIN_OPS`].
pub const BIN: u8 = 2;
pub const NEG: u8 = 15;
pub const NOT: u8 = 16;
/// The comparisons in the order of [`CONDS`].
pub const CMP: u8 = 17;
pub const ZEXT: u8 = 27;
pub const SEXT: u8 = 28;
pub const TRUNC: u8 = 29;
pub const SELECT: u8 = 30;
/// These four have a number for each kind of access, in the order of [`ACCESSES`].
pub const LOAD: u8 = 31;
pub const STORE: u8 = 34;
pub const COPY: u8 = 37;
pub const FILL: u8 = 40;
/// These three have the next number when the result is used.
pub const CALL: u8 = 43;
pub const CALL_ABS: u8 = 45;
pub const RT: u8 = 47;
pub const ASM: u8 = 49;
pub const SEI: u8 = 50;
pub const CLI: u8 = 51;
pub const NOP: u8 = 52;
/// The ends of a block.
pub const JUMP: u8 = 53;
pub const BRANCH: u8 = 54;
pub const RETURN: u8 = 55;
pub const RETURN_VALUE: u8 = 56;
pub const UNREACHABLE: u8 = 57;

/// A place is a byte: what it is counted from, and two flags.
pub const BASE: u8 = 0x07;
pub const BASE_ABS: u8 = 0;
pub const BASE_GLOBAL: u8 = 1;
pub const BASE_SLOT: u8 = 2;
pub const BASE_FUNC: u8 = 3;
pub const BASE_VALUE: u8 = 4;
pub const HAS_INDEX: u8 = 0x08;
pub const HAS_OFFSET: u8 = 0x10;
pub const HAS_PART: u8 = 0x20;

/// Flags of a global, beside its kind.
pub const GLOBAL_KIND: u8 = 0x03;
pub const GLOBAL_EXTERNAL: u8 = 0x04;
pub const GLOBAL_EXPORTED: u8 = 0x08;
pub const GLOBAL_KEEP: u8 = 0x10;
pub const GLOBAL_ESCAPES: u8 = 0x20;
pub const GLOBAL_FIXED: u8 = 0x40;
pub const GLOBAL_FLAGS: u8 = 0x7F;

/// Flags of a function, beside its kind.
pub const FUNC_KIND: u8 = 0x07;
pub const FUNC_EXTERN: u8 = 0x08;
pub const FUNC_EXPORTED: u8 = 0x10;
pub const FUNC_NOINLINE: u8 = 0x20;
pub const FUNC_RELOCATE: u8 = 0x40;
pub const FUNC_RET: u8 = 0x80;

/// Flags of an `__asm__` block.
pub const ASM_LOWERCASE: u8 = 0x01;

pub const TYPES: [Ty; 4] = [Ty::I1, Ty::I8, Ty::I16, Ty::I32];

pub const ACCESSES: [Access; 3] = [Access::Plain, Access::Volatile, Access::IrqSafe];

pub const GLOBAL_KINDS: [GlobalKind; 4] =
    [GlobalKind::Const, GlobalKind::Data, GlobalKind::Bss, GlobalKind::Mapped];

pub const FUNC_KINDS: [FuncKind; 5] =
    [FuncKind::Normal, FuncKind::Naked, FuncKind::Irq, FuncKind::IrqRaw, FuncKind::IrqHook];

pub const BIN_OPS: [BinOp; 13] = [
    BinOp::Add,
    BinOp::Sub,
    BinOp::Mul,
    BinOp::UDiv,
    BinOp::SDiv,
    BinOp::URem,
    BinOp::SRem,
    BinOp::And,
    BinOp::Or,
    BinOp::Xor,
    BinOp::Shl,
    BinOp::Shr,
    BinOp::Sar,
];

pub const CONDS: [Cond; 10] = [
    Cond::Eq,
    Cond::Ne,
    Cond::ULt,
    Cond::ULe,
    Cond::UGt,
    Cond::UGe,
    Cond::SLt,
    Cond::SLe,
    Cond::SGt,
    Cond::SGe,
];

/// The number of an item of one of the lists above.
pub fn number<T: PartialEq>(list: &[T], item: &T) -> u8 {
    list.iter().position(|other| other == item).unwrap_or_default() as u8
}
