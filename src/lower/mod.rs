//! Layer 5: the typed tree becomes middle IR.
//!
//! In: checked modules without errors, those that others import first. Out: one `mir::Program`
//! with the functions and data of all of them; what none of them defines is external. Each module
//! is lowered alone and joined with the others (`mir/merge.rs`): it becomes the same IR in every
//! program, so that a `.LIB` can keep it.
//! Invariant: the order and number of evaluations and of accesses to mapped variables is that of
//! the language; operations have the width that the types say (narrowing is `opt/`'s business).
//! Not here: anything that makes code faster, except shapes that only the source's form shows.
//!
//! One file for each kind of thing: `data.rs` static data, `func.rs` functions and their variables,
//! `stmt.rs` and `loops.rs` statements, `expr.rs`, `cond.rs` and `convert.rs` values, `place.rs`
//! addresses, `string.rs` and `print.rs` text, `bulk.rs` copies and fills, `checks.rs` run-time
//! checks, `irq.rs` what handlers and the main program share.

mod bulk;
mod checks;
mod cond;
mod convert;
mod data;
mod expr;
mod func;
mod irq;
mod loops;
mod outlive;
mod place;
mod print;
mod reach;
mod scan;
mod stmt;
mod string;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::source::SourceMap;
use crate::mir::ir::{self, Environment, FuncId, GlobalId, Program, Ty};
use crate::mir::merge::merge;
use crate::sema::hir::{self, Module, Type};

pub use crate::mir::merge::Clash;
pub use irq::{separate_handlers, share_exported};

/// Choices of the user that change what is lowered.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Options {
    /// Check indices, null aliases and the capacity of strings at run time.
    pub checks: bool,
}

/// Lowers modules, in dependency order (the program last), to one program. Modules without `main`
/// give a library: what they import is external, what is public is exported.
pub fn lower(modules: &[&Module], sources: &SourceMap, options: Options) -> Program {
    let parts = modules.iter().map(|module| lower_module(module, sources, options)).collect();
    join(parts).unwrap_or_else(|clash| panic!("lower: {clash}"))
}

/// Lowers one module, whatever else belongs to its program.
pub fn lower_module(module: &Module, sources: &SourceMap, options: Options) -> Program {
    let mut cx = Context::new(module, sources, options);
    let tables = cx.declare(module);
    cx.define(module, &tables);
    cx.program
}

/// Joins the modules of a program.
pub fn join(parts: Vec<Program>) -> Result<Program, Clash> {
    let mut program = merge(parts)?;
    if program.entry.is_some() {
        separate_handlers(&mut program);
        data::place_relocated(&mut program);
    }
    Ok(program)
}

/// What is known across the functions of a module.
struct Context<'a> {
    program: Program,
    sources: &'a SourceMap,
    options: Options,
    /// True when the module has no `main`.
    library: bool,
    /// Functions and named data by link symbol.
    funcs: BTreeMap<String, FuncId>,
    globals: BTreeMap<String, GlobalId>,
    /// String literals, tables of constants and messages by content.
    literals: BTreeMap<Vec<u8>, GlobalId>,
    tables: BTreeMap<Vec<u8>, GlobalId>,
    /// Literals that a pointer may lead to, and so may change.
    exposed: BTreeSet<Vec<u8>>,
    /// What a tuple variable without a value points to.
    empty_tuple: Option<GlobalId>,
}

/// Where the functions and data of one module are in the program.
struct Tables {
    funcs: Vec<Target>,
    /// Global, and how far behind its start the place begins.
    data: Vec<(GlobalId, i32)>,
    calls: reach::Calls,
}

/// How a function is called.
#[derive(Clone, Copy)]
enum Target {
    Func(FuncId),
    /// `@mapped`.
    Abs(u16),
}

impl<'a> Context<'a> {
    fn new(module: &Module, sources: &'a SourceMap, options: Options) -> Self {
        let exposed = module.funcs.iter().flat_map(|func| scan::facts(func).data);
        let exposed = exposed.map(|data| module.data[data].bytes.clone()).collect();
        Self {
            program: Program::default(),
            sources,
            options,
            library: module.main.is_none(),
            funcs: BTreeMap::new(),
            globals: BTreeMap::new(),
            literals: BTreeMap::new(),
            tables: BTreeMap::new(),
            exposed,
            empty_tuple: None,
        }
    }

    /// Makes the entries of everything the module names.
    fn declare(&mut self, module: &Module) -> Tables {
        let data = self.declare_data(module);
        self.declare_mapped(module);
        let mut used = BTreeSet::new();
        for func in module.funcs.iter() {
            used.extend(scan::facts(func).funcs);
        }
        let funcs = module
            .funcs
            .enumerated()
            .map(|(id, func)| match func.mapped {
                Some(addr) => Target::Abs(addr),
                None => Target::Func(self.declare_func(func, used.contains(&id))),
            })
            .collect();
        Tables { funcs, data, calls: reach::Calls::new(module) }
    }

    fn declare_func(&mut self, func: &hir::Func, address_used: bool) -> FuncId {
        let id = match self.funcs.get(&func.symbol) {
            Some(&id) => id,
            None => {
                let params = func.params.iter().map(|p| ty(&p.ty)).collect();
                let ret = (func.ret != Type::Void).then(|| ty(&func.ret));
                let id = self.program.funcs.push(ir::Func::new(func.symbol.as_str(), params, ret));
                self.funcs.insert(func.symbol.clone(), id);
                id
            }
        };
        let entry = &mut self.program.funcs[id];
        entry.kind = match (func.naked, func.irq) {
            (true, _) => ir::FuncKind::Naked,
            (_, Some(hir::IrqKind::Irq)) => ir::FuncKind::Irq,
            (_, Some(hir::IrqKind::Raw)) => ir::FuncKind::IrqRaw,
            (_, Some(hir::IrqKind::Hook)) => ir::FuncKind::IrqHook,
            (_, Some(hir::IrqKind::Helper) | None) => ir::FuncKind::Normal,
        };
        entry.noinline |= address_used || func.naked || func.relocate.is_some();
        entry.relocate = entry.relocate.or(func.relocate.map(|r| r.addr));
        if func.body.is_some() {
            entry.span = Some(func.span);
            entry.exported = self.library && func.public;
        }
        id
    }

    /// Lowers the functions of the module and adds its part of the program's frame.
    fn define(&mut self, module: &Module, tables: &Tables) {
        for (id, func) in module.funcs.enumerated() {
            let Target::Func(target) = tables.funcs[id.0 as usize] else { continue };
            if func.body.is_some() && self.program.funcs[target].is_extern() {
                func::lower_func(self, module, tables, func, target);
            }
        }
        let mir_func = |id: hir::FuncId| match tables.funcs[id.0 as usize] {
            Target::Func(f) => Some(f),
            Target::Abs(_) => None,
        };
        self.program.init.extend(module.startup.iter().filter_map(|&f| mir_func(f)));
        if let Some(main) = &module.main {
            self.program.entry = mir_func(main.func);
            self.program.env = Environment {
                kernal: main.kernal,
                lowercase: module.lowercase,
                // A cartridge has nothing to return to.
                noreturn: main.noreturn || main.cartridge,
                origin: main.origin,
                charset_rom: main.charset_rom,
                cartridge: main.cartridge,
            };
        }
    }
}

/// The IR type of a scalar or pointer.
fn ty(of: &Type) -> Ty {
    match of.width() {
        1 => Ty::I8,
        4 => Ty::I32,
        _ => Ty::I16,
    }
}
