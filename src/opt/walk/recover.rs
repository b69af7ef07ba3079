//! Computes a number from the pointer beside it where it is wanted, instead of counting both.
//!
//! In: a loop that moves a counter and a pointer by the same steps, from a number and an address
//! that are known, where the counter is read rarely. Out: the counter is the pointer less the
//! difference; a test for a number is one for an address. Exact for all steps, modulo 65536.

use crate::mir::cfg::Cfg;
use crate::mir::ir::{Addr, Base, BinOp, BlockId, Cond, Func, Op, Ty, Value};
use crate::mir::loops::Loops;
use crate::mir::rewrite::Code;
use crate::opt::counters::{Counter, counters};
use crate::opt::walk::web::{Facts, Reader};

/// Cycles of counting in two bytes, and of the difference.
const COUNT: i64 = 8;
const DIFFERENCE: i64 = 20;

/// What is to be done.
struct Plan {
    counter: Counter,
    pointer: Counter,
    /// The address that belongs to the number 0.
    zero: Addr,
    /// Tests for a number: block, position, condition, that number.
    tests: Vec<(BlockId, usize, Cond, u32)>,
    readers: Vec<(BlockId, usize)>,
    /// Where the difference is computed.
    block: BlockId,
}

/// Does it once; true when there was something to do.
pub fn run(func: &mut Func) -> bool {
    if Loops::of(func).loops.is_empty() {
        return false;
    }
    let Some(plan) = find(func) else { return false };
    let mut code = Code::new(func);
    let zero = code.op(Op::Addr(plan.zero), Ty::I16);
    let number = code.op(Op::Bin(BinOp::Sub, plan.pointer.param, zero), Ty::I16);
    let insts = code.finish();
    for (block, at) in plan.readers {
        func.blocks[block].insts[at].op.for_each_use_mut(|v| {
            if *v == plan.counter.param {
                *v = number;
            }
        });
    }
    // From the end, so that positions stay what they are.
    for &(block, at, cond, n) in plan.tests.iter().rev() {
        let mut code = Code::new(func);
        let offset = plan.zero.offset.wrapping_add(n as i32);
        let end = code.op(Op::Addr(Addr { offset, ..plan.zero }), Ty::I16);
        let insts = code.finish();
        func.blocks[block].insts[at].op = Op::Cmp(cond, plan.pointer.next, end);
        func.blocks[block].insts.splice(at..at, insts);
    }
    func.blocks[plan.block].insts.splice(0..0, insts);
    true
}

fn find(func: &Func) -> Option<Plan> {
    let cfg = Cfg::new(func);
    let facts = Facts::new(func);
    let all = counters(func, &cfg, &facts.loops, &facts.defs);
    let words = all.iter().filter(|c| func.ty(c.param) == Ty::I16);
    words.clone().find_map(|counter| {
        let first = facts.defs.constant(counter.first)?;
        words.clone().find_map(|pointer| {
            let beside = pointer.of == counter.of && pointer.step == counter.step;
            let start = beside.then(|| start(&facts, pointer.first)).flatten()?;
            plan(&facts, counter, pointer, Addr { offset: start.offset.wrapping_sub(first as i32), ..start })
        })
    })
}

/// A known address.
fn start(facts: &Facts, value: Value) -> Option<Addr> {
    let &Op::Addr(addr) = facts.defs.of(value)? else { return None };
    let more = addr.index.map_or(Some(0), |i| facts.defs.constant(i))?;
    let known = !matches!(addr.base, Base::Value(_) | Base::Func(_));
    known.then(|| Addr::new(addr.base, addr.offset.wrapping_add(more as i32)))
}

fn plan(facts: &Facts, counter: &Counter, pointer: &Counter, zero: Addr) -> Option<Plan> {
    let mut tests = Vec::new();
    let mut readers = Vec::new();
    for value in [counter.param, counter.next] {
        for reader in &facts.readers[value] {
            match *reader {
                Reader::Passed(param) if param == counter.param && value == counter.next => {}
                Reader::Op(block, at) => {
                    let inst = &facts.func.blocks[block].insts[at];
                    match inst.op {
                        _ if inst.result == Some(counter.next) => {}
                        Op::Cmp(cond @ (Cond::Eq | Cond::Ne), a, n)
                            if value == counter.next && a == value =>
                        {
                            tests.push((block, at, cond, facts.defs.constant(n)?));
                        }
                        _ if value == counter.param => readers.push((block, at)),
                        _ => return None,
                    }
                }
                Reader::Passed(_) | Reader::End => return None,
            }
        }
    }
    // The pointer must have moved where it is tested.
    let insts = |block: BlockId| &facts.func.blocks[block].insts;
    let moved = |&(block, at, ..): &(BlockId, usize, Cond, u32)| {
        insts(block).iter().position(|i| i.result == Some(pointer.next)).is_some_and(|p| p < at)
            || facts.home(pointer.next) != Some(block) && facts.available(pointer.next, block)
    };
    let blocks: Vec<BlockId> = readers.iter().map(|r| r.0).collect();
    let block = facts.block_before(&blocks, counter.param)?;
    let step = facts.home(counter.next)?;
    let gain = facts.weight(step) * COUNT - facts.weight(block) * DIFFERENCE;
    let worth = gain > 0 && tests.iter().all(moved);
    worth.then_some(Plan { counter: *counter, pointer: *pointer, zero, tests, readers, block })
}
