//! Linked programs on the built-in C64: start-up, output, keys, interrupts, the way back to BASIC.
//! The programs are assembly, so that nothing but linker and run time is tested.

use pycoc::assembler::library::{ChunkKind, assemble_library};
use pycoc::base::diag::Sink;
use pycoc::link::{Image, LinkInput, link};
use pycoc::mir::ir::Environment;
use pycoc::obj::emit::emit;
use pycoc::obj::object::{Section, SectionKind};
use pycoc::out::prg;
use pycoc::sim::{Exit, Machine, NoDrive, Outcome, RunOptions};

/// The sections of an assembly text in the form of the files in `asm/`.
fn sections(text: &str) -> Vec<Section> {
    let (chunks, errors) = assemble_library(include_str!("../asm/zp.s"), text);
    assert_eq!(errors, []);
    let section = |chunk: pycoc::assembler::library::Chunk| match chunk.kind {
        ChunkKind::Bss(size) => Section::reserve(chunk.name, SectionKind::Bss, size),
        ChunkKind::Code => emit(chunk.name, &chunk.items, &|_| false).0,
        ChunkKind::Data => {
            Section { kind: SectionKind::Data, ..emit(chunk.name, &chunk.items, &|_| false).0 }
        }
        ChunkKind::RoData => {
            Section { kind: SectionKind::RoData, ..emit(chunk.name, &chunk.items, &|_| false).0 }
        }
    };
    chunks.into_iter().map(section).collect()
}

fn input(text: &str, env: Environment) -> LinkInput {
    LinkInput { sections: sections(text), entry: Some("main".into()), env, ..LinkInput::default() }
}

fn linked(input: &LinkInput) -> Image {
    let mut sink = Sink::default();
    let image = link(input, &mut sink);
    let messages: Vec<&str> = sink.iter().map(|d| d.message.as_str()).collect();
    image.unwrap_or_else(|| panic!("{messages:?}"))
}

/// The faults of a program that cannot be linked, each with its code.
fn messages(input: &LinkInput) -> Vec<String> {
    let mut sink = Sink::default();
    assert_eq!(link(input, &mut sink), None);
    sink.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
}

fn run_on(machine: &mut Machine, image: &Image, keys: &str) -> Outcome {
    machine.load_prg(&prg::write(image)).unwrap();
    let options = RunOptions { max_cycles: 20_000_000, input: keys.to_string(), ..RunOptions::default() };
    machine.run(&options, &mut NoDrive)
}

fn run(text: &str, env: Environment) -> Outcome {
    run_on(&mut Machine::new(), &linked(&input(text, env)), "")
}

fn bare() -> Environment {
    Environment::default()
}

fn kernal() -> Environment {
    Environment { kernal: true, ..bare() }
}

const EMPTY: &str = ".routine main\nrts";
const HELLO: &str = "
    .routine main
        lda #<rt_text
        ldx #>rt_text
        jmp rt_print_str
    .rodata rt_text
        .byte 5
        .text \"HELLO\"
";

#[test]
fn an_empty_program_is_tiny() {
    assert!(prg::write(&linked(&input(EMPTY, kernal()))).len() <= 40);
    assert!(prg::write(&linked(&input(EMPTY, bare()))).len() <= 80);
    assert_eq!(run(EMPTY, bare()).exit, Exit::Returned);
    assert_eq!(run(EMPTY, kernal()).exit, Exit::Returned);
}

#[test]
fn hello_is_small_and_prints_in_both_environments() {
    for (env, limit) in [(kernal(), 200), (bare(), 600)] {
        let image = linked(&input(HELLO, env));
        let size = prg::write(&image).len();
        assert!(size <= limit, "{size} bytes");
        let mut machine = Machine::new();
        let outcome = run_on(&mut machine, &image, "");
        assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::Returned, "HELLO"));
        assert!(machine.screen_text().contains("HELLO"));
    }
}

#[test]
fn a_program_can_be_run_again() {
    for env in [bare(), kernal()] {
        let mut machine = Machine::new();
        let image = linked(&input(HELLO, env));
        machine.load_prg(&prg::write(&image)).unwrap();
        for _ in 0..2 {
            let outcome = machine.run(&RunOptions::default(), &mut NoDrive);
            assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::Returned, "HELLO"));
        }
    }
}

