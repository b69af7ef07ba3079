//! Small rewrites of a function's graph that the SSA builder and most passes share.
//!
//! In: a function. Out: the same function, smaller, with the same meaning.
//! Invariant: a function that `verify.rs` accepts is still accepted afterwards.
//! Not here: anything that looks at the meaning of operations; that is `opt/`.

use crate::base::index::{Id, IndexVec};
use crate::mir::ir::{AsmArg, Base, BlockId, Func, Inst, Op, SlotId, Ty, Value};

/// Values to be replaced by other values, applied all at once.
#[derive(Clone, Debug, Default)]
pub struct Substitution {
    map: IndexVec<Value, Value>,
    changed: bool,
}

impl Substitution {
    /// Nothing replaced yet.
    pub fn new(func: &Func) -> Self {
        Self { map: func.values.ids().collect(), changed: false }
    }

    /// From now on `old` stands for `new`. A replacement of a value by itself is ignored.
    pub fn replace(&mut self, old: Value, new: Value) {
        let new = self.resolve(new);
        if self.resolve(old) != new {
            self.map[old] = new;
            self.changed = true;
        }
    }

    /// What `value` stands for in the end.
    pub fn resolve(&mut self, value: Value) -> Value {
        // Values made after `new` are not replaced.
        if value.index() >= self.map.len() {
            return value;
        }
        let mut root = value;
        while root.index() < self.map.len() && self.map[root] != root {
            root = self.map[root];
        }
        // Path compression keeps long chains cheap.
        let mut at = value;
        while at != root {
            at = std::mem::replace(&mut self.map[at], root);
        }
        root
    }

    /// Replaces all uses in the function. True when there was something to replace.
    pub fn apply(mut self, func: &mut Func) -> bool {
        if self.changed {
            for_each_use_mut(func, |v| *v = self.resolve(*v));
        }
        self.changed
    }
}

/// New operations on their way into a block.
pub struct Code<'a> {
    func: &'a mut Func,
    insts: Vec<Inst>,
}

impl<'a> Code<'a> {
    /// Nothing yet.
    pub fn new(func: &'a mut Func) -> Self {
        Self { func, insts: Vec::new() }
    }

    /// Adds an operation with a result.
    pub fn op(&mut self, op: Op, ty: Ty) -> Value {
        let result = self.func.values.push(ty);
        self.insts.push(Inst { result: Some(result), op, span: None });
        result
    }

    /// Adds a number.
    pub fn number(&mut self, n: u32, ty: Ty) -> Value {
        self.op(Op::Const(n & ty.mask()), ty)
    }

    /// Puts the operations at the end of a block.
    pub fn append_to(self, block: BlockId) {
        self.func.blocks[block].insts.extend(self.insts);
    }

    /// The operations, for another place.
    pub fn finish(self) -> Vec<Inst> {
        self.insts
    }
}

/// Calls `f` with every use of a value, in operations, conditions and arguments of targets.
pub fn for_each_use_mut(func: &mut Func, mut f: impl FnMut(&mut Value)) {
    for block in func.blocks.iter_mut() {
        for inst in &mut block.insts {
            inst.op.for_each_use_mut(&mut f);
        }
        for_each_term_use_mut(&mut block.term, &mut f);
    }
}

/// Calls `f` with every value that the end of a block reads.
pub fn for_each_term_use_mut(term: &mut crate::mir::ir::Term, mut f: impl FnMut(&mut Value)) {
    use crate::mir::ir::Term;
    match term {
        Term::Branch { cond, .. } => f(cond),
        Term::Return(Some(value)) => f(value),
        Term::Jump(_) | Term::Return(None) | Term::Unreachable => {}
    }
    for target in term.targets_mut() {
        target.args.iter_mut().for_each(&mut f);
    }
}

/// Calls `f` with every value that the end of a block reads.
pub fn for_each_term_use(term: &crate::mir::ir::Term, mut f: impl FnMut(Value)) {
    use crate::mir::ir::Term;
    match term {
        Term::Branch { cond, .. } => f(*cond),
        Term::Return(Some(value)) => f(*value),
        Term::Jump(_) | Term::Return(None) | Term::Unreachable => {}
    }
    for target in term.targets() {
        target.args.iter().copied().for_each(&mut f);
    }
}

