//! The VIC-II as a program sees it: registers, raster counter and raster interrupt of a PAL machine.
//!
//! In: register accesses with the cycle they happen at. Out: register values, the interrupt line, the cycle of the next
//! possible interrupt; the registers as they were at each line of the last frame. Invariant: state is exact up to
//! `updated`; nothing is ticked, everything is computed from cycles.
//! Not here: pixels (`picture`). Bad lines and sprite fetches do not steal cycles, collisions are never reported.

use std::collections::VecDeque;

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

/// All registers at one moment.
pub type Registers = [u8; 0x40];

/// The cycle of a line at which its registers count for the picture: that of its middle.
const SAMPLE: u64 = 32;

/// A register got another value.
struct Change {
    cycle: u64,
    register: usize,
    before: u8,
}

/// The video chip.
pub struct Vic {
    registers: Registers,
    flags: u8,
    updated: u64,
    /// Those of the last frame, oldest first.
    changes: VecDeque<Change>,
}

impl Default for Vic {
    fn default() -> Self {
        let mut registers = [0; 0x40];
        for (register, value) in START {
            registers[register] = value;
        }
        Vic { registers, flags: 0, updated: 0, changes: VecDeque::new() }
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
        self.remember(register, value, now);
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

    fn remember(&mut self, register: usize, value: u8, cycle: u64) {
        let before = self.registers[register];
        if before == value || register == FLAGS {
            return;
        }
        while self.changes.front().is_some_and(|old| old.cycle + FRAME_CYCLES < cycle) {
            self.changes.pop_front();
        }
        self.changes.push_back(Change { cycle, register, before });
    }

    /// The registers as they are now, for each line of a frame.
    pub fn still(&self) -> Vec<Registers> {
        vec![self.registers; LINES as usize]
    }

    /// The registers as they were when the beam was last in the middle of each line.
    pub fn last_frame(&self, now: u64) -> Vec<Registers> {
        let mut lines = self.still();
        let mut registers = self.registers;
        let mut changes = self.changes.iter().rev().peekable();
        // The middle of a line that the beam passed last, and those before it.
        let Some(last) = now.checked_sub(SAMPLE) else { return lines };
        let newest = last - last % LINE_CYCLES + SAMPLE;
        for back in 0..LINES {
            let Some(cycle) = newest.checked_sub(back * LINE_CYCLES) else { break };
            while let Some(change) = changes.next_if(|change| change.cycle > cycle) {
                registers[change.register] = change.before;
            }
            lines[usize::from(Self::line(cycle))] = registers;
        }
        lines
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
    fn each_line_of_the_last_frame_has_its_registers() {
        let mut vic = Vic::default();
        let start = 3 * FRAME_CYCLES;
        vic.write(0x20, 1, start - 5 * FRAME_CYCLES / 2);
        vic.write(0x20, 2, start + 100 * 63);
        vic.write(0x20, 3, start + 200 * 63 + 40);
        vic.write(0x20, 2, start + FRAME_CYCLES + 100 * 63);
        // The beam is in line 150: what is above it is of this frame, what is below of the last one.
        vic.write(0x21, 9, start + FRAME_CYCLES + 120 * 63);
        let lines = vic.last_frame(start + FRAME_CYCLES + 150 * 63);
        let border = [99, 100, 149, 151, 200, 201, 311].map(|line: usize| lines[line][0x20]);
        assert_eq!(border, [3, 2, 2, 2, 2, 3, 3]);
        assert_eq!([119, 120, 149, 150].map(|line: usize| lines[line][0x21]), [6, 9, 9, 6]);
        assert_eq!(vic.last_frame(10).len(), LINES as usize);
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
