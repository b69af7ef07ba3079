//! Values put together from bytes of others: `hi << 8 | lo` costs nothing.
//!
//! In: what defines each value. Out: which bytes are zero by construction, and which sums and
//! unions meet only zeros, so that each byte of the result is a byte of one operand.

use crate::base::index::IndexVec;
use crate::mir::ir::{BinOp, Func, Op, Value};

/// How deep definitions are followed.
const MAX_DEPTH: u32 = 6;

type Defs<'a> = IndexVec<Value, Option<&'a Op>>;

/// True for an operation whose bytes are each a byte of one operand beside a zero.
pub(super) fn is_concat(func: &Func, defs: &Defs<'_>, op: BinOp, a: Value, b: Value) -> bool {
    concat_within(func, defs, op, a, b, MAX_DEPTH)
}

fn concat_within(func: &Func, defs: &Defs<'_>, op: BinOp, a: Value, b: Value, depth: u32) -> bool {
    if !matches!(op, BinOp::Or | BinOp::Xor | BinOp::Add) || func.ty(a).bytes() < 2 {
        return false;
    }
    let all = all_bytes(func, a);
    zero_bytes(func, defs, a, depth) | zero_bytes(func, defs, b, depth) == all
}

/// Bit `k` is set when byte `k` is zero by construction.
fn zero_bytes(func: &Func, defs: &Defs<'_>, value: Value, depth: u32) -> u8 {
    let all = all_bytes(func, value);
    if depth == 0 {
        return 0;
    }
    match defs[value] {
        Some(Op::Const(n)) => {
            (0..4).filter(|k| (n >> (8 * k)) & 0xff == 0).fold(0, |set, k| set | 1 << k) & all
        }
        Some(Op::Zext(inner)) => (all & !all_bytes(func, *inner)) | zero_bytes(func, defs, *inner, depth - 1),
        Some(Op::Trunc(inner)) => zero_bytes(func, defs, *inner, depth - 1) & all,
        Some(Op::Bin(op @ (BinOp::Shl | BinOp::Shr), x, count)) => {
            let Some(Op::Const(n)) = defs[*count] else { return 0 };
            let size = func.ty(value).bytes() as u32;
            if n % 8 != 0 || n / 8 >= size {
                return 0;
            }
            let (inner, by) = (u32::from(zero_bytes(func, defs, *x, depth - 1)), n / 8);
            let moved = match op {
                BinOp::Shl => inner << by | ((1 << by) - 1),
                _ => inner >> by | !(u32::from(all) >> by),
            };
            moved as u8 & all
        }
        Some(Op::Bin(op, a, b)) if concat_within(func, defs, *op, *a, *b, depth - 1) => {
            zero_bytes(func, defs, *a, depth - 1) & zero_bytes(func, defs, *b, depth - 1)
        }
        _ => 0,
    }
}

fn all_bytes(func: &Func, value: Value) -> u8 {
    ((1u32 << func.ty(value).bytes()) - 1) as u8
}
