//! The rewrites of machine code (`codegen/mach`) proved on the CPU: the code before and after gives
//! the same registers and memory.
//!
//! Each rule alone, over all values of A, of the flags N, V, Z, C and of the byte that it is about;
//! then all passes on random code with branches, loops and calls. With PYCOC_LONG set exhaustively
//! and on a million pieces of code.

use mos6502::cpu::CPU;
use mos6502::instruction::Nmos6502;
use mos6502::memory::{Bus, Memory};
use mos6502::registers::Status;
use pycoc::base::index::Id;
use pycoc::codegen::lir::{Sym, SymAddr};
use pycoc::codegen::mach::{
    Arg, CallEffect, Cell, Label, MInst, MKind, liveness, mode, peephole, reload, skip, tails,
};
use pycoc::mos::effects::Effects;
use pycoc::mos::encode;
use pycoc::mos::inst::{Mnemonic, Mnemonic::*, Mode};

/// The cells lie here; the last two hold a pointer to `AREA`.
const CELLS: u16 = 0x20;
const CELL_COUNT: usize = 5;
const POINTER: usize = 3;
const MEMORY: u16 = 0x2000;
const AREA: u16 = 0x2040;
/// So much memory from `MEMORY` on can be written, and by the code of the rules.
const WRITTEN: usize = 0x200;
const BY_RULES: usize = 0x40;
const CODE: u16 = 0x1000;
/// A routine that stores A, and destroys all registers and flags.
const CALLEE: u16 = 0x1800;
const CALLEE_CODE: &[u8] = &[0x8d, 0x30, 0x20, 0x49, 0x5a, 0xaa, 0xa8, 0x38, 0xb8, 0x60];
/// A return here ends a run.
const RETURN: u16 = 0x0400;

fn long() -> bool {
    std::env::var_os("PYCOC_LONG").is_some()
}

fn element(kind: MKind) -> MInst {
    MInst { kind, volatile: false, span: None, weight: 1.0 }
}

fn label(label: Label) -> MInst {
    element(MKind::Label(label))
}

fn op(mnemonic: Mnemonic) -> MInst {
    with(mnemonic, Arg::None)
}

fn with(mnemonic: Mnemonic, arg: Arg) -> MInst {
    element(MKind::Inst { mnemonic, arg })
}

fn to(mnemonic: Mnemonic, label: Label) -> MInst {
    with(mnemonic, Arg::Label(label))
}

fn cell(k: usize) -> Arg {
    Arg::Cell(Cell::new(k))
}

fn place(offset: i32) -> SymAddr {
    SymAddr { sym: Sym::Abs, offset: i32::from(MEMORY) + offset }
}

fn call() -> MInst {
    let effect =
        CallEffect { reads: Effects::A, writes: Effects::REGISTERS | Effects::FLAGS, cells: Vec::new() };
    element(MKind::Call { arg: Arg::Code(CALLEE), effect: Box::new(effect), tail: false })
}

/// The bytes of the code at `CODE`; `None` when a branch is too long.
fn assemble(code: &[MInst]) -> Option<Vec<u8>> {
    let opcode = |mnemonic, mode: Mode| encode::find(mnemonic, mode).expect("the instruction exists").opcode;
    let mut bytes = Vec::new();
    let (mut labels, mut holes) = (Vec::new(), Vec::new());
    for inst in code {
        match &inst.kind {
            MKind::Label(label) => labels.push((*label, bytes.len())),
            MKind::Call { tail, .. } => {
                bytes.push(if *tail { 0x4c } else { 0x20 });
                bytes.extend(CALLEE.to_le_bytes());
            }
            MKind::Inst { mnemonic, arg } => {
                let mode = mode(*mnemonic, arg, true);
                bytes.push(opcode(*mnemonic, mode));
                match arg {
                    Arg::None => {}
                    Arg::Imm(n) => bytes.push(*n),
                    Arg::Cell(cell) | Arg::IndY(cell) => bytes.push(CELLS as u8 + cell.index() as u8),
                    Arg::Abs(at) | Arg::AbsX(at) | Arg::AbsY(at) => {
                        bytes.extend((at.offset as u16).to_le_bytes())
                    }
                    Arg::Label(label) => {
                        holes.push((bytes.len(), *label, mode));
                        bytes.resize(bytes.len() + if mode == Mode::Relative { 1 } else { 2 }, 0);
                    }
                    other => panic!("no {other:?} here"),
                }
            }
            MKind::Asm(_) => panic!("no assembly here"),
        }
    }
    for (at, label, mode) in holes {
        let target = labels.iter().find(|(l, _)| *l == label).expect("the label is there").1;
        if mode == Mode::Relative {
            bytes[at] = i8::try_from(target as i64 - at as i64 - 1).ok()? as u8;
        } else {
            bytes[at..at + 2].copy_from_slice(&(CODE + target as u16).to_le_bytes());
        }
    }
    Some(bytes)
}

