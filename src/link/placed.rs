//! Dynamic programs whose modules are files of version 2: the import list for the loader in
//! `asm/loader_placed.s`.
//!
//! In: what the program loads. Out: the sections of the import list. Invariant: the linker knows the
//! sizes of all chunks, so every chunk has its place here, counted from `rt_module_start`, and the
//! program refers to it directly; the loader proves that the file is the one that was linked. Not
//! here: which chunks are wanted (`dynamic.rs`).

use std::collections::{BTreeMap, BTreeSet};

use crate::link::dynamic::{
    self, Closure, DynamicModule, Foreign, IMPORTS, Imports, MODULE_START, Part, Table,
};
use crate::link::runtime::STACK_START;
use crate::link::shake::Reachable;
use crate::obj::lib_v2;
use crate::obj::libfile::LibFile;
use crate::obj::object::Section;
use crate::obj::reloc::RelocKind;

/// The names of the files.
pub const FILE_NAMES: &str = "rt_file_names";
const RUNS: &str = "rt_module_runs";
const LOW_BYTES: &str = "rt_externals_low";
const HIGH_BYTES: &str = "rt_externals_high";

/// The loader searches a module's runs with an 8-bit index.
const MAX_RUNS: usize = 64;
/// In the size of a relocation table: the chunk is not in the file, all its bytes are zero.
const ZERO: u16 = 0x8000;

/// Where every part is that is loaded, counted from the start of the memory for modules.
pub struct Places {
    offsets: BTreeMap<Part, usize>,
    /// The bytes of all modules.
    pub end: usize,
}

impl Places {
    /// One part behind the other, module by module in the order of loading.
    pub fn new(imports: &Imports, closure: &Closure) -> Places {
        let mut places = Places { offsets: BTreeMap::new(), end: 0 };
        for m in imports.order(closure) {
            let file = &imports.modules[m].file;
            let mut parts: BTreeSet<usize> = closure.wanted[m].all.keys().copied().collect();
            if file.version > 1 && runs(&parts).len() > MAX_RUNS {
                parts = (0..file.functions.len() + file.data.len()).collect();
            }
            for part in parts {
                places.offsets.insert((m, part), places.end);
                places.end += dynamic::size(file, part);
            }
        }
        places
    }

    /// The parts of a module with their places.
    pub fn of(&self, m: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.offsets.range((m, 0)..(m + 1, 0)).map(|((_, part), offset)| (*part, *offset))
    }

    fn at(&self, part: Part) -> i32 {
        self.offsets.get(&part).map_or(0, |offset| *offset as i32)
    }
}

/// The first parts of the stretches without a gap.
fn runs(parts: &BTreeSet<usize>) -> Vec<usize> {
    parts.iter().copied().filter(|part| *part == 0 || !parts.contains(&(part - 1))).collect()
}

/// The sections of the import list. References in `reachable` become plain ones.
pub fn sections(imports: &Imports, closure: &Closure, reachable: &mut Reachable) -> Vec<Section> {
    let places = Places::new(imports, closure);
    for reached in &mut reachable.sections {
        for reloc in &mut reached.section.relocs {
            let offset = match imports.parts.get(&reloc.symbol) {
                Some(part) => places.at(*part),
                None if reloc.symbol.as_str() == STACK_START => places.end as i32,
                None => continue,
            };
            reloc.symbol = MODULE_START.into();
            reloc.addend += offset;
        }
    }
    let mut lists = Lists {
        imports: Table::new(IMPORTS),
        names: Table::new(FILE_NAMES),
        runs: Table::new(RUNS),
        low_bytes: Table::new(LOW_BYTES),
        high_bytes: Table::new(HIGH_BYTES),
    };
    for m in imports.order(closure) {
        lists.module(&imports.modules[m], m, closure, &places);
    }
    let Lists { mut imports, names, runs, low_bytes, high_bytes } = lists;
    imports.bytes.push(0);
    let sections = [imports, names, runs, low_bytes, high_bytes].map(Table::finish);
    sections.into_iter().filter(|s| s.size > 0).collect()
}

/// What is being written.
struct Lists {
    imports: Table,
    names: Table,
    runs: Table,
    low_bytes: Table,
    high_bytes: Table,
}

