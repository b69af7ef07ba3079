//! Steps on the memory of `reach.rs`: methods that access it through a pointer or beside it, with a byte
//! and a distance as the index, in loops and alone.
//!
//! In: the memory, which is filled. Out: a method, and how it is called. Invariant: every index stays in
//! that memory, though not in the count that the type behind an alias has.

use super::Gen;
use super::reach::{AREA, Memory};

/// What is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Bytes,
    Words,
    Rows,
    Parts,
    Marks,
    Text,
}

use Kind::*;

/// How often each is tried, beside the others.
pub const KINDS: [Kind; 11] = [Bytes, Bytes, Bytes, Words, Rows, Parts, Parts, Marks, Marks, Text, Text];

impl Kind {
    pub fn is_area(self) -> bool {
        matches!(self, Bytes | Words | Rows)
    }

    pub fn is_part(self) -> bool {
        self == Parts
    }

    pub fn is_large(self) -> bool {
        matches!(self, Marks | Text)
    }
}

/// How a step is called.
pub struct Step {
    /// A pointer that is given to it.
    pub declared: Option<String>,
    /// Where that is pointed to.
    pub before: Option<String>,
    pub call: String,
}

/// Distances beside a byte: those that Y may add, and those that lead beyond a page.
const NEAR: [usize; 5] = [1, 1, 2, 3, 4];
const FAR: [usize; 8] = [1, 3, 5, 253, 255, 256, 257, 290];
/// Ones of an area's start.
const STARTS: [usize; 4] = [1, 7, 15, 31];
const _: () = assert!(31 + 2 * 255 + 290 < AREA && 31 + 2 * (255 + 5) + 1 < AREA);

/// What the accesses of a step have in common.
struct Place<'a> {
    kind: Kind,
    path: String,
    memory: &'a Memory,
}

impl Gen {
    /// Writes a method with `b` and `m`, which may be any bytes.
    pub fn step(&mut self, kind: Kind, memory: &Memory) -> Step {
        let Memory { cells, part, large, .. } = memory;
        let (name, start) = (self.name("m"), *self.r.pick(&STARTS));
        let counts = match kind {
            Parts => vec![1, 3, part.count()],
            Words => vec![1, 128],
            Rows => vec![40],
            _ => vec![1, 40, 256, AREA],
        };
        let count = *self.r.pick(&counts);
        let area = format!("addr({cells}) + word(m & {start})");
        let (ty, target, path) = match kind {
            Bytes | Rows => (format!("array[byte, {count}]"), area, Some(cells.clone())),
            Words => (format!("array[word, {count}]"), area, None),
            Parts => {
                let target = match self.r.below(2) {
                    0 => "addr(self.items[m & 1])".to_string(),
                    _ => format!("addr(self.items) + word(m & 1) * {}", part.size),
                };
                (format!("array[{}, {count}]", part.class), target, Some("self.items".to_string()))
            }
            Marks => {
                let object = "self.large[m & 1]".to_string();
                (large.class.clone(), format!("addr({object})"), Some(object))
            }
            Text => {
                let text = "self.large[m & 1].text".to_string();
                ("string".to_string(), format!("addr({text})"), Some(text))
            }
        };
        let direct = path.filter(|_| self.r.one_in(4));
        let given = direct.is_none() && self.r.one_in(2);
        let parameter = if given { format!("p: alias[{ty}], ") } else { String::new() };
        let path = direct.clone().unwrap_or("p".to_string());
        self.block(format!("def {name}({parameter}b: byte, m: byte) -> word:"), |g| {
            for declared in ["i: word", "n: word = 0", "x: byte", "y: byte"] {
                g.line(declared);
            }
            if !given && direct.is_none() {
                g.line(format!("p: alias[{ty}] = {target}"));
            }
            let place = Place { kind, path, memory };
            for _ in 0..1 + g.r.below(2) {
                g.accesses(&place);
            }
            g.line("return n");
        });
        let pointer = format!("p{}", &name[1..]);
        Step {
            declared: given.then(|| format!("{pointer}: alias[{ty}] = {target}").replace("m & ", "k & ")),
            before: given.then(|| format!("alias({pointer}, {target})")),
            call: if given { format!("self.{name}({pointer}, b, m)") } else { format!("self.{name}(b, m)") },
        }
    }

