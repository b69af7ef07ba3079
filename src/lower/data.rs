//! Static data: literals, tuples, relocated data, singletons, and tables that code needs.
//!
//! In: a module's data. Out: globals. Invariants: equal literals are one global; a
//! tuple's place is behind its count word; a literal or table that no pointer of the program can
//! lead to is `Const`. Singletons have no stored content, so that a program can be started twice:
//! their defaults are code.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::index::Id;
use crate::lower::{Context, Tables};
use crate::mir::ir::{Global, GlobalId, GlobalKind, Init, Program};
use crate::sema::hir::{Data, DataId, DataKind, Module, Place, PlaceKind, Type};
use crate::sema::hir_visit::{Access, Visitor, walk_block, walk_place};

/// Bytes of the count before a tuple's elements.
pub(super) const COUNT: usize = 2;

/// Gives the relocated data of a program its addresses: those of one address lie behind one another
/// in source order, module by module. The linker appends functions of the same address.
pub(super) fn place_relocated(program: &mut Program) {
    let with_functions: BTreeSet<u16> = program.funcs.iter().filter_map(|f| f.relocate).collect();
    let mut ends: BTreeMap<u16, u32> = BTreeMap::new();
    for global in program.globals.iter_mut().filter(|g| g.keep && g.kind != GlobalKind::Mapped) {
        // Among functions of unknown size only the linker knows the place.
        let Some(addr) = global.fixed.filter(|addr| !with_functions.contains(addr)) else { continue };
        let end = ends.entry(addr).or_insert(u32::from(addr));
        global.fixed = Some(*end as u16);
        *end += global.size;
    }
}

