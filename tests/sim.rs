//! The built-in C64 as a whole: small hand-assembled programs, run from SYS to their end.

use pycoc::mos::inst::Mode;
use pycoc::mos::table::{Status, TABLE};
use pycoc::sim::bus::Bus;
use pycoc::sim::cpu::{Cpu, Step};
use pycoc::sim::profile::Regions;
use pycoc::sim::{Drive, Exit, Machine, NoDrive, Outcome, RunOptions};

/// `10 SYS 2061`, with its load address; code follows at $080D.
const STUB: [u8; 14] = [0x01, 0x08, 0x0B, 0x08, 0x0A, 0x00, 0x9E, b'2', b'0', b'6', b'1', 0, 0, 0];
const CODE: u16 = 0x080D;

fn program(code: &[u8]) -> Vec<u8> {
    [&STUB[..], code].concat()
}

fn loaded(code: &[u8]) -> Machine {
    let mut machine = Machine::new();
    machine.load_prg(&program(code)).unwrap();
    machine
}

/// Runs without interrupts, so that cycles are the program's own.
fn run(machine: &mut Machine) -> Outcome {
    machine.run(&quiet(), &mut NoDrive)
}

fn quiet() -> RunOptions {
    RunOptions { interrupts: false, max_cycles: 1_000_000, ..RunOptions::default() }
}

fn typing(text: &str) -> RunOptions {
    RunOptions { input: text.to_string(), max_cycles: 1_000_000, ..RunOptions::default() }
}

fn cycles(code: &[u8]) -> u64 {
    let mut code = code.to_vec();
    code.push(0x60);
    let outcome = run(&mut loaded(&code));
    assert_eq!(outcome.exit, Exit::Returned);
    outcome.cycles - 6
}

#[test]
fn cycle_counts_have_page_penalties() {
    let cases: [(&[u8], u64); 13] = [
        (&[0xEA], 2),                                             // NOP
        (&[0xA2, 0x10, 0xBD, 0xF0, 0xC0], 2 + 5),                 // LDA $C0F0,X crosses
        (&[0xA2, 0x0F, 0xBD, 0xF0, 0xC0], 2 + 4),                 // and does not
        (&[0xA2, 0x10, 0x9D, 0xF0, 0xC0], 2 + 5),                 // STA abs,X always 5
        (&[0xA2, 0x00, 0x9D, 0xF0, 0xC0], 2 + 5),                 //
        (&[0xA2, 0x10, 0xFE, 0xF0, 0xC0], 2 + 7),                 // INC abs,X always 7
        (&[0xA0, 0x10, 0x1B, 0xF0, 0xC0], 2 + 7),                 // SLO abs,Y
        (&[0xA0, 0x10, 0xB1, 0x2B], 2 + 5),                       // LDA ($2B),Y
        (&[0xA0, 0xFF, 0xB1, 0x2B], 2 + 6),                       // crosses
        (&[0xA9, 0x00, 0xF0, 0x00], 2 + 3),                       // BEQ taken
        (&[0xA9, 0x00, 0xD0, 0x00], 2 + 2),                       // BNE not taken
        (&[0x20, 0x11, 0x08, 0x60, 0x60], 6 + 6),                 // JSR to an RTS
        (&[0xA2, 0x03, 0xCA, 0xD0, 0xFD], 2 + 3 * 2 + 2 * 3 + 2), // a loop
    ];
    for (code, expected) in cases {
        assert_eq!(cycles(code), expected, "{code:02X?}");
    }
    // A taken branch into another page: BEQ over the page end at $0900.
    let crossing = [&[0xEA; 0xEE][..], &[0xA9, 0x00, 0xF0, 0x04, 0, 0, 0, 0]].concat();
    assert_eq!(cycles(&crossing), 0xEE * 2 + 2 + 4);
}