    /// Some accesses, alone or in a loop.
    fn accesses(&mut self, place: &Place) {
        let part = &place.memory.part;
        let count = 1 + self.r.below(3);
        let fill = |g: &mut Self, by: &str| (0..count).for_each(|_| g.access(place, by));
        if self.r.one_in(2) && place.kind != Rows {
            return fill(self, "b");
        }
        let last = match place.kind {
            Bytes | Words if self.r.one_in(5) => return self.through_0(place, fill),
            Bytes | Words => {
                let (by, range) = (*self.r.pick(&["x", "x", "x", "i"]), self.border_range());
                return self.block(format!("for {by} in range({range}):"), |g| fill(g, by));
            }
            Rows => {
                let (first, wide) = (1 + self.r.below(35), 1 + self.r.below(3));
                let rows = format!("for y in range({}, {}):", 1 + self.r.below(3), 4 + self.r.below(4));
                if self.r.one_in(3) {
                    self.line(format!("x = (b & 31) + {first}"));
                    return self.block(rows, |g| fill(g, "x"));
                }
                return self.block(rows, |g| {
                    g.block(format!("for x in range({first}, {}):", first + wide), |g| fill(g, "x"));
                });
            }
            Parts => part.border() + 1,
            Marks => place.memory.large.marks - 1,
            Text => place.memory.large.letters - 1,
        };
        let by = *self.r.pick(&["x", "x", "i"]);
        let first = last - 1 - self.r.below(5);
        let range = match self.r.below(5) {
            0 if place.kind == Text => format!("len({0}) - 4, len({0})", place.path),
            1 => format!("{last}, {first}, -1"),
            2 => format!("{first} + ({} & 1), {}", if by == "i" { "word(b)" } else { "b" }, last + 1),
            3 => format!("{first}, {}, 2", last + 1),
            _ => format!("{first}, {}", last + 1),
        };
        self.block(format!("for {by} in range({range}):"), |g| fill(g, by));
    }

    /// A loop whose byte goes on at 0, or at 255, until it is a number; mostly one that fills.
    fn through_0(&mut self, place: &Place, fill: impl Fn(&mut Self, &str)) {
        let (high, low) = (200 + self.r.below(56), self.r.below(40));
        let (first, end, step) = *self.r.pick(&[(high, low, "+="), (low, high, "-=")]);
        self.line(format!("x = {first}"));
        self.block(format!("while x != {end}:"), |g| {
            if g.r.one_in(2) {
                g.line(format!("{}[x] = {}", place.path, first & 7));
            } else {
                fill(g, "x");
            }
            g.line(format!("x {step} 1"));
        });
    }

    /// The arguments of `range` for a byte, or a word, at a border of the byte.
    fn border_range(&mut self) -> String {
        let (few, step) = (self.r.below(8), 2 + self.r.below(6));
        match self.r.below(10) {
            0 => format!("{}, 256", 248 + few),
            1 => format!("{}, 256, {step}", 220 + self.r.below(30)),
            2 => "b & 7, m & 15".to_string(),
            3 => format!("255, {}, -1", 246 + few),
            4 => format!("{}, {}, -{step}", 255 - few, 220 + few),
            5 => format!("{}, -1, -{step}", 10 + few),
            6 => "b | 240, 256".to_string(),
            7 => format!("b | 224, 255, {step}"),
            8 => "m & 15, -1, -1".to_string(),
            _ => format!("{}, b & 7", few / 2),
        }
    }

    /// A statement with one access or more.
    fn access(&mut self, place: &Place, by: &str) {
        let a = self.accessed(place, by);
        let b = if self.r.one_in(2) { a.clone() } else { self.accessed(place, by) };
        let line = match self.r.below(9) {
            0 | 1 => format!("n = n * 3 + word({})", number(place, &a)),
            2 if place.kind == Text => format!("{a} = char((m & 31) + 64)"),
            2 => format!("{a} = byte(n)"),
            3 if place.kind != Text => format!("{a} {}= m", self.r.pick(&["+", "-", "^", "|", "&"])),
            4 if place.kind != Text => format!("{a} = {b} + 1"),
            5 => {
                self.block(format!("if {a} < {b}:"), |g| g.line("n += 1"));
                let op = *self.r.pick(&["==", "!=", "<="]);
                return self.block(format!("elif {a} {op} {b}:"), |g| g.line(format!("n += {by}")));
            }
            6 => format!("n += word({}) ^ word({})", number(place, &a), number(place, &b)),
            _ => format!("{a} = {b}"),
        };
        self.line(line);
    }

