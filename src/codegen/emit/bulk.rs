//! Emission of block copies and fills with constant length.
//!
//! Short ones are unrolled, others are loops over an index register in which several streams of at
//! most 256 bytes share the counter. Mapped areas are written upward, each byte once.

use crate::codegen::emit::operand::BOTH;
use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Mem, MemBase, RtCall, Src, Sym, SymAddr, Vb};
use crate::codegen::mach::Arg;
use crate::mir::rt::Rt;
use crate::mos::inst::Mnemonic::*;

/// Streams of one loop at most; longer areas go to a routine.
const MAX_STREAMS: u32 = 8;

impl Emitter<'_> {
    pub(super) fn copy_block(&mut self, d: &Mem, s: &Mem, len: u32) {
        if len == 0 {
            return;
        }
        let unroll = if self.ctx.small { 3 } else { 6 };
        if len <= unroll {
            for k in 0..len as usize {
                self.load(R::A, &Src::Mem(s.plus(k)));
                let (d, volatile) = (d.plus(k), d.volatile);
                let arg = self.address(&d, BOTH);
                self.ins_volatile(Sta, arg, volatile);
            }
            return;
        }
        match (d.base, s.base) {
            (MemBase::At(to), MemBase::At(from)) if self.streams(len) <= self.max_streams() => {
                let upward = d.volatile || s.volatile || self.ctx.module;
                self.stream_loop(len, upward, |e, k| {
                    e.ins_volatile(Lda, Arg::AbsX(from.plus(k)), s.volatile);
                    e.ins_volatile(Sta, Arg::AbsX(to.plus(k)), d.volatile);
                });
            }
            _ if len <= 256 && !self.ctx.small => self.copy_by_y(d, s, len),
            _ => {
                let args = vec![self.area(d), self.area(s), length(len)];
                self.rt(RtCall::Rt(Rt::MemMove), &args, None, None);
            }
        }
    }

    pub(super) fn fill_block(&mut self, d: &Mem, value: &Src, len: u32) {
        if len == 0 {
            return;
        }
        let unroll = if self.ctx.small { 3 } else { 8 };
        if len <= unroll {
            self.load(R::A, value);
            for k in 0..len as usize {
                let place = d.plus(k);
                let arg = self.address(&place, BOTH);
                self.ins_volatile(Sta, arg, d.volatile);
            }
            return;
        }
        match d.base {
            MemBase::At(to) if self.streams(len) <= self.max_streams() => {
                self.load(R::A, value);
                self.stream_loop(len, d.volatile || self.ctx.module, |e, k| {
                    e.ins_volatile(Sta, Arg::AbsX(to.plus(k)), d.volatile);
                });
            }
            MemBase::Ptr(pointer) if len <= 256 => {
                self.load(R::A, value);
                self.take(R::Y);
                let cell = self.cell(Vb::new(pointer, 0));
                self.y_loop(len, true, |e| e.ins_volatile(Sta, Arg::IndY(cell), d.volatile));
            }
            _ => {
                let args = vec![self.area(d), vec![*value], length(len)];
                self.rt(RtCall::Rt(Rt::MemFill), &args, None, None);
            }
        }
    }

    fn streams(&self, len: u32) -> u32 {
        len.div_ceil(256)
    }

    fn max_streams(&self) -> u32 {
        if self.ctx.small { 1 } else { MAX_STREAMS }
    }

    /// The address of an area as two bytes.
    fn area(&self, mem: &Mem) -> Vec<Src> {
        match mem.base {
            MemBase::Ptr(reg) => self.vbs(reg).into_iter().map(Src::V).collect(),
            MemBase::At(SymAddr { sym: Sym::Abs, offset }) => {
                vec![Src::Imm(offset as u8), Src::Imm((offset >> 8) as u8)]
            }
            MemBase::At(at) => vec![Src::Lo(at), Src::Hi(at)],
        }
    }

    /// A loop over X in which `body(k)` handles the byte `k + X`. Equal streams, then the rest.
    fn stream_loop(&mut self, len: u32, upward: bool, body: impl Fn(&mut Self, i32)) {
        self.take(R::X);
        let streams = self.streams(len);
        let each = len / streams;
        let rest = len % streams;
        let before = self.weight;
        let top = self.new_label();
        if upward {
            // One stream after the other keeps the order.
            let mut done = 0;
            while done < len {
                let count = (len - done).min(256);
                let top = self.new_label();
                self.ins(Ldx, Arg::Imm(0));
                self.label(top);
                self.weight = before * f64::from(count);
                body(self, done as i32);
                self.implied(Inx);
                if count < 256 {
                    self.ins(Cpx, Arg::Imm(count as u8));
                }
                self.branch(Bne, top);
                self.weight = before;
                done += count;
            }
            self.after_loop(R::X);
            return;
        }
        let first = if each <= 128 { each - 1 } else { each & 0xff };
        self.ins(Ldx, Arg::Imm(first as u8));
        self.label(top);
        self.weight = before * f64::from(each);
        for k in 0..streams {
            let base = (k * each) as i32;
            body(self, if each <= 128 || each == 256 { base } else { base - 1 });
        }
        self.implied(Dex);
        self.branch(if each <= 128 { Bpl } else { Bne }, top);
        self.weight = before;
        // X is 0 now, or $FF after counting below zero.
        let bias = if each <= 128 { 0xff } else { 0 };
        for k in 0..rest {
            body(self, (streams * each + k) as i32 - bias);
        }
        self.after_loop(R::X);
    }

    fn copy_by_y(&mut self, d: &Mem, s: &Mem, len: u32) {
        self.take(R::Y);
        let side = |e: &Self, mem: &Mem| match mem.base {
            MemBase::At(at) => Arg::AbsY(at),
            MemBase::Ptr(reg) => Arg::IndY(e.cell(Vb::new(reg, 0))),
        };
        let (from, to) = (side(self, s), side(self, d));
        let upward = d.volatile || s.volatile;
        self.y_loop(len, upward, |e| {
            e.ins_volatile(Lda, from.clone(), s.volatile);
            e.ins_volatile(Sta, to.clone(), d.volatile);
        });
    }

    /// A loop over Y; A stays what the body makes it.
    fn y_loop(&mut self, len: u32, upward: bool, body: impl Fn(&mut Self)) {
        let before = self.weight;
        let top = self.new_label();
        let down = !upward && len <= 128;
        self.ins(Ldy, Arg::Imm(if down { len as u8 - 1 } else { 0 }));
        self.label(top);
        self.weight = before * f64::from(len);
        body(self);
        if down {
            self.implied(Dey);
            self.branch(Bpl, top);
        } else {
            self.implied(Iny);
            if len < 256 {
                self.ins(Cpy, Arg::Imm(len as u8));
            }
            self.branch(Bne, top);
        }
        self.weight = before;
        self.after_loop(R::Y);
    }

    /// What a loop leaves behind is not followed.
    fn after_loop(&mut self, r: R) {
        self.state.set(r, Vec::new());
        self.state.forget_test();
    }
}

fn length(len: u32) -> Vec<Src> {
    vec![Src::Imm(len as u8), Src::Imm((len >> 8) as u8)]
}
