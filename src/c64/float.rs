//! PyCo's `float`: four bytes in Microsoft binary format, and the meaning of its operations.
//!
//! In and out: the four bytes as a little-endian `u32`, so the exponent is the lowest byte; then
//! sign and top 7 bits of the mantissa, then the rest, most significant first. The value is
//! ±0.1mmm… × 2^(exponent − 128); exponent 0 is zero. Invariant: exact arithmetic, rounded once to
//! nearest, ties away from zero; overflow and x/0 give ±largest, 0/0 +largest, underflow 0.
//! The constant folder and the interpreter compute with this, and `asm/float*.s` is tested against
//! it bit for bit.

use std::cmp::Ordering;

/// A float as it lies in memory.
pub type Bits = u32;

/// The largest float; its negative has the same magnitude.
pub const LARGEST: Bits = pack_fields(false, 255, 0xff_ffff);

const BIAS: i32 = 128;
const PRECISION: i32 = 24;

const fn pack_fields(negative: bool, exponent: u8, mantissa: u32) -> Bits {
    let top = (mantissa >> 16) as u8 & 0x7f | if negative { 0x80 } else { 0 };
    u32::from_le_bytes([exponent, top, (mantissa >> 8) as u8, mantissa as u8])
}

/// A number as ±`mantissa` × 2^`exponent`; zero has mantissa 0.
#[derive(Clone, Copy)]
struct Exact {
    negative: bool,
    mantissa: u128,
    exponent: i32,
}

fn unpack(bits: Bits) -> Exact {
    let [exponent, top, middle, low] = bits.to_le_bytes();
    let mantissa = u128::from(u32::from_be_bytes([0, top | 0x80, middle, low]));
    Exact {
        negative: top & 0x80 != 0 && exponent != 0,
        mantissa: if exponent == 0 { 0 } else { mantissa },
        exponent: i32::from(exponent) - BIAS - PRECISION,
    }
}

/// Rounds to nearest, ties away from zero. A caller that has cut off bits sets the lowest bit of a
/// longer mantissa for them, which cannot make or break a tie.
fn pack(exact: Exact) -> Bits {
    let Exact { negative, mut mantissa, mut exponent } = exact;
    if mantissa == 0 {
        return 0;
    }
    let excess = 128 - mantissa.leading_zeros() as i32 - PRECISION;
    if excess > 0 {
        mantissa = (mantissa >> (excess - 1)).wrapping_add(1) >> 1;
    } else {
        mantissa <<= -excess;
    }
    exponent += excess;
    if mantissa >> PRECISION != 0 {
        mantissa >>= 1;
        exponent += 1;
    }
    match exponent + BIAS + PRECISION {
        biased @ 1..=255 => pack_fields(negative, biased as u8, mantissa as u32),
        biased if biased > 255 => largest(negative),
        _ => 0,
    }
}

fn largest(negative: bool) -> Bits {
    if negative { neg(LARGEST) } else { LARGEST }
}

/// The nearest float; NaN is 0.
pub fn from_f64(value: f64) -> Bits {
    if value.is_infinite() {
        return largest(value < 0.0);
    }
    let raw = value.to_bits();
    let (fraction, exponent) = (raw & ((1 << 52) - 1), (raw >> 52 & 0x7ff) as i32);
    if exponent == 0 || value.is_nan() {
        return 0; // far below the smallest float
    }
    let mantissa = u128::from(fraction | 1 << 52);
    pack(Exact { negative: value < 0.0, mantissa, exponent: exponent - 1075 })
}

/// The exact value.
pub fn to_f64(bits: Bits) -> f64 {
    let Exact { negative, mantissa, exponent } = unpack(bits);
    let scale = f64::from_bits(((exponent + 1023) as u64) << 52);
    let magnitude = mantissa as f64 * scale;
    if negative { -magnitude } else { magnitude }
}

