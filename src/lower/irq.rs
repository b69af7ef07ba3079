//! What interrupt handlers and the main program share.
//!
//! In: a whole program. Out: the same program in which
//! - a function that both can reach exists twice, so that an interrupt cannot destroy the frame of
//!   the activation that it interrupts: the handlers call the copy `name$irq`;
//! - the main program's accesses to global memory that handlers use are `Volatile`: a loop that
//!   waits for a handler sees what it writes.
//!
//! Functions that cannot be copied exist once: those whose assembly holds data, changes itself or has
//! labels that other assembly names. The main program calls them with interrupts off, by way of
//! `name$atomic`.
//!
//! Invariant: running it twice changes nothing more. The copy of a relocated function is not
//! relocated: nothing says that there is room behind the function. Not here: `@naked` functions, which
//! have no memory of their own, and functions of other modules' finished code.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::index::IndexVec;
use crate::mir::callgraph::{CallGraph, asm_labels, asm_words};
use crate::mir::ir::{
    Access, Addr, AsmArg, AsmBlock, Base, Block, Callee, Func, FuncId, FuncKind, Global, GlobalId,
    GlobalKind, Inst, Op, Program, Term, Ty, Value,
};

/// What is appended to the name of a handlers' copy.
const SUFFIX: &str = "$irq";
/// What is appended to the name of a function for the one that lets no interrupt in.
const GATE: &str = "$atomic";

/// Separates handlers from the main program; see the head of the file.
pub fn separate_handlers(program: &mut Program) {
    let graph = CallGraph::new(program);
    let roots: BTreeSet<FuncId> = graph.handlers.iter().collect();
    if roots.is_empty() {
        return;
    }
    let start = program.entry.into_iter().chain(program.init.iter().copied()).collect();
    let main = reachable(&graph, &start, &roots);
    let mut interrupt = reachable(&graph, &roots, &BTreeSet::new());
    let both = main.intersection(&interrupt).copied();
    let (shared, single): (Vec<FuncId>, Vec<FuncId>) =
        both.partition(|id| may_copy(program, &program.funcs[*id]));
    let gates: BTreeMap<FuncId, FuncId> =
        single.into_iter().filter_map(|id| Some((id, gate(program, id)?))).collect();

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
        for op in ops_mut(&mut program.funcs[*id]) {
            if let Op::Call(Callee::Func(target), _) = op {
                *target = gates.get(target).copied().unwrap_or(*target);
            }
        }
        mark_function(&mut program.funcs[*id], &touched);
    }
}

/// The same for a module that becomes finished code: handlers of the program may use its public
/// variables. Its initialisers run before any handler.
pub fn share_exported(program: &mut Program) {
    let is_shared =
        |g: &Global| g.exported && !g.external && matches!(g.kind, GlobalKind::Data | GlobalKind::Bss);
    let shared = program.globals.enumerated().filter(|(_, global)| is_shared(global));
    let touched: Touched =
        shared.filter_map(|(id, _)| whole(Base::Global(id))).map(|(id, all)| (id, vec![all])).collect();
    let init: BTreeSet<FuncId> = program.init.iter().copied().collect();
    for id in program.funcs.ids().filter(|id| !init.contains(id)) {
        mark_function(&mut program.funcs[id], &touched);
    }
}

/// All functions that `start` can reach without entering one of `except`.
fn reachable(graph: &CallGraph, start: &BTreeSet<FuncId>, except: &BTreeSet<FuncId>) -> BTreeSet<FuncId> {
    let mut seen: BTreeSet<FuncId> = start.difference(except).copied().collect();
    let mut work: Vec<FuncId> = seen.iter().copied().collect();
    while let Some(id) = work.pop() {
        let refs = &graph.refs[id];
        for &target in refs.calls.iter().chain(&refs.addressed) {
            if !except.contains(&target) && seen.insert(target) {
                work.push(target);
            }
        }
    }
    seen
}

