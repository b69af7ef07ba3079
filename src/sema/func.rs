//! Functions and methods: signature, attributes, body.
//!
//! In: `ast::FuncDef`. Out: entries of the function table. Invariant: a function is known from its
//! own head on, so that it can call itself; a body is checked with a fresh `FnScope`. Not here:
//! what classes do with their methods (`class.rs`), rules of flow (`flow.rs`).

use std::collections::HashMap;

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::index::IndexVec;
use crate::base::source::Span;
use crate::sema::attrs::Attrs;
use crate::sema::check::Checker;
use crate::sema::hir::{
    ClassId, Func, FuncId, FuncKind, IrqKind, Local, LocalKind, Main, Param, Relocate, Type,
};
use crate::sema::scope::{BindingKind, FnScope, GlobalKind, Mapped};
use crate::syntax::ast;

/// The registers that a handler may take, with their addresses.
const REGISTERS: &[(&str, u16)] = &[("vic", 0xD019), ("cia1", 0xDC0D), ("cia2", 0xDD0D)];

impl<'a> Checker<'a> {
    /// A function, or a method of `class`.
    pub fn function(&mut self, def: &'a ast::FuncDef, class: Option<ClassId>) {
        let main = class.is_none() && def.name.name == "main";
        if main && !self.context.program {
            self.later.remove("main");
            return;
        }
        let attrs = self.function_attributes(&def.decorators, main);
        if matches!(def.body, ast::FuncBody::Unknown) {
            return self.unknown_function(&def.name, class);
        }
        let (func, spans) = self.signature(def, class, &attrs, main);
        let id = match self.declared_before(&def.name, class) {
            Some(old) => self.match_forward(old, func, def),
            None => {
                let id = self.out.funcs.push(func);
                match class {
                    Some(class) => self.add_method(class, id, &def.name),
                    None => self.define(&def.name, GlobalKind::Func(id)),
                }
                id
            }
        };
        if main {
            self.main_function(id, def, &attrs);
        }
        self.body(id, def, &attrs, &spans);
    }

    /// A function whose head is unreadable: its uses stay silent.
    fn unknown_function(&mut self, name: &ast::Ident, class: Option<ClassId>) {
        if let Some(declared) = self.declared_before(name, class) {
            self.forwards.remove(&declared);
            return;
        }
        match class {
            Some(class) => self.bad_member(class, name),
            None => self.define(name, GlobalKind::Bad),
        }
    }

    /// The function of this name that was declared with `@forward` and awaits its definition.
    fn declared_before(&self, name: &ast::Ident, class: Option<ClassId>) -> Option<FuncId> {
        let id = match class {
            None => match self.globals.get(&name.name)?.kind {
                GlobalKind::Func(id) => id,
                _ => return None,
            },
            Some(class) => {
                let methods = &self.out.classes[class].methods;
                methods.iter().copied().find(|m| self.out.funcs[*m].name == name.name)?
            }
        };
        self.forwards.contains_key(&id).then_some(id)
    }

    /// The definition of a declared function takes its place in the table.
    fn match_forward(&mut self, old: FuncId, mut func: Func, def: &ast::FuncDef) -> FuncId {
        let declared = &self.out.funcs[old];
        let same = declared.params.len() == func.params.len()
            && declared.params.iter().zip(&func.params).all(|(a, b)| a.ty == b.ty)
            && declared.ret == func.ret;
        if !same {
            let place = declared.name_span;
            let text = format!("'{}' differs from its @forward declaration", func.name);
            self.report(
                Diagnostic::error(codes::FORWARD, def.head_span, text)
                    .also(place, "declared here")
                    .help("parameters and result must be the same in both places"),
            );
        }
        self.forwards.remove(&old);
        func.kind = declared_kind(&self.out.funcs[old], func.kind);
        self.out.funcs[old] = func;
        old
    }

    fn add_method(&mut self, class: ClassId, id: FuncId, name: &ast::Ident) {
        self.check_new_name(name, true);
        self.methods_below.remove(&name.name);
        let info = &self.out.classes[class];
        let same_field = info.fields.iter().find(|f| f.name == name.name).map(|f| f.span);
        let same_method = info.methods.iter().find(|m| self.out.funcs[**m].name == name.name);
        match same_field.or(same_method.map(|m| self.out.funcs[*m].name_span)) {
            Some(old) => self.duplicate(&name.name, name.span, old),
            None => self.out.classes[class].methods.push(id),
        }
    }

