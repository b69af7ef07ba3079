//! Diagnostics as text for people: the framed form and the short form.
//!
//! In: a `Diagnostic` and the `SourceMap`. Out: a `String` that ends with a newline. The only user
//! of ariadne. Invariants: no span, however wrong, makes this panic; nothing that a source or a
//! message contains can send control codes to the terminal. Not here: whether colours are wanted
//! (the caller decides), and the machine form (`json.rs`).

use ariadne::{CharSet, Color, Config, IndexType, Label, Report, ReportKind, Source};

use crate::base::diag::{Diagnostic, Edit, Fix, Severity};
use crate::base::source::{FileId, SourceFile, SourceMap, Span};

/// The longest line that is shown in a help.
const LONGEST_LINE: usize = 100;

/// The framed form: source lines, labels, notes and helps.
pub fn human(sources: &SourceMap, diagnostic: &Diagnostic, color: bool) -> String {
    let (kind, paint) = match diagnostic.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
        Severity::Remark => (ReportKind::Custom(title(Severity::Remark), Color::Blue), Color::Blue),
    };
    let Some(primary) = diagnostic.span else {
        return unframed(diagnostic);
    };
    let files = Framed::new(sources, diagnostic);
    let config =
        Config::default().with_color(color).with_index_type(IndexType::Char).with_char_set(CharSet::Unicode);
    let first = Label::new(place(sources, &files, primary)).with_color(paint);
    let mut report = Report::build(kind, place(sources, &files, primary))
        .with_config(config)
        .with_code(diagnostic.code)
        .with_message(printable(&diagnostic.message))
        // Ariadne marks nothing for a label without a text.
        .with_label(first.with_message(printable(diagnostic.label.as_deref().unwrap_or("here"))));
    for label in &diagnostic.labels {
        let shown = Label::new(place(sources, &files, label.span)).with_message(printable(&label.text));
        report.add_label(shown.with_color(Color::Cyan));
    }
    for note in &diagnostic.notes {
        report.add_note(printable(note));
    }
    for help in helps(diagnostic) {
        let fix = diagnostic.fixes.iter().find(|fix| printable(&fix.title) == help);
        report.add_help(match fix.and_then(|fix| mended(sources, fix)) {
            Some(line) => format!("{help}\n{line}"),
            None => help,
        });
    }
    let mut bytes = Vec::new();
    let written = report.finish().write(files, &mut bytes);
    match written {
        Ok(()) if color => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(()) => uncolored(&String::from_utf8_lossy(&bytes)),
        Err(_) => short(sources, diagnostic),
    }
}

/// The text without the colours that ariadne gives to a kind of report that it does not know.
fn uncolored(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// The one-line form `file:line: Error: text`, with its notes and helps indented below it.
pub fn short(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let mut text = String::new();
    if let Some(span) = diagnostic.span {
        text += &format!("{}:{}: ", printable(&sources.file(span.file).path), sources.line(span));
    }
    text += &format!("{}: {}\n", title(diagnostic.severity), printable(&diagnostic.message));
    text + &remarks(diagnostic)
}

/// The human form of a diagnostic that has no place.
fn unframed(diagnostic: &Diagnostic) -> String {
    let Diagnostic { code, severity, message, .. } = diagnostic;
    format!("[{code}] {}: {}\n{}", title(*severity), printable(message), remarks(diagnostic))
}

fn title(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Remark => "Remark",
    }
}

/// Notes and helps, a line each.
fn remarks(diagnostic: &Diagnostic) -> String {
    let notes = diagnostic.notes.iter().map(|note| format!("  note: {}\n", printable(note)));
    let helps = helps(diagnostic).into_iter().map(|help| format!("  help: {help}\n"));
    notes.chain(helps).collect()
}

