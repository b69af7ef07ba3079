//! Finished code: what is different when a module is compiled for a `.LIB`.
//!
//! In: a module's functions, compiled without knowing the program that will use them. Out: code
//! that follows the convention in `docs/abi.md`, "Finished code". Invariants: the zero page of
//! modules holds nothing across a call of a function; an address is only used as a word, and never
//! lies outside of what its symbol names. The restrictions on addresses are kept by
//! `select/module.rs`, the places of cells by `frame.rs`, saved pointers by `emit/call.rs`.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::codegen::convention::{self, FINISHED_ZERO_PAGE_BYTES, ParamLoc};
use crate::codegen::inline_asm::InlineAsm;
use crate::codegen::mach::Label;
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{Func, FuncKind, GlobalKind, Program};
use crate::mos::inst::Mode;
use crate::mos::item::{Item, Operand, Part, Symbol};
use crate::obj::rt_abi::{Loc, RT_A};
use crate::obj::zpset::ZpSet;

/// The zero page that finished code may change besides that of the run time. A program that uses
/// finished code keeps out of it.
pub const ZERO_PAGE: ZpSet = ZpSet::range(0x14..=0x2B);

/// The module zero page without what its assembly names.
pub fn free_zero_page(named: ZpSet) -> ZpSet {
    ZERO_PAGE.iter().filter(|at| !named.contains(*at)).collect()
}

/// True when the program calls functions of `.LIB` files.
pub fn calls_finished(program: &Program) -> bool {
    program.funcs.iter().any(Func::is_extern)
}

/// Reports what finished code cannot be or do.
pub fn check(program: &Program, graph: &CallGraph, module: bool, sink: &mut Sink) {
    if module {
        program.funcs.iter().filter(|f| !f.is_extern()).for_each(|f| check_function(f, sink));
        for global in program.globals.iter().filter(|g| g.keep && g.kind != GlobalKind::Mapped) {
            let text = format!("'{}' has a fixed address, which a .LIB cannot give it", global.name);
            sink.push(Diagnostic::global(codes::NOT_IN_LIB, text).help(KEEP_SOURCE));
        }
        return;
    }
    let reached = graph.reached_from_handlers();
    for id in program.funcs.ids().filter(|id| program.funcs[*id].is_extern() && reached.contains(*id)) {
        let text = format!("interrupt code calls '{}', which is finished code", program.funcs[id].name);
        sink.push(
            Diagnostic::global(codes::NOT_IN_LIB, text)
                .help("finished code shares its memory with the main program; use the module's source"),
        );
    }
}

const KEEP_SOURCE: &str = "use the module as source, with '--prefer-source' if there is a .LIB too";

fn check_function(func: &Func, sink: &mut Sink) {
    let mut report = |text: String, help: &str| {
        sink.push(
            match func.span {
                Some(span) => Diagnostic::error(codes::NOT_IN_LIB, span, text),
                None => Diagnostic::global(codes::NOT_IN_LIB, text),
            }
            .help(help),
        );
    };
    if matches!(func.kind, FuncKind::Irq | FuncKind::IrqRaw | FuncKind::IrqHook) {
        report(format!("The interrupt handler '{}' cannot be in a .LIB", func.name), KEEP_SOURCE);
    }
    if func.relocate.is_some() {
        report(format!("'{}' has a fixed address, which a .LIB cannot give it", func.name), KEEP_SOURCE);
    }
    let places = convention::finished_params(&func.params).concat();
    let in_zero_page = |p: &&ParamLoc| matches!(p, ParamLoc::Cell(_) | ParamLoc::Loc(Loc::Zp(_)));
    let bytes = places.iter().filter(in_zero_page).count();
    if bytes > FINISHED_ZERO_PAGE_BYTES && func.kind == FuncKind::Normal {
        let text = format!(
            "The arguments of '{}' take {bytes} bytes beside the registers; a function in a .LIB has room for \
             {FINISHED_ZERO_PAGE_BYTES}",
            func.name
        );
        report(text, "pass an alias of an object that holds them");
    }
    debug_assert!(RT_A as usize + FINISHED_ZERO_PAGE_BYTES == usize::from(0x14u8));
}

/// Reports variables that assembly uses as pointers: they have no zero page of their own.
pub fn check_assembly(asm: &InlineAsm, sink: &mut Sink) {
    for name in &asm.must_be_zero_page {
        let text = format!("Assembly uses '{name}' as a pointer, which a .LIB has no zero page for");
        sink.push(
            Diagnostic::global(codes::NOT_IN_LIB, text)
                .help("copy it to a fixed zero-page address, such as $FB, inside the assembly"),
        );
    }
}

/// Replaces immediate halves of addresses, `lda #<table`, by loads from words that follow the code,
/// since only words can be relocated in version 1. What is in `fixed` has to stay as it is. `next` is
/// the first unused label.
pub fn constant_words(items: &mut Vec<Item>, fixed: &[Range<usize>], mut next: Label) {
    let mut words: BTreeMap<(Symbol, i32), Label> = BTreeMap::new();
    let movable = |(at, _): &(usize, &mut Item)| !fixed.iter().any(|range| range.contains(at));
    for (_, item) in items.iter_mut().enumerate().filter(movable) {
        let Item::Inst(inst) = item else { continue };
        let (Mode::Immediate, Some(operand)) = (inst.mode, &inst.operand) else { continue };
        let (Some(symbol), half @ (Part::Lo | Part::Hi)) = (&operand.symbol, operand.part) else { continue };
        let label = *words.entry((symbol.clone(), operand.addend)).or_insert_with(|| {
            next += 1;
            next - 1
        });
        inst.mode = Mode::Absolute;
        inst.operand = Some(Operand::local(label).plus(i32::from(half == Part::Hi)));
    }
    let mut words: Vec<(Label, (Symbol, i32))> =
        words.into_iter().map(|(word, label)| (label, word)).collect();
    words.sort();
    for (label, (symbol, addend)) in words {
        items.push(Item::Label(label));
        let operand = match symbol {
            Symbol::Local(local) => Operand::local(local),
            Symbol::Global(name) => Operand::global(name),
        };
        items.push(Item::DataRef(operand.plus(addend)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mos::inst::Mnemonic::Lda;

    #[test]
    fn halves_of_an_address_become_loads_from_one_word() {
        let half = |part: fn(Operand) -> Operand| {
            Item::inst(Lda, Mode::Immediate, part(Operand::global("table").plus(2)))
        };
        let immediate = Item::inst(Lda, Mode::Immediate, Operand::number(1));
        let mut items = vec![half(Operand::lo), half(Operand::hi), immediate, half(Operand::lo)];
        constant_words(&mut items, std::slice::from_ref(&(3..4)), 7);
        let load = |plus| Item::inst(Lda, Mode::Absolute, Operand::local(7).plus(plus));
        assert_eq!(items[..2], [load(0), load(1)]);
        assert_eq!(items[3], half(Operand::lo), "it has to stay");
        assert_eq!(items[4..], [Item::Label(7), Item::DataRef(Operand::global("table").plus(2))]);
    }
}
