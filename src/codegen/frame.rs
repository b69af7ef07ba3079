//! Static memory of all functions: which cell lies where.
//!
//! In: the finished machine code of every function, and the globals that would gain from zero page.
//! Out: a zero-page address or a frame offset for each group of cells and each slot, and zero page
//! for the globals that deserve it most. Invariant: two groups share an address only when they are
//! never both live: groups of one function never do; groups of two functions do unless one is live
//! across a call that can reach the other, or one belongs to interrupt code and the other not.
//! A global shares with nothing. Pointers go to zero page first, then whatever is used most for its
//! size.
//! Slots may be reached through pointers, so a slot is apart from everything in all callees.

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use crate::base::index::{Id, IndexVec};
use crate::codegen::function::Compiled;
use crate::codegen::globals::{BYTE, Offer, offers};
use crate::codegen::mach::effects::of;
use crate::codegen::mach::liveness::{Live, live_out};
use crate::codegen::mach::{Arg, Cell, MInst, MKind, flow};
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{FuncId, GlobalId, Program, SlotId};
use crate::obj::zpset::ZpSet;

/// The place of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Zp(u8),
    /// Offset in the frame area.
    Frame(u16),
    /// The code never names it.
    Unused,
}

/// The places of everything.
pub struct Frames {
    pub cells: IndexVec<FuncId, Vec<Place>>,
    pub slots: IndexVec<FuncId, IndexVec<SlotId, u16>>,
    /// Zero-page addresses of globals.
    pub globals: BTreeMap<GlobalId, u8>,
    /// Size of the frame area.
    pub size: u32,
    /// Zero page given to cells and globals.
    pub zero_page: ZpSet,
    /// Functions whose pointers did not all find room in zero page.
    pub overflow: Vec<FuncId>,
}

impl Frames {
    /// Bytes of a function's variables that are not in zero page, if there are any.
    pub fn outside(&self, func: FuncId) -> Option<usize> {
        let bytes = self.cells[func].iter().filter(|place| matches!(place, Place::Frame(_))).count();
        (bytes > 0).then_some(bytes)
    }
}

/// What wants an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// A group of cells of a function that begins with this one.
    Cells(FuncId, usize),
    Global(GlobalId),
}

/// A group of cells, or a global, on its way to an address.
struct Candidate {
    owner: Owner,
    bytes: u8,
    pointer: bool,
    weight: f64,
    /// Functions whose cells it must not share.
    below: FixedBitSet,
    /// Live across a call of a function.
    crosses: bool,
}

impl Candidate {
    fn global(offer: &Offer) -> Self {
        Self {
            owner: Owner::Global(offer.global),
            bytes: offer.bytes,
            pointer: false,
            weight: offer.weight,
            below: FixedBitSet::new(),
            crosses: false,
        }
    }

    /// True when both may never have the same address.
    fn conflicts(&self, other: &Candidate, interrupt: &FixedBitSet) -> bool {
        match (self.owner, other.owner) {
            (Owner::Cells(f, _), Owner::Cells(g, _)) => {
                f == g
                    || self.below.contains(g.index())
                    || other.below.contains(f.index())
                    || interrupt.contains(f.index()) != interrupt.contains(g.index())
            }
            _ => true,
        }
    }

    fn same_function(&self, other: &Candidate) -> bool {
        matches!((self.owner, other.owner), (Owner::Cells(f, _), Owner::Cells(g, _)) if f == g)
    }
}

/// How cells and globals get their places.
#[derive(Clone, Copy)]
pub struct Policy {
    /// Zero page that may be given away.
    pub free: ZpSet,
    /// In a module zero page holds only what no call has to leave alone, so that all functions may
    /// use the same.
    pub module: bool,
    /// Bytes of code count more than cycles.
    pub small: bool,
    /// Globals may lie in zero page.
    pub globals: bool,
}

