//! The whole program, and what needs the machine: interrupt code, raster, keys, assembly, `main`.
//!
//! Invariants: the main program notices nothing of the handlers. A handler acknowledges its interrupt
//! before it may return, and works a limited number of times, so that the main program goes on even if
//! the handler takes longer than the time from one interrupt to the next.

use super::stmt::printable;
use super::types::{Array, SCALARS, Ty, Var};
use super::{Func, Gen, Param};

/// Statements that what a handler calls may execute, about.
const DEAREST_HANDLER: usize = 60;
/// As if handlers were loops with so many rounds: their own loops are short then.
const ROUNDS: usize = 8;

impl Gen {
    /// The whole program.
    pub fn whole(&mut self) {
        self.small = !self.r.one_in(4);
        self.mapped = self.r.one_in(3);
        self.assembly = !self.mapped && self.r.one_in(16);
        // Programs that wait for a key in vain cannot be told beforehand where the oracle does not run.
        self.keys = self.r.one_in(6) && !self.assembly;
        let handler = self.r.one_in(8);
        let (classes, functions) = if self.small { (3, 2) } else { (4, 3) };
        self.data();
        if handler {
            for _ in 0..1 + self.r.below(2) {
                self.pure_function();
            }
        }
        if self.r.one_in(5) {
            self.division();
        }
        if self.r.one_in(6) {
            self.builders();
        }
        for _ in 0..self.r.below(classes) {
            self.class();
        }
        if self.mapped && self.r.one_in(3) {
            self.mapped_class();
        }
        if self.r.one_in(if self.small { 4 } else { 2 }) {
            self.singleton();
        }
        if self.r.one_in(5) {
            self.field();
        } else if self.r.one_in(9) {
            self.reach();
        } else if self.r.one_in(5) {
            self.meet();
        }
        if self.assembly && self.r.one_in(2) {
            self.naked_function();
        }
        for _ in 0..self.r.below(functions) + usize::from(!self.small) {
            match self.r.below(9) {
                3 => self.array_function(),
                0 => self.text_function(),
                1 => self.object_function(),
                2 => self.mutual_functions(),
                _ => self.function(),
            }
        }
        let handlers = if handler { self.handlers() } else { Vec::new() };
        self.main(&handlers);
    }

    /// For interrupt code and all else.
    fn pure_function(&mut self) {
        self.pure = true;
        let func = self.signature();
        let recursive = self.r.one_in(4).then(|| 1 + self.r.below(2));
        let names = self.name_parameters(&func.params);
        self.write(Func { recursive, ..func }, Vec::new(), names);
        self.pure = false;
    }

    /// A handler or two that count and compute for themselves, with functions that `main` uses too.
    fn handlers(&mut self) -> Vec<String> {
        let state = self.name("I");
        self.pure = true;
        let step = self.handler_state(&state);
        if self.r.one_in(2) {
            self.helper();
        }
        self.raster = self.r.one_in(2);
        let count = if self.r.one_in(3) { 2 } else { 1 };
        let names = (0..count).map(|_| self.handler(&state, step.as_ref())).collect();
        self.pure = false;
        names
    }

    /// What the handlers count, in a singleton that nothing else uses; the result is its method.
    fn handler_state(&mut self, state: &str) -> Option<Func> {
        let rounds = *self.r.pick(&[10, 40, 100]);
        let method = Func {
            name: self.name("m"),
            params: vec![Param::Scalar(Ty::Byte)],
            ret: Some(Ty::Word),
            recursive: None,
            cost: 1,
            pure: true,
        };
        let with_method = self.r.one_in(2);
        let mut cost = 1;
        self.block(format!("@singleton\nclass {state}:"), |g| {
            g.line(format!("left: byte = {rounds}"));
            g.line("ticks: byte");
            g.line("sum: word");
            g.line("cells: array[byte, 8] = 0");
            if with_method {
                let list = g.enter(&method.params, method.ret);
                g.see_state("self");
                g.rounds = ROUNDS;
                g.block(format!("def {}({list}) -> word:", method.name), |g| g.body(2));
                cost = g.cost / ROUNDS;
            }
        });
        with_method.then_some(Func { cost, ..method })
    }

