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
    assert_eq!(messages(&missing), ["E4001 nothing defines 'rt_nothing', which main needs"]);
    let big = input(".routine main\nlda rt_a_lot\nrts\n.bss rt_a_lot, 60000", kernal());
    assert_eq!(messages(&big), ["E4002 the program does not fit into memory: 60000 bytes too many"]);
    let two = ".routine main\njsr rt_x\njmp rt_y\n.routine rt_x\nnop\nnop\n.routine rt_y\nnop";
    let mut shared = input(two, kernal());
    (shared.sections[1].fixed, shared.sections[2].fixed) = (Some(0xc000), Some(0xc001));
    assert_eq!(messages(&shared), ["E4003 rt_x ($c000-$c001) and rt_y ($c001-$c001) share memory"]);
    (shared.sections[1].fixed, shared.sections[2].fixed) = (Some(0xc000), Some(0xe000));
    assert_eq!(messages(&shared), ["E4004 rt_y does not fit at $e000: it would end at $e000"]);
    let far = input(".routine main\nbeq rt_far\nrts\n.routine rt_far\n.fill 200, 0", kernal());
    assert!(linked_or_none(&far).is_some(), "the branch reaches the next routine");
    let far = input(".routine main\nbeq rt_far + 200\nrts\n.routine rt_far\n.fill 201, 0", kernal());
    assert!(messages(&far)[0].starts_with("E4005 'rt_far' in main: the branch target is out of range"));
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
