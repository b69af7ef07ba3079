//! Output files, as pure functions from a linked image to bytes or text.

pub mod asm;
pub mod crt;
pub mod d64;
pub mod dbg;
pub mod flame;
pub mod graph;
pub mod listing;
pub mod prg;
pub mod profile;
pub mod size;
pub mod svg;
pub mod treemap;
pub mod vice;
