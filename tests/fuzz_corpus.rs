//! The corpus of the fuzzers, run through their checks without a fuzzer.

use std::fs;
use std::path::Path;

#[allow(dead_code)]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::checks;

/// Runs `check` on every file of a corpus folder; a panic is shown after the file's name.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    for path in paths {
        println!("{}", path.display());
        check(&fs::read(&path).unwrap());
    }
}

#[test]
fn sources() {
    replay("source", checks::source);
}

#[test]
fn tokens() {
    replay("tokens", checks::tokens);
}

#[test]
fn libraries() {
    replay("library", checks::library);
}

#[test]
fn disks() {
    replay("disk", checks::disk);
}

#[test]
fn programs() {
    replay("program", checks::program);
}

#[test]
fn assembler_texts() {
    replay("assembler", checks::assembler);
}

#[test]
fn compilations() {
    replay("compile", checks::compile);
}
