//! Calls with a value: functions, methods, casts.
//!
//! In: a callee and arguments. Out: a `Val`. Invariant: arguments have the parameters' types; a
//! result `alias[T]` is the place that it points to. Not here: built-in functions (`builtins.rs`),
//! initialisers (`object.rs`), calls as statements (`stmt.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::convert::Use;
use crate::sema::fold;
use crate::sema::hir::{Expr, ExprKind, FuncId, FuncKind, IrqKind, Place, PlaceKind, Type};
use crate::sema::val::{Val, address_of};
use crate::sema::value::Const;
use crate::syntax::ast;

impl Checker<'_> {
    /// What is called; an unknown name is reported as a function.
    pub fn callee(&mut self, callee: &ast::Expr) -> Val {
        match &callee.kind {
            ast::ExprKind::Name(name) => self.name(name, callee.span, "function"),
            _ => self.value(callee),
        }
    }

    /// A call inside an expression.
    pub fn call(&mut self, callee: &ast::Expr, args: &[ast::Expr], span: Span) -> Val {
        match self.callee(callee) {
            Val::Func(id) => self.call_function(id, None, args, callee.span, span),
            Val::Method(id, receiver) => self.call_function(id, receiver, args, callee.span, span),
            Val::Builtin(builtin) => self.builtin_call(builtin, args, span),
            Val::Scalar(ty) => self.cast(ty, args, span),
            Val::Class(id) => {
                let name = self.class_name(id);
                self.initialiser_misuse(&name, args, span)
            }
            Val::Place(Place { ty: Type::Class(id), .. }) => {
                let name = self.class_name(id);
                self.initialiser_misuse(&name, args, span)
            }
            other => self.not_callable(&other, callee, args),
        }
    }

    fn initialiser_misuse(&mut self, class: &str, args: &[ast::Expr], span: Span) -> Val {
        for arg in args {
            self.value(arg);
        }
        let text = format!("initialising an object of '{class}' is a statement and has no value");
        self.report(
            Diagnostic::error(codes::INITIALISER_MISUSE, span, text)
                .help(format!("declare and initialise it: x: {class} = {class}(…), then use x")),
        );
        Val::Error
    }

    /// Reports a call of something that is no function.
    pub fn not_callable(&mut self, val: &Val, callee: &ast::Expr, args: &[ast::Expr]) -> Val {
        for arg in args {
            self.value(arg);
        }
        if !matches!(val, Val::Error | Val::Place(Place { ty: Type::Error, .. })) {
            let text = match &callee.kind {
                ast::ExprKind::Name(name) => format!("'{name}' is {}, not a function", self.describe(val)),
                _ => format!("{} is not a function", self.describe(val)),
            };
            self.report(Diagnostic::error(codes::NOT_CALLABLE, callee.span, text));
        }
        Val::Error
    }

    /// A call of a function or method.
    pub fn call_function(
        &mut self,
        id: FuncId,
        receiver: Option<Place>,
        args: &[ast::Expr],
        name_span: Span,
        span: Span,
    ) -> Val {
        let callable = self.check_callable(id, name_span);
        let Some(args) = self.arguments(id, receiver, args, span) else {
            return Val::Error;
        };
        if !callable {
            return Val::Error;
        }
        let ty = self.out.funcs[id].ret.clone();
        let call = Expr { kind: ExprKind::Call(id, args), ty: ty.clone(), span };
        match ty {
            Type::Error => Val::Error,
            Type::Alias(target) => {
                Val::Place(Place { kind: PlaceKind::Deref(Box::new(call)), ty: *target, span })
            }
            Type::Tuple(_) => Val::Place(Place { kind: PlaceKind::Deref(Box::new(call)), ty, span }),
            _ => Val::Expr(call),
        }
    }

    /// The arguments of a call with the object's address first; `None` after a fault.
    pub fn arguments(
        &mut self,
        id: FuncId,
        receiver: Option<Place>,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<Vec<Expr>> {
        let func = &self.out.funcs[id];
        let name = match (func.kind, func.class) {
            (FuncKind::Init, Some(class)) => self.class_name(class),
            _ => func.name.clone(),
        };
        let skip = usize::from(func.has_self);
        let types: Vec<Type> = func.params.iter().map(|p| p.ty.clone()).collect();
        let wanted = types.len() - skip.min(types.len());
        let mut out = Vec::with_capacity(types.len());
        if func.has_self {
            let ty = types.first().cloned().unwrap_or(Type::Error);
            out.push(match receiver {
                Some(place) => address_of(place, ty),
                None => fold::error(span),
            });
        }
        if args.len() != wanted {
            let error = Self::wrong_count(&name, (wanted, wanted), args.len(), span);
            let params = self.parameters(id);
            let own = matches!(args.first(), Some(ast::Expr { kind: ast::ExprKind::SelfRef, .. }));
            // A default value, say, was reported in the definition.
            if !self.is_misread(id) {
                self.report(match wanted {
                    _ if own => error.help("'self' is no argument; leave it out"),
                    0 => error,
                    _ => error.help(format!("its parameters are ({params})")),
                });
            }
            for arg in args {
                self.value(arg);
            }
            return None;
        }
        for (arg, ty) in args.iter().zip(types.iter().skip(skip)) {
            let val = self.value(arg);
            out.push(self.coerce(val, ty, arg.span, &Use::Argument));
        }
        Some(out)
    }

    /// True when a fault of syntax was reported in the definition of a function.
    fn is_misread(&self, id: FuncId) -> bool {
        let all = self.out.funcs[id].span;
        self.syntax_faults.iter().any(|at| at.file == all.file && all.lo <= at.lo && at.hi <= all.hi)
    }

    /// The parameters as their declaration shows them.
    fn parameters(&self, id: FuncId) -> String {
        let func = &self.out.funcs[id];
        let params = func.params.iter().skip(usize::from(func.has_self));
        let shown: Vec<String> = params.map(|p| format!("{}: {}", p.name, self.type_name(&p.ty))).collect();
        shown.join(", ")
    }

    /// Reports a function that cannot be called, or not from here.
    fn check_callable(&mut self, id: FuncId, span: Span) -> bool {
        let func = &self.out.funcs[id];
        let inside = self.scope.irq.is_some();
        let text = match func.irq {
            _ if func.kind == FuncKind::Main => "'main' cannot be called".to_string(),
            Some(IrqKind::Helper) if !inside => {
                format!("'{}' is an @irq_helper and can be called from interrupt handlers only", func.name)
            }
            Some(IrqKind::Irq | IrqKind::Raw | IrqKind::Hook) => {
                format!(
                    "'{}' is an interrupt handler and cannot be called; install it with __set_irq__",
                    func.name
                )
            }
            _ => return true,
        };
        self.report(Diagnostic::error(codes::NOT_CALLABLE, span, text));
        false
    }

    /// `byte(x)` and its like.
    pub fn cast(&mut self, to: Type, args: &[ast::Expr], span: Span) -> Val {
        let name = self.type_name(&to);
        if !self.check_count(&name, (1, 1), args.len(), span) {
            for arg in args {
                self.value(arg);
            }
            return Val::Error;
        }
        let arg = &args[0];
        let val = self.value(arg);
        if let Val::Const(value) = &val {
            return match cast_const(value, &to, span) {
                Some(expr) => Val::Expr(expr),
                None => self.bad_cast(&val, &to, arg.span),
            };
        }
        match self.scalar(val) {
            Ok(expr) if expr.ty == Type::Error => Val::Error,
            Ok(expr) => {
                let mut expr = if to == Type::Bool {
                    fold::test(expr)
                } else if to == expr.ty && fold::may_differ_in(&expr, &Type::Int) {
                    // Kept: that the value is cut to 8 bits is wanted.
                    Expr { kind: ExprKind::Convert(Box::new(expr)), ty: to, span }
                } else {
                    fold::convert(expr, to)
                };
                expr.span = span;
                Val::Expr(expr)
            }
            Err(val) => self.bad_cast(&val, &to, arg.span),
        }
    }

    fn bad_cast(&mut self, val: &Val, to: &Type, span: Span) -> Val {
        if !matches!(val, Val::Error | Val::Place(Place { ty: Type::Error, .. })) {
            let text = format!("{} cannot be converted to {}", self.describe(val), self.type_name(to));
            self.report(Diagnostic::error(codes::TYPE_MISMATCH, span, text));
        }
        Val::Error
    }
}

/// A constant cast to a scalar type: integers wrap, fractions are cut toward zero when the target
/// has none and rounded to nearest when it is fixed point.
fn cast_const(value: &Const, to: &Type, span: Span) -> Option<Expr> {
    let integer = value.as_int().or_else(|| value.as_char().map(i128::from));
    if *to == Type::Bool {
        let set = integer.map_or_else(|| value.as_f64().map(|x| x != 0.0), |n| Some(n != 0))?;
        return Some(fold::boolean(set, span));
    }
    let number = integer.map_or_else(|| value.as_f64(), |n| Some(n as f64))?;
    Some(match to {
        Type::Float => Expr { kind: ExprKind::Float(fold::mbf(number)), ty: Type::Float, span },
        Type::F16 | Type::F32 => {
            let scale = f64::from(1u32 << fold::fraction_bits(to));
            fold::int((number * scale).round() as i64, to.clone(), span)
        }
        _ => fold::int(integer.unwrap_or(number.trunc() as i128) as i64, to.clone(), span),
    })
}
