//! Leaves out loads and stores of bytes that are where they should be already, across blocks.
//!
//! Forward over the whole function: which cells and numbers A, X and Y hold, what the carry is, and
//! which comparison the flags tell about: the same comparison need not be made again.
//! At a label only what holds on every way there counts; loops are taken as right until a way
//! around proves otherwise. Invariant: flags that somebody reads are still set by the same value.

use crate::codegen::emit::R;
use crate::codegen::lir::SymAddr;
use crate::codegen::mach::effects::of;
use crate::codegen::mach::liveness::live_out;
use crate::codegen::mach::{Arg, Cell, MInst, MKind, flow};
use crate::mos::effects::Effects;
use crate::mos::inst::Mnemonic::{self, *};
use crate::mos::item::Part;

/// A byte that a register holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Held {
    Cell(Cell),
    Imm(u8),
    Sym(Part, SymAddr),
}

/// What is known at a place.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Known {
    regs: [Vec<Held>; 3],
    carry: Option<bool>,
    /// The flags are those of comparing this register with this byte.
    compared: Option<(R, Held)>,
}

impl Known {
    /// What a register holds.
    pub(super) fn of(&self, r: R) -> &Vec<Held> {
        &self.regs[r as usize]
    }

    fn set(&mut self, r: R, held: Vec<Held>) {
        self.regs[r as usize] = held;
    }

    fn meet(&self, other: &Known) -> Known {
        let both = |r: R| self.of(r).iter().copied().filter(|h| other.of(r).contains(h)).collect();
        Known {
            regs: [both(R::A), both(R::X), both(R::Y)],
            carry: if self.carry == other.carry { self.carry } else { None },
            compared: if self.compared == other.compared { self.compared } else { None },
        }
    }

    fn kill(&mut self, cell: Cell) {
        self.regs.iter_mut().for_each(|held| held.retain(|h| *h != Held::Cell(cell)));
        self.compared = self.compared.filter(|(_, byte)| *byte != Held::Cell(cell));
    }

    /// What is known after an instruction.
    pub(super) fn step(&mut self, inst: &MInst) {
        let e = of(inst, Effects::NONE);
        if e.writes.intersects(Effects::C) {
            self.carry = None;
        }
        let flags = Effects::N | Effects::Z | Effects::C;
        if self.compared.is_some_and(|(r, _)| e.writes.intersects(flags | r.effect())) {
            self.compared = None;
        }
        let clear = |known: &mut Known| {
            for r in [R::A, R::X, R::Y] {
                if e.writes.intersects(r.effect()) {
                    known.set(r, Vec::new());
                }
            }
        };
        if let Some(cell) = e.writes_cell {
            self.kill(cell);
        }
        let Some((mnemonic, arg)) = inst.inst() else {
            clear(self);
            if inst.label().is_none() {
                self.compared = None;
            }
            match &inst.kind {
                MKind::Asm(_) => *self = Known::default(),
                // A cell that is not live across the call may lie where the callee has its own.
                MKind::Call { arg: Arg::Func(_) | Arg::Code(_), .. } => {
                    self.regs.iter_mut().for_each(|held| held.retain(|h| !matches!(h, Held::Cell(_))));
                }
                MKind::Call { .. } | MKind::Label(_) | MKind::Inst { .. } => {}
            }
            return;
        };
        if let Arg::Foreign(_, cell) = arg {
            self.kill(*cell);
        }
        match (mnemonic, arg) {
            (Tax, _) => self.set(R::X, self.of(R::A).clone()),
            (Tay, _) => self.set(R::Y, self.of(R::A).clone()),
            (Txa, _) => self.set(R::A, self.of(R::X).clone()),
            (Tya, _) => self.set(R::A, self.of(R::Y).clone()),
            (Lda | Ldx | Ldy, arg) => {
                let r = loaded(mnemonic);
                self.set(r, held(arg).into_iter().collect());
            }
            (Sta | Stx | Sty, Arg::Cell(cell)) => {
                let r = stored(mnemonic);
                self.regs[r as usize].push(Held::Cell(*cell));
            }
            (Cmp | Cpx | Cpy, arg) => {
                self.compared = held(arg).map(|byte| (with(mnemonic), byte));
            }
            (Clc, _) => self.carry = Some(false),
            (Sec, _) => self.carry = Some(true),
            _ => clear(self),
        }
    }
}

