//! Constant folding, algebraic identities and canonical forms.
//!
//! Canonical: constants on the right, no subtraction of constants, strict comparisons (`<`, `>=`,
//! `==`, `!=`), the widest extension last, addresses with as much in the place as it can hold.
//! In: a function. Out: the same values, computed by fewer or cheaper operations, one at a time:
//! each rule looks at one operation and what defines its operands.

mod arith;
mod compare;
mod known;
mod place;

use crate::base::index::IndexVec;
use crate::base::source::Span;
use crate::mir::cfg::Cfg;
use crate::mir::effects::is_pure;
use crate::mir::eval;
use crate::mir::interp_rt;
use crate::mir::ir::{Access, Addr, Block, Func, Inst, Op, Target, Term, Ty, Value};
use crate::mir::rewrite::{self, Substitution};
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "fold", about: "folds constants and simplifies arithmetic", run: Run::Func(run) };

/// How often the result of a rule is looked at again.
const MAX_REWRITES: usize = 16;

/// What becomes of an operation.
pub(super) enum Rewrite {
    /// Its result is this value.
    Value(Value),
    /// It is this operation instead.
    Op(Op),
    /// It is gone, with the effect it had.
    Nothing,
}

pub(super) struct Folder<'a> {
    ctx: &'a Context<'a>,
    func: &'a mut Func,
    /// The operations that define the values, of those that are pure.
    defs: IndexVec<Value, Option<Op>>,
    /// How often each value is read, counted at the start.
    uses: IndexVec<Value, usize>,
    subst: Substitution,
    /// The operations of the block so far.
    out: Vec<Inst>,
    span: Option<Span>,
}

fn run(func: &mut Func, ctx: &Context) -> bool {
    let order = Cfg::new(func).rpo;
    let mut defs = IndexVec::filled(func.values.len(), None);
    for inst in func.blocks.iter().flat_map(|b| &b.insts) {
        if let Some(result) = inst.result
            && is_pure(&inst.op)
        {
            defs[result] = Some(inst.op.clone());
        }
    }
    let uses = rewrite::count_uses(func);
    let subst = Substitution::new(func);
    let mut folder = Folder { ctx, func, defs, uses, subst, out: Vec::new(), span: None };
    let mut changed = false;
    for id in order {
        let mut block = std::mem::take(&mut folder.func.blocks[id]);
        changed |= folder.block(&mut block);
        folder.func.blocks[id] = block;
    }
    let subst = folder.subst;
    subst.apply(func) || changed
}

