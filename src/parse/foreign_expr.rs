//! Parts of expressions that Python has and PyCo has not.
//!
//! In: a logical line whose beginning `foreign.rs` has checked. Out: the line with each foreign
//! part reported once and replaced by an `Error` token or by its PyCo form. Invariant: at most
//! [`MOST`] faults are reported in a line; then the rest of the line is dropped.

use super::edit::{closes, find, is, item_end, opens, replace, replace_all, span_of};
use super::foreign::Foreign;
use super::lexer::{Line, Spanned};
use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::syntax::ast::{StrKind, StrLit};
use crate::syntax::token::{Kw, Sym, Token};
use std::ops::Range;

/// After so many faults a line is given up.
const MOST: usize = 8;

/// What stands between two brackets, or the whole line.
struct Frame {
    /// The opening bracket; `None` for the line itself.
    open: Option<(Sym, usize)>,
    /// The bracket follows an operand: a call, an index, or the parameters of a `def`.
    postfix: bool,
    /// Where the current list item, or the value after `=`, begins.
    item: usize,
    /// Where the left operand of a comparison would begin.
    operand: usize,
    /// The comparison of this item that was met last.
    compare: Option<usize>,
}

/// `f(x, name=value)`; `print` has its own answers, as its arguments in Python change what it prints.
fn keyword_argument(tokens: &[Spanned<'_>], frame: &Frame, item: Range<usize>, name: Span) -> Diagnostic {
    let error = Diagnostic::error(codes::KEYWORD_ARGUMENT, name, "There are no keyword arguments in PyCo");
    let callee = frame.open.and_then(|(_, open)| tokens.get(open.checked_sub(1)?));
    match (callee.map(|(token, _)| token), &tokens[item.start].0) {
        (Some(Token::Name("print")), Token::Name("end")) => {
            let cut = Span { lo: tokens[item.start - 1].1.lo, ..span_of(tokens, item.clone()) };
            let error = error.help("print adds nothing at its end; a new line is \"\\n\".");
            // The first argument has no comma before it.
            match tokens[item.start - 1].0 {
                Token::Sym(Sym::Comma) => error.fix("Remove it", cut, ""),
                _ => error,
            }
        }
        (Some(Token::Name("print")), Token::Name("sep")) => {
            error.help("Values with a separator between them are printed by printsep(separator, value, …).")
        }
        _ => {
            error.help("Arguments are given in the order of the parameters.").fix("Remove the name", name, "")
        }
    }
}

impl Frame {
    fn new(open: Option<(Sym, usize)>, postfix: bool, start: usize) -> Self {
        Self { open, postfix, item: start, operand: start, compare: None }
    }

    /// A new item begins at `start`.
    fn next_item(&mut self, start: usize) {
        *self = Self::new(self.open, self.postfix, start);
    }

    /// A new operand of `and`, `or`, `not` begins at `start`.
    fn next_operand(&mut self, start: usize) {
        self.operand = start;
        self.compare = None;
    }

    fn is(&self, sym: Sym) -> bool {
        self.open.is_some_and(|(s, _)| s == sym)
    }
}

/// One fault and how the line is mended.
struct Fault<'s> {
    diagnostic: Diagnostic,
    mend: Mend<'s>,
}

/// How a line is mended.
enum Mend<'s> {
    /// One `Error` token for a range.
    Replace(Range<usize>),
    /// Other tokens for a range.
    Swap(Range<usize>, Vec<Spanned<'s>>),
}

impl Foreign<'_, '_> {
    /// Reports and replaces the foreign parts of expressions in `line`.
    pub(super) fn expressions(&mut self, line: &mut Line<'_>) {
        for _ in 0..MOST {
            let Some(fault) = self.find_fault(&line.tokens) else { return };
            self.report(line, fault.diagnostic);
            match fault.mend {
                Mend::Replace(range) => replace(line, range),
                Mend::Swap(range, tokens) => drop(line.tokens.splice(range, tokens)),
            }
        }
        replace_all(line);
    }

