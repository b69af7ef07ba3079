//! The bundled modules `text` and `random`: every function, linked statically and loaded at run time,
//! without and with optimisation.

#[path = "support/library.rs"]
mod support;

use std::collections::BTreeSet;

use pycoc::c64::float;
use pycoc::driver::library;
use support::{WAYS, printed, prints};

/// A program that uses `text`; `body` is the body of `main`, with two strings and two numbers.
fn with_text(names: &str, head: &str, body: &str) -> String {
    let start = "    s: string[20] = \"\"\n    t: string[20] = \"\"\n    i: byte = 0\n    n: int = 0\n    w: word = 0\n";
    let body: String = body.lines().map(|line| format!("    {}\n", line.trim())).collect();
    format!("from text import {names}\n{head}def main():\n{start}{body}    print(t, i, n, w)\n")
}

/// Checks expressions, with "BANANAS" in `s`.
fn values(names: &str, values: &[(&str, &str)]) {
    let body: String = values.iter().map(|(call, _)| format!("print({call}, \"\\n\")\n")).collect();
    let expected: String = values.iter().map(|(_, text)| format!("{text}\n")).collect();
    prints(&with_text(names, "", &format!("s = \"BANANAS\"\n{body}")), &format!("{expected}000"));
}

#[test]
fn searching_in_texts() {
    values(
        "NOT_FOUND, contains, count, ends_with, fields, find, find_char, is_digit, is_letter, starts_with",
        &[
            ("text.find(s, \"AN\")", "1"),
            ("text.find(s, \"NAS\")", "4"),
            ("text.find(s, \"X\")", "255"),
            ("text.find(s, \"\")", "0"),
            ("text.find(\"\", \"A\")", "255"),
            ("text.find(s, \"BANANASS\")", "255"),
            ("text.find(s, s)", "0"),
            ("text.find_char(s, \"A\", 0)", "1"),
            ("text.find_char(s, \"A\", 2)", "3"),
            ("text.find_char(s, \"B\", 1) == text.NOT_FOUND", "TRUE"),
            ("text.contains(s, \"NAN\")", "TRUE"),
            ("text.contains(s, \"NAB\")", "FALSE"),
            ("text.starts_with(s, \"BAN\")", "TRUE"),
            ("text.starts_with(s, \"AN\")", "FALSE"),
            ("text.starts_with(\"A\", \"AB\")", "FALSE"),
            ("text.ends_with(s, \"AS\")", "TRUE"),
            ("text.ends_with(s, \"A\")", "FALSE"),
            ("text.ends_with(\"A\", \"BA\")", "FALSE"),
            ("text.count(s, \"A\")", "3"),
            ("text.count(s, \"X\")", "0"),
            ("text.fields(s, \"N\")", "3"),
            ("text.fields(\"\", \",\")", "1"),
            (
                "text.is_digit(\"0\"), text.is_digit(\"9\"), text.is_digit(\"/\"), text.is_digit(\":\")",
                "TRUETRUEFALSEFALSE",
            ),
            ("text.is_letter(\"A\"), text.is_letter(\"Z\")", "TRUETRUE"),
            ("text.is_letter(\"@\"), text.is_letter(\"[\")", "FALSEFALSE"),
        ],
    );
}

#[test]
fn changing_texts() {
    let names = "field, pad_left, pad_right, replace, reverse, slice, trim";
    let body = r#"s = "  A B  "
        text.trim(s)
        print("[", s, "]")
        s = "   "
        text.trim(s)
        print("[", s, "]\n")
        s = "ABCDE"
        text.reverse(s)
        print(s)
        s = "ABCD"
        text.reverse(s)
        print(s, "\n")
        text.replace(s, "C", "-")
        print(s, "\n")
        s = "42"
        text.pad_left(s, 5, "0")
        print(s)
        text.pad_left(s, 3, "0")
        text.pad_right(s, 8, ".")
        print(s, "\n")
        s = "ONE,TWO,,FOUR"
        for i in range(5):
        ____print(text.field(s, ",", i, t), t, " ")
        text.slice(s, 4, 7, t)
        print("\n", t)
        text.slice(s, 9, 200, s)
        print(s)
        text.slice(s, 3, 3, s)
        print("[", s, "]\n")"#;
    let expected =
        "[A B][]\nEDCBADCBA\nD-BA\n0004200042...\nTRUEONE TRUETWO TRUE TRUEFOUR FALSE \nTWOFOUR[]\nTWO400";
    prints(&with_text(names, "", body).replace("____", "    "), expected);
}

