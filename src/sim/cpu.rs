//! The 6510: the crate's NMOS 6502 on our bus, with what it leaves to be done.
//!
//! In: one call an instruction. Out: changed registers, memory and cycle count; whether the opcode stops the CPU.
//! Invariant: `cycles` counts as the NMOS chip does, interrupts included. Corrected here: no page-crossing penalty for
//! read-modify-write and store instructions, result and flags of decimal arithmetic, the write-back of the old value by
//! read-modify-write instructions on registers, seven cycles for an interrupt. Not here: when to stop (`machine`).

use super::bus::Bus;
use mos6502::cpu::CPU;
use mos6502::instruction::{Instruction, Nmos6502, OpInput};
use mos6502::registers::{StackPointer, Status};

/// Processor status bits.
pub const CARRY: u8 = 0x01;
pub const ZERO: u8 = 0x02;
pub const INTERRUPT_DISABLE: u8 = 0x04;
pub const DECIMAL: u8 = 0x08;
pub const BREAK: u8 = 0x10;
const UNUSED: u8 = 0x20;
pub const OVERFLOW: u8 = 0x40;
pub const NEGATIVE: u8 = 0x80;

const STACK_PAGE: u16 = 0x0100;
const INTERRUPT_CYCLES: u64 = 7;

/// What came of one instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Done,
    /// BRK, executed.
    Break,
    /// An opcode that stops the CPU, or one whose effect is not stable on real chips.
    Jam,
}

/// The processor with everything on its bus.
pub struct Cpu {
    core: CPU<Bus, Nmos6502>,
    /// Whether the instruction just executed lets an IRQ in: the flag as it was before, which delays CLI and SEI.
    irq_allowed: bool,
    nmi_line: bool,
}

impl Cpu {
    pub fn new(bus: Bus) -> Cpu {
        Cpu { core: CPU::new(bus, Nmos6502), irq_allowed: false, nmi_line: false }
    }

    #[inline]
    pub fn bus(&mut self) -> &mut Bus {
        &mut self.core.memory
    }

    pub fn bus_ref(&self) -> &Bus {
        &self.core.memory
    }

    #[inline]
    pub fn pc(&self) -> u16 {
        self.core.registers.program_counter
    }

    pub fn set_pc(&mut self, pc: u16) {
        self.core.registers.program_counter = pc;
    }

    #[inline]
    pub fn cycles(&self) -> u64 {
        self.core.cycles
    }

    /// Lets time pass without executing anything.
    pub fn spend(&mut self, cycles: u64) {
        self.core.cycles += cycles;
        self.core.memory.start = self.core.cycles;
    }

    /// A, X and Y.
    pub fn registers(&self) -> [u8; 3] {
        let r = &self.core.registers;
        [r.accumulator, r.index_x, r.index_y]
    }

    pub fn set_registers(&mut self, [a, x, y]: [u8; 3]) {
        let r = &mut self.core.registers;
        (r.accumulator, r.index_x, r.index_y) = (a, x, y);
    }

    pub fn a(&self) -> u8 {
        self.core.registers.accumulator
    }

    pub fn status(&self) -> u8 {
        self.core.registers.status.bits()
    }

    pub fn set_status(&mut self, status: u8) {
        self.core.registers.status = Status::from_bits_truncate(status);
    }

    pub fn set_flag(&mut self, flag: u8, on: bool) {
        self.set_status(if on { self.status() | flag } else { self.status() & !flag });
    }

    pub fn stack_pointer(&self) -> u8 {
        self.core.registers.stack_pointer.0
    }

    pub fn set_stack_pointer(&mut self, value: u8) {
        self.core.registers.stack_pointer = StackPointer(value);
    }

    pub fn push(&mut self, value: u8) {
        let address = STACK_PAGE | u16::from(self.stack_pointer());
        self.core.memory.poke(address, value);
        self.core.registers.stack_pointer.decrement();
    }

    pub fn pull(&mut self) -> u8 {
        self.core.registers.stack_pointer.increment();
        self.core.memory.ram(STACK_PAGE | u16::from(self.stack_pointer()))
    }

    pub fn push_word(&mut self, value: u16) {
        let [lo, hi] = value.to_le_bytes();
        self.push(hi);
        self.push(lo);
    }

    pub fn pull_word(&mut self) -> u16 {
        let lo = self.pull();
        u16::from_le_bytes([lo, self.pull()])
    }

