//! Numbers and strings of the lexer.
//!
//! In: the text at a digit, a quote or a string prefix. Out: one token each; a literal that cannot
//! be read is reported and becomes `Token::Error`, a string with a wrong escape stays a string.
//! Invariant: a literal never runs over the end of its line, except a text in triple quotes.
//! Not here: the codes of characters, which depend on the program (`sema`).

use super::lexer::Lexer;
use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::syntax::ast::{StrKind, StrLit, StrPart};
use crate::syntax::token::Token;
use std::rc::Rc;

impl<'s> Lexer<'s, '_> {
    // ---- numbers -------------------------------------------------------------------------

    pub(super) fn number(&mut self) {
        let lo = self.pos;
        let prefix = self.at(1).to_ascii_lowercase();
        let token = match (self.peek(), prefix) {
            (b'0', b'x') => self.based_number(16),
            (b'0', b'b') => self.based_number(2),
            _ => self.decimal_number(),
        };
        match token {
            Ok(token) => self.push(token, lo),
            Err(why) => self.bad_number(lo, why),
        }
    }

    /// The rest of a number after `0x` or `0b`.
    fn based_number(&mut self, base: u32) -> Result<Token<'s>, &'static str> {
        self.pos += 2;
        let lo = self.pos;
        self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
        let digits = &self.text[lo..self.pos];
        // A separator may follow the prefix, as in Python.
        let digits = digits.strip_prefix('_').unwrap_or(digits);
        integer(digits, base)
    }

    fn decimal_number(&mut self) -> Result<Token<'s>, &'static str> {
        let lo = self.pos;
        let digit = |b: u8| b.is_ascii_digit() || b == b'_';
        self.skip_while(digit);
        let mut float = false;
        // A dot before a letter is an attribute, and two dots are none of ours.
        if self.peek() == b'.' && !matches!(self.at(1), b'.' | b'_' | b'A'..=b'Z' | b'a'..=b'z') {
            float = true;
            self.pos += 1;
            self.skip_while(digit);
        }
        let sign = usize::from(matches!(self.at(1), b'+' | b'-'));
        if matches!(self.peek(), b'e' | b'E') && self.at(1 + sign).is_ascii_digit() {
            float = true;
            self.pos += 1 + sign;
            self.skip_while(digit);
        }
        let end = self.pos;
        self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
        if self.pos > end {
            return Err("a letter does not fit here");
        }
        let text = &self.text[lo..end];
        if !float {
            let zero = text.bytes().all(|b| matches!(b, b'0' | b'_'));
            if text.starts_with('0') && !zero {
                return Err("a decimal number does not begin with 0");
            }
            return integer(text, 10);
        }
        if !well_separated(text) {
            return Err("'_' may only stand between two digits");
        }
        let plain: String = text.chars().filter(|c| *c != '_').collect();
        match plain.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Token::Float(value)),
            _ => Err("it is too large"),
        }
    }

    fn bad_number(&mut self, lo: usize, why: &str) {
        let text = &self.text[lo..self.pos];
        let mut diagnostic = Diagnostic::error(
            codes::BAD_NUMBER,
            self.span_from(lo),
            format!("'{text}' is not a number: {why}"),
        );
        let octal = text.strip_prefix("0o").or_else(|| text.strip_prefix("0O"));
        if let Some(value) = octal.and_then(|digits| u64::from_str_radix(digits, 8).ok()) {
            diagnostic = diagnostic.fix("Write it in hexadecimal", self.span_from(lo), format!("{value:#x}"));
        } else {
            diagnostic = diagnostic.help("Numbers are written 53280, 0xD020, 0b1101, 1_000, 3.14 or 1e-3.");
        }
        self.report(diagnostic);
        self.push(Token::Error, lo);
    }

    /// `$D020`, as assemblers write it.
    pub(super) fn dollar_number(&mut self) {
        let lo = self.pos;
        self.pos += 1;
        self.skip_while(|b| b.is_ascii_alphanumeric());
        let digits = &self.text[lo + 1..self.pos];
        let span = self.span_from(lo);
        self.report(
            Diagnostic::error(
                codes::BAD_NUMBER,
                span,
                format!("'${digits}': hexadecimal numbers begin with 0x"),
            )
            .fix(format!("Write 0x{digits}"), span, format!("0x{digits}")),
        );
        self.push(integer(digits, 16).unwrap_or(Token::Error), lo);
    }

    // ---- strings -------------------------------------------------------------------------

    /// Reads a literal at its quote; `prefix` was read before it.
    pub(super) fn string(&mut self, prefix: &str) {
        let lo = self.pos - prefix.len();
        let quote = self.peek();
        if self.at(1) == quote && self.at(2) == quote {
            return self.text_block(lo, prefix, quote);
        }
        let kind = match (prefix, quote) {
            (_, b'\'') => StrKind::Char,
            ("s", _) => StrKind::Screen,
            _ => StrKind::Petscii,
        };
        self.pos += 1;
        let content = self.pos;
        let parts = self.string_parts(quote);
        let closed = self.peek() == quote;
        let content_end = self.pos;
        if closed {
            self.pos += 1;
        } else {
            self.report_unterminated(lo, content_end, quote);
        }
        let known = prefix.is_empty() || kind == StrKind::Screen;
        if !known {
            self.report_prefix(lo, prefix);
            if prefix.to_ascii_lowercase().contains('f') {
                return self.push(Token::Error, lo);
            }
        } else if closed && kind == StrKind::Char && parts.len() != 1 {
            self.report_char_literal(lo, content, content_end, parts.len());
        }
        let kind = if kind == StrKind::Char && parts.len() != 1 { StrKind::Petscii } else { kind };
        self.push(Token::Str(Rc::new(StrLit { kind, parts })), lo);
    }

    /// Decodes up to the closing quote or the end of the line.
    fn string_parts(&mut self, quote: u8) -> Vec<(StrPart, Span)> {
        let mut parts = Vec::new();
        loop {
            let lo = self.pos;
            let byte = self.peek();
            let at_end = self.pos >= self.text.len() || byte == b'\n' || byte == b'\r' && self.at(1) == b'\n';
            if at_end || byte == quote {
                return parts;
            }
            let part = if byte == b'\\' {
                match self.escape() {
                    Some(part) => part,
                    None => continue,
                }
            } else {
                let c = self.peek_char();
                self.pos += c.len_utf8();
                StrPart::Char(c)
            };
            parts.push((part, self.span_from(lo)));
        }
    }

    /// Reads an escape; `None` when it was reported, or at the end of the line.
    fn escape(&mut self) -> Option<StrPart> {
        let lo = self.pos;
        self.pos += 1;
        if self.pos >= self.text.len() || matches!(self.peek(), b'\n' | b'\r') {
            return None;
        }
        let c = self.peek_char();
        self.pos += c.len_utf8();
        match c {
            'n' => Some(StrPart::Byte(0x0d)),
            '0' => Some(StrPart::Byte(0)),
            '\\' | '"' | '\'' => Some(StrPart::Char(c)),
            'x' => {
                let digits = self.text.get(self.pos..self.pos + 2);
                let digits = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                if let Some(value) = digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
                    self.pos += 2;
                    return Some(StrPart::Byte(value));
                }
                self.report(
                    Diagnostic::error(
                        codes::BAD_ESCAPE,
                        self.span_from(lo),
                        "Two hexadecimal digits must follow '\\x'",
                    )
                    .help("For example \"\\x0d\" is the character with code 13."),
                );
                None
            }
            _ => {
                let span = self.span_from(lo);
                let diagnostic =
                    Diagnostic::error(codes::BAD_ESCAPE, span, format!("There is no escape '\\{c}'"));
                self.report(match c {
                    'r' => diagnostic.fix("Write '\\n', which is RETURN", span, "\\n"),
                    't' => diagnostic.help("The C64 has no tabulator; use blanks."),
                    _ => diagnostic.note("The escapes are \\n, \\\\, \\\", \\0 and \\xHH.").fix(
                        "Write '\\\\' for the character itself",
                        span,
                        format!("\\\\{c}"),
                    ),
                });
                None
            }
        }
    }

    fn report_unterminated(&mut self, lo: usize, end: usize, quote: u8) {
        self.broken_string = true;
        let quote = char::from(quote);
        // Brackets at the end of the line rather close those before the string.
        let text = self.text[lo..end].trim_end();
        let inside = text.trim_end_matches([')', ']']);
        let closers = text.len() - inside.len();
        let (at, place) = match closers > 0 && closers <= self.open.len() && inside.len() > 1 {
            true => (lo + inside.len(), ""),
            false => (end, " at the end of the line"),
        };
        let at = self.span(at, at);
        self.report(
            Diagnostic::error(
                codes::UNTERMINATED_STRING,
                self.span_from(lo),
                format!("The string has no closing {quote}"),
            )
            .help("A string ends on the line on which it begins; neighbouring strings join.")
            .fix(format!("Add {quote}{place}"), at, quote.to_string()),
        );
    }

    fn report_prefix(&mut self, lo: usize, prefix: &str) {
        let span = self.span(lo, lo + prefix.len());
        let diagnostic = if prefix.to_ascii_lowercase().contains('f') {
            Diagnostic::error(codes::F_STRING, span, "There are no f-strings in PyCo")
                .help("print takes several values: print(\"X=\", x). For a string use sprint(buf, \"X=\", x) or str(x).")
        } else {
            Diagnostic::error(codes::STRING_PREFIX, span, format!("A string has no prefix '{prefix}'"))
                .help("Strings are \"…\", with screen codes s\"…\".")
                .fix(format!("Remove the '{prefix}'"), span, "")
        };
        self.report(diagnostic);
    }

    fn report_char_literal(&mut self, lo: usize, content: usize, end: usize, count: usize) {
        let text = &self.text[content..end];
        let message = match count {
            0 => "A character literal cannot be empty".to_string(),
            _ => format!("'{text}' holds {count} characters; single quotes are for exactly one"),
        };
        let diagnostic = Diagnostic::error(codes::CHAR_LITERAL, self.span_from(lo), message);
        let fixed = if text.contains('"') { None } else { Some(format!("\"{text}\"")) };
        self.report(match fixed {
            Some(fixed) => diagnostic.fix("Use double quotes for a string", self.span_from(lo), fixed),
            None => diagnostic.help("Use double quotes for a string."),
        });
    }

    /// A text in triple quotes: a docstring or assembly.
    fn text_block(&mut self, lo: usize, prefix: &str, quote: u8) {
        self.pos += 3;
        let content = self.pos;
        let text = self.text;
        let delimiter = if quote == b'"' { "\"\"\"" } else { "'''" };
        let Some(length) = text[content..].find(delimiter) else {
            self.pos = text.len();
            let open = self.span(lo, content);
            self.report(
                Diagnostic::error(codes::UNTERMINATED_TEXT, open, format!("No {delimiter} closes this text"))
                    .help(format!("Add {delimiter} where the text ends; it may be several lines below.")),
            );
            self.broken_string = true;
            return self.push(Token::Text { text: &text[content..], lo: content as u32 }, lo);
        };
        let end = content + length;
        self.pos = end + 3;
        let mut token = Token::Text { text: &text[content..end], lo: content as u32 };
        if quote == b'\'' || !prefix.is_empty() {
            // Within a line nothing more is said about it.
            if !self.line.tokens.is_empty() {
                token = Token::Error;
            }
            let span = self.span(lo, content);
            self.report(
                Diagnostic::error(codes::TRIPLE_QUOTES, span, "A text in triple quotes begins with \"\"\"")
                    .help("Write \"\"\" at both ends, without a prefix."),
            );
        }
        self.push(token, lo);
    }
}

/// An integer from its digits and separators.
fn integer<'s>(digits: &str, base: u32) -> Result<Token<'s>, &'static str> {
    if digits.is_empty() {
        return Err("digits are missing");
    }
    if !digits.chars().all(|c| c == '_' || c.is_digit(base)) {
        return Err(if base == 2 { "only 0 and 1 are binary digits" } else { "a letter does not fit here" });
    }
    if !well_separated(digits) {
        return Err("'_' may only stand between two digits");
    }
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    u64::from_str_radix(&plain, base).map(Token::Int).map_err(|_| "it is too large")
}

/// True when every `_` stands between two digits.
fn well_separated(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |i: Option<usize>| i.and_then(|i| bytes.get(i)).is_some_and(|b| b.is_ascii_hexdigit());
    (0..bytes.len()).filter(|&i| bytes[i] == b'_').all(|i| digit(i.checked_sub(1)) && digit(Some(i + 1)))
}
