//! Layer 7: middle IR → 6502 code.
//!
//! In: a whole program after optimisation. Out: sections with relocations, ready for `link/`.
//! The way of one function: `select/` (bytes of virtual registers) → `webs` (what shares a place)
//! → `homes` (what lives in X and Y) → `emit/` (instructions) → `mach/` (clean-up). Functions are
//! compiled callees first, so that callers know what a call destroys. Then, over the whole
//! program: `frame` (zero page and static frames) → `finish` (sections).

pub mod convention;
pub mod emit;
pub mod finish;
pub mod frame;
pub mod function;
pub mod globals;
pub mod homes;
pub mod inline_asm;
pub mod lir;
pub mod mach;
pub mod module;
pub mod outline;
pub mod prepare;
pub mod print;
pub mod remarks;
pub mod select;
pub mod squares;
pub mod webs;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::index::IndexVec;
use crate::c64::memmap;
use crate::codegen::convention::Conventions;
use crate::codegen::function::Compiled;
use crate::codegen::lir::LFunc;
use crate::codegen::outline::Body;
use crate::codegen::select::Whole;
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{Base, Callee, FuncId, GlobalKind, Op, Program};
use crate::mos::item::Name;
use crate::obj::object::{Section, SectionKind};
use crate::obj::rt_abi::RT_ZERO_PAGE;
use crate::obj::zpset::ZpSet;

/// How code is generated.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// 0: simple code; 1 and more: register homes, folding, clean-up.
    pub level: u8,
    /// Prefer small code.
    pub small: bool,
    /// Finished code for a `.LIB`: see `module.rs`.
    pub module: bool,
}

/// The code and data of a program.
#[derive(Default, Debug)]
pub struct Generated {
    pub sections: Vec<Section>,
    pub entry: Option<Name>,
    pub init: Vec<Name>,
    /// Sections that stay though nothing refers to them.
    pub keep: Vec<Name>,
    /// Addresses that the program maps, and zero page that its inline assembly names.
    pub mapped: Vec<RangeInclusive<u16>>,
    /// Zero page that the code writes.
    pub zero_page: ZpSet,
    /// Functions with so many bytes of variables that found no room there.
    pub outside_zero_page: Vec<(FuncId, usize)>,
    /// The functions in low-level form, for `--emit lir` and remarks.
    pub low_level: Vec<LFunc>,
}

