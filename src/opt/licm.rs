//! Moves what does not change in a loop before the loop.
//!
//! Only what costs something: not constants, static addresses, conversions to fewer bits, nor
//! comparisons, whose results live in flags. Loads move when nothing in the loop may write the place and
//! the place is a global or a slot (a pointer may point anywhere while the loop does not run).
//! Sums stay in a loop with a call that may enter the function again: what is kept over such a call is
//! pushed and pulled, which costs more.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::effects::{MemoryFacts, Place, is_pure};
use crate::mir::ir::{Access, Base, BinOp, BlockId, Callee, Func, Inst, Op, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "licm", about: "moves what does not change out of loops", run: Run::Func(run) };

fn run(func: &mut Func, ctx: &Context) -> bool {
    rewrite::remove_unreachable(func);
    let cfg = Cfg::new(func);
    let loops = Loops::new(&cfg, &Dom::new(&cfg));
    if loops.loops.is_empty() {
        return false;
    }
    let facts = MemoryFacts::new(ctx.effects, func, &cfg);
    let mut moves: Vec<(LoopId, Vec<Inst>)> = Vec::new();
    let recursive = ctx.is_recursive();
    // Outer loops first: what moves out of them need not move twice.
    for id in loops.loops.ids() {
        let pushes = recursive && calls_again(func, ctx, &loops, id);
        let stays = if pushes { is_cheap } else { is_free };
        let moved = take_invariant(func, &facts, &loops, id, stays);
        if !moved.is_empty() {
            moves.push((id, moved));
        }
    }
    let changed = !moves.is_empty();
    let mut preheaders: IndexVec<LoopId, Option<BlockId>> = IndexVec::filled(loops.loops.len(), None);
    for (id, insts) in moves {
        let known = preheaders[id];
        let preheader = known.unwrap_or_else(|| loops.make_preheader(func, &cfg, id));
        preheaders[id] = Some(preheader);
        func.blocks[preheader].insts.extend(insts);
    }
    changed
}

/// True when a call in the loop may lead back into the function, which is recursive.
fn calls_again(func: &Func, ctx: &Context, loops: &Loops, id: LoopId) -> bool {
    let mut ops = loops.loops[id].blocks.iter().flat_map(|b| &func.blocks[b].insts).map(|i| &i.op);
    ops.any(|op| matches!(op, Op::Call(Callee::Func(callee), _) if ctx.effects.is_recursive(*callee)))
}

/// Takes the invariant operations out of the loop's blocks, in an order in which they can run. What
/// `stays` tells moves only along with what needs it.
fn take_invariant(
    func: &mut Func,
    facts: &MemoryFacts,
    loops: &Loops,
    id: LoopId,
    stays: fn(&Op) -> bool,
) -> Vec<Inst> {
    let l = &loops.loops[id];
    let mut inside = loops.values_made_in(func, id);
    // Values that are free everywhere count as outside, and move along with what needs them.
    let mut moved = Vec::new();
    loop {
        let mut found = Vec::new();
        for block in l.blocks.iter() {
            for (i, inst) in func.blocks[block].insts.iter().enumerate() {
                if let Some(result) = inst.result
                    && inside.contains(result)
                    && is_invariant(func, facts, loops, id, inst, &inside)
                {
                    inside.remove(result);
                    found.push((block, i));
                }
            }
        }
        if found.is_empty() {
            break;
        }
        for &(block, i) in &found {
            moved.push((block, func.blocks[block].insts[i].clone()));
        }
    }
    let mut needed: IdSet<Value> = IdSet::new(func.values.len());
    let mut kept = Vec::new();
    for (block, inst) in moved.into_iter().rev() {
        let Some(result) = inst.result else { continue };
        if !stays(&inst.op) || needed.contains(result) {
            inst.op.for_each_use(|v| {
                needed.insert(v);
            });
            kept.push((block, inst));
        }
    }
    kept.reverse();
    let gone: IdSet<Value> = kept.iter().filter_map(|(_, inst)| inst.result).collect();
    for block in l.blocks.iter() {
        func.blocks[block].insts.retain(|i| !i.result.is_some_and(|r| gone.contains(r)));
    }
    kept.into_iter().map(|(_, inst)| inst).collect()
}

