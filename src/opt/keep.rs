//! Passes a value on instead of the number that a test has found it to be.
//!
//! In: behind `x == 2`, a 2 that goes to a parameter from which `x` comes in the next round. Out: `x`
//! itself, which lies where the parameter will lie, so that nothing is to be done: states of a state
//! machine that stay as they are. Invariant: the same values.
//! Runs late: `gvn` puts the number in place of `x`. Not here: values that have another home.

use std::collections::BTreeMap;

use crate::base::idset::IdSet;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BlockId, Cond, Func, Op, Term, Ty, Value};
use crate::opt::counters::Defs;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "keep", about: "passes on what a test found instead of its number", run: Run::Func(run) };

/// What a branch has decided: `value` is `number` in `block` and in what it dominates.
struct Found {
    block: BlockId,
    value: Value,
    number: u32,
}

fn run(func: &mut Func, _: &Context) -> bool {
    let cfg = Cfg::new(func);
    let found = found(func, &cfg);
    if found.is_empty() {
        return false;
    }
    let dom = Dom::new(&cfg);
    let mut changes: Vec<(BlockId, usize, usize, Value)> = Vec::new();
    let defs = Defs::new(func);
    let mut known: BTreeMap<Value, IdSet<Value>> = BTreeMap::new();
    for Found { block, value, number } in found {
        let sources = known.entry(value).or_insert_with(|| sources(func, &cfg, value));
        for &at in cfg.rpo.iter().filter(|&&at| dom.dominates(block, at)) {
            for (way, target) in func.blocks[at].term.targets().enumerate() {
                let params = &func.blocks[target.block].params;
                for (position, (arg, param)) in target.args.iter().zip(params).enumerate() {
                    if sources.contains(*param) && defs.constant(*arg) == Some(number) {
                        changes.push((at, way, position, value));
                    }
                }
            }
        }
    }
    for &(at, way, position, value) in &changes {
        if let Some(target) = func.blocks[at].term.targets_mut().nth(way) {
            target.args[position] = value;
        }
    }
    !changes.is_empty()
}

/// The numbers that branches find in values that may change.
fn found(func: &Func, cfg: &Cfg) -> Vec<Found> {
    let defs = Defs::new(func);
    let mut found = Vec::new();
    for &block in &cfg.rpo {
        let Some(pred) = cfg.single_pred(block) else { continue };
        let Term::Branch { cond, then, other } = &func.blocks[pred].term else { continue };
        let wanted = if then.block == block { Cond::Eq } else { Cond::Ne };
        if let Some(&Op::Cmp(relation, value, number)) = defs.of(*cond)
            && then.block != other.block
            && relation == wanted
            && func.ty(value) != Ty::I1
            && defs.of(value).is_none()
            && let Some(number) = defs.constant(number)
        {
            found.push(Found { block, value, number });
        }
    }
    found
}

/// The parameter and the parameters that are handed to it, at once or through others.
fn sources(func: &Func, cfg: &Cfg, param: Value) -> IdSet<Value> {
    let mut sources: IdSet<Value> = [param].into_iter().collect();
    let mut changed = true;
    while changed {
        changed = false;
        for target in cfg.rpo.iter().flat_map(|b| func.blocks[*b].term.targets()) {
            for (&arg, param) in target.args.iter().zip(&func.blocks[target.block].params) {
                changed |= sources.contains(*param) && sources.insert(arg);
            }
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// A state machine of which state 2 goes on with `next`, which is 2 or 3.
    fn kept(next: &str) -> String {
        let mut program = text::parse(&format!(
            "func @f(i8) {{\nb0(v0: i8):\n v1: i8 = const 2\n v2: i8 = const 3\n jump b1(v0)\n\
             b1(v3: i8):\n v4: i8 = load volatile [$d012]\n v5: i1 = cmp eq v3, v1\n branch v5, b2, b3(v4)\n\
             b2:\n store volatile [$d020], v4\n jump b3({next})\nb3(v6: i8):\n jump b1(v6)\n}}"
        ))
        .unwrap();
        run_pass(&mut program, pass_named("keep").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_state_that_stays_is_handed_on() {
        assert!(kept("v1").contains("jump b3(v3)"), "{}", kept("v1"));
    }

    #[test]
    fn another_state_is_a_number() {
        assert!(kept("v2").contains("jump b3(v2)"));
    }
}