#[test]
fn the_machine_is_as_before_when_the_program_ends() {
    let text = "
        .routine main
            ldx #2
        !:  sta $00,x
            inx
            cpx #$90
            bne !-
            lda #$15
            sta $d011
            rts
    ";
    for env in [bare(), kernal()] {
        let mut input = input(text, env);
        (0x02..=0x8f).for_each(|address| input.zero_page.insert(address));
        input.mapped.push(0xd011..=0xd011);
        let mut machine = Machine::new();
        let image = linked(&input);
        machine.load_prg(&prg::write(&image)).unwrap();
        let state = |m: &Machine| (0x00..0x90).chain([0x314, 0x315]).map(|a| m.peek(a)).collect::<Vec<u8>>();
        let before = state(&machine);
        let mode = machine.peek(0xd011) & 0x7f;
        assert_eq!(run_on(&mut machine, &image, "").exit, Exit::Returned);
        assert_eq!(state(&machine), before);
        assert_eq!(machine.peek(0xd011) & 0x7f, mode);
    }
}

#[test]
fn zero_page_comes_back_from_under_the_roms() {
    let text = ".routine main\nldx #40\n!: txa\nsta $20,x\ndex\nbne !-\nlda #1\nsta rt_big\nrts\n.bss rt_big, 39500\n";
    let address = 0x20..=0x60;
    for env in [bare(), kernal()] {
        let zero_page = address.clone().collect();
        let image = linked(&LinkInput { zero_page, ..input(text, env) });
        assert!(image.symbols["rt_zero_page_0"] >= 0xA000);
        let mut machine = Machine::new();
        machine.load_prg(&prg::write(&image)).unwrap();
        let before: Vec<u8> = address.clone().map(|at| machine.peek(u16::from(at))).collect();
        assert_eq!(run_on(&mut machine, &image, "").exit, Exit::Returned);
        let after: Vec<u8> = address.clone().map(|at| machine.peek(u16::from(at))).collect();
        assert_eq!(before, after);
    }
}

#[test]
fn keys_arrive_in_both_environments() {
    let text = "
        .routine main
            jsr rt_waitkey
            jsr rt_print_char
            jsr rt_waitkey
            jmp rt_print_char
    ";
    for env in [bare(), kernal()] {
        let outcome = run_on(&mut Machine::new(), &linked(&input(text, env)), "OK");
        assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::Returned, "OK"));
    }
}

#[test]
fn the_jiffy_clock_runs_when_the_program_names_it() {
    let text = "
        .routine main
            lda $a2
            clc
            adc #3
        !:  cmp $a2
            bne !-
            rts
    ";
    for env in [bare(), kernal()] {
        let mut input = input(text, env);
        input.mapped.push(0xa0..=0xa2);
        let outcome = run_on(&mut Machine::new(), &linked(&input), "");
        assert_eq!(outcome.exit, Exit::Returned);
        assert!((34_000..70_000).contains(&outcome.cycles), "{}", outcome.cycles);
    }
}

#[test]
fn a_run_time_error_leaves_from_any_depth() {
    let text = "
        .routine main
            pha
            jsr deeper
        deeper:
            pha
            lda #<rt_text
            ldx #>rt_text
            jmp rt_fail
        .rodata rt_text
            .byte 4
            .text \"OOPS\"
    ";
    for env in [bare(), kernal()] {
        let outcome = run(text, env);
        assert_eq!((outcome.exit, outcome.output.text.as_str()), (Exit::RuntimeError, "OOPS"));
    }
}

