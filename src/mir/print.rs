//! Writes the text form of a program, which `text.rs` reads.
//!
//! In: any program, also one that `verify.rs` rejects. Out: text; reading it gives the same
//! program but for source spans, when the values are numbered in the order of their definitions.

use std::fmt::{Display, Write};

use crate::mir::ir::{
    Access, Addr, AsmArg, AsmBlock, Base, BinOp, Callee, Cond, Func, FuncKind, Global, GlobalKind, Init,
    Inst, Op, Program, Target, Term, Ty, Value,
};

/// The whole program as text.
pub fn program(program: &Program) -> String {
    let mut out = String::new();
    environment(program, &mut out);
    for global in &program.globals {
        out.push_str(&self::global(program, global));
    }
    if let Some(entry) = program.entry {
        let _ = writeln!(out, "entry {}", func_name(program, entry));
    }
    for &init in &program.init {
        let _ = writeln!(out, "init {}", func_name(program, init));
    }
    for func in &program.funcs {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&self::func(program, func));
    }
    out
}

fn environment(program: &Program, out: &mut String) {
    let env = &program.env;
    if *env == Default::default() {
        return;
    }
    out.push_str("env");
    for (set, name) in [(env.kernal, "kernal"), (env.lowercase, "lowercase"), (env.noreturn, "noreturn")] {
        if set {
            let _ = write!(out, " {name}");
        }
    }
    if let Some(origin) = env.origin {
        let _ = write!(out, " origin ${origin:04x}");
    }
    if let Some(rom) = env.charset_rom {
        let _ = write!(out, " charset_rom ${rom:04x}");
    }
    if env.cartridge {
        out.push_str(" cartridge");
    }
    out.push('\n');
}

fn global(program: &Program, global: &Global) -> String {
    let mut out = format!("global {} {} {}", name(&global.name), global_kind(global.kind), global.size);
    let flags = [
        (global.external, "external"),
        (global.exported, "exported"),
        (global.keep, "keep"),
        (global.escapes, "escapes"),
    ];
    for (_, word) in flags.iter().filter(|(set, _)| *set) {
        let _ = write!(out, " {word}");
    }
    if let Some(fixed) = global.fixed {
        let _ = write!(out, " fixed ${fixed:04x}");
    }
    if let Some(highest) = global.highest {
        let _ = write!(out, " highest ${highest:04x}");
    }
    if global.pitch != 1 {
        let _ = write!(out, " pitch {}", global.pitch);
    }
    for (i, part) in global.init.iter().enumerate() {
        out.push_str(if i == 0 { " = " } else { ", " });
        match part {
            Init::Bytes(bytes) => {
                out.push_str("bytes \"");
                for byte in bytes {
                    let _ = write!(out, "{byte:02x}");
                }
                out.push('"');
            }
            Init::Addr(base, offset) => {
                let _ = write!(out, "addr {}", place(program, &Addr::new(*base, *offset)));
            }
        }
    }
    out.push('\n');
    out
}

/// One function as text.
pub fn func(program: &Program, func: &Func) -> String {
    let mut out = String::new();
    if func.is_extern() {
        out.push_str("extern ");
    }
    let _ = write!(out, "func {}({})", name(&func.name), list(func.params.iter().map(|t| ty(*t))));
    if let Some(ret) = func.ret {
        let _ = write!(out, " -> {}", ty(ret));
    }
    if func.kind != FuncKind::Normal {
        let _ = write!(out, " {}", func_kind(func.kind));
    }
    if func.exported {
        out.push_str(" exported");
    }
    if func.noinline {
        out.push_str(" noinline");
    }
    if func.atomic {
        out.push_str(" atomic");
    }
    if let Some(address) = func.relocate {
        let _ = write!(out, " relocate ${address:04x}");
    }
    if func.is_extern() {
        out.push('\n');
        return out;
    }
    out.push_str(" {\n");
    for (id, slot) in func.slots.enumerated() {
        let _ = writeln!(out, "  slot {id} {} {}", quoted(&slot.name), slot.size);
    }
    for (id, block) in func.blocks.enumerated() {
        let params = list(block.params.iter().map(|&v| typed(func, v)));
        let params = if params.is_empty() { params } else { format!("({params})") };
        let _ = writeln!(out, "{id}{params}:");
        for inst in &block.insts {
            let _ = writeln!(out, "  {}", self::inst(program, func, inst));
        }
        let _ = writeln!(out, "  {}", term(&block.term));
    }
    out.push_str("}\n");
    out
}

/// One operation with its result, without line end.
pub fn inst(program: &Program, func: &Func, inst: &Inst) -> String {
    let result = inst.result.map_or(String::new(), |v| format!("{} = ", typed(func, v)));
    result + &op(program, &inst.op)
}

fn op(program: &Program, op: &Op) -> String {
    let at = |addr: &Addr| format!("[{}]", place(program, addr));
    match op {
        Op::Const(n) => format!("const {n}"),
        Op::Addr(addr) => format!("addr {}", at(addr)),
        Op::Bin(op, a, b) => format!("{} {a}, {b}", bin_name(*op)),
        Op::Neg(a) => format!("neg {a}"),
        Op::Not(a) => format!("not {a}"),
        Op::Cmp(cond, a, b) => format!("cmp {} {a}, {b}", cond_name(*cond)),
        Op::Zext(a) => format!("zext {a}"),
        Op::Sext(a) => format!("sext {a}"),
        Op::Trunc(a) => format!("trunc {a}"),
        Op::Select(c, a, b) => format!("select {c}, {a}, {b}"),
        Op::Load(addr, access) => format!("load {}{}", access_word(*access), at(addr)),
        Op::Store(addr, value, access) => format!("store {}{}, {value}", access_word(*access), at(addr)),
        Op::Call(Callee::Func(f), args) => format!("call {}({})", func_name(program, *f), list(args)),
        Op::Call(Callee::Abs(address), args) => format!("call ${address:04x}({})", list(args)),
        Op::Rt(rt, args) => format!("rt {}({})", rt.name(), list(args)),
        Op::Copy { dst, src, len, access } => {
            format!("copy {}{}, {}, {len}", access_word(*access), at(dst), at(src))
        }
        Op::Fill { dst, value, len, access } => {
            format!("fill {}{}, {value}, {len}", access_word(*access), at(dst))
        }
        Op::Asm(block) => asm(program, block),
        Op::Sei => "sei".into(),
        Op::Cli => "cli".into(),
        Op::Nop(count) => format!("nop {count}"),
    }
}

