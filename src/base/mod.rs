//! Layer 0: what every other layer builds on and nothing of PyCo or the 6502.

pub mod bytes;
pub mod codes;
pub mod diag;
pub mod idset;
pub mod index;
pub mod json;
pub mod lists;
pub mod render;
pub mod source;
pub mod suggest;
