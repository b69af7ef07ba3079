//! Values of expressions.
//!
//! In: `hir::Expr` of scalar or pointer type. Out: an SSA value of the type's width. Invariant:
//! operands are evaluated left to right, each once. Not here: conditions in control flow
//! (`cond.rs`), places (`place.rs`), text (`string.rs`).

use crate::lower::func::FuncLower;
use crate::lower::ty;
use crate::mir::ir::{Access, Addr, Base, BinOp as Op, Cond, Ty, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{BinOp, Builtin, Expr, ExprKind, FuncId, PlaceKind, Type};

impl FuncLower<'_, '_> {
    /// The value of an expression.
    pub fn expr(&mut self, e: &Expr) -> Value {
        match &e.kind {
            ExprKind::Int(0) if matches!(e.ty, Type::Tuple(_)) => {
                let (global, offset) = self.cx.empty_tuple(&self.module.name);
                self.b.addr(Addr::new(Base::Global(global), offset))
            }
            ExprKind::Int(value) => self.b.iconst(ty(&e.ty), *value),
            ExprKind::Float(bytes) => self.b.iconst(Ty::I32, i64::from(u32::from_le_bytes(*bytes))),
            ExprKind::Load(place) => {
                let loc = self.place(place);
                self.load(loc, &e.ty)
            }
            ExprKind::AddrOf(place) if leads_to(&e.ty, &place.ty) => self.address_of(place),
            // A number with which the program may reach anything.
            ExprKind::AddrOf(place) => {
                let mem = self.mem(place);
                self.addr_value(Addr { within: None, ..mem.addr })
            }
            ExprKind::FuncAddr(func) => match self.func_base(*func) {
                (Base::Abs, addr) => self.b.iconst(Ty::I16, i64::from(addr)),
                (base, offset) => self.b.addr(Addr::new(base, offset)),
            },
            ExprKind::Convert(inner) => {
                let value = self.expr(inner);
                self.convert(value, &inner.ty, &e.ty)
            }
            ExprKind::Neg(inner) => {
                let value = self.expr(inner);
                if e.ty == Type::Float { self.rt_value(Rt::FNeg, vec![value]) } else { self.b.neg(value) }
            }
            ExprKind::Invert(inner) => {
                let value = self.expr(inner);
                self.b.not(value)
            }
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.expr(a), self.expr(b));
                self.binary(*op, &e.ty, a, b)
            }
            ExprKind::And(..) | ExprKind::Or(..) => self.bool_by_branches(e),
            ExprKind::Compare(..) | ExprKind::StrCompare(..) | ExprKind::Test(_) | ExprKind::Not(_) => {
                let cond = self.cond(e);
                self.b.zext(cond, Ty::I8)
            }
            ExprKind::Call(func, args) => match self.call(*func, args) {
                Some(value) => value,
                None => unreachable!("{}: value of a call without result", self.func.symbol),
            },
            ExprKind::TupleLen(tuple) => self.tuple_len(tuple),
            ExprKind::StrTemp(parts) => self.string_in_temp(parts),
            ExprKind::Builtin(builtin, args) => self.builtin(*builtin, &e.ty, args),
            ExprKind::Error => unreachable!("{}: value of an error", self.func.symbol),
        }
    }

    /// A call; the result is there when the function has one.
    pub fn call(&mut self, func: FuncId, args: &[Expr]) -> Option<Value> {
        let args = self.arguments(func, args);
        let ret = &self.module.funcs[func].ret;
        let ret = (*ret != Type::Void).then(|| ty(ret));
        let callee = self.callee(func);
        let result = self.b.call(callee, args, ret)?;
        Some(self.handed_out(func, result))
    }

    /// Arithmetic in type `of`.
    pub fn binary(&mut self, op: BinOp, of: &Type, a: Value, b: Value) -> Value {
        match of {
            Type::Float => return self.float_binary(op, a, b),
            Type::F16 | Type::F32 => {
                let rt = match (op, of) {
                    (BinOp::Mul, Type::F16) => Some(Rt::F16Mul),
                    (BinOp::Div, Type::F16) => Some(Rt::F16Div),
                    (BinOp::Mul, _) => Some(Rt::F32Mul),
                    (BinOp::Div, _) => Some(Rt::F32Div),
                    _ => None,
                };
                if let Some(rt) = rt {
                    return self.rt_value(rt, vec![a, b]);
                }
            }
            _ => {}
        }
        let op = match (op, of.is_signed()) {
            (BinOp::Add, _) => Op::Add,
            (BinOp::Sub, _) => Op::Sub,
            (BinOp::Mul, _) => Op::Mul,
            (BinOp::Div, false) => Op::UDiv,
            (BinOp::Div, true) => Op::SDiv,
            (BinOp::Rem, false) => Op::URem,
            (BinOp::Rem, true) => Op::SRem,
            (BinOp::And, _) => Op::And,
            (BinOp::Or, _) => Op::Or,
            (BinOp::Xor, _) => Op::Xor,
            (BinOp::Shl, _) => Op::Shl,
            (BinOp::Shr, false) => Op::Shr,
            (BinOp::Shr, true) => Op::Sar,
        };
        self.b.bin(op, a, b)
    }

    fn float_binary(&mut self, op: BinOp, a: Value, b: Value) -> Value {
        let rt = match op {
            BinOp::Add => Rt::FAdd,
            BinOp::Sub => Rt::FSub,
            BinOp::Mul => Rt::FMul,
            BinOp::Div => Rt::FDiv,
            _ => unreachable!("{}: {op:?} of floats", self.func.symbol),
        };
        self.rt_value(rt, vec![a, b])
    }

    /// The count before a tuple's first element.
    fn tuple_len(&mut self, tuple: &Expr) -> Value {
        if let ExprKind::AddrOf(place) = &tuple.kind
            && let PlaceKind::Data(_) = &place.kind
        {
            let mem = self.mem(place).plus(-2);
            return self.b.load(Ty::I16, mem.addr, Access::Plain);
        }
        let pointer = self.expr(tuple);
        self.b.load(Ty::I16, Addr::new(Base::Value(pointer), -2), Access::Plain)
    }

    fn builtin(&mut self, builtin: Builtin, of: &Type, args: &[Expr]) -> Value {
        let values: Vec<Value> = args.iter().map(|arg| self.expr(arg)).collect();
        match (builtin, values.as_slice()) {
            (Builtin::GetKey, _) => self.rt_value(Rt::GetKey, values),
            (Builtin::WaitKey, _) => self.rt_value(Rt::WaitKey, values),
            (Builtin::GetRaster, _) => self.rt_value(Rt::GetRaster, values),
            (Builtin::Abs, &[value]) if *of == Type::Float => self.rt_value(Rt::FAbs, vec![value]),
            (Builtin::Abs, &[value]) => {
                let zero = self.b.iconst(self.b.ty(value), 0);
                let negative = self.b.cmp(Cond::SLt, value, zero);
                let negated = self.b.neg(value);
                self.b.select(negative, negated, value)
            }
            (Builtin::Min, &[a, b]) => self.smaller(of, a, b, true),
            (Builtin::Max, &[a, b]) => self.smaller(of, a, b, false),
            _ => unreachable!("{}: operands of {builtin:?}", self.func.symbol),
        }
    }

    /// The smaller of two values, or the larger.
    fn smaller(&mut self, of: &Type, a: Value, b: Value, smaller: bool) -> Value {
        let (x, y) = if *of == Type::Float {
            (self.rt_value(Rt::FCmp, vec![a, b]), self.b.iconst(Ty::I8, 0))
        } else {
            (a, b)
        };
        let less = if of.is_signed() { Cond::SLt } else { Cond::ULt };
        let b_less = self.b.cmp(less.swap(), x, y);
        if smaller { self.b.select(b_less, b, a) } else { self.b.select(b_less, a, b) }
    }
}

/// True when a pointer of this type leads to what it is made of, and not to something else there.
fn leads_to(pointer: &Type, of: &Type) -> bool {
    let Type::Alias(target) = pointer else { return false };
    match (&**target, of) {
        (Type::Array(a, _), Type::Array(b, _)) => a == b,
        (Type::Str(_), Type::Str(_)) => true,
        (a, b) => a == b,
    }
}
