//! The KERNAL as traps: what its routines do, without their bytes.
//!
//! In: the address the CPU has reached in a banked-in ROM. Out: registers, memory and chips as the routine leaves them,
//! and how to go on. Invariant: routines with a RAM vector go through it, so programs can hook them; results, carry
//! and the documented system variables agree with the real ROM. Not here: timing (a call costs a flat few cycles),
//! interrupts and the state at start (`system`), tape, RS-232, the low-level serial bus, BASIC except for two printing routines.

use super::cpu::{self, Cpu};
use super::files::{self, Drive, FileSpec, Files, KEYBOARD, SCREEN};
use super::output::Output;
use super::{editor, system};
use crate::c64::kernal::{self as table, VECTORS};
use crate::c64::memmap;
use std::collections::VecDeque;

/// Where BASIC's SYS continues when the program returns; reaching it ends the run.
pub const SYS_RETURN: u16 = 0xE147;
/// Other ways back: BASIC's ready loop, `END`, its warm and cold starts, the reset.
const BASIC_ENTRIES: [u16; 7] = [0xA474, 0xA480, 0xA7AE, 0xE37B, 0xE386, 0xE394, table::ROM_RESET];

const FILE_NAME_LENGTH: u16 = 0xB7;
const LOGICAL_FILE: u16 = 0xB8;
const SECONDARY: u16 = 0xB9;
const DEVICE: u16 = 0xBA;
const FILE_NAME: u16 = 0xBB;
const LOAD_END: u16 = 0xAE;
const LOAD_ADDRESS: u16 = 0xC3;
const MESSAGES: u16 = 0x9D;

/// How the run goes on after a routine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// RTS.
    Return,
    /// The registers and the program counter are set already.
    Continue,
    /// Nothing to do until an interrupt: the program waits for a key.
    Wait,
    /// Back in BASIC.
    End,
    /// A BRK that no handler took.
    Break,
    /// Code that this machine does not have.
    Missing,
}

/// State of the KERNAL that programs cannot see in memory.
#[derive(Default)]
pub struct Kernal {
    files: Files,
    input: u8,
    output: u8,
    /// The rest of a line that CHRIN read from the screen, and where its input began.
    line: VecDeque<u8>,
    line_start: Option<(u8, u8)>,
}

