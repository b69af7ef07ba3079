//! Looks up `1 << n` in a table of eight bytes.
//!
//! In: a shift of a constant byte by a number that `ranges.rs` knows to be below 8, as programs set
//! and test single bits. Out: a load from a constant table, one for each constant shifted.
//! Only in whole programs: tables have names of their own, which modules would share.

use std::collections::BTreeMap;

use crate::mir::ir::{
    Access, Addr, Base, BinOp, BlockId, Func, Global, GlobalId, GlobalKind, Init, Op, Program, Ty, Value,
};
use crate::opt::counters::Defs;
use crate::opt::ranges::Ranges;
use crate::opt::{Level, Pass, Run};

pub const PASS: Pass =
    Pass { name: "bits", about: "looks up shifted constants in tables", run: Run::Program(run) };

/// A shift to look up.
struct Lookup {
    block: BlockId,
    at: usize,
    shifted: u32,
    count: Value,
}

fn run(program: &mut Program, _: Level) -> bool {
    if program.entry.is_none() {
        return false;
    }
    let mut tables: BTreeMap<u32, GlobalId> = BTreeMap::new();
    for id in program.funcs.ids() {
        for found in lookups(&program.funcs[id]) {
            let table = *tables.entry(found.shifted).or_insert_with(|| {
                let bytes = (0..8).map(|n| (found.shifted << n) as u8).collect();
                let name = format!("bits.{}", found.shifted);
                let table =
                    Global { init: vec![Init::Bytes(bytes)], ..Global::new(name, GlobalKind::Const, 8) };
                program.globals.push(table)
            });
            let addr = Addr::indexed(Base::Global(table), found.count, 0);
            program.funcs[id].blocks[found.block].insts[found.at].op = Op::Load(addr, Access::Plain);
        }
    }
    !tables.is_empty()
}

fn lookups(func: &Func) -> Vec<Lookup> {
    let defs = Defs::new(func);
    let mut ranges: Option<Ranges> = None;
    let mut found = Vec::new();
    for (block, data) in func.blocks.enumerated() {
        for (at, inst) in data.insts.iter().enumerate() {
            let Op::Bin(BinOp::Shl, value, count) = inst.op else { continue };
            let bytes = func.ty(value) == Ty::I8 && func.ty(count) == Ty::I8;
            let (true, Some(shifted), None) = (bytes, defs.constant(value), defs.constant(count)) else {
                continue;
            };
            let range = ranges.get_or_insert_with(|| Ranges::new(func)).at(count, block);
            if !range.is_empty() && range.high < 8 {
                found.push(Lookup { block, at, shifted, count });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    fn after(mask: u32) -> String {
        let text = format!(
            "entry @main\nfunc @main() {{\nb0:\n v0: i8 = load volatile [$d012]\n v1: i8 = const {mask}\n\
             v2: i8 = and v0, v1\n v3: i8 = const 1\n v4: i8 = shl v3, v2\n v5: i8 = const 3\n\
             v6: i8 = shl v5, v2\n store [$0400], v4\n store [$0401], v6\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("bits").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn each_constant_has_its_table() {
        let text = after(7);
        assert!(text.contains("global @bits.1 const 8 = bytes \"0102040810204080\""), "{text}");
        assert!(text.contains("global @bits.3 const 8 = bytes \"03060c183060c080\""), "{text}");
        assert!(text.contains("load [@bits.1 + v2]") && !text.contains("shl"), "{text}");
    }

    #[test]
    fn what_may_leave_the_byte_is_shifted() {
        assert!(!after(15).contains("bits."));
    }
}
