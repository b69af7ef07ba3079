//! Addresses for all sections.
//!
//! In: what is linked, and which areas the program maps. Out: an address for each section and for
//! each relocated block. Invariant: no two things share an address; nothing lies in a mapped area,
//! except with a warning when there is no other place; bytes that are loaded lie in one stretch from
//! the load address on. Sections keep their order and go to the lowest place that fits, so that
//! small ones fill the gaps before holes.

use std::ops::Range;

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::c64::memmap;
use crate::codegen::finish::FRAME;
use crate::link::LinkInput;
use crate::link::blocks::{Block, is_relocated};
use crate::link::shake::Reachable;
use crate::link::space::{Space, half_open, joined, overlap, shortfall};
use crate::link::startup;
use crate::obj::object::{Section, SectionKind};

/// Where everything is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Layout {
    /// Run-time address of each section.
    pub addresses: Vec<u16>,
    /// Load address of each block.
    pub blocks: Vec<u16>,
    /// The addresses that are loaded.
    pub loaded: Range<u32>,
    /// Room for the software stack: the largest area that is left.
    pub stack: Range<u16>,
    /// Where modules are loaded: the largest area that is left behind the program.
    pub modules: Range<u32>,
}

/// How many of the largest parts an error lists.
const LISTED: usize = 8;
/// So many of the areas for variables keep out of what the program maps.
const OUTSIDE_MAPPED: usize = 2;
const CHARACTER_SET_SIZE: u32 = 0x0800;