/// Places all cells, and the globals that are worth it. `frequency` is how often each function runs,
/// estimated.
pub fn place(
    program: &Program,
    graph: &CallGraph,
    compiled: &IndexVec<FuncId, Option<Compiled>>,
    frequency: &IndexVec<FuncId, f64>,
    policy: Policy,
) -> Frames {
    let Policy { free, module, small, globals } = policy;
    let closures = closures(graph, compiled.len());
    let mut interrupt = FixedBitSet::with_capacity(compiled.len());
    for handler in graph.handlers.iter() {
        interrupt.insert(handler.index());
        interrupt.union_with(&closures[handler]);
    }
    let mut candidates = Vec::new();
    let mut cells = IndexVec::filled(compiled.len(), Vec::new());
    for (id, func) in compiled.enumerated() {
        let Some(func) = func else { continue };
        cells[id] = vec![Place::Unused; func.cells];
        candidates.extend(collect(id, func, graph, &closures, &|inst| {
            let bytes = if small { BYTE } else { 0.0 };
            bytes + inst.weight * frequency[id]
        }));
    }
    if globals {
        candidates.extend(offers(program, compiled, frequency, small).iter().map(Candidate::global));
    }
    candidates.sort_by(|a, b| {
        let density = |c: &Candidate| c.weight / f64::from(c.bytes);
        b.pointer.cmp(&a.pointer).then(density(b).total_cmp(&density(a))).then(a.owner.cmp(&b.owner))
    });
    let mut frames = Frames {
        cells,
        slots: IndexVec::filled(compiled.len(), IndexVec::new()),
        globals: BTreeMap::new(),
        size: 0,
        zero_page: ZpSet::EMPTY,
        overflow: Vec::new(),
    };
    let mut placed: Vec<(usize, u8)> = Vec::new();
    let mut rest = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let mut taken = ZpSet::EMPTY;
        for &(other, address) in &placed {
            let o = &candidates[other];
            let apart = if module { candidate.same_function(o) } else { candidate.conflicts(o, &interrupt) };
            if apart {
                (address..=address + (o.bytes - 1)).for_each(|a| taken.insert(a));
            }
        }
        let room = if module && candidate.crosses { ZpSet::EMPTY } else { free };
        let address = find_room(room, taken, candidate.bytes);
        if let Some(address) = address {
            placed.push((at, address));
            (0..candidate.bytes).for_each(|k| frames.zero_page.insert(address + k));
        }
        match (candidate.owner, address) {
            (Owner::Cells(func, first), Some(address)) => {
                for k in 0..candidate.bytes {
                    frames.cells[func][first + k as usize] = Place::Zp(address + k);
                }
            }
            (Owner::Cells(func, _), None) if candidate.pointer => frames.overflow.push(func),
            (Owner::Cells(func, first), None) => rest.push((func, first, candidate.bytes)),
            (Owner::Global(global), Some(address)) => {
                frames.globals.insert(global, address);
            }
            // It stays where the linker puts it.
            (Owner::Global(_), None) => {}
        }
    }
    overlay(program, graph, compiled, &interrupt, &rest, &mut frames);
    frames
}

/// For each function all that it can reach by calls or addresses, itself included.
fn closures(graph: &CallGraph, count: usize) -> IndexVec<FuncId, FixedBitSet> {
    let mut closures: IndexVec<FuncId, FixedBitSet> =
        IndexVec::filled(count, FixedBitSet::with_capacity(count));
    for component in &graph.sccs {
        let mut set = FixedBitSet::with_capacity(count);
        for &f in component {
            set.insert(f.index());
            for &callee in graph.refs[f].calls.iter().chain(&graph.refs[f].addressed) {
                set.insert(callee.index());
                set.union_with(&closures[callee]);
            }
        }
        for &f in component {
            closures[f] = set.clone();
        }
    }
    closures
}

fn find_room(free: ZpSet, taken: ZpSet, bytes: u8) -> Option<u8> {
    (0..=255u8).find(|&start| {
        (0..bytes).all(|k| start.checked_add(k).is_some_and(|a| free.contains(a) && !taken.contains(a)))
    })
}

