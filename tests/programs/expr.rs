//! Random expressions of a wanted type.

use super::types::{Array, INTEGERS, SCALARS, Ty, Var};
use super::{DEAREST_CALL, Field, Func, Gen, NAMELESS, Param};

/// The longest string that a function returns.
pub const LONGEST_RESULT: usize = 24;

/// How two integer types meet: the type, and whether the operators that need a sign may be used.
fn meet(a: Ty, b: Ty) -> (Ty, bool) {
    if a.is_signed() == b.is_signed() {
        return (if a.width() >= b.width() { a } else { b }, true);
    }
    let (signed, unsigned) = if a.is_signed() { (a, b) } else { (b, a) };
    if signed.width() > unsigned.width() { (signed, true) } else { (unsigned, false) }
}

impl Gen {
    /// An expression that can be assigned to a variable of type `ty`.
    pub fn value_for(&mut self, ty: Ty, depth: usize) -> String {
        if ty.is_integral() && self.r.one_in(4) {
            let other = if ty == Ty::Bool { Ty::Bool } else { self.any_integer() };
            return self.expr(other, depth);
        }
        if self.r.one_in(7) { self.literal(ty) } else { self.expr(ty, depth) }
    }

    /// A literal that fits `ty`.
    pub fn literal(&mut self, ty: Ty) -> String {
        match ty {
            Ty::Bool => self.r.pick(&["True", "False"]).to_string(),
            Ty::Char => format!("\"{}\"", *self.r.pick(&['A', 'K', 'Z', '0', '!', '*'])),
            Ty::F16 | Ty::F32 | Ty::Float => {
                let most = *self.r.pick(&[4, 120]);
                let whole = self.r.below(most);
                let part = *self.r.pick(&["0", "5", "25", "125", "1", "75", "0625", "333"]);
                format!("{}{whole}.{part}", if self.r.one_in(4) { "-" } else { "" })
            }
            _ => {
                let (lo, hi) = ty.range();
                let fits = |value: i64| (lo..=hi).contains(&value);
                let names: Vec<&String> = self.constants.iter().filter(|c| fits(c.1)).map(|c| &c.0).collect();
                if !names.is_empty() && self.r.one_in(8) {
                    return (*self.r.pick(&names)).clone();
                }
                self.integer(ty).to_string()
            }
        }
    }

    pub fn integer(&mut self, ty: Ty) -> i64 {
        let (lo, hi) = ty.range();
        match self.r.below(6) {
            0 => *self.r.pick(&[lo, hi, hi - 1, lo + 1, hi / 2, hi / 2 + 1]),
            1 => (1i64 << self.r.below(ty.width() as usize * 8)).clamp(lo, hi),
            2 => lo + (self.r.next() as i64).rem_euclid(hi - lo + 1),
            3 if ty.is_signed() => -(self.r.below(20) as i64),
            _ => self.r.below(20) as i64,
        }
    }

    /// An expression of exactly this type that is not a constant.
    pub fn expr(&mut self, ty: Ty, depth: usize) -> String {
        if depth == 0 || self.r.one_in(6) {
            return self.leaf(ty);
        }
        if self.r.one_in(7)
            && let Some(call) = self.call_of(ty)
        {
            return call;
        }
        let depth = depth - 1;
        match ty {
            Ty::Bool => self.condition(depth),
            Ty::Char => self.character(depth),
            Ty::F16 | Ty::F32 => self.fixed(ty, depth),
            Ty::Float => self.float(depth),
            _ => self.arithmetic(ty, depth),
        }
    }

    fn cast(&mut self, ty: Ty, depth: usize) -> String {
        let from = self.any_scalar();
        let inner = self.expr(from, depth);
        format!("{}({inner})", ty.name())
    }

