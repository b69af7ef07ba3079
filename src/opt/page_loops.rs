//! Loops over more than 256 bytes: an 8-bit counter inside, a counter of pages outside.
//!
//! In: an innermost loop in which a 16-bit counter runs by one from `start` to `end` and is used for
//! nothing but indices. Out: two loops. The inner one runs `y` up to 256; the first time it begins
//! so high that all later rounds have 256 steps. Every place `base + i` becomes `p + y` with a
//! pointer `p` that moves on by 256 in the outer loop, which is what `(zp),y` wants.
//! Invariant: the same accesses in the same order. Only when `start < end` is certain.

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Addr, Base, BinOp, Block, BlockId, Cond, Func, Op, Target, Term, Ty, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite::{Code, for_each_term_use};
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "page_loops", about: "splits loops over long arrays into pages", run: Run::Func(run) };

/// Pointers that one loop may need.
const MAX_POINTERS: usize = 6;

/// A loop that can be split.
struct Plan {
    header: BlockId,
    latch: BlockId,
    preheader: BlockId,
    blocks: Vec<BlockId>,
    /// Which parameter of the header is the counter.
    at: usize,
    counter: Value,
    next: Value,
    start: Value,
    end: Value,
    /// The places that are indexed, without the index.
    places: Vec<(Base, i32)>,
    /// The back edge is the first target of the latch's branch.
    back_first: bool,
}

fn run(func: &mut Func, _: &Context) -> bool {
    let mut changed = false;
    // A split loop has an 8-bit counter and is not found again.
    while let Some(plan) = find(func) {
        split(func, &plan);
        changed = true;
    }
    changed
}

fn find(func: &Func) -> Option<Plan> {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let loops = Loops::new(&cfg, &dom);
    let ranges = Ranges::new(func);
    loops.loops.ids().find_map(|id| plan(func, &cfg, &loops, id, &ranges))
}

fn plan(func: &Func, cfg: &Cfg, loops: &Loops, id: LoopId, ranges: &Ranges) -> Option<Plan> {
    let l = &loops.loops[id];
    let innermost = !loops.loops.iter().any(|other| other.parent == Some(id));
    let (&[latch], true) = (&l.latches[..], innermost) else { return None };
    let preheader = loops.preheader(func, cfg, id)?;
    let exits = loops.exits(func, id);
    if exits.len() != 1 || exits[0].0 != latch {
        return None;
    }
    let Term::Branch { cond, then, other } = &func.blocks[latch].term else { return None };
    let back_first = then.block == l.header;
    let back = if back_first { then } else { other };
    let Op::Cmp(kind, next, end) = *ranges.def(*cond)? else { return None };
    let goes_on = if back_first { kind } else { kind.negate() };
    if !matches!(goes_on, Cond::Ne | Cond::ULt) || func.ty(next) != Ty::I16 {
        return None;
    }
    let Op::Bin(BinOp::Add, counter, one) = *ranges.def(next)? else { return None };
    let at = func.blocks[l.header].params.iter().position(|p| *p == counter)?;
    if !matches!(ranges.def(one), Some(Op::Const(1))) || back.args[at] != next {
        return None;
    }
    let blocks: Vec<BlockId> = l.blocks.iter().collect();
    let inside = |v: Value| {
        blocks.iter().any(|b| {
            let block = &func.blocks[*b];
            block.params.contains(&v) || block.insts.iter().any(|i| i.result == Some(v))
        })
    };
    let Term::Jump(entry) = &func.blocks[preheader].term else { return None };
    let start = entry.args[at];
    let certain = ranges.at(start, preheader).high < ranges.at(end, preheader).low;
    if !certain || inside(end) {
        return None;
    }
    let places = places(func, &blocks, counter, next, *cond, &inside)?;
    let plan = Plan {
        header: l.header,
        latch,
        preheader,
        blocks,
        at,
        counter,
        next,
        start,
        end,
        places,
        back_first,
    };
    uses_allow(func, &plan, *cond).then_some(plan)
}

