//! What the back end makes of accesses to elements of arrays in loops, against Rust: copies and
//! exchanges of values of several bytes, indices of one and two bytes, sums as indices, fields of
//! small objects, comparisons of elements.
//!
//! In: small functions in the middle IR, compiled and linked without the optimiser, and called on the
//! CPU. Each runs its lines twice, in a loop, for all pairs of low element numbers and for random
//! ones. With PYCOC_LONG set, many more random ones.

#[path = "support/functions.rs"]
mod functions;

use functions::{Functions, next};
use mos6502::memory::Bus;
use pycoc::driver::session::OptLevel;

/// Where the element numbers and the result lie.
const A: u16 = 0x0340;
const B: u16 = 0x0344;
const RESULT: u16 = 0x0348;
/// Runs of the lines in a call.
const ROUNDS: usize = 2;
/// The arrays: the names of their globals and their sizes.
const ARRAYS: [(&str, usize); 3] = [("words", 1024), ("bytes", 640), ("small", 64)];
const WORDS: usize = 0;
const BYTES: usize = 1;
const SMALL: usize = 2;

/// The content of the arrays, and the result.
#[derive(Clone, PartialEq, Debug)]
struct Model {
    arrays: [Vec<u8>; 3],
    result: u16,
}

impl Model {
    fn word(&self, array: usize, at: usize) -> u16 {
        u16::from_le_bytes([self.arrays[array][at], self.arrays[array][at + 1]])
    }

    fn set(&mut self, array: usize, at: usize, value: u16) {
        self.arrays[array][at..at + 2].copy_from_slice(&value.to_le_bytes());
    }

    fn byte(&self, array: usize, at: usize) -> u16 {
        self.arrays[array][at].into()
    }
}

/// Lines with the element numbers in `v0` and `v1`, both below `limit`, and what they do.
struct Pattern {
    name: &'static str,
    limit: usize,
    lines: &'static str,
    meaning: fn(&mut Model, usize, usize),
}