#[test]
fn numbers_in_texts() {
    let names = "parse_hex, parse_int, parse_word, to_binary, to_hex";
    let mut body = String::new();
    let mut expected = String::new();
    let mut last = 0;
    for text in ["0", "7", "65535", "65536", "", "-1", "12A", "99999999999", "00042", "429496729600"] {
        let value = text.parse::<u16>().ok();
        last = value.unwrap_or(last);
        body += &format!("print(text.parse_word(\"{text}\", w), w, \"\\n\")\n");
        expected += &format!("{}{last}\n", value.is_some().to_string().to_uppercase());
    }
    let mut last = 0;
    for text in ["5", "-5", "+5", "32767", "32768", "-32768", "-32769", "-", "+", "", "--1", "1-"] {
        let value = text.parse::<i16>().ok();
        last = value.unwrap_or(last);
        body += &format!("print(text.parse_int(\"{text}\", n), n, \"\\n\")\n");
        expected += &format!("{}{last}\n", value.is_some().to_string().to_uppercase());
    }
    let mut hex = 0;
    for text in ["0", "FF", "a0F9", "12345", "", "G", "-1", "9:"] {
        let value = u16::from_str_radix(text, 16).ok();
        hex = value.unwrap_or(hex);
        body += &format!("print(text.parse_hex(\"{text}\", w), w, \"\\n\")\n");
        expected += &format!("{}{hex}\n", value.is_some().to_string().to_uppercase());
    }
    for (value, digits) in [(0, 1), (0xA5, 2), (0xBEEF, 4), (0xBEEF, 3)] {
        body += &format!("text.to_hex({value}, {digits}, t)\nprint(t, \"\\n\")\n");
        let all = format!("{value:04X}");
        expected += &format!("{}\n", &all[4 - digits..]);
    }
    body += "text.to_binary(0xA5, t)\n";
    expected += &format!("101001010{last}{hex}");
    prints(&with_text(names, "", &body), &expected);
}

#[test]
fn both_cases() {
    let body = "s = \"Hello, World 9[\"\ntext.upper(s)\nprint(s)\ntext.lower(s)\nprint(s, text.is_letter(s[0]), \"\\n\")";
    let main = with_text("is_letter, lower, upper", "@lowercase\n", body);
    prints(&main, "HELLO, WORLD 9[hello, world 9[True\n000");
}

/// The generator of `random`.
struct Generator {
    x: u16,
    step: u8,
}

impl Generator {
    fn new(seed: u16) -> Self {
        if seed == 0 { Self { x: 0x9D5C, step: 128 } } else { Self { x: seed, step: 0 } }
    }

    fn rand8(&mut self) -> u8 {
        self.x ^= self.x << 7;
        self.x ^= self.x >> 9;
        self.x ^= self.x << 8;
        self.step = self.step.wrapping_add(0x9D);
        self.x.to_be_bytes()[0].wrapping_add(self.step)
    }

    fn rand16(&mut self) -> u16 {
        let high = self.rand8();
        u16::from_be_bytes([high, self.rand8()])
    }

    fn below(&mut self, n: u8) -> u8 {
        let rest = if n == 0 { 0 } else { 256 % u16::from(n) };
        loop {
            let product = u16::from(self.rand8()) * u16::from(n);
            if product % 256 >= rest {
                return (product >> 8) as u8;
            }
        }
    }

    fn below16(&mut self, n: u16) -> u16 {
        let rest = if n == 0 { 0 } else { 65536 % u32::from(n) };
        loop {
            let product = u32::from(self.rand16()) * u32::from(n);
            if product % 65536 >= rest {
                return (product >> 16) as u16;
            }
        }
    }
}