fn is_invariant(
    func: &Func,
    facts: &MemoryFacts,
    loops: &Loops,
    id: LoopId,
    inst: &Inst,
    inside: &IdSet<Value>,
) -> bool {
    let mut outside = true;
    inst.op.for_each_use(|v| outside &= !inside.contains(v));
    if !outside {
        return false;
    }
    match &inst.op {
        Op::Cmp(..) | Op::Select(..) => false,
        Op::Load(addr, Access::Plain) => {
            let place = Place { addr: *addr, len: inst.result.map_or(4, |r| func.ty(r).bytes()) as u32 };
            let blocks = &loops.loops[id].blocks;
            let mut ops = blocks.iter().flat_map(|b| &func.blocks[b].insts).map(|i| &i.op);
            let safe = matches!(addr.base, Base::Global(_) | Base::Slot(_));
            safe && !facts.is_shared(addr) && !ops.any(|op| facts.may_write(op, &place))
        }
        op => is_pure(op),
    }
}

/// Operations that cost (nearly) nothing where they are used.
fn is_free(op: &Op) -> bool {
    match op {
        Op::Const(_) | Op::Trunc(_) | Op::Zext(_) => true,
        Op::Addr(addr) => addr.index.is_none() && !matches!(addr.base, Base::Value(_)),
        _ => false,
    }
}

/// Operations that cost less than to push their result and to pull it.
fn is_cheap(op: &Op) -> bool {
    match op {
        Op::Bin(op, ..) => matches!(op, BinOp::Add | BinOp::Sub | BinOp::And | BinOp::Or | BinOp::Xor),
        Op::Neg(_) | Op::Not(_) | Op::Sext(_) | Op::Addr(_) => true,
        op => is_free(op),
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// A loop with a call of `callee` to which the sum of two parameters is passed.
    fn with_call(callee: &str) -> String {
        let mut program = text::parse(&format!(
            "func @f(i8, i8) {{\nb0(v0: i8, v1: i8):\n jump b1(v0)\nb1(v2: i8):\n v3: i8 = add v0, v1\n\
             call {callee}(v3, v2)\n v4: i1 = cmp eq v2, v1\n branch v4, b1(v3), b2\nb2:\n return\n}}\n\
             func @g(i8, i8) {{\nb0(v0: i8, v1: i8):\n return\n}}"
        ))
        .unwrap();
        run_pass(&mut program, pass_named("licm").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_sum_is_not_kept_over_a_call_of_the_function_itself() {
        let in_loop = |text: &str| text.split("b1(").nth(2).unwrap().contains("add v0, v1");
        assert!(!in_loop(&with_call("@g")) && in_loop(&with_call("@f")), "{}", with_call("@f"));
    }

    #[test]
    fn products_and_unwritten_memory_leave_the_loop() {
        let mut program = text::parse(
            "global @g bss 2\nglobal @h bss 2\nfunc @f(i16, i16, i1) {\nb0(v0: i16, v1: i16, v2: i1):\n\
             branch v2, b1, b1\nb1:\n v3: i16 = mul v0, v1\n v4: i16 = load [@g]\n v5: i16 = load [@h]\n\
             v6: i16 = add v4, v5\n v7: i16 = add v6, v3\n store [@h], v7\n branch v2, b1, b2\nb2:\n return\n}",
        )
        .unwrap();
        assert!(run_pass(&mut program, pass_named("licm").unwrap(), Level::O2));
        verify::verify(&program).unwrap();
        let text = print::program(&program);
        let inside = text.split("b1:").nth(1).unwrap().split("b2:").next().unwrap();
        assert!(!inside.contains("mul") && !inside.contains("@g") && inside.contains("load [@h]"), "{text}");
    }
}
