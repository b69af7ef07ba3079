//! Symbolic items to a section: bytes, relocations, symbols and lines.
//!
//! In: items, and an oracle that says which symbols lie in the zero page. Out: a section, and what
//! was wrong with operands. Invariant: bytes and relocations agree with the opcode table and the
//! layout of `branch`; a reference inside the section becomes a relocation against its name.
//! Code generator and assembler share this; neither computes an offset.

use crate::base::source::Span;
use crate::mos::encode;
use crate::mos::inst::{Mnemonic, Mode};
use crate::mos::item::{Inst, Item, Name, Operand, Part, Symbol};
use crate::obj::branch::{self, Layout, Piece};
use crate::obj::object::{Line, Section, SectionKind, SymbolDef};
use crate::obj::reloc::{Reloc, RelocError, RelocKind, branch_distance};
use std::collections::BTreeMap;

/// Says which global symbols lie in the zero page.
pub type ZpOracle<'a> = dyn Fn(&Name) -> bool + 'a;

/// A fault of an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmitError {
    /// The place of the nearest `Source` item before it.
    pub span: Option<Span>,
    /// Its index in the items.
    pub item: usize,
    pub message: String,
}

/// Encodes `items` as the code section `name`. The section is as good as the items: after an error
/// it has zeros where the operand would be.
pub fn emit(name: impl Into<Name>, items: &[Item], zero_page: &ZpOracle) -> (Section, Vec<EmitError>) {
    let name = name.into();
    let targets = targets(items);
    let pieces: Vec<Piece> = items.iter().map(|item| piece(item, &targets, zero_page)).collect();
    let layout = branch::relax(&pieces);
    let section = Section::new(name, SectionKind::Code);
    let mut emitter = Emitter { section, targets, layout, zero_page, errors: Vec::new(), at: 0, span: None };
    for (i, item) in items.iter().enumerate() {
        emitter.at = i;
        emitter.item(item);
    }
    emitter.finish()
}

/// The size in bytes that `emit` would give the items.
pub fn size(items: &[Item], zero_page: &ZpOracle) -> u32 {
    let targets = targets(items);
    let pieces: Vec<Piece> = items.iter().map(|item| piece(item, &targets, zero_page)).collect();
    branch::relax(&pieces).offsets.last().copied().unwrap_or(0)
}

/// The item index of every symbol that the items define.
type Targets = BTreeMap<Symbol, usize>;

fn targets(items: &[Item]) -> Targets {
    let mut targets = Targets::new();
    for (i, item) in items.iter().enumerate() {
        match item {
            Item::Label(label) => targets.insert(Symbol::Local(*label), i),
            Item::Global(name) => targets.insert(Symbol::Global(name.clone()), i),
            _ => None,
        };
    }
    targets
}

fn piece(item: &Item, targets: &Targets, zero_page: &ZpOracle) -> Piece {
    match item {
        Item::Label(_) | Item::Global(_) | Item::Source(_) => Piece::Bytes(0),
        Item::Data(bytes) => Piece::Bytes(bytes.len() as u32),
        Item::DataRef(operand) => Piece::Bytes(if operand.part == Part::Word { 2 } else { 1 }),
        Item::Fill { count, .. } => Piece::Bytes(u32::from(*count)),
        Item::Align(to) => Piece::Align(u32::from(*to)),
        Item::Inst(inst) if inst.mode == Mode::Relative && !inst.exact => match &inst.operand {
            Some(Operand { symbol: Some(symbol), addend: 0, .. }) => match targets.get(symbol) {
                Some(&target) => Piece::Branch { target },
                None => Piece::LongBranch,
            },
            _ => Piece::LongBranch,
        },
        Item::Inst(inst) => Piece::Bytes(1 + u32::from(final_mode(inst, zero_page).operand_bytes())),
    }
}