#[test]
fn functions_and_data_with_an_address_are_copied_there() {
    let text = "
        .routine main
            jsr rt_high
            jmp rt_print_char
        .routine rt_high
            lda rt_data + 299
            rts
        .data rt_data
            .fill 299, 0
            .byte $41
        .routine rt_init
            lda #1
            sta rt_data
            rts
    ";
    for env in [bare(), kernal()] {
        let mut input = input(text, env);
        input.sections[1].fixed = Some(0xc000);
        input.sections[2].fixed = Some(0xc000);
        input.init.push("rt_init".into());
        let image = linked(&input);
        assert_eq!((image.symbols["rt_high"], image.symbols["rt_data"]), (0xc000, 0xc004));
        let mut machine = Machine::new();
        assert_eq!(run_on(&mut machine, &image, "").output.text, "A");
        assert_eq!(machine.ram(0xc004), 1, "the initial function ran after the copy");
    }
}

#[test]
fn an_interrupt_handler_chains_to_the_system() {
    let text = "
        .routine main
            lda #<rt_handler
            ldx #>rt_handler
            jsr rt_set_irq
            lda #100
            ldx #0
            jsr rt_enable_raster_irq
        !:  lda rt_count
            cmp #5
            bcc !-
            jmp rt_disable_raster_irq
        .routine rt_handler
        .if (BARE) {
            pha
            txa
            pha
            tya
            pha
        }
            inc rt_count
            lda #1
            sta $d019
            jmp rt_irq_chain
        .data rt_count
            .byte 0
    ";
    for (env, bare) in [(bare(), 1), (kernal(), 0)] {
        let text = format!(".const BARE = {bare}\n{text}");
        assert_eq!(run(&text, env).exit, Exit::Returned);
    }
}

#[test]
fn variables_keep_out_of_mapped_areas() {
    let text = ".routine main\nlda rt_buffer\nrts\n.bss rt_buffer, 100";
    let mut input = input(text, kernal());
    input.mapped.push(0x0830..=0x8fff);
    let image = linked(&input);
    let buffer = image.symbols["rt_buffer"];
    assert!(buffer >= 0x9000, "${buffer:04x}");
    assert!(image.bytes.len() < 100, "a variable takes no room in the file");
}

#[test]
fn faults_are_reported() {
    let missing = input(".routine main\njmp rt_nothing", bare());
    assert_eq!(messages(&missing), ["E4001 Nothing defines 'rt_nothing', which main needs"]);
    let big = input(".routine main\nlda rt_a_lot\nrts\n.bss rt_a_lot, 60000", kernal());
    assert_eq!(messages(&big), ["E4002 The program does not fit into memory: 8833 bytes too many"]);
    let two = ".routine main\njsr rt_x\njmp rt_y\n.routine rt_x\nnop\nnop\n.routine rt_y\nnop";
    let mut shared = input(two, kernal());
    (shared.sections[1].fixed, shared.sections[2].fixed) = (Some(0xc000), Some(0xc001));
    assert_eq!(messages(&shared), ["E4003 rt_x ($c000-$c001) and rt_y ($c001-$c001) share memory"]);
    (shared.sections[1].fixed, shared.sections[2].fixed) = (Some(0xc000), Some(0xe000));
    assert_eq!(messages(&shared), ["E4004 rt_y does not fit at $e000: it would end at $e000"]);
    let far = input(".routine main\nbeq rt_far\nrts\n.routine rt_far\n.fill 200, 0", kernal());
    assert!(linked_or_none(&far).is_some(), "the branch reaches the next routine");
    let far = input(".routine main\nbeq rt_far + 200\nrts\n.routine rt_far\n.fill 201, 0", kernal());
    let message = messages(&far).remove(0);
    assert!(message.starts_with("E4005 'rt_far' in main: the branch target is out of range"), "{message}");
}

fn linked_or_none(input: &LinkInput) -> Option<Image> {
    link(input, &mut Sink::default())
}

#[test]
fn code_in_a_mapped_area_is_a_warning() {
    let mut input = input(EMPTY, bare());
    input.mapped.push(0x0000..=0xffff);
    let mut sink = Sink::default();
    assert!(link(&input, &mut sink).is_some() && !sink.has_errors());
    assert!(sink.iter().all(|d| d.code.0 == "W0401") && sink.iter().count() == 1);
}

