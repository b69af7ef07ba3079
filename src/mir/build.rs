//! Builds a function in SSA form from code with variables.
//!
//! In: calls in program order: blocks, variables, operations. Out: a `Func` that `verify.rs`
//! accepts. The construction is that of Braun et al., "Simple and Efficient Construction of Static
//! Single Assignment Form": a block is sealed when all its predecessors are known; a variable read
//! in a block that is not sealed yet becomes a parameter of the block.
//! Invariant: after `finish` there are no unreachable blocks and no parameter that always gets the
//! same value.
//! Not here: folding of constants (`opt/fold.rs`).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::base::index::IndexVec;
use crate::base::source::Span;
use crate::mir::ir::{
    Access, Addr, Base, BinOp, Block, BlockId, Callee, Cond, Func, Inst, Op, Slot, SlotId, Target, Term, Ty,
    Value,
};
use crate::mir::rewrite;
use crate::mir::rt::Rt;

crate::define_id! {
    /// A variable of the function that is being built.
    Var "x";
}

/// What the builder knows of a block besides its content.
#[derive(Clone, Default)]
struct State {
    /// All predecessors are known.
    sealed: bool,
    /// The block has its end.
    filled: bool,
    /// Predecessors: the block, and which of its targets (0 or 1).
    preds: Vec<(BlockId, usize)>,
    /// Variables read before sealing; their parameters are at the end of the block's list.
    incomplete: Vec<Var>,
}

/// Builds one function; see the head of the file.
pub struct FuncBuilder {
    func: Func,
    states: IndexVec<BlockId, State>,
    vars: IndexVec<Var, Ty>,
    /// The value of a variable at the end (so far) of a block. Only looked up, never iterated.
    defs: HashMap<(BlockId, Var), Value>,
    /// The zero that an undefined variable of a type reads as, in a block without predecessors.
    zeros: HashMap<(BlockId, Ty), Value>,
    current: BlockId,
    span: Option<Span>,
}

impl FuncBuilder {
    /// Begins a function. `func` must have no blocks; the entry block is made, with the
    /// parameters as its values, and is the current block.
    pub fn new(func: Func) -> Self {
        assert!(func.blocks.is_empty(), "{} has blocks already", func.name);
        let mut builder = Self {
            func,
            states: IndexVec::new(),
            vars: IndexVec::new(),
            defs: HashMap::new(),
            zeros: HashMap::new(),
            current: Func::ENTRY,
            span: None,
        };
        builder.new_block();
        builder.seal_block(Func::ENTRY);
        for ty in builder.func.params.clone() {
            builder.block_param(Func::ENTRY, ty);
        }
        builder
    }

    /// The function as it is so far.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// The values of the function's parameters.
    pub fn params(&self) -> &[Value] {
        &self.func.blocks[Func::ENTRY].params[..self.func.params.len()]
    }

    /// The span of the operations that follow.
    pub fn set_span(&mut self, span: Option<Span>) {
        self.span = span;
    }

    /// The span of the operations that follow.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    // Blocks.

    /// Makes a block. It must be sealed once all jumps to it are made.
    pub fn new_block(&mut self) -> BlockId {
        self.states.push(State::default());
        self.func.blocks.push(Block::default())
    }

    /// Adds an explicit parameter to a block, before any jump to it and any variable read in it.
    pub fn block_param(&mut self, block: BlockId, ty: Ty) -> Value {
        let value = self.func.values.push(ty);
        self.func.blocks[block].params.push(value);
        value
    }

    /// Goes on in `block`.
    pub fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    /// The block in which the next operation is put.
    pub fn current(&self) -> BlockId {
        self.current
    }

    /// True when the current block has its end, so that what follows is never reached.
    pub fn is_terminated(&self) -> bool {
        self.states[self.current].filled
    }

