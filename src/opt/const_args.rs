//! Specialises functions to their calls: arguments that are always the same, parameters and
//! results that nobody uses.
//!
//! Only functions all of whose calls are known: not those whose address is taken or that an
//! `__asm__` block names, entries, handlers, naked ones, nor what a library exports.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{Base, Callee, Func, FuncId, FuncKind, Inst, Op, Program, Term, Value};
use crate::mir::rewrite::{Substitution, for_each_term_use};
use crate::opt::counters::Defs;
use crate::opt::{Level, Pass, Run};

pub const PASS: Pass = Pass {
    name: "const_args",
    about: "specialises functions to arguments that never change",
    run: Run::Program(run),
};

/// What all calls of a function pass for one parameter.
#[derive(Clone, PartialEq)]
enum Passed {
    /// No call seen yet.
    Nothing,
    Same(Op),
    Various,
}

fn run(program: &mut Program, _level: Level) -> bool {
    let known = known_functions(program);
    let mut changed = put_constants(program, &known);
    changed |= drop_unused(program, &known);
    changed
}

/// Functions all of whose calls are in the program.
fn known_functions(program: &Program) -> IdSet<FuncId> {
    let graph = CallGraph::new(program);
    let starts = |id: FuncId| program.entry == Some(id) || program.init.contains(&id);
    let known = program.funcs.enumerated().filter(|&(id, f)| {
        !f.is_extern()
            && f.kind == FuncKind::Normal
            && !graph.addressed.contains(id)
            && !graph.refs.iter().any(|r| r.addressed.contains(&id))
            && !graph.handlers.contains(id)
            && !starts(id)
            && !(f.exported && program.entry.is_none())
    });
    known.map(|(id, _)| id).collect()
}

/// Calls `f` with the callee, the arguments and the caller of every call.
fn for_each_call<'a>(program: &'a Program, mut f: impl FnMut(FuncId, &'a [Value], FuncId, &Inst)) {
    for (caller, func) in program.funcs.enumerated() {
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            if let Op::Call(Callee::Func(callee), args) = &inst.op {
                f(*callee, args, caller, inst);
            }
        }
    }
}

fn put_constants(program: &mut Program, known: &IdSet<FuncId>) -> bool {
    let mut passed: IndexVec<FuncId, Vec<Passed>> =
        program.funcs.iter().map(|f| vec![Passed::Nothing; f.params.len()]).collect();
    let defs: IndexVec<FuncId, Defs> = program.funcs.iter().map(Defs::new).collect();
    for_each_call(program, |callee, args, caller, _| {
        for (i, &arg) in args.iter().enumerate() {
            let own = &program.funcs[callee].blocks.iter().next().and_then(|b| b.params.get(i).copied());
            // A recursive call that hands its own parameter on says nothing new.
            if caller == callee && *own == Some(arg) {
                continue;
            }
            let seen = &mut passed[callee][i];
            *seen = match (defs[caller].of(arg).filter(|op| is_constant(op)), &*seen) {
                (Some(op), Passed::Nothing) => Passed::Same(op.clone()),
                (Some(op), Passed::Same(same)) if op == same => Passed::Same(op.clone()),
                _ => Passed::Various,
            };
        }
    });
    drop(defs);
    let mut changed = false;
    for id in known.iter() {
        let func = &mut program.funcs[id];
        let used = used(func);
        let mut subst = Substitution::new(func);
        let mut insts = Vec::new();
        for (i, passed) in passed[id].iter().enumerate() {
            let param = func.blocks[Func::ENTRY].params[i];
            let Passed::Same(op) = passed else { continue };
            if !used.contains(param) {
                continue;
            }
            let value = func.values.push(func.ty(param));
            insts.push(Inst { result: Some(value), op: op.clone(), span: None });
            subst.replace(param, value);
        }
        changed |= subst.apply(func);
        func.blocks[Func::ENTRY].insts.splice(0..0, insts);
    }
    changed
}

/// The same in every function: a number, or the address of something static.
fn is_constant(op: &Op) -> bool {
    match op {
        Op::Const(_) => true,
        Op::Addr(addr) => addr.index.is_none() && matches!(addr.base, Base::Global(_) | Base::Func(_)),
        _ => false,
    }
}

fn used(func: &Func) -> IdSet<Value> {
    let mut used = IdSet::new(func.values.len());
    for block in func.blocks.iter() {
        block.insts.iter().for_each(|i| i.op.for_each_use(|v| used.extend([v])));
        for_each_term_use(&block.term, |v| used.extend([v]));
    }
    used
}

fn drop_unused(program: &mut Program, known: &IdSet<FuncId>) -> bool {
    let mut results: IdSet<FuncId> = IdSet::new(program.funcs.len());
    for_each_call(program, |callee, _, _, inst| {
        if inst.result.is_some() {
            results.insert(callee);
        }
    });
    let mut dropped: IndexVec<FuncId, Vec<bool>> = program.funcs.iter().map(|_| Vec::new()).collect();
    let mut changed = false;
    for id in known.iter() {
        let func = &mut program.funcs[id];
        if func.ret.is_some() && !results.contains(id) {
            func.ret = None;
            changed = true;
            for block in func.blocks.iter_mut() {
                if let Term::Return(value) = &mut block.term {
                    *value = None;
                }
            }
        }
        let used = used(func);
        let entry = &mut func.blocks[Func::ENTRY];
        let marks: Vec<bool> = entry.params.iter().map(|&p| !used.contains(p)).collect();
        if marks.contains(&true) {
            changed = true;
            retain_unmarked(&mut entry.params, &marks);
            retain_unmarked(&mut func.params, &marks);
            dropped[id] = marks;
        }
    }
    for inst in program.funcs.iter_mut().flat_map(|f| f.blocks.iter_mut()).flat_map(|b| &mut b.insts) {
        if let Op::Call(Callee::Func(callee), args) = &mut inst.op {
            retain_unmarked(args, &dropped[*callee]);
        }
    }
    changed
}

fn retain_unmarked<T>(list: &mut Vec<T>, marks: &[bool]) {
    let mut marks = marks.iter();
    list.retain(|_| !marks.next().copied().unwrap_or(false));
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    #[test]
    fn what_never_changes_moves_into_the_function() {
        let mut program = text::parse(
            "global @g bss 9\nentry @main\nfunc @main() {\nb0:\n v0: i8 = const 3\n v1: i8 = const 4\n\
             v2: i16 = addr [@g]\n v3: i8 = call @f(v0, v1, v2)\n v4: i8 = call @f(v0, v0, v2)\n return\n}\n\
             func @f(i8, i8, i16) -> i8 {\nb0(v0: i8, v1: i8, v2: i16):\n store [v2], v0\n\
             rt rt_print_u8(v1)\n return v0\n}",
        )
        .unwrap();
        for name in ["dce", "const_args", "dce"] {
            run_pass(&mut program, pass_named(name).unwrap(), Level::O2);
            verify::verify(&program).unwrap();
        }
        let text = print::program(&program);
        let (main, callee) = text.split_once("func @f(i8) {").unwrap_or_default();
        assert!(main.contains("call @f(v0)"), "{text}");
        assert!(callee.contains("const 3") && callee.contains("addr [@g]"), "{text}");
    }
}
