//! A picture of the screen as the VIC shows it: text and bitmap modes, border, sprites.
//!
//! In: the chip's registers at each line of a frame, and memory at one moment. Out: a PNG of 384 × 272 pixels.
//! Invariant: colours are indices 0–15 until the file is written. Not here: changes within a line, open borders, idle
//! graphics; memory and the bank are those of the end of the frame.

use super::bus::Bus;
use super::vic::Registers;

pub const WIDTH: usize = 384;
pub const HEIGHT: usize = 272;
/// Where the 320 × 200 pixels of the display window begin.
const LEFT: usize = 32;
const TOP: i32 = 36;
/// The X coordinate of a sprite in that corner.
const SPRITE_LEFT: i32 = 24;
/// The raster line of the first row of the picture.
const FIRST_LINE: usize = 15;
/// The raster line in which the chip looks whether the display is on.
const DISPLAY_LINE: usize = 0x30;

/// Red, green and blue of the sixteen colours on a PAL screen.
const PALETTE: [u8; 48] = [
    0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x68, 0x37, 0x2B, 0x70, 0xA4, 0xB2, 0x6F, 0x3D, 0x86, 0x58, 0x8D,
    0x43, 0x35, 0x28, 0x79, 0xB8, 0xC7, 0x6F, 0x6F, 0x4F, 0x25, 0x43, 0x39, 0x00, 0x9A, 0x67, 0x59, 0x44,
    0x44, 0x44, 0x6C, 0x6C, 0x6C, 0x9A, 0xD2, 0x84, 0x6C, 0x5E, 0xB5, 0x95, 0x95, 0x95,
];

/// The picture as a PNG file; `lines` are the registers at each raster line.
pub fn png(bus: &Bus, lines: &[Registers]) -> Vec<u8> {
    let pixels = render(bus, lines);
    let packed: Vec<u8> = pixels.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette(&PALETTE[..]);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&packed));
    debug_assert!(written.is_ok(), "writing into memory cannot fail");
    file
}

/// One pixel of the display: its colour, and whether it counts as foreground for sprites.
type Pixel = (u8, bool);

/// Colour indices, row by row.
pub fn render(bus: &Bus, lines: &[Registers]) -> Vec<u8> {
    let mut pixels = vec![0; WIDTH * HEIGHT];
    let display = lines.get(DISPLAY_LINE).is_some_and(|vic| vic[0x11] & 0x10 != 0);
    let mut sprites = Sprites::default();
    let (above, visible) = lines.split_at(FIRST_LINE.min(lines.len()));
    for (line, vic) in above.iter().enumerate() {
        sprites.next_line(vic, line);
    }
    for (row, (vic, pixels)) in visible.iter().zip(pixels.chunks_exact_mut(WIDTH)).enumerate() {
        pixels.fill(vic[0x20] & 15);
        let y = row as i32 - TOP;
        let rows = if vic[0x11] & 8 != 0 { 0..200 } else { 4..196 };
        if display && rows.contains(&y) {
            display_line(bus, vic, y, &sprites.pixels(bus, vic), &mut pixels[LEFT..]);
        }
        // A sprite is seen from the line after the one that its coordinate names.
        sprites.next_line(vic, FIRST_LINE + row);
    }
    pixels
}

/// A line of the display window, from its left end on.
fn display_line(bus: &Bus, vic: &Registers, y: i32, sprites: &[Option<Pixel>], pixels: &mut [u8]) {
    let (scroll_x, scroll_y) = (i32::from(vic[0x16] & 7), i32::from(vic[0x11] & 7) - 3);
    for x in if vic[0x16] & 8 != 0 { 0..320 } else { 7..311 } {
        let (colour, foreground) = display_pixel(bus, vic, x as i32 - scroll_x, y - scroll_y);
        let shown = match sprites[x] {
            Some((sprite, behind)) if !(behind && foreground) => sprite,
            _ => colour,
        };
        pixels[x] = shown & 15;
    }
}

