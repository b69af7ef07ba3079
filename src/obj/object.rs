//! An object: position-free sections, the unit of linking.
//!
//! In: emitted code and data. Out: what `link` selects from and places. Invariant: every relocation
//! lies inside its section's bytes, symbols and lines ascend by offset, and `bytes` is `size` long
//! except where nothing is stored (`Bss`, `ZeroPage`), where it is empty.

use crate::base::source::Span;
use crate::mos::item::Name;
use crate::obj::reloc::Reloc;

/// What a section is for, hence where it may lie.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SectionKind {
    Code,
    /// Data that is never written.
    RoData,
    /// Data with an initial value.
    Data,
    /// Data without an initial value.
    Bss,
    /// Variables in the zero page, without an initial value.
    ZeroPage,
}

impl SectionKind {
    /// True when the section takes room in the program file.
    pub const fn has_bytes(self) -> bool {
        !matches!(self, SectionKind::Bss | SectionKind::ZeroPage)
    }
}

/// A symbol inside a section.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SymbolDef {
    pub name: Name,
    pub offset: u16,
}

/// The code from `offset` on was written at `span`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Line {
    pub offset: u16,
    pub span: Span,
}

/// A piece of code or data that is linked as a whole or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// Also the symbol of the section's start.
    pub name: Name,
    pub kind: SectionKind,
    /// A power of two.
    pub align: u16,
    /// Variables that indexed instructions reach, from so many bytes before the section: they are
    /// faster where no page border lies between, so the linker looks for such a place first.
    pub in_page: Option<u8>,
    /// The highest start address that the code allows; of variables only.
    pub highest: Option<u16>,
    /// The address, where the source gives one.
    pub fixed: Option<u16>,
    pub size: u16,
    pub bytes: Vec<u8>,
    pub relocs: Vec<Reloc>,
    /// Further symbols, besides the section's own name.
    pub symbols: Vec<SymbolDef>,
    pub lines: Vec<Line>,
}

impl Section {
    /// An empty section.
    pub fn new(name: impl Into<Name>, kind: SectionKind) -> Section {
        Section {
            name: name.into(),
            kind,
            align: 1,
            in_page: None,
            highest: None,
            fixed: None,
            size: 0,
            bytes: Vec::new(),
            relocs: Vec::new(),
            symbols: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// A section of finished bytes without relocations.
    pub fn with_bytes(name: impl Into<Name>, kind: SectionKind, bytes: Vec<u8>) -> Section {
        let size = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        Section { size, bytes, ..Section::new(name, kind) }
    }

    /// A section that only reserves room.
    pub fn reserve(name: impl Into<Name>, kind: SectionKind, size: u16) -> Section {
        Section { size, ..Section::new(name, kind) }
    }

    /// The offset of a symbol of this section, its own name included.
    pub fn offset_of(&self, name: &str) -> Option<u16> {
        if self.name.as_str() == name {
            return Some(0);
        }
        self.symbols.iter().find(|s| s.name.as_str() == name).map(|s| s.offset)
    }

    /// The source of the code at `offset`.
    pub fn span_at(&self, offset: u16) -> Option<Span> {
        let next = self.lines.partition_point(|line| line.offset <= offset);
        next.checked_sub(1).map(|i| self.lines[i].span)
    }

    /// The symbols that the section refers to, each once, in order of name.
    pub fn references(&self) -> Vec<&Name> {
        let mut names: Vec<&Name> = self.relocs.iter().map(|r| &r.symbol).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The sections of a module, of the program, or of the run-time library.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Object {
    pub sections: Vec<Section>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::FileId;

    #[test]
    fn lookups_inside_a_section() {
        let mut section = Section::with_bytes("f", SectionKind::Code, vec![0; 6]);
        section.symbols.push(SymbolDef { name: "f.inner".into(), offset: 3 });
        let span = Span::new(FileId(0), 1, 2);
        section.lines.push(Line { offset: 2, span });
        assert_eq!((section.offset_of("f"), section.offset_of("f.inner")), (Some(0), Some(3)));
        assert_eq!(section.offset_of("g"), None);
        assert_eq!((section.span_at(1), section.span_at(5)), (None, Some(span)));
    }
}