impl Kernal {
    /// Runs the routine at the CPU's program counter.
    pub fn call(&mut self, cpu: &mut Cpu, drive: &mut dyn Drive, out: &mut Output) -> Action {
        let at = cpu.pc();
        if let Some(target) = hooked(cpu, at) {
            cpu.set_pc(target);
            cpu.spend(5);
            return Action::Continue;
        }
        let [a, x, y] = cpu.registers();
        let mut carry = false;
        match at {
            SYS_RETURN => return Action::End,
            _ if BASIC_ENTRIES.contains(&at) => return Action::End,
            table::BRK_HANDLER => return Action::Break,
            table::ROM_IRQ | table::IRQ_HANDLER | table::IRQ_ACKNOWLEDGE_EXIT | table::IRQ_EXIT => {
                return system::interrupt(cpu, at);
            }
            table::ROM_NMI | table::NMI_HANDLER | system::NMI_EXIT => return system::interrupt(cpu, at),
            0xFF81 | 0xFF5B | 0xE518 => system::initialise_screen(cpu),
            0xFF84 | 0xFDA3 => system::initialise_io(cpu),
            0xFF8A | 0xFD15 => system::restore_vectors(cpu),
            0xFF8D => carry = system::exchange_vectors(cpu, x, y),
            0xFF90 => cpu.bus().poke(MESSAGES, a),
            0xFF99 | 0xFF9C => system::memory_limit(
                cpu,
                if at == 0xFF99 { system::MEMORY_TOP } else { system::MEMORY_BOTTOM },
            ),
            0xFF9F | 0xEA87 => system::scan_keys(cpu),
            0xFFB7 => self.set_a(cpu, cpu.bus_ref().ram(memmap::STATUS)),
            0xFFBA => {
                let bus = cpu.bus();
                for (address, value) in [(LOGICAL_FILE, a), (DEVICE, x), (SECONDARY, y)] {
                    bus.poke(address, value);
                }
                carry = cpu.status() & cpu::CARRY != 0;
            }
            0xFFBD => {
                cpu.bus().poke(FILE_NAME_LENGTH, a);
                cpu.bus().poke_word(FILE_NAME, u16::from_le_bytes([x, y]));
                carry = cpu.status() & cpu::CARRY != 0;
            }
            0xFFC0 | 0xF34A => carry = self.finish(cpu, |k, cpu| k.files.open(&spec(cpu), drive)),
            0xFFC3 | 0xF291 => self.close(cpu, a, drive),
            0xFFC6 | 0xF20E => carry = self.finish(cpu, |k, cpu| k.check_in(cpu, x)),
            0xFFC9 | 0xF250 => carry = self.finish(cpu, |k, cpu| k.check_out(cpu, x)),
            0xFFCC | 0xF333 => self.clear_channels(cpu),
            0xFFE7 | 0xF32F => {
                self.files.forget_all();
                self.clear_channels(cpu);
            }
            0xFFCF | 0xF157 => match self.read_byte(cpu) {
                Some(byte) => self.set_a(cpu, byte),
                None => return Action::Wait,
            },
            0xFFD2 | 0xF1CA | 0xE716 => self.print(cpu, a, out),
            0xFFE4 | 0xF13E => {
                let byte = if cpu.bus_ref().ram(memmap::INPUT_DEVICE) == KEYBOARD {
                    take_key(cpu).unwrap_or(0)
                } else {
                    self.read_byte(cpu).unwrap_or(0)
                };
                self.set_a(cpu, byte);
            }
            0xFFD5 | 0xF4A5 | 0xF49E => {
                if at != 0xF4A5 {
                    cpu.bus().poke_word(LOAD_ADDRESS, u16::from_le_bytes([x, y]));
                }
                carry = self.finish(cpu, |k, cpu| k.load(cpu, a, drive));
            }
            0xFFD8 | 0xF5ED => carry = self.finish(cpu, |k, cpu| k.save(cpu, [a, x, y], drive)),
            0xFFDB => system::set_clock(cpu, u32::from_be_bytes([0, y, x, a])),
            0xFFDE => {
                let [_, y, x, a] = system::clock(cpu).to_be_bytes();
                cpu.set_registers([a, x, y]);
            }
            0xFFE1 | 0xF6ED => self.stop_key(cpu),
            0xFFEA | 0xF69B => system::update_clock(cpu),
            0xFFED => cpu.set_registers([a, memmap::SCREEN_COLUMNS as u8, memmap::SCREEN_ROWS as u8]),
            0xFFF0 => {
                if cpu.status() & cpu::CARRY == 0 {
                    editor::move_to(cpu.bus(), x, y);
                }
                let bus = cpu.bus_ref();
                let (row, column) = (bus.ram(memmap::CURSOR_ROW), bus.ram(memmap::CURSOR_COLUMN));
                cpu.set_registers([a, row, column]);
                carry = cpu.status() & cpu::CARRY != 0;
            }
            0xFFF3 => cpu.set_registers([a, memmap::CIA1 as u8, (memmap::CIA1 >> 8) as u8]),
            0xFF87 | 0xFFA2 => {}
            0xE544 => editor::clear(cpu.bus()),
            0xE566 => editor::move_to(cpu.bus(), 0, 0),
            0xAB1E => self.print_string(cpu, u16::from_le_bytes([a, y]), out),
            0xBDCD => {
                let digits = u16::from_le_bytes([x, a]).to_string();
                digits.bytes().for_each(|digit| self.print(cpu, digit, out));
            }
            _ => return Action::Missing,
        }
        cpu.set_flag(cpu::CARRY, carry);
        Action::Return
    }

    /// Carry and A from a routine that can fail.
    fn finish(&mut self, cpu: &mut Cpu, routine: impl FnOnce(&mut Self, &mut Cpu) -> Result<(), u8>) -> bool {
        let result = routine(self, cpu);
        cpu.bus().poke(memmap::OPEN_FILES, self.files.count() as u8);
        if let Err(number) = result {
            self.set_a(cpu, number);
        }
        result.is_err()
    }

