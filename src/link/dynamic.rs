//! Dynamic programs: what they load of their modules, and the import list for the loader in
//! `asm/loader.s`.
//!
//! In: the module files that the program imports, and the linked sections that refer to them. Out:
//! the parts of the run time that the loaded code will need, and the sections of the import list.
//! Invariant: a module comes before those that it refers to, so that all that is wanted of it is
//! known when its file is read. Every reference of the program is in a chain that the loader
//! resolves, or in the list of patches when it is to more than the start of a part, or stands where
//! the loader cannot read. Not here: the
//! loading itself, the lists for files of version 2 (`placed.rs`), and the files beside the program
//! (`driver/`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::c64::memmap;
use crate::link::placed::{self, Places};
use crate::link::runtime::STACK_START;
use crate::link::shake::Reachable;
use crate::mos::item::Name;
use crate::obj::libfile::{LibFile, LibReloc, LibTarget};
use crate::obj::liblink;
use crate::obj::notation::RUN_TIME;
use crate::obj::object::{Section, SectionKind};
use crate::obj::reloc::{Reloc, RelocKind};

/// Symbols of the sections that are made here; code of the loader refers to them.
pub const SYMBOLS: &[&str] = &[IMPORTS, REGISTRY, PATCHES, placed::FILE_NAMES];
/// Symbols of the memory for modules: its start, and the first byte behind it.
pub const MODULE_START: &str = "rt_module_start";
pub const MODULE_LIMIT: &str = "rt_module_limit";
/// The routines that load everything: files of version 1, and of version 2.
pub const LOADERS: [&str; 2] = ["rt_load_modules", "rt_load_placed_modules"];
/// The routine that fills places which the loader's chains cannot.
pub const PATCH: &str = "rt_patch_modules";

pub(super) const IMPORTS: &str = "rt_imports";
const REGISTRY: &str = "rt_registry";
const EXTERNALS: &str = "rt_externals";
const PATCHES: &str = "rt_patches";

/// The first bytes of a version 1 file, and of its index entries.
const HEADER: usize = 7;
const FUNCTION_ENTRY: usize = 12;
const DATA_ENTRY: usize = 6;
/// Words of the registry that the loader can tell from addresses.
const MAX_WORDS: usize = 0x200;
const FIRST_WORD: usize = 1;

/// A module that is loaded at run time.
#[derive(Clone, PartialEq, Debug)]
pub struct DynamicModule {
    /// Dotted name.
    pub name: String,
    /// What its file is called on the disk.
    pub file_name: String,
    pub bytes: Vec<u8>,
    pub file: LibFile,
}

/// A part of a module: its number among the modules, and in its file, functions first.
pub(super) type Part = (usize, usize);

/// A part of a module that the program loads, for the map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadedPart {
    /// The file that it comes from.
    pub file: String,
    pub name: Name,
    pub is_code: bool,
    pub address: u16,
    pub size: u16,
    /// What refers to it.
    pub wanted_by: Option<Name>,
}

/// The modules of a program with all their symbols.
#[derive(Clone, Default, Debug)]
pub struct Imports<'a> {
    pub(super) modules: &'a [DynamicModule],
    pub(super) parts: BTreeMap<Name, Part>,
}

/// What is wanted of one module.
#[derive(Clone, Default, Debug)]
pub(super) struct Wanted {
    /// Parts that the program or another module refers to.
    direct: BTreeSet<usize>,
    /// All parts that will be loaded, with what refers to them.
    pub(super) all: BTreeMap<usize, Option<Name>>,
    /// External dependencies of these, by number.
    pub(super) externals: BTreeMap<usize, Foreign>,
}

#[derive(Clone, Debug)]
pub(super) enum Foreign {
    Part(Part),
    Routine(Name),
}

/// Everything that a program leads to.
#[derive(Clone, Default, Debug)]
pub struct Closure {
    pub(super) wanted: Vec<Wanted>,
}

impl Closure {
    /// The run-time routines that loaded code calls.
    pub fn routines(&self) -> Vec<Name> {
        let foreign = self.wanted.iter().flat_map(|w| w.externals.values());
        foreign
            .filter_map(|f| if let Foreign::Routine(name) = f { Some(name.clone()) } else { None })
            .collect()
    }
}

