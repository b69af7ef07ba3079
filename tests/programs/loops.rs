//! Random loops.

use super::Gen;
use super::types::{Array, Ty, Var};

impl Gen {
    /// Runs `fill` as the body of a loop with about so many rounds.
    fn in_loop(&mut self, head: String, rounds: usize, fill: impl FnOnce(&mut Self)) {
        let before = self.rounds;
        self.rounds *= rounds.max(1);
        self.loops += 1;
        self.scoped_block(head, fill);
        self.loops -= 1;
        self.rounds = before;
    }

    pub fn for_statement(&mut self) {
        let count = 1 + self.r.below(3);
        if self.r.one_in(6) {
            let n = match self.r.below(3) {
                0 => self.r.below(6).to_string(),
                1 => format!("({} % 5)", self.expr(Ty::Int, 1)),
                _ => format!("({} & 7)", self.expr(Ty::Byte, 1)),
            };
            self.in_loop(format!("for _ in range({n}):"), 5, |g| g.statements(count));
            return;
        }
        let ty = *self.r.pick(&[Ty::Byte, Ty::Byte, Ty::SByte, Ty::Word, Ty::Int, Ty::DWord, Ty::Long]);
        let name = self.name("i");
        let first = self.literal(ty);
        self.line(format!("{name}: {} = {first}", ty.name()));
        let (range, rounds) = self.range(ty);
        let count = if rounds > 20 { 1 } else { count };
        let var = Var { path: name.clone(), ty, assignable: false, mapped: false };
        self.scope.vars.push(var);
        self.in_loop(format!("for {name} in range({range}):"), rounds, |g| g.statements(count));
        // Declared in this block, which may not run: not used behind it.
        if !self.pure {
            self.line(format!("print({name}, \" \")"));
        }
        self.scope.vars.retain(|v| v.path != name);
    }

    /// The arguments of `range` for a variable of a type, and about how many rounds it makes.
    fn range(&mut self, ty: Ty) -> (String, usize) {
        let (lo, hi) = ty.range();
        let few = self.r.below(6) as i64;
        let step = *self.r.pick(&[1, 1, 2, 3, 7, 100]);
        match self.r.below(16) {
            0 => (format!("{}", few + 1), few as usize),
            // A bound of another type is converted.
            11 if ty.width() < 4 => {
                let wide = if ty.width() == 1 { Ty::Word } else { Ty::Long };
                (format!("({} & 7)", self.expr(wide, 1)), 5)
            }
            // To the last value, and from it down.
            1 => (format!("{}, {}, {step}", hi - few * step, hi + 1), few as usize),
            2 => (format!("{}, {}, -{step}", lo + few * step, lo - 1), few as usize),
            3 if ty.width() == 1 && self.rounds == 1 => (format!("{lo}, {}, {step}", hi + 1), 256),
            4 if ty.width() == 1 && self.rounds == 1 => {
                let (a, b) = (self.expr(ty, 1), self.expr(ty, 1));
                (format!("{a}, {b}, {}", *self.r.pick(&[3, 17, 100, -1, -5, 200])), 40)
            }
            5 => (format!("({} & 7), -1, -1", self.expr(ty, 1)), 4),
            6 => (format!("({} & 3), ({} & 15), {step}", self.expr(ty, 1), self.expr(ty, 1)), 8),
            7 => (format!("({} & 15), ({} & 3), -{step}", self.expr(ty, 1), self.expr(ty, 1)), 8),
            8 if ty.width() == 2 => {
                let start = self.r.below(1000) as i64;
                (format!("{}, {}, {}", start, start + few * 256 + 1, 256), few as usize)
            }
            // Not `|`: a negative number would stay one and run nearly for ever.
            9 => (format!("({} & 3) + {}, {}", self.expr(ty, 1), hi - 3, hi + 1), 4),
            10 => (format!("{}, ({} & 7)", few, self.expr(ty, 1)), 4),
            // With steps whose last one would leave the type.
            12 | 13 => {
                let step = 2 + self.r.below(6) as i64;
                let (rounds, beside) = (1 + few, self.r.below(7) as i64);
                let (first, last) = (hi - rounds * step + beside % step, hi + 1 - beside % 3);
                let (down, least) = (lo + rounds * step - beside % step, lo - 1 + beside % 3);
                match self.r.below(4) {
                    0 => (format!("{first}, {last}, {step}"), rounds as usize),
                    1 => (format!("{down}, {least}, -{step}"), rounds as usize),
                    2 => (format!("{} - ({} & 31), {last}, {step}", hi - 31, self.expr(ty, 1)), 10),
                    _ => (format!("{} + ({} & 31), {least}, -{step}", lo + 31, self.expr(ty, 1)), 10),
                }
            }
            _ => (format!("({} & 7)", self.expr(ty, 1)), 5),
        }
    }

