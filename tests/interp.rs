//! Every program of `fixtures/run` in the interpreter of the middle IR, as lowered and before any
//! pass: a fault that shows here is one of the front end or of lowering.
//!
//! What only the machine can do (assembly, calls of fixed addresses, interrupts) is left to
//! `filetests`.

mod support;

use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};
use pycoc::c64::petscii;
use pycoc::mir::callgraph::CallGraph;
use pycoc::mir::interp::{self, Config, Outcome};
use support::Fixture;
use support::lowering::lowered;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trials = support::fixtures(&root.join("fixtures/run")).into_iter().filter_map(|path| {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let fixture = Fixture::read(&path).ok()?;
        (fixture.command == ["run"]).then(|| Trial::test(name, move || run(&fixture).map_err(Failed::from)))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn run(fixture: &Fixture) -> Result<(), String> {
    let program = lowered(fixture, &support::options(fixture)?)?;
    // What depends on the machine's own stack ends otherwise here, where calls take no room.
    let machine_only = fixture.key("only").is_some_and(|on| on == "machine");
    if machine_only || CallGraph::new(&program).handlers.iter().next().is_some() {
        return Ok(());
    }
    let lowercase = program.env.lowercase;
    let input = fixture.key("input").unwrap_or_default().replace("\\n", "\r");
    let key = |c| if c == '\r' { 0x0D } else { petscii::petscii(c, lowercase).unwrap_or(0) };
    let config = Config { input: input.chars().map(key).collect(), ..Config::default() };
    let mut result = interp::run(&program, &config);
    let fails = fixture.key("fails").is_some();
    match &result.outcome {
        Outcome::Unsupported(_) => return Ok(()),
        Outcome::Returned(_) if !fails => {}
        Outcome::Failed(message) if fails => result.output.extend(message),
        outcome => return Err(format!("{outcome:?} after printing {:?}", result.output)),
    }
    let shown = result.output.iter().filter_map(|&code| petscii::unicode(code, lowercase));
    fixture.compare(&shown.collect::<String>())
}
