//! Patterns of the back end: what a function of the middle IR computes from operands in memory, run
//! on the CPU at three levels and compared with Rust.
//!
//! In: rows, each with the lines of a function and its meaning. Out: a message for the first operands
//! with which a level computes something else.

#[path = "functions.rs"]
mod functions;

use functions::{Functions, next};
use mos6502::memory::Bus;
use mos6502::registers::Status;
use pycoc::driver::session::OptLevel;

/// Where the operands and the result lie.
const A: u16 = 0x0340;
const B: u16 = 0x0344;
const RESULT: u16 = 0x0348;

/// What an operation computes from two operands of `bits` bits.
pub type Meaning = Box<dyn Fn(u32, u32) -> u32>;

/// A function of the middle IR, and what it shall leave at `RESULT`.
pub struct Pattern {
    pub name: String,
    /// The lines of `b0` and further blocks; `A`, `B` and `R` stand for the addresses.
    pub body: String,
    /// Bits of the operands and bytes of the result.
    pub bits: u32,
    pub result: usize,
    /// False when the second operand is not used.
    pub binary: bool,
    pub meaning: Meaning,
}

pub fn long() -> bool {
    std::env::var_os("PYCOC_LONG").is_some()
}

pub fn signed(a: u32, bits: u32) -> i32 {
    (a << (32 - bits)) as i32 >> (32 - bits)
}

pub fn mask(bits: u32) -> u32 {
    u32::MAX >> (32 - bits)
}

/// The operations of two operands, in words of the text form.
pub fn operation(op: &str, bits: u32, a: u32, b: u32) -> u32 {
    let (sa, sb) = (signed(a, bits), signed(b, bits));
    let largest = mask(bits) >> 1;
    let result = match op {
        "add" => a.wrapping_add(b),
        "sub" => a.wrapping_sub(b),
        "mul" => a.wrapping_mul(b),
        "and" => a & b,
        "or" => a | b,
        "xor" => a ^ b,
        "udiv" => a.checked_div(b).unwrap_or(u32::MAX),
        "urem" => a.checked_rem(b).unwrap_or(a),
        "sdiv" if b == 0 => {
            if sa < 0 {
                largest + 1
            } else {
                largest
            }
        }
        "sdiv" => sa.wrapping_div(sb) as u32,
        "srem" if b == 0 => a,
        "srem" => sa.wrapping_rem(sb) as u32,
        "shl" => a.checked_shl(b).unwrap_or(0),
        "shr" => a.checked_shr(b).unwrap_or(0),
        "sar" => (sa >> b.min(31)) as u32,
        "eq" => (a == b).into(),
        "ne" => (a != b).into(),
        "ult" => (a < b).into(),
        "ule" => (a <= b).into(),
        "ugt" => (a > b).into(),
        "uge" => (a >= b).into(),
        "slt" => (sa < sb).into(),
        "sle" => (sa <= sb).into(),
        "sgt" => (sa > sb).into(),
        "sge" => (sa >= sb).into(),
        other => panic!("no operation {other}"),
    };
    result & mask(bits)
}

/// The patterns on a CPU.
fn compiled(patterns: &[Pattern], opt: OptLevel) -> Functions {
    let places = [("A]", A), ("B]", B), ("R]", RESULT), ("R + 1]", RESULT + 1), ("R + 2]", RESULT + 2)];
    let body = |pattern: &Pattern| {
        let mut body = pattern.body.clone();
        for (name, at) in places.into_iter().chain([("P]", B + 16), ("Q]", B + 18)]) {
            body = body.replace(&format!("[{name}"), &format!("[${at:04x}]"));
        }
        // The index in Q is 3 and the pointer in P points three below A.
        body.replace("[B0 + v9]", &format!("[${:04x} + v9]", B - 3))
    };
    let bodies: Vec<String> = patterns.iter().map(body).collect();
    let (mut functions, []) = Functions::new("", &bodies, [], opt);
    functions.cpu.memory.set_bytes(B + 16, &(A - 3).to_le_bytes());
    functions.cpu.memory.set_byte(B + 18, 3);
    functions
}

/// What a pattern leaves as its result.
fn call(functions: &mut Functions, k: usize, pattern: &Pattern, a: u32, b: u32) -> u32 {
    let cpu = &mut functions.cpu;
    cpu.memory.set_bytes(A, &a.to_le_bytes());
    cpu.memory.set_bytes(B, &b.to_le_bytes());
    cpu.memory.set_bytes(RESULT, &[0x5a; 4]);
    // Nothing may depend on what the registers and flags held.
    let noise = a.wrapping_mul(0x9e37_79b9).wrapping_add(b.wrapping_mul(0x85eb_ca6b));
    let [x, y, acc, flags] = noise.to_le_bytes();
    (cpu.registers.accumulator, cpu.registers.index_x, cpu.registers.index_y) = (acc, x, y);
    cpu.registers.status = Status::from_bits_truncate(flags & 0b1100_0011);
    functions.call(k, &pattern.name);
    let mut bytes = functions.bytes(RESULT, pattern.result);
    bytes.resize(4, 0);
    bytes.into_iter().rev().fold(0, |n, byte| n << 8 | u32::from(byte))
}

/// A word that is often near an edge.
pub fn word(seed: &mut u32) -> u32 {
    const EDGES: [u32; 16] = [
        0, 1, 2, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x101, 0x7fff, 0x8000, 0x8001, 0xff7f, 0xff80, 0xfffe, 0xffff,
    ];
    let random = next(seed);
    match next(seed) % 4 {
        0 => EDGES[random as usize % 16],
        1 => random >> 16 >> (random % 16),
        _ => random & 0xffff,
    }
}

/// A number of 32 bits of any width, often near an edge.
fn long_number(seed: &mut u32) -> u32 {
    let (random, edge) = (next(seed), word(seed));
    match next(seed) % 8 {
        0 => edge << 16 | edge,
        1 => edge,
        2 => edge.wrapping_neg(),
        3 => random,
        _ => random >> (edge % 32),
    }
}

/// Runs the patterns on all levels: every operand or pair of bytes, or many words.
pub fn check(patterns: &[Pattern], pairs: usize) {
    let mut calls = 0u64;
    for opt in [OptLevel::O0, OptLevel::O2, OptLevel::Os] {
        let mut functions = compiled(patterns, opt);
        for (k, pattern) in patterns.iter().enumerate() {
            let mut test = |a: u32, b: u32| {
                let expected = (pattern.meaning)(a, b) & mask(8 * pattern.result as u32);
                let found = call(&mut functions, k, pattern, a, b);
                calls += 1;
                assert!(
                    found == expected,
                    "{opt:?}: {} of {a:#x}, {b:#x}: {found:#x}, not {expected:#x}",
                    pattern.name
                );
            };
            let mut seed = 0x1234_5678 + k as u32;
            match (pattern.bits, pattern.binary) {
                (8, false) => (0..0x100).for_each(|a| test(a, 0)),
                (8, true) if long() => (0..0x1_0000).for_each(|pair| test(pair & 0xff, pair >> 8)),
                (8, true) => (0..0x1_0000).step_by(157).for_each(|pair| test(pair & 0xff, pair >> 8)),
                (32, _) => (0..pairs).for_each(|_| test(long_number(&mut seed), long_number(&mut seed))),
                (_, false) if pairs >= 0x1_0000 => (0..0x1_0000).for_each(|a| test(a, 0)),
                _ => (0..pairs).for_each(|_| test(word(&mut seed), word(&mut seed))),
            }
        }
    }
    println!("{} patterns at three levels, {calls} calls", patterns.len());
}
