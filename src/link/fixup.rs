//! Relocations applied: from sections with addresses to the bytes of the program.
//!
//! In: what is linked, and the layout. Out: the image. Invariant: every hole is filled with a value
//! that fits it, or there is an error at the source of the code that has the hole.

use std::collections::BTreeMap;

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::link::blocks::{Block, is_relocated};
use crate::link::dynamic::{MODULE_LIMIT, MODULE_START};
use crate::link::place::Layout;
use crate::link::runtime::{STACK_END, STACK_START};
use crate::link::shake::Reachable;
use crate::link::{Image, Placed};
use crate::mos::item::Name;
use crate::obj::object::Section;
use crate::obj::reloc;

/// Builds the image; `None` after an error.
pub fn fix(
    reachable: Reachable,
    blocks: &[Block],
    layout: &Layout,
    absolute: &BTreeMap<Name, u16>,
    sink: &mut Sink,
) -> Option<Image> {
    let errors = sink.error_count();
    let symbols = symbols(&reachable, blocks, layout, absolute);
    let load = layout.loaded.start as u16;
    let mut bytes = vec![0; layout.loaded.len()];
    let mut stored: Vec<Option<u16>> = vec![None; reachable.sections.len()];
    for (block, at) in blocks.iter().zip(&layout.blocks) {
        for (member, offset) in &block.members {
            stored[*member] = Some(at.wrapping_add(*offset as u16));
        }
    }
    let mut placed = Vec::with_capacity(reachable.sections.len());
    for (i, reached) in reachable.sections.into_iter().enumerate() {
        let mut section = reached.section;
        let address = layout.addresses[i];
        apply_all(&mut section, address, &symbols, sink);
        if section.kind.has_bytes() {
            let at = usize::from(stored[i].unwrap_or(address).wrapping_sub(load));
            if let Some(place) = bytes.get_mut(at..at + section.bytes.len()) {
                place.copy_from_slice(&section.bytes);
            }
        }
        let stored = if is_relocated(&section) { stored[i] } else { None };
        placed.push(Placed { section, address, stored, wanted_by: reached.wanted_by });
    }
    placed.sort_by_key(|p| (p.address, p.section.size));
    (sink.error_count() == errors).then_some(Image {
        load,
        bytes,
        entry: load,
        symbols,
        placed,
        loads: Vec::new(),
        loaded_parts: Vec::new(),
    })
}

fn symbols(
    reachable: &Reachable,
    blocks: &[Block],
    layout: &Layout,
    absolute: &BTreeMap<Name, u16>,
) -> BTreeMap<Name, u16> {
    let mut symbols = absolute.clone();
    symbols.insert(STACK_START.into(), layout.stack.start);
    symbols.insert(STACK_END.into(), layout.stack.end);
    symbols.insert(MODULE_START.into(), layout.modules.start as u16);
    symbols.insert(MODULE_LIMIT.into(), layout.modules.end as u16);
    for (reached, address) in reachable.sections.iter().zip(&layout.addresses) {
        let section = &reached.section;
        symbols.insert(section.name.clone(), *address);
        for symbol in &section.symbols {
            symbols.insert(symbol.name.clone(), address.wrapping_add(symbol.offset));
        }
    }
    for (block, at) in blocks.iter().zip(&layout.blocks) {
        symbols.insert(block.stored_name(), *at);
    }
    symbols
}

fn apply_all(section: &mut Section, address: u16, symbols: &BTreeMap<Name, u16>, sink: &mut Sink) {
    for hole in std::mem::take(&mut section.relocs) {
        let Some(&target) = symbols.get(&hole.symbol) else {
            sink.push(undefined(&hole.symbol, Some(&section.name)));
            continue;
        };
        if let Err(error) = reloc::apply(&mut section.bytes, address, &hole, target) {
            let text = format!("'{}' in {}: {error}", hole.symbol, section.name);
            sink.push(match section.span_at(hole.offset) {
                Some(span) => Diagnostic::error(codes::VALUE_DOES_NOT_FIT, span, text),
                None => Diagnostic::global(codes::VALUE_DOES_NOT_FIT, text),
            });
        }
        section.relocs.push(hole);
    }
}

/// The error of a symbol that nothing defines.
pub fn undefined(symbol: &Name, by: Option<&Name>) -> Diagnostic {
    let needs = by.map_or(String::new(), |by| format!(", which {by} needs"));
    Diagnostic::global(codes::UNDEFINED_SYMBOL, format!("Nothing defines '{symbol}'{needs}"))
}
