//! Layer 3: names, types and meaning. Syntax trees in, `hir::Module` and `Interface` out.
//!
//! `check` always returns a module; parts with faults have the type `Error`, which silences
//! follow-ups, and lowering runs only if the sink holds no error. The checker never looks at files:
//! the driver parses included files, finds imported modules and hands both in.
//!
//! Reading order: `types.rs`, `hir.rs`, `hir_expr.rs` (what comes out), `check.rs` (the walk over
//! the items), then `expr.rs` and `stmt.rs`.

use std::collections::BTreeMap;

use crate::sema::interface::Interface;
use crate::sema::versions::Version;
use crate::syntax::ast;

mod adopt;
mod asm_names;
mod assign;
mod attrs;
mod builtin_stmt;
mod builtins;
mod call;
mod check;
mod class;
mod consteval;
mod convert;
mod decl;
mod export;
mod expr;
mod flow;
mod fold;
mod foreign_names;
mod func;
pub mod hir;
pub mod hir_expr;
pub mod hir_print;
pub mod hir_visit;
pub mod imports;
pub mod interface;
mod irq;
mod local;
mod loops;
mod member;
mod names;
mod object;
mod operator;
mod results;
mod scope;
mod stmt;
mod strings;
mod tyexpr;
pub mod types;
mod val;
pub mod value;
pub mod versions;

pub use check::{check, check_with_interface};

/// A parsed file with the files that it includes.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    pub module: &'a ast::Module,
    /// One entry for each `include` among the items of `module`, in order; `None` when the file was
    /// included before in this module, or could not be had (already reported by the driver).
    pub includes: Vec<Option<Source<'a>>>,
}

/// What the driver found for one `from … import …`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// The module of this dotted name in [`CheckContext::modules`].
    Module(String),
    /// Neither source nor `.LIB`; `known` are the modules that could be meant.
    Unknown { known: Vec<String> },
    /// The module exists, but in no version that fits; ascending or not.
    NoVersion { available: Vec<Version> },
    /// The driver reported the fault itself (a circle, a conflict, errors in the module).
    Reported,
}

/// What the checker needs beside the source.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext<'a> {
    /// For each import in the order of [`imports`].
    pub imports: &'a [Found],
    /// The interfaces of all modules that were loaded, by dotted name: those imported, and those
    /// that they need in turn.
    pub modules: &'a BTreeMap<String, Interface>,
    /// Dotted name of the module, or the program's name.
    pub name: &'a str,
    /// True for the program itself: it must have a `main`, and its symbols have no prefix.
    pub program: bool,
    /// The character set; `None`: as `main` says.
    pub lowercase: Option<bool>,
}

/// All imports of a file and the files it includes, in the order of the text.
pub fn imports<'a>(source: &Source<'a>) -> Vec<&'a ast::Import> {
    let mut found = Vec::new();
    for_each_item(source, &mut |item| {
        if let ast::Item::Import(import) = item {
            found.push(import);
        }
    });
    found
}

/// True when `main` carries `@lowercase`.
pub fn wants_lowercase(source: &Source<'_>) -> bool {
    let mut found = false;
    for_each_item(source, &mut |item| {
        if let ast::Item::Func(func) = item {
            found |= func.name.name == "main" && func.decorators.iter().any(|d| d.name.name == "lowercase");
        }
    });
    found
}

/// Calls `visit` for every item, those of included files at the place of their `include`.
fn for_each_item<'a>(source: &Source<'a>, visit: &mut impl FnMut(&'a ast::Item)) {
    let mut includes = source.includes.iter();
    for item in &source.module.items {
        match item {
            ast::Item::Include(_) => {
                if let Some(Some(inner)) = includes.next() {
                    for_each_item(inner, visit);
                }
            }
            other => visit(other),
        }
    }
}
