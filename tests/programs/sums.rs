//! Sums that a one is carried into, of operands that move bits about; comparisons of the same operands;
//! quotients and remainders of the same operands, one of them computed by a function.

use super::Gen;
use super::types::{INTEGERS, Ty};

/// A function that divides by a number.
#[derive(Clone)]
pub struct Division {
    name: String,
    ty: Ty,
    by: i64,
    /// What it does not compute: `/` or `%`.
    other: &'static str,
}

impl Gen {
    /// Declares a function that gives the quotient or the remainder.
    pub fn division(&mut self) {
        let ty = self.any_integer();
        let by = match self.integer(ty) {
            0 => 10,
            n => n,
        };
        let (name, (op, other)) = (self.name("f"), *self.r.pick(&[("/", "%"), ("%", "/")]));
        self.block(format!("def {name}(x: {0}) -> {0}:", ty.name()), |g| {
            g.line(format!("return x {op} {by}"))
        });
        self.divisions.push(Division { name, ty, by, other });
    }

    /// A call of such a function, and what it does not compute.
    pub fn divided(&mut self, ty: Ty) -> Option<String> {
        let of_type: Vec<Division> = self.divisions.iter().filter(|d| d.ty == ty).cloned().collect();
        if of_type.is_empty() || self.pure {
            return None;
        }
        let Division { name, by, other, .. } = self.r.pick(&of_type).clone();
        let (x, op) = (self.leaf(ty), *self.r.pick(&["+", "-", "^", "*"]));
        Some(match self.r.one_in(2) {
            true => format!("({name}({x}) {op} ({x} {other} {by}))"),
            false => format!("(({x} {other} {by}) {op} {name}({x}))"),
        })
    }

    /// `x + y + 1`, `x - y - 1`, or nearly that, where x and y are shifts, masks, rotations.
    pub fn carried_sum(&mut self, ty: Ty, depth: usize) -> String {
        let a = self.leaf(ty);
        let b = match self.r.below(3) {
            0 => a.clone(),
            1 => self.expr(ty, depth),
            _ => self.leaf(ty),
        };
        let (x, y) = match self.r.one_in(2) {
            true => self.separate_bits(ty, &a, &b),
            false => (self.moved_bits(ty, &a), self.moved_bits(ty, &b)),
        };
        let op = *self.r.pick(&["+", "-"]);
        match self.r.below(8) {
            0 => format!("(1 + {x} + {y})"),
            1 => format!("({x} {op} 1 {op} {y})"),
            2 => format!("(({x} | {y}) {op} 1)"),
            3 => format!("({x} {op} {y} {} {})", self.r.pick(&["+", "-"]), 1 + self.r.below(2)),
            _ => format!("({x} {op} {y} {op} 1)"),
        }
    }

    /// The bits of `a` at other places, or some of them.
    fn moved_bits(&mut self, ty: Ty, a: &str) -> String {
        let bits = ty.width() as usize * 8;
        let k = if self.r.one_in(2) { 1 } else { 1 + self.r.below(bits - 1) };
        match self.r.below(9) {
            0 | 1 => format!("({a} << {k})"),
            2 => format!("({a} >> {k})"),
            3 => format!("({a} & {})", ty.range().1 >> k),
            // All but the lowest bits; of a signed type without the sign.
            4 => format!("({a} & {})", ty.range().1 >> (k & 7) << (k & 7)),
            5 | 6 => {
                let op = *self.r.pick(&["|", "|", "+", "^"]);
                let (l, r) = if self.r.one_in(2) { (k, bits - k) } else { (bits - k, k) };
                format!("(({a} >> {r}) {op} ({a} << {l}))")
            }
            7 if bits > 8 => format!("({}({}) << 8)", ty.name(), self.leaf(Ty::Byte)),
            7 => format!("({a} * 2)"),
            _ => a.to_string(),
        }
    }

    /// Bits of `a` and of `b` that do not meet: of one value, these may be its rotation.
    fn separate_bits(&mut self, ty: Ty, a: &str, b: &str) -> (String, String) {
        let bits = ty.width() as usize * 8;
        let k = 1 + self.r.below(bits - 1);
        let low = (1u64 << k) - 1;
        // A mask that does not fit would make another type.
        let fits = low as i64 <= ty.range().1;
        match self.r.below(4) {
            0 if bits > 8 => (format!("({}({a}) << 8)", ty.name()), self.leaf(Ty::Byte)),
            1 if fits => (format!("({a} << {k})"), format!("({b} & {low})")),
            2 if fits => (format!("({a} & {})", ty.range().1 & !(low as i64)), format!("({b} & {low})")),
            _ => (format!("({a} << {k})"), format!("({b} >> {})", bits - k)),
        }
    }

    /// Two values of a type that are compared in one way and then in others.
    pub fn comparisons(&mut self) {
        let ty = if self.r.one_in(2) { Ty::Byte } else { *self.r.pick(&INTEGERS) };
        let (a, b) = (self.leaf(ty), self.leaf(ty));
        let test = |g: &mut Self| {
            let op = *g.r.pick(&["<", "<", "<=", "==", "==", "!=", ">", ">="]);
            if g.r.one_in(4) { format!("{b} {op} {a}") } else { format!("{a} {op} {b}") }
        };
        let first = test(self);
        self.scoped_block(format!("if {first}:"), |g| g.statements(1));
        for _ in 0..1 + self.r.below(2) {
            let other = test(self);
            self.scoped_block(format!("elif {other}:"), |g| g.statements(1));
        }
        if self.r.one_in(2) {
            self.scoped_block("else:", |g| g.statements(1));
        }
    }
}
