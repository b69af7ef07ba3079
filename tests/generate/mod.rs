//! Makes random, valid, terminating programs in the middle IR.
//!
//! In: a seed. Out: a program whose output depends on nearly all that it computes: at the end it
//! prints its variables and memory. Nothing reads memory that was not written, addresses are
//! never printed, and places stay inside their globals and slots.

use pycoc::mir::build::{FuncBuilder, Var};
use pycoc::mir::ir::{
    Access, Addr, Base, BinOp, Callee, Cond, Func, FuncId, Global, GlobalId, GlobalKind, Init, Op, Program,
    SlotId, Ty, Value,
};
use pycoc::mir::rt::Rt;

/// A small random number generator (xorshift), the same on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

const BYTES: u32 = 16;
const TYPES: [Ty; 3] = [Ty::I8, Ty::I16, Ty::I32];
/// Small functions that others call; each takes an `I8`, an `I16` and a pointer to 16 bytes.
const FUNCS: usize = 4;

/// A program from a seed. With `handlers`, an interrupt handler touches some of its memory.
pub fn program(seed: u64) -> Program {
    let mut random = Random::new(seed);
    let mut program = Program::default();
    for (name, kind) in
        [("t.data", GlobalKind::Data), ("t.more", GlobalKind::Data), ("t.table", GlobalKind::Const)]
    {
        let mut global = Global::new(name, kind, BYTES);
        global.init.push(Init::Bytes((0..BYTES).map(|_| random.next() as u8).collect()));
        program.globals.push(global);
    }
    for _ in 0..FUNCS {
        program.funcs.push(Func::new("", Vec::new(), None));
    }
    for i in (0..FUNCS).rev() {
        let params = vec![Ty::I8, Ty::I16, Ty::I16];
        let func = Func::new(format!("t.f{i}"), params, Some(random.pick(&TYPES)));
        let func = body(&mut random, &program, func, i + 1);
        program.funcs[FuncId(i as u32)] = func;
    }
    let func = Func::new("t.main", Vec::new(), None);
    let main = body(&mut random, &program, func, 0);
    program.entry = Some(program.funcs.push(main));
    program
}

struct Gen<'a> {
    r: &'a mut Random,
    program: &'a Program,
    b: FuncBuilder,
    vars: Vec<Var>,
    slots: Vec<SlotId>,
    /// The parameter that points to 16 bytes.
    pointer: Option<Value>,
    /// The first function that may be called.
    callees: usize,
    /// Statements left.
    budget: usize,
    loops: usize,
}

fn body(r: &mut Random, program: &Program, func: Func, callees: usize) -> Func {
    let ret = func.ret;
    let b = FuncBuilder::new(func);
    let budget = 6 + r.below(18);
    let mut g =
        Gen { r, program, b, vars: Vec::new(), slots: Vec::new(), pointer: None, callees, budget, loops: 0 };
    g.start();
    while g.budget > 0 {
        g.statement(0);
    }
    match ret {
        Some(ty) => {
            let value = g.expr(ty, 3);
            g.b.ret(Some(value));
        }
        None => {
            g.print_all();
            g.b.ret(None);
        }
    }
    g.b.finish()
}

