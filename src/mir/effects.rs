//! What operations and calls do to memory.
//!
//! In: a program. Out: for each function what it and its callees read and write, and for any
//! operation whether it may read or write a given place.
//! Facts stay right while passes only remove or specialise code; they must be made anew after
//! functions were copied, added or renumbered.
//! Globals that interrupt code touches are "shared": their accesses count as visible at any time.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::alias::{self, Origin, Origins, Region};
use crate::mir::callgraph::CallGraph;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{
    Access, Addr, Base, Callee, Func, FuncId, Global, GlobalId, GlobalKind, Op, Program, SlotId, Ty, Value,
};
use crate::mir::loops::Loops;
use crate::mir::rt::{Rt, RtEffect};

/// What a function with all that it calls may do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    pub reads: IdSet<GlobalId>,
    pub writes: IdSet<GlobalId>,
    /// Reads memory through pointers, or in ways not known.
    pub reads_other: bool,
    pub writes_other: bool,
    /// Does something that the outside sees, or that must not be removed: mapped accesses, input and output.
    pub visible: bool,
    /// May run for ever, or end the program.
    pub endless: bool,
}

impl Summary {
    /// Of code about which nothing is known.
    fn unknown() -> Self {
        Self { reads_other: true, writes_other: true, visible: true, endless: true, ..Self::default() }
    }

    fn join(&mut self, other: &Summary) {
        self.reads.union_with(&other.reads);
        self.writes.union_with(&other.writes);
        self.reads_other |= other.reads_other;
        self.writes_other |= other.writes_other;
        self.visible |= other.visible;
        self.endless |= other.endless;
    }

    /// True when a call whose result is not used can be removed.
    pub fn is_removable(&self) -> bool {
        self.writes.is_empty() && !self.writes_other && !self.visible && !self.endless
    }
}

/// The effects of all functions.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Effects {
    funcs: IndexVec<FuncId, Summary>,
    /// Globals whose address is known outside the places that name them.
    pointed: IdSet<GlobalId>,
    /// Globals whose content never changes.
    constant: IdSet<GlobalId>,
    /// Globals that some function reads.
    read: IdSet<GlobalId>,
    /// Globals that interrupt code touches.
    shared: IdSet<GlobalId>,
    /// Interrupt code may touch anything whose address is known.
    shared_other: bool,
    /// Functions that may be entered again before they return.
    recursive: IdSet<FuncId>,
    /// The program computes how far places lie apart.
    far: bool,
    /// What functions do whose addresses are known: code that the compiler does not see may call them.
    addressed: Summary,
}

impl Effects {
    /// Computes all summaries, callees before callers.
    pub fn new(program: &Program, graph: &CallGraph) -> Self {
        let mut effects = Self {
            funcs: IndexVec::filled(program.funcs.len(), Summary::default()),
            pointed: program
                .globals
                .enumerated()
                .filter(|(_, g)| is_known(program, g))
                .map(|(id, _)| id)
                .collect(),
            constant: program
                .globals
                .enumerated()
                .filter(|(_, g)| g.kind == GlobalKind::Const && !g.external)
                .map(|(id, _)| id)
                .collect(),
            read: IdSet::default(),
            shared: IdSet::default(),
            shared_other: false,
            recursive: graph.recursive.clone(),
            far: false,
            addressed: Summary::default(),
        };
        for part in program.globals.iter().flat_map(|g| &g.init) {
            if let crate::mir::ir::Init::Addr(Base::Global(id), _) = part {
                effects.pointed.insert(*id);
            }
        }
        let trace = |far: bool| -> Vec<Option<(Cfg, Origins)>> {
            let traced = |func: &Func| {
                let cfg = Cfg::new(func);
                let origins = Origins::new(func, &cfg, far);
                (cfg, origins)
            };
            program.funcs.iter().map(|func| (!func.is_extern()).then(|| traced(func))).collect()
        };
        let mut traced = trace(false);
        effects.far = traced.iter().flatten().any(|(_, origins)| origins.distances);
        if effects.far {
            traced = trace(true);
        }
        let mut own: IndexVec<FuncId, Summary> = IndexVec::new();
        for (func, traced) in program.funcs.iter().zip(&traced) {
            let Some((cfg, origins)) = traced else {
                own.push(Summary::unknown());
                continue;
            };
            effects.pointed.union_with(&origins.pointed_globals);
            let summary = own_summary(program, func, cfg, origins);
            effects.read.union_with(&summary.reads);
            own.push(summary);
        }
        graph.called_by_unknown_code().iter().for_each(|id| effects.addressed.join(&own[id]));
        for (id, func) in program.funcs.enumerated() {
            if runs_unknown_code(func) {
                own[id].join(&effects.addressed);
            }
        }
        for component in &graph.sccs {
            let mut sum = Summary::default();
            for &id in component {
                sum.join(&own[id]);
                sum.endless |= graph.recursive.contains(id);
                for callee in &graph.refs[id].calls {
                    if !component.contains(callee) {
                        sum.join(&effects.funcs[*callee]);
                    }
                }
            }
            component.iter().for_each(|&id| effects.funcs[id] = sum.clone());
        }
        effects.note_interrupts(graph);
        effects
    }

