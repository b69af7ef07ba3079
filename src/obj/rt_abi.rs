//! Where the run-time routines take their operands and leave their results, and what they destroy.
//!
//! In: a routine of the middle IR. Out: its symbol in `asm/`, the place of every byte, and its
//! clobbers. Invariant: the clobbers hold for everything the routine calls as well, in both
//! environments; `tests/runtime_abi.rs` checks them against the code in `asm/`.
//! `docs/abi.md` is the description for people. Not here: the integer products and quotients.
//!
//! The rule: a single operand comes in A (`I8`), in A and X (`I16`, low byte in A) or in `rt_a`
//! (`I32`); several operands come in `rt_a`, `rt_b`, `rt_c` in order. Results leave in A, in A and
//! X, or in `rt_a`.

use crate::mir::ir::Ty;
use crate::mir::rt::Rt;
use crate::mos::effects::Effects;
use crate::obj::zpset::ZpSet;

/// The fixed zero page of the run time: three operands of four bytes, and temporaries.
pub const RT_A: u8 = 0x02;
pub const RT_B: u8 = 0x06;
pub const RT_C: u8 = 0x0a;
pub const RT_T: u8 = 0x0e;
/// All of it.
pub const RT_ZERO_PAGE: ZpSet = ZpSet::range(RT_A..=RT_T + 5);

/// The place of one byte of an operand or result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loc {
    A,
    X,
    Y,
    Zp(u8),
}

/// The calling convention of one routine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RtAbi {
    pub symbol: &'static str,
    /// For each operand the places of its bytes, lowest first.
    pub params: Vec<Vec<Loc>>,
    /// The places of the bytes of the result, lowest first; empty without one.
    pub ret: Vec<Loc>,
    /// A second result: the remainder of a division.
    pub extra: Vec<Loc>,
    pub clobbers: Clobbers,
}

impl RtAbi {
    /// The zero page that a call changes: what the routine does, and where its operands are put.
    pub fn zero_page(&self) -> ZpSet {
        let mut set = self.clobbers.zero_page;
        for loc in self.params.iter().flatten().chain(&self.ret).chain(&self.extra) {
            if let Loc::Zp(at) = loc {
                set.insert(*at);
            }
        }
        set
    }
}

/// What does not survive a call, results included. Flags never do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clobbers {
    /// Some of A, X, Y.
    pub registers: Effects,
    pub zero_page: ZpSet,
}

/// The convention of a routine of the middle IR.
pub fn routine(rt: Rt) -> RtAbi {
    let params = match (rt, rt.params()) {
        (Rt::BlockCopy, _) => (0..6).map(|i| zp(RT_A + 2 * i, 2)).collect(),
        (_, [one]) => vec![single(*one)],
        (_, several) => {
            let starts = [RT_A, RT_B, RT_C];
            several.iter().zip(starts).map(|(ty, at)| zp(at, ty.bytes() as u8)).collect()
        }
    };
    let ret = rt.ret().map_or(Vec::new(), single);
    RtAbi { symbol: rt.name(), params, ret, extra: Vec::new(), clobbers: clobbers(rt) }
}

/// The places of an only operand, or of a result.
fn single(ty: Ty) -> Vec<Loc> {
    match ty {
        Ty::I1 | Ty::I8 => vec![Loc::A],
        Ty::I16 => vec![Loc::A, Loc::X],
        Ty::I32 => zp(RT_A, 4),
    }
}

fn zp(start: u8, bytes: u8) -> Vec<Loc> {
    (start..start + bytes).map(Loc::Zp).collect()
}

const A2: ZpSet = ZpSet::range(RT_A..=RT_A + 1);
const A4: ZpSet = ZpSet::range(RT_A..=RT_A + 3);
const B2: ZpSet = ZpSet::range(RT_B..=RT_B + 1);
const C2: ZpSet = ZpSet::range(RT_C..=RT_C + 1);
const T2: ZpSet = ZpSet::range(RT_T..=RT_T + 1);
const T4: ZpSet = ZpSet::range(RT_T..=RT_T + 3);
const T6: ZpSet = ZpSet::range(RT_T..=RT_T + 5);
const NONE: ZpSet = ZpSet::EMPTY;

