//! Text → logical lines of tokens.
//!
//! In: the text of a file. Out: its logical lines, each with its indentation and tokens, and the
//! comments. Invariant: spans ascend; brackets balance within every line (a missing one is
//! reported and supplied); a line in which something was reported is `tainted`, so that the
//! grammar adds no second message to it. Numbers and strings are in `literal.rs`. Not here: blocks
//! (`layout.rs`) and everything that needs more than one token of context (`foreign.rs`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::{FileId, Span};
use crate::syntax::ast::Comment;
use crate::syntax::token::{Kw, Sym, Token};
use std::collections::BTreeSet;
use std::rc::Rc;

/// After so many faults the rest of the file is not read: it is not PyCo.
const MOST_ERRORS: usize = 100;

/// A token with its place.
pub type Spanned<'s> = (Token<'s>, Span);

/// A logical line: one physical line, or several joined by brackets or `\`.
#[derive(Debug)]
pub struct Line<'s> {
    pub tokens: Vec<Spanned<'s>>,
    /// The white space before the first token.
    pub indent: Span,
    /// Something in the line was reported already.
    pub tainted: bool,
}

/// What the lexer hands over.
pub struct Lexed<'s> {
    pub lines: Vec<Line<'s>>,
    pub comments: Vec<Comment>,
}

/// An open bracket.
pub struct Open {
    pub(super) sym: Sym,
    pub(super) span: Span,
}

/// The state of the lexer; `literal.rs` and `unclosed.rs` add methods to it.
pub struct Lexer<'s, 'k> {
    pub(super) text: &'s str,
    pub(super) pos: usize,
    file: FileId,
    sink: &'k mut Sink,
    errors: usize,
    pub(super) line: Line<'s>,
    lines: Vec<Line<'s>>,
    comments: Vec<Comment>,
    pub(super) open: Vec<Open>,
    /// A string of this physical line has no end, so brackets of the line may lack theirs.
    pub(super) broken_string: bool,
    /// A `{` at the end of a line was reported; its `}` is passed over.
    c_braces: bool,
    odd_names: BTreeSet<&'s str>,
}

/// Splits `text` into logical lines.
pub fn lex<'s>(file: FileId, text: &'s str, sink: &mut Sink) -> Lexed<'s> {
    let mut lexer = Lexer {
        text,
        pos: 0,
        file,
        sink,
        errors: 0,
        line: Line { tokens: Vec::new(), indent: Span::new(file, 0, 0), tainted: false },
        lines: Vec::new(),
        comments: Vec::new(),
        open: Vec::new(),
        broken_string: false,
        c_braces: false,
        odd_names: BTreeSet::new(),
    };
    lexer.run();
    Lexed { lines: lexer.lines, comments: lexer.comments }
}