/// The places that the counter indexes; nothing when a base changes in the loop, or none is there.
fn places(
    func: &Func,
    blocks: &[BlockId],
    counter: Value,
    next: Value,
    cond: Value,
    inside: &dyn Fn(Value) -> bool,
) -> Option<Vec<(Base, i32)>> {
    let mut places: Vec<(Base, i32)> = Vec::new();
    for inst in blocks.iter().flat_map(|b| &func.blocks[*b].insts) {
        let addr = match &inst.op {
            Op::Load(addr, _) | Op::Store(addr, _, _) if addr.index == Some(counter) => addr,
            op => {
                let mut other = false;
                op.for_each_use(|v| other |= v == counter && inst.result != Some(next));
                op.for_each_use(|v| other |= v == next && inst.result != Some(cond));
                if other {
                    return None;
                }
                continue;
            }
        };
        if let Op::Store(_, value, _) = inst.op
            && (value == counter || value == next)
        {
            return None;
        }
        if let Base::Value(v) = addr.base
            && (inside(v) || v == counter)
        {
            return None;
        }
        if !places.contains(&(addr.base, addr.offset)) {
            places.push((addr.base, addr.offset));
        }
    }
    (!places.is_empty() && places.len() <= MAX_POINTERS).then_some(places)
}

/// True when nothing but the back edge passes the counter on, and nobody outside wants it.
fn uses_allow(func: &Func, plan: &Plan, cond: Value) -> bool {
    let ours = |v: Value| v == plan.counter || v == plan.next || v == cond;
    let mut fine = true;
    for (id, block) in func.blocks.enumerated() {
        let inside = plan.blocks.contains(&id);
        if !inside {
            block.insts.iter().for_each(|i| i.op.for_each_use(|v| fine &= !ours(v)));
        }
        let mut count = 0;
        for_each_term_use(&block.term, |v| count += usize::from(ours(v)));
        let allowed = if id == plan.latch { 2 } else { 0 };
        fine &= count <= allowed;
    }
    fine
}

fn split(func: &mut Func, plan: &Plan) {
    let span = func.blocks[plan.latch].term_span;
    let mut before = Code::new(func);
    let length = before.op(Op::Bin(BinOp::Sub, plan.end, plan.start), Ty::I16);
    let low = before.op(Op::Trunc(length), Ty::I8);
    let first = before.op(Op::Neg(low), Ty::I8);
    let one = before.number(1, Ty::I16);
    let last = before.op(Op::Bin(BinOp::Sub, length, one), Ty::I16);
    let eight = before.number(8, Ty::I8);
    let high = before.op(Op::Bin(BinOp::Shr, last, eight), Ty::I16);
    let high = before.op(Op::Trunc(high), Ty::I8);
    let one8 = before.number(1, Ty::I8);
    let pages = before.op(Op::Bin(BinOp::Add, high, one8), Ty::I8);
    let wide = before.op(Op::Zext(first), Ty::I16);
    let shift = before.op(Op::Bin(BinOp::Sub, plan.start, wide), Ty::I16);
    let mut pointers = Vec::new();
    for &(base, offset) in &plan.places {
        pointers.push(before.op(Op::Addr(Addr::indexed(base, shift, offset)), Ty::I16));
    }
    before.append_to(plan.preheader);

    // The outer block: pages, first y, pointers, and what the header takes besides the counter.
    let others: Vec<Ty> =
        func.blocks[plan.header].params.iter().filter(|p| **p != plan.counter).map(|p| func.ty(*p)).collect();
    let outer_pages = func.values.push(Ty::I8);
    let outer_first = func.values.push(Ty::I8);
    let outer_pointers: Vec<Value> = pointers.iter().map(|_| func.values.push(Ty::I16)).collect();
    let outer_others: Vec<Value> = others.iter().map(|ty| func.values.push(*ty)).collect();
    let y = func.values.push(Ty::I8);
    let mut outer = Block { term_span: span, ..Block::default() };
    outer.params = [outer_pages, outer_first].into_iter().chain(outer_pointers.clone()).collect();
    outer.params.extend(&outer_others);
    let mut header_args = outer_others.clone();
    header_args.insert(plan.at, outer_first);
    outer.term = Term::Jump(Target { block: plan.header, args: header_args });
    let outer = func.blocks.push(outer);

    let Term::Jump(entry) = std::mem::replace(&mut func.blocks[plan.preheader].term, Term::Unreachable)
    else {
        unreachable!("page_loops: the preheader jumps");
    };
    let mut args: Vec<Value> = [pages, first].into_iter().chain(pointers).collect();
    args.extend(without(&entry.args, plan.at));
    func.blocks[plan.preheader].term = Term::Jump(Target { block: outer, args });

    func.blocks[plan.header].params[plan.at] = y;
    for &block in &plan.blocks {
        for inst in &mut func.blocks[block].insts {
            let (Op::Load(addr, _) | Op::Store(addr, _, _)) = &mut inst.op else { continue };
            if addr.index == Some(plan.counter) {
                let which = plan.places.iter().position(|p| *p == (addr.base, addr.offset));
                let pointer = outer_pointers[which.expect("every place was collected")];
                *addr = Addr::indexed(Base::Value(pointer), y, 0);
            }
        }
        func.blocks[block].insts.retain(|i| i.result != Some(plan.next));
    }
    latch(func, plan, y, outer, outer_pages, &outer_pointers);
}

