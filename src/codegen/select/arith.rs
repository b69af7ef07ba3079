//! Selection of arithmetic: addition, logic, shifts, extension, selection by condition.

use crate::codegen::lir::{Dst, Logic, Op as LOp, RtCall, ShiftKind, Src, Test, Vb};
use crate::codegen::select::carry::Carry;
use crate::codegen::select::fold::CarrySum;
use crate::codegen::select::{Home, Select, move_bytes};
use crate::mir::ir::{BinOp, Cond, Op, Ty, Value};

impl Select<'_> {
    /// Emits `d = a op b`.
    pub(super) fn select_bin(&mut self, value: Value, op: BinOp, a: Value, b: Value, d: Vec<Dst>) {
        if let Some(&CarrySum { sub, x, y }) = self.carry_sums.get(&value) {
            let (a, b) = (self.bytes(x), self.bytes(y));
            self.emit(LOp::Add { sub, carry: true, d, a, b });
            return;
        }
        match op {
            BinOp::Add if self.only_sets_bits(a, b) => self.select_set_bits(a, b, d),
            BinOp::Add | BinOp::Sub => {
                let (a, b) = (self.bytes(a), self.bytes(b));
                self.emit(LOp::Add { sub: op == BinOp::Sub, carry: false, d, a, b });
            }
            BinOp::And | BinOp::Or | BinOp::Xor => {
                let (a, b) = (self.bytes(a), self.bytes(b));
                let logic = match op {
                    BinOp::And => Logic::And,
                    BinOp::Or => Logic::Or,
                    _ => Logic::Xor,
                };
                self.select_logic(logic, d, a, b);
            }
            BinOp::Shl | BinOp::Shr | BinOp::Sar => self.select_shift(op, a, b, d),
            BinOp::Mul => self.select_mul(value, a, b),
            BinOp::UDiv | BinOp::SDiv | BinOp::URem | BinOp::SRem => self.select_div(value, op, a, b),
        }
    }

    /// Each byte by itself. Bytes that stay as they are come last, so that the result can lie where
    /// the operand lay even if another byte reads them.
    fn select_logic(&mut self, op: Logic, d: Vec<Dst>, a: Vec<Src>, b: Vec<Src>) {
        let neutral = Src::Imm(if op == Logic::And { 0xff } else { 0 });
        let bytes = d.into_iter().zip(a).zip(b).filter(|((d, _), _)| *d != Dst::None);
        let mut kept = Vec::new();
        for ((d, a), b) in bytes {
            match (d, a, b) {
                (Dst::V(_), s, n) | (Dst::V(_), n, s) if n == neutral => kept.push(LOp::Move { d, s }),
                _ => self.emit(LOp::Logic { op, d, a, b }),
            }
        }
        kept.into_iter().for_each(|op| self.emit(op));
    }

    /// True for the sum of several bytes and a number whose bits are clear in the other operand.
    fn only_sets_bits(&self, a: Value, b: Value) -> bool {
        let number = self.constant(b).filter(|n| *n > 0 && self.func.ty(a).bytes() > 1);
        let above = number.and_then(|n| n.checked_add(1)?.checked_next_power_of_two());
        self.options.fold && above.is_some_and(|n| self.even.holds(a, n))
    }

    /// A sum from which nothing is carried: each byte by itself, and where nothing is added none.
    fn select_set_bits(&mut self, a: Value, b: Value, d: Vec<Dst>) {
        let bytes = d.into_iter().zip(self.bytes(a)).zip(self.bytes(b));
        for ((d, a), b) in bytes.filter(|((d, _), _)| *d != Dst::None) {
            self.emit(match b {
                Src::Imm(0) => LOp::Move { d, s: a },
                // INC where the byte lies.
                Src::Imm(1) => LOp::Add { sub: false, carry: false, d: vec![d], a: vec![a], b: vec![b] },
                _ => LOp::Logic { op: Logic::Or, d, a, b },
            });
        }
    }

    pub(super) fn select_not(&mut self, d: Vec<Dst>, a: Value) {
        let one_bit = self.func.ty(a) == Ty::I1;
        let mask = Src::Imm(if one_bit { 1 } else { 0xff });
        let a = self.bytes(a);
        for (d, a) in d.into_iter().zip(a) {
            self.emit(LOp::Logic { op: Logic::Xor, d, a, b: mask });
        }
    }

    fn select_shift(&mut self, op: BinOp, a: Value, count: Value, d: Vec<Dst>) {
        let size = d.len();
        let Some(count_const) = self.constant(count) else {
            self.select_shift_by_variable(op, a, count, d);
            return;
        };
        let bits = size as u32 * 8;
        let mut bytes = self.bytes(a);
        if op == BinOp::Sar {
            self.select_sar(bytes, count_const.min(bits - 1) as usize, d);
            return;
        }
        if count_const >= bits {
            bytes = vec![Src::Imm(0); size];
        } else {
            bytes = move_bytes(op, bytes, count_const as usize / 8);
        }
        self.shift_bits(op, bytes, (count_const % 8) as u8, d);
    }

    /// A shift by less than 8 bits of bytes that are in their places.
    pub(super) fn shift_bits(&mut self, op: BinOp, bytes: Vec<Src>, count: u8, d: Vec<Dst>) {
        if count == 0 {
            self.move_all(d, bytes);
            return;
        }
        let left = op == BinOp::Shl;
        let kind = if left { ShiftKind::Left } else { ShiftKind::Right };
        // Bytes that are zero and stay zero: at the low end of a left shift, at the high end of a right one.
        let zero = |s: &&Src| **s == Src::Imm(0);
        let most = bytes.len() - 1;
        let (zeros, moving) = if left {
            let n = bytes.iter().take(most).take_while(zero).count();
            (0..n, n..bytes.len())
        } else {
            let n = bytes.iter().rev().take(most).take_while(zero).count();
            (bytes.len() - n..bytes.len(), 0..bytes.len() - n)
        };
        let (mut to, mut from) = (d[moving.clone()].to_vec(), bytes[moving].to_vec());
        if from.len() > 1 && count == 7 {
            // Seven steps one way are one step the other way and a byte.
            let (none, zero) = if left { (from.len(), 0) } else { (0, from.len()) };
            to.insert(none, Dst::None);
            from.insert(zero, Src::Imm(0));
            let kind = if left { ShiftKind::Right } else { ShiftKind::Left };
            self.emit(LOp::Shift { kind, d: to, a: from, count: 1 });
        } else {
            self.emit(LOp::Shift { kind, d: to, a: from, count });
        }
        for k in zeros.filter(|k| d[*k] != Dst::None) {
            self.emit(LOp::Move { d: d[k], s: Src::Imm(0) });
        }
    }

    fn select_sar(&mut self, bytes: Vec<Src>, count: usize, d: Vec<Dst>) {
        let size = bytes.len();
        let whole = count / 8;
        if whole == 0 {
            if count == 0 {
                self.move_all(d, bytes);
            } else {
                self.emit(LOp::Shift { kind: ShiftKind::Arithmetic, d, a: bytes, count: count as u8 });
            }
            return;
        }
        let sign = self.new_reg(1);
        let sign = Vb::new(sign, 0);
        self.emit(LOp::SignFill { d: Dst::V(sign), s: bytes[size - 1] });
        let moved: Vec<Src> =
            (0..size).map(|k| bytes.get(k + whole).copied().unwrap_or(Src::V(sign))).collect();
        let rest = (count % 8) as u8;
        if rest == 0 {
            self.move_all(d, moved);
        } else {
            self.emit(LOp::Shift { kind: ShiftKind::Arithmetic, d, a: moved, count: rest });
        }
    }

    /// Copies bytes; a destination in memory may be one that a later byte reads, so registers
    /// stand between when there are several.
    pub(super) fn move_all(&mut self, d: Vec<Dst>, bytes: Vec<Src>) {
        let through_regs = d.len() > 1 && d.iter().any(|d| matches!(d, Dst::Mem(_)));
        let bytes = if through_regs && bytes.iter().any(|s| matches!(s, Src::Mem(_))) {
            let reg = self.as_reg(&bytes);
            self.reg_bytes(reg)
        } else {
            bytes
        };
        for (d, s) in d.into_iter().zip(bytes) {
            self.emit(LOp::Move { d, s });
        }
    }

    fn select_shift_by_variable(&mut self, op: BinOp, a: Value, count: Value, d: Vec<Dst>) {
        let size = d.len();
        let bytes = self.bytes(a);
        let count_bytes = self.bytes(count);
        let count = self.saturated_count(count_bytes);
        let name = match (op, size) {
            (BinOp::Shl, 1) => "rt_shl8",
            (BinOp::Shl, 2) => "rt_shl16",
            (BinOp::Shl, _) => "rt_shl32",
            (BinOp::Shr, 1) => "rt_shr8",
            (BinOp::Shr, 2) => "rt_shr16",
            (BinOp::Shr, _) => "rt_shr32",
            (_, 1) => "rt_sar8",
            (_, 2) => "rt_sar16",
            _ => "rt_sar32",
        };
        self.call_arith(name, vec![bytes, vec![count]], d);
    }

    /// The count as one byte: a count of 256 or more becomes 255.
    fn saturated_count(&mut self, bytes: Vec<Src>) -> Src {
        let high: Vec<Src> = bytes[1..].iter().copied().filter(|s| *s != Src::Imm(0)).collect();
        if high.is_empty() {
            return bytes[0];
        }
        let big = self.new_reg(1);
        self.emit(LOp::Set {
            d: Dst::V(Vb::new(big, 0)),
            test: Test::NonZero { bytes: high, negate: false },
        });
        // 0 - big is 0 or $FF.
        let mask = self.new_reg(1);
        let (big, mask) = (Vb::new(big, 0), Vb::new(mask, 0));
        self.emit(LOp::Add {
            sub: true,
            carry: false,
            d: vec![Dst::V(mask)],
            a: vec![Src::Imm(0)],
            b: vec![Src::V(big)],
        });
        let count = Vb::new(self.new_reg(1), 0);
        self.emit(LOp::Logic { op: Logic::Or, d: Dst::V(count), a: bytes[0], b: Src::V(mask) });
        Src::V(count)
    }

    /// Calls an arithmetic routine and puts its result where it is wanted.
    pub(super) fn call_arith(&mut self, name: &'static str, args: Vec<Vec<Src>>, d: Vec<Dst>) {
        let name = if self.whole.squares { by_squares(name) } else { name };
        if let Some(reg) = whole_dst(&d).filter(|&r| self.out.regs[r].bytes as usize == d.len()) {
            self.emit(LOp::Rt { routine: RtCall::Arith(name), args, ret: Some(reg), extra: None });
            return;
        }
        let ret = self.new_reg(d.len());
        self.emit(LOp::Rt { routine: RtCall::Arith(name), args, ret: Some(ret), extra: None });
        let bytes = self.reg_bytes(ret);
        self.move_all(d, bytes);
    }

    pub(super) fn select_sext(&mut self, value: Value, a: Value) {
        let bytes = self.bytes(a);
        if self.func.ty(a) != Ty::I1 {
            let sign = self.sign_of(value);
            self.emit(LOp::SignFill { d: Dst::V(sign), s: bytes[bytes.len() - 1] });
            return;
        }
        let d = self.dst_of(value);
        let zero = vec![Src::Imm(0)];
        self.emit(LOp::Add { sub: true, carry: false, d: vec![d[0]], a: zero, b: vec![bytes[0]] });
        if let Dst::V(low) = d[0] {
            for &d in &d[1..] {
                self.emit(LOp::Move { d, s: Src::V(low) });
            }
        }
    }

    /// The byte that stands above the bytes of a value whose sign is extended.
    pub(super) fn sign_of(&mut self, value: Value) -> Vb {
        let reg = match self.homes[value] {
            Home::Reg(reg) => reg,
            Home::Lazy => {
                let reg = self.new_reg(1);
                self.homes[value] = Home::Reg(reg);
                reg
            }
        };
        Vb::new(reg, 0)
    }

    pub(super) fn select_select(&mut self, value: Value, c: Value, a: Value, b: Value) {
        // mask = 0 - c; result = b ^ ((a ^ b) & mask): no branches, any width.
        let (a, b, c) = (self.bytes(a), self.bytes(b), self.bytes(c)[0]);
        let d = self.dst_of(value);
        let mask = Vb::new(self.new_reg(1), 0);
        self.emit(LOp::Add {
            sub: true,
            carry: false,
            d: vec![Dst::V(mask)],
            a: vec![Src::Imm(0)],
            b: vec![c],
        });
        for ((d, a), b) in d.into_iter().zip(a).zip(b) {
            let mixed = Vb::new(self.new_reg(1), 0);
            let masked = Vb::new(self.new_reg(1), 0);
            self.emit(LOp::Logic { op: Logic::Xor, d: Dst::V(mixed), a, b });
            self.emit(LOp::Logic { op: Logic::And, d: Dst::V(masked), a: Src::V(mixed), b: Src::V(mask) });
            self.emit(LOp::Logic { op: Logic::Xor, d, a: Src::V(masked), b });
        }
    }

    /// The question that a comparison asks.
    pub(super) fn test(&mut self, cond: Cond, a: Value, b: Value) -> Test {
        let (a_const, b_const) = (self.constant(a), self.constant(b));
        let (mut cond, mut left, mut right) = (cond, a, b);
        let mut constant = b_const;
        if a_const.is_some() && b_const.is_none() {
            (cond, left, right) = (cond.swap(), b, a);
            constant = a_const;
        }
        let ty = self.func.ty(left);
        if let Some(n) = constant {
            if n == 0 && matches!(cond, Cond::Eq | Cond::Ne | Cond::UGt | Cond::ULe) {
                let bytes = self.bytes(left).into_iter().filter(|s| *s != Src::Imm(0)).collect();
                return Test::NonZero { bytes, negate: matches!(cond, Cond::Eq | Cond::ULe) };
            }
            if let Some((cond, n)) = strict(cond, n, ty) {
                let a = self.bytes(left);
                let b = (0..a.len()).map(|k| Src::Imm((n >> (8 * k)) as u8)).collect();
                return Test::Cmp { cond, a, b };
            }
        }
        let (a, b) = (self.bytes(left), self.bytes(right));
        // `>` and `<=` cost more than `<` and `>=` with exchanged operands.
        match cond {
            Cond::UGt | Cond::ULe | Cond::SGt | Cond::SLe => Test::Cmp { cond: cond.swap(), a: b, b: a },
            _ => Test::Cmp { cond, a, b },
        }
    }

    /// The test that a branch on `value` makes.
    pub(super) fn branch_test(&mut self, value: Value) -> Test {
        if let Some(&Carry { shift, negate }) = self.carries.get(&value)
            && let Some(op) = self.defs[shift]
        {
            self.select_inst(Some(shift), op);
            return Test::ShiftedOut { negate };
        }
        if self.folded[value]
            && let Some(Op::Cmp(cond, a, b)) = self.defs[value]
        {
            return self.test(*cond, *a, *b);
        }
        let bytes = self.bytes(value);
        Test::NonZero { bytes, negate: false }
    }
}

