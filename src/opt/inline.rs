//! Copies small functions, and those that are called once, into their callers.
//!
//! Callees come first, so that what is copied is complete. Never copied: recursive functions,
//! `noinline` ones, handlers, naked ones, relocated ones, and those with `__asm__` blocks, whose
//! labels must exist once.

use crate::base::index::IndexVec;
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{
    Addr, Base, Block, BlockId, Callee, Func, FuncId, FuncKind, Op, Program, SlotId, Target, Term, Ty, Value,
};
use crate::mir::loops::Loops;
use crate::mir::rewrite;
use crate::opt::{Level, Pass, Run};

pub const PASS: Pass =
    Pass { name: "inline", about: "copies functions into their callers", run: Run::Program(run) };

/// Operations a caller may have; more cost compile time.
const MAX_CALLER: usize = 6000;

fn run(program: &mut Program, level: Level) -> bool {
    let graph = CallGraph::new(program);
    let mut calls: IndexVec<FuncId, usize> = IndexVec::filled(program.funcs.len(), 0);
    for func in &program.funcs {
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            if let Op::Call(Callee::Func(id), _) = inst.op {
                calls[id] += 1;
            }
        }
    }
    let mut changed = false;
    for &caller in graph.sccs.iter().flatten() {
        if program.funcs[caller].is_extern() || program.funcs[caller].kind == FuncKind::Naked {
            continue;
        }
        let mut inliner = Inliner { program, graph: &graph, calls: &mut calls, level };
        changed |= inliner.caller(caller);
    }
    changed
}

struct Inliner<'a> {
    program: &'a mut Program,
    graph: &'a CallGraph,
    /// Calls of each function, kept up to date.
    calls: &'a mut IndexVec<FuncId, usize>,
    level: Level,
}

impl Inliner<'_> {
    fn caller(&mut self, id: FuncId) -> bool {
        let mut func = std::mem::replace(&mut self.program.funcs[id], Func::new("", Vec::new(), None));
        let depths: Vec<u32> = {
            let loops = Loops::of(&func);
            func.blocks.ids().map(|b| loops.depth(b)).collect()
        };
        let mut changed = false;
        // Blocks that copies add are not looked at again: callees have had their turn.
        for (index, depth) in depths.into_iter().enumerate() {
            let mut at = BlockId(index as u32);
            while let Some((position, callee)) = self.next_call(&func, at, id, depth) {
                let rest = copy_in(&mut func, at, position, &self.program.funcs[callee]);
                self.calls[callee] -= 1;
                for inst in self.program.funcs[callee].blocks.iter().flat_map(|b| &b.insts) {
                    if let Op::Call(Callee::Func(next), _) = inst.op {
                        self.calls[next] += 1;
                    }
                }
                at = rest;
                changed = true;
            }
        }
        if changed {
            rewrite::remove_unreachable(&mut func);
            rewrite::compact_values(&mut func);
        }
        self.program.funcs[id] = func;
        changed
    }

    /// The first call in the block that is worth copying.
    fn next_call(&self, caller: &Func, block: BlockId, id: FuncId, depth: u32) -> Option<(usize, FuncId)> {
        let room = MAX_CALLER.saturating_sub(caller.values.len());
        caller.blocks[block].insts.iter().enumerate().find_map(|(i, inst)| match inst.op {
            Op::Call(Callee::Func(callee), ref args) if callee != id => {
                let pays = self.may_copy(callee) && self.pays(callee, args.len(), depth, room);
                pays.then_some((i, callee))
            }
            _ => None,
        })
    }

    fn may_copy(&self, callee: FuncId) -> bool {
        obstacle(self.program, self.graph, callee).is_none()
    }

    fn pays(&self, callee: FuncId, args: usize, depth: u32, room: usize) -> bool {
        let func = &self.program.funcs[callee];
        let price = price(func);
        if func.values.len() > room {
            return false;
        }
        let needed_elsewhere = self.graph.addressed.contains(callee)
            || self.program.entry == Some(callee)
            || self.program.init.contains(&callee)
            || (func.exported && self.program.entry.is_none());
        if self.calls[callee] == 1 && !needed_elsewhere {
            return true;
        }
        price <= allowance(func, args, depth, self.level)
    }
}

/// Why a function is never copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Obstacle {
    /// Its body is not here.
    Finished,
    /// It is a handler, or something needs it where it is.
    Kept,
    Recursion,
    Assembly,
}

/// What stands against copying a function, if anything does.
pub(super) fn obstacle(program: &Program, graph: &CallGraph, callee: FuncId) -> Option<Obstacle> {
    let func = &program.funcs[callee];
    let mut insts = func.blocks.iter().flat_map(|b| &b.insts);
    if func.is_extern() {
        Some(Obstacle::Finished)
    } else if insts.any(|i| matches!(i.op, Op::Asm(_))) {
        Some(Obstacle::Assembly)
    } else if func.noinline || func.kind != FuncKind::Normal || func.relocate.is_some() {
        Some(Obstacle::Kept)
    } else if graph.recursive.contains(callee) {
        Some(Obstacle::Recursion)
    } else {
        None
    }
}