/// The mode after an absolute operand has been found to lie in the zero page.
fn final_mode(inst: &Inst, zero_page: &ZpOracle) -> Mode {
    let in_zero_page = |operand: &Operand| match &operand.symbol {
        Some(Symbol::Global(name)) => operand.part == Part::Word && zero_page(name),
        Some(Symbol::Local(_)) => false,
        None => matches!(operand.as_number(), Some(0..=255)),
    };
    match (inst.mode.zero_page(), &inst.operand) {
        (Some(short), Some(operand))
            if !inst.exact && in_zero_page(operand) && encode::find(inst.mnemonic, short).is_some() =>
        {
            short
        }
        _ => inst.mode,
    }
}

struct Emitter<'a> {
    section: Section,
    targets: Targets,
    layout: Layout,
    zero_page: &'a ZpOracle<'a>,
    errors: Vec<EmitError>,
    at: usize,
    span: Option<Span>,
}

impl Emitter<'_> {
    fn item(&mut self, item: &Item) {
        match item {
            Item::Label(_) => {}
            Item::Global(name) => {
                let symbol = SymbolDef { name: name.clone(), offset: self.offset() };
                self.section.symbols.push(symbol);
            }
            Item::Inst(inst) => self.inst(inst),
            Item::Data(bytes) => self.section.bytes.extend_from_slice(bytes),
            Item::DataRef(operand) => {
                self.operand(operand, if operand.part == Part::Word { Hole::Word } else { Hole::Byte });
            }
            Item::Fill { count, value } => {
                self.section.bytes.resize(self.section.bytes.len() + usize::from(*count), *value);
            }
            Item::Align(to) => {
                self.section.align = self.section.align.max(*to);
                self.section.bytes.resize(self.layout.offsets[self.at + 1] as usize, 0);
            }
            Item::Source(span) => self.source(*span),
        }
    }

    fn source(&mut self, span: Span) {
        self.span = Some(span);
        let line = Line { offset: self.offset(), span };
        match self.section.lines.last_mut() {
            Some(last) if last.offset == line.offset => *last = line,
            Some(last) if last.span == span => {}
            _ => self.section.lines.push(line),
        }
    }

    fn inst(&mut self, inst: &Inst) {
        if inst.mode == Mode::Relative {
            return self.branch(inst);
        }
        let mode = final_mode(inst, self.zero_page);
        self.opcode(inst.mnemonic, mode);
        let hole = match mode.operand_bytes() {
            0 => return,
            1 => Hole::Byte,
            _ => Hole::Word,
        };
        match &inst.operand {
            Some(operand) => self.operand(operand, hole),
            None => {
                self.error(format!("'{}' needs an operand", inst.mnemonic));
                self.operand(&Operand::number(0), hole);
            }
        }
    }

    fn branch(&mut self, inst: &Inst) {
        let none = Operand::number(0);
        let target = inst.operand.as_ref().unwrap_or(&none);
        match inst.mnemonic.inverse() {
            Some(inverse) if self.layout.long[self.at] => {
                self.opcode(inverse, Mode::Relative);
                self.section.bytes.push(branch::JUMP_BYTES as u8);
                self.opcode(Mnemonic::Jmp, Mode::Absolute);
                self.operand(target, Hole::Word);
            }
            _ => {
                self.opcode(inst.mnemonic, Mode::Relative);
                self.operand(target, Hole::Distance);
            }
        }
    }

    fn opcode(&mut self, mnemonic: Mnemonic, mode: Mode) {
        let row = encode::find(mnemonic, mode);
        if row.is_none() {
            self.error(format!("'{mnemonic}' has no such addressing mode ({mode:?})"));
        }
        self.section.bytes.push(row.map_or(0, |row| row.opcode));
    }

    fn operand(&mut self, operand: &Operand, hole: Hole) {
        let offset = self.offset();
        let inside = operand.symbol.as_ref().and_then(|s| self.targets.get(s));
        let inside = inside.map(|&item| self.layout.offsets[item] as i32);
        let width = if hole == Hole::Word { 2 } else { 1 };
        self.section.bytes.resize(self.section.bytes.len() + width, 0);
        if let (Hole::Distance, Some(target)) = (hole, inside) {
            let target = target.wrapping_add(operand.addend) as u16;
            match branch_distance(offset.wrapping_add(1), target) {
                Ok(distance) => self.section.bytes[usize::from(offset)] = distance as u8,
                Err(distance) => self.error(RelocError::OutOfRange(distance).to_string()),
            }
            return;
        }
        let (symbol, addend) = match (&operand.symbol, inside) {
            (None, _) if hole != Hole::Distance => return self.number(operand, hole, offset),
            // A branch to a plain address: against the symbol of address 0.
            (None, _) => (Name::from(ADDRESS_ZERO), operand.addend),
            (Some(_), Some(inside)) => (self.section.name.clone(), operand.addend.wrapping_add(inside)),
            (Some(Symbol::Global(name)), None) => (name.clone(), operand.addend),
            (Some(Symbol::Local(label)), None) => {
                return self.error(format!("Internal: label L{label} is not in its item list"));
            }
        };
        let kind = match (hole, operand.part) {
            (Hole::Distance, _) => RelocKind::Rel8,
            (Hole::Word, Part::Word) => RelocKind::Abs16,
            (Hole::Byte, Part::Word) => RelocKind::Zp8,
            (_, Part::Lo) => RelocKind::Lo8,
            (_, Part::Hi) => RelocKind::Hi8,
        };
        self.section.relocs.push(Reloc { offset, kind, symbol, addend });
    }

    fn number(&mut self, operand: &Operand, hole: Hole, offset: u16) {
        let value = operand.as_number().unwrap_or(0);
        let (least, most) = if hole == Hole::Word { (-32768, 65535) } else { (-128, 255) };
        if !(least..=most).contains(&value) {
            let bytes = if hole == Hole::Word { "two bytes" } else { "one byte" };
            return self.error(format!("The value {value} does not fit {bytes}"));
        }
        let width = if hole == Hole::Word { 2 } else { 1 };
        let at = usize::from(offset);
        self.section.bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
    }

    fn offset(&self) -> u16 {
        self.section.bytes.len() as u16
    }

    fn error(&mut self, message: String) {
        self.errors.push(EmitError { span: self.span, item: self.at, message });
    }

    fn finish(mut self) -> (Section, Vec<EmitError>) {
        let size = self.section.bytes.len();
        match u16::try_from(size) {
            Ok(size) => self.section.size = size,
            Err(_) => {
                self.error(format!("'{}' is {size} bytes long; no more than 65535 fit", self.section.name));
                self.section = Section::new(self.section.name.clone(), SectionKind::Code);
            }
        }
        (self.section, self.errors)
    }
}

