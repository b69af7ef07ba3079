//! The float routines of `asm/` against their exact definition in `c64::float`, bit for bit, and what
//! the header comments promise about clobbered registers, zero page and cycles.

#[path = "support/routines.rs"]
mod routines;

use pycoc::c64::fixed;
use pycoc::c64::float::{self, Bits};
use routines::{Routines, State, rounds};
use std::cmp::Ordering;

fn link() -> Routines {
    Routines::link(&[
        "float.s",
        "float_sum_fast.s",
        "float_product_fast.s",
        "float_convert.s",
        "div.s",
        "div_fast.s",
    ])
}

fn link_small() -> Routines {
    Routines::link(&["float_small.s"])
}

fn state(ra: u32, rb: u32) -> State {
    State { ra, rb, a: 0x5a, x: 0xa5, y: 0x3c, ..State::default() }
}

/// A float, often near the other one, at an edge, or with few bits.
fn operand(routines: &mut Routines, near: Bits) -> Bits {
    let random = routines.random();
    let exponent = |e: u32| if e & 0xff == 0 { 0 } else { random & !0xff | e & 0xff };
    match routines.random() % 10 {
        0 => [0, float::LARGEST, float::from_f64(1.0), float::from_f64(-0.5)][random as usize % 4],
        1 => float::from_f64(f64::from(random as i32 >> 20)),
        2 => exponent(near.wrapping_add(random >> 8 & 1)),
        3 => exponent(near.wrapping_add(random >> 8 & 31).wrapping_sub(15)),
        4 => near ^ 0x8000 ^ random & 0x0100_0000,
        5 => exponent([1, 2, 255, 254][random as usize >> 8 & 3]),
        // One bit and its neighbours.
        6 => exponent(near.wrapping_add(24)) & 0x8000_00ff,
        7 => exponent(128 + (random >> 8 & 15)),
        _ => exponent(random),
    }
}

fn show(bits: Bits) -> String {
    format!("{:02x?} = {:e}", bits.to_le_bytes(), float::to_f64(bits))
}

fn check_operation(routines: &mut Routines, name: &str, meaning: fn(Bits, Bits) -> Bits) {
    for _ in 0..rounds(8000) {
        let near = float::from_f64(1.0) | routines.random() & !0x7f;
        let a = operand(routines, near);
        let b = operand(routines, a);
        let after = routines.call(name, state(a, b));
        let expected = meaning(a, b);
        assert!(
            after.ra == expected,
            "{name} {}, {}: {}, not {}",
            show(a),
            show(b),
            show(after.ra),
            show(expected)
        );
    }
}

#[test]
fn sums() {
    for mut routines in [link(), link_small()] {
        check_operation(&mut routines, "rt_fadd", float::add);
        check_operation(&mut routines, "rt_fsub", float::sub);
    }
}

#[test]
fn products() {
    for mut routines in [link(), link_small()] {
        check_operation(&mut routines, "rt_fmul", float::mul);
    }
}

#[test]
fn quotients() {
    for mut routines in [link(), link_small()] {
        check_operation(&mut routines, "rt_fdiv", float::div);
    }
}

#[test]
fn comparisons_and_signs() {
    let mut routines = link();
    for _ in 0..rounds(8000) {
        let a = operand(&mut routines, float::from_f64(1.0));
        let b = operand(&mut routines, a);
        let expected = match float::compare(a, b) {
            Ordering::Less => 0xff,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        };
        assert_eq!(routines.call("rt_fcmp", state(a, b)).a, expected, "{} {}", show(a), show(b));
        assert_eq!(routines.call("rt_fneg", state(a, b)).ra, float::neg(a), "{}", show(a));
        assert_eq!(routines.call("rt_fabs", state(a, b)).ra, float::abs(a), "{}", show(a));
    }
}

#[test]
fn conversions_from_integers_and_fixed_point() {
    let mut routines = link();
    for _ in 0..rounds(8000) {
        let n = routines.operand();
        let word = State { a: n as u8, x: (n >> 8) as u8, ..state(0x1234_5678, 0) };
        let (long, signed, short) = (state(n, 0), i64::from(n as i32), i64::from(n as i16));
        assert_eq!(routines.call("rt_f_from_u16", word).ra, float::from_fixed(i64::from(n as u16), 0), "{n}");
        assert_eq!(routines.call("rt_f_from_i16", word).ra, float::from_fixed(short, 0), "{n}");
        assert_eq!(routines.call("rt_f_from_f16", word).ra, float::from_fixed(short, 8), "{n}");
        assert_eq!(routines.call("rt_f_from_u32", long).ra, float::from_fixed(i64::from(n), 0), "{n}");
        assert_eq!(routines.call("rt_f_from_i32", long).ra, float::from_fixed(signed, 0), "{n}");
        assert_eq!(routines.call("rt_f_from_f32", long).ra, float::from_fixed(signed, 16), "{n}");
    }
}

