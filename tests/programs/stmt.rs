//! Random statements.

use super::Gen;
use super::expr::LONGEST_RESULT;
use super::types::{Array, INTEGERS, SCALARS, Ty, Var};

/// Loops within loops.
const DEEPEST_LOOP: usize = 2;

impl Gen {
    /// Statements until the budget of this block is used up.
    pub fn statements(&mut self, count: usize) {
        for _ in 0..count {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            self.statement();
        }
    }

    fn statement(&mut self) {
        match self.r.below(30) {
            0..=6 => self.assign(),
            7..=10 => self.augmented(),
            11 | 12 => self.print_some(),
            13..=15 => self.if_statement(),
            16..=18 if self.loops < DEEPEST_LOOP => self.for_statement(),
            19 if self.loops < DEEPEST_LOOP => self.while_statement(),
            20 | 21 => self.call_statement(),
            22 | 23 => self.bulk(),
            24 | 25 => self.string_statement(),
            26 | 27 => self.object_statement(),
            28 if self.loops > 0 => {
                let test = self.test(1);
                let word = *self.r.pick(&["break", "continue"]);
                self.block(format!("if {test}:"), |g| g.line(word));
            }
            29 if self.r.one_in(3) => {
                let test = self.test(1);
                self.block(format!("if {test}:"), Gen::return_statement);
            }
            _ => self.assign(),
        }
    }

    pub fn return_statement(&mut self) {
        if self.returns_text {
            let text = self.text(LONGEST_RESULT).map_or("\"\"".to_string(), |(text, _)| text);
            return self.line(format!("return {text}"));
        }
        match self.ret {
            Some(ty) => {
                let value = self.value_for(ty, 2);
                self.line(format!("return {value}"));
            }
            None => self.line("return"),
        }
    }

    /// A scalar that may be assigned.
    fn target(&mut self) -> Option<(String, Ty)> {
        if self.r.one_in(4) {
            let arrays: Vec<Array> = self.arrays().into_iter().filter(|a| !a.tuple).collect();
            if !arrays.is_empty() {
                let array = self.r.pick(&arrays).clone();
                return Some((self.element(&array), array.elem));
            }
        }
        if self.mapped && self.r.one_in(10) {
            let ty = *self.r.pick(&INTEGERS);
            return Some((self.anonymous(ty), ty));
        }
        for _ in 0..5 {
            let ty = *self.r.pick(&SCALARS);
            let paths = self.paths(ty, true);
            if !paths.is_empty() {
                return Some((self.r.pick(&paths).clone(), ty));
            }
        }
        None
    }

    fn assign(&mut self) {
        let Some((target, ty)) = self.target() else { return };
        let value = self.value_for(ty, 3);
        self.line(format!("{target} = {value}"));
    }

    fn augmented(&mut self) {
        let Some((target, ty)) = self.target() else { return };
        let (op, value) = match ty {
            Ty::Bool | Ty::Char => return self.assign(),
            Ty::F16 | Ty::F32 | Ty::Float => (*self.r.pick(&["+", "-", "*", "/"]), self.expr(ty, 1)),
            _ => match self.r.below(5) {
                0 => {
                    let value = self.expr(ty, 2);
                    (*self.r.pick(&["/", "%"]), value)
                }
                1 => {
                    let of = *self.r.pick(&INTEGERS);
                    let value = if self.r.one_in(2) {
                        self.r.below(ty.width() as usize * 8).to_string()
                    } else {
                        self.expr(of, 1)
                    };
                    (*self.r.pick(&["<<", ">>"]), value)
                }
                2 => {
                    // Any type that meets another without an operator that needs a sign.
                    let of = *self.r.pick(&INTEGERS);
                    let value = self.expr(of, 2);
                    (*self.r.pick(&["+", "-", "*", "&", "|", "^"]), value)
                }
                3 => (*self.r.pick(&["+", "-"]), "1".to_string()),
                _ => {
                    let value = self.expr(ty, 2);
                    (*self.r.pick(&["+", "-", "*", "&", "|", "^"]), value)
                }
            },
        };
        self.line(format!("{target} {op}= {value}"));
    }

