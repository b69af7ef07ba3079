//! Layer 1: the words and the tree of PyCo, without any knowledge of how text becomes them.

pub mod ast;
pub mod print;
pub mod token;
