//! What can be named: variables, elements, properties, objects.

use super::types::{Array, Ty, Var, mask};
use super::{Field, Gen};

impl Gen {
    /// An element at a random place within bounds.
    pub fn element(&mut self, array: &Array) -> String {
        let ones = array.mask();
        let index = match self.r.below(8) {
            0 if !array.tuple => format!("-{}", 1 + self.r.below(array.len)),
            1 | 2 => self.r.below(array.len).to_string(),
            3 => {
                let of = *self.r.pick(&[Ty::Word, Ty::Int, Ty::SByte]);
                let index = self.expr(of, 1);
                // A mask that does not fit would make another type.
                if of == Ty::SByte && ones > 127 { "0".to_string() } else { format!("{index} & {ones}") }
            }
            _ if ones > 255 => format!("{} & {ones}", self.expr(Ty::Word, 1)),
            4 if ones == 255 => self.expr(Ty::Byte, 1),
            4 if array.len < 128 => format!("{} % {}", self.leaf(Ty::Byte), array.len),
            5 if array.len > 2 => {
                let half = array.len / 2;
                format!("({} & {}) + {}", self.leaf(Ty::Byte), mask(half), self.r.below(half + 1))
            }
            _ => format!("{} & {ones}", self.expr(Ty::Byte, 1)),
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
                Some(count) => self.element_object(&object.path, count),
            };
            self.parts_of(path, object.class, &mut found);
        }
        found
    }

    fn parts_of(&mut self, path: String, class: usize, found: &mut Vec<(String, usize)>) {
        for (name, class) in self.classes[class].objects.clone() {
            self.parts_of(format!("{path}.{name}"), class, found);
        }
        for (name, class, count) in self.classes[class].object_arrays.clone() {
            let element = self.element_object(&format!("{path}.{name}"), count);
            self.parts_of(element, class, found);
        }
        found.push((path, class));
    }

    /// An element of an array of objects.
    fn element_object(&mut self, path: &str, count: usize) -> String {
        let vars = self.simple_vars(Ty::Byte);
        let wide = self.simple_vars(Ty::Word);
        match self.r.below(6) {
            0 => format!("{path}[-{}]", 1 + self.r.below(count)),
            1 | 2 if !vars.is_empty() => format!("{path}[{} & {}]", self.r.pick(&vars), mask(count)),
            3 if !vars.is_empty() => format!("{path}[{} % {count}]", self.r.pick(&vars)),
            4 if !wide.is_empty() => format!("{path}[{} & {}]", self.r.pick(&wide), mask(count)),
            _ => format!("{path}[{}]", self.r.below(count)),
        }
    }

    /// Those that can stand alone: `self` and singletons cannot.
    pub fn whole_objects(&mut self) -> Vec<(String, usize)> {
        let mut found = self.object_paths();
        found.retain(|(path, class)| path != "self" && self.is_copied(*class));
        found
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
}
