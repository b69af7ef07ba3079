//! Jumps with the carry as it is wanted go behind the CLC or SEC.
//!
//! In: finished code. Out: where the way around a loop ends in `bcc` and the loop clears the carry
//! before its first sum, the CLC stands at the top, and the `bcc` enters behind it. Invariant: every
//! path has the same carry wherever it is read. No path executes more instructions than before.

use crate::codegen::mach::effects::of;
use crate::codegen::mach::{Arg, MInst, MKind, flow};
use crate::mos::effects::Effects;
use crate::mos::inst::Mnemonic::{self, *};

/// Rewrites the code; true when something changed.
pub fn run(code: &mut Vec<MInst>) -> bool {
    let mut next = code.iter().filter_map(MInst::label).max().map_or(0, |l| l + 1);
    let mut changed = false;
    // Each one that is found has its own label behind the CLC afterwards and is not found again.
    while let Some((jumps, set_at, first)) = find(code) {
        let set = code.remove(set_at);
        let weight = set.weight;
        code.insert(first, set);
        for jump in jumps {
            if let MKind::Inst { arg: Arg::Label(target), .. } = &mut code[jump].kind {
                *target = next;
            }
        }
        code.insert(first + 1, MInst { kind: MKind::Label(next), volatile: false, span: None, weight });
        next += 1;
        changed = true;
    }
    changed
}

fn mnemonic_of(inst: &MInst) -> Option<Mnemonic> {
    inst.inst().map(|i| i.0)
}

/// Jumps to one label with the carry known, where the CLC or SEC stands that they make needless,
/// and where it goes.
fn find(code: &[MInst]) -> Option<(Vec<usize>, usize, usize)> {
    let flow = flow::of(code);
    let touches = |inst: &MInst| {
        let effects = of(inst, Effects::NONE);
        (effects.reads | effects.writes).intersects(Effects::C)
    };
    flow.blocks.iter().find_map(|range| {
        let label = code[range.start].label()?;
        let set_at = range.clone().find(|&at| touches(&code[at]))?;
        let wanted = mnemonic_of(&code[set_at]).filter(|m| matches!(m, Clc | Sec))?;
        let jumps = flow.blocks.iter().map(|b| b.end - 1).filter(|&at| {
            code[at].target() == Some(label) && at > set_at && known(code, &flow, at) == Some(wanted)
        });
        let jumps: Vec<usize> = jumps.collect();
        (!jumps.is_empty()).then_some((jumps, set_at, range.start + 1))
    })
}

/// The instruction that would set the carry as it is where the jump is taken.
fn known(code: &[MInst], flow: &flow::Flow, jump: usize) -> Option<Mnemonic> {
    match mnemonic_of(&code[jump])? {
        Bcc => return Some(Clc),
        Bcs => return Some(Sec),
        _ => {}
    }
    let block = flow.blocks.iter().find(|b| b.contains(&jump))?;
    let quiet = |inst: &MInst| !of(inst, Effects::NONE).writes.intersects(Effects::C);
    if code[block.start].label().is_some() || !code[block.clone()].iter().all(quiet) {
        return None;
    }
    // The block is entered from the branch before it only, when that is not taken.
    match mnemonic_of(&code[block.start.checked_sub(1)?])? {
        Bcc => Some(Sec),
        Bcs => Some(Clc),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::mach::testing::{inst, label};

    fn sum(last: Mnemonic) -> Vec<MInst> {
        vec![
            label(1),
            inst(Lda, Arg::Zp(2)),
            inst(Clc, Arg::None),
            inst(Adc, Arg::Zp(3)),
            inst(Cmp, Arg::Imm(9)),
            inst(last, Arg::Label(1)),
            inst(Rts, Arg::None),
        ]
    }

    #[test]
    fn the_way_around_enters_behind_the_clc() {
        let mut code = sum(Bcc);
        assert!(run(&mut code));
        assert_eq!(mnemonic_of(&code[1]), Some(Clc));
        assert_eq!(code[2].label(), code[6].target());
        assert!(!run(&mut code));
    }

    #[test]
    fn an_unknown_or_set_carry_needs_it() {
        assert!(!run(&mut sum(Bne)));
        assert!(!run(&mut sum(Bcs)));
    }
}
