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
            Op::Const(n) => Some(moved(Base::Abs, addr.index, addr.offset, *n)),
            Op::Addr(inner) if !matches!(inner.base, Base::Func(_)) => {
                let index = match (inner.index, addr.index) {
                    (Some(_), Some(_)) => return None,
                    (a, b) => a.or(b),
                };
                let part = addr.within.filter(|_| inner.index.is_none());
                let part = part.and_then(|part| self.part_of(inner.base, part.seen_from(inner.offset)?));
                let parts = part.into_iter().chain(inner.within);
                let within = parts.min_by_key(|part| part.last - part.first).filter(|_| index.is_some());
                Some(Addr { within, ..moved(inner.base, index, addr.offset, inner.offset as u32) })
            }
            &Op::Bin(BinOp::Add, a, b) => {
                if let Some(n) = self.constant(b) {
                    let within = addr.within.and_then(|part| part.seen_from((n as i16).into()));
                    return Some(Addr { within, ..moved(Base::Value(a), addr.index, addr.offset, n) });
                }
                if addr.index.is_some() {
                    return None;
                }
                // A static address and a number, else a pointer and a byte.
                for (x, y) in [(a, b), (b, a)] {
                    if let Some(Op::Addr(inner)) = self.def(x)
                        && inner.index.is_none()
                    {
                        let place = moved(inner.base, Some(y), addr.offset, inner.offset as u32);
                        return Some(Addr { within: inner.within, ..place });
                    }
                }
                for (x, y) in [(a, b), (b, a)] {
                    if let Some(&Op::Zext(byte)) = self.def(y)
                        && self.ty(byte) == Ty::I8
                    {
                        return Some(moved(Base::Value(x), Some(byte), addr.offset, 0));
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
            Op::Const(n) => Some(moved(addr.base, None, addr.offset, n)),
            Op::Zext(byte) if self.ty(byte) == Ty::I8 => Some(Addr { index: Some(byte), ..*addr }),
            Op::Bin(BinOp::Add, x, n) => {
                let n = self.constant(n)?;
                // A byte must not wrap where the sum of the address would not.
                let wraps = self.ty(index) == Ty::I8 && self.bits(x) + n > 0xff;
                let place = Addr { within: addr.within, ..moved(addr.base, Some(x), addr.offset, n) };
                (!wraps).then_some(place)
            }
            // A multiple of a sum is a sum of multiples.
            Op::Bin(op @ (BinOp::Shl | BinOp::Mul), sum, times) if self.ty(index) == Ty::I16 => {
                let n = self.constant(times)?;
                let Op::Bin(BinOp::Add, x, more) = *self.def(sum)? else { return None };
                let more = self.constant(more)?;
                let more = if op == BinOp::Mul { more.wrapping_mul(n) } else { more.checked_shl(n)? };
                let multiple = self.emit(Op::Bin(op, x, times), Ty::I16);
                Some(Addr { within: addr.within, ..moved(addr.base, Some(multiple), addr.offset, more) })
            }
            _ => None,
        }
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

/// Moves a place by `by` bytes, modulo 65536.
pub(super) fn moved(base: Base, index: Option<Value>, offset: i32, by: u32) -> Addr {
    let offset = (offset as u32).wrapping_add(by) as u16;
    // Offsets from a base are small in either direction.
    let offset = if base == Base::Abs { offset.into() } else { (offset as i16).into() };
    Addr { index, ..Addr::new(base, offset) }
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
