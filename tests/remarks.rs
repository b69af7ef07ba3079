//! `--emit remarks`: what is said, where, and when nothing is.

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::driver::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{Emit, EmitKind, MessageFormat, OptLevel, Options};

/// The remarks about a program, a line each, without their helps.
fn remarks(opt: OptLevel, source: &str) -> Vec<String> {
    let text = emitted(opt, source, MessageFormat::Short);
    text.lines().filter(|line| !line.starts_with(' ')).map(str::to_string).collect()
}

fn emitted(opt: OptLevel, source: &str, message_format: MessageFormat) -> String {
    let files = MemoryFiles::default();
    files.add("x.pyco", source);
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let emit = vec![Emit { kind: EmitKind::Remarks, path: None }];
    let options = Options { opt, emit, message_format, ..Options::default() };
    let built = build::build(&files, &options, "x.pyco", &mut sources, &mut sink).unwrap();
    assert_eq!(sink.iter().count(), 0, "remarks are no messages");
    String::from_utf8(built.emits.into_iter().next().unwrap().1).unwrap()
}

#[test]
fn code_that_costs_nothing_has_no_remarks() {
    let source = "\
def main():
    screen: array[byte, 1000][0x0400]
    i: byte
    for i in range(40):
        screen[i] = i * 2
";
    assert_eq!(remarks(OptLevel::O2, source), [] as [&str; 0]);
}

#[test]
fn loops_and_indices_of_16_bits_are_told_with_their_reason() {
    let source = "\
def main():
    n: word[0x02F0]
    out: byte[0x02F2]
    a: array[byte, 1000] = [1]
    i: word = n
    while i < 1000:
        i = i * 2 + a[i]
    for i in range(n):
        out = 1
    for i in range(600):
        out = 2
";
    let expected = [
        "x.pyco:7: Remark: This element is reached by a 16-bit index: a has 1000 bytes",
        "x.pyco:8: Remark: This loop counts in 16 bits: its end is not known to be at most 256",
        "x.pyco:10: Remark: This loop counts in 16 bits: it counts to 600",
    ];
    assert_eq!(remarks(OptLevel::O2, source), expected);
}

#[test]
fn calls_that_stay_are_told_with_their_reason() {
    let source = "\
out: byte[0x02F2]

def fact(n: byte) -> byte:
    if n < 2:
        return 1
    return n * fact(n - 1)

def wait():
    __asm__(\"\"\"
        nop
    \"\"\")

def main():
    out = fact(out)
    wait()
";
    let found = remarks(OptLevel::O2, source);
    let wait = "x.pyco:15: Remark: 'wait' was not copied into its caller: it contains assembly";
    for line in [
        "x.pyco:3: Remark: 'fact' saves its variables on the stack at every call",
        "x.pyco:6: Remark: 'fact' was not copied into its caller: it calls itself",
        wait,
    ] {
        assert!(found.iter().any(|l| l == line), "no {line} in {found:#?}");
    }
    assert!(!remarks(OptLevel::O0, source).iter().any(|l| l == wait), "at -O0 nothing is copied");
}

#[test]
fn routines_are_named() {
    let source = "\
a: byte[0x02F0]
b: byte[0x02F1]

def main():
    a = a / b
    a = a << b
";
    let expected = [
        "x.pyco:5: Remark: This division calls the run-time routine 'rt_udiv8'",
        "x.pyco:6: Remark: This shift calls the run-time routine 'rt_shl8'",
    ];
    assert_eq!(remarks(OptLevel::O2, source), expected);
}

#[test]
fn remarks_have_the_format_of_messages() {
    let source = "a: byte[0x02F0]\n\ndef main():\n    a = a / a\n";
    let human = emitted(OptLevel::O2, source, MessageFormat::Human);
    assert!(human.starts_with("[R0006] Remark: This division calls"), "{human}");
    assert!(!human.contains('\x1b'), "{human:?}");
    let json = emitted(OptLevel::O2, source, MessageFormat::Json);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["severity"], &json["line"]), (&"remark".into(), &4.into()));
}