/// Finds the addresses; `None` after an error.
pub fn place(input: &LinkInput, reachable: &Reachable, blocks: &[Block], sink: &mut Sink) -> Option<Layout> {
    let errors = sink.error_count();
    let (load, _) = startup::addresses(input);
    let sections: Vec<&Section> = reachable.sections.iter().map(|r| &r.section).collect();
    let mut layout = Layout { addresses: vec![0; sections.len()], ..Layout::default() };
    let first: Vec<usize> = [startup::BASIC_LINE, startup::START]
        .iter()
        .filter_map(|name| sections.iter().position(|s| s.name.as_str() == *name))
        .collect();
    let mut start_range = u32::from(load)..u32::from(load);
    for &i in &first {
        layout.addresses[i] = start_range.end as u16;
        start_range.end += u32::from(sections[i].size);
    }
    layout.loaded = start_range.clone();
    let targets = targets(input, blocks, &sections);
    check_targets(input, &targets, &start_range, sink);
    let mut holes: Vec<Range<u32>> = targets.into_iter().map(|(_, range)| range).collect();
    holes.push(start_range.clone());

    let image = image_area(load);
    let mut anywhere = space(std::slice::from_ref(&image), &holes);
    holes.extend(input.mapped.iter().map(half_open));
    let mut outside = space(std::slice::from_ref(&image), &holes);
    let mut missing: u32 = 0;
    let mut overlapping: Vec<Range<u32>> = vec![start_range];
    for (i, section) in sections.iter().enumerate() {
        if first.contains(&i) || !section.kind.has_bytes() || is_relocated(section) {
            continue;
        }
        let (size, align) = (u32::from(section.size), u32::from(section.align));
        let mut found = outside.take(size, align);
        if found.is_none() {
            found = anywhere.take(size, align);
            overlapping.extend(found.map(|at| u32::from(at)..u32::from(at) + size));
        }
        match found {
            Some(address) => {
                let taken = u32::from(address)..u32::from(address) + size;
                anywhere.reserve(&taken);
                outside.reserve(&taken);
                layout.loaded.end = layout.loaded.end.max(taken.end);
                layout.addresses[i] = address;
            }
            None => missing += shortfall([&mut outside, &mut anywhere], size),
        }
    }
    for block in blocks {
        match outside.take(block.size, 1) {
            Some(at) => {
                let taken = u32::from(at)..u32::from(at) + block.size;
                anywhere.reserve(&taken);
                layout.loaded.end = layout.loaded.end.max(taken.end);
                layout.blocks.push(at);
                for (member, offset) in &block.members {
                    layout.addresses[*member] = block.address.wrapping_add(*offset as u16);
                }
            }
            None => missing += shortfall([&mut outside, &mut anywhere], block.size),
        }
    }
    // Mapped areas are the last resort: a program may map the whole memory to look around in it.
    let extra = extra_areas(input, load);
    holes.truncate(holes.len() - input.mapped.len());
    let further = space(&extra, &holes);
    holes.extend(input.mapped.iter().map(half_open));
    let mut variables = [outside, space(&extra, &holes), anywhere, further];
    // What must lie low goes first.
    let mut order: Vec<usize> = (0..sections.len()).collect();
    order.sort_by_key(|&i| sections[i].highest.unwrap_or(u16::MAX));
    for i in order {
        let section = sections[i];
        let size = u32::from(section.size);
        match (section.kind, section.fixed) {
            (SectionKind::Bss | SectionKind::ZeroPage, Some(address)) => layout.addresses[i] = address,
            (SectionKind::ZeroPage, None) => {
                panic!("link: zero-page section {} has no address", section.name);
            }
            (SectionKind::Bss, None) => {
                let align = u32::from(section.align);
                // Where it begins is a promise; within which page it lies, a wish.
                let lead = section.in_page.filter(|_| align == 1);
                let in_page = lead.and_then(|lead| variables[0].take_in_page(size, lead.into()));
                let anywhere = || {
                    let spaces = variables.iter_mut().enumerate();
                    spaces.into_iter().find_map(|(n, space)| Some((n, space.take(size, align)?)))
                };
                let found = in_page.map(|address| (0, address)).or_else(anywhere);
                let low = |found: &(usize, u16)| section.highest.is_none_or(|highest| found.1 <= highest);
                let Some((area, address)) = found.filter(low) else {
                    missing += shortfall(&mut variables, size);
                    continue;
                };
                layout.addresses[i] = address;
                let taken = u32::from(address)..u32::from(address) + size;
                variables.iter_mut().for_each(|space| space.reserve(&taken));
                if area >= OUTSIDE_MAPPED {
                    overlapping.push(taken);
                }
            }
            _ => {}
        }
    }
    let left = variables[..OUTSIDE_MAPPED]
        .iter()
        .filter_map(Space::largest)
        .max_by_key(|area| area.end - area.start);
    layout.modules = variables[0].largest().cloned().unwrap_or_default();
    // Behind loaded modules, the stack has what they leave.
    let left = if input.modules.is_empty() { left } else { Some(&layout.modules) };
    layout.stack = left.map_or(0..u16::MAX, |area| area.start as u16..area.end.min(0xFFFF) as u16);
    if missing > 0 {
        sink.push(too_big(&sections, missing));
    }
    warn_of_overlaps(input, &overlapping, sink);
    (sink.error_count() == errors).then_some(layout)
}

fn space(areas: &[Range<u32>], holes: &[Range<u32>]) -> Space {
    let mut space = Space::new(areas.iter().cloned());
    holes.iter().for_each(|hole| space.reserve(hole));
    space
}

/// Where bytes may be loaded: upward from the load address, below the I/O area or above it.
fn image_area(load: u16) -> Range<u32> {
    let end =
        if load < *memmap::IO.start() { *memmap::IO.start() } else { *memmap::RAM_UNDER_KERNAL.end() + 1 };
    u32::from(load)..u32::from(end)
}

/// Where variables may lie when there is no room behind the program.
fn extra_areas(input: &LinkInput, load: u16) -> Vec<Range<u32>> {
    let main = half_open(&memmap::RAM_MAIN);
    let below = main.start..u32::from(load).clamp(main.start, main.end);
    let under_kernal = half_open(&memmap::RAM_UNDER_KERNAL);
    let mut areas = vec![below];
    if load >= *memmap::IO.start() {
        areas[0] = main;
    } else if !input.env.kernal {
        areas.push(under_kernal);
    }
    areas
}

