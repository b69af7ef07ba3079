//! Instruction selection: middle IR → low-level IR.
//!
//! In: a verified function without `Select` on wide values left to chance, block weights.
//! Out: an `LFunc`. Invariant: every memory access of the input appears once in the output, mapped
//! ones in their order; a value that costs nothing (constants, addresses, extensions,
//! truncations, moves by whole bytes) gets no register but is spelled out where it is used.
//! Not here: machine registers, cells, instructions.

mod arith;
mod carry;
mod combine;
mod concat;
mod control;
mod dead;
mod divide;
mod fold;
mod kept;
mod memory;
mod module;
mod multiples;
mod multiply;
mod pages;
mod rotate;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::index::{Id, IndexVec};
use crate::base::source::Span;
use crate::codegen::lir::{
    Dst, LBlock, LBlockData, LFunc, LInst, LTerm, Logic, Op as LOp, Reg, RegData, Src, Sym, SymAddr, Vb,
};
use crate::mir::ir::{Addr, Base, BinOp, BlockId, Func, FuncId, GlobalId, Op, Program, Ty, Value};
use crate::mir::loops::Loops;
use crate::opt::ranges::Ranges;

/// Where the bytes of a value come from.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Home {
    /// Not computed yet, or spelled out at each use.
    Lazy,
    Reg(Reg),
}

/// Options that change the selection.
#[derive(Clone, Copy, Debug)]
pub struct SelectOptions {
    /// Prefer small code to fast code.
    pub small: bool,
    /// Fold loads and stores into other operations.
    pub fold: bool,
    /// No address may lie outside of what its symbol names.
    pub module: bool,
    /// Hold pointers in zero page for single accesses only.
    pub short_pointers: bool,
    /// The function may be entered again before it returns.
    pub recursive: bool,
}

/// What is decided over the whole program before its functions are selected.
#[derive(Clone, Default, Debug)]
pub struct Whole {
    /// Multiply with tables of squares.
    pub squares: bool,
    /// Variables that begin with a page.
    pub aligned: BTreeSet<GlobalId>,
}

/// State of the selection of one function.
pub struct Select<'a> {
    program: &'a Program,
    func: &'a Func,
    options: SelectOptions,
    whole: &'a Whole,
    /// The defining operation of each value that is not a block parameter.
    defs: IndexVec<Value, Option<&'a Op>>,
    homes: IndexVec<Value, Home>,
    /// Values that are computed where their only user stands.
    folded: IndexVec<Value, bool>,
    /// Conditions that a shift before the branch answers.
    carries: BTreeMap<Value, carry::Carry>,
    /// Values that are rotations.
    rotates: BTreeMap<Value, rotate::Rotation>,
    /// The partner of a division or remainder with the same operands in the same block.
    partners: BTreeMap<Value, fold::Partner>,
    /// Values that are sums with the one as the carry.
    carry_sums: BTreeMap<Value, fold::CarrySum>,
    /// Values that are the middle bytes of a product, and its factors.
    middles: BTreeMap<Value, (Value, Value)>,
    out: LFunc,
    lblocks: IndexVec<BlockId, LBlock>,
    insts: Vec<LInst>,
    span: Option<Span>,
    /// The block that is selected.
    block: BlockId,
    /// From where each block is reached.
    preds: IndexVec<BlockId, BTreeSet<BlockId>>,
    /// Pointers computed on the way to the current place.
    pointers: Vec<(memory::PointerKey, Reg)>,
    pages: pages::Pages,
    even: multiples::Multiples<'a>,
    /// Between which numbers values lie; found when it is asked for.
    ranges: Option<Ranges<'a>>,
}

