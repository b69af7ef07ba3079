//! Does arithmetic in as few bytes as its values need.
//!
//! A value is narrowed when only its low bits are looked at (`demand.rs`), or when its range fits
//! (`ranges.rs`). Its uses get the zero-extended narrow value; `fold` then removes most of the
//! conversions. Comparisons are narrowed or decided by ranges.

use crate::base::index::IndexVec;
use crate::mir::ir::{Access, Addr, BinOp, Block, BlockId, Cond, Func, Inst, Op, Target, Term, Ty, Value};
use crate::mir::rewrite::Substitution;
use crate::opt::counters::Defs;
use crate::opt::demand::{demanded_bits, narrowest};
use crate::opt::interval::Range;
use crate::opt::ranges::Ranges;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "narrow", about: "does arithmetic in as few bytes as it needs", run: Run::Func(run) };

/// What is decided for one operation.
enum Plan {
    Keep,
    /// The same in this type, then extended.
    Narrow(Ty),
    /// Another operation at once.
    Replace(Op),
    /// A comparison of the low parts.
    Compare(Cond, Ty),
    /// The same with a byte as index.
    ByteIndex,
    /// The same with another index, that many bytes further.
    MoveIndex(Value, i32),
}

fn run(func: &mut Func, _ctx: &Context) -> bool {
    let (params, plans) = plan(func);
    let keep = |plans: &IndexVec<BlockId, Vec<Plan>>| plans.iter().flatten().all(|p| matches!(p, Plan::Keep));
    if params.is_empty() && keep(&plans) {
        return false;
    }
    let mut subst = Substitution::new(func);
    for (id, plans) in plans.into_enumerated() {
        let mut block = std::mem::take(&mut func.blocks[id]);
        let insts = std::mem::take(&mut block.insts);
        let mut rewriter = Rewriter { func, block };
        for (inst, plan) in insts.into_iter().zip(plans) {
            rewriter.inst(inst, plan);
        }
        let block = rewriter.block;
        func.blocks[id] = block;
    }
    narrow_params(func, &params, &mut subst);
    subst.apply(func);
    true
}

/// A block's parameter, by position, and the type that is enough for it.
type NarrowParam = (BlockId, usize, Ty);

/// Which parameters (block, position, type) and operations are narrowed.
fn plan(func: &Func) -> (Vec<NarrowParam>, IndexVec<BlockId, Vec<Plan>>) {
    let bits = demanded_bits(func);
    let ranges = Ranges::new(func);
    let defs = Defs::new(func);
    let mut params = Vec::new();
    let mut plans = IndexVec::new();
    for (id, block) in func.blocks.enumerated() {
        if id != Func::ENTRY {
            for (i, &param) in block.params.iter().enumerate() {
                let range = ranges.of(param);
                let fits = if range.is_empty() { Ty::I32 } else { narrowest(range.high) };
                let ty = narrowest(bits[param]).min(fits);
                if ty < func.ty(param) {
                    params.push((id, i, ty));
                }
            }
        }
        let plan = |inst| {
            let index = plan_index(func, &ranges, &defs, id, inst);
            index.unwrap_or_else(|| plan_inst(func, &bits, &ranges, id, inst))
        };
        plans.push(block.insts.iter().map(plan).collect());
    }
    (params, plans)
}

