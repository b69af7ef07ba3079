//! Turns slots that are only accessed part by part into values.
//!
//! A slot qualifies when every access is a plain load, store, fill or copy at a constant offset,
//! and the parts that loads and stores touch do not overlap partly.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::ir::{Access, Addr, AsmArg, Base, BlockId, Func, Inst, Op, SlotId, Ty, Value};
use crate::mir::rewrite::{self, Substitution};
use crate::mir::ssa::Updater;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass = Pass { name: "sroa", about: "turns local memory into values", run: Run::Func(run) };

/// Parts of a slot that become values.
const MAX_PARTS: usize = 16;

/// Start and length of a part.
type Part = (u32, u32);

fn run(func: &mut Func, _ctx: &Context) -> bool {
    if func.slots.is_empty() {
        return false;
    }
    rewrite::remove_unreachable(func);
    let parts = parts(func);
    if parts.iter().all(Option::is_none) {
        return false;
    }
    split_bulk(func, &parts);
    let mut subst = Substitution::new(func);
    for (slot, parts) in parts.enumerated() {
        for &part in parts.iter().flatten() {
            promote(func, slot, part, &mut subst);
        }
    }
    subst.apply(func);
    true
}

fn part_of(addr: &Addr, len: u32) -> Option<Part> {
    Some((u32::try_from(addr.offset).ok()?, len))
}

/// The parts of each slot that qualifies and is used.
fn parts(func: &Func) -> IndexVec<SlotId, Option<Vec<Part>>> {
    let mut parts: IndexVec<SlotId, Option<Vec<Part>>> =
        func.slots.iter().map(|s| (s.size <= 64).then(Vec::new)).collect();
    // Copies and fills must cover whole parts; what a copy reads must all be parts.
    let mut bulk: Vec<(SlotId, Part, bool)> = Vec::new();
    let mut between: Vec<Between> = Vec::new();
    for inst in func.blocks.iter().flat_map(|b| &b.insts) {
        let mut access = |addr: &Addr, len: u32, access: Access, whole: Option<bool>| {
            let Base::Slot(slot) = addr.base else { return };
            let part = part_of(addr, len).filter(|p| {
                access == Access::Plain && addr.index.is_none() && p.0 + p.1 <= func.slots[slot].size
            });
            match (part, whole) {
                (None, _) => parts[slot] = None,
                (Some(part), Some(reads)) => bulk.push((slot, part, reads)),
                (Some(part), None) => {
                    if let Some(list) = &mut parts[slot] {
                        list.push(part);
                    }
                }
            }
        };
        match &inst.op {
            Op::Load(addr, kind) => {
                let ty = inst.result.map_or(Ty::I8, |v| func.ty(v));
                access(addr, ty.bytes() as u32, *kind, None);
            }
            Op::Store(addr, value, kind) => access(addr, func.ty(*value).bytes() as u32, *kind, None),
            Op::Fill { dst, len, access: kind, .. } => access(dst, *len, *kind, Some(false)),
            Op::Copy { dst, src, len, access: kind } => {
                access(dst, *len, *kind, Some(false));
                access(src, *len, *kind, Some(true));
                if let (Base::Slot(to), Base::Slot(from)) = (dst.base, src.base) {
                    between.push(Between { to, to_at: dst.offset, from, from_at: src.offset, len: *len });
                }
            }
            Op::Addr(addr) => {
                if let Base::Slot(slot) = addr.base {
                    parts[slot] = None;
                }
            }
            Op::Asm(block) => {
                for (_, arg) in &block.args {
                    if let AsmArg::Addr(Base::Slot(slot), _) = arg {
                        parts[*slot] = None;
                    }
                }
            }
            _ => {}
        }
    }
    divide_alike(&mut parts, &between);
    for (slot, part, reads) in &bulk {
        if let Some(list) = &mut parts[*slot]
            && *reads
        {
            // Bytes that only a copy reads are parts of their own.
            let used = |at: u32| list.iter().any(|p| p.0 <= at && at < p.0 + p.1);
            let new: Vec<Part> =
                (part.0..part.0 + part.1).filter(|&at| !used(at)).map(|at| (at, 1)).collect();
            list.extend(new);
        }
    }
    divide_alike(&mut parts, &between);
    for list in parts.iter_mut() {
        let Some(all) = list else { continue };
        all.sort_unstable();
        all.dedup();
        let overlap = all.windows(2).any(|w| w[0].0 + w[0].1 > w[1].0);
        if overlap || all.is_empty() || all.len() > MAX_PARTS {
            *list = None;
        }
    }
    for (slot, (start, len), _) in bulk {
        let cut = |p: &Part| {
            let shared = p.0 < start + len && start < p.0 + p.1;
            shared && !(start <= p.0 && p.0 + p.1 <= start + len)
        };
        if parts[slot].as_ref().is_some_and(|list| list.iter().any(cut)) {
            parts[slot] = None;
        }
    }
    // A slot that stays in memory takes what the other is divided into; two that do not must agree.
    for copy in &between {
        if parts[copy.to].is_some() && parts[copy.from].is_some() && copy.missing(&parts).is_some() {
            parts[copy.to] = None;
            parts[copy.from] = None;
        }
    }
    parts
}

