//! Jumps that bring a byte in its register go behind the load of it.
//!
//! In: code after `reload`. Out: a way around a loop on which `lda #0` at the top changes nothing
//! enters behind it; the way into the loop still goes through it. Invariant: every path executes
//! the same instructions but for loads of what the register holds, whose flags nobody reads.

use crate::codegen::mach::effects::of;
use crate::codegen::mach::liveness::live_out;
use crate::codegen::mach::reload::{Known, entries, held, loaded};
use crate::codegen::mach::{Arg, Label, MInst, MKind, flow};
use crate::mos::effects::Effects;
use crate::mos::inst::Mnemonic::*;

/// A jump to change: the instruction that jumps, and the place it goes to.
struct Skip {
    jump: usize,
    to: usize,
}

/// Rewrites the code once; true when something changed.
pub fn run(code: &mut Vec<MInst>, cells: usize, at_return: Effects) -> bool {
    let mut skips = find(code, cells, at_return);
    let mut next = code.iter().filter_map(MInst::label).max().map_or(0, |l| l + 1);
    // From the end, so that places before stay what they are.
    skips.sort_by_key(|s| std::cmp::Reverse((s.to, s.jump)));
    let mut labels: Vec<(usize, Label)> = Vec::new();
    for skip in &skips {
        let label = match labels.last() {
            Some(&(to, label)) if to == skip.to => label,
            _ => {
                labels.push((skip.to, next));
                next += 1;
                next - 1
            }
        };
        if let MKind::Inst { arg: Arg::Label(target), .. } = &mut code[skip.jump].kind {
            *target = label;
        }
    }
    for (to, label) in labels {
        let weight = code.get(to).map_or(1.0, |i| i.weight);
        code.insert(to, MInst { kind: MKind::Label(label), volatile: false, span: None, weight });
    }
    !skips.is_empty()
}

fn find(code: &[MInst], cells: usize, at_return: Effects) -> Vec<Skip> {
    let flow = flow::of(code);
    let entries = entries(code, &flow);
    let out = live_out(code, &flow, cells, at_return);
    let mut skips = Vec::new();
    for (b, range) in flow.blocks.iter().enumerate() {
        let jump = range.end - 1;
        let (Some(label), Some(known)) = (code[jump].target(), &entries[b]) else { continue };
        let mut known = known.clone();
        code[range.clone()].iter().for_each(|inst| known.step(inst));
        let target = flow.blocks.iter().position(|r| code[r.start].label() == Some(label));
        // Several labels may stand in a row.
        let only_label =
            |b: &usize| flow.blocks[*b].len() == 1 && code[flow.blocks[*b].start].label().is_some();
        let target = target.and_then(|t| (t..flow.blocks.len()).find(|b| !only_label(b)));
        let Some(target) = target else { continue };
        let place = flow.blocks[target].clone();
        let first = place.start + usize::from(code[place.start].label().is_some());
        let loads = code[first..place.end].iter().take_while(|i| brings_nothing(i, &known)).count();
        // The last load that is left out must not set flags that are read.
        let mut live = out[target].clone();
        let mut to = None;
        for at in (first..place.end).rev() {
            if at < first + loads && to.is_none() && !live.regs.intersects(Effects::N | Effects::Z) {
                to = Some(at + 1);
            }
            live.step(&code[at], &of(&code[at], at_return));
        }
        skips.extend(to.map(|to| Skip { jump, to }));
    }
    skips
}

/// True for a load of what its register holds.
fn brings_nothing(inst: &MInst, known: &Known) -> bool {
    if inst.volatile {
        return false;
    }
    match inst.inst() {
        Some((mnemonic @ (Lda | Ldx | Ldy), arg)) => {
            held(arg).is_some_and(|byte| known.of(loaded(mnemonic)).contains(&byte))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::index::Id;
    use crate::codegen::mach::Cell;
    use crate::codegen::mach::testing::{inst, label};

    #[test]
    fn the_way_around_a_loop_goes_behind_a_load() {
        let pointer = Cell::new(0);
        let mut code = vec![
            label(1),
            inst(Lda, Arg::Imm(0)),
            inst(Sta, Arg::IndY(pointer)),
            inst(Iny, Arg::None),
            inst(Bne, Arg::Label(1)),
            inst(Rts, Arg::None),
        ];
        assert!(run(&mut code, 2, Effects::NONE));
        assert_eq!(code[2].kind, MKind::Label(2));
        assert_eq!(code[5].target(), Some(2));
        assert!(!run(&mut code, 2, Effects::NONE));
    }

    #[test]
    fn a_load_whose_flags_are_read_is_not_left_out() {
        let mut code = vec![
            inst(Lda, Arg::Imm(0)),
            label(1),
            inst(Lda, Arg::Imm(0)),
            inst(Beq, Arg::Label(2)),
            label(2),
            inst(Inx, Arg::None),
            inst(Bne, Arg::Label(1)),
            inst(Rts, Arg::None),
        ];
        assert!(!run(&mut code, 0, Effects::NONE));
    }
}
