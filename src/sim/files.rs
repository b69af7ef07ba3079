//! Logical files of the KERNAL: keyboard, screen, and a disk drive that the caller supplies.
//!
//! In: OPEN, CLOSE, LOAD, SAVE and bytes through channels. Out: bytes, KERNAL error numbers, the status byte.
//! Invariant: a file is read whole when it is opened and written whole when it is closed. Not here: where a drive's
//! files live (`driver` has a folder and a D64), the serial bus, relative files.

use std::collections::{BTreeMap, VecDeque};

/// KERNAL error numbers, as returned in A with carry set.
pub const TOO_MANY_FILES: u8 = 1;
pub const FILE_OPEN: u8 = 2;
pub const FILE_NOT_OPEN: u8 = 3;
pub const FILE_NOT_FOUND: u8 = 4;
pub const DEVICE_NOT_PRESENT: u8 = 5;
pub const NOT_INPUT_FILE: u8 = 6;
pub const NOT_OUTPUT_FILE: u8 = 7;
pub const MISSING_FILE_NAME: u8 = 8;

/// Bits of the status byte: end of file, and a read that nothing answered.
pub const STATUS_END: u8 = 0x40;
pub const STATUS_TIMEOUT: u8 = 0x02;

pub const KEYBOARD: u8 = 0;
pub const SCREEN: u8 = 3;
pub const DRIVE: u8 = 8;
const MAX_FILES: usize = 10;
const COMMAND_CHANNEL: u8 = 15;

/// Drive 8: names are PETSCII, contents whole files (a program with its load address).
pub trait Drive {
    /// The content of the first file that matches; see `name_matches`.
    fn open(&mut self, name: &[u8]) -> Option<Vec<u8>>;

    /// Stores a file; false when the drive does not take it.
    fn save(&mut self, name: &[u8], data: &[u8]) -> bool {
        let _ = (name, data);
        false
    }

    /// Whether a drive answers at all.
    fn is_present(&self) -> bool {
        true
    }
}

/// No drive at all.
pub struct NoDrive;

impl Drive for NoDrive {
    fn open(&mut self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn is_present(&self) -> bool {
        false
    }
}

/// Whether a name on a disk fits what a program asks for: `*` ends the comparison, `?` fits any one character.
pub fn name_matches(pattern: &[u8], name: &[u8]) -> bool {
    for (i, &p) in pattern.iter().enumerate() {
        match (p, name.get(i)) {
            (b'*', _) => return true,
            (_, None) => return false,
            (b'?', Some(_)) => {}
            (p, Some(&n)) if p == n => {}
            _ => return false,
        }
    }
    pattern.len() == name.len()
}

struct Channel {
    device: u8,
    secondary: u8,
    data: VecDeque<u8>,
    missing: bool,
    /// Name to store `data` under at CLOSE.
    writes: Option<Vec<u8>>,
}

/// What SETLFS and SETNAM said.
#[derive(Clone, Default)]
pub struct FileSpec {
    pub logical: u8,
    pub device: u8,
    pub secondary: u8,
    pub name: Vec<u8>,
}

impl FileSpec {
    /// The name without drive number and `,type,mode`, and whether the mode is writing.
    fn plain_name(&self) -> (Vec<u8>, bool) {
        let mut parts = self.name.split(|&b| b == b',');
        let first = parts.next().unwrap_or_default();
        let start = first.iter().position(|&b| b == b':').map_or(0, |i| i + 1);
        let name = first[start..].strip_prefix(b"@").unwrap_or(&first[start..]);
        (name.to_vec(), parts.any(|p| p == b"W"))
    }
}

/// The table of open files and the drive's last message.
#[derive(Default)]
pub struct Files {
    channels: BTreeMap<u8, Channel>,
    not_found: bool,
}

impl Files {
    pub fn count(&self) -> usize {
        self.channels.len()
    }

