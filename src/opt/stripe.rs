//! Stores arrays byte by byte of their elements, so that an element is one index register away.
//!
//! In: a whole program after `split`. Out: an array of 2 to 256 elements of several bytes lies as
//! that many bytes for byte 0 of its elements, then for byte 1, and so on; its `pitch` says how far
//! apart. A place `[g + 6 * i + 2]` becomes `[g + i + 2 * pitch]`.
//! Only globals that nothing but plain loads and stores (and fills of the whole) name, with indices
//! that are multiples of one number by construction, and values whose bytes never overlap in part.
//! The index is computed modulo 256, which tells the elements apart: an access stays inside its global.
//! Before `narrow` and `strength`, which turn `6 * i` into a counter.

use std::collections::BTreeMap;

use crate::base::index::Id;
use crate::base::source::Span;
use crate::mir::ir::{
    Access, Addr, Base, BinOp, BlockId, Func, GlobalId, Init, Inst, Op, Program, Ty, Value,
};
use crate::opt::counters::Defs;
use crate::opt::ranges::Ranges;
use crate::opt::split::{content, named_only_in_accesses};
use crate::opt::{Level, Pass, Run};

pub const PASS: Pass =
    Pass { name: "stripe", about: "stores arrays byte by byte of their elements", run: Run::Program(run) };

/// The largest element; more is a table of rows.
const MAX_ELEMENT: u32 = 64;
/// How deep the definition of an index is followed.
const MAX_DEPTH: u32 = 6;

/// What is known of the accesses to a global.
#[derive(Default)]
struct Uses {
    /// Every index is a multiple of this; 0 while there is none.
    factor: u32,
    /// Constant parts of places, with the lengths of the accesses.
    places: Vec<(i32, u32)>,
    /// Accesses with an index of which the number of the element has to be cut out.
    cut: usize,
}

fn run(program: &mut Program, _level: Level) -> bool {
    let mut uses: BTreeMap<GlobalId, Uses> =
        named_only_in_accesses(program, false).into_keys().map(|id| (id, Uses::default())).collect();
    if uses.is_empty() {
        return false;
    }
    for func in program.funcs.iter().filter(|f| !f.is_extern()) {
        collect(program, func, &mut uses);
    }
    let sizes: BTreeMap<GlobalId, u32> = uses
        .into_iter()
        .filter_map(|(id, uses)| Some((id, element(&uses, program.globals[id].size)?)))
        .collect();
    for (&id, &size) in &sizes {
        let global = &mut program.globals[id];
        global.pitch = global.size / size;
        let mut bytes = content(global);
        if !bytes.is_empty() {
            bytes.resize(global.size as usize, 0);
            let striped =
                (0..size as usize).flat_map(|k| bytes.iter().skip(k).step_by(size as usize)).copied();
            global.init = vec![Init::Bytes(striped.collect())];
        }
    }
    for id in program.funcs.ids() {
        let mut func = std::mem::replace(&mut program.funcs[id], Func::new("", Vec::new(), None));
        if !func.is_extern() {
            rewrite(program, &mut func, &sizes);
        }
        program.funcs[id] = func;
    }
    !sizes.is_empty()
}

/// Notes the accesses of a function; what cannot be striped is forgotten.
fn collect(program: &Program, func: &Func, uses: &mut BTreeMap<GlobalId, Uses>) {
    let defs = Defs::new(func);
    let mut ranges: Option<Ranges> = None;
    for (block, inst) in func.blocks.enumerated().flat_map(|(id, b)| b.insts.iter().map(move |i| (id, i))) {
        match &inst.op {
            &Op::Load(addr, access) => {
                let len = inst.result.map_or(4, |v| func.ty(v).bytes());
                note(func, &defs, &mut ranges, block, (addr, access, len), uses);
            }
            &Op::Store(addr, value, access) => {
                note(func, &defs, &mut ranges, block, (addr, access, func.ty(value).bytes()), uses);
            }
            Op::Fill { dst, len, .. } => {
                if let Base::Global(id) = dst.base {
                    let whole = dst.index.is_none() && dst.offset == 0 && *len == program.globals[id].size;
                    if !whole {
                        uses.remove(&id);
                    }
                }
            }
            Op::Copy { dst, src, .. } => {
                for addr in [dst, src] {
                    if let Base::Global(id) = addr.base {
                        uses.remove(&id);
                    }
                }
            }
            _ => {}
        }
    }
}

