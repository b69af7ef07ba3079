//! Reading and writing little-endian binary data with every access checked.
//!
//! In: a byte slice, and the name of the field that is being read. Out: values, or a [`ReadError`]
//! that says which field of the data is not there. Invariant: nothing here panics or allocates
//! because of a length found in the data. The only user of byteorder. Not here: any file format.

use byteorder::{ByteOrder, LittleEndian};

/// A field that reaches past the end of the data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadError {
    /// What was being read, in the words of the format's description.
    pub field: String,
    /// Where it begins.
    pub offset: usize,
    /// How many bytes it needs.
    pub needed: usize,
    /// How long the data is.
    pub length: usize,
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { field, offset, needed, length } = self;
        write!(f, "{field} ({needed} bytes at offset {offset}) lies outside the file of {length} bytes")
    }
}

impl std::error::Error for ReadError {}

/// A position in a byte slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Where the next read begins.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// Moves to `offset` from the start, for the field that lies there.
    pub fn seek(&mut self, offset: usize, field: &str) -> Result<(), ReadError> {
        if offset > self.bytes.len() {
            return Err(self.missing(field, offset, 0));
        }
        self.position = offset;
        Ok(())
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize, field: &str) -> Result<&'a [u8], ReadError> {
        let end = self.position.checked_add(count);
        let Some(taken) = end.and_then(|end| self.bytes.get(self.position..end)) else {
            return Err(self.missing(field, self.position, count));
        };
        self.position += count;
        Ok(taken)
    }

    /// The next byte.
    pub fn u8(&mut self, field: &str) -> Result<u8, ReadError> {
        Ok(self.take(1, field)?[0])
    }

    /// The next two bytes, low byte first.
    pub fn u16(&mut self, field: &str) -> Result<u16, ReadError> {
        Ok(LittleEndian::read_u16(self.take(2, field)?))
    }

    /// The next four bytes, low byte first.
    pub fn u32(&mut self, field: &str) -> Result<u32, ReadError> {
        Ok(LittleEndian::read_u32(self.take(4, field)?))
    }

    /// The bytes up to the next NUL, which is passed over but not returned.
    pub fn until_nul(&mut self, field: &str) -> Result<&'a [u8], ReadError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let Some(count) = rest.iter().position(|b| *b == 0) else {
            return Err(self.missing(field, self.position, rest.len() + 1));
        };
        self.position += count + 1;
        Ok(&rest[..count])
    }

    fn missing(&self, field: &str, offset: usize, needed: usize) -> ReadError {
        ReadError { field: field.to_string(), offset, needed, length: self.bytes.len() }
    }
}

/// A growing byte vector.
#[derive(Clone, Default, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// How many bytes were written so far, which is where the next one goes.
    pub fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Appends bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends one byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Appends two bytes, low byte first.
    pub fn u16(&mut self, value: u16) {
        let mut pair = [0; 2];
        LittleEndian::write_u16(&mut pair, value);
        self.bytes(&pair);
    }

    /// Appends four bytes, low byte first.
    pub fn u32(&mut self, value: u32) {
        let mut four = [0; 4];
        LittleEndian::write_u32(&mut four, value);
        self.bytes(&four);
    }

    /// Appends `text` and a NUL.
    pub fn until_nul(&mut self, text: &[u8]) {
        self.bytes(text);
        self.u8(0);
    }

    /// Overwrites the two bytes at `offset`, which must have been written before.
    pub fn patch_u16(&mut self, offset: usize, value: u16) {
        LittleEndian::write_u16(&mut self.bytes[offset..offset + 2], value);
    }

    /// The finished bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// The low and high byte at `offset` of `bytes` as a number, if both are there.
pub fn read_u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..offset.checked_add(2)?).map(LittleEndian::read_u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut w = Writer::default();
        w.u8(1);
        let hole = w.position();
        w.u16(0);
        w.u32(0x8765_4321);
        w.until_nul(b"AB");
        w.patch_u16(hole, 0xBEEF);
        let bytes = w.finish();
        assert_eq!(bytes, [1, 0xEF, 0xBE, 0x21, 0x43, 0x65, 0x87, b'A', b'B', 0]);
        let mut r = Reader::new(&bytes);
        assert_eq!(r.u8("a"), Ok(1));
        assert_eq!(r.u16("b"), Ok(0xBEEF));
        assert_eq!(r.u32("c"), Ok(0x8765_4321));
        assert_eq!(r.until_nul("d"), Ok(&b"AB"[..]));
        assert_eq!(r.remaining(), 0);
    }

    #[test]
    fn a_field_past_the_end_is_named_and_nothing_is_read() {
        let mut r = Reader::new(&[1, 2, 3]);
        let error = r.take(usize::MAX, "the code").unwrap_err();
        assert_eq!((error.field.as_str(), error.offset, error.length), ("the code", 0, 3));
        assert_eq!(r.u16("x"), Ok(0x0201));
        assert!(r.u16("y").is_err());
        assert_eq!(r.u8("z"), Ok(3), "a failed read does not move");
        assert!(r.seek(4, "w").is_err());
        assert!(Reader::new(b"abc").until_nul("name").is_err());
    }

    #[test]
    fn a_word_at_an_offset_needs_both_bytes() {
        assert_eq!(read_u16_at(&[1, 2, 3], 1), Some(0x0302));
        assert_eq!(read_u16_at(&[1, 2, 3], 2), None);
        assert_eq!(read_u16_at(&[1, 2, 3], usize::MAX), None);
    }
}
