//! Instructions: from mnemonic and operand as written to addressing mode, item and facts.
//!
//! A number below $100 takes the zero-page form where there is one, a symbol when it is known to
//! lie there; one that is not known yet stays absolute and `obj::emit` may shorten it, unless the
//! text measures distances between labels. `.z`/`.zp` and `.a`/`.abs` behind the mnemonic force it.

use crate::assembler::AsmError;
use crate::assembler::assemble::{Walk, global_of, size};
use crate::assembler::ast::{self, Expr};
use crate::assembler::expr::{Lookup, Value, eval};
use crate::assembler::{Facts, Touch};
use crate::base::suggest;
use crate::mos::effects::{self, Effects};
use crate::mos::encode;
use crate::mos::inst::{Mnemonic, Mode};
use crate::mos::item::{Inst, Item, Operand, Part, Symbol};
use std::collections::BTreeMap;
use std::ops::Range;

/// What the suffix of a mnemonic demands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    No,
    ZeroPage,
    Absolute,
}

impl Walk<'_> {
    pub(super) fn instruction(
        &mut self,
        name: &str,
        name_range: &Range<usize>,
        suffix: Option<&(String, Range<usize>)>,
        operand: &ast::Operand,
        range: &Range<usize>,
    ) {
        let Some(mnemonic) = Mnemonic::parse(name) else {
            let known = Mnemonic::ALL.iter().map(|m| m.text());
            let mut error = AsmError::new(name_range.clone(), format!("Unknown instruction '{name}'"));
            error.help = suggest::did_you_mean(&name.to_lowercase(), known);
            return self.error(error);
        };
        let force = match suffix.map(|(text, range)| (text.as_str(), range)) {
            None => Force::No,
            Some(("z" | "zp", _)) => Force::ZeroPage,
            Some(("a" | "abs", _)) => Force::Absolute,
            Some((text, range)) => {
                let error = AsmError::new(range.clone(), format!("Unknown mode '.{text}'"));
                return self.error(error.help("Use .z for zero page or .a for absolute addressing."));
            }
        };
        let (modes, expr): (&[Mode], Option<&Expr>) = match operand {
            ast::Operand::None => (&[Mode::Implied, Mode::Accumulator], None),
            ast::Operand::A(_) => (&[Mode::Accumulator], None),
            ast::Operand::Immediate(e) => (&[Mode::Immediate], Some(e)),
            ast::Operand::Direct(e) => (&[Mode::ZeroPage, Mode::Absolute, Mode::Relative], Some(e)),
            ast::Operand::X(e) => (&[Mode::ZeroPageX, Mode::AbsoluteX], Some(e)),
            ast::Operand::Y(e) => (&[Mode::ZeroPageY, Mode::AbsoluteY], Some(e)),
            ast::Operand::Indirect(e) => (&[Mode::Indirect], Some(e)),
            ast::Operand::IndirectX(e) => (&[Mode::IndexedIndirect], Some(e)),
            ast::Operand::IndirectY(e) => (&[Mode::IndirectIndexed], Some(e)),
        };
        // `asl a` needs no label `a`, but `lda a` may mean one.
        if let ast::Operand::A(range) = operand
            && encode::find(mnemonic, Mode::Accumulator).is_none()
        {
            let expr = Expr { range: range.clone(), kind: ast::ExprKind::Name("a".into()) };
            let direct = ast::Operand::Direct(expr);
            return self.instruction(name, name_range, suffix, &direct, range);
        }
        let mut possible = modes.iter().copied().filter(|mode| encode::find(mnemonic, *mode).is_some());
        let Some(first) = possible.next() else {
            return self.no_mode(mnemonic, operand, range);
        };
        let Some(expr) = expr else {
            return self.emit(Inst { mnemonic, mode: first, operand: None, exact: true }, range);
        };
        let Some(value) = eval(expr, self) else { return };
        let second = possible.next();
        let mode = match (second, force) {
            (None, Force::No) => first,
            (None, Force::ZeroPage) if first.absolute().is_some() => first,
            (None, Force::Absolute) if first.zero_page().is_some() => first,
            (None, _) => return self.fail(range, format!("'{mnemonic}' has no such form for this operand")),
            (Some(_), Force::ZeroPage) => first,
            (Some(long), Force::Absolute) => long,
            (Some(long), Force::No) => choose(&value, first, long),
        };
        let shortened_later = force == Force::No && second.is_some();
        if let Some(operand) = self.checked(value, mode, &expr.range) {
            let inst = Inst { mnemonic, mode, operand: Some(operand), exact: !shortened_later };
            self.emit(inst, range);
        }
    }

    fn no_mode(&mut self, mnemonic: Mnemonic, operand: &ast::Operand, range: &Range<usize>) {
        let what = match operand {
            ast::Operand::None | ast::Operand::A(_) => format!("'{mnemonic}' needs an operand"),
            ast::Operand::Immediate(_) => format!("'{mnemonic}' cannot take an immediate value"),
            _ if encode::modes_of(mnemonic).all(|m| m.operand_bytes() == 0) => {
                format!("'{mnemonic}' takes no operand")
            }
            _ => format!("'{mnemonic}' has no such addressing mode"),
        };
        let modes: Vec<String> = encode::modes_of(mnemonic)
            .map(|mode| format!("{mnemonic} {}", mode.notation(sample(mode))).trim_end().to_string())
            .collect();
        self.error(AsmError::new(range.clone(), what).help(format!("Possible: {}.", modes.join(", "))));
    }

    /// The operand of an instruction, if its value fits the mode.
    fn checked(&mut self, value: Value, mode: Mode, range: &Range<usize>) -> Option<Operand> {
        let value = match value {
            Value::Text(text) if text.chars().count() == 1 => {
                let c = text.chars().next().unwrap_or(' ');
                Value::Number(i64::from(self.character(c, range)?))
            }
            value => value,
        };
        match value {
            Value::Text(_) => {
                self.fail(range, "An operand is a number or an address, not a string");
                None
            }
            Value::Number(n) => {
                let (least, most) = match mode {
                    Mode::Immediate => (-128, 255),
                    Mode::Relative => (0, 0xffff),
                    mode if mode.operand_bytes() == 2 => (0, 0xffff),
                    _ => (0, 0xff),
                };
                if (least..=most).contains(&n) {
                    return Some(Operand::number(n as i32));
                }
                let kind = match mode {
                    Mode::Immediate => "one byte",
                    mode if mode.operand_bytes() == 2 => "an address",
                    Mode::Relative => "an address",
                    _ => "a zero-page address",
                };
                let error = AsmError::new(range.clone(), format!("The value {n} does not fit {kind}"));
                let help = (mode == Mode::Immediate).then(|| "Take one byte of it with < or >.".to_string());
                self.error(AsmError { help, ..error });
                None
            }
            Value::Address { part: Part::Word, .. } if mode == Mode::Immediate => {
                let error = AsmError::new(range.clone(), "An address does not fit one byte");
                self.error(error.help("Take its low byte with #< or its high byte with #>."));
                None
            }
            Value::Address { part: Part::Word, zero_page: Some(false), .. }
                if mode.operand_bytes() == 1 && mode != Mode::Relative =>
            {
                self.fail(range, "This address does not lie in the zero page");
                None
            }
            Value::Address { symbol, addend, part, .. } => {
                let Ok(addend) = i32::try_from(addend) else {
                    self.fail(range, "The address is out of range");
                    return None;
                };
                Some(Operand { symbol: Some(symbol), addend, part })
            }
        }
    }

    fn emit(&mut self, inst: Inst, range: &Range<usize>) {
        if inst.mode == Mode::Relative {
            self.branches.push((self.out.items.len(), range.clone()));
        }
        note(&inst, &mut self.out.facts);
        let bytes = 1 + usize::from(inst.mode.operand_bytes());
        self.push(Item::Inst(inst), bytes);
    }

    /// Fixes sizes where distances were measured, then reports branches that cannot reach.
    pub(super) fn check_branches(&mut self) {
        if self.used_distances {
            for item in &mut self.out.items {
                if let Item::Inst(inst) = item {
                    inst.exact = true;
                }
            }
        }
        self.note_flow();
        // An operand that may still be shortened counts as short, so that only certain faults are
        // reported here; `obj::emit` checks again.
        let mut at = 0;
        let mut offsets = BTreeMap::new();
        let mut ends = BTreeMap::new();
        for (i, item) in self.out.items.iter().enumerate() {
            match item {
                Item::Label(label) => {
                    offsets.insert(*label, at);
                }
                Item::Align(_) => return,
                _ => {}
            }
            at += match item {
                Item::Inst(inst) if !inst.exact && may_shorten(inst) => 2,
                item => size(item),
            };
            ends.insert(i, at);
        }
        for (item, range) in std::mem::take(&mut self.branches) {
            let Some(Operand { symbol: Some(Symbol::Local(label)), addend, .. }) =
                self.out.items[item].operand()
            else {
                continue;
            };
            let (Some(target), Some(end)) = (offsets.get(label), ends.get(&item)) else { continue };
            let distance = target + i64::from(*addend) - end;
            if !(-128..=127).contains(&distance) {
                let message = format!("The branch target is out of range: {distance} bytes away");
                let help = "A branch reaches from -128 to 127. Use the opposite branch over a jmp.";
                self.error(AsmError::new(range, message).help(help));
                // Emission shall not report it again.
                if let Item::Inst(inst) = &mut self.out.items[item] {
                    inst.exact = false;
                }
            }
        }
    }

    fn note_flow(&mut self) {
        let last = self.out.items.iter().rev().find(|i| !matches!(i, Item::Source(_)));
        self.out.facts.ends_flow = matches!(last, Some(Item::Inst(inst)) if inst.mnemonic.ends_flow());
    }
}

