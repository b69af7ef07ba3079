//! The bundled library: every function against values computed here, linked statically and loaded at
//! run time, without and with optimisation.

use std::collections::BTreeMap;

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::c64::float;
use pycoc::driver::build::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::library;
use pycoc::driver::session::{OptLevel, Options, Target};
use pycoc::sim::{Drive, Exit, Machine, RunOptions};

/// The module files of a dynamic program.
struct Disk(BTreeMap<Vec<u8>, Vec<u8>>);

impl Drive for Disk {
    fn open(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        self.0.get(name).cloned()
    }
}

const WAYS: [(Target, OptLevel); 2] = [(Target::Program, OptLevel::O0), (Target::Program, OptLevel::O2)];

/// What a program prints that is built in one way.
fn printed(main: &str, (target, opt): (Target, OptLevel)) -> String {
    let files = MemoryFiles::default();
    files.add("main.pyco", main);
    let options = Options { target, opt, ..Options::default() };
    let mut sink = Sink::default();
    let built = build(&files, &options, "main.pyco", &mut SourceMap::default(), &mut sink);
    let messages: Vec<&str> = sink.iter().map(|d| d.message.as_str()).collect();
    assert!(messages.is_empty(), "{messages:?}\n{main}");
    let built = built.unwrap();
    assert_eq!(built.libs.is_empty(), target == Target::Program);
    let libs = built.libs.into_iter().map(|(name, bytes)| (name.into_bytes(), bytes));
    let mut machine = Machine::new();
    machine.load_prg(&built.prg.unwrap()).unwrap();
    let outcome = machine.run(&RunOptions::default(), &mut Disk(libs.collect()));
    assert_eq!(outcome.exit, Exit::Returned, "{}\n{main}", outcome.output.text);
    outcome.output.text
}

/// Checks what a program prints, however it is built.
fn prints(main: &str, expected: &str) {
    for way in WAYS {
        assert_eq!(printed(main, way).trim_end(), expected.trim_end(), "{way:?}");
    }
}

/// What a call should give.
enum Want {
    Text(String),
    /// A float, and by how many units of its last bit the result may be off.
    Near(f64, f64),
}

/// A function, and its arguments and result a row.
struct Table {
    function: &'static str,
    types: &'static [&'static str],
    rows: Vec<(Vec<f64>, Want)>,
}

/// Integer arguments and results.
fn whole<T: ToString>(
    function: &'static str,
    types: &'static [&'static str],
    arguments: &[&[i64]],
    meaning: impl Fn(&[i64]) -> T,
) -> Table {
    let row = |args: &&[i64]| {
        (args.iter().map(|a| *a as f64).collect(), Want::Text(meaning(args).to_string().to_uppercase()))
    };
    Table { function, types, rows: arguments.iter().map(row).collect() }
}

/// Float arguments, which are rounded to what the C64 can hold, and a float result.
fn real(function: &'static str, arguments: &[&[f64]], ulps: f64, meaning: impl Fn(&[f64]) -> f64) -> Table {
    let row = |args: &&[f64]| {
        let args: Vec<f64> = args.iter().map(|a| float::to_f64(float::from_f64(*a))).collect();
        let want = Want::Near(meaning(&args), ulps);
        (args, want)
    };
    let types: &[&str] = if arguments[0].len() == 1 { &["float"] } else { &["float", "float"] };
    Table { function, types, rows: arguments.iter().map(row).collect() }
}

/// The program that prints a line for each row.
fn program(tables: &[Table]) -> String {
    let names: Vec<&str> = tables.iter().map(|t| t.function).collect();
    let mut text = format!("from math import {}\n", names.join(", "));
    let mut main = String::from(
        "def main():\n    i: byte\n    f: float\n    bits: alias[dword]\n    alias(bits, addr(f))\n",
    );
    for Table { function, types, rows } in tables {
        let mut arguments = Vec::new();
        for (c, ty) in types.iter().enumerate() {
            let value = |row: &(Vec<f64>, Want)| match *ty {
                "float" => format!("{:e}", row.0[c]),
                _ => row.0[c].to_string(),
            };
            let values: Vec<String> = rows.iter().map(value).collect();
            text += &format!("_{function}{c}: tuple[{ty}] = ({})\n", values.join(", "));
            arguments.push(format!("_{function}{c}[i]"));
        }
        let call = format!("math.{function}({})", arguments.join(", "));
        main += &format!("    for i in range({}):\n", rows.len());
        main += &match rows[0].1 {
            Want::Text(_) => format!("        print({call}, \"\\n\")\n"),
            Want::Near(..) => format!("        f = {call}\n        print(bits, \"\\n\")\n"),
        };
    }
    text + &main
}

