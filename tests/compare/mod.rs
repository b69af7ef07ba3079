//! Runs one program in every way that there is and compares what it does.
//!
//! In: the files of a program and what shall be tried. Out: a verdict. The typed tree says what is
//! right; compared with it are the middle IR as lowered and after the optimiser, and the code on the
//! built-in C64. Invariant: an image that was run before is not run again, as it would do the same.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::driver::build;
use pycoc::driver::drive::Disk;
use pycoc::driver::dump::Dump;
use pycoc::driver::files::{Files, MemoryFiles};
use pycoc::driver::session::{LibFormat, OptLevel, Options, Target};
use pycoc::mir::interp::{self, Event};
use pycoc::mir::ir::{Inst, Op, Program};
use pycoc::sim::{Exit, Machine, RunOptions};
use pycoc::{lower, oracle, out};

/// Statements of a program; longer ones are left out.
const LONGEST: u64 = 8_000;
const MOST_STEPS: u64 = 3_000_000;
const MOST_CYCLES: u64 = 60_000_000;
const LEVELS: [OptLevel; 4] = [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os];
/// Addresses whose accesses must be the same: where the generator puts mapped variables.
const WINDOW: std::ops::RangeInclusive<u16> = 0xC000..=0xC0FF;
/// What is typed on the keyboard: characters that every character set has at the same place.
const KEYS: &str = "7*0+5/9!3-2(8)4.1,6%=0$7&";
/// The file with `main`, and the module that some programs have.
pub const MAIN: &str = "random.pyco";
pub const MODULE: &str = "part.pyco";

/// Names and texts of the files of a program, the one with `main` first.
pub type Source = Vec<(String, String)>;

/// What is tried besides the four levels.
#[derive(Clone, Default, Debug)]
pub struct Plan {
    /// Passes left out, each alone.
    pub without: Vec<&'static str>,
    /// With run-time checks.
    pub checks: bool,
    /// The module as a file: loaded at run time, or linked as finished code and as middle code.
    pub loaded: Option<OptLevel>,
    pub linked: Option<OptLevel>,
}

/// What a program did: its output, and its accesses to the window byte by byte.
#[derive(Clone, PartialEq, Debug)]
struct Behaviour {
    output: Vec<u8>,
    accesses: Vec<oracle::Access>,
}

pub enum Verdict {
    /// The checker refused it.
    Rejected(String),
    /// It ran too long or did what is not defined.
    Left(oracle::Outcome),
    /// How many images were run.
    Same(u64),
    Differs {
        where_: String,
        details: String,
    },
}

