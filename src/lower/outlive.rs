//! Objects, arrays and texts that are needed after another call.
//!
//! In: typed calls and copies. Out: what a function has built and hands out is copied to a temporary
//! where another call of the statement comes before it is read, or the function that it is handed to
//! may build there again: in the same static memory, or higher on the stack of a recursion. Invariant:
//! what a function hands out of others' memory is never copied, since changes of it must stay. Not here:
//! which functions hand out what they have built (`sema/results.rs`), and which a call reaches
//! (`reach.rs`).

use crate::lower::func::FuncLower;
use crate::lower::{reach, scan};
use crate::mir::ir::{Access, Addr, Base, Op, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{Expr, FuncId, Place, StrExpr, StrPart, Type};

impl FuncLower<'_, '_> {
    /// Runs `f`; with `later` another call follows before what calls in it hand out is read.
    pub fn outliving<R>(&mut self, later: bool, f: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.outlives;
        self.outlives |= later;
        let result = f(self);
        self.outlives = outer;
        result
    }

    /// The arguments of a call of `func`, from left to right.
    pub fn arguments(&mut self, func: FuncId, args: &[Expr]) -> Vec<Value> {
        let last = args.iter().rposition(scan::expr_calls).unwrap_or(0);
        let value = |(at, arg): (usize, &Expr)| {
            let later = matches!(arg.ty, Type::Alias(_)) && (at < last || self.is_rebuilt_by(func, arg));
            self.outliving(later, |f| f.expr(arg))
        };
        args.iter().enumerate().map(value).collect()
    }

    /// True when the function may build again what its argument leads to.
    fn is_rebuilt_by(&self, func: FuncId, arg: &Expr) -> bool {
        let mut producers = reach::producers(self.module, arg).into_iter();
        producers.any(|producer| self.tables.calls.may_rebuild(self.module, func, producer))
    }

    /// What `func` has handed out, or a copy where it has to outlive another call.
    pub fn handed_out(&mut self, func: FuncId, pointer: Value) -> Value {
        let module = self.module;
        match &module.funcs[func].ret {
            Type::Alias(of) if self.outlives && module.funcs[func].builds_result => self.copied(pointer, of),
            _ => pointer,
        }
    }

    /// The address of a copy of what a pointer leads to.
    fn copied(&mut self, pointer: Value, of: &Type) -> Value {
        let len = self.size_of(of);
        let slot = self.temp(len);
        let dst = Addr::new(Base::Slot(slot), 0);
        let copy = self.b.addr(dst);
        if of.is_string() {
            self.b.rt(Rt::StrCopy, vec![copy, pointer]);
        } else {
            let src = Addr::new(Base::Value(pointer), 0);
            self.b.effect(Op::Copy { dst, src, len, access: Access::Plain });
        }
        copy
    }

    /// True when finding the target of an assignment may change what is assigned.
    pub fn may_overtake(&self, target: &Place, source: &Place) -> bool {
        scan::place_calls(target) && self.may_pass(source)
    }

    /// True when a call may change a text that stands before it, or end its life.
    pub fn may_pass(&self, text: &Place) -> bool {
        scan::place_calls(text) || self.literal_bytes(text).is_none() && self.reachable(text.root())
    }

    /// The address of a text that is read again when `later` calls may have been made.
    pub fn lasting_text(&mut self, value: &StrExpr, later: bool) -> Value {
        match value.as_place() {
            Some(place) if later && self.may_pass(place) => self.string_in_temp(value),
            _ => self.string_address(value),
        }
    }

    /// The same for the text that is repeated.
    pub fn lasting_inner_text(&mut self, parts: &[StrPart], later: bool) -> Value {
        match parts {
            [StrPart::Str(place)] if !(later && self.may_pass(place)) => self.address_of(place),
            _ => self.parts_in_temp(parts),
        }
    }

    /// `size` bytes of a place, copied before the target is found.
    pub fn copy_of(&mut self, source: &Place, size: u32) -> Addr {
        let src = self.mem(source);
        let dst = Addr::new(Base::Slot(self.temp(size)), 0);
        self.b.effect(Op::Copy { dst, src: src.addr, len: size, access: src.access });
        dst
    }
}
