//! Computes each pure value once along every way, and knows what branches have decided.
//!
//! Walks the dominator tree. A block that only one side of a branch reaches knows the condition,
//! and for `x == n` also the value of `x`.

use std::collections::HashMap;

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Addr, BinOp, BlockId, Cond, Func, Inst, Op, Term, Ty, Value};
use crate::mir::rewrite::{for_each_term_use_mut, for_each_use_mut};
use crate::mir::rt::{Rt, RtEffect};
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass = Pass { name: "gvn", about: "computes equal values once", run: Run::Func(run) };

/// What a pure operation computes.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Const(Ty, u32),
    Addr(Addr),
    Bin(BinOp, Value, Value),
    Neg(Value),
    Not(Value),
    Cmp(Cond, Value, Value),
    Zext(Ty, Value),
    Sext(Ty, Value),
    Trunc(Ty, Value),
    Select(Value, Value, Value),
    Rt(Rt, Vec<Value>),
}

impl Key {
    fn of(op: &Op, ty: Ty) -> Option<Key> {
        Some(match op {
            Op::Const(n) => Key::Const(ty, *n),
            Op::Addr(addr) => Key::Addr(*addr),
            Op::Bin(op, a, b) if op.commutes() => Key::Bin(*op, *a.min(b), *a.max(b)),
            Op::Bin(op, a, b) => Key::Bin(*op, *a, *b),
            Op::Neg(a) => Key::Neg(*a),
            Op::Not(a) => Key::Not(*a),
            Op::Cmp(cond, a, b) => Key::cmp(*cond, *a, *b),
            Op::Zext(a) => Key::Zext(ty, *a),
            Op::Sext(a) => Key::Sext(ty, *a),
            Op::Trunc(a) => Key::Trunc(ty, *a),
            Op::Select(c, a, b) => Key::Select(*c, *a, *b),
            Op::Rt(rt, args) if rt.effect() == RtEffect::Pure => Key::Rt(*rt, args.clone()),
            _ => return None,
        })
    }

    fn cmp(cond: Cond, a: Value, b: Value) -> Key {
        if a <= b { Key::Cmp(cond, a, b) } else { Key::Cmp(cond.swap(), b, a) }
    }
}

fn run(func: &mut Func, _ctx: &Context) -> bool {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let mut walk = Walk {
        current: func.values.ids().collect(),
        compared: IndexVec::filled(func.values.len(), None),
        table: HashMap::new(),
        undo: Vec::new(),
        numbers: IndexVec::filled(func.values.len(), false),
        made: Vec::new(),
        changed: false,
        func,
    };
    // Explicit stack: enter a block, then its children, then take back what it added.
    enum Visit {
        Enter(BlockId),
        Leave(usize),
    }
    let mut work = vec![Visit::Enter(Func::ENTRY)];
    while let Some(visit) = work.pop() {
        match visit {
            Visit::Enter(block) => {
                work.push(Visit::Leave(walk.undo.len()));
                walk.block(block, &cfg);
                work.extend(dom.children[block].iter().rev().map(|&b| Visit::Enter(b)));
            }
            Visit::Leave(mark) => walk.take_back(mark),
        }
    }
    let (changed, made) = (walk.changed, walk.made);
    add_used(func, made);
    changed
}

/// Puts those of the constants that got a use at the start of the function.
fn add_used(func: &mut Func, made: Vec<(Value, u32)>) {
    let mut used = IdSet::new(func.values.len());
    for_each_use_mut(func, |v| used.extend([*v]));
    let needed = made.into_iter().filter(|(v, _)| used.contains(*v));
    let insts = needed.map(|(v, n)| Inst { result: Some(v), op: Op::Const(n), span: None });
    func.blocks[Func::ENTRY].insts.splice(0..0, insts.collect::<Vec<_>>());
}

/// Something to take back when a subtree is left.
enum Undo {
    Key(Key, Option<Value>),
    Current(Value, Value),
}

struct Walk<'a> {
    func: &'a mut Func,
    /// What each value is here.
    current: IndexVec<Value, Value>,
    /// The comparison that defines a value.
    compared: IndexVec<Value, Option<(Cond, Value, Value)>>,
    /// Values that are constants.
    numbers: IndexVec<Value, bool>,
    /// Constants that branches have decided, not in any block yet.
    made: Vec<(Value, u32)>,
    table: HashMap<Key, Value>,
    undo: Vec<Undo>,
    changed: bool,
}