/// Selects the code of one function. `weights` holds the estimated number of runs of each block.
pub fn select(
    program: &Program,
    id: FuncId,
    weights: &IndexVec<BlockId, f64>,
    options: SelectOptions,
    whole: &Whole,
) -> LFunc {
    let func = &program.funcs[id];
    let mut defs = IndexVec::filled(func.values.len(), None);
    for block in func.blocks.iter() {
        for inst in &block.insts {
            if let Some(result) = inst.result {
                defs[result] = Some(&inst.op);
            }
        }
    }
    let even = multiples::Multiples::new(func, &defs);
    let fold::Plan { mut folded, carries, rotates, partners, carry_sums } =
        fold::plan(program, func, &defs, &even, options.fold);
    let middles = if whole.squares { multiply::middles(func, &defs, &mut folded) } else { BTreeMap::new() };
    let mut select = Select {
        program,
        func,
        options,
        whole,
        defs,
        homes: IndexVec::filled(func.values.len(), Home::Lazy),
        folded,
        carries,
        rotates,
        partners,
        carry_sums,
        middles,
        out: LFunc { id, regs: IndexVec::new(), params: Vec::new(), blocks: IndexVec::new() },
        lblocks: IndexVec::filled(func.blocks.len(), LBlock(0)),
        insts: Vec::new(),
        span: None,
        block: Func::ENTRY,
        preds: IndexVec::filled(func.blocks.len(), BTreeSet::new()),
        pointers: Vec::new(),
        pages: pages::Pages::new(func, &even, &options),
        even,
        ranges: None,
    };
    for (id, block) in func.blocks.enumerated() {
        for target in block.term.targets() {
            select.preds[target.block].insert(id);
        }
    }
    select.run(weights);
    if options.fold {
        dead::run(&mut select.out);
        combine::run(&mut select.out);
    }
    select.out
}

impl<'a> Select<'a> {
    fn run(&mut self, weights: &IndexVec<BlockId, f64>) {
        let order = layout(self.func, weights);
        for (position, &block) in order.iter().enumerate() {
            self.lblocks[block] = LBlock::new(position);
            self.out.blocks.push(LBlockData {
                insts: Vec::new(),
                term: LTerm::Unreachable,
                term_span: None,
                weight: weights[block],
            });
        }
        for &block in &order {
            for &param in &self.func.blocks[block].params {
                let reg = self.new_reg(self.func.ty(param).bytes());
                self.homes[param] = Home::Reg(reg);
                if block == Func::ENTRY {
                    self.out.params.push(reg);
                }
            }
        }
        // A value may be used, in an unreachable-looking order, before its block is selected:
        // registers are handed out first.
        let mut exits = BTreeMap::new();
        for &block in &order {
            self.block = block;
            self.inherit_pointers(block, &exits);
            let data = &self.func.blocks[block];
            for inst in &data.insts {
                self.span = inst.span;
                self.pages.next();
                let late = |v: Value| self.folded[v] || self.carries.values().any(|c| c.shift == v);
                if !inst.result.is_some_and(late) {
                    self.select_inst(inst.result, &inst.op);
                }
            }
            self.span = data.term_span;
            self.pages.next();
            let term = self.select_term(&data.term, weights[block]);
            exits.insert(block, self.pointers.clone());
            let at = self.lblocks[block];
            let insts = std::mem::take(&mut self.insts);
            let data_out = &mut self.out.blocks[at];
            data_out.insts = insts;
            data_out.term = term;
            data_out.term_span = data.term_span;
        }
        self.place_edges();
    }

    /// Edge blocks were appended; puts each next to the block it leaves, so that it falls through
    /// or is jumped to over the shortest way.
    fn place_edges(&mut self) {
        let count = self.lblocks.len().min(self.out.blocks.len());
        let first_edge = self.out.blocks.len() - self.edge_count();
        if first_edge == self.out.blocks.len() {
            return;
        }
        let mut after: BTreeMap<LBlock, Vec<LBlock>> = BTreeMap::new();
        for (id, block) in self.out.blocks.enumerated().take(first_edge) {
            for next in block.term.successors().filter(|n| n.index() >= first_edge) {
                after.entry(id).or_default().push(next);
            }
        }
        let mut order = Vec::with_capacity(self.out.blocks.len());
        for id in self.out.blocks.ids().take(first_edge) {
            order.push(id);
            let falls_through = |edge: &LBlock| {
                let next = LTerm::Jump(LBlock::new(id.index() + 1));
                self.out.blocks[*edge].term == next
            };
            let edges = after.remove(&id).unwrap_or_default();
            let (last, first): (Vec<_>, Vec<_>) = edges.into_iter().partition(falls_through);
            order.extend(first.into_iter().chain(last));
        }
        debug_assert!(count <= order.len());
        let mut position = IndexVec::filled(order.len(), LBlock(0));
        for (new, &old) in order.iter().enumerate() {
            position[old] = LBlock::new(new);
        }
        let mut blocks: Vec<Option<LBlockData>> =
            std::mem::take(&mut self.out.blocks).iter().cloned().map(Some).collect();
        for old in order {
            let mut block = blocks[old.index()].take().expect("each block is placed once");
            match &mut block.term {
                LTerm::Jump(t) => *t = position[*t],
                LTerm::Branch { then, other, .. } => {
                    *then = position[*then];
                    *other = position[*other];
                }
                LTerm::Return(_) | LTerm::Unreachable => {}
            }
            self.out.blocks.push(block);
        }
    }

