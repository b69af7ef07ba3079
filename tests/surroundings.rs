//! Faults and oddities of the surroundings: names, line ends, folders, rights, disks. Each gives the
//! right result or a clear error with status 4, and a failed compile leaves the old output alone.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("pycoc-around-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), content).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pycoc"));
        command.args(args).current_dir(&self.0).env("NO_COLOR", "1");
        command
    }

    /// Status, standard output and standard error.
    fn pycoc(&self, args: &[&str]) -> (i32, String, String) {
        let done = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
    }

    /// The names in the folder, ascending.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap().flatten();
        let mut names: Vec<String> = entries.map(|e| e.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const HELLO: &str = "def main():\n    print(\"Hello\")\n";

/// Rights mean nothing to the superuser.
fn is_superuser() -> bool {
    let probe = Folder::new("probe");
    probe.write("x", "x");
    let path = probe.0.join("x");
    let mut rights = fs::metadata(&path).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&path, rights).unwrap();
    fs::OpenOptions::new().append(true).open(path).is_ok()
}

#[test]
fn names_may_have_blanks_and_any_letters() {
    let folder = Folder::new("names");
    for (name, prg) in
        [("my game.pyco", "my game.prg"), ("größe→π.pyco", "größe→π.prg"), ("a.b.pyco", "a.b.prg")]
    {
        folder.write(name, HELLO);
        assert_eq!(folder.pycoc(&["compile", name]), (0, String::new(), String::new()), "{name}");
        assert_eq!(folder.pycoc(&["run", prg]).1, "HELLO", "{name}");
    }
}

#[test]
fn modules_are_found_in_folders_with_any_name() {
    let folder = Folder::new("folders");
    fs::create_dir(folder.0.join("ö ä")).unwrap();
    folder.write("ö ä/part.pyco", "def one() -> byte:\n    return 1\n");
    folder.write("main.pyco", "from part import one\n\ndef main():\n    print(part.one())\n");
    let (status, out, err) = folder.pycoc(&["run", "main.pyco", "-M", "ö ä"]);
    assert_eq!((status, out.as_str()), (0, "1"), "{err}");
}

#[test]
fn line_ends_and_a_byte_order_mark_make_no_difference() {
    let folder = Folder::new("line-ends");
    let text = "# é\ndef main():\n    s: string = \"A\" \\\n        \"B\"\n    print(s,\n        len(s))\n";
    let forms: [(&str, Vec<u8>); 3] = [
        ("unix.pyco", text.into()),
        ("dos.pyco", text.replace('\n', "\r\n").into()),
        ("mark.pyco", [b"\xEF\xBB\xBF", text.replace('\n', "\r\n").as_bytes()].concat()),
    ];
    for (name, bytes) in &forms {
        folder.write(name, bytes);
        let (status, out, err) = folder.pycoc(&["run", name]);
        assert_eq!((status, out.as_str()), (0, "AB2"), "{name}: {err}");
    }
}

#[test]
fn an_error_behind_a_byte_order_mark_has_its_place() {
    let folder = Folder::new("mark");
    folder.write("a.pyco", b"\xEF\xBB\xBFdef main():\r\n    x = 1\r\n");
    let (status, _, err) = folder.pycoc(&["check", "a.pyco", "--message-format", "json"]);
    let error: serde_json::Value = serde_json::from_str(err.lines().next().unwrap()).unwrap();
    assert_eq!((status, &error["line"], &error["column"]), (1, &2.into(), &5.into()), "{err}");
}

#[test]
fn a_source_without_a_last_line_end_is_whole() {
    let folder = Folder::new("last-line");
    folder.write("a.pyco", HELLO.trim_end());
    assert_eq!(folder.pycoc(&["run", "a.pyco"]).1, "HELLO");
}

