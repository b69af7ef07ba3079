//! Finds numbers that hold along every way that can be taken (sparse conditional constants).
//!
//! In: values that are one number as long as branches that depend on them go one way, as a mode that
//! nothing changes but code for another mode. Out: those numbers, and jumps in place of the branches.
//! Optimistic: a value has no number until a way that is taken brings one. Invariant: the same values.
//! Not here: numbers in memory (`forward.rs`), what a branch tells of a value (`gvn.rs`), ranges.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::eval;
use crate::mir::ir::{BlockId, Func, Inst, Op, Term, Value};
use crate::mir::rewrite::{self, Substitution, count_uses};
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "sccp", about: "finds numbers that hold on all ways taken", run: Run::Func(run) };

/// What is known of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// No way that brings it was taken yet.
    Nothing,
    Number(u32),
    Varies,
}

impl Known {
    fn join(self, other: Known) -> Known {
        match (self, other) {
            (Known::Nothing, known) | (known, Known::Nothing) => known,
            (a, b) if a == b => a,
            _ => Known::Varies,
        }
    }

    fn number(self) -> Option<u32> {
        match self {
            Known::Number(n) => Some(n),
            Known::Nothing | Known::Varies => None,
        }
    }
}

/// What is known so far.
struct Facts<'a> {
    func: &'a Func,
    values: IndexVec<Value, Known>,
    reached: IdSet<BlockId>,
    changed: bool,
}

fn run(func: &mut Func, _: &Context) -> bool {
    let mut changed = rewrite::remove_unreachable(func);
    let order = Cfg::new(func).rpo;
    let mut facts = Facts {
        func,
        values: IndexVec::filled(func.values.len(), Known::Nothing),
        reached: [Func::ENTRY].into_iter().collect(),
        changed: true,
    };
    for &param in &func.blocks[Func::ENTRY].params {
        facts.values[param] = Known::Varies;
    }
    while facts.changed {
        facts.changed = false;
        order.iter().for_each(|&id| facts.block(id));
    }
    let Facts { values, reached, .. } = facts;
    changed |= put_in(func, &values, &reached);
    rewrite::remove_unreachable(func);
    changed
}

impl Facts<'_> {
    fn learn(&mut self, value: Value, known: Known) {
        let joined = self.values[value].join(known);
        self.changed |= joined != self.values[value];
        self.values[value] = joined;
    }

    fn block(&mut self, id: BlockId) {
        if !self.reached.contains(id) {
            return;
        }
        let func = self.func;
        for inst in &func.blocks[id].insts {
            if let Some(result) = inst.result {
                self.learn(result, self.computed(result, &inst.op));
            }
        }
        let term = &func.blocks[id].term;
        let taken = self.taken(term);
        for (way, target) in term.targets().enumerate() {
            if taken.is_some_and(|taken| !taken.contains(&way)) {
                continue;
            }
            self.changed |= self.reached.insert(target.block);
            for (&param, &arg) in func.blocks[target.block].params.iter().zip(&target.args) {
                self.learn(param, self.values[arg]);
            }
        }
    }

    fn computed(&self, result: Value, op: &Op) -> Known {
        let get = |v: Value| self.values[v].number();
        if let Some(n) = eval::op(op, self.func.ty(result), |v| self.func.ty(v), get) {
            return Known::Number(n);
        }
        let mut waits = false;
        op.for_each_use(|v| waits |= self.values[v] == Known::Nothing);
        if waits { Known::Nothing } else { Known::Varies }
    }

    /// The ways that a block's end may take; `None` for all.
    fn taken(&self, term: &Term) -> Option<&'static [usize]> {
        let Term::Branch { cond, .. } = term else { return None };
        match self.values[*cond] {
            Known::Nothing => Some(&[]),
            Known::Number(0) => Some(&[1]),
            Known::Number(_) => Some(&[0]),
            Known::Varies => None,
        }
    }
}

/// Puts the numbers in; true when that changed anything.
fn put_in(func: &mut Func, values: &IndexVec<Value, Known>, reached: &IdSet<BlockId>) -> bool {
    let uses = count_uses(func);
    let mut subst = Substitution::new(func);
    let mut changed = false;
    for id in func.blocks.ids().filter(|id| reached.contains(*id)) {
        let mut numbers = Vec::new();
        for param in func.blocks[id].params.clone() {
            if let (Some(n), true) = (values[param].number(), uses[param] > 0) {
                let number = func.values.push(func.ty(param));
                numbers.push(Inst { result: Some(number), op: Op::Const(n), span: None });
                subst.replace(param, number);
            }
        }
        let block = &mut func.blocks[id];
        changed |= !numbers.is_empty();
        for inst in &mut block.insts {
            let known = inst.result.and_then(|v| values[v].number());
            if let Some(n) = known.filter(|_| !matches!(inst.op, Op::Const(_))) {
                inst.op = Op::Const(n);
                changed = true;
            }
        }
        block.insts.splice(0..0, numbers);
        if let Term::Branch { cond, then, other } = &block.term
            && let Some(n) = values[*cond].number()
        {
            let way = if n != 0 { then } else { other };
            block.term = Term::Jump(way.clone());
            changed = true;
        }
    }
    if changed {
        subst.apply(func);
    }
    changed
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// A loop with a mode, 1 at first, that is set to `next` where it is 2.
    fn found(first: &str) -> String {
        let mut program = text::parse(&format!(
            "func @f(i8) -> i8 {{\nb0(v0: i8):\n v1: i8 = const 1\n v2: i8 = const 2\n v3: i8 = const 3\n\
             jump b1({first})\nb1(v4: i8):\n v5: i1 = cmp eq v4, v2\n branch v5, b2, b3(v4)\n\
             b2:\n store volatile [$d020], v0\n jump b3(v3)\nb3(v6: i8):\n v7: i8 = load volatile [$d012]\n\
             v8: i1 = cmp eq v7, v0\n branch v8, b1(v6), b4\nb4:\n return v6\n}}"
        ))
        .unwrap();
        run_pass(&mut program, pass_named("sccp").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_mode_that_only_another_mode_changes_stays() {
        let text = found("v1");
        assert!(!text.contains("$d020") && !text.contains("cmp eq v4"), "{text}");
        assert!(!text.contains("return v6"), "its number is known: {text}");
    }

    #[test]
    fn a_mode_that_may_be_another_one_varies() {
        for first in ["v2", "v0"] {
            assert!(found(first).contains("$d020"), "{first}");
        }
    }
}
