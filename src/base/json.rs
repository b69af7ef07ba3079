//! Diagnostics for programs: one JSON object a line.
//!
//! In: a `Diagnostic` and the `SourceMap`. Out: one line of JSON with its newline. Every place has
//! the same keys: `file`, `line`, `column`, `end_line`, `end_column` (one-based, in characters) and
//! `start`, `end` (byte offsets). Not here: the editor's protocol.

use serde_json::{Value, json};

use crate::base::diag::{Diagnostic, Severity};
use crate::base::source::{SourceMap, Span};

/// The diagnostic as one line.
pub fn line(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let labels = diagnostic.labels.iter().map(|l| placed(sources, l.span, json!({ "text": l.text })));
    let fixes = diagnostic.fixes.iter().map(|fix| {
        let edits = fix.edits.iter().map(|e| placed(sources, e.span, json!({ "text": e.text })));
        json!({ "title": fix.title, "edits": edits.collect::<Vec<_>>() })
    });
    let object = json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Remark => "remark",
        },
        "code": diagnostic.code.0,
        "message": diagnostic.message,
        "label": diagnostic.label,
        "labels": labels.collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "helps": diagnostic.helps,
        "fixes": fixes.collect::<Vec<_>>(),
    });
    let object = match diagnostic.span {
        Some(span) => placed(sources, span, object),
        None => object,
    };
    format!("{object}\n")
}

/// `object` with the keys of a place added.
fn placed(sources: &SourceMap, span: Span, mut object: Value) -> Value {
    let file = sources.file(span.file);
    let (line, column) = file.line_column(span.lo);
    let (end_line, end_column) = file.line_column(span.hi.max(span.lo));
    object["file"] = json!(file.path);
    object["line"] = json!(line);
    object["column"] = json!(column);
    object["end_line"] = json!(end_line);
    object["end_column"] = json!(end_column);
    object["start"] = json!(span.lo);
    object["end"] = json!(span.hi);
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::codes::Code;

    #[test]
    fn places_are_lines_columns_and_bytes() {
        let mut sources = SourceMap::default();
        let id = sources.add("a.pyco", "ő\nő = \"x\"\n");
        let d = Diagnostic::error(Code("E0001"), Span::new(id, 8, 11), "a \"bad\" sign")
            .also(Span::new(id, 0, 2), "here")
            .fix("write y", Span::new(id, 3, 5), "y");
        let text = line(&sources, &d);
        assert_eq!(text.matches('\n').count(), 1);
        let v: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&v["line"], &v["column"], &v["end_column"]), (&json!(2), &json!(5), &json!(8)));
        assert_eq!((&v["start"], &v["end"]), (&json!(8), &json!(11)));
        assert_eq!((&v["severity"], &v["message"]), (&json!("error"), &json!("a \"bad\" sign")));
        assert_eq!(v["labels"][0]["line"], 1);
        let edit = &v["fixes"][0]["edits"][0];
        assert_eq!((&edit["start"], &edit["end"], &edit["text"]), (&json!(3), &json!(5), &json!("y")));
        assert_eq!(edit["column"], 1);
    }

    #[test]
    fn without_a_place_there_are_no_keys_of_one() {
        let d = Diagnostic::global(Code("E0001"), "x");
        let v: Value = serde_json::from_str(&line(&SourceMap::default(), &d)).unwrap();
        assert!(v.get("line").is_none());
        assert_eq!(v["code"], "E0001");
    }
}
