//! The middle code of a module as the last part of its `.LIB`: the frame around it.
//!
//! In: the bytes of a file of version 2. Out: what a loader may read, and the part behind it; and
//! the way back. Invariant: the hash is over the part and everything before it, so that a part that
//! does not belong to its code, or was damaged, is noticed. Nothing here fails: a part that cannot
//! be used is told as such, and the finished code before it is as good as ever.
//! Not here: what the part says (`mir_write.rs`, `mir_read.rs`). `docs/lib-format.md` describes it.

use crate::base::bytes::{Reader, Writer};
use crate::obj::libfile::{LibError, fnv};

/// What the part begins with: "MI".
const MAGIC: [u8; 2] = [0x4D, 0x49];
/// The version of the middle code that this pycoc writes and reads. It grows with every change of
/// the middle IR, of what an operation means, or of its encoding.
pub const VERSION: u8 = 3;

/// The part as it lies in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MiddlePart {
    pub version: u8,
    /// As in the file; `append` computes it anew.
    pub hash: u32,
    /// The part is whole and belongs to the bytes before it.
    pub intact: bool,
    pub code: Vec<u8>,
}

impl MiddlePart {
    /// A part of the current version.
    pub fn new(code: Vec<u8>) -> Self {
        Self { version: VERSION, hash: 0, intact: true, code }
    }

    /// True when the part can stand for the finished code.
    pub fn is_usable(&self) -> bool {
        self.intact && self.version == VERSION
    }
}

/// Reads what lies behind the string table.
pub fn read(front: &[u8], behind: &[u8]) -> Result<Option<MiddlePart>, LibError> {
    if behind.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader::new(behind);
    let begins = |magic: &[u8]| magic == MAGIC;
    if !reader.take(MAGIC.len(), "").is_ok_and(begins) {
        return Err(LibError::new("middle code", "what stands behind the string table begins otherwise"));
    }
    let (version, size, hash) = (reader.u8(""), reader.u32(""), reader.u32(""));
    let code = behind.get(reader.position()..).unwrap_or_default();
    let (version, hash) = (version.unwrap_or_default(), hash.unwrap_or_default());
    let intact = size.is_ok_and(|size| size as usize == code.len()) && hash == hash_of(front, version, code);
    Ok(Some(MiddlePart { version, hash, intact, code: code.to_vec() }))
}

/// Adds the part to the bytes of a file.
pub fn append(mut front: Vec<u8>, part: &MiddlePart) -> Result<Vec<u8>, LibError> {
    let Ok(size) = u32::try_from(part.code.len()) else {
        return Err(LibError::new("middle code", "it is longer than 4 gigabytes"));
    };
    let hash = hash_of(&front, part.version, &part.code);
    let mut head = Writer::default();
    head.bytes(&MAGIC);
    head.u8(part.version);
    head.u32(size);
    head.u32(hash);
    front.extend(head.finish());
    front.extend(&part.code);
    Ok(front)
}

fn hash_of(front: &[u8], version: u8, code: &[u8]) -> u32 {
    fnv(front.iter().chain(&[version]).chain(code).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_as_it_was_written() {
        let file = append(vec![1, 2, 3], &MiddlePart::new(vec![9; 300])).unwrap();
        let (front, behind) = file.split_at(3);
        let part = read(front, behind).unwrap().unwrap();
        assert!(part.is_usable() && part.code == [9; 300]);
        assert_eq!(append(front.to_vec(), &part), Ok(file.clone()));
        assert_eq!(read(&file, &[]), Ok(None));
    }

    #[test]
    fn no_change_of_the_file_goes_unnoticed() {
        let good = append(vec![1, 2, 3], &MiddlePart::new(vec![9; 30])).unwrap();
        for at in 0..good.len() {
            let mut file = good.clone();
            file[at] ^= 0x10;
            let (front, behind) = file.split_at(3);
            let part = read(front, behind);
            assert!(part.is_ok_and(|p| p.is_some_and(|p| !p.intact)) || (3..5).contains(&at), "{at}");
        }
        for length in 4..good.len() {
            let (front, behind) = good[..length].split_at(3);
            let part = read(front, behind);
            assert!(length < 5 && part.is_err() || part.is_ok_and(|p| p.is_some_and(|p| !p.intact)));
        }
    }

    #[test]
    fn another_version_is_told_apart() {
        let part = MiddlePart { version: VERSION + 1, ..MiddlePart::new(vec![1]) };
        let file = append(Vec::new(), &part).unwrap();
        let part = read(&[], &file).unwrap().unwrap();
        assert!(part.intact && !part.is_usable());
    }
}
