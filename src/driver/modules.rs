//! Finds the modules of a program: folders, versions, order.
//!
//! In: the main file. Out: all units in dependency order, and what each import leads to. Invariant:
//! one program has one version of a module, the highest that fits every importer; circles are
//! reported with their path. The rules are in language.md, "Modules". Not here: meaning.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::{SourceMap, Span};
use crate::driver::files::Files;
use crate::driver::finished::{self, FinishedModule};
use crate::driver::library;
use crate::driver::load::unreadable;
use crate::driver::names::{Names, Place};
use crate::driver::output::{folder_of, join, stem};
use crate::driver::session::{Options, Prefer};
use crate::driver::sources::{Reader, Unit};
use crate::sema::versions::{Constraint, Version, choose};
use crate::sema::{Found, imports};
use crate::syntax::ast;

/// What was found of a module.
#[derive(Debug)]
pub enum Form {
    Source(Box<Unit>),
    Finished(Box<FinishedModule>),
}

/// A module or the program, parsed.
#[derive(Debug)]
pub struct Loaded {
    /// Its name in the whole program (`names.rs`); the file's stem for the program.
    pub name: String,
    pub form: Form,
    /// For each import of a source, in order of the text.
    pub found: Vec<Found>,
    /// The imported modules with their constraints as written.
    pub imports: Vec<(String, String)>,
}

/// One place where a module can be had.
#[derive(Clone, Debug)]
struct Candidate {
    version: Version,
    path: String,
}

/// Where a module was found: all versions of the first folder that has any.
#[derive(Clone, Debug, Default)]
struct Home {
    candidates: Vec<Candidate>,
}

/// A demand for a module.
#[derive(Clone, Debug)]
struct Demand {
    importer: String,
    constraint: Option<(Constraint, String)>,
    span: Span,
}

/// Loads the program and all modules that it needs, dependencies first, the program last.
pub fn load_all(
    files: &dyn Files,
    options: &Options,
    main: &str,
    sources: &mut SourceMap,
    sink: &mut Sink,
) -> Vec<Loaded> {
    let reader = Reader { files, include_folders: &options.include_folders, sources, sink };
    let mut finder = Finder {
        reader,
        options,
        main_folder: folder_of(main).to_string(),
        names: Names::default(),
        homes: BTreeMap::new(),
        units: BTreeMap::new(),
        damaged: BTreeMap::new(),
        chosen: BTreeMap::new(),
        reported: BTreeSet::new(),
    };
    let Some(unit) = finder.reader.unit(main) else { return Vec::new() };
    let stem = stem(main);
    let program = stem.split('@').next().unwrap_or(stem).to_string();
    finder.settle(&program, &unit);
    finder.order(program, unit)
}

struct Finder<'a> {
    reader: Reader<'a>,
    options: &'a Options,
    main_folder: String,
    names: Names,
    /// Where each module lies.
    homes: BTreeMap<String, Home>,
    /// Read modules by path.
    units: BTreeMap<String, Form>,
    /// Files that cannot be used, with the reason; reported when nothing else can be taken.
    damaged: BTreeMap<String, Diagnostic>,
    /// The chosen path of each module.
    chosen: BTreeMap<String, String>,
    /// Imports whose fault is reported already.
    reported: BTreeSet<Span>,
}

/// An import: the name that it says, the constraint, and its place.
type Wanted = (String, Option<(Constraint, String)>, Span);

/// The imports of a unit.
fn wanted(unit: &Unit) -> Vec<Wanted> {
    imports(&unit.source())
        .into_iter()
        .map(|import| {
            let constraint = import.version.as_ref().map(|v| (Constraint::from(v), v.text.clone()));
            (dotted(&import.path), constraint, import.span)
        })
        .collect()
}

/// The same for any form; the imports of finished modules have no place of their own.
fn wanted_by(form: &Form, importer: Span) -> Vec<Wanted> {
    match form {
        Form::Source(unit) => wanted(unit),
        Form::Finished(module) => module
            .imports()
            .into_iter()
            .map(|(name, text)| {
                let constraint = Constraint::parse(&text).map(|c| (c, text));
                (name, constraint, importer)
            })
            .collect(),
    }
}

