//! The binary form of the middle IR of one module, as a `.LIB` holds it.
//!
//! In: a module as lowered, and its name. Out: bytes that `decode.rs` makes the same program of, but
//! for places in the source, which are left out. Invariant: names of what the module defines are
//! stored without the module's name, so that a file means the same under every name.
//! Not here: the numbers (`codes.rs`), the frame in the file (`obj/mirblob.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::bytes::Writer;
use crate::base::index::Id;
use crate::mir::codes::*;
use crate::mir::ir::{
    Addr, AsmArg, AsmBlock, Base, Callee, Func, Global, GlobalKind, Init, Inst, Op, Program, Target, Term,
    Ty, Value,
};
use crate::mir::rewrite;

/// The bytes of a module; `None` when it defines something under a name that is not its own, as a
/// program does, or when it is too long.
pub fn encode(program: &Program, module: &str) -> Option<Vec<u8>> {
    let insts = program.funcs.iter().flat_map(|f| &f.blocks).flat_map(|b| &b.insts);
    let foreign = |inst: &Inst| matches!(&inst.op, Op::Asm(block) if &*block.module != module);
    if program.entry.is_some() || insts.into_iter().any(foreign) {
        return None;
    }
    let mut body = Encoder { module, ..Encoder::default() };
    body.number(program.globals.len() as u64);
    body.number(program.funcs.len() as u64);
    for global in &program.globals {
        body.global(global)?;
    }
    for func in &program.funcs {
        body.func(func)?;
    }
    body.number(program.init.len() as u64);
    for id in &program.init {
        body.number(id.index() as u64);
    }
    let mut whole = Encoder::default();
    whole.number(body.strings.len() as u64);
    for text in &body.strings {
        whole.number(text.len() as u64);
        whole.out.bytes(text.as_bytes());
    }
    whole.out.bytes(&body.out.finish());
    Some(whole.out.finish()).filter(|bytes| bytes.len() <= LONGEST)
}

#[derive(Default)]
struct Encoder<'a> {
    module: &'a str,
    out: Writer,
    /// Each text once, in the order of first use.
    strings: Vec<Arc<str>>,
    known: BTreeMap<Arc<str>, u64>,
    /// How many values of the function were defined so far.
    values: usize,
}

