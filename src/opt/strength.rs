//! Replaces multiples of loop counters by counters of their own.
//!
//! In a loop whose counter `i` changes by `s`, `i * n` becomes a parameter that starts at
//! `first * n` and changes by `s * n`. When the counter is then only used to end the loop, the end
//! is tested on the new parameter, and the counter goes.

use std::collections::BTreeMap;

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BinOp, BlockId, Cond, Func, Inst, Op, Term, Ty, Value};
use crate::mir::loops::Loops;
use crate::mir::rewrite::{self, Code, Substitution};
use crate::opt::counters::{Counter, Defs, counters, exact_counters};
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "strength", about: "counts multiples instead of multiplying", run: Run::Func(run) };

/// New counters in one function at a time; each needs room in memory.
const MAX_NEW: usize = 8;

/// A multiple of a counter.
struct Multiple {
    counter: Counter,
    header: BlockId,
    /// The values `param * factor` in the loop.
    values: Vec<Value>,
    ty: Ty,
    factor: u32,
}

fn run(func: &mut Func, _ctx: &Context) -> bool {
    rewrite::remove_unreachable(func);
    let multiples = find(func);
    let changed = !multiples.is_empty();
    let mut subst = Substitution::new(func);
    for multiple in multiples.into_iter().take(MAX_NEW) {
        count_multiple(func, &multiple, &mut subst);
    }
    subst.apply(func);
    changed
}

fn find(func: &Func) -> Vec<Multiple> {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let loops = Loops::new(&cfg, &dom);
    let defs = Defs::new(func);
    let exact: BTreeMap<Value, (u32, u32)> = exact_counters(func, &cfg, &dom, &loops, &defs)
        .into_iter()
        .map(|(v, first, last)| (v, (first, last)))
        .collect();
    let mut found = Vec::new();
    for counter in counters(func, &cfg, &loops, &defs) {
        let l = &loops.loops[counter.of];
        let mut by_factor: BTreeMap<(Ty, u32), Vec<Value>> = BTreeMap::new();
        for inst in l.blocks.iter().flat_map(|b| &func.blocks[b].insts) {
            let Some(result) = inst.result else { continue };
            let ty = func.ty(result);
            let Some((source, factor)) = product(&inst.op, &defs) else { continue };
            // An extended counter must not wrap before it is extended.
            let extended = matches!(defs.of(source), Some(&Op::Zext(x)) if x == counter.param);
            if source == counter.param || (extended && exact.contains_key(&counter.param)) {
                by_factor.entry((ty, factor)).or_default().push(result);
            }
        }
        for ((ty, factor), values) in by_factor {
            found.push(Multiple { counter, header: l.header, values, ty, factor });
        }
    }
    found
}

/// A product that costs more than an addition: the operand and the factor.
fn product(op: &Op, defs: &Defs) -> Option<(Value, u32)> {
    match *op {
        Op::Bin(BinOp::Mul, a, b) => Some((a, defs.constant(b)?)),
        // A single shift is as cheap as counting.
        Op::Bin(BinOp::Shl, a, b) => match defs.constant(b)? {
            n @ 2..=31 => Some((a, 1 << n)),
            _ => None,
        },
        _ => None,
    }
}

fn count_multiple(func: &mut Func, multiple: &Multiple, subst: &mut Substitution) {
    let Multiple { counter, header, ref values, ty, factor } = *multiple;
    let narrow = func.ty(counter.param);
    let param = func.values.push(ty);
    func.blocks[header].params.push(param);
    // The step, by its sign in the counter's type.
    let step = (narrow.signed(counter.step) as u32).wrapping_mul(factor);
    for pred in func.blocks.ids() {
        let edges: Vec<Option<Value>> = func.blocks[pred]
            .term
            .targets()
            .map(|t| (t.block == header).then(|| t.args[counter.index]))
            .collect();
        for (edge, arg) in edges.into_iter().enumerate() {
            let Some(arg) = arg else { continue };
            let mut code = Code::new(func);
            let value = if arg == counter.next {
                let step = code.number(step, ty);
                code.op(Op::Bin(BinOp::Add, param, step), ty)
            } else {
                let first = if narrow < ty { code.op(Op::Zext(arg), ty) } else { arg };
                let factor = code.number(factor, ty);
                code.op(Op::Bin(BinOp::Mul, first, factor), ty)
            };
            code.append_to(pred);
            if let Some(target) = func.blocks[pred].term.targets_mut().nth(edge) {
                target.args.push(value);
            }
        }
    }
    values.iter().for_each(|&v| subst.replace(v, param));
}

pub const END_PASS: Pass = Pass {
    name: "loop_ends",
    about: "ends loops by another counter when the first is only counted",
    run: Run::Func(run_ends),
};

