//! Random expressions of a wanted type.

use super::text::LONGEST_RESULT;
use super::types::{Array, INTEGERS, SCALARS, Text, Ty, Var};
use super::{DEAREST_CALL, Func, Gen, NAMELESS, Param};

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
        if ty == Ty::Float && self.r.one_in(6) {
            let other = *self.r.pick(&[Ty::Byte, Ty::SByte, Ty::Word, Ty::Int, Ty::DWord, Ty::Long]);
            return self.expr(other, depth);
        }
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
            Ty::Char if self.r.one_in(2) => format!("'{}'", *self.r.pick(&['A', 'Q', '9', '+', ' '])),
            Ty::Char => format!("\"{}\"", *self.r.pick(&['A', 'K', 'Z', '0', '!', '*'])),
            Ty::F16 | Ty::F32 | Ty::Float => {
                let names = self.real_constants.clone();
                if !names.is_empty() && self.r.one_in(8) {
                    return self.r.pick(&names).clone();
                }
                if ty == Ty::Float && self.r.one_in(12) {
                    return self.r.pick(&["1e-3", "2.5e9", "-1.25e-7", "3e30", "0.0"]).to_string();
                }
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
                if self.r.one_in(2)
                    && let Some(divided) = self.divided(ty)
                {
                    return divided;
                }
                let (a, b) = (self.expr(ty, depth), self.divisor(ty, depth));
                format!("({a} {} {b})", self.r.pick(&["/", "%"]))
            }
            10 if ty == Ty::Byte => {
                let of = *self.r.pick(&[Ty::Char, Ty::Bool]);
                let (a, b) = (self.expr(of, depth), self.expr(of, depth));
                format!("({a} {} {b})", self.r.pick(&["+", "-", "&", "^"]))
            }
            13 if self.r.one_in(2) => self.measure(ty, depth),
            12 if self.r.one_in(2) => self.with_far_literal(ty, depth),
            14 if self.r.one_in(3) => self.carried_sum(ty, depth),
            15 if self.rounds <= 8
                && let Some(built) = self.built() =>
            {
                format!("{}({built})", ty.name())
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

    /// The length or size of something, or a key; the raster line, cut to what is known of it.
    fn measure(&mut self, ty: Ty, depth: usize) -> String {
        let texts = if self.pure { Vec::new() } else { self.scope.texts.clone() };
        let arrays = self.arrays();
        let named = self.scope.vars.iter().filter(|v| !v.mapped).map(|v| v.path.clone());
        let paths: Vec<String> = named.chain(arrays.iter().map(|a| a.path.clone())).collect();
        match (ty, self.r.below(4)) {
            (Ty::Byte, 0 | 1) if !texts.is_empty() => format!("len({})", self.r.pick(&texts).path),
            (Ty::Byte, 3) if self.r.one_in(2) => {
                let small: Vec<_> = arrays.iter().filter(|a| !a.tuple && a.len < 256).collect();
                match small.is_empty() {
                    true => self.leaf(ty),
                    false => format!("len({})", self.r.pick(&small).path),
                }
            }
            (Ty::Byte, 2) if self.keys && !self.pure => "byte(getkey())".to_string(),
            (Ty::Byte, _) => {
                let literal = *self.r.pick(&[1, 2, 3, 100, 255]);
                let count = self.any_integer();
                format!("({literal} << {})", self.expr(count, depth))
            }
            (Ty::Word, 0) => "(__get_raster__() >> 9)".to_string(),
            (Ty::Word, 1) if !paths.is_empty() => format!("size({})", self.r.pick(&paths)),
            (Ty::Word, _) => {
                let tuples: Vec<_> = arrays.iter().filter(|a| a.is_tuple_value()).collect();
                match tuples.is_empty() {
                    true => self.leaf(ty),
                    false => format!("len({})", self.r.pick(&tuples).path),
                }
            }
            _ => self.leaf(ty),
        }
    }

    /// An operation with a literal that the type of the other operand does not hold.
    fn with_far_literal(&mut self, ty: Ty, depth: usize) -> String {
        let (narrow, literals): (Ty, &[i64]) = match ty {
            // A negative literal is an `sbyte`, and meets `byte` in `byte`.
            Ty::Byte => (Ty::Byte, &[-1, -3, -128]),
            Ty::Word => (Ty::Byte, &[256, 300, 1000, 65535, 4096]),
            Ty::Int => (*self.r.pick(&[Ty::Byte, Ty::SByte]), &[-129, -1000, -32768]),
            Ty::DWord => (*self.r.pick(&[Ty::Byte, Ty::Word]), &[65536, 100_000, 4_000_000_000]),
            Ty::Long => (*self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int]), &[-32769, -100_000, -2_000_000_000]),
            _ => return self.expr(ty, depth),
        };
        let (a, b) = (self.expr(narrow, depth), *self.r.pick(literals));
        let op = *self.r.pick(&["+", "-", "*", "&", "|", "^"]);
        format!("({a} {op} {b})")
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
                let a = self.expr(Ty::Char, depth);
                let b = if self.r.one_in(3) { self.literal(Ty::Char) } else { self.expr(Ty::Char, depth) };
                format!("({a} {op} {b})")
            }
            8 if self.r.one_in(6) => "(__get_raster__() < 312)".to_string(),
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
        if self.keys && !self.pure && self.r.one_in(4) {
            return "getkey()".to_string();
        }
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
            found.extend(self.own.iter().filter(|f| wanted(&f.1)).cloned());
        }
        found
    }

    /// The text of a call; none when an argument cannot be made.
    pub fn call(&mut self, path: &str, func: &Func) -> Option<String> {
        let mut args = Vec::new();
        if let Some(deepest) = func.recursive {
            let own = self.own.iter().any(|own| own.1.name == func.name);
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
                let alike = |of: Ty| of == elem || elem == Ty::Byte && of == Ty::Char;
                let fits = |a: &Array| alike(a.elem) && a.len >= len && a.is_free();
                let arrays: Vec<Array> = self.arrays().into_iter().filter(fits).collect();
                if arrays.is_empty() { None } else { Some(self.r.pick(&arrays).path.clone()) }
            }
            Param::AliasObject(class) => {
                let objects: Vec<_> = self.whole_objects().into_iter().filter(|o| o.1 == class).collect();
                if objects.is_empty() { None } else { Some(self.r.pick(&objects).0.clone()) }
            }
            Param::AliasString(capacity) => {
                let fits = |t: &&Text| t.capacity >= capacity && !t.fixed;
                let fits: Vec<_> = self.scope.texts.iter().filter(fits).map(|t| t.path.clone()).collect();
                if fits.is_empty() { None } else { Some(self.r.pick(&fits).clone()) }
            }
            Param::Literal => {
                let fits = |t: &&Text| t.capacity <= LONGEST_RESULT && !t.path.starts_with('K');
                let texts: Vec<_> = self.scope.texts.iter().filter(fits).map(|t| t.path.clone()).collect();
                if texts.is_empty() || self.r.one_in(2) {
                    let n = 2 + self.r.below(6);
                    return Some(format!("\"{}\"", self.letters(n)));
                }
                Some(self.r.pick(&texts).clone())
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
}
