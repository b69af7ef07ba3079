//! Emission of calls, of entry and exit.

use crate::codegen::convention::{ParamLoc, naked_params, result};
use crate::codegen::emit::moves::{From, To};
use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{LCallee, Reg, RtCall, Src, Vb};
use crate::codegen::mach::{Arg, CallEffect, Cell, MKind};
use crate::mir::ir::{FuncKind, Ty};
use crate::mir::rt::Rt;
use crate::mos::effects::Effects;
use crate::mos::inst::Mnemonic::*;
use crate::obj::rt_abi::{self, Loc};
use crate::obj::rt_arith;

impl Emitter<'_> {
    pub(super) fn call(&mut self, callee: LCallee, args: &[Vec<Src>], ret: Option<Reg>) {
        let (params, results, clobbers, arg) = match callee {
            LCallee::Func(f) => {
                let c = &self.ctx.conventions.of[f];
                (c.params.clone(), c.ret.clone(), c.clobbers, Arg::Func(f))
            }
            LCallee::Abs(at) => {
                let types: Vec<Ty> =
                    args.iter().map(|a| if a.len() == 1 { Ty::I8 } else { Ty::I16 }).collect();
                let ret = ret.map(|r| if self.ctx.func.regs[r].bytes == 1 { Ty::I8 } else { Ty::I16 });
                (naked_params(&types), result(ret), Effects::REGISTERS | Effects::FLAGS, Arg::Code(at))
            }
        };
        let recursive = match callee {
            LCallee::Func(f) => self.ctx.conventions.same_cycle(self.ctx.func.id, f),
            LCallee::Abs(_) => false,
        };
        let saved = match callee {
            _ if recursive => self.push_live(|_, _| true),
            // The callee may change the zero page in which this module's pointers lie.
            LCallee::Func(_) if self.ctx.module => {
                self.push_live(|e, v| e.ctx.webs.is_pointer(v) && e.home(v).is_none())
            }
            _ => Vec::new(),
        };
        let mut moves = Vec::new();
        for (places, bytes) in params.iter().zip(args) {
            for (place, s) in places.iter().zip(bytes) {
                let to = match (place, callee) {
                    (ParamLoc::Loc(loc), _) => to_loc(*loc),
                    (ParamLoc::Cell(cell), LCallee::Func(f)) => To::Foreign(f, *cell),
                    (ParamLoc::Cell(_), LCallee::Abs(_)) => continue,
                };
                moves.push((to, From::Src(*s)));
            }
        }
        self.jump_to_subroutine(moves, arg, clobbers, &results, ret, !recursive);
        self.pull_live(saved);
    }

    /// Moves the arguments, calls, and takes the result.
    fn jump_to_subroutine(
        &mut self,
        moves: Vec<(To, From)>,
        arg: Arg,
        clobbers: Effects,
        results: &[Loc],
        ret: Option<Reg>,
        save: bool,
    ) {
        let mut reads = Effects::NONE;
        for (to, _) in &moves {
            if let To::Reg(r) = to {
                reads |= r.effect();
            }
        }
        let own = |(to, _): &(To, From)| match to {
            To::Foreign(f, cell) if *f == self.ctx.func.id => Some(*cell),
            _ => None,
        };
        let cells: Vec<Cell> = moves.iter().filter_map(own).collect();
        if save {
            self.keep_homes(clobbers | reads, &moves);
        }
        self.parallel(moves);
        let effect = CallEffect { reads, writes: clobbers | Effects::FLAGS, cells };
        self.state.forget(effect.writes);
        self.push(MKind::Call { arg, effect: Box::new(effect), tail: false }, true);
        if let Some(ret) = ret {
            self.take_result(results, ret);
        }
    }

    /// Saves homes that the call destroys. The arguments are still read from the registers: the
    /// copies in the cells are for afterwards.
    fn keep_homes(&mut self, clobbered: Effects, moves: &[(To, From)]) {
        let before = self.spilled.len();
        self.save_homes(clobbered);
        // An argument that comes from a spilled home is read from the cell, which is right too;
        // the register itself still holds it, so say so.
        for at in before..self.spilled.len() {
            let r = self.spilled[at].0;
            for (_, from) in moves {
                if let From::Src(Src::V(v)) = from
                    && self.index_home(v.reg) == Some(r)
                {
                    let fact = self.fact(*v);
                    self.state.add(r, fact);
                }
            }
        }
    }

    fn take_result(&mut self, results: &[Loc], ret: Reg) {
        let bytes = self.ctx.func.regs[ret].bytes as usize;
        let moves = results
            .iter()
            .take(bytes)
            .enumerate()
            .map(|(k, loc)| (To::V(Vb::new(ret, k)), from_loc(loc)))
            .collect();
        self.parallel(moves);
    }

    /// Pushes the wanted ones of the bytes that are live after a call.
    fn push_live(&mut self, wanted: impl Fn(&Self, Vb) -> bool) -> Vec<Vb> {
        let mut live = self.ctx.webs.live_after(self.block, self.at);
        live.retain(|v| wanted(self, *v));
        for v in &live {
            self.load(R::A, &Src::V(*v));
            self.ins_volatile(Pha, Arg::None, true);
        }
        live
    }

    fn pull_live(&mut self, saved: Vec<Vb>) {
        for v in saved.into_iter().rev() {
            self.ins_volatile(Pla, Arg::None, true);
            self.state.flags_of(R::A);
            self.store_a(&crate::codegen::lir::Dst::V(v));
        }
    }

    pub(super) fn rt(&mut self, routine: RtCall, args: &[Vec<Src>], ret: Option<Reg>, extra: Option<Reg>) {
        if routine == RtCall::Rt(Rt::IrqChain) {
            self.chain_wanted = true;
            return;
        }
        let done = match routine {
            RtCall::Rt(Rt::BlockCopy) => self.rectangle(args),
            RtCall::Rt(Rt::MemFill16 | Rt::MemFill32) => self.fill_elements(args),
            _ => false,
        };
        if done {
            return;
        }
        let abi = match routine {
            RtCall::Rt(rt) => rt_abi::routine(rt),
            RtCall::Arith(name) => rt_arith::arithmetic(name),
        };
        let mut moves = Vec::new();
        for (places, bytes) in abi.params.iter().zip(args) {
            for (place, s) in places.iter().zip(bytes) {
                moves.push((to_loc(*place), From::Src(*s)));
            }
        }
        let mut results = Vec::new();
        for (places, reg) in [(&abi.ret, ret), (&abi.extra, extra)] {
            let Some(reg) = reg else { continue };
            for k in 0..self.ctx.func.regs[reg].bytes as usize {
                let from = places.get(k).map_or(From::Src(Src::Imm(0)), from_loc);
                results.push((To::V(Vb::new(reg, k)), from));
            }
        }
        let clobbers = abi.clobbers.registers;
        self.jump_to_subroutine(moves, Arg::Routine(abi.symbol), clobbers, &[], None, true);
        self.parallel(results);
    }

    pub(super) fn prologue(&mut self) {
        match self.ctx.kind {
            FuncKind::Irq | FuncKind::IrqRaw | FuncKind::IrqHook => {
                if !self.ctx.kernal && self.ctx.kind != FuncKind::IrqHook {
                    self.ins_volatile(Pha, Arg::None, true);
                    for transfer in [Txa, Tya] {
                        self.ins_volatile(transfer, Arg::None, true);
                        self.ins_volatile(Pha, Arg::None, true);
                    }
                }
                // The program may be in the middle of decimal sums.
                self.ins_volatile(Cld, Arg::None, true);
                for at in self.ctx.saved_zero_page.iter() {
                    self.ins_volatile(Lda, Arg::Zp(at), true);
                    self.ins_volatile(Pha, Arg::None, true);
                }
            }
            FuncKind::Normal if self.ctx.atomic => {
                self.ins_volatile(Php, Arg::None, true);
                self.ins_volatile(Sei, Arg::None, true);
            }
            FuncKind::Normal | FuncKind::Naked => {}
        }
        let convention = &self.ctx.conventions.of[self.ctx.func.id];
        let mut moves = Vec::new();
        for (reg, places) in self.ctx.func.params.iter().zip(&convention.params) {
            for (k, place) in places.iter().enumerate() {
                let from = match place {
                    ParamLoc::Loc(loc) => from_loc(loc),
                    ParamLoc::Cell(cell) => From::Cell(*cell),
                };
                moves.push((To::V(Vb::new(*reg, k)), from));
            }
        }
        self.parallel(moves);
    }

    pub(super) fn epilogue(&mut self, bytes: &[Src]) {
        let ret = self.ctx.conventions.of[self.ctx.func.id].ret.clone();
        let moves = ret.iter().zip(bytes).map(|(loc, s)| (to_loc(*loc), From::Src(*s))).collect();
        self.parallel(moves);
        match self.ctx.kind {
            FuncKind::Normal | FuncKind::Naked => {
                if self.ctx.atomic {
                    self.ins_volatile(Plp, Arg::None, true);
                }
                self.ins(Rts, Arg::None);
            }
            FuncKind::Irq | FuncKind::IrqRaw | FuncKind::IrqHook => {
                let chain = self.chain_wanted;
                let saved: Vec<u8> = self.ctx.saved_zero_page.iter().collect();
                for at in saved.into_iter().rev() {
                    self.ins_volatile(Pla, Arg::None, true);
                    self.ins_volatile(Sta, Arg::Zp(at), true);
                }
                let to = if chain { "rt_irq_chain" } else { "rt_irq_return" };
                let effect = Box::new(CallEffect::default());
                self.push(MKind::Call { arg: Arg::Routine(to), effect, tail: true }, true);
            }
        }
    }
}

fn from_loc(loc: &Loc) -> From {
    match loc {
        Loc::A => From::Reg(R::A),
        Loc::X => From::Reg(R::X),
        Loc::Y => From::Reg(R::Y),
        Loc::Zp(at) => From::Zp(*at),
    }
}

fn to_loc(loc: Loc) -> To {
    match loc {
        Loc::A => To::Reg(R::A),
        Loc::X => To::Reg(R::X),
        Loc::Y => To::Reg(R::Y),
        Loc::Zp(at) => To::Zp(at),
    }
}