/// The symbol that stands for address 0, for branches to plain numbers.
pub const ADDRESS_ZERO: &str = "$0000";

/// The room that an operand goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hole {
    Byte,
    Word,
    Distance,
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mnemonic::*;

    fn no_zero_page(_: &Name) -> bool {
        false
    }

    fn reloc(offset: u16, kind: RelocKind, symbol: &str, addend: i32) -> Reloc {
        Reloc { offset, kind, symbol: symbol.into(), addend }
    }

    #[test]
    fn operands_become_bytes_or_relocations() {
        let table = || Operand::global("table").plus(1);
        let items = [
            Item::inst(Lda, Mode::Immediate, Operand::number(-1)),
            Item::inst(Ldx, Mode::Immediate, table().lo()),
            Item::inst(Ldy, Mode::Immediate, table().hi()),
            Item::inst(Sta, Mode::AbsoluteX, table()),
            Item::inst(Lda, Mode::IndirectIndexed, Operand::global("p")),
        ];
        let (section, errors) = emit("f", &items, &no_zero_page);
        assert_eq!(errors, []);
        assert_eq!(section.bytes, [0xa9, 0xff, 0xa2, 0, 0xa0, 0, 0x9d, 0, 0, 0xb1, 0]);
        let expected = [
            reloc(3, RelocKind::Lo8, "table", 1),
            reloc(5, RelocKind::Hi8, "table", 1),
            reloc(7, RelocKind::Abs16, "table", 1),
            reloc(10, RelocKind::Zp8, "p", 0),
        ];
        assert_eq!(section.relocs, expected);
    }

    #[test]
    fn zero_page_symbols_shorten_where_the_mode_exists() {
        let zero_page = |name: &Name| name.as_str() == "z";
        let z = || Operand::global("z");
        let mut exact = Inst::new(Lda, Mode::Absolute, z());
        exact.exact = true;
        let items =
            [Item::inst(Lda, Mode::AbsoluteX, z()), Item::inst(Lda, Mode::AbsoluteY, z()), Item::Inst(exact)];
        let (section, _) = emit("f", &items, &zero_page);
        assert_eq!(section.bytes, [0xb5, 0, 0xb9, 0, 0, 0xad, 0, 0]);
        assert_eq!(size(&items, &zero_page), 8);
    }

    #[test]
    fn inner_references_go_through_the_section_symbol() {
        let items = [
            Item::implied(Nop),
            Item::Label(1),
            Item::inst(Jmp, Mode::Absolute, Operand::local(1)),
            Item::Global("f.data".into()),
            Item::DataRef(Operand::global("f.data")),
        ];
        let (section, _) = emit("f", &items, &no_zero_page);
        let expected = [reloc(2, RelocKind::Abs16, "f", 1), reloc(4, RelocKind::Abs16, "f", 4)];
        assert_eq!(section.relocs, expected);
        assert_eq!(section.offset_of("f.data"), Some(4));
    }

    #[test]
    fn far_branches_become_jumps_and_exact_ones_errors() {
        let mut items = vec![
            Item::branch(Bne, Operand::local(1)),
            Item::branch(Beq, Operand::global("elsewhere")),
            Item::Fill { count: 200, value: 0xea },
            Item::Label(1),
        ];
        let (section, errors) = emit("f", &items, &no_zero_page);
        assert_eq!(errors, []);
        assert_eq!(section.bytes[..10], [0xf0, 3, 0x4c, 0, 0, 0xd0, 3, 0x4c, 0, 0]);
        assert_eq!(section.relocs[0], reloc(3, RelocKind::Abs16, "f", 210));
        if let Item::Inst(inst) = &mut items[0] {
            inst.exact = true;
        }
        let (_, errors) = emit("f", &items, &no_zero_page);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].message.contains("out of range: 205 bytes"), "{}", errors[0].message);
    }

    #[test]
    fn near_branches_hold_their_distance() {
        let items = [Item::Label(0), Item::implied(Dex), Item::branch(Bne, Operand::local(0))];
        let (section, _) = emit("f", &items, &no_zero_page);
        assert_eq!((section.bytes, section.relocs), (vec![0xca, 0xd0, 0xfd], vec![]));
    }

    #[test]
    fn lines_follow_the_source_items() {
        let span = |at| Span::new(crate::base::source::FileId(0), at, at + 1);
        let items = [
            Item::Source(span(1)),
            Item::Source(span(2)),
            Item::implied(Nop),
            Item::Source(span(2)),
            Item::Source(span(3)),
            Item::inst(Lda, Mode::Immediate, Operand::number(256)),
        ];
        let (section, errors) = emit("f", &items, &no_zero_page);
        let lines: Vec<(u16, Span)> = section.lines.iter().map(|l| (l.offset, l.span)).collect();
        assert_eq!(lines, [(0, span(2)), (1, span(3))]);
        assert_eq!((errors[0].span, errors[0].item), (Some(span(3)), 5));
    }
}
