//! Random programs in the middle IR do the same before and after every pass and pipeline.
//!
//! `PYCOC_SEEDS=FIRST..LAST cargo test --test mir_passes` runs other seeds than the usual ones.

mod generate;

use pycoc::mir::interp::{self, Config, Event, Outcome, Run};
use pycoc::mir::ir::Program;
use pycoc::mir::{print, verify};
use pycoc::opt::{self, Level, OptOptions, PASSES};

fn seeds(usual: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("PYCOC_SEEDS") else { return usual };
    let parts = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    parts.map_or(usual, |(a, b)| a..b)
}

fn execute(program: &Program) -> Run {
    interp::run(program, &Config { step_limit: 200_000, ..Config::default() })
}

/// What the outside sees; prints are joined.
fn visible(run: &Run) -> (Outcome, Vec<u8>, Vec<Event>) {
    let trace = run.trace.iter().filter(|e| !matches!(e, Event::Printed(_))).cloned().collect();
    (run.outcome.clone(), run.output.clone(), trace)
}

fn check(seed: u64, what: &str, before: &Program, after: &Program, expected: &Run) {
    if let Err(faults) = verify::verify(after) {
        panic!("seed {seed}, {what}: {}\n{}", faults.join("\n"), print::program(after));
    }
    let found = execute(after);
    if visible(&found) != visible(expected) {
        let text = |run: &Run| format!("{:?} {}", run.outcome, String::from_utf8_lossy(&run.output));
        panic!(
            "seed {seed}, {what}: before and after differ\n{}\n{}\n---- before\n{}\n---- after\n{}",
            text(expected),
            text(&found),
            print::program(before),
            print::program(after)
        );
    }
}

/// Runs `test` for all seeds whose program ends.
fn for_programs(usual: std::ops::Range<u64>, test: impl Fn(u64, &Program, &Run)) {
    let mut ended = 0;
    for seed in seeds(usual.clone()) {
        let program = generate::program(seed);
        verify::verify(&program).unwrap_or_else(|f| panic!("seed {seed}: {}", f.join("\n")));
        let run = execute(&program);
        if run.outcome == Outcome::Returned(None) {
            ended += 1;
            test(seed, &program, &run);
        }
    }
    assert!(ended > 0, "no program came to its end");
}

#[test]
fn every_pass_alone_keeps_the_meaning() {
    for_programs(0..20, |seed, program, expected| {
        for pass in PASSES {
            let mut after = program.clone();
            for _ in 0..3 {
                opt::run_pass(&mut after, pass, Level::O2);
                check(seed, pass.name, program, &after, expected);
            }
        }
    });
}

#[test]
fn every_level_keeps_the_meaning() {
    for_programs(100..140, |seed, program, expected| {
        for level in [Level::O0, Level::O1, Level::O2, Level::Os] {
            let mut after = program.clone();
            opt::optimise(&mut after, &OptOptions { level, ..OptOptions::default() });
            check(seed, &format!("{level:?}"), program, &after, expected);
        }
    });
}

#[test]
fn leaving_out_any_pass_keeps_the_meaning() {
    for_programs(200..203, |seed, program, expected| {
        for pass in PASSES {
            let mut after = program.clone();
            let without = vec![pass.name.to_string()];
            opt::optimise(&mut after, &OptOptions { without, ..OptOptions::default() });
            check(seed, &format!("without {}", pass.name), program, &after, expected);
        }
    });
}

#[test]
fn the_text_form_keeps_the_meaning() {
    for_programs(300..330, |seed, program, expected| {
        let text = print::program(program);
        let again = pycoc::mir::text::parse(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
        assert_eq!(print::program(&again), text, "seed {seed}");
        check(seed, "text", program, &again, expected);
    });
}
