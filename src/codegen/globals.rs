//! Global variables that would gain from lying in zero page, or at the start of a page.
//!
//! In: the finished machine code of every function. Out: what each variable that may lie in zero page
//! would save there; `frame.rs` weighs it against the cells of functions. Before that, from the middle
//! IR: which arrays shall begin with a page, so that indices of two bytes need no sum of low bytes.
//! Invariant: a variable whose address another program, a mapped area or inline assembly counts on is
//! never offered, and nothing reaches an offered one from before its start or behind its end.
//! Not here: variables with an initial value, which zero page cannot be loaded with.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::index::IndexVec;
use crate::codegen::Options;
use crate::codegen::function::Compiled;
use crate::codegen::lir::{Sym, SymAddr};
use crate::codegen::mach::{Arg, MInst};
use crate::mir::ir::{Base, FuncId, Global, GlobalId, GlobalKind, Op, Program, Ty};
use crate::mir::loops::Loops;
use crate::mos::cost::{Cost, cost};
use crate::mos::inst::{Mnemonic, Mode};

/// The largest variable that is offered: one that takes no index, but where every byte of code counts.
const LARGEST: u32 = 4;
const LARGEST_SMALL: u32 = 64;
/// Cycles that a byte must save: to keep its old content at the start and to give it back takes 28,
/// and what is saved is estimated.
const KEEPING: f64 = 56.0;
/// Bytes of a page.
pub const PAGE: u16 = 256;
/// Arrays keep to pages only where that wastes little: in programs with at most so many bytes of
/// variables.
const ROOMY: u32 = 20_000;
/// What a byte of code is worth in cycles where small code is wanted.
pub const BYTE: f64 = 64.0;

/// A variable and what all accesses to it would save.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Offer {
    pub global: GlobalId,
    pub bytes: u8,
    pub weight: f64,
}

/// The variables that may lie in zero page and gain from it.
pub fn offers(
    program: &Program,
    compiled: &IndexVec<FuncId, Option<Compiled>>,
    frequency: &IndexVec<FuncId, f64>,
    small: bool,
) -> Vec<Offer> {
    let mut worth: BTreeMap<GlobalId, f64> = BTreeMap::new();
    let mut refused: BTreeSet<GlobalId> = BTreeSet::new();
    for (id, func) in compiled.enumerated() {
        for inst in func.iter().flat_map(|f| &f.code) {
            let Some((at, saved)) = access(inst) else { continue };
            let Sym::Global(global) = at.sym else { continue };
            let size = program.globals[global].size;
            if !u32::try_from(at.offset).is_ok_and(|offset| offset < size) {
                refused.insert(global);
            }
            let bytes = if small { BYTE * f64::from(saved.bytes) } else { 0.0 };
            let cycles = f64::from(saved.cycles) * inst.weight * frequency[id];
            *worth.entry(global).or_default() += bytes + cycles;
        }
    }
    let gains =
        |global: &Global, weight: f64| weight > if small { 0.0 } else { KEEPING * f64::from(global.size) };
    worth
        .into_iter()
        .filter(|(id, weight)| {
            let global = &program.globals[*id];
            let largest = if small { LARGEST_SMALL } else { LARGEST };
            !refused.contains(id) && may_move(global, largest) && gains(global, *weight)
        })
        .map(|(global, weight)| Offer { global, bytes: program.globals[global].size as u8, weight })
        .collect()
}

/// True when only compiled code names the variable.
fn may_move(global: &Global, largest: u32) -> bool {
    is_own(global) && (1..=largest).contains(&global.size) && !global.escapes
}

/// The arrays that shall begin with a page: large ones that loops reach with indices of two bytes.
pub fn aligned(program: &Program, options: &Options) -> BTreeSet<GlobalId> {
    let used: u32 = program.globals.iter().filter(|g| g.kind == GlobalKind::Bss).map(|g| g.size).sum();
    let mut found = BTreeSet::new();
    if options.module || options.level == 0 || used > ROOMY {
        return found;
    }
    for func in program.funcs.iter().filter(|f| !f.is_extern()) {
        let loops = Loops::of(func);
        for (_, block) in func.blocks.enumerated().filter(|(id, _)| loops.depth(*id) > 0) {
            for addr in block.insts.iter().filter_map(|inst| match &inst.op {
                Op::Load(addr, _) | Op::Store(addr, ..) => Some(addr),
                _ => None,
            }) {
                let wide = addr.index.is_some_and(|v| func.ty(v) == Ty::I16);
                if let (Base::Global(id), true) = (addr.base, wide) {
                    let global = &program.globals[id];
                    if is_own(global) && global.size >= u32::from(PAGE) {
                        found.insert(id);
                    }
                }
            }
        }
    }
    found
}

/// True when nothing but compiled code counts on where the variable lies.
fn is_own(global: &Global) -> bool {
    global.kind == GlobalKind::Bss
        && global.fixed.is_none()
        && global.highest.is_none()
        && !(global.external || global.exported || global.keep)
}

/// The place that an instruction names, and what it costs more than in zero page.
fn access(inst: &MInst) -> Option<(SymAddr, Cost)> {
    let (mnemonic, arg) = inst.inst()?;
    match arg {
        Arg::Abs(at) => Some((*at, saved(mnemonic, Mode::Absolute))),
        Arg::AbsX(at) => Some((*at, saved(mnemonic, Mode::AbsoluteX))),
        Arg::AbsY(at) => Some((*at, saved(mnemonic, Mode::AbsoluteY))),
        Arg::ImmSym(_, at) => Some((*at, Cost::default())),
        _ => None,
    }
}

fn saved(mnemonic: Mnemonic, mode: Mode) -> Cost {
    let long = cost(mnemonic, mode);
    let short = mode.zero_page().map(|mode| cost(mnemonic, mode)).filter(|short| *short != Cost::default());
    let less = |short: Cost| Cost {
        bytes: long.bytes.saturating_sub(short.bytes),
        cycles: long.cycles.saturating_sub(short.cycles),
    };
    short.map_or(Cost::default(), less)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mnemonic::{Lda, Sta};

    #[test]
    fn stores_with_an_index_save_a_cycle_and_loads_a_byte() {
        assert_eq!(saved(Sta, Mode::AbsoluteX), Cost { bytes: 1, cycles: 1 });
        assert_eq!(saved(Lda, Mode::AbsoluteX), Cost { bytes: 1, cycles: 0 });
        assert_eq!(saved(Lda, Mode::Absolute), Cost { bytes: 1, cycles: 1 });
        assert_eq!(saved(Sta, Mode::AbsoluteY), Cost::default(), "there is no such mode");
    }

    #[test]
    fn a_variable_that_others_know_stays() {
        let global = Global::new("g", GlobalKind::Bss, 2);
        assert!(may_move(&global, LARGEST));
        assert!(!may_move(&Global { escapes: true, ..global.clone() }, LARGEST));
        assert!(!may_move(&Global { fixed: Some(0x400), ..global.clone() }, LARGEST));
        assert!(!may_move(&Global { kind: GlobalKind::Data, ..global.clone() }, LARGEST));
        assert!(!may_move(&Global { size: LARGEST + 1, ..global }, LARGEST));
    }
}
