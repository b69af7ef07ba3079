//! Definitions in the manner of other languages: `def f(byte a) => word:`, `p: Point(1, 2)`.
//!
//! In: a logical line that defines a function or variable. Out: the line as PyCo writes it, each
//! change reported. Invariant: what looks like nothing known stays as it is, for
//! the grammar to report. Not here: `self`, default values and `*args` (`foreign_expr.rs`).

use super::edit::{find, is, item_end, span_of};
use super::foreign::{Foreign, TYPES};
use super::lexer::Line;
use crate::base::codes;
use crate::base::diag::{Diagnostic, Edit};
use crate::base::source::Span;
use crate::syntax::token::{Kw, Sym, Token};

impl<'t> Foreign<'t, '_> {
    /// Parameters and result of a function.
    pub(super) fn function_head(&mut self, line: &mut Line<'t>) {
        if !is(line.tokens.get(2), Sym::LParen) {
            return;
        }
        let close = self.parameters(line);
        if is(line.tokens.get(close), Sym::RParen) {
            self.result(line, close + 1);
        }
    }

    /// `byte a` and `a byte` become `a: byte`; tells where the list ends.
    fn parameters(&mut self, line: &mut Line<'t>) -> usize {
        let mut at = 3;
        loop {
            let end = item_end(&line.tokens, at);
            if let (2, Some((Token::Name(a), _)), Some((Token::Name(b), _))) =
                (end - at, line.tokens.get(at), line.tokens.get(at + 1))
            {
                let type_first = TYPES.contains(a);
                if type_first || TYPES.contains(b) {
                    let (name, ty) = if type_first { (*b, *a) } else { (*a, *b) };
                    let fixed = format!("{name}: {ty}");
                    let span = span_of(&line.tokens, at..end);
                    let text = format!("A parameter is written '{fixed}'");
                    let diagnostic = Diagnostic::error(codes::DECLARATION_FORM, span, text);
                    self.report(line, diagnostic.fix(format!("Write '{fixed}'"), span, fixed));
                    if type_first {
                        line.tokens.swap(at, at + 1);
                    }
                    line.tokens.insert(at + 1, (Token::Sym(Sym::Colon), span));
                }
            }
            self.missing_comma(line, at);
            let end = item_end(&line.tokens, at);
            if !is(line.tokens.get(end), Sym::Comma) {
                return end;
            }
            at = end + 1;
        }
    }

    /// `a: byte b: byte`
    fn missing_comma(&mut self, line: &mut Line<'t>, at: usize) {
        let tokens = &line.tokens;
        let end = item_end(tokens, at);
        let begins = |i: usize| matches!(tokens[i].0, Token::Name(_)) && is(tokens.get(i + 1), Sym::Colon);
        if at >= end || !begins(at) {
            return;
        }
        let Some(next) = (at + 3..end).find(|&i| begins(i)) else { return };
        let place = tokens[next - 1].1.end();
        let text = "A ',' is missing between two parameters";
        let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, tokens[next].1, text);
        if !line.tainted {
            self.report(line, diagnostic.fix("Add ','", place, ","));
        }
        line.tokens.insert(next, (Token::Sym(Sym::Comma), place));
    }

    /// `x: = 3` and `x byte = 3`; the whole line, or nothing is changed.
    pub(super) fn incomplete_declaration(&mut self, line: &mut Line<'t>) -> bool {
        let [(Token::Name(name), first), (second, place), ..] = &line.tokens[..] else { return false };
        let (name, first, place) = (*name, *first, *place);
        let third = line.tokens.get(2);
        match second {
            Token::Sym(Sym::Colon) if is(third, Sym::Assign) => {
                let text = format!("The type of '{name}' is missing");
                let diagnostic = Diagnostic::error(codes::MISSING_TYPE, first.to(place), text)
                    .help(format!("For example: {name}: byte = 0"));
                self.report(line, diagnostic);
                line.tokens.insert(2, (Token::Error, place.end()));
                true
            }
            Token::Name(ty) if TYPES.contains(ty) || matches!(*ty, "array" | "alias" | "tuple") => {
                let known = third.is_none_or(|_| is(third, Sym::Assign) || is(third, Sym::LBracket));
                if !known || TYPES.contains(&name) {
                    return false;
                }
                let text = format!("A ':' is missing between '{name}' and its type");
                let diagnostic = Diagnostic::error(codes::DECLARATION_FORM, first.to(place), text);
                self.report(line, diagnostic.fix("Add ':'", first.end(), ":"));
                line.tokens.insert(1, (Token::Sym(Sym::Colon), first.end()));
                true
            }
            _ => false,
        }
    }

    /// `p: Point(1, 2)`; the whole line, or nothing is changed.
    pub(super) fn initialised_type(&mut self, line: &mut Line<'t>) -> bool {
        let (Some((Token::Name(name), first)), true, Some((Token::Name(class), ty))) =
            (line.tokens.first(), is(line.tokens.get(1), Sym::Colon), line.tokens.get(2))
        else {
            return false;
        };
        let to_the_end = find(&line.tokens, 4, |_| false) + 1 == line.tokens.len();
        if !is(line.tokens.get(3), Sym::LParen) || !to_the_end {
            return false;
        }
        let (span, ty, class) = (first.to(*ty), *ty, *class);
        if matches!(class, "array" | "tuple" | "alias" | "string") {
            let (open, close) = (line.tokens[3].1, line.tokens[line.tokens.len() - 1].1);
            let text = format!("'{class}' takes square brackets");
            let mut diagnostic =
                Diagnostic::error(codes::DECLARATION_FORM, open, text).fix("Write '[…]'", open, "[");
            if let Some(fix) = diagnostic.fixes.last_mut() {
                fix.edits.push(Edit { span: close, text: "]".to_string() });
            }
            self.report(line, diagnostic);
            let last = line.tokens.len() - 1;
            line.tokens[3].0 = Token::Sym(Sym::LBracket);
            line.tokens[last].0 = Token::Sym(Sym::RBracket);
            return true;
        }
        let fixed = format!("{name}: {class} = {class}(…)");
        let text = format!("A variable with its first value is written '{fixed}'");
        let diagnostic = Diagnostic::error(codes::DECLARATION_FORM, span, text);
        self.report(line, diagnostic.fix(format!("Write '{fixed}'"), ty.end(), format!(" = {class}")));
        line.tokens.splice(3..3, [(Token::Sym(Sym::Assign), ty), (Token::Name(class), ty)]);
        true
    }

    /// `byte a[10]`, with a value or without.
    pub(super) fn array_of_c(&mut self, line: &mut Line<'t>, elem: &str) {
        let close = find(&line.tokens, 3, |_| false);
        let (Some((Token::Name(name), _)), true, true) =
            (line.tokens.get(1), close > 3, is(line.tokens.get(close), Sym::RBracket))
        else {
            return;
        };
        let length = self.slice(span_of(&line.tokens, 3..close));
        let fixed = format!("{name}: array[{elem}, {length}]");
        let span = span_of(&line.tokens, 0..close + 1);
        let text = format!("An array is declared as '{fixed}'");
        let diagnostic = Diagnostic::error(codes::DECLARATION_FORM, span, text);
        self.report(line, diagnostic.fix(format!("Write '{fixed}'"), span, fixed));
        let word = |text: &'static str| (Token::Name(text), span);
        let sym = |sym: Sym| (Token::Sym(sym), span);
        let (ty, name) = (line.tokens[0].clone(), line.tokens[1].clone());
        let head = [name, sym(Sym::Colon), word("array"), sym(Sym::LBracket), ty, sym(Sym::Comma)];
        line.tokens.splice(0..3, head);
    }

    /// What follows the parameters, from `at` on: nothing or `-> type`.
    fn result(&mut self, line: &mut Line<'t>, at: usize) {
        let ends_in_colon = line.tokens.len() > at && is(line.tokens.last(), Sym::Colon);
        let end = line.tokens.len() - usize::from(ends_in_colon);
        let sign = |t: &Token<'_>| {
            matches!(t, Token::Sym(Sym::Colon | Sym::Minus | Sym::Assign | Sym::Arrow | Sym::Gt | Sym::Ge))
        };
        let signs = line.tokens[at..end].iter().take_while(|(t, _)| sign(t)).count();
        let arrow = signs == 1 && is(line.tokens.get(at), Sym::Arrow);
        let after = line.tokens.get(at + signs).map(|(t, _)| t).filter(|_| at + signs < end);
        match after {
            Some(Token::Kw(Kw::None)) if arrow => self.no_result(line, at),
            Some(Token::Name(_))
                if !arrow && line.tokens[at + signs..end].iter().all(|(t, _)| in_type(t)) =>
            {
                let ty = self.slice(span_of(&line.tokens, at + signs..end)).to_string();
                let span = span_of(&line.tokens, at..end);
                let text = format!("The type of the result is written '-> {ty}'");
                let close = line.tokens[at - 1].1.hi;
                let replaced = Span { lo: close, hi: line.tokens[end - 1].1.hi, ..span };
                let diagnostic = Diagnostic::error(codes::DECLARATION_FORM, span, text);
                // In `): -> byte` the colon stands before the result.
                let colon = if ends_in_colon || signs == 0 { "" } else { ":" };
                let fixed = format!(" -> {ty}{colon}");
                self.report(line, diagnostic.fix(format!("Write '-> {ty}{colon}'"), replaced, fixed));
                line.tokens.splice(at..at + signs, [(Token::Sym(Sym::Arrow), span)]);
                if !ends_in_colon && signs > 0 {
                    line.tokens.push((Token::Sym(Sym::Colon), span.end()));
                }
            }
            Some(Token::Sym(Sym::LParen)) if arrow => {
                let span = span_of(&line.tokens, at + 1..end);
                let diagnostic = Diagnostic::error(codes::BARE_TUPLE, span, "A function returns one value")
                    .help("Return several through alias parameters or an object.");
                self.report(line, diagnostic);
                line.tokens.splice(at + 1..end, [(Token::Error, span)]);
            }
            None if arrow => {
                let span = line.tokens[at].1;
                let text = "The type of the result is missing after '->'";
                let diagnostic = Diagnostic::error(codes::MISSING_TYPE, span, text)
                    .help("A function without a result has no '->'.");
                self.report(line, diagnostic);
                line.tokens.insert(at + 1, (Token::Error, span.end()));
            }
            _ => {}
        }
    }

    /// `-> None`.
    fn no_result(&mut self, line: &mut Line<'t>, arrow: usize) {
        let span = span_of(&line.tokens, arrow..arrow + 2);
        let cut = Span { lo: line.tokens[arrow - 1].1.hi, ..span };
        let text = "A function without a result has no '-> None'";
        let diagnostic = Diagnostic::error(codes::NONE, span, text).fix("Remove it", cut, "");
        self.report(line, diagnostic);
        line.tokens.drain(arrow..arrow + 2);
    }
}

/// True for what a type may consist of; other words after a head are its body.
fn in_type(token: &Token<'_>) -> bool {
    match token {
        Token::Sym(sym) => matches!(sym, Sym::Dot | Sym::Comma | Sym::LBracket | Sym::RBracket),
        Token::Name(_) | Token::Int(_) => true,
        _ => false,
    }
}
