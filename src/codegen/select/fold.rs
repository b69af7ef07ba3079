//! Decides which values are computed where their only user stands.
//!
//! A load becomes a memory operand, an operation whose result is stored writes to memory directly,
//! a comparison becomes part of its branch. Invariant: between the definition and the user nothing
//! happens that could change what a delayed load reads, and mapped accesses keep their order.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::codegen::select::carry::{self, Carry};
use crate::codegen::select::concat::is_concat;
use crate::codegen::select::multiples::Multiples;
use crate::codegen::select::rotate::{self, Rotation};
use crate::mir::alias;
use crate::mir::ir::{Access, Addr, Base, BinOp, Block, Callee, Func, Op, Program, Term, Ty, Value};
use crate::mir::rewrite;
use crate::mir::rt::RtEffect;

/// What an operation does to memory, as far as delaying a load over it is concerned.
#[derive(Clone, Copy, PartialEq)]
struct MemoryEffect {
    writes: bool,
    /// A mapped access, or something that could hold one.
    ordered: bool,
}

const NO_EFFECT: MemoryEffect = MemoryEffect { writes: false, ordered: false };
const ANY_EFFECT: MemoryEffect = MemoryEffect { writes: true, ordered: true };

fn effect(op: &Op) -> MemoryEffect {
    match op {
        Op::Load(_, access) => MemoryEffect { writes: false, ordered: *access != Access::Plain },
        Op::Store(_, _, access) | Op::Copy { access, .. } | Op::Fill { access, .. } => {
            MemoryEffect { writes: true, ordered: *access != Access::Plain }
        }
        Op::Call(Callee::Func(_) | Callee::Abs(_), _) | Op::Asm(_) | Op::Sei | Op::Cli | Op::Nop(_) => {
            ANY_EFFECT
        }
        Op::Rt(rt, _) => match rt.effect() {
            RtEffect::Pure | RtEffect::Reads => NO_EFFECT,
            RtEffect::Writes => MemoryEffect { writes: true, ordered: false },
            RtEffect::Io => ANY_EFFECT,
        },
        _ => NO_EFFECT,
    }
}

/// The other value of a division that gives a quotient and a remainder.
#[derive(Clone, Copy)]
pub(super) struct Partner {
    pub value: Value,
    /// It stands before, so that the division is made there. The numbers of values do not tell.
    pub earlier: bool,
}

/// What is decided before the selection.
pub(super) struct Plan {
    /// The values that are computed where their only user stands.
    pub folded: IndexVec<Value, bool>,
    /// The conditions that a shift answers.
    pub carries: BTreeMap<Value, Carry>,
    /// The values that are rotations.
    pub rotates: BTreeMap<Value, Rotation>,
    /// Quotients and remainders that come from one division.
    pub partners: BTreeMap<Value, Partner>,
    /// The values that are `x + y + 1` or `x - y - 1`.
    pub carry_sums: BTreeMap<Value, CarrySum>,
}

/// A sum, or a difference, that is computed with one more added, or taken away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CarrySum {
    pub sub: bool,
    pub x: Value,
    pub y: Value,
}

/// Decides which values are folded into their user, and finds what is computed together.
pub(super) fn plan<'a>(
    program: &'a Program,
    func: &'a Func,
    defs: &IndexVec<Value, Option<&'a Op>>,
    even: &Multiples<'a>,
    enabled: bool,
) -> Plan {
    let mut folded = IndexVec::filled(func.values.len(), false);
    let uses = rewrite::count_uses(func);
    let (mut partners, mut carry_sums) = (BTreeMap::new(), BTreeMap::new());
    let carries = if enabled { carry::plan(func, defs, &uses, &mut folded) } else { BTreeMap::new() };
    let rotates = if enabled {
        let is_free = |v| carries.values().all(|c| c.shift != v);
        rotate::plan(func, defs, &uses, &mut folded, is_free)
    } else {
        BTreeMap::new()
    };
    for block in func.blocks.iter() {
        pair_divisions(block, &mut partners);
        fold_test(block, defs, &uses, &mut folded);
        if enabled {
            Planner {
                program,
                func,
                block,
                defs,
                uses: &uses,
                folded: &mut folded,
                partners: &partners,
                carries: &carries,
                rotates: &rotates,
                carry_sums: &mut carry_sums,
                even,
            }
            .run();
        }
    }
    Plan { folded, carries, rotates, partners, carry_sums }
}

