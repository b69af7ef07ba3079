//! The run-time checks of `--checks`.
//!
//! In: what is to be checked, where. Out: a branch to code that ends the program with a message
//! `file:line: text`. Invariant: without the option no code at all. The top of
//! the software stack is filled in where the functions that use it are known (`codegen/prepare`).

use crate::base::source::Span;
use crate::c64::petscii::petscii;
use crate::lower::data::COUNT;
use crate::lower::func::FuncLower;
use crate::lower::place::Mem;
use crate::mir::ir::{Addr, Base, Cond, FuncKind, Ty, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{Expr, ExprKind, PlaceKind, Type};

impl FuncLower<'_, '_> {
    /// Checks at the entry of a function that calls others that the stacks have room.
    pub fn check_stack(&mut self) {
        if !self.cx.options.checks || !self.facts.calls || self.b.func().kind != FuncKind::Normal {
            return;
        }
        let no_top = self.b.iconst(Ty::I16, 0);
        let low = self.rt_value(Rt::StackLow, vec![no_top]);
        let zero = self.b.iconst(Ty::I8, 0);
        let low = self.b.cmp(Cond::Ne, low, zero);
        self.fail_if(low, "stack is full", self.func.span);
    }

    /// Checks that an index is below the count, or of a string below its length.
    pub fn check_index(
        &mut self,
        mem: &Mem,
        of: &Type,
        count: Option<u32>,
        index: Value,
        ty: &Type,
        span: Span,
    ) {
        if !self.cx.options.checks {
            return;
        }
        let width = self.b.ty(index).max(Ty::I16);
        let index = self.resize(index, ty, width);
        let limit = match (of, count) {
            (Type::Str(_), _) => {
                let len = self.b.load(Ty::I8, mem.addr, mem.access);
                self.b.zext(len, width)
            }
            (_, Some(n)) => self.b.iconst(width, i64::from(n)),
            (Type::Tuple(_), None) if !mem.is_mapped() && matches!(mem.addr.base, Base::Value(_)) => {
                let count = self.b.load(Ty::I16, mem.plus(-(COUNT as i64)).addr, mem.access);
                self.b.zext(count, width)
            }
            (_, None) => return,
        };
        let outside = self.b.cmp(Cond::UGe, index, limit);
        self.fail_if(outside, "index out of range", span);
    }

    /// Checks that an alias points to something; `self` always does.
    pub fn check_null(&mut self, addr: Addr, address: &Expr) {
        let Base::Value(pointer) = addr.base else { return };
        let is_self = matches!(&address.kind, ExprKind::Load(place)
            if matches!(place.kind, PlaceKind::Local(id) if self.func.has_self && id.0 == 0));
        if !self.cx.options.checks || is_self || !matches!(address.kind, ExprKind::Load(_)) {
            return;
        }
        let null = self.is_zero(pointer);
        self.fail_if(null, "alias is not set", address.span);
    }

    /// Checks that a string of `length` characters fits.
    pub fn check_capacity(&mut self, length: Value, capacity: u8, span: Span) {
        let limit = self.b.iconst(self.b.ty(length), i64::from(capacity));
        let over = self.b.cmp(Cond::UGt, length, limit);
        self.fail_if(over, "string too long", span);
    }

    /// Ends the program with a message when the condition holds.
    fn fail_if(&mut self, cond: Value, text: &str, span: Span) {
        let file = &self.cx.sources.file(span.file).path;
        let name = file.rsplit('/').next().unwrap_or(file);
        let message = format!("{name}:{}: {text}", self.cx.sources.line(span));
        let codes: Vec<u8> =
            message.chars().map(|ch| petscii(ch, self.module.lowercase).unwrap_or(b'?')).take(255).collect();
        let mut bytes = vec![codes.len() as u8];
        bytes.extend(codes);
        let global = self.cx.message(&bytes, &self.module.name);
        let (fail, go_on) = (self.b.new_block(), self.b.new_block());
        self.b.branch(cond, fail, go_on);
        self.b.begin(fail);
        let text = self.b.addr(Addr::new(Base::Global(global), 0));
        self.b.rt(Rt::Fail, vec![text]);
        self.b.unreachable();
        self.b.begin(go_on);
    }
}