    /// Declares that all jumps to `block` are made.
    pub fn seal_block(&mut self, block: BlockId) {
        let state = &mut self.states[block];
        if std::mem::replace(&mut state.sealed, true) {
            return;
        }
        let work = std::mem::take(&mut state.incomplete).into_iter().map(|var| (block, var)).collect();
        self.fill_arguments(work);
    }

    /// Switches to `block` and seals it: for blocks all of whose predecessors exist.
    pub fn begin(&mut self, block: BlockId) {
        self.seal_block(block);
        self.switch_to(block);
    }

    // Variables.

    /// Makes a variable.
    pub fn declare_var(&mut self, ty: Ty) -> Var {
        self.vars.push(ty)
    }

    /// The type of a variable.
    pub fn var_ty(&self, var: Var) -> Ty {
        self.vars[var]
    }

    /// Assigns a variable.
    pub fn def_var(&mut self, var: Var, value: Value) {
        debug_assert_eq!(self.vars[var], self.func.ty(value), "type of {var} in {}", self.func.name);
        let block = self.open_block();
        self.defs.insert((block, var), value);
    }

    /// The value of a variable. One that was never assigned reads as 0.
    pub fn use_var(&mut self, var: Var) -> Value {
        let block = self.open_block();
        let mut work = VecDeque::new();
        let value = self.read(block, var, &mut work);
        self.fill_arguments(work);
        value
    }

    /// The value of `var` at the end of `block`. Parameters that this needs are made at once,
    /// their arguments are left in `work`: without recursion, since chains of blocks may be long.
    fn read(&mut self, block: BlockId, var: Var, work: &mut VecDeque<(BlockId, Var)>) -> Value {
        let mut path = Vec::new();
        let mut at = block;
        let value = loop {
            if let Some(&value) = self.defs.get(&(at, var)) {
                break value;
            }
            path.push(at);
            let state = &self.states[at];
            match state.preds.as_slice() {
                _ if !state.sealed => {
                    self.states[at].incomplete.push(var);
                    break self.block_param(at, self.vars[var]);
                }
                [] => break self.zero(at, self.vars[var]),
                [(pred, _)] => at = *pred,
                _ => {
                    work.push_back((at, var));
                    break self.block_param(at, self.vars[var]);
                }
            }
        };
        for block in path {
            self.defs.insert((block, var), value);
        }
        value
    }

    /// Gives the parameters of the variables in `work` their arguments in all predecessors. First
    /// in, first out: parameters of one block get their arguments in the order of the parameters.
    fn fill_arguments(&mut self, mut work: VecDeque<(BlockId, Var)>) {
        while let Some((block, var)) = work.pop_front() {
            for (pred, edge) in self.states[block].preds.clone() {
                let value = self.read(pred, var, &mut work);
                let target = self.func.blocks[pred].term.targets_mut().nth(edge);
                target.expect("a predecessor has the target").args.push(value);
            }
        }
    }

    fn zero(&mut self, block: BlockId, ty: Ty) -> Value {
        if let Some(&value) = self.zeros.get(&(block, ty)) {
            return value;
        }
        let value = self.func.values.push(ty);
        let inst = Inst { result: Some(value), op: Op::Const(0), span: None };
        self.func.blocks[block].insts.insert(0, inst);
        self.zeros.insert((block, ty), value);
        value
    }

    // Operations.

    /// The current block, or, after an end, a new one that nothing reaches.
    fn open_block(&mut self) -> BlockId {
        if self.is_terminated() {
            let dead = self.new_block();
            self.begin(dead);
        }
        self.current
    }

    fn push(&mut self, result: Option<Value>, op: Op) {
        let block = self.open_block();
        let span = self.span;
        self.func.blocks[block].insts.push(Inst { result, op, span });
    }

    /// Appends an operation with a result of type `ty`.
    pub fn emit(&mut self, op: Op, ty: Ty) -> Value {
        let value = self.func.values.push(ty);
        self.push(Some(value), op);
        value
    }

