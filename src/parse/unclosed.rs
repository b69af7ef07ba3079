//! Brackets that are never closed: where they end, and what is supplied.
//!
//! In: a line with open brackets, at the start of the next physical line or at its end. Out: one
//! diagnostic, and the missing tokens. Invariant: brackets balance afterwards. Not here: closing
//! brackets that fit no open one (`lexer.rs`).

use super::lexer::{Lexer, Spanned, closer};
use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::syntax::token::{Kw, Sym, Token};

impl Lexer<'_, '_> {
    /// At the start of a physical line inside brackets: is it plainly a new statement, so that a
    /// bracket must have been forgotten?
    pub(super) fn gives_up(&self) -> bool {
        if self.broken_string || self.open_header() {
            return true;
        }
        let rest = &self.text[self.pos..];
        let mut column = 0;
        let mut first = "";
        for line in rest.split('\n') {
            let trimmed = line.trim_start_matches([' ', '\t']);
            if !trimmed.trim_end().is_empty() && !trimmed.starts_with('#') {
                column = line.len() - trimmed.len();
                first = trimmed;
                break;
            }
        }
        let word_end = first.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(first.len());
        let (word, after) = first.split_at(word_end);
        let after = after.trim_start();
        let outdented = column <= (self.line.indent.hi - self.line.indent.lo) as usize;
        match Kw::from_text(word) {
            Some(Kw::If | Kw::For | Kw::Else) => outdented,
            Some(Kw::Def | Kw::Class | Kw::While | Kw::Elif | Kw::Return | Kw::Break | Kw::Continue) => true,
            Some(Kw::Pass | Kw::From | Kw::Import | Kw::Try | Kw::Except | Kw::With | Kw::Global) => true,
            _ if first.starts_with('@') => true,
            _ if !outdented => false,
            _ => {
                let assigns = after.starts_with(':') || after.starts_with('=') && !after.starts_with("==");
                let is_name = !word.is_empty() && !word.as_bytes()[0].is_ascii_digit();
                let last = self.line.tokens.last().map(|(t, _)| t);
                let adjacent =
                    is_name && last.is_some_and(Token::ends_operand) && Kw::from_text(word).is_none();
                is_name && assigns || adjacent
            }
        }
    }

    /// Reports the innermost open bracket and supplies all that are missing.
    pub(super) fn report_unclosed(&mut self) {
        let at = self.missing_closer();
        let end = match at {
            0 => self.pos,
            at => self.line.tokens[at - 1].1.hi as usize,
        };
        let missing: String = self.open.iter().rev().map(|open| closer(open.sym).text()).collect();
        if let (false, Some(open)) = (self.broken_string, self.open.last()) {
            let text = open.sym.text();
            let place = if at == self.line.tokens.len() { " at the end of the line" } else { "" };
            let diagnostic =
                Diagnostic::error(codes::UNCLOSED_BRACKET, open.span, format!("'{text}' is never closed"))
                    .label(format!("this '{text}' has no '{}'", closer(open.sym).text()))
                    .fix(format!("Add '{missing}'{place}"), self.span(end, end), missing);
            self.report(diagnostic);
        }
        let span = self.span(end, end);
        let closers: Vec<_> =
            self.open.drain(..).rev().map(|open| (Token::Sym(closer(open.sym)), span)).collect();
        self.line.tokens.splice(at..at, closers);
    }

    /// Where the missing brackets belong: before the colon of a header, or before the result of a
    /// function.
    fn missing_closer(&self) -> usize {
        let tokens = &self.line.tokens;
        let Some(open) = self.open.first().filter(|_| self.open_header()) else {
            return tokens.len();
        };
        let arrow = |(token, span): &Spanned<'_>| *token == Token::Sym(Sym::Arrow) && span.lo > open.span.lo;
        tokens.iter().position(arrow).unwrap_or(tokens.len() - 1)
    }

    /// True when the line is a header up to its colon, but for missing parentheses.
    fn open_header(&self) -> bool {
        let tokens = &self.line.tokens;
        let header = matches!(
            tokens.first(),
            Some((Token::Kw(Kw::Def | Kw::Class | Kw::If | Kw::Elif | Kw::While | Kw::For), _))
        );
        let parentheses = self.open.iter().all(|open| open.sym == Sym::LParen);
        header && parentheses && matches!(tokens.last(), Some((Token::Sym(Sym::Colon), _)))
    }
}
