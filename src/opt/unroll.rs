//! Repeats the body of short counted loops, so that the end is tested less often.
//!
//! In: an innermost loop that is left only at its end and whose number of rounds is known. Out: so
//! many copies of its body as divide that number; with as many copies as rounds the loop is gone.
//! By price: a body that is long beside the test stays, and so does what would grow too long. For
//! speed only. Not here: loops that data ends, and the left-over rounds of numbers that do not divide.

use std::collections::BTreeMap;

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BinOp, Block, BlockId, Cond, Func, Inst, Op, Target, Term, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite::{self, for_each_term_use_mut};
use crate::opt::counters::{Counter, Defs, counters};
use crate::opt::{Context, Level, Pass, Run};

pub const PASS: Pass =
    Pass { name: "unroll", about: "repeats the bodies of short counted loops", run: Run::Func(run) };

/// A body this long hardly gains: about 150 cycles beside the 5 to 7 of the test.
const LONG: u32 = 40;
/// The longest body that repeating may make.
const LONGEST: u32 = 128;

/// A loop to unroll.
struct Plan {
    header: BlockId,
    /// The block that tests the end.
    latch: BlockId,
    blocks: Vec<BlockId>,
    /// Copies of the body, the original counted.
    copies: u32,
    /// No round is left to test for.
    whole: bool,
}

fn run(func: &mut Func, ctx: &Context) -> bool {
    if ctx.level != Level::O2 {
        return false;
    }
    rewrite::remove_unreachable(func);
    let plans = find(func);
    plans.iter().for_each(|plan| unroll(func, plan));
    !plans.is_empty()
}

fn find(func: &Func) -> Vec<Plan> {
    let cfg = Cfg::new(func);
    let loops = Loops::new(&cfg, &Dom::new(&cfg));
    if loops.loops.is_empty() {
        return Vec::new();
    }
    let defs = Defs::new(func);
    let mut plans: BTreeMap<LoopId, Plan> = BTreeMap::new();
    for counter in counters(func, &cfg, &loops, &defs) {
        if let Some(plan) = plan(func, &loops, &defs, &counter) {
            plans.entry(counter.of).or_insert(plan);
        }
    }
    plans.into_values().collect()
}

/// Of how many rounds the loop consists that ends when the counter's next value is `end`; several
/// when it is entered in several ways.
fn rounds(func: &Func, defs: &Defs, counter: &Counter, end: u32) -> Option<Vec<u32>> {
    let ty = func.ty(counter.param);
    let step = ty.signed(counter.step);
    let firsts = match defs.constant(counter.first) {
        Some(first) => vec![first],
        None => incoming(func, counter.first).into_iter().map(|v| defs.constant(v)).collect::<Option<_>>()?,
    };
    let rounds = firsts.into_iter().map(|first| {
        let way = if step < 0 { first.wrapping_sub(end) } else { end.wrapping_sub(first) } & ty.mask();
        // From a number to itself it is once around.
        let way = if way == 0 { u64::from(ty.mask()) + 1 } else { u64::from(way) };
        let step = u64::from(step.unsigned_abs());
        u32::try_from(way.checked_div(step)?).ok().filter(|_| way.is_multiple_of(step))
    });
    rounds.collect::<Option<Vec<u32>>>().filter(|r| !r.is_empty())
}

/// What a parameter of a block is at first and later.
fn incoming(func: &Func, param: Value) -> Vec<Value> {
    let home =
        func.blocks.enumerated().find_map(|(id, b)| Some((id, b.params.iter().position(|&p| p == param)?)));
    let Some((home, index)) = home.filter(|h| h.0 != Func::ENTRY) else { return Vec::new() };
    let targets = func.blocks.iter().flat_map(|b| b.term.targets()).filter(|t| t.block == home);
    targets.filter_map(|t| t.args.get(index).copied()).collect()
}