    /// Appends an operation without result.
    pub fn effect(&mut self, op: Op) {
        self.push(None, op);
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Ty {
        self.func.ty(value)
    }

    /// A number, cut to the type.
    pub fn iconst(&mut self, ty: Ty, value: i64) -> Value {
        self.emit(Op::Const(value as u32 & ty.mask()), ty)
    }

    /// An address as a value.
    pub fn addr(&mut self, addr: Addr) -> Value {
        self.emit(Op::Addr(addr), Ty::I16)
    }

    /// Arithmetic; the type is that of `a`.
    pub fn bin(&mut self, op: BinOp, a: Value, b: Value) -> Value {
        self.emit(Op::Bin(op, a, b), self.ty(a))
    }

    /// Two's complement.
    pub fn neg(&mut self, a: Value) -> Value {
        self.emit(Op::Neg(a), self.ty(a))
    }

    /// All bits inverted; for an `I1` this is "not".
    pub fn not(&mut self, a: Value) -> Value {
        self.emit(Op::Not(a), self.ty(a))
    }

    /// A comparison, an `I1`.
    pub fn cmp(&mut self, cond: Cond, a: Value, b: Value) -> Value {
        self.emit(Op::Cmp(cond, a, b), Ty::I1)
    }

    /// Zero-extends, or returns `a` when it has the type already.
    pub fn zext(&mut self, a: Value, ty: Ty) -> Value {
        if self.ty(a) == ty { a } else { self.emit(Op::Zext(a), ty) }
    }

    /// Sign-extends, or returns `a` when it has the type already.
    pub fn sext(&mut self, a: Value, ty: Ty) -> Value {
        if self.ty(a) == ty { a } else { self.emit(Op::Sext(a), ty) }
    }

    /// Keeps the low bits, or returns `a` when it has the type already.
    pub fn trunc(&mut self, a: Value, ty: Ty) -> Value {
        if self.ty(a) == ty { a } else { self.emit(Op::Trunc(a), ty) }
    }

    /// `a` when `cond` holds, else `b`: a branch, which costs less than masks. The next operation is
    /// in another block.
    pub fn select(&mut self, cond: Value, a: Value, b: Value) -> Value {
        let join = self.new_block();
        let result = self.block_param(join, self.ty(a));
        let target = |value| Target { block: join, args: vec![value] };
        self.end(Term::Branch { cond, then: target(a), other: target(b) });
        self.seal_block(join);
        self.switch_to(join);
        result
    }

    /// Reads memory.
    pub fn load(&mut self, ty: Ty, addr: Addr, access: Access) -> Value {
        self.emit(Op::Load(addr.plain(), access), ty)
    }

    /// Writes memory.
    pub fn store(&mut self, addr: Addr, value: Value, access: Access) {
        self.effect(Op::Store(addr.plain(), value, access));
    }

    /// Calls a function; the result is there when `ret` is.
    pub fn call(&mut self, callee: Callee, args: Vec<Value>, ret: Option<Ty>) -> Option<Value> {
        self.call_like(Op::Call(callee, args), ret)
    }

    /// Calls a run-time routine.
    pub fn rt(&mut self, rt: Rt, args: Vec<Value>) -> Option<Value> {
        self.call_like(Op::Rt(rt, args), rt.ret())
    }

    fn call_like(&mut self, op: Op, ret: Option<Ty>) -> Option<Value> {
        match ret {
            Some(ty) => Some(self.emit(op, ty)),
            None => {
                self.effect(op);
                None
            }
        }
    }

    /// Makes a piece of local memory; its place is `Base::Slot`.
    pub fn new_slot(&mut self, name: impl Into<Arc<str>>, size: u32) -> SlotId {
        self.func.slots.push(Slot { name: name.into(), size })
    }

    /// The address of a slot as a value.
    pub fn slot_addr(&mut self, slot: SlotId) -> Value {
        self.addr(Addr::new(Base::Slot(slot), 0))
    }

    // Ends of blocks.

    fn end(&mut self, term: Term) {
        let block = self.open_block();
        for (edge, target) in term.targets().enumerate() {
            debug_assert!(!self.states[target.block].sealed, "jump to sealed {}", target.block);
            self.states[target.block].preds.push((block, edge));
        }
        self.states[block].filled = true;
        let span = self.span;
        let block = &mut self.func.blocks[block];
        block.term = term;
        block.term_span = span;
    }

    /// Ends the current block with a jump.
    pub fn jump(&mut self, block: BlockId) {
        self.jump_args(block, Vec::new());
    }

    /// Ends the current block with a jump to a block with explicit parameters.
    pub fn jump_args(&mut self, block: BlockId, args: Vec<Value>) {
        self.end(Term::Jump(Target { block, args }));
    }

    /// Ends the current block: to `then` when the `I1` is 1, else to `other`.
    pub fn branch(&mut self, cond: Value, then: BlockId, other: BlockId) {
        let target = |block| Target { block, args: Vec::new() };
        self.end(Term::Branch { cond, then: target(then), other: target(other) });
    }

    /// Ends the current block with a return.
    pub fn ret(&mut self, value: Option<Value>) {
        self.end(Term::Return(value));
    }

    /// Ends the current block at a place that is never reached.
    pub fn unreachable(&mut self) {
        self.end(Term::Unreachable);
    }

    /// Seals what is left and hands out the function, cleaned.
    pub fn finish(mut self) -> Func {
        for block in self.states.ids() {
            self.seal_block(block);
        }
        rewrite::remove_unreachable(&mut self.func);
        rewrite::remove_trivial_params(&mut self.func);
        rewrite::compact_values(&mut self.func);
        self.func
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `while x != 0: x -= 1; y += 2` with an undefined `z` read after the loop.
    #[test]
    fn loop_variables_become_parameters_and_others_do_not() {
        let mut b = FuncBuilder::new(Func::new("f", vec![Ty::I8, Ty::I8], Some(Ty::I8)));
        let (x, y, z) = (b.declare_var(Ty::I8), b.declare_var(Ty::I8), b.declare_var(Ty::I8));
        let (px, py) = (b.params()[0], b.params()[1]);
        b.def_var(x, px);
        b.def_var(y, py);
        let (head, body, exit) = (b.new_block(), b.new_block(), b.new_block());
        b.jump(head);
        b.switch_to(head);
        let (vx, zero) = (b.use_var(x), b.iconst(Ty::I8, 0));
        let cond = b.cmp(Cond::Ne, vx, zero);
        b.branch(cond, body, exit);
        b.begin(body);
        let (vx, one) = (b.use_var(x), b.iconst(Ty::I8, 1));
        let next = b.bin(BinOp::Sub, vx, one);
        b.def_var(x, next);
        b.jump(head);
        b.seal_block(head);
        b.begin(exit);
        let (vy, vz) = (b.use_var(y), b.use_var(z));
        let sum = b.bin(BinOp::Add, vy, vz);
        b.ret(Some(sum));
        let dead = b.iconst(Ty::I8, 7);
        b.ret(Some(dead));
        let func = b.finish();

        assert_eq!(func.blocks.len(), 4, "the block after the return is gone");
        assert_eq!(func.blocks[head].params.len(), 1, "only x changes in the loop");
        assert!(matches!(func.blocks[Func::ENTRY].insts[0].op, Op::Const(0)), "z is 0");
    }

    #[test]
    fn a_chain_of_many_blocks_needs_no_stack() {
        let mut b = FuncBuilder::new(Func::new("f", vec![Ty::I8], Some(Ty::I8)));
        let x = b.declare_var(Ty::I8);
        let p = b.params()[0];
        b.def_var(x, p);
        for _ in 0..100_000 {
            let next = b.new_block();
            b.jump(next);
            b.begin(next);
        }
        let value = b.use_var(x);
        b.ret(Some(value));
        let func = b.finish();
        assert_eq!(func.blocks.iter().last().map(|b| &b.term), Some(&Term::Return(Some(Value(0)))));
    }
}