fn check(tables: &[Table]) {
    let main = program(tables);
    for way in WAYS {
        let output = printed(&main, way);
        let mut lines = output.lines();
        for Table { function, rows, .. } in tables {
            for (args, want) in rows {
                let line = lines.next().unwrap_or_default();
                match want {
                    Want::Text(text) => assert_eq!(line, text, "{function}{args:?} {way:?}"),
                    Want::Near(exact, ulps) => {
                        let got = float::to_f64(line.parse().unwrap());
                        let unit = match *exact {
                            0.0 => 2f64.powi(-24),
                            exact => 2f64.powf(exact.abs().log2().floor() - 23.0),
                        };
                        let off = (got - exact).abs() / unit;
                        assert!(off <= *ulps, "{function}{args:?} {way:?}: {got}, not {exact}: {off} off");
                    }
                }
            }
        }
    }
}

/// Every argument as a row of its own.
fn each<T: Copy>(values: &[T]) -> Vec<[T; 1]> {
    values.iter().map(|v| [*v]).collect()
}

fn rows<T, const N: usize>(rows: &[[T; N]]) -> Vec<&[T]> {
    rows.iter().map(|row| &row[..]).collect()
}

const WORDS: &[i64] =
    &[0, 1, 2, 3, 4, 15, 16, 17, 99, 255, 256, 1023, 4095, 32767, 32768, 65024, 65025, 65535];

#[test]
fn whole_numbers() {
    let words = each(WORDS);
    let angles = each(&(0..256).step_by(5).collect::<Vec<i64>>());
    let pairs = [[0, 0], [0, 9], [12, 18], [1071, 462], [65535, 255], [17, 65521], [30000, 45000]];
    let powers = [[2, 0], [0, 0], [0, 3], [3, 10], [2, 15], [2, 16], [7, 255], [255, 2], [65535, 3]];
    let ints = [[5, 0, 9], [-1, 0, 9], [10, 0, 9], [-32768, -100, 100], [32767, -100, 100], [9, 9, 9]];
    let signs = each(&[0, 1, -1, 32767, -32768, 255, 256]);
    let ways =
        [[0, 255, 0], [0, 255, 255], [0, 255, 128], [255, 0, 128], [200, 100, 64], [7, 7, 99], [3, 4, 255]];
    let scales = [[1, 1, 1], [60000, 50000, 60001], [65535, 65535, 65535], [1000, 3, 7], [0, 5, 2]];
    let wave = |angle: i64| (127.0 * (angle as f64 * std::f64::consts::TAU / 256.0).sin()).round() as i64;
    let lerp = |a: &[i64]| {
        let part = (a[1] - a[0]).abs() * a[2] >> 8;
        if a[1] < a[0] { a[0] - part } else { a[0] + part }
    };
    check(&[
        whole("isqrt", &["word"], &rows(&words), |a| a[0].isqrt()),
        whole("gcd", &["word", "word"], &rows(&pairs), |a| {
            (1..=65535)
                .rev()
                .find(|d| a[0] % d == 0 && a[1] % d == 0)
                .filter(|_| a[0] + a[1] > 0)
                .unwrap_or(0)
        }),
        whole("ipow", &["word", "byte"], &rows(&powers), |a| {
            (0..a[1]).fold(1, |product, _| product * a[0] % 65536)
        }),
        whole("ilog2", &["word"], &rows(&words), |a| a[0].checked_ilog2().unwrap_or(255)),
        whole("clamp", &["int", "int", "int"], &rows(&ints), |a| a[0].clamp(a[1], a[2])),
        whole("sign", &["int"], &rows(&signs), |a| a[0].signum()),
        whole("lerp", &["byte", "byte", "byte"], &rows(&ways), lerp),
        whole("muldiv", &["word", "word", "word"], &rows(&scales), |a| a[0] * a[1] / a[2]),
        whole("sin8", &["byte"], &rows(&angles), |a| wave(a[0])),
        whole("cos8", &["byte"], &rows(&angles), |a| wave(a[0] + 64)),
    ]);
}

