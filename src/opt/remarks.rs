//! What the optimiser left as it was, and why: remarks for those who want faster code.
//!
//! In: the program after the last pass. Out: diagnostics at source lines. Invariant: the program is
//! only read, so that remarks cannot change the code; why a call stayed is decided by the same
//! functions that the inliner asks. Not here: what the code generator does (`codegen/remarks.rs`).

use crate::base::codes;
use crate::base::diag::{Diagnostic, Sink};
use crate::mir::callgraph::CallGraph;
use crate::mir::ir::{Addr, Base, BinOp, Callee, Func, Inst, Op, Program, Term, Ty, Value};
use crate::mir::loops::{Loop, Loops};
use crate::opt::Level;
use crate::opt::inline::{Obstacle, allowance, obstacle, price};

/// What an 8-bit index reaches.
const PAGE: u32 = 256;

/// Remarks about loops, accesses and calls.
pub fn collect(program: &Program, level: Level, remarks: &mut Sink) {
    let graph = CallGraph::new(program);
    for func in program.funcs.iter().filter(|func| !func.is_extern()) {
        let loops = Loops::of(func);
        for one in loops.loops.iter() {
            wide_counter(func, one, remarks);
        }
        for (id, block) in func.blocks.enumerated() {
            let depth = loops.depth(id);
            for inst in &block.insts {
                match &inst.op {
                    Op::Load(addr, _) | Op::Store(addr, ..) if depth > 0 => {
                        wide_index(program, func, inst, addr, remarks);
                    }
                    // At -O0 nothing is copied, which is no news.
                    Op::Call(Callee::Func(_), _) if level != Level::O0 => {
                        not_inlined(program, &graph, inst, depth, level, remarks);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The loop's end is found by comparing more than one byte.
fn wide_counter(func: &Func, one: &Loop, remarks: &mut Sink) {
    let definition = |value: Value| {
        let insts = one.blocks.iter().flat_map(|b| &func.blocks[b].insts);
        insts.into_iter().find(|inst| inst.result == Some(value)).map(|inst| &inst.op)
    };
    let counter = |value: Value| {
        let params = &func.blocks[one.header].params;
        params.contains(&value)
            || matches!(definition(value), Some(Op::Bin(BinOp::Add, a, b)) if params.contains(a) || params.contains(b))
    };
    for block in one.blocks.iter() {
        let Term::Branch { cond, then, other } = &func.blocks[block].term else { continue };
        if one.blocks.contains(then.block) && one.blocks.contains(other.block) {
            continue;
        }
        let test = func.blocks[block].insts.iter().find(|inst| inst.result == Some(*cond));
        let Some(Inst { op: Op::Cmp(_, a, b), span, .. }) = test else { continue };
        let end = match (counter(*a), counter(*b)) {
            (true, false) => *b,
            (false, true) => *a,
            _ => continue,
        };
        let Some(span) = span.or(func.blocks[block].term_span) else { continue };
        let bits = func.ty(*a).bits();
        if bits <= Ty::I8.bits() {
            continue;
        }
        let why = match constant(func, end) {
            Some(end) => format!("it counts to {end}"),
            None => "its end is not known to be at most 256".to_string(),
        };
        let text = format!("This loop counts in {bits} bits: {why}");
        let help = "count in a byte, in two nested loops if there are more than 256 rounds";
        remarks.push(Diagnostic::remark(codes::WIDE_COUNTER, span, text).label(why).help(help));
    }
}

fn constant(func: &Func, value: Value) -> Option<u32> {
    let mut insts = func.blocks.iter().flat_map(|b| &b.insts);
    insts.find(|inst| inst.result == Some(value)).and_then(|inst| match inst.op {
        Op::Const(number) => Some(number),
        _ => None,
    })
}

/// An element of an array is reached by an index that does not fit a register.
fn wide_index(program: &Program, func: &Func, inst: &Inst, addr: &Addr, remarks: &mut Sink) {
    let (Some(index), Some(span)) = (addr.index, inst.span) else { return };
    if func.ty(index) == Ty::I8 {
        return;
    }
    let (name, size) = match addr.base {
        Base::Global(g) => (program.globals[g].name.to_string(), program.globals[g].size),
        Base::Slot(s) => (func.slots[s].name.to_string(), func.slots[s].size),
        // A mapped array: only the index can say more.
        Base::Abs | Base::Func(_) => (String::new(), PAGE),
        Base::Value(_) => (String::new(), u32::MAX),
    };
    let (why, help) = match size {
        u32::MAX => (
            "how long this array is, is not known here".to_string(),
            "use a byte as the index, or give the alias the type of an array of at most 256 bytes",
        ),
        size if size > PAGE => (
            format!("{name} has {size} bytes"),
            "divide it into arrays of at most 256 bytes, or walk through it with an alias row by row",
        ),
        _ => ("the index is not known to be below 256".to_string(), "use a byte as the index"),
    };
    let text = format!("This element is reached by a 16-bit index: {why}");
    remarks.push(Diagnostic::remark(codes::WIDE_INDEX, span, text).label(why).help(help));
}

/// A call is still one.
fn not_inlined(
    program: &Program,
    graph: &CallGraph,
    inst: &Inst,
    depth: u32,
    level: Level,
    remarks: &mut Sink,
) {
    let (Op::Call(Callee::Func(callee), args), Some(span)) = (&inst.op, inst.span) else { return };
    let func = &program.funcs[*callee];
    let (price, most) = (price(func), allowance(func, args.len(), depth, level));
    let why = match obstacle(program, graph, *callee) {
        Some(Obstacle::Finished) => "its module is finished code".to_string(),
        Some(Obstacle::Kept) => "it is a handler, or it is needed at a place of its own".to_string(),
        Some(Obstacle::Recursion) => "it calls itself".to_string(),
        Some(Obstacle::Assembly) => "it contains assembly".to_string(),
        None if price > most => {
            format!("it has about {price} bytes of code and several callers; here at most {most} are copied")
        }
        None => "its caller is too long already".to_string(),
    };
    let text = format!("'{}' was not copied into its caller: {why}", func.name);
    remarks.push(Diagnostic::remark(codes::NOT_INLINED, span, text).label(why));
}