    /// The first fault of the line.
    fn find_fault<'s>(&self, tokens: &[Spanned<'s>]) -> Option<Fault<'s>> {
        let first = match &tokens[0].0 {
            Token::Kw(kw) => Some(*kw),
            _ => None,
        };
        let mut frames = vec![Frame::new(None, false, 0)];
        for (i, (token, span)) in tokens.iter().enumerate() {
            let depth = frames.len() - 1;
            let frame = frames.last_mut()?;
            if opens(token) {
                let postfix = i > 0 && tokens[i - 1].0.ends_operand();
                if let Some(fault) = self.bracket(tokens, i, postfix) {
                    return Some(fault);
                }
                let Token::Sym(sym) = token else { continue };
                frames.push(Frame::new(Some((*sym, i)), postfix, i + 1));
                continue;
            }
            if closes(token) {
                if depth > 0 {
                    frames.pop();
                }
                continue;
            }
            let fault = match token {
                Token::Kw(kw) => keyword(tokens, i, *kw, frame, first),
                Token::Name(_) if first == Some(Kw::Def) && frame.open == Some((Sym::LParen, 2)) => {
                    untyped(tokens, i, frame)
                }
                Token::Text { .. } if !is_text_place(tokens, i) => Some(misplaced_text(*span, i)),
                Token::Str(literal) => mixed_strings(tokens, i, literal),
                Token::Sym(sym) => self.sign(tokens, i, *sym, frame, first, depth),
                _ => None,
            };
            if let Some((diagnostic, mend)) = fault {
                return Some(Fault { diagnostic, mend });
            }
            match token {
                Token::Sym(Sym::Comma | Sym::Colon | Sym::Assign) => frame.next_item(i + 1),
                Token::Sym(sym) if is_augmented(*sym) => frame.next_item(i + 1),
                Token::Kw(Kw::If | Kw::Elif | Kw::While | Kw::Return | Kw::In) => frame.next_item(i + 1),
                Token::Kw(Kw::And | Kw::Or | Kw::Not) => frame.next_operand(i + 1),
                Token::Sym(sym) if is_comparison(*sym) => frame.compare = Some(i),
                _ => {}
            }
        }
        None
    }

    /// Faults that an opening bracket announces: dict, set, list, comprehension.
    fn bracket<'s>(&self, tokens: &[Spanned<'s>], open: usize, postfix: bool) -> Option<Fault<'s>> {
        let close = find(tokens, open + 1, |_| false);
        let whole = open..(close + 1).min(tokens.len());
        let span = span_of(tokens, whole.clone());
        let inner = |wanted: &dyn Fn(&Token<'_>) -> bool| find(tokens, open + 1, wanted) < close;
        let fault = |diagnostic| Some(Fault { diagnostic, mend: Mend::Replace(whole.clone()) });
        if inner(&|t| *t == Token::Kw(Kw::For)) {
            let inside = open + 1..close;
            let mend = Mend::Replace(if postfix { inside } else { whole.clone() });
            let diagnostic =
                Diagnostic::error(codes::COMPREHENSION, span, "There are no comprehensions in PyCo")
                    .help("Fill an array in a loop: for i in range(n): a[i] = …");
            return Some(Fault { diagnostic, mend });
        }
        match &tokens[open].0 {
            Token::Sym(Sym::LBrace) if open + 1 == close || inner(&|t| *t == Token::Sym(Sym::Colon)) => {
                fault(
                    Diagnostic::error(codes::DICT, span, "There are no dicts in PyCo")
                        .help("Use an array indexed by a number, or a class with a property for each key."),
                )
            }
            Token::Sym(Sym::LBrace) => fault(
                Diagnostic::error(codes::DICT, span, "There are no sets in PyCo")
                    .help("Use the bits of a byte or word, or an array of bool."),
            ),
            Token::Sym(Sym::LBracket) if !postfix => {
                let empty = open + 1 == close;
                if !empty && !inner(&|t| *t == Token::Sym(Sym::Comma)) {
                    return None;
                }
                let diagnostic = Diagnostic::error(codes::LIST, span, "There are no lists in PyCo");
                let text = self.slice(span);
                let values = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or("");
                fault(match empty {
                    true => diagnostic.help("Declare an array with its size: a: array[byte, 10] = [0]"),
                    false => diagnostic
                        .help("An array takes its values from a tuple; [v] fills all its elements with v.")
                        .fix("Write a tuple", span, format!("({values})")),
                })
            }
            _ => None,
        }
    }

    /// Faults at a sign.
    fn sign<'s>(
        &self,
        tokens: &[Spanned<'s>],
        i: usize,
        sym: Sym,
        frame: &Frame,
        first: Option<Kw>,
        depth: usize,
    ) -> Option<(Diagnostic, Mend<'s>)> {
        // Most signs are harmless; for the others the end of their item is searched.
        match sym {
            Sym::Eq | Sym::Ne | Sym::Lt | Sym::Le | Sym::Gt | Sym::Ge => {
                return self.chained(tokens, i, frame);
            }
            Sym::Pow if depth == 0 && is(tokens.get(i + 1), Sym::Assign) => {
                let span = tokens[i].1.to(tokens[i + 1].1);
                let text = "There is no '**=' in PyCo; '**' is possible between constants only";
                let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, span, text)
                    .help("Multiply: x *= x for a square.");
                return Some((diagnostic, Mend::Replace(frame.item..tokens.len())));
            }
            Sym::Star | Sym::Pow if i != frame.item => return None,
            Sym::Assign | Sym::Walrus | Sym::FloorDiv | Sym::Colon | Sym::Comma | Sym::Star | Sym::Pow => {}
            _ => return None,
        }
        let span = tokens[i].1;
        let item = frame.item..if sym == Sym::Comma { i } else { item_end(tokens, i) };
        match sym {
            Sym::Assign if depth > 0 && first == Some(Kw::Def) => {
                let cut = Span { lo: tokens[i - 1].1.hi, ..span_of(tokens, i..item.end) };
                let diagnostic = Diagnostic::error(
                    codes::DEFAULT_ARGUMENT,
                    cut,
                    "Parameters have no default values in PyCo",
                )
                .help("Write the value in every call, or a second function that passes it.")
                .fix("Remove it", cut, "");
                Some((diagnostic, Mend::Swap(i..item.end, Vec::new())))
            }
            Sym::Assign if depth > 0 => {
                let name = span_of(tokens, frame.item..i + 1);
                let diagnostic = if frame.is(Sym::LParen) && frame.postfix {
                    keyword_argument(tokens, frame, item.clone(), name)
                } else {
                    Diagnostic::error(
                        codes::ASSIGNMENT_FORM,
                        span,
                        "An assignment cannot stand in an expression",
                    )
                };
                Some((diagnostic, Mend::Replace(item)))
            }
            Sym::Assign
                if i > frame.item && tokens[..i].iter().any(|(t, _)| *t == Token::Sym(Sym::Assign)) =>
            {
                let diagnostic = Diagnostic::error(
                    codes::ASSIGNMENT_FORM,
                    span,
                    "Only one assignment can stand on a line",
                )
                .help("Write one line for each target.");
                Some((diagnostic, Mend::Replace(frame.item..tokens.len())))
            }
            Sym::Walrus => {
                let diagnostic = Diagnostic::error(codes::ASSIGNMENT_FORM, span, "There is no ':=' in PyCo");
                let diagnostic = match (i, depth) {
                    (1, 0) => diagnostic.fix("Write '='", span, "="),
                    _ => diagnostic.help("Assign on a line of its own before."),
                };
                Some((diagnostic, Mend::Replace(item)))
            }
            Sym::FloorDiv => {
                let diagnostic = Diagnostic::error(
                    codes::FOREIGN_OPERATOR,
                    span,
                    "There is no '//' in PyCo; '/' of integers is an integer",
                )
                .fix("Write '/'", span, "/");
                Some((diagnostic, Mend::Swap(i..i + 1, vec![(Token::Sym(Sym::Slash), span)])))
            }
            Sym::Star | Sym::Pow if i == frame.item && frame.is(Sym::LParen) && frame.postfix => {
                let span = span_of(tokens, item.clone());
                let diagnostic = Diagnostic::error(
                    codes::STAR_ARGUMENT,
                    span,
                    format!("There is no '{}name' in PyCo", sym.text()),
                )
                .help(
                    "The number of arguments is fixed; pass an array as alias[array[T, N]] and its length.",
                );
                let mend = match first {
                    Some(Kw::Def) => Mend::Swap(item.start..with_comma(tokens, item.end), Vec::new()),
                    _ => Mend::Replace(item),
                };
                Some((diagnostic, mend))
            }
            Sym::Colon if depth > 0 && frame.is(Sym::LBracket) => {
                let close = find(tokens, i, |_| false);
                let inside = frame.open.map_or(i, |(_, open)| open + 1)..close;
                let diagnostic = Diagnostic::error(
                    codes::SLICE,
                    span_of(tokens, inside.clone()),
                    "There are no slices in PyCo",
                )
                .help("Copy the elements in a loop, or with blkcpy(…).");
                Some((diagnostic, Mend::Replace(inside)))
            }
            Sym::Comma if depth == 0 => bare_comma(tokens, i, frame, first),
            _ => None,
        }
    }

    /// `a < b < c`.
    fn chained<'s>(&self, tokens: &[Spanned<'s>], i: usize, frame: &Frame) -> Option<(Diagnostic, Mend<'s>)> {
        let before = frame.compare.filter(|&c| c > frame.operand && c + 1 < i)?;
        let end = find(tokens, i + 1, |t| match t {
            Token::Kw(kw) => matches!(kw, Kw::And | Kw::Or | Kw::If),
            Token::Sym(sym) => matches!(sym, Sym::Comma | Sym::Colon | Sym::Assign) || is_comparison(*sym),
            _ => false,
        });
        if i + 1 == end {
            return None;
        }
        let middle = span_of(tokens, before + 1..i);
        let shown = self.slice(middle);
        let left = self.slice(span_of(tokens, frame.operand..i));
        let right = self.slice(span_of(tokens, i..end));
        let all = frame.operand..end;
        let diagnostic = Diagnostic::error(
            codes::CHAINED_COMPARISON,
            span_of(tokens, all.clone()),
            format!("Comparisons cannot be chained; write '{left} and {shown} {right}'"),
        )
        .fix("Compare in two parts", middle.end(), format!(" and {shown}"));
        Some((diagnostic, Mend::Replace(all)))
    }
}