/// Places that the program itself names for something it stores there.
fn targets(input: &LinkInput, blocks: &[Block], sections: &[&Section]) -> Vec<(String, Range<u32>)> {
    let mut targets: Vec<(String, Range<u32>)> = Vec::new();
    for block in blocks {
        let names: Vec<&str> = block.members.iter().map(|(i, _)| sections[*i].name.as_str()).collect();
        targets.push((names.join(", "), block.range()));
    }
    if let Some(address) = input.env.charset_rom {
        let start = u32::from(address);
        // Data may be copied over the character set: that is what it is for.
        targets.push(("the character set".into(), start..start + CHARACTER_SET_SIZE));
    }
    for section in sections.iter().filter(|s| s.kind == SectionKind::Bss) {
        if let Some(address) = section.fixed {
            let start = u32::from(address);
            targets.push((section.name.to_string(), start..start + u32::from(section.size)));
        }
    }
    targets
}

fn check_targets(input: &LinkInput, targets: &[(String, Range<u32>)], start: &Range<u32>, sink: &mut Sink) {
    let end = if input.env.kernal { u32::from(*memmap::KERNAL_ROM.start()) } else { 0x10000 };
    for (i, (name, range)) in targets.iter().enumerate() {
        if range.end > end {
            sink.push(outside(name, range, end));
        }
        if overlap(range, start) {
            sink.push(shared(name, range, "the program's start-up code", start));
        }
        for (other, second) in &targets[i + 1..] {
            let charset = input.env.charset_rom.is_some() && other == "the character set";
            if overlap(range, second) && !charset {
                sink.push(shared(name, range, other, second));
            }
        }
    }
}

fn outside(name: &str, range: &Range<u32>, end: u32) -> Diagnostic {
    let text = format!("{name} does not fit at ${:04x}: it would end at ${:04x}", range.start, range.end - 1);
    let help = format!("The memory that it can use there ends at ${:04x}.", end - 1);
    Diagnostic::global(codes::RELOCATED_TOO_FAR, text).help(help)
}

fn shared(name: &str, range: &Range<u32>, other: &str, second: &Range<u32>) -> Diagnostic {
    let place = |r: &Range<u32>| format!("${:04x}-${:04x}", r.start, r.end - 1);
    let text = format!("{name} ({}) and {other} ({}) share memory", place(range), place(second));
    Diagnostic::global(codes::MEMORY_SHARED, text).help("Give one of them another address.")
}

fn warn_of_overlaps(input: &LinkInput, parts: &[Range<u32>], sink: &mut Sink) {
    for mapped in joined(input.mapped.iter().map(half_open).collect()) {
        if let Some(part) = parts.iter().find(|part| overlap(part, &mapped)) {
            let text = format!(
                "The program itself at ${:04x}-${:04x} lies in ${:04x}-${:04x}, which the program maps",
                part.start,
                part.end - 1,
                mapped.start,
                mapped.end - 1
            );
            let warning = Diagnostic::global_warning(codes::IMAGE_IN_MAPPED_AREA, text);
            sink.push(warning.note("Writing there changes the running program."));
        }
    }
}

fn too_big(sections: &[&Section], missing: u32) -> Diagnostic {
    let kinds = [
        ("code", &[SectionKind::Code][..]),
        ("data", &[SectionKind::RoData, SectionKind::Data]),
        ("variables", &[SectionKind::Bss]),
    ];
    let sum = |kinds: &[SectionKind]| -> u32 {
        sections.iter().filter(|s| kinds.contains(&s.kind)).map(|s| u32::from(s.size)).sum()
    };
    let sums: Vec<String> = kinds.iter().map(|(name, kinds)| format!("{} {name}", sum(kinds))).collect();
    let text = format!("The program does not fit into memory: {missing} bytes too many");
    let mut error = Diagnostic::global(codes::PROGRAM_TOO_BIG, text);
    error = error.note(format!("It has, in bytes: {}.", sums.join(", ")));
    let mut largest: Vec<&&Section> = sections.iter().filter(|s| s.kind != SectionKind::ZeroPage).collect();
    largest.sort_by_key(|s| (std::cmp::Reverse(s.size), s.name.clone()));
    for section in largest.into_iter().take(LISTED) {
        let name = match section.name.as_str() {
            FRAME => "variables of functions",
            name => name,
        };
        error = error.note(format!("{:>6}  {name}", section.size));
    }
    error
}
