//! Fixture files: one file is one test, with its command, its input and what is expected.
//!
//! ```text
//! #: test error                 the command, in the first lines: run, error, parse, check, emit KIND,
//!                               lower, opt PASS …
//! #: args --checks              options as on the command line
//! #: prints 42                  what `test run` prints, in place of a trailing block
//! #: input Bob\n                what it types
//! #: fails run-time error       how it ends, if not by returning
//! #: max-cycles 1200            at -O2
//! x: byte = 1                   #! E1020          a diagnostic of this code on this line
//! #--- file: other.pyco         what follows is another file beside the main one
//! #> expected text              at the end; BLESS=1 writes it anew
//! ```
//! In assembly files `//` stands in the place of `#`.

pub mod lowering;

use std::path::{Path, PathBuf};
use std::{env, fs};

use clap::Parser;
use pycoc::cli::args::{Args, Command};
use pycoc::cli::compile::compile_options;
use pycoc::driver::session::Options;

/// A fixture, taken apart.
pub struct Fixture {
    pub path: PathBuf,
    /// The words after `test`.
    pub command: Vec<String>,
    /// The other header lines.
    keys: Vec<(String, String)>,
    /// Name and text of each file; the first is the main one and has the fixture's name.
    pub files: Vec<(String, String)>,
    /// The trailing block, or the `prints` lines; none when there is neither.
    pub expected: Option<String>,
    /// Codes that a `#!` comment expects: file, line, code.
    pub marks: Vec<(String, usize, String)>,
    lead: &'static str,
}

impl Fixture {
    /// Reads a fixture; the error says what is wrong with its form.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let lead = lead(path).ok_or("a fixture ends in .pyco, .mir or .s")?;
        let (body, block) = split_block(&text, lead);
        let header = format!("{lead}: ");
        let keys: Vec<(String, String)> = body
            .lines()
            .filter_map(|line| line.strip_prefix(&header))
            .map(|line| line.split_once(' ').unwrap_or((line, "")))
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        let of =
            |key: &str| keys.iter().filter(|(k, _)| k == key).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
        let command = of("test").first().map(|c| c.split_whitespace().map(str::to_string).collect());
        let prints = of("prints");
        let expected = if prints.is_empty() { block } else { Some(prints.join("\n")) };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = split_files(name, body, lead);
        let marks = files.iter().flat_map(|(name, text)| marks(name, text, lead)).collect();
        let command = command.ok_or_else(|| format!("no line `{header}test …`"))?;
        Ok(Self { path: path.to_path_buf(), command, keys, files, expected, marks, lead })
    }

    /// The value of a header line, the first if there are several.
    pub fn key(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The words of `args`.
    pub fn args(&self) -> Vec<&str> {
        self.key("args").unwrap_or_default().split_whitespace().collect()
    }

    /// Compares with the trailing block, or rewrites it when BLESS is set.
    pub fn compare(&self, actual: &str) -> Result<(), String> {
        let actual = normal(actual);
        let expected = self.expected.as_deref().map(normal);
        if expected.as_ref() == Some(&actual) {
            return Ok(());
        }
        if env::var_os("BLESS").is_some_and(|v| v == "1") && self.key("prints").is_none() {
            return self.bless(&actual);
        }
        match expected {
            None if !self.marks.is_empty() => Ok(()),
            None => Err(format!("no expectation; BLESS=1 writes it. Actual:\n{actual}")),
            Some(expected) => Err(difference(&expected, &actual)),
        }
    }

    fn bless(&self, actual: &str) -> Result<(), String> {
        let text = fs::read_to_string(&self.path).map_err(|e| e.to_string())?;
        let (body, _) = split_block(&text, self.lead);
        let mut new = format!("{}\n", body.trim_end());
        for line in actual.lines() {
            new += format!("{}> {line}", self.lead).trim_end();
            new.push('\n');
        }
        fs::write(&self.path, new).map_err(|e| e.to_string())
    }
}

/// A unified difference of two texts.
pub fn difference(expected: &str, actual: &str) -> String {
    let diff = similar::TextDiff::from_lines(expected, actual);
    format!("{}", diff.unified_diff().context_radius(3).header("expected", "actual"))
}

/// All fixture files below `folder`, ascending.
pub fn fixtures(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(fixtures(&path));
        } else if lead(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The characters that begin a comment in files of this ending.
fn lead(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "pyco" | "mir" => Some("#"),
        "s" => Some("//"),
        _ => None,
    }
}

/// The text without its trailing expectation, and that expectation.
fn split_block<'a>(text: &'a str, lead: &str) -> (&'a str, Option<String>) {
    let mark = format!("{lead}>");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_block = |line: &&&str| line.starts_with(&mark) || line.trim().is_empty();
    let tail = lines.iter().rev().take_while(is_block).count();
    let body: usize = lines[..lines.len() - tail].iter().map(|line| line.len()).sum();
    let block: Vec<&str> = lines[lines.len() - tail..]
        .iter()
        .filter_map(|line| line.strip_prefix(&mark))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end_matches('\n'))
        .collect();
    (&text[..body], (!block.is_empty()).then(|| block.join("\n")))
}

/// Splits at the lines `#--- file: NAME`. The main file keeps its header, which is comments, so
/// that its line numbers are those of the fixture.
fn split_files(main: String, body: &str, lead: &str) -> Vec<(String, String)> {
    let mark = format!("{lead}--- file: ");
    let mut files = vec![(main, String::new())];
    for line in body.split_inclusive('\n') {
        match line.strip_prefix(&mark) {
            Some(name) => files.push((name.trim().to_string(), String::new())),
            None => files.last_mut().expect("never empty").1 += line,
        }
    }
    files
}

/// The codes after `#!` at the ends of lines.
fn marks(name: &str, text: &str, lead: &str) -> Vec<(String, usize, String)> {
    let mark = format!("{lead}! ");
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for code in line.rsplit_once(&mark).map_or("", |(_, codes)| codes).split_whitespace() {
            found.push((name.to_string(), number + 1, code.to_string()));
        }
    }
    found
}

/// Without blanks at the ends of lines and newlines at the end, which editors remove.
fn normal(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_string() + "\n"
}

/// The options of the line `#: args …`, as `pycoc compile` takes them.
pub fn options(fixture: &Fixture) -> Result<Options, String> {
    let words = ["pycoc", "compile", "x"].into_iter().chain(fixture.args());
    let args = Args::try_parse_from(words).map_err(|error| error.to_string())?;
    match args.command {
        Command::Compile(args) => Ok(compile_options(&args)),
        _ => Err("not options of `pycoc compile`".to_string()),
    }
}
