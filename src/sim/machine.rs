//! A whole C64 that runs one program from its start to its end.
//!
//! In: a PRG, options, a drive. Out: how and when the program ended, and what it printed; memory, screen and picture
//! afterwards. Invariant: cycle 0 is the first instruction of the program; the machine is then as BASIC leaves it when
//! it executes SYS: all ROMs in, interrupts on, screen clear. Not here: the routines themselves (`kernal`), chips.

use super::bus::{Access, Bus};
use super::cpu::{self, Cpu, Step};
use super::files::Drive;
use super::kernal::{self, Action, Kernal};
use super::marker::{self, Marker};
use super::output::Output;
use super::profile::{Profile, Regions};
use super::{picture, screen, system};
use crate::c64::memmap;
use std::fmt;
use std::ops::RangeInclusive;

/// BASIC's token for SYS, and where its stack is when it executes one.
const TOKEN_SYS: u8 = 0x9E;
const BASIC_STACK: u8 = 0xF6;
/// A KERNAL call costs its closing RTS.
const CALL_CYCLES: u64 = 6;
/// Below `marker` kinds in the table of hooks: an address that a ROM may cover.
const HOOK_ROM: u8 = 0x80;

/// Limits and inputs of a run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    pub max_cycles: u64,
    /// Text to type, a key whenever the program looks for one.
    pub input: String,
    /// Whether the program starts with interrupts allowed, as BASIC has them; without, cycles are the program's own.
    pub interrupts: bool,
    /// Counts where the cycles go, by these regions; see `Machine::profile`.
    pub profile: Option<Regions>,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions { max_cycles: 2_000_000_000, input: String::new(), interrupts: true, profile: None }
    }
}

/// Why a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// The program returned to BASIC.
    Returned,
    /// It returned after reporting a run-time error.
    RuntimeError,
    /// It returned with the KERNAL in but BASIC, where it came from, switched off.
    LostBasic,
    /// An opcode that stops the CPU or is not stable.
    Jam { pc: u16, opcode: u8 },
    /// A BRK without a handler.
    Break { pc: u16 },
    /// A jump into a ROM routine that this machine does not have.
    MissingRom { pc: u16 },
    /// More cycles than allowed.
    CycleLimit { pc: u16 },
}

impl Exit {
    /// Whether the program ended as it should.
    pub fn is_success(self) -> bool {
        self == Exit::Returned
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Exit::Returned => write!(f, "the program returned"),
            Exit::RuntimeError => write!(f, "the program reported a run-time error"),
            Exit::LostBasic => write!(f, "the program returned with the BASIC ROM switched off"),
            Exit::Jam { pc, opcode } => write!(f, "the CPU jammed at ${pc:04X} (opcode ${opcode:02X})"),
            Exit::Break { pc } => write!(f, "the program ran into a BRK at ${pc:04X}"),
            Exit::MissingRom { pc } => {
                write!(f, "the program calls ${pc:04X}, a ROM routine that the built-in C64 does not have")
            }
            Exit::CycleLimit { pc } => write!(f, "the cycle limit was reached at ${pc:04X}"),
        }
    }
}

/// Why a file is no program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadError {
    /// Shorter than a load address and one byte.
    TooShort,
    /// Runs past the end of memory.
    TooLong,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            LoadError::TooShort => "too short for a program: it needs a load address and at least one byte",
            LoadError::TooLong => "does not fit into memory from its load address on",
        })
    }
}

/// How a run went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    pub exit: Exit,
    /// From the first instruction of the program to its end.
    pub cycles: u64,
    pub output: Output,
}

/// The machine.
pub struct Machine {
    cpu: Cpu,
    kernal: Kernal,
    output: Output,
    /// Per address: 0, or what happens when the CPU gets there (`HOOK_ROM` and a marker's kind).
    hooks: Box<[u8; 0x10000]>,
    profile: Option<Profile>,
    entry: u16,
    reported_error: bool,
    /// The last run ended at its limit, and the program would have gone on.
    running: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Machine::new()
    }
}