    fn edge_count(&self) -> usize {
        let placed = self.lblocks.iter().map(|b| b.index() + 1).max().unwrap_or(0);
        self.out.blocks.len() - placed
    }

    fn new_reg(&mut self, bytes: usize) -> Reg {
        self.out.regs.push(RegData { bytes: bytes as u8, pointer: false })
    }

    fn emit(&mut self, op: LOp) {
        self.insts.push(LInst { op, span: self.span });
    }

    /// The register of a value that was or will be computed.
    fn reg_of(&mut self, value: Value) -> Reg {
        match self.homes[value] {
            Home::Reg(reg) => reg,
            Home::Lazy => {
                let reg = self.new_reg(self.func.ty(value).bytes());
                self.homes[value] = Home::Reg(reg);
                reg
            }
        }
    }

    /// The destinations of a value's bytes.
    fn dst_of(&mut self, value: Value) -> Vec<Dst> {
        let reg = self.reg_of(value);
        (0..self.func.ty(value).bytes()).map(|k| Dst::V(Vb::new(reg, k))).collect()
    }

    fn reg_bytes(&self, reg: Reg) -> Vec<Src> {
        (0..self.out.regs[reg].bytes as usize).map(|k| Src::V(Vb::new(reg, k))).collect()
    }

    /// The constant that a value is, if it is one.
    fn constant(&self, value: Value) -> Option<u32> {
        match self.defs[value] {
            Some(Op::Const(n)) => Some(n & self.func.ty(value).mask()),
            _ => None,
        }
    }

    /// The bytes of a value, spelled out where that costs nothing. A folded load appears as memory.
    fn bytes(&mut self, value: Value) -> Vec<Src> {
        let size = self.func.ty(value).bytes();
        if let Some(Op::Sext(inner)) = self.defs[value]
            && self.func.ty(*inner) != Ty::I1
        {
            let mut bytes = self.bytes(*inner);
            bytes.resize(size, Src::V(self.sign_of(value)));
            return bytes;
        }
        if let Some(kept) = self.kept(value) {
            let reg = self.reg_of(value);
            let own = |(k, s): (usize, Option<Src>)| s.unwrap_or(Src::V(Vb::new(reg, k)));
            return kept.into_iter().enumerate().map(own).collect();
        }
        if let Home::Reg(reg) = self.homes[value] {
            return self.reg_bytes(reg);
        }
        match self.defs[value] {
            Some(Op::Const(n)) => (0..size).map(|k| Src::Imm((n >> (8 * k)) as u8)).collect(),
            Some(Op::Addr(addr)) => match self.const_addr(addr) {
                Some(at) => match at.sym {
                    Sym::Abs => vec![Src::Imm(at.offset as u8), Src::Imm((at.offset >> 8) as u8)],
                    _ => vec![Src::Lo(at), Src::Hi(at)],
                },
                None => self.lazy_reg(value),
            },
            Some(Op::Zext(inner)) => {
                let mut bytes = self.bytes(*inner);
                bytes.resize(size, Src::Imm(0));
                bytes
            }
            Some(Op::Trunc(inner))
                if size_is_whole(self.func.ty(value)) && !self.middles.contains_key(&value) =>
            {
                let mut bytes = self.bytes(*inner);
                bytes.truncate(size);
                bytes
            }
            Some(Op::Bin(op, a, b)) if self.is_byte_move(*op, *b) => {
                let count = self.constant(*b).expect("checked by is_byte_move") as usize / 8;
                let bytes = self.bytes(*a);
                move_bytes(*op, bytes, count)
            }
            Some(Op::Bin(op, a, b)) if self.is_concat(*op, *a, *b) => {
                let (a, b) = (self.bytes(*a), self.bytes(*b));
                a.into_iter().zip(b).map(|(a, b)| if a == Src::Imm(0) { b } else { a }).collect()
            }
            Some(Op::Load(addr, access)) if self.folded[value] => {
                let mem = self.mem(addr, *access, size);
                (0..size).map(|k| Src::Mem(mem.plus(k))).collect()
            }
            _ => self.lazy_reg(value),
        }
    }

