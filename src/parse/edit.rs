//! Small tools over the tokens of a line, shared by the checks that look for foreign constructs.
//!
//! In: a line. Out: positions in it, or the line with a part replaced. Invariant: brackets still
//! balance afterwards. Not here: what is replaced and why.

use super::lexer::{Line, Spanned};
use crate::base::source::Span;
use crate::syntax::token::{Sym, Token};
use std::ops::Range;

/// True when `token` is `sym`.
pub fn is(token: Option<&Spanned<'_>>, sym: Sym) -> bool {
    matches!(token, Some((Token::Sym(s), _)) if *s == sym)
}

/// True for `(`, `[`, `{`.
pub fn opens(token: &Token<'_>) -> bool {
    matches!(token, Token::Sym(Sym::LParen | Sym::LBracket | Sym::LBrace))
}

/// True for `)`, `]`, `}`.
pub fn closes(token: &Token<'_>) -> bool {
    matches!(token, Token::Sym(Sym::RParen | Sym::RBracket | Sym::RBrace))
}

/// The place of the tokens in `range`, which must not be empty.
pub fn span_of(tokens: &[Spanned<'_>], range: Range<usize>) -> Span {
    tokens[range.start].1.to(tokens[range.end - 1].1)
}

/// Puts one `Error` token in the place of `range`; an empty range gains one.
pub fn replace(line: &mut Line<'_>, range: Range<usize>) {
    let span = match range.is_empty() {
        true => line.tokens.get(range.start).or(line.tokens.last()).map(|(_, s)| s.start()),
        false => Some(span_of(&line.tokens, range.clone())),
    };
    let Some(span) = span else { return };
    line.tokens.splice(range, [(Token::Error, span)]);
    line.tainted = true;
}

/// Makes the whole line unreadable; a header keeps its colon and so its block.
pub fn replace_all(line: &mut Line<'_>) {
    let end = line.tokens.len() - usize::from(is(line.tokens.last(), Sym::Colon));
    replace(line, 0..end);
}

/// The first position from `from` on where `stop` holds outside of brackets that open after
/// `from`, or where the bracket around `from` closes, or the end.
pub fn find(tokens: &[Spanned<'_>], from: usize, stop: impl Fn(&Token<'_>) -> bool) -> usize {
    let mut depth = 0usize;
    for (i, (token, _)) in tokens.iter().enumerate().skip(from) {
        if depth == 0 && (closes(token) || stop(token)) {
            return i;
        }
        if opens(token) {
            depth += 1;
        } else if closes(token) {
            depth -= 1;
        }
    }
    tokens.len()
}

/// The end of the list item that holds `from`: the next comma or the end of its bracket.
pub fn item_end(tokens: &[Spanned<'_>], from: usize) -> usize {
    find(tokens, from, |t| matches!(t, Token::Sym(Sym::Comma)))
}
