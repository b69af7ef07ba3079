//! Runs the middle IR: the oracle for the optimiser and the back end.
//!
//! In: a verified program (or one function of it) and its input. Out: what it printed, what it did
//! to mapped memory, and how it ended. Memory is a 64 KB image in which globals, slots and
//! mapped variables have addresses; their places differ from those that the linker chooses.
//! Not here: interrupts (handlers are noted, never entered) and `__asm__` blocks, which end the
//! run with `Outcome::Unsupported`. Run-time routines: `interp_rt.rs`.

use std::collections::VecDeque;

use crate::base::index::{Id, IndexVec};
use crate::mir::eval;
use crate::mir::ir::{
    Access, Addr, Base, Block, BlockId, Callee, Func, FuncId, GlobalId, GlobalKind, Init, Op, Program,
    SlotId, Target, Term, Ty, Value,
};
use crate::mir::rt::Rt;

/// Where globals without an address of their own begin.
const FIRST_GLOBAL: usize = 0x2000;
/// Where slots must end.
const LAST_SLOT: usize = 0xd000;
/// Addresses of functions, as numbers only.
const CODE: usize = 0xe000;

/// What a run is given.
#[derive(Clone, Debug)]
pub struct Config {
    /// Keys that wait, as PETSCII.
    pub input: Vec<u8>,
    /// Operations after which the run ends.
    pub step_limit: u64,
    /// Calls within calls.
    pub depth_limit: usize,
    /// What uninitialised memory holds.
    pub garbage: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self { input: Vec::new(), step_limit: 50_000_000, depth_limit: 256, garbage: 0xa5 }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The first function returned this.
    Returned(Option<u32>),
    /// `Rt::Fail` with this text (PETSCII).
    Failed(Vec<u8>),
    StepLimit,
    TooDeep,
    /// `waitkey()` without a waiting key.
    NoInput,
    /// Something that only the real machine can do.
    Unsupported(String),
}

/// Something that the outside world sees, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A read of mapped memory: address, bytes, value.
    Read(u16, u32, u32),
    /// A write to mapped memory: address, bytes, value.
    Write(u16, u32, u32),
    Printed(Vec<u8>),
    Sei,
    Cli,
    Nop(u16),
    /// Any other run-time routine of kind `Io`.
    Rt(Rt),
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Run {
    pub outcome: Outcome,
    /// Everything printed, as PETSCII.
    pub output: Vec<u8>,
    pub trace: Vec<Event>,
    pub steps: u64,
}

/// Runs the initialisers and the entry of a program.
pub fn run(program: &Program, config: &Config) -> Run {
    let starts: Vec<FuncId> = program.init.iter().copied().chain(program.entry).collect();
    run_all(program, &starts.iter().map(|&id| (id, Vec::new())).collect::<Vec<_>>(), config)
}

/// Runs the initialisers and one function with these arguments.
pub fn call(program: &Program, func: FuncId, args: &[u32], config: &Config) -> Run {
    let mut starts: Vec<(FuncId, Vec<u32>)> = program.init.iter().map(|&id| (id, Vec::new())).collect();
    starts.push((func, args.to_vec()));
    run_all(program, &starts, config)
}

fn run_all(program: &Program, starts: &[(FuncId, Vec<u32>)], config: &Config) -> Run {
    let mut outcome = Outcome::Returned(None);
    let mut machine = match Machine::new(program, config) {
        Ok(machine) => machine,
        Err(outcome) => return Run { outcome, output: Vec::new(), trace: Vec::new(), steps: 0 },
    };
    for (id, args) in starts {
        outcome = machine.run(*id, args).map_or_else(|stop| stop, Outcome::Returned);
        if !matches!(outcome, Outcome::Returned(_)) {
            break;
        }
    }
    Run { outcome, output: machine.output, trace: machine.trace, steps: machine.steps }
}

/// One activation of a function.
struct Frame<'p> {
    func: &'p Func,
    block: &'p Block,
    /// The next operation of the block.
    at: usize,
    values: IndexVec<Value, u32>,
    slots: IndexVec<SlotId, usize>,
    /// Where the caller's slots end.
    slots_below: usize,
    /// Where the caller wants the result.
    result: Option<Value>,
}

/// The state of a run.
pub(super) struct Machine<'p> {
    pub(super) program: &'p Program,
    config: &'p Config,
    memory: Vec<u8>,
    globals: IndexVec<GlobalId, usize>,
    frames: Vec<Frame<'p>>,
    slots_end: usize,
    pub(super) input: VecDeque<u8>,
    pub(super) output: Vec<u8>,
    pub(super) trace: Vec<Event>,
    /// The raster line that the program sees; it advances whenever it is read.
    pub(super) raster: u16,
    steps: u64,
}