impl Machine {
    /// A machine after switching on, in BASIC, without a program.
    pub fn new() -> Machine {
        let mut hooks = Box::new([0; 0x10000]);
        for rom in [memmap::BASIC_ROM, memmap::KERNAL_ROM] {
            rom.for_each(|address| hooks[usize::from(address)] = HOOK_ROM);
        }
        let mut cpu = Cpu::new(Bus::new());
        system::boot(&mut cpu, memmap::BASIC_START);
        Machine {
            cpu,
            kernal: Kernal::default(),
            output: Output::default(),
            hooks,
            profile: None,
            entry: memmap::BASIC_START,
            reported_error: false,
            running: false,
        }
    }

    /// Loads a PRG at its load address. It will start at the SYS of the BASIC line there, else at the load address.
    pub fn load_prg(&mut self, prg: &[u8]) -> Result<(), LoadError> {
        let (address, code) = match prg {
            [lo, hi, code @ ..] if !code.is_empty() => (u16::from_le_bytes([*lo, *hi]), code),
            _ => return Err(LoadError::TooShort),
        };
        if usize::from(address) + code.len() > 0x10000 {
            return Err(LoadError::TooLong);
        }
        system::boot(&mut self.cpu, address.wrapping_add(code.len() as u16));
        self.load_at(address, code);
        // Elsewhere the first bytes are code that may look like a line.
        let line = (address == memmap::BASIC_START).then(|| sys_address(code)).flatten();
        self.entry = line.unwrap_or(address);
        Ok(())
    }

    /// Puts bytes into RAM and looks for marked routines in them.
    pub fn load_at(&mut self, address: u16, code: &[u8]) {
        for (i, &byte) in code.iter().enumerate() {
            self.cpu.bus().poke(address.wrapping_add(i as u16), byte);
        }
        for (entry, marker) in marker::find(code, address) {
            self.hooks[usize::from(entry)] |= marker.kind();
        }
    }

    /// Address at which `run` starts.
    pub fn entry(&self) -> u16 {
        self.entry
    }

    /// Runs the loaded program from its start.
    pub fn run(&mut self, options: &RunOptions, drive: &mut dyn Drive) -> Outcome {
        self.call(self.entry, [0; 3], options, drive)
    }

    /// Calls a routine with A, X and Y set, as SYS would; the run ends when it returns.
    pub fn call(
        &mut self,
        entry: u16,
        registers: [u8; 3],
        options: &RunOptions,
        drive: &mut dyn Drive,
    ) -> Outcome {
        let cpu = &mut self.cpu;
        cpu.set_stack_pointer(BASIC_STACK);
        cpu.push_word(kernal::SYS_RETURN - 1);
        cpu.set_registers(registers);
        cpu.set_status(if options.interrupts { 0 } else { cpu::INTERRUPT_DISABLE });
        cpu.set_pc(entry);
        cpu.settle();
        cpu.bus().type_text(&options.input);
        let now = cpu.cycles();
        cpu.bus().update(now);
        self.reported_error = false;
        self.profile = options.profile.clone().map(Profile::new);
        let limit = now.saturating_add(options.max_cycles);
        let exit = self.execute(limit, drive);
        self.running = matches!(exit, Exit::CycleLimit { .. });
        let exit = if exit == Exit::Returned && self.reported_error { Exit::RuntimeError } else { exit };
        Outcome { exit, cycles: self.cpu.cycles() - now, output: std::mem::take(&mut self.output) }
    }

