//! Disk images of the 1541 drive: 35 tracks, 683 blocks of 256 bytes.
//!
//! In: files with PETSCII names. Out: the image of a disk that holds them, in that order; or back.
//! Invariant: `read(&write(…))` gives the same files, and every used block is marked so in the
//! block availability map. The reader is total: chains that leave the disk or bite their own tail
//! are errors. Not here: file names as text (`c64::petscii`), any access to the real disk.

use std::fmt;

/// Track of the block availability map and the directory.
const DIRECTORY_TRACK: u8 = 18;
const TRACKS: u8 = 35;
const BLOCK: usize = 256;
/// Bytes of an image without error bytes.
pub const IMAGE_SIZE: usize = 683 * BLOCK;
/// An image with one error byte for each block behind it.
const IMAGE_SIZE_WITH_ERRORS: usize = IMAGE_SIZE + 683;
const DIRECTORY_ENTRIES: usize = 144;
const ENTRY: usize = 32;
/// Distance of consecutive blocks on a track: of files and of the directory, as the drive's DOS has it.
const FILE_INTERLEAVE: u8 = 10;
const DIRECTORY_INTERLEAVE: u8 = 3;
/// What names are filled up with.
const PAD: u8 = 0xA0;

/// What a directory entry says about the content of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    Seq,
    Prg,
    Usr,
}

impl FileKind {
    fn code(self) -> u8 {
        match self {
            FileKind::Seq => 0x81,
            FileKind::Prg => 0x82,
            FileKind::Usr => 0x83,
        }
    }

    fn of(code: u8) -> Option<FileKind> {
        match code & 0x87 {
            0x81 => Some(FileKind::Seq),
            0x82 => Some(FileKind::Prg),
            0x83 => Some(FileKind::Usr),
            _ => None,
        }
    }
}

/// A file on a disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DiskFile {
    /// 1 to 16 PETSCII codes.
    pub name: Vec<u8>,
    pub kind: FileKind,
    pub data: Vec<u8>,
}

/// A disk's label and files.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Disk {
    /// Up to 16 PETSCII codes.
    pub label: Vec<u8>,
    pub id: [u8; 2],
    pub files: Vec<DiskFile>,
}

/// Why a disk cannot be written or read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DiskError {
    /// The files need more blocks than the disk has.
    Full { needed: usize, available: usize },
    /// More files than the directory can list.
    TooManyFiles(usize),
    /// A file name, or the label, is empty or longer than 16 characters.
    Name(Vec<u8>),
    /// Two files have the same name.
    Duplicate(Vec<u8>),
    /// The image does not have the size of a 35-track disk.
    Size(usize),
    /// A chain of blocks leads to a block that is not on the disk.
    Outside { track: u8, sector: u8 },
    /// A chain of blocks comes back to a block that it holds already.
    Loop { track: u8, sector: u8 },
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        match self {
            DiskError::Full { needed, available } => {
                write!(f, "the files need {needed} blocks, a disk has {available}")
            }
            DiskError::TooManyFiles(count) => {
                write!(f, "{count} files, but a disk's directory has room for {DIRECTORY_ENTRIES}")
            }
            DiskError::Name(name) => write!(f, "'{}' is no disk name of 1 to 16 characters", text(name)),
            DiskError::Duplicate(name) => write!(f, "two files on the disk are named '{}'", text(name)),
            DiskError::Size(size) => write!(f, "{size} bytes is not the size of a 35-track disk image"),
            DiskError::Outside { track, sector } => {
                write!(f, "a file continues in track {track}, sector {sector}, which is not on the disk")
            }
            DiskError::Loop { track, sector } => {
                write!(f, "a file comes back to track {track}, sector {sector}, which it holds already")
            }
        }
    }
}

impl std::error::Error for DiskError {}

/// How many blocks a track has.
fn sectors(track: u8) -> u8 {
    match track {
        1..=17 => 21,
        18..=24 => 19,
        25..=30 => 18,
        _ => 17,
    }
}

