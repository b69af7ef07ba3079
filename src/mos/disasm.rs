//! Bytes to instruction.
//!
//! In: bytes and the address of the first. Out: the instruction there, and its text. Invariant:
//! total, and the text assembles to the same bytes again: opcodes that are not the encoder's choice
//! for their meaning, and cut-off instructions, are shown as `.byte`.

use crate::mos::encode;
use crate::mos::inst::{Mnemonic, Mode};
use crate::mos::table::{Row, row_of};

/// A decoded instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decoded {
    pub opcode: u8,
    pub mnemonic: Mnemonic,
    pub mode: Mode,
    /// The operand as it stands in memory; for a branch the target address. 0 without an operand.
    pub operand: u16,
    pub length: u8,
}

impl Decoded {
    /// The row of its opcode.
    pub fn row(&self) -> &'static Row {
        row_of(self.opcode)
    }
}

/// Decodes the instruction at the start of `bytes`, which lies at `address`; `None` when cut off.
pub fn decode(bytes: &[u8], address: u16) -> Option<Decoded> {
    let row = row_of(*bytes.first()?);
    let raw = match row.mode.operand_bytes() {
        0 => 0,
        1 => u16::from(*bytes.get(1)?),
        _ => u16::from_le_bytes([*bytes.get(1)?, *bytes.get(2)?]),
    };
    let operand = if row.mode == Mode::Relative {
        address.wrapping_add(2).wrapping_add_signed(i16::from(raw as u8 as i8))
    } else {
        raw
    };
    let Row { opcode, mnemonic, mode, length, .. } = *row;
    Some(Decoded { opcode, mnemonic, mode, operand, length })
}

/// One line of disassembly and how many bytes it covers (at least 1). `name` may give a symbol for
/// an address.
pub fn line(bytes: &[u8], address: u16, name: &dyn Fn(u16) -> Option<String>) -> (String, usize) {
    let Some(&first) = bytes.first() else {
        return (String::new(), 1);
    };
    let canonical = |d: &Decoded| encode::find(d.mnemonic, d.mode).is_some_and(|r| r.opcode == d.opcode);
    let Some(decoded) = decode(bytes, address).filter(canonical) else {
        return (format!(".byte ${first:02x}"), 1);
    };
    let number = match decoded.mode {
        Mode::Relative => format!("${:04x}", decoded.operand),
        mode if mode.operand_bytes() == 2 => format!("${:04x}", decoded.operand),
        _ => format!("${:02x}", decoded.operand),
    };
    let named = if decoded.mode == Mode::Immediate { None } else { name(decoded.operand) };
    let operand = decoded.mode.notation(&named.unwrap_or(number));
    (format!("{} {operand}", decoded.mnemonic).trim_end().to_string(), decoded.length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        line(bytes, 0x1000, &|_| None).0
    }

    #[test]
    fn lines_are_in_assembler_notation() {
        assert_eq!(text(&[0xb1, 0x20]), "lda ($20),y");
        assert_eq!(text(&[0x6c, 0x34, 0x12]), "jmp ($1234)");
        assert_eq!(text(&[0xd0, 0xfe]), "bne $1000");
        assert_eq!(text(&[0x0a]), "asl");
        assert_eq!(text(&[0xa9]), ".byte $a9", "cut off");
        assert_eq!(text(&[0x1a]), ".byte $1a", "not the usual nop");
    }

    #[test]
    fn symbols_replace_addresses_but_not_immediates() {
        let name = |a| (a == 0xd020).then(|| "border".to_string());
        assert_eq!(line(&[0x8d, 0x20, 0xd0], 0, &name).0, "sta border");
        let zero = |a| (a == 7).then(|| "x".to_string());
        assert_eq!(line(&[0xa9, 7], 0, &zero).0, "lda #$07");
    }
}
