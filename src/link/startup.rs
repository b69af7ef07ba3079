//! The code around `main`: the BASIC line, start-up, the way back to BASIC, the system interrupt.
//!
//! In: the program's environment and what of it is linked. Out: the sections at the load address,
//! and the variables they need. Invariant: each part is there only when the program can
//! notice it, so that an empty program stays tiny; what start-up changes, the end gives back: the
//! zero page that was used, ROMs, vectors, screen mode. The order of start-up is that of
//! `docs/language.md`. Not here: the routines that start-up calls (`asm/`).

use std::fmt::Write;
use std::ops::RangeInclusive;

use crate::c64::memmap;
use crate::link::LinkInput;
use crate::link::blocks::Block;
use crate::link::dynamic;
use crate::link::runtime::{RtSection, assemble_own};
use crate::link::shake::Reachable;
use crate::mos::item::Name;
use crate::obj::object::{Section, SectionKind};
use crate::obj::zpset::ZpSet;

/// The name of the section, and of the BASIC line before it.
pub const START: &str = "rt_start";
pub const BASIC_LINE: &str = "rt_basic_line";
/// The end of the program; may be jumped to with anything on the stack.
const EXIT: &str = "rt_exit";
const STACK_POINTER: &str = "rt_entry_stack";
const SAVED: &str = "rt_saved";
/// Stands, with its number, for a function that is called.
const CALL: &str = "rt_call_";

/// Symbols of the section that code may refer to.
pub const SYMBOLS: &[&str] = &[EXIT, "rt_irq", "rt_irq_chain", "rt_irq_return"];

/// Where the text for the character generator is copied from: ROM, seen with port value $31.
const CHARACTER_ROM: u16 = 0xD000;
const CHARACTER_SET_SIZE: u16 = 0x0800;
const PORT_CHARACTERS: u8 = 0x31;
/// The KERNAL routine that sets both CIAs and the SID up.
const IOINIT: u16 = 0xFF84;
const HOOK_VECTOR: u16 = memmap::VECTOR_IRQ;
/// Copies of up to this size are made by a loop of their own.
const SHORT_COPY: u32 = 256;

/// VIC registers, and the VIC's bank, that make up the screen mode.
const SCREEN_MODE: [u16; 5] = [0xD011, 0xD015, 0xD016, 0xD018, 0xDD00];
const CHARSET_REGISTER: u16 = 0xD018;
const CHARSET_LOWER: u8 = 0x17;
const RASTER_CONTROL: u16 = 0xD011;
const VIC_INTERRUPTS: u16 = 0xD01A;

/// Run-time routines that the start-up code will call, given what the program itself reaches.
pub fn roots(input: &LinkInput, reachable: &Reachable, blocks: &[Block]) -> Vec<Name> {
    let copies = input.env.charset_rom.is_some() || blocks.iter().any(|b| b.size > SHORT_COPY);
    let keys = reachable.has("rt_getkey") || wants_keyboard(input);
    let parts = [
        ("rt_mem_move", copies),
        ("rt_squares_init", reachable.has("rt_squares")),
        ("rt_keyboard", !input.env.kernal && keys),
        ("rt_jiffy", !input.env.kernal && wants_jiffy(input)),
    ];
    parts.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name.into()).collect()
}

/// The load address of the section, and the address where execution begins.
pub fn addresses(input: &LinkInput) -> (u16, u16) {
    match input.env.origin {
        Some(origin) => (origin, origin),
        None => (memmap::BASIC_START, memmap::BASIC_START + BASIC_LINE_SIZE),
    }
}

/// Size of the line `10 SYS2061` with the two zero bytes that end a BASIC program.
const BASIC_LINE_SIZE: u16 = 12;
const TOKEN_SYS: u8 = 0x9E;

/// Start-up code and its variables. `reachable` is everything else that is linked.
pub fn build(input: &LinkInput, reachable: &Reachable, blocks: &[Block]) -> Vec<Section> {
    let plan = Plan::new(input, reachable, blocks);
    let mut text = String::new();
    plan.write(&mut text);
    let RtSection { mut section, .. } = assemble_own(START, &text);
    // Names of compiled functions are no assembly names; the text has their numbers.
    for reloc in &mut section.relocs {
        let number = reloc.symbol.as_str().strip_prefix(CALL).and_then(|n| n.parse::<usize>().ok());
        if let Some(function) = number.and_then(|n| plan.calls().nth(n)) {
            reloc.symbol = function.clone();
        }
    }
    let mut sections = vec![section];
    sections.extend(input.env.origin.is_none().then(basic_line));
    let mut reserve = |name: String, size: usize| {
        if size > 0 {
            sections.push(Section::reserve(name, SectionKind::Bss, size as u16));
        }
    };
    for (i, run) in plan.zero_page.iter().enumerate() {
        reserve(saved_run(i), run.len());
    }
    reserve(SAVED.to_string(), plan.registers.len());
    reserve(STACK_POINTER.to_string(), usize::from(plan.keeps_stack));
    sections
}

