//! Which memory a place of one function may be: the origins of pointers.
//!
//! In: a function. Out: for each value the globals and slots into which it may point, and which of
//! them get known outside the places that name them ("pointed"). A pointer made from the address
//! of a global or slot stays inside it, unless the program computes how far such places lie apart.
//! Not here: calls and interrupts; that is `effects.rs`.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::ir::{Addr, AsmArg, Base, BinOp, Func, GlobalId, Inst, Op, SlotId, Term, Value};

/// A piece of memory with an identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Region {
    Global(GlobalId),
    Slot(SlotId),
}

/// Pieces of memory in ascending order. Nearly always there is one or none; only more take memory.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
enum Regions {
    #[default]
    None,
    One(Region),
    Many(Vec<Region>),
}

/// Into what a pointer may point.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Origin {
    regions: Regions,
    /// Also into anything whose address is known outside.
    pub other: bool,
}

impl Origin {
    fn of(region: Region) -> Self {
        Self { regions: Regions::One(region), other: false }
    }

    fn other() -> Self {
        Self { regions: Regions::None, other: true }
    }

    /// The globals and slots, in ascending order.
    pub fn regions(&self) -> &[Region] {
        match &self.regions {
            Regions::None => &[],
            Regions::One(region) => std::slice::from_ref(region),
            Regions::Many(regions) => regions,
        }
    }

    /// True when the two may be the same global or slot.
    pub fn meets(&self, other: &Origin) -> bool {
        self.regions().iter().any(|r| other.regions().contains(r))
    }

    /// Adds what `from` may point into. True when there was something new.
    fn join(&mut self, from: &Origin) -> bool {
        let mut changed = from.other && !self.other;
        self.other |= from.other;
        for region in from.regions() {
            if let Err(at) = self.regions().binary_search(region) {
                let mut regions = self.regions().to_vec();
                regions.insert(at, *region);
                self.regions =
                    if regions.len() == 1 { Regions::One(*region) } else { Regions::Many(regions) };
                changed = true;
            }
        }
        changed
    }

    /// The origin of a sum: a pointer and an offset, or two numbers.
    fn sum(a: &Origin, b: &Origin) -> Origin {
        match (a.regions().is_empty(), b.regions().is_empty()) {
            (false, true) => a.clone(),
            (true, false) => b.clone(),
            (true, true) => Origin::other(),
            (false, false) => {
                let mut both = a.clone();
                both.join(b);
                both.other = true;
                both
            }
        }
    }
}

/// The origins of all values of a function.
#[derive(Clone, Debug)]
pub struct Origins {
    values: IndexVec<Value, Origin>,
    /// Slots whose address leaves the places that name them.
    pub pointed_slots: IdSet<SlotId>,
    /// Globals whose address this function lets out.
    pub pointed_globals: IdSet<GlobalId>,
    /// The function computes the distance between two places.
    pub distances: bool,
    /// Numbers may be such distances, so that a sum leads out of what its pointer was made from.
    far: bool,
}

impl Origins {
    /// Traces all pointers. `far`: the program computes distances between places.
    pub fn new(func: &Func, cfg: &Cfg, far: bool) -> Self {
        let mut origins = Self {
            distances: false,
            far,
            values: IndexVec::filled(func.values.len(), Origin::default()),
            pointed_slots: IdSet::new(func.slots.len()),
            pointed_globals: IdSet::default(),
        };
        for &param in &func.blocks[Func::ENTRY].params {
            origins.values[param] = Origin::other();
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &id in &cfg.rpo {
                let block = &func.blocks[id];
                for inst in &block.insts {
                    if let Some(result) = inst.result {
                        let origin = origins.computed(&inst.op);
                        changed |= origins.values[result].join(&origin);
                    }
                }
                for target in block.term.targets() {
                    for (&param, &arg) in func.blocks[target.block].params.iter().zip(&target.args) {
                        let origin = origins.values[arg].clone();
                        changed |= origins.values[param].join(&origin);
                    }
                }
            }
        }
        for block in func.blocks.iter() {
            block.insts.iter().for_each(|inst| origins.note_escapes(inst));
            if let Term::Return(Some(value)) = block.term {
                origins.escapes(value);
            }
        }
        origins
    }

