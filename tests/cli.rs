//! The binary as a user meets it: arguments in, status, standard output and standard error out.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("pycoc-cli-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.0.join(name), content).unwrap();
        self
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    /// Status, standard output and standard error of `pycoc` with these arguments.
    fn pycoc(&self, args: &str) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pycoc"));
        let done = command.args(args.split_whitespace()).current_dir(&self.0).env("NO_COLOR", "1").output();
        let done = done.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const HELLO: &str = "def main():\n    print(\"Hello\")\n";
const BROKEN: &str = "def main():\n    print(\"Hello\"\n";

#[test]
fn wrong_usage_is_status_2() {
    let folder = Folder::new("usage");
    for args in ["", "compil x.pyco", "compile", "compile x.pyco -O9", "run x.prg --max-cycles many"] {
        let (status, out, err) = folder.pycoc(args);
        assert_eq!((status, out.as_str()), (2, ""), "{args}: {err}");
        assert!(err.contains("Usage") || err.contains("--help"), "{args}: {err}");
    }
}

#[test]
fn the_code_after_a_pass_is_printed_when_it_changed_something() {
    let twice = "def main():\n    a: byte = getkey()\n    print(a * 2 + a * 2)\n";
    let folder = Folder::new("print-after").with("twice.pyco", twice);
    let (status, out, err) = folder.pycoc("compile twice.pyco --print-after inline --print-after gvn");
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.starts_with("// after ") && out.contains("func @main()"), "{out}");
    assert!(out.contains("// after inline\n") && out.contains("// after gvn\n"), "{out}");
    assert!(!out.contains("// after shake\n"), "{out}");
}

#[test]
fn help_goes_to_standard_output() {
    let (status, out, err) = Folder::new("help").pycoc("--help");
    assert_eq!((status, err.as_str()), (0, ""));
    for command in ["compile", "check", "run", "inspect", "library", "explain"] {
        assert!(out.contains(&format!("\n  {command} ")), "{command} missing in {out}");
    }
}

#[test]
fn a_missing_file_is_status_4_and_a_near_name_is_offered() {
    let folder = Folder::new("missing").with("hello.pyco", HELLO);
    for command in ["compile", "check", "run"] {
        let (status, _, err) = folder.pycoc(&format!("{command} hallo.pyco --message-format short"));
        assert_eq!(status, 4);
        let expected =
            "Error: Cannot read 'hallo.pyco': there is no such file\n  help: Did you mean 'hello.pyco'?\n";
        assert_eq!(err, expected);
    }
    let (status, _, err) = folder.pycoc("inspect NONE.LIB");
    assert_eq!((status, err.contains("[E5001] Error: Cannot read 'NONE.LIB'")), (4, true), "{err}");
}

#[test]
fn a_source_that_is_not_utf8_is_an_error_at_its_line() {
    let folder = Folder::new("utf8").with("a.pyco", b"# ok\n# caf\xE9\n");
    let (status, out, err) = folder.pycoc("check a.pyco --message-format json");
    assert_eq!((status, out.as_str()), (1, ""));
    let error: serde_json::Value = serde_json::from_str(&err).unwrap();
    assert_eq!((&error["code"], &error["line"], &error["column"]), (&"E0090".into(), &2.into(), &6.into()));
}

#[test]
fn colours_only_where_they_are_wanted() {
    let folder = Folder::new("color").with("a.pyco", b"\xE9");
    let colored = |args| folder.pycoc(args).2.contains('\x1b');
    assert!(!colored("check a.pyco"));
    assert!(!colored("check a.pyco --color never"));
    assert!(colored("check a.pyco --color always"));
}

#[test]
fn explain_takes_codes_of_either_case_and_suggests() {
    let folder = Folder::new("explain");
    let (status, out, err) = folder.pycoc("explain e5001");
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.starts_with("# E5001: a file cannot be read\n"), "{out}");
    let (status, out, err) = folder.pycoc("explain E5O01");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.starts_with("Error: There is no diagnostic 'E5O01'. Did you mean 'E"), "{err}");
    assert!(err.contains("'E5001'"), "{err}");
}

