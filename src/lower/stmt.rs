//! Statements.
//!
//! In: `hir::Stmt`s. Out: operations and blocks at the builder's place. Invariant: in every
//! assignment the value is evaluated before the target's index expressions, and these before the
//! old value is read. Not here: loops (`loops.rs`), text (`string.rs`, `print.rs`), bulk memory
//! (`bulk.rs`).

use crate::lower::func::{FuncLower, Storage};
use crate::lower::scan;
use crate::mir::ir::{Access, Addr, AsmArg, AsmBlock, Base, FuncKind, GlobalKind, Op, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{
    Asm, AsmRef, BinOp, Expr, ExprKind, Intrinsic, IrqKind, Place, Root, Stmt, StmtKind, StrExpr, Type,
};

impl FuncLower<'_, '_> {
    /// Lowers statements one after the other; what follows an end is not reached.
    pub fn stmts(&mut self, list: &[Stmt]) {
        for stmt in list {
            self.b.set_span(Some(stmt.span));
            self.with_temps(|f| f.stmt(stmt));
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) => self.effect(e),
            StmtKind::Assign { target, value } => {
                let value = self.expr(value);
                let target = self.place(target);
                self.store(target, value);
            }
            StmtKind::AssignOp { target, op, ty, value } => self.assign_op(target, *op, ty, value),
            StmtKind::StrAssign { target, value } => self.assign_string(target, value),
            StmtKind::StrAppend { target, value } => self.append_string(target, value),
            StmtKind::CopyBytes { target, source, size } => self.copy_bytes(target, source, *size),
            StmtKind::CopyTuple { target, source, elem_size, max } => {
                self.copy_tuple(target, source, *elem_size, *max);
            }
            StmtKind::CharsFromStr { target, value } => self.chars_from_string(target, value),
            StmtKind::StrFromChars { target, source } => self.string_from_chars(target, source),
            StmtKind::Fill { target, value, count, target_first } => {
                self.fill(target, value, count.as_ref(), *target_first);
            }
            StmtKind::StoreList { target, values } => self.store_list(target, values),
            StmtKind::If { cond, then, otherwise } => self.if_else(cond, then, otherwise),
            StmtKind::While { cond, body } => self.while_loop(cond, body),
            StmtKind::For(node) => self.for_loop(node),
            StmtKind::Repeat { count, body } => self.repeat_loop(count, body),
            StmtKind::Break => self.leave(|l| l.exit),
            StmtKind::Continue => self.leave(|l| l.next),
            StmtKind::Return(value) => {
                let value = value.as_ref().map(|e| self.result(e));
                // An `@irq_hook` has one way out only.
                if self.b.func().kind == FuncKind::IrqHook {
                    self.b.rt(Rt::IrqChain, Vec::new());
                }
                self.b.ret(value);
            }
            StmtKind::Print { sep, args } => self.print(sep.as_ref(), args),
            StmtKind::Asm(asm) => self.asm(asm),
            StmtKind::Intrinsic(intrinsic) => self.intrinsic(intrinsic),
            StmtKind::BlockCopy(copy) => self.block_copy(copy),
        }
    }

    /// An expression for its effect.
    fn effect(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Call(func, args) => _ = self.call(*func, args),
            ExprKind::Convert(inner) => self.effect(inner),
            _ => _ = self.expr(e),
        }
    }

    fn assign_op(&mut self, target: &Place, op: BinOp, ty: &Type, value: &Expr) {
        let value = self.expr(value);
        let loc = self.place(target);
        let old = self.load(loc, &target.ty);
        let old = self.convert(old, &target.ty, ty);
        let result = self.binary(op, ty, old, value);
        let result = self.convert(result, ty, &target.ty);
        self.store(loc, result);
    }

    fn if_else(&mut self, cond: &Expr, then: &[Stmt], otherwise: &[Stmt]) {
        let (yes, done) = (self.b.new_block(), self.b.new_block());
        let no = if otherwise.is_empty() { done } else { self.b.new_block() };
        self.condition(cond, yes, no);
        let mut arms = vec![(yes, then)];
        if no != done {
            arms.push((no, otherwise));
        }
        for (block, body) in arms {
            self.b.begin(block);
            self.stmts(body);
            if !self.b.is_terminated() {
                self.b.jump(done);
            }
        }
        self.b.begin(done);
    }

    fn leave(&mut self, to: impl Fn(&crate::lower::func::Loop) -> crate::mir::ir::BlockId) {
        match self.loops.last() {
            Some(target) => self.b.jump(to(target)),
            None => unreachable!("{}: outside of a loop", self.func.symbol),
        }
    }

    /// The value of a `return`. What lies in this function's frame is copied to static memory
    /// first.
    fn result(&mut self, e: &Expr) -> Value {
        match &e.kind {
            ExprKind::StrTemp(parts) => {
                let text = self.string_in_temp(parts);
                let (result, _) = self.result_memory(self.longest(&parts.parts) + 1);
                self.b.rt(Rt::StrCopy, vec![result, text]);
                result
            }
            ExprKind::AddrOf(place)
                if matches!(e.ty, Type::Alias(_)) && matches!(place.root(), Root::Local(_)) =>
            {
                let size = self.size_of(&place.ty);
                let src = self.mem(place).addr;
                if size == 0 {
                    return self.addr_value(src);
                }
                let (result, dst) = self.result_memory(size);
                if place.ty.is_string() {
                    let text = self.addr_value(src);
                    self.b.rt(Rt::StrCopy, vec![result, text]);
                } else {
                    self.b.effect(Op::Copy { dst, src, len: size, access: Access::Plain });
                }
                result
            }
            ExprKind::Convert(inner) if matches!(inner.ty, Type::Alias(_)) => self.result(inner),
            _ => self.expr(e),
        }
    }

    /// Static memory for this function's result: its address, as a value and as a place.
    fn result_memory(&mut self, size: u32) -> (Value, Addr) {
        let symbol = format!("{}.$$result", self.func.symbol);
        let global = self.cx.static_memory(&symbol, size, false);
        let place = Addr::new(Base::Global(global), 0);
        (self.b.addr(place), place)
    }

    /// An `__asm__` block with its names resolved.
    pub fn asm(&mut self, asm: &Asm) {
        let args = asm.names.iter().map(|(name, what)| (name.as_str().into(), self.asm_arg(*what))).collect();
        self.b.effect(Op::Asm(Box::new(AsmBlock {
            text: asm.text.as_str().into(),
            args,
            lowercase: self.module.lowercase,
            module: self.module.name.as_str().into(),
            span: Some(asm.text_span),
        })));
    }

    fn asm_arg(&mut self, what: AsmRef) -> AsmArg {
        match what {
            AsmRef::Const(value) => AsmArg::Const(value),
            AsmRef::Func(func) => match self.func_base(func) {
                (Base::Abs, addr) => AsmArg::Const(i64::from(addr)),
                (base, offset) => AsmArg::Addr(base, offset),
            },
            AsmRef::Data(data, offset) => {
                let (global, start) = self.tables.place_of(data);
                let memory = &mut self.cx.program.globals[global];
                memory.escapes = true;
                if memory.kind == GlobalKind::Const {
                    memory.kind = GlobalKind::Data;
                }
                AsmArg::Addr(Base::Global(global), start + offset as i32)
            }
            AsmRef::Local(local) => match self.storage(local) {
                Storage::Memory(base) => AsmArg::Addr(base, 0),
                Storage::Var(_) | Storage::Cia1 { .. } => {
                    unreachable!("{}: variable without address in assembly", self.func.symbol)
                }
            },
        }
    }

    fn intrinsic(&mut self, intrinsic: &Intrinsic) {
        match intrinsic {
            Intrinsic::Sei => self.b.effect(Op::Sei),
            Intrinsic::Cli => self.b.effect(Op::Cli),
            Intrinsic::Nop(count) => self.b.effect(Op::Nop((*count).min(u32::from(u16::MAX)) as u16)),
            Intrinsic::SetIrq(func) => {
                let (base, offset) = self.func_base(*func);
                let handler = self.addr_value(Addr::new(base, offset));
                let hook = self.module.funcs[*func].irq == Some(IrqKind::Hook);
                self.b.rt(if hook { Rt::SetIrqHook } else { Rt::SetIrq }, vec![handler]);
            }
            Intrinsic::EnableRasterIrq(line) => self.with_line(Rt::EnableRasterIrq, line),
            Intrinsic::SetRaster(line) => self.with_line(Rt::SetRaster, line),
            Intrinsic::DisableRasterIrq => _ = self.b.rt(Rt::DisableRasterIrq, Vec::new()),
        }
    }

    fn with_line(&mut self, rt: Rt, line: &Expr) {
        let line = self.expr(line);
        self.b.rt(rt, vec![line]);
    }

    /// array[char, N] = string.
    fn chars_from_string(&mut self, target: &Place, value: &StrExpr) {
        let Type::Array(_, max) = target.ty else {
            unreachable!("{}: characters into {:?}", self.func.symbol, target.ty)
        };
        if let Some(bytes) = value.as_place().and_then(|place| self.literal_bytes(place))
            && let Some(source) = value.as_place()
        {
            let len = (bytes.len() as u32 - 1).min(max);
            let dst = self.mem(target);
            let src = self.mem(source).plus(1);
            if len > 0 {
                self.b.effect(Op::Copy { dst: dst.addr, src: src.addr, len, access: dst.access });
            }
            return;
        }
        let text = self.lasting_text(value, scan::place_calls(target));
        self.copy_characters(target, text, max);
    }
}