fn plan_inst(func: &Func, bits: &IndexVec<Value, u32>, ranges: &Ranges, block: BlockId, inst: &Inst) -> Plan {
    let at = |v: Value| ranges.at(v, block);
    let fits = |range: Range| if range.is_empty() { Ty::I32 } else { narrowest(range.high) };
    let Some(result) = inst.result else { return Plan::Keep };
    let ty = func.ty(result);
    let wanted = narrowest(bits[result]);
    let narrow = |t: Ty| if t < ty { Plan::Narrow(t) } else { Plan::Keep };
    let positive = |v: Value| !at(v).is_empty() && at(v).signed_low >= 0;
    match inst.op {
        Op::Bin(op, a, b) => match op {
            BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::And | BinOp::Or | BinOp::Xor => {
                narrow(wanted.min(fits(ranges.of(result))))
            }
            // A count that is long for the narrow type would empty it, as it should.
            BinOp::Shl => narrow(wanted.min(fits(ranges.of(result)))),
            BinOp::SDiv if positive(a) && positive(b) && at(b).low > 0 => {
                Plan::Replace(Op::Bin(BinOp::UDiv, a, b))
            }
            BinOp::SRem if positive(a) && positive(b) => Plan::Replace(Op::Bin(BinOp::URem, a, b)),
            BinOp::Sar if positive(a) => Plan::Replace(Op::Bin(BinOp::Shr, a, b)),
            BinOp::UDiv | BinOp::URem if at(b).low > 0 => narrow(fits(at(a)).max(fits(at(b)))),
            BinOp::Shr => narrow(fits(at(a))),
            _ => Plan::Keep,
        },
        Op::Neg(_) | Op::Not(_) => narrow(wanted),
        Op::Select(..) => narrow(wanted.min(fits(ranges.of(result)))),
        Op::Load(_, Access::Plain) => narrow(wanted),
        Op::Sext(a) if positive(a) => Plan::Replace(Op::Zext(a)),
        Op::Cmp(Cond::UGe, a, b) | Op::Cmp(Cond::ULe, b, a) if ranges.at_least(a, b, block) => {
            Plan::Replace(Op::Const(1))
        }
        Op::Cmp(Cond::ULt, a, b) | Op::Cmp(Cond::UGt, b, a) if ranges.at_least(a, b, block) => {
            Plan::Replace(Op::Const(0))
        }
        Op::Cmp(cond, a, b) => match compare_again(ranges, block, cond, a, b) {
            Some(op) => Plan::Replace(op),
            None => plan_cmp(cond, func.ty(a), at(a), at(b), (a, b)),
        },
        _ => Plan::Keep,
    }
}

/// A comparison of what was compared on the way here, as one whose answer that comparison has left.
fn compare_again(ranges: &Ranges, block: BlockId, cond: Cond, x: Value, y: Value) -> Option<Op> {
    let (known, a, b) = ranges.compared_before(x, y, block)?;
    let asked = if x == a { cond } else { cond.swap() };
    let new = match (known, asked) {
        (Cond::Ne, Cond::UGt) => Cond::UGe,
        (Cond::Ne, Cond::ULe) => Cond::ULt,
        (Cond::UGe, Cond::UGt) | (Cond::ULe, Cond::ULt) => Cond::Ne,
        (Cond::UGe, Cond::ULe) | (Cond::ULe, Cond::UGe) => Cond::Eq,
        _ => return None,
    };
    Some(Op::Cmp(new, a, b))
}

/// A byte as index where it is enough, and constants in the place where a byte index cannot wrap.
fn plan_index(func: &Func, ranges: &Ranges, defs: &Defs, block: BlockId, inst: &Inst) -> Option<Plan> {
    let index = inst.op.index()?;
    let range = |v: Value| Some(ranges.at(v, block)).filter(|r| !r.is_empty());
    if func.ty(index) == Ty::I16 {
        return (range(index)?.high <= 0xff).then_some(Plan::ByteIndex);
    }
    let Op::Bin(BinOp::Add, x, n) = *defs.of(index)? else { return None };
    let (n, x_range) = (defs.constant(n)?, range(x)?);
    if x_range.high + n <= 0xff {
        return Some(Plan::MoveIndex(x, n as i32));
    }
    (x_range.low + n >= 0x100).then_some(Plan::MoveIndex(x, n as i32 - 0x100))
}

