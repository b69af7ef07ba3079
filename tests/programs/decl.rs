//! Classes, functions, data, `main`, and the variables of each.

use super::stmt::printable;
use super::types::{Array, INTEGERS, Object, SCALARS, Text, Ty, Var};
use super::{Class, Func, Gen, NAMELESS, Param, WINDOW};

impl Gen {
    /// The whole program.
    pub fn whole(&mut self) {
        self.mapped = self.r.one_in(3);
        self.data();
        for _ in 0..self.r.below(3) {
            self.class();
        }
        if self.r.one_in(2) {
            self.singleton();
        }
        for _ in 0..1 + self.r.below(3) {
            self.function();
            if self.r.one_in(4) {
                self.text_function();
            }
        }
        self.main();
    }

    /// Constants, tuples and mapped variables.
    fn data(&mut self) {
        for _ in 0..self.r.below(3) {
            let ty = *self.r.pick(&INTEGERS);
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
            self.global.arrays.push(Array { path: name, elem, len, mapped: false, tuple: true });
        }
        if !self.mapped {
            return;
        }
        let mut next = WINDOW;
        for _ in 0..1 + self.r.below(4) {
            let ty = *self.r.pick(&INTEGERS);
            let name = self.name("M");
            let safe = ty.width() <= 2 && self.r.one_in(4);
            let declared = format!("{}[{next:#06x}]", ty.name());
            let declared = if safe { format!("irq_safe[{declared}]") } else { declared };
            self.line(format!("{name}: {declared}"));
            self.global.vars.push(Var { path: name, ty, assignable: true, mapped: true });
            next += ty.width() as usize;
        }
        let elem = *self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int]);
        let name = self.name("M");
        self.line(format!("{name}: array[{}, 16][{:#06x}]", elem.name(), WINDOW + 0x40));
        self.global.arrays.push(Array { path: name, elem, len: 16, mapped: true, tuple: false });
        let name = self.name("M");
        self.line(format!("{name}: array[byte, 16][{:#06x}]", NAMELESS));
        self.global.arrays.push(Array { path: name, elem: Ty::Byte, len: 16, mapped: true, tuple: false });
    }

    /// Writes the properties of a class; its objects may hold those of classes before it.
    fn properties(&mut self, class: &mut Class) {
        for _ in 0..1 + self.r.below(4) {
            let ty = *self.r.pick(&SCALARS);
            let name = self.name("p");
            let value = self.literal(ty);
            self.line(format!("{name}: {} = {value}", ty.name()));
            class.fields.push((name, ty));
        }
        if self.r.one_in(2) {
            let elem = *self.r.pick(&[Ty::Byte, Ty::Byte, Ty::Word, Ty::SByte, Ty::Long]);
            let len = *self.r.pick(&[4, 8, 16]);
            let name = self.name("a");
            let values: Vec<String> = (0..len).map(|_| self.literal(elem)).collect();
            self.line(format!("{name}: array[{}, {len}] = ({})", elem.name(), values.join(", ")));
            class.arrays.push((name, elem, len));
        }
        if self.r.one_in(3) {
            let name = self.name("s");
            let text = self.letters(3);
            self.line(format!("{name}: string[12] = \"{text}\""));
            class.strings.push((name, 12));
        }
        if self.r.one_in(3)
            && let Some(inner) = self.classes.iter().position(|c| c.init.is_none() && c.objects.is_empty())
        {
            let name = self.name("q");
            let line = format!("{name}: {}", self.classes[inner].name);
            self.line(line);
            class.objects.push((name, inner));
        }
    }

    fn class(&mut self) {
        let at = self.classes.len();
        let mut class = Class { name: self.name("C"), ..Class::default() };
        let parent = (at > 0 && self.r.one_in(3)).then(|| self.r.below(at));
        let mut head = format!("class {}:", class.name);
        if let Some(parent) = parent {
            head = format!("class {}({}):", class.name, self.classes[parent].name);
            class = Class { name: class.name, ..self.classes[parent].clone() };
        }
        self.block(head, |g| {
            g.properties(&mut class);
            g.classes.push(class);
            if g.r.one_in(3) {
                let params = g.params(false);
                let list = g.enter(&params, None);
                g.enter_class(at);
                g.block(format!("def __init__({list}):"), |g| g.body(3));
                g.classes[at].init = Some(params);
            }
            for _ in 0..g.r.below(3) {
                let func = g.method(at);
                g.classes[at].methods.push(func);
            }
        });
    }

    fn singleton(&mut self) {
        let at = self.classes.len();
        let mut class = Class { name: self.name("S"), ..Class::default() };
        let name = class.name.clone();
        self.block(format!("@singleton\nclass {name}:"), |g| {
            g.properties(&mut class);
            g.classes.push(class);
            for _ in 0..g.r.below(2) {
                let func = g.method(at);
                g.classes[at].methods.push(func);
            }
        });
        self.global.objects.push(Object { path: name, class: at, count: None, is_alias: false });
    }

    fn method(&mut self, class: usize) -> Func {
        let params = self.params(true);
        let ret = self.result();
        let list = self.enter(&params, ret);
        self.enter_class(class);
        let name = self.name("m");
        self.block(format!("def {name}({list}){}:", arrow(ret)), |g| g.body(5));
        Func { name, params, ret, recursive: None, cost: self.cost }
    }

    fn enter_class(&mut self, class: usize) {
        self.scope.objects.push(Object { path: "self".to_string(), class, count: None, is_alias: false });
        for (name, capacity) in self.classes[class].strings.clone() {
            self.scope.texts.push(Text { path: format!("self.{name}"), capacity });
        }
    }

    fn result(&mut self) -> Option<Ty> {
        if self.r.one_in(4) { None } else { Some(*self.r.pick(&SCALARS)) }
    }

    fn params(&mut self, aliases: bool) -> Vec<Param> {
        let count = self.r.below(4);
        (0..count).map(|_| self.param(aliases)).collect()
    }

    fn param(&mut self, aliases: bool) -> Param {
        let ty = *self.r.pick(&SCALARS);
        match self.r.below(10) {
            0 if aliases => Param::AliasScalar(ty),
            1 if aliases => Param::AliasArray(*self.r.pick(&[Ty::Byte, Ty::Word]), *self.r.pick(&[4, 8])),
            2 if aliases && !self.classes.is_empty() => Param::AliasObject(self.r.below(self.classes.len())),
            3 if aliases => Param::AliasString(20),
            4 if aliases => Param::Tuple(*self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int])),
            _ => Param::Scalar(ty),
        }
    }

    /// Begins a function: what it can see. The result is the list of its parameters.
    fn enter(&mut self, params: &[Param], ret: Option<Ty>) -> String {
        self.scope = self.global.clone();
        self.ret = ret;
        self.returns_text = false;
        self.own = None;
        self.cost = 1;
        self.rounds = 1;
        self.loops = 0;
        let mut list = Vec::new();
        for param in params {
            let path = self.name("a");
            let ty = match param {
                Param::Scalar(ty) => ty.name().to_string(),
                Param::AliasScalar(ty) => format!("alias[{}]", ty.name()),
                Param::AliasArray(elem, len) => format!("alias[array[{}, {len}]]", elem.name()),
                Param::AliasObject(class) => format!("alias[{}]", self.classes[*class].name),
                Param::AliasString(_) => "alias[string]".to_string(),
                Param::Tuple(elem) => format!("tuple[{}]", elem.name()),
            };
            list.push(format!("{path}: {ty}"));
            let scope = &mut self.scope;
            match *param {
                Param::Scalar(ty) | Param::AliasScalar(ty) => {
                    scope.vars.push(Var { path, ty, assignable: true, mapped: false });
                }
                Param::AliasArray(elem, len) => {
                    scope.arrays.push(Array { path, elem, len, mapped: false, tuple: false });
                }
                Param::AliasObject(class) => {
                    scope.objects.push(Object { path, class, count: None, is_alias: false });
                }
                Param::AliasString(capacity) => scope.texts.push(Text { path, capacity }),
                Param::Tuple(elem) => {
                    scope.arrays.push(Array { path, elem, len: 4, mapped: false, tuple: true });
                }
            }
        }
        list.join(", ")
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
        self.text_funcs.push(Func { name, params, ret: None, recursive: None, cost: self.cost });
    }

    fn function(&mut self) {
        let params = self.params(true);
        let ret = self.result();
        let mut list = self.enter(&params, ret);
        let name = self.name("fn");
        let recursive = self.r.one_in(4).then(|| 1 + self.r.below(4));
        let mut func = Func { name: name.clone(), params, ret, recursive, cost: 1 };
        if recursive.is_some() {
            list = if list.is_empty() { "n: byte".to_string() } else { format!("n: byte, {list}") };
            self.scope.vars.push(Var { path: "n".into(), ty: Ty::Byte, assignable: false, mapped: false });
        }
        let own = recursive.map(|_| func.clone());
        self.block(format!("def {name}({list}){}:", arrow(ret)), |g| {
            if own.is_some() {
                g.block("if n == 0:", Gen::return_statement);
            }
            g.own = own;
            g.body(6);
        });
        func.cost = self.cost.max(1) << recursive.unwrap_or(0);
        self.own = None;
        self.funcs.push(func);
    }

    /// Variables, statements and the end of a function.
    fn body(&mut self, most: usize) {
        let count = 1 + self.r.below(4);
        self.variables(count);
        self.budget = 1 + self.r.below(most);
        self.statements(self.budget);
        if self.ret.is_some() {
            self.return_statement();
        }
    }

    fn variables(&mut self, count: usize) {
        for _ in 0..count {
            match self.r.below(9) {
                0 => self.array_variable(),
                1 => self.string_variable(),
                2 if !self.classes.is_empty() => self.object_variable(),
                _ => self.scalar_variable(),
            }
        }
    }

    fn scalar_variable(&mut self) {
        let ty = if self.r.one_in(2) { *self.r.pick(&INTEGERS) } else { *self.r.pick(&SCALARS) };
        let name = self.name("v");
        let value = if self.r.one_in(3) { self.value_for(ty, 2) } else { self.literal(ty) };
        self.line(format!("{name}: {} = {value}", ty.name()));
        self.scope.vars.push(Var { path: name, ty, assignable: true, mapped: false });
    }

    fn array_variable(&mut self) {
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
        self.scope.arrays.push(Array { path: name, elem, len, mapped: false, tuple: false });
    }

    fn string_variable(&mut self) {
        let name = self.name("s");
        let capacity = *self.r.pick(&[10, 20, 40]);
        let text = self.letters(4);
        self.line(format!("{name}: string[{capacity}] = \"{text}\""));
        self.scope.texts.push(Text { path: name, capacity });
    }

    fn object_variable(&mut self) {
        let singletons: Vec<usize> = self.global.objects.iter().map(|o| o.class).collect();
        let own = self.scope.objects.iter().find(|o| o.path == "self").map(|o| o.class);
        let free = |class: &usize| !singletons.contains(class) && Some(*class) != own;
        let classes: Vec<usize> = (0..self.classes.len()).filter(free).collect();
        if classes.is_empty() {
            return self.scalar_variable();
        }
        let class = *self.r.pick(&classes);
        let (class_name, init) = (self.classes[class].name.clone(), self.classes[class].init.clone());
        let name = self.name("o");
        if init.is_none() && self.r.one_in(3) {
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
        for (text, capacity) in self.classes[class].strings.clone() {
            self.scope.texts.push(Text { path: format!("{name}.{text}"), capacity });
        }
        self.scope.objects.push(Object { path: name.clone(), class, count: None, is_alias: false });
        if self.r.one_in(3) {
            let alias = self.name("l");
            self.line(format!("{alias}: alias[{class_name}] = {name}"));
            self.scope.objects.push(Object { path: alias, class, count: None, is_alias: true });
        }
    }

    fn main(&mut self) {
        self.enter(&[], None);
        let head = if self.r.one_in(6) { "@lowercase\ndef main():" } else { "def main():" };
        self.block(head, |g| {
            g.variables(8);
            g.budget = 8 + g.r.below(14);
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

fn arrow(ret: Option<Ty>) -> String {
    ret.map_or(String::new(), |ty| format!(" -> {}", ty.name()))
}
