//! Statements.
//!
//! Invariant: temporaries, and what calls hand out, live to the end of the statement.

use super::machine::{Frame, Machine};
use super::{Eval, Outcome, arith};
use crate::sema::hir::{Bound, Expr, For, Intrinsic, Stmt, StmtKind, StrExpr};

/// Where execution goes on.
pub enum Flow {
    Next,
    Break,
    Continue,
    Return(Option<i64>),
}

impl<'m> Machine<'m> {
    pub fn block(&mut self, frame: &Frame<'m>, body: &'m [Stmt]) -> Eval<Flow> {
        for stmt in body {
            self.step()?;
            let mark = self.memory.mark();
            let flow = self.statement(frame, &stmt.kind)?;
            if !matches!(flow, Flow::Next) {
                return Ok(flow);
            }
            self.memory.release(mark);
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, frame: &Frame<'m>, kind: &'m StmtKind) -> Eval<Flow> {
        match kind {
            StmtKind::If { cond, then, otherwise } => {
                let body = if self.condition(frame, cond)? { then } else { otherwise };
                return self.block(frame, body);
            }
            StmtKind::While { cond, body } => return self.while_loop(frame, cond, body),
            StmtKind::For(node) => return self.for_loop(frame, node),
            StmtKind::Repeat { count, body } => {
                let count = self.expr(frame, count)?;
                for _ in 0..count.max(0) {
                    self.step()?;
                    match self.block(frame, body)? {
                        Flow::Break => break,
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                        Flow::Next | Flow::Continue => {}
                    }
                }
            }
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
            StmtKind::Return(value) => {
                let value = value.as_ref().map(|e| self.expr(frame, e)).transpose()?;
                return Ok(Flow::Return(value));
            }
            _ => self.simple(frame, kind)?,
        }
        Ok(Flow::Next)
    }

    fn simple(&mut self, frame: &Frame<'m>, kind: &'m StmtKind) -> Eval<()> {
        match kind {
            StmtKind::Expr(call) => _ = self.expr(frame, call)?,
            StmtKind::Assign { target, value } => {
                let value = self.expr(frame, value)?;
                let loc = self.place(frame, target)?;
                self.store(loc, &target.ty, value);
            }
            StmtKind::AssignOp { target, op, ty, value } => {
                let shift = matches!(op, crate::sema::hir::BinOp::Shl | crate::sema::hir::BinOp::Shr);
                let operand = self.expr(frame, value)?;
                let operand = if shift { value.ty.unsigned().wrap(operand) } else { operand };
                let loc = self.place(frame, target)?;
                let old = self.load(loc, &target.ty)?;
                let old = arith::convert(old, &target.ty, ty);
                let new = arith::binary(*op, ty, old, operand);
                self.store(loc, &target.ty, arith::convert(new, ty, &target.ty));
            }
            StmtKind::StrAssign { target, value } => {
                let text = self.string(frame, value)?;
                let loc = self.place(frame, target)?;
                self.set_string(loc, &target.ty, &text)?;
            }
            StmtKind::StrAppend { target, value } => {
                let text = self.string(frame, value)?;
                let loc = self.place(frame, target)?;
                let mut whole = self.string_at(loc)?;
                whole.extend(text);
                if whole.len() > 255 {
                    return super::undefined("a string longer than 255 characters");
                }
                self.set_string(loc, &target.ty, &whole)?;
            }
            StmtKind::CopyBytes { target, source, size } => {
                let source = self.place(frame, source)?;
                // What is assigned is there before the target is found.
                let content = (!source.mapped).then(|| self.content(source, i64::from(*size)));
                let target = self.place(frame, target)?;
                match content {
                    Some(content) => self.store_content(target, content),
                    None => self.copy(target, source, i64::from(*size)),
                }
            }
            StmtKind::CopyTuple { target, source, elem_size, max } => {
                self.copy_tuple(frame, target, source, *elem_size, *max)?;
            }
            StmtKind::CharsFromStr { target, value } => {
                let text = self.string(frame, value)?;
                let loc = self.place(frame, target)?;
                self.store_characters(target, loc, &text);
            }
            StmtKind::StrFromChars { target, source } => {
                self.string_from_characters(frame, target, source)?;
            }
            StmtKind::Fill { target, value, count, target_first } => {
                self.fill(frame, target, value, count.as_ref(), *target_first)?;
            }
            StmtKind::StoreList { target, values } => self.store_list(frame, target, values)?,
            StmtKind::Print { sep, args } => self.print(frame, sep.as_ref(), args)?,
            StmtKind::BlockCopy(copy) => self.block_copy(frame, copy)?,
            StmtKind::Intrinsic(Intrinsic::Sei | Intrinsic::Cli | Intrinsic::Nop(_)) => {}
            StmtKind::Intrinsic(Intrinsic::SetIrq(_) | Intrinsic::DisableRasterIrq)
                if self.handlers_are_silent() => {}
            StmtKind::Intrinsic(Intrinsic::EnableRasterIrq(line) | Intrinsic::SetRaster(line))
                if self.handlers_are_silent() =>
            {
                self.expr(frame, line)?;
            }
            StmtKind::Intrinsic(_) => return Err(Outcome::Unsupported("interrupts".to_string())),
            _ => return Err(Outcome::Unsupported("an __asm__ block".to_string())),
        }
        Ok(())
    }

    /// A condition; what it built does not outlive it.
    fn condition(&mut self, frame: &Frame<'m>, cond: &'m Expr) -> Eval<bool> {
        self.step()?;
        let mark = self.memory.mark();
        let value = self.expr(frame, cond)?;
        self.memory.release(mark);
        Ok(value != 0)
    }

    fn while_loop(&mut self, frame: &Frame<'m>, cond: &'m Expr, body: &'m [Stmt]) -> Eval<Flow> {
        while self.condition(frame, cond)? {
            match self.block(frame, body)? {
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
        }
        Ok(Flow::Next)
    }

    fn for_loop(&mut self, frame: &Frame<'m>, node: &'m For) -> Eval<Flow> {
        let start = self.expr(frame, &node.start)?;
        let end = match &node.end {
            Bound::Const(end) => *end,
            Bound::Value(end) => self.expr(frame, end)?,
        };
        let variable = self.place(frame, &node.var)?;
        let mut value = start;
        while if node.step > 0 { value < end } else { value > end } {
            self.step()?;
            self.store(variable, &node.var.ty, value);
            match self.block(frame, &node.body)? {
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
            value += node.step;
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, frame: &Frame<'m>, sep: Option<&'m StrExpr>, args: &'m [StrExpr]) -> Eval<()> {
        let sep = sep.map(|sep| self.string(frame, sep)).transpose()?.unwrap_or_default();
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                self.output.extend(&sep);
            }
            let text = self.string(frame, arg)?;
            self.output.extend(text);
        }
        Ok(())
    }
}
