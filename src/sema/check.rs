//! The checker: its state, and the walk over the items of a module.
//!
//! In: a `Source`. Out: a `hir::Module`. Invariant: items are checked in source order, so that the
//! global scope holds exactly what is defined above. Not here: each kind of item (`decl.rs`,
//! `class.rs`, `imports.rs`), statements and expressions.

use std::collections::{HashMap, HashSet};

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::Span;
use crate::sema::hir::{Data, DataId, DataKind, FuncId, Module, Type};
use crate::sema::imports::Prefix;
use crate::sema::scope::{FnScope, Global, GlobalKind, Noun};
use crate::sema::versions::Version;
use crate::sema::{CheckContext, Source, adopt, export, flow, irq, results, wants_lowercase};
use crate::syntax::ast;

/// State of the check of one module.
pub struct Checker<'a> {
    pub context: &'a CheckContext<'a>,
    pub sink: &'a mut Sink,
    pub out: Module,
    pub globals: HashMap<String, Global>,
    /// Definitions of the whole module that were not reached yet.
    pub later: HashMap<&'a str, (Noun, Span)>,
    /// Imported modules by prefix.
    pub prefixes: HashMap<String, Prefix>,
    /// How many imports were met.
    pub import_count: usize,
    /// Entities of other modules by link symbol.
    pub adopted: HashMap<String, adopt::Adopted>,
    pub literals: HashMap<Vec<u8>, DataId>,
    pub empty_tuple: Option<DataId>,
    /// How many relocated things were met.
    pub relocated: u32,
    /// Declarations that still need a definition.
    pub forwards: HashMap<FuncId, Span>,
    pub scope: FnScope,
    /// Places of the errors of syntax in the module, ascending.
    pub syntax_faults: Vec<Span>,
    /// Where the items of the module begin.
    item_starts: HashSet<Span>,
    /// The statement that is checked, without the blocks in it.
    pub statement: Option<Span>,
    /// The class whose properties are being laid out.
    pub defining: Option<crate::sema::hir::ClassId>,
    /// Methods of the class being checked that were not reached yet.
    pub methods_below: HashMap<String, Span>,
    /// Classes whose parent was reported: they may have members that nobody knows.
    pub vague: HashSet<crate::sema::hir::ClassId>,
    /// Members that a method uses and no class declares, reported once.
    pub missing_members: HashSet<(crate::sema::hir::ClassId, String)>,
    /// Names of the module in order of definition.
    pub defined: Vec<String>,
    /// What the functions checked so far call, and what they do that interrupt code may not.
    pub facts: irq::Facts,
}

/// Checks a module. The result is complete enough for editors even when the sink holds errors.
pub fn check(source: &Source<'_>, context: &CheckContext<'_>, sink: &mut Sink) -> Module {
    check_with_interface(source, context, sink).0
}

/// As [`check`], also giving the module's interface for its importers.
pub fn check_with_interface(
    source: &Source<'_>,
    context: &CheckContext<'_>,
    sink: &mut Sink,
) -> (Module, crate::sema::interface::Interface) {
    let header = source.module.header.as_ref();
    let out = Module {
        name: context.name.to_string(),
        version: header.and_then(|h| h.version.as_ref()).map(Version::from),
        file: source.module.file,
        lowercase: context.lowercase.unwrap_or_else(|| wants_lowercase(source)),
        classes: Default::default(),
        funcs: Default::default(),
        data: Default::default(),
        main: None,
        startup: Vec::new(),
        doc: source.module.doc.as_ref().map(|d| d.text.clone()),
    };
    let mut checker = Checker {
        context,
        sink,
        out,
        globals: HashMap::new(),
        later: HashMap::new(),
        prefixes: HashMap::new(),
        import_count: 0,
        adopted: HashMap::new(),
        literals: HashMap::new(),
        empty_tuple: None,
        relocated: 0,
        forwards: HashMap::new(),
        scope: FnScope::default(),
        syntax_faults: Vec::new(),
        item_starts: HashSet::new(),
        statement: None,
        defining: None,
        methods_below: HashMap::new(),
        vague: HashSet::new(),
        missing_members: HashSet::new(),
        defined: Vec::new(),
        facts: irq::Facts::default(),
    };
    checker.syntax_faults = checker.sink.iter().filter_map(|d| d.span).collect();
    checker.syntax_faults.sort_unstable();
    crate::sema::for_each_item(source, &mut |item| {
        checker.item_starts.insert(item.span().start());
    });
    checker.collect_later(source);
    checker.items(source);
    checker.report_missing_definitions();
    checker.report_missing_main(source.module.span);
    irq::check(&mut checker);
    flow::check(&mut checker);
    results::mark(&mut checker.out);
    let interface = export::interface(&checker);
    (checker.out, interface)
}

