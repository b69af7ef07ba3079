//! The run-time arithmetic of `asm/` against Rust: results on edge values and random ones, and what
//! the header comments promise about clobbered registers, zero page and cycles. With PYCOC_LONG set,
//! a million random operands for each routine.

#[path = "support/routines.rs"]
mod routines;

use routines::{Routines, State, rounds};

/// The files with the two forms of each routine.
const FAST: &[&str] = &["mul_fast.s", "mul_byte.s", "mul.s", "div_fast.s", "div.s", "fixed.s"];
const SMALL: &[&str] = &["mul_small.s", "mul.s", "div_small.s", "div.s", "fixed.s"];

/// Where a routine leaves its result.
#[derive(Clone, Copy)]
enum Out {
    Ax,
    Ay,
    /// The quotient in A and the remainder in X.
    Pair,
    Ra,
    /// The quotient in A and X, and in `rt_a`; the remainder in `rt_c`.
    AxRc,
    RaRc,
    /// The quotient in `rt_a`; the remainder, but not by zero, in A or in `rt_c0` and `rt_c1`.
    RaA,
    RaWord,
}

/// A routine with its operands in `rt_a` and `rt_b` and what it computes from them.
type Row = (&'static str, Out, fn(u32, u32) -> u64);

fn state(ra: u32, rb: u32) -> State {
    State { ra, rb, a: 0x5a, x: 0xa5, y: 0x3c, ..State::default() }
}

fn both(low: u32, high: u32, bits: u32) -> u64 {
    let mask = u64::from(u32::MAX >> (32 - bits));
    u64::from(low) & mask | (u64::from(high) & mask) << 32
}

fn check(routines: &mut Routines, (name, out, meaning): Row, before: State, a: u32, b: u32) {
    let after = routines.call(name, before);
    let found = match out {
        Out::Ax => u64::from(after.ax()),
        Out::Ay => u64::from(u16::from_le_bytes([after.a, after.y])),
        Out::Pair => both(after.a.into(), after.x.into(), 8),
        Out::Ra => u64::from(after.ra),
        Out::AxRc => {
            assert_eq!(after.ra as u16, after.ax(), "{name} {a:x} {b:x}");
            both(after.ax().into(), after.rc, 16)
        }
        Out::RaRc => both(after.ra, after.rc, 32),
        Out::RaA => both(after.ra, if b == 0 { a } else { after.a.into() }, 32),
        Out::RaWord => both(after.ra, if b as u16 == 0 { a } else { after.rc & 0xffff }, 32),
    };
    let expected = meaning(a, b);
    assert!(found == expected, "{name} {a:x} {b:x}: {found:x}, not {expected:x}");
}

/// Every pair of bytes, in A and Y.
fn all_bytes(routines: &mut Routines, row: Row) {
    for pair in 0..=0xffffu16 {
        let [a, y] = pair.to_le_bytes();
        let before = State { a, y, ..state(0x1234_5678, 0x9abc_def0) };
        check(routines, row, before, a.into(), y.into());
    }
}

/// Edge values and random ones, in `rt_a` and `rt_b`.
fn random(routines: &mut Routines, row: Row) {
    for _ in 0..rounds(2500) {
        let (a, b) = (routines.operand(), routines.operand());
        check(routines, row, state(a, b), a, b);
    }
}

/// The same, the first in A and X.
fn random_in_registers(routines: &mut Routines, row: Row) {
    for _ in 0..rounds(2500) {
        let value = routines.operand();
        let [a, x] = (value as u16).to_le_bytes();
        check(routines, row, State { a, x, ..state(0, 0) }, value, 0);
    }
}

/// The same, the second a byte in A and Y.
fn random_and_byte(routines: &mut Routines, row: Row) {
    for _ in 0..rounds(2500) {
        let (value, byte) = (routines.operand(), routines.operand() as u8);
        let before = State { a: byte, y: byte, ..state(value, 0x9abc_def0) };
        check(routines, row, before, value, byte.into());
    }
}

fn unsigned(a: u32, b: u32, bits: u32) -> u64 {
    let mask = u32::MAX >> (32 - bits);
    let (a, b) = (a & mask, b & mask);
    both(a.checked_div(b).unwrap_or(mask), a.checked_rem(b).unwrap_or(a), bits)
}

/// Quotient and remainder of a signed type.
fn signed_pair(a: i64, b: i64, bits: u32) -> (i64, i64) {
    let largest = (1 << (bits - 1)) - 1;
    if b == 0 { (if a < 0 { -largest - 1 } else { largest }, a) } else { (a / b, a % b) }
}

fn signed(a: u32, b: u32, bits: u32) -> u64 {
    let extend = |n: u32| i64::from((n << (32 - bits)) as i32 >> (32 - bits));
    let (quotient, remainder) = signed_pair(extend(a), extend(b), bits);
    both(quotient as u32, remainder as u32, bits)
}

fn words(a: u32, b: u32) -> (i32, i32) {
    (i32::from(a as i16), i32::from(b as i16))
}

fn product_of_bytes(a: u32, b: u32) -> u64 {
    u64::from(a * b)
}

fn low_product_of_words(a: u32, b: u32) -> u64 {
    u64::from(a.wrapping_mul(b) as u16)
}

fn product_of_words(a: u32, b: u32) -> u64 {
    u64::from((a & 0xffff) * (b & 0xffff))
}

fn signed_product_of_words(a: u32, b: u32) -> u64 {
    let (a, b) = words(a, b);
    u64::from((a * b) as u32)
}

#[test]
fn products() {
    for files in [FAST, SMALL] {
        let mut routines = Routines::link(files);
        all_bytes(&mut routines, ("rt_mul8", Out::Ax, product_of_bytes));
        random(&mut routines, ("rt_mul16", Out::Ax, low_product_of_words));
        if files == FAST {
            random_and_byte(&mut routines, ("rt_mul16b", Out::Ax, low_product_of_words));
        }
        random(&mut routines, ("rt_mul16w", Out::Ra, product_of_words));
        random(&mut routines, ("rt_mul16ws", Out::Ra, signed_product_of_words));
        random(&mut routines, ("rt_mul32", Out::Ra, |a, b| u64::from(a.wrapping_mul(b))));
    }
}

#[test]
fn products_from_tables_of_squares() {
    let mut routines = Routines::link(&["square.s"]);
    routines.call("rt_squares_init", state(0, 0));
    all_bytes(&mut routines, ("rt_qmul8", Out::Ax, product_of_bytes));
    random(&mut routines, ("rt_qmul16", Out::Ax, low_product_of_words));
    random_and_byte(&mut routines, ("rt_qmul16b", Out::Ax, low_product_of_words));
    random(&mut routines, ("rt_qmul16w", Out::Ra, product_of_words));
    random(&mut routines, ("rt_qmul16ws", Out::Ra, signed_product_of_words));
    random(&mut routines, ("rt_qsquare16w", Out::Ra, |a, _| product_of_words(a, a)));
    random(&mut routines, ("rt_qsquare16ws", Out::Ra, |a, _| signed_product_of_words(a, a)));
    random(&mut routines, ("rt_qmul16ms", Out::Ay, |a, b| signed_product_of_words(a, b) >> 8 & 0xffff));
    let square = |a, _| signed_product_of_words(a, a) >> 8 & 0xffff;
    random_in_registers(&mut routines, ("rt_qsquare16ms", Out::Ay, square));
}

#[test]
fn quotients() {
    for files in [FAST, SMALL] {
        let mut routines = Routines::link(files);
        all_bytes(&mut routines, ("rt_udiv8", Out::Pair, |a, b| unsigned(a, b, 8)));
        all_bytes(&mut routines, ("rt_sdiv8", Out::Pair, |a, b| signed(a, b, 8)));
        random(&mut routines, ("rt_udiv16", Out::AxRc, |a, b| unsigned(a, b, 16)));
        random_and_byte(&mut routines, ("rt_udiv32b", Out::RaA, |a, b| unsigned(a, b, 32)));
        random(&mut routines, ("rt_udiv32w", Out::RaWord, |a, b| unsigned(a, b & 0xffff, 32)));
        random(&mut routines, ("rt_udiv32", Out::RaRc, |a, b| unsigned(a, b, 32)));
        random(&mut routines, ("rt_sdiv32", Out::RaRc, |a, b| signed(a, b, 32)));
        let by_positive = |a, b| signed(a, b, 32);
        for _ in 0..rounds(2500) {
            let (a, b) = (routines.operand(), routines.operand());
            let (y, word) = ((b as u8).max(1), (b as u16).max(1));
            let before = State { y, ..state(a, b) };
            check(&mut routines, ("rt_sdiv32b", Out::RaRc, by_positive), before, a, y.into());
            let before = state(a, b & 0xffff_0000 | u32::from(word));
            check(&mut routines, ("rt_sdiv32w", Out::RaRc, by_positive), before, a, word.into());
            let after = routines.call("rt_sdiv16", state(a, b));
            assert_eq!(both(after.ax().into(), after.rc, 16), signed(a, b, 16), "{a:x} {b:x}");
        }
    }
}

#[test]
fn quotients_by_ten() {
    let mut routines = Routines::link(&["div.s", "div_fast.s"]);
    for n in 0..=0xffffu16 {
        let after = routines.call("rt_div10_16", state(u32::from(n), 7));
        assert_eq!((after.ax(), u16::from(after.y)), (n / 10, n % 10), "{n}");
    }
}

#[test]
fn shifts_by_a_variable() {
    let mut routines = Routines::link(&["shift.s"]);
    for round in 0..rounds(2048) {
        let (value, count) = (routines.operand(), round as u8);
        // Half of the counts in the range that shifts something.
        let count = if round & 256 == 0 { count } else { count % 34 };
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

#[test]
fn negation_in_place() {
    let mut routines = Routines::link(&["div.s", "div_fast.s"]);
    for _ in 0..rounds(2000) {
        let (a, b) = (routines.operand(), routines.operand());
        let after = routines.call("rt_neg32", State { x: 0x06, ..state(a, b) });
        assert_eq!((after.ra, after.rb), (a, b.wrapping_neg()));
    }
}

#[test]
fn fixed_point_products_and_quotients() {
    fn quotient(a: i64, b: i64, bits: u32) -> i64 {
        if b == 0 { signed_pair(a, b, bits).0 } else { (a << (bits / 2)) / b }
    }
    for files in [FAST, SMALL] {
        let mut routines = Routines::link(files);
        random(
            &mut routines,
            ("rt_f16_mul", Out::Ax, |a, b| {
                let (a, b) = words(a, b);
                u64::from((a * b / 256) as u16)
            }),
        );
        random(
            &mut routines,
            ("rt_f16_div", Out::Ax, |a, b| {
                let (a, b) = words(a, b);
                u64::from(quotient(a.into(), b.into(), 16) as u16)
            }),
        );
        random(
            &mut routines,
            ("rt_f32_mul", Out::Ra, |a, b| {
                u64::from((i64::from(a as i32) * i64::from(b as i32) / 65536) as u32)
            }),
        );
        random(
            &mut routines,
            ("rt_f32_div", Out::Ra, |a, b| {
                u64::from(quotient((a as i32).into(), (b as i32).into(), 32) as u32)
            }),
        );
    }
}
