//! The pipeline from a main file to its results, on one page.
//!
//! In: the main file's path, the options, and the `Files` in which modules are found. Out: the
//! results as bytes, and diagnostics in the sink. Invariant: `None` exactly when the sink holds an
//! error; nothing is written. Not here: where results go (`output.rs`), and showing diagnostics.

use std::collections::BTreeMap;

use crate::base::diag::Sink;
use crate::base::source::SourceMap;
use crate::driver::disk;
use crate::driver::dump::{self, Dump};
use crate::driver::files::Files;
use crate::driver::modules::load_all;
use crate::driver::output::{main_output, stem};
use crate::driver::session::{Emit, EmitKind, OptLevel, Options, Target};
use crate::link::LinkInput;
use crate::mir::ir::Program;
use crate::sema::{self, CheckContext, hir};
use crate::{codegen, link, lower, mir, opt, out};

/// The results of a compilation.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Built {
    /// The program with its load address; none for `--lib`.
    pub prg: Option<Vec<u8>>,
    /// CBM file names and contents: the one of `--lib`, or all that `--dynamic` needs.
    pub libs: Vec<(String, Vec<u8>)>,
    /// The disk image, when one was asked for.
    pub d64: Option<Vec<u8>>,
    /// What `--emit` asked for.
    pub emits: Vec<(Emit, Vec<u8>)>,
}

/// Compiles and links `main`.
pub fn build(
    files: &dyn Files,
    options: &Options,
    main: &str,
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Option<Built> {
    let modules = check(files, options, main, sources, sink);
    if sink.has_errors() {
        return None;
    }
    let mut dump = Dump::new(options);
    dump.source(main, sources);
    dump.stage(EmitKind::Hir, || dump::typed(&modules));
    let modules: Vec<&hir::Module> = modules.iter().collect();
    let mut program = lower::lower(&modules, sources, lower::Options { checks: options.checks });
    optimise(&mut program, options);
    dump.stage(EmitKind::Mir, || mir::print::program(&program));
    let generated = codegen::generate(&mut program, &codegen_options(options), sink);
    if sink.has_errors() {
        return None;
    }
    dump.stage(EmitKind::Obj, || out::asm::write(&generated.sections));
    let input = LinkInput {
        sections: generated.sections,
        entry: generated.entry,
        init: generated.init,
        keep: generated.keep,
        env: program.env.clone(),
        mapped: generated.mapped,
        zero_page: generated.zero_page,
    };
    let image = link::link(&input, sink)?;
    if sink.has_errors() {
        return None;
    }
    dump.image(&image, sources);
    dump.stage(EmitKind::Deps, || dump::rule(&main_output(files, options, main), sources));
    let prg = out::prg::write(&image);
    let d64 = match options.d64 {
        Some(_) => Some(disk::image(stem(main), &prg, &[], sink)?),
        None => None,
    };
    Some(Built { prg: Some(prg), d64, emits: dump.finish(), ..Built::default() })
}

/// Finds everything wrong with `main` that needs no code generation. The modules come in
/// dependency order, the program last.
pub fn check(
    files: &dyn Files,
    options: &Options,
    main: &str,
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Vec<hir::Module> {
    let loaded = load_all(files, options, main, sources, sink);
    let mut interfaces = BTreeMap::new();
    let mut checked = Vec::new();
    let lowercase = loaded.last().is_some_and(|l| sema::wants_lowercase(&l.unit.source()));
    let count = loaded.len();
    for (at, module) in loaded.iter().enumerate() {
        let context = CheckContext {
            imports: &module.found,
            modules: &interfaces,
            name: &module.name,
            program: at + 1 == count && options.target != Target::Library,
            lowercase: if options.target == Target::Library {
                Some(options.lowercase)
            } else {
                Some(lowercase)
            },
        };
        let (hir, interface) = sema::check_with_interface(&module.unit.source(), &context, sink);
        interfaces.insert(module.name.clone(), interface);
        checked.push(hir);
    }
    checked
}

fn optimise(program: &mut Program, options: &Options) {
    let level = match options.opt {
        OptLevel::O0 => opt::Level::O0,
        OptLevel::O1 => opt::Level::O1,
        OptLevel::O2 => opt::Level::O2,
        OptLevel::Os => opt::Level::Os,
    };
    let options = opt::OptOptions {
        level,
        without: options.without.clone(),
        bisect: options.opt_bisect.and_then(|n| u32::try_from(n).ok()),
        print_after: options.print_after.clone(),
        ..opt::OptOptions::default()
    };
    opt::optimise(program, &options);
}

fn codegen_options(options: &Options) -> codegen::Options {
    let level = match options.opt {
        OptLevel::O0 => 0,
        OptLevel::O1 => 1,
        OptLevel::O2 | OptLevel::Os => 2,
    };
    codegen::Options { level, small: options.opt == OptLevel::Os, module: options.target == Target::Library }
}