fn asm(program: &Program, block: &AsmBlock) -> String {
    let mut out = format!("asm {} module {}", quoted(&block.text), quoted(&block.module));
    if block.lowercase {
        out.push_str(" lowercase");
    }
    for (i, (name, arg)) in block.args.iter().enumerate() {
        let _ = write!(out, "{}{} = ", if i == 0 { " with " } else { ", " }, quoted(name));
        let _ = match arg {
            AsmArg::Addr(base, offset) => {
                write!(out, "addr {}", place(program, &Addr::new(*base, *offset)))
            }
            AsmArg::Const(value) => write!(out, "const {value}"),
        };
    }
    out
}

fn term(term: &Term) -> String {
    match term {
        Term::Jump(to) => format!("jump {}", target(to)),
        Term::Branch { cond, then, other } => format!("branch {cond}, {}, {}", target(then), target(other)),
        Term::Return(Some(value)) => format!("return {value}"),
        Term::Return(None) => "return".into(),
        Term::Unreachable => "unreachable".into(),
    }
}

fn target(target: &Target) -> String {
    if target.args.is_empty() {
        return target.block.to_string();
    }
    format!("{}({})", target.block, list(&target.args))
}

fn place(program: &Program, addr: &Addr) -> String {
    let mut out = match addr.base {
        Base::Abs if addr.offset >= 0 => format!("${:04x}", addr.offset),
        Base::Abs => addr.offset.to_string(),
        Base::Global(id) => match program.globals.get(id) {
            Some(global) => name(&global.name),
            None => name(&format!("?{id}")),
        },
        Base::Slot(id) => id.to_string(),
        Base::Func(id) => format!("fn {}", func_name(program, id)),
        Base::Value(value) => value.to_string(),
    };
    if let Some(index) = addr.index {
        let _ = write!(out, " + {index}");
    }
    match addr.offset {
        _ if addr.base == Base::Abs => {}
        0 => {}
        n if n < 0 => out += &format!(" - {}", n.unsigned_abs()),
        n => out += &format!(" + {n}"),
    }
    if let Some(part) = addr.within {
        out += &format!(" in {} to {}", part.first, part.last);
    }
    out
}

fn func_name(program: &Program, id: crate::mir::ir::FuncId) -> String {
    match program.funcs.get(id) {
        Some(func) => name(&func.name),
        None => name(&format!("?{id}")),
    }
}

fn typed(func: &Func, value: Value) -> String {
    format!("{value}: {}", func.values.get(value).map_or("?", |t| ty(*t)))
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
}

fn name(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(is_name_char);
    if plain { format!("@{name}") } else { format!("@{}", quoted(name)) }
}

/// Characters of names that need no quotes.
pub(super) fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if (c as u32) < 32 => out += &format!("\\x{:02x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The word of a type.
pub fn ty(ty: Ty) -> &'static str {
    match ty {
        Ty::I1 => "i1",
        Ty::I8 => "i8",
        Ty::I16 => "i16",
        Ty::I32 => "i32",
    }
}

/// The word of an arithmetic operation.
pub fn bin_name(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "add",
        BinOp::Sub => "sub",
        BinOp::Mul => "mul",
        BinOp::UDiv => "udiv",
        BinOp::SDiv => "sdiv",
        BinOp::URem => "urem",
        BinOp::SRem => "srem",
        BinOp::And => "and",
        BinOp::Or => "or",
        BinOp::Xor => "xor",
        BinOp::Shl => "shl",
        BinOp::Shr => "shr",
        BinOp::Sar => "sar",
    }
}

/// The word of a condition.
pub fn cond_name(cond: Cond) -> &'static str {
    match cond {
        Cond::Eq => "eq",
        Cond::Ne => "ne",
        Cond::ULt => "ult",
        Cond::ULe => "ule",
        Cond::UGt => "ugt",
        Cond::UGe => "uge",
        Cond::SLt => "slt",
        Cond::SLe => "sle",
        Cond::SGt => "sgt",
        Cond::SGe => "sge",
    }
}

fn access_word(access: Access) -> &'static str {
    match access {
        Access::Plain => "",
        Access::Volatile => "volatile ",
        Access::IrqSafe => "irqsafe ",
    }
}

pub(super) fn func_kind(kind: FuncKind) -> &'static str {
    match kind {
        FuncKind::Normal => "normal",
        FuncKind::Naked => "naked",
        FuncKind::Irq => "irq",
        FuncKind::IrqRaw => "irq_raw",
        FuncKind::IrqHook => "irq_hook",
    }
}

pub(super) fn global_kind(kind: GlobalKind) -> &'static str {
    match kind {
        GlobalKind::Const => "const",
        GlobalKind::Data => "data",
        GlobalKind::Bss => "bss",
        GlobalKind::Mapped => "mapped",
    }
}
