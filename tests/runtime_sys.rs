//! The run time's strings, memory and text of numbers against Rust, on edge values and random ones;
//! and what their head comments promise about clobbered registers, zero page and cycles.

#[path = "support/routines.rs"]
mod routines;

use pycoc::c64::{fixed, float};
use routines::{Routines, State, rounds};

/// Memory that tests may fill: above the routines.
const AREA: u16 = 0x4000;
const AREA_SIZE: usize = 0x2000;

/// The routines that make texts of numbers, fast and small.
fn numbers() -> [Routines; 2] {
    [("number_fast.s", "div_fast.s"), ("number_small.s", "div_small.s")].map(|(digits, div)| {
        let files = ["number.s", digits, "number_fixed.s", "number_float.s", "text_upper.s", "div.s", div];
        Routines::link_with(&files, &[("rt_letter_e", 0x45)])
    })
}

/// Calls a routine that gives the address of a text, and reads it.
fn text(routines: &mut Routines, name: &str, before: State) -> String {
    let after = routines.call(name, before);
    let length = routines.memory(after.ax(), 1)[0];
    String::from_utf8(routines.memory(after.ax() + 1, length.into())).unwrap()
}

fn in_registers(value: u16) -> State {
    let [a, x] = value.to_le_bytes();
    State { a, x, y: 0x77, ..State::default() }
}

fn in_rt_a(value: u32) -> State {
    State { ra: value, a: 1, x: 2, y: 3, ..State::default() }
}

#[test]
fn text_of_small_integers() {
    for mut routines in numbers() {
        for value in 0..=255u8 {
            assert_eq!(text(&mut routines, "rt_str_u8", in_registers(value.into())), value.to_string());
            assert_eq!(
                text(&mut routines, "rt_str_i8", in_registers(value.into())),
                (value as i8).to_string()
            );
        }
        let step = if rounds(0) > 0 { 1 } else { 17 };
        for value in
            (0..=0xffff).step_by(step).chain([9, 10, 99, 100, 999, 1000, 9999, 10000, 0x7fff, 0x8000, 0xffff])
        {
            assert_eq!(text(&mut routines, "rt_str_u16", in_registers(value)), value.to_string());
            assert_eq!(text(&mut routines, "rt_str_i16", in_registers(value)), (value as i16).to_string());
        }
    }
}

#[test]
fn text_of_large_integers() {
    for mut routines in numbers() {
        let powers = (0..10).flat_map(|n| [10u32.pow(n) - 1, 10u32.pow(n)]);
        for value in powers.chain([99_999, 165_535, u32::MAX, 0x8000_0000, 0x7fff_ffff]) {
            assert_eq!(text(&mut routines, "rt_str_u32", in_rt_a(value)), value.to_string());
            assert_eq!(text(&mut routines, "rt_str_i32", in_rt_a(value)), (value as i32).to_string());
        }
        for _ in 0..rounds(1200) {
            let value = routines.operand();
            assert_eq!(text(&mut routines, "rt_str_u32", in_rt_a(value)), value.to_string());
            assert_eq!(text(&mut routines, "rt_str_i32", in_rt_a(value)), (value as i32).to_string());
        }
    }
}

#[test]
fn text_of_truth_values() {
    let [mut routines, _] = numbers();
    assert_eq!(text(&mut routines, "rt_str_bool", in_registers(0)), "FALSE");
    assert_eq!(text(&mut routines, "rt_str_bool", in_registers(0x80)), "TRUE");
}

#[test]
fn text_of_floats() {
    let [mut routines, _] = numbers();
    let values = [
        0.0,
        1.0,
        -2.75,
        3.5159,
        1234.5,
        99999.5,
        49999.75,
        9_999_999.0,
        9_999_999.5,
        10_000_000.0,
        16_777_215.0,
        10_000_005.0,
        0.0001,
        0.000_099_9,
        0.1,
        1.0 / 3.0,
        -2.0 / 3.0,
        1e10,
        1.5e-10,
        123_456_789.0,
        0.5,
        255.0,
        999_999.95,
        0.999_999_97,
        1e38,
        3e-39,
    ];
    let around = values.map(float::from_f64).into_iter().flat_map(|bits| {
        // The next float up, in the order of the bits from the exponent down.
        let next = bits.swap_bytes().wrapping_add(1).swap_bytes();
        [bits, next, float::LARGEST, 0x0000_0001, 0xffff_ff01]
    });
    for bits in around.collect::<Vec<_>>() {
        let expected = float::to_text(bits);
        assert_eq!(text(&mut routines, "rt_str_float", in_rt_a(bits)), expected, "{bits:08x}");
    }
    for round in 0..600 {
        // Half of them with an exponent near 1, where people print numbers.
        let bits = routines.random();
        let bits = if round % 2 == 0 { bits } else { bits & !0xff | (0x70 + bits % 0x30) };
        let expected = float::to_text(bits);
        assert_eq!(text(&mut routines, "rt_str_float", in_rt_a(bits)), expected, "{bits:08x}");
    }
}