    /// True when a function may be entered again before it returns.
    pub fn is_recursive(&self, id: FuncId) -> bool {
        self.recursive.contains(id)
    }

    fn note_interrupts(&mut self, graph: &CallGraph) {
        let mut sum = Summary::default();
        graph.handlers.iter().for_each(|id| sum.join(&self.funcs[id]));
        self.shared.union_with(&sum.reads);
        self.shared.union_with(&sum.writes);
        self.shared_other = sum.reads_other || sum.writes_other;
        if self.shared_other {
            self.shared.union_with(&self.pointed);
        }
        self.shared_other |= self.shared.intersects(&self.pointed);
    }

    /// True when nothing in or outside the program reads the global.
    pub fn is_never_read(&self, id: GlobalId) -> bool {
        !self.read.contains(id) && !self.pointed.contains(id)
    }

    /// What a function with all that it calls may do.
    pub fn summary(&self, id: FuncId) -> &Summary {
        &self.funcs[id]
    }
}

/// True when code that is not in the program, or a constant address, may touch the global.
fn is_known(program: &Program, global: &Global) -> bool {
    let outside = global.external || (global.exported && program.entry.is_none());
    outside || global.escapes || global.fixed.is_some() || global.kind == GlobalKind::Mapped
}

fn own_summary(program: &Program, func: &Func, cfg: &Cfg, origins: &Origins) -> Summary {
    let endless = cfg.goes_back() && !Loops::new(cfg, &Dom::new(cfg)).loops.is_empty();
    let mut sum = Summary { endless, ..Summary::default() };
    for inst in func.blocks.iter().flat_map(|b| &b.insts) {
        let read = |origin: &Origin, sum: &mut Summary| {
            sum.reads_other |= origin.other;
            sum.reads.extend(globals(origin));
        };
        let write = |origin: &Origin, sum: &mut Summary| {
            sum.writes_other |= origin.other;
            sum.writes.extend(globals(origin));
        };
        match &inst.op {
            Op::Load(_, access)
            | Op::Store(_, _, access)
            | Op::Copy { access, .. }
            | Op::Fill { access, .. }
                if *access != Access::Plain =>
            {
                sum.visible = true;
            }
            _ => {}
        }
        match &inst.op {
            Op::Load(addr, access) if !is_io(program, addr, *access) => read(&origins.place(addr), &mut sum),
            Op::Store(addr, _, access) if !is_io(program, addr, *access) => {
                write(&origins.place(addr), &mut sum);
            }
            Op::Copy { dst, src, .. } => {
                read(&origins.place(src), &mut sum);
                write(&origins.place(dst), &mut sum);
            }
            Op::Fill { dst, .. } => write(&origins.place(dst), &mut sum),
            Op::Call(Callee::Func(_), _) => {}
            Op::Call(Callee::Abs(_), _) | Op::Asm(_) => sum.join(&Summary::unknown()),
            Op::Rt(rt, args) => {
                let effect = rt.effect();
                sum.visible |= effect == RtEffect::Io;
                sum.endless |= matches!(rt, Rt::Fail | Rt::WaitKey);
                if effect != RtEffect::Pure {
                    args.iter().for_each(|&arg| {
                        if func.ty(arg) == Ty::I16 {
                            read(origins.value(arg), &mut sum);
                        }
                    });
                }
                if effect == RtEffect::Writes {
                    args.iter().for_each(|&arg| write(origins.value(arg), &mut sum));
                    sum.writes_other |= rt.uses_buffer();
                }
            }
            Op::Sei | Op::Cli | Op::Nop(_) => sum.visible = true,
            _ => {}
        }
    }
    sum
}

/// True when the function runs code that the compiler does not see.
fn runs_unknown_code(func: &Func) -> bool {
    let unknown = |op: &Op| matches!(op, Op::Call(Callee::Abs(_), _) | Op::Asm(_));
    func.is_extern() || func.blocks.iter().flat_map(|b| &b.insts).any(|inst| unknown(&inst.op))
}

