//! Projects: a folder with the file `pyco.toml`.
//!
//! In: the text of that file. Out: the main file and the options of its build, or every fault of the
//! text with its place. Also the files of a new project. Invariant: paths in the file are relative
//! to its folder; a key that is not known is a fault, so that a slip never goes unnoticed. Not here:
//! building (`build.rs`), writing (`files.rs`). The only user of the crate `toml`.
//! `docs/projects.md` describes the keys.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::{FileId, SourceMap, Span};
use crate::base::suggest;
use crate::driver::disk;
use crate::driver::files::Files;
use crate::driver::load::load;
use crate::driver::output::join;
use crate::driver::session::{DiskEntry, DiskOptions, OptLevel, Options, Prefer, Target};
use crate::sema::versions::Version;

/// The name of the file that makes a folder a project.
pub const FILE: &str = "pyco.toml";
/// Where results go, below the project's folder.
const OUTPUT: &str = "build";
const MAIN: &str = "main.pyco";

/// What `pyco.toml` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Project {
    pub name: String,
    /// The main source file.
    pub main: String,
    /// The folder for the results, which may not exist yet.
    pub output: String,
    pub options: Options,
}

/// Reads the project in a folder; `None` after an error.
pub fn read(files: &dyn Files, folder: &str, sources: &mut SourceMap, sink: &mut Sink) -> Option<Project> {
    let errors = sink.error_count();
    let file = load(files, &join(folder, FILE), sources, sink)?;
    let text = &sources.file(file).text;
    let (table, faults) = DeTable::parse_recoverable(text);
    for fault in &faults {
        let at = span(file, fault.span().unwrap_or(0..0));
        sink.push(Diagnostic::error(codes::BAD_PROJECT, at, capital(fault.message())));
    }
    if !faults.is_empty() {
        return None;
    }
    let empty = DeTable::new();
    let mut root = Section::new(file, table.get_ref(), sink);
    let (project, build, disk) = (root.section("project"), root.section("build"), root.section("disk"));
    root.finish("a table of this file");
    let mut section = Section::new(file, project.unwrap_or(&empty), sink);
    let name = section.text("name", is_name, "a name of letters, digits, '-' and '_', at most 16");
    let name = name.unwrap_or_else(|| {
        if !section.table.contains_key("name") {
            let text = "The project has no name";
            section.sink.push(
                Diagnostic::error(codes::BAD_PROJECT, Span::new(file, 0, 0), text)
                    .help("add 'name = \"game\"' to the table [project]"),
            );
        }
        String::new()
    });
    section.text("version", |v| Version::parse(v).is_some(), "a version such as \"1.2.0\"");
    let main = section.path("main").unwrap_or_else(|| MAIN.to_string());
    let module_folders = section.paths("modules");
    let include_folders = section.paths("includes");
    section.finish("a key of [project]");

    let mut options = Options { module_folders, include_folders, ..Options::default() };
    let mut section = Section::new(file, build.unwrap_or(&empty), sink);
    let output = section.path("output").unwrap_or_else(|| OUTPUT.to_string());
    if section.flag("dynamic") {
        options.target = Target::Dynamic;
    }
    options.checks = section.flag("checks");
    let levels = [("0", OptLevel::O0), ("1", OptLevel::O1), ("2", OptLevel::O2), ("s", OptLevel::Os)];
    options.opt = section.choice("optimise", &levels).unwrap_or_default();
    let forms = [("newer", Prefer::Newer), ("lib", Prefer::Lib), ("source", Prefer::Source)];
    options.prefer = section.choice("prefer", &forms).unwrap_or_default();
    section.finish("a key of [build]");

    let place = |path: &String| join(folder, path);
    if let Some(table) = disk {
        let mut section = Section::new(file, table, sink);
        let label =
            section.text("label", disk::is_label, "a label of 1 to 16 characters that a disk can have");
        let id = section.text("id", |id| id.len() == 2 && disk::is_label(id), "an id of two characters");
        let files = section.disk_files();
        section.finish("a key of [disk]");
        let files = files.into_iter().map(|f| DiskEntry { path: place(&f.path), ..f }).collect();
        options.disk = DiskOptions { label, id, files };
        options.d64 = Some(join(&place(&output), &format!("{name}.d64")));
    }
    options.module_folders = options.module_folders.iter().map(place).collect();
    options.include_folders = options.include_folders.iter().map(place).collect();
    options.output = Some(join(&place(&output), &format!("{name}.prg")));
    let project = Project { main: place(&main), output: place(&output), name, options };
    (sink.error_count() == errors).then_some(project)
}

