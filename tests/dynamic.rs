//! Programs that load their modules at run time: what is loaded, what goes wrong on a disk, and what
//! the loader costs.

use std::collections::BTreeMap;

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::driver::build::{Built, build};
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{LibFormat, Options, Target};
use pycoc::obj::libfile::LibFile;
use pycoc::sim::{Drive, Exit, Machine, Outcome, RunOptions};

/// A disk in memory that notes every name that is opened.
#[derive(Clone, Default)]
struct Disk {
    files: BTreeMap<Vec<u8>, Vec<u8>>,
    opened: Vec<String>,
}

impl Drive for Disk {
    fn open(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        self.opened.push(String::from_utf8_lossy(name).into_owned());
        self.files.get(name).cloned()
    }
}

const FORMATS: [LibFormat; 2] = [LibFormat::V1, LibFormat::V2];

fn dynamic(sources: &[(&str, &str)], lib_format: LibFormat) -> Built {
    let files = MemoryFiles::default();
    for (name, text) in sources {
        files.add(format!("{name}.pyco"), *text);
    }
    let options = Options { target: Target::Dynamic, lib_format, ..Options::default() };
    let (mut map, mut sink) = (SourceMap::default(), Sink::default());
    let built = build(&files, &options, "main.pyco", &mut map, &mut sink);
    let messages: Vec<&str> = sink.iter().map(|d| d.message.as_str()).collect();
    built.unwrap_or_else(|| panic!("{messages:?}"))
}

fn disk(built: &Built) -> Disk {
    let files = built.libs.iter().map(|(name, bytes)| (name.as_bytes().to_vec(), bytes.clone())).collect();
    Disk { files, opened: Vec::new() }
}

fn run(built: &Built, disk: &mut Disk) -> (Outcome, Machine) {
    let mut machine = Machine::new();
    machine.load_prg(built.prg.as_ref().unwrap()).unwrap();
    let options = RunOptions { max_cycles: 20_000_000, ..RunOptions::default() };
    (machine.run(&options, disk), machine)
}

/// What a program prints with modules of both versions.
fn printed(sources: &[(&str, &str)]) -> String {
    let [first, second] = FORMATS.map(|format| {
        let built = dynamic(sources, format);
        let (outcome, _) = run(&built, &mut disk(&built));
        assert_eq!(outcome.exit, Exit::Returned);
        outcome.output.text
    });
    assert_eq!(first, second);
    first
}

const MAIN: (&str, &str) = (
    "main",
    "from one import a\nfrom two import b\nfrom base import c\n\
     def main():\n    print(one.a(1), \" \", two.b(2), \" \", base.c(3), \"\\n\")\n",
);
const ONE: (&str, &str) =
    ("one", "from base import c\ndef a(n: word) -> word:\n    return base.c(n) + 100\n");
const TWO: (&str, &str) =
    ("two", "from base import c, d\ndef b(n: word) -> word:\n    return base.c(n) + base.d(n)\n");
const BASE: (&str, &str) = (
    "base",
    "_row: tuple[word] = (0, 10, 20, 30)\ndef c(n: word) -> word:\n    return _row[n]\n\
     def d(n: word) -> word:\n    return n * 1000\ndef unused(n: word) -> word:\n    return n + 7\n",
);

#[test]
fn a_shared_module_is_opened_once_and_after_those_that_need_it() {
    for format in FORMATS {
        let built = dynamic(&[MAIN, ONE, TWO, BASE], format);
        let mut disk = disk(&built);
        let (outcome, _) = run(&built, &mut disk);
        assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::Returned, "110 2020 30\n"));
        assert_eq!(disk.opened.len(), 3);
        assert_eq!(disk.opened.last().map(String::as_str), Some("BASE.LIB"));
    }
}

#[test]
fn parts_that_nothing_wants_are_not_in_memory() {
    for format in FORMATS {
        let built = dynamic(
            &[
                ("main", "from m import f\ndef main():\n    print(m.f(1), \"\\n\")\n"),
                (
                    "m",
                    "_t: tuple[byte] = (11, 22, 33, 44, 55, 66)\n_u: tuple[byte] = (71, 72, 73, 74, 75)\n\
                   def f(n: byte) -> byte:\n    return _t[n]\ndef g(n: byte) -> byte:\n    return _u[n]\n",
                ),
            ],
            format,
        );
        let (outcome, machine) = run(&built, &mut disk(&built));
        assert_eq!(outcome.output.text, "22\n");
        let memory: Vec<u8> = (0x0801..0xC000).map(|at| machine.ram(at)).collect();
        let holds = |bytes: &[u8]| memory.windows(bytes.len()).any(|w| w == bytes);
        assert!(holds(&[11, 22, 33, 44, 55, 66]) && !holds(&[71, 72, 73, 74, 75]));
    }
}

