//! Linking: from sections to a program image.
//!
//! In: the sections of the program, its entry and environment (`LinkInput`). Out: an `Image`, whose
//! bytes `out/` writes. Invariant: in an image nothing overlaps and every relocation is applied and
//! checked. Each step borrows what the earlier ones found and returns a new value:
//! `runtime` (which routines exist) → `resolve` (symbol → section) → `shake` (what is reachable) →
//! `startup` (code before and after `main`) → `place` (addresses) → `fixup` (bytes).
//! Not here: code generation, file formats.

mod blocks;
pub mod dynamic;
mod fixup;
pub mod map;
mod place;
mod placed;
pub mod runtime;
mod shake;
mod space;
mod startup;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::base::diag::Sink;
use crate::link::blocks::blocks;
use crate::link::dynamic::{DynamicModule, Imports, LoadedPart};
use crate::link::place::place;
use crate::link::runtime::Library;
use crate::link::shake::shake;
use crate::mir::ir::Environment;
use crate::mos::item::Name;
use crate::obj::object::Section;
use crate::obj::zpset::ZpSet;

/// A whole program before linking. Run-time routines are not part of it: the linker adds those
/// that the sections refer to.
#[derive(Clone, Default, Debug)]
pub struct LinkInput {
    /// Code and data. A section with a `fixed` address and bytes is stored in the program and
    /// copied to that address at start-up; sections with the same address follow each other.
    /// `ZeroPage` sections have their address.
    pub sections: Vec<Section>,
    /// The symbol of `main`.
    pub entry: Option<Name>,
    /// Functions to be called before `main`, in order.
    pub init: Vec<Name>,
    /// Sections that stay though nothing refers to them (`relocate` data).
    pub keep: Vec<Name>,
    pub env: Environment,
    /// Addresses that the program maps or that its inline assembly names. The compiler's own data
    /// keeps out of them; some of them bring in parts of the run time, such as the jiffy clock.
    pub mapped: Vec<RangeInclusive<u16>>,
    /// Zero page that the program's code writes, besides its `ZeroPage` sections and what the
    /// run-time routines use; given back as it was when the program ends.
    pub zero_page: ZpSet,
    /// Modules that the program loads when it starts, in dependency order. Their parts are reached by
    /// the symbols that `obj::liblink` gives them.
    pub modules: Vec<DynamicModule>,
    /// Take the run-time routines that need little room.
    pub small: bool,
}

/// A section with its address and its final bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed {
    pub section: Section,
    /// Where it is when the program runs.
    pub address: u16,
    /// Where its bytes are loaded, when start-up copies them from there to `address`.
    pub stored: Option<u16>,
    /// The section that refers to it, for the map; `None` for what is always there.
    pub wanted_by: Option<Name>,
}

/// A linked program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Image {
    /// Where the first byte is loaded.
    pub load: u16,
    /// What is loaded, without gaps.
    pub bytes: Vec<u8>,
    /// Where execution begins.
    pub entry: u16,
    /// Every symbol with its address.
    pub symbols: BTreeMap<Name, u16>,
    /// The modules that it loads at run time, in dependency order.
    pub loads: Vec<String>,
    /// What it loads of these.
    pub loaded_parts: Vec<LoadedPart>,
    /// Every section, by ascending address.
    pub placed: Vec<Placed>,
}

/// Links a program; `None` after an error.
pub fn link(input: &LinkInput, sink: &mut Sink) -> Option<Image> {
    let library = Library::new(&input.env, input.small);
    let mut roots: Vec<Name> = input.entry.iter().chain(&input.init).chain(&input.keep).cloned().collect();
    let imports = Imports::new(&input.modules);
    let mut reachable = shake(&input.sections, &library, &roots, &imports);
    let closure = imports.close(&reachable, sink)?;
    let mut own = startup::roots(input, &reachable, &blocks(&reachable));
    own.extend(imports.roots(&reachable));
    own.extend(closure.routines());
    if own.iter().any(|name| !reachable.has(name.as_str())) {
        roots.extend(own);
        reachable = shake(&input.sections, &library, &roots, &imports);
    }
    for (symbol, by) in &reachable.undefined {
        sink.push(fixup::undefined(symbol, by.as_ref()));
    }
    if !reachable.undefined.is_empty() {
        return None;
    }
    let blocks = blocks(&reachable);
    for section in startup::build(input, &reachable, &blocks) {
        reachable.push(section);
    }
    for section in imports.sections(&closure, &mut reachable, sink)? {
        reachable.push(section);
    }
    let layout = place(input, &reachable, &blocks, sink)?;
    if let Some(error) = imports.too_big(&closure, layout.modules.len()) {
        sink.push(error);
        return None;
    }
    let mut image = fixup::fix(reachable, &blocks, &layout, library.absolute(), sink)?;
    image.loaded_parts = imports.loaded_parts(&closure, layout.modules.start as u16);
    image.symbols.extend(image.loaded_parts.iter().map(|part| (part.name.clone(), part.address)));
    Some(Image { entry: startup::addresses(input).1, loads: imports.loaded(&closure), ..image })
}
