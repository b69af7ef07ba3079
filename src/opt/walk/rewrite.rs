//! Puts pointers beside the values of a web, and lets places and comparisons use them.
//!
//! In: a function and a plan for it. Out: the function with the plan carried out.
//! Invariant: beside each value `k` of the web there is the pointer `base + k * factor + added +
//! lowest`, passed on and changed where `k` is. What nobody reads after that, `dce` removes.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Addr, Base, BinOp, BlockId, Func, Inst, Op, Ty, Value};
use crate::mir::loops::Loops;
use crate::mir::rewrite::{Code, Substitution};
use crate::opt::counters::Defs;
use crate::opt::walk::plan::{Group, Plan};
use crate::opt::walk::web::Line;

pub fn rewrite(func: &mut Func, plan: &Plan) {
    let cfg = Cfg::new(func);
    let loops = Loops::new(&cfg, &Dom::new(&cfg));
    let before = loops.make_preheader(func, &cfg, plan.web.of);
    let mut rewriter = Rewriter {
        numbers: func.values.ids().map(|v| Defs::new(func).constant(v)).collect(),
        inside: func.blocks.ids().map(|b| loops.loops[plan.web.of].blocks.contains(b)).collect(),
        subst: Substitution::new(func),
        func,
        plan,
        before,
        new: BTreeMap::new(),
    };
    let pointers: Vec<Pointers> = plan.groups.iter().map(|group| rewriter.add(group)).collect();
    rewriter.compare(&pointers);
    rewriter.finish();
}

/// The pointer that goes along with each value.
type Pointers = BTreeMap<Value, Value>;

struct Rewriter<'a> {
    func: &'a mut Func,
    plan: &'a Plan,
    /// The only block from which the loop is entered.
    before: BlockId,
    /// The blocks of the loop.
    inside: IndexVec<BlockId, bool>,
    /// The number that a value always is.
    numbers: IndexVec<Value, Option<u32>>,
    /// Operations to insert in front of others, so that positions stay what they are until the end.
    new: BTreeMap<(BlockId, usize), Vec<Inst>>,
    subst: Substitution,
}

