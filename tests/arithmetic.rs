//! The run-time arithmetic of `asm/` against Rust: results on edge values and random ones, and what
//! the header comments promise about clobbered registers, zero page and cycles.

#[path = "support/routines.rs"]
mod routines;

use routines::{Routines, State};

const ROUNDS: usize = 4000;

fn state(ra: u32, rb: u32) -> State {
    State { ra, rb, a: 0x5a, x: 0xa5, y: 0x3c, ..State::default() }
}

fn bytes(a: u8, y: u8) -> State {
    State { a, y, ..state(0x1234_5678, 0x9abc_def0) }
}

/// Runs `check` on random operands, and prints the average cycles of `name`.
fn rounds(routines: &mut Routines, name: &str, mut check: impl FnMut(&mut Routines, u32, u32) -> State) {
    let mut total = 0;
    for _ in 0..ROUNDS {
        let (a, b) = (routines.operand(), routines.operand());
        total += check(routines, a, b).cycles;
    }
    println!("{name}: {} cycles on average", total / ROUNDS as u64);
}

#[test]
fn products_of_bytes() {
    let mut routines = Routines::link(&["mul.s"]);
    for name in ["rt_mul8", "rt_mul8_c"] {
        let mut total = 0;
        for pair in 0..=0xffffu16 {
            let [a, b] = pair.to_le_bytes();
            let after = routines.call(name, bytes(a, b));
            assert_eq!(after.ax(), u16::from(a) * u16::from(b), "{name} {a} {b}");
            total += after.cycles;
        }
        println!("{name}: {} cycles on average", total >> 16);
    }
}

#[test]
fn products_of_words() {
    let mut routines = Routines::link(&["mul.s"]);
    for name in ["rt_mul16", "rt_mul16_c"] {
        rounds(&mut routines, name, |r, a, b| {
            let after = r.call(name, state(a, b));
            assert_eq!(after.ax(), (a as u16).wrapping_mul(b as u16), "{name} {a:x} {b:x}");
            after
        });
    }
    rounds(&mut routines, "rt_mul16w", |r, a, b| {
        let after = r.call("rt_mul16w", state(a, b));
        assert_eq!(after.ra, (a & 0xffff) * (b & 0xffff), "{a:x} {b:x}");
        after
    });
    rounds(&mut routines, "rt_mul16ws", |r, a, b| {
        let after = r.call("rt_mul16ws", state(a, b));
        let expected = i32::from(a as i16) * i32::from(b as i16);
        assert_eq!(after.ra as i32, expected, "{a:x} {b:x}");
        after
    });
}

#[test]
fn products_from_tables_of_squares() {
    let mut routines = Routines::link(&["square.s"]);
    routines.call("rt_squares_init", state(0, 0));
    let mut total = 0;
    for pair in 0..=0xffffu16 {
        let [a, b] = pair.to_le_bytes();
        let after = routines.call("rt_qmul8", bytes(a, b));
        assert_eq!(after.ax(), u16::from(a) * u16::from(b), "{a} {b}");
        total += after.cycles;
    }
    println!("rt_qmul8: {} cycles on average", total >> 16);
    rounds(&mut routines, "rt_qmul16", |r, a, b| {
        let after = r.call("rt_qmul16", state(a, b));
        assert_eq!(after.ax(), (a as u16).wrapping_mul(b as u16), "{a:x} {b:x}");
        after
    });
    rounds(&mut routines, "rt_qmul16w", |r, a, b| {
        let after = r.call("rt_qmul16w", state(a, b));
        assert_eq!(after.ra, (a & 0xffff) * (b & 0xffff), "{a:x} {b:x}");
        after
    });
    rounds(&mut routines, "rt_qsquare16w", |r, a, _| {
        let after = r.call("rt_qsquare16w", state(a, 0));
        assert_eq!(after.ra, (a & 0xffff) * (a & 0xffff), "{a:x}");
        after
    });
    rounds(&mut routines, "rt_qsquare16ws", |r, a, _| {
        let after = r.call("rt_qsquare16ws", state(a, 0));
        assert_eq!(after.ra as i32, i32::from(a as i16).pow(2), "{a:x}");
        after
    });
    rounds(&mut routines, "rt_qmul16ms", |r, a, b| {
        let after = r.call("rt_qmul16ms", state(a, b));
        let expected = i32::from(a as i16) * i32::from(b as i16) >> 8;
        assert_eq!(u16::from_le_bytes([after.a, after.y]), expected as u16, "{a:x} {b:x}");
        after
    });
    rounds(&mut routines, "rt_qsquare16ms", |r, a, _| {
        let [low, high] = (a as u16).to_le_bytes();
        let after = r.call("rt_qsquare16ms", State { a: low, x: high, ..state(0, 0) });
        let expected = i32::from(a as i16).pow(2) >> 8;
        assert_eq!(u16::from_le_bytes([after.a, after.y]), expected as u16, "{a:x}");
        after
    });
    rounds(&mut routines, "rt_qmul16ws", |r, a, b| {
        let after = r.call("rt_qmul16ws", state(a, b));
        assert_eq!(after.ra as i32, i32::from(a as i16) * i32::from(b as i16), "{a:x} {b:x}");
        after
    });
}

