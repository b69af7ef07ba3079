//! Makes random PyCo programs: well typed, ending, and with an output that depends on nearly all
//! that they compute.
//!
//! In: a seed. Out: the source as a tree of lines, so that `shrink.rs` can leave parts of it out.
//! Invariants: nothing is read before it was written, indices stay in bounds, strings in their
//! capacity, every loop ends; addresses are never printed. What slips through is found by the
//! oracle, which calls such a program undefined, and by the checker. `class.rs` makes classes,
//! `data.rs` constants and data, `decl.rs` functions and variables, `machine.rs` interrupt code and
//! what else needs the machine, `alias.rs` aliases, `stmt.rs`, `loops.rs` and `bulk.rs` statements,
//! `field.rs` large arrays, `reach.rs` and `border.rs` accesses where a byte as the index ends, `meet.rs`
//! places with several names, `expr.rs`, `sums.rs`, `results.rs`, `paths.rs` and `text.rs` expressions;
//! `files.rs` divides a program into files.
//!
//! Deliberately not here: forms of writing that leave no trace in the typed tree (comments, docstrings,
//! line continuation, spelling of numbers but for a few), which `tests/parse.rs` has; versions and
//! folders of modules (`tests/modules.rs`); `@noreturn`, `@cartridge` and `@mapped` functions, which
//! leave the program (`tests/link.rs`, `tests/cli.rs`); memory beyond the program's own, such as sprites
//! and sound (`examples/`); strings that are too long and indices out of bounds, which mean nothing.

mod alias;
mod border;
mod bulk;
mod class;
mod data;
mod decl;
mod expr;
mod field;
mod files;
mod loops;
mod machine;
mod meet;
mod paths;
mod reach;
mod results;
pub mod shrink;
mod stmt;
mod sums;
mod text;
mod types;

pub use files::{is_divided, source};
use types::{INTEGERS, SCALARS, Scope, Ty};

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
    /// A string that is only read, of any length.
    Literal,
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
    /// Interrupt code may call it: integers only, nothing printed, no memory but its own.
    pure: bool,
}

/// What a class has.
#[derive(Clone, Default)]
struct Class {
    name: String,
    fields: Vec<Field>,
    arrays: Vec<(String, Ty, usize)>,
    tuples: Vec<(String, Ty, usize)>,
    strings: Vec<(String, usize)>,
    objects: Vec<(String, usize)>,
    /// Arrays of objects: name, class, count.
    object_arrays: Vec<(String, usize, usize)>,
    links: Vec<(String, Link)>,
    methods: Vec<Func>,
    /// Parameters of `__init__`.
    init: Option<Vec<Param>>,
    /// It has `__str__`.
    has_text: bool,
    is_singleton: bool,
    /// Its objects take no room.
    is_mapped: bool,
}

/// What a property that is an alias leads to.
#[derive(Clone, Copy)]
enum Link {
    Scalar(Ty),
    Object(usize),
}

/// A scalar property.
#[derive(Clone)]
struct Field {
    name: String,
    ty: Ty,
    mapped: bool,
}

struct Gen {
    r: Random,
    top: Vec<Node>,
    /// The blocks that are being written, innermost last.
    blocks: Vec<Vec<Node>>,
    classes: Vec<Class>,
    /// Singletons with large arrays, which `main` fills and goes through.
    fields: Vec<String>,
    funcs: Vec<Func>,
    divisions: Vec<sums::Division>,
    builders: Vec<results::Builders>,
    /// Functions that return a string, and those that return an object with its class.
    text_funcs: Vec<Func>,
    object_funcs: Vec<(Func, usize)>,
    /// Functions that return an array, with its type and length.
    array_funcs: Vec<(Func, Ty, usize)>,
    constants: Vec<(String, i64)>,
    real_constants: Vec<String>,
    /// Functions for handlers only.
    helpers: Vec<Func>,
    /// Functions in assembly: a byte in, a byte out.
    naked: Vec<String>,
    /// Keys are read.
    keys: bool,
    /// Interrupts of the raster are on.
    raster: bool,
    /// In `main`, whose variables outlive all calls.
    in_main: bool,
    /// Names usable everywhere: singletons, mapped variables, tuples.
    global: Scope,
    scope: Scope,
    /// What the function returns.
    ret: Option<Ty>,
    returns_text: bool,
    returns_object: Option<usize>,
    /// What may be called one level deeper: itself, and a function that is declared forward.
    own: Vec<(String, Func)>,
    names: usize,
    /// How often the current statement runs.
    rounds: usize,
    cost: usize,
    loops: usize,
    mapped: bool,
    /// The next address for a mapped variable.
    next_mapped: usize,
    /// Everything is integers and local.
    pure: bool,
    small: bool,
    /// With assembly, for which the machine at `-O0` is the only judge.
    assembly: bool,
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
            fields: Vec::new(),
            funcs: Vec::new(),
            divisions: Vec::new(),
            builders: Vec::new(),
            text_funcs: Vec::new(),
            object_funcs: Vec::new(),
            array_funcs: Vec::new(),
            constants: Vec::new(),
            real_constants: Vec::new(),
            helpers: Vec::new(),
            naked: Vec::new(),
            keys: false,
            raster: false,
            in_main: false,
            global: Scope::default(),
            scope: Scope::default(),
            ret: None,
            returns_text: false,
            returns_object: None,
            own: Vec::new(),
            names: 0,
            rounds: 1,
            cost: 0,
            loops: 0,
            mapped: false,
            next_mapped: WINDOW,
            pure: false,
            small: false,
            assembly: false,
            budget: 0,
        }
    }

    fn any_scalar(&mut self) -> Ty {
        if self.pure { *self.r.pick(&SCALARS[..8]) } else { *self.r.pick(&SCALARS) }
    }

    fn any_integer(&mut self) -> Ty {
        *self.r.pick(&INTEGERS)
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

impl Gen {
    /// A block at whose end the variables that it declares are out of sight.
    fn scoped_block(&mut self, head: impl Into<String>, fill: impl FnOnce(&mut Self)) {
        let scope = self.scope.clone();
        self.block(head, fill);
        self.scope = scope;
    }
}
