//! Whether a program multiplies so often that tables of squares pay.
//!
//! In: the functions that are compiled, and how often each runs, estimated. Out: yes or no. The
//! tables take 2 KB of memory and some 35,000 cycles at the start (`asm/square.s`); each product
//! that does not come from shifts and additions saves what `saving` says.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::ir::{BinOp, Block, BlockId, Func, FuncId, Op, Program, Term, Value};
use crate::mir::loops::{LoopId, Loops};

/// Cycles saved, estimated, from which on the tables pay: fewer than they cost, because a loop of
/// unknown length counts as ten runs and most run longer.
const ENOUGH: f64 = 20_000.0;
/// Runs of a loop of unknown length.
const UNKNOWN: f64 = 10.0;
/// So much more a loop can count; longer ones are not told apart.
const MOST: u32 = 10_000;

/// True when the tables pay.
pub fn pay(program: &Program, compiled: &[FuncId], frequency: &IndexVec<FuncId, f64>) -> bool {
    compiled.iter().map(|&f| frequency[f] * savings(&program.funcs[f])).sum::<f64>() >= ENOUGH
}

/// The cycles that tables save in one run of the function.
fn savings(func: &Func) -> f64 {
    let defs: BTreeMap<Value, &Op> = func
        .blocks
        .iter()
        .flat_map(|block| &block.insts)
        .filter_map(|inst| Some((inst.result?, &inst.op)))
        .collect();
    let has_products = defs.values().any(|op| matches!(op, Op::Bin(BinOp::Mul, ..)));
    if !has_products {
        return 0.0;
    }
    let loops = Loops::of(func);
    let mut runs: IndexVec<LoopId, f64> = IndexVec::new();
    for (id, l) in loops.loops.enumerated() {
        let outer = l.parent.map_or(1.0, |p| runs[p]);
        runs.push(outer * trips(func, &defs, &loops, id));
    }
    let in_block = |block: &Block| -> f64 {
        block.insts.iter().filter_map(|inst| Some(saving(func, &defs, inst.result?, &inst.op))).sum()
    };
    let weight = |b: BlockId| loops.innermost[b].map_or(1.0, |l| runs[l]);
    func.blocks.enumerated().map(|(b, block)| weight(b) * in_block(block)).sum()
}

/// The cycles that a product from tables saves.
fn saving(func: &Func, defs: &BTreeMap<Value, &Op>, value: Value, op: &Op) -> f64 {
    let Op::Bin(BinOp::Mul, a, b) = op else { return 0.0 };
    let [a, b] = [defs.get(a), defs.get(b)];
    let widened = |op: &Option<&&Op>| matches!(op, Some(Op::Zext(_) | Op::Sext(_)));
    match (func.ty(value).bytes(), a, b) {
        (_, Some(Op::Const(_)), _) | (_, _, Some(Op::Const(_))) => 0.0,
        (1, ..) | (2, Some(Op::Zext(_)), Some(Op::Zext(_))) => 50.0,
        (2, Some(Op::Zext(_)), _) | (2, _, Some(Op::Zext(_))) => 80.0,
        (2, ..) => 210.0,
        (_, a, b) if widened(&a) && widened(&b) => 150.0,
        _ => 0.0,
    }
}

/// How often a loop runs each time it is entered: exactly when it counts from a number to a number.
fn trips(func: &Func, defs: &BTreeMap<Value, &Op>, loops: &Loops, id: LoopId) -> f64 {
    let l = &loops.loops[id];
    let exits = loops.exits(func, id);
    if exits.is_empty() {
        return f64::from(MOST);
    }
    let number = |v: &Value| if let Some(Op::Const(n)) = defs.get(v) { Some(*n) } else { None };
    // What a block hands to a parameter of the header.
    let handed = |from: BlockId, param: usize| {
        let to_header = |t: &&crate::mir::ir::Target| t.block == l.header;
        func.blocks[from].term.targets().find(to_header).and_then(|t| t.args.get(param)).copied()
    };
    let outside: Vec<BlockId> = func.blocks.ids().filter(|b| !l.blocks.contains(*b)).collect();
    let count = |param: usize, counter: Value| {
        let start = outside.iter().find_map(|b| handed(*b, param)).and_then(|v| number(&v))?;
        let next = handed(*l.latches.first()?, param)?;
        let Some(Op::Bin(op @ (BinOp::Add | BinOp::Sub), base, step)) = defs.get(&next) else { return None };
        let ty = func.ty(counter);
        let step = ty.signed(number(step).filter(|_| *base == counter)?);
        let step = if *op == BinOp::Sub { step.wrapping_neg() } else { step };
        let end = exits.iter().find_map(|(inside, _)| {
            let Term::Branch { cond, .. } = &func.blocks[*inside].term else { return None };
            let Some(Op::Cmp(_, a, b)) = defs.get(cond) else { return None };
            [(a, b), (b, a)].iter().find(|(v, _)| **v == next || **v == counter).and_then(|(_, n)| number(n))
        })?;
        let way = if step < 0 { start.wrapping_sub(end) } else { end.wrapping_sub(start) } & ty.mask();
        (step != 0).then(|| f64::from((way / step.unsigned_abs()).clamp(1, MOST)))
    };
    let params = func.blocks[l.header].params.iter().enumerate();
    params.into_iter().find_map(|(k, v)| count(k, *v)).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::text;

    fn saved(body: &str) -> f64 {
        let program = text::parse(&format!("func @main() {{\n{body}}}\n")).expect("it is valid");
        savings(&program.funcs[program.func_named("main").expect("it is there")])
    }

    /// A product of a type in a loop that counts in bytes from `start` by `step` to `end`.
    fn in_loop(ty: &str, start: u8, step: &str, end: u8) -> f64 {
        saved(&format!(
            "b0:\n  v0: i8 = const {start}\n  v1: i8 = const 3\n  v2: i8 = const {end}\n  \
             v3: {ty} = load [$1000]\n  jump b1(v0)\nb1(v4: i8):\n  v5: {ty} = mul v3, v3\n  \
             store [$1000], v5\n  v6: i8 = {step} v4, v1\n  v7: i1 = cmp ne v6, v2\n  \
             branch v7, b1(v6), b2\nb2:\n  return\n"
        ))
    }

    #[test]
    fn a_counted_loop_counts_as_often_as_it_runs() {
        assert_eq!(in_loop("i8", 0, "add", 240), 80.0 * 50.0);
        assert_eq!(in_loop("i16", 240, "sub", 0), 80.0 * 210.0);
        assert_eq!(in_loop("i16", 250, "add", 4), 3.0 * 210.0, "it wraps");
        assert_eq!(in_loop("i16", 0, "or", 240), 10.0 * 210.0, "unknown");
    }

    #[test]
    fn products_by_constants_and_of_long_words_save_nothing() {
        assert_eq!(in_loop("i32", 0, "add", 240), 0.0);
        assert_eq!(
            saved(
                "b0:\n  v0: i8 = const 7\n  v1: i8 = load [$1000]\n  v2: i8 = mul v1, v0\n  \
                          store [$1000], v2\n  return\n"
            ),
            0.0
        );
    }
}