fn note<'a>(
    func: &'a Func,
    defs: &Defs,
    ranges: &mut Option<Ranges<'a>>,
    block: BlockId,
    (addr, access, len): (Addr, Access, usize),
    uses: &mut BTreeMap<GlobalId, Uses>,
) {
    let Base::Global(id) = addr.base else { return };
    let Some(known) = uses.get_mut(&id) else { return };
    let factor = addr.index.map(|index| {
        let ranges = ranges.get_or_insert_with(|| Ranges::new(func));
        let index_in = Index { func, defs, ranges, block };
        known.cut += usize::from(index_in.wraps(index));
        index_in.factor(index, MAX_DEPTH)
    });
    if access != Access::Plain {
        uses.remove(&id);
        return;
    }
    known.factor = gcd(known.factor, factor.unwrap_or(0));
    known.places.push((addr.offset, len as u32));
}

/// The size of the elements, if the global can be striped.
fn element(uses: &Uses, size: u32) -> Option<u32> {
    let element = uses.factor;
    let fits = (2..=MAX_ELEMENT).contains(&element) && size.is_multiple_of(element);
    if !fits || !(2..=256).contains(&(size / element)) {
        return None;
    }
    // To cut out the number of an element costs as much as to double it.
    if element.is_power_of_two() && 2 * uses.cut > uses.places.len() {
        return None;
    }
    // The bytes of an element that belong together: the same ones in all accesses.
    let mut fields: Vec<(u32, u32)> = Vec::new();
    for &(offset, len) in &uses.places {
        let start = offset.rem_euclid(element as i32) as u32;
        fields.push((start, start + len));
    }
    fields.sort_unstable();
    fields.dedup();
    let apart = fields.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    (apart && fields.last().is_some_and(|last| last.1 <= element)).then_some(element)
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The index of a place, in a block.
struct Index<'a, 'b> {
    func: &'a Func,
    defs: &'b Defs<'a>,
    ranges: &'b Ranges<'a>,
    block: BlockId,
}

impl Index<'_, '_> {
    /// A number of which the value is a multiple by construction (modulo its type); 0 for 0.
    fn factor(&self, value: Value, depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        match self.defs.of(value) {
            Some(&Op::Const(n)) => n,
            Some(op @ Op::Bin(BinOp::Mul | BinOp::Shl, a, _)) => match self.multiplier(op) {
                Some(n) => match self.factor(*a, depth - 1) {
                    more @ 1..=0x100 => n * more,
                    _ => n,
                },
                None => 1,
            },
            Some(&Op::Bin(BinOp::Add, a, b)) => gcd(self.factor(a, depth - 1), self.factor(b, depth - 1)),
            // What wrapped in a byte is no multiple any more.
            Some(&Op::Zext(a)) if self.is_exact(a, depth - 1) => self.factor(a, depth - 1),
            _ => 1,
        }
    }

    /// The number by which a product multiplies its first operand.
    fn multiplier(&self, op: &Op) -> Option<u32> {
        match *op {
            Op::Bin(BinOp::Mul, _, n) => self.defs.constant(n),
            Op::Bin(BinOp::Shl, _, n) => self.defs.constant(n).filter(|n| *n <= 8).map(|n| 1 << n),
            _ => None,
        }
        .filter(|n| (1..=0x100).contains(n))
    }

    /// True for a byte that may have wrapped when it was multiplied.
    fn wraps(&self, index: Value) -> bool {
        self.func.ty(index) == Ty::I8 && !self.is_exact(index, MAX_DEPTH)
    }

    /// True when nothing in the computation of the value leaves its type.
    fn is_exact(&self, value: Value, depth: u32) -> bool {
        let high = |v: Value| {
            let range = self.ranges.at(v, self.block);
            (!range.is_empty()).then_some(u64::from(range.high))
        };
        let most = u64::from(self.func.ty(value).mask());
        let top = match self.defs.of(value) {
            _ if depth == 0 => None,
            Some(Op::Const(_)) => return true,
            Some(op @ Op::Bin(BinOp::Mul | BinOp::Shl, a, _)) if self.is_exact(*a, depth - 1) => {
                high(*a).zip(self.multiplier(op)).map(|(a, n)| a * u64::from(n))
            }
            Some(&Op::Bin(BinOp::Add, a, b))
                if self.is_exact(a, depth - 1) && self.is_exact(b, depth - 1) =>
            {
                high(a).zip(high(b)).map(|(a, b)| a + b)
            }
            Some(Op::Bin(BinOp::Mul | BinOp::Shl | BinOp::Add, ..)) => None,
            _ => return true,
        };
        top.is_some_and(|top| top <= most)
    }
}

/// Lets the accesses of a function count elements.
fn rewrite(program: &Program, func: &mut Func, sizes: &BTreeMap<GlobalId, u32>) {
    let mut plans: Vec<(BlockId, usize, Addr, Vec<Inst>)> = Vec::new();
    let mut made: Vec<Ty> = Vec::new();
    {
        let defs = Defs::new(func);
        let mut ranges: Option<Ranges> = None;
        for (block, data) in func.blocks.enumerated() {
            for (at, inst) in data.insts.iter().enumerate() {
                let (Op::Load(addr, _) | Op::Store(addr, ..)) = inst.op else { continue };
                let Base::Global(id) = addr.base else { continue };
                let Some(&size) = sizes.get(&id) else { continue };
                let (field, element) =
                    (addr.offset.rem_euclid(size as i32), addr.offset.div_euclid(size as i32));
                let offset = field * program.globals[id].pitch as i32;
                let mut builder = Builder { func, made: &mut made, insts: Vec::new(), span: inst.span };
                let new = match addr.index {
                    None => Addr::new(addr.base, offset + element),
                    Some(index) => {
                        let ranges = ranges.get_or_insert_with(|| Ranges::new(func));
                        let known = Index { func, defs: &defs, ranges, block };
                        let counted = builder.element(&known, index, size, element);
                        Addr::indexed(addr.base, counted, offset)
                    }
                };
                plans.push((block, at, new, builder.insts));
            }
        }
    }
    for ty in made {
        func.values.push(ty);
    }
    // From the end, so that positions stay right.
    for (block, at, new, insts) in plans.into_iter().rev() {
        if let Op::Load(addr, _) | Op::Store(addr, ..) = &mut func.blocks[block].insts[at].op {
            *addr = new;
        }
        func.blocks[block].insts.splice(at..at, insts);
    }
}

/// Makes the operations that compute the number of an element.
struct Builder<'a> {
    func: &'a Func,
    /// The types of all values made in this function.
    made: &'a mut Vec<Ty>,
    insts: Vec<Inst>,
    span: Option<Span>,
}