impl Context<'_> {
    /// Makes the globals of a module; the result says where each datum's place begins.
    pub(super) fn declare_data(&mut self, module: &Module) -> Vec<(GlobalId, i32)> {
        let places: Vec<(GlobalId, i32)> = module.data.iter().map(|d| self.datum(d)).collect();
        self.mark_relocated(module, &places);
        places
    }

    /// Makes a global of every area that the functions of a module map at a constant address, so
    /// that nothing is placed there. Areas of one scalar are seen at each access.
    pub(super) fn declare_mapped(&mut self, module: &Module) {
        let mut areas = MappedAreas { module, found: BTreeSet::new() };
        for func in module.funcs.iter() {
            walk_block(&mut areas, func.body.as_deref().unwrap_or_default());
        }
        for (start, size) in areas.found {
            let symbol = format!("$mapped.{start:04x}.{size}");
            if self.globals.contains_key(&symbol) {
                continue;
            }
            let mut global = Global::new(symbol.as_str(), GlobalKind::Mapped, size);
            global.fixed = Some(start);
            global.keep = true;
            let id = self.program.globals.push(global);
            self.globals.insert(symbol, id);
        }
    }

    fn datum(&mut self, data: &Data) -> (GlobalId, i32) {
        if data.kind == DataKind::Literal && data.origin.is_none() {
            return (self.literal(&data.bytes, &data.symbol), 0);
        }
        let offset = if matches!(data.kind, DataKind::Tuple { .. }) { COUNT as i32 } else { 0 };
        let id = match self.globals.get(&data.symbol) {
            Some(&id) => id,
            None => {
                let mut global =
                    Global::new(data.symbol.as_str(), GlobalKind::Const, data.size + offset as u32);
                global.external = true;
                let id = self.program.globals.push(global);
                self.globals.insert(data.symbol.clone(), id);
                id
            }
        };
        let exported = self.library && !data.name.is_empty() && !data.name.starts_with('_');
        let global = &mut self.program.globals[id];
        global.kind = match data.kind {
            DataKind::Tuple { .. } => GlobalKind::Const,
            DataKind::Singleton(_) => GlobalKind::Bss,
            DataKind::Literal | DataKind::Relocated { .. } => GlobalKind::Data,
        };
        if data.origin.is_none() && global.external {
            global.external = false;
            global.exported = exported;
            match data.kind {
                DataKind::Tuple { count } => {
                    let mut bytes = (count as u16).to_le_bytes().to_vec();
                    bytes.extend_from_slice(&data.bytes);
                    global.init = vec![Init::Bytes(bytes)];
                }
                DataKind::Singleton(_) => {}
                DataKind::Literal | DataKind::Relocated { .. } => {
                    global.init = vec![Init::Bytes(data.bytes.clone())];
                }
            }
        }
        (id, offset)
    }

    /// Notes where the relocated data of a module goes; `place_relocated` puts it behind one another.
    fn mark_relocated(&mut self, module: &Module, places: &[(GlobalId, i32)]) {
        for (id, data) in module.data.enumerated() {
            if let (DataKind::Relocated { addr, .. }, None) = (data.kind, &data.origin) {
                let global = &mut self.program.globals[places[id.index()].0];
                global.fixed = Some(addr);
                global.keep = true;
                global.escapes = true;
            }
        }
    }

    /// The global of a string literal with its length byte.
    pub(super) fn literal(&mut self, bytes: &[u8], symbol: &str) -> GlobalId {
        if let Some(&id) = self.literals.get(bytes) {
            return id;
        }
        let kind = if self.exposed.contains(bytes) { GlobalKind::Data } else { GlobalKind::Const };
        let id = self.constant(bytes, symbol, kind);
        self.literals.insert(bytes.to_vec(), id);
        id
    }

    /// True when a pointer may lead to the literal.
    pub(super) fn is_exposed(&self, bytes: &[u8]) -> bool {
        self.exposed.contains(bytes)
    }

    /// The global of a message of the run-time checks.
    pub(super) fn message(&mut self, bytes: &[u8], module: &str) -> GlobalId {
        let symbol = format!("{module}.$message{}", self.literals.len());
        self.literal(bytes, &symbol)
    }

    /// The global of bytes that only code of ours reads.
    pub(super) fn table(&mut self, bytes: &[u8], module: &str) -> GlobalId {
        if let Some(&id) = self.tables.get(bytes) {
            return id;
        }
        let symbol = format!("{module}.$table{}", self.tables.len());
        let id = self.constant(bytes, &symbol, GlobalKind::Const);
        self.tables.insert(bytes.to_vec(), id);
        id
    }

    /// The tuple without elements.
    pub(super) fn empty_tuple(&mut self, module: &str) -> (GlobalId, i32) {
        let id = match self.empty_tuple {
            Some(id) => id,
            None => self.constant(&[0; COUNT], &format!("{module}.$empty"), GlobalKind::Const),
        };
        self.empty_tuple = Some(id);
        (id, COUNT as i32)
    }

    fn constant(&mut self, bytes: &[u8], symbol: &str, kind: GlobalKind) -> GlobalId {
        let mut global = Global::new(symbol, kind, bytes.len() as u32);
        global.init = vec![Init::Bytes(bytes.to_vec())];
        self.program.globals.push(global)
    }

    /// Static memory of a function (a variable that assembly names, a result), made once. Its
    /// symbol has a part that begins with `$`, as no name of the source does.
    pub(super) fn static_memory(&mut self, symbol: &str, size: u32, escapes: bool) -> GlobalId {
        if let Some(&id) = self.globals.get(symbol) {
            let global = &mut self.program.globals[id];
            global.size = global.size.max(size);
            return id;
        }
        let mut global = Global::new(symbol, GlobalKind::Bss, size);
        global.escapes = escapes;
        let id = self.program.globals.push(global);
        self.globals.insert(symbol.to_string(), id);
        id
    }
}

/// Start and size of the mapped arrays, strings and objects of a module.
struct MappedAreas<'a> {
    module: &'a Module,
    found: BTreeSet<(u16, u32)>,
}

impl Visitor for MappedAreas<'_> {
    fn place(&mut self, place: &Place, access: Access) {
        if let PlaceKind::Mapped { addr, .. } = &place.kind
            && let Some(addr) = addr.as_int()
            && matches!(place.ty, Type::Array(..) | Type::Str(_) | Type::Class(_))
        {
            self.found.insert(((addr & 0xFFFF) as u16, self.module.size_of(&place.ty)));
        }
        walk_place(self, place, access);
    }
}

impl Tables {
    /// The global of a datum and where its place begins.
    pub(super) fn place_of(&self, id: DataId) -> (GlobalId, i32) {
        self.data[id.index()]
    }
}
