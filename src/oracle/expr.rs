//! Values of expressions, left to right, each once.

use super::machine::{Frame, Machine};
use super::memory::Loc;
use super::{Eval, Outcome, arith, undefined};
use crate::sema::hir::{Builtin, CompareOp, DataKind, Expr, ExprKind, Place, PlaceKind, Type};

impl<'m> Machine<'m> {
    /// The value of a scalar or pointer.
    pub fn expr(&mut self, frame: &Frame<'m>, e: &'m Expr) -> Eval<i64> {
        Ok(match &e.kind {
            ExprKind::Int(value) => *value,
            ExprKind::Float(bytes) => u32::from_le_bytes(*bytes).into(),
            ExprKind::Load(place) => {
                let loc = self.place(frame, place)?;
                self.load(loc, &e.ty)?
            }
            ExprKind::AddrOf(place) => self.place(frame, place)?.addr.into(),
            ExprKind::FuncAddr(func) => 0xE000 + i64::from(func.0),
            ExprKind::Convert(inner) => {
                let value = self.expr(frame, inner)?;
                arith::convert(value, &inner.ty, &e.ty)
            }
            ExprKind::Neg(inner) => {
                let value = self.expr(frame, inner)?;
                arith::negate(&e.ty, value)
            }
            ExprKind::Invert(inner) => e.ty.wrap(!self.expr(frame, inner)?),
            ExprKind::Binary(op, a, b) => {
                let a = self.expr(frame, a)?;
                let b_value = self.expr(frame, b)?;
                let is_shift = matches!(op, crate::sema::hir::BinOp::Shl | crate::sema::hir::BinOp::Shr);
                let b_value = if is_shift { b.ty.unsigned().wrap(b_value) } else { b_value };
                arith::binary(*op, &e.ty, a, b_value)
            }
            ExprKind::Compare(op, a, b) => {
                let left = self.expr(frame, a)?;
                let right = self.expr(frame, b)?;
                arith::holds(*op, arith::order(&a.ty, left, right)).into()
            }
            ExprKind::StrCompare(op, a, b) => {
                let left = self.string(frame, a)?;
                let right = self.string(frame, b)?;
                i64::from(compare(*op, &left, &right))
            }
            ExprKind::Test(inner) => {
                let value = self.expr(frame, inner)?;
                arith::is_true(&inner.ty, value).into()
            }
            ExprKind::Not(inner) => i64::from(self.expr(frame, inner)? == 0),
            ExprKind::And(a, b) => i64::from(self.expr(frame, a)? != 0 && self.expr(frame, b)? != 0),
            ExprKind::Or(a, b) => i64::from(self.expr(frame, a)? != 0 || self.expr(frame, b)? != 0),
            ExprKind::Call(func, args) => {
                let mut values = Vec::new();
                for arg in args {
                    values.push(self.expr(frame, arg)?);
                }
                self.call(frame.module, *func, &values)?.unwrap_or(0)
            }
            ExprKind::TupleLen(tuple) => self.tuple_len(frame, tuple)?,
            ExprKind::StrTemp(value) => {
                let text = self.string(frame, value)?;
                let addr = self.memory.reserve(256)?;
                self.set_string(Loc { addr, mapped: false }, &Type::Str(None), &text)?;
                addr.into()
            }
            ExprKind::Builtin(builtin, args) => self.builtin(frame, *builtin, &e.ty, args)?,
            ExprKind::Error => return undefined("a value that was reported"),
        })
    }

    /// Reads a scalar or pointer in memory.
    pub fn load(&mut self, loc: Loc, ty: &Type) -> Eval<i64> {
        let raw = i64::from(self.memory.load(loc, ty.width())?);
        Ok(if *ty == Type::Float { raw } else { ty.wrap(raw) })
    }

    /// Writes a scalar or pointer.
    pub fn store(&mut self, loc: Loc, ty: &Type, value: i64) {
        self.memory.store(loc, ty.width(), value as u32);
    }

    /// The count of a tuple; relocated data has none in memory.
    pub fn tuple_len(&mut self, frame: &Frame<'m>, tuple: &'m Expr) -> Eval<i64> {
        if let ExprKind::AddrOf(Place { kind: PlaceKind::Data(id), .. }) = &tuple.kind {
            let data = &self.modules[frame.module].data[*id];
            if let DataKind::Tuple { count } | DataKind::Relocated { count, .. } = data.kind {
                return Ok(count.into());
            }
        }
        let first = self.expr(frame, tuple)?;
        self.count_before(first as u16)
    }

    /// The count word before the first element; the empty tuple has the address 0.
    pub fn count_before(&mut self, first: u16) -> Eval<i64> {
        if first == 0 {
            return Ok(0);
        }
        let loc = Loc { addr: first.wrapping_sub(2), mapped: false };
        Ok(self.memory.load(loc, 2)?.into())
    }

    fn builtin(&mut self, frame: &Frame<'m>, builtin: Builtin, ty: &Type, args: &'m [Expr]) -> Eval<i64> {
        let mut values = Vec::new();
        for arg in args {
            values.push(self.expr(frame, arg)?);
        }
        Ok(match (builtin, values.as_slice()) {
            (Builtin::GetKey, _) => self.input.pop_front().unwrap_or(0).into(),
            (Builtin::WaitKey, _) => self.input.pop_front().ok_or(Outcome::NoInput)?.into(),
            (Builtin::GetRaster, _) if self.handlers_are_silent() => self.next_raster_line(),
            (Builtin::GetRaster, _) => return Err(Outcome::Unsupported("the raster line".to_string())),
            (Builtin::Abs, &[value]) => arith::absolute(ty, value),
            (Builtin::Min, &[a, b]) => {
                if arith::order(ty, b, a).is_lt() {
                    b
                } else {
                    a
                }
            }
            (Builtin::Max, &[a, b]) => {
                if arith::order(ty, b, a).is_gt() {
                    b
                } else {
                    a
                }
            }
            _ => return undefined("a built-in function with other operands"),
        })
    }
}

/// By character codes, then length.
fn compare(op: CompareOp, a: &[u8], b: &[u8]) -> bool {
    arith::holds(op, a.cmp(b))
}
