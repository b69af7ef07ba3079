//! Sets of registers, flags and kinds of memory, and what instructions do with them.
//!
//! In: a mnemonic and mode. Out: what it reads and writes, from the opcode table. Invariant: the
//! sets are complete for the instruction itself. What a called routine does is the caller's matter.

use crate::mos::encode;
use crate::mos::inst::{Mnemonic, Mode};
use std::ops::{BitAnd, BitOr, BitOrAssign, Not, Sub};

/// A set of machine parts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Effects(u16);

const LETTERS: &[u8; 12] = b"AXYSNVDIZCMK";

impl Effects {
    pub const NONE: Effects = Effects(0);
    pub const A: Effects = Effects::from_letters("A");
    pub const X: Effects = Effects::from_letters("X");
    pub const Y: Effects = Effects::from_letters("Y");
    /// The stack pointer.
    pub const S: Effects = Effects::from_letters("S");
    pub const N: Effects = Effects::from_letters("N");
    pub const V: Effects = Effects::from_letters("V");
    pub const D: Effects = Effects::from_letters("D");
    pub const I: Effects = Effects::from_letters("I");
    pub const Z: Effects = Effects::from_letters("Z");
    pub const C: Effects = Effects::from_letters("C");
    /// Memory reached through the operand.
    pub const MEMORY: Effects = Effects::from_letters("M");
    /// The stack page, through the stack pointer.
    pub const STACK: Effects = Effects::from_letters("K");
    /// A, X and Y.
    pub const REGISTERS: Effects = Effects::from_letters("AXY");
    /// The flags that ordinary instructions set: N, V, Z, C.
    pub const FLAGS: Effects = Effects::from_letters("NVZC");
    /// Everything.
    pub const ALL: Effects = Effects::from_letters("AXYSNVDIZCMK");

    /// The set named by letters, as in the opcode table. A wrong letter does not compile.
    pub const fn from_letters(text: &str) -> Effects {
        let (text, mut bits, mut i) = (text.as_bytes(), 0, 0);
        while i < text.len() {
            let mut bit = 0;
            while LETTERS[bit] != text[i] {
                bit += 1;
            }
            bits |= 1 << bit;
            i += 1;
        }
        Effects(bits)
    }

    /// True when nothing is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when all of `other` is in the set.
    pub fn contains(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }

    /// True when the sets have a part in common.
    pub fn intersects(self, other: Effects) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Effects {
    type Output = Effects;
    fn bitor(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }
}

impl BitOrAssign for Effects {
    fn bitor_assign(&mut self, other: Effects) {
        self.0 |= other.0;
    }
}

impl BitAnd for Effects {
    type Output = Effects;
    fn bitand(self, other: Effects) -> Effects {
        Effects(self.0 & other.0)
    }
}

impl Sub for Effects {
    type Output = Effects;
    fn sub(self, other: Effects) -> Effects {
        Effects(self.0 & !other.0)
    }
}

impl Not for Effects {
    type Output = Effects;
    fn not(self) -> Effects {
        Effects::ALL - self
    }
}

impl std::fmt::Debug for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letters = LETTERS.iter().enumerate().filter(|(i, _)| self.0 >> i & 1 == 1);
        f.write_str(&letters.map(|(_, &letter)| letter as char).collect::<String>())
    }
}

/// What an instruction reads; everything for a pair that is no instruction.
pub fn reads(mnemonic: Mnemonic, mode: Mode) -> Effects {
    encode::find(mnemonic, mode).map_or(Effects::ALL, |row| row.reads)
}

/// What an instruction writes; everything for a pair that is no instruction.
pub fn writes(mnemonic: Mnemonic, mode: Mode) -> Effects {
    encode::find(mnemonic, mode).map_or(Effects::ALL, |row| row.writes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_combine() {
        let set = Effects::A | Effects::C;
        assert_eq!(format!("{set:?}"), "AC");
        assert_eq!(set - Effects::A, Effects::C);
        assert!(set.intersects(Effects::FLAGS) && !set.contains(Effects::FLAGS));
        assert_eq!(!(!set), set);
    }

    #[test]
    fn effects_depend_on_the_mode() {
        assert_eq!(format!("{:?}", reads(Mnemonic::Adc, Mode::IndirectIndexed)), "AYDCM");
        assert_eq!(format!("{:?}", writes(Mnemonic::Asl, Mode::Accumulator)), "ANZC");
        assert_eq!(format!("{:?}", writes(Mnemonic::Asl, Mode::AbsoluteX)), "NZCM");
        assert_eq!(reads(Mnemonic::Lda, Mode::Immediate), Effects::NONE);
    }
}
