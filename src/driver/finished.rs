//! Modules as `.LIB` files: opening them, making them, and choosing what a program needs.
//!
//! In: bytes of a file, or a checked module. Out: `FinishedModule`s, and their sections for the
//! linker. Invariant: a module that a finished one imports is finished too, so that the state of
//! each module exists once. Not here: finding files (`modules.rs`), their format (`obj/`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::SourceMap;
use crate::driver::build::{codegen_options, level, optimise};
use crate::driver::dump::Dump;
use crate::driver::session::{EmitKind, LibFormat, Options, Target};
use crate::mir::decode::decode;
use crate::mir::encode::encode;
use crate::mir::ir::Program;
use crate::mos::item::Name;
use crate::obj::libbuild::{self, ModuleParts};
use crate::obj::libfile::{LibError, LibFile};
use crate::obj::liblink;
use crate::obj::mirblob::{self, MiddlePart};
use crate::obj::notation::{self, Facts, RUN_TIME};
use crate::obj::object::Section;
use crate::sema::hir;
use crate::sema::interface::{ExportItem, FieldPlace, Interface};
use crate::{codegen, lower, mir, opt, out};

/// The longest name of a module, so that the file's name with `.LIB` fits a disk.
pub const MAX_NAME: usize = 12;

/// A module whose code is finished.
#[derive(Clone, PartialEq, Debug)]
pub struct FinishedModule {
    /// Dotted name.
    pub name: String,
    /// The file, or the source that it was compiled from.
    pub path: String,
    pub bytes: Vec<u8>,
    pub file: LibFile,
    pub interface: Interface,
    pub facts: Facts,
    /// Names of other modules in the file that are others in this program.
    renamed: BTreeMap<String, String>,
}

impl FinishedModule {
    /// The name of its file on a disk.
    pub fn file_name(&self) -> String {
        file_name(&self.name)
    }

    /// The same module as a file of version 2.
    pub fn into_version_2(mut self) -> Result<FinishedModule, LibError> {
        if self.file.version == 1 {
            self.file.version = 2;
            self.file.header = libbuild::header(&self.file, &self.interface, &self.facts);
            self.bytes = self.file.write()?;
            self.file = LibFile::read(&self.bytes)?;
        }
        Ok(self)
    }

    /// The names and constraints of the modules that it refers to.
    pub fn imports(&self) -> Vec<(String, String)> {
        let mut imports = self.facts.imports.clone();
        for module in self.foreign_modules() {
            if !imports.iter().any(|(name, _)| *name == module) {
                imports.push((module, String::new()));
            }
        }
        imports
    }

