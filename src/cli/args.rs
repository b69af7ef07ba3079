//! The command line as clap sees it. No logic: the texts here are what `--help` prints.

use clap::{ArgAction, Parser, Subcommand};

use crate::cli::values::{self, ColorChoice};
use crate::driver::session::{Emit, LibFormat, MessageFormat, OptLevel};

/// Compiler and linker for PyCo on the Commodore 64
#[derive(Parser, Debug)]
#[command(name = "pycoc", version, arg_required_else_help = true)]
#[command(disable_help_subcommand = true, args_override_self = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Compile a program or a module
    Compile(CompileArgs),
    /// Report what is wrong with a source, without making code
    Check(CheckArgs),
    /// Make a folder with a new project
    New(NewArgs),
    /// Build the project of a folder as its pyco.toml says
    Build(ProjectArgs),
    /// Run a program in the built-in C64
    Run(RunArgs),
    /// Show what is in a .LIB or .prg file
    Inspect(InspectArgs),
    /// List the modules of the bundled library, or print the source of one
    Library(LibraryArgs),
    /// Show how many bytes each part of a program or module takes
    Size(SizeArgs),
    /// Make a source smaller while a command succeeds
    Reduce(ReduceArgs),
    /// Explain a diagnostic, with an example and its fix
    Explain(ExplainArgs),
}

#[derive(clap::Args, Debug)]
pub struct CompileArgs {
    /// The main source file
    #[arg(value_name = "FILE.pyco")]
    pub file: String,

    /// Make a module, FILE.LIB, instead of a program
    #[arg(long, conflicts_with = "dynamic")]
    pub lib: bool,

    /// Make a program that loads its modules at run time, and these modules
    #[arg(long)]
    pub dynamic: bool,

    /// Output file, or a folder for several [default: beside the source]
    #[arg(short = 'o', value_name = "PATH")]
    pub output: Option<String>,

    /// Also write asm, listing, map, labels, debug, remarks, deps, graph, tokens, ast, hir, mir or obj;
    /// the path - is standard output
    #[arg(long, value_name = "KIND[=PATH]", value_parser = values::emit)]
    pub emit: Vec<Emit>,

    /// Also write a disk image with everything that the program needs, the program first
    #[arg(long, value_name = "PATH", conflicts_with = "lib")]
    pub d64: Option<String>,

    #[command(flatten)]
    pub build: BuildArgs,

    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(clap::Args, Debug)]
pub struct CheckArgs {
    /// The main source file
    #[arg(value_name = "FILE.pyco")]
    pub file: String,

    /// The file is a module: it needs no main()
    #[arg(long)]
    pub lib: bool,

    #[command(flatten)]
    pub build: BuildArgs,

    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(clap::Args, Debug)]
pub struct NewArgs {
    /// The name of the project and its folder
    #[arg(value_name = "NAME")]
    pub name: String,

    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(clap::Args, Debug)]
pub struct ProjectArgs {
    /// The folder with pyco.toml
    #[arg(value_name = "FOLDER", default_value = "")]
    pub folder: String,

    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(clap::Args, Debug)]
pub struct RunArgs {
    /// A source, which is compiled first, or a finished program [default: the project in this folder]
    #[arg(value_name = "FILE.pyco|FILE.prg")]
    pub file: Option<String>,

    /// Stop after this many cycles
    #[arg(long, value_name = "N", default_value_t = 2_000_000_000)]
    pub max_cycles: u64,

    /// Type these keys, one whenever the keyboard buffer is empty; \n is RETURN
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub input: Option<String>,

    /// A folder or a disk image as drive 8
    #[arg(long, value_name = "DIR|D64")]
    pub disk: Option<String>,

    /// Print the 40x25 screen when the program has ended
    #[arg(long)]
    pub screen: bool,

    /// Write a picture of the screen when the program has ended
    #[arg(long, value_name = "PATH")]
    pub png: Option<String>,

    /// Print cycles and bytes on standard error
    #[arg(long)]
    pub stats: bool,

