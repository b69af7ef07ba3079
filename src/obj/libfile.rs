//! A `.LIB` module file, taken apart.
//!
//! In: the bytes of a file, or a `LibFile`. Out: the other. Invariants: a `LibFile` that was read
//! is whole: every index in it is valid and every relocation lies in its function; `write(read(x))`
//! is `x` for files that `write` made, as long as their middle code is intact. The words at relocations
//! are 0 in `code`. Not here: what the type strings mean, where modules lie, linking.
//! `docs/lib-format.md` describes the format.

use std::fmt;

use crate::base::bytes::ReadError;
use crate::obj::mirblob::{self, MiddlePart};
use crate::obj::{lib_v1, lib_v2};

/// What every file begins with: "PL".
pub const MAGIC: [u8; 2] = [0x50, 0x4C];
/// Words from here on name external dependencies, so nothing in a file may lie at these offsets.
pub const FIRST_EXTERNAL: u16 = 0xFF00;

/// The name of the last pair in the string table: its text proves all bytes before it.
pub const CHECK: &str = "@check";

/// The text of the check of these bytes: FNV-1a.
fn check(bytes: &[u8]) -> String {
    format!("{:08x}", fnv(bytes.iter().copied()))
}

/// False when a file ends with a check that does not fit the bytes before it.
fn is_as_written(bytes: &[u8]) -> bool {
    let tail = format!("{CHECK}\0");
    let at = bytes.len().saturating_sub(check(&[]).len() + 1);
    let (covered, sum) = bytes.split_at(at);
    !covered.ends_with(tail.as_bytes()) || sum == format!("{}\0", check(covered)).as_bytes()
}

/// FNV-1a, 32 bits.
pub fn fnv(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The content of a module file.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LibFile {
    pub version: u8,
    /// What only the header of version 2 has.
    pub header: Header,
    pub functions: Vec<Function>,
    pub data: Vec<Segment>,
    pub externals: Vec<External>,
    /// Exports that are neither function nor data: the name and its type string.
    pub exports: Vec<(String, String)>,
    /// The middle code; version 2 only.
    pub middle: Option<MiddlePart>,
}

/// Facts about the module that a loader of version 2 reads.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Header {
    /// The version of the calling convention.
    pub abi: u8,
    /// Major, minor, patch.
    pub version: [u8; 3],
    pub lowercase: bool,
    /// Changes when the type strings do.
    pub interface_hash: u32,
    /// Functions to be called once, after loading and before `main`, in order.
    pub init: Vec<u8>,
}

/// A separately loadable function.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Function {
    pub name: String,
    /// The type string of a public name.
    pub signature: Option<String>,
    /// Where the code lies in the file; `write` chooses it anew.
    pub offset: u16,
    pub code: Vec<u8>,
    /// Direct references to functions of this module, ascending.
    pub uses_functions: Vec<usize>,
    /// Direct references to data of this module, ascending.
    pub uses_data: Vec<usize>,
    /// Its part of the table of external dependencies: first entry and how many.
    pub externals: (u8, u8),
    pub relocs: Vec<LibReloc>,
}

/// A data segment.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Segment {
    pub name: String,
    pub signature: Option<String>,
    pub offset: u16,
    pub bytes: Vec<u8>,
    /// All bytes are zero and take no room in a version 2 file.
    pub zero: bool,
    /// Version 2 only.
    pub relocs: Vec<LibReloc>,
}

/// A function or data segment of another module.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct External {
    pub module: String,
    pub name: String,
}

/// A word in code that becomes an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LibReloc {
    /// From the start of the function.
    pub offset: u16,
    pub target: LibTarget,
    /// What is added to the target's address.
    pub addend: u16,
    pub kind: LibRelocKind,
}

/// What of an address a relocation is for; version 1 has only words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LibRelocKind {
    Word,
    Low,
    High,
}

/// What a relocated word refers to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LibTarget {
    Function(usize),
    Data(usize),
    External(usize),
}

/// Why a file is no module, or why a module is no file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LibError {
    /// The field in the words of `docs/lib-format.md`.
    pub field: String,
    pub problem: String,
}

impl LibError {
    /// An error in a field.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl From<ReadError> for LibError {
    fn from(error: ReadError) -> Self {
        let ReadError { field, offset, needed, length } = error;
        Self::new(field, format!("{needed} bytes at offset {offset} lie outside the file of {length} bytes"))
    }
}

impl fmt::Display for LibError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for LibError {}

