//! The VIC-II as a program sees it: registers, raster counter and raster interrupt of a PAL machine.
//!
//! In: register accesses with the cycle they happen at. Out: register values, the interrupt line, the cycle of the next
//! possible interrupt. Invariant: state is exact up to `updated`; nothing is ticked, everything is computed from cycles.
//! Not here: pixels (`picture`). Bad lines and sprite fetches do not steal cycles, collisions are never reported.

/// Cycles of a raster line, lines of a frame (6569, PAL).
pub const LINE_CYCLES: u64 = 63;
pub const LINES: u64 = 312;
pub const FRAME_CYCLES: u64 = LINE_CYCLES * LINES;

const CONTROL: usize = 0x11;
const RASTER: usize = 0x12;
const FLAGS: usize = 0x19;
const MASK: usize = 0x1A;

/// Bits that are not connected and read as 1, from $D000 to $D02E.
const UNUSED: [(usize, u8); 5] = [(0x16, 0xC0), (0x18, 0x01), (FLAGS, 0x70), (MASK, 0xF0), (0x20, 0xF0)];

/// What KERNAL and BASIC leave in the registers from $D011 on.
const START: [(usize, u8); 19] = [
    (CONTROL, 0x1B),
    (0x16, 0xC8),
    (0x18, 0x15),
    (0x20, 14),
    (0x21, 6),
    (0x22, 1),
    (0x23, 2),
    (0x24, 3),
    (0x25, 4),
    (0x26, 0),
    (0x27, 1),
    (0x28, 2),
    (0x29, 3),
    (0x2A, 4),
    (0x2B, 5),
    (0x2C, 6),
    (0x2D, 7),
    (0x2E, 12),
    (RASTER, 0x37),
];

/// The video chip.
pub struct Vic {
    registers: [u8; 0x40],
    flags: u8,
    updated: u64,
}

impl Default for Vic {
    fn default() -> Self {
        let mut registers = [0; 0x40];
        for (register, value) in START {
            registers[register] = value;
        }
        Vic { registers, flags: 0, updated: 0 }
    }
}

impl Vic {
    /// The raster line at a cycle.
    pub fn line(now: u64) -> u16 {
        (now % FRAME_CYCLES / LINE_CYCLES) as u16
    }

    /// A register as last written, for the picture.
    pub fn register(&self, register: usize) -> u8 {
        self.registers[register & 0x3F]
    }

    /// What a read of `$D000 + register` gives at cycle `now`.
    pub fn read(&mut self, register: u16, now: u64) -> u8 {
        let register = usize::from(register & 0x3F);
        let line = Self::line(now);
        match register {
            CONTROL => self.registers[CONTROL] & 0x7F | (line >> 1) as u8 & 0x80,
            RASTER => line as u8,
            FLAGS => {
                self.update(now);
                self.flags | 0x70 | if self.irq() { 0x80 } else { 0 }
            }
            0x13 | 0x14 | 0x1E | 0x1F => 0,
            0x20..=0x2E => self.registers[register] | 0xF0,
            0x2F.. => 0xFF,
            _ => {
                let unused = UNUSED.iter().find(|(r, _)| *r == register).map_or(0, |(_, bits)| *bits);
                self.registers[register] | unused
            }
        }
    }

    /// A write to `$D000 + register` at cycle `now`.
    pub fn write(&mut self, register: u16, value: u8, now: u64) {
        let register = usize::from(register & 0x3F);
        self.update(now);
        match register {
            FLAGS => self.flags &= !value & 0x0F,
            CONTROL | RASTER => {
                let before = self.compare();
                self.registers[register] = value;
                // The comparison is live: moving the line onto the beam triggers at once.
                if self.compare() != before && self.compare() == Self::line(now) {
                    self.flags |= 1;
                }
            }
            _ => self.registers[register] = value,
        }
    }

    /// Brings the interrupt flag up to cycle `now`.
    pub fn update(&mut self, now: u64) {
        if self.next_match() <= now {
            self.flags |= 1;
        }
        self.updated = self.updated.max(now);
    }

    /// Whether the chip pulls the IRQ line.
    pub fn irq(&self) -> bool {
        self.flags & self.registers[MASK] & 0x0F != 0
    }

    /// The first cycle after `updated` at which the IRQ line can fall.
    pub fn next_event(&self) -> u64 {
        if self.registers[MASK] & 1 == 0 || self.flags & 1 != 0 { u64::MAX } else { self.next_match() }
    }

    fn compare(&self) -> u16 {
        u16::from(self.registers[RASTER]) | u16::from(self.registers[CONTROL] & 0x80) << 1
    }

    /// The first cycle after `updated` at which the beam enters the compared line.
    fn next_match(&self) -> u64 {
        let line = u64::from(self.compare());
        if line >= LINES {
            return u64::MAX;
        }
        let frame = self.updated - self.updated % FRAME_CYCLES;
        let this = frame + line * LINE_CYCLES;
        if this > self.updated { this } else { this + FRAME_CYCLES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raster_counts_312_lines_of_63_cycles() {
        let mut vic = Vic::default();
        let at = |vic: &mut Vic, now| (vic.read(0x11, now) & 0x80, vic.read(0x12, now));
        assert_eq!(at(&mut vic, 62), (0, 0));
        assert_eq!(at(&mut vic, 63), (0, 1));
        assert_eq!(at(&mut vic, 256 * 63), (0x80, 0));
        assert_eq!(at(&mut vic, FRAME_CYCLES - 1), (0x80, 55));
        assert_eq!(at(&mut vic, FRAME_CYCLES), (0, 0));
    }

    #[test]
    fn raster_interrupt_is_latched_and_acknowledged() {
        let mut vic = Vic::default();
        vic.write(0x12, 100, 0);
        vic.write(0x1A, 1, 0);
        assert_eq!(vic.next_event(), 6300);
        vic.update(6299);
        assert!(!vic.irq());
        assert_eq!(vic.read(0x19, 6300), 0xF1);
        assert_eq!(vic.next_event(), u64::MAX);
        vic.write(0x19, 1, 6310);
        assert!(!vic.irq());
        assert_eq!(vic.next_event(), 6300 + FRAME_CYCLES);
    }

    #[test]
    fn masked_interrupt_sets_the_flag_only() {
        let mut vic = Vic::default();
        vic.write(0x12, 5, 0);
        assert_eq!((vic.read(0x19, 5 * 63), vic.irq()), (0x71, false));
    }

    #[test]
    fn moving_the_compare_onto_the_beam_triggers() {
        let mut vic = Vic::default();
        vic.write(0x1A, 1, 10 * 63);
        vic.write(0x12, 10, 10 * 63 + 5);
        assert!(vic.irq());
    }

    #[test]
    fn unconnected_bits_read_as_ones() {
        let mut vic = Vic::default();
        vic.write(0x20, 5, 0);
        assert_eq!(
            (vic.read(0x20, 0), vic.read(0x18, 0), vic.read(0x60, 0), vic.read(0x3F, 0)),
            (0xF5, 0x15, 0xF5, 0xFF)
        );
    }
}
