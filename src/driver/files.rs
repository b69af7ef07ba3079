//! The outside world as the compiler sees it: named files that can be read, listed and written.
//!
//! In: paths as the user named them. Out: bytes, or a [`FileError`] in plain words. The only place
//! with `std::fs`. Invariant: `write_all` writes all files or leaves every one as it was before,
//! also when pycoc is killed half-way through the writing of the bytes. Not here: what the bytes
//! mean, and which folders are searched.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

/// A file that could not be read or written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileError {
    /// The path as it was given.
    pub path: String,
    /// "read" or "write".
    pub action: &'static str,
    /// Why, in plain words.
    pub reason: String,
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cannot {} '{}': {}", self.action, self.path, self.reason)
    }
}

impl std::error::Error for FileError {}

/// Read and write access to files, so that everything above runs without a disk too.
pub trait Files {
    /// The whole content of a file.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
    /// True when `path` names a file that exists; folders do not count.
    fn is_file(&self, path: &str) -> bool;
    /// True when `path` names a folder that exists; the empty path is the current folder.
    fn is_folder(&self, path: &str) -> bool;
    /// The names of the files in a folder, ascending; empty when there is no such folder.
    fn list(&self, folder: &str) -> Vec<String>;
    /// When the file was written last, to tell which of two is newer.
    fn modified(&self, path: &str) -> Option<SystemTime>;
    /// Makes a folder with those above it, unless it is there.
    fn make_folder(&self, path: &str) -> Result<(), FileError>;
    /// Writes all files, or none of them when one cannot be written.
    fn write_all(&self, files: &[(String, Vec<u8>)]) -> Result<(), FileError>;
}

