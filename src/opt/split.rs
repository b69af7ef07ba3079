//! Divides globals into parts that no access shares.
//!
//! In: a whole program. Out: a singleton whose fields are accessed apart becomes one global for each
//! field or array, so that what is known of one holds beside writes to the others, and `stripe` can
//! lay out each array on its own. An access with an index reaches as far as `ranges.rs` says, and no
//! further than the array that the program indexes (`Addr::within`).
//! Only globals that are never named but in loads, stores, fills and copies, and in addresses that
//! lead to one part only.

use std::collections::BTreeMap;

use crate::base::index::IndexVec;
use crate::mir::ir::{
    Addr, AsmArg, Base, BlockId, Func, FuncId, Global, GlobalId, GlobalKind, Init, Op, Program, Ty,
};
use crate::opt::ranges::Ranges;
use crate::opt::{Level, Pass, Run};

pub const PASS: Pass =
    Pass { name: "split", about: "divides globals into parts that no access shares", run: Run::Program(run) };

/// Parts of one global; more are hardly one object.
const MAX_PARTS: usize = 64;

/// First byte and first byte behind.
type Extent = (u32, u32);

fn run(program: &mut Program, _level: Level) -> bool {
    let mut extents = named_only_in_accesses(program, true);
    if extents.is_empty() {
        return false;
    }
    for func in program.funcs.iter().filter(|f| !f.is_extern()) {
        for_each_access(program, func, |_, _, id, extent, _| {
            if let Some(list) = extents.get_mut(&id) {
                list.push(extent);
            }
        });
    }
    let parts: BTreeMap<GlobalId, Vec<Extent>> = extents
        .into_iter()
        .map(|(id, list)| (id, merged(list)))
        .filter(|(_, parts)| (2..=MAX_PARTS).contains(&parts.len()))
        .collect();
    let new = add_parts(program, &parts);
    for id in program.funcs.ids() {
        if !program.funcs[id].is_extern() {
            rename(program, id, &new);
        }
    }
    !parts.is_empty()
}