/// Removes blocks that cannot be reached from the entry. The order of the others stays.
pub fn remove_unreachable(func: &mut Func) -> bool {
    if func.is_extern() {
        return false;
    }
    let mut reached = IndexVec::<BlockId, bool>::filled(func.blocks.len(), false);
    let mut work = vec![Func::ENTRY];
    while let Some(block) = work.pop() {
        if !std::mem::replace(&mut reached[block], true) {
            work.extend(func.blocks[block].term.targets().map(|t| t.block));
        }
    }
    if reached.iter().all(|&r| r) {
        return false;
    }
    let mut new_id = IndexVec::<BlockId, BlockId>::filled(func.blocks.len(), Func::ENTRY);
    let mut kept = IndexVec::new();
    for (id, block) in std::mem::take(&mut func.blocks).into_enumerated() {
        if reached[id] {
            new_id[id] = kept.push(block);
        }
    }
    func.blocks = kept;
    for block in func.blocks.iter_mut() {
        block.term.targets_mut().for_each(|t| t.block = new_id[t.block]);
    }
    true
}

/// Removes block parameters that always get one and the same value (or themselves).
/// Unreachable blocks must be gone already.
pub fn remove_trivial_params(func: &mut Func) -> bool {
    let mut changed = false;
    loop {
        // For each parameter: the only value that comes in besides itself, or None when several do.
        let mut incoming: IndexVec<BlockId, Vec<Incoming>> =
            func.blocks.iter().map(|b| vec![Incoming::Nothing; b.params.len()]).collect();
        for block in func.blocks.iter() {
            for target in block.term.targets() {
                let params = &func.blocks[target.block].params;
                for (i, (&arg, &param)) in target.args.iter().zip(params).enumerate() {
                    let seen = &mut incoming[target.block][i];
                    *seen = match *seen {
                        _ if arg == param => *seen,
                        Incoming::Nothing => Incoming::One(arg),
                        Incoming::One(v) if v == arg => *seen,
                        _ => Incoming::Many,
                    };
                }
            }
        }
        let mut subst = Substitution::new(func);
        let mut drop: IndexVec<BlockId, Vec<bool>> =
            func.blocks.iter().map(|b| vec![false; b.params.len()]).collect();
        for (id, block) in func.blocks.enumerated() {
            if id == Func::ENTRY {
                continue;
            }
            for (i, &param) in block.params.iter().enumerate() {
                if let Incoming::One(value) = incoming[id][i] {
                    // Two parameters may name each other only when something else comes in too,
                    // so the chain of replacements has no cycle.
                    if subst.resolve(value) != param {
                        subst.replace(param, value);
                        drop[id][i] = true;
                    }
                }
            }
        }
        if !remove_params(func, &drop) {
            return changed;
        }
        subst.apply(func);
        changed = true;
    }
}

#[derive(Clone, Copy)]
enum Incoming {
    Nothing,
    One(Value),
    Many,
}

/// Removes the marked block parameters with their arguments. The uses must be replaced by the
/// caller.
pub fn remove_params(func: &mut Func, drop: &IndexVec<BlockId, Vec<bool>>) -> bool {
    if !drop.iter().flatten().any(|&d| d) {
        return false;
    }
    let keep = |list: &mut Vec<Value>, marks: &[bool]| {
        let mut i = 0;
        list.retain(|_| {
            i += 1;
            !marks.get(i - 1).copied().unwrap_or(false)
        });
    };
    for id in func.blocks.ids() {
        let block = &mut func.blocks[id];
        keep(&mut block.params, &drop[id]);
        block.term.targets_mut().for_each(|t| keep(&mut t.args, &drop[t.block]));
    }
    true
}

/// Removes slots that no operation names; the others are renumbered.
pub fn remove_unused_slots(func: &mut Func) -> bool {
    let mut used: IndexVec<SlotId, bool> = IndexVec::filled(func.slots.len(), false);
    for_each_base_mut(func, |base| {
        if let Base::Slot(slot) = base {
            used[*slot] = true;
        }
    });
    if used.iter().all(|&u| u) {
        return false;
    }
    let mut new_id: IndexVec<SlotId, SlotId> = IndexVec::new();
    let mut kept = IndexVec::new();
    for (id, slot) in std::mem::take(&mut func.slots).into_enumerated() {
        new_id.push(kept.next_id());
        if used[id] {
            kept.push(slot);
        }
    }
    func.slots = kept;
    for_each_base_mut(func, |base| {
        if let Base::Slot(slot) = base {
            *slot = new_id[*slot];
        }
    });
    true
}

