//! Makes the control-flow graph smaller: merges blocks, skips empty ones, threads jumps.
//!
//! Threading: a predecessor for which the outcome of a block's branch is known jumps straight to
//! where the branch goes. Values of the skipped block must not be used elsewhere.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::effects::is_pure;
use crate::mir::eval;
use crate::mir::ir::{Block, BlockId, Func, Inst, Op, Target, Term, Value};
use crate::mir::loops::Loops;
use crate::mir::rewrite::{self, Substitution, for_each_term_use};
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "simplify_cfg", about: "merges and skips blocks, threads jumps", run: Run::Func(run) };

/// Operations of a block that a threaded jump may skip.
const MAX_SKIPPED: usize = 6;

/// Jumps that may be threaded through the headers of loops: each one past the first takes a round of
/// some loop out of it.
const MAX_HEADERS_SKIPPED: usize = 4;

fn run(func: &mut Func, _ctx: &Context) -> bool {
    let mut changed = rewrite::remove_unreachable(func);
    let mut headers_left = MAX_HEADERS_SKIPPED;
    loop {
        let mut again = simplify_branches(func);
        again |= skip_blocks(func, &mut headers_left);
        again |= rewrite::remove_unreachable(func);
        again |= merge_blocks(func);
        if !again {
            return changed;
        }
        changed = true;
    }
}

/// Branches whose two targets are one become jumps.
fn simplify_branches(func: &mut Func) -> bool {
    let mut changed = false;
    for block in func.blocks.iter_mut() {
        if let Term::Branch { then, other, .. } = &block.term
            && then == other
        {
            block.term = Term::Jump(then.clone());
            changed = true;
        }
    }
    changed
}

/// Appends to each block the only successor of which it is the only predecessor.
fn merge_blocks(func: &mut Func) -> bool {
    let cfg = Cfg::new(func);
    let mut subst = Substitution::new(func);
    let mut changed = false;
    for &id in &cfg.rpo {
        while let Term::Jump(target) = &func.blocks[id].term {
            let next = target.block;
            // A block that was merged away is empty of predecessors, never the entry.
            if next == id || next == Func::ENTRY || cfg.single_pred(next).is_none() {
                break;
            }
            let args = target.args.clone();
            let merged = std::mem::take(&mut func.blocks[next]);
            for (&param, arg) in merged.params.iter().zip(args) {
                subst.replace(param, arg);
            }
            let block = &mut func.blocks[id];
            block.insts.extend(merged.insts);
            block.term = merged.term;
            block.term_span = merged.term_span;
            changed = true;
        }
    }
    if changed {
        subst.apply(func);
        rewrite::remove_unreachable(func);
    }
    changed
}

/// What threading needs to know of a function.
struct Threader {
    /// Blocks that may be skipped: pure, and none of their values is used elsewhere.
    closed: IndexVec<BlockId, bool>,
    /// Values that are numbers.
    consts: IndexVec<Value, Option<u32>>,
}

fn skip_blocks(func: &mut Func, headers_left: &mut usize) -> bool {
    let mut threader = Threader::new(func);
    let headers = loop_headers(func);
    let mut changed = false;
    for from in func.blocks.ids() {
        for edge in 0..2 {
            // Bounded: a cycle of empty blocks would go on for ever.
            for _ in 0..func.blocks.len() {
                let Some(target) = func.blocks[from].term.targets().nth(edge).cloned() else { break };
                if target.block == from || !threader.closed[target.block] {
                    break;
                }
                // Skipping the test of a loop at its entry is worth it; running the loop is not.
                let header = headers[target.block];
                if header && *headers_left == 0 {
                    break;
                }
                let Some(next) = threader.bypass(func, from, &target) else { break };
                if next.block == target.block {
                    break;
                }
                *headers_left -= usize::from(header);
                if let Some(slot) = func.blocks[from].term.targets_mut().nth(edge) {
                    *slot = next;
                }
                changed = true;
            }
        }
    }
    changed
}

/// The blocks to which some edge goes back.
fn loop_headers(func: &Func) -> IndexVec<BlockId, bool> {
    let cfg = Cfg::new(func);
    let mut headers = IndexVec::filled(func.blocks.len(), false);
    for id in func.blocks.ids() {
        headers[id] = cfg.preds[id].iter().any(|p| cfg.position[*p] >= cfg.position[id]);
    }
    headers
}

/// What is known of a value of the skipped block on one way.
#[derive(Clone, Copy)]
enum Known {
    Const(u32),
    /// It is this value from outside.
    Value(Value),
    No,
}