    pub fn while_statement(&mut self) {
        let name = self.name("w");
        let n = 1 + self.r.below(6);
        self.line(format!("{name}: byte = {n}"));
        self.scope.vars.push(Var { path: name.clone(), ty: Ty::Byte, assignable: false, mapped: false });
        let head = match self.r.below(3) {
            0 => format!("while {name}:"),
            1 => format!("while {name} > 0 and {}:", self.test(1)),
            _ => format!("while {} != 0:", name),
        };
        let count = 1 + self.r.below(3);
        self.in_loop(head, n, |g| {
            g.line(format!("{name} -= 1"));
            g.statements(count);
        });
        self.scope.vars.retain(|v| v.path != name);
    }

    /// A loop over elements in order: neighbours, distances, rows of a table, sums.
    pub fn sweep(&mut self) {
        let fits = |a: &Array| !a.mapped && a.len >= 4 && a.elem.is_integral() && a.elem != Ty::Bool;
        let arrays: Vec<Array> = self.arrays().into_iter().filter(fits).collect();
        let writable: Vec<Array> = arrays.iter().filter(|a| !a.tuple).cloned().collect();
        if writable.is_empty() {
            return self.array_variable();
        }
        let to = self.r.pick(&writable).clone();
        let from = self.r.pick(&arrays).clone();
        let len = to.len.min(from.len);
        let len = if self.rounds > 8 { len.min(8) } else { len.min(64) };
        let ty = *self.r.pick(&[Ty::Byte, Ty::Byte, Ty::Word, Ty::Int]);
        let i = self.name("i");
        self.line(format!("{i}: {} = 0", ty.name()));
        let var = Var { path: i.clone(), ty, assignable: false, mapped: false };
        self.scope.vars.push(var);
        let op = *self.r.pick(&["=", "=", "+=", "-=", "^=", "|=", "&="]);
        let (to, from) = (to.path.clone(), from.path.clone());
        if self.r.one_in(4) && len >= 16 && self.loops == 0 {
            let j = self.name("i");
            self.line(format!("{j}: {} = 0", ty.name()));
            let width = len / 4;
            self.in_loop(format!("for {j} in range(4):"), 4, |g| {
                g.in_loop(format!("for {i} in range({width}):"), width, |g| {
                    g.line(format!("{to}[{j} * {width} + {i}] {op} {from}[{i} * 4 + {j}]"));
                });
            });
        } else {
            let below = 1 + self.r.below(3);
            let (range, line) = match self.r.below(6) {
                0 => (format!("{len}"), format!("{to}[{i}] {op} {from}[{i}]")),
                1 => (format!("{below}, {len}"), format!("{to}[{i}] {op} {from}[{i} - {below}]")),
                2 => (format!("{}", len - below), format!("{to}[{i}] {op} {from}[{i} + {below}]")),
                3 if ty != Ty::Word => {
                    (format!("{}, -1, -1", len - 1), format!("{to}[{i}] {op} {from}[{} - {i}]", len - 1))
                }
                4 => {
                    let n = self.leaf(Ty::Byte);
                    (
                        format!("{ty}({n} & {})", len - 1, ty = ty.name()),
                        format!("{to}[{i}] {op} {from}[{i}] "),
                    )
                }
                _ => {
                    let most = len / 2;
                    (format!("0, {len}, 2"), format!("{to}[{i}] {op} {from}[{i} / 2 + {}]", most.min(1)))
                }
            };
            let more = self.r.one_in(3);
            self.in_loop(format!("for {i} in range({range}):"), len, |g| {
                g.line(line.trim_end());
                if more {
                    g.statements(1);
                }
            });
        }
        self.scope.vars.retain(|v| v.path != i);
    }
}