fn plan(func: &Func, loops: &Loops, defs: &Defs, counter: &Counter) -> Option<Plan> {
    let id = counter.of;
    let l = &loops.loops[id];
    let [latch] = l.latches[..] else { return None };
    let inner = loops.loops.iter().any(|other| other.parent == Some(id));
    if inner || loops.exits(func, id).iter().map(|exit| exit.0).ne([latch]) {
        return None;
    }
    let Term::Branch { cond, then, other } = &func.blocks[latch].term else { return None };
    let equal = match *defs.of(*cond)? {
        Op::Cmp(Cond::Eq, x, n) if x == counter.next => Some((then.block, n)),
        Op::Cmp(Cond::Ne, x, n) if x == counter.next => Some((other.block, n)),
        _ => None,
    };
    let (_, end) = equal.filter(|(leaves, _)| *leaves != l.header)?;
    let rounds = rounds(func, defs, counter, defs.constant(end)?)?;
    let blocks: Vec<BlockId> = l.blocks.iter().collect();
    let mut price = 0u32;
    for inst in blocks.iter().flat_map(|&b| &func.blocks[b].insts) {
        price = price.saturating_add(price_of(func, defs, inst)?);
    }
    let copies = copies(&rounds, price.max(1))?;
    let whole = rounds.iter().all(|&r| r == copies);
    Some(Plan { header: l.header, latch, blocks, copies, whole })
}

/// How many copies of a body of that price are worth it.
fn copies(rounds: &[u32], price: u32) -> Option<u32> {
    let fewest = *rounds.iter().min()?;
    if fewest < 2 || price >= LONG {
        return None;
    }
    if rounds == [fewest] && fewest.saturating_mul(price) <= LONGEST {
        return Some(fewest);
    }
    let divides = |n: &u32| rounds.iter().all(|r| r.is_multiple_of(*n));
    // The fewest that make the test cheap, else the most that fit.
    let most = LONGEST / price;
    (2..=most).filter(divides).find(|n| n * price >= LONG).or_else(|| (2..=most).rev().find(divides))
}

/// About the number of bytes that an operation handles; `None` for what cannot be repeated.
fn price_of(func: &Func, defs: &Defs, inst: &Inst) -> Option<u32> {
    let bytes = |v: Value| func.ty(v).bytes() as u32;
    let result = inst.result.map_or(0, bytes);
    Some(match inst.op {
        Op::Const(_) | Op::Zext(_) | Op::Trunc(_) => 0,
        Op::Bin(op, _, n) if op.is_shift() => match defs.constant(n) {
            Some(n) => result * (n % 8).max(1),
            None => LONG,
        },
        Op::Bin(BinOp::Mul, _, n) if defs.constant(n).is_some() => result * 4,
        Op::Bin(BinOp::Mul | BinOp::UDiv | BinOp::SDiv | BinOp::URem | BinOp::SRem, ..) => LONG,
        Op::Cmp(_, a, _) => bytes(a),
        Op::Store(_, value, _) => bytes(value),
        Op::Call(..) | Op::Rt(..) | Op::Copy { .. } | Op::Fill { .. } => LONG,
        Op::Asm(_) => return None,
        _ => result.max(1),
    })
}

