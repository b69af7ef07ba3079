//! Ends that several ways have in common are kept once: tail merging.
//!
//! In: finished code. Out: where two ways to the same place end in the same instructions, one of
//! them jumps into the other. Invariant: every path executes the same instructions, jumps aside.
//! For speed only where no path gets a jump more; for size wherever bytes are saved.
//! Not here: equal pieces of different functions (`outline.rs`).

use std::collections::BTreeMap;
use std::ops::Range;

use crate::codegen::mach::{Arg, Label, MInst, MKind, price};
use crate::mos::inst::Mnemonic;

/// How far apart in bytes two ends may lie where speed counts: branches to the one that goes must
/// reach the other.
const NEAR: u32 = 80;

/// The end of a way.
#[derive(Clone, Copy)]
struct End {
    /// Behind the last instruction that may be shared. A jump to the label is none of them, an
    /// instruction that leaves the function is one.
    at: usize,
    /// Falls into the label.
    falls: bool,
}

/// The same instructions at two ends: those from `keep` on stay, those in `drop` go.
struct Merge {
    keep: usize,
    drop: Range<usize>,
    gain: u32,
}

/// Merges all ends that pay; true when something changed. `small`: bytes count, not cycles.
pub fn run(code: &mut Vec<MInst>, small: bool) -> bool {
    let mut changed = false;
    let mut limits = vec![u32::MAX; code.len() + 1];
    while let Some(merge) = best(code, small, &mut limits) {
        apply(code, &merge, &mut limits);
        changed = true;
    }
    changed
}

/// The merge that saves most. `limits` tells for each place what is saved at most where an end there
/// goes: merging elsewhere never makes it more, unless it brings two ends near each other.
fn best(code: &[MInst], small: bool, limits: &mut [u32]) -> Option<Merge> {
    let mut bytes_before = vec![0; code.len() + 1];
    for (at, inst) in code.iter().enumerate() {
        bytes_before[at + 1] = bytes_before[at] + price(inst).bytes;
    }
    let mut best: Option<Merge> = None;
    for ends in ends(code) {
        for drop in &ends {
            let found = best.as_ref().map_or(0, |b| b.gain);
            if small && limits[drop.at] <= found {
                continue;
            }
            limits[drop.at] = 0;
            // Equal instructions are equally long: their beginnings are as far apart as their ends.
            let at = bytes_before[drop.at];
            let first = ends.partition_point(|end| bytes_before[end.at] + NEAR <= at);
            let last = ends.partition_point(|end| bytes_before[end.at] < at + NEAR);
            let tried = if small { &ends[..] } else { &ends[first..last] };
            for keep in tried.iter().filter(|keep| keep.at != drop.at) {
                let Some((k, d)) = shared(code, keep, drop) else { continue };
                let leaves = code[drop.at - 1].ends_flow();
                let jump = if drop.falls || leaves { 3 } else { 0 };
                let gain = (bytes_before[drop.at] - bytes_before[d]).saturating_sub(jump);
                limits[drop.at] = gain.max(limits[drop.at]);
                let free = only_by_jumps(code, d) || keep.falls && !drop.falls;
                if gain > best.as_ref().map_or(0, |b| b.gain) && (small || free) {
                    best = Some(Merge { keep: k, drop: d..drop.at, gain });
                }
            }
        }
    }
    best
}

/// The ends of all ways, together those that go to one place: to a label, by a jump or by falling
/// into it, or out of the function by equal instructions.
fn ends(code: &[MInst]) -> Vec<Vec<End>> {
    let mut inside: BTreeMap<Label, Vec<End>> = BTreeMap::new();
    let mut out: Vec<(&MKind, Vec<End>)> = Vec::new();
    for (at, inst) in code.iter().enumerate() {
        match &inst.kind {
            MKind::Label(label) if at > 0 && !code[at - 1].ends_flow() => {
                inside.entry(*label).or_default().push(End { at, falls: true });
            }
            MKind::Inst { mnemonic: Mnemonic::Jmp, arg: Arg::Label(label) } => {
                inside.entry(*label).or_default().push(End { at, falls: false });
            }
            kind if inst.ends_flow() => {
                let end = End { at: at + 1, falls: false };
                match out.iter_mut().find(|(other, _)| *other == kind) {
                    Some((_, ends)) => ends.push(end),
                    None => out.push((kind, vec![end])),
                }
            }
            _ => {}
        }
    }
    out.sort_by_cached_key(|(kind, _)| format!("{kind:?}"));
    inside.into_values().chain(out.into_iter().map(|(_, ends)| ends)).collect()
}

/// Where the longest run of equal instructions before both ends begins.
fn shared(code: &[MInst], keep: &End, drop: &End) -> Option<(usize, usize)> {
    let (mut k, mut d) = (keep.at, drop.at);
    while d > 0
        // The way that stays may be entered in between; the one that goes may not.
        && let Some(before) = code[..k].iter().rposition(|i| i.label().is_none())
        && same(&code[before], &code[d - 1])
        && (keep.at < d || drop.at <= before)
    {
        (k, d) = (before, d - 1);
    }
    (d < drop.at).then_some((k, d))
}

