//! The benchmarks of `bench/`: cycles and bytes at every level, held against `bench/table.md`.
//!
//! A figure may not get worse unnoticed: cycles by more than `WORSE`, which is what a byte more or
//! less elsewhere can do through page crossings, bytes not at all. Nor may the table lag far behind
//! what is reached, or the next loss would hide in the difference: so a figure that is better by
//! more than `BETTER` fails too. Either way, when the change is meant, the table is changed with it:
//!
//! ```text
//! BLESS=1 cargo test --test bench
//! ```
//!
//! Cycles are those of the whole program without interrupts; a KERNAL call costs 6. Every level
//! must print the same. Not here: the kernels that the peers compile too (`.ci/bench.py`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::driver::build;
use pycoc::driver::files::DiskFiles;
use pycoc::driver::session::{OptLevel, Options};
use pycoc::sim::{Machine, NoDrive, RunOptions};

/// Part of a figure's cycles by which it may be worse than the table.
const WORSE: f64 = 0.005;
/// Part of a figure by which it may be better before the table must follow.
const BETTER: f64 = 0.03;

const LEVELS: [(OptLevel, &str); 4] =
    [(OptLevel::O0, "-O0"), (OptLevel::O1, "-O1"), (OptLevel::O2, "-O2"), (OptLevel::Os, "-Os")];

/// For each level, cycles and bytes.
type Figures = [(u64, u64); LEVELS.len()];

const HEAD: &str = "\
# Cycles and bytes of the benchmarks

Made and checked by `tests/bench.rs`; `BLESS=1 cargo test --test bench` writes it anew. The last row
is the geometric mean.

";

#[test]
fn no_benchmark_is_worse_than_its_table_says() {
    let path = folder().join("table.md");
    let measured = measure_all();
    let table = table(&measured);
    if env::var_os("BLESS").is_some_and(|v| v == "1") {
        fs::write(&path, table).unwrap();
        return;
    }
    let known = read(&fs::read_to_string(&path).unwrap_or_default());
    let faults = compare(&known, &measured);
    assert!(faults.is_empty(), "\n{faults}BLESS=1 cargo test --test bench writes bench/table.md anew");
}

/// All differences that matter, a line each.
fn compare(known: &BTreeMap<String, Figures>, measured: &BTreeMap<String, Figures>) -> String {
    let mut text = String::new();
    for (kernel, figures) in measured {
        let Some(old) = known.get(kernel) else {
            let _ = writeln!(text, "{kernel}: not in the table");
            continue;
        };
        for (((_, level), new), old) in LEVELS.iter().zip(figures).zip(old) {
            let cycles = verdict(old.0, new.0, WORSE).map(|v| ("cycles", v, old.0, new.0));
            let bytes = verdict(old.1, new.1, 0.0).map(|v| ("bytes", v, old.1, new.1));
            for (what, verdict, old, new) in cycles.into_iter().chain(bytes) {
                let _ = writeln!(text, "{kernel} {level}: {new} {what}, {verdict} than {old}");
            }
        }
    }
    for kernel in known.keys().filter(|kernel| !measured.contains_key(*kernel)) {
        let _ = writeln!(text, "{kernel}: in the table but not in bench/");
    }
    text
}

fn verdict(old: u64, new: u64, allowed: f64) -> Option<&'static str> {
    let change = new as f64 / old.max(1) as f64 - 1.0;
    if change > allowed {
        Some("worse")
    } else if change < -BETTER {
        Some("better")
    } else {
        None
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench")
}

fn measure_all() -> BTreeMap<String, Figures> {
    let files = fs::read_dir(folder()).unwrap().flatten().map(|entry| entry.path());
    let kernels = files.filter(|path| path.extension().is_some_and(|e| e == "pyco"));
    kernels.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_string(), measure(&path))).collect()
}

/// Compiles and runs a kernel at every level.
fn measure(path: &Path) -> Figures {
    let mut printed: Option<String> = None;
    LEVELS.map(|(opt, level)| {
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        let options = Options { opt, ..Options::default() };
        let built = build::build(&DiskFiles, &options, path.to_str().unwrap(), &mut sources, &mut sink);
        let messages: String = sink.iter().map(|d| render::short(&sources, d)).collect();
        assert_eq!(messages, "", "{} {level}", path.display());
        let prg = built.and_then(|built| built.prg).unwrap();
        let mut machine = Machine::new();
        machine.load_prg(&prg).unwrap();
        let options = RunOptions { interrupts: false, max_cycles: 20_000_000, ..RunOptions::default() };
        let outcome = machine.run(&options, &mut NoDrive);
        assert!(outcome.exit.is_success(), "{} {level}: {}", path.display(), outcome.exit);
        let text = outcome.output.text;
        assert_eq!(*printed.get_or_insert(text.clone()), text, "{} {level}", path.display());
        (outcome.cycles, prg.len() as u64)
    })
}

/// The table as text.
fn table(measured: &BTreeMap<String, Figures>) -> String {
    let mut text = HEAD.to_string();
    let columns = |what: &str| LEVELS.map(|(_, level)| format!(" {what} {level} |")).concat();
    let _ = writeln!(text, "| kernel |{}{}", columns("cycles"), columns("bytes"));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(2 * LEVELS.len()));
    let mut row = |name: &str, figures: &Figures| {
        let cells = figures.iter().map(|f| f.0).chain(figures.iter().map(|f| f.1));
        let cells: String = cells.map(|n| format!(" {n} |")).collect();
        let _ = writeln!(text, "| {name} |{cells}");
    };
    for (kernel, figures) in measured {
        row(kernel, figures);
    }
    row("mean", &mean(measured));
    text
}

fn mean(measured: &BTreeMap<String, Figures>) -> Figures {
    std::array::from_fn(|level| {
        let of = |figure: fn(&(u64, u64)) -> u64| {
            let logarithms = measured.values().map(|f| (figure(&f[level]) as f64).ln());
            (logarithms.sum::<f64>() / measured.len() as f64).exp().round() as u64
        };
        (of(|f| f.0), of(|f| f.1))
    })
}

/// The figures of a table; rows of another form are left out.
fn read(text: &str) -> BTreeMap<String, Figures> {
    let mut known = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let numbers: Vec<u64> = cells.iter().skip(1).filter_map(|cell| cell.parse().ok()).collect();
        if numbers.len() == 2 * LEVELS.len() && cells[0] != "mean" {
            let figures = std::array::from_fn(|i| (numbers[i], numbers[i + LEVELS.len()]));
            known.insert(cells[0].to_string(), figures);
        }
    }
    known
}

#[test]
fn a_table_reads_as_it_was_written_and_differences_are_told() {
    let one = |cycles, bytes| [(cycles, bytes); 4];
    let measured = BTreeMap::from([("a".to_string(), one(1000, 100)), ("b".to_string(), one(10, 10))]);
    assert_eq!(read(&table(&measured)), measured);
    let mut other = measured.clone();
    other.insert("a".into(), [(1005, 100), (1006, 100), (960, 100), (1000, 101)]);
    other.insert("c".into(), one(1, 1));
    other.remove("b");
    let expected = "a -O1: 1006 cycles, worse than 1000\na -O2: 960 cycles, better than 1000\n\
                    a -Os: 101 bytes, worse than 100\nc: not in the table\nb: in the table but not in bench/\n";
    assert_eq!(compare(&measured, &other), expected);
}