/// What the code starts with.
#[derive(Clone, Copy, Debug)]
struct Start {
    a: u8,
    x: u8,
    y: u8,
    flags: u8,
    cells: [u8; CELL_COUNT],
}

/// A machine with one piece of code, of whose memory the first bytes are compared.
struct Runner {
    cpu: CPU<Memory, Nmos6502>,
    compared: usize,
}

impl Runner {
    fn new(code: &[u8], compared: usize) -> Runner {
        let mut memory = Memory::new();
        memory.set_bytes(CODE, code);
        memory.set_bytes(CALLEE, CALLEE_CODE);
        Runner { cpu: CPU::new(memory, Nmos6502), compared }
    }

    /// A, X, Y and the memory at the end; `None` when it takes too long.
    fn run(&mut self, start: &Start) -> Option<([u8; 3], Vec<u8>)> {
        let cpu = &mut self.cpu;
        cpu.memory.set_bytes(CELLS, &start.cells);
        cpu.memory.set_bytes(CELLS + POINTER as u16, &AREA.to_le_bytes());
        let memory: [u8; WRITTEN] = std::array::from_fn(|k| (k * 7) as u8 & 0x83);
        cpu.memory.set_bytes(MEMORY, &memory[..self.compared]);
        let registers = &mut cpu.registers;
        (registers.accumulator, registers.index_x, registers.index_y) = (start.a, start.x, start.y);
        registers.status = Status::from_bits_truncate(start.flags & 0b1100_0011);
        registers.stack_pointer.0 = 0xfd;
        registers.program_counter = CODE;
        cpu.memory.set_bytes(0x01fe, &(RETURN - 1).to_le_bytes());
        for _ in 0..600 {
            if cpu.registers.program_counter == RETURN {
                let r = &cpu.registers;
                let registers = [r.accumulator, r.index_x, r.index_y];
                let memory = (MEMORY..).take(self.compared);
                return Some((registers, memory.map(|at| cpu.memory.get_byte(at)).collect()));
            }
            cpu.single_step();
        }
        None
    }
}

/// A rewrite of a function's code, told the number of cells and the registers of the result.
type Pass = fn(&mut Vec<MInst>, usize, Effects);

fn tidy(code: &mut Vec<MInst>, _: usize, _: Effects) {
    peephole::tidy(code, true);
}

fn reload(code: &mut Vec<MInst>, cells: usize, at_return: Effects) {
    reload::run(code, cells, at_return);
}

fn skip(code: &mut Vec<MInst>, cells: usize, at_return: Effects) {
    skip::run(code, cells, at_return);
}

fn tails(code: &mut Vec<MInst>, _: usize, _: Effects) {
    tails::run(code, false);
}

fn tails_for_size(code: &mut Vec<MInst>, _: usize, _: Effects) {
    tails::run(code, true);
}

/// Everything as `codegen/function.rs` does it.
fn all(code: &mut Vec<MInst>, cells: usize, at_return: Effects) {
    peephole::tidy(code, true);
    for _ in 0..4 {
        let changed = reload::run(code, cells, at_return);
        liveness::remove_dead(code, cells, at_return);
        peephole::tidy(code, true);
        if !changed {
            break;
        }
    }
    skip::run(code, cells, at_return);
    tails::run(code, true);
    peephole::tidy(code, true);
}

const PASSES: &[(&str, Pass)] = &[
    ("tidy", tidy),
    ("remove_dead", liveness::remove_dead),
    ("reload", reload),
    ("skip", skip),
    ("tails", tails),
    ("tails_for_size", tails_for_size),
    ("all", all),
];

/// A rule: code to which it applies, and the registers of the result.
struct Rule {
    name: String,
    pass: Pass,
    code: Vec<MInst>,
    result: &'static str,
}

fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut rule = |name: &str, pass: Pass, result, code: Vec<MInst>| {
        rules.push(Rule { name: name.to_string(), pass, code, result });
    };
    let sta = |offset| with(Sta, Arg::Abs(place(offset)));
    let rts = || op(Rts);
    for branch in [Bcc, Bcs, Beq, Bne, Bmi, Bpl, Bvc, Bvs] {
        let text = branch.text();
        let tails = || vec![label(1), sta(0), rts(), label(2), sta(1), rts()];
        let around = vec![to(branch, 1), to(Jmp, 2)];
        rule(&format!("{text} around jmp"), tidy, "AXY", [around, tails()].concat());
        let chain = vec![to(branch, 3), to(Jmp, 1), label(3), to(Jmp, 2)];
        rule(&format!("{text} to a jmp"), tidy, "AXY", [chain, tails()].concat());
        rule(&format!("{text} to the next"), tidy, "AXY", vec![to(branch, 1), label(1), sta(0), rts()]);
    }
    rule("jmp to the next", tidy, "AXY", vec![to(Jmp, 1), label(1), sta(0), rts()]);
    let dead_tail = vec![sta(0), to(Jmp, 2), sta(1), op(Inx), label(2), op(Iny), rts()];
    rule("code that is not reached", tidy, "AXY", dead_tail);
    rule("tail call", tidy, "AXY", vec![sta(0), call(), rts()]);
    rule("tail call to a label", tidy, "AXY", vec![to(Beq, 1), op(Inx), call(), label(1), rts()]);

    rule(
        "load of what was stored",
        reload,
        "AXY",
        vec![with(Sta, cell(0)), with(Lda, cell(0)), sta(0), rts()],
    );
    for (load, store, transfer) in
        [(Lda, Stx, "txa"), (Lda, Sty, "tya"), (Ldx, Sta, "tax"), (Ldy, Sta, "tay")]
    {
        // The flags of the load decide.
        let code = vec![with(store, cell(0)), with(load, cell(0)), to(Bmi, 1), op(Inx), label(1), rts()];
        rule(&format!("{transfer} for a load"), reload, "AXY", code);
    }
    for (load, step) in [(Lda, Sta), (Ldx, Stx), (Ldy, Sty)] {
        let text = load.text();
        let code = vec![with(load, cell(0)), with(load, cell(0)), with(step, cell(1)), rts()];
        rule(&format!("{text} twice"), reload, "AXY", code);
        let code = vec![with(load, Arg::Imm(7)), with(step, cell(1)), with(load, Arg::Imm(7)), rts()];
        rule(&format!("{text} of a number twice"), reload, "AXY", code);
        let code = vec![with(load, cell(0)), with(step, cell(0)), with(Lda, cell(0)), sta(0), rts()];
        rule(&format!("store back after {text}"), reload, "AXY", code);
    }
    for (there, back) in [(Tax, Txa), (Tay, Tya)] {
        let code = vec![with(Lda, cell(0)), op(there), with(Sta, cell(1)), op(back), sta(0), rts()];
        rule(&format!("{} after {}", back.text(), there.text()), reload, "AXY", code.clone());
        let known = vec![with(Lda, cell(0)), op(there), op(there), sta(0), rts()];
        rule(&format!("{} twice", there.text()), reload, "AXY", known);
    }
    for (set, other) in [(Clc, Bcc), (Sec, Bcs)] {
        let text = set.text();
        let use_it = |code: Vec<MInst>| [code, vec![with(Adc, cell(0)), rts()]].concat();
        rule(&format!("{text} twice"), reload, "A", use_it(vec![op(set), with(Ldx, cell(1)), op(set)]));
        let opposite = if other == Bcc { Bcs } else { Bcc };
        let code = vec![to(opposite, 1), op(set), with(Adc, cell(0)), label(1), sta(0), rts()];
        rule(&format!("{text} where a branch told"), reload, "A", code);
        let code = vec![to(other, 1), rts(), label(1), op(set), with(Adc, cell(0)), rts()];
        rule(&format!("{text} where a branch goes"), reload, "A", code);
    }
    let top = vec![
        with(Ldx, cell(0)),
        label(1),
        with(Ldx, cell(0)),
        op(Dex),
        with(Stx, cell(0)),
        to(Bne, 1),
        rts(),
    ];
    rule("load at the top of a loop", reload, "AXY", top);
    let merge = vec![
        to(Bcs, 1),
        with(Lda, cell(0)),
        to(Jmp, 2),
        label(1),
        with(Sta, cell(0)),
        label(2),
        with(Lda, cell(0)),
        sta(0),
        rts(),
    ];
    rule("load where two ways meet", reload, "AXY", merge);
    let turn = vec![
        label(1),
        with(Lda, Arg::Imm(0)),
        sta(0),
        with(Dec, cell(0)),
        to(Bmi, 1),
        with(Lda, cell(0)),
        rts(),
    ];
    rule("jump behind a load", skip, "A", turn);

    let dead = liveness::remove_dead;
    rule("store that nobody reads", dead, "AXY", vec![with(Sta, cell(0)), sta(0), rts()]);
    rule(
        "store that is overwritten",
        dead,
        "AXY",
        vec![with(Sta, cell(0)), with(Stx, cell(0)), with(Ldy, cell(0)), rts()],
    );
    rule("load that nobody reads", dead, "XY", vec![with(Lda, cell(0)), rts()]);
    rule("register that is overwritten", dead, "AXY", vec![op(Inx), with(Ldx, cell(0)), rts()]);
    rule("flag that nobody reads", dead, "A", vec![op(Clc), with(Cmp, cell(0)), with(Lda, cell(0)), rts()]);
    for step in [Inc, Dec, Asl, Lsr, Rol, Ror] {
        let code = vec![with(step, cell(0)), with(Lda, cell(1)), rts()];
        rule(&format!("{} that nobody reads", step.text()), dead, "AXY", code);
    }
    rules
}

