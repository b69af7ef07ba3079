//! Types as written, made into types.
//!
//! In: `ast::TypeExpr`. Out: `Type`, and for variables where they lie. Invariant: a fault is
//! reported once and gives `Type::Error`. Not here: what a declaration may be (`decl.rs`,
//! `local.rs`, `class.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::base::suggest;
use crate::sema::adopt::Adopted;
use crate::sema::check::Checker;
use crate::sema::hir::{ClassId, Type};
use crate::sema::names::suggest_names;
use crate::sema::scope::GlobalKind;
use crate::syntax::ast::{self, TypeExpr, TypeKind};

/// The type of a declaration, and where what it declares lies.
#[derive(Clone, PartialEq, Debug)]
pub struct Declared {
    pub ty: Type,
    pub storage: Storage,
}

/// Where a declared thing lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    Normal,
    Mapped { addr: u16, irq_safe: bool },
    Relocated { addr: u16 },
}

impl Checker<'_> {
    /// The type of a variable, property or datum.
    pub fn declared_type(&mut self, ty: &TypeExpr) -> Declared {
        match &ty.kind {
            TypeKind::Mapped { inner, addr } => self.mapped_type(inner, addr, false),
            TypeKind::IrqSafe(wrapped) => {
                let TypeKind::Mapped { inner, addr } = &wrapped.kind else {
                    self.bad_type(ty.span, "irq_safe[…] needs a mapped variable: irq_safe[word[0x0340]]");
                    return Declared { ty: Type::Error, storage: Storage::Normal };
                };
                let declared = self.mapped_type(inner, addr, true);
                if !matches!(declared.ty, Type::Byte | Type::SByte | Type::Word | Type::Int | Type::Error) {
                    self.bad_type(inner.span, "irq_safe[…] takes byte, sbyte, word and int only");
                }
                declared
            }
            TypeKind::Relocate { inner, addr } => {
                let inner_ty = self.plain_type(inner);
                let addr = self.constant_address(addr);
                if !matches!(inner_ty, Type::Tuple(_) | Type::Error) {
                    self.bad_type(inner.span, "relocate[…] takes a tuple: relocate[tuple[byte], 0xC000]");
                }
                match addr.filter(|_| matches!(inner_ty, Type::Tuple(_))) {
                    Some(addr) => Declared { ty: inner_ty, storage: Storage::Relocated { addr } },
                    None => Declared { ty: Type::Error, storage: Storage::Normal },
                }
            }
            _ => Declared { ty: self.whole_type(ty), storage: Storage::Normal },
        }
    }

    /// The type of something that takes room: an array needs its length.
    fn whole_type(&mut self, ty: &TypeExpr) -> Type {
        let found = self.plain_type(ty);
        if let (TypeKind::Array { len: None, .. }, Type::Array(elem, _)) = (&ty.kind, &found) {
            let elem = self.type_name(elem);
            self.report(
                Diagnostic::error(codes::BAD_LENGTH, ty.span, "an array needs its length")
                    .help(format!("for example: array[{elem}, 10]")),
            );
            return Type::Error;
        }
        found
    }

    fn mapped_type(&mut self, inner: &TypeExpr, addr: &ast::Expr, irq_safe: bool) -> Declared {
        let ty = self.whole_type(inner);
        let addr = self.constant_address(addr);
        let error = Declared { ty: Type::Error, storage: Storage::Normal };
        match &ty {
            Type::Error => return error,
            Type::Str(None) => {
                self.bad_type(inner.span, "a mapped string needs its capacity: string[80][0xC000]");
                return error;
            }
            Type::Str(_) | Type::Array(..) => {}
            scalar if scalar.is_scalar() => {}
            other => {
                let text = format!("{} cannot be mapped to an address", self.type_name(other));
                self.bad_type(inner.span, &text);
                return error;
            }
        }
        match addr {
            Some(addr) => Declared { ty, storage: Storage::Mapped { addr, irq_safe } },
            None => error,
        }
    }

    /// A type without an address.
    pub fn plain_type(&mut self, ty: &TypeExpr) -> Type {
        match &ty.kind {
            TypeKind::Error => Type::Error,
            TypeKind::Named(path) => self.named_type(path, false),
            TypeKind::String { capacity } => match capacity {
                None => Type::Str(None),
                Some(capacity) => self.capacity(capacity),
            },
            TypeKind::Array { elem, len } => self.array_type(elem, len.as_deref()),
            TypeKind::Tuple(elem) => {
                let inner = self.plain_type(elem);
                if inner == Type::Error || inner.is_scalar() {
                    return if inner == Type::Error { inner } else { Type::Tuple(Box::new(inner)) };
                }
                self.bad_type(elem.span, "the elements of a tuple are numbers, bool or char");
                Type::Error
            }
            TypeKind::Alias(target) => self.alias_type(target),
            TypeKind::Mapped { inner, .. } if self.plain_type(inner) == Type::Error => Type::Error,
            TypeKind::Mapped { .. } | TypeKind::IrqSafe(_) => {
                self.bad_type(ty.span, "an address is possible for a variable or property only");
                Type::Error
            }
            TypeKind::Relocate { .. } => {
                self.bad_type(ty.span, "relocate[…] is possible for data at module level only");
                Type::Error
            }
        }
    }

    fn alias_type(&mut self, target: &TypeExpr) -> Type {
        let inner = match &target.kind {
            TypeKind::Named(path) => self.named_type(path, true),
            _ => self.plain_type(target),
        };
        match &inner {
            Type::Error => Type::Error,
            Type::Alias(_) => {
                self.bad_type(target.span, "an alias of an alias is not possible");
                Type::Error
            }
            Type::Tuple(_) => {
                self.bad_type(
                    target.span,
                    "a tuple is passed by address anyway; write tuple[…] without alias",
                );
                Type::Error
            }
            _ => inner.alias(),
        }
    }

    /// Reports a `@singleton` with storage where a further object of it would be.
    pub fn check_not_singleton(&mut self, ty: &Type, span: Span) {
        if let Type::Class(id) = ty
            && self.out.classes[*id].instance.is_some()
        {
            let name = self.class_name(*id);
            let text = format!("'{name}' is a @singleton: there is no further object of it");
            self.report(
                Diagnostic::error(codes::BAD_TYPE, span, text)
                    .help(format!("use {name}.property and {name}.method()")),
            );
        }
    }

    fn array_type(&mut self, elem: &TypeExpr, len: Option<&ast::Expr>) -> Type {
        let inner = self.plain_type(elem);
        self.check_not_singleton(&inner, elem.span);
        let count = match len {
            Some(len) => self.constant_int(len).map(|n| (n, len.span)),
            None => Some((1, elem.span)),
        };
        if matches!(inner, Type::Array(..)) {
            self.bad_type(
                elem.span,
                "an array of arrays is not possible; use a class or one index: a[y * 40 + x]",
            );
            return Type::Error;
        }
        if inner == Type::Str(None) {
            self.bad_type(elem.span, "strings in an array need their capacity: array[string[20], 8]");
            return Type::Error;
        }
        let (Some((count, span)), true) = (count, inner != Type::Error) else {
            return Type::Error;
        };
        let size = i128::from(self.size_of(&inner)) * count;
        if !(1..=65535).contains(&count) || size > 65535 {
            self.report(Diagnostic::error(
                codes::BAD_LENGTH,
                span,
                format!("an array has 1 to 65535 elements and bytes, not {count} elements with {size} bytes"),
            ));
            return Type::Error;
        }
        Type::Array(Box::new(inner), count as u32)
    }

    fn capacity(&mut self, capacity: &ast::Expr) -> Type {
        match self.constant_int(capacity) {
            Some(n @ 1..=255) => Type::Str(Some(n as u8)),
            Some(n) => {
                self.report(Diagnostic::error(
                    codes::BAD_LENGTH,
                    capacity.span,
                    format!("the capacity of a string is 1 to 255, not {n}"),
                ));
                Type::Error
            }
            None => Type::Error,
        }
    }

    fn named_type(&mut self, path: &ast::Path, behind_alias: bool) -> Type {
        let name = path.name.name.as_str();
        let id = match &path.module {
            None => {
                if let Some(scalar) = Type::scalar_named(name) {
                    return scalar;
                }
                self.class_named(&path.name)
            }
            Some(prefix) => self.class_of_module(prefix, &path.name),
        };
        let Some(id) = id else {
            return Type::Error;
        };
        if self.defining == Some(id) && !behind_alias {
            let text = format!("class '{name}' cannot contain itself; use alias[{name}]");
            self.report(Diagnostic::error(codes::CLASS_CONTAINS_ITSELF, path.span, text).fix(
                "use an alias",
                path.span,
                format!("alias[{name}]"),
            ));
            return Type::Error;
        }
        Type::Class(id)
    }

    /// The class of a name without prefix; reports when there is none.
    pub fn class_named(&mut self, name: &ast::Ident) -> Option<ClassId> {
        match self.globals.get(&name.name).map(|g| &g.kind) {
            Some(GlobalKind::Class(id)) => Some(*id),
            Some(GlobalKind::Bad) => None,
            Some(_) => {
                self.report(Diagnostic::error(
                    codes::UNKNOWN_TYPE,
                    name.span,
                    format!("'{}' is not a type", name.name),
                ));
                None
            }
            None => {
                self.unknown_name(&name.name, name.span, "type");
                None
            }
        }
    }

    /// The class `prefix.name`; reports when there is none.
    pub fn class_of_module(&mut self, prefix: &ast::Ident, name: &ast::Ident) -> Option<ClassId> {
        if !self.prefixes.contains_key(&prefix.name) {
            self.unknown_prefix(prefix);
            return None;
        }
        match self.prefix_member(&prefix.name, name)? {
            Adopted::Class(id) => Some(id),
            _ => {
                self.report(Diagnostic::error(
                    codes::UNKNOWN_TYPE,
                    name.span,
                    format!("'{}.{}' is not a class", prefix.name, name.name),
                ));
                None
            }
        }
    }

    /// Reports a module prefix that no import made known.
    pub fn unknown_prefix(&mut self, prefix: &ast::Ident) {
        let text = format!("unknown module prefix '{}'", prefix.name);
        let known: Vec<&str> = self.prefixes.keys().map(String::as_str).collect();
        let (known, unknown): (Vec<_>, Vec<_>) =
            known.into_iter().partition(|known| self.prefixes[*known].module.is_some());
        let is_near = |names: &[&str]| suggest::best(&prefix.name, names.iter().copied()).is_some();
        if is_near(&unknown) && !is_near(&known) {
            return; // the import that is misspelt instead was reported
        }
        let error = Diagnostic::error(codes::UNKNOWN_NAME, prefix.span, text);
        let error = suggest_names(error, &prefix.name, prefix.span, known);
        self.report(error);
    }

    /// Reports a type that is not possible.
    pub fn bad_type(&mut self, span: Span, text: &str) {
        self.report(Diagnostic::error(codes::BAD_TYPE, span, text));
    }
}