#[test]
fn references_into_the_middle_of_data_are_patched() {
    let main = "from m import small, State\ndef main():\n    m.State.b += 1\n    \
                print(m.small[2], \" \", m.State.a, \" \", m.State.b, \"\\n\")\n";
    let module =
        "small: tuple[byte] = (1, 2, 3)\n@singleton\nclass State:\n    a: word = 500\n    b: byte = 7\n";
    assert_eq!(printed(&[("main", main), ("m", module)]), "3 500 8\n");
}

#[test]
fn a_program_under_the_kernal_loads_too() {
    let main = MAIN.1.replace("def main", "@kernal\ndef main");
    assert_eq!(printed(&[("main", &main), ONE, TWO, BASE]), "110 2020 30\n");
}

#[test]
fn a_program_loads_from_its_disk_image() {
    let files = MemoryFiles::default();
    for (name, text) in [MAIN, ONE, TWO, BASE] {
        files.add(format!("{name}.pyco"), text);
    }
    let options = Options { target: Target::Dynamic, d64: Some("d.d64".into()), ..Options::default() };
    let built =
        build(&files, &options, "main.pyco", &mut SourceMap::default(), &mut Sink::default()).unwrap();
    files.add("d.d64", built.d64.clone().unwrap());
    let mut drive = pycoc::driver::drive::Disk::open(&files, "d.d64").unwrap();
    let first = drive.open(b"*");
    assert_eq!(first, built.prg, "the program is the first file");
    let mut machine = Machine::new();
    machine.load_prg(&first.unwrap()).unwrap();
    assert_eq!(machine.run(&RunOptions::default(), &mut drive).output.text, "110 2020 30\n");
}

/// The faults of a program that cannot be built.
fn faults(sources: &[(&str, &str)]) -> Vec<String> {
    let files = MemoryFiles::default();
    for (name, text) in sources {
        files.add(format!("{name}.pyco"), *text);
    }
    let options = Options { target: Target::Dynamic, ..Options::default() };
    let mut sink = Sink::default();
    assert_eq!(build(&files, &options, "main.pyco", &mut SourceMap::default(), &mut sink), None);
    sink.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
}

#[test]
fn modules_of_any_size_are_loaded() {
    let many: String =
        (0..250).map(|i| format!("def part{i}(n: byte) -> byte:\n    return n * 3 + {i}\n")).collect();
    // Every third function: so many gaps are in the file.
    let names: Vec<String> = (0..250).step_by(3).map(|i| format!("part{i}")).collect();
    let calls: String = names.iter().map(|f| format!("    s += m.{f}(1)\n")).collect();
    let main = format!(
        "from m import {}\ndef main():\n    s: word = 0\n{calls}    print(s, \"\\n\")\n",
        names.join(", ")
    );
    let built = dynamic(&[("main", &main), ("m", &many)], LibFormat::Lowest);
    assert_eq!(built.libs[0].1[2], 2, "version");
    let (outcome, _) = run(&built, &mut disk(&built));
    let sum: u32 = (0..250).step_by(3).map(|i| (3 + i) % 256).sum();
    assert_eq!(outcome.output.text, format!("{sum}\n"));
}