impl Builder<'_> {
    fn emit(&mut self, op: Op) -> Value {
        let value = Value::new(self.func.values.len() + self.made.len());
        self.made.push(Ty::I8);
        self.insts.push(Inst { result: Some(value), op, span: self.span });
        value
    }

    fn number(&mut self, n: u32) -> Value {
        self.emit(Op::Const(n & 0xff))
    }

    /// The number of the element at `index + size * further`.
    fn element(&mut self, known: &Index, index: Value, size: u32, further: i32) -> Value {
        let mut element = self.divided(known, index, size, MAX_DEPTH);
        if known.wraps(index) {
            // The index wrapped where its multiple does.
            let mask = self.number(0x100 / gcd(size, 0x100) - 1);
            element = self.emit(Op::Bin(BinOp::And, element, mask));
        }
        if further != 0 {
            let by = self.number(further as u32);
            element = self.emit(Op::Bin(BinOp::Add, element, by));
        }
        element
    }

    /// The low byte of `value / by`, where `value` is a multiple as `Index::factor` tells.
    fn divided(&mut self, known: &Index, value: Value, by: u32, depth: u32) -> Value {
        if by == 1 {
            return match self.func.ty(value) {
                Ty::I8 => value,
                _ => self.emit(Op::Trunc(value)),
            };
        }
        match known.defs.of(value) {
            Some(&Op::Const(n)) => self.number(n / by),
            Some(op @ Op::Bin(BinOp::Mul | BinOp::Shl, a, _)) => {
                let times = known.multiplier(op).unwrap_or(by);
                let shared = gcd(times, by);
                let a = self.divided(known, *a, by / shared, depth.saturating_sub(1));
                if times == shared {
                    return a;
                }
                let times = self.number(times / shared);
                self.emit(Op::Bin(BinOp::Mul, a, times))
            }
            Some(&Op::Bin(BinOp::Add, a, b)) => {
                let a = self.divided(known, a, by, depth.saturating_sub(1));
                let b = self.divided(known, b, by, depth.saturating_sub(1));
                self.emit(Op::Bin(BinOp::Add, a, b))
            }
            Some(&Op::Zext(a)) => self.divided(known, a, by, depth.saturating_sub(1)),
            _ => unreachable!("an index that is no multiple by construction"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::mir::{print, text, verify};
    use crate::opt::{Level, pass_named, run_pass};

    fn striped(size: u32, body: &str) -> String {
        let text = format!(
            "global @g data {size} = bytes \"010203040506\"\nentry @main\nfunc @main() {{\nb0:\n\
             v0: i8 = load volatile [$d012]\n v1: i16 = zext v0\n{body}\n return\n}}"
        );
        let mut program = text::parse(&text).unwrap();
        run_pass(&mut program, pass_named("stripe").unwrap(), Level::O2);
        verify::verify(&program).unwrap();
        print::program(&program)
    }

    #[test]
    fn words_lie_as_low_and_high_bytes() {
        let text = striped(
            512,
            "v2: i8 = const 1\n v3: i16 = shl v1, v2\n v4: i16 = load [@g + v3 - 2]\n store [@g + v3], v4\n\
             v5: i16 = load [@g + 4]",
        );
        assert!(text.contains("pitch 256 = bytes \"010305000"), "{text}");
        assert!(text.contains("load [@g + 2]") && !text.contains("- 2]"), "{text}");
    }

    #[test]
    fn parts_of_rows_are_counted_in_rows_and_columns() {
        let text = striped(
            240,
            "v2: i8 = const 6\n v3: i16 = const 60\n v4: i16 = mul v1, v3\n v5: i16 = const 6\n\
             v6: i16 = mul v1, v5\n v7: i16 = add v4, v6\n v8: i16 = load [@g + v7 + 1]\n store [@g + v7 + 5], v0",
        );
        assert!(text.contains("pitch 40") && text.contains("+ 40]") && text.contains("+ 200]"), "{text}");
    }

    #[test]
    fn what_could_be_read_in_two_ways_stays() {
        let body = "v2: i8 = const 1\n v3: i16 = shl v1, v2\n v4: i16 = load [@g + v3]\n";
        for more in ["v5: i8 = load [@g + v3 + 1]", "v5: i8 = load [@g + v1]", "v5: i16 = addr [@g]"] {
            assert!(!striped(512, &format!("{body} {more}")).contains("pitch"), "{more}");
        }
        assert!(!striped(514, body).contains("pitch"), "257 elements");
    }

    #[test]
    fn a_byte_that_may_wrap_is_cut() {
        let cut =
            |times: u32| format!("v2: i8 = const {times}\n v3: i8 = mul v0, v2\n v4: i8 = load [@g + v3]");
        assert!(!striped(192, &cut(2)).contains("pitch"), "twice a byte costs no more");
        let body = &cut(6);
        assert!(striped(192, body).contains("const 127"), "{}", striped(192, body));
    }
}
