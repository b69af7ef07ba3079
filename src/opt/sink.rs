//! Computes on the way that needs it what only some ways need.
//!
//! In: a value that its block does not read, and whose readers all lie behind a block to which not
//! every way leads. Out: the value is computed there, before its first reader. Invariants: an operation
//! goes into no loop; operands that would be kept for it instead take no more bytes than it.
//! Not here: comparisons, whose results live in flags, and what costs nothing.
//! Runs late: `gvn` brings together on the way down what several ways need.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::effects::{MemoryFacts, Place, is_pure};
use crate::mir::ir::{Access, Base, BlockId, Func, GlobalKind, Inst, Op, Value};
use crate::mir::live::Liveness;
use crate::mir::loops::Loops;
use crate::mir::rewrite;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "sink", about: "computes on a way what only that way needs", run: Run::Func(run) };

fn run(func: &mut Func, ctx: &Context) -> bool {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let loops = Loops::new(&cfg, &dom);
    let live = Liveness::new(func, &cfg);
    let facts = MemoryFacts::new(ctx.effects, func, &cfg);
    let mut readers = rewrite::readers(func);
    let insts = func.blocks.iter().flat_map(|b| &b.insts);
    let numbers = insts.filter(|i| matches!(i.op, Op::Const(_))).filter_map(|i| i.result).collect();
    let view = View { ctx, cfg: &cfg, dom: &dom, loops: &loops, live: &live, facts: &facts, numbers };
    let mut changed = false;
    for &from in &cfg.rpo {
        if func.blocks[from].term.targets().count() < 2 {
            continue;
        }
        // From the end, so that what was moved is followed by what it reads.
        for at in (0..func.blocks[from].insts.len()).rev() {
            let Some(to) = view.way(func, from, at, &readers) else { continue };
            let inst = func.blocks[from].insts.remove(at);
            inst.op.for_each_use(|v| {
                if let Some(place) = readers[v].iter().position(|b| *b == from) {
                    readers[v][place] = to;
                }
            });
            let begins = matches!(inst.op, Op::Load(..));
            let place = if begins { 0 } else { first_reader(func, to, inst.result) };
            func.blocks[to].insts.insert(place, inst);
            changed = true;
        }
    }
    changed
}

/// Where in a block a value is read first; the end when only the block's end reads it.
fn first_reader(func: &Func, block: BlockId, value: Option<Value>) -> usize {
    let reads = |inst: &Inst| {
        let mut found = false;
        inst.op.for_each_use(|v| found |= Some(v) == value);
        found
    };
    let insts = &func.blocks[block].insts;
    insts.iter().position(reads).unwrap_or(insts.len())
}

struct View<'a> {
    ctx: &'a Context<'a>,
    cfg: &'a Cfg,
    dom: &'a Dom,
    loops: &'a Loops,
    live: &'a Liveness,
    facts: &'a MemoryFacts<'a>,
    /// Constants, which are read from nowhere.
    numbers: IdSet<Value>,
}

impl View<'_> {
    /// The block in which an operation is better done.
    fn way(
        &self,
        func: &Func,
        from: BlockId,
        at: usize,
        readers: &IndexVec<Value, Vec<BlockId>>,
    ) -> Option<BlockId> {
        let inst = &func.blocks[from].insts[at];
        let result = inst.result.filter(|_| costs(&inst.op))?;
        let (&first, others) = readers[result].split_first()?;
        let mut to = others.iter().try_fold(first, |a, b| self.common(a, *b))?;
        while to != from && self.is_in_loop_without(to, from) {
            to = self.dom.idom[to]?;
        }
        let good = to != from
            && self.dom.dominates(from, to)
            && self.takes_no_more(func, &inst.op, result, to)
            && self.may_move(func, (from, at), to)
            && self.some_way_avoids(func, from, to);
        good.then_some(to)
    }

    /// The closest block that dominates both.
    fn common(&self, mut a: BlockId, b: BlockId) -> Option<BlockId> {
        while !self.dom.dominates(a, b) {
            a = self.dom.idom[a]?;
        }
        Some(a)
    }

    fn is_in_loop_without(&self, block: BlockId, without: BlockId) -> bool {
        self.loops.outermost_without(block, without).is_some()
    }

    /// True when the operands that are then kept as far as `to` take no more bytes than the result.
    fn takes_no_more(&self, func: &Func, op: &Op, result: Value, to: BlockId) -> bool {
        let mut kept: Vec<Value> = Vec::new();
        op.for_each_use(|v| {
            if !kept.contains(&v) && !self.live.live_in[to].contains(v) && !self.numbers.contains(v) {
                kept.push(v);
            }
        });
        kept.iter().map(|v| func.ty(*v).bytes()).sum::<usize>() <= func.ty(result).bytes()
    }

    /// True when the operation gives the same in `to`.
    fn may_move(&self, func: &Func, (from, at): (BlockId, usize), to: BlockId) -> bool {
        let inst = &func.blocks[from].insts[at];
        let Op::Load(addr, Access::Plain) = &inst.op else { return is_pure(&inst.op) };
        if matches!(addr.base, Base::Global(id) if self.ctx.program.globals[id].kind == GlobalKind::Const) {
            return true;
        }
        let place = Place { addr: *addr, len: inst.result.map_or(4, |r| func.ty(r).bytes()) as u32 };
        let mut behind = func.blocks[from].insts[at + 1..].iter();
        self.cfg.single_pred(to) == Some(from)
            && !self.facts.is_shared(addr)
            && !behind.any(|i| self.facts.may_write(&i.op, &place))
    }

    /// True when not every way that leaves `from` comes through `to`.
    fn some_way_avoids(&self, func: &Func, from: BlockId, to: BlockId) -> bool {
        let mut seen: IdSet<BlockId> = IdSet::new(func.blocks.len());
        let next = |block: BlockId| func.blocks[block].term.targets().map(|t| t.block);
        let mut work: Vec<BlockId> = next(from).collect();
        while let Some(block) = work.pop() {
            if block == to || !seen.insert(block) {
                continue;
            }
            if !self.dom.dominates(from, block) || next(block).next().is_none() || block == from {
                return true;
            }
            work.extend(next(block));
        }
        false
    }
}