#[test]
fn directions_are_at_most_one_off() {
    let ways: Vec<(i64, i64)> = (0..96)
        .map(|i| ((i * 7919 + 13) % 401 - 200, (i * 104729 + 5) % 301 - 150))
        .chain([(1, 0), (0, 1), (-1, 0), (0, -1), (0, 0), (5, 5), (-5, 5), (-5, -5), (5, -5)])
        .chain([(32767, 1), (-32768, -32768), (-32768, 3), (1, 32767), (300, -2000)])
        .collect();
    let list = |part: fn(&(i64, i64)) -> i64| {
        ways.iter().map(|way| part(way).to_string()).collect::<Vec<_>>().join(", ")
    };
    let main = format!(
        "from math import direction\n_x: tuple[int] = ({})\n_y: tuple[int] = ({})\ndef main():\n    i: byte\n    \
         for i in range({}):\n        print(math.direction(_x[i], _y[i]), \"\\n\")\n",
        list(|w| w.0),
        list(|w| w.1),
        ways.len()
    );
    for way in WAYS {
        for (line, (x, y)) in printed(&main, way).lines().zip(&ways) {
            let exact = (*y as f64).atan2(*x as f64) * 128.0 / std::f64::consts::PI;
            let off = (line.parse::<f64>().unwrap() - exact + 128.0).rem_euclid(256.0) - 128.0;
            assert!(off.abs() <= 1.0, "({x}, {y}) {way:?}: {line}, not {exact}");
        }
    }
}

/// Floats of all sizes and both signs within bounds.
fn reals(low: f64, high: f64, count: usize) -> Vec<[f64; 1]> {
    (0..count).map(|i| [low + (high - low) * ((i * 7919 + 3) % count) as f64 / count as f64]).collect()
}

#[test]
fn whole_parts_of_floats_are_exact() {
    let values = each(&[
        0.0, 0.25, 0.49999997, 0.5, 1.0, 1.5, 2.5, 255.5, 256.0, 65535.9, 70000.5, 4194303.5, 8388607.5,
        8388608.0, 1e20, 1.7e38, 1e-30,
    ]);
    let values: Vec<[f64; 1]> = values.iter().flat_map(|[v]| [[*v], [-v]]).collect();
    check(&[
        real("trunc", &rows(&values), 0.0, |a| a[0].trunc()),
        real("floor", &rows(&values), 0.0, |a| a[0].floor()),
        real("ceil", &rows(&values), 0.0, |a| a[0].ceil()),
        real("round", &rows(&values), 0.0, |a| a[0].round()),
    ]);
}

#[test]
fn roots() {
    let squares: Vec<[f64; 1]> = (1..40).map(|i| [f64::from(i * i)]).collect();
    let mut others = reals(0.01, 4.0, 40);
    others.extend([[0.0], [3e-39], [1e-20], [0.5], [0.9999999], [1e10], [1.7e38]]);
    let sides = [[3.0, 4.0], [-3.0, 4.0], [1e30, 1e30], [1e-30, -2e-30], [0.0, 0.0], [5.0, 0.0], [0.0, -7.0]];
    check(&[
        real("sqrt", &rows(&others), 1.0, |a| a[0].sqrt()),
        real("hypot", &rows(&sides), 2.5, |a| a[0].hypot(a[1])),
    ]);
    check(&[real("sqrt", &rows(&squares), 0.0, |a| a[0].sqrt())]);
    prints("from math import sqrt\ndef main():\n    print(math.sqrt(-4.0))\n", "0");
}

