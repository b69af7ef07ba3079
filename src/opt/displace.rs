//! Takes numbers out of indices: they belong to the displacement of the place.
//!
//! In: `[g + (zext (y - 1) * 40 + zext (x + 1))]` where neither byte wraps. Out: `[g + (zext y * 40 +
//! zext x) - 39]`, so that the cells around one have an index in common. Invariant: the same bytes are
//! accessed. Not here: numbers in an index that is itself a sum with a number (`fold`), or a byte
//! (`narrow`).

use crate::mir::ir::{Addr, Base, BinOp, BlockId, Func, Inst, Op, Ty, Value};
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "displace", about: "takes numbers out of indices of two bytes", run: Run::Func(run) };

/// Summands looked at for one index, at most.
const MOST: usize = 6;

/// A summand of an index: a word, or an extended byte, as it is or times a number.
#[derive(Clone, Copy)]
struct Summand {
    value: Value,
    /// A shift or a multiplication, and its second operand.
    times: Option<(BinOp, Value)>,
}

fn run(func: &mut Func, _: &Context) -> bool {
    let before = func.clone();
    let ranges = Ranges::new(&before);
    let mut changed = false;
    for (block, data) in before.blocks.enumerated() {
        let mut added = 0;
        for (at, inst) in data.insts.iter().enumerate() {
            let (Op::Load(addr, _) | Op::Store(addr, ..)) = &inst.op else { continue };
            let Some(index) = addr.index.filter(|index| before.ty(*index) == Ty::I16) else { continue };
            let mut sum = Sum { ranges: &ranges, block, summands: Vec::new(), number: 0 };
            if !sum.take(index) || sum.number == 0 {
                continue;
            }
            // Exact, so that it tells which part of an element is meant (`stripe`).
            let offset = i64::from(addr.offset) + sum.number;
            let offset = if addr.base == Base::Abs { offset & 0xffff } else { offset };
            let Some(offset) = i32::try_from(offset).ok().filter(|n| n.unsigned_abs() <= 0xffff) else {
                continue;
            };
            let at = at + added;
            let (insts, index) = sum.made(func, inst);
            if let Op::Load(addr, _) | Op::Store(addr, ..) = &mut func.blocks[block].insts[at].op {
                *addr = Addr { index: Some(index), offset, ..*addr };
            }
            added += insts.len();
            func.blocks[block].insts.splice(at..at, insts);
            changed = true;
        }
    }
    changed
}

/// An index as a sum, at a block.
struct Sum<'a> {
    ranges: &'a Ranges<'a>,
    block: BlockId,
    summands: Vec<Summand>,
    /// What is taken out.
    number: i64,
}

impl Sum<'_> {
    /// Adds the parts of a value; false when there are too many.
    fn take(&mut self, value: Value) -> bool {
        match self.ranges.def(value) {
            Some(&Op::Bin(BinOp::Add, a, b)) => return self.take(a) && self.take(b),
            Some(&Op::Const(n)) => self.number += i64::from(n as i16),
            Some(&Op::Bin(op @ (BinOp::Shl | BinOp::Mul), a, n)) => {
                let (inner, more) = self.without_number(a);
                let more = match (op, self.number_of(n)) {
                    (_, None) => return self.add(value, None),
                    (BinOp::Shl, Some(n)) if n < 16 => more << n,
                    (BinOp::Shl, Some(_)) => 0,
                    (_, Some(n)) => more * i64::from(n as i16),
                };
                self.number += more;
                return self.add(inner, Some((op, n)));
            }
            _ => {
                let (inner, more) = self.without_number(value);
                self.number += more;
                return self.add(inner, None);
            }
        }
        true
    }

    fn add(&mut self, value: Value, times: Option<(BinOp, Value)>) -> bool {
        self.summands.push(Summand { value, times });
        self.summands.len() <= MOST
    }

    fn number_of(&self, value: Value) -> Option<u32> {
        match self.ranges.def(value) {
            Some(Op::Const(n)) => Some(*n),
            _ => None,
        }
    }

    /// `zext (x + 1)` is `x`, a byte, and 1, when the byte does not wrap; otherwise the value is the
    /// whole.
    fn without_number(&self, value: Value) -> (Value, i64) {
        let Some(&Op::Zext(mut byte)) = self.ranges.def(value) else { return (value, 0) };
        let mut number = 0;
        while let Some(&Op::Bin(BinOp::Add, x, n)) = self.ranges.def(byte)
            && self.ranges.ty(x) == Ty::I8
            && let Some(n) = self.number_of(n)
        {
            let range = self.ranges.at(x, self.block);
            if range.is_empty() || range.high + n > 0xff && range.low + n < 0x100 {
                break;
            }
            let wrapped = if range.high + n > 0xff { 0x100 } else { 0 };
            (byte, number) = (x, number + i64::from(n) - wrapped);
        }
        let same = self.ranges.def(value) == Some(&Op::Zext(byte));
        (if same { value } else { byte }, number)
    }

    /// The instructions that make the sum without the number, and their result.
    fn made(&self, func: &mut Func, like: &Inst) -> (Vec<Inst>, Value) {
        let mut insts = Vec::new();
        let mut emit = |op| {
            let value = func.values.push(Ty::I16);
            insts.push(Inst { result: Some(value), op, span: like.span });
            value
        };
        let mut sum = None;
        for summand in &self.summands {
            let mut value = summand.value;
            if self.ranges.ty(value) == Ty::I8 {
                value = emit(Op::Zext(value));
            }
            if let Some((op, n)) = summand.times {
                value = emit(Op::Bin(op, value, n));
            }
            sum = Some(match sum {
                Some(sum) => emit(Op::Bin(BinOp::Add, sum, value)),
                None => value,
            });
        }
        let sum = sum.unwrap_or_else(|| emit(Op::Const(0)));
        (insts, sum)
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// The store of a byte with index `v9`, which `more` makes of the bytes `v2` and `v3`, from 1 to 16.
    fn after(more: &str) -> String {
        let text = format!(
            "global @g bss 900\nfunc @f(i8, i8) {{\nb0(v0: i8, v1: i8):\n v20: i8 = const 15\n v21: i8 = const 1\n \
             v22: i8 = and v0, v20\n v2: i8 = add v22, v21\n v23: i8 = and v1, v20\n v3: i8 = add v23, v21\n \
             v24: i8 = const 255\n v25: i16 = const 40\n{more}\n store [@g + v9], v0\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        for pass in ["displace", "gvn", "dce"] {
            run_pass(&mut program, pass_named(pass).unwrap(), Level::O2);
        }
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn rows_and_columns_give_their_numbers() {
        let text = after(
            "v4: i8 = add v2, v24\n v5: i16 = zext v4\n v6: i16 = mul v5, v25\n v7: i8 = add v3, v21\n \
             v8: i16 = zext v7\n v9: i16 = add v6, v8",
        );
        // Both sums with one count too.
        assert!(text.contains(" + 2]") && text.matches("add").count() == 1, "{text}");
    }

    #[test]
    fn a_byte_that_may_wrap_keeps_its_number() {
        let text =
            after("v4: i8 = add v0, v21\n v5: i16 = zext v4\n v6: i16 = mul v5, v25\n v9: i16 = add v6, v5");
        assert!(text.contains("zext v") && !text.contains(" + 4"), "{text}");
    }
}