/// A mapped access to the chips' registers, which no ordinary memory shares.
fn is_io(program: &Program, addr: &Addr, access: Access) -> bool {
    let at = match addr.base {
        Base::Abs => addr.offset,
        Base::Global(id) => match program.globals[id].fixed {
            Some(fixed) => i32::from(fixed) + addr.offset,
            None => return false,
        },
        _ => return false,
    };
    access != Access::Plain && addr.index.is_none() && (0xd000..0xe000).contains(&at)
}

fn globals(origin: &Origin) -> impl Iterator<Item = GlobalId> {
    origin.regions().iter().filter_map(|r| match r {
        Region::Global(id) => Some(*id),
        Region::Slot(_) => None,
    })
}

/// The memory facts of one function, for its passes.
pub struct MemoryFacts<'a> {
    effects: &'a Effects,
    pub origins: Origins,
    /// The types of the values when the facts were made.
    types: IndexVec<Value, Ty>,
}

/// A place with its length in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    pub addr: Addr,
    pub len: u32,
}

impl<'a> MemoryFacts<'a> {
    /// Traces the pointers of `func`.
    pub fn new(effects: &'a Effects, func: &Func, cfg: &Cfg) -> Self {
        Self { effects, origins: Origins::new(func, cfg, effects.far), types: func.values.clone() }
    }

    /// The type of a value; of one that was made later the widest.
    fn ty(&self, value: Value) -> Ty {
        self.types.get(value).copied().unwrap_or(Ty::I32)
    }

    fn is_pointed(&self, region: Region) -> bool {
        match region {
            Region::Global(id) => self.effects.pointed.contains(id),
            Region::Slot(id) => self.origins.pointed_slots.contains(id),
        }
    }

    /// True when the origin may be memory whose address is known outside.
    fn is_open(&self, origin: &Origin) -> bool {
        origin.other || origin.regions().iter().any(|&r| self.is_pointed(r))
    }

    /// True when nobody but this function can see the place: a slot whose address stays inside.
    pub fn is_private(&self, place: &Addr) -> bool {
        matches!(place.base, Base::Slot(id) if !self.origins.pointed_slots.contains(id))
    }

    /// True when interrupt code may touch the place, so that every access counts.
    pub fn is_shared(&self, place: &Addr) -> bool {
        let origin = self.origins.place(place);
        let region = |r: &Region| match r {
            Region::Global(id) => self.effects.shared.contains(*id) && !self.effects.constant.contains(*id),
            Region::Slot(_) => self.effects.shared_other && self.is_pointed(*r),
        };
        (origin.other && self.effects.shared_other) || origin.regions().iter().any(region)
    }

    /// True when the origin may be one of the globals, also through a pointer from outside.
    fn may_be_in(&self, origin: &Origin, set: &IdSet<GlobalId>) -> bool {
        globals(origin).any(|g| set.contains(g)) || origin.other && set.intersects(&self.effects.pointed)
    }

    fn is_constant(&self, origin: &Origin) -> bool {
        let region = |r: &Region| matches!(r, Region::Global(id) if self.effects.constant.contains(*id));
        !origin.other && origin.regions().iter().all(region)
    }

    /// What the operation may change, if anything.
    pub fn written_by<'b>(&'b self, op: &'b Op) -> Option<Touched<'b>> {
        let none = Touched::nothing(self, true);
        Some(match op {
            Op::Load(_, Access::Plain) => return None,
            Op::Load(..) => Touched { open: true, ..none },
            Op::Call(Callee::Abs(_), _) | Op::Asm(_) => {
                Touched { globals: Some(&self.effects.addressed.writes), open: true, ..none }
            }
            Op::Store(addr, value, access) => none.at(*addr, self.ty(*value).bytes() as u32, *access),
            Op::Copy { dst, len, access, .. } | Op::Fill { dst, len, access, .. } => {
                none.at(*dst, *len, *access)
            }
            Op::Call(Callee::Func(id), _) => {
                let sum = self.effects.summary(*id);
                Touched { globals: Some(&sum.writes), open: sum.writes_other || sum.visible, ..none }
            }
            Op::Rt(rt, args) if rt.effect() == RtEffect::Writes => {
                Touched { pointers: args, open: rt.uses_buffer(), ..none }
            }
            _ => return None,
        })
    }

