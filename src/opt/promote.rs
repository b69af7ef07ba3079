//! Keeps a scalar of memory in a value while a loop runs.
//!
//! In: a loop in which a place is written, and reached by nothing but its loads and stores. Out: the
//! place is loaded before the loop, and stored where the loop is left; inside, a slot stands for it,
//! which `sroa` turns into a value. So counters that are properties are counted in registers.
//! Invariant: outside the loop the place holds what it held. A variable is loaded and stored even when
//! no round would; a place that is computed only if each round reaches it, since nothing says that
//! it is one before.
//! Not here: what is only read (`licm`), what interrupt code may see.

use std::collections::{BTreeMap, BTreeSet};

use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::effects::{MemoryFacts, Place};
use crate::mir::ir::{Access, Addr, Base, Block, BlockId, Func, Inst, Op, Slot, Target, Term, Ty, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "promote", about: "keeps variables in registers while a loop runs", run: Run::Func(run) };

/// A scalar of memory: where, and of which type.
type Scalar = (Addr, Ty);

/// How a loop reaches a scalar.
#[derive(Clone, Default)]
struct Uses {
    /// It is stored, too.
    written: bool,
    /// The block of each load and store.
    blocks: Vec<BlockId>,
}

fn run(func: &mut Func, ctx: &Context) -> bool {
    // What is kept over a call that enters the function again is pushed and pulled.
    if ctx.is_recursive() {
        return false;
    }
    rewrite::remove_unreachable(func);
    let mut changed = false;
    loop {
        let cfg = Cfg::new(func);
        let dom = Dom::new(&cfg);
        let loops = Loops::new(&cfg, &dom);
        let finder = Finder { func, ctx, dom: &dom, loops: &loops };
        let Some((id, scalars)) = finder.find(&cfg) else { return changed };
        promote(func, &cfg, &loops, id, &scalars);
        changed = true;
    }
}

struct Finder<'a> {
    func: &'a Func,
    ctx: &'a Context<'a>,
    dom: &'a Dom,
    loops: &'a Loops,
}

impl Finder<'_> {
    /// The first loop, outer ones first, for which something can be kept, and what.
    fn find(&self, cfg: &Cfg) -> Option<(LoopId, Vec<Scalar>)> {
        let facts = MemoryFacts::new(self.ctx.effects, self.func, cfg);
        self.loops.loops.ids().find_map(|id| {
            let mut uses = self.uses(id);
            uses.retain(|scalar, uses| self.is_good(&facts, id, scalar, uses));
            self.keep_alone(&facts, id, &mut uses);
            let scalars: Vec<Scalar> = uses.into_keys().collect();
            (!scalars.is_empty()).then_some((id, scalars))
        })
    }

    /// The scalars that a loop names and that are the same place in every round.
    fn uses(&self, id: LoopId) -> BTreeMap<Scalar, Uses> {
        let inside = self.loops.values_made_in(self.func, id);
        let mut found: BTreeMap<Scalar, Uses> = BTreeMap::new();
        for block in self.loops.loops[id].blocks.iter() {
            for inst in &self.func.blocks[block].insts {
                let Some((scalar, stores)) = scalar(self.func, inst) else { continue };
                if values_of(&scalar.0).any(|v| inside.contains(v)) {
                    continue;
                }
                let uses = found.entry(scalar).or_default();
                uses.written |= stores;
                uses.blocks.push(block);
            }
        }
        found
    }

    /// True when it is worth it, and safe as far as the scalar alone is concerned.
    fn is_good(&self, facts: &MemoryFacts, id: LoopId, (addr, _): &Scalar, uses: &Uses) -> bool {
        let exits = self.loops.exits(self.func, id);
        // In bytes, the accesses in the loop against those around it.
        let pays = !self.ctx.for_size() || uses.blocks.len() > 1 + exits.len();
        let variable = matches!(addr.base, Base::Global(_)) && addr.index.is_none();
        let reached = || {
            let ends = self.loops.loops[id].latches.iter().chain(exits.iter().map(|(from, _)| from));
            let each = |block: &BlockId| ends.clone().all(|end| self.dom.dominates(*block, *end));
            uses.blocks.iter().any(each)
        };
        uses.written && pays && !facts.is_shared(addr) && (variable || reached())
    }

    /// Keeps those that nothing in the loop reaches but their own loads and stores.
    fn keep_alone(&self, facts: &MemoryFacts, id: LoopId, uses: &mut BTreeMap<Scalar, Uses>) {
        for inst in self.loops.loops[id].blocks.iter().flat_map(|b| &self.func.blocks[b].insts) {
            if uses.is_empty() {
                return;
            }
            let own = scalar(self.func, inst).map(|s| s.0);
            let written = facts.written_by(&inst.op);
            let read = facts.read_by(&inst.op, inst.result.map(|v| self.func.ty(v)));
            uses.retain(|scalar, _| {
                let place = Place { addr: scalar.0, len: scalar.1.bytes() as u32 };
                own == Some(*scalar) || ![&written, &read].into_iter().flatten().any(|t| t.includes(&place))
            });
        }
    }
}

