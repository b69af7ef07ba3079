//! Makes random PyCo programs: well typed, ending, and with an output that depends on nearly all
//! that they compute.
//!
//! In: a seed. Out: the source as a tree of lines, so that `shrink.rs` can leave parts of it out.
//! Invariants: nothing is read before it was written, indices stay in bounds, strings in their
//! capacity, every loop ends; addresses are never printed. What slips through is found by the
//! oracle, which calls such a program undefined, and by the checker. `decl.rs` makes classes,
//! functions and variables, `stmt.rs` statements, `expr.rs` expressions.

mod decl;
mod expr;
pub mod shrink;
mod stmt;
mod types;

use super::compare::{MAIN, MODULE, Source};
use types::{Scope, Ty};

/// A small random number generator (xorshift), the same on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d | 1);
        for _ in 0..4 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// A line, with the lines of its block if it begins one.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub head: String,
    pub body: Option<Vec<Node>>,
}

/// True when all but `main` of the program of this seed is a module of its own.
pub fn is_divided(seed: u64) -> bool {
    seed % 4 == 1
}

/// The source of a program; of some seeds, all but `main` is a module of its own.
pub fn source(nodes: &[Node], seed: u64) -> Source {
    let main_file = MAIN.to_string();
    let is_main = |node: &&Node| node.head.ends_with("def main():");
    if !is_divided(seed) {
        return vec![(main_file, text(nodes))];
    }
    let is_mapped = |node: &&Node| node.head.starts_with('M');
    let part: Vec<Node> = nodes.iter().filter(|n| !is_main(n)).cloned().collect();
    let here: Vec<Node> = nodes.iter().filter(|n| is_main(n) || is_mapped(n)).cloned().collect();
    let names: Vec<&str> = part.iter().filter(|n| !is_mapped(n)).filter_map(|n| defined(&n.head)).collect();
    let import = match names.len() {
        0 => String::new(),
        _ => format!("from part import {}\n", names.join(", ")),
    };
    let text_here = with_prefix(&text(&here), &names);
    vec![(main_file, import + &text_here), (MODULE.to_string(), text(&part))]
}

/// The name that a line at module level defines.
fn defined(head: &str) -> Option<&str> {
    let line = head.lines().last()?;
    let line = line.strip_prefix("def ").or_else(|| line.strip_prefix("class ")).unwrap_or(line);
    line.split(|c: char| !c.is_alphanumeric()).next()
}

/// `text` with the module's name before each of these names.
fn with_prefix(text: &str, names: &[&str]) -> String {
    let mut out = String::new();
    for (i, word) in text.split_inclusive(|c: char| !c.is_alphanumeric()).enumerate() {
        let name = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let is_part_of_a_path = i > 0 && out.ends_with('.');
        if names.contains(&name) && !is_part_of_a_path {
            out.push_str("part.");
        }
        out.push_str(word);
    }
    out
}

/// The source text of a list of lines.
pub fn text(nodes: &[Node]) -> String {
    let mut out = String::new();
    write(nodes, 0, &mut out);
    out
}

fn write(nodes: &[Node], depth: usize, out: &mut String) {
    for node in nodes {
        for line in node.head.lines() {
            *out += &format!("{}{line}\n", "    ".repeat(depth));
        }
        if let Some(body) = &node.body {
            if body.is_empty() {
                *out += &format!("{}pass\n", "    ".repeat(depth + 1));
            }
            write(body, depth + 1, out);
        }
    }
}

/// The program of a seed.
pub fn program(seed: u64) -> Vec<Node> {
    let mut gen_ = Gen::new(seed);
    gen_.whole();
    gen_.top
}

/// A parameter of a function.
#[derive(Clone)]
enum Param {
    Scalar(Ty),
    AliasScalar(Ty),
    AliasArray(Ty, usize),
    AliasObject(usize),
    AliasString(usize),
    Tuple(Ty),
}

/// What a call needs to know about a function or method.
#[derive(Clone)]
struct Func {
    name: String,
    params: Vec<Param>,
    ret: Option<Ty>,
    /// The first parameter is a byte that counts calls down; at most this.
    recursive: Option<usize>,
    /// About how many statements a call executes.
    cost: usize,
}

/// What a class has.
#[derive(Clone, Default)]
struct Class {
    name: String,
    fields: Vec<(String, Ty)>,
    arrays: Vec<(String, Ty, usize)>,
    strings: Vec<(String, usize)>,
    objects: Vec<(String, usize)>,
    methods: Vec<Func>,
    /// Parameters of `__init__`.
    init: Option<Vec<Param>>,
}

struct Gen {
    r: Random,
    top: Vec<Node>,
    /// The blocks that are being written, innermost last.
    blocks: Vec<Vec<Node>>,
    classes: Vec<Class>,
    funcs: Vec<Func>,
    /// Functions that return a string.
    text_funcs: Vec<Func>,
    constants: Vec<(String, i64)>,
    /// Names usable everywhere: singletons, mapped variables, tuples.
    global: Scope,
    scope: Scope,
    /// What the function returns.
    ret: Option<Ty>,
    returns_text: bool,
    /// A name for the call of itself, with its signature.
    own: Option<Func>,
    names: usize,
    /// How often the current statement runs.
    rounds: usize,
    cost: usize,
    loops: usize,
    mapped: bool,
    /// Statements left in this function.
    budget: usize,
}

/// Where the window is in which mapped variables lie, and its part for those without a name.
const WINDOW: usize = 0xC000;
const NAMELESS: usize = WINDOW + 0x80;

/// Statements that one call may execute, about.
const DEAREST_CALL: usize = 400;

impl Gen {
    fn new(seed: u64) -> Self {
        Gen {
            r: Random::new(seed),
            top: Vec::new(),
            blocks: Vec::new(),
            classes: Vec::new(),
            funcs: Vec::new(),
            text_funcs: Vec::new(),
            constants: Vec::new(),
            global: Scope::default(),
            scope: Scope::default(),
            ret: None,
            returns_text: false,
            own: None,
            names: 0,
            rounds: 1,
            cost: 0,
            loops: 0,
            mapped: false,
            budget: 0,
        }
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// Adds a line to the current block.
    fn line(&mut self, text: impl Into<String>) {
        self.cost += self.rounds;
        let node = Node { head: text.into(), body: None };
        match self.blocks.last_mut() {
            Some(block) => block.push(node),
            None => self.top.push(node),
        }
    }

    /// Adds a line with a block, which `fill` writes.
    fn block(&mut self, head: impl Into<String>, fill: impl FnOnce(&mut Self)) {
        self.blocks.push(Vec::new());
        fill(self);
        let body = self.blocks.pop();
        let node = Node { head: head.into(), body };
        match self.blocks.last_mut() {
            Some(block) => block.push(node),
            None => self.top.push(node),
        }
    }
}