impl<'p> Machine<'p> {
    fn new(program: &'p Program, config: &'p Config) -> Result<Self, Outcome> {
        let mut machine = Machine {
            program,
            config,
            memory: vec![0; 0x10000],
            globals: IndexVec::new(),
            frames: Vec::new(),
            slots_end: FIRST_GLOBAL,
            input: config.input.iter().copied().collect(),
            output: Vec::new(),
            trace: Vec::new(),
            raster: 0,
            steps: 0,
        };
        for global in &program.globals {
            let at = match global.fixed {
                Some(address) => address.into(),
                None => machine.reserve(global.size)?,
            };
            machine.globals.push(at);
        }
        for (id, global) in program.globals.enumerated() {
            let start = machine.globals[id];
            if global.external {
                return Err(Outcome::Unsupported(format!("@{} is not in the program", global.name)));
            }
            let mut content = Vec::new();
            for part in &global.init {
                match part {
                    Init::Bytes(bytes) => content.extend(bytes),
                    Init::Addr(base, offset) => {
                        let address = machine.base(*base, None) as i64 + i64::from(*offset);
                        content.extend((address as u16).to_le_bytes());
                    }
                }
            }
            let rest = match global.kind {
                GlobalKind::Const | GlobalKind::Data => 0,
                GlobalKind::Bss => config.garbage,
                GlobalKind::Mapped => continue,
            };
            content.resize(content.len().max(global.size as usize).min(0x10000), rest);
            machine.write_bytes(start as u16, &content);
        }
        Ok(machine)
    }

    fn reserve(&mut self, size: u32) -> Result<usize, Outcome> {
        let at = self.slots_end;
        if size as usize > LAST_SLOT - at {
            return Err(Outcome::Unsupported("memory is full".into()));
        }
        self.slots_end += size as usize;
        Ok(at)
    }

    // Memory.

    pub(super) fn read(&self, address: u16) -> u8 {
        self.memory[usize::from(address)]
    }

    pub(super) fn write(&mut self, address: u16, value: u8) {
        self.memory[usize::from(address)] = value;
    }

    pub(super) fn read_bytes(&self, address: u16, len: usize) -> Vec<u8> {
        (0..len).map(|i| self.read(address.wrapping_add(i as u16))).collect()
    }

    pub(super) fn write_bytes(&mut self, address: u16, bytes: &[u8]) {
        for (i, &byte) in bytes.iter().enumerate() {
            self.write(address.wrapping_add(i as u16), byte);
        }
    }

    fn load(&mut self, address: u16, bytes: usize, pitch: u32, access: Access) -> u32 {
        if access != Access::Plain && matches!(address, 0xd011 | 0xd012) {
            let line = self.next_raster();
            self.memory[0xd012] = line as u8;
            self.memory[0xd011] = (self.memory[0xd011] & 0x7f) | ((line >> 1) as u8 & 0x80);
        }
        let byte = |k: usize| self.read(address.wrapping_add((k as u32 * pitch) as u16));
        let value = (0..bytes).rev().fold(0, |n, k| (n << 8) | u32::from(byte(k)));
        if access != Access::Plain {
            self.trace.push(Event::Read(address, bytes as u32, value));
        }
        value
    }

    fn store(&mut self, address: u16, bytes: usize, value: u32, pitch: u32, access: Access) {
        for (k, byte) in value.to_le_bytes().into_iter().take(bytes).enumerate() {
            self.write(address.wrapping_add((k as u32 * pitch) as u16), byte);
        }
        if access != Access::Plain {
            self.trace.push(Event::Write(address, bytes as u32, value));
        }
    }

    /// The current raster line, as if time passed between two looks at it.
    pub(super) fn next_raster(&mut self) -> u16 {
        self.raster = (self.raster + 1) % 312;
        self.raster
    }

    fn base(&self, base: Base, frame: Option<&Frame>) -> usize {
        match base {
            Base::Abs => 0,
            Base::Global(id) => self.globals[id],
            Base::Slot(id) => frame.map_or(0, |f| f.slots[id]),
            Base::Func(id) => CODE + 4 * id.index(),
            Base::Value(value) => frame.map_or(0, |f| f.values[value] as usize),
        }
    }

    fn place(&self, addr: &Addr) -> u16 {
        let frame = self.frames.last();
        let index = addr.index.map_or(0, |v| frame.map_or(0, |f| f.values[v]));
        (self.base(addr.base, frame) as i64 + i64::from(index) + i64::from(addr.offset)) as u16
    }

    // Control.

