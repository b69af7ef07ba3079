//! Small rewrites of the control flow: jumps to jumps, branches around jumps, tail calls.
//!
//! Each rule keeps the sequence of all other instructions on every path.

use std::collections::{BTreeMap, BTreeSet};

use crate::codegen::mach::{Arg, Label, MInst, MKind};
use crate::mos::inst::Mnemonic;

/// Applies all rules until none fits. `tail_calls` allows `jmp` for `jsr` and `rts`.
pub fn tidy(code: &mut Vec<MInst>, tail_calls: bool) {
    loop {
        let before = code.len();
        let mut changed = thread_jumps(code);
        remove_unreachable(code);
        changed |= branch_around_jump(code);
        changed |= branch_to_the_heavier(code);
        remove_jumps_to_next(code);
        if tail_calls {
            changed |= make_tail_calls(code);
        }
        remove_unused_labels(code);
        if !changed && code.len() == before {
            return;
        }
    }
}

/// The label that control reaches by jumping to each label: labels followed by a `jmp`, or by
/// another label.
fn final_labels(code: &[MInst]) -> BTreeMap<Label, Label> {
    let mut direct: BTreeMap<Label, Label> = BTreeMap::new();
    for (at, inst) in code.iter().enumerate() {
        let MKind::Label(label) = inst.kind else { continue };
        let next = code[at + 1..].iter().find(|i| !matches!(i.kind, MKind::Label(_)));
        if let Some(MKind::Inst { mnemonic: Mnemonic::Jmp, arg: Arg::Label(to) }) = next.map(|i| &i.kind) {
            direct.insert(label, *to);
        }
    }
    let mut last = BTreeMap::new();
    for &label in direct.keys() {
        let (mut at, mut seen) = (label, BTreeSet::new());
        while let Some(&to) = direct.get(&at) {
            if !seen.insert(at) {
                break;
            }
            at = to;
        }
        last.insert(label, at);
    }
    last
}

fn thread_jumps(code: &mut [MInst]) -> bool {
    let last = final_labels(code);
    let mut changed = false;
    for inst in code {
        if let MKind::Inst { arg: Arg::Label(label), .. } = &mut inst.kind
            && let Some(&to) = last.get(label)
            && to != *label
        {
            *label = to;
            changed = true;
        }
    }
    changed
}

fn remove_unreachable(code: &mut Vec<MInst>) {
    let mut live = true;
    code.retain(|inst| {
        if matches!(inst.kind, MKind::Label(_)) {
            live = true;
        }
        let keep = live;
        if inst.ends_flow() {
            live = false;
        }
        keep
    });
}

/// `bne L1; jmp L2; L1:` is `beq L2; L1:`.
fn branch_around_jump(code: &mut Vec<MInst>) -> bool {
    let mut changed = false;
    let mut at = 0;
    while at + 2 < code.len() {
        let over = match (&code[at].kind, &code[at + 1].kind) {
            (
                MKind::Inst { mnemonic, arg: Arg::Label(around) },
                MKind::Inst { mnemonic: Mnemonic::Jmp, arg: Arg::Label(to) },
            ) => {
                let follows = code[at + 2..]
                    .iter()
                    .map_while(|i| if let MKind::Label(l) = i.kind { Some(l) } else { None })
                    .any(|l| l == *around);
                mnemonic.inverse().filter(|_| follows).map(|inverse| (inverse, *to))
            }
            _ => None,
        };
        if let Some((inverse, to)) = over {
            code[at].kind = MKind::Inst { mnemonic: inverse, arg: Arg::Label(to) };
            code.remove(at + 1);
            changed = true;
        }
        at += 1;
    }
    changed
}

/// `beq a; jmp b` is `bne b; jmp a` where more goes to `b`: a branch costs less than both.
fn branch_to_the_heavier(code: &mut [MInst]) -> bool {
    let mut weights: BTreeMap<Label, f64> = BTreeMap::new();
    for (at, inst) in code.iter().enumerate() {
        if let Some(label) = inst.label() {
            let next = code[at + 1..].iter().find(|i| i.label().is_none());
            weights.insert(label, next.map_or(inst.weight, |i| i.weight));
        }
    }
    let mut changed = false;
    for at in 1..code.len() {
        let (Some((branch, &Arg::Label(a))), Some((Mnemonic::Jmp, &Arg::Label(b)))) =
            (code[at - 1].inst(), code[at].inst())
        else {
            continue;
        };
        let (Some(weight_a), Some(weight_b)) = (weights.get(&a), weights.get(&b)) else { continue };
        if let Some(inverse) = branch.inverse().filter(|_| weight_b > weight_a) {
            code[at - 1].kind = MKind::Inst { mnemonic: inverse, arg: Arg::Label(b) };
            code[at].kind = MKind::Inst { mnemonic: Mnemonic::Jmp, arg: Arg::Label(a) };
            changed = true;
        }
    }
    changed
}

fn remove_jumps_to_next(code: &mut Vec<MInst>) {
    let mut dead = vec![false; code.len()];
    for (at, inst) in code.iter().enumerate() {
        let Some(target) = inst.target() else { continue };
        let follows = code[at + 1..]
            .iter()
            .map_while(|i| if let MKind::Label(l) = i.kind { Some(l) } else { None })
            .any(|l| l == target);
        dead[at] = follows;
    }
    let mut at = 0;
    code.retain(|_| {
        at += 1;
        !dead[at - 1]
    });
}

/// `jsr f; rts` is `jmp f`: the callee's `rts` returns for both.
fn make_tail_calls(code: &mut [MInst]) -> bool {
    let mut changed = false;
    for at in 0..code.len().saturating_sub(1) {
        let next = code[at + 1..].iter().find(|i| !matches!(i.kind, MKind::Label(_)));
        let returns = matches!(next.map(|i| &i.kind), Some(MKind::Inst { mnemonic: Mnemonic::Rts, .. }));
        if let MKind::Call { tail, .. } = &mut code[at].kind
            && returns
            && !*tail
        {
            *tail = true;
            changed = true;
        }
    }
    changed
}

fn remove_unused_labels(code: &mut Vec<MInst>) {
    let used: BTreeSet<Label> = code.iter().filter_map(MInst::target).collect();
    code.retain(|inst| !matches!(inst.kind, MKind::Label(l) if !used.contains(&l)));
}