    /// OPEN.
    pub fn open(&mut self, spec: &FileSpec, drive: &mut dyn Drive) -> Result<(), u8> {
        if self.channels.contains_key(&spec.logical) {
            return Err(FILE_OPEN);
        }
        if self.channels.len() == MAX_FILES {
            return Err(TOO_MANY_FILES);
        }
        let mut channel = Channel {
            device: spec.device,
            secondary: spec.secondary & 15,
            data: VecDeque::new(),
            missing: false,
            writes: None,
        };
        match spec.device {
            KEYBOARD | SCREEN => {}
            DRIVE if drive.is_present() => self.open_on_drive(spec, &mut channel, drive),
            _ => return Err(DEVICE_NOT_PRESENT),
        }
        self.channels.insert(spec.logical, channel);
        Ok(())
    }

    fn open_on_drive(&mut self, spec: &FileSpec, channel: &mut Channel, drive: &mut dyn Drive) {
        if channel.secondary == COMMAND_CHANNEL {
            let message: &[u8] =
                if self.not_found { b"62, FILE NOT FOUND,00,00\r" } else { b"00, OK,00,00\r" };
            channel.data.extend(message);
            self.not_found = false;
            return;
        }
        let (name, writes) = spec.plain_name();
        if writes || channel.secondary == 1 {
            channel.writes = Some(name);
            return;
        }
        match drive.open(&name) {
            Some(content) => channel.data.extend(content),
            None => {
                channel.missing = true;
                self.not_found = true;
            }
        }
    }

    /// CLOSE; a file that was written goes to the drive now.
    pub fn close(&mut self, logical: u8, drive: &mut dyn Drive) {
        if let Some(Channel { writes: Some(name), data, .. }) = self.channels.remove(&logical) {
            drive.save(&name, &Vec::from(data));
        }
    }

    /// CLALL: forgets all files, without closing them.
    pub fn forget_all(&mut self) {
        self.channels.clear();
    }

    /// The device and secondary address behind a logical file.
    pub fn device(&self, logical: u8) -> Result<u8, u8> {
        self.channels.get(&logical).map(|c| c.device).ok_or(FILE_NOT_OPEN)
    }

    /// One byte from a file, and the status afterwards.
    pub fn read(&mut self, logical: u8) -> (u8, u8) {
        let Some(channel) = self.channels.get_mut(&logical) else {
            return (0x0D, STATUS_TIMEOUT | STATUS_END);
        };
        match channel.data.pop_front() {
            Some(byte) if !channel.missing => (byte, if channel.data.is_empty() { STATUS_END } else { 0 }),
            _ => (0x0D, STATUS_TIMEOUT | STATUS_END),
        }
    }

    /// One byte into a file.
    pub fn write(&mut self, logical: u8, byte: u8) {
        if let Some(channel) = self.channels.get_mut(&logical)
            && channel.writes.is_some()
        {
            channel.data.push_back(byte);
        }
    }

    /// LOAD: the content of a program file, load address first.
    pub fn load(&mut self, spec: &FileSpec, drive: &mut dyn Drive) -> Result<Vec<u8>, u8> {
        self.check(spec, drive)?;
        let content = drive.open(&spec.plain_name().0).filter(|data| data.len() >= 2);
        self.not_found = content.is_none();
        content.ok_or(FILE_NOT_FOUND)
    }

    /// SAVE: a program file, load address first.
    pub fn save(&mut self, spec: &FileSpec, data: &[u8], drive: &mut dyn Drive) -> Result<(), u8> {
        self.check(spec, drive)?;
        if drive.save(&spec.plain_name().0, data) { Ok(()) } else { Err(DEVICE_NOT_PRESENT) }
    }