    fn print_some(&mut self) {
        let mut args = Vec::new();
        for _ in 0..1 + self.r.below(3) {
            let ty = *self.r.pick(&SCALARS);
            args.push(match self.r.below(6) {
                0 => self.text(40).map_or("\"?\"".to_string(), |(text, _)| text),
                1 => format!("str({}, {})", self.expr(ty_with_digits(ty), 1), self.r.below(5)),
                _ => printable(ty, &self.expr(ty, 2)),
            });
        }
        let args = args.join(", ");
        match self.r.below(3) {
            0 => self.line(format!("printsep(\",\", {args})")),
            _ => self.line(format!("print({args}, \" \")")),
        }
    }

    fn if_statement(&mut self) {
        let test = self.test(2);
        let count = 1 + self.r.below(3);
        self.block(format!("if {test}:"), |g| g.statements(count));
        if self.r.one_in(4) {
            let test = self.test(2);
            self.block(format!("elif {test}:"), |g| g.statements(1));
        }
        if self.r.one_in(2) {
            self.block("else:", |g| g.statements(count));
        }
    }

    /// Runs `fill` as the body of a loop with about so many rounds.
    fn in_loop(&mut self, head: String, rounds: usize, fill: impl FnOnce(&mut Self)) {
        let before = self.rounds;
        self.rounds *= rounds.max(1);
        self.loops += 1;
        self.block(head, fill);
        self.loops -= 1;
        self.rounds = before;
    }

    fn for_statement(&mut self) {
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
        self.line(format!("print({name}, \" \")"));
        self.scope.vars.retain(|v| v.path != name);
    }

    /// The arguments of `range` for a variable of a type, and about how many rounds it makes.
    fn range(&mut self, ty: Ty) -> (String, usize) {
        let (lo, hi) = ty.range();
        let few = self.r.below(6) as i64;
        let step = *self.r.pick(&[1, 1, 2, 3, 7, 100]);
        match self.r.below(12) {
            0 => (format!("{}", few + 1), few as usize),
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
            9 => (format!("({} | {}), {}", self.expr(ty, 1), hi - 3, hi + 1), 4),
            10 => (format!("{}, ({} & 7)", few, self.expr(ty, 1)), 4),
            _ => (format!("({} & 7)", self.expr(ty, 1)), 5),
        }
    }

