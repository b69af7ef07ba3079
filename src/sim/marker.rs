//! How a program built by `pycoc` tells the machine where its own output and error routines are.
//!
//! A program that has the KERNAL off prints with a routine in its own RAM, which no KERNAL trap sees. Directly before
//! the first instruction of such a routine, its object code holds five bytes:
//!
//! ```text
//!     $50 $59 $43 $4F   "PYCO" in PETSCII
//!     kind              1: prints the PETSCII code in A, in the set that the screen shows
//!                       2: the program reports a run-time error and will end
//!                       3: prints the PETSCII code in A, in the lower/upper set whatever the screen shows
//! ```
//!
//! Whenever the CPU reaches the byte after them, the machine collects A, or notes the error (status 3 at the end); then
//! the routine runs as usual. A routine that goes on to `$FFD2` must not be marked: its text would come out twice.
//!
//! In: the loaded program. Out: entry addresses. Invariant: bytes are searched only in the PRG as loaded, so the
//! routine must run where it was loaded. Not here: what is done at an entry (`machine`).

/// The bytes before the kind.
pub const SIGNATURE: [u8; 4] = *b"PYCO";

/// What a marked routine does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Marker {
    Print,
    RuntimeError,
    PrintLowercase,
}

impl Marker {
    /// The byte that stands for it in the program.
    pub const fn kind(self) -> u8 {
        match self {
            Marker::Print => 1,
            Marker::RuntimeError => 2,
            Marker::PrintLowercase => 3,
        }
    }

    /// The marker with this byte.
    pub const fn from_kind(kind: u8) -> Option<Marker> {
        match kind {
            1 => Some(Marker::Print),
            2 => Some(Marker::RuntimeError),
            3 => Some(Marker::PrintLowercase),
            _ => None,
        }
    }
}

/// The entries marked in code that lies at `address`.
pub fn find(code: &[u8], address: u16) -> Vec<(u16, Marker)> {
    let width = SIGNATURE.len() + 1;
    let windows = code.windows(width).enumerate().filter(|(_, bytes)| bytes.starts_with(&SIGNATURE));
    windows
        .filter_map(|(i, bytes)| {
            Some((address.wrapping_add((i + width) as u16), Marker::from_kind(bytes[width - 1])?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_entries_are_found() {
        let code = b"\xEAPYCO\x01\x60PYCO\x02\x60PYCO\x09\x60";
        assert_eq!(find(code, 0x0801), [(0x0807, Marker::Print), (0x080D, Marker::RuntimeError)]);
        assert_eq!(find(b"PYC", 0x0801), []);
    }
}
