//! Forwards the content of memory: what was stored or loaded is not loaded again.
//!
//! Works forward over the blocks with the set of places whose content is known as a value. At a
//! join only what all predecessors agree on stays; a loop keeps what nothing in it may write.
//! Also removes stores of what the place holds already. Only plain accesses to memory that no
//! interrupt code touches.

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::effects::{MemoryFacts, Place, Touched};
use crate::mir::ir::{Access, Addr, BinOp, Block, BlockId, Func, Inst, Op, Program, Ty, Value};
use crate::mir::loops::{LoopId, Loops};
use crate::mir::rewrite::Substitution;
use crate::opt::{Context, Pass, Run};

pub const PASS: Pass =
    Pass { name: "forward", about: "forwards stored and loaded values to loads", run: Run::Func(run) };

/// Known places at once; more cost time and seldom help.
const MAX_KNOWN: usize = 100;

/// A place and the type of what it holds.
type Key = (Addr, Ty);

/// The content of places, in ascending order of the keys: there are few, but many states.
#[derive(Clone, Default)]
struct State(Vec<(Key, Value)>);

impl State {
    fn find(&self, key: Key) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |known| known.0)
    }

    fn get(&self, key: Key) -> Option<Value> {
        self.find(key).ok().map(|at| self.0[at].1)
    }

    /// Notes what a place holds, unless enough is known already.
    fn learn(&mut self, key: Key, value: Value) {
        if self.0.len() < MAX_KNOWN {
            match self.find(key) {
                Ok(at) => self.0[at].1 = value,
                Err(at) => self.0.insert(at, (key, value)),
            }
        }
    }

    /// Keeps what the other state knows too.
    fn meet(&mut self, other: &State) {
        let mut others = other.0.iter().peekable();
        self.0.retain(|known| {
            while others.next_if(|o| o.0 < known.0).is_some() {}
            others.peek() == Some(&known)
        });
    }

    /// Drops what may be written.
    fn forget(&mut self, written: &Touched) {
        self.0.retain(|&((addr, ty), _)| !written.includes(&place(addr, ty)));
    }
}

fn run(func: &mut Func, ctx: &Context) -> bool {
    let cfg = Cfg::new(func);
    let dom = Dom::new(&cfg);
    let loops = Loops::new(&cfg, &dom);
    let facts = MemoryFacts::new(ctx.effects, func, &cfg);
    let subst = Substitution::new(func);
    let mut forward = Forward { func, program: ctx.program, facts, subst, changed: false };
    let mut out: IndexVec<BlockId, Option<State>> = IndexVec::filled(cfg.preds.len(), None);
    for &id in &cfg.rpo {
        let mut state = forward.joined(&cfg, &loops, &out, id);
        let mut block = std::mem::take(&mut forward.func.blocks[id]);
        forward.block(&mut block, &mut state);
        forward.func.blocks[id] = block;
        out[id] = Some(state);
    }
    let (changed, subst) = (forward.changed, forward.subst);
    subst.apply(func);
    changed
}

struct Forward<'a> {
    func: &'a mut Func,
    program: &'a Program,
    facts: MemoryFacts<'a>,
    subst: Substitution,
    changed: bool,
}

fn place(addr: Addr, ty: Ty) -> Place {
    Place { addr, len: ty.bytes() as u32 }
}

