//! Aliases: of scalars, arrays and strings, pointed elsewhere with `addr` and numbers added to it.
//!
//! Invariant: an alias points to something of its type that is written, and stays inside of it.

use super::Gen;
use super::types::{Array, Text, Ty, Var};

impl Gen {
    pub fn alias_variable(&mut self) {
        match self.r.below(4) {
            2 => self.array_alias(),
            3 if !self.pure => self.string_alias(),
            _ => self.scalar_alias(),
        }
    }

    /// A scalar variable, element or property to which an alias may point.
    pub fn pointee(&mut self, ty: Ty) -> Option<String> {
        let arrays: Vec<Array> = self.arrays().into_iter().filter(|a| a.elem == ty && a.is_free()).collect();
        if !arrays.is_empty() && self.r.one_in(3) {
            let array = self.r.pick(&arrays).clone();
            return Some(self.element(&array));
        }
        let own = self.scope.vars.iter().filter(|v| v.ty == ty && v.assignable && !v.mapped);
        let mut found: Vec<String> = own.map(|v| v.path.clone()).collect();
        found.extend(self.fields(ty, true));
        if found.is_empty() { None } else { Some(self.r.pick(&found).clone()) }
    }

    fn scalar_alias(&mut self) {
        let ty = self.any_scalar();
        let Some(target) = self.pointee(ty) else { return self.scalar_variable() };
        let name = self.name("l");
        self.line(format!("{name}: alias[{}] = {target}", ty.name()));
        self.scope.vars.push(Var { path: name.clone(), ty, assignable: true, mapped: false });
        self.scope.pointers.push((name, ty));
    }

    fn array_alias(&mut self) {
        let arrays: Vec<Array> = self.arrays().into_iter().filter(Array::is_free).collect();
        if arrays.is_empty() {
            return self.array_variable();
        }
        let array = self.r.pick(&arrays).clone();
        let len = if self.r.one_in(2) { array.len } else { (array.len / 2).max(2).min(array.len) };
        let name = self.name("l");
        self.line(format!("{name}: alias[array[{}, {len}]] = {}", array.elem.name(), array.path));
        self.scope.arrays.push(Array::view(name.clone(), array.elem, len));
        if self.r.one_in(2) {
            self.point_into(&name, len, &array);
        }
    }

    /// Points an alias of `len` elements to somewhere in an array.
    fn point_into(&mut self, alias: &str, len: usize, array: &Array) {
        let (first, size) = (self.r.below(array.len - len + 1), array.elem.width() as usize);
        let place = match self.r.below(3) {
            0 => format!("addr({}[{first}])", array.path),
            1 => format!("addr({}) + {}", array.path, first * size),
            _ if array.len - len >= 4 => {
                let some = self.expr(Ty::Byte, 1);
                format!("addr({}) + word({some} & 3) * {size}", array.path)
            }
            _ => format!("{} + addr({})", first * size, array.path),
        };
        self.line(format!("alias({alias}, {place})"));
    }

    fn string_alias(&mut self) {
        let name = self.name("l");
        let texts: Vec<Text> =
            self.scope.texts.iter().filter(|t| !t.path.starts_with('K')).cloned().collect();
        if texts.is_empty() || self.r.one_in(6) {
            let n = 2 + self.r.below(6);
            let letters = self.letters(n);
            self.line(format!("{name}: alias[string] = \"{letters}\""));
            self.scope.texts.push(Text { path: name, capacity: n, fixed: true });
            return;
        }
        let Text { path, capacity, fixed } = self.r.pick(&texts).clone();
        self.line(format!("{name}: alias[string] = {path}"));
        self.scope.texts.push(Text { path: name, capacity, fixed });
    }

    /// Points an alias elsewhere, or compares addresses.
    pub fn pointer_statement(&mut self) {
        let pointers = self.scope.pointers.clone();
        let views: Vec<Array> = self.scope.arrays.iter().filter(|a| a.view).cloned().collect();
        if self.r.one_in(2) && !views.is_empty() {
            let view = self.r.pick(&views).clone();
            let fits = |a: &Array| a.elem == view.elem && a.len >= view.len && a.is_free() && !a.view;
            let arrays: Vec<Array> = self.arrays().into_iter().filter(fits).collect();
            // A parameter's array may be shorter than one at hand, never the other way round.
            if view.path.starts_with('l') && !arrays.is_empty() {
                let array = self.r.pick(&arrays).clone();
                return self.point_into(&view.path, view.len, &array);
            }
        }
        if pointers.is_empty() {
            return self.alias_variable();
        }
        let (pointer, ty) = self.r.pick(&pointers).clone();
        let Some(target) = self.pointee(ty) else { return };
        if self.r.one_in(4) && pointer.starts_with('l') && !target.contains(&pointer) {
            self.line(format!("alias({pointer}, 0)"));
            let test = format!("addr({pointer}) == 0");
            self.scoped_block(format!("if {test}:"), |g| g.line(format!("alias({pointer}, addr({target}))")));
            return;
        }
        if self.r.one_in(4) {
            let op = *self.r.pick(&["==", "!="]);
            let test = format!("addr({pointer}) {op} addr({target})");
            self.scoped_block(format!("if {test}:"), |g| g.statements(1));
            return;
        }
        self.line(format!("alias({pointer}, addr({target}))"));
    }
}
