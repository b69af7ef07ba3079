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
    ("caesar.pyco", &[], "PHHW PH DW WKH KDUERXU\nMEET ME AT THE HARBOUR\n"),
    ("collatz.pyco", &[], "231 NEEDS 127 STEPS\n"),
    (
        "fibonacci.pyco",
        &[],
        "0 1 1 2 3 5 8 13 21 34 55 89 144 233 377 610 987 1597 2584 4181 6765 10946 17711 28657 46368 75025 121393 196418 317811 514229 832040 1346269 2178309 3524578 5702887 9227465 14930352 24157817 39088169 63245986 102334155 165580141 267914296 433494437 701408733 1134903170 1836311903 2971215073 \n",
    ),
    (
        "guess.pyco",
        &["--input", "50\\n25\\n37\\n"],
        "I THINK OF A NUMBER FROM 1 TO 99.\nYOUR GUESS? 50\nLOWER!\nYOUR GUESS? 25\nHIGHER!\nYOUR GUESS? 37\nFOUND IN 3 TRIES.\n",
    ),
    (
        "hanoi.pyco",
        &[],
        "DISK 3: A TO C\nDISK 4: A TO B\nDISK 3: C TO B\nDISK 5: A TO C\nDISK 3: B TO A\nDISK 4: B TO C\nDISK 3: A TO C\n31 MOVES\n",
    ),
    (
        "life.pyco",
        &[],
        "..........\n..........\n..........\n....*.....\n.....*....\n...***....\n..........\n..........\n",
    ),
    ("queens.pyco", &[], "15863724 16837425 17468253 17582463 \n92 WAYS\n"),
    (
        "temperatures.pyco",
        &[],
        "-10 C = 14 F\n0 C = 32 F\n10 C = 50 F\n20 C = 68 F\n30 C = 86 F\n40 C = 104 F\n",
    ),
    ("wave.pyco", &[], ""),
    (
        "darts.pyco",
        &[],
        "PI IS 3.141593, THE DARTS SAY 3.184\n  20 *\n  76 ****\n 130 ********\n 168 **********\n 227 **************\n 273 *****************\n 320 ********************\n 378 ***********************\n",
    ),
    (
        "blocks.pyco",
        &["--input", "AASDDS SASDDDDDSAAASDDSASDDSQ"],
        "SCORE 18 LINES 0 LEVEL 0\n1 1000\n2 500\n3 100\n",
    ),
    (
        "lighthouse.pyco",
        &[
            "--input",
            "TAKE THE LAMP\\nN\\nTAKE MATCHES\\nN\\nTAKE KEY\\nS\\nE\\nUSE LAMP\\nLOOK\\nUSE KEY\\nN\\nUSE MATCHES\\n",
        ],
        "= BEACH =\nWAVES ROLL ONTO GREY SAND. A PATH LEADS NORTH.\nYOU SEE: LAMP.\n> TAKE THE LAMP\nTAKEN: LAMP.\n> N\n= GATE =\nAN IRON GATE. PATHS LEAD NORTH AND EAST.\nYOU SEE: MATCHES.\n> TAKE MATCHES\nTAKEN: MATCHES.\n> N\n= GARDEN =\nROSES HAVE GROWN OVER A STONE BENCH.\nYOU SEE: KEY, ROSE.\n> TAKE KEY\nTAKEN: KEY.\n> S\n= GATE =\n> E\nIT IS PITCH DARK.\n> USE LAMP\nTHE LAMP BURNS.\n> LOOK\n= LIGHTHOUSE =\nA ROUND ROOM WITH A STAIR GOING UP.\n> USE KEY\nTHE DOOR TO THE NORTH OPENS.\n> N\n= LANTERN ROOM =\nTHE GREAT LENS WAITS FOR A FLAME.\n> USE MATCHES\nLIGHT FLOODS THE SEA. YOU HAVE WON!\nSCORE 105 IN 12 TURNS: KEEPER\n",
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
