//! Declarations inside functions.
//!
//! In: `name: type [= value]`. Out: a binding, and the statements of the initialiser. Invariant: the
//! name is visible from the next statement on, so that its initialiser sees an outer one. Not here:
//! the same form at module level (`decl.rs`) and in classes (`class.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::consteval::MAX_STRING;
use crate::sema::convert::Use;
use crate::sema::expr::mapped_place;
use crate::sema::fold;
use crate::sema::hir::{
    ClassId, DataId, Expr, ExprKind, Local, LocalId, LocalKind, Place, PlaceKind, StmtKind, Type,
};
use crate::sema::scope::{Binding, BindingKind, Mapped};
use crate::sema::tyexpr::{Declared, Storage};
use crate::sema::val::{Val, address_of};
use crate::sema::value::Const;
use crate::syntax::ast;

impl Checker<'_> {
    /// A declaration as a statement.
    pub fn declaration(&mut self, decl: &ast::VarDecl, out: &mut Vec<StmtKind>) {
        self.check_new_name(&decl.name, false);
        let declared = self.declared_type(&decl.ty);
        let again = self.again(decl, &declared.ty);
        let kind = self.declare(decl, declared, out);
        match again {
            Some(error) => self.report(error),
            None => self.bind(&decl.name, kind),
        }
    }

    /// The error about a second declaration with the type of the first, meant as an assignment.
    fn again(&self, decl: &ast::VarDecl, ty: &Type) -> Option<Diagnostic> {
        let old = self.scope.names.get(&decl.name.name)?;
        let same = matches!(old.kind, BindingKind::Local(id) if self.scope.locals[id].ty == *ty);
        (same && decl.value.is_some()).then(|| {
            let ty = Span { lo: decl.name.span.hi, ..decl.ty.span };
            Checker::defined_twice(&decl.name.name, decl.name.span, old.span).fix(
                "to assign to the first one, leave the type out",
                ty,
                "",
            )
        })
    }

    /// Enters a name of the function, or reports that it is taken.
    pub fn bind(&mut self, name: &ast::Ident, kind: BindingKind) {
        if let Some(old) = self.scope.names.get(&name.name) {
            let old = old.span;
            self.duplicate(&name.name, name.span, old);
            return;
        }
        self.scope.names.insert(name.name.clone(), Binding { kind, span: name.span });
    }

    fn declare(&mut self, decl: &ast::VarDecl, declared: Declared, out: &mut Vec<StmtKind>) -> BindingKind {
        let span = decl.name.span;
        match (declared.storage, declared.ty) {
            (_, Type::Error) => {
                if let Some(value) = &decl.value {
                    self.value_for_errors(value);
                }
                BindingKind::Bad
            }
            (Storage::Relocated { .. }, _) => {
                self.bad_type(decl.ty.span, "relocate[…] is possible for data at module level only");
                BindingKind::Bad
            }
            (Storage::Mapped { addr, irq_safe }, ty) => {
                let mapped = Mapped { ty, addr, irq_safe };
                if let Some(value) = &decl.value {
                    out.extend(self.store(mapped_place(&mapped, span), value));
                }
                BindingKind::Mapped(mapped)
            }
            (_, Type::Tuple(elem)) => self.declare_tuple(decl, *elem, out),
            (_, Type::Str(None)) => self.declare_string(decl, out),
            (_, Type::Class(class)) => self.declare_class(decl, class, out),
            (_, Type::Alias(target)) => self.declare_alias(decl, &target, out),
            (_, ty) => {
                let (id, place) = self.new_local(&decl.name.name, ty, span);
                if let Some(value) = &decl.value {
                    out.extend(self.store(place, value));
                }
                BindingKind::Local(id)
            }
        }
    }

    fn new_local(&mut self, name: &str, ty: Type, span: Span) -> (LocalId, Place) {
        let local = Local { name: name.to_string(), ty: ty.clone(), kind: LocalKind::Var, span };
        let id = self.scope.locals.push(local);
        (id, Place { kind: PlaceKind::Local(id), ty, span })
    }

    fn declare_tuple(&mut self, decl: &ast::VarDecl, elem: Type, out: &mut Vec<StmtKind>) -> BindingKind {
        let span = decl.name.span;
        let ty = Type::Tuple(Box::new(elem.clone()));
        let Some(value) = &decl.value else {
            let empty = self.empty_tuple(span);
            let (id, place) = self.new_local(&decl.name.name, ty.clone(), span);
            let data = Place { kind: PlaceKind::Data(empty), ty: ty.clone(), span };
            out.push(StmtKind::Assign { target: place, value: address_of(data, ty) });
            return BindingKind::Local(id);
        };
        if !matches!(value.unparenthesised().kind, ast::ExprKind::Tuple(_)) {
            let val = self.value(value);
            if matches!(val, Val::Place(_)) {
                // Another tuple: a pointer variable that starts there.
                let (id, target) = self.new_local(&decl.name.name, ty.clone(), span);
                let value = self.coerce(val, &ty, value.span, &Use::Assign);
                out.push(StmtKind::Assign { target, value });
                return BindingKind::Local(id);
            }
        }
        let function = self.scope.func.map_or("", |f| &self.out.funcs[f].symbol);
        let symbol = format!("{function}.{}", decl.name.name);
        match self.tuple_definition(&decl.name.name, symbol, &elem, value) {
            Some(id) => BindingKind::Data(id),
            None => BindingKind::Bad,
        }
    }

    /// The datum of an initialised tuple.
    pub fn tuple_definition(
        &mut self,
        name: &str,
        symbol: String,
        elem: &Type,
        value: &ast::Expr,
    ) -> Option<DataId> {
        let (count, bytes) = self.tuple_bytes(elem, value)?;
        Some(self.tuple_data(name.to_string(), symbol, elem.clone(), count, bytes, value.span))
    }

    /// The count and bytes of a list of constants.
    pub fn tuple_bytes(&mut self, elem: &Type, value: &ast::Expr) -> Option<(u32, Vec<u8>)> {
        let mut bytes = Vec::new();
        let mut count = 0u32;
        let mut complete = true;
        let mut add = |checker: &mut Self, value: Option<Const>, span: Span| {
            let Some(value) = value else {
                complete = false;
                return;
            };
            let expr = checker.const_to(&value, elem, span, true);
            complete &= expr.ty != Type::Error;
            Checker::encode(&expr, &mut bytes);
            count += 1;
        };
        match &value.unparenthesised().kind {
            ast::ExprKind::Tuple(items) => {
                for item in items {
                    let constant = self.constant(item);
                    add(self, constant, item.span);
                }
            }
            _ => match self.constant(value)? {
                Const::Tuple(items) => items.into_iter().for_each(|item| add(self, Some(item), value.span)),
                Const::Str(text) if elem.is_byte_like() && text.len() != 1 => {
                    text.into_iter().for_each(|code| add(self, Some(Const::Char(code)), value.span));
                }
                single => add(self, Some(single), value.span),
            },
        }
        if bytes.len() > 0xFFFF {
            let text = format!("{} bytes of data are more than the memory holds", bytes.len());
            self.report(Diagnostic::error(codes::BAD_LENGTH, value.span, text));
            return None;
        }
        complete.then_some((count, bytes))
    }

    fn declare_string(&mut self, decl: &ast::VarDecl, out: &mut Vec<StmtKind>) -> BindingKind {
        let span = decl.name.span;
        let Some(value) = &decl.value else {
            self.needs_capacity(decl.ty.span);
            return BindingKind::Bad;
        };
        match self.value(value) {
            Val::Error => BindingKind::Bad,
            val => {
                let text = match val {
                    Val::Const(Const::Str(text)) => Some(text),
                    Val::Const(Const::Char(code)) => Some(vec![code]),
                    Val::Str(string) => self.constant_text(&string).filter(|text| text.len() <= MAX_STRING),
                    _ => None,
                };
                let Some(text) = text else {
                    self.needs_capacity(decl.ty.span);
                    return BindingKind::Bad;
                };
                let capacity = text.len().clamp(1, 255) as u8;
                let (id, target) = self.new_local(&decl.name.name, Type::Str(Some(capacity)), span);
                let literal = Val::Const(Const::Str(text));
                if let Ok(value) = self.string_value(literal, value.span) {
                    out.push(StmtKind::StrAssign { target, value });
                }
                BindingKind::Local(id)
            }
        }
    }

    /// Reports a string variable whose capacity is not known.
    pub fn needs_capacity(&mut self, span: Span) {
        self.report(
            Diagnostic::error(
                codes::BAD_LENGTH,
                span,
                "a string needs a capacity, or a literal to take it from",
            )
            .help("write string[40], or string = \"text\""),
        );
    }

    fn declare_class(&mut self, decl: &ast::VarDecl, class: ClassId, out: &mut Vec<StmtKind>) -> BindingKind {
        let span = decl.name.span;
        let (binding, object) = if self.out.classes[class].singleton {
            (BindingKind::Singleton(class), self.object_without_self(class, span))
        } else {
            let (id, place) = self.new_local(&decl.name.name, Type::Class(class), span);
            (BindingKind::Local(id), place)
        };
        match &decl.value {
            None => {
                if !self.out.classes[class].singleton {
                    self.declare_object(&object, class, out);
                }
            }
            Some(value) => {
                let value = value.unparenthesised();
                if let ast::ExprKind::Call { callee, args } = &value.kind
                    && let Some(called) = self.class_expression(callee)
                {
                    if called == class {
                        self.initialise(object, class, args, value.span, out);
                    } else {
                        for arg in args {
                            self.value(arg);
                        }
                        let (a, b) = (self.class_name(class), self.class_name(called));
                        let text = format!("an object of class '{a}' is needed here, not one of '{b}'");
                        self.report(Diagnostic::error(codes::TYPE_MISMATCH, value.span, text));
                    }
                } else {
                    out.extend(self.store(object, value));
                }
            }
        }
        binding
    }

    /// The class that an expression names, without reporting anything if it names none.
    pub fn class_expression(&mut self, callee: &ast::Expr) -> Option<ClassId> {
        let named = match &callee.kind {
            ast::ExprKind::Name(name) => {
                !self.scope.names.contains_key(name) && self.globals.contains_key(name)
            }
            ast::ExprKind::Attr { base, .. } => {
                matches!(&base.kind, ast::ExprKind::Name(n) if self.prefixes.contains_key(n))
            }
            _ => false,
        };
        if !named {
            return None;
        }
        match self.value(callee) {
            Val::Class(id) => Some(id),
            _ => None,
        }
    }

    /// An alias with an initialiser points to what it names, or to an address.
    fn declare_alias(&mut self, decl: &ast::VarDecl, target: &Type, out: &mut Vec<StmtKind>) -> BindingKind {
        let ty = target.clone().alias();
        let (id, place) = self.new_local(&decl.name.name, ty.clone(), decl.name.span);
        if let Some(value) = &decl.value {
            let span = value.span;
            let pointer = match self.value(value) {
                val @ (Val::Expr(Expr { ty: Type::Word, .. }) | Val::Const(Const::Int(_))) => {
                    let address = self.coerce(val, &Type::Word, span, &Use::Internal);
                    fold::convert(address, ty)
                }
                val => self.coerce(val, &ty, span, &Use::Assign),
            };
            if pointer.ty != Type::Error && !matches!(pointer.kind, ExprKind::Error) {
                out.push(StmtKind::Assign { target: place, value: pointer });
            }
        }
        BindingKind::Local(id)
    }
}
