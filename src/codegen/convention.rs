//! How functions of the program are called: the places of arguments and results, and what a call
//! destroys.
//!
//! In: signatures; after a function is compiled, what its code really changes. Out: the facts that
//! callers use. Invariant: places depend on the signature alone, so that functions of a recursion
//! agree before they are compiled; the clobbers of a function that is not compiled yet are all
//! registers. Described for people in `docs/abi.md`.

use crate::base::index::{Id, IndexVec};
use crate::codegen::mach::Cell;
use crate::mir::ir::{FuncId, FuncKind, Program, Ty};
use crate::mos::effects::Effects;
use crate::obj::rt_abi::{Loc, RT_A, RT_ZERO_PAGE};
use crate::obj::zpset::ZpSet;

/// The place of one byte of an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamLoc {
    Loc(Loc),
    /// A cell of the callee.
    Cell(Cell),
}

/// The convention of one function.
#[derive(Clone, PartialEq, Debug)]
pub struct Convention {
    /// For each parameter the places of its bytes, lowest first.
    pub params: Vec<Vec<ParamLoc>>,
    pub ret: Vec<Loc>,
    /// Registers and flags that a call changes.
    pub clobbers: Effects,
    /// Run-time zero page that a call changes.
    pub zero_page: ZpSet,
}

impl Convention {
    /// The run-time zero page in which arguments and the result are passed.
    pub fn passed(&self) -> ZpSet {
        let params = self.params.iter().flatten().filter_map(|place| match place {
            ParamLoc::Loc(loc) => Some(loc),
            ParamLoc::Cell(_) => None,
        });
        params
            .chain(&self.ret)
            .filter_map(|loc| if let Loc::Zp(at) = loc { Some(*at) } else { None })
            .collect()
    }
}

/// The conventions of a program.
pub struct Conventions {
    pub of: IndexVec<FuncId, Convention>,
    /// The recursion that a function belongs to, by number; functions outside have their own.
    pub cycle: IndexVec<FuncId, usize>,
    /// True for functions that can be entered again before they return.
    pub recursive: IndexVec<FuncId, bool>,
}

impl Conventions {
    /// The conventions by signature; every function is taken to change all registers. Functions of
    /// other modules have the convention of finished code, with `finished` all have.
    pub fn by_signature(
        program: &Program,
        finished: bool,
        cycle: IndexVec<FuncId, usize>,
        recursive: IndexVec<FuncId, bool>,
    ) -> Self {
        let of = program
            .funcs
            .iter()
            .map(|f| {
                let params = match f.kind {
                    FuncKind::Naked => naked_params(&f.params),
                    _ if finished || f.is_extern() => finished_params(&f.params),
                    _ => params(&f.params),
                };
                let clobbers = Effects::REGISTERS | Effects::FLAGS;
                Convention { params, ret: result(f.ret), clobbers, zero_page: RT_ZERO_PAGE }
            })
            .collect();
        Self { of, cycle, recursive }
    }

    /// True when `to` can call `from` again.
    pub fn same_cycle(&self, from: FuncId, to: FuncId) -> bool {
        self.recursive[from] && self.cycle[from] == self.cycle[to]
    }
}

/// The first three bytes in A, X and Y, the others in the callee's cells. Every parameter has its
/// cells, in order from cell 0, whether its bytes arrive there or not.
fn params(types: &[Ty]) -> Vec<Vec<ParamLoc>> {
    let mut registers = [Loc::A, Loc::X, Loc::Y].into_iter();
    let mut cell = 0;
    types
        .iter()
        .map(|ty| {
            (0..ty.bytes())
                .map(|_| {
                    cell += 1;
                    let register = if *ty == Ty::I32 { None } else { registers.next() };
                    register.map_or(ParamLoc::Cell(Cell::new(cell - 1)), ParamLoc::Loc)
                })
                .collect()
        })
        .collect()
}

/// Bytes of arguments of finished code that fit the run-time zero page.
pub const FINISHED_ZERO_PAGE_BYTES: usize = 18;

/// Finished code: the first three bytes in A, X and Y, the others in the run-time zero page from
/// its start.
pub fn finished_params(types: &[Ty]) -> Vec<Vec<ParamLoc>> {
    let mut zero_page = (RT_A..).map(Loc::Zp);
    let mut place = |place: &ParamLoc| match place {
        ParamLoc::Cell(_) => zero_page.next().map_or(*place, ParamLoc::Loc),
        ParamLoc::Loc(_) => *place,
    };
    params(types).iter().map(|bytes| bytes.iter().map(&mut place).collect()).collect()
}

/// `@naked` and `@mapped`: bytes in A, X, Y in order; a single word in X (low) and Y (high), with a
/// byte beside it in A.
pub fn naked_params(types: &[Ty]) -> Vec<Vec<ParamLoc>> {
    let byte = || vec![ParamLoc::Loc(Loc::A)];
    let word = || vec![ParamLoc::Loc(Loc::X), ParamLoc::Loc(Loc::Y)];
    match types {
        [Ty::I16] => return vec![word()],
        [Ty::I1 | Ty::I8, Ty::I16] => return vec![byte(), word()],
        [Ty::I16, Ty::I1 | Ty::I8] => return vec![word(), byte()],
        _ => {}
    }
    let mut places = [Loc::A, Loc::X, Loc::Y].into_iter().chain((RT_A..).map(Loc::Zp));
    types
        .iter()
        .map(|ty| (0..ty.bytes()).filter_map(|_| places.next()).map(ParamLoc::Loc).collect())
        .collect()
}

/// Results: A; A and X; four bytes in the run-time zero page.
pub fn result(ty: Option<Ty>) -> Vec<Loc> {
    match ty {
        None => Vec::new(),
        Some(Ty::I1 | Ty::I8) => vec![Loc::A],
        Some(Ty::I16) => vec![Loc::A, Loc::X],
        Some(Ty::I32) => (RT_A..RT_A + 4).map(Loc::Zp).collect(),
    }
}
