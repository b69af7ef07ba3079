//! Where the results of a build go.
//!
//! In: the main file's path, the options, and the results with their names. Out: path and bytes of
//! every file, and what goes to standard output. Invariant: a path depends on the options and the
//! names only. Not here: writing them (`files.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::SourceMap;
use crate::driver::build::Built;
use crate::driver::files::Files;
use crate::driver::session::{EMIT_KINDS, Emit, EmitKind, Options, Target};

/// What a build leaves behind.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Outputs {
    /// Paths and contents, the main result first.
    pub files: Vec<(String, Vec<u8>)>,
    /// What was asked for on standard output.
    pub stdout: Vec<u8>,
}

/// Assigns every result its place.
pub fn outputs(files: &dyn Files, options: &Options, main: &str, built: Built) -> Outputs {
    let mut outputs = Outputs::default();
    let main_path = main_output(files, options, main);
    match (built.crt, built.prg) {
        (Some(crt), _) => outputs.files.push((cartridge_path(&main_path), crt)),
        (None, Some(prg)) => outputs.files.push((main_path.clone(), prg)),
        (None, None) => {}
    }
    for (name, bytes) in built.libs {
        let path = match options.target {
            Target::Library => main_path.clone(),
            _ => join(folder_of(&main_path), &name),
        };
        // A module that was used as it lies there stays as old as it is.
        if options.target != Target::Dynamic || files.read(&path).ok().as_ref() != Some(&bytes) {
            outputs.files.push((path, bytes));
        }
    }
    if let (Some(path), Some(image)) = (&options.d64, built.d64) {
        outputs.files.push((path.clone(), image));
    }
    for (emit, text) in built.emits {
        match emit_path(&emit, &main_path) {
            Some(path) => outputs.files.push((path, text)),
            None => outputs.stdout.extend(text),
        }
    }
    outputs
}

/// Warnings for what `--emit` asked for and a library does not have.
pub fn not_shown(options: &Options, built: &Built) -> Vec<Diagnostic> {
    let missing = |emit: &&Emit| !built.emits.iter().any(|(made, _)| made == *emit);
    let warning = |emit: &Emit| {
        let kind = EMIT_KINDS.iter().find(|(k, ..)| *k == emit.kind).map_or("", |(_, name, _)| name);
        Diagnostic::global_warning(
            codes::NOT_SHOWN,
            format!("A library has no '--emit {kind}'; nothing is written"),
        )
        .help("'--emit obj' shows the code of a library; the others show a linked program")
    };
    options.emit.iter().filter(missing).map(warning).collect()
}

/// The error for a result that would replace a source, or another result.
pub fn clash(outputs: &Outputs, sources: &SourceMap) -> Option<Diagnostic> {
    let same = |a: &str, b: &str| a.trim_start_matches("./") == b.trim_start_matches("./");
    for (i, (path, _)) in outputs.files.iter().enumerate() {
        let text = if sources.iter().any(|(_, file)| same(&file.path, path)) {
            format!("'{path}' is a source of this program and would be replaced")
        } else if outputs.files[..i].iter().any(|(other, _)| same(other, path)) {
            format!("Two results would be written to '{path}'")
        } else {
            continue;
        };
        return Some(
            Diagnostic::global(codes::OUTPUT_CLASH, text).help("give every result a path of its own"),
        );
    }
    None
}

/// The path of the main result: the `.prg`, or the `.LIB` of `--lib`.
pub fn main_output(files: &dyn Files, options: &Options, main: &str) -> String {
    let name = match options.target {
        Target::Library => format!("{}.LIB", stem(main).to_uppercase()),
        Target::Program | Target::Dynamic => format!("{}.prg", stem(main)),
    };
    match &options.output {
        None => join(folder_of(main), &name),
        Some(path) if path.ends_with('/') || files.is_folder(path) => join(path, &name),
        Some(path) => path.clone(),
    }
}

/// Where a cartridge goes instead of the program.
fn cartridge_path(main_path: &str) -> String {
    match main_path.strip_suffix(".prg") {
        Some(path) => format!("{path}.crt"),
        None => main_path.to_string(),
    }
}

