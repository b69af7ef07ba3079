//! The front end and lowering for a fixture.

use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::driver::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::Options;
use pycoc::lower::{self, lower};
use pycoc::mir::ir::Program;
use pycoc::mir::verify::verify;

use super::Fixture;

/// The program as lowered, before any pass; or the errors.
pub fn lowered(fixture: &Fixture, options: &Options) -> Result<Program, String> {
    let files = MemoryFiles::default();
    for (name, text) in &fixture.files {
        files.add(name, text.as_str());
    }
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let checked = build::check(&files, options, &fixture.files[0].0, &mut sources, &mut sink);
    if sink.has_errors() {
        return Err(sink.iter().map(|d| render::short(&sources, d)).collect());
    }
    let program = lower(&checked.sources(), &sources, lower::Options { checks: options.checks });
    verify(&program).map_err(|faults| faults.join("\n"))?;
    Ok(program)
}
