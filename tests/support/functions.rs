//! Calls functions written in the middle IR on the CPU, compiled and linked without the optimiser.
//!
//! In: a text whose functions are `p0`, `p1` and so on, called from `main`. Out: a machine on which
//! each can be called alone; what it reads and leaves lies in memory.

use mos6502::cpu::CPU;
use mos6502::instruction::Nmos6502;
use mos6502::memory::{Bus, Memory};
use pycoc::base::diag::Sink;
use pycoc::driver::build;
use pycoc::driver::dump::Dump;
use pycoc::driver::session::{OptLevel, Options};
use pycoc::mir::{text, verify};

/// A return here ends a call.
const RETURN: u16 = 0x0400;
/// A call that takes longer does not return.
const MAX_CYCLES: u64 = 100_000;

/// The functions of a text on a CPU.
pub struct Functions {
    pub cpu: CPU<Memory, Nmos6502>,
    entries: Vec<u16>,
}

impl Functions {
    /// Compiles `count` functions, each with its body, and what is declared before them. The places of
    /// `globals` come back beside the machine.
    pub fn new<const N: usize>(
        declared: &str,
        bodies: &[String],
        globals: [&str; N],
        opt: OptLevel,
    ) -> (Functions, [u16; N]) {
        let mut source = format!("env kernal\n{declared}entry @main\n\nfunc @main() {{\nb0:\n");
        // Arguments that are always the same would not be asked for.
        (0..bodies.len()).for_each(|k| source += &format!("  call @p{k}()\n"));
        source += "  return\n}\n";
        for (k, body) in bodies.iter().enumerate() {
            source += &format!("\nfunc @p{k}() {{\nb0:\n{body}\n}}\n");
        }
        let mut program = text::parse(&source).unwrap_or_else(|e| panic!("{e:?}\n{source}"));
        verify::verify(&program).unwrap_or_else(|faults| panic!("{}\n{source}", faults.join("\n")));
        let (options, mut sink) = (Options { opt, ..Options::default() }, Sink::default());
        let image = build::image(&mut program, &[], &options, &mut Dump::new(&options), &mut sink);
        let messages: Vec<&str> = sink.iter().map(|d| d.message.as_str()).collect();
        let image = image.unwrap_or_else(|| panic!("{messages:?}"));
        let mut memory = Memory::new();
        memory.set_bytes(image.load, &image.bytes);
        let entries = (0..bodies.len()).map(|k| image.symbols[format!("p{k}").as_str()]).collect();
        let places = globals.map(|name| image.symbols[name]);
        (Functions { cpu: CPU::new(memory, Nmos6502), entries }, places)
    }

    /// Calls function `k`, with the registers as they are; `name` is for the message.
    pub fn call(&mut self, k: usize, name: &str) {
        let cpu = &mut self.cpu;
        cpu.registers.stack_pointer.0 = 0xfd;
        cpu.memory.set_bytes(0x01fe, &(RETURN - 1).to_le_bytes());
        cpu.registers.program_counter = self.entries[k];
        let start = cpu.cycles;
        while cpu.registers.program_counter != RETURN {
            assert!(cpu.single_step() && cpu.cycles - start < MAX_CYCLES, "{name} does not return");
        }
    }

    /// The bytes from an address on.
    pub fn bytes(&mut self, at: u16, size: usize) -> Vec<u8> {
        (0..size).map(|n| self.cpu.memory.get_byte(at + n as u16)).collect()
    }
}

/// A pseudo-random number.
pub fn next(seed: &mut u32) -> u32 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    *seed
}