/// Runs both pieces of code from a start; they must end alike.
fn same(
    before: &mut Runner,
    after: &mut Runner,
    start: &Start,
    result: Effects,
    what: &dyn Fn() -> String,
) -> bool {
    let Some((registers, memory)) = before.run(start) else { return false };
    let Some((registers_after, memory_after)) = after.run(start) else {
        panic!("{} does not end with {start:x?}", what());
    };
    assert!(memory == memory_after, "{}: other memory with {start:x?}", what());
    for (k, register) in [Effects::A, Effects::X, Effects::Y].into_iter().enumerate() {
        let equal = registers[k] == registers_after[k] || !result.intersects(register);
        assert!(equal, "{}: {registers:x?}, then {registers_after:x?} with {start:x?}", what());
    }
    true
}

#[test]
fn every_rule_keeps_what_the_code_does() {
    let step = if long() { 1 } else { 1031 };
    let (mut runs, rules) = (0u64, rules());
    for Rule { name, pass, code, result } in &rules {
        let result = Effects::from_letters(result);
        let mut rewritten = code.clone();
        pass(&mut rewritten, CELL_COUNT, result);
        assert!(rewritten != *code, "{name} does not apply");
        let runner = |code: &[MInst]| Runner::new(&assemble(code).expect("it is short"), BY_RULES);
        let (mut before, mut after) = (runner(code), runner(&rewritten));
        let what = || format!("{name}\n{code:#?}\n{rewritten:#?}");
        for pair in (0..0x1_0000u32).step_by(step) {
            for flags in 0..16u8 {
                let (a, byte) = (pair as u8, (pair >> 8) as u8);
                // X and Y are about the byte too, in ways that differ with the flags.
                let (x, y) = (byte ^ flags, a.wrapping_add(byte));
                let flags = (flags & 12) << 4 | flags & 3;
                let start = Start { a, x, y, flags, cells: [byte, a ^ 0x55, 3, 0, 0] };
                runs += u64::from(same(&mut before, &mut after, &start, result, &what));
            }
        }
    }
    println!("{} rules, {runs} pairs of runs", rules.len());
}

