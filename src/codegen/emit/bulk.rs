//! Emission of block copies and fills with constant length.
//!
//! Short ones are unrolled, others are loops over an index register in which several streams of at
//! most 256 bytes share the counter. Mapped areas are written upward, each byte once: there a turn
//! of the loop handles several bytes that follow each other. `tests/bulk.rs` measures them.

use crate::codegen::emit::operand::BOTH;
use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Mem, MemBase, RtCall, Src, Sym, SymAddr, Vb};
use crate::codegen::mach::Arg;
use crate::mir::rt::Rt;
use crate::mos::inst::Mnemonic::*;

/// Streams of one loop at most; longer areas go to a routine.
const MAX_STREAMS: u32 = 32;
/// Pieces of 256 bytes of a mapped area at most; longer ones go to a routine.
const MAX_PIECES: u32 = 4;
/// Streams at least, and the bytes from which on each is worth its place.
const STREAMS: u32 = 4;
const STREAM_BYTES: u32 = 64;
/// Bytes that one turn of a loop handles in a mapped area, and through a pointer.
const AT_ONCE: u32 = 8;
const BY_POINTER: u32 = 4;

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
            (MemBase::At(to), MemBase::At(from)) if self.fits(len, d.volatile || s.volatile) => {
                let body = |e: &mut Self, k| {
                    e.ins_volatile(Lda, Arg::AbsX(from.plus(k)), s.volatile);
                    e.ins_volatile(Sta, Arg::AbsX(to.plus(k)), d.volatile);
                };
                match d.volatile || s.volatile || self.ctx.module {
                    true => self.upward_loops(len, None, body),
                    false => self.stream_loop(len, body),
                }
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
            MemBase::At(to) if self.fits(len, d.volatile) => {
                self.load(R::A, value);
                let body = |e: &mut Self, k| e.ins_volatile(Sta, Arg::AbsX(to.plus(k)), d.volatile);
                match d.volatile || self.ctx.module {
                    true => self.upward_loops(len, Some(value), body),
                    false => self.stream_loop(len, body),
                }
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

    /// A fill with elements of several bytes, of a variable at a fixed address, with a constant count:
    /// streams as above, and each byte of the element is loaded once a turn. The arguments are those
    /// of the routine; false when it shall be called.
    pub(super) fn fill_elements(&mut self, args: &[Vec<Src>]) -> bool {
        let [to, value, count] = args else { return false };
        let ([Src::Lo(at), Src::Hi(_)], [Src::Imm(low), Src::Imm(high)]) = (&to[..], &count[..]) else {
            return false;
        };
        let (width, count) = (value.len() as u32, u32::from(u16::from_le_bytes([*low, *high])));
        let simple = value.iter().all(|s| matches!(s, Src::Imm(_) | Src::V(_)));
        let long = self.fits(count * width, false) && count * width >= STREAM_BYTES;
        if self.ctx.small || self.ctx.module || !simple || !long {
            return false;
        }
        let at = *at;
        self.take(R::X);
        // Elements of each stream: at most 256 bytes, which X counts up to 256.
        let streams = (count * width).div_ceil(256).max(STREAMS);
        let each = count / streams * width;
        let start = 256 - each;
        let (before, top) = (self.weight, self.new_label());
        self.ins(Ldx, Arg::Imm(start as u8));
        self.label(top);
        self.weight = before * f64::from(each / width);
        // A is something else at the top of each turn but the first.
        self.state.forget_test();
        for (k, byte) in value.iter().enumerate() {
            self.load(R::A, byte);
            for stream in 0..streams {
                let place = at.plus((stream * each) as i32 + k as i32 - start as i32);
                self.ins(Sta, Arg::AbsX(place));
            }
        }
        (0..width).for_each(|_| self.implied(Inx));
        self.branch(Bne, top);
        self.weight = before;
        self.after_loop(R::X);
        for (k, byte) in value.iter().enumerate() {
            let rest = streams * each + k as u32..count * width;
            for place in rest.step_by(width as usize) {
                self.load(R::A, byte);
                self.ins(Sta, Arg::Abs(at.plus(place as i32)));
            }
        }
        true
    }

    /// True when an area at a fixed address is not too long for a loop of its own.
    fn fits(&self, len: u32, volatile: bool) -> bool {
        let most = match () {
            () if self.ctx.small => 1,
            () if volatile || self.ctx.module => MAX_PIECES,
            () => MAX_STREAMS,
        };
        len.div_ceil(256) <= most
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
    fn stream_loop(&mut self, len: u32, body: impl Fn(&mut Self, i32)) {
        self.take(R::X);
        let worth = if self.ctx.small { 1 } else { (len / STREAM_BYTES).clamp(1, STREAMS) };
        let streams = len.div_ceil(256).max(worth);
        let each = len / streams;
        let rest = len % streams;
        let before = self.weight;
        let top = self.new_label();
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

    /// The same in pieces of up to 256 bytes, one after the other and each upward. `fill` is what A
    /// holds and shall hold for each body.
    fn upward_loops(&mut self, len: u32, fill: Option<&Src>, body: impl Fn(&mut Self, i32)) {
        self.take(R::X);
        let again = fill.is_none_or(|value| matches!(value, Src::Imm(_) | Src::V(_)));
        let mut done = 0;
        while done < len {
            let count = (len - done).min(256);
            let at_once = if self.ctx.small || self.ctx.module || !again { 1 } else { AT_ONCE };
            match count >= 4 * at_once {
                true if at_once > 1 => self.counted_to_256(done, count, at_once, fill, &body),
                _ => self.counted_to_end(done, count, &body),
            }
            done += count;
        }
        self.after_loop(R::X);
    }

    /// A loop in which X counts from 0 to `count`, one byte each turn.
    fn counted_to_end(&mut self, done: u32, count: u32, body: &impl Fn(&mut Self, i32)) {
        let (before, top) = (self.weight, self.new_label());
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
    }

    /// A loop in which X ends at 256, which sets the carry, `at_once` bytes each turn; then the rest.
    fn counted_to_256(
        &mut self,
        done: u32,
        count: u32,
        at_once: u32,
        fill: Option<&Src>,
        body: &impl Fn(&mut Self, i32),
    ) {
        let (before, top) = (self.weight, self.new_label());
        let whole = count - count % at_once;
        let start = 256 - whole;
        self.ins(Ldx, Arg::Imm(start as u8));
        self.implied(Clc);
        self.label(top);
        self.weight = before * f64::from(whole / at_once);
        for k in 0..at_once {
            body(self, (done + k) as i32 - start as i32);
        }
        self.implied(Txa);
        self.ins(Adc, Arg::Imm(at_once as u8));
        self.implied(Tax);
        if let Some(value) = fill {
            self.load(R::A, value);
        }
        self.branch(Bcc, top);
        self.weight = before;
        for k in whole..count {
            body(self, (done + k) as i32);
        }
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
        let unrolled = !self.ctx.small && len >= 4 * BY_POINTER && len.is_multiple_of(BY_POINTER);
        let at_once = if unrolled { BY_POINTER } else { 1 };
        self.ins(Ldy, Arg::Imm(if down { len as u8 - 1 } else { 0 }));
        self.label(top);
        self.weight = before * f64::from(len / at_once);
        for _ in 0..at_once {
            body(self);
            self.implied(if down { Dey } else { Iny });
        }
        if down {
            self.branch(Bpl, top);
        } else {
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