fn same(a: &MInst, b: &MInst) -> bool {
    let bound =
        matches!(a.kind, MKind::Asm(_) | MKind::Label(_) | MKind::Inst { mnemonic: Mnemonic::Nop, .. });
    !bound && a.kind == b.kind && a.volatile == b.volatile
}

/// True when the code at `at` is reached by jumps to a label only, so that they can go elsewhere.
fn only_by_jumps(code: &[MInst], at: usize) -> bool {
    let labels = code[..at].iter().rev().take_while(|i| i.label().is_some()).count();
    labels > 0 && at > labels && code[at - labels - 1].ends_flow()
}

fn apply(code: &mut Vec<MInst>, merge: &Merge, limits: &mut Vec<u32>) {
    let label = code.iter().filter_map(label_in).max().map_or(0, |l| l + 1);
    let weight = code[merge.drop.start].weight;
    let (mut k, mut left) = (merge.keep, merge.drop.len());
    while left > 0 {
        if code[k].label().is_none() {
            code[k].weight += weight;
            left -= 1;
        }
        k += 1;
    }
    let span = code[merge.drop.start].span;
    let jump = MKind::Inst { mnemonic: Mnemonic::Jmp, arg: Arg::Label(label) };
    let jump = MInst { kind: jump, volatile: false, span, weight };
    let mut end = merge.drop.end;
    if code.get(end).is_some_and(|i| matches!(i.inst(), Some((Mnemonic::Jmp, Arg::Label(_))))) {
        end += 1;
    }
    let mark =
        MInst { kind: MKind::Label(label), volatile: false, span: None, weight: code[merge.keep].weight };
    let keep = match merge.keep < merge.drop.start {
        true => merge.keep,
        false => merge.keep + 1 - (end - merge.drop.start),
    };
    code.splice(merge.drop.start..end, [jump]);
    limits.splice(merge.drop.start..end, [u32::MAX]);
    code.insert(keep, mark);
    limits.insert(keep, u32::MAX);
}

fn label_in(inst: &MInst) -> Option<Label> {
    inst.label().or_else(|| inst.target())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::index::Id;
    use crate::codegen::mach::Cell;
    use crate::codegen::mach::testing::{inst, label};
    use crate::mos::inst::Mnemonic::*;

    fn store(n: usize) -> MInst {
        inst(Sta, Arg::Cell(Cell::new(n)))
    }

    fn jump(to: Label) -> MInst {
        inst(Jmp, Arg::Label(to))
    }

    /// `if` with two ways that end alike.
    fn two_ways() -> Vec<MInst> {
        vec![
            inst(Bne, Arg::Label(1)),
            inst(Lda, Arg::Imm(1)),
            store(0),
            store(1),
            jump(2),
            label(1),
            inst(Lda, Arg::Imm(2)),
            store(0),
            store(1),
            label(2),
            inst(Rts, Arg::None),
        ]
    }

    #[test]
    fn a_way_that_jumps_jumps_into_the_one_that_falls() {
        for small in [false, true] {
            let mut code = two_ways();
            assert!(run(&mut code, small));
            assert_eq!(code[2].target(), Some(3));
            assert_eq!(
                code[5..8],
                [label(3), store(0), store(1)].map(|i| MInst { weight: code[5].weight, ..i })
            );
            assert_eq!(code.len(), 10);
        }
    }

    #[test]
    fn a_jump_more_is_taken_for_size_only() {
        let way = |n| [inst(Lda, Arg::Imm(n)), store(0), store(1), inst(Rts, Arg::None)];
        let mut code = vec![inst(Bne, Arg::Label(1))];
        code.extend(way(1));
        code.push(label(1));
        code.extend(way(2));
        assert!(!run(&mut code, false));
        assert!(run(&mut code, true));
        assert_eq!(code.len(), 9);
    }

    #[test]
    fn a_block_that_is_only_jumped_to_goes_at_any_level() {
        let way = || [inst(Lda, Arg::Imm(1)), store(0), inst(Rts, Arg::None)];
        let mut code = vec![inst(Bne, Arg::Label(1)), inst(Lda, Arg::Imm(1)), jump(9), label(1)];
        code.extend(way());
        code.push(label(9));
        code.extend(way());
        assert!(run(&mut code, false));
        assert_eq!(code.iter().filter(|i| i.inst().is_some_and(|(m, _)| m == Rts)).count(), 1);
    }

    #[test]
    fn delays_and_runs_that_overlap_stay() {
        let nop = || inst(Nop, Arg::None);
        let mut code =
            vec![inst(Bne, Arg::Label(1)), nop(), nop(), jump(2), label(1), nop(), nop(), label(2)];
        assert!(!run(&mut code, true));
        let mut code = vec![label(1), store(0), store(0), jump(1)];
        assert!(!run(&mut code, true));
    }
}
