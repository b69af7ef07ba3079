//! Loops that only fill or copy bytes one after the other become one fill or copy.
//!
//! In: a loop of one block that counts by one between constants, and whose only work is a store of a
//! byte that does not change, or of one loaded from another place with the same index. Out: `Fill`
//! or `Copy`, which the back end makes as fast as the machine can. Invariant: the same bytes are
//! written, each once and upward; a copy only between places that do not overlap.
//! Not here: loops of unknown length, loops that do more.

use crate::mir::alias;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Access, Addr, Base, BinOp, BlockId, Cond, Func, Op, Program, Term, Ty, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite::for_each_term_use;
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "block_loops", about: "makes fills and copies of loops over bytes", run: Run::Func(run) };

/// Rounds of a loop from which on the change pays.
const ENOUGH: u32 = 16;

/// A loop and what does its work at once.
struct Plan {
    header: BlockId,
    whole: Op,
    /// The edge that leaves the loop is the first target of the branch.
    exit_first: bool,
}

fn run(func: &mut Func, cx: &Context) -> bool {
    let plans = find(func, cx.program);
    for plan in &plans {
        let block = &mut func.blocks[plan.header];
        let at = block.insts.iter().position(|i| matches!(i.op, Op::Store(..)));
        let at = at.unwrap_or_else(|| unreachable!("block_loops: the loop stores"));
        block.insts[at].op = plan.whole.clone();
        // The load of a copy would read one byte more.
        block.insts.retain(|i| !matches!(i.op, Op::Load(..)));
        if let Term::Branch { then, other, .. } = &block.term {
            block.term = Term::Jump(if plan.exit_first { then.clone() } else { other.clone() });
        }
    }
    !plans.is_empty()
}

fn find(func: &Func, program: &Program) -> Vec<Plan> {
    let cfg = Cfg::new(func);
    let loops = Loops::new(&cfg, &Dom::new(&cfg));
    if loops.loops.is_empty() {
        return Vec::new();
    }
    let ranges = Ranges::new(func);
    loops.loops.ids().filter_map(|id| plan(func, program, &cfg, &loops, id, &ranges)).collect()
}

fn plan(
    func: &Func,
    program: &Program,
    cfg: &Cfg,
    loops: &Loops,
    id: LoopId,
    ranges: &Ranges,
) -> Option<Plan> {
    let l = &loops.loops[id];
    let header = l.header;
    let block = &func.blocks[header];
    let (&[counter], true) = (&block.params[..], l.latches == [header] && l.blocks.iter().count() == 1)
    else {
        return None;
    };
    let Term::Branch { cond, then, other } = &block.term else { return None };
    let exit_first = then.block != header;
    let (back, exit) = if exit_first { (other, then) } else { (then, other) };
    let constant = |v: Value| match ranges.def(v) {
        Some(Op::Const(n)) => Some(*n & func.ty(v).mask()),
        _ => None,
    };
    // The count.
    let Op::Cmp(kind, next, end) = *ranges.def(*cond)? else { return None };
    let goes_on = if exit_first { kind.negate() } else { kind };
    let Op::Bin(BinOp::Add, base, one) = *ranges.def(next)? else { return None };
    let counts = base == counter && constant(one) == Some(1) && back.args == [next] && exit.block != header;
    let Term::Jump(entry) = &func.blocks[loops.preheader(func, cfg, id)?].term else { return None };
    let (start, end) = (constant(entry.args[0])?, constant(end)?);
    let mask = func.ty(counter).mask();
    let more = match goes_on {
        Cond::Ne => end.wrapping_sub(start).wrapping_sub(1) & mask,
        Cond::ULt if start < end => end - start - 1,
        _ => return None,
    };
    // A counter that goes on at 0 leads back to the first bytes.
    if more > mask - start {
        return None;
    }
    // All numbers of the type are more than any block: the sum of 32 bits may wrap to none.
    let rounds = more.wrapping_add(1);
    if !counts || !(ENOUGH..=0xffff).contains(&rounds) {
        return None;
    }
    let work = Work { func, program, header, counter, next, cond: *cond };
    let whole = work.at_once(start, rounds)?;
    wanted_only_here(func, header).then_some(Plan { header, whole, exit_first })
}

