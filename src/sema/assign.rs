//! Assignments, plain and augmented.
//!
//! In: a target and a value. Out: statements. Invariant: only what may be written is a target; each
//! pair of types has exactly one kind of copy. Not here: declarations (`local.rs`), objects'
//! initialisers (`object.rs`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Edit};
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::convert::{Use, same_element};
use crate::sema::fold;
use crate::sema::hir::{Expr, ExprKind, LocalKind, Place, PlaceKind, StmtKind, StrExpr, StrPart, Type};
use crate::sema::val::{Val, load, tuple_pointer};
use crate::sema::value::Const;
use crate::syntax::ast;

/// The register behind the `cia1` of a handler.
pub const CIA1_CONTROL: i64 = 0xDC0D;

impl Checker<'_> {
    /// `target = value`
    pub fn assignment(&mut self, target: &ast::Expr, value: &ast::Expr, out: &mut Vec<StmtKind>) {
        if let ast::ExprKind::Name(name) = &target.unparenthesised().kind
            && self.undeclared(name, target.span, value)
        {
            return self.value_for_errors(value);
        }
        let place = self.target(target);
        match place {
            Some(place) => {
                let stmt = self.store(place, value);
                self.warn_alias_copy(stmt.as_ref(), target, value);
                out.extend(stmt);
            }
            None => self.value_for_errors(value),
        }
    }

    /// Checks a value whose use was reported already.
    pub fn value_for_errors(&mut self, value: &ast::Expr) {
        match &value.unparenthesised().kind {
            ast::ExprKind::Call { callee, args } if self.class_expression(callee).is_some() => {
                for arg in args {
                    self.value(arg);
                }
            }
            ast::ExprKind::Fill(inner) => {
                self.value(inner);
            }
            ast::ExprKind::Tuple(items) => {
                for item in items {
                    self.value(item);
                }
            }
            _ => {
                self.value(value);
            }
        }
    }

    /// What an assignment may write to; reports what it may not.
    pub fn target(&mut self, target: &ast::Expr) -> Option<Place> {
        let name = match &target.unparenthesised().kind {
            ast::ExprKind::Name(name) => Some(name.as_str()),
            _ => None,
        };
        if let Some(name) = name
            && self.scope.loop_vars.iter().any(|v| v == name)
        {
            let text = format!("the loop variable '{name}' cannot be assigned in its loop");
            self.report(
                Diagnostic::error(codes::NOT_ASSIGNABLE, target.span, text)
                    .help("use a while loop, or another variable"),
            );
            return None;
        }
        let val = self.value(target);
        let fault = match val {
            Val::Error | Val::Place(Place { ty: Type::Error, .. }) => return None,
            Val::Place(place) => match self.read_only(&place) {
                None => return Some(self.redirect_cia1(place)),
                Some(fault) => fault,
            },
            Val::Const(_) => "a constant cannot be assigned".to_string(),
            other => format!("{} cannot be assigned", self.describe(&other)),
        };
        let text = match name {
            Some(name) => format!("'{name}': {fault}"),
            None => fault,
        };
        self.report(Diagnostic::error(codes::NOT_ASSIGNABLE, target.span, text));
        None
    }

    fn read_only(&self, place: &Place) -> Option<String> {
        match &place.kind {
            PlaceKind::Data(_) if matches!(place.ty, Type::Tuple(_)) => {
                Some("an initialised tuple is read-only".to_string())
            }
            PlaceKind::Index { base, .. } if matches!(base.ty, Type::Tuple(_)) => {
                Some("the elements of a tuple are read-only".to_string())
            }
            _ => None,
        }
    }

    /// Writes to a handler's `cia1` go to the register.
    fn redirect_cia1(&self, place: Place) -> Place {
        match place.kind {
            PlaceKind::Local(id) if self.scope.locals[id].kind == LocalKind::Cia1 => {
                let addr = Box::new(fold::int(CIA1_CONTROL, Type::Word, place.span));
                Place { kind: PlaceKind::Mapped { addr, irq_safe: false }, ..place }
            }
            _ => place,
        }
    }

    /// Warns that `p = q` between aliases copies the object.
    fn warn_alias_copy(&mut self, stmt: Option<&StmtKind>, target: &ast::Expr, value: &ast::Expr) {
        let Some((to, from)) = path(target).zip(path(value)) else { return };
        let is_alias = |place: &Place| {
            matches!(place.ty, Type::Class(_))
                && matches!(&place.kind, PlaceKind::Deref(e) if matches!(e.kind, ExprKind::Load(_)))
        };
        if let Some(StmtKind::CopyBytes { target: place, source, .. }) = stmt
            && is_alias(place)
            && is_alias(source)
        {
            let text = "this copies the object, not the alias";
            let fix = format!("alias({to}, addr({from}))");
            self.report(Diagnostic::warning(codes::ALIAS_COPY, target.span.to(value.span), text).fix(
                format!("to point at the same object: {fix}"),
                target.span.to(value.span),
                fix,
            ));
        }
    }

    /// The statement that stores `value` in `target`; `None` after a fault.
    pub fn store(&mut self, target: Place, value: &ast::Expr) -> Option<StmtKind> {
        let span = value.span;
        match target.ty.clone() {
            Type::Array(elem, count) => self.store_array(target, &elem, count, value),
            Type::Str(_) => self.store_string(target, value),
            Type::Class(class) => {
                let val = self.value(value);
                match val {
                    Val::Place(source) => match source.ty {
                        Type::Class(found) if self.inherits(found, class) => {
                            let size = self.size_of(&target.ty);
                            Some(StmtKind::CopyBytes { target, source, size })
                        }
                        _ => self.no_store(&Val::Place(source), &target.ty, span),
                    },
                    other => self.no_store(&other, &target.ty, span),
                }
            }
            ty => {
                let val = self.value(value);
                let value = self.coerce(val, &ty, span, &Use::Assign);
                (value.ty != Type::Error && ty != Type::Error).then_some(StmtKind::Assign { target, value })
            }
        }
    }

    fn no_store(&mut self, val: &Val, ty: &Type, span: Span) -> Option<StmtKind> {
        self.mismatch(val, ty, span);
        None
    }

    fn store_string(&mut self, target: Place, value: &ast::Expr) -> Option<StmtKind> {
        let span = value.span;
        let val = match self.value(value) {
            Val::Place(source) if matches!(&source.ty, Type::Array(elem, _) if **elem == Type::Char) => {
                return Some(StmtKind::StrFromChars { target, source });
            }
            val => val,
        };
        match self.string_or_char(val, span) {
            Ok(value) => {
                self.warn_too_long(&target, &value);
                Some(StmtKind::StrAssign { target, value })
            }
            Err(val) => self.no_store(&val, &target.ty, span),
        }
    }

    /// A string, or a character as a string of one.
    pub fn string_or_char(&mut self, val: Val, span: Span) -> Result<StrExpr, Val> {
        let value = match val {
            Val::Expr(expr) if expr.ty == Type::Char => expr,
            Val::Place(place) if place.ty == Type::Char => load(place),
            other => return self.string_value(other, span),
        };
        Ok(StrExpr { parts: vec![StrPart::Value { value, decimals: None }], span })
    }

    fn store_array(&mut self, target: Place, elem: &Type, count: u32, value: &ast::Expr) -> Option<StmtKind> {
        let span = value.span;
        match &value.unparenthesised().kind {
            ast::ExprKind::Fill(fill) => {
                let val = self.value(fill);
                let (target, elem) = self.by_bytes(target, elem);
                let value = self.coerce(val, &elem, fill.span, &Use::Assign);
                let typed = value.ty != Type::Error;
                return typed.then_some(StmtKind::Fill { target, value, count: None, target_first: false });
            }
            ast::ExprKind::Tuple(items) => {
                let (target, elem) = self.by_bytes(target, elem);
                let mut values = Vec::with_capacity(items.len());
                let mut faulty = !self.list_fits(items.len(), &target.ty, span);
                for item in items {
                    let val = self.value(item);
                    let value = self.coerce(val, &elem, item.span, &Use::Assign);
                    faulty |= value.ty == Type::Error;
                    values.push(value);
                }
                return (!faulty).then_some(StmtKind::StoreList { target, values });
            }
            _ => {}
        }
        match self.value(value) {
            Val::Const(Const::Int(0)) => {
                let (target, elem) = self.by_bytes(target, elem);
                let value = self.const_to(&Const::Int(0), &elem, span, true);
                let typed = value.ty != Type::Error;
                typed.then_some(StmtKind::Fill { target, value, count: None, target_first: false })
            }
            Val::Const(Const::Tuple(items)) => self.store_constants(target, elem, &items, span),
            Val::Place(source) => self.copy_array(target, elem, count, source, span),
            other => match (elem, self.string_or_char(other, span)) {
                (Type::Char, Ok(value)) => Some(StmtKind::CharsFromStr { target, value }),
                (_, Ok(string)) => self.no_store(&Val::Str(string), &target.ty, span),
                (_, Err(other)) => {
                    if let Val::Const(Const::Int(_)) = other {
                        let text = "an array is not set to a number";
                        self.report(
                            Diagnostic::error(codes::TYPE_MISMATCH, span, text)
                                .help("[value] sets all its elements"),
                        );
                        return None;
                    }
                    self.no_store(&other, &target.ty, span)
                }
            },
        }
    }

    fn store_constants(
        &mut self,
        target: Place,
        elem: &Type,
        items: &[Const],
        span: Span,
    ) -> Option<StmtKind> {
        let (target, elem) = self.by_bytes(target, elem);
        if !self.list_fits(items.len(), &target.ty, span) {
            return None;
        }
        let values: Vec<Expr> = items.iter().map(|c| self.const_to(c, &elem, span, true)).collect();
        let faulty = values.iter().any(|v| v.ty == Type::Error);
        (!faulty).then_some(StmtKind::StoreList { target, values })
    }

    fn list_fits(&mut self, given: usize, ty: &Type, span: Span) -> bool {
        match ty {
            Type::Array(_, count) if given > *count as usize => {
                let text = format!("{given} values for an array of {count}");
                self.report(Diagnostic::error(codes::LIST_TOO_LONG, span, text));
                false
            }
            _ => true,
        }
    }

    /// An array of objects as the array of its bytes; other arrays stay.
    fn by_bytes(&self, target: Place, elem: &Type) -> (Place, Type) {
        if !matches!(elem, Type::Class(_)) {
            return (target, elem.clone());
        }
        let size = self.size_of(&target.ty);
        (Place { ty: Type::Array(Box::new(Type::Byte), size), ..target }, Type::Byte)
    }

    fn copy_array(
        &mut self,
        target: Place,
        elem: &Type,
        count: u32,
        source: Place,
        span: Span,
    ) -> Option<StmtKind> {
        let size = self.size_of(&target.ty);
        match &source.ty {
            Type::Array(found, n) if same_element(found, elem) && *n == count => {
                Some(StmtKind::CopyBytes { target, source, size })
            }
            Type::Tuple(found) => {
                let elem_size = found.width();
                if let PlaceKind::Data(id) = source.kind {
                    let size = size.min(self.out.data[id].size);
                    return Some(StmtKind::CopyBytes { target, source, size });
                }
                let source = tuple_pointer(source);
                Some(StmtKind::CopyTuple { target, source, elem_size, max: size })
            }
            Type::Str(_) if *elem == Type::Char => {
                let value = StrExpr { parts: vec![StrPart::Str(source)], span };
                Some(StmtKind::CharsFromStr { target, value })
            }
            Type::Char if *elem == Type::Char => {
                let value =
                    StrExpr { parts: vec![StrPart::Value { value: load(source), decimals: None }], span };
                Some(StmtKind::CharsFromStr { target, value })
            }
            _ => self.no_store(&Val::Place(source), &target.ty, span),
        }
    }

    /// `target op= value`
    pub fn augmented(
        &mut self,
        target: &ast::Expr,
        op: ast::BinOp,
        op_span: Span,
        value: &ast::Expr,
    ) -> Option<StmtKind> {
        if let ast::ExprKind::Name(name) = &target.unparenthesised().kind
            && self.undeclared(name, target.span, value)
        {
            self.value_for_errors(value);
            return None;
        }
        let place = self.target(target);
        let val = self.value(value);
        let place = place?;
        let ast_op = op;
        let span = target.span.to(value.span);
        if place.ty.is_string() {
            return self.augmented_string(place, op, op_span, (val, value.span), span);
        }
        if is_text(&val) && place.ty.is_scalar() {
            self.mismatch(&val, &place.ty, value.span);
            return None;
        }
        let wide = place.ty.is_integral() && place.ty.width() > 1;
        if let (true, Val::Expr(expr)) = (wide, &val)
            && fold::may_differ_in(expr, &place.ty)
        {
            // Only the warning counts here; the operation widens by itself.
            self.coerce(val.clone(), &place.ty.clone(), value.span, &Use::Assign);
        }
        let left = Val::Place(place.clone());
        let Val::Expr(result) = self.binary(op, (left, target.span), (val, value.span), op_span, span) else {
            return None;
        };
        let ty = result.ty.clone();
        let ExprKind::Binary(op, _, right) = result.kind.clone() else {
            return None;
        };
        if place.ty.is_integral() && matches!(ty, Type::Float | Type::F16 | Type::F32) {
            self.fraction_in_place((&place.ty, &ty), target, (ast_op, op_span), value);
            return None;
        }
        // The result must be one that an assignment accepts.
        let back = self.coerce(Val::Expr(result), &place.ty.clone(), span, &Use::Internal);
        if back.ty == Type::Error {
            return None;
        }
        Some(StmtKind::AssignOp { target: place, op, ty, value: *right })
    }

    /// Reports `i += f`, whose result has a fraction and `i` not.
    fn fraction_in_place(
        &mut self,
        (to, from): (&Type, &Type),
        target: &ast::Expr,
        (op, op_span): (ast::BinOp, Span),
        value: &ast::Expr,
    ) {
        let (from, to) = (self.describe_type(from), self.type_name(to));
        let text = format!("{from} does not become {to} by itself; convert the result or the operand");
        let span = target.span.to(value.span);
        let mut error =
            Diagnostic::error(codes::FLOAT_TO_INTEGER, span, text).label(format!("this gives {from}"));
        if let ast::ExprKind::Name(name) = &target.unparenthesised().kind {
            let compound = matches!(value.kind, ast::ExprKind::Binary { .. });
            let (open, close) = if compound { ("(", "))") } else { ("", ")") };
            let op = op.text();
            error =
                error.fix(format!("use {to}(…)"), op_span, format!("= {to}({name} {op} {open}").trim_end());
            if let Some(fix) = error.fixes.last_mut() {
                fix.edits.push(Edit { span: value.span.end(), text: close.to_string() });
            }
        }
        self.report(error);
    }

    fn augmented_string(
        &mut self,
        target: Place,
        op: ast::BinOp,
        op_span: Span,
        value: (Val, Span),
        span: Span,
    ) -> Option<StmtKind> {
        let left = (Val::Place(target.clone()), target.span);
        match self.string_operation(op, left, value, op_span, span) {
            Val::Str(mut string) if op == ast::BinOp::Add => {
                string.parts.remove(0);
                self.warn_too_long(&target, &string);
                Some(StmtKind::StrAppend { target, value: string })
            }
            Val::Str(value) => Some(StmtKind::StrAssign { target, value }),
            _ => None,
        }
    }
}

/// True for a string that cannot be a character.
fn is_text(val: &Val) -> bool {
    match val {
        Val::Const(Const::Str(text)) => text.len() != 1,
        Val::Place(place) => place.ty.is_string(),
        _ => matches!(val, Val::Str(_)),
    }
}

/// A variable or a property of one, as it is written.
fn path(expr: &ast::Expr) -> Option<String> {
    match &expr.kind {
        ast::ExprKind::Name(name) => Some(name.clone()),
        ast::ExprKind::SelfRef => Some("self".to_string()),
        ast::ExprKind::Attr { base, name } => Some(format!("{}.{}", path(base)?, name.name)),
        _ => None,
    }
}
