//! Strings: assignment, concatenation, comparison, the text of values.
//!
//! In: `StrExpr`s and targets. Out: calls of the string routines. Invariant: a value is as if it
//! were complete before the target changes: parts go straight into the target only when none of
//! them can see it. A temporary is as large as the longest possible value.

use crate::lower::func::FuncLower;
use crate::lower::place::Mem;
use crate::lower::scan::{self, same_place};
use crate::lower::walk::{self, Node};
use crate::mir::ir::{Access, Addr, Base, Op, Ty, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{DataKind, Expr, Place, PlaceKind, Root, StrExpr, StrPart, Type};

/// The longest string.
const LONGEST: u32 = 255;

impl FuncLower<'_, '_> {
    /// `target = value`
    pub fn assign_string(&mut self, target: &Place, value: &StrExpr) {
        if self.cx.options.checks && self.may_overflow(target, value) {
            let text = self.string_in_temp(value);
            self.checked_copy(target, text, Rt::StrCopy);
            return;
        }
        if let Some(source) = value.as_place() {
            match self.may_overtake(target, source) {
                true => self.copy_text(target, value),
                false => self.copy_string(target, source),
            }
            return;
        }
        if let [StrPart::Str(first), rest @ ..] = value.parts.as_slice()
            && same_place(first, target)
            && self.is_direct(target, rest)
        {
            let dst = self.mem(target);
            self.append_parts(dst, rest);
        } else if self.is_direct(target, &value.parts) {
            let dst = self.mem(target);
            self.build(dst, &value.parts);
        } else {
            self.copy_text(target, value);
        }
    }

    /// Builds a string before its target is found.
    fn copy_text(&mut self, target: &Place, value: &StrExpr) {
        let text = self.string_in_temp(value);
        let dst = self.address_of(target);
        self.b.rt(Rt::StrCopy, vec![dst, text]);
    }

    /// `target += value`
    pub fn append_string(&mut self, target: &Place, value: &StrExpr) {
        if self.cx.options.checks && matches!(target.ty, Type::Str(Some(_))) {
            let text = self.string_in_temp(value);
            self.checked_copy(target, text, Rt::StrAppend);
        } else if self.is_direct(target, &value.parts) {
            let dst = self.mem(target);
            self.append_parts(dst, &value.parts);
        } else {
            let text = self.string_in_temp(value);
            let dst = self.address_of(target);
            self.b.rt(Rt::StrAppend, vec![dst, text]);
        }
    }

    /// Copies or appends a finished text, when it fits the target's capacity.
    fn checked_copy(&mut self, target: &Place, text: Value, rt: Rt) {
        let dst = self.mem(target);
        if let Type::Str(Some(capacity)) = target.ty {
            let len = self.b.load(Ty::I8, Addr::new(Base::Value(text), 0), Access::Plain);
            let mut len = self.b.zext(len, Ty::I16);
            if rt == Rt::StrAppend {
                let old = self.b.load(Ty::I8, dst.addr, dst.access);
                let old = self.b.zext(old, Ty::I16);
                len = self.b.bin(crate::mir::ir::BinOp::Add, old, len);
            }
            self.check_capacity(len, capacity, target.span);
        }
        let dst = self.addr_value(dst.addr);
        self.b.rt(rt, vec![dst, text]);
    }

    fn may_overflow(&self, target: &Place, value: &StrExpr) -> bool {
        matches!(target.ty, Type::Str(Some(capacity)) if self.longest(&value.parts) > u32::from(capacity))
    }

    /// `target = source`, one string to another.
    fn copy_string(&mut self, target: &Place, source: &Place) {
        let Some(bytes) = self.literal_bytes(source) else {
            let text = self.address_of(source);
            let dst = self.address_of(target);
            self.b.rt(Rt::StrCopy, vec![dst, text]);
            return;
        };
        let len = bytes.len() as u32;
        let dst = self.mem(target);
        if len == 1 {
            let zero = self.b.iconst(Ty::I8, 0);
            self.b.store(dst.addr, zero, dst.access);
            return;
        }
        let src = self.mem(source);
        self.b.effect(Op::Copy { dst: dst.addr, src: src.addr, len, access: dst.access });
    }

    /// The bytes, with the length, of a literal that never changes.
    pub fn literal_bytes(&self, place: &Place) -> Option<Vec<u8>> {
        let PlaceKind::Data(id) = place.kind else { return None };
        let data = &self.module.data[id];
        let fixed =
            data.kind == DataKind::Literal && !data.bytes.is_empty() && !self.cx.is_exposed(&data.bytes);
        fixed.then(|| data.bytes.clone())
    }

    /// The address of a string value, built in a temporary unless it is one string in memory.
    pub fn string_address(&mut self, value: &StrExpr) -> Value {
        match value.as_place() {
            Some(place) => self.address_of(place),
            None => self.string_in_temp(value),
        }
    }

    /// Builds a string in a temporary that lives as long as the statement; its address.
    pub fn string_in_temp(&mut self, value: &StrExpr) -> Value {
        self.parts_in_temp(&value.parts)
    }

    pub fn parts_in_temp(&mut self, parts: &[StrPart]) -> Value {
        let slot = self.temp(self.longest(parts) + 1);
        let addr = Addr::new(Base::Slot(slot), 0);
        self.build(Mem::new(addr, Access::Plain), parts);
        self.b.addr(addr)
    }

    /// Builds a string in memory that no part can see.
    pub fn build(&mut self, dst: Mem, parts: &[StrPart]) {
        let mut empty = true;
        for part in parts {
            self.put(dst, part, empty);
            empty = false;
        }
        if empty {
            self.set_length(dst, 0);
        }
    }

    fn append_parts(&mut self, dst: Mem, parts: &[StrPart]) {
        for part in parts {
            self.put(dst, part, false);
        }
    }

    fn set_length(&mut self, dst: Mem, length: i64) {
        let length = self.b.iconst(Ty::I8, length);
        self.b.store(dst.addr, length, dst.access);
    }

    /// Appends a part, or with `first` makes it the whole content.
    fn put(&mut self, dst: Mem, part: &StrPart, first: bool) {
        match part {
            StrPart::Str(place) => {
                match self.literal_bytes(place).as_deref() {
                    Some([0]) if first => return self.set_length(dst, 0),
                    Some([0]) => return,
                    Some(&[1, code]) => {
                        let code = self.b.iconst(Ty::I8, i64::from(code));
                        return self.put_char(dst, code, first);
                    }
                    _ => {}
                }
                let text = self.address_of(place);
                self.put_text(dst, text, first);
            }
            StrPart::Value { value, decimals: None } if value.ty == Type::Char => {
                let code = self.expr(value);
                self.put_char(dst, code, first);
            }
            StrPart::Value { value, decimals } => {
                let text = self.text_of(value, decimals.as_ref());
                self.put_text(dst, text, first);
            }
            StrPart::Repeat { parts, count } => {
                let text = self.lasting_inner_text(parts, scan::expr_calls(count));
                let n = self.expr(count);
                let n = self.clamp_negative(n, &count.ty);
                let n = self.b.trunc(n, Ty::I8);
                if first {
                    self.set_length(dst, 0);
                }
                let dst = self.addr_value(dst.addr);
                self.b.rt(Rt::StrAppendRepeat, vec![dst, text, n]);
            }
        }
    }

    fn put_text(&mut self, dst: Mem, text: Value, first: bool) {
        let dst = self.addr_value(dst.addr);
        self.b.rt(if first { Rt::StrCopy } else { Rt::StrAppend }, vec![dst, text]);
    }

    fn put_char(&mut self, dst: Mem, code: Value, first: bool) {
        if first {
            self.set_length(dst, 1);
            self.b.store(dst.plus(1).addr, code, dst.access);
        } else {
            let dst = self.addr_value(dst.addr);
            self.b.rt(Rt::StrAppendChar, vec![dst, code]);
        }
    }

    /// The text of a value as `print` shows it; it lies in the buffer of the run-time routines.
    pub fn text_of(&mut self, value: &Expr, decimals: Option<&Expr>) -> Value {
        let number = self.expr(value);
        let decimals = decimals.map(|d| {
            let count = self.expr(d);
            self.resize(count, &d.ty, Ty::I8)
        });
        let rt = match value.ty {
            Type::Bool => Rt::StrBool,
            Type::Char | Type::Byte => Rt::StrU8,
            Type::SByte => Rt::StrI8,
            Type::Int => Rt::StrI16,
            Type::DWord => Rt::StrU32,
            Type::Long => Rt::StrI32,
            Type::F16 => Rt::StrF16,
            Type::F32 => Rt::StrF32,
            Type::Float => Rt::StrFloat,
            _ => Rt::StrU16,
        };
        let text = self.rt_value(rt, vec![number]);
        match decimals {
            Some(count) => self.rt_value(Rt::StrDecimals, vec![count]),
            None => text,
        }
    }

    /// $FF, 0 or 1 as the first string is below, equal to or above the second.
    pub fn compare_strings(&mut self, a: &StrExpr, b: &StrExpr) -> Value {
        if let Some([0]) = b.as_place().and_then(|p| self.literal_bytes(p)).as_deref() {
            let text = self.string_address(a);
            let len = self.b.load(Ty::I8, Addr::new(Base::Value(text), 0), Access::Plain);
            let empty = self.is_zero(len);
            let filled = self.b.not(empty);
            return self.b.zext(filled, Ty::I8);
        }
        let first = self.lasting_text(a, b.parts.iter().any(scan::part_calls));
        let second = self.string_address(b);
        self.rt_value(Rt::StrCmp, vec![first, second])
    }

    /// True when the parts can be put into the target one after the other.
    fn is_direct(&self, target: &Place, parts: &[StrPart]) -> bool {
        let calls = parts.iter().any(scan::part_calls);
        let root = target.root();
        !scan::place_calls(target)
            && !(calls && (!scan::is_fixed(target) || self.reachable(root)))
            && !parts.iter().any(|part| self.sees(target, part))
    }

    /// True when a part may read what belongs to `target`.
    fn sees(&self, target: &Place, part: &StrPart) -> bool {
        let (root, size) = (target.root(), |ty: &Type| self.size_of(ty));
        let mut found = false;
        walk::part(part, &mut |node| {
            if let Node::Place(place) = node {
                found |= self.may_alias(root, place.root()) && !scan::are_disjoint(target, place, &size);
            }
        });
        found
    }

    /// Bound of the length of a concatenation.
    pub fn longest(&self, parts: &[StrPart]) -> u32 {
        let sum = parts.iter().map(|part| self.longest_part(part)).fold(0, u32::saturating_add);
        sum.min(LONGEST)
    }

    fn longest_part(&self, part: &StrPart) -> u32 {
        match part {
            StrPart::Str(place) => match (self.literal_bytes(place), &place.ty) {
                (Some(bytes), _) => bytes.len() as u32 - 1,
                (None, Type::Str(Some(n))) if place.root() != Root::Pointer => u32::from(*n),
                _ => LONGEST,
            },
            StrPart::Value { decimals: Some(_), .. } => LONGEST,
            StrPart::Value { value, .. } => match value.ty {
                Type::Char => 1,
                Type::Byte => 3,
                Type::SByte => 4,
                Type::Bool | Type::Word => 5,
                Type::Int => 6,
                Type::DWord => 10,
                Type::Long => 11,
                Type::Float | Type::F16 | Type::F32 => 20,
                _ => LONGEST,
            },
            StrPart::Repeat { parts, count } => match count.as_int() {
                Some(n) => self.longest(parts).saturating_mul(n.clamp(0, 255) as u32),
                None => LONGEST,
            },
        }
    }
}