/// Tests the end of a loop on another counter, so that the first is not needed.
fn run_ends(func: &mut Func, _ctx: &Context) -> bool {
    rewrite::remove_unreachable(func);
    let found = find_ends(func);
    let changed = !found.is_empty();
    for (id, position, next, ty, end) in found {
        let value = func.values.push(ty);
        let block = &mut func.blocks[id];
        // At the end of the block, after whatever computes the other counter.
        let mut test = block.insts.remove(position);
        if let Op::Cmp(_, a, b) = &mut test.op {
            (*a, *b) = (next, value);
        }
        block.insts.push(Inst { result: Some(value), op: Op::Const(end), span: test.span });
        block.insts.push(test);
    }
    changed
}

/// Comparisons to change: block, position, the new left side, its type, the new end.
fn find_ends(func: &Func) -> Vec<(BlockId, usize, Value, Ty, u32)> {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let loops = Loops::new(&cfg, &dom);
    let defs = Defs::new(func);
    let all = counters(func, &cfg, &loops, &defs);
    let exact: BTreeMap<Value, (u32, u32)> = exact_counters(func, &cfg, &dom, &loops, &defs)
        .into_iter()
        .map(|(v, first, last)| (v, (first, last)))
        .collect();
    let uses = rewrite::count_uses(func);
    let mut found: Vec<(BlockId, usize, Value, Ty, u32)> = Vec::new();
    for old in &all {
        // Used by its own next value only; that by the loop's end and the way around.
        let Some(&(first, last)) = exact.get(&old.param) else { continue };
        if uses[old.param] != 1 || uses[old.next] != 2 {
            continue;
        }
        let blocks = &loops.loops[old.of].blocks;
        let test = blocks.iter().find_map(|b| {
            let insts = &func.blocks[b].insts;
            let tests = |i: &Inst| {
                matches!(i.op, Op::Cmp(Cond::Eq | Cond::Ne, x, n) if x == old.next && defs.constant(n).is_some())
            };
            insts.iter().position(tests).map(|at| (b, at))
        });
        let Some((block, at)) = test else { continue };
        let ty = func.ty(old.param);
        let step = ty.signed(old.step);
        let Some(cond) = func.blocks[block].insts[at].result else { continue };
        let branches = matches!(func.blocks[block].term, Term::Branch { cond: c, .. } if c == cond);
        let ends_there = matches!(func.blocks[block].insts[at].op, Op::Cmp(_, _, n)
            if defs.constant(n) == Some(last.wrapping_add(old.step) & ty.mask()));
        if !branches || !ends_there || uses[cond] != 1 {
            continue;
        }
        let rounds = i64::from(last.abs_diff(first)) / i64::from(step.unsigned_abs()) + 1;
        let other = all.iter().find_map(|new| {
            let ty = func.ty(new.param);
            let start = defs.constant(new.first)?;
            let new_step = ty.signed(new.step);
            // The end must not be met before: all values in between differ.
            let way = i64::from(new_step.unsigned_abs()) * rounds;
            let usable = new.of == old.of
                && new.param != old.param
                && ty <= func.ty(old.param)
                && uses[new.param] > 1
                && new_step != 0
                && way <= i64::from(ty.mask());
            let defined = home(func, new.next).is_some_and(|b| dom.dominates(b, block));
            let end = (i64::from(start) + i64::from(new_step) * rounds) as u32 & ty.mask();
            (usable && defined).then_some((new.next, ty, end))
        });
        if let Some((next, ty, end)) = other
            && !found.iter().any(|f| f.0 == block)
        {
            found.push((block, at, next, ty, end));
        }
    }
    found
}

fn home(func: &Func, value: Value) -> Option<BlockId> {
    func.blocks.enumerated().find(|(_, b)| b.insts.iter().any(|i| i.result == Some(value))).map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    #[test]
    fn an_array_of_objects_is_walked_by_its_offset() {
        let mut program = text::parse(
            "global @w bss 192\nfunc @f() {\nb0:\n v0: i8 = const 0\n v1: i8 = const 6\n v2: i8 = const 1\n\
             v3: i8 = const 32\n jump b1(v0)\nb1(v4: i8):\n v5: i8 = mul v4, v1\n store [@w + v5], v0\n\
             v6: i8 = add v4, v2\n v7: i1 = cmp ne v6, v3\n branch v7, b1(v6), b2\nb2:\n return\n}",
        )
        .unwrap();
        for name in ["strength", "fold", "dce", "simplify_cfg", "loop_ends", "dce"] {
            run_pass(&mut program, pass_named(name).unwrap(), Level::O2);
            verify::verify(&program).unwrap();
        }
        let text = print::program(&program);
        assert!(!text.contains("mul") && text.contains("const 192"), "{text}");
        assert_eq!(text.matches("add").count(), 1, "{text}");
    }
}
