//! Fills, copies and scrolling at the machine's limit: cycles for each byte of compiled programs, no
//! more than a tenth above an unrolled loop written by hand, and the right bytes.

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::driver::build::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{OptLevel, Options};
use pycoc::sim::{Exit, Machine, NoDrive, RunOptions};

/// Runs a program; its cycles and what it prints.
fn run(source: &str) -> (u64, String) {
    let files = MemoryFiles::default();
    files.add("main.pyco", source);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let built = build(&files, &Options::default(), "main.pyco", &mut sources, &mut sink);
    let messages: Vec<_> = sink.iter().map(|d| &d.message).collect();
    let built = built.unwrap_or_else(|| panic!("{messages:?}\n{source}"));
    let mut machine = Machine::new();
    machine.load_prg(&built.prg.expect("a program")).unwrap();
    let outcome = machine.run(&RunOptions::default(), &mut NoDrive);
    assert_eq!(outcome.exit, Exit::Returned, "{source}");
    (outcome.cycles, outcome.output.text)
}

/// The cycles that `statement` takes in a program beside `other`, and what the program prints.
fn measure_beside(before: &str, other: &str, statement: &str, after: &str) -> (u64, String) {
    let program = |statement: &str| {
        let lines = [before, statement, after].map(|part| part.replace('\n', "\n    "));
        format!(
            "def sum(at: word, n: word) -> word:\n    p: alias[byte]\n    i: word\n    s: word = 0\n    \
             for i in range(n):\n        alias(p, at + i)\n        s = (s << 1) + (s >> 15) + p\n    return s\n\n\
             @kernal\ndef main():\n    zero: byte[0x02ff]\n    mark: byte[0x02fe]\n    zero = 0\n    \
             {}\n    mark = 1\n    {}\n    mark = 2\n    {}\n",
            lines[0], lines[1], lines[2]
        )
    };
    let (with, printed) = run(&program(statement));
    let (without, _) = run(&program(other));
    (with.saturating_sub(without), printed)
}

fn measure(before: &str, statement: &str, after: &str) -> (u64, String) {
    measure_beside(before, "mark = 3", statement, after)
}

/// The cycles of the second of two equal statements.
fn measure_again(before: &str, statement: &str, after: &str) -> (u64, String) {
    measure_beside(before, statement, &format!("{statement}\n{statement}"), after)
}

/// The checksum that `sum` makes.
fn checksum(bytes: &[u8]) -> String {
    bytes.iter().fold(0u16, |s, b| (s << 1).wrapping_add(s >> 15).wrapping_add((*b).into())).to_string()
}

#[track_caller]
fn within_a_tenth(what: &str, cycles: u64, bytes: usize, by_hand: f64) {
    let each = cycles as f64 / bytes as f64;
    println!("{what}: {each:.2} cycles a byte, {by_hand:.2} by hand");
    assert!(each <= by_hand * 1.1, "{what}: {each:.2} cycles a byte, {by_hand} by hand");
    // The loop of `sum` may cross a page in one of the two programs.
    assert!(each >= by_hand * 0.75, "{what}: {each:.2} cycles a byte is not possible");
}

/// `sta abs,x` four times, and the loop.
const FILL: f64 = 6.25;
/// `lda abs`, `sta abs,x` four times for each byte of two, and the loop.
const ELEMENTS: f64 = 6.875;
/// `lda abs,x`, `sta abs,x` four times, and the loop.
const COPY: f64 = 10.25;
/// `sta (zp),y`, `iny` eight times, and the loop.
const FILL_BY_POINTER: f64 = 8.375;
/// `lda abs,x`, `sta abs,x` for every row, and the loop.
const SCROLL: f64 = 9.25;

#[test]
fn fills_of_fixed_places() {
    for n in [256usize, 1000, 3000] {
        let before = format!("a: array[byte, {n}]\nv: byte = 7 + zero");
        let sum = format!("print(sum(addr(a) + {}, 200))", n - 200);
        let (cycles, printed) = measure(&before, "memfill(a, v)", &sum);
        assert_eq!(printed, checksum(&[7; 200]));
        within_a_tenth(&format!("fill of {n}"), cycles, n, FILL);
    }
    for n in [256usize, 1000] {
        let before = format!("a: array[byte, {n}][0x0400]");
        let sum = format!("print(sum(addr(a) + {}, 200), mark)", n - 200);
        let (cycles, printed) = measure(&before, "memfill(a, 32)", &sum);
        assert_eq!(printed, checksum(&[32; 200]) + "2");
        within_a_tenth(&format!("fill of {n} that are mapped"), cycles, n, FILL);
    }
}

