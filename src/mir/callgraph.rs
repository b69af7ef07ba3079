//! Who calls whom, what is reached from where, and what interrupts.
//!
//! In: a program. Out: components of the call graph bottom-up, what a set of roots needs, and
//! which functions run in interrupt code. The only user of petgraph in the middle end.
//! A function whose address is taken, or that an `__asm__` block names, counts as needed and
//! called by the function that does so.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::base::idset::IdSet;
use crate::base::index::{Id, IndexVec};
use crate::mir::ir::{
    Addr, AsmArg, AsmBlock, Base, Callee, Func, FuncId, FuncKind, GlobalId, Init, Op, Program, Value,
};
use crate::mir::rt::Rt;

/// What a function refers to.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// Called by `Op::Call`.
    pub calls: BTreeSet<FuncId>,
    /// Named in any other way: address taken, or in an `__asm__` block.
    pub addressed: BTreeSet<FuncId>,
    pub globals: BTreeSet<GlobalId>,
}

impl References {
    /// Reads a function, without what the text of `__asm__` blocks names.
    fn of(func: &Func) -> Self {
        let mut refs = Self::default();
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            if let Op::Call(Callee::Func(id), _) = inst.op {
                refs.calls.insert(id);
            }
            if let Op::Asm(block) = &inst.op {
                for (_, arg) in &block.args {
                    if let AsmArg::Addr(base, _) = arg {
                        refs.base(*base);
                    }
                }
            }
            for addr in places(&inst.op).into_iter().flatten() {
                refs.base(addr.base);
            }
        }
        refs
    }

    fn base(&mut self, base: Base) {
        match base {
            Base::Func(id) => drop(self.addressed.insert(id)),
            Base::Global(id) => drop(self.globals.insert(id)),
            Base::Abs | Base::Slot(_) | Base::Value(_) => {}
        }
    }
}

/// The memory places of an operation.
fn places(op: &Op) -> [Option<&Addr>; 2] {
    match op {
        Op::Addr(a) | Op::Load(a, _) | Op::Store(a, ..) | Op::Fill { dst: a, .. } => [Some(a), None],
        Op::Copy { dst, src, .. } => [Some(dst), Some(src)],
        _ => [None, None],
    }
}

/// The call graph of a program.
#[derive(Clone, Debug)]
pub struct CallGraph {
    pub refs: IndexVec<FuncId, References>,
    /// Strongly connected components: a callee's before its callers'.
    pub sccs: Vec<Vec<FuncId>>,
    /// Functions that may be entered again before they return.
    pub recursive: IdSet<FuncId>,
    /// Functions whose address is known outside calls: taken, in data, or in an `__asm__` block.
    pub addressed: IdSet<FuncId>,
    /// Functions that an interrupt enters.
    pub handlers: IdSet<FuncId>,
}

impl CallGraph {
    /// Reads a program.
    pub fn new(program: &Program) -> Self {
        let mut refs: IndexVec<FuncId, References> = program.funcs.iter().map(References::of).collect();
        name_by_text(program, &mut refs);
        let mut graph = DiGraph::<(), ()>::with_capacity(refs.len(), refs.len());
        for _ in refs.ids() {
            graph.add_node(());
        }
        for (caller, refs) in refs.enumerated() {
            for &callee in refs.calls.iter().chain(&refs.addressed) {
                graph.update_edge(node(caller), node(callee), ());
            }
        }
        let sccs: Vec<Vec<FuncId>> = tarjan_scc(&graph)
            .into_iter()
            .map(|component| {
                let mut ids: Vec<FuncId> = component.into_iter().map(|n| FuncId::new(n.index())).collect();
                ids.sort_unstable();
                ids
            })
            .collect();
        let mut recursive = IdSet::new(refs.len());
        for component in &sccs {
            let first = component[0];
            if component.len() > 1
                || refs[first].calls.contains(&first)
                || refs[first].addressed.contains(&first)
            {
                recursive.extend(component.iter().copied());
            }
        }
        let mut addressed: IdSet<FuncId> =
            refs.iter().flat_map(|r: &References| r.addressed.iter().copied()).collect();
        for part in program.globals.iter().flat_map(|g| &g.init) {
            if let Init::Addr(Base::Func(id), _) = part {
                addressed.insert(*id);
            }
        }
        let handlers = handlers(program, &addressed);
        Self { refs, sccs, recursive, addressed, handlers }
    }

    /// The functions and globals that `roots` need: called, addressed, or in the content of a
    /// needed global.
    pub fn needed(
        &self,
        program: &Program,
        roots: impl IntoIterator<Item = FuncId>,
        globals: impl IntoIterator<Item = GlobalId>,
    ) -> Needed {
        let mut needed =
            Needed { funcs: IdSet::new(self.refs.len()), globals: IdSet::new(program.globals.len()) };
        let mut funcs: Vec<FuncId> = roots.into_iter().collect();
        let mut data: Vec<GlobalId> = globals.into_iter().collect();
        loop {
            if let Some(id) = funcs.pop() {
                if needed.funcs.insert(id) {
                    let refs = &self.refs[id];
                    funcs.extend(refs.calls.iter().chain(&refs.addressed));
                    data.extend(&refs.globals);
                }
            } else if let Some(id) = data.pop() {
                if needed.globals.insert(id) {
                    for part in &program.globals[id].init {
                        match part {
                            Init::Addr(Base::Func(id), _) => funcs.push(*id),
                            Init::Addr(Base::Global(id), _) => data.push(*id),
                            _ => {}
                        }
                    }
                }
            } else {
                return needed;
            }
        }
    }

