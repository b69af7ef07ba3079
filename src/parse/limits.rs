//! The guard against trees that are too deep for recursive visitors.
//!
//! In: a logical line. Out: the line, or an unreadable one when its tree would be deeper than
//! [`MAX_DEPTH`] levels of brackets and prefix operators or [`MAX_CHAIN`] levels in all.
//! Invariant: the estimate is never below the true depth. Not here: blocks (`layout.rs`).

use super::edit::{closes, opens, replace_all};
use super::lexer::{Line, Spanned};
use super::{MAX_CHAIN, MAX_DEPTH};
use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::Span;
use crate::syntax::token::{Kw, Sym, Token};

/// The inside of a bracket, or the whole line.
#[derive(Default)]
struct Frame {
    /// Levels of brackets and prefixes around this one.
    outer: usize,
    /// Prefix and `**` operators in a row.
    prefixes: usize,
    /// Operators of the current item; each may be one level of the tree.
    operators: usize,
    /// The deepest bracket of the current item.
    inner: usize,
    /// The deepest item so far.
    deepest: usize,
}

impl Frame {
    fn end_item(&mut self) {
        self.deepest = self.deepest.max(self.operators + self.inner + 1);
        (self.prefixes, self.operators, self.inner) = (0, 0, 0);
    }
}

/// Reports and drops a line whose tree would be too deep.
pub fn check(line: &mut Line<'_>, sink: &mut Sink) {
    if line.tokens.len() <= MAX_DEPTH {
        return;
    }
    if let Some(span) = too_deep(&line.tokens) {
        // A forgotten bracket explains the depth and was reported already.
        let diagnostic = Diagnostic::error(codes::TOO_DEEP, span, "This expression is nested too deep")
            .note(format!(
                "At most {MAX_DEPTH} brackets or signs in one another and {MAX_CHAIN} operators in a row."
            ))
            .help("Compute it in several steps.");
        if !line.tainted {
            sink.push(diagnostic);
        }
        replace_all(line);
    }
}

/// Where the limit is passed.
fn too_deep(tokens: &[Spanned<'_>]) -> Option<Span> {
    let mut frames = vec![Frame::default()];
    let mut after_operand = false;
    for (token, span) in tokens {
        let frame = frames.last_mut()?;
        if opens(token) {
            frame.operators += usize::from(after_operand);
            let outer = frame.outer + frame.prefixes + 1;
            frames.push(Frame { outer, ..Frame::default() });
        } else if closes(token) {
            frame.end_item();
            let depth = frame.deepest;
            frames.pop();
            let parent = frames.last_mut()?;
            parent.inner = parent.inner.max(depth);
        } else {
            match token {
                Token::Sym(Sym::Comma | Sym::Colon | Sym::Assign) => frame.end_item(),
                Token::Sym(Sym::Pow) => {
                    (frame.prefixes, frame.operators) = (frame.prefixes + 1, frame.operators + 1)
                }
                Token::Sym(Sym::Dot) => frame.operators += 1,
                Token::Sym(_) | Token::Kw(Kw::And | Kw::Or | Kw::Not) => {
                    frame.prefixes = if after_operand { 0 } else { frame.prefixes + 1 };
                    frame.operators += 1;
                }
                _ => {}
            }
        }
        after_operand = token.ends_operand();
        let frame = frames.last()?;
        if frame.outer + frame.prefixes > MAX_DEPTH || frame.operators + frame.inner > MAX_CHAIN {
            return Some(*span);
        }
    }
    None
}