    /// The other modules that the file names.
    pub fn foreign_modules(&self) -> Vec<String> {
        let imports = self.facts.imports.iter().map(|(name, _)| name);
        let externals = self.file.externals.iter().map(|e| &e.module).chain(&self.interface.needs);
        let mut names: Vec<String> = Vec::new();
        for name in imports.chain(externals).filter(|m| *m != RUN_TIME) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Calls other modules as this program does.
    pub fn rename(&mut self, names: BTreeMap<String, String>) {
        let new = |name: &mut String| {
            if let Some(other) = names.get(name.as_str()) {
                name.clone_from(other);
            }
        };
        self.facts.imports.iter_mut().for_each(|(name, _)| new(name));
        self.facts.seen.iter_mut().for_each(|(name, _)| new(name));
        self.file.externals.iter_mut().for_each(|external| new(&mut external.module));
        self.interface.rename_modules(&new);
        self.renamed = names;
    }

    /// What a symbol of the file's middle code is called in this program.
    fn symbol(&self, symbol: &str) -> Option<String> {
        let rest = |module: &str| symbol.strip_prefix(module)?.strip_prefix('.');
        let fits = self.renamed.iter().filter_map(|(old, new)| Some((old, new, rest(old)?)));
        let (_, new, rest) = fits.max_by_key(|(old, ..)| old.len())?;
        Some(format!("{new}.{rest}"))
    }
}

/// The last part of a module's name in upper case, with `.LIB`.
pub fn file_name(module: &str) -> String {
    format!("{}.LIB", module.rsplit('.').next().unwrap_or(module).to_uppercase())
}

/// Takes a file apart for the module `name`.
pub fn open(name: &str, path: &str, bytes: Vec<u8>) -> Result<FinishedModule, Diagnostic> {
    let damaged = |error: LibError| {
        Diagnostic::global(codes::BAD_LIB, format!("'{path}' is not a valid module: {error}"))
    };
    let file = LibFile::read(&bytes).map_err(damaged)?;
    let recompile = || {
        let text = "its calling convention is not known to this pycoc: compile the module again";
        damaged(LibError::new("convention", text))
    };
    if file.version > 1 && u32::from(file.header.abi) != notation::ABI {
        return Err(recompile());
    }
    let (interface, facts) = notation::read(name, &file.texts()).map_err(|export| match export.as_str() {
        notation::MODULE_FACTS => recompile(),
        _ => damaged(LibError::new(
            "string table",
            format!("the type of '{export}' is not known to this pycoc"),
        )),
    })?;
    let (name, path) = (name.to_string(), path.to_string());
    Ok(FinishedModule { name, path, bytes, file, interface, facts, renamed: BTreeMap::new() })
}

/// The middle code of a module, to be compiled with the program; `None` when there is none or it is
/// of no use, and the finished code has to do. An error is a part that was made to deceive.
pub fn middle(module: &FinishedModule, sink: &mut Sink) -> Result<Option<Program>, Diagnostic> {
    let Some(part) = &module.file.middle else { return Ok(None) };
    if !part.is_usable() {
        let why = match part.intact {
            true => {
                format!("has version {}, but this pycoc knows version {}", part.version, mirblob::VERSION)
            }
            false => "is damaged or belongs to other code".to_string(),
        };
        let text = format!("The middle code in '{}' {why}; its finished code is used", module.path);
        sink.push(Diagnostic::global_warning(codes::MIDDLE_CODE, text).help("compile the module again"));
        return Ok(None);
    }
    let mut program = decode(&part.code, &module.name).map_err(|error| {
        let text = format!("'{}' is not a valid module: middle code: {error}", module.path);
        Diagnostic::global(codes::BAD_LIB, text)
    })?;
    for func in program.funcs.iter_mut().filter(|f| f.is_extern()) {
        func.name = module.symbol(&func.name).map_or(func.name.clone(), Into::into);
    }
    for global in program.globals.iter_mut().filter(|g| g.external) {
        global.name = module.symbol(&global.name).map_or(global.name.clone(), Into::into);
    }
    Ok(Some(program))
}

/// The error for a module whose texts are of the other character set.
pub fn other_charset(module: &FinishedModule, lowercase: bool) -> Option<Diagnostic> {
    let name = |lower| if lower { "lower/upper" } else { "upper/graphics" };
    (module.interface.lowercase != lowercase).then(|| {
        let text = format!(
            "'{}' was compiled for the {} character set, but the program uses {}",
            module.path,
            name(module.interface.lowercase),
            name(lowercase)
        );
        let help = match lowercase {
            true => "compile the module with '--lowercase'",
            false => "compile the module without '--lowercase'",
        };
        Diagnostic::global(codes::LIB_MISMATCH, text).help(help)
    })
}

/// The warning for a module that was compiled against other modules than the program has.
pub fn outdated(module: &FinishedModule, interfaces: &BTreeMap<String, Interface>) -> Option<Diagnostic> {
    let differs = |(name, hash): &&(String, u32)| {
        interfaces.get(name).is_some_and(|interface| notation::hash(interface) != *hash)
    };
    let names: Vec<String> =
        module.facts.seen.iter().filter(differs).map(|(n, _)| format!("'{n}'")).collect();
    (!names.is_empty()).then(|| {
        let text =
            format!("'{}' was compiled with another {} than there is now", module.path, names.join(", "));
        Diagnostic::global_warning(codes::LIB_OUTDATED, text).help("compile the module again")
    })
}

/// Compiles a checked module to finished code. `facts` tell of its imports.
pub fn compile(
    module: &hir::Module,
    interface: &Interface,
    facts: Facts,
    options: &Options,
    dump: &mut Dump,
    sources: &SourceMap,
    sink: &mut Sink,
) -> Option<FinishedModule> {
    let mut program = lower::lower(&[module], sources, lower::Options { checks: options.checks });
    let wanted = options.target == Target::Library && !options.code_only;
    let middle = if wanted { encode(&program, &module.name).map(MiddlePart::new) } else { None };
    lower::share_exported(&mut program);
    dump.passes(optimise(&mut program, options));
    dump.stage(EmitKind::Mir, || mir::print::program(&program));
    dump.remarks(|remarks| opt::remarks::collect(&program, level(options), remarks));
    let generated = codegen::generate(&mut program, &codegen_options(options, true), sink);
    if sink.has_errors() {
        return None;
    }
    dump.stage(EmitKind::Lir, || codegen::print::low_level(&program, &generated.low_level));
    dump.stage(EmitKind::Obj, || out::asm::write(&generated.sections));
    dump.remarks(|remarks| codegen::remarks::collect(&program, &generated, remarks));
    let own = |symbol: &Name| {
        let rest = symbol.as_str().strip_prefix(module.name.as_str()).and_then(|s| s.strip_prefix('.'));
        rest.unwrap_or(symbol.as_str()).to_string()
    };
    let facts = Facts {
        init: generated.init.iter().map(own).collect(),
        mapped: generated.mapped.iter().map(|r| (*r.start(), *r.end())).collect(),
        ..facts
    };
    let parts = ModuleParts {
        name: module.name.clone(),
        sections: generated.sections,
        foreign: facts.imports.iter().map(|(name, _)| name.clone()).chain(interface.needs.clone()).collect(),
        public_data: public_data(interface),
        texts: notation::write(interface, &facts),
    };
    let bytes = written(&parts, options.lib_format, interface, &facts, middle, sink)?;
    let path = sources.file(module.file).path.clone();
    match open(&module.name, &path, bytes) {
        Ok(finished) => Some(finished),
        Err(diagnostic) => {
            sink.push(diagnostic);
            None
        }
    }
}

/// The bytes in the lowest version that fits, or in the one that is wanted.
fn written(
    parts: &ModuleParts,
    format: LibFormat,
    interface: &Interface,
    facts: &Facts,
    middle: Option<MiddlePart>,
    sink: &mut Sink,
) -> Option<Vec<u8>> {
    let last = parts.name.rsplit('.').next().unwrap_or_default();
    if last.len() > MAX_NAME {
        let text =
            format!("The name of module '{last}' has {} letters, but at most {MAX_NAME} fit", last.len());
        sink.push(
            Diagnostic::global(codes::LIB_LIMIT, text)
                .help("give the file a shorter name: with '.LIB' it must fit the 16 letters of a disk"),
        );
        return None;
    }
    if last == RUN_TIME {
        let text = format!("'{RUN_TIME}' is the name of the run time in a .LIB; no module can have it");
        sink.push(Diagnostic::global(codes::NOT_IN_LIB, text).help("give the file another name"));
        return None;
    }
    let attempt = |version: u8| {
        let mut file = libbuild::build(parts, version)?;
        file.header = libbuild::header(&file, interface, facts);
        file.middle.clone_from(&middle);
        file.write().map_err(|error| vec![error])
    };
    let (errors, version, help) = match format {
        LibFormat::Lowest => match attempt(1).or_else(|_| attempt(2)) {
            Ok(bytes) => return Some(bytes),
            Err(errors) => (errors, 2, SPLIT),
        },
        LibFormat::V1 => match attempt(1) {
            Ok(bytes) => return Some(bytes),
            Err(errors) => (errors, 1, "leave '--lib-format 1' out, or split the module into several"),
        },
        LibFormat::V2 => match attempt(2) {
            Ok(bytes) => return Some(bytes),
            Err(errors) => (errors, 2, SPLIT),
        },
    };
    for error in errors {
        let text =
            format!("Module '{}' does not fit version {version} of the .LIB format: {error}", parts.name);
        sink.push(Diagnostic::global(codes::LIB_LIMIT, text).help(help));
    }
    None
}

/// The way out when a module is too large.
pub const SPLIT: &str = "split the module into several, or use it as source";

/// The data that other modules can name: tuples, the state of singletons, shared tuples of classes.
fn public_data(interface: &Interface) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for export in &interface.exports {
        match &export.item {
            ExportItem::Tuple(_) => drop(names.insert(export.name.clone())),
            ExportItem::Class(class) => {
                if class.singleton && class.size > 0 {
                    names.insert(export.name.clone());
                }
                let shared = class.fields.iter().filter(|f| matches!(f.place, FieldPlace::Shared { .. }));
                names.extend(shared.map(|f| format!("{}.{}", export.name, f.name)));
            }
            ExportItem::Func(_) | ExportItem::Const(_) => {}
        }
    }
    names
}

