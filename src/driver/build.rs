//! The pipeline from a main file to its results, on one page.
//!
//! In: the main file's path, the options, and the `Files` in which modules are found. Out: the
//! results as bytes, and diagnostics in the sink. Invariant: `None` exactly when the sink holds an
//! error; nothing is written. Not here: where results go (`output.rs`), and showing diagnostics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::SourceMap;
use crate::driver::disk;
use crate::driver::dump::{self, Dump};
use crate::driver::files::Files;
use crate::driver::finished::{self, FinishedModule, Selected};
use crate::driver::modules::{Form, Loaded, load_all};
use crate::driver::output::{main_output, stem};
use crate::driver::session::{Emit, EmitKind, OptLevel, Options, Target};
use crate::link::dynamic::DynamicModule;
use crate::link::{Image, LinkInput};
use crate::mir::ir::{Global, GlobalKind, Program};
use crate::mos::item::Name;
use crate::obj::liblink;
use crate::obj::notation::{self, Facts};
use crate::out::dbg::DebugMap;
use crate::sema::interface::Interface;
use crate::sema::{self, CheckContext, hir};
use crate::{codegen, link, lower, mir, obj, opt, out};

/// The results of a compilation.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Built {
    /// The program with its load address; none for `--lib`.
    pub prg: Option<Vec<u8>>,
    /// The cartridge, when `main` asks for one.
    pub crt: Option<Vec<u8>>,
    /// CBM file names and contents: the one of `--lib`, or all that `--dynamic` needs.
    pub libs: Vec<(String, Vec<u8>)>,
    /// The disk image, when one was asked for.
    pub d64: Option<Vec<u8>>,
    /// What lies where, when it was asked for.
    pub map: Option<DebugMap>,
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
    let checked = check(files, options, main, sources, sink);
    if sink.has_errors() {
        return None;
    }
    let mut dump = Dump::new(options);
    let module_files = checked.module_files();
    let rule = |sources: &SourceMap| dump::rule(&main_output(files, options, main), sources, &module_files);
    dump.source(main, sources);
    dump.stage(EmitKind::Hir, || dump::typed(&checked.sources()));
    if options.target == Target::Library {
        let module = checked.modules.last()?;
        let CheckedForm::Source(hir) = &module.form else { return None };
        let facts = module.facts();
        let lib = finished::compile(hir, &module.interface, facts, options, &mut dump, sources, sink)?;
        dump.stage(EmitKind::Deps, || rule(sources));
        dump.stage(EmitKind::Graph, || obj::deps::dot(&lib.name, &lib.file));
        let libs = vec![(lib.file_name(), lib.bytes)];
        return Some(Built { libs, emits: dump.finish(sources), ..Built::default() });
    }
    let names: Vec<String> = checked.modules.iter().rev().skip(1).map(|m| m.name.clone()).collect();
    let (parts, finished) = separate(checked, options, sources, sink)?;
    let mut program = lower::join(parts).map_err(|clash| sink.push(does_not_fit(&clash))).ok()?;
    if let Some(name) = defined_twice(&program, &finished) {
        sink.push(does_not_fit(&lower::Clash::Twice(name)));
        return None;
    }
    if let (true, Some(disk)) = (program.env.cartridge, &options.d64) {
        sink.push(cartridge_on_disk(main, disk));
        return None;
    }
    dump.passes(optimise(&mut program, options));
    dump.stage(EmitKind::Mir, || mir::print::program(&program));
    dump.remarks(|remarks| opt::remarks::collect(&program, level(options), remarks));
    let image = image(&mut program, &finished, options, &mut dump, sink)?;
    dump.image(&image, sources, &names);
    dump.stage(EmitKind::Deps, || rule(sources));
    let prg = out::prg::write(&image);
    let libs = loaded(&image, finished, sink)?;
    let crt = program.env.cartridge.then(|| out::crt::write(&image, stem(main)));
    let d64 = match options.d64 {
        Some(_) => {
            let name = main_output(files, options, main);
            let extra = disk::further(files, &options.disk, sink)?;
            Some(disk::image(stem(&name), &prg, &libs, &options.disk, extra, sink)?)
        }
        None => None,
    };
    let map = options.debug_map.then(|| DebugMap::of(&image, sources, &names));
    Some(Built { prg: Some(prg), crt, libs, d64, map, emits: dump.finish(sources) })
}

