//! The built-in C64: runs programs counted in cycles, without any ROM image.
//!
//! In: a PRG file, keys to type, a drive. Out: how it ended, cycles, printed text, screen, picture. Invariant: a run
//! depends on nothing but its inputs. The CPU is the crate `mos6502`; the KERNAL is a set of traps.
//! Not here: files of the host (`driver`), the debugger's names (`out`).

pub mod bus;
pub mod charset;
pub mod cia;
pub mod cpu;
pub mod editor;
pub mod files;
pub mod kernal;
pub mod keyboard;
pub mod machine;
pub mod marker;
pub mod output;
pub mod picture;
pub mod profile;
pub mod screen;
pub mod sid;
pub mod system;
pub mod vic;

pub use bus::Access;
pub use files::{Drive, NoDrive};
pub use machine::{Exit, LoadError, Machine, Outcome, RunOptions};