fn sample(mode: Mode) -> &'static str {
    match mode {
        Mode::Relative => "label",
        Mode::Immediate => "value",
        mode if mode.operand_bytes() == 2 => "$1234",
        _ => "$12",
    }
}

fn may_shorten(inst: &Inst) -> bool {
    let global = matches!(&inst.operand, Some(Operand { symbol: Some(Symbol::Global(_)), .. }));
    global && inst.mode.zero_page().is_some_and(|mode| encode::find(inst.mnemonic, mode).is_some())
}

/// Zero page or absolute for an instruction that has both.
fn choose(value: &Value, short: Mode, long: Mode) -> Mode {
    let fits = match value {
        Value::Number(n) => (0..256).contains(n),
        Value::Address { part, zero_page, .. } => *part != Part::Word || *zero_page == Some(true),
        Value::Text(_) => true,
    };
    if fits { short } else { long }
}

/// Notes what the instruction does to memory.
fn note(inst: &Inst, facts: &mut Facts) {
    let (reads, writes) =
        (effects::reads(inst.mnemonic, inst.mode), effects::writes(inst.mnemonic, inst.mode));
    let Some(operand) = &inst.operand else {
        facts.anything |= matches!(inst.mnemonic, Mnemonic::Brk);
        return;
    };
    let global = operand.symbol.as_ref().and_then(global_of);
    let jump = matches!(inst.mnemonic, Mnemonic::Jmp | Mnemonic::Jsr) || inst.mode == Mode::Relative;
    if jump && !matches!(operand.symbol, Some(Symbol::Local(_))) {
        facts.anything = true;
    }
    if jump || operand.part != Part::Word {
        facts.addresses.extend(global.cloned());
    }
    let number = operand.as_number().and_then(|n| u8::try_from(n).ok());
    let pointer = matches!(inst.mode, Mode::IndexedIndirect | Mode::IndirectIndexed);
    if inst.mode == Mode::Immediate || jump && inst.mode != Mode::Indirect {
        return;
    }
    if pointer || inst.mode == Mode::Indirect {
        facts.anything = true;
    }
    if let Some(address) = number {
        facts.zero_page.insert(address);
        if pointer || inst.mode == Mode::Indirect {
            facts.zero_page.insert(address.wrapping_add(1));
        }
    } else if pointer {
        facts.must_be_zero_page.extend(global.cloned());
    }
    let indexed = matches!(
        inst.mode,
        Mode::ZeroPageX | Mode::ZeroPageY | Mode::AbsoluteX | Mode::AbsoluteY | Mode::IndexedIndirect
    );
    let (read, written) = if pointer || inst.mode == Mode::Indirect {
        (true, false)
    } else {
        (reads.contains(Effects::MEMORY), writes.contains(Effects::MEMORY))
    };
    facts.touches.push(Touch { place: operand.clone(), indexed, read, written });
}