    fn signature(
        &mut self,
        def: &'a ast::FuncDef,
        class: Option<ClassId>,
        attrs: &Attrs,
        main: bool,
    ) -> (Func, Vec<Span>) {
        let handler = attrs.irq.is_some_and(|(kind, _)| kind != IrqKind::Helper);
        let has_self = class.is_some_and(|c| {
            let class = &self.out.classes[c];
            !class.singleton && class.size > 0 && attrs.mapped.is_none()
        });
        let mut params = Vec::new();
        let mut spans = Vec::new();
        if let (true, Some(class)) = (has_self, class) {
            params.push(Param { name: "self".to_string(), ty: Type::Class(class).alias() });
            spans.push(def.name.span);
        }
        for param in &def.params {
            let ty = self.parameter_type(param);
            if handler {
                self.check_register(param, &ty);
            } else {
                params.push(Param { name: param.name.name.clone(), ty });
                spans.push(param.name.span);
            }
        }
        let ret = def.ret.as_ref().map_or(Type::Void, |ret| self.result_type(ret));
        let kind = match (class, def.name.name.as_str()) {
            (Some(_), "__init__") => FuncKind::Init,
            (Some(_), _) => FuncKind::Method,
            (None, _) if main => FuncKind::Main,
            (None, _) => FuncKind::Plain,
        };
        self.check_signature(def, kind, attrs, &ret, handler);
        let symbol = match class {
            Some(class) => format!("{}.{}", self.out.classes[class].symbol, def.name.name),
            None => self.symbol(&def.name.name),
        };
        let relocate = attrs.relocate.map(|addr| Relocate { addr, order: self.relocated });
        self.relocated += u32::from(relocate.is_some());
        let func = Func {
            name: def.name.name.clone(),
            symbol,
            origin: None,
            kind,
            class,
            params,
            has_self,
            ret,
            locals: IndexVec::new(),
            body: None,
            mapped: attrs.mapped.map(|(addr, _)| addr),
            naked: attrs.naked.is_some(),
            relocate,
            irq: attrs.irq.map(|(kind, _)| kind),
            builds_result: false,
            // `__init__` and `__str__` are called by whoever uses the class.
            public: !main && (!def.name.name.starts_with('_') || def.name.name.starts_with("__")),
            name_span: def.name.span,
            span: def.span,
            doc: def.doc.as_ref().map(|d| d.text.clone()),
        };
        if func.mapped.is_some() || func.naked {
            self.check_registers(def, &func);
        }
        (func, spans)
    }

    fn parameter_type(&mut self, param: &ast::Param) -> Type {
        let ty = self.plain_type(&param.ty);
        if ty.is_composite() {
            let name = self.type_name(&ty);
            let text = format!("a parameter of type {name} is passed as alias[{name}]");
            self.report(Diagnostic::error(codes::COMPOSITE_BY_VALUE, param.ty.span, text).fix(
                "use an alias",
                param.ty.span,
                format!("alias[{name}]"),
            ));
            return Type::Error;
        }
        ty
    }

    fn result_type(&mut self, ret: &ast::TypeExpr) -> Type {
        let ty = self.plain_type(ret);
        if ty.is_composite() {
            let name = self.type_name(&ty);
            let text = format!("a result of type {name} is returned as alias[{name}]");
            self.report(Diagnostic::error(codes::COMPOSITE_BY_VALUE, ret.span, text).fix(
                "use an alias",
                ret.span,
                format!("alias[{name}]"),
            ));
            return Type::Error;
        }
        ty
    }

    fn check_register(&mut self, param: &ast::Param, ty: &Type) {
        let name = &param.name.name;
        if !REGISTERS.iter().any(|(n, _)| n == name) {
            let text = format!("'{name}': a handler takes vic, cia1 and cia2 only");
            self.report(Diagnostic::error(codes::REGISTER_PARAMETERS, param.name.span, text));
        } else if !matches!(ty, Type::Byte | Type::Error) {
            let text = format!("'{name}' is a byte");
            self.report(Diagnostic::error(codes::REGISTER_PARAMETERS, param.ty.span, text));
        }
    }

