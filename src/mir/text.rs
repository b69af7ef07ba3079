//! Reads the text form of a program that `print.rs` writes.
//!
//! In: any text. Out: a program, or the first error with its line. Values and blocks are numbered
//! anew in the order of their definitions.
//! Not here: whether the program makes sense; that is `verify.rs`. Operations: `text_op.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::index::{Id, IndexVec};
use crate::mir::ir::{
    Base, Block, BlockId, Func, FuncId, FuncKind, Global, GlobalId, GlobalKind, Init, Program, Slot, Ty,
};
use crate::mir::print;
use crate::mir::rewrite;
pub use crate::mir::text_lex::TextError;
use crate::mir::text_lex::{self, Line, Token};
use crate::mir::text_op::{self, Body};

/// Reads a program.
pub fn parse(text: &str) -> Result<Program, TextError> {
    let lines = text_lex::lines(text)?;
    let names = Names::collect(&lines)?;
    let mut program = Program::default();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let mut cursor = Cursor::new(line);
        let item = cursor.word()?;
        match item.as_str() {
            "env" => environment(&mut cursor, &mut program)?,
            "global" => drop(program.globals.push(global(&mut cursor, &names)?)),
            "entry" => program.entry = Some(names.func(&mut cursor)?),
            "init" => program.init.push(names.func(&mut cursor)?),
            "extern" => {
                cursor.expect_word("func")?;
                program.funcs.push(header(&mut cursor)?);
            }
            "func" => {
                let mut func = header(&mut cursor)?;
                cursor.expect('{')?;
                let end = lines[at..].iter().position(|l| l.tokens == [Token::Punct('}')]);
                let Some(end) = end else {
                    return cursor.error("function without closing '}'");
                };
                body(&mut func, &lines[at..at + end], line.number, &names)?;
                program.funcs.push(func);
                at += end + 1;
            }
            _ => return cursor.error(format!("unknown item '{item}'")),
        }
        cursor.end()?;
    }
    Ok(program)
}

/// The ids of all functions and globals, so that they can be used before their definition.
#[derive(Default)]
pub(super) struct Names {
    funcs: HashMap<String, FuncId>,
    globals: HashMap<String, GlobalId>,
}

impl Names {
    fn collect(lines: &[Line]) -> Result<Names, TextError> {
        let mut names = Names::default();
        for line in lines {
            let first_word = |i: usize| match line.tokens.get(i) {
                Some(Token::Word(word)) => word.as_str(),
                _ => "",
            };
            let (new, name) = match (first_word(0), first_word(1)) {
                ("func", _) => (add(&mut names.funcs, line.tokens.get(1)), 1),
                ("extern", "func") => (add(&mut names.funcs, line.tokens.get(2)), 2),
                ("global", _) => (add(&mut names.globals, line.tokens.get(1)), 1),
                _ => continue,
            };
            if !new {
                let what = line.tokens.get(name).map_or("name".into(), Token::to_string);
                return Cursor::new(line).error(format!("{what} is missing or defined twice"));
            }
        }
        Ok(names)
    }

    /// Reads the name of a function.
    pub(super) fn func(&self, cursor: &mut Cursor) -> Result<FuncId, TextError> {
        let name = cursor.name()?;
        match self.funcs.get(&name) {
            Some(&id) => Ok(id),
            None => cursor.error(format!("no function '@{name}'")),
        }
    }

    /// Reads the name of a global.
    pub(super) fn global(&self, cursor: &mut Cursor) -> Result<GlobalId, TextError> {
        let name = cursor.name()?;
        match self.globals.get(&name) {
            Some(&id) => Ok(id),
            None => cursor.error(format!("no global '@{name}'")),
        }
    }
}

fn add<I: Id>(table: &mut HashMap<String, I>, name: Option<&Token>) -> bool {
    let Some(Token::Name(name)) = name else { return false };
    let id = I::new(table.len());
    table.insert(name.clone(), id).is_none()
}

