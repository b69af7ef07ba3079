//! Modules as `.LIB` files: written, read back, linked without their source, and damaged ones.
//!
//! Everything runs in memory; programs run on the built-in machine.

use pycoc::base::diag::{Severity, Sink};
use pycoc::base::source::SourceMap;
use pycoc::driver::build::{Built, build};
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{Emit, EmitKind, LibFormat, OptLevel, Options, Prefer, Target};
use pycoc::obj::libfile::LibFile;
use pycoc::sim::{Machine, NoDrive, RunOptions};

/// The result, or all messages.
fn built(files: &MemoryFiles, main: &str, options: &Options) -> Result<Built, String> {
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let built = build(files, options, main, &mut sources, &mut sink);
    let texts: Vec<String> = sink
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| format!("[{}] {} {}", d.code, d.message, d.helps.join(" ")))
        .collect();
    built.ok_or(texts.join("\n"))
}

fn lib(files: &MemoryFiles, main: &str, options: &Options) -> Result<(String, Vec<u8>), String> {
    let options = Options { target: Target::Library, ..options.clone() };
    built(files, main, &options).map(|built| built.libs[0].clone())
}

/// What a program prints.
fn output(files: &MemoryFiles, options: &Options) -> Result<String, String> {
    let prg = built(files, "main.pyco", options)?.prg.ok_or("no program")?;
    let mut machine = Machine::new();
    machine.load_prg(&prg).map_err(|e| e.to_string())?;
    Ok(machine.run(&RunOptions::default(), &mut NoDrive).output.text.trim_end().to_string())
}

/// A module that uses recursion, arrays, strings, pointers across calls, state and constants.
const TOOLS: &str = "\
module tools@1.2
LIMIT = 300
NAMES: tuple[byte] = (7, 8, 9)

class Point:
    x: int = 0
    y: int = 5

    def sum() -> int:
        return self.x + self.y

    def shift(by: alias[Point]):
        self.x = self.x + by.sum()
        self.y = self.y + by.sum()

@singleton
class State:
    count: word = 40

    def next() -> word:
        self.count = self.count + 1
        return self.count

def depth(n: byte) -> word:
    local: array[byte, 4] = (n, n, n, n)
    if n == 0:
        return 0
    return depth(n - 1) + local[3]

def many(a: long, b: word, c: byte, d: word, e: byte) -> long:
    return a + b + c + d + e