    fn computed(&self, op: &Op) -> Origin {
        match op {
            Op::Addr(addr) => self.place(addr),
            Op::Bin(BinOp::Add, a, b) => self.sum(&self.values[*a], &self.values[*b]),
            // A difference of two pointers is a number; a pointer less a number stays a pointer.
            Op::Bin(BinOp::Sub, a, b) if self.values[*b].regions().is_empty() => {
                self.sum(&self.values[*a], &Origin::default())
            }
            Op::Select(_, a, b) => {
                let mut origin = self.values[*a].clone();
                origin.join(&self.values[*b]);
                origin
            }
            _ => Origin::other(),
        }
    }

    /// The origin of a sum that stays in no known array.
    fn sum(&self, a: &Origin, b: &Origin) -> Origin {
        let mut sum = Origin::sum(a, b);
        sum.other |= self.far;
        sum
    }

    /// What a place may be.
    pub fn place(&self, addr: &Addr) -> Origin {
        let base = match addr.base {
            Base::Global(id) => Origin::of(Region::Global(id)),
            Base::Slot(id) => Origin::of(Region::Slot(id)),
            Base::Value(v) => self.value(v).clone(),
            Base::Abs | Base::Func(_) => Origin::other(),
        };
        match addr.index {
            Some(index) if addr.within.is_some() => Origin::sum(&base, self.value(index)),
            Some(index) => self.sum(&base, self.value(index)),
            None => base,
        }
    }

    /// Into what a value may point. Of a value that was made after the trace nothing is known.
    pub fn value(&self, value: Value) -> &Origin {
        static UNKNOWN: Origin = Origin { regions: Regions::None, other: true };
        self.values.get(value).unwrap_or(&UNKNOWN)
    }

    fn note_escapes(&mut self, inst: &Inst) {
        match &inst.op {
            // Places, sums and comparisons do not let an address out; routines keep none.
            Op::Const(_)
            | Op::Addr(_)
            | Op::Load(..)
            | Op::Bin(BinOp::Add, ..)
            | Op::Cmp(..)
            | Op::Select(..)
            | Op::Copy { .. }
            | Op::Rt(..)
            | Op::Sei
            | Op::Cli
            | Op::Nop(_) => {}
            // With the distance between two the program gets from one to the other.
            Op::Bin(BinOp::Sub, a, b) if self.is_distance(*b) => {
                self.distances = true;
                self.escapes(*a);
                self.escapes(*b);
            }
            Op::Bin(BinOp::Sub, ..) => {}
            Op::Store(_, value, _) | Op::Fill { value, .. } => self.escapes(*value),
            Op::Asm(block) => {
                for (_, arg) in &block.args {
                    if let AsmArg::Addr(base, _) = arg {
                        let origin = self.place(&Addr::new(*base, 0));
                        self.let_out(&origin);
                    }
                }
            }
            op => {
                let mut used = Vec::new();
                op.for_each_use(|v| used.push(v));
                used.into_iter().for_each(|v| self.escapes(v));
            }
        }
    }

    /// True when what is less this is the distance between two places.
    fn is_distance(&self, subtracted: Value) -> bool {
        !self.values[subtracted].regions().is_empty()
    }

    fn escapes(&mut self, value: Value) {
        let origin = self.values[value].clone();
        self.let_out(&origin);
    }

    fn let_out(&mut self, origin: &Origin) {
        for region in origin.regions() {
            match *region {
                Region::Global(id) => drop(self.pointed_globals.insert(id)),
                Region::Slot(id) => drop(self.pointed_slots.insert(id)),
            }
        }
    }
}