    fn see_state(&mut self, path: &str) {
        self.see(format!("{path}.ticks"), Ty::Byte);
        self.see(format!("{path}.sum"), Ty::Word);
        self.scope.arrays.push(Array::plain(format!("{path}.cells"), Ty::Byte, 8));
    }

    /// A function that handlers alone may call.
    fn helper(&mut self) {
        let func = self.signature();
        let list = self.enter(&func.params, func.ret);
        self.rounds = ROUNDS;
        let head = format!("@irq_helper\ndef {}({list}){}:", func.name, super::decl::arrow(func.ret));
        self.block(head, |g| g.body(3));
        let cost = self.cost / ROUNDS;
        self.helpers.push(Func { cost, ..func });
    }

    fn handler(&mut self, state: &str, step: Option<&Func>) -> String {
        let name = self.name("irq");
        self.enter(&[], None);
        let kind = *self.r.pick(&["@irq", "@irq", "@irq_hook", "@irq_raw"]);
        let more = if self.r.one_in(4) { ", cia2: byte" } else { "" };
        // Lines of the head stay when a program is reduced: without them it would not end.
        let head = format!(
            "{kind}\ndef {name}(vic: byte, cia1: byte{more}):\n    vic = 255\n    {state}.ticks = cia1\n    \
             if {state}.left == 0:\n        return\n    {state}.left -= 1"
        );
        self.rounds = ROUNDS;
        self.block(head, |g| {
            g.see_state(state);
            for register in ["vic", "cia2"] {
                if g.r.one_in(3) && (register == "vic" || !more.is_empty()) {
                    g.line(format!("{state}.sum += {register}"));
                }
            }
            if g.r.one_in(3) {
                let test = g.test(1);
                g.block(format!("if {test} and {state}.ticks & 1 == 0:"), |g| g.line("return"));
            }
            g.body(3);
            let own = step.map(|step| (format!("{state}.{}", step.name), step.clone()));
            let shared = g.funcs.clone().into_iter().filter(|f| f.pure).chain(g.helpers.clone());
            for (path, func) in shared.map(|f| (f.name.clone(), f)).chain(own) {
                if func.cost <= DEAREST_HANDLER
                    && let Some(call) = g.call(&path, &func)
                {
                    g.line(call);
                }
            }
            if g.raster && g.r.one_in(3) {
                let line = g.r.below(300);
                g.line(format!("__set_raster__({line})"));
            }
        });
        name
    }

    /// Keys, the raster, assembly.
    pub fn machine_statement(&mut self) {
        if self.keys && (!self.raster || self.r.one_in(3)) {
            let names = self.paths(Ty::Char, true);
            if !names.is_empty() && self.r.one_in(2) {
                let key = *self.r.pick(&["getkey()", "getkey()", "waitkey()"]);
                let name = self.r.pick(&names).clone();
                return self.line(format!("{name} = {key}"));
            }
            return self.line("print(byte(waitkey()), \" \")");
        }
        if self.raster {
            let line = match self.r.below(3) {
                0 => self.expr(Ty::Byte, 1),
                1 => format!("{} & 255", self.expr(Ty::Word, 1)),
                _ => self.r.below(312).to_string(),
            };
            let text = match self.r.below(4) {
                0 => "__disable_raster_irq__()".to_string(),
                1 => format!("__set_raster__({line})"),
                _ => format!("__enable_raster_irq__({line})"),
            };
            return self.line(text);
        }
        self.assign();
    }

    /// A function in assembly, from byte to byte.
    fn naked_function(&mut self) {
        let (name, k) = (self.name("fn"), self.r.below(256));
        let body = *self.r.pick(&["clc\nadc #K", "eor #K\nlsr", "tax\nlda #K\ncpx #3\nbcc !+\ntxa\n!:"]);
        let text = body.replace('K', &k.to_string());
        self.block(format!("@naked\ndef {name}(a: byte) -> byte:"), |g| {
            g.line(format!("__asm__(\"\"\"\n{text}\n\"\"\")"));
        });
        self.naked.push(name);
    }

