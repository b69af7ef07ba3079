//! Which functions a call may reach.
//!
//! In: the typed functions of a module. Out: whether a call may write where an earlier one has built
//! what it handed out: it reaches the same function again, or pushes onto the stack of recursions
//! above whose top a recursion has built. Invariant: an answer errs only to the safe side; of functions
//! of other modules it is known only what they hand out. Not here: the copies (`outlive.rs`).

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::lower::walk::{self, Node};
use crate::sema::hir::{AsmRef, Expr, ExprKind, Func, FuncId, Module, StmtKind};

/// The functions that each function of a module calls itself.
pub(super) struct Calls {
    direct: IndexVec<FuncId, Vec<FuncId>>,
}

impl Calls {
    pub fn new(module: &Module) -> Self {
        Self { direct: module.funcs.iter().map(called_by).collect() }
    }

    /// True when a call of `consumer` may write where `producer` has built its result.
    pub fn may_rebuild(&self, module: &Module, consumer: FuncId, producer: FuncId) -> bool {
        let mut builders = self.reached(producer);
        for id in module.funcs.ids().filter(|&id| !module.funcs[id].builds_result) {
            builders.remove(id);
        }
        let reached = self.reached(consumer);
        let stacks = |set: &IdSet<FuncId>| set.iter().any(|id| self.may_recurse(module, id));
        reached.intersects(&builders) || stacks(&builders) && stacks(&reached)
    }

    /// The functions that a call of `from` may enter, `from` too.
    fn reached(&self, from: FuncId) -> IdSet<FuncId> {
        let mut found = IdSet::new(self.direct.len());
        let mut open = vec![from];
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(&self.direct[id]);
            }
        }
        found
    }

    fn may_recurse(&self, module: &Module, id: FuncId) -> bool {
        let func = &module.funcs[id];
        let is_foreign = func.body.is_none() && func.mapped.is_none();
        is_foreign || self.direct[id].iter().any(|&callee| self.reached(callee).contains(id))
    }
}

/// The functions that a body calls, or that its assembly names.
fn called_by(func: &Func) -> Vec<FuncId> {
    let mut called = Vec::new();
    walk::stmts(func.body.as_deref().unwrap_or_default(), &mut |node| match node {
        Node::Expr(Expr { kind: ExprKind::Call(func, _), .. }) => called.push(*func),
        Node::Stmt(stmt) => {
            if let StmtKind::Asm(asm) = &stmt.kind {
                called.extend(asm.names.values().filter_map(|name| match name {
                    AsmRef::Func(func) => Some(*func),
                    _ => None,
                }));
            }
        }
        _ => {}
    });
    called.sort_unstable();
    called.dedup();
    called
}

/// The functions in an argument that may hand out what they have built.
pub(super) fn producers(module: &Module, arg: &Expr) -> Vec<FuncId> {
    let mut found = Vec::new();
    walk::expr(arg, &mut |node| {
        if let Node::Expr(Expr { kind: ExprKind::Call(func, _), .. }) = node
            && module.funcs[*func].builds_result
        {
            found.push(*func);
        }
    });
    found
}
