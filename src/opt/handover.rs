//! Passes a value on once where both ways of a branch take it.
//!
//! In: `branch c, b1(v), b2(v)` at the end of a loop, where `v` cannot simply take the place of what
//! the loop has had so far, since that is still read after `v` was computed. Out: `jump b3(v)` and
//! `b3(w): branch c, b1(w), b2(w)`: the copy is made once, before the test, which reads it while it
//! is in a register, and the way back needs no block of its own.
//! Runs last: `simplify_cfg` would put the two blocks together again.

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Block, BlockId, Func, Op, Target, Term, Value};
use crate::mir::live::Liveness;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "handover", about: "passes on before a branch what both ways take", run: Run::Func(run) };

fn run(func: &mut Func, _: &Context) -> bool {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let live = Liveness::new(func, &cfg);
    let found: Vec<(BlockId, Vec<Value>)> = cfg
        .rpo
        .iter()
        .map(|&id| (id, handed_over(func, &dom, &live, id)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    for (block, values) in &found {
        split(func, *block, values);
    }
    !found.is_empty()
}

/// The values that both ways of a branch back take, and that need a copy.
fn handed_over(func: &Func, dom: &Dom, live: &Liveness, id: BlockId) -> Vec<Value> {
    let Term::Branch { then, other, .. } = &func.blocks[id].term else { return Vec::new() };
    let (back, out) = if dom.dominates(then.block, id) { (then, other) } else { (other, then) };
    if !dom.dominates(back.block, id) || back.block == out.block {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (&value, &param) in back.args.iter().zip(&func.blocks[back.block].params) {
        if out.args.contains(&value) && !found.contains(&value) && overlap(func, live, param, value) {
            found.push(value);
        }
    }
    found
}

/// True when `param` is still read after `value` was computed.
fn overlap(func: &Func, live: &Liveness, param: Value, value: Value) -> bool {
    func.blocks.enumerated().any(|(id, block)| {
        let at = block.insts.iter().position(|i| i.result == Some(value));
        at.is_some_and(|at| {
            live.live_out[id].contains(param) || block.insts[at + 1..].iter().any(|i| i.op.reads(param))
        })
    })
}

/// Splits a block in front of its test, with new parameters for the values.
fn split(func: &mut Func, id: BlockId, values: &[Value]) {
    let params: Vec<Value> = values.iter().map(|v| func.values.push(func.ty(*v))).collect();
    let swap = |v: &mut Value| {
        if let Some(at) = values.iter().position(|value| value == v) {
            *v = params[at];
        }
    };
    let block = &mut func.blocks[id];
    let mut end = Block {
        params: params.clone(),
        insts: Vec::new(),
        term: std::mem::replace(&mut block.term, Term::Unreachable),
        term_span: block.term_span,
    };
    if let Term::Branch { cond, .. } = end.term
        && block.insts.last().is_some_and(|i| i.result == Some(cond) && matches!(i.op, Op::Cmp(..)))
    {
        end.insts.extend(block.insts.pop());
    }
    end.insts.iter_mut().for_each(|i| i.op.for_each_use_mut(swap));
    end.term.targets_mut().flat_map(|t| &mut t.args).for_each(swap);
    let end = func.blocks.push(end);
    func.blocks[id].term = Term::Jump(Target { block: end, args: values.to_vec() });
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    #[test]
    fn what_both_ways_take_is_passed_on_once() {
        let mut program = text::parse(
            "func @f(i16, i16) -> i16 {\nb0(v0: i16, v1: i16):\n v2: i8 = const 0\n jump b1(v0)\n\
             b1(v3: i16):\n v4: i16 = sub v3, v1\n store [v3], v2\n v5: i1 = cmp uge v4, v1\n\
             branch v5, b1(v4), b2(v4)\nb2(v6: i16):\n return v6\n}",
        )
        .unwrap();
        assert!(run_pass(&mut program, pass_named("handover").unwrap(), Level::O2));
        verify::verify(&program).unwrap();
        let text = print::program(&program);
        assert!(text.contains("jump b3(v4)") && text.contains("cmp uge v7, v1"), "{text}");
        assert!(text.contains("branch v5, b1(v7), b2(v7)"), "{text}");
        assert!(!run_pass(&mut program, pass_named("handover").unwrap(), Level::O2));
    }
}
