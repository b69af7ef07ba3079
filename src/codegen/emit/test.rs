//! Emission of tests with their branches.
//!
//! Invariant: operands that need an index register which is taken by a live web are staged in a
//! cell first, so that nothing stands between the comparison and its branch.

use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Dst, Mem, MemBase, Src, Test};
use crate::codegen::mach::{Arg, Label};
use crate::mir::ir::Cond;
use crate::mos::effects::Effects;
use crate::mos::inst::Mnemonic::{self, *};

impl Emitter<'_> {
    /// Goes to `yes` when the answer is yes, else on.
    pub(super) fn branch_if(&mut self, test: &Test, yes: Label) {
        match test {
            Test::NonZero { bytes, negate } => {
                let bytes = self.stage(bytes, 0);
                self.branch_non_zero(&bytes, *negate, yes);
            }
            Test::Cmp { cond, a, b } => {
                let (a, b) = (self.stage(a, 0), self.stage(b, 4));
                self.compare(*cond, &a, &b, yes);
            }
            Test::ShiftedOut { negate } => self.branch(if *negate { Bcc } else { Bcs }, yes),
        }
    }

    /// Replaces memory operands whose index register is not to be had by copies in registers'
    /// cells. Only when both index registers hold live webs.
    fn stage(&mut self, bytes: &[Src], at: usize) -> Vec<Src> {
        let full = self.busy.contains(Effects::X | Effects::Y);
        let y_taken = self.busy.contains(Effects::Y);
        let mut staged = Vec::with_capacity(bytes.len());
        for s in bytes {
            let blocked = match s {
                Src::Mem(Mem { base: MemBase::Ptr(_), .. }) => y_taken,
                Src::Mem(Mem { index: Some(index), .. }) => full && self.home(*index).is_none(),
                _ => false,
            };
            if blocked {
                self.load(R::A, s);
                let slot = self.ctx.webs.stage_byte(at + staged.len());
                self.store_a(&Dst::V(slot));
                staged.push(Src::V(slot));
            } else {
                staged.push(*s);
            }
        }
        self.reload_spilled();
        staged
    }

    fn branch_non_zero(&mut self, bytes: &[Src], negate: bool, yes: Label) {
        let mnemonic = if negate { Beq } else { Bne };
        if let [only] = bytes {
            self.set_flags(only);
            self.branch(mnemonic, yes);
            return;
        }
        if bytes.is_empty() {
            if negate {
                self.ins(Jmp, Arg::Label(yes));
            }
            return;
        }
        // OR all bytes together; start with one that is in a register.
        let mut bytes = bytes.to_vec();
        if let Some(at) = bytes.iter().position(|s| self.found_in(s).is_some()) {
            bytes.swap(0, at);
        }
        self.load(R::A, &bytes[0]);
        for s in &bytes[1..] {
            let (arg, volatile) = self.operand(s);
            self.ins_volatile(Ora, arg, volatile);
        }
        self.branch(mnemonic, yes);
    }

    /// Sets N and Z by a byte.
    fn set_flags(&mut self, s: &Src) {
        let Some(fact) = self.fact_of(s) else {
            self.load(R::A, s);
            return;
        };
        if self.state.flags_tell(fact) {
            return;
        }
        match self.found_in(s) {
            Some(R::A) => self.ins(Cmp, Arg::Imm(0)),
            Some(r) => {
                // A transfer sets the flags and brings the byte where it may be wanted next.
                let was_in_a = self.state.holds(R::A, fact);
                if was_in_a {
                    self.ins(Cmp, Arg::Imm(0));
                } else {
                    self.ins(if r == R::X { Cpx } else { Cpy }, Arg::Imm(0));
                }
            }
            None => self.load(R::A, s),
        }
        self.state.flags_of_fact(fact);
    }

    fn compare(&mut self, cond: Cond, a: &[Src], b: &[Src], yes: Label) {
        match cond {
            Cond::Eq | Cond::Ne => self.compare_equal(cond == Cond::Eq, a, b, yes),
            Cond::ULt => self.compare_unsigned(true, a, b, yes),
            Cond::UGe => self.compare_unsigned(false, a, b, yes),
            Cond::SLt => self.compare_signed(true, a, b, yes),
            Cond::SGe => self.compare_signed(false, a, b, yes),
            // The selection exchanges the operands of the others; done here for completeness.
            Cond::UGt | Cond::ULe | Cond::SGt | Cond::SLe => self.compare(cond.swap(), b, a, yes),
        }
    }

    /// CMP, or CPX and CPY when the left byte is in an index register and the right one is plain.
    fn compare_byte(&mut self, a: &Src, b: &Src) {
        let plain = match b {
            Src::Mem(mem) => mem.index.is_none() && matches!(mem.base, MemBase::At(_)),
            Src::V(v) => self.home(*v).is_none(),
            _ => true,
        };
        if let Some(r @ (R::X | R::Y)) = self.found_in(a)
            && plain
        {
            let (arg, volatile) = self.operand(b);
            self.ins_volatile(if r == R::X { Cpx } else { Cpy }, arg, volatile);
            return;
        }
        self.load(R::A, a);
        let (arg, volatile) = self.operand(b);
        self.ins_volatile(Cmp, arg, volatile);
    }

    fn compare_equal(&mut self, equal: bool, a: &[Src], b: &[Src], yes: Label) {
        let no = self.new_label();
        let last = a.len() - 1;
        for (k, (a, b)) in a.iter().zip(b).enumerate() {
            let (a, b) =
                if matches!(a, Src::Imm(_)) || self.found_in(b).is_some() && self.found_in(a).is_none() {
                    (b, a)
                } else {
                    (a, b)
                };
            if *b == Src::Imm(0) {
                self.set_flags(a);
            } else {
                self.compare_byte(a, b);
            }
            if k == last {
                self.branch(if equal { Beq } else { Bne }, yes);
            } else {
                self.branch(Bne, if equal { no } else { yes });
            }
        }
        if last > 0 {
            self.label(no);
            self.state.forget_test();
        }
    }

    /// Skips the low bytes in which the right side is zero: they never borrow. A mapped byte is read.
    fn skip_zeros(a: &[Src], b: &[Src]) -> usize {
        let low = a.iter().zip(b).take(b.len() - 1);
        low.take_while(|(a, b)| **b == Src::Imm(0) && !a.is_volatile()).count()
    }

    fn compare_unsigned(&mut self, less: bool, a: &[Src], b: &[Src], yes: Label) {
        if let ([a], [Src::Imm(0x80)]) = (a, b) {
            self.set_flags(a);
            self.branch(if less { Bpl } else { Bmi }, yes);
            return;
        }
        let first = Self::skip_zeros(a, b);
        if self.compare_high_first(less, &a[first..], &b[first..], yes) {
            return;
        }
        self.subtract(first, a, b);
        self.branch(if less { Bcc } else { Bcs }, yes);
        if a.len() - first > 1 {
            self.state.forget_test();
        }
    }

    /// Two bytes whose higher one mostly decides, or is in a register.
    fn compare_high_first(&mut self, less: bool, a: &[Src], b: &[Src], yes: Label) -> bool {
        let ([a_low, a_high], [b_low, b_high]) = (a, b) else { return false };
        // An element may be anything, and what counts up to a large number is mostly well below it.
        let element = |s: &Src| match s {
            Src::Mem(mem) => mem.index.is_some() || matches!(mem.base, MemBase::Ptr(_)),
            _ => false,
        };
        let far = matches!(b_high, Src::Imm(1..));
        let decides = far || element(a_high) || element(b_high) || self.found_in(a_high).is_some();
        if self.ctx.small || !decides || [a_low, a_high, b_low, b_high].into_iter().any(Src::is_volatile) {
            return false;
        }
        let no = self.new_label();
        let (if_less, if_more) = if less { (yes, no) } else { (no, yes) };
        self.compare_byte(a_high, b_high);
        self.branch(Bcc, if_less);
        self.branch(Bne, if_more);
        self.compare_byte(a_low, b_low);
        self.branch(if less { Bcc } else { Bcs }, yes);
        self.label(no);
        self.state.forget_test();
        true
    }

    /// CMP of the lowest, SBC of the other bytes: the carry tells which is less.
    fn subtract(&mut self, first: usize, a: &[Src], b: &[Src]) {
        self.compare_byte(&a[first], &b[first]);
        for (a, b) in a.iter().zip(b).skip(first + 1) {
            self.load(R::A, a);
            let (arg, volatile) = self.operand(b);
            self.ins_volatile(Sbc, arg, volatile);
        }
    }

    fn compare_signed(&mut self, less: bool, a: &[Src], b: &[Src], yes: Label) {
        let top = a.len() - 1;
        if b.iter().all(|s| *s == Src::Imm(0)) && !a[..top].iter().any(Src::is_volatile) {
            // Only the sign counts.
            self.set_flags(&a[top]);
            self.branch(if less { Bmi } else { Bpl }, yes);
            return;
        }
        if let Src::Imm(n) = b[top] {
            // Both top bytes with the sign inverted compare as unsigned.
            let first = Self::skip_zeros(a, b);
            if first < top {
                self.compare_byte(&a[first], &b[first]);
                for (a, b) in a.iter().zip(b).take(top).skip(first + 1) {
                    self.load(R::A, a);
                    let (arg, volatile) = self.operand(b);
                    self.ins_volatile(Sbc, arg, volatile);
                }
            }
            self.load(R::A, &a[top]);
            self.ins(Eor, Arg::Imm(0x80));
            let mnemonic: Mnemonic = if first < top { Sbc } else { Cmp };
            self.ins(mnemonic, Arg::Imm(n ^ 0x80));
            self.branch(if less { Bcc } else { Bcs }, yes);
            self.state.forget_test();
            return;
        }
        let first = Self::skip_zeros(a, b);
        if first < top {
            self.subtract(first, &a[..top], &b[..top]);
            self.load(R::A, &a[top]);
        } else {
            self.load(R::A, &a[top]);
            self.ins(Sec, Arg::None);
        }
        let (arg, volatile) = self.operand(&b[top]);
        self.ins_volatile(Sbc, arg, volatile);
        let no_overflow = self.new_label();
        self.branch(Bvc, no_overflow);
        self.ins(Eor, Arg::Imm(0x80));
        self.label(no_overflow);
        self.branch(if less { Bmi } else { Bpl }, yes);
        self.state.forget_test();
    }
}