    fn lazy_reg(&mut self, value: Value) -> Vec<Src> {
        let reg = self.reg_of(value);
        self.reg_bytes(reg)
    }

    /// True for a shift that only renames bytes.
    fn is_byte_move(&self, op: BinOp, count: Value) -> bool {
        matches!(op, BinOp::Shl | BinOp::Shr) && self.constant(count).is_some_and(|n| n % 8 == 0 && n < 32)
    }

    /// True for an operation that only puts bytes side by side.
    fn is_concat(&self, op: BinOp, a: Value, b: Value) -> bool {
        self.options.fold && concat::is_concat(self.func, &self.defs, op, a, b)
    }

    /// The address as a constant, when it has no run-time part.
    fn const_addr(&self, addr: &Addr) -> Option<SymAddr> {
        let sym = match addr.base {
            Base::Abs => Sym::Abs,
            Base::Global(g) => match self.program.globals[g].fixed {
                Some(at) if self.program.globals[g].kind == crate::mir::ir::GlobalKind::Mapped => {
                    return addr
                        .index
                        .is_none()
                        .then(|| SymAddr { sym: Sym::Abs, offset: addr.offset + i32::from(at) });
                }
                _ => Sym::Global(g),
            },
            Base::Slot(s) => Sym::Slot(s),
            Base::Func(f) => Sym::Func(f),
            Base::Value(_) => return None,
        };
        let at = SymAddr { sym, offset: addr.offset };
        (addr.index.is_none() && self.is_near(at)).then_some(at)
    }

    /// A register that holds the bytes; copies them unless they are one register already.
    fn as_reg(&mut self, bytes: &[Src]) -> Reg {
        if let Some(reg) = whole_reg(bytes).filter(|&r| self.out.regs[r].bytes as usize == bytes.len()) {
            return reg;
        }
        let reg = self.new_reg(bytes.len());
        for (k, &s) in bytes.iter().enumerate() {
            self.emit(LOp::Move { d: Dst::V(Vb::new(reg, k)), s });
        }
        reg
    }

    fn select_inst(&mut self, result: Option<Value>, op: &Op) {
        match (op, result) {
            (Op::Const(_), _) => {}
            (Op::Addr(addr), Some(v)) => self.select_addr(v, addr),
            (Op::Bin(..), Some(v)) if self.rotates.contains_key(&v) => {
                let d = self.dst_of(v);
                self.select_rotation(d, self.rotates[&v]);
            }
            (Op::Bin(bin, a, b), Some(v)) => {
                if !self.is_byte_move(*bin, *b) && !self.is_concat(*bin, *a, *b) {
                    let kept = self.kept(v);
                    let mut d = self.dst_of(v);
                    for (d, _) in d.iter_mut().zip(kept.iter().flatten()).filter(|(_, kept)| kept.is_some()) {
                        *d = Dst::None;
                    }
                    self.select_bin(v, *bin, *a, *b, d);
                }
            }
            (Op::Neg(a), Some(v)) => {
                let d = self.dst_of(v);
                let b = self.bytes(*a);
                self.emit(LOp::Add { sub: true, carry: false, d, a: vec![Src::Imm(0); b.len()], b });
            }
            (Op::Not(a), Some(v)) => {
                let d = self.dst_of(v);
                self.select_not(d, *a);
            }
            (Op::Cmp(cond, a, b), Some(v)) => {
                let test = self.test(*cond, *a, *b);
                let d = self.dst_of(v)[0];
                self.emit(LOp::Set { d, test });
            }
            (Op::Zext(_), _) => {}
            (Op::Trunc(a), Some(v)) => {
                if let Some(&(a, b)) = self.middles.get(&v) {
                    return self.select_middle(v, a, b);
                }
                if !size_is_whole(self.func.ty(v)) {
                    let s = self.bytes(*a)[0];
                    let d = self.dst_of(v)[0];
                    self.emit(LOp::Logic { op: Logic::And, d, a: s, b: Src::Imm(1) });
                }
            }
            (Op::Sext(a), Some(v)) => self.select_sext(v, *a),
            (Op::Select(c, a, b), Some(v)) => self.select_select(v, *c, *a, *b),
            (Op::Load(addr, access), Some(v)) => {
                let d = self.dst_of(v);
                self.select_load(d, addr, *access);
            }
            (Op::Store(addr, value, access), _) => self.select_store(addr, *value, *access),
            (Op::Call(callee, args), _) => self.select_call(result, callee, args),
            (Op::Rt(rt, args), _) => self.select_rt(result, *rt, args),
            (Op::Copy { dst, src, len, access }, _) => self.select_copy(dst, src, *len, *access),
            (Op::Fill { dst, value, len, access }, _) => self.select_fill(dst, *value, *len, *access),
            (Op::Asm(block), _) => self.emit(LOp::Asm(block.clone())),
            (Op::Sei, _) => self.emit(LOp::Sei),
            (Op::Cli, _) => self.emit(LOp::Cli),
            (Op::Nop(n), _) => self.emit(LOp::Nop(*n)),
            // A value that nobody receives is not computed.
            (_, None) => {}
        }
    }
}