/// The price up to which a function is copied into several places.
pub(super) fn allowance(func: &Func, args: usize, depth: u32, level: Level) -> usize {
    // A call costs three bytes, and the moves of its arguments and result.
    let call = 3 + 4 * args + if func.ret.is_some() { 3 } else { 0 };
    match level {
        Level::O0 => 0,
        Level::Os => call,
        Level::O1 => call + 8,
        Level::O2 if depth > 0 => call + 60,
        Level::O2 => call + 24,
    }
}

/// About how many bytes of code a function is.
pub(super) fn price(func: &Func) -> usize {
    let mut bytes = 0;
    for block in func.blocks.iter() {
        for inst in &block.insts {
            let ty = inst.result.map_or(Ty::I8, |v| func.ty(v));
            bytes += match &inst.op {
                Op::Const(_) | Op::Zext(_) | Op::Trunc(_) => 0,
                Op::Addr(addr) if matches!(addr.base, Base::Value(_)) || addr.index.is_some() => 8,
                Op::Addr(_) => 0,
                Op::Call(_, args) | Op::Rt(_, args) => 3 + 4 * args.len(),
                Op::Store(_, value, _) => 4 * func.ty(*value).bytes(),
                Op::Copy { .. } | Op::Fill { .. } => 12,
                Op::Cmp(_, a, _) => 4 * func.ty(*a).bytes(),
                _ => 4 * ty.bytes(),
            };
        }
        bytes += match block.term {
            Term::Jump(_) => 2,
            Term::Branch { .. } => 3,
            Term::Return(_) | Term::Unreachable => 0,
        };
    }
    bytes
}

/// Replaces the call at `position` of `block` by the body of `callee`. Returns the block with the
/// operations after the call.
fn copy_in(func: &mut Func, block: BlockId, position: usize, callee: &Func) -> BlockId {
    let insts = &mut func.blocks[block].insts;
    let tail = insts.split_off(position + 1);
    let call = insts.pop();
    // Otherwise each piece of a block with many calls would keep room for all that followed it.
    insts.shrink_to_fit();
    let (result, span) = call.as_ref().map_or((None, None), |call| (call.result, call.span));
    let args = match call.map(|call| call.op) {
        Some(Op::Call(_, args)) => args,
        _ => Vec::new(),
    };
    let values: IndexVec<Value, Value> = callee.values.iter().map(|&ty| func.values.push(ty)).collect();
    let slots: IndexVec<SlotId, SlotId> = callee.slots.iter().map(|s| func.slots.push(s.clone())).collect();
    let rest = func.blocks.next_id();
    let first_copy = rest.0 + 1;
    let block_of = |id: BlockId| BlockId(first_copy + id.0);

    let entry = Term::Jump(Target { block: block_of(Func::ENTRY), args });
    let term = std::mem::replace(&mut func.blocks[block].term, entry);
    let term_span = std::mem::replace(&mut func.blocks[block].term_span, span);
    let params = result.into_iter().collect();
    func.blocks.push(Block { params, insts: tail, term, term_span });

    let place = |addr: &mut Addr| {
        if let Base::Slot(slot) = &mut addr.base {
            *slot = slots[*slot];
        }
    };
    for body in callee.blocks.iter() {
        let mut copy = body.clone();
        copy.params.iter_mut().for_each(|v| *v = values[*v]);
        for inst in &mut copy.insts {
            inst.result = inst.result.map(|v| values[v]);
            inst.op.for_each_use_mut(|v| *v = values[*v]);
            match &mut inst.op {
                Op::Addr(addr) | Op::Load(addr, _) | Op::Store(addr, ..) | Op::Fill { dst: addr, .. } => {
                    place(addr);
                }
                Op::Copy { dst, src, .. } => {
                    place(dst);
                    place(src);
                }
                _ => {}
            }
        }
        rewrite::for_each_term_use_mut(&mut copy.term, |v| *v = values[*v]);
        copy.term.targets_mut().for_each(|t| t.block = block_of(t.block));
        if let Term::Return(value) = copy.term {
            let args = if result.is_some() { value.into_iter().collect() } else { Vec::new() };
            copy.term = Term::Jump(Target { block: rest, args });
        }
        func.blocks.push(copy);
    }
    rest
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    #[test]
    fn a_function_called_once_is_copied_and_a_recursive_one_is_not() {
        let mut program = text::parse(
            "entry @main\nfunc @main() {\nb0:\n v0: i8 = const 3\n v1: i8 = call @once(v0)\n\
             rt rt_print_u8(v1)\n return\n}\n\
             func @once(i8) -> i8 {\n slot s0 \"\" 1\nb0(v0: i8):\n store [s0], v0\n v1: i8 = call @again(v0)\n\
             return v1\n}\n\
             func @again(i8) -> i8 {\nb0(v0: i8):\n v1: i8 = call @again(v0)\n return v1\n}",
        )
        .unwrap();
        assert!(run_pass(&mut program, pass_named("inline").unwrap(), Level::Os));
        verify::verify(&program).unwrap();
        let main = print::func(&program, &program.funcs[program.entry.unwrap()]);
        assert!(main.contains("store [s0]") && main.contains("call @again"), "{main}");
        assert!(!main.contains("@once"), "{main}");
    }
}
