//! Makes a source smaller while something about it stays true.
//!
//! In: a source text and a check. Out: a text for which the check still holds and that no single
//! step of these makes smaller: leaving out a run of neighbouring definitions, members or statements,
//! putting the body of a statement in its place, replacing an expression by a part of it or by a
//! number, leaving out a comment or docstring. Invariant: every step makes the text shorter, so it
//! ends. Not here: what the check is (`cli/reduce.rs`).

use std::ops::Range;

use crate::base::diag::Sink;
use crate::base::source::{SourceMap, Span};
use crate::parse::parse;
use crate::syntax::ast::{Block, Docstring, Expr, ExprKind, FuncBody, Item, Member, Module, Stmt, StmtKind};

/// A part of the text and what takes its place.
struct Edit {
    range: Range<usize>,
    text: String,
}

/// The smallest text found from `text` on for which `holds` is true, as it is for `text`.
pub fn reduce(mut text: String, holds: &mut dyn FnMut(&str) -> bool) -> String {
    loop {
        let before = text.len();
        for edits in [runs, bodies, expressions, remarks] {
            let mut at = 0;
            while let Some(edit) = edits(&Tree::new(&text)).into_iter().nth(at) {
                let mut smaller = text.clone();
                smaller.replace_range(edit.range, &edit.text);
                if smaller.len() < text.len() && holds(&smaller) {
                    text = smaller;
                } else {
                    at += 1;
                }
            }
        }
        if text.len() == before {
            return text;
        }
    }
}

/// A text with what the parser makes of it.
struct Tree<'a> {
    text: &'a str,
    module: Module,
}

/// Statements, members or definitions that follow each other.
struct List {
    lines: Vec<Range<usize>>,
    /// A block must not be empty.
    is_block: bool,
}

impl<'a> Tree<'a> {
    fn new(text: &'a str) -> Self {
        let file = SourceMap::default().add("", text);
        Tree { text, module: parse(file, text, &mut Sink::default()) }
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.lo as usize..span.hi as usize).unwrap_or("")
    }

    /// The whole lines on which something stands.
    fn lines(&self, span: Span) -> Range<usize> {
        let start = self.text[..span.lo as usize].rfind('\n').map_or(0, |at| at + 1);
        let end = span.lo as usize + self.slice(span).trim_end().len();
        let end = self.text[end..].find('\n').map_or(self.text.len(), |at| end + at + 1);
        start..end
    }

    fn lists(&self) -> Vec<List> {
        let items = self.module.items.iter().map(|item| self.lines(item_span(item))).collect();
        let mut found = vec![List { lines: items, is_block: false }];
        for item in &self.module.items {
            if let Item::Class(class) = item {
                let lines = class.members.iter().map(|m| self.lines(member_span(m))).collect();
                found.push(List { lines, is_block: true });
            }
        }
        for block in self.blocks() {
            let lines = block.stmts.iter().map(|s| self.lines(s.span)).collect();
            found.push(List { lines, is_block: true });
        }
        found
    }

    /// All blocks of statements, outer ones first.
    fn blocks(&self) -> Vec<&Block> {
        let mut open: Vec<&Block> = Vec::new();
        for item in &self.module.items {
            let methods: Vec<_> = match item {
                Item::Func(func) => vec![func],
                Item::Class(class) => class.members.iter().filter_map(method).collect(),
                _ => Vec::new(),
            };
            open.extend(methods.into_iter().filter_map(|f| match &f.body {
                FuncBody::Block(block) => Some(block),
                _ => None,
            }));
        }
        let mut at = 0;
        while at < open.len() {
            open.extend(open[at].stmts.iter().flat_map(blocks_of));
            at += 1;
        }
        open
    }

    fn statements(&self) -> impl Iterator<Item = &Stmt> {
        self.blocks().into_iter().flat_map(|block| &block.stmts)
    }
}

fn item_span(item: &Item) -> Span {
    match item {
        Item::Import(it) => it.span,
        Item::Include(it) => it.span,
        Item::Const(it) => it.span,
        Item::Data(it) => it.span,
        Item::Func(it) => it.span,
        Item::Class(it) => it.span,
        Item::Error(span) => *span,
    }
}

