//! Removes functions and globals that nothing can reach.
//!
//! Roots: the entry, the initialisers, globals marked `keep`, and in a library (no entry) all that
//! is exported. Functions and globals are renumbered.

use crate::base::idset::IdSet;
use crate::base::index::{Id, IndexVec};
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{Base, Callee, FuncId, GlobalId, Init, Op, Program};
use crate::mir::rewrite;
use crate::opt::{Level, Pass, Run};

pub const PASS: Pass =
    Pass { name: "shake", about: "removes functions and data that are not used", run: Run::Program(run) };

fn run(program: &mut Program, _level: Level) -> bool {
    let library = program.entry.is_none();
    let graph = CallGraph::new(program);
    let exported = program.funcs.enumerated().filter(|(_, f)| library && f.exported).map(|(id, _)| id);
    let roots: Vec<FuncId> = program.entry.iter().chain(&program.init).copied().chain(exported).collect();
    let kept =
        program.globals.enumerated().filter(|(_, g)| g.keep || (library && g.exported)).map(|(id, _)| id);
    let kept: Vec<GlobalId> = kept.collect();
    let needed = graph.needed(program, roots, kept);
    if needed.funcs.len() == program.funcs.len() && needed.globals.len() == program.globals.len() {
        return false;
    }
    let funcs = keep(&mut program.funcs, &needed.funcs);
    let globals = keep(&mut program.globals, &needed.globals);
    renumber(program, &funcs, &globals);
    true
}

/// Keeps the items in the set; returns their new ids.
fn keep<I: Id, T>(items: &mut IndexVec<I, T>, needed: &IdSet<I>) -> IndexVec<I, I> {
    let mut new_ids = IndexVec::new();
    let mut kept = IndexVec::new();
    for (id, item) in std::mem::take(items).into_enumerated() {
        new_ids.push(kept.next_id());
        if needed.contains(id) {
            kept.push(item);
        }
    }
    *items = kept;
    new_ids
}

fn renumber(program: &mut Program, funcs: &IndexVec<FuncId, FuncId>, globals: &IndexVec<GlobalId, GlobalId>) {
    let base = |base: &mut Base| match base {
        Base::Func(id) => *id = funcs[*id],
        Base::Global(id) => *id = globals[*id],
        Base::Abs | Base::Slot(_) | Base::Value(_) => {}
    };
    for id in program.entry.iter_mut().chain(&mut program.init) {
        *id = funcs[*id];
    }
    for part in program.globals.iter_mut().flat_map(|g| &mut g.init) {
        if let Init::Addr(b, _) = part {
            base(b);
        }
    }
    for func in program.funcs.iter_mut() {
        rewrite::for_each_base_mut(func, base);
        for inst in func.blocks.iter_mut().flat_map(|b| &mut b.insts) {
            if let Op::Call(Callee::Func(id), _) = &mut inst.op {
                *id = funcs[*id];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::{print, text, verify};

    #[test]
    fn only_what_is_reached_stays() {
        let mut program = text::parse(
            "global @dead bss 1\nglobal @table const 2 = addr fn @t\nglobal @kept const 1 keep\nentry @main\n\
             func @dead() {\nb0:\n v0: i16 = addr [@dead]\n return\n}\n\
             func @main() exported {\nb0:\n v0: i16 = load [@table]\n call @main()\n return\n}\n\
             func @t() {\nb0:\n return\n}\nfunc @other() exported {\nb0:\n return\n}",
        )
        .unwrap();
        assert!(run(&mut program, Level::O0) && !run(&mut program, Level::O0));
        verify::verify(&program).unwrap();
        let text = print::program(&program);
        assert!(!text.contains("dead") && !text.contains("other"), "{text}");
        assert!(text.contains("addr fn @t") && text.contains("@kept"), "{text}");
    }
}
