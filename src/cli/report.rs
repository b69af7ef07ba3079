//! Showing the diagnostics of a command, and the exit status they lead to.
//!
//! In: the sink. Out: text on standard error, a `Status`. Not here: the three formats themselves
//! (`base/render.rs`, `base/json.rs`).

use std::io::IsTerminal;

use crate::base::diag::{Diagnostic, Severity, Sink};
use crate::base::source::SourceMap;
use crate::base::{codes, json, render};
use crate::cli::args::MessageArgs;
use crate::cli::console::{Status, message};
use crate::cli::values::ColorChoice;
use crate::driver::session::MessageFormat;

/// Shows all diagnostics, sorted, and says how the process ends if nothing else goes wrong.
pub fn report(args: &MessageArgs, sources: &SourceMap, mut sink: Sink) -> Status {
    sink.sort();
    let color = colored(args.color);
    let mut text = String::new();
    let mut errors = 0;
    for diagnostic in sink.iter() {
        errors += usize::from(diagnostic.severity == Severity::Error);
        if args.max_errors > 0 && errors > args.max_errors {
            break;
        }
        text += &match args.message_format {
            MessageFormat::Human => render::human(sources, diagnostic, color) + "\n",
            MessageFormat::Short => render::short(sources, diagnostic),
            MessageFormat::Json => json::line(sources, diagnostic),
        };
    }
    let hidden = sink.error_count().saturating_sub(args.max_errors);
    if args.max_errors > 0 && hidden > 0 && args.message_format != MessageFormat::Json {
        text += &format!("{} not shown; --max-errors 0 shows all\n", counted(hidden, "error"));
    }
    if args.message_format == MessageFormat::Human {
        text += &summary(&sink);
    }
    message(&text);
    status(&sink)
}

/// Shows a single diagnostic that has no source.
pub fn report_one(args: &MessageArgs, diagnostic: Diagnostic) -> Status {
    let mut sink = Sink::default();
    sink.push(diagnostic);
    report(args, &SourceMap::default(), sink)
}

/// An error in a file that cannot be used at all outweighs errors in the source.
fn status(sink: &Sink) -> Status {
    let unusable = |d: &Diagnostic| [codes::CANNOT_READ, codes::CANNOT_WRITE].contains(&d.code);
    if sink.iter().any(unusable) {
        Status::FileFailed
    } else if sink.iter().any(|d| d.code == codes::PROGRAM_FAILED) {
        Status::ProgramFailed
    } else if sink.has_errors() {
        Status::SourceErrors
    } else {
        Status::Success
    }
}

fn colored(choice: ColorChoice) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::io::stderr().is_terminal()
        }
    }
}

/// The last line in the human format: how many there are, and where to read more.
fn summary(sink: &Sink) -> String {
    let errors = sink.error_count();
    let warnings = sink.iter().count() - errors;
    let counts: Vec<String> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| counted(n, what))
        .collect();
    match sink.iter().find(|d| errors == 0 || d.severity == Severity::Error) {
        Some(first) => format!("{}; `pycoc explain {}` tells more\n", counts.join(", "), first.code),
        None => String::new(),
    }
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
