//! The low-level IR as text, for `--emit lir`.
//!
//! One line an operation; `r5.1` is byte 1 of register 5. Not read back by anything.

use std::fmt::Write;

use crate::codegen::lir::{LFunc, LTerm};
use crate::mir::ir::Program;

/// The text of all functions.
pub fn low_level(program: &Program, funcs: &[LFunc]) -> String {
    let mut out = String::new();
    for func in funcs {
        let params: Vec<String> = func.params.iter().map(|p| p.to_string()).collect();
        let _ = writeln!(out, "func {}({}) {{", program.funcs[func.id].name, params.join(", "));
        for (id, block) in func.blocks.enumerated() {
            let _ = writeln!(out, "{id}: // runs {} times", block.weight);
            for inst in &block.insts {
                let _ = writeln!(out, "  {:?}", inst.op);
            }
            let _ = match &block.term {
                LTerm::Jump(to) => writeln!(out, "  jump {to}"),
                LTerm::Branch { test, then, other } => writeln!(out, "  branch {test:?}, {then}, {other}"),
                LTerm::Return(bytes) => writeln!(out, "  return {bytes:?}"),
                LTerm::Unreachable => writeln!(out, "  unreachable"),
            };
        }
        let _ = writeln!(out, "}}\n");
    }
    out
}