#[test]
fn an_output_that_is_no_place_for_a_file_is_status_4_and_nothing_is_written() {
    let folder = Folder::new("places");
    folder.write("a.pyco", HELLO);
    // An output that is a folder takes the program, unless its place in there is a folder too.
    fs::create_dir_all(folder.0.join("folder/a.prg")).unwrap();
    let long = "x".repeat(300) + ".prg";
    let places = [
        ("missing/a.prg", "the folder does not exist"),
        ("folder", "it is a folder"),
        ("a.pyco/a.prg", "a part of the path is not a folder"),
        (long.as_str(), "the name is too long"),
    ];
    for (place, reason) in places {
        let (status, out, err) = folder.pycoc(&["compile", "a.pyco", "-o", place]);
        assert_eq!((status, out.as_str()), (4, ""), "{place}: {err}");
        assert!(err.contains("[E5002]") && err.contains(reason), "{place}: {err}");
    }
    assert_eq!(folder.names(), ["a.pyco", "folder"]);
    assert_eq!(fs::read_dir(folder.0.join("folder/a.prg")).unwrap().count(), 0);
}

#[test]
fn a_source_that_cannot_be_read_is_status_4() {
    let folder = Folder::new("sources");
    fs::create_dir(folder.0.join("folder.pyco")).unwrap();
    let long = "x".repeat(300) + ".pyco";
    for (place, reason) in
        [("folder.pyco", "it is a folder"), (long.as_str(), "the name is too long"), ("", "no such file")]
    {
        let (status, _, err) = folder.pycoc(&["compile", place]);
        assert_eq!(status, 4, "{place}: {err}");
        assert!(err.contains("[E5001]") && err.contains(reason), "{place}: {err}");
    }
}

#[test]
fn very_long_paths_work_as_far_as_the_system_lets_them() {
    let folder = Folder::new("long");
    let deep = ["d".repeat(200), "e".repeat(200), "f".repeat(200)].join("/");
    fs::create_dir_all(folder.0.join(&deep)).unwrap();
    let source = format!("{deep}/a.pyco");
    folder.write(&source, HELLO);
    assert_eq!(folder.pycoc(&["compile", &source]), (0, String::new(), String::new()));
    assert_eq!(folder.pycoc(&["run", &format!("{deep}/a.prg")]).1, "HELLO");
}

#[test]
fn without_the_right_to_write_the_old_output_stays() {
    if is_superuser() {
        return;
    }
    let folder = Folder::new("rights");
    folder.write("a.pyco", HELLO);
    folder.write("a.prg", "old");
    let path = folder.0.join("a.prg");
    let mut rights = fs::metadata(&path).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&path, rights).unwrap();
    let (status, _, err) = folder.pycoc(&["compile", "a.pyco"]);
    assert_eq!((status, err.contains("permission denied")), (4, true), "{err}");
    assert_eq!(fs::read(path).unwrap(), b"old");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_status_4() {
    let folder = Folder::new("full");
    folder.write("a.pyco", HELLO);
    let (status, _, err) = folder.pycoc(&["compile", "a.pyco", "-o", "/dev/full"]);
    assert_eq!((status, err.contains("the disk is full")), (4, true), "{err}");
    assert_eq!(folder.names(), ["a.pyco"]);
}

#[test]
fn a_closed_output_is_no_crash() {
    let folder = Folder::new("closed");
    folder.write("a.pyco", "def main():\n    i: word\n    for i in range(9999):\n        print(i)\n");
    let mut child =
        folder.command(&["run", "a.pyco"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(!err.contains("panicked") && !err.contains("internal error"), "{err}");
}

#[test]
fn a_killed_compile_leaves_the_old_output() {
    let folder = Folder::new("killed");
    let lines: String = (0..3000).map(|i| format!("    print({i})\n")).collect();
    folder.write("a.pyco", format!("def main():\n{lines}"));
    folder.write("a.prg", "old");
    let mut child = folder.command(&["compile", "a.pyco"]).spawn().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read(folder.0.join("a.prg")).unwrap(), b"old");
    assert_eq!(folder.names(), ["a.prg", "a.pyco"]);
}