    fn run(&mut self, func: FuncId, args: &[u32]) -> Result<Option<u32>, Outcome> {
        self.enter(func, args, None)?;
        loop {
            self.steps += 1;
            if self.steps > self.config.step_limit {
                return Err(Outcome::StepLimit);
            }
            let Some(frame) = self.frames.last_mut() else { return Ok(None) };
            let block = frame.block;
            if let Some(inst) = block.insts.get(frame.at) {
                frame.at += 1;
                self.step(&inst.op, inst.result)?;
                continue;
            }
            match &block.term {
                Term::Jump(target) => frame.jump(target),
                Term::Branch { cond, then, other } => {
                    let target = if frame.values[*cond] != 0 { then } else { other };
                    frame.jump(target);
                }
                Term::Unreachable => {
                    return Err(Outcome::Unsupported(format!(
                        "@{} reached its unreachable end",
                        frame.func.name
                    )));
                }
                Term::Return(value) => {
                    let value = value.map(|v| frame.values[v]);
                    let result = frame.result;
                    self.slots_end = frame.slots_below;
                    self.frames.pop();
                    match (self.frames.last_mut(), result, value) {
                        (None, ..) => return Ok(value),
                        (Some(caller), Some(result), Some(value)) => caller.values[result] = value,
                        _ => {}
                    }
                }
            }
        }
    }

    fn enter(&mut self, id: FuncId, args: &[u32], result: Option<Value>) -> Result<(), Outcome> {
        let program = self.program;
        let func = &program.funcs[id];
        if func.is_extern() {
            return Err(Outcome::Unsupported(format!("@{} is not in the program", func.name)));
        }
        if self.frames.len() >= self.config.depth_limit {
            return Err(Outcome::TooDeep);
        }
        let block = &func.blocks[Func::ENTRY];
        let mut values = IndexVec::filled(func.values.len(), 0);
        for (&param, &arg) in block.params.iter().zip(args) {
            values[param] = arg & func.ty(param).mask();
        }
        let slots_below = self.slots_end;
        let mut slots = IndexVec::new();
        for slot in &func.slots {
            let at = self.reserve(slot.size)?;
            self.memory[at..at + slot.size as usize].fill(self.config.garbage);
            slots.push(at);
        }
        self.frames.push(Frame { func, block, at: 0, values, slots, slots_below, result });
        Ok(())
    }

    fn value(&self, value: Value) -> u32 {
        self.frames.last().map_or(0, |f| f.values[value])
    }

    fn ty(&self, value: Value) -> Ty {
        self.frames.last().map_or(Ty::I8, |f| f.func.ty(value))
    }

    fn step(&mut self, op: &Op, result: Option<Value>) -> Result<(), Outcome> {
        let result_ty = result.map_or(Ty::I8, |v| self.ty(v));
        let computed = match op {
            Op::Const(n) => *n,
            Op::Addr(addr) => self.place(addr).into(),
            Op::Bin(op, a, b) => eval::bin(*op, result_ty, self.value(*a), self.value(*b)),
            Op::Neg(a) => eval::neg(result_ty, self.value(*a)),
            Op::Not(a) => eval::not(result_ty, self.value(*a)),
            Op::Cmp(cond, a, b) => eval::cmp(*cond, self.ty(*a), self.value(*a), self.value(*b)).into(),
            Op::Zext(a) => self.value(*a),
            Op::Sext(a) => eval::sext(self.ty(*a), result_ty, self.value(*a)),
            Op::Trunc(a) => self.value(*a) & result_ty.mask(),
            Op::Select(c, a, b) => self.value(if self.value(*c) != 0 { *a } else { *b }),
            Op::Load(addr, access) => {
                self.load(self.place(addr), result_ty.bytes(), self.program.pitch(addr), *access)
            }
            Op::Store(addr, value, access) => {
                let (place, ty) = (self.place(addr), self.ty(*value));
                self.store(place, ty.bytes(), self.value(*value), self.program.pitch(addr), *access);
                return Ok(());
            }
            Op::Call(Callee::Func(id), args) => {
                let args: Vec<u32> = args.iter().map(|&v| self.value(v)).collect();
                return self.enter(*id, &args, result);
            }
            Op::Call(Callee::Abs(address), _) => {
                return Err(Outcome::Unsupported(format!("call of ${address:04x}")));
            }
            Op::Rt(rt, args) => {
                let args: Vec<u32> = args.iter().map(|&v| self.value(v)).collect();
                self.routine(*rt, &args)?
            }
            Op::Copy { dst, src, len, access } => {
                let (dst, src) = (self.place(dst), self.place(src));
                self.steps += u64::from(*len) / 8;
                for i in 0..*len {
                    let byte = self.load(src.wrapping_add(i as u16), 1, 1, *access);
                    self.store(dst.wrapping_add(i as u16), 1, byte, 1, *access);
                }
                return Ok(());
            }
            Op::Fill { dst, value, len, access } => {
                let (dst, value) = (self.place(dst), self.value(*value));
                self.steps += u64::from(*len) / 8;
                for i in 0..*len {
                    self.store(dst.wrapping_add(i as u16), 1, value, 1, *access);
                }
                return Ok(());
            }
            Op::Asm(_) => return Err(Outcome::Unsupported("__asm__ block".into())),
            Op::Sei => return self.note(Event::Sei),
            Op::Cli => return self.note(Event::Cli),
            Op::Nop(count) => return self.note(Event::Nop(*count)),
        };
        if let (Some(result), Some(frame)) = (result, self.frames.last_mut()) {
            frame.values[result] = computed;
        }
        Ok(())
    }

