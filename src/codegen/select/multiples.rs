//! Which values are surely multiples of a power of two.
//!
//! In: a function. Out: an answer for one value, also around loops: a counter is a multiple when
//! its start and its step are. Invariant: "yes" holds on every run, in wrapped arithmetic too.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::index::IndexVec;
use crate::mir::ir::{BinOp, Func, Op, Value};

/// Values looked at for one answer, at most.
const LIMIT: usize = 64;

/// The definitions of all values, those of block parameters too.
pub(super) struct Multiples<'a> {
    defs: IndexVec<Value, Option<&'a Op>>,
    /// What arrives in each block parameter.
    incoming: BTreeMap<Value, Vec<Value>>,
}

impl<'a> Multiples<'a> {
    /// Looks at a function whose operations define `defs`.
    pub(super) fn new(func: &'a Func, defs: &IndexVec<Value, Option<&'a Op>>) -> Self {
        let mut incoming: BTreeMap<Value, Vec<Value>> = BTreeMap::new();
        for block in func.blocks.iter() {
            // The arguments of the function are not known.
            for target in block.term.targets().filter(|t| t.block != Func::ENTRY) {
                for (param, arg) in func.blocks[target.block].params.iter().zip(&target.args) {
                    incoming.entry(*param).or_default().push(*arg);
                }
            }
        }
        Self { defs: defs.clone(), incoming }
    }

    /// True when `value` is a multiple of `n`, a power of two.
    pub(super) fn holds(&self, value: Value, n: u32) -> bool {
        // What is assumed stays true unless some value on the way proves otherwise.
        let mut assumed = BTreeSet::new();
        let mut open = vec![(value, n)];
        while let Some((value, n)) = open.pop() {
            if n <= 1 || !assumed.insert((value, n)) {
                continue;
            }
            if assumed.len() > LIMIT || !self.parts(value, n, &mut open) {
                return false;
            }
        }
        true
    }

    /// Adds what has to hold for `value` to be a multiple of `n`; false when it may be none.
    fn parts(&self, value: Value, n: u32, open: &mut Vec<(Value, u32)>) -> bool {
        let number = |v: &Value| match self.defs[*v] {
            Some(Op::Const(c)) => Some(*c),
            _ => None,
        };
        match self.defs[value] {
            Some(Op::Const(c)) => return c.is_multiple_of(n),
            Some(Op::Zext(a) | Op::Sext(a) | Op::Trunc(a) | Op::Neg(a)) => open.push((*a, n)),
            Some(Op::Bin(BinOp::Add | BinOp::Sub | BinOp::Or | BinOp::Xor, a, b)) => {
                open.extend([(*a, n), (*b, n)]);
            }
            Some(Op::Bin(BinOp::And, a, b)) => match (number(a), number(b)) {
                (Some(c), _) | (_, Some(c)) if c.is_multiple_of(n) => {}
                (None, Some(_)) => open.push((*a, n)),
                _ => return false,
            },
            Some(Op::Bin(BinOp::Shl, a, count)) => {
                let Some(count) = number(count) else { return false };
                open.push((*a, n.checked_shr(count).unwrap_or(0)));
            }
            Some(Op::Bin(BinOp::Mul, a, b)) => {
                let (factor, other) = match (number(a), number(b)) {
                    (Some(c), _) => (c, b),
                    (_, Some(c)) => (c, a),
                    _ => return false,
                };
                let twos = factor.trailing_zeros();
                open.push((*other, n.checked_shr(twos).unwrap_or(0)));
            }
            Some(Op::Select(_, a, b)) => open.extend([(*a, n), (*b, n)]),
            Some(_) => return false,
            None => match self.incoming.get(&value) {
                Some(args) => open.extend(args.iter().map(|arg| (*arg, n))),
                None => return false,
            },
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::index::Id;
    use crate::mir::text;

    /// Whether `v{at}` of a loop that counts by `step` is a multiple of 2 and of 4.
    fn multiples(step: u32, at: usize) -> [bool; 2] {
        let text = format!(
            "func @main() {{\nb0:\n  v0: i16 = const 0\n  jump b1(v0)\nb1(v1: i16):\n  \
             v2: i16 = const {step}\n  v3: i16 = add v1, v2\n  v4: i16 = shl v1, v2\n  \
             v5: i1 = cmp ult v3, v4\n  branch v5, b1(v3), b2\nb2:\n  return\n}}\n"
        );
        let program = text::parse(&text).expect("it is valid");
        let func = program.funcs.iter().next().expect("there is one");
        let mut defs = IndexVec::filled(func.values.len(), None);
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            if let Some(result) = inst.result {
                defs[result] = Some(&inst.op);
            }
        }
        let all = Multiples::new(func, &defs);
        [2, 4].map(|n| all.holds(Value::new(at), n))
    }

    #[test]
    fn a_counter_is_a_multiple_when_its_step_is() {
        assert_eq!(multiples(4, 1), [true, true]);
        assert_eq!(multiples(6, 3), [true, false]);
        assert_eq!(multiples(3, 1), [false, false]);
    }

    #[test]
    fn a_shift_makes_a_multiple() {
        assert_eq!(multiples(1, 4), [true, false]);
        assert_eq!(multiples(3, 4), [true, true]);
    }
}
