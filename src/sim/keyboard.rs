//! Keyboard matrix and joysticks: what hangs on the ports of CIA 1.
//!
//! In: keys pressed and released, what the ports drive. Out: the pins' levels, and the PETSCII code of a pressed key.
//! Invariant: idle lines are high. Not here: the keyboard buffer and typed text (`bus`, `kernal`).

/// Where the modifier keys lie: index = column (port A bit) * 8 + row (port B bit).
pub const LEFT_SHIFT: u8 = 15;
pub const RIGHT_SHIFT: u8 = 52;
pub const CONTROL: u8 = 58;
pub const COMMODORE: u8 = 61;
pub const STOP: u8 = 63;
/// What the KERNAL stores for "no key".
pub const NO_KEY: u8 = 64;

/// PETSCII of the unshifted and the shifted key; 0 for modifiers.
const UNSHIFTED: [u8; 64] = *b"\x14\r\x1D\x88\x85\x86\x87\x11\
    3WA4ZSE\x005RD6CFTX7YG8BHUV9IJ0MKON+PL-.:@,\\*;\x13\x00=^/1_\x002 \x00Q\x03";
const SHIFTED: [(u8, u8); 26] = [
    (0, 0x94),
    (1, 0x8D),
    (2, 0x9D),
    (3, 0x8C),
    (4, 0x89),
    (5, 0x8A),
    (6, 0x8B),
    (7, 0x91),
    (8, b'#'),
    (11, b'$'),
    (16, b'%'),
    (19, b'&'),
    (24, b'\''),
    (27, b'('),
    (32, b')'),
    (35, b'0'),
    (44, b'>'),
    (45, b'['),
    (46, 0xBA),
    (47, b'<'),
    (50, b']'),
    (51, 0x93),
    (55, b'?'),
    (56, b'!'),
    (59, b'"'),
    (63, 0x83),
];

/// Keys and joysticks held down at the moment.
#[derive(Default)]
pub struct Keyboard {
    /// Pressed rows of each column, active high.
    columns: [u8; 8],
    /// Joysticks in ports 1 and 2, active high: up, down, left, right, fire.
    joysticks: [u8; 2],
}

impl Keyboard {
    /// Presses or releases the key at a matrix index (column * 8 + row).
    pub fn set_key(&mut self, index: u8, pressed: bool) {
        let (column, row) = (usize::from(index >> 3 & 7), 1 << (index & 7));
        if pressed {
            self.columns[column] |= row;
        } else {
            self.columns[column] &= !row;
        }
    }

    /// Sets a joystick (port 1 or 2): bits 0–4 are up, down, left, right, fire.
    pub fn set_joystick(&mut self, port: u8, bits: u8) {
        self.joysticks[usize::from(port == 2)] = bits & 0x1F;
    }

    /// The levels of CIA 1's ports A and B for what it drives there.
    pub fn pins(&self, driven: [u8; 2]) -> [u8; 2] {
        let [mut a, mut b] = [driven[0] & !self.joysticks[1], driven[1] & !self.joysticks[0]];
        let (low_columns, low_rows) = (!a, !b);
        for (column, &rows) in self.columns.iter().enumerate() {
            if low_columns & 1 << column != 0 {
                b &= !rows;
            }
            if rows & low_rows != 0 {
                a &= !(1 << column);
            }
        }
        [a, b]
    }

    /// Whether the key at a matrix index is down.
    pub fn is_down(&self, index: u8) -> bool {
        self.columns[usize::from(index >> 3 & 7)] & 1 << (index & 7) != 0
    }

    /// The pressed key with the highest index that is no modifier, or `NO_KEY`.
    pub fn pressed(&self) -> u8 {
        (0..64).rev().find(|&i| self.is_down(i) && UNSHIFTED[usize::from(i)] != 0).unwrap_or(NO_KEY)
    }

    /// Shift, Commodore and Control as bits 0–2.
    pub fn modifiers(&self) -> u8 {
        let shift = self.is_down(LEFT_SHIFT) || self.is_down(RIGHT_SHIFT);
        u8::from(shift) | u8::from(self.is_down(COMMODORE)) << 1 | u8::from(self.is_down(CONTROL)) << 2
    }
}

/// The PETSCII code of a key (a matrix index below 64) with these modifiers.
pub fn key_code(index: u8, modifiers: u8) -> u8 {
    let plain = UNSHIFTED[usize::from(index & 63)];
    if modifiers & 4 != 0 && plain.is_ascii_uppercase() {
        return plain - 0x40;
    }
    if modifiers & 3 == 0 {
        return plain;
    }
    match SHIFTED.iter().find(|(key, _)| *key == index) {
        Some((_, code)) => *code,
        None if plain.is_ascii_uppercase() || matches!(plain, b'@' | b'*' | b'+' | b'-' | b'\\' | b'^') => {
            plain | 0x80
        }
        None if plain == b' ' => 0xA0,
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY_A: u8 = 10;

    #[test]
    fn selected_column_shows_the_row() {
        let mut keyboard = Keyboard::default();
        keyboard.set_key(KEY_A, true);
        assert_eq!(keyboard.pins([0xFD, 0xFF]), [0xFD, 0xFB]);
        assert_eq!(keyboard.pins([0xFE, 0xFF]), [0xFE, 0xFF]);
        assert_eq!(keyboard.pins([0xFF, 0x00]), [0xFD, 0x00]);
        keyboard.set_key(KEY_A, false);
        assert_eq!(keyboard.pins([0x00, 0xFF]), [0x00, 0xFF]);
    }

    #[test]
    fn joysticks_pull_their_port() {
        let mut keyboard = Keyboard::default();
        keyboard.set_joystick(2, 0x11);
        keyboard.set_joystick(1, 0x02);
        assert_eq!(keyboard.pins([0xFF, 0xFF]), [0xEE, 0xFD]);
    }

    #[test]
    fn keys_decode_with_shift() {
        assert_eq!((key_code(KEY_A, 0), key_code(KEY_A, 1), key_code(KEY_A, 4)), (b'A', 0xC1, 1));
        assert_eq!(
            (key_code(0, 0), key_code(0, 1), key_code(8, 1), key_code(60, 0)),
            (0x14, 0x94, b'#', b' ')
        );
        assert_eq!(
            (key_code(STOP, 0), key_code(56, 0), key_code(57, 0), key_code(62, 0)),
            (3, b'1', b'_', b'Q')
        );
        assert_eq!(UNSHIFTED.iter().filter(|c| **c == 0).count(), 4);
    }
}
