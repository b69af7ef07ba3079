//! Machine code and globals → sections.
//!
//! In: the code of each function, the places of its cells. Out: sections with relocations. The last
//! step in which cells have names; from here on everything is a symbol or a number.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::base::index::Id;
use crate::codegen::frame::{Frames, Place};
use crate::codegen::function::Compiled;
use crate::codegen::inline_asm::InlineAsm;
use crate::codegen::lir::{Sym, SymAddr};
use crate::codegen::mach::{Arg, Cell, Label, MInst, MKind, mode};
use crate::codegen::module;
use crate::codegen::outline::Body;
use crate::mir::ir::{Base, FuncId, FuncKind, GlobalId, GlobalKind, Init, Program};
use crate::mos::inst::{Mnemonic, Mode};
use crate::mos::item::{Inst, Item, Name, Operand, Part};
use crate::obj::emit;
use crate::obj::object::{Section, SectionKind};
use crate::obj::reloc::{Reloc, RelocKind};

/// The section that holds all static frames.
pub const FRAME: &str = "frames";

/// What the finishing of functions needs.
pub struct Finish<'a> {
    pub program: &'a Program,
    pub frames: &'a Frames,
    pub asm: &'a InlineAsm,
    /// Which symbols lie in zero page.
    pub zero_page: &'a emit::ZpOracle<'a>,
    /// Finished code for a `.LIB`.
    pub module: bool,
}