/// Runs `source` as `plan` says; a panic of the compiler is a difference too.
pub fn check(source: &Source, plan: &Plan) -> Verdict {
    let run = AssertUnwindSafe(|| compare(source, plan));
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

fn compare(source: &Source, plan: &Plan) -> Verdict {
    let files = MemoryFiles::default();
    for (name, text) in source {
        files.add(name, text.as_str());
    }
    let text = source.iter().map(|(_, text)| text.as_str()).collect::<String>();
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let checked = build::check(&files, &Options::default(), MAIN, &mut sources, &mut sink);
    if sink.has_errors() {
        return Verdict::Rejected(errors(&sources, &sink));
    }
    let modules = checked.sources();
    let config = oracle::Config {
        step_limit: LONGEST,
        handlers_are_silent: true,
        input: KEYS.into(),
        ..oracle::Config::default()
    };
    let mut run = oracle::run(&modules, &config);
    run.accesses.retain(|access| WINDOW.contains(&access.address));
    let assembly = match &run.outcome {
        oracle::Outcome::Unsupported(what) => ["an __asm__ block", "a @naked function"].contains(&&**what),
        _ => false,
    };
    if assembly {
        run.outcome = oracle::Outcome::Returned;
    }
    if run.outcome != oracle::Outcome::Returned {
        return Verdict::Left(run.outcome);
    }
    // The middle IR does not say which addresses its routines for long fills write to.
    let fills = text.lines().any(|l| {
        l.contains("memfill(M") || l.trim().starts_with('M') && (l.contains("] = [") || l.contains(" = ["))
    });
    let mut trial = Trial {
        expected: Behaviour { output: run.output, accesses: run.accesses },
        files,
        lowered: lower::lower(&modules, &sources, lower::Options { checks: false }),
        accesses_in_ir: !fills,
        mapped: text.contains("[0xc0"),
        unknown: assembly,
        seen: BTreeSet::new(),
    };
    let checked_program =
        plan.checks.then(|| lower::lower(&modules, &sources, lower::Options { checks: true }));
    match trial.all(plan, checked_program, &sources) {
        Ok(()) => Verdict::Same(trial.seen.len() as u64),
        Err((where_, details)) => Verdict::Differs { where_, details },
    }
}

fn errors(sources: &SourceMap, sink: &Sink) -> String {
    sink.iter().map(|d| render::short(sources, d)).filter(|t| t.contains("Error")).collect()
}

/// True for what a finished module cannot hold.
fn is_beyond(errors: &str) -> bool {
    let limits =
        ["does not fit version 1", "a .LIB cannot give", "cannot be in a .LIB", "which is finished code"];
    limits.iter().any(|t| errors.contains(t))
}

/// Where, and what.
type Difference = (String, String);

/// A program that is being compared.
struct Trial {
    expected: Behaviour,
    files: MemoryFiles,
    lowered: Program,
    accesses_in_ir: bool,
    mapped: bool,
    /// Only the machine can run it: the first run says what is right.
    unknown: bool,
    /// Images that were run.
    seen: BTreeSet<Vec<u8>>,
}

impl Trial {
    fn all(&mut self, plan: &Plan, checks: Option<Program>, sources: &SourceMap) -> Result<(), Difference> {
        self.interpreted(&self.lowered, "lowered")?;
        let mut usual = None;
        for opt in LEVELS {
            let options = Options { opt, ..Options::default() };
            let program = self.whole(self.lowered.clone(), &options, sources, &format!("{opt:?}"))?;
            usual = if opt == OptLevel::O2 { Some(program) } else { usual };
        }
        for name in &plan.without {
            let options = Options { without: vec![name.to_string()], ..Options::default() };
            let mut program = self.lowered.clone();
            build::optimise(&mut program, &options);
            if Some(&program) != usual.as_ref() {
                self.compiled(program, &options, sources, &format!("without {name}"))?;
            }
        }
        if let Some(program) = checks {
            let options = Options { checks: true, ..Options::default() };
            self.whole(program, &options, sources, "with checks")?;
        }
        if let Some(opt) = plan.loaded {
            let options = Options { target: Target::Dynamic, opt, ..Options::default() };
            self.with_module_loaded(&options, &format!("modules loaded {opt:?}"))?;
        }
        if let Some(opt) = plan.linked {
            self.with_module_linked(
                &Options { opt, ..Options::default() },
                &format!("modules linked {opt:?}"),
            )?;
        }
        Ok(())
    }

    /// Optimises a lowered program, and runs it; the result is the optimised one.
    fn whole(
        &mut self,
        mut program: Program,
        options: &Options,
        sources: &SourceMap,
        what: &str,
    ) -> Result<Program, Difference> {
        build::optimise(&mut program, options);
        self.compiled(program.clone(), options, sources, what)?;
        Ok(program)
    }

    /// Runs optimised middle IR and the code that is made of it.
    fn compiled(
        &mut self,
        mut program: Program,
        options: &Options,
        sources: &SourceMap,
        what: &str,
    ) -> Result<(), Difference> {
        if options.opt != OptLevel::O0 {
            self.interpreted(&program, &format!("optimised {what}"))?;
        }
        let mut sink = Sink::default();
        let image = build::image(&mut program, &[], options, &mut Dump::new(options), &mut sink);
        match image {
            Some(image) => self.on_machine(out::prg::write(&image), &MemoryFiles::default(), what),
            None => Err((what.to_string(), errors(sources, &sink))),
        }
    }

    fn interpreted(&self, program: &Program, what: &str) -> Result<(), Difference> {
        if self.unknown || self.has_assembly() {
            return Ok(());
        }
        let config =
            interp::Config { step_limit: MOST_STEPS, input: KEYS.into(), ..interp::Config::default() };
        let run = interp::run(program, &config);
        if run.outcome != interp::Outcome::Returned(None) {
            return Err((what.to_string(), format!("{:?}", run.outcome)));
        }
        let in_window = |event: &&Event| match event {
            Event::Read(address, ..) | Event::Write(address, ..) => WINDOW.contains(address),
            _ => false,
        };
        let access = |event: &Event| match *event {
            Event::Read(address, width, value) => {
                Some(oracle::Access { address, width, value, is_write: false })
            }
            Event::Write(address, width, value) => {
                Some(oracle::Access { address, width, value, is_write: true })
            }
            _ => None,
        };
        let found = run.trace.iter().filter(in_window).filter_map(access);
        let accesses = if self.accesses_in_ir { found.collect() } else { self.expected.accesses.clone() };
        self.same(&Behaviour { output: run.output, accesses }, what)
    }

    /// Runs a program whose modules are read from the drive.
    fn with_module_loaded(&mut self, options: &Options, what: &str) -> Result<(), Difference> {
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        let Some(built) = build::build(&self.files, options, MAIN, &mut sources, &mut sink) else {
            let errors = errors(&sources, &sink);
            return if is_beyond(&errors) { Ok(()) } else { Err((what.to_string(), errors)) };
        };
        let disk = MemoryFiles::default();
        built.libs.into_iter().for_each(|(name, bytes)| disk.add(name, bytes));
        self.on_machine(built.prg.unwrap_or_default(), &disk, what)
    }

    /// Links the program with its module as a file: the finished code has to do the same, the middle
    /// code has to give the bytes of the source.
    fn with_module_linked(&mut self, options: &Options, what: &str) -> Result<(), Difference> {
        let code = Options { code_only: true, ..options.clone() };
        if let Some(prg) = self.linked(&code, options, what)? {
            self.on_machine(prg, &MemoryFiles::default(), what)?;
        }
        let what = format!("{what} middle");
        let middle = Options { lib_format: LibFormat::V2, ..options.clone() };
        let Some(prg) = self.linked(&middle, options, &what)? else { return Ok(()) };
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        match build::build(&self.files, options, MAIN, &mut sources, &mut sink) {
            Some(built) if built.prg.as_ref() == Some(&prg) => Ok(()),
            Some(_) => Err((what, "not the bytes of the source".to_string())),
            None => Err((what, errors(&sources, &sink))),
        }
    }

    /// Compiles the module to a file and the program with that; `None` when no file can hold it.
    fn linked(
        &self,
        library: &Options,
        options: &Options,
        what: &str,
    ) -> Result<Option<Vec<u8>>, Difference> {
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        let fail = |sources: &SourceMap, sink: &Sink| match errors(sources, sink) {
            errors if is_beyond(&errors) => Ok(None),
            errors => Err((what.to_string(), errors)),
        };
        let text = self.files.read(MAIN).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = text.unwrap_or_default();
        let lowercase = text.contains("@lowercase");
        let library = Options { target: Target::Library, lowercase, ..library.clone() };
        let Some(built) = build::build(&self.files, &library, MODULE, &mut sources, &mut sink) else {
            return fail(&sources, &sink);
        };
        let files = MemoryFiles::default();
        for name in self.files.list("").into_iter().filter(|name| name != MODULE) {
            files.add(&name, self.files.read(&name).unwrap_or_default());
        }
        built.libs.into_iter().for_each(|(name, bytes)| files.add(name, bytes));
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        match build::build(&files, options, MAIN, &mut sources, &mut sink) {
            Some(built) => Ok(built.prg),
            None => fail(&sources, &sink),
        }
    }

    fn on_machine(&mut self, prg: Vec<u8>, disk: &MemoryFiles, what: &str) -> Result<(), Difference> {
        let what = format!("machine {what}");
        let mut machine = Machine::new();
        if let Err(error) = machine.load_prg(&prg) {
            return Err((what, error.to_string()));
        }
        let alone = disk.list("").is_empty();
        if alone && !self.seen.insert(prg) {
            return Ok(());
        }
        if self.mapped {
            WINDOW.for_each(|address| machine.poke(address, 0));
            machine.watch(WINDOW);
        }
        let mut drive = Disk::open(disk, ".").expect("an empty drive");
        let options =
            RunOptions { max_cycles: MOST_CYCLES, input: KEYS.to_string(), ..RunOptions::default() };
        let run = machine.run(&options, &mut drive);
        let accesses = machine.take_accesses();
        if std::mem::take(&mut self.unknown) && run.exit == Exit::Returned {
            self.expected.output = run.output.codes;
            return Ok(());
        }
        // Where no variable is mapped, the program may put its own.
        let meant = |address: u16| {
            self.expected.accesses.iter().any(|a| address.wrapping_sub(a.address) < a.width as u16)
        };
        let accesses = accesses.iter().filter(|a| meant(a.address)).map(|a| oracle::Access {
            address: a.address,
            width: 1,
            value: a.value.into(),
            is_write: a.is_write,
        });
        let found = Behaviour { output: run.output.codes, accesses: accesses.collect() };
        if run.exit != Exit::Returned {
            let details = format!("{} after {:?}", run.exit, String::from_utf8_lossy(&found.output));
            // Reduced programs must end in the same way.
            let kind = format!("{:?}", run.exit);
            let kind = kind.split_whitespace().next().unwrap_or_default();
            return Err((format!("{what} {kind}"), details));
        }
        self.same(&found, &what)
    }

    fn has_assembly(&self) -> bool {
        self.lowered.funcs.iter().flat_map(|f| f.blocks.iter()).flat_map(|b| &b.insts).any(is_assembly)
    }

    /// Compares with what is right; bytes of one access may come in any order.
    fn same(&self, found: &Behaviour, what: &str) -> Result<(), Difference> {
        let fail = |details: String| Err((what.to_string(), details));
        let expected = &self.expected;
        if expected.output != found.output {
            let text = |b: &Behaviour| String::from_utf8_lossy(&b.output).into_owned();
            return fail(format!("expected {:?}\nfound    {:?}", text(expected), text(found)));
        }
        let bytes: Vec<_> = found.accesses.iter().flat_map(bytes_of).collect();
        let mut at = 0;
        for access in &expected.accesses {
            let mut wanted = bytes_of(access);
            let given = bytes.get(at..at + wanted.len()).unwrap_or(&bytes[at.min(bytes.len())..]);
            let mut given = given.to_vec();
            wanted.sort_unstable();
            given.sort_unstable();
            if wanted != given {
                let end = bytes.len().min(at + 4);
                return fail(format!("access {access:x?}, found {:x?}", &bytes[at.min(end)..end]));
            }
            at += wanted.len();
        }
        if at < bytes.len() { fail(format!("one access too many: {:x?}", bytes[at])) } else { Ok(()) }
    }
}

fn is_assembly(inst: &Inst) -> bool {
    matches!(inst.op, Op::Asm(_))
}

/// Address, value, whether it is a write.
fn bytes_of(access: &oracle::Access) -> Vec<(u16, u8, bool)> {
    (0..access.width)
        .map(|i| (access.address.wrapping_add(i as u16), (access.value >> (8 * i)) as u8, access.is_write))
        .collect()
}
