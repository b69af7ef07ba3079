//! Counts behind a loop from the value with which it is left.
//!
//! In: a loop that counts `p` up to `next = p + c`, and reads of `p` behind it. Out: they read
//! `next - c`, computed once where the loop is left. So `p` ends where `next` begins, and both can be
//! counted in one place: else each round would copy one to the other. Invariant: the same values.
//! Not here: loops in which `p` is read after `next` is there. Runs late: `fold` would take the sum
//! apart again.

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BinOp, BlockId, Func, Inst, Op, Value};
use crate::mir::loops::Loops;
use crate::mir::rewrite::{self, for_each_term_use_mut};
use crate::opt::counters::{Counter, Defs, counters};
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "leave", about: "counts behind a loop from where it ended", run: Run::Func(run) };

fn run(func: &mut Func, _: &Context) -> bool {
    rewrite::remove_unreachable(func);
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let loops = Loops::new(&cfg, &dom);
    let all = counters(func, &cfg, &loops, &Defs::new(func));
    if all.is_empty() {
        return false;
    }
    let readers = rewrite::readers(func);
    let mut changed = false;
    for counter in all {
        let view = View { func, cfg: &cfg, dom: &dom, loops: &loops, readers: &readers[counter.param] };
        if let Some((exit, outside)) = view.exit(&counter) {
            leave(func, &counter, exit, &outside);
            changed = true;
        }
    }
    changed
}

/// A function, and the blocks that read a counter.
struct View<'a> {
    func: &'a Func,
    cfg: &'a Cfg,
    dom: &'a Dom,
    loops: &'a Loops,
    readers: &'a [BlockId],
}

impl View<'_> {
    /// The block through which all ways from the loop to the readers behind it lead, if the last count
    /// is known there, and those readers.
    fn exit(&self, counter: &Counter) -> Option<(BlockId, Vec<BlockId>)> {
        let inside = &self.loops.loops[counter.of].blocks;
        let outside: Vec<BlockId> = self.readers.iter().copied().filter(|b| !inside.contains(*b)).collect();
        if outside.is_empty() {
            return None;
        }
        let made = self.last_read_before(counter)?;
        let mut exits = self.loops.exits(self.func, counter.of).into_iter().map(|(_, to)| to);
        let exit = exits.find(|&to| {
            self.cfg.preds[to].iter().all(|p| inside.contains(*p))
                && self.dom.dominates(made, to)
                && outside.iter().all(|reader| self.dom.dominates(to, *reader))
        })?;
        Some((exit, outside))
    }

    /// The block that makes the next count, if nothing in the loop reads the counter after that.
    fn last_read_before(&self, counter: &Counter) -> Option<BlockId> {
        let inside = &self.loops.loops[counter.of].blocks;
        let (made, at) = self.func.blocks.enumerated().find_map(|(id, block)| {
            Some((id, block.insts.iter().position(|i| i.result == Some(counter.next))?))
        })?;
        let block = &self.func.blocks[made];
        let mut late = block.insts[at + 1..].iter().any(|inst| inst.op.reads(counter.param));
        rewrite::for_each_term_use(&block.term, |v| late |= v == counter.param);
        let behind = |&b: &BlockId| b != made && inside.contains(b) && self.dom.dominates(made, b);
        (!late && !self.readers.iter().any(behind)).then_some(made)
    }
}

fn leave(func: &mut Func, counter: &Counter, exit: BlockId, readers: &[BlockId]) {
    let ty = func.ty(counter.param);
    let (number, last) = (func.values.push(ty), func.values.push(ty));
    let rename = |v: &mut Value| *v = if *v == counter.param { last } else { *v };
    for &reader in readers {
        let block = &mut func.blocks[reader];
        block.insts.iter_mut().for_each(|inst| inst.op.for_each_use_mut(rename));
        for_each_term_use_mut(&mut block.term, rename);
    }
    let back = Op::Const(counter.step.wrapping_neg() & ty.mask());
    let inst = |result, op| Inst { result: Some(result), op, span: None };
    let sum = Op::Bin(BinOp::Add, counter.next, number);
    func.blocks[exit].insts.splice(0..0, [inst(number, back), inst(last, sum)]);
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// A loop counts `v1` up to `v4`; then a block reads what is named.
    fn left(in_loop: &str, behind: &str) -> String {
        let text = format!(
            "global @t bss 9\nfunc @f(i8) -> i8 {{\nb0(v0: i8):\n v2: i8 = const 3\n jump b1(v0)\nb1(v1: i8):\n \
             v4: i8 = add v1, v2\n {in_loop}\n v5: i1 = cmp ne v4, v0\n branch v5, b1(v4), b2\nb2:\n jump b3\n\
             b3:\n return {behind}\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("leave").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        let text = print::program(&program);
        text.split("b2:\n").nth(1).unwrap_or_default().to_string()
    }

    #[test]
    fn what_is_read_behind_a_loop_is_counted_back() {
        assert_eq!(
            left("", "v1"),
            "  v5: i8 = const 253\n  v6: i8 = add v3, v5\n  jump b3\nb3:\n  return v6\n}\n"
        );
    }

    #[test]
    fn what_needs_no_other_place_stays() {
        assert_eq!(left("", "v4"), "  jump b3\nb3:\n  return v3\n}\n");
        let read_late = left("store [@t], v1", "v1");
        assert!(read_late.starts_with("  jump b3") && read_late.contains("return v2"), "{read_late}");
    }
}
