//! Texts that are nearly programs, from the choices of a fuzzer.
//!
//! In: choices. Out: the text of a main file. Invariant: the text consists of real tokens, with
//! blocks of legal indentation unless a choice breaks it; everything else may be wrong. Not here:
//! correct programs, which `tests/programs/` makes.

use arbitrary::{Result, Unstructured};
use pycoc::syntax::token::{Kw, Sym};

/// Longest program, in lines, and deepest expression.
const LINES: usize = 60;
const DEPTH: usize = 3;

/// Forms of lines: `$n` a name, `$f` a function or class, `$t` a type, `$e` an expression, `$p` a
/// place, `$c` a constant, `$o` an assignment operator, `$w` any tokens. A line that ends with a
/// colon opens a block.
const LINES_AT_TOP: &[&str] = &[
    "def $f():",
    "def $f($n: $t):",
    "def $f($n: $t, $n: $t) -> $t:",
    "def main():",
    "class $f:",
    "class $f($f):",
    "@$d",
    "@$d($c)",
    "NAME = $e",
    "TABLE = ($c, $c, $c)",
    "$n: $t = $e",
    "$n: tuple[$t] = ($c, $c)",
    "$n: relocate[tuple[byte], $c] = ($c, $c)",
    "$n: $t[$c]",
    "include(\"$n\")",
    "from $n import $f, $n",
    "module $n@1.$c",
    "\"\"\"text $w\"\"\"",
    "$w",
];

const LINES_INSIDE: &[&str] = &[
    "$n: $t",
    "$n: $t = $e",
    "$n: $t = $e",
    "$n: $t = [$e]",
    "$n: $t = ($e, $e)",
    "$p = $e",
    "$p = $e",
    "$p $o $e",
    "$f($e)",
    "$f($e, $e)",
    "$n.$f($e)",
    "self.$n = $e",
    "super.$f($e)",
    "print($e, $e)",
    "$b($e)",
    "$b($e, $e)",
    "$b($e, $e, $e)",
    "if $e:",
    "elif $e:",
    "else:",
    "while $e:",
    "for $n in range($e):",
    "for $n in range($e, $e):",
    "for $n in range($e, $e, $c):",
    "for _ in range($e):",
    "break",
    "continue",
    "pass",
    "...",
    "return",
    "return $e",
    "def $f():",
    "@$d",
    "__asm__(\"\"\"\nlda {$n}\n$n: sta $c\njmp $f\n\"\"\")",
    "__asm__(\"\"\"$w\"\"\")",
    "$w",
];

const NAMES: &[&str] = &["a", "b", "c", "i", "s", "x", "self.a", "self.x", "C.a", "_p", "TABLE", "NAME"];
const DEFINED: &[&str] = &["f", "g", "h", "C", "D", "C.f", "main", "__init__", "__str__", "super.f"];
const TYPES: &[&str] = &[
    "byte",
    "word",
    "int",
    "sbyte",
    "bool",
    "char",
    "dword",
    "long",
    "float",
    "f16",
    "f32",
    "string",
    "string[8]",
    "array[byte, 10]",
    "array[word, 300]",
    "array[C, 4]",
    "array[$t, 3]",
    "tuple[byte]",
    "tuple[$t]",
    "alias[byte]",
    "alias[C]",
    "alias[string[8]]",
    "alias[array[byte, 10]]",
    "alias[$t]",
    "C",
    "D",
    "byte[$c]",
    "array[byte, 40][0x0400]",
    "irq_safe[word[0xC000]]",
    "$t[$c]",
];
const CONSTANTS: &[&str] = &[
    "0",
    "1",
    "2",
    "7",
    "-1",
    "255",
    "256",
    "1000",
    "65535",
    "0xD020",
    "0xFFFFFFFF",
    "1.5",
    "1e30",
    "True",
    "\"x\"",
    "\"hello\"",
    "'A'",
    "\"\"",
    "s\"ab\"",
    "NAME",
];
const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or",
];
const ASSIGNING: &[&str] = &["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="];
const BUILTINS: &[&str] = &[
    "print",
    "printsep",
    "sprint",
    "str",
    "len",
    "size",
    "getkey",
    "waitkey",
    "abs",
    "min",
    "max",
    "memfill",
    "blkcpy",
    "addr",
    "alias",
    "const",
    "__sei__",
    "__nop__",
    "__set_irq__",
    "__set_raster__",
    "__get_raster__",
];
const DECORATORS: &[&str] = &[
    "forward",
    "mapped",
    "naked",
    "relocate",
    "irq",
    "irq_raw",
    "irq_hook",
    "irq_helper",
    "lowercase",
    "kernal",
    "noreturn",
    "origin",
    "charset_rom",
    "cartridge",
    "singleton",
];

