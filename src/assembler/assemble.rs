//! Statements to items.
//!
//! In: parsed statements. Out: items, facts and errors. The walk is in source order: constants and
//! variables have the value of their last definition above, labels may be used before theirs. When
//! a number depends on the distance of two labels, the walk is repeated with the offsets of the
//! round before until they stay the same.

use crate::assembler::ast::{Expr, Stmt, StmtKind};
use crate::assembler::expr::{Lookup, Value, eval, eval_number};
use crate::assembler::{AsmError, Assembled, NoNames, Options, Place, Resolver, collect_labels, lex, parse};
use crate::base::source::Span;
use crate::base::suggest;
use crate::c64::petscii;
use crate::mos::item::{Item, Name, Operand, Part, Symbol};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// No text makes more bytes than the machine has.
const MAX_BYTES: usize = 0x10000;
/// How often the walk is repeated for label distances.
const MAX_ROUNDS: usize = 16;

/// Assembles `text`.
pub fn assemble(text: &str, options: Options, resolver: &dyn Resolver) -> Assembled {
    let mut errors = Vec::new();
    let tokens = lex::lex(text, &mut errors);
    let statements = parse::parse(&tokens, &mut errors);
    let mut assembled = assemble_statements(&statements, options, resolver, &BTreeMap::new());
    errors.append(&mut assembled.errors);
    errors.sort_by_key(|e| (e.range.start, e.range.end));
    Assembled { errors, ..assembled }
}

/// Assembles statements with some constants already defined.
pub(super) fn assemble_statements(
    statements: &[Stmt],
    options: Options,
    resolver: &dyn Resolver,
    constants: &BTreeMap<String, Value>,
) -> Assembled {
    let mut offsets = BTreeMap::new();
    let mut round = 0;
    loop {
        let mut walk = Walk::new(statements, options, resolver, constants, offsets);
        walk.statements(statements);
        walk.finish();
        let found = walk.label_offsets();
        round += 1;
        if !walk.used_distances || found == walk.offsets || round == MAX_ROUNDS {
            return walk.out;
        }
        offsets = found;
    }
}

#[derive(Clone, Copy)]
enum Encoding {
    Petscii { lowercase: bool },
    Screen { lowercase: bool },
    Ascii,
}

const ENCODINGS: &[(&str, Encoding)] = &[
    ("ascii", Encoding::Ascii),
    ("petscii_mixed", Encoding::Petscii { lowercase: true }),
    ("petscii_upper", Encoding::Petscii { lowercase: false }),
    ("screencode_mixed", Encoding::Screen { lowercase: true }),
    ("screencode_upper", Encoding::Screen { lowercase: false }),
];

/// The state of one walk over the statements.
pub(super) struct Walk<'a> {
    pub(super) out: Assembled,
    options: Options,
    resolver: &'a dyn Resolver,
    constants: BTreeMap<String, Value>,
    /// `.const`, `.label` and `.var` anywhere in the text, for uses above the definition.
    later: BTreeMap<String, &'a Expr>,
    /// Constants from `later` that are being evaluated.
    pending: BTreeSet<String>,
    /// The numbers of named labels.
    labels: BTreeMap<String, u32>,
    defined: BTreeSet<String>,
    /// The numbers of `!name` labels by name and occurrence.
    multi: BTreeMap<(String, usize), u32>,
    multi_seen: BTreeMap<String, usize>,
    /// References to `!name` labels further down.
    multi_wanted: Vec<(String, usize, Range<usize>)>,
    next_label: u32,
    here: Option<Symbol>,
    /// The item index and place of every branch.
    pub(super) branches: Vec<(usize, Range<usize>)>,
    encoding: Encoding,
    bytes: usize,
    /// Label offsets of the round before.
    offsets: BTreeMap<u32, i64>,
    pub(super) used_distances: bool,
}

