//! Drive 8 of a program that runs: a folder of this computer or a disk image.
//!
//! In: the names that a program opens or saves, in PETSCII. Out: the content of files. Invariant:
//! a folder is read file by file when asked, and nothing outside it is written. Not here: the commands
//! of the drive and the serial bus (`sim/`), and the form of a disk image (`out/d64.rs`).

use crate::c64::petscii::{petscii, unicode};
use crate::driver::files::{FileError, Files};
use crate::driver::output::join;
use crate::out::d64::{self, DiskFile, FileKind};
use crate::sim::Drive;
use crate::sim::files::name_matches;

/// How many characters a name on a disk has at most.
const LONGEST_NAME: usize = 16;

/// A drive with a disk in it.
pub struct Disk<'a> {
    files: &'a dyn Files,
    path: String,
    /// The image taken apart; none for a folder, whose files are found under their own names or
    /// without the ending `.prg`.
    image: Option<d64::Disk>,
}

impl<'a> Disk<'a> {
    /// Opens a folder or a disk image.
    pub fn open(files: &'a dyn Files, path: &str) -> Result<Self, FileError> {
        let disk = |image| Disk { files, path: path.to_string(), image };
        if files.is_folder(path) {
            return Ok(disk(None));
        }
        let image = files.read(path)?;
        let broken =
            |e: d64::DiskError| FileError { path: path.to_string(), action: "read", reason: e.to_string() };
        Ok(disk(Some(d64::read(&image).map_err(broken)?)))
    }

    /// The path of the file of a folder that a program means by `pattern`.
    fn find(&self, pattern: &[u8]) -> Option<String> {
        let names = self.files.list(&self.path);
        let whole = names.iter().find(|name| fits(pattern, &disk_name(name)));
        let plain = || names.iter().find(|name| fits(pattern, &disk_name(without_ending(name))));
        Some(join(&self.path, whole.or_else(plain)?))
    }
}

impl Drive for Disk<'_> {
    fn open(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        match &self.image {
            None => self.files.read(&self.find(name)?).ok(),
            Some(disk) => disk.files.iter().find(|file| fits(name, &file.name)).map(|file| file.data.clone()),
        }
    }

    fn save(&mut self, name: &[u8], data: &[u8]) -> bool {
        let written = match &mut self.image {
            None => self.find(name).or_else(|| new_path(&self.path, name)).map(|path| (path, data.to_vec())),
            Some(disk) => {
                disk.files.retain(|file| file.name != name);
                disk.files.push(DiskFile { name: name.to_vec(), kind: FileKind::Prg, data: data.to_vec() });
                d64::write(disk).ok().map(|image| (self.path.clone(), image))
            }
        };
        written.is_some_and(|file| self.files.write_all(&[file]).is_ok())
    }
}

/// Where a new file of a folder goes; none for a name that this computer cannot have.
fn new_path(folder: &str, name: &[u8]) -> Option<String> {
    let name: Option<String> = name.iter().map(|b| unicode(*b, false)).collect();
    let name = name?.to_lowercase();
    let usable = |c: char| c.is_alphanumeric() || " .-_+".contains(c);
    (name.starts_with(char::is_alphanumeric) && name.chars().all(usable)).then(|| join(folder, &name))
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
    let unshifted = |b: &u8| if (0xC1..=0xDA).contains(b) { b & 0x7F } else { *b };
    let fold = |name: &[u8]| name.iter().map(unshifted).collect::<Vec<u8>>();
    name_matches(&fold(pattern), &fold(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::files::MemoryFiles;

    #[test]
    fn names_fit_patterns_in_either_case_of_letters() {
        assert!(fits(b"MATH.LIB", b"MATH.LIB"));
        assert!(fits(b"\xCD\xC1TH", b"MATH"));
        assert!(fits(b"\xCD*", b"MATH") && !fits(b"MAT", b"MATH"));
    }

    #[test]
    fn a_folder_gives_its_files_by_their_disk_names() {
        let files = MemoryFiles::default();
        files.add("d/Math.lib", [1]);
        files.add("d/game.prg", [2]);
        files.add("other.prg", [3]);
        let mut disk = Disk::open(&files, "d").unwrap();
        assert_eq!(Drive::open(&mut disk, b"MATH.LIB"), Some(vec![1]));
        assert_eq!(Drive::open(&mut disk, b"GAME"), Some(vec![2]));
        assert_eq!(Drive::open(&mut disk, b"GAME.PRG"), Some(vec![2]));
        assert_eq!(Drive::open(&mut disk, b"OTHER"), None);
    }

    #[test]
    fn a_saved_file_is_there_afterwards_and_stays_in_the_folder() {
        let files = MemoryFiles::default();
        files.add("d/a.prg", [1]);
        let mut disk = Disk::open(&files, "d").unwrap();
        assert!(disk.save(b"SCORES", &[7]) && disk.save(b"A", &[2]));
        assert!(!disk.save(b"../B", &[3]) && !disk.save(b"..", &[3]));
        assert_eq!(files.list("d"), ["a.prg", "scores"]);
        assert_eq!((files.read("d/a.prg"), Drive::open(&mut disk, b"SCORES")), (Ok(vec![2]), Some(vec![7])));
    }

    #[test]
    fn an_image_is_read_and_written() {
        let files = MemoryFiles::default();
        files.add("a.d64", d64::write(&d64::Disk::default()).unwrap());
        assert!(Disk::open(&files, "a.d64").unwrap().save(b"LOG", &[1, 2, 3]));
        let mut again = Disk::open(&files, "a.d64").unwrap();
        assert_eq!(Drive::open(&mut again, b"LO*"), Some(vec![1, 2, 3]));
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
