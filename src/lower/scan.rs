//! What lowering must know of a function's body before it starts, and questions about its trees.
//!
//! In: typed statements and expressions. Out: sets of locals, and answers. Invariant: an answer
//! errs only to the safe side (a temporary too many, never one too few).

use std::collections::BTreeSet;

use crate::lower::walk::{self, Node};
use crate::sema::hir::{
    AsmRef, Builtin, DataId, Expr, ExprKind, Func, FuncId, Index, LocalId, Place, PlaceKind, Root, StmtKind,
    StrPart, Type,
};

/// Facts about a function's locals.
#[derive(Default)]
pub(super) struct Facts {
    /// Their address is taken: they lie in memory, and pointers may lead to them.
    pub taken: BTreeSet<LocalId>,
    /// Assembly names them: they lie at static addresses.
    pub named: BTreeSet<LocalId>,
    /// The body has inline assembly.
    pub has_asm: bool,
    /// The body calls functions.
    pub calls: bool,
    /// Literals and tuples whose address goes to a pointer.
    pub data: BTreeSet<DataId>,
    /// Functions whose address is used.
    pub funcs: BTreeSet<FuncId>,
    /// Locals that are used as something else than a whole: always in memory.
    pub parts: BTreeSet<LocalId>,
}

/// Collects the facts of a function.
pub(super) fn facts(func: &Func) -> Facts {
    let mut facts = Facts::default();
    walk::stmts(func.body.as_deref().unwrap_or_default(), &mut |node| match node {
        Node::Expr(Expr { kind: ExprKind::Call(..), .. }) => facts.calls = true,
        Node::Expr(Expr { kind: ExprKind::AddrOf(place), .. }) => match place.root() {
            Root::Local(local) => _ = facts.taken.insert(local),
            Root::Data(data) => _ = facts.data.insert(data),
            Root::Pointer | Root::Mapped => {}
        },
        Node::Expr(Expr { kind: ExprKind::FuncAddr(func), .. }) => _ = facts.funcs.insert(*func),
        Node::Place(Place { kind: PlaceKind::Field { .. } | PlaceKind::Index { .. }, .. }) => {
            let Node::Place(place) = node else { return };
            if let Root::Local(local) = place.root() {
                facts.parts.insert(local);
            }
        }
        Node::Stmt(stmt) => match &stmt.kind {
            StmtKind::Asm(asm) => {
                facts.has_asm = true;
                for name in asm.names.values() {
                    match *name {
                        AsmRef::Local(local) => _ = facts.named.insert(local),
                        AsmRef::Data(data, _) => _ = facts.data.insert(data),
                        AsmRef::Func(func) => _ = facts.funcs.insert(func),
                        AsmRef::Const(_) => {}
                    }
                }
            }
            StmtKind::Intrinsic(crate::sema::hir::Intrinsic::SetIrq(func)) => _ = facts.funcs.insert(*func),
            _ => {}
        },
        _ => {}
    });
    facts
}

/// True when two roots may share memory. `reachable` tells whether pointers may lead to a root.
pub(super) fn may_alias(a: Root, b: Root, reachable: &impl Fn(Root) -> bool) -> bool {
    match (a, b) {
        (Root::Local(_) | Root::Data(_), Root::Local(_) | Root::Data(_)) => a == b,
        (Root::Pointer, other) | (other, Root::Pointer) => reachable(other),
        (Root::Mapped, Root::Mapped) => true,
        (Root::Mapped, _) | (_, Root::Mapped) => false,
    }
}

/// What a range of bytes is counted from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Local(LocalId),
    Data(DataId),
    /// The address that a variable holds.
    Pointer(LocalId),
}

