//! Diagnostics: what is wrong, where, and how to mend it.
//!
//! In: calls from every phase. Out: a `Sink` whose diagnostics `render.rs` and `json.rs` show.
//! Invariant: the sink never drops an error silently; it only suppresses a second error at exactly
//! the same place with the same text. Not here: wording (beside the check that finds the fault).

use crate::base::codes::Code;
use crate::base::source::Span;

/// How serious a diagnostic is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// What the compiler did, for those who want faster code.
    Remark,
    Warning,
    Error,
}

/// A secondary place with its own text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// One replacement of a fix: the text of `span` becomes `text`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// A change that mends the fault when all its edits are applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    pub title: String,
    pub edits: Vec<Edit>,
}

/// One message to the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: Code,
    /// Where; `None` for faults of a whole program or of the outside world.
    pub span: Option<Span>,
    /// The one line of the short format.
    pub message: String,
    /// A text for the primary place in the framed format, when it says more than `message`.
    pub label: Option<String>,
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub helps: Vec<String>,
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    fn new(severity: Severity, code: Code, span: Option<Span>, message: String) -> Self {
        Self {
            severity,
            code,
            span,
            message,
            label: None,
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, Some(span), message.into())
    }

    /// A warning at `span`.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, Some(span), message.into())
    }

    /// A remark at `span`.
    pub fn remark(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Remark, code, Some(span), message.into())
    }

    /// An error without a place in a source.
    pub fn global(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, None, message.into())
    }

    /// A warning without a place in a source.
    pub fn global_warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, None, message.into())
    }

    /// The text at the primary place.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = Some(text.into());
        self
    }

    /// A further place.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Background, shown under the frame.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// What the user can do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }

    /// A single replacement that mends the fault; its title is shown as help.
    pub fn fix(mut self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        let edits = vec![Edit { span, text: text.into() }];
        self.fixes.push(Fix { title: title.into(), edits });
        self
    }

    /// A fix that puts texts before and behind what is at `span`.
    pub fn enclose(mut self, title: impl Into<String>, span: Span, open: &str, close: &str) -> Self {
        let edit = |span, text: &str| Edit { span, text: text.to_string() };
        let edits = vec![edit(span.start(), open), edit(span.end(), close)];
        self.fixes.push(Fix { title: title.into(), edits });
        self
    }
}

/// Collects the diagnostics of a compilation.
#[derive(Clone, Default, Debug)]
pub struct Sink {
    diagnostics: Vec<Diagnostic>,
}

impl Sink {
    /// Adds a diagnostic, unless the same message already stands at the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let same = |d: &Diagnostic| {
            d.severity == diagnostic.severity && d.span == diagnostic.span && d.message == diagnostic.message
        };
        if !self.diagnostics.iter().rev().take(64).any(same) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// True when at least one error was reported.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// How many errors were reported.
    pub fn error_count(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// All diagnostics in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter()
    }

    /// Sorts by file and position, keeping the order of equals; diagnostics without a place last.
    pub fn sort(&mut self) {
        self.diagnostics.sort_by_key(|d| (d.span.is_none(), d.span));
    }
}
