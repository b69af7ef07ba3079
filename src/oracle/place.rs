//! Where something lies: places with their index expressions evaluated.

use super::machine::{Frame, Machine};
use super::memory::Loc;
use super::{Eval, undefined};
use crate::sema::hir::{DataKind, Index, Place, PlaceKind, Type};

impl<'m> Machine<'m> {
    /// Evaluates a place, outermost base first.
    pub fn place(&mut self, frame: &Frame<'m>, place: &'m Place) -> Eval<Loc> {
        let plain = |addr| Loc { addr, mapped: false };
        Ok(match &place.kind {
            PlaceKind::Local(id) => plain(frame.locals[*id]),
            PlaceKind::Data(id) => plain(self.data[frame.module][*id]),
            PlaceKind::Deref(address) => {
                let addr = self.expr(frame, address)? as u16;
                if addr == 0 && !matches!(place.ty, Type::Tuple(_)) {
                    return undefined("follows an alias that holds 0");
                }
                plain(addr)
            }
            PlaceKind::Mapped { addr, .. } => Loc { addr: self.expr(frame, addr)? as u16, mapped: true },
            PlaceKind::Field { base, offset } => self.place(frame, base)?.plus(i64::from(*offset)),
            PlaceKind::Index { base, index } => {
                let start = self.place(frame, base)?;
                self.element(frame, start, base, index)?
            }
            PlaceKind::Error => return undefined("a place that was reported"),
        })
    }

    fn element(&mut self, frame: &Frame<'m>, start: Loc, base: &'m Place, index: &'m Index) -> Eval<Loc> {
        if let Type::Str(_) = base.ty {
            return self.character(frame, start, index);
        }
        let Index::At(index) = index else { return undefined("an end that is not a string's") };
        let number = self.expr(frame, index)?;
        let (elem, count) = match &base.ty {
            // Behind an alias the count of the type says nothing.
            Type::Array(elem, _) if matches!(base.kind, PlaceKind::Deref(_)) => (elem, i64::MAX),
            Type::Array(elem, n) => (elem, i64::from(*n)),
            Type::Tuple(elem) => (elem, self.tuple_count(frame, start, base)?),
            _ => return undefined("an index into something else"),
        };
        if !(0..count).contains(&number) {
            return undefined("an index out of bounds");
        }
        Ok(start.plus(number * i64::from(self.modules[frame.module].size_of(elem))))
    }

    /// How many elements the tuple at `start` has.
    fn tuple_count(&mut self, frame: &Frame<'m>, start: Loc, tuple: &'m Place) -> Eval<i64> {
        if let PlaceKind::Data(id) = tuple.kind {
            let data = &self.modules[frame.module].data[id];
            if let DataKind::Tuple { count } | DataKind::Relocated { count, .. } = data.kind {
                return Ok(count.into());
            }
        }
        self.count_before(start.addr)
    }

    fn character(&mut self, frame: &Frame<'m>, start: Loc, index: &'m Index) -> Eval<Loc> {
        let number = match index {
            Index::FromEnd(n) => i64::from(self.memory.load_byte(start)?) - i64::from(*n),
            Index::At(index) => self.expr(frame, index)?,
        };
        // The check is not an access of the program.
        let length = if start.mapped { 255 } else { i64::from(self.memory.load_byte(start)?) };
        if !(0..length).contains(&number) {
            return undefined("a character outside of a string");
        }
        Ok(start.plus(1 + number))
    }
}