    /// The functions that run outside interrupt code: what the entry, the initialisers and, in a
    /// library, the exported functions call. Handlers are not followed where only their address
    /// is taken.
    pub fn reached_from_main(&self, program: &Program) -> IdSet<FuncId> {
        let exported = program.funcs.enumerated().filter(|(_, f)| f.exported).map(|(id, _)| id);
        let roots = program.entry.iter().chain(&program.init).copied().chain(exported);
        self.called_from(roots.filter(|&id| !self.handlers.contains(id)))
    }

    /// The functions that run in interrupt code.
    pub fn reached_from_handlers(&self) -> IdSet<FuncId> {
        self.called_from(self.handlers.iter())
    }

    /// What code that the compiler does not see may run: the functions whose address is known outside
    /// calls, with all that they call. Handlers are entered by interrupts only.
    pub fn called_by_unknown_code(&self) -> IdSet<FuncId> {
        self.called_from(self.addressed.iter().filter(|&id| !self.handlers.contains(id)))
    }

    fn called_from(&self, roots: impl IntoIterator<Item = FuncId>) -> IdSet<FuncId> {
        let mut reached = IdSet::new(self.refs.len());
        let mut work: Vec<FuncId> = roots.into_iter().collect();
        while let Some(id) = work.pop() {
            if reached.insert(id) {
                let refs = &self.refs[id];
                let addressed = refs.addressed.iter().filter(|f| !self.handlers.contains(**f));
                work.extend(refs.calls.iter().chain(addressed));
            }
        }
        reached
    }
}

/// What a set of roots needs.
#[derive(Clone, Debug)]
pub struct Needed {
    pub funcs: IdSet<FuncId>,
    pub globals: IdSet<GlobalId>,
}

fn node(id: FuncId) -> NodeIndex {
    NodeIndex::new(id.index())
}

fn is_handler(func: &Func) -> bool {
    matches!(func.kind, FuncKind::Irq | FuncKind::IrqRaw | FuncKind::IrqHook)
}

/// Functions with a handler's kind, and those that `__set_irq__` gets. Where that is not a plain
/// address, every function whose address is known may be the handler.
fn handlers(program: &Program, addressed: &IdSet<FuncId>) -> IdSet<FuncId> {
    let mut handlers: IdSet<FuncId> =
        program.funcs.enumerated().filter(|(_, f)| is_handler(f)).map(|(id, _)| id).collect();
    for func in &program.funcs {
        let mut plain: BTreeMap<Value, FuncId> = BTreeMap::new();
        let mut installed = Vec::new();
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            match (&inst.op, inst.result) {
                (Op::Addr(Addr { base: Base::Func(id), index: None, offset: 0, .. }), Some(value)) => {
                    plain.insert(value, *id);
                }
                (Op::Rt(Rt::SetIrq | Rt::SetIrqHook, args), _) => installed.extend(args),
                _ => {}
            }
        }
        for value in installed {
            match plain.get(&value) {
                Some(&id) => drop(handlers.insert(id)),
                None => drop(handlers.union_with(addressed)),
            }
        }
    }
    handlers
}

/// Adds what the texts of `__asm__` blocks name: labels that another block of the module defines,
/// and the symbols `__F_name` and `__C_Class_name` of functions and methods.
fn name_by_text(program: &Program, refs: &mut IndexVec<FuncId, References>) {
    let blocks: Vec<(FuncId, &AsmBlock)> = program
        .funcs
        .enumerated()
        .flat_map(|(id, f)| f.blocks.iter().flat_map(|b| &b.insts).map(move |i| (id, &i.op)))
        .filter_map(|(id, op)| match op {
            Op::Asm(block) => Some((id, &**block)),
            _ => None,
        })
        .collect();
    if blocks.is_empty() {
        return;
    }
    let mut symbols: BTreeMap<(&str, String), FuncId> = BTreeMap::new();
    for (id, func) in program.funcs.enumerated() {
        let parts: Vec<&str> = func.name.split('.').collect();
        for cut in 1..parts.len() {
            let kind = if cut + 1 == parts.len() { "F" } else { "C" };
            let module_len = parts[..cut].iter().map(|p| p.len() + 1).sum::<usize>() - 1;
            let symbol = format!("__{kind}_{}", parts[cut..].join("_"));
            symbols.entry((&func.name[..module_len], symbol)).or_insert(id);
        }
    }
    for (id, block) in &blocks {
        for label in asm_labels(&block.text) {
            symbols.insert((&block.module, label.to_string()), *id);
        }
    }
    for (id, block) in &blocks {
        for (word, _) in asm_words(&block.text) {
            if let Some(&target) = symbols.get(&(&*block.module, word.to_string()))
                && target != *id
            {
                refs[*id].addressed.insert(target);
            }
        }
    }
    // Any function whose address is a number somewhere may be where such a jump leads.
    let known: BTreeSet<FuncId> = refs.iter().flat_map(|r| r.addressed.iter().copied()).collect();
    let may_be_called = |id: &&FuncId| !is_handler(&program.funcs[**id]);
    for (id, _) in blocks.iter().filter(|(_, block)| jumps_anywhere(&block.text)) {
        let targets = known.iter().filter(may_be_called).filter(|target| *target != id);
        refs[*id].addressed.extend(targets);
    }
}

