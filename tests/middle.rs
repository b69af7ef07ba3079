//! Modules linked from the middle code in their `.LIB`: the same bytes as from source; and what is
//! taken when the middle code is of no use.
//!
//! Everything runs in memory; programs run on the built-in machine.

use pycoc::base::diag::Sink;
use pycoc::base::render;
use pycoc::base::source::SourceMap;
use pycoc::driver::build::{Built, build};
use pycoc::driver::drive::Disk;
use pycoc::driver::files::{Files, MemoryFiles};
use pycoc::driver::session::{LibFormat, OptLevel, Options, Target};
use pycoc::obj::libfile::{LibFile, front_size};
use pycoc::obj::mirblob::{self, MiddlePart};
use pycoc::out::d64;
use pycoc::sim::{Exit, Machine, RunOptions};

/// The lowest module: a class with a method, a singleton with defaults, a tuple, assembly with a
/// label that another function names, a mapped array, a pointer to a literal.
const BASE: &str = "\
module base@1.1
STEPS: tuple[byte] = (3, 5, 7)
WIDE: tuple[word] = (300, 500)
LIMIT = 1000

class Shape:
    side: byte = 2
    name: string[8] = \"SHAPE\"

    def area() -> word:
        s: word = self.side
        return s * s

    def show():
        print(self.name, \" \", self.area(), \"\\n\")

@singleton
class Count:
    n: word = 40
    m: word[0xc100]

    def next() -> word:
        self.n = self.n + 1
        self.m = self.n
        return self.n + self.m

@naked
def inc(a: byte) -> byte:
    __asm__(\"\"\"
    clc
add_it: adc #1
    rts
    \"\"\")

def twice_inc(a: byte) -> byte:
    r: byte = 0
    __asm__(\"\"\"
    lda {a}
    clc
    jsr add_it
    sta {r}
    \"\"\")
    __asm__(\"\"\"
    nop
    \"\"\")
    __asm__(\"\"\"
    nop
    \"\"\")
    return r + 1

def paint(n: byte):
    cells: array[byte, 8][0xc200]
    i: byte
    for i in range(8):
        cells[i] = n
    print(cells[7], STEPS[n & 1], \"\\n\")

def mark(text: alias[string]) -> byte:
    text[0] = 'X'
    return len(text)

def marked():
    print(mark(\"ABC\"), \"ABC\", \"\\n\")

def _hidden(n: long, f: float) -> float:
    return f * n

def scaled(n: long) -> float:
    return _hidden(n, 1.5)

def depth(n: byte) -> word:
    local: array[byte, 4] = (n, n, n, n)
    if n == 0:
        return 0
    return depth(n - 1) + local[3]
";

/// A module upon it, with a class that inherits and calls `super`.
const UPPER: &str = "\
module upper
from base@>=1.0 import Shape, Count, STEPS, depth

class Square(base.Shape):
    edge: byte = 1

    def area() -> word:
        return super.area() + self.edge

def start() -> word:
    c: base.Count
    return c.next() + base.STEPS[2] + base.depth(4)

def label() -> alias[string]:
    return \"LABEL\"
";

const MAIN: &str = "\
from base import Shape, Count, LIMIT, WIDE, inc, twice_inc, paint, marked, scaled
from upper import Square, start, label

def main():
    a: base.Shape
    b: upper.Square
    c: base.Count
    a()
    b()
    b.side = 4
    a.show()
    print(b.area(), \" \", upper.start(), \" \", c.next(), \"\\n\")
    print(base.inc(4), base.twice_inc(5), \" \", base.LIMIT + base.WIDE[1], \"\\n\")
    base.paint(1)
    base.marked()
    print(base.scaled(100000), \" \", upper.label(), \" LABEL\\n\")
";

const LEVELS: [OptLevel; 4] = [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os];

fn files(list: &[(&str, &str)]) -> MemoryFiles {
    let files = MemoryFiles::default();
    list.iter().for_each(|(path, text)| files.add(*path, *text));
    files
}

/// The result, or `None`, and all messages.
fn built(files: &MemoryFiles, main: &str, options: &Options) -> (Option<Built>, String) {
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let built = build(files, options, main, &mut sources, &mut sink);
    let messages = sink.iter().map(|d| format!("[{}] {}", d.code, render::short(&sources, d)));
    (built, messages.collect())
}

fn program(files: &MemoryFiles, options: &Options) -> Vec<u8> {
    let (built, messages) = built(files, "main.pyco", options);
    assert_eq!(messages, "");
    built.unwrap().prg.unwrap()
}

fn lib(files: &MemoryFiles, main: &str, options: &Options) -> (String, Vec<u8>) {
    let options = Options { target: Target::Library, ..options.clone() };
    let (built, messages) = built(files, main, &options);
    assert_eq!(messages, "");
    built.unwrap().libs[0].clone()
}

fn v2(opt: OptLevel) -> Options {
    Options { opt, lib_format: LibFormat::V2, ..Options::default() }
}

/// The program with its modules as files and without their source.
fn with_files(sources: &MemoryFiles, modules: &[&str], options: &Options) -> MemoryFiles {
    let files = MemoryFiles::default();
    files.add("main.pyco", sources.read("main.pyco").unwrap());
    for module in modules {
        let (name, bytes) = lib(sources, module, options);
        files.add(&name, bytes);
    }
    files
}

/// What a program prints, and how many cycles it takes.
fn run(prg: &[u8], disk: &MemoryFiles) -> (String, u64) {
    let mut machine = Machine::new();
    machine.load_prg(prg).unwrap();
    let mut drive = Disk::open(disk, ".").unwrap();
    let run = machine.run(&RunOptions::default(), &mut drive);
    assert_eq!(run.exit, Exit::Returned, "{}", run.output.text);
    (run.output.text, run.cycles)
}

fn output(prg: &[u8]) -> String {
    run(prg, &MemoryFiles::default()).0
}

#[test]
fn a_program_is_the_same_from_source_and_from_middle_code() {
    let sources = files(&[("main.pyco", MAIN), ("base.pyco", BASE), ("upper.pyco", UPPER)]);
    let modules = ["base.pyco", "upper.pyco"];
    for opt in LEVELS {
        for checks in [false, true] {
            let options = Options { checks, ..v2(opt) };
            let whole = program(&sources, &options);
            let joined = program(&with_files(&sources, &modules, &options), &options);
            assert!(whole == joined, "{opt:?}, checks {checks}");
            let code = Options { code_only: true, ..options.clone() };
            let linked = program(&with_files(&sources, &modules, &code), &options);
            assert_eq!(output(&whole), output(&linked), "{opt:?}, checks {checks}");
            assert!(opt == OptLevel::O0 || linked.len() > whole.len());
        }
    }
    let text = output(&program(&sources, &v2(OptLevel::O2)));
    assert!(text.starts_with("SHAPE 4\n17 "), "{text}");
}

#[test]
fn interrupt_code_may_call_a_module_with_middle_code() {
    let module = "def step(n: byte) -> byte:\n    return n + 1\n";
    let main = "from tick import step\n\n@singleton\nclass Time:\n    n: byte = 0\n\n@irq\ndef handler():\n    \
                t: Time\n    t.n = tick.step(t.n)\n\ndef main():\n    t: Time\n    __set_irq__(handler)\n    \
                while t.n < 3:\n        pass\n    print(tick.step(9))\n";
    let sources = files(&[("main.pyco", main), ("tick.pyco", module)]);
    let options = v2(OptLevel::O2);
    let joined = with_files(&sources, &["tick.pyco"], &options);
    assert!(program(&joined, &options) == program(&sources, &options));
    let code = Options { code_only: true, ..options.clone() };
    let (built, messages) = built(&with_files(&sources, &["tick.pyco"], &code), "main.pyco", &options);
    assert!(built.is_none() && messages.starts_with("[E4020]"), "{messages}");
}

#[test]
fn only_version_2_has_middle_code_and_only_if_it_is_wanted() {
    let sources = files(&[("base.pyco", BASE)]);
    let part = |options: &Options| LibFile::read(&lib(&sources, "base.pyco", options).1).unwrap().middle;
    let options = v2(OptLevel::O2);
    assert!(part(&options).is_some_and(|part| part.is_usable()));
    assert_eq!(part(&Options { code_only: true, ..options.clone() }), None);
    let small = files(&[("small.pyco", "def f() -> byte:\n    return 1\n")]);
    assert_eq!(LibFile::read(&lib(&small, "small.pyco", &Options::default()).1).unwrap().middle, None);
    let (_, bytes) = lib(&sources, "base.pyco", &options);
    let (_, code) = lib(&sources, "base.pyco", &Options { code_only: true, ..options });
    assert!(bytes[..front_size(&bytes)] == code, "what a loader reads is the same");
}

#[test]
fn a_part_of_no_use_gives_way_to_the_finished_code() {
    let sources = files(&[("main.pyco", MAIN), ("base.pyco", BASE), ("upper.pyco", UPPER)]);
    let options = v2(OptLevel::O2);
    let expected = output(&program(&sources, &options));
    let good = with_files(&sources, &["base.pyco", "upper.pyco"], &options);
    let bytes = good.read("BASE.LIB").unwrap();
    let front = front_size(&bytes);
    let mut damaged = bytes.clone();
    damaged[front + 40] ^= 1;
    let part = MiddlePart { version: mirblob::VERSION + 1, ..MiddlePart::new(vec![1, 2, 3]) };
    let newer = mirblob::append(bytes[..front].to_vec(), &part).unwrap();
    let cut = bytes[..bytes.len() - 1].to_vec();
    for (name, bytes) in [("damaged", damaged), ("version", newer), ("damaged", cut)] {
        good.add("BASE.LIB", bytes);
        let (built, messages) = built(&good, "main.pyco", &options);
        assert!(messages.starts_with("[W0402]") && messages.contains(name), "{messages}");
        assert_eq!(output(&built.unwrap().prg.unwrap()), expected);
    }
    // The hash is right, so somebody meant it.
    let part = MiddlePart::new(vec![1, 2, 3]);
    good.add("BASE.LIB", mirblob::append(bytes[..front].to_vec(), &part).unwrap());
    let (built, messages) = built(&good, "main.pyco", &options);
    assert!(built.is_none() && messages.starts_with("[E4090]"), "{messages}");
}

#[test]
fn a_module_that_finished_code_imports_is_finished_code_too() {
    let sources = files(&[("main.pyco", MAIN), ("base.pyco", BASE), ("upper.pyco", UPPER)]);
    let options = v2(OptLevel::O2);
    let expected = output(&program(&sources, &options));
    let mixed = with_files(&sources, &["base.pyco"], &options);
    let (name, bytes) = lib(&sources, "upper.pyco", &Options { code_only: true, ..options.clone() });
    mixed.add(&name, bytes);
    assert_eq!(output(&program(&mixed, &options)), expected);
    // The other way round the lower module is finished code, and the upper one is not.
    let code = Options { code_only: true, ..options.clone() };
    let mixed = with_files(&sources, &["base.pyco"], &code);
    let (name, bytes) = lib(&sources, "upper.pyco", &options);
    mixed.add(&name, bytes);
    assert_eq!(output(&program(&mixed, &options)), expected);
    // A source upon a module of which there is only middle code.
    let mixed = with_files(&sources, &["base.pyco"], &options);
    mixed.add("upper.pyco", UPPER);
    assert!(program(&mixed, &options) == program(&sources, &options));
}

#[test]
fn a_loader_neither_reads_nor_misses_the_middle_code() {
    let sources = files(&[("main.pyco", MAIN), ("base.pyco", BASE), ("upper.pyco", UPPER)]);
    let options = v2(OptLevel::O2);
    let dynamic = Options { target: Target::Dynamic, d64: Some("a.d64".into()), ..options.clone() };
    let with_part = with_files(&sources, &["base.pyco", "upper.pyco"], &options);
    let code = Options { code_only: true, ..options.clone() };
    let without = with_files(&sources, &["base.pyco", "upper.pyco"], &code);
    let [a, b, c] =
        [&with_part, &without, &sources].map(|files| built(files, "main.pyco", &dynamic).0.unwrap());
    assert!(a.prg == b.prg && a.prg == c.prg, "the finished code is used");
    let prg = a.prg.unwrap();
    assert_eq!(run(&prg, &with_part), run(&prg, &without), "in the same time");
    let files = d64::read(&a.d64.unwrap()).unwrap().files;
    for (on_disk, name) in files[1..].iter().zip(["BASE.LIB", "UPPER.LIB"]) {
        assert!(on_disk.data == without.read(name).unwrap(), "{name} on the disk is as short as can be");
    }
}

#[test]
fn modules_that_do_not_fit_each_other_are_refused() {
    let low = "def f(a: byte) -> byte:\n    return a\n";
    let high = "from low import f\n\ndef g() -> byte:\n    return low.f(1)\n";
    let main = "from high import g\n\ndef main():\n    print(high.g())\n";
    let sources = files(&[("main.pyco", main), ("low.pyco", low), ("high.pyco", high)]);
    let options = v2(OptLevel::O2);
    let changed = with_files(&sources, &["high.pyco"], &options);
    changed.add("low.pyco", low.replace("a: byte", "a: word").replace("return a", "return byte(a)"));
    let (built_, messages) = built(&changed, "main.pyco", &options);
    assert!(built_.is_none() && messages.contains("[E4022]") && messages.contains("low.f"), "{messages}");
    // A class of the program with the name of a module that it does not import itself.
    let main = "from high import g\n\nclass low:\n    x: byte\n\n    def f(a: byte) -> byte:\n        return a\n\n\
                def main():\n    t: low\n    print(high.g(), t.f(1))\n";
    sources.add("main.pyco", main);
    let (built, messages) = built(&sources, "main.pyco", &options);
    assert!(built.is_none() && messages.starts_with("[E1003]") && messages.contains("low.f"), "{messages}");
}