    fn arithmetic(&mut self, ty: Ty, depth: usize) -> String {
        match self.r.below(20) {
            0 | 1 => self.cast(ty, depth),
            2 => format!("(-{})", self.expr(ty, depth)),
            3 => format!("(~{})", self.expr(ty, depth)),
            4 => {
                let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                format!("{}({a}, {b})", self.r.pick(&["min", "max"]))
            }
            5 if !ty.is_signed() => {
                let from = match ty {
                    Ty::Byte => Ty::SByte,
                    Ty::Word => Ty::Int,
                    _ => Ty::Long,
                };
                format!("abs({})", self.expr(from, depth))
            }
            6 | 7 => {
                let left = self.expr(ty, depth);
                let count = if self.r.one_in(2) {
                    let limit = if self.r.one_in(5) { 40 } else { ty.width() as usize * 8 };
                    self.r.below(limit).to_string()
                } else {
                    let of = self.any_integer();
                    let count = self.expr(of, depth);
                    if self.r.one_in(3) {
                        count
                    } else {
                        format!("({count} & {})", self.r.pick(&[7, 15, 31]))
                    }
                };
                format!("({left} {} {count})", self.r.pick(&["<<", ">>"]))
            }
            8 | 9 => {
                let (a, b) = (self.expr(ty, depth), self.divisor(ty, depth));
                format!("({a} {} {b})", self.r.pick(&["/", "%"]))
            }
            10 if ty == Ty::Byte => {
                let of = *self.r.pick(&[Ty::Char, Ty::Bool]);
                let (a, b) = (self.expr(of, depth), self.expr(of, depth));
                format!("({a} {} {b})", self.r.pick(&["+", "-", "&", "^"]))
            }
            10 if ty == Ty::Byte && !self.scope.texts.is_empty() => {
                let text = self.r.pick(&self.scope.texts).path.clone();
                format!("len({text})")
            }
            11 if ty.width() <= 2 => {
                // A wider value cut at once: what narrowing looks for.
                let wide = if ty.width() == 1 { Ty::Word } else { Ty::Long };
                format!("{}({})", ty.name(), self.expr(wide, depth))
            }
            _ => {
                let a = self.expr(ty, depth);
                let b = self.operand(ty, depth);
                let op = *self.r.pick(&["+", "+", "+", "-", "-", "-", "*", "*", "&", "&", "|", "^"]);
                if self.r.one_in(5) { format!("({b} {op} {a})") } else { format!("({a} {op} {b})") }
            }
        }
    }

    /// A second operand whose type meets `ty` in `ty`.
    fn operand(&mut self, ty: Ty, depth: usize) -> String {
        match self.r.below(6) {
            0 | 1 => self.literal(ty),
            2 => {
                let fitting: Vec<Ty> = INTEGERS.into_iter().filter(|&u| meet(ty, u).0 == ty).collect();
                let of = *self.r.pick(&fitting);
                self.expr(of, depth)
            }
            _ => self.expr(ty, depth),
        }
    }

