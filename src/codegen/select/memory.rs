//! Selection of loads, stores and block operations: from `Addr` to bytes in memory.
//!
//! A constant base stays a constant; an 8-bit index stays an index register; a 16-bit index is
//! added to a pointer once on a way, or split as `pages.rs` says. Invariant: a pointer access has an
//! offset that, with all bytes of the value, stays below 256, and at most `MOST_BESIDE_INDEX` beside an
//! index that with it is known to stay a byte: Y wraps.

use crate::codegen::lir::{Dst, LInst, Mem, MemBase, Op as LOp, Reg, Src, Sym, SymAddr, Vb};
use crate::codegen::select::Select;
use crate::mir::ir::{Access, Addr, Base, Value};
use crate::opt::offsets::{MOST_BEHIND_POINTER, MOST_BESIDE_INDEX};
use crate::opt::ranges::Ranges;

/// What a computed pointer is made of, for reuse in the block and in those that only it leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PointerKey {
    /// A constant address, alone.
    Start(SymAddr),
    /// A constant address and an index.
    At(SymAddr, Reg),
    /// A pointer and an index.
    Sum(Reg, Reg),
    /// A pointer and a byte.
    Byte(Reg, Vb),
    /// A pointer and a distance.
    Reg(Reg, i32),
    /// The page of an element, see `pages.rs`.
    Page(SymAddr, Value),
}

