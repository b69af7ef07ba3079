//! Splits the text form of the middle IR into tokens, line by line.
//!
//! In: text. Out: for each line that has any, its tokens; or the first error.
//! `#` begins a comment. Not here: grammar (`text.rs`).

use crate::mir::print::is_name_char;

/// An error in the text form, at a one-based line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    pub line: usize,
    pub message: String,
}

impl std::fmt::Display for TextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A keyword, `v1`, `b0`, `s2`, `i8`, `rt_fadd`.
    Word(String),
    /// `@name` or `@"name"`.
    Name(String),
    /// A decimal or `$` hexadecimal number, always positive.
    Number(i64),
    /// `"text"`.
    Str(String),
    /// One character, or `>` for `->`.
    Punct(char),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Word(word) => write!(f, "'{word}'"),
            Token::Name(name) => write!(f, "'@{name}'"),
            Token::Number(n) => write!(f, "{n}"),
            Token::Str(text) => write!(f, "{text:?}"),
            Token::Punct('>') => write!(f, "'->'"),
            Token::Punct(c) => write!(f, "'{c}'"),
        }
    }
}

/// The tokens of one line.
#[derive(Clone, Debug)]
pub struct Line {
    pub number: usize,
    pub tokens: Vec<Token>,
}

/// The tokens of all lines that have some.
pub fn lines(text: &str) -> Result<Vec<Line>, TextError> {
    let mut lines = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let number = i + 1;
        let tokens = tokens(line).map_err(|message| TextError { line: number, message })?;
        if !tokens.is_empty() {
            lines.push(Line { number, tokens });
        }
    }
    Ok(lines)
}

fn tokens(line: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = line.trim_start();
    while let Some(c) = rest.chars().next() {
        let token = match c {
            '#' => break,
            '@' if rest[1..].starts_with('"') => {
                rest = &rest[1..];
                Token::Name(string(&mut rest)?)
            }
            '@' => {
                rest = &rest[1..];
                Token::Name(take_while(&mut rest, is_name_char).to_string())
            }
            '"' => Token::Str(string(&mut rest)?),
            '$' => {
                rest = &rest[1..];
                let digits = take_while(&mut rest, |c| c.is_ascii_alphanumeric());
                let number = u32::from_str_radix(digits, 16);
                Token::Number(number.map_err(|_| format!("'${digits}' is no hexadecimal number"))?.into())
            }
            '0'..='9' => {
                let digits = take_while(&mut rest, |c| c.is_ascii_alphanumeric());
                Token::Number(digits.parse().map_err(|_| format!("'{digits}' is no number"))?)
            }
            c if is_name_char(c) => Token::Word(take_while(&mut rest, is_name_char).to_string()),
            '-' if rest.starts_with("->") => {
                rest = &rest[2..];
                Token::Punct('>')
            }
            '(' | ')' | '[' | ']' | '{' | '}' | ',' | ':' | '=' | '+' | '-' => {
                rest = &rest[1..];
                Token::Punct(c)
            }
            _ => return Err(format!("unexpected character {c:?}")),
        };
        tokens.push(token);
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn take_while<'a>(rest: &mut &'a str, accept: impl Fn(char) -> bool) -> &'a str {
    let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
    let (taken, left) = rest.split_at(end);
    *rest = left;
    taken
}

/// Reads a string in quotes; `rest` begins at the first quote.
fn string(rest: &mut &str) -> Result<String, String> {
    let mut text = String::new();
    let mut chars = rest[1..].char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => {
                *rest = &rest[i + 2..];
                return Ok(text);
            }
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => text.push('\n'),
                Some('x') => {
                    let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                    let code = u8::from_str_radix(&digits, 16);
                    text.push(code.map_err(|_| format!("'\\x{digits}' is no character"))?.into());
                }
                Some(c @ ('"' | '\\')) => text.push(c),
                _ => return Err("unknown escape in a string".into()),
            },
            c => text.push(c),
        }
    }
    Err("string without end".into())
}