    fn divisor(&mut self, ty: Ty, depth: usize) -> String {
        if self.r.one_in(2) {
            return self.expr(ty, depth);
        }
        match self.integer(ty) {
            0 => "3".to_string(),
            n => n.to_string(),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        let op = *self.r.pick(&["==", "!=", "<", "<=", ">", ">="]);
        match self.r.below(12) {
            0 | 1 => {
                let (a, b) = (self.test(depth), self.test(depth));
                format!("({a} {} {b})", self.r.pick(&["and", "or"]))
            }
            2 => format!("(not {})", self.test(depth)),
            3 => {
                let of = self.any_scalar();
                format!("bool({})", self.expr(of, depth))
            }
            4 if !self.pure => {
                let of = *self.r.pick(&[Ty::F16, Ty::F32, Ty::Float]);
                let (a, b) = (self.expr(of, depth), self.expr(of, depth));
                format!("({a} {op} {b})")
            }
            5 if !self.pure => match self.text(30) {
                Some((a, _)) => {
                    let b = self.text(30).map_or("\"A\"".to_string(), |(b, _)| b);
                    format!("({a} {op} {b})")
                }
                None => self.leaf(Ty::Bool),
            },
            6 => {
                let (a, b) = (self.expr(Ty::Char, depth), self.expr(Ty::Char, depth));
                format!("({a} {op} {b})")
            }
            7 => {
                let (a, b) = (self.any_integer(), self.any_integer());
                let op = if meet(a, b).1 { op } else { *self.r.pick(&["==", "!="]) };
                let (a, b) = (self.expr(a, depth), self.expr(b, depth));
                format!("({a} {op} {b})")
            }
            _ => {
                let of = self.any_integer();
                let a = self.expr(of, depth);
                let b = if self.r.one_in(2) { self.literal(of) } else { self.expr(of, depth) };
                format!("({a} {op} {b})")
            }
        }
    }

    /// Any scalar, as a condition.
    pub fn test(&mut self, depth: usize) -> String {
        if self.r.one_in(4) {
            let of = self.any_scalar();
            return self.expr(of, depth);
        }
        self.expr(Ty::Bool, depth)
    }

    fn character(&mut self, depth: usize) -> String {
        let inner = self.expr(Ty::Byte, depth);
        format!("char(({inner} & 31) + 64)")
    }

    fn fixed(&mut self, ty: Ty, depth: usize) -> String {
        match self.r.below(8) {
            0 | 1 => self.cast(ty, depth),
            2 => format!("(-{})", self.expr(ty, depth)),
            3 => format!("abs({})", self.expr(ty, depth)),
            4 => {
                let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                format!("{}({a}, {b})", self.r.pick(&["min", "max"]))
            }
            _ => {
                let a = self.expr(ty, depth);
                let b = if self.r.one_in(3) { self.fixed_literal() } else { self.expr(ty, depth) };
                format!("({a} {} {b})", self.r.pick(&["+", "-", "*", "/"]))
            }
        }
    }

    /// Not 0, so that it may be a divisor.
    fn fixed_literal(&mut self) -> String {
        self.r.pick(&["1.5", "0.25", "2", "3.75", "-0.5", "10", "0.1"]).to_string()
    }

    fn float(&mut self, depth: usize) -> String {
        match self.r.below(8) {
            0 | 1 => self.cast(Ty::Float, depth),
            2 => format!("(-{})", self.expr(Ty::Float, depth)),
            3 => format!("abs({})", self.expr(Ty::Float, depth)),
            4 => {
                let (a, b) = (self.expr(Ty::Float, depth), self.expr(Ty::Float, depth));
                format!("{}({a}, {b})", self.r.pick(&["min", "max"]))
            }
            _ => {
                let a = self.expr(Ty::Float, depth);
                let b = match self.r.below(4) {
                    0 => self.fixed_literal(),
                    1 => {
                        let of = *self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int, Ty::Long, Ty::F16, Ty::F32]);
                        self.expr(of, depth)
                    }
                    _ => self.expr(Ty::Float, depth),
                };
                format!("({a} {} {b})", self.r.pick(&["+", "-", "*", "/"]))
            }
        }
    }

    /// A mapped variable without a name, at an address that is computed.
    pub fn anonymous(&mut self, ty: Ty) -> String {
        format!("{}[{NAMELESS:#06x} + ({} & 7)]", ty.name(), self.expr(Ty::Word, 1))
    }

    /// Something of the type that is in scope.
    pub fn leaf(&mut self, ty: Ty) -> String {
        if self.mapped && !self.pure && INTEGERS.contains(&ty) && self.r.one_in(12) {
            return self.anonymous(ty);
        }
        let vars = self.paths(ty, false);
        let arrays: Vec<Array> = self.arrays().into_iter().filter(|a| a.elem == ty).collect();
        let from_array = !arrays.is_empty() && (vars.is_empty() || self.r.one_in(4));
        if from_array {
            let array = self.r.pick(&arrays).clone();
            return self.element(&array);
        }
        if !vars.is_empty() {
            return self.r.pick(&vars).clone();
        }
        let all: Vec<String> = SCALARS.iter().flat_map(|&of| self.paths(of, false)).collect();
        debug_assert!(!self.pure || !matches!(ty, Ty::F16 | Ty::F32 | Ty::Float));
        if all.is_empty() {
            format!("{}(1)", ty.name())
        } else {
            format!("{}({})", ty.name(), self.r.pick(&all))
        }
    }

    /// An element at a random place within bounds.
    pub fn element(&mut self, array: &Array) -> String {
        let mask = array.len - 1;
        let index = match self.r.below(8) {
            0 if !array.tuple => format!("-{}", 1 + self.r.below(array.len)),
            1 | 2 => self.r.below(array.len).to_string(),
            3 => {
                let of = *self.r.pick(&[Ty::Word, Ty::Int, Ty::SByte]);
                let index = self.expr(of, 1);
                // A mask that does not fit would make another type.
                if of == Ty::SByte && mask > 127 { "0".to_string() } else { format!("{index} & {mask}") }
            }
            _ if mask > 255 => format!("{} & {mask}", self.expr(Ty::Word, 1)),
            4 if mask == 255 => self.expr(Ty::Byte, 1),
            5 if array.len > 2 => {
                let half = array.len / 2;
                format!("({} & {}) + {}", self.leaf(Ty::Byte), half - 1, self.r.below(half + 1))
            }
            _ => format!("{} & {mask}", self.expr(Ty::Byte, 1)),
        };
        format!("{}[{index}]", array.path)
    }

    /// All arrays and tuples in scope, also those in objects.
    pub fn arrays(&mut self) -> Vec<Array> {
        let mut found = self.scope.arrays.clone();
        for (path, class) in self.object_paths() {
            for (name, elem, len) in &self.classes[class].arrays {
                let path = format!("{path}.{name}");
                found.push(Array::plain(path, *elem, *len));
            }
        }
        found
    }

    /// Paths of objects: variables, elements, objects within objects.
    pub fn object_paths(&mut self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for object in self.scope.objects.clone() {
            let path = match object.count {
                None => object.path,
                Some(count) if self.r.one_in(2) => format!("{}[{}]", object.path, self.r.below(count)),
                Some(count) => {
                    let vars = self.simple_vars(Ty::Byte);
                    let index = if vars.is_empty() { "0".to_string() } else { self.r.pick(&vars).clone() };
                    format!("{}[{index} & {}]", object.path, count - 1)
                }
            };
            for (name, class) in &self.classes[object.class].objects {
                found.push((format!("{path}.{name}"), *class));
            }
            found.push((path, object.class));
        }
        found
    }

    /// Those that can stand alone: `self` and singletons cannot.
    pub fn whole_objects(&mut self) -> Vec<(String, usize)> {
        let alone = |path: &String| path != "self" && !path.starts_with('S') || path.contains('.');
        let mapped = |class: usize| self.classes[class].is_mapped;
        let all: Vec<_> = self.scope.objects.iter().map(|o| o.class).filter(|&c| mapped(c)).collect();
        let paths = self.object_paths().into_iter();
        paths.filter(|(path, class)| alone(path) && !all.contains(class)).collect()
    }

    /// Variables that are not mapped and not parts of objects.
    fn simple_vars(&self, ty: Ty) -> Vec<String> {
        let vars = self.scope.vars.iter().filter(|v| v.ty == ty && !v.mapped);
        vars.map(|v: &Var| v.path.clone()).collect()
    }

    /// Scalar variables and properties of a type.
    pub fn paths(&mut self, ty: Ty, assignable: bool) -> Vec<String> {
        let fitting = |v: &&Var| v.ty == ty && (v.assignable || !assignable);
        let mut found: Vec<String> = self.scope.vars.iter().filter(fitting).map(|v| v.path.clone()).collect();
        for (path, class) in self.object_paths() {
            let fields = self.classes[class].fields.iter().filter(|f| f.ty == ty);
            found.extend(fields.map(|f| format!("{path}.{}", f.name)));
        }
        found
    }

    /// Properties of a type; `addressable` ones are not mapped.
    pub fn fields(&mut self, ty: Ty, addressable: bool) -> Vec<String> {
        let mut found = Vec::new();
        for (path, class) in self.object_paths() {
            let fits = |f: &&Field| f.ty == ty && !(addressable && f.mapped);
            found
                .extend(self.classes[class].fields.iter().filter(fits).map(|f| format!("{path}.{}", f.name)));
        }
        found
    }

    /// A call with a result of this type, if one is at hand that is not too dear.
    fn call_of(&mut self, ty: Ty) -> Option<String> {
        let calls = self.callables(|func| func.ret == Some(ty));
        if calls.is_empty() {
            return None;
        }
        let (path, func) = self.r.pick(&calls).clone();
        self.call(&path, &func)
    }

    /// Functions and methods with the paths under which they are called.
    pub fn callables(&mut self, wanted: impl Fn(&Func) -> bool) -> Vec<(String, Func)> {
        let room = DEAREST_CALL / self.rounds.max(1);
        let pure = self.pure;
        let fits = |func: &Func| wanted(func) && func.cost <= room && (func.pure || !pure);
        let mut found: Vec<(String, Func)> =
            self.funcs.iter().filter(|f| fits(f)).map(|f| (f.name.clone(), f.clone())).collect();
        for (path, class) in self.object_paths() {
            for method in self.classes[class].methods.iter().filter(|f| fits(f)) {
                found.push((format!("{path}.{}", method.name), method.clone()));
            }
        }
        if self.rounds == 1 {
            found.extend(self.own.iter().filter(|f| wanted(f)).map(|f| (f.name.clone(), f.clone())));
        }
        found
    }

    /// The text of a call; none when an argument cannot be made.
    pub fn call(&mut self, path: &str, func: &Func) -> Option<String> {
        let mut args = Vec::new();
        if let Some(deepest) = func.recursive {
            let own = self.own.iter().any(|own| own.name == func.name);
            args.push(if own { "n - 1".to_string() } else { self.r.below(deepest + 1).to_string() });
        }
        for param in &func.params {
            args.push(self.argument(param)?);
        }
        self.cost += func.cost * self.rounds;
        Some(format!("{path}({})", args.join(", ")))
    }

    pub fn argument(&mut self, param: &Param) -> Option<String> {
        match *param {
            Param::Scalar(ty) => Some(self.value_for(ty, 1)),
            Param::AliasScalar(ty) => {
                let vars: Vec<Var> = self.scope.vars.clone();
                let fitting: Vec<_> =
                    vars.iter().filter(|v| v.ty == ty && v.assignable && !v.mapped).collect();
                let arrays: Vec<Array> =
                    self.arrays().into_iter().filter(|a| a.elem == ty && a.is_free()).collect();
                if !arrays.is_empty() && (fitting.is_empty() || self.r.one_in(3)) {
                    let array = self.r.pick(&arrays).clone();
                    return Some(self.element(&array));
                }
                if fitting.is_empty() { None } else { Some(self.r.pick(&fitting).path.clone()) }
            }
            Param::AliasArray(elem, len) => {
                let fits = |a: &Array| a.elem == elem && a.len >= len && a.is_free();
                let arrays: Vec<Array> = self.arrays().into_iter().filter(fits).collect();
                if arrays.is_empty() { None } else { Some(self.r.pick(&arrays).path.clone()) }
            }
            Param::AliasObject(class) => {
                let objects: Vec<_> = self.whole_objects().into_iter().filter(|o| o.1 == class).collect();
                if objects.is_empty() { None } else { Some(self.r.pick(&objects).0.clone()) }
            }
            Param::AliasString(capacity) => {
                let fits: Vec<_> = self
                    .scope
                    .texts
                    .iter()
                    .filter(|t| t.capacity >= capacity)
                    .map(|t| t.path.clone())
                    .collect();
                if fits.is_empty() { None } else { Some(self.r.pick(&fits).clone()) }
            }
            Param::Tuple(elem) => {
                let fits: Vec<_> = self
                    .scope
                    .arrays
                    .iter()
                    .filter(|a| a.is_tuple_value() && a.elem == elem)
                    .map(|a| a.path.clone())
                    .collect();
                if fits.is_empty() { None } else { Some(self.r.pick(&fits).clone()) }
            }
        }
    }

    /// A string value with the longest it can be, which is at most `limit`.
    pub fn text(&mut self, limit: usize) -> Option<(String, usize)> {
        let mut parts: Vec<String> = Vec::new();
        let mut longest = 0;
        for _ in 0..1 + self.r.below(3) {
            // Two characters alone would be added as numbers.
            let (part, len) = if !parts.is_empty() && self.r.one_in(4) {
                (self.expr(Ty::Char, 1), 1)
            } else {
                self.text_part()
            };
            if longest + len <= limit {
                longest += len;
                parts.push(part);
            }
        }
        match parts.len() {
            0 => None,
            1 => Some((parts[0].clone(), longest)),
            _ => Some((format!("({})", parts.join(" + ")), longest)),
        }
    }

    fn text_part(&mut self) -> (String, usize) {
        let texts = self.scope.texts.clone();
        match self.r.below(8) {
            0 | 1 if !texts.is_empty() => {
                let text = self.r.pick(&texts);
                (text.path.clone(), text.capacity)
            }
            2 => {
                let of = self.any_scalar();
                let longest = match of {
                    Ty::Float | Ty::F16 | Ty::F32 => 20,
                    _ => 11,
                };
                (format!("str({})", self.expr(of, 1)), longest)
            }
            3 => {
                let of = *self.r.pick(&[Ty::Word, Ty::Int, Ty::F16]);
                (format!("str({}, {})", self.expr(of, 1), self.r.below(4)), 24)
            }
            4 => (format!("(\"{}\" * ({} & 3))", self.letters(2), self.expr(Ty::Byte, 1)), 6),
            5 if !texts.is_empty() => {
                let text = self.r.pick(&texts);
                (format!("({} * 2)", text.path), text.capacity * 2)
            }
            6 if self.r.one_in(2) => {
                let texts: Vec<(String, usize)> = self.object_paths();
                let texts: Vec<_> = texts.into_iter().filter(|o| self.classes[o.1].has_text).collect();
                match texts.is_empty() || self.rounds > 8 {
                    true => ("\"OO\"".to_string(), 2),
                    false => (format!("str({})", self.r.pick(&texts).0), LONGEST_RESULT),
                }
            }
            6 if !self.text_funcs.is_empty() => {
                let func = self.r.pick(&self.text_funcs).clone();
                let dear = func.cost > DEAREST_CALL / self.rounds.max(1);
                match self.call(&func.name, &func).filter(|_| !dear) {
                    Some(call) => (call, LONGEST_RESULT),
                    None => ("\"\"".to_string(), 0),
                }
            }
            _ => {
                let n = self.r.below(6);
                // One letter alone would be a character.
                let n = if n == 1 { 2 } else { n };
                (format!("\"{}\"", self.letters(n)), n)
            }
        }
    }

    pub fn letters(&mut self, n: usize) -> String {
        (0..n).map(|_| *self.r.pick(&['A', 'B', 'D', 'X', '0', '.', '-'])).collect()
    }
}
