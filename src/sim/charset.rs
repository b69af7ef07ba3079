//! The character generator: 2 × 256 shapes in the layout of the C64's character ROM, all of our own drawing.
//!
//! In: `charset.txt` (letters, digits, punctuation) and rules for the line and block graphics. Out: 4096 bytes, the
//! upper/graphics set first; in each set codes 128–255 are the reversed shapes. Invariant: made once, never changes.
//! Not here: which codes show which Unicode sign (`c64::petscii`).

use std::sync::OnceLock;

/// One shape: eight rows, leftmost pixel in bit 7.
type Glyph = [u8; 8];

const DRAWN: &str = include_str!("charset.txt");
const BOTH_SETS: usize = 64;

/// The 4 KB that the CPU sees at $D000 with the character ROM in, and the VIC at $1000 and $9000.
pub fn rom() -> &'static [u8; 0x1000] {
    static ROM: OnceLock<Box<[u8; 0x1000]>> = OnceLock::new();
    ROM.get_or_init(|| {
        let drawn = parse(DRAWN);
        let mut rom = Box::new([0; 0x1000]);
        for (i, bytes) in rom.chunks_exact_mut(8).enumerate() {
            let (code, lower, reversed) = (i & 0x7F, i >= 0x100, i & 0x80 != 0);
            let glyph = glyph(&drawn, code, lower);
            let flip = if reversed { 0xFF } else { 0 };
            for (byte, row) in bytes.iter_mut().zip(glyph) {
                *byte = row ^ flip;
            }
        }
        rom
    })
}

fn glyph(drawn: &[Glyph], code: usize, lower: bool) -> Glyph {
    let from_text = match code {
        1..=26 if lower => Some(BOTH_SETS + code - 1),
        0..=63 => Some(code),
        65..=90 if lower => Some(code - 64),
        _ => None,
    };
    from_text.map_or_else(|| graphic(code, lower), |i| drawn.get(i).copied().unwrap_or_default())
}

/// Blocks of eight lines, glyphs side by side; lines that start with `;` are comments.
fn parse(text: &str) -> Vec<Glyph> {
    let rows: Vec<Vec<u8>> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(';'))
        .map(|line| {
            line.split(' ')
                .map(|cell| cell.bytes().fold(0, |row, b| row << 1 | u8::from(b == b'#')))
                .collect()
        })
        .collect();
    let mut glyphs = Vec::new();
    for block in rows.chunks_exact(8) {
        for column in 0..block[0].len() {
            glyphs.push(std::array::from_fn(|row| block[row].get(column).copied().unwrap_or(0)));
        }
    }
    glyphs
}