#[test]
fn text_of_fixed_point_numbers() {
    for mut routines in numbers() {
        for value in (0..=0xffff).step_by(5) {
            let expected = fixed::to_text((value as i16).into(), 8);
            assert_eq!(text(&mut routines, "rt_str_f16", in_registers(value)), expected);
        }
        for _ in 0..rounds(1500) {
            let value = routines.operand();
            let expected = fixed::to_text(value as i32, 16);
            assert_eq!(text(&mut routines, "rt_str_f32", in_rt_a(value)), expected, "{value:08x}");
        }
    }
}

#[test]
fn decimals_are_cut_off_or_filled() {
    let [mut routines, _] = numbers();
    let mut cut = |number: f64, decimals: u8| {
        text(&mut routines, "rt_str_float", in_rt_a(float::from_f64(number)));
        text(&mut routines, "rt_str_decimals", in_registers(decimals.into()))
    };
    assert_eq!(cut(3.5159, 2), "3.51");
    assert_eq!(cut(-3.9, 0), "-3");
    assert_eq!(cut(-42.0, 3), "-42.000");
    assert_eq!(cut(1.5e10, 2), "1.50E+10");
    assert_eq!(cut(1.25e-7, 1), "1.2E-07");
    assert_eq!(cut(2e20, 0), "2E+20");
    let long = cut(2e20, 255);
    assert!(long.len() == 255 && long.starts_with("2.000"));
}

/// A string in memory.
fn put(routines: &mut Routines, address: u16, text: &[u8]) {
    routines.poke(address, &[text.len() as u8]);
    routines.poke(address + 1, text);
}

fn get(routines: &mut Routines, address: u16) -> Vec<u8> {
    let length = routines.memory(address, 1)[0];
    routines.memory(address + 1, length.into())
}

fn pointers(a: u16, b: u16, c: u16) -> State {
    State { ra: a.into(), rb: b.into(), rc: c.into(), a: 1, x: 2, y: 3, ..State::default() }
}

/// A random string, often short.
fn string(routines: &mut Routines, most: u32) -> Vec<u8> {
    let length = routines.operand() % (most + 1);
    (0..length).map(|_| (routines.random() % 3) as u8).collect()
}

#[test]
fn strings_are_copied_joined_and_compared() {
    let mut routines = Routines::link(&["string.s"]);
    let (a, b) = (AREA, AREA + 0x1f0);
    for _ in 0..rounds(600) {
        let (left, right) = (string(&mut routines, 120), string(&mut routines, 120));
        put(&mut routines, a, &left);
        put(&mut routines, b, &right);
        let order = routines.call("rt_str_cmp", pointers(a, b, 0)).a as i8;
        assert_eq!(order, left.cmp(&right) as i8, "{left:?} {right:?}");
        routines.call("rt_str_append", pointers(a, b, 0));
        assert_eq!(get(&mut routines, a), [&left[..], &right[..]].concat());
        routines.call("rt_str_append_char", pointers(a, 0x41, 0));
        assert_eq!(get(&mut routines, a), [&left[..], &right[..], &[0x41]].concat());
        routines.call("rt_str_copy", pointers(b, a, 0));
        assert_eq!(get(&mut routines, b), get(&mut routines, a));
        let times = routines.random() % 4;
        put(&mut routines, a, &left);
        put(&mut routines, b, &right[..right.len() / 3]);
        routines.call("rt_str_append_repeat", pointers(a, b, times as u16));
        let expected = [left, right[..right.len() / 3].repeat(times as usize)].concat();
        assert_eq!(get(&mut routines, a), expected);
    }
}

#[test]
fn a_string_can_be_appended_to_itself() {
    let mut routines = Routines::link(&["string.s"]);
    put(&mut routines, AREA, b"ABC");
    routines.call("rt_str_append", pointers(AREA, AREA, 0));
    assert_eq!(get(&mut routines, AREA), b"ABCABC");
    let long = [7; 255];
    put(&mut routines, AREA, &long);
    put(&mut routines, AREA + 0x200, &long);
    assert_eq!(routines.call("rt_str_cmp", pointers(AREA, AREA + 0x200, 0)).a, 0);
    routines.call("rt_str_append_char", pointers(AREA, 0x41, 0));
    assert_eq!(get(&mut routines, AREA), b"", "the length wraps");
}

