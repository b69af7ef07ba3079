//! Reads the operations and block ends of the text form.
//!
//! In: a line inside a function. Out: an operation or the end of a block. Names of values, slots
//! and blocks become ids here.

use std::collections::HashMap;

use crate::base::index::{Id, IndexVec};
use crate::mir::codes::{BIN_OPS, CONDS};
use crate::mir::ir::{
    Access, Addr, AsmArg, AsmBlock, Base, BlockId, Callee, Func, Inst, Op, Part, SlotId, Target, Term, Ty,
    Value,
};
use crate::mir::print;
use crate::mir::rt::Rt;
use crate::mir::text::{Cursor, Names};
use crate::mir::text_lex::{TextError, Token};

/// What is known of the function that is being read.
pub(super) struct Body<'a> {
    names: &'a Names,
    values: HashMap<String, Value>,
    blocks: HashMap<String, BlockId>,
    slots: HashMap<String, SlotId>,
    /// Types of the values in the order in which they were first named.
    pub(super) types: IndexVec<Value, Ty>,
    /// The name of a value, until it is defined.
    pending: IndexVec<Value, Option<String>>,
}

impl<'a> Body<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        Self {
            names,
            values: HashMap::new(),
            blocks: HashMap::new(),
            slots: HashMap::new(),
            types: IndexVec::new(),
            pending: IndexVec::new(),
        }
    }

    /// Names the next block; false when the name is taken.
    pub(super) fn add_block(&mut self, name: &str) -> bool {
        let id = BlockId::new(self.blocks.len());
        self.blocks.insert(name.to_string(), id).is_none()
    }

    /// Names the next slot; false when the name is taken.
    pub(super) fn add_slot(&mut self, name: &str) -> bool {
        let id = SlotId::new(self.slots.len());
        self.slots.insert(name.to_string(), id).is_none()
    }

    /// The name of a value that is used but not defined.
    pub(super) fn undefined(&self) -> Option<&str> {
        self.pending.iter().flatten().next().map(String::as_str)
    }

    fn named(&mut self, name: String) -> Value {
        if let Some(&value) = self.values.get(&name) {
            return value;
        }
        self.pending.push(Some(name.clone()));
        let value = self.types.push(Ty::I8);
        self.values.insert(name, value);
        value
    }

    /// `v1: i8`.
    pub(super) fn define(&mut self, func: &Func, cursor: &mut Cursor) -> Result<Value, TextError> {
        let name = value_word(cursor)?;
        let value = self.named(name.clone());
        cursor.expect(':')?;
        if self.pending[value].take().is_none() {
            return cursor.error(format!("value '{name}' is defined twice in @{}", func.name));
        }
        self.types[value] = cursor.ty()?;
        Ok(value)
    }

    fn value(&mut self, cursor: &mut Cursor) -> Result<Value, TextError> {
        let name = value_word(cursor)?;
        Ok(self.named(name))
    }

    fn two(&mut self, cursor: &mut Cursor) -> Result<(Value, Value), TextError> {
        let a = self.value(cursor)?;
        cursor.expect(',')?;
        Ok((a, self.value(cursor)?))
    }

    fn target(&mut self, cursor: &mut Cursor) -> Result<Target, TextError> {
        let name = cursor.word()?;
        let Some(&block) = self.blocks.get(&name) else {
            return cursor.error(format!("no block '{name}'"));
        };
        let args = match cursor.peek() {
            Some(Token::Punct('(')) => cursor.list(|c| self.value(c))?,
            _ => Vec::new(),
        };
        Ok(Target { block, args })
    }

    /// `base + index + offset`.
    fn place(&mut self, cursor: &mut Cursor) -> Result<Addr, TextError> {
        let mut addr = Addr::new(Base::Abs, 0);
        match cursor.peek() {
            Some(Token::Name(_)) => addr.base = Base::Global(self.names.global(cursor)?),
            Some(Token::Number(_) | Token::Punct('-')) => addr.offset = cursor.in_range()?,
            _ if cursor.eat_word("fn") => addr.base = Base::Func(self.names.func(cursor)?),
            Some(Token::Word(word)) if word.starts_with('s') => {
                let name = cursor.word()?;
                match self.slots.get(&name) {
                    Some(&slot) => addr.base = Base::Slot(slot),
                    None => return cursor.error(format!("no slot '{name}'")),
                }
            }
            _ => addr.base = Base::Value(self.value(cursor)?),
        }
        if cursor.peek() == Some(&Token::Punct('+')) && matches!(cursor.peek_second(), Some(Token::Word(_))) {
            cursor.expect('+')?;
            addr.index = Some(self.value(cursor)?);
        }
        if addr.base != Base::Abs {
            addr.offset = cursor.offset()?;
        }
        if cursor.eat_word("in") {
            let first = cursor.in_range()?;
            cursor.expect_word("to")?;
            addr.within = Some(Part { first, last: cursor.in_range()? });
        }
        Ok(addr)
    }

    /// `[place]`.
    fn at(&mut self, cursor: &mut Cursor) -> Result<Addr, TextError> {
        cursor.expect('[')?;
        let addr = self.place(cursor)?;
        cursor.expect(']')?;
        Ok(addr)
    }
}

/// A word `v` and digits.
fn value_word(cursor: &mut Cursor) -> Result<String, TextError> {
    let word = cursor.word()?;
    let digits = word.strip_prefix('v').unwrap_or("");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return cursor.error(format!("expected a value, found '{word}'"));
    }
    Ok(word)
}