/// The inner loop's end, and the outer loop's.
fn latch(func: &mut Func, plan: &Plan, y: Value, outer: BlockId, pages: Value, pointers: &[Value]) {
    let span = func.blocks[plan.latch].term_span;
    let Term::Branch { cond, then, other } =
        std::mem::replace(&mut func.blocks[plan.latch].term, Term::Unreachable)
    else {
        unreachable!("page_loops: the latch branches");
    };
    let (mut back, exit) = if plan.back_first { (then, other) } else { (other, then) };
    func.blocks[plan.latch].insts.retain(|i| i.result != Some(cond));
    let mut code = Code::new(func);
    let one = code.number(1, Ty::I8);
    let next = code.op(Op::Bin(BinOp::Add, y, one), Ty::I8);
    let zero = code.number(0, Ty::I8);
    let more = code.op(Op::Cmp(Cond::Ne, next, zero), Ty::I1);
    let insts = code.finish();

    let mut code = Code::new(func);
    let page = code.number(0x100, Ty::I16);
    let next_pointers: Vec<Value> =
        pointers.iter().map(|p| code.op(Op::Bin(BinOp::Add, *p, page), Ty::I16)).collect();
    // Last, so that its flags are there for the branch.
    let minus = code.number(0xff, Ty::I8);
    let left = code.op(Op::Bin(BinOp::Add, pages, minus), Ty::I8);
    let mut args = vec![left, zero];
    args.extend(next_pointers);
    args.extend(without(&back.args, plan.at));
    let any = code.op(Op::Cmp(Cond::Ne, left, zero), Ty::I1);
    let end = Block {
        params: Vec::new(),
        insts: code.finish(),
        term: Term::Branch { cond: any, then: Target { block: outer, args }, other: exit },
        term_span: span,
    };
    let end = func.blocks.push(end);
    back.args[plan.at] = next;
    let block = &mut func.blocks[plan.latch];
    block.insts.extend(insts);
    block.term = Term::Branch { cond: more, then: back, other: Target { block: end, args: Vec::new() } };
}

fn without(args: &[Value], at: usize) -> impl Iterator<Item = Value> {
    args.iter().enumerate().filter(move |(k, _)| *k != at).map(|(_, v)| *v)
}
