//! `__asm__` blocks of the whole program: assembled once, with their labels made visible.
//!
//! In: a program. Out: the items and facts of each block, in the order in which the blocks stand in
//! functions, and diagnostics at the lines of the PyCo source. Invariant: a named label of a module
//! is one global symbol; a copy of a function gets symbols of its own.
//! Not here: what the optimiser assumes of a block (`opt/`).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::assembler::{self, Assembled, Place, Resolver};
use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::source::Span;
use crate::mir::ir::{AsmArg, AsmBlock, Base, FuncId, FuncKind, Op, Program};
use crate::mos::inst::{Mnemonic, Mode};
use crate::mos::item::{Item, Name, Symbol};
use crate::obj::zpset::ZpSet;

/// The assembled blocks of a program.
#[derive(Default)]
pub struct InlineAsm {
    /// By function and the text's place in it.
    blocks: BTreeMap<(FuncId, usize), Assembled>,
    /// Zero-page addresses that any block names.
    pub zero_page: ZpSet,
    /// Symbols that blocks count bytes from, as in `sta patch + 1`.
    counted: BTreeSet<Symbol>,
    /// Symbols that must lie in zero page.
    pub must_be_zero_page: BTreeSet<Name>,
}

impl InlineAsm {
    /// The items of the `n`th block of a function; `None` when it had errors.
    pub fn items(&self, func: FuncId, n: usize) -> Option<&[Item]> {
        self.blocks.get(&(func, n)).map(|a| &a.items[..])
    }

    /// True when control does not run off the end of the block.
    pub fn ends_flow(&self, func: FuncId, n: usize) -> bool {
        self.blocks.get(&(func, n)).is_some_and(|a| a.facts.ends_flow)
    }

    /// True when assembly counts bytes from an instruction of this block, which it may change as it
    /// runs: then the block has to be as it is written.
    pub fn is_counted(&self, items: &[Item]) -> bool {
        let own: BTreeSet<&Symbol> = counted(items).filter(|s| matches!(s, Symbol::Local(_))).collect();
        items.iter().enumerate().any(|(at, item)| {
            let symbol = match item {
                Item::Label(label) => Symbol::Local(*label),
                Item::Global(name) => Symbol::Global(name.clone()),
                _ => return false,
            };
            let is_label = |item: &&Item| matches!(item, Item::Label(_) | Item::Global(_) | Item::Source(_));
            let code = matches!(items[at..].iter().find(|item| !is_label(item)), Some(Item::Inst(_)));
            code && (own.contains(&symbol) || self.counted.contains(&symbol))
        })
    }

    /// The block in a list of its function's blocks that this one is. Equal blocks, which only middle
    /// code without places in a source has, are taken in turn: `used` says which are.
    pub fn position(program: &Program, func: FuncId, block: &AsmBlock, used: &mut BTreeSet<usize>) -> usize {
        let equal = || blocks_of(program, func).enumerate().filter(|(_, b)| *b == block).map(|(n, _)| n);
        let n = equal().find(|n| !used.contains(n)).or_else(|| equal().next()).unwrap_or(0);
        used.insert(n);
        n
    }
}

/// The symbols that items count bytes from.
fn counted(items: &[Item]) -> impl Iterator<Item = &Symbol> {
    let operands = items.iter().filter_map(Item::operand).filter(|operand| operand.addend != 0);
    operands.filter_map(|operand| operand.symbol.as_ref())
}

fn blocks_of(program: &Program, func: FuncId) -> impl Iterator<Item = &AsmBlock> {
    program.funcs[func].blocks.iter().flat_map(|b| &b.insts).filter_map(|inst| match &inst.op {
        Op::Asm(block) => Some(&**block),
        _ => None,
    })
}

/// Assembles every block of the functions in `wanted`.
pub fn assemble_all(program: &Program, wanted: &[FuncId], sink: &mut Sink) -> InlineAsm {
    // Labels first: a block may refer to one that stands in a later function.
    let mut labels: BTreeMap<(String, String), Name> = BTreeMap::new();
    let mut exports: BTreeMap<(FuncId, usize), BTreeMap<String, Name>> = BTreeMap::new();
    for &func in wanted {
        for (n, block) in blocks_of(program, func).enumerate() {
            for label in assembler::labels_of(&block.text) {
                let key = (block.module.to_string(), label.name.clone());
                let plain = Name::from(format!("asm:{}:{}", block.module, label.name));
                let name = match labels.entry(key) {
                    Entry::Occupied(_) => Name::from(format!("{plain}:{}:{n}", program.funcs[func].name)),
                    Entry::Vacant(free) => free.insert(plain).clone(),
                };
                exports.entry((func, n)).or_default().entry(label.name).or_insert(name);
            }
        }
    }
    let none = BTreeMap::new();
    let mut all = InlineAsm::default();
    for &func in wanted {
        for (n, block) in blocks_of(program, func).enumerate() {
            let exports = exports.get(&(func, n)).unwrap_or(&none);
            let names = Names { program, block, labels: &labels, exports };
            let origin = block.span.map(|s| (s.file, s.lo));
            let options = assembler::Options { origin, lowercase: block.lowercase };
            let assembled = assembler::assemble(&block.text, options, &names);
            report(&assembled, block, sink);
            for &address in &assembled.facts.zero_page {
                all.zero_page.insert(address);
            }
            let global = |symbol: &&Symbol| matches!(symbol, Symbol::Global(_));
            all.counted.extend(counted(&assembled.items).filter(global).cloned());
            all.must_be_zero_page.extend(assembled.facts.must_be_zero_page.iter().cloned());
            all.blocks.insert((func, n), assembled);
        }
    }
    for &func in wanted.iter().filter(|f| program.funcs[**f].kind != FuncKind::Naked) {
        report_jumps(program, func, &all, &exports, sink);
    }
    all
}