#[test]
fn products_of_long_words() {
    let mut routines = Routines::link(&["mul.s"]);
    for name in ["rt_mul32", "rt_mul32_c"] {
        rounds(&mut routines, name, |r, a, b| {
            let after = r.call(name, state(a, b));
            assert_eq!(after.ra, a.wrapping_mul(b), "{name} {a:x} {b:x}");
            after
        });
    }
}

#[test]
fn quotients_of_bytes() {
    let mut routines = Routines::link(&["div.s"]);
    for name in ["rt_udiv8", "rt_udiv8_c", "rt_sdiv8"] {
        let mut total = 0;
        for pair in 0..=0xffffu16 {
            let [a, b] = pair.to_le_bytes();
            let after = routines.call(name, bytes(a, b));
            let expected = if name == "rt_sdiv8" {
                let (q, r) = signed(i64::from(a as i8), i64::from(b as i8), 8);
                (q as u8, r as u8)
            } else {
                (a.checked_div(b).unwrap_or(0xff), a.checked_rem(b).unwrap_or(a))
            };
            assert_eq!((after.a, after.x), expected, "{name} {a} {b}");
            total += after.cycles;
        }
        println!("{name}: {} cycles on average", total >> 16);
    }
}

/// Quotient and remainder of a signed type.
fn signed(a: i64, b: i64, bits: u32) -> (i64, i64) {
    let largest = (1 << (bits - 1)) - 1;
    if b == 0 { (if a < 0 { -largest - 1 } else { largest }, a) } else { (a / b, a % b) }
}

#[test]
fn quotients_of_words() {
    let mut routines = Routines::link(&["div.s"]);
    for name in ["rt_udiv16", "rt_udiv16_c"] {
        rounds(&mut routines, name, |r, a, b| {
            let after = r.call(name, state(a, b));
            let (a, b) = (a as u16, b as u16);
            let expected = (a.checked_div(b).unwrap_or(0xffff), a.checked_rem(b).unwrap_or(a));
            assert_eq!((after.ax(), after.rc as u16), expected, "{name} {a:x} {b:x}");
            assert_eq!(after.ra as u16, expected.0);
            after
        });
    }
    rounds(&mut routines, "rt_sdiv16", |r, a, b| {
        let after = r.call("rt_sdiv16", state(a, b));
        let (q, rem) = signed(i64::from(a as i16), i64::from(b as i16), 16);
        assert_eq!((after.ax(), after.rc as u16), (q as u16, rem as u16), "{a:x} {b:x}");
        after
    });
    let mut total = 0;
    for n in 0..=0xffffu16 {
        let after = routines.call("rt_div10_16", state(u32::from(n), 7));
        assert_eq!((after.ax(), u16::from(after.y)), (n / 10, n % 10), "{n}");
        assert_eq!(after.ra as u16, n / 10);
        total += after.cycles;
    }
    println!("rt_div10_16: {} cycles on average", total >> 16);
}