impl<'a> Walk<'a> {
    fn new(
        statements: &'a [Stmt],
        options: Options,
        resolver: &'a dyn Resolver,
        constants: &BTreeMap<String, Value>,
        offsets: BTreeMap<u32, i64>,
    ) -> Walk<'a> {
        let mut out = Assembled::default();
        collect_labels(statements, &mut out.labels);
        let names: BTreeSet<&String> = out.labels.iter().map(|label| &label.name).collect();
        let labels: BTreeMap<String, u32> = names.into_iter().cloned().zip(0..).collect();
        let mut later = BTreeMap::new();
        collect_definitions(statements, &mut later);
        let encoding = Encoding::Petscii { lowercase: options.lowercase };
        let next_label = labels.len() as u32;
        Walk {
            out,
            options,
            resolver,
            constants: constants.clone(),
            later,
            pending: BTreeSet::new(),
            labels,
            defined: BTreeSet::new(),
            multi: BTreeMap::new(),
            multi_seen: BTreeMap::new(),
            multi_wanted: Vec::new(),
            next_label,
            here: None,
            branches: Vec::new(),
            encoding,
            bytes: 0,
            used_distances: !offsets.is_empty(),
            offsets,
        }
    }

    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            if self.bytes > MAX_BYTES {
                return;
            }
            self.here = None;
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        let range = &statement.range;
        match &statement.kind {
            StmtKind::Label(name) => self.label(name, range),
            StmtKind::MultiLabel(name) => {
                let seen = self.multi_seen.entry(name.clone()).or_default();
                let occurrence = *seen;
                *seen += 1;
                let label = self.multi_number(name, occurrence);
                self.out.items.push(Item::Label(label));
            }
            StmtKind::Inst { name, name_range, suffix, operand } => {
                self.source(range);
                self.instruction(name, name_range, suffix.as_ref(), operand, range);
            }
            StmtKind::Byte(list) => self.data(list, range, 1),
            StmtKind::Word(list) => self.data(list, range, 2),
            StmtKind::Dword(list) => self.data(list, range, 4),
            StmtKind::Fill { count, value } => self.fill(count, value, range),
            StmtKind::Define { name, name_range, value, again } => {
                self.define(name, name_range, value, *again);
            }
            StmtKind::Encoding(name, range) => match ENCODINGS.iter().find(|(known, _)| known == name) {
                Some((_, encoding)) => self.encoding = *encoding,
                None => {
                    let known = ENCODINGS.iter().map(|(name, _)| *name);
                    let help = suggest::did_you_mean(name, known)
                        .unwrap_or_else(|| "The encodings are petscii_upper, petscii_mixed, screencode_upper, screencode_mixed and ascii.".into());
                    self.error(AsmError::new(range.clone(), format!("Unknown encoding '{name}'")).help(help));
                }
            },
            StmtKind::Align(to) => match eval_number(to, self) {
                Some(n) if (1..=0x1000).contains(&n) && (n as u64).is_power_of_two() => {
                    self.out.items.push(Item::Align(n as u16));
                }
                Some(_) => self.fail(&to.range, "An alignment is a power of two up to $1000"),
                None => {}
            },
            StmtKind::If { condition, then, otherwise } => {
                if let Some(value) = eval_number(condition, self) {
                    self.statements(if value != 0 { then } else { otherwise });
                }
            }
            StmtKind::Chunk { .. } => self.fail(range, "This directive is for run-time files only"),
        }
    }

    fn label(&mut self, name: &str, range: &Range<usize>) {
        if !self.defined.insert(name.to_string()) {
            return self.fail(range, format!("Label '{name}' is defined twice"));
        }
        if self.constants.contains_key(name) {
            self.fail(range, format!("'{name}' is already a constant"));
        }
        if let Some(global) = self.resolver.export(name) {
            self.out.items.push(Item::Global(global));
        }
        if let Some(&label) = self.labels.get(name) {
            self.out.items.push(Item::Label(label));
        }
    }

    fn define(&mut self, name: &str, name_range: &Range<usize>, value: &Expr, again: bool) {
        let Some(value) = eval(value, self) else {
            // Keeps uses from being reported as unknown.
            self.constants.entry(name.to_string()).or_insert(Value::Number(0));
            return;
        };
        if again && !self.constants.contains_key(name) {
            self.fail(name_range, format!("'{name}' is not defined; use .var first"));
        }
        if self.labels.contains_key(name) {
            self.fail(name_range, format!("'{name}' is already a label"));
        }
        self.constants.insert(name.to_string(), value);
    }

    fn data(&mut self, list: &[Expr], range: &Range<usize>, width: usize) {
        self.source(range);
        for expr in list {
            if let Some(value) = eval(expr, self) {
                self.datum(value, &expr.range, width);
            }
        }
    }

    fn datum(&mut self, value: Value, range: &Range<usize>, width: usize) {
        match value {
            Value::Number(n) => {
                let bits = width as u32 * 8;
                if !(-(1i64 << (bits - 1))..1i64 << bits).contains(&n) {
                    let room = ["one byte", "two bytes", "", "four bytes"][width - 1];
                    self.fail(range, format!("The value {n} does not fit {room}"));
                }
                self.raw(&n.to_le_bytes()[..width]);
            }
            Value::Text(text) if width == 1 => {
                let bytes: Vec<u8> = text.chars().map(|c| self.character(c, range).unwrap_or(0)).collect();
                self.raw(&bytes);
            }
            Value::Text(_) => self.fail(range, "A string needs .text or .byte"),
            Value::Address { part: Part::Word, .. } if width == 1 => {
                let error = AsmError::new(range.clone(), "An address does not fit one byte");
                self.error(error.help("Take its low byte with < or its high byte with >."));
            }
            Value::Address { symbol, addend, part, .. } => {
                if let Symbol::Global(name) = &symbol {
                    self.out.facts.addresses.insert(name.clone());
                }
                let word = if width > 1 && part != Part::Word { Some(0) } else { None };
                let operand = Operand { symbol: Some(symbol), addend: addend as i32, part };
                let size = if part == Part::Word { 2 } else { 1 };
                self.push(Item::DataRef(operand), size);
                let padding = if word.is_some() { width - 1 } else { width.saturating_sub(2) };
                self.raw(&[0; 3][..padding.min(3)]);
            }
        }
    }

    fn raw(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.count(bytes.len());
        match self.out.items.last_mut() {
            Some(Item::Data(data)) => data.extend_from_slice(bytes),
            _ => self.out.items.push(Item::Data(bytes.to_vec())),
        }
    }

    fn fill(&mut self, count: &Expr, value: &[Expr], range: &Range<usize>) {
        let Some(n) = eval_number(count, self) else { return };
        let Some(n) = u16::try_from(n).ok().filter(|n| usize::from(*n) * value.len() <= MAX_BYTES) else {
            return self.fail(&count.range, format!("A fill of {n} bytes is not possible"));
        };
        self.source(range);
        let before = self.constants.remove("i");
        let errors = self.out.errors.len();
        for i in 0..n {
            // `i` counts, as in Kick Assembler.
            self.constants.insert("i".into(), Value::Number(i64::from(i)));
            for expr in value {
                if let Some(value) = eval(expr, self) {
                    self.datum(value, &expr.range, 1);
                }
            }
            if self.out.errors.len() > errors {
                break;
            }
        }
        self.constants.remove("i");
        self.constants.extend(before.map(|value| ("i".to_string(), value)));
    }

    /// Appends an item that makes `size` bytes.
    pub(super) fn push(&mut self, item: Item, size: usize) {
        self.count(size);
        self.out.items.push(item);
    }

    fn count(&mut self, size: usize) {
        let before = self.bytes;
        self.bytes += size;
        if before <= MAX_BYTES && self.bytes > MAX_BYTES {
            self.fail(&(0..0), "This assembly makes more than 65536 bytes");
        }
    }

    fn source(&mut self, range: &Range<usize>) {
        if let Some((file, base)) = self.options.origin {
            let base = base as usize;
            self.out.items.push(Item::Source(Span::new(file, base + range.start, base + range.end)));
        }
    }

    pub(super) fn fail(&mut self, range: &Range<usize>, message: impl Into<String>) {
        self.error(AsmError::new(range.clone(), message));
    }

    fn new_label(&mut self) -> u32 {
        self.next_label += 1;
        self.next_label - 1
    }

    fn multi_number(&mut self, name: &str, occurrence: usize) -> u32 {
        let key = (name.to_string(), occurrence);
        if let Some(&label) = self.multi.get(&key) {
            return label;
        }
        let label = self.new_label();
        self.multi.insert(key, label);
        label
    }

    fn finish(&mut self) {
        for (name, occurrence, range) in std::mem::take(&mut self.multi_wanted) {
            // A missing label is put at the end, so that emission has nothing more to report.
            if occurrence >= self.multi_seen.get(&name).copied().unwrap_or(0) {
                let label = self.multi_number(&name, occurrence);
                self.fail(&range, format!("There is no label '!{name}:' below this"));
                if !self.out.items.contains(&Item::Label(label)) {
                    self.out.items.push(Item::Label(label));
                }
            }
        }
        self.check_branches();
    }

    /// Where each label lies, as far as sizes are known.
    pub(super) fn label_offsets(&self) -> BTreeMap<u32, i64> {
        let mut offsets = BTreeMap::new();
        let mut at = 0;
        for item in &self.out.items {
            match item {
                Item::Label(label) => {
                    offsets.insert(*label, at);
                }
                Item::Align(to) => at = (at as u64).next_multiple_of(u64::from(*to)) as i64,
                _ => at += size(item),
            }
        }
        offsets
    }
}