/// The bytes in which a place lies for certain: origin, first, and end.
fn range(place: &Place, size: &impl Fn(&Type) -> u32) -> Option<(Origin, u32, u32)> {
    let whole = |origin| Some((origin, 0, size(&place.ty)));
    match &place.kind {
        PlaceKind::Local(local) => whole(Origin::Local(*local)),
        PlaceKind::Data(data) => whole(Origin::Data(*data)),
        PlaceKind::Deref(address) => match &address.kind {
            ExprKind::Load(Place { kind: PlaceKind::Local(local), .. }) => whole(Origin::Pointer(*local)),
            _ => None,
        },
        PlaceKind::Field { base, offset } => {
            let (origin, lo, _) = range(base, size)?;
            Some((origin, lo + offset, lo + offset + size(&place.ty)))
        }
        PlaceKind::Index { base, .. } => range(base, size),
        PlaceKind::Mapped { .. } | PlaceKind::Error => None,
    }
}

/// True when two places lie in different parts of one thing.
pub(super) fn are_disjoint(a: &Place, b: &Place, size: &impl Fn(&Type) -> u32) -> bool {
    match (range(a, size), range(b, size)) {
        (Some((x, a_lo, a_hi)), Some((y, b_lo, b_hi))) => x == y && (a_hi <= b_lo || b_hi <= a_lo),
        _ => false,
    }
}

/// True when evaluating has effects, or may see effects of others, beyond reading places.
pub(super) fn calls_in(node: Node<'_>) -> bool {
    matches!(
        node,
        Node::Expr(Expr {
            kind: ExprKind::Call(..) | ExprKind::Builtin(Builtin::GetKey | Builtin::WaitKey, _),
            ..
        })
    )
}

/// True when an expression contains a call.
pub(super) fn expr_calls(e: &Expr) -> bool {
    let mut found = false;
    walk::expr(e, &mut |node| found |= calls_in(node));
    found
}

/// True when a part contains a call.
pub(super) fn part_calls(part: &StrPart) -> bool {
    let mut found = false;
    walk::part(part, &mut |node| found |= calls_in(node));
    found
}

/// True when a place contains a call.
pub(super) fn place_calls(place: &Place) -> bool {
    let mut found = false;
    walk::place(place, &mut |node| found |= calls_in(node));
    found
}

/// True when finding a place needs no run-time value but the pointer it starts from.
pub(super) fn is_fixed(place: &Place) -> bool {
    match &place.kind {
        PlaceKind::Local(_) | PlaceKind::Data(_) => true,
        PlaceKind::Field { base, .. } => is_fixed(base),
        PlaceKind::Index { base, index } => {
            is_fixed(base) && matches!(&**index, Index::At(e) if e.as_int().is_some())
        }
        PlaceKind::Mapped { addr, .. } => addr.as_int().is_some(),
        PlaceKind::Deref(_) | PlaceKind::Error => false,
    }
}

/// True when a condition is cheap enough to be evaluated at two places in the code.
pub(super) fn is_small(cond: &Expr) -> bool {
    let (mut nodes, mut heavy) = (0, false);
    walk::expr(cond, &mut |node| {
        nodes += 1;
        heavy |= calls_in(node)
            || matches!(
                node,
                Node::Expr(Expr {
                    kind: ExprKind::StrCompare(..) | ExprKind::StrTemp(_) | ExprKind::Builtin(..),
                    ..
                })
            );
    });
    !heavy && nodes <= 14
}

/// True when two places are certainly the same whenever they are found one after the other.
pub(super) fn same_place(a: &Place, b: &Place) -> bool {
    match (&a.kind, &b.kind) {
        (PlaceKind::Local(x), PlaceKind::Local(y)) => x == y,
        (PlaceKind::Data(x), PlaceKind::Data(y)) => x == y,
        (PlaceKind::Field { base: x, offset: m }, PlaceKind::Field { base: y, offset: n }) => {
            m == n && same_place(x, y)
        }
        (PlaceKind::Index { base: x, index: i }, PlaceKind::Index { base: y, index: j }) => {
            let same_index = match (&**i, &**j) {
                (Index::At(i), Index::At(j)) => i.as_int().is_some() && i.as_int() == j.as_int(),
                _ => false,
            };
            same_index && x.ty == y.ty && same_place(x, y)
        }
        (PlaceKind::Deref(x), PlaceKind::Deref(y)) => match (&x.kind, &y.kind) {
            (ExprKind::Load(x), ExprKind::Load(y)) => same_place(x, y),
            _ => false,
        },
        _ => false,
    }
}