/// The version that a source says it has, and where.
fn version_inside(form: &Form) -> Option<(Version, Span)> {
    let Form::Source(unit) = form else { return None };
    let version = unit.tree.header.as_ref()?.version.as_ref()?;
    Some((Version::from(version), version.span))
}

fn path_of(form: &Form) -> &str {
    match form {
        Form::Source(unit) => &unit.path,
        Form::Finished(module) => &module.path,
    }
}

fn dotted(path: &ast::ModulePath) -> String {
    path.parts.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(".")
}

impl Finder<'_> {
    /// Chooses versions until no choice changes the demands any more.
    fn settle(&mut self, program: &str, main: &Unit) {
        // Each round can only change choices that the round before brought up.
        for _ in 0..64 {
            let demands = self.demands(program, main);
            let mut chosen = BTreeMap::new();
            for (name, demands) in &demands {
                if let Some(path) = self.pick(name, demands) {
                    chosen.insert(name.clone(), path);
                }
            }
            let same = chosen == self.chosen;
            self.chosen = chosen;
            for (name, path) in self.chosen.clone() {
                self.parse(&name, &path);
            }
            if same {
                self.report_conflicts(&demands);
                return;
            }
        }
    }

    fn parse(&mut self, name: &str, path: &str) {
        if self.units.contains_key(path) || self.damaged.contains_key(path) {
            return;
        }
        if path.ends_with(".LIB") {
            let opened = match self.reader.files.read(path) {
                Ok(bytes) => finished::open(name, path, bytes),
                Err(error) => Err(unreadable(&error)),
            };
            match opened {
                Ok(module) => drop(self.units.insert(path.to_string(), Form::Finished(Box::new(module)))),
                Err(diagnostic) => drop(self.damaged.insert(path.to_string(), diagnostic)),
            }
            return;
        }
        let bundled = library::MODULES.iter().find(|(name, _)| library::path(name) == path);
        let unit = match bundled {
            Some((_, text)) => Some(self.reader.bundled(path, text)),
            None => self.reader.unit(path),
        };
        if let Some(unit) = unit {
            self.units.insert(path.to_string(), Form::Source(Box::new(unit)));
        }
    }

    /// Who asks for which module, following the choices made so far.
    fn demands(&mut self, program: &str, main: &Unit) -> BTreeMap<String, Vec<Demand>> {
        let mut demands: BTreeMap<String, Vec<Demand>> = BTreeMap::new();
        let mut queue = vec![(program.to_string(), folder_of(&main.path).to_string(), wanted(main))];
        let mut seen = BTreeSet::new();
        while let Some((importer, folder, imports)) = queue.pop() {
            for (written, constraint, span) in imports {
                let Some(name) = self.locate(&written, &folder) else { continue };
                demands.entry(name.clone()).or_default().push(Demand {
                    importer: importer.clone(),
                    constraint,
                    span,
                });
                let Some(form) = self.chosen.get(&name).and_then(|path| self.units.get(path)) else {
                    continue;
                };
                if seen.insert(name.clone()) {
                    queue.push((name, folder_of(path_of(form)).to_string(), wanted_by(form, span)));
                }
            }
        }
        demands
    }

    /// The name of the module that an importer in `folder` means, found when nobody asked before.
    fn locate(&mut self, written: &str, folder: &str) -> Option<String> {
        if let Some(known) = self.names.meant(written, folder) {
            return known.map(str::to_string);
        }
        let mut roots = vec![folder.to_string(), self.main_folder.clone()];
        roots.extend(self.options.module_folders.iter().cloned());
        let found = roots.iter().find_map(|root| self.found_in(root, written));
        let name = found.or_else(|| self.bundled(written));
        self.names.enter(written, folder, name.clone());
        name
    }

    /// The module `written` below the folder `root`.
    fn found_in(&mut self, root: &str, written: &str) -> Option<String> {
        let (folder, last) = match written.rsplit_once('.') {
            Some((parents, last)) => (join(root, &parents.replace('.', "/")), last),
            None => (root.to_string(), written),
        };
        let place = Place::new(&folder, last);
        if let Some(name) = self.names.at(&place) {
            return Some(name.to_string());
        }
        let name = self.names.free(written);
        let candidates = self.versions_in(&folder, last, &name);
        if candidates.is_empty() {
            return None;
        }
        self.names.give(place, name.clone());
        self.homes.insert(name.clone(), Home { candidates });
        Some(name)
    }

    /// The same in the bundled library.
    fn bundled(&mut self, written: &str) -> Option<String> {
        library::text(written)?;
        let path = library::path(written);
        let place = Place::new(folder_of(&path), written);
        if let Some(name) = self.names.at(&place) {
            return Some(name.to_string());
        }
        let name = self.names.free(written);
        self.parse(&name, &path);
        let inside = self.units.get(&path).and_then(version_inside);
        let version = inside.map(|(version, _)| version).unwrap_or_default();
        self.names.give(place, name.clone());
        self.homes.insert(name.clone(), Home { candidates: vec![Candidate { version, path }] });
        Some(name)
    }

    /// The forms of the module `name` in one folder: `b.pyco`, `b@1.2.pyco`, `B.LIB`, `B@1.2.LIB`;
    /// of two forms of one version the preferred one.
    fn versions_in(&mut self, folder: &str, last: &str, name: &str) -> Vec<Candidate> {
        let (mut candidates, mut damaged) = (Vec::new(), Vec::new());
        for file in self.reader.files.list(folder) {
            let (base, stem) = match (file.strip_suffix(".pyco"), file.strip_suffix(".LIB")) {
                (Some(base), _) => (base, last.to_string()),
                (None, Some(base)) => (base, last.to_uppercase()),
                (None, None) => continue,
            };
            let path = join(folder, &file);
            let (module, version) = match base.split_once('@') {
                Some((module, version)) => (module, Version::parse(version)),
                None => (base, None),
            };
            if module != stem || base.contains('@') && version.is_none() {
                continue;
            }
            self.parse(name, &path);
            let inside = match self.units.get(&path) {
                Some(Form::Finished(module)) => {
                    let version = version.or(module.interface.version).unwrap_or_default();
                    candidates.push(Candidate { version, path });
                    continue;
                }
                Some(form) => version_inside(form),
                None if self.damaged.contains_key(&path) => {
                    damaged.push(path);
                    continue;
                }
                None => None,
            };
            if let (Some(named), Some((inside, span))) = (version, inside)
                && named != inside
                && self.reported.insert(span)
            {
                self.reader.sink.push(
                    Diagnostic::error(
                        codes::VERSION_MISMATCH,
                        span,
                        format!("This says version {inside}, but the file's name says {named}"),
                    )
                    .help("make the two agree"),
                );
            }
            candidates.push(Candidate { version: version.or(inside.map(|i| i.0)).unwrap_or_default(), path });
        }
        // A damaged file is no matter as long as a source is taken anyway.
        let has_source = candidates.iter().any(|c| !c.path.ends_with(".LIB"));
        for path in damaged.iter().filter(|_| !has_source || self.options.prefer == Prefer::Lib) {
            if let Some(diagnostic) = self.damaged.get(path) {
                self.reader.sink.push(diagnostic.clone());
            }
        }
        candidates.sort_by_key(|c| c.version);
        let mut kept: Vec<Candidate> = Vec::new();
        for candidate in candidates {
            match kept.last_mut() {
                Some(last) if last.version == candidate.version => {
                    if self.is_preferred(&candidate.path, &last.path) {
                        *last = candidate;
                    }
                }
                _ => kept.push(candidate),
            }
        }
        kept
    }

    /// True when the file `a` is taken rather than `b`, which holds the same version.
    fn is_preferred(&self, a: &str, b: &str) -> bool {
        let lib = |path: &str| path.ends_with(".LIB");
        if lib(a) == lib(b) {
            return false;
        }
        let (source, finished) = if lib(a) { (b, a) } else { (a, b) };
        let takes_finished = match self.options.prefer {
            Prefer::Lib => true,
            Prefer::Source => false,
            Prefer::Newer => {
                let files = self.reader.files;
                matches!((files.modified(finished), files.modified(source)), (Some(f), Some(s)) if f > s)
            }
        };
        lib(a) == takes_finished
    }

    fn pick(&self, name: &str, demands: &[Demand]) -> Option<String> {
        let home = self.homes.get(name)?;
        let versions: Vec<Version> = home.candidates.iter().map(|c| c.version).collect();
        let constraints: Vec<Constraint> =
            demands.iter().filter_map(|d| Some(d.constraint.as_ref()?.0)).collect();
        let version = choose(&versions, &constraints)?;
        home.candidates.iter().find(|c| c.version == version).map(|c| c.path.clone())
    }

    /// Two importers whose demands some version fits one by one, but none fits together.
    fn report_conflicts(&mut self, demands: &BTreeMap<String, Vec<Demand>>) {
        for (name, demands) in demands {
            let Some(home) = self.homes.get(name) else { continue };
            if self.chosen.contains_key(name) || home.candidates.is_empty() {
                continue;
            }
            let versions: Vec<Version> = home.candidates.iter().map(|c| c.version).collect();
            let alone = |d: &Demand| {
                let constraint: Vec<Constraint> = d.constraint.iter().map(|c| c.0).collect();
                choose(&versions, &constraint).is_some()
            };
            // A demand that nothing fits is reported by the checker, at its import.
            if !demands.iter().all(alone) {
                continue;
            }
            let asks: Vec<String> = demands
                .iter()
                .filter_map(|d| Some(format!("'{}' asks for {}", d.importer, d.constraint.as_ref()?.1)))
                .collect();
            let Some(last) = demands.iter().rev().find(|d| d.constraint.is_some()) else { continue };
            let mut diagnostic = Diagnostic::error(
                codes::VERSION_CONFLICT,
                last.span,
                format!("No version of module '{name}' fits all its importers: {}", asks.join(", ")),
            )
            .note(format!("available: {}", crate::sema::versions::list(&versions)));
            for demand in demands.iter().filter(|d| d.constraint.is_some() && d.span != last.span) {
                diagnostic = diagnostic.also(demand.span, "the other demand is here");
            }
            for demand in demands {
                self.reported.insert(demand.span);
            }
            self.reader.sink.push(diagnostic);
        }
    }

    /// Dependencies first; reports circles.
    fn order(mut self, program: String, main: Unit) -> Vec<Loaded> {
        let mut state: BTreeMap<String, bool> = BTreeMap::new();
        let mut order = Vec::new();
        let mut path = vec![program.clone()];
        let main_imports = wanted(&main);
        self.visit(&main_imports, folder_of(&main.path), &mut path, &mut state, &mut order);
        let found = self.found(&main, &main_imports);
        let nowhere = Span::new(main.file, 0, 0);
        let texts = |imports: Vec<Wanted>, names: &Names, folder: &str| {
            let mut texts: Vec<(String, String)> = Vec::new();
            for (written, constraint, _) in imports {
                let name = names.meant(&written, folder).flatten().map_or(written.clone(), str::to_string);
                let constraint = constraint.map_or(String::new(), |(_, text)| text);
                if !texts.iter().any(|(other, _)| *other == name) {
                    texts.push((name, constraint));
                }
            }
            texts
        };
        let mut loaded = Vec::new();
        for name in order {
            let Some(mut form) = self.chosen.get(&name).and_then(|p| self.units.remove(p)) else { continue };
            let imports = wanted_by(&form, nowhere);
            let folder = folder_of(path_of(&form)).to_string();
            let found = match &mut form {
                Form::Source(unit) => self.found(unit, &imports),
                Form::Finished(module) => {
                    let foreign = module.foreign_modules().into_iter();
                    let name = |written: String| self.locate(&written, &folder).map(|name| (written, name));
                    module.rename(foreign.filter_map(name).collect());
                    Vec::new()
                }
            };
            let imports = texts(imports, &self.names, &folder);
            loaded.push(Loaded { name, form, found, imports });
        }
        let main_path = main.path.clone();
        loaded.push(Loaded {
            name: program,
            form: Form::Source(Box::new(main)),
            found,
            imports: texts(main_imports, &self.names, folder_of(&main_path)),
        });
        loaded
    }

    /// Depth-first; `state` is false while a module is on the path.
    fn visit(
        &mut self,
        imports: &[Wanted],
        folder: &str,
        path: &mut Vec<String>,
        state: &mut BTreeMap<String, bool>,
        order: &mut Vec<String>,
    ) {
        for (written, _, span) in imports {
            let Some(name) = self.locate(written, folder) else { continue };
            match state.get(&name) {
                Some(true) => continue,
                Some(false) => {
                    let at = path.iter().position(|p| *p == name).unwrap_or(0);
                    let circle: Vec<&str> =
                        path[at..].iter().map(String::as_str).chain([name.as_str()]).collect();
                    self.reader.sink.push(
                        Diagnostic::error(
                            codes::CIRCULAR_IMPORT,
                            *span,
                            format!("Circular dependency detected: {}", circle.join(" → ")),
                        )
                        .help("move what both need to a third module"),
                    );
                    self.reported.insert(*span);
                    continue;
                }
                None => {}
            }
            let Some(form) = self.chosen.get(&name).and_then(|p| self.units.get(p)) else { continue };
            let folder = folder_of(path_of(form)).to_string();
            let inner = wanted_by(form, *span);
            state.insert(name.clone(), false);
            path.push(name.clone());
            self.visit(&inner, &folder, path, state, order);
            path.pop();
            state.insert(name.clone(), true);
            order.push(name);
        }
    }

    fn found(&self, unit: &Unit, imports: &[Wanted]) -> Vec<Found> {
        let folder = folder_of(&unit.path);
        let known = || self.known_modules(folder);
        imports
            .iter()
            .map(|(written, constraint, span)| {
                if self.reported.contains(span) {
                    return Found::Reported;
                }
                let name = self.names.meant(written, folder).flatten();
                let candidates = name.and_then(|n| self.homes.get(n)).map_or(&[][..], |h| &h.candidates);
                let available: Vec<Version> = candidates.iter().map(|c| c.version).collect();
                let fits = constraint.as_ref().is_none_or(|(c, _)| available.iter().any(|v| c.allows(*v)));
                match name.filter(|name| self.chosen.contains_key(*name)) {
                    _ if candidates.is_empty() && self.is_damaged(written) => Found::Reported,
                    _ if candidates.is_empty() => Found::Unknown { known: known() },
                    _ if !fits => Found::NoVersion { available },
                    Some(name) => Found::Module(name.to_string()),
                    None => Found::Reported,
                }
            })
            .collect()
    }

    /// True when the only file of a module was reported as damaged.
    fn is_damaged(&self, name: &str) -> bool {
        let file = finished::file_name(name);
        self.damaged.keys().any(|path| path.rsplit('/').next() == Some(file.as_str()))
    }

    /// Names for "did you mean".
    fn known_modules(&self, folder: &str) -> Vec<String> {
        let mut known: BTreeSet<String> = library::MODULES.iter().map(|(name, _)| name.to_string()).collect();
        let folders = [folder, &self.main_folder];
        for folder in folders.into_iter().chain(self.options.module_folders.iter().map(String::as_str)) {
            for file in self.reader.files.list(folder) {
                let finished = file.strip_suffix(".LIB").map(str::to_lowercase);
                if let Some(base) = file.strip_suffix(".pyco").map(str::to_string).or(finished) {
                    known.insert(base.split('@').next().unwrap_or(&base).to_string());
                }
            }
        }
        known.into_iter().collect()
    }
}
