//! Calls routines of `asm/` on the CPU, to test what they compute, change and cost.
//!
//! In: the names of files in `asm/`. Out: a machine on which a routine can be called with given
//! registers and zero page. All routines of the files are linked at $1000, so that page crossings
//! are like those of a real program. Each call checks the routine's `clobbers:` header line, the
//! stack and the decimal flag; in the end the `cycles:` line is compared with what was seen.

#![allow(dead_code)] // each test file uses a part

use mos6502::cpu::CPU;
use mos6502::instruction::Nmos6502;
use mos6502::memory::{Bus, Memory};
use mos6502::registers::Status;
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
    cycles: Cycles,
}

/// The `cycles:` line, JSR and RTS included.
#[derive(Clone, Copy, PartialEq, Default)]
enum Cycles {
    /// Not given, or by a formula.
    #[default]
    Formula,
    AtMost(u64),
    /// At least, at most, and on average over the operands of the test.
    Range(u64, u64, u64),
}

/// What was seen of a routine.
#[derive(Clone, Copy, Default, Debug)]
struct Seen {
    calls: u64,
    total: u64,
    least: u64,
    most: u64,
}

/// A linked routine.
struct Routine {
    promise: Promise,
    entry: u16,
    /// Of the section that it is in.
    bytes: u16,
    seen: Seen,
}

/// The number of random operands for a routine: `short`, or a million when the variable PYCOC_LONG
/// is set.
pub fn rounds(short: usize) -> usize {
    if std::env::var_os("PYCOC_LONG").is_some() { short.max(1_000_000) } else { short }
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
    routines: BTreeMap<String, Routine>,
    seed: u32,
}

impl Drop for Routines {
    /// Compares the cycles with what the headers promise, all at once.
    fn drop(&mut self) {
        let called = || self.routines.iter().filter(|(_, routine)| routine.seen.calls > 0);
        for (name, Routine { bytes, seen, .. }) in called() {
            let Seen { calls, total, least, most } = seen;
            println!(
                "{name:16} {bytes:4} bytes, cycles {least:5} to {most:5}, {:5} on average, {calls} calls",
                total / calls
            );
        }
        let wrong: Vec<_> =
            called().filter(|(_, r)| !r.seen.keeps(r.promise.cycles)).map(|(n, r)| (n, r.seen)).collect();
        assert!(wrong.is_empty() || std::thread::panicking(), "cycles are not as promised: {wrong:?}");
    }
}

impl Seen {
    /// True when the figures are as claimed. An average is only compared when there were many
    /// calls, and may be off by a twenty-fifth.
    fn keeps(&self, claim: Cycles) -> bool {
        match claim {
            Cycles::Formula => true,
            Cycles::AtMost(most) => self.most <= most,
            Cycles::Range(least, most, average) => {
                let off = (self.total / self.calls).abs_diff(average);
                self.least >= least && self.most <= most && (self.calls < 1000 || off <= average / 25 + 1)
            }
        }
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
        let small = files.iter().any(|file| file.ends_with("_small.s"));
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
            promises.append(&mut promises_of(&text, small));
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
        let size = |name: &str| sections.iter().find(|s| s.name.as_str() == name).map_or(0, |s| s.size);
        let routine = |(name, promise): (String, Promise)| {
            let (entry, bytes) = (symbols[name.as_str()], size(&name));
            (name, Routine { promise, entry, bytes, seen: Seen::default() })
        };
        let routines = promises.into_iter().map(routine).collect();
        Routines { cpu: CPU::new(memory, Nmos6502), routines, seed: 1 }
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
        for (start, value) in [(0x02, before.ra), (0x06, before.rb), (0x0a, before.rc)] {
            self.cpu.memory.set_bytes(start, &value.to_le_bytes());
        }
        let noise = [self.random(), self.random()].map(u32::to_le_bytes).concat();
        self.cpu.memory.set_bytes(0x0e, &noise[..6]);
        let routine = self.routines.get_mut(name).unwrap_or_else(|| panic!("{name} has no header"));
        let cpu = &mut self.cpu;
        let zero_page = |cpu: &mut CPU<Memory, Nmos6502>| -> [u8; WATCHED as usize] {
            std::array::from_fn(|address| cpu.memory.get_byte(address as u16))
        };
        let kept = zero_page(cpu);
        (cpu.registers.accumulator, cpu.registers.index_x, cpu.registers.index_y) =
            (before.a, before.x, before.y);
        cpu.registers.stack_pointer.0 = 0xfd;
        cpu.memory.set_bytes(0x01fe, &(RETURN - 1).to_le_bytes());
        cpu.registers.program_counter = routine.entry;
        let start = cpu.cycles;
        while cpu.registers.program_counter != RETURN {
            assert!(cpu.single_step(), "{name} jammed with {before:x?}");
            assert!(cpu.cycles - start < 2_000_000, "{name} does not return with {before:x?}");
        }
        // With the JSR that a program needs for the call.
        let cycles = cpu.cycles - start + 6;
        let seen = &mut routine.seen;
        seen.least = if seen.calls == 0 { cycles } else { cycles.min(seen.least) };
        seen.most = cycles.max(seen.most);
        seen.total += cycles;
        seen.calls += 1;
        let after = zero_page(cpu);
        let promise = &routine.promise;
        for address in 0..WATCHED as usize {
            let free = ZERO_PAGE.contains(&address) && promise.zero_page.contains(&(address as u8));
            assert!(free || kept[address] == after[address], "{name} changes ${address:02x}");
        }
        let registers = &cpu.registers;
        assert_eq!(registers.stack_pointer.0, 0xff, "{name} leaves the stack in disorder");
        assert!(!registers.status.contains(Status::PS_DECIMAL_MODE), "{name} leaves decimal mode on");
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
fn promises_of(text: &str, small: bool) -> BTreeMap<String, Promise> {
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
        } else if let Some(claim) = line.strip_prefix("// cycles: ") {
            // What rests on routines that are fast or small has two claims.
            let claims = claim.split_once("; small: ").unwrap_or((claim, claim));
            promise.cycles = cycles_of(if small { claims.1 } else { claims.0 });
        } else if let Some(name) = line.strip_prefix(".routine ") {
            promises.insert(name.to_string(), promise.clone());
        }
    }
    promises
}

/// `at most 1,000` or `20 to 30, 25 on average`; all else is a formula.
fn cycles_of(claim: &str) -> Cycles {
    let claim = claim.replace([','], "");
    let words: Vec<&str> = claim.split(' ').collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    match (words.as_slice(), number(0), number(2), number(3)) {
        (["at", "most", _], _, Some(most), _) => Cycles::AtMost(most),
        ([_, "to", _, _, "on", "average"], Some(least), Some(most), Some(average)) => {
            Cycles::Range(least, most, average)
        }
        _ => Cycles::Formula,
    }
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