/// Fills the area with random bytes and gives a copy of it.
fn noise(routines: &mut Routines) -> Vec<u8> {
    let bytes: Vec<u8> = (0..AREA_SIZE).map(|_| routines.random() as u8).collect();
    routines.poke(AREA, &bytes);
    bytes
}

/// A size that is often small or near a page.
fn size(routines: &mut Routines, most: usize) -> usize {
    let random = routines.random() as usize;
    match routines.random() % 4 {
        0 => random % 9,
        1 => (random % 4) * 256 + random / 8 % 5,
        2 => ((random % 4) * 256).saturating_sub(random / 8 % 5),
        _ => random % (most + 1),
    }
    .min(most)
}

/// The routines that move and fill memory, fast and small.
fn memory_routines() -> [Routines; 2] {
    ["memory_fast.s", "memory_small.s"].map(|loops| Routines::link(&["memory.s", loops]))
}

#[test]
fn memory_is_moved_in_both_directions() {
    for mut routines in memory_routines() {
        for round in 0..rounds(1500) / 10 {
            let mut expected = noise(&mut routines);
            let count = size(&mut routines, 1500);
            let from = 0x800 + routines.random() as usize % 0x400;
            let near = size(&mut routines, 600);
            let to = if round % 2 == 0 { from + near } else { from - near };
            routines.call("rt_mem_move", pointers(AREA + to as u16, AREA + from as u16, count as u16));
            expected.copy_within(from..from + count, to);
            assert_eq!(routines.memory(AREA, AREA_SIZE), expected, "{from} to {to}, {count}");
        }
    }
}

/// Within a tenth of loops by hand that are unrolled eightfold: 13.4 and 8.4 cycles a byte.
#[test]
fn large_areas_are_fast() {
    let [mut routines, _] = memory_routines();
    for (to, from) in [(0, 1), (1, 0)] {
        let cycles = routines.call("rt_mem_move", pointers(AREA + to, AREA + from, 4096)).cycles;
        assert!(cycles < 145 * 4096 / 10, "{cycles}");
    }
    let cycles = routines.call("rt_mem_fill", pointers(AREA, 7, 4096)).cycles;
    assert!(cycles < 9 * 4096, "{cycles}");
}

#[test]
fn memory_is_filled() {
    for mut routines in memory_routines() {
        for (name, width) in [("rt_mem_fill", 1), ("rt_mem_fill16", 2), ("rt_mem_fill32", 4)] {
            for _ in 0..rounds(750) / 10 {
                let mut expected = noise(&mut routines);
                let count = size(&mut routines, 0x1000 / width);
                let to = 0x100 + size(&mut routines, 0x600);
                let value = routines.random();
                let before = State { rb: value, ..pointers(AREA + to as u16, 0, count as u16) };
                routines.call(name, before);
                for element in expected[to..to + count * width].chunks_mut(width) {
                    element.copy_from_slice(&value.to_le_bytes()[..width]);
                }
                assert_eq!(routines.memory(AREA, AREA_SIZE), expected, "{name} {to} {count}");
            }
        }
    }
}

#[test]
fn rectangles_are_copied_with_overlap_in_every_direction() {
    for mut routines in memory_routines() {
        for round in 0..rounds(1000) / 10 {
            let before = noise(&mut routines);
            let mut stride = || if round % 3 == 0 { 40 + routines.random() as usize % 20 } else { 40 };
            let (stride, to_stride) = (stride(), stride());
            let (width, height) = (routines.random() as usize % 41, routines.random() as usize % 24);
            let from = 0x800 + routines.random() as usize % 0x200;
            let near = routines.random() as usize % 200;
            let to = if round % 2 == 0 { from + near } else { from - near };
            // dst, its stride, src, its stride, width, height in three times four bytes.
            let words = |low: u16, high: u16| u32::from(low) | u32::from(high) << 16;
            let state = State {
                ra: words(AREA + to as u16, to_stride as u16),
                rb: words(AREA + from as u16, stride as u16),
                rc: words(width as u16, height as u16),
                ..State::default()
            };
            routines.call("rt_block_copy", state);
            let mut expected = before.clone();
            for row in 0..height {
                let (source, target) = (from + row * stride, to + row * to_stride);
                expected[target..target + width].copy_from_slice(&before[source..source + width]);
            }
            assert_eq!(routines.memory(AREA, AREA_SIZE), expected, "{from} to {to}, {width} x {height}");
        }
    }
}
