//! The tables of the run time's calling convention against the code in `asm/`: what a routine may
//! write, by its instructions and by those of all it calls, is in its row.

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};

use pycoc::assembler::library::{Chunk, ChunkKind, assemble_library};
use pycoc::mir::rt::Rt;
use pycoc::mos::effects::{self, Effects};
use pycoc::mos::item::Item;
use pycoc::obj::rt_abi::{self, RtAbi};
use pycoc::obj::rt_arith;
use pycoc::obj::zpset::ZpSet;

/// What code writes, and the routines it refers to.
#[derive(Clone, Default)]
struct Writes {
    registers: BTreeSet<char>,
    zero_page: ZpSet,
    calls: BTreeSet<String>,
}

/// The code of `asm/` for one environment, by every global name; without files whose name holds one
/// of `others`.
fn code(others: [&str; 2]) -> BTreeMap<String, Writes> {
    let folder = format!("{}/asm", env!("CARGO_MANIFEST_DIR"));
    let prelude = fs::read_to_string(format!("{folder}/zp.s")).unwrap();
    let mut files: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path().display().to_string()).collect();
    files.sort();
    let mut all = BTreeMap::new();
    for file in files.iter().filter(|file| file.ends_with(".s") && !others.iter().any(|o| file.contains(o))) {
        let (chunks, errors) = assemble_library(&prelude, &fs::read_to_string(file).unwrap());
        assert_eq!(errors, [], "{file}");
        for chunk in chunks.iter().filter(|chunk| chunk.kind == ChunkKind::Code) {
            let writes = writes(chunk);
            let labels = chunk.items.iter().filter_map(|item| match item {
                Item::Global(name) => Some(name.to_string()),
                _ => None,
            });
            labels.chain([chunk.name.to_string()]).for_each(|name| drop(all.insert(name, writes.clone())));
        }
    }
    all
}

fn writes(chunk: &Chunk) -> Writes {
    let mut writes = Writes::default();
    for item in &chunk.items {
        let Item::Inst(inst) = item else { continue };
        let effects = effects::writes(inst.mnemonic, inst.mode);
        for (register, effect) in [('A', Effects::A), ('X', Effects::X), ('Y', Effects::Y)] {
            if effects.intersects(effect) {
                writes.registers.insert(register);
            }
        }
    }
    for touch in chunk.facts.touches.iter().filter(|touch| touch.written) {
        // What `sta $00,x` reaches is found by running the routine (`tests/arithmetic.rs`).
        if let Some(address @ 0x02..=0x8f) = touch.place.as_number() {
            writes.zero_page.insert(address as u8);
        }
    }
    writes.calls = chunk.references.iter().map(|(name, _)| name.to_string()).collect();
    writes
}

/// What `name` and all it calls write.
fn closure(code: &BTreeMap<String, Writes>, name: &str) -> Writes {
    let mut sum = Writes::default();
    let mut queue = vec![name.to_string()];
    while let Some(name) = queue.pop() {
        if let Some(writes) = code.get(&name).filter(|_| sum.calls.insert(name.clone())) {
            sum.registers.extend(&writes.registers);
            sum.zero_page |= writes.zero_page;
            queue.extend(writes.calls.iter().cloned());
        }
    }
    sum
}

#[test]
fn routines_write_no_more_than_their_row_says() {
    let abis = Rt::ALL.iter().map(|rt| rt_abi::routine(*rt));
    let abis: Vec<RtAbi> = abis.chain(rt_arith::SYMBOLS.iter().map(|s| rt_arith::arithmetic(s))).collect();
    let mut wrong = Vec::new();
    let environments = ["_kernal", "_bare"];
    for others in environments.iter().flat_map(|e| [[e, "_fast"], [e, "_small"]]) {
        let code = code(others);
        for abi in &abis {
            let writes = closure(&code, abi.symbol);
            let clobbers = abi.clobbers;
            let registers: String = writes.registers.iter().collect();
            let known = clobbers.registers.contains(Effects::REGISTERS)
                || registers.chars().all(|r| format!("{:?}", clobbers.registers).contains(r));
            if !known || !clobbers.zero_page.contains_all(writes.zero_page) {
                let row = format!("{:?} {:?}", clobbers.registers, clobbers.zero_page);
                wrong.push(format!("{}: writes {registers} {:?}, row {row}", abi.symbol, writes.zero_page));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn code_finds_its_arithmetic_whatever_the_program_is_made_for() {
    for others in [["_kernal", "_fast"], ["_kernal", "_small"]] {
        let code = code(others);
        let missing: Vec<&&str> = rt_arith::SYMBOLS.iter().filter(|s| !code.contains_key(**s)).collect();
        assert!(missing.is_empty(), "without {others:?}: {missing:?}");
    }
}
