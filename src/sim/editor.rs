//! The screen editor behind CHROUT: puts characters and obeys control codes as the KERNAL does.
//!
//! In: PETSCII codes and the machine's memory. Out: screen and colour RAM, the editor's own variables in the zero page
//! (`$D1`–`$F4`), the character set switch. Invariant: all state lies in the machine's RAM, so programs can read and
//! change it. Not here: channels and devices (`kernal`), the picture (`picture`).

use super::bus::Bus;
use crate::c64::memmap::{
    self, COLOUR_LINE, CURSOR_COLUMN, CURSOR_ROW, QUOTE_MODE, REVERSE, SCREEN_LINE, TEXT_COLOUR,
};
use crate::c64::petscii::petscii_to_screen;

const COLUMNS: u8 = 40;
const ROWS: u8 = 25;
/// One byte a row; bit 7 clear: the row continues the line above.
const LINE_LINKS: u16 = 0x00D9;
const LINK_START: u8 = 0x80;
const INSERTS: u16 = 0x00D8;
const LINE_LENGTH: u16 = 0x00D5;
const CASE_LOCK: u16 = 0x0291;
const BLANK: u8 = 0x20;

/// The codes that choose a text colour, in the order of the colours.
const COLOUR_CODES: [u8; 16] =
    [0x90, 0x05, 0x1C, 0x9F, 0x9C, 0x1E, 0x1F, 0x9E, 0x81, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B];

/// Clears the screen and puts the cursor into the upper left corner.
pub fn clear(bus: &mut Bus) {
    for row in 0..ROWS {
        blank_row(bus, row);
        bus.poke(LINE_LINKS + u16::from(row), LINK_START | screen_high(bus, row));
    }
    move_to(bus, 0, 0);
}

/// The cursor as row and column (0–39).
pub fn cursor(bus: &Bus) -> (u8, u8) {
    (bus.peek(CURSOR_ROW).min(ROWS - 1), bus.peek(CURSOR_COLUMN) % COLUMNS)
}

/// Moves the cursor and the line pointers with it.
pub fn move_to(bus: &mut Bus, row: u8, column: u8) {
    let row = row.min(ROWS - 1);
    let line = row_address(bus, row);
    bus.poke(CURSOR_ROW, row);
    bus.poke(CURSOR_COLUMN, column.min(COLUMNS - 1));
    bus.poke(LINE_LENGTH, COLUMNS - 1);
    bus.poke_word(SCREEN_LINE, line);
    bus.poke_word(COLOUR_LINE, line & 0x03FF | memmap::COLOUR_RAM);
}

/// Prints one code: CHROUT to the screen.
pub fn put(bus: &mut Bus, code: u8) {
    let quoted = bus.peek(QUOTE_MODE) & 1 != 0 || bus.peek(INSERTS) != 0;
    match code {
        0x0D | 0x8D => return_key(bus),
        0x14 if bus.peek(QUOTE_MODE) & 1 == 0 => delete(bus),
        0x94 => insert(bus),
        0x00..=0x1F | 0x80..=0x9F if !quoted => control(bus, code),
        _ => {
            if code == b'"' {
                bus.poke(QUOTE_MODE, bus.peek(QUOTE_MODE) ^ 1);
            }
            let pending = bus.peek(INSERTS);
            bus.poke(INSERTS, pending.saturating_sub(1));
            put_glyph(bus, code);
        }
    }
}

/// The text of the logical line that ends at `last_row`, without trailing blanks, as PETSCII.
pub fn line_text(bus: &Bus, last_row: u8) -> Vec<u8> {
    let mut first = last_row.min(ROWS - 1);
    while first > 0 && bus.peek(LINE_LINKS + u16::from(first)) & LINK_START == 0 {
        first -= 1;
    }
    let from = row_address(bus, first);
    let length = u16::from(last_row - first + 1) * u16::from(COLUMNS);
    let mut codes: Vec<u8> = (0..length).map(|i| bus.peek(from + i)).collect();
    while codes.last() == Some(&BLANK) {
        codes.pop();
    }
    codes.into_iter().map(crate::c64::petscii::screen_to_petscii).collect()
}

