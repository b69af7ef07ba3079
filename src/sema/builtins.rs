//! The built-in functions: the table, and those that have a value.
//!
//! In: a built-in and its arguments. Out: a `Val`. Invariant: one row a function; names beginning
//! `__` are intrinsics. Not here: those that are statements (`builtin_stmt.rs`), casts (`call.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::convert::Use;
use crate::sema::fold;
use crate::sema::hir::{self, Expr, ExprKind, Place, PlaceKind, StrPart, Type};
use crate::sema::val::{Val, address_of, tuple_pointer};
use crate::sema::value::Const;
use crate::syntax::ast;

/// Which built-in function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Id {
    Print,
    PrintSep,
    Sprint,
    Str,
    Len,
    Size,
    GetKey,
    WaitKey,
    Abs,
    Min,
    Max,
    MemFill,
    BlkCpy,
    Addr,
    Alias,
    Const,
    Include,
    Sei,
    Cli,
    Nop,
    SetIrq,
    EnableRasterIrq,
    DisableRasterIrq,
    SetRaster,
    GetRaster,
}

/// One built-in function.
#[derive(PartialEq, Eq, Debug)]
pub struct Builtin {
    pub name: &'static str,
    pub id: Id,
    /// Least and most arguments.
    pub args: (usize, usize),
    /// It has no value and can only be a statement.
    pub statement: bool,
}

const fn value(name: &'static str, id: Id, least: usize, most: usize) -> Builtin {
    Builtin { name, id, args: (least, most), statement: false }
}

const fn statement(name: &'static str, id: Id, least: usize, most: usize) -> Builtin {
    Builtin { name, id, args: (least, most), statement: true }
}

/// All built-in functions but the casts, which are the names of the scalar types.
pub const BUILTINS: &[Builtin] = &[
    statement("print", Id::Print, 0, usize::MAX),
    statement("printsep", Id::PrintSep, 1, usize::MAX),
    statement("sprint", Id::Sprint, 1, usize::MAX),
    value("str", Id::Str, 1, 2),
    value("len", Id::Len, 1, 1),
    value("size", Id::Size, 1, 1),
    value("getkey", Id::GetKey, 0, 0),
    value("waitkey", Id::WaitKey, 0, 0),
    value("abs", Id::Abs, 1, 1),
    value("min", Id::Min, 2, 2),
    value("max", Id::Max, 2, 2),
    statement("memfill", Id::MemFill, 2, 3),
    statement("blkcpy", Id::BlkCpy, 7, 8),
    value("addr", Id::Addr, 1, 1),
    statement("alias", Id::Alias, 2, 2),
    value("const", Id::Const, 1, 1),
    statement("include", Id::Include, 1, 1),
    statement("__sei__", Id::Sei, 0, 0),
    statement("__cli__", Id::Cli, 0, 0),
    statement("__nop__", Id::Nop, 0, 1),
    statement("__set_irq__", Id::SetIrq, 1, 1),
    statement("__enable_raster_irq__", Id::EnableRasterIrq, 1, 1),
    statement("__disable_raster_irq__", Id::DisableRasterIrq, 0, 0),
    statement("__set_raster__", Id::SetRaster, 1, 1),
    value("__get_raster__", Id::GetRaster, 0, 0),
];

/// The built-in function of a name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|b| b.name == name)
}

/// All names of built-in functions and casts.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|b| b.name).chain(crate::sema::types::SCALARS.iter().map(|(name, _)| *name))
}