#[test]
fn angles() {
    let mut values = reals(-8.0, 8.0, 60);
    values.extend([[0.0], [1e-6], [-1e-6], [0.7853982], [1.0], [100.0], [-1000.0]]);
    let tangents: Vec<[f64; 1]> = values.iter().copied().filter(|[v]| v.abs() < 20.0).collect();
    let mut slopes = reals(-3.0, 3.0, 40);
    slopes.extend([[0.0], [0.41421356], [2.4142136], [-1e10], [1e38], [1e-20], [1.0]]);
    let ways = [
        [0.0, 0.0],
        [0.0, 1.0],
        [1.0, 0.0],
        [-1.0, 0.0],
        [0.0, -1.0],
        [1.0, 1.0],
        [-1.0, -1.0],
        [2.0, -3.0],
        [-2.0, 3.0],
        [-2.0, -3.0],
    ];
    check(&[
        real("sin", &rows(&values), 3.0, |a| a[0].sin()),
        real("cos", &rows(&values), 3.0, |a| a[0].cos()),
        real("tan", &rows(&tangents), 5.0, |a| a[0].tan()),
    ]);
    check(&[
        real("atan", &rows(&slopes), 2.0, |a| a[0].atan()),
        real("atan2", &rows(&ways), 2.0, |a| a[0].atan2(a[1])),
        real("radians", &rows(&ways.map(|w| [w[0] * 100.0])), 1.5, |a| a[0].to_radians()),
        real("degrees", &rows(&ways.map(|w| [w[0] * 100.0])), 1.5, |a| a[0].to_degrees()),
    ]);
}

#[test]
fn powers_and_logarithms() {
    let mut exponents = reals(-20.0, 20.0, 50);
    exponents.extend([[0.0], [1.0], [-1.0], [0.34657], [0.34658], [87.0], [88.0], [-88.0]]);
    let mut positive = reals(0.01, 3.0, 50);
    positive.extend([[1.0], [2.0], [1e-38], [1e38], [0.70710678], [0.7071068], [1.41421356], [1.0000001]]);
    let powers = [
        [2.0, 10.0],
        [2.0, -1.0],
        [-2.0, 3.0],
        [-2.0, 4.0],
        [3.0, 0.0],
        [0.0, 0.0],
        [0.0, 2.0],
        [10.0, 12.0],
        [1.5, 20.0],
    ];
    let broken = [[2.0, 0.5], [10.0, -0.5], [0.5, 2.5], [7.0, 1.25]];
    let mut tables = vec![
        real("exp", &rows(&exponents), 3.0, |a| a[0].exp()),
        real("log", &rows(&positive), 2.0, |a| a[0].ln()),
        real("log10", &rows(&positive), 3.0, |a| a[0].log10()),
        real("pow", &rows(&powers), 6.0, |a| a[0].powf(a[1])),
    ];
    check(&tables);
    tables = vec![real("pow", &rows(&broken), 8.0, |a| a[0].powf(a[1]))];
    check(&tables);
}

#[test]
fn what_has_no_float_is_the_largest_or_nothing() {
    let main = "from math import E, LARGEST, PI, TAU, exp, log, pow\ndef main():\n    \
        print(math.exp(89.0) == math.LARGEST, math.exp(88.02969) > 1e38, math.exp(-89.0), math.exp(-1e30), \"\\n\")\n    \
        print(math.log(0.0) == -math.LARGEST, math.log(-1.0) == -math.LARGEST, math.pow(-2.0, 0.5), \"\\n\")\n    \
        print(math.PI, \" \", math.TAU, \" \", math.E, \" \", math.LARGEST, \"\\n\")\n";
    prints(main, "TRUETRUE00\nTRUETRUE0\n3.141593 6.283185 2.718282 1.701412E+38");
}

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
            let different: std::collections::BTreeSet<_> = values.iter().collect();
            assert!(values.len() == 4 && different.len() > 2, "{way:?}: {output}");
        }
    }
}

#[test]
fn every_public_name_of_the_library_is_tested_and_documented() {
    let tests = include_str!("library.rs");
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
