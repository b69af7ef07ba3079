//! Which functions hand out what they have built, and nothing else.
//!
//! In: the checked functions of a module. Out: `Func::builds_result` of each. What such a function
//! hands out lies in its own static memory, or above the top of a recursion's stack, so its next call
//! may overwrite it: a caller that needs it longer has to copy it. Invariant: a function that may hand
//! out memory of others is not marked, since changes of that must stay. Not here: the copies
//! (`lower/outlive.rs`).

use crate::base::index::IndexVec;
use crate::sema::hir::{
    Data, DataId, DataKind, Expr, ExprKind, Func, FuncId, Module, Root, Stmt, StmtKind, Type,
};
use crate::sema::hir_visit::{Visitor, walk_block, walk_stmt};

/// Marks the functions of a module. Those of other modules are marked in their interface.
pub fn mark(module: &mut Module) {
    for id in module.funcs.ids() {
        if module.funcs[id].body.is_some() {
            let mut handed_out = HandedOut { funcs: &module.funcs, data: &module.data, seen: Vec::new() };
            let builds = handed_out.builds(id);
            module.funcs[id].builds_result = builds;
        }
    }
}

struct HandedOut<'m> {
    funcs: &'m IndexVec<FuncId, Func>,
    data: &'m IndexVec<DataId, Data>,
    /// Functions that are being looked at: a recursion hands out what its other ways do.
    seen: Vec<FuncId>,
}

impl HandedOut<'_> {
    fn builds(&mut self, id: FuncId) -> bool {
        let func = &self.funcs[id];
        let Some(body) = func.body.as_deref() else { return func.builds_result };
        if self.seen.contains(&id) {
            return true;
        }
        self.seen.push(id);
        if func.naked || !matches!(func.ret, Type::Alias(_)) {
            return false;
        }
        let mut returns = Returns { all_built: true, handed_out: self };
        walk_block(&mut returns, body);
        returns.all_built
    }

    fn is_built(&mut self, value: &Expr) -> bool {
        match &value.kind {
            ExprKind::StrTemp(_) => true,
            ExprKind::Call(func, _) => self.builds(*func),
            ExprKind::Convert(inner) => matches!(inner.ty, Type::Alias(_)) && self.is_built(inner),
            ExprKind::AddrOf(place) => match place.root() {
                Root::Local(_) => true,
                Root::Data(data) => self.data[data].kind == DataKind::Literal,
                Root::Pointer | Root::Mapped => false,
            },
            _ => false,
        }
    }
}

struct Returns<'a, 'm> {
    all_built: bool,
    handed_out: &'a mut HandedOut<'m>,
}

impl Visitor for Returns<'_, '_> {
    fn stmt(&mut self, stmt: &Stmt) {
        if let StmtKind::Return(Some(value)) = &stmt.kind {
            self.all_built &= self.handed_out.is_built(value);
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, _: &Expr) {}
}