fn control(bus: &mut Bus, code: u8) {
    let (row, column) = cursor(bus);
    match code {
        0x13 => move_to(bus, 0, 0),
        0x93 => clear(bus),
        0x12 => bus.poke(REVERSE, 1),
        0x92 => bus.poke(REVERSE, 0),
        0x11 => line_feed(bus, column),
        0x91 => move_to(bus, row.saturating_sub(1), column),
        0x1D if column + 1 < COLUMNS => move_to(bus, row, column + 1),
        0x1D => line_feed(bus, 0),
        0x9D if column > 0 => move_to(bus, row, column - 1),
        0x9D if row > 0 => move_to(bus, row - 1, COLUMNS - 1),
        0x08 => bus.poke(CASE_LOCK, bus.peek(CASE_LOCK) | 0x80),
        0x09 => bus.poke(CASE_LOCK, 0),
        0x0E => bus.set_lowercase(true),
        0x8E => bus.set_lowercase(false),
        _ => {
            if let Some(colour) = COLOUR_CODES.iter().position(|&c| c == code) {
                bus.poke(TEXT_COLOUR, colour as u8);
            }
        }
    }
}

fn put_glyph(bus: &mut Bus, code: u8) {
    // In quote mode a control code shows as a reversed letter, which is its screen code already.
    let reverse = if bus.peek(REVERSE) != 0 { 0x80 } else { 0 };
    let (row, column) = cursor(bus);
    let address = row_address(bus, row) + u16::from(column);
    bus.poke(address, petscii_to_screen(code) | reverse);
    bus.set_colour(address & 0x03FF, bus.peek(TEXT_COLOUR));
    if column + 1 < COLUMNS {
        move_to(bus, row, column + 1);
        return;
    }
    line_feed(bus, 0);
    let row = u16::from(cursor(bus).0);
    // A line is at most two rows long; the third row begins a new one.
    if row > 0 && bus.peek(LINE_LINKS + row - 1) & LINK_START != 0 {
        bus.poke(LINE_LINKS + row, bus.peek(LINE_LINKS + row) & !LINK_START);
    }
}

/// Down one row, scrolling at the bottom; the row entered begins a line of its own unless it continued one.
fn line_feed(bus: &mut Bus, column: u8) {
    let (row, _) = cursor(bus);
    if row + 1 == ROWS {
        scroll(bus);
        let (row, _) = cursor(bus);
        move_to(bus, row, column);
    } else {
        move_to(bus, row + 1, column);
    }
}

fn return_key(bus: &mut Bus) {
    for flag in [REVERSE, QUOTE_MODE, INSERTS] {
        bus.poke(flag, 0);
    }
    // RETURN leaves the whole logical line, so it skips the rows that continue it.
    let (mut row, _) = cursor(bus);
    while row + 1 < ROWS && bus.peek(LINE_LINKS + u16::from(row) + 1) & LINK_START == 0 {
        row += 1;
    }
    move_to(bus, row, 0);
    line_feed(bus, 0);
}

fn delete(bus: &mut Bus) {
    let (row, column) = cursor(bus);
    let target = usize::from(row) * usize::from(COLUMNS) + usize::from(column);
    if target == 0 {
        return;
    }
    let (to_row, to_column) = ((target - 1) / usize::from(COLUMNS), (target - 1) % usize::from(COLUMNS));
    move_to(bus, to_row as u8, to_column as u8);
    let line = row_address(bus, to_row as u8);
    for i in to_column as u16..u16::from(COLUMNS) - 1 {
        let (value, colour) = (bus.peek(line + i + 1), bus.colour((line + i + 1) & 0x3FF));
        bus.poke(line + i, value);
        bus.set_colour((line + i) & 0x3FF, colour);
    }
    bus.poke(line + u16::from(COLUMNS) - 1, BLANK);
}

fn insert(bus: &mut Bus) {
    let (row, column) = cursor(bus);
    let line = row_address(bus, row);
    let last = u16::from(COLUMNS) - 1;
    if bus.peek(line + last) != BLANK {
        return;
    }
    for i in (u16::from(column)..last).rev() {
        let (value, colour) = (bus.peek(line + i), bus.colour((line + i) & 0x3FF));
        bus.poke(line + i + 1, value);
        bus.set_colour((line + i + 1) & 0x3FF, colour);
    }
    bus.poke(line + u16::from(column), BLANK);
    bus.poke(INSERTS, bus.peek(INSERTS).saturating_add(1));
}

/// Moves everything up by the topmost logical line.
fn scroll(bus: &mut Bus) {
    loop {
        let from = row_address(bus, 0);
        for i in from..from + u16::from(COLUMNS) * u16::from(ROWS - 1) {
            let (value, colour) =
                (bus.peek(i + u16::from(COLUMNS)), bus.colour((i + u16::from(COLUMNS)) & 0x3FF));
            bus.poke(i, value);
            bus.set_colour(i & 0x3FF, colour);
        }
        for row in 0..ROWS - 1 {
            let link = bus.peek(LINE_LINKS + u16::from(row) + 1) & LINK_START;
            bus.poke(LINE_LINKS + u16::from(row), link | screen_high(bus, row));
        }
        blank_row(bus, ROWS - 1);
        bus.poke(LINE_LINKS + u16::from(ROWS) - 1, LINK_START | screen_high(bus, ROWS - 1));
        let (row, column) = cursor(bus);
        if bus.peek(LINE_LINKS) & LINK_START != 0 {
            return;
        }
        move_to(bus, row.saturating_sub(1), column);
    }
}