#[test]
fn conversions_to_integers_and_fixed_point() {
    let mut routines = link();
    for _ in 0..rounds(8000) {
        let exponent = 120 + routines.random() % 72;
        let a = routines.random() & !0xff | exponent;
        assert_eq!(routines.call("rt_f_to_i32", state(a, 0)).ra as i32, float::to_fixed(a, 0), "{}", show(a));
        assert_eq!(
            routines.call("rt_f_to_f16", state(a, 0)).ax(),
            float::to_fixed(a, 8) as u16,
            "{}",
            show(a)
        );
        assert_eq!(
            routines.call("rt_f_to_f32", state(a, 0)).ra as i32,
            float::to_fixed(a, 16),
            "{}",
            show(a)
        );
    }
    for a in [0, float::LARGEST, float::from_f64(1e-30)] {
        assert_eq!(routines.call("rt_f_to_i32", state(a, 0)).ra, 0);
        assert_eq!(routines.call("rt_f_to_f32", state(a, 0)).ra, 0);
    }
}

/// The text that a routine has put into `rt_number`.
fn text(routines: &mut Routines, name: &str, before: State) -> String {
    let address = routines.call(name, before).ax();
    let length = usize::from(routines.memory(address, 1)[0]);
    String::from_utf8_lossy(&routines.memory(address + 1, length)).into_owned()
}

fn link_text() -> Routines {
    let mut routines = Routines::link_with(
        &[
            "number.s",
            "number_fast.s",
            "number_float.s",
            "number_fixed.s",
            "div.s",
            "div_fast.s",
            "text_upper.s",
        ],
        &[("rt_letter_e", 0x45)],
    );
    routines.random();
    routines
}

#[test]
fn texts_of_floats() {
    let mut routines = link_text();
    let few =
        [0.0, 1.0, -0.1, 123.456, 1e7, 9_999_999.0, 0.0001, 9.9999e-5, 1e38, -1e-38, 0.5, 1e10, 12_345_678.0];
    for value in few {
        let bits = float::from_f64(value);
        assert_eq!(text(&mut routines, "rt_str_float", state(bits, 0)), float::to_text(bits), "{value}");
    }
    for _ in 0..rounds(500) {
        let bits = operand(&mut routines, float::from_f64(1.0));
        assert_eq!(
            text(&mut routines, "rt_str_float", state(bits, 0)),
            float::to_text(bits),
            "{}",
            show(bits)
        );
    }
}

#[test]
fn texts_of_fixed_point() {
    let mut routines = link_text();
    for n in 0..=0xffffu16 {
        let [a, x] = n.to_le_bytes();
        let expected = fixed::to_text(i32::from(n as i16), 8);
        assert_eq!(text(&mut routines, "rt_str_f16", State { a, x, ..state(0, 0) }), expected, "{n:x}");
    }
    for _ in 0..rounds(8000) {
        let n = routines.operand();
        assert_eq!(text(&mut routines, "rt_str_f32", state(n, 0)), fixed::to_text(n as i32, 16), "{n:x}");
    }
}

#[test]
fn decimals_are_cut_off_and_filled_up() {
    let mut routines = link_text();
    let cases = [
        (3.24159, 2, "3.24"),
        (-42.0, 3, "-42.000"),
        (3.9, 0, "3"),
        (1.5e10, 2, "1.50E+10"),
        (2e-9, 0, "2E-09"),
    ];
    for (value, decimals, expected) in cases {
        text(&mut routines, "rt_str_float", state(float::from_f64(value), 0));
        let before = State { a: decimals, ..state(0, 0) };
        assert_eq!(text(&mut routines, "rt_str_decimals", before), expected);
    }
    text(&mut routines, "rt_str_float", state(float::from_f64(1.5e10), 0));
    let long = text(&mut routines, "rt_str_decimals", State { a: 255, ..state(0, 0) });
    assert_eq!((long.len(), &long[..5]), (255, "1.500"));
}

/// 200 terms of the sum of 1/x² and 20 Newton square roots: the operations of a typical program.
#[test]
fn typical_operations_stay_fast() {
    let mut routines = link();
    let mut cycles = 0;
    let mut operate = |name, a, b| {
        let after = routines.call(name, state(a, b));
        cycles += after.cycles;
        after.ra
    };
    let (one, half) = (float::from_f64(1.0), float::from_f64(0.5));
    let (mut sum, mut x) = (0, one);
    for _ in 0..200 {
        let square = operate("rt_fmul", x, x);
        let term = operate("rt_fdiv", one, square);
        sum = operate("rt_fadd", sum, term);
        x = operate("rt_fadd", x, one);
    }
    for n in 1..=20 {
        let radicand = float::from_f64(f64::from(n));
        let mut root = radicand;
        for _ in 0..12 {
            let quotient = operate("rt_fdiv", radicand, root);
            let twice = operate("rt_fadd", root, quotient);
            root = operate("rt_fmul", twice, half);
        }
    }
    assert!(cycles < 700_000, "{cycles}");
}
