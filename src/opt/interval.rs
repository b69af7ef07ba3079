//! Intervals of numbers, and what operations make of them.
//!
//! In: the intervals of operands. Out: one in which every result lies.
//! An interval bounds the same bits in two readings, unsigned and signed. Not here: functions and
//! their values; that is `ranges.rs`.

use crate::mir::ir::{BinOp, Cond, Ty};

/// An interval of the bits read as unsigned and as signed; empty for code not reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    pub low: u32,
    pub high: u32,
    pub signed_low: i32,
    pub signed_high: i32,
}

impl Range {
    /// Nothing.
    pub const EMPTY: Range = Range { low: 1, high: 0, signed_low: 1, signed_high: 0 };

    /// All values of a type.
    pub fn full(ty: Ty) -> Range {
        let half = ty.mask() >> 1;
        Range {
            low: 0,
            high: ty.mask(),
            signed_low: ty.signed(half.wrapping_add(1) & ty.mask()),
            signed_high: half as i32,
        }
        .fixed_for(ty)
    }

    fn fixed_for(mut self, ty: Ty) -> Range {
        if ty == Ty::I1 {
            (self.signed_low, self.signed_high) = (-1, 0);
        }
        self
    }

    /// One number.
    pub fn constant(ty: Ty, n: u32) -> Range {
        Range { low: n, high: n, signed_low: ty.signed(n), signed_high: ty.signed(n) }
    }

    /// The numbers between two, read as unsigned.
    pub fn unsigned(ty: Ty, low: u32, high: u32) -> Range {
        Range { low, high, ..Range::full(ty) }.tightened(ty)
    }

    /// The numbers between two, read as signed.
    pub fn signed(ty: Ty, low: i32, high: i32) -> Range {
        Range { signed_low: low, signed_high: high, ..Range::full(ty) }.tightened(ty)
    }

    /// True when nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.low > self.high || self.signed_low > self.signed_high
    }

    /// Lets each reading learn from the other.
    pub fn tightened(mut self, ty: Ty) -> Range {
        if self.is_empty() {
            return Range::EMPTY;
        }
        let half = ty.mask() >> 1;
        if self.high <= half || self.low > half {
            let (low, high) = (ty.signed(self.low), ty.signed(self.high));
            self.signed_low = self.signed_low.max(low);
            self.signed_high = self.signed_high.min(high);
        }
        if self.signed_low >= 0 || self.signed_high < 0 {
            let (low, high) = (self.signed_low as u32 & ty.mask(), self.signed_high as u32 & ty.mask());
            self.low = self.low.max(low);
            self.high = self.high.min(high);
        }
        if self.is_empty() { Range::EMPTY } else { self }
    }

    /// The smallest range around both.
    pub fn union(self, other: Range) -> Range {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Range {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            signed_low: self.signed_low.min(other.signed_low),
            signed_high: self.signed_high.max(other.signed_high),
        }
    }

    /// What is in both.
    pub fn intersect(self, other: Range, ty: Ty) -> Range {
        Range {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
            signed_low: self.signed_low.max(other.signed_low),
            signed_high: self.signed_high.min(other.signed_high),
        }
        .tightened(ty)
    }

    /// What grew goes to the end of the type.
    pub fn widened(self, before: Range, ty: Ty) -> Range {
        let full = Range::full(ty);
        if before.is_empty() {
            return self;
        }
        Range {
            low: if self.low < before.low { full.low } else { self.low },
            high: if self.high > before.high { full.high } else { self.high },
            signed_low: if self.signed_low < before.signed_low { full.signed_low } else { self.signed_low },
            signed_high: if self.signed_high > before.signed_high {
                full.signed_high
            } else {
                self.signed_high
            },
        }
    }

    /// The values `x` for which `x cond y` may hold with `y` in this range.
    pub fn satisfying(self, cond: Cond, ty: Ty) -> Range {
        let full = Range::full(ty);
        if self.is_empty() {
            return full;
        }
        match cond {
            Cond::Eq => self,
            Cond::Ne => full,
            Cond::ULt if self.high == 0 => Range::EMPTY,
            Cond::ULt => Range::unsigned(ty, 0, self.high - 1),
            Cond::ULe => Range::unsigned(ty, 0, self.high),
            Cond::UGt if self.low == ty.mask() => Range::EMPTY,
            Cond::UGt => Range::unsigned(ty, self.low + 1, ty.mask()),
            Cond::UGe => Range::unsigned(ty, self.low, ty.mask()),
            Cond::SLt if self.signed_high == full.signed_low => Range::EMPTY,
            Cond::SLt => Range::signed(ty, full.signed_low, self.signed_high - 1),
            Cond::SLe => Range::signed(ty, full.signed_low, self.signed_high),
            Cond::SGt if self.signed_low == full.signed_high => Range::EMPTY,
            Cond::SGt => Range::signed(ty, self.signed_low + 1, full.signed_high),
            Cond::SGe => Range::signed(ty, self.signed_low, full.signed_high),
        }
    }

    /// Whether `x cond y` holds for all or for no `x` here and `y` in `other`.
    pub fn decides(self, cond: Cond, other: Range) -> Option<bool> {
        if self.is_empty() || other.is_empty() {
            return None;
        }
        let (a, b) = (self, other);
        let (yes, no) = match cond {
            Cond::Eq => (a.low == a.high && b.low == b.high && a.low == b.low, a.disjoint(b)),
            Cond::Ne => (a.disjoint(b), a.low == a.high && b.low == b.high && a.low == b.low),
            Cond::ULt => (a.high < b.low, a.low >= b.high),
            Cond::ULe => (a.high <= b.low, a.low > b.high),
            Cond::UGt => (a.low > b.high, a.high <= b.low),
            Cond::UGe => (a.low >= b.high, a.high < b.low),
            Cond::SLt => (a.signed_high < b.signed_low, a.signed_low >= b.signed_high),
            Cond::SLe => (a.signed_high <= b.signed_low, a.signed_low > b.signed_high),
            Cond::SGt => (a.signed_low > b.signed_high, a.signed_high <= b.signed_low),
            Cond::SGe => (a.signed_low >= b.signed_high, a.signed_high < b.signed_low),
        };
        match (yes, no) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    fn disjoint(self, other: Range) -> bool {
        self.high < other.low
            || self.low > other.high
            || self.signed_high < other.signed_low
            || self.signed_low > other.signed_high
    }
}

