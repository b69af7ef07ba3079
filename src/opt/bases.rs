//! Adds to an address before a loop what does not change in it.
//!
//! In: `[g + (a + zext b)]` in a loop where `a` stays, as a row of a table is read or written by
//! column. Out: `[p + b]` with `p = g + a` computed before the outermost loop in which `a` stays, so
//! that the byte goes into Y alone. Invariant: the same bytes are accessed, and pointers know which
//! variable they point into (`mir/alias.rs`).
//! After `strength`, which may turn the sum into a counter; before `walk`, which takes 16-bit indices.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{Access, Addr, Base, BinOp, BlockId, Func, Inst, Op, Ty, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite;
use crate::opt::counters::Defs;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "bases", about: "adds to addresses before a loop what stays in it", run: Run::Func(run) };

/// A displacement up to here goes into Y with the byte.
const MAX_OFFSET: i32 = 200;

/// An access to change.
struct Plan {
    block: BlockId,
    at: usize,
    outermost: LoopId,
    stays: Value,
    byte: Value,
}

fn run(func: &mut Func, _: &Context) -> bool {
    let cfg = Cfg::new(func);
    let loops = Loops::new(&cfg, &Dom::new(&cfg));
    if loops.loops.is_empty() {
        return false;
    }
    let plans = find(func, &cfg, &loops);
    // Cells before the row and behind it share a pointer: it begins at the lowest.
    let mut lowest: BTreeMap<(LoopId, Base, Value), i32> = BTreeMap::new();
    for plan in &plans {
        if let Some(addr) = place(func, plan) {
            let first = lowest.entry((plan.outermost, addr.base, plan.stays)).or_default();
            *first = parts(&addr, 0).1.min(*first);
        }
    }
    let mut pointers: BTreeMap<(LoopId, Base, i32, Value), Value> = BTreeMap::new();
    let mut preheaders: IndexVec<LoopId, Option<BlockId>> = IndexVec::filled(loops.loops.len(), None);
    for plan in &plans {
        let Some(addr) = place(func, plan) else { continue };
        let first = lowest.get(&(plan.outermost, addr.base, plan.stays)).copied().unwrap_or(0);
        let (start, rest) = parts(&addr, first);
        let key = (plan.outermost, addr.base, start, plan.stays);
        let pointer = *pointers.entry(key).or_insert_with(|| {
            let known = preheaders[plan.outermost];
            let before = known.unwrap_or_else(|| loops.make_preheader(func, &cfg, plan.outermost));
            preheaders[plan.outermost] = Some(before);
            let pointer = func.values.push(Ty::I16);
            let op = Op::Addr(Addr::indexed(addr.base, plan.stays, start));
            func.blocks[before].insts.push(Inst { result: Some(pointer), op, span: None });
            pointer
        });
        if let Op::Load(addr, _) | Op::Store(addr, ..) = &mut func.blocks[plan.block].insts[plan.at].op {
            *addr = Addr::indexed(Base::Value(pointer), plan.byte, rest);
        }
    }
    !plans.is_empty()
}

fn find(func: &Func, cfg: &Cfg, loops: &Loops) -> Vec<Plan> {
    let defs = Defs::new(func);
    let home = rewrite::homes(func);
    let byte = |v: Value| match defs.of(v) {
        Some(&Op::Zext(inner)) if func.ty(inner) == Ty::I8 => Some(inner),
        _ => None,
    };
    let mut plans = Vec::new();
    for &block in &cfg.rpo {
        for (at, inst) in func.blocks[block].insts.iter().enumerate() {
            let (Op::Load(addr, access) | Op::Store(addr, _, access)) = &inst.op else { continue };
            let in_variable = matches!(addr.base, Base::Global(_) | Base::Slot(_) | Base::Abs);
            let Some(&Op::Bin(BinOp::Add, x, y)) = addr.index.and_then(|index| defs.of(index)) else {
                continue;
            };
            if !in_variable
                || *access == Access::IrqSafe
                || func.ty(x) != Ty::I16
                || parts(addr, 0).1.abs() > MAX_OFFSET
            {
                continue;
            }
            let (stays, byte) = match (byte(x), byte(y)) {
                (None, Some(b)) => (x, b),
                (Some(b), None) => (y, b),
                _ => continue,
            };
            let Some(from) = home[stays].filter(|_| defs.constant(stays).is_none()) else { continue };
            if let Some(outermost) = loops.outermost_without(block, from) {
                plans.push(Plan { block, at, outermost, stays, byte });
            }
        }
    }
    plans
}

/// The place of an access to change.
fn place(func: &Func, plan: &Plan) -> Option<Addr> {
    match func.blocks[plan.block].insts[plan.at].op {
        Op::Load(addr, _) | Op::Store(addr, ..) => Some(addr),
        _ => None,
    }
}

/// What of a place's offset goes into the pointer, and what stays in the access. `first`: where the
/// pointer of places near each other begins.
fn parts(addr: &Addr, first: i32) -> (i32, i32) {
    match addr.base {
        Base::Abs => (addr.offset, 0),
        _ if addr.offset - first > MAX_OFFSET => (0, addr.offset),
        _ => (first, addr.offset - first),
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    /// A loop over the columns of row `v0`; `more` is what it does.
    fn after(more: &str) -> String {
        let text = format!(
            "global @g bss 960\nfunc @f(i16) {{\nb0(v0: i16):\n v1: i8 = const 0\n v9: i8 = const 1\n jump b1(v1)\n\
             b1(v2: i8):\n v3: i16 = zext v2\n{more}\n v7: i8 = add v2, v9\n v8: i1 = cmp ne v7, v1\n\
             branch v8, b1(v7), b2\nb2:\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("bases").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn a_row_is_found_once_before_the_loop() {
        let text = after("v4: i16 = add v0, v3\n v5: i8 = load [@g + v4]\n store [@g + v4 + 40], v5");
        assert_eq!(text.matches("addr [@g + v0]").count(), 1, "{text}");
        let inside = text.split("b1(").nth(2).unwrap();
        assert!(
            !inside.contains("@g") && inside.contains("[v9 + v3]") && inside.contains("[v9 + v3 + 40]"),
            "{text}"
        );
    }

    #[test]
    fn cells_before_a_row_share_its_pointer() {
        let text = after("v4: i16 = add v0, v3\n v5: i8 = load [@g + v4 - 40]\n store [@g + v4 + 1], v5");
        assert_eq!(text.matches("addr [@g + v0 - 40]").count(), 1, "{text}");
        assert!(text.contains("[v9 + v3]") && text.contains("[v9 + v3 + 41]"), "{text}");
    }

    #[test]
    fn what_changes_in_the_loop_is_no_base() {
        assert!(
            !after("v6: i16 = load [@g]\n v4: i16 = add v6, v3\n v5: i8 = load [@g + v4]").contains("addr")
        );
        assert!(!after("v4: i16 = add v3, v3\n v5: i8 = load [@g + v4]").contains("addr"), "two bytes");
    }
}
