//! The KERNAL's jump table: entry points by name, the registers each takes and destroys, and its RAM vectors.
//!
//! In: a name or an address. Out: the row of the table. Invariant: rows ascend by address.
//! Not here: what the routines do in the built-in machine (`sim::kernal`).

/// Register sets as bits, for `Entry`.
pub const A: u8 = 1;
pub const X: u8 = 2;
pub const Y: u8 = 4;

/// One routine of the jump table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    pub name: &'static str,
    pub address: u16,
    /// Registers that carry arguments, results, and registers whose value is lost (results included).
    pub takes: u8,
    pub returns: u8,
    pub clobbers: u8,
}

const fn row(name: &'static str, address: u16, takes: u8, returns: u8, clobbers: u8) -> Entry {
    Entry { name, address, takes, returns, clobbers }
}

/// The documented jump table.
pub const ENTRIES: [Entry; 39] = [
    row("CINT", 0xFF81, 0, 0, A | X | Y),
    row("IOINIT", 0xFF84, 0, 0, A | X | Y),
    row("RAMTAS", 0xFF87, 0, 0, A | X | Y),
    row("RESTOR", 0xFF8A, 0, 0, A | X | Y),
    row("VECTOR", 0xFF8D, X | Y, 0, A | X | Y),
    row("SETMSG", 0xFF90, A, 0, A),
    row("SECOND", 0xFF93, A, 0, A),
    row("TKSA", 0xFF96, A, 0, A),
    row("MEMTOP", 0xFF99, X | Y, X | Y, X | Y),
    row("MEMBOT", 0xFF9C, X | Y, X | Y, X | Y),
    row("SCNKEY", 0xFF9F, 0, 0, A | X | Y),
    row("SETTMO", 0xFFA2, A, 0, A),
    row("ACPTR", 0xFFA5, 0, A, A),
    row("CIOUT", 0xFFA8, A, 0, A),
    row("UNTLK", 0xFFAB, 0, 0, A),
    row("UNLSN", 0xFFAE, 0, 0, A),
    row("LISTEN", 0xFFB1, A, 0, A),
    row("TALK", 0xFFB4, A, 0, A),
    row("READST", 0xFFB7, 0, A, A),
    row("SETLFS", 0xFFBA, A | X | Y, 0, 0),
    row("SETNAM", 0xFFBD, A | X | Y, 0, 0),
    row("OPEN", 0xFFC0, 0, A, A | X | Y),
    row("CLOSE", 0xFFC3, A, A, A | X | Y),
    row("CHKIN", 0xFFC6, X, A, A | X),
    row("CHKOUT", 0xFFC9, X, A, A | X),
    row("CLRCHN", 0xFFCC, 0, 0, A | X),
    row("CHRIN", 0xFFCF, 0, A, A),
    row("CHROUT", 0xFFD2, A, 0, 0),
    row("LOAD", 0xFFD5, A | X | Y, A | X | Y, A | X | Y),
    row("SAVE", 0xFFD8, A | X | Y, A, A | X | Y),
    row("SETTIM", 0xFFDB, A | X | Y, 0, 0),
    row("RDTIM", 0xFFDE, 0, A | X | Y, A | X | Y),
    row("STOP", 0xFFE1, 0, A, A | X),
    row("GETIN", 0xFFE4, 0, A, A | X | Y),
    row("CLALL", 0xFFE7, 0, 0, A | X),
    row("UDTIM", 0xFFEA, 0, 0, A | X),
    row("SCREEN", 0xFFED, 0, X | Y, X | Y),
    row("PLOT", 0xFFF0, X | Y, X | Y, A | X | Y),
    row("IOBASE", 0xFFF3, 0, X | Y, X | Y),
];

/// The KERNAL's RAM vectors at `$0314`–`$0333` and the ROM addresses RESTOR puts there.
pub const VECTORS: [(u16, u16); 16] = [
    (0x0314, IRQ_HANDLER),
    (0x0316, BRK_HANDLER),
    (0x0318, NMI_HANDLER),
    (0x031A, 0xF34A), // OPEN
    (0x031C, 0xF291), // CLOSE
    (0x031E, 0xF20E), // CHKIN
    (0x0320, 0xF250), // CHKOUT
    (0x0322, 0xF333), // CLRCHN
    (0x0324, 0xF157), // CHRIN
    (0x0326, 0xF1CA), // CHROUT
    (0x0328, 0xF6ED), // STOP
    (0x032A, 0xF13E), // GETIN
    (0x032C, 0xF32F), // CLALL
    (0x032E, BRK_HANDLER),
    (0x0330, 0xF4A5), // LOAD
    (0x0332, 0xF5ED), // SAVE
];

/// Default handlers behind the vectors, and the ways out of an interrupt.
pub const IRQ_HANDLER: u16 = 0xEA31;
pub const BRK_HANDLER: u16 = 0xFE66;
pub const NMI_HANDLER: u16 = 0xFE47;
/// Scans nothing, restores Y, X, A and returns from the interrupt.
pub const IRQ_EXIT: u16 = 0xEA81;
/// The same after reading (and so acknowledging) CIA1's interrupt register.
pub const IRQ_ACKNOWLEDGE_EXIT: u16 = 0xEA7E;
/// Where the CPU vectors in ROM point.
pub const ROM_IRQ: u16 = 0xFF48;
pub const ROM_NMI: u16 = 0xFE43;
pub const ROM_RESET: u16 = 0xFCE2;

/// The entry with this name.
pub fn by_name(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|e| e.name == name)
}

/// The entry at this address.
pub fn by_address(address: u16) -> Option<&'static Entry> {
    ENTRIES.iter().find(|e| e.address == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_ascend_in_steps_of_a_jump() {
        for (i, entry) in ENTRIES.iter().enumerate() {
            assert_eq!(usize::from(entry.address), 0xFF81 + 3 * i, "{}", entry.name);
            assert_eq!(entry.returns & !entry.clobbers, 0, "{}", entry.name);
        }
    }

    #[test]
    fn entries_are_found_by_name_and_address() {
        assert_eq!(by_name("CHROUT").map(|e| e.address), Some(0xFFD2));
        assert_eq!(by_address(0xFFE4).map(|e| e.name), Some("GETIN"));
        assert_eq!(by_address(0xFFE5), None);
    }
}