/// Executes the instruction `[opcode, $F0, $20]` at $C000 with X and Y both `index`; returns its cycles and length.
fn single_step(opcode: u8, index: u8, status: u8) -> (u64, u16) {
    let mut cpu = Cpu::new(Bus::new());
    for (address, byte) in [(0xC000, opcode), (0xC001, 0xF0), (0xC002, 0x20), (0xF0, 0xF0), (0xF1, 0x20)] {
        cpu.bus().poke(address, byte);
    }
    cpu.set_registers([0, index, index]);
    cpu.set_status(status);
    cpu.set_stack_pointer(0x80);
    cpu.set_pc(0xC000);
    assert_ne!(cpu.step(), Step::Jam, "${opcode:02X}");
    (cpu.cycles(), cpu.pc().wrapping_sub(0xC000))
}

#[test]
fn every_stable_opcode_takes_the_tables_cycles() {
    for row in TABLE.iter().filter(|row| matches!(row.status, Status::Documented | Status::Stable)) {
        if row.mode == Mode::Relative {
            // One of the two states of the flags takes the branch, to $C002 - 16 in the page below.
            let mut cycles = [single_step(row.opcode, 0, 0x00).0, single_step(row.opcode, 0, 0xFF).0];
            cycles.sort_unstable();
            assert_eq!(cycles, [u64::from(row.cycles), u64::from(row.cycles) + 2], "{:?}", row.mnemonic);
            continue;
        }
        for (index, crossing) in [(0x00, 0), (0x20, row.page_penalty)] {
            let (cycles, length) = single_step(row.opcode, index, 0);
            assert_eq!(cycles, u64::from(row.cycles + crossing), "{:?} {:?}", row.mnemonic, row.mode);
            if !row.mnemonic.ends_flow() && !matches!(row.opcode, 0x00 | 0x20) {
                assert_eq!(length, u16::from(row.length), "{:?} {:?}", row.mnemonic, row.mode);
            }
        }
    }
}

#[test]
fn program_starts_in_basics_state() {
    // LDA $01 / STA $C000 / PHP / PLA / STA $C001 / RTS
    let mut machine = loaded(&[0xA5, 0x01, 0x8D, 0x00, 0xC0, 0x08, 0x68, 0x8D, 0x01, 0xC0, 0x60]);
    let outcome = machine.run(&RunOptions::default(), &mut NoDrive);
    assert_eq!(outcome.exit, Exit::Returned);
    assert_eq!((machine.peek(0xC000), machine.peek(0xC001) & 0x04), (0x37, 0));
    assert_eq!((machine.peek(0x0400), machine.peek(0x0286), machine.peek(0xD020)), (0x20, 14, 14));
    assert_eq!((machine.peek(0x0314), machine.peek(0x0315)), (0x31, 0xEA));
}

#[test]
fn without_a_sys_line_the_load_address_is_the_start() {
    let mut machine = Machine::new();
    machine.load_prg(&[0x00, 0xC0, 0xA9, 0x07, 0x8D, 0x00, 0xC1, 0x60]).unwrap();
    assert_eq!(machine.entry(), 0xC000);
    assert_eq!((run(&mut machine).exit, machine.peek(0xC100)), (Exit::Returned, 7));
}

#[test]
fn failures_name_the_place() {
    assert_eq!(run(&mut loaded(&[0xEA, 0x02])).exit, Exit::Jam { pc: CODE + 1, opcode: 0x02 });
    assert_eq!(run(&mut loaded(&[0xEA, 0x00])).exit, Exit::Break { pc: CODE + 1 });
    assert_eq!(run(&mut loaded(&[0x20, 0xAA, 0xB3])).exit, Exit::MissingRom { pc: 0xB3AA });
    assert_eq!(run(&mut loaded(&[0x4C, 0x0D, 0x08])).exit, Exit::CycleLimit { pc: CODE });
    // The same BRK with the KERNAL off and no handler.
    let outcome =
        run(&mut loaded(&[0xA9, 0x35, 0x85, 0x01, 0xA9, 0x00, 0x8D, 0xFE, 0xFF, 0x8D, 0xFF, 0xFF, 0x00]));
    assert_eq!(outcome.exit, Exit::Break { pc: CODE + 12 });
}