/// The register that a load fills.
pub(super) fn loaded(mnemonic: Mnemonic) -> R {
    match mnemonic {
        Ldx => R::X,
        Ldy => R::Y,
        _ => R::A,
    }
}

fn stored(mnemonic: Mnemonic) -> R {
    match mnemonic {
        Stx => R::X,
        Sty => R::Y,
        _ => R::A,
    }
}

/// The register that a comparison looks at.
fn with(mnemonic: Mnemonic) -> R {
    match mnemonic {
        Cpx => R::X,
        Cpy => R::Y,
        _ => R::A,
    }
}

/// The byte that a register holds after loading this.
pub(super) fn held(arg: &Arg) -> Option<Held> {
    match arg {
        Arg::Cell(cell) => Some(Held::Cell(*cell)),
        Arg::Imm(n) => Some(Held::Imm(*n)),
        Arg::ImmSym(part, at) => Some(Held::Sym(*part, *at)),
        _ => None,
    }
}

/// Rewrites the code once; true when something changed.
pub fn run(code: &mut Vec<MInst>, cells: usize, at_return: Effects) -> bool {
    let flow = flow::of(code);
    let entries = entries(code, &flow);
    let out = live_out(code, &flow, cells, at_return);
    let mut dead = vec![false; code.len()];
    let mut changed = false;
    for (b, range) in flow.blocks.iter().enumerate() {
        // Which flags are wanted after each instruction.
        let mut live = out[b].clone();
        let mut wanted = vec![Effects::NONE; range.len()];
        for at in range.clone().rev() {
            wanted[at - range.start] = live.regs;
            live.step(&code[at], &of(&code[at], at_return));
        }
        let Some(mut known) = entries[b].clone() else { continue };
        for at in range.clone() {
            let flags_wanted = wanted[at - range.start].intersects(Effects::N | Effects::Z);
            if !code[at].volatile
                && let Some((mnemonic, arg)) = code[at].inst()
            {
                match decide(&known, mnemonic, arg, flags_wanted) {
                    Decision::Keep => {}
                    Decision::Remove => {
                        dead[at] = true;
                        changed = true;
                        continue;
                    }
                    Decision::Replace(mnemonic) => {
                        code[at].kind = MKind::Inst { mnemonic, arg: Arg::None };
                        changed = true;
                    }
                }
            }
            known.step(&code[at]);
        }
    }
    let mut at = 0;
    code.retain(|_| {
        at += 1;
        !dead[at - 1]
    });
    changed
}

enum Decision {
    Keep,
    Remove,
    Replace(Mnemonic),
}

fn decide(known: &Known, mnemonic: Mnemonic, arg: &Arg, flags_wanted: bool) -> Decision {
    match mnemonic {
        Lda | Ldx | Ldy => {
            let Some(byte) = held(arg) else { return Decision::Keep };
            let r = loaded(mnemonic);
            if known.of(r).contains(&byte) {
                return if flags_wanted { Decision::Keep } else { Decision::Remove };
            }
            let holds = |r: R| known.of(r).contains(&byte);
            let transfer = match r {
                R::A if holds(R::X) => Some(Txa),
                R::A if holds(R::Y) => Some(Tya),
                R::X if holds(R::A) => Some(Tax),
                R::Y if holds(R::A) => Some(Tay),
                _ => None,
            };
            transfer.map_or(Decision::Keep, Decision::Replace)
        }
        Sta | Stx | Sty => match arg {
            Arg::Cell(cell) if known.of(stored(mnemonic)).contains(&Held::Cell(*cell)) => Decision::Remove,
            _ => Decision::Keep,
        },
        Cmp | Cpx | Cpy => match (known.compared, held(arg)) {
            (Some((r, byte)), Some(now)) if r == with(mnemonic) && byte == now => Decision::Remove,
            _ => Decision::Keep,
        },
        Clc if known.carry == Some(false) => Decision::Remove,
        Sec if known.carry == Some(true) => Decision::Remove,
        Tax | Txa | Tay | Tya if !flags_wanted => {
            let (from, to) = match mnemonic {
                Tax => (R::A, R::X),
                Txa => (R::X, R::A),
                Tay => (R::A, R::Y),
                _ => (R::Y, R::A),
            };
            let same = known.of(from).iter().any(|h| known.of(to).contains(h));
            if same { Decision::Remove } else { Decision::Keep }
        }
        _ => Decision::Keep,
    }
}

