//! Places that are reached by several names at once: properties, and aliases that lead to the same ones,
//! in methods that call each other.
//!
//! In: nothing. Out: a singleton whose methods take two aliases each. Invariants: an index stays in its
//! array; a method calls itself with a smaller count and otherwise only those before it.

use super::Gen;

/// What an alias leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Byte,
    Word,
    Marks,
    Object,
}

use Kind::*;

/// What the singleton and its objects have.
const BYTES: [&str; 7] = [
    "self.x",
    "self.o.a",
    "self.z[n & 7]",
    "self.z[3]",
    "self.o.c[n & 3]",
    "self.p[n & 1].a",
    "self.p[1].c[2]",
];
const WORDS: [&str; 4] = ["self.y", "self.o.b", "self.p[n & 1].b", "self.p[0].b"];
const MARKS: [&str; 2] = ["self.o.c", "self.p[n & 1].c"];
const OBJECTS: [&str; 2] = ["self.o", "self.p[n & 1]"];
const PARAMS: [&str; 2] = ["q", "r"];

/// A method with the kinds of its aliases.
type Method = (String, [Kind; 2]);

/// What a method reaches.
struct Reached {
    kinds: [Kind; 2],
    /// Those that it may call.
    methods: Vec<Method>,
}

impl Reached {
    /// All places of a kind.
    fn places(&self, wanted: Kind) -> Vec<String> {
        let named: &[&str] = match wanted {
            Byte => &BYTES,
            Word => &WORDS,
            Marks => &MARKS,
            Object => &OBJECTS,
        };
        let mut places: Vec<String> = named.iter().map(|place| place.to_string()).collect();
        for (name, kind) in PARAMS.into_iter().zip(self.kinds) {
            let own: &[&str] = match (kind, wanted) {
                (a, b) if a == b => &[""],
                (Marks, Byte) => &["[n & 3]", "[1]"],
                (Object, Byte) => &[".a", ".c[n & 3]"],
                (Object, Word) => &[".b"],
                (Object, Marks) => &[".c"],
                _ => &[],
            };
            // As often as the properties.
            for _ in 0..2 {
                places.extend(own.iter().map(|part| format!("{name}{part}")));
            }
        }
        places
    }
}

impl Gen {
    /// A singleton with such methods; `main` fills it and calls them.
    pub fn meet(&mut self) {
        let (class, name) = (self.name("M"), self.name("M"));
        self.block(format!("class {class}:"), |g| {
            ["a: byte", "b: word", "c: array[byte, 4]"].into_iter().for_each(|line| g.line(line));
        });
        self.block(format!("@singleton\nclass {name}:"), |g| {
            for declared in ["x: byte", "y: word", "z: array[byte, 8]"] {
                g.line(declared);
            }
            g.line(format!("o: {class}"));
            g.line(format!("p: array[{class}, 2]"));
            g.block("def fill(k: word):", |g| {
                for line in ["self.x = byte(k)", "self.y = k * 7", "self.z = (3, 1, 4, 1, 5, 9, 2, 6)"] {
                    g.line(line);
                }
                for (i, object) in ["self.o", "self.p[0]", "self.p[1]"].into_iter().enumerate() {
                    g.line(format!("{object}.a = {i} + self.x"));
                    g.line(format!("{object}.b = k + {i}"));
                    g.line(format!("{object}.c = ({i}, 2, 7, 8)"));
                }
            });
            let mut methods: Vec<Method> = Vec::new();
            for _ in 0..2 + g.r.below(2) {
                let kinds = [(); 2].map(|()| *g.r.pick(&[Byte, Byte, Word, Word, Marks, Object]));
                let method = g.meeting_method(&class, kinds, methods.clone());
                methods.push((method, kinds));
            }
            g.block("def go(n: byte):", |g| {
                g.line("t: word");
                let reached = Reached { kinds: [Byte; 2], methods: Vec::new() };
                for method in methods.iter().chain(&methods) {
                    let call = g.meeting_call(&reached, method, "3", &[]);
                    g.line(format!("t = {call}"));
                    g.line("print(t, \" \", self.x, \" \", self.y, \" \", self.o.a, \" \", self.o.b, \" \")");
                }
                for object in ["self.o", "self.p[0]", "self.p[1]"] {
                    g.line(format!("print({object}.a, \" \", {object}.b, \" \", {object}.c[2], \" \")"));
                }
                g.line("print(self.z[1], \" \", self.z[3], \" \", self.z[7], \"\\n\")");
            });
        });
        self.fields.push(name);
    }

    /// Writes a method; its name.
    fn meeting_method(&mut self, class: &str, kinds: [Kind; 2], methods: Vec<Method>) -> String {
        let name = self.name("m");
        let [q, r] = kinds.map(|kind| match kind {
            Byte => "byte".to_string(),
            Word => "word".to_string(),
            Marks => "array[byte, 4]".to_string(),
            Object => class.to_string(),
        });
        self.block(format!("def {name}(n: byte, q: alias[{q}], r: alias[{r}]) -> word:"), |g| {
            g.line("t: word = 1");
            g.line("i: byte");
            let reached = Reached { kinds, methods };
            for _ in 0..3 + g.r.below(4) {
                g.meeting(&reached, 2);
            }
            if g.r.one_in(2) {
                let call = g.meeting_call(&reached, &(name.clone(), kinds), "n - 1", &PARAMS);
                g.block("if n > 0:", |g| {
                    g.line(format!("t += {call}"));
                    g.meeting(&reached, 1);
                });
            }
            g.line("return t");
        });
        name
    }

    /// A call with places as arguments; `params` are aliases that may be passed on.
    fn meeting_call(&mut self, reached: &Reached, method: &Method, n: &str, params: &[&str]) -> String {
        let args = method.1.map(|kind| {
            let mut places = reached.places(kind);
            places.retain(|place| !params.is_empty() || place.starts_with("self"));
            self.r.pick(&places).clone()
        });
        format!("self.{}({n}, {}, {})", method.0, args[0], args[1])
    }

    /// A statement on the places.
    fn meeting(&mut self, reached: &Reached, depth: usize) {
        let [b, c] = [(); 2].map(|()| self.r.pick(&reached.places(Byte)).clone());
        let [v, w] = [(); 2].map(|()| self.r.pick(&reached.places(Word)).clone());
        let op = *self.r.pick(&["+", "-", "^", "&", "|"]);
        let line = match self.r.below(11) {
            0 => format!("{b} = {c} {op} {}", 1 + self.r.below(9)),
            1 => format!("{b} {op}= {c}"),
            2 => format!("{v} = {w} {op} word({b})"),
            3 => format!("{v} {op}= {w} + t"),
            4 => format!("{b} = byte({v})"),
            5 | 6 => format!("t = t * 3 + {w} + word({b})"),
            7 if !reached.methods.is_empty() => {
                let method = self.r.pick(&reached.methods).clone();
                format!("t += {}", self.meeting_call(reached, &method, "n & 1", &PARAMS))
            }
            8 if depth > 0 => {
                let head = format!("if {b} {} {c}:", *self.r.pick(&["<", "==", "!="]));
                return self.block(head, |g| g.meeting(reached, depth - 1));
            }
            9 if depth > 0 => {
                let head = format!("for i in range({}):", 2 + self.r.below(4));
                return self.block(head, |g| {
                    g.meeting(reached, depth - 1);
                    g.meeting(reached, 0);
                });
            }
            10 => "self.p[n & 1] = self.o".to_string(),
            _ => format!("{b} += 1"),
        };
        self.line(line);
    }
}
