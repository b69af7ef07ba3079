//! Removes stores that nothing reads: overwritten first, or into memory that ends with the
//! function or that the whole program never reads.
//!
//! Works backward with the places that are surely overwritten before anything may read them.
//! Only plain stores to memory that no interrupt code touches.

use crate::base::idset::IdSet;
use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::effects::{MemoryFacts, Place};
use crate::mir::ir::{Access, Addr, Base, Block, BlockId, Func, Op, SlotId, Term, Ty};
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass = Pass { name: "dse", about: "removes stores that nothing reads", run: Run::Func(run) };

/// Places followed at once.
const MAX_PLACES: usize = 64;

/// Memory whose content does not matter at a point.
#[derive(Clone, Default, PartialEq)]
struct State {
    places: Vec<Place>,
    slots: IdSet<SlotId>,
}

fn run(func: &mut Func, ctx: &Context) -> bool {
    let cfg = Cfg::new(func);
    let facts = MemoryFacts::new(ctx.effects, func, &cfg);
    let mut at_start: IndexVec<BlockId, Option<State>> = IndexVec::filled(func.blocks.len(), None);
    let mut changed = false;
    for &id in cfg.rpo.iter().rev() {
        let mut state = at_end(func, &facts, &at_start, id);
        let mut block = std::mem::take(&mut func.blocks[id]);
        changed |= backward(func, ctx, &facts, &mut block, &mut state);
        func.blocks[id] = block;
        at_start[id] = Some(state);
    }
    changed
}

/// What does not matter at the end of a block. Of a successor not seen yet (a loop) all matters.
fn at_end(
    func: &Func,
    facts: &MemoryFacts,
    at_start: &IndexVec<BlockId, Option<State>>,
    id: BlockId,
) -> State {
    let term = &func.blocks[id].term;
    if let Term::Return(_) | Term::Unreachable = term {
        let private = |&s: &SlotId| facts.is_private(&Addr::new(Base::Slot(s), 0));
        return State { places: Vec::new(), slots: func.slots.ids().filter(private).collect() };
    }
    let mut states = term.targets().map(|t| at_start[t.block].clone().unwrap_or_default());
    let mut state = states.next().unwrap_or_default();
    for other in states {
        state.places.retain(|p| other.places.contains(p));
        let both = state.slots.iter().filter(|&s| other.slots.contains(s)).collect();
        state.slots = both;
    }
    state
}

fn backward(func: &Func, ctx: &Context, facts: &MemoryFacts, block: &mut Block, state: &mut State) -> bool {
    let mut changed = false;
    for inst in std::mem::take(&mut block.insts).into_iter().rev() {
        if let Some(result) = inst.result {
            // Before its definition a value names another place, or none.
            state.places.retain(|p| p.addr.base != Base::Value(result) && p.addr.index != Some(result));
        }
        let written = match inst.op {
            Op::Store(addr, value, Access::Plain) => Some(Place { addr, len: func.ty(value).bytes() as u32 }),
            Op::Fill { dst, len, access: Access::Plain, .. }
            | Op::Copy { dst, len, access: Access::Plain, .. } => Some(Place { addr: dst, len }),
            _ => None,
        };
        if let Some(written) = written.filter(|w| !facts.is_shared(&w.addr)) {
            if is_dead(ctx, &written, state) {
                changed = true;
                continue;
            }
            // A copy reads before it writes, perhaps the very bytes; this direction is backward.
            if state.places.len() < MAX_PLACES {
                state.places.push(written);
            }
            keep_unread(func, facts, &inst.op, None, state);
        } else {
            let ty = inst.result.map(|r| func.ty(r));
            keep_unread(func, facts, &inst.op, ty, state);
        }
        block.insts.push(inst);
    }
    block.insts.reverse();
    for &param in &block.params {
        state.places.retain(|p| p.addr.base != Base::Value(param) && p.addr.index != Some(param));
    }
    changed
}

fn is_dead(ctx: &Context, written: &Place, state: &State) -> bool {
    let pitch = ctx.program.pitch(&written.addr);
    let covers = |p: &Place| {
        let (start, known) = (written.addr.offset, p.addr.offset);
        p.addr.base == written.addr.base
            && p.addr.index == written.addr.index
            && (known == start || known < start && pitch == 1)
            && i64::from(start) + i64::from(written.len) <= i64::from(known) + i64::from(p.len)
    };
    match written.addr.base {
        Base::Slot(slot) if state.slots.contains(slot) => true,
        Base::Global(id) if ctx.effects.is_never_read(id) => true,
        _ => state.places.iter().any(covers),
    }
}

/// Drops what the operation may read.
fn keep_unread(func: &Func, facts: &MemoryFacts, op: &Op, result: Option<Ty>, state: &mut State) {
    let Some(read) = facts.read_by(op, result) else { return };
    state.places.retain(|p| !read.includes(p));
    for slot in read.slots() {
        let whole = Place { addr: Addr::new(Base::Slot(slot), 0), len: func.slots[slot].size.max(1) };
        if state.slots.contains(slot) && read.includes(&whole) {
            state.slots.remove(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text};
    use crate::opt::{Level, pass_named, run_pass};

    fn stores(body: &str) -> usize {
        let text = format!(
            "global @g bss 9\nglobal @unread bss 9\nentry @main\nfunc @main() {{\n slot s0 \"\" 4\n{body}\n}}\n\
             func @reads_g() {{\nb0:\n v0: i8 = load [@g]\n rt rt_print_u8(v0)\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("dse").unwrap(), Level::O2);
        print::program(&program).matches("store").count()
    }

    #[test]
    fn overwritten_stores_go() {
        let head = "b0:\n v0: i8 = const 1\n v1: i16 = const 2\n";
        assert_eq!(stores(&format!("{head} store [@g], v0\n store [@g], v1\n call @reads_g()\n return")), 1);
        assert_eq!(stores(&format!("{head} store [@g], v0\n call @reads_g()\n store [@g], v1\n return")), 2);
        assert_eq!(stores(&format!("{head} store [@g], v1\n store [@g], v0\n call @reads_g()\n return")), 2);
    }

    #[test]
    fn memory_that_ends_unread_is_not_written() {
        assert_eq!(stores("b0:\n v0: i8 = const 1\n store [s0], v0\n store [@unread], v0\n return"), 0);
        assert_eq!(
            stores(
                "b0:\n v0: i8 = const 1\n store [s0], v0\n v1: i16 = addr [s0]\n rt rt_print_str(v1)\n return"
            ),
            1
        );
    }
}