/// What is known at the start of each block; `None` for blocks that are never reached.
pub(super) fn entries(code: &[MInst], flow: &flow::Flow) -> Vec<Option<Known>> {
    let mut entries: Vec<Option<Known>> = vec![None; flow.blocks.len()];
    if entries.is_empty() {
        return entries;
    }
    entries[0] = Some(Known::default());
    let mut work = vec![0];
    while let Some(b) = work.pop() {
        let Some(mut known) = entries[b].clone() else { continue };
        let range = flow.blocks[b].clone();
        for inst in &code[range.clone()] {
            known.step(inst);
        }
        let last = &code[range.end - 1];
        let successors = flow.successors(b);
        for &next in successors {
            let mut at_edge = known.clone();
            let taken = next != b + 1;
            // A branch on the carry tells it, when it is clear which way was taken.
            if successors.len() == 2 && successors[0] != successors[1] {
                match last.inst().map(|(m, _)| m) {
                    Some(Bcc) => at_edge.carry = Some(!taken),
                    Some(Bcs) => at_edge.carry = Some(taken),
                    _ => {}
                }
            }
            let merged = match &entries[next] {
                None => at_edge,
                Some(old) => old.meet(&at_edge),
            };
            if entries[next].as_ref() != Some(&merged) {
                entries[next] = Some(merged);
                work.push(next);
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::index::Id;
    use crate::codegen::mach::testing::{inst, label};

    #[test]
    fn a_load_at_the_top_of_a_loop_goes_when_every_way_brings_the_byte() {
        let c = Cell::new(0);
        let mut code = vec![
            inst(Ldx, Arg::Cell(c)),
            label(1),
            inst(Ldx, Arg::Cell(c)),
            inst(Inx, Arg::None),
            inst(Stx, Arg::Cell(c)),
            inst(Bne, Arg::Label(1)),
            inst(Rts, Arg::None),
        ];
        assert!(run(&mut code, 1, Effects::NONE));
        assert_eq!(code.len(), 6, "{code:?}");
        assert!(!run(&mut code, 1, Effects::NONE));
    }

    #[test]
    fn a_load_stays_when_its_flags_are_wanted() {
        let c = Cell::new(0);
        let mut code = vec![
            inst(Sta, Arg::Cell(c)),
            inst(Lda, Arg::Cell(c)),
            inst(Bne, Arg::Label(1)),
            label(1),
            inst(Rts, Arg::None),
        ];
        assert!(!run(&mut code, 1, Effects::A));
    }

    #[test]
    fn the_carry_is_known_after_a_branch_on_it() {
        let mut code = vec![
            inst(Bcs, Arg::Label(1)),
            inst(Clc, Arg::None),
            inst(Adc, Arg::Imm(1)),
            label(1),
            inst(Rts, Arg::None),
        ];
        assert!(run(&mut code, 0, Effects::A));
        assert_eq!(code.len(), 4);
    }

    #[test]
    fn a_comparison_is_made_once_for_two_branches() {
        let c = Cell::new(0);
        let twice = |between: MInst| {
            vec![
                inst(Cmp, Arg::Cell(c)),
                inst(Beq, Arg::Label(1)),
                between,
                inst(Cmp, Arg::Cell(c)),
                inst(Bcc, Arg::Label(1)),
                inst(Inx, Arg::None),
                label(1),
                inst(Rts, Arg::None),
            ]
        };
        let mut code = twice(inst(Stx, Arg::Cell(Cell::new(1))));
        assert!(run(&mut code, 2, Effects::X));
        assert_eq!(code.len(), 7, "{code:?}");
        for changed in [inst(Stx, Arg::Cell(c)), inst(Lda, Arg::Imm(1)), inst(Iny, Arg::None)] {
            assert!(!run(&mut twice(changed), 2, Effects::X | Effects::Y));
        }
    }
}
