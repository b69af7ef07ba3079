//! `from … import …`, and what an imported prefix gives.
//!
//! In: import statements with what the driver found for them. Out: prefixes, and the meaning of
//! `prefix.name`. Invariant: the messages are exactly those of the language's section on modules.
//! Not here: finding files and choosing versions (driver), copying entities (`adopt.rs`).

use std::collections::HashMap;

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::base::suggest;
use crate::sema::Found;
use crate::sema::adopt::Adopted;
use crate::sema::check::Checker;
use crate::sema::interface::Interface;
use crate::sema::versions;
use crate::syntax::ast;

/// An imported module under its prefix.
#[derive(Clone, Debug)]
pub struct Prefix {
    /// Dotted name; `None` when the import was reported, so that uses stay silent.
    pub module: Option<String>,
    /// The names in the import lists.
    pub listed: HashMap<String, Span>,
    /// An import without names was reported, so that all names count as listed.
    pub open: bool,
    /// Where a further name can be added.
    pub list_end: Span,
    pub span: Span,
}

/// The error for a circle of imports; `path` begins and ends with the same module.
pub fn circular(path: &[String], span: Span) -> Diagnostic {
    let path = path.join(" → ");
    Diagnostic::error(codes::CIRCULAR_IMPORT, span, format!("Circular dependency detected: {path}"))
        .help("Move what both modules need into a third one")
}

/// The error for two importers that cannot agree on a version. Each requirement is the importer's
/// name with its constraint as written.
pub fn conflict(module: &str, one: (&str, &str), other: (&str, &str), span: Option<Span>) -> Diagnostic {
    let text = format!(
        "No version of module '{module}' fits both '{}' (wants '{}') and '{}' (wants '{}')",
        one.0, one.1, other.0, other.1
    );
    match span {
        Some(span) => Diagnostic::error(codes::VERSION_CONFLICT, span, text),
        None => Diagnostic::global(codes::VERSION_CONFLICT, text),
    }
    .help("A program holds one version of a module; change one of the two constraints")
}

/// What a missing name was probably meant to be, by the way it is written.
fn guess_noun(name: &str) -> &'static str {
    if !name.contains(|c: char| c.is_ascii_lowercase()) {
        "constant"
    } else if name.starts_with(|c: char| c.is_ascii_uppercase()) {
        "class"
    } else {
        "function"
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_ascii_uppercase().to_string() + chars.as_str())
}

impl<'a> Checker<'a> {
    /// Checks an import statement and makes its prefix known.
    pub fn import(&mut self, import: &'a ast::Import) {
        let found = self.context.imports.get(self.import_count);
        self.import_count += 1;
        let module = match found {
            Some(Found::Module(name)) => self.context.modules.get(name),
            Some(other) => {
                self.report_not_found(import, other);
                None
            }
            None => None,
        };
        if let Some(star) = import.wildcard {
            self.wildcard(import, star, module);
        }
        if let Some(interface) = module {
            for name in &import.names {
                self.check_imported_name(interface, name);
            }
        }
        self.enter_prefix(import, module);
    }

    fn report_not_found(&mut self, import: &ast::Import, found: &Found) {
        let name = import.path.dotted();
        let span = import.path.span;
        let diagnostic = match found {
            Found::Unknown { known } => {
                let text = format!("Unknown module '{name}'.");
                let best = suggest::best(&name, known.iter().map(String::as_str));
                match best {
                    Some(best) => Diagnostic::error(
                        codes::UNKNOWN_MODULE,
                        span,
                        format!("{text} Did you mean '{best}'?"),
                    )
                    .fix(format!("use '{best}'"), span, best),
                    None => Diagnostic::error(codes::UNKNOWN_MODULE, span, text)
                        .help("a module is looked up beside the file, in the -M folders and in the library"),
                }
            }
            Found::NoVersion { available } => {
                let wanted = import.version.as_ref().map_or("", |v| v.text.as_str());
                let span = import.version.as_ref().map_or(span, |v| v.span);
                Diagnostic::error(
                    codes::NO_VERSION,
                    span,
                    format!(
                        "No version of module '{name}' satisfies '{wanted}'. Available: {}",
                        versions::list(available)
                    ),
                )
            }
            Found::Module(_) | Found::Reported => return,
        };
        self.report(diagnostic);
    }

    fn wildcard(&mut self, import: &ast::Import, star: Span, module: Option<&Interface>) {
        let name = import.path.dotted();
        let names =
            module.map_or_else(|| "name, …".to_string(), |m| m.public_names().collect::<Vec<_>>().join(", "));
        let line = format!("from {name} import {names}");
        let diagnostic = Diagnostic::error(
            codes::WILDCARD_IMPORT,
            star,
            format!("Wildcard import is not supported. List the names: {line}"),
        );
        self.report(match module {
            Some(_) => diagnostic.fix("list the names", star, names),
            None => diagnostic,
        });
    }