/// The scalar that is loaded or stored (true) as a whole.
fn scalar(func: &Func, inst: &Inst) -> Option<(Scalar, bool)> {
    let (addr, ty, stores) = match (&inst.op, inst.result) {
        (Op::Load(addr, Access::Plain), Some(result)) => (addr, func.ty(result), false),
        (Op::Store(addr, value, Access::Plain), _) => (addr, func.ty(*value), true),
        _ => return None,
    };
    let memory = matches!(addr.base, Base::Global(_) | Base::Value(_));
    memory.then_some(((*addr, ty), stores))
}

/// The values that say where a place is.
fn values_of(addr: &Addr) -> impl Iterator<Item = Value> {
    let base = if let Base::Value(value) = addr.base { Some(value) } else { None };
    base.into_iter().chain(addr.index)
}

/// Puts slots in place of the scalars in a loop.
fn promote(func: &mut Func, cfg: &Cfg, loops: &Loops, id: LoopId, scalars: &[Scalar]) {
    let kept: BTreeMap<Scalar, Addr> = scalars
        .iter()
        .map(|&(addr, ty)| {
            let slot = func.slots.push(Slot { name: String::new().into(), size: ty.bytes() as u32 });
            ((addr, ty), Addr::new(Base::Slot(slot), 0))
        })
        .collect();
    let inside = &loops.loops[id].blocks;
    for block in inside.iter() {
        for at in 0..func.blocks[block].insts.len() {
            let slot = scalar(func, &func.blocks[block].insts[at]).and_then(|(scalar, _)| kept.get(&scalar));
            if let (Some(slot), Op::Load(addr, _) | Op::Store(addr, ..)) =
                (slot, &mut func.blocks[block].insts[at].op)
            {
                *addr = *slot;
            }
        }
    }
    let mut exits = loops.exits(func, id);
    exits.dedup();
    let (shared, own): (Vec<_>, Vec<_>) =
        exits.into_iter().partition(|(_, to)| cfg.preds[*to].iter().any(|p| !inside.contains(*p)));
    let before = loops.make_preheader(func, cfg, id);
    let fetch = copies(func, kept.iter().map(|(&(place, ty), &slot)| (place, slot, ty)));
    func.blocks[before].insts.extend(fetch);
    let back = || kept.iter().map(|(&(place, ty), &slot)| (slot, place, ty));
    for to in own.into_iter().map(|(_, to)| to).collect::<BTreeSet<BlockId>>() {
        let insts = copies(func, back());
        func.blocks[to].insts.splice(0..0, insts);
    }
    for (from, to) in shared {
        for way in 0..func.blocks[from].term.targets().count() {
            let insts = copies(func, back());
            leave_through_block(func, (from, way), to, insts);
        }
    }
}

/// Operations that copy scalars: from, to, type.
fn copies(func: &mut Func, list: impl Iterator<Item = (Addr, Addr, Ty)>) -> Vec<Inst> {
    let mut insts = Vec::new();
    for (from, to, ty) in list {
        let value = func.values.push(ty);
        insts.push(Inst { result: Some(value), op: Op::Load(from, Access::Plain), span: None });
        insts.push(Inst { result: None, op: Op::Store(to, value, Access::Plain), span: None });
    }
    insts
}