/// Generates the code of a program. The program is changed: recursive functions lose their slots.
pub fn generate(program: &mut Program, options: &Options, sink: &mut Sink) -> Generated {
    prepare::stack_slots(program, &CallGraph::new(program), options.module);
    let graph = CallGraph::new(program);
    module::check(program, &graph, options.module, sink);
    let wanted: Vec<FuncId> =
        graph.sccs.iter().flatten().copied().filter(|f| !program.funcs[*f].is_extern()).collect();
    let asm = inline_asm::assemble_all(program, &wanted, sink);
    if options.module {
        module::check_assembly(&asm, sink);
    }
    let frequency = frequencies(program, &graph);
    let fast = options.level >= 2 && !options.small && !options.module;
    let whole = Whole {
        squares: fast && squares::pay(program, &wanted, &frequency),
        aligned: globals::aligned(program, options),
    };
    let mut mapped = mapped(program);
    let mut free = match options.module {
        true => module::free_zero_page(asm.zero_page),
        false => free_zero_page(program.env.kernal, &mapped, asm.zero_page),
    };
    if !options.module && module::calls_finished(program) {
        module::ZERO_PAGE.iter().for_each(|at| free.remove(at));
    }
    let mut sections = Vec::new();
    let mut in_zero_page = place_in_zero_page(program, &asm, &mut free, &mut sections, sink);
    let policy = frame::Policy {
        free,
        module: options.module,
        small: options.small,
        globals: options.level > 0 && !options.module,
    };
    // Functions whose pointers find no room are compiled again, and so are those that know them.
    let mut short_pointers = BTreeSet::new();
    let (mut compiled, frames) = loop {
        let mut conventions = conventions(program, &graph, options.module);
        let mut compiled: IndexVec<FuncId, Option<Compiled>> = program.funcs.iter().map(|_| None).collect();
        for &f in &wanted {
            let short = short_pointers.contains(&f);
            compiled[f] = Some(function::compile(program, f, &mut conventions, options, &whole, short));
        }
        let frames = frame::place(program, &graph, &compiled, &frequency, policy);
        let before = short_pointers.len();
        short_pointers.extend(frames.overflow.iter().copied());
        if short_pointers.len() == before {
            break (compiled, frames);
        }
    };
    for (g, at) in &frames.globals {
        let global = &program.globals[*g];
        let mut section = Section::reserve(&*global.name, SectionKind::ZeroPage, global.size as u16);
        section.fixed = Some(u16::from(*at));
        in_zero_page.insert(section.name.clone());
        sections.push(section);
    }
    if let Some(&f) = frames.overflow.first() {
        let name = &program.funcs[f].name;
        sink.push(
            Diagnostic::global(
                codes::ZERO_PAGE_FULL,
                format!("Zero page is full: the pointers of '{name}' do not fit"),
            )
            .help("map fewer zero-page addresses"),
        );
    }
    let oracle = |name: &Name| in_zero_page.contains(name);
    let finish =
        finish::Finish { program, frames: &frames, asm: &asm, zero_page: &oracle, module: options.module };
    let code = wanted.iter().filter_map(|f| Some((*f, compiled[*f].as_ref()?)));
    let mut bodies: Vec<Body> =
        code.map(|(f, code)| finish.body(f, code, outline::OFTEN / frequency[f])).collect();
    if options.small && options.level > 0 && !options.module {
        outline::run(&mut bodies, &oracle);
    }
    sections.extend(bodies.iter().map(|body| finish.section(body, sink)));
    // A slot without bytes, of an object without properties, has an address too.
    if frames.size > 0 || program.funcs.iter().any(|f| !f.slots.is_empty()) {
        let size = u16::try_from(frames.size).unwrap_or(u16::MAX);
        sections.push(Section::reserve(finish::FRAME, SectionKind::Bss, size));
    }
    let indexed = match fast {
        true => finish::indexed_globals(compiled.iter().flatten()),
        false => BTreeMap::new(),
    };
    for g in program.globals.ids() {
        let name = Name::from(&*program.globals[g].name);
        if !in_zero_page.contains(&name) {
            let align = if whole.aligned.contains(&g) { globals::PAGE } else { 1 };
            let section = finish::global(program, g, indexed.get(&g).copied());
            sections.extend(section.map(|s| Section { align, ..s }));
        }
    }
    let symbol = |f: &FuncId| prepare::symbol(&program.funcs[*f].name);
    mapped
        .extend(asm.zero_page.runs().into_iter().map(|run| u16::from(*run.start())..=u16::from(*run.end())));
    Generated {
        sections,
        entry: program.entry.as_ref().map(symbol),
        init: program.init.iter().map(symbol).collect(),
        keep: program
            .globals
            .iter()
            .filter(|g| g.keep && g.kind != GlobalKind::Mapped)
            .map(|g| prepare::symbol(&g.name))
            .collect(),
        mapped,
        zero_page: frames.zero_page,
        outside_zero_page: wanted.iter().filter_map(|f| Some((*f, frames.outside(*f)?))).collect(),
        low_level: wanted.iter().filter_map(|f| Some(compiled[*f].take()?.low)).collect(),
    }
}

fn conventions(program: &Program, graph: &CallGraph, module: bool) -> Conventions {
    let mut cycle = IndexVec::filled(program.funcs.len(), 0);
    for (n, component) in graph.sccs.iter().enumerate() {
        component.iter().for_each(|f| cycle[*f] = n);
    }
    let recursive = program.funcs.ids().map(|f| graph.recursive.contains(f)).collect();
    Conventions::by_signature(program, module, cycle, recursive)
}

