//! The 64 KB of a run, byte for byte, and the record of accesses to mapped variables.
//!
//! Invariant: a byte is known once something was stored there; reading an unknown one is undefined.
//! Mapped memory is always known. Data lies from `FIRST` upward, frames and temporaries behind it,
//! all below `END`; what lies beyond belongs to mapped variables.

use super::{Access, Eval, Outcome, undefined};

const FIRST: usize = 0x1000;
const END: usize = 0xC000;

pub struct Memory {
    bytes: Vec<u8>,
    known: Vec<bool>,
    /// The first free address.
    top: usize,
    pub accesses: Vec<Access>,
}

/// Where something lies.
#[derive(Clone, Copy)]
pub struct Loc {
    pub addr: u16,
    pub mapped: bool,
}

impl Loc {
    pub fn plus(self, distance: i64) -> Loc {
        Loc { addr: self.addr.wrapping_add(distance as u16), ..self }
    }
}

impl Memory {
    pub fn new() -> Self {
        Self { bytes: vec![0; 0x10000], known: vec![false; 0x10000], top: FIRST, accesses: Vec::new() }
    }

    /// The mark to which `release` returns.
    pub fn mark(&self) -> usize {
        self.top
    }

    /// Gives up all that was reserved since `mark`.
    pub fn release(&mut self, mark: usize) {
        self.top = mark;
    }

    /// Room for `size` bytes that hold garbage.
    pub fn reserve(&mut self, size: u32) -> Eval<u16> {
        let at = self.top;
        if size as usize > END - at {
            return Err(Outcome::TooDeep);
        }
        self.top += size as usize;
        self.known[at..self.top].fill(false);
        Ok(at as u16)
    }

    /// Reads a value of `width` bytes in one access.
    pub fn load(&mut self, loc: Loc, width: u32) -> Eval<u32> {
        let mut value = 0;
        for i in (0..width).rev() {
            let at = usize::from(loc.addr.wrapping_add(i as u16));
            if !loc.mapped && !self.known[at] {
                return undefined("reads memory that was never written");
            }
            value = value << 8 | u32::from(self.bytes[at]);
        }
        if loc.mapped {
            self.accesses.push(Access { address: loc.addr, width, value, is_write: false });
        }
        Ok(value)
    }

    /// Writes a value of `width` bytes in one access.
    pub fn store(&mut self, loc: Loc, width: u32, value: u32) {
        for i in 0..width {
            let at = usize::from(loc.addr.wrapping_add(i as u16));
            self.bytes[at] = (value >> (8 * i)) as u8;
            self.known[at] = true;
        }
        if loc.mapped {
            let value = if width == 4 { value } else { value & ((1 << (8 * width)) - 1) };
            self.accesses.push(Access { address: loc.addr, width, value, is_write: true });
        }
    }

    pub fn load_byte(&mut self, loc: Loc) -> Eval<u8> {
        Ok(self.load(loc, 1)? as u8)
    }

    /// A byte as it is, and whether it is known: copies of objects move garbage too.
    pub fn peek(&mut self, loc: Loc) -> (u8, bool) {
        let at = usize::from(loc.addr);
        let (value, known) = (self.bytes[at], self.known[at] || loc.mapped);
        if loc.mapped {
            let access = Access { address: loc.addr, width: 1, value: value.into(), is_write: false };
            self.accesses.push(access);
        }
        (value, known)
    }

    /// Stores what `peek` gave.
    pub fn poke(&mut self, loc: Loc, (value, known): (u8, bool)) {
        self.store(loc, 1, value.into());
        self.known[usize::from(loc.addr)] = known || loc.mapped;
    }
}
