//! Rules for addresses and loads of known content.

use crate::mir::ir::{Access, Addr, Base, BinOp, Global, GlobalKind, Init, Op, Part, Ty, Value};
use crate::opt::fold::{Folder, Rewrite};

impl Folder<'_> {
    /// A place that says the same with less computation; `None` when there is none.
    pub(super) fn place(&mut self, addr: &Addr) -> Option<Addr> {
        let mut new = *addr;
        while let Some(better) = self.better_base(&new).or_else(|| self.better_index(&new)) {
            new = better;
        }
        (new != *addr).then_some(new)
    }

    fn better_base(&self, addr: &Addr) -> Option<Addr> {
        let Base::Value(pointer) = addr.base else { return None };
        match self.def(pointer)? {
            Op::Const(n) => self.moved(Base::Abs, addr.index, addr.offset, i64::from(*n)),
            Op::Addr(inner) if !matches!(inner.base, Base::Func(_)) => {
                let index = match (inner.index, addr.index) {
                    (Some(_), Some(_)) => return None,
                    (a, b) => a.or(b),
                };
                let part = addr.within.filter(|_| inner.index.is_none());
                let part = part.and_then(|part| self.part_of(inner.base, part.seen_from(inner.offset)?));
                let parts = part.into_iter().chain(inner.within);
                let within = parts.min_by_key(|part| part.last - part.first).filter(|_| index.is_some());
                let place = self.moved(inner.base, index, addr.offset, inner.offset.into())?;
                Some(Addr { within, ..place })
            }
            &Op::Bin(BinOp::Add, a, b) => {
                if let Some(n) = self.constant(b) {
                    let by = n as i16;
                    let within = addr.within.and_then(|part| part.seen_from(by.into()));
                    let place = self.moved(Base::Value(a), addr.index, addr.offset, by.into())?;
                    return Some(Addr { within, ..place });
                }
                if addr.index.is_some() {
                    return None;
                }
                // A static address and a number, else a pointer and a byte.
                for (x, y) in [(a, b), (b, a)] {
                    if let Some(Op::Addr(inner)) = self.def(x)
                        && inner.index.is_none()
                    {
                        let place = self.moved(inner.base, Some(y), addr.offset, inner.offset.into())?;
                        return Some(Addr { within: inner.within, ..place });
                    }
                }
                for (x, y) in [(a, b), (b, a)] {
                    if let Some(&Op::Zext(byte)) = self.def(y)
                        && self.ty(byte) == Ty::I8
                    {
                        return self.moved(Base::Value(x), Some(byte), addr.offset, 0);
                    }
                }
                None
            }
            _ => None,
        }
    }

    /// A part, where something of that base has such bytes.
    fn part_of(&self, base: Base, part: Part) -> Option<Part> {
        match base {
            Base::Global(id) => {
                self.ctx.program.globals.get(id).is_some_and(|global| global.holds(part)).then_some(part)
            }
            Base::Value(_) => Some(part),
            _ => None,
        }
    }

    fn better_index(&mut self, addr: &Addr) -> Option<Addr> {
        let index = addr.index?;
        match *self.def(index)? {
            Op::Const(n) => self.moved(addr.base, None, addr.offset, n.into()),
            Op::Zext(byte) if self.ty(byte) == Ty::I8 => Some(Addr { index: Some(byte), ..*addr }),
            Op::Bin(BinOp::Add, x, n) => {
                let n = self.constant(n)?;
                let is_byte = self.ty(index) == Ty::I8;
                // A byte must not wrap where the sum of the address would not.
                let wraps = is_byte && self.bits(x) + n > 0xff;
                let by = if is_byte { i64::from(n) } else { i64::from(n as i16) };
                let place = self.moved(addr.base, Some(x), addr.offset, by).filter(|_| !wraps)?;
                Some(Addr { within: addr.within, ..place })
            }
            // A multiple of a sum is a sum of multiples.
            Op::Bin(op @ (BinOp::Shl | BinOp::Mul), sum, times) if self.ty(index) == Ty::I16 => {
                let n = self.constant(times)?;
                let Op::Bin(BinOp::Add, x, more) = *self.def(sum)? else { return None };
                let more = i64::from(self.constant(more)? as i16);
                let more = if op == BinOp::Mul { more * i64::from(n) } else { more.checked_shl(n)? };
                // The index is another one in the end.
                let place = self.moved(addr.base, Some(x), addr.offset, more)?;
                let multiple = self.emit(Op::Bin(op, x, times), Ty::I16);
                Some(Addr { within: addr.within, index: Some(multiple), ..place })
            }
            _ => None,
        }
    }

    /// Moves a place by `by` bytes. Where an index is added to them the offset stays exact, so that
    /// it tells which part of an element is meant (`stripe`): none when it leaves 16 bits. Else it is
    /// taken modulo 65536: into what the base names, or to the nearest distance from its start.
    pub(super) fn moved(&self, base: Base, index: Option<Value>, offset: i32, by: i64) -> Option<Addr> {
        let exact = i64::from(offset) + by;
        let wrapped = exact as u16;
        let size = match base {
            Base::Abs => return Some(Addr { index, ..Addr::new(base, wrapped.into()) }),
            _ if index.is_some() => {
                let offset = i32::try_from(exact).ok().filter(|n| n.unsigned_abs() <= 0xffff)?;
                return Some(Addr { index, ..Addr::new(base, offset) });
            }
            Base::Global(id) => self.ctx.program.globals.get(id).map_or(0, |global| global.size),
            Base::Slot(id) => self.func.slots.get(id).map_or(0, |slot| slot.size),
            Base::Value(_) | Base::Func(_) => 0,
        };
        let inside = u32::from(wrapped) < size;
        Some(Addr::new(base, if inside { wrapped.into() } else { (wrapped as i16).into() }))
    }

    pub(super) fn address(&mut self, addr: &Addr) -> Option<Rewrite> {
        if let Some(better) = self.place(addr) {
            return Some(Rewrite::Op(Op::Addr(better)));
        }
        let (pointer, index) = match (addr.base, addr.index) {
            (Base::Abs, None) => return Some(Rewrite::Op(Op::Const(addr.offset as u32 & 0xffff))),
            (Base::Value(pointer), None) => (pointer, None),
            (Base::Value(pointer), Some(index)) => (pointer, Some(index)),
            (Base::Abs, Some(index)) => (index, None),
            _ => return None,
        };
        // An address that is only computed is a sum.
        let mut sum = self.word(pointer);
        if let Some(index) = index {
            let index = self.word(index);
            sum = self.emit(Op::Bin(BinOp::Add, sum, index), Ty::I16);
        }
        if addr.offset & 0xffff == 0 {
            return Some(Rewrite::Value(sum));
        }
        let offset = self.number(Ty::I16, addr.offset as u32);
        Some(Rewrite::Op(Op::Bin(BinOp::Add, sum, offset)))
    }

    /// The value as an `I16`.
    fn word(&mut self, value: Value) -> Value {
        if self.ty(value) == Ty::I16 { value } else { self.emit(Op::Zext(value), Ty::I16) }
    }

    pub(super) fn load(&mut self, ty: Ty, addr: &Addr, access: Access) -> Option<Rewrite> {
        if let Some(better) = self.place(addr) {
            return Some(Rewrite::Op(Op::Load(better, access)));
        }
        let (Base::Global(id), None, Access::Plain) = (addr.base, addr.index, access) else { return None };
        let global = self.ctx.program.globals.get(id)?;
        content(global, addr.offset, ty).map(Rewrite::Op)
    }
}

/// What a load of constant data gives.
fn content(global: &Global, offset: i32, ty: Ty) -> Option<Op> {
    let start = usize::try_from(offset).ok()?;
    if ty.bytes() > 1 && global.pitch > 1 {
        return None;
    }
    let end = start + ty.bytes();
    if global.kind != GlobalKind::Const || global.external || end > global.size as usize {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new();
    for part in &global.init {
        match part {
            Init::Bytes(list) => bytes.extend(list),
            Init::Addr(base, addend) => {
                let at = bytes.len();
                if at == start && ty == Ty::I16 {
                    return Some(Op::Addr(Addr::new(*base, *addend)));
                }
                if at < end && start < at + 2 {
                    return None;
                }
                bytes.extend([0, 0]);
            }
        }
    }
    bytes.resize(bytes.len().max(end), 0);
    let value = bytes[start..end].iter().rev().fold(0, |n, &b| (n << 8) | u32::from(b));
    Some(Op::Const(value))
}
