//! Constants and data at module level.
//!
//! In: `NAME = expr` and `name: type [= value]`. Out: globals. Invariant: nothing at module level
//! makes code. Not here: functions (`func.rs`), classes (`class.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::hir::{DataKind, Type};
use crate::sema::scope::{GlobalKind, Mapped};
use crate::sema::tyexpr::Storage;
use crate::syntax::ast;

impl<'a> Checker<'a> {
    /// `NAME = expr`
    pub fn constant_definition(&mut self, def: &'a ast::ConstDef) {
        // A lower-case name was reported by the parser.
        let kind = match self.constant(&def.value) {
            Some(value) => GlobalKind::Const(value),
            None => GlobalKind::Bad,
        };
        self.define(&def.name, kind);
    }

    /// `name: type [= value]`
    pub fn data_definition(&mut self, decl: &'a ast::VarDecl) {
        let declared = self.declared_type(&decl.ty);
        let kind = match (declared.storage, declared.ty) {
            (_, Type::Error) => GlobalKind::Bad,
            (Storage::Mapped { addr, irq_safe }, ty) => {
                if let Some(value) = &decl.value {
                    let text = "a mapped variable at module level cannot have a value";
                    self.report(
                        Diagnostic::error(codes::MODULE_VARIABLE, value.span, text)
                            .help("assign it in a function; no code runs at module level"),
                    );
                }
                GlobalKind::Mapped(Mapped { ty, addr, irq_safe })
            }
            (storage, Type::Tuple(elem)) => match &decl.value {
                Some(value) => self.tuple_at_module_level(decl, storage, &elem, value),
                None => self.variable_at_module_level(decl),
            },
            _ => self.variable_at_module_level(decl),
        };
        self.define(&decl.name, kind);
    }

    fn tuple_at_module_level(
        &mut self,
        decl: &ast::VarDecl,
        storage: Storage,
        elem: &Type,
        value: &ast::Expr,
    ) -> GlobalKind {
        let symbol = self.symbol(&decl.name.name);
        let Some(id) = self.tuple_definition(&decl.name.name, symbol, elem, value) else {
            return GlobalKind::Bad;
        };
        let data = &mut self.out.data[id];
        data.span = decl.span;
        if let (Storage::Relocated { addr }, DataKind::Tuple { count }) = (storage, data.kind) {
            data.kind = DataKind::Relocated { addr, order: self.relocated, count };
            self.relocated += 1;
        }
        GlobalKind::Data(id)
    }

    fn variable_at_module_level(&mut self, decl: &ast::VarDecl) -> GlobalKind {
        if let Some(value) = &decl.value {
            self.value_for_errors(value);
        }
        let name = &decl.name.name;
        let text = format!("'{name}' is a variable at module level; use a property of a @singleton class");
        let mut error = Diagnostic::error(codes::MODULE_VARIABLE, decl.name.span, text)
            .help(format!("@singleton, then 'class State:' with '{name}' as property, used as State.{name}"));
        if decl.value.is_some() && !name.bytes().any(|b| b.is_ascii_lowercase()) {
            let ty = Span { lo: decl.name.span.hi, ..decl.ty.span };
            error = error.fix("for a constant, leave the type out", ty, "");
        }
        self.report(error);
        GlobalKind::Bad
    }
}
