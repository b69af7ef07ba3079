//! The disk image of `--d64`: the program first, then the module files that it loads.
//!
//! In: the name of the program, its bytes, the modules. Out: the image, or an error. Not here: the
//! form of a disk (`out/d64.rs`), drive 8 of the built-in machine (`drive.rs`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::c64::petscii::petscii;
use crate::driver::files::Files;
use crate::driver::load::unreadable;
use crate::driver::session::{DiskEntry, DiskOptions};
use crate::obj::libfile::front_size;
use crate::out::d64::{self, Disk, DiskError, DiskFile, FileKind};

/// The longest name on a disk.
const NAME_LENGTH: usize = 16;
const DISK_ID: [u8; 2] = *b"PY";

/// A disk image with the program `name` and sequential files: modules without their middle code, which
/// no loader reads.
pub fn image(
    name: &str,
    prg: &[u8],
    libs: &[(String, Vec<u8>)],
    options: &DiskOptions,
    further: Vec<DiskFile>,
    sink: &mut Sink,
) -> Option<Vec<u8>> {
    let name = disk_name(name);
    let label = options.label.as_deref().map_or(name.clone(), disk_name);
    let label = label.into_iter().take(NAME_LENGTH).collect();
    let id = options.id.as_deref().and_then(|id| disk_name(id).try_into().ok()).unwrap_or(DISK_ID);
    let program = DiskFile { name, kind: FileKind::Prg, data: prg.to_vec() };
    let lib = |(name, data): &(String, Vec<u8>)| DiskFile {
        name: disk_name(name),
        kind: FileKind::Seq,
        data: data[..front_size(data)].to_vec(),
    };
    let files = std::iter::once(program).chain(libs.iter().map(lib)).chain(further).collect();
    let written = d64::write(&Disk { label, id, files });
    written.map_err(|error| sink.push(does_not_fit(&error))).ok()
}

/// The further files, read; `None` after an error.
pub fn further(files: &dyn Files, options: &DiskOptions, sink: &mut Sink) -> Option<Vec<DiskFile>> {
    let read = |entry: &DiskEntry| {
        let data = files.read(&entry.path).map_err(|error| sink.push(unreadable(&error))).ok()?;
        let kind = if entry.program { FileKind::Prg } else { FileKind::Seq };
        Some(DiskFile { name: disk_name(&entry.name), kind, data })
    };
    options.files.iter().map(read).collect()
}

/// True for a text that can be a name on a disk as it is.
pub fn is_label(text: &str) -> bool {
    let name = disk_name(text);
    (1..=NAME_LENGTH).contains(&name.len())
        && name.iter().filter(|b| **b == b'-').count() == text.matches('-').count()
}

/// A file name as the C64 shows it in the upper/graphics set.
fn disk_name(name: &str) -> Vec<u8> {
    let code = |c: char| petscii(c, false).filter(|code| !matches!(code, b'*' | b'?' | b':' | b',' | b'"'));
    name.chars().map(|c| code(c).unwrap_or(b'-')).collect()
}

fn does_not_fit(error: &DiskError) -> Diagnostic {
    let help = match error {
        DiskError::Full { .. } => "leave modules out, or optimise for size with '-Os'",
        DiskError::Duplicate(_) | DiskError::Name(_) => "give the source or the module another name",
        _ => return Diagnostic::global(codes::DISK_IMAGE, format!("The disk image cannot be made: {error}")),
    };
    Diagnostic::global(codes::DISK_IMAGE, format!("The disk image cannot be made: {error}")).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_comes_first_and_names_are_those_of_the_c64() {
        let libs = [("MATH.LIB".to_string(), vec![1, 2])];
        let mut sink = Sink::default();
        let image =
            image("my_game?", &[1, 8, 0x60], &libs, &DiskOptions::default(), Vec::new(), &mut sink).unwrap();
        let disk = d64::read(&image).unwrap();
        assert_eq!((&disk.files[0].name[..], &disk.label[..]), (&b"MY\xa4GAME-"[..], &b"MY\xa4GAME-"[..]));
        assert_eq!((disk.files[1].kind, &disk.files[1].name[..]), (FileKind::Seq, &b"MATH.LIB"[..]));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let lib = |name: &str, size| (name.to_string(), vec![0; size]);
        let message = |name: &str, libs: &[(String, Vec<u8>)]| {
            let mut sink = Sink::default();
            assert_eq!(image(name, &[0], libs, &DiskOptions::default(), Vec::new(), &mut sink), None);
            let first = sink
                .iter()
                .next()
                .map(|d| (d.code, d.message.replace("The disk image cannot be made: ", "")));
            first.filter(|(code, _)| *code == codes::DISK_IMAGE).map(|(_, text)| text).unwrap()
        };
        assert_eq!(message("x", &[lib("A", 200_000)]), "the files need 789 blocks, a disk has 664");
        assert_eq!(message("a.lib", &[lib("A.LIB", 1)]), "two files on the disk are named 'A.LIB'");
        let long = "a_name_of_17_sign";
        assert!(message(long, &[]).ends_with("is no disk name of 1 to 16 characters"));
    }
}