/// Faults at a keyword that is not the first of the line.
fn keyword<'s>(
    tokens: &[Spanned<'s>],
    i: usize,
    kw: Kw,
    frame: &Frame,
    first: Option<Kw>,
) -> Option<(Diagnostic, Mend<'s>)> {
    if matches!(kw, Kw::And | Kw::Or | Kw::Not | Kw::True | Kw::False) {
        return None;
    }
    let span = tokens[i].1;
    let parameter = first == Some(Kw::Def) && i == frame.item && is(tokens.get(i + 1), Sym::Colon);
    if parameter && frame.is(Sym::LParen) && kw != Kw::SelfKw {
        let text = format!("'{}' is a word of the language and cannot be a name", kw.text());
        let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, span, text).help("Take another name.");
        return Some((diagnostic, Mend::Swap(i..i + 1, vec![(Token::Name(kw.text()), span)])));
    }
    let end = item_end(tokens, i);
    // A header's colon is no part of the value before it.
    let header = matches!(first, Some(Kw::If | Kw::Elif | Kw::While | Kw::For)) && frame.open.is_none();
    let value_end = match header {
        true => find(tokens, i, |t| *t == Token::Sym(Sym::Colon)),
        false => end,
    };
    match kw {
        Kw::Lambda => {
            let end = if frame.open.is_some() { end } else { tokens.len() };
            let diagnostic = Diagnostic::error(codes::LAMBDA, span, "There is no 'lambda' in PyCo")
                .help("Define a function with def at module level.");
            Some((diagnostic, Mend::Replace(frame.item..end)))
        }
        Kw::Yield | Kw::Await => {
            let diagnostic =
                Diagnostic::error(codes::ASYNC, span, format!("There is no '{}' in PyCo", kw.text())).help(
                    "A function runs to its end; keep what must survive in the properties of an object.",
                );
            Some((diagnostic, Mend::Replace(frame.item..value_end)))
        }
        Kw::Is if matches!(tokens.get(i + 1), Some((Token::Kw(Kw::None), _))) => None,
        Kw::Is
            if matches!(
                (tokens.get(i + 1), tokens.get(i + 2)),
                (Some((Token::Kw(Kw::Not), _)), Some((Token::Kw(Kw::None), _)))
            ) =>
        {
            None
        }
        Kw::Super
            if is(tokens.get(i + 1), Sym::LParen)
                && is(tokens.get(i + 2), Sym::RParen)
                && is(tokens.get(i + 3), Sym::Dot) =>
        {
            let parentheses = span_of(tokens, i + 1..i + 3);
            let diagnostic = Diagnostic::error(
                codes::SELF_MISUSE,
                parentheses,
                "'super' stands without parentheses: super.name",
            )
            .fix("Remove them", parentheses, "");
            Some((diagnostic, Mend::Swap(i + 1..i + 3, Vec::new())))
        }
        Kw::None => {
            let diagnostic = Diagnostic::error(codes::NONE, span, "There is no 'None' in PyCo")
                .help("Use 0 or a value of your own; an alias without target has address 0: addr(a) == 0.");
            // `is None` and `is not None` are one fault.
            let word =
                |back: usize, kw: Kw| i.checked_sub(back).is_some_and(|at| tokens[at].0 == Token::Kw(kw));
            let from = match (word(1, Kw::Is), word(1, Kw::Not) && word(2, Kw::Is)) {
                (true, _) => i - 1,
                (_, true) => i - 2,
                _ => i,
            };
            if from == i {
                return Some((diagnostic, Mend::Replace(i..i + 1)));
            }
            let compared = vec![(Token::Sym(Sym::Eq), tokens[from].1), (Token::Error, span)];
            Some((diagnostic, Mend::Swap(from..i + 1, compared)))
        }
        Kw::Is => {
            let not = matches!(tokens.get(i + 1), Some((Token::Kw(Kw::Not), _)));
            let (sym, length) = if not { (Sym::Ne, 2) } else { (Sym::Eq, 1) };
            let span = span_of(tokens, i..i + length);
            let text = sym.text();
            let diagnostic = Diagnostic::error(
                codes::IS,
                span,
                format!("There is no 'is' in PyCo; values are compared with '{text}'"),
            )
            .help("Whether two aliases lead to the same object: addr(a) == addr(b).")
            .fix(format!("Write '{text}'"), span, text);
            Some((diagnostic, Mend::Swap(i..i + length, vec![(Token::Sym(sym), span)])))
        }
        Kw::In if !(first == Some(Kw::For) && frame.open.is_none()) => {
            let diagnostic = Diagnostic::error(codes::IN, span, "There is no 'in' in PyCo, except in 'for'")
                .help("Compare with each value: a == 1 or a == 2.");
            Some((diagnostic, Mend::Replace(frame.operand.min(i)..value_end)))
        }
        Kw::If if i > 0 => {
            let diagnostic = Diagnostic::error(
                codes::TERNARY,
                span,
                "There are no conditional expressions ('a if c else b') in PyCo",
            )
            .help("Use an if statement with an assignment in each branch.");
            Some((diagnostic, Mend::Replace(frame.item..end)))
        }
        Kw::For if i > 0 => {
            let diagnostic =
                Diagnostic::error(codes::COMPREHENSION, span, "There are no comprehensions in PyCo")
                    .help("Write a for loop.");
            Some((diagnostic, Mend::Replace(frame.item..end)))
        }
        Kw::SelfKw if first == Some(Kw::Def) && i == frame.item && frame.open == Some((Sym::LParen, 2)) => {
            let diagnostic =
                Diagnostic::error(codes::SELF_PARAMETER, span, "Methods have no 'self' parameter in PyCo")
                    .help("In the body, self.name works without it.");
            let cut = i..with_comma(tokens, end);
            let place = match cut.end < tokens.len() && cut.end > end {
                true => Span { hi: tokens[cut.end].1.lo, ..span },
                false => span_of(tokens, i..end),
            };
            Some((diagnostic.fix("Remove it", place, ""), Mend::Swap(cut, Vec::new())))
        }
        _ => None,
    }
}

