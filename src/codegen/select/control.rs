//! Selection of calls, run-time routines and block ends.

use crate::codegen::lir::{LBlock, LBlockData, LCallee, LInst, LTerm, Op as LOp, RtCall, Src, Vb};
use crate::codegen::select::{Home, Select};
use crate::mir::ir::{Callee, Target, Term, Value};
use crate::mir::rt::Rt;

impl Select<'_> {
    pub(super) fn select_call(&mut self, result: Option<Value>, callee: &Callee, args: &[Value]) {
        let args = args.iter().map(|&v| self.bytes(v)).collect();
        let ret = result.map(|v| self.reg_of(v));
        let callee = match callee {
            Callee::Func(f) => LCallee::Func(*f),
            Callee::Abs(at) => LCallee::Abs(*at),
        };
        self.emit(LOp::Call { callee, args, ret });
        self.pointers.clear();
    }

    pub(super) fn select_rt(&mut self, result: Option<Value>, rt: Rt, args: &[Value]) {
        let args = args.iter().map(|&v| self.bytes(v)).collect();
        let ret = result.map(|v| self.reg_of(v));
        self.emit(LOp::Rt { routine: RtCall::Rt(rt), args, ret, extra: None });
    }

    /// The end of a block that runs `weight` times.
    pub(super) fn select_term(&mut self, term: &Term, weight: f64) -> LTerm {
        match term {
            Term::Jump(target) => {
                let moves = self.param_moves(target);
                if !moves.is_empty() {
                    self.emit(LOp::Copy { moves });
                }
                LTerm::Jump(self.lblocks[target.block])
            }
            Term::Branch { cond, then, other } => {
                if then == other {
                    return self.select_term(&Term::Jump(then.clone()), weight);
                }
                if let Some(n) = self.constant(*cond) {
                    let taken = if n != 0 { then } else { other };
                    return self.select_term(&Term::Jump(taken.clone()), weight);
                }
                let test = self.branch_test(*cond);
                let then = self.edge(then, weight);
                let other = self.edge(other, weight);
                LTerm::Branch { test, then, other }
            }
            Term::Return(value) => LTerm::Return(value.map_or(Vec::new(), |v| self.bytes(v))),
            Term::Unreachable => LTerm::Unreachable,
        }
    }

    fn param_moves(&mut self, target: &Target) -> Vec<(Vb, Src)> {
        let params = &self.func.blocks[target.block].params;
        let mut moves = Vec::new();
        for (&param, &arg) in params.iter().zip(&target.args) {
            let Home::Reg(reg) = self.homes[param] else { continue };
            for (k, s) in self.bytes(arg).into_iter().enumerate() {
                let d = Vb::new(reg, k);
                if s != Src::V(d) {
                    moves.push((d, s));
                }
            }
        }
        moves
    }

    /// The block to branch to: the target itself, or a new one that first passes its arguments.
    fn edge(&mut self, target: &Target, from: f64) -> LBlock {
        let to = self.lblocks[target.block];
        let moves = self.param_moves(target);
        if moves.is_empty() {
            return to;
        }
        let weight = from.min(self.out.blocks[to].weight);
        self.out.blocks.push(LBlockData {
            insts: vec![LInst { op: LOp::Copy { moves }, span: self.span }],
            term: LTerm::Jump(to),
            term_span: self.span,
            weight,
        })
    }
}
