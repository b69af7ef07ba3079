//! `print` and `printsep`.
//!
//! In: the arguments. Out: one call of an output routine for each part, by its type. Invariant:
//! each argument is evaluated when its turn comes, and wholly before any of it is shown when its
//! evaluation has effects of its own.

use crate::lower::func::FuncLower;
use crate::lower::scan;
use crate::mir::ir::{Ty, Value};
use crate::mir::rt::Rt;
use crate::sema::hir::{Expr, StrExpr, StrPart, Type};

/// Text that is ready to be shown.
#[derive(Clone, Copy)]
enum Text {
    Nothing,
    Char(u8),
    String(Value),
}

impl FuncLower<'_, '_> {
    /// `print(args…)`, `printsep(sep, args…)`.
    pub fn print(&mut self, sep: Option<&StrExpr>, args: &[StrExpr]) {
        let sep = match sep {
            Some(sep) => self.separator(sep, args.iter().flat_map(|arg| &arg.parts).any(scan::part_calls)),
            None => Text::Nothing,
        };
        for (index, arg) in args.iter().enumerate() {
            if index > 0 {
                self.show(sep);
            }
            self.at(arg.span, |f| f.with_temps(|f| f.print_string(arg)));
        }
    }

    /// `later`: calls are made before it is printed.
    fn separator(&mut self, sep: &StrExpr, later: bool) -> Text {
        let bytes = sep.as_place().and_then(|place| self.literal_bytes(place));
        match bytes.as_deref() {
            Some([0]) => Text::Nothing,
            Some(&[1, code]) => Text::Char(code),
            _ => Text::String(self.lasting_text(sep, later)),
        }
    }

    fn show(&mut self, text: Text) {
        match text {
            Text::Nothing => {}
            Text::Char(code) => {
                let code = self.b.iconst(Ty::I8, i64::from(code));
                self.b.rt(Rt::PrintChar, vec![code]);
            }
            Text::String(text) => _ = self.b.rt(Rt::PrintStr, vec![text]),
        }
    }

    fn print_string(&mut self, arg: &StrExpr) {
        if arg.parts.iter().skip(1).any(scan::part_calls) {
            let text = self.string_in_temp(arg);
            self.show(Text::String(text));
            return;
        }
        for part in &arg.parts {
            self.print_part(part);
        }
    }

    fn print_part(&mut self, part: &StrPart) {
        match part {
            StrPart::Str(place) => {
                let text = match self.literal_bytes(place).as_deref() {
                    Some([0]) => Text::Nothing,
                    Some(&[1, code]) => Text::Char(code),
                    _ => Text::String(self.address_of(place)),
                };
                self.show(text);
            }
            StrPart::Value { value, decimals: None } => self.print_value(value),
            StrPart::Value { value, decimals } => {
                let text = self.text_of(value, decimals.as_ref());
                self.show(Text::String(text));
            }
            StrPart::Repeat { parts, count } => self.print_repeated(parts, count),
        }
    }

    fn print_value(&mut self, value: &Expr) {
        let rt = match value.ty {
            Type::Bool => Rt::PrintBool,
            Type::Char => Rt::PrintChar,
            Type::Byte => Rt::PrintU8,
            Type::SByte => Rt::PrintI8,
            Type::Int => Rt::PrintI16,
            Type::DWord => Rt::PrintU32,
            Type::Long => Rt::PrintI32,
            Type::F16 => Rt::PrintF16,
            Type::F32 => Rt::PrintF32,
            Type::Float => Rt::PrintFloat,
            _ => Rt::PrintU16,
        };
        let value = self.expr(value);
        self.b.rt(rt, vec![value]);
    }

    /// `"text" * count`: no string is built.
    fn print_repeated(&mut self, parts: &[StrPart], count: &Expr) {
        let text = match parts {
            [StrPart::Str(place)] => match self.literal_bytes(place).as_deref() {
                Some(&[1, code]) => Text::Char(code),
                _ => Text::String(self.lasting_inner_text(parts, scan::expr_calls(count))),
            },
            _ => Text::String(self.parts_in_temp(parts)),
        };
        self.repeat(count, |f| f.show(text));
    }
}