impl<'a> Checker<'a> {
    fn collect_later(&mut self, source: &Source<'a>) {
        let later = &mut self.later;
        crate::sema::for_each_item(source, &mut |item| {
            let (name, noun) = match item {
                ast::Item::Const(x) => (&x.name, Noun::Const),
                ast::Item::Data(x) => (&x.name, Noun::Data),
                ast::Item::Func(x) => (&x.name, Noun::Func),
                ast::Item::Class(x) => (&x.name, Noun::Class),
                _ => return,
            };
            later.entry(name.name.as_str()).or_insert((noun, name.span));
        });
    }

    /// Checks the items of a file, those of included files at their place.
    fn items(&mut self, source: &Source<'a>) {
        let mut includes = source.includes.iter();
        for item in &source.module.items {
            self.statement = match item {
                ast::Item::Import(_) | ast::Item::Const(_) | ast::Item::Data(_) => Some(item.span()),
                _ => None,
            };
            match item {
                ast::Item::Include(_) => {
                    if let Some(Some(inner)) = includes.next() {
                        self.items(inner);
                    }
                }
                ast::Item::Import(import) => self.import(import),
                ast::Item::Const(x) => self.constant_definition(x),
                ast::Item::Data(x) => self.data_definition(x),
                ast::Item::Func(x) => self.function(x, None),
                ast::Item::Class(x) => self.class(x),
                ast::Item::Error(_) => {}
            }
        }
    }

