//! What the generated code has to pay for: remarks for those who want faster code.
//!
//! In: the program and the code made of it. Out: diagnostics at source lines. Invariant: both are
//! only read, so that remarks cannot change the code. Not here: what the optimiser left as it was
//! (`opt/remarks.rs`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::codegen::Generated;
use crate::codegen::lir::{Op, RtCall};
use crate::codegen::prepare::STACK_POINTER;
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{self, Base, Func, Program};

/// Remarks about frames, zero page and run-time arithmetic.
pub fn collect(program: &Program, generated: &Generated, remarks: &mut Sink) {
    let graph = CallGraph::new(program);
    for id in graph.recursive.iter().filter(|id| !program.funcs[*id].is_extern()) {
        saved_on_stack(program, &program.funcs[id], remarks);
    }
    for (id, bytes) in &generated.outside_zero_page {
        outside_zero_page(&program.funcs[*id], *bytes, remarks);
    }
    for func in &generated.low_level {
        for inst in func.blocks.iter().flat_map(|b| &b.insts) {
            if let (Op::Rt { routine: RtCall::Arith(name), .. }, Some(span)) = (&inst.op, inst.span) {
                let (what, help) = operation(name);
                let text = format!("This {what} calls the run-time routine '{name}'");
                remarks.push(Diagnostic::remark(codes::ROUTINE_CALLED, span, text).help(help));
            }
        }
    }
}

/// What a routine computes, and how to do without it.
fn operation(routine: &str) -> (&'static str, &'static str) {
    if routine.contains("mul") {
        ("multiplication", "multiply by a constant, use narrower operands, or add up in the loop")
    } else if routine.contains("square") {
        ("square", "use a narrower operand")
    } else if routine.contains("div") {
        ("division", "divide by a power of two, or use narrower operands")
    } else {
        ("shift", "shift by a constant, or read a tuple of the shifted values")
    }
}

/// The function can be entered again before it returns.
fn saved_on_stack(program: &Program, func: &Func, remarks: &mut Sink) {
    let Some(span) = func.span else { return };
    let text = format!("'{}' saves its variables on the stack at every call", func.name);
    let mut remark = Diagnostic::remark(codes::SAVED_ON_STACK, span, text)
        .label("it can be entered again before it returns")
        .help("a loop with an array of its own is faster than recursion");
    if moved_to_stack(program, func) {
        remark = remark.note("Its arrays and objects lie on a software stack and are reached by pointers.");
    }
    remarks.push(remark);
}

/// True when the arrays of a function have become room on the software stack.
fn moved_to_stack(program: &Program, func: &Func) -> bool {
    let Some(pointer) = program.global_named(STACK_POINTER) else { return false };
    let mut insts = func.blocks.iter().flat_map(|b| &b.insts);
    insts.any(|inst| matches!(&inst.op, ir::Op::Load(addr, _) if addr.base == Base::Global(pointer)))
}

/// Some variables are reached by absolute addresses.
fn outside_zero_page(func: &Func, bytes: usize, remarks: &mut Sink) {
    let Some(span) = func.span else { return };
    let text = format!("Zero page had no room for {bytes} bytes of the variables of '{}'", func.name);
    let remark = Diagnostic::remark(codes::OUTSIDE_ZERO_PAGE, span, text);
    remarks.push(remark.label("what is used least lies elsewhere").help(
        "use narrower types, fewer variables at the same time, or no KERNAL, which keeps most of zero page",
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::{FileId, Span};

    #[test]
    fn variables_outside_zero_page_are_counted_by_function() {
        let mut func = Func::new("draw", Vec::new(), None);
        func.span = Some(Span::new(FileId(0), 1, 2));
        let mut program = Program::default();
        let id = program.funcs.push(func);
        let generated = Generated { outside_zero_page: vec![(id, 6)], ..Generated::default() };
        let mut remarks = Sink::default();
        collect(&program, &generated, &mut remarks);
        let told: Vec<_> = remarks.iter().map(|r| (r.code, r.message.as_str())).collect();
        let text = "Zero page had no room for 6 bytes of the variables of 'draw'";
        assert_eq!(told, [(codes::OUTSIDE_ZERO_PAGE, text)]);
    }
}
