//! Faults of the grammar → diagnostics.
//!
//! In: what chumsky found and expected. Out: at most one diagnostic for each logical line, and
//! none for a line in which an earlier step reported something. Invariant: the wording does not
//! depend on the order in which chumsky tried its alternatives. Not here: faults with a message of
//! their own (`lexer.rs`, `layout.rs`, `foreign.rs`, `build.rs`).

use super::recover::Tokens;
use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::Span;
use crate::syntax::token::{Kw, Sym, Token};
use chumsky::DefaultExpected;
use chumsky::error::{Error, LabelError};
use chumsky::util::MaybeRef;

/// More than so many expected things are not listed.
const MOST_EXPECTED: usize = 3;

/// What the grammar names where several tokens could stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Label {
    Name,
    Operator,
    Statement,
    Type,
    Value,
}

impl Label {
    const ALL: [Label; 5] = [Label::Name, Label::Operator, Label::Statement, Label::Type, Label::Value];

    fn text(self) -> &'static str {
        match self {
            Label::Name => "a name",
            Label::Operator => "an operator",
            Label::Statement => "a statement",
            Label::Type => "a type",
            Label::Value => "a value",
        }
    }
}

/// A set of tokens and labels, one bit for each. Every token that the grammar tries adds to such a
/// set, also in programs without faults, so it must cost next to nothing. Binary operators are in
/// no set: one could stand after every value.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Wanted(u128);

const NEWLINE: u128 = 1 << 127;
const FIRST_LABEL: usize = 110;
const FIRST_KW: usize = 60;
const _: () = assert!(Sym::ALL.len() <= FIRST_KW && FIRST_KW + Kw::ALL.len() <= FIRST_LABEL);

impl Wanted {
    fn token(token: &Token<'_>) -> Self {
        match token {
            Token::Sym(sym) => Wanted(1 << (*sym as usize)),
            Token::Kw(kw) => Wanted(1 << (FIRST_KW + *kw as usize)),
            Token::Newline => Wanted(NEWLINE),
            _ => Wanted(0),
        }
    }

    fn label(label: Label) -> Self {
        Wanted(1 << (FIRST_LABEL + label as usize))
    }

    fn has(self, other: Wanted) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of all that is in the set.
    fn names(self) -> Vec<String> {
        let labels = Label::ALL.iter().filter(|l| self.has(Wanted::label(**l))).map(|l| l.text().to_string());
        let syms = Sym::ALL.iter().map(|s| Token::Sym(*s)).chain(Kw::ALL.iter().map(|k| Token::Kw(*k)));
        let tokens =
            syms.chain([Token::Newline]).filter(|t| self.has(Wanted::token(t))).map(|t| t.describe());
        tokens.chain(labels).collect()
    }
}

/// A fault of the grammar.
#[derive(Clone, Debug)]
pub struct Fault<'t, 's> {
    span: Span,
    found: Option<MaybeRef<'t, Token<'s>>>,
    wanted: Wanted,
    /// A malformed version, in words.
    version: Option<Box<str>>,
}

impl Fault<'_, '_> {
    /// A malformed version.
    pub fn version(span: Span, why: String) -> Self {
        Self { span, found: None, wanted: Wanted(0), version: Some(why.into()) }
    }
}

impl<'t, 's: 't> Error<'t, Tokens<'t, 's>> for Fault<'t, 's> {
    fn merge(mut self, other: Self) -> Self {
        self.wanted.0 |= other.wanted.0;
        self
    }
}

impl<'t, 's: 't> LabelError<'t, Tokens<'t, 's>, DefaultExpected<'t, Token<'s>>> for Fault<'t, 's> {
    fn expected_found<E: IntoIterator<Item = DefaultExpected<'t, Token<'s>>>>(
        expected: E,
        found: Option<MaybeRef<'t, Token<'s>>>,
        span: Span,
    ) -> Self {
        Self { span, found, wanted: wanted_tokens(expected), version: None }
    }

    fn merge_expected_found<E: IntoIterator<Item = DefaultExpected<'t, Token<'s>>>>(
        mut self,
        expected: E,
        _found: Option<MaybeRef<'t, Token<'s>>>,
        _span: Span,
    ) -> Self {
        self.wanted.0 |= wanted_tokens(expected).0;
        self
    }
}

fn wanted_tokens<'t, 's: 't>(expected: impl IntoIterator<Item = DefaultExpected<'t, Token<'s>>>) -> Wanted {
    let set = expected.into_iter().fold(0, |set, expected| match expected {
        DefaultExpected::Token(token) => set | Wanted::token(&token).0,
        _ => set,
    });
    Wanted(set)
}

impl<'t, 's: 't> LabelError<'t, Tokens<'t, 's>, Label> for Fault<'t, 's> {
    fn expected_found<E: IntoIterator<Item = Label>>(
        expected: E,
        found: Option<MaybeRef<'t, Token<'s>>>,
        span: Span,
    ) -> Self {
        let wanted = expected.into_iter().fold(0, |set, label| set | Wanted::label(label).0);
        Self { span, found, wanted: Wanted(wanted), version: None }
    }

    fn label_with(&mut self, label: Label) {
        self.wanted = Wanted::label(label);
    }
}

/// The extent of a logical line, and whether something was reported in it.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub span: Span,
    pub tainted: bool,
}

/// Reports the faults of the grammar; `lines` ascend.
pub fn report(faults: Vec<Fault<'_, '_>>, lines: &[Extent], sink: &mut Sink) {
    let mut reported = vec![false; lines.len()];
    for fault in faults {
        let line = lines.partition_point(|line| line.span.hi < fault.span.lo);
        let silent = lines.get(line).is_some_and(|line| line.tainted);
        let first = !reported.get_mut(line).is_some_and(|done| std::mem::replace(done, true));
        if first && !silent {
            sink.push(diagnostic(&fault));
        }
    }
}

fn diagnostic(fault: &Fault<'_, '_>) -> Diagnostic {
    let span = fault.span;
    if let Some(text) = &fault.version {
        return Diagnostic::error(codes::VERSION_FORM, span, capital(text));
    }
    let found = fault.found.as_deref();
    let wanted = listed(fault.wanted.names());
    let message = match (found, wanted.as_str()) {
        (None | Some(Token::Newline), "") => "The line is not complete".to_string(),
        (None | Some(Token::Newline), wanted) => format!("The line ends where {wanted} is expected"),
        (Some(found), "") => format!("{} does not fit here", capital(&found.describe())),
        (Some(found), wanted) => {
            format!("{} does not fit here; {wanted} is expected", capital(&found.describe()))
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

/// `a value`, `')' or a type`; empty when there is nothing helpful to say.
fn listed(mut names: Vec<String>) -> String {
    // What could stand after every value says little beside other things.
    let telling = |name: &String| !["an operator", "'['", "'.'"].contains(&name.as_str());
    if names.iter().any(telling) {
        names.retain(telling);
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

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
