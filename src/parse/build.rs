//! Rows → the tree of the module: what belongs together, and what may stand where.
//!
//! In: the rows of the grammar. Out: items, members and statements. Invariant: a row in the wrong
//! place is reported once and becomes an `Error` node; what is inside is checked all the same.
//! Function bodies are in `body.rs`. Not here: names and types.

use super::decl::{ClassHead, FuncHead};
use super::stmt::{Row, RowKind, Rows};
use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::{FileId, Span};
use crate::syntax::ast::{
    ClassDef, Comment, ConstDef, Decorator, Docstring, Expr, ExprKind, FuncBody, FuncDef, Ident, Include,
    Item, Member, Module, ModuleStmt, StrLit, StrPart, TypeExpr, TypeKind, VarDecl,
};

/// Builds the tree from rows.
pub struct Builder<'k> {
    pub(super) sink: &'k mut Sink,
    /// Decorators that wait for their definition.
    decorators: Vec<Decorator>,
    /// A chain of too many branches was reported.
    pub(super) long_chain: bool,
    /// Properties that a method declares, which were reported.
    pub(super) misplaced: Vec<Ident>,
    /// Names of definitions and imports in blocks, which were reported.
    pub(super) nested: Vec<Ident>,
    /// The last definition lacks its block, which was reported: what follows may be meant as it.
    blockless: bool,
}

/// The tree of a file.
pub fn module(file: FileId, rows: Vec<Row>, comments: Vec<Comment>, span: Span, sink: &mut Sink) -> Module {
    let mut module = Module { file, doc: None, header: None, items: Vec::new(), comments, span };
    let mut builder = Builder {
        sink,
        decorators: Vec::new(),
        long_chain: false,
        misplaced: Vec::new(),
        nested: Vec::new(),
        blockless: false,
    };
    builder.module(&mut module, rows);
    builder.keep_nested(&mut module);
    module
}

