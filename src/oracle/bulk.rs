//! Statements that move or set many bytes.
//!
//! Invariant: values are evaluated before the index expressions of the target, and a mapped area is
//! accessed once for each byte, upward.

use super::machine::{Frame, Machine};
use super::memory::Loc;
use super::{Eval, undefined};
use crate::sema::hir::{BlockCopy, DataKind, Expr, ExprKind, Place, PlaceKind, Type};

impl<'m> Machine<'m> {
    /// The bytes of a place, and which of them are known.
    pub fn content(&mut self, source: Loc, count: i64) -> Vec<(u8, bool)> {
        (0..count).map(|i| self.memory.peek(source.plus(i))).collect()
    }

    /// Stores bytes upward.
    pub fn store_content(&mut self, target: Loc, content: Vec<(u8, bool)>) {
        for (at, byte) in (0..).zip(content) {
            self.memory.poke(target.plus(at), byte);
        }
    }

    /// Copies `count` bytes upward.
    pub fn copy(&mut self, target: Loc, source: Loc, count: i64) {
        for i in 0..count {
            let byte = self.memory.peek(source.plus(i));
            self.memory.poke(target.plus(i), byte);
        }
    }

    /// array = tuple
    pub fn copy_tuple(
        &mut self,
        frame: &Frame<'m>,
        target: &'m Place,
        source: &'m Expr,
        elem_size: u32,
        max: u32,
    ) -> Eval<()> {
        let first = self.expr(frame, source)? as u16;
        let known = match &source.kind {
            ExprKind::AddrOf(Place { kind: PlaceKind::Data(id), .. }) => {
                match self.modules[frame.module].data[*id].kind {
                    DataKind::Tuple { count } | DataKind::Relocated { count, .. } => Some(i64::from(count)),
                    _ => None,
                }
            }
            _ => None,
        };
        let count = match known {
            Some(count) => count,
            None => self.count_before(first)?,
        };
        let target = self.place(frame, target)?;
        let bytes = (count * i64::from(elem_size)).min(max.into());
        self.copy(target, Loc { addr: first, mapped: false }, bytes);
        Ok(())
    }

    /// string = array[char, N]
    pub fn string_from_characters(
        &mut self,
        frame: &Frame<'m>,
        target: &'m Place,
        source: &'m Place,
    ) -> Eval<()> {
        let from = self.place(frame, source)?;
        let to = self.place(frame, target)?;
        let capacity = match target.ty {
            Type::Str(Some(capacity)) => i64::from(capacity),
            _ => 255,
        };
        let count = match &source.ty {
            Type::Array(_, n) => i64::from(*n),
            _ => return undefined("characters of something else"),
        };
        let mut text = Vec::new();
        for i in 0..count.min(capacity) {
            match self.memory.load_byte(from.plus(i))? {
                0 => break,
                code => text.push(code),
            }
        }
        self.set_string(to, &target.ty, &text)
    }

    /// Elements 0.. become one value.
    pub fn fill(
        &mut self,
        frame: &Frame<'m>,
        target: &'m Place,
        value: &'m Expr,
        count: Option<&'m Expr>,
        target_first: bool,
    ) -> Eval<()> {
        let early = if target_first { Some(self.place(frame, target)?) } else { None };
        let filler = self.expr(frame, value)? as u32;
        let count = count.map(|count| self.expr(frame, count)).transpose()?;
        let to = early.map_or_else(|| self.place(frame, target), Ok)?;
        let Type::Array(elem, n) = &target.ty else { return undefined("a fill of something else") };
        let size = self.modules[frame.module].size_of(elem);
        for element in 0..count.unwrap_or(i64::from(*n)).max(0) {
            for byte in 0..size {
                let at = to.plus(element * i64::from(size) + i64::from(byte));
                let part = if byte < 4 { filler >> (8 * byte) } else { 0 };
                self.memory.store(at, 1, part & 0xFF);
            }
        }
        Ok(())
    }

    /// The first elements become the values of a list.
    pub fn store_list(&mut self, frame: &Frame<'m>, target: &'m Place, values: &'m [Expr]) -> Eval<()> {
        let mut numbers = Vec::new();
        for value in values {
            numbers.push(self.expr(frame, value)?);
        }
        let to = self.place(frame, target)?;
        let Type::Array(elem, _) = &target.ty else { return undefined("a list into something else") };
        for (i, number) in (0..).zip(numbers) {
            for byte in 0..elem.width() {
                let at = to.plus(i * i64::from(elem.width()) + i64::from(byte));
                self.memory.store(at, 1, (number >> (8 * byte)) as u32 & 0xFF);
            }
        }
        Ok(())
    }

    /// `blkcpy`: every row as it was before the first was written.
    pub fn block_copy(&mut self, frame: &Frame<'m>, copy: &'m BlockCopy) -> Eval<()> {
        let source = self.place(frame, &copy.source)?;
        let source = source.plus(self.expr(frame, &copy.source_offset)?);
        let source_stride = self.expr(frame, &copy.source_stride)?;
        let target = self.place(frame, &copy.target)?;
        let target = target.plus(self.expr(frame, &copy.target_offset)?);
        let target_stride = self.expr(frame, &copy.target_stride)?;
        let width = self.expr(frame, &copy.width)?;
        let height = self.expr(frame, &copy.height)?;
        let mut bytes = Vec::new();
        for row in 0..height {
            for column in 0..width {
                let byte = self.memory.peek(source.plus(row * source_stride + column));
                bytes.push((row * target_stride + column, byte));
            }
        }
        for (distance, byte) in bytes {
            self.memory.poke(target.plus(distance), byte);
        }
        Ok(())
    }
}
