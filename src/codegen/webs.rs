//! Which virtual registers share a place: liveness, coalescing, cells.
//!
//! In: an `LFunc`. Out: `Webs`: each register belongs to a web, each web has cells. Invariant: two
//! registers whose live ranges meet share no byte. Registers share cells position by position (the
//! lowest bytes together, the next ones, …), so that only bytes of one position can be in each
//! other's way; within one operation a byte is never written before its last reading.
//! Parameters have the first cells, in order, as the calling convention promises.
//! Not here: which webs live in X or Y instead (`homes.rs`), addresses (`frame.rs`).

use std::collections::BTreeMap;

use fixedbitset::FixedBitSet;

use crate::base::index::{Id, IndexVec};
use crate::base::lists::Lists;
use crate::codegen::lir::{Dst, LBlock, LFunc, Op, Reg, Src, Vb};
use crate::codegen::mach::Cell;

/// Where a web lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
    live_out: LiveOut,
    stage: Cell,
    spill: [Cell; 2],
    /// For calls that can enter the function again: what is live across them.
    across: BTreeMap<(LBlock, usize), Vec<Vb>>,
    /// For each web, in ascending order, those that must not share an index register with it.
    interference: Vec<Vec<usize>>,
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
        let live = &self.live_out[block];
        let first = live.partition_point(|byte| byte.index() < bit(Vb::new(reg, 0)));
        live.get(first).is_some_and(|byte| byte.index() <= bit(Vb::new(reg, 3)))
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
        self.interference[a].binary_search(&b).is_ok()
    }
}

crate::define_id! {
    /// A byte of a register.
    RegByte "byte";
}

fn bit(v: Vb) -> usize {
    v.reg.index() * 4 + v.byte as usize
}

fn byte(v: Vb) -> RegByte {
    RegByte::new(bit(v))
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
    let mut interference = vec![Vec::new(); count];
    for (reg, &web) in web_of.enumerated() {
        interference[web].extend(graph.edges[reg].iter().map(|&other| web_of[other]));
    }
    for (web, others) in interference.iter_mut().enumerate() {
        sort_once(others);
        others.retain(|&other| other != web);
    }
    let mut webs = Webs {
        web_of,
        base: Vec::new(),
        groups: Vec::new(),
        cells: 0,
        count,
        across: if recursive { live_across(func, &live_out) } else { BTreeMap::new() },
        live_out,
        stage: Cell(0),
        spill: [Cell(0); 2],
        interference,
    };
    webs.assign_cells(func);
    webs
}

/// For each block the bytes that are live at its end, in ascending order: few out of many.
type LiveOut = IndexVec<LBlock, Vec<RegByte>>;

/// Follows each byte from where it is read back to where it is written.
fn liveness(func: &LFunc) -> LiveOut {
    let count = func.regs.len() * 4;
    // The blocks that read a byte before they write it, and those that write it.
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    let mut written: IndexVec<RegByte, Option<LBlock>> = IndexVec::filled(count, None);
    for (id, block) in func.blocks.enumerated() {
        let mut read = |v: Vb, written: &IndexVec<RegByte, Option<LBlock>>| {
            if written[byte(v)] != Some(id) {
                reads.push((byte(v), id));
            }
        };
        for inst in &block.insts {
            inst.op.for_each_use(&mut |v| read(v, &written));
            inst.op.for_each_def(&func.regs, &mut |v| {
                if written[byte(v)].replace(id) != Some(id) {
                    writes.push((byte(v), id));
                }
            });
        }
        block.term.for_each_use(&mut |v| read(v, &written));
    }
    let reads = Lists::new(count, reads.iter().copied());
    let writes = Lists::new(count, writes.iter().copied());
    let edges = func.blocks.enumerated().flat_map(|(id, b)| b.term.successors().map(move |next| (next, id)));
    let preds: Lists<LBlock, LBlock> = Lists::new(func.blocks.len(), edges);
    let mut live_out: LiveOut = IndexVec::filled(func.blocks.len(), Vec::new());
    // The last byte that each block was found to write, to want at its start, to have at its end.
    let none: IndexVec<LBlock, Option<RegByte>> = IndexVec::filled(func.blocks.len(), None);
    let (mut written, mut at_start, mut at_end) = (none.clone(), none.clone(), none);
    let mut work: Vec<LBlock> = Vec::new();
    for byte in (0..count).map(RegByte::new) {
        writes[byte].iter().for_each(|&block| written[block] = Some(byte));
        work.extend(&reads[byte]);
        while let Some(block) = work.pop() {
            if at_start[block].replace(byte) == Some(byte) {
                continue;
            }
            for &pred in &preds[block] {
                if at_end[pred].replace(byte) != Some(byte) {
                    live_out[pred].push(byte);
                    if written[pred] != Some(byte) {
                        work.push(pred);
                    }
                }
            }
        }
    }
    live_out
}