/// What a program takes from its finished modules.
#[derive(Clone, Default, Debug)]
pub struct Selected {
    /// What is reachable.
    pub sections: Vec<Section>,
    /// Functions to be called before `main`, in order.
    pub init: Vec<Name>,
    /// Something uses the software stack.
    pub stack: bool,
}

/// The module of a class symbol.
fn module_of(class: &str) -> &str {
    class.rsplit_once('.').map_or(class, |(module, _)| module)
}

/// Everything that `wanted` leads to. A module's initialiser counts as wanted when something of its
/// class is.
pub fn select(
    modules: &[FinishedModule],
    wanted: impl IntoIterator<Item = Name>,
    sink: &mut Sink,
) -> Option<Selected> {
    let mut all: BTreeMap<Name, Section> = BTreeMap::new();
    let mut order = Vec::new();
    for module in modules {
        match liblink::sections(&module.name, &module.file) {
            Ok(sections) => {
                order.extend(sections.iter().map(|s| s.name.clone()));
                all.extend(sections.into_iter().map(|s| (s.name.clone(), s)));
            }
            Err(error) => {
                let text = format!("'{}' is not a valid module: {error}", module.path);
                sink.push(Diagnostic::global(codes::BAD_LIB, text));
                return None;
            }
        }
    }
    let mut reached: BTreeSet<Name> = BTreeSet::new();
    let mut queue: VecDeque<Name> = wanted.into_iter().collect();
    let mut selected = Selected::default();
    let inits: Vec<(String, Name)> = modules
        .iter()
        .flat_map(|m| {
            let class = |f: &String| f.rsplit_once('.').map_or(String::new(), |(class, _)| class.to_string());
            m.facts
                .init
                .iter()
                .map(move |f| (format!("{}.{}", m.name, class(f)), Name::from(format!("{}.{f}", m.name))))
        })
        .collect();
    loop {
        while let Some(name) = queue.pop_front() {
            if reached.insert(name.clone())
                && let Some(section) = all.get(&name)
            {
                queue.extend(section.references().into_iter().cloned());
            }
        }
        let of = |class: &str, name: &Name| {
            name.as_str().strip_prefix(class).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        // A singleton of mapped variables has no data that could be reached.
        let wanted = |(class, init): &&(String, Name)| {
            let scope = if all.contains_key(class.as_str()) { class } else { module_of(class) };
            !reached.contains(init) && reached.iter().any(|name| of(scope, name))
        };
        queue.extend(inits.iter().filter(wanted).map(|(_, init)| init.clone()));
        if queue.is_empty() {
            break;
        }
    }
    selected.stack = reached.contains(codegen::prepare::STACK_POINTER);
    selected.init = inits.into_iter().map(|(_, init)| init).filter(|init| reached.contains(init)).collect();
    selected.sections = order
        .into_iter()
        .filter(|name| reached.contains(name))
        .filter_map(|name| all.remove(&name))
        .collect();
    Some(selected)
}
