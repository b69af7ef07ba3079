//! Bytes and cycles of instructions, from the opcode table.
//!
//! In: a mnemonic and mode. Out: prices for choosing between instruction sequences. An indexed read
//! counts without, a taken branch without the page crossing, since addresses are not known yet.

use crate::mos::encode;
use crate::mos::inst::{Mnemonic, Mode};

/// What a piece of code costs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Cost {
    pub bytes: u32,
    pub cycles: u32,
}

impl std::ops::Add for Cost {
    type Output = Cost;
    fn add(self, other: Cost) -> Cost {
        Cost { bytes: self.bytes + other.bytes, cycles: self.cycles + other.cycles }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Cost>>(costs: I) -> Cost {
        costs.fold(Cost::default(), |a, b| a + b)
    }
}

/// The cost of an instruction without page crossing, branches not taken; nothing for a pair that is
/// no instruction.
pub fn cost(mnemonic: Mnemonic, mode: Mode) -> Cost {
    encode::find(mnemonic, mode)
        .map_or(Cost::default(), |row| Cost { bytes: u32::from(row.length), cycles: u32::from(row.cycles) })
}

/// Cycles that a branch takes more when it is taken (within a page).
pub const BRANCH_TAKEN: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_add_up() {
        let load = cost(Mnemonic::Lda, Mode::ZeroPage);
        let store = cost(Mnemonic::Sta, Mode::AbsoluteX);
        assert_eq!([load, store].into_iter().sum::<Cost>(), Cost { bytes: 5, cycles: 8 });
    }
}
