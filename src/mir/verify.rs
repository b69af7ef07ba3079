//! Checks that a program is well formed.
//!
//! In: a program. Out: nothing, or a list of faults, each with its function and block. This is the
//! contract between `lower/`, the passes and `codegen/`; debug builds check it after every pass.
//! Not here: what a program means.

use crate::base::index::IndexVec;
use crate::mir::cfg::Cfg;
use crate::mir::dom::Dom;
use crate::mir::ir::{
    Addr, AsmArg, Base, Block, BlockId, Callee, Func, FuncId, GlobalKind, Init, Inst, Op, Part, Program,
    Target, Term, Ty, Value,
};
use crate::mir::print;
use crate::mir::rewrite::for_each_term_use;

/// Checks a whole program.
pub fn verify(program: &Program) -> Result<(), Vec<String>> {
    let mut faults = Vec::new();
    verify_data(program, &mut faults);
    for func in &program.funcs {
        faults.extend(verify_func(program, func));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn verify_data(program: &Program, faults: &mut Vec<String>) {
    for &id in program.entry.iter().chain(&program.init) {
        match program.funcs.get(id) {
            Some(func) if func.params.is_empty() => {}
            Some(func) => faults.push(format!("@{}: run at the start, but has parameters", func.name)),
            None => faults.push(format!("{id}: run at the start, but does not exist")),
        }
    }
    for global in &program.globals {
        let mut fault = |text: &str| faults.push(format!("@{}: {text}", global.name));
        let mut size = 0;
        for part in &global.init {
            match part {
                Init::Bytes(bytes) => size += bytes.len(),
                Init::Addr(base, _) => {
                    size += 2;
                    let known = match *base {
                        Base::Global(id) => program.globals.get(id).is_some(),
                        Base::Func(id) => program.funcs.get(id).is_some(),
                        _ => false,
                    };
                    if !known {
                        fault("an address in the content is of nothing static");
                    }
                }
            }
        }
        if size > global.size as usize {
            fault("the content is longer than the size");
        }
        let empty = matches!(global.kind, GlobalKind::Bss | GlobalKind::Mapped) || global.external;
        if empty && !global.init.is_empty() {
            fault("has content, but its kind has none");
        }
        if !(1..=256).contains(&global.pitch) {
            fault("is striped with a pitch that is not 1 to 256");
        }
        if global.kind == GlobalKind::Mapped && global.fixed.is_none() {
            fault("is mapped, but has no address");
        }
    }
}

/// Checks one function of a program.
pub fn verify_func(program: &Program, func: &Func) -> Vec<String> {
    if func.is_extern() {
        return Vec::new();
    }
    let mut check = Check { program, func, faults: Vec::new(), block: Func::ENTRY };
    // The order matters: without this the other checks could not index.
    check.ids_in_range();
    if check.faults.is_empty() {
        check.entry();
        check.types();
        check.dominance();
    }
    check.faults
}

struct Check<'a> {
    program: &'a Program,
    func: &'a Func,
    faults: Vec<String>,
    block: BlockId,
}

impl<'a> Check<'a> {
    fn fault(&mut self, text: impl std::fmt::Display) {
        self.faults.push(format!("@{} {}: {text}", self.func.name, self.block));
    }

    fn inst_fault(&mut self, inst: &Inst, text: &str) {
        let shown = print::inst(self.program, self.func, inst);
        self.fault(format!("{text} in `{shown}`"));
    }

    fn blocks(&mut self, mut f: impl FnMut(&mut Self, &'a Block)) {
        for (id, block) in self.func.blocks.enumerated() {
            self.block = id;
            f(self, block);
        }
    }

    fn ids_in_range(&mut self) {
        self.blocks(|check, block| {
            let known = |v: Value| check.func.values.get(v).is_some();
            let mut bad_values = Vec::new();
            let mut see = |v: Value| {
                if !known(v) {
                    bad_values.push(v);
                }
            };
            block.params.iter().copied().for_each(&mut see);
            for inst in &block.insts {
                inst.result.into_iter().for_each(&mut see);
                inst.op.for_each_use(&mut see);
            }
            for_each_term_use(&block.term, &mut see);
            for value in bad_values {
                check.fault(format!("{value} does not exist"));
            }
            for inst in &block.insts {
                if !check.references_exist(&inst.op) {
                    check.inst_fault(inst, "unknown global, slot or function");
                }
            }
            for target in block.term.targets() {
                if check.func.blocks.get(target.block).is_none() {
                    check.fault(format!("target {} does not exist", target.block));
                }
            }
        });
    }

    fn references_exist(&self, op: &Op) -> bool {
        let base = |base: Base| match base {
            Base::Global(id) => self.program.globals.get(id).is_some(),
            Base::Func(id) => self.program.funcs.get(id).is_some(),
            Base::Slot(id) => self.func.slots.get(id).is_some(),
            Base::Abs | Base::Value(_) => true,
        };
        match op {
            Op::Addr(a) | Op::Load(a, _) | Op::Store(a, ..) => base(a.base),
            Op::Fill { dst, .. } => base(dst.base),
            Op::Copy { dst, src, .. } => base(dst.base) && base(src.base),
            Op::Call(Callee::Func(id), _) => self.program.funcs.get(*id).is_some(),
            Op::Asm(block) => block.args.iter().all(|(_, arg)| match arg {
                AsmArg::Addr(b, _) => !matches!(b, Base::Value(_)) && base(*b),
                AsmArg::Const(_) => true,
            }),
            _ => true,
        }
    }

    fn entry(&mut self) {
        self.block = Func::ENTRY;
        let params = self.func.blocks[Func::ENTRY].params.iter().map(|&v| self.func.ty(v));
        if !params.eq(self.func.params.iter().copied()) {
            self.fault("the entry block's parameters are not those of the function");
        }
        self.blocks(|check, block| {
            if block.term.targets().any(|t| t.block == Func::ENTRY) {
                check.fault("jumps to the entry block");
            }
        });
    }

    fn types(&mut self) {
        self.blocks(|check, block| {
            for inst in &block.insts {
                if let Some(text) = check.type_fault(inst) {
                    check.inst_fault(inst, text);
                }
            }
            match &block.term {
                Term::Branch { cond, .. } if check.func.ty(*cond) != Ty::I1 => {
                    check.fault("the condition of the branch is not an i1");
                }
                Term::Return(value) if value.map(|v| check.func.ty(v)) != check.func.ret => {
                    check.fault("returns another type than the function's");
                }
                _ => {}
            }
            for target in block.term.targets() {
                check.arguments(target);
            }
        });
    }

    fn arguments(&mut self, target: &Target) {
        let params = &self.func.blocks[target.block].params;
        let types = |list: &[Value]| list.iter().map(|&v| self.func.ty(v)).collect::<Vec<_>>();
        if types(params) != types(&target.args) {
            self.fault(format!("the arguments do not fit the parameters of {}", target.block));
        }
    }

    /// What is wrong with the types of an operation.
    fn type_fault(&self, inst: &Inst) -> Option<&'static str> {
        let ty = |v: Value| self.func.ty(v);
        let result = inst.result.map(ty);
        let value_of = |t: Ty| result == Some(t);
        let none = result.is_none();
        let ok = |holds: bool, text: &'static str| if holds { None } else { Some(text) };
        match &inst.op {
            Op::Const(n) => ok(result.is_some_and(|t| n & !t.mask() == 0), "number too large"),
            Op::Addr(addr) => self.place(addr, true).or_else(|| ok(value_of(Ty::I16), "wrong result type")),
            Op::Bin(op, a, b) => {
                let fits = value_of(ty(*a)) && (op.is_shift() || ty(*a) == ty(*b));
                ok(fits && (ty(*a) != Ty::I1 || op.works_on_bits()), "wrong operand types")
            }
            Op::Neg(a) | Op::Not(a) => ok(value_of(ty(*a)), "wrong operand type"),
            Op::Cmp(_, a, b) => ok(value_of(Ty::I1) && ty(*a) == ty(*b), "wrong operand types"),
            Op::Zext(a) | Op::Sext(a) => ok(result.is_some_and(|t| t > ty(*a)), "not wider than the operand"),
            Op::Trunc(a) => ok(result.is_some_and(|t| t < ty(*a)), "not narrower than the operand"),
            Op::Select(c, a, b) => {
                ok(ty(*c) == Ty::I1 && ty(*a) == ty(*b) && value_of(ty(*a)), "wrong operand types")
            }
            Op::Load(addr, _) => self
                .place(addr, false)
                .or_else(|| ok(result.is_some_and(|t| t != Ty::I1), "memory does not hold this type")),
            Op::Store(addr, value, _) => self
                .place(addr, false)
                .or_else(|| ok(none && ty(*value) != Ty::I1, "memory does not hold this type")),
            Op::Call(Callee::Func(id), args) => {
                let callee = &self.program.funcs[*id];
                let fits = args.iter().map(|&v| ty(v)).eq(callee.params.iter().copied());
                ok(fits && (none || result == callee.ret), "does not fit the signature")
            }
            Op::Call(Callee::Abs(_), args) => {
                ok(args.iter().all(|&v| ty(v) != Ty::I1), "an i1 in a register")
            }
            Op::Rt(rt, args) => {
                let fits = args.iter().map(|&v| ty(v)).eq(rt.params().iter().copied());
                ok(fits && (none || result == rt.ret()), "does not fit the signature")
            }
            Op::Copy { dst, src, .. } => self
                .place(dst, false)
                .or_else(|| self.place(src, false))
                .or_else(|| ok(none, "has no result")),
            Op::Fill { dst, value, .. } => self
                .place(dst, false)
                .or_else(|| ok(none && ty(*value) == Ty::I8, "fills with another type than i8")),
            Op::Asm(_) | Op::Sei | Op::Cli | Op::Nop(_) => ok(none, "has no result"),
        }
    }

    fn place(&self, addr: &Addr, value: bool) -> Option<&'static str> {
        let index = addr.index.map(|v| self.func.ty(v));
        match addr.base {
            Base::Func(_) if !value => Some("accesses code"),
            Base::Value(v) if self.func.ty(v) != Ty::I16 => Some("the pointer is not an i16"),
            _ if !matches!(index, None | Some(Ty::I8 | Ty::I16)) => Some("wrong index type"),
            Base::Global(_) if self.program.pitch(addr) != 1 && (value || index == Some(Ty::I16)) => {
                Some("a striped global has no address and few elements")
            }
            _ if !addr.within.is_none_or(|part| self.is_part(addr.base, part)) => {
                Some("there is no such part of a global")
            }
            _ => None,
        }
    }

    /// True when a global that does not lie striped, or what a pointer leads to, has such bytes.
    fn is_part(&self, base: Base, part: Part) -> bool {
        let has_room = match base {
            Base::Global(id) => self.program.globals[id].holds(part),
            Base::Value(_) => true,
            _ => false,
        };
        has_room && part.first <= part.last
    }

    /// Each value is defined once, and its definition comes before each use on every way.
    fn dominance(&mut self) {
        let cfg = Cfg::new(self.func);
        let dom = Dom::new(&cfg);
        // Block and position of each definition; parameters come before position 0.
        let mut defined: IndexVec<Value, Option<(BlockId, usize)>> =
            IndexVec::filled(self.func.values.len(), None);
        self.blocks(|check, block| {
            let results = block.insts.iter().enumerate().filter_map(|(i, inst)| Some((i + 1, inst.result?)));
            for (position, value) in block.params.iter().map(|&v| (0, v)).chain(results) {
                if defined[value].replace((check.block, position)).is_some() {
                    check.fault(format!("{value} is defined twice"));
                }
            }
        });
        self.blocks(|check, block| {
            if !cfg.is_reachable(check.block) {
                return;
            }
            let mut late = Vec::new();
            let here = check.block;
            let mut see = |position: usize, v: Value| match defined[v] {
                Some((b, p)) if b == here && p < position => {}
                Some((b, _)) if b != here && dom.dominates(b, here) => {}
                _ => late.push(v),
            };
            for (i, inst) in block.insts.iter().enumerate() {
                inst.op.for_each_use(|v| see(i + 1, v));
            }
            for_each_term_use(&block.term, |v| see(usize::MAX, v));
            for value in late {
                check.fault(format!("{value} is used where it is not defined"));
            }
        });
    }
}