impl Folder<'_> {
    fn block(&mut self, block: &mut Block) -> bool {
        let mut changed = false;
        for mut inst in std::mem::take(&mut block.insts) {
            inst.op.for_each_use_mut(|v| *v = self.subst.resolve(*v));
            self.span = inst.span;
            changed |= self.inst(inst);
        }
        block.insts = std::mem::take(&mut self.out);
        if let Some(term) = self.term(&block.term) {
            block.term = term;
            changed = true;
        }
        block.insts.append(&mut self.out);
        changed
    }

    fn inst(&mut self, mut inst: Inst) -> bool {
        let mut changed = false;
        for _ in 0..MAX_REWRITES {
            match self.rewrite(&inst) {
                None => break,
                Some(Rewrite::Nothing) => return true,
                Some(Rewrite::Value(value)) => {
                    if let Some(result) = inst.result {
                        self.subst.replace(result, value);
                    }
                    return true;
                }
                Some(Rewrite::Op(op)) => {
                    inst.op = op;
                    changed = true;
                }
            }
        }
        if let Some(result) = inst.result {
            self.defs[result] = is_pure(&inst.op).then(|| inst.op.clone());
        }
        self.out.push(inst);
        changed
    }

    // What rules use.

    fn ty(&self, value: Value) -> Ty {
        self.func.ty(value)
    }

    /// True when nobody else reads the value, as far as the start of the pass knows.
    fn is_used_once(&self, value: Value) -> bool {
        self.uses.get(value).is_none_or(|n| *n <= 1)
    }

    /// The operation that defines a value.
    fn def(&self, value: Value) -> Option<&Op> {
        self.defs[value].as_ref()
    }

    fn constant(&self, value: Value) -> Option<u32> {
        match self.def(value) {
            Some(Op::Const(n)) => Some(*n),
            _ => None,
        }
    }

    /// Adds an operation before the current one.
    fn emit(&mut self, op: Op, ty: Ty) -> Value {
        let value = self.func.values.push(ty);
        self.defs.push(is_pure(&op).then(|| op.clone()));
        self.out.push(Inst { result: Some(value), op, span: self.span });
        value
    }

    fn number(&mut self, ty: Ty, n: u32) -> Value {
        self.emit(Op::Const(n & ty.mask()), ty)
    }

    // Rules by operation.

    fn rewrite(&mut self, inst: &Inst) -> Option<Rewrite> {
        let ty = inst.result.map_or(Ty::I8, |v| self.ty(v));
        if !matches!(inst.op, Op::Const(_))
            && let Some(n) = eval::op(&inst.op, ty, |v| self.ty(v), |v| self.constant(v))
        {
            return Some(Rewrite::Op(Op::Const(n)));
        }
        match &inst.op {
            Op::Bin(op, a, b) => self.bin(*op, ty, *a, *b),
            Op::Neg(a) => self.neg(ty, *a),
            Op::Not(a) => self.not(*a),
            Op::Cmp(cond, a, b) => self.cmp(*cond, *a, *b),
            Op::Zext(a) => self.zext(ty, *a),
            Op::Sext(a) => self.sext(ty, *a),
            Op::Trunc(a) => self.trunc(ty, *a),
            Op::Select(c, a, b) => self.select(ty, *c, *a, *b),
            Op::Addr(addr) => self.address(addr),
            Op::Load(addr, access) => self.load(ty, addr, *access),
            Op::Store(addr, value, access) => {
                let addr = self.place(addr)?;
                Some(Rewrite::Op(Op::Store(addr, *value, *access)))
            }
            Op::Copy { dst, src, len, access } => self.copy(dst, src, *len, *access),
            Op::Fill { dst, value, len, access } => self.fill(dst, *value, *len, *access),
            Op::Rt(rt, args) => {
                let args: Option<Vec<u32>> = args.iter().map(|&v| self.constant(v)).collect();
                Some(Rewrite::Op(Op::Const(interp_rt::pure(*rt, &args?)?)))
            }
            _ => None,
        }
    }

    fn select(&mut self, ty: Ty, c: Value, a: Value, b: Value) -> Option<Rewrite> {
        if let Some(n) = self.constant(c) {
            return Some(Rewrite::Value(if n != 0 { a } else { b }));
        }
        if a == b {
            return Some(Rewrite::Value(a));
        }
        if let Some(&Op::Not(inner)) = self.def(c) {
            return Some(Rewrite::Op(Op::Select(inner, b, a)));
        }
        match (self.constant(a)?, self.constant(b)?) {
            (x, y) if x == y => Some(Rewrite::Value(a)),
            (1, 0) if ty == Ty::I1 => Some(Rewrite::Value(c)),
            (1, 0) => Some(Rewrite::Op(Op::Zext(c))),
            (0, 1) => {
                let not = self.emit(Op::Not(c), Ty::I1);
                Some(if ty == Ty::I1 { Rewrite::Value(not) } else { Rewrite::Op(Op::Zext(not)) })
            }
            _ => None,
        }
    }

    fn copy(&mut self, dst: &Addr, src: &Addr, len: u32, access: Access) -> Option<Rewrite> {
        if access == Access::Plain && (len == 0 || dst == src) {
            return Some(Rewrite::Nothing);
        }
        if let (Access::Plain, Some(ty)) = (access, scalar(len)) {
            let value = self.emit(Op::Load(*src, access), ty);
            return Some(Rewrite::Op(Op::Store(*dst, value, access)));
        }
        let (new_dst, new_src) = (self.place(dst), self.place(src));
        if new_dst.is_none() && new_src.is_none() {
            return None;
        }
        let (dst, src) = (new_dst.unwrap_or(*dst), new_src.unwrap_or(*src));
        Some(Rewrite::Op(Op::Copy { dst, src, len, access }))
    }

    fn fill(&mut self, dst: &Addr, value: Value, len: u32, access: Access) -> Option<Rewrite> {
        if access == Access::Plain && len == 0 {
            return Some(Rewrite::Nothing);
        }
        if let (Access::Plain, Some(ty), Some(n)) = (access, scalar(len), self.constant(value)) {
            let value = self.number(ty, n.wrapping_mul(0x0101_0101));
            return Some(Rewrite::Op(Op::Store(*dst, value, access)));
        }
        Some(Rewrite::Op(Op::Fill { dst: self.place(dst)?, value, len, access }))
    }

    fn term(&mut self, term: &Term) -> Option<Term> {
        let Term::Branch { cond, then, other } = term else { return None };
        let resolve = |subst: &mut Substitution, target: &Target| Target {
            block: target.block,
            args: target.args.iter().map(|&v| subst.resolve(v)).collect(),
        };
        let cond = self.subst.resolve(*cond);
        let then = resolve(&mut self.subst, then);
        let other = resolve(&mut self.subst, other);
        match self.def(cond)? {
            Op::Const(0) => Some(Term::Jump(other)),
            Op::Const(_) => Some(Term::Jump(then)),
            Op::Not(inner) => Some(Term::Branch { cond: *inner, then: other, other: then }),
            _ => None,
        }
    }
}

/// The type with that many bytes.
fn scalar(bytes: u32) -> Option<Ty> {
    match bytes {
        1 => Some(Ty::I8),
        2 => Some(Ty::I16),
        4 => Some(Ty::I32),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
