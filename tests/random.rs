//! Random PyCo programs do the same everywhere: interpreted as typed tree, as middle IR before and
//! after the optimiser, and as code on the C64 at every level and without any one pass.
//!
//! `cargo test` runs a few. By hand, in release:
//! `PYCOC_RANDOM=FIRST..LAST cargo test --release --test random -- --nocapture` runs those seeds on
//! two threads, reduces every program with a difference and writes it to `target/random/`.

mod programs;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, thread};

use programs::{Node, Source, shrink, source};
use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::driver::build;
use pycoc::driver::drive::Disk;
use pycoc::driver::files::{Files, MemoryFiles};
use pycoc::driver::session::{OptLevel, Options, Target};
use pycoc::mir::interp::{self, Event};
use pycoc::mir::ir::Program;
use pycoc::opt::{self, Level, OptOptions, PASSES};
use pycoc::sim::{Exit, Machine, RunOptions};
use pycoc::{lower, oracle};

/// Seeds that `cargo test` runs.
const USUAL: Range<u64> = 0..40;
/// Statements of a program; longer ones are left out.
const LONGEST: u64 = 4_000;
const MOST_CYCLES: u64 = 60_000_000;
const LEVELS: [OptLevel; 4] = [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os];
/// Addresses whose accesses must be the same: where the generator puts mapped variables.
const WINDOW: std::ops::RangeInclusive<u16> = 0xC000..=0xC0FF;
/// Deep expressions in deep calls take much of the host's stack in debug builds.
const STACK: usize = 256 << 20;

/// What a program did: its output, and its accesses to the window byte by byte.
#[derive(Clone, PartialEq, Debug)]
struct Behaviour {
    output: Vec<u8>,
    accesses: Vec<oracle::Access>,
}

enum Verdict {
    /// The checker refused it.
    Rejected(String),
    /// It ran too long or did what is not defined.
    Left(oracle::Outcome),
    Same,
    Differs {
        where_: String,
        details: String,
    },
}

/// How much of the program's life is compared.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Usual,
    /// Also every single pass left out, on the machine.
    EveryPass,
}

fn check(source: &Source, depth: Depth) -> Verdict {
    let run = AssertUnwindSafe(|| compare(source, depth));
    catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
        let details = text.unwrap_or_default();
        // Reduced programs must fail for the same reason.
        let words: Vec<&str> =
            details.split_whitespace().filter(|w| w.chars().all(char::is_alphabetic)).collect();
        Verdict::Differs {
            where_: format!("panic {}", words.join(" ").chars().take(30).collect::<String>()),
            details,
        }
    })
}

fn compare(source: &Source, depth: Depth) -> Verdict {
    let files = MemoryFiles::default();
    for (name, text) in source {
        files.add(name, text.as_str());
    }
    let source = source.iter().map(|(_, text)| text.as_str()).collect::<String>();
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let checked = build::check(&files, &Options::default(), "random.pyco", &mut sources, &mut sink);
    if sink.has_errors() {
        return Verdict::Rejected(
            sink.iter().map(|d| render::short(&sources, d)).filter(|t| t.contains("Error")).collect(),
        );
    }
    let modules = checked.sources();
    let config = oracle::Config { step_limit: LONGEST, ..oracle::Config::default() };
    let run = oracle::run(&modules, &config);
    if run.outcome != oracle::Outcome::Returned {
        return Verdict::Left(run.outcome);
    }
    let expected = Behaviour { output: run.output, accesses: run.accesses };
    let program = lower::lower(&modules, &sources, lower::Options { checks: false });
    // The middle IR does not say which addresses its routines for long fills write to.
    let fills = source.lines().any(|l| {
        l.contains("memfill(M")
            || l.trim().starts_with('M') && l.contains("] = [")
            || l.trim().starts_with('M') && l.contains(" = [")
    });
    let result = compare_interpreted(&expected, &program, !fills)
        .and_then(|()| compare_on_machine(&expected, &files, source.contains("[0xc0"), depth));
    match result {
        Ok(()) => Verdict::Same,
        Err((where_, details)) => Verdict::Differs { where_, details },
    }
}

type Difference = (String, String);

fn compare_interpreted(expected: &Behaviour, program: &Program, accesses: bool) -> Result<(), Difference> {
    interpreted(expected, program, accesses, "lowered")?;
    for level in [Level::O1, Level::O2, Level::Os] {
        let mut after = program.clone();
        opt::optimise(&mut after, &OptOptions { level, ..OptOptions::default() });
        interpreted(expected, &after, accesses, &format!("optimised {level:?}"))?;
    }
    Ok(())
}