fn blank_row(bus: &mut Bus, row: u8) {
    let line = row_address(bus, row);
    let colour = bus.peek(TEXT_COLOUR);
    for address in line..line + u16::from(COLUMNS) {
        bus.poke(address, BLANK);
        bus.set_colour(address & 0x3FF, colour);
    }
}

fn row_address(bus: &Bus, row: u8) -> u16 {
    (u16::from(bus.peek(memmap::SCREEN_PAGE)) << 8).wrapping_add(u16::from(row) * u16::from(COLUMNS))
}

fn screen_high(bus: &Bus, row: u8) -> u8 {
    (row_address(bus, row) >> 8) as u8 & 0x7F
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen() -> Bus {
        let mut bus = Bus::new();
        bus.poke(memmap::SCREEN_PAGE, 4);
        bus.poke(TEXT_COLOUR, 14);
        clear(&mut bus);
        bus
    }

    fn print(bus: &mut Bus, codes: &[u8]) {
        codes.iter().for_each(|&c| put(bus, c));
    }

    #[test]
    fn text_and_colours_go_to_the_screen() {
        let mut bus = screen();
        print(&mut bus, b"A\x05\x12B\x92C\r");
        assert_eq!([0, 1, 2, 3].map(|i| bus.peek(0x400 + i)), [1, 0x82, 3, BLANK]);
        assert_eq!([0, 1, 2].map(|i| bus.colour(i)), [14, 1, 1]);
        assert_eq!((cursor(&bus), bus.peek_word(SCREEN_LINE)), ((1, 0), 0x428));
    }

    #[test]
    fn full_screen_scrolls() {
        let mut bus = screen();
        for line in 0..25 {
            print(&mut bus, &[b'A' + line, b'\r']);
        }
        assert_eq!((bus.peek(0x400), bus.peek(0x400 + 23 * 40), bus.peek(0x400 + 24 * 40)), (2, 25, BLANK));
        assert_eq!(cursor(&bus), (24, 0));
    }

    #[test]
    fn long_line_continues_on_the_next_row() {
        let mut bus = screen();
        print(&mut bus, &[b'X'; 41]);
        assert_eq!((cursor(&bus), bus.peek(0x428)), ((1, 1), 24));
        assert_eq!(line_text(&bus, 1).len(), 41);
        print(&mut bus, b"\x91\rY");
        assert_eq!((cursor(&bus), bus.peek(0x450)), ((2, 1), 25));
    }

    #[test]
    fn exactly_full_row_then_return_leaves_a_blank_row() {
        let mut bus = screen();
        print(&mut bus, &[b'X'; 40]);
        print(&mut bus, b"\rY");
        assert_eq!((bus.peek(0x428), bus.peek(0x450)), (BLANK, 25));
    }

    #[test]
    fn cursor_codes_move_and_stop_at_the_corner() {
        let mut bus = screen();
        print(&mut bus, b"\x9D\x91");
        assert_eq!(cursor(&bus), (0, 0));
        print(&mut bus, b"\x11\x11\x1D\x1D\x1D\x91\x9D");
        assert_eq!(cursor(&bus), (1, 2));
        print(&mut bus, b"\x13");
        assert_eq!(cursor(&bus), (0, 0));
    }

    #[test]
    fn delete_and_insert_shift_the_row() {
        let mut bus = screen();
        print(&mut bus, b"ABC\x9D\x14");
        assert_eq!([0, 1, 2].map(|i| bus.peek(0x400 + i)), [1, 3, BLANK]);
        print(&mut bus, b"\x9D\x94");
        assert_eq!([0, 1, 2].map(|i| bus.peek(0x400 + i)), [BLANK, 1, 3]);
    }

    #[test]
    fn control_codes_show_in_quote_mode() {
        let mut bus = screen();
        print(&mut bus, b"\"\x93\"\x93");
        assert_eq!((bus.peek(0x400), cursor(&bus)), (BLANK, (0, 0)));
        print(&mut bus, b"\"\x93");
        assert_eq!(bus.peek(0x401), 0xD3);
    }

    #[test]
    fn set_switch_changes_the_video_register() {
        let mut bus = screen();
        print(&mut bus, b"\x0E");
        assert_eq!(bus.vic.register(0x18), 0x17);
        print(&mut bus, b"\x8E");
        assert_eq!(bus.vic.register(0x18), 0x15);
    }
}