/// Checks the function with this id after a change, for assertions. Panics with the faults.
pub fn assert_valid(program: &Program, id: FuncId, after: &str) {
    let faults = verify_func(program, &program.funcs[id]);
    assert!(
        faults.is_empty(),
        "invalid after {after}:\n{}\n{}",
        faults.join("\n"),
        print::func(program, &program.funcs[id])
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::text;

    /// The faults of a program whose function `@f` takes an i8 and has this body.
    fn faults(body: &str) -> String {
        let text = format!(
            "global @g bss 4\nfunc @h(i8) -> i8 {{\nb0(v0: i8):\n return v0\n}}\n\
             func @f(i8) {{\n{body}\n}}"
        );
        verify(&text::parse(&text).unwrap()).err().unwrap_or_default().join("\n")
    }

    #[test]
    fn a_good_function_has_no_faults() {
        let text = "b0(v0: i8):\n v1: i8 = call @h(v0)\n v2: i16 = zext v1\n store [@g + v1], v2\n jump b1(v1)\n\
                    b1(v3: i8):\n v4: i1 = cmp eq v0, v3\n branch v4, b1(v0), b2\nb2:\n return";
        assert_eq!(faults(text), "");
    }

    #[test]
    fn each_rule_has_its_fault() {
        for (body, fault) in [
            ("b0(v0: i8):\n v1: i16 = add v0, v0\n return", "wrong operand types"),
            ("b0(v0: i8):\n v1: i8 = zext v0\n return", "not wider"),
            ("b0(v0: i8):\n v1: i8 = trunc v0\n return", "not narrower"),
            ("b0(v0: i8):\n v1: i16 = call @h(v0)\n return", "signature"),
            ("b0(v0: i8):\n rt rt_fabs(v0)\n return", "signature"),
            ("b0(v0: i8):\n v1: i8 = load [v0]\n return", "pointer"),
            ("b0(v0: i8):\n v1: i8 = load [@g + v0 in 2 to 4]\n return", "no such part"),
            ("b0(v0: i8):\n v1: i8 = load [fn @h]\n return", "accesses code"),
            ("b0(v0: i8):\n v1: i1 = load [@g]\n return", "memory does not hold"),
            ("b0(v0: i8):\n branch v0, b1, b1\nb1:\n return", "not an i1"),
            ("b0(v0: i8):\n return v0", "another type"),
            ("b0(v0: i8):\n jump b1\nb1(v1: i8):\n return", "arguments"),
            ("b0(v0: i8):\n jump b0(v0)", "jumps to the entry"),
            ("b0:\n return", "entry block's parameters"),
            ("b0(v0: i8):\n v1: i8 = neg v2\n v2: i8 = neg v1\n return", "not defined"),
            (
                "b0(v0: i8):\n v1: i1 = cmp eq v0, v0\n branch v1, b1, b2\nb1:\n v2: i8 = neg v0\n jump b2\nb2:\n \
                 store [@g], v2\n return",
                "v2 is used where it is not defined",
            ),
        ] {
            let found = faults(body);
            assert!(found.contains(fault) && !found.contains('\n'), "{body}\ngave: {found}");
        }
    }

    #[test]
    fn ids_out_of_range_are_faults_not_panics() {
        let mut program = text::parse("func @f() {\nb0:\n jump b1\nb1:\n return\n}").unwrap();
        let func = program.funcs.iter_mut().next().unwrap();
        func.blocks[Func::ENTRY].term = Term::Branch {
            cond: Value(5),
            then: Target { block: BlockId(9), args: vec![] },
            other: Target { block: BlockId(1), args: vec![] },
        };
        let faults = verify(&program).unwrap_err().join("\n");
        assert_eq!(faults, "@f b0: v5 does not exist\n@f b0: target b9 does not exist");
    }
}