/// `I1` lives in a byte but has one bit: truncation to it must mask.
fn size_is_whole(ty: Ty) -> bool {
    ty != Ty::I1
}

/// The register whose bytes from 0 up these are.
fn whole_reg(bytes: &[Src]) -> Option<Reg> {
    let Some(Src::V(first)) = bytes.first() else { return None };
    let reg = first.reg;
    bytes
        .iter()
        .enumerate()
        .all(|(k, s)| matches!(s, Src::V(v) if v.reg == reg && v.byte as usize == k))
        .then_some(reg)
}

/// The bytes of a value shifted by whole bytes.
fn move_bytes(op: BinOp, bytes: Vec<Src>, count: usize) -> Vec<Src> {
    let size = bytes.len();
    (0..size)
        .map(|k| match op {
            BinOp::Shl if k >= count => bytes[k - count],
            BinOp::Shr if k + count < size => bytes[k + count],
            _ => Src::Imm(0),
        })
        .collect()
}

/// Moves what lies between the blocks of a loop behind it, so that no way out is jumped over in it.
fn keep_loops_together(func: &Func, order: &mut Vec<BlockId>) {
    for l in Loops::of(func).loops.iter() {
        let inside = |b: &BlockId| l.blocks.contains(*b);
        let (Some(first), Some(last)) = (order.iter().position(inside), order.iter().rposition(inside))
        else {
            continue;
        };
        let (own, others): (Vec<_>, Vec<_>) = order[first..=last].iter().partition(|b| inside(b));
        order.splice(first..=last, own.into_iter().chain(others));
    }
}

/// The order of blocks in the code: reverse postorder that follows the heavier successor last, so
/// that it comes next and loops stay together.
fn layout(func: &Func, weights: &IndexVec<BlockId, f64>) -> Vec<BlockId> {
    let mut seen: IndexVec<BlockId, bool> = IndexVec::filled(func.blocks.len(), false);
    let mut order = Vec::with_capacity(func.blocks.len());
    // (block, successors still to visit)
    let mut stack: Vec<(BlockId, Vec<BlockId>)> = Vec::new();
    let successors = |block: BlockId| {
        let mut next: Vec<BlockId> = func.blocks[block].term.targets().map(|t| t.block).collect();
        // The heaviest is visited last (taken from the end is first, so sort heaviest first).
        next.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(b.cmp(a)));
        next
    };
    if func.blocks.is_empty() {
        return order;
    }
    seen[Func::ENTRY] = true;
    stack.push((Func::ENTRY, successors(Func::ENTRY)));
    while let Some((block, next)) = stack.last_mut() {
        match next.pop() {
            Some(to) if !seen[to] => {
                seen[to] = true;
                stack.push((to, successors(to)));
            }
            Some(_) => {}
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    keep_loops_together(func, &mut order);
    order
}
