//! Damaged and hostile files: random changes of valid `.LIB` files of both versions and of dynamic
//! programs end in an error or in a result, never in a panic, a hang or a wrong program.
//!
//! `PYCOC_MUTATIONS=100000 cargo test --release --test mutations` makes so many changes; without the
//! variable there are few.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::driver::build::{Built, build};
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{LibFormat, Options, Target};
use pycoc::obj::libfile::{CHECK, FIRST_EXTERNAL, LibFile, fnv, front_size};
use pycoc::obj::mirblob::{self, MiddlePart};
use pycoc::sim::{Drive, Exit, Machine, RunOptions};

/// Nothing may take longer; most takes a thousandth of it.
const PATIENCE: Duration = Duration::from_secs(10);

const TOOLS: &str = "\
module tools@1.2
LIMIT = 300
ROW: tuple[byte] = (7, 8, 9)

@singleton
class State:
    count: word = 40

class Point:
    x: int = 3

    def sum(by: int) -> int:
        return self.x + by

def depth(n: byte) -> word:
    local: array[byte, 4] = (n, n, n, n)
    State.count += 1
    if n == 0:
        return State.count
    return depth(n - 1) + local[3] * ROW[n & 1]

def greet(name: alias[string]):
    print(\"HELLO \", name)
";

const MAIN: &str = "\
from tools import LIMIT, Point, depth, greet

def main():
    p: tools.Point
    p()
    tools.greet(\"YOU\")
    print(tools.depth(5), p.sum(tools.LIMIT), \"\\n\")
";

fn mutations() -> usize {
    std::env::var("PYCOC_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

/// The same numbers each time.
struct Random(u32);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % n.max(1)
    }

    /// One to three changes of bytes, words, or the length.
    fn change(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..1 + self.below(3) {
            let at = self.below(bytes.len());
            if bytes.is_empty() {
                return;
            }
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.below(256) as u8),
                2 => drop(bytes.remove(at)),
                3 => bytes[at] ^= 1 << self.below(8),
                4 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][self.below(6)],
                5 => {
                    let word = [0u16, 1, 0x7FFF, 0xFEFF, 0xFF00, 0xFFFF][self.below(6)].to_le_bytes();
                    bytes.iter_mut().skip(at).zip(word).for_each(|(byte, new)| *byte = new);
                }
                6 => {
                    let other = self.below(bytes.len());
                    bytes.swap(at, other);
                }
                _ => bytes[at] = self.below(256) as u8,
            }
        }
    }
}

fn built(files: &MemoryFiles, main: &str, options: &Options) -> Option<Built> {
    build(files, options, main, &mut SourceMap::default(), &mut Sink::default())
}

fn lib(lib_format: LibFormat) -> Vec<u8> {
    let files = MemoryFiles::default();
    files.add("tools.pyco", TOOLS);
    let options = Options { target: Target::Library, lib_format, ..Options::default() };
    built(&files, "tools.pyco", &options).unwrap().libs[0].1.clone()
}

/// Makes the check of a file and the hash of its middle code right again, as somebody would who wants
/// to do harm.
fn check_again(bytes: &mut Vec<u8>) {
    let mut front = bytes[..front_size(bytes)].to_vec();
    let end = front.len();
    if is_checked(&front) {
        let sum = format!("{:08x}", fnv(front[..end - 9].iter().copied()));
        front[end - 9..end - 1].copy_from_slice(sum.as_bytes());
    }
    let behind = bytes.split_off(end);
    *bytes = match mirblob::read(&front, &behind) {
        Ok(Some(part)) => mirblob::append(front, &part).unwrap(),
        _ => [front, behind].concat(),
    };
}

/// True when the front of a file ends with its check.
fn is_checked(front: &[u8]) -> bool {
    let name = format!("{CHECK}\0");
    front.len() > 9 && front[..front.len() - 9].ends_with(name.as_bytes())
}

#[test]
fn a_changed_module_is_refused_or_has_the_same_content() {
    let mut noticed = 0;
    for (format, seed) in [(LibFormat::V1, 1), (LibFormat::V2, 2)] {
        let good = lib(format);
        let mut content = LibFile::read(&good).unwrap();
        let middle = content.middle.take();
        let mut random = Random(seed);
        for _ in 0..mutations() / 2 {
            let mut bytes = good.clone();
            random.change(&mut bytes);
            let begin = Instant::now();
            match LibFile::read(&bytes) {
                Ok(mut file) => {
                    let part = file.middle.take();
                    // The check itself may be what was damaged.
                    let checked = is_checked(&bytes[..front_size(&bytes)]);
                    assert!(file == content || !checked, "{bytes:02x?}");
                    let damaged = part.as_ref().is_some_and(|part| !part.intact);
                    // A cut exactly behind the string table leaves a whole file.
                    let fits = part.is_none() || part == middle;
                    assert!(damaged || fits || !checked, "{bytes:02x?}");
                    noticed += usize::from(damaged);
                }
                Err(error) => {
                    assert!(!error.field.is_empty() && !error.problem.is_empty());
                    noticed += 1;
                }
            }
            assert!(begin.elapsed() < PATIENCE, "{bytes:02x?}");
        }
    }
    assert!(noticed > mutations() * 9 / 10, "{noticed}");
}