const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "copy a word",
        limit: 510,
        lines: "v10: i8 = const 1\nv11: i16 = shl v0, v10\nv12: i16 = shl v1, v10\n\
                v13: i16 = load [@words + v11]\nstore [@words + v12], v13",
        meaning: |m, i, j| {
            let value = m.word(WORDS, 2 * i);
            m.set(WORDS, 2 * j, value);
        },
    },
    Pattern {
        name: "copy a word to the next element",
        limit: 510,
        lines: "v10: i8 = const 1\nv11: i16 = shl v0, v10\nv13: i16 = load [@words + v11]\n\
                store [@words + v11 + 2], v13",
        meaning: |m, i, _| {
            let value = m.word(WORDS, 2 * i);
            m.set(WORDS, 2 * i + 2, value);
        },
    },
    Pattern {
        name: "copy a word with indices of bytes",
        limit: 31,
        lines: "v10: i8 = const 1\nv20: i8 = trunc v0\nv21: i8 = trunc v1\nv11: i8 = shl v20, v10\n\
                v12: i8 = shl v21, v10\nv13: i16 = load [@small + v11]\nstore [@small + v12 + 2], v13",
        meaning: |m, i, j| {
            let value = m.word(SMALL, 2 * i);
            m.set(SMALL, 2 * j + 2, value);
        },
    },
    Pattern {
        name: "copy a word from any byte to any byte",
        limit: 62,
        lines: "v20: i8 = trunc v0\nv21: i8 = trunc v1\nv13: i16 = load [@small + v20]\n\
                store [@small + v21], v13",
        meaning: |m, i, j| {
            let value = m.word(SMALL, i);
            m.set(SMALL, j, value);
        },
    },
    Pattern {
        name: "copy a word from any byte to any byte of a large array",
        limit: 1000,
        lines: "v13: i16 = load [@words + v0]\nstore [@words + v1 + 1], v13",
        meaning: |m, i, j| {
            let value = m.word(WORDS, i);
            m.set(WORDS, j + 1, value);
        },
    },
    Pattern {
        name: "copy four bytes",
        limit: 255,
        lines: "v10: i8 = const 2\nv11: i16 = shl v0, v10\nv12: i16 = shl v1, v10\n\
                v13: i32 = load [@words + v11]\nstore [@words + v12], v13",
        meaning: |m, i, j| m.arrays[WORDS].copy_within(4 * i..4 * i + 4, 4 * j),
    },
    Pattern {
        name: "exchange words",
        limit: 510,
        lines: "v10: i8 = const 1\nv11: i16 = shl v0, v10\nv12: i16 = shl v1, v10\n\
                v13: i16 = load [@words + v11]\nv14: i16 = load [@words + v12]\n\
                store [@words + v11], v14\nstore [@words + v12], v13",
        meaning: |m, i, j| {
            let (a, b) = (m.word(WORDS, 2 * i), m.word(WORDS, 2 * j));
            m.set(WORDS, 2 * i, b);
            m.set(WORDS, 2 * j, a);
        },
    },
    Pattern {
        name: "add one word to another",
        limit: 510,
        lines: "v10: i8 = const 1\nv11: i16 = shl v0, v10\nv12: i16 = shl v1, v10\n\
                v13: i16 = load [@words + v11]\nv14: i16 = load [@words + v12]\n\
                v15: i16 = add v14, v13\nstore [@words + v12], v15",
        meaning: |m, i, j| {
            let sum = m.word(WORDS, 2 * i).wrapping_add(m.word(WORDS, 2 * j));
            m.set(WORDS, 2 * j, sum);
        },
    },
    Pattern {
        name: "add elements of two arrays",
        limit: 510,
        lines: "v10: i8 = const 1\nv12: i16 = shl v1, v10\nv13: i8 = load [@bytes + v0 + 7]\n\
                v14: i16 = load [@words + v12]\nv15: i16 = zext v13\nv16: i16 = add v14, v15\n\
                store [R], v16",
        meaning: |m, i, j| m.result = m.word(WORDS, 2 * j).wrapping_add(m.byte(BYTES, i + 7)),
    },
    Pattern {
        name: "an index that is a sum with a byte",
        limit: 256,
        lines: "v10: i8 = trunc v1\nv11: i16 = zext v10\nv12: i16 = add v0, v11\n\
                v13: i8 = load [@bytes + v12]\nv14: i16 = zext v13\nstore [R], v14",
        meaning: |m, i, j| m.result = m.byte(BYTES, i + j),
    },
    Pattern {
        name: "an index that is a sum of words",
        limit: 300,
        lines: "v12: i16 = add v0, v1\nv13: i8 = load [@bytes + v12]\nv14: i16 = zext v13\n\
                store [R], v14",
        meaning: |m, i, j| m.result = m.byte(BYTES, i + j),
    },
    Pattern {
        name: "fields of objects of three bytes",
        limit: 200,
        lines: "v9: i16 = const 3\nv10: i8 = trunc v0\nv11: i16 = zext v10\nv12: i16 = mul v11, v9\n\
                v13: i16 = load [@bytes + v12]\nv14: i8 = load [@bytes + v12 + 2]\nv15: i16 = zext v14\n\
                v16: i16 = add v13, v15\nstore [@bytes + v12], v16\nstore [R], v16",
        meaning: |m, i, _| {
            m.result = m.word(BYTES, 3 * i).wrapping_add(m.byte(BYTES, 3 * i + 2));
            m.set(BYTES, 3 * i, m.result);
        },
    },
    Pattern {
        name: "one byte of objects of five bytes",
        limit: 120,
        lines: "v9: i16 = const 5\nv10: i8 = trunc v0\nv11: i16 = zext v10\nv12: i16 = mul v11, v9\n\
                v14: i8 = load [@bytes + v12 + 2]\nv15: i8 = add v14, v10\nstore [@bytes + v12 + 2], v15",
        meaning: |m, i, _| m.arrays[BYTES][5 * i + 2] = m.arrays[BYTES][5 * i + 2].wrapping_add(i as u8),
    },
    Pattern {
        name: "many elements of one array",
        limit: 300,
        lines: "v10: i16 = add v0, v1\nv11: i16 = xor v0, v1\nv12: i8 = load [@bytes + v0]\n\
                v13: i8 = load [@bytes + v1]\nv14: i8 = load [@bytes + v10]\nv15: i8 = load [@bytes + v11]\n\
                v16: i8 = add v12, v13\nv17: i8 = sub v14, v15\nstore [@bytes + v1], v17\n\
                store [@bytes + v0], v16\nstore [@bytes + v11], v12",
        meaning: |m, i, j| {
            let [a, b, c, d] = [i, j, i + j, i ^ j].map(|at| m.arrays[BYTES][at]);
            m.arrays[BYTES][j] = c.wrapping_sub(d);
            m.arrays[BYTES][i] = a.wrapping_add(b);
            m.arrays[BYTES][i ^ j] = a;
        },
    },
    Pattern {
        name: "elements through a pointer",
        limit: 300,
        lines: "v10: i16 = addr [@bytes]\nv11: i8 = const 1\nv12: i16 = shl v0, v11\nv13: i16 = shl v1, v11\n\
                v14: i16 = load [v10 + v12]\nstore [v10 + v13], v14",
        meaning: |m, i, j| {
            let value = m.word(BYTES, 2 * i);
            m.set(BYTES, 2 * j, value);
        },
    },
    Pattern {
        name: "elements in both branches",
        limit: 510,
        lines: "v10: i8 = const 1\nv11: i16 = shl v0, v10\nv12: i16 = shl v1, v10\n\
                v13: i16 = load [@words + v11]\nv14: i16 = load [@words + v12]\n\
                v15: i1 = cmp ult v13, v14\nbranch v15, b4, b5\n\
                b4:\nstore [@words + v11], v14\njump b2\nb5:\nv16: i8 = load [@bytes + v0]\n\
                v17: i16 = zext v16\nstore [@words + v12], v17\njump b2",
        meaning: |m, i, j| {
            let (a, b) = (m.word(WORDS, 2 * i), m.word(WORDS, 2 * j));
            match a < b {
                true => m.set(WORDS, 2 * i, b),
                false => m.set(WORDS, 2 * j, m.byte(BYTES, i)),
            }
        },
    },
    Pattern {
        name: "an element against a number",
        limit: 510,
        lines: "v10: i8 = const 1\nv11: i16 = shl v0, v10\nv12: i16 = const 4660\n\
                v13: i16 = load [@words + v11]\nv14: i1 = cmp uge v13, v12\nv15: i16 = zext v14\n\
                store [R], v15",
        meaning: |m, i, _| m.result = (m.word(WORDS, 2 * i) >= 4660).into(),
    },
    Pattern {
        name: "shifts of elements",
        limit: 510,
        lines: "v10: i8 = const 1\nv11: i16 = shl v0, v10\nv12: i8 = const 3\n\
                v13: i16 = load [@words + v11]\nv14: i16 = shl v13, v10\nv15: i16 = load [@bytes + v0]\n\
                v16: i16 = shr v15, v12\nv17: i16 = add v14, v16\nstore [R], v17",
        meaning: |m, i, _| m.result = (m.word(WORDS, 2 * i) << 1).wrapping_add(m.word(BYTES, i) >> 3),
    },
    Pattern {
        name: "bytes that a mask keeps",
        limit: 1000,
        lines: "v10: i16 = const 65528\nv11: i16 = and v0, v10\nv12: i16 = const 3840\nv13: i16 = or v1, v12\n\
                v14: i16 = const 240\nv15: i16 = xor v0, v14\nv16: i16 = add v11, v13\n\
                v17: i16 = sub v16, v15\nstore [R], v17",
        meaning: |m, i, j| {
            let (i, j) = (i as u16, j as u16);
            m.result = (i & 0xfff8).wrapping_add(j | 0x0f00).wrapping_sub(i ^ 0x00f0);
        },
    },
];

