//! `pycoc reduce`: a source becomes smaller while a command succeeds.

use std::process::{Command, Output};
use std::{env, fs};

const SOURCE: &str = "\
def other(n: byte) -> byte:
    return n + 1


def main():
    i: byte
    for i in range(3):
        if i == 1:
            print(\"FOUND \", other(i), \"\\n\")
    print(\"END\\n\")
";

fn reduce(name: &str, check: &str) -> (Output, String) {
    let folder = env::temp_dir().join(format!("pycoc-reduce-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a b.pyco"), SOURCE).unwrap();
    let pycoc = env!("CARGO_BIN_EXE_pycoc");
    let check = check.replace("PYCOC", pycoc);
    let args = ["reduce", "a b.pyco", "--check", &check];
    let output = Command::new(pycoc).args(args).current_dir(&folder).output().unwrap();
    let text = fs::read_to_string(folder.join("a b.reduced.pyco")).unwrap_or_default();
    fs::remove_dir_all(&folder).unwrap();
    (output, text)
}

#[test]
fn what_the_fault_does_not_need_goes() {
    let (output, text) = reduce("small", "PYCOC run {} --message-format short | grep -q FOUND");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text, "def main():\n    print(\"FOUND \")\n");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("10 lines became 2 in"), "{output:?}");
}

#[test]
fn a_check_that_fails_at_once_is_an_error() {
    let (output, _) = reduce("fails", "false");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("E5012") && text.contains("The check fails for 'a b.pyco' itself"), "{text}");
}
