//! What interrupt handlers and the main program share.
//!
//! In: a whole program. Out: the same program in which
//! - a function that both can reach exists twice, so that an interrupt cannot destroy the frame of
//!   the activation that it interrupts: the handlers call the copy `name$irq`;
//! - the main program's accesses to global memory that handlers use are `Volatile`: a loop that
//!   waits for a handler sees what it writes.
//!
//! Invariant: running it twice changes nothing more. Not copied are functions whose place matters
//! and those whose assembly defines labels, which exist once; their static memory stays shared.

use std::collections::{BTreeMap, BTreeSet};

use crate::mir::ir::{
    Access, Addr, AsmArg, Base, Callee, Func, FuncId, FuncKind, GlobalId, GlobalKind, Op, Program,
};
use crate::mir::rt::Rt;

/// What is appended to the name of a handlers' copy.
const SUFFIX: &str = "$irq";

/// Separates handlers from the main program; see the head of the file.
pub fn separate_handlers(program: &mut Program) {
    let roots = handlers(program);
    if roots.is_empty() {
        return;
    }
    let start: Vec<FuncId> = program.entry.into_iter().chain(program.init.iter().copied()).collect();
    let main = reachable(program, &start, &roots);
    let mut interrupt = reachable(program, &roots.iter().copied().collect::<Vec<_>>(), &BTreeSet::new());
    let both = main.intersection(&interrupt).copied();
    let shared: Vec<FuncId> = both.filter(|id| may_copy(&program.funcs[*id])).collect();

    let copies: BTreeMap<FuncId, FuncId> = shared.iter().map(|&id| (id, copy(program, id))).collect();
    interrupt.retain(|id| !copies.contains_key(id));
    interrupt.extend(copies.values());
    for &id in &interrupt {
        for op in ops_mut(&mut program.funcs[id]) {
            redirect(op, &copies);
        }
    }
    let touched = touched_by(program, &interrupt);
    for id in main.difference(&interrupt) {
        let Func { blocks, values, .. } = &mut program.funcs[*id];
        for inst in blocks.iter_mut().flat_map(|b| &mut b.insts) {
            let value = match inst.op {
                Op::Store(_, value, _) => Some(value),
                _ => inst.result,
            };
            let width = value.map_or(0, |v| values[v].bytes() as u32);
            mark_shared(&mut inst.op, width, &touched);
        }
    }
}

/// The functions that interrupts enter.
fn handlers(program: &Program) -> BTreeSet<FuncId> {
    let mut found = BTreeSet::new();
    for (id, func) in program.funcs.enumerated() {
        if matches!(func.kind, FuncKind::Irq | FuncKind::IrqRaw | FuncKind::IrqHook) {
            found.insert(id);
        }
        let mut addresses = BTreeMap::new();
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            match (&inst.op, inst.result) {
                (Op::Addr(Addr { base: Base::Func(target), .. }), Some(value)) => {
                    addresses.insert(value, *target);
                }
                (Op::Rt(Rt::SetIrq, args), _) => {
                    found.extend(args.iter().filter_map(|arg| addresses.get(arg)));
                }
                _ => {}
            }
        }
    }
    found
}

