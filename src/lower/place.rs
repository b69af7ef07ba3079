//! Places: where something lies once its index expressions are evaluated.
//!
//! In: `hir::Place`. Out: an SSA variable, or an address with what may be assumed of accesses.
//! Invariants: constant distances are in `offset`; the index expressions of a place are evaluated
//! once, outermost base first. An index stays 8 bits wide where the array is known to have at most
//! 256 bytes (an index within the bounds is the program's duty); behind an alias the count of the
//! type is no bound, so scaled indices are 16 bits wide there.

use crate::lower::func::{FuncLower, Storage};
use crate::lower::scan;
use crate::lower::ty;
use crate::mir::build::Var;
use crate::mir::ir::{Access, Addr, Base, BinOp, Part, Ty, Value};
use crate::sema::hir::{DataKind, Expr, ExprKind, Index, Place, PlaceKind, Type};

/// Where something lies.
#[derive(Clone, Copy)]
pub(super) enum Loc {
    Var(Var),
    Cia1 { value: Var, done: Var },
    Mem(Mem),
}

/// A place in memory.
#[derive(Clone, Copy)]
pub(super) struct Mem {
    pub addr: Addr,
    pub access: Access,
    /// The counts in the type are those of the memory: not an array or a string behind an alias.
    exact: bool,
    /// What lies there was declared as what it is used as.
    declared: bool,
    /// The index so far stays within 256 bytes.
    small: bool,
    /// The number of elements, where the type does not say it (tuple data).
    count: Option<u32>,
}

impl Mem {
    /// Memory without an index yet.
    pub fn new(addr: Addr, access: Access) -> Self {
        Self { addr, access, exact: true, declared: true, small: true, count: None }
    }

    /// The same with a constant added to the address.
    pub fn plus(mut self, offset: i64) -> Self {
        self.addr.offset = self.addr.offset.wrapping_add(offset as i32);
        self
    }

    /// True for mapped variables.
    pub fn is_mapped(&self) -> bool {
        self.access != Access::Plain
    }
}

impl FuncLower<'_, '_> {
    /// Evaluates a place's index expressions.
    pub fn place(&mut self, place: &Place) -> Loc {
        match &place.kind {
            PlaceKind::Local(id) => match self.storage(*id) {
                Storage::Var(var) => Loc::Var(var),
                Storage::Cia1 { value, done } => Loc::Cia1 { value, done },
                Storage::Memory(base) => Loc::Mem(Mem::new(Addr::new(base, 0), Access::Plain)),
            },
            _ => Loc::Mem(self.mem(place)),
        }
    }

    /// Evaluates the index expressions of a place that lies in memory.
    pub fn mem(&mut self, place: &Place) -> Mem {
        match &place.kind {
            PlaceKind::Local(_) => match self.place(place) {
                Loc::Mem(mem) => mem,
                Loc::Var(_) | Loc::Cia1 { .. } => {
                    unreachable!("{}: variable used as memory", self.func.symbol)
                }
            },
            PlaceKind::Data(id) => {
                let (global, offset) = self.tables.place_of(*id);
                let mut mem = Mem::new(Addr::new(Base::Global(global), offset), Access::Plain);
                mem.count = match self.module.data[*id].kind {
                    DataKind::Tuple { count } | DataKind::Relocated { count, .. } => Some(count),
                    DataKind::Literal | DataKind::Singleton(_) => None,
                };
                mem
            }
            PlaceKind::Deref(address) => self.deref(address, &place.ty),
            PlaceKind::Mapped { addr, irq_safe } => {
                let access = if *irq_safe { Access::IrqSafe } else { Access::Volatile };
                Mem::new(self.pointer(addr), access)
            }
            PlaceKind::Field { base, offset } => {
                let mem = self.mem(base);
                Mem { exact: true, count: None, ..mem.plus(i64::from(*offset)) }
            }
            PlaceKind::Index { base, index } => {
                let later = matches!(&**index, Index::At(index) if scan::expr_calls(index));
                let mem = self.outliving(later, |f| f.mem(base));
                self.element(mem, &base.ty, index)
            }
            PlaceKind::Error => unreachable!("{}: place of an error", self.func.symbol),
        }
    }

    /// What a pointer leads to.
    fn deref(&mut self, address: &Expr, ty: &Type) -> Mem {
        if let ExprKind::AddrOf(inner) = &address.kind {
            let mut mem = self.mem(inner);
            mem.exact &= inner.ty == *ty;
            if inner.ty != *ty {
                mem.declared = false;
                mem.addr.within = None;
            }
            return mem;
        }
        let addr = self.pointer(address);
        if matches!(address.ty, Type::Alias(_)) {
            self.check_null(addr, address);
        }
        let exact = !matches!(ty, Type::Array(..) | Type::Tuple(_) | Type::Str(_));
        Mem { exact, ..Mem::new(addr, Access::Plain) }
    }

    /// The place an address value stands for.
    fn pointer(&mut self, address: &Expr) -> Addr {
        match address.as_int() {
            Some(addr) => Addr::new(Base::Abs, (addr & 0xFFFF) as i32),
            None => Addr::new(Base::Value(self.address(address)), 0),
        }
    }

    /// The value of an address expression: a pointer or any integer.
    fn address(&mut self, e: &Expr) -> Value {
        let value = self.expr(e);
        self.resize(value, &e.ty, Ty::I16)
    }

