//! Which virtual registers share a place: liveness, coalescing, cells.
//!
//! In: an `LFunc`. Out: `Webs`: each register belongs to a web, each web has cells. Invariant: two
//! registers whose live ranges meet share no byte. Registers share cells position by position (the
//! lowest bytes together, the next ones, …), so that only bytes of one position can be in each
//! other's way; within one operation a byte is never written before its last reading.
//! Parameters have the first cells, in order, as the calling convention promises.
//! Not here: which webs live in X or Y instead (`homes.rs`), addresses (`frame.rs`).

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;

use crate::base::index::{Id, IndexVec};
use crate::codegen::lir::{Dst, LBlock, LFunc, Op, Reg, Src, Vb};
use crate::codegen::mach::Cell;

/// Where a web lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    Cell,
    X,
    Y,
}

/// A run of neighbouring cells that is placed as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CellGroup {
    pub first: Cell,
    pub bytes: u8,
    /// Must lie in zero page.
    pub pointer: bool,
}

/// The result; see the head of the file.
pub struct Webs {
    web_of: IndexVec<Reg, usize>,
    /// The first cell of each web.
    base: Vec<Cell>,
    /// All groups, ascending.
    pub groups: Vec<CellGroup>,
    /// Number of cells.
    pub cells: usize,
    /// Number of webs.
    pub count: usize,
    live_out: IndexVec<LBlock, FixedBitSet>,
    candidates: Vec<Reg>,
    stage: Cell,
    spill: [Cell; 2],
    /// For calls that can enter the function again: what is live across them.
    across: BTreeMap<(LBlock, usize), Vec<Vb>>,
    /// Register pairs that must not share an index register.
    interference: Vec<BTreeSet<usize>>,
}

impl Webs {
    /// The web of a register.
    pub fn of(&self, reg: Reg) -> usize {
        self.web_of.get(reg).copied().unwrap_or(self.count)
    }

    /// The cell of a register byte.
    pub fn cell(&self, v: Vb) -> Cell {
        let first = self.web_of.get(v.reg).map_or(self.stage, |&web| self.base[web]);
        Cell::new(first.index() + v.byte as usize)
    }

    /// True when some byte of the register is live at the end of the block.
    pub fn live_out(&self, block: LBlock, reg: Reg) -> bool {
        (0..4).any(|k| self.live_out[block].contains(bit(Vb::new(reg, k))))
    }

    /// The one-byte registers: those that may live in X or Y.
    pub fn index_candidates(&self) -> &[Reg] {
        &self.candidates
    }

    /// A byte for staging operands of a test; `n` below 8. It is a register of no web.
    pub fn stage_byte(&self, n: usize) -> Vb {
        Vb::new(Reg::new(self.web_of.len()), n)
    }

    /// Where the web that lives in X (or Y) is kept while the register is used for scratch.
    pub fn spill_cell(&self, y: bool) -> Cell {
        self.spill[usize::from(y)]
    }

    /// What is live after a call that can enter the function again.
    pub fn live_after(&self, block: LBlock, at: usize) -> Vec<Vb> {
        self.across.get(&(block, at)).cloned().unwrap_or_default()
    }

    /// True for a byte whose cell must be in zero page.
    pub fn is_pointer(&self, v: Vb) -> bool {
        let cell = self.cell(v).index();
        let holds = |g: &CellGroup| (g.first.index()..g.first.index() + usize::from(g.bytes)).contains(&cell);
        self.groups.iter().any(|g| g.pointer && holds(g))
    }

    /// True when two webs are live at the same time.
    pub fn interfere(&self, a: usize, b: usize) -> bool {
        self.interference[a].contains(&b)
    }
}

fn bit(v: Vb) -> usize {
    v.reg.index() * 4 + v.byte as usize
}

/// Finds the webs. `coalesce` joins block parameters with their arguments; `recursive` asks for
/// what is live across each call.
pub fn find(func: &LFunc, coalesce: bool, recursive: bool) -> Webs {
    let live_out = liveness(func);
    let mut graph = Graph::new(func, &live_out);
    if coalesce {
        graph.join_copies(func);
    }
    let (web_of, count) = graph.number();
    let mut interference = vec![BTreeSet::new(); count];
    for reg in func.regs.ids() {
        for &other in &graph.edges[graph.find_const(reg.index())] {
            let (a, b) = (web_of[reg], web_of[Reg::new(graph.find_const(other))]);
            if a != b {
                interference[a].insert(b);
                interference[b].insert(a);
            }
        }
    }
    let candidates = func.regs.enumerated().filter(|(_, d)| d.bytes == 1).map(|(r, _)| r).collect();
    let mut webs = Webs {
        web_of,
        base: vec![Cell(0); count],
        groups: Vec::new(),
        cells: 0,
        count,
        across: if recursive { live_across(func, &live_out) } else { BTreeMap::new() },
        live_out,
        candidates,
        stage: Cell(0),
        spill: [Cell(0); 2],
        interference,
    };
    webs.assign_cells(func);
    webs
}