impl Threader {
    fn new(func: &Func) -> Self {
        let mut home: IndexVec<Value, BlockId> = IndexVec::filled(func.values.len(), Func::ENTRY);
        let mut consts = IndexVec::filled(func.values.len(), None);
        for (id, block) in func.blocks.enumerated() {
            block.params.iter().for_each(|&v| home[v] = id);
            for inst in &block.insts {
                let Some(result) = inst.result else { continue };
                home[result] = id;
                if let Op::Const(n) = inst.op {
                    consts[result] = Some(n);
                }
            }
        }
        let small = |b: &Block| b.insts.len() <= MAX_SKIPPED && b.insts.iter().all(|i| is_pure(&i.op));
        let mut closed: IndexVec<BlockId, bool> =
            func.blocks.enumerated().map(|(id, b)| id != Func::ENTRY && small(b)).collect();
        for (id, block) in func.blocks.enumerated() {
            let mut see = |v: Value| {
                if home[v] != id {
                    closed[home[v]] = false;
                }
            };
            block.insts.iter().for_each(|i| i.op.for_each_use(&mut see));
            for_each_term_use(&block.term, &mut see);
        }
        // Threading through the test of a loop would run the loop here, round by round.
        let cfg = Cfg::new(func);
        for l in Loops::new(&cfg, &Dom::new(&cfg)).loops.iter() {
            closed[l.header] &= matches!(func.blocks[l.header].term, Term::Jump(_));
        }
        Self { closed, consts }
    }

    /// Where the jump from `from` to `target` leads in the end, when that is known.
    fn bypass(&mut self, func: &mut Func, from: BlockId, target: &Target) -> Option<Target> {
        let block = &func.blocks[target.block];
        let mut known: BTreeMap<Value, Known> = BTreeMap::new();
        for (&param, &arg) in block.params.iter().zip(&target.args) {
            known.insert(param, Known::Value(arg));
        }
        for inst in &block.insts {
            let computed = self.evaluate(func, inst, &known);
            if let Some(result) = inst.result {
                known.insert(result, computed.map_or(Known::No, Known::Const));
            }
        }
        let next = match &block.term {
            Term::Jump(next) => next.clone(),
            Term::Branch { cond, then, other } => {
                if self.constant(*cond, &known)? != 0 {
                    then.clone()
                } else {
                    other.clone()
                }
            }
            _ => return None,
        };
        if next.args.iter().any(|arg| matches!(known.get(arg), Some(Known::No))) {
            return None;
        }
        let mut args = Vec::new();
        for arg in next.args {
            args.push(match known.get(&arg) {
                Some(Known::Value(value)) => *value,
                Some(Known::Const(n)) => {
                    let value = func.values.push(func.ty(arg));
                    self.consts.push(Some(*n));
                    func.blocks[from].insts.push(Inst { result: Some(value), op: Op::Const(*n), span: None });
                    value
                }
                _ => arg,
            });
        }
        Some(Target { block: next.block, args })
    }

    fn constant(&self, value: Value, known: &BTreeMap<Value, Known>) -> Option<u32> {
        match known.get(&value) {
            Some(Known::Const(n)) => Some(*n),
            Some(Known::Value(v)) => self.consts[*v],
            Some(Known::No) => None,
            None => self.consts[value],
        }
    }

    fn evaluate(&self, func: &Func, inst: &Inst, known: &BTreeMap<Value, Known>) -> Option<u32> {
        let ty = func.ty(inst.result?);
        eval::op(&inst.op, ty, |v| func.ty(v), |v| self.constant(v, known))
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    fn simplified(body: &str) -> String {
        let text = format!("func @f(i1, i8) -> i8 {{\nb0(v0: i1, v1: i8):\n{body}\n}}");
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("simplify_cfg").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_jump_with_a_known_outcome_goes_straight() {
        let text = simplified(
            "v2: i1 = const 0\n v3: i1 = const 1\n branch v0, b1, b2\nb1:\n rt rt_print_u8(v1)\n jump b3(v2)\n\
             b2:\n jump b3(v3)\nb3(v4: i1):\n branch v4, b4, b5\nb4:\n return v1\nb5:\n v5: i8 = neg v1\n return v5",
        );
        assert_eq!(text.matches("branch").count(), 1, "{text}");
    }

    #[test]
    fn a_loop_is_not_run_here() {
        let text = simplified(
            "v2: i8 = const 0\n v3: i8 = const 1\n jump b1(v2)\nb1(v4: i8):\n v5: i8 = add v4, v3\n\
             v6: i8 = const 200\n v7: i1 = cmp ult v5, v6\n branch v7, b1(v5), b2(v5)\nb2(v8: i8):\n return v8",
        );
        assert!(text.contains("branch"), "{text}");
    }
}