    fn execute(&mut self, limit: u64, drive: &mut dyn Drive) -> Exit {
        loop {
            let (pc, before) = (self.cpu.pc(), self.cpu.cycles());
            if before >= limit {
                return Exit::CycleLimit { pc };
            }
            let opcode = if self.profile.is_some() { self.peek(pc) } else { 0 };
            let hook = self.hooks[usize::from(pc)];
            if hook != 0 {
                match self.hook(pc, hook, limit, drive) {
                    Hook::Step => {}
                    Hook::Called => {
                        // A trap returns by itself.
                        self.finish_instruction(pc, 0, before);
                        continue;
                    }
                    Hook::Exit(exit) => return exit,
                }
            }
            match self.cpu.step() {
                Step::Done => {}
                Step::Break if self.break_is_lost() => return Exit::Break { pc },
                Step::Break => {}
                Step::Jam => return Exit::Jam { pc, opcode: self.peek(pc) },
            }
            self.finish_instruction(pc, opcode, before);
        }
    }

    #[inline]
    fn finish_instruction(&mut self, pc: u16, opcode: u8, before: u64) {
        let now = self.cpu.cycles();
        if let Some(profile) = &mut self.profile {
            profile.executed(pc, opcode, now - before, self.cpu.stack_pointer(), self.cpu.pc());
        }
        self.cpu.interrupts();
        let entry = self.cpu.cycles() - now;
        if let Some(profile) = &mut self.profile
            && entry > 0
        {
            profile.interrupted(self.cpu.pc(), entry, self.cpu.stack_pointer());
        }
    }

    fn hook(&mut self, pc: u16, hook: u8, limit: u64, drive: &mut dyn Drive) -> Hook {
        let banking = self.cpu.bus_ref().banking();
        let in_rom = if pc >= *memmap::KERNAL_ROM.start() { banking.kernal } else { banking.basic };
        if hook & HOOK_ROM != 0 && in_rom {
            return self.trap(pc, limit, drive);
        }
        match Marker::from_kind(hook & !HOOK_ROM) {
            Some(Marker::Print) => {
                let lowercase = self.cpu.bus().lowercase();
                self.output.push(self.cpu.a(), lowercase);
            }
            Some(Marker::PrintLowercase) => self.output.push(self.cpu.a(), true),
            Some(Marker::RuntimeError) => self.reported_error = true,
            None => {}
        }
        Hook::Step
    }

    /// Runs the ROM routine at `pc`.
    fn trap(&mut self, pc: u16, limit: u64, drive: &mut dyn Drive) -> Hook {
        match self.kernal.call(&mut self.cpu, drive, &mut self.output) {
            Action::Return => {
                let pc = self.cpu.pull_word().wrapping_add(1);
                self.cpu.set_pc(pc);
                self.cpu.spend(CALL_CYCLES);
                self.cpu.settle();
            }
            Action::Continue => {}
            Action::Wait => {
                // Nothing changes before the next interrupt, so time may jump there.
                let now = self.cpu.cycles();
                let next = self.cpu.bus().next_event.clamp(now, limit);
                self.cpu.spend((next - now).max(1));
                self.cpu.settle();
            }
            Action::End if !self.cpu.bus_ref().banking().basic => return Hook::Exit(Exit::LostBasic),
            Action::End => return Hook::Exit(Exit::Returned),
            Action::Break => {
                let stack = 0x0100 | u16::from(self.cpu.stack_pointer());
                let pushed = self.cpu.bus_ref().peek_word(stack.wrapping_add(5));
                return Hook::Exit(Exit::Break { pc: pushed.wrapping_sub(2) });
            }
            Action::Missing => return Hook::Exit(Exit::MissingRom { pc }),
        }
        Hook::Called
    }

    /// Whether a BRK just executed has gone where no program put a handler.
    fn break_is_lost(&self) -> bool {
        let pc = self.cpu.pc();
        let rom = self.cpu.bus_ref().banking().kernal;
        !rom && (pc == 0 || pc == 0xFFFF || self.peek(pc) == 0)
    }

    /// A byte as the CPU sees it, without effects; registers give what was last written.
    pub fn peek(&self, address: u16) -> u8 {
        self.cpu.bus_ref().peek(address)
    }

    /// A byte of the RAM under ROMs and registers.
    pub fn ram(&self, address: u16) -> u8 {
        self.cpu.bus_ref().ram(address)
    }