/// Where a block lies in the image.
fn offset(track: u8, sector: u8) -> Option<usize> {
    if !(1..=TRACKS).contains(&track) || sector >= sectors(track) {
        return None;
    }
    let before: usize = (1..track).map(|t| usize::from(sectors(t))).sum();
    Some((before + usize::from(sector)) * BLOCK)
}

/// Tracks in the order in which files fill them: away from the directory, inner half last.
fn file_tracks() -> impl Iterator<Item = u8> {
    (1..DIRECTORY_TRACK).rev().chain(DIRECTORY_TRACK + 1..=TRACKS)
}

/// The sectors of a track in the order of allocation.
fn sector_order(track: u8, interleave: u8) -> Vec<u8> {
    let count = sectors(track);
    let mut order: Vec<u8> = Vec::with_capacity(usize::from(count));
    let mut sector = 0;
    while order.len() < usize::from(count) {
        while order.contains(&sector) {
            sector = (sector + 1) % count;
        }
        order.push(sector);
        sector = (sector + interleave) % count;
    }
    order
}

/// The image of a disk with these files.
pub fn write(disk: &Disk) -> Result<Vec<u8>, DiskError> {
    check(disk)?;
    let mut image = vec![0; IMAGE_SIZE];
    let mut used: Vec<(u8, u8)> = vec![(DIRECTORY_TRACK, 0)];
    let blocks: Vec<(u8, u8)> = file_tracks()
        .flat_map(|t| sector_order(t, FILE_INTERLEAVE).into_iter().map(move |s| (t, s)))
        .collect();
    let needed: usize = disk.files.iter().map(block_count).sum();
    if needed > blocks.len() {
        return Err(DiskError::Full { needed, available: blocks.len() });
    }
    let mut next = 0;
    let mut entries = Vec::with_capacity(disk.files.len());
    for file in &disk.files {
        let chain = &blocks[next..next + block_count(file)];
        next += chain.len();
        write_chain(&mut image, chain, &file.data);
        used.extend_from_slice(chain);
        entries.push(entry(file, chain[0], chain.len()));
    }
    write_directory(&mut image, &entries, &mut used);
    write_map(&mut image, disk, &used);
    Ok(image)
}

fn check(disk: &Disk) -> Result<(), DiskError> {
    if disk.label.len() > 16 {
        return Err(DiskError::Name(disk.label.clone()));
    }
    if disk.files.len() > DIRECTORY_ENTRIES {
        return Err(DiskError::TooManyFiles(disk.files.len()));
    }
    for (i, file) in disk.files.iter().enumerate() {
        if file.name.is_empty() || file.name.len() > 16 {
            return Err(DiskError::Name(file.name.clone()));
        }
        if disk.files[..i].iter().any(|other| other.name == file.name) {
            return Err(DiskError::Duplicate(file.name.clone()));
        }
    }
    Ok(())
}

/// Blocks that a file takes; an empty one takes one as well.
fn block_count(file: &DiskFile) -> usize {
    file.data.len().div_ceil(BLOCK - 2).max(1)
}

fn write_chain(image: &mut [u8], chain: &[(u8, u8)], data: &[u8]) {
    for (i, &(track, sector)) in chain.iter().enumerate() {
        let Some(at) = offset(track, sector) else { continue };
        let start = i * (BLOCK - 2);
        let part = &data[start..data.len().min(start + BLOCK - 2)];
        let link = match chain.get(i + 1) {
            Some(&(track, sector)) => [track, sector],
            None => [0, part.len() as u8 + 1],
        };
        image[at..at + 2].copy_from_slice(&link);
        image[at + 2..at + 2 + part.len()].copy_from_slice(part);
    }
}

/// A name filled up to 16 places.
fn padded(name: &[u8]) -> [u8; 16] {
    let mut field = [PAD; 16];
    field[..name.len()].copy_from_slice(name);
    field
}