/// The size of an item as written.
pub(super) fn size(item: &Item) -> i64 {
    match item {
        Item::Inst(inst) => 1 + i64::from(inst.mode.operand_bytes()),
        Item::Data(bytes) => bytes.len() as i64,
        Item::DataRef(operand) => 1 + i64::from(operand.part == Part::Word),
        Item::Fill { count, .. } => i64::from(*count),
        Item::Label(_) | Item::Global(_) | Item::Align(_) | Item::Source(_) => 0,
    }
}

fn collect_definitions<'a>(statements: &'a [Stmt], later: &mut BTreeMap<String, &'a Expr>) {
    for statement in statements {
        match &statement.kind {
            StmtKind::Define { name, value, again: false, .. } => {
                later.entry(name.clone()).or_insert(value);
            }
            StmtKind::If { then, otherwise, .. } => {
                collect_definitions(then, later);
                collect_definitions(otherwise, later);
            }
            _ => {}
        }
    }
}

impl Walk<'_> {
    fn place(&mut self, place: Place, range: &Range<usize>) -> Value {
        match place {
            Place::Number(n) => Value::Number(n),
            Place::Symbol { name, addend, zero_page } => {
                self.out.references.push((name.clone(), range.clone()));
                let symbol = Symbol::Global(name);
                Value::Address { symbol, addend: i64::from(addend), part: Part::Word, zero_page }
            }
        }
    }

    fn local(label: u32) -> Value {
        Value::Address { symbol: Symbol::Local(label), addend: 0, part: Part::Word, zero_page: Some(false) }
    }

    fn unknown(&mut self, message: String, name: &str, known: Vec<String>, range: &Range<usize>) {
        let mut error = AsmError::new(range.clone(), message);
        error.help = suggest::did_you_mean(name, known.iter().map(String::as_str));
        self.error(error);
    }
}

