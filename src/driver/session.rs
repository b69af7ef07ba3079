//! The options of a compilation as plain data.
//!
//! In: what `cli/args.rs` or a test fills in. Out: read by every phase of `build.rs`. Invariant: no
//! option is looked up anywhere but here (no global state, no environment variables). Not here:
//! how the options are spelt on the command line.

/// How much the optimiser does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum OptLevel {
    /// Nothing: code as it was written, for finding faults.
    O0,
    /// The cheap passes.
    O1,
    /// Everything that makes the program faster.
    #[default]
    O2,
    /// As `O2`, but bytes count more than cycles.
    Os,
}

/// What is made of the main file.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Target {
    /// One self-contained program.
    #[default]
    Program,
    /// A `.LIB` module.
    Library,
    /// A program that loads its modules at run time, and these modules.
    Dynamic,
}

/// The version of the `.LIB` format.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum LibFormat {
    /// The lowest version that the module fits.
    #[default]
    Lowest,
    /// Version 1, or an error that says what does not fit.
    V1,
    /// Version 2.
    V2,
}

/// Which of two forms of a module in one folder is taken.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Prefer {
    /// The source, unless the `.LIB` is newer.
    #[default]
    Newer,
    /// The `.LIB`.
    Lib,
    /// The source.
    Source,
}

/// How diagnostics are shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum MessageFormat {
    /// Framed source with labels.
    #[default]
    Human,
    /// `file:line: Error: text`.
    Short,
    /// One JSON object a line.
    Json,
}

/// Something that can be written beside the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EmitKind {
    Asm,
    Listing,
    Map,
    Labels,
    Debug,
    Remarks,
    Deps,
    Graph,
    Tokens,
    Ast,
    Hir,
    Mir,
    Lir,
    Obj,
}

/// Every kind with its name on the command line and the ending of its file. Remarks and the inner
/// stages have no ending: they go to standard output unless a path is given.
pub const EMIT_KINDS: &[(EmitKind, &str, &str)] = &[
    (EmitKind::Asm, "asm", "asm"),
    (EmitKind::Listing, "listing", "lst"),
    (EmitKind::Map, "map", "map"),
    (EmitKind::Labels, "labels", "lbl"),
    (EmitKind::Debug, "debug", "dbg.json"),
    (EmitKind::Remarks, "remarks", ""),
    (EmitKind::Deps, "deps", "d"),
    (EmitKind::Graph, "graph", "dot"),
    (EmitKind::Tokens, "tokens", ""),
    (EmitKind::Ast, "ast", ""),
    (EmitKind::Hir, "hir", ""),
    (EmitKind::Mir, "mir", ""),
    (EmitKind::Lir, "lir", ""),
    (EmitKind::Obj, "obj", ""),
];

/// One `--emit KIND[=PATH]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Emit {
    pub kind: EmitKind,
    /// `-` is standard output; `None` is the place that `output.rs` chooses.
    pub path: Option<String>,
}

/// A further file on the disk image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DiskEntry {
    pub path: String,
    /// What it is called on the disk.
    pub name: String,
    /// A program, else a sequential file.
    pub program: bool,
}

impl DiskEntry {
    /// A file under its own name; the ending `.prg` makes it a program and is not in its name.
    pub fn of(path: &str) -> DiskEntry {
        let name = path.rsplit('/').next().unwrap_or(path);
        let plain = name.strip_suffix(".prg").or_else(|| name.strip_suffix(".PRG"));
        DiskEntry {
            path: path.to_string(),
            name: plain.unwrap_or(name).to_string(),
            program: plain.is_some(),
        }
    }
}

/// What is on the disk image besides the program and its modules.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DiskOptions {
    /// The name of the program if there is none.
    pub label: Option<String>,
    /// Two characters.
    pub id: Option<String>,
    pub files: Vec<DiskEntry>,
}

/// Everything that a compilation depends on besides its sources.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Options {
    pub target: Target,
    pub opt: OptLevel,
    /// `-o`: a file, or a folder for several.
    pub output: Option<String>,
    /// `-M`, in order.
    pub module_folders: Vec<String>,
    /// `-I`, in order.
    pub include_folders: Vec<String>,
    pub lib_format: LibFormat,
    /// Write no middle code into a library.
    pub code_only: bool,
    /// Compile a library's strings for the lower/upper character set.
    pub lowercase: bool,
    pub prefer: Prefer,
    /// Run-time checks of indices, aliases, stack and string capacity.
    pub checks: bool,
    pub emit: Vec<Emit>,
    /// How remarks are shown.
    pub message_format: MessageFormat,
    /// `Built::map` is wanted.
    pub debug_map: bool,
    /// `--d64`: the path of a disk image to write.
    pub d64: Option<String>,
    pub disk: DiskOptions,
    /// Optimiser passes that are left out, by name.
    pub without: Vec<String>,
    /// Passes after which the middle IR is printed, by name.
    pub print_after: Vec<String>,
    /// Run only the first N pass applications, to find the one that breaks a program.
    pub opt_bisect: Option<usize>,
}

impl Options {
    /// True when `kind` was asked for.
    pub fn emits(&self, kind: EmitKind) -> bool {
        self.emit.iter().any(|e| e.kind == kind)
    }
}