/// A program that prints these codes.
fn printer(codes: &[u8]) -> String {
    let bytes: Vec<String> = codes.iter().map(u8::to_string).collect();
    format!(
        ".routine main
            lda #0
            sta rt_at
        !:  ldx rt_at
            lda rt_codes,x
            jsr rt_print_char
            inc rt_at
            lda rt_at
            cmp #{}
            bne !-
            rts
        .data rt_at
            .byte 0
        .rodata rt_codes
            .byte {}",
        codes.len(),
        bytes.join(", ")
    )
}

/// Screen, colours, cursor and character set after printing.
fn screen_after(codes: &[u8], env: Environment) -> Vec<u8> {
    let mut machine = Machine::new();
    let outcome = run_on(&mut machine, &linked(&input(&printer(codes), env)), "");
    assert_eq!(outcome.exit, Exit::Returned);
    let screen = (0x0400..0x07e8).map(|address| machine.peek(address));
    let colours = (0xd800..0xdbe8).map(|address| machine.peek(address) & 0x0f);
    let cursor = [0xd3, 0xd6, 0xd018, 0x0286].map(|address| machine.peek(address));
    screen.chain(colours).chain(cursor).collect()
}

#[test]
fn own_output_does_what_the_kernal_does() {
    let mut seed = 7u32;
    let mut random = |below: u32| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed % below
    };
    for _ in 0..60 {
        let mut codes = vec![0x93];
        while codes.len() < 230 {
            let code = match random(10) {
                0..=4 => random(256) as u8,
                5 => [0x0d, 0x8d][random(2) as usize],
                6 => [0x11, 0x91, 0x1d, 0x9d][random(4) as usize],
                7 => [0x12, 0x92, 0x14, 0x13][random(4) as usize],
                _ => b'A' + random(26) as u8,
            };
            // Insert and quote mode are the KERNAL's alone, and so are lines of 80 columns, which
            // a step to the left of a line's start would make.
            match code {
                0x94 | 0x22 => {}
                0x9d | 0x14 => codes.extend([b'A', code]),
                _ => codes.push(code),
            }
            if codes.len() % 16 == 0 {
                codes.push(0x0d);
            }
        }
        codes.truncate(250);
        let (own, kernal) = (screen_after(&codes, bare()), screen_after(&codes, kernal()));
        let wrong = (0..own.len()).find(|i| own[*i] != kernal[*i]);
        assert_eq!(wrong, None, "{codes:02x?}");
    }
}

#[test]
fn own_keyboard_scan_decodes_keys_with_shifts() {
    let text = "
        .routine main
            jsr rt_waitkey
            sta $c000
            lda $c5
            sta $c001
            lda $028d
            sta $c002
            rts
    ";
    let image = linked(&input(text, bare()));
    let (shift, logo, control) = (15, 61, 58);
    let keys = [
        (10, None, 0x41, 0),
        (10, Some(shift), 0xc1, 1),
        (10, Some(52), 0xc1, 1),
        (1, None, 0x0d, 0),
        (60, None, 0x20, 0),
        (4, None, 0x85, 0),
        (4, Some(shift), 0x89, 1),
        (56, Some(logo), 0x81, 2),
        (56, Some(control), 0x90, 4),
        (63, None, 0x03, 0),
    ];
    for (key, with, code, shifts) in keys {
        let mut machine = Machine::new();
        machine.set_key(key, true);
        with.into_iter().for_each(|index| machine.set_key(index, true));
        assert_eq!(run_on(&mut machine, &image, "").exit, Exit::Returned);
        let found = [0xc000, 0xc001, 0xc002].map(|address| machine.ram(address));
        assert_eq!(found, [code, key, shifts], "key {key} with {with:?}");
    }
}

#[test]
fn joystick_2_can_be_read_while_keys_are_scanned() {
    let text = "
        .routine main
            jsr rt_getkey
            ldx #10
        !:  lda $a2
        !wait:
            cmp $a2
            beq !wait-
            dex
            bne !-
            lda $dc00
            sta $c000
            rts
    ";
    let mut input = input(text, bare());
    input.mapped.push(0xa2..=0xa2);
    let mut machine = Machine::new();
    machine.set_joystick(2, 0x10);
    assert_eq!(run_on(&mut machine, &linked(&input), "").exit, Exit::Returned);
    assert_eq!(machine.ram(0xc000) & 0x1f, 0x0f);
}