impl Builder<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    fn module(&mut self, module: &mut Module, rows: Vec<Row>) {
        let mut head = true;
        for (i, row) in rows.into_iter().enumerate() {
            let span = whole(&row);
            match row.kind {
                RowKind::Doc(doc) if i == 0 => module.doc = Some(doc),
                RowKind::Module { path, version } => {
                    let first = module.header.is_none() && module.items.is_empty();
                    if !first {
                        self.report(
                            Diagnostic::error(
                                codes::MODULE_STATEMENT,
                                span,
                                "'module' must be the first statement of the file",
                            )
                            .help("Only comments and the docstring may stand before it."),
                        );
                    }
                    if module.header.is_none() {
                        module.header = Some(ModuleStmt { path, version, span });
                    }
                }
                RowKind::Import(import) => {
                    if !head {
                        self.import_position(span);
                    }
                    module.items.push(Item::Import(import));
                }
                kind => {
                    let item = self.item(kind, row.block, row.head, span);
                    head &= !matches!(
                        item,
                        Some(Item::Const(_) | Item::Data(_) | Item::Func(_) | Item::Class(_))
                    );
                    module.items.extend(item);
                }
            }
        }
        self.stray_decorators();
    }

    /// Keeps the names of reported definitions, without a meaning, so that their uses are silent.
    fn keep_nested(&mut self, module: &mut Module) {
        for name in std::mem::take(&mut self.nested) {
            let taken = |item: &Item| match item {
                Item::Func(FuncDef { name: other, .. })
                | Item::Class(ClassDef { name: other, .. })
                | Item::Const(ConstDef { name: other, .. })
                | Item::Data(VarDecl { name: other, .. }) => other.name == name.name,
                Item::Import(import) => import.path.parts.last().is_some_and(|last| last.name == name.name),
                _ => false,
            };
            if !module.items.iter().any(taken) {
                module.items.insert(0, Item::Data(unknown_variable(name)));
            }
        }
    }

    /// Any row at module level other than `module`, imports and the docstring.
    fn item(&mut self, kind: RowKind, block: Option<Rows>, head: Span, span: Span) -> Option<Item> {
        if !matches!(kind, RowKind::Decorator(_) | RowKind::Def(_) | RowKind::Class(_)) {
            self.stray_decorators();
        }
        if matches!(kind, RowKind::Def(_) | RowKind::Class(_)) {
            self.blockless = block.as_ref().is_some_and(Rows::is_supplied);
        }
        let item = match kind {
            RowKind::Decorator(decorator) => {
                self.decorators.push(decorator);
                return None;
            }
            RowKind::Def(def) => Item::Func(self.function(def, block, head, span)),
            RowKind::Class(class) => Item::Class(self.class(class, block, head, span)),
            RowKind::Assign { target, value } => match target.kind {
                ExprKind::Name(name) => {
                    let name = super::body::named(name, target.span);
                    self.constant_name(&name.name, name.span);
                    Item::Const(ConstDef { name, value, span })
                }
                ExprKind::Error => Item::Error(span),
                _ => self.not_at_module_level(None, span),
            },
            RowKind::Decl { target, ty, value } => match self.declared_name(target) {
                Some(name) => Item::Data(VarDecl { name, ty, value, span }),
                None => Item::Error(span),
            },
            RowKind::Expr(expr) => match include(&expr) {
                Some(include) => Item::Include(include),
                None if expr.kind == ExprKind::Error => Item::Error(span),
                None => self.not_at_module_level(Some(&expr), span),
            },
            RowKind::Doc(doc) => self.stray_docstring(&doc),
            RowKind::Bad | RowKind::Elif(_) | RowKind::Else => {
                self.ignored(block);
                Item::Error(span)
            }
            RowKind::If(condition) => {
                let item = self.not_at_module_level(Some(&condition), head);
                self.ignored(block);
                item
            }
            _ => {
                let item = self.not_at_module_level(None, head);
                self.ignored(block);
                item
            }
        };
        Some(item)
    }

    fn not_at_module_level(&mut self, expr: Option<&Expr>, span: Span) -> Item {
        if self.blockless {
            return Item::Error(span);
        }
        let message = "A statement cannot stand at module level";
        let diagnostic = Diagnostic::error(codes::MODULE_LEVEL_STATEMENT, span, message);
        if expr.is_some_and(|e| calls(e, "include")) {
            let message = "include() takes the name of one file";
            self.report(
                Diagnostic::error(codes::MODULE_LEVEL_STATEMENT, span, message)
                    .help("For example: include(\"map\") for map.pyco"),
            );
            return Item::Error(span);
        }
        self.report(if expr.is_some_and(mentions_main) {
            diagnostic.help("Remove it: the program begins in main() by itself.")
        } else {
            diagnostic.help("Put it into a function; the program begins in main().")
        });
        Item::Error(span)
    }

    fn constant_name(&mut self, name: &str, span: Span) {
        // A name with other letters was reported.
        if !self.blockless && name.is_ascii() && name.bytes().any(|b| b.is_ascii_lowercase()) {
            let upper = name.to_ascii_uppercase();
            self.report(
                Diagnostic::error(
                    codes::MODULE_LEVEL_NAME,
                    span,
                    format!("'{name}' cannot be assigned at module level"),
                )
                .help(format!(
                    "A constant has a name in upper case: {upper}. A variable that functions share is a property of a @singleton class."
                ))
                .fix(format!("Make it the constant {upper}"), span, upper),
            );
        }
    }

    pub(super) fn import_position(&mut self, span: Span) {
        self.report(
            Diagnostic::error(codes::IMPORT_POSITION, span, "Import only allowed at file beginning")
                .help("Imports stand before the first constant, data, function or class."),
        );
    }

    pub(super) fn stray_docstring(&mut self, doc: &Docstring) -> Item {
        self.report(
            Diagnostic::error(codes::TRIPLE_QUOTES, doc.span, "A docstring can only come first").help(
                "It is the first item of a module, class, function or method; elsewhere use '#' comments.",
            ),
        );
        Item::Error(doc.span)
    }

    /// Reports the decorators that wait, all that stand together at once.
    pub(super) fn stray_decorators(&mut self) {
        let decorators = std::mem::take(&mut self.decorators);
        let [first, others @ ..] = &decorators[..] else { return };
        let text = match others.len() {
            0 => format!("'@{}' belongs to no function or class", first.name.name),
            n => format!("'@{}' and {n} more decorators belong to no function or class", first.name.name),
        };
        let span = others.last().map_or(first.span, |last| first.span.to(last.span));
        self.report(
            Diagnostic::error(codes::STRAY_DECORATOR, span, text)
                .help("A decorator stands directly before def or class."),
        );
    }

    pub(super) fn keep_decorator(&mut self, decorator: Decorator) {
        self.decorators.push(decorator);
    }

    pub(super) fn function(&mut self, head: FuncHead, block: Option<Rows>, at: Span, span: Span) -> FuncDef {
        let decorators = std::mem::take(&mut self.decorators);
        let span = decorators.first().map_or(span, |d| d.span.to(span));
        let (doc, body) = self.function_body(block, at);
        let FuncHead { name, signature } = head;
        let body = if signature.is_some() { body } else { FuncBody::Unknown };
        let (params, ret) = signature.unwrap_or_default();
        FuncDef { decorators, name, params, ret, doc, body, head_span: at, span }
    }

    fn function_body(&mut self, block: Option<Rows>, at: Span) -> (Option<Docstring>, FuncBody) {
        let mut block = block.unwrap_or(Rows { rows: Vec::new(), span: at.end() });
        let doc = take_docstring(&mut block);
        if let [Row { kind: RowKind::Ellipsis, head, .. }] = block.rows[..] {
            return (doc, FuncBody::Declared(head));
        }
        (doc, FuncBody::Block(self.block(Some(block), at)))
    }

    fn class(&mut self, head: ClassHead, block: Option<Rows>, at: Span, span: Span) -> ClassDef {
        let decorators = std::mem::take(&mut self.decorators);
        let span = decorators.first().map_or(span, |d| d.span.to(span));
        if let [_, second, ..] = &head.parents[..] {
            self.report(
                Diagnostic::error(
                    codes::MULTIPLE_INHERITANCE,
                    second.span,
                    "A class inherits from one class only",
                )
                .help("Make the second one a property: its methods are then called through it."),
            );
        }
        let mut block = block.unwrap_or(Rows { rows: Vec::new(), span: at.end() });
        let doc = take_docstring(&mut block);
        self.misplaced.clear();
        let mut members: Vec<Member> = block.rows.into_iter().filter_map(|row| self.member(row)).collect();
        for name in std::mem::take(&mut self.misplaced) {
            let same = |member: &Member| matches!(member, Member::Property(p) if p.name.name == name.name);
            if !members.iter().any(same) {
                members.push(Member::Property(unknown_variable(name)));
            }
        }
        self.stray_decorators();
        let parent = head.parents.into_iter().next();
        ClassDef { decorators, name: head.name, parent, doc, members, head_span: at, span }
    }

    fn member(&mut self, row: Row) -> Option<Member> {
        let span = whole(&row);
        if !matches!(row.kind, RowKind::Decorator(_) | RowKind::Def(_)) {
            self.stray_decorators();
        }
        let member = match row.kind {
            RowKind::Pass => return None,
            RowKind::Decorator(decorator) => {
                self.decorators.push(decorator);
                return None;
            }
            RowKind::Def(head) => Member::Method(self.function(head, row.block, row.head, span)),
            RowKind::Decl { target, ty, value } => match self.declared_name(target) {
                Some(name) => Member::Property(VarDecl { name, ty, value, span }),
                None => Member::Error(span),
            },
            RowKind::Assign { target: Expr { kind: ExprKind::Name(name), span: place }, .. } => {
                self.report(
                    Diagnostic::error(
                        codes::MISSING_TYPE,
                        span,
                        format!("The property '{name}' has no type"),
                    )
                    .help(format!("For example: {name}: byte = 0. Constants stand at module level.")),
                );
                Member::Property(unknown_variable(super::body::named(name, place)))
            }
            RowKind::Class(class) => {
                self.nested_definition("class", class.name, row.head);
                self.ignored(row.block);
                Member::Error(span)
            }
            RowKind::Doc(doc) => {
                self.stray_docstring(&doc);
                Member::Error(span)
            }
            RowKind::Expr(Expr { kind: ExprKind::Error, .. }) => Member::Error(span),
            RowKind::Import(_) => {
                self.import_position(span);
                Member::Error(span)
            }
            kind => {
                if !matches!(kind, RowKind::Bad) {
                    self.report(
                        Diagnostic::error(codes::CLASS_LEVEL_STATEMENT, row.head, "A statement cannot stand in a class")
                            .help("A class holds properties (name: type) and methods (def); statements go into methods."),
                    );
                }
                self.ignored(row.block);
                Member::Error(span)
            }
        };
        Some(member)
    }

    pub(super) fn nested_definition(&mut self, what: &str, name: Ident, span: Span) {
        self.nested.push(name);
        self.report(
            Diagnostic::error(
                codes::NESTED_DEFINITION,
                span,
                format!("'{what}' cannot stand inside a function or class"),
            )
            .help("Move it to module level, above its first use."),
        );
    }

    /// Checks a block whose header has no meaning here.
    pub(super) fn ignored(&mut self, block: Option<Rows>) {
        if let Some(block) = block {
            let at = block.span;
            self.block(Some(block), at);
        }
    }
}