impl Finish<'_> {
    /// The code of a function with final operands. `often`: weights of a call's instructions from
    /// which on they stay where they are.
    pub fn body(&self, id: FuncId, compiled: &Compiled, often: f64) -> Body {
        let func = &self.program.funcs[id];
        let mut body =
            Body { name: Name::from(&*func.name), items: Vec::new(), may_move: Vec::new(), func: Some(id) };
        let movable = func.kind == FuncKind::Normal && func.relocate.is_none();
        let mut span = None;
        let mut asm_blocks = BTreeSet::new();
        let mut fixed = Vec::new();
        // Labels of different `__asm__` blocks and of the code itself are kept apart.
        let mut base = compiled.code.iter().filter_map(label_of).max().map_or(0, |l| l + 1);
        for (at, inst) in compiled.code.iter().enumerate() {
            let code = !matches!(inst.kind, MKind::Label(_));
            if code && inst.span.is_some() && inst.span != span {
                span = inst.span;
                body.items.extend(span.map(Item::Source));
                body.may_move.push(true);
            }
            if let MKind::Asm(block) = &inst.kind {
                let n = InlineAsm::position(self.program, id, block, &mut asm_blocks);
                let text = self.asm.items(id, n).unwrap_or_default();
                let start = body.items.len();
                base += add_asm(&mut body.items, text, base);
                if self.asm.is_counted(text) {
                    fixed.push(start..body.items.len());
                }
                body.may_move.resize(body.items.len(), false);
                span = None;
                let is_last =
                    || !compiled.code[at + 1..].iter().any(|inst| matches!(inst.kind, MKind::Asm(_)));
                if func.kind == FuncKind::Naked && self.asm.ends_flow(id, n) && is_last() {
                    break;
                }
                continue;
            }
            body.items.push(self.item(id, inst));
            // A call that may come back to this function must not take more of the stack.
            let recursive = compiled.recursive && matches!(inst.kind, MKind::Call { arg: Arg::Func(_), .. });
            body.may_move.push(movable && inst.weight < often && !recursive);
        }
        if self.module {
            module::constant_words(&mut body.items, &fixed, base);
            body.may_move.resize(body.items.len(), false);
        }
        body
    }

    /// The section of finished code.
    pub fn section(&self, body: &Body, sink: &mut Sink) -> Section {
        let func = body.func.map(|f| &self.program.funcs[f]);
        let (mut section, errors) = emit::emit(body.name.clone(), &body.items, self.zero_page);
        for error in errors {
            sink.push(match error.span.or(func.and_then(|f| f.span)) {
                Some(span) => Diagnostic::error(codes::ASSEMBLY, span, error.message),
                None => Diagnostic::global(codes::ASSEMBLY, error.message),
            });
        }
        section.fixed = func.and_then(|f| f.relocate);
        section
    }

    fn item(&self, id: FuncId, inst: &MInst) -> Item {
        match &inst.kind {
            MKind::Label(label) => Item::Label(*label),
            MKind::Call { arg, tail, .. } => {
                let mnemonic = if *tail { Mnemonic::Jmp } else { Mnemonic::Jsr };
                self.instruction(id, mnemonic, arg)
            }
            MKind::Inst { mnemonic, arg } => self.instruction(id, *mnemonic, arg),
            MKind::Asm(_) => Item::Data(Vec::new()),
        }
    }

    fn instruction(&self, id: FuncId, mnemonic: Mnemonic, arg: &Arg) -> Item {
        let direct = |operand: Operand, mode: Mode, exact: bool| {
            Item::Inst(Inst { mnemonic, mode, operand: Some(operand), exact })
        };
        match arg {
            Arg::None => Item::implied(mnemonic),
            Arg::Imm(n) => direct(Operand::number(i32::from(*n)), Mode::Immediate, false),
            Arg::ImmSym(part, at) => {
                let operand = self.address(id, *at);
                let operand = if *part == Part::Hi { operand.hi() } else { operand.lo() };
                direct(operand, Mode::Immediate, false)
            }
            Arg::Cell(cell) => self.cell(id, mnemonic, *cell),
            Arg::Foreign(func, cell) => self.cell(*func, mnemonic, *cell),
            Arg::Zp(at) => direct(Operand::number(i32::from(*at)), Mode::ZeroPage, false),
            Arg::Abs(at) => direct(self.address(id, *at), Mode::Absolute, false),
            Arg::AbsX(at) => direct(self.address(id, *at), Mode::AbsoluteX, !self.within_zero_page(*at)),
            Arg::AbsY(at) => direct(self.address(id, *at), Mode::AbsoluteY, !self.within_zero_page(*at)),
            Arg::IndY(cell) => {
                let address = match self.frames.cells[id][cell.index()] {
                    Place::Zp(at) => i32::from(at),
                    // Reported as an overflow by the caller.
                    Place::Frame(_) | Place::Unused => 0,
                };
                direct(Operand::number(address), Mode::IndirectIndexed, false)
            }
            Arg::Label(label) => {
                let mode = mode(mnemonic, arg, true);
                direct(Operand::local(*label), mode, false)
            }
            Arg::Func(f) => direct(Operand::global(&*self.program.funcs[*f].name), Mode::Absolute, false),
            Arg::Code(at) => direct(Operand::number(i32::from(*at)), Mode::Absolute, true),
            Arg::Routine(name) => direct(Operand::global(*name), Mode::Absolute, false),
        }
    }

    /// True when an index stays in zero page. Elsewhere the absolute form is the one that is meant:
    /// zero page indexed wraps at 256.
    fn within_zero_page(&self, at: SymAddr) -> bool {
        matches!(at.sym, Sym::Global(g) if self.frames.globals.contains_key(&g))
    }

    fn cell(&self, func: FuncId, mnemonic: Mnemonic, cell: Cell) -> Item {
        let operand = match self.frames.cells[func].get(cell.index()) {
            Some(Place::Zp(at)) => {
                return Item::inst(mnemonic, Mode::ZeroPage, Operand::number(i32::from(*at)));
            }
            Some(Place::Frame(offset)) => Operand::global(FRAME).plus(i32::from(*offset)),
            // An argument that the callee never reads.
            Some(Place::Unused) | None => Operand::number(i32::from(crate::obj::rt_abi::RT_T)),
        };
        Item::inst(mnemonic, Mode::Absolute, operand)
    }

    fn address(&self, id: FuncId, at: SymAddr) -> Operand {
        match at.sym {
            Sym::Abs => Operand::number(at.offset & 0xffff),
            Sym::Global(g) => {
                let global = &self.program.globals[g];
                Operand::global(&*global.name).plus(at.offset)
            }
            Sym::Slot(s) => {
                let offset = self.frames.slots[id].get(s).copied().unwrap_or(0);
                Operand::global(FRAME).plus(i32::from(offset) + at.offset)
            }
            Sym::Func(f) => Operand::global(&*self.program.funcs[f].name).plus(at.offset),
        }
    }
}

