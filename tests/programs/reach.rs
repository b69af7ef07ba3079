//! Memory for accesses at the border of what a byte reaches: an area, an array of small objects, large
//! objects with an array and a string of nearly 256 bytes.
//!
//! In: nothing. Out: a singleton that fills this memory and works on it with the steps of `border.rs`.
//! Invariant: indices and where pointers lead are read from memory, so that the compiler does not know
//! them.

use super::Gen;
use super::border::{KINDS, Kind, Step};

/// Bytes of an area: the farthest start, index and distance of `border.rs` lie in it.
pub const AREA: usize = 840;
/// Where an area lies that is mapped, behind the window of those whose accesses are compared.
const MAPPED: usize = 0xC200;
/// How many bytes indices are taken from, and those of them that are always there.
const SEEDS: usize = 16;
const EDGES: [u8; 10] = [255, 254, 253, 252, 0, 1, 2, 3, 127, 128];
/// The last elements of a long array, which are filled and shown one by one.
const LAST: usize = 9;

/// What there is.
pub struct Memory {
    /// The path of the area.
    pub cells: String,
    pub part: Part,
    pub large: Large,
    /// What of it is used.
    kinds: Vec<Kind>,
}

impl Memory {
    fn has(&self, wanted: fn(Kind) -> bool) -> bool {
        self.kinds.iter().any(|&kind| wanted(kind))
    }
}

/// The class of small objects: its size, and its properties with the numbers of their elements.
pub struct Part {
    pub class: String,
    pub size: usize,
    pub fields: Vec<(&'static str, usize)>,
}

impl Part {
    /// The first of them that begins beyond what a byte reaches.
    pub fn border(&self) -> usize {
        256 / self.size
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.border() + 4
    }
}

/// The class of large objects: the elements of its array, and the characters of its string.
pub struct Large {
    pub class: String,
    pub marks: usize,
    pub letters: usize,
}

impl Gen {
    /// A singleton with such memory; `main` fills it and works on it.
    pub fn reach(&mut self) {
        let kinds: Vec<Kind> = (0..1 + self.r.below(2)).map(|_| *self.r.pick(&KINDS)).collect();
        let part = self.part();
        let large = self.large();
        let mapped = self.mapped && kinds.iter().any(|kind| kind.is_area()) && self.r.one_in(2);
        let cells = if mapped { self.name("M") } else { "self.cells".to_string() };
        if mapped {
            self.line(format!("{cells}: array[byte, {AREA}][{MAPPED:#06x}]"));
        }
        let memory = Memory { cells, part, large, kinds };
        let name = self.name("G");
        self.block(format!("@singleton\nclass {name}:"), |g| {
            g.line("sum: word");
            g.line(format!("seeds: array[byte, {SEEDS}]"));
            if memory.has(Kind::is_area) && !mapped {
                g.line(format!("cells: array[byte, {AREA}]"));
            }
            if memory.has(Kind::is_part) {
                g.line(format!("items: array[{}, {}]", memory.part.class, memory.part.count()));
            }
            if memory.has(Kind::is_large) {
                g.line(format!("large: array[{}, 2]", memory.large.class));
            }
            g.fill_memory(&memory);
            let steps: Vec<Step> = memory.kinds.iter().map(|&kind| g.step(kind, &memory)).collect();
            g.go_through(&steps, &memory);
        });
        self.fields.push(name);
    }

    fn part(&mut self) -> Part {
        let class = self.name("G");
        let (mut size, mut fields) = (0, Vec::new());
        self.block(format!("class {class}:"), |g| {
            for name in ["a", "b", "c", "d"].into_iter().take(2 + g.r.below(3)) {
                let (ty, bytes, count) = *g.r.pick(&[
                    ("byte", 1, 1),
                    ("byte", 1, 1),
                    ("word", 2, 1),
                    ("array[byte, 2]", 2, 2),
                    ("array[byte, 4]", 4, 4),
                    ("array[word, 2]", 4, 2),
                ]);
                g.line(format!("{name}: {ty}"));
                size += bytes;
                fields.push((name, count));
            }
        });
        Part { class, size, fields }
    }

    fn large(&mut self) -> Large {
        let class = self.name("G");
        // With what stands before them, some end just beyond what a byte reaches.
        let (marks, letters) = match self.r.one_in(3) {
            true => (240 + self.r.below(17), 200 + self.r.below(56)),
            false => (253 + self.r.below(4), 253 + self.r.below(3)),
        };
        self.block(format!("class {class}:"), |g| {
            g.line("kind: byte = 1");
            if g.r.one_in(2) {
                let head = *g.r.pick(&[1, 1, 2, 8]);
                g.line(format!("head: array[byte, {head}]"));
            }
            let mut lines = [format!("text: string[{letters}]"), format!("marks: array[byte, {marks}]")];
            if g.r.one_in(2) {
                lines.reverse();
            }
            let [first, second] = lines;
            g.line(first);
            if g.r.one_in(2) {
                g.line("next: word = 7");
            }
            g.line(second);
            let ty = *g.r.pick(&["byte", "word"]);
            g.line(format!("more: {ty} = 9"));
        });
        Large { class, marks, letters }
    }