/// What is live before the end of a block is carried out.
fn live_at_end(func: &LFunc, live_out: &LiveOut, block: LBlock) -> FixedBitSet {
    let mut live = FixedBitSet::with_capacity(func.regs.len() * 4);
    live_out[block].iter().for_each(|byte| live.insert(byte.index()));
    func.blocks[block].term.for_each_use(&mut |v| live.insert(bit(v)));
    live
}

fn live_across(func: &LFunc, live_out: &LiveOut) -> BTreeMap<(LBlock, usize), Vec<Vb>> {
    let mut table = BTreeMap::new();
    for (id, block) in func.blocks.enumerated() {
        let mut live = live_at_end(func, live_out, id);
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
    parent: IndexVec<Reg, Reg>,
    /// What is in the way of a register or, at the root, of those that joined it; some of it twice.
    edges: IndexVec<Reg, Vec<Reg>>,
    bytes: IndexVec<Reg, u8>,
    /// Parameters of the function never join each other.
    param: IndexVec<Reg, bool>,
}

impl Graph {
    fn new(func: &LFunc, live_out: &LiveOut) -> Self {
        let count = func.regs.len();
        let mut graph = Graph {
            parent: func.regs.ids().collect(),
            edges: IndexVec::filled(count, Vec::new()),
            bytes: func.regs.iter().map(|d| d.bytes).collect(),
            param: IndexVec::filled(count, false),
        };
        for (i, &a) in func.params.iter().enumerate() {
            graph.param[a] = true;
            func.params[..i].iter().for_each(|&b| graph.edge(a, b));
        }
        let positions = [0, 1, 2, 3].map(|k| func.regs.ids().map(|reg| bit(Vb::new(reg, k))).collect());
        for (id, block) in func.blocks.enumerated() {
            let mut live = live_at_end(func, live_out, id);
            for inst in block.insts.iter().rev() {
                graph.inst(func, &inst.op, &mut live, &positions);
            }
            if id.index() == 0 {
                // Arguments arrive together with whatever is live at the entry.
                for &p in &func.params {
                    live.ones().for_each(|b| graph.edge(p, Reg::new(b / 4)));
                }
            }
        }
        graph.edges.iter_mut().for_each(sort_once);
        graph
    }

    fn edge(&mut self, a: Reg, b: Reg) {
        if a != b {
            self.edges[a].push(b);
            self.edges[b].push(a);
        }
    }

    /// Notes the edges of an operation after which `live` is live, and goes to before it. `positions`
    /// are the lowest bytes of all registers, the next ones, ….
    fn inst(&mut self, func: &LFunc, op: &Op, live: &mut FixedBitSet, positions: &[FixedBitSet; 4]) {
        let mut defs = Vec::new();
        op.for_each_def(&func.regs, &mut |v| defs.push(v));
        for d in &defs {
            let except = copied(op, *d);
            // Registers share cells byte for byte: only equal positions are in each other's way.
            for b in live.intersection(&positions[d.byte as usize]) {
                let reg = Reg::new(b / 4);
                if Some(reg) != except {
                    self.edge(d.reg, reg);
                }
            }
            // All results of one operation exist together.
            defs.iter().for_each(|other| self.edge(d.reg, other.reg));
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
                                self.edge(d.reg, v.reg);
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
                    mem.for_each_vb(&mut |v| self.edge(d.reg, v.reg));
                }
            }
        }
    }

    fn find(&mut self, mut at: Reg) -> Reg {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    /// True when something that joined `a` is in the way of something that joined `b`.
    fn meet(&mut self, a: Reg, b: Reg) -> bool {
        let (few, many) = if self.edges[a].len() < self.edges[b].len() { (a, b) } else { (b, a) };
        (0..self.edges[few].len()).any(|i| self.find(self.edges[few][i]) == many)
    }

    /// Joins the two sides of copies, the most frequent first, where they do not interfere.
    fn join_copies(&mut self, func: &LFunc) {
        let mut pairs: Vec<(f64, Reg, Reg)> = Vec::new();
        for block in func.blocks.iter() {
            for inst in &block.insts {
                let mut add = |d: &Vb, s: &Src, worth: f64| {
                    if let Src::V(s) = s
                        && s.byte == d.byte
                        && s.reg != d.reg
                    {
                        pairs.push((block.weight * worth, d.reg, s.reg));
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

    fn join(&mut self, a: Reg, b: Reg) {
        let (a, b) = (self.find(a), self.find(b));
        if a == b || self.bytes[a] != self.bytes[b] || self.param[a] && self.param[b] || self.meet(a, b) {
            return;
        }
        // The parameter stays the representative: its cells are fixed.
        let (keep, gone) = if self.param[b] { (b, a) } else { (a, b) };
        self.parent[gone] = keep;
        self.param[keep] |= self.param[gone];
        let (mut more, mut fewer) =
            (std::mem::take(&mut self.edges[keep]), std::mem::take(&mut self.edges[gone]));
        if more.len() < fewer.len() {
            std::mem::swap(&mut more, &mut fewer);
        }
        more.append(&mut fewer);
        self.edges[keep] = more;
    }

    /// Numbers the webs in order of their first register.
    fn number(&mut self) -> (IndexVec<Reg, usize>, usize) {
        let mut numbers: IndexVec<Reg, Option<usize>> = IndexVec::filled(self.parent.len(), None);
        let mut count = 0;
        let web_of = self.parent.ids().map(|reg| {
            *numbers[self.find(reg)].get_or_insert_with(|| {
                count += 1;
                count - 1
            })
        });
        (web_of.collect(), count)
    }
}

/// The register whose content an operation copies into a byte, at the same position.
fn copied(op: &Op, d: Vb) -> Option<Reg> {
    let same = |s: &Src| match s {
        Src::V(s) if s.byte == d.byte => Some(s.reg),
        _ => None,
    };
    match op {
        Op::Copy { moves } => {
            moves.iter().filter(|(to, _)| *to == d).filter_map(|(_, s)| same(s)).next_back()
        }
        Op::Move { d: Dst::V(to), s } if *to == d => same(s),
        _ => None,
    }
}

fn sort_once<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
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
        let mut group_of: Vec<Option<usize>> = vec![None; self.count];
        for p in &func.params {
            let web = self.web_of[*p];
            group_of[web] = Some(self.groups.len());
            self.new_group(bytes[web], pointer[web]);
        }
        // Pointers first, then by size: what must be in zero page shares with its like.
        let mut order: Vec<usize> = (0..self.count).filter(|w| group_of[*w].is_none()).collect();
        order.sort_by_key(|&w| (!pointer[w], std::cmp::Reverse(bytes[w]), w));
        for web in order {
            let mut taken = vec![false; self.groups.len()];
            for group in self.interference[web].iter().filter_map(|&other| group_of[other]) {
                taken[group] = true;
            }
            let fits = |(group, taken): (&CellGroup, bool)| {
                !taken && group.bytes >= bytes[web] && (!pointer[web] || group.pointer)
            };
            let found = self.groups.iter().zip(taken).position(fits);
            group_of[web] = Some(found.unwrap_or(self.groups.len()));
            if found.is_none() {
                self.new_group(bytes[web], pointer[web]);
            }
        }
        self.base = group_of.into_iter().flatten().map(|group| self.groups[group].first).collect();
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
