//! What the CPU sees: 64 KB of RAM, the chips, and the ROM areas, switched by the 6510 port.
//!
//! In: reads and writes with the instruction they belong to. Out: bytes, the interrupt lines, the cycle of the next
//! possible change on them. Invariant: RAM pages without anything special go straight to `ram`; `slow_read` and
//! `slow_write` mark every other page. Not here: the KERNAL's routines (`kernal`), which are traps, not bytes; the ROM
//! areas read as 0 except for the CPU vectors and the character generator.

use super::charset;
use super::cia::Cia;
use super::keyboard::Keyboard;
use super::sid::Sid;
use super::vic::Vic;
use crate::c64::kernal::{ROM_IRQ, ROM_NMI, ROM_RESET};
use crate::c64::memmap::{self, Banking};
use crate::c64::petscii;
use mos6502::Variant;
use mos6502::instruction::Nmos6502;
use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// One access to a watched address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    pub address: u16,
    pub value: u8,
    pub is_write: bool,
    /// Address of the instruction.
    pub pc: u16,
}

/// Memory and chips.
pub struct Bus {
    ram: Box<[u8; 0x10000]>,
    colour: [u8; 0x400],
    port: u8,
    direction: u8,
    banking: Banking,
    slow_read: [bool; 256],
    slow_write: [bool; 256],
    pub vic: Vic,
    pub sid: Sid,
    pub keyboard: Keyboard,
    cia1: Cia,
    cia2: Cia,
    /// Cycle at which the instruction in progress began, and where it lies.
    pub start: u64,
    pub pc: u16,
    /// The interrupt lines, valid until `next_event`.
    pub irq: bool,
    pub nmi: bool,
    pub next_event: u64,
    /// What a read-modify-write instruction read from a register, given back to its second read.
    held: Option<(u16, u8)>,
    watched: Vec<RangeInclusive<u16>>,
    accesses: Vec<Access>,
    typing: VecDeque<char>,
    /// The set shown before the program took its own character shapes.
    lowercase: bool,
}

impl Bus {
    /// A machine just switched on: RAM holds the pattern it comes up with, the port has all ROMs in.
    pub fn new() -> Bus {
        let mut ram: Box<[u8; 0x10000]> = Box::new([0; 0x10000]);
        for (i, byte) in ram.iter_mut().enumerate() {
            *byte = if i >= 0x400 && i & 0x40 != 0 { 0xFF } else { 0 };
        }
        let mut bus = Bus {
            ram,
            colour: [0; 0x400],
            port: memmap::PORT_ALL,
            direction: 0x2F,
            banking: Banking::of(memmap::PORT_ALL),
            slow_read: [false; 256],
            slow_write: [false; 256],
            vic: Vic::default(),
            sid: Sid::default(),
            keyboard: Keyboard::default(),
            cia1: Cia::default(),
            cia2: Cia::default(),
            start: 0,
            pc: 0,
            irq: false,
            nmi: false,
            next_event: u64::MAX,
            held: None,
            watched: Vec::new(),
            accesses: Vec::new(),
            typing: VecDeque::new(),
            lowercase: false,
        };
        bus.set_port();
        bus
    }

    /// A byte as the CPU would see it, without any effect of reading; registers give what was last written.
    pub fn peek(&self, address: u16) -> u8 {
        match address {
            0xD000..=0xDFFF if self.banking.io => match address {
                0xD000..=0xD3FF => self.vic.register(usize::from(address)),
                0xD400..=0xD7FF => self.sid.register(address),
                0xD800..=0xDBFF => self.colour(address & 0x3FF),
                _ => 0,
            },
            0xD000..=0xDFFF if self.banking.characters => charset::rom()[usize::from(address & 0xFFF)],
            0xA000..=0xBFFF if self.banking.basic => 0,
            0xE000.. if self.banking.kernal => kernal_rom(address),
            _ => self.ram[usize::from(address)],
        }
    }

    pub fn peek_word(&self, address: u16) -> u16 {
        u16::from_le_bytes([self.peek(address), self.peek(address.wrapping_add(1))])
    }