#[test]
fn the_library_can_be_taken_out_and_compiled() {
    let folder = Folder::new("library");
    let (status, out, _) = folder.pycoc("library");
    assert!(status == 0 && out.contains("math    Integer and float functions.\n"), "{out}");
    let (_, source, _) = folder.pycoc("library random");
    let folder = folder.with("random.pyco", &source);
    assert_eq!(folder.pycoc("compile random.pyco --lib"), (0, String::new(), String::new()));
    assert!(folder.has("RANDOM.LIB"));
    let (status, out, err) = folder.pycoc("library maht");
    assert_eq!((status, out.as_str()), (2, ""));
    assert_eq!(err, "Error: The library has no module 'maht'. Did you mean 'math'?\n");
}

#[test]
fn a_program_is_written_beside_its_source_and_runs() {
    let folder = Folder::new("hello").with("hello.pyco", HELLO);
    assert_eq!(folder.pycoc("compile hello.pyco"), (0, String::new(), String::new()));
    assert_eq!(folder.bytes("hello.prg")[..2], [1, 8]);
    assert_eq!(folder.pycoc("run hello.prg"), (0, "HELLO".into(), String::new()));
    let (status, out, _) = folder.pycoc("inspect hello.prg");
    assert_eq!((status, out.contains("loads     $0801-")), (0, true), "{out}");
}

#[test]
fn running_a_source_writes_nothing() {
    let folder = Folder::new("run").with("hello.pyco", HELLO);
    let (status, out, err) = folder.pycoc("run hello.pyco --stats");
    assert_eq!((status, out.as_str()), (0, "HELLO"));
    assert!(err.starts_with("cycles: ") && err.contains("\nprg-bytes: "), "{err}");
    assert!(!folder.has("hello.prg"));
}

#[test]
fn a_failed_compile_leaves_everything_as_it_was() {
    let folder = Folder::new("failed").with("a.pyco", BROKEN).with("a.prg", "old");
    let (status, out, err) = folder.pycoc("compile a.pyco --message-format short");
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.starts_with("a.pyco:"), "{err}");
    assert_eq!(folder.bytes("a.prg"), b"old");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
}

#[test]
fn an_output_that_cannot_be_written_is_status_4() {
    let folder = Folder::new("unwritable").with("hello.pyco", HELLO);
    let (status, _, err) = folder.pycoc("compile hello.pyco -o no/such/x.prg --message-format json");
    assert_eq!(status, 4);
    assert!(err.contains("\"E5002\"") && err.contains("no/such/x.prg"), "{err}");
}

#[test]
fn a_result_never_replaces_a_source() {
    let folder = Folder::new("clash").with("hello.pyco", HELLO);
    let (status, _, err) = folder.pycoc("compile hello.pyco -o ./hello.pyco");
    assert_eq!((status, err.contains("[E5003]")), (1, true), "{err}");
    assert_eq!(folder.bytes("hello.pyco"), HELLO.as_bytes());
}

#[test]
fn a_view_that_a_library_does_not_have_is_told() {
    let folder = Folder::new("views").with("tools.pyco", "def one() -> byte:\n    return 1\n");
    let (status, out, err) = folder.pycoc("compile tools.pyco --lib --emit asm --emit obj");
    assert_eq!((status, out.contains("tools.one:")), (0, true), "{out}");
    assert!(err.contains("[W0501] Warning: A library has no '--emit asm'"), "{err}");
    assert_eq!(err.matches("W0501]").count(), 1, "{err}");
    assert!(folder.has("TOOLS.LIB"));
}

