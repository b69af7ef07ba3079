//! Stores to memory move up to where A holds the byte.
//!
//! In: `sta c … lda c; sta m`, as a value leaves that is wanted again later. Out: `sta c; sta m …
//! lda c`, whose load `liveness` then removes. Invariant: between the two places nothing reads or
//! writes `m`, or changes the index register or the cell; mapped accesses are not passed.

use crate::codegen::lir::{Sym, SymAddr};
use crate::codegen::mach::effects::of;
use crate::codegen::mach::liveness::live_out;
use crate::codegen::mach::{Arg, Cell, MInst, MKind, flow};
use crate::mos::effects::Effects;
use crate::mos::inst::Mnemonic::*;

/// Rewrites the code once; true when something changed.
pub fn run(code: &mut [MInst], cells: usize, at_return: Effects) -> bool {
    let flow = flow::of(code);
    let out = live_out(code, &flow, cells, at_return);
    let mut changed = false;
    for (range, mut live) in flow.blocks.iter().zip(out) {
        // Stores that may move, the last first.
        let mut stores = Vec::new();
        for at in range.clone().rev() {
            if !live.regs.intersects(Effects::A | Effects::N | Effects::Z) && is_store(&code[at]) {
                stores.push(at);
            }
            live.step(&code[at], &of(&code[at], at_return));
        }
        // The first goes first: places behind it stay what they are.
        for &at in stores.iter().rev() {
            if let Some(to) = place(code, range.start, at) {
                code[to..=at].rotate_right(1);
                changed = true;
            }
        }
    }
    changed
}

fn is_store(inst: &MInst) -> bool {
    matches!(inst.inst(), Some((Sta, Arg::Abs(_) | Arg::AbsX(_) | Arg::AbsY(_)))) && !inst.volatile
}

/// Where the store at `at`, whose byte the instruction before it loads from a cell, may stand.
fn place(code: &[MInst], start: usize, at: usize) -> Option<usize> {
    let store = &code[at];
    let load = at.checked_sub(1).filter(|load| *load > start)?;
    let (Lda, Arg::Cell(cell)) = code[load].inst()? else { return None };
    for before in (start..load).rev() {
        if code[before].inst() == Some((Sta, &Arg::Cell(*cell))) {
            return (before + 1 < load).then_some(before + 1);
        }
        if !may_pass(store, &code[before], *cell) {
            return None;
        }
    }
    None
}

/// True when a store may happen before another instruction that does not write `cell`.
fn may_pass(store: &MInst, other: &MInst, cell: Cell) -> bool {
    let MKind::Inst { mnemonic, arg } = &other.kind else { return false };
    let e = of(other, Effects::NONE);
    let Some((_, target)) = store.inst() else { return false };
    let index = match target {
        Arg::AbsX(_) => Effects::X,
        Arg::AbsY(_) => Effects::Y,
        _ => Effects::NONE,
    };
    if other.volatile || e.writes_cell == Some(cell) || e.writes.intersects(index) {
        return false;
    }
    match arg {
        Arg::None => !matches!(mnemonic, Pha | Pla | Php | Plp | Cli | Sei | Rts | Rti | Brk),
        Arg::Imm(_) | Arg::ImmSym(..) | Arg::Cell(_) => true,
        Arg::Abs(_) | Arg::AbsX(_) | Arg::AbsY(_) => are_apart(target, arg),
        _ => false,
    }
}

/// True when two operands surely name different bytes.
fn are_apart(a: &Arg, b: &Arg) -> bool {
    let (Some((x, x_index)), Some((y, y_index))) = (parts(a), parts(b)) else { return false };
    match (x.sym, y.sym) {
        (Sym::Abs, _) | (_, Sym::Abs) => false,
        // An access stays inside its variable.
        (p, q) if p != q => true,
        _ => x_index == y_index && (x.offset - y.offset) & 0xffff != 0,
    }
}

fn parts(arg: &Arg) -> Option<(SymAddr, u8)> {
    match arg {
        Arg::Abs(at) => Some((*at, 0)),
        Arg::AbsX(at) => Some((*at, 1)),
        Arg::AbsY(at) => Some((*at, 2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::index::Id;
    use crate::codegen::mach::testing::inst;
    use crate::mir::ir::GlobalId;

    fn at(offset: i32) -> SymAddr {
        SymAddr { sym: Sym::Global(GlobalId::new(0)), offset }
    }

    /// `sta c0; …; lda c0; sta g,x`, and what follows A's last use.
    fn moved(between: MInst) -> bool {
        let cell = || Arg::Cell(Cell::new(0));
        let mut code = vec![
            inst(Sta, cell()),
            between,
            inst(Lda, cell()),
            inst(Sta, Arg::AbsX(at(0))),
            inst(Rts, Arg::None),
        ];
        run(&mut code, 2, Effects::NONE) && code[1] == inst(Sta, Arg::AbsX(at(0)))
    }

    #[test]
    fn a_store_goes_to_where_a_holds_the_byte() {
        assert!(moved(inst(Tya, Arg::None)));
        assert!(moved(inst(Adc, Arg::AbsX(at(32)))));
        assert!(moved(inst(Sta, Arg::Cell(Cell::new(1)))));
    }

    #[test]
    fn a_store_stays_behind_what_it_could_change() {
        assert!(!moved(inst(Inx, Arg::None)), "its index");
        assert!(!moved(inst(Inc, Arg::Cell(Cell::new(0)))), "its byte");
        assert!(!moved(inst(Adc, Arg::AbsX(at(0)))), "what is read there");
        assert!(!moved(inst(Adc, Arg::AbsY(at(32)))), "perhaps the same byte");
        assert!(!moved(inst(Lda, Arg::Abs(SymAddr { sym: Sym::Abs, offset: 0xd012 }))));
        assert!(!moved(MInst { volatile: true, ..inst(Lda, Arg::Abs(at(9))) }));
    }
}
