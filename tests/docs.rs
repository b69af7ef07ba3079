//! Every program in the language documents compiles without a message and prints what stands below it.
//!
//! A block ```` ```python ```` is a program; a block ```` ```text ```` right behind it is its output.
//! A block that begins with `# file: NAME` is a file that the programs after it may import.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

const PAGES: &[&str] = &["language.md", "from-basic.md", "from-python.md", "library.md"];

/// A program, with the line where it begins, and its output.
struct Example {
    line: usize,
    program: String,
    output: String,
}

fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else { continue };
        let block: String =
            lines.by_ref().map(|(_, l)| l).take_while(|l| *l != "```").map(|l| format!("{l}\n")).collect();
        match (kind, examples.last_mut()) {
            ("python", _) => {
                examples.push(Example { line: number + 1, program: block, output: String::new() });
            }
            ("text", Some(last)) => last.output = block,
            ("sh", _) => {}
            _ => panic!("line {}: a block of an unknown kind '{kind}'", number + 1),
        }
    }
    examples
}

/// What a program prints, messages included, without blanks at the ends of lines.
fn printed(folder: &PathBuf, program: &str, level: &str) -> String {
    fs::write(folder.join("example.pyco"), program).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pycoc"));
    command.args(["run", "example.pyco", level, "--message-format", "short"]).current_dir(folder);
    let done = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn examples_of_the_documents_print_what_stands_below_them() {
    for page in PAGES {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(page);
        fs::create_dir_all(&folder).unwrap();
        let path = format!("{}/docs/{page}", env!("CARGO_MANIFEST_DIR"));
        let examples = examples(&fs::read_to_string(path).unwrap());
        assert!(!examples.is_empty(), "{page} has no examples");
        for Example { line, program, output } in examples {
            if let Some(name) = program.strip_prefix("# file: ").and_then(|rest| rest.lines().next()) {
                fs::write(folder.join(name), &program).unwrap();
                continue;
            }
            for level in ["-O0", "-O2"] {
                assert_eq!(printed(&folder, &program, level), output, "{page}:{line} at {level}");
            }
        }
    }
}

#[test]
fn a_block_belongs_to_the_program_above_it() {
    let found = examples("x\n```python\na\n```\n```text\nb\n```\n```python\nc\n```\n");
    let parts: Vec<_> = found.iter().map(|e| (e.line, e.program.as_str(), e.output.as_str())).collect();
    assert_eq!(parts, [(2, "a\n", "b\n"), (8, "c\n", "")]);
}
