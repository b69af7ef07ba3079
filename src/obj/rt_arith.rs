//! The calling convention of the integer arithmetic routines, which the code generator chooses by
//! name: `asm/mul*.s`, `asm/square.s`, `asm/div*.s`, `asm/shift.s`. A row covers the fast
//! and the small routine of a name.
//!
//! In: a symbol. Out: the places of operands and results, and the clobbers. Invariant: agrees with
//! the head comments in `asm/`; `tests/runtime_abi.rs` checks the clobbers against the code.

use crate::mos::effects::Effects;
use crate::obj::rt_abi::{Clobbers, Loc, RT_A, RT_B, RT_C, RT_T, RtAbi};
use crate::obj::zpset::ZpSet;

/// All routines that [`arithmetic`] knows.
pub const SYMBOLS: &[&str] = &[
    "rt_mul8",
    "rt_mul16",
    "rt_mul16b",
    "rt_mul16w",
    "rt_mul16ws",
    "rt_mul32",
    "rt_qmul8",
    "rt_qmul16",
    "rt_qmul16b",
    "rt_qmul16w",
    "rt_qmul16ws",
    "rt_qsquare16w",
    "rt_qsquare16ws",
    "rt_qmul16ms",
    "rt_qsquare16ms",
    "rt_udiv8",
    "rt_sdiv8",
    "rt_udiv16",
    "rt_sdiv16",
    "rt_udiv32b",
    "rt_udiv32w",
    "rt_udiv32",
    "rt_sdiv32b",
    "rt_sdiv32w",
    "rt_sdiv32",
    "rt_div10_16",
    "rt_shl8",
    "rt_shr8",
    "rt_sar8",
    "rt_shl16",
    "rt_shr16",
    "rt_sar16",
    "rt_shl32",
    "rt_shr32",
    "rt_sar32",
];

fn zp(start: u8, bytes: u8) -> Vec<Loc> {
    (start..start + bytes).map(Loc::Zp).collect()
}

/// So many bytes of zero page from `start` on.
const fn set(start: u8, bytes: u8) -> ZpSet {
    ZpSet::range(start..=start + bytes - 1)
}

/// The convention of an arithmetic routine. `extra` of a division is the remainder; bytes of it that
/// have no place are zero.
pub fn arithmetic(symbol: &'static str) -> RtAbi {
    let ax = || vec![Loc::A, Loc::X];
    let (a2, a4, b2, b4) = (|| zp(RT_A, 2), || zp(RT_A, 4), || zp(RT_B, 2), || zp(RT_B, 4));
    let (params, ret, extra) = match symbol {
        "rt_mul8" | "rt_qmul8" => (vec![vec![Loc::A], vec![Loc::Y]], ax(), Vec::new()),
        "rt_mul16" | "rt_qmul16" => (vec![a2(), b2()], ax(), Vec::new()),
        "rt_mul16b" | "rt_qmul16b" => (vec![a2(), vec![Loc::A]], ax(), Vec::new()),
        "rt_mul16w" | "rt_mul16ws" | "rt_qmul16w" | "rt_qmul16ws" => (vec![a2(), b2()], a4(), Vec::new()),
        "rt_qsquare16w" | "rt_qsquare16ws" => (vec![a2()], a4(), Vec::new()),
        "rt_qmul16ms" => (vec![a2(), b2()], vec![Loc::A, Loc::Y], Vec::new()),
        "rt_qsquare16ms" => (vec![ax()], vec![Loc::A, Loc::Y], Vec::new()),
        "rt_mul32" => (vec![a4(), b4()], a4(), Vec::new()),
        "rt_udiv8" | "rt_sdiv8" => (vec![vec![Loc::A], vec![Loc::Y]], vec![Loc::A], vec![Loc::X]),
        "rt_udiv16" | "rt_sdiv16" => (vec![a2(), b2()], ax(), zp(RT_C, 2)),
        "rt_udiv32b" => (vec![a4(), vec![Loc::Y]], a4(), vec![Loc::A]),
        "rt_udiv32w" => (vec![a4(), b2()], a4(), zp(RT_C, 2)),
        "rt_sdiv32b" => (vec![a4(), vec![Loc::Y]], a4(), zp(RT_C, 4)),
        "rt_sdiv32w" => (vec![a4(), b2()], a4(), zp(RT_C, 4)),
        "rt_udiv32" | "rt_sdiv32" => (vec![a4(), b4()], a4(), zp(RT_C, 4)),
        "rt_div10_16" => (vec![a2()], ax(), vec![Loc::Y]),
        "rt_shl8" | "rt_shr8" | "rt_sar8" => (vec![vec![Loc::A], vec![Loc::Y]], vec![Loc::A], Vec::new()),
        "rt_shl16" | "rt_shr16" | "rt_sar16" => (vec![a2(), vec![Loc::Y]], ax(), Vec::new()),
        "rt_shl32" | "rt_shr32" | "rt_sar32" => (vec![a4(), vec![Loc::Y]], a4(), Vec::new()),
        _ => unreachable!("{symbol} is no arithmetic routine"),
    };
    RtAbi { symbol, params, ret, extra, clobbers: clobbers(symbol) }
}

fn clobbers(symbol: &str) -> Clobbers {
    const A: u8 = RT_A;
    const B: u8 = RT_B;
    const C: u8 = RT_C;
    const T: u8 = RT_T;
    let zero_page = match symbol {
        "rt_mul8" | "rt_qmul8" | "rt_udiv8" => set(T, 2),
        "rt_sdiv8" => set(T, 3),
        "rt_mul16" => set(A, 2) | set(B, 2) | set(T, 4),
        "rt_mul16b" => set(A, 2) | set(T, 1),
        "rt_mul16w" => set(A, 4) | set(T, 4),
        "rt_mul16ws" => set(A, 4) | set(C, 2) | set(T, 4),
        "rt_mul32" => set(A, 4) | set(B, 4) | set(C, 4) | set(T, 6),
        "rt_qmul16" | "rt_qmul16b" => set(C, 4) | set(T, 5),
        "rt_qmul16w" => set(A, 4) | set(C, 4) | set(T, 6),
        "rt_qmul16ws" => set(A, 4) | set(B + 2, 1) | set(C, 4) | set(T, 6),
        "rt_qsquare16w" | "rt_qsquare16ws" => set(A, 4) | set(T, 3),
        "rt_qmul16ms" => set(A + 2, 2) | set(C, 4) | set(T, 4),
        "rt_qsquare16ms" => set(T, 4),
        "rt_udiv16" => set(A, 2) | set(C, 2),
        "rt_sdiv16" => set(A, 2) | set(B, 2) | set(C, 2) | set(T, 1),
        "rt_udiv32b" => set(A, 4) | set(T, 1),
        "rt_udiv32w" => set(A, 4) | set(C, 2) | set(T, 1),
        "rt_sdiv32b" | "rt_sdiv32w" => set(A, 4) | set(C, 4) | set(T, 1),
        "rt_udiv32" => set(A, 4) | set(C, 4) | set(T, 5),
        "rt_sdiv32" => set(A, 4) | set(B, 4) | set(C, 4) | set(T, 5),
        "rt_div10_16" => set(T, 3),
        "rt_shl16" | "rt_shr16" | "rt_sar16" => set(A, 1),
        "rt_shl32" | "rt_shr32" | "rt_sar32" => set(A, 4),
        _ => ZpSet::EMPTY,
    };
    let registers = match symbol {
        "rt_shl8" | "rt_shr8" | "rt_sar8" => Effects::A | Effects::Y,
        _ => Effects::REGISTERS,
    };
    Clobbers { registers, zero_page }
}