    fn check(&self, spec: &FileSpec, drive: &dyn Drive) -> Result<(), u8> {
        if spec.device != DRIVE || !drive.is_present() {
            return Err(DEVICE_NOT_PRESENT);
        }
        if spec.name.is_empty() { Err(MISSING_FILE_NAME) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_with_wildcards() {
        assert!(name_matches(b"MATH.LIB", b"MATH.LIB"));
        assert!(name_matches(b"MA*", b"MATH") && name_matches(b"*", b"") && name_matches(b"M?TH", b"MATH"));
        assert!(
            !name_matches(b"MAT", b"MATH") && !name_matches(b"MATHS", b"MATH") && !name_matches(b"M?", b"M")
        );
    }

    #[test]
    fn drive_prefix_and_mode_are_no_part_of_the_name() {
        let spec = |name: &[u8]| FileSpec { name: name.to_vec(), ..FileSpec::default() }.plain_name();
        assert_eq!(spec(b"0:MATH.LIB,S,R"), (b"MATH.LIB".to_vec(), false));
        assert_eq!(spec(b"@0:LOG,S,W"), (b"LOG".to_vec(), true));
        assert_eq!(spec(b"DATA"), (b"DATA".to_vec(), false));
    }

    struct Memory(Vec<(Vec<u8>, Vec<u8>)>);

    impl Drive for Memory {
        fn open(&mut self, name: &[u8]) -> Option<Vec<u8>> {
            self.0.iter().find(|(n, _)| name_matches(name, n)).map(|(_, d)| d.clone())
        }

        fn save(&mut self, name: &[u8], data: &[u8]) -> bool {
            self.0.push((name.to_vec(), data.to_vec()));
            true
        }
    }

    #[test]
    fn written_file_reads_back_with_end_of_file() {
        let (mut files, mut drive) = (Files::default(), Memory(Vec::new()));
        let mut spec = FileSpec { logical: 2, device: 8, secondary: 2, name: b"F,S,W".to_vec() };
        files.open(&spec, &mut drive).unwrap();
        files.write(2, 10);
        files.write(2, 20);
        files.close(2, &mut drive);
        spec.name = b"F".to_vec();
        files.open(&spec, &mut drive).unwrap();
        assert_eq!([files.read(2), files.read(2)], [(10, 0), (20, STATUS_END)]);
        assert_eq!(files.read(2).1, STATUS_END | STATUS_TIMEOUT);
    }

    #[test]
    fn errors_have_the_kernal_numbers() {
        let (mut files, mut drive) = (Files::default(), Memory(Vec::new()));
        let spec = FileSpec { logical: 2, device: 8, secondary: 0, name: b"NONE".to_vec() };
        assert_eq!(files.load(&spec, &mut drive), Err(FILE_NOT_FOUND));
        assert_eq!(
            files.load(&FileSpec { name: Vec::new(), ..spec.clone() }, &mut drive),
            Err(MISSING_FILE_NAME)
        );
        assert_eq!(files.load(&spec, &mut NoDrive), Err(DEVICE_NOT_PRESENT));
        assert_eq!(files.open(&spec, &mut drive), Ok(()));
        assert_eq!(files.open(&spec, &mut drive), Err(FILE_OPEN));
        assert_eq!(files.read(2).1, STATUS_END | STATUS_TIMEOUT);
        assert_eq!(files.device(9), Err(FILE_NOT_OPEN));
    }

    #[test]
    fn command_channel_reports_a_missing_file() {
        let (mut files, mut drive) = (Files::default(), Memory(Vec::new()));
        let mut message = |logical| {
            let spec = FileSpec { logical, device: 8, secondary: 15, name: Vec::new() };
            files.open(&spec, &mut drive).unwrap();
            [files.read(logical).0, files.read(logical).0]
        };
        assert_eq!(message(1), *b"00");
        let spec = FileSpec { logical: 5, device: 8, secondary: 0, name: b"NONE".to_vec() };
        let mut drive = Memory(Vec::new());
        files.load(&spec, &mut drive).unwrap_err();
        files.open(&FileSpec { logical: 3, device: 8, secondary: 15, name: Vec::new() }, &mut drive).unwrap();
        assert_eq!([files.read(3).0, files.read(3).0], *b"62");
    }
}
