//! Relocation records: places in a section that wait for an address.
//!
//! In: finished bytes with holes. Out: the holes filled in, once addresses are known. Invariant: a
//! value that does not fit its hole is an error, never cut off. Not here: finding the symbols.

use crate::mos::item::Name;

/// What a hole takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RelocKind {
    /// The low byte of the value.
    Lo8,
    /// The high byte of the value.
    Hi8,
    /// The value as a little-endian word.
    Abs16,
    /// The value, which must lie in the zero page (or be a byte, in an immediate operand).
    Zp8,
    /// The distance from the byte after the hole.
    Rel8,
}

impl RelocKind {
    /// How many bytes the hole has.
    pub const fn width(self) -> usize {
        match self {
            RelocKind::Abs16 => 2,
            _ => 1,
        }
    }
}

/// A hole at `offset` that becomes `address(symbol) + addend`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reloc {
    pub offset: u16,
    pub kind: RelocKind,
    pub symbol: Name,
    pub addend: i32,
}

/// Why a relocation cannot be applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelocError {
    /// The hole is outside the bytes of its section.
    OutsideSection,
    /// The value is not in 0..=65535.
    NotAnAddress(i32),
    /// The value is above 255 but has one byte.
    NotInZeroPage(i32),
    /// The branch target is this far from the end of the branch.
    OutOfRange(i32),
}

impl std::fmt::Display for RelocError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RelocError::OutsideSection => f.write_str("a relocation lies outside its section"),
            RelocError::NotAnAddress(value) => write!(f, "{value} is not an address"),
            RelocError::NotInZeroPage(value) => {
                write!(f, "${value:04x} does not fit a one-byte operand")
            }
            RelocError::OutOfRange(distance) => {
                write!(
                    f,
                    "the branch target is out of range: {distance} bytes away, -128 to 127 can be reached"
                )
            }
        }
    }
}

/// The distance that the operand of a branch ending at `end` needs to reach `target`, or the
/// distance itself as an error when it is too far. Addresses wrap at 64 KB.
pub fn branch_distance(end: u16, target: u16) -> Result<i8, i32> {
    let distance = target.wrapping_sub(end) as i16;
    i8::try_from(distance).map_err(|_| i32::from(distance))
}

/// Fills one hole of a section that lies at `base`; `address` is that of the reloc's symbol.
pub fn apply(bytes: &mut [u8], base: u16, reloc: &Reloc, address: u16) -> Result<(), RelocError> {
    let at = usize::from(reloc.offset);
    let hole = bytes.get_mut(at..at + reloc.kind.width()).ok_or(RelocError::OutsideSection)?;
    let value = i32::from(address).wrapping_add(reloc.addend);
    let word = u16::try_from(value).map_err(|_| RelocError::NotAnAddress(value));
    match reloc.kind {
        RelocKind::Lo8 => hole[0] = value as u8,
        RelocKind::Hi8 => hole[0] = (value >> 8) as u8,
        RelocKind::Abs16 => hole.copy_from_slice(&word?.to_le_bytes()),
        RelocKind::Zp8 => hole[0] = u8::try_from(value).map_err(|_| RelocError::NotInZeroPage(value))?,
        RelocKind::Rel8 => {
            let end = base.wrapping_add(reloc.offset).wrapping_add(1);
            hole[0] = branch_distance(end, word?).map_err(RelocError::OutOfRange)? as u8;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(kind: RelocKind, addend: i32, address: u16) -> Result<[u8; 3], RelocError> {
        let mut bytes = [0; 3];
        let reloc = Reloc { offset: 1, kind, symbol: "s".into(), addend };
        apply(&mut bytes, 0x1000, &reloc, address).map(|()| bytes)
    }

    #[test]
    fn each_kind_fills_its_part() {
        assert_eq!(applied(RelocKind::Lo8, 1, 0x12ff), Ok([0, 0x00, 0]));
        assert_eq!(applied(RelocKind::Hi8, 1, 0x12ff), Ok([0, 0x13, 0]), "carry from the low byte");
        assert_eq!(applied(RelocKind::Abs16, -1, 0x1200), Ok([0, 0xff, 0x11]));
        assert_eq!(applied(RelocKind::Zp8, 2, 0x20), Ok([0, 0x22, 0]));
        assert_eq!(applied(RelocKind::Rel8, 0, 0x1000), Ok([0, 0xfe, 0]));
    }

    #[test]
    fn values_that_do_not_fit_are_errors() {
        assert_eq!(applied(RelocKind::Zp8, 0, 0x100), Err(RelocError::NotInZeroPage(0x100)));
        assert_eq!(applied(RelocKind::Abs16, -1, 0), Err(RelocError::NotAnAddress(-1)));
        assert_eq!(applied(RelocKind::Rel8, 0, 0x1002 + 127), Ok([0, 127, 0]));
        assert_eq!(applied(RelocKind::Rel8, 0, 0x1002 + 128), Err(RelocError::OutOfRange(128)));
        assert_eq!(applied(RelocKind::Rel8, 0, 0x1002 - 129), Err(RelocError::OutOfRange(-129)));
    }

    #[test]
    fn a_hole_outside_the_section_is_an_error() {
        let reloc = Reloc { offset: 2, kind: RelocKind::Abs16, symbol: "s".into(), addend: 0 };
        assert_eq!(apply(&mut [0; 3], 0, &reloc, 0), Err(RelocError::OutsideSection));
    }
}