/// True when a second copy of the function means the same: its assembly holds no data and does not
/// change itself, and nothing else names its labels.
fn may_copy(program: &Program, func: &Func) -> bool {
    // Labels can be seen in the whole module.
    let named_elsewhere = |block: &AsmBlock, label: &str| {
        let mut others = program.funcs.iter().flat_map(texts).filter(|other| other.module == block.module);
        others
            .any(|other| !std::ptr::eq(other, block) && asm_words(&other.text).any(|(word, _)| word == label))
    };
    func.kind == FuncKind::Normal
        && !func.is_extern()
        && texts(func).all(|block| {
            let mut labels = asm_labels(&block.text).peekable();
            labels.peek().is_none()
                || !asm_words(&block.text).any(|(word, _)| DATA.contains(&word))
                    && labels.all(|name| is_code_label(&block.text, name) && !named_elsewhere(block, name))
        })
}

/// Directives that keep something beside instructions.
const DATA: &[&str] = &["byte", "word", "text", "fill", "label"];

fn texts(func: &Func) -> impl Iterator<Item = &AsmBlock> {
    let ops = func.blocks.iter().flat_map(|b| &b.insts).map(|inst| &inst.op);
    ops.filter_map(|op| if let Op::Asm(asm) = op { Some(&**asm) } else { None })
}

/// True when nothing counts bytes from the label.
fn is_code_label(text: &str, name: &str) -> bool {
    !asm_words(text).any(|(word, after)| word == name && after.trim_start().starts_with(['+', '-']))
}

