//! Joins the programs of several modules to one.
//!
//! In: one program for each module, those that others import first. Out: one program in which a
//! function or global that another part defines is no longer external, and constants without a name
//! that have the same content are one. Invariant: the parts keep their order, so that the same
//! modules give the same program however each of them was had. Not here: making the parts
//! (`lower/`, `obj/mirblob.rs`), and what holds only in whole programs (`lower/irq.rs`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::mir::ir::{Base, Callee, Func, FuncId, Global, GlobalId, GlobalKind, Init, Op, Program};
use crate::mir::rewrite::for_each_base_mut;

/// Why parts are not one program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Clash {
    /// Two parts define it.
    Twice(Arc<str>),
    /// One part uses it otherwise than another defines it.
    Differs(Arc<str>),
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clash::Twice(name) => write!(f, "'{name}' is defined twice"),
            Clash::Differs(name) => write!(f, "'{name}' is not used as it is defined"),
        }
    }
}

/// Joins the parts.
pub fn merge(parts: Vec<Program>) -> Result<Program, Clash> {
    let mut joiner = Joiner::default();
    for part in parts {
        joiner.add(part)?;
    }
    let mut program = joiner.program;
    if program.entry.is_some() {
        program.funcs.iter_mut().for_each(|f| f.exported = false);
        program.globals.iter_mut().for_each(|g| g.exported = false);
    }
    Ok(program)
}

#[derive(Default)]
struct Joiner {
    program: Program,
    funcs: BTreeMap<Arc<str>, FuncId>,
    globals: BTreeMap<Arc<str>, GlobalId>,
    /// Constants without a name, by content.
    constants: BTreeMap<Vec<u8>, GlobalId>,
}

impl Joiner {
    fn add(&mut self, part: Program) -> Result<(), Clash> {
        // Ids of the part to ids of the whole.
        let mut globals = Vec::new();
        for global in part.globals.iter() {
            globals.push(self.global(global)?);
        }
        let mut funcs = Vec::new();
        for func in part.funcs.iter() {
            funcs.push(self.func(func)?);
        }
        let base = |base: &mut Base| match base {
            Base::Global(id) => *id = globals[id.0 as usize],
            Base::Func(id) => *id = funcs[id.0 as usize],
            Base::Abs | Base::Slot(_) | Base::Value(_) => {}
        };
        for (id, mut func) in part.funcs.into_enumerated().filter(|(_, func)| !func.is_extern()) {
            for_each_base_mut(&mut func, base);
            for inst in func.blocks.iter_mut().flat_map(|b| &mut b.insts) {
                if let Op::Call(Callee::Func(callee), _) = &mut inst.op {
                    *callee = funcs[callee.0 as usize];
                }
            }
            let place = &mut self.program.funcs[funcs[id.0 as usize]];
            func.noinline |= place.noinline;
            *place = func;
        }
        for (id, global) in part.globals.into_enumerated() {
            let addresses = global.init.iter().any(|init| matches!(init, Init::Addr(..)));
            if addresses {
                let mut init = global.init;
                for part in &mut init {
                    if let Init::Addr(of, _) = part {
                        base(of);
                    }
                }
                self.program.globals[globals[id.0 as usize]].init = init;
            }
        }
        self.program.init.extend(part.init.iter().map(|id| funcs[id.0 as usize]));
        if let Some(entry) = part.entry {
            self.program.entry = Some(funcs[entry.0 as usize]);
            self.program.env = part.env;
        }
        Ok(())
    }

    /// The place of a function; its body comes later.
    fn func(&mut self, func: &Func) -> Result<FuncId, Clash> {
        let Some(&id) = self.funcs.get(&func.name) else {
            let mut head = Func::new(func.name.clone(), func.params.clone(), func.ret);
            (head.kind, head.noinline) = (func.kind, func.noinline);
            let id = self.program.funcs.push(head);
            self.funcs.insert(func.name.clone(), id);
            return Ok(id);
        };
        let known = &mut self.program.funcs[id];
        if !func.is_extern() && !known.is_extern() {
            return Err(Clash::Twice(func.name.clone()));
        }
        if (&known.params, known.ret, known.kind) != (&func.params, func.ret, func.kind) {
            return Err(Clash::Differs(func.name.clone()));
        }
        known.noinline |= func.noinline;
        Ok(id)
    }