impl<'s> Lexer<'s, '_> {
    fn run(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.pos = '\u{feff}'.len_utf8();
        }
        self.measure_indent();
        while self.pos < self.text.len() {
            self.step();
            if self.errors >= MOST_ERRORS {
                self.push_too_many();
                break;
            }
        }
        if !self.open.is_empty() {
            self.report_unclosed();
        }
        self.end_line();
    }

    /// Reads one token, comment or piece of white space.
    fn step(&mut self) {
        let start = self.pos;
        match self.peek() {
            b' ' | b'\t' | b'\r' | 0x0c => self.pos += 1,
            b'\n' => self.newline(),
            b'#' => self.comment(),
            b'\\' => self.continuation(),
            b'0'..=b'9' => self.number(),
            b'.' if self.at(1).is_ascii_digit() => self.number(),
            b'"' | b'\'' => self.string(""),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => self.word(),
            b'@' if self.is_version_place() => self.version(),
            b'(' => self.open_bracket(Sym::LParen),
            b'[' => self.open_bracket(Sym::LBracket),
            b'{' => self.open_brace(),
            b')' => self.close_bracket(Sym::RParen),
            b']' => self.close_bracket(Sym::RBracket),
            b'}' => self.close_bracket(Sym::RBrace),
            b';' => self.semicolon(),
            _ => self.operator(),
        }
        debug_assert!(self.pos > start, "the lexer stands still");
    }

    // ---- reading -------------------------------------------------------------------------

    /// The byte here; 0 at the end.
    pub(super) fn peek(&self) -> u8 {
        self.at(0)
    }

    /// The byte `offset` further on; 0 at the end.
    pub(super) fn at(&self, offset: usize) -> u8 {
        self.text.as_bytes().get(self.pos + offset).copied().unwrap_or(0)
    }

    /// The character here; NUL at the end.
    pub(super) fn peek_char(&self) -> char {
        self.text[self.pos..].chars().next().unwrap_or('\0')
    }

    /// Moves on while the byte here satisfies `test`.
    pub(super) fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        while self.pos < self.text.len() && test(self.peek()) {
            self.pos += 1;
        }
    }

    /// The range from `lo` to here.
    pub(super) fn span_from(&self, lo: usize) -> Span {
        Span::new(self.file, lo, self.pos)
    }

    /// A range of the file.
    pub(super) fn span(&self, lo: usize, hi: usize) -> Span {
        Span::new(self.file, lo, hi)
    }

    /// Adds a token that began at `lo` and ends here.
    pub(super) fn push(&mut self, token: Token<'s>, lo: usize) {
        let span = self.span_from(lo);
        self.line.tokens.push((token, span));
    }

    /// Adds a diagnostic and taints the line.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.errors += 1;
        self.line.tainted = true;
        self.sink.push(diagnostic);
    }

    // ---- lines ---------------------------------------------------------------------------

    fn measure_indent(&mut self) {
        let lo = self.pos;
        self.skip_while(|b| matches!(b, b' ' | b'\t'));
        self.line.indent = self.span_from(lo);
    }

    fn newline(&mut self) {
        self.pos += 1;
        if !self.open.is_empty() && !self.gives_up() {
            return;
        }
        if !self.open.is_empty() {
            self.report_unclosed();
        }
        self.end_line();
        self.measure_indent();
    }

    /// Closes the current logical line; an empty one vanishes.
    fn end_line(&mut self) {
        self.broken_string = false;
        let tokens = std::mem::take(&mut self.line.tokens);
        let tainted = std::mem::take(&mut self.line.tainted);
        if !tokens.is_empty() {
            self.lines.push(Line { tokens, indent: self.line.indent, tainted });
        }
    }

    fn comment(&mut self) {
        let lo = self.pos;
        self.skip_to_line_end();
        let span = self.span_from(lo);
        self.comments.push(Comment { text: self.text[lo..self.pos].to_string(), span });
    }

    /// Stops before the line end; a carriage return belongs to it.
    pub(super) fn skip_to_line_end(&mut self) {
        let rest = &self.text[self.pos..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        self.pos += line.trim_end_matches('\r').len();
    }

    fn continuation(&mut self) {
        let lo = self.pos;
        self.pos += 1;
        let after = self.pos;
        self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\r'));
        let clean = self.text[after..self.pos].trim_matches('\r').is_empty();
        if self.peek() == b'\n' && clean {
            self.pos += 1;
            return;
        }
        self.skip_to_line_end();
        let span = self.span(lo, lo + 1);
        self.report(
            Diagnostic::error(codes::BAD_CONTINUATION, span, "Only the end of the line may follow '\\'")
                .help("Remove what follows the '\\', blanks and comments too."),
        );
        if self.peek() == b'\n' {
            self.pos += 1;
        }
    }

    fn semicolon(&mut self) {
        let lo = self.pos;
        self.pos += 1;
        let span = self.span_from(lo);
        let rest = self.text[self.pos..].split('\n').next().unwrap_or("").trim();
        let diagnostic = Diagnostic::error(codes::SEMICOLON, span, "';' is not used in PyCo");
        if rest.is_empty() || rest.starts_with('#') {
            self.report(diagnostic.fix("Remove the ';'", span, ""));
        } else {
            self.report(diagnostic.help("Write each statement on a line of its own."));
            if self.open.is_empty() {
                self.end_line();
            }
        }
    }

    // ---- words and signs -----------------------------------------------------------------

    fn word(&mut self) {
        let lo = self.pos;
        self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
        if self.peek() >= 0x80 && self.peek_char().is_alphanumeric() {
            return self.odd_name(lo);
        }
        let text = self.text;
        let word = &text[lo..self.pos];
        if matches!(self.peek(), b'"' | b'\'') && word.len() <= 2 && Kw::from_text(word).is_none() {
            return self.string(word);
        }
        self.push(Kw::from_text(word).map_or(Token::Name(word), Token::Kw), lo);
    }

    /// A name with letters that names may not hold: reported once, then used as it is.
    fn odd_name(&mut self, lo: usize) {
        while self.peek_char().is_alphanumeric() || self.peek() == b'_' {
            self.pos += self.peek_char().len_utf8();
        }
        let text = self.text;
        let name = &text[lo..self.pos];
        if self.odd_names.insert(name) {
            let odd = name.chars().find(|c| !c.is_ascii()).unwrap_or(' ');
            self.report(
                Diagnostic::error(
                    codes::BAD_NAME,
                    self.span_from(lo),
                    format!("'{odd}' cannot stand in a name: '{name}'"),
                )
                .help("Names consist of A-Z, a-z, 0-9 and '_'."),
            );
        }
        self.push(Token::Name(name), lo);
    }

    fn operator(&mut self) {
        let lo = self.pos;
        let text = self.text;
        if self.line.tokens.is_empty() && (text[lo..].starts_with("//") || text[lo..].starts_with("/*")) {
            return self.foreign_comment();
        }
        for (foreign, native) in FOREIGN_SIGNS {
            if text[lo..].starts_with(foreign) && !text[lo..].starts_with("!=") {
                self.pos += foreign.len();
                self.report_foreign_sign(lo, foreign, native);
                let sym = || Sym::from_text(native).map_or(Token::Error, Token::Sym);
                return self.push(Kw::from_text(native).map_or_else(sym, Token::Kw), lo);
            }
        }
        for length in [3, 2, 1] {
            if let Some(sym) = text.get(lo..lo + length).and_then(Sym::from_text) {
                self.pos += length;
                return self.push(Token::Sym(sym), lo);
            }
        }
        if self.peek() == b'$' && self.at(1).is_ascii_hexdigit() {
            return self.dollar_number();
        }
        if self.peek() >= 0x80 && self.peek_char().is_alphabetic() {
            return self.odd_name(lo);
        }
        self.bad_character();
    }

    fn foreign_comment(&mut self) {
        let lo = self.pos;
        self.skip_to_line_end();
        let span = self.span(lo, lo + 2);
        self.report(Diagnostic::error(codes::FOREIGN_OPERATOR, span, "Comments begin with '#'").fix(
            "Write '#'",
            span,
            "#",
        ));
    }

    fn report_foreign_sign(&mut self, lo: usize, foreign: &str, native: &str) {
        let span = self.span_from(lo);
        let spaced = if native == "not" { "not " } else { native };
        self.report(
            Diagnostic::error(
                codes::FOREIGN_OPERATOR,
                span,
                format!("PyCo has no '{foreign}'; write '{native}'"),
            )
            .fix(format!("Write '{native}'"), span, spaced),
        );
    }

    /// Reports a run of characters that no token begins with, and drops it.
    fn bad_character(&mut self) {
        let lo = self.pos;
        let first = self.peek_char();
        while self.pos < self.text.len() && self.peek_char() == first {
            self.pos += first.len_utf8();
        }
        let shown = match first {
            c if c.is_control() || c.is_whitespace() || !c.is_ascii() && !c.is_alphanumeric() => {
                format!("'{}' (U+{:04X})", if c.is_control() { '?' } else { c }, c as u32)
            }
            c => format!("'{c}'"),
        };
        let help = match first {
            '“' | '”' | '„' | '‘' | '’' => "Strings stand between straight quotes: \"text\".",
            '$' => "Hexadecimal numbers are written 0xD020.",
            c if c.is_whitespace() => "Use ordinary blanks.",
            _ => "Outside of strings and comments it has no meaning in PyCo.",
        };
        self.report(
            Diagnostic::error(
                codes::BAD_CHARACTER,
                self.span_from(lo),
                format!("The character {shown} does not belong here"),
            )
            .help(help),
        );
    }

    fn push_too_many(&mut self) {
        self.report(
            Diagnostic::error(
                codes::TOO_MANY_ERRORS,
                self.span(self.pos, self.pos),
                "Too many errors; the rest of the file was not read",
            )
            .help("Mend the first errors, or check that this is a PyCo source."),
        );
    }

    // ---- brackets ------------------------------------------------------------------------

    fn open_bracket(&mut self, sym: Sym) {
        let lo = self.pos;
        self.pos += 1;
        self.push(Token::Sym(sym), lo);
        self.open.push(Open { sym, span: self.span_from(lo) });
    }

    fn open_brace(&mut self) {
        let rest = self.text[self.pos + 1..].split('\n').next().unwrap_or("").trim();
        let block_like = (rest.is_empty() || rest.starts_with('#'))
            && self.open.is_empty()
            && self.line.tokens.last().is_none_or(|(t, _)| t.ends_operand());
        if !block_like {
            return self.open_bracket(Sym::LBrace);
        }
        let lo = self.pos;
        self.pos += 1;
        self.c_braces = true;
        let span = self.span_from(lo);
        let diagnostic =
            Diagnostic::error(codes::BRACES, span, "Blocks are made by indentation, not by braces");
        if self.line.tokens.is_empty() {
            return self.report(diagnostic.fix("Remove the brace", span, ""));
        }
        self.report(diagnostic.fix("Write ':' and indent the block", span, ":"));
        self.push(Token::Sym(Sym::Colon), lo);
    }

    fn close_bracket(&mut self, sym: Sym) {
        let lo = self.pos;
        self.pos += 1;
        let span = self.span_from(lo);
        let Some(open) = self.open.last() else {
            if !(self.c_braces && sym == Sym::RBrace) {
                let text = sym.text();
                self.report(
                    Diagnostic::error(
                        codes::UNMATCHED_BRACKET,
                        span,
                        format!("No bracket is open for this '{text}'"),
                    )
                    .fix(format!("Remove the '{text}'"), span, ""),
                );
            }
            self.line.tainted = true;
            return;
        };
        let expected = closer(open.sym);
        if expected == sym {
            self.open.pop();
            return self.push(Token::Sym(sym), lo);
        }
        let (open_text, open_span) = (open.sym.text(), open.span);
        if self.open.iter().any(|o| closer(o.sym) == sym) {
            let (message, text) = (format!("'{open_text}' is never closed"), expected.text());
            self.report(
                Diagnostic::error(codes::UNCLOSED_BRACKET, open_span, message)
                    .also(span, format!("a '{text}' is missing before this"))
                    .fix(format!("Add '{text}'"), span.start(), text),
            );
            while let Some(open) = self.open.pop() {
                let closing = closer(open.sym);
                if closing == sym {
                    break;
                }
                self.line.tokens.push((Token::Sym(closing), span.start()));
            }
            return self.push(Token::Sym(sym), lo);
        }
        let message = format!("'{open_text}' is closed by '{}', not by '{}'", expected.text(), sym.text());
        self.report(
            Diagnostic::error(codes::UNMATCHED_BRACKET, span, message)
                .also(open_span, format!("the '{open_text}' is here"))
                .fix(format!("Write '{}'", expected.text()), span, expected.text()),
        );
        self.open.pop();
        self.push(Token::Sym(expected), lo);
    }

    // ---- versions ------------------------------------------------------------------------

    /// After `from NAME` or `module NAME`, an `@` begins a version.
    fn is_version_place(&self) -> bool {
        let tokens = &self.line.tokens;
        let head = matches!(tokens.first(), Some((Token::Kw(Kw::From) | Token::Name("module"), _)));
        head && tokens.len() > 1 && matches!(tokens.last(), Some((Token::Name(_), _)))
    }

    fn version(&mut self) {
        let lo = self.pos;
        let part = |b: u8| b.is_ascii_digit() || matches!(b, b'<' | b'>' | b'=' | b'.' | b'!' | b'~' | b'^');
        self.pos += 1;
        let mut end = self.pos;
        // Blanks between the parts are collected too, so that one message can remove them.
        loop {
            self.skip_while(|b| matches!(b, b' ' | b'\t'));
            let before = self.pos;
            self.skip_while(part);
            if self.pos == before {
                break;
            }
            end = self.pos;
        }
        self.pos = end;
        // Blanks before the '@' are in the way too, but not a character that was reported already.
        let before = self.line.tokens.last().map_or(lo, |(_, span)| span.hi as usize);
        let start = if self.text[before..lo].trim().is_empty() { before } else { lo };
        let written = &self.text[start..end];
        let clean: String = written.chars().filter(|c| !matches!(c, ' ' | '\t')).collect();
        if clean.len() != written.len() {
            let span = self.span(start, end);
            self.report(
                Diagnostic::error(codes::VERSION_FORM, span, "No blanks may stand in a version").fix(
                    format!("Write '{clean}'"),
                    span,
                    clean.clone(),
                ),
            );
        }
        self.push(Token::Version(Rc::from(&clean[1..])), lo);
    }
}

/// The bracket that closes `sym`.
pub fn closer(sym: Sym) -> Sym {
    match sym {
        Sym::LParen => Sym::RParen,
        Sym::LBracket => Sym::RBracket,
        _ => Sym::RBrace,
    }
}

/// The signs of other languages that have one exact counterpart.
const FOREIGN_SIGNS: [(&str, &str); 4] = [("&&", "and"), ("||", "or"), ("<>", "!="), ("!", "not")];
