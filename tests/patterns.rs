//! What the back end makes of each operation on operands of 8, 16 and 32 bits, against Rust: all pairs
//! of bytes, edge values and random numbers, at every level, for each place an operand can be in.
//!
//! In: small functions in the middle IR that load from fixed addresses, compute and store. They are
//! compiled and linked as they are, without the optimiser, and called on the CPU. With PYCOC_LONG
//! set, every pair of bytes, every constant byte, and a million pairs of words for each pattern.

#[path = "support/patterns.rs"]
mod support;

use support::{Meaning, Pattern, check, long, mask, operation, signed, word};

const ARITHMETIC: &[&str] =
    &["add", "sub", "mul", "and", "or", "xor", "udiv", "urem", "sdiv", "srem", "shl", "shr", "sar"];
const CONDITIONS: &[&str] = &["eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge"];

fn is_condition(op: &str) -> bool {
    CONDITIONS.contains(&op)
}

/// The operation `op` on `v0` and `v1`, stored.
fn compute(op: &str, bits: u32) -> String {
    match is_condition(op) {
        true => format!("v2: i1 = cmp {op} v0, v1\nv3: i8 = zext v2\nstore [R], v3\nreturn"),
        false => format!("v2: i{bits} = {op} v0, v1\nstore [R], v2\nreturn"),
    }
}

/// The same comparison as a branch.
fn branch(op: &str) -> String {
    format!(
        "v2: i1 = cmp {op} v0, v1\nv3: i8 = const 1\nv4: i8 = const 0\nbranch v2, b1, b2\nb1:\n\
         store [R], v3\nreturn\nb2:\nstore [R], v4\nreturn"
    )
}

fn pattern(name: String, bits: u32, op: &'static str, body: String) -> Pattern {
    let result = if is_condition(op) { 1 } else { bits as usize / 8 };
    let meaning = Box::new(move |a, b| operation(op, bits, a, b));
    Pattern { name, body, bits, result, binary: true, meaning }
}

/// A pattern of one operand.
fn unary(name: String, bits: u32, result: usize, body: String, meaning: Meaning) -> Pattern {
    Pattern { name, body, bits, result, binary: false, meaning }
}

/// Two operands in memory, in registers, through a pointer, indexed, and the same one twice.
fn two_operands(bits: u32) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for &op in ARITHMETIC.iter().chain(CONDITIONS) {
        let mut bodies = vec![("", compute(op, bits))];
        if is_condition(op) {
            bodies.push(("branch on ", branch(op)));
        }
        for (what, body) in bodies {
            let loads = format!("v0: i{bits} = load [A]\nv1: i{bits} = load [B]\n");
            let name = |place| format!("{what}{op} of i{bits} {place}");
            patterns.push(pattern(name("in memory"), bits, op, loads.clone() + &body));
            let held = loads.replace("load", "load volatile");
            patterns.push(pattern(name("in registers"), bits, op, held + &body));
            let pointers = format!(
                "v8: i16 = load [P]\nv9: i8 = load [Q]\nv0: i{bits} = load [v8 + v9]\nv1: i{bits} = load [B]\n"
            );
            patterns.push(pattern(name("through a pointer"), bits, op, pointers + &body));
            let indexed =
                format!("v9: i8 = load [Q]\nv0: i{bits} = load [A]\nv1: i{bits} = load [B0 + v9]\n");
            patterns.push(pattern(name("indexed"), bits, op, indexed + &body));
            let twice = body.replace("v1", "v0");
            let meaning = Box::new(move |a, _| operation(op, bits, a, a));
            let result = if is_condition(op) { 1 } else { bits as usize / 8 };
            let loads = format!("v0: i{bits} = load [A]\n");
            patterns.push(unary(name("with itself"), bits, result, loads + &twice, meaning));
        }
    }
    patterns
}

