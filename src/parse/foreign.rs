//! Statements that other languages have and PyCo has not, found by how a line begins.
//!
//! In: a logical line. Out: the same line with each foreign part reported once and replaced, so
//! that the grammar can read the rest. Invariant: a line that was changed is `tainted`. Foreign
//! parts of expressions are in `foreign_expr.rs`, heads of functions in `foreign_head.rs`. Not here: what depends on the blocks around the
//! line (`build.rs`), and names that nobody defined (`sema`).

use std::ops::Range;

use super::edit::{find, is, opens, replace, replace_all, span_of};
use super::lexer::{Line, Spanned};
use crate::base::codes::{self, Code};
use crate::base::diag::{Diagnostic, Edit, Fix, Sink};
use crate::base::source::Span;
use crate::base::suggest;
use crate::syntax::ast::StrKind;
use crate::syntax::token::{Kw, Sym, Token};

/// The types that a line in the manner of C may begin with.
pub(super) const TYPES: [&str; 12] =
    ["byte", "sbyte", "word", "int", "dword", "long", "bool", "char", "float", "f16", "f32", "string"];

/// Checks lines one after the other.
pub struct Foreign<'t, 'k> {
    pub(super) text: &'t str,
    pub(super) sink: &'k mut Sink,
    /// Indentation of the last `try`, whose `except` and `finally` need no message.
    last_try: Option<u32>,
    /// Indentation of the last `match`, whose `case` lines need none.
    last_match: Option<u32>,
}

impl<'t, 'k> Foreign<'t, 'k> {
    /// A checker for the lines of `text`.
    pub fn new(text: &'t str, sink: &'k mut Sink) -> Self {
        Self { text, sink, last_try: None, last_match: None }
    }

