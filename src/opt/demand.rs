//! Which bits of each value anything looks at.
//!
//! In: a function. Out: a mask for each value; bits outside it may be anything.

use crate::base::index::IndexVec;
use crate::mir::ir::{BinOp, BlockId, Func, Op, Term, Ty, Value};

/// The demanded bits of all values.
pub fn demanded_bits(func: &Func) -> IndexVec<Value, u32> {
    let mut demand = Demand {
        func,
        bits: IndexVec::filled(func.values.len(), 0),
        consts: IndexVec::filled(func.values.len(), None),
        defs: IndexVec::filled(func.values.len(), None),
        incoming: IndexVec::filled(func.blocks.len(), Vec::new()),
        work: Vec::new(),
    };
    for (id, block) in func.blocks.enumerated() {
        for (i, &param) in block.params.iter().enumerate() {
            demand.defs[param] = Some(Def::Param(id, i));
        }
        for inst in &block.insts {
            if let Some(result) = inst.result {
                demand.defs[result] = Some(Def::Op(&inst.op));
                if let Op::Const(n) = inst.op {
                    demand.consts[result] = Some(n);
                }
            }
        }
        block.term.targets().for_each(|t| demand.incoming[t.block].push(&t.args));
    }
    for block in func.blocks.iter() {
        for inst in &block.insts {
            if !passes_on(&inst.op) {
                inst.op.for_each_use(|v| demand.need(v, u32::MAX));
            }
        }
        match block.term {
            Term::Branch { cond, .. } => demand.need(cond, u32::MAX),
            Term::Return(Some(value)) => demand.need(value, u32::MAX),
            _ => {}
        }
    }
    while let Some(value) = demand.work.pop() {
        demand.pass_on(value);
    }
    demand.bits
}

/// True for operations whose operands are needed only as far as the result is.
fn passes_on(op: &Op) -> bool {
    match op {
        Op::Bin(op, ..) => !matches!(op, BinOp::UDiv | BinOp::SDiv | BinOp::URem | BinOp::SRem),
        Op::Neg(_)
        | Op::Not(_)
        | Op::Zext(_)
        | Op::Sext(_)
        | Op::Trunc(_)
        | Op::Select(..)
        | Op::Const(_) => true,
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Def<'a> {
    Op(&'a Op),
    Param(BlockId, usize),
}

struct Demand<'a> {
    func: &'a Func,
    bits: IndexVec<Value, u32>,
    consts: IndexVec<Value, Option<u32>>,
    defs: IndexVec<Value, Option<Def<'a>>>,
    /// The arguments that jump to each block.
    incoming: IndexVec<BlockId, Vec<&'a [Value]>>,
    work: Vec<Value>,
}

impl Demand<'_> {
    fn need(&mut self, value: Value, bits: u32) {
        let bits = bits & self.func.ty(value).mask();
        if bits & !self.bits[value] != 0 {
            self.bits[value] |= bits;
            self.work.push(value);
        }
    }

    fn pass_on(&mut self, value: Value) {
        let bits = self.bits[value];
        match self.defs[value] {
            Some(Def::Param(block, index)) => {
                for args in self.incoming[block].clone() {
                    if let Some(&arg) = args.get(index) {
                        self.need(arg, bits);
                    }
                }
            }
            Some(Def::Op(op)) if passes_on(op) => self.operands(op, bits),
            _ => {}
        }
    }

    fn operands(&mut self, op: &Op, bits: u32) {
        // Carries go up only: a bit needs those at and below it.
        let below = u32::MAX.checked_shr(bits.leading_zeros()).unwrap_or(0);
        match op {
            Op::Bin(kind, a, b) => match (kind, self.consts[*b]) {
                (BinOp::Add | BinOp::Sub | BinOp::Mul, _) => {
                    self.need(*a, below);
                    self.need(*b, below);
                }
                (BinOp::And, Some(n)) => {
                    self.need(*a, bits & n);
                    self.need(*b, bits);
                }
                (BinOp::Or, Some(n)) => {
                    self.need(*a, bits & !n);
                    self.need(*b, bits);
                }
                (BinOp::And | BinOp::Or | BinOp::Xor, _) => {
                    self.need(*a, bits);
                    self.need(*b, bits);
                }
                (BinOp::Shl, count) => {
                    self.need(*a, count.map_or(below, |n| bits.checked_shr(n).unwrap_or(0)));
                    self.need(*b, u32::MAX);
                }
                (BinOp::Shr, Some(n)) => {
                    self.need(*a, bits.checked_shl(n).unwrap_or(0));
                    self.need(*b, u32::MAX);
                }
                _ => {
                    self.need(*a, u32::MAX);
                    self.need(*b, u32::MAX);
                }
            },
            Op::Neg(a) => self.need(*a, below),
            Op::Not(a) | Op::Zext(a) | Op::Trunc(a) => self.need(*a, bits),
            Op::Sext(a) => {
                let ty = self.func.ty(*a);
                let sign = if bits & !ty.mask() != 0 { (ty.mask() >> 1) + 1 } else { 0 };
                self.need(*a, bits | sign);
            }
            Op::Select(c, a, b) => {
                self.need(*c, u32::MAX);
                self.need(*a, bits);
                self.need(*b, bits);
            }
            _ => {}
        }
    }
}

/// The narrowest type that holds all these bits.
pub fn narrowest(bits: u32) -> Ty {
    [Ty::I8, Ty::I16].into_iter().find(|t| bits & !t.mask() == 0).unwrap_or(Ty::I32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::ir::FuncId;
    use crate::mir::text;

    #[test]
    fn only_the_low_byte_of_a_sum_is_wanted() {
        let program = text::parse(
            "func @f(i16, i16) -> i8 {\nb0(v0: i16, v1: i16):\n v2: i16 = add v0, v1\n v3: i16 = const 3\n\
             v4: i16 = shr v1, v3\n v5: i16 = xor v2, v4\n v6: i8 = trunc v5\n return v6\n}",
        )
        .unwrap();
        let bits = demanded_bits(&program.funcs[FuncId(0)]);
        assert_eq!((bits[Value(0)], bits[Value(2)]), (0xff, 0xff));
        assert_eq!(bits[Value(1)], 0x7ff);
        assert_eq!(narrowest(bits[Value(1)]), Ty::I16);
    }
}
