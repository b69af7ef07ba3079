//! Emission of addition, subtraction, logic and sign extension.

use crate::codegen::emit::operand::ONLY_X;
use crate::codegen::emit::{Emitter, R};
use crate::codegen::lir::{Dst, Logic, MemBase, Src, Test, Vb};
use crate::codegen::mach::Arg;
use crate::mos::inst::Mnemonic::{self, *};

impl Emitter<'_> {
    /// True when both name the same byte in the same place.
    pub(super) fn same_place(&self, d: &Dst, s: &Src) -> bool {
        match (d, s) {
            (Dst::V(d), Src::V(s)) => match (self.home(*d), self.home(*s)) {
                (None, None) => self.cell(*d) == self.cell(*s),
                (d, s) => d == s,
            },
            (Dst::Mem(d), Src::Mem(s)) => d == s && !d.volatile,
            _ => false,
        }
    }

    pub(super) fn add(&mut self, sub: bool, d: &[Dst], a: &[Src], b: &[Src]) {
        let (mut a, mut b) = (a.to_vec(), b.to_vec());
        if !sub && self.better_swapped(d, &a, &b) {
            std::mem::swap(&mut a, &mut b);
        }
        if self.count_by_one(sub, d, &a, &b) || self.count_in_index(sub, d, &a, &b) {
            return;
        }
        // Taking away a small number in place leaves the high byte alone, mostly.
        if let [Src::Imm(n @ 1..), Src::Imm(0xff)] = b[..]
            && !sub
            && self.same_place(&d[1], &a[1])
        {
            self.add(true, d, &a, &[Src::Imm(n.wrapping_neg()), Src::Imm(0)]);
            return;
        }
        // A low byte to which nothing is added needs no carry.
        if b[0] == Src::Imm(0) {
            self.move_or_skip(&d[0], &a[0]);
            if d.len() > 1 {
                self.add(sub, &d[1..], &a[1..], &b[1..]);
            }
            return;
        }
        self.add_bytes(sub, false, d, &a, &b);
    }

    /// Byte by byte in A. `carry`: one more is added, or taken away.
    pub(super) fn add_bytes(&mut self, sub: bool, carry: bool, d: &[Dst], a: &[Src], b: &[Src]) {
        let (mut a, mut b) = (a.to_vec(), b.to_vec());
        for k in 0..d.len() {
            if k > 0 && self.carry_into_rest(sub, &d[k..], &a[k..], &b[k..]) {
                return;
            }
            if k == 0 && !sub && !self.state.facts(R::A).is_empty() && d.len() == 1 {
                // One of the two may be in A already.
                if self.in_a(&b[k]) && !self.in_a(&a[k]) && !matches!(a[k], Src::Mem(_)) {
                    std::mem::swap(&mut a[k], &mut b[k]);
                }
            }
            // A byte in an index register must begin: it is no operand.
            if !sub && self.lives_in_index(&b[k]) && !self.in_a(&a[k]) && !self.lives_in_index(&a[k]) {
                let number = matches!(a[k], Src::Imm(_) | Src::Lo(_) | Src::Hi(_));
                if number || matches!(a[k], Src::V(_)) {
                    std::mem::swap(&mut a[k], &mut b[k]);
                }
            }
            self.load(R::A, &a[k]);
            let (arg, volatile) = self.operand(&b[k]);
            if k == 0 {
                self.ins(if sub == carry { Clc } else { Sec }, Arg::None);
            }
            self.ins_volatile(if sub { Sbc } else { Adc }, arg, volatile);
            self.state.flags_of(R::A);
            self.store_a(&d[k]);
        }
    }

    fn in_a(&self, s: &Src) -> bool {
        self.fact_of(s).is_some_and(|f| self.state.holds(R::A, f))
    }

    fn lives_in_index(&self, s: &Src) -> bool {
        matches!(s, Src::V(v) if self.home(*v).is_some())
    }

    fn move_or_skip(&mut self, d: &Dst, s: &Src) {
        if !self.same_place(d, s) {
            self.move_byte(d, s);
        } else if let (Dst::V(d), Src::V(s)) = (d, s) {
            self.renamed(*d, *s);
        }
    }

    /// For `a + b` it may be cheaper to compute `b + a`: a byte in an index register or one that is
    /// the destination comes first, numbers come second.
    fn better_swapped(&self, d: &[Dst], a: &[Src], b: &[Src]) -> bool {
        let rank = |s: &Src, d: &Dst| match s {
            Src::Imm(_) | Src::Lo(_) | Src::Hi(_) => 3,
            s if self.same_place(d, s) => 0,
            Src::V(v) if self.home(*v).is_some() => 0,
            s if self.fact_of(s).is_some_and(|f| self.state.holds(R::A, f)) => 0,
            _ => 1,
        };
        rank(&b[0], &d[0]) < rank(&a[0], &d[0])
    }

    /// Adding or subtracting one: INC, DEC, INX and their like.
    fn count_by_one(&mut self, sub: bool, d: &[Dst], a: &[Src], b: &[Src]) -> bool {
        let up = match b[0] {
            Src::Imm(1) => !sub,
            Src::Imm(0xff) if d.len() == 1 => sub,
            _ => return false,
        };
        let high_zero = b[1..].iter().all(|s| *s == Src::Imm(0));
        let minus_one = !sub && d.len() > 1 && b.iter().all(|s| *s == Src::Imm(0xff));
        if minus_one {
            return self.count_wide(false, d, a);
        }
        if !high_zero {
            return false;
        }
        if d.len() > 1 {
            return self.count_wide(up, d, a);
        }
        if let Dst::V(v) = d[0]
            && let Some(r) = self.home(v)
        {
            if self.busy.contains(r.effect()) && !self.same_place(&d[0], &a[0]) {
                return false;
            }
            self.load(r, &a[0]);
            self.ins(index_step(r, up), Arg::None);
            self.wrote(v);
            self.state.set(r, vec![self.fact(v)]);
            self.state.flags_of(r);
            return true;
        }
        if !self.same_place(&d[0], &a[0]) {
            return false;
        }
        // A value that is in A anyway is cheaper there when INC must go through an index.
        let Some(arg) = self.modify_arg(&d[0]) else { return false };
        self.ins(if up { Inc } else { Dec }, arg);
        if let Dst::V(v) = d[0] {
            self.wrote(v);
            let fact = self.fact(v);
            self.state.flags_of_fact(fact);
        }
        true
    }

    /// Two or three steps of an index register in place are cheaper than a sum in A.
    fn count_in_index(&mut self, sub: bool, d: &[Dst], a: &[Src], b: &[Src]) -> bool {
        let ([Dst::V(v)], [Src::Imm(n)]) = (d, b) else { return false };
        let by = if sub { n.wrapping_neg() } else { *n };
        let (steps, up) = if by < 0x80 { (by, true) } else { (by.wrapping_neg(), false) };
        let Some(r) = self.home(*v).filter(|_| (2..=3).contains(&steps)) else { return false };
        if !self.same_place(&d[0], &a[0]) {
            return false;
        }
        (0..steps).for_each(|_| self.ins(index_step(r, up), Arg::None));
        self.wrote(*v);
        self.state.set(r, vec![self.fact(*v)]);
        self.state.flags_of(r);
        true
    }

    /// The operand of a read-modify-write instruction, when the destination allows one.
    pub(super) fn modify_arg(&mut self, d: &Dst) -> Option<Arg> {
        match d {
            Dst::V(v) if self.home(*v).is_none() => Some(Arg::Cell(self.cell(*v))),
            Dst::Mem(mem) if !mem.volatile && matches!(mem.base, MemBase::At(_)) => {
                Some(self.address(mem, ONLY_X))
            }
            _ => None,
        }
    }

    /// A counter of several bytes in place.
    fn count_wide(&mut self, up: bool, d: &[Dst], a: &[Src]) -> bool {
        if !d.iter().zip(a).all(|(d, s)| self.same_place(d, s)) {
            return false;
        }
        let mut args = Vec::new();
        for d in d {
            let Some(arg) = self.modify_arg(d) else { return false };
            args.push(arg);
        }
        let end = self.new_label();
        if up {
            for (k, arg) in args.iter().enumerate() {
                self.ins(Inc, arg.clone());
                if k + 1 < args.len() {
                    self.branch(Bne, end);
                }
            }
        } else {
            // A borrow goes on when all lower bytes are zero.
            let mut skip = Vec::new();
            for arg in &args[..args.len() - 1] {
                let label = self.new_label();
                self.ins(Lda, arg.clone());
                self.branch(Bne, label);
                skip.push(label);
            }
            for (k, arg) in args.iter().enumerate().rev() {
                self.ins(Dec, arg.clone());
                if k > 0 {
                    self.label(skip[k - 1]);
                }
            }
        }
        self.label(end);
        self.wrote_all(d);
        self.state.forget_test();
        true
    }

    pub(super) fn wrote_all(&mut self, d: &[Dst]) {
        for d in d {
            if let Dst::V(v) = d {
                self.wrote(*v);
            }
        }
    }

    /// The rest of a chain in which only the carry is added to a value that stays in place.
    fn carry_into_rest(&mut self, sub: bool, d: &[Dst], a: &[Src], b: &[Src]) -> bool {
        if b.iter().any(|s| *s != Src::Imm(0)) || !d.iter().zip(a).all(|(d, s)| self.same_place(d, s)) {
            return false;
        }
        if sub && d.len() > 1 {
            return false;
        }
        let plain = |d: &Dst| match d {
            Dst::V(v) => self.home(*v).is_none(),
            // The index may have to be loaded, which is wrong after the branch.
            Dst::Mem(mem) => !mem.volatile && mem.index.is_none() && matches!(mem.base, MemBase::At(_)),
            Dst::None => false,
        };
        if !d.iter().all(plain) {
            return false;
        }
        let end = self.new_label();
        self.branch(if sub { Bcs } else { Bcc }, end);
        for (k, d) in d.iter().enumerate() {
            let Some(arg) = self.modify_arg(d) else { break };
            self.ins(if sub { Dec } else { Inc }, arg);
            if k + 1 < a.len() {
                self.branch(Bne, end);
            }
        }
        self.label(end);
        self.wrote_all(d);
        self.state.forget_flags();
        true
    }

    pub(super) fn logic(&mut self, op: Logic, d: &Dst, a: &Src, b: &Src) {
        let (mut a, mut b) = (*a, *b);
        let number = |s: &Src| matches!(s, Src::Imm(_) | Src::Lo(_) | Src::Hi(_));
        let handy = |e: &Self, s: &Src| e.found_in(s).is_some();
        if number(&a) || handy(self, &b) && !handy(self, &a) && !number(&b) && !a.is_volatile() {
            std::mem::swap(&mut a, &mut b);
        }
        match (op, b) {
            (Logic::And, Src::Imm(0)) if !a.is_volatile() => return self.move_byte(d, &Src::Imm(0)),
            (Logic::And, Src::Imm(0xff)) | (Logic::Or | Logic::Xor, Src::Imm(0)) => {
                return self.move_or_skip(d, &a);
            }
            (Logic::Or, Src::Imm(0xff)) if !a.is_volatile() => return self.move_byte(d, &Src::Imm(0xff)),
            _ => {}
        }
        self.load(R::A, &a);
        let (arg, is_volatile) = self.operand(&b);
        let mnemonic = match op {
            Logic::And => And,
            Logic::Or => Ora,
            Logic::Xor => Eor,
        };
        self.ins_volatile(mnemonic, arg, is_volatile);
        self.state.flags_of(R::A);
        self.store_a(d);
    }

    pub(super) fn sign_fill(&mut self, d: &Dst, s: &Src) {
        if let (Dst::V(d), Src::V(s)) = (d, s)
            && let Some(r) = self.home(*d)
            && self.home(*s) != Some(r)
        {
            self.sign_fill_index(*d, r, *s);
            return;
        }
        let minus = self.new_label();
        self.load(R::A, s);
        self.ins(Ora, Arg::Imm(0x7f));
        self.branch(Bmi, minus);
        self.ins(Lda, Arg::Imm(0));
        self.label(minus);
        self.state.forget_test();
        self.store_a(d);
    }

    /// The sign in an index register; the byte itself is in A afterwards, where its sum begins.
    fn sign_fill_index(&mut self, d: Vb, r: R, s: Vb) {
        let in_a = self.state.holds(R::A, self.fact(s));
        self.wrote(d);
        self.load(r, &Src::Imm(0));
        if in_a {
            self.ins(Cmp, Arg::Imm(0));
        } else {
            self.load(R::A, &Src::V(s));
        }
        let plus = self.new_label();
        self.branch(Bpl, plus);
        self.ins(index_step(r, false), Arg::None);
        self.label(plus);
        self.state.set(r, vec![self.fact(d)]);
        self.state.forget_flags();
    }

    /// 1 when the answer is yes, else 0.
    pub(super) fn set(&mut self, d: &Dst, test: &Test) {
        let (yes, end) = (self.new_label(), self.new_label());
        self.branch_if(test, yes);
        self.ins(Lda, Arg::Imm(0));
        self.branch(Beq, end);
        self.label(yes);
        self.ins(Lda, Arg::Imm(1));
        self.label(end);
        self.state.forget_test();
        self.store_a(d);
    }

    /// The bytes of a whole register.
    pub(super) fn vbs(&self, reg: crate::codegen::lir::Reg) -> Vec<Vb> {
        (0..self.ctx.func.regs[reg].bytes as usize).map(|k| Vb::new(reg, k)).collect()
    }
}

fn index_step(r: R, up: bool) -> Mnemonic {
    match (r, up) {
        (R::X, true) => Inx,
        (R::X, false) => Dex,
        (_, true) => Iny,
        (_, false) => Dey,
    }
}