impl LibFile {
    /// Reads a file of any content.
    pub fn read(bytes: &[u8]) -> Result<Self, LibError> {
        if bytes.is_empty() {
            return Err(LibError::new("header", "the file is empty"));
        }
        if !bytes.starts_with(&MAGIC) {
            return Err(LibError::new("magic", "a module file begins with the bytes 50 4C"));
        }
        let (front, behind) = bytes.split_at(front_size(bytes));
        if !is_as_written(front) {
            return Err(LibError::new(CHECK, "the file is not as it was written"));
        }
        let mut file = match bytes.get(2) {
            None => Err(LibError::new("header", "the file ends inside it")),
            Some(1) => lib_v1::read(front),
            Some(2) => lib_v2::read(front),
            Some(other) => Err(LibError::new("version", format!("{other} is not known to this pycoc"))),
        }?;
        if file.exports.iter().any(|(name, _)| name == CHECK) {
            // Its text was looked at above.
            if file.exports.pop().is_none_or(|(name, _)| name != CHECK) {
                return Err(LibError::new(CHECK, "something stands behind it"));
            }
        }
        file.middle = mirblob::read(front, behind)?;
        Ok(file)
    }

    /// The bytes of the file; the error names the limit that the module exceeds.
    pub fn write(&self) -> Result<Vec<u8>, LibError> {
        let mut file = self.clone();
        let blank = check(&[]);
        file.exports.push((CHECK.to_string(), blank.clone()));
        let mut bytes = match self.version {
            1 => lib_v1::write(&file),
            _ => lib_v2::write(&file),
        }?;
        // It is the last string of the file.
        let at = bytes.len() - blank.len() - 1;
        let sum = check(&bytes[..at]);
        bytes[at..at + sum.len()].copy_from_slice(sum.as_bytes());
        match self.middle.as_ref().filter(|part| self.version > 1 && part.intact) {
            Some(part) => mirblob::append(bytes, part),
            None => Ok(bytes),
        }
    }

    /// All names with their type strings: functions, data, other exports.
    pub fn texts(&self) -> Vec<(String, String)> {
        let functions = self.functions.iter().map(|f| (&f.name, &f.signature));
        let data = self.data.iter().map(|d| (&d.name, &d.signature));
        let typed = functions.chain(data).filter_map(|(name, text)| Some((name.clone(), text.clone()?)));
        typed.chain(self.exports.iter().cloned()).collect()
    }

    /// The name of what a relocation refers to, foreign ones with their module.
    pub fn target_name(&self, target: LibTarget) -> String {
        match target {
            LibTarget::Function(i) => self.functions[i].name.clone(),
            LibTarget::Data(i) if self.data[i].name.is_empty() => format!("data {i}"),
            LibTarget::Data(i) => self.data[i].name.clone(),
            LibTarget::External(i) => format!("{}.{}", self.externals[i].module, self.externals[i].name),
        }
    }
}

/// How many bytes of a file are all but the middle code.
pub fn front_size(bytes: &[u8]) -> usize {
    match bytes.get(2) {
        Some(2) => lib_v2::end_of_strings(bytes).map_or(bytes.len(), |end| end.min(bytes.len())),
        _ => bytes.len(),
    }
}

/// A string of the string table, which is ASCII.
pub fn ascii(bytes: &[u8], field: &str) -> Result<String, LibError> {
    match bytes.is_ascii() {
        true => Ok(bytes.iter().map(|b| char::from(*b)).collect()),
        false => Err(LibError::new(field, "its string in the string table is not ASCII")),
    }
}

/// True when a name is for other modules and has a type string.
pub fn is_public(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_both_versions_are_ascii() {
        for version in [1, 2] {
            let function = Function { name: "_name".into(), code: vec![0x60], ..Function::default() };
            let file = LibFile { version, functions: vec![function], ..LibFile::default() };
            // Without the check, which would be the first to notice.
            let write = if version == 1 { lib_v1::write } else { lib_v2::write };
            let mut bytes = write(&file).unwrap();
            assert_eq!(LibFile::read(&bytes).map(|file| file.functions[0].name.clone()), Ok("_name".into()));
            let at = bytes.windows(5).position(|part| part == b"_name").unwrap();
            bytes[at + 1] = 0xC3;
            let error = LibFile::read(&bytes).unwrap_err();
            let text = "name_offset of function 0: its string in the string table is not ASCII";
            assert_eq!(error.to_string(), text, "version {version}");
        }
    }
}