/// Adds the handlers' copy of a function, with copies of the static memory that belongs to it.
fn copy(program: &mut Program, id: FuncId) -> FuncId {
    let mut func = program.funcs[id].clone();
    let prefix = format!("{}.$", func.name);
    func.name = format!("{}{SUFFIX}", func.name).into();
    func.exported = false;
    func.relocate = None;
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

/// Adds the function that the main program calls instead of one that exists once: it lets no interrupt
/// in, from the passing of the arguments on. `None` for what needs none or has it.
fn gate(program: &mut Program, id: FuncId) -> Option<FuncId> {
    let func = &program.funcs[id];
    let name = format!("{}{GATE}", func.name);
    if func.kind != FuncKind::Normal || func.is_extern() || program.func_named(&name).is_some() {
        return None;
    }
    let mut gate = Func::new(name, func.params.clone(), func.ret);
    (gate.atomic, gate.noinline, gate.span) = (true, true, func.span);
    let args: Vec<Value> = func.params.iter().map(|ty| gate.values.push(*ty)).collect();
    let result = func.ret.map(|ty| gate.values.push(ty));
    let call = Inst { result, op: Op::Call(Callee::Func(id), args.clone()), span: func.span };
    gate.blocks.push(Block {
        params: args,
        insts: vec![call],
        term: Term::Return(result),
        ..Block::default()
    });
    Some(program.funcs.push(gate))
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

/// The types of a function's values.
type Values = IndexVec<Value, Ty>;

/// The range of an access. An index is not negative; one of 8 bits is below 256.
fn range(values: &Values, addr: &Addr, len: u32, written: bool) -> Option<(GlobalId, Range)> {
    let Base::Global(global) = addr.base else { return None };
    let lo = i64::from(addr.offset);
    let most = match addr.index.map(|v| values[v]) {
        None => 0,
        Some(Ty::I8) => 0xFF,
        Some(_) => 0xFFFF,
    };
    Some((global, Range { lo, hi: lo + most + i64::from(len), written }))
}

/// All of a global, used in any way.
fn whole(base: Base) -> Option<(GlobalId, Range)> {
    let Base::Global(global) = base else { return None };
    Some((global, Range { lo: i64::MIN, hi: i64::MAX, written: true }))
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
            let range = |addr, len, written| range(&func.values, addr, len, written);
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

/// Makes accesses of a function to memory of handlers `Volatile`.
fn mark_function(func: &mut Func, touched: &Touched) {
    let Func { blocks, values, .. } = func;
    for inst in blocks.iter_mut().flat_map(|b| &mut b.insts) {
        let value = match inst.op {
            Op::Store(_, value, _) => Some(value),
            _ => inst.result,
        };
        let width = value.map_or(0, |v| values[v].bytes() as u32);
        mark_shared(&mut inst.op, values, width, touched);
    }
}

/// Makes an access (of `width` bytes) of the main program to memory of handlers `Volatile`.
fn mark_shared(op: &mut Op, values: &Values, width: u32, touched: &Touched) {
    let range = |addr, len, written| range(values, addr, len, written);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::ir::Inst;
    use crate::mir::{print, text};

    /// The program after the separation, as text.
    fn separated(source: &str) -> String {
        let mut program = text::parse(source).unwrap();
        separate_handlers(&mut program);
        let once = print::program(&program);
        separate_handlers(&mut program);
        assert_eq!(once, print::program(&program), "a second time changes nothing");
        once
    }

    const SHARED: &str = "global @S bss 4\nglobal @\"f.$x\" bss 1\nentry @main\n\
        func @f() {\nslot s0 \"buf\" 2\nb0:\n v0: i8 = load [@\"f.$x\"]\n store [s0], v0\n return\n}\n\
        func @main() {\nb0:\n v0: i16 = addr [fn @handler]\n rt rt_set_irq(v0)\n call @f()\n \
        v1: i8 = load [@S]\n store [@S + 1], v1\n v2: i8 = load [@S + 2]\n store [@S + 3], v2\n return\n}\n\
        func @handler() {\nb0:\n call @f()\n v0: i8 = load [@S + 1]\n store [@S], v0\n return\n}";

    #[test]
    fn a_function_of_both_sides_is_copied_with_its_static_memory() {
        let text = separated(SHARED);
        let handler = text.split("func @handler").nth(1).unwrap();
        assert!(handler.contains("call @\"f$irq\"()"), "{text}");
        assert!(text.contains("load [@\"f.$x$irq\"]") && text.contains("global @\"f.$x$irq\""), "{text}");
        let main = text.split("func @main").nth(1).unwrap();
        assert!(main.contains("call @f()"), "{text}");
    }

    #[test]
    fn the_main_program_sees_what_handlers_write_and_only_that_is_volatile() {
        let text = separated(SHARED);
        let main = text.split("func @main").nth(1).unwrap().split("func").next().unwrap();
        assert!(main.contains("load volatile [@S]"), "the handler writes it:\n{main}");
        assert!(main.contains("store volatile [@S + 1]"), "the handler reads it:\n{main}");
        assert!(main.contains("load [@S + 2]") && main.contains("store [@S + 3]"), "{main}");
    }

    #[test]
    fn the_main_program_calls_what_exists_once_with_interrupts_off() {
        let asm = "b0:\n asm \"w: lda #0\\x0a.byte 3\" module \"m\"\n v0: i8 = load [@\"f";
        let text = separated(&SHARED.replacen("b0:\n v0: i8 = load [@\"f", asm, 1));
        let of =
            |name: &str| text.split(&format!("func {name}")).nth(1).unwrap().split("func").next().unwrap();
        assert!(of("@main").contains("call @\"f$atomic\"()"), "{text}");
        assert!(of("@handler").contains("call @f()"), "{text}");
        assert!(of("@\"f$atomic\"() noinline atomic").contains("call @f()"), "{text}");
    }

    #[test]
    fn assembly_is_copied_when_its_labels_are_its_own_and_no_data() {
        let label = |text| asm_labels(text).next();
        assert_eq!(label("  wait: lda #0"), Some("wait"));
        assert_eq!((label("!wait: lda #0"), label("  lda wait")), (None, None));
        let block = |text: &str| {
            let (text, module) = (text.into(), "m".into());
            Op::Asm(Box::new(AsmBlock { text, module, args: Vec::new(), lowercase: false, span: None }))
        };
        let may_copy = |text: &str, other: &str| {
            let mut program = crate::mir::text::parse(SHARED).unwrap();
            for (func, text) in program.funcs.iter_mut().zip([text, other]) {
                func.blocks[Func::ENTRY].insts.push(Inst { result: None, op: block(text), span: None });
            }
            let first = program.funcs.ids().next().unwrap();
            may_copy(&program, &program.funcs[first])
        };
        let wait = "wait: dex\nbne wait";
        assert!(may_copy(wait, "jsr elsewhere") && may_copy("inc $d020", wait));
        assert!(!may_copy(wait, "jmp wait"), "another function goes there");
        assert!(!may_copy("lda table\ntable: .byte 3", ""), "data exists once");
        assert!(!may_copy("inc seen; rts; seen: .byte 0", ""), "a label behind other things");
        assert!(!may_copy("sta wait + 1\nwait: lda #0", ""), "it changes itself");
    }
}