/// Live bytes at the end of each block.
fn liveness(func: &LFunc) -> IndexVec<LBlock, FixedBitSet> {
    let size = func.regs.len() * 4;
    let mut live_in: IndexVec<LBlock, FixedBitSet> =
        IndexVec::filled(func.blocks.len(), FixedBitSet::with_capacity(size));
    let mut live_out = live_in.clone();
    let mut changed = true;
    while changed {
        changed = false;
        for (id, block) in func.blocks.enumerated().rev() {
            let mut live = FixedBitSet::with_capacity(size);
            for next in block.term.successors() {
                live.union_with(&live_in[next]);
            }
            live_out[id] = live.clone();
            block.term.for_each_use(&mut |v| live.insert(bit(v)));
            for inst in block.insts.iter().rev() {
                inst.op.for_each_def(&func.regs, &mut |v| live.set(bit(v), false));
                inst.op.for_each_use(&mut |v| live.insert(bit(v)));
            }
            if live != live_in[id] {
                live_in[id] = live;
                changed = true;
            }
        }
    }
    live_out
}

fn live_across(func: &LFunc, live_out: &IndexVec<LBlock, FixedBitSet>) -> BTreeMap<(LBlock, usize), Vec<Vb>> {
    let mut table = BTreeMap::new();
    for (id, block) in func.blocks.enumerated() {
        let mut live = live_out[id].clone();
        block.term.for_each_use(&mut |v| live.insert(bit(v)));
        for (at, inst) in block.insts.iter().enumerate().rev() {
            inst.op.for_each_def(&func.regs, &mut |v| live.set(bit(v), false));
            if matches!(inst.op, Op::Call { .. }) {
                let bytes = live.ones().map(|b| Vb::new(Reg::new(b / 4), b % 4)).collect();
                table.insert((id, at), bytes);
            }
            inst.op.for_each_use(&mut |v| live.insert(bit(v)));
        }
    }
    table
}

/// The interference graph with union-find.
struct Graph {
    parent: Vec<usize>,
    edges: Vec<BTreeSet<usize>>,
    bytes: Vec<u8>,
    /// Parameters of the function never join each other.
    param: Vec<bool>,
}

impl Graph {
    fn new(func: &LFunc, live_out: &IndexVec<LBlock, FixedBitSet>) -> Self {
        let count = func.regs.len();
        let mut graph = Graph {
            parent: (0..count).collect(),
            edges: vec![BTreeSet::new(); count],
            bytes: func.regs.iter().map(|d| d.bytes).collect(),
            param: vec![false; count],
        };
        for p in &func.params {
            graph.param[p.index()] = true;
        }
        for (i, a) in func.params.iter().enumerate() {
            for b in &func.params[..i] {
                graph.edge(a.index(), b.index());
            }
        }
        for (id, block) in func.blocks.enumerated() {
            let mut live = live_out[id].clone();
            block.term.for_each_use(&mut |v| live.insert(bit(v)));
            for inst in block.insts.iter().rev() {
                graph.inst(func, &inst.op, &mut live);
            }
            if id.index() == 0 {
                // Arguments arrive together with whatever is live at the entry.
                for p in &func.params {
                    for b in live.ones() {
                        graph.edge(p.index(), b / 4);
                    }
                }
            }
        }
        graph
    }

    fn edge(&mut self, a: usize, b: usize) {
        if a != b {
            self.edges[a].insert(b);
            self.edges[b].insert(a);
        }
    }

    fn inst(&mut self, func: &LFunc, op: &Op, live: &mut FixedBitSet) {
        let mut defs = Vec::new();
        op.for_each_def(&func.regs, &mut |v| defs.push(v));
        let copied: BTreeMap<usize, usize> = match op {
            Op::Copy { moves } => moves
                .iter()
                .filter_map(|(d, s)| match s {
                    Src::V(s) if s.byte == d.byte => Some((bit(*d), s.reg.index())),
                    _ => None,
                })
                .collect(),
            Op::Move { d: Dst::V(d), s: Src::V(s) } if d.byte == s.byte => {
                BTreeMap::from([(bit(*d), s.reg.index())])
            }
            _ => BTreeMap::new(),
        };
        for d in &defs {
            let except = copied.get(&bit(*d)).copied();
            // Registers share cells byte for byte: only equal positions are in each other's way.
            for b in live.ones().filter(|b| b % 4 == d.byte as usize) {
                let reg = b / 4;
                if Some(reg) != except {
                    self.edge(d.reg.index(), reg);
                }
            }
            // All results of one operation exist together.
            for other in &defs {
                self.edge(d.reg.index(), other.reg.index());
            }
        }
        self.order_in_op(op);
        for d in &defs {
            live.set(bit(*d), false);
        }
        op.for_each_use(&mut |v| live.insert(bit(v)));
    }