impl Lists {
    fn module(&mut self, module: &DynamicModule, m: usize, closure: &Closure, places: &Places) {
        let DynamicModule { file, file_name, bytes, .. } = module;
        let parts: BTreeMap<usize, usize> = places.of(m).collect();
        let originals = originals(file);
        let externals = &closure.wanted[m].externals;
        let first = externals.keys().next().copied().unwrap_or(0);
        let table = self.low_bytes.bytes.len() as i32 - first as i32;
        let head = lib_v2::head_size(file);
        self.imports.bytes.push(file_name.len() as u8);
        self.imports.word(head as u16);
        self.imports.word(seed(bytes.get(..head).unwrap_or(bytes)));
        self.imports.address(RUNS.into(), self.runs.bytes.len() as i32);
        match externals.is_empty() {
            true => self.imports.bytes.extend([0; 4]),
            false => {
                self.imports.address(LOW_BYTES.into(), table);
                self.imports.address(HIGH_BYTES.into(), table);
            }
        }
        self.imports.address(MODULE_START.into(), parts.values().next().map_or(0, |offset| *offset as i32));
        self.imports.address(FILE_NAMES.into(), self.names.bytes.len() as i32);
        self.names.bytes.extend(file_name.bytes());
        for first in runs(&parts.keys().copied().collect()).into_iter().rev() {
            let original = originals[first];
            self.runs.word(original as u16);
            // The difference may be negative: it wraps.
            let difference = parts[&first] as i32 - original as i32;
            self.runs.half(RelocKind::Lo8, MODULE_START.into(), difference);
            self.runs.half(RelocKind::Hi8, MODULE_START.into(), difference);
        }
        self.externals(closure, m, places);
        self.chunks(file, &parts, &lib_v2::table_sizes(bytes));
    }

    fn externals(&mut self, closure: &Closure, m: usize, places: &Places) {
        let externals = &closure.wanted[m].externals;
        let (Some(first), Some(last)) = (externals.keys().next(), externals.keys().last()) else { return };
        for e in *first..=*last {
            for (table, kind) in
                [(&mut self.low_bytes, RelocKind::Lo8), (&mut self.high_bytes, RelocKind::Hi8)]
            {
                match externals.get(&e) {
                    Some(Foreign::Part(part)) => table.half(kind, MODULE_START.into(), places.at(*part)),
                    Some(Foreign::Routine(symbol)) => table.half(kind, symbol.clone(), 0),
                    None => table.bytes.push(0),
                }
            }
        }
    }

    fn chunks(&mut self, file: &LibFile, parts: &BTreeMap<usize, usize>, tables: &[usize]) {
        let mut skipped = 0;
        for (part, table) in tables.iter().enumerate() {
            let size = dynamic::size(file, part);
            let zero = part.checked_sub(file.functions.len()).is_some_and(|data| file.data[data].zero);
            if parts.contains_key(&part) && size > 0 {
                self.imports.word(skipped as u16);
                self.imports.word(size as u16);
                self.imports.word(if zero { ZERO } else { *table as u16 });
                skipped = 0;
            } else {
                skipped += if zero { 0 } else { size + table };
            }
        }
        self.imports.bytes.extend([0; 6]);
    }
}

/// The original address of each part, as `docs/lib-format.md` counts them.
fn originals(file: &LibFile) -> Vec<usize> {
    let parts = 0..file.functions.len() + file.data.len();
    let starts = parts.scan(0, |next, part| {
        let start = *next;
        *next += dynamic::size(file, part);
        Some(start)
    });
    starts.collect()
}

/// The value with which the loader's sum of these bytes begins so that it ends with 0.
fn seed(bytes: &[u8]) -> u16 {
    let [low, _] = dynamic::checksum(0, bytes).to_le_bytes();
    let low = low.wrapping_neg();
    let [_, high] = dynamic::checksum(u16::from(low), bytes).to_le_bytes();
    u16::from_le_bytes([low, high.wrapping_neg()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_begins_with_the_seed_ends_with_0() {
        for bytes in [&[][..], &[1], &[255, 255, 3], b"some bytes of a header"] {
            assert_eq!(dynamic::checksum(seed(bytes), bytes), 0, "{bytes:?}");
        }
        let one_off = b"some bytes of b header";
        assert_ne!(dynamic::checksum(seed(b"some bytes of a header"), one_off), 0);
    }

    #[test]
    fn runs_are_stretches_without_a_gap() {
        assert_eq!(runs(&BTreeSet::from([0, 1, 4, 6, 7])), [0, 4, 6]);
    }
}