/// A program; one that ends early when the choices run out.
pub fn program(u: &mut Unstructured) -> String {
    let mut writer = Writer { text: String::new(), depth: 0 };
    let mut indent = 0;
    let mut opened = false;
    for _ in 0..LINES {
        if u.is_empty() {
            break;
        }
        indent = if opened {
            indent + 1
        } else {
            indent - usize::from(u.ratio(1, 4).unwrap_or(false)).min(indent)
        };
        let forms = if indent == 0 { LINES_AT_TOP } else { LINES_INSIDE };
        let Ok(form) = u.choose(forms) else { break };
        writer.text += &"    ".repeat(indent);
        let complete = writer.form(form, u);
        opened = form.ends_with(':');
        writer.text.push('\n');
        if complete.is_err() {
            break;
        }
    }
    if opened {
        writer.text += &"    ".repeat(indent + 1);
        writer.text += "pass\n";
    }
    writer.text
}

struct Writer {
    text: String,
    /// Of the expression or type that is being written.
    depth: usize,
}

impl Writer {
    /// Writes a form with its holes filled.
    fn form(&mut self, form: &str, u: &mut Unstructured) -> Result<()> {
        let mut rest = form;
        while let Some((before, after)) = rest.split_once('$') {
            self.text += before;
            let mut kinds = after.chars();
            let kind = kinds.next();
            rest = kinds.as_str();
            match kind {
                Some('n') => self.text += u.choose(NAMES)?,
                Some('f') => self.text += u.choose(DEFINED)?,
                Some('t') => self.nested(TYPES, u)?,
                Some('e') => self.expression(u)?,
                Some('p') => self.place(u)?,
                Some('c') => self.text += u.choose(CONSTANTS)?,
                Some('o') => self.text += u.choose(ASSIGNING)?,
                Some('b') => self.text += u.choose(BUILTINS)?,
                Some('d') => self.text += u.choose(DECORATORS)?,
                _ => self.any(u)?,
            }
        }
        self.text += rest;
        Ok(())
    }

    /// A form that may hold holes of its own kind, to a limit.
    fn nested(&mut self, forms: &[&str], u: &mut Unstructured) -> Result<()> {
        let form = *u.choose(forms)?;
        if self.depth >= DEPTH {
            self.text += forms[0];
            return Ok(());
        }
        self.depth += 1;
        let complete = self.form(form, u);
        self.depth -= 1;
        complete
    }

    fn place(&mut self, u: &mut Unstructured) -> Result<()> {
        self.nested(&["$n", "$n", "$n[$e]", "$n.$n", "$n[$e].$n", "byte[$e]", "$f"], u)
    }

    fn expression(&mut self, u: &mut Unstructured) -> Result<()> {
        let operator = *u.choose(OPERATORS)?;
        if self.depth >= DEPTH {
            return self.form("$c", u);
        }
        self.depth += 1;
        let complete = match u.int_in_range(0..=11)? {
            0 | 1 => self.form("$c", u),
            2 | 3 => self.form("$n", u),
            4 | 5 => self.form(&format!("$e {operator} $e"), u),
            6 => self.form(&format!("($e {operator} $e)"), u),
            7 => self.form("$p", u),
            8 => self.form("$f($e)", u),
            9 => self.form(if operator < "-" { "-$e" } else { "not $e" }, u),
            10 => self.form("$b($e)", u),
            _ => self.form("$t($e)", u),
        };
        self.depth -= 1;
        complete
    }

    /// A few tokens in any order.
    fn any(&mut self, u: &mut Unstructured) -> Result<()> {
        for _ in 0..u.int_in_range(0..=7)? {
            match u.int_in_range(0..=5)? {
                0 => self.text += u.choose(Kw::ALL)?.text(),
                1 | 2 => self.text += u.choose(Sym::ALL)?.text(),
                3 => self.text += u.choose(NAMES)?,
                4 => self.text += u.choose(CONSTANTS)?,
                _ => self.nested(TYPES, u)?,
            }
            self.text.push(' ');
        }
        Ok(())
    }
}