/// A copy from one slot to another.
struct Between {
    to: SlotId,
    to_at: i32,
    from: SlotId,
    from_at: i32,
    len: u32,
}

impl Between {
    /// A part that one of the two slots has and the other should have too.
    fn missing(&self, parts: &IndexVec<SlotId, Option<Vec<Part>>>) -> Option<(SlotId, Part)> {
        let way = |a: SlotId, a_at: i32, b: SlotId, b_at: i32| {
            let (from, to) = (parts[a].as_ref()?, parts[b].as_ref()?);
            from.iter().find_map(|&(start, size)| {
                let skipped = start.checked_sub(a_at as u32).filter(|s| s + size <= self.len)?;
                let wanted = (b_at as u32 + skipped, size);
                (!to.contains(&wanted)).then_some((b, wanted))
            })
        };
        way(self.from, self.from_at, self.to, self.to_at)
            .or_else(|| way(self.to, self.to_at, self.from, self.from_at))
    }
}

/// Gives slots that are copied to each other the same parts. Parts that then overlap disqualify.
fn divide_alike(parts: &mut IndexVec<SlotId, Option<Vec<Part>>>, between: &[Between]) {
    let mut changed = true;
    while changed {
        changed = false;
        for copy in between {
            while let Some((slot, part)) = copy.missing(parts) {
                changed = true;
                match &mut parts[slot] {
                    Some(list) if list.len() < 4 * MAX_PARTS => list.push(part),
                    list => *list = None,
                }
            }
        }
    }
}

/// Replaces fills and copies of the slots by loads and stores of their parts.
fn split_bulk(func: &mut Func, parts: &IndexVec<SlotId, Option<Vec<Part>>>) {
    let parts_of = |addr: &Addr| match addr.base {
        Base::Slot(slot) => parts[slot].as_deref(),
        _ => None,
    };
    for id in func.blocks.ids() {
        let mut insts = Vec::new();
        for inst in std::mem::take(&mut func.blocks[id].insts) {
            match inst.op {
                Op::Fill { dst, value, len, .. } if parts_of(&dst).is_some() => {
                    let list = parts_of(&dst).unwrap_or_default();
                    fill_parts(func, &mut insts, (dst, len), value, list, &inst);
                }
                Op::Copy { dst, src, len, .. } if parts_of(&dst).is_some() || parts_of(&src).is_some() => {
                    // The finer division of the two; both are divided alike where both are parts.
                    let (from, list) = match (parts_of(&dst), parts_of(&src)) {
                        (_, Some(list)) => (src, list),
                        (Some(list), None) => (dst, list),
                        (None, None) => continue,
                    };
                    copy_parts(func, &mut insts, (dst, src, len), (from, list), &inst);
                }
                _ => insts.push(inst),
            }
        }
        func.blocks[id].insts = insts;
    }
}

fn fill_parts(
    func: &mut Func,
    insts: &mut Vec<Inst>,
    area: (Addr, u32),
    value: Value,
    list: &[Part],
    like: &Inst,
) {
    let (dst, len) = area;
    for &(start, size) in list {
        let covered = dst.offset as u32 <= start && start + size <= dst.offset as u32 + len;
        if !covered {
            continue;
        }
        let mut content = value;
        let mut emit = |op: Op, ty: Ty| {
            let result = func.values.push(ty);
            insts.push(Inst { result: Some(result), op, span: like.span });
            result
        };
        if let Some(ty) = ty_of(size).filter(|t| *t > Ty::I8) {
            let wide = emit(Op::Zext(content), ty);
            let times = emit(Op::Const(0x0101_0101 & ty.mask()), ty);
            content = emit(Op::Bin(crate::mir::ir::BinOp::Mul, wide, times), ty);
        }
        let addr = Addr::new(dst.base, start as i32);
        insts.push(Inst { result: None, op: Op::Store(addr, content, Access::Plain), span: like.span });
    }
}

