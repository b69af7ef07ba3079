//! What A, X, Y and the flags are known to hold while code is emitted.
//!
//! Invariant: a fact is true on every path to the current place. Facts about a byte are keyed by
//! its web and die when the web is written.

use crate::codegen::emit::R;
use crate::codegen::lir::SymAddr;
use crate::mos::effects::Effects;
use crate::mos::item::Part;

/// A byte that a register may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The current content of byte `.1` of web `.0`.
    Byte(usize, u8),
    /// That content plus a small number.
    BytePlus(usize, u8, u8),
    Imm(u8),
    Sym(Part, SymAddr),
}

/// The facts at one place.
#[derive(Clone, Default, Debug)]
pub struct State {
    regs: [Vec<Fact>; 3],
    /// N and Z tell about the content of this register.
    nz_reg: Option<R>,
    /// N and Z tell about these bytes.
    nz_facts: Vec<Fact>,
}

impl State {
    fn index(r: R) -> usize {
        match r {
            R::A => 0,
            R::X => 1,
            R::Y => 2,
        }
    }

    /// The facts about a register.
    pub fn facts(&self, r: R) -> &[Fact] {
        &self.regs[State::index(r)]
    }

    /// True when the register holds that byte.
    pub fn holds(&self, r: R, fact: Fact) -> bool {
        self.facts(r).contains(&fact)
    }

    /// Replaces what is known of a register.
    pub fn set(&mut self, r: R, facts: Vec<Fact>) {
        self.regs[State::index(r)] = facts;
    }

    /// Adds a fact about a register.
    pub fn add(&mut self, r: R, fact: Fact) {
        let facts = &mut self.regs[State::index(r)];
        if !facts.contains(&fact) {
            facts.push(fact);
        }
        if self.nz_reg == Some(r) && !self.nz_facts.contains(&fact) {
            self.nz_facts.push(fact);
        }
    }

    /// Forgets everything about the parts that an instruction writes.
    pub fn forget(&mut self, writes: Effects) {
        for r in [R::A, R::X, R::Y] {
            if writes.intersects(r.effect()) {
                self.set(r, Vec::new());
                if self.nz_reg == Some(r) {
                    self.nz_reg = None;
                }
            }
        }
        if writes.intersects(Effects::N | Effects::Z) {
            self.nz_reg = None;
            self.nz_facts.clear();
        }
    }

    /// A byte of a web was written: what was known of its old content is gone.
    pub fn kill_byte(&mut self, web: usize, byte: u8) {
        let other = |f: &Fact| match f {
            Fact::Byte(w, b) | Fact::BytePlus(w, b, _) => (*w, *b) != (web, byte),
            _ => true,
        };
        self.regs.iter_mut().for_each(|facts| facts.retain(other));
        self.nz_facts.retain(other);
    }

    /// The flags tell about a register (and so about all that it holds).
    pub fn flags_of(&mut self, r: R) {
        self.nz_reg = Some(r);
        self.nz_facts = self.facts(r).to_vec();
    }

    /// The flags tell about a byte in a cell.
    pub fn flags_of_fact(&mut self, fact: Fact) {
        self.nz_reg = None;
        self.nz_facts = vec![fact];
    }

    /// True when N and Z tell about that byte.
    pub fn flags_tell(&self, fact: Fact) -> bool {
        self.nz_facts.contains(&fact)
    }

    /// What both states know.
    pub fn meet(&self, other: &State) -> State {
        let both = |a: &[Fact], b: &[Fact]| a.iter().copied().filter(|f| b.contains(f)).collect::<Vec<_>>();
        State {
            regs: [R::A, R::X, R::Y].map(|r| both(self.facts(r), other.facts(r))),
            nz_reg: self.nz_reg.filter(|r| other.nz_reg == Some(*r)),
            nz_facts: both(&self.nz_facts, &other.nz_facts),
        }
    }

    /// Forgets the flags.
    pub fn forget_flags(&mut self) {
        self.forget(Effects::N | Effects::Z);
    }

    /// Forgets A and the flags: the end of a test with several exits.
    pub fn forget_test(&mut self) {
        self.forget(Effects::A | Effects::N | Effects::Z);
    }
}
