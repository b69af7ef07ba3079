//! The typed tree as text, for `--emit=hir` and for reading in a debugger.
//!
//! In: a `hir::Module`. Out: text in the manner of PyCo, with every conversion, address and hidden
//! call written out. Invariant: the same module gives the same text. Not here: reading it back.

use std::fmt::Write;

use crate::sema::hir::{
    AsmRef, Bound, Class, Data, DataKind, Expr, ExprKind, FieldStorage, Func, Index, Intrinsic, Module,
    Place, PlaceKind, Stmt, StmtKind, StrExpr, StrPart, Type,
};
use crate::sema::types::SCALARS;

/// The text of a module.
pub fn print(module: &Module) -> String {
    let mut p = Printer { module, func: None, out: String::new(), depth: 0 };
    let version = module.version.map_or_else(String::new, |v| format!("@{v}"));
    p.line(&format!("module {}{version}", module.name));
    for class in module.classes.iter() {
        p.class(class);
    }
    for data in module.data.iter() {
        p.data(data);
    }
    for func in module.funcs.iter() {
        p.func(func);
    }
    p.out
}

struct Printer<'m> {
    module: &'m Module,
    func: Option<&'m Func>,
    out: String,
    depth: usize,
}

impl<'m> Printer<'m> {
    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn class(&mut self, class: &Class) {
        let parent =
            class.parent.map_or_else(String::new, |p| format!("({})", self.module.classes[p].symbol));
        let kind = if class.singleton { "singleton" } else { "class" };
        self.line(&format!("{kind} {}{parent}: {} bytes", class.symbol, class.size));
        self.depth += 1;
        for field in &class.fields {
            let place = match field.storage {
                FieldStorage::Offset(offset) => format!("+{offset}"),
                FieldStorage::Mapped { addr, irq_safe: false } => format!("at ${addr:04X}"),
                FieldStorage::Mapped { addr, irq_safe: true } => format!("at ${addr:04X}, irq_safe"),
                FieldStorage::Shared(data) => format!("shared {}", self.module.data[data].symbol),
            };
            self.line(&format!("{}: {} {place}", field.name, self.ty(&field.ty)));
        }
        self.depth -= 1;
    }

