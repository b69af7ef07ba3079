//! Classes: properties, inheritance, `super`, `__init__`, `__str__`, singletons, mapped classes.
//!
//! Invariant: elements of arrays of objects are initialised where the object that holds them is,
//! and properties that are aliases are set and used in `main` alone, whose variables outlive all calls.

use super::decl::{arrow, head};
use super::types::{Array, Object, Text, Ty, Var};
use super::{Class, Field, Func, Gen, Link, Param};

impl Gen {
    /// Writes the properties of a class; its objects may hold those of classes before it.
    fn properties(&mut self, class: &mut Class) {
        let mut inherited: Vec<String> = class.fields.iter().map(|f| f.name.clone()).collect();
        for _ in 0..1 + self.r.below(4) {
            let ty = self.any_scalar();
            let mut name = self.name("p");
            if !inherited.is_empty() && self.r.one_in(8) {
                // A new property; the methods of the parent keep theirs.
                name = inherited.remove(0);
                class.fields.retain(|f| f.name != name);
            }
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
            let elem = self.element_type();
            let len = *self.r.pick(&[4, 8, 16, 5, 11]);
            let name = self.name("a");
            let list = self.literals(elem, len);
            self.line(format!("{name}: array[{}, {len}] = ({list})", elem.name()));
            class.arrays.push((name, elem, len));
        }
        if self.r.one_in(5) {
            let (name, elem) = (self.name("t"), *self.r.pick(&[Ty::Byte, Ty::Int, Ty::Word]));
            let list = self.literals(elem, 4);
            self.line(format!("{name}: tuple[{}] = ({list})", elem.name()));
            class.tuples.push((name, elem, 4));
        }
        if self.r.one_in(3) {
            let name = self.name("s");
            let text = self.letters(3);
            self.line(format!("{name}: string[12] = \"{text}\""));
            class.strings.push((name, 12));
        }
        let inner: Vec<usize> = (0..self.classes.len()).filter(|&c| self.is_plain(c)).collect();
        if self.r.one_in(4) {
            let name = self.name("k");
            let (link, of) = match self.r.below(2) {
                1 if !inner.is_empty() => {
                    let class = *self.r.pick(&inner);
                    (Link::Object(class), self.classes[class].name.clone())
                }
                _ => {
                    let ty = self.any_scalar();
                    (Link::Scalar(ty), ty.name().to_string())
                }
            };
            self.line(format!("{name}: alias[{of}]"));
            class.links.push((name, link));
        }
        if inner.is_empty() {
            return;
        }
        if self.r.one_in(3) {
            let (name, inner) = (self.name("q"), *self.r.pick(&inner));
            let line = format!("{name}: {}", self.classes[inner].name);
            self.line(line);
            class.objects.push((name, inner));
        }
        if self.r.one_in(3) {
            let (name, inner, count) = (self.name("q"), *self.r.pick(&inner), 2 + self.r.below(4));
            let line = format!("{name}: array[{}, {count}]", self.classes[inner].name);
            self.line(line);
            class.object_arrays.push((name, inner, count));
        }
    }

    /// Objects of the class may be parts of others: they have no `__init__`, and parts of one more
    /// depth at most.
    fn is_plain(&self, class: usize) -> bool {
        let parts = |c: usize| {
            let class = &self.classes[c];
            class
                .objects
                .iter()
                .map(|o| o.1)
                .chain(class.object_arrays.iter().map(|o| o.1))
                .collect::<Vec<_>>()
        };
        let of = &self.classes[class];
        let flat = parts(class).into_iter().all(|c| parts(c).is_empty());
        of.init.is_none() && of.links.is_empty() && !of.is_singleton && !of.is_mapped && flat
    }

    /// What the initialisation of the object at `path` leaves to the program: its arrays of objects.
    pub fn make_ready(&mut self, path: &str, class: usize) {
        for (name, inner) in self.classes[class].objects.clone() {
            self.make_ready(&format!("{path}.{name}"), inner);
        }
        for (name, inner, count) in self.classes[class].object_arrays.clone() {
            self.initialise_elements(&format!("{path}.{name}"), inner, count);
        }
    }

    /// Initialises the elements of an array of objects, in a loop if they hold no arrays of objects.
    pub fn initialise_elements(&mut self, path: &str, class: usize, count: usize) {
        let parts = &self.classes[class];
        if parts.objects.is_empty() && parts.object_arrays.is_empty() {
            let i = self.name("i");
            self.line(format!("{i}: byte"));
            return self.block(format!("for {i} in range({count}):"), |g| g.line(format!("{path}[{i}]()")));
        }
        for i in 0..count {
            let element = format!("{path}[{i}]");
            self.line(format!("{element}()"));
            self.make_ready(&element, class);
        }
    }