/// True for an operation that takes time where it stands.
fn costs(op: &Op) -> bool {
    let free = matches!(op, Op::Const(_) | Op::Trunc(_) | Op::Cmp(..) | Op::Select(..))
        || matches!(op, Op::Addr(addr) if addr.index.is_none() && !matches!(addr.base, Base::Value(_)));
    !free
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, lines_with_blocks, pass_named, run_pass};

    /// The blocks in which the operations of `b0` stand at the end; `b0` branches to `b1` and `b2`,
    /// which goes on in `b3`, where both ways meet in `b4`.
    fn blocks(first: &str, one: &str, other: &str, end: &str) -> String {
        let text = format!(
            "global @s bss 9\nglobal @t const 2 = bytes \"0102\"\n\
             func @f(i8, i8) -> i8 {{\nb0(v0: i8, v1: i8):\n v2: i8 = const 3\n{first}\n \
             v9: i1 = cmp eq v0, v1\n branch v9, b1, b2\nb1:\n{one}\n jump b4\nb2:\n jump b3\nb3:\n{other}\n \
             jump b4\nb4:\n{end}\n return v0\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("sink").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        let text = print::program(&program);
        let mut found = Vec::new();
        for (block, line) in lines_with_blocks(&text, "f") {
            if let Some((_, op)) = line.split_once(" = ").filter(|(_, op)| !op.starts_with(['c'])) {
                found.push(format!("{block} {op}"));
            }
        }
        found.join(", ")
    }

    const SUM: &str = "v3: i8 = add v0, v2";

    #[test]
    fn what_one_way_needs_is_computed_on_it() {
        assert_eq!(blocks(SUM, "store [@s], v3", "", ""), "b1 add v0, v2");
        assert_eq!(blocks(SUM, "", "store [@s], v3", ""), "b3 add v0, v2");
        let two = format!("{SUM}\n v4: i8 = xor v3, v0");
        assert_eq!(blocks(&two, "store [@s], v4", "", ""), "b1 add v0, v2, b1 xor v3, v0");
    }

    #[test]
    fn what_each_way_needs_stays() {
        assert_eq!(blocks(SUM, "store [@s], v3", "store [@s], v3", ""), "b0 add v0, v2");
        assert_eq!(blocks(SUM, "", "", "store [@s], v3"), "b0 add v0, v2");
        assert_eq!(blocks(&format!("{SUM}\n store [@s], v3"), "store [@s + 1], v3", "", ""), "b0 add v0, v2");
    }

    #[test]
    fn operands_that_end_here_are_not_kept_for_more_bytes() {
        let both = "v3: i8 = add v0, v1";
        assert_eq!(blocks(both, "store [@s], v3", "", ""), "b1 add v0, v1", "v0 is kept in any case");
        let dead = "v3: i8 = xor v1, v2\n v4: i8 = xor v1, v0\n v5: i8 = add v3, v4";
        assert_eq!(
            blocks(&format!("{dead}\n store [@s], v3\n store [@s + 1], v4"), "store [@s + 2], v5", "", ""),
            "b0 xor v1, v2, b0 xor v1, v0, b0 add v3, v4"
        );
    }

    #[test]
    fn a_load_passes_nothing_that_writes() {
        let load = "v3: i8 = load [@s + v0]";
        assert_eq!(blocks(load, "store [@s], v3", "", ""), "b1 load [@s + v0]");
        assert_eq!(
            blocks(&format!("{load}\n store [@s + 1], v1"), "store [@s], v3", "", ""),
            "b0 load [@s + v0]"
        );
        assert_eq!(
            blocks(load, "", "store [@s], v3", ""),
            "b0 load [@s + v0]",
            "what lies between is not known"
        );
        assert_eq!(blocks(&load.replace("@s", "@t"), "", "store [@s], v3", ""), "b3 load [@t + v0]");
        assert_eq!(
            blocks("v3: i8 = load volatile [$d012]", "store [@s], v3", "", ""),
            "b0 load volatile [$d012]"
        );
    }

    #[test]
    fn nothing_goes_into_a_loop() {
        let text = "global @s bss 9\nfunc @f(i8) {\nb0(v0: i8):\n v1: i8 = const 3\n v2: i8 = add v0, v1\n \
                    v3: i1 = cmp eq v0, v1\n branch v3, b3, b1\nb1:\n jump b2(v0)\nb2(v4: i8):\n store [@s], v2\n \
                    v5: i8 = sub v4, v1\n v6: i1 = cmp eq v5, v1\n branch v6, b3, b2(v5)\nb3:\n return\n}";
        let mut program = text::parse(text).unwrap();
        assert!(run_pass(&mut program, pass_named("sink").unwrap(), Level::O2));
        assert!(print::program(&program).contains("b1:\n  v2: i8 = add v0, v1"), "before the loop");
    }
}
