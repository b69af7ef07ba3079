//! Loading, storing and addressing single bytes.

use crate::codegen::emit::state::Fact;
use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Dst, Mem, MemBase, Src, Vb};
use crate::codegen::mach::Arg;
use crate::mos::effects::Effects;
use crate::mos::inst::Mnemonic::{self, *};
use crate::mos::item::Part;

/// Which index registers an instruction can use with an absolute address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Indexes {
    pub x: bool,
    pub y: bool,
}

pub(super) const BOTH: Indexes = Indexes { x: true, y: true };
pub(super) const ONLY_X: Indexes = Indexes { x: true, y: false };
pub(super) const ONLY_Y: Indexes = Indexes { x: false, y: true };

fn load_of(r: R) -> Mnemonic {
    match r {
        R::A => Lda,
        R::X => Ldx,
        R::Y => Ldy,
    }
}

fn store_of(r: R) -> Mnemonic {
    match r {
        R::A => Sta,
        R::X => Stx,
        R::Y => Sty,
    }
}

impl Emitter<'_> {
    /// The fact that a register holds `s` after loading it; none for memory.
    pub(super) fn fact_of(&self, s: &Src) -> Option<Fact> {
        match s {
            Src::V(v) => Some(self.fact(*v)),
            Src::Imm(n) => Some(Fact::Imm(*n)),
            Src::Lo(at) => Some(Fact::Sym(Part::Lo, *at)),
            Src::Hi(at) => Some(Fact::Sym(Part::Hi, *at)),
            Src::Mem(_) => None,
        }
    }

    /// A register that is known to hold `s`: its home, or by the facts.
    pub(super) fn found_in(&self, s: &Src) -> Option<R> {
        if let Src::V(v) = s
            && let Some(r) = self.home(*v)
        {
            return Some(r);
        }
        let fact = self.fact_of(s)?;
        [R::A, R::X, R::Y].into_iter().find(|r| self.state.holds(*r, fact))
    }

    /// Loads `s` into a register, unless it is there. The flags tell about it only when loaded.
    pub(super) fn load(&mut self, r: R, s: &Src) {
        let fact = self.fact_of(s);
        if fact.is_some_and(|f| self.state.holds(r, f)) {
            return;
        }
        if let Src::V(v) = s
            && self.home(*v) == Some(r)
        {
            return;
        }
        let known = self.found_in(s);
        match (r, known) {
            (R::A, Some(R::X)) => self.transfer(Txa, R::X, R::A),
            (R::A, Some(R::Y)) => self.transfer(Tya, R::Y, R::A),
            (R::X, Some(R::A)) => self.transfer(Tax, R::A, R::X),
            (R::Y, Some(R::A)) => self.transfer(Tay, R::A, R::Y),
            (R::X | R::Y, _) if self.needs_a(r, s) => {
                self.load(R::A, s);
                self.transfer(if r == R::X { Tax } else { Tay }, R::A, r);
            }
            _ => {
                let (arg, volatile) = match s {
                    Src::Mem(mem) => {
                        let allowed = match r {
                            R::A => BOTH,
                            R::X => ONLY_Y,
                            R::Y => ONLY_X,
                        };
                        (self.address(mem, allowed), mem.volatile)
                    }
                    other => (self.simple(other), false),
                };
                self.ins_volatile(load_of(r), arg, volatile);
            }
        }
        if let Some(fact) = fact {
            self.state.add(r, fact);
        }
        self.state.flags_of(r);
    }

    /// True when LDX or LDY cannot load `s` directly.
    fn needs_a(&self, r: R, s: &Src) -> bool {
        match s {
            // The byte lives in the other index register.
            Src::V(v) => self.home(*v).is_some_and(|home| home != r),
            Src::Mem(mem) => match (mem.base, mem.index) {
                (MemBase::Ptr(_), _) => true,
                (MemBase::At(_), None) => false,
                (MemBase::At(_), Some(i)) => {
                    let wanted = if r == R::X { R::Y } else { R::X };
                    self.found_in(&Src::V(i)) != Some(wanted)
                }
            },
            _ => false,
        }
    }

    fn transfer(&mut self, mnemonic: Mnemonic, from: R, to: R) {
        let facts = self.state.facts(from).to_vec();
        self.ins(mnemonic, Arg::None);
        self.state.set(to, facts);
        self.state.flags_of(to);
    }

    /// The operand of a byte that needs no index: cell, number or part of an address. A byte that
    /// lives in an index register is put into its cell first.
    pub(super) fn simple(&mut self, s: &Src) -> Arg {
        match s {
            Src::V(v) => {
                let cell = self.cell(*v);
                if let Some(r) = self.home(*v) {
                    self.ins(store_of(r), Arg::Cell(cell));
                }
                Arg::Cell(cell)
            }
            Src::Imm(n) => Arg::Imm(*n),
            Src::Lo(at) => Arg::ImmSym(Part::Lo, *at),
            Src::Hi(at) => Arg::ImmSym(Part::Hi, *at),
            Src::Mem(_) => unreachable!("memory operands have their own path"),
        }
    }

    /// The operand of an instruction that works on A; A and the carry stay as they are.
    pub(super) fn operand(&mut self, s: &Src) -> (Arg, bool) {
        match s {
            Src::Mem(mem) => (self.address(mem, BOTH), mem.volatile),
            other => (self.simple(other), false),
        }
    }

    /// The operand for a place in memory; loads an index register when one is needed. A and the
    /// carry stay as they are.
    pub(super) fn address(&mut self, mem: &Mem, allowed: Indexes) -> Arg {
        match mem.base {
            MemBase::At(at) => match mem.index {
                None => Arg::Abs(at),
                Some(index) => match self.index(index, allowed) {
                    R::X => Arg::AbsX(at),
                    _ => Arg::AbsY(at),
                },
            },
            MemBase::Ptr(pointer) => {
                self.pointer_index(mem.index, mem.offset);
                Arg::IndY(self.cell(Vb::new(pointer, 0)))
            }
        }
    }

    /// Brings a byte into one of the allowed index registers.
    fn index(&mut self, index: Vb, allowed: Indexes) -> R {
        let s = Src::V(index);
        let fact = self.fact(index);
        for (r, ok) in [(R::X, allowed.x), (R::Y, allowed.y)] {
            if ok && (self.home(index) == Some(r) || self.state.holds(r, fact)) {
                return r;
            }
        }
        let r = self.free_index(allowed);
        self.take(r);
        self.load_index(r, &s);
        r
    }

    /// Loads an index register without touching A: from a cell, or through a cell from the other
    /// index register.
    fn load_index(&mut self, r: R, s: &Src) {
        let fact = self.fact_of(s);
        if fact.is_some_and(|f| self.state.holds(r, f)) {
            return;
        }
        if fact.is_some_and(|f| self.state.holds(R::A, f)) {
            self.transfer(if r == R::X { Tax } else { Tay }, R::A, r);
            return;
        }
        let arg = self.simple(s);
        self.ins(load_of(r), arg);
        if let Some(fact) = fact {
            self.state.set(r, vec![fact]);
        }
        self.state.flags_of(r);
    }

    /// Brings `index + offset` into Y for a pointer access.
    fn pointer_index(&mut self, index: Option<Vb>, offset: u8) {
        let Some(index) = index else {
            if self.state.holds(R::Y, Fact::Imm(offset)) {
                return;
            }
            let near = |by: u8| Fact::Imm(offset.wrapping_sub(by));
            if self.state.holds(R::Y, near(1)) && !self.busy.contains(Effects::Y) {
                self.ins(Iny, Arg::None);
            } else if self.state.holds(R::Y, near(255)) && !self.busy.contains(Effects::Y) {
                self.ins(Dey, Arg::None);
            } else {
                self.take(R::Y);
                self.ins(Ldy, Arg::Imm(offset));
            }
            self.state.set(R::Y, vec![Fact::Imm(offset)]);
            self.state.flags_of(R::Y);
            return;
        };
        let web = self.ctx.webs.of(index.reg);
        let plus =
            |n: u8| if n == 0 { Fact::Byte(web, index.byte) } else { Fact::BytePlus(web, index.byte, n) };
        let at_home = self.home(index) == Some(R::Y);
        if offset == 0 && at_home || self.state.holds(R::Y, plus(offset)) {
            return;
        }
        let known = (0..offset).rev().find(|n| self.state.holds(R::Y, plus(*n)));
        let from = match known {
            Some(n) if !self.busy.contains(Effects::Y) => n,
            _ if at_home => {
                // Y itself must stay: it is kept in its cell and loaded again afterwards.
                self.take(R::Y);
                0
            }
            _ => {
                self.take(R::Y);
                self.load_index(R::Y, &Src::V(index));
                0
            }
        };
        for _ in from..offset {
            self.ins(Iny, Arg::None);
        }
        self.state.set(R::Y, vec![plus(offset)]);
        self.state.flags_of(R::Y);
    }

    /// An index register for scratch: a free one if there is one.
    fn free_index(&self, allowed: Indexes) -> R {
        let candidates =
            [(R::X, allowed.x), (R::Y, allowed.y)].into_iter().filter(|(_, ok)| *ok).map(|(r, _)| r);
        let mut best: Option<(bool, usize, R)> = None;
        for r in candidates {
            // Prefer one that holds nothing worth keeping.
            let key = (self.busy.contains(r.effect()), self.state.facts(r).len(), r);
            if best.is_none_or(|b| key < b) {
                best = Some(key);
            }
        }
        best.map_or(R::X, |b| b.2)
    }

    /// Makes an index register free for scratch: the web that lives there is kept in a cell until
    /// the operation is done. Webs with the same home are never live together: one cell serves all.
    pub(super) fn take(&mut self, r: R) {
        if !self.busy.contains(r.effect()) || self.is_spilled(r) {
            return;
        }
        let cell = self.ctx.webs.spill_cell(r == R::Y);
        self.ins(store_of(r), Arg::Cell(cell));
        self.spilled.push((r, cell));
    }

    /// Loads the homes again that the operation used for scratch.
    pub(super) fn reload_spilled(&mut self) {
        for (r, cell) in std::mem::take(&mut self.spilled) {
            self.ins(load_of(r), Arg::Cell(cell));
        }
    }

    /// Saves the live homes in `clobbered` for the time of the operation.
    pub(super) fn save_homes(&mut self, clobbered: Effects) {
        for r in [R::X, R::Y] {
            if clobbered.contains(r.effect()) {
                self.take(r);
            }
        }
    }

    /// Copies a byte into a virtual register's home.
    pub(super) fn move_to(&mut self, v: Vb, s: &Src) {
        let fact = self.fact(v);
        if self.fact_of(s) == Some(fact) {
            return;
        }
        match self.home(v) {
            Some(r) => {
                self.load(r, s);
                // What the load put aside to use the register as an index ends with this move.
                self.spilled.retain(|(spilled, _)| *spilled != r);
                let facts = self.fact_of(s);
                self.wrote(v);
                if let Some(f) = facts.filter(|f| *f != fact) {
                    self.state.add(r, f);
                }
                self.state.add(r, fact);
            }
            None => {
                // A byte that an index register already holds is stored from there.
                let from = match self.found_in(s) {
                    Some(r) => r,
                    None => {
                        self.load(R::A, s);
                        R::A
                    }
                };
                let cell = self.cell(v);
                self.ins(store_of(from), Arg::Cell(cell));
                self.wrote(v);
                self.state.add(from, fact);
            }
        }
    }

    /// Forgets what was known of a register byte that was just written.
    pub(super) fn wrote(&mut self, v: Vb) {
        self.state.kill_byte(self.ctx.webs.of(v.reg), v.byte);
    }

    /// `d` took over the place of `s` without an instruction: what is known of `s` holds for `d`.
    pub(super) fn renamed(&mut self, d: Vb, s: Vb) {
        let (new, old) = (self.fact(d), self.fact(s));
        if new == old {
            return;
        }
        self.wrote(d);
        for r in [R::A, R::X, R::Y] {
            if self.state.holds(r, old) {
                self.state.add(r, new);
            }
        }
    }

    /// Stores A into a destination.
    pub(super) fn store_a(&mut self, d: &Dst) {
        match d {
            Dst::None => {}
            Dst::V(v) => {
                let fact = self.fact(*v);
                match self.home(*v) {
                    Some(r) => {
                        self.wrote(*v);
                        self.transfer(if r == R::X { Tax } else { Tay }, R::A, r);
                        self.state.add(R::A, fact);
                        self.state.add(r, fact);
                    }
                    None => {
                        let cell = self.cell(*v);
                        self.ins(Sta, Arg::Cell(cell));
                        self.wrote(*v);
                        self.state.add(R::A, fact);
                    }
                }
            }
            Dst::Mem(mem) => {
                let arg = self.address(mem, BOTH);
                self.ins_volatile(Sta, arg, mem.volatile);
            }
        }
    }

    /// Stores a byte into memory.
    pub(super) fn store_src(&mut self, d: &Dst, s: &Src) {
        let Dst::Mem(mem) = d else {
            self.load(R::A, s);
            self.store_a(d);
            return;
        };
        // STX and STY reach plain absolute addresses only.
        if let (MemBase::At(at), None, Some(r @ (R::X | R::Y))) = (mem.base, mem.index, self.found_in(s)) {
            self.ins_volatile(store_of(r), Arg::Abs(at), mem.volatile);
            return;
        }
        self.load(R::A, s);
        self.store_a(d);
    }
}