fn access(cursor: &mut Cursor) -> Access {
    if cursor.eat_word("volatile") {
        Access::Volatile
    } else if cursor.eat_word("irqsafe") {
        Access::IrqSafe
    } else {
        Access::Plain
    }
}

/// Reads the end of a block; `None` when the line is an operation.
pub(super) fn term(cursor: &mut Cursor, body: &mut Body) -> Result<Option<Term>, TextError> {
    if cursor.eat_word("jump") {
        return Ok(Some(Term::Jump(body.target(cursor)?)));
    }
    if cursor.eat_word("branch") {
        let cond = body.value(cursor)?;
        cursor.expect(',')?;
        let then = body.target(cursor)?;
        cursor.expect(',')?;
        return Ok(Some(Term::Branch { cond, then, other: body.target(cursor)? }));
    }
    if cursor.eat_word("return") {
        let value = if cursor.peek().is_some() { Some(body.value(cursor)?) } else { None };
        return Ok(Some(Term::Return(value)));
    }
    Ok(cursor.eat_word("unreachable").then_some(Term::Unreachable))
}

/// Reads an operation, with its result if it has one.
pub(super) fn inst(cursor: &mut Cursor, func: &Func, body: &mut Body) -> Result<Inst, TextError> {
    let mut result = None;
    if cursor.peek_second() == Some(&Token::Punct(':')) {
        result = Some(body.define(func, cursor)?);
        cursor.expect('=')?;
    }
    let mut op = op(cursor, body)?;
    if let (Op::Const(n), Some(value)) = (&mut op, result) {
        *n &= body.types[value].mask();
    }
    Ok(Inst { result, op, span: None })
}

fn op(cursor: &mut Cursor, body: &mut Body) -> Result<Op, TextError> {
    let word = cursor.word()?;
    if let Some(op) = BIN_OPS.into_iter().find(|op| print::bin_name(*op) == word) {
        let (a, b) = body.two(cursor)?;
        return Ok(Op::Bin(op, a, b));
    }
    Ok(match word.as_str() {
        "const" => {
            let n = cursor.number()?;
            if !(i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&n) {
                return cursor.error(format!("{n} is out of range"));
            }
            Op::Const(n as u32)
        }
        "addr" => Op::Addr(body.at(cursor)?),
        "neg" => Op::Neg(body.value(cursor)?),
        "not" => Op::Not(body.value(cursor)?),
        "zext" => Op::Zext(body.value(cursor)?),
        "sext" => Op::Sext(body.value(cursor)?),
        "trunc" => Op::Trunc(body.value(cursor)?),
        "cmp" => {
            let word = cursor.word()?;
            let Some(cond) = CONDS.into_iter().find(|c| print::cond_name(*c) == word) else {
                return cursor.error(format!("unknown condition '{word}'"));
            };
            let (a, b) = body.two(cursor)?;
            Op::Cmp(cond, a, b)
        }
        "select" => {
            let cond = body.value(cursor)?;
            cursor.expect(',')?;
            let (a, b) = body.two(cursor)?;
            Op::Select(cond, a, b)
        }
        "load" => {
            let access = access(cursor);
            Op::Load(body.at(cursor)?, access)
        }
        "store" => {
            let access = access(cursor);
            let addr = body.at(cursor)?;
            cursor.expect(',')?;
            Op::Store(addr, body.value(cursor)?, access)
        }
        "call" => {
            let callee = match cursor.peek() {
                Some(Token::Number(_)) => Callee::Abs(cursor.in_range()?),
                _ => Callee::Func(body.names.func(cursor)?),
            };
            Op::Call(callee, cursor.list(|c| body.value(c))?)
        }
        "rt" => {
            let word = cursor.word()?;
            let Some(rt) = Rt::named(&word) else {
                return cursor.error(format!("no run-time routine '{word}'"));
            };
            Op::Rt(rt, cursor.list(|c| body.value(c))?)
        }
        "copy" => {
            let access = access(cursor);
            let dst = body.at(cursor)?;
            cursor.expect(',')?;
            let src = body.at(cursor)?;
            cursor.expect(',')?;
            Op::Copy { dst, src, len: cursor.in_range()?, access }
        }
        "fill" => {
            let access = access(cursor);
            let dst = body.at(cursor)?;
            cursor.expect(',')?;
            let value = body.value(cursor)?;
            cursor.expect(',')?;
            Op::Fill { dst, value, len: cursor.in_range()?, access }
        }
        "asm" => Op::Asm(Box::new(asm(cursor, body)?)),
        "sei" => Op::Sei,
        "cli" => Op::Cli,
        "nop" => Op::Nop(cursor.in_range()?),
        _ => return cursor.error(format!("unknown operation '{word}'")),
    })
}

fn asm(cursor: &mut Cursor, body: &mut Body) -> Result<AsmBlock, TextError> {
    let text = cursor.string()?.into();
    cursor.expect_word("module")?;
    let module = cursor.string()?.into();
    let lowercase = cursor.eat_word("lowercase");
    let mut args = Vec::new();
    if cursor.eat_word("with") {
        loop {
            let name = cursor.string()?.into();
            cursor.expect('=')?;
            let arg = if cursor.eat_word("const") {
                AsmArg::Const(cursor.number()?)
            } else {
                cursor.expect_word("addr")?;
                let addr = body.place(cursor)?;
                AsmArg::Addr(addr.base, addr.offset)
            };
            args.push((name, arg));
            if !cursor.eat(',') {
                break;
            }
        }
    }
    Ok(AsmBlock { text, args, lowercase, module, span: None })
}
