//! Logical lines → one token stream with NEWLINE, INDENT and DEDENT.
//!
//! In: the lines of the lexer, already rid of foreign constructs. Out: tokens whose INDENT and
//! DEDENT balance and in which every line that ends in a block's colon is followed by an INDENT.
//! Invariant: blocks are at most [`MAX_DEPTH`] deep; faults of indentation are reported here and
//! mended, so that the grammar never sees one. Not here: what a block may hold.

use super::MAX_DEPTH;
use super::edit::{is, span_of};
use super::errors::Extent;
use super::lexer::{Line, Spanned};
use crate::base::codes;
use crate::base::diag::{Diagnostic, Edit, Fix, Sink};
use crate::base::source::Span;
use crate::syntax::token::{Kw, Sym, Token};

/// A tab counts up to the next multiple of this.
const TAB_WIDTH: usize = 4;

/// One open level of indentation.
struct Level {
    column: usize,
    /// False for indentation that was reported and makes no block.
    block: bool,
}

/// The line before the current one.
struct Before {
    /// It ends in the colon of a block.
    opens: bool,
    /// It is `name:`, which may be an unknown header or a declaration without its type.
    may_open: bool,
    tainted: bool,
    /// Its last token.
    last: Span,
}

struct Layout<'s, 't, 'k> {
    text: &'t str,
    sink: &'k mut Sink,
    out: Vec<Spanned<'s>>,
    extents: Vec<Extent>,
    levels: Vec<Level>,
    before: Option<Before>,
    /// The end of the line before.
    end: Span,
    /// After a tab, columns are guesses, and no other fault of indentation is reported.
    guessing: bool,
    /// Blocks nested too deep were reported.
    too_deep: bool,
}

/// Lays the lines out as blocks; also tells where each line is and whether it needs no more
/// messages.
pub fn layout<'s>(text: &str, lines: Vec<Line<'s>>, sink: &mut Sink) -> (Vec<Spanned<'s>>, Vec<Extent>) {
    let Some(first) = lines.first() else { return (Vec::new(), Vec::new()) };
    let end = first.indent.start();
    let guessing = report_tabs(text, &lines, sink);
    let size = lines.iter().map(|line| line.tokens.len() + 2).sum();
    let levels = vec![Level { column: 0, block: true }];
    let mut layout = Layout {
        text,
        sink,
        out: Vec::with_capacity(size),
        extents: Vec::new(),
        levels,
        before: None,
        end,
        guessing,
        too_deep: false,
    };
    for line in lines {
        layout.line(line);
    }
    layout.finish();
    (layout.out, layout.extents)
}

impl<'s> Layout<'s, '_, '_> {
    fn line(&mut self, mut line: Line<'s>) {
        let first = line.tokens[0].1;
        let column = columns(self.slice(line.indent));
        if column > self.column() {
            self.indent(column, first, line.indent);
        } else {
            self.missing_block(Some(first));
            self.dedent(column, line.indent, &line.tokens[0].0);
        }
        let may_open = lacks_type(&line.tokens);
        let opens = !may_open && is(line.tokens.last(), Sym::Colon) || self.missing_colon(&mut line);
        let last = line.tokens[line.tokens.len() - 1].1;
        let span = span_of(&line.tokens, 0..line.tokens.len());
        self.extents.push(Extent { span, tainted: line.tainted });
        self.before = Some(Before { opens, may_open, tainted: line.tainted, last });
        self.end = last.end();
        self.out.append(&mut line.tokens);
        self.out.push((Token::Newline, last.end()));
    }

    fn finish(&mut self) {
        self.missing_block(None);
        while let Some(level) = self.levels.pop() {
            if level.block && !self.levels.is_empty() {
                self.out.push((Token::Dedent, self.end));
            }
        }
    }

    fn indent(&mut self, column: usize, first: Span, indent: Span) {
        let opened = self.before.as_ref().is_some_and(|b| b.opens || b.may_open);
        let tainted = self.before.as_ref().is_some_and(|b| b.tainted);
        let room = self.levels.iter().filter(|level| level.block).count() <= MAX_DEPTH;
        if opened && room {
            self.levels.push(Level { column, block: true });
            self.out.push((Token::Indent, first.start()));
            return;
        }
        if opened {
            self.report_too_deep(first);
            self.push_empty_block(first.start());
        } else if !tainted && !self.guessing {
            let proper = " ".repeat(self.column());
            self.sink.push(
                Diagnostic::error(codes::UNEXPECTED_INDENT, first, "Unexpected indentation")
                    .help("Only the block after a line that ends in ':' is indented deeper.")
                    .fix("Indent it as the line before", indent, proper),
            );
        }
        self.levels.push(Level { column, block: false });
    }

    fn report_too_deep(&mut self, at: Span) {
        if !std::mem::replace(&mut self.too_deep, true) {
            self.sink.push(
                Diagnostic::error(
                    codes::TOO_DEEP,
                    at,
                    format!("Blocks are nested more than {MAX_DEPTH} deep"),
                )
                .help("Move the inner blocks into functions of their own."),
            );
        }
    }

