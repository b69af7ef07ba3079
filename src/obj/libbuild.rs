//! The finished sections of a module → the content of its `.LIB`.
//!
//! In: sections by link symbol, and the texts of the interface. Out: a `LibFile` of the wanted
//! version, or what of the module it cannot hold. Invariants: every reference is inside the chunk it
//! is to, and a function's external dependencies stand together. Version 1 has few data segments:
//! private data that one function uses goes behind its code, and what is shared is joined when there
//! is too much of it. Not here: bytes (`lib_v1.rs`, `lib_v2.rs`), where the file goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::mos::item::Name;
use crate::obj::lib_v1;
use crate::obj::libfile::{
    External, Function, Header, LibError, LibFile, LibReloc, LibRelocKind, LibTarget, Segment, fnv, is_public,
};
use crate::obj::notation::{ABI, Facts, RUN_TIME};
use crate::obj::object::{Section, SectionKind};
use crate::obj::reloc::{Reloc, RelocKind};
use crate::sema::interface::Interface;

/// A module on its way to a file.
#[derive(Clone, Default, Debug)]
pub struct ModuleParts {
    /// What the link symbols of the module begin with.
    pub name: String,
    pub sections: Vec<Section>,
    /// The modules that it imports.
    pub foreign: Vec<String>,
    /// Data that other modules can name, without the module.
    pub public_data: BTreeSet<String>,
    /// Names and texts of the interface.
    pub texts: Vec<(String, String)>,
}

/// Builds the content of a file of this version.
pub fn build(module: &ModuleParts, version: u8) -> Result<LibFile, Vec<LibError>> {
    let mut builder = Builder { module, version, errors: Vec::new(), places: BTreeMap::new() };
    let (functions, data) = builder.arrange();
    let mut file = LibFile { version, ..LibFile::default() };
    let mut texts: BTreeMap<&str, &str> =
        module.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut text_of = |name: &str| {
        // Every public name has a text; what the interface does not mention has an empty kind.
        is_public(name).then(|| texts.remove(name).unwrap_or("x").to_string())
    };
    for section in &functions {
        let name = builder.function_name(&section.name);
        let signature = text_of(&name);
        file.functions.push(Function { name, signature, code: section.bytes.clone(), ..Function::default() });
    }
    for section in &data {
        let name = builder.data_name(&section.name);
        let signature = text_of(&name);
        let zero = section.kind == SectionKind::Bss;
        let bytes = if zero { vec![0; usize::from(section.size)] } else { section.bytes.clone() };
        file.data.push(Segment { name, signature, zero, bytes, ..Segment::default() });
    }
    let left: BTreeSet<&str> = texts.into_keys().collect();
    file.exports = module.texts.iter().filter(|(name, _)| left.contains(name.as_str())).cloned().collect();
    for (i, section) in functions.iter().enumerate() {
        builder.function_relocs(i, section, &mut file);
    }
    for (i, section) in data.iter().enumerate() {
        for reloc in &section.relocs {
            if let Some(reloc) = builder.reloc(reloc, &section.name, &file, &mut Vec::new()) {
                file.data[i].relocs.push(reloc);
            }
        }
    }
    if builder.errors.is_empty() { Ok(file) } else { Err(builder.errors) }
}

/// The header of version 2.
pub fn header(file: &LibFile, interface: &Interface, facts: &Facts) -> Header {
    let part = |n: u32| u8::try_from(n).unwrap_or(u8::MAX);
    let number = |name: &String| file.functions.iter().position(|f| f.name == *name);
    let mut texts = file.texts();
    texts.sort();
    Header {
        abi: ABI as u8,
        version: interface.version.map_or([0; 3], |v| [part(v.major), part(v.minor), part(v.patch)]),
        lowercase: interface.lowercase,
        interface_hash: hash(texts.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()])),
        init: facts.init.iter().filter_map(number).map(|n| n as u8).collect(),
    }
}

/// FNV-1a over texts, each ended by a zero byte.
fn hash<'t>(texts: impl Iterator<Item = &'t [u8]>) -> u32 {
    fnv(texts.flat_map(|text| text.iter().chain(&[0])).copied())
}