    /// RTI: status and program counter from the stack.
    pub fn return_from_interrupt(&mut self) {
        let status = self.pull();
        self.set_status(status & !BREAK | UNUSED);
        let pc = self.pull_word();
        self.set_pc(pc);
        self.irq_allowed = status & INTERRUPT_DISABLE == 0;
    }

    /// Lets an IRQ in after a trap as the flag is now.
    pub fn settle(&mut self) {
        self.irq_allowed = self.status() & INTERRUPT_DISABLE == 0;
    }

    /// Executes one instruction.
    #[inline]
    pub fn step(&mut self) -> Step {
        let core = &mut self.core;
        core.memory.start = core.cycles;
        core.memory.pc = core.registers.program_counter;
        let status = core.registers.status;
        let Some((instruction, mode, mut operand)) = core.fetch_next_and_decode() else {
            return Step::Jam;
        };
        if let OpInput::UseAddress { address, page_crossed } = &mut operand
            && (*page_crossed || *address >> 12 == 0xD)
            && modifies_or_stores(instruction)
        {
            *page_crossed = false;
            if *address >> 12 == 0xD && core.memory.banking().io && !is_store(instruction) {
                core.memory.write_back(*address);
            }
        }
        if status.contains(Status::PS_DECIMAL_MODE) && is_decimal(instruction) {
            self.decimal(instruction, mode, operand);
        } else if instruction == Instruction::JAM {
            core.registers.program_counter = core.memory.pc;
            return Step::Jam;
        } else {
            core.execute_instruction((instruction, mode, operand));
        }
        if instruction == Instruction::BRK {
            return Step::Break;
        }
        // RTI brings the flag back at once; the others act one instruction late.
        let status = if instruction == Instruction::RTI { self.core.registers.status } else { status };
        self.irq_allowed = !status.contains(Status::PS_DISABLE_INTERRUPTS);
        Step::Done
    }

    /// Looks at the interrupt lines after an instruction and enters the handler when one is active.
    #[inline]
    pub fn interrupts(&mut self) {
        let bus = &mut self.core.memory;
        if self.core.cycles > bus.next_event {
            bus.update(self.core.cycles - 1);
        }
        if bus.nmi != self.nmi_line {
            self.nmi_line = bus.nmi;
            if bus.nmi {
                return self.enter(crate::c64::memmap::CPU_NMI);
            }
        }
        if bus.irq && self.irq_allowed {
            self.enter(crate::c64::memmap::CPU_IRQ);
        }
    }

    fn enter(&mut self, vector: u16) {
        self.push_word(self.pc());
        self.push(self.status() & !BREAK | UNUSED);
        self.set_flag(INTERRUPT_DISABLE, true);
        let target = self.core.memory.peek_word(vector);
        self.set_pc(target);
        self.spend(INTERRUPT_CYCLES);
        self.irq_allowed = false;
    }

    /// An addition or subtraction in decimal mode: the crate's cycles, the NMOS chip's result and flags.
    fn decimal(
        &mut self,
        instruction: Instruction,
        mode: mos6502::instruction::AddressingMode,
        operand: OpInput,
    ) {
        let value = match operand {
            OpInput::UseImmediate(value) => value,
            OpInput::UseAddress { address, .. } => self.core.memory.peek(address),
            _ => 0,
        };
        let (a, status) = (self.a(), self.status());
        let carry = status & CARRY != 0;
        self.core.execute_instruction((instruction, mode, operand));
        let (result, flags) = match instruction {
            Instruction::ADC => nmos_decimal(false, a, value, carry),
            Instruction::RRA => nmos_decimal(false, a, value >> 1 | u8::from(carry) << 7, value & 1 != 0),
            Instruction::ISC => nmos_decimal(true, a, value.wrapping_add(1), carry),
            _ => nmos_decimal(true, a, value, carry),
        };
        self.core.registers.accumulator = result;
        self.set_status(status & !(NEGATIVE | OVERFLOW | ZERO | CARRY) | flags);
    }
}

/// Read-modify-write and store instructions: their time does not depend on the page.
fn modifies_or_stores(instruction: Instruction) -> bool {
    use Instruction::{ASL, DCP, DEC, INC, ISC, LSR, RLA, ROL, ROR, RRA, SLO, SRE};
    is_store(instruction)
        || matches!(instruction, ASL | LSR | ROL | ROR | INC | DEC | SLO | RLA | SRE | RRA | DCP | ISC)
}

/// Instructions that add or subtract in decimal mode.
fn is_decimal(instruction: Instruction) -> bool {
    matches!(
        instruction,
        Instruction::ADC | Instruction::SBC | Instruction::RRA | Instruction::ISC | Instruction::USBC
    )
}