    fn dedent(&mut self, column: usize, indent: Span, first: &Token<'_>) {
        let meant = self.meant_column(column, first);
        while self.column() > meant {
            if self.levels.pop().is_some_and(|level| level.block) {
                self.out.push((Token::Dedent, self.end));
            }
        }
        if self.column() != column && !self.guessing {
            let proper = self.column();
            self.sink.push(
                Diagnostic::error(
                    codes::DEDENT_MISMATCH,
                    indent,
                    "This indentation belongs to no block above",
                )
                .label(format!("{column} blanks; a block above has {proper}"))
                .fix(format!("Indent by {proper}"), indent, " ".repeat(proper)),
            );
        }
    }

    /// The column of the block that a line belongs to: of the nearest one, should it fit none.
    /// Only a definition can leave its function by mistake.
    fn meant_column(&self, column: usize, first: &Token<'_>) -> usize {
        let outer = self.levels.iter().rposition(|level| level.column <= column).unwrap_or(0);
        let (below, above) = (self.levels[outer].column, self.levels.get(outer + 1));
        let Some(above) = above.filter(|_| below != column) else { return below };
        let stays = match first {
            // A branch cannot be in the block that it ends.
            Token::Kw(Kw::Else | Kw::Elif) => outer + 2 < self.levels.len(),
            Token::Kw(Kw::Def | Kw::Class) | Token::Sym(Sym::At) => above.column - column <= column - below,
            _ => outer == 0 || above.column - column <= column - below,
        };
        if stays { above.column } else { below }
    }

    /// Supplies a block for a header that has none.
    fn missing_block(&mut self, next: Option<Span>) {
        let Some(Before { opens: true, tainted, last, .. }) = self.before else { return };
        if !tainted && !self.guessing {
            self.sink.push(
                Diagnostic::error(codes::MISSING_BLOCK, next.unwrap_or(last), "An indented block is missing")
                    .also(last, "after this ':'")
                    .help("Indent the lines of the block by 4 blanks; an empty block is 'pass'."),
            );
        }
        self.push_empty_block(last.end());
    }

    fn push_empty_block(&mut self, at: Span) {
        for token in [Token::Indent, Token::Error, Token::Newline, Token::Dedent] {
            self.out.push((token, at));
        }
    }

    /// Supplies the colon of a header that has none; true if it did.
    fn missing_colon(&mut self, line: &mut Line<'s>) -> bool {
        let Token::Kw(kw) = line.tokens[0].0 else { return false };
        let header = matches!(kw, Kw::Def | Kw::Class | Kw::If | Kw::Elif | Kw::Else | Kw::While | Kw::For);
        if !header || has_block_colon(&line.tokens) {
            return false;
        }
        let (last, mut end) = (line.tokens.len() - 1, line.tokens[line.tokens.len() - 1].1.end());
        if !line.tainted {
            let text = format!("A ':' is missing at the end of the '{}' line", kw.text());
            let error = Diagnostic::error(codes::MISSING_COLON, end, text);
            self.sink.push(match line.tokens[last] {
                (Token::Name("then" | "do"), word) if last > 1 => {
                    line.tokens.truncate(last);
                    end = line.tokens[last - 1].1.end();
                    error.fix("Write ':' instead", end.to(word), ":")
                }
                _ => error.fix("Add ':'", end, ":"),
            });
        }
        line.tainted = true;
        line.tokens.push((Token::Sym(Sym::Colon), end));
        true
    }

    fn column(&self) -> usize {
        self.levels.last().map_or(0, |level| level.column)
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.lo as usize..span.hi as usize).unwrap_or("")
    }
}

/// The width of an indentation.
fn columns(indent: &str) -> usize {
    indent.bytes().fold(0, |column, byte| match byte {
        b'\t' => (column / TAB_WIDTH + 1) * TAB_WIDTH,
        _ => column + 1,
    })
}

/// True for `name:` alone.
fn lacks_type(tokens: &[Spanned<'_>]) -> bool {
    tokens.len() == 2 && matches!(tokens[0].0, Token::Name(_)) && is(tokens.last(), Sym::Colon)
}

/// True when a colon stands outside of brackets.
fn has_block_colon(tokens: &[Spanned<'_>]) -> bool {
    let mut depth = 0usize;
    for (token, _) in tokens {
        match token {
            Token::Sym(Sym::LParen | Sym::LBracket | Sym::LBrace) => depth += 1,
            Token::Sym(Sym::RParen | Sym::RBracket | Sym::RBrace) => depth = depth.saturating_sub(1),
            Token::Sym(Sym::Colon) if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// Reports the first indentation with a tab, with a fix for all of them; true if there is one.
fn report_tabs(text: &str, lines: &[Line<'_>], sink: &mut Sink) -> bool {
    let slice = |span: Span| text.get(span.lo as usize..span.hi as usize).unwrap_or("");
    let tabbed: Vec<Span> =
        lines.iter().map(|line| line.indent).filter(|s| slice(*s).contains('\t')).collect();
    let Some(&first) = tabbed.first() else { return false };
    let mut diagnostic = Diagnostic::error(codes::TAB, first, "Tabs cannot indent; use blanks")
        .help("Blocks are indented by 4 blanks.");
    if tabbed.iter().all(|span| slice(*span).bytes().all(|b| b == b'\t')) {
        let edit = |span: &Span| Edit { span: *span, text: " ".repeat(columns(slice(*span))) };
        let title = "Replace each tab by 4 blanks".to_string();
        diagnostic.fixes.push(Fix { title, edits: tabbed.iter().map(edit).collect() });
    }
    sink.push(diagnostic);
    true
}
