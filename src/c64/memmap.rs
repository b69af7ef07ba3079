//! The C64's memory: RAM, ROM and I/O areas, what the 6510 port switches, and who owns which zero-page byte.
//!
//! In: nothing. Out: constants and small predicates. Invariant: addresses are what the CPU sees; a range is inclusive.
//! Not here: the behaviour of the chips (`sim`), the choice of free areas (`link::place`).

use std::ops::RangeInclusive;

/// Direction register and data port of the 6510.
pub const PORT_DIRECTION: u16 = 0x0000;
pub const PORT: u16 = 0x0001;
/// Port values: all ROMs in, KERNAL and I/O (BASIC out), I/O only.
pub const PORT_ALL: u8 = 0x37;
pub const PORT_KERNAL: u8 = 0x36;
pub const PORT_IO: u8 = 0x35;

pub const STACK: RangeInclusive<u16> = 0x0100..=0x01FF;
pub const SCREEN: u16 = 0x0400;
pub const SCREEN_COLUMNS: u16 = 40;
pub const SCREEN_ROWS: u16 = 25;
/// Where BASIC programs, and therefore ours, begin.
pub const BASIC_START: u16 = 0x0801;
pub const BASIC_ROM: RangeInclusive<u16> = 0xA000..=0xBFFF;
pub const IO: RangeInclusive<u16> = 0xD000..=0xDFFF;
pub const VIC: u16 = 0xD000;
pub const SID: u16 = 0xD400;
pub const COLOUR_RAM: u16 = 0xD800;
pub const CIA1: u16 = 0xDC00;
pub const CIA2: u16 = 0xDD00;
pub const KERNAL_ROM: RangeInclusive<u16> = 0xE000..=0xFFFF;
/// RAM that a program with both ROMs off may fill, besides what lies below `IO`.
pub const RAM_UNDER_KERNAL: RangeInclusive<u16> = 0xE000..=0xFFF9;
/// RAM that no ROM covers with the KERNAL in and BASIC out, and that BASIC's work area leaves free.
pub const RAM_MAIN: RangeInclusive<u16> = BASIC_START..=0xCFFF;

/// The KERNAL's indirect vectors, and the CPU's.
pub const VECTOR_IRQ: u16 = 0x0314;
pub const VECTOR_BRK: u16 = 0x0316;
pub const VECTOR_NMI: u16 = 0x0318;
pub const CPU_NMI: u16 = 0xFFFA;
pub const CPU_RESET: u16 = 0xFFFC;
pub const CPU_IRQ: u16 = 0xFFFE;

/// System variables that keep their KERNAL meaning even with the KERNAL off.
pub const JIFFY_CLOCK: u16 = 0x00A0;
pub const LAST_KEY: u16 = 0x00C5;
pub const KEY_COUNT: u16 = 0x00C6;
pub const SCREEN_LINE: u16 = 0x00D1;
pub const CURSOR_COLUMN: u16 = 0x00D3;
pub const CURSOR_ROW: u16 = 0x00D6;
pub const KEY_BUFFER: u16 = 0x0277;
pub const KEY_BUFFER_SIZE: u8 = 10;
/// Shift state and the key repeat switches.
pub const KEY_STATE: RangeInclusive<u16> = 0x028A..=0x028D;

/// Other KERNAL variables that the built-in machine keeps.
pub const STATUS: u16 = 0x0090;
pub const STOP_KEY: u16 = 0x0091;
pub const OPEN_FILES: u16 = 0x0098;
pub const INPUT_DEVICE: u16 = 0x0099;
pub const OUTPUT_DEVICE: u16 = 0x009A;
pub const REVERSE: u16 = 0x00C7;
pub const QUOTE_MODE: u16 = 0x00D4;
pub const COLOUR_LINE: u16 = 0x00F3;
pub const TEXT_COLOUR: u16 = 0x0286;
pub const SCREEN_PAGE: u16 = 0x0288;

/// True when the compiler may place its own variables at this zero-page address.
///
/// Never: the 6510 port and `$FB`–`$FE`, which belong to the user. With the KERNAL in, BASIC's part only; without it,
/// everything but the system variables that keep their meaning and the reverse flag of the output.
pub const fn zero_page_is_free(address: u8, kernal: bool) -> bool {
    match address {
        0x00 | 0x01 | 0xFB..=0xFE => false,
        _ if kernal => address <= 0x8F,
        0xA0..=0xA2 | 0xC5..=0xC7 | 0xD1..=0xD3 | 0xD6 => false,
        _ => true,
    }
}

/// What the CPU sees in the three switchable areas, for the lower three bits of the port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Banking {
    pub basic: bool,
    pub kernal: bool,
    pub io: bool,
    pub characters: bool,
}

impl Banking {
    /// `port` is the effective value: bits that are inputs read as 1.
    pub const fn of(port: u8) -> Banking {
        let (loram, hiram, charen) = (port & 1 != 0, port & 2 != 0, port & 4 != 0);
        Banking {
            basic: loram && hiram,
            kernal: hiram,
            io: charen && (loram || hiram),
            characters: !charen && (loram || hiram),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_page_ownership_follows_the_kernal() {
        let free = |kernal| (0..=255).filter(|&a| zero_page_is_free(a, kernal)).count();
        assert_eq!((free(true), free(false)), (0x8E, 256 - 2 - 4 - 10));
        assert!(zero_page_is_free(0xFF, false) && !zero_page_is_free(0xFF, true));
    }

    #[test]
    fn port_values_bank_as_the_pla_does() {
        let seen = |port| {
            let b = Banking::of(port);
            (b.basic, b.kernal, b.io, b.characters)
        };
        assert_eq!(seen(0x37), (true, true, true, false));
        assert_eq!(seen(0x36), (false, true, true, false));
        assert_eq!(seen(0x35), (false, false, true, false));
        assert_eq!(seen(0x34), (false, false, false, false));
        assert_eq!(seen(0x33), (true, true, false, true));
        assert_eq!(seen(0x31), (false, false, false, true));
        assert_eq!(seen(0x30), (false, false, false, false));
    }
}