/// A quotient and a remainder of the same operands in one block come from one division.
fn pair_divisions(block: &Block, partners: &mut BTreeMap<Value, Partner>) {
    let mut open: BTreeMap<(bool, bool, Value, Value), Value> = BTreeMap::new();
    for inst in &block.insts {
        let (Op::Bin(op, a, b), Some(v)) = (&inst.op, inst.result) else { continue };
        let (signed, rem) = match op {
            BinOp::UDiv => (false, false),
            BinOp::URem => (false, true),
            BinOp::SDiv => (true, false),
            BinOp::SRem => (true, true),
            _ => continue,
        };
        if let Some(other) = open.remove(&(signed, !rem, *a, *b)) {
            partners.insert(v, Partner { value: other, earlier: true });
            partners.insert(other, Partner { value: v, earlier: false });
        } else {
            open.insert((signed, rem, *a, *b), v);
        }
    }
}

/// A comparison that only the branch of its block uses becomes part of the branch.
fn fold_test(
    block: &Block,
    defs: &IndexVec<Value, Option<&Op>>,
    uses: &IndexVec<Value, usize>,
    folded: &mut IndexVec<Value, bool>,
) {
    if let Term::Branch { cond, then, other } = &block.term
        // A branch that goes one way only is not emitted, but mapped operands are read.
        && then != other
    {
        let cond = *cond;
        let here = block.insts.iter().any(|i| i.result == Some(cond));
        if here && uses[cond] == 1 && matches!(defs[cond], Some(Op::Cmp(..))) {
            folded[cond] = true;
        }
    }
}

struct Planner<'a, 'b> {
    program: &'a Program,
    func: &'a Func,
    block: &'a Block,
    defs: &'b IndexVec<Value, Option<&'a Op>>,
    uses: &'b IndexVec<Value, usize>,
    folded: &'b mut IndexVec<Value, bool>,
    partners: &'b BTreeMap<Value, Partner>,
    carries: &'b BTreeMap<Value, Carry>,
    rotates: &'b BTreeMap<Value, Rotation>,
    carry_sums: &'b mut BTreeMap<Value, CarrySum>,
    even: &'b Multiples<'a>,
}

impl Planner<'_, '_> {
    fn run(&mut self) {
        let position: BTreeMap<Value, usize> =
            self.block.insts.iter().enumerate().filter_map(|(i, inst)| Some((inst.result?, i))).collect();
        let end = self.block.insts.len();
        if let Term::Branch { cond, .. } = self.block.term
            && self.folded[cond]
            && !self.carries.contains_key(&cond)
            && let Some(Op::Cmp(_, a, b)) = self.defs[cond]
        {
            self.fold_operands(&[*a, *b], end, &position);
        }
        for at in (0..end).rev() {
            let inst = &self.block.insts[at];
            if inst.result.is_some_and(|v| self.folded[v] || self.rotates.contains_key(&v)) {
                // Its operands are decided at the place where it is emitted.
                continue;
            }
            if let (Op::Bin(op, a, b), Some(result)) = (&inst.op, inst.result)
                && let Some(sum) = self.carry_sum(*op, *a, *b, &position)
            {
                self.folded[*a] = true;
                self.carry_sums.insert(result, sum);
                self.fold_operands(&[sum.x, sum.y], at, &position);
                continue;
            }
            match &inst.op {
                Op::Bin(op, a, b) if self.takes_memory(*op, *a, *b) => {
                    self.fold_operands(&[*a, *b], at, &position)
                }
                Op::Bin(BinOp::Shl | BinOp::Shr, a, count) if self.shifts_bits(inst.result, *a, *count) => {
                    self.fold_operand(*a, at, &position);
                }
                Op::Cmp(_, a, b) => self.fold_operands(&[*a, *b], at, &position),
                Op::Store(_, value, Access::Plain | Access::Volatile) => {
                    self.fold_stored(*value, at, &position)
                }
                _ => {}
            }
        }
    }