/// A pseudo-random number.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn byte(&mut self) -> u8 {
        let any = self.below(256) as u8;
        self.pick(&[0, 1, 2, 0x7f, 0x80, 0xff, any])
    }

    /// A cell that is no pointer.
    fn cell(&mut self) -> Arg {
        cell(self.below(POINTER))
    }

    fn instruction(&mut self) -> MInst {
        match self.below(16) {
            0 => with(self.pick(&[Lda, Ldx, Ldy]), Arg::Imm(self.pick(&[0, 1, 0x80]))),
            1..=3 => with(self.pick(&[Lda, Ldx, Ldy]), self.cell()),
            4..=6 => with(self.pick(&[Sta, Sta, Stx, Sty]), self.cell()),
            7 => op(self.pick(&[Tax, Tay, Txa, Tya])),
            8 => with(self.pick(&[Adc, Sbc, And, Ora, Eor, Cmp, Cpx, Cpy]), self.cell()),
            9 => with(self.pick(&[Adc, Sbc, And, Ora, Eor, Cmp, Cpx, Cpy]), Arg::Imm(self.byte())),
            10 => with(self.pick(&[Inc, Dec, Asl, Lsr, Rol, Ror]), self.cell()),
            11 => op(self.pick(&[Inx, Iny, Dex, Dey, Asl, Lsr, Rol, Ror])),
            12 => op(self.pick(&[Clc, Sec, Clc, Sec, Clv])),
            13 => with(self.pick(&[Sta, Stx, Sty, Lda, Inc]), Arg::Abs(place(self.below(4) as i32))),
            14 => with(
                self.pick(&[Lda, Sta]),
                self.pick(&[Arg::AbsX as fn(SymAddr) -> Arg, Arg::AbsY])(place(0)),
            ),
            _ => with(self.pick(&[Lda, Sta]), Arg::IndY(Cell::new(POINTER))),
        }
    }

    fn code(&mut self) -> Vec<MInst> {
        const LABELS: usize = 4;
        let branches = [Bcc, Bcs, Beq, Bne, Bmi, Bpl, Bvc, Bvs, Jmp];
        let mut code = Vec::new();
        // Some ways to one place end alike.
        let end: Vec<MInst> = (0..1 + self.below(3)).map(|_| self.instruction()).collect();
        let place = self.below(LABELS);
        for l in 0..LABELS {
            for _ in 0..1 + self.below(6) {
                code.push(self.instruction());
            }
            if self.below(3) == 0 {
                code.extend(end.iter().cloned());
                if l != place {
                    code.push(to(Jmp, place as Label));
                }
            }
            match self.below(12) {
                0 => code.push(call()),
                1 => code.push(op(Rts)),
                2..=8 => code.push(to(self.pick(&branches), self.below(LABELS) as Label)),
                _ => {}
            }
            code.push(label(l as Label));
        }
        code.push(self.instruction());
        if self.below(4) == 0 {
            code.push(call());
        }
        code.push(op(Rts));
        code
    }

    fn start(&mut self) -> Start {
        let cells = std::array::from_fn(|_| self.byte());
        Start { a: self.byte(), x: self.byte(), y: self.byte(), flags: self.below(256) as u8, cells }
    }
}

#[test]
fn random_code_does_the_same_after_every_pass() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut runs, mut changed) = (0u64, vec![0u64; PASSES.len()]);
    let rounds = if long() { 1_000_000 } else { 1000 };
    for round in 0..rounds {
        let code = random.code();
        let result = Effects::from_letters(random.pick(&["A", "AX", "AXY", "Y", ""]));
        let Some(bytes) = assemble(&code) else { continue };
        let mut before = Runner::new(&bytes, WRITTEN);
        let starts: Vec<Start> = (0..8).map(|_| random.start()).collect();
        for (k, (name, pass)) in PASSES.iter().enumerate() {
            let mut rewritten = code.clone();
            pass(&mut rewritten, CELL_COUNT, result);
            if rewritten == code {
                continue;
            }
            changed[k] += 1;
            let Some(bytes) = assemble(&rewritten) else { continue };
            let mut after = Runner::new(&bytes, WRITTEN);
            let what = || format!("{name}, round {round}\n{}\n---\n{}", show(&code), show(&rewritten));
            for start in &starts {
                runs += u64::from(same(&mut before, &mut after, start, result, &what));
            }
        }
    }
    assert!(changed.iter().all(|n| *n > rounds / 100), "some pass has hardly anything to do: {changed:?}");
    println!("{rounds} pieces of code, {runs} pairs of runs, changed by each pass: {changed:?}");
}

fn show(code: &[MInst]) -> String {
    let line = |inst: &MInst| match &inst.kind {
        MKind::Label(label) => format!("L{label}:"),
        MKind::Inst { mnemonic, arg } => format!("    {} {arg:?}", mnemonic.text()),
        MKind::Call { tail, .. } => format!("    call{}", if *tail { ", tail" } else { "" }),
        MKind::Asm(_) => String::new(),
    };
    code.iter().map(line).collect::<Vec<_>>().join("\n")
}
