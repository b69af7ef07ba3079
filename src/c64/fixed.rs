//! Fixed point numbers, 8.8 (`f16`) and 16.16 (`f32`): products, quotients, text.
//!
//! In and out: the raw integer, value × 2^`fraction_bits`. The constant folder and the interpreter
//! compute with this, and the routines in `asm/` give the same.

/// a × b cut toward zero; the caller keeps the low 16 or 32 bits.
pub fn mul(a: i32, b: i32, fraction_bits: u32) -> i32 {
    ((i64::from(a) * i64::from(b)) / (1 << fraction_bits)) as i32
}

/// a ÷ b cut toward zero; the caller keeps the low bits. x/0 is the largest number for x >= 0, and
/// the smallest for x < 0.
pub fn div(a: i32, b: i32, fraction_bits: u32) -> i32 {
    let largest = i32::MAX >> (32 - 2 * fraction_bits);
    match b {
        0 if a >= 0 => largest,
        0 => -largest - 1,
        _ => ((i64::from(a) << fraction_bits) / i64::from(b)) as i32,
    }
}

/// How `print` shows it: with the fewest decimals that a literal needs to give the same number, and
/// of these the nearest; literals are rounded.
pub fn to_text(raw: i32, fraction_bits: u32) -> String {
    let sign = if raw < 0 { "-" } else { "" };
    let magnitude = u128::from(raw.unsigned_abs());
    let one = 1u128 << fraction_bits;
    let mut scale = 1u128;
    for decimals in 0.. {
        // The nearest number with that many decimals. No shorter one lies half a unit away.
        let candidate = (2 * magnitude * scale + one) / (2 * one);
        if (2 * candidate * one + scale) / (2 * scale) == magnitude {
            let (whole, part) = (candidate / scale, candidate % scale);
            return match decimals {
                0 => format!("{sign}{whole}"),
                _ => format!("{sign}{whole}.{part:0decimals$}"),
            };
        }
        scale *= 10;
    }
    unreachable!("a number with n fraction bits has n decimals")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_fewest_decimals() {
        let text = |value: f64, bits: u32| to_text((value * f64::from(1u32 << bits)).round() as i32, bits);
        assert_eq!(text(12.5, 8), "12.5");
        assert_eq!(text(0.1, 8), "0.1");
        assert_eq!(text(6.71, 8), "6.71");
        assert_eq!(text(0.1, 16), "0.1");
        assert_eq!(text(-3.75, 16), "-3.75");
        assert_eq!(text(123.456, 16), "123.456");
        assert_eq!(to_text(1, 8), "0.004");
        assert_eq!(to_text(85, 8), "0.332");
        assert_eq!(to_text(i16::MAX.into(), 8), "127.996");
        assert_eq!(to_text(i32::MIN, 16), "-32768");
    }

    #[test]
    fn products_and_quotients_are_cut_toward_zero() {
        assert_eq!(mul(-1, 128, 8), 0);
        assert_eq!(div(-1 << 8, 3 << 8, 8), -85);
        assert_eq!(div(5, 0, 8), 0x7fff);
        assert_eq!(div(-5, 0, 16), i32::MIN);
    }
}
