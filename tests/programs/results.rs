//! Objects, arrays and texts that functions have built, two of them in one expression.
//!
//! In: nothing. Out: functions that build a result of one kind, one that reads two of them, one that has
//! further ones built beside the one it is handed, and expressions.
//! Invariant: such a function hands out nothing but what it has built, and calls only those before it.

use super::Gen;

/// What the functions hand out.
#[derive(Clone, Debug)]
enum Kind {
    /// With a byte `a` and a word `b`.
    Object(String),
    Row,
    Text,
}

use Kind::*;

/// Functions of one kind.
#[derive(Clone)]
pub struct Builders {
    kind: Kind,
    /// Each takes a byte.
    names: Vec<String>,
    /// Takes two of them and gives a word.
    reader: String,
    /// Takes one of them and a byte, has others built, and gives a word.
    user: String,
}

impl Gen {
    /// Declares functions that build.
    pub fn builders(&mut self) {
        let kind = match self.r.below(3) {
            0 => {
                let class = self.name("C");
                self.block(format!("class {class}:"), |g| {
                    g.line("a: byte");
                    g.line("b: word");
                });
                Object(class)
            }
            1 => Row,
            _ => Text,
        };
        let ty = match &kind {
            Object(class) => class.clone(),
            Row => "array[byte, 4]".to_string(),
            Text => "string[20]".to_string(),
        };
        let reader = self.name("f");
        self.block(format!("def {reader}(p: alias[{ty}], q: alias[{ty}]) -> word:"), |g| {
            g.line(match &kind {
                Object(_) => "return p.a * 3 + q.a + (p.b ^ (q.b << 1))",
                Row => "return p[0] + q[1] * 2 + (word(p[2]) << 5) + q[3]",
                Text => "return len(p) * 50 + len(q) + byte(p[-1]) * 3 + byte(q[0])",
            })
        });
        let mut built = Builders { kind, names: Vec::new(), reader, user: String::new() };
        for _ in 0..2 {
            let name = self.builder(&ty, &built);
            built.names.push(name);
        }
        built.user = self.name("f");
        self.block(format!("def {}(p: alias[{ty}], n: byte) -> word:", built.user), |g| {
            let Builders { names, reader, .. } = &built;
            let [first, second] = [(); 2].map(|()| g.r.pick(names).clone());
            g.line(format!("return {reader}({first}(n), p) * 3 + {reader}(p, {second}(n + 1))"));
        });
        self.builders.push(built);
    }

    /// Writes a function that builds; its name.
    fn builder(&mut self, ty: &str, others: &Builders) -> String {
        let (name, k) = (self.name("f"), self.r.below(256));
        let calls_itself = self.r.one_in(3);
        self.block(format!("def {name}(n: byte) -> alias[{ty}]:"), |g| {
            g.line(format!("p: {ty}"));
            let x = match (others.names.first(), calls_itself) {
                (Some(other), false) => format!("byte({}({other}(n), {other}({k})))", others.reader),
                _ => format!("(n ^ {k})"),
            };
            let first = match others.kind {
                Object(_) => format!("p.a = {x}"),
                Row => format!("p = ({x}, n, {k}, 7)"),
                Text => format!("p = \"{}\" + str({x})", g.letters(2)),
            };
            g.line(first);
            if matches!(others.kind, Object(_)) {
                g.line(format!("p.b = n * {k}"));
            }
            if calls_itself {
                let inner = format!("{}({name}((n & 3) - 1), p)", others.reader);
                g.block("if n & 3 > 0:", |g| {
                    g.line(match others.kind {
                        Object(_) => format!("p.b = {inner}"),
                        Row => format!("p[1] = byte({inner})"),
                        Text => format!("p = p + str(byte({inner}))"),
                    });
                });
            }
            g.line("return p");
        });
        name
    }

    /// A word or a byte of two that were built, if there are such functions.
    pub fn built(&mut self) -> Option<String> {
        if self.builders.is_empty() || self.pure {
            return None;
        }
        let Builders { kind, names, reader, user } = self.r.pick(&self.builders.clone()).clone();
        let [p, q] = [(); 2].map(|()| {
            let name = self.r.pick(&names).clone();
            format!("{name}({})", self.leaf(super::Ty::Byte))
        });
        Some(match (kind, self.r.below(4)) {
            (Object(_), 0) => format!("word({p}.b ^ {q}.b)"),
            (Row, 0) => format!("word({p}[1] + {q}[2])"),
            (Text, 0) => format!("word({p} == {q})"),
            (_, 1) => format!("{user}({p}, {})", self.leaf(super::Ty::Byte)),
            _ => format!("{reader}({p}, {q})"),
        })
    }
}
