//! Conversions between scalar types.
//!
//! In: a value with its type and the type wanted. Out: the converted value. Invariant: integers are
//! cut, or extended by the sign of the type they come from; `float` and fixed point go toward zero.

use crate::lower::func::FuncLower;
use crate::lower::ty;
use crate::mir::ir::{BinOp, Ty, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::Type;

impl FuncLower<'_, '_> {
    /// `value` of type `from` as a value of type `to`.
    pub fn convert(&mut self, value: Value, from: &Type, to: &Type) -> Value {
        if from == to {
            return value;
        }
        match (from, to) {
            (Type::Float, Type::F16) => self.rt_value(Rt::FToF16, vec![value]),
            (Type::Float, Type::F32) => self.rt_value(Rt::FToF32, vec![value]),
            (Type::Float, _) => {
                let whole = self.rt_value(Rt::FToI32, vec![value]);
                self.b.trunc(whole, ty(to))
            }
            (Type::F16, Type::Float) => self.rt_value(Rt::FFromF16, vec![value]),
            (Type::F32, Type::Float) => self.rt_value(Rt::FFromF32, vec![value]),
            (Type::F16, Type::F32) => {
                let wide = self.b.sext(value, Ty::I32);
                self.shift_left(wide, 8)
            }
            (Type::F32, Type::F16) => {
                let cut = self.divide(value, 1 << 8);
                self.b.trunc(cut, Ty::I16)
            }
            (Type::F16, _) => {
                let whole = self.divide(value, 1 << 8);
                self.resize(whole, &Type::Int, ty(to))
            }
            (Type::F32, _) => {
                let whole = self.divide(value, 1 << 16);
                self.resize(whole, &Type::Long, ty(to))
            }
            (_, Type::Float) => self.float_of(value, from),
            (_, Type::F16) => {
                let whole = self.resize(value, from, Ty::I16);
                self.shift_left(whole, 8)
            }
            (_, Type::F32) => {
                let whole = self.resize(value, from, Ty::I32);
                self.shift_left(whole, 16)
            }
            _ => self.resize(value, from, ty(to)),
        }
    }

    /// An integer of type `from` cut or extended to a width.
    pub fn resize(&mut self, value: Value, from: &Type, width: Ty) -> Value {
        let have = self.b.ty(value);
        if width < have {
            self.b.trunc(value, width)
        } else if from.is_signed() {
            self.b.sext(value, width)
        } else {
            self.b.zext(value, width)
        }
    }

    /// A count or size of any integral type as a `word`; negative counts as 0.
    pub fn count16(&mut self, value: Value, from: &Type) -> Value {
        let value = self.clamp_negative(value, from);
        self.resize(value, &from.unsigned(), Ty::I16)
    }

    /// `value`, or 0 when it is negative.
    pub fn clamp_negative(&mut self, value: Value, from: &Type) -> Value {
        if !from.is_signed() {
            return value;
        }
        let zero = self.b.iconst(self.b.ty(value), 0);
        let negative = self.b.cmp(crate::mir::ir::Cond::SLt, value, zero);
        self.b.select(negative, zero, value)
    }

    /// The `float` nearest to an integer.
    fn float_of(&mut self, value: Value, from: &Type) -> Value {
        let (width, rt) = match (from.width(), from.is_signed()) {
            (4, true) => (Ty::I32, Rt::FFromI32),
            (4, false) => (Ty::I32, Rt::FFromU32),
            (_, true) => (Ty::I16, Rt::FFromI16),
            (_, false) => (Ty::I16, Rt::FFromU16),
        };
        let value = self.resize(value, from, width);
        self.rt_value(rt, vec![value])
    }

    /// Signed division by a power of two: toward zero.
    fn divide(&mut self, value: Value, by: i64) -> Value {
        let divisor = self.b.iconst(self.b.ty(value), by);
        self.b.bin(BinOp::SDiv, value, divisor)
    }

    fn shift_left(&mut self, value: Value, bits: i64) -> Value {
        let count = self.b.iconst(Ty::I8, bits);
        self.b.bin(BinOp::Shl, value, count)
    }
}
