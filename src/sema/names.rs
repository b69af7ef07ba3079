//! Names that are not known here: what the user may have meant.
//!
//! In: a name that no scope holds. Out: exactly one error. Invariant: an answer that is certain
//! (declared below, a property without `self.`, an import without prefix) beats a guess by
//! likeness. Not here: members (`member.rs`), names of a module (`imports.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::base::suggest;
use crate::sema::builtins;
use crate::sema::check::Checker;
use crate::sema::foreign_names::{self, Counterpart};
use crate::sema::scope::{Binding, BindingKind, GlobalKind, Noun};
use crate::sema::types::{SCALARS, Type};
use crate::syntax::ast;

/// False for names of one or two letters, to which every other is near; only the case may be wrong.
fn can_resemble(name: &str, candidate: &str) -> bool {
    name.len() >= 3 || candidate.eq_ignore_ascii_case(name)
}

/// Adds the likeliest names to an error about `name`, with a fix for the best.
pub fn suggest_names<'n>(
    diagnostic: Diagnostic,
    name: &str,
    span: Span,
    candidates: impl IntoIterator<Item = &'n str>,
) -> Diagnostic {
    let candidates: Vec<&str> = candidates.into_iter().filter(|c| can_resemble(name, c)).collect();
    let Some(sentence) = suggest::did_you_mean(name, candidates.iter().copied()) else {
        return diagnostic;
    };
    let best = suggest::best(name, candidates).unwrap_or(name);
    let mut diagnostic = diagnostic;
    diagnostic.message = format!("{}. {sentence}", diagnostic.message);
    diagnostic.fix(format!("use '{best}'"), span, best)
}

/// The type that a variable needs at least to hold a literal.
fn type_of_literal(value: &ast::Expr) -> Option<&'static str> {
    Some(match &value.unparenthesised().kind {
        ast::ExprKind::Int(0..=0xff) => "byte",
        ast::ExprKind::Int(0..=0xffff) => "word",
        ast::ExprKind::Int(_) => "dword",
        ast::ExprKind::Float(_) => "float",
        ast::ExprKind::Bool(_) => "bool",
        ast::ExprKind::Str(_) => "string",
        _ => return None,
    })
}