    fn fill_memory(&mut self, memory: &Memory) {
        let Memory { cells, part, large, .. } = memory;
        self.block("def fill(k: word):", |g| {
            g.line("i: word");
            g.line("x: byte");
            let mut seeds = EDGES.map(usize::from).to_vec();
            while seeds.len() < SEEDS {
                seeds.push(g.r.below(256));
            }
            // In any order, so that those that are taken together differ.
            for i in (1..SEEDS).rev() {
                seeds.swap(i, g.r.below(i + 1));
            }
            let seeds: Vec<String> = seeds.iter().map(usize::to_string).collect();
            g.line(format!("self.seeds = ({})", seeds.join(", ")));
            let times = 1 + 2 * g.r.below(60);
            if memory.has(Kind::is_area) {
                g.line("x = byte(k)");
                g.block(format!("for i in range({AREA}):"), |g| {
                    g.line(format!("x += {times}"));
                    g.line(format!("{cells}[i] = x ^ byte(i >> 8)"));
                });
            }
            if memory.has(Kind::is_part) {
                g.block(format!("for x in range({}):", part.count()), |g| {
                    for (j, (name, count)) in part.fields.iter().enumerate() {
                        for at in 0..*count {
                            let at = if *count > 1 { format!("[{at}]") } else { String::new() };
                            g.line(format!("self.items[x].{name}{at} = x * {times} + {j}"));
                        }
                    }
                });
            }
            if memory.has(Kind::is_large) {
                g.block("for x in range(2):", |g| g.fill_large(large));
            }
        });
    }

    fn fill_large(&mut self, large: &Large) {
        self.line("self.large[x]()");
        self.line("self.large[x].marks = [x]");
        self.line(format!("self.large[x].text = \"ABDX.\" * {}", large.letters / 5));
        self.block(format!("for i in range({}, {}):", large.marks - LAST, large.marks), |g| {
            g.line("self.large[x].marks[i] = byte(i * 3 + k) + x");
        });
        self.block(format!("while len(self.large[x].text) < {}:", large.letters), |g| {
            g.line("self.large[x].text += 'Z'");
        });
    }

    /// Calls each step with some indices, and prints what came of it.
    fn go_through(&mut self, steps: &[Step], memory: &Memory) {
        let Memory { cells, part, large, .. } = memory;
        self.block("def go(k: byte):", |g| {
            for declared in ["r: byte", "b: byte", "m: byte", "i: word", "n: word = 0"] {
                g.line(declared);
            }
            for declared in steps.iter().filter_map(|s| s.declared.as_ref()) {
                g.line(declared);
            }
            let (rounds, turn) = (4 + g.r.below(8), 1 + 2 * g.r.below(4));
            g.block(format!("for r in range({rounds}):"), |g| {
                g.line(format!("b = self.seeds[(r + k) & {}]", SEEDS - 1));
                g.line(format!("m = self.seeds[(r * {turn} + k + 1) & {}]", SEEDS - 1));
                for step in steps {
                    if let Some(before) = &step.before {
                        g.line(before);
                    }
                    g.line(format!("n = n * 3 + {}", step.call));
                }
            });
            g.line("self.sum = n");
            let add = |g: &mut Self, what: &str| {
                g.line(format!("self.sum = (self.sum << 1) + (self.sum >> 15) + word({what})"));
            };
            if memory.has(Kind::is_area) {
                g.block(format!("for i in range({AREA}):"), |g| add(g, &format!("{cells}[i]")));
            }
            if memory.has(Kind::is_part) {
                g.block(format!("for i in range({}):", part.count()), |g| {
                    for (name, count) in &part.fields {
                        let at = if *count > 1 { "[1]" } else { "" };
                        add(g, &format!("self.items[i].{name}{at}"));
                    }
                });
            }
            if memory.has(Kind::is_large) {
                g.block(format!("for i in range({}, {}):", large.marks - LAST, large.marks), |g| {
                    add(g, "self.large[0].marks[i]");
                    add(g, "self.large[1].marks[i]");
                });
                for which in ["0", "1"] {
                    let at = format!("self.large[{which}]");
                    g.line(format!("print({at}.more, {at}.text[0], {at}.text[-1], \" \")"));
                }
            }
            g.line("print(n, \" \", self.sum, \" \")");
        });
    }
}