fn plan_cmp(cond: Cond, ty: Ty, a: Range, b: Range, operands: (Value, Value)) -> Plan {
    if a.is_empty() || b.is_empty() || ty == Ty::I1 {
        return Plan::Keep;
    }
    if let Some(holds) = a.decides(cond, b) {
        return Plan::Replace(Op::Const(holds.into()));
    }
    let (x, y) = operands;
    let unsigned = cond.unsigned();
    if unsigned != cond {
        let same_sign = a.signed_low >= 0 && b.signed_low >= 0;
        return if same_sign { Plan::Replace(Op::Cmp(unsigned, x, y)) } else { Plan::Keep };
    }
    // With nothing above the limit, "below" is "other than".
    if cond == Cond::ULt && b.low == b.high && a.high == b.low {
        return Plan::Replace(Op::Cmp(Cond::Ne, x, y));
    }
    if cond == Cond::UGe && b.low == b.high && a.high == b.low {
        return Plan::Replace(Op::Cmp(Cond::Eq, x, y));
    }
    let narrow = narrowest(a.high.max(b.high));
    if narrow < ty {
        return Plan::Compare(cond, narrow);
    }
    // Numbers less than 256 apart are equal when their low bytes are.
    let (low, high) = (a.low.min(b.low), a.high.max(b.high));
    if matches!(cond, Cond::Eq | Cond::Ne) && high - low <= 0xff && ty > Ty::I8 {
        return Plan::Compare(cond, Ty::I8);
    }
    Plan::Keep
}

struct Rewriter<'a> {
    func: &'a mut Func,
    block: Block,
}

impl Rewriter<'_> {
    fn emit(&mut self, op: Op, ty: Ty, like: &Inst) -> Value {
        let value = self.func.values.push(ty);
        self.block.insts.push(Inst { result: Some(value), op, span: like.span });
        value
    }

    fn low_part(&mut self, value: Value, ty: Ty, like: &Inst) -> Value {
        if self.func.ty(value) <= ty { value } else { self.emit(Op::Trunc(value), ty, like) }
    }

    fn inst(&mut self, mut inst: Inst, plan: Plan) {
        match plan {
            Plan::Keep => {}
            Plan::Replace(op) => inst.op = op,
            Plan::ByteIndex => {
                let like = inst.clone();
                let index = inst.op.index().map(|index| self.low_part(index, Ty::I8, &like));
                inst.op.set_index(index, 0);
            }
            Plan::MoveIndex(index, by) => inst.op.set_index(Some(index), by),
            Plan::Compare(cond, ty) => {
                if let Op::Cmp(_, a, b) = inst.op {
                    let (a, b) = (self.low_part(a, ty, &inst), self.low_part(b, ty, &inst));
                    inst.op = Op::Cmp(cond, a, b);
                }
            }
            Plan::Narrow(ty) => {
                let op = match inst.op {
                    Op::Bin(op, a, b) => {
                        let a = self.low_part(a, ty, &inst);
                        let b = if op.is_shift() { b } else { self.low_part(b, ty, &inst) };
                        Op::Bin(op, a, b)
                    }
                    Op::Neg(a) => Op::Neg(self.low_part(a, ty, &inst)),
                    Op::Not(a) => Op::Not(self.low_part(a, ty, &inst)),
                    Op::Select(c, a, b) => {
                        Op::Select(c, self.low_part(a, ty, &inst), self.low_part(b, ty, &inst))
                    }
                    ref other => other.clone(),
                };
                let value = self.emit(op, ty, &inst);
                inst.op = Op::Zext(value);
            }
        }
        self.block.insts.push(inst);
    }
}

/// Gives the parameters their narrow types: arguments are cut, uses see the extended value.
fn narrow_params(func: &mut Func, params: &[(BlockId, usize, Ty)], subst: &mut Substitution) {
    for &(id, index, ty) in params {
        let old = func.blocks[id].params[index];
        let wide = func.ty(old);
        let new = func.values.push(ty);
        func.blocks[id].params[index] = new;
        let extended = func.values.push(wide);
        let inst = Inst { result: Some(extended), op: Op::Zext(new), span: None };
        func.blocks[id].insts.insert(0, inst);
        subst.replace(old, extended);
    }
    for id in func.blocks.ids() {
        let Block { insts, term, .. } = &mut func.blocks[id];
        let values = &mut func.values;
        let narrow = |target: &mut Target| {
            for &(to, index, ty) in params.iter().filter(|p| p.0 == target.block) {
                debug_assert_eq!(to, target.block);
                let cut = values.push(ty);
                insts.push(Inst { result: Some(cut), op: Op::Trunc(target.args[index]), span: None });
                target.args[index] = cut;
            }
        };
        match term {
            Term::Jump(target) => [Some(target), None],
            Term::Branch { then, other, .. } => [Some(then), Some(other)],
            _ => [None, None],
        }
        .into_iter()
        .flatten()
        .for_each(narrow);
    }
}

