//! Calls routines of `asm/` on the CPU, to test what they compute, change and cost.
//!
//! In: the names of files in `asm/`. Out: a machine on which a routine can be called with given
//! registers and zero page. All routines of the files are linked at $1000, so that page crossings
//! are like those of a real program. Each call checks the routine's `clobbers:` and `cycles:`
//! header lines.

#![allow(dead_code)] // each test file uses a part

use mos6502::cpu::CPU;
use mos6502::instruction::Nmos6502;
use mos6502::memory::{Bus, Memory};
use pycoc::assembler::library::{ChunkKind, assemble_library};
use pycoc::mos::item::Name;
use pycoc::obj::emit::emit;
use pycoc::obj::object::{Section, SectionKind};
use pycoc::obj::reloc;
use std::collections::BTreeMap;
use std::fs;

/// Where the zero page of the run time begins and ends.
const ZERO_PAGE: std::ops::Range<usize> = 0x02..0x14;
/// So much of the zero page is checked for changes.
const WATCHED: u16 = 0x20;
const ORIGIN: u16 = 0x1000;
/// A return here ends a call.
const RETURN: u16 = 0x0400;

/// What the header comment of a routine promises.
#[derive(Clone, Default)]
struct Promise {
    registers: String,
    zero_page: Vec<u8>,
    /// None when they are given by a formula.
    cycles: Option<u64>,
}

/// The registers and the first operands before a call, or after it.
#[derive(Clone, Copy, Default, Debug)]
pub struct State {
    pub a: u8,
    pub x: u8,
    pub y: u8,
    /// `rt_a0`–`rt_a3`, `rt_b0`–`rt_b3`, `rt_c0`–`rt_c3`.
    pub ra: u32,
    pub rb: u32,
    pub rc: u32,
    pub cycles: u64,
}

impl State {
    /// The result in A (low) and X (high).
    pub fn ax(&self) -> u16 {
        u16::from_le_bytes([self.a, self.x])
    }
}

/// The linked routines and a CPU.
pub struct Routines {
    cpu: CPU<Memory, Nmos6502>,
    symbols: BTreeMap<Name, u16>,
    promises: BTreeMap<String, Promise>,
    seed: u32,
    /// The most cycles that each routine has taken.
    worst: BTreeMap<String, u64>,
}

impl Drop for Routines {
    /// Compares the cycles with what the headers promise, all at once.
    fn drop(&mut self) {
        let broken =
            |(name, worst): &(&String, &u64)| self.promises[*name].cycles.is_some_and(|most| **worst > most);
        let broken: Vec<_> = self.worst.iter().filter(broken).collect();
        assert!(broken.is_empty() || std::thread::panicking(), "more cycles than promised: {broken:?}");
    }
}

impl Routines {
    /// Links the routines of `files`, names without folder.
    pub fn link(files: &[&str]) -> Routines {
        Routines::link_with(files, &[])
    }

    /// The same with symbols that no file defines.
    pub fn link_with(files: &[&str], absolute: &[(&str, u16)]) -> Routines {
        let read = |name: &str| {
            let path = format!("{}/asm/{name}", env!("CARGO_MANIFEST_DIR"));
            fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
        };
        let prelude = read("zp.s");
        let (mut sections, mut promises) = (Vec::new(), BTreeMap::new());
        for file in files {
            let text = read(file);
            let (chunks, errors) = assemble_library(&prelude, &text);
            let shown: Vec<_> = errors.iter().map(|e| (text.get(e.range.clone()), &e.message)).collect();
            assert!(errors.is_empty(), "{file}: {shown:?}");
            for chunk in chunks {
                let (mut section, errors) = emit(chunk.name.clone(), &chunk.items, &|_: &Name| false);
                assert_eq!(errors, [], "{file}");
                if let ChunkKind::Bss(size) = chunk.kind {
                    section = Section::reserve(chunk.name, SectionKind::Bss, size);
                    section.align = chunk.align;
                }
                sections.push(section);
            }
            promises.append(&mut promises_of(&text));
        }
        let mut symbols: BTreeMap<Name, u16> = absolute.iter().map(|(n, at)| ((*n).into(), *at)).collect();
        let mut at = ORIGIN;
        for section in &sections {
            at = at.next_multiple_of(section.align);
            symbols.insert(section.name.clone(), at);
            symbols.extend(section.symbols.iter().map(|s| (s.name.clone(), at + s.offset)));
            at += section.size;
        }
        let mut memory = Memory::new();
        for section in &mut sections {
            let base = symbols[&section.name];
            for reloc in &section.relocs {
                let address = *symbols.get(&reloc.symbol).unwrap_or_else(|| panic!("no {}", reloc.symbol));
                reloc::apply(&mut section.bytes, base, reloc, address).expect("the relocation fits");
            }
            memory.set_bytes(base, &section.bytes);
        }
        Routines { cpu: CPU::new(memory, Nmos6502), symbols, promises, seed: 1, worst: BTreeMap::new() }
    }