#[test]
fn quotients_of_long_words() {
    let mut routines = Routines::link(&["div32.s"]);
    rounds(&mut routines, "rt_udiv32", |r, a, b| {
        let after = r.call("rt_udiv32", state(a, b));
        let expected = (a.checked_div(b).unwrap_or(u32::MAX), a.checked_rem(b).unwrap_or(a));
        assert_eq!((after.ra, after.rc), expected, "{a:x} {b:x}");
        after
    });
    rounds(&mut routines, "rt_sdiv32", |r, a, b| {
        let after = r.call("rt_sdiv32", state(a, b));
        let (q, rem) = signed(i64::from(a as i32), i64::from(b as i32), 32);
        assert_eq!((after.ra, after.rc), (q as u32, rem as u32), "{a:x} {b:x}");
        after
    });
}

#[test]
fn shifts_by_a_variable() {
    let mut routines = Routines::link(&["shift.s"]);
    for count in 0..=255u8 {
        for _ in 0..8 {
            let value = routines.operand();
            let n = u32::from(count);
            let before = State { a: value as u8, y: count, ..state(value, 0) };
            let left = |bits: u32| if n < bits { value << n } else { 0 };
            let right = |v: u32, bits: u32| if n < bits { v >> n } else { 0 };
            let arithmetic = |v: i32| (v >> n.min(31)) as u32;
            assert_eq!(routines.call("rt_shl8", before).a, left(8) as u8);
            assert_eq!(routines.call("rt_shr8", before).a, right(value & 0xff, 8) as u8);
            assert_eq!(routines.call("rt_sar8", before).a, arithmetic(i32::from(value as i8)) as u8);
            assert_eq!(routines.call("rt_shl16", before).ax(), left(16) as u16);
            assert_eq!(routines.call("rt_shr16", before).ax(), right(value & 0xffff, 16) as u16);
            assert_eq!(routines.call("rt_sar16", before).ax(), arithmetic(i32::from(value as i16)) as u16);
            assert_eq!(routines.call("rt_shl32", before).ra, left(32));
            assert_eq!(routines.call("rt_shr32", before).ra, right(value, 32));
            assert_eq!(routines.call("rt_sar32", before).ra, arithmetic(value as i32));
        }
    }
}

#[test]
fn fixed_point_products_and_quotients() {
    let mut routines = Routines::link(&["mul.s", "div.s", "div32.s", "fixed.s"]);
    rounds(&mut routines, "rt_f16_mul", |r, a, b| {
        let after = r.call("rt_f16_mul", state(a, b));
        let expected = i64::from(a as i16) * i64::from(b as i16) / 256;
        assert_eq!(after.ax(), expected as u16, "{a:x} {b:x}");
        after
    });
    rounds(&mut routines, "rt_f16_div", |r, a, b| {
        let after = r.call("rt_f16_div", state(a, b));
        let expected = fixed_quotient(i64::from(a as i16), i64::from(b as i16), 16);
        assert_eq!(after.ax(), expected as u16, "{a:x} {b:x}");
        after
    });
    rounds(&mut routines, "rt_f32_mul", |r, a, b| {
        let after = r.call("rt_f32_mul", state(a, b));
        let expected = i64::from(a as i32) * i64::from(b as i32) / 65536;
        assert_eq!(after.ra, expected as u32, "{a:x} {b:x}");
        after
    });
    rounds(&mut routines, "rt_f32_div", |r, a, b| {
        let after = r.call("rt_f32_div", state(a, b));
        let expected = fixed_quotient(i64::from(a as i32), i64::from(b as i32), 32);
        assert_eq!(after.ra, expected as u32, "{a:x} {b:x}");
        after
    });
}

fn fixed_quotient(a: i64, b: i64, bits: u32) -> i64 {
    if b == 0 { signed(a, b, bits).0 } else { (a << (bits / 2)) / b }
}
