//! Low-level IR → machine instructions.
//!
//! In: an `LFunc`, the cells of its registers, and which one-byte registers live in X or Y. Out:
//! `MInst`s in block order. Invariant: the code is right for every choice of homes; a poor choice
//! only makes it dearer, which is how `homes.rs` prices choices. What A, X, Y and the flags are
//! known to hold is followed through each block, so that loads of known bytes are left out.
//! Stores to cells that nobody reads are written all the same: `mach/liveness.rs` removes them.
//! Not here: addresses of cells.

mod alu;
mod bulk;
mod call;
mod moves;
mod operand;
mod rectangle;
mod rotate;
mod shift;
mod state;
mod test;

use std::collections::BTreeMap;

use crate::base::index::{Id, IndexVec};
use crate::base::source::Span;
use crate::codegen::convention::Conventions;
use crate::codegen::lir::{Dst, LBlock, LBlockData, LFunc, LTerm, Op, Reg, Src, Vb};
use crate::codegen::mach::{Arg, Cell, Label, MInst, MKind};
use crate::codegen::webs::{Home, Webs};
use crate::mir::ir::FuncKind;
use crate::mos::effects::Effects;
use crate::mos::inst::Mnemonic;
use crate::obj::zpset::ZpSet;
use state::Fact;
pub use state::State;

/// A machine register that holds data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum R {
    A,
    X,
    Y,
}

impl R {
    /// The set of just this register.
    pub fn effect(self) -> Effects {
        match self {
            R::A => Effects::A,
            R::X => Effects::X,
            R::Y => Effects::Y,
        }
    }
}

/// What the emission of a function needs to know.
pub struct Context<'a> {
    pub func: &'a LFunc,
    pub webs: &'a Webs,
    pub conventions: &'a Conventions,
    pub kind: FuncKind,
    /// Lets no interrupt in.
    pub atomic: bool,
    /// The interrupt vector is entered with the registers saved by the KERNAL.
    pub kernal: bool,
    pub small: bool,
    /// Finished code for a `.LIB`.
    pub module: bool,
    /// Run-time zero page that an interrupt handler saves because it, or what it calls, uses it.
    pub saved_zero_page: ZpSet,
    /// Follow what registers hold (off at `-O0`).
    pub track: bool,
}

/// The emitted code of a function.
pub struct Emitted {
    pub code: Vec<MInst>,
    /// Cells beyond those of the webs, used as scratch.
    pub cells: usize,
    pub labels: Label,
}

/// Emits a function. `homes` says which webs live in X or Y.
pub fn emit(ctx: &Context<'_>, homes: &[Home]) -> Emitted {
    let mut e = Emitter {
        ctx,
        homes,
        code: Vec::new(),
        state: State::default(),
        span: None,
        weight: 1.0,
        next_label: ctx.func.blocks.len() as Label,
        cells: ctx.webs.cells,
        busy: Effects::NONE,
        block: LBlock(0),
        at: 0,
        chain_wanted: false,
        at_label: BTreeMap::new(),
        spilled: Vec::new(),
    };
    e.function();
    Emitted { code: e.code, cells: e.cells, labels: e.next_label }
}

struct Emitter<'a> {
    ctx: &'a Context<'a>,
    homes: &'a [Home],
    code: Vec<MInst>,
    state: State,
    span: Option<Span>,
    weight: f64,
    next_label: Label,
    cells: usize,
    /// Index registers that hold a live web during the current operation.
    busy: Effects,
    /// Where the emission is, for questions about liveness.
    block: LBlock,
    at: usize,
    /// The handler ends in the system's interrupt work.
    chain_wanted: bool,
    /// What is known on the ways that branch to a label further on.
    at_label: BTreeMap<Label, State>,
    /// Homes that were taken for scratch during the current operation, to be loaded again.
    spilled: Vec<(R, Cell)>,
}

