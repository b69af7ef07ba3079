//! Addresses in finished code.
//!
//! A file of finished code can only name addresses inside a chunk, and of another module only the
//! start of one. Invariant: a constant address that the selection uses is such an address; all
//! others are computed at run time from the start of what they belong to.

use crate::codegen::lir::{Reg, Src, Sym, SymAddr};
use crate::codegen::select::Select;
use crate::codegen::select::memory::PointerKey;
use crate::mir::ir::Base;

impl Select<'_> {
    /// True when the address can be a constant.
    pub(super) fn is_near(&self, at: SymAddr) -> bool {
        let size = match at.sym {
            _ if !self.options.module => return true,
            Sym::Abs => return true,
            Sym::Global(g) if self.program.globals[g].external => 1,
            Sym::Global(g) => self.program.globals[g].size,
            Sym::Slot(s) => self.func.slots[s].size,
            Sym::Func(_) => 1,
        };
        u32::try_from(at.offset).is_ok_and(|offset| offset < size.max(1))
    }

    /// True when the bytes behind the address can be named as well.
    pub(super) fn is_direct(&self, at: SymAddr) -> bool {
        !self.options.module || !matches!(at.sym, Sym::Global(g) if self.program.globals[g].external)
    }

    fn start(&self, base: Base) -> SymAddr {
        let sym = match base {
            Base::Global(g) => Sym::Global(g),
            Base::Slot(s) => Sym::Slot(s),
            Base::Func(f) => Sym::Func(f),
            Base::Abs | Base::Value(_) => Sym::Abs,
        };
        SymAddr { sym, offset: 0 }
    }

    /// The two bytes of the address where a base begins.
    pub(super) fn start_bytes(&self, base: Base) -> Vec<Src> {
        let at = self.start(base);
        vec![Src::Lo(at), Src::Hi(at)]
    }

    /// A pointer to where a base begins.
    pub(super) fn start_pointer(&mut self, base: Base) -> Reg {
        let bytes = self.start_bytes(base);
        self.cached_pointer(PointerKey::Start(self.start(base)), |s| s.as_reg(&bytes))
    }
}