impl Rewriter<'_> {
    /// Makes the operations that `make` adds part of a block, in front of the one at a position.
    fn insert(&mut self, block: BlockId, at: usize, make: impl FnOnce(&mut Code) -> Value) -> Value {
        let mut code = Code::new(self.func);
        let value = make(&mut code);
        let insts = code.finish();
        self.new.entry((block, at)).or_default().extend(insts);
        value
    }

    fn at_end(&mut self, block: BlockId, make: impl FnOnce(&mut Code) -> Value) -> Value {
        let at = self.func.blocks[block].insts.len();
        self.insert(block, at, make)
    }

    /// Adds the pointers of a group, and lets its places use them.
    fn add(&mut self, group: &Group) -> Pointers {
        let pointers: Pointers =
            group.needed.iter().map(|&value| (value, self.func.values.push(Ty::I16))).collect();
        self.pass(group, &pointers);
        for (next, step) in self.plan.web.steps.iter().filter(|(next, _)| pointers.contains_key(next)) {
            let by = self.step(step.block, step.at, step.by, group.line.factor);
            let op = Op::Bin(step.op, pointers[&step.from], by);
            let span = self.func.blocks[step.block].insts[step.at].span;
            let inst = Inst { result: Some(pointers[next]), op, span };
            self.new.entry((step.block, step.at)).or_default().push(inst);
        }
        for place in &group.places {
            let pointer = pointers[&place.from];
            let inst = &mut self.func.blocks[place.block].insts[place.at];
            let result = inst.result;
            let (Op::Load(addr, _) | Op::Store(addr, ..) | Op::Addr(addr)) = &mut inst.op else { continue };
            let offset = place.offset - group.lowest;
            *addr = Addr::new(Base::Value(pointer), offset);
            if let (Op::Addr(_), Some(result), 0) = (&inst.op, result, offset) {
                self.subst.replace(result, pointer);
            }
        }
        pointers
    }

    /// Passes the pointers on with the numbers, and starts them where other numbers come in.
    fn pass(&mut self, group: &Group, pointers: &Pointers) {
        let blocks: Vec<BlockId> = self.func.blocks.ids().collect();
        // For each block, which of its parameters have pointers.
        let with: IndexVec<BlockId, Vec<(usize, Value)>> = self
            .func
            .blocks
            .iter()
            .map(|b| b.params.iter().enumerate().filter_map(|(i, p)| Some((i, *pointers.get(p)?))).collect())
            .collect();
        for &block in &blocks {
            let mut started: BTreeMap<Value, Value> = BTreeMap::new();
            let targets: Vec<(BlockId, Vec<Value>)> =
                self.func.blocks[block].term.targets().map(|t| (t.block, t.args.clone())).collect();
            for (number, (to, args)) in targets.into_iter().enumerate() {
                for &(i, _) in &with[to] {
                    let value = match pointers.get(&args[i]).or(started.get(&args[i])) {
                        Some(&pointer) => pointer,
                        None => {
                            let pointer = self.start(block, None, group, args[i]);
                            started.insert(args[i], pointer);
                            pointer
                        }
                    };
                    if let Some(target) = self.func.blocks[block].term.targets_mut().nth(number) {
                        target.args.push(value);
                    }
                }
            }
        }
        for (block, params) in with.enumerated() {
            self.func.blocks[block].params.extend(params.iter().map(|p| p.1));
        }
    }

    /// The address that belongs to a number, computed at a position or at the end of a block.
    fn start(&mut self, block: BlockId, at: Option<usize>, group: &Group, count: Value) -> Value {
        let Line { base, factor, ref added } = group.line;
        let byte = self.plan.web.ty == Ty::I8;
        let number = self.numbers.get(count).copied().flatten();
        let at = at.unwrap_or(self.func.blocks[block].insts.len());
        let offset = group.lowest;
        let bytes: Vec<Value> = added.iter().map(|a| a.0).filter(|v| self.func.ty(*v) == Ty::I8).collect();
        self.insert(block, at, |code| {
            let mut index = match number {
                Some(n) => code.number(n, Ty::I16),
                None if byte => code.op(Op::Zext(count), Ty::I16),
                None => count,
            };
            index = times(code, index, factor);
            for &(value, n) in added {
                let value = if bytes.contains(&value) { code.op(Op::Zext(value), Ty::I16) } else { value };
                index = if n == 0xffff {
                    code.op(Op::Bin(BinOp::Sub, index, value), Ty::I16)
                } else {
                    let more = times(code, value, n);
                    code.op(Op::Bin(BinOp::Add, index, more), Ty::I16)
                };
            }
            code.op(Op::Addr(Addr::indexed(base, index, offset)), Ty::I16)
        })
    }

    /// By how much a pointer moves with a step at a position.
    fn step(&mut self, block: BlockId, at: usize, by: Value, factor: u32) -> Value {
        let ty = self.plan.web.ty;
        if let Some(n) = self.numbers[by] {
            return self
                .insert(block, at, |code| code.number((ty.signed(n) as u32).wrapping_mul(factor), Ty::I16));
        }
        let make = |code: &mut Code| times(code, by, factor);
        // What does not change in the loop is known where it is entered.
        if self.inside[block] { self.at_end(self.before, make) } else { self.insert(block, at, make) }
    }

    /// Lets comparisons compare pointers.
    fn compare(&mut self, pointers: &[Pointers]) {
        for moved in &self.plan.tests {
            let (test, group) = (moved.test, &self.plan.groups[moved.group]);
            let pointers = &pointers[moved.group];
            let right = match pointers.get(&test.right) {
                Some(&pointer) => pointer,
                None if moved.before => self.start(self.before, None, group, test.right),
                None => self.start(test.block, Some(test.at), group, test.right),
            };
            let op = Op::Cmp(moved.cond, pointers[&test.left], right);
            self.func.blocks[test.block].insts[test.at].op = op;
        }
    }

    fn finish(mut self) {
        for ((block, at), insts) in std::mem::take(&mut self.new).into_iter().rev() {
            self.func.blocks[block].insts.splice(at..at, insts);
        }
        self.subst.apply(self.func);
    }
}

/// A multiple of a value of two bytes.
fn times(code: &mut Code, value: Value, n: u32) -> Value {
    if n == 1 {
        return value;
    }
    let n = code.number(n, Ty::I16);
    code.op(Op::Bin(BinOp::Mul, value, n), Ty::I16)
}