    /// Print on standard error where the cycles went: by function and by source line
    #[arg(long)]
    pub profile: bool,

    /// Write the same as a flame graph
    #[arg(long, value_name = "PATH.svg")]
    pub flame: Option<String>,

    #[command(flatten)]
    pub build: BuildArgs,

    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(clap::Args, Debug)]
pub struct InspectArgs {
    /// A module or a program
    #[arg(value_name = "FILE.LIB|FILE.prg")]
    pub file: String,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(clap::Args, Debug)]
pub struct LibraryArgs {
    /// The module whose source is printed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(clap::Args, Debug)]
pub struct ReduceArgs {
    /// The source
    #[arg(value_name = "FILE.pyco")]
    pub file: String,

    /// A command of the shell that ends with status 0 while the fault is there; it gets the path of
    /// the source as its last argument, or where {} stands
    #[arg(long, value_name = "COMMAND")]
    pub check: String,

    /// Where the smaller source goes [default: FILE.reduced.pyco]
    #[arg(short = 'o', value_name = "PATH")]
    pub output: Option<String>,

    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(clap::Args, Debug)]
pub struct SizeArgs {
    /// A source, a module, or a program with its debug map (--emit debug) beside it
    #[arg(value_name = "FILE.pyco|FILE.LIB|FILE.prg")]
    pub file: String,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Also write a treemap
    #[arg(long, value_name = "PATH")]
    pub svg: Option<String>,

    #[command(flatten)]
    pub build: BuildArgs,

    #[command(flatten)]
    pub messages: MessageArgs,
}

#[derive(clap::Args, Debug)]
pub struct ExplainArgs {
    /// The code in brackets before the message, such as E0001
    #[arg(value_name = "CODE")]
    pub code: String,
}

/// How code is made.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Code")]
pub struct BuildArgs {
    /// Optimise not at all, a little, for speed, or for size
    #[arg(short = 'O', value_name = "LEVEL", default_value = "2", value_parser = values::opt_level())]
    pub opt: OptLevel,

    /// A folder to look for modules in; may be repeated
    #[arg(short = 'M', value_name = "DIR", action = ArgAction::Append)]
    pub module_folders: Vec<String>,

    /// A folder to look for included files in; may be repeated
    #[arg(short = 'I', value_name = "DIR", action = ArgAction::Append)]
    pub include_folders: Vec<String>,

    /// Take a module's .LIB even if its source is newer
    #[arg(long, conflicts_with = "prefer_source")]
    pub prefer_lib: bool,

    /// Take a module's source even if its .LIB is newer
    #[arg(long)]
    pub prefer_source: bool,

    /// The version of the .LIB format [default: 1 if the module fits, else 2]
    #[arg(long, value_name = "VERSION", value_parser = values::lib_format())]
    pub lib_format: Option<LibFormat>,

    /// With --lib: leave the middle code out of a file of version 2
    #[arg(long)]
    pub code_only: bool,

    /// With --lib: the strings are for the lower/upper character set
    #[arg(long)]
    pub lowercase: bool,

    /// Check indices, aliases, stack and string capacity at run time
    #[arg(long)]
    pub checks: bool,

    /// Leave an optimiser pass out; may be repeated
    #[arg(long, value_name = "PASS", action = ArgAction::Append)]
    pub without: Vec<String>,

    /// Print the middle code after an optimiser pass; may be repeated
    #[arg(long, value_name = "PASS", action = ArgAction::Append)]
    pub print_after: Vec<String>,

    /// Run only the first N optimiser passes
    #[arg(long, value_name = "N")]
    pub opt_bisect: Option<usize>,
}

/// How messages are shown.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Messages")]
pub struct MessageArgs {
    /// Framed source, one line each, or one JSON object each
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = values::message_format())]
    pub message_format: MessageFormat,

    /// Colour the messages; auto heeds the terminal and NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = values::color())]
    pub color: ColorChoice,

    /// Show no more errors than this; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub max_errors: usize,
}