    /// A stored value: an operation on the way into memory, or a load (memory to memory).
    fn fold_stored(&mut self, value: Value, at: usize, position: &BTreeMap<Value, usize>) {
        let Some(&def) = position.get(&value) else { return };
        if self.uses[value] != 1 || self.folded[value] {
            return;
        }
        let Op::Store(dst, _, dst_access) = &self.block.insts[at].op else { return };
        match self.defs[value] {
            Some(Op::Bin(op, a, b))
                if self.takes_memory(*op, *a, *b)
                    && !self.partners.contains_key(&value)
                    && !self.rotates.contains_key(&value) =>
            {
                // Delaying pure arithmetic is always right; its loads are checked one by one.
                let wide = self.func.ty(value).bytes() > 1;
                self.folded[value] = true;
                for &v in &[*a, *b] {
                    let source = self.through_free(v);
                    if let Some(Op::Load(src, access)) = self.defs[source] {
                        // Bytes are written before later bytes are read: the places must be the
                        // same or surely apart.
                        let bytes = self.func.ty(value).max(self.func.ty(source)).bytes();
                        let separate = !wide || src == dst || self.apart(src, dst, bytes);
                        let ordered = wide && *access != Access::Plain && *dst_access != Access::Plain;
                        if separate && !ordered {
                            self.fold_operand(v, at, position);
                        }
                    }
                }
            }
            Some(Op::Load(src, access)) => {
                let bytes = self.func.ty(value).bytes();
                let both_ordered = *access != Access::Plain && *dst_access != Access::Plain;
                let separate = src == dst || self.apart(src, dst, bytes);
                if (bytes == 1 || separate && !both_ordered) && def < at {
                    self.fold_operand(value, at, position);
                }
            }
            _ => {}
        }
    }

    fn fold_operands(&mut self, values: &[Value], at: usize, position: &BTreeMap<Value, usize>) {
        // From the right: with two loads the left one stays the first access.
        for &value in values.iter().rev() {
            self.fold_operand(value, at, position);
        }
    }

    /// True for operations that work byte by byte with a memory operand.
    fn takes_memory(&self, op: BinOp, a: Value, b: Value) -> bool {
        matches!(op, BinOp::Add | BinOp::Sub | BinOp::And | BinOp::Or | BinOp::Xor)
            && !is_concat(self.func, self.defs, op, a, b)
    }

    /// The inner sum of `x + y + 1` and `x - y - 1`, where the one is the carry.
    fn carry_sum(
        &self,
        op: BinOp,
        sum: Value,
        one: Value,
        position: &BTreeMap<Value, usize>,
    ) -> Option<CarrySum> {
        let mask = self.func.ty(sum).mask();
        let by = match (op, self.defs[one]) {
            (BinOp::Add, Some(Op::Const(n))) => n & mask,
            (BinOp::Sub, Some(Op::Const(n))) => n.wrapping_neg() & mask,
            _ => return None,
        };
        let Some(&Op::Bin(inner, x, y)) = self.defs[sum] else { return None };
        let sub = match inner {
            BinOp::Add if by == 1 => false,
            BinOp::Sub if by == mask => true,
            _ => return None,
        };
        // A rotation is made of what its shifts, which are folded, are made of.
        let computed = self.folded[sum] || self.rotates.contains_key(&sum);
        let free = self.uses[sum] == 1 && position.contains_key(&sum) && !computed;
        let number = |v: Value| matches!(self.defs[v], Some(Op::Const(_) | Op::Addr(_)));
        let plain = self.takes_memory(inner, x, y) && !number(x) && !number(y);
        (free && plain).then_some(CarrySum { sub, x, y })
    }