#[test]
fn a_cartridge_is_not_put_on_a_disk() {
    let folder = Folder::new("cartridge").with("game.pyco", "@cartridge(-8)\ndef main():\n    pass\n");
    let (status, _, err) = folder.pycoc("compile game.pyco --d64 game.d64");
    let text = "[E5008] Error: 'game.pyco' makes a cartridge, which cannot be on the disk 'game.d64'\n";
    assert!(status == 1 && err.starts_with(text), "{err}");
    assert!(!folder.has("game.d64") && !folder.has("game.crt"));
}

#[test]
fn what_is_not_a_program_does_not_run() {
    let folder = Folder::new("not-a-program").with("a.prg", [1]);
    for command in ["run", "inspect"] {
        let (status, _, err) = folder.pycoc(&format!("{command} a.prg"));
        assert_eq!((status, err.contains("[E5004]")), (1, true), "{command}: {err}");
    }
}

#[test]
fn a_damaged_module_is_an_error_that_names_it() {
    let folder = Folder::new("damaged").with("A.LIB", b"PL\x01\x01\x00");
    let (status, out, err) = folder.pycoc("inspect A.LIB --message-format short");
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.starts_with("Error: 'A.LIB' is not a valid module: header: "), "{err}");
    assert!(folder.pycoc("inspect A.LIB").2.starts_with("[E4090]"));
}

#[test]
fn every_view_of_a_program_can_be_printed() {
    let folder = Folder::new("emit").with("hello.pyco", HELLO);
    for (kind, part) in [
        ("tokens", "1:1 "),
        ("ast", "Module {"),
        ("hir", "main"),
        ("mir", "main"),
        ("asm", "\nmain:  // "),
        ("obj", "main:  // code, "),
        ("listing", "// hello.pyco:2: print"),
        ("map", "main"),
        ("labels", " .main\n"),
        ("debug", "\"entry\":"),
        ("deps", "hello.prg: hello.pyco\n"),
        ("graph", "digraph program {"),
    ] {
        let (status, out, err) = folder.pycoc(&format!("compile hello.pyco --emit {kind}=-"));
        assert_eq!((status, out.contains(part)), (0, true), "{kind}: {err}{out}");
    }
}

#[test]
fn a_disk_image_holds_the_program() {
    let folder = Folder::new("d64").with("hello.pyco", HELLO);
    assert_eq!(folder.pycoc("compile hello.pyco --d64 hello.d64").0, 0);
    assert_eq!(folder.bytes("hello.d64").len(), 174_848);
    let disk = pycoc::out::d64::read(&folder.bytes("hello.d64")).unwrap();
    assert_eq!(
        (disk.files[0].name.as_slice(), &disk.files[0].data),
        (&b"HELLO"[..], &folder.bytes("hello.prg"))
    );
}

/// A program made of a BASIC line with SYS 2061 and this code.
fn prg(code: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x01\x08\x0B\x08\x0A\x00\x9E2061\x00\x00\x00".to_vec();
    bytes.extend(code);
    bytes
}

/// Prints HI and RETURN through CHROUT, and returns.
const HI: &[u8] = b"\xA9H\x20\xD2\xFF\xA9I\x20\xD2\xFF\xA9\x0D\x4C\xD2\xFF";

#[test]
fn programs_of_other_tools_run_with_figures_and_screen() {
    let folder = Folder::new("other").with("hi.prg", prg(HI));
    assert_eq!(folder.pycoc("run hi.prg"), (0, "HI\n".into(), String::new()));
    let (_, out, err) = folder.pycoc("run hi.prg --stats");
    assert_eq!((out.as_str(), err.as_str()), ("HI\n", "cycles: 39\nprg-bytes: 29\n"));
    let (_, out, _) = folder.pycoc("run hi.prg --screen");
    assert_eq!((out.lines().count(), out.lines().nth(1)), (26, Some("HI")));
    assert_eq!(folder.pycoc("run hi.prg --png hi.png").0, 0);
    assert_eq!(folder.bytes("hi.png")[1..4], *b"PNG");
}

