//! Every program of `fixtures/run` in the interpreter of the middle IR, as lowered and before any
//! pass: a fault that shows here is one of the front end or of lowering.
//!
//! Fixtures of several files and what only the machine can do (assembly) are left to `filetests`.

mod support;

use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};
use pycoc::c64::petscii;
use pycoc::mir::interp::{self, Config, Outcome};
use support::Fixture;
use support::lowering::lowered;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = support::fixtures(&root.join("fixtures/run")).into_iter().filter_map(|path| {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let fixture = Fixture::read(&path).ok()?;
        let whole = fixture.files.len() == 1 && !fixture.files[0].1.contains("include(");
        (whole && fixture.command == ["run"])
            .then(|| Trial::test(name, move || run(&fixture).map_err(Failed::from)))
    });
    libtest_mimic::run(&arguments, fixtures.collect()).exit();
}

fn run(fixture: &Fixture) -> Result<(), String> {
    let (program, lowercase) = lowered(fixture)?;
    let input = fixture.key("input").unwrap_or_default().replace("\\n", "\n");
    let keys = input
        .chars()
        .map(|c| if c == '\n' { 0x0D } else { petscii::petscii(c, lowercase).unwrap_or(0) });
    let result = interp::run(&program, &Config { input: keys.collect(), ..Config::default() });
    let printed: String =
        result.output.iter().filter_map(|&c| petscii::unicode(c, lowercase)).collect();
    match (&result.outcome, fixture.key("fails")) {
        (Outcome::Unsupported(_), _) => return Ok(()),
        (Outcome::Returned(_), None) | (Outcome::Failed(_), Some(_)) => {}
        (outcome, _) => return Err(format!("{outcome:?} after printing\n{printed}")),
    }
    fixture.compare(&printed)
}
