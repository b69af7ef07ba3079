//! Reads the binary form of the middle IR that `encode.rs` writes.
//!
//! In: bytes of any content, and the name of their module. Out: a program that `verify.rs` accepts,
//! or what is wrong and where. Invariants: reading is total; nothing is allocated because of a number
//! in the bytes, only as items are read; no size or offset is larger than a C64 has room for; what
//! the module defines has its name before it. Not here: whether the bytes belong to their file
//! (`obj/mirblob.rs`).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::base::bytes::{ReadError, Reader};
use crate::base::index::{Id, IndexVec};
use crate::mir::codes::*;
use crate::mir::ir::{
    Access, Addr, AsmArg, AsmBlock, Base, Block, BlockId, Callee, Func, FuncId, Global, GlobalId, GlobalKind,
    Init, Inst, Op, Part, Program, Slot, SlotId, Target, Term, Ty, Value,
};
use crate::mir::rt::Rt;
use crate::mir::verify::verify;

/// What is wrong with the bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError(String);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ReadError> for DecodeError {
    fn from(error: ReadError) -> Self {
        Self(format!("it ends inside of {}", error.field))
    }
}

type Result<T> = std::result::Result<T, DecodeError>;

/// Nothing is larger than the memory of a C64.
const MOST_BYTES: u64 = 0x1_0000;
/// Far more than any offset from a place in that memory.
const MOST_OFFSET: i64 = 0x100_0000;

/// The program of a module.
pub fn decode(bytes: &[u8], module: &str) -> Result<Program> {
    let mut decoder = Decoder {
        reader: Reader::new(bytes),
        module,
        strings: Vec::new(),
        globals: 0,
        funcs: 0,
        slots: 0,
        blocks: 0,
        values: IndexVec::new(),
        furthest: 0,
    };
    if bytes.len() > LONGEST {
        return decoder.error("it is too long");
    }
    let program = decoder.program()?;
    if decoder.reader.remaining() > 0 {
        return decoder.error("something stands behind the last function");
    }
    match verify(&program) {
        Ok(()) => Ok(program),
        Err(faults) => Err(DecodeError(faults.into_iter().next().unwrap_or_default())),
    }
}

struct Decoder<'a> {
    reader: Reader<'a>,
    module: &'a str,
    strings: Vec<Arc<str>>,
    /// How many of each there are: of the program, then of the function that is being read.
    globals: u64,
    funcs: u64,
    slots: u64,
    blocks: u64,
    /// The types of the values that the function has defined so far.
    values: IndexVec<Value, Ty>,
    /// One more than the highest number of a value that was used.
    furthest: usize,
}