    /// An element of an array, tuple or string.
    fn element(&mut self, mem: Mem, of: &Type, index: &Index) -> Mem {
        let (size, count, first) = match of {
            Type::Array(elem, n) => (self.size_of(elem), mem.exact.then_some(*n), 0),
            Type::Tuple(elem) => (self.size_of(elem), mem.count, 0),
            _ => (1, Some(255), 1),
        };
        let mut inner = Mem { exact: true, count: None, ..mem };
        let index = match index {
            Index::FromEnd(n) => {
                inner.addr.within = self.array(&mem, of);
                let len = self.b.load(Ty::I8, mem.addr, mem.access);
                return self.indexed(inner.plus(1 - i64::from(*n)), len, true);
            }
            Index::At(index) => index,
        };
        inner.addr.within = self.array(&mem, of);
        if let Some(index) = index.as_int() {
            return inner.plus(first + index * i64::from(size));
        }
        let small = count.is_some_and(|n| u64::from(n) * u64::from(size) <= 256);
        let value = self.expr(index);
        self.check_index(&mem, of, count, value, &index.ty, index.span);
        if size == 0 {
            return inner;
        }
        let whole_byte = self.b.ty(value) == Ty::I8 && !index.ty.is_signed();
        let narrow = if small && !mem.is_mapped() { true } else { whole_byte && (small || size == 1) };
        let value = self.resize(value, &index.ty, if narrow { Ty::I8 } else { Ty::I16 });
        let scaled = self.scale(value, size);
        self.indexed(inner.plus(first), scaled, small)
    }

    /// The array or string that an index counts in, as part of a global or behind a pointer: an index
    /// outside of it is a fault of the program.
    fn array(&self, mem: &Mem, of: &Type) -> Option<Part> {
        match of {
            // Behind its length a string has at most 255 characters; an alias takes strings of any room.
            Type::Str(_) if !mem.exact && is_behind_pointer(mem) => Part::new(mem.addr.offset.into(), 256),
            Type::Array(..) | Type::Str(Some(_)) if mem.exact => self.part(mem, of),
            _ => mem.addr.within,
        }
    }

    /// The bytes that a place of this type may be, with what it lies in.
    fn part(&self, mem: &Mem, ty: &Type) -> Option<Part> {
        let whole = || Part::new(mem.addr.offset.into(), self.size_of(ty));
        let global = matches!(mem.addr.base, Base::Global(_)) && mem.addr.index.is_none();
        let known = (global || is_behind_pointer(mem)) && mem.declared;
        mem.addr.within.or_else(|| known.then(whole).flatten())
    }

    /// `value * size` in the type of `value`.
    fn scale(&mut self, value: Value, size: u32) -> Value {
        let ty = self.b.ty(value);
        match size {
            1 => value,
            _ if size.is_power_of_two() => {
                let count = self.b.iconst(Ty::I8, i64::from(size.trailing_zeros()));
                self.b.bin(BinOp::Shl, value, count)
            }
            _ => {
                let factor = self.b.iconst(ty, i64::from(size));
                self.b.bin(BinOp::Mul, value, factor)
            }
        }
    }

    /// Adds an index in bytes. `small` says that the array indexed has at most 256 bytes.
    fn indexed(&mut self, mut mem: Mem, index: Value, small: bool) -> Mem {
        let Some(outer) = mem.addr.index else {
            mem.addr.index = Some(index);
            mem.small = small;
            return mem;
        };
        let bytes = self.b.ty(outer) == Ty::I8 && self.b.ty(index) == Ty::I8;
        let width = if bytes && mem.small && small { Ty::I8 } else { Ty::I16 };
        let (outer, index) = (self.b.zext(outer, width), self.b.zext(index, width));
        mem.addr.index = Some(self.b.bin(BinOp::Add, outer, index));
        mem.small &= small;
        mem
    }

    /// Reads a scalar or pointer.
    pub fn load(&mut self, loc: Loc, of: &Type) -> Value {
        match loc {
            Loc::Var(var) => self.b.use_var(var),
            Loc::Cia1 { value, done } => self.read_cia1(value, done),
            Loc::Mem(mem) => self.b.load(ty(of), mem.addr, mem.access),
        }
    }

    /// Writes a scalar or pointer.
    pub fn store(&mut self, loc: Loc, value: Value) {
        match loc {
            Loc::Var(var) | Loc::Cia1 { value: var, .. } => self.b.def_var(var, value),
            Loc::Mem(mem) => self.b.store(mem.addr, value, mem.access),
        }
    }

    /// The address of a place in memory as a value that leads to nothing else.
    pub fn address_of(&mut self, place: &Place) -> Value {
        let mem = self.mem(place);
        self.address_in(&mem, &place.ty)
    }

    /// The same of a place of type `ty` that was reached before.
    pub fn address_in(&mut self, mem: &Mem, ty: &Type) -> Value {
        let within = if mem.exact { self.part(mem, ty) } else { None };
        self.addr_value(Addr { within, ..mem.addr })
    }
}

/// True for ordinary memory behind a pointer, without an index yet.
fn is_behind_pointer(mem: &Mem) -> bool {
    matches!(mem.addr.base, Base::Value(_)) && mem.addr.index.is_none() && !mem.is_mapped()
}