/// Calls `f` with the base of every place, in operations and `__asm__` blocks.
pub fn for_each_base_mut(func: &mut Func, mut f: impl FnMut(&mut Base)) {
    for inst in func.blocks.iter_mut().flat_map(|b| &mut b.insts) {
        match &mut inst.op {
            Op::Addr(addr) | Op::Load(addr, _) | Op::Store(addr, ..) | Op::Fill { dst: addr, .. } => {
                f(&mut addr.base);
            }
            Op::Copy { dst, src, .. } => {
                f(&mut dst.base);
                f(&mut src.base);
            }
            Op::Asm(block) => {
                for (_, arg) in &mut block.args {
                    if let AsmArg::Addr(base, _) = arg {
                        f(base);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Renumbers the values in the order of their definitions and forgets those without one.
pub fn compact_values(func: &mut Func) {
    let mut new_id: IndexVec<Value, Option<Value>> = IndexVec::filled(func.values.len(), None);
    let mut types = IndexVec::new();
    let old_types = std::mem::take(&mut func.values);
    let mut define = |v: &mut Value| {
        let new = types.push(old_types[*v]);
        new_id[*v] = Some(new);
        *v = new;
    };
    for block in func.blocks.iter_mut() {
        block.params.iter_mut().for_each(&mut define);
        block.insts.iter_mut().filter_map(|i| i.result.as_mut()).for_each(&mut define);
    }
    func.values = types;
    for_each_use_mut(func, |v| {
        *v = new_id[*v].unwrap_or_else(|| panic!("use of {v} without definition"));
    });
}

/// The blocks that read each value, once for each reading.
pub fn readers(func: &Func) -> IndexVec<Value, Vec<BlockId>> {
    let mut readers: IndexVec<Value, Vec<BlockId>> = IndexVec::filled(func.values.len(), Vec::new());
    for (id, block) in func.blocks.enumerated() {
        block.insts.iter().for_each(|inst| inst.op.for_each_use(|v| readers[v].push(id)));
        for_each_term_use(&block.term, |v| readers[v].push(id));
    }
    readers
}

/// The block that defines each value; none for one that no block defines.
pub fn homes(func: &Func) -> IndexVec<Value, Option<BlockId>> {
    let mut homes = IndexVec::filled(func.values.len(), None);
    for (id, block) in func.blocks.enumerated() {
        let results = block.insts.iter().filter_map(|inst| inst.result);
        block.params.iter().copied().chain(results).for_each(|value| homes[value] = Some(id));
    }
    homes
}

/// How often each value is read.
pub fn count_uses(func: &Func) -> IndexVec<Value, usize> {
    let mut uses = IndexVec::filled(func.values.len(), 0);
    for block in func.blocks.iter() {
        block.insts.iter().for_each(|i| i.op.for_each_use(|v| uses[v] += 1));
        for_each_term_use(&block.term, |v| uses[v] += 1);
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::ir::{Target, Term};

    /// `b0: jump b2(p)`, `b1: jump b2(p)` (unreachable), `b2(q): branch … b2(q), b3`.
    fn sample() -> Func {
        let mut func = Func::new("f", vec![Ty::I1], Some(Ty::I1));
        let p = func.values.push(Ty::I1);
        let q = func.values.push(Ty::I1);
        let target = |block, args| Target { block: BlockId(block), args };
        for term in [
            Term::Jump(target(2, vec![p])),
            Term::Jump(target(2, vec![p])),
            Term::Branch { cond: q, then: target(2, vec![q]), other: target(3, vec![]) },
            Term::Return(Some(q)),
        ] {
            func.blocks.push(crate::mir::ir::Block { term, ..Default::default() });
        }
        func.blocks[BlockId(0)].params.push(p);
        func.blocks[BlockId(2)].params.push(q);
        func
    }

    #[test]
    fn unreachable_blocks_and_trivial_params_go() {
        let mut func = sample();
        assert!(remove_unreachable(&mut func));
        assert_eq!(func.blocks.len(), 3);
        assert!(remove_trivial_params(&mut func));
        compact_values(&mut func);
        assert!(func.blocks[BlockId(1)].params.is_empty());
        assert_eq!(func.blocks[BlockId(2)].term, Term::Return(Some(Value(0))));
        assert_eq!(func.values.len(), 1);
    }
}
