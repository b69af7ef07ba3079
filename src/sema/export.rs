//! The interface of a checked module.
//!
//! In: the checker at its end. Out: an `Interface`. Invariant: exports are in source order; private
//! functions, constants and tuples are left out, private classes are kept for layouts and
//! signatures. Not here: the notation in a `.LIB` (`obj/`).

use std::collections::BTreeSet;

use crate::sema::check::Checker;
use crate::sema::hir::{Class, ClassId, DataKind, FieldStorage, Func, FuncKind, Type};
use crate::sema::interface::{
    ClassLayout, Export, ExportItem, FieldLayout, FieldPlace, IfaceType, Interface, Signature, TupleData,
};
use crate::sema::irq;
use crate::sema::scope::GlobalKind;

/// The interface of the module that `checker` has checked.
pub fn interface(checker: &Checker<'_>) -> Interface {
    let mut needs = BTreeSet::new();
    let mut exports = Vec::new();
    for name in &checker.defined {
        let Some(global) = checker.globals.get(name) else { continue };
        let public = !name.starts_with('_') && name != "main";
        let item = match &global.kind {
            GlobalKind::Class(id) => ExportItem::Class(class(checker, *id, &mut needs)),
            _ if !public => continue,
            GlobalKind::Const(value) => ExportItem::Const(value.clone()),
            GlobalKind::Func(id) => ExportItem::Func(signature(checker, &checker.out.funcs[*id], &mut needs)),
            GlobalKind::Data(id) => {
                let data = &checker.out.data[*id];
                let (count, relocated) = match data.kind {
                    DataKind::Tuple { count } => (count, None),
                    DataKind::Relocated { addr, count, .. } => (count, Some(addr)),
                    DataKind::Literal | DataKind::Singleton(_) => continue,
                };
                let elem = match &data.ty {
                    Type::Tuple(elem) => iface_type(checker, elem, &mut needs),
                    _ => continue,
                };
                ExportItem::Tuple(TupleData { elem, count, relocated })
            }
            GlobalKind::Mapped(_) | GlobalKind::Bad => continue,
        };
        exports.push(Export { name: name.clone(), item });
    }
    needs.remove(&checker.out.name);
    Interface {
        name: checker.out.name.clone(),
        version: checker.out.version,
        lowercase: checker.out.lowercase,
        exports,
        needs: needs.into_iter().collect(),
    }
}

fn signature(checker: &Checker<'_>, func: &Func, needs: &mut BTreeSet<String>) -> Signature {
    let params = func.params.iter().skip(usize::from(func.has_self));
    Signature {
        name: func.name.clone(),
        params: params.map(|p| (p.name.clone(), iface_type(checker, &p.ty, needs))).collect(),
        ret: iface_type(checker, &func.ret, needs),
        has_self: func.has_self,
        mapped: func.mapped,
        naked: func.naked,
        irq: func.irq,
        builds_result: func.builds_result,
        unfit_for_irq: irq::unfit(checker, func),
    }
}

fn class(checker: &Checker<'_>, id: ClassId, needs: &mut BTreeSet<String>) -> ClassLayout {
    let class: &Class = &checker.out.classes[id];
    let fields = class.fields.iter().map(|field| FieldLayout {
        name: field.name.clone(),
        ty: iface_type(checker, &field.ty, needs),
        place: match field.storage {
            FieldStorage::Offset(offset) => FieldPlace::Offset(offset),
            FieldStorage::Mapped { addr, irq_safe } => FieldPlace::Mapped { addr, irq_safe },
            FieldStorage::Shared(data) => FieldPlace::Shared {
                count: match checker.out.data[data].kind {
                    DataKind::Tuple { count } => count,
                    _ => 0,
                },
            },
        },
    });
    let fields = fields.collect();
    let methods = class.methods.iter().map(|m| &checker.out.funcs[*m]);
    let methods = methods.filter(|m| m.kind != FuncKind::Defaults).map(|m| signature(checker, m, needs));
    let methods = methods.collect();
    ClassLayout {
        parent: class.parent.map(|p| class_symbol(checker, p, needs)),
        size: class.size,
        fields,
        methods,
        has_defaults: class.defaults.is_some(),
        singleton: class.singleton,
        mapped_only: class.mapped_only,
    }
}

fn class_symbol(checker: &Checker<'_>, id: ClassId, needs: &mut BTreeSet<String>) -> String {
    let class = &checker.out.classes[id];
    let module = class.origin.as_ref().unwrap_or(&checker.out.name);
    needs.insert(module.clone());
    format!("{module}.{}", class.name)
}

fn iface_type(checker: &Checker<'_>, ty: &Type, needs: &mut BTreeSet<String>) -> IfaceType {
    match ty {
        Type::Str(capacity) => IfaceType::Str(*capacity),
        Type::Array(elem, n) => IfaceType::Array(Box::new(iface_type(checker, elem, needs)), *n),
        Type::Tuple(elem) => IfaceType::Tuple(Box::new(iface_type(checker, elem, needs))),
        Type::Alias(target) => IfaceType::Alias(Box::new(iface_type(checker, target, needs))),
        Type::Class(id) => IfaceType::Class(class_symbol(checker, *id, needs)),
        Type::Void | Type::Error => IfaceType::Void,
        scalar => IfaceType::Scalar(scalar.clone()),
    }
}