/// Turns `> n` and `<= n` into `>= n + 1` and `< n + 1`, where that does not wrap.
fn strict(cond: Cond, n: u32, ty: Ty) -> Option<(Cond, u32)> {
    let top_signed = ty.mask() >> 1;
    match cond {
        Cond::UGt if n < ty.mask() => Some((Cond::UGe, n + 1)),
        Cond::ULe if n < ty.mask() => Some((Cond::ULt, n + 1)),
        Cond::SGt if n != top_signed => Some((Cond::SGe, n.wrapping_add(1) & ty.mask())),
        Cond::SLe if n != top_signed => Some((Cond::SLt, n.wrapping_add(1) & ty.mask())),
        Cond::UGt | Cond::ULe | Cond::SGt | Cond::SLe => None,
        _ => Some((cond, n)),
    }
}

/// The routine that does the same with tables of squares, if there is one.
fn by_squares(name: &'static str) -> &'static str {
    match name {
        "rt_mul8" => "rt_qmul8",
        "rt_mul16" => "rt_qmul16",
        "rt_mul16b" => "rt_qmul16b",
        "rt_mul16w" => "rt_qmul16w",
        "rt_mul16ws" => "rt_qmul16ws",
        _ => name,
    }
}

/// The bytes below the zeros at the high end; at least one.
pub(super) fn significant(bytes: &[Src]) -> usize {
    bytes.iter().rposition(|s| *s != Src::Imm(0)).map_or(1, |highest| highest + 1)
}

/// The register whose bytes from 0 up these destinations are.
fn whole_dst(d: &[Dst]) -> Option<crate::codegen::lir::Reg> {
    let Some(Dst::V(first)) = d.first() else { return None };
    let reg = first.reg;
    d.iter()
        .enumerate()
        .all(|(k, d)| matches!(d, Dst::V(v) if v.reg == reg && v.byte as usize == k))
        .then_some(reg)
}
