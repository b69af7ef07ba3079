//! Layer 2: text → syntax tree.
//!
//! In: the text of a file. Out: a tree, always, and diagnostics. Steps: `lexer` (with `literal`)
//! makes logical lines of tokens; `limits` and `foreign` (with `foreign_expr` and `foreign_head`) check each line for
//! what the grammar must never see; `layout` makes INDENT and DEDENT; the chumsky grammar (`stmt`,
//! `decl`, `types`, `expr`, `recover`) makes rows; `build` (with `body`) makes the tree of rows.
//! Invariant: never panics; every fault gets one message; expressions are at most [`MAX_CHAIN`]
//! and blocks at most [`MAX_DEPTH`] levels deep. Not here: meaning.

mod body;
mod build;
mod decl;
mod edit;
mod errors;
mod expr;
mod foreign;
mod foreign_expr;
mod foreign_head;
mod layout;
mod lexer;
mod limits;
mod literal;
mod recover;
mod stmt;
mod types;
mod unclosed;
mod version;

use crate::base::diag::Sink;
use crate::base::source::{FileId, Span};
use crate::syntax::ast;
use crate::syntax::token::Token;
use chumsky::input::Input;
use chumsky::prelude::Parser;

/// The deepest nesting of blocks, and of brackets and prefix operators in an expression.
pub const MAX_DEPTH: usize = 256;

/// The greatest depth of an expression tree; a sum of so many terms is that deep.
pub const MAX_CHAIN: usize = 2000;

/// Parses the text of `file`. The tree exists whatever the text holds; faults go to `sink`.
pub fn parse(file: FileId, text: &str, sink: &mut Sink) -> ast::Module {
    let span = Span::new(file, 0, text.len());
    let (tokens, comments, lines) = layout_tokens(file, text, sink);
    let (rows, faults) = stmt::file().parse(tokens[..].split_token_span(span.end())).into_output_errors();
    errors::report(faults, &lines, sink);
    build::module(file, rows.unwrap_or_default(), comments, span, sink)
}

/// The tokens of `text` as the grammar sees them, for `--emit=tokens`.
pub fn tokens<'s>(file: FileId, text: &'s str, sink: &mut Sink) -> Vec<(Token<'s>, Span)> {
    layout_tokens(file, text, sink).0
}

type Laid<'s> = (Vec<(Token<'s>, Span)>, Vec<ast::Comment>, Vec<errors::Extent>);

fn layout_tokens<'s>(file: FileId, text: &'s str, sink: &mut Sink) -> Laid<'s> {
    let mut lexed = lexer::lex(file, text, sink);
    for line in &mut lexed.lines {
        limits::check(line, sink);
    }
    let mut foreign = foreign::Foreign::new(text, sink);
    for line in &mut lexed.lines {
        foreign.check(line);
    }
    let (tokens, extents) = layout::layout(text, lexed.lines, sink);
    (tokens, lexed.comments, extents)
}