    fn while_statement(&mut self) {
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

    fn call_statement(&mut self) {
        let calls = self.callables(|_| true);
        if calls.is_empty() {
            return self.augmented();
        }
        let (path, func) = self.r.pick(&calls).clone();
        if let Some(call) = self.call(&path, &func) {
            self.line(call);
        }
    }

    /// Whole arrays.
    fn bulk(&mut self) {
        let arrays: Vec<Array> = self.arrays().into_iter().filter(|a| !a.tuple).collect();
        if arrays.is_empty() {
            return self.assign();
        }
        let array = self.r.pick(&arrays).clone();
        self.cost += array.len / 8 * self.rounds;
        match self.r.below(6) {
            0 => {
                let value = self.value_for(array.elem, 1);
                self.line(format!("{} = [{value}]", array.path));
            }
            1 => {
                let same: Vec<Array> = arrays
                    .iter()
                    .filter(|a| a.elem == array.elem && a.len == array.len && a.path != array.path)
                    .cloned()
                    .collect();
                if !same.is_empty() && !array.mapped {
                    let other = self.r.pick(&same).path.clone();
                    self.line(format!("{} = {other}", array.path));
                }
            }
            2 if !array.mapped => {
                let tuples: Vec<String> = self
                    .scope
                    .arrays
                    .iter()
                    .filter(|a| a.tuple && a.elem == array.elem)
                    .map(|a| a.path.clone())
                    .collect();
                if !tuples.is_empty() {
                    let other = self.r.pick(&tuples).clone();
                    self.line(format!("{} = {other}", array.path));
                }
            }
            3 if array.elem.width() == 1 && !array.mapped && array.len >= 8 => {
                let half = array.len / 2;
                let (from, to) = (self.r.below(half), self.r.below(half));
                let (width, height) = (1 + self.r.below(half / 2), 1 + self.r.below(2));
                let path = &array.path;
                let line = format!("blkcpy({path}, {from}, {path}, {to}, {width}, {height}, {})", half / 2);
                self.line(line);
            }
            4 => {
                let value = self.value_for(array.elem, 1);
                let count = match self.r.below(3) {
                    0 => String::new(),
                    1 => format!(", {}", self.r.below(array.len + 1)),
                    _ => format!(", {} & {}", self.expr(Ty::Word, 1), array.len - 1),
                };
                self.line(format!("memfill({}, {value}{count})", array.path));
            }
            _ => {
                let n = 1 + self.r.below(array.len.min(5));
                let values: Vec<String> = (0..n).map(|_| self.value_for(array.elem, 1)).collect();
                let comma = if n == 1 { "," } else { "" };
                self.line(format!("{} = ({}{comma})", array.path, values.join(", ")));
            }
        }
    }

    fn string_statement(&mut self) {
        let texts = self.scope.texts.clone();
        if texts.is_empty() {
            return self.assign();
        }
        let target = self.r.pick(&texts).clone();
        let (path, capacity) = (target.path, target.capacity);
        match self.r.below(7) {
            0 | 1 => {
                if let Some((text, _)) = self.text(capacity) {
                    self.line(format!("{path} = {text}"));
                }
            }
            2 | 3 => {
                if let Some((text, longest)) = self.text(capacity / 2) {
                    let room = capacity - longest;
                    self.block(format!("if len({path}) <= {room}:"), |g| g.line(format!("{path} += {text}")));
                }
            }
            4 => {
                let k = self.r.below(5);
                let code = self.value_for(Ty::Char, 1);
                self.block(format!("if len({path}) > {k}:"), |g| {
                    let at = if g.r.one_in(3) { format!("-{}", k + 1) } else { k.to_string() };
                    g.line(format!("{path}[{at}] = {code}"));
                });
            }
            5 => {
                let k = self.r.below(5);
                let names = self.paths(Ty::Byte, true);
                if !names.is_empty() {
                    let to = self.r.pick(&names).clone();
                    self.block(format!("if len({path}) > {k}:"), |g| {
                        let at = if g.r.one_in(3) { format!("-{}", k + 1) } else { k.to_string() };
                        g.line(format!("{to} = {path}[{at}] + 1"));
                    });
                }
            }
            _ => {
                let of = *self.r.pick(&[Ty::Byte, Ty::Int, Ty::Word]);
                let value = self.expr(of, 2);
                if capacity >= 10 {
                    let letters = self.letters(3);
                    self.line(format!("sprint({path}, \"{letters}\", {value})"));
                }
            }
        }
    }

    fn object_statement(&mut self) {
        let objects = self.whole_objects();
        if objects.is_empty() {
            return self.call_statement();
        }
        let (path, class) = self.r.pick(&objects).clone();
        let same: Vec<String> = objects
            .iter()
            .filter(|(other, of)| *of == class && *other != path)
            .map(|o| o.0.clone())
            .collect();
        match self.r.below(4) {
            0 if !same.is_empty() => {
                let other = self.r.pick(&same).clone();
                self.line(format!("{path} = {other}"));
            }
            1 => {
                let params = self.classes[class].init.clone().unwrap_or_default();
                let args: Option<Vec<String>> = params.iter().map(|p| self.argument(p)).collect();
                if let Some(args) = args {
                    self.line(format!("{path}({})", args.join(", ")));
                }
            }
            2 => {
                let all = self.scope.objects.clone();
                let alias = all.iter().find(|o| o.is_alias && o.class == class);
                let fixed: Vec<&String> =
                    same.iter().filter(|p| alias.is_none_or(|a| !p.starts_with(&a.path))).collect();
                if let (Some(alias), false) = (alias, fixed.is_empty()) {
                    let other = (*self.r.pick(&fixed)).clone();
                    self.line(format!("alias({}, addr({other}))", alias.path));
                }
            }
            _ => self.call_statement(),
        }
    }
}

/// Any character may come out, and some move the cursor: those are shown as numbers.
pub fn printable(ty: Ty, text: &str) -> String {
    if ty == Ty::Char { format!("byte({text})") } else { text.to_string() }
}

/// `bool` and `char` have no decimals.
fn ty_with_digits(ty: Ty) -> Ty {
    if matches!(ty, Ty::Bool | Ty::Char) { Ty::Float } else { ty }
}