/// The path of one `--emit`; `None` is standard output.
fn emit_path(emit: &Emit, main_path: &str) -> Option<String> {
    match emit.path.as_deref() {
        Some("-") => None,
        Some(path) => Some(path.to_string()),
        None => match ending(emit.kind) {
            "" => None,
            ending => Some(join(folder_of(main_path), &format!("{}.{ending}", stem(main_path)))),
        },
    }
}

fn ending(kind: EmitKind) -> &'static str {
    EMIT_KINDS.iter().find(|(k, ..)| *k == kind).map_or("", |(.., ending)| ending)
}

/// The folder part of a path, without the slash; empty for the current folder.
pub fn folder_of(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(slash) => &path[..slash],
        None => "",
    }
}

/// The last part of a path without its ending.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rfind('.') {
        Some(dot) if dot > 0 => &name[..dot],
        _ => name,
    }
}

/// `name` inside `folder`, which may be empty.
pub fn join(folder: &str, name: &str) -> String {
    match folder.strip_suffix('/').unwrap_or(folder) {
        "" if folder.is_empty() => name.to_string(),
        folder => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::files::MemoryFiles;

    fn path(target: Target, output: Option<&str>, main: &str) -> String {
        let files = MemoryFiles::default();
        files.add("out/x", "");
        let options = Options { target, output: output.map(str::to_string), ..Options::default() };
        main_output(&files, &options, main)
    }

    #[test]
    fn the_result_lies_beside_the_source_or_where_it_was_sent() {
        assert_eq!(path(Target::Program, None, "a/game.v1.pyco"), "a/game.v1.prg");
        assert_eq!(path(Target::Library, None, "/math.pyco"), "/MATH.LIB");
        assert_eq!(path(Target::Dynamic, Some("out"), "a/game.pyco"), "out/game.prg");
        assert_eq!(path(Target::Program, Some("new/"), "game.pyco"), "new/game.prg");
        assert_eq!(path(Target::Program, Some("x.bin"), "a/game.pyco"), "x.bin");
    }

    #[test]
    fn a_cartridge_takes_the_place_of_the_program() {
        let built = Built { prg: Some(vec![1]), crt: Some(vec![2]), ..Built::default() };
        let outputs = outputs(&MemoryFiles::default(), &Options::default(), "a/game.pyco", built);
        assert_eq!(outputs.files, [("a/game.crt".to_string(), vec![2])]);
    }

    #[test]
    fn no_result_replaces_a_source_or_another_result() {
        let clash_of = |paths: [&str; 2]| {
            let files = paths.map(|path| (path.to_string(), vec![])).to_vec();
            let mut sources = SourceMap::default();
            sources.add("./a.pyco", "");
            clash(&Outputs { files, stdout: vec![] }, &sources).map(|d| d.message)
        };
        assert_eq!(clash_of(["a.prg", "a.map"]), None);
        let text = "'a.pyco' is a source of this program and would be replaced";
        assert_eq!(clash_of(["a.prg", "a.pyco"]).as_deref(), Some(text));
        assert_eq!(clash_of(["x", "./x"]).as_deref(), Some("Two results would be written to './x'"));
    }

    #[test]
    fn modules_and_listings_follow_the_program() {
        let emit = |kind, path: Option<&str>| Emit { kind, path: path.map(str::to_string) };
        let built = Built {
            prg: Some(vec![1]),
            libs: vec![("MATH.LIB".into(), vec![2])],
            emits: vec![
                (emit(EmitKind::Labels, None), b"l".to_vec()),
                (emit(EmitKind::Mir, None), b"m".to_vec()),
                (emit(EmitKind::Map, Some("-")), b"n".to_vec()),
            ],
            ..Built::default()
        };
        let options = Options { output: Some("d/g.prg".into()), ..Options::default() };
        let outputs = outputs(&MemoryFiles::default(), &options, "game.pyco", built);
        let paths: Vec<&str> = outputs.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["d/g.prg", "d/MATH.LIB", "d/g.lbl"]);
        assert_eq!(outputs.stdout, b"mn");
    }
}