fn environment(cursor: &mut Cursor, program: &mut Program) -> Result<(), TextError> {
    let env = &mut program.env;
    while let Some(word) = cursor.any_word() {
        match word.as_str() {
            "kernal" => env.kernal = true,
            "lowercase" => env.lowercase = true,
            "noreturn" => env.noreturn = true,
            "origin" => env.origin = Some(cursor.in_range()?),
            "charset_rom" => env.charset_rom = Some(cursor.in_range()?),
            "cartridge" => env.cartridge = true,
            _ => return cursor.error(format!("unknown environment word '{word}'")),
        }
    }
    Ok(())
}

fn global(cursor: &mut Cursor, names: &Names) -> Result<Global, TextError> {
    let name = cursor.name()?;
    let word = cursor.word()?;
    let kinds = [GlobalKind::Const, GlobalKind::Data, GlobalKind::Bss, GlobalKind::Mapped];
    let Some(kind) = kinds.into_iter().find(|k| print::global_kind(*k) == word) else {
        return cursor.error(format!("unknown kind of global '{word}'"));
    };
    let mut global = Global::new(name, kind, cursor.in_range()?);
    while let Some(word) = cursor.any_word() {
        match word.as_str() {
            "external" => global.external = true,
            "exported" => global.exported = true,
            "keep" => global.keep = true,
            "escapes" => global.escapes = true,
            "fixed" => global.fixed = Some(cursor.in_range()?),
            "highest" => global.highest = Some(cursor.in_range()?),
            "pitch" => global.pitch = cursor.in_range()?,
            _ => return cursor.error(format!("unknown property '{word}' of a global")),
        }
    }
    if cursor.eat('=') {
        loop {
            global.init.push(init(cursor, names)?);
            if !cursor.eat(',') {
                break;
            }
        }
    }
    Ok(global)
}

fn init(cursor: &mut Cursor, names: &Names) -> Result<Init, TextError> {
    if cursor.eat_word("bytes") {
        let text = cursor.string()?;
        let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
        let Some(digits) = digits.filter(|d| d.len() % 2 == 0) else {
            return cursor.error("bytes are pairs of hexadecimal digits");
        };
        return Ok(Init::Bytes(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()));
    }
    cursor.expect_word("addr")?;
    let base = if cursor.eat_word("fn") {
        Base::Func(names.func(cursor)?)
    } else {
        Base::Global(names.global(cursor)?)
    };
    Ok(Init::Addr(base, cursor.offset()?))
}

/// `@name(types) [-> type] properties`.
fn header(cursor: &mut Cursor) -> Result<Func, TextError> {
    let name = cursor.name()?;
    let params = cursor.list(Cursor::ty)?;
    let ret = if cursor.eat('>') { Some(cursor.ty()?) } else { None };
    let mut func = Func::new(name, params, ret);
    let kinds = [FuncKind::Naked, FuncKind::Irq, FuncKind::IrqRaw, FuncKind::IrqHook];
    while let Some(word) = cursor.any_word() {
        match word.as_str() {
            "exported" => func.exported = true,
            "noinline" => func.noinline = true,
            "atomic" => func.atomic = true,
            "relocate" => func.relocate = Some(cursor.in_range()?),
            _ => match kinds.into_iter().find(|k| print::func_kind(*k) == word) {
                Some(kind) => func.kind = kind,
                None => return cursor.error(format!("unknown property '{word}' of a function")),
            },
        }
    }
    Ok(func)
}

