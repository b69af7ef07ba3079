//! Copying entities of other modules into the tables of this one.
//!
//! In: interfaces. Out: ids of this module. Invariant: each entity is copied once, with `origin`
//! set and without body or contents; an interface that refers to what was not loaded gives an
//! error, never a wrong layout. Not here: whether the program may use a name (`imports.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::index::IndexVec;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::hir::{
    Class, ClassId, Data, DataId, DataKind, Field, FieldStorage, Func, FuncId, FuncKind, Param, Type,
};
use crate::sema::interface::{ClassLayout, ExportItem, FieldPlace, IfaceType, Signature};
use crate::sema::value::Const;

/// An entity of another module.
#[derive(Clone, Debug)]
pub enum Adopted {
    Func(FuncId),
    Class(ClassId),
    Const(Const),
    Data(DataId),
}

/// Longest chain of parents that an interface may have.
const MAX_ANCESTORS: usize = 100;

impl Checker<'_> {
    /// The entity `name` of a loaded module; `None` when the module has none of this name.
    pub fn adopt(&mut self, module: &str, name: &str) -> Option<Adopted> {
        let symbol = format!("{module}.{name}");
        if let Some(known) = self.adopted.get(&symbol) {
            return Some(known.clone());
        }
        let modules = self.context.modules;
        let item = modules.get(module)?.find(name)?;
        let adopted = match item {
            ExportItem::Func(signature) => Adopted::Func(self.adopt_func(module, signature, None)),
            ExportItem::Const(value) => Adopted::Const(value.clone()),
            ExportItem::Tuple(tuple) => {
                let elem = self.adopt_type(&tuple.elem);
                let size = self.size_of(&elem).saturating_mul(tuple.count);
                let kind = match tuple.relocated {
                    Some(addr) => DataKind::Relocated { addr, order: 0, count: tuple.count },
                    None => DataKind::Tuple { count: tuple.count },
                };
                Adopted::Data(self.adopt_data(module, name, &symbol, elem, kind, size))
            }
            ExportItem::Class(layout) => {
                return self.adopt_class(module, name, layout, 0).map(Adopted::Class);
            }
        };
        self.adopted.insert(symbol, adopted.clone());
        Some(adopted)
    }

    fn adopt_data(
        &mut self,
        module: &str,
        name: &str,
        symbol: &str,
        elem: Type,
        kind: DataKind,
        size: u32,
    ) -> DataId {
        self.out.data.push(Data {
            name: name.to_string(),
            symbol: symbol.to_string(),
            origin: Some(module.to_string()),
            ty: Type::Tuple(Box::new(elem)),
            kind,
            bytes: Vec::new(),
            size,
            span: self.nowhere(),
        })
    }

    /// Things of other modules have no place in this one's sources.
    fn nowhere(&self) -> Span {
        Span::new(self.out.file, 0, 0)
    }

    fn adopt_func(&mut self, module: &str, signature: &Signature, class: Option<ClassId>) -> FuncId {
        let mut params = Vec::new();
        if let (Some(class), true) = (class, signature.has_self) {
            params.push(Param { name: "self".to_string(), ty: Type::Class(class).alias() });
        }
        for (name, ty) in &signature.params {
            params.push(Param { name: name.clone(), ty: self.adopt_type(ty) });
        }
        let ret = self.adopt_type(&signature.ret);
        let symbol = match class {
            Some(id) => format!("{}.{}", self.out.classes[id].symbol, signature.name),
            None => format!("{module}.{}", signature.name),
        };
        let kind = match (class, signature.name.as_str()) {
            (Some(_), "__init__") => FuncKind::Init,
            (Some(_), _) => FuncKind::Method,
            (None, _) => FuncKind::Plain,
        };
        let span = self.nowhere();
        let id = self.out.funcs.push(Func {
            name: signature.name.clone(),
            symbol,
            origin: Some(module.to_string()),
            kind,
            class,
            params,
            has_self: signature.has_self,
            ret,
            locals: IndexVec::new(),
            body: None,
            mapped: signature.mapped,
            naked: signature.naked,
            relocate: None,
            irq: signature.irq,
            builds_result: signature.builds_result,
            public: true,
            name_span: span,
            span,
            doc: None,
        });
        if let Some(why) = &signature.unfit_for_irq {
            self.facts.imported_unfit.insert(id, why.clone());
        }
        id
    }

    fn adopt_class(
        &mut self,
        module: &str,
        name: &str,
        layout: &ClassLayout,
        depth: usize,
    ) -> Option<ClassId> {
        let symbol = format!("{module}.{name}");
        if let Some(Adopted::Class(id)) = self.adopted.get(&symbol) {
            return Some(*id);
        }
        let parent = match &layout.parent {
            Some(parent) => {
                let (module, name) = parent.rsplit_once('.')?;
                let modules = self.context.modules;
                match modules.get(module).and_then(|m| m.find(name)) {
                    Some(ExportItem::Class(layout)) if depth < MAX_ANCESTORS => {
                        Some(self.adopt_class(module, name, layout, depth + 1)?)
                    }
                    _ => {
                        self.not_loaded(parent);
                        None
                    }
                }
            }
            None => None,
        };
        let span = self.nowhere();
        let id = self.out.classes.push(Class {
            name: name.to_string(),
            symbol: symbol.clone(),
            origin: Some(module.to_string()),
            parent,
            size: layout.size,
            fields: Vec::new(),
            methods: Vec::new(),
            defaults: None,
            instance: None,
            singleton: layout.singleton,
            mapped_only: layout.mapped_only,
            span,
            doc: None,
        });
        // Known before its members, which may mention it.
        self.adopted.insert(symbol.clone(), Adopted::Class(id));
        if layout.singleton && layout.size > 0 {
            let instance = self.out.data.push(Data {
                name: name.to_string(),
                symbol: symbol.clone(),
                origin: Some(module.to_string()),
                ty: Type::Class(id),
                kind: DataKind::Singleton(id),
                bytes: Vec::new(),
                size: layout.size,
                span,
            });
            self.out.classes[id].instance = Some(instance);
        }
        for field in &layout.fields {
            let ty = self.adopt_type(&field.ty);
            let storage = match field.place {
                FieldPlace::Offset(offset) => FieldStorage::Offset(offset),
                FieldPlace::Mapped { addr, irq_safe } => FieldStorage::Mapped { addr, irq_safe },
                FieldPlace::Shared { count } => {
                    let elem = match &ty {
                        Type::Tuple(elem) => (**elem).clone(),
                        _ => Type::Error,
                    };
                    let size = self.size_of(&elem).saturating_mul(count);
                    let data_symbol = format!("{symbol}.{}", field.name);
                    let kind = DataKind::Tuple { count };
                    FieldStorage::Shared(self.adopt_data(module, &field.name, &data_symbol, elem, kind, size))
                }
            };
            self.out.classes[id].fields.push(Field { name: field.name.clone(), ty, storage, span });
        }
        for method in &layout.methods {
            let func = self.adopt_func(module, method, Some(id));
            self.out.classes[id].methods.push(func);
        }
        if layout.has_defaults {
            let signature = Signature {
                name: "__defaults__".to_string(),
                params: Vec::new(),
                ret: IfaceType::Void,
                has_self: !layout.singleton && layout.size > 0,
                mapped: None,
                naked: false,
                irq: None,
                builds_result: false,
                unfit_for_irq: None,
            };
            let func = self.adopt_func(module, &signature, Some(id));
            self.out.funcs[func].kind = FuncKind::Defaults;
            self.out.classes[id].defaults = Some(func);
        }
        Some(id)
    }

    fn adopt_type(&mut self, ty: &IfaceType) -> Type {
        match ty {
            IfaceType::Void => Type::Void,
            IfaceType::Scalar(ty) => ty.clone(),
            IfaceType::Str(capacity) => Type::Str(*capacity),
            IfaceType::Array(elem, n) => Type::Array(Box::new(self.adopt_type(elem)), *n),
            IfaceType::Tuple(elem) => Type::Tuple(Box::new(self.adopt_type(elem))),
            IfaceType::Alias(target) => self.adopt_type(target).alias(),
            IfaceType::Class(symbol) => {
                let class = symbol.rsplit_once('.').and_then(|(module, name)| {
                    let modules = self.context.modules;
                    match modules.get(module)?.find(name)? {
                        ExportItem::Class(layout) => self.adopt_class(module, name, layout, 0),
                        _ => None,
                    }
                });
                match class {
                    Some(id) => Type::Class(id),
                    None => {
                        self.not_loaded(symbol);
                        Type::Error
                    }
                }
            }
        }
    }

    fn not_loaded(&mut self, symbol: &str) {
        self.report(Diagnostic::global(
            codes::UNKNOWN_EXPORT,
            format!("an imported module needs class '{symbol}', which does not exist"),
        ));
    }
}
