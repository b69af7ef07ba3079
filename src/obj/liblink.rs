//! The content of a `.LIB` → sections for the linker.
//!
//! In: a `LibFile` and the name of its module in this program. Out: one section for each function
//! and data segment, with relocations by symbol. Invariant: link symbols are those that the module's
//! source would give, `MODULE.name`; segments without a name are `MODULE.$dataN`. Not here: which
//! sections are wanted (`link/`).

use std::collections::BTreeSet;

use crate::mos::item::Name;
use crate::obj::libfile::{External, LibError, LibFile, LibReloc, LibRelocKind, LibTarget};
use crate::obj::notation::RUN_TIME;
use crate::obj::object::{Section, SectionKind};
use crate::obj::reloc::{Reloc, RelocKind};

/// All sections of a file.
pub fn sections(module: &str, file: &LibFile) -> Result<Vec<Section>, LibError> {
    let functions = file.functions.iter().enumerate();
    let mut out: Vec<Section> = functions
        .map(|(i, f)| {
            let name = symbol(module, file, LibTarget::Function(i));
            let mut section = Section::with_bytes(name, SectionKind::Code, f.code.clone());
            section.relocs = f.relocs.iter().map(|r| reloc(module, file, r)).collect();
            section
        })
        .collect();
    for (i, segment) in file.data.iter().enumerate() {
        let name = symbol(module, file, LibTarget::Data(i));
        let size = u16::try_from(segment.bytes.len()).unwrap_or(u16::MAX);
        out.push(match segment.zero {
            true => Section::reserve(name, SectionKind::Bss, size),
            false => {
                let mut section = Section::with_bytes(name, SectionKind::Data, segment.bytes.clone());
                section.relocs = segment.relocs.iter().map(|r| reloc(module, file, r)).collect();
                section
            }
        });
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = out.iter().find(|s| !seen.insert(s.name.clone())) {
        return Err(LibError::new("name_offset", format!("'{}' is there twice", twice.name)));
    }
    for External { module, name } in &file.externals {
        let runtime = module.strip_prefix("rt").is_some_and(|n| n.parse::<u32>().is_ok());
        if runtime && (module != RUN_TIME || !name.starts_with("rt_")) {
            let text = format!("'{module}.{name}' is no routine of this pycoc: compile the module again");
            return Err(LibError::new("external dependency table", text));
        }
    }
    Ok(out)
}

/// The link symbols of all parts of a file, functions first.
pub fn symbols<'f>(module: &'f str, file: &'f LibFile) -> impl Iterator<Item = Name> + 'f {
    let functions = (0..file.functions.len()).map(LibTarget::Function);
    let data = (0..file.data.len()).map(LibTarget::Data);
    functions.chain(data).map(move |target| symbol(module, file, target))
}

/// The link symbol of a part of a file.
pub fn symbol(module: &str, file: &LibFile, target: LibTarget) -> Name {
    match target {
        LibTarget::Function(i) => format!("{module}.{}", file.functions[i].name).as_str().into(),
        LibTarget::Data(i) if file.data[i].name.is_empty() => format!("{module}.$data{i}").as_str().into(),
        LibTarget::Data(i) => format!("{module}.{}", file.data[i].name).as_str().into(),
        LibTarget::External(i) => external(&file.externals[i]),
    }
}

/// The link symbol of a part of another module.
pub fn external(external: &External) -> Name {
    match external.module.as_str() {
        RUN_TIME => external.name.as_str().into(),
        module => format!("{module}.{}", external.name).as_str().into(),
    }
}

fn reloc(module: &str, file: &LibFile, reloc: &LibReloc) -> Reloc {
    let kind = match reloc.kind {
        LibRelocKind::Word => RelocKind::Abs16,
        LibRelocKind::Low => RelocKind::Lo8,
        LibRelocKind::High => RelocKind::Hi8,
    };
    let symbol = symbol(module, file, reloc.target);
    Reloc { offset: reloc.offset, kind, symbol, addend: i32::from(reloc.addend) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::obj::libfile::{Function, Segment};

    fn sample(module: &str) -> LibFile {
        let reloc = |offset, target, addend| LibReloc { offset, target, addend, kind: LibRelocKind::Word };
        LibFile {
            version: 1,
            functions: vec![Function {
                name: "f".into(),
                code: vec![0x20, 0, 0, 0xAD, 0, 0],
                relocs: vec![reloc(1, LibTarget::External(0), 0), reloc(4, LibTarget::Data(0), 1)],
                ..Function::default()
            }],
            data: vec![Segment { bytes: vec![1, 2], ..Segment::default() }],
            externals: vec![External { module: module.into(), name: "rt_mul".into() }],
            ..LibFile::default()
        }
    }

    #[test]
    fn symbols_carry_the_module() {
        let sections = sections("a.b", &sample("rt1")).unwrap();
        assert_eq!((sections[0].name.as_str(), sections[1].name.as_str()), ("a.b.f", "a.b.$data0"));
        let relocs: Vec<(&str, i32)> =
            sections[0].relocs.iter().map(|r| (r.symbol.as_str(), r.addend)).collect();
        assert_eq!(relocs, [("rt_mul", 0), ("a.b.$data0", 1)]);
    }

    #[test]
    fn another_run_time_is_refused() {
        assert!(sections("m", &sample("rt2")).unwrap_err().problem.contains("compile the module again"));
    }
}
