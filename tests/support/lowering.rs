//! The front end and lowering for a fixture of one file, without the driver.

use std::collections::BTreeMap;

use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::lower::{self, lower};
use pycoc::mir::ir::Program;
use pycoc::mir::verify::verify;
use pycoc::parse::parse;
use pycoc::sema::{CheckContext, Source, check};

use super::Fixture;

/// The program as lowered, before any pass, and whether it uses the lower/upper set; or the errors.
pub fn lowered(fixture: &Fixture) -> Result<(Program, bool), String> {
    let (name, text) = &fixture.files[0];
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let file = sources.add(name, text.as_str());
    let tree = parse(file, text, &mut sink);
    let source = Source { module: &tree, includes: Vec::new() };
    let modules = BTreeMap::new();
    let program = !fixture.args().contains(&"--lib");
    let context = CheckContext { imports: &[], modules: &modules, name: "test", program, lowercase: None };
    let module = check(&source, &context, &mut sink);
    if sink.has_errors() {
        return Err(sink.iter().map(|d| render::short(&sources, d)).collect());
    }
    let options = lower::Options { checks: fixture.args().contains(&"--checks") };
    let program = lower(&[&module], &sources, options);
    verify(&program).map_err(|faults| faults.join("\n"))?;
    Ok((program, module.lowercase))
}
