//! Random statements.

use super::Gen;
use super::text::LONGEST_RESULT;
use super::types::{Array, Ty};

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
        match self.r.below(38) {
            0..=6 => self.assign(),
            7..=10 => self.augmented(),
            11 | 12 if !self.pure => self.print_some(),
            13 if self.r.one_in(4) => self.comparisons(),
            13..=15 => self.if_statement(),
            16..=18 if self.loops < DEEPEST_LOOP => self.for_statement(),
            19 if self.loops < DEEPEST_LOOP => self.while_statement(),
            20 | 21 => self.call_statement(),
            22 | 23 => self.bulk(),
            24 | 25 if !self.pure => self.string_statement(),
            26 | 27 if !self.pure => self.object_statement(),
            27 if self.pure => self.pointer_statement(),
            28 if self.loops > 0 => {
                let test = self.test(1);
                let word = *self.r.pick(&["break", "continue"]);
                self.block(format!("if {test}:"), |g| g.line(word));
            }
            29 if self.r.one_in(3) => {
                let test = self.test(1);
                self.block(format!("if {test}:"), Gen::return_statement);
            }
            30 | 31 if self.loops < DEEPEST_LOOP => self.sweep(),
            32 => self.pointer_statement(),
            33 => self.variables(1),
            36 | 37 if !self.pure && (self.keys || self.raster) => self.machine_statement(),
            34 if !self.pure => {
                let words = ["__sei__()", "__cli__()", "__nop__()", "__nop__(3)"];
                let word = *self.r.pick(&words);
                self.line(word);
                // Interrupts go on.
                if word == words[0] {
                    self.line(words[1]);
                }
            }
            35 if self.assembly => self.asm_statement(),
            _ => self.assign(),
        }
    }

    pub fn return_statement(&mut self) {
        if self.returns_text {
            let text = self.text(LONGEST_RESULT).map_or("\"\"".to_string(), |(text, _)| text);
            return self.line(format!("return {text}"));
        }
        if let Some(class) = self.returns_object {
            let whole = self.whole_objects();
            let fits: Vec<_> = whole.into_iter().filter(|o| o.1 == class).map(|o| o.0).collect();
            let path = self.r.pick(&fits).clone();
            return self.line(format!("return {path}"));
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
        if self.mapped && !self.pure && self.r.one_in(10) {
            let ty = self.any_integer();
            return Some((self.anonymous(ty), ty));
        }
        for _ in 0..5 {
            let ty = self.any_scalar();
            let paths = self.paths(ty, true);
            if !paths.is_empty() {
                return Some((self.r.pick(&paths).clone(), ty));
            }
        }
        None
    }

    pub fn assign(&mut self) {
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
                    let of = self.any_integer();
                    let value = if self.r.one_in(2) {
                        self.r.below(ty.width() as usize * 8).to_string()
                    } else {
                        self.expr(of, 1)
                    };
                    (*self.r.pick(&["<<", ">>"]), value)
                }
                2 => {
                    // Any type that meets another without an operator that needs a sign.
                    let of = self.any_integer();
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
            let ty = self.any_scalar();
            args.push(match self.r.below(6) {
                0 => self.text(40).map_or("\"?\"".to_string(), |(text, _)| text),
                1 => format!("str({}, {})", self.expr(ty_with_digits(ty), 1), self.r.below(5)),
                2 if self.r.one_in(3) && self.rounds < 8 => {
                    let objects = self.whole_objects();
                    match objects.is_empty() {
                        true => "True".to_string(),
                        false => self.r.pick(&objects).0.clone(),
                    }
                }
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
        self.scoped_block(format!("if {test}:"), |g| g.statements(count));
        if self.r.one_in(4) {
            let test = self.test(2);
            self.scoped_block(format!("elif {test}:"), |g| g.statements(1));
        }
        if self.r.one_in(2) {
            self.scoped_block("else:", |g| g.statements(count));
        }
    }

    pub fn call_statement(&mut self) {
        let calls = self.callables(|_| true);
        if calls.is_empty() {
            return self.augmented();
        }
        let (path, func) = self.r.pick(&calls).clone();
        if let Some(call) = self.call(&path, &func) {
            self.line(call);
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
