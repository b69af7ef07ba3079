//! Emission of shifts by 1..=7 bits.

use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Dst, ShiftKind, Src};
use crate::codegen::mach::Arg;
use crate::mos::inst::Mnemonic::*;

impl Emitter<'_> {
    pub(super) fn shift(&mut self, kind: ShiftKind, d: &[Dst], a: &[Src], count: u8) {
        match (kind, d, a) {
            (ShiftKind::RotateLeft, ..) => self.rotate_left(d, a, count),
            (ShiftKind::RotateRight, ..) => self.rotate_right(d, a, count),
            (_, [d], [a]) => self.shift_byte(kind, d, a, count),
            (ShiftKind::Left, ..) => self.shift_left(d, a, count),
            _ => self.shift_right(kind, d, a, count),
        }
    }

    fn shift_byte(&mut self, kind: ShiftKind, d: &Dst, a: &Src, count: u8) {
        let in_a = self.fact_of(a).is_some_and(|f| self.state.holds(R::A, f));
        if count == 1
            && kind != ShiftKind::Arithmetic
            && !in_a
            && self.same_place(d, a)
            && let Some(arg) = self.modify_arg(d)
        {
            self.ins(if kind == ShiftKind::Left { Asl } else { Lsr }, arg);
            if let Dst::V(v) = d {
                self.wrote(*v);
                let fact = self.fact(*v);
                self.state.flags_of_fact(fact);
            }
            return;
        }
        self.load(R::A, a);
        match (kind, count) {
            // Around through the carry is shorter than seven or six steps.
            (ShiftKind::Left, 7) => {
                self.implied(Lsr);
                self.ins(Lda, Arg::Imm(0));
                self.implied(Ror);
            }
            (ShiftKind::Left, 6) => {
                (0..3).for_each(|_| self.implied(Ror));
                self.ins(And, Arg::Imm(0xc0));
            }
            (ShiftKind::Right, 7) => {
                self.implied(Asl);
                self.ins(Lda, Arg::Imm(0));
                self.implied(Rol);
            }
            (ShiftKind::Right, 6) => {
                (0..3).for_each(|_| self.implied(Rol));
                self.ins(And, Arg::Imm(3));
            }
            (ShiftKind::Left, _) => (0..count).for_each(|_| self.implied(Asl)),
            (ShiftKind::Right, _) => (0..count).for_each(|_| self.implied(Lsr)),
            // Rotations are emitted elsewhere.
            (ShiftKind::Arithmetic | ShiftKind::RotateLeft | ShiftKind::RotateRight, _) => {
                for _ in 0..count {
                    self.ins(Cmp, Arg::Imm(0x80));
                    self.implied(Ror);
                }
            }
        }
        self.state.flags_of(R::A);
        self.store_a(d);
    }

    /// All bytes to their place but the one that stays in A while the others are rotated.
    pub(super) fn spread(&mut self, d: &[Dst], a: &[Src], in_a: usize) {
        for (k, (d, s)) in d.iter().zip(a).enumerate() {
            if k != in_a && !self.same_place(d, s) {
                self.move_byte(d, s);
            }
        }
    }

    fn shift_left(&mut self, d: &[Dst], a: &[Src], count: u8) {
        let in_place = d.iter().zip(a).all(|(d, s)| self.same_place(d, s));
        if count == 1 && !in_place {
            for (k, (d, s)) in d.iter().zip(a).enumerate() {
                self.load(R::A, s);
                self.implied(if k == 0 { Asl } else { Rol });
                self.state.flags_of(R::A);
                self.store_a(d);
            }
            return;
        }
        let keep_low_in_place = in_place && count <= 2;
        if !keep_low_in_place {
            self.spread(d, a, 0);
            self.load(R::A, &a[0]);
        }
        for _ in 0..count {
            if keep_low_in_place {
                self.modify(Asl, &d[0]);
            } else {
                self.implied(Asl);
            }
            for d in &d[1..] {
                self.modify(Rol, d);
            }
        }
        self.wrote_all(&d[1..]);
        if keep_low_in_place {
            self.wrote_all(&d[..1]);
        } else {
            self.store_a(&d[0]);
        }
        self.state.forget_flags();
    }

    fn shift_right(&mut self, kind: ShiftKind, d: &[Dst], a: &[Src], count: u8) {
        let top = d.len() - 1;
        let in_place = d.iter().zip(a).all(|(d, s)| self.same_place(d, s));
        let signed = kind == ShiftKind::Arithmetic;
        if count == 1 && !in_place {
            for (k, (d, s)) in d.iter().zip(a).enumerate().rev() {
                self.load(R::A, s);
                if k == top && signed {
                    self.ins(Cmp, Arg::Imm(0x80));
                }
                self.implied(if k == top && !signed { Lsr } else { Ror });
                self.state.flags_of(R::A);
                self.store_a(d);
            }
            return;
        }
        let keep_top_in_place = in_place && count <= 2 && !signed;
        if !keep_top_in_place {
            self.spread(d, a, top);
            self.load(R::A, &a[top]);
        }
        for _ in 0..count {
            if keep_top_in_place {
                self.modify(Lsr, &d[top]);
            } else if signed {
                self.ins(Cmp, Arg::Imm(0x80));
                self.implied(Ror);
            } else {
                self.implied(Lsr);
            }
            for d in d[..top].iter().rev() {
                self.modify(Ror, d);
            }
        }
        self.wrote_all(&d[..top]);
        if keep_top_in_place {
            self.wrote_all(&d[top..]);
        } else {
            self.store_a(&d[top]);
        }
        self.state.forget_flags();
    }

    /// A rotation of a byte in its cell. The selection gives wide shifts no other destination.
    pub(super) fn modify(&mut self, mnemonic: crate::mos::inst::Mnemonic, d: &Dst) {
        match self.modify_arg(d) {
            Some(arg) => self.ins(mnemonic, arg),
            None => unreachable!("a wide shift writes to cells"),
        }
    }
}