impl Lookup for Walk<'_> {
    fn name(&mut self, name: &str, range: &Range<usize>) -> Option<Value> {
        if let Some(value) = self.constants.get(name) {
            return Some(value.clone());
        }
        if let Some(&label) = self.labels.get(name) {
            return Some(Walk::local(label));
        }
        if let Some(&definition) = self.later.get(name)
            && self.pending.insert(name.to_string())
        {
            let value = eval(definition, self);
            self.pending.remove(name);
            return value;
        }
        if let Some(place) = self.resolver.name(name) {
            return Some(self.place(place, range));
        }
        if self.resolver.interpolate(name).is_some() {
            let error = AsmError::new(range.clone(), format!("Unknown label '{name}'"));
            self.error(error.help(format!("For the variable, constant or function write {{{name}}}.")));
            return None;
        }
        let mut known = self.resolver.names();
        known.extend(self.labels.keys().chain(self.constants.keys()).cloned());
        self.unknown(format!("Unknown label '{name}'"), name, known, range);
        None
    }

    fn multi_label(&mut self, name: &str, steps: i32, range: &Range<usize>) -> Option<Value> {
        let seen = self.multi_seen.get(name).copied().unwrap_or(0);
        let distance = steps.unsigned_abs() as usize;
        if steps > 0 {
            let occurrence = seen + distance - 1;
            self.multi_wanted.push((name.to_string(), occurrence, range.clone()));
            return Some(Walk::local(self.multi_number(name, occurrence)));
        }
        match seen.checked_sub(distance) {
            Some(occurrence) => Some(Walk::local(self.multi_number(name, occurrence))),
            None => {
                self.fail(range, format!("There is no label '!{name}:' above this"));
                None
            }
        }
    }

    fn here(&mut self) -> Option<Value> {
        let symbol = match &self.here {
            Some(symbol) => symbol.clone(),
            None => {
                let label = self.new_label();
                self.out.items.push(Item::Label(label));
                self.here = Some(Symbol::Local(label));
                Symbol::Local(label)
            }
        };
        Some(Value::Address { symbol, addend: 0, part: Part::Word, zero_page: Some(false) })
    }

    fn interpolation(&mut self, path: &str, range: &Range<usize>) -> Option<Value> {
        match self.resolver.interpolate(path) {
            Some(place) => Some(self.place(place, range)),
            None => {
                let known = self.resolver.paths();
                self.unknown(format!("Unknown name '{path}'"), path, known, range);
                None
            }
        }
    }

    fn character(&mut self, c: char, range: &Range<usize>) -> Option<u8> {
        let code = match self.encoding {
            _ if c == '\n' => Some(0x0d),
            Encoding::Petscii { lowercase } => petscii::petscii(c, lowercase),
            Encoding::Screen { lowercase } => petscii::screen_code(c, lowercase),
            Encoding::Ascii => u8::try_from(u32::from(c)).ok().filter(u8::is_ascii),
        };
        if code.is_none() {
            self.fail(range, format!("The encoding has no character '{c}'"));
        }
        code
    }

    fn defined(&mut self, name: &str) -> bool {
        self.constants.contains_key(name)
            || self.labels.contains_key(name)
            || self.resolver.name(name).is_some()
    }

    fn distance(&mut self, from: &Symbol, to: &Symbol) -> Option<i64> {
        let (Symbol::Local(from), Symbol::Local(to)) = (from, to) else {
            return None;
        };
        self.used_distances = true;
        let offset = |label| self.offsets.get(label).copied().unwrap_or(0);
        Some(offset(to) - offset(from))
    }

    fn error(&mut self, error: AsmError) {
        if !self.out.errors.contains(&error) {
            self.out.errors.push(error);
        }
    }
}

/// The constants that statements define at their top level, for texts that are assembled later.
pub(super) fn constants_of(
    statements: &[Stmt],
    constants: &BTreeMap<String, Value>,
) -> (BTreeMap<String, Value>, Vec<AsmError>) {
    let mut walk = Walk::new(statements, Options::default(), &NoNames, constants, BTreeMap::new());
    walk.statements(statements);
    (walk.constants, walk.out.errors)
}

/// A global symbol of a value, if it has one.
pub(super) fn global_of(symbol: &Symbol) -> Option<&Name> {
    match symbol {
        Symbol::Global(name) => Some(name),
        Symbol::Local(_) => None,
    }
}