impl Encoder<'_> {
    /// Seven bits a byte, the lowest first; all but the last have the upper bit.
    fn number(&mut self, mut n: u64) {
        while n > 0x7F {
            self.out.u8(n as u8 | 0x80);
            n >>= 7;
        }
        self.out.u8(n as u8);
    }

    /// Small numbers of either sign are short.
    fn signed(&mut self, n: i64) {
        self.number((n << 1 ^ n >> 63) as u64);
    }

    fn text(&mut self, text: &Arc<str>) {
        let next = self.strings.len() as u64;
        let n = *self.known.entry(text.clone()).or_insert(next);
        if n == next {
            self.strings.push(text.clone());
        }
        self.number(n);
    }

    /// The name of something that the module defines.
    fn own_name(&mut self, name: &str) -> Option<()> {
        let rest = name.strip_prefix(self.module)?.strip_prefix('.')?;
        self.text(&rest.into());
        Some(())
    }

    fn ty(&mut self, ty: Ty) {
        self.out.u8(number(&TYPES, &ty));
    }

    fn global(&mut self, global: &Global) -> Option<()> {
        let Global { name, kind, size, init, external, exported, fixed, keep, highest, escapes, pitch } =
            global;
        // Only passes set these two.
        if highest.is_some() || *pitch != 1 {
            return None;
        }
        let mut flags = number(&GLOBAL_KINDS, kind);
        for (flag, set) in [
            (GLOBAL_EXTERNAL, *external),
            (GLOBAL_EXPORTED, *exported),
            (GLOBAL_KEEP, *keep),
            (GLOBAL_ESCAPES, *escapes),
            (GLOBAL_FIXED, fixed.is_some()),
        ] {
            flags |= if set { flag } else { 0 };
        }
        self.out.u8(flags);
        // Areas that are mapped belong to all who map them.
        match *external || *kind == GlobalKind::Mapped {
            true => self.text(name),
            false => self.own_name(name)?,
        }
        self.number(u64::from(*size));
        if let Some(address) = fixed {
            self.out.u16(*address);
        }
        self.number(init.len() as u64);
        for part in init {
            match part {
                Init::Bytes(bytes) => {
                    self.out.u8(BASE_ABS);
                    self.number(bytes.len() as u64);
                    self.out.bytes(bytes);
                }
                Init::Addr(base, offset) => self.place(&Addr::new(*base, *offset)),
            }
        }
        Some(())
    }

    fn func(&mut self, func: &Func) -> Option<()> {
        let mut flags = number(&FUNC_KINDS, &func.kind);
        for (flag, set) in [
            (FUNC_EXTERN, func.is_extern()),
            (FUNC_EXPORTED, func.exported),
            (FUNC_NOINLINE, func.noinline),
            (FUNC_RELOCATE, func.relocate.is_some()),
            (FUNC_RET, func.ret.is_some()),
        ] {
            flags |= if set { flag } else { 0 };
        }
        self.out.u8(flags);
        match func.is_extern() {
            true => self.text(&func.name),
            false => self.own_name(&func.name)?,
        }
        self.number(func.params.len() as u64);
        func.params.iter().chain(&func.ret).for_each(|ty| self.ty(*ty));
        if let Some(address) = func.relocate {
            self.out.u16(address);
        }
        if !func.is_extern() {
            let mut func = func.clone();
            rewrite::compact_values(&mut func);
            self.body(&func);
        }
        Some(())
    }

    fn body(&mut self, func: &Func) {
        self.values = 0;
        self.number(func.slots.len() as u64);
        for slot in &func.slots {
            self.text(&slot.name);
            self.number(u64::from(slot.size));
        }
        self.number(func.blocks.len() as u64);
        for block in &func.blocks {
            self.number(block.params.len() as u64);
            block.params.iter().for_each(|v| self.ty(func.ty(*v)));
            self.values += block.params.len();
            block.insts.iter().for_each(|inst| self.inst(func, inst));
            self.term(&block.term);
        }
    }

    /// A value as its distance back from the next one to be defined.
    fn value(&mut self, value: Value) {
        self.signed(self.values as i64 - value.index() as i64);
    }

    fn values(&mut self, values: &[Value]) {
        self.number(values.len() as u64);
        values.iter().for_each(|v| self.value(*v));
    }

    fn place(&mut self, addr: &Addr) {
        let kind = match addr.base {
            Base::Abs => BASE_ABS,
            Base::Global(_) => BASE_GLOBAL,
            Base::Slot(_) => BASE_SLOT,
            Base::Func(_) => BASE_FUNC,
            Base::Value(_) => BASE_VALUE,
        };
        let index = if addr.index.is_some() { HAS_INDEX } else { 0 };
        let offset = if addr.offset != 0 { HAS_OFFSET } else { 0 };
        let part = if addr.within.is_some() { HAS_PART } else { 0 };
        self.out.u8(kind | index | offset | part);
        match addr.base {
            Base::Abs => {}
            Base::Global(id) => self.number(id.index() as u64),
            Base::Slot(id) => self.number(id.index() as u64),
            Base::Func(id) => self.number(id.index() as u64),
            Base::Value(value) => self.value(value),
        }
        if let Some(index) = addr.index {
            self.value(index);
        }
        if addr.offset != 0 {
            self.signed(i64::from(addr.offset));
        }
        if let Some(part) = addr.within {
            self.number(part.first.into());
            self.number((part.last - part.first).into());
        }
    }

    fn inst(&mut self, func: &Func, inst: &Inst) {
        let result = inst.result.map(|v| func.ty(v));
        let used = u8::from(result.is_some());
        let code = match &inst.op {
            Op::Const(_) => CONST,
            Op::Addr(_) => ADDR,
            Op::Bin(op, ..) => BIN + number(&BIN_OPS, op),
            Op::Neg(_) => NEG,
            Op::Not(_) => NOT,
            Op::Cmp(cond, ..) => CMP + number(&CONDS, cond),
            Op::Zext(_) => ZEXT,
            Op::Sext(_) => SEXT,
            Op::Trunc(_) => TRUNC,
            Op::Select(..) => SELECT,
            Op::Load(_, access) => LOAD + number(&ACCESSES, access),
            Op::Store(.., access) => STORE + number(&ACCESSES, access),
            Op::Copy { access, .. } => COPY + number(&ACCESSES, access),
            Op::Fill { access, .. } => FILL + number(&ACCESSES, access),
            Op::Call(Callee::Func(_), _) => CALL + used,
            Op::Call(Callee::Abs(_), _) => CALL_ABS + used,
            Op::Rt(..) => RT + used,
            Op::Asm(_) => ASM,
            Op::Sei => SEI,
            Op::Cli => CLI,
            Op::Nop(_) => NOP,
        };
        self.out.u8(code | result.map_or(0, |ty| number(&TYPES, &ty) << 6));
        match &inst.op {
            Op::Const(n) => self.signed(i64::from(result.unwrap_or(Ty::I32).signed(*n))),
            Op::Addr(addr) | Op::Load(addr, _) => self.place(addr),
            Op::Bin(_, a, b) | Op::Cmp(_, a, b) => {
                self.value(*a);
                self.value(*b);
            }
            Op::Neg(a) | Op::Not(a) | Op::Zext(a) | Op::Sext(a) | Op::Trunc(a) => self.value(*a),
            Op::Select(cond, a, b) => [cond, a, b].into_iter().for_each(|v| self.value(*v)),
            Op::Store(addr, value, _) => {
                self.place(addr);
                self.value(*value);
            }
            Op::Copy { dst, src, len, .. } => {
                self.place(dst);
                self.place(src);
                self.number(u64::from(*len));
            }
            Op::Fill { dst, value, len, .. } => {
                self.place(dst);
                self.value(*value);
                self.number(u64::from(*len));
            }
            Op::Call(callee, args) => {
                match callee {
                    Callee::Func(id) => self.number(id.index() as u64),
                    Callee::Abs(address) => self.out.u16(*address),
                }
                self.values(args);
            }
            Op::Rt(rt, args) => {
                self.text(&rt.name().into());
                self.values(args);
            }
            Op::Asm(block) => self.asm(block),
            Op::Sei | Op::Cli => {}
            Op::Nop(count) => self.number(u64::from(*count)),
        }
        self.values += usize::from(used);
    }

    fn asm(&mut self, block: &AsmBlock) {
        self.out.u8(if block.lowercase { ASM_LOWERCASE } else { 0 });
        self.text(&block.text);
        self.number(block.args.len() as u64);
        for (name, arg) in &block.args {
            self.text(name);
            match arg {
                AsmArg::Addr(base, offset) => self.place(&Addr::new(*base, *offset)),
                AsmArg::Const(n) => {
                    // Where a place would have its base.
                    self.out.u8(BASE);
                    self.signed(*n);
                }
            }
        }
    }

    fn target(&mut self, target: &Target) {
        self.number(target.block.index() as u64);
        self.values(&target.args);
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Jump(target) => {
                self.out.u8(JUMP);
                self.target(target);
            }
            Term::Branch { cond, then, other } => {
                self.out.u8(BRANCH);
                self.value(*cond);
                self.target(then);
                self.target(other);
            }
            Term::Return(None) => self.out.u8(RETURN),
            Term::Return(Some(value)) => {
                self.out.u8(RETURN_VALUE);
                self.value(*value);
            }
            Term::Unreachable => self.out.u8(UNREACHABLE),
        }
    }
}
