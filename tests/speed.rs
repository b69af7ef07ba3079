//! How long the compiler takes, with programs made for it.
//!
//! In a debug build only that they compile and print the same at `-O0` and `-O2`. The figures of
//! `docs/performance.md` come from
//!
//! ```text
//! cargo test --release --test speed -- --nocapture
//! ```
//!
//! which also fails when time grows much faster than the program. Absolute times are printed, not
//! judged: they say more about the machine.

use std::fmt::Write;
use std::time::{Duration, Instant};

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::driver::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{OptLevel, Options};
use pycoc::sim::{Machine, NoDrive, RunOptions};

/// Classes, a singleton, loops, strings, 8 to 32 bits: about 50 lines, all names with `N` in them.
const UNIT: &str = "

class ShapeN:
    x: int = 5
    y: int
    size: byte = 9
    cells: array[byte, 8]

    def __init__(size: byte):
        self.size = size
        self.y = 0

    def move(dx: int, dy: sbyte):
        self.x += dx
        self.y += dy
        if self.x > 300:
            self.x = 0


@singleton
class TableN:
    values: array[word, 20]
    count: byte = 0

    def add(v: word):
        if self.count < 20:
            self.values[self.count] = v
            self.count += 1


sizesN: tuple[byte] = (1, 2, 3, 5, 8, 13, 21, 34)


def mixN(a: word, b: byte) -> word:
    result: word = a
    for _ in range(b):
        if result & 1:
            result = (result >> 1) ^ 0xA001
        else:
            result >>= 1
    return result


def workN(n: byte) -> word:
    shape: ShapeN
    k: byte
    total: dword = 0
    shape(n + N)
    for k in range(n):
        shape.move(int(k) - 3, 2)
        TableN.add(mixN(word(k) * 5, k & 7))
        total += TableN.values[k] * 3
        shape.cells[k & 7] = sizesN[k & 7] + k
    while total > 1000:
        total = total / 7 - 1
    return word(total) + shape.cells[3]
";

/// A program of many functions.
fn many(units: usize) -> String {
    let mut text: String = (0..units).map(|n| UNIT.replace('N', &n.to_string())).collect();
    text += "\n\ndef main():\n    sum: word = 0\n";
    for n in 0..units {
        let _ = writeln!(text, "    sum += work{n}({})", n % 9 + 4);
    }
    text + "    print(sum, \"\\n\")\n"
}

/// A program of one function with many loops.
fn long(loops: usize) -> String {
    let mut text = "out: byte[0x02F0]\n\n\ndef main():\n    a: array[byte, 64] = [1]\n    x: word = 1\n    \
                    y: byte = 3\n    i: byte\n"
        .to_string();
    for k in 0..loops {
        let _ = write!(
            text,
            "    for i in range({}):\n        a[i] += y + {}\n        if a[i] > 100:\n            \
             x = x * 3 + i\n    y ^= a[{}] + byte(x)\n    while x > {}:\n        x -= 999\n    out = y\n",
            k % 50 + 5,
            k % 200,
            k % 64,
            k % 3000 + 2000,
        );
    }
    text + "    print(x, \" \", y, \"\\n\")\n"
}

/// The program, unless it does not fit into memory, and the time that it took to find out.
fn compile(source: &str, opt: OptLevel) -> (Option<Vec<u8>>, Duration) {
    let files = MemoryFiles::default();
    files.add("x.pyco", source);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let options = Options { opt, ..Options::default() };
    let start = Instant::now();
    let built = build::build(&files, &options, "x.pyco", &mut sources, &mut sink);
    let time = start.elapsed();
    let faults: Vec<&str> = sink.iter().map(|d| d.code.0).filter(|code| *code != "E4002").collect();
    assert_eq!(faults, [] as [&str; 0], "made programs have no other fault than their size");
    (built.and_then(|built| built.prg), time)
}

fn printed(prg: &[u8]) -> String {
    let mut machine = Machine::new();
    machine.load_prg(prg).unwrap();
    let outcome = machine.run(&RunOptions::default(), &mut NoDrive);
    assert!(outcome.exit.is_success(), "{}", outcome.exit);
    outcome.output.text
}

#[test]
fn made_programs_print_the_same_at_every_level() {
    for source in [many(3), long(12)] {
        let text = |opt| printed(&compile(&source, opt).0.unwrap());
        assert_eq!(text(OptLevel::O0), text(OptLevel::O2));
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "times of a debug build say nothing")]
fn time_grows_with_the_program() {
    let best = |source: &str| (0..3).map(|_| compile(source, OptLevel::O2).1).min().unwrap_or_default();
    let mut times = Vec::new();
    for (what, source) in [
        ("functions", many(3)),
        ("functions", many(40)),
        ("functions", many(160)),
        ("one function", long(230)),
    ] {
        let (lines, time) = (source.lines().count(), best(&source));
        println!("{lines:>6} lines, {what}: {} ms", time.as_millis());
        times.push((lines as f64, time.as_secs_f64()));
    }
    let growth = |(lines, time): (f64, f64), (more, longer): (f64, f64)| (longer / time) / (more / lines);
    assert!(
        growth(times[1], times[2]) < 4.0,
        "four times the lines took {:.1} times as long for each",
        growth(times[1], times[2])
    );
}