/// One operand a constant, on either side; in memory that is changed in place.
fn with_constants(bits: u32, constants: &[u32]) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for &op in ARITHMETIC.iter().chain(CONDITIONS) {
        for &n in constants {
            let n = n & mask(bits);
            let result = if is_condition(op) { 1 } else { bits as usize / 8 };
            let right = format!("v1: i{bits} = const {n}\nv0: i{bits} = load [A]\n");
            let left = format!("v0: i{bits} = const {n}\nv1: i{bits} = load [A]\n");
            let mut bodies = vec![("", compute(op, bits))];
            if is_condition(op) {
                bodies.push(("branch on ", branch(op)));
            }
            for (what, body) in bodies {
                let meaning = Box::new(move |a, _| operation(op, bits, a, n));
                let name = format!("{what}i{bits} {op} {n}");
                patterns.push(unary(name, bits, result, right.clone() + &body, meaning));
                let meaning = Box::new(move |a, _| operation(op, bits, n, a));
                let name = format!("{what}{n} {op} i{bits}");
                patterns.push(unary(name, bits, result, left.clone() + &body, meaning));
            }
            if !is_condition(op) {
                // The result replaces the operand, which goes to the place of results first.
                let body = format!(
                    "v3: i{bits} = load [A]\nstore [R], v3\nv1: i{bits} = const {n}\nv0: i{bits} = load [R]\n\
                     v2: i{bits} = {op} v0, v1\nstore [R], v2\nreturn"
                );
                let meaning = Box::new(move |a, _| operation(op, bits, a, n));
                patterns.push(unary(format!("i{bits} {op} {n} in place"), bits, result, body, meaning));
            }
        }
    }
    patterns
}