impl<'a> Imports<'a> {
    /// The symbols of these modules, which come in dependency order.
    pub fn new(modules: &'a [DynamicModule]) -> Imports<'a> {
        let mut parts = BTreeMap::new();
        for (m, module) in modules.iter().enumerate() {
            let symbols = liblink::symbols(&module.name, &module.file);
            parts.extend(symbols.enumerate().map(|(part, symbol)| (symbol, (m, part))));
        }
        Imports { modules, parts }
    }

    /// True for a program that loads modules.
    pub fn is_dynamic(&self) -> bool {
        !self.modules.is_empty()
    }

    /// True for a symbol whose address is known only when the program runs.
    pub fn defines(&self, symbol: &Name) -> bool {
        self.is_dynamic() && (symbol.as_str() == STACK_START || self.parts.contains_key(symbol))
    }

    /// True when the modules are files of version 2.
    fn is_placed(&self) -> bool {
        self.modules.iter().any(|module| module.file.version > 1)
    }

    /// The parts of the loader that the program needs.
    pub fn roots(&self, reachable: &Reachable) -> Vec<Name> {
        let load = self.is_dynamic().then(|| LOADERS[usize::from(self.is_placed())]);
        let patches = (!self.is_placed() && self.has_patches(reachable)).then_some(PATCH);
        load.into_iter().chain(patches).map(Name::from).collect()
    }

    /// What the references of the program lead to; `None` after an error.
    pub fn close(&self, reachable: &Reachable, sink: &mut Sink) -> Option<Closure> {
        let mut wanted = vec![Wanted::default(); self.modules.len()];
        let mut queue: VecDeque<(Part, Option<Name>)> = VecDeque::new();
        for symbol in &reachable.foreign {
            let Some(&(m, part)) = self.parts.get(symbol) else { continue };
            wanted[m].direct.insert(part);
            queue.push_back(((m, part), referrer(reachable, symbol)));
        }
        while let Some(((m, part), by)) = queue.pop_front() {
            if wanted[m].all.contains_key(&part) {
                continue;
            }
            wanted[m].all.insert(part, by);
            let (module, file) = (&self.modules[m], &self.modules[m].file);
            let name = liblink::symbol(&module.name, file, target(file, part));
            let mut refer = |part: Part| queue.push_back((part, Some(name.clone())));
            let (functions, data, relocs) = references(file, part);
            functions.iter().for_each(|f| refer((m, *f)));
            data.iter().for_each(|d| refer((m, file.functions.len() + d)));
            for reloc in relocs {
                let LibTarget::External(e) = reloc.target else { continue };
                let symbol = liblink::external(&file.externals[e]);
                let foreign = if file.externals[e].module == RUN_TIME {
                    Foreign::Routine(symbol)
                } else if let Some(&(other, part)) = self.parts.get(&symbol) {
                    wanted[other].direct.insert(part);
                    refer((other, part));
                    Foreign::Part((other, part))
                } else {
                    sink.push(nothing_defines(&symbol, &module.file_name));
                    return None;
                };
                wanted[m].externals.insert(e, foreign);
            }
        }
        Some(Closure { wanted })
    }

    /// The sections of the import list. References in `reachable` become links of chains.
    pub fn sections(
        &self,
        closure: &Closure,
        reachable: &mut Reachable,
        sink: &mut Sink,
    ) -> Option<Vec<Section>> {
        if self.is_placed() {
            return Some(placed::sections(self, closure, reachable));
        }
        let mut words = FIRST_WORD;
        let mut first = vec![0; self.modules.len()];
        // Dependencies come last in memory, as in the list.
        for m in self.order(closure) {
            first[m] = words;
            words += closure.wanted[m].all.keys().max().map_or(0, |last| last + 1);
        }
        if words > MAX_WORDS {
            let text = format!(
                "the program imports modules with {words} functions and data segments; {MAX_WORDS} can be loaded"
            );
            sink.push(Diagnostic::global(codes::LIB_LIMIT, text).help("join modules, or link statically"));
            return None;
        }
        let mut registry = Table::new(REGISTRY);
        registry.bytes.resize(2 * words, 0);
        let mut patches = Table::new(PATCHES);
        self.chain(&first, reachable, &mut registry, &mut patches);
        let mut externals = Table::new(EXTERNALS);
        let mut imports = Table::new(IMPORTS);
        for m in self.order(closure) {
            self.entry(m, closure, &first, &mut imports, &mut externals);
        }
        imports.bytes.push(0);
        let sections = [imports, registry, externals, patches].map(Table::finish);
        Some(sections.into_iter().filter(|s| s.size > 0).collect())
    }

    /// The names of the modules that are loaded, in dependency order.
    pub fn loaded(&self, closure: &Closure) -> Vec<String> {
        let mut names: Vec<String> = self.order(closure).map(|m| self.modules[m].name.clone()).collect();
        names.reverse();
        names
    }

    /// Everything that is loaded from this address on, in the order of the memory.
    pub fn loaded_parts(&self, closure: &Closure, start: u16) -> Vec<LoadedPart> {
        let places = Places::new(self, closure);
        let mut parts = Vec::new();
        for m in self.order(closure) {
            let DynamicModule { name, file, file_name, .. } = &self.modules[m];
            for (part, offset) in places.of(m) {
                parts.push(LoadedPart {
                    file: file_name.clone(),
                    name: liblink::symbol(name, file, target(file, part)),
                    is_code: part < file.functions.len(),
                    address: start.wrapping_add(offset as u16),
                    size: size(file, part) as u16,
                    wanted_by: closure.wanted[m].all.get(&part).cloned().flatten(),
                });
            }
        }
        parts
    }

    /// The error for modules that cannot have the room that they need, where the linker knows it.
    pub fn too_big(&self, closure: &Closure, room: usize) -> Option<Diagnostic> {
        let size = Places::new(self, closure).end;
        (self.is_placed() && size > room).then(|| {
            let text = format!("The modules need {size} bytes of memory, but only {room} are left");
            Diagnostic::global(codes::PROGRAM_TOO_BIG, text)
                .help("import less of them, or split the program into several")
        })
    }

    /// True when the program refers to more than the starts of parts.
    fn has_patches(&self, reachable: &Reachable) -> bool {
        reachable.sections.iter().map(|reached| &reached.section).any(|section| {
            let mut relocs = section.relocs.iter().filter(|reloc| self.defines(&reloc.symbol));
            relocs.any(|reloc| is_hidden(section) || !is_plain(reloc))
        })
    }

    /// The modules that are loaded, those that nothing loaded refers to first.
    pub(super) fn order<'c>(&self, closure: &'c Closure) -> impl Iterator<Item = usize> + use<'c> {
        (0..closure.wanted.len()).rev().filter(|m| !closure.wanted[*m].all.is_empty())
    }

    /// Turns every reference to a part into a link of the part's chain, or a patch.
    fn chain(&self, first: &[usize], reachable: &mut Reachable, registry: &mut Table, patches: &mut Table) {
        let mut heads: BTreeMap<usize, (Name, i32)> = BTreeMap::new();
        for reached in &mut reachable.sections {
            let section = &mut reached.section;
            let hidden = is_hidden(section);
            let mut kept = Vec::with_capacity(section.relocs.len());
            for mut reloc in std::mem::take(&mut section.relocs) {
                if !self.defines(&reloc.symbol) {
                    kept.push(reloc);
                    continue;
                }
                // The word 0 is the end of the modules, where the stack starts.
                let word = self.parts.get(&reloc.symbol).map_or(0, |(m, part)| first[*m] + part);
                let place = (section.name.clone(), i32::from(reloc.offset));
                if is_plain(&reloc) && !hidden && word > 0 {
                    if let Some((symbol, addend)) = heads.insert(word, place) {
                        (reloc.symbol, reloc.addend) = (symbol, addend);
                        kept.push(reloc);
                    }
                    continue;
                }
                let kind = match reloc.kind {
                    RelocKind::Lo8 => 1,
                    RelocKind::Hi8 => 2,
                    _ => 3,
                };
                patches.bytes.push(kind);
                patches.address(REGISTRY.into(), 2 * word as i32);
                patches.address(place.0, place.1);
                patches.word(reloc.addend as u16);
            }
            section.relocs = kept;
        }
        if !patches.bytes.is_empty() {
            patches.bytes.push(0);
        }
        for (word, (symbol, addend)) in heads {
            let offset = 2 * word as u16;
            registry.relocs.push(Reloc { offset, kind: RelocKind::Abs16, symbol, addend });
        }
    }

    /// The module's entry of the import list, and its external dependencies.
    fn entry(
        &self,
        m: usize,
        closure: &Closure,
        first: &[usize],
        imports: &mut Table,
        externals: &mut Table,
    ) {
        let (module, wanted) = (&self.modules[m], &closure.wanted[m]);
        let functions = module.file.functions.len();
        let head = head_size(&module.file);
        let (from, to) = match (wanted.externals.keys().next(), wanted.externals.keys().last()) {
            (Some(from), Some(to)) => (*from, *to + 1),
            _ => (0, 0),
        };
        let table = externals.bytes.len() as i32 - 2 * from as i32;
        for e in from..to {
            match wanted.externals.get(&e) {
                Some(Foreign::Part((other, part))) => externals.word(2 * (first[*other] + part) as u16),
                Some(Foreign::Routine(symbol)) => externals.address(symbol.clone(), 0),
                None => externals.word(0),
            }
        }
        let mask = |parts: &mut dyn Iterator<Item = usize>| parts.fold(0u8, |mask, i| mask | 1 << i);
        let (own, data): (Vec<usize>, Vec<usize>) = wanted.direct.iter().partition(|part| **part < functions);
        imports.bytes.push(module.file_name.len() as u8);
        imports.address(MODULE_LIMIT.into(), -(head as i32));
        imports.word(checksum(0, module.bytes.get(..head).unwrap_or(&module.bytes)));
        imports.bytes.push(functions as u8);
        imports.bytes.push((functions + module.file.data.len()) as u8);
        imports.bytes.push(mask(&mut own.into_iter()));
        imports.bytes.push(mask(&mut data.into_iter().map(|part| part - functions)));
        imports.address(REGISTRY.into(), 2 * first[m] as i32);
        match to {
            0 => imports.word(0),
            _ => imports.address(EXTERNALS.into(), table),
        }
        imports.bytes.extend(module.file_name.bytes());
    }
}

