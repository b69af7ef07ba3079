//! Layer 4: the middle IR, its text form, its analyses and its interpreter.

pub mod build;
pub mod ir;
pub mod rewrite;
pub mod rt;