/// True for a text that can be a docstring or assembly.
fn is_text_place(tokens: &[Spanned<'_>], i: usize) -> bool {
    let asm = i == 2 && matches!(tokens[0].0, Token::Name("__asm__")) && is(tokens.get(1), Sym::LParen);
    let alone = i == 0 || is(tokens.get(i - 1), Sym::Colon);
    asm || alone && i + 1 == tokens.len()
}

fn misplaced_text<'s>(span: Span, i: usize) -> (Diagnostic, Mend<'s>) {
    let diagnostic =
        Diagnostic::error(codes::TRIPLE_QUOTES, span, "A text in triple quotes is no value in PyCo")
            .help("Triple quotes are for docstrings and __asm__; neighbouring strings \"…\" \"…\" join.");
    (diagnostic, Mend::Replace(i..i + 1))
}

/// Neighbouring strings join, so they must use one code table.
fn mixed_strings<'s>(tokens: &[Spanned<'s>], i: usize, literal: &StrLit) -> Option<(Diagnostic, Mend<'s>)> {
    let (Token::Str(before), first) = tokens.get(i.checked_sub(1)?)? else { return None };
    let screen = |kind| kind == StrKind::Screen;
    if screen(before.kind) == screen(literal.kind) {
        return None;
    }
    let span = tokens[i].1;
    let diagnostic = Diagnostic::error(
        codes::STRING_PREFIX,
        span,
        "Only one of these neighbouring strings has screen codes",
    )
    .also(*first, "this one is joined with it")
    .help("Neighbouring strings join; give both the prefix s, or none.");
    Some((diagnostic, Mend::Replace(i - 1..i + 1)))
}