/// Extensions, truncations, single operands, choices, and bytes put together.
fn conversions() -> Vec<Pattern> {
    let one = |name: &str, bits: u32, result: usize, body: &str, meaning: fn(u32, u32) -> u32| {
        unary(
            name.to_string(),
            bits,
            result,
            format!("v0: i{bits} = load [A]\n{body}\nreturn"),
            Box::new(meaning),
        )
    };
    let two = |name: &str, bits: u32, result: usize, body: &str, meaning: fn(u32, u32) -> u32| Pattern {
        binary: true,
        ..unary(
            name.to_string(),
            bits,
            result,
            format!("v0: i{bits} = load [A]\nv1: i{bits} = load [B]\n{body}\nreturn"),
            Box::new(meaning),
        )
    };
    vec![
        one("neg i8", 8, 1, "v1: i8 = neg v0\nstore [R], v1", |a, _| a.wrapping_neg()),
        one("neg i16", 16, 2, "v1: i16 = neg v0\nstore [R], v1", |a, _| a.wrapping_neg()),
        one("not i8", 8, 1, "v1: i8 = not v0\nstore [R], v1", |a, _| !a),
        one("not i16", 16, 2, "v1: i16 = not v0\nstore [R], v1", |a, _| !a),
        one("zext", 8, 2, "v1: i16 = zext v0\nstore [R], v1", |a, _| a),
        one("sext", 8, 2, "v1: i16 = sext v0\nstore [R], v1", |a, _| signed(a, 8) as u32),
        one("sext to i32", 16, 4, "v1: i32 = sext v0\nstore [R], v1", |a, _| signed(a, 16) as u32),
        one("trunc", 16, 1, "v1: i8 = trunc v0\nstore [R], v1", |a, _| a),
        one(
            "high byte",
            16,
            1,
            "v1: i8 = const 8\nv2: i16 = shr v0, v1\nv3: i8 = trunc v2\nstore [R], v3",
            |a, _| a >> 8,
        ),
        one(
            "swap",
            16,
            2,
            "v1: i8 = const 8\nv2: i16 = shr v0, v1\nv3: i16 = shl v0, v1\nv4: i16 = or v2, v3\nstore [R], v4",
            |a, _| a >> 8 | a << 8,
        ),
        two(
            "word of bytes",
            8,
            2,
            "v2: i16 = zext v0\nv3: i16 = zext v1\nv4: i8 = const 8\nv5: i16 = shl v3, v4\nv6: i16 = or v2, v5\nstore [R], v6",
            |a, b| a | b << 8,
        ),
        two(
            "word plus byte",
            16,
            2,
            "v2: i8 = trunc v1\nv3: i16 = zext v2\nv4: i16 = add v0, v3\nstore [R], v4",
            |a, b| a + (b & 0xff),
        ),
        two(
            "word minus signed byte",
            16,
            2,
            "v2: i8 = trunc v1\nv3: i16 = sext v2\nv4: i16 = sub v0, v3\nstore [R], v4",
            |a, b| a.wrapping_sub(signed(b, 8) as u32),
        ),
        two(
            "product of bytes",
            8,
            2,
            "v2: i16 = zext v0\nv3: i16 = zext v1\nv4: i16 = mul v2, v3\nstore [R], v4",
            |a, b| a * b,
        ),
        two(
            "product of signed bytes",
            8,
            2,
            "v2: i16 = sext v0\nv3: i16 = sext v1\nv4: i16 = mul v2, v3\nstore [R], v4",
            |a, b| (signed(a, 8) * signed(b, 8)) as u32,
        ),
        two(
            "word times byte",
            16,
            2,
            "v2: i8 = trunc v1\nv3: i16 = zext v2\nv4: i16 = mul v0, v3\nstore [R], v4",
            |a, b| a * (b & 0xff),
        ),
        two(
            "high byte times word",
            16,
            2,
            "v2: i8 = const 8\nv3: i16 = shr v0, v2\nv4: i16 = mul v3, v1\nstore [R], v4",
            |a, b| (a >> 8) * b,
        ),
        two(
            "product of words",
            16,
            4,
            "v2: i32 = zext v0\nv3: i32 = zext v1\nv4: i32 = mul v2, v3\nstore [R], v4",
            |a, b| a * b,
        ),
        two(
            "product of signed words",
            16,
            4,
            "v2: i32 = sext v0\nv3: i32 = sext v1\nv4: i32 = mul v2, v3\nstore [R], v4",
            |a, b| (signed(a, 16) * signed(b, 16)) as u32,
        ),
        two(
            "product of a signed and an unsigned word",
            16,
            4,
            "v2: i32 = sext v0\nv3: i32 = zext v1\nv4: i32 = mul v2, v3\nstore [R], v4",
            |a, b| (signed(a, 16) as u32).wrapping_mul(b),
        ),
        two(
            "middle of a product",
            16,
            2,
            "v2: i32 = sext v0\nv3: i32 = sext v1\nv4: i32 = mul v2, v3\nv5: i8 = const 8\nv6: i32 = sar v4, v5\nv7: i16 = trunc v6\nstore [R], v7",
            |a, b| ((signed(a, 16) * signed(b, 16)) >> 8) as u32,
        ),
        two(
            "quotient and remainder",
            16,
            4,
            "v2: i16 = udiv v0, v1\nstore [R], v2\nv3: i16 = urem v0, v1\nstore [R + 2], v3",
            |a, b| operation("udiv", 16, a, b) | operation("urem", 16, a, b) << 16,
        ),
        two(
            "signed quotient and remainder",
            16,
            4,
            "v2: i16 = srem v0, v1\nstore [R + 2], v2\nv3: i16 = sdiv v0, v1\nstore [R], v3",
            |a, b| operation("sdiv", 16, a, b) | operation("srem", 16, a, b) << 16,
        ),
        two(
            "quotient and remainder of bytes",
            8,
            2,
            "v2: i8 = udiv v0, v1\nstore [R], v2\nv3: i8 = urem v0, v1\nstore [R + 1], v3",
            |a, b| operation("udiv", 8, a, b) | operation("urem", 8, a, b) << 8,
        ),
        two(
            "sum and one",
            16,
            2,
            "v2: i16 = add v0, v1\nv3: i16 = const 1\nv4: i16 = add v2, v3\nstore [R], v4",
            |a, b| a + b + 1,
        ),
        two(
            "sum of bytes and one",
            8,
            1,
            "v2: i8 = add v0, v1\nv3: i8 = const 255\nv4: i8 = sub v2, v3\nstore [R], v4",
            |a, b| a + b + 1,
        ),
        two(
            "word plus byte and one",
            16,
            2,
            "v2: i8 = trunc v1\nv3: i16 = zext v2\nv4: i16 = add v0, v3\nv5: i16 = const 1\nv6: i16 = add v4, v5\n\
             store [R], v6",
            |a, b| a + (b & 0xff) + 1,
        ),
        two(
            "difference less one",
            16,
            2,
            "v2: i16 = sub v0, v1\nv3: i16 = const 1\nv4: i16 = sub v2, v3\nstore [R], v4",
            |a, b| a.wrapping_sub(b).wrapping_sub(1),
        ),
        two(
            "difference of bytes less one",
            8,
            1,
            "v2: i8 = sub v0, v1\nv3: i8 = const 255\nv4: i8 = add v2, v3\nstore [R], v4",
            |a, b| a.wrapping_sub(b).wrapping_sub(1),
        ),
        two(
            "sum of multiples and one",
            16,
            2,
            "v2: i16 = const 1\nv3: i16 = shl v0, v2\nv4: i16 = shl v1, v2\nv5: i16 = add v3, v4\nv6: i16 = add v5, v2\n\
             store [R], v6",
            |a, b| (a << 1) + (b << 1) + 1,
        ),
        two(
            "sum that is a rotation, and one",
            16,
            2,
            "v2: i16 = const 1\nv3: i16 = const 15\nv4: i16 = shl v0, v2\nv5: i16 = shr v0, v3\nv6: i16 = add v4, v5\n\
             v7: i16 = add v6, v2\nstore [R], v7",
            |a, _| ((a << 1 | a >> 15) & 0xffff) + 1,
        ),
        two(
            "sum that shifts a bit in, and one",
            16,
            2,
            "v2: i16 = const 1\nv3: i16 = const 15\nv4: i16 = shl v0, v2\nv5: i16 = shr v1, v3\nv6: i16 = add v4, v5\n\
             v7: i16 = add v6, v2\nstore [R], v7",
            |a, b| ((a << 1 | b >> 15) & 0xffff) + 1,
        ),
        one(
            "exclusive or with its low byte above",
            16,
            2,
            "v1: i16 = const 8\nv2: i16 = shl v0, v1\nv3: i16 = xor v0, v2\nstore [R], v3",
            |a, _| (a ^ a << 8) & 0xffff,
        ),
        one(
            "exclusive or with its high byte below",
            16,
            2,
            "v1: i16 = const 9\nv2: i16 = shr v0, v1\nv3: i16 = xor v0, v2\nstore [R], v3",
            |a, _| a ^ a >> 9,
        ),
        one(
            "multiple of four plus three",
            16,
            2,
            "v1: i8 = const 2\nv2: i16 = shl v0, v1\nv3: i16 = const 3\nv4: i16 = add v2, v3\nstore [R], v4",
            |a, _| (a << 2) + 3,
        ),
        one(
            "twice and one",
            16,
            2,
            "v1: i16 = const 1\nv2: i16 = shl v0, v1\nv3: i16 = add v2, v1\nstore [R], v3",
            |a, _| (a << 1) + 1,
        ),
        one(
            "page plus number",
            16,
            2,
            "v1: i16 = const 63488\nv2: i16 = and v0, v1\nv3: i16 = const 1297\nv4: i16 = add v2, v3\nstore [R], v4",
            |a, _| (a & 0xf800) + 0x0511,
        ),
        two(
            "highest bit shifted into a byte",
            8,
            1,
            "v2: i8 = const 1\nv3: i8 = const 7\nv4: i8 = shl v0, v2\nv5: i8 = shr v1, v3\nv6: i8 = or v4, v5\nstore [R], v6",
            |a, b| a << 1 | b >> 7,
        ),
        two(
            "lowest bit shifted into a byte",
            8,
            1,
            "v2: i8 = const 1\nv3: i8 = const 7\nv4: i8 = shl v0, v3\nv5: i8 = shr v1, v2\nv6: i8 = or v5, v4\nstore [R], v6",
            |a, b| (a << 7 & 0xff) | b >> 1,
        ),
        two(
            "highest bit shifted into a word",
            16,
            2,
            "v2: i16 = const 1\nv3: i16 = const 15\nv4: i16 = shl v0, v2\nv5: i16 = shr v1, v3\nv6: i16 = xor v4, v5\nstore [R], v6",
            |a, b| a << 1 | b >> 15,
        ),
        two(
            "lowest bit shifted into a word",
            16,
            2,
            "v2: i16 = const 1\nv3: i16 = const 15\nv4: i16 = shl v0, v3\nv5: i16 = shr v1, v2\nv6: i16 = add v4, v5\nstore [R], v6",
            |a, b| (a << 15 & 0xffff) | b >> 1,
        ),
        two(
            "equal, else less",
            8,
            1,
            "v2: i8 = const 7\nv3: i8 = const 8\nv4: i8 = const 9\nv5: i1 = cmp eq v0, v1\nbranch v5, b1, b2\n\
             b1:\nstore [R], v2\nreturn\nb2:\nv6: i1 = cmp uge v0, v1\nbranch v6, b3, b4\n\
             b3:\nstore [R], v3\nreturn\nb4:\nstore [R], v4",
            |a, b| 8 + u32::from(a < b) - u32::from(a == b),
        ),
        two("maximum", 8, 1, "v2: i1 = cmp ult v0, v1\nv3: i8 = select v2, v1, v0\nstore [R], v3", |a, b| {
            a.max(b)
        }),
        two(
            "signed minimum of words",
            16,
            2,
            "v2: i1 = cmp slt v0, v1\nv3: i16 = select v2, v0, v1\nstore [R], v3",
            |a, b| signed(a, 16).min(signed(b, 16)) as u32,
        ),
        two(
            "both",
            8,
            1,
            "v2: i8 = const 9\nv3: i1 = cmp ult v0, v2\nv4: i1 = cmp sgt v1, v2\nv5: i1 = and v3, v4\nv6: i8 = zext v5\nstore [R], v6",
            |a, b| (a < 9 && signed(b, 8) > 9).into(),
        ),
    ]
}