    fn note(&mut self, event: Event) -> Result<(), Outcome> {
        self.trace.push(event);
        Ok(())
    }
}

impl<'p> Frame<'p> {
    fn jump(&mut self, target: &Target) {
        let func = self.func;
        self.block = block(func, target.block);
        self.at = 0;
        // All arguments are read before any parameter is written.
        let args: Vec<u32> = target.args.iter().map(|&v| self.values[v]).collect();
        for (&param, arg) in self.block.params.iter().zip(args) {
            self.values[param] = arg;
        }
    }
}

fn block(func: &Func, id: BlockId) -> &Block {
    &func.blocks[id]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::text;

    fn run_text(text: &str) -> Run {
        let program = text::parse(text).unwrap();
        crate::mir::verify::verify(&program).unwrap();
        run(&program, &Config::default())
    }

    #[test]
    fn loops_calls_and_memory() {
        let run = run_text(
            "global @a bss 4\nentry @main\nfunc @main() {\nb0:\n v0: i8 = const 5\n v1: i8 = call @fact(v0)\n \
             rt rt_print_u8(v1)\n v2: i16 = const 513\n store [@a + 1], v2\n v3: i8 = load [@a + 2]\n \
             rt rt_print_u8(v3)\n return\n}\n\
             func @fact(i8) -> i8 {\nb0(v0: i8):\n v1: i8 = const 1\n v2: i1 = cmp ule v0, v1\n \
             branch v2, b1(v1), b2\nb2:\n v3: i8 = sub v0, v1\n v4: i8 = call @fact(v3)\n v5: i8 = mul v4, v0\n \
             jump b1(v5)\nb1(v6: i8):\n return v6\n}",
        );
        assert_eq!((run.outcome, run.output.as_slice()), (Outcome::Returned(None), &b"1202"[..]));
    }

    #[test]
    fn mapped_accesses_are_events_in_order() {
        let run = run_text(
            "entry @main\nfunc @main() {\nb0:\n v0: i16 = const 4660\n store irqsafe [$0400], v0\n \
             v1: i8 = load volatile [$0401]\n fill volatile [$d020], v1, 2\n sei\n return\n}",
        );
        let expected = [
            Event::Write(0x400, 2, 0x1234),
            Event::Read(0x401, 1, 0x12),
            Event::Write(0xd020, 1, 0x12),
            Event::Write(0xd021, 1, 0x12),
            Event::Sei,
        ];
        assert_eq!(run.trace, expected);
    }

    #[test]
    fn parameters_are_exchanged_at_once() {
        let run = run_text(
            "entry @main\nfunc @main() {\nb0:\n v0: i8 = const 1\n v1: i8 = const 2\n v2: i1 = const 1\n \
             jump b1(v0, v1, v2)\nb1(v3: i8, v4: i8, v5: i1):\n v6: i1 = const 0\n \
             branch v5, b1(v4, v3, v6), b2\nb2:\n rt rt_print_u8(v3)\n rt rt_print_u8(v4)\n return\n}",
        );
        assert_eq!(run.output, b"21");
    }

    #[test]
    fn endless_programs_end() {
        let endless = "entry @main\nfunc @main() {\nb0:\n jump b1\nb1:\n jump b1\n}";
        assert_eq!(run_text(endless).outcome, Outcome::StepLimit);
        let deep = "entry @main\nfunc @main() {\nb0:\n call @main()\n return\n}";
        assert_eq!(run_text(deep).outcome, Outcome::TooDeep);
        let big = "global @a bss 60000\nentry @main\nfunc @main() {\nb0:\n return\n}";
        assert_eq!(run_text(big).outcome, Outcome::Unsupported("memory is full".into()));
    }
}
