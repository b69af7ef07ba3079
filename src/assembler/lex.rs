//! Assembly text to tokens.
//!
//! In: a text in Kick Assembler's notation. Out: tokens with their byte ranges, newlines included
//! because they end statements. Invariant: total; ranges ascend and lie on character boundaries.
//! `//` and `;` start a comment, `/* */` encloses one. Not here: what a token means where.

use crate::assembler::AsmError;
use std::ops::Range;

/// A token.
#[derive(Clone, PartialEq, Debug)]
pub enum Token {
    Ident(String),
    Number(i64),
    /// `"…"`, escapes resolved.
    Text(String),
    /// `'x'`
    Char(char),
    /// A sign of one or two characters.
    Sign(&'static str),
    Newline,
}

/// A token and where it stands.
pub type Spanned = (Token, Range<usize>);

/// Signs, longest first.
const SIGNS: &[&str] = &[
    "<<", ">>", "==", "!=", "<=", ">=", "&&", "||", "++", "--", "+", "-", "*", "/", "%", "&", "|", "^", "!",
    "<", ">", "=", "#", "(", ")", "[", "]", "{", "}", ",", ":", ".", "~", "@",
];

/// Splits `text` into tokens.
pub fn lex(text: &str, errors: &mut Vec<AsmError>) -> Vec<Spanned> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), errors };
    while lexer.at < text.len() {
        lexer.token();
    }
    lexer.tokens
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Spanned>,
    errors: &'a mut Vec<AsmError>,
}

impl Lexer<'_> {
    fn token(&mut self) {
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return };
        let start = self.at;
        match first {
            '\n' => self.push(Token::Newline, 1),
            _ if first.is_whitespace() => self.at += first.len_utf8(),
            ';' => self.line_comment(),
            '/' if rest.starts_with("//") => self.line_comment(),
            '/' if rest.starts_with("/*") => self.block_comment(),
            '"' => self.text_literal(),
            '\'' => self.char_literal(),
            '$' => self.number(16, 1),
            // After a value `%` divides; elsewhere it begins a binary number.
            '%' if !self.after_value() && rest[1..].starts_with(['0', '1']) => self.number(2, 1),
            '0'..='9' => self.number(10, 0),
            _ if is_name_start(first) => {
                let length = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
                self.push(Token::Ident(rest[..length].to_string()), length);
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => self.push(Token::Sign(sign), sign.len()),
                None => {
                    self.at += first.len_utf8();
                    self.error(start, format!("'{first}' has no meaning in assembly"));
                }
            },
        }
    }

    fn push(&mut self, token: Token, length: usize) {
        self.tokens.push((token, self.at..self.at + length));
        self.at += length;
    }

    fn error(&mut self, start: usize, message: impl Into<String>) {
        self.errors.push(AsmError::new(start..self.at, message));
    }

    fn after_value(&self) -> bool {
        match self.tokens.last() {
            Some((Token::Ident(_) | Token::Number(_) | Token::Char(_), _)) => true,
            Some((Token::Sign(sign), _)) => matches!(*sign, ")" | "]" | "}"),
            _ => false,
        }
    }

    fn line_comment(&mut self) {
        self.at = self.text[self.at..].find('\n').map_or(self.text.len(), |n| self.at + n);
    }

    fn block_comment(&mut self) {
        let start = self.at;
        match self.text[start + 2..].find("*/") {
            Some(n) => self.at = start + 2 + n + 2,
            None => {
                self.at = self.text.len();
                self.errors.push(AsmError::new(start..start + 2, "This comment is never closed"));
            }
        }
        // A comment over several lines still ends the statement before it.
        if self.text[start..self.at].contains('\n') {
            self.tokens.push((Token::Newline, self.at..self.at));
        }
    }

    fn number(&mut self, radix: u32, prefix: usize) {
        let start = self.at;
        let digits = &self.text[start + prefix..];
        let length = digits.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(digits.len());
        let (digits, end) = (&digits[..length], start + prefix + length);
        let value = i64::from_str_radix(&digits.replace('_', ""), radix);
        self.at = end;
        let value = value.ok().filter(|v| *v <= i64::from(u32::MAX)).unwrap_or_else(|| {
            self.error(start, format!("'{}' is not a number", &self.text[start..end]));
            0
        });
        self.tokens.push((Token::Number(value), start..end));
    }

    fn text_literal(&mut self) {
        let start = self.at;
        let mut out = String::new();
        self.at += 1;
        loop {
            match self.character() {
                None => {
                    self.error(start, "This string is never closed");
                    break;
                }
                Some(('"', false)) => break,
                Some((c, _)) => out.push(c),
            }
        }
        self.tokens.push((Token::Text(out), start..self.at));
    }

    fn char_literal(&mut self) {
        let start = self.at;
        self.at += 1;
        let value = self.character().map(|(c, _)| c);
        if self.text[self.at..].starts_with('\'') {
            self.at += 1;
        } else {
            self.error(start, "A character literal is one character between two '");
        }
        self.tokens.push((Token::Char(value.unwrap_or(' ')), start..self.at));
    }

    /// The next character of a literal and whether it was written as an escape.
    fn character(&mut self) -> Option<(char, bool)> {
        let mut chars = self.text[self.at..].chars();
        let c = chars.next().filter(|c| *c != '\n')?;
        let escaped = match (c, chars.next()) {
            ('\\', Some(next @ ('"' | '\\' | '\''))) => Some(next),
            ('\\', Some('n')) => Some('\n'),
            _ => None,
        };
        self.at += if escaped.is_some() { 2 } else { c.len_utf8() };
        Some((escaped.unwrap_or(c), escaped.is_some()))
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        let mut errors = Vec::new();
        let tokens = lex(text, &mut errors);
        assert_eq!(errors, [], "{text}");
        tokens.into_iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn numbers_in_three_bases_and_the_modulo_sign() {
        use Token::*;
        assert_eq!(tokens("$fF, %101"), [Number(255), Sign(","), Number(5)]);
        assert_eq!(tokens("7%10"), [Number(7), Sign("%"), Number(10)]);
    }

    #[test]
    fn comments_vanish_but_newlines_stay() {
        let nop = || Token::Ident("nop".into());
        assert_eq!(tokens("nop ; x\nnop//y"), [nop(), Token::Newline, nop()]);
        assert_eq!(tokens("nop /* a\nb */ nop"), [nop(), Token::Newline, nop()]);
    }

    #[test]
    fn literals_hold_any_character() {
        assert_eq!(tokens(r#""a\"ő""#), [Token::Text("a\"ő".into())]);
        assert_eq!(tokens("'£'"), [Token::Char('£')]);
    }

    #[test]
    fn faults_are_reported_at_their_place() {
        let mut errors = Vec::new();
        lex("lda ?\n\"abc\n$xy", &mut errors);
        let ranges: Vec<_> = errors.iter().map(|e| e.range.clone()).collect();
        assert_eq!(ranges, [4..5, 6..10, 11..14]);
    }
}
