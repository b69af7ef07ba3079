//! Parsed files with what they include.
//!
//! In: paths. Out: `Unit`s: a file's tree with the trees of its includes, each included once.
//! Invariant: a file that cannot be had was reported at the `include` that asks for it. Not here:
//! modules (`modules.rs`).

use std::collections::BTreeSet;

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::{FileId, SourceMap};
use crate::base::suggest;
use crate::driver::files::Files;
use crate::driver::library;
use crate::driver::load::load;
use crate::driver::output::{folder_of, join};
use crate::parse::parse;
use crate::sema::Source;
use crate::syntax::ast;

/// A parsed file and its includes.
#[derive(Debug)]
pub struct Unit {
    pub file: FileId,
    /// The path as the messages show it.
    pub path: String,
    pub tree: ast::Module,
    /// One for each `include`, in order; `None` for one that was included before or is missing.
    pub includes: Vec<Option<Unit>>,
}

impl Unit {
    /// The view that the checker takes.
    pub fn source(&self) -> Source<'_> {
        Source {
            module: &self.tree,
            includes: self.includes.iter().map(|u| u.as_ref().map(Unit::source)).collect(),
        }
    }

    /// All files of the unit, its own first.
    pub fn files(&self) -> Vec<String> {
        let mut all = vec![self.path.clone()];
        all.extend(self.includes.iter().flatten().flat_map(Unit::files));
        all
    }
}

/// What reading sources needs.
pub struct Reader<'a> {
    pub files: &'a dyn Files,
    /// `-I`, in order.
    pub include_folders: &'a [String],
    pub sources: &'a mut SourceMap,
    pub sink: &'a mut Sink,
}

impl Reader<'_> {
    /// Parses a file and everything it includes.
    pub fn unit(&mut self, path: &str) -> Option<Unit> {
        let file = load(self.files, path, self.sources, self.sink)?;
        Some(self.whole(file, path))
    }

    /// Parses a text of the bundled library.
    pub fn bundled(&mut self, path: &str, text: &str) -> Unit {
        let file = self.sources.add(path, text);
        self.whole(file, path)
    }

    fn whole(&mut self, file: FileId, path: &str) -> Unit {
        let mut seen = BTreeSet::from([path.to_string()]);
        self.parsed(file, path, &mut seen, &mut vec![path.to_string()])
    }

    fn parsed(
        &mut self,
        file: FileId,
        path: &str,
        seen: &mut BTreeSet<String>,
        stack: &mut Vec<String>,
    ) -> Unit {
        let text = self.sources.file(file).text.clone();
        let tree = parse(file, &text, self.sink);
        let mut includes = Vec::new();
        for item in &tree.items {
            if let ast::Item::Include(include) = item {
                includes.push(self.include(include, path, seen, stack));
            }
        }
        Unit { file, path: path.to_string(), tree, includes }
    }

    fn include(
        &mut self,
        include: &ast::Include,
        from: &str,
        seen: &mut BTreeSet<String>,
        stack: &mut Vec<String>,
    ) -> Option<Unit> {
        let name = format!("{}.pyco", include.name);
        let folder = folder_of(from);
        let mut places = vec![join(folder, &name), join(&join(folder, "includes"), &name)];
        places.extend(self.include_folders.iter().map(|f| join(f, &name)));
        let found = places.into_iter().find(|p| self.files.is_file(p));
        let bundled = if found.is_none() { library::text(&include.name) } else { None };
        let path = match (&found, bundled) {
            (Some(path), _) => path.clone(),
            (None, Some(_)) => library::path(&include.name),
            (None, None) => {
                self.missing(include, folder);
                return None;
            }
        };
        if let Some(at) = stack.iter().position(|p| *p == path) {
            let mut names: Vec<&str> = stack[at..].iter().map(|p| crate::driver::output::stem(p)).collect();
            names.push(&include.name);
            let circle = names.join(" → ");
            self.sink.push(
                Diagnostic::error(
                    codes::INCLUDE_CYCLE,
                    include.span,
                    format!("Files include each other: {circle}"),
                )
                .help("move what both need to a third file"),
            );
            return None;
        }
        if !seen.insert(path.clone()) {
            return None;
        }
        let file = match bundled {
            Some(text) => self.sources.add(path.clone(), text),
            None => load(self.files, &path, self.sources, self.sink)?,
        };
        stack.push(path.clone());
        let unit = self.parsed(file, &path, seen, stack);
        stack.pop();
        Some(unit)
    }

    fn missing(&mut self, include: &ast::Include, folder: &str) {
        let mut names: BTreeSet<String> = BTreeSet::new();
        let folders = [folder.to_string(), join(folder, "includes")];
        for folder in folders.iter().chain(self.include_folders) {
            names.extend(
                self.files.list(folder).iter().filter_map(|n| n.strip_suffix(".pyco").map(str::to_string)),
            );
        }
        let mut diagnostic = Diagnostic::error(
            codes::INCLUDE_MISSING,
            include.name_span,
            format!("No file '{}.pyco' to include", include.name),
        )
        .help("It is looked for beside this file, in the folder 'includes' there, and in each -I folder");
        if let Some(hint) = suggest::did_you_mean(&include.name, names.iter().map(String::as_str)) {
            diagnostic = diagnostic.help(hint);
        }
        self.sink.push(diagnostic);
    }
}
