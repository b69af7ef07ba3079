//! The bundled module `math`: every function against values computed here, linked statically and
//! loaded at run time, without and with optimisation.

#[path = "support/library.rs"]
mod support;

use pycoc::c64::float;
use support::{WAYS, printed, prints};

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
        let part = ((a[1] - a[0]).abs() * a[2]) >> 8;
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
    values.extend([[0.0], [1e-6], [-1e-6], [0.785], [1.0], [100.0], [-1000.0]]);
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
    positive.extend([[1.0], [2.0], [1e-38], [1e38], [0.707], [0.708], [1.414], [1.0000001]]);
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
