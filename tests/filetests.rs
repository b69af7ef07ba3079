//! One test for every file in `fixtures/`; `tests/support/` describes their form.
//!
//! `cargo test --test filetests NAME` runs those whose path contains NAME, `BLESS=1` rewrites what
//! they expect. A command makes a text of the fixture; all else is the same for every command.

mod support;

use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};
use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::driver::build::{self, Built};
use pycoc::driver::drive::Disk;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{Emit, OptLevel, Options};
use pycoc::mir::{print, text, verify};
use pycoc::opt;
use pycoc::sim::{Machine, RunOptions};
use support::{Fixture, options};

/// Cycles after which a program counts as hanging.
const LONGEST_RUN: u64 = 100_000_000;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trials = support::fixtures(&root.join("fixtures")).into_iter().map(|path| {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        Trial::test(name, move || check(&path).map_err(Failed::from))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn check(path: &Path) -> Result<(), String> {
    let fixture = Fixture::read(path)?;
    let words: Vec<&str> = fixture.command.iter().map(String::as_str).collect();
    let actual = match words[..] {
        ["run"] => run(&fixture)?,
        ["error"] => diagnostics(&fixture, true)?,
        ["parse"] => parse(&fixture)?,
        ["check"] => diagnostics(&fixture, false)?,
        ["emit", kind] => emit(&fixture, kind)?,
        ["lower"] => print::program(&support::lowering::lowered(&fixture, &options(&fixture)?)?),
        ["opt", ref passes @ ..] => optimised(&fixture, passes)?,
        _ => return Err(format!("unknown command `{}`", words.join(" "))),
    };
    fixture.compare(&actual)
}

/// `test opt PASS …`: the program in the middle IR after these passes.
fn optimised(fixture: &Fixture, passes: &[&str]) -> Result<String, String> {
    let mut program = text::parse(&fixture.files[0].1).map_err(|error| error.to_string())?;
    verify::verify(&program).map_err(|faults| faults.join("\n"))?;
    for name in passes {
        let pass = opt::pass_named(name).ok_or_else(|| format!("no pass `{name}`"))?;
        opt::run_pass(&mut program, pass, opt::Level::O2);
        verify::verify(&program).map_err(|faults| faults.join("\n"))?;
    }
    Ok(print::program(&program))
}

/// A compilation of the fixture's files in memory.
struct Compiled {
    built: Option<Built>,
    sources: SourceMap,
    sink: Sink,
}

fn compile(fixture: &Fixture, options: &Options) -> Compiled {
    let files = MemoryFiles::default();
    for (name, text) in &fixture.files {
        files.add(name, text.as_str());
    }
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let built = build::build(&files, options, &fixture.files[0].0, &mut sources, &mut sink);
    sink.sort();
    Compiled { built, sources, sink }
}

impl Compiled {
    /// All diagnostics in the short form.
    fn messages(&self) -> String {
        self.sink.iter().map(|d| render::short(&self.sources, d)).collect()
    }

    /// The result, or the errors that prevented it.
    fn built(self) -> Result<Built, String> {
        let messages = self.messages();
        self.built.ok_or(messages)
    }
}

/// `test parse`: the faults of syntax alone, which must also be those of the `#!` marks.
fn parse(fixture: &Fixture) -> Result<String, String> {
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    for (name, text) in &fixture.files {
        let file = sources.add(name, text.as_str());
        pycoc::parse::parse(file, text, &mut sink);
    }
    sink.sort();
    let parsed = Compiled { built: None, sources, sink };
    check_marks(fixture, &parsed)?;
    Ok(parsed.messages())
}

/// `test error` and `test check`: the diagnostics, which must also be those of the `#!` marks.
fn diagnostics(fixture: &Fixture, must_fail: bool) -> Result<String, String> {
    let compiled = compile(fixture, &options(fixture)?);
    if must_fail && !compiled.sink.has_errors() {
        return Err("compiled without an error".to_string());
    }
    check_marks(fixture, &compiled)?;
    Ok(compiled.messages())
}

/// Every diagnostic with a place must be marked and every mark must be met, if there are marks.
fn check_marks(fixture: &Fixture, compiled: &Compiled) -> Result<(), String> {
    if fixture.marks.is_empty() {
        return Ok(());
    }
    let text = |(file, line, code): &(String, usize, String)| format!("{file}:{line}: {code}\n");
    let placed = compiled.sink.iter().filter_map(|d| d.span.map(|span| (d, span)));
    let mut found: Vec<_> = placed
        .map(|(d, span)| {
            (compiled.sources.file(span.file).path.clone(), compiled.sources.line(span), d.code.to_string())
        })
        .collect();
    let mut wanted = fixture.marks.clone();
    found.sort();
    wanted.sort();
    if found == wanted {
        return Ok(());
    }
    let lines = |list: &[_]| list.iter().map(text).collect::<String>();
    Err(support::difference(&lines(&wanted), &lines(&found)) + &compiled.messages())
}

/// `test emit KIND`: what `--emit KIND` prints.
fn emit(fixture: &Fixture, kind: &str) -> Result<String, String> {
    let mut options = options(fixture)?;
    let kinds = pycoc::driver::session::EMIT_KINDS;
    let (kind, ..) = kinds.iter().find(|(_, name, _)| *name == kind).ok_or("no such kind to emit")?;
    options.emit.push(Emit { kind: *kind, path: None });
    let built = compile(fixture, &options).built()?;
    Ok(built.emits.iter().map(|(_, text)| String::from_utf8_lossy(text)).collect())
}

/// `test run`: what the program prints, which must be the same at every level.
fn run(fixture: &Fixture) -> Result<String, String> {
    let mut first: Option<String> = None;
    for level in [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os] {
        let options = Options { opt: level, ..options(fixture)? };
        let compiled = compile(fixture, &options);
        check_marks(fixture, &compiled)?;
        let built = compiled.built()?;
        let printed = execute(fixture, built, level).map_err(|error| format!("at {level:?}: {error}"))?;
        match &first {
            None => first = Some(printed),
            Some(first) if *first == printed => {}
            Some(first) => return Err(format!("at {level:?}:\n{}", support::difference(first, &printed))),
        }
    }
    Ok(first.unwrap_or_default())
}

/// Runs a finished program, its modules on drive 8, and returns what it prints.
fn execute(fixture: &Fixture, built: Built, level: OptLevel) -> Result<String, String> {
    let disk = MemoryFiles::default();
    for (name, bytes) in built.libs {
        disk.add(name, bytes);
    }
    let mut drive = Disk::open(&disk, ".").map_err(|error| error.to_string())?;
    let mut machine = Machine::new();
    machine.load_prg(&built.prg.ok_or("no program was made")?).map_err(|error| error.to_string())?;
    let input = fixture.key("input").unwrap_or_default().replace("\\n", "\n");
    let options = RunOptions { max_cycles: LONGEST_RUN, input, ..RunOptions::default() };
    let outcome = machine.run(&options, &mut drive);
    let (exit, text) = (outcome.exit.to_string(), outcome.output.text);
    match fixture.key("fails") {
        None if !outcome.exit.is_success() => return Err(format!("{exit} after printing\n{text}")),
        Some(_) if outcome.exit.is_success() => return Err(format!("ended well after printing\n{text}")),
        Some(how) if !exit.contains(how) => return Err(format!("failed because {exit}, not because {how}")),
        _ => {}
    }
    if let Some(limit) = fixture.key("max-cycles").filter(|_| level == OptLevel::O2) {
        let limit: u64 = limit.parse().map_err(|_| "max-cycles is not a number")?;
        if outcome.cycles > limit {
            return Err(format!("{} cycles, at most {limit}", outcome.cycles));
        }
    }
    Ok(text)
}