    /// A little assembly on a byte and a word.
    pub fn asm_statement(&mut self) {
        let simple = |g: &Self, ty: Ty| {
            let plain = |v: &&Var| v.ty == ty && v.assignable && v.path.starts_with('v');
            g.scope.vars.iter().filter(plain).map(|v| v.path.clone()).collect::<Vec<_>>()
        };
        let (bytes, words) = (simple(self, Ty::Byte), simple(self, Ty::Word));
        if bytes.is_empty() || words.is_empty() {
            return self.assign();
        }
        let (b, w) = (self.r.pick(&bytes).clone(), self.r.pick(&words).clone());
        if !self.naked.is_empty() && self.r.one_in(2) {
            let (name, value) = (self.r.pick(&self.naked.clone()).clone(), self.expr(Ty::Byte, 1));
            return self.line(format!("{b} = {name}({value})"));
        }
        let k = self.r.below(256);
        let text = match self.r.below(4) {
            0 => format!("lda {{{b}}}\nclc\nadc #{k}\nsta {{{b}}}"),
            1 => format!("inc {{{w}}}\nbne !+\ninc {{{w}}} + 1\n!:"),
            2 => format!("ldx #{}\n!:\nasl {{{w}}}\nrol {{{w}}} + 1\ndex\nbne !-", 1 + k % 7),
            _ => format!("lda {{{w}}} + 1\neor {{{b}}}\ntax\ntay\nsta {{{b}}}"),
        };
        self.line(format!("__asm__(\"\"\"\n{text}\n\"\"\")"));
    }

    fn main(&mut self, handlers: &[String]) {
        self.enter(&[], None);
        let mut head = String::new();
        for (decorator, rarity) in
            [("@lowercase", 6), ("@kernal", 10), ("@origin(0x1400)", 16), ("@charset_rom(0x3800)", 40)]
        {
            if self.r.one_in(rarity) {
                head += decorator;
                head.push('\n');
            }
        }
        let (variables, statements) = if self.small { (4, 4) } else { (8, 10) };
        self.in_main = true;
        self.block(head + "def main():", |g| {
            if let Some(first) = handlers.first() {
                g.line(format!("__set_irq__({first})"));
            }
            if g.raster {
                let line = g.r.below(312);
                g.line(format!("__enable_raster_irq__({line})"));
            }
            for at in 0..g.classes.len() {
                let class = &g.classes[at];
                let (name, params) = (class.name.clone(), class.init.clone());
                if !class.is_singleton {
                    continue;
                }
                let Some(params) = params else {
                    g.make_ready(&name, at);
                    continue;
                };
                // Arguments are made of what is known: the globals, but not yet this one.
                let all = g.scope.clone();
                g.scope.objects.retain(|o| o.class != at);
                g.scope.texts.retain(|t| !t.path.starts_with(&name));
                let args = params.iter().map(|p| g.argument(p)).collect::<Option<Vec<_>>>();
                let args = args.unwrap_or_default().join(", ");
                g.line(format!("{name}({args})"));
                g.scope = all;
            }
            for field in g.fields.clone() {
                let k = g.r.below(2000);
                g.line(format!("{field}.fill({k})"));
            }
            g.variables(variables);
            g.budget = statements + g.r.below(statements + 4);
            g.statements(g.budget);
            for field in g.fields.clone() {
                let k = g.r.below(256);
                g.line(format!("{field}.go({k})"));
            }
            for _ in 0..2 {
                if let Some(built) = g.built() {
                    g.line(format!("print({built}, \"\\n\")"));
                }
            }
            if let Some(other) = handlers.get(1) {
                g.line(format!("__set_irq__({other})"));
                g.budget = 3;
                g.statements(3);
            }
            g.show_all();
        });
    }

    /// Prints everything in scope.
    fn show_all(&mut self) {
        for ty in SCALARS {
            let values: Vec<String> = self.paths(ty, false).iter().map(|p| printable(ty, p)).collect();
            for chunk in values.chunks(4) {
                self.line(format!("printsep(\" \", {}, \"\")", chunk.join(", ")));
            }
        }
        for array in self.arrays().into_iter().filter(|a| !a.tuple) {
            let i = self.name("i");
            self.line(format!("{i}: word"));
            let value = printable(array.elem, &format!("{}[{i}]", array.path));
            self.block(format!("for {i} in range({}):", array.len.min(32)), |g| {
                g.line(format!("print({value}, \" \")"));
            });
        }
        for text in self.scope.texts.clone() {
            self.line(format!("print(len({0}), {0}, \" \")", text.path));
        }
    }
}
