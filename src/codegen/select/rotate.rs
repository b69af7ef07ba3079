//! Rotations: `x << n | x >> (w - n)`, where `w` is the number of bits of `x`; and values into which
//! one bit of another is shifted: `x << 1 | y >> (w - 1)` and `x << (w - 1) | y >> 1`.
//!
//! In: what defines each value. Out: the unions (or sums) that are rotations, whose shifts are not
//! computed alone. Whole bytes only change their names; the rest goes the shorter way around.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::codegen::lir::{Dst, Op as LOp, ShiftKind};
use crate::codegen::select::Select;
use crate::mir::ir::{BinOp, Func, Op, Ty, Value};

type Defs<'a> = IndexVec<Value, Option<&'a Op>>;

/// What is shifted to the left by how many bits, and from which value, mostly the same, bits come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rotation {
    value: Value,
    from: Value,
    left: u32,
}

/// The values that are rotations. The shifts that they are made of are marked in `folded`.
pub(super) fn plan(
    func: &Func,
    defs: &Defs<'_>,
    uses: &IndexVec<Value, usize>,
    folded: &mut IndexVec<Value, bool>,
    is_free: impl Fn(Value) -> bool,
) -> BTreeMap<Value, Rotation> {
    let mut found = BTreeMap::new();
    for inst in func.blocks.iter().flat_map(|b| &b.insts) {
        let (Op::Bin(BinOp::Or | BinOp::Xor | BinOp::Add, a, b), Some(result)) = (&inst.op, inst.result)
        else {
            continue;
        };
        let only_here = |v: Value| uses[v] == 1 && is_free(v);
        if let Some(rotation) = rotation(func, defs, *a, *b).or_else(|| rotation(func, defs, *b, *a))
            && only_here(*a)
            && only_here(*b)
        {
            folded[*a] = true;
            folded[*b] = true;
            found.insert(result, rotation);
        }
    }
    found
}

/// The rotation that `left | right` is.
fn rotation(func: &Func, defs: &Defs<'_>, left: Value, right: Value) -> Option<Rotation> {
    let (Some(Op::Bin(BinOp::Shl, x, n)), Some(Op::Bin(BinOp::Shr, y, m))) = (defs[left], defs[right]) else {
        return None;
    };
    let (Some(Op::Const(n)), Some(Op::Const(m))) = (defs[*n], defs[*m]) else { return None };
    let ty = func.ty(*x);
    let bits = 8 * ty.bytes() as u32;
    let whole = ty != Ty::I1 && (1..bits).contains(n) && n + m == bits;
    // A byte turned by two to the right costs more than two shifts.
    let pays = if x == y { !(ty == Ty::I8 && *n == 6) } else { *n == 1 || *m == 1 };
    (whole && pays).then_some(Rotation { value: *x, from: *y, left: *n })
}

impl Select<'_> {
    pub(super) fn select_rotation(&mut self, d: Vec<Dst>, rotation: Rotation) {
        if rotation.from != rotation.value {
            return self.select_shift_in(d, rotation);
        }
        let mut bytes = self.bytes(rotation.value);
        let (mut whole, rest) = (rotation.left as usize / 8, (rotation.left % 8) as u8);
        let rightward = rest > if bytes.len() == 1 { 6 } else { 4 };
        if rightward {
            whole += 1;
        }
        let size = bytes.len();
        bytes.rotate_right(whole % size);
        match rest {
            0 => self.move_all(d, bytes),
            n if rightward => {
                self.emit(LOp::Shift { kind: ShiftKind::RotateRight, d, a: bytes, count: 8 - n })
            }
            n => self.emit(LOp::Shift { kind: ShiftKind::RotateLeft, d, a: bytes, count: n }),
        }
    }

    /// The bit that another value gives comes in through the carry.
    fn select_shift_in(&mut self, mut d: Vec<Dst>, Rotation { value, from, left }: Rotation) {
        let (mut upper, mut lower) = (self.bytes(value), self.bytes(from));
        let size = d.len();
        if left == 1 {
            d.insert(0, Dst::None);
            upper.insert(0, lower[size - 1]);
            self.emit(LOp::Shift { kind: ShiftKind::Left, d, a: upper, count: 1 });
        } else {
            d.push(Dst::None);
            lower.push(upper[0]);
            self.emit(LOp::Shift { kind: ShiftKind::Right, d, a: lower, count: 1 });
        }
    }
}