    /// RAM under whatever is banked in.
    pub fn ram(&self, address: u16) -> u8 {
        self.ram[usize::from(address)]
    }

    /// Stores into RAM, never into a register; `$00` and `$01` switch the banks.
    pub fn poke(&mut self, address: u16, value: u8) {
        match address {
            memmap::PORT_DIRECTION => self.direction = value,
            memmap::PORT => self.port = value,
            _ => self.ram[usize::from(address)] = value,
        }
        if address <= memmap::PORT {
            self.set_port();
        }
    }

    pub fn poke_word(&mut self, address: u16, value: u16) {
        let [lo, hi] = value.to_le_bytes();
        self.poke(address, lo);
        self.poke(address.wrapping_add(1), hi);
    }

    /// Stores as the CPU would, registers included.
    pub fn write(&mut self, address: u16, value: u8) {
        mos6502::memory::Bus::set_byte(self, address, value);
    }

    /// Reads as the CPU would, with all effects.
    pub fn read(&mut self, address: u16) -> u8 {
        mos6502::memory::Bus::get_byte(self, address)
    }

    pub fn colour(&self, offset: u16) -> u8 {
        self.colour[usize::from(offset & 0x3FF)]
    }

    pub fn set_colour(&mut self, offset: u16, value: u8) {
        self.colour[usize::from(offset & 0x3FF)] = value & 0x0F;
    }

    /// What the port switches in at the moment.
    pub fn banking(&self) -> Banking {
        self.banking
    }

    /// The 16 KB of RAM that the VIC sees, as an address.
    pub fn video_bank(&self) -> u16 {
        u16::from(!self.cia2.output(0) & 3) << 14
    }

    /// A byte as the VIC sees it: character ROM at $1000 of banks 0 and 2, RAM elsewhere.
    pub fn video_byte(&self, offset: u16) -> u8 {
        let address = self.video_bank() | offset & 0x3FFF;
        if address & 0x7000 == 0x1000 {
            charset::rom()[usize::from(address & 0xFFF)]
        } else {
            self.ram[usize::from(address)]
        }
    }

    /// Which character set text is in: the one shown, or, with shapes of the program's own, the last that was.
    pub fn lowercase(&mut self) -> bool {
        let shapes = u16::from(self.vic.register(0x18) & 0x0E) << 10;
        if (self.video_bank() | shapes) & 0x7000 == 0x1000 {
            self.lowercase = shapes & 0x0800 != 0;
        }
        self.lowercase
    }

    /// Shows the lower/upper or the upper/graphics set, as CHROUT's $0E and $8E do.
    pub fn set_lowercase(&mut self, lowercase: bool) {
        let value = self.vic.register(0x18) & !2 | u8::from(lowercase) << 1;
        self.vic.write(0x18, value, self.start);
        self.lowercase = lowercase;
    }

    /// Records every access to these addresses from now on.
    pub fn watch(&mut self, addresses: RangeInclusive<u16>) {
        self.watched.push(addresses);
        self.set_port();
    }

    /// The accesses recorded so far, oldest first; forgets them.
    pub fn take_accesses(&mut self) -> Vec<Access> {
        std::mem::take(&mut self.accesses)
    }

    /// Text to be typed, a key whenever the program asks and the keyboard buffer is empty.
    pub fn type_text(&mut self, text: &str) {
        self.typing.extend(text.chars());
        self.set_port();
    }

    /// Puts the next typed key into the empty keyboard buffer.
    pub fn type_key(&mut self) {
        if self.ram(memmap::KEY_COUNT) != 0 {
            return;
        }
        let lowercase = self.lowercase();
        while let Some(ch) = self.typing.pop_front() {
            let code = if ch == '\n' { Some(0x0D) } else { petscii::petscii(ch, lowercase) };
            if let Some(code) = code {
                self.poke(memmap::KEY_BUFFER, code);
                self.poke(memmap::KEY_COUNT, 1);
                return;
            }
        }
    }

    /// Brings the chips up to cycle `now` and looks at the interrupt lines.
    pub fn update(&mut self, now: u64) {
        self.vic.update(now);
        self.cia1.update(now);
        self.cia2.update(now);
        self.set_lines();
    }

