//! The PyCo names in inline assembly.
//!
//! In: the text of an `__asm__` block. Out: what each `{name}` and each `__F_…`, `__C_…` symbol in
//! it means. Invariant: comments and strings are skipped; a brace after `)` or `else` opens a block
//! and is no name. Not here: the assembly itself (`assembler/`).

use std::collections::BTreeMap;

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::adopt::Adopted;
use crate::sema::assign::CIA1_CONTROL;
use crate::sema::check::Checker;
use crate::sema::hir::{Asm, AsmRef, ClassId, FieldStorage, FuncId};
use crate::sema::names::suggest_names;
use crate::sema::scope::{BindingKind, GlobalKind};
use crate::sema::value::Const;
use crate::syntax::ast;

/// A name found in the text, with its offset.
#[derive(Debug, PartialEq, Eq)]
enum Found<'t> {
    Braced(&'t str, usize),
    Symbol(&'t str),
}

impl Checker<'_> {
    /// An `__asm__` block.
    pub fn assembly(&mut self, block: &ast::AsmBlock) -> Asm {
        let mut names = BTreeMap::new();
        for found in scan(&block.text) {
            match found {
                Found::Braced(name, offset) => {
                    if names.contains_key(name) {
                        continue;
                    }
                    let lo = block.text_span.lo as usize + offset;
                    let span = Span::new(block.text_span.file, lo, lo + name.len());
                    match self.asm_name(name) {
                        Some(AsmRef::Local(_)) if self.is_naked() => self.report(
                            Diagnostic::error(
                                codes::ASM_NAME,
                                span,
                                format!("'{{{name}}}' lies in a register: a @naked function has no frame"),
                            )
                            .help("Bytes come in A, X and Y in this order, a word in X (low) and Y (high)"),
                        ),
                        Some(meaning) => {
                            names.insert(name.to_string(), meaning);
                        }
                        None => self.unknown_asm_name(name, span),
                    }
                }
                Found::Symbol(symbol) => {
                    if let Some(func) = self.asm_symbol(symbol) {
                        names.insert(symbol.to_string(), AsmRef::Func(func));
                    }
                }
            }
        }
        Asm { text: block.text.clone(), text_span: block.text_span, names }
    }

    fn is_naked(&self) -> bool {
        self.scope.func.is_some_and(|func| self.out.funcs[func].naked)
    }

    fn unknown_asm_name(&mut self, name: &str, span: Span) {
        let text = format!("'{{{name}}}' names nothing that assembly can use");
        let locals = self.scope.names.keys().map(String::as_str);
        let candidates: Vec<&str> = locals.chain(self.globals.keys().map(String::as_str)).collect();
        let error = Diagnostic::error(codes::ASM_NAME, span, text);
        let error = suggest_names(error, name, span, candidates);
        self.report(error);
    }

    fn asm_name(&mut self, name: &str) -> Option<AsmRef> {
        let mut parts = name.split('.');
        let first = parts.next()?;
        let second = parts.next();
        let third = parts.next();
        if parts.next().is_some() {
            return None;
        }
        match (second, third) {
            (None, _) => self.asm_simple(first),
            (Some(member), None) => {
                if first == "self" {
                    let class = self.scope.class.filter(|c| self.out.classes[*c].singleton)?;
                    return self.asm_member(class, member);
                }
                if let Some(GlobalKind::Class(class)) = self.globals.get(first).map(|g| &g.kind) {
                    let class = *class;
                    return self.asm_member(class, member);
                }
                if let Some(BindingKind::Singleton(class)) = self.scope.names.get(first).map(|b| &b.kind) {
                    let class = *class;
                    return self.asm_member(class, member);
                }
                match self.asm_module_member(first, member)? {
                    Adopted::Func(id) => Some(self.asm_func(id)),
                    Adopted::Const(value) => asm_const(&value),
                    Adopted::Data(id) => Some(AsmRef::Data(id, 0)),
                    Adopted::Class(id) => Some(AsmRef::Data(self.out.classes[id].instance?, 0)),
                }
            }
            (Some(class), Some(member)) => match self.asm_module_member(first, class)? {
                Adopted::Class(id) => self.asm_member(id, member),
                _ => None,
            },
        }
    }

    fn asm_module_member(&mut self, prefix: &str, name: &str) -> Option<Adopted> {
        let entry = self.prefixes.get(prefix)?;
        if !entry.listed.contains_key(name) {
            return None;
        }
        let module = entry.module.clone()?;
        self.adopt(&module, name)
    }

    fn asm_simple(&self, name: &str) -> Option<AsmRef> {
        if let Some(binding) = self.scope.names.get(name) {
            return match &binding.kind {
                BindingKind::Local(id) => Some(AsmRef::Local(*id)),
                BindingKind::Data(id) => Some(AsmRef::Data(*id, 0)),
                BindingKind::Mapped(mapped) => Some(AsmRef::Const(i64::from(mapped.addr))),
                BindingKind::Singleton(class) => Some(AsmRef::Data(self.out.classes[*class].instance?, 0)),
                BindingKind::Cia1(_) => Some(AsmRef::Const(CIA1_CONTROL)),
                BindingKind::Bad | BindingKind::Unknown => Some(AsmRef::Const(0)),
            };
        }
        match &self.globals.get(name)?.kind {
            GlobalKind::Const(value) => asm_const(value),
            GlobalKind::Data(id) => Some(AsmRef::Data(*id, 0)),
            GlobalKind::Mapped(mapped) => Some(AsmRef::Const(i64::from(mapped.addr))),
            GlobalKind::Func(id) => Some(self.asm_func(*id)),
            GlobalKind::Class(class) => Some(AsmRef::Data(self.out.classes[*class].instance?, 0)),
            GlobalKind::Bad => Some(AsmRef::Const(0)),
        }
    }

    fn asm_func(&self, id: FuncId) -> AsmRef {
        match self.out.funcs[id].mapped {
            Some(addr) => AsmRef::Const(i64::from(addr)),
            None => AsmRef::Func(id),
        }
    }

    fn asm_member(&self, class: ClassId, name: &str) -> Option<AsmRef> {
        if let Some((owner, position)) = self.find_field(class, name) {
            let instance = self.out.classes[class].instance;
            return Some(match self.out.classes[owner].fields[position].storage {
                FieldStorage::Offset(offset) => match instance {
                    Some(data) => AsmRef::Data(data, offset),
                    None => AsmRef::Const(i64::from(offset)),
                },
                FieldStorage::Mapped { addr, .. } => AsmRef::Const(i64::from(addr)),
                FieldStorage::Shared(data) => AsmRef::Data(data, 0),
            });
        }
        self.find_method(class, name).map(|id| self.asm_func(id))
    }

    /// `__F_name` is a function, `__C_Class_name` a method.
    fn asm_symbol(&self, symbol: &str) -> Option<FuncId> {
        if let Some(name) = symbol.strip_prefix("__F_") {
            return match self.globals.get(name)?.kind {
                GlobalKind::Func(id) => Some(id),
                _ => None,
            };
        }
        let rest = symbol.strip_prefix("__C_")?;
        // Class and method names may both hold '_', so every split is tried.
        rest.match_indices('_').find_map(|(i, _)| {
            let (class, method) = (&rest[..i], &rest[i + 1..]);
            match self.globals.get(class)?.kind {
                GlobalKind::Class(id) => self.find_method(id, method),
                _ => None,
            }
        })
    }
}