fn body(func: &mut Func, lines: &[Line], first: usize, names: &Names) -> Result<(), TextError> {
    let mut body = Body::new(names);
    let mut blocks: IndexVec<BlockId, Block> = IndexVec::new();
    // Labels first, since blocks are named before they are defined.
    for line in lines {
        if let Some(Token::Word(word)) = line.tokens.first()
            && line.tokens.last() == Some(&Token::Punct(':'))
            && !body.add_block(word)
        {
            return Cursor::new(line).error(format!("block '{word}' is defined twice"));
        }
    }
    let mut ended = true;
    for line in lines {
        let mut cursor = Cursor::new(line);
        if line.tokens.last() == Some(&Token::Punct(':')) {
            if !ended {
                return cursor.error("the block before has no end");
            }
            cursor.word()?;
            let params = match cursor.peek() {
                Some(Token::Punct('(')) => cursor.list(|c| body.define(func, c))?,
                _ => Vec::new(),
            };
            cursor.expect(':')?;
            blocks.push(Block { params, ..Block::default() });
            ended = false;
        } else if cursor.eat_word("slot") {
            if !blocks.is_empty() {
                return cursor.error("a slot after the first block");
            }
            let word = cursor.word()?;
            let name: Arc<str> = cursor.string()?.into();
            if !body.add_slot(&word) {
                return cursor.error(format!("slot '{word}' is defined twice"));
            }
            func.slots.push(Slot { name, size: cursor.in_range()? });
        } else {
            let block = match blocks.ids().next_back() {
                Some(block) if !ended => &mut blocks[block],
                _ => return cursor.error("expected a block"),
            };
            match text_op::term(&mut cursor, &mut body)? {
                Some(term) => {
                    block.term = term;
                    ended = true;
                }
                None => block.insts.push(text_op::inst(&mut cursor, func, &mut body)?),
            }
        }
        cursor.end()?;
    }
    let end = lines.last().map_or(first, |l| l.number) + 1;
    if !ended || blocks.is_empty() {
        return Err(TextError { line: end, message: "the last block has no end".into() });
    }
    if let Some(name) = body.undefined() {
        return Err(TextError { line: end, message: format!("value '{name}' is not defined") });
    }
    func.blocks = blocks;
    func.values = body.types;
    rewrite::compact_values(func);
    Ok(())
}