    fn data(&mut self, data: &Data) {
        let kind = match data.kind {
            DataKind::Literal => "literal".to_string(),
            DataKind::Tuple { count } => format!("tuple of {count}"),
            DataKind::Relocated { addr, count, .. } => format!("tuple of {count} at ${addr:04X}"),
            DataKind::Singleton(_) => "instance".to_string(),
        };
        let from = data.origin.as_ref().map_or("", |_| ", imported");
        let bytes: String = data.bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, " {byte:02X}");
            text
        });
        self.line(&format!("data {}: {kind}, {} bytes{from}{bytes}", data.symbol, data.size));
    }

    fn func(&mut self, func: &'m Func) {
        let params: Vec<String> =
            func.params.iter().map(|p| format!("{}: {}", p.name, self.ty(&p.ty))).collect();
        let head = format!("def {}({}) -> {}", func.symbol, params.join(", "), self.ty(&func.ret));
        let Some(body) = &func.body else {
            let place = func.mapped.map_or("imported".to_string(), |addr| format!("at ${addr:04X}"));
            return self.line(&format!("{head}: {place}"));
        };
        self.line(&format!("{head}:"));
        self.func = Some(func);
        self.depth += 1;
        for (id, local) in func.locals.enumerated().skip(func.params.len()) {
            self.line(&format!("{}_{}: {}", local.name, id.0, self.ty(&local.ty)));
        }
        self.block(body);
        self.depth -= 1;
        self.func = None;
    }

    fn block(&mut self, block: &[Stmt]) {
        if block.is_empty() {
            self.line("pass");
        }
        for stmt in block {
            self.stmt(&stmt.kind);
        }
    }

    fn nested(&mut self, block: &[Stmt]) {
        self.depth += 1;
        self.block(block);
        self.depth -= 1;
    }

    fn stmt(&mut self, stmt: &StmtKind) {
        let line = match stmt {
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Assign { target, value } => format!("{} = {}", self.place(target), self.expr(value)),
            StmtKind::AssignOp { target, op, ty, value } => {
                format!("{} {op:?}= {} in {}", self.place(target), self.expr(value), self.ty(ty))
            }
            StmtKind::StrAssign { target, value } => {
                format!("{} = {}", self.place(target), self.string(value))
            }
            StmtKind::StrAppend { target, value } => {
                format!("{} += {}", self.place(target), self.string(value))
            }
            StmtKind::CopyBytes { target, source, size } => {
                format!("copy {size} bytes {} = {}", self.place(target), self.place(source))
            }
            StmtKind::CopyTuple { target, source, max, .. } => {
                format!("copy tuple, at most {max} bytes, {} = {}", self.place(target), self.expr(source))
            }
            StmtKind::CharsFromStr { target, value } => {
                format!("characters {} = {}", self.place(target), self.string(value))
            }
            StmtKind::StrFromChars { target, source } => {
                format!("string {} = {}", self.place(target), self.place(source))
            }
            StmtKind::Fill { target, value, count, .. } => {
                let count = count.as_ref().map_or("all".to_string(), |c| self.expr(c));
                format!("fill {} with {}, {count}", self.place(target), self.expr(value))
            }
            StmtKind::StoreList { target, values } => {
                format!("{} = ({})", self.place(target), self.list(values))
            }
            StmtKind::If { cond, then, otherwise } => {
                self.line(&format!("if {}:", self.expr(cond)));
                self.nested(then);
                if !otherwise.is_empty() {
                    self.line("else:");
                    self.nested(otherwise);
                }
                return;
            }
            StmtKind::While { cond, body } => {
                self.line(&format!("while {}:", self.expr(cond)));
                return self.nested(body);
            }
            StmtKind::For(f) => {
                let end = match &f.end {
                    Bound::Const(value) => value.to_string(),
                    Bound::Value(e) => self.expr(e),
                };
                let (var, start) = (self.place(&f.var), self.expr(&f.start));
                self.line(&format!("for {var} in range({start}, {end}, {}):", f.step));
                return self.nested(&f.body);
            }
            StmtKind::Repeat { count, body } => {
                self.line(&format!("repeat {}:", self.expr(count)));
                return self.nested(body);
            }
            StmtKind::Break => "break".to_string(),
            StmtKind::Continue => "continue".to_string(),
            StmtKind::Return(value) => {
                format!("return {}", value.as_ref().map_or_else(String::new, |v| self.expr(v)))
            }
            StmtKind::Print { sep, args } => {
                let args: Vec<String> = args.iter().map(|a| self.string(a)).collect();
                match sep {
                    Some(sep) => format!("printsep({}, {})", self.string(sep), args.join(", ")),
                    None => format!("print({})", args.join(", ")),
                }
            }
            StmtKind::Asm(asm) => {
                let names: Vec<String> = asm.names.iter().map(|(n, r)| self.asm_name(n, *r)).collect();
                format!("asm [{}]", names.join(", "))
            }
            StmtKind::Intrinsic(intrinsic) => self.intrinsic(intrinsic),
            StmtKind::BlockCopy(b) => format!(
                "blkcpy({}, {}, {}, {}, {}, {}, {}, {})",
                self.place(&b.source),
                self.expr(&b.source_offset),
                self.expr(&b.source_stride),
                self.place(&b.target),
                self.expr(&b.target_offset),
                self.expr(&b.target_stride),
                self.expr(&b.width),
                self.expr(&b.height)
            ),
        };
        self.line(line.trim_end());
    }

    fn asm_name(&self, name: &str, meaning: AsmRef) -> String {
        match meaning {
            AsmRef::Local(id) => format!("{name}: {}", self.local(id)),
            AsmRef::Data(id, offset) => format!("{name}: {} + {offset}", self.module.data[id].symbol),
            AsmRef::Func(id) => format!("{name}: {}", self.module.funcs[id].symbol),
            AsmRef::Const(value) => format!("{name}: {value}"),
        }
    }

    fn intrinsic(&self, intrinsic: &Intrinsic) -> String {
        match intrinsic {
            Intrinsic::Sei => "sei".to_string(),
            Intrinsic::Cli => "cli".to_string(),
            Intrinsic::Nop(count) => format!("nop {count}"),
            Intrinsic::SetIrq(id) => format!("set irq {}", self.module.funcs[*id].symbol),
            Intrinsic::EnableRasterIrq(line) => format!("enable raster irq {}", self.expr(line)),
            Intrinsic::DisableRasterIrq => "disable raster irq".to_string(),
            Intrinsic::SetRaster(line) => format!("set raster {}", self.expr(line)),
        }
    }

    fn list(&self, exprs: &[Expr]) -> String {
        exprs.iter().map(|e| self.expr(e)).collect::<Vec<_>>().join(", ")
    }

    fn expr(&self, e: &Expr) -> String {
        let two = |op: &str, a: &Expr, b: &Expr| {
            format!("{op}.{}({}, {})", self.ty(&a.ty), self.expr(a), self.expr(b))
        };
        match &e.kind {
            ExprKind::Error => "?".to_string(),
            ExprKind::Int(value) => format!("{value}:{}", self.ty(&e.ty)),
            ExprKind::Float([a, b, c, d]) => format!("{a:02X}{b:02X}{c:02X}{d:02X}:float"),
            ExprKind::Load(place) => self.place(place),
            ExprKind::AddrOf(place) => format!("&{}", self.place(place)),
            ExprKind::FuncAddr(id) => format!("&{}", self.module.funcs[*id].symbol),
            ExprKind::Convert(inner) => format!("{}({})", self.ty(&e.ty), self.expr(inner)),
            ExprKind::Neg(inner) => format!("neg.{}({})", self.ty(&e.ty), self.expr(inner)),
            ExprKind::Invert(inner) => format!("invert.{}({})", self.ty(&e.ty), self.expr(inner)),
            ExprKind::Binary(op, a, b) => two(&format!("{op:?}").to_lowercase(), a, b),
            ExprKind::Compare(op, a, b) => two(&format!("{op:?}").to_lowercase(), a, b),
            ExprKind::StrCompare(op, a, b) => {
                format!("{}.string({}, {})", format!("{op:?}").to_lowercase(), self.string(a), self.string(b))
            }
            ExprKind::Test(inner) => format!("test({})", self.expr(inner)),
            ExprKind::Not(inner) => format!("not {}", self.expr(inner)),
            ExprKind::And(a, b) => format!("({} and {})", self.expr(a), self.expr(b)),
            ExprKind::Or(a, b) => format!("({} or {})", self.expr(a), self.expr(b)),
            ExprKind::Call(id, args) => format!("{}({})", self.module.funcs[*id].symbol, self.list(args)),
            ExprKind::TupleLen(inner) => format!("count({})", self.expr(inner)),
            ExprKind::StrTemp(string) => format!("&temp({})", self.string(string)),
            ExprKind::Builtin(builtin, args) => {
                format!("{}({})", format!("{builtin:?}").to_lowercase(), self.list(args))
            }
        }
    }

    fn string(&self, string: &StrExpr) -> String {
        self.parts(&string.parts)
    }

    fn parts(&self, parts: &[StrPart]) -> String {
        let shown = parts.iter().map(|part| match part {
            StrPart::Str(place) => self.place(place),
            StrPart::Value { value, decimals: None } => format!("text({})", self.expr(value)),
            StrPart::Value { value, decimals: Some(n) } => {
                format!("text({}, {})", self.expr(value), self.expr(n))
            }
            StrPart::Repeat { parts, count } => format!("({}) * {}", self.parts(parts), self.expr(count)),
        });
        shown.collect::<Vec<_>>().join(" + ")
    }

    fn local(&self, id: crate::sema::hir::LocalId) -> String {
        let name = self.func.and_then(|f| f.locals.get(id)).map_or("?", |l| l.name.as_str());
        format!("{name}_{}", id.0)
    }

    fn place(&self, place: &Place) -> String {
        match &place.kind {
            PlaceKind::Error => "?".to_string(),
            PlaceKind::Local(id) => self.local(*id),
            PlaceKind::Data(id) => self.module.data[*id].symbol.clone(),
            PlaceKind::Deref(address) => format!("{}[{}]", self.ty(&place.ty), self.expr(address)),
            PlaceKind::Field { base, offset } => {
                format!("{}+{offset}:{}", self.place(base), self.ty(&place.ty))
            }
            PlaceKind::Index { base, index } => match &**index {
                Index::At(e) => format!("{}[{}]", self.place(base), self.expr(e)),
                Index::FromEnd(n) => format!("{}[-{n}]", self.place(base)),
            },
            PlaceKind::Mapped { addr, irq_safe } => {
                let safe = if *irq_safe { "irq_safe " } else { "" };
                format!("{safe}mapped {}[{}]", self.ty(&place.ty), self.expr(addr))
            }
        }
    }

    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Error => "?".to_string(),
            Type::Void => "void".to_string(),
            Type::Str(None) => "string".to_string(),
            Type::Str(Some(n)) => format!("string[{n}]"),
            Type::Array(elem, n) => format!("array[{}, {n}]", self.ty(elem)),
            Type::Tuple(elem) => format!("tuple[{}]", self.ty(elem)),
            Type::Alias(target) => format!("alias[{}]", self.ty(target)),
            Type::Class(id) => self.module.classes[*id].symbol.clone(),
            scalar => SCALARS.iter().find(|(_, t)| t == scalar).map_or("?", |(name, _)| name).to_string(),
        }
    }
}