fn asm_const(value: &Const) -> Option<AsmRef> {
    let value = value.as_int().or_else(|| value.as_char().map(i128::from))?;
    i64::try_from(value).ok().map(AsmRef::Const)
}

/// The names in a text, in order.
fn scan(text: &str) -> Vec<Found<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut i = 0;
    // The last thing before a brace decides whether it opens a block.
    let mut opens_block = false;
    while i < bytes.len() {
        let rest = &text[i..];
        if rest.starts_with("//") || rest.starts_with(';') {
            i += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if let Some(inner) = rest.strip_prefix("/*") {
            i += inner.find("*/").map_or(rest.len(), |n| n + 4);
            continue;
        }
        let c = bytes[i];
        if c == b'"' || c == b'\'' {
            let line = rest[1..].find('\n').unwrap_or(rest.len() - 1);
            i += rest[1..=line].find(c as char).map_or(line + 1, |n| n + 2);
            continue;
        }
        if c == b'{' {
            let end = rest.find(['}', '\n']).unwrap_or(0);
            let name = rest.get(1..end).unwrap_or("");
            let is_name = !name.is_empty()
                && name.split('.').all(|part| {
                    part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                        && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                });
            if is_name && !opens_block && rest.as_bytes().get(end) == Some(&b'}') {
                found.push(Found::Braced(name, i + 1));
                i += end;
            }
        } else if c.is_ascii_alphabetic() || c == b'_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let word = &rest[..end];
            if word.starts_with("__F_") || word.starts_with("__C_") {
                found.push(Found::Symbol(word));
            }
            opens_block = word == "else";
            i += end;
            continue;
        }
        if !c.is_ascii_whitespace() {
            opens_block = c == b')';
        }
        i += 1;
        while !text.is_char_boundary(i) {
            i += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_outside_of_comments_and_blocks() {
        let text = "lda {a} // {b}\n .if (x) {nop}\n jsr __F_go ; {c}\n .text \"{d}\"\n sta {P.x}+1\n";
        let names = scan(text);
        assert_eq!(names.len(), 3);
        assert_eq!(names[0], Found::Braced("a", 5));
        assert_eq!(names[1], Found::Symbol("__F_go"));
        assert!(matches!(names[2], Found::Braced("P.x", _)));
        assert!(scan("{ö} é \" {").is_empty());
    }
}