    /// True for a shift by less than a byte, which reads each byte once, where it stands.
    fn shifts_bits(&self, result: Option<Value>, a: Value, count: Value) -> bool {
        let bits = self.func.ty(a).bytes() as u32 * 8;
        let late = |v| self.carries.values().any(|c| c.shift == v);
        matches!(self.defs[count], Some(Op::Const(n)) if (1..8).contains(n) && *n < bits)
            && !result.is_some_and(late)
    }

    /// Follows extensions and truncations that cost nothing and have no other user.
    fn through_free(&self, mut value: Value) -> Value {
        while let Some(Op::Zext(inner) | Op::Trunc(inner)) = self.defs[value] {
            if self.uses[*inner] != 1 || self.func.ty(value) == Ty::I1 {
                break;
            }
            value = *inner;
        }
        value
    }

    fn fold_operand(&mut self, operand: Value, at: usize, position: &BTreeMap<Value, usize>) {
        if self.uses[operand] != 1 {
            return;
        }
        let value = self.through_free(operand);
        let Some(Op::Load(_, access)) = self.defs[value] else { return };
        let Some(&def) = position.get(&value) else { return };
        if self.uses[value] != 1 || self.folded[value] || *access == Access::IrqSafe || def >= at {
            return;
        }
        let narrowed = self.func.ty(operand).bytes() < self.func.ty(value).bytes();
        if *access != Access::Plain && (narrowed || self.func.ty(value).bytes() > 1) {
            // All bytes of a mapped variable are read, once, and together.
            return;
        }
        let clear = self.block.insts[def + 1..at].iter().all(|inst| {
            // What is folded itself happens later, at its user; a folded load that comes after
            // this one in the source must not overtake it, so it counts where it stands.
            let e = effect(&inst.op);
            !e.writes && (*access == Access::Plain || !e.ordered)
        });
        if clear {
            self.folded[value] = true;
        }
    }

    /// True when no byte of a value of so many bytes at one place is another byte of the value at the
    /// other place: it may be copied byte by byte.
    fn apart(&self, a: &Addr, b: &Addr, bytes: usize) -> bool {
        match (a.base, b.base) {
            (Base::Global(x), Base::Global(y)) if x != y => true,
            // The bytes of all values in a striped global lie apart.
            (Base::Global(_), Base::Global(_)) if self.program.pitch(a) > 1 => true,
            (Base::Slot(x), Base::Slot(y)) if x != y => true,
            (Base::Slot(_), Base::Global(_)) | (Base::Global(_), Base::Slot(_)) => true,
            _ if a.base != b.base => false,
            _ if a.index == b.index => alias::overlap(a, bytes as u32, b, bytes as u32) == Some(false),
            // Elements of an array: they are the same or share nothing.
            _ => {
                let size = bytes as u32;
                size.is_power_of_two()
                    && a.offset.abs_diff(b.offset).is_multiple_of(size)
                    && [a.index, b.index].into_iter().flatten().all(|v| self.even.holds(v, size))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::index::{Id, IndexVec};
    use crate::codegen::select::{SelectOptions, Whole, select};
    use crate::mir::ir::FuncId;
    use crate::mir::text;

    #[test]
    fn a_mapped_byte_is_read_when_both_ways_are_one() {
        let text = "func @main() {\nb0:\n  v0: i8 = load volatile [$d01e]\n  v1: i8 = const 1\n  \
                    v2: i1 = cmp ult v0, v1\n  branch v2, b1, b1\nb1:\n  return\n}\n";
        let program = text::parse(text).expect("it is valid");
        let weights = IndexVec::filled(2, 1.0);
        let options = SelectOptions {
            small: false,
            fold: true,
            module: false,
            short_pointers: false,
            recursive: false,
        };
        let func = select(&program, FuncId::new(0), &weights, options, &Whole::default());
        let ops = func.blocks.iter().flat_map(|b| &b.insts).map(|i| format!("{:?}", i.op));
        assert_eq!(ops.filter(|op| op.contains("volatile: true")).count(), 1);
    }
}
