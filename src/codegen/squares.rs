//! Whether a program multiplies so often that tables of squares pay.
//!
//! In: the functions that are compiled, and how often each runs, estimated. Out: yes or no. The
//! tables take 2 KB of memory and some 35,000 cycles at the start, and save up to 250 cycles a
//! product (`asm/square.s`), so that a hundred products or more are wanted.

use crate::base::index::IndexVec;
use crate::codegen::function::block_weights;
use crate::mir::ir::{BinOp, FuncId, Op, Program};

/// Products at run time, estimated, from which on the tables pay.
const ENOUGH: f64 = 100.0;

/// True when the tables pay.
pub fn pay(program: &Program, compiled: &[FuncId], frequency: &IndexVec<FuncId, f64>) -> bool {
    let products = |&f: &FuncId| {
        let func = &program.funcs[f];
        let constants: Vec<_> = func
            .blocks
            .iter()
            .flat_map(|block| &block.insts)
            .filter(|inst| matches!(inst.op, Op::Const(_)))
            .filter_map(|inst| inst.result)
            .collect();
        let weights = block_weights(program, f);
        let in_block = |op: &Op| match op {
            Op::Bin(BinOp::Mul, a, b) => !constants.contains(a) && !constants.contains(b),
            _ => false,
        };
        let runs: f64 = func
            .blocks
            .enumerated()
            .map(|(b, block)| weights[b] * block.insts.iter().filter(|i| in_block(&i.op)).count() as f64)
            .sum();
        runs * frequency[f]
    };
    compiled.iter().map(products).sum::<f64>() >= ENOUGH
}
