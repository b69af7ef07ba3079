//! A CIA 6526: timers A and B, interrupt control, ports and a simple time-of-day clock.
//!
//! In: register accesses with the cycle they happen at; the levels of the port pins. Out: register values, the
//! interrupt line, the cycle of the next possible interrupt. Invariant: timers are exact up to `updated`; they are
//! computed from cycles, never ticked. Not here: what hangs on the ports (`keyboard`, `bus`), the serial register,
//! timer output on port B, and the alarm.

/// Cycles of a tenth of a second on a PAL machine.
const TENTH: u64 = 98_525;
/// A started timer begins to count this many cycles after the write.
const START_DELAY: u64 = 2;

const RUNNING: u8 = 0x01;
const ONE_SHOT: u8 = 0x08;
const FORCE_LOAD: u8 = 0x10;

#[derive(Default)]
struct Timer {
    latch: u16,
    counter: u16,
    control: u8,
    /// Cycles until a timer that was just started begins to count.
    delay: u64,
}

impl Timer {
    /// Counts `pulses` down; returns how often the timer underflowed.
    fn count(&mut self, pulses: u64) -> u64 {
        if self.control & RUNNING == 0 {
            return 0;
        }
        let held = self.delay.min(pulses);
        self.delay -= held;
        let pulses = pulses - held;
        let left = u64::from(self.counter);
        if pulses <= left {
            self.counter -= pulses as u16;
            return 0;
        }
        if self.control & ONE_SHOT != 0 {
            self.control &= !RUNNING;
            self.counter = self.latch;
            return 1;
        }
        let period = u64::from(self.latch) + 1;
        let rest = pulses - left - 1;
        self.counter = self.latch - (rest % period) as u16;
        1 + rest / period
    }

    /// Pulses until the next underflow.
    fn remaining(&self) -> u64 {
        self.delay + u64::from(self.counter) + 1
    }

    fn set_control(&mut self, value: u8) {
        self.control = value & !FORCE_LOAD;
        if value & FORCE_LOAD != 0 {
            self.counter = self.latch;
        }
    }

    fn set_latch(&mut self, high: bool, value: u8) {
        let [lo, hi] = self.latch.to_le_bytes();
        self.latch = u16::from_le_bytes(if high { [lo, value] } else { [value, hi] });
        if high && self.control & RUNNING == 0 {
            self.counter = self.latch;
        }
    }
}

/// One of the two interface chips.
#[derive(Default)]
pub struct Cia {
    ports: [u8; 2],
    directions: [u8; 2],
    timers: [Timer; 2],
    flags: u8,
    mask: u8,
    updated: u64,
    /// Tenths of a second that the clock is ahead of the cycle counter, and what a read of the hours froze.
    clock_offset: u64,
    clock_latch: Option<u64>,
    serial: u8,
}

impl Cia {
    /// What the chip drives on a port; pins that are inputs float high.
    pub fn output(&self, port: usize) -> u8 {
        self.ports[port] | !self.directions[port]
    }

    /// Register read at cycle `now`. `pins` are the levels of ports A and B.
    pub fn read(&mut self, register: u16, now: u64, pins: [u8; 2]) -> u8 {
        self.update(now);
        match register & 15 {
            0 => pins[0],
            1 => pins[1],
            2 => self.directions[0],
            3 => self.directions[1],
            4 => self.timers[0].counter as u8,
            5 => (self.timers[0].counter >> 8) as u8,
            6 => self.timers[1].counter as u8,
            7 => (self.timers[1].counter >> 8) as u8,
            r @ 8..=11 => self.read_clock(r, now),
            12 => self.serial,
            13 => {
                let value = self.flags | if self.irq() { 0x80 } else { 0 };
                self.flags = 0;
                value
            }
            14 => self.timers[0].control,
            _ => self.timers[1].control,
        }
    }

    /// Register write at cycle `now`.
    pub fn write(&mut self, register: u16, value: u8, now: u64) {
        self.update(now);
        match register & 15 {
            r @ 0..=1 => self.ports[usize::from(r)] = value,
            r @ 2..=3 => self.directions[usize::from(r - 2)] = value,
            r @ 4..=7 => self.timers[usize::from(r - 4) / 2].set_latch(r & 1 != 0, value),
            r @ 8..=11 => self.write_clock(r, value, now),
            12 => self.serial = value,
            13 if value & 0x80 != 0 => self.mask |= value & 0x1F,
            13 => self.mask &= !value,
            r => {
                let timer = &mut self.timers[usize::from(r - 14)];
                let starts = timer.control & RUNNING == 0 && value & RUNNING != 0;
                timer.set_control(value);
                let counts_cycles = if r == 14 { value & 0x20 == 0 } else { value & 0x60 == 0 };
                timer.delay = if starts && counts_cycles { START_DELAY } else { 0 };
            }
        }
    }

    /// Brings the timers and flags up to cycle `now`.
    pub fn update(&mut self, now: u64) {
        if now <= self.updated {
            return;
        }
        let cycles = now - self.updated;
        self.updated = now;
        let counts_pin = self.timers[0].control & 0x20 != 0;
        let underflows_a = if counts_pin { 0 } else { self.timers[0].count(cycles) };
        let pulses_b = match self.timers[1].control & 0x60 {
            0x00 => cycles,
            0x20 => 0,
            _ => underflows_a,
        };
        let underflows_b = self.timers[1].count(pulses_b);
        self.flags |= u8::from(underflows_a > 0) | u8::from(underflows_b > 0) << 1;
    }

