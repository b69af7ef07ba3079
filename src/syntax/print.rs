//! The tree as source text again, in one fixed style.
//!
//! In: a tree that the parser made. Out: PyCo source that parses to the same tree, spans apart.
//! Invariant: nothing of the tree is lost; numbers are written in decimal. Parentheses are nodes of
//! the tree, so none are added. Not here: comments and blank lines, which are not in the tree but
//! beside it.

use crate::syntax::ast::*;
use std::fmt::Write;

/// The text of a whole file.
pub fn print(module: &Module) -> String {
    let mut printer = Printer { out: String::new(), depth: 0 };
    if let Some(doc) = &module.doc {
        printer.line(&docstring(doc));
    }
    if let Some(header) = &module.header {
        let version = header.version.as_ref().map(version).unwrap_or_default();
        printer.line(&format!("module {}{version}", header.path.dotted()));
    }
    for item in &module.items {
        printer.item(item);
    }
    printer.out
}

struct Printer {
    out: String,
    depth: usize,
}

impl Printer {
    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Prints what `body` prints one level deeper; `pass` if it prints nothing.
    fn block(&mut self, body: impl FnOnce(&mut Self)) {
        self.depth += 1;
        let before = self.out.len();
        body(self);
        if self.out.len() == before {
            self.line("pass");
        }
        self.depth -= 1;
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Import(import) => self.line(&import_line(import)),
            Item::Include(include) => self.line(&format!("include(\"{}\")", escaped(&include.name))),
            Item::Const(def) => self.line(&format!("{} = {}", def.name.name, expr(&def.value))),
            Item::Data(decl) => self.line(&declaration(decl)),
            Item::Func(def) => self.function(def),
            Item::Class(def) => self.class(def),
            Item::Error(_) => self.line(ERROR),
        }
    }

    fn decorators(&mut self, decorators: &[Decorator]) {
        for decorator in decorators {
            let args = match &decorator.args[..] {
                [] => String::new(),
                args => format!("({})", list(args)),
            };
            self.line(&format!("@{}{args}", decorator.name.name));
        }
    }

    fn function(&mut self, def: &FuncDef) {
        self.decorators(&def.decorators);
        let params: Vec<String> =
            def.params.iter().map(|p| format!("{}: {}", p.name.name, ty(&p.ty))).collect();
        let ret = def.ret.as_ref().map(|t| format!(" -> {}", ty(t))).unwrap_or_default();
        self.line(&format!("def {}({}){ret}:", def.name.name, params.join(", ")));
        self.block(|p| {
            if let Some(doc) = &def.doc {
                p.line(&docstring(doc));
            }
            match &def.body {
                FuncBody::Declared(_) | FuncBody::Unknown => p.line("..."),
                FuncBody::Block(block) => p.stmts(block),
            }
        });
    }

    fn class(&mut self, def: &ClassDef) {
        self.decorators(&def.decorators);
        let parent = def.parent.as_ref().map(|p| format!("({})", path(p))).unwrap_or_default();
        self.line(&format!("class {}{parent}:", def.name.name));
        self.block(|p| {
            if let Some(doc) = &def.doc {
                p.line(&docstring(doc));
            }
            for member in &def.members {
                match member {
                    Member::Property(decl) => p.line(&declaration(decl)),
                    Member::Method(def) => p.function(def),
                    Member::Error(_) => p.line(ERROR),
                }
            }
        });
    }

    fn stmts(&mut self, block: &Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(value) => self.line(&expr(value)),
            StmtKind::Assign { target, value } => self.line(&format!("{} = {}", expr(target), expr(value))),
            StmtKind::AugAssign { target, op, value, .. } => {
                self.line(&format!("{} {}= {}", expr(target), op.text(), expr(value)));
            }
            StmtKind::Decl(decl) => self.line(&declaration(decl)),
            StmtKind::If { arms, otherwise } => {
                for (i, arm) in arms.iter().enumerate() {
                    let word = if i == 0 { "if" } else { "elif" };
                    self.line(&format!("{word} {}:", expr(&arm.cond)));
                    self.block(|p| p.stmts(&arm.body));
                }
                if let Some(block) = otherwise {
                    self.line("else:");
                    self.block(|p| p.stmts(block));
                }
            }
            StmtKind::While { cond, body } => {
                self.line(&format!("while {}:", expr(cond)));
                self.block(|p| p.stmts(body));
            }
            StmtKind::For { var, range, body } => {
                let parts = [range.start.as_ref(), Some(&range.end), range.step.as_ref()];
                let parts: Vec<String> = parts.into_iter().flatten().map(expr).collect();
                self.line(&format!("for {} in range({}):", var.name, parts.join(", ")));
                self.block(|p| p.stmts(body));
            }
            StmtKind::Break => self.line("break"),
            StmtKind::Continue => self.line("continue"),
            StmtKind::Pass => self.line("pass"),
            StmtKind::Return(None) => self.line("return"),
            StmtKind::Return(Some(value)) => self.line(&format!("return {}", expr(value))),
            StmtKind::Asm(asm) => self.line(&format!("__asm__(\"\"\"{}\"\"\")", asm.text)),
            StmtKind::Error => self.line(ERROR),
        }
    }
}