fn member_span(member: &Member) -> Span {
    match member {
        Member::Property(it) => it.span,
        Member::Method(it) => it.span,
        Member::Error(span) => *span,
    }
}

fn method(member: &Member) -> Option<&crate::syntax::ast::FuncDef> {
    if let Member::Method(func) = member { Some(func) } else { None }
}

/// The blocks of a statement.
fn blocks_of(stmt: &Stmt) -> Vec<&Block> {
    match &stmt.kind {
        StmtKind::If { arms, otherwise } => arms.iter().map(|arm| &arm.body).chain(otherwise).collect(),
        StmtKind::While { body, .. } | StmtKind::For { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

/// Leaving out halves of lists, then quarters, down to single lines; the last first, so that uses go
/// before what they use.
fn runs(tree: &Tree) -> Vec<Edit> {
    let mut found = Vec::new();
    for list in tree.lists() {
        let count = list.lines.len();
        let mut size = count;
        while size > 0 {
            for end in (1..=count).rev().step_by(size) {
                let first = end.saturating_sub(size);
                let range = list.lines[first].start..list.lines[end - 1].end;
                let all = list.is_block && end - first == count;
                let text =
                    if all { format!("{}pass\n", indent(&tree.text[range.clone()])) } else { String::new() };
                found.push(Edit { range, text });
            }
            size /= 2;
        }
    }
    found
}

fn indent(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches([' ', '\t']).len()]
}

/// Putting a body in the place of its statement.
fn bodies(tree: &Tree) -> Vec<Edit> {
    let mut found = Vec::new();
    for stmt in tree.statements() {
        let range = tree.lines(stmt.span);
        let outer = indent(&tree.text[range.clone()]);
        for block in blocks_of(stmt) {
            let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { continue };
            let inside = tree.lines(first.span).start..tree.lines(last.span).end;
            let Some(body) = tree.text.get(inside) else { continue };
            let deeper = indent(body);
            let moved = body.split_inclusive('\n').map(|line| match line.strip_prefix(deeper) {
                Some(rest) => format!("{outer}{rest}"),
                None => line.to_string(),
            });
            found.push(Edit { range: range.clone(), text: moved.collect() });
        }
    }
    found
}

/// Replacing expressions by numbers and by their parts.
fn expressions(tree: &Tree) -> Vec<Edit> {
    let mut open: Vec<&Expr> = Vec::new();
    for item in &tree.module.items {
        match item {
            Item::Const(it) => open.push(&it.value),
            Item::Data(it) => open.extend(&it.value),
            Item::Class(class) => open.extend(class.members.iter().filter_map(|member| match member {
                Member::Property(it) => it.value.as_ref(),
                _ => None,
            })),
            _ => {}
        }
    }
    tree.statements().for_each(|stmt| open.extend(own_expressions(stmt)));
    let statements: Vec<Span> = tree.statements().map(|stmt| stmt.span).collect();
    let mut found = Vec::new();
    while let Some(e) = open.pop() {
        let range = e.span.lo as usize..e.span.hi as usize;
        let parts = parts(e);
        let simple = ["0", "\"\""].into_iter().chain(parts.iter().map(|part| tree.slice(part.span)));
        // A statement that is an expression goes as a statement.
        let simple = simple.filter(|_| !statements.contains(&e.span));
        found.extend(simple.map(|text| Edit { range: range.clone(), text: text.to_string() }));
        if let ExprKind::Call { args, .. } | ExprKind::Tuple(args) = &e.kind {
            found.extend(without_one(args));
        }
        open.extend(parts);
    }
    found
}

/// Leaving out one of several values with its comma.
fn without_one(values: &[Expr]) -> Vec<Edit> {
    let edit = |i: usize| {
        let own = values[i].span;
        let (lo, hi) = match (i.checked_sub(1), values.get(i + 1)) {
            (Some(before), _) => (values[before].span.hi, own.hi),
            (None, Some(next)) => (own.lo, next.span.lo),
            (None, None) => (own.lo, own.hi),
        };
        Edit { range: lo as usize..hi as usize, text: String::new() }
    };
    (0..values.len()).rev().map(edit).collect()
}

/// The expressions of a statement that are not inside its blocks.
fn own_expressions(stmt: &Stmt) -> Vec<&Expr> {
    match &stmt.kind {
        StmtKind::Expr(e) | StmtKind::Return(Some(e)) => vec![e],
        StmtKind::Assign { target, value } | StmtKind::AugAssign { target, value, .. } => vec![target, value],
        StmtKind::Decl(decl) => decl.value.iter().collect(),
        StmtKind::If { arms, .. } => arms.iter().map(|arm| &arm.cond).collect(),
        StmtKind::While { cond, .. } => vec![cond],
        StmtKind::For { range, .. } => {
            range.start.iter().chain(Some(&range.end)).chain(range.step.iter()).collect()
        }
        _ => Vec::new(),
    }
}

fn parts(e: &Expr) -> Vec<&Expr> {
    match &e.kind {
        ExprKind::Attr { base, .. } => vec![base],
        ExprKind::Index { base, index } => vec![base, index],
        ExprKind::Call { callee, args } => Some(&**callee).into_iter().chain(args).collect(),
        ExprKind::Unary { operand, .. } => vec![operand],
        ExprKind::Binary { left, right, .. }
        | ExprKind::Compare { left, right, .. }
        | ExprKind::Logic { left, right, .. } => vec![left, right],
        ExprKind::Tuple(values) => values.iter().collect(),
        ExprKind::Fill(inner) | ExprKind::Paren(inner) => vec![inner],
        _ => Vec::new(),
    }
}

/// Leaving out comments, docstrings and empty lines.
fn remarks(tree: &Tree) -> Vec<Edit> {
    let empty = |range: Range<usize>| Edit { range, text: String::new() };
    let mut found: Vec<Edit> = tree
        .module
        .comments
        .iter()
        .map(|comment| {
            let lines = tree.lines(comment.span);
            let alone = tree.text[lines.start..comment.span.lo as usize].trim().is_empty();
            empty(if alone { lines } else { comment.span.lo as usize..comment.span.hi as usize })
        })
        .collect();
    let docs = tree.module.items.iter().flat_map(|item| match item {
        Item::Func(func) => func.doc.iter().collect(),
        Item::Class(class) => class
            .doc
            .iter()
            .chain(class.members.iter().filter_map(method).filter_map(|f| f.doc.as_ref()))
            .collect(),
        _ => Vec::<&Docstring>::new(),
    });
    found.extend(tree.module.doc.iter().chain(docs).map(|doc| empty(tree.lines(doc.span))));
    let mut start = 0;
    for line in tree.text.split_inclusive('\n') {
        if line.trim().is_empty() {
            found.push(empty(start..start + line.len()));
        }
        start += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::reduce;

    #[test]
    fn only_what_the_check_needs_is_left() {
        let text = "\
# A comment.
K = 3

def unused() -> byte:
    \"\"\"Says nothing.\"\"\"
    return 4


def f(n: byte) -> byte:
    m: byte = n
    if n > 3:  # many
        while m:
            m -= 1
            print(\"X\", (m + 3) * 4)
    return m


def main():
    print(f(2))
    f(3)
";
        let small = reduce(text.to_string(), &mut |text| {
            text.contains("print(\"X\"")
                && text.contains("main")
                && !text.contains("0(")
                && !text.contains("\"(")
        });
        assert_eq!(small, "def f(n: byte) -> byte:\n    print(\"X\")\ndef main():\n    pass\n");
    }

    #[test]
    fn expressions_become_their_parts() {
        let text = "def main():\n    x: word = (a * (b + f(7, g[2 + i])))\n";
        let small = reduce(text.to_string(), &mut |text| text.contains("g["));
        assert_eq!(small, "def main():\n    x: word = g[0]\n");
    }

    #[test]
    fn text_that_is_no_source_stays_as_it_is() {
        assert_eq!(reduce("((( ]]]\n\t\"".to_string(), &mut |_| false), "((( ]]]\n\t\"");
    }
}