#[test]
fn chrout_prints_text_and_screen() {
    // LDX #0 / LDA $081B,X / BEQ +6 / JSR $FFD2 / INX / BNE / RTS
    let code = [0xA2, 0x00, 0xBD, 0x1B, 0x08, 0xF0, 0x06, 0x20, 0xD2, 0xFF, 0xE8, 0xD0, 0xF5, 0x60];
    let mut machine = loaded(&[&code[..], b"\x93HI \x05YOU\r!\0"].concat());
    let outcome = run(&mut machine);
    assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::Returned, "HI YOU\n!"));
    assert!(machine.screen_text().starts_with("HI YOU\n!\n\n"));
    assert_eq!(machine.peek(0xD804), 1);
}

#[test]
fn lower_set_prints_mixed_case() {
    let mut code = Vec::new();
    for byte in [0x0E, 0x48, 0xC9] {
        code.extend([0xA9, byte, 0x20, 0xD2, 0xFF]);
    }
    code.push(0x60);
    let mut machine = loaded(&code);
    assert_eq!(run(&mut machine).output.text, "hI");
    assert!(machine.screen_text().starts_with("hI\n"));
}

#[test]
fn hooked_chrout_vector_is_taken() {
    // Point $0326 to a routine that stores A at $C000, then call CHROUT.
    let code = [
        0xA9, 0x1D, 0x8D, 0x26, 0x03, 0xA9, 0x08, 0x8D, 0x27, 0x03, 0xA9, 0x41, 0x20, 0xD2, 0xFF, 0x60, 0x8D,
        0x00, 0xC0, 0x60,
    ];
    let mut machine = loaded(&code);
    let outcome = run(&mut machine);
    assert_eq!((machine.peek(0xC000), outcome.output.text.as_str()), (0x41, ""));
}

#[test]
fn marked_routines_are_seen_with_the_kernal_off() {
    // LDA #$35 / STA $01 / LDA #'H' / JSR print / LDA #13 / JSR print / LDA #$37 / STA $01 / RTS / "PYCO" 1 / print: RTS
    let code = [
        0x78, 0xA9, 0x35, 0x85, 0x01, 0xA9, 0x48, 0x20, 0x29, 0x08, 0xA9, 0x0D, 0x20, 0x29, 0x08, 0xA9, 0x37,
        0x85, 0x01, 0x58, 0x60, 0xEA, 0xEA, b'P', b'Y', b'C', b'O', 1, 0x60,
    ];
    let mut machine = loaded(&code);
    let outcome = machine.run(&RunOptions::default(), &mut NoDrive);
    assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::Returned, "H\n"));
    let mut code = code;
    code[27] = 2;
    let outcome = loaded(&code).run(&RunOptions::default(), &mut NoDrive);
    assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::RuntimeError, ""));
}

#[test]
fn returning_with_the_kernal_off_is_no_return() {
    let outcome = run(&mut loaded(&[0xA9, 0x35, 0x85, 0x01, 0xA9, 0x02, 0x8D, 0x47, 0xE1, 0x60]));
    assert_eq!(outcome.exit, Exit::Jam { pc: 0xE147, opcode: 0x02 });
}

#[test]
fn returning_without_basic_is_no_return() {
    let outcome = run(&mut loaded(&[0xA9, 0x36, 0x85, 0x01, 0x60]));
    assert_eq!(outcome.exit, Exit::LostBasic);
}

#[test]
fn system_interrupt_advances_the_clock() {
    // Wait until $A2 is 3.
    let mut machine = loaded(&[0xA5, 0xA2, 0xC9, 0x03, 0xD0, 0xFA, 0x60]);
    let outcome = machine.run(&RunOptions { max_cycles: 100_000, ..RunOptions::default() }, &mut NoDrive);
    assert_eq!(outcome.exit, Exit::Returned);
    assert!((3 * 16_422..3 * 16_422 + 600).contains(&outcome.cycles), "{}", outcome.cycles);
}

