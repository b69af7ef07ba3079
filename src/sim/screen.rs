//! The text screen as Unicode lines.
//!
//! In: screen memory where the VIC shows it, and the character set. Out: 25 lines of 40 signs, blanks at their ends cut
//! off. Invariant: reversed characters show as the plain sign. Not here: pixels (`picture`), bitmap modes.

use super::bus::Bus;
use crate::c64::memmap::{SCREEN_COLUMNS, SCREEN_ROWS};
use crate::c64::petscii::screen_unicode;

/// The lines, each with a newline.
pub fn text(bus: &mut Bus) -> String {
    let lowercase = bus.lowercase();
    let base = address(bus);
    let mut text = String::new();
    for row in 0..SCREEN_ROWS {
        let codes = (0..SCREEN_COLUMNS).map(|column| bus.video_byte(base + row * SCREEN_COLUMNS + column));
        let line: String = codes.map(|code| screen_unicode(code, lowercase)).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Offset of screen memory in the VIC's bank.
pub fn address(bus: &Bus) -> u16 {
    u16::from(bus.vic.register(0x18) & 0xF0) << 6
}
