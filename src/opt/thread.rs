//! Skips tests that the way to them has decided.
//!
//! In: a block that only tests, as `if j == m` behind a loop that ends when `j` is `m` or earlier. Out:
//! each way there on which the ranges of values or the branch just taken tell the outcome leads
//! straight to where the test would lead. Invariant: the same blocks run but for tests.
//! What the tested block hands on, as a number found before a loop was left, its successors get as
//! parameters first. Not here: tests of numbers that are passed on alone (`simplify_cfg.rs`), tests of
//! loops, which are no test of the way there.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{BlockId, Cond, Func, Inst, Op, Target, Term, Value};
use crate::mir::loops::Loops;
use crate::mir::rewrite::{self, for_each_term_use};
use crate::opt::interval::Range;
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "thread", about: "skips tests that the way there decides", run: Run::Func(run) };

/// A block that only tests.
struct Test {
    block: BlockId,
    cond: Cond,
    a: Value,
    b: Value,
    /// What it has that others read, and where.
    read: BTreeSet<(Value, BlockId)>,
}

/// An argument of a shorter way.
#[derive(Clone, Copy)]
enum Arg {
    Value(Value),
    /// A number that the skipped block has.
    Number(Value, u32),
}

/// A shorter way: from a block by one of its ways to a block.
struct Way {
    from: BlockId,
    edge: usize,
    to: BlockId,
    args: Vec<Arg>,
}

fn run(func: &mut Func, _: &Context) -> bool {
    rewrite::remove_unreachable(func);
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let tests = tests(func, &cfg, &dom);
    if tests.is_empty() {
        return false;
    }
    let before = func.clone();
    let ranges = Ranges::new(&before);
    let mut all = Vec::new();
    for test in tests.iter().filter(|test| test.read.is_empty()) {
        all.extend(ways(func, &cfg, &ranges, test, &BTreeMap::new()));
    }
    if all.is_empty() {
        // One of these at a time: it gives values other names.
        let mut sharing = tests.iter().filter(|test| !test.read.is_empty());
        let decided = |test: &&Test| !ways(func, &cfg, &ranges, test, &BTreeMap::new()).is_empty();
        if let Some(test) = sharing.find(decided) {
            let handed = hand_on(func, &cfg, &dom, test);
            all = ways(func, &cfg, &ranges, test, &handed);
        }
    }
    for way in &all {
        shorten(func, way);
    }
    !all.is_empty()
}

fn shorten(func: &mut Func, way: &Way) {
    let mut args = Vec::new();
    for arg in &way.args {
        args.push(match *arg {
            Arg::Value(value) => value,
            Arg::Number(like, n) => {
                let value = func.values.push(func.ty(like));
                let inst = Inst { result: Some(value), op: Op::Const(n), span: None };
                func.blocks[way.from].insts.push(inst);
                value
            }
        });
    }
    if let Some(target) = func.blocks[way.from].term.targets_mut().nth(way.edge) {
        *target = Target { block: way.to, args };
    }
}

/// The blocks that several ways lead to and that only test, without the tests of loops. What they have
/// is read where only one of their ways leads.
fn tests(func: &Func, cfg: &Cfg, dom: &Dom) -> Vec<Test> {
    let mut home: IndexVec<Value, Option<BlockId>> = IndexVec::filled(func.values.len(), None);
    let mut tests: BTreeMap<BlockId, Test> = BTreeMap::new();
    for &id in cfg.rpo.iter().filter(|&&id| id != Func::ENTRY && cfg.preds[id].len() > 1) {
        let block = &func.blocks[id];
        let Term::Branch { cond, then, other } = &block.term else { continue };
        let Some((last, before)) = block.insts.split_last() else { continue };
        if let Op::Cmp(relation, a, b) = last.op
            && last.result == Some(*cond)
            && then.block != other.block
            && before.iter().all(|i| matches!(i.op, Op::Const(_)))
        {
            tests.insert(id, Test { block: id, cond: relation, a, b, read: BTreeSet::new() });
            let results = block.insts.iter().filter_map(|i| i.result);
            block.params.iter().copied().chain(results).for_each(|v| home[v] = Some(id));
        }
    }
    if tests.is_empty() {
        return Vec::new();
    }
    for l in Loops::of(func).loops.iter() {
        tests.remove(&l.header);
    }
    for (id, block) in func.blocks.enumerated() {
        let mut see = |v: Value| {
            if let Some(test) = home[v].filter(|of| *of != id).and_then(|of| tests.get_mut(&of)) {
                test.read.insert((v, id));
            }
        };
        block.insts.iter().for_each(|i| i.op.for_each_use(&mut see));
        for_each_term_use(&block.term, &mut see);
    }
    let one_way = |test: &Test, reader: BlockId| {
        let mut next = func.blocks[test.block].term.targets().map(|t| t.block);
        next.any(|next| cfg.single_pred(next) == Some(test.block) && dom.dominates(next, reader))
    };
    tests.into_values().filter(|test| test.read.iter().all(|(_, reader)| one_way(test, *reader))).collect()
}