impl Select<'_> {
    /// The place of the first byte of an access to a value of so many bytes.
    pub(super) fn mem(&mut self, addr: &Addr, access: Access, size: usize) -> Mem {
        let volatile = access != Access::Plain;
        let mut offset = addr.offset;
        let mut index = None;
        let mut wide_index = None;
        if let Some(value) = addr.index {
            let bytes = self.bytes(value);
            match (bytes[0], bytes.get(1).copied().unwrap_or(Src::Imm(0))) {
                (Src::Imm(lo), Src::Imm(hi)) => offset += i32::from(lo) | i32::from(hi) << 8,
                (Src::V(v), Src::Imm(0)) => index = Some(v),
                (lo, Src::Imm(0)) => index = Some(Vb::new(self.as_reg(&[lo]), 0)),
                _ => wide_index = Some(bytes),
            }
        }
        let fixed = self.const_addr(&Addr::new(addr.base, offset));
        let fixed = fixed.filter(|at| self.is_direct(*at));
        let pitch = self.program.pitch(addr) as u16;
        debug_assert!(pitch == 1 || fixed.is_some() && wide_index.is_none(), "a striped place is direct");
        let base = match (fixed, addr.base) {
            (Some(at), _) => match wide_index {
                None => return Mem { base: MemBase::At(at), index, offset: 0, pitch, volatile },
                Some(wide) => {
                    if let Some(mem) = self.page_mem(addr, at, &wide, volatile) {
                        return mem;
                    }
                    let reg = self.as_reg(&wide);
                    let low = self.low_part(at);
                    let key = PointerKey::At(low.0, reg);
                    let pointer = self.cached_pointer(key, |s| {
                        let wide = s.reg_bytes(reg);
                        let base = s.address_bytes(low.0);
                        s.add_pointer(wide, base)
                    });
                    return Mem {
                        base: MemBase::Ptr(self.as_pointer(pointer)),
                        index: None,
                        offset: low.1,
                        pitch: 1,
                        volatile,
                    };
                }
            },
            (None, Base::Value(value)) => value,
            (None, base) => {
                let pointer = self.start_pointer(base);
                let pointer = self.with_index(pointer, &mut index, wide_index, (addr, size));
                return self.register_mem(pointer, index, offset, volatile);
            }
        };
        let bytes = self.bytes(base);
        if let (Some(at), None) = (constant_pair(&bytes), &wide_index)
            && self.is_near(at.plus(offset))
            && self.is_direct(at)
        {
            return Mem { base: MemBase::At(at.plus(offset)), index, offset: 0, pitch: 1, volatile };
        }
        let pointer = self.as_reg(&bytes);
        let pointer = self.with_index(pointer, &mut index, wide_index, (addr, size));
        self.register_mem(pointer, index, offset, volatile)
    }

    /// A pointer with the index added that cannot stand beside it: one of two bytes, or a byte with
    /// which the bytes of the value may lie beyond what Y reaches.
    fn with_index(
        &mut self,
        pointer: Reg,
        index: &mut Option<Vb>,
        wide: Option<Vec<Src>>,
        (addr, size): (&Addr, usize),
    ) -> Reg {
        if let Some(wide) = wide {
            let reg = self.as_reg(&wide);
            return self.cached_pointer(PointerKey::Sum(pointer, reg), |s| {
                let (a, b) = (s.reg_bytes(pointer), s.reg_bytes(reg));
                s.add_pointer(a, b)
            });
        }
        let Some(byte) = index.filter(|_| !self.stays_in_reach(addr, size)) else { return pointer };
        *index = None;
        self.cached_pointer(PointerKey::Byte(pointer, byte), |s| {
            let a = s.reg_bytes(pointer);
            s.add_pointer(a, vec![Src::V(byte), Src::Imm(0)])
        })
    }

    /// True when the index of an access stays a byte with what INY adds to it for the distance and for
    /// the bytes of the value.
    fn stays_in_reach(&mut self, addr: &Addr, size: usize) -> bool {
        let near = if (0..=MOST_BESIDE_INDEX).contains(&addr.offset) { addr.offset as u32 } else { 0 };
        let added = near + size as u32 - 1;
        let Some(index) = addr.index.filter(|_| added > 0) else { return true };
        // A multiple of 2 or 4 has room for as much above it.
        if self.even.holds(index, (added + 1).next_power_of_two()) {
            return true;
        }
        // So has one that stays in an array that ends within 256 bytes behind the pointer.
        let above = near as i32 - addr.offset;
        if addr.within.is_some_and(|part| i32::from(part.last) + above <= 0xff) {
            return true;
        }
        let ranges = self.ranges.get_or_insert_with(|| Ranges::new(self.func));
        let range = ranges.at(index, self.block);
        !range.is_empty() && range.high + added <= 0xff
    }

    /// The place `pointer + index + offset`.
    fn register_mem(&mut self, mut pointer: Reg, index: Option<Vb>, offset: i32, volatile: bool) -> Mem {
        let limit = if index.is_some() { MOST_BESIDE_INDEX } else { MOST_BEHIND_POINTER };
        let mut rest = offset;
        if !(0..=limit).contains(&offset) {
            let whole = if index.is_some() { offset } else { offset & !0x7f };
            pointer = self.cached_pointer(PointerKey::Reg(pointer, whole), |s| {
                let a = s.reg_bytes(pointer);
                s.add_pointer(a, number_bytes(whole))
            });
            rest = offset - whole;
        }
        let base = MemBase::Ptr(self.as_pointer(pointer));
        Mem { base, index, offset: rest as u8, pitch: 1, volatile }
    }

    /// The register through which an access goes to the address in `reg`: the register itself, or when
    /// zero page is scarce a copy for this access.
    fn as_pointer(&mut self, reg: Reg) -> Reg {
        let short = self.options.short_pointers && !self.out.regs[reg].pointer;
        let pointer = if short { self.new_reg(2) } else { reg };
        self.out.regs[pointer].pointer = true;
        for k in (0..2).filter(|_| pointer != reg) {
            self.emit(LOp::Move { d: Dst::V(Vb::new(pointer, k)), s: Src::V(Vb::new(reg, k)) });
        }
        pointer
    }

    /// A pointer computed earlier on the way here, or computed now.
    pub(super) fn cached_pointer(&mut self, key: PointerKey, make: impl FnOnce(&mut Self) -> Reg) -> Reg {
        if let Some((_, reg)) = self.pointers.iter().find(|(k, _)| *k == key) {
            return *reg;
        }
        let reg = make(self);
        self.out.regs[reg].pointer |= !self.options.short_pointers;
        self.pointers.push((key, reg));
        reg
    }

    /// Splits a small part off a constant address, so that neighbouring accesses share a pointer; in
    /// a variable that begins with a page, the part above the page.
    fn low_part(&self, at: SymAddr) -> (SymAddr, u8) {
        let small = match at.sym {
            Sym::Abs => 0,
            Sym::Global(g) if self.whole.aligned.contains(&g) && at.offset & 0xff <= MOST_BEHIND_POINTER => {
                at.offset & 0xff
            }
            _ if (0..128).contains(&at.offset) => at.offset,
            _ => 0,
        };
        (at.plus(-small), small as u8)
    }

    /// The two bytes of a constant address.
    pub(super) fn address_bytes(&self, at: SymAddr) -> Vec<Src> {
        match at.sym {
            Sym::Abs => number_bytes(at.offset),
            Sym::Global(g) if self.whole.aligned.contains(&g) => {
                vec![Src::Imm(at.offset as u8), Src::Hi(at)]
            }
            _ => vec![Src::Lo(at), Src::Hi(at)],
        }
    }

    fn add_pointer(&mut self, a: Vec<Src>, b: Vec<Src>) -> Reg {
        let reg = self.new_reg(2);
        let d = vec![Dst::V(Vb::new(reg, 0)), Dst::V(Vb::new(reg, 1))];
        self.emit(LOp::Add { sub: false, carry: false, d, a, b });
        reg
    }

    /// An address as a value.
    pub(super) fn select_addr(&mut self, value: Value, addr: &Addr) {
        if self.const_addr(addr).is_some() {
            return;
        }
        let d = self.dst_of(value);
        let (base, offset) = match addr.base {
            Base::Value(base) => (self.bytes(base), addr.offset),
            _ => match self.const_addr(&Addr { index: None, ..*addr }) {
                Some(SymAddr { sym: Sym::Abs, offset }) => (number_bytes(offset), 0),
                Some(at) => (vec![Src::Lo(at), Src::Hi(at)], 0),
                None => (self.start_bytes(addr.base), addr.offset),
            },
        };
        let Some(index) = addr.index else {
            self.emit(LOp::Add { sub: false, carry: false, d, a: base, b: number_bytes(offset) });
            return;
        };
        let mut index = self.bytes(index);
        index.resize(2, Src::Imm(0));
        if offset == 0 {
            self.emit(LOp::Add { sub: false, carry: false, d, a: index, b: base });
        } else {
            let sum = self.add_pointer(base, index);
            let a = self.reg_bytes(sum);
            self.emit(LOp::Add { sub: false, carry: false, d, a, b: number_bytes(offset) });
        }
    }

    pub(super) fn select_load(&mut self, d: Vec<Dst>, addr: &Addr, access: Access) {
        let mem = self.mem(addr, access, d.len());
        self.locked(access, |s| {
            for (k, d) in d.into_iter().enumerate() {
                s.emit(LOp::Move { d, s: Src::Mem(mem.plus(k)) });
            }
        });
    }

    pub(super) fn select_store(&mut self, addr: &Addr, value: Value, access: Access) {
        use crate::mir::ir::Op;
        if self.folded[value]
            && let Some(Op::Bin(op, a, b)) = self.defs[value]
        {
            let mem = self.mem(addr, access, self.func.ty(value).bytes());
            let d = (0..self.func.ty(value).bytes()).map(|k| Dst::Mem(mem.plus(k))).collect();
            self.select_bin(value, *op, *a, *b, d);
            return;
        }
        let bytes = self.bytes(value);
        let mem = self.mem(addr, access, bytes.len());
        let mut order: Vec<usize> = (0..bytes.len()).collect();
        if access == Access::Plain && self.just_summed(&bytes) {
            order.reverse();
        }
        self.locked(access, |s| {
            for k in order {
                s.emit(LOp::Move { d: Dst::Mem(mem.plus(k)), s: bytes[k] });
            }
        });
    }

    /// True when the last operation is a sum that leaves the highest of the bytes in A.
    fn just_summed(&self, bytes: &[Src]) -> bool {
        let (Some(LInst { op: LOp::Add { d, b, .. }, .. }), Some(Src::V(top))) =
            (self.insts.last(), bytes.last())
        else {
            return false;
        };
        // The carry alone is mostly not added.
        d.last() == Some(&Dst::V(*top)) && d.len() > 1 && b.last() != Some(&Src::Imm(0))
    }

    /// Wraps an `irq_safe` access so that no interrupt comes between its bytes.
    fn locked(&mut self, access: Access, body: impl FnOnce(&mut Self)) {
        if access == Access::IrqSafe {
            self.emit(LOp::Lock);
            body(self);
            self.emit(LOp::Unlock);
        } else {
            body(self);
        }
    }

    pub(super) fn select_copy(&mut self, dst: &Addr, src: &Addr, len: u32, access: Access) {
        let d = self.block_mem(dst, access);
        let s = self.block_mem(src, access);
        self.emit(LOp::CopyBlock { d, s, len });
    }

    pub(super) fn select_fill(&mut self, dst: &Addr, value: Value, len: u32, access: Access) {
        let value = self.bytes(value)[0];
        let d = self.block_mem(dst, access);
        self.emit(LOp::FillBlock { d, value, len });
    }

    /// The start of an area: a constant address, or a pointer without index and offset.
    fn block_mem(&mut self, addr: &Addr, access: Access) -> Mem {
        // Bytes of memory, not of one value.
        let mem = Mem { pitch: 1, ..self.mem(addr, access, 1) };
        let MemBase::Ptr(mut pointer) = mem.base else {
            let Some(index) = mem.index else { return mem };
            let MemBase::At(at) = mem.base else { unreachable!("checked above") };
            let base = self.address_bytes(at);
            let reg = self.add_pointer(vec![Src::V(index), Src::Imm(0)], base);
            return Mem { base: MemBase::Ptr(self.as_pointer(reg)), index: None, offset: 0, ..mem };
        };
        if mem.offset != 0 {
            let a = self.reg_bytes(pointer);
            pointer = self.add_pointer(a, number_bytes(i32::from(mem.offset)));
        }
        if let Some(index) = mem.index {
            let a = self.reg_bytes(pointer);
            pointer = self.add_pointer(a, vec![Src::V(index), Src::Imm(0)]);
        }
        Mem { base: MemBase::Ptr(self.as_pointer(pointer)), index: None, offset: 0, ..mem }
    }
}

/// The two bytes of a number.
pub(super) fn number_bytes(n: i32) -> Vec<Src> {
    vec![Src::Imm(n as u8), Src::Imm((n >> 8) as u8)]
}

/// The constant address that two bytes are.
fn constant_pair(bytes: &[Src]) -> Option<SymAddr> {
    match (bytes.first()?, bytes.get(1)?) {
        (Src::Lo(a), Src::Hi(b)) if a == b => Some(*a),
        (Src::Imm(a), Src::Imm(b)) => {
            Some(SymAddr { sym: Sym::Abs, offset: i32::from(*a) | i32::from(*b) << 8 })
        }
        _ => None,
    }
}
