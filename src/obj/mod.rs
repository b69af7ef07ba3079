//! Objects: position-free code and data between code generation and linking.

pub mod branch;
pub mod deps;
pub mod emit;
pub mod lib_v1;
pub mod lib_v2;
pub mod libbuild;
pub mod libfile;
pub mod liblink;
pub mod mirblob;
pub mod notation;
pub mod object;
pub mod reloc;
pub mod rt_abi;
pub mod rt_arith;
pub mod zpset;