/// What of the program refers to a symbol.
fn referrer(reachable: &Reachable, symbol: &Name) -> Option<Name> {
    let mut sections = reachable.sections.iter().map(|reached| &reached.section);
    sections.find(|s| s.relocs.iter().any(|reloc| reloc.symbol == *symbol)).map(|s| s.name.clone())
}

fn target(file: &LibFile, part: usize) -> LibTarget {
    match part.checked_sub(file.functions.len()) {
        None => LibTarget::Function(part),
        Some(data) => LibTarget::Data(data),
    }
}

/// Bytes of a part.
pub(super) fn size(file: &LibFile, part: usize) -> usize {
    match target(file, part) {
        LibTarget::Data(data) => file.data[data].bytes.len(),
        _ => file.functions[part].code.len(),
    }
}

/// The functions and data of its module that a part refers to, and its relocations.
fn references(file: &LibFile, part: usize) -> (Vec<usize>, Vec<usize>, &[LibReloc]) {
    if let Some(function) = file.functions.get(part) {
        return (function.uses_functions.clone(), function.uses_data.clone(), &function.relocs);
    }
    let relocs = file.data.get(part - file.functions.len()).map_or(&[][..], |data| &data.relocs);
    let (mut functions, mut data) = (Vec::new(), Vec::new());
    for reloc in relocs {
        match reloc.target {
            LibTarget::Function(f) => functions.push(f),
            LibTarget::Data(d) => data.push(d),
            LibTarget::External(_) => {}
        }
    }
    (functions, data, relocs)
}