/// Line and block graphics: screen codes $40–$7F.
fn graphic(code: usize, lower: bool) -> Glyph {
    const LEFT: u8 = 0xF0;
    const RIGHT: u8 = 0x0F;
    let row = |y: usize, bits: u8| -> Glyph { std::array::from_fn(|i| if i == y { bits } else { 0 }) };
    let rows = |from: usize, to: usize| -> Glyph {
        std::array::from_fn(|i| 0xFF * u8::from((from..to).contains(&i)))
    };
    let quarters = |tl: bool, tr: bool, bl: bool, br: bool| -> Glyph {
        std::array::from_fn(|i| {
            let (l, r) = if i < 4 { (tl, tr) } else { (bl, br) };
            (LEFT * u8::from(l)) | (RIGHT * u8::from(r))
        })
    };
    let checker =
        |from: usize| -> Glyph { std::array::from_fn(|i| if i < from { 0 } else { 0xCC >> (i & 2) }) };
    // Arms that meet in the middle: left, right, up, down; lines are two pixels wide.
    let arms = |l: bool, r: bool, u: bool, d: bool| -> Glyph {
        let middle = (0xF8 * u8::from(l)) | (0x1F * u8::from(r)) | (0x18 * u8::from(u || d));
        std::array::from_fn(|i| match i {
            3 | 4 => middle,
            0..=2 => 0x18 * u8::from(u),
            _ => 0x18 * u8::from(d),
        })
    };
    let slash: Glyph = std::array::from_fn(|i| 1 << i);
    let backslash: Glyph = std::array::from_fn(|i| 0x80 >> i);
    let or = |a: Glyph, b: Glyph| -> Glyph { std::array::from_fn(|i| a[i] | b[i]) };
    match code {
        0x69 if lower => std::array::from_fn(|i| 0x33u8.rotate_left(i as u32)),
        0x7A if lower => [0x00, 0x01, 0x03, 0x06, 0x6C, 0x38, 0x10, 0x00],
        0x5E if lower => std::array::from_fn(|i| 0xAA >> (i & 1)),
        0x5F if lower => std::array::from_fn(|i| 0xCCu8.rotate_right(i as u32)),
        0x40 => arms(true, true, false, false),
        0x41 => [0x08, 0x1C, 0x3E, 0x7F, 0x7F, 0x1C, 0x3E, 0x00],
        0x42 | 0x5D => arms(false, false, true, true),
        0x43 => row(3, 0xFF),
        0x44 => row(2, 0xFF),
        0x45 => row(1, 0xFF),
        0x46 => row(5, 0xFF),
        0x47 => [0x20; 8],
        0x48 => [0x04; 8],
        0x49 => [0, 0, 0, 0xE0, 0xF0, 0x38, 0x18, 0x18],
        0x4A => [0x18, 0x18, 0x1C, 0x0F, 0x07, 0, 0, 0],
        0x4B => [0x18, 0x18, 0x38, 0xF0, 0xE0, 0, 0, 0],
        0x4C => std::array::from_fn(|i| if i >= 6 { 0xFF } else { 0xC0 }),
        0x4D => backslash,
        0x4E => slash,
        0x4F => std::array::from_fn(|i| if i < 2 { 0xFF } else { 0xC0 }),
        0x50 => std::array::from_fn(|i| if i < 2 { 0xFF } else { 0x03 }),
        0x51 => [0x00, 0x3C, 0x7E, 0x7E, 0x7E, 0x7E, 0x3C, 0x00],
        0x52 => row(6, 0xFF),
        0x53 => [0x36, 0x7F, 0x7F, 0x7F, 0x3E, 0x1C, 0x08, 0x00],
        0x54 => [0x40; 8],
        0x55 => [0, 0, 0, 0x07, 0x0F, 0x1C, 0x18, 0x18],
        0x56 => or(slash, backslash),
        0x57 => [0x00, 0x3C, 0x42, 0x42, 0x42, 0x42, 0x3C, 0x00],
        0x58 => [0x1C, 0x1C, 0x6B, 0x7F, 0x6B, 0x08, 0x1C, 0x00],
        0x59 => [0x02; 8],
        0x5A => [0x08, 0x1C, 0x3E, 0x7F, 0x3E, 0x1C, 0x08, 0x00],
        0x5B => arms(true, true, true, true),
        0x5C => std::array::from_fn(|i| if i & 2 == 0 { 0xC0 } else { 0x30 }),
        0x5E => [0x00, 0x01, 0x7E, 0x54, 0x14, 0x14, 0x24, 0x00],
        0x5F => std::array::from_fn(|i| 0xFF >> i),
        0x61 => quarters(true, false, true, false),
        0x62 => quarters(false, false, true, true),
        0x63 => row(0, 0xFF),
        0x64 => row(7, 0xFF),
        0x65 => [0x80; 8],
        0x66 => checker(0),
        0x67 => [0x01; 8],
        0x68 => checker(4),
        0x69 => std::array::from_fn(|i| 0xFF << i),
        0x6A => [0x03; 8],
        0x6B => arms(false, true, true, true),
        0x6C => quarters(false, false, false, true),
        0x6D => arms(false, true, true, false),
        0x6E => arms(true, false, false, true),
        0x6F => rows(6, 8),
        0x70 => arms(false, true, false, true),
        0x71 => arms(true, true, true, false),
        0x72 => arms(true, true, false, true),
        0x73 => arms(true, false, true, true),
        0x74 => [0xC0; 8],
        0x75 => [0xE0; 8],
        0x76 => [0x07; 8],
        0x77 => rows(0, 2),
        0x78 => rows(0, 3),
        0x79 => rows(5, 8),
        0x7A => std::array::from_fn(|i| if i >= 6 { 0xFF } else { 0x03 }),
        0x7B => quarters(false, false, true, false),
        0x7C => quarters(false, true, false, false),
        0x7D => arms(true, false, true, false),
        0x7E => quarters(true, false, false, false),
        0x7F => quarters(true, false, false, true),
        _ => [0; 8],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_is_well_formed() {
        let cells = DRAWN
            .lines()
            .filter(|l| !l.starts_with(';'))
            .flat_map(|l| l.split(' '))
            .filter(|c| !c.is_empty());
        assert!(cells.into_iter().all(|c| c.len() == 8 && c.bytes().all(|b| b == b'.' || b == b'#')));
        assert_eq!(parse(DRAWN).len(), BOTH_SETS + 26);
    }

    #[test]
    fn every_visible_code_has_its_own_shape() {
        let rom = rom();
        for set in 0..2 {
            let shapes: Vec<&[u8]> = rom[set * 0x800..][..0x400].chunks_exact(8).collect();
            for (i, a) in shapes.iter().enumerate() {
                let twin = shapes.iter().position(|b| b == a).unwrap();
                let allowed = twin == i || matches!((twin, i), (0x20, 0x60) | (0x42, 0x5D));
                assert!(allowed, "set {set}: ${i:02X} looks like ${twin:02X}");
            }
        }
    }

    #[test]
    fn reversed_half_is_the_complement() {
        let rom = rom();
        assert!((0..0x400).all(|i| rom[i] == !rom[i + 0x400] && rom[0x800 + i] == !rom[0xC00 + i]));
    }

    #[test]
    fn lower_set_has_capitals_on_the_shifted_codes() {
        let rom = rom();
        assert_eq!(rom[0x800 + 65 * 8..][..8], rom[8..16]);
        assert_ne!(rom[0x808..0x810], rom[8..16]);
    }
}