/// Makes the image of an optimised program and the modules that are finished code.
pub fn image(
    program: &mut Program,
    finished: &[FinishedModule],
    options: &Options,
    dump: &mut Dump,
    sink: &mut Sink,
) -> Option<Image> {
    let selected = finished::select(finished, foreign_symbols(program), sink)?;
    if selected.stack {
        codegen::prepare::add_stack(program);
    }
    keep_clear(program, finished);
    let generated = codegen::generate(program, &codegen_options(options, false), sink);
    if sink.has_errors() {
        return None;
    }
    dump.stage(EmitKind::Lir, || codegen::print::low_level(program, &generated.low_level));
    dump.stage(EmitKind::Obj, || out::asm::write(&generated.sections));
    dump.remarks(|remarks| codegen::remarks::collect(program, &generated, remarks));
    let mut input = LinkInput {
        sections: generated.sections,
        entry: generated.entry,
        init: generated.init,
        keep: generated.keep,
        env: program.env.clone(),
        mapped: generated.mapped,
        zero_page: generated.zero_page,
        modules: Vec::new(),
        small: codegen_options(options, false).small,
    };
    add_finished(&mut input, selected, finished, options.target);
    let image = link::link(&input, sink)?;
    if sink.has_errors() {
        return None;
    }
    Some(image)
}

/// A module after checking.
#[derive(Debug)]
pub struct CheckedModule {
    pub name: String,
    pub interface: Interface,
    /// Names and constraints of what it imports.
    pub imports: Vec<(String, String)>,
    /// The hashes of the interfaces of what it imports.
    pub seen: Vec<(String, u32)>,
    pub form: CheckedForm,
}

impl CheckedModule {
    /// What a `.LIB` of the module says of its imports.
    fn facts(&self) -> Facts {
        Facts { imports: self.imports.clone(), seen: self.seen.clone(), ..Facts::default() }
    }
}

/// What there is of a module.
#[derive(Debug)]
pub enum CheckedForm {
    Source(Box<hir::Module>),
    Finished(Box<FinishedModule>),
}

/// All modules of a program in dependency order, the program last.
#[derive(Default, Debug)]
pub struct Checked {
    pub modules: Vec<CheckedModule>,
}

impl Checked {
    /// The paths of the `.LIB` files.
    pub fn module_files(&self) -> Vec<String> {
        let finished = self.modules.iter().filter_map(|m| match &m.form {
            CheckedForm::Finished(module) => Some(module.path.clone()),
            CheckedForm::Source(_) => None,
        });
        finished.collect()
    }

    /// The modules that there is source of.
    pub fn sources(&self) -> Vec<&hir::Module> {
        let forms = self.modules.iter().map(|m| &m.form);
        forms.filter_map(|f| if let CheckedForm::Source(hir) = f { Some(&**hir) } else { None }).collect()
    }
}

