//! Moves what both ways of a branch begin with before the branch.
//!
//! In: a branch to two blocks that nobody else jumps to. Out: an operation that both compute from
//! the same operands is computed once, before the branch. Saves its bytes, and a shift beside the
//! test of the bit that it shifts out becomes one with the test (`codegen/select/fold.rs`).
//! Not here: calls and accesses to mapped memory.

use crate::mir::cfg::Cfg;
use crate::mir::effects::is_pure;
use crate::mir::ir::{Access, BlockId, Func, Op, Term, Value};
use crate::mir::rewrite::Substitution;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "hoist", about: "computes before a branch what both ways compute", run: Run::Func(run) };

fn run(func: &mut Func, _: &Context) -> bool {
    let cfg = Cfg::new(func);
    let mut subst = Substitution::new(func);
    let mut changed = false;
    // Later blocks first: what was hoisted into a block may go on from there.
    for &block in cfg.rpo.iter().rev() {
        let Term::Branch { then, other, .. } = &func.blocks[block].term else { continue };
        let (a, b) = (then.block, other.block);
        let alone = |b: BlockId| cfg.preds[b] == [block];
        if a == b || !alone(a) || !alone(b) || !then.args.is_empty() || !other.args.is_empty() {
            continue;
        }
        while let Some((at, twin)) = common(func, a, b, &mut subst) {
            let mut inst = func.blocks[a].insts.remove(at);
            let gone = func.blocks[b].insts.remove(twin);
            inst.op.for_each_use_mut(|v| *v = subst.resolve(*v));
            if let (Some(old), Some(new)) = (gone.result, inst.result) {
                subst.replace(old, new);
            }
            func.blocks[block].insts.push(inst);
            changed = true;
        }
    }
    subst.apply(func);
    changed
}

/// The places of an operation that both blocks compute and that does not need anything else of
/// them.
fn common(func: &Func, a: BlockId, b: BlockId, subst: &mut Substitution) -> Option<(usize, usize)> {
    let (first, second) = (movable(func, a, subst), movable(func, b, subst));
    first.iter().find_map(|(at, op)| {
        let twin = second.iter().find(|(_, other)| other == op)?;
        let ty = |block: BlockId, at: usize| func.blocks[block].insts[at].result.map(|v| func.ty(v));
        (ty(a, *at) == ty(b, twin.0)).then_some((*at, twin.0))
    })
}

/// The operations that could stand at the start of the block, with operands resolved.
fn movable(func: &Func, block: BlockId, subst: &mut Substitution) -> Vec<(usize, Op)> {
    let mut own: Vec<Value> = Vec::new();
    let mut writes = false;
    let mut found = Vec::new();
    for (at, inst) in func.blocks[block].insts.iter().enumerate() {
        let mut op = inst.op.clone();
        op.for_each_use_mut(|v| *v = subst.resolve(*v));
        let mut needs_own = false;
        op.for_each_use(|v| needs_own |= own.contains(&v));
        let fits = match op {
            Op::Load(_, access) => access == Access::Plain && !writes,
            _ => is_pure(&op),
        };
        if fits && !needs_own && inst.result.is_some() {
            found.push((at, op.clone()));
        }
        writes |= !is_pure(&op) && !matches!(op, Op::Load(_, Access::Plain));
        own.extend(inst.result);
    }
    found
}