/// Quotients and remainders of 32 bits, by divisors of which the width or the value is known.
fn long_divisions() -> Vec<Pattern> {
    const STORE: &str = "store [R], v9\nreturn";
    let narrow = |bits: u32| format!("v7: i32 = load [B]\nv8: i{bits} = trunc v7\nv1: i32 = zext v8\n");
    let number = |n: u32| format!("v1: i32 = const {n}\n");
    let constants = [3, 10, 60, 127, 128, 144, 200, 201, 256, 1000, 1920, 3600, 10000, 25600, 38400, 65535]
        .into_iter()
        .chain([65537, 86400, 100_000, 1_000_000, 0x00aa_0000, 0x8000_0001]);
    let mut divisors: Vec<_> = constants.map(|n| (n.to_string(), number(n), 0, n)).collect();
    divisors.push(("a byte".to_string(), narrow(8), 0xff, 0));
    divisors.push(("a word".to_string(), narrow(16), 0xffff, 0));
    let mut patterns = Vec::new();
    for (name, divisor, mask, n) in divisors {
        for sign in ["u", "s"] {
            let quotient = move |a: u32, b: u32| operation(&format!("{sign}div"), 32, a, b & mask | n);
            let remainder = move |a: u32, b: u32| operation(&format!("{sign}rem"), 32, a, b & mask | n);
            let mut add = |what: &str, code: &str, meaning: Meaning| {
                let code = code.replace('?', sign);
                let body = format!("v0: i32 = load [A]\n{divisor}{code}\n{STORE}");
                let name = format!("{sign} {what} by {name}");
                patterns.push(Pattern { binary: true, ..unary(name, 32, 4, body, meaning) });
            };
            add("quotient", "v9: i32 = ?div v0, v1", Box::new(quotient));
            add("remainder", "v9: i32 = ?rem v0, v1", Box::new(remainder));
            add(
                "quotient and remainder",
                "v2: i32 = ?div v0, v1\nv3: i32 = ?rem v0, v1\nv9: i32 = sub v2, v3",
                Box::new(move |a, b| quotient(a, b).wrapping_sub(remainder(a, b))),
            );
            add(
                "remainder, quotient and dividend",
                "v3: i32 = ?rem v0, v1\nv2: i32 = ?div v0, v1\nv4: i32 = sub v2, v3\nv9: i32 = sub v4, v0",
                Box::new(move |a, b| quotient(a, b).wrapping_sub(remainder(a, b)).wrapping_sub(a)),
            );
        }
    }
    patterns
}