fn interpreted(
    expected: &Behaviour,
    program: &Program,
    accesses: bool,
    what: &str,
) -> Result<(), Difference> {
    let config = interp::Config { step_limit: 3_000_000, ..interp::Config::default() };
    let run = interp::run(program, &config);
    if run.outcome != interp::Outcome::Returned(None) {
        return Err((what.to_string(), format!("{:?}", run.outcome)));
    }
    let in_window = |event: &&Event| match event {
        Event::Read(address, ..) | Event::Write(address, ..) => WINDOW.contains(address),
        _ => false,
    };
    let found = run.trace.iter().filter(in_window).filter_map(|event| match *event {
        Event::Read(address, width, value) => Some(oracle::Access { address, width, value, is_write: false }),
        Event::Write(address, width, value) => Some(oracle::Access { address, width, value, is_write: true }),
        _ => None,
    });
    let found = if accesses { found.collect() } else { expected.accesses.clone() };
    let found = Behaviour { output: run.output, accesses: found };
    same(expected, &found).map_err(|details| (what.to_string(), details))
}

fn compare_on_machine(
    expected: &Behaviour,
    files: &MemoryFiles,
    mapped: bool,
    depth: Depth,
) -> Result<(), Difference> {
    for opt in LEVELS {
        on_machine(
            expected,
            files,
            &Options { opt, ..Options::default() },
            mapped,
            &format!("machine {opt:?}"),
        )?;
    }
    let checks = Options { checks: true, ..Options::default() };
    on_machine(expected, files, &checks, mapped, "machine with checks")?;
    if files.is_file("part.pyco") {
        let dynamic = Options { target: Target::Dynamic, ..Options::default() };
        match on_machine(expected, files, &dynamic, mapped, "machine with modules loaded") {
            Err((_, details)) if details.contains("does not fit version 1") => {}
            other => other?,
        }
    }
    if depth == Depth::EveryPass {
        for pass in PASSES {
            let options = Options { without: vec![pass.name.to_string()], ..Options::default() };
            on_machine(expected, files, &options, mapped, &format!("machine without {}", pass.name))?;
        }
    }
    Ok(())
}

fn on_machine(
    expected: &Behaviour,
    files: &MemoryFiles,
    options: &Options,
    mapped: bool,
    what: &str,
) -> Result<(), Difference> {
    let fail = |details: String| Err((what.to_string(), details));
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let built = build::build(files, options, "random.pyco", &mut sources, &mut sink);
    let disk = MemoryFiles::default();
    let prg = built.and_then(|built| {
        built.libs.into_iter().for_each(|(name, bytes)| disk.add(name, bytes));
        built.prg
    });
    let Some(prg) = prg else {
        return fail(
            sink.iter().map(|d| render::short(&sources, d)).filter(|t| t.contains("Error")).collect(),
        );
    };
    let mut machine = Machine::new();
    if let Err(error) = machine.load_prg(&prg) {
        return fail(error.to_string());
    }
    if mapped {
        WINDOW.for_each(|address| machine.poke(address, 0));
        machine.watch(WINDOW);
    }
    let mut drive = Disk::open(&disk, ".").expect("an empty drive");
    let run = machine.run(&RunOptions { max_cycles: MOST_CYCLES, ..RunOptions::default() }, &mut drive);
    let accesses = machine.take_accesses();
    // Where no variable is mapped, the program may put its own.
    let meant =
        |address: u16| expected.accesses.iter().any(|a| address.wrapping_sub(a.address) < a.width as u16);
    let accesses = accesses.iter().filter(|a| meant(a.address)).map(|a| oracle::Access {
        address: a.address,
        width: 1,
        value: a.value.into(),
        is_write: a.is_write,
    });
    let found = Behaviour { output: run.output.codes, accesses: accesses.collect() };
    if run.exit != Exit::Returned {
        return fail(format!("{} after {:?}", run.exit, String::from_utf8_lossy(&found.output)));
    }
    same(expected, &found).map_err(|details| (what.to_string(), details))
}