/// A directory entry without the two link bytes before it.
fn entry(file: &DiskFile, (track, sector): (u8, u8), blocks: usize) -> [u8; ENTRY - 2] {
    let mut entry = [0; ENTRY - 2];
    entry[..3].copy_from_slice(&[file.kind.code(), track, sector]);
    entry[3..19].copy_from_slice(&padded(&file.name));
    entry[28..].copy_from_slice(&(blocks as u16).to_le_bytes());
    entry
}

fn write_directory(image: &mut [u8], entries: &[[u8; ENTRY - 2]], used: &mut Vec<(u8, u8)>) {
    let order = sector_order(DIRECTORY_TRACK, DIRECTORY_INTERLEAVE);
    // Sector 0 is the map; the directory begins in sector 1 and goes on in steps of three.
    let first = order.iter().position(|s| *s == 1).unwrap_or(0);
    let sectors: Vec<u8> =
        order[first..].iter().chain(&order[..first]).copied().filter(|s| *s != 0).collect();
    let pages = entries.len().div_ceil(8).max(1);
    for page in 0..pages {
        let Some(at) = offset(DIRECTORY_TRACK, sectors[page]) else { continue };
        let link = if page + 1 < pages { [DIRECTORY_TRACK, sectors[page + 1]] } else { [0, 0xFF] };
        used.push((DIRECTORY_TRACK, sectors[page]));
        for (i, entry) in entries.iter().skip(page * 8).take(8).enumerate() {
            let start = at + i * ENTRY + 2;
            image[start..start + entry.len()].copy_from_slice(entry);
        }
        image[at..at + 2].copy_from_slice(&link);
    }
}

fn write_map(image: &mut [u8], disk: &Disk, used: &[(u8, u8)]) {
    let Some(at) = offset(DIRECTORY_TRACK, 0) else { return };
    let map = &mut image[at..at + BLOCK];
    map[..4].copy_from_slice(&[DIRECTORY_TRACK, 1, b'A', 0]);
    for track in 1..=TRACKS {
        let mut free = [0_u8; 4];
        for sector in 0..sectors(track) {
            if !used.contains(&(track, sector)) {
                free[0] += 1;
                free[1 + usize::from(sector / 8)] |= 1 << (sector % 8);
            }
        }
        map[usize::from(track) * 4..][..4].copy_from_slice(&free);
    }
    map[0x90..0xA0].copy_from_slice(&padded(&disk.label));
    map[0xA0..0xAB].fill(PAD);
    map[0xA2..0xA4].copy_from_slice(&disk.id);
    map[0xA5..0xA7].copy_from_slice(b"2A");
}

/// The label and files of a disk image. Deleted files and kinds without content are left out.
pub fn read(image: &[u8]) -> Result<Disk, DiskError> {
    if image.len() != IMAGE_SIZE && image.len() != IMAGE_SIZE_WITH_ERRORS {
        return Err(DiskError::Size(image.len()));
    }
    let map = block(image, DIRECTORY_TRACK, 0)?;
    let mut disk = Disk { label: unpadded(&map[0x90..0xA0]), id: [map[0xA2], map[0xA3]], files: Vec::new() };
    for page in chain(image, DIRECTORY_TRACK, 1)? {
        for entry in page.chunks_exact(ENTRY) {
            let Some(kind) = FileKind::of(entry[2]) else { continue };
            let blocks = chain(image, entry[3], entry[4])?;
            let mut data = Vec::with_capacity(blocks.len() * (BLOCK - 2));
            for block in blocks {
                // The last block's second byte is the index of its last byte.
                let end = if block[0] == 0 { usize::from(block[1]).max(1) + 1 } else { BLOCK };
                data.extend_from_slice(&block[2..end]);
            }
            disk.files.push(DiskFile { name: unpadded(&entry[5..21]), kind, data });
        }
    }
    Ok(disk)
}

