//! Classes: properties, inheritance, `super`, `__init__`, `__str__`, singletons, mapped classes.

use super::decl::arrow;
use super::types::{Array, Object, Text, Ty};
use super::{Class, Field, Func, Gen, Param};

impl Gen {
    /// Writes the properties of a class; its objects may hold those of classes before it.
    fn properties(&mut self, class: &mut Class) {
        for _ in 0..1 + self.r.below(4) {
            let ty = self.any_scalar();
            let name = self.name("p");
            let mapped = self.mapped && ty.is_integral() && ty != Ty::Bool && self.r.one_in(6);
            if mapped {
                let address = self.mapped_address(ty.width() as usize);
                self.line(format!("{name}: {}[{address:#06x}]", ty.name()));
            } else {
                let value = self.literal(ty);
                self.line(format!("{name}: {} = {value}", ty.name()));
            }
            class.fields.push(Field { name, ty, mapped });
        }
        if self.r.one_in(2) {
            let elem = *self.r.pick(&[Ty::Byte, Ty::Byte, Ty::Word, Ty::SByte, Ty::Long]);
            let len = *self.r.pick(&[4, 8, 16]);
            let name = self.name("a");
            let values: Vec<String> = (0..len).map(|_| self.literal(elem)).collect();
            self.line(format!("{name}: array[{}, {len}] = ({})", elem.name(), values.join(", ")));
            class.arrays.push((name, elem, len));
        }
        if self.r.one_in(5) {
            let (name, elem) = (self.name("t"), *self.r.pick(&[Ty::Byte, Ty::Int, Ty::Word]));
            let values: Vec<String> = (0..4).map(|_| self.literal(elem)).collect();
            self.line(format!("{name}: tuple[{}] = ({})", elem.name(), values.join(", ")));
            class.tuples.push((name, elem, 4));
        }
        if self.r.one_in(3) {
            let name = self.name("s");
            let text = self.letters(3);
            self.line(format!("{name}: string[12] = \"{text}\""));
            class.strings.push((name, 12));
        }
        let plain = |c: &Class| c.init.is_none() && c.objects.is_empty() && !c.is_singleton && !c.is_mapped;
        if self.r.one_in(3)
            && let Some(inner) = self.classes.iter().position(plain)
        {
            let name = self.name("q");
            let line = format!("{name}: {}", self.classes[inner].name);
            self.line(line);
            class.objects.push((name, inner));
        }
    }

    /// The next free address for a mapped variable.
    pub fn mapped_address(&mut self, size: usize) -> usize {
        let at = self.next_mapped;
        self.next_mapped += size;
        at
    }

    pub fn class(&mut self) {
        let at = self.classes.len();
        let mut class = Class { name: self.name("C"), ..Class::default() };
        let parents: Vec<usize> =
            (0..at).filter(|&c| !self.classes[c].is_singleton && !self.classes[c].is_mapped).collect();
        let parent = (!parents.is_empty() && self.r.one_in(2)).then(|| *self.r.pick(&parents));
        let mut head = format!("class {}:", class.name);
        if let Some(parent) = parent {
            head = format!("class {}({}):", class.name, self.classes[parent].name);
            class = Class { name: class.name, ..self.classes[parent].clone() };
        }
        self.block(head, |g| {
            g.properties(&mut class);
            let inherited = class.init.clone();
            g.classes.push(class);
            if g.r.one_in(3) {
                g.initialiser(at, inherited);
            }
            for _ in 0..g.r.below(3) {
                g.method(at);
            }
            if let Some(parent) = parent
                && g.r.one_in(2)
            {
                g.override_method(at, parent);
            }
            if g.r.one_in(4) {
                g.text_method(at);
            }
        });
    }

    /// Writes `__init__`, which may call that of the parent.
    fn initialiser(&mut self, class: usize, inherited: Option<Vec<Param>>) {
        let params = self.params(false);
        let list = self.enter(&params, None);
        self.enter_class(class);
        self.block(format!("def __init__({list}):"), |g| {
            let args = inherited.and_then(|p| p.iter().map(|p| g.argument(p)).collect::<Option<Vec<_>>>());
            if let Some(args) = args {
                g.line(format!("super.__init__({})", args.join(", ")));
            }
            g.body(3);
        });
        self.classes[class].init = Some(params);
    }