#[test]
fn two_bytes() {
    check(&two_operands(8), 0);
}

#[test]
fn two_words() {
    check(&two_operands(16), if long() { 1_000_000 } else { 300 });
}

#[test]
fn a_byte_and_a_constant() {
    const EDGES: &[u32] = &[0, 1, 2, 3, 7, 8, 9, 10, 64, 100, 127, 128, 129, 200, 254, 255];
    if !long() {
        return check(&with_constants(8, EDGES), 0);
    }
    for part in 0..16 {
        let constants: Vec<u32> = (part * 16..part * 16 + 16).collect();
        check(&with_constants(8, &constants), 0);
    }
}

#[test]
fn a_word_and_a_constant() {
    const EDGES: &[u32] =
        &[0, 1, 2, 3, 8, 10, 15, 16, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x7fff, 0x8000, 0xff00, 0xfffe, 0xffff];
    for constants in EDGES.chunks(6) {
        check(&with_constants(16, constants), if long() { 0x1_0000 } else { 40 });
    }
    let mut seed = 99;
    for _ in 0..if long() { 20 } else { 0 } {
        let constants: Vec<u32> = (0..6).map(|_| word(&mut seed)).collect();
        check(&with_constants(16, &constants), 0x1_0000);
    }
}

#[test]
fn two_long_numbers() {
    check(&two_operands(32), if long() { 100_000 } else { 100 });
}

#[test]
fn a_long_number_and_a_constant() {
    const EDGES: &[u32] = &[
        0,
        1,
        2,
        10,
        0x80,
        0xff,
        0x100,
        1000,
        0x8000,
        0xffff,
        0x1_0000,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
    ];
    for constants in EDGES.chunks(3) {
        check(&with_constants(32, constants), if long() { 10_000 } else { 30 });
    }
}

#[test]
fn divisions_of_long_numbers() {
    check(&long_divisions(), if long() { 100_000 } else { 300 });
}

#[test]
fn conversions_and_combinations() {
    check(&conversions(), if long() { 1_000_000 } else { 2000 });
}
