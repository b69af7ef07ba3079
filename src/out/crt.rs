//! EasyFlash cartridges.
//!
//! In: a linked image. Out: a `.crt` file that starts it. Invariant: the program itself runs from
//! RAM and sees no cartridge. After a reset only the first 4 KiB of RAM and the cartridge are there,
//! so the boot code in ROMH of bank 0 puts a loader into the page of the stack; the loader sets the
//! machine up as a reset does, copies the image out of the banks' ROML, switches the cartridge off
//! and jumps to the program. Not here: code that runs from ROM, saving to the flash.

use crate::link::Image;
use crate::link::runtime::assemble_own;

const BANK_SIZE: usize = 0x2000;
const ROML: u16 = 0x8000;
const ROMH: u16 = 0xA000;
/// Where the ROMH of bank 0 is seen after a reset.
const ROMH_AT_RESET: u16 = 0xE000;
const BOOT: u16 = 0xFE00;
/// The loader's bytes in ROM, and where it runs: the part of the stack that nothing reaches.
const LOADER_IN_ROM: u16 = 0xFF00;
const LOADER: u16 = 0x0110;
const LOADER_SIZE: u16 = 0xE0;
/// An `rti` for interrupts before the loader runs.
const RTI_AT: u16 = 0xFDFF;
const RTI: u8 = 0x40;
const VECTORS: u16 = 0xFFFA;

/// The hardware type of an EasyFlash, and its lines after a reset: EXROM high, GAME low.
const EASYFLASH: u16 = 32;
const LINES: [u8; 2] = [1, 0];
const FLASH_CHIP: u16 = 2;

const BOOT_CODE: &str = "
        sei
        cld
        ldx #$ff
        txs
        lda #$37
        sta $01
        lda #$2f
        sta $00
        ldx #0
!:      lda IN_ROM,x
        sta AT,x
        inx
        cpx #SIZE
        bne !-
        jmp AT
";

/// The end of the loader: no cartridge any more.
const LEAVE: &str = "
        lda #$04
        sta $de02
        jmp ENTRY
";

/// The cartridge that starts `image`, which is smaller than eight of its 64 banks.
pub fn write(image: &Image, name: &str) -> Vec<u8> {
    let mut file = header(name);
    for (bank, part) in image.bytes.chunks(BANK_SIZE).enumerate() {
        let mut rom = part.to_vec();
        rom.resize(BANK_SIZE, 0xFF);
        chip(&mut file, bank as u16, ROML, &rom);
        if bank == 0 {
            chip(&mut file, 0, ROMH, &boot_rom(image));
        }
    }
    file
}

fn header(name: &str) -> Vec<u8> {
    let mut file = b"C64 CARTRIDGE   ".to_vec();
    file.extend(0x40u32.to_be_bytes());
    file.extend(0x0100u16.to_be_bytes());
    file.extend(EASYFLASH.to_be_bytes());
    file.extend(LINES);
    file.resize(0x20, 0);
    file.extend(name.to_uppercase().bytes().filter(u8::is_ascii).take(31));
    file.resize(0x40, 0);
    file
}

fn chip(file: &mut Vec<u8>, bank: u16, address: u16, rom: &[u8]) {
    file.extend(b"CHIP");
    file.extend((rom.len() as u32 + 0x10).to_be_bytes());
    for field in [FLASH_CHIP, bank, address, rom.len() as u16] {
        file.extend(field.to_be_bytes());
    }
    file.extend(rom);
}

fn boot_rom(image: &Image) -> Vec<u8> {
    let mut rom = vec![0xFF; BANK_SIZE];
    let mut put = |address: u16, bytes: &[u8]| {
        let at = usize::from(address - ROMH_AT_RESET);
        rom[at..at + bytes.len()].copy_from_slice(bytes);
    };
    let constants =
        format!(".const IN_ROM = {LOADER_IN_ROM}\n.const AT = {LOADER}\n.const SIZE = {LOADER_SIZE}");
    put(BOOT, &code("boot", &format!("{constants}{BOOT_CODE}")));
    put(LOADER_IN_ROM, &code("loader", &loader(image)));
    put(RTI_AT, &[RTI]);
    let vectors = [RTI_AT, BOOT, RTI_AT].map(u16::to_le_bytes);
    put(VECTORS, &vectors.concat());
    rom
}

/// The loader: whole pages first, then the rest.
fn loader(image: &Image) -> String {
    let (pages, rest) = (image.bytes.len() / 256, image.bytes.len() % 256);
    let tail = match rest {
        0 => "",
        _ => {
            "
!:      lda ($fb),y
        sta ($fd),y
        iny
        cpy #REST
        bne !-"
        }
    };
    let constants = format!(
        ".const LOAD = {}\n.const PAGES = {pages}\n.const REST = {rest}\n.const ENTRY = {}\n",
        image.load, image.entry
    );
    let text = "
        lda #$06                // ROML only
        sta $de02
        jsr $ff84               // IOINIT
        jsr $ff87               // RAMTAS
        jsr $ff8a               // RESTOR
        jsr $ff81               // CINT
        sei
        lda #0
        sta $de00
        sta $fb
        sta $02                 // the bank
        lda #$80
        sta $fc
        lda #<LOAD
        sta $fd
        lda #>LOAD
        sta $fe
        ldx #PAGES
        beq last
page:   ldy #0
!:      lda ($fb),y
        sta ($fd),y
        iny
        bne !-
        inc $fe
        inc $fc
        lda $fc
        cmp #$a0
        bne same
        lda #$80
        sta $fc
        inc $02
        lda $02
        sta $de00
same:   dex
        bne page
last:   ldy #0
";
    format!("{constants}{text}{tail}{LEAVE}")
}

/// Position-free code: it branches only, and jumps only to fixed addresses.
fn code(name: &str, text: &str) -> Vec<u8> {
    let section = assemble_own(name, text).section;
    assert!(section.relocs.is_empty(), "cartridge: {name} has relocations");
    section.bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(size: usize) -> Image {
        Image { load: 0x0801, entry: 0x080D, bytes: (0..size).map(|i| i as u8).collect(), ..Image::default() }
    }

    #[test]
    fn the_image_fills_the_banks_and_bank_0_has_the_boot_code() {
        let file = write(&image(BANK_SIZE + 5), "game");
        assert_eq!(file.len(), 0x40 + 3 * (BANK_SIZE + 0x10));
        assert_eq!((&file[..16], &file[0x16..0x1A]), (&b"C64 CARTRIDGE   "[..], &[0, 32, 1, 0][..]));
        assert_eq!(&file[0x20..0x25], b"GAME\0");
        let places: Vec<&[u8]> = (0..3).map(|i| &file[0x40 + i * (BANK_SIZE + 0x10)..][..0x10]).collect();
        assert_eq!(places[1], b"CHIP\0\0\x20\x10\0\x02\0\0\xA0\0\x20\0");
        assert_eq!(places[2], b"CHIP\0\0\x20\x10\0\x02\0\x01\x80\0\x20\0");
        let boot = &file[0x40 + BANK_SIZE + 0x20..][..BANK_SIZE];
        assert_eq!(&boot[0x1FFA..], [0xFF, 0xFD, 0x00, 0xFE, 0xFF, 0xFD]);
        assert_eq!((boot[0x1E00], boot[0x1DFF]), (0x78, RTI));
    }

    #[test]
    fn the_loader_fits_its_place() {
        for size in [1, 256, 50_000] {
            assert!(code("loader", &loader(&image(size))).len() <= usize::from(LOADER_SIZE));
        }
    }
}