/// Reports jumps from a block into another one of the same function: what the function computes in
/// between follows its own ways.
fn report_jumps(
    program: &Program,
    func: FuncId,
    all: &InlineAsm,
    exports: &BTreeMap<(FuncId, usize), BTreeMap<String, Name>>,
    sink: &mut Sink,
) {
    let labels = |block: usize| exports.get(&(func, block)).into_iter().flatten();
    for (n, block) in blocks_of(program, func).enumerate() {
        let others = || (0..blocks_of(program, func).count()).filter(|m| *m != n).flat_map(labels);
        let jump = all.items(func, n).unwrap_or_default().iter().find_map(|item| {
            let Item::Inst(inst) = item else { return None };
            let jumps =
                inst.mnemonic.is_branch() || (inst.mnemonic, inst.mode) == (Mnemonic::Jmp, Mode::Absolute);
            let Symbol::Global(to) = inst.operand.as_ref().filter(|_| jumps)?.symbol.as_ref()? else {
                return None;
            };
            others().find(|(_, name)| *name == to)
        });
        let (Some((label, _)), Some(span)) = (jump, block.span) else { continue };
        let text = format!("This assembly jumps to '{label}' in another block of the function");
        sink.push(
            Diagnostic::error(codes::ASSEMBLY, span, text)
                .help("put both into one block, or call the other one with jsr"),
        );
    }
}

fn report(assembled: &Assembled, block: &AsmBlock, sink: &mut Sink) {
    for error in &assembled.errors {
        let mut diagnostic = match block.span {
            Some(text) => {
                let lo = text.lo + error.range.start as u32;
                let span = Span { file: text.file, lo, hi: text.lo + error.range.end as u32 };
                Diagnostic::error(codes::ASSEMBLY, span, error.message.clone())
            }
            None => Diagnostic::global(codes::ASSEMBLY, error.message.clone()),
        };
        if let Some(help) = &error.help {
            diagnostic = diagnostic.help(help.clone());
        }
        sink.push(diagnostic);
    }
}

struct Names<'a> {
    program: &'a Program,
    block: &'a AsmBlock,
    labels: &'a BTreeMap<(String, String), Name>,
    exports: &'a BTreeMap<String, Name>,
}

impl Resolver for Names<'_> {
    fn interpolate(&self, path: &str) -> Option<Place> {
        let (_, arg) = self.block.args.iter().find(|(name, _)| &**name == path)?;
        Some(match arg {
            AsmArg::Const(n) => Place::Number(*n),
            AsmArg::Addr(base, offset) => self.address(*base, *offset),
        })
    }

    fn name(&self, name: &str) -> Option<Place> {
        let symbol = |name: Name| Place::Symbol { name, addend: 0, zero_page: Some(false) };
        if let Some(label) = self.labels.get(&(self.block.module.to_string(), name.to_string())) {
            return Some(symbol(label.clone()));
        }
        // The checker has found what `__F_…` and `__C_…` stand for.
        self.interpolate(name)
    }

    fn export(&self, label: &str) -> Option<Name> {
        self.exports.get(label).cloned()
    }

    fn paths(&self) -> Vec<String> {
        self.block.args.iter().map(|(name, _)| name.to_string()).collect()
    }

    fn names(&self) -> Vec<String> {
        let module = self.block.module.to_string();
        self.labels.keys().filter(|(m, _)| *m == module).map(|(_, label)| label.clone()).collect()
    }
}

impl Names<'_> {
    fn address(&self, base: Base, offset: i32) -> Place {
        let symbol = |name: &str| Place::Symbol { name: Name::from(name), addend: offset, zero_page: None };
        match base {
            Base::Abs => Place::Number(i64::from(offset)),
            Base::Global(g) => {
                let global = &self.program.globals[g];
                match global.fixed {
                    Some(at) => Place::Number(i64::from(at) + i64::from(offset)),
                    None => symbol(&global.name),
                }
            }
            Base::Func(f) => {
                let name = Name::from(&*self.program.funcs[f].name);
                Place::Symbol { name, addend: offset, zero_page: Some(false) }
            }
            Base::Slot(_) | Base::Value(_) => Place::Number(0),
        }
    }
}