/// The files of a new project, by path; `None` when the name cannot be one.
pub fn template(name: &str) -> Option<Vec<(String, Vec<u8>)>> {
    if !is_name(name) {
        return None;
    }
    let project = format!(
        "[project]\nname = \"{name}\"\nversion = \"0.1.0\"\nmain = \"{MAIN}\"\nmodules = []\n\n\
         [build]\noptimise = \"2\"\ndynamic = false\n\n\
         [disk]\nlabel = \"{}\"\nid = \"PY\"\nfiles = []\n",
        name.to_uppercase()
    );
    let main = format!("def main():\n    print(\"HELLO FROM {}\\n\")\n", name.to_uppercase());
    let ignore = format!("/{OUTPUT}/\n");
    let files = [(FILE, project), (MAIN, main), (".gitignore", ignore)];
    Some(files.into_iter().map(|(file, text)| (join(name, file), text.into_bytes())).collect())
}

fn is_name(name: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=16).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(sign)
}

fn span(file: FileId, range: Range<usize>) -> Span {
    Span::new(file, range.start, range.end)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A table whose keys are taken out one by one.
struct Section<'t, 's> {
    file: FileId,
    table: &'t DeTable<'t>,
    known: Vec<&'static str>,
    sink: &'s mut Sink,
}

impl<'t, 's> Section<'t, 's> {
    fn new(file: FileId, table: &'t DeTable<'t>, sink: &'s mut Sink) -> Self {
        Section { file, table, known: Vec::new(), sink }
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.known.push(key);
        self.table.get(key)
    }

    fn wrong(&mut self, value: &Spanned<DeValue>, what: &str) {
        let at = span(self.file, value.span());
        self.sink.push(Diagnostic::error(codes::BAD_PROJECT, at, format!("Expected {what}")));
    }

    fn section(&mut self, key: &'static str) -> Option<&'t DeTable<'t>> {
        let value = self.get(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(value, &format!("a table, begun by the line [{key}]"));
        }
        table
    }

    fn text(&mut self, key: &'static str, fits: impl Fn(&str) -> bool, what: &str) -> Option<String> {
        let value = self.get(key)?;
        let text = value.get_ref().as_str().filter(|text| fits(text));
        if text.is_none() {
            self.wrong(value, what);
        }
        text.map(str::to_string)
    }

    fn path(&mut self, key: &'static str) -> Option<String> {
        self.text(key, |path| !path.is_empty(), "a path in quotation marks")
    }

    fn flag(&mut self, key: &'static str) -> bool {
        let Some(value) = self.get(key) else { return false };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(value, "true or false");
        }
        flag.unwrap_or_default()
    }

    fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.get(key)?;
        let found = choices.iter().find(|(word, _)| value.get_ref().as_str() == Some(word));
        if found.is_none() {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.wrong(value, &format!("one of {}", words.join(", ")));
        }
        found.map(|(_, choice)| *choice)
    }

    fn list(&mut self, key: &'static str) -> Vec<&'t Spanned<DeValue<'t>>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        match value.get_ref().as_array() {
            Some(array) => array.iter().collect(),
            None => {
                self.wrong(value, "a list in square brackets");
                Vec::new()
            }
        }
    }

    fn paths(&mut self, key: &'static str) -> Vec<String> {
        let mut paths = Vec::new();
        for value in self.list(key) {
            match value.get_ref().as_str() {
                Some(path) if !path.is_empty() => paths.push(path.to_string()),
                _ => self.wrong(value, "a path in quotation marks"),
            }
        }
        paths
    }

    /// Further files of the disk: paths, or tables with the name and the type on the disk.
    fn disk_files(&mut self) -> Vec<DiskEntry> {
        let mut files = Vec::new();
        for value in self.list("files") {
            if let Some(path) = value.get_ref().as_str() {
                files.push(DiskEntry::of(path));
            } else if let Some(table) = value.get_ref().as_table() {
                let mut section = Section::new(self.file, table, self.sink);
                let path = section.path("file");
                let name =
                    section.text("name", disk::is_label, "a name of 1 to 16 characters that a disk can have");
                let program = section.choice("type", &[("seq", false), ("prg", true)]);
                section.finish("a key of a file: file, name, type");
                match path {
                    Some(path) => {
                        let plain = DiskEntry::of(&path);
                        let program = program.unwrap_or(plain.program);
                        files.push(DiskEntry { name: name.unwrap_or(plain.name), program, path });
                    }
                    None => self.wrong(value, "the key 'file' with a path"),
                }
            } else {
                self.wrong(value, "a path, or a table with the keys file, name and type");
            }
        }
        files
    }

    /// Reports the keys that nothing asked for.
    fn finish(self, what: &str) {
        for key in self.table.keys().filter(|key| !self.known.contains(&key.get_ref().as_ref())) {
            let at = span(self.file, key.span());
            let diagnostic =
                Diagnostic::error(codes::BAD_PROJECT, at, format!("'{}' is not {what}", key.get_ref()));
            let hint = suggest::did_you_mean(key.get_ref(), self.known.iter().copied());
            let hint = hint.unwrap_or_else(|| format!("the keys are {}", self.known.join(", ")));
            self.sink.push(diagnostic.help(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::render;
    use crate::driver::files::MemoryFiles;

    fn project(text: &str) -> Result<Project, Vec<String>> {
        let files = MemoryFiles::default();
        files.add("p/pyco.toml", text);
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        let project = read(&files, "p", &mut sources, &mut sink);
        project.ok_or_else(|| sink.iter().map(|d| render::short(&sources, d).trim().to_string()).collect())
    }

    #[test]
    fn keys_become_options() {
        let text = "[project]\nname = \"game\"\nmodules = [\"lib\"]\n[build]\ndynamic = true\noptimise = \"s\"\n\
                    [disk]\nlabel = \"MY GAME\"\nid = \"01\"\nfiles = [\"title.prg\", { file = \"a\", name = \"DATA\" }]\n";
        let project = project(text).unwrap();
        assert_eq!((project.main.as_str(), project.output.as_str()), ("p/main.pyco", "p/build"));
        let options = project.options;
        assert_eq!((options.target, options.opt), (Target::Dynamic, OptLevel::Os));
        assert_eq!(options.module_folders, ["p/lib"]);
        assert_eq!(
            (options.output.as_deref(), options.d64.as_deref()),
            (Some("p/build/game.prg"), Some("p/build/game.d64"))
        );
        let files: Vec<(&str, &str, bool)> =
            options.disk.files.iter().map(|f| (f.path.as_str(), f.name.as_str(), f.program)).collect();
        assert_eq!(files, [("p/title.prg", "title", true), ("p/a", "DATA", false)]);
    }

    #[test]
    fn every_fault_is_reported_with_its_line() {
        let text =
            "[project]\nnmae = \"x\"\n[build]\ndynamic = 1\noptimise = \"9\"\n[disk]\nid = \"123\"\n[dsk]\n";
        let messages = project(text).unwrap_err();
        let lines: Vec<&str> = messages.iter().filter_map(|m| m.split(": ").next()).collect();
        assert_eq!(
            lines,
            [
                "p/pyco.toml:8",
                "p/pyco.toml:1",
                "p/pyco.toml:2",
                "p/pyco.toml:4",
                "p/pyco.toml:5",
                "p/pyco.toml:7"
            ]
        );
    }

    #[test]
    fn a_file_that_is_no_toml_is_a_fault_of_its_line() {
        let messages = project("[project]\nname = game\n").unwrap_err();
        assert!(messages[0].starts_with("p/pyco.toml:2: Error: "), "{messages:?}");
    }

    #[test]
    fn faults_have_the_code_of_project_files() {
        let files = MemoryFiles::default();
        files.add("pyco.toml", "[project]\nname = \"a name\"\n");
        let mut sink = Sink::default();
        assert_eq!(read(&files, "", &mut SourceMap::default(), &mut sink), None);
        assert_eq!(sink.iter().map(|d| d.code).collect::<Vec<_>>(), [codes::BAD_PROJECT]);
    }

    #[test]
    fn a_new_project_is_one() {
        let files = MemoryFiles::default();
        for (path, bytes) in template("game-1").unwrap() {
            files.add(path, bytes);
        }
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        let project = read(&files, "game-1", &mut sources, &mut sink).unwrap();
        assert_eq!((project.name.as_str(), files.is_file(&project.main)), ("game-1", true));
        assert_eq!(template("../game"), None);
    }
}