impl Decoder<'_> {
    fn error<T>(&self, what: &str) -> Result<T> {
        Err(DecodeError(format!("{what}, at byte {} of the middle code", self.reader.position())))
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.reader.u8("the middle code")?)
    }

    fn address(&mut self) -> Result<u16> {
        Ok(self.reader.u16("the middle code")?)
    }

    fn number(&mut self) -> Result<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        self.error("a number is too long")
    }

    fn signed(&mut self) -> Result<i64> {
        let n = self.number()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A number of bytes of memory.
    fn size(&mut self) -> Result<u32> {
        match self.number()? {
            n if n <= MOST_BYTES => Ok(n as u32),
            _ => self.error("a size is larger than the memory"),
        }
    }

    /// A number below `count`.
    fn id<I: Id>(&mut self, count: u64) -> Result<I> {
        match self.number()? {
            // Ids have 32 bits.
            n if n < count && n < u64::from(u32::MAX) => Ok(I::new(n as usize)),
            _ => self.error("something is named that does not exist"),
        }
    }

    fn text(&mut self) -> Result<Arc<str>> {
        let n = self.number()?;
        let text = usize::try_from(n).ok().and_then(|n| self.strings.get(n)).cloned();
        text.map_or_else(|| self.error("a text is named that does not exist"), Ok)
    }

    fn of<T: Copy>(&self, list: &[T], number: u8) -> Result<T> {
        list.get(usize::from(number)).copied().map_or_else(|| self.error("an unknown kind"), Ok)
    }

    fn ty(&mut self) -> Result<Ty> {
        let number = self.byte()?;
        self.of(&TYPES, number)
    }

    /// Reads `count` items, one by one.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = self.number()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn program(&mut self) -> Result<Program> {
        self.strings = self.list(|d| {
            let length = usize::try_from(d.number()?).unwrap_or(usize::MAX);
            let bytes = d.reader.take(length, "a text")?;
            match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.into()),
                Err(_) => d.error("a text is not UTF-8"),
            }
        })?;
        self.globals = self.number()?;
        self.funcs = self.number()?;
        let mut program = Program::default();
        let mut names = BTreeSet::new();
        for _ in 0..self.globals {
            let global = self.global()?;
            if !names.insert(global.name.clone()) {
                return self.error("two globals have one name");
            }
            program.globals.push(global);
        }
        for _ in 0..self.funcs {
            let func = self.func()?;
            if !names.insert(func.name.clone()) {
                return self.error("two functions have one name");
            }
            program.funcs.push(func);
        }
        let funcs = self.funcs;
        program.init = self.list(|d| d.id(funcs))?;
        Ok(program)
    }

    fn own_name(&mut self) -> Result<Arc<str>> {
        let rest = self.text()?;
        Ok(format!("{}.{rest}", self.module).into())
    }

    fn global(&mut self) -> Result<Global> {
        let flags = self.byte()?;
        let kind = self.of(&GLOBAL_KINDS, flags & GLOBAL_KIND)?;
        let external = flags & GLOBAL_EXTERNAL != 0;
        let name = if external || kind == GlobalKind::Mapped { self.text()? } else { self.own_name()? };
        let size = self.size()?;
        let fixed = if flags & GLOBAL_FIXED != 0 { Some(self.address()?) } else { None };
        let init = self.list(|d| {
            let kind = d.byte()?;
            if kind == BASE_ABS {
                let length = usize::try_from(d.number()?).unwrap_or(usize::MAX);
                return Ok(Init::Bytes(d.reader.take(length, "the content of a global")?.to_vec()));
            }
            let Addr { base, offset, .. } = d.place_of(kind)?;
            Ok(Init::Addr(base, offset))
        })?;
        if flags & !GLOBAL_FLAGS != 0 {
            return self.error("an unknown flag of a global");
        }
        Ok(Global {
            init,
            external,
            exported: flags & GLOBAL_EXPORTED != 0,
            fixed,
            keep: flags & GLOBAL_KEEP != 0,
            escapes: flags & GLOBAL_ESCAPES != 0,
            ..Global::new(name, kind, size)
        })
    }

    fn func(&mut self) -> Result<Func> {
        let flags = self.byte()?;
        let kind = self.of(&FUNC_KINDS, flags & FUNC_KIND)?;
        let is_extern = flags & FUNC_EXTERN != 0;
        let name = if is_extern { self.text()? } else { self.own_name()? };
        let params = self.list(Self::ty)?;
        let ret = if flags & FUNC_RET != 0 { Some(self.ty()?) } else { None };
        let mut func = Func::new(name, params, ret);
        func.kind = kind;
        func.exported = flags & FUNC_EXPORTED != 0;
        func.noinline = flags & FUNC_NOINLINE != 0;
        func.relocate = if flags & FUNC_RELOCATE != 0 { Some(self.address()?) } else { None };
        if !is_extern {
            self.body(&mut func)?;
        }
        Ok(func)
    }

    fn body(&mut self, func: &mut Func) -> Result<()> {
        self.values = IndexVec::new();
        self.furthest = 0;
        let slots = self.list(|d| Ok(Slot { name: d.text()?, size: d.size()? }))?;
        self.slots = slots.len() as u64;
        func.slots = slots.into_iter().collect();
        self.blocks = self.number()?;
        if self.blocks == 0 {
            return self.error("a function has no code");
        }
        for _ in 0..self.blocks {
            let block = self.block()?;
            func.blocks.push(block);
        }
        if self.furthest > self.values.len() {
            return self.error("a value is used that does not exist");
        }
        func.values = std::mem::take(&mut self.values);
        Ok(())
    }

    fn block(&mut self) -> Result<Block> {
        let params = self.list(|d| {
            let ty = d.ty()?;
            Ok(d.values.push(ty))
        })?;
        let mut insts = Vec::new();
        loop {
            let code = self.byte()?;
            let number = code & NUMBER;
            if let Some(term) = self.term(code)? {
                return Ok(Block { params, insts, term, term_span: None });
            }
            let ty = self.of(&TYPES, code >> 6)?;
            let (op, has_result) = self.op(number, ty)?;
            if !has_result && code != number {
                return self.error("an operation without a result has a type");
            }
            let result = has_result.then(|| self.values.push(ty));
            insts.push(Inst { result, op, span: None });
        }
    }

    fn value(&mut self) -> Result<Value> {
        let distance = self.signed()?;
        let n = i64::try_from(self.values.len()).ok().and_then(|next| next.checked_sub(distance));
        match n.and_then(|n| u32::try_from(n).ok()).filter(|n| *n < u32::MAX) {
            Some(n) => {
                self.furthest = self.furthest.max(n as usize + 1);
                Ok(Value(n))
            }
            None => self.error("a value is used that does not exist"),
        }
    }

    fn place(&mut self) -> Result<Addr> {
        let kind = self.byte()?;
        self.place_of(kind)
    }

    fn place_of(&mut self, kind: u8) -> Result<Addr> {
        if kind & !(BASE | HAS_INDEX | HAS_OFFSET | HAS_PART) != 0 {
            return self.error("an unknown kind of place");
        }
        let base = match kind & BASE {
            BASE_ABS => Base::Abs,
            BASE_GLOBAL => Base::Global(self.id::<GlobalId>(self.globals)?),
            BASE_SLOT => Base::Slot(self.id::<SlotId>(self.slots)?),
            BASE_FUNC => Base::Func(self.id::<FuncId>(self.funcs)?),
            BASE_VALUE => Base::Value(self.value()?),
            _ => return self.error("an unknown kind of place"),
        };
        let index = if kind & HAS_INDEX != 0 { Some(self.value()?) } else { None };
        let offset = if kind & HAS_OFFSET != 0 { self.signed()? } else { 0 };
        if !(-MOST_OFFSET..=MOST_OFFSET).contains(&offset) {
            return self.error("an offset is larger than the memory");
        }
        let within = if kind & HAS_PART != 0 { Some(self.part()?) } else { None };
        Ok(Addr { base, index, offset: offset as i32, within })
    }

    fn part(&mut self) -> Result<Part> {
        let (first, more) = (self.number()?, self.number()?);
        let last = u16::try_from(first.saturating_add(more));
        match (u16::try_from(first), last) {
            (Ok(first), Ok(last)) => Ok(Part { first, last }),
            _ => self.error("a part is larger than the memory"),
        }
    }

    /// The operation of a number, and whether it has a result.
    fn op(&mut self, number: u8, ty: Ty) -> Result<(Op, bool)> {
        let access = |d: &Self, first: u8| -> Result<Access> { d.of(&ACCESSES, number - first) };
        let op = match number {
            CONST => Op::Const(self.signed()? as u32 & ty.mask()),
            ADDR => Op::Addr(self.place()?),
            BIN..NEG => Op::Bin(self.of(&BIN_OPS, number - BIN)?, self.value()?, self.value()?),
            NEG => Op::Neg(self.value()?),
            NOT => Op::Not(self.value()?),
            CMP..ZEXT => Op::Cmp(self.of(&CONDS, number - CMP)?, self.value()?, self.value()?),
            ZEXT => Op::Zext(self.value()?),
            SEXT => Op::Sext(self.value()?),
            TRUNC => Op::Trunc(self.value()?),
            SELECT => Op::Select(self.value()?, self.value()?, self.value()?),
            LOAD..STORE => Op::Load(self.place()?, access(self, LOAD)?),
            STORE..COPY => {
                return Ok((Op::Store(self.place()?, self.value()?, access(self, STORE)?), false));
            }
            COPY..FILL => {
                let (dst, src, len) = (self.place()?, self.place()?, self.size()?);
                return Ok((Op::Copy { dst, src, len, access: access(self, COPY)? }, false));
            }
            FILL..CALL => {
                let (dst, value, len) = (self.place()?, self.value()?, self.size()?);
                return Ok((Op::Fill { dst, value, len, access: access(self, FILL)? }, false));
            }
            CALL..CALL_ABS => {
                let callee = Callee::Func(self.id(self.funcs)?);
                return Ok((Op::Call(callee, self.list(Self::value)?), number > CALL));
            }
            CALL_ABS..RT => {
                let callee = Callee::Abs(self.address()?);
                return Ok((Op::Call(callee, self.list(Self::value)?), number > CALL_ABS));
            }
            RT..ASM => {
                let name = self.text()?;
                let Some(rt) = Rt::named(&name) else { return self.error("an unknown run-time routine") };
                return Ok((Op::Rt(rt, self.list(Self::value)?), number > RT));
            }
            ASM => return Ok((Op::Asm(Box::new(self.asm()?)), false)),
            SEI => return Ok((Op::Sei, false)),
            CLI => return Ok((Op::Cli, false)),
            NOP => match u16::try_from(self.number()?) {
                Ok(count) => return Ok((Op::Nop(count), false)),
                Err(_) => return self.error("too many NOPs"),
            },
            _ => return self.error("an unknown operation"),
        };
        Ok((op, true))
    }

    fn asm(&mut self) -> Result<AsmBlock> {
        let flags = self.byte()?;
        if flags & !ASM_LOWERCASE != 0 {
            return self.error("an unknown flag of assembly");
        }
        let text = self.text()?;
        let args = self.list(|d| {
            let name = d.text()?;
            let kind = d.byte()?;
            if kind == BASE {
                return Ok((name, AsmArg::Const(d.signed()?)));
            }
            let Addr { base, offset, .. } = d.place_of(kind)?;
            Ok((name, AsmArg::Addr(base, offset)))
        })?;
        let lowercase = flags & ASM_LOWERCASE != 0;
        Ok(AsmBlock { text, args, lowercase, module: self.module.into(), span: None })
    }

    fn target(&mut self) -> Result<Target> {
        let block: BlockId = self.id(self.blocks)?;
        Ok(Target { block, args: self.list(Self::value)? })
    }

    /// The end of a block, if it is one.
    fn term(&mut self, code: u8) -> Result<Option<Term>> {
        Ok(Some(match code {
            JUMP => Term::Jump(self.target()?),
            BRANCH => Term::Branch { cond: self.value()?, then: self.target()?, other: self.target()? },
            RETURN => Term::Return(None),
            RETURN_VALUE => Term::Return(Some(self.value()?)),
            UNREACHABLE => Term::Unreachable,
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::encode::encode;
    use crate::mir::{print, text};
    use proptest::prelude::*;

    /// Every kind of item, operation and block end.
    const SAMPLE: &str = r#"global @m.buf bss 100 escapes
global @"$mapped.d020.1" mapped 1 keep fixed $d020
global @n.row const 6 external
global @"m.$table" const 9 exported keep fixed $c000 = bytes "03ff", addr @n.row + 3, addr fn @m.f
init @m.setup

extern func @n.other(i8) -> i8

func @m.setup() exported noinline relocate $c000 {
  slot s0 "a" 10
b0:
  v0: i16 = addr [s0 + 3]
  v1: i8 = load volatile [$d020]
  v2: i8 = load [v0 + v1 - 3]
  v3: i32 = const 4294967295
  store irqsafe [@m.buf + v1 + 2], v2
  v4: i16 = addr [fn @m.f]
  copy [$0400], [s0], 10
  fill volatile [$0400 + v1], v1, 10
  v5: i1 = cmp ult v1, v2
  branch v5, b1(v1), b2
b1(v6: i8):
  v7: i8 = shl v6, v0
  v8: i8 = select v5, v6, v7
  v9: i32 = sext v8
  v10: i8 = call @n.other(v8)
  call @m.f(v8, v0)
  call $ffd2(v8)
  v11: i32 = rt rt_fadd(v3, v9)
  rt rt_print_u8(v8)
  asm "lda #1 // \"x\"\x01" module "m" lowercase with "a" = addr s0 - 1, "b" = const -3
  sei
  nop 3
  cli
  jump b1(v8)
b2:
  return
}

func @m.f(i8, i16) -> i8 naked {
b0(v0: i8, v1: i16):
  v2: i8 = neg v0
  v3: i8 = not v2
  v4: i16 = zext v3
  v5: i8 = trunc v4
  v6: i1 = const 1
  branch v6, b1, b2
b1:
  unreachable
b2:
  return v5
}
"#;

    fn sample() -> Vec<u8> {
        encode(&text::parse(SAMPLE).unwrap(), "m").unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let program = decode(&sample(), "m").unwrap();
        assert_eq!(print::program(&program), SAMPLE);
        assert_eq!(encode(&program, "m"), Some(sample()));
    }

    #[test]
    fn a_module_means_the_same_under_another_name() {
        let text = print::program(&decode(&sample(), "a.b").unwrap());
        assert!(
            text.contains("func @a.b.f(") && text.contains("load [@a.b.buf") || text.contains("@a.b.buf")
        );
        assert!(text.contains("extern func @n.other(") && text.contains("module \"a.b\""), "{text}");
    }

    #[test]
    fn a_program_or_a_name_of_another_module_is_not_written() {
        for text in [
            "func @main() {\nb0:\n return\n}",
            "global @n.x bss 1",
            "entry @m.f\nfunc @m.f() {\nb0:\n return\n}",
        ] {
            assert_eq!(encode(&text::parse(text).unwrap(), "m"), None, "{text}");
        }
    }

    #[test]
    fn every_cut_and_every_addition_is_an_error() {
        let bytes = sample();
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length], "m").is_err(), "cut to {length}");
        }
        assert!(decode(&[&bytes[..], &[0]].concat(), "m").is_err());
    }

    #[test]
    fn large_numbers_allocate_nothing() {
        let most = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
        for start in [&[][..], &[0], &[0, 1], &[0, 0, 1, 0]] {
            assert!(decode(&[start, &most, &[0; 20]].concat(), "m").is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(changes in prop::collection::vec((0..900usize, any::<u8>()), 0..4)) {
            let mut bytes = sample();
            let length = bytes.len();
            changes.into_iter().for_each(|(at, value)| bytes[at % length] = value);
            if let Ok(program) = decode(&bytes, "m") {
                let again = encode(&program, "m").map(|bytes| decode(&bytes, "m"));
                prop_assert_eq!(again, Some(Ok(program)));
            }
        }
    }
}
