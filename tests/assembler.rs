//! The assembler against the opcode table and against 64tass, an independent assembler.
//!
//! Every opcode that a mnemonic stands for is written as text, assembled and emitted; the bytes
//! must be those of the table, and those that 64tass makes (skipped where it is not installed).

use pycoc::assembler::{NoNames, Options, assemble};
use pycoc::mos::encode;
use pycoc::mos::inst::{Mnemonic, Mode};
use pycoc::mos::table::{Row, TABLE};
use pycoc::mos::{disasm, item::Name};
use pycoc::obj::emit::emit;
use std::process::Command;

/// The rows that the encoder chooses.
fn canonical() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(|r| encode::find(r.mnemonic, r.mode).is_some_and(|found| found.opcode == r.opcode))
}

fn line(row: &Row) -> String {
    let operand = match row.mode {
        Mode::Relative => "*+$10",
        mode if mode.operand_bytes() == 2 => "$1234",
        _ => "$56",
    };
    format!(" {} {}\n", row.mnemonic, row.mode.notation(operand))
}

fn bytes_of(text: &str) -> Vec<u8> {
    let assembled = assemble(text, Options::default(), &NoNames);
    assert_eq!(assembled.errors, []);
    let (section, errors) = emit("test", &assembled.items, &|_: &Name| false);
    assert_eq!(errors, []);
    section.bytes
}

#[test]
fn every_opcode_assembles_to_its_row() {
    for row in canonical() {
        let expected: &[u8] = match (row.mode, row.length) {
            (Mode::Relative, _) => &[row.opcode, 0x0e],
            (_, 1) => &[row.opcode],
            (_, 2) => &[row.opcode, 0x56],
            _ => &[row.opcode, 0x34, 0x12],
        };
        assert_eq!(bytes_of(&line(row)), expected, "{}", line(row));
    }
}

#[test]
fn disassembly_of_every_opcode_assembles_to_the_same_bytes() {
    for row in &TABLE {
        let bytes = [row.opcode, 0x12, 0x34];
        let (text, length) = disasm::line(&bytes, 0, &|_| None);
        // The disassembler knows the target's address, this section does not.
        let text = if row.mode == Mode::Relative { text.replace('$', "*+$") } else { text };
        assert_eq!(bytes_of(&text), bytes[..length], "{text}");
    }
}

#[test]
fn agrees_with_64tass() {
    if Command::new("64tass").arg("--version").output().is_err() {
        eprintln!("64tass is not installed; skipped");
        return;
    }
    // Names that 64tass does not have, and forms of `nop` that it spells differently.
    let known = |row: &&Row| {
        let other_nop = row.mnemonic == Mnemonic::Nop && row.mode != Mode::Implied;
        !other_nop && !matches!(row.mnemonic, Mnemonic::Tas | Mnemonic::Las)
    };
    let text: String = canonical().filter(known).map(line).collect();
    let dir = std::env::temp_dir().join(format!("pycoc-asm-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a temporary folder");
    let (source, output) = (dir.join("all.s"), dir.join("all.bin"));
    std::fs::write(&source, format!(" .cpu \"6502i\"\n* = $1000\n{text}")).expect("the source is written");
    let result = Command::new("64tass").args(["-q", "-b", "-o"]).arg(&output).arg(&source).output();
    let result = result.expect("64tass runs");
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    let theirs = std::fs::read(&output).expect("64tass wrote its output");
    std::fs::remove_dir_all(&dir).expect("the temporary folder goes");
    assert_eq!(bytes_of(&text), theirs);
}