    /// Something of one byte, or a number of two.
    fn accessed(&mut self, place: &Place, by: &str) -> String {
        let Place { kind, path, memory } = place;
        let large = &memory.large;
        match kind {
            Bytes => format!("{path}[{}]", self.far_index(by)),
            Words => {
                let near = *self.r.pick(&NEAR);
                let index = match self.r.below(5) {
                    0 => format!("word({by}) + {near}"),
                    1 => format!("byte({by} - {near})"),
                    2 => format!("word(byte({by} + {near})) + 1"),
                    3 => format!("{by} & 127"),
                    _ => by.to_string(),
                };
                format!("{path}[{index}]")
            }
            Rows => {
                let index = match self.r.below(9) {
                    // All of this is a byte.
                    0 => "byte(y * 40 + x - 1)",
                    1 => "byte(y * 40 + x + 41)",
                    2 => "word(byte(y * 40 + x)) + 1",
                    3 => "word(byte(y * 40)) + x + 41",
                    4 => "word(y) * 40 + x - 1",
                    5 => "word(y) * 40 + x + 41",
                    6 => "word(y) * 40 + word(x) - 40",
                    7 => "(word(y) << 5) + (word(y) << 3) + x + 1",
                    _ => "word(y) * 40 + x",
                };
                format!("{path}[{index}]")
            }
            Parts => {
                let border = memory.part.border();
                let index = match (by, self.r.below(4)) {
                    ("b", 0) => format!("(m & 3) + {}", border - 2),
                    ("b", 1) => format!("word(b % {})", border + 2),
                    ("b", 2) => format!("min(b, {})", border + 1),
                    ("b", _) => format!("b % {}", border + 2),
                    (_, 0) => format!("{by} - 1"),
                    _ => by.to_string(),
                };
                let (name, count) = *self.r.pick(&memory.part.fields);
                let at = match count {
                    1 => String::new(),
                    _ if self.r.one_in(2) => format!("[m & {}]", count - 1),
                    _ => format!("[{}]", self.r.below(count)),
                };
                format!("{path}[{index}].{name}{at}")
            }
            Marks => {
                let last = large.marks - 1;
                let index = match (by, self.r.below(4)) {
                    ("b", 0) => format!("{last} - (m & 7)"),
                    ("b", 1) => format!("word(min(b, {last}))"),
                    ("b", _) => format!("min(b, {last})"),
                    (_, 0) => format!("{by} - 1"),
                    (_, 1) => return format!("{path}.more"),
                    _ => by.to_string(),
                };
                format!("{path}.marks[{index}]")
            }
            Text => {
                let index = match (by, self.r.below(5)) {
                    ("b", 0) => format!("len({path}) - 1 - (m & 3)"),
                    ("b", 1) => format!("word(min(b, {}))", large.letters - 1),
                    ("b", 2) => "-1".to_string(),
                    ("b", _) => format!("min(b, {})", large.letters - 1),
                    (_, 0) => format!("{by} - 1"),
                    _ => by.to_string(),
                };
                format!("{path}[{index}]")
            }
        }
    }

    /// An index of bytes made of a byte and distances.
    fn far_index(&mut self, by: &str) -> String {
        let (near, far) = (*self.r.pick(&NEAR), *self.r.pick(&FAR));
        match self.r.below(12) {
            0 => format!("word({by}) + {near}"),
            1 => format!("byte({by} - {near})"),
            2 => format!("word(byte({by} - {near})) + {near}"),
            3 => format!("word(byte({by} - {near})) + {far}"),
            4 => format!("byte({by} + {near})"),
            5 => format!("word({by}) + {far}"),
            6 => format!("word({by} & {}) + {near}", self.r.pick(&[0xfe, 0xfc, 0xf8, 0x7f, 0x3f])),
            7 => format!("(word({by}) << 1) + {far}"),
            8 => format!("word(byte({by} << 1)) + {near}"),
            9 => format!("word({by} | 7) - {near}"),
            10 => format!("word(byte({by} ^ m)) + {near}"),
            _ => by.to_string(),
        }
    }
}

/// An element as a number.
fn number(place: &Place, element: &str) -> String {
    if place.kind == Text { format!("byte({element})") } else { element.to_string() }
}
