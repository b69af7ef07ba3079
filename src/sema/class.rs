//! Classes: layout, defaults, methods.
//!
//! In: `ast::ClassDef`. Out: entries of the class table, with one generated function that applies
//! the defaults. Invariant: the layout is complete before the first method is checked; properties
//! lie in order, the parent's first, without padding. Not here: members in expressions
//! (`member.rs`), initialising objects (`object.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::hir::{
    Class, ClassId, Data, DataKind, Field, FieldStorage, Func, FuncKind, Local, LocalKind, Param, Place,
    PlaceKind, Stmt, StmtKind, Type,
};
use crate::sema::scope::{FnScope, GlobalKind};
use crate::sema::tyexpr::Storage;
use crate::sema::val::address_of;
use crate::syntax::ast;

impl<'a> Checker<'a> {
    /// A class.
    pub fn class(&mut self, def: &'a ast::ClassDef) {
        let singleton = self.class_is_singleton(&def.decorators);
        let parent = def.parent.as_ref().and_then(|path| self.parent(path));
        let base = parent.map_or(0, |p| self.out.classes[p].size);
        let id = self.out.classes.push(Class {
            name: def.name.name.clone(),
            symbol: self.symbol(&def.name.name),
            origin: None,
            parent,
            size: base,
            fields: Vec::new(),
            methods: Vec::new(),
            defaults: None,
            instance: None,
            singleton,
            mapped_only: false,
            span: def.name.span,
            doc: def.doc.as_ref().map(|d| d.text.clone()),
        });
        if def.parent.is_some() && parent.is_none() {
            self.vague.insert(id);
        }
        self.define(&def.name, GlobalKind::Class(id));
        self.defining = Some(id);
        for member in &def.members {
            if let ast::Member::Property(property) = member {
                self.property(id, property);
            }
        }
        self.defining = None;
        self.complete_layout(id);
        self.methods_below.clear();
        for member in &def.members {
            if let ast::Member::Method(method) = member {
                self.methods_below.entry(method.name.name.clone()).or_insert(method.name.span);
            }
        }
        // Objects of the class are initialised in its own methods too, so defaults come first.
        self.defaults(id, def);
        for member in &def.members {
            if let ast::Member::Method(method) = member {
                self.function(method, Some(id));
            }
        }
        self.methods_below.clear();
        if singleton
            && self.initialiser(id).is_none()
            && let Some(defaults) = self.out.classes[id].defaults
        {
            self.out.startup.push(defaults);
        }
    }

    fn parent(&mut self, path: &ast::Path) -> Option<ClassId> {
        let parent = match &path.module {
            None if Type::scalar_named(&path.name.name).is_some() => {
                let text = format!("'{}' is no class; only a class can be a parent", path.name.name);
                self.report(Diagnostic::error(codes::BAD_PARENT, path.span, text));
                return None;
            }
            None => self.class_named(&path.name),
            Some(prefix) => self.class_of_module(prefix, &path.name),
        }?;
        let class = &self.out.classes[parent];
        if class.singleton && class.size > 0 {
            let text = format!("'{}' is a @singleton with storage and cannot be a parent", class.name);
            self.report(
                Diagnostic::error(codes::BAD_PARENT, path.span, text)
                    .help("move the common properties into a class without @singleton"),
            );
            return None;
        }
        Some(parent)
    }

    fn property(&mut self, class: ClassId, decl: &'a ast::VarDecl) {
        self.check_new_name(&decl.name, false);
        let declared = self.declared_type(&decl.ty);
        let name = &decl.name.name;
        if let Some(old) = self.out.classes[class].fields.iter().find(|f| f.name == *name) {
            let old = old.span;
            self.duplicate(name, decl.name.span, old);
            return;
        }
        let mut ty = declared.ty;
        if ty == Type::Str(None) {
            ty = self.capacity_from_default(decl);
        }
        self.check_not_singleton(&ty, decl.ty.span);
        let size = self.size_of(&ty);
        let info = &mut self.out.classes[class];
        let storage = match declared.storage {
            Storage::Mapped { addr, irq_safe } => FieldStorage::Mapped { addr, irq_safe },
            Storage::Relocated { .. } => {
                self.bad_type(decl.ty.span, "relocate[…] is possible for data at module level only");
                return;
            }
            Storage::Normal => match (&ty, &decl.value) {
                (Type::Tuple(elem), Some(value)) => {
                    let symbol = format!("{}.{name}", info.symbol);
                    let elem = (**elem).clone();
                    match self.tuple_definition(name, symbol, &elem, value) {
                        Some(data) => FieldStorage::Shared(data),
                        None => return self.bad_member(class, &decl.name),
                    }
                }
                _ => {
                    let offset = info.size;
                    info.size += size;
                    FieldStorage::Offset(offset)
                }
            },
        };
        let field = Field { name: name.clone(), ty, storage, span: decl.name.span };
        self.out.classes[class].fields.push(field);
    }

    /// A property or method whose fault was reported; its uses stay silent.
    pub fn bad_member(&mut self, class: ClassId, name: &ast::Ident) {
        let storage = FieldStorage::Offset(self.out.classes[class].size);
        let field = Field { name: name.name.clone(), ty: Type::Error, storage, span: name.span };
        self.out.classes[class].fields.push(field);
    }

    fn capacity_from_default(&mut self, decl: &ast::VarDecl) -> Type {
        use crate::sema::value::Const;
        match decl.value.as_ref().map(|value| self.constant(value)) {
            Some(Some(Const::Str(text))) => Type::Str(Some(text.len().clamp(1, 255) as u8)),
            Some(None) => Type::Error,
            _ => {
                self.needs_capacity(decl.ty.span);
                Type::Error
            }
        }
    }

