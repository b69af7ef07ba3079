//! Parallel moves: all sources are read before any destination is written.
//!
//! Used for block parameters, arguments and results. Invariant: a move is emitted only when no
//! other pending move reads its destination; a cycle is broken through a scratch cell.

use crate::codegen::emit::state::Fact;
use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Src, Vb};
use crate::codegen::mach::{Arg, Cell};
use crate::mir::ir::FuncId;
use crate::mos::inst::Mnemonic::*;

/// Where a byte goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum To {
    Reg(R),
    V(Vb),
    Foreign(FuncId, Cell),
    Zp(u8),
}

/// Where a byte comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum From {
    Src(Src),
    Reg(R),
    Cell(Cell),
    Zp(u8),
}

/// A place that a move may overwrite or read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Reg(R),
    Cell(Cell),
    Zp(u8),
    Other,
}

impl Emitter<'_> {
    fn place_to(&self, to: &To) -> Place {
        match to {
            To::Reg(r) => Place::Reg(*r),
            To::V(v) => self.home(*v).map_or(Place::Cell(self.cell(*v)), Place::Reg),
            To::Zp(at) => Place::Zp(*at),
            // A function that calls itself: the argument cells are its own.
            To::Foreign(f, cell) if *f == self.ctx.func.id => Place::Cell(*cell),
            To::Foreign(..) => Place::Other,
        }
    }

    fn place_from(&self, from: &From) -> Place {
        match from {
            From::Src(Src::V(v)) => self.home(*v).map_or(Place::Cell(self.cell(*v)), Place::Reg),
            From::Src(_) => Place::Other,
            From::Reg(r) => Place::Reg(*r),
            From::Cell(c) => Place::Cell(*c),
            From::Zp(at) => Place::Zp(*at),
        }
    }

    /// True when the move passes through A.
    fn uses_a(&self, to: &To, from: &From) -> bool {
        match (self.place_to(to), self.place_from(from)) {
            (Place::Reg(R::A), _) => true,
            (Place::Reg(a), Place::Reg(b)) => a != b && b != R::A,
            (Place::Reg(_), _) => false,
            (_, Place::Reg(r)) => r == R::A,
            _ => true,
        }
    }

    /// True when move `i` passes through A, also when it is part of a cycle that move `at` is not:
    /// its register then waits in a cell.
    fn may_use_a(&self, pending: &[(To, From)], i: usize, at: usize) -> bool {
        let (to, from) = &pending[i];
        let place = self.place_to(to);
        let waits = |j: usize| j != i && j != at && self.place_from(&pending[j].1) == place;
        self.uses_a(to, from) || place != Place::Other && (0..pending.len()).any(waits)
    }

    /// Carries out all moves at once.
    pub(super) fn parallel(&mut self, moves: Vec<(To, From)>) {
        let mut pending: Vec<(To, From)> = Vec::new();
        for (to, from) in moves {
            let place = self.place_to(&to);
            if place == Place::Other || place != self.place_from(&from) {
                pending.push((to, from));
            } else if let (To::V(d), From::Src(Src::V(s))) = (to, from) {
                self.renamed(d, s);
            }
        }
        while !pending.is_empty() {
            let free = |e: &Self, at: usize| {
                let place = e.place_to(&pending[at].0);
                let blocked = place != Place::Other
                    && pending
                        .iter()
                        .enumerate()
                        .any(|(i, (_, from))| i != at && e.place_from(from) == place);
                // A is the way of most moves: what sits in A leaves first, what goes there comes last.
                let through_a = e.uses_a(&pending[at].0, &pending[at].1);
                let a_waits = through_a
                    && pending
                        .iter()
                        .enumerate()
                        .any(|(i, (_, from))| i != at && e.place_from(from) == Place::Reg(R::A));
                let a_last = place == Place::Reg(R::A)
                    && (0..pending.len()).any(|i| i != at && e.may_use_a(&pending, i, at));
                !blocked && !a_waits && !a_last
            };
            // What a register holds by chance goes first, while it does.
            let handy = |e: &Self, at: usize| {
                let (to, from) = &pending[at];
                let held = if let From::Src(s) = from { e.found_in(s) } else { None };
                held.is_some_and(|r| e.place_to(to) != Place::Reg(r))
            };
            let mut ready = (0..pending.len()).filter(|&at| free(self, at));
            let ready = ready.clone().find(|&at| handy(self, at)).or_else(|| ready.next());
            match ready {
                Some(at) => {
                    let (to, from) = pending.remove(at);
                    self.single(&to, &from);
                }
                None => self.break_cycle(&mut pending),
            }
        }
    }

    /// Puts one source that stands in the way into a cell of its own.
    fn break_cycle(&mut self, pending: &mut [(To, From)]) {
        let is_register = |i: &usize| matches!(self.place_from(&pending[*i].1), Place::Reg(_));
        let is_target = |i: &usize| {
            let place = self.place_from(&pending[*i].1);
            let targets = pending.iter().enumerate().filter(|(j, _)| j != i);
            place != Place::Other && targets.map(|(_, (to, _))| self.place_to(to)).any(|to| to == place)
        };
        let all = 0..pending.len();
        let at = all
            .clone()
            .find(|i| is_register(i) && is_target(i))
            .or_else(|| all.clone().find(is_register))
            // A cell that is no target blocks nobody: to save it would change nothing.
            .or_else(|| all.clone().find(is_target))
            .unwrap_or(0);
        let place = self.place_from(&pending[at].1);
        let cell = self.fresh_cell();
        match place {
            Place::Reg(r) => {
                let mnemonic = match r {
                    R::A => Sta,
                    R::X => Stx,
                    R::Y => Sty,
                };
                self.ins(mnemonic, Arg::Cell(cell));
            }
            _ => {
                // A may hold a source: it is saved on the stack meanwhile.
                self.implied(Pha);
                let from = pending[at].1;
                self.load_from(&from);
                self.ins(Sta, Arg::Cell(cell));
                self.implied(Pla);
            }
        }
        for (_, from) in pending.iter_mut() {
            if self.place_from(from) == place {
                *from = From::Cell(cell);
            }
        }
    }

    fn fresh_cell(&mut self) -> Cell {
        use crate::base::index::Id;
        self.cells += 1;
        Cell::new(self.cells - 1)
    }

    /// Loads A without looking at what is known of it.
    fn load_from(&mut self, from: &From) {
        match from {
            From::Src(s) => self.load(R::A, s),
            From::Reg(R::A) => {}
            From::Reg(R::X) => self.implied(Txa),
            From::Reg(R::Y) => self.implied(Tya),
            From::Cell(c) => self.ins(Lda, Arg::Cell(*c)),
            From::Zp(at) => self.ins(Lda, Arg::Zp(*at)),
        }
    }

    fn single(&mut self, to: &To, from: &From) {
        match (to, from) {
            (To::V(v), From::Src(s)) => self.move_to(*v, s),
            (To::V(v), _) => {
                match (self.place_to(to), self.place_from(from)) {
                    (Place::Reg(r), p) => self.fill_register(r, from, p),
                    (_, Place::Reg(r)) => {
                        let cell = self.cell(*v);
                        self.ins(store(r), Arg::Cell(cell));
                    }
                    _ => {
                        self.load_from(from);
                        let cell = self.cell(*v);
                        self.ins(Sta, Arg::Cell(cell));
                    }
                }
                self.wrote(*v);
                let fact = self.fact(*v);
                self.learn(to, from, fact);
            }
            (To::Reg(r), From::Src(s)) => self.load(*r, s),
            (To::Reg(r), _) => {
                let place = self.place_from(from);
                self.fill_register(*r, from, place);
            }
            (To::Foreign(..) | To::Zp(_), _) => {
                let arg = match to {
                    To::Foreign(f, cell) => Arg::Foreign(*f, *cell),
                    To::Zp(at) => Arg::Zp(*at),
                    To::Reg(_) | To::V(_) => return,
                };
                let held = match from {
                    From::Src(s) => self.found_in(s),
                    From::Reg(r) => Some(*r),
                    _ => None,
                };
                match held {
                    Some(r) => self.ins(store(r), arg),
                    None => {
                        self.load_from(from);
                        self.ins(Sta, arg);
                    }
                }
            }
        }
    }

    /// After a register's byte was copied, the registers on the way hold it too.
    fn learn(&mut self, to: &To, from: &From, fact: Fact) {
        if let Place::Reg(r) = self.place_from(from) {
            self.state.add(r, fact);
        }
        if let Place::Reg(r) = self.place_to(to) {
            self.state.add(r, fact);
        }
    }

    fn fill_register(&mut self, r: R, from: &From, place: Place) {
        match (r, place, from) {
            (R::X, Place::Reg(R::A), _) => self.implied(Tax),
            (R::Y, Place::Reg(R::A), _) => self.implied(Tay),
            (R::X, Place::Reg(R::Y), _) => {
                self.implied(Tya);
                self.implied(Tax);
            }
            (R::Y, Place::Reg(R::X), _) => {
                self.implied(Txa);
                self.implied(Tay);
            }
            (R::X, Place::Cell(c), _) => self.ins(Ldx, Arg::Cell(c)),
            (R::Y, Place::Cell(c), _) => self.ins(Ldy, Arg::Cell(c)),
            (R::X, Place::Zp(at), _) => self.ins(Ldx, Arg::Zp(at)),
            (R::Y, Place::Zp(at), _) => self.ins(Ldy, Arg::Zp(at)),
            _ => self.load_from(from),
        }
    }

    /// The copies of block parameters.
    pub(super) fn copy(&mut self, moves: &[(Vb, Src)]) {
        let moves = moves.iter().map(|(v, s)| (To::V(*v), From::Src(*s))).collect();
        self.parallel(moves);
    }
}

fn store(r: R) -> crate::mos::inst::Mnemonic {
    match r {
        R::A => Sta,
        R::X => Stx,
        R::Y => Sty,
    }
}