struct Builder<'a> {
    module: &'a ModuleParts,
    version: u8,
    errors: Vec<LibError>,
    /// Where each symbol of the module lies.
    places: BTreeMap<Name, (LibTarget, i32)>,
}

impl Builder<'_> {
    fn own<'n>(&self, symbol: &'n str) -> Option<&'n str> {
        symbol.strip_prefix(self.module.name.as_str())?.strip_prefix('.')
    }

    fn function_name(&self, symbol: &Name) -> String {
        self.own(symbol.as_str()).map_or_else(|| format!("_{symbol}"), str::to_string)
    }

    /// The name of a segment; private ones have none.
    fn data_name(&self, symbol: &Name) -> String {
        let own = self.own(symbol.as_str()).filter(|name| self.module.public_data.contains(*name));
        own.unwrap_or_default().to_string()
    }

    /// Functions and segments with their places.
    fn arrange(&mut self) -> (Vec<Section>, Vec<Section>) {
        let (mut functions, mut data): (Vec<Section>, Vec<Section>) =
            self.module.sections.iter().cloned().partition(|s| s.kind == SectionKind::Code);
        for (i, section) in functions.iter().enumerate() {
            self.define(section, LibTarget::Function(i), 0);
        }
        if self.version == 1 {
            let (own, shared) = self.owners(&functions, data);
            data = shared;
            for (i, mut section) in own {
                let end = functions[i].bytes.len() as i32;
                self.define(&section, LibTarget::Function(i), end);
                section.bytes.resize(usize::from(section.size), 0);
                functions[i].bytes.append(&mut section.bytes);
            }
            data = self.join(data);
        }
        for (i, section) in data.iter().enumerate() {
            self.define(section, LibTarget::Data(i), 0);
        }
        (functions, data)
    }

    fn define(&mut self, section: &Section, target: LibTarget, start: i32) {
        self.places.entry(section.name.clone()).or_insert((target, start));
        for symbol in &section.symbols {
            let place = (target, start + i32::from(symbol.offset));
            self.places.entry(symbol.name.clone()).or_insert(place);
        }
    }

    /// Private data with the one function that uses it, and all other data; unused data is dropped.
    fn owners(&self, functions: &[Section], data: Vec<Section>) -> (Vec<(usize, Section)>, Vec<Section>) {
        let mut users: BTreeMap<&Name, BTreeSet<usize>> = BTreeMap::new();
        for (i, function) in functions.iter().enumerate() {
            for name in function.references() {
                users.entry(name).or_default().insert(i);
            }
        }
        let (mut own, mut shared) = (Vec::new(), Vec::new());
        for section in data {
            let users: Vec<usize> = users.get(&section.name).into_iter().flatten().copied().collect();
            let private = self.data_name(&section.name).is_empty() && section.relocs.is_empty();
            match users[..] {
                [] if private => {}
                [only] if private => own.push((only, section)),
                _ => shared.push(section),
            }
        }
        (own, shared)
    }

    /// Joins the segments without a name when there are too many.
    fn join(&mut self, data: Vec<Section>) -> Vec<Section> {
        if data.len() <= lib_v1::MAX_DATA {
            return data;
        }
        let (private, mut named): (Vec<Section>, Vec<Section>) =
            data.into_iter().partition(|s| self.data_name(&s.name).is_empty() && s.relocs.is_empty());
        let mut joined = Section::new(JOINED, SectionKind::Data);
        for mut section in private {
            let start = joined.bytes.len() as i32;
            self.define(&section, LibTarget::Data(named.len()), start);
            section.bytes.resize(usize::from(section.size), 0);
            joined.bytes.append(&mut section.bytes);
        }
        joined.size = u16::try_from(joined.bytes.len()).unwrap_or(u16::MAX);
        named.push(joined);
        named
    }

    fn function_relocs(&mut self, number: usize, section: &Section, file: &mut LibFile) {
        let mut wanted: Vec<External> =
            section.relocs.iter().filter_map(|r| self.external(&r.symbol)).collect();
        wanted.sort();
        wanted.dedup();
        let run = file.externals.windows(wanted.len().max(1)).position(|w| w == wanted);
        let first = match run {
            _ if wanted.is_empty() => 0,
            Some(first) => first,
            None => {
                file.externals.extend(wanted.iter().cloned());
                file.externals.len() - wanted.len()
            }
        };
        if file.externals.len() > lib_v1::MAX_EXTERNALS {
            self.error("external dependencies", format!("{}", file.externals.len()), lib_v1::MAX_EXTERNALS);
            return;
        }
        file.functions[number].externals = (first as u8, wanted.len() as u8);
        let (mut functions, mut data) = (BTreeSet::new(), BTreeSet::new());
        let mut relocs = Vec::new();
        for reloc in &section.relocs {
            let Some(done) = self.reloc(reloc, &section.name, file, &mut wanted) else { continue };
            match done.target {
                // A jump inside the function is no use of it; a call of itself is.
                LibTarget::Function(f) if f != number || done.addend == 0 => drop(functions.insert(f)),
                LibTarget::Data(d) => drop(data.insert(d)),
                LibTarget::Function(_) => {}
                LibTarget::External(e) => {
                    relocs.push(LibReloc { target: LibTarget::External(first + e), ..done })
                }
            }
            if !matches!(done.target, LibTarget::External(_)) {
                relocs.push(done);
            }
        }
        relocs.sort_by_key(|r| r.offset);
        let function = &mut file.functions[number];
        function.uses_functions = functions.into_iter().collect();
        function.uses_data = data.into_iter().collect();
        function.relocs = relocs;
    }

    /// The relocation in terms of the file; one to an external has its number in `externals`.
    fn reloc(
        &mut self,
        reloc: &Reloc,
        whose: &Name,
        file: &LibFile,
        externals: &mut [External],
    ) -> Option<LibReloc> {
        let problem = |what: String| Some(LibError::new(format!("'{whose}'"), what));
        let kind = match reloc.kind {
            RelocKind::Abs16 => LibRelocKind::Word,
            RelocKind::Lo8 => LibRelocKind::Low,
            RelocKind::Hi8 => LibRelocKind::High,
            RelocKind::Zp8 | RelocKind::Rel8 => {
                self.errors.extend(problem(format!("it needs '{}' at a fixed place", reloc.symbol)));
                return None;
            }
        };
        if self.version == 1 && kind != LibRelocKind::Word {
            self.errors.extend(problem(format!("it uses half of the address of '{}'", reloc.symbol)));
            return None;
        }
        let (target, at, size) = match self.places.get(&reloc.symbol) {
            Some(&(target, start)) => {
                let size = match target {
                    LibTarget::Function(i) => file.functions[i].code.len(),
                    LibTarget::Data(i) => file.data[i].bytes.len(),
                    LibTarget::External(_) => 1,
                };
                (target, start + reloc.addend, size)
            }
            None => {
                let external = self.external(&reloc.symbol);
                let Some(n) = external.and_then(|e| externals.iter().position(|x| *x == e)) else {
                    self.errors.extend(problem(format!("nothing defines '{}'", reloc.symbol)));
                    return None;
                };
                (LibTarget::External(n), reloc.addend, 1)
            }
        };
        if usize::try_from(at).map_or(true, |at| at >= size.max(1)) {
            let text =
                format!("it uses an address {at} bytes from '{}', which lies outside of it", reloc.symbol);
            self.errors.extend(problem(text));
            return None;
        }
        Some(LibReloc { offset: reloc.offset, target, addend: at as u16, kind })
    }

    /// What a symbol of another module or of the run time is in the file.
    fn external(&self, symbol: &Name) -> Option<External> {
        if self.places.contains_key(symbol) {
            return None;
        }
        let symbol = symbol.as_str();
        if symbol.starts_with("rt_") && !symbol.contains('.') {
            return Some(External { module: RUN_TIME.to_string(), name: symbol.to_string() });
        }
        let of = |module: &String| {
            Some((module.clone(), symbol.strip_prefix(module.as_str())?.strip_prefix('.')?))
        };
        let (module, name) =
            self.module.foreign.iter().filter_map(of).max_by_key(|(module, _)| module.len())?;
        Some(External { module, name: name.to_string() })
    }

    fn error(&mut self, field: &str, number: String, most: usize) {
        self.errors
            .push(LibError::new(field, format!("{number}, but version {} has at most {most}", self.version)));
    }
}