#[test]
fn fills_with_wide_elements() {
    for (ty, width) in [("word", 2), ("long", 4)] {
        for n in [150usize, 333] {
            let before = format!("a: array[{ty}, {n}]\nv: {ty} = 0x1234 + zero");
            let sum = format!("print(sum(addr(a), {}))", n * width);
            let (cycles, printed) = measure_again(&before, "memfill(a, v)", &sum);
            let element = 0x1234u32.to_le_bytes();
            assert_eq!(printed, checksum(&element[..width].repeat(n)));
            within_a_tenth(&format!("fill of {n} {ty}s"), cycles, n * width, ELEMENTS);
        }
    }
}

#[test]
fn copies_of_fixed_places() {
    for n in [256usize, 1000] {
        let before = format!(
            "a: array[byte, {n}]\nb: array[byte, {n}]\ni: word\nfor i in range({n}):\n    b[i] = byte(i) + zero"
        );
        let sum = format!("print(sum(addr(a), {n}))");
        let (cycles, printed) = measure(&before, "a = b", &sum);
        let bytes: Vec<u8> = (0..n).map(|i| i as u8).collect();
        assert_eq!(printed, checksum(&bytes));
        // A read across a page takes a cycle more.
        within_a_tenth(&format!("copy of {n}"), cycles, n, COPY + 0.4);
    }
}

#[test]
fn fills_through_a_pointer() {
    let before = "a: array[byte, 1100]\np: alias[array[byte, 1100]]\nn: word = 1000 + word(zero)\ni: word\n\
                  for i in range(1100):\n    a[i] = 1 + zero\nalias(p, addr(a) + zero)";
    let (cycles, printed) = measure_again(before, "memfill(p, 7, n)", "print(sum(addr(a), 1003))");
    assert_eq!(printed, checksum(&[[7].repeat(1000), vec![1; 3]].concat()));
    within_a_tenth("fill through a pointer", cycles, 1000, FILL_BY_POINTER);
}

#[test]
fn scrolling() {
    let before = "a: array[byte, 1000][0x0400]\ni: word\nfor i in range(1000):\n    a[i] = byte(i)";
    let screen: Vec<u8> = (0..1000).map(|i| i as u8).collect();
    for (what, statement, from, to, width, height) in [
        ("up", "blkcpy(a, 40, a, 0, 40, 24, 40)", 40, 0, 40, 24),
        ("down", "blkcpy(a, 0, a, 40, 40, 24, 40)", 0, 40, 40, 24),
        ("left", "blkcpy(a, 1, a, 0, 39, 25, 40)", 1, 0, 39, 25),
        ("right", "blkcpy(a, 0, a, 1, 39, 25, 40)", 0, 1, 39, 25),
    ] {
        let (cycles, printed) = measure_again(before, statement, "print(sum(addr(a), 1000))");
        let mut expected = screen.clone();
        for _ in 0..2 {
            let before = expected.clone();
            for row in 0..height {
                let (from, to) = (from + 40 * row, to + 40 * row);
                expected[to..to + width].copy_from_slice(&before[from..from + width]);
            }
        }
        assert_eq!(printed, checksum(&expected), "{what}");
        within_a_tenth(&format!("scroll {what}"), cycles, width * height, SCROLL);
    }
}

/// The addresses of $C000-$CFFF that a program writes, in their order.
fn written(source: &str, level: OptLevel) -> Vec<u16> {
    let files = MemoryFiles::default();
    files.add("main.pyco", source);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let options = Options { opt: level, ..Options::default() };
    let built = build(&files, &options, "main.pyco", &mut sources, &mut sink).expect(source);
    let mut machine = Machine::new();
    machine.load_prg(&built.prg.expect("a program")).unwrap();
    machine.watch(0xC000..=0xCFFF);
    assert_eq!(machine.run(&RunOptions::default(), &mut NoDrive).exit, Exit::Returned, "{source}");
    machine.take_accesses().iter().filter(|access| access.is_write).map(|access| access.address).collect()
}

#[test]
fn mapped_arrays_are_written_once_and_upward() {
    for size in [20u16, 300, 1000, 1500] {
        for statement in ["screen = Data.below", "screen = [7]", "memfill(screen, key)", "screen = text"] {
            let source = format!(
                "text: tuple[byte] = ({})\nscreen: array[byte, {size}][0xC000]\n\n\
                 @singleton\nclass Data:\n    below: array[byte, {size}]\n\n\
                 def main():\n    key: byte = getkey()\n    {statement}\n",
                vec!["5"; size.into()].join(", ")
            );
            for level in [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os] {
                let expected: Vec<u16> = (0xC000..0xC000 + size).collect();
                assert_eq!(written(&source, level), expected, "{level:?}\n{source}");
            }
        }
    }
}