#[test]
fn raster_interrupt_reaches_the_programs_handler() {
    // SEI; mask CIA1; $0314 = handler; raster line 100; CLI; wait for $C000.
    let code = [
        0x78, 0xA9, 0x7F, 0x8D, 0x0D, 0xDC, 0xAD, 0x0D, 0xDC, 0xA9, 0x38, 0x8D, 0x14, 0x03, 0xA9, 0x08, 0x8D,
        0x15, 0x03, 0xA9, 0x64, 0x8D, 0x12, 0xD0, 0xA9, 0x01, 0x8D, 0x1A, 0xD0, 0x58, 0xA9, 0x00, 0x8D, 0x00,
        0xC0, 0xAD, 0x00, 0xC0, 0xF0, 0xFB, 0x78, 0x60, 0xEA, // handler at $0838:
        0xAD, 0x12, 0xD0, 0x8D, 0x00, 0xC0, 0x0E, 0x19, 0xD0, 0x4C, 0x81, 0xEA,
    ];
    let mut machine = loaded(&code);
    let outcome = machine.run(&RunOptions { max_cycles: 100_000, ..RunOptions::default() }, &mut NoDrive);
    assert_eq!((outcome.exit, machine.peek(0xC000)), (Exit::Returned, 100));
    assert!((6300..6500).contains(&outcome.cycles), "{}", outcome.cycles);
}

#[test]
fn timer_interrupt_uses_the_ram_vector_with_the_kernal_off() {
    // $01 = $35, $FFFE = handler, timer A 1000 cycles on CIA1, count five interrupts in $C000.
    let code = [
        0x78, 0xA9, 0x35, 0x85, 0x01, 0xA9, 0x42, 0x8D, 0xFE, 0xFF, 0xA9, 0x08, 0x8D, 0xFF, 0xFF, 0xA9, 0x00,
        0x8D, 0x00, 0xC0, 0xA9, 0xE7, 0x8D, 0x04, 0xDC, 0xA9, 0x03, 0x8D, 0x05, 0xDC, 0xA9, 0x11, 0x8D, 0x0E,
        0xDC, 0x58, 0xAD, 0x00, 0xC0, 0xC9, 0x05, 0xD0, 0xF9, 0x78, 0xA9, 0x37, 0x85, 0x01, 0x60, 0xEA, 0xEA,
        0xEA, 0xEA, // handler at $0842:
        0x48, 0xAD, 0x0D, 0xDC, 0xEE, 0x00, 0xC0, 0x68, 0x40,
    ];
    let mut machine = loaded(&code);
    let outcome = machine.run(&RunOptions { max_cycles: 100_000, ..RunOptions::default() }, &mut NoDrive);
    assert_eq!((outcome.exit, machine.peek(0xC000)), (Exit::Returned, 5));
    assert!((5000..5150).contains(&outcome.cycles), "{}", outcome.cycles);
}

#[test]
fn getin_takes_typed_keys_one_by_one() {
    // Read keys until RETURN, print each.
    let mut machine = loaded(&[0x20, 0xE4, 0xFF, 0xF0, 0xFB, 0x20, 0xD2, 0xFF, 0xC9, 0x0D, 0xD0, 0xF4, 0x60]);
    let outcome = machine.run(&typing("aB1\nX"), &mut NoDrive);
    assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::Returned, "AB1\n"));
}

#[test]
fn keyboard_buffer_is_filled_when_polled_with_the_kernal_off() {
    // Wait for $C6, take $0277, clear $C6; twice.
    let code = [
        0x78, 0xA9, 0x35, 0x85, 0x01, 0xA9, 0x00, 0x85, 0xC6, 0xA2, 0x00, 0xA5, 0xC6, 0xF0, 0xFC, 0xAD, 0x77,
        0x02, 0x9D, 0x00, 0xC0, 0xA9, 0x00, 0x85, 0xC6, 0xE8, 0xE0, 0x02, 0xD0, 0xED, 0xA9, 0x37, 0x85, 0x01,
        0x60,
    ];
    let mut machine = loaded(&code);
    let outcome = machine.run(&typing("p\n"), &mut NoDrive);
    assert_eq!(outcome.exit, Exit::Returned);
    assert_eq!((machine.peek(0xC000), machine.peek(0xC001)), (0x50, 0x0D));
}