    /// A pseudo-random number, the same in each run of the test.
    pub fn random(&mut self) -> u32 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        self.seed
    }

    /// A random number that is often near an edge or small.
    pub fn operand(&mut self) -> u32 {
        let random = self.random();
        let width = self.random() % 33;
        match self.random() % 8 {
            0 => [0, 1, 2, 10, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff][random as usize % 11],
            1 => [0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x1_0000, 0x00ff_ffff][random as usize % 5],
            2 => (random >> 1 >> (width.min(31))).wrapping_neg(),
            3 | 4 => random.checked_shr(32 - width).unwrap_or(0),
            _ => random,
        }
    }

    /// Memory after a call.
    pub fn memory(&mut self, start: u16, length: usize) -> Vec<u8> {
        (start..).take(length).map(|address| self.cpu.memory.get_byte(address)).collect()
    }

    /// Writes into memory.
    pub fn poke(&mut self, address: u16, bytes: &[u8]) {
        self.cpu.memory.set_bytes(address, bytes);
    }

    /// Calls `name` and gives the state afterwards.
    pub fn call(&mut self, name: &str, before: State) -> State {
        let promise = self.promises.get(name).unwrap_or_else(|| panic!("{name} has no header")).clone();
        for (start, value) in [(0x02, before.ra), (0x06, before.rb), (0x0a, before.rc)] {
            self.cpu.memory.set_bytes(start, &value.to_le_bytes());
        }
        let noise: Vec<u8> = (0..6).map(|_| self.random() as u8).collect();
        self.cpu.memory.set_bytes(0x0e, &noise);
        let zero_page = |cpu: &mut CPU<Memory, Nmos6502>| -> Vec<u8> {
            (0..WATCHED).map(|address| cpu.memory.get_byte(address)).collect()
        };
        let kept = zero_page(&mut self.cpu);
        let registers = &mut self.cpu.registers;
        (registers.accumulator, registers.index_x, registers.index_y) = (before.a, before.x, before.y);
        registers.stack_pointer.0 = 0xfd;
        self.cpu.memory.set_bytes(0x01fe, &(RETURN - 1).to_le_bytes());
        registers.program_counter = self.symbols[name];
        let start = self.cpu.cycles;
        while self.cpu.registers.program_counter != RETURN {
            assert!(self.cpu.single_step(), "{name} jammed with {before:x?}");
            assert!(self.cpu.cycles - start < 2_000_000, "{name} does not return with {before:x?}");
        }
        // With the JSR that a program needs for the call.
        let cycles = self.cpu.cycles - start + 6;
        let worst = self.worst.entry(name.to_string()).or_default();
        *worst = cycles.max(*worst);
        let after = zero_page(&mut self.cpu);
        for address in 0..WATCHED as usize {
            let free = ZERO_PAGE.contains(&address) && promise.zero_page.contains(&(address as u8));
            assert!(free || kept[address] == after[address], "{name} changes ${address:02x}");
        }
        let registers = &self.cpu.registers;
        let state = State {
            a: registers.accumulator,
            x: registers.index_x,
            y: registers.index_y,
            ra: word(&after, 0x02),
            rb: word(&after, 0x06),
            rc: word(&after, 0x0a),
            cycles,
        };
        let pairs = [('A', before.a, state.a), ('X', before.x, state.x), ('Y', before.y, state.y)];
        for (register, old, new) in pairs {
            assert!(promise.registers.contains(register) || old == new, "{name} changes {register}");
        }
        state
    }
}

fn word(memory: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([memory[at], memory[at + 1], memory[at + 2], memory[at + 3]])
}

/// The `clobbers:` and `cycles:` lines above each `.routine`.
fn promises_of(text: &str) -> BTreeMap<String, Promise> {
    let (mut promises, mut promise) = (BTreeMap::new(), Promise::default());
    for line in text.lines() {
        if let Some(list) = line.strip_prefix("// clobbers:") {
            promise = Promise::default();
            for part in list.split(',').map(str::trim) {
                match part.split_once('-').unwrap_or((part, part)) {
                    ("A" | "X" | "Y", _) => promise.registers.push_str(part),
                    ("none", _) => {}
                    (first, last) => promise.zero_page.extend(address(first)..=address(last)),
                }
            }
        } else if let Some(claim) = line.strip_prefix("// cycles: at most ") {
            let digits: String = claim.chars().filter(char::is_ascii_digit).collect();
            promise.cycles = Some(digits.parse().expect("a number of cycles"));
        } else if let Some(name) = line.strip_prefix(".routine ") {
            promises.insert(name.to_string(), promise.clone());
        }
    }
    promises
}

fn address(name: &str) -> u8 {
    let index: u8 = name[4..].parse().unwrap_or_else(|_| panic!("{name} in a clobbers line"));
    match &name[..4] {
        "rt_a" => 0x02 + index,
        "rt_b" => 0x06 + index,
        "rt_c" => 0x0a + index,
        _ => 0x0e + index,
    }
}
