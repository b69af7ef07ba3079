//! The SID's registers and the two that can be read for entropy and modulation.
//!
//! In: register writes, the cycle of a read. Out: the oscillator and paddle registers. Invariant: voice 3 runs from
//! cycle 0 at the frequency last written, so reads depend only on cycles and registers. Not here: sound, envelopes.

/// The sound chip.
#[derive(Default)]
pub struct Sid {
    registers: [u8; 0x20],
}

impl Sid {
    /// A register as last written.
    pub fn register(&self, register: u16) -> u8 {
        self.registers[usize::from(register & 0x1F)]
    }

    pub fn write(&mut self, register: u16, value: u8) {
        self.registers[usize::from(register & 0x1F)] = value;
    }

    /// What a read of `$D400 + register` gives; the write-only registers read as 0.
    pub fn read(&self, register: u16, now: u64) -> u8 {
        match register & 0x1F {
            0x19 | 0x1A => 0xFF,
            0x1B => self.oscillator_3(now),
            0x1C if self.registers[0x12] & 1 != 0 => 0xFF,
            _ => 0,
        }
    }

    fn oscillator_3(&self, now: u64) -> u8 {
        let word = |r: usize| u64::from(self.registers[r]) | u64::from(self.registers[r + 1]) << 8;
        let phase = now.wrapping_mul(word(0x0E));
        let position = phase & 0xFF_FFFF;
        match self.registers[0x12] & 0xF0 {
            0x80 => noise(phase >> 20),
            0x40 => 0xFF * u8::from(position >> 12 >= word(0x10) & 0xFFF),
            0x20 => (position >> 16) as u8,
            0x10 if position & 0x80_0000 != 0 => !(position >> 15) as u8,
            0x10 => (position >> 15) as u8,
            _ => 0,
        }
    }
}

/// A hash in place of the chip's shift register: a reader cannot jump thousands of shifts ahead cheaply.
fn noise(step: u64) -> u8 {
    let mixed = (step ^ 0x9E37_79B9).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    ((mixed ^ mixed >> 29).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_varies_over_time() {
        let mut sid = Sid::default();
        for (register, value) in [(0x0E, 0xFF), (0x0F, 0xFF), (0x12, 0x80)] {
            sid.write(register, value);
        }
        let mut seen: Vec<u8> = (0..256).map(|i| sid.read(0x1B, i * 100)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 100, "{}", seen.len());
    }

    #[test]
    fn sawtooth_follows_the_frequency() {
        let mut sid = Sid::default();
        sid.write(0x0F, 0x10);
        sid.write(0x12, 0x20);
        assert_eq!((sid.read(0x1B, 16), sid.read(0x1B, 32)), (1, 2));
    }
}
