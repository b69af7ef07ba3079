//! Expressions: what each form means.
//!
//! In: `ast::Expr`. Out: a `Val`. Invariant: every sub-expression is checked exactly once, left to
//! right, so that each fault is reported once. Not here: operators (`operator.rs`), calls
//! (`call.rs`), members (`member.rs`), strings (`strings.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::c64::petscii;
use crate::sema::adopt::Adopted;
use crate::sema::builtins;
use crate::sema::check::Checker;
use crate::sema::convert::Use;
use crate::sema::fold;
use crate::sema::hir::{Expr, Place, PlaceKind, Type};
use crate::sema::names::suggest_names;
use crate::sema::scope::{BindingKind, GlobalKind, Mapped};
use crate::sema::val::{Val, follow};
use crate::sema::value::Const;
use crate::syntax::ast::{self, ExprKind, StrKind, StrPart};

impl Checker<'_> {
    /// What an expression means.
    pub fn value(&mut self, expr: &ast::Expr) -> Val {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Error => Val::Error,
            ExprKind::Int(value) => Val::Const(Const::Int(i128::from(*value))),
            ExprKind::Float(value) => Val::Const(Const::Float(*value)),
            ExprKind::Bool(value) => Val::Const(Const::Bool(*value)),
            ExprKind::Str(literal) => Val::Const(self.string_literal(literal)),
            ExprKind::Name(name) => self.name(name, span, "name"),
            ExprKind::SelfRef => match self.self_place(span) {
                Some(place) => Val::Place(place),
                None => {
                    self.self_misuse(span, "'self' exists in methods only");
                    Val::Error
                }
            },
            ExprKind::SuperRef => {
                self.self_misuse(span, "'super' can only stand before a dot: super.name");
                Val::Error
            }
            ExprKind::Attr { base, name } => match self.attribute(base, name) {
                // Fixes around it enclose the object too.
                Val::Place(place) => Val::Place(Place { span, ..place }),
                other => other,
            },
            ExprKind::Index { base, index } => self.index_expr(base, index, span),
            ExprKind::Call { callee, args } => self.call(callee, args, span),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, span),
            ExprKind::Binary { op, op_span, left, right } => {
                let (a, b) = (self.value(left), self.value(right));
                self.binary(*op, (a, left.span), (b, right.span), *op_span, span)
            }
            ExprKind::Compare { op, left, right, .. } => self.comparison(*op, left, right, span),
            ExprKind::Logic { op, left, right, .. } => {
                let (a, b) = (self.condition(left), self.condition(right));
                let all = *op == ast::LogicOp::And;
                self.boolean(fold::logic(all, a, b, span))
            }
            ExprKind::Tuple(items) => {
                let mut values = Vec::new();
                let mut faulty = false;
                for item in items {
                    match self.constant(item) {
                        Some(value) => values.push(value),
                        None => faulty = true,
                    }
                }
                if faulty { Val::Error } else { Val::Const(Const::Tuple(values)) }
            }
            ExprKind::Fill(inner) => {
                self.value(inner);
                self.report(
                    Diagnostic::error(
                        codes::TYPE_MISMATCH,
                        span,
                        "[value] fills an array and can only stand on the right of '='",
                    )
                    .help("PyCo has no lists; declare an array: a: array[byte, 10] = [0]"),
                );
                Val::Error
            }
            ExprKind::Paren(inner) => self.value(inner),
        }
    }

    /// A condition, folded to a `Bool` constant when it is one.
    pub fn boolean(&self, expr: Expr) -> Val {
        match expr.as_int() {
            Some(value) => Val::Const(Const::Bool(value != 0)),
            None => Val::Expr(expr),
        }
    }

    /// The meaning of a name; `noun` is what the place asks for, should it be unknown.
    pub fn name(&mut self, name: &str, span: Span, noun: &str) -> Val {
        if let Some(binding) = self.scope.names.get(name) {
            let kind = binding.kind.clone();
            return self.binding(kind, span);
        }
        if let Some(global) = self.globals.get(name) {
            return match &global.kind {
                GlobalKind::Const(value) => Val::Const(value.clone()),
                GlobalKind::Data(id) => {
                    let ty = self.out.data[*id].ty.clone();
                    Val::Place(Place { kind: PlaceKind::Data(*id), ty, span })
                }
                GlobalKind::Mapped(mapped) => Val::Place(mapped_place(mapped, span)),
                GlobalKind::Func(id) => Val::Func(*id),
                GlobalKind::Class(id) => Val::Class(*id),
                GlobalKind::Bad => Val::Error,
            };
        }
        if self.scope.declared.contains_key(name) {
            self.unknown_name(name, span, noun);
            return Val::Error;
        }
        if let Some(builtin) = builtins::find(name) {
            return Val::Builtin(builtin);
        }
        if let Some(ty) = Type::scalar_named(name) {
            return Val::Scalar(ty);
        }
        if self.prefixes.contains_key(name) {
            return Val::Prefix(name.to_string());
        }
        self.unknown_name(name, span, noun);
        Val::Error
    }

    fn binding(&mut self, kind: BindingKind, span: Span) -> Val {
        match kind {
            BindingKind::Local(id) | BindingKind::Cia1(id) => {
                let ty = self.scope.locals[id].ty.clone();
                Val::Place(follow(Place { kind: PlaceKind::Local(id), ty, span }))
            }
            BindingKind::Data(id) => {
                let ty = self.out.data[id].ty.clone();
                Val::Place(Place { kind: PlaceKind::Data(id), ty, span })
            }
            BindingKind::Mapped(mapped) => Val::Place(mapped_place(&mapped, span)),
            BindingKind::Singleton(class) => Val::Place(self.object_without_self(class, span)),
            BindingKind::Bad | BindingKind::Unknown => Val::Error,
        }
    }

    fn attribute(&mut self, base: &ast::Expr, name: &ast::Ident) -> Val {
        match &base.kind {
            ExprKind::SelfRef => {
                let (Some(place), Some(class)) = (self.self_place(base.span), self.scope.class) else {
                    self.self_misuse(base.span, "'self' exists in methods only");
                    return Val::Error;
                };
                return self.member(place, class, name);
            }
            ExprKind::SuperRef => return self.super_method(base.span, name),
            ExprKind::Name(prefix) => {
                let known = self.scope.names.contains_key(prefix) || self.globals.contains_key(prefix);
                if !known && self.prefixes.contains_key(prefix) {
                    return self.module_member(prefix, name);
                }
                if !known
                    && !self.scope.declared.contains_key(prefix)
                    && builtins::find(prefix).is_none()
                    && !self.later.contains_key(prefix.as_str())
                    && self.likely_prefix(prefix)
                {
                    let prefix = ast::Ident { name: prefix.clone(), span: base.span };
                    self.unknown_prefix(&prefix);
                    return Val::Error;
                }
            }
            _ => {}
        }
        match self.value(base) {
            Val::Place(place) => match place.ty {
                Type::Class(class) => self.member(place, class, name),
                Type::Error => Val::Error,
                _ => self.no_members(&Val::Place(place), name),
            },
            Val::Class(class) => self.class_member(class, name),
            Val::Error => Val::Error,
            other => self.no_members(&other, name),
        }
    }

    /// True when an unknown name resembles an imported prefix more than anything else here.
    fn likely_prefix(&self, name: &str) -> bool {
        let prefixes = self.prefixes.keys().map(String::as_str);
        let others = self.scope.names.keys().chain(self.globals.keys()).map(String::as_str);
        crate::base::suggest::best(name, prefixes.chain(others))
            .is_some_and(|best| self.prefixes.contains_key(best))
    }

    fn module_member(&mut self, prefix: &str, name: &ast::Ident) -> Val {
        match self.prefix_member(prefix, name) {
            None => Val::Error,
            Some(Adopted::Func(id)) => Val::Func(id),
            Some(Adopted::Class(id)) => Val::Class(id),
            Some(Adopted::Const(value)) => Val::Const(value),
            Some(Adopted::Data(id)) => {
                let ty = self.out.data[id].ty.clone();
                Val::Place(Place { kind: PlaceKind::Data(id), ty, span: name.span })
            }
        }
    }

    fn super_method(&mut self, span: Span, name: &ast::Ident) -> Val {
        let Some(class) = self.scope.class else {
            self.self_misuse(span, "'super' exists in methods only");
            return Val::Error;
        };
        let Some(parent) = self.out.classes[class].parent else {
            if self.vague.contains(&class) {
                return Val::Error;
            }
            let text = format!("'super': the class '{}' has no parent", self.class_name(class));
            self.self_misuse(span, &text);
            return Val::Error;
        };
        match self.find_method(parent, &name.name) {
            Some(method) => {
                let receiver = if self.out.funcs[method].has_self { self.self_place(span) } else { None };
                Val::Method(method, receiver)
            }
            None if self.find_field(parent, &name.name).is_some() => {
                self.self_misuse(span, "'super' is for methods; an inherited property is self.name");
                Val::Error
            }
            None => {
                let text = format!("no parent of '{}' has a method '{}'", self.class_name(class), name.name);
                let names: Vec<&str> = self
                    .ancestry(parent)
                    .flat_map(|c| self.out.classes[c].methods.iter())
                    .map(|m| self.out.funcs[*m].name.as_str())
                    .collect();
                let error = Diagnostic::error(codes::UNKNOWN_MEMBER, name.span, text);
                let error = suggest_names(error, &name.name, name.span, names);
                self.report(error);
                Val::Error
            }
        }
    }

    fn self_misuse(&mut self, span: Span, text: &str) {
        self.report(Diagnostic::error(codes::SELF_MISUSE, span, text));
    }

    fn no_members(&mut self, val: &Val, name: &ast::Ident) -> Val {
        let text = format!("{} has no property or method '{}'", self.describe(val), name.name);
        let error = Diagnostic::error(codes::UNKNOWN_MEMBER, name.span, text);
        self.report(match builtins::find(&name.name) {
            Some(_) => error.help(format!("it is a function: {}(x)", name.name)),
            None => error,
        });
        Val::Error
    }

    fn index_expr(&mut self, base: &ast::Expr, index: &ast::Expr, span: Span) -> Val {
        let base_val = self.value(base);
        let Val::Scalar(ty) = base_val else {
            return self.index(base_val, index, span);
        };
        let address = self.value(index);
        let address = self.coerce(address, &Type::Word, index.span, &Use::Internal);
        if address.ty == Type::Error {
            return Val::Error;
        }
        Val::Place(Place { kind: PlaceKind::Mapped { addr: Box::new(address), irq_safe: false }, ty, span })
    }

    /// The target codes of a literal.
    fn string_literal(&mut self, literal: &ast::StrLit) -> Const {
        let lowercase = self.out.lowercase;
        let mut text = Vec::with_capacity(literal.parts.len());
        for (part, span) in &literal.parts {
            let code = match (*part, literal.kind) {
                (StrPart::Byte(byte), _) => Some(byte),
                (StrPart::Char(ch), StrKind::Screen) => petscii::screen_code(ch, lowercase),
                (StrPart::Char(ch), _) => petscii::petscii(ch, lowercase),
            };
            match (code, part) {
                (Some(code), _) => text.push(code),
                (None, StrPart::Char(ch)) => {
                    let text = format!("the character '{ch}' is not in the C64's set");
                    self.report(
                        Diagnostic::error(codes::CHARACTER_NOT_IN_SET, *span, text)
                            .help("use \\xHH for a character code"),
                    );
                }
                (None, StrPart::Byte(_)) => {}
            }
        }
        if let (Some((_, span)), true) = (literal.parts.get(255), text.len() > 255) {
            self.report(Diagnostic::error(
                codes::CONSTANT_RANGE,
                *span,
                "a string has at most 255 characters",
            ));
            text.truncate(255);
        }
        match (literal.kind, text.first()) {
            (StrKind::Char, Some(code)) => Const::Char(*code),
            (StrKind::Char, None) => Const::Char(0),
            _ => Const::Str(text),
        }
    }
}

/// The place of a mapped variable.
pub fn mapped_place(mapped: &Mapped, span: Span) -> Place {
    let addr = Box::new(fold::int(i64::from(mapped.addr), Type::Word, span));
    Place { kind: PlaceKind::Mapped { addr, irq_safe: mapped.irq_safe }, ty: mapped.ty.clone(), span }
}