/// The helps and the titles of the fixes, each text once.
fn helps(diagnostic: &Diagnostic) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for text in diagnostic.helps.iter().chain(diagnostic.fixes.iter().map(|fix| &fix.title)) {
        let text = printable(text);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// The line as the fix makes it; none when more than one line is touched, or a very long one.
fn mended(sources: &SourceMap, fix: &Fix) -> Option<String> {
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span);
    let first = edits.first()?.span;
    let file = sources.file(first.file);
    let (line, _) = file.line_column(first.lo);
    let start = file.line_start(line);
    let text = file.line_text(line);
    let (mut shown, mut at) = (String::new(), 0);
    for Edit { span, text: new } in edits {
        let (lo, hi) = ((span.lo as usize).checked_sub(start)?, (span.hi as usize).checked_sub(start)?);
        if span.file != first.file || new.contains('\n') {
            return None;
        }
        shown += text.get(at..lo)?;
        shown += new;
        at = hi;
    }
    shown += text.get(at..)?;
    let shown = printable(shown.trim());
    (!shown.is_empty() && shown.chars().count() <= LONGEST_LINE).then_some(shown)
}

/// `text` with every control character, which a terminal would obey, shown as a blank.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A span as ariadne wants it: in characters, for it takes a place in a second file for characters
/// even when told that it counts bytes; and it panics on a range that ends before it begins.
fn place(sources: &SourceMap, files: &Framed, span: Span) -> (FileId, std::ops::Range<usize>) {
    let file = sources.file(span.file);
    let text = files.text(span.file);
    let characters = |offset: u32| text.get(..file.floor(offset as usize)).map_or(0, |t| t.chars().count());
    let lo = characters(span.lo);
    (span.file, lo..characters(span.hi).max(lo))
}

/// The files that one diagnostic shows, in ariadne's form.
struct Framed {
    files: Vec<(FileId, String, Source<String>)>,
}

impl Framed {
    fn new(sources: &SourceMap, diagnostic: &Diagnostic) -> Self {
        let mut ids: Vec<FileId> = diagnostic.labels.iter().map(|label| label.span.file).collect();
        ids.extend(diagnostic.span.map(|span| span.file));
        ids.sort_unstable();
        ids.dedup();
        let shown = |id| {
            let file: &SourceFile = sources.file(id);
            (id, printable(&file.path), Source::from(same_lines(&file.text)))
        };
        Self { files: ids.into_iter().map(shown).collect() }
    }

    /// The text of a file as it is shown.
    fn text(&self, id: FileId) -> &str {
        self.files.iter().find(|(file, ..)| *file == id).map_or("", |(.., source)| source.text())
    }
}

impl ariadne::Cache<FileId> for Framed {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl std::fmt::Debug> {
        self.files.iter().find(|(file, ..)| file == id).map(|(.., source)| source).ok_or("no such file")
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl std::fmt::Display + 'a> {
        self.files.iter().find(|(file, ..)| file == id).map(|(_, path, _)| path.clone())
    }
}