fn label_of(inst: &MInst) -> Option<Label> {
    match inst.kind {
        MKind::Label(label) => Some(label),
        _ => inst.target(),
    }
}

/// Appends an assembled text with its labels moved up by `base`; returns how many numbers it used.
fn add_asm(items: &mut Vec<Item>, text: &[Item], base: Label) -> Label {
    use crate::mos::item::Symbol;
    let mut used = 0;
    for item in text {
        let mut item = item.clone();
        if let Item::Label(label) = &mut item {
            used = used.max(*label + 1);
            *label += base;
        }
        if let Some(Operand { symbol: Some(Symbol::Local(label)), .. }) = item.operand_mut() {
            used = used.max(*label + 1);
            *label += base;
        }
        items.push(item);
    }
    used
}

/// Which globals indexed instructions or pointers reach, and from how many bytes before their start.
pub fn indexed_globals<'a>(code: impl Iterator<Item = &'a Compiled>) -> BTreeMap<GlobalId, u8> {
    let mut found: BTreeMap<GlobalId, u8> = BTreeMap::new();
    for inst in code.flat_map(|c| &c.code) {
        if let Some((_, Arg::AbsX(at) | Arg::AbsY(at) | Arg::ImmSym(_, at))) = inst.inst()
            && let Sym::Global(global) = at.sym
        {
            let lead = u8::try_from(at.offset.min(0).unsigned_abs()).unwrap_or(u8::MAX);
            let known = found.entry(global).or_default();
            *known = lead.max(*known);
        }
    }
    found
}

/// The section of a global; `None` for one that is defined elsewhere or takes no room. `in_page`: see
/// [`Section::in_page`].
pub fn global(program: &Program, id: GlobalId, in_page: Option<u8>) -> Option<Section> {
    let global = &program.globals[id];
    if global.external || global.kind == GlobalKind::Mapped {
        return None;
    }
    let kind = match global.kind {
        GlobalKind::Const => SectionKind::RoData,
        GlobalKind::Data => SectionKind::Data,
        GlobalKind::Bss | GlobalKind::Mapped => SectionKind::Bss,
    };
    let name: Name = Name::from(&*global.name);
    let size = u16::try_from(global.size).unwrap_or(u16::MAX);
    if kind == SectionKind::Bss {
        let highest = global.highest;
        return Some(Section { fixed: global.fixed, in_page, highest, ..Section::reserve(name, kind, size) });
    }
    let mut bytes = Vec::with_capacity(global.size as usize);
    let mut relocs = Vec::new();
    for part in &global.init {
        match part {
            Init::Bytes(data) => bytes.extend_from_slice(data),
            Init::Addr(base, offset) => {
                let symbol: &str = match base {
                    Base::Global(g) => &program.globals[*g].name,
                    Base::Func(f) => &program.funcs[*f].name,
                    Base::Abs | Base::Slot(_) | Base::Value(_) => {
                        bytes.extend_from_slice(&(*offset as u16).to_le_bytes());
                        continue;
                    }
                };
                relocs.push(Reloc {
                    offset: bytes.len() as u16,
                    kind: RelocKind::Abs16,
                    symbol: Name::from(symbol),
                    addend: *offset,
                });
                bytes.extend_from_slice(&[0, 0]);
            }
        }
    }
    bytes.resize(global.size as usize, 0);
    let mut section = Section::with_bytes(name, kind, bytes);
    section.relocs = relocs;
    section.fixed = global.fixed;
    Some(section)
}
