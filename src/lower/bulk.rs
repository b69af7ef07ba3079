//! Many bytes at once: copies, fills, lists of values, `blkcpy`.
//!
//! In: the statements of the typed tree. Out: `Copy`, `Fill` where the length is a constant, else
//! the routines of the run-time library. Invariant: a mapped array gets each byte once, upward.

use crate::lower::func::FuncLower;
use crate::lower::place::Mem;
use crate::lower::ty;
use crate::mir::ir::{Access, Addr, Base, BinOp, Cond, Op, Ty, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{BlockCopy, DataKind, Expr, ExprKind, Place, PlaceKind, Type};

/// Lists of constants shorter than this many bytes become stores, others a table that is copied.
const SHORT_LIST: u32 = 4;

/// Fills of wider elements up to this many elements become stores.
const SHORT_FILL: u32 = 4;

impl FuncLower<'_, '_> {
    /// `target = source`, `size` bytes.
    pub fn copy_bytes(&mut self, target: &Place, source: &Place, size: u32) {
        let src = match self.may_overtake(target, source) {
            true => Mem::new(self.copy_of(source, size), Access::Plain),
            false => self.mem(source),
        };
        let dst = self.mem(target);
        self.copy(dst, src, size);
    }

    fn copy(&mut self, dst: Mem, src: Mem, len: u32) {
        let access = if src.access == Access::Plain { dst.access } else { src.access };
        if len > 0 {
            self.b.effect(Op::Copy { dst: dst.addr, src: src.addr, len, access });
        }
    }

    /// array = tuple.
    pub fn copy_tuple(&mut self, target: &Place, source: &Expr, elem_size: u32, max: u32) {
        if let ExprKind::AddrOf(place) = &source.kind
            && let PlaceKind::Data(id) = place.kind
            && let DataKind::Tuple { count } | DataKind::Relocated { count, .. } = self.module.data[id].kind
        {
            let src = self.mem(place);
            let dst = self.mem(target);
            self.copy(dst, src, count.saturating_mul(elem_size).min(max));
            return;
        }
        let src = self.expr(source);
        let count = self.b.load(Ty::I16, Addr::new(Base::Value(src), -2), Access::Plain);
        let bytes = self.times(count, elem_size);
        let len = self.at_most(bytes, max);
        let dst = self.address_of(target);
        self.b.rt(Rt::MemMove, vec![dst, src, len]);
    }

    fn times(&mut self, count: Value, size: u32) -> Value {
        if size == 1 {
            return count;
        }
        let size = self.b.iconst(Ty::I16, i64::from(size));
        self.b.bin(BinOp::Mul, count, size)
    }

    /// The smaller of an unsigned 16-bit value and a constant.
    fn at_most(&mut self, value: Value, max: u32) -> Value {
        if max >= 0xFFFF {
            return value;
        }
        let max = self.b.iconst(Ty::I16, i64::from(max));
        let over = self.b.cmp(Cond::UGt, value, max);
        self.b.select(over, max, value)
    }

    /// The characters of the string at `text` into an array, at most `max`.
    pub fn copy_characters(&mut self, target: &Place, text: Value, max: u32) {
        let len = self.b.load(Ty::I8, Addr::new(Base::Value(text), 0), Access::Plain);
        let len = self.b.zext(len, Ty::I16);
        let len = if max < 255 { self.at_most(len, max) } else { len };
        let src = self.b.addr(Addr::new(Base::Value(text), 1));
        let dst = self.address_of(target);
        self.b.rt(Rt::MemMove, vec![dst, src, len]);
    }

    /// string = array[char, N]: a loop that stops at the first NUL.
    pub fn string_from_chars(&mut self, target: &Place, source: &Place) {
        let capacity = match target.ty {
            Type::Str(Some(capacity)) => u32::from(capacity),
            _ => 255,
        };
        let limit = match source.ty {
            Type::Array(_, n) => n.min(capacity),
            _ => capacity,
        };
        let size = self.size_of(&source.ty);
        let (src, from_access) = match self.may_overtake(target, source) {
            true => (self.copy_of(source, size), Access::Plain),
            false => (self.mem(source).addr, self.source_access(source)),
        };
        let src = self.addr_value(src);
        let dst = self.mem(target);
        let dst_addr = self.addr_value(dst.addr);
        let index = self.b.declare_var(Ty::I8);
        let zero = self.b.iconst(Ty::I8, 0);
        self.b.def_var(index, zero);
        let (head, copy, done) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
        if limit > 0 {
            self.b.jump(head);
            self.b.switch_to(head);
            let i = self.b.use_var(index);
            let from = Addr::indexed(Base::Value(src), i, 0);
            let code = self.b.load(Ty::I8, from, from_access);
            let nul = self.is_zero(code);
            self.b.branch(nul, done, copy);
            self.b.begin(copy);
            let to = Addr::indexed(Base::Value(dst_addr), i, 1);
            self.b.store(to, code, dst.access);
            let one = self.b.iconst(Ty::I8, 1);
            let next = self.b.bin(BinOp::Add, i, one);
            self.b.def_var(index, next);
            let limit = self.b.iconst(Ty::I8, i64::from(limit));
            let full = self.b.cmp(Cond::Eq, next, limit);
            self.b.branch(full, done, head);
            self.b.seal_block(head);
        } else {
            self.b.jump(done);
        }
        self.b.begin(done);
        let len = self.b.use_var(index);
        self.b.store(Addr::new(Base::Value(dst_addr), 0), len, dst.access);
    }

    fn source_access(&self, source: &Place) -> Access {
        if source.is_volatile() { Access::Volatile } else { Access::Plain }
    }

    /// The first elements of an array, or all, become one value.
    pub fn fill(&mut self, target: &Place, value: &Expr, count: Option<&Expr>, target_first: bool) {
        let (elem, n) = match &target.ty {
            Type::Array(elem, n) => (self.size_of(elem), *n),
            other => unreachable!("{}: fill of {other:?}", self.func.symbol),
        };
        // All bytes of a constant may be equal, as those of 0 are.
        let constant = constant_bytes(value, elem);
        let uniform = constant.as_ref().and_then(|b| b.iter().all(|x| *x == b[0]).then_some(b[0]));
        let early = target_first.then(|| self.mem(target));
        let filler = self.expr(value);
        let n = match count.map(|e| (e, e.as_int())) {
            None => n,
            Some((_, Some(known))) => known.clamp(0, 0xFFFF) as u32,
            Some((count, None)) => {
                let count_value = self.expr(count);
                let count = self.count16(count_value, &count.ty);
                let dst = early.unwrap_or_else(|| self.mem(target));
                let dst = self.address_in(&dst, &target.ty);
                self.b.rt(fill_routine(elem), vec![dst, filler, count]);
                return;
            }
        };
        let dst = early.unwrap_or_else(|| self.mem(target));
        if n == 0 {
            return;
        }
        if elem == 1 || uniform.is_some() {
            let byte = match uniform {
                Some(byte) if elem > 1 => self.b.iconst(Ty::I8, i64::from(byte)),
                _ => filler,
            };
            self.b.effect(Op::Fill { dst: dst.addr, value: byte, len: n * elem, access: dst.access });
        } else if n <= SHORT_FILL {
            for i in 0..n {
                self.b.store(dst.plus(i64::from(i * elem)).addr, filler, dst.access);
            }
        } else {
            let count = self.b.iconst(Ty::I16, i64::from(n));
            let dst = self.addr_value(dst.addr);
            self.b.rt(fill_routine(elem), vec![dst, filler, count]);
        }
    }

    /// The first elements of an array become the values of a list.
    pub fn store_list(&mut self, target: &Place, values: &[Expr]) {
        let elem = match &target.ty {
            Type::Array(elem, _) => self.size_of(elem),
            other => unreachable!("{}: list into {other:?}", self.func.symbol),
        };
        let constants: Option<Vec<Vec<u8>>> = values.iter().map(|v| constant_bytes(v, elem)).collect();
        if let Some(bytes) = constants.map(|list| list.concat())
            && bytes.len() as u32 > SHORT_LIST
        {
            let dst = self.mem(target);
            let table = self.cx.table(&bytes, &self.module.name);
            let src = Addr::new(Base::Global(table), 0);
            let len = bytes.len() as u32;
            self.b.effect(Op::Copy { dst: dst.addr, src, len, access: dst.access });
            return;
        }
        let values: Vec<Value> = values.iter().map(|value| self.expr(value)).collect();
        let dst = self.mem(target);
        for (i, value) in values.into_iter().enumerate() {
            self.b.store(dst.plus(i as i64 * i64::from(elem)).addr, value, dst.access);
        }
    }

    /// `blkcpy(…)`
    pub fn block_copy(&mut self, copy: &BlockCopy) {
        let src = self.address_of(&copy.source);
        let src_offset = self.word(&copy.source_offset);
        let src_stride = self.word(&copy.source_stride);
        let dst = self.address_of(&copy.target);
        let dst_offset = self.word(&copy.target_offset);
        let dst_stride = self.word(&copy.target_stride);
        let width = self.word(&copy.width);
        let height = self.word(&copy.height);
        let src = self.b.bin(BinOp::Add, src, src_offset);
        let dst = self.b.bin(BinOp::Add, dst, dst_offset);
        self.b.rt(Rt::BlockCopy, vec![dst, dst_stride, src, src_stride, width, height]);
    }

    fn word(&mut self, e: &Expr) -> Value {
        let value = self.expr(e);
        self.resize(value, &e.ty, Ty::I16)
    }
}

/// The routine that fills elements of a size.
fn fill_routine(elem: u32) -> Rt {
    match elem {
        1 => Rt::MemFill,
        2 => Rt::MemFill16,
        _ => Rt::MemFill32,
    }
}

/// The bytes in memory of a constant of `size` bytes.
fn constant_bytes(value: &Expr, size: u32) -> Option<Vec<u8>> {
    let bytes = match value.kind {
        ExprKind::Int(_) if matches!(value.ty, Type::Tuple(_)) => return None,
        ExprKind::Int(n) => (n as u32).to_le_bytes(),
        ExprKind::Float(bytes) => bytes,
        _ => return None,
    };
    (size as usize == ty(&value.ty).bytes()).then(|| bytes[..size as usize].to_vec())
}