    /// A byte that is written before another byte of the same operation is read must not lie on it.
    fn order_in_op(&mut self, op: &Op) {
        let (d, sources, any_order): (&[Dst], [&[Src]; 2], bool) = match op {
            Op::Add { d, a, b, .. } => (d, [a, b], false),
            Op::Shift { d, a, .. } => (d, [a, &[]], true),
            _ => return,
        };
        for (i, d) in d.iter().enumerate() {
            let Dst::V(d) = d else { continue };
            for list in sources {
                for (j, s) in list.iter().enumerate() {
                    if j > i || any_order && j != i {
                        s.for_each_vb(&mut |v| {
                            let whole = matches!(s, Src::Mem(_));
                            if v.byte == d.byte || whole && v.byte < 2 {
                                self.edge(d.reg.index(), v.reg.index());
                            }
                        });
                    }
                }
            }
        }
        // Addresses of destinations are read last.
        for (j, place) in d.iter().enumerate() {
            if let Dst::Mem(mem) = place {
                for d in d.iter().take(j) {
                    let Dst::V(d) = d else { continue };
                    mem.for_each_vb(&mut |v| self.edge(d.reg.index(), v.reg.index()));
                }
            }
        }
    }

    fn find(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn find_const(&self, mut at: usize) -> usize {
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    /// Joins the two sides of copies, the most frequent first, where they do not interfere.
    fn join_copies(&mut self, func: &LFunc) {
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for block in func.blocks.iter() {
            for inst in &block.insts {
                let mut add = |d: &Vb, s: &Src, worth: f64| {
                    if let Src::V(s) = s
                        && s.byte == d.byte
                        && s.reg != d.reg
                    {
                        pairs.push((block.weight * worth, d.reg.index(), s.reg.index()));
                    }
                };
                // An operation in place is cheaper, but less is lost than by a copy.
                let mut in_place = |d: &Dst, s: &Src| {
                    if let Dst::V(d) = d {
                        add(d, s, 0.5);
                    }
                };
                match &inst.op {
                    Op::Copy { moves } => moves.iter().for_each(|(d, s)| add(d, s, 1.0)),
                    Op::Move { d: Dst::V(d), s } => add(d, s, 1.0),
                    Op::Add { d, a, .. } | Op::Shift { d, a, .. } => {
                        d.iter().zip(a).for_each(|(d, s)| in_place(d, s));
                    }
                    Op::Logic { d, a, .. } => in_place(d, a),
                    _ => {}
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (_, a, b) in pairs {
            self.join(a, b);
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        if a == b || self.bytes[a] != self.bytes[b] || self.param[a] && self.param[b] {
            return;
        }
        if self.edges[a].contains(&b) || self.edges[b].contains(&a) {
            return;
        }
        // The parameter stays the representative: its cells are fixed.
        let (keep, gone) = if self.param[b] { (b, a) } else { (a, b) };
        self.parent[gone] = keep;
        for other in std::mem::take(&mut self.edges[gone]) {
            self.edges[other].remove(&gone);
            self.edges[other].insert(keep);
            self.edges[keep].insert(other);
        }
        let param = self.param[gone];
        self.param[keep] |= param;
    }

    /// Numbers the webs in order of their first register.
    fn number(&mut self) -> (IndexVec<Reg, usize>, usize) {
        let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
        let mut web_of = IndexVec::new();
        for reg in 0..self.parent.len() {
            let root = self.find(reg);
            let next = numbers.len();
            web_of.push(*numbers.entry(root).or_insert(next));
        }
        (web_of, numbers.len())
    }
}

impl Webs {
    fn assign_cells(&mut self, func: &LFunc) {
        let mut bytes = vec![0u8; self.count];
        let mut pointer = vec![false; self.count];
        for (reg, data) in func.regs.enumerated() {
            let web = self.web_of[reg];
            bytes[web] = bytes[web].max(data.bytes);
            pointer[web] |= data.pointer;
        }
        // Webs in each group, by number of the group.
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut placed = vec![false; self.count];
        for p in &func.params {
            let web = self.web_of[*p];
            self.new_group(bytes[web], pointer[web]);
            self.base[web] = self.groups.last().expect("just made").first;
            members.push(vec![web]);
            placed[web] = true;
        }
        // Pointers first, then by size: what must be in zero page shares with its like.
        let mut order: Vec<usize> = (0..self.count).filter(|w| !placed[*w]).collect();
        order.sort_by_key(|&w| (!pointer[w], std::cmp::Reverse(bytes[w]), w));
        for web in order {
            let fits = |g: usize, webs: &Self| {
                let group = &webs.groups[g];
                group.bytes >= bytes[web]
                    && (!pointer[web] || group.pointer)
                    && members[g].iter().all(|&m| !webs.interfere(m, web))
            };
            let found = (0..members.len()).find(|&g| fits(g, self));
            let group = found.unwrap_or_else(|| {
                self.new_group(bytes[web], pointer[web]);
                members.push(Vec::new());
                members.len() - 1
            });
            members[group].push(web);
            self.base[web] = self.groups[group].first;
        }
        self.new_group(1, false);
        self.spill[0] = self.groups.last().expect("just made").first;
        self.new_group(1, false);
        self.spill[1] = self.groups.last().expect("just made").first;
        self.stage = Cell::new(self.cells);
        (0..8).for_each(|_| self.new_group(1, false));
    }

    fn new_group(&mut self, bytes: u8, pointer: bool) {
        self.groups.push(CellGroup { first: Cell::new(self.cells), bytes, pointer });
        self.cells += bytes as usize;
    }
}