/// The patterns on a CPU, and where the arrays lie.
fn compiled(opt: OptLevel) -> (Functions, [u16; 3]) {
    let declared: String = ARRAYS.iter().map(|(name, size)| format!("global @{name} bss {size}\n")).collect();
    let body = |pattern: &Pattern| {
        let lines = pattern.lines.replace("[R]", &format!("[${RESULT:04x}]"));
        let end = if lines.ends_with("jump b2") { "" } else { "\njump b2" };
        format!(
            "v0: i16 = load [${A:04x}]\nv1: i16 = load [${B:04x}]\nv2: i8 = const {ROUNDS}\njump b1(v2)\n\
             b1(v3: i8):\n{lines}{end}\nb2:\nv80: i8 = const 1\nv81: i8 = sub v3, v80\n\
             v82: i8 = const 0\nv83: i1 = cmp ne v81, v82\nbranch v83, b1(v81), b3\nb3:\nreturn"
        )
    };
    let bodies: Vec<String> = PATTERNS.iter().map(body).collect();
    Functions::new(&declared, &bodies, ARRAYS.map(|(name, _)| name), opt)
}

/// What a pattern makes of the arrays.
fn call(functions: &mut Functions, arrays: [u16; 3], k: usize, before: &Model, i: usize, j: usize) -> Model {
    let memory = &mut functions.cpu.memory;
    memory.set_bytes(A, &(i as u16).to_le_bytes());
    memory.set_bytes(B, &(j as u16).to_le_bytes());
    memory.set_bytes(RESULT, &before.result.to_le_bytes());
    for (at, content) in arrays.iter().zip(&before.arrays) {
        memory.set_bytes(*at, content);
    }
    functions.call(k, PATTERNS[k].name);
    let mut read = |at: u16, size: usize| functions.bytes(at, size);
    let mut after = before.clone();
    for ((content, at), (_, size)) in after.arrays.iter_mut().zip(arrays).zip(ARRAYS) {
        *content = read(at, size);
    }
    after.result = u16::from_le_bytes([read(RESULT, 1)[0], read(RESULT + 1, 1)[0]]);
    after
}