/// A parameter without a type.
fn untyped<'s>(tokens: &[Spanned<'s>], i: usize, frame: &Frame) -> Option<(Diagnostic, Mend<'s>)> {
    let first = i == frame.item && !is(tokens.get(i - 1), Sym::Colon);
    let alone = first && matches!(tokens.get(i + 1), Some((Token::Sym(Sym::Comma | Sym::RParen), _)));
    let (Token::Name(name), true) = (&tokens[i].0, alone) else { return None };
    let end = tokens[i].1.end();
    let diagnostic =
        Diagnostic::error(codes::MISSING_TYPE, tokens[i].1, format!("The parameter '{name}' has no type"))
            .help(format!("For example: {name}: byte"));
    let typed = vec![(Token::Sym(Sym::Colon), end), (Token::Error, end)];
    Some((diagnostic, Mend::Swap(i + 1..i + 1, typed)))
}

/// A comma outside of brackets.
fn bare_comma<'s>(
    tokens: &[Spanned<'s>],
    i: usize,
    frame: &Frame,
    first: Option<Kw>,
) -> Option<(Diagnostic, Mend<'s>)> {
    if matches!(first, Some(Kw::From | Kw::Import | Kw::For)) {
        return None;
    }
    let span = tokens[i].1;
    let assign = tokens.iter().position(|(t, _)| *t == Token::Sym(Sym::Assign));
    match (first, assign) {
        (Some(Kw::Return), _) => {
            let diagnostic = Diagnostic::error(codes::BARE_TUPLE, span, "A function returns one value")
                .help("Return several through alias parameters or an object.");
            Some((diagnostic, Mend::Replace(1..tokens.len())))
        }
        (None, Some(assign)) if assign < i => {
            let value = frame.item..tokens.len();
            let place = span_of(tokens, value.clone());
            let diagnostic = Diagnostic::error(codes::BARE_TUPLE, span, "A tuple needs parentheses").fix(
                "Add '('",
                place.start(),
                "(",
            );
            Some((close_too(diagnostic, place), Mend::Replace(value)))
        }
        (None, Some(_)) => {
            let diagnostic =
                Diagnostic::error(codes::BARE_TUPLE, span, "Only one variable can be assigned at a time")
                    .help("Write one assignment a line; to swap two values use a third variable.");
            Some((diagnostic, Mend::Replace(0..tokens.len())))
        }
        _ => None,
    }
}

/// Adds the closing parenthesis to the fix that opens one before `place`.
fn close_too(mut diagnostic: Diagnostic, place: Span) -> Diagnostic {
    if let Some(fix) = diagnostic.fixes.last_mut() {
        fix.title = "Add parentheses".into();
        fix.edits.push(crate::base::diag::Edit { span: place.end(), text: ")".into() });
    }
    diagnostic
}

/// The position after the comma at `end`, if there is one.
fn with_comma(tokens: &[Spanned<'_>], end: usize) -> usize {
    end + usize::from(is(tokens.get(end), Sym::Comma))
}

/// True for `==` and its like.
fn is_comparison(sym: Sym) -> bool {
    matches!(sym, Sym::Eq | Sym::Ne | Sym::Lt | Sym::Le | Sym::Gt | Sym::Ge)
}

/// True for `+=` and its like.
fn is_augmented(sym: Sym) -> bool {
    use Sym::*;
    matches!(
        sym,
        PlusAssign
            | MinusAssign
            | StarAssign
            | SlashAssign
            | PercentAssign
            | AmpAssign
            | BarAssign
            | CaretAssign
            | ShlAssign
            | ShrAssign
    )
}