/// How two places with the same base and index lie to each other, and in general whether two
/// ranges of bytes may share one.
pub fn same_start(a: &Addr, b: &Addr) -> bool {
    a.base == b.base && a.index == b.index && (a.offset - b.offset) & 0xffff == 0
}

/// The bytes behind the base that an access stays in: first and last.
fn bounds(addr: &Addr, len: u32) -> Option<(u32, u32)> {
    match (addr.within, addr.index) {
        (Some(part), _) => Some((part.first.into(), part.last.into())),
        (None, None) => {
            let first = addr.offset as u32 & 0xffff;
            Some((first, (first + len).checked_sub(1)?)).filter(|bytes| bytes.1 <= 0xffff)
        }
        (None, Some(_)) => None,
    }
}

/// True when two ranges with the same base share a byte, as far as their indices or the arrays that
/// they stay in tell; else `None`.
pub fn overlap(a: &Addr, a_len: u32, b: &Addr, b_len: u32) -> Option<bool> {
    if a.base != b.base {
        return None;
    }
    if a.index != b.index {
        let (a, b) = bounds(a, a_len).zip(bounds(b, b_len))?;
        return (a.1 < b.0 || b.1 < a.0).then_some(false);
    }
    let forward = b.offset.wrapping_sub(a.offset) as u32 & 0xffff;
    let backward = a.offset.wrapping_sub(b.offset) as u32 & 0xffff;
    Some(forward < a_len || backward < b_len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::ir::{FuncId, Part};
    use crate::mir::text;

    #[test]
    fn pointers_are_traced_and_escapes_noted() {
        let program = text::parse(
            "global @g bss 9\nglobal @h bss 9\nglobal @k bss 2\nfunc @f(i16) {\n slot s0 \"\" 4\n slot s1 \"\" 4\n\
             b0(v0: i16):\n v1: i16 = addr [@g]\n v2: i16 = add v1, v0\n v3: i16 = addr [s0]\n\
             v4: i16 = addr [@h]\n store [@k], v4\n rt rt_print_str(v3)\n v5: i16 = addr [s1]\n call @f(v5)\n\
             jump b1(v2)\nb1(v6: i16):\n v7: i8 = load [v6]\n v8: i8 = load [v0]\n return\n}",
        )
        .unwrap();
        let func = &program.funcs[FuncId(0)];
        let origins = Origins::new(func, &Cfg::new(func), false);
        assert_eq!(origins.value(Value(6)), &Origin::of(Region::Global(GlobalId(0))));
        assert_eq!(origins.value(Value(0)), &Origin::other());
        assert_eq!(origins.pointed_globals.iter().collect::<Vec<_>>(), [GlobalId(1)]);
        assert_eq!(origins.pointed_slots.iter().collect::<Vec<_>>(), [SlotId(1)]);
    }

    #[test]
    fn ranges_overlap_by_their_bytes() {
        let at = |offset| Addr::new(Base::Abs, offset);
        assert_eq!(overlap(&at(4), 2, &at(5), 1), Some(true));
        assert_eq!(overlap(&at(4), 2, &at(6), 1), Some(false));
        assert_eq!(overlap(&at(0xffff), 2, &at(0), 1), Some(true), "addresses wrap");
        assert_eq!(overlap(&at(0), 1, &Addr::new(Base::Slot(SlotId(0)), 0), 1), None);
    }

    #[test]
    fn what_stays_in_an_array_is_apart_from_what_lies_beside_it() {
        let base = Base::Global(GlobalId(0));
        let array = Addr { within: Part::new(4, 8), ..Addr::indexed(base, Value(0), 3) };
        assert_eq!(overlap(&array, 1, &Addr::new(base, 12), 2), Some(false));
        assert_eq!(overlap(&array, 1, &Addr::new(base, 3), 1), Some(false));
        assert_eq!(overlap(&array, 1, &Addr::new(base, 3), 2), None);
        assert_eq!(overlap(&array, 1, &Addr::indexed(base, Value(1), 20), 1), None);
    }
}