#[test]
fn elements_are_what_the_middle_ir_says() {
    let long = std::env::var_os("PYCOC_LONG").is_some();
    let (exhaustive, random) = if long { (64, 20_000) } else { (9, 60) };
    for opt in [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os] {
        let (mut functions, arrays) = compiled(opt);
        for (k, pattern) in PATTERNS.iter().enumerate() {
            let mut seed = 0x1234_5678 + k as u32;
            let mut before = Model { arrays: ARRAYS.map(|(_, size)| vec![0; size]), result: 0 };
            let mut test = |i: usize, j: usize, seed: &mut u32| {
                for content in before.arrays.iter_mut().flatten() {
                    *content = (next(seed) >> 8) as u8;
                }
                // Elements that differ in one byte only.
                if next(seed).is_multiple_of(4) {
                    before.arrays[WORDS].chunks_mut(2).for_each(|c| c[next(seed) as usize % 2] = 0x12);
                }
                let mut expected = before.clone();
                (0..ROUNDS).for_each(|_| (pattern.meaning)(&mut expected, i, j));
                let found = call(&mut functions, arrays, k, &before, i, j);
                assert!(found == expected, "{opt:?}: {} with {i} and {j}", pattern.name);
            };
            let few = exhaustive.min(pattern.limit);
            (0..few).for_each(|i| (0..few).for_each(|j| test(i, j, &mut seed)));
            for _ in 0..random {
                let mut element = || next(&mut seed) as usize % pattern.limit;
                let (i, j) = (element(), element());
                test(i, j, &mut seed);
            }
        }
    }
}