    /// The second half of an access by INC, ASL and the like to a register: the old value is written back first.
    pub fn write_back(&mut self, address: u16) {
        let value = self.read(address);
        self.write(address, value);
        self.held = Some((address, value));
    }

    fn set_lines(&mut self) {
        self.irq = self.vic.irq() || self.cia1.irq();
        self.nmi = self.cia2.irq();
        self.next_event = self.vic.next_event().min(self.cia1.next_event()).min(self.cia2.next_event());
    }

    /// Works out what the port switches in and which pages need the slow path.
    fn set_port(&mut self) {
        const PULLED_UP: u8 = 0x17;
        let pins = self.port & self.direction | !self.direction & PULLED_UP;
        self.ram[0] = self.direction;
        self.ram[1] = pins;
        self.banking = Banking::of(pins);
        let Banking { basic, kernal, io, characters } = self.banking;
        for page in 0..256 {
            let base = page as u16 * 0x100;
            let watched = self.watched.iter().any(|r| *r.start() <= base + 0xFF && *r.end() >= base);
            let rom = match page {
                0xA0..=0xBF => basic,
                0xD0..=0xDF => io || characters,
                0xE0..=0xFF => kernal,
                _ => false,
            };
            self.slow_read[page] = rom || watched || page == 0 && !self.typing.is_empty();
            self.slow_write[page] = watched || (0xD0..=0xDF).contains(&page) && io;
        }
    }

    /// The cycle of a register access: the last one of the instruction.
    fn access_cycle(&self) -> u64 {
        let opcode = self.ram[usize::from(self.pc)];
        let length = Nmos6502::decode(opcode).map_or(1, |(instruction, mode)| instruction.base_cycles(mode));
        self.start + u64::from(length.max(1)) - 1
    }

    #[inline(never)]
    fn read_slow(&mut self, address: u16) -> u8 {
        if let Some((held, value)) = self.held.take()
            && held == address
        {
            return value;
        }
        let value = match address {
            memmap::KEY_COUNT => {
                if !self.typing.is_empty() && self.is_direct_access(address) {
                    self.type_key();
                }
                self.ram[usize::from(address)]
            }
            0xD000..=0xDFFF if self.banking.io => self.read_register(address),
            0xA000.. => self.peek(address),
            _ => self.ram[usize::from(address)],
        };
        self.record(address, value, false);
        value
    }

    #[inline(never)]
    fn write_slow(&mut self, address: u16, value: u8) {
        if address >> 12 == 0xD && self.banking.io {
            self.write_register(address, value);
        } else {
            self.poke(address, value);
        }
        self.record(address, value, true);
    }

    /// Whether the instruction in progress names this address itself, so that it is no copy loop passing by.
    fn is_direct_access(&self, address: u16) -> bool {
        let at = |offset: u16| self.ram[usize::from(self.pc.wrapping_add(offset))];
        match at(0) & 0x1F {
            0x04..=0x07 => u16::from(at(1)) == address,
            0x0C..=0x0F => u16::from_le_bytes([at(1), at(2)]) == address,
            _ => false,
        }
    }

    fn record(&mut self, address: u16, value: u8, is_write: bool) {
        if self.watched.iter().any(|r| r.contains(&address)) {
            self.accesses.push(Access { address, value, is_write, pc: self.pc });
        }
    }

    fn read_register(&mut self, address: u16) -> u8 {
        let now = self.access_cycle();
        match address {
            0xD000..=0xD3FF => self.vic.read(address, now),
            0xD400..=0xD7FF => self.sid.read(address, now),
            0xD800..=0xDBFF => self.colour(address & 0x3FF),
            0xDC00..=0xDDFF => {
                let value = if address < 0xDD00 {
                    let pins = self.keyboard.pins([self.cia1.output(0), self.cia1.output(1)]);
                    self.cia1.read(address, now, pins)
                } else {
                    let pins = [self.cia2.output(0), self.cia2.output(1)];
                    self.cia2.read(address, now, pins)
                };
                if address & 15 == 13 {
                    self.update(now);
                }
                value
            }
            _ => 0,
        }
    }

