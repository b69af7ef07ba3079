//! Code with symbolic operands: what the code generator and the assembler produce, and what
//! `obj::emit` turns into bytes and relocations.
//!
//! Invariant: a list of items is position-free. `Symbol::Local` labels belong to the list that
//! defines them; everything else is found by name at link time. Not here: sizes and addresses.

use crate::base::source::Span;
use crate::mos::inst::{Mnemonic, Mode};
use std::sync::Arc;

/// A symbol name; cheap to clone, compared by text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name(Arc::from(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Name {
        Name(Arc::from(text))
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an operand refers to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Symbol {
    /// A symbol of the program, found at link time.
    Global(Name),
    /// A label of the same item list.
    Local(u32),
}

impl std::fmt::Debug for Symbol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Symbol::Global(name) => write!(f, "{name}"),
            Symbol::Local(label) => write!(f, "L{label}"),
        }
    }
}

/// Which part of a 16-bit value is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    Word,
    Lo,
    Hi,
}

/// A value known at link time: `part(address(symbol) + addend)`; without a symbol a plain number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operand {
    pub symbol: Option<Symbol>,
    pub addend: i32,
    pub part: Part,
}

impl Operand {
    /// A plain number.
    pub fn number(value: i32) -> Operand {
        Operand { symbol: None, addend: value, part: Part::Word }
    }

    /// The address of a global symbol.
    pub fn global(name: impl Into<Name>) -> Operand {
        Operand { symbol: Some(Symbol::Global(name.into())), addend: 0, part: Part::Word }
    }

    /// The address of a label in the same list.
    pub fn local(label: u32) -> Operand {
        Operand { symbol: Some(Symbol::Local(label)), addend: 0, part: Part::Word }
    }

    /// The same with `by` added to the address.
    pub fn plus(mut self, by: i32) -> Operand {
        self.addend = self.addend.wrapping_add(by);
        self
    }

    /// The low byte.
    pub fn lo(mut self) -> Operand {
        self.part = Part::Lo;
        self
    }

    /// The high byte.
    pub fn hi(mut self) -> Operand {
        self.part = Part::Hi;
        self
    }

    /// The number, when there is no symbol, with `part` applied.
    pub fn as_number(&self) -> Option<i32> {
        match (&self.symbol, self.part) {
            (Some(_), _) => None,
            (None, Part::Word) => Some(self.addend),
            (None, Part::Lo) => Some(self.addend & 0xff),
            (None, Part::Hi) => Some(self.addend >> 8 & 0xff),
        }
    }
}

impl std::fmt::Debug for Operand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.part {
            Part::Word => "",
            Part::Lo => "<",
            Part::Hi => ">",
        })?;
        let simple = self.part == Part::Word || self.addend == 0;
        match (&self.symbol, self.addend) {
            (None, n) if (0..256).contains(&n) => write!(f, "${n:02x}"),
            (None, n) if n >= 0 => write!(f, "${n:04x}"),
            (None, n) => write!(f, "{n}"),
            (Some(symbol), 0) => write!(f, "{symbol:?}"),
            (Some(symbol), n) if simple => write!(f, "{symbol:?}{n:+}"),
            (Some(symbol), n) => write!(f, "({symbol:?}{n:+})"),
        }
    }
}

/// An instruction. Its mode must be one that the mnemonic has, and `operand` must be there exactly
/// when the mode has operand bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Inst {
    pub mnemonic: Mnemonic,
    pub mode: Mode,
    pub operand: Option<Operand>,
    /// Keep what is written: an absolute operand is not shortened to zero page, and a branch that
    /// does not reach is an error instead of an inverted branch over a jump.
    pub exact: bool,
}

impl Inst {
    /// An instruction with an operand, which `emit` may shorten or relax.
    pub fn new(mnemonic: Mnemonic, mode: Mode, operand: Operand) -> Inst {
        Inst { mnemonic, mode, operand: Some(operand), exact: false }
    }

