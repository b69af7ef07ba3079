//! `pycoc run --profile`, `pycoc size` and the listing: where cycles and bytes went, to the last one.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("pycoc-profile-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("game.pyco"), GAME).unwrap();
        Self(path)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Status, standard output and standard error of `pycoc` with these arguments.
    fn pycoc(&self, args: &str) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pycoc"));
        let (name, rest) = args.split_once(' ').unwrap();
        command.arg(name).args(["--message-format", "short"]).args(rest.split_whitespace());
        let done = command.current_dir(&self.0).env("NO_COLOR", "1").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A loop, a function called often, a recursive one, a product by a run-time routine.
const GAME: &str = "\
def fib(n: byte) -> word:
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)

def work(n: word) -> word:
    sum: word = 0
    i: word
    for i in range(n):
        sum += i * n
    return sum

def main():
    print(fib(8), \" \", work(300), \"\\n\")
";

/// The numbers and the name in a row of a table.
fn row(table: &str, name: &str) -> Vec<u64> {
    let named = |l: &&str| l.split_whitespace().any(|word| word == name);
    let line = table.lines().find(named).unwrap_or_else(|| panic!("no {name} in {table}"));
    let words = line.split_whitespace().map(|word| word.replace(',', ""));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// The first column of a table that begins below `heading`, up to an empty line.
fn column(text: &str, heading: &str) -> Vec<u64> {
    let rows = text.lines().skip_while(|l| !l.ends_with(heading)).skip(1).take_while(|l| !l.is_empty());
    rows.filter_map(|l| l.split_whitespace().next()?.replace(',', "").parse().ok()).collect()
}

#[test]
fn every_cycle_of_a_run_is_in_its_profile() {
    let folder = Folder::new("all");
    for level in ["-O0", "-O2"] {
        let (status, out, err) = folder.pycoc(&format!("run game.pyco {level} --profile --stats"));
        assert_eq!((status, out.lines().count()), (0, 1), "{err}");
        let cycles: u64 = err.lines().find_map(|l| l.strip_prefix("cycles: ")).unwrap().parse().unwrap();
        let functions = column(&err, "function");
        assert_eq!(functions.iter().sum::<u64>(), cycles, "{err}");
        assert!(functions.is_sorted_by(|a, b| a >= b), "hottest first: {err}");
        assert_eq!(column(&err, "line").iter().sum::<u64>(), cycles, "{err}");
    }
}

#[test]
fn calls_recursion_and_run_time_routines_are_told_apart() {
    let (_, _, err) = Folder::new("calls").pycoc("run game.pyco -O0 --profile");
    let functions = err.split("line").next().unwrap();
    let fib = row(functions, "fib");
    assert_eq!(fib[2], 67, "fib(8) is 67 calls: {err}");
    assert_eq!(fib[0], fib[1], "it calls only itself: {err}");
    let (work, product) = (row(functions, "work"), row(functions, "rt_mul16"));
    assert_eq!(work[1], work[0] + product[1], "{err}");
    assert_eq!(product[2], 300, "{err}");
}

#[test]
fn a_finished_program_has_the_profile_of_its_source() {
    let folder = Folder::new("prg");
    let (_, _, expected) = folder.pycoc("run game.pyco --profile");
    assert_eq!(folder.pycoc("compile game.pyco --emit debug").0, 0);
    let (status, _, err) = folder.pycoc("run game.prg --profile --flame flame.svg");
    assert_eq!((status, err), (0, expected));
    let flame = folder.text("flame.svg");
    assert!(flame.starts_with("<svg ") && flame.contains("<title>fib: "), "{flame}");
}

#[test]
fn a_program_without_its_map_is_an_error_that_says_how_to_make_it() {
    let folder = Folder::new("without");
    folder.pycoc("compile game.pyco -O1 --emit debug -o game.prg");
    assert_eq!(folder.pycoc("compile game.pyco -O0").0, 0);
    let (status, _, err) = folder.pycoc("size game.prg");
    let text = "Error: 'game.dbg.json' is the debug map of another program than 'game.prg'\n";
    assert!(status == 1 && err.starts_with(text), "{status} {err}");
    fs::write(folder.0.join("game.dbg.json"), "[]").unwrap();
    let (_, _, err) = folder.pycoc("size game.prg");
    assert!(
        err.starts_with("Error: 'game.dbg.json' is not a debug map: there is no number 'load'\n"),
        "{err}"
    );
    let (_, _, err) = folder.pycoc("size game.prg --message-format json");
    assert!(err.contains("\"E5007\""), "{err}");
    fs::remove_file(folder.0.join("game.dbg.json")).unwrap();
    let (_, _, err) = folder.pycoc("run game.prg --profile");
    assert!(err.starts_with("Error: Cannot read 'game.dbg.json': there is no such file\n"), "{err}");
    assert!(err.contains("  help: compile it again with '--emit debug'"), "{err}");
}

#[test]
fn an_interrupt_handler_is_in_the_profile() {
    let folder = Folder::new("irq");
    let source = "\
ticks: byte[0x02F0]

@irq
def tick(vic: byte):
    if vic & 1:
        vic = 1
        ticks += 1
        return

def main():
    ticks = 0
    __set_irq__(tick)
    __enable_raster_irq__(200)
    while ticks < 3:
        pass
";
    fs::write(folder.0.join("irq.pyco"), source).unwrap();
    let (status, _, err) = folder.pycoc("run irq.pyco --profile --max-cycles 1000000 --flame irq.svg");
    assert_eq!(status, 0, "{err}");
    assert_eq!(row(&err, "tick")[2], 6, "three times for the beam, three for the timer: {err}");
    assert!(folder.text("irq.svg").contains(" (interrupt): "));
}

#[test]
fn sizes_add_up_to_the_file_in_text_and_json() {
    let folder = Folder::new("size");
    let (_, text, _) = folder.pycoc("size game.pyco -Os --svg map.svg");
    folder.pycoc("compile game.pyco -Os --emit debug");
    let bytes = fs::metadata(folder.0.join("game.prg")).unwrap().len();
    assert!(text.starts_with(&format!("{bytes} bytes in the file\n")), "{text}");
    for table in ["  kind", "  module"] {
        assert_eq!(column(&text, table).iter().sum::<u64>(), bytes, "{text}");
    }
    assert_eq!(folder.pycoc("size game.prg").1, text);
    let json: Value = serde_json::from_str(&folder.pycoc("size game.prg --json").1).unwrap();
    let parts = json["parts"].as_array().unwrap().iter().filter(|p| p["stored"] == true);
    assert_eq!(parts.map(|p| p["bytes"].as_u64().unwrap()).sum::<u64>(), bytes);
    assert!(folder.text("map.svg").contains("<title>fib: "));
}

#[test]
fn sizes_of_a_module() {
    let folder = Folder::new("lib");
    fs::write(
        folder.0.join("tables.pyco"),
        "row: tuple[byte] = (1, 2, 3)\n\ndef first() -> byte:\n    return row[0]\n",
    )
    .unwrap();
    assert_eq!(folder.pycoc("compile tables.pyco --lib").0, 0);
    let (status, text, err) = folder.pycoc("size TABLES.LIB");
    assert_eq!((status, err.as_str()), (0, ""));
    let bytes = fs::metadata(folder.0.join("TABLES.LIB")).unwrap().len();
    assert_eq!(column(&text, "  kind").iter().sum::<u64>(), bytes, "{text}");
    assert_eq!(row(&text, "row")[0], 5, "three bytes behind their count: {text}");
}
