//! Initialising objects.
//!
//! In: `x(args)`, `C(args)` and declarations of objects. Out: calls of the class's defaults and of
//! its `__init__`. Invariant: the object's address is computed once. Not here: how the defaults
//! come about (`class.rs`).

use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::hir::{
    ClassId, Expr, ExprKind, FuncId, Index, Local, LocalKind, Place, PlaceKind, StmtKind, Type,
};
use crate::sema::val::{address_of, follow};
use crate::syntax::ast;

impl Checker<'_> {
    /// Applies the defaults of an object's class, if there are any.
    pub fn apply_defaults(&mut self, object: &Place, class: ClassId, out: &mut Vec<StmtKind>) {
        if let Some(defaults) = self.out.classes[class].defaults {
            out.push(StmtKind::Expr(self.call_on(defaults, object, Vec::new())));
        }
    }

    fn call_on(&self, func: FuncId, object: &Place, mut args: Vec<Expr>) -> Expr {
        let info = &self.out.funcs[func];
        if info.has_self && args.is_empty() {
            let ty = info.params.first().map_or(Type::Error, |p| p.ty.clone());
            args.push(address_of(object.clone(), ty));
        }
        Expr { kind: ExprKind::Call(func, args), ty: Type::Void, span: object.span }
    }

    /// What a declaration without initialiser does to an object: without `__init__` the defaults
    /// are applied.
    pub fn declare_object(&mut self, object: &Place, class: ClassId, out: &mut Vec<StmtKind>) {
        if self.initialiser(class).is_none() {
            self.apply_defaults(object, class, out);
        }
    }

    /// `object(args)`: the defaults, then `__init__`.
    pub fn initialise(
        &mut self,
        object: Place,
        class: ClassId,
        args: &[ast::Expr],
        span: Span,
        out: &mut Vec<StmtKind>,
    ) {
        let Some(init) = self.initialiser(class) else {
            let name = self.class_name(class);
            if !self.ancestry(class).any(|c| self.vague.contains(&c)) {
                self.check_count(&name, (0, 0), args.len(), span);
            }
            for arg in args {
                self.value(arg);
            }
            self.apply_defaults(&object, class, out);
            return;
        };
        let object = self.pin(object, out);
        self.apply_defaults(&object, class, out);
        if let Some(args) = self.arguments(init, Some(object.clone()), args, span) {
            let mut call = self.call_on(init, &object, Vec::new());
            call.kind = ExprKind::Call(init, args);
            call.span = span;
            out.push(StmtKind::Expr(call));
        }
    }

    /// A place whose address may be computed twice: one with a computed index is kept in a hidden
    /// alias.
    fn pin(&mut self, object: Place, out: &mut Vec<StmtKind>) -> Place {
        if !is_computed(&object) {
            return object;
        }
        let span = object.span;
        let ty = object.ty.clone().alias();
        let kind = LocalKind::Temp;
        let id = self.scope.locals.push(Local { name: "$object".to_string(), ty: ty.clone(), kind, span });
        let pointer = Place { kind: PlaceKind::Local(id), ty: ty.clone(), span };
        out.push(StmtKind::Assign { target: pointer.clone(), value: address_of(object, ty) });
        follow(pointer)
    }
}

fn is_computed(place: &Place) -> bool {
    match &place.kind {
        PlaceKind::Index { base, index } => {
            let constant = matches!(&**index, Index::At(e) if e.as_int().is_some());
            !constant || is_computed(base)
        }
        PlaceKind::Field { base, .. } => is_computed(base),
        PlaceKind::Deref(e) => !matches!(&e.kind, ExprKind::Load(p) if !is_computed(p)),
        _ => false,
    }
}
