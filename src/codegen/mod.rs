//! Layer 7: middle IR → 6502 code.

pub mod lir;
pub mod select;