    fn set_a(&self, cpu: &mut Cpu, value: u8) {
        let [_, x, y] = cpu.registers();
        cpu.set_registers([value, x, y]);
        cpu.set_flag(cpu::ZERO, value == 0);
        cpu.set_flag(cpu::NEGATIVE, value & 0x80 != 0);
    }

    fn close(&mut self, cpu: &mut Cpu, logical: u8, drive: &mut dyn Drive) {
        self.files.close(logical, drive);
        cpu.bus().poke(memmap::OPEN_FILES, self.files.count() as u8);
    }

    fn check_in(&mut self, cpu: &mut Cpu, logical: u8) -> Result<(), u8> {
        let device = self.files.device(logical)?;
        self.input = logical;
        cpu.bus().poke(memmap::INPUT_DEVICE, device);
        cpu.bus().poke(memmap::STATUS, 0);
        Ok(())
    }

    fn check_out(&mut self, cpu: &mut Cpu, logical: u8) -> Result<(), u8> {
        let device = self.files.device(logical)?;
        if device == KEYBOARD {
            return Err(files::NOT_OUTPUT_FILE);
        }
        self.output = logical;
        cpu.bus().poke(memmap::OUTPUT_DEVICE, device);
        cpu.bus().poke(memmap::STATUS, 0);
        Ok(())
    }

    fn clear_channels(&mut self, cpu: &mut Cpu) {
        cpu.bus().poke(memmap::INPUT_DEVICE, KEYBOARD);
        cpu.bus().poke(memmap::OUTPUT_DEVICE, SCREEN);
    }

    fn print(&mut self, cpu: &mut Cpu, code: u8, out: &mut Output) {
        let bus = cpu.bus();
        match bus.ram(memmap::OUTPUT_DEVICE) {
            SCREEN => {
                editor::put(bus, code);
                out.push(code, bus.lowercase());
            }
            files::DRIVE => self.files.write(self.output, code),
            _ => {}
        }
    }

    /// BASIC's string printer: up to a zero byte.
    fn print_string(&mut self, cpu: &mut Cpu, address: u16, out: &mut Output) {
        for offset in 0..256 {
            match cpu.bus_ref().peek(address.wrapping_add(offset)) {
                0 => break,
                code => self.print(cpu, code, out),
            }
        }
    }

    /// CHRIN; `None` while a line is still being typed.
    fn read_byte(&mut self, cpu: &mut Cpu) -> Option<u8> {
        match cpu.bus_ref().ram(memmap::INPUT_DEVICE) {
            KEYBOARD => self.read_typed_line(cpu),
            SCREEN => {
                let bus = cpu.bus();
                let (row, column) = editor::cursor(bus);
                if self.line.is_empty() {
                    let text = editor::line_text(bus, row);
                    self.line.extend(text.into_iter().skip(usize::from(column)).chain([0x0D]));
                }
                self.line.pop_front()
            }
            _ => {
                let (byte, status) = self.files.read(self.input);
                let bus = cpu.bus();
                bus.poke(memmap::STATUS, bus.ram(memmap::STATUS) | status);
                Some(byte)
            }
        }
    }

    /// The screen editor's input: keys are echoed until RETURN, then the line comes from the screen.
    fn read_typed_line(&mut self, cpu: &mut Cpu) -> Option<u8> {
        if let Some(byte) = self.line.pop_front() {
            return Some(byte);
        }
        let start = *self.line_start.get_or_insert_with(|| editor::cursor(cpu.bus_ref()));
        loop {
            let key = take_key(cpu)?;
            if key & 0x7F != 0x0D {
                editor::put(cpu.bus(), key);
                continue;
            }
            let bus = cpu.bus();
            let (row, _) = editor::cursor(bus);
            let text = editor::line_text(bus, row);
            let skipped = if row == start.0 || text.len() > usize::from(memmap::SCREEN_COLUMNS as u8) {
                usize::from(start.1)
            } else {
                0
            };
            for flag in [memmap::QUOTE_MODE, memmap::REVERSE] {
                bus.poke(flag, 0);
            }
            self.line.extend(text.into_iter().skip(skipped).chain([0x0D]));
            self.line_start = None;
            return self.line.pop_front();
        }
    }