fn is_store(instruction: Instruction) -> bool {
    matches!(instruction, Instruction::STA | Instruction::STX | Instruction::STY | Instruction::SAX)
}

/// Result and N, V, Z, C of decimal arithmetic on the NMOS chip, where the flags follow intermediate binary values.
fn nmos_decimal(subtract: bool, a: u8, value: u8, carry: bool) -> (u8, u8) {
    let (x, y, c) = (i32::from(a), i32::from(value), i32::from(carry));
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    if subtract {
        let binary = x - y - (1 - c);
        let mut low = (x & 15) - (y & 15) - (1 - c);
        if low < 0 {
            low = ((low - 6) & 15) - 16;
        }
        let mut result = (x & 0xF0) - (y & 0xF0) + low;
        if result < 0 {
            result -= 0x60;
        }
        let overflow = (x ^ y) & (x ^ binary) & 0x80 != 0;
        let flags = binary as u8 & NEGATIVE
            | flag(overflow, OVERFLOW)
            | flag(binary & 0xFF == 0, ZERO)
            | flag(binary >= 0, CARRY);
        return (result as u8, flags);
    }
    let mut low = (x & 15) + (y & 15) + c;
    if low > 9 {
        low = ((low + 6) & 15) + 16;
    }
    let middle = (x & 0xF0) + (y & 0xF0) + low;
    let result = if middle >= 0xA0 { middle + 0x60 } else { middle };
    let overflow = !(x ^ y) & (x ^ middle) & 0x80 != 0;
    let flags = middle as u8 & NEGATIVE
        | flag(overflow, OVERFLOW)
        | flag((x + y + c) & 0xFF == 0, ZERO)
        | flag(result >= 0x100, CARRY);
    (result as u8, flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_sums_are_right_for_all_valid_operands() {
        let bcd = |n: u32| (n / 10 * 16 + n % 10) as u8;
        for x in 0..100 {
            for y in 0..100 {
                let (sum, flags) = nmos_decimal(false, bcd(x), bcd(y), false);
                assert_eq!((sum, flags & CARRY), (bcd((x + y) % 100), u8::from(x + y > 99)), "{x}+{y}");
                let (difference, flags) = nmos_decimal(true, bcd(x), bcd(y), true);
                assert_eq!(
                    (difference, flags & CARRY),
                    (bcd((100 + x - y) % 100), u8::from(x >= y)),
                    "{x}-{y}"
                );
            }
        }
    }

    #[test]
    fn decimal_flags_follow_the_nmos_rule() {
        assert_eq!(nmos_decimal(false, 0x99, 0x01, false), (0x00, NEGATIVE | CARRY));
        assert_eq!(nmos_decimal(false, 0x50, 0x50, false), (0x00, NEGATIVE | OVERFLOW | CARRY));
        assert_eq!(nmos_decimal(true, 0x00, 0x01, true), (0x99, NEGATIVE));
    }

    #[test]
    fn rotate_and_add_is_decimal_too() {
        // SED / RRA $C100 with A = $DB and a zero there: N follows the sum before its last correction.
        let mut cpu = Cpu::new(Bus::new());
        for (i, byte) in [0xF8, 0x6F, 0x00, 0xC1].into_iter().enumerate() {
            cpu.bus().poke(0xC000 + i as u16, byte);
        }
        cpu.bus().poke(0xC100, 0);
        cpu.set_registers([0xDB, 0, 0]);
        cpu.set_pc(0xC000);
        assert_eq!((cpu.step(), cpu.step()), (Step::Done, Step::Done));
        assert_eq!((cpu.a(), cpu.status() & (NEGATIVE | CARRY)), (0x41, NEGATIVE | CARRY));
    }

    #[test]
    fn register_gets_the_old_value_back_first() {
        // INC $D019 acknowledges the raster interrupt, although it would store a value with bit 0 clear.
        let mut cpu = Cpu::new(Bus::new());
        for (i, byte) in [0xEE, 0x19, 0xD0].into_iter().enumerate() {
            cpu.bus().poke(0xC000 + i as u16, byte);
        }
        cpu.bus().write(0xD012, 0x10);
        cpu.set_pc(0xC000);
        cpu.spend(0x10 * 63 + 1);
        cpu.bus().write(0xD01A, 0x01);
        cpu.bus().update(0x10 * 63);
        assert!(cpu.bus().irq);
        assert_eq!((cpu.step(), cpu.cycles()), (Step::Done, 0x10 * 63 + 7));
        assert!(!cpu.bus().irq);
    }
}