/// Compares; bytes of one access may come in any order.
fn same(expected: &Behaviour, found: &Behaviour) -> Result<(), String> {
    if expected.output != found.output {
        return Err(format!(
            "expected {:?}\nfound    {:?}",
            String::from_utf8_lossy(&expected.output),
            String::from_utf8_lossy(&found.output)
        ));
    }
    let bytes: Vec<_> = found.accesses.iter().flat_map(bytes_of).collect();
    let mut at = 0;
    for access in &expected.accesses {
        let mut wanted = bytes_of(access);
        let mut given = bytes.get(at..at + wanted.len()).unwrap_or(&bytes[at.min(bytes.len())..]).to_vec();
        wanted.sort_unstable();
        given.sort_unstable();
        if wanted != given {
            let end = bytes.len().min(at + 4);
            return Err(format!("access {access:x?}, found {:x?}", &bytes[at.min(end)..end]));
        }
        at += wanted.len();
    }
    if at < bytes.len() { Err(format!("one access too many: {:x?}", bytes[at])) } else { Ok(()) }
}

/// Address, value, whether it is a write.
fn bytes_of(access: &oracle::Access) -> Vec<(u16, u8, bool)> {
    (0..access.width)
        .map(|i| (access.address.wrapping_add(i as u16), (access.value >> (8 * i)) as u8, access.is_write))
        .collect()
}

#[derive(Default)]
struct Counts {
    same: AtomicU64,
    rejected: AtomicU64,
    left: AtomicU64,
    different: AtomicU64,
}

fn depth_of(seed: u64) -> Depth {
    if seed.is_multiple_of(10) { Depth::EveryPass } else { Depth::Usual }
}

fn one(seed: u64, counts: &Counts, long: bool) -> Option<String> {
    let nodes = programs::program(seed);
    let depth = depth_of(seed);
    match check(&source(&nodes, seed), depth) {
        Verdict::Same => counts.same.fetch_add(1, Ordering::Relaxed),
        Verdict::Rejected(messages) => {
            if env::var_os("PYCOC_SHOW").is_some() {
                println!("seed {seed} rejected:\n{messages}");
            }
            counts.rejected.fetch_add(1, Ordering::Relaxed)
        }
        Verdict::Left(outcome) => {
            if env::var_os("PYCOC_SHOW").is_some() {
                println!("seed {seed} left out: {outcome:?}");
            }
            counts.left.fetch_add(1, Ordering::Relaxed)
        }
        Verdict::Differs { where_, details } => {
            counts.different.fetch_add(1, Ordering::Relaxed);
            let small = if long { reduce(nodes, &where_, depth, seed) } else { nodes };
            let details = match check(&source(&small, seed), depth) {
                Verdict::Differs { details, .. } => details,
                _ => details,
            };
            return Some(format!(
                "# seed {seed}: {where_}\n# {}\n{}",
                details.replace('\n', "\n# "),
                as_fixture(&source(&small, seed))
            ));
        }
    };
    None
}

/// The files in one, as in `fixtures/`.
fn as_fixture(source: &Source) -> String {
    let other = |(i, (name, text)): (usize, &(String, String))| match i {
        0 => text.clone(),
        _ => format!("#--- file: {name}\n{text}"),
    };
    source.iter().enumerate().map(other).collect()
}

fn reduce(nodes: Vec<Node>, wanted: &str, depth: Depth, seed: u64) -> Vec<Node> {
    shrink::shrink(nodes, &mut |smaller| match check(&source(smaller, seed), depth) {
        Verdict::Differs { where_, .. } => where_ == wanted,
        _ => false,
    })
}

fn seeds() -> (Range<u64>, bool) {
    let Ok(text) = env::var("PYCOC_RANDOM") else { return (USUAL, false) };
    let parts = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (first, last) = parts.expect("PYCOC_RANDOM is FIRST..LAST");
    (first..last, true)
}

#[test]
fn random_programs_do_the_same_everywhere() {
    let (seeds, long) = seeds();
    let (counts, next) = (Counts::default(), AtomicU64::new(seeds.start));
    let report = |text: String, seed: u64| {
        if long {
            _ = fs::create_dir_all("target/random");
            _ = fs::write(format!("target/random/{seed}.pyco"), &text);
            println!("{}", text.lines().take(3).collect::<Vec<_>>().join("\n"));
        }
        text
    };
    let work = || {
        let mut failures = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return failures;
            }
            failures.extend(one(seed, &counts, long).map(|text| report(text, seed)));
        }
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let run = || thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread");
        let threads: Vec<_> = (0..2).map(|_| run()).collect();
        threads.into_iter().flat_map(|t| t.join().expect("no panic")).collect()
    });
    let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "{} the same, {} refused by the checker, {} left out, {} different",
        get(&counts.same),
        get(&counts.rejected),
        get(&counts.left),
        get(&counts.different)
    );
    assert!(failures.is_empty(), "{}", failures.first().map_or("", String::as_str));
    assert!(get(&counts.same) * 2 > seeds.end - seeds.start, "too few programs are of use");
}