impl Walk<'_> {
    fn take_back(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Key(key, Some(value))) => drop(self.table.insert(key, value)),
                Some(Undo::Key(key, None)) => drop(self.table.remove(&key)),
                Some(Undo::Current(value, old)) => self.current[value] = old,
                None => {}
            }
        }
    }

    fn know(&mut self, key: Key, value: Value) {
        let old = self.table.insert(key.clone(), value);
        self.undo.push(Undo::Key(key, old));
    }

    fn replace(&mut self, value: Value, by: Value) {
        let old = std::mem::replace(&mut self.current[value], by);
        self.undo.push(Undo::Current(value, old));
    }

    fn block(&mut self, id: BlockId, cfg: &Cfg) {
        let mut block = std::mem::take(&mut self.func.blocks[id]);
        let mut insts = Vec::with_capacity(block.insts.len());
        if let Some(pred) = cfg.single_pred(id) {
            self.decided(pred, id);
        }
        for mut inst in block.insts {
            inst.op.for_each_use_mut(|v| self.resolve(v));
            let Some(result) = inst.result else {
                insts.push(inst);
                continue;
            };
            self.numbers[result] = matches!(inst.op, Op::Const(_));
            if let Op::Cmp(cond, a, b) = inst.op {
                self.compared[result] = Some((cond, a, b));
            }
            if let Some(key) = Key::of(&inst.op, self.func.ty(result)) {
                if let Some(&same) = self.table.get(&key) {
                    self.replace(result, same);
                    self.changed = true;
                    continue;
                }
                self.know(key, result);
            }
            insts.push(inst);
        }
        block.insts = insts;
        for_each_term_use_mut(&mut block.term, |v| self.resolve(v));
        self.func.blocks[id] = block;
    }

    fn resolve(&mut self, value: &mut Value) {
        let new = self.current[*value];
        self.changed |= new != *value;
        *value = new;
    }

    /// Notes what the branch at the end of `pred` says in the block `id`, which only it reaches.
    fn decided(&mut self, pred: BlockId, id: BlockId) {
        let Term::Branch { cond, then, other } = &self.func.blocks[pred].term else { return };
        let (cond, holds) = (*cond, then.block == id);
        if then.block == other.block || self.numbers[cond] {
            return;
        }
        let yes = self.constant(Ty::I1, holds.into());
        self.replace(cond, yes);
        let Some((relation, a, b)) = self.compared[cond] else { return };
        let no = self.constant(Ty::I1, (!holds).into());
        self.know(Key::cmp(relation, a, b), yes);
        self.know(Key::cmp(relation.negate(), a, b), no);
        // x == n: x is n from here on.
        let equal = (relation == Cond::Eq && holds) || (relation == Cond::Ne && !holds);
        if equal && self.numbers[b] && !self.numbers[a] {
            self.replace(a, b);
        }
    }

    fn constant(&mut self, ty: Ty, n: u32) -> Value {
        let same = self.made.iter().find(|&&(v, m)| m == n && self.func.ty(v) == ty);
        if let Some(&(value, _)) = same {
            return value;
        }
        let value = self.func.values.push(ty);
        self.current.push(value);
        self.compared.push(None);
        self.numbers.push(true);
        self.made.push((value, n));
        value
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text};
    use crate::opt::{Level, pass_named, run_pass};

    #[test]
    fn equal_values_and_decided_conditions_are_known() {
        let mut program = text::parse(
            "func @f(i8, i8) -> i8 {\nb0(v0: i8, v1: i8):\n v2: i8 = add v0, v1\n v3: i8 = const 5\n\
             v4: i1 = cmp eq v0, v3\n branch v4, b1, b2\nb1:\n v5: i8 = add v1, v0\n v6: i1 = cmp ne v0, v3\n\
             v7: i8 = select v6, v5, v0\n return v7\nb2:\n return v2\n}",
        )
        .unwrap();
        for name in ["gvn", "fold", "dce"] {
            assert!(run_pass(&mut program, pass_named(name).unwrap(), Level::O2));
        }
        let text = print::program(&program);
        assert!(text.contains("b1:\n  v5: i8 = const 5\n  return v5\n"), "{text}");
    }
}
