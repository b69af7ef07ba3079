//! The run-time library: the files of `asm/`, embedded and assembled on demand.
//!
//! In: the environment of a program, and the name of a symbol. Out: the section that defines it.
//! Invariant: a file is assembled at most once in a process, and only when one of its symbols is
//! wanted; a file that does not assemble is a defect of the compiler and panics.
//! Not here: which routines a program needs (`shake`), start-up code (`startup`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::assembler::library::{Chunk, ChunkKind, assemble_library};
use crate::c64::kernal;
use crate::link::dynamic::{MODULE_LIMIT, MODULE_START};
use crate::mir::ir::Environment;
use crate::mos::item::Name;
use crate::obj::emit::{ADDRESS_ZERO, emit};
use crate::obj::object::{Section, SectionKind};
use crate::obj::zpset::ZpSet;

/// In which programs a file is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scope {
    All,
    /// Programs that shall be fast.
    Fast,
    /// Programs that shall be small.
    Small,
    Bare,
    Kernal,
    Upper,
    Lower,
}

impl Scope {
    fn covers(self, env: &Environment, small: bool) -> bool {
        match self {
            Scope::All => true,
            Scope::Fast => !small,
            Scope::Small => small,
            Scope::Bare => !env.kernal,
            Scope::Kernal => env.kernal,
            Scope::Upper => !env.lowercase,
            Scope::Lower => env.lowercase,
        }
    }
}

/// A file of `asm/`.
struct File {
    name: &'static str,
    scope: Scope,
    text: &'static str,
}

macro_rules! files {
    ($($scope:ident $name:literal)+) => {
        &[$(File { name: $name, scope: Scope::$scope, text: include_str!(concat!("../../asm/", $name)) }),+]
    };
}

/// What every file may use: the names of the run-time zero page.
const PRELUDE: &str = include_str!("../../asm/zp.s");

const FILES: &[File] = files! {
    Fast "mul_fast.s"
    Small "mul_small.s"
    All "mul.s"
    All "mul_byte.s"
    All "square.s"
    Fast "div_fast.s"
    Small "div_small.s"
    All "div.s"
    All "shift.s"
    All "fixed.s"
    All "float.s"
    Fast "float_sum_fast.s"
    Fast "float_product_fast.s"
    Small "float_small.s"
    All "float_convert.s"
    All "print.s"
    All "number.s"
    Fast "number_fast.s"
    Small "number_small.s"
    All "number_fixed.s"
    All "number_float.s"
    All "string.s"
    All "memory.s"
    Fast "memory_fast.s"
    Small "memory_small.s"
    All "keyboard.s"
    All "raster.s"
    All "loader.s"
    All "loader_placed.s"
    All "loader_file.s"
    All "fail.s"
    All "stack.s"
    Bare "screen_bare.s"
    Bare "keyboard_bare.s"
    Bare "interrupt_bare.s"
    Kernal "interrupt_kernal.s"
    Upper "text_upper.s"
    Lower "text_lower.s"
};

/// The sections of the files that were assembled: they depend on nothing but the file.
static ASSEMBLED: [OnceLock<Vec<RtSection>>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

/// Routines that are the KERNAL's own.
const KERNAL_ROUTINES: &[(&str, u16)] = &[
    ("rt_print_char", 0xFFD2),
    ("rt_getkey", 0xFFE4),
    ("rt_irq_chain", kernal::IRQ_HANDLER),
    ("rt_irq_return", kernal::IRQ_EXIT),
];

/// A section of the library.
#[derive(Clone, Debug)]
pub struct RtSection {
    pub section: Section,
    /// Zero page that its instructions name.
    pub zero_page: ZpSet,
}

/// The symbol of the first byte of the software stack, which recursive functions with arrays use.
pub const STACK_START: &str = "soft_stack_start";
/// The symbol of the first byte behind it.
pub const STACK_END: &str = "rt_stack_end";

/// The library for one program.
pub struct Library {
    /// The file that defines a symbol.
    index: BTreeMap<&'static str, usize>,
    absolute: BTreeMap<Name, u16>,
}

impl Library {
    /// The library for programs with this environment; `small`: routines that take little room.
    pub fn new(env: &Environment, small: bool) -> Library {
        let mut index = BTreeMap::new();
        for (i, file) in FILES.iter().enumerate().filter(|(_, file)| file.scope.covers(env, small)) {
            index.extend(symbols(file.text).map(|symbol| (symbol, i)));
        }
        let kernal = KERNAL_ROUTINES.iter().filter(|_| env.kernal);
        let mut absolute: BTreeMap<Name, u16> = kernal.map(|(name, at)| ((*name).into(), *at)).collect();
        absolute.insert(ADDRESS_ZERO.into(), 0);
        // Known after placing.
        for symbol in [STACK_START, STACK_END, MODULE_START, MODULE_LIMIT] {
            absolute.insert(symbol.into(), 0);
        }
        // The letter before an exponent, which the text of a float needs.
        absolute.insert("rt_letter_e".into(), if env.lowercase { 0xC5 } else { 0x45 });
        Library { index, absolute }
    }

    /// Symbols with an address that does not depend on the program.
    pub fn absolute(&self) -> &BTreeMap<Name, u16> {
        &self.absolute
    }

    /// The section that defines a symbol; `None` when the library has no such symbol.
    pub fn find(&self, symbol: &str) -> Option<&'static RtSection> {
        let file = *self.index.get(symbol)?;
        let sections = ASSEMBLED[file].get_or_init(|| assemble(&FILES[file]));
        sections.iter().find(|s| s.section.offset_of(symbol).is_some())
    }

    /// All symbols that files define for this environment, for tests.
    pub fn symbols(&self) -> impl Iterator<Item = &'static str> {
        self.index.keys().copied()
    }
}

