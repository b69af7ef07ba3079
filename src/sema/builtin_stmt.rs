//! Built-in functions that are statements.
//!
//! In: a built-in and its arguments. Out: a `StmtKind`. Invariant: arguments are evaluated in
//! source order. Not here: the table and functions with a value (`builtins.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::builtins::{Builtin, Id};
use crate::sema::check::Checker;
use crate::sema::convert::{Use, wrapped};
use crate::sema::fold;
use crate::sema::hir::{BlockCopy, ExprKind, Intrinsic, IrqKind, Place, PlaceKind, StmtKind, StrExpr, Type};
use crate::sema::val::Val;
use crate::syntax::ast;

/// Most instructions that one `__nop__(n)` makes.
const MAX_NOPS: i128 = 255;

impl Checker<'_> {
    /// A call of a built-in function as a statement; `None` after a fault.
    pub fn builtin_statement(
        &mut self,
        builtin: &Builtin,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<StmtKind> {
        if !self.check_count(builtin.name, builtin.args, args.len(), span) {
            for arg in args {
                self.value(arg);
            }
            return None;
        }
        let intrinsic = |i| Some(StmtKind::Intrinsic(i));
        match (builtin.id, args) {
            (Id::Print, args) => Some(StmtKind::Print { sep: None, args: self.texts(args)? }),
            (Id::PrintSep, [sep, args @ ..]) => {
                let sep = self.texts(std::slice::from_ref(sep));
                let args = self.texts(args)?;
                Some(StmtKind::Print { sep: sep?.pop(), args })
            }
            (Id::Sprint, [buffer, args @ ..]) => self.sprint(buffer, args, span),
            (Id::MemFill, [array, value, count @ ..]) => self.memfill(array, value, count.first()),
            (Id::BlkCpy, args) => self.blkcpy(args),
            (Id::Alias, [alias, address]) => self.set_alias(alias, address),
            (Id::Sei, _) => intrinsic(Intrinsic::Sei),
            (Id::Cli, _) => intrinsic(Intrinsic::Cli),
            (Id::Nop, args) => self.nop(args),
            (Id::SetIrq, [handler]) => self.set_irq(handler),
            (Id::EnableRasterIrq, [line]) => {
                let line = self.argument(line, &Type::Word)?;
                intrinsic(Intrinsic::EnableRasterIrq(line))
            }
            (Id::SetRaster, [line]) => {
                let line = self.argument(line, &Type::Word)?;
                intrinsic(Intrinsic::SetRaster(line))
            }
            (Id::DisableRasterIrq, _) => intrinsic(Intrinsic::DisableRasterIrq),
            _ => {
                let text = "include() stands at module level";
                self.report(Diagnostic::error(codes::BAD_STATEMENT, span, text));
                None
            }
        }
    }

    fn texts(&mut self, args: &[ast::Expr]) -> Option<Vec<StrExpr>> {
        let mut texts = Vec::with_capacity(args.len());
        let mut complete = true;
        for arg in args {
            let val = self.value(arg);
            match self.text_of(val, arg.span) {
                Some(text) => texts.push(text),
                None => complete = false,
            }
        }
        complete.then_some(texts)
    }

    fn sprint(&mut self, buffer: &ast::Expr, args: &[ast::Expr], span: Span) -> Option<StmtKind> {
        let target = self.target(buffer);
        let texts = self.texts(args);
        let target = target?;
        if !target.ty.is_string() {
            let text = format!("sprint() writes into a string, not into {}", self.describe_type(&target.ty));
            self.report(
                Diagnostic::error(codes::TYPE_MISMATCH, buffer.span, text)
                    .help("declare one: buf: string[40]; it comes before what is printed"),
            );
            return None;
        }
        let value = StrExpr { parts: texts?.into_iter().flat_map(|t| t.parts).collect(), span };
        self.warn_too_long(&target, &value);
        Some(StmtKind::StrAssign { target, value })
    }

    fn argument(&mut self, arg: &ast::Expr, ty: &Type) -> Option<crate::sema::hir::Expr> {
        let val = self.value(arg);
        let expr = self.coerce(val, ty, arg.span, &Use::Argument);
        (expr.ty != Type::Error).then_some(expr)
    }

    /// An argument that must be an array in memory.
    fn array_argument(&mut self, arg: &ast::Expr) -> Option<(Place, Type)> {
        let val = self.value(arg);
        match val {
            Val::Place(place) => match place.ty.clone() {
                Type::Array(elem, _) => Some((place, *elem)),
                Type::Error => None,
                _ => self.no_array(&Val::Place(place), arg.span),
            },
            Val::Error => None,
            other => self.no_array(&other, arg.span),
        }
    }

    fn no_array(&mut self, val: &Val, span: Span) -> Option<(Place, Type)> {
        let text = format!("an array is needed here, not {}", self.describe(val));
        self.report(Diagnostic::error(codes::TYPE_MISMATCH, span, text));
        None
    }

    fn memfill(
        &mut self,
        array: &ast::Expr,
        value: &ast::Expr,
        count: Option<&ast::Expr>,
    ) -> Option<StmtKind> {
        let array_place = self.array_argument(array);
        let val = self.value(value);
        let count = match count {
            Some(count) => {
                let val = self.value(count);
                Some(self.coerce(val, &Type::Word, count.span, &Use::Internal))
            }
            None => None,
        };
        let (target, elem) = array_place?;
        if !elem.is_scalar() {
            let text = format!("'memfill' cannot fill elements of type {}", self.type_name(&elem));
            self.report(Diagnostic::error(codes::TYPE_MISMATCH, array.span, text));
            return None;
        }
        let value = self.coerce(val, &elem, value.span, &Use::Argument);
        let faulty = value.ty == Type::Error || count.as_ref().is_some_and(|c| c.ty == Type::Error);
        (!faulty).then_some(StmtKind::Fill { target, value, count, target_first: true })
    }

    fn blkcpy(&mut self, args: &[ast::Expr]) -> Option<StmtKind> {
        // source, offset[, stride], target, offset[, stride], width, height[, stride]
        let (source, target, rest): (_, _, [&ast::Expr; 6]) = match args {
            [s, so, t, to, w, h, stride] => (s, t, [so, stride, to, stride, w, h]),
            [s, so, ss, t, to, ts, w, h] => (s, t, [so, ss, to, ts, w, h]),
            _ => return None,
        };
        let source = self.array_argument(source);
        let [so, ss, to, ts, w, h] = rest;
        let source_offset = self.argument(so, &Type::Word);
        let source_stride = self.argument(ss, &Type::Byte);
        let target = self.array_argument(target);
        let target_offset = self.argument(to, &Type::Word);
        let target_stride =
            if args.len() == 7 { source_stride.clone() } else { self.argument(ts, &Type::Byte) };
        let width = self.argument(w, &Type::Byte);
        let height = self.argument(h, &Type::Byte);
        Some(StmtKind::BlockCopy(Box::new(BlockCopy {
            source: source?.0,
            source_offset: source_offset?,
            source_stride: source_stride?,
            target: target?.0,
            target_offset: target_offset?,
            target_stride: target_stride?,
            width: width?,
            height: height?,
        })))
    }

    fn set_alias(&mut self, alias: &ast::Expr, address: &ast::Expr) -> Option<StmtKind> {
        let target = self.value(alias);
        let val = self.value(address);
        let address = match val {
            Val::Place(place) if !place.ty.is_scalar() && place.ty != Type::Error => {
                let text = format!("alias() takes an address, not {}", self.describe_type(&place.ty));
                self.report(wrapped(
                    Diagnostic::error(codes::TYPE_MISMATCH, address.span, text),
                    address.span,
                    "addr",
                ));
                fold::error(address.span)
            }
            val => self.coerce(val, &Type::Word, address.span, &Use::Internal),
        };
        let pointer = match target {
            Val::Error | Val::Place(Place { ty: Type::Error, .. }) => return None,
            Val::Place(Place { kind: PlaceKind::Deref(inner), .. }) => match inner.kind {
                ExprKind::Load(pointer) if matches!(pointer.ty, Type::Alias(_)) => Some(pointer),
                _ => None,
            },
            _ => None,
        };
        let Some(pointer) = pointer else {
            self.report(
                Diagnostic::error(
                    codes::TYPE_MISMATCH,
                    alias.span,
                    "the first argument of alias() is an alias variable",
                )
                .help("declare one: a: alias[byte]"),
            );
            return None;
        };
        if address.ty == Type::Error {
            return None;
        }
        let value = fold::convert(address, pointer.ty.clone());
        Some(StmtKind::Assign { target: pointer, value })
    }

    fn nop(&mut self, args: &[ast::Expr]) -> Option<StmtKind> {
        let count = match args.first() {
            None => 1,
            Some(count) => match self.constant_int(count)? {
                n @ 0..=MAX_NOPS => n as u32,
                n => {
                    let text = format!("__nop__ takes a constant from 0 to {MAX_NOPS}, not {n}");
                    self.report(Diagnostic::error(codes::CONSTANT_RANGE, count.span, text));
                    return None;
                }
            },
        };
        Some(StmtKind::Intrinsic(Intrinsic::Nop(count)))
    }

    fn set_irq(&mut self, handler: &ast::Expr) -> Option<StmtKind> {
        let id = match self.callee(handler) {
            Val::Func(id) => id,
            Val::Error => return None,
            other => {
                let text = format!("__set_irq__ takes an interrupt handler, not {}", self.describe(&other));
                self.report(Diagnostic::error(codes::TYPE_MISMATCH, handler.span, text));
                return None;
            }
        };
        match self.out.funcs[id].irq {
            Some(IrqKind::Irq | IrqKind::Raw | IrqKind::Hook) => {
                Some(StmtKind::Intrinsic(Intrinsic::SetIrq(id)))
            }
            _ => {
                let text = format!("'{}' is not an interrupt handler", self.out.funcs[id].name);
                self.report(
                    Diagnostic::error(codes::TYPE_MISMATCH, handler.span, text)
                        .help("put @irq, @irq_raw or @irq_hook above its definition"),
                );
                None
            }
        }
    }
}