/// What stands for an unreadable part; it does not parse either.
const ERROR: &str = "<error>";

fn docstring(doc: &Docstring) -> String {
    format!("\"\"\"{}\"\"\"", doc.text)
}

fn import_line(import: &Import) -> String {
    let spec = import.version.as_ref().map(|v| format!("@{}", v.text)).unwrap_or_default();
    let names: Vec<&str> = import.names.iter().map(|n| n.name.as_str()).collect();
    let names = if import.wildcard.is_some() { "*".to_string() } else { names.join(", ") };
    format!("from {}{spec} import {names}", import.path.dotted())
}

fn version(version: &Version) -> String {
    format!("@{}.{}.{}", version.major, version.minor, version.patch)
}

fn declaration(decl: &VarDecl) -> String {
    let value = decl.value.as_ref().map(|v| format!(" = {}", expr(v))).unwrap_or_default();
    format!("{}: {}{value}", decl.name.name, ty(&decl.ty))
}

fn path(path: &Path) -> String {
    match &path.module {
        Some(module) => format!("{}.{}", module.name, path.name.name),
        None => path.name.name.clone(),
    }
}

/// A type as source text.
pub fn ty(t: &TypeExpr) -> String {
    match &t.kind {
        TypeKind::Named(p) => path(p),
        TypeKind::String { capacity: None } => "string".into(),
        TypeKind::String { capacity: Some(n) } => format!("string[{}]", expr(n)),
        TypeKind::Array { elem, len: None } => format!("array[{}]", ty(elem)),
        TypeKind::Array { elem, len: Some(n) } => format!("array[{}, {}]", ty(elem), expr(n)),
        TypeKind::Tuple(elem) => format!("tuple[{}]", ty(elem)),
        TypeKind::Alias(inner) => format!("alias[{}]", ty(inner)),
        TypeKind::Mapped { inner, addr } => format!("{}[{}]", ty(inner), expr(addr)),
        TypeKind::IrqSafe(inner) => format!("irq_safe[{}]", ty(inner)),
        TypeKind::Relocate { inner, addr } => format!("relocate[{}, {}]", ty(inner), expr(addr)),
        TypeKind::Error => ERROR.into(),
    }
}

/// An expression as source text.
pub fn expr(e: &Expr) -> String {
    match &e.kind {
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Float(value) => format!("{value:?}"),
        ExprKind::Bool(true) => "True".into(),
        ExprKind::Bool(false) => "False".into(),
        ExprKind::Str(literal) => string(literal),
        ExprKind::Name(name) => name.clone(),
        ExprKind::SelfRef => "self".into(),
        ExprKind::SuperRef => "super".into(),
        ExprKind::Attr { base, name } => format!("{}.{}", expr(base), name.name),
        ExprKind::Index { base, index } => format!("{}[{}]", expr(base), expr(index)),
        ExprKind::Call { callee, args } => format!("{}({})", expr(callee), list(args)),
        ExprKind::Unary { op: UnaryOp::Not, operand } => format!("not {}", expr(operand)),
        ExprKind::Unary { op, operand } => format!("{}{}", op.text(), expr(operand)),
        ExprKind::Binary { op, left, right, .. } => format!("{} {} {}", expr(left), op.text(), expr(right)),
        ExprKind::Compare { op, left, right, .. } => format!("{} {} {}", expr(left), op.text(), expr(right)),
        ExprKind::Logic { op, left, right, .. } => format!("{} {} {}", expr(left), op.text(), expr(right)),
        ExprKind::Tuple(items) if items.len() == 1 => format!("({},)", list(items)),
        ExprKind::Tuple(items) => format!("({})", list(items)),
        ExprKind::Fill(value) => format!("[{}]", expr(value)),
        ExprKind::Paren(inner) => format!("({})", expr(inner)),
        ExprKind::Error => ERROR.into(),
    }
}

fn list(items: &[Expr]) -> String {
    items.iter().map(expr).collect::<Vec<_>>().join(", ")
}

fn string(literal: &StrLit) -> String {
    let (open, close) = match literal.kind {
        StrKind::Petscii => ("\"", '"'),
        StrKind::Screen => ("s\"", '"'),
        StrKind::Char => ("'", '\''),
    };
    let mut out = open.to_string();
    for (part, _) in &literal.parts {
        match part {
            StrPart::Char(c) if *c == '\\' || *c == close => out.extend(['\\', *c]),
            StrPart::Char(c) => out.push(*c),
            // Writing to a string cannot fail.
            StrPart::Byte(b) => write!(out, "\\x{b:02x}").unwrap_or_default(),
        }
    }
    out.push(close);
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