/// Makes parameters of what is read behind a test, so that other ways may lead there. The new values,
/// and what each of them is.
fn hand_on(func: &mut Func, cfg: &Cfg, dom: &Dom, test: &Test) -> BTreeMap<Value, Value> {
    let mut handed = BTreeMap::new();
    let next: Vec<BlockId> = func.blocks[test.block].term.targets().map(|t| t.block).collect();
    for (edge, next) in next.into_iter().enumerate() {
        if cfg.single_pred(next) != Some(test.block) {
            continue;
        }
        let readers = test.read.iter().filter(|(_, reader)| dom.dominates(next, *reader));
        let mut new: BTreeMap<Value, Value> = BTreeMap::new();
        for &(value, reader) in readers {
            let param = *new.entry(value).or_insert_with(|| func.values.push(func.values[value]));
            let rename = |v: &mut Value| *v = if *v == value { param } else { *v };
            let block = &mut func.blocks[reader];
            block.insts.iter_mut().for_each(|i| i.op.for_each_use_mut(rename));
            rewrite::for_each_term_use_mut(&mut block.term, rename);
        }
        for (value, param) in new {
            func.blocks[next].params.push(param);
            if let Some(target) = func.blocks[test.block].term.targets_mut().nth(edge) {
                target.args.push(value);
            }
            handed.insert(param, value);
        }
    }
    handed
}

/// The ways to a test that decide it. `handed`: values that have other names in `ranges`.
fn ways(func: &Func, cfg: &Cfg, ranges: &Ranges, test: &Test, handed: &BTreeMap<Value, Value>) -> Vec<Way> {
    let known = |v: Value| handed.get(&v).copied().unwrap_or(v);
    let block = &func.blocks[test.block];
    let Term::Branch { then, other, .. } = &block.term else { return Vec::new() };
    let mut preds = cfg.preds[test.block].to_vec();
    preds.sort_unstable();
    preds.dedup();
    let mut ways = Vec::new();
    for from in preds {
        for (edge, target) in func.blocks[from].term.targets().enumerate() {
            if target.block != test.block {
                continue;
            }
            let outside = |v: Value| match block.params.iter().position(|&param| param == v) {
                Some(position) => target.args[position],
                None => v,
            };
            let edge_known = Edge { ranges, from, to: test.block };
            let (a, b) = (known(outside(test.a)), known(outside(test.b)));
            let Some(holds) = edge_known.decides(test.cond, a, b) else { continue };
            let next = if holds { then } else { other };
            let own = |v: Value| block.insts.iter().find(|i| i.result == Some(v));
            let arg = |&v: &Value| match own(v).map(|i| &i.op) {
                None => Some(Arg::Value(outside(v))),
                Some(&Op::Const(n)) => Some(Arg::Number(v, n)),
                Some(_) => None,
            };
            if let Some(args) = next.args.iter().map(arg).collect() {
                ways.push(Way { from, edge, to: next.block, args });
            }
        }
    }
    ways
}

/// What is known on the way from one block to the next.
struct Edge<'a> {
    ranges: &'a Ranges<'a>,
    from: BlockId,
    to: BlockId,
}