fn clobbers(rt: Rt) -> Clobbers {
    let (registers, zero_page) = match rt {
        Rt::FNeg | Rt::FAbs => ("A", A4),
        Rt::StrU8 | Rt::StrI8 | Rt::StrU16 | Rt::StrI16 => ("AXY", A2.with(T2)),
        Rt::StrU32 | Rt::StrI32 => ("AXY", A4.with(T6)),
        Rt::StrBool => ("AX", NONE),
        Rt::StrDecimals => ("AXY", A4.with(T4)),
        Rt::PrintChar => ("AXY", T6),
        Rt::PrintStr | Rt::PrintU8 | Rt::PrintI8 | Rt::PrintU16 | Rt::PrintI16 | Rt::PrintBool => {
            ("AXY", A4.with(T6))
        }
        Rt::PrintU32 | Rt::PrintI32 => ("AXY", A4.with(T6)),
        Rt::GetKey | Rt::WaitKey => ("AXY", NONE),
        Rt::StrCopy => ("AY", NONE),
        Rt::StrAppend => ("AXY", A2.with(T2)),
        Rt::StrAppendChar => ("AY", NONE),
        Rt::StrAppendRepeat => ("AXY", RT_ZERO_PAGE),
        Rt::StrCmp => ("AXY", T2),
        Rt::MemMove => ("AXY", A2.with(B2).with(T2)),
        Rt::MemFill => ("AXY", A2.with(T2)),
        Rt::MemFill16 | Rt::MemFill32 => ("AXY", A2.with(C2).with(T2)),
        Rt::BlockCopy => ("AXY", RT_ZERO_PAGE),
        Rt::StackLow => ("AX", NONE),
        Rt::SetIrq
        | Rt::SetIrqHook
        | Rt::EnableRasterIrq
        | Rt::DisableRasterIrq
        | Rt::SetRaster
        | Rt::GetRaster => ("AXY", NONE),
        _ => ("AXY", RT_ZERO_PAGE),
    };
    Clobbers { registers: Effects::from_letters(registers), zero_page }
}

/// The union that holds for every routine: all registers and the whole run-time zero page.
pub const EVERYTHING: Clobbers = Clobbers { registers: Effects::REGISTERS, zero_page: RT_ZERO_PAGE };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_operand_comes_in_registers_and_several_in_zero_page() {
        assert_eq!(routine(Rt::PrintChar).params, [vec![Loc::A]]);
        assert_eq!(routine(Rt::PrintStr).params, [vec![Loc::A, Loc::X]]);
        assert_eq!(routine(Rt::FNeg).params, [zp(RT_A, 4)]);
        assert_eq!(routine(Rt::MemFill).params, [zp(RT_A, 2), zp(RT_B, 1), zp(RT_C, 2)]);
        assert_eq!(routine(Rt::BlockCopy).params[5], [Loc::Zp(0x0c), Loc::Zp(0x0d)]);
        assert_eq!(routine(Rt::GetRaster).ret, [Loc::A, Loc::X]);
    }

    #[test]
    fn operands_of_one_routine_never_share_a_place() {
        for &rt in Rt::ALL {
            let places: Vec<Loc> = routine(rt).params.concat();
            for (i, place) in places.iter().enumerate() {
                assert!(!places[..i].contains(place), "{}", rt.name());
            }
        }
    }

    #[test]
    fn results_are_clobbers() {
        for &rt in Rt::ALL {
            let abi = routine(rt);
            for place in &abi.ret {
                let within = match *place {
                    Loc::A => abi.clobbers.registers.contains(Effects::A),
                    Loc::X => abi.clobbers.registers.contains(Effects::X),
                    Loc::Y => abi.clobbers.registers.contains(Effects::Y),
                    Loc::Zp(address) => abi.clobbers.zero_page.contains(address),
                };
                assert!(within, "{}", rt.name());
            }
        }
    }
}
