//! Source files from bytes to entries of the `SourceMap`.
//!
//! In: a path and a `Files`. Out: the `FileId`, or a diagnostic why there is none. Invariant: what
//! is in the map is UTF-8 without a byte order mark and small enough for a `Span`. Not here: which
//! path a module or an include has.

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::{FileId, SourceMap, Span};
use crate::base::suggest;
use crate::driver::files::{FileError, Files};
use crate::driver::output::folder_of;

/// The longest source that is read: a hundred times what fits a C64.
const LONGEST: usize = 16 << 20;

/// Reads a source file into the map.
pub fn load(files: &dyn Files, path: &str, sources: &mut SourceMap, sink: &mut Sink) -> Option<FileId> {
    let bytes = match files.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            sink.push(with_hint(unreadable(&error), files, path));
            return None;
        }
    };
    if bytes.len() > LONGEST {
        let reason = format!("it is longer than {} megabytes", LONGEST >> 20);
        sink.push(unreadable(&FileError { path: path.to_string(), action: "read", reason }));
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(sources.add(path, text)),
        Err(error) => {
            sink.push(not_utf8(path, bytes, error.valid_up_to(), sources));
            None
        }
    }
}

/// The error for a file that cannot be read or written; it makes the exit status 4.
pub fn unreadable(error: &FileError) -> Diagnostic {
    let code = if error.action == "read" { codes::CANNOT_READ } else { codes::CANNOT_WRITE };
    Diagnostic::global(code, error.to_string())
}

/// Adds the name of a source in the same folder that was probably meant.
fn with_hint(diagnostic: Diagnostic, files: &dyn Files, path: &str) -> Diagnostic {
    let folder = folder_of(path);
    let wanted = path[folder.len()..].trim_start_matches('/');
    let names = files.list(folder);
    let whole = format!("{wanted}.pyco");
    let hint = match names.contains(&whole) {
        true => Some(format!("Did you mean '{whole}'?")),
        false => suggest::did_you_mean(wanted, names.iter().map(String::as_str)),
    };
    match hint {
        Some(hint) => diagnostic.help(hint),
        None => diagnostic,
    }
}

/// Points at the first byte that is not UTF-8. The map gets the text before it, to show its line.
fn not_utf8(path: &str, bytes: &[u8], good: usize, sources: &mut SourceMap) -> Diagnostic {
    let text = String::from_utf8_lossy(&bytes[..good]).into_owned() + "\u{FFFD}";
    let file = sources.add(path, text);
    let value = bytes.get(good).copied().unwrap_or_default();
    Diagnostic::error(codes::NOT_UTF8, Span::new(file, good, good + 3), "This file is not UTF-8 text")
        .label(format!("the byte ${value:02X} is no part of a letter here"))
        .help("save the file with the encoding UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::render;
    use crate::driver::files::MemoryFiles;

    #[test]
    fn a_missing_file_suggests_one_beside_it() {
        let files = MemoryFiles::default();
        files.add("d/hello.pyco", "");
        let hint = |path| with_hint(Diagnostic::global(codes::CANNOT_READ, ""), &files, path).helps;
        assert_eq!(hint("d/hallo.pyco"), ["Did you mean 'hello.pyco'?"]);
        assert_eq!(hint("d/hello"), ["Did you mean 'hello.pyco'?"]);
        assert_eq!(hint("hello"), Vec::<String>::new());
    }

    fn loaded(bytes: &[u8]) -> (Option<String>, String) {
        let files = MemoryFiles::default();
        files.add("a.pyco", bytes);
        let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
        let id = load(&files, "a.pyco", &mut sources, &mut sink);
        let messages = sink.iter().map(|d| render::short(&sources, d)).collect();
        (id.map(|id| sources.file(id).text.clone()), messages)
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        assert_eq!(loaded(b"\xEF\xBB\xBFa"), (Some("a".into()), String::new()));
    }

    #[test]
    fn the_line_of_a_wrong_byte_is_named() {
        let (text, messages) = loaded(b"a\nb\xFFc\n");
        assert_eq!(text, None);
        assert!(messages.starts_with("a.pyco:2: Error: This file is not UTF-8 text"), "{messages}");
    }
}