    /// An instruction without operand bytes; a shift gets the accumulator form.
    pub fn implied(mnemonic: Mnemonic) -> Inst {
        use Mnemonic::{Asl, Lsr, Rol, Ror};
        let shift = matches!(mnemonic, Asl | Lsr | Rol | Ror);
        let mode = if shift { Mode::Accumulator } else { Mode::Implied };
        Inst { mnemonic, mode, operand: None, exact: false }
    }
}

impl std::fmt::Debug for Inst {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.mnemonic)?;
        match &self.operand {
            Some(operand) => write!(f, " {}", self.mode.notation(&format!("{operand:?}"))),
            None => Ok(()),
        }
    }
}

/// One element of symbolic code.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Item {
    /// The label of this number is here.
    Label(u32),
    /// The global symbol of this name is here: an entry point, or data inside the code.
    Global(Name),
    /// An instruction.
    Inst(Inst),
    /// Finished bytes.
    Data(Vec<u8>),
    /// A value as a little-endian word (`Part::Word`) or as one byte.
    DataRef(Operand),
    /// So many equal bytes.
    Fill { count: u16, value: u8 },
    /// Zero bytes up to the next multiple of a power of two, which becomes the section's alignment.
    Align(u16),
    /// The items that follow, up to the next `Source`, were written here.
    Source(Span),
}

impl Item {
    /// An instruction with an operand.
    pub fn inst(mnemonic: Mnemonic, mode: Mode, operand: Operand) -> Item {
        Item::Inst(Inst::new(mnemonic, mode, operand))
    }

    /// An instruction without operand bytes.
    pub fn implied(mnemonic: Mnemonic) -> Item {
        Item::Inst(Inst::implied(mnemonic))
    }

    /// A conditional branch.
    pub fn branch(mnemonic: Mnemonic, target: Operand) -> Item {
        Item::inst(mnemonic, Mode::Relative, target)
    }

    /// The operand of an instruction or of a data reference.
    pub fn operand(&self) -> Option<&Operand> {
        match self {
            Item::Inst(inst) => inst.operand.as_ref(),
            Item::DataRef(operand) => Some(operand),
            _ => None,
        }
    }

    /// The operand, to be changed (renaming of symbols).
    pub fn operand_mut(&mut self) -> Option<&mut Operand> {
        match self {
            Item::Inst(inst) => inst.operand.as_mut(),
            Item::DataRef(operand) => Some(operand),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Item::Label(label) => write!(f, "L{label}:"),
            Item::Global(name) => write!(f, "{name}:"),
            Item::Inst(inst) => write!(f, "    {inst:?}"),
            Item::Data(bytes) => {
                let bytes: Vec<String> = bytes.iter().map(|b| format!("${b:02x}")).collect();
                write!(f, "    .byte {}", bytes.join(", "))
            }
            Item::DataRef(operand) if operand.part == Part::Word => write!(f, "    .word {operand:?}"),
            Item::DataRef(operand) => write!(f, "    .byte {operand:?}"),
            Item::Fill { count, value } => write!(f, "    .fill {count}, ${value:02x}"),
            Item::Align(to) => write!(f, "    .align ${to:x}"),
            Item::Source(span) => write!(f, "    // {:?} {}..{}", span.file, span.lo, span.hi),
        }
    }
}

/// The items as assembly text, a line each.
pub fn listing(items: &[Item]) -> String {
    items.iter().map(|item| format!("{item:?}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_print_as_assembly() {
        let table = Operand::global("table").plus(-1);
        let items = [
            Item::Label(3),
            Item::inst(Mnemonic::Lda, Mode::AbsoluteX, table.clone()),
            Item::inst(Mnemonic::Ldy, Mode::Immediate, table.hi()),
            Item::branch(Mnemonic::Bne, Operand::local(3)),
            Item::implied(Mnemonic::Asl),
            Item::DataRef(Operand::number(0x12)),
        ];
        let text = "L3:\n    lda table-1,x\n    ldy #>(table-1)\n    bne L3\n    asl\n    .word $12\n";
        assert_eq!(listing(&items), text);
    }
}
