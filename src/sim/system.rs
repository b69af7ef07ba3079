//! The KERNAL's own work: interrupts, keyboard scan, jiffy clock, vectors, and the state at start.
//!
//! In: the machine. Out: registers, chips and system variables as the real ROM leaves them. Invariant: nothing is kept
//! outside the machine's memory. Not here: the routines that programs call for input and output (`kernal`).

use super::cpu::{self, Cpu};
use super::files::{DRIVE, KEYBOARD, SCREEN};
use super::kernal::Action;
use super::vic::Vic;
use super::{editor, keyboard};
use crate::c64::kernal::{self as table, VECTORS};
use crate::c64::memmap;

/// Cycles of the default interrupt handler beyond its way in and out, about what the real one takes with no key down.
const SYSTEM_INTERRUPT_CYCLES: u64 = 170;
const INTERRUPT_ENTRY_CYCLES: u64 = 29;
const INTERRUPT_EXIT_CYCLES: u64 = 22;
/// CIA 1 timer A for 60 interrupts a second on a PAL machine.
const SYSTEM_TIMER: u16 = 0x4025;
/// Jiffies of a day, where the clock starts again.
const DAY: u32 = 5_184_001;
/// Restores Y, X, A and returns, like `IRQ_EXIT`.
pub const NMI_EXIT: u16 = 0xFEBC;

pub const MEMORY_BOTTOM: u16 = 0x0281;
pub const MEMORY_TOP: u16 = 0x0283;
const DEVICE: u16 = 0xBA;
const PRESSED_KEY: u16 = 0xCB;
const CURSOR_OFF: u16 = 0xCC;
const KEY_LIMIT: u16 = 0x0289;
const REPEAT_DELAY: u16 = 0x028B;
const REPEAT_SPEED: u16 = 0x028C;
const MODIFIERS: u16 = 0x028D;
const PAL_FLAG: u16 = 0x02A6;

/// Puts chips, vectors, system variables and screen into the state in which BASIC runs a program.
pub fn boot(cpu: &mut Cpu, program_end: u16) {
    for address in 0x0002..0x0400 {
        cpu.bus().poke(address, 0);
    }
    restore_vectors(cpu);
    initialise_io(cpu);
    initialise_screen(cpu);
    let bus = cpu.bus();
    let words = [
        (0x2B, memmap::BASIC_START),
        (0x2D, program_end),
        (0x2F, program_end),
        (0x31, program_end),
        (0x33, 0xA000),
        (0x37, 0xA000),
        (MEMORY_BOTTOM, 0x0800),
        (MEMORY_TOP, 0xA000),
        (memmap::COLOUR_LINE, memmap::COLOUR_RAM),
    ];
    for (address, value) in words {
        bus.poke_word(address, value);
    }
    let bytes = [
        (DEVICE, DRIVE),
        (memmap::OUTPUT_DEVICE, SCREEN),
        (memmap::STOP_KEY, 0xFF),
        (memmap::LAST_KEY, keyboard::NO_KEY),
        (PRESSED_KEY, keyboard::NO_KEY),
        (KEY_LIMIT, memmap::KEY_BUFFER_SIZE),
        (REPEAT_DELAY, 4),
        (REPEAT_SPEED, 16),
        (PAL_FLAG, 1),
    ];
    for (address, value) in bytes {
        bus.poke(address, value);
    }
}

/// The ROM's part of an interrupt: ways in, default handlers, ways out.
pub fn interrupt(cpu: &mut Cpu, at: u16) -> Action {
    match at {
        table::ROM_IRQ => {
            let [a, x, y] = cpu.registers();
            for value in [a, x, y] {
                cpu.push(value);
            }
            let status = cpu.bus_ref().ram(0x0100 | u16::from(cpu.stack_pointer().wrapping_add(4)));
            let vector = if status & cpu::BREAK != 0 { memmap::VECTOR_BRK } else { memmap::VECTOR_IRQ };
            let target = cpu.bus_ref().peek_word(vector);
            cpu.set_pc(target);
            cpu.spend(INTERRUPT_ENTRY_CYCLES);
            return Action::Continue;
        }
        table::ROM_NMI => {
            cpu.set_flag(cpu::INTERRUPT_DISABLE, true);
            let target = cpu.bus_ref().peek_word(memmap::VECTOR_NMI);
            cpu.set_pc(target);
            cpu.spend(7);
            return Action::Continue;
        }
        table::NMI_HANDLER => {
            cpu.bus().read(memmap::CIA2 + 13);
            cpu.return_from_interrupt();
            cpu.spend(INTERRUPT_EXIT_CYCLES);
            return Action::Continue;
        }
        table::IRQ_HANDLER => {
            update_clock(cpu);
            scan_keys(cpu);
            cpu.spend(SYSTEM_INTERRUPT_CYCLES);
            cpu.bus().read(memmap::CIA1 + 13);
        }
        table::IRQ_ACKNOWLEDGE_EXIT => {
            cpu.bus().read(memmap::CIA1 + 13);
        }
        _ => {}
    }
    let (y, x, a) = (cpu.pull(), cpu.pull(), cpu.pull());
    cpu.set_registers([a, x, y]);
    cpu.return_from_interrupt();
    cpu.spend(INTERRUPT_EXIT_CYCLES);
    Action::Continue
}