    fn method(&mut self, class: usize) {
        let params = self.params(true);
        let ret = self.result();
        let name = self.name("m");
        let func = Func { name, params, ret, recursive: None, cost: 1, pure: false };
        let func = self.method_body(class, func, None);
        self.classes[class].methods.push(func);
    }

    /// Writes a method anew that the class has from its parent.
    fn override_method(&mut self, class: usize, parent: usize) {
        if self.classes[parent].methods.is_empty() {
            return;
        }
        let methods = self.classes[parent].methods.clone();
        let old = self.r.pick(&methods).clone();
        let new = self.method_body(class, Func { cost: 1, ..old.clone() }, Some(&old));
        let own = self.classes[class].methods.iter_mut().find(|m| m.name == new.name);
        own.into_iter().for_each(|m| *m = new.clone());
    }

    fn method_body(&mut self, class: usize, func: Func, above: Option<&Func>) -> Func {
        let list = self.enter(&func.params, func.ret);
        self.enter_class(class);
        let head = format!("def {}({list}){}:", func.name, arrow(func.ret));
        self.block(head, |g| {
            if let Some(above) = above
                && let Some(call) = g.call(&format!("super.{}", above.name), above)
            {
                match above.ret {
                    Some(ty) => {
                        let name = g.name("v");
                        g.line(format!("{name}: {} = {call}", ty.name()));
                        g.see(name, ty);
                    }
                    None => g.line(call),
                }
            }
            g.body(5);
        });
        Func { cost: self.cost, ..func }
    }

    fn text_method(&mut self, class: usize) {
        self.enter(&[], None);
        self.enter_class(class);
        self.returns_text = true;
        self.block("def __str__() -> alias[string]:", |g| {
            g.string_variable();
            g.return_statement();
        });
        self.returns_text = false;
        self.classes[class].has_text = true;
    }

    pub fn singleton(&mut self) {
        let at = self.classes.len();
        let mut class = Class { name: self.name("S"), is_singleton: true, ..Class::default() };
        let name = class.name.clone();
        self.block(format!("@singleton\nclass {name}:"), |g| {
            g.properties(&mut class);
            g.classes.push(class);
            if g.r.one_in(3) {
                g.initialiser(at, None);
            }
            for _ in 0..g.r.below(2) {
                g.method(at);
            }
        });
        self.global.objects.push(Object { path: name, class: at, count: None, is_alias: false });
    }

    /// A class all of whose properties are registers.
    pub fn mapped_class(&mut self) {
        let mut class = Class { name: self.name("C"), is_mapped: true, ..Class::default() };
        self.block(format!("class {}:", class.name), |g| {
            for _ in 0..1 + g.r.below(3) {
                let ty = g.any_integer();
                let (name, address) = (g.name("p"), g.mapped_address(ty.width() as usize));
                let value = if g.r.one_in(3) { format!(" = {}", g.literal(ty)) } else { String::new() };
                g.line(format!("{name}: {}[{address:#06x}]{value}", ty.name()));
                class.fields.push(Field { name, ty, mapped: true });
            }
            g.classes.push(class);
            if g.r.one_in(2) {
                g.method(g.classes.len() - 1);
            }
        });
    }

    fn enter_class(&mut self, class: usize) {
        self.scope.objects.push(Object { path: "self".to_string(), class, count: None, is_alias: false });
        self.see_parts("self", class);
    }

    /// Strings and tuples of an object come into scope.
    pub fn see_parts(&mut self, path: &str, class: usize) {
        for (name, capacity) in self.classes[class].strings.clone() {
            self.scope.texts.push(Text { path: format!("{path}.{name}"), capacity });
        }
        for (name, elem, len) in self.classes[class].tuples.clone() {
            self.scope.arrays.push(Array::tuple(format!("{path}.{name}"), elem, len));
        }
    }
}