/// Finds everything wrong with `main` that needs no code generation.
pub fn check(
    files: &dyn Files,
    options: &Options,
    main: &str,
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Checked {
    let loaded = load_all(files, options, main, sources, sink);
    let library = options.target == Target::Library;
    let mut interfaces = BTreeMap::new();
    let mut checked = Checked::default();
    let wants_lowercase = |l: &Loaded| match &l.form {
        Form::Source(unit) => sema::wants_lowercase(&unit.source()),
        Form::Finished(_) => false,
    };
    let lowercase = if library { options.lowercase } else { loaded.last().is_some_and(wants_lowercase) };
    let count = loaded.len();
    for (at, Loaded { name, form, found, imports }) in loaded.into_iter().enumerate() {
        let (form, interface) = match form {
            Form::Finished(module) => {
                if let Some(other) = finished::other_charset(&module, lowercase) {
                    sink.push(other);
                }
                if let Some(outdated) = finished::outdated(&module, &interfaces) {
                    sink.push(outdated);
                }
                let interface = module.interface.clone();
                (CheckedForm::Finished(module), interface)
            }
            Form::Source(unit) => {
                let context = CheckContext {
                    imports: &found,
                    modules: &interfaces,
                    name: &name,
                    program: at + 1 == count && !library,
                    lowercase: Some(lowercase),
                };
                let (hir, interface) = sema::check_with_interface(&unit.source(), &context, sink);
                (CheckedForm::Source(Box::new(hir)), interface)
            }
        };
        let hash = |(name, _): &(String, String)| Some((name.clone(), notation::hash(interfaces.get(name)?)));
        let seen = imports.iter().filter_map(hash).collect();
        interfaces.insert(name.clone(), interface.clone());
        checked.modules.push(CheckedModule { name, interface, imports, seen, form });
    }
    checked
}

/// Tells what is compiled as a whole, from source or middle code, from what is finished code. Modules
/// that a finished one imports are finished as well, and compiled here if there is only source of
/// them.
fn separate(
    checked: Checked,
    options: &Options,
    sources: &SourceMap,
    sink: &mut Sink,
) -> Option<(Vec<Program>, Vec<FinishedModule>)> {
    let dynamic = options.target == Target::Dynamic;
    let mut middle: BTreeMap<String, Program> = BTreeMap::new();
    for module in checked.modules.iter().filter(|_| !dynamic) {
        if let CheckedForm::Finished(file) = &module.form {
            let program = finished::middle(file, sink).map_err(|error| sink.push(error)).ok()?;
            middle.extend(program.map(|program| (module.name.clone(), program)));
        }
    }
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    if dynamic {
        wanted.extend(checked.modules.iter().rev().skip(1).map(|m| m.name.clone()));
    }
    for module in checked.modules.iter().rev() {
        let code_only = matches!(module.form, CheckedForm::Finished(_)) && !middle.contains_key(&module.name);
        if code_only || wanted.contains(&module.name) {
            wanted.insert(module.name.clone());
            wanted.extend(module.imports.iter().map(|(name, _)| name.clone()));
        }
    }
    // What was asked for is the program's.
    let none = Options { emit: Vec::new(), ..options.clone() };
    let lowering = lower::Options { checks: options.checks };
    let (mut whole, mut finished) = (Vec::new(), Vec::new());
    for module in checked.modules {
        let is_finished = wanted.contains(&module.name);
        let facts = module.facts();
        match module.form {
            CheckedForm::Finished(file) => match middle.remove(&module.name).filter(|_| !is_finished) {
                Some(program) => whole.push(program),
                None => finished.push(*file),
            },
            CheckedForm::Source(hir) if is_finished => {
                let (interface, mut dump) = (&module.interface, Dump::new(&none));
                let file = finished::compile(&hir, interface, facts, options, &mut dump, sources, sink)?;
                finished.push(file);
            }
            CheckedForm::Source(hir) => whole.push(lower::lower_module(&hir, sources, lowering)),
        }
    }
    if dynamic && finished.iter().any(|module| module.file.version > 1) {
        finished = of_one_version(finished, sink)?;
    }
    Some((whole, finished))
}

/// Modules that were not made for each other, or names of a program that are names of a module.
fn does_not_fit(clash: &lower::Clash) -> Diagnostic {
    match clash {
        lower::Clash::Twice(name) => Diagnostic::global(
            codes::DUPLICATE_NAME,
            format!("A module and the program both define '{name}'"),
        )
        .help("give the class or function of the program another name"),
        lower::Clash::Differs(name) => {
            let text = format!("A module file was compiled against another '{name}' than there is");
            Diagnostic::global(codes::LIB_MISMATCH, text).help("compile the modules of the program again")
        }
    }
}

/// A program loads files of one version.
fn of_one_version(modules: Vec<FinishedModule>, sink: &mut Sink) -> Option<Vec<FinishedModule>> {
    let mut out = Vec::new();
    for module in modules {
        let name = module.name.clone();
        match module.into_version_2() {
            Ok(module) => out.push(module),
            Err(error) => {
                let text = format!("Module '{name}' does not fit version 2 of the .LIB format: {error}");
                sink.push(Diagnostic::global(codes::LIB_LIMIT, text).help(finished::SPLIT));
                return None;
            }
        }
    }
    Some(out)
}

fn cartridge_on_disk(main: &str, disk: &str) -> Diagnostic {
    let text = format!("'{main}' makes a cartridge, which cannot be on the disk '{disk}'");
    Diagnostic::global(codes::CARTRIDGE_ON_DISK, text)
        .help("leave the disk out, or take '@cartridge' away from main()")
}

/// What the linker needs to know of a module that is loaded at run time.
fn dynamic_module(module: &FinishedModule) -> DynamicModule {
    DynamicModule {
        name: module.name.clone(),
        file_name: module.file_name(),
        bytes: module.bytes.clone(),
        file: module.file.clone(),
    }
}

/// The files that the program loads. On a disk their names have no folders.
fn loaded(image: &Image, modules: Vec<FinishedModule>, sink: &mut Sink) -> Option<Vec<(String, Vec<u8>)>> {
    let mut files: Vec<(String, FinishedModule)> = Vec::new();
    for module in modules.into_iter().filter(|m| image.loads.contains(&m.name)) {
        let name = module.file_name();
        if let Some((_, other)) = files.iter().find(|(other, _)| *other == name) {
            let text =
                format!("Modules '{}' and '{}' would both be the file '{name}'", other.name, module.name);
            sink.push(Diagnostic::global(codes::OUTPUT_CLASH, text).help("give one of them another name"));
            return None;
        }
        files.push((name, module));
    }
    Some(files.into_iter().map(|(name, module)| (name, module.bytes)).collect())
}

/// What the program uses of modules that are finished code.
fn foreign_symbols(program: &Program) -> Vec<Name> {
    let funcs = program.funcs.iter().filter(|f| f.is_extern()).map(|f| Name::from(&*f.name));
    funcs.chain(program.globals.iter().filter(|g| g.external).map(|g| Name::from(&*g.name))).collect()
}

/// Makes a global of every area that finished modules map or that their assembly names, so that
/// nothing of the program lies there, in zero page neither.
fn keep_clear(program: &mut Program, modules: &[FinishedModule]) {
    for (start, end) in modules.iter().flat_map(|m| &m.facts.mapped) {
        let size = u32::from(end.saturating_sub(*start)) + 1;
        let mut area = Global::new(format!("$mapped.{start:04x}.{size}"), GlobalKind::Mapped, size);
        area.fixed = Some(*start);
        program.globals.push(area);
    }
}

/// The first name that is defined by two of the finished modules, or by one of them and the program.
fn defined_twice(program: &Program, modules: &[FinishedModule]) -> Option<Arc<str>> {
    let funcs = program.funcs.iter().filter(|f| !f.is_extern()).map(|f| &f.name);
    let globals = program.globals.iter().filter(|g| !g.external).map(|g| &g.name);
    let mut known: BTreeSet<Name> = funcs.chain(globals).map(|name| Name::from(&**name)).collect();
    let mut symbols = modules.iter().flat_map(|m| liblink::symbols(&m.name, &m.file));
    symbols.find(|symbol| !known.insert(symbol.clone())).map(|symbol| symbol.as_str().into())
}

fn add_finished(input: &mut LinkInput, selected: Selected, modules: &[FinishedModule], target: Target) {
    if modules.is_empty() {
        return;
    }
    // The software stack comes first: initialisers may use it.
    let at =
        usize::from(input.init.first().is_some_and(|name| name.as_str() == codegen::prepare::STACK_INIT));
    input.init.splice(at..at, selected.init);
    if target == Target::Dynamic {
        input.modules = modules.iter().map(dynamic_module).collect();
    } else {
        input.sections.extend(selected.sections);
    }
    input.zero_page |= codegen::module::ZERO_PAGE;
}

/// The level as the optimiser knows it.
pub fn level(options: &Options) -> opt::Level {
    match options.opt {
        OptLevel::O0 => opt::Level::O0,
        OptLevel::O1 => opt::Level::O1,
        OptLevel::O2 => opt::Level::O2,
        OptLevel::Os => opt::Level::Os,
    }
}

/// Optimises a program or module as the options say.
pub fn optimise(program: &mut Program, options: &Options) -> opt::Report {
    let options = opt::OptOptions {
        level: level(options),
        without: options.without.clone(),
        bisect: options.opt_bisect.and_then(|n| u32::try_from(n).ok()),
        print_after: options.print_after.clone(),
        ..opt::OptOptions::default()
    };
    opt::optimise(program, &options)
}

/// The same for the code generator; `module` for finished code.
pub fn codegen_options(options: &Options, module: bool) -> codegen::Options {
    let level = match options.opt {
        OptLevel::O0 => 0,
        OptLevel::O1 => 1,
        OptLevel::O2 | OptLevel::Os => 2,
    };
    codegen::Options { level, small: options.opt == OptLevel::Os, module }
}
