//! The calling convention of the integer arithmetic routines, which the code generator chooses by
//! name: `asm/mul.s`, `asm/div.s`, `asm/shift.s`.
//!
//! In: a symbol. Out: the places of operands and results. Invariant: agrees with the head comments
//! in `asm/`; a test runs each routine through this table.

use crate::mos::effects::Effects;
use crate::obj::rt_abi::{Clobbers, Loc, RT_A, RT_B, RT_C, RT_ZERO_PAGE, RtAbi};

fn zp(start: u8, bytes: u8) -> Vec<Loc> {
    (start..start + bytes).map(Loc::Zp).collect()
}

/// The convention of an arithmetic routine. `extra` of a division is the remainder.
pub fn arithmetic(symbol: &'static str) -> RtAbi {
    let ax = || vec![Loc::A, Loc::X];
    let (params, ret, extra) = match symbol.trim_end_matches("_c") {
        "rt_mul8" => (vec![vec![Loc::A], zp(RT_B, 1)], ax(), Vec::new()),
        "rt_mul16" => (vec![zp(RT_A, 2), zp(RT_B, 2)], ax(), Vec::new()),
        "rt_mul16w" | "rt_mul16ws" => (vec![zp(RT_A, 2), zp(RT_B, 2)], zp(RT_A, 4), Vec::new()),
        "rt_mul32" => (vec![zp(RT_A, 4), zp(RT_B, 4)], zp(RT_A, 4), Vec::new()),
        "rt_udiv8" | "rt_sdiv8" => (vec![vec![Loc::A], zp(RT_B, 1)], vec![Loc::A], vec![Loc::X]),
        "rt_udiv16" | "rt_sdiv16" => (vec![zp(RT_A, 2), zp(RT_B, 2)], ax(), zp(RT_C, 2)),
        "rt_udiv32" | "rt_sdiv32" => (vec![zp(RT_A, 4), zp(RT_B, 4)], zp(RT_A, 4), zp(RT_C, 4)),
        "rt_div10_16" => (vec![zp(RT_A, 2)], ax(), zp(RT_C, 2)),
        "rt_shl8" | "rt_shr8" | "rt_sar8" => (vec![vec![Loc::A], vec![Loc::Y]], vec![Loc::A], Vec::new()),
        "rt_shl16" | "rt_shr16" | "rt_sar16" => (vec![zp(RT_A, 2), vec![Loc::Y]], ax(), Vec::new()),
        "rt_shl32" | "rt_shr32" | "rt_sar32" => (vec![zp(RT_A, 4), vec![Loc::Y]], zp(RT_A, 4), Vec::new()),
        _ => unreachable!("{symbol} is no arithmetic routine"),
    };
    let clobbers = Clobbers { registers: Effects::REGISTERS, zero_page: RT_ZERO_PAGE };
    RtAbi { symbol, params, ret, extra, clobbers }
}