impl Emitter<'_> {
    fn function(&mut self) {
        let func = self.ctx.func;
        let busy = self.busy_table();
        let mut exits: IndexVec<LBlock, Option<State>> = IndexVec::filled(func.blocks.len(), None);
        let mut preds: IndexVec<LBlock, Vec<LBlock>> = IndexVec::filled(func.blocks.len(), Vec::new());
        for (id, block) in func.blocks.enumerated() {
            for next in block.term.successors() {
                preds[next].push(id);
            }
        }
        for (id, block) in func.blocks.enumerated() {
            self.weight = block.weight;
            self.span = None;
            self.block = id;
            self.chain_wanted = false;
            self.state = self.entry_state(id, &preds[id], &exits);
            self.code.push(MInst {
                kind: MKind::Label(id.0),
                volatile: false,
                span: None,
                weight: self.weight,
            });
            if id.index() == 0 {
                self.prologue();
            }
            for (at, inst) in block.insts.iter().enumerate() {
                self.span = inst.span;
                self.at = at;
                self.busy = busy[id][at];
                self.op(&inst.op);
                self.reload_spilled();
                if !self.ctx.track {
                    self.state = State::default();
                }
            }
            self.span = block.term_span;
            self.busy = busy[id][block.insts.len()];
            self.term(id, &block.term);
            exits[id] = Some(std::mem::take(&mut self.state));
        }
    }

    fn entry_state(&self, id: LBlock, preds: &[LBlock], exits: &IndexVec<LBlock, Option<State>>) -> State {
        if id.index() == 0 || !self.ctx.track {
            return State::default();
        }
        let mut state: Option<State> = None;
        for &pred in preds {
            let Some(exit) = &exits[pred] else { return State::default() };
            state = Some(match state {
                None => exit.clone(),
                Some(s) => s.meet(exit),
            });
        }
        let state = state.unwrap_or_default();
        // A test may leave from its middle, where less is known than at its end.
        self.at_label.get(&id.0).map_or(state.clone(), |early| state.meet(early))
    }

    /// For each operation (and the block end) the index registers that must keep their content
    /// through it: a web that lives there is read by it, or live before and after.
    fn busy_table(&self) -> IndexVec<LBlock, Vec<Effects>> {
        let func = self.ctx.func;
        let homes = func.regs.ids().filter_map(|reg| Some((reg, self.index_home(reg)?)));
        let homes: Vec<(Reg, R)> = homes.collect();
        let mut live: IndexVec<Reg, bool> = IndexVec::filled(func.regs.len(), false);
        let held = |live: &IndexVec<Reg, bool>| {
            let held = homes.iter().filter(|(reg, _)| live[*reg]);
            held.fold(Effects::NONE, |set, (_, r)| set | r.effect())
        };
        let row = |(id, block): (LBlock, &LBlockData)| {
            let mut row = vec![Effects::NONE; block.insts.len() + 1];
            if homes.is_empty() {
                return row;
            }
            homes.iter().for_each(|(reg, _)| live[*reg] = self.ctx.webs.live_out(id, *reg));
            block.term.for_each_use(&mut |v| live[v.reg] = true);
            row[block.insts.len()] = held(&live);
            for (at, inst) in block.insts.iter().enumerate().rev() {
                inst.op.for_each_def(&func.regs, &mut |v| live[v.reg] = false);
                inst.op.for_each_use(&mut |v| live[v.reg] = true);
                row[at] = held(&live);
            }
            row
        };
        func.blocks.enumerated().map(row).collect()
    }

    /// The index register in which a virtual register lives.
    fn index_home(&self, reg: Reg) -> Option<R> {
        match self.homes[self.ctx.webs.of(reg)] {
            Home::X => Some(R::X),
            Home::Y => Some(R::Y),
            Home::Cell => None,
        }
    }

    /// The index register that holds a byte now; none while that register is used for scratch.
    fn home(&self, v: Vb) -> Option<R> {
        self.index_home(v.reg).filter(|r| !self.is_spilled(*r))
    }

    fn is_spilled(&self, r: R) -> bool {
        self.spilled.iter().any(|(s, _)| *s == r)
    }

    /// The cell that holds a byte, or can hold it for a moment.
    fn cell(&self, v: Vb) -> Cell {
        match self.index_home(v.reg).and_then(|r| self.spilled.iter().find(|(s, _)| *s == r)) {
            Some((_, cell)) => *cell,
            None => self.ctx.webs.cell(v),
        }
    }

    fn fact(&self, v: Vb) -> Fact {
        Fact::Byte(self.ctx.webs.of(v.reg), v.byte)
    }

    fn new_label(&mut self) -> Label {
        let label = self.next_label;
        self.next_label += 1;
        label
    }

    fn push(&mut self, kind: MKind, volatile: bool) {
        self.code.push(MInst { kind, volatile, span: self.span, weight: self.weight });
    }

    /// Emits an instruction; facts about what it writes are forgotten.
    fn ins(&mut self, mnemonic: Mnemonic, arg: Arg) {
        self.ins_volatile(mnemonic, arg, false);
    }

    fn ins_volatile(&mut self, mnemonic: Mnemonic, arg: Arg, volatile: bool) {
        let mode = crate::codegen::mach::mode(mnemonic, &arg, true);
        self.state.forget(crate::mos::effects::writes(mnemonic, mode));
        if let Arg::Label(label) = arg {
            let known = self.at_label.get(&label).map_or(self.state.clone(), |s| s.meet(&self.state));
            self.at_label.insert(label, known);
        }
        self.push(MKind::Inst { mnemonic, arg }, volatile);
    }

    fn implied(&mut self, mnemonic: Mnemonic) {
        self.ins(mnemonic, Arg::None);
    }

    /// A label within an operation. A way that comes from further down must bring what is known.
    fn label(&mut self, label: Label) {
        if let Some(early) = self.at_label.get(&label) {
            self.state = self.state.meet(early);
        }
        self.push(MKind::Label(label), false);
    }

    fn branch(&mut self, mnemonic: Mnemonic, label: Label) {
        self.ins(mnemonic, Arg::Label(label));
    }

    fn op(&mut self, op: &Op) {
        match op {
            Op::Move { d, s } => self.move_byte(d, s),
            Op::Add { sub, carry: false, d, a, b } => self.add(*sub, d, a, b),
            Op::Add { sub, carry: true, d, a, b } => self.add_bytes(*sub, true, d, a, b),
            Op::Logic { op, d, a, b } => self.logic(*op, d, a, b),
            Op::Shift { kind, d, a, count } => self.shift(*kind, d, a, *count),
            Op::SignFill { d, s } => self.sign_fill(d, s),
            Op::Set { d, test } => self.set(d, test),
            Op::Copy { moves } => self.copy(moves),
            Op::Call { callee, args, ret } => self.call(*callee, args, *ret),
            Op::Rt { routine, args, ret, extra } => self.rt(*routine, args, *ret, *extra),
            Op::CopyBlock { d, s, len } => self.copy_block(d, s, *len),
            Op::FillBlock { d, value, len } => self.fill_block(d, value, *len),
            Op::Asm(block) => {
                self.save_homes(Effects::REGISTERS);
                self.push(MKind::Asm(block.clone()), true);
                self.state = State::default();
            }
            Op::Sei => self.ins_volatile(Mnemonic::Sei, Arg::None, true),
            Op::Cli => self.ins_volatile(Mnemonic::Cli, Arg::None, true),
            Op::Lock => {
                self.ins_volatile(Mnemonic::Php, Arg::None, true);
                self.ins_volatile(Mnemonic::Sei, Arg::None, true);
            }
            Op::Unlock => self.ins_volatile(Mnemonic::Plp, Arg::None, true),
            Op::Nop(n) => (0..*n).for_each(|_| self.ins_volatile(Mnemonic::Nop, Arg::None, true)),
        }
    }

    fn move_byte(&mut self, d: &Dst, s: &Src) {
        match d {
            Dst::V(v) => self.move_to(*v, s),
            Dst::Mem(_) => self.store_src(d, s),
            Dst::None => {
                // A mapped variable is read even when nobody wants its value.
                if let Src::Mem(mem) = s
                    && mem.volatile
                {
                    self.load(R::A, s);
                }
            }
        }
    }

    fn term(&mut self, id: LBlock, term: &LTerm) {
        let next = LBlock::new(id.index() + 1);
        match term {
            LTerm::Jump(to) => {
                if *to != next {
                    self.ins(Mnemonic::Jmp, Arg::Label(to.0));
                }
            }
            LTerm::Branch { test, then, other } => {
                if *then == next {
                    self.branch_if(&test.negate(), other.0);
                } else {
                    self.branch_if(test, then.0);
                    if *other != next {
                        self.ins(Mnemonic::Jmp, Arg::Label(other.0));
                    }
                }
            }
            LTerm::Return(bytes) => self.epilogue(bytes),
            LTerm::Unreachable => {}
        }
    }
}
