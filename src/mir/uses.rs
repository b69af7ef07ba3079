//! Which values an operation reads.
//!
//! In: an operation. Out: its operands in order, to look at or to replace. Not here: those of the
//! end of a block (`rewrite.rs`).

use crate::mir::ir::{Addr, Base, Op, Value};

impl Op {
    /// Calls `f` with every value the operation reads, in order.
    pub fn for_each_use(&self, mut f: impl FnMut(Value)) {
        let place = |addr: &Addr, f: &mut dyn FnMut(Value)| {
            if let Base::Value(v) = addr.base {
                f(v);
            }
            if let Some(v) = addr.index {
                f(v);
            }
        };
        match self {
            Op::Const(_) | Op::Asm(_) | Op::Sei | Op::Cli | Op::Nop(_) => {}
            Op::Addr(addr) | Op::Load(addr, _) => place(addr, &mut f),
            Op::Bin(_, a, b) | Op::Cmp(_, a, b) => {
                f(*a);
                f(*b);
            }
            Op::Neg(a) | Op::Not(a) | Op::Zext(a) | Op::Sext(a) | Op::Trunc(a) => f(*a),
            Op::Select(c, a, b) => {
                f(*c);
                f(*a);
                f(*b);
            }
            Op::Store(addr, value, _) => {
                place(addr, &mut f);
                f(*value);
            }
            Op::Call(_, args) | Op::Rt(_, args) => args.iter().copied().for_each(f),
            Op::Copy { dst, src, .. } => {
                place(dst, &mut f);
                place(src, &mut f);
            }
            Op::Fill { dst, value, .. } => {
                place(dst, &mut f);
                f(*value);
            }
        }
    }

    /// True when the operation reads the value.
    pub fn reads(&self, value: Value) -> bool {
        let mut found = false;
        self.for_each_use(|v| found |= v == value);
        found
    }

    /// Calls `f` with every value the operation reads, in order, so that it can be replaced.
    pub fn for_each_use_mut(&mut self, mut f: impl FnMut(&mut Value)) {
        let place = |addr: &mut Addr, f: &mut dyn FnMut(&mut Value)| {
            if let Base::Value(v) = &mut addr.base {
                f(v);
            }
            if let Some(v) = &mut addr.index {
                f(v);
            }
        };
        match self {
            Op::Const(_) | Op::Asm(_) | Op::Sei | Op::Cli | Op::Nop(_) => {}
            Op::Addr(addr) | Op::Load(addr, _) => place(addr, &mut f),
            Op::Bin(_, a, b) | Op::Cmp(_, a, b) => {
                f(a);
                f(b);
            }
            Op::Neg(a) | Op::Not(a) | Op::Zext(a) | Op::Sext(a) | Op::Trunc(a) => f(a),
            Op::Select(c, a, b) => {
                f(c);
                f(a);
                f(b);
            }
            Op::Store(addr, value, _) => {
                place(addr, &mut f);
                f(value);
            }
            Op::Call(_, args) | Op::Rt(_, args) => args.iter_mut().for_each(f),
            Op::Copy { dst, src, .. } => {
                place(dst, &mut f);
                place(src, &mut f);
            }
            Op::Fill { dst, value, .. } => {
                place(dst, &mut f);
                f(value);
            }
        }
    }
}