/// A variable of which only the name is known; nothing more is said about its uses.
fn unknown_variable(name: Ident) -> VarDecl {
    let span = name.span;
    VarDecl { name, ty: TypeExpr { kind: TypeKind::Error, span }, value: None, span }
}

/// The row with its block.
pub fn whole(row: &Row) -> Span {
    row.block.as_ref().map_or(row.head, |block| row.head.to(block.span))
}

/// Removes a docstring at the start of a block.
fn take_docstring(block: &mut Rows) -> Option<Docstring> {
    let Some(Row { kind: RowKind::Doc(doc), .. }) = block.rows.first() else { return None };
    let doc = doc.clone();
    block.rows.remove(0);
    Some(doc)
}

/// `include("name")`.
pub fn include(expr: &Expr) -> Option<Include> {
    let ExprKind::Call { callee, args } = &expr.kind else { return None };
    let is_include = matches!(&callee.kind, ExprKind::Name(name) if name == "include");
    match (is_include, &args[..]) {
        (true, [Expr { kind: ExprKind::Str(literal), span }]) => {
            Some(Include { name: plain_text(literal), name_span: *span, span: expr.span })
        }
        _ => None,
    }
}

/// The characters of a literal; escapes with a code have no place in a file name.
fn plain_text(literal: &StrLit) -> String {
    let letter = |(part, _): &(StrPart, Span)| match part {
        StrPart::Char(c) => *c,
        StrPart::Byte(_) => '\u{fffd}',
    };
    literal.parts.iter().map(letter).collect()
}

/// A call of this name.
fn calls(expr: &Expr, function: &str) -> bool {
    matches!(&expr.kind, ExprKind::Call { callee, .. }
        if matches!(&callee.kind, ExprKind::Name(name) if name == function))
}

/// `main()` or `__name__ == "__main__"`, as Python programs end.
fn mentions_main(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { .. } => calls(expr, "main"),
        ExprKind::Compare { left, .. } => matches!(&left.kind, ExprKind::Name(name) if name == "__name__"),
        _ => false,
    }
}