    /// Stores into RAM; `$00` and `$01` switch the banks.
    pub fn poke(&mut self, address: u16, value: u8) {
        self.cpu.bus().poke(address, value);
    }

    /// A, X, Y and the processor status.
    pub fn registers(&self) -> [u8; 4] {
        let [a, x, y] = self.cpu.registers();
        [a, x, y, self.cpu.status()]
    }

    /// Presses or releases a key of the matrix (column * 8 + row).
    pub fn set_key(&mut self, index: u8, pressed: bool) {
        self.cpu.bus().keyboard.set_key(index, pressed);
    }

    /// Sets a joystick (port 1 or 2): bits 0–4 are up, down, left, right, fire.
    pub fn set_joystick(&mut self, port: u8, bits: u8) {
        self.cpu.bus().keyboard.set_joystick(port, bits);
    }

    /// Records every access to these addresses from now on.
    pub fn watch(&mut self, addresses: RangeInclusive<u16>) {
        self.cpu.bus().watch(addresses);
    }

    /// The accesses recorded since the last call, oldest first.
    pub fn take_accesses(&mut self) -> Vec<Access> {
        self.cpu.bus().take_accesses()
    }

    /// Where the cycles of the last run went, if its options asked for it.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// The 25 lines of the screen as text.
    pub fn screen_text(&mut self) -> String {
        screen::text(self.cpu.bus())
    }

    /// A picture of the screen with its border, as a PNG file: of the last frame with its raster effects while the
    /// program runs, and of the screen that it leaves when it has ended.
    pub fn png(&self) -> Vec<u8> {
        let bus = self.cpu.bus_ref();
        let lines = if self.running { bus.vic.last_frame(self.cpu.cycles()) } else { bus.vic.still() };
        picture::png(bus, &lines)
    }
}

enum Hook {
    /// Go on with the instruction there.
    Step,
    /// A routine took its place.
    Called,
    Exit(Exit),
}

/// The address after SYS in the BASIC line that a program begins with.
fn sys_address(code: &[u8]) -> Option<u16> {
    let line = code.get(4..)?;
    let end = line.iter().position(|&b| b == 0).unwrap_or(line.len());
    let line = &line[..end];
    let at = line.iter().position(|&b| b == TOKEN_SYS)?;
    let digits =
        line[at + 1..].iter().skip_while(|&&b| b == b' ' || b == b'(').take_while(|b| b.is_ascii_digit());
    let mut number: Option<u16> = None;
    for digit in digits {
        number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u16::from(digit - b'0'))?);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sys_line_gives_the_start() {
        assert_eq!(sys_address(b"\x0B\x08\x0A\x00\x9E2061\x00\x00\x00"), Some(2061));
        assert_eq!(sys_address(b"\x0B\x08\x0A\x00\x9E (49152)\x00"), Some(49152));
        assert_eq!(sys_address(b"\x0B\x08\x0A\x00\x9E99999\x00"), None);
        assert_eq!(sys_address(b"\x0B\x08\x0A\x00\x99\x00\x9E2061"), None);
        assert_eq!(sys_address(b"\x60"), None);
    }

    #[test]
    fn only_a_program_at_the_start_of_basic_has_a_line() {
        let mut machine = Machine::new();
        machine.load_prg(b"\x01\x08\x0B\x08\x0A\x00\x9E2061\x00\x00\x00").expect("a program");
        assert_eq!(machine.entry(), 2061);
        machine.load_prg(b"\x00\x14\xA9\x00\x85\x02\x9E3\x14\x60").expect("a program");
        assert_eq!(machine.entry(), 0x1400);
    }

    #[test]
    fn bad_files_are_refused() {
        let mut machine = Machine::new();
        assert_eq!(machine.load_prg(&[]), Err(LoadError::TooShort));
        assert_eq!(machine.load_prg(&[1, 8]), Err(LoadError::TooShort));
        assert_eq!(machine.load_prg(&[0xFF, 0xFF, 1, 2]), Err(LoadError::TooLong));
    }
}
