//! Functions, data, interrupt code, `main`, and the variables of each.

use super::stmt::printable;
use super::types::{Array, Object, SCALARS, Scope, Text, Ty, Var};
use super::{Func, Gen, NAMELESS, Param, WINDOW};

/// Where `relocate` data goes.
const RELOCATED: usize = 0x9000;

impl Gen {
    /// The whole program.
    pub fn whole(&mut self) {
        self.small = !self.r.one_in(4);
        self.mapped = self.r.one_in(3);
        self.assembly = !self.mapped && self.r.one_in(16);
        let handler = self.r.one_in(8);
        let (classes, functions) = if self.small { (2, 2) } else { (3, 3) };
        self.data();
        if handler {
            self.pure_function();
            if self.r.one_in(2) {
                self.pure_function();
            }
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
        for _ in 0..self.r.below(functions) + usize::from(!self.small) {
            match self.r.below(8) {
                0 => self.text_function(),
                1 => self.object_function(),
                2 => self.mutual_functions(),
                _ => self.function(),
            }
        }
        let handler = handler.then(|| self.handler());
        self.main(handler);
    }

    /// Constants, tuples and mapped variables.
    fn data(&mut self) {
        for _ in 0..self.r.below(3) {
            let ty = self.any_integer();
            let (name, value) = (self.name("K"), self.integer(ty));
            self.line(format!("{name} = {value}"));
            self.constants.push((name, value));
        }
        for _ in 0..self.r.below(3) {
            let elem = *self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int, Ty::Long, Ty::SByte]);
            let len = *self.r.pick(&[4, 8]);
            let name = self.name("T");
            let values: Vec<String> = (0..len).map(|_| self.literal(elem)).collect();
            self.line(format!("{name}: tuple[{}] = ({})", elem.name(), values.join(", ")));
            self.global.arrays.push(Array::tuple(name, elem, len));
        }
        if self.r.one_in(6) {
            let (elem, name) = (*self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int]), self.name("R"));
            let values: Vec<String> = (0..8).map(|_| self.literal(elem)).collect();
            let list = values.join(", ");
            self.line(format!("{name}: relocate[tuple[{}], {RELOCATED:#06x}] = ({list})", elem.name()));
            self.global.arrays.push(Array::tuple(name, elem, 8));
        }
        if !self.mapped {
            return;
        }
        for _ in 0..1 + self.r.below(4) {
            let ty = self.any_integer();
            let name = self.name("M");
            let safe = ty.width() <= 2 && self.r.one_in(4);
            let declared = format!("{}[{:#06x}]", ty.name(), self.mapped_address(ty.width() as usize));
            let declared = if safe { format!("irq_safe[{declared}]") } else { declared };
            self.line(format!("{name}: {declared}"));
            self.global.vars.push(Var { path: name, ty, assignable: true, mapped: true });
        }
        let elem = *self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int]);
        let name = self.name("M");
        self.line(format!("{name}: array[{}, 16][{:#06x}]", elem.name(), WINDOW + 0x40));
        self.global.arrays.push(Array::mapped(name, elem, 16));
        let name = self.name("M");
        self.line(format!("{name}: array[byte, 16][{:#06x}]", NAMELESS));
        self.global.arrays.push(Array::mapped(name, Ty::Byte, 16));
    }

    pub fn result(&mut self) -> Option<Ty> {
        if self.r.one_in(4) { None } else { Some(self.any_scalar()) }
    }

    pub fn params(&mut self, aliases: bool) -> Vec<Param> {
        let count = self.r.below(4);
        (0..count).map(|_| self.param(aliases)).collect()
    }

    fn param(&mut self, aliases: bool) -> Param {
        let ty = self.any_scalar();
        match self.r.below(10) {
            0 if aliases => Param::AliasScalar(ty),
            1 if aliases => Param::AliasArray(*self.r.pick(&[Ty::Byte, Ty::Word]), *self.r.pick(&[4, 8])),
            2 if aliases && !self.classes.is_empty() => Param::AliasObject(self.r.below(self.classes.len())),
            3 if aliases => Param::AliasString(20),
            4 if aliases => Param::Tuple(*self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int])),
            _ => Param::Scalar(ty),
        }
    }

    /// A scalar variable comes into scope.
    pub fn see(&mut self, path: String, ty: Ty) {
        self.scope.vars.push(Var { path, ty, assignable: true, mapped: false });
    }

    /// Names for parameters, and their list in the source.
    fn name_parameters(&mut self, params: &[Param]) -> (Vec<String>, String) {
        let names: Vec<String> = params.iter().map(|_| self.name("a")).collect();
        let with_type = |(param, name): (&Param, &String)| {
            let ty = match param {
                Param::Scalar(ty) => ty.name().to_string(),
                Param::AliasScalar(ty) => format!("alias[{}]", ty.name()),
                Param::AliasArray(elem, len) => format!("alias[array[{}, {len}]]", elem.name()),
                Param::AliasObject(class) => format!("alias[{}]", self.classes[*class].name),
                Param::AliasString(_) => "alias[string]".to_string(),
                Param::Tuple(elem) => format!("tuple[{}]", elem.name()),
            };
            format!("{name}: {ty}")
        };
        let list: Vec<String> = params.iter().zip(&names).map(with_type).collect();
        (names, list.join(", "))
    }

    /// Begins a function: what it can see. The result is the list of its parameters.
    pub fn enter(&mut self, params: &[Param], ret: Option<Ty>) -> String {
        let (names, list) = self.name_parameters(params);
        self.enter_named(params, names, ret);
        list
    }

    fn enter_named(&mut self, params: &[Param], names: Vec<String>, ret: Option<Ty>) {
        self.scope = if self.pure { Scope::default() } else { self.global.clone() };
        self.ret = ret;
        self.returns_text = false;
        self.returns_object = None;
        self.own = Vec::new();
        self.cost = 1;
        self.rounds = 1;
        self.loops = 0;
        for (param, path) in params.iter().zip(names) {
            let scope = &mut self.scope;
            match *param {
                Param::Scalar(ty) | Param::AliasScalar(ty) => {
                    scope.vars.push(Var { path, ty, assignable: true, mapped: false });
                }
                Param::AliasArray(elem, len) => scope.arrays.push(Array::view(path, elem, len)),
                Param::AliasObject(class) => {
                    scope.objects.push(Object { path, class, count: None, is_alias: false });
                }
                Param::AliasString(capacity) => scope.texts.push(Text { path, capacity }),
                Param::Tuple(elem) => scope.arrays.push(Array::tuple(path, elem, 4)),
            }
        }
    }

    /// A function that returns a string.
    fn text_function(&mut self) {
        let params = self.params(true);
        let list = self.enter(&params, None);
        self.returns_text = true;
        let name = self.name("fn");
        self.block(format!("def {name}({list}) -> alias[string]:"), |g| {
            g.string_variable();
            g.body(4);
            g.return_statement();
        });
        self.returns_text = false;
        let func = Func { name, params, ret: None, recursive: None, cost: self.cost, pure: false };
        self.text_funcs.push(func);
    }

    /// A function that returns an object, its own or one that it was given.
    fn object_function(&mut self) {
        let classes: Vec<usize> = (0..self.classes.len()).filter(|&c| self.is_copied(c)).collect();
        if classes.is_empty() {
            return self.function();
        }
        let class = *self.r.pick(&classes);
        let mut params = self.params(true);
        params.push(Param::AliasObject(class));
        let list = self.enter(&params, None);
        self.returns_object = Some(class);
        let (name, result) = (self.name("fn"), self.classes[class].name.clone());
        self.block(format!("def {name}({list}) -> alias[{result}]:"), |g| {
            g.body(4);
            g.return_statement();
        });
        self.returns_object = None;
        let func = Func { name, params, ret: None, recursive: None, cost: self.cost, pure: false };
        self.object_funcs.push((func, class));
    }

    /// Objects of the class are variables that can be copied.
    pub fn is_copied(&self, class: usize) -> bool {
        !self.classes[class].is_singleton && !self.classes[class].is_mapped
    }

    fn signature(&mut self) -> Func {
        let (params, ret, name) = (self.params(!self.pure), self.result(), self.name("fn"));
        Func { name, params, ret, recursive: None, cost: 1, pure: self.pure }
    }

    fn function(&mut self) {
        let func = self.signature();
        let recursive = self.r.one_in(4).then(|| 1 + self.r.below(4));
        let names = self.name_parameters(&func.params);
        self.write(Func { recursive, ..func }, Vec::new(), names);
    }

    /// For interrupt code and all else.
    fn pure_function(&mut self) {
        self.pure = true;
        let func = self.signature();
        let names = self.name_parameters(&func.params);
        self.write(func, Vec::new(), names);
        self.pure = false;
    }

    /// Two functions that call each other, the second declared ahead.
    fn mutual_functions(&mut self) {
        let recursive = Some(1 + self.r.below(3));
        let (a, b) = (self.signature(), self.signature());
        let (a, b) = (Func { recursive, ..a }, Func { recursive, ..b });
        let names = self.name_parameters(&b.params);
        let head = head(&b, &names.1);
        self.block(format!("@forward\n{head}"), |g| g.line("..."));
        let own = self.name_parameters(&a.params);
        self.write(a.clone(), vec![b.clone()], own);
        self.write(b, vec![a], names);
    }

    /// Writes a function with these parameters, which may call itself and `others` one level deeper.
    fn write(&mut self, mut func: Func, others: Vec<Func>, (names, list): (Vec<String>, String)) {
        self.enter_named(&func.params, names, func.ret);
        if func.recursive.is_some() {
            self.scope.vars.push(Var { path: "n".into(), ty: Ty::Byte, assignable: false, mapped: false });
        }
        self.block(head(&func, &list), |g| {
            if func.recursive.is_some() {
                g.block("if n == 0:", Gen::return_statement);
                g.own = [vec![func.clone()], others].concat();
            }
            g.body(6);
        });
        func.cost = self.cost.max(1) << func.recursive.unwrap_or(0);
        self.own = Vec::new();
        self.funcs.push(func);
    }

    /// A handler that counts and computes for itself, with functions that `main` uses too.
    fn handler(&mut self) -> String {
        let (state, name) = (self.name("I"), self.name("irq"));
        self.block(format!("@singleton\nclass {state}:"), |g| {
            g.line("ticks: byte");
            g.line("sum: word");
        });
        self.pure = true;
        self.enter(&[], None);
        let kind = *self.r.pick(&["@irq", "@irq", "@irq_hook"]);
        self.block(format!("{kind}\ndef {name}(cia1: byte):"), |g| {
            // The body may return at once: this acknowledges the interrupt.
            g.line(format!("{state}.ticks = cia1"));
            for path in ["ticks", "sum"] {
                let ty = if path == "sum" { Ty::Word } else { Ty::Byte };
                g.see(format!("{state}.{path}"), ty);
            }
            g.body(3);
            for func in g.funcs.clone().iter().filter(|f| f.pure) {
                if let Some(call) = g.call(&func.name, func) {
                    g.line(call);
                }
            }
        });
        self.pure = false;
        name
    }

    /// Variables, statements and the end of a function.
    pub fn body(&mut self, most: usize) {
        let count = 1 + self.r.below(4);
        self.variables(count);
        self.budget = 1 + self.r.below(most);
        self.statements(self.budget);
        if self.ret.is_some() {
            self.return_statement();
        }
    }

    pub fn variables(&mut self, count: usize) {
        for _ in 0..count {
            match self.r.below(10) {
                0 => self.array_variable(),
                1 if !self.pure => self.string_variable(),
                2 if !self.classes.is_empty() && !self.pure => self.object_variable(),
                3 if self.r.one_in(2) => self.alias_variable(),
                4 if self.r.one_in(3) => self.tuple_variable(),
                _ => self.scalar_variable(),
            }
        }
    }

    pub fn scalar_variable(&mut self) {
        let ty = if self.r.one_in(2) { self.any_integer() } else { self.any_scalar() };
        let name = self.name("v");
        let value = if self.r.one_in(3) { self.value_for(ty, 2) } else { self.literal(ty) };
        self.line(format!("{name}: {} = {value}", ty.name()));
        self.scope.vars.push(Var { path: name, ty, assignable: true, mapped: false });
    }

    /// A pointer to tuples.
    fn tuple_variable(&mut self) {
        let tuples: Vec<Array> = self.scope.arrays.iter().filter(|a| a.is_tuple_value()).cloned().collect();
        if tuples.is_empty() {
            return self.scalar_variable();
        }
        let Array { path, elem, .. } = self.r.pick(&tuples).clone();
        let name = self.name("u");
        self.line(format!("{name}: tuple[{}]", elem.name()));
        self.line(format!("{name} = {path}"));
        self.scope.arrays.push(Array::tuple(name, elem, 4));
    }

    pub fn array_variable(&mut self) {
        let elem = *self.r.pick(&[Ty::Byte, Ty::Byte, Ty::Word, Ty::Int, Ty::Long, Ty::SByte, Ty::Char]);
        let len = match self.r.below(12) {
            0 => 256,
            1 => 512,
            _ => *self.r.pick(&[4, 8, 16]),
        };
        let name = self.name("b");
        let value = self.value_for(elem, 1);
        self.line(format!("{name}: array[{}, {len}] = [{value}]", elem.name()));
        if self.r.one_in(2) {
            let values: Vec<String> = (0..4).map(|_| self.value_for(elem, 1)).collect();
            self.line(format!("{name} = ({})", values.join(", ")));
        }
        self.cost += len / 8;
        self.scope.arrays.push(Array::plain(name, elem, len));
    }

    pub fn string_variable(&mut self) {
        let name = self.name("s");
        let capacity = *self.r.pick(&[10, 20, 40]);
        let text = self.letters(4);
        self.line(format!("{name}: string[{capacity}] = \"{text}\""));
        self.scope.texts.push(Text { path: name, capacity });
    }

    fn object_variable(&mut self) {
        let own = self.scope.objects.iter().find(|o| o.path == "self").map(|o| o.class);
        let free = |&class: &usize| !self.classes[class].is_singleton && Some(class) != own;
        let classes: Vec<usize> = (0..self.classes.len()).filter(free).collect();
        if classes.is_empty() {
            return self.scalar_variable();
        }
        let class = *self.r.pick(&classes);
        let (class_name, init) = (self.classes[class].name.clone(), self.classes[class].init.clone());
        let name = self.name("o");
        if init.is_none() && !self.classes[class].is_mapped && self.r.one_in(3) {
            let (count, i) = (*self.r.pick(&[2, 4]), self.name("i"));
            self.line(format!("{name}: array[{class_name}, {count}]"));
            self.line(format!("{i}: byte"));
            self.block(format!("for {i} in range({count}):"), |g| g.line(format!("{name}[{i}]()")));
            self.scope.objects.push(Object { path: name, class, count: Some(count), is_alias: false });
            return;
        }
        let args: Option<Vec<String>> = init.unwrap_or_default().iter().map(|p| self.argument(p)).collect();
        let Some(args) = args else { return };
        let value = match self.classes[class].init {
            Some(_) => format!(" = {class_name}({})", args.join(", ")),
            None => String::new(),
        };
        self.line(format!("{name}: {class_name}{value}"));
        self.see_parts(&name, class);
        self.scope.objects.push(Object { path: name.clone(), class, count: None, is_alias: false });
        if self.r.one_in(3) {
            let alias = self.name("l");
            self.line(format!("{alias}: alias[{class_name}] = {name}"));
            self.scope.objects.push(Object { path: alias, class, count: None, is_alias: true });
        }
    }

    fn main(&mut self, handler: Option<String>) {
        self.enter(&[], None);
        let head = if self.r.one_in(6) { "@lowercase\ndef main():" } else { "def main():" };
        let (variables, statements) = if self.small { (4, 4) } else { (8, 10) };
        self.block(head, |g| {
            if let Some(handler) = handler {
                g.line(format!("__set_irq__({handler})"));
            }
            for at in 0..g.classes.len() {
                let class = &g.classes[at];
                let (name, params) = (class.name.clone(), class.init.clone());
                if let (true, Some(params)) = (class.is_singleton, params) {
                    // Arguments are made of what is known: the globals.
                    let args = params.iter().map(|p| g.argument(p)).collect::<Option<Vec<_>>>();
                    let args = args.unwrap_or_default().join(", ");
                    g.line(format!("{name}({args})"));
                }
            }
            g.variables(variables);
            g.budget = statements + g.r.below(statements + 4);
            g.statements(g.budget);
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

/// The line that begins a function.
fn head(func: &Func, list: &str) -> String {
    let depth = match (func.recursive, list.is_empty()) {
        (None, _) => "",
        (_, true) => "n: byte",
        _ => "n: byte, ",
    };
    format!("def {}({depth}{list}){}:", func.name, arrow(func.ret))
}

pub fn arrow(ret: Option<Ty>) -> String {
    ret.map_or(String::new(), |ty| format!(" -> {}", ty.name()))
}