/// The groups of a function that its code names, with their prices and conflicts.
fn collect(
    id: FuncId,
    func: &Compiled,
    graph: &CallGraph,
    closures: &IndexVec<FuncId, FixedBitSet>,
    worth: &dyn Fn(&MInst) -> f64,
) -> Vec<Candidate> {
    let mut weight = vec![0.0f64; func.cells];
    let mut used = vec![false; func.cells];
    let mut below: Vec<FixedBitSet> = vec![FixedBitSet::with_capacity(closures.len()); func.cells];
    let mut crosses = FixedBitSet::with_capacity(func.cells);
    // Arguments that arrive in cells are written by the callers.
    func.argument_cells.iter().for_each(|c| used[c.index()] = true);
    let flow = flow::of(&func.code);
    let out = live_out(&func.code, &flow, func.cells, func.at_return);
    let mark = |live: &Live, set: &FixedBitSet, below: &mut Vec<FixedBitSet>| {
        for cell in live.cells.ones() {
            below[cell].union_with(set);
        }
    };
    for (b, range) in flow.blocks.iter().enumerate() {
        let mut live = out[b].clone();
        for inst in func.code[range.clone()].iter().rev() {
            match &inst.kind {
                MKind::Call { arg: Arg::Func(callee), .. } => {
                    crosses.union_with(&live.cells);
                    mark(&live, &closures[*callee], &mut below);
                }
                MKind::Asm(_) => {
                    crosses.union_with(&live.cells);
                    for callee in &graph.refs[id].addressed {
                        mark(&live, &closures[*callee], &mut below);
                    }
                }
                MKind::Inst { arg: Arg::Foreign(callee, _), .. } => {
                    let mut one = FixedBitSet::with_capacity(closures.len());
                    one.insert(callee.index());
                    mark(&live, &one, &mut below);
                }
                _ => {}
            }
            let named: &[Cell] = match &inst.kind {
                MKind::Inst { arg: Arg::Cell(c), .. } => &[*c],
                MKind::Inst { arg: Arg::IndY(c), .. } => &[*c, Cell::new(c.index() + 1)],
                _ => &[],
            };
            for cell in named {
                used[cell.index()] = true;
                weight[cell.index()] += worth(inst);
            }
            live.step(inst, &of(inst, func.at_return));
        }
    }
    let mut candidates = Vec::new();
    for group in &func.groups {
        let range = group.first.index()..group.first.index() + group.bytes as usize;
        if !range.clone().any(|c| used[c]) {
            continue;
        }
        let mut set = FixedBitSet::with_capacity(closures.len());
        range.clone().for_each(|c| set.union_with(&below[c]));
        candidates.push(Candidate {
            owner: Owner::Cells(id, range.start),
            bytes: group.bytes,
            // A pointer that no access uses any more needs no zero page.
            pointer: group.pointer && func.uses_pointer(group.first),
            weight: range.clone().map(|c| weight[c]).sum(),
            below: set,
            crosses: range.clone().any(|c| crosses.contains(c)),
        });
    }
    candidates
}

/// Lays what is not in zero page, and the slots, over each other along the call graph: a function's
/// area begins where the areas of all its callees have ended.
fn overlay(
    program: &Program,
    graph: &CallGraph,
    compiled: &IndexVec<FuncId, Option<Compiled>>,
    interrupt: &FixedBitSet,
    rest: &[(FuncId, usize, u8)],
    frames: &mut Frames,
) {
    let mut end: IndexVec<FuncId, u32> = IndexVec::filled(compiled.len(), 0);
    let mut top = 0;
    for wanted in [false, true] {
        let base = top;
        for component in &graph.sccs {
            if interrupt.contains(component[0].index()) != wanted {
                continue;
            }
            let callees = component
                .iter()
                .flat_map(|f| graph.refs[*f].calls.iter().chain(&graph.refs[*f].addressed).map(|c| end[*c]));
            let mut at = callees.max().unwrap_or(0).max(base);
            for &f in component {
                for (_, first, bytes) in rest.iter().filter(|(func, ..)| *func == f) {
                    for k in 0..*bytes as usize {
                        frames.cells[f][first + k] = Place::Frame(at as u16);
                        at += 1;
                    }
                }
                if compiled[f].is_some() {
                    for slot in program.funcs[f].slots.iter() {
                        frames.slots[f].push(at as u16);
                        at += slot.size;
                    }
                }
            }
            for &f in component {
                end[f] = at;
            }
            top = top.max(at);
        }
    }
    frames.size = top;
}