/// The symbol of joined private data.
const JOINED: &str = "$joined";

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &str, symbols: &[(&str, i32)]) -> Section {
        let mut section = Section::with_bytes(name, SectionKind::Code, vec![0xEA; 3 * symbols.len() + 1]);
        for (i, (symbol, addend)) in symbols.iter().enumerate() {
            let offset = 3 * i as u16 + 1;
            let reloc = Reloc { offset, kind: RelocKind::Abs16, symbol: (*symbol).into(), addend: *addend };
            section.relocs.push(reloc);
        }
        section
    }

    fn parts(sections: Vec<Section>) -> ModuleParts {
        ModuleParts {
            name: "m".into(),
            sections,
            foreign: vec!["a".into(), "a.b".into()],
            public_data: BTreeSet::from(["row".to_string()]),
            texts: vec![("f".into(), "f()void".into()), ("MAX".into(), "ci9".into())],
        }
    }

    #[test]
    fn private_data_of_one_function_lies_behind_its_code() {
        let table = Section::with_bytes("m.$table", SectionKind::RoData, vec![1, 2, 3]);
        let row = Section::with_bytes("m.row", SectionKind::RoData, vec![4]);
        let file = build(&parts(vec![code("m.f", &[("m.$table", 1), ("m.row", 0)]), table, row]), 1).unwrap();
        assert_eq!(file.functions[0].code[7..], [1, 2, 3]);
        assert_eq!(file.functions[0].relocs[0].target, LibTarget::Function(0));
        assert_eq!(file.functions[0].relocs[0].addend, 8);
        assert_eq!((file.data.len(), file.data[0].name.as_str()), (1, "row"));
        assert_eq!(file.exports, [("MAX".to_string(), "ci9".to_string())]);
    }

    #[test]
    fn shared_private_data_is_joined_when_there_is_too_much() {
        let mut sections = Vec::new();
        let names: Vec<String> = (0..9).map(|i| format!("m.$t{i}")).collect();
        let uses: Vec<(&str, i32)> = names.iter().map(|n| (n.as_str(), 0)).collect();
        sections.extend([code("m.f", &uses), code("m.g", &uses)]);
        sections.extend(names.iter().map(|n| Section::with_bytes(n.as_str(), SectionKind::Data, vec![7, 7])));
        let file = build(&parts(sections), 1).unwrap();
        assert_eq!((file.data.len(), file.data[0].bytes.len()), (1, 18));
        assert_eq!(file.functions[1].relocs[8].addend, 16);
        assert_eq!(file.functions[1].uses_data, [0]);
    }

    #[test]
    fn externals_of_a_function_stand_together_under_the_longest_module_name() {
        let f = code("m.f", &[("rt_mul", 0), ("a.b.c", 0)]);
        let g = code("m.g", &[("m.f", 0), ("a.b.c", 0)]);
        let file = build(&parts(vec![f, g]), 1).unwrap();
        let names: Vec<String> = file.externals.iter().map(|e| format!("{} {}", e.module, e.name)).collect();
        assert_eq!(names, ["a.b c", "rt1 rt_mul"]);
        assert_eq!((file.functions[0].externals, file.functions[1].externals), ((0, 2), (0, 1)));
        assert_eq!(file.functions[1].uses_functions, [0]);
    }

    #[test]
    fn addresses_outside_of_a_chunk_are_refused() {
        let row = Section::with_bytes("m.row", SectionKind::RoData, vec![4]);
        for (symbol, addend) in [("m.row", -1), ("m.row", 1), ("rt_mul", 1), ("m.nothing", 0)] {
            let errors = build(&parts(vec![code("m.f", &[(symbol, addend)]), row.clone()]), 1).unwrap_err();
            assert_eq!((errors.len(), errors[0].field.as_str()), (1, "'m.f'"));
        }
    }
}
