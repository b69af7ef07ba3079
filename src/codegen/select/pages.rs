//! Elements of large arrays by page and byte: `(pointer),y` with the low byte of the index in Y.
//!
//! A pointer whose low byte is that of the array's address, for good, and whose high byte is the
//! page of the element: one sum of bytes without carry leads to an element, and Y may serve several
//! arrays. In: an access with a 16-bit index in a loop. Out: the pointer, whose low byte is written
//! where the function begins. Invariant: while an access may still use a pointer, no other access
//! gets its register; index and bytes of the value stay within Y.
//! Not here: elements of which several bytes apart are wanted, which share a computed pointer.

use std::collections::{BTreeMap, BTreeSet};

use crate::codegen::lir::{Dst, LInst, Mem, MemBase, Op as LOp, Reg, Src, SymAddr, Vb};
use crate::codegen::select::memory::PointerKey;
use crate::codegen::select::multiples::Multiples;
use crate::codegen::select::{Select, SelectOptions};
use crate::mir::ir::{Addr, Base, BlockId, Func, Op, Ty, Value};

/// So many pointers with the same low byte, before the one that was used longest ago serves again.
const KEPT: usize = 3;
/// A block that runs so often in a call is worth preparing pointers for.
const OFTEN: f64 = 8.0;

/// The pointers by page and byte of one function.
#[derive(Default)]
pub(super) struct Pages {
    /// Bases and indices of which one element is wanted wherever they occur.
    single: BTreeSet<(Base, Value)>,
    /// The pointers whose low byte is written, by that byte.
    ready: BTreeMap<Src, Vec<Reg>>,
    /// Those that the operation being selected uses.
    busy: Vec<Reg>,
}

impl Pages {
    /// Looks at all accesses of a function. Where it calls itself a pointer would have to be saved.
    pub(super) fn new(func: &Func, even: &Multiples<'_>, options: &SelectOptions) -> Self {
        let mut offsets: BTreeMap<(Base, Value), Option<i32>> = BTreeMap::new();
        let mut see = |addr: &Addr, bytes: Option<usize>| {
            let Some(index) = addr.index.filter(|v| func.ty(*v) == Ty::I16) else { return };
            let fits = bytes.is_some_and(|n| n.is_power_of_two() && even.holds(index, n as u32));
            let offset = offsets.entry((addr.base, index)).or_insert(Some(addr.offset));
            if *offset != Some(addr.offset) || !fits {
                *offset = None;
            }
        };
        if options.fold && !options.module && !options.recursive {
            for inst in func.blocks.iter().flat_map(|b| &b.insts) {
                match &inst.op {
                    Op::Load(addr, _) => see(addr, inst.result.map(|v| func.ty(v).bytes())),
                    Op::Store(addr, value, _) => see(addr, Some(func.ty(*value).bytes())),
                    Op::Addr(addr) => see(addr, None),
                    Op::Copy { dst, src, .. } => [dst, src].into_iter().for_each(|a| see(a, None)),
                    Op::Fill { dst, .. } => see(dst, None),
                    _ => {}
                }
            }
        }
        let single = offsets.into_iter().filter_map(|(key, offset)| offset.map(|_| key)).collect();
        Self { single, ready: BTreeMap::new(), busy: Vec::new() }
    }

    /// A new operation is selected.
    pub(super) fn next(&mut self) {
        self.busy.clear();
    }
}

impl Select<'_> {
    /// The element `at + wide`, when that is best reached by page and byte.
    pub(super) fn page_mem(&mut self, addr: &Addr, at: SymAddr, wide: &[Src], volatile: bool) -> Option<Mem> {
        let index = addr.index?;
        let often = self.out.blocks[self.lblocks[self.block]].weight >= OFTEN;
        if !often || self.options.short_pointers || !self.pages.single.contains(&(addr.base, index)) {
            return None;
        }
        let low = match wide[0] {
            Src::V(v) => v,
            other => Vb::new(self.as_reg(&[other]), 0),
        };
        let key = PointerKey::Page(at, index);
        let pointer = match self.pointers.iter().position(|(k, _)| *k == key) {
            Some(at) => {
                // The last is the one used last.
                self.pointers[at..].rotate_left(1);
                self.pointers[self.pointers.len() - 1].1
            }
            None => {
                let pointer = self.ready_pointer(at);
                let page = self.address_bytes(at)[1];
                let d = vec![Dst::V(Vb::new(pointer, 1))];
                self.emit(LOp::Add { sub: false, carry: false, d, a: vec![wide[1]], b: vec![page] });
                self.pointers.push((key, pointer));
                pointer
            }
        };
        self.pages.busy.push(pointer);
        Some(Mem { base: MemBase::Ptr(pointer), index: Some(low), offset: 0, pitch: 1, volatile })
    }

    /// A pointer with the low byte of `at` that no access uses.
    fn ready_pointer(&mut self, at: SymAddr) -> Reg {
        let low = self.address_bytes(at)[0];
        let known = self.pages.ready.get(&low).map_or(&[][..], |known| known);
        let in_use = |reg: &Reg| self.pointers.iter().position(|(_, used)| used == reg);
        if let Some(free) = known.iter().find(|reg| in_use(reg).is_none()) {
            return *free;
        }
        let idle = known.iter().filter(|reg| !self.pages.busy.contains(reg));
        if let Some(oldest) = idle.filter_map(in_use).min().filter(|_| known.len() >= KEPT) {
            return self.pointers.remove(oldest).1;
        }
        let pointer = self.new_reg(2);
        self.out.regs[pointer].pointer = true;
        let d = Dst::V(Vb::new(pointer, 0));
        let entry = self.lblocks[Func::ENTRY];
        self.out.blocks[entry].insts.push(LInst { op: LOp::Move { d, s: low }, span: None });
        self.pages.ready.entry(low).or_default().push(pointer);
        pointer
    }

    /// The pointers that are known where a block begins: those of its only predecessor.
    pub(super) fn inherit_pointers(
        &mut self,
        block: BlockId,
        exits: &BTreeMap<BlockId, Vec<(PointerKey, Reg)>>,
    ) {
        let mut before = self.preds[block].iter();
        self.pointers = match (before.next(), before.next()) {
            (Some(only), None) => exits.get(only).cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
    }
}