    fn complete_layout(&mut self, id: ClassId) {
        let class = &self.out.classes[id];
        let properties = self.ancestry(id).map(|c| self.out.classes[c].fields.len()).sum::<usize>();
        let mapped_only = class.size == 0 && properties > 0;
        let (name, symbol, size, span) = (class.name.clone(), class.symbol.clone(), class.size, class.span);
        let has_instance = class.singleton && size > 0;
        if size > 0xFFFF {
            let text =
                format!("an object of class '{name}' would have {size} bytes, more than the memory holds");
            self.report(Diagnostic::error(codes::BAD_LENGTH, span, text));
        }
        let instance = has_instance.then(|| {
            self.out.data.push(Data {
                name,
                symbol,
                origin: None,
                ty: Type::Class(id),
                kind: DataKind::Singleton(id),
                bytes: Vec::new(),
                size,
                span,
            })
        });
        let class = &mut self.out.classes[id];
        class.mapped_only = mapped_only;
        class.instance = instance;
    }

    /// The generated function that applies all defaults of a class.
    fn defaults(&mut self, id: ClassId, def: &'a ast::ClassDef) {
        let class = &self.out.classes[id];
        let has_self = !class.singleton && class.size > 0;
        let symbol = format!("{}.__defaults__", class.symbol);
        let span = class.span;
        let mut scope = FnScope { class: Some(id), has_self, ..FnScope::default() };
        let mut params = Vec::new();
        if has_self {
            let ty = Type::Class(id).alias();
            params.push(Param { name: "self".to_string(), ty: ty.clone() });
            scope.locals.push(Local { name: "self".to_string(), ty, kind: LocalKind::Param, span });
        }
        self.scope = scope;
        let body = self.default_statements(id, def);
        let locals = std::mem::take(&mut self.scope).locals;
        if body.is_empty() {
            return;
        }
        let func = self.out.funcs.push(Func {
            name: "__defaults__".to_string(),
            symbol,
            origin: None,
            kind: FuncKind::Defaults,
            class: Some(id),
            params,
            has_self,
            ret: Type::Void,
            locals,
            body: Some(body),
            mapped: None,
            naked: false,
            relocate: None,
            irq: None,
            builds_result: false,
            public: true,
            name_span: span,
            span,
            doc: None,
        });
        self.out.classes[id].defaults = Some(func);
    }

    fn default_statements(&mut self, id: ClassId, def: &'a ast::ClassDef) -> Vec<Stmt> {
        let span = def.name.span;
        let mut stmts = Vec::new();
        let Some(object) = self.self_place(span) else {
            return stmts;
        };
        let mut kinds = Vec::new();
        if let Some(parent) = self.out.classes[id].parent {
            let part = Place { ty: Type::Class(parent), ..object.clone() };
            self.apply_defaults(&part, parent, &mut kinds);
        }
        stmts.extend(kinds.drain(..).map(|kind| Stmt { kind, span }));
        for member in &def.members {
            let ast::Member::Property(decl) = member else { continue };
            let fields = &self.out.classes[id].fields;
            let Some(position) = fields.iter().position(|f| f.span == decl.name.span) else { continue };
            let storage = fields[position].storage;
            let place = self.field_place(Some(object.clone()), id, position, decl.name.span);
            self.default_of(place, storage, decl, &mut kinds);
            stmts.extend(kinds.drain(..).map(|kind| Stmt { kind, span: decl.span }));
        }
        stmts
    }

    fn default_of(
        &mut self,
        place: Place,
        storage: FieldStorage,
        decl: &'a ast::VarDecl,
        out: &mut Vec<StmtKind>,
    ) {
        if matches!(storage, FieldStorage::Shared(_)) {
            return;
        }
        let Some(value) = &decl.value else {
            match place.ty.clone() {
                Type::Tuple(_) => {
                    let empty = self.empty_tuple(decl.name.span);
                    let ty = place.ty.clone();
                    let data = Place { kind: PlaceKind::Data(empty), ty: ty.clone(), span: place.span };
                    out.push(StmtKind::Assign { target: place, value: address_of(data, ty) });
                }
                Type::Class(class) if !self.out.classes[class].singleton => {
                    self.declare_object(&place, class, out);
                }
                _ => {}
            }
            return;
        };
        if let Type::Class(_) = place.ty {
            self.value_for_errors(value);
            self.default_not_possible(value.span, "an object as property is initialised in __init__");
            return;
        }
        if !self.is_constant_default(value) {
            return;
        }
        if let Type::Alias(_) = place.ty {
            if let Some(addr) = self.constant_address(value) {
                let value = crate::sema::fold::int(i64::from(addr), place.ty.clone(), value.span);
                out.push(StmtKind::Assign { target: place, value });
            }
            return;
        }
        out.extend(self.store(place, value));
    }

    fn default_not_possible(&mut self, span: Span, help: &str) {
        self.report(
            Diagnostic::error(codes::NOT_CONSTANT, span, "the default of a property must be a constant")
                .help(help),
        );
    }

    /// Checks that a default holds nothing but constants; reports what is none.
    fn is_constant_default(&mut self, value: &ast::Expr) -> bool {
        let mut fine = true;
        match &value.unparenthesised().kind {
            ast::ExprKind::Tuple(items) => {
                for item in items {
                    fine &= self.constant(item).is_some();
                }
            }
            ast::ExprKind::Fill(inner) => fine = self.constant(inner).is_some(),
            _ => fine = self.constant(value).is_some(),
        }
        fine
    }
}