/// A place in the tokens of a line.
pub(super) struct Cursor<'a> {
    line: &'a Line,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(line: &'a Line) -> Self {
        Self { line, at: 0 }
    }

    pub(super) fn error<T>(&self, message: impl Into<String>) -> Result<T, TextError> {
        Err(TextError { line: self.line.number, message: message.into() })
    }

    fn expected<T>(&self, what: &str) -> Result<T, TextError> {
        let found = self.peek().map_or("the end of the line".into(), Token::to_string);
        self.error(format!("expected {what}, found {found}"))
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.line.tokens.get(self.at)
    }

    /// The token after the next one.
    pub(super) fn peek_second(&self) -> Option<&'a Token> {
        self.line.tokens.get(self.at + 1)
    }

    pub(super) fn end(&self) -> Result<(), TextError> {
        if self.peek().is_none() { Ok(()) } else { self.expected("the end of the line") }
    }

    pub(super) fn eat(&mut self, punct: char) -> bool {
        let found = self.peek() == Some(&Token::Punct(punct));
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, punct: char) -> Result<(), TextError> {
        if self.eat(punct) { Ok(()) } else { self.expected(&Token::Punct(punct).to_string()) }
    }

    pub(super) fn any_word(&mut self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Some(word.clone())
            }
            _ => None,
        }
    }

    pub(super) fn word(&mut self) -> Result<String, TextError> {
        self.any_word().map_or_else(|| self.expected("a word"), Ok)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w == word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), TextError> {
        if self.eat_word(word) { Ok(()) } else { self.expected(&format!("'{word}'")) }
    }

    fn name(&mut self) -> Result<String, TextError> {
        match self.peek() {
            Some(Token::Name(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            _ => self.expected("a name with '@'"),
        }
    }

    pub(super) fn string(&mut self) -> Result<String, TextError> {
        match self.peek() {
            Some(Token::Str(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => self.expected("a string"),
        }
    }

    /// A number with an optional sign.
    pub(super) fn number(&mut self) -> Result<i64, TextError> {
        let negative = self.eat('-');
        match self.peek() {
            Some(Token::Number(n)) => {
                self.at += 1;
                Ok(if negative { -n } else { *n })
            }
            _ => self.expected("a number"),
        }
    }

    /// A number that fits the type.
    pub(super) fn in_range<T: TryFrom<i64>>(&mut self) -> Result<T, TextError> {
        let number = self.number()?;
        T::try_from(number).or_else(|_| self.error(format!("{number} is out of range")))
    }

    /// `+ n`, `- n` or nothing.
    pub(super) fn offset(&mut self) -> Result<i32, TextError> {
        let plus = self.eat('+');
        if plus || self.peek() == Some(&Token::Punct('-')) { self.in_range() } else { Ok(0) }
    }

    pub(super) fn ty(&mut self) -> Result<Ty, TextError> {
        let types = [Ty::I1, Ty::I8, Ty::I16, Ty::I32];
        match self.peek() {
            Some(Token::Word(word)) if types.iter().any(|t| print::ty(*t) == word) => {
                self.at += 1;
                Ok(types.into_iter().find(|t| print::ty(*t) == word).unwrap_or(Ty::I8))
            }
            _ => self.expected("a type"),
        }
    }

    /// `(item, item, …)`.
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, TextError>,
    ) -> Result<Vec<T>, TextError> {
        self.expect('(')?;
        let mut items = Vec::new();
        if self.eat(')') {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if !self.eat(',') {
                break;
            }
        }
        self.expect(')')?;
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind of item, operation and block end.
    const SAMPLE: &str = r#"env kernal lowercase noreturn origin $c000 charset_rom $d000 cartridge
global @m.buf bss 100 escapes
global @vic mapped 1 external fixed $d020
global @"odd name" const 6 exported keep fixed $c000 = bytes "03ff", addr @m.buf + 3, addr fn @m.main
entry @m.main
init @m.setup

extern func @m.setup()

func @m.main() exported noinline relocate $c000 {
  slot s0 "a\\\"\n" 10
b0:
  v0: i16 = addr [s0 + 3]
  v1: i8 = load volatile [$d020]
  v2: i8 = load [v0 + v1 - 3]
  v3: i32 = const 4294967295
  store irqsafe [@m.buf + v1 + 2], v2
  v4: i16 = addr [fn @m.main]
  copy [$0400], [s0], 10
  fill volatile [$0400 + v1], v1, 10
  v5: i1 = cmp ult v1, v2
  branch v5, b1(v1), b2
b1(v6: i8):
  v7: i8 = shl v6, v0
  v8: i8 = select v5, v6, v7
  v9: i32 = sext v8
  v10: i8 = call @m.f(v8, v0)
  call $ffd2(v8)
  v11: i32 = rt rt_fadd(v3, v9)
  asm "lda #1 // \"x\"\x01" module "m" lowercase with "a" = addr s0 - 1, "b" = const -3
  sei
  nop 3
  cli
  jump b1(v8)
b2:
  return
}

func @m.f(i8, i16) -> i8 irq_raw {
b0(v0: i8, v1: i16):
  v2: i8 = neg v0
  v3: i8 = not v2
  v4: i16 = zext v3
  v5: i8 = trunc v4
  unreachable
}
"#;

    #[test]
    fn printing_what_was_read_gives_the_text() {
        let program = parse(SAMPLE).unwrap();
        assert_eq!(print::program(&program), SAMPLE);
    }

    #[test]
    fn values_are_numbered_anew() {
        let program = parse("func @f() -> i8 {\nb7:\n v9: i8 = const -1 # all ones\n return v9\n}").unwrap();
        assert_eq!(
            print::program(&program),
            "func @f() -> i8 {\nb0:\n  v0: i8 = const 255\n  return v0\n}\n"
        );
    }

    #[test]
    fn errors_name_the_line() {
        let message = |text: &str| parse(text).unwrap_err().to_string();
        let body = |text: &str| message(&format!("func @f() {{\n{text}\n}}"));
        assert_eq!(message("\nfunc @f( {"), "line 2: expected a type, found '{'");
        assert_eq!(message("func @f() {"), "line 1: function without closing '}'");
        assert_eq!(message("entry @f"), "line 1: no function '@f'");
        assert_eq!(message("extern func @f()\nfunc @f()"), "line 2: '@f' is missing or defined twice");
        assert_eq!(body("b0:"), "line 3: the last block has no end");
        assert_eq!(body(" return"), "line 2: expected a block");
        assert_eq!(body("b0:\n jump b1"), "line 3: no block 'b1'");
        assert_eq!(body("b0:\n return v3"), "line 4: value 'v3' is not defined");
        assert_eq!(body("b0:\n frob v3"), "line 3: unknown operation 'frob'");
        assert_eq!(body("b0:\n store [\"x"), "line 3: string without end");
    }

    #[test]
    fn no_prefix_of_a_program_panics() {
        for (end, _) in SAMPLE.char_indices() {
            let _ = parse(&SAMPLE[..end]);
        }
    }
}