    /// Whether the chip pulls its interrupt line.
    pub fn irq(&self) -> bool {
        self.flags & self.mask != 0
    }

    /// The first cycle after `updated` at which the interrupt line can fall.
    pub fn next_event(&self) -> u64 {
        let wanted = |bit: u8| self.mask & bit != 0 && self.flags & bit == 0;
        let [a, b] = &self.timers;
        let a_counts = a.control & (RUNNING | 0x20) == RUNNING;
        let a_underflow = self.updated + a.remaining();
        let mut next = u64::MAX;
        if wanted(1) && a_counts {
            next = a_underflow;
        }
        if wanted(2) && b.control & RUNNING != 0 {
            let underflow = match b.control & 0x60 {
                0x00 => self.updated + b.remaining(),
                0x20 => u64::MAX,
                _ if !a_counts || (a.control & ONE_SHOT != 0 && b.counter > 0) => u64::MAX,
                _ => a_underflow + u64::from(b.counter) * (u64::from(a.latch) + 1),
            };
            next = next.min(underflow);
        }
        next
    }

    fn read_clock(&mut self, register: u16, now: u64) -> u8 {
        let running = now / TENTH + self.clock_offset;
        let tenths = self.clock_latch.unwrap_or(running);
        match register {
            8 => {
                self.clock_latch = None;
                (tenths % 10) as u8
            }
            9 => to_bcd(tenths / 10 % 60),
            10 => to_bcd(tenths / 600 % 60),
            _ => {
                self.clock_latch = Some(tenths);
                let hour = tenths / 36_000 % 24;
                let shown = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
                to_bcd(shown) | if hour >= 12 { 0x80 } else { 0 }
            }
        }
    }

    fn write_clock(&mut self, register: u16, value: u8, now: u64) {
        if self.timers[1].control & 0x80 != 0 {
            return; // sets the alarm, which is not modelled
        }
        const DAY: u64 = 864_000;
        let running = (now / TENTH + self.clock_offset) % DAY;
        let (unit, count, new) = match register {
            8 => (1, 10, from_bcd(value & 0x0F)),
            9 => (10, 60, from_bcd(value & 0x7F)),
            10 => (600, 60, from_bcd(value & 0x7F)),
            _ => (36_000, 24, from_bcd(value & 0x1F) % 12 + if value & 0x80 != 0 { 12 } else { 0 }),
        };
        let old = running / unit % count;
        let target = running - old * unit + new * unit;
        self.clock_offset = (target + 2 * DAY - now / TENTH % DAY) % DAY;
    }
}

fn to_bcd(value: u64) -> u8 {
    (value / 10 * 16 + value % 10) as u8
}

fn from_bcd(value: u8) -> u64 {
    u64::from(value >> 4) * 10 + u64::from(value & 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PINS: [u8; 2] = [0xFF; 2];

    fn started(latch: u16, control: u8) -> Cia {
        let mut cia = Cia::default();
        cia.write(4, latch as u8, 0);
        cia.write(5, (latch >> 8) as u8, 0);
        cia.write(13, 0x81, 0);
        cia.write(14, control, 0);
        cia
    }

    #[test]
    fn timer_repeats_every_latch_plus_one_cycles() {
        let mut cia = started(999, 0x11);
        let first = cia.next_event();
        assert_eq!(first, 999 + START_DELAY + 1);
        cia.update(first);
        assert!(cia.irq());
        assert_eq!(cia.read(13, first, PINS), 0x81);
        assert_eq!((cia.irq(), cia.next_event()), (false, first + 1000));
        assert_eq!((cia.read(4, first, PINS), cia.read(5, first, PINS)), (0xE7, 0x03));
    }

    #[test]
    fn one_shot_stops_with_the_latch_loaded() {
        let mut cia = started(10, 0x19);
        assert_eq!(cia.read(13, 100, PINS), 0x81);
        assert_eq!((cia.read(14, 100, PINS), cia.read(4, 100, PINS)), (0x08, 10));
        assert_eq!((cia.read(13, 9999, PINS), cia.next_event()), (0, u64::MAX));
    }

    #[test]
    fn timer_b_counts_underflows_of_timer_a() {
        let mut cia = started(99, 0x01);
        cia.write(13, 0x7F, 0);
        cia.write(13, 0x82, 0);
        cia.write(6, 2, 0);
        cia.write(7, 0, 0);
        cia.write(15, 0x41, 0);
        let expected = 99 + START_DELAY + 1 + 2 * 100;
        assert_eq!(cia.next_event(), expected);
        cia.update(expected - 1);
        assert!(!cia.irq());
        assert_eq!(cia.read(13, expected, PINS), 0x83);
    }

    #[test]
    fn masked_timer_only_sets_its_flag() {
        let mut cia = started(5, 1);
        cia.write(13, 0x01, 0);
        assert_eq!((cia.next_event(), cia.read(13, 50, PINS), cia.irq()), (u64::MAX, 1, false));
    }

    #[test]
    fn clock_counts_in_bcd() {
        let mut cia = Cia::default();
        for (register, value) in [(11, 0x91), (10, 0x59), (9, 0x59), (8, 9)] {
            cia.write(register, value, 0);
        }
        let read = |cia: &mut Cia, now| [11, 10, 9, 8].map(|r| cia.read(r, now, PINS));
        assert_eq!(read(&mut cia, 0), [0x91, 0x59, 0x59, 9]);
        assert_eq!(read(&mut cia, TENTH), [0x12, 0, 0, 0]);
    }
}