fn copy_parts(
    func: &mut Func,
    insts: &mut Vec<Inst>,
    area: (Addr, Addr, u32),
    division: (Addr, &[Part]),
    like: &Inst,
) {
    let (dst, src, len) = area;
    let (divided, list) = division;
    for &(start, size) in list {
        let Some(skipped) = start.checked_sub(divided.offset as u32).filter(|s| s + size <= len) else {
            continue;
        };
        let Some(ty) = ty_of(size) else { continue };
        let moved = |addr: &Addr| Addr { offset: addr.offset + skipped as i32, ..*addr };
        let value = func.values.push(ty);
        let span = like.span;
        insts.push(Inst { result: Some(value), op: Op::Load(moved(&src), Access::Plain), span });
        insts.push(Inst { result: None, op: Op::Store(moved(&dst), value, Access::Plain), span });
    }
}

fn ty_of(size: u32) -> Option<Ty> {
    match size {
        1 => Some(Ty::I8),
        2 => Some(Ty::I16),
        4 => Some(Ty::I32),
        _ => None,
    }
}

/// Makes one part a value.
fn promote(func: &mut Func, slot: SlotId, part: Part, subst: &mut Substitution) {
    let Some(ty) = ty_of(part.1) else { return };
    let here = |addr: &Addr| addr.base == Base::Slot(slot) && part_of(addr, part.1) == Some(part);
    let mut updater = Updater::new(func);
    updater.begin(ty);
    // Loads before any store of their block.
    let mut open: BTreeMap<BlockId, Vec<Value>> = BTreeMap::new();
    for id in func.blocks.ids() {
        let mut current: Option<Value> = None;
        let mut insts = std::mem::take(&mut func.blocks[id].insts);
        insts.retain(|inst| match inst.op {
            Op::Store(addr, value, _) if here(&addr) => {
                current = Some(value);
                false
            }
            Op::Load(addr, _) if here(&addr) => {
                match (inst.result, current) {
                    (Some(result), Some(value)) => subst.replace(result, value),
                    (Some(result), None) => open.entry(id).or_default().push(result),
                    _ => {}
                }
                false
            }
            _ => true,
        });
        func.blocks[id].insts = insts;
        if let Some(value) = current {
            updater.define(id, value);
        }
    }
    for (id, loads) in open {
        let value = updater.at_start(func, id);
        loads.into_iter().for_each(|load| subst.replace(load, value));
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    fn promoted(body: &str) -> String {
        let text = format!("global @g bss 8\nfunc @f(i16, i1) -> i16 {{\n slot s0 \"\" 4\n{body}\n}}");
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("sroa").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn parts_of_an_object_become_values() {
        let text = promoted(
            "b0(v0: i16, v1: i1):\n v2: i8 = const 0\n fill [s0], v2, 4\n store [s0 + 2], v0\n\
             branch v1, b1, b2\nb1:\n v3: i16 = load [s0]\n store [s0 + 2], v3\n jump b2\n\
             b2:\n copy [@g], [s0], 4\n v4: i16 = load [s0 + 2]\n return v4",
        );
        assert!(!text.contains("[s0"), "{text}");
        assert_eq!(text.matches("store [@g").count(), 2, "{text}");
    }

    #[test]
    fn copies_between_objects_divide_both_alike() {
        let mut program = text::parse(
            "func @f(i8) -> i16 {\n slot s0 \"\" 4\n slot s1 \"\" 4\nb0(v0: i8):\n fill [s0], v0, 4\n\
             store [s0 + 1], v0\n copy [s1], [s0], 4\n v1: i16 = load [s1 + 2]\n return v1\n}",
        )
        .unwrap();
        run_pass(&mut program, pass_named("sroa").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        assert!(!print::program(&program).contains("[s"), "{}", print::program(&program));
    }

    #[test]
    fn overlapping_parts_and_escaping_slots_stay() {
        let head = "b0(v0: i16, v1: i1):\n store [s0], v0\n";
        assert!(promoted(&format!("{head} v2: i8 = load [s0 + 1]\n return v0")).contains("store [s0]"));
        let text = promoted(&format!("{head} v2: i16 = addr [s0]\n rt rt_print_str(v2)\n return v0"));
        assert!(text.contains("store [s0]"), "{text}");
    }
}
