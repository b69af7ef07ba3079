//! Makes functions of a recursion re-entrant: their slots move to a software stack.
//!
//! In: a program after optimisation. Out: the same program in which no function of a recursion has
//! slots: the function takes its room from the stack at entry and gives it back at each return.
//! Scalars need nothing here: calls push what is live across them. With `--checks` the new top of the
//! stack goes to the check at the function's entry.

use std::sync::Arc;

use crate::base::index::IndexVec;
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{
    Access, Addr, Base, BinOp, Func, FuncId, Global, GlobalId, GlobalKind, Inst, Op, Program, SlotId, Term,
    Ty, Value,
};
use crate::mir::rt::Rt;

/// The variable that holds the top of the software stack.
pub const STACK_POINTER: &str = "rt_stack_pointer";
/// The function that empties the stack, the first initialiser.
pub const STACK_INIT: &str = "soft_stack_init";
/// The linker's symbol for the first byte after everything else.
pub const STACK_START: &str = "soft_stack_start";

/// Rewrites all recursive functions that have slots. Those of a module use the stack of the program
/// that it is linked with.
pub fn stack_slots(program: &mut Program, graph: &CallGraph, module: bool) {
    let users: Vec<FuncId> = graph
        .recursive
        .iter()
        .filter(|f| !program.funcs[*f].slots.is_empty() && !program.funcs[*f].is_extern())
        .collect();
    if users.is_empty() {
        return;
    }
    // A handler must not find a pointer of which one byte is new. What finished code does, and who calls
    // it, is not known.
    let (main, handlers) = (graph.reached_from_main(program), graph.reached_from_handlers());
    let may_use = |f: FuncId| program.funcs[f].is_extern() || users.contains(&f);
    let shared = program.funcs.ids().any(|f| handlers.contains(f) && may_use(f));
    let pointer = match module {
        true => program.globals.push(Global { external: true, ..stack_pointer() }),
        false => add_stack(program),
    };
    for f in users {
        let access = if module || shared && main.contains(f) { Access::IrqSafe } else { Access::Plain };
        rewrite(&mut program.funcs[f], pointer, access);
    }
}

fn stack_pointer() -> Global {
    Global { escapes: true, ..Global::new(STACK_POINTER, GlobalKind::Bss, 2) }
}

/// Gives the program a software stack, once; its pointer.
pub fn add_stack(program: &mut Program) -> GlobalId {
    if let Some(pointer) = program.global_named(STACK_POINTER) {
        return pointer;
    }
    let pointer = program.globals.push(stack_pointer());
    let mut start = Global::new(STACK_START, GlobalKind::Bss, 0);
    start.external = true;
    let start = program.globals.push(start);
    let setup = initialiser(pointer, start);
    let id = program.funcs.push(setup);
    program.init.insert(0, id);
    pointer
}

/// A function that empties the stack, run before everything else.
fn initialiser(pointer: GlobalId, start: GlobalId) -> Func {
    let mut func = Func::new(STACK_INIT, Vec::new(), None);
    let value = func.values.push(Ty::I16);
    let mut block = crate::mir::ir::Block::default();
    let inst = |result, op| Inst { result, op, span: None };
    block.insts.push(inst(Some(value), Op::Addr(Addr::new(Base::Global(start), 0))));
    let place = Addr::new(Base::Global(pointer), 0);
    block.insts.push(inst(None, Op::Store(place, value, Access::Plain)));
    block.term = Term::Return(None);
    func.blocks.push(block);
    func
}

fn rewrite(func: &mut Func, pointer: GlobalId, access: Access) {
    let mut offsets: IndexVec<SlotId, i32> = IndexVec::new();
    let mut size = 0;
    for slot in func.slots.iter() {
        offsets.push(size);
        size += slot.size as i32;
    }
    func.slots = IndexVec::new();
    let base = func.values.push(Ty::I16);
    let amount = func.values.push(Ty::I16);
    let top = func.values.push(Ty::I16);
    for block in func.blocks.iter_mut() {
        for inst in &mut block.insts {
            for addr in places_mut(&mut inst.op) {
                if let Base::Slot(slot) = addr.base {
                    addr.base = Base::Value(base);
                    addr.offset += offsets[slot];
                }
            }
        }
    }
    let place = Addr::new(Base::Global(pointer), 0);
    let inst = |result: Option<Value>, op| Inst { result, op, span: None };
    let enter = [
        inst(Some(base), Op::Load(place, Access::Plain)),
        inst(Some(amount), Op::Const(size as u32)),
        inst(Some(top), Op::Bin(BinOp::Add, base, amount)),
        inst(None, Op::Store(place, top, access)),
    ];
    let entry = &mut func.blocks[Func::ENTRY].insts;
    for check in entry.iter_mut() {
        if let Op::Rt(Rt::StackLow, args) = &mut check.op {
            *args = vec![top];
        }
    }
    entry.splice(0..0, enter);
    for block in func.blocks.iter_mut() {
        if matches!(block.term, Term::Return(_)) {
            block.insts.push(inst(None, Op::Store(place, base, access)));
        }
    }
}

fn places_mut(op: &mut Op) -> Vec<&mut Addr> {
    match op {
        Op::Addr(a) | Op::Load(a, _) | Op::Store(a, _, _) | Op::Fill { dst: a, .. } => vec![a],
        Op::Copy { dst, src, .. } => vec![dst, src],
        _ => Vec::new(),
    }
}

/// The name of a function's symbol.
pub fn symbol(name: &Arc<str>) -> crate::mos::item::Name {
    crate::mos::item::Name::from(&**name)
}