/// Puts operations on a way out of a block, if it leads to `to`.
fn leave_through_block(func: &mut Func, (from, way): (BlockId, usize), to: BlockId, insts: Vec<Inst>) {
    let next = func.blocks.next_id();
    let mut targets = func.blocks[from].term.targets_mut();
    let Some(target) = targets.nth(way).filter(|t| t.block == to) else { return };
    let old = std::mem::replace(target, Target { block: next, args: Vec::new() });
    drop(targets);
    func.blocks.push(Block { insts, term: Term::Jump(old), ..Block::default() });
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, lines_with_blocks, pass_named, run_pass};

    /// The accesses of a function and the blocks that they are in, when the pass and `sroa` have run.
    /// `b1` with the body is a loop; `@s` is a variable, which `@read` reads, `@t` an array.
    fn accesses(body: &str) -> String {
        let text = format!(
            "global @s bss 2\nglobal @t bss 99\n\
             func @read() {{\nb0:\n v0: i8 = load [@s]\n store volatile [$d020], v0\n return\n}}\n\
             func @f(i8, i16) {{\nb0(v0: i8, v1: i16):\n jump b1(v0)\nb1(v2: i8):\n v3: i8 = const 1\n{body}\n \
             v4: i8 = sub v2, v3\n v5: i1 = cmp ne v4, v0\n branch v5, b1(v4), b9\nb9:\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        for pass in ["promote", "sroa"] {
            run_pass(&mut program, pass_named(pass).unwrap(), Level::O2);
            verify::verify(&program).unwrap();
        }
        let text = print::program(&program);
        let mut found = Vec::new();
        for (block, line) in lines_with_blocks(&text, "f") {
            if let Some(at) = line.find("load [").or(line.find("store [")) {
                let end = line.find(']').map_or(line.len(), |end| end + 1);
                found.push(format!("{block} {}", &line[at..end]));
            }
        }
        found.join(", ")
    }

    const SUM: &str = "v6: i8 = load [@s]\n v7: i8 = add v6, v2\n store [@s], v7\n";

    /// The body, but not in every round.
    fn sometimes(body: &str) -> String {
        format!("v8: i1 = cmp eq v2, v3\n branch v8, b2, b3\nb2:\n {body} jump b3\nb3:\n")
    }

    #[test]
    fn a_variable_is_loaded_before_and_stored_behind_the_loop() {
        assert_eq!(accesses(SUM), "b0 load [@s], b2 store [@s]");
        assert_eq!(accesses(&sometimes(SUM)), "b0 load [@s], b4 store [@s]");
    }

    #[test]
    fn what_something_else_reaches_stays_in_memory() {
        for other in ["call @read()", "v9: i8 = load [@s + v2]", "store [@s + v2], v2", "v9: i16 = load [@s]"]
        {
            assert!(accesses(&format!("{SUM} {other}\n")).contains("b1 store [@s]"), "{other}");
        }
        assert_eq!(
            accesses(&format!("{SUM} store [@t + v2], v2\n")),
            "b0 load [@s], b1 store [@t + v2], b2 store [@s]"
        );
    }

    #[test]
    fn an_element_is_kept_where_each_round_reaches_it() {
        let element = SUM.replace("@s", "@t + v0");
        assert_eq!(accesses(&element), "b0 load [@t + v0], b2 store [@t + v0]");
        assert_eq!(accesses(&sometimes(&element)), "b2 load [@t + v0], b2 store [@t + v0]");
        let pointer = SUM.replace("@s", "v1 + 7");
        assert_eq!(accesses(&pointer), "b0 load [v1 + 7], b2 store [v1 + 7]");
        let another = SUM.replace("@s", "@t + v2");
        assert_eq!(accesses(&another), "b1 load [@t + v2], b1 store [@t + v2]");
    }

    #[test]
    fn each_way_out_of_a_loop_stores() {
        let twice = format!("{SUM} v8: i1 = cmp eq v7, v0\n branch v8, b9, b2\nb2:\n");
        assert_eq!(accesses(&twice), "b0 load [@s], b3 store [@s]");
        let early =
            format!("v8: i1 = cmp eq v2, v3\n branch v8, b2, b3\nb2:\n call @read()\n return\nb3:\n{SUM}");
        assert_eq!(accesses(&early), "b0 load [@s], b2 store [@s], b4 store [@s]");
    }
}