impl Forward<'_> {
    /// What is known at the start of a block.
    fn joined(&self, cfg: &Cfg, loops: &Loops, out: &IndexVec<BlockId, Option<State>>, id: BlockId) -> State {
        let mut done = cfg.preds[id].iter().filter_map(|&p| out[p].as_ref());
        let Some(first) = done.next() else { return State::default() };
        let mut state = first.clone();
        done.for_each(|other| state.meet(other));
        if cfg.preds[id].iter().any(|&p| out[p].is_none()) {
            match loops.innermost[id].filter(|&l| loops.loops[l].header == id) {
                Some(l) => self.forget_written(&mut state, loops, l),
                None => state = State::default(),
            }
        }
        state
    }

    fn forget_written(&self, state: &mut State, loops: &Loops, id: LoopId) {
        let blocks = &loops.loops[id].blocks;
        let insts = blocks.iter().flat_map(|b| &self.func.blocks[b].insts);
        insts.filter_map(|inst| self.facts.written_by(&inst.op)).for_each(|written| state.forget(&written));
    }

    fn block(&mut self, block: &mut Block, state: &mut State) {
        let mut insts = Vec::with_capacity(block.insts.len());
        for mut inst in std::mem::take(&mut block.insts) {
            inst.op.for_each_use_mut(|v| *v = self.subst.resolve(*v));
            match inst.op {
                Op::Load(addr, Access::Plain) if !self.facts.is_shared(&addr) => {
                    let Some(result) = inst.result else { continue };
                    let ty = self.func.ty(result);
                    if let Some(value) = self.known(state, addr, ty, &mut insts, &inst) {
                        self.subst.replace(result, value);
                        self.changed = true;
                        continue;
                    }
                    state.learn((addr, ty), result);
                }
                Op::Store(addr, value, Access::Plain) if !self.facts.is_shared(&addr) => {
                    let ty = self.func.ty(value);
                    if state.get((addr, ty)) == Some(value) {
                        self.changed = true;
                        continue;
                    }
                    self.forget(state, &inst.op);
                    state.learn((addr, ty), value);
                }
                ref op => self.forget(state, op),
            }
            insts.push(inst);
        }
        block.insts = insts;
    }

    fn forget(&self, state: &mut State, op: &Op) {
        if let Some(written) = self.facts.written_by(op) {
            state.forget(&written);
        }
    }

    /// The content of a place: as it is known, or part of a wider known content.
    fn known(
        &mut self,
        state: &State,
        addr: Addr,
        ty: Ty,
        insts: &mut Vec<Inst>,
        load: &Inst,
    ) -> Option<Value> {
        if let Some(value) = state.get((addr, ty)) {
            return Some(value);
        }
        let pitch = self.program.pitch(&addr);
        let wider = |((known, known_ty), _): &&(Key, Value)| {
            let skipped = addr.offset - known.offset;
            known.base == addr.base
                && known.index == addr.index
                && (skipped == 0 || skipped > 0 && pitch == 1)
                && skipped as usize + ty.bytes() <= known_ty.bytes()
        };
        let &((known, known_ty), value) = state.0.iter().find(wider)?;
        if known_ty == ty {
            return Some(value); // the same bytes, of which another part of the object is said
        }
        let mut emit = |op: Op, ty: Ty| {
            let value = self.func.values.push(ty);
            insts.push(Inst { result: Some(value), op, span: load.span });
            value
        };
        let skipped = (addr.offset - known.offset) as u32;
        let mut part = value;
        if skipped > 0 {
            let count = emit(Op::Const(8 * skipped), Ty::I8);
            part = emit(Op::Bin(BinOp::Shr, part, count), known_ty);
        }
        Some(emit(Op::Trunc(part), ty))
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text};
    use crate::opt::{Level, pass_named, run_pass};

    fn forwarded(body: &str) -> String {
        after(&["forward", "fold", "dce"], body)
    }

    fn after(passes: &[&str], body: &str) -> String {
        let text = format!(
            "global @g bss 9\nglobal @h bss 9\nentry @main\nfunc @main() {{\nb0:\n{body}\n return\n}}\n\
             func @uses_g() {{\nb0:\n v0: i8 = const 1\n store [@g], v0\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        for name in passes {
            run_pass(&mut program, pass_named(name).unwrap(), Level::O2);
        }
        print::program(&program)
    }

    #[test]
    fn a_stored_value_is_not_loaded() {
        let text =
            forwarded("v0: i16 = const 515\n store [@g], v0\n v1: i8 = load [@g + 1]\n rt rt_print_u8(v1)");
        assert!(!text.contains("load") && text.contains("const 2"), "{text}");
    }

    /// The part of an object that an access stays in is no part of the content's type.
    #[test]
    fn a_stored_value_is_not_loaded_by_another_part() {
        let body =
            "v0: i16 = const 515\n store [@g], v0\n v1: i16 = load [@g in 0 to 7]\n rt rt_print_u16(v1)";
        let text = after(&["forward"], body);
        assert!(!text.contains("load") && !text.contains("trunc"), "{text}");
    }

    #[test]
    fn a_call_forgets_only_what_it_writes() {
        let text = forwarded(
            "v0: i8 = load [@g]\n v1: i8 = load [@h]\n call @uses_g()\n v2: i8 = load [@g]\n v3: i8 = load [@h]\n\
             rt rt_print_u8(v0)\n rt rt_print_u8(v1)\n rt rt_print_u8(v2)\n rt rt_print_u8(v3)",
        );
        assert_eq!(text.matches("load").count(), 3, "{text}");
    }

    #[test]
    fn mapped_accesses_all_stay() {
        let text = forwarded(
            "v0: i8 = load volatile [$d012]\n v1: i8 = load volatile [$d012]\n store volatile [$d020], v1\n\
             store volatile [$d020], v1",
        );
        assert_eq!(text.matches("volatile").count(), 4, "{text}");
    }
}
