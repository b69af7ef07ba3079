//! One function: its variables, its temporaries, its entry and its end.
//!
//! In: a function with a body. Out: the finished `ir::Func`. Invariants: a scalar whose address
//! nobody takes is an SSA variable; what assembly names lies at a static address (also in a
//! function that calls itself: assembly has only one place for a name); everything else is a slot.
//! A composite result is handed out in static memory, since the frame ends with the call.

use crate::base::index::Id;
use crate::base::source::Span;
use crate::lower::scan::{self, Facts};
use crate::lower::{Context, Tables, Target, ty};
use crate::mir::build::{FuncBuilder, Var};
use crate::mir::ir::{Access, Addr, Base, BlockId, Callee, FuncId, FuncKind, SlotId, Ty, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{self, DataKind, LocalId, LocalKind, Module, Root, Type};

/// $DC0D, what the parameter `cia1` of a handler reads.
const CIA1_INTERRUPTS: i32 = 0xDC0D;

/// Where a local lives.
#[derive(Clone, Copy)]
pub(super) enum Storage {
    Var(Var),
    Memory(Base),
    /// Read from the chip when `done` is still 0.
    Cia1 {
        value: Var,
        done: Var,
    },
}

/// Where `continue` and `break` go.
#[derive(Clone, Copy)]
pub(super) struct Loop {
    pub next: BlockId,
    pub exit: BlockId,
}

/// Temporary strings of the statement: reused once it is over.
#[derive(Default)]
struct Temps {
    slots: Vec<(SlotId, u32)>,
    /// How many of `slots` are in use.
    used: usize,
}

/// The state while one function is lowered.
pub(super) struct FuncLower<'c, 'a> {
    pub cx: &'c mut Context<'a>,
    pub module: &'c Module,
    pub tables: &'c Tables,
    pub func: &'c hir::Func,
    pub b: FuncBuilder,
    pub facts: Facts,
    pub loops: Vec<Loop>,
    storage: Vec<Option<Storage>>,
    temps: Temps,
    /// Another call follows before what a call hands out is read.
    pub outlives: bool,
}

/// Lowers `func` into the declared `target`.
pub(super) fn lower_func(
    cx: &mut Context<'_>,
    module: &Module,
    tables: &Tables,
    func: &hir::Func,
    target: FuncId,
) {
    let facts = scan::facts(func);
    let mut declared = cx.program.funcs[target].clone();
    declared.noinline |= facts.has_asm;
    let mut f = FuncLower {
        cx,
        module,
        tables,
        func,
        b: FuncBuilder::new(declared),
        facts,
        loops: Vec::new(),
        storage: vec![None; func.locals.len()],
        temps: Temps::default(),
        outlives: false,
    };
    f.b.set_span(Some(func.span));
    if func.naked {
        f.naked_body()
    } else {
        f.body()
    }
    let FuncLower { cx, b, temps, .. } = f;
    let mut lowered = b.finish();
    for (slot, size) in temps.slots {
        lowered.slots[slot].size = size;
    }
    cx.program.funcs[target] = lowered;
}

impl FuncLower<'_, '_> {
    fn body(&mut self) {
        self.enter();
        self.check_stack();
        let func = self.func;
        self.stmts(func.body.as_deref().unwrap_or_default());
        if self.b.is_terminated() {
            return;
        }
        self.b.set_span(Some(func.span.end()));
        if func.ret != Type::Void {
            self.b.unreachable();
            return;
        }
        if matches!(self.b.func().kind, FuncKind::Irq | FuncKind::IrqHook) {
            self.b.rt(Rt::IrqChain, Vec::new());
        }
        self.b.ret(None);
    }

    /// Assembly, and nothing else: arguments are in registers.
    fn naked_body(&mut self) {
        let func = self.func;
        for stmt in func.body.as_deref().unwrap_or_default() {
            if let hir::StmtKind::Asm(asm) = &stmt.kind {
                self.asm(asm);
            }
        }
        // What the assembly leaves in the registers is the result; see `FuncKind::Naked`.
        let ret = self.b.func().ret.map(|ty| self.b.iconst(ty, 0));
        self.b.ret(ret);
    }

    /// Gives parameters their places and the lazy registers of a handler their start.
    fn enter(&mut self) {
        let func = self.func;
        for (index, value) in self.b.params().to_vec().into_iter().enumerate() {
            let local = LocalId::new(index);
            match self.storage(local) {
                Storage::Var(var) => self.b.def_var(var, value),
                Storage::Memory(base) => self.b.store(Addr::new(base, 0), value, Access::Plain),
                Storage::Cia1 { .. } => {}
            }
        }
        for (id, local) in func.locals.enumerated() {
            if local.kind == LocalKind::Cia1
                && let Storage::Cia1 { done, .. } = self.storage(id)
            {
                let zero = self.b.iconst(Ty::I8, 0);
                self.b.def_var(done, zero);
            }
        }
    }

    /// Where a local lives; decided at its first use.
    pub fn storage(&mut self, id: LocalId) -> Storage {
        if let Some(storage) = self.storage[id.index()] {
            return storage;
        }
        let local = &self.func.locals[id];
        let in_memory =
            local.ty.is_composite() || self.facts.taken.contains(&id) || self.facts.parts.contains(&id);
        let storage = if local.kind == LocalKind::Cia1 {
            Storage::Cia1 { value: self.b.declare_var(Ty::I8), done: self.b.declare_var(Ty::I8) }
        } else if self.facts.named.contains(&id) {
            let symbol = format!("{}.${}", self.func.symbol, local.name);
            let size = self.size_of(&local.ty);
            Storage::Memory(Base::Global(self.cx.static_memory(&symbol, size, true)))
        } else if in_memory {
            let size = self.size_of(&local.ty);
            Storage::Memory(Base::Slot(self.b.new_slot(local.name.as_str(), size)))
        } else {
            Storage::Var(self.b.declare_var(ty(&local.ty)))
        };
        self.storage[id.index()] = Some(storage);
        storage
    }

    /// The value of the handler's `cia1`: read from the chip once.
    pub fn read_cia1(&mut self, value: Var, done: Var) -> Value {
        let (read, go_on) = (self.b.new_block(), self.b.new_block());
        let flag = self.b.use_var(done);
        let unread = self.is_zero(flag);
        self.b.branch(unread, read, go_on);
        self.b.begin(read);
        let port = Addr::new(Base::Abs, CIA1_INTERRUPTS);
        let bits = self.b.load(Ty::I8, port, Access::Volatile);
        self.b.def_var(value, bits);
        let one = self.b.iconst(Ty::I8, 1);
        self.b.def_var(done, one);
        self.b.jump(go_on);
        self.b.begin(go_on);
        self.b.use_var(value)
    }

    /// Size in bytes of a type.
    pub fn size_of(&self, ty: &Type) -> u32 {
        self.module.size_of(ty)
    }

    /// True when pointers of the program may lead to what a root stands for.
    pub fn reachable(&self, root: Root) -> bool {
        match root {
            Root::Local(local) => self.facts.taken.contains(&local) || self.facts.named.contains(&local),
            Root::Data(data) => match self.module.data[data].kind {
                DataKind::Literal | DataKind::Tuple { .. } => false,
                DataKind::Relocated { .. } | DataKind::Singleton(_) => true,
            },
            Root::Pointer | Root::Mapped => true,
        }
    }

    /// True when two roots may share memory.
    pub fn may_alias(&self, a: Root, b: Root) -> bool {
        scan::may_alias(a, b, &|root| self.reachable(root))
    }

    // Temporaries.

    /// Runs `f`, then frees the temporaries that it took.
    pub fn with_temps<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        let used = self.temps.used;
        let result = f(self);
        self.temps.used = used;
        result
    }

    /// Memory for a temporary of `size` bytes, until the enclosing `with_temps` ends.
    pub fn temp(&mut self, size: u32) -> SlotId {
        let index = self.temps.used;
        self.temps.used += 1;
        if let Some((slot, largest)) = self.temps.slots.get_mut(index) {
            *largest = size.max(*largest);
            return *slot;
        }
        let slot = self.b.new_slot("", size);
        self.temps.slots.push((slot, size));
        slot
    }

    // Shorthands.

    /// A run-time routine that has a result.
    pub fn rt_value(&mut self, rt: Rt, args: Vec<Value>) -> Value {
        match self.b.rt(rt, args) {
            Some(value) => value,
            None => unreachable!("{} has no result", rt.name()),
        }
    }

    /// The address of a place as a value.
    pub fn addr_value(&mut self, addr: Addr) -> Value {
        match addr {
            Addr { base: Base::Value(pointer), index: None, offset: 0, .. } => pointer,
            Addr { base: Base::Abs, index: None, offset, .. } => self.b.iconst(Ty::I16, i64::from(offset)),
            Addr { base: Base::Value(_), .. } => self.b.addr(Addr { within: None, ..addr }),
            _ => self.b.addr(addr),
        }
    }

    /// Who is called for a function of the module.
    pub fn callee(&self, id: hir::FuncId) -> Callee {
        match self.tables.funcs[id.index()] {
            Target::Func(func) => Callee::Func(func),
            Target::Abs(addr) => Callee::Abs(addr),
        }
    }

    /// The code address of a function of the module.
    pub fn func_base(&self, id: hir::FuncId) -> (Base, i32) {
        match self.tables.funcs[id.index()] {
            Target::Func(func) => (Base::Func(func), 0),
            Target::Abs(addr) => (Base::Abs, i32::from(addr)),
        }
    }

    /// Runs `f` with the span of what it lowers.
    pub fn at<R>(&mut self, span: Span, f: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.b.span();
        self.b.set_span(Some(span));
        let result = f(self);
        self.b.set_span(outer);
        result
    }
}
