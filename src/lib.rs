//! `pycoc`, a compiler and linker for PyCo on the Commodore 64.
//!
//! Read `docs/architecture.md` first, then `driver/build.rs`, which is the pipeline on one page.
//! A layer may use only the layers above it in this list; `tests/tidy.rs` checks that.

pub mod base;

pub mod c64;
pub mod mos;
pub mod syntax;

pub mod assembler;
pub mod parse;
pub mod sim;

pub mod sema;

pub mod mir;
pub mod oracle;

pub mod lower;
pub mod opt;

pub mod obj;

pub mod codegen;

pub mod link;

pub mod out;

pub mod driver;

pub mod cli;