#[test]
fn a_program_that_fails_is_status_3_and_keeps_what_it_printed() {
    let print_then = |code: &[u8]| prg(&[&b"\xA9H\x20\xD2\xFF"[..], code].concat());
    let folder = Folder::new("fails")
        .with("jam.prg", print_then(&[0x02]))
        .with("endless.prg", print_then(b"\x4C\x12\x08"))
        .with("reports.prg", print_then(b"\x4C\x1A\x08PYCO\x02\x60"));
    for (args, text) in [
        ("jam.prg", "the CPU jammed at $0812 (opcode $02)"),
        ("endless.prg --max-cycles 500", "the cycle limit was reached at $0812"),
        ("reports.prg", "the program reported a run-time error"),
    ] {
        let (status, out, err) = folder.pycoc(&format!("run {args} --message-format json"));
        assert_eq!((status, out.as_str()), (3, "H"), "{args}: {err}");
        assert!(err.contains("\"E5005\"") && err.contains(text), "{args}: {err}");
    }
}

#[test]
fn drive_8_is_a_folder_or_an_image() {
    // SETNAM "HI*", SETLFS 8, LOAD to its own address, and jump there.
    let load = b"\xA9\x03\xA2\x27\xA0\x08\x20\xBD\xFF\xA9\x01\xA2\x08\xA0\x01\x20\xBA\xFF\xA9\x00\x20\xD5\xFF\x4C\x00\xC0HI*";
    let folder = Folder::new("drive").with("load.prg", prg(load)).with("hi.prg", [b"\x00\xC0", HI].concat());
    assert_eq!(folder.pycoc("run load.prg --disk ."), (0, "HI\n".into(), String::new()));
    let (status, _, err) = folder.pycoc("run load.prg --disk none.d64");
    assert_eq!((status, err.contains("Cannot read 'none.d64'")), (4, true), "{err}");
}

#[test]
fn equal_sources_give_equal_bytes_in_every_folder() {
    let (one, two) = (Folder::new("same-1"), Folder::new("same-2"));
    let (one, two) = (one.with("hello.pyco", HELLO), two.with("hello.pyco", HELLO));
    assert_eq!(one.pycoc("compile hello.pyco --emit labels").0, 0);
    assert_eq!(two.pycoc("compile hello.pyco --emit labels").0, 0);
    assert_eq!(one.bytes("hello.prg"), two.bytes("hello.prg"));
    assert_eq!(one.bytes("hello.lbl"), two.bytes("hello.lbl"));
}

#[test]
fn a_new_project_is_built_and_run() {
    let folder = Folder::new("project");
    assert_eq!(folder.pycoc("new game").0, 0);
    let (status, out, err) = folder.pycoc("build game");
    assert_eq!((status, out.as_str()), (0, ""), "{err}");
    let disk = pycoc::out::d64::read(&folder.bytes("game/build/game.d64")).unwrap();
    assert_eq!(
        (disk.label.as_slice(), disk.files[0].data.clone()),
        (&b"GAME"[..], folder.bytes("game/build/game.prg"))
    );
    let (status, _, err) = folder.pycoc("new game");
    assert_eq!((status, err.contains("Cannot write 'game': it exists already")), (4, true), "{err}");
    let (status, _, err) = folder.pycoc("run");
    assert_eq!((status, err.contains("Cannot read 'pyco.toml'")), (4, true), "{err}");
}

#[test]
fn a_fault_in_the_project_file_is_shown_there() {
    let folder =
        Folder::new("toml").with("pyco.toml", "[project]\nname = \"x\"\n[build]\noptimize = \"s\"\n");
    let (status, _, err) = folder.pycoc("build --message-format short");
    assert_eq!(status, 1);
    assert_eq!(
        err,
        "pyco.toml:4: Error: 'optimize' is not a key of [build]\n  help: Did you mean 'optimise'?\n"
    );
    assert!(!folder.has("build"));
}