impl Op {
    /// The index of the only place of the operation.
    fn index(&self) -> Option<Value> {
        match self {
            Op::Load(addr, _) | Op::Store(addr, ..) | Op::Fill { dst: addr, .. } => addr.index,
            _ => None,
        }
    }

    fn set_index(&mut self, index: Option<Value>, by: i32) {
        if let Op::Load(addr, _) | Op::Store(addr, ..) | Op::Fill { dst: addr, .. } = self {
            *addr = Addr { index, offset: addr.offset + by, ..*addr };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text};
    use crate::opt::{Level, pass_named, run_pass};

    fn narrowed(body: &str) -> String {
        let text = format!("global @a bss 200\nfunc @f(i16, i8) {{\nb0(v0: i16, v1: i8):\n{body}\n}}");
        let mut program = text::parse(&text).unwrap();
        for _ in 0..3 {
            for name in ["narrow", "fold", "dce"] {
                run_pass(&mut program, pass_named(name).unwrap(), Level::O2);
                crate::mir::verify::verify(&program).unwrap();
            }
        }
        print::program(&program)
    }

    #[test]
    fn a_word_counter_below_256_becomes_a_byte() {
        let text = narrowed(
            "v2: i16 = const 0\n v3: i16 = const 100\n v4: i16 = const 1\n jump b1(v2)\n\
             b1(v5: i16):\n v6: i1 = cmp slt v5, v3\n branch v6, b2, b3\n\
             b2:\n store [@a + v5], v1\n v7: i16 = add v5, v4\n jump b1(v7)\nb3:\n return",
        );
        assert!(!text.contains(": i16 ="), "{text}");
        assert!(text.contains("cmp ne"), "{text}");
    }

    #[test]
    fn a_loop_over_256_bytes_counts_in_a_byte() {
        let text = narrowed(
            "v2: i16 = const 0\n v3: i16 = const 256\n v4: i16 = const 1\n jump b1(v2)\n\
             b1(v5: i16):\n store [@a + v5], v1\n v7: i16 = add v5, v4\n v8: i1 = cmp ne v7, v3\n\
             branch v8, b1(v7), b2\nb2:\n return",
        );
        assert!(!text.contains(": i16 ="), "{text}");
    }

    #[test]
    fn a_sum_of_which_a_byte_is_stored_is_a_byte() {
        let text = narrowed(
            "v2: i16 = zext v1\n v3: i16 = add v2, v0\n v4: i8 = trunc v3\n store [@a], v4\n return",
        );
        assert!(text.contains(": i8 = add"), "{text}");
    }

    #[test]
    fn what_a_comparison_left_open_is_asked_in_its_order() {
        let text = narrowed(
            "v2: i8 = load [@a]\n v3: i1 = cmp eq v2, v1\n branch v3, b1, b2\nb1:\n return\n\
             b2:\n v4: i1 = cmp ult v1, v2\n branch v4, b1, b3\nb3:\n store [@a], v1\n return",
        );
        assert!(text.contains("cmp eq v2, v1") && text.contains("cmp uge v2, v1"), "{text}");
        let text = narrowed(
            "v2: i8 = load [@a]\n v3: i1 = cmp ult v2, v1\n branch v3, b1, b2\nb1:\n return\n\
             b2:\n v4: i1 = cmp ult v1, v2\n branch v4, b1, b3\nb3:\n store [@a], v1\n return",
        );
        assert!(text.contains("cmp ult v2, v1") && text.contains("cmp ne v2, v1"), "{text}");
    }
}