/// A pixel of the text or bitmap layer; outside its 320 × 200 the background shows.
fn display_pixel(bus: &Bus, vic: &Registers, x: i32, y: i32) -> Pixel {
    let background = vic[0x21] & 15;
    if !(0..320).contains(&x) || !(0..200).contains(&y) {
        return (background, false);
    }
    let (x, y) = (x as u16, y as u16);
    let cell = y / 8 * 40 + x / 8;
    let code = bus.video_byte(screen(vic) + cell);
    let colour = bus.colour(cell);
    let (extended, bitmap) = (vic[0x11] & 0x40 != 0, vic[0x11] & 0x20 != 0);
    let multicolour = vic[0x16] & 0x10 != 0;
    let memory = vic[0x18];
    let bits = if bitmap {
        bus.video_byte((u16::from(memory & 8) << 10) | (cell * 8 + y % 8))
    } else {
        let shape = if extended { code & 0x3F } else { code };
        bus.video_byte((u16::from(memory & 0x0E) << 10) + u16::from(shape) * 8 + y % 8)
    };
    let one = bits & 0x80 >> (x % 8) != 0;
    let pair = bits >> (6 - x % 8 / 2 * 2) & 3;
    match (extended, bitmap, multicolour) {
        (true, true, _) | (true, _, true) => (0, one),
        (false, false, false) => (if one { colour } else { background }, one),
        (true, false, false) => (if one { colour } else { vic[0x21 + usize::from(code >> 6)] & 15 }, one),
        (false, false, true) if colour & 8 == 0 => (if one { colour & 7 } else { background }, one),
        (false, false, true) => {
            let colours = [background, vic[0x22], vic[0x23], colour & 7];
            (colours[usize::from(pair)] & 15, pair >= 2)
        }
        (false, true, false) => (if one { code >> 4 } else { code & 15 }, one),
        (false, true, true) => ([background, code >> 4, code & 15, colour][usize::from(pair)], pair >= 2),
    }
}

/// Offset of screen memory in the VIC's bank.
fn screen(vic: &Registers) -> u16 {
    u16::from(vic[0x18] & 0xF0) << 6
}

/// The sprites that are being drawn: which of its lines each shows, a stretched one each line twice.
#[derive(Default)]
struct Sprites([Option<u8>; 8]);

impl Sprites {
    /// Goes on to the next line after raster line `line`, in which the chip had these registers.
    fn next_line(&mut self, vic: &Registers, line: usize) {
        for (sprite, row) in self.0.iter_mut().enumerate() {
            let bit = |register: usize| vic[register] >> sprite & 1 != 0;
            let height = if bit(0x17) { 42 } else { 21 };
            *row = row.map(|row| row + 1).filter(|row| *row < height);
            if row.is_none() && bit(0x15) && usize::from(vic[sprite * 2 + 1]) == line & 0xFF {
                *row = Some(0);
            }
        }
    }