    fn global(&mut self, global: &Global) -> Result<GlobalId, Clash> {
        if let Some(content) = shared_content(global) {
            if let Some(&id) = self.constants.get(content) {
                return Ok(id);
            }
            let id = self.program.globals.push(global.clone());
            self.constants.insert(content.to_vec(), id);
            return Ok(id);
        }
        let Some(&id) = self.globals.get(&global.name) else {
            let id = self.program.globals.push(global.clone());
            self.globals.insert(global.name.clone(), id);
            return Ok(id);
        };
        let known = &mut self.program.globals[id];
        if known.kind != global.kind || known.size != global.size {
            return Err(Clash::Differs(global.name.clone()));
        }
        match (known.external, global.external) {
            (true, false) => *known = global.clone(),
            // An area that several modules map.
            (false, false) if known != global => return Err(Clash::Twice(global.name.clone())),
            _ => {}
        }
        Ok(id)
    }
}

/// The content of a constant that any other of the same content can stand for: one that no source
/// gives a name.
fn shared_content(global: &Global) -> Option<&[u8]> {
    let has_name = !global.name.rsplit('.').next().is_some_and(|last| last.starts_with('$'));
    let placed = global.fixed.is_some() || global.highest.is_some() || global.keep;
    match &global.init[..] {
        [Init::Bytes(bytes)]
            if global.kind == GlobalKind::Const
                && !(has_name || placed || global.external || global.exported || global.escapes)
                && bytes.len() == global.size as usize =>
        {
            Some(bytes)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::{print, text, verify};

    fn merged(parts: &[&str]) -> Result<String, Clash> {
        let parts = parts.iter().map(|part| text::parse(part).unwrap()).collect();
        let program = merge(parts)?;
        assert_eq!(verify::verify(&program), Ok(()));
        Ok(print::program(&program))
    }

    const TOOLS: &str = "global @\"tools.$str0\" const 2 = bytes \"0141\"\nglobal @tools.row const 1 exported = bytes \"07\"\n\
        init @tools.setup\n\
        func @tools.twice(i8) -> i8 exported {\nb0(v0: i8):\n v1: i8 = load [@tools.row]\n return v1\n}\n\
        func @tools.setup() {\nb0:\n return\n}\n";
    const MAIN: &str = "global @\"$str0\" const 2 = bytes \"0141\"\nglobal @tools.row const 1 external\nentry @main\n\
        extern func @tools.twice(i8) -> i8 noinline\n\
        func @main() {\nb0:\n v0: i8 = load [@\"$str0\"]\n v1: i8 = call @tools.twice(v0)\n \
        store [@tools.row], v1\n return\n}\n";

    #[test]
    fn what_another_part_defines_is_no_longer_external() {
        let text = merged(&[TOOLS, MAIN]).unwrap();
        assert!(!text.contains("extern") && !text.contains("exported"), "{text}");
        assert!(text.contains("func @tools.twice(i8) -> i8 noinline {"), "{text}");
        assert!(text.contains("entry @main") && text.contains("init @tools.setup"), "{text}");
        let other_way = merged(&[MAIN, TOOLS]).unwrap();
        assert!(!other_way.contains("extern"), "{other_way}");
    }

    #[test]
    fn equal_constants_without_a_name_are_one() {
        let text = merged(&[TOOLS, MAIN]).unwrap();
        assert_eq!(text.matches("bytes \"0141\"").count(), 1, "{text}");
        assert!(text.contains("v0: i8 = load [@\"tools.$str0\"]"), "{text}");
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let twice = "func @tools.twice(i8) -> i8 {\nb0(v0: i8):\n return v0\n}\n";
        assert_eq!(merged(&[TOOLS, twice]), Err(Clash::Twice("tools.twice".into())));
        let other = "extern func @tools.twice(i16) -> i8\n";
        assert_eq!(merged(&[TOOLS, other]), Err(Clash::Differs("tools.twice".into())));
        let larger = "global @tools.row const 2 external\n";
        assert_eq!(merged(&[TOOLS, larger]), Err(Clash::Differs("tools.row".into())));
    }
}