    fn check_signature(
        &mut self,
        def: &ast::FuncDef,
        kind: FuncKind,
        attrs: &Attrs,
        ret: &Type,
        handler: bool,
    ) {
        let mut fault = |span: Span, text: String| {
            self.report(Diagnostic::error(codes::BAD_SIGNATURE, span, text));
        };
        let span = def.name.span;
        match kind {
            FuncKind::Main if !def.params.is_empty() || *ret != Type::Void => {
                fault(def.head_span, "'main' takes no parameters and has no result".to_string());
            }
            FuncKind::Init if *ret != Type::Void => {
                fault(span, "__init__ has no result".to_string());
            }
            FuncKind::Method if def.name.name == "__str__" => {
                let string = matches!(ret, Type::Alias(t) if t.is_string());
                if (!string && *ret != Type::Error) || !def.params.is_empty() {
                    fault(span, "__str__ takes no parameters and returns alias[string]".to_string());
                }
            }
            _ => {}
        }
        if handler && *ret != Type::Void {
            fault(span, "an interrupt handler has no result".to_string());
        }
        if let (true, Some((_, span))) = (matches!(kind, FuncKind::Method | FuncKind::Init), attrs.irq) {
            fault(span, "a method cannot be an interrupt handler".to_string());
        }
        if let (true, Some(span)) = (matches!(kind, FuncKind::Method | FuncKind::Init), attrs.naked) {
            fault(span, "@naked stands on functions at module level only".to_string());
        }
    }

    /// Arguments of `@mapped` and `@naked` functions travel in registers.
    fn check_registers(&mut self, def: &ast::FuncDef, func: &Func) {
        let mut bytes = 0;
        let mut words = 0;
        for param in &func.params {
            match param.ty.width() {
                1 => bytes += 1,
                2 => words += 1,
                _ if param.ty == Type::Error => return,
                _ => words += 3,
            }
        }
        let fits = match words {
            0 => bytes <= 3,
            1 => bytes <= 1,
            _ => false,
        };
        if !fits {
            let text =
                "the arguments do not fit A, X and Y: up to three bytes, or one word (X, Y) and a byte (A)";
            self.report(Diagnostic::error(codes::REGISTER_PARAMETERS, def.head_span, text));
        }
        if func.ret.width() > 2 {
            let text = "a result in registers is a byte (A) or a word (A, X)";
            self.report(Diagnostic::error(codes::REGISTER_PARAMETERS, def.head_span, text));
        }
    }

    fn main_function(&mut self, func: FuncId, def: &ast::FuncDef, attrs: &Attrs) {
        if self.out.main.is_some() {
            return;
        }
        self.out.main = Some(Main {
            func,
            kernal: attrs.kernal,
            noreturn: attrs.noreturn,
            origin: attrs.origin,
            charset_rom: attrs.charset_rom,
            cartridge: attrs.cartridge,
        });
        if let ast::FuncBody::Declared(span) = &def.body {
            self.report(Diagnostic::error(codes::BODY, *span, "'main' needs a body"));
        }
    }

    fn body(&mut self, id: FuncId, def: &'a ast::FuncDef, attrs: &Attrs, spans: &[Span]) {
        let declared_only = attrs.forward.is_some() || attrs.mapped.is_some();
        let block =
            match &def.body {
                ast::FuncBody::Declared(span) => {
                    if attrs.forward.is_some() {
                        self.forwards.insert(id, def.name.span);
                    } else if !declared_only && !attrs.faulty && def.name.name != "main" {
                        let text = format!("'{}' has no body", def.name.name);
                        self.report(Diagnostic::error(codes::BODY, *span, text).help(
                            "'...' is the body of @forward and @mapped functions; an empty body is pass",
                        ));
                    }
                    self.bind_parameters(id, def, spans);
                    self.finish(id, None);
                    return;
                }
                ast::FuncBody::Block(block) => block,
                ast::FuncBody::Unknown => return,
            };
        if declared_only {
            let word = if attrs.forward.is_some() { "@forward" } else { "@mapped" };
            let text = format!("the body of a {word} function is '...'");
            self.report(Diagnostic::error(codes::BODY, def.head_span, text));
        }
        self.bind_parameters(id, def, spans);
        self.scope.declared = HashMap::new();
        collect_declared(block, &mut self.scope.declared);
        let stmts = self.block(block);
        if declared_only {
            self.finish(id, None);
            return;
        }
        if let Some(span) = attrs.naked {
            self.check_naked(block, span);
        }
        self.finish(id, Some(stmts));
    }