#[test]
fn a_hostile_module_is_refused_or_linked() {
    let mut linked = 0;
    for (format, seed) in [(LibFormat::V1, 3), (LibFormat::V2, 4)] {
        let good = lib(format);
        let mut random = Random(seed);
        for i in 0..mutations() / 2 {
            let mut bytes = good.clone();
            // Half of the changes are in the middle code.
            let front = if i % 4 < 2 { 0 } else { front_size(&bytes) };
            let mut changed = bytes.split_off(front.min(bytes.len() - 1));
            random.change(&mut changed);
            bytes.extend(changed);
            check_again(&mut bytes);
            let begin = Instant::now();
            if let Ok(file) = LibFile::read(&bytes) {
                let code: usize = file.functions.iter().map(|f| f.code.len()).sum();
                let data: usize = file.data.iter().map(|d| d.bytes.len()).sum();
                assert!(code + data <= usize::from(FIRST_EXTERNAL), "{bytes:02x?}");
                assert_eq!(
                    LibFile::read(&file.write().unwrap()).map(|again| again.texts()),
                    Ok(file.texts())
                );
                let files = MemoryFiles::default();
                files.add("main.pyco", MAIN);
                files.add("TOOLS.LIB", bytes.clone());
                let target = if i % 2 == 0 { Target::Program } else { Target::Dynamic };
                linked += usize::from(
                    built(&files, "main.pyco", &Options { target, ..Options::default() }).is_some(),
                );
            }
            assert!(begin.elapsed() < PATIENCE, "{bytes:02x?}");
        }
    }
    assert!(linked > mutations() / 20, "{linked}");
}

#[test]
fn hostile_middle_code_is_refused_or_compiled() {
    let good = lib(LibFormat::V2);
    let front = &good[..front_size(&good)];
    let part = LibFile::read(&good).unwrap().middle.unwrap();
    let mut random = Random(7);
    let mut compiled = 0;
    for _ in 0..mutations() {
        let mut code = part.code.clone();
        let at = random.below(code.len());
        code[at] = code[at].wrapping_add([1, 2, 0x40, 0x80, 0xFF][random.below(5)]);
        let begin = Instant::now();
        let files = MemoryFiles::default();
        files.add("main.pyco", MAIN);
        files.add("TOOLS.LIB", mirblob::append(front.to_vec(), &MiddlePart::new(code.clone())).unwrap());
        compiled += usize::from(built(&files, "main.pyco", &Options::default()).is_some());
        assert!(begin.elapsed() < PATIENCE, "{code:02x?}");
    }
    assert!(compiled > mutations() / 10, "{compiled}");
}

struct Disk(BTreeMap<Vec<u8>, Vec<u8>>);

impl Drive for Disk {
    fn open(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        self.0.get(name).cloned()
    }
}

#[test]
fn a_changed_program_or_disk_ends_or_goes_on() {
    for (lib_format, seed) in [(LibFormat::V1, 5), (LibFormat::V2, 6)] {
        let files = MemoryFiles::default();
        files.add("main.pyco", MAIN);
        files.add("tools.pyco", TOOLS);
        let options = Options { target: Target::Dynamic, lib_format, ..Options::default() };
        let good = built(&files, "main.pyco", &options).unwrap();
        let (prg, (name, lib)) = (good.prg.unwrap(), good.libs[0].clone());
        let head = usize::from(LibFile::read(&lib).unwrap().functions[0].offset);
        let mut random = Random(seed);
        for i in 0..mutations() / 20 {
            let (mut prg, mut lib) = (prg.clone(), lib.clone());
            random.change(if i % 2 == 0 { &mut prg } else { &mut lib });
            let mut machine = Machine::new();
            if machine.load_prg(&prg).is_err() {
                continue;
            }
            let begin = Instant::now();
            let same_head = good.libs[0].1.get(..head) == lib.get(..head);
            let mut disk = Disk(BTreeMap::from([(name.clone().into_bytes(), lib)]));
            let run = RunOptions { max_cycles: 1_000_000, ..RunOptions::default() };
            let outcome = machine.run(&run, &mut disk);
            if !same_head {
                assert_eq!(outcome.exit, Exit::RuntimeError, "{}", outcome.output.text);
                let text = &outcome.output.text;
                assert!(text.contains("HAS CHANGED, LINK AGAIN") || text.contains("DISK ERROR"), "{text}");
            }
            assert!(begin.elapsed() < PATIENCE);
        }
    }
}