fn unroll(func: &mut Func, plan: &Plan) {
    let original: Vec<Block> = plan.blocks.iter().map(|&b| func.blocks[b].clone()).collect();
    let Some(latch) = plan.blocks.iter().position(|&b| b == plan.latch) else { return };
    let (again, leave) = match &original[latch].term {
        Term::Branch { then, other, .. } if then.block == plan.header => (then.clone(), other.clone()),
        Term::Branch { then, other, .. } => (other.clone(), then.clone()),
        _ => return,
    };
    let first_copy = func.blocks.next_id();
    let mut names = Names { blocks: BTreeMap::new(), values: BTreeMap::new() };
    // The end of each copy but the last leads to the next one.
    let mut end = plan.latch;
    for _ in 1..plan.copies {
        let next = Names::new(func, plan, &original);
        let mut target = again.clone();
        target.args.iter_mut().for_each(|v| names.value(v));
        next.block(&mut target);
        func.blocks[end].term = Term::Jump(target);
        for (&id, block) in plan.blocks.iter().zip(&original) {
            let mut copy = block.clone();
            next.rename(&mut copy);
            // The way back leads to the original until the next copy is there.
            copy.term.targets_mut().filter(|t| t.block != plan.header).for_each(|t| next.block(t));
            func.blocks[next.blocks[&id]] = copy;
        }
        end = next.blocks[&plan.latch];
        names = next;
    }
    if plan.whole {
        let mut target = leave;
        target.args.iter_mut().for_each(|v| names.value(v));
        func.blocks[end].term = Term::Jump(target);
    }
    // What is used after the loop is what the last copy computes.
    for (at, block) in func.blocks.enumerated_mut() {
        if at < first_copy && !plan.blocks.contains(&at) {
            block.insts.iter_mut().for_each(|i| i.op.for_each_use_mut(|v| names.value(v)));
            for_each_term_use_mut(&mut block.term, |v| names.value(v));
        }
    }
}

/// What a copy calls the blocks and values of the original.
struct Names {
    blocks: BTreeMap<BlockId, BlockId>,
    values: BTreeMap<Value, Value>,
}

impl Names {
    /// New blocks and values for everything in the loop.
    fn new(func: &mut Func, plan: &Plan, original: &[Block]) -> Names {
        let mut names = Names { blocks: BTreeMap::new(), values: BTreeMap::new() };
        for (&id, block) in plan.blocks.iter().zip(original) {
            names.blocks.insert(id, func.blocks.push(Block::default()));
            for old in block.params.iter().copied().chain(block.insts.iter().filter_map(|i| i.result)) {
                names.values.insert(old, func.values.push(func.ty(old)));
            }
        }
        names
    }

    fn value(&self, value: &mut Value) {
        *value = self.values.get(value).copied().unwrap_or(*value);
    }

    fn block(&self, target: &mut Target) {
        target.block = self.blocks.get(&target.block).copied().unwrap_or(target.block);
    }

    /// Renames the values of a block.
    fn rename(&self, block: &mut Block) {
        block.params.iter_mut().for_each(|v| self.value(v));
        for inst in &mut block.insts {
            inst.result.iter_mut().for_each(|v| self.value(v));
            inst.op.for_each_use_mut(|v| self.value(v));
        }
        for_each_term_use_mut(&mut block.term, |v| self.value(v));
    }
}

#[cfg(test)]
mod tests {
    use super::copies;
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    fn unrolled(rounds: u32) -> String {
        let mut program = text::parse(&format!(
            "func @f(i32) -> i32 {{\nb0(v0: i32):\n v1: i8 = const {rounds}\n v2: i8 = const 255\n\
             v3: i8 = const 0\n v4: i8 = const 1\n jump b1(v0, v1)\nb1(v5: i32, v6: i8):\n\
             v7: i32 = shr v5, v4\n v8: i32 = xor v7, v0\n v9: i8 = add v6, v2\n v10: i1 = cmp ne v9, v3\n\
             branch v10, b1(v8, v9), b2\nb2:\n v11: i32 = xor v8, v5\n return v11\n}}"
        ))
        .unwrap();
        run_pass(&mut program, pass_named("unroll").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_short_loop_goes() {
        let text = unrolled(3);
        assert!(!text.contains("branch"), "{text}");
        assert_eq!(text.matches("shr").count(), 3, "{text}");
    }

    #[test]
    fn a_long_loop_tests_less_often() {
        let text = unrolled(200);
        assert_eq!((text.matches("branch").count(), text.matches("shr").count()), (1, 4), "{text}");
        assert_eq!(unrolled(199).matches("shr").count(), 1, "nothing divides 199");
    }

    #[test]
    fn the_number_of_copies_has_a_price() {
        assert_eq!(copies(&[8], 14), Some(8));
        assert_eq!(copies(&[256, 24], 3), Some(8));
        assert_eq!(copies(&[2], 64), None);
    }
}
