//! What an expression in the source turned out to be, before its use is known.
//!
//! In: made by `expr.rs`. Out: consumed by assignments, operators and calls. Invariant: an alias is
//! already followed: a `Place` of alias type never occurs here. Not here: conversions (`convert.rs`).

use crate::base::source::Span;
use crate::sema::builtins::Builtin;
use crate::sema::check::Checker;
use crate::sema::hir::{ClassId, Expr, ExprKind, FuncId, Place, PlaceKind, StrExpr, Type};
use crate::sema::value::Const;

/// The meaning of an expression.
#[derive(Clone, Debug)]
pub enum Val {
    /// Already reported.
    Error,
    /// A constant without a type of its own.
    Const(Const),
    /// A computed value, or a call without result (type `Void`).
    Expr(Expr),
    /// Something in memory.
    Place(Place),
    /// A computed string.
    Str(StrExpr),
    Func(FuncId),
    Class(ClassId),
    /// A method with the object it is called on, if it needs one.
    Method(FuncId, Option<Place>),
    Builtin(&'static Builtin),
    /// A scalar type, as in `byte(x)`.
    Scalar(Type),
    /// The prefix of an imported module.
    Prefix(String),
}

/// A place that was reported.
pub fn error_place(span: Span) -> Place {
    Place { kind: PlaceKind::Error, ty: Type::Error, span }
}

/// What is read or written when `place` is named: behind an alias, what it points to.
pub fn follow(place: Place) -> Place {
    match place.ty.clone() {
        Type::Alias(target) => {
            let span = place.span;
            Place { kind: PlaceKind::Deref(Box::new(load(place))), ty: *target, span }
        }
        _ => place,
    }
}

/// Reads a scalar or pointer.
pub fn load(place: Place) -> Expr {
    let (ty, span) = (place.ty.clone(), place.span);
    if ty == Type::Error {
        return Expr { kind: ExprKind::Error, ty, span };
    }
    Expr { kind: ExprKind::Load(place), ty, span }
}

/// The address of a place as a value of type `ty`.
pub fn address_of(place: Place, ty: Type) -> Expr {
    let span = place.span;
    match place.kind {
        PlaceKind::Error => Expr { kind: ExprKind::Error, ty: Type::Error, span },
        PlaceKind::Deref(inner) | PlaceKind::Mapped { addr: inner, .. } => {
            crate::sema::fold::convert(*inner, ty)
        }
        _ => Expr { kind: ExprKind::AddrOf(place), ty, span },
    }
}

/// The pointer value of a tuple.
pub fn tuple_pointer(place: Place) -> Expr {
    let (ty, span) = (place.ty.clone(), place.span);
    match place.kind {
        PlaceKind::Data(_) => Expr { kind: ExprKind::AddrOf(place), ty, span },
        PlaceKind::Deref(inner) => *inner,
        _ => load(place),
    }
}

impl Checker<'_> {
    /// The value in the user's words, for messages.
    pub fn describe(&self, val: &Val) -> String {
        match val {
            Val::Error => "?".to_string(),
            Val::Const(Const::Str(text)) if text.len() == 1 => "a character".to_string(),
            Val::Const(value) => value.describe().to_string(),
            Val::Expr(Expr { ty: Type::Void, .. }) => "a call without result".to_string(),
            Val::Expr(Expr { ty, .. }) | Val::Place(Place { ty, .. }) => self.describe_type(ty),
            Val::Str(_) => "a string".to_string(),
            Val::Func(id) => format!("the function '{}'", self.out.funcs[*id].name),
            Val::Method(id, _) => format!("the method '{}'", self.out.funcs[*id].name),
            Val::Class(id) => format!("the class '{}'", self.class_name(*id)),
            Val::Builtin(builtin) => format!("the built-in function '{}'", builtin.name),
            Val::Scalar(ty) => format!("the type '{}'", self.type_name(ty)),
            Val::Prefix(prefix) => format!("the module prefix '{prefix}'"),
        }
    }

    /// A type in the user's words.
    pub fn describe_type(&self, ty: &Type) -> String {
        match ty {
            Type::Class(id) => format!("an object of class '{}'", self.class_name(*id)),
            _ => {
                let name = self.type_name(ty);
                let article = if name.starts_with(['a', 'i', 'f']) && name != "float" { "an" } else { "a" };
                format!("{article} {name}")
            }
        }
    }
}
