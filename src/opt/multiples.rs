//! Multiples of widened bytes, computed in a byte as long as they fit.
//!
//! In: `zext x * (odd << n)` with `n` below 8, where `ranges.rs` knows that `x * odd` fits a byte: the
//! row of a table, most often. Out: the product by `odd` in a byte, then the shift: by 4 and more as
//! two shifts of a byte, one for each half of the result.
//! After `strength`: what becomes a counter needs no product.

use crate::mir::ir::{BinOp, BlockId, Func, Op, Ty, Value};
use crate::mir::rewrite::Code;
use crate::opt::counters::Defs;
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "multiples", about: "multiplies widened bytes in a byte", run: Run::Func(run) };

/// From this count on two shifts of a byte cost less than one of a word.
const FAR: u32 = 4;

/// `zext value * odd << count`.
struct Multiple {
    block: BlockId,
    at: usize,
    value: Value,
    odd: u32,
    count: u32,
}

fn run(func: &mut Func, _: &Context) -> bool {
    let found = find(func);
    // From the end, so that places stay what they are.
    for multiple in found.iter().rev() {
        rewrite(func, multiple);
    }
    !found.is_empty()
}

fn find(func: &Func) -> Vec<Multiple> {
    let defs = Defs::new(func);
    let mut ranges: Option<Ranges> = None;
    let mut found = Vec::new();
    for (block, data) in func.blocks.enumerated() {
        for (at, inst) in data.insts.iter().enumerate() {
            let Op::Bin(op @ (BinOp::Mul | BinOp::Shl), a, b) = inst.op else { continue };
            let (Some(&Op::Zext(value)), Some(n)) = (defs.of(a), defs.constant(b)) else { continue };
            let (odd, count) = match op {
                BinOp::Shl => (1, n),
                _ if n == 0 => continue,
                _ => (n >> n.trailing_zeros(), n.trailing_zeros()),
            };
            let words = func.ty(a) == Ty::I16 && func.ty(value) == Ty::I8;
            if !words || count >= 8 || odd == 1 && count < FAR {
                continue;
            }
            let range = ranges.get_or_insert_with(|| Ranges::new(func)).at(value, block);
            if !range.is_empty() && u64::from(range.high) * u64::from(odd) <= 0xff {
                found.push(Multiple { block, at, value, odd, count });
            }
        }
    }
    found
}

fn rewrite(func: &mut Func, multiple: &Multiple) {
    let &Multiple { block, at, value, odd, count } = multiple;
    let span = func.blocks[block].insts[at].span;
    let mut code = Code::new(func);
    let product = match odd {
        1 => value,
        _ => {
            let odd = code.number(odd, Ty::I8);
            code.op(Op::Bin(BinOp::Mul, value, odd), Ty::I8)
        }
    };
    let last = if count < FAR {
        let wide = code.op(Op::Zext(product), Ty::I16);
        Op::Bin(BinOp::Shl, wide, code.number(count, Ty::I8))
    } else {
        let (left, right) = (code.number(count, Ty::I8), code.number(8 - count, Ty::I8));
        let low = code.op(Op::Bin(BinOp::Shl, product, left), Ty::I8);
        let high = code.op(Op::Bin(BinOp::Shr, product, right), Ty::I8);
        let low = code.op(Op::Zext(low), Ty::I16);
        let high = code.op(Op::Zext(high), Ty::I16);
        let byte = code.number(8, Ty::I8);
        let high = code.op(Op::Bin(BinOp::Shl, high, byte), Ty::I16);
        Op::Bin(BinOp::Or, high, low)
    };
    let mut new = code.finish();
    new.iter_mut().for_each(|inst| inst.span = span);
    let insts = &mut func.blocks[block].insts;
    insts[at].op = last;
    insts.splice(at..at, new);
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    fn after(mask: u32, op: &str) -> String {
        let text = format!(
            "entry @main\nfunc @main() {{\nb0:\n v0: i8 = load volatile [$d012]\n v1: i8 = const {mask}\n\
             v2: i8 = and v0, v1\n v3: i16 = zext v2\n{op}\n store [$0400], v5\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("multiples").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_row_of_a_bitmap_is_a_byte_times_five() {
        let text = after(31, "v4: i16 = const 320\n v5: i16 = mul v3, v4");
        assert!(
            text.contains("const 5") && text.contains(": i8 = mul v2") && text.contains("i16 = or"),
            "{text}"
        );
    }

    #[test]
    fn a_far_shift_is_made_of_two_bytes() {
        let text = after(255, "v4: i8 = const 5\n v5: i16 = shl v3, v4");
        assert!(text.contains(": i8 = shl v2") && text.contains(": i8 = shr v2"), "{text}");
    }

    #[test]
    fn a_product_that_leaves_the_byte_stays_wide() {
        assert!(after(63, "v4: i16 = const 320\n v5: i16 = mul v3, v4").contains("i16 = mul"));
        assert!(after(255, "v4: i8 = const 2\n v5: i16 = shl v3, v4").contains("i16 = shl v3"));
    }
}