#[test]
fn a_module_of_version_1_becomes_version_2_beside_one_that_needs_it() {
    let nine: String = (0..9).map(|i| format!("def f{i}(n: byte) -> byte:\n    return n + {i}\n")).collect();
    let files = MemoryFiles::default();
    files.add("small.pyco", BASE.1);
    let options = Options { target: Target::Library, ..Options::default() };
    let small =
        build(&files, &options, "small.pyco", &mut SourceMap::default(), &mut Sink::default()).unwrap();
    assert_eq!(small.libs[0].1[2], 1, "version");
    let files = MemoryFiles::default();
    files.add("SMALL.LIB", small.libs[0].1.clone());
    files.add("nine.pyco", nine);
    files.add(
        "main.pyco",
        "from small import c\nfrom nine import f7\ndef main():\n    print(small.c(2), \" \", nine.f7(1), \"\\n\")\n",
    );
    let options = Options { target: Target::Dynamic, ..Options::default() };
    let built =
        build(&files, &options, "main.pyco", &mut SourceMap::default(), &mut Sink::default()).unwrap();
    assert_eq!(built.libs.iter().map(|(_, bytes)| bytes[2]).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(run(&built, &mut disk(&built)).0.output.text, "20 8\n");
}

#[test]
fn halves_of_addresses_data_with_addresses_and_zeros_are_loaded() {
    let main = "from m import check, high, low, unused\ndef main():\n    \
                print(m.check(), \" \", m.low() == byte(m.check()), m.high() == byte(m.check() >> 8), \"\\n\")\n";
    let module = "_t: tuple[byte] = (1, 2, 3)\n\
        def unused() -> byte:\n    return 77\n\
        def check() -> word:\n    return addr(_t)\n\
        @naked\ndef low() -> byte:\n    __asm__(\"\"\"\n        .fill 70, $ea\n        lda #<{_t}\n    \"\"\")\n\
        @naked\ndef high() -> byte:\n    __asm__(\"\"\"\n        .fill 190, $ea\n        lda #>{_t}\n    \"\"\")\n";
    let built = dynamic(&[("main", main), ("m", module)], LibFormat::Lowest);
    let (outcome, _) = run(&built, &mut disk(&built));
    assert!(outcome.output.text.ends_with("TRUETRUE\n"), "{}", outcome.output.text);
}

#[test]
fn two_modules_of_one_file_name_are_an_error() {
    let main = "from a.m import f\nfrom b.n import g\ndef main():\n    print(m.f(1), n.g(1))\n";
    let m = "def f(n: byte) -> byte:\n    return n + n\n";
    let n = "from c.m import h\ndef g(n: byte) -> byte:\n    return m.h(n)\n";
    let h = "def h(n: byte) -> byte:\n    return n * 3\n";
    let sources = [("main", main), ("a/m", m), ("b/n", n), ("c/m", h), ("b/c/m", h)];
    let text = "E5003 Modules 'a.m' and 'c.m' would both be the file 'M.LIB'";
    assert_eq!(faults(&sources), [text]);
}

/// What a program prints that ends with an error of the loader.
fn failure(built: &Built, disk: &mut Disk) -> String {
    let (outcome, machine) = run(built, disk);
    assert_eq!(outcome.exit, Exit::RuntimeError);
    assert_eq!(machine.ram(0x98), 0, "open files");
    outcome.output.text
}

#[test]
fn a_missing_module_is_named() {
    for format in FORMATS {
        let built = dynamic(&[MAIN, ONE, TWO, BASE], format);
        for name in ["ONE.LIB", "BASE.LIB"] {
            let mut disk = disk(&built);
            disk.files.remove(name.as_bytes());
            assert_eq!(failure(&built, &mut disk), format!("ERROR: MODULE '{name}' NOT FOUND\n"));
        }
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_noticed() {
    for format in FORMATS {
        let built = dynamic(&[MAIN, ONE, TWO, BASE], format);
        let (_, whole) = built.libs.iter().find(|(name, _)| name == "BASE.LIB").unwrap();
        // The names are not read, and in version 1 not the relocations of what is not wanted at the end.
        let needed = match format {
            LibFormat::V2 => usize::from(u16::from_le_bytes([whole[16], whole[17]])),
            _ => usize::from(u16::from_le_bytes([whole[5], whole[6]])) - 3,
        };
        for length in 0..needed {
            let mut disk = disk(&built);
            disk.files.insert(b"BASE.LIB".to_vec(), whole[..length].to_vec());
            let text = failure(&built, &mut disk);
            assert_eq!(text, "ERROR: DISK ERROR LOADING MODULE 'BASE.LIB'\n", "{length} bytes");
        }
    }
}

#[test]
fn a_module_that_changed_is_noticed_whatever_byte_of_its_index_changed() {
    for format in FORMATS {
        let built = dynamic(&[MAIN, ONE, TWO, BASE], format);
        let (name, whole) = built.libs.iter().find(|(name, _)| name == "TWO.LIB").unwrap();
        let code = usize::from(LibFile::read(whole).unwrap().functions[0].offset);
        for at in 0..code {
            let (mut disk, mut other) = (disk(&built), whole.clone());
            other[at] ^= 0x10;
            disk.files.insert(name.clone().into_bytes(), other);
            let text = failure(&built, &mut disk);
            assert_eq!(text, "ERROR: MODULE 'TWO.LIB' HAS CHANGED, LINK AGAIN\n", "byte {at}");
        }
    }
}

#[test]
fn modules_that_do_not_fit_are_an_error_before_memory_is_overwritten() {
    let main = "from m import f\ndef main():\n    a: array[byte, 49000]\n    i: word\n    for i in range(49000):\n        \
                a[i] = byte(i)\n    for i in range(49000):\n        a[0] += a[i]\n    print(m.f(a[0]))\n";
    let row = (0..400).map(|i| (i % 250).to_string()).collect::<Vec<_>>().join(", ");
    let module = format!("_t: tuple[byte] = ({row})\ndef f(n: byte) -> byte:\n    return _t[n]\n");
    let built = dynamic(&[("main", main), ("m", &module)], LibFormat::V1);
    assert_eq!(failure(&built, &mut disk(&built)), "ERROR: OUT OF MEMORY LOADING MODULE\n");
    // The linker knows how long modules of version 2 are.
    let main = main.replace("import f", "import f, g").replace("m.f(a[0])", "m.f(a[0]), m.g(0)");
    let nine: String = (0..9).map(|i| format!("def f{i}(n: byte) -> byte:\n    return n + {i}\n")).collect();
    let module =
        format!("{module}_u: tuple[byte] = ({row})\ndef g(n: byte) -> byte:\n    return _u[n]\n{nine}");
    let faults = faults(&[("main", &main), ("m", &module)]);
    assert!(faults[0].starts_with("E4002 The modules need 8"), "{faults:?}");
}

/// Cycles of a program that loads the function `f` of this module, the module's file, and the size
/// of the loader without its texts.
fn measured(module: &str, format: LibFormat) -> (i64, LibFile) {
    let built = dynamic(&[("main", "from m import f\ndef main():\n    m.f(1)\n"), ("m", module)], format);
    let cycles = run(&built, &mut disk(&built)).0.cycles as i64;
    (cycles, LibFile::read(&built.libs[0].1).unwrap())
}

#[test]
fn the_loaders_cost_what_their_heads_say() {
    let data = |count: usize| (0..count).map(|i| (i % 7).to_string()).collect::<Vec<_>>().join(", ");
    let loaded = |n| format!("_t: tuple[byte] = ({})\ndef f(n: byte) -> byte:\n    return _t[n]\n", data(n));
    let skipped = |n| {
        let rows = format!("_t: tuple[byte] = ({})\n_u: tuple[byte] = (1, 2)\n", data(n));
        format!(
            "{rows}def g(n: byte) -> byte:\n    return _t[n]\ndef f(n: byte) -> byte:\n    return _u[n]\n"
        )
    };
    let calls = |n| {
        let calls = "        _next(n)\n".repeat(n);
        format!("def _next(n: byte):\n    print(n)\n    print(n)\ndef f(n: byte):\n    if n == 0:\n{calls}")
    };
    for (format, costs) in FORMATS.into_iter().zip([[81, 68, 230], [96, 72, 202]]) {
        let measured = |module: &str| measured(module, format);
        let per_byte =
            |module: &dyn Fn(usize) -> String| (measured(&module(230)).0 - measured(&module(30)).0) / 200;
        let (loaded, skipped) = (per_byte(&loaded), per_byte(&skipped));
        let ((many, file), (few, other)) = (measured(&calls(25)), measured(&calls(5)));
        let size = |file: &LibFile| file.functions.iter().map(|f| f.code.len() as i64).sum::<i64>();
        let relocs = |file: &LibFile| file.functions.iter().map(|f| f.relocs.len() as i64).sum::<i64>();
        let relocation =
            (many - few - loaded * (size(&file) - size(&other))) / (relocs(&file) - relocs(&other));
        assert_eq!(
            [loaded, skipped, relocation],
            costs,
            "{format:?}, as in the loader's head and docs/modules.md"
        );
    }
}

#[test]
fn code_under_the_kernal_calls_what_is_loaded() {
    let base =
        ("base", "def c(n: word) -> word:\n    return n + 1\ndef d(n: word) -> word:\n    return n * 3\n");
    let main = "from base import c, d\n@relocate(0xE000)\ndef both(n: word) -> word:\n    \
        return base.c(n) + base.d(n) + base.c(n * 2)\n\
        def main():\n    print(both(5), \" \", base.c(7), \"\\n\")\n";
    assert_eq!(printed(&[("main", main), base]), "32 8\n");
}