    /// Adds a diagnostic. A description of a value may stand first in its texts, so the capital
    /// letter of each sentence is put here.
    ///
    /// What stands in a statement with an error of syntax stays unsaid: the parser has mended the
    /// statement, and what it made of it need not be what was meant.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        let places = [diagnostic.span, self.statement];
        if places.into_iter().flatten().any(|place| self.is_mended(place)) {
            return;
        }
        sentence(&mut diagnostic.message);
        diagnostic.helps.iter_mut().chain(&mut diagnostic.notes).for_each(sentence);
        diagnostic.fixes.iter_mut().for_each(|fix| sentence(&mut fix.title));
        self.sink.push(diagnostic);
    }

    /// True when the parser reported an error within `place`, or right behind it in the same item.
    fn is_mended(&self, place: Span) -> bool {
        let first = self.syntax_faults.partition_point(|f| (f.file, f.lo) < (place.file, place.lo));
        let near = |f: &Span| {
            let behind = f.lo == place.hi + 1 && !self.item_starts.contains(&f.start());
            f.file == place.file && (f.lo <= place.hi || behind)
        };
        self.syntax_faults.get(first).is_some_and(near)
    }

    /// Enters a module-level name, or reports that it is taken.
    pub fn define(&mut self, name: &ast::Ident, kind: GlobalKind) {
        self.check_new_name(name, false);
        if let Some(old) = self.globals.get(&name.name) {
            let old = old.span;
            self.duplicate(&name.name, name.span, old);
            return;
        }
        self.later.remove(name.name.as_str());
        self.defined.push(name.name.clone());
        self.globals.insert(name.name.clone(), Global { kind, span: name.span });
    }

    /// Reports a second definition of a name.
    pub fn duplicate(&mut self, name: &str, new: Span, old: Span) {
        self.report(Self::defined_twice(name, new, old));
    }

    /// The error about a second definition.
    pub fn defined_twice(name: &str, new: Span, old: Span) -> Diagnostic {
        Diagnostic::error(codes::DUPLICATE_NAME, new, format!("'{name}' is defined twice"))
            .label("second definition")
            .also(old, "first definition")
    }

    /// Reports names that a program may not define.
    pub fn check_new_name(&mut self, name: &ast::Ident, method: bool) {
        let text = name.name.as_str();
        if text == "_" {
            self.report(Diagnostic::error(
                codes::THROWAWAY,
                name.span,
                "'_' is only the throw-away variable of a loop and cannot be defined",
            ));
        } else if text.starts_with("__") && !(method && matches!(text, "__init__" | "__str__")) {
            self.report(
                Diagnostic::error(
                    codes::RESERVED_NAME,
                    name.span,
                    format!("'{text}': names that begin with '__' are reserved"),
                )
                .help("only the methods __init__ and __str__ may have such a name"),
            );
        } else if Type::scalar_named(text).is_some() || matches!(text, "string" | "array" | "tuple" | "alias")
        {
            self.report(Diagnostic::error(
                codes::RESERVED_NAME,
                name.span,
                format!("'{text}' is the name of a type and cannot be defined"),
            ));
        }
    }

    fn report_missing_definitions(&mut self) {
        let mut missing: Vec<(FuncId, Span)> = self.forwards.drain().collect();
        missing.sort();
        for (id, span) in missing {
            let name = &self.out.funcs[id].name;
            let text = format!("'{name}' is declared with @forward but never defined");
            self.report(
                Diagnostic::error(codes::FORWARD, span, text)
                    .help("define it below with the same parameters and result"),
            );
        }
    }

    fn has_main(&self) -> bool {
        self.globals
            .get("main")
            .is_some_and(|global| matches!(global.kind, GlobalKind::Func(_) | GlobalKind::Bad))
    }

    fn report_missing_main(&mut self, file: Span) {
        // After another fault the definition may only have been unreadable.
        if self.context.program && !self.has_main() && !self.sink.has_errors() {
            self.report(
                Diagnostic::error(codes::NO_MAIN, file.start(), "the program has no function main()")
                    .help("add it: def main():"),
            );
        }
    }

    /// The link symbol of a name of this module. A name of the program that could be one of the run
    /// time or of the compiler's own data is set apart.
    pub fn symbol(&self, name: &str) -> String {
        let taken = || name == "frames" || name.starts_with("rt_") || name.starts_with("soft_stack_");
        match self.context.program {
            false => format!("{}.{name}", self.context.name),
            true if taken() => format!("$.{name}"),
            true => name.to_string(),
        }
    }

    /// The datum of a string literal; equal literals are one.
    pub fn literal(&mut self, text: &[u8], span: Span) -> DataId {
        if let Some(id) = self.literals.get(text) {
            return *id;
        }
        let length = text.len().min(255);
        let mut bytes = vec![length as u8];
        bytes.extend_from_slice(&text[..length]);
        let id = self.out.data.push(Data {
            name: String::new(),
            symbol: self.symbol(&format!("$str{}", self.literals.len())),
            origin: None,
            ty: Type::Str(Some(length as u8)),
            kind: DataKind::Literal,
            size: bytes.len() as u32,
            bytes,
            span,
        });
        self.literals.insert(text.to_vec(), id);
        id
    }

    /// The datum that an unset tuple variable points to.
    pub fn empty_tuple(&mut self, span: Span) -> DataId {
        if let Some(id) = self.empty_tuple {
            return id;
        }
        let symbol = self.symbol("$empty");
        let id = self.tuple_data(String::new(), symbol, Type::Byte, 0, Vec::new(), span);
        self.empty_tuple = Some(id);
        id
    }

    /// Adds read-only data of `count` elements.
    pub fn tuple_data(
        &mut self,
        name: String,
        symbol: String,
        elem: Type,
        count: u32,
        bytes: Vec<u8>,
        span: Span,
    ) -> DataId {
        self.out.data.push(Data {
            name,
            symbol,
            origin: None,
            ty: Type::Tuple(Box::new(elem)),
            kind: DataKind::Tuple { count },
            size: bytes.len() as u32,
            bytes,
            span,
        })
    }

    /// A type as the user writes it.
    pub fn type_name(&self, ty: &Type) -> String {
        use crate::sema::types::SCALARS;
        match ty {
            Type::Error => "?".to_string(),
            Type::Void => "nothing".to_string(),
            Type::Str(None) => "string".to_string(),
            Type::Str(Some(n)) => format!("string[{n}]"),
            Type::Array(elem, n) => format!("array[{}, {n}]", self.type_name(elem)),
            Type::Tuple(elem) => format!("tuple[{}]", self.type_name(elem)),
            Type::Alias(target) => format!("alias[{}]", self.type_name(target)),
            Type::Class(id) => self.class_name(*id),
            scalar => SCALARS.iter().find(|(_, t)| t == scalar).map_or("?", |(name, _)| name).to_string(),
        }
    }

    /// The name of a class as the user writes it, with prefix when it is imported.
    pub fn class_name(&self, id: crate::sema::hir::ClassId) -> String {
        let class = &self.out.classes[id];
        match &class.origin {
            Some(module) => format!("{}.{}", module.rsplit('.').next().unwrap_or(module), class.name),
            None => class.name.clone(),
        }
    }

    /// Size in bytes of a type.
    pub fn size_of(&self, ty: &Type) -> u32 {
        self.out.size_of(ty)
    }
}

/// Gives a text that begins with a plain word a capital letter.
fn sentence(text: &mut String) {
    let word = text.bytes().take_while(u8::is_ascii_lowercase).count();
    if word > 0 && matches!(text.as_bytes().get(word), None | Some(b' ' | b',' | b':' | b'-')) {
        text[..1].make_ascii_uppercase();
    }
}
