//! Building and running programs that use the bundled library, in every way.
#![allow(dead_code)]

use std::collections::BTreeMap;

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::driver::build::build;
use pycoc::driver::files::MemoryFiles;
use pycoc::driver::session::{OptLevel, Options, Target};
use pycoc::sim::{Drive, Exit, Machine, RunOptions};

/// The module files of a dynamic program.
struct Disk(BTreeMap<Vec<u8>, Vec<u8>>);

impl Drive for Disk {
    fn open(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        self.0.get(name).cloned()
    }
}

pub const WAYS: [(Target, OptLevel); 4] = [
    (Target::Program, OptLevel::O0),
    (Target::Program, OptLevel::O2),
    (Target::Dynamic, OptLevel::O0),
    (Target::Dynamic, OptLevel::O2),
];

/// What a program prints that is built in one way.
pub fn printed(main: &str, (target, opt): (Target, OptLevel)) -> String {
    let files = MemoryFiles::default();
    files.add("main.pyco", main);
    let options = Options { target, opt, ..Options::default() };
    let mut sink = Sink::default();
    let built = build(&files, &options, "main.pyco", &mut SourceMap::default(), &mut sink);
    let messages: Vec<&str> = sink.iter().map(|d| d.message.as_str()).collect();
    assert!(messages.is_empty(), "{messages:?}\n{main}");
    let built = built.unwrap();
    assert_eq!(built.libs.is_empty(), target == Target::Program);
    let libs = built.libs.into_iter().map(|(name, bytes)| (name.into_bytes(), bytes));
    let mut machine = Machine::new();
    machine.load_prg(&built.prg.unwrap()).unwrap();
    let outcome = machine.run(&RunOptions::default(), &mut Disk(libs.collect()));
    assert_eq!(outcome.exit, Exit::Returned, "{}\n{main}", outcome.output.text);
    outcome.output.text
}

/// Checks what a program prints, however it is built.
pub fn prints(main: &str, expected: &str) {
    for way in WAYS {
        assert_eq!(printed(main, way).trim_end(), expected.trim_end(), "{way:?}");
    }
}
