//! Faults of the grammar → diagnostics.
//!
//! In: what chumsky found and expected. Out: at most one diagnostic for each logical line, and
//! none for a line in which an earlier step reported something. Invariant: the wording does not
//! depend on the order in which chumsky tried its alternatives. Not here: faults with a message of
//! their own (`lexer.rs`, `layout.rs`, `foreign.rs`, `build.rs`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::Span;
use crate::syntax::token::{Sym, Token};
use chumsky::error::{Rich, RichPattern, RichReason};

/// More than so many expected things are not listed.
const MOST_EXPECTED: usize = 3;

/// The extent of a logical line, and whether something was reported in it.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub span: Span,
    pub tainted: bool,
}

/// Reports the faults of the grammar; `lines` ascend.
pub fn report(faults: Vec<Rich<'_, Token<'_>, Span>>, lines: &[Extent], sink: &mut Sink) {
    let mut reported = vec![false; lines.len()];
    for fault in faults {
        let line = lines.partition_point(|line| line.span.hi < fault.span().lo);
        let silent = lines.get(line).is_some_and(|line| line.tainted);
        let first = !reported.get_mut(line).is_some_and(|done| std::mem::replace(done, true));
        if first && !silent {
            sink.push(diagnostic(&fault));
        }
    }
}

fn diagnostic(fault: &Rich<'_, Token<'_>, Span>) -> Diagnostic {
    let span = *fault.span();
    let (found, expected) = match fault.reason() {
        RichReason::Custom(text) => {
            let mut letters = text.chars();
            let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            return Diagnostic::error(codes::VERSION_FORM, span, first + letters.as_str());
        }
        RichReason::ExpectedFound { expected, found } => (found.as_deref(), expected),
    };
    let wanted = wanted(expected);
    let message = match (found, wanted.as_str()) {
        (None | Some(Token::Newline), "") => "The line is not complete".to_string(),
        (None | Some(Token::Newline), wanted) => format!("The line ends where {wanted} is expected"),
        (Some(found), "") => format!("{} does not fit here", capital(found.describe())),
        (Some(found), wanted) => {
            format!("{} does not fit here; {wanted} is expected", capital(found.describe()))
        }
    };
    let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, span, message);
    match found {
        Some(Token::Sym(Sym::At)) => {
            diagnostic.help("A decorator stands on its own line before def or class.")
        }
        Some(Token::Kw(kw)) if wanted == "a name" => {
            diagnostic.help(format!("'{}' is a word of the language and cannot be a name.", kw.text()))
        }
        _ => diagnostic,
    }
}

/// `a value`, `')' or an operator`; empty when there is nothing helpful to say.
fn wanted(expected: &[RichPattern<'_, Token<'_>>]) -> String {
    let mut names: Vec<String> = expected
        .iter()
        .filter_map(|pattern| match pattern {
            RichPattern::Token(token) => match &**token {
                Token::Indent | Token::Dedent | Token::Error => None,
                token => Some(token.describe()),
            },
            RichPattern::Label(label) => Some(label.to_string()),
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    // An operator could stand after every value, so it says little beside other things.
    if names.len() > 1 {
        names.retain(|name| name != "an operator");
    }
    if names.len() > MOST_EXPECTED {
        return String::new();
    }
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
    }
}

fn capital(text: String) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
