//! Random PyCo programs do the same everywhere: interpreted as typed tree, as middle IR before and
//! after the optimiser, and as code on the C64 at every level, without single passes, with run-time
//! checks, and with their module linked or loaded as finished code.
//!
//! `cargo test` runs a few. By hand, in release:
//! `PYCOC_RANDOM=FIRST..LAST cargo test --release --test random -- --nocapture` runs those seeds,
//! `PYCOC_RANDOM=fresh` seeds that nobody ran before; both reduce every program with a difference and
//! write it to `target/random/`. `PYCOC_RANDOM_SECONDS` ends the run early, `PYCOC_RANDOM_THREADS`
//! says how many run at once (2), `PYCOC_SHOW` shows programs that are of no use.

mod compare;
mod programs;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

use compare::{Plan, Source, Verdict, check};
use programs::{Node, shrink, source};
use pycoc::driver::session::OptLevel;
use pycoc::opt::PASSES;

/// Seeds that `cargo test` runs.
const USUAL: Range<u64> = 0..40;
/// Fresh seeds begin here, so that they are never usual ones.
const FRESH: u64 = 1_000_000_000;
/// A long run says how far it is after so many seeds.
const PROGRESS: u64 = 500;
/// Deep expressions in deep calls take much of the host's stack in debug builds.
const STACK: usize = 256 << 20;

/// What is tried with the program of a seed. Over the seeds, everything is.
fn plan(seed: u64) -> Plan {
    let turn = |n: u64, count: usize| (seed / n % count as u64) as usize;
    // What differs with a divided program must not depend on which ones are divided.
    let divided = programs::is_divided(seed);
    let level = [OptLevel::O2, OptLevel::Os, OptLevel::O1, OptLevel::O0][turn(16, 4)];
    Plan {
        without: vec![PASSES[turn(1, PASSES.len())].name, PASSES[turn(5, PASSES.len())].name],
        checks: seed.is_multiple_of(3),
        loaded: (divided && turn(4, 2) == 0).then_some(level),
        linked: (divided && turn(4, 2) == 1).then_some(level),
    }
}

#[derive(Default)]
struct Counts {
    same: AtomicU64,
    images: AtomicU64,
    rejected: AtomicU64,
    left: AtomicU64,
    different: AtomicU64,
}

impl Counts {
    fn text(&self) -> String {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        format!(
            "{} the same in {} images, {} refused by the checker, {} left out, {} different",
            get(&self.same),
            get(&self.images),
            get(&self.rejected),
            get(&self.left),
            get(&self.different)
        )
    }
}

/// What a run is asked for.
struct Request {
    seeds: Range<u64>,
    /// Reduce what differs.
    long: bool,
    end: Option<Instant>,
    threads: usize,
}

fn request() -> Request {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match env::var("PYCOC_RANDOM") {
        Err(_) => USUAL,
        Ok(text) if text == "fresh" => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            // Far apart, so that two runs in a row share no seed.
            let first = FRESH + now.as_secs() * 1_000;
            first..first + FRESH
        }
        Ok(text) => {
            let parts = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
            let (first, last) = parts.expect("PYCOC_RANDOM is FIRST..LAST or `fresh`");
            first..last
        }
    };
    let seconds = number("PYCOC_RANDOM_SECONDS");
    Request {
        seeds,
        long: env::var_os("PYCOC_RANDOM").is_some(),
        end: seconds.map(|n| Instant::now() + Duration::from_secs(n)),
        threads: number("PYCOC_RANDOM_THREADS").unwrap_or(2) as usize,
    }
}