    fn load(&mut self, cpu: &mut Cpu, verify: u8, drive: &mut dyn Drive) -> Result<(), u8> {
        let spec = spec(cpu);
        let data = self.files.load(&spec, drive)?;
        let (header, body) = data.split_at(2);
        let own = u16::from_le_bytes([header[0], header[1]]);
        let start = if spec.secondary == 0 { cpu.bus_ref().peek_word(LOAD_ADDRESS) } else { own };
        let mut end = start;
        for &byte in body {
            if verify == 0 {
                cpu.bus().write(end, byte);
            }
            end = end.wrapping_add(1);
        }
        let bus = cpu.bus();
        bus.poke(memmap::STATUS, files::STATUS_END);
        bus.poke_word(LOAD_END, end);
        let [x, y] = end.to_le_bytes();
        let a = cpu.a();
        cpu.set_registers([a, x, y]);
        Ok(())
    }

    fn save(&mut self, cpu: &mut Cpu, [a, x, y]: [u8; 3], drive: &mut dyn Drive) -> Result<(), u8> {
        let bus = cpu.bus_ref();
        let start = bus.peek_word(u16::from(a));
        let end = u16::from_le_bytes([x, y]).max(start);
        let mut data = start.to_le_bytes().to_vec();
        data.extend((start..end).map(|address| bus.peek(address)));
        self.files.save(&spec(cpu), &data, drive)
    }

    fn stop_key(&mut self, cpu: &mut Cpu) {
        let value = cpu.bus_ref().ram(memmap::STOP_KEY);
        self.set_a(cpu, value);
        cpu.set_flag(cpu::ZERO, value == 0x7F);
        if value == 0x7F {
            self.clear_channels(cpu);
        }
    }
}

/// The RAM vector behind a jump table entry, when the program has changed it.
fn hooked(cpu: &mut Cpu, at: u16) -> Option<u16> {
    let vector = match at {
        0xFFC0 => 0x031A,
        0xFFC3 => 0x031C,
        0xFFC6 => 0x031E,
        0xFFC9 => 0x0320,
        0xFFCC => 0x0322,
        0xFFCF => 0x0324,
        0xFFD2 => 0x0326,
        0xFFE1 => 0x0328,
        0xFFE4 => 0x032A,
        0xFFE7 => 0x032C,
        0xFFD5 => 0x0330,
        0xFFD8 => 0x0332,
        _ => return None,
    };
    let target = cpu.bus_ref().peek_word(vector);
    if VECTORS.contains(&(vector, target)) {
        return None;
    }
    if at == 0xFFD5 {
        let [_, x, y] = cpu.registers();
        cpu.bus().poke_word(LOAD_ADDRESS, u16::from_le_bytes([x, y]));
    }
    Some(target)
}

fn spec(cpu: &Cpu) -> FileSpec {
    let bus = cpu.bus_ref();
    let start = bus.peek_word(FILE_NAME);
    let length = u16::from(bus.ram(FILE_NAME_LENGTH));
    FileSpec {
        logical: bus.ram(LOGICAL_FILE),
        device: bus.ram(DEVICE),
        secondary: bus.ram(SECONDARY),
        name: (0..length).map(|i| bus.peek(start.wrapping_add(i))).collect(),
    }
}

fn take_key(cpu: &mut Cpu) -> Option<u8> {
    let bus = cpu.bus();
    bus.type_key();
    let count = bus.ram(memmap::KEY_COUNT);
    if count == 0 {
        return None;
    }
    let key = bus.ram(memmap::KEY_BUFFER);
    for i in 1..u16::from(count.min(memmap::KEY_BUFFER_SIZE)) {
        bus.poke(memmap::KEY_BUFFER + i - 1, bus.ram(memmap::KEY_BUFFER + i));
    }
    bus.poke(memmap::KEY_COUNT, count - 1);
    Some(key)
}