impl Gen<'_> {
    fn start(&mut self) {
        let params = self.b.params().to_vec();
        self.pointer = params.get(2).copied();
        for i in 0..6 {
            let ty = TYPES[i % 3];
            let var = self.b.declare_var(ty);
            let given = params.iter().take(2).copied().find(|&p| self.b.ty(p) == ty);
            let value = match given {
                Some(param) if i < 3 => param,
                _ => self.constant(ty),
            };
            self.b.def_var(var, value);
            self.vars.push(var);
        }
        for i in 0..self.r.below(3) {
            let slot = self.b.new_slot(format!("s{i}"), BYTES);
            let value = self.constant(Ty::I8);
            self.b.effect(Op::Fill {
                dst: Addr::new(Base::Slot(slot), 0),
                value,
                len: BYTES,
                access: Access::Plain,
            });
            self.slots.push(slot);
        }
    }

    fn constant(&mut self, ty: Ty) -> Value {
        let n = match self.r.below(4) {
            0 => self.r.pick(&[0, 1, 2, 3, 4, 7, 8, 10, 16, 100, 127, 128, 255, 256, 640]),
            1 => -self.r.pick(&[1, 2, 3, 8, 100, 128]),
            2 => self.r.below(20) as i64,
            _ => self.r.next() as i64,
        };
        self.b.iconst(ty, n)
    }

    fn var_of(&mut self, ty: Ty) -> Var {
        let fitting: Vec<Var> = self.vars.iter().copied().filter(|&v| self.b.var_ty(v) == ty).collect();
        self.r.pick(&fitting)
    }

    /// A place for `ty` inside some memory.
    fn place(&mut self, ty: Ty, writing: bool) -> Addr {
        let base = match self.r.below(6) {
            0 | 1 => Base::Global(GlobalId(0)),
            2 => Base::Global(GlobalId(1)),
            3 if !writing => Base::Global(GlobalId(2)),
            4 if self.pointer.is_some() => self.pointer.map_or(Base::Abs, Base::Value),
            _ if !self.slots.is_empty() => Base::Slot(self.r.pick(&self.slots)),
            _ => Base::Global(GlobalId(0)),
        };
        let space = BYTES as usize - ty.bytes() + 1;
        if self.r.one_in(2) {
            return Addr::new(base, self.r.below(space) as i32);
        }
        let index_ty = self.r.pick(&[Ty::I8, Ty::I16]);
        let raw = self.expr(index_ty, 1);
        let mask = self.b.iconst(index_ty, 7);
        let index = self.b.bin(BinOp::And, raw, mask);
        let offset = self.r.below(space - 7) as i32;
        match self.r.below(3) {
            0 => {
                // The same by arithmetic.
                let start = self.b.addr(Addr::new(base, offset));
                let wide = self.b.zext(index, Ty::I16);
                let sum = self.b.bin(BinOp::Add, start, wide);
                Addr::new(Base::Value(sum), 0)
            }
            _ => Addr::indexed(base, index, offset),
        }
    }

    fn expr(&mut self, ty: Ty, depth: usize) -> Value {
        if depth == 0 || self.r.one_in(5) {
            return if self.r.one_in(3) {
                self.constant(ty)
            } else {
                let var = self.var_of(ty);
                self.b.use_var(var)
            };
        }
        let depth = depth - 1;
        match self.r.below(14) {
            0..=5 => {
                let op = self.r.pick(&[
                    BinOp::Add,
                    BinOp::Add,
                    BinOp::Sub,
                    BinOp::Sub,
                    BinOp::Mul,
                    BinOp::UDiv,
                    BinOp::SDiv,
                    BinOp::URem,
                    BinOp::SRem,
                    BinOp::And,
                    BinOp::And,
                    BinOp::Or,
                    BinOp::Xor,
                ]);
                let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                self.b.bin(op, a, b)
            }
            6 => {
                let op = self.r.pick(&[BinOp::Shl, BinOp::Shr, BinOp::Sar]);
                let count_ty = self.r.pick(&TYPES);
                let a = self.expr(ty, depth);
                let count = if self.r.one_in(3) { self.expr(count_ty, depth) } else { self.small(count_ty) };
                self.b.bin(op, a, count)
            }
            7 => {
                let a = self.expr(ty, depth);
                if self.r.one_in(2) { self.b.neg(a) } else { self.b.not(a) }
            }
            8 | 9 => {
                let from = self.r.pick(&TYPES);
                let a = self.expr(from, depth);
                match (from < ty, self.r.one_in(2)) {
                    (true, true) => self.b.sext(a, ty),
                    (true, false) => self.b.zext(a, ty),
                    _ => self.b.trunc(a, ty),
                }
            }
            10 => {
                let cond = self.condition(depth);
                let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                self.b.select(cond, a, b)
            }
            11 => {
                let cond = self.condition(depth);
                self.b.zext(cond, ty)
            }
            12 if ty == Ty::I32 => {
                let rt = self.r.pick(&[Rt::F32Mul, Rt::F32Div, Rt::FAdd, Rt::FMul]);
                let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                self.b.rt(rt, vec![a, b]).expect("the routine has a result")
            }
            _ => {
                let place = self.place(ty, false);
                self.b.load(ty, place, Access::Plain)
            }
        }
    }

    fn small(&mut self, ty: Ty) -> Value {
        let n = self.r.below(12) as i64;
        self.b.iconst(ty, n)
    }

    fn condition(&mut self, depth: usize) -> Value {
        let ty = self.r.pick(&TYPES);
        let cond = self.r.pick(&[
            Cond::Eq,
            Cond::Ne,
            Cond::ULt,
            Cond::ULe,
            Cond::UGt,
            Cond::UGe,
            Cond::SLt,
            Cond::SLe,
            Cond::SGt,
            Cond::SGe,
        ]);
        let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
        let value = self.b.cmp(cond, a, b);
        if self.r.one_in(6) { self.b.not(value) } else { value }
    }

    fn statement(&mut self, depth: usize) {
        self.budget = self.budget.saturating_sub(1);
        match self.r.below(16) {
            0..=3 => {
                let ty = self.r.pick(&TYPES);
                let value = self.expr(ty, 3);
                let var = self.var_of(ty);
                self.b.def_var(var, value);
            }
            4..=6 => {
                let ty = self.r.pick(&TYPES);
                let value = self.expr(ty, 2);
                let place = self.place(ty, true);
                self.b.store(place, value, Access::Plain);
            }
            7 | 8 if depth < 3 => self.choice(depth),
            9 | 10 if depth < 3 && self.loops < 3 => self.counted_loop(depth),
            11 => {
                let address = self.r.pick(&[0xd020, 0xd021, 0x0400]);
                let place = Addr::new(Base::Abs, address);
                if self.r.one_in(2) {
                    let value = self.expr(Ty::I8, 1);
                    self.b.store(place, value, Access::Volatile);
                } else {
                    let value = self.b.load(Ty::I8, place, Access::Volatile);
                    let var = self.var_of(Ty::I8);
                    self.b.def_var(var, value);
                }
            }
            12 => {
                let value = self.expr(Ty::I16, 1);
                self.b.rt(Rt::PrintU16, vec![value]);
            }
            13 | 14 if self.callees < FUNCS => self.call(),
            15 => self.bulk(),
            _ => {
                let ty = self.r.pick(&TYPES);
                let (from, to) = (self.var_of(ty), self.var_of(ty));
                let value = self.b.use_var(from);
                self.b.def_var(to, value);
            }
        }
    }

    fn choice(&mut self, depth: usize) {
        let cond = self.condition(2);
        let (then, other, join) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
        self.b.branch(cond, then, other);
        for block in [then, other] {
            self.b.begin(block);
            for _ in 0..self.r.below(3) {
                self.statement(depth + 1);
            }
            self.b.jump(join);
        }
        self.b.begin(join);
    }

    /// A loop whose counter no statement changes, with one of several shapes.
    fn counted_loop(&mut self, depth: usize) {
        self.loops += 1;
        let ty = self.r.pick(&[Ty::I8, Ty::I8, Ty::I16]);
        let counter = self.b.declare_var(ty);
        let trips = 1 + self.r.below(9) as i64;
        let step = self.r.pick(&[1, 1, 2, 3]);
        let down = self.r.one_in(3);
        let first = if down { trips * step } else { self.r.pick(&[0, 0, 1, 250]) };
        let last = if down { 0 } else { first + trips * step };
        let (first, last) = (self.b.iconst(ty, first), self.b.iconst(ty, last));
        self.b.def_var(counter, first);
        let (head, inside, exit) = (self.b.new_block(), self.b.new_block(), self.b.new_block());
        let at_end = self.r.one_in(3);
        self.b.jump(head);
        self.b.switch_to(head);
        if !at_end {
            let value = self.b.use_var(counter);
            let more = self.b.cmp(Cond::Ne, value, last);
            self.b.branch(more, inside, exit);
            self.b.begin(inside);
        }
        // The body may read the counter through a variable of its type.
        let copy = self.var_of(ty);
        let value = self.b.use_var(counter);
        self.b.def_var(copy, value);
        for _ in 0..1 + self.r.below(4) {
            self.statement(depth + 1);
        }
        if self.r.one_in(4) {
            let leave = self.condition(1);
            let stay = self.b.new_block();
            self.b.branch(leave, exit, stay);
            self.b.begin(stay);
        }
        let value = self.b.use_var(counter);
        let step = self.b.iconst(ty, if down { -step } else { step });
        let next = self.b.bin(BinOp::Add, value, step);
        self.b.def_var(counter, next);
        if at_end {
            let more = self.b.cmp(Cond::Ne, next, last);
            self.b.branch(more, head, exit);
            // The unused block keeps the shape of the builder's calls simple.
            self.b.seal_block(inside);
        } else {
            self.b.jump(head);
        }
        self.b.seal_block(head);
        self.b.begin(exit);
        self.loops -= 1;
    }

    fn call(&mut self) {
        let index = self.callees + self.r.below(FUNCS - self.callees);
        let id = FuncId(index as u32);
        let byte = self.expr(Ty::I8, 1);
        let word = self.expr(Ty::I16, 1);
        let memory = match self.r.below(3) {
            0 if !self.slots.is_empty() => Base::Slot(self.r.pick(&self.slots)),
            1 => Base::Global(GlobalId(1)),
            _ => Base::Global(GlobalId(0)),
        };
        let pointer = match self.pointer {
            Some(pointer) if self.r.one_in(2) => pointer,
            _ => self.b.addr(Addr::new(memory, 0)),
        };
        let ret = self.program.funcs[id].ret;
        let result = self.b.call(Callee::Func(id), vec![byte, word, pointer], ret);
        if let (Some(result), Some(ty)) = (result, ret) {
            let var = self.var_of(ty);
            self.b.def_var(var, result);
        }
    }

    fn bulk(&mut self) {
        let global = |n: usize| Base::Global(GlobalId(n as u32));
        let (mut dst, mut src) = (global(self.r.below(2)), global(2));
        if let (Some(&first), Some(&last)) = (self.slots.first(), self.slots.last()) {
            if self.r.one_in(2) {
                dst = Base::Slot(first);
            }
            if self.r.one_in(2) && dst != Base::Slot(last) {
                src = Base::Slot(last);
            }
        }
        let (dst, src) = (Addr::new(dst, self.r.below(8) as i32), Addr::new(src, self.r.below(8) as i32));
        let len = 1 + self.r.below(8) as u32;
        let access = Access::Plain;
        if self.r.one_in(2) {
            self.b.effect(Op::Copy { dst, src, len, access });
        } else {
            let value = self.expr(Ty::I8, 1);
            self.b.effect(Op::Fill { dst, value, len, access });
        }
    }

    fn print_all(&mut self) {
        for var in self.vars.clone() {
            let value = self.b.use_var(var);
            let rt = match self.b.ty(value) {
                Ty::I8 => Rt::PrintU8,
                Ty::I16 => Rt::PrintI16,
                _ => Rt::PrintU32,
            };
            self.b.rt(rt, vec![value]);
            let blank = self.b.iconst(Ty::I8, 32);
            self.b.rt(Rt::PrintChar, vec![blank]);
        }
        for global in [0, 1] {
            for i in 0..BYTES / 4 {
                let place = Addr::new(Base::Global(GlobalId(global)), 4 * i as i32);
                let value = self.b.load(Ty::I32, place, Access::Plain);
                self.b.rt(Rt::PrintU32, vec![value]);
            }
        }
    }
}