    /// What the operation, whose result has the given type, may read or make visible, if anything.
    pub fn read_by<'b>(&'b self, op: &'b Op, result: Option<Ty>) -> Option<Touched<'b>> {
        let none = Touched::nothing(self, false);
        Some(match op {
            Op::Load(addr, access) => none.at(*addr, result.map_or(4, Ty::bytes) as u32, *access),
            Op::Store(_, _, Access::Plain) | Op::Fill { access: Access::Plain, .. } => return None,
            Op::Store(..) | Op::Fill { .. } => Touched { open: true, ..none },
            Op::Call(Callee::Abs(_), _) | Op::Asm(_) => {
                Touched { globals: Some(&self.effects.addressed.reads), open: true, ..none }
            }
            Op::Copy { src, len, access, .. } => none.at(*src, *len, *access),
            Op::Call(Callee::Func(id), _) => {
                let sum = self.effects.summary(*id);
                Touched { globals: Some(&sum.reads), open: sum.reads_other || sum.visible, ..none }
            }
            Op::Rt(rt, args) if rt.effect() != RtEffect::Pure => {
                Touched { pointers: args, open: rt.uses_buffer(), ..none }
            }
            _ => return None,
        })
    }

    /// True when the operation may change the place.
    pub fn may_write(&self, op: &Op, place: &Place) -> bool {
        self.written_by(op).is_some_and(|touched| touched.includes(place))
    }

    /// True when the operation can be removed if its result is not used.
    pub fn is_removable(&self, op: &Op) -> bool {
        is_removable(self.effects, op)
    }
}

/// The memory that an operation reads or writes: found once, to be compared with many places.
pub struct Touched<'a> {
    facts: &'a MemoryFacts<'a>,
    /// The operation writes, which it cannot where the content never changes.
    writes: bool,
    /// What the operation names.
    place: Option<(Place, Origin)>,
    /// What a called function names.
    globals: Option<&'a IdSet<GlobalId>>,
    /// Operands of a routine, which reaches what they may point into.
    pointers: &'a [Value],
    /// All memory whose address is known outside.
    open: bool,
}

impl<'a> Touched<'a> {
    fn nothing(facts: &'a MemoryFacts<'a>, writes: bool) -> Self {
        Self { facts, writes, place: None, globals: None, pointers: &[], open: false }
    }

    /// The access of a place.
    fn at(self, addr: Addr, len: u32, access: Access) -> Self {
        let origin = self.facts.origins.place(&addr);
        Self { place: Some((Place { addr, len }, origin)), open: access != Access::Plain, ..self }
    }

    /// True when some byte of the place may be among the memory.
    pub fn includes(&self, place: &Place) -> bool {
        let origin = &self.facts.origins.place(&place.addr);
        if self.writes && self.facts.is_constant(origin) {
            return false;
        }
        let named = |(own, own_origin): &(Place, Origin)| {
            let overlap = alias::overlap(&own.addr, own.len, &place.addr, place.len);
            overlap.unwrap_or_else(|| self.may_meet(own_origin, origin))
        };
        let pointed = |&arg: &Value| {
            self.facts.ty(arg) == Ty::I16 && self.may_meet(self.facts.origins.value(arg), origin)
        };
        self.open && self.facts.is_open(origin)
            || self.place.as_ref().is_some_and(named)
            || self.globals.is_some_and(|set| self.facts.may_be_in(origin, set))
            || self.pointers.iter().any(pointed)
    }

    /// The slots of which some byte may be among the memory; some of them twice.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> {
        let named = self.place.iter().map(|(_, origin)| origin);
        let reached = named.chain(self.pointers.iter().map(|&v| self.facts.origins.value(v)));
        let slots = reached.flat_map(Origin::regions).filter_map(|region| match region {
            Region::Slot(slot) => Some(*slot),
            Region::Global(_) => None,
        });
        slots.chain(self.facts.origins.pointed_slots.iter())
    }

    fn may_meet(&self, a: &Origin, b: &Origin) -> bool {
        a.meets(b) || (a.other && self.facts.is_open(b)) || (b.other && self.facts.is_open(a))
    }
}

/// True when the operation can be removed if its result is not used. A plain load has no effect,
/// whatever interrupt code does.
pub fn is_removable(effects: &Effects, op: &Op) -> bool {
    match op {
        Op::Load(_, access) => *access == Access::Plain,
        Op::Rt(rt, _) => matches!(rt.effect(), RtEffect::Pure | RtEffect::Reads),
        Op::Call(Callee::Func(id), _) => effects.summary(*id).is_removable(),
        op => is_pure(op),
    }
}

/// True when the operation computes its result from its operands and does nothing else.
pub fn is_pure(op: &Op) -> bool {
    match op {
        Op::Const(_)
        | Op::Addr(_)
        | Op::Bin(..)
        | Op::Neg(_)
        | Op::Not(_)
        | Op::Cmp(..)
        | Op::Zext(_)
        | Op::Sext(_)
        | Op::Trunc(_)
        | Op::Select(..) => true,
        Op::Rt(rt, _) => rt.effect() == RtEffect::Pure,
        _ => false,
    }
}