/// The results of an operation whose operands lie in two intervals, neither of them empty.
pub fn binary(op: BinOp, ty: Ty, a: Range, b: Range) -> Range {
    let full = Range::full(ty);
    let (limit, signed) = (i64::from(ty.mask()), (i64::from(full.signed_low), i64::from(full.signed_high)));
    // A result that does not leave the type in one of the readings.
    let both = |low: i64, high: i64, s_low: i64, s_high: i64| {
        let mut range = full;
        if 0 <= low && high <= limit {
            range = Range { low: low as u32, high: high as u32, ..range };
        }
        if signed.0 <= s_low && s_high <= signed.1 {
            range = Range { signed_low: s_low as i32, signed_high: s_high as i32, ..range };
        }
        range.tightened(ty)
    };
    let (al, ah, bl, bh) = (i64::from(a.low), i64::from(a.high), i64::from(b.low), i64::from(b.high));
    let (asl, ash) = (i64::from(a.signed_low), i64::from(a.signed_high));
    let (bsl, bsh) = (i64::from(b.signed_low), i64::from(b.signed_high));
    // Adding a large constant is subtracting a small one.
    if op == BinOp::Add && b.low == b.high && bl > limit / 2 && al > limit - bl {
        return both(al + bl - limit - 1, ah + bl - limit - 1, asl + bsl, ash + bsh);
    }
    match op {
        BinOp::Add => both(al + bl, ah + bh, asl + bsl, ash + bsh),
        BinOp::Sub => both(al - bh, ah - bl, asl - bsh, ash - bsl),
        BinOp::Mul => match (ah.checked_mul(bh), al.checked_mul(bl)) {
            (Some(high), Some(low)) if high <= limit => Range::unsigned(ty, low as u32, high as u32),
            _ => full,
        },
        BinOp::UDiv if b.low > 0 => Range::unsigned(ty, a.low / b.high, a.high / b.low),
        BinOp::URem if b.low > 0 => Range::unsigned(ty, 0, a.high.min(b.high - 1)),
        BinOp::URem => Range::unsigned(ty, 0, a.high),
        BinOp::SRem if b.low == b.high && b.signed_low > 0 => {
            let most = b.signed_low - 1;
            Range::signed(
                ty,
                if a.signed_low < 0 { -most } else { 0 },
                if a.signed_high > 0 { most } else { 0 },
            )
        }
        BinOp::SDiv if b.low == b.high && b.signed_low > 0 => {
            Range::signed(ty, a.signed_low / b.signed_low, a.signed_high / b.signed_low)
        }
        BinOp::And => Range::unsigned(ty, 0, a.high.min(b.high)),
        BinOp::Or | BinOp::Xor => Range::unsigned(ty, 0, filled(a.high | b.high)),
        BinOp::Shr if b.low == b.high => {
            Range::unsigned(ty, a.low.checked_shr(b.low).unwrap_or(0), a.high.checked_shr(b.low).unwrap_or(0))
        }
        BinOp::Shr => Range::unsigned(ty, 0, a.high),
        BinOp::Sar if b.low == b.high => {
            let count = b.low.min(31);
            Range::signed(ty, a.signed_low >> count, a.signed_high >> count)
        }
        BinOp::Shl if b.low == b.high && b.low < 32 && ah << b.low <= limit => {
            Range::unsigned(ty, a.low << b.low, a.high << b.low)
        }
        _ => full,
    }
}

/// All bits that numbers up to `max` may have.
fn filled(max: u32) -> u32 {
    u32::MAX.checked_shr(max.leading_zeros()).unwrap_or(0)
}
