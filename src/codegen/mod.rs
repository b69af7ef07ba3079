//! Layer 7: middle IR → 6502 code.

pub mod convention;
pub mod emit;
pub mod homes;
pub mod lir;
pub mod mach;
pub mod select;
pub mod webs;
