//! Facts about the C64 that both the compiler and the built-in machine need: memory areas, character codes, KERNAL
//! entry points. No state and no behaviour; the machine itself is `sim`.

pub mod fixed;
pub mod float;
pub mod kernal;
pub mod memmap;
pub mod petscii;