#[test]
fn chance_follows_the_seed() {
    let body = [
        ("rand8()", 20),
        ("rand16()", 10),
        ("below(6)", 20),
        ("below(200)", 20),
        ("below(0)", 1),
        ("below16(1000)", 10),
        ("below16(40000)", 10),
        ("below16(0)", 1),
        ("randint(-5, 5)", 10),
        ("randint(-20000, 20000)", 5),
        ("randint(-32768, 32767)", 5),
        ("chance(200)", 10),
    ];
    let mut main = String::from(
        "from random import below, below16, chance, rand8, rand16, randint, random, seed, shuffle\n\
         def main():\n    i: byte\n    f: float\n    bits: alias[dword]\n    \
         bytes: array[byte, 30]\n    alias(bits, addr(f))\n",
    );
    let mut expected = String::new();
    for seed in [0, 1, 0x9D5C, 65535] {
        let mut chance = Generator::new(seed);
        main += &format!("    random.seed({seed})\n");
        for (call, times) in body {
            main += &format!("    for i in range({times}):\n        print(random.{call}, \"\\n\")\n");
            for _ in 0..times {
                let value = match call {
                    "rand8()" => i64::from(chance.rand8()),
                    "rand16()" => i64::from(chance.rand16()),
                    "below(6)" => i64::from(chance.below(6)),
                    "below(200)" => i64::from(chance.below(200)),
                    "below(0)" => i64::from(chance.below(0)),
                    "below16(1000)" => i64::from(chance.below16(1000)),
                    "below16(40000)" => i64::from(chance.below16(40000)),
                    "below16(0)" => i64::from(chance.below16(0)),
                    "randint(-5, 5)" => i64::from(chance.below(11)) - 5,
                    "randint(-20000, 20000)" => i64::from(chance.below16(40001)) - 20000,
                    "randint(-32768, 32767)" => i64::from(chance.rand16() as i16),
                    _ => i64::from(chance.rand8() < 200),
                };
                let truth = |n| if n == 0 { "FALSE".to_string() } else { "TRUE".to_string() };
                expected += &if call == "chance(200)" { truth(value) } else { value.to_string() };
                expected.push('\n');
            }
        }
        main += "    f = random.random()\n    print(bits, \"\\n\")\n    \
                 for i in range(30):\n        bytes[i] = i\n    random.shuffle(bytes, 30)\n    \
                 random.shuffle(bytes, 0)\n    random.shuffle(bytes, 1)\n    \
                 for i in range(30):\n        print(bytes[i], \"\\n\")\n";
        let fraction = u32::from(chance.rand16()) << 8 | u32::from(chance.rand8());
        expected += &format!("{}\n", float::from_f64(f64::from(fraction) / 16_777_216.0));
        let mut bytes: Vec<u8> = (0..30).collect();
        for last in (1..30).rev() {
            let other = chance.below(last + 1);
            bytes.swap(usize::from(last), usize::from(other));
        }
        expected.extend(bytes.iter().map(|b| format!("{b}\n")));
    }
    prints(&main, &expected);
}

#[test]
fn all_bytes_are_as_likely() {
    let mut chance = Generator::new(1);
    let mut counts = [0u32; 256];
    let start = (chance.x, chance.step);
    let mut period = 0u32;
    while period == 0 || (chance.x, chance.step) != start {
        counts[usize::from(chance.rand8())] += 1;
        period += 1;
    }
    assert_eq!((period, counts), (65535 * 256, [65535; 256]), "as the head of random.pyco says");
}

#[test]
fn the_machine_gives_seeds() {
    let main = "from random import entropy, noise, noise_on, rand16, randomize\ndef main():\n    i: byte\n    \
        random.noise_on()\n    for i in range(4):\n        print(random.noise(), \"\\n\")\n    \
        for i in range(4):\n        print(random.entropy(), \"\\n\")\n    \
        for i in range(4):\n        random.randomize()\n        print(random.rand16(), \"\\n\")\n";
    for way in WAYS {
        let output = printed(main, way);
        for values in output.lines().collect::<Vec<_>>().chunks(4) {
            let different: BTreeSet<_> = values.iter().collect();
            assert!(values.len() == 4 && different.len() > 2, "{way:?}: {output}");
        }
    }
}

#[test]
fn every_public_name_of_the_library_is_tested_and_documented() {
    let tests = concat!(include_str!("library_math.rs"), include_str!("library_text.rs"));
    let page = include_str!("../docs/library.md");
    for (module, text) in library::MODULES {
        let names = text.lines().filter_map(|line| match line.strip_prefix("def ") {
            Some(rest) => rest.split('(').next(),
            None => line.split_once(" = ").map(|(name, _)| name).filter(|n| !n.starts_with([' ', '_'])),
        });
        for name in names.filter(|name| !name.starts_with('_')) {
            let listed = page.contains(&format!("`{name}(")) || page.contains(&format!("`{name}`"));
            assert!(listed, "{module}.{name} is not in docs/library.md");
            assert!(tests.contains(name), "{module}.{name} is not tested");
        }
    }
}
