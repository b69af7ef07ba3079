//! Tokens to statements.
//!
//! In: the tokens of a text. Out: statements with their byte ranges. Invariant: total; a faulty
//! statement is reported once and skipped to the end of its line. Precedence, loosest first:
//! `||`, `&&`, `|`, `^`, `&`, comparisons, the prefixes `<` and `>`, shifts, `+ -`, `* / %`, the
//! prefixes `- ! ~`. So `<table + 1` is the low byte of the sum, as in Kick Assembler.

use crate::assembler::AsmError;
use crate::assembler::ast::{Expr, ExprKind, Operand, Stmt, StmtKind};
use crate::assembler::lex::{Spanned, Token};
use std::ops::Range;

/// How deep brackets and blocks may nest.
const MAX_DEPTH: usize = 64;

/// Parses all statements.
pub fn parse(tokens: &[Spanned], errors: &mut Vec<AsmError>) -> Vec<Stmt> {
    let mut parser = Parser { tokens, at: 0, depth: 0, errors };
    let mut statements = Vec::new();
    while parser.at < tokens.len() {
        parser.statements(&mut statements);
        if parser.is("}") {
            let range = parser.range();
            parser.at += 1;
            parser.errors.push(AsmError::new(range, "This '}' closes nothing"));
        }
    }
    statements
}

/// Binary operators, loosest first.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!=", "<=", ">=", "<", ">"],
    &[], // the prefixes `<` and `>`
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];
const PART_LEVEL: usize = 6;

/// An error has been reported.
struct Failed;
type Parsed<T> = Result<T, Failed>;

