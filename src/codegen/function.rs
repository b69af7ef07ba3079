//! One function from middle IR to finished machine code.

use crate::base::index::{Id, IndexVec};
use crate::codegen::convention::{Conventions, ParamLoc};
use crate::codegen::emit::Context;
use crate::codegen::lir::{LFunc, Op as LOp};
use crate::codegen::mach::effects::TRACKED;
use crate::codegen::mach::{
    Arg, Cell, MInst, MKind, carry, early, effects, liveness, peephole, place, reload, skip, tails,
};
use crate::codegen::select::{SelectOptions, Whole, select};
use crate::codegen::webs::{self, CellGroup};
use crate::codegen::{Options, homes};
use crate::mir::ir::{BlockId, FuncId, FuncKind, Program};
use crate::mir::loops::Loops;
use crate::mos::effects::Effects;
use crate::obj::rt_abi::{self, Loc};
use crate::obj::zpset::ZpSet;

/// Rounds of the clean-up of machine code.
const MAX_ROUNDS: usize = 4;

/// The finished code of a function, before addresses.
pub struct Compiled {
    pub code: Vec<MInst>,
    pub groups: Vec<CellGroup>,
    pub cells: usize,
    /// May be called again before it returns.
    pub recursive: bool,
    /// Registers that carry the result.
    pub at_return: Effects,
    /// Cells in which arguments arrive.
    pub argument_cells: Vec<Cell>,
    /// What it was made from.
    pub low: LFunc,
}

impl Compiled {
    /// True when an access goes through the pointer that begins at `cell`.
    pub fn uses_pointer(&self, cell: Cell) -> bool {
        self.code.iter().any(|i| matches!(&i.kind, MKind::Inst { arg: Arg::IndY(c), .. } if *c == cell))
    }
}

/// How often each block runs in one call, estimated: ten times for each loop around it.
pub fn block_weights(program: &Program, id: FuncId) -> IndexVec<BlockId, f64> {
    let func = &program.funcs[id];
    let loops = Loops::of(func);
    func.blocks.ids().map(|b| 10f64.powi(loops.depth(b).min(6) as i32)).collect()
}

/// Compiles a function; its convention gets what the code really changes. `short_pointers`: not all
/// of its pointers fit zero page at once.
pub fn compile(
    program: &Program,
    id: FuncId,
    conventions: &mut Conventions,
    options: &Options,
    whole: &Whole,
    short_pointers: bool,
) -> Compiled {
    let func = &program.funcs[id];
    let optimise = options.level > 0;
    let weights = block_weights(program, id);
    let lfunc = select(
        program,
        id,
        &weights,
        SelectOptions {
            small: options.small,
            fold: optimise,
            module: options.module,
            short_pointers,
            recursive: conventions.recursive[id],
        },
        whole,
    );
    let zero_page = used_zero_page(&lfunc, conventions) | conventions.of[id].passed();
    let at_return = result_registers(conventions, id);
    let recursive = conventions.recursive[id];
    let webs = webs::find(&lfunc, optimise && !short_pointers, recursive || options.module);
    let handler = !matches!(func.kind, FuncKind::Normal | FuncKind::Naked);
    let ctx = Context {
        func: &lfunc,
        webs: &webs,
        conventions,
        kind: func.kind,
        atomic: func.atomic,
        kernal: program.env.kernal,
        small: options.small,
        module: options.module,
        saved_zero_page: if handler { zero_page } else { ZpSet::EMPTY },
        track: optimise,
    };
    let emitted = homes::choose(&ctx, at_return, optimise);
    let mut code = emitted.code;
    if func.kind == FuncKind::Naked {
        strip_naked(&mut code);
    }
    peephole::tidy(&mut code, optimise && !handler);
    if optimise {
        liveness::remove_dead(&mut code, emitted.cells, at_return);
        for _ in 0..MAX_ROUNDS {
            let moved = early::run(&mut code, emitted.cells, at_return);
            let changed = reload::run(&mut code, emitted.cells, at_return) || moved;
            liveness::remove_dead(&mut code, emitted.cells, at_return);
            peephole::tidy(&mut code, !handler);
            if !changed {
                break;
            }
        }
        if carry::run(&mut code) | skip::run(&mut code, emitted.cells, at_return) {
            peephole::tidy(&mut code, !handler);
        }
        if tails::run(&mut code, options.small && !handler) | place::run(&mut code, options.small) {
            peephole::tidy(&mut code, !handler);
        }
    }
    let mut groups = webs.groups.clone();
    groups.extend((webs.cells..emitted.cells).map(|c| CellGroup {
        first: Cell::new(c),
        bytes: 1,
        pointer: false,
    }));
    let argument_cells = conventions.of[id]
        .params
        .iter()
        .flatten()
        .filter_map(|p| if let ParamLoc::Cell(cell) = p { Some(*cell) } else { None })
        .collect();
    let compiled =
        Compiled { code, groups, cells: emitted.cells, recursive, at_return, argument_cells, low: lfunc };
    let convention = &mut conventions.of[id];
    convention.zero_page = zero_page;
    if !recursive {
        convention.clobbers = changed_registers(&compiled.code);
    }
    compiled
}

/// A naked function is its assembly; an RTS follows unless the assembly leaves by itself. What the
/// convention would do for the arguments is not wanted.
fn strip_naked(code: &mut Vec<MInst>) {
    code.retain(|i| {
        matches!(&i.kind, MKind::Asm(_) | MKind::Inst { mnemonic: crate::mos::inst::Mnemonic::Rts, .. })
    });
}

/// The run-time zero page that a function and all it calls may change.
fn used_zero_page(func: &LFunc, conventions: &Conventions) -> ZpSet {
    use crate::codegen::lir::{LCallee, RtCall};
    let mut set = ZpSet::EMPTY;
    for inst in func.blocks.iter().flat_map(|b| &b.insts) {
        match &inst.op {
            LOp::Rt { routine: RtCall::Rt(rt), .. } => set |= rt_abi::routine(*rt).zero_page(),
            LOp::Rt { routine: RtCall::Arith(name), .. } => {
                set |= crate::obj::rt_arith::arithmetic(name).zero_page();
            }
            LOp::Call { callee: LCallee::Func(f), .. } => set |= conventions.of[*f].zero_page,
            LOp::Call { callee: LCallee::Abs(_), .. } => set |= rt_abi::RT_ZERO_PAGE,
            // Long blocks may become calls of a routine.
            LOp::CopyBlock { .. } | LOp::FillBlock { .. } => set |= rt_abi::RT_ZERO_PAGE,
            LOp::Asm(_) => set |= rt_abi::RT_ZERO_PAGE,
            _ => {}
        }
    }
    set
}

fn result_registers(conventions: &Conventions, id: FuncId) -> Effects {
    let mut set = Effects::NONE;
    for loc in &conventions.of[id].ret {
        set |= match loc {
            Loc::A => Effects::A,
            Loc::X => Effects::X,
            Loc::Y => Effects::Y,
            Loc::Zp(_) => Effects::NONE,
        };
    }
    set
}

/// Registers that the code writes.
fn changed_registers(code: &[MInst]) -> Effects {
    let mut set = Effects::FLAGS;
    for inst in code {
        set |= effects::of(inst, Effects::NONE).writes & TRACKED;
    }
    set
}
