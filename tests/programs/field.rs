//! A large array that loops and single steps go through by words, rows and columns.
//!
//! Invariant: every index stays in the array.

use super::Gen;
use super::types::Ty;

/// Lengths of rows.
const ROWS: [usize; 6] = [8, 16, 20, 32, 40, 100];

/// What stands in the array.
struct Cells {
    elem: Ty,
    len: usize,
}

impl Gen {
    /// A singleton with such an array; `main` fills it and walks through it.
    pub fn field(&mut self) {
        let name = self.name("F");
        let elem = *self.r.pick(&[Ty::Byte, Ty::Byte, Ty::Byte, Ty::SByte, Ty::Word, Ty::Int]);
        let len = if elem.width() == 1 { 257 + self.r.below(300) } else { 129 + self.r.below(200) };
        let cells = Cells { elem, len };
        self.block(format!("@singleton\nclass {name}:"), |g| {
            let before = g.r.below(3);
            if before == 0 {
                let lead = 1 + g.r.below(200);
                g.line(format!("lead: array[byte, {lead}]"));
            }
            g.line("at: word");
            g.line("sum: word");
            g.line(format!("cells: array[{}, {len}]", elem.name()));
            g.line(format!("rest: array[{}, {len}]", elem.name()));
            g.block("def fill(k: word):", |g| {
                g.line("i: word");
                for first in ["self.sum = 0", "self.cells = [3]", "self.rest = [0]"] {
                    g.line(first);
                }
                let times = 1 + g.r.below(9);
                let (first, last) = if g.r.one_in(2) { (0, len) } else { (g.r.below(9), len - g.r.below(9)) };
                g.block(format!("for i in range({first}, {last}):"), |g| {
                    g.line(format!("self.cells[i] = {}(i * {times} + k)", elem.name()));
                });
            });
            g.block("def go(k: byte):", |g| {
                for declared in ["i: word", "n: word = 0", "x: byte", "y: byte"] {
                    g.line(declared);
                }
                for _ in 0..1 + g.r.below(2) {
                    g.walk(&cells);
                }
                g.block(format!("for i in range({len}):"), |g| {
                    g.line("self.sum = self.sum * 3 + word(self.cells[i]) + word(self.rest[i])");
                });
                g.line("print(self.sum, \" \", n, \" \")");
            });
        });
        self.fields.push(name);
    }

    /// One way through the cells.
    fn walk(&mut self, cells: &Cells) {
        let &Cells { elem, len } = cells;
        let ty = elem.name();
        let step = *self.r.pick(&[1, 1, 2, 3, 7, 40, 64]);
        let near = self.r.below(4);
        match self.r.below(9) {
            0 => {
                let first = self.r.below(20);
                self.line(format!("self.at = {first}"));
                self.block(format!("while self.at < {}:", len - 4), |g| {
                    g.line(format!(
                        "self.sum += word(self.cells[self.at]) ^ word(self.cells[self.at + {near}])"
                    ));
                    if g.r.one_in(2) {
                        g.line(format!("self.rest[self.at + {near}] = self.cells[self.at]"));
                    }
                    g.line(format!("self.at += {step}"));
                });
            }
            1 => {
                let (first, last) = (self.r.below(300).min(len - 10), len - near);
                self.block(format!("for i in range({first}, {last}, {step}):"), |g| {
                    g.line(format!("self.rest[i] = self.cells[i + {near}]"));
                    let mask = g.r.below(256);
                    g.line(format!("n += word(self.rest[i]) & {mask}"));
                });
            }
            2 => {
                self.block(format!("for i in range({}, {near}, -{step}):", len - 1), |g| {
                    g.line(format!("self.cells[i] = self.cells[i - {near}]"));
                });
            }
            3 => self.neighbours(cells),
            4 if elem == Ty::Byte => {
                let width = *self.r.pick(&ROWS);
                let name = self.name("a");
                self.line(format!("{name}: alias[array[byte, {width}]]"));
                self.block(format!("for y in range({}):", (len / width).min(9)), |g| {
                    g.line(format!("alias({name}, addr(self.cells) + word(y) * {width})"));
                    let middle = g.r.below(width - 4);
                    g.block(format!("for x in range({near}, {}):", width - near), |g| {
                        g.line(format!("n += {name}[x]"));
                        g.line(format!(
                            "{name}[x] = {name}[{middle}] ^ {name}[x - {near}] + {name}[x + {near}]"
                        ));
                    });
                });
            }
            5 => {
                let (from, count) = (self.r.below(len / 2), 20 + self.r.below((len / 2 - 20).min(230)));
                self.line(format!("i = {from}"));
                self.block(format!("for x in range({count}):"), |g| {
                    g.line("n = n * 2 + word(self.cells[i + x])");
                    g.line(format!("self.rest[i + x] = self.cells[i] + {ty}(x)"));
                });
            }
            6 => {
                let mask = if len > 512 {
                    511
                } else if len > 256 {
                    255
                } else {
                    127
                };
                let rounds = 4 + self.r.below(30);
                self.block(format!("for x in range({rounds}):"), |g| {
                    g.line(format!("i = (n + self.sum) & {mask}"));
                    g.line(format!("self.cells[i] += {ty}(k)"));
                    g.line(format!("n += word(self.cells[i]) + x + {near}"));
                });
            }
            7 => {
                self.line(format!("self.at = {}", len - 1));
                self.block(format!("while self.at > {}:", step + near), |g| {
                    g.line(format!("self.at -= {step}"));
                    g.block(format!("if self.cells[self.at] > self.cells[self.at - {near}]:"), |g| {
                        g.line("n += self.at");
                    });
                    g.line(format!("self.rest[self.at] = self.cells[self.at + {near} - {near}]"));
                });
            }
            _ => {
                self.block(format!("for i in range({}):", len - near), |g| {
                    let mask = 1 + g.r.below(15);
                    g.block(format!("if word(self.cells[i]) & {mask} == 0:"), |g| {
                        g.line(format!("self.cells[i + {near}] = self.rest[i]"));
                    });
                    g.line("self.sum ^= i");
                });
            }
        }
    }

    /// Rows and columns, and the cells around one.
    fn neighbours(&mut self, cells: &Cells) {
        let width = *self.r.pick(&ROWS);
        let height = (cells.len / width).min(8);
        let ty = cells.elem.name();
        let mut around = vec![
            "word(y) * W + x".to_string(),
            "word(y) * W + x - 1".to_string(),
            "word(y) * W + x + 1".to_string(),
            "word(y - 1) * W + x".to_string(),
            "word(y + 1) * W + x".to_string(),
        ];
        if cells.len > 160 {
            around.push(format!("(word(y) << 3) + x + {}", self.r.below(4)));
        }
        let width_name = width.to_string();
        let places: Vec<String> = around.iter().map(|p| p.replace('W', &width_name)).collect();
        if height < 3 {
            return;
        }
        self.block(format!("for y in range(1, {}):", height - 1), |g| {
            g.block(format!("for x in range(1, {}):", (width - 1).min(42)), |g| {
                for _ in 0..1 + g.r.below(4) {
                    let (a, b) = (g.r.pick(&places).clone(), g.r.pick(&places).clone());
                    g.block(format!("if self.cells[{a}] != self.cells[{b}]:"), |g| g.line("n += 1"));
                }
                let (a, b) = (g.r.pick(&places).clone(), g.r.pick(&places).clone());
                g.line(format!("self.rest[{a}] = self.cells[{b}] + {ty}(n)"));
            });
        });
    }
}