/// A reference that the loader's chains can hold.
fn is_plain(reloc: &Reloc) -> bool {
    reloc.kind == RelocKind::Abs16 && reloc.addend == 0 && reloc.symbol.as_str() != STACK_START
}

/// True for code that start-up has copied to where the loader can write but not read: the KERNAL lies
/// over it then.
fn is_hidden(section: &Section) -> bool {
    section.fixed.is_some_and(|at| at >= *memmap::IO.start())
}

/// Size of everything before the first chunk.
fn head_size(file: &LibFile) -> usize {
    match file.functions.first() {
        Some(first) => usize::from(first.offset),
        None => HEADER + FUNCTION_ENTRY * file.functions.len() + DATA_ENTRY * file.data.len(),
    }
}

/// As the loader computes it: a sum, and the sum of its values with its carries.
pub fn checksum(start: u16, bytes: &[u8]) -> u16 {
    let [mut low, mut high] = start.to_le_bytes();
    for byte in bytes {
        let (sum, carry) = low.overflowing_add(*byte);
        low = sum;
        high = high.wrapping_add(sum).wrapping_add(u8::from(carry));
    }
    u16::from_le_bytes([low, high])
}

/// A data section that is being written.
pub(super) struct Table {
    name: &'static str,
    pub(super) bytes: Vec<u8>,
    relocs: Vec<Reloc>,
}

impl Table {
    pub(super) fn new(name: &'static str) -> Table {
        Table { name, bytes: Vec::new(), relocs: Vec::new() }
    }

    pub(super) fn word(&mut self, value: u16) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub(super) fn address(&mut self, symbol: Name, addend: i32) {
        self.hole(RelocKind::Abs16, symbol, addend);
        self.word(0);
    }

    /// One half of an address.
    pub(super) fn half(&mut self, kind: RelocKind, symbol: Name, addend: i32) {
        self.hole(kind, symbol, addend);
        self.bytes.push(0);
    }

    fn hole(&mut self, kind: RelocKind, symbol: Name, addend: i32) {
        let offset = self.bytes.len() as u16;
        self.relocs.push(Reloc { offset, kind, symbol, addend });
    }

    pub(super) fn finish(self) -> Section {
        let mut section = Section::with_bytes(self.name, SectionKind::Data, self.bytes);
        section.relocs = self.relocs;
        section
    }
}

fn nothing_defines(symbol: &Name, file: &str) -> Diagnostic {
    Diagnostic::global(codes::UNDEFINED_SYMBOL, format!("nothing defines '{symbol}', which {file} needs"))
        .help("compile the module again")
}
