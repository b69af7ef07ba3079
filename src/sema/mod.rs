//! Layer 3: names, types and meaning. `ast::Module` in, `hir::Module` and `Interface` out.

pub mod hir;
pub mod hir_expr;
pub mod types;
pub mod versions;