/// Runs the program of a seed; the result is a report of a difference.
fn one(seed: u64, counts: &Counts, long: bool) -> Option<String> {
    let add = |count: &AtomicU64, n: u64| _ = count.fetch_add(n, Ordering::Relaxed);
    let show = |text: String| {
        if env::var_os("PYCOC_SHOW").is_some() {
            println!("seed {seed} {text}");
        }
    };
    let nodes = programs::program(seed);
    let plan = plan(seed);
    match check(&source(&nodes, seed), &plan) {
        Verdict::Same(images) => {
            add(&counts.same, 1);
            add(&counts.images, images);
        }
        Verdict::Rejected(messages) => {
            show(format!("refused:\n{messages}{}", as_fixture(&source(&nodes, seed))));
            add(&counts.rejected, 1);
        }
        Verdict::Left(outcome) => {
            show(format!("left out: {outcome:?}\n{}", as_fixture(&source(&nodes, seed))));
            add(&counts.left, 1);
        }
        Verdict::Differs { where_, details } => {
            add(&counts.different, 1);
            let (nodes, details) =
                if long { reduced(nodes, &where_, &plan, seed, details) } else { (nodes, details) };
            let comment = details.replace('\n', "\n# ");
            let text = as_fixture(&source(&nodes, seed));
            return Some(format!("# seed {seed}: {where_}\n# {comment}\n{text}"));
        }
    }
    None
}

/// The smallest program that differs in the same place, and how.
fn reduced(nodes: Vec<Node>, wanted: &str, plan: &Plan, seed: u64, first: String) -> (Vec<Node>, String) {
    let mut last = first;
    let small = shrink::shrink(nodes, &mut |smaller| match check(&source(smaller, seed), plan) {
        Verdict::Differs { where_, details } if where_ == wanted => {
            last = details;
            true
        }
        _ => false,
    });
    (small, last)
}

/// The files in one, as in `fixtures/`.
fn as_fixture(source: &Source) -> String {
    let other = |(i, (name, text)): (usize, &(String, String))| match i {
        0 => text.clone(),
        _ => format!("#--- file: {name}\n{text}"),
    };
    source.iter().enumerate().map(other).collect()
}

#[test]
fn random_programs_do_the_same_everywhere() {
    let request = request();
    if request.long {
        println!("seeds from {}", request.seeds.start);
    }
    let (counts, next) = (Counts::default(), AtomicU64::new(request.seeds.start));
    let report = |text: String, seed: u64| {
        if request.long {
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
            if seed >= request.seeds.end || request.end.is_some_and(|end| Instant::now() > end) {
                return failures;
            }
            if request.long && seed.is_multiple_of(PROGRESS) {
                println!("{}", counts.text());
            }
            failures.extend(one(seed, &counts, request.long).map(|text| report(text, seed)));
        }
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let run = || thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread");
        let threads: Vec<_> = (0..request.threads).map(|_| run()).collect();
        threads.into_iter().flat_map(|t| t.join().expect("no panic")).collect()
    });
    let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (same, useless) = (get(&counts.same), get(&counts.rejected) + get(&counts.left));
    println!("{}", counts.text());
    assert!(failures.is_empty(), "{}", failures.first().map_or("", String::as_str));
    assert!(same > useless, "too few programs are of use");
}

/// What stands in some program of a few hundred: the claims of `docs/reliability.md`.
#[test]
fn random_programs_use_the_language_as_a_whole() {
    const WORDS: &str = "@forward @relocate @naked @lowercase @kernal @origin @charset_rom @singleton \
        @irq_raw @irq_hook @irq_helper __set_irq__ __enable_raster_irq__ __disable_raster_irq__ \
        __set_raster__ __get_raster__ __sei__ __cli__ __nop__ __asm__ getkey waitkey printsep sprint str( \
        memfill blkcpy const( abs( min( max( len( size( addr( alias( super. super.__init__ __init__ __str__ \
        relocate[ irq_safe[ alias[array[ alias[string] alias[C tuple[ string[ array[C f16[0x float[0x \
        include( import elif else: while break continue pass return ** and not or ~ >>= <<= %= s\"";
    let programs: Vec<Source> = (0..600).map(|seed| source(&programs::program(seed), seed)).collect();
    let text: String = programs.iter().flatten().map(|(_, text)| text.as_str()).collect();
    let missing: Vec<&str> = WORDS.split_whitespace().filter(|word| !text.contains(word)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
