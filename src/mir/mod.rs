//! Layer 4: the middle IR, its text form, its analyses and its interpreter.

pub mod alias;
pub mod build;
pub mod callgraph;
pub mod cfg;
mod codes;
pub mod decode;
pub mod dom;
pub mod effects;
pub mod encode;
pub mod eval;
pub mod interp;
pub mod interp_rt;
pub mod ir;
pub mod live;
pub mod loops;
pub mod merge;
pub mod print;
pub mod rewrite;
pub mod rt;
pub mod ssa;
pub mod text;
mod text_lex;
mod text_op;
mod uses;
pub mod verify;