#[test]
fn chrin_returns_the_typed_line() {
    // Read a line with CHRIN into $C000.
    let code = [0xA2, 0x00, 0x20, 0xCF, 0xFF, 0x9D, 0x00, 0xC0, 0xE8, 0xC9, 0x0D, 0xD0, 0xF5, 0x60];
    let mut machine = loaded(&code);
    let outcome = machine.run(&typing("hello\n"), &mut NoDrive);
    assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::Returned, ""));
    let line: Vec<u8> = (0..6).map(|i| machine.peek(0xC000 + i)).collect();
    assert_eq!(line, b"HELLO\r");
    assert!(machine.screen_text().starts_with("HELLO\n"));
}

#[test]
fn waiting_for_a_key_that_never_comes_ends_at_the_limit() {
    let outcome = loaded(&[0x20, 0xCF, 0xFF, 0x60]).run(&typing(""), &mut NoDrive);
    assert_eq!(outcome.exit, Exit::CycleLimit { pc: 0xFFCF });
}

struct OneFile(&'static [u8], Vec<u8>);

impl Drive for OneFile {
    fn open(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        (name == self.0).then(|| self.1.clone())
    }
}

/// SETLFS 1,8,`secondary`; SETNAM "F" at $0850; LDA #0, LDX #0, LDY #$C1; JSR LOAD; store A, carry, X, Y; RTS.
fn load_program(secondary: u8) -> Vec<u8> {
    let mut code = vec![
        0xA9, 0x01, 0xA2, 0x08, 0xA0, secondary, 0x20, 0xBA, 0xFF, 0xA9, 0x01, 0xA2, 0x50, 0xA0, 0x08, 0x20,
        0xBD, 0xFF, 0xA9, 0x00, 0xA2, 0x00, 0xA0, 0xC1, 0x20, 0xD5, 0xFF, 0x8D, 0x00, 0xC8, 0x8E, 0x02, 0xC8,
        0x8C, 0x03, 0xC8, 0xA9, 0x00, 0x2A, 0x8D, 0x01, 0xC8, 0x60,
    ];
    code.resize(usize::from(0x0850 - CODE), 0);
    code.push(b'F');
    code
}

#[test]
fn load_brings_a_file_to_its_own_or_a_given_address() {
    for (secondary, at) in [(0, 0xC100), (1, 0xC200)] {
        let mut machine = loaded(&load_program(secondary));
        let mut drive = OneFile(b"F", vec![0x00, 0xC2, 1, 2, 3]);
        assert_eq!(machine.run(&quiet(), &mut drive).exit, Exit::Returned);
        let bytes: Vec<u8> = (0..3).map(|i| machine.peek(at + i)).collect();
        assert_eq!(bytes, [1, 2, 3]);
        assert_eq!(u16::from_le_bytes([machine.peek(0xC802), machine.peek(0xC803)]), at + 3);
        assert_eq!((machine.peek(0xC801), machine.peek(0x90)), (0, 0x40));
    }
}

#[test]
fn load_reports_a_missing_file_and_a_missing_drive() {
    for (drive, number) in [(&mut OneFile(b"G", vec![]) as &mut dyn Drive, 4), (&mut NoDrive, 5)] {
        let mut machine = loaded(&load_program(1));
        machine.run(&quiet(), drive);
        assert_eq!((machine.peek(0xC800), machine.peek(0xC801)), (number, 1));
    }
}

#[test]
fn open_and_chrin_read_a_file_to_its_end() {
    // SETLFS 2,8,2; SETNAM; OPEN; LDX #2; CHKIN; loop: CHRIN, STA $C000,Y, READST; CLOSE; CLRCHN.
    let mut code = vec![
        0xA9, 0x02, 0xA2, 0x08, 0xA0, 0x02, 0x20, 0xBA, 0xFF, 0xA9, 0x01, 0xA2, 0x50, 0xA0, 0x08, 0x20, 0xBD,
        0xFF, 0x20, 0xC0, 0xFF, 0xA2, 0x02, 0x20, 0xC6, 0xFF, 0xA0, 0x00, 0x20, 0xCF, 0xFF, 0x99, 0x00, 0xC0,
        0xC8, 0x20, 0xB7, 0xFF, 0xF0, 0xF4, 0x8C, 0x10, 0xC0, 0xA9, 0x02, 0x20, 0xC3, 0xFF, 0x20, 0xCC, 0xFF,
        0x60,
    ];
    code.resize(usize::from(0x0850 - CODE), 0);
    code.push(b'F');
    let mut machine = loaded(&code);
    assert_eq!(machine.run(&quiet(), &mut OneFile(b"F", vec![9, 8, 7])).exit, Exit::Returned);
    let bytes: Vec<u8> = (0..3).map(|i| machine.peek(0xC000 + i)).collect();
    assert_eq!((bytes, machine.peek(0xC010)), (vec![9, 8, 7], 3));
}

#[test]
fn plot_moves_and_reports_the_cursor() {
    // CLC / LDX #5 / LDY #7 / JSR PLOT / LDA #'A' / JSR CHROUT / SEC / JSR PLOT / STX $C000 / STY $C001 / RTS
    let code = [
        0x18, 0xA2, 0x05, 0xA0, 0x07, 0x20, 0xF0, 0xFF, 0xA9, 0x41, 0x20, 0xD2, 0xFF, 0x38, 0x20, 0xF0, 0xFF,
        0x8E, 0x00, 0xC0, 0x8C, 0x01, 0xC0, 0x60,
    ];
    let mut machine = loaded(&code);
    run(&mut machine);
    assert_eq!((machine.peek(0xC000), machine.peek(0xC001)), (5, 8));
    assert_eq!(machine.peek(0x0400 + 5 * 40 + 7), 1);
}

#[test]
fn watched_accesses_and_profile_describe_the_run() {
    // INC $D020 / LDA $D020 / RTS
    let mut machine = loaded(&[0xEE, 0x20, 0xD0, 0xAD, 0x20, 0xD0, 0x60]);
    machine.watch(0xD020..=0xD020);
    machine.run(&RunOptions { profile: Some(Regions::default()), ..quiet() }, &mut NoDrive);
    let seen: Vec<_> = machine.take_accesses().iter().map(|a| (a.is_write, a.value, a.pc)).collect();
    let expected = [(false, 0xFE, CODE), (true, 0xFE, CODE), (true, 0xFF, CODE), (false, 0xFF, CODE + 3)];
    assert_eq!(seen, expected);
    let profile = machine.profile().unwrap();
    assert_eq!([CODE, CODE + 3, CODE + 6].map(|pc| profile.at(pc)), [6, 4, 6]);
}

#[test]
fn routine_can_be_called_with_registers() {
    let mut machine = Machine::new();
    machine.load_at(0xC000, &[0x86, 0x02, 0x18, 0x65, 0x02, 0x60]); // STX $02 / CLC / ADC $02 / RTS
    let outcome = machine.call(0xC000, [3, 4, 5], &quiet(), &mut NoDrive);
    assert_eq!((outcome.exit, outcome.cycles), (Exit::Returned, 3 + 2 + 3 + 6));
    assert_eq!(machine.registers()[..3], [7, 4, 5]);
}

#[test]
fn nmi_from_cia2_runs_the_handler_once() {
    // $0318 = handler; timer A of CIA2 in one shot; wait for $C000.
    let code = [
        0xA9, 0x00, 0x8D, 0x00, 0xC0, 0xA9, 0x3A, 0x8D, 0x18, 0x03, 0xA9, 0x08, 0x8D, 0x19, 0x03, 0xA9, 0x32,
        0x8D, 0x04, 0xDD, 0xA9, 0x00, 0x8D, 0x05, 0xDD, 0xA9, 0x81, 0x8D, 0x0D, 0xDD, 0xA9, 0x19, 0x8D, 0x0E,
        0xDD, 0xAD, 0x00, 0xC0, 0xF0, 0xFB, 0x60, 0xEA, 0xEA, 0xEA, 0xEA, // handler at $083A:
        0xEE, 0x00, 0xC0, 0x48, 0xAD, 0x0D, 0xDD, 0x68, 0x40,
    ];
    let mut machine = loaded(&code);
    assert_eq!((run(&mut machine).exit, machine.peek(0xC000)), (Exit::Returned, 1));
}