/// The line `10 SYS2061` with the end of a BASIC program.
fn basic_line() -> Section {
    let start = memmap::BASIC_START + BASIC_LINE_SIZE;
    let [next_low, next_high] = (start - 2).to_le_bytes();
    let mut bytes = vec![next_low, next_high, 10, 0, TOKEN_SYS];
    bytes.extend(start.to_string().bytes());
    bytes.extend([0; 3]);
    Section::with_bytes(BASIC_LINE, SectionKind::RoData, bytes)
}

fn saved_run(index: usize) -> String {
    format!("rt_zero_page_{index}")
}

fn touches(input: &LinkInput, range: RangeInclusive<u16>) -> bool {
    input.mapped.iter().any(|mapped| mapped.start() <= range.end() && range.start() <= mapped.end())
}

fn touches_byte(input: &LinkInput, address: u16) -> bool {
    touches(input, address..=address)
}

fn wants_jiffy(input: &LinkInput) -> bool {
    touches(input, memmap::JIFFY_CLOCK..=memmap::JIFFY_CLOCK + 2)
}

fn wants_keyboard(input: &LinkInput) -> bool {
    let buffer = memmap::KEY_BUFFER..=memmap::KEY_BUFFER + u16::from(memmap::KEY_BUFFER_SIZE) - 1;
    touches(input, memmap::LAST_KEY..=memmap::KEY_COUNT)
        || touches(input, buffer)
        || touches(input, memmap::KEY_STATE)
}

/// What start-up and the end have to do.
struct Plan<'a> {
    input: &'a LinkInput,
    blocks: &'a [Block],
    /// Runs of zero page that are saved and given back.
    zero_page: Vec<RangeInclusive<u8>>,
    /// Registers and vectors that are saved and given back.
    registers: Vec<u16>,
    keeps_stack: bool,
    keyboard: bool,
    jiffy: bool,
    hook: bool,
    /// Something jumps into the system interrupt.
    chained: bool,
    raster: bool,
    /// Products come from tables, which must be filled.
    squares: bool,
    /// The program may have changed CIA or SID registers.
    chips: bool,
    /// The end may be reached with other ROMs than the program has.
    banks: bool,
    /// Modules are loaded; then some references to them need a patch.
    loader: Option<&'static str>,
    patches: bool,
}