/// SCNKEY: a newly pressed key goes into the keyboard buffer.
pub fn scan_keys(cpu: &mut Cpu) {
    let bus = cpu.bus();
    let (key, modifiers) = (bus.keyboard.pressed(), bus.keyboard.modifiers());
    let last = bus.ram(memmap::LAST_KEY);
    bus.poke(PRESSED_KEY, key);
    bus.poke(memmap::LAST_KEY, key);
    bus.poke(MODIFIERS, modifiers);
    let count = bus.ram(memmap::KEY_COUNT);
    if key != keyboard::NO_KEY && key != last && count < memmap::KEY_BUFFER_SIZE {
        bus.poke(memmap::KEY_BUFFER + u16::from(count), keyboard::key_code(key, modifiers));
        bus.poke(memmap::KEY_COUNT, count + 1);
    }
}

/// RDTIM: jiffies since midnight.
pub fn clock(cpu: &Cpu) -> u32 {
    let byte = |i: u16| cpu.bus_ref().ram(memmap::JIFFY_CLOCK + i);
    u32::from_be_bytes([0, byte(0), byte(1), byte(2)])
}

/// SETTIM.
pub fn set_clock(cpu: &mut Cpu, jiffies: u32) {
    for (i, byte) in jiffies.to_be_bytes().into_iter().skip(1).enumerate() {
        cpu.bus().poke(memmap::JIFFY_CLOCK + i as u16, byte);
    }
}

/// UDTIM: the jiffy clock and the STOP key.
pub fn update_clock(cpu: &mut Cpu) {
    let next = clock(cpu) + 1;
    set_clock(cpu, if next >= DAY { 0 } else { next });
    let row = cpu.bus().keyboard.pins([0x7F, 0xFF])[1];
    cpu.bus().poke(memmap::STOP_KEY, row);
}

/// RESTOR: the default RAM vectors.
pub fn restore_vectors(cpu: &mut Cpu) {
    for (address, target) in VECTORS {
        cpu.bus().poke_word(address, target);
    }
}

/// VECTOR: carry set copies the vectors out, clear copies them in. Returns the carry.
pub fn exchange_vectors(cpu: &mut Cpu, x: u8, y: u8) -> bool {
    let list = u16::from_le_bytes([x, y]);
    let out = cpu.status() & cpu::CARRY != 0;
    for i in 0..32 {
        let (vector, user) = (memmap::VECTOR_IRQ + i, list.wrapping_add(i));
        let (from, to) = if out { (vector, user) } else { (user, vector) };
        let value = cpu.bus_ref().peek(from);
        cpu.bus().poke(to, value);
    }
    out
}

/// MEMTOP and MEMBOT: carry set reads, clear sets.
pub fn memory_limit(cpu: &mut Cpu, address: u16) {
    let [a, x, y] = cpu.registers();
    if cpu.status() & cpu::CARRY == 0 {
        cpu.bus().poke_word(address, u16::from_le_bytes([x, y]));
    }
    let [x, y] = cpu.bus_ref().peek_word(address).to_le_bytes();
    cpu.set_registers([a, x, y]);
}

/// IOINIT: CIAs for keyboard and 60 Hz, ROMs in.
pub fn initialise_io(cpu: &mut Cpu) {
    let bus = cpu.bus();
    bus.poke(memmap::PORT_DIRECTION, 0x2F);
    bus.poke(memmap::PORT, memmap::PORT_ALL);
    let [lo, hi] = SYSTEM_TIMER.to_le_bytes();
    let cia1 =
        [(13, 0x7F), (0, 0x7F), (2, 0xFF), (3, 0x00), (15, 0x08), (4, lo), (5, hi), (13, 0x81), (14, 0x11)];
    for (register, value) in cia1 {
        bus.write(memmap::CIA1 + register, value);
    }
    let cia2 = [(13, 0x7F), (0, 0x07), (2, 0x3F), (3, 0x00), (14, 0x08), (15, 0x08)];
    for (register, value) in cia2 {
        bus.write(memmap::CIA2 + register, value);
    }
    (0..0x19).for_each(|register| bus.write(memmap::SID + register, 0));
}

/// CINT: video chip, colours, clear screen, keyboard on the screen.
pub fn initialise_screen(cpu: &mut Cpu) {
    let bus = cpu.bus();
    bus.vic = Vic::default();
    for (address, value) in [
        (memmap::INPUT_DEVICE, KEYBOARD),
        (memmap::OUTPUT_DEVICE, SCREEN),
        (memmap::TEXT_COLOUR, 14),
        (memmap::SCREEN_PAGE, 4),
        (memmap::KEY_COUNT, 0),
        (memmap::REVERSE, 0),
        (memmap::QUOTE_MODE, 0),
        (CURSOR_OFF, 1),
    ] {
        bus.poke(address, value);
    }
    editor::clear(bus);
}
