//! Emission of rotations by 1..=7 bits.
//!
//! The bit that goes around is brought into the carry first, from a copy of its byte in A.

use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Dst, Src};
use crate::codegen::mach::Arg;
use crate::mos::inst::Mnemonic::*;

impl Emitter<'_> {
    pub(super) fn rotate_left(&mut self, d: &[Dst], a: &[Src], count: u8) {
        let top = d.len() - 1;
        if count == 1 && top > 0 && !self.all_in_place(d, a) {
            self.load(R::A, &a[top]);
            self.implied(Asl);
            return self.through_a(d, a, 0..d.len(), true);
        }
        // The highest byte stays in A.
        self.spread(d, a, top);
        self.load(R::A, &a[top]);
        for _ in 0..count {
            self.ins(Cmp, Arg::Imm(0x80));
            for d in &d[..top] {
                self.modify(Rol, d);
            }
            self.implied(Rol);
        }
        self.wrote_all(&d[..top]);
        self.state.flags_of(R::A);
        self.store_a(&d[top]);
    }

    pub(super) fn rotate_right(&mut self, d: &[Dst], a: &[Src], count: u8) {
        if count == 1 && (d.len() == 1 || !self.all_in_place(d, a)) {
            self.load(R::A, &a[0]);
            self.implied(Lsr);
            return self.through_a(d, a, (0..d.len()).rev(), false);
        }
        self.spread(d, a, d.len());
        for _ in 0..count {
            let Dst::V(lowest) = d[0] else { unreachable!("a wide rotation writes to cells") };
            self.load(R::A, &Src::V(lowest));
            self.implied(Lsr);
            for d in d.iter().rev() {
                self.modify(Ror, d);
            }
            // What X and Y held of it is old now.
            self.wrote_all(d);
        }
        self.state.forget_flags();
    }

    /// One step from one place to another; the bit that goes around is in the carry.
    fn through_a(&mut self, d: &[Dst], a: &[Src], order: impl Iterator<Item = usize>, left: bool) {
        for k in order {
            self.load(R::A, &a[k]);
            self.implied(if left { Rol } else { Ror });
            self.state.flags_of(R::A);
            self.store_a(&d[k]);
        }
    }

    fn all_in_place(&self, d: &[Dst], a: &[Src]) -> bool {
        d.iter().zip(a).all(|(d, s)| self.same_place(d, s))
    }
}