impl Checker<'_> {
    /// Reports a wrong number of arguments; `true` when the number is right.
    pub fn check_count(
        &mut self,
        name: &str,
        (least, most): (usize, usize),
        given: usize,
        span: Span,
    ) -> bool {
        let fits = (least..=most).contains(&given);
        if !fits {
            self.report(Self::wrong_count(name, (least, most), given, span));
        }
        fits
    }

    /// The error about a wrong number of arguments.
    pub fn wrong_count(name: &str, (least, most): (usize, usize), given: usize, span: Span) -> Diagnostic {
        let wanted = match (least, most) {
            (0, 0) => "no arguments".to_string(),
            (1, 1) => "1 argument".to_string(),
            (a, b) if a == b => format!("{a} arguments"),
            (a, usize::MAX) => format!("at least {a}"),
            (a, b) => format!("{a} to {b} arguments"),
        };
        let text = format!("'{name}' takes {wanted}, not {given}");
        Diagnostic::error(codes::ARGUMENT_COUNT, span, text)
    }

    /// A call of a built-in function with a value.
    pub fn builtin_call(&mut self, builtin: &Builtin, args: &[ast::Expr], span: Span) -> Val {
        if builtin.statement {
            let text = format!("{}() has no value; it is a statement", builtin.name);
            let error = Diagnostic::error(codes::TYPE_MISMATCH, span, text);
            self.report(if builtin.id == Id::Include {
                error.help("include() stands at module level")
            } else {
                error
            });
            return Val::Error;
        }
        if !self.check_count(builtin.name, builtin.args, args.len(), span) {
            for arg in args {
                self.value(arg);
            }
            return Val::Error;
        }
        let simple = |kind, ty| Val::Expr(Expr { kind: ExprKind::Builtin(kind, Vec::new()), ty, span });
        match (builtin.id, args) {
            (Id::GetKey, _) => simple(hir::Builtin::GetKey, Type::Char),
            (Id::WaitKey, _) => simple(hir::Builtin::WaitKey, Type::Char),
            (Id::GetRaster, _) => simple(hir::Builtin::GetRaster, Type::Word),
            (Id::Min | Id::Max, [a, b]) => {
                let (x, y) = (self.value(a), self.value(b));
                self.min_max(builtin.id == Id::Max, (x, a.span), (y, b.span), span)
            }
            (Id::Str, [value, decimals @ ..]) => self.str_of(value, decimals.first(), span),
            (Id::Len, [arg]) => self.len_of(arg, span),
            (Id::Size, [arg]) => self.size_of_value(arg, span),
            (Id::Abs, [arg]) => self.abs(arg, span),
            (Id::Addr, [arg]) => self.addr(arg, span),
            (Id::Const, [arg]) => self.constant(arg).map_or(Val::Error, Val::Const),
            _ => Val::Error,
        }
    }

    fn str_of(&mut self, value: &ast::Expr, decimals: Option<&ast::Expr>, span: Span) -> Val {
        let val = self.value(value);
        let text = self.text_of(val, value.span);
        let decimals = decimals.map(|d| {
            let val = self.value(d);
            self.coerce(val, &Type::Byte, d.span, &Use::Internal)
        });
        let Some(mut text) = text else {
            return Val::Error;
        };
        text.span = span;
        if let Some(count) = decimals {
            match text.parts.as_mut_slice() {
                [StrPart::Value { value, decimals }] if !matches!(value.ty, Type::Char | Type::Bool) => {
                    *decimals = Some(count)
                }
                _ => {
                    let text = "decimals are possible for numbers only";
                    self.report(Diagnostic::error(codes::TYPE_MISMATCH, span, text));
                    return Val::Error;
                }
            }
        }
        Val::Str(text)
    }

    fn len_of(&mut self, arg: &ast::Expr, span: Span) -> Val {
        let count = |n: u32| {
            let ty = if n < 256 { Type::Byte } else { Type::Word };
            Val::Expr(fold::int(i64::from(n), ty, span))
        };
        match self.value(arg) {
            Val::Error => Val::Error,
            Val::Const(Const::Str(text)) => count(text.len() as u32),
            Val::Const(Const::Tuple(items)) => Val::Expr(fold::int(items.len() as i64, Type::Word, span)),
            Val::Str(string) => {
                let place = match string.as_place() {
                    Some(place) => place.clone(),
                    None => {
                        let ty = Type::Str(None);
                        let kind = ExprKind::StrTemp(Box::new(string));
                        let address = Expr { kind, ty: ty.clone().alias(), span };
                        Place { kind: PlaceKind::Deref(Box::new(address)), ty, span }
                    }
                };
                Val::Expr(string_length(place, span))
            }
            Val::Place(place) => match &place.ty {
                Type::Error => Val::Error,
                Type::Str(_) => Val::Expr(string_length(place, span)),
                Type::Array(_, n) => count(*n),
                Type::Tuple(_) => Val::Expr(match place.kind {
                    PlaceKind::Data(id) => {
                        fold::int(i64::from(self.tuple_count(id).unwrap_or(0)), Type::Word, span)
                    }
                    _ => tuple_length(place, span),
                }),
                _ => self.no_length(&Val::Place(place), span),
            },
            other => self.no_length(&other, span),
        }
    }

    fn no_length(&mut self, val: &Val, span: Span) -> Val {
        let text = format!("{} has no length", self.describe(val));
        self.report(Diagnostic::error(codes::TYPE_MISMATCH, span, text));
        Val::Error
    }

    fn size_of_value(&mut self, arg: &ast::Expr, span: Span) -> Val {
        let size = match self.value(arg) {
            Val::Error => return Val::Error,
            Val::Class(id) => self.out.classes[id].size,
            Val::Scalar(ty) | Val::Expr(Expr { ty, .. }) if ty.is_scalar() => ty.width(),
            Val::Const(Const::Str(text)) => text.len() as u32 + 1,
            Val::Place(place) => match (&place.ty, &place.kind) {
                (Type::Error, _) => return Val::Error,
                (Type::Tuple(_), PlaceKind::Data(id)) => self.out.data[*id].size,
                (Type::Tuple(elem), _) => {
                    let width = fold::int(i64::from(elem.width()), Type::Word, span);
                    let length = tuple_length(place, span);
                    return Val::Expr(fold::binary(hir::BinOp::Mul, length, width, span));
                }
                (Type::Str(None), _) => {
                    let text = "the capacity of this string is not known here";
                    self.report(
                        Diagnostic::error(codes::TYPE_MISMATCH, span, text)
                            .help("len(s) is the number of characters in it"),
                    );
                    return Val::Error;
                }
                (ty, _) => self.size_of(ty),
            },
            Val::Const(ref value) => match self.const_default(value, span) {
                Some(expr) => expr.ty.width(),
                None => return Val::Error,
            },
            other => {
                let text = format!("{} has no size", self.describe(&other));
                self.report(Diagnostic::error(codes::TYPE_MISMATCH, span, text));
                return Val::Error;
            }
        };
        Val::Expr(fold::int(i64::from(size), Type::Word, span))
    }

    fn abs(&mut self, arg: &ast::Expr, span: Span) -> Val {
        let val = self.value(arg);
        if let Val::Const(value) = &val {
            if let Some(n) = value.as_int() {
                return Val::Const(Const::Int(n.abs()));
            }
            if let Const::Float(x) = value {
                return Val::Const(Const::Float(x.abs()));
            }
        }
        match self.scalar(val) {
            Ok(expr) if expr.ty == Type::Error => Val::Error,
            Ok(expr) => {
                let ty = match &expr.ty {
                    Type::SByte | Type::Int | Type::Long => expr.ty.unsigned(),
                    Type::F16 | Type::F32 | Type::Float => expr.ty.clone(),
                    _ => return Val::Expr(expr),
                };
                Val::Expr(Expr { kind: ExprKind::Builtin(hir::Builtin::Abs, vec![expr]), ty, span })
            }
            Err(val) => {
                self.mismatch(&val, &Type::Int, arg.span);
                Val::Error
            }
        }
    }

    fn addr(&mut self, arg: &ast::Expr, span: Span) -> Val {
        match self.value(arg) {
            Val::Error | Val::Place(Place { ty: Type::Error, .. }) => Val::Error,
            Val::Place(place) if matches!(place.ty, Type::Tuple(_)) => {
                Val::Expr(fold::convert(tuple_pointer(place), Type::Word))
            }
            Val::Place(place) => Val::Expr(address_of(place, Type::Word)),
            Val::Func(id) | Val::Method(id, _) => match self.out.funcs[id].mapped {
                Some(addr) => Val::Expr(fold::int(i64::from(addr), Type::Word, span)),
                None => Val::Expr(Expr { kind: ExprKind::FuncAddr(id), ty: Type::Word, span }),
            },
            Val::Class(id) if self.out.classes[id].instance.is_some() => {
                Val::Expr(address_of(self.object_without_self(id, span), Type::Word))
            }
            Val::Const(Const::Str(text)) => {
                let place = self.literal_place(&text, span);
                Val::Expr(address_of(place, Type::Word))
            }
            other => {
                let text = format!("{} has no address", self.describe(&other));
                self.report(
                    Diagnostic::error(codes::TYPE_MISMATCH, arg.span, text)
                        .help("addr() takes a variable, property, element or function"),
                );
                Val::Error
            }
        }
    }
}

/// The length byte of a string.
fn string_length(place: Place, span: Span) -> Expr {
    let kind = PlaceKind::Field { base: Box::new(place), offset: 0 };
    crate::sema::val::load(Place { kind, ty: Type::Byte, span })
}

/// The count of a tuple behind a pointer.
fn tuple_length(place: Place, span: Span) -> Expr {
    Expr { kind: ExprKind::TupleLen(Box::new(tuple_pointer(place))), ty: Type::Word, span }
}