impl Edge<'_> {
    fn decides(&self, cond: Cond, a: Value, b: Value) -> Option<bool> {
        if let Some((known, x, y)) = self.ranges.edge_condition(self.from, self.to) {
            let same =
                |a: Value, b: Value| a == b || self.number(a).is_some_and(|n| self.number(b) == Some(n));
            let known = match () {
                () if same(x, a) && same(y, b) => Some(known),
                () if same(x, b) && same(y, a) => Some(known.swap()),
                () => None,
            };
            match known {
                Some(known) if follows(known, cond) => return Some(true),
                Some(known) if follows(known, cond.negate()) => return Some(false),
                _ => {}
            }
        }
        self.range(a).decides(cond, self.range(b))
    }

    fn number(&self, value: Value) -> Option<u32> {
        match self.ranges.def(value) {
            Some(&Op::Const(n)) => Some(n),
            _ => None,
        }
    }

    /// The range of a value on this way.
    fn range(&self, value: Value) -> Range {
        let range = self.ranges.at(value, self.from);
        let Some((cond, x, y)) = self.ranges.edge_condition(self.from, self.to) else { return range };
        let (cond, limit) = match () {
            () if x == value => (cond, y),
            () if y == value => (cond.swap(), x),
            () => return range,
        };
        let ty = self.ranges.ty(value);
        range.intersect(self.ranges.at(limit, self.from).satisfying(cond, ty), ty)
    }
}

/// True when one relation implies the other.
fn follows(known: Cond, asked: Cond) -> bool {
    use Cond::*;
    known == asked
        || match known {
            Eq => matches!(asked, ULe | UGe | SLe | SGe),
            ULt => matches!(asked, ULe | Ne),
            UGt => matches!(asked, UGe | Ne),
            SLt => matches!(asked, SLe | Ne),
            SGt => matches!(asked, SGe | Ne),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    fn threaded(text: &str) -> String {
        let mut program = text::parse(text).unwrap();
        run_pass(&mut program, pass_named("thread").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_counter_is_not_tested_again_behind_its_loop() {
        let text = threaded(
            "func @f(i8) -> i8 {\nb0(v0: i8):\n v1: i8 = const 0\n v2: i8 = const 1\n v3: i8 = const 3\n\
             jump b1(v1)\nb1(v4: i8):\n v5: i8 = load volatile [$d012]\n v6: i1 = cmp eq v5, v0\n\
             branch v6, b2, b3(v4)\nb2:\n v7: i8 = add v4, v2\n v8: i1 = cmp ne v7, v3\n\
             branch v8, b1(v7), b3(v7)\nb3(v9: i8):\n v10: i8 = const 3\n v11: i1 = cmp eq v9, v10\n\
             branch v11, b4, b5(v1)\nb4:\n jump b5(v3)\nb5(v12: i8):\n return v12\n}",
        );
        assert!(text.contains("branch v6, b2, b5(v1)"), "left early: {text}");
        assert!(text.contains("branch v8, b1(v7), b4"), "ended: {text}");
    }

    #[test]
    fn a_relation_that_the_way_there_tested_holds() {
        let body = |asked: &str| {
            threaded(&format!(
                "func @f(i16, i16) -> i16 {{\nb0(v0: i16, v1: i16):\n v2: i1 = cmp ult v0, v1\n\
                 branch v2, b1, b2\nb1:\n jump b2\nb2:\n v3: i1 = cmp {asked} v1, v0\n branch v3, b3, b4\n\
                 b3:\n return v0\nb4:\n return v1\n}}"
            ))
        };
        assert!(body("ule").contains("branch v2, b1, b3"), "{}", body("ule"));
        assert!(body("ne").contains("branch v2, b1, b2"), "not known");
    }

    #[test]
    fn what_others_read_is_handed_on() {
        let text = threaded(
            "func @f(i8) -> i8 {\nb0(v0: i8):\n v1: i8 = const 3\n v2: i1 = cmp eq v0, v1\n branch v2, b2(v0), b1\n\
             b1:\n jump b2(v1)\nb2(v3: i8):\n v4: i1 = cmp eq v3, v1\n branch v4, b3, b4\nb3:\n return v3\n\
             b4:\n return v1\n}",
        );
        assert!(text.contains("branch v2, b3(v0), b1") && text.contains("jump b3(v1)"), "{text}");
        assert!(text.contains("b3(v5: i8):\n  return v5"), "{text}");
    }

    #[test]
    fn what_is_read_where_both_ways_lead_is_not_skipped() {
        let text = threaded(
            "func @f(i8) -> i8 {\nb0(v0: i8):\n v1: i8 = const 3\n v2: i1 = cmp eq v0, v1\n branch v2, b2(v0), b1\n\
             b1:\n jump b2(v1)\nb2(v3: i8):\n v4: i1 = cmp eq v3, v1\n branch v4, b3, b4\nb3:\n jump b5\n\
             b4:\n jump b5\nb5:\n return v3\n}",
        );
        assert!(text.contains("branch v2, b2(v0), b1"), "{text}");
    }
}