impl<'a> Plan<'a> {
    fn new(input: &'a LinkInput, reachable: &Reachable, blocks: &'a [Block]) -> Plan<'a> {
        let (kernal, returns) = (input.env.kernal, !input.env.noreturn);
        let hook = reachable.has("rt_set_irq_hook");
        let handlers = hook || reachable.has("rt_set_irq");
        let used = reachable.zero_page | input.zero_page | fixed_zero_page(reachable);
        let mut registers: Vec<u16> =
            SCREEN_MODE.into_iter().filter(|register| touches_byte(input, *register)).collect();
        if input.env.lowercase && !registers.contains(&CHARSET_REGISTER) {
            registers.push(CHARSET_REGISTER);
        }
        let vector = if kernal { handlers || touches(input, HOOK_VECTOR..=HOOK_VECTOR + 1) } else { hook };
        if vector {
            registers.extend([HOOK_VECTOR, HOOK_VECTOR + 1]);
        }
        let exits = reachable.start_up.contains(EXIT);
        Plan {
            input,
            blocks,
            zero_page: if returns { saved_runs(used, kernal) } else { Vec::new() },
            registers: if returns { registers } else { Vec::new() },
            keeps_stack: returns && exits,
            keyboard: !kernal && reachable.has("rt_keyboard"),
            jiffy: !kernal && reachable.has("rt_jiffy"),
            hook: hook && !kernal,
            chained: ["rt_irq", "rt_irq_chain", "rt_irq_return"]
                .iter()
                .any(|s| reachable.start_up.contains(*s)),
            raster: reachable.has("rt_enable_raster_irq") || touches_byte(input, VIC_INTERRUPTS),
            squares: reachable.has("rt_squares_init"),
            loader: dynamic::LOADERS.into_iter().find(|loader| reachable.has(loader)),
            patches: reachable.has(dynamic::PATCH),
            banks: touches_byte(input, memmap::PORT) || dynamic::LOADERS.iter().any(|l| reachable.has(l)),
            chips: touches(input, 0xDC02..=0xDDFF) || touches(input, 0xD400..=0xD418),
        }
    }

    fn write(&self, out: &mut String) {
        self.start(out);
        match self.input.env.noreturn {
            true => out.push_str("rt_exit: jmp rt_exit\n"),
            false => self.end(out),
        }
        if !self.input.env.kernal {
            self.system_interrupt(out);
        }
    }

    fn start(&self, out: &mut String) {
        let env = &self.input.env;
        let quiet = !env.kernal || env.charset_rom.is_some() || !self.blocks.is_empty();
        if quiet {
            line(out, format_args!("sei"));
        }
        for (i, run) in self.zero_page.iter().enumerate() {
            copy_run(out, &format!("${:02x}", run.start()), &saved_run(i), run.len() as u32);
        }
        if self.keeps_stack {
            line(out, format_args!("tsx\nstx {STACK_POINTER}"));
        }
        for (i, register) in self.registers.iter().enumerate() {
            line(out, format_args!("lda ${register:04x}\nsta {SAVED}+{i}"));
        }
        if let Some(target) = env.charset_rom {
            let half = if env.lowercase { CHARACTER_SET_SIZE } else { 0 };
            set_port(out, PORT_CHARACTERS);
            move_block(out, &format!("${:04x}", CHARACTER_ROM + half), target, u32::from(CHARACTER_SET_SIZE));
        }
        set_port(out, self.port());
        if !env.kernal {
            set_vector(out, memmap::CPU_NMI, "rt_nmi");
            set_vector(out, memmap::CPU_IRQ, "rt_irq");
        }
        for block in self.blocks {
            if block.size > SHORT_COPY {
                move_block(out, block.stored_name().as_str(), block.address, block.size);
            } else {
                copy_run(out, block.stored_name().as_str(), &format!("${:04x}", block.address), block.size);
            }
        }
        if let Some(loader) = self.loader {
            set_port(out, memmap::PORT_KERNAL);
            line(out, format_args!("jsr {loader}"));
            if self.patches {
                line(out, format_args!("jsr {}", dynamic::PATCH));
            }
            // The KERNAL's routines for the drive allow interrupts.
            if quiet {
                line(out, format_args!("sei"));
            }
            set_port(out, self.port());
        }
        if self.hook {
            set_vector(out, HOOK_VECTOR, "rt_irq_chain");
        }
        if env.lowercase {
            line(out, format_args!("lda #${CHARSET_LOWER:02x}\nsta ${CHARSET_REGISTER:04x}"));
        }
        if self.squares {
            line(out, format_args!("jsr rt_squares_init"));
        }
        let inits = self.input.init.len();
        for number in 0..inits {
            line(out, format_args!("jsr {CALL}{number}"));
        }
        if quiet {
            line(out, format_args!("cli"));
        }
        if self.input.entry.is_some() {
            line(out, format_args!("jsr {CALL}{inits}"));
        }
    }

    /// The ROMs that the program has.
    fn port(&self) -> u8 {
        if self.input.env.kernal { memmap::PORT_KERNAL } else { memmap::PORT_IO }
    }

    /// The functions that are called, in order.
    fn calls(&self) -> impl Iterator<Item = &'a Name> {
        self.input.init.iter().chain(&self.input.entry)
    }

    fn end(&self, out: &mut String) {
        let vectors = self.registers.contains(&HOOK_VECTOR);
        line(out, format_args!("rt_exit:"));
        if !self.input.env.kernal || vectors || self.raster {
            line(out, format_args!("sei"));
        }
        if self.keeps_stack {
            line(out, format_args!("ldx {STACK_POINTER}\ntxs"));
        }
        if self.chips {
            set_port(out, memmap::PORT_ALL);
            line(out, format_args!("jsr ${IOINIT:04x}\nsei"));
        }
        // What was saved may lie where the ROMs are.
        if self.chips || self.banks {
            set_port(out, self.port());
        }
        if self.raster {
            line(out, format_args!("lda #0\nsta ${VIC_INTERRUPTS:04x}"));
        }
        for (i, register) in self.registers.iter().enumerate() {
            line(out, format_args!("lda {SAVED}+{i}"));
            if *register == RASTER_CONTROL {
                // Bit 7 was the raster line's, not the mode's.
                line(out, format_args!("and #$7f"));
            }
            line(out, format_args!("sta ${register:04x}"));
        }
        for (i, run) in self.zero_page.iter().enumerate() {
            copy_run(out, &saved_run(i), &format!("${:02x}", run.start()), run.len() as u32);
        }
        set_port(out, memmap::PORT_ALL);
        line(out, format_args!("cli\nrts"));
    }

    /// The IRQ and NMI handlers of a program without the KERNAL.
    fn system_interrupt(&self, out: &mut String) {
        if !(self.keyboard || self.jiffy || self.hook || self.chained) {
            return line(out, format_args!("rt_irq: pha\nlda $dc0d\npla\nrt_nmi: rti"));
        }
        line(out, format_args!("rt_irq: pha\ntxa\npha\ntya\npha"));
        if self.hook {
            line(out, format_args!("jmp (${HOOK_VECTOR:04x})"));
        }
        line(out, format_args!("rt_irq_chain: lda $dc0d"));
        if self.jiffy {
            line(out, format_args!("jsr rt_jiffy"));
        }
        if self.keyboard {
            line(out, format_args!("jsr rt_keyboard"));
        }
        line(out, format_args!("rt_irq_return: pla\ntay\npla\ntax\npla\nrt_nmi: rti"));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

/// Copies up to 256 bytes.
fn copy_run(out: &mut String, from: &str, to: &str, size: u32) {
    match size {
        0 => {}
        1 | 2 => (0..size).for_each(|i| line(out, format_args!("lda {from}+{i}\nsta {to}+{i}"))),
        // X runs down to 1, so that every count up to 255 fits a register.
        3..=255 => {
            line(out, format_args!("ldx #{size}\n!: lda {from}-1,x\nsta {to}-1,x\ndex\nbne !-"));
        }
        _ => line(out, format_args!("ldx #0\n!: lda {from},x\nsta {to},x\ninx\nbne !-")),
    }
}

fn move_block(out: &mut String, from: &str, to: u16, size: u32) {
    let operands = [("rt_a0", format!("<${to:04x}")), ("rt_a1", format!(">${to:04x}"))];
    let operands = operands.into_iter().chain([
        ("rt_b0", format!("<{from}")),
        ("rt_b1", format!(">{from}")),
        ("rt_c0", format!("<{size}")),
        ("rt_c1", format!(">{size}")),
    ]);
    operands.for_each(|(place, value)| line(out, format_args!("lda #{value}\nsta {place}")));
    line(out, format_args!("jsr rt_mem_move"));
}

fn set_port(out: &mut String, banks: u8) {
    line(out, format_args!("lda #${banks:02x}\nsta $01"));
}

fn set_vector(out: &mut String, vector: u16, handler: &str) {
    line(out, format_args!("lda #<{handler}\nsta ${vector:04x}\nlda #>{handler}\nsta ${:04x}", vector + 1));
}

/// Zero page that linked sections have.
fn fixed_zero_page(reachable: &Reachable) -> ZpSet {
    let sections = reachable.sections.iter().map(|r| &r.section);
    let zero_page = sections.filter(|s| s.kind == SectionKind::ZeroPage && s.size > 0);
    let bytes = zero_page.flat_map(|s| {
        let start = s.fixed.unwrap_or(0);
        (start..start.saturating_add(s.size)).filter_map(|address| u8::try_from(address).ok())
    });
    bytes.collect()
}

/// The runs of zero page to be saved: what the program uses of BASIC's and the KERNAL's part. Runs
/// are joined over gaps, which costs less than a second loop, but not over a byte whose new value
/// has to stay, such as the cursor's column.
fn saved_runs(used: ZpSet, kernal: bool) -> Vec<RangeInclusive<u8>> {
    let ours = |address: &u8| memmap::zero_page_is_free(*address, kernal);
    let used: ZpSet = used.iter().filter(ours).collect();
    let mut runs: Vec<RangeInclusive<u8>> = Vec::new();
    for run in used.runs() {
        match runs.last_mut() {
            Some(last) if (*last.end()..=*run.start()).all(|gap| ours(&gap)) => {
                *last = *last.start()..=*run.end();
            }
            _ => runs.push(run),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basic_line_has_the_size_that_its_sys_counts_on() {
        assert_eq!(basic_line().bytes, b"\x0b\x08\x0a\x00\x9e2061\x00\x00\x00");
        assert_eq!(basic_line().size, BASIC_LINE_SIZE);
    }

    #[test]
    fn saved_runs_join_over_gaps_but_not_over_cells_that_stay() {
        let used: ZpSet = [2, 3, 0x20, 0xfb, 0x9f, 0xa1, 0xa3].into_iter().collect();
        assert_eq!(saved_runs(used, false), [2..=0x9f, 0xa3..=0xa3]);
        assert_eq!(saved_runs(used, true), [2..=0x20]);
    }
}