/// How often each function runs, estimated: callers' frequency times the weight of the call.
fn frequencies(program: &Program, graph: &CallGraph) -> IndexVec<FuncId, f64> {
    const LIMIT: f64 = 1e12;
    let mut frequency = IndexVec::filled(program.funcs.len(), 1.0f64);
    for component in graph.sccs.iter().rev() {
        for &f in component {
            if graph.recursive.contains(f) {
                frequency[f] = (frequency[f] * 100.0).min(LIMIT);
            }
            if program.funcs[f].is_extern() {
                continue;
            }
            let weights = function::block_weights(program, f);
            for (b, block) in program.funcs[f].blocks.enumerated() {
                for inst in &block.insts {
                    if let Op::Call(Callee::Func(callee), _) = inst.op
                        && !component.contains(&callee)
                    {
                        frequency[callee] = (frequency[callee] + frequency[f] * weights[b]).min(LIMIT);
                    }
                }
            }
        }
    }
    frequency
}

/// The areas that the program maps at constant addresses.
fn mapped(program: &Program) -> Vec<RangeInclusive<u16>> {
    let mut areas = Vec::new();
    let mut add = |at: i32, size: u32| {
        if let Ok(start) = u16::try_from(at) {
            areas.push(start..=start.saturating_add(u16::try_from(size.max(1) - 1).unwrap_or(u16::MAX)));
        }
    };
    for global in program.globals.iter().filter(|g| g.kind == GlobalKind::Mapped) {
        if let Some(at) = global.fixed {
            add(i32::from(at), global.size);
        }
    }
    for func in program.funcs.iter() {
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            let size = |v| func.ty(v).bytes() as u32;
            match &inst.op {
                Op::Load(a, _) if a.base == Base::Abs => add(a.offset, inst.result.map_or(1, size)),
                Op::Store(a, v, _) if a.base == Base::Abs => add(a.offset, size(*v)),
                Op::Fill { dst, len, .. } if dst.base == Base::Abs => add(dst.offset, *len),
                Op::Copy { dst, src, len, .. } => {
                    for place in [dst, src].into_iter().filter(|p| p.base == Base::Abs) {
                        add(place.offset, *len);
                    }
                }
                _ => {}
            }
        }
    }
    areas.sort_by_key(|r| (*r.start(), *r.end()));
    areas.dedup();
    areas
}

/// Zero page that cells may use.
fn free_zero_page(kernal: bool, mapped: &[RangeInclusive<u16>], named: ZpSet) -> ZpSet {
    let mut free = ZpSet::EMPTY;
    for at in 2..=255u8 {
        let taken = RT_ZERO_PAGE.contains(at)
            || named.contains(at)
            || mapped.iter().any(|r| r.contains(&u16::from(at)));
        if memmap::zero_page_is_free(at, kernal) && !taken {
            free.insert(at);
        }
    }
    free
}

/// Gives zero page to the variables that inline assembly uses as pointers.
fn place_in_zero_page(
    program: &Program,
    asm: &inline_asm::InlineAsm,
    free: &mut ZpSet,
    sections: &mut Vec<Section>,
    sink: &mut Sink,
) -> BTreeSet<Name> {
    let mut placed = BTreeSet::new();
    for name in &asm.must_be_zero_page {
        let Some(g) = program.global_named(name.as_str()) else { continue };
        let size = program.globals[g].size.max(1);
        let room = (2..=255u16).find(|&start| {
            (0..size).all(|k| u8::try_from(u32::from(start) + k).is_ok_and(|at| free.contains(at)))
        });
        let Some(start) = room else {
            sink.push(Diagnostic::global(
                codes::ZERO_PAGE_FULL,
                format!("zero page is full: '{name}' is used as a pointer in assembly but does not fit"),
            ));
            continue;
        };
        (0..size as u16).for_each(|k| free.remove((start + k) as u8));
        let mut section = Section::reserve(name.clone(), SectionKind::ZeroPage, size as u16);
        section.fixed = Some(start);
        sections.push(section);
        placed.insert(name.clone());
    }
    placed
}
