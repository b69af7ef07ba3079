//! A picture of the screen as the VIC shows it: text and bitmap modes, border, sprites.
//!
//! In: the chip's registers and memory at one moment. Out: a PNG of 384 × 272 pixels. Invariant: colours are indices
//! 0–15 until the file is written. Not here: anything that changes during a frame (raster effects show their last
//! state), open borders, idle graphics.

use super::bus::Bus;
use super::screen;

pub const WIDTH: usize = 384;
pub const HEIGHT: usize = 272;
/// Where the 320 × 200 pixels of the display window begin.
const LEFT: i32 = 32;
const TOP: i32 = 36;
/// Sprite coordinates of that corner.
const SPRITE_LEFT: i32 = 24;
const SPRITE_TOP: i32 = 50;

/// Red, green and blue of the sixteen colours on a PAL screen.
const PALETTE: [u8; 48] = [
    0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x68, 0x37, 0x2B, 0x70, 0xA4, 0xB2, 0x6F, 0x3D, 0x86, 0x58, 0x8D,
    0x43, 0x35, 0x28, 0x79, 0xB8, 0xC7, 0x6F, 0x6F, 0x4F, 0x25, 0x43, 0x39, 0x00, 0x9A, 0x67, 0x59, 0x44,
    0x44, 0x44, 0x6C, 0x6C, 0x6C, 0x9A, 0xD2, 0x84, 0x6C, 0x5E, 0xB5, 0x95, 0x95, 0x95,
];

/// The picture as a PNG file.
pub fn png(bus: &Bus) -> Vec<u8> {
    let pixels = render(bus);
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
pub fn render(bus: &Bus) -> Vec<u8> {
    let vic = &bus.vic;
    let border = vic.register(0x20) & 15;
    let mut pixels = vec![border; WIDTH * HEIGHT];
    let (control, control2) = (vic.register(0x11), vic.register(0x16));
    if control & 0x10 == 0 {
        return pixels;
    }
    let rows = if control & 8 != 0 { 0..200 } else { 4..196 };
    let columns = if control2 & 8 != 0 { 0..320 } else { 7..311 };
    let (scroll_x, scroll_y) = (i32::from(control2 & 7), i32::from(control & 7) - 3);
    for y in rows {
        let line: Vec<Pixel> = (0..320).map(|x| display_pixel(bus, x - scroll_x, y - scroll_y)).collect();
        let sprites = sprite_line(bus, y + SPRITE_TOP);
        for x in columns.clone() {
            let (colour, foreground) = line[x as usize];
            let shown = match sprites[x as usize] {
                Some((sprite, behind)) if !(behind && foreground) => sprite,
                _ => colour,
            };
            pixels[(y + TOP) as usize * WIDTH + (x + LEFT) as usize] = shown & 15;
        }
    }
    pixels
}

/// A pixel of the text or bitmap layer; outside its 320 × 200 the background shows.
fn display_pixel(bus: &Bus, x: i32, y: i32) -> Pixel {
    let vic = &bus.vic;
    let background = vic.register(0x21) & 15;
    if !(0..320).contains(&x) || !(0..200).contains(&y) {
        return (background, false);
    }
    let (x, y) = (x as u16, y as u16);
    let cell = y / 8 * 40 + x / 8;
    let code = bus.video_byte(screen::address(bus) + cell);
    let colour = bus.colour(cell);
    let (extended, bitmap) = (vic.register(0x11) & 0x40 != 0, vic.register(0x11) & 0x20 != 0);
    let multicolour = vic.register(0x16) & 0x10 != 0;
    let memory = vic.register(0x18);
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
        (true, false, false) => {
            (if one { colour } else { vic.register(0x21 + usize::from(code >> 6)) & 15 }, one)
        }
        (false, false, true) if colour & 8 == 0 => (if one { colour & 7 } else { background }, one),
        (false, false, true) => {
            let colours = [background, vic.register(0x22), vic.register(0x23), colour & 7];
            (colours[usize::from(pair)] & 15, pair >= 2)
        }
        (false, true, false) => (if one { code >> 4 } else { code & 15 }, one),
        (false, true, true) => ([background, code >> 4, code & 15, colour][usize::from(pair)], pair >= 2),
    }
}

/// The topmost sprite pixel of each column in a line: colour, and whether it lies behind the foreground.
fn sprite_line(bus: &Bus, y: i32) -> Vec<Option<Pixel>> {
    let vic = &bus.vic;
    let mut line = vec![None; 320];
    for sprite in (0..8usize).rev() {
        let bit = |register: usize| vic.register(register) >> sprite & 1 != 0;
        if !bit(0x15) {
            continue;
        }
        let height = if bit(0x17) { 42 } else { 21 };
        let row = y - i32::from(vic.register(sprite * 2 + 1));
        if !(0..height).contains(&row) {
            continue;
        }
        let row = if bit(0x17) { row / 2 } else { row };
        let pointer = bus.video_byte(screen::address(bus) + 0x3F8 + sprite as u16);
        let data = u16::from(pointer) * 64 + row as u16 * 3;
        let bits =
            u32::from_be_bytes([0, bus.video_byte(data), bus.video_byte(data + 1), bus.video_byte(data + 2)]);
        let left = i32::from(vic.register(sprite * 2)) + if bit(0x10) { 256 } else { 0 } - SPRITE_LEFT;
        let stretch = if bit(0x1D) { 2 } else { 1 };
        for i in 0..24 * stretch {
            let column = i / stretch;
            let colour = if bit(0x1C) {
                match bits >> (22 - column / 2 * 2) & 3 {
                    0 => None,
                    1 => Some(vic.register(0x25)),
                    2 => Some(vic.register(0x27 + sprite)),
                    _ => Some(vic.register(0x26)),
                }
            } else {
                (bits >> (23 - column) & 1 != 0).then(|| vic.register(0x27 + sprite))
            };
            if let (Some(colour), Some(slot)) = (colour, line.get_mut((left + i) as usize)) {
                *slot = Some((colour & 15, bit(0x1B)));
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pixels: &[u8], x: usize, y: usize) -> u8 {
        pixels[(y + TOP as usize) * WIDTH + x + LEFT as usize]
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
        let pixels = render(&bus);
        assert_eq!((pixels[0], at(&pixels, 0, 0), at(&pixels, 8, 0), at(&pixels, 15, 7)), (14, 6, 7, 7));
        bus.write(0xD011, 0x0B);
        assert!(render(&bus).iter().all(|&p| p == 14));
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
        let pixels = render(&bus);
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
        let pixels = render(&bus);
        assert_eq!([0, 23, 24].map(|x| at(&pixels, x, 0)), [5, 5, 6]);
        assert_eq!((at(&pixels, 0, 20), at(&pixels, 0, 21)), (5, 6));
        bus.write(0xD01B, 1);
        let pixels = render(&bus);
        assert_eq!((at(&pixels, 0, 0), at(&pixels, 8, 0)), (3, 5));
    }

    #[test]
    fn png_has_the_size_of_the_frame() {
        let file = png(&cleared());
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        assert_eq!((info.width as usize, info.height as usize), (WIDTH, HEIGHT));
        assert_eq!(data[0], 0xEE);
    }
}
