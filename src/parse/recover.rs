//! What all parts of the grammar share: the types of the parsers, tokens, and resynchronisation.
//!
//! In: tokens. Out: parsers that match one token, or that pass over what could not be read.
//! Invariant: a recovery never passes a NEWLINE, INDENT or DEDENT that is not its own. Not here:
//! the forms of the language.

use super::errors::{Fault, Label};
use crate::base::source::{FileId, Span};
use crate::syntax::ast::{Expr, ExprKind, Ident};
use crate::syntax::token::{Kw, Sym, Token};
use chumsky::input::MappedInput;
use chumsky::prelude::*;

/// The input: tokens with their places.
pub type Tokens<'t, 's> = MappedInput<'t, Token<'s>, Span, &'t [(Token<'s>, Span)]>;
/// How faults are recorded; `errors.rs` puts them into words.
pub type Extra<'t, 's> = extra::Err<Fault<'t, 's>>;
/// A finished parser.
pub type Parse<'t, 's, O> = Boxed<'t, 't, Tokens<'t, 's>, O, Extra<'t, 's>>;

impl chumsky::span::Span for Span {
    type Context = FileId;
    type Offset = u32;

    fn new(file: FileId, range: std::ops::Range<u32>) -> Self {
        Span { file, lo: range.start, hi: range.end.max(range.start) }
    }

    fn context(&self) -> FileId {
        self.file
    }

    fn start(&self) -> u32 {
        self.lo
    }

    fn end(&self) -> u32 {
        self.hi
    }
}

/// A sign.
pub fn sym<'t, 's: 't>(sym: Sym) -> impl Parser<'t, Tokens<'t, 's>, Token<'s>, Extra<'t, 's>> + Clone {
    just(Token::Sym(sym))
}

/// A keyword.
pub fn kw<'t, 's: 't>(kw: Kw) -> impl Parser<'t, Tokens<'t, 's>, Token<'s>, Extra<'t, 's>> + Clone {
    just(Token::Kw(kw))
}

/// A name.
pub fn ident<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, Ident, Extra<'t, 's>> + Clone {
    select! { Token::Name(name) = e => Ident { name: name.to_string(), span: e.span() } }
        .labelled(Label::Name)
}

/// One token inside a line.
pub fn inside<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, (), Extra<'t, 's>> + Clone {
    any().filter(|t| !matches!(t, Token::Newline | Token::Indent | Token::Dedent)).ignored()
}

/// The rest of a line, without its NEWLINE; also an empty one.
pub fn rest_of_line<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, Expr, Extra<'t, 's>> + Clone {
    inside().repeated().map_with(|(), e| Expr { kind: ExprKind::Error, span: e.span() })
}

/// The rest of a header, up to its colon.
pub fn rest_of_header<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, Expr, Extra<'t, 's>> + Clone {
    inside()
        .and_is(just(Token::Sym(Sym::Colon)).not())
        .repeated()
        .then_ignore(just(Token::Sym(Sym::Colon)).rewind())
        .map_with(|(), e| Expr { kind: ExprKind::Error, span: e.span() })
}