def greet(name: alias[string]):
    print(\"HELLO \", name, NAMES[1])
";

const MAIN: &str = "\
from tools@>=1.0 import LIMIT, NAMES, Point, State, depth, many, greet

def main():
    p: tools.Point
    q: tools.Point
    p()
    q()
    p.x = 10
    p.shift(q)
    s: tools.State
    name: string[10] = \"BOB\"
    print(p.x, \" \", p.y, \" \", s.next(), s.next(), \" \", tools.depth(10))
    print(tools.many(100000, 2, 3, 4, 5), \" \", tools.LIMIT, \" \", tools.NAMES[2])
    tools.greet(name)
";

fn files(list: &[(&str, &str)]) -> MemoryFiles {
    let files = MemoryFiles::default();
    list.iter().for_each(|(path, text)| files.add(*path, *text));
    files
}

#[test]
fn a_module_without_source_does_the_same_in_both_formats_at_every_level() {
    let expected =
        output(&files(&[("main.pyco", MAIN), ("tools.pyco", TOOLS)]), &Options::default()).unwrap();
    assert!(expected.contains("HELLO BOB"), "{expected}");
    for opt in [OptLevel::O0, OptLevel::O2, OptLevel::Os] {
        for lib_format in [LibFormat::Lowest, LibFormat::V2] {
            let options = Options { opt, lib_format, ..Options::default() };
            let (name, bytes) = lib(&files(&[("tools.pyco", TOOLS)]), "tools.pyco", &options).unwrap();
            assert_eq!(name, "TOOLS.LIB");
            let files = files(&[("main.pyco", MAIN)]);
            files.add("TOOLS.LIB", bytes);
            assert_eq!(output(&files, &options).as_deref(), Ok(expected.as_str()), "{opt:?} {lib_format:?}");
        }
    }
}

#[test]
fn a_source_that_a_finished_module_needs_shares_its_state() {
    let counter = "@singleton\nclass Counter:\n    n: byte = 3\n\ndef up() -> byte:\n    c: Counter\n    c.n = c.n + 1\n    return c.n\n";
    let user = "from counter import up\n\ndef twice() -> byte:\n    counter.up()\n    return counter.up()\n";
    let main = "from counter import up\nfrom user import twice\n\ndef main():\n    print(user.twice(), counter.up())\n";
    let all = files(&[("counter.pyco", counter), ("user.pyco", user)]);
    let (_, bytes) = lib(&all, "user.pyco", &Options::default()).unwrap();
    let files = files(&[("counter.pyco", counter), ("main.pyco", main)]);
    files.add("USER.LIB", bytes);
    assert_eq!(output(&files, &Options::default()).as_deref(), Ok("56"));
}

/// A function with `count` aliases in use at the same time, and a call while they are.
fn many_pointers(count: usize) -> String {
    let mut text = String::from(
        "def turn(v: alias[word], n: word) -> word:\n    v = (v << 3 | v >> 13) + n\n    return v\n\n\
         def mix(all: alias[array[word, 1]], n: byte) -> word:\n    sum: word = 0\n    k: byte\n",
    );
    for i in 0..count {
        text += &format!("    p{i}: alias[word] = all[n * {i} & 31]\n");
    }
    text += "    for k in range(3):\n";
    for i in 0..count {
        text += &format!("        p{i} += sum + {i}\n        sum ^= turn(p{i}, k)\n");
    }
    text + "    return sum\n"
}

#[test]
fn a_module_may_have_more_pointers_than_zero_page_holds() {
    let module = many_pointers(30);
    let main = "from m import mix\ndef main():\n    all: array[word, 32] = [7]\n    \
                print(m.mix(all, 5), \" \", m.mix(all, 3), \" \", all[9])\n";
    let expected = output(&files(&[("main.pyco", main), ("m.pyco", &module)]), &Options::default());
    assert!(expected.is_ok(), "{expected:?}");
    for opt in [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os] {
        let options = Options { opt, code_only: true, ..Options::default() };
        let (name, bytes) = lib(&files(&[("m.pyco", &module)]), "m.pyco", &options).unwrap();
        let finished = files(&[("main.pyco", main)]);
        finished.add(name, bytes);
        assert_eq!(output(&finished, &options), expected, "{opt:?}");
    }
}

/// `game/actor` calls its neighbours `map` and `tiles`, the program calls them `game.map` and
/// `game.tiles`; `tool/map` is another module.
const TILES: &str = "\
class Tile:
    cost: byte = 3
";
const MAP: &str = "\
from tiles import Tile
@singleton
class Map:
    steps: word = 7
    tile: tiles.Tile

def step(t: alias[tiles.Tile]) -> word:
    Map.steps += t.cost
    return Map.steps
";
const ACTOR: &str = "\
from map import Map, step
from tiles import Tile
class Actor:
    here: tiles.Tile

    def walk() -> word:
        map.Map.steps *= 2
        return map.step(self.here)
";
const TOOL_MAP: &str = "def steps() -> word:\n    return 1000\n";
const TOOL: &str = "from map import steps\ndef all() -> word:\n    return map.steps() + 1\n";
const PACKAGE_MAIN: &str = "\
from game.actor import Actor
from game.map import Map
from game.tiles import Tile
from tool.tool import all
def main():
    a: actor.Actor
    t: alias[tiles.Tile] = a.here
    t.cost += map.Map.tile.cost
    print(a.walk(), \" \", map.Map.steps, \" \", tool.all())
";

#[test]
fn a_module_that_is_called_by_two_names_exists_once() {
    let sources = [
        ("game/tiles.pyco", TILES),
        ("game/map.pyco", MAP),
        ("game/actor.pyco", ACTOR),
        ("tool/map.pyco", TOOL_MAP),
        ("tool/tool.pyco", TOOL),
    ];
    let all = files(&sources);
    all.add("main.pyco", PACKAGE_MAIN);
    assert_eq!(output(&all, &Options::default()).as_deref(), Ok("20 20 1001"));
    for lib_format in [LibFormat::Lowest, LibFormat::V2] {
        let options = Options { lib_format, ..Options::default() };
        let finished = files(&[("main.pyco", PACKAGE_MAIN)]);
        for (path, _) in sources {
            let (name, bytes) = lib(&all, path, &options).unwrap();
            let (folder, _) = path.split_once('/').unwrap();
            finished.add(format!("{folder}/{name}"), bytes);
        }
        assert_eq!(output(&finished, &options).as_deref(), Ok("20 20 1001"));
    }
}

#[test]
fn a_module_file_that_counts_on_an_older_module_is_named() {
    let low = "class Point:\n    x: byte = 1\n\ndef f() -> byte:\n    return 1\n";
    let high = "from low import Point\n\ndef g() -> byte:\n    p: low.Point\n    p()\n    return p.x\n";
    let all = files(&[("low.pyco", low), ("high.pyco", high)]);
    for lib_format in [LibFormat::V1, LibFormat::V2] {
        let (_, bytes) = lib(&all, "high.pyco", &Options { lib_format, ..Options::default() }).unwrap();
        let with = |low: &str| {
            let files = files(&[("main.pyco", "from high import g\n\ndef main():\n    print(high.g())\n")]);
            files.add("low.pyco", low);
            files.add("HIGH.LIB", bytes.clone());
            let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
            assert!(build(&files, &Options::default(), "main.pyco", &mut sources, &mut sink).is_some());
            sink.iter().map(|d| format!("[{}] {}", d.code, d.message)).collect::<String>()
        };
        assert_eq!(with(low), "");
        assert_eq!(with(&low.replace("return 1", "print(1)\n    return 2")), "", "only types count");
        assert_eq!(
            with(&low.replace("    x:", "    y: byte = 2\n    x:")),
            "[W0403] 'HIGH.LIB' was compiled with another 'low' than there is now"
        );
    }
}

#[test]
fn the_rule_for_make_names_module_files() {
    let module = "def f() -> byte:\n    return 1\n";
    let (_, bytes) = lib(&files(&[("m.pyco", module)]), "m.pyco", &Options::default()).unwrap();
    let files = files(&[("main.pyco", "from m import f\n\ndef main():\n    print(m.f())\n")]);
    files.add("M.LIB", bytes);
    for target in [Target::Program, Target::Dynamic] {
        let emit = vec![Emit { kind: EmitKind::Deps, path: None }];
        let options = Options { target, emit, ..Options::default() };
        let emits = built(&files, "main.pyco", &options).unwrap().emits;
        assert!(emits[0].1.starts_with(b"main.prg: main.pyco M.LIB\n"));
    }
}

#[test]
fn only_what_is_used_of_a_file_is_linked() {
    let module = "def small() -> byte:\n    return 1\n\ndef large():\n    print(\"UNUSED TEXT\")\n";
    let (_, bytes) = lib(&files(&[("m.pyco", module)]), "m.pyco", &Options::default()).unwrap();
    let files = files(&[("main.pyco", "from m import small\n\ndef main():\n    print(m.small())\n")]);
    files.add("M.LIB", bytes);
    let prg = built(&files, "main.pyco", &Options::default()).unwrap().prg.unwrap();
    assert!(!prg.windows(6).any(|w| w == b"UNUSED"));
}

#[test]
fn the_choice_between_source_and_file_follows_the_option() {
    let source = |n: u8| format!("def f() -> byte:\n    return {n}\n");
    let (_, bytes) = lib(&files(&[("m.pyco", &source(1))]), "m.pyco", &Options::default()).unwrap();
    let files = files(&[("main.pyco", "from m import f\n\ndef main():\n    print(m.f())\n")]);
    files.add("m.pyco", source(2));
    files.add("M.LIB", bytes);
    for (prefer, printed) in [(Prefer::Lib, "1"), (Prefer::Source, "2")] {
        let options = Options { prefer, ..Options::default() };
        assert_eq!(output(&files, &options).as_deref(), Ok(printed));
    }
}

#[test]
fn what_no_file_can_hold_is_an_error() {
    let functions: String = (0..9).map(|i| format!("def f{i}() -> byte:\n    return {i}\n\n")).collect();
    let v1 = Options { lib_format: LibFormat::V1, ..Options::default() };
    let error = lib(&files(&[("nine.pyco", &functions)]), "nine.pyco", &v1).unwrap_err();
    assert!(
        error.starts_with("[E4021] Module 'nine' does not fit version 1") && error.contains("functions: 9")
    );
    assert!(error.contains("--lib-format 1"), "{error}");
    let handler = "@irq\ndef tick():\n    pass\n\ndef on():\n    __set_irq__(tick)\n";
    let error = lib(&files(&[("m.pyco", handler)]), "m.pyco", &Options::default()).unwrap_err();
    assert!(error.contains("[E4020] The interrupt handler 'm.tick'"), "{error}");
    let own = lib(&files(&[("rt1.pyco", "def f():\n    pass\n")]), "rt1.pyco", &Options::default());
    assert!(own.unwrap_err().contains("[E4020] 'rt1' is the name of the run time"));
}

#[test]
fn the_other_character_set_is_refused() {
    let lower = Options { lowercase: true, ..Options::default() };
    let (_, bytes) = lib(&files(&[("m.pyco", "def f():\n    print(\"a\")\n")]), "m.pyco", &lower).unwrap();
    let files = files(&[("main.pyco", "from m import f\n\ndef main():\n    m.f()\n")]);
    files.add("M.LIB", bytes);
    let error = output(&files, &Options::default()).unwrap_err();
    assert!(error.starts_with("[E4022] 'M.LIB' was compiled for the lower/upper"), "{error}");
}

#[test]
fn a_damaged_file_matters_only_when_it_is_taken() {
    let files = files(&[("main.pyco", "from m import f\n\ndef main():\n    print(m.f())\n")]);
    files.add("M.LIB", b"PL\x07".to_vec());
    let error = output(&files, &Options::default()).unwrap_err();
    assert!(error.starts_with("[E4090] 'M.LIB'") && !error.contains('\n'), "{error}");
    files.add("m.pyco", "def f() -> byte:\n    return 4\n");
    assert_eq!(output(&files, &Options::default()).as_deref(), Ok("4"));
}

#[test]
fn the_example_in_the_description_of_the_format_is_a_module() {
    let page = include_str!("../docs/lib-format.md");
    let dump = page.split("```text\n0000").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let lines = dump.lines().enumerate().map(|(i, line)| if i == 0 { line } else { &line[4..] });
    let bytes: Vec<u8> =
        lines.flat_map(str::split_whitespace).map(|b| u8::from_str_radix(b, 16).unwrap()).collect();
    let file = LibFile::read(&bytes).unwrap();
    assert_eq!(
        (bytes.len(), file.functions[0].name.as_str(), file.data[0].name.as_str()),
        (115, "step", "STEPS")
    );
    assert_eq!((file.functions[0].relocs[0].addend, file.texts()[1].1.as_str()), (2, "tbyte,3"));
    let source = page.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let small = Options { opt: OptLevel::Os, ..Options::default() };
    let (_, made) = lib(&files(&[("dice.pyco", source)]), "dice.pyco", &small).unwrap();
    assert_eq!(made, bytes);
}

#[test]
fn a_program_keeps_out_of_the_zero_page_that_a_module_names() {
    let mapped = "z: array[byte, 150][0x2C]\ndef put(v: byte):\n    i: byte\n    for i in range(150):\n        z[i] = v\n";
    let stores: String = (0x2C..0x70).map(|at| format!("    sta ${at:02x}\n")).collect();
    let assembly = format!("def put(v: byte):\n    __asm__(\"\"\"\n    lda #$55\n{stores}    \"\"\")\n");
    let main = "from m import put\n\
        def total(a: word, b: word) -> word:\n    s: word = 0\n    i: byte\n    for i in range(20):\n        \
        s = s + a * b\n        m.put(i)\n        s = s ^ b\n    return s\n\
        def main():\n    k: byte\n    for k in range(3):\n        print(total(k, 700), \" \")\n";
    for module in [mapped, &assembly] {
        for lib_format in [LibFormat::V1, LibFormat::V2] {
            let (options, sources) = (
                Options { lib_format, code_only: true, ..Options::default() },
                files(&[("main.pyco", main), ("m.pyco", module)]),
            );
            let expected = output(&sources, &options).unwrap();
            let (name, bytes) = lib(&sources, "m.pyco", &options).unwrap();
            let alone = files(&[("main.pyco", main)]);
            alone.add(name, bytes);
            assert_eq!(output(&alone, &options), Ok(expected));
        }
    }
}

#[test]
fn a_name_that_the_program_and_finished_code_have_is_an_error() {
    let library = files(&[
        ("util.pyco", "def f(a: byte) -> byte:\n    return a + 1\n"),
        ("one.pyco", "from util import f\ndef g(a: byte) -> byte:\n    return util.f(a) * 2\n"),
    ]);
    let options = Options { lib_format: LibFormat::V1, ..Options::default() };
    let libs = ["util.pyco", "one.pyco"].map(|main| lib(&library, main, &options).unwrap());
    let program = "from one import g\nclass util:\n    v: byte\n    def f(a: byte) -> byte:\n        \
        return self.v + a\ndef main():\n    u: util\n    u.v = 3\n    print(one.g(5), u.f(5))\n";
    let all = files(&[("main.pyco", program)]);
    libs.into_iter().for_each(|(name, bytes)| all.add(name, bytes));
    let error = built(&all, "main.pyco", &options).unwrap_err();
    assert!(error.contains("[E1003] A module and the program both define 'util.f'"), "{error}");
}

/// What a program with a module prints, from source and with the module as finished code.
fn both_forms(main: &str, module: &str) -> [String; 2] {
    let options = Options { code_only: true, lib_format: LibFormat::V2, ..Options::default() };
    let sources = files(&[("main.pyco", main), ("m.pyco", module)]);
    let (name, bytes) = lib(&sources, "m.pyco", &options).unwrap();
    let finished = files(&[("main.pyco", main)]);
    finished.add(name, bytes);
    [&sources, &finished].map(|files| output(files, &options).unwrap())
}

#[test]
fn finished_code_sees_what_a_handler_writes() {
    let module = "@singleton\nclass State:\n    n: word = 0\n\
        def wait(k: word) -> word:\n    c: word = 0\n    while State.n < k:\n        c = c + 1\n    return c\n";
    let main = "from m import State, wait\n@irq\ndef tick():\n    m.State.n = m.State.n + 1\n\
        def main():\n    __set_irq__(tick)\n    print(m.wait(5) > 100)\n";
    assert_eq!(both_forms(main, module), ["TRUE", "TRUE"]);
}

#[test]
fn finished_code_and_a_handler_share_the_stack_of_recursions() {
    let module = "def rec(n: byte) -> word:\n    a: array[byte, 101]\n    i: byte\n    \
        for i in range(0, 101, 10):\n        a[i] = n\n    if n == 0:\n        return 1\n    \
        w: word = rec(n - 1)\n    for i in range(0, 101, 10):\n        if a[i] != n:\n            \
        return 9999\n    return w + n\n";
    let main = "from m import rec\n@singleton\nclass T:\n    n: word = 0\n\
        def own(n: byte) -> word:\n    a: array[byte, 200]\n    i: byte\n    \
        for i in range(1, 200, 7):\n        a[i] = 77\n    if n == 0:\n        return 1\n    \
        return own(n - 1) + a[n]\n\
        @irq_raw\ndef tick(cia1: byte):\n    c: byte = cia1\n    T.n += own(0)\n\
        def main():\n    i: word\n    bad: word = 0\n    timer: word[0xDC04]\n    x: word = m.rec(20)\n    \
        __sei__()\n    timer = 0x0313\n    __set_irq__(tick)\n    __cli__()\n    for i in range(1000):\n        \
        if m.rec(20) != x:\n            bad += 1\n    __sei__()\n    print(bad, T.n > 1000)\n";
    assert_eq!(both_forms(main, module), ["0TRUE", "0TRUE"]);
}

#[test]
fn assembly_that_changes_itself_stays_as_it_is_written() {
    let module = "def next(n: byte) -> byte:\n    r: byte[0x03ff]\n    r = n\n    __asm__(\"\"\"\n    \
        lda sm+1\n    clc\n    adc $03ff\n    sta sm+1\nsm: lda #<table\n    sec\n    sbc #<table\n    \
        sta $03ff\n    jmp over\ntable: .byte 1, 2\nover:\n    \"\"\")\n    return r\n";
    let main = "from m import next\ndef main():\n    print(m.next(1), m.next(2), m.next(3))\n";
    assert_eq!(both_forms(main, module), ["136", "136"]);
}