    fn write_register(&mut self, address: u16, value: u8) {
        self.held = None;
        let now = self.access_cycle();
        match address {
            0xD000..=0xD3FF => {
                // Before the program takes its own shapes, remember which set was shown.
                if address & 0x3F == 0x18 {
                    self.lowercase();
                }
                self.vic.write(address, value, now);
            }
            0xD400..=0xD7FF => return self.sid.write(address, value),
            0xD800..=0xDBFF => return self.set_colour(address & 0x3FF, value),
            0xDC00..=0xDCFF => self.cia1.write(address, value, now),
            0xDD00..=0xDDFF => self.cia2.write(address, value, now),
            _ => return,
        }
        self.update(now);
    }
}

impl Default for Bus {
    fn default() -> Self {
        Bus::new()
    }
}

impl mos6502::memory::Bus for Bus {
    #[inline]
    fn get_byte(&mut self, address: u16) -> u8 {
        if self.slow_read[usize::from(address >> 8)] {
            self.read_slow(address)
        } else {
            self.ram[usize::from(address)]
        }
    }

    #[inline]
    fn set_byte(&mut self, address: u16, value: u8) {
        if self.slow_write[usize::from(address >> 8)] {
            self.write_slow(address, value);
        } else if address <= memmap::PORT {
            self.poke(address, value);
        } else {
            self.ram[usize::from(address)] = value;
        }
    }
}

/// The only bytes of the KERNAL ROM that there are: the CPU vectors.
fn kernal_rom(address: u16) -> u8 {
    let vector = match address & 0xFFFE {
        memmap::CPU_NMI => ROM_NMI,
        memmap::CPU_RESET => ROM_RESET,
        memmap::CPU_IRQ => ROM_IRQ,
        _ => 0,
    };
    vector.to_le_bytes()[usize::from(address & 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ram_lies_under_rom_and_registers() {
        let mut bus = Bus::new();
        for address in [0xA000, 0xD020, 0xE000] {
            bus.write(1, 0x34);
            bus.write(address, 0x42);
            assert_eq!(bus.read(address), 0x42);
            bus.write(1, 0x37);
            assert_ne!(bus.read(address), 0x42, "${address:04X}");
        }
        bus.write(0xE000, 0x77);
        bus.write(1, 0x35);
        assert_eq!(bus.read(0xE000), 0x77);
    }

    #[test]
    fn character_rom_is_seen_with_charen_low() {
        let mut bus = Bus::new();
        bus.write(1, 0x33);
        assert_eq!(bus.read(0xD008), charset::rom()[8]);
        bus.write(1, 0x37);
        assert_eq!(bus.read(0xD020), 0xFE);
    }

    #[test]
    fn port_inputs_read_high() {
        let mut bus = Bus::new();
        bus.write(0, 0);
        bus.write(1, 0);
        assert_eq!((bus.read(1), bus.banking().kernal), (0x17, true));
    }

    #[test]
    fn colour_ram_has_four_bits() {
        let mut bus = Bus::new();
        bus.write(0xD800, 0xF5);
        assert_eq!((bus.read(0xD800), bus.colour(0)), (5, 5));
    }

    #[test]
    fn watched_addresses_are_recorded_in_order() {
        let mut bus = Bus::new();
        bus.watch(0xC000..=0xC001);
        bus.write(0xC001, 7);
        bus.write(0xC002, 8);
        bus.read(0xC001);
        let seen: Vec<_> = bus.take_accesses().iter().map(|a| (a.address, a.value, a.is_write)).collect();
        assert_eq!(seen, [(0xC001, 7, true), (0xC001, 7, false)]);
        assert!(bus.take_accesses().is_empty());
    }

    #[test]
    fn keyboard_matrix_answers_on_cia1() {
        let mut bus = Bus::new();
        bus.write(0xDC02, 0xFF);
        bus.keyboard.set_key(10, true);
        bus.write(0xDC00, 0xFD);
        assert_eq!(bus.read(0xDC01), 0xFB);
        bus.write(0xDC00, 0xFF);
        assert_eq!(bus.read(0xDC01), 0xFF);
    }
}
