//! Selection of division: by the routine of the narrowest divisor; where that makes the divisor
//! narrower, factors of two are shifted out of it and the dividend first.

use crate::codegen::lir::{Dst, Logic, Op as LOp, Reg, RtCall, Src, Vb};
use crate::codegen::select::Select;
use crate::codegen::select::arith::significant;
use crate::mir::ir::{BinOp, Value};

/// Where the results of a division go.
#[derive(Clone, Copy)]
struct Results {
    quotient: Option<Reg>,
    remainder: Option<Reg>,
}

impl Select<'_> {
    pub(super) fn select_div(&mut self, value: Value, op: BinOp, a: Value, b: Value) {
        let partner = self.partners.get(&value).copied();
        if partner.is_some_and(|p| p.earlier) {
            // The other of the pair was selected with both results.
            return;
        }
        let size = self.func.ty(value).bytes();
        let signed = matches!(op, BinOp::SDiv | BinOp::SRem);
        let rem = matches!(op, BinOp::URem | BinOp::SRem);
        let own = self.reg_of(value);
        let other = partner.map(|p| self.reg_of(p.value));
        let (quotient, remainder) = if rem { (other, Some(own)) } else { (Some(own), other) };
        let results = Results { quotient, remainder };
        if size == 4 {
            return if signed {
                self.divide_long_signed(a, b, results)
            } else {
                self.divide_long(a, b, results)
            };
        }
        let by_ten = !signed && size == 2 && self.constant(b) == Some(10) && !self.options.small;
        let name = match (signed, size) {
            _ if by_ten => "rt_div10_16",
            (false, 1) => "rt_udiv8",
            (false, _) => "rt_udiv16",
            (true, 1) => "rt_sdiv8",
            (true, _) => "rt_sdiv16",
        };
        let mut args = vec![self.bytes(a)];
        if !by_ten {
            args.push(self.bytes(b));
        }
        self.call_division(name, args, results);
    }

    fn call_division(&mut self, name: &'static str, args: Vec<Vec<Src>>, results: Results) {
        let routine = RtCall::Arith(name);
        self.emit(LOp::Rt { routine, args, ret: results.quotient, extra: results.remainder });
    }

    /// A dividend of four bytes, unsigned.
    fn divide_long(&mut self, a: Value, b: Value, results: Results) {
        let constant = self.constant(b).filter(|n| *n != 0);
        let (a, b) = (self.bytes(a), self.bytes(b));
        let Some(n) = constant else {
            // By zero the short routines give no remainder.
            let width = if results.remainder.is_none() { significant(&b) } else { b.len() };
            return self.call_long(width, a, b, results);
        };
        let count = self.shift_out(n);
        let divisor = n >> count;
        let b: Vec<Src> = divisor.to_le_bytes().map(Src::Imm).to_vec();
        if count == 0 {
            return self.call_long(significant(&b), a, b, results);
        }
        let a = if results.remainder.is_some() {
            let reg = self.as_reg(&a);
            self.reg_bytes(reg)
        } else {
            a
        };
        let dividend = self.shifted_right(&a, count);
        let rest = results.remainder.map(|_| self.new_reg(significant(&b)));
        self.call_long(significant(&b), dividend, b, Results { remainder: rest, ..results });
        if let (Some(rest), Some(remainder)) = (rest, results.remainder) {
            self.put_back(rest, &a, count, n, remainder);
        }
    }

    /// Calls the routine for a divisor of so many bytes.
    fn call_long(&mut self, width: usize, a: Vec<Src>, b: Vec<Src>, results: Results) {
        let (name, width) = match width {
            1 => ("rt_udiv32b", 1),
            2 => ("rt_udiv32w", 2),
            _ => ("rt_udiv32", 4),
        };
        self.call_division(name, vec![a, b[..width].to_vec()], results);
    }

    /// A dividend of four bytes, signed.
    fn divide_long_signed(&mut self, a: Value, b: Value, results: Results) {
        let (name, width) = match self.constant(b) {
            Some(1..=0xff) => ("rt_sdiv32b", 1),
            Some(0x100..=0xffff) => ("rt_sdiv32w", 2),
            _ => ("rt_sdiv32", 4),
        };
        let args = vec![self.bytes(a), self.bytes(b)[..width].to_vec()];
        self.call_division(name, args, results);
    }

    /// How many factors of two leave a divisor and its dividend before they are divided.
    fn shift_out(&self, n: u32) -> u32 {
        let possible = 0..=n.trailing_zeros();
        let price = |count: &u32| if self.options.small { bytes_of(n, *count) } else { cycles_of(n, *count) };
        possible.min_by_key(price).unwrap_or(0)
    }

    /// `bytes >> count`; what becomes zero is named so.
    fn shifted_right(&mut self, bytes: &[Src], count: u32) -> Vec<Src> {
        let mut bytes = bytes[count as usize / 8..].to_vec();
        if !count.is_multiple_of(8) {
            let reg = self.new_reg(bytes.len());
            let d = (0..bytes.len()).map(|k| Dst::V(Vb::new(reg, k))).collect();
            self.shift_bits(BinOp::Shr, bytes, (count % 8) as u8, d);
            bytes = self.reg_bytes(reg);
        }
        bytes.resize(4, Src::Imm(0));
        bytes
    }

    /// The remainder by `n`: that of the shifted numbers, with the bits of `a` that were shifted out.
    fn put_back(&mut self, rest: Reg, a: &[Src], count: u32, n: u32, remainder: Reg) {
        let (whole, bits) = (count as usize / 8, count % 8);
        let size = significant(&(n - 1).to_le_bytes().map(Src::Imm));
        let mut high = self.reg_bytes(rest);
        high.resize(size - whole, Src::Imm(0));
        if bits != 0 {
            let reg = self.new_reg(high.len());
            let d = (0..high.len()).map(|k| Dst::V(Vb::new(reg, k))).collect();
            self.shift_bits(BinOp::Shl, high, bits as u8, d);
            high = self.reg_bytes(reg);
            let low = Vb::new(self.new_reg(1), 0);
            let mask = Src::Imm((1 << bits) - 1);
            self.emit(LOp::Logic { op: Logic::And, d: Dst::V(low), a: a[whole], b: mask });
            let joined = Vb::new(self.new_reg(1), 0);
            self.emit(LOp::Logic { op: Logic::Or, d: Dst::V(joined), a: high[0], b: Src::V(low) });
            high[0] = Src::V(joined);
        }
        let mut bytes = a[..whole].to_vec();
        bytes.append(&mut high);
        bytes.resize(4, Src::Imm(0));
        let d = (0..4).map(|k| Dst::V(Vb::new(remainder, k))).collect();
        self.move_all(d, bytes);
    }
}

/// The cycles, estimated, of a division by `n` after a shift of both by `count`.
fn cycles_of(n: u32, count: u32) -> u32 {
    let bytes = 4 - count / 8;
    let shift = match count % 8 {
        0 => 0,
        7 => 14 * bytes,
        bits => (6 + 5 * bits) * bytes,
    };
    let divisor = n >> count;
    // The highest byte of the dividend needs no steps when it is always below the divisor.
    let steps = bytes - u32::from(divisor > 0xff >> (count % 8));
    shift
        + match divisor {
            0..=0x7f => 40 + 131 * steps,
            0x80..=0xff => 40 + 210 * steps,
            0x100..=0xffff => 60 + 345 * steps,
            _ => 1450,
        }
}

/// What tells short code from long: whole bytes cost nothing to shift.
fn bytes_of(n: u32, count: u32) -> u32 {
    let width = (32 - (n >> count).leading_zeros()).div_ceil(8);
    if count.is_multiple_of(8) { width } else { 5 }
}