    fn finish(&mut self, id: FuncId, body: Option<Vec<crate::sema::hir::Stmt>>) {
        let scope = std::mem::take(&mut self.scope);
        self.out.funcs[id].locals = scope.locals;
        self.out.funcs[id].body = body;
    }

    /// A fresh scope with the parameters of a function.
    fn bind_parameters(&mut self, id: FuncId, def: &ast::FuncDef, spans: &[Span]) {
        let func = &self.out.funcs[id];
        let mut scope = FnScope {
            func: Some(id),
            class: func.class,
            has_self: func.has_self,
            ret: Some(func.ret.clone()),
            irq: func.irq,
            ..FnScope::default()
        };
        for (param, span) in func.params.iter().zip(spans) {
            let local =
                Local { name: param.name.clone(), ty: param.ty.clone(), kind: LocalKind::Param, span: *span };
            scope.locals.push(local);
        }
        let skip = usize::from(func.has_self);
        let handler = func.irq.is_some_and(|kind| kind != IrqKind::Helper);
        let types: Vec<Type> = func.params.iter().skip(skip).map(|p| p.ty.clone()).collect();
        self.scope = scope;
        for (i, param) in def.params.iter().enumerate() {
            let kind = if handler {
                self.register_binding(param)
            } else if types.get(i) == Some(&Type::Error) {
                BindingKind::Bad
            } else {
                BindingKind::Local(crate::sema::hir::LocalId((i + skip) as u32))
            };
            self.check_new_name(&param.name, false);
            self.bind(&param.name, kind);
        }
    }

    fn register_binding(&mut self, param: &ast::Param) -> BindingKind {
        let name = param.name.name.as_str();
        match REGISTERS.iter().find(|(n, _)| *n == name) {
            Some(("cia1", _)) => {
                let local = Local {
                    name: name.to_string(),
                    ty: Type::Byte,
                    kind: LocalKind::Cia1,
                    span: param.name.span,
                };
                BindingKind::Cia1(self.scope.locals.push(local))
            }
            Some((_, addr)) => BindingKind::Mapped(Mapped { ty: Type::Byte, addr: *addr, irq_safe: false }),
            None => BindingKind::Bad,
        }
    }

    fn check_naked(&mut self, block: &ast::Block, decorator: Span) {
        for stmt in &block.stmts {
            let allowed = match &stmt.kind {
                ast::StmtKind::Asm(_) | ast::StmtKind::Pass | ast::StmtKind::Error => true,
                ast::StmtKind::Decl(decl) => {
                    decl.value.is_none()
                        && matches!(decl.ty.kind, ast::TypeKind::Mapped { .. } | ast::TypeKind::Error)
                }
                _ => false,
            };
            if !allowed {
                self.report(
                    Diagnostic::error(
                        codes::BAD_STATEMENT,
                        stmt.span,
                        "the body of a @naked function is assembly only",
                    )
                    .also(decorator, "@naked: there is no frame for variables and values")
                    .help("remove @naked, or write this in __asm__"),
                );
                return;
            }
        }
    }
}

/// A forward declaration and its definition are of one kind.
fn declared_kind(declared: &Func, kind: FuncKind) -> FuncKind {
    if declared.kind == FuncKind::Init { FuncKind::Init } else { kind }
}

/// The variables that a block declares, with their first places.
fn collect_declared(block: &ast::Block, out: &mut HashMap<String, Span>) {
    for stmt in &block.stmts {
        match &stmt.kind {
            ast::StmtKind::Decl(decl) => {
                out.entry(decl.name.name.clone()).or_insert(decl.name.span);
            }
            ast::StmtKind::If { arms, otherwise } => {
                arms.iter().map(|arm| &arm.body).chain(otherwise).for_each(|b| collect_declared(b, out));
            }
            ast::StmtKind::While { body, .. } | ast::StmtKind::For { body, .. } => {
                collect_declared(body, out)
            }
            _ => {}
        }
    }
}