    /// The topmost pixel of each column: colour, and whether it lies behind the foreground.
    fn pixels(&self, bus: &Bus, vic: &Registers) -> Vec<Option<Pixel>> {
        let mut line = vec![None; 320];
        let drawn = self.0.iter().enumerate().rev().filter_map(|(sprite, row)| Some((sprite, (*row)?)));
        for (sprite, row) in drawn {
            let bit = |register: usize| vic[register] >> sprite & 1 != 0;
            let row = if bit(0x17) { row / 2 } else { row };
            let pointer = bus.video_byte(screen(vic) + 0x3F8 + sprite as u16);
            let data = u16::from(pointer) * 64 + u16::from(row) * 3;
            let bits = u32::from_be_bytes([
                0,
                bus.video_byte(data),
                bus.video_byte(data + 1),
                bus.video_byte(data + 2),
            ]);
            let left = i32::from(vic[sprite * 2]) + if bit(0x10) { 256 } else { 0 } - SPRITE_LEFT;
            let stretch = if bit(0x1D) { 2 } else { 1 };
            for i in 0..24 * stretch {
                let column = i / stretch;
                let colour = if bit(0x1C) {
                    match bits >> (22 - column / 2 * 2) & 3 {
                        0 => None,
                        1 => Some(vic[0x25]),
                        2 => Some(vic[0x27 + sprite]),
                        _ => Some(vic[0x26]),
                    }
                } else {
                    (bits >> (23 - column) & 1 != 0).then(|| vic[0x27 + sprite])
                };
                if let (Some(colour), Some(slot)) = (colour, line.get_mut((left + i) as usize)) {
                    *slot = Some((colour & 15, bit(0x1B)));
                }
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::vic::FRAME_CYCLES;

    fn still(bus: &Bus) -> Vec<u8> {
        render(bus, &bus.vic.still())
    }

    fn at(pixels: &[u8], x: usize, y: usize) -> u8 {
        pixels[(y + TOP as usize) * WIDTH + x + LEFT]
    }

    fn cleared() -> Bus {
        let mut bus = Bus::new();
        (0x0400..0x0800).for_each(|a| bus.poke(a, 0x20));
        bus.write(0xDD02, 0x3F);
        bus.write(0xDD00, 0x07);
        bus
    }

    #[test]
    fn text_border_and_background_have_their_colours() {
        let mut bus = cleared();
        bus.poke(0x0401, 0xA0);
        bus.set_colour(1, 7);
        let pixels = still(&bus);
        assert_eq!((pixels[0], at(&pixels, 0, 0), at(&pixels, 8, 0), at(&pixels, 15, 7)), (14, 6, 7, 7));
        bus.write(0xD011, 0x0B);
        assert!(still(&bus).iter().all(|&p| p == 14));
    }

    #[test]
    fn multicolour_bitmap_takes_its_four_sources() {
        let mut bus = cleared();
        for (register, value) in [(0xD011, 0x3B), (0xD016, 0xD8), (0xD018, 0x18)] {
            bus.write(register, value);
        }
        bus.poke(0x2000, 0b00_01_10_11);
        bus.poke(0x0400, 0x52);
        bus.set_colour(0, 9);
        let pixels = still(&bus);
        assert_eq!([0, 2, 4, 6].map(|x| at(&pixels, x, 0)), [6, 5, 2, 9]);
    }

    #[test]
    fn sprites_respect_priority() {
        let mut bus = cleared();
        for address in 0x0340..0x0380 {
            bus.poke(address, 0xFF);
        }
        bus.poke(0x07F8, 0x0D);
        bus.poke(0x0400, 0xA0);
        bus.set_colour(0, 3);
        for (register, value) in [(0xD000, 24), (0xD001, 50), (0xD015, 1), (0xD027, 5)] {
            bus.write(register, value);
        }
        let pixels = still(&bus);
        assert_eq!([0, 23, 24].map(|x| at(&pixels, x, 0)), [5, 5, 6]);
        assert_eq!((at(&pixels, 0, 20), at(&pixels, 0, 21)), (5, 6));
        bus.write(0xD01B, 1);
        let pixels = still(&bus);
        assert_eq!((at(&pixels, 0, 0), at(&pixels, 8, 0)), (3, 5));
    }

    #[test]
    fn a_picture_of_the_last_frame_shows_its_splits() {
        let mut bus = cleared();
        let line = |n: u64| 5 * FRAME_CYCLES + n * 63;
        bus.vic.write(0x21, 2, line(0));
        for address in 0x0340..0x0380 {
            bus.poke(address, 0xFF);
        }
        bus.poke(0x07F8, 0x0D);
        bus.vic.write(0x00, 24, line(1));
        bus.vic.write(0x15, 1, line(1));
        bus.vic.write(0x01, 50, line(1));
        bus.vic.write(0x27, 5, line(1));
        // The sprite moves down while it is drawn, and appears there once more.
        bus.vic.write(0x01, 150, line(60));
        bus.vic.write(0x21, 9, line(151));
        let pixels = render(&bus, &bus.vic.last_frame(line(311)));
        assert_eq!([0, 20, 21, 99, 100, 120, 121].map(|y| at(&pixels, 0, y)), [5, 5, 2, 2, 5, 5, 9]);
        assert_eq!([99, 100].map(|y| at(&pixels, 100, y)), [2, 9]);
        assert_eq!(at(&still(&bus), 100, 0), 9);
    }

    #[test]
    fn png_has_the_size_of_the_frame() {
        let bus = cleared();
        let file = png(&bus, &bus.vic.still());
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        assert_eq!((info.width as usize, info.height as usize), (WIDTH, HEIGHT));
        assert_eq!(data[0], 0xEE);
    }
}
