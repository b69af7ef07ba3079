//! Drive 8 of a program that runs: a folder of this computer or a disk image.
//!
//! In: the names that a program opens, in PETSCII. Out: the content of files. Invariant: a folder
//! is read file by file when asked, never as a whole. Not here: the commands of the drive and the
//! serial bus (`sim/`), and the form of a disk image (`out/d64.rs`).

use crate::c64::petscii::petscii;
use crate::driver::files::{FileError, Files};
use crate::driver::output::join;
use crate::out::d64;

/// How many characters a name on a disk has at most.
const LONGEST_NAME: usize = 16;

/// The files of a disk.
pub enum Disk<'a> {
    /// A folder: every file of it, under its own name or without the ending `.prg`.
    Folder { files: &'a dyn Files, path: String },
    /// A disk image, taken apart.
    Image(d64::Disk),
}

impl<'a> Disk<'a> {
    /// Opens a folder or a disk image.
    pub fn open(files: &'a dyn Files, path: &str) -> Result<Self, FileError> {
        if files.is_folder(path) {
            return Ok(Disk::Folder { files, path: path.to_string() });
        }
        let image = files.read(path)?;
        let broken =
            |e: d64::DiskError| FileError { path: path.to_string(), action: "read", reason: e.to_string() };
        Ok(Disk::Image(d64::read(&image).map_err(broken)?))
    }

    /// The content of the first file whose name fits `pattern`; `?` fits any character and `*` the
    /// rest. What stands before a colon (the drive number) is ignored.
    pub fn find(&self, pattern: &[u8]) -> Option<Vec<u8>> {
        let colon = pattern.iter().position(|b| *b == b':');
        let pattern = &pattern[colon.map_or(0, |at| at + 1)..];
        match self {
            Disk::Folder { files, path } => {
                let names = files.list(path);
                let whole = names.iter().find(|name| fits(pattern, &disk_name(name)));
                let plain = || names.iter().find(|name| fits(pattern, &disk_name(without_ending(name))));
                files.read(&join(path, whole.or_else(plain)?)).ok()
            }
            Disk::Image(disk) => {
                disk.files.iter().find(|file| fits(pattern, &file.name)).map(|file| file.data.clone())
            }
        }
    }
}

/// The name of a file of this computer on a disk, in unshifted letters.
fn disk_name(name: &str) -> Vec<u8> {
    name.chars().take(LONGEST_NAME).map(|c| petscii(c, false).unwrap_or(b'?')).collect()
}

fn without_ending(name: &str) -> &str {
    name.strip_suffix(".prg").or_else(|| name.strip_suffix(".PRG")).unwrap_or(name)
}

/// True when a name fits a pattern. Shifted letters count as unshifted ones, since which of the two
/// a key gives depends on the program that wrote the disk.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let unshifted = |b: u8| if (0xC1..=0xDA).contains(&b) { b & 0x7F } else { b };
    let mut name = name.iter().copied().map(unshifted);
    for wanted in pattern.iter().copied().map(unshifted) {
        match (wanted, name.next()) {
            (b'*', _) => return true,
            (b'?', Some(_)) => {}
            (wanted, Some(found)) if wanted == found => {}
            _ => return false,
        }
    }
    name.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::files::MemoryFiles;

    #[test]
    fn names_fit_patterns_in_either_case_of_letters() {
        assert!(fits(b"MATH.LIB", b"MATH.LIB"));
        assert!(fits(b"\xCD\xC1TH", b"MATH"));
        assert!(fits(b"M*", b"MATH") && fits(b"*", b"MATH") && fits(b"M?TH", b"MATH"));
        assert!(!fits(b"MAT", b"MATH") && !fits(b"MATHS", b"MATH") && !fits(b"MATH?", b"MATH"));
    }

    #[test]
    fn a_folder_gives_its_files_by_their_disk_names() {
        let files = MemoryFiles::default();
        files.add("d/Math.lib", [1]);
        files.add("d/game.prg", [2]);
        files.add("other.prg", [3]);
        let disk = Disk::open(&files, "d").unwrap();
        assert_eq!(disk.find(b"MATH.LIB"), Some(vec![1]));
        assert_eq!(disk.find(b"0:GAME"), Some(vec![2]));
        assert_eq!(disk.find(b"GAME.PRG"), Some(vec![2]));
        assert_eq!(disk.find(b"OTHER"), None);
    }

    #[test]
    fn what_is_no_disk_image_is_an_error_that_names_it() {
        let files = MemoryFiles::default();
        files.add("a.d64", [0; 10]);
        let error = Disk::open(&files, "a.d64").err().unwrap();
        assert_eq!(
            error.to_string(),
            "Cannot read 'a.d64': 10 bytes is not the size of a 35-track disk image"
        );
        assert!(Disk::open(&files, "none").is_err());
    }
}