/// The globals of the program's own that only places of accesses name, without extents yet; with
/// `bounded` also those of which pointers are made that stay in a part.
pub(super) fn named_only_in_accesses(program: &Program, bounded: bool) -> BTreeMap<GlobalId, Vec<Extent>> {
    let mut found = BTreeMap::new();
    // A module's globals may be named by others.
    if program.entry.is_none() {
        return found;
    }
    for (id, global) in program.globals.enumerated() {
        let own = !global.external && !global.keep && !global.escapes && global.fixed.is_none();
        let plain = global.init.iter().all(|part| matches!(part, Init::Bytes(_)));
        if own && plain && global.kind != GlobalKind::Mapped && global.pitch == 1 && global.size > 1 {
            found.insert(id, Vec::new());
        }
    }
    let mut forget = |base: &Base| {
        if let Base::Global(id) = base {
            found.remove(id);
        }
    };
    for part in program.globals.iter().flat_map(|g| &g.init) {
        if let Init::Addr(base, _) = part {
            forget(base);
        }
    }
    for inst in program.funcs.iter().flat_map(|f| f.blocks.iter()).flat_map(|b| &b.insts) {
        match &inst.op {
            Op::Addr(addr) if bounded && addr.within.is_some() => {}
            Op::Addr(addr) => forget(&addr.base),
            Op::Asm(block) => {
                for (_, arg) in &block.args {
                    if let AsmArg::Addr(base, _) = arg {
                        forget(base);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Calls `f` with every place of an access to a global: block, position of the operation, the
/// global, how far the access may reach in it, and which place of the operation it is.
fn for_each_access(
    program: &Program,
    func: &Func,
    mut f: impl FnMut(BlockId, usize, GlobalId, Extent, usize),
) {
    let mut ranges: Option<Ranges> = None;
    for (block, data) in func.blocks.enumerated() {
        for (at, inst) in data.insts.iter().enumerate() {
            for (which, (addr, len)) in places(func, &inst.op, inst.result.map(|v| func.ty(v))).enumerate() {
                let Base::Global(id) = addr.base else { continue };
                let size = program.globals[id].size;
                if let (Op::Addr(_), Some(part)) = (&inst.op, addr.within) {
                    f(block, at, id, (part.first.into(), u32::from(part.last) + 1), which);
                    continue;
                }
                let (low, high) = match addr.index {
                    None => (0, 0),
                    Some(index) => {
                        let range = ranges.get_or_insert_with(|| Ranges::new(func)).at(index, block);
                        if range.is_empty() {
                            (0, i64::from(size))
                        } else {
                            (range.low.into(), range.high.into())
                        }
                    }
                };
                let start = low + i64::from(addr.offset);
                let end = high + i64::from(addr.offset) + i64::from(len);
                let inside = start >= 0 && start < end && end <= i64::from(size);
                let reached = if inside { (start as u32, end as u32) } else { (0, size) };
                let extent = match addr.within {
                    Some(part) if addr.index.is_some() => {
                        shared(reached, (part.first.into(), u32::from(part.last) + 1), len)
                    }
                    _ => reached,
                };
                f(block, at, id, extent, which);
            }
        }
    }
}

/// What two extents of an access of `len` bytes share; the second one where that is too little,
/// since such an access never happens.
fn shared(a: Extent, b: Extent, len: u32) -> Extent {
    let both = (a.0.max(b.0), a.1.min(b.1));
    if both.0 + len <= both.1 { both } else { b }
}

/// The places that an operation accesses, with their lengths.
fn places(func: &Func, op: &Op, result: Option<Ty>) -> impl Iterator<Item = (Addr, u32)> {
    let (one, two) = match *op {
        Op::Load(addr, _) => (Some((addr, result.map_or(4, Ty::bytes) as u32)), None),
        Op::Store(addr, value, _) => (Some((addr, func.ty(value).bytes() as u32)), None),
        Op::Addr(addr) => (Some((addr, 0)), None),
        Op::Fill { dst, len, .. } => (Some((dst, len)), None),
        Op::Copy { dst, src, len, .. } => (Some((dst, len)), Some((src, len))),
        _ => (None, None),
    };
    one.into_iter().chain(two)
}

/// The parts that the extents make when those that meet are joined.
fn merged(mut extents: Vec<Extent>) -> Vec<Extent> {
    extents.sort_unstable();
    let mut parts: Vec<Extent> = Vec::new();
    for (start, end) in extents {
        match parts.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => parts.push((start, end)),
        }
    }
    parts
}

/// Makes a global of each part. For each global: where its parts begin, and which they are.
fn add_parts(
    program: &mut Program,
    parts: &BTreeMap<GlobalId, Vec<Extent>>,
) -> BTreeMap<GlobalId, Vec<(u32, GlobalId)>> {
    let mut new = BTreeMap::new();
    for (&id, list) in parts {
        let old = program.globals[id].clone();
        let content = content(&old);
        let mut made = Vec::new();
        for &(start, end) in list {
            let mut part = Global { size: end - start, ..old.clone() };
            part.name = format!("{}.{start}", old.name).into();
            let bytes = content.get(start as usize..content.len().min(end as usize)).unwrap_or_default();
            part.init = if bytes.is_empty() { Vec::new() } else { vec![Init::Bytes(bytes.to_vec())] };
            made.push((start, program.globals.push(part)));
        }
        new.insert(id, made);
    }
    new
}

/// The bytes with which a global begins.
pub(super) fn content(global: &Global) -> Vec<u8> {
    let bytes = |part: &Init| match part {
        Init::Bytes(bytes) => bytes.clone(),
        Init::Addr(..) => Vec::new(),
    };
    global.init.iter().flat_map(bytes).collect()
}

/// Lets the accesses of a function name the parts.
fn rename(program: &mut Program, id: FuncId, new: &BTreeMap<GlobalId, Vec<(u32, GlobalId)>>) {
    let mut moves: Vec<(BlockId, usize, usize, u32, GlobalId)> = Vec::new();
    for_each_access(program, &program.funcs[id], |block, at, global, (start, _), which| {
        let part = new.get(&global).and_then(|parts| parts.iter().rfind(|p| p.0 <= start));
        if let Some(&(begins, part)) = part {
            moves.push((block, at, which, begins, part));
        }
    });
    let blocks: &mut IndexVec<BlockId, _> = &mut program.funcs[id].blocks;
    for (block, at, which, begins, part) in moves {
        let addr = match (&mut blocks[block].insts[at].op, which) {
            (Op::Load(addr, _) | Op::Store(addr, ..) | Op::Addr(addr) | Op::Fill { dst: addr, .. }, _) => {
                addr
            }
            (Op::Copy { dst, .. }, 0) => dst,
            (Op::Copy { src, .. }, _) => src,
            _ => continue,
        };
        addr.base = Base::Global(part);
        addr.offset -= begins as i32;
        addr.within = None;
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    fn split(body: &str) -> String {
        let text = format!(
            "global @g data 40 = bytes \"0102030405\"\nentry @main\nfunc @main() {{\nb0:\n v0: i8 = load volatile [$d012]\n\
             v1: i8 = const 15\n v2: i8 = and v0, v1\n store [@g + v2 + 2], v1\n{body}\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("split").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn fields_become_globals() {
        let text = split("v3: i16 = load [@g]\n v4: i8 = load [@g + v2 + 20]\n store [@g + 19], v4");
        assert!(text.contains("global @g.0 data 2 = bytes \"0102\""), "{text}");
        assert!(text.contains("global @g.2 data 16 = bytes \"030405\""), "{text}");
        assert!(text.contains("[@g.20 + v2]") && text.contains("global @g.19 data 1\n"), "{text}");
    }

    #[test]
    fn an_index_stays_in_its_array() {
        let text =
            split("v3: i16 = load [@g]\n v4: i8 = load [@g + v0 + 17 in 20 to 29]\n store [@g + 30], v4");
        assert!(text.contains("[@g.20 + v0 - 3]") && text.contains("global @g.20 data 10\n"), "{text}");
        assert!(text.contains("store [@g.30], v4"), "{text}");
    }

    #[test]
    fn what_may_reach_further_stays_whole() {
        assert!(!split("v3: i16 = load [@g]\n v4: i8 = load [@g + v0]").contains("@g."));
        assert!(!split("v3: i16 = load [@g]\n v4: i16 = addr [@g]\n rt rt_print_str(v4)").contains("@g."));
    }

    #[test]
    fn a_pointer_to_a_part_stays_in_it() {
        let text = split("v3: i16 = load [@g]\n v4: i16 = addr [@g + 22 in 20 to 29]\n rt rt_print_str(v4)");
        assert!(text.contains("addr [@g.20 + 2]") && text.contains("global @g.20 data 10\n"), "{text}");
    }
}