    fn check_imported_name(&mut self, interface: &Interface, name: &ast::Ident) {
        if name.name.starts_with('_') {
            self.private_name(&name.name, &interface.name, name.span);
        } else if name.name == "main" {
            self.report(
                Diagnostic::error(
                    codes::UNKNOWN_EXPORT,
                    name.span,
                    format!("'main' of module '{}' cannot be imported", interface.name),
                )
                .help("'main' is the entry of a program; it is ignored in a module"),
            );
        } else if interface.find(&name.name).is_none() {
            self.unknown_export(interface, &name.name, name.span);
        }
    }

    fn private_name(&mut self, name: &str, module: &str, span: Span) {
        self.report(
            Diagnostic::error(codes::PRIVATE_NAME, span, format!("'{name}' is private to module '{module}'"))
                .help("names that begin with '_' can be used in their own module only"),
        );
    }

    fn unknown_export(&mut self, interface: &Interface, name: &str, span: Span) {
        let noun = guess_noun(name);
        let text = format!("Module '{}' has no {noun} '{name}'.", interface.name);
        self.report(match suggest::best(name, interface.public_names()) {
            Some(best) => Diagnostic::error(
                codes::UNKNOWN_EXPORT,
                span,
                format!("{text} Did you mean '{best}'?"),
            )
            .fix(format!("use '{best}'"), span, best),
            None => Diagnostic::error(codes::UNKNOWN_EXPORT, span, text),
        });
    }

    fn enter_prefix(&mut self, import: &ast::Import, module: Option<&Interface>) {
        let prefix = import.path.prefix();
        let module = module.map(|m| m.name.clone());
        let list_end = import.names.last().map_or(import.span, |n| n.span).end();
        match self.prefixes.get_mut(&prefix.name) {
            Some(old) => {
                if let (Some(a), Some(b)) = (&old.module, &module)
                    && a != b
                {
                    let text = format!("modules '{a}' and '{b}' have the same prefix '{}'", prefix.name);
                    let first = old.span;
                    self.report(
                        Diagnostic::error(codes::PREFIX_CLASH, prefix.span, text)
                            .also(first, "the prefix is taken here"),
                    );
                    return;
                }
                old.listed.extend(import.names.iter().map(|n| (n.name.clone(), n.span)));
                old.open |= import.names.is_empty();
                old.list_end = list_end;
            }
            None => {
                let listed = import.names.iter().map(|n| (n.name.clone(), n.span)).collect();
                let open = import.names.is_empty();
                let entry = Prefix { module, listed, open, list_end, span: prefix.span };
                self.prefixes.insert(prefix.name.clone(), entry);
            }
        }
    }

    /// The entity `prefix.name`, or `None` after reporting why there is none.
    pub fn prefix_member(&mut self, prefix: &str, name: &ast::Ident) -> Option<Adopted> {
        let entry = self.prefixes.get(prefix)?;
        let module = entry.module.clone()?;
        let interface = self.context.modules.get(&module)?;
        let listed = entry.listed.contains_key(&name.name);
        let (open, list_end) = (entry.open, entry.list_end);
        let Some(item) = interface.find(&name.name) else {
            if name.name.starts_with('_') {
                self.private_name(&name.name, &module, name.span);
            } else if !listed {
                // A listed one was reported at the import.
                self.unknown_export(interface, &name.name, name.span);
            }
            return None;
        };
        if name.name.starts_with('_') {
            self.private_name(&name.name, &module, name.span);
            return None;
        }
        if !listed && !open {
            let text = format!(
                "{} '{}' not imported. Add: from {module} import {}",
                capitalised(item.noun()),
                name.name,
                name.name
            );
            self.report(Diagnostic::error(codes::NOT_IMPORTED, name.span, text).fix(
                format!("import '{}'", name.name),
                list_end,
                format!(", {}", name.name),
            ));
        }
        self.adopt(&module, &name.name)
    }

    /// Reports a name that an import lists but that is used without its prefix; `true` if it is
    /// such a name.
    pub fn missing_prefix(&mut self, name: &str, span: Span) -> bool {
        let mut owners: Vec<(&String, &Prefix)> =
            self.prefixes.iter().filter(|(_, p)| p.listed.contains_key(name)).collect();
        owners.sort_by_key(|(prefix, _)| prefix.as_str());
        let Some((prefix, entry)) = owners.first() else {
            return false;
        };
        let Some(item) =
            entry.module.as_ref().and_then(|m| self.context.modules.get(m)).and_then(|m| m.find(name))
        else {
            // The import itself was reported.
            return true;
        };
        let call = if item.noun() == "function" { "()" } else { "" };
        let text = format!("Missing module prefix. Use '{prefix}.{name}{call}' instead of '{name}{call}'");
        let fix = format!("{prefix}.");
        self.report(Diagnostic::error(codes::MISSING_PREFIX, span, text).fix(
            "add the prefix",
            span.start(),
            fix,
        ));
        true
    }
}
