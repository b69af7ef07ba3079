//! Layer 4: the middle IR, its text form, its analyses and its interpreter.

pub mod ir;
pub mod rt;