/// a + b
pub fn add(a: Bits, b: Bits) -> Bits {
    let (a, b) = (unpack(a), unpack(b));
    if a.mantissa == 0 || b.mantissa == 0 {
        return pack(if a.mantissa == 0 { b } else { a });
    }
    let (high, low) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    // More than 64 places apart the smaller one only says on which side of the larger the sum is.
    let shift = (high.exponent - low.exponent).min(64);
    let distant = high.exponent - low.exponent > 64;
    let signed = |x: Exact| if x.negative { -(x.mantissa as i128) } else { x.mantissa as i128 };
    let small = if distant { signed(low).signum() } else { signed(low) };
    let sum = (signed(high) << shift) + small;
    pack(Exact { negative: sum < 0, mantissa: sum.unsigned_abs(), exponent: high.exponent - shift })
}

/// a − b
pub fn sub(a: Bits, b: Bits) -> Bits {
    add(a, neg(b))
}

/// a × b
pub fn mul(a: Bits, b: Bits) -> Bits {
    let (a, b) = (unpack(a), unpack(b));
    let negative = a.negative != b.negative;
    pack(Exact { negative, mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent })
}

/// a ÷ b
pub fn div(a: Bits, b: Bits) -> Bits {
    let (a, b) = (unpack(a), unpack(b));
    if b.mantissa == 0 {
        return largest(a.negative);
    }
    let dividend = a.mantissa << 64;
    let inexact = u128::from(dividend % b.mantissa != 0);
    let mantissa = (dividend / b.mantissa) | inexact;
    pack(Exact { negative: a.negative != b.negative, mantissa, exponent: a.exponent - 64 - b.exponent })
}

/// −a
pub fn neg(a: Bits) -> Bits {
    if a & 0xff == 0 { 0 } else { a ^ 0x8000 }
}

/// |a|
pub fn abs(a: Bits) -> Bits {
    if a & 0xff == 0 { 0 } else { a & !0x8000 }
}

/// Compares by value.
pub fn compare(a: Bits, b: Bits) -> Ordering {
    // Both are exact in an f64, and there is no NaN.
    to_f64(a).total_cmp(&to_f64(b))
}

/// `value` × 2^-`fraction_bits`: integers with 0, fixed point with 8 or 16 fraction bits.
pub fn from_fixed(value: i64, fraction_bits: u32) -> Bits {
    let mantissa = u128::from(value.unsigned_abs());
    pack(Exact { negative: value < 0, mantissa, exponent: -(fraction_bits as i32) })
}

/// The low 32 bits of the value × 2^`fraction_bits`, cut toward zero. Narrower integers are the
/// low bits of it.
pub fn to_fixed(bits: Bits, fraction_bits: u32) -> i32 {
    let Exact { negative, mantissa, exponent } = unpack(bits);
    let shift = exponent + fraction_bits as i32;
    let magnitude = if shift >= 0 {
        mantissa.checked_shl(shift as u32).unwrap_or(0)
    } else {
        mantissa.checked_shr(shift.unsigned_abs()).unwrap_or(0)
    };
    let low = magnitude as u32 as i32;
    if negative { low.wrapping_neg() } else { low }
}

/// How `print` shows it: up to 7 significant digits without trailing zeros, plain for 0 and from
/// 0.0001 to below 10,000,000, else like `1.5E+10`. Ties are rounded away from zero.
pub fn to_text(bits: Bits) -> String {
    let value = to_f64(bits);
    if value == 0.0 {
        return "0".into();
    }
    let (digits, exponent) = seven_digits(value.abs());
    let digits = digits.trim_end_matches('0');
    let sign = if value < 0.0 { "-" } else { "" };
    // The float nearest to 0.0001 is a little below it, and counts as it.
    if compare(abs(bits), from_f64(0.0001)).is_lt() || value.abs() >= 10_000_000.0 {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}E{exponent_sign}{:02}", exponent.abs());
    }
    let whole = usize::try_from(exponent + 1).unwrap_or(0);
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    let (before, after) = digits.split_at(whole);
    let before = if before.is_empty() { "0" } else { before };
    let zeros = "0".repeat(usize::try_from(-1 - exponent).unwrap_or(0));
    format!("{sign}{before}.{zeros}{after}")
}