impl Checker<'_> {
    /// Reports an unknown name, once in each function; `noun` is what the place asks for ("name",
    /// "function", "type").
    pub fn unknown_name(&mut self, name: &str, span: Span, noun: &str) {
        if let Some(declared) = self.scope.declared.get(name) {
            if !self.scope.told_below.insert(name.to_string()) {
                return;
            }
            let text = format!("variable '{name}' is used before its declaration");
            let declared = *declared;
            self.report(
                Diagnostic::error(codes::USED_BEFORE_DEFINITION, span, text)
                    .also(declared, "declared here")
                    .help("move the declaration up"),
            );
            return;
        }
        if name == "_" {
            let text = "'_' has no value; it is only the throw-away variable of a loop";
            self.report(
                Diagnostic::error(codes::THROWAWAY, span, text).help("use a loop variable with a name"),
            );
            return;
        }
        if let Some(class) = self.scope.class
            && (self.find_field(class, name).is_some()
                || self.find_method(class, name).is_some()
                || self.methods_below.contains_key(name))
        {
            if self.scope.func.is_none() {
                let text = format!("the default of a property is a constant, and '{name}' is none");
                self.report(Diagnostic::error(codes::NOT_CONSTANT, span, text).help("set it in __init__"));
                return;
            }
            let text = format!("unknown {noun} '{name}'; properties and methods need 'self.{name}'");
            self.report(Diagnostic::error(codes::UNKNOWN_NAME, span, text).fix(
                "add 'self.'",
                span.start(),
                "self.",
            ));
            return;
        }
        if let Some((what, place)) = self.later.get(name).copied() {
            self.defined_below(name, span, what, place);
            return self.silence(name, span);
        }
        if self.missing_prefix(name, span) {
            return;
        }
        let error = Diagnostic::error(codes::UNKNOWN_NAME, span, format!("unknown {noun} '{name}'"));
        let counterpart = if noun == "type" { foreign_names::ty(name) } else { foreign_names::value(name) };
        if let Some(Counterpart { word, help }) = counterpart {
            let error = error.help(help);
            self.report(match word {
                Some(word) => error.fix(format!("use '{word}'"), span, word),
                None => error,
            });
            return self.silence(name, span);
        }
        let candidates: Vec<&str> = if noun == "type" {
            self.type_candidates()
        } else {
            let mut known: Vec<&str> = builtins::names().collect();
            known.extend(self.declared_names());
            known.extend(self.globals.keys().map(String::as_str));
            known.extend(self.later.keys().copied());
            known.extend(self.prefixes.keys().map(String::as_str));
            known.retain(|known| *known != "main");
            known
        };
        let error = suggest_names(error, name, span, candidates);
        self.report(error);
        self.silence(name, span);
    }

    /// The names of this function that were not made up for one that is unknown.
    fn declared_names(&self) -> impl Iterator<Item = &str> {
        let names =
            self.scope.names.iter().filter(|(_, binding)| !matches!(binding.kind, BindingKind::Unknown));
        names.map(|(name, _)| name.as_str())
    }

    /// Lets further uses of a name in this function pass.
    pub fn silence(&mut self, name: &str, span: Span) {
        if self.scope.func.is_some() {
            self.scope.names.insert(name.to_string(), Binding { kind: BindingKind::Unknown, span });
        }
    }

    /// Reports an assignment to a name that means nothing anywhere, as in Python a new variable
    /// begins; further uses of the name are silent.
    pub fn undeclared(&mut self, name: &str, span: Span, value: &ast::Expr) -> bool {
        let scope = &self.scope;
        let known = scope.names.contains_key(name)
            || scope.declared.contains_key(name)
            || self.globals.contains_key(name)
            || self.later.contains_key(name)
            || builtins::find(name).is_some()
            || Type::scalar_named(name).is_some()
            || self.prefixes.contains_key(name)
            || self.prefixes.values().any(|prefix| prefix.listed.contains_key(name))
            || scope.class.is_some_and(|class| self.find_field(class, name).is_some());
        let names = self.declared_names().chain(self.globals.keys().map(String::as_str));
        let names = names.filter(|c| can_resemble(name, c));
        if known || name == "_" || suggest::did_you_mean(name, names).is_some() {
            return false;
        }
        let text = format!("variable '{name}' is not declared");
        let error = Diagnostic::error(codes::UNKNOWN_NAME, span, text);
        let class = match &value.kind {
            ast::ExprKind::Call { callee, .. } => self.class_expression(callee).map(|c| self.class_name(c)),
            _ => None,
        };
        self.report(match class {
            Some(class) => error.fix("declare it with its class", span.end(), format!(": {class}")),
            None => match type_of_literal(value) {
                Some(ty) => error.fix(
                    format!("declare it with its type: {name}: {ty}"),
                    span.end(),
                    format!(": {ty}"),
                ),
                None => error.help(format!("declare it with a type and its first value: {name}: byte = …")),
            },
        });
        self.scope.names.insert(name.to_string(), Binding { kind: BindingKind::Unknown, span });
        true
    }

    fn type_candidates(&self) -> Vec<&str> {
        let classes = self.globals.iter().filter(|(_, g)| matches!(g.kind, GlobalKind::Class(_)));
        let later = self.later.iter().filter(|(_, (noun, _))| *noun == Noun::Class).map(|(name, _)| *name);
        let known = SCALARS.iter().map(|(name, _)| *name).chain(["string", "array", "tuple", "alias"]);
        classes.map(|(name, _)| name.as_str()).chain(later).chain(known).collect()
    }

    fn defined_below(&mut self, name: &str, span: Span, what: Noun, place: Span) {
        let text = format!("{} '{name}' is used before its definition", what.text());
        let error = Diagnostic::error(codes::USED_BEFORE_DEFINITION, span, text).also(place, "defined here");
        self.report(match what {
            Noun::Func => error.help(format!(
                "move the definition up, or declare it above with @forward and 'def {name}(…): ...'"
            )),
            _ => error.help("move the definition up"),
        });
    }
}