struct Parser<'a> {
    tokens: &'a [Spanned],
    at: usize,
    depth: usize,
    errors: &'a mut Vec<AsmError>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// The range of the current token; of the last one at the end of the text.
    fn range(&self) -> Range<usize> {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0..0, |(_, range)| range.clone())
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(s)) if *s == sign)
    }

    fn is_at(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some((Token::Sign(s), _)) if *s == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.eat(sign) { Ok(()) } else { self.fail(format!("Expected '{sign}' here")) }
    }

    fn at_end(&self) -> bool {
        matches!(self.peek(), None | Some(Token::Newline)) || self.is("}")
    }

    fn fail<T>(&mut self, message: impl Into<String>) -> Parsed<T> {
        let range = match self.peek() {
            // At the end of a line point behind its last token.
            Some(Token::Newline) | None => {
                let end = self.at.checked_sub(1).map_or(0, |i| self.tokens[i].1.end);
                end..end
            }
            _ => self.range(),
        };
        self.errors.push(AsmError::new(range, message));
        Err(Failed)
    }

    fn skip_line(&mut self) {
        while !matches!(self.peek(), None | Some(Token::Newline)) {
            self.at += 1;
        }
    }

    fn ident(&mut self) -> Parsed<(String, Range<usize>)> {
        match self.tokens.get(self.at) {
            Some((Token::Ident(name), range)) => {
                self.at += 1;
                Ok((name.clone(), range.clone()))
            }
            _ => self.fail("Expected a name here"),
        }
    }

    /// Statements up to the end or an unmatched `}`.
    fn statements(&mut self, out: &mut Vec<Stmt>) {
        loop {
            match self.peek() {
                None => return,
                Some(Token::Newline) => self.at += 1,
                Some(Token::Sign("}")) => return,
                Some(_) => {
                    if self.statement(out).is_err() {
                        self.skip_line();
                    }
                }
            }
        }
    }

    fn statement(&mut self, out: &mut Vec<Stmt>) -> Parsed<()> {
        let start = self.range().start;
        if self.is("{") {
            out.extend(self.block()?);
            return Ok(());
        }
        if self.eat("!") {
            let name = if self.is(":") { String::new() } else { self.ident()?.0 };
            self.expect(":")?;
            out.push(Stmt { range: start..self.end(), kind: StmtKind::MultiLabel(name) });
            return Ok(());
        }
        if self.eat(".") {
            return self.directive(start, out);
        }
        if self.is("*") && self.is_at(1, "=") {
            return self.fail("The address of this code is chosen by the linker; '* =' is not available");
        }
        let (name, range) = self.ident()?;
        if self.eat(":") {
            out.push(Stmt { range, kind: StmtKind::Label(name) });
            return Ok(());
        }
        let suffix = if self.eat(".") { Some(self.ident()?) } else { None };
        let operand = self.operand()?;
        self.finish_line()?;
        let kind = StmtKind::Inst { name, name_range: range, suffix, operand };
        out.push(Stmt { range: start..self.end(), kind });
        Ok(())
    }

    fn end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |i| self.tokens[i].1.end)
    }

    fn finish_line(&mut self) -> Parsed<()> {
        if self.at_end() { Ok(()) } else { self.fail("This does not belong to the statement before it") }
    }

    fn block(&mut self) -> Parsed<Vec<Stmt>> {
        let open = self.range();
        self.expect("{")?;
        self.deeper()?;
        let mut body = Vec::new();
        self.statements(&mut body);
        self.depth -= 1;
        if !self.eat("}") {
            self.errors.push(AsmError::new(open, "This '{' is never closed"));
        }
        Ok(body)
    }

    fn deeper(&mut self) -> Parsed<()> {
        if self.depth >= MAX_DEPTH {
            let end = self.tokens.len();
            let failed = self.fail("Brackets and blocks are nested too deeply");
            self.at = end;
            return failed;
        }
        self.depth += 1;
        Ok(())
    }

    fn directive(&mut self, start: usize, out: &mut Vec<Stmt>) -> Parsed<()> {
        let (name, name_range) = self.ident()?;
        let kind = match name.as_str() {
            "byte" | "by" => StmtKind::Byte(self.list()?),
            "word" | "wo" => StmtKind::Word(self.list()?),
            "dword" | "dw" => StmtKind::Dword(self.list()?),
            "text" | "te" => StmtKind::Byte(self.list()?),
            "fill" => {
                let count = self.expr()?;
                self.expect(",")?;
                StmtKind::Fill { count, value: self.fill_value()? }
            }
            "const" | "var" | "label" | "zp" => {
                let (name, name_range) = self.ident()?;
                self.expect("=")?;
                let constant = name_range.clone();
                StmtKind::Define { name, name_range: constant, value: self.expr()?, again: false }
            }
            "eval" => {
                let (name, name_range) = self.ident()?;
                self.expect("=")?;
                StmtKind::Define { name, name_range, value: self.expr()?, again: true }
            }
            "encoding" => match self.tokens.get(self.at) {
                Some((Token::Text(name), range)) => {
                    self.at += 1;
                    StmtKind::Encoding(name.clone(), range.clone())
                }
                _ => return self.fail("Expected the name of an encoding in quotes"),
            },
            "align" => StmtKind::Align(self.expr()?),
            "if" => return self.conditional(start, out),
            "routine" | "data" | "rodata" | "bss" => {
                let symbol = self.ident()?.0;
                let size = if self.eat(",") { Some(self.expr()?) } else { None };
                let align = if self.eat(",") { Some(self.expr()?) } else { None };
                StmtKind::Chunk { kind: name, symbol, size, align }
            }
            _ => {
                let known = crate::assembler::DIRECTIVES.iter().copied();
                let help = crate::base::suggest::did_you_mean(&format!(".{name}"), known);
                let error = AsmError::new(start..name_range.end, format!("Unknown directive '.{name}'"));
                self.errors.push(AsmError { help, ..error });
                return Err(Failed);
            }
        };
        self.finish_line()?;
        out.push(Stmt { range: start..self.end(), kind });
        Ok(())
    }

    /// `.if (condition) {…} else {…}`; `else` may also be written `.else` and be followed by `if`.
    fn conditional(&mut self, start: usize, out: &mut Vec<Stmt>) -> Parsed<()> {
        self.expect("(")?;
        let condition = self.expr()?;
        self.expect(")")?;
        let range = start..self.end();
        self.skip_newlines_before("{");
        let then = self.block()?;
        let mut otherwise = Vec::new();
        if self.eat_else() {
            self.skip_newlines_before("{");
            let next = self.range().start;
            let dot = usize::from(self.is("."));
            match self.tokens.get(self.at + dot) {
                Some((Token::Ident(word), _)) if word == "if" => {
                    self.at += dot + 1;
                    self.deeper()?;
                    let nested = self.conditional(next, &mut otherwise);
                    self.depth -= 1;
                    nested?;
                }
                _ => otherwise = self.block()?,
            }
        }
        out.push(Stmt { range, kind: StmtKind::If { condition, then, otherwise } });
        Ok(())
    }

    fn skip_newlines_before(&mut self, sign: &str) {
        let newlines = self.newlines();
        if self.is_at(newlines, sign) {
            self.at += newlines;
        }
    }

    fn newlines(&self) -> usize {
        self.tokens[self.at..].iter().take_while(|(t, _)| *t == Token::Newline).count()
    }

    fn eat_else(&mut self) -> bool {
        let mut ahead = self.newlines();
        ahead += usize::from(self.is_at(ahead, "."));
        let found = matches!(self.tokens.get(self.at + ahead), Some((Token::Ident(w), _)) if w == "else");
        if found {
            self.at += ahead + 1;
        }
        found
    }

    fn list(&mut self) -> Parsed<Vec<Expr>> {
        let mut list = vec![self.expr()?];
        while self.eat(",") {
            list.push(self.expr()?);
        }
        Ok(list)
    }

    /// One expression, or `[a, b, …]`, which repeats.
    fn fill_value(&mut self) -> Parsed<Vec<Expr>> {
        if !self.eat("[") {
            return Ok(vec![self.expr()?]);
        }
        let list = self.list()?;
        self.expect("]")?;
        Ok(list)
    }

    fn operand(&mut self) -> Parsed<Operand> {
        if self.at_end() {
            return Ok(Operand::None);
        }
        if self.eat("#") {
            return Ok(Operand::Immediate(self.expr()?));
        }
        if self.is("(") {
            let (before, reported) = (self.at, self.errors.len());
            if let Ok(operand) = self.indirect()
                && self.at_end()
            {
                return Ok(operand);
            }
            // Not an indirect mode, so the bracket only groups: `lda (table + 1) * 2, x`.
            self.at = before;
            self.errors.truncate(reported);
        }
        if let (Some(Token::Ident(name)), Some((Token::Newline, _)) | None) =
            (self.peek(), self.tokens.get(self.at + 1))
            && name.eq_ignore_ascii_case("a")
        {
            let range = self.ident()?.1;
            return Ok(Operand::A(range));
        }
        let value = self.expr()?;
        Ok(match self.index()? {
            None => Operand::Direct(value),
            Some('x') => Operand::X(value),
            Some(_) => Operand::Y(value),
        })
    }

    fn indirect(&mut self) -> Parsed<Operand> {
        self.expect("(")?;
        let value = self.expr()?;
        match self.index()? {
            Some('x') => {
                self.expect(")")?;
                Ok(Operand::IndirectX(value))
            }
            Some(_) => self.fail("Only ',x' can stand inside the brackets"),
            None => {
                self.expect(")")?;
                match self.index()? {
                    None => Ok(Operand::Indirect(value)),
                    Some('y') => Ok(Operand::IndirectY(value)),
                    Some(_) => self.fail("Only ',y' can stand behind the brackets"),
                }
            }
        }
    }

    fn index(&mut self) -> Parsed<Option<char>> {
        if !self.eat(",") {
            return Ok(None);
        }
        match self.peek() {
            Some(Token::Ident(name)) if name.eq_ignore_ascii_case("x") => {
                self.at += 1;
                Ok(Some('x'))
            }
            Some(Token::Ident(name)) if name.eq_ignore_ascii_case("y") => {
                self.at += 1;
                Ok(Some('y'))
            }
            _ => self.fail("Expected 'x' or 'y' as the index register"),
        }
    }

    fn expr(&mut self) -> Parsed<Expr> {
        self.deeper()?;
        let parsed = self.binary(0);
        self.depth -= 1;
        parsed
    }

    fn binary(&mut self, level: usize) -> Parsed<Expr> {
        let Some(signs) = LEVELS.get(level) else {
            return self.prefix();
        };
        if level == PART_LEVEL
            && let start = self.range().start
            && let Some(sign) = self.sign_of(&["<", ">"])
        {
            self.deeper()?;
            let inner = self.binary(PART_LEVEL);
            self.depth -= 1;
            let kind = ExprKind::Unary(sign, Box::new(inner?));
            return Ok(Expr { range: start..self.end(), kind });
        }
        let mut left = self.binary(level + 1)?;
        while let Some(sign) = self.sign_of(signs) {
            let right = self.binary(level + 1)?;
            left = join(sign, left, right);
        }
        Ok(left)
    }

    fn sign_of(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let sign = signs.iter().copied().find(|sign| self.is(sign))?;
        self.at += 1;
        Some(sign)
    }

    fn prefix(&mut self) -> Parsed<Expr> {
        let start = self.range().start;
        if self.is("!")
            && let Some(reference) = self.multi_reference()
        {
            return Ok(Expr { range: start..self.end(), kind: reference });
        }
        let Some(sign) = self.sign_of(&["-", "!", "~", "--", "<", ">"]) else {
            return self.primary();
        };
        self.deeper()?;
        let inner = self.prefix();
        self.depth -= 1;
        let inner = inner?;
        let kind = if sign == "--" { inner.kind } else { ExprKind::Unary(sign, Box::new(inner)) };
        Ok(Expr { range: start..self.end(), kind })
    }

    /// `!name+`, `!-`, `!++`: adjacent to the name, so that `!x + 1` stays "not x, plus 1".
    fn multi_reference(&mut self) -> Option<ExprKind> {
        let mut ahead = 1;
        let adjacent = |ahead: usize| {
            let (left, right) = (self.tokens.get(self.at + ahead - 1)?, self.tokens.get(self.at + ahead)?);
            (left.1.end == right.1.start).then_some(&right.0)
        };
        let mut name = String::new();
        if let Some(Token::Ident(text)) = adjacent(ahead) {
            name.clone_from(text);
            ahead += 1;
        }
        let mut steps = 0;
        while let Some(Token::Sign(sign @ ("+" | "++" | "-" | "--"))) = adjacent(ahead) {
            let step = sign.len() as i32;
            let forward = sign.starts_with('+');
            if steps != 0 && (steps > 0) != forward {
                break;
            }
            steps += if forward { step } else { -step };
            ahead += 1;
        }
        if steps == 0 {
            return None;
        }
        self.at += ahead;
        Some(ExprKind::MultiLabel(name, steps))
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let Some((token, range)) = self.tokens.get(self.at).cloned() else {
            return self.fail("Expected a value here");
        };
        let kind = match token {
            Token::Number(value) => ExprKind::Number(value),
            Token::Char(value) => ExprKind::Char(value),
            Token::Text(value) => ExprKind::Text(value),
            Token::Sign("*") => ExprKind::Here,
            Token::Sign(open @ ("(" | "[")) => {
                self.at += 1;
                let inner = self.expr()?;
                self.expect(if open == "(" { ")" } else { "]" })?;
                return Ok(Expr { range: range.start..self.end(), kind: inner.kind });
            }
            Token::Sign("{") => return self.interpolation(range.start),
            Token::Ident(name) if self.is_at(1, "(") => return self.call(name, range.start),
            Token::Ident(name) => ExprKind::Name(name),
            _ => return self.fail("Expected a value here"),
        };
        self.at += 1;
        Ok(Expr { range, kind })
    }

    fn interpolation(&mut self, start: usize) -> Parsed<Expr> {
        self.expect("{")?;
        let mut path = self.ident()?.0;
        while self.eat(".") {
            path.push('.');
            path.push_str(&self.ident()?.0);
        }
        self.expect("}")?;
        Ok(Expr { range: start..self.end(), kind: ExprKind::Interpolation(path) })
    }

    fn call(&mut self, name: String, start: usize) -> Parsed<Expr> {
        self.at += 1;
        self.expect("(")?;
        let arguments = if self.is(")") { Vec::new() } else { self.list()? };
        self.expect(")")?;
        Ok(Expr { range: start..self.end(), kind: ExprKind::Call(name, arguments) })
    }
}

fn join(sign: &'static str, left: Expr, right: Expr) -> Expr {
    let range = left.range.start..right.range.end;
    Expr { range, kind: ExprKind::Binary(sign, Box::new(left), Box::new(right)) }
}
