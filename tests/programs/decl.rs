//! Functions and their variables.

use super::text::LONGEST_RESULT;
use super::types::{Array, Object, Scope, Text, Ty, Var};
use super::{Func, Gen, Param};

/// Where functions with `@relocate` go.
const RELOCATED: usize = 0xA000;
/// Types of the elements of arrays.
const OF_ARRAYS: [Ty; 10] =
    [Ty::Byte, Ty::Byte, Ty::Word, Ty::Int, Ty::Long, Ty::SByte, Ty::Char, Ty::Bool, Ty::DWord, Ty::F16];

impl Gen {
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
            2 if aliases && !self.pure && !self.classes.is_empty() => {
                Param::AliasObject(self.r.below(self.classes.len()))
            }
            3 if aliases && !self.pure && self.r.one_in(3) => Param::Literal,
            3 if aliases && !self.pure => Param::AliasString(20),
            4 if aliases => Param::Tuple(*self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int])),
            _ => Param::Scalar(ty),
        }
    }

    /// A scalar variable comes into scope.
    pub fn see(&mut self, path: String, ty: Ty) {
        self.scope.vars.push(Var { path, ty, assignable: true, mapped: false });
    }

    /// Names for parameters, and their list in the source.
    pub fn name_parameters(&mut self, params: &[Param]) -> (Vec<String>, String) {
        let names: Vec<String> = params.iter().map(|_| self.name("a")).collect();
        let with_type = |(param, name): (&Param, &String)| {
            let ty = match param {
                Param::Scalar(ty) => ty.name().to_string(),
                Param::AliasScalar(ty) => format!("alias[{}]", ty.name()),
                Param::AliasArray(elem, len) => format!("alias[array[{}, {len}]]", elem.name()),
                Param::AliasObject(class) => format!("alias[{}]", self.classes[*class].name),
                Param::AliasString(_) | Param::Literal => "alias[string]".to_string(),
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

    pub fn enter_named(&mut self, params: &[Param], names: Vec<String>, ret: Option<Ty>) {
        self.scope = self.global.clone();
        if self.pure {
            let arrays =
                self.global.arrays.iter().filter(|a| a.tuple && a.elem != Ty::F16).cloned().collect();
            self.scope = Scope { arrays, ..Scope::default() };
        }
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
                Param::AliasString(capacity) => scope.texts.push(Text::variable(path, capacity)),
                Param::Literal => scope.texts.push(Text { path, capacity: LONGEST_RESULT, fixed: true }),
                Param::Tuple(elem) => scope.arrays.push(Array::tuple(path, elem, 4)),
            }
        }
    }

    /// A function that returns a string.
    pub fn text_function(&mut self) {
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
    pub fn object_function(&mut self) {
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

    /// A function that returns an array, its own or one that it was given.
    pub fn array_function(&mut self) {
        let (elem, len) = (self.element_type(), *self.r.pick(&[4, 5, 8]));
        let mut params = self.params(true);
        params.push(Param::AliasArray(elem, len));
        let (names, list) = self.name_parameters(&params);
        let given = names[names.len() - 1].clone();
        self.enter_named(&params, names, None);
        let name = self.name("fn");
        self.block(format!("def {name}({list}) -> alias[array[{}, {len}]]:", elem.name()), |g| {
            let own = g.name("b");
            let value = g.value_for(elem, 1);
            g.line(format!("{own}: array[{}, {len}] = [{value}]", elem.name()));
            g.scope.arrays.push(Array::plain(own.clone(), elem, len));
            let count = 1 + g.r.below(3);
            g.variables(count);
            // Not `return` without a value.
            for _ in 0..count {
                g.assign();
            }
            let test = g.test(1);
            g.block(format!("if {test}:"), |g| g.line(format!("return {given}")));
            g.line(format!("return {own}"));
        });
        let func = Func { name, params, ret: None, recursive: None, cost: self.cost, pure: false };
        self.array_funcs.push((func, elem, len));
    }

    /// Objects of the class are variables that can be copied.
    pub fn is_copied(&self, class: usize) -> bool {
        !self.classes[class].is_singleton && !self.classes[class].is_mapped
    }

    pub fn signature(&mut self) -> Func {
        let (params, ret, name) = (self.params(true), self.result(), self.name("fn"));
        Func { name, params, ret, recursive: None, cost: 1, pure: self.pure }
    }

    pub fn function(&mut self) {
        let func = self.signature();
        let recursive = self.r.one_in(4).then(|| 1 + self.r.below(4));
        let names = self.name_parameters(&func.params);
        self.write(Func { recursive, ..func }, Vec::new(), names);
    }

    /// Decorators that a function may have.
    fn place(&mut self) -> String {
        if !self.pure && self.r.one_in(12) { format!("@relocate({RELOCATED:#06x})\n") } else { String::new() }
    }

    /// Two functions that call each other, the second declared ahead.
    pub fn mutual_functions(&mut self) {
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
    pub fn write(&mut self, mut func: Func, others: Vec<Func>, (names, list): (Vec<String>, String)) {
        self.enter_named(&func.params, names, func.ret);
        if func.recursive.is_some() {
            self.scope.vars.push(Var { path: "n".into(), ty: Ty::Byte, assignable: false, mapped: false });
        }
        let head = self.place() + &head(&func, &list);
        self.block(head, |g| {
            if func.recursive.is_some() {
                g.block("if n == 0:", Gen::return_statement);
                let called = [vec![func.clone()], others].concat();
                g.own = called.into_iter().map(|f| (f.name.clone(), f)).collect();
            }
            g.body(6);
        });
        func.cost = self.cost.max(1) << func.recursive.unwrap_or(0);
        self.own = Vec::new();
        self.funcs.push(func);
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
        if self.mapped && !self.pure && self.r.one_in(12) {
            // The initialiser is a store.
            let address = self.mapped_address(ty.width() as usize);
            self.line(format!("{name}: {}[{address:#06x}] = {value}", ty.name()));
            self.scope.vars.push(Var { path: name, ty, assignable: true, mapped: true });
            return;
        }
        if self.r.one_in(8) {
            self.line(format!("{name}: {}", ty.name()));
            self.line(format!("{name} = {value}"));
        } else {
            self.line(format!("{name}: {} = {value}", ty.name()));
        }
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
        if !self.pure && self.r.one_in(3) {
            self.line(format!("print(len({name}), \" \")"));
        }
        self.line(format!("{name} = {path}"));
        self.scope.arrays.push(Array::tuple(name, elem, 4));
    }

    pub fn array_variable(&mut self) {
        let elem = self.element_type();
        let len = match self.r.below(16) {
            0 => 256,
            1 => 512,
            2 => 300,
            _ => *self.r.pick(&[4, 8, 16, 5, 12, 31]),
        };
        let name = self.name("b");
        let value = self.value_for(elem, 1);
        let zero = elem.is_integral() && elem != Ty::Bool && elem != Ty::Char && self.r.one_in(6);
        let value = if zero { "0".to_string() } else { format!("[{value}]") };
        self.line(format!("{name}: array[{}, {len}] = {value}", elem.name()));
        if self.r.one_in(2) {
            let values: Vec<String> = (0..4).map(|_| self.value_for(elem, 1)).collect();
            self.line(format!("{name} = ({})", values.join(", ")));
        }
        self.cost += len / 8;
        self.scope.arrays.push(Array::plain(name, elem, len));
    }

    /// A type of elements; interrupt code has integers only.
    pub fn element_type(&mut self) -> Ty {
        match self.pure {
            true => *self.r.pick(&OF_ARRAYS[..9]),
            false if self.r.one_in(12) => *self.r.pick(&[Ty::F32, Ty::Float]),
            false => *self.r.pick(&OF_ARRAYS),
        }
    }

    pub fn string_variable(&mut self) {
        let name = self.name("s");
        let capacity = *self.r.pick(&[10, 20, 40]);
        if self.r.one_in(8) {
            // The literal says how many characters there may be.
            let text = self.letters(8);
            self.line(format!("{name}: string = \"{text}\""));
            return self.scope.texts.push(Text::variable(name, 8));
        }
        let text = self.letters(4);
        self.line(format!("{name}: string[{capacity}] = \"{text}\""));
        self.scope.texts.push(Text::variable(name, capacity));
    }

    fn object_variable(&mut self) {
        let own = self.scope.objects.iter().find(|o| o.path == "self").map(|o| o.class);
        let single: Vec<usize> = (0..self.classes.len()).filter(|&c| self.classes[c].is_singleton).collect();
        if !single.is_empty() && self.r.one_in(6) {
            let (class, name) = (*self.r.pick(&single), self.name("o"));
            self.line(format!("{name}: {}", self.classes[class].name));
            return self.scope.objects.push(Object { path: name, class, count: None, is_alias: false });
        }
        let free = |&class: &usize| !self.classes[class].is_singleton && Some(class) != own;
        let classes: Vec<usize> = (0..self.classes.len()).filter(free).collect();
        if classes.is_empty() {
            return self.scalar_variable();
        }
        let class = *self.r.pick(&classes);
        let (class_name, init) = (self.classes[class].name.clone(), self.classes[class].init.clone());
        let name = self.name("o");
        let links = !self.classes[class].links.is_empty();
        if init.is_none() && !self.classes[class].is_mapped && !links && self.r.one_in(3) {
            let count = *self.r.pick(&[2, 3, 4, 7]);
            let zero = if self.r.one_in(4) { " = 0" } else { "" };
            self.line(format!("{name}: array[{class_name}, {count}]{zero}"));
            self.initialise_elements(&name, class, count);
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
        // An inherited `__init__` knows nothing of the arrays of the child.
        self.make_ready(&name, class);
        self.scope.objects.push(Object { path: name.clone(), class, count: None, is_alias: false });
        if self.in_main {
            self.set_links(&name, class);
        }
        if self.r.one_in(3) {
            let alias = self.name("l");
            self.line(format!("{alias}: alias[{class_name}] = {name}"));
            self.scope.objects.push(Object { path: alias, class, count: None, is_alias: true });
        }
    }
}

/// The line that begins a function.
pub fn head(func: &Func, list: &str) -> String {
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
