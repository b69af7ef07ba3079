//! The 6502 (MOS 6510): its instructions as data, and the symbolic form of its code.
//!
//! `table` is the only place where facts about opcodes are written down; everything else derives
//! from it. Nothing here knows the C64, the language, or where code will lie.

pub mod cost;
pub mod disasm;
pub mod effects;
pub mod encode;
pub mod inst;
pub mod item;
pub mod table;