/// The text with the same byte offsets, in which only a newline ends a line and nothing but
/// newlines and tabs is a control character: ariadne also splits at form feeds and their like.
fn same_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\u{2028}' | '\u{2029}' => shown.push_str("   "),
            c if c.is_control() => shown.extend(std::iter::repeat_n(' ', c.len_utf8())),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::codes::Code;
    use proptest::prelude::*;

    const CODE: Code = Code("E0001");

    fn one_file(text: &str) -> (SourceMap, FileId) {
        let mut sources = SourceMap::default();
        let id = sources.add("dir/a.pyco", text);
        (sources, id)
    }

    #[test]
    fn short_form_is_one_line_and_its_helps() {
        let (sources, id) = one_file("a\nb = sn(1)\n");
        let span = Span::new(id, 6, 8);
        let d = Diagnostic::error(CODE, span, "No function 'sn'")
            .note("a note")
            .help("Did you mean 'sin'?")
            .fix("Did you mean 'sin'?", span, "sin");
        let expected = "dir/a.pyco:2: Error: No function 'sn'\n  note: a note\n  help: Did you mean 'sin'?\n";
        assert_eq!(short(&sources, &d), expected);
    }

    #[test]
    fn short_form_without_a_place_has_no_file() {
        let d = Diagnostic::global(CODE, "no memory");
        assert_eq!(short(&SourceMap::default(), &d), "Error: no memory\n");
    }

    #[test]
    fn framed_form_shows_labels_helps_and_code() {
        let (sources, id) = one_file("ő: byte\nő: word\n");
        let d = Diagnostic::error(CODE, Span::new(id, 9, 11), "defined twice")
            .label("again here")
            .also(Span::new(id, 0, 2), "first here")
            .help("rename one");
        let text = human(&sources, &d, false);
        for part in
            ["[E0001] Error: defined twice", "dir/a.pyco:2:1", "again here", "first here", "rename one"]
        {
            assert!(text.contains(part), "{part} missing in\n{text}");
        }
        assert!(!text.contains('\x1b'));
        assert!(human(&sources, &d, true).contains('\x1b'));
    }

    #[test]
    fn framed_form_shows_the_line_as_a_fix_makes_it() {
        let (sources, id) = one_file("w = 1\n  w = ő * 40  # rows\n");
        let mut d = Diagnostic::warning(CODE, Span::new(id, 12, 19), "narrow");
        d = d.help("widen").fix("widen", Span::new(id, 12, 12), "word(");
        let one = human(&sources, &d, false);
        assert!(one.contains("widen\n") && one.contains("w = word(ő * 40  # rows\n"), "{one}");
        d.fixes[0].edits.push(Edit { span: Span::new(id, 14, 14), text: ")".into() });
        assert!(human(&sources, &d, false).contains("w = word(ő) * 40"));
        d.fixes[0].edits[1].span = Span::new(id, 0, 1);
        assert!(!human(&sources, &d, false).contains("word("), "edits of two lines");
    }

    #[test]
    fn a_label_in_another_file_may_stand_behind_letters_of_several_bytes() {
        let (mut sources, a) = one_file("x = 1\n");
        let b = sources.add("b.pyco", "# ő\nőőőő: byte\n");
        let d = Diagnostic::error(CODE, Span::new(a, 0, 1), "twice").also(Span::new(b, 5, 13), "first here");
        let text = human(&sources, &d, false);
        assert!(text.contains("b.pyco:2:1") && text.contains("first here"), "{text}");
    }

    #[test]
    fn a_place_is_marked_even_without_a_label() {
        let (sources, id) = one_file("x = prnt\n");
        let text = human(&sources, &Diagnostic::error(CODE, Span::new(id, 4, 8), "m"), false);
        assert!(text.contains("──┬─"), "{text}");
    }

    #[test]
    fn control_codes_never_reach_the_terminal() {
        let (sources, id) = one_file("x\x1b[2J\x0cy\rz\u{85}w\n");
        let d = Diagnostic::error(CODE, Span::new(id, 1, 2), "bad \x1b[2J sign\nhere");
        let text = human(&sources, &d, false) + &short(&sources, &d);
        assert!(!text.contains(['\x1b', '\x0c', '\r', '\u{85}']), "{text:?}");
        assert!(text.contains("dir/a.pyco:1: Error: bad  [2J sign here\n"), "{text}");
    }

    proptest! {
        #[test]
        fn no_span_makes_it_panic(text in "[aő\n\r\t\u{2028}]{0,12}", spans in prop::collection::vec((0..20u32, 0..20u32), 3)) {
            let (mut sources, a) = one_file(&text);
            let b = sources.add("b.pyco", "");
            let span = |i: usize, file| Span { file, lo: spans[i].0, hi: spans[i].1 };
            let d = Diagnostic::error(CODE, span(0, a), "m").also(span(1, a), "x").also(span(2, b), "y");
            prop_assert!(human(&sources, &d, false).contains("[E0001]"));
        }
    }
}