/// The body of a loop that counts.
struct Work<'a> {
    func: &'a Func,
    program: &'a Program,
    header: BlockId,
    counter: Value,
    next: Value,
    cond: Value,
}

impl Work<'_> {
    /// True for values that differ from round to round.
    fn changes(&self, v: Value) -> bool {
        let insts = &self.func.blocks[self.header].insts;
        v == self.counter || insts.iter().any(|i| i.result == Some(v) && !matches!(i.op, Op::Const(_)))
    }

    /// The place of the first of the bytes that the counter goes through from `start` on.
    fn place(&self, addr: &Addr, start: u32) -> Option<Addr> {
        let fixed = !matches!(addr.base, Base::Value(v) if self.changes(v));
        let offset = addr.offset.wrapping_add(start as i32);
        (addr.index == Some(self.counter) && fixed).then_some(Addr::new(addr.base, offset))
    }

    /// What all rounds do together.
    fn at_once(&self, start: u32, len: u32) -> Option<Op> {
        let (mut load, mut store) = (None, None);
        for inst in &self.func.blocks[self.header].insts {
            match &inst.op {
                Op::Const(_) => {}
                Op::Load(addr, access) if load.is_none() && store.is_none() => {
                    load = Some((inst.result?, self.place(addr, start)?, *access));
                }
                Op::Store(addr, value, access) if store.is_none() && self.func.ty(*value) == Ty::I8 => {
                    store = Some((self.place(addr, start)?, *value, *access));
                }
                _ if inst.result == Some(self.next) || inst.result == Some(self.cond) => {}
                _ => return None,
            }
        }
        let (dst, value, written) = store?;
        match load {
            _ if written == Access::IrqSafe => None,
            None => (!self.changes(value)).then_some(Op::Fill { dst, value, len, access: written }),
            Some((loaded, src, read)) => {
                let access = if written == Access::Plain { read } else { written };
                let fine = loaded == value && read != Access::IrqSafe && apart(self.program, &dst, &src, len);
                fine.then_some(Op::Copy { dst, src, len, access })
            }
        }
    }
}

/// True when two areas share no byte for certain.
fn apart(program: &Program, dst: &Addr, src: &Addr, len: u32) -> bool {
    // What is mapped lies at its address, and all else away from what is mapped.
    let fixed = |addr: &Addr| match addr.base {
        Base::Global(g) => match program.globals[g].fixed {
            Some(at) => Addr::new(Base::Abs, addr.offset.wrapping_add(at.into())),
            None => *addr,
        },
        _ => *addr,
    };
    let (dst, src) = (fixed(dst), fixed(src));
    let named = |addr: &Addr| !matches!(addr.base, Base::Value(_) | Base::Func(_));
    alias::overlap(&dst, len, &src, len).map_or(named(&dst) && named(&src), |shared| !shared)
}

/// True when no value of the loop, but for constants, is used outside.
fn wanted_only_here(func: &Func, header: BlockId) -> bool {
    let block = &func.blocks[header];
    let computed = block.insts.iter().filter(|i| !matches!(i.op, Op::Const(_))).filter_map(|i| i.result);
    let ours: Vec<Value> = computed.chain(block.params.iter().copied()).collect();
    let mut fine = true;
    for (id, other) in func.blocks.enumerated() {
        if id != header {
            other.insts.iter().for_each(|i| i.op.for_each_use(|v| fine &= !ours.contains(&v)));
            for_each_term_use(&other.term, |v| fine &= !ours.contains(&v));
        }
    }
    // The edge out of the loop may hand them on too.
    for target in block.term.targets().filter(|t| t.block != header) {
        fine &= target.args.iter().all(|v| !ours.contains(v));
    }
    fine
}