fn block(image: &[u8], track: u8, sector: u8) -> Result<&[u8], DiskError> {
    offset(track, sector).map(|at| &image[at..at + BLOCK]).ok_or(DiskError::Outside { track, sector })
}

/// The blocks of a chain from its first one on.
fn chain(image: &[u8], mut track: u8, mut sector: u8) -> Result<Vec<&[u8]>, DiskError> {
    let mut blocks = Vec::new();
    let mut seen = vec![false; IMAGE_SIZE / BLOCK];
    while track != 0 {
        let at = offset(track, sector).ok_or(DiskError::Outside { track, sector })?;
        if std::mem::replace(&mut seen[at / BLOCK], true) {
            return Err(DiskError::Loop { track, sector });
        }
        let block = &image[at..at + BLOCK];
        blocks.push(block);
        (track, sector) = (block[0], block[1]);
    }
    Ok(blocks)
}

fn unpadded(field: &[u8]) -> Vec<u8> {
    let end = field.iter().rposition(|b| *b != PAD).map_or(0, |last| last + 1);
    field[..end].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, kind: FileKind, size: usize) -> DiskFile {
        DiskFile { name: name.into(), kind, data: (0..size).map(|i| (i * 7) as u8).collect() }
    }

    fn disk(files: Vec<DiskFile>) -> Disk {
        Disk { label: b"TEST".to_vec(), id: *b"01", files }
    }

    #[test]
    fn files_of_all_sizes_come_back() {
        let sizes = [0, 1, 253, 254, 255, 508, 40_000];
        let files = sizes.iter().enumerate().map(|(i, size)| file(&format!("F{i}"), FileKind::Seq, *size));
        let mut disk = disk(files.collect());
        disk.files.extend((0..20).map(|i| file(&format!("MORE{i}"), FileKind::Prg, 300)));
        assert_eq!(read(&write(&disk).unwrap()), Ok(disk));
    }

    #[test]
    fn the_map_counts_free_blocks() {
        let image = write(&disk(vec![file("A", FileKind::Prg, 1000)])).unwrap();
        let map = &image[offset(18, 0).unwrap()..][..BLOCK];
        let free: usize = (1..=35).filter(|t| *t != 18).map(|t| usize::from(map[t * 4])).sum();
        assert_eq!(free, 664 - 4);
        assert_eq!(map[18 * 4], 17, "map and one directory block are taken");
        for track in 1..=35 {
            let bits: u32 = map[track * 4 + 1..track * 4 + 4].iter().map(|b| b.count_ones()).sum();
            assert_eq!(bits, u32::from(map[track * 4]), "track {track}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let full = disk(vec![file("A", FileKind::Prg, 664 * 254 + 1)]);
        assert_eq!(write(&full), Err(DiskError::Full { needed: 665, available: 664 }));
        assert!(write(&disk(vec![file("A", FileKind::Prg, 664 * 254)])).is_ok());
        let twice = disk(vec![file("A", FileKind::Prg, 1), file("A", FileKind::Seq, 1)]);
        assert_eq!(write(&twice), Err(DiskError::Duplicate(b"A".to_vec())));
        let long = disk(vec![file("SEVENTEEN LETTERS", FileKind::Prg, 1)]);
        assert!(matches!(write(&long), Err(DiskError::Name(_))));
    }

    #[test]
    fn broken_chains_are_errors() {
        assert_eq!(read(&[0; 100]), Err(DiskError::Size(100)));
        let mut image = write(&disk(vec![file("A", FileKind::Prg, 600)])).unwrap();
        let first = offset(17, 0).unwrap();
        image[first..first + 2].copy_from_slice(&[17, 0]);
        assert_eq!(read(&image), Err(DiskError::Loop { track: 17, sector: 0 }));
        image[first..first + 2].copy_from_slice(&[36, 1]);
        assert_eq!(read(&image), Err(DiskError::Outside { track: 36, sector: 1 }));
    }
}