/// The files of this computer.
#[derive(Clone, Copy, Default, Debug)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(path).map_err(|e| failure(path, "read", &e))
    }

    fn is_file(&self, path: &str) -> bool {
        // Not `is_file`: a pipe such as /dev/stdin can be read as well.
        fs::metadata(path).is_ok_and(|m| !m.is_dir())
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(or_current(path)).is_dir()
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(or_current(folder)) else {
            return Vec::new();
        };
        let files = entries.flatten().filter(|e| !e.path().is_dir());
        let mut names: Vec<String> = files.filter_map(|e| e.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn modified(&self, path: &str) -> Option<SystemTime> {
        fs::metadata(path).and_then(|m| m.modified()).ok()
    }

    fn make_folder(&self, path: &str) -> Result<(), FileError> {
        fs::create_dir_all(or_current(path)).map_err(|e| failure(path, "write", &e))
    }

    fn write_all(&self, files: &[(String, Vec<u8>)]) -> Result<(), FileError> {
        let mut staged = Staged::default();
        for (path, bytes) in files {
            staged.stage(path, bytes).map_err(|e| failure(path, "write", &e))?;
        }
        staged.commit()
    }
}

fn or_current(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

fn failure(path: &str, action: &'static str, error: &io::Error) -> FileError {
    let reason = match error.kind() {
        io::ErrorKind::NotFound if action == "write" => "the folder does not exist".to_string(),
        io::ErrorKind::NotFound => "there is no such file".to_string(),
        io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        io::ErrorKind::IsADirectory => "it is a folder".to_string(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_string(),
        io::ErrorKind::InvalidFilename => "the name is too long, or not one of this system".to_string(),
        io::ErrorKind::StorageFull => "the disk is full".to_string(),
        _ => error.to_string(),
    };
    FileError { path: path.to_string(), action, reason }
}

/// Complete new contents under temporary names, waiting to take their places.
#[derive(Default)]
struct Staged {
    /// The path as given, the temporary file, the final place.
    renames: Vec<(String, PathBuf, PathBuf)>,
    /// Targets that are not ordinary files (a terminal, /dev/null), which must not be replaced.
    direct: Vec<(String, Vec<u8>)>,
}

impl Staged {
    fn stage(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        // Through a link the file behind it is replaced, not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        let old = fs::metadata(&target).ok();
        if old.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if old.as_ref().is_some_and(|m| !m.is_file()) {
            self.direct.push((path.to_string(), bytes.to_vec()));
            return Ok(());
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let number = self.renames.len();
        let temporary = target.with_file_name(format!(".{name}.{}-{number}.tmp", std::process::id()));
        // Registered before it is written, so that a half-written one is removed as well.
        self.renames.push((path.to_string(), temporary.clone(), target));
        fs::write(&temporary, bytes)?;
        match old {
            Some(old) if old.permissions().readonly() => Err(io::ErrorKind::PermissionDenied.into()),
            Some(old) => fs::set_permissions(&temporary, old.permissions()),
            None => Ok(()),
        }
    }

    fn commit(self) -> Result<(), FileError> {
        for (path, temporary, target) in &self.renames {
            fs::rename(temporary, target).map_err(|e| failure(path, "write", &e))?;
        }
        for (path, bytes) in &self.direct {
            fs::write(path, bytes).map_err(|e| failure(path, "write", &e))?;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for (_, temporary, _) in &self.renames {
            // A committed one is gone already; nothing can be done about one that stays.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Files in memory, with `/` between folders.
#[derive(Default, Debug)]
pub struct MemoryFiles {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl MemoryFiles {
    /// Adds or replaces a file.
    pub fn add(&self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.borrow_mut().insert(path.into(), bytes.into());
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let found = self.files.borrow().get(plain(path)).cloned();
        found.ok_or_else(|| failure(path, "read", &io::ErrorKind::NotFound.into()))
    }

    fn is_file(&self, path: &str) -> bool {
        self.files.borrow().contains_key(plain(path))
    }

    fn is_folder(&self, path: &str) -> bool {
        let prefix = folder_prefix(path);
        prefix.is_empty() || self.files.borrow().keys().any(|file| file.starts_with(&prefix))
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let prefix = folder_prefix(folder);
        let files = self.files.borrow();
        let inside = files.keys().filter_map(|file| file.strip_prefix(&prefix));
        inside.filter(|rest| !rest.contains('/')).map(str::to_string).collect()
    }

    fn modified(&self, path: &str) -> Option<SystemTime> {
        self.is_file(path).then_some(SystemTime::UNIX_EPOCH)
    }

    fn make_folder(&self, _: &str) -> Result<(), FileError> {
        // A folder is there when a file is in it.
        Ok(())
    }

    fn write_all(&self, files: &[(String, Vec<u8>)]) -> Result<(), FileError> {
        for (path, bytes) in files {
            self.add(plain(path), bytes.clone());
        }
        Ok(())
    }
}

/// The path without a leading `./`.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

/// What the paths of all files below `folder` begin with.
fn folder_prefix(folder: &str) -> String {
    match plain(folder).trim_end_matches('/') {
        "" | "." => String::new(),
        folder => format!("{folder}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for each test, removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pycoc-files-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn path(&self, name: &str) -> String {
            self.0.join(name).to_str().unwrap().to_string()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn all_or_none_is_written() {
        let scratch = Scratch::new("all-or-none");
        let (good, bad) = (scratch.path("a.prg"), scratch.path("no/such/b.prg"));
        fs::write(&good, "old").unwrap();
        let error =
            DiskFiles.write_all(&[(good.clone(), b"new".to_vec()), (bad.clone(), vec![])]).unwrap_err();
        assert_eq!(error.to_string(), format!("Cannot write '{bad}': the folder does not exist"));
        assert_eq!(fs::read(&good).unwrap(), b"old");
        assert_eq!(DiskFiles.list(&scratch.path("")), ["a.prg"], "nothing temporary is left");
        DiskFiles.write_all(&[(good.clone(), b"new".to_vec())]).unwrap();
        assert_eq!(fs::read(&good).unwrap(), b"new");
        assert_eq!(DiskFiles.list(&scratch.path("")), ["a.prg"]);
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        if Path::new("/dev/null").exists() {
            DiskFiles.write_all(&[("/dev/null".into(), b"x".to_vec())]).unwrap();
            assert!(!fs::metadata("/dev/null").unwrap().is_file());
        }
    }

    #[test]
    fn errors_name_the_path_and_the_reason() {
        let scratch = Scratch::new("errors");
        let missing = scratch.path("x.pyco");
        let error = DiskFiles.read(&missing).unwrap_err();
        assert_eq!(error.to_string(), format!("Cannot read '{missing}': there is no such file"));
        let folder = scratch.path("");
        assert_eq!(DiskFiles.read(&folder).unwrap_err().reason, "it is a folder");
        assert_eq!(DiskFiles.write_all(&[(folder, vec![])]).unwrap_err().reason, "it is a folder");
    }

    #[test]
    fn memory_files_list_one_folder() {
        let files = MemoryFiles::default();
        files.add("a.pyco", "1");
        files.add("m/b.pyco", "2");
        files.write_all(&[("./m/n/c.pyco".into(), vec![3])]).unwrap();
        assert_eq!(files.list(""), ["a.pyco"]);
        assert_eq!(files.list("./m/"), ["b.pyco"]);
        assert_eq!(files.read("m/n/c.pyco").unwrap(), [3]);
        assert!(files.is_folder("m/n") && !files.is_folder("x") && files.is_folder("."));
        assert!(!files.is_file("m"));
    }
}