    /// Sets the aliases in an object of `main`, which come into scope.
    pub fn set_links(&mut self, path: &str, class: usize) {
        for (name, link) in self.classes[class].links.clone() {
            let place = format!("{path}.{name}");
            match link {
                Link::Scalar(ty) => {
                    let Some(target) = self.pointee(ty) else { continue };
                    self.line(format!("alias({place}, addr({target}))"));
                    self.see(place.clone(), ty);
                    self.scope.pointers.push((place, ty));
                }
                Link::Object(class) => {
                    let fits: Vec<_> = self.whole_objects().into_iter().filter(|o| o.1 == class).collect();
                    if fits.is_empty() {
                        continue;
                    }
                    let target = self.r.pick(&fits).0.clone();
                    self.line(format!("alias({place}, addr({target}))"));
                    self.scope.objects.push(Object { path: place, class, count: None, is_alias: true });
                }
            }
        }
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
            if g.r.one_in(if inherited.is_some() { 2 } else { 3 }) {
                g.initialiser(at, inherited);
            }
            for _ in 0..g.r.below(3) {
                g.method(at);
            }
            if g.r.one_in(5) {
                g.forward_method(at);
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
            g.make_ready("self", class);
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
        let recursive = self.r.one_in(6).then(|| 1 + self.r.below(3));
        let func = Func { name, params, ret, recursive, cost: 1, pure: false };
        let func = self.method_body(class, func, None);
        self.classes[class].methods.push(func);
    }

    /// A method that is declared, used by another, and then defined.
    fn forward_method(&mut self, class: usize) {
        let (params, ret, name) = (self.params(true), self.result(), self.name("m"));
        let ahead = Func { name, params, ret, recursive: None, cost: 1, pure: false };
        let (names, list) = self.name_parameters(&ahead.params);
        let head = format!("def {}({list}){}:", ahead.name, arrow(ahead.ret));
        self.block(format!("@forward\n{head}"), |g| g.line("..."));
        let (params, ret, name) = (self.params(true), self.result(), self.name("m"));
        let user = Func { name, params, ret, recursive: None, cost: 1, pure: false };
        let user_list = self.enter(&user.params, user.ret);
        self.enter_class(class);
        self.block(format!("def {}({user_list}){}:", user.name, arrow(user.ret)), |g| {
            if let Some(call) = g.call(&format!("self.{}", ahead.name), &ahead) {
                g.line(call);
            }
            g.body(3);
        });
        let user_cost = self.cost;
        self.enter_named(&ahead.params, names, ahead.ret);
        self.enter_class(class);
        self.block(head, |g| g.body(4));
        let cost = self.cost;
        self.classes[class].methods.push(Func { cost, ..ahead });
        self.classes[class].methods.push(Func { cost: cost + user_cost, ..user });
    }

    /// Writes a method anew that the class has from its parent.
    fn override_method(&mut self, class: usize, parent: usize) {
        if self.classes[parent].methods.is_empty() {
            return;
        }
        let methods = self.classes[parent].methods.clone();
        let old = self.r.pick(&methods).clone();
        // Until it is written it is not called: it would call itself without end.
        self.classes[class].methods.retain(|m| m.name != old.name);
        let new = self.method_body(class, Func { cost: 1, ..old.clone() }, Some(&old));
        self.classes[class].methods.push(new);
    }

    fn method_body(&mut self, class: usize, func: Func, above: Option<&Func>) -> Func {
        let list = self.enter(&func.params, func.ret);
        self.enter_class(class);
        if func.recursive.is_some() {
            self.scope.vars.push(Var { path: "n".into(), ty: Ty::Byte, assignable: false, mapped: false });
        }
        self.block(head(&func, &list), |g| {
            if func.recursive.is_some() {
                g.block("if n == 0:", Gen::return_statement);
                g.own = vec![(format!("self.{}", func.name), func.clone())];
            }
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
        self.own = Vec::new();
        Func { cost: self.cost.max(1) << func.recursive.unwrap_or(0), ..func }
    }

    fn text_method(&mut self, class: usize) {
        self.enter(&[], None);
        self.enter_class(class);
        self.returns_text = true;
        self.classes[class].has_text = false;
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
        // Strings and tuples of it are named as those of any object.
        self.scope = std::mem::take(&mut self.global);
        self.see_parts(&name, at);
        self.global = std::mem::take(&mut self.scope);
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
            self.scope.texts.push(Text::variable(format!("{path}.{name}"), capacity));
        }
        for (name, inner) in self.classes[class].objects.clone() {
            self.see_parts(&format!("{path}.{name}"), inner);
        }
        for (name, inner, count) in self.classes[class].object_arrays.clone() {
            let element = format!("{path}.{name}[{}]", self.r.below(count));
            self.see_parts(&element, inner);
        }
        for (name, elem, len) in self.classes[class].tuples.clone() {
            self.scope.arrays.push(Array::tuple(format!("{path}.{name}"), elem, len));
        }
    }
}
