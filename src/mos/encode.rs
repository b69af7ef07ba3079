//! Mnemonic and mode to opcode.
//!
//! In: a mnemonic and an addressing mode. Out: the row of the opcode that stands for them.
//! Invariant: where several opcodes mean the same, the documented one is taken, else the lowest.

use crate::mos::inst::{Mnemonic, Mode};
use crate::mos::table::{Row, Status, TABLE};
use std::sync::LazyLock;

const MODES: usize = Mode::Relative as usize + 1;

/// For each mnemonic and mode the opcode, derived from the table once.
static OPCODES: LazyLock<Vec<Option<u8>>> = LazyLock::new(|| {
    let mut opcodes = vec![None; Mnemonic::ALL.len() * MODES];
    for row in &TABLE {
        let entry = &mut opcodes[row.mnemonic as usize * MODES + row.mode as usize];
        if entry.is_none() || row.status == Status::Documented {
            *entry = Some(row.opcode);
        }
    }
    opcodes
});

/// The row of an instruction, or `None` when the mnemonic has no such mode.
pub fn find(mnemonic: Mnemonic, mode: Mode) -> Option<&'static Row> {
    OPCODES[mnemonic as usize * MODES + mode as usize].map(|opcode| &TABLE[opcode as usize])
}

/// The modes that a mnemonic has, in order of [`Mode`].
pub fn modes_of(mnemonic: Mnemonic) -> impl Iterator<Item = Mode> {
    let first = mnemonic as usize * MODES;
    OPCODES[first..first + MODES].iter().flatten().map(|&opcode| TABLE[opcode as usize].mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_of_the_table_is_found_as_that_pair() {
        for row in &TABLE {
            let found = find(row.mnemonic, row.mode).expect("a pair of the table");
            assert_eq!((found.mnemonic, found.mode), (row.mnemonic, row.mode));
        }
    }

    #[test]
    fn documented_opcodes_win() {
        assert_eq!(find(Mnemonic::Nop, Mode::Implied).map(|r| r.opcode), Some(0xea));
        assert_eq!(find(Mnemonic::Sbc, Mode::Immediate).map(|r| r.opcode), Some(0xe9));
        assert!(find(Mnemonic::Sta, Mode::Immediate).is_none());
    }

    #[test]
    fn modes_are_listed_in_order() {
        let modes: Vec<Mode> = modes_of(Mnemonic::Stx).collect();
        assert_eq!(modes, [Mode::ZeroPage, Mode::ZeroPageY, Mode::Absolute]);
    }
}