    /// Reports and replaces what is foreign in `line`.
    pub fn check(&mut self, line: &mut Line<'t>) {
        let indent = line.indent.hi - line.indent.lo;
        self.last_match = self.last_match.filter(|outer| indent > *outer);
        match &line.tokens[0].0 {
            Token::Kw(kw) => self.keyword(line, *kw),
            Token::Name(_) => self.name(line),
            Token::Sym(Sym::Plus | Sym::Minus) => self.increment_before(line),
            _ => {}
        }
        self.expressions(line);
    }

    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.lo as usize..span.hi as usize).unwrap_or("")
    }

    pub(super) fn report(&mut self, line: &mut Line<'_>, diagnostic: Diagnostic) {
        line.tainted = true;
        self.sink.push(diagnostic);
    }

    /// Reports at the first token and drops the line.
    fn drop_line(&mut self, line: &mut Line<'_>, code: Code, message: &str, help: &str) {
        let span = line.tokens[0].1;
        self.report(line, Diagnostic::error(code, span, message).help(help));
        replace_all(line);
    }

    fn keyword(&mut self, line: &mut Line<'t>, kw: Kw) {
        let indent = line.indent.hi - line.indent.lo;
        if self.keyword_as_name(line, kw) {
            return;
        }
        match kw {
            Kw::Import => self.plain_import(line),
            Kw::From => self.names_import(line),
            Kw::Else if matches!(line.tokens.get(1), Some((Token::Kw(Kw::If), _))) => self.else_if(line),
            Kw::If | Kw::Elif | Kw::While => self.assignment_in_condition(line),
            Kw::For => self.for_each(line),
            Kw::Def => {
                self.keyword_defined(line);
                self.function_head(line);
            }
            Kw::Class => self.keyword_defined(line),
            Kw::Try => {
                self.last_try = Some(indent);
                self.drop_line(
                    line,
                    codes::EXCEPTIONS,
                    "There is no 'try' in PyCo",
                    "PyCo has no exceptions; return a value that tells whether it worked.",
                );
            }
            Kw::Except | Kw::Finally if self.last_try == Some(indent) => {
                line.tainted = true;
                replace_all(line);
            }
            Kw::Except | Kw::Finally | Kw::Raise | Kw::Assert => self.drop_line(
                line,
                codes::EXCEPTIONS,
                &format!("There is no '{}' in PyCo", kw.text()),
                "PyCo has no exceptions; return a value that tells whether it worked.",
            ),
            Kw::With => self.drop_line(
                line,
                codes::WITH,
                "There is no 'with' in PyCo",
                "Write the calls before and after the block yourself.",
            ),
            Kw::Async => self.asynchronous(line),
            Kw::Global | Kw::Nonlocal => self.drop_line(
                line,
                codes::GLOBAL,
                &format!("There is no '{}' in PyCo", kw.text()),
                "Shared variables are properties of a @singleton class, used as Class.name.",
            ),
            Kw::Del => self.drop_line(
                line,
                codes::DEL,
                "There is no 'del' in PyCo",
                "Every variable lives as long as its function or object; nothing is freed.",
            ),
            _ => {}
        }
    }

    /// `def del():`
    fn keyword_defined(&mut self, line: &mut Line<'_>) {
        if let Some((Token::Kw(kw), span)) = line.tokens.get(1) {
            let (kw, span) = (*kw, *span);
            let text = format!("'{}' is a word of the language and cannot be a name", kw.text());
            let diagnostic = Diagnostic::error(codes::UNEXPECTED_TOKEN, span, text);
            self.report(line, diagnostic.help("Take another name."));
            line.tokens[1].0 = Token::Name(kw.text());
        }
    }

    /// `from: byte = 3`
    fn keyword_as_name(&mut self, line: &mut Line<'_>, kw: Kw) -> bool {
        let declared = is(line.tokens.get(1), Sym::Colon) && line.tokens.len() > 2;
        let block = matches!(kw, Kw::Else | Kw::Try | Kw::Except | Kw::Finally);
        if !(declared && !block || is(line.tokens.get(1), Sym::Assign))
            || matches!(kw, Kw::SelfKw | Kw::Super | Kw::True | Kw::False | Kw::None)
        {
            return false;
        }
        let text = format!("'{}' is a word of the language and cannot be a name", kw.text());
        self.drop_line(line, codes::UNEXPECTED_TOKEN, &text, "Take another name.");
        true
    }

    // ---- imports -------------------------------------------------------------------------

    fn plain_import(&mut self, line: &mut Line<'_>) {
        let span = span_of(&line.tokens, 0..line.tokens.len());
        let end = find(&line.tokens, 1, |t| !matches!(t, Token::Name(_) | Token::Sym(Sym::Dot)));
        let module = match end > 1 {
            true => self.slice(span_of(&line.tokens, 1..end)).to_string(),
            false => "MODULE".to_string(),
        };
        let diagnostic = Diagnostic::error(
            codes::IMPORT_FORM,
            span,
            format!("A module is imported with its names listed: from {module} import …"),
        )
        .help(format!("For example: from {module} import NAME; it is then used as {module}.NAME."));
        if line.indent.hi == line.indent.lo {
            self.report(line, diagnostic);
        } else {
            // That it cannot stand in a block at all is reported later.
            line.tainted = true;
        }
        if end != line.tokens.len() || end == 1 {
            return replace_all(line);
        }
        // The module is known all the same, so that its uses are judged by what it holds.
        line.tokens[0].0 = Token::Kw(Kw::From);
        line.tokens.extend([(Token::Kw(Kw::Import), span.end()), (Token::Error, span.end())]);
    }

    fn names_import(&mut self, line: &mut Line<'_>) {
        let import = find(&line.tokens, 1, |t| matches!(t, Token::Kw(Kw::Import)));
        if import + 1 == line.tokens.len() && import > 1 {
            let end = line.tokens[import].1.end();
            let module = self.slice(span_of(&line.tokens, 1..import)).to_string();
            self.report(
                line,
                Diagnostic::error(codes::IMPORT_FORM, end, "The names to import are missing")
                    .help(format!("List them: from {module} import name, name")),
            );
            return replace(line, import + 1..import + 1);
        }
        let mut from = import;
        while let Some(i) = line.tokens.iter().skip(from).position(|(t, _)| *t == Token::Kw(Kw::As)) {
            let lo = from + i;
            let hi = find(&line.tokens, lo, |t| matches!(t, Token::Sym(Sym::Comma)));
            let span = span_of(&line.tokens, lo..hi);
            let cut = Span { lo: line.tokens[lo - 1].1.hi, ..span };
            self.report(
                line,
                Diagnostic::error(codes::IMPORT_FORM, span, "There is no 'as' in PyCo's imports")
                    .help("An imported name keeps its name, with the module before it: math.sin(x).")
                    .fix("Remove it", cut, ""),
            );
            line.tokens.drain(lo..hi);
            from = lo;
        }
    }

    // ---- headers -------------------------------------------------------------------------

    fn else_if(&mut self, line: &mut Line<'_>) {
        let span = span_of(&line.tokens, 0..2);
        self.report(
            line,
            Diagnostic::error(codes::MISSPELT_KEYWORD, span, "'else if' is written 'elif'").fix(
                "Write 'elif'",
                span,
                "elif",
            ),
        );
        line.tokens.splice(0..2, [(Token::Kw(Kw::Elif), span)]);
    }

    fn assignment_in_condition(&mut self, line: &mut Line<'_>) {
        let colon = find(&line.tokens, 1, |t| *t == Token::Sym(Sym::Colon));
        let at = find(&line.tokens, 1, |t| *t == Token::Sym(Sym::Assign));
        if at >= colon {
            return;
        }
        let (all, meant) = comparison_around(&line.tokens, at);
        let span = span_of(&line.tokens, all.clone());
        let text = match all.len() {
            1 => "'=' assigns; a comparison is written '=='".to_string(),
            _ => format!("There is no '{}'; this comparison is written '{}'", self.slice(span), meant.text()),
        };
        self.report(
            line,
            Diagnostic::error(codes::ASSIGNMENT_IN_CONDITION, span, text).fix(
                format!("Write '{}'", meant.text()),
                span,
                meant.text(),
            ),
        );
        line.tokens.splice(all, [(Token::Sym(meant), span)]);
    }

    /// `for x in anything` other than `range(…)`.
    fn for_each(&mut self, line: &mut Line<'_>) {
        let tokens = &line.tokens;
        let into = find(tokens, 1, |t| *t == Token::Kw(Kw::In));
        let colon = find(tokens, 1, |t| *t == Token::Sym(Sym::Colon));
        if into + 1 >= colon {
            return;
        }
        let over_range =
            matches!(tokens[into + 1].0, Token::Name("range")) && is(tokens.get(into + 2), Sym::LParen);
        let one_name = into == 2 && matches!(tokens[1].0, Token::Name(_));
        if over_range && one_name {
            return;
        }
        let span = span_of(tokens, if one_name { into + 1..colon } else { 1..into });
        let diagnostic = if one_name {
            let plain = colon == into + 2 && matches!(tokens[into + 1].0, Token::Name(_));
            let all = if plain { self.slice(span) } else { "a" };
            Diagnostic::error(codes::FOR_EACH, span, "'for' counts over range(…) only").help(format!(
                "For the elements of {all}: for i in range(len({all})), and {all}[i] in the body."
            ))
        } else if find(tokens, 1, |t| *t == Token::Sym(Sym::Comma)) < into {
            Diagnostic::error(codes::FOR_EACH, span, "'for' has exactly one loop variable")
                .help("Write: for i in range(n):")
        } else {
            let text = "The loop variable is a variable of its own, not a property or an element";
            Diagnostic::error(codes::FOR_EACH, span, text)
                .help("Write: for i in range(n): and assign it in the body.")
        };
        self.report(line, diagnostic);
        // What remains is a loop whose bound nobody knows.
        let mut header = vec![line.tokens[0].clone()];
        header.push(if one_name { line.tokens[1].clone() } else { (Token::Name("_"), span) });
        header.push(line.tokens[into].clone());
        for token in [Token::Name("range"), Token::Sym(Sym::LParen), Token::Error, Token::Sym(Sym::RParen)] {
            header.push((token, span));
        }
        line.tokens.splice(0..colon, header);
    }

    fn asynchronous(&mut self, line: &mut Line<'t>) {
        let span = line.tokens[0].1;
        self.report(
            line,
            Diagnostic::error(codes::ASYNC, span, "There is no 'async' in PyCo")
                .help("What must run beside the program goes into an interrupt handler: @irq."),
        );
        if matches!(line.tokens.get(1), Some((Token::Kw(Kw::Def), _))) {
            line.tokens.remove(0);
        } else {
            replace_all(line);
        }
    }

    // ---- lines that begin with a name ------------------------------------------------------

    fn name(&mut self, line: &mut Line<'t>) {
        let Token::Name(word) = line.tokens[0].0 else { return };
        let second = line.tokens.get(1).map(|(t, _)| t);
        let adjacent = second.is_some_and(|t| t.begins_operand() || matches!(t, Token::Kw(Kw::Not)));
        let header = is(line.tokens.last(), Sym::Colon) && line.tokens.len() > 2;
        let colon = find(&line.tokens, 1, |t| *t == Token::Sym(Sym::Colon)) < line.tokens.len();
        let subject = second.is_some_and(begins_subject) && (adjacent || header);
        if matches!(word, "match" | "switch" | "case") && colon && subject {
            if word == "case" && self.last_match.is_some() {
                line.tainted = true;
                return replace_all(line);
            }
            self.last_match = Some(line.indent.hi - line.indent.lo);
            return self.drop_line(
                line,
                codes::MATCH,
                &format!("There is no '{word}' in PyCo"),
                "Compare in an if / elif / else chain.",
            );
        }
        match word {
            "module" if adjacent => return,
            "__asm__" => return self.assembly(line),
            _ => {}
        }
        if self.incomplete_declaration(line)
            || self.initialised_type(line)
            || self.misspelt(line, word, adjacent, header)
        {
            return;
        }
        if adjacent {
            self.adjacent_names(line, word);
        } else {
            self.increment(line);
        }
    }

    /// A misspelt keyword is reported and then taken for what was meant.
    fn misspelt(&mut self, line: &mut Line<'t>, word: &str, adjacent: bool, header: bool) -> bool {
        let after_is_value = !matches!(line.tokens.get(1), Some((Token::Sym(Sym::Assign | Sym::Colon), _)));
        let candidates: &[&str] = if line.tokens.len() == 1 {
            &["pass", "break", "continue", "return"]
        } else if line.tokens.len() == 2 && is(line.tokens.last(), Sym::Colon) {
            &["else"]
        } else if header && after_is_value {
            &["def", "class", "if", "elif", "while", "for"]
        } else if adjacent && !TYPES.contains(&word) {
            &["def", "class", "if", "elif", "while", "for", "return", "from", "import"]
        } else {
            return false;
        };
        // `fn main():` has the shape of a definition and of nothing else.
        let shape = adjacent && header && is(line.tokens.get(2), Sym::LParen);
        let similar = suggest::best(word, candidates.iter().copied());
        let Some(meant) = similar.or(shape.then_some("def")) else { return false };
        let Some(kw) = Kw::from_text(meant) else { return false };
        let span = line.tokens[0].1;
        self.report(
            line,
            Diagnostic::error(
                codes::MISSPELT_KEYWORD,
                span,
                format!("There is no '{word}'. Did you mean '{meant}'?"),
            )
            .fix(format!("Write '{meant}'"), span, meant),
        );
        line.tokens[0].0 = Token::Kw(kw);
        self.keyword(line, kw);
        true
    }

    /// Two words side by side: `byte x = 3`, `var x = 3`, `print x`.
    fn adjacent_names(&mut self, line: &mut Line<'t>, word: &str) {
        let first = line.tokens[0].1;
        let all = span_of(&line.tokens, 0..line.tokens.len());
        if word == "print" {
            let rest = self.slice(span_of(&line.tokens, 1..line.tokens.len())).to_string();
            let diagnostic = Diagnostic::error(codes::CALL_PARENTHESES, first, "A call needs parentheses")
                .fix("Add them", all, format!("print({rest})"));
            self.report(line, diagnostic);
            return replace_all(line);
        }
        if let "REM" | "rem" | "goto" | "GOTO" | "gosub" | "GOSUB" = word {
            let text = format!("There is no '{word}' in PyCo");
            let help = match word {
                "REM" | "rem" => "Comments begin with '#'.",
                _ => "Use loops, break, and functions.",
            };
            self.report(line, Diagnostic::error(codes::FOREIGN_OPERATOR, first, text).help(help));
            return replace_all(line);
        }
        if TYPES.contains(&word) && is(line.tokens.get(2), Sym::LBracket) {
            return self.array_of_c(line, word);
        }
        let (Some((Token::Name(name), second)), true) =
            (line.tokens.get(1), line.tokens.len() == 2 || is(line.tokens.get(2), Sym::Assign))
        else {
            return;
        };
        let (name, second) = (*name, *second);
        if TYPES.contains(&word) {
            let declaration = first.to(second);
            let fixed = format!("{name}: {word}");
            self.report(
                line,
                Diagnostic::error(
                    codes::DECLARATION_FORM,
                    declaration,
                    format!("A declaration is written with the type last: '{fixed}'"),
                )
                .fix(format!("Write '{fixed}'"), declaration, fixed),
            );
            line.tokens.swap(0, 1);
            line.tokens.insert(1, (Token::Sym(Sym::Colon), second));
        } else if matches!(word, "var" | "let" | "const" | "auto") {
            self.report(
                line,
                Diagnostic::error(codes::DECLARATION_FORM, first, format!("There is no '{word}' in PyCo"))
                    .help(format!("A variable is declared with its type, '{name}: byte = 0'; a constant at module level without: '{} = 1'.", name.to_uppercase())),
            );
            replace_all(line);
        }
    }

    /// `__asm__` and one text; an ordinary string is assembly too, as it is written.
    fn assembly(&mut self, line: &mut Line<'t>) {
        let tokens = &mut line.tokens;
        let call = tokens.len() == 4 && is(tokens.get(1), Sym::LParen) && is(tokens.get(3), Sym::RParen);
        match tokens.get_mut(2) {
            Some((Token::Text { .. }, _)) if call => {}
            Some((token @ Token::Str(_), span)) if call && !line.tainted && plain(token) => {
                let (lo, hi) = (span.lo + 1, span.hi - 1);
                *token = Token::Text { text: self.slice(Span { lo, hi, ..*span }), lo };
            }
            _ => {
                let span = tokens[0].1;
                let diagnostic =
                    Diagnostic::error(codes::TRIPLE_QUOTES, span, "'__asm__' takes one text of assembly")
                        .help("Write it as a statement: __asm__(\"\"\"lda #0\"\"\")");
                if !line.tainted {
                    self.report(line, diagnostic);
                }
                replace_all(line);
            }
        }
    }

    /// `++i`.
    fn increment_before(&mut self, line: &mut Line<'_>) {
        let [(Token::Sym(a), first), (Token::Sym(b), second), target @ ..] = &line.tokens[..] else { return };
        if a != b || first.hi != second.lo || !matches!(target.first(), Some((Token::Name(_), _))) {
            return;
        }
        let (sign, span) = (a.text(), first.to(*second));
        let target = self.slice(span_of(&line.tokens, 2..line.tokens.len()));
        let fixed = format!("{target} {sign}= 1");
        let all = span_of(&line.tokens, 0..line.tokens.len());
        let text = format!("There is no '{sign}{sign}' in PyCo");
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, span, text);
        self.report(line, diagnostic.fix(format!("Write '{fixed}'"), all, fixed));
        replace_all(line);
    }

    /// `i++`.
    fn increment(&mut self, line: &mut Line<'_>) {
        let n = line.tokens.len();
        let sign = |i: usize| match line.tokens.get(i) {
            Some((Token::Sym(sym @ (Sym::Plus | Sym::Minus)), span)) => Some((*sym, *span)),
            _ => None,
        };
        let (Some((a, first)), Some((b, second)), true) = (sign(n.wrapping_sub(2)), sign(n - 1), n > 2)
        else {
            return;
        };
        if a == b && first.hi == second.lo {
            let (span, text) = (first.to(second), a.text());
            let cut = Span { lo: line.tokens[n - 3].1.hi, ..span };
            let mut diagnostic = Diagnostic::error(
                codes::FOREIGN_OPERATOR,
                span,
                format!("There is no '{text}{text}' in PyCo"),
            );
            let edits = vec![Edit { span: cut, text: format!(" {text}= 1") }];
            diagnostic.fixes.push(Fix { title: format!("Write '{text}= 1'"), edits });
            self.report(line, diagnostic);
            replace_all(line);
        }
    }
}

/// True for a string in plain double quotes.
fn plain(token: &Token<'_>) -> bool {
    matches!(token, Token::Str(literal) if literal.kind == StrKind::Petscii)
}

/// True for what can follow `match`, but not a variable of that name in a statement.
fn begins_subject(token: &Token<'_>) -> bool {
    token.begins_operand() || opens(token)
}

/// The tokens that a '=' where a comparison belongs forms an operator with (`=<`, `===`), and the one
/// that is meant.
fn comparison_around(tokens: &[Spanned<'_>], at: usize) -> (Range<usize>, Sym) {
    let joined = |i: usize| tokens[i].1.hi == tokens[i + 1].1.lo;
    if let Some((Token::Sym(next), _)) = tokens.get(at + 1)
        && joined(at)
    {
        match next {
            Sym::Lt => return (at..at + 2, Sym::Le),
            Sym::Gt => return (at..at + 2, Sym::Ge),
            _ => {}
        }
    }
    if let Some(Token::Sym(before @ (Sym::Eq | Sym::Ne))) = at.checked_sub(1).map(|i| &tokens[i].0)
        && joined(at - 1)
    {
        return (at - 1..at + 1, *before);
    }
    (at..at + 1, Sym::Eq)
}