/// All functions that `start` can reach without entering one of `except`.
fn reachable(program: &Program, start: &[FuncId], except: &BTreeSet<FuncId>) -> BTreeSet<FuncId> {
    let mut seen: BTreeSet<FuncId> = start.iter().copied().filter(|id| !except.contains(id)).collect();
    let mut work: Vec<FuncId> = seen.iter().copied().collect();
    while let Some(id) = work.pop() {
        for inst in program.funcs[id].blocks.iter().flat_map(|b| &b.insts) {
            let mut visit = |target: FuncId| {
                if !except.contains(&target) && seen.insert(target) {
                    work.push(target);
                }
            };
            match &inst.op {
                Op::Call(Callee::Func(target), _) => visit(*target),
                Op::Addr(Addr { base: Base::Func(target), .. }) => visit(*target),
                Op::Asm(asm) => {
                    for (_, arg) in &asm.args {
                        if let AsmArg::Addr(Base::Func(target), _) = arg {
                            visit(*target);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    seen
}

/// True when a second copy of the function means the same.
fn may_copy(func: &Func) -> bool {
    let labels = |op: &Op| matches!(op, Op::Asm(asm) if asm.text.lines().any(defines_label));
    func.kind == FuncKind::Normal
        && func.relocate.is_none()
        && !func.is_extern()
        && !func.blocks.iter().flat_map(|b| &b.insts).any(|inst| labels(&inst.op))
}

/// True when a line of assembly begins with a named label (`name:`; not `!name:`).
fn defines_label(line: &str) -> bool {
    let line = line.trim_start();
    let name = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
    name > 0 && line[name..].trim_start().starts_with(':')
}

/// Adds the handlers' copy of a function, with copies of the static memory that belongs to it.
fn copy(program: &mut Program, id: FuncId) -> FuncId {
    let mut func = program.funcs[id].clone();
    let prefix = format!("{}.", func.name);
    func.name = format!("{}{SUFFIX}", func.name).into();
    func.exported = false;
    let own: Vec<GlobalId> = program
        .globals
        .enumerated()
        .filter(|(_, g)| g.kind == GlobalKind::Bss && g.name.starts_with(&prefix))
        .map(|(id, _)| id)
        .collect();
    let mut memory = BTreeMap::new();
    for id in own {
        let mut global = program.globals[id].clone();
        global.name = format!("{}{SUFFIX}", global.name).into();
        memory.insert(id, program.globals.push(global));
    }
    for op in ops_mut(&mut func) {
        for_each_base_mut(op, &mut |base| {
            if let Base::Global(global) = base
                && let Some(new) = memory.get(global)
            {
                *base = Base::Global(*new);
            }
        });
    }
    program.funcs.push(func)
}

fn ops_mut(func: &mut Func) -> impl Iterator<Item = &mut Op> {
    func.blocks.iter_mut().flat_map(|b| &mut b.insts).map(|inst| &mut inst.op)
}

/// Makes handler code name the copies.
fn redirect(op: &mut Op, copies: &BTreeMap<FuncId, FuncId>) {
    if let Op::Call(Callee::Func(target), _) = op
        && let Some(copy) = copies.get(target)
    {
        *target = *copy;
    }
    for_each_base_mut(op, &mut |base| {
        if let Base::Func(target) = base
            && let Some(copy) = copies.get(target)
        {
            *base = Base::Func(*copy);
        }
    });
}

fn for_each_base_mut(op: &mut Op, f: &mut dyn FnMut(&mut Base)) {
    match op {
        Op::Addr(addr) | Op::Load(addr, _) | Op::Store(addr, ..) | Op::Fill { dst: addr, .. } => {
            f(&mut addr.base)
        }
        Op::Copy { dst, src, .. } => {
            f(&mut dst.base);
            f(&mut src.base);
        }
        Op::Asm(asm) => {
            for (_, arg) in &mut asm.args {
                if let AsmArg::Addr(base, _) = arg {
                    f(base);
                }
            }
        }
        _ => {}
    }
}

/// Bytes of a global that code uses.
#[derive(Clone, Copy)]
struct Range {
    lo: i64,
    hi: i64,
    written: bool,
}

/// What each global's users do with it.
type Touched = BTreeMap<GlobalId, Vec<Range>>;

/// The range of an access; an index may lead anywhere in the global.
fn range(addr: &Addr, len: u32, written: bool) -> Option<(GlobalId, Range)> {
    let Base::Global(global) = addr.base else { return None };
    let lo = i64::from(addr.offset);
    Some(match addr.index {
        None => (global, Range { lo, hi: lo + i64::from(len), written }),
        Some(_) => (global, Range { lo: i64::MIN, hi: i64::MAX, written }),
    })
}

/// The writable global memory that functions use.
fn touched_by(program: &Program, funcs: &BTreeSet<FuncId>) -> Touched {
    let mut touched = Touched::new();
    for &id in funcs {
        let func = &program.funcs[id];
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            let mut note = |found: Option<(GlobalId, Range)>| {
                if let Some((global, range)) = found
                    && program.globals[global].kind != GlobalKind::Const
                {
                    touched.entry(global).or_default().push(range);
                }
            };
            // What has an address may be used in any way.
            let whole = |base: Base| range(&Addr { base, index: None, offset: i32::MIN }, u32::MAX, true);
            match &inst.op {
                Op::Addr(addr) => note(whole(addr.base)),
                Op::Load(addr, _) => {
                    let width = inst.result.map_or(1, |v| func.ty(v).bytes());
                    note(range(addr, width as u32, false));
                }
                Op::Store(addr, value, _) => note(range(addr, func.ty(*value).bytes() as u32, true)),
                Op::Copy { dst, src, len, .. } => {
                    note(range(src, *len, false));
                    note(range(dst, *len, true));
                }
                Op::Fill { dst, len, .. } => note(range(dst, *len, true)),
                Op::Asm(asm) => {
                    for (_, arg) in &asm.args {
                        if let AsmArg::Addr(base, _) = arg {
                            note(whole(*base));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    touched
}

/// Makes an access (of `width` bytes) of the main program to memory of handlers `Volatile`.
fn mark_shared(op: &mut Op, width: u32, touched: &Touched) {
    // A read matters when a handler writes there, a write when it does anything there.
    let meets = |found: Option<(GlobalId, Range)>, written: bool| {
        found.is_some_and(|(global, own)| {
            let ranges = touched.get(&global).map_or(&[][..], Vec::as_slice);
            ranges.iter().any(|r| (r.written || written) && r.lo < own.hi && own.lo < r.hi)
        })
    };
    let shared = match op {
        Op::Load(addr, Access::Plain) => meets(range(addr, width, false), false),
        Op::Store(addr, _, Access::Plain) => meets(range(addr, width, true), true),
        Op::Copy { dst, src, len, access: Access::Plain } => {
            meets(range(src, *len, false), false) || meets(range(dst, *len, true), true)
        }
        Op::Fill { dst, len, access: Access::Plain, .. } => meets(range(dst, *len, true), true),
        _ => false,
    };
    if !shared {
        return;
    }
    match op {
        Op::Load(_, access) | Op::Store(_, _, access) => *access = Access::Volatile,
        Op::Copy { access, .. } | Op::Fill { access, .. } => *access = Access::Volatile,
        _ => {}
    }
}