/// The global symbols that a file defines, found without assembling it.
fn symbols(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter_map(|line| {
        let word = |rest: &'static str| rest.trim_start().split([',', ' ', ':', '\t']).next();
        match line.strip_prefix('.') {
            Some(directive) => {
                let (kind, rest) = directive.split_once(' ')?;
                matches!(kind, "routine" | "data" | "rodata" | "bss").then(|| word(rest)).flatten()
            }
            None => (line.starts_with("rt_") && line.contains(':')).then(|| word(line)).flatten(),
        }
    })
}

fn assemble(file: &File) -> Vec<RtSection> {
    let (chunks, errors) = assemble_library(PRELUDE, file.text);
    if let Some(error) = errors.first() {
        let line = file.text[..error.range.start.min(file.text.len())].lines().count();
        panic!("asm/{} does not assemble: line {line}: {}", file.name, error.message);
    }
    chunks.into_iter().map(|chunk| section(file, chunk)).collect()
}

fn section(file: &File, chunk: Chunk) -> RtSection {
    let kind = match chunk.kind {
        ChunkKind::Code => SectionKind::Code,
        ChunkKind::Data => SectionKind::Data,
        ChunkKind::RoData => SectionKind::RoData,
        ChunkKind::Bss(size) => {
            let section = Section::reserve(chunk.name, SectionKind::Bss, size);
            let section = Section { align: chunk.align, ..section };
            return RtSection { section, zero_page: ZpSet::EMPTY };
        }
    };
    let section = emitted(&format!("asm/{}", file.name), chunk.name, &chunk.items);
    RtSection { section: Section { kind, ..section }, zero_page: chunk.facts.zero_page.into_iter().collect() }
}

/// Items of our own as a section; a fault in them is a defect of the compiler.
pub fn emitted(whose: &str, name: Name, items: &[crate::mos::item::Item]) -> Section {
    let (section, errors) = emit(name, items, &|_| false);
    if let Some(error) = errors.first() {
        panic!("{whose}: {}", error.message);
    }
    section
}

/// Assembles code that the linker itself writes, as one section with its zero page.
pub fn assemble_own(name: &str, text: &str) -> RtSection {
    let text = format!(".routine {name}\n{text}");
    let (chunks, errors) = assemble_library(PRELUDE, &text);
    if let Some(error) = errors.first() {
        panic!("{name} does not assemble: {} in\n{text}", error.message);
    }
    let chunk = chunks.into_iter().next().unwrap_or_else(|| panic!("{name} is empty"));
    let section = emitted(name, chunk.name, &chunk.items);
    RtSection { section, zero_page: chunk.facts.zero_page.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the preference for small routines.
    fn environments() -> [(Environment, bool); 4] {
        let pairs = [(false, false), (false, true), (true, false), (true, true)];
        pairs.map(|(kernal, lowercase)| {
            (Environment { kernal, lowercase, ..Environment::default() }, kernal == lowercase)
        })
    }

    #[test]
    fn every_file_assembles_and_defines_what_the_index_says() {
        for (env, small) in environments() {
            let library = Library::new(&env, small);
            for symbol in library.symbols().collect::<Vec<_>>() {
                assert!(library.find(symbol).is_some(), "{symbol}");
            }
        }
    }

    #[test]
    fn a_symbol_is_defined_by_one_file_of_an_environment() {
        for (env, small) in environments() {
            let files = FILES.iter().filter(|file| file.scope.covers(&env, small));
            let mut all: Vec<&str> = files.flat_map(|file| symbols(file.text)).collect();
            all.sort_unstable();
            for pair in all.windows(2) {
                assert_ne!(pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn the_loader_of_modules_stays_small() {
        let library = Library::new(&Environment::default(), false);
        let size = |symbol| library.find(symbol).map_or(u16::MAX, |found| found.section.size);
        let sizes = ["rt_load_file", "rt_load_modules", "rt_load_placed_modules"].map(size);
        assert_eq!(sizes, [185, 551, 303], "as in docs/modules.md");
    }

    #[test]
    fn an_unknown_symbol_is_not_found() {
        assert!(Library::new(&Environment::default(), false).find("rt_nothing").is_none());
    }
}