/// The value as d.dddddd × 10^exponent: seven digits, and the exponent.
fn seven_digits(value: f64) -> (String, i32) {
    // Every float has fewer than 160 decimal digits, so this text is exact.
    let text = format!("{value:.160e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: Vec<u32> = mantissa.chars().filter_map(|c| c.to_digit(10)).collect();
    let mut rounded = digits.iter().take(7).fold(0, |n, d| n * 10 + d) + u32::from(digits[7] >= 5);
    if rounded == 10_000_000 {
        rounded = 1_000_000;
        exponent += 1;
    }
    (rounded.to_string(), exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(value: f64) -> Bits {
        from_f64(value)
    }

    #[test]
    fn the_format_is_that_of_the_c64() {
        assert_eq!(f(1.0).to_le_bytes(), [0x81, 0, 0, 0]);
        assert_eq!(f(-0.5).to_le_bytes(), [0x80, 0x80, 0, 0]);
        assert_eq!(f(10.0).to_le_bytes(), [0x84, 0x20, 0, 0]);
        assert_eq!(f(0.1).to_le_bytes(), [0x7d, 0x4c, 0xcc, 0xcd]);
        assert_eq!(to_f64(f(-10.5)), -10.5);
    }

    #[test]
    fn operations_round_ties_away_from_zero() {
        let ulp = 2f64.powi(-23);
        assert_eq!(add(f(1.0), f(ulp / 2.0)), f(1.0 + ulp));
        assert_eq!(sub(f(-1.0), f(ulp / 2.0)), f(-1.0 - ulp));
        assert_eq!(add(f(1.0), f(ulp / 2.1)), f(1.0));
        assert_eq!(sub(f(1.0), f(ulp / 4.0)), f(1.0), "a tie between 1 and its lower neighbour");
        assert_eq!(sub(f(1.0), f(1e-30)), f(1.0));
        assert_eq!(mul(f(3.0), f(0.1)), f(to_f64(f(0.1)) * 3.0));
        assert_eq!(div(f(1.0), f(3.0)), f(1.0 / 3.0));
    }

    #[test]
    fn the_edges_saturate() {
        assert_eq!(mul(f(1e30), f(1e30)), LARGEST);
        assert_eq!(mul(f(-1e30), f(1e30)), neg(LARGEST));
        assert_eq!(div(f(-1.5), 0), neg(LARGEST));
        assert_eq!(div(0, 0), LARGEST);
        assert_eq!(mul(f(1e-30), f(1e-30)), 0);
        assert_eq!(add(LARGEST, LARGEST), LARGEST);
        assert_eq!(sub(f(1.5), f(1.5)), 0);
        assert_eq!((neg(0), abs(f(-2.0))), (0, f(2.0)));
    }

    #[test]
    fn comparisons_are_by_value() {
        assert_eq!(compare(f(-2.0), f(1.0)), Ordering::Less);
        assert_eq!(compare(f(-2.0), f(-3.0)), Ordering::Greater);
        assert_eq!(compare(0, f(0.0)), Ordering::Equal);
    }

    #[test]
    fn integers_and_fixed_point_convert() {
        assert_eq!(from_fixed(-3, 0), f(-3.0));
        assert_eq!(from_fixed(0x180, 8), f(1.5));
        assert_eq!(from_fixed(16_777_217, 0), f(16_777_218.0), "a tie goes away from zero");
        assert_eq!(to_fixed(f(-10.9), 0), -10);
        assert_eq!(to_fixed(f(60000.5), 0), 60000);
        assert_eq!(to_fixed(f(-1.5), 8), -0x180);
        assert_eq!(to_fixed(f(4_294_967_296.0 + 512.0), 0), 512, "modulo 2^32");
        assert_eq!((to_fixed(f(1e30), 0), to_fixed(f(1e-30), 16)), (0, 0));
    }

    #[test]
    fn texts_have_seven_digits() {
        let texts = [
            (31.4159, "31.4159"),
            (-2.75, "-2.75"),
            (99999.5, "99999.5"),
            (0.0001, "0.0001"),
            (0.00002, "2E-05"),
            (1.5e10, "1.5E+10"),
            (9_999_999.0, "9999999"),
            (10_000_000.0, "1E+07"),
            (1_234_566.5, "1234567"),
            (0.1, "0.1"),
            (100.0, "100"),
            (1.0 / 3.0, "0.3333333"),
        ];
        for (value, text) in texts {
            assert_eq!(to_text(f(value)), text);
        }
    }
}
