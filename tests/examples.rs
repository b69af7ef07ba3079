//! Every program in `examples/` prints what it should.

use std::fs;
use std::process::Command;

/// File, options of `pycoc run`, what is printed.
const EXAMPLES: &[(&str, &[&str], &str)] = &[
    ("average.pyco", &[], "MEAN 1005.6 HPA\n----------\n"),
    (
        "greeting.pyco",
        &["--input", "Bob\\n"],
        "WHAT IS YOUR NAME? BOB\nHELLO, BOB!\nYOUR NAME HAS 3 LETTERS.\n",
    ),
    ("hello.pyco", &[], "HELLO, C64!\n"),
    // The demonstration plays itself, the same way each time.
    ("meteors.pyco", &["--input", "DQ"], "BEST SCORE 405\n"),
    ("modules/main.pyco", &[], "1: 8\n2: 12\n3: 8\n4: 10\n5: 14\n6: 8\n"),
    ("shapes.pyco", &[], "ROOF 50\nWALLS 264\n"),
    (
        "sieve.pyco",
        &[],
        "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97 101 103 107 109 113 127 131 \
         137 139 149 151 157 163 167 173 179 181 191 193 197 199 \n",
    ),
    ("stripes.pyco", &["--input", " "], ""),
];

fn run(file: &str, args: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pycoc"));
    command.arg("run").arg(file).args(args).args(["--color", "never"]);
    let done = command.current_dir(format!("{}/examples", env!("CARGO_MANIFEST_DIR"))).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

#[test]
fn examples_print_what_they_should() {
    for (file, args, expected) in EXAMPLES {
        for level in ["-O0", "-O2", "-Os"] {
            let args: Vec<&str> = args.iter().copied().chain([level]).collect();
            assert_eq!(run(file, &args), (true, expected.to_string(), String::new()), "{file} {level}");
        }
    }
}

#[test]
fn every_example_is_in_the_list() {
    let folder = format!("{}/examples", env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let listed = EXAMPLES.iter().any(|(file, ..)| *file == name || file.starts_with(&format!("{name}/")));
        assert!(listed || name.ends_with(".prg"), "examples/{name} is not tested");
    }
}