/// True when a text jumps through a pointer, or to a number, which it may have changed.
fn jumps_anywhere(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["jmp", "jsr"].iter().any(|jump| {
        let operands = text.split(jump).skip(1).map(str::trim_start);
        operands
            .into_iter()
            .any(|operand| operand.starts_with(|c: char| "($%".contains(c) || c.is_ascii_digit()))
    })
}

/// The named labels that an `__asm__` text defines: words that `:` follows.
pub fn asm_labels(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(':').filter_map(|(colon, _)| {
        let before = &text[..colon];
        let word = &before[before.trim_end_matches(is_word).len()..];
        let local = before[..colon - word.len()].ends_with(['!', '.', '{']);
        (!word.is_empty() && !local).then_some(word)
    })
}

/// The words of an `__asm__` text, each with what follows it.
pub fn asm_words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = &rest[rest.find(is_word)?..];
        let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        rest = after;
        Some((word, after))
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::text;

    #[test]
    fn components_come_bottom_up_and_cycles_are_recursive() {
        let program = text::parse(
            "entry @main\nfunc @main() {\nb0:\n call @a()\n return\n}\nfunc @a() {\nb0:\n call @b()\n return\n}\n\
             func @b() {\nb0:\n call @a()\n call @c()\n return\n}\nfunc @c() {\nb0:\n return\n}",
        )
        .unwrap();
        let graph = CallGraph::new(&program);
        let names =
            |ids: &[FuncId]| ids.iter().map(|&f| program.funcs[f].name.to_string()).collect::<Vec<_>>();
        let sccs: Vec<_> = graph.sccs.iter().map(|c| names(c)).collect();
        assert_eq!(sccs, [vec!["c"], vec!["a", "b"], vec!["main"]]);
        assert_eq!(names(&graph.recursive.iter().collect::<Vec<_>>()), ["a", "b"]);
    }

    #[test]
    fn handlers_are_kept_apart_from_main() {
        let program = text::parse(
            "entry @main\nfunc @main() {\nb0:\n v0: i16 = addr [fn @irq]\n rt rt_set_irq(v0)\n call @a()\n return\n}\n\
             func @irq() {\nb0:\n call @b()\n return\n}\nfunc @a() {\nb0:\n return\n}\nfunc @b() {\nb0:\n return\n}",
        )
        .unwrap();
        let graph = CallGraph::new(&program);
        let name = |f| &*program.funcs[f].name;
        assert_eq!(graph.reached_from_handlers().iter().map(name).collect::<Vec<_>>(), ["irq", "b"]);
        assert_eq!(graph.reached_from_main(&program).iter().map(name).collect::<Vec<_>>(), ["main", "a"]);
        assert_eq!(graph.needed(&program, program.entry, []).funcs.len(), 4);
    }

    #[test]
    fn a_jump_to_a_computed_place_may_lead_to_any_address_that_is_taken() {
        for (jump, leads) in [("jmp ({vector})", true), ("sta at+1\\nat: jsr $ffff", true), ("rts", false)] {
            let program = text::parse(&format!(
                "global @w bss 2\nfunc @f() {{\nb0:\n asm \"{jump}\" module \"m\"\n return\n}}\n\
                 func @g() {{\nb0:\n v0: i16 = addr [fn @h]\n store [@w], v0\n return\n}}\n\
                 func @h() {{\nb0:\n return\n}}"
            ))
            .unwrap();
            let graph = CallGraph::new(&program);
            let (f, h) = (program.func_named("f").unwrap(), program.func_named("h").unwrap());
            assert_eq!(graph.refs[f].addressed.contains(&h), leads, "{jump}");
        }
    }

    #[test]
    fn assembly_names_labels_and_functions() {
        let program = text::parse(
            "func @m.f() {\nb0:\n asm \"jsr table_1\\njmp __C_K_go\" module \"m\"\n return\n}\n\
             func @m.g() {\nb0:\n asm \"table_1: rts\\n!loop: bne !loop-\" module \"m\"\n return\n}\n\
             func @m.K.go() {\nb0:\n return\n}",
        )
        .unwrap();
        let graph = CallGraph::new(&program);
        assert_eq!(
            graph.refs[FuncId(0)].addressed.iter().copied().collect::<Vec<_>>(),
            [FuncId(1), FuncId(2)]
        );
        assert_eq!(asm_labels("a: b\n!l: x\n!: c:").collect::<Vec<_>>(), ["a", "c"]);
    }
}
