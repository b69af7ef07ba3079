//! The meaning of the run-time routines, for the interpreter and for folding calls of constants.
//!
//! In: a routine and its operands. Out: its result and its effects on the machine. The routines in
//! `asm/` do the same.

use std::cmp::Ordering;

use crate::c64::{fixed, float, petscii};
use crate::mir::interp::{Event, Machine, Outcome};
use crate::mir::ir::Ty;
use crate::mir::rt::Rt;

/// The buffer of the `rt_str_…` routines.
const TEXT_BUFFER: u16 = 0x1f00;

/// Computes a routine without effects; `None` for the others.
pub fn pure(rt: Rt, args: &[u32]) -> Option<u32> {
    let arg = |i: usize| args.get(i).copied().unwrap_or(0);
    let (a, b) = (arg(0), arg(1));
    let (word_a, word_b) = (Ty::I16.signed(a), Ty::I16.signed(b));
    Some(match rt {
        Rt::FAdd => float::add(a, b),
        Rt::FSub => float::sub(a, b),
        Rt::FMul => float::mul(a, b),
        Rt::FDiv => float::div(a, b),
        Rt::FNeg => float::neg(a),
        Rt::FAbs => float::abs(a),
        Rt::FCmp => ordering(float::compare(a, b)),
        Rt::FFromU16 | Rt::FFromU32 => float::from_fixed(a.into(), 0),
        Rt::FFromI16 => float::from_fixed(word_a.into(), 0),
        Rt::FFromI32 => float::from_fixed((a as i32).into(), 0),
        Rt::FFromF16 => float::from_fixed(word_a.into(), 8),
        Rt::FFromF32 => float::from_fixed((a as i32).into(), 16),
        Rt::FToI32 => float::to_fixed(a, 0) as u32,
        Rt::FToF16 => float::to_fixed(a, 8) as u32 & 0xffff,
        Rt::FToF32 => float::to_fixed(a, 16) as u32,
        Rt::F16Mul => fixed::mul(word_a, word_b, 8) as u32 & 0xffff,
        Rt::F16Div => fixed::div(word_a, word_b, 8) as u32 & 0xffff,
        Rt::F32Mul => fixed::mul(a as i32, b as i32, 16) as u32,
        Rt::F32Div => fixed::div(a as i32, b as i32, 16) as u32,
        _ => return None,
    })
}

fn ordering(order: Ordering) -> u32 {
    match order {
        Ordering::Less => 0xff,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

impl Machine<'_> {
    /// Runs a routine; the result is 0 when it has none.
    pub(super) fn routine(&mut self, rt: Rt, args: &[u32]) -> Result<u32, Outcome> {
        if let Some(result) = pure(rt, args) {
            return Ok(result);
        }
        if let Some(text) = self.number_text(rt, args) {
            return Ok(self.number(rt, text));
        }
        let arg = |i: usize| args.get(i).copied().unwrap_or(0);
        let place = |i: usize| arg(i) as u16;
        match rt {
            Rt::StrDecimals => {
                let text = self.string(TEXT_BUFFER);
                self.set_string(TEXT_BUFFER, &cut_decimals(&text, arg(0) as usize));
                return Ok(TEXT_BUFFER.into());
            }
            Rt::PrintChar => self.print(vec![arg(0) as u8]),
            Rt::PrintStr => self.print(self.string(place(0))),
            Rt::GetKey => {
                self.trace.push(Event::Rt(rt));
                return Ok(self.input.pop_front().unwrap_or(0).into());
            }
            Rt::WaitKey => {
                self.trace.push(Event::Rt(rt));
                return self.input.pop_front().map(u32::from).ok_or(Outcome::NoInput);
            }
            Rt::StrCopy => self.set_string(place(0), &self.string(place(1))),
            Rt::StrAppend => self.append(place(0), &self.string(place(1))),
            Rt::StrAppendChar => self.append(place(0), &[arg(1) as u8]),
            Rt::StrAppendRepeat => {
                let text = self.string(place(1));
                (0..arg(2)).for_each(|_| self.append(place(0), &text));
            }
            Rt::StrCmp => return Ok(ordering(self.string(place(0)).cmp(&self.string(place(1))))),
            Rt::MemMove => {
                let bytes = self.read_bytes(place(1), arg(2) as usize);
                self.write_bytes(place(0), &bytes);
            }
            Rt::MemFill => self.fill(place(0), &[arg(1) as u8], arg(2)),
            Rt::MemFill16 => self.fill(place(0), &(arg(1) as u16).to_le_bytes(), arg(2)),
            Rt::MemFill32 => self.fill(place(0), &arg(1).to_le_bytes(), arg(2)),
            Rt::BlockCopy => {
                // Every row is read before any is written: the result that overlap must have.
                let (width, height) = (arg(4) as usize, arg(5) as u16);
                let row = |start: u16, stride: u16, i: u16| start.wrapping_add(stride.wrapping_mul(i));
                let rows: Vec<_> =
                    (0..height).map(|i| self.read_bytes(row(place(2), place(3), i), width)).collect();
                for (i, bytes) in rows.iter().enumerate() {
                    self.write_bytes(row(place(0), place(1), i as u16), bytes);
                }
            }
            Rt::GetRaster => {
                self.trace.push(Event::Rt(rt));
                return Ok(self.next_raster().into());
            }
            Rt::StackLow => return Ok(0),
            Rt::Fail => return Err(Outcome::Failed(self.string(place(0)))),
            _ => self.trace.push(Event::Rt(rt)),
        }
        Ok(0)
    }

    /// The text of a number, for routines that print one or put one into the buffer.
    fn number_text(&self, rt: Rt, args: &[u32]) -> Option<String> {
        let a = args.first().copied().unwrap_or(0);
        Some(match rt {
            Rt::StrU8 | Rt::PrintU8 | Rt::StrU16 | Rt::PrintU16 | Rt::StrU32 | Rt::PrintU32 => a.to_string(),
            Rt::StrI8 | Rt::PrintI8 => Ty::I8.signed(a).to_string(),
            Rt::StrI16 | Rt::PrintI16 => Ty::I16.signed(a).to_string(),
            Rt::StrI32 | Rt::PrintI32 => Ty::I32.signed(a).to_string(),
            Rt::StrFloat | Rt::PrintFloat => float::to_text(a),
            Rt::StrF16 | Rt::PrintF16 => fixed::to_text(Ty::I16.signed(a), 8),
            Rt::StrF32 | Rt::PrintF32 => fixed::to_text(a as i32, 16),
            Rt::StrBool | Rt::PrintBool => if a != 0 { "True" } else { "False" }.to_string(),
            _ => return None,
        })
    }

    fn number(&mut self, rt: Rt, text: String) -> u32 {
        let lowercase = self.program.env.lowercase;
        let bytes: Vec<u8> = text.chars().filter_map(|c| petscii::petscii(c, lowercase)).collect();
        if rt.ret().is_none() {
            self.print(bytes);
            return 0;
        }
        self.set_string(TEXT_BUFFER, &bytes);
        TEXT_BUFFER.into()
    }

    fn print(&mut self, bytes: Vec<u8>) {
        self.output.extend(&bytes);
        self.trace.push(Event::Printed(bytes));
    }

    fn string(&self, address: u16) -> Vec<u8> {
        let len = self.read(address);
        self.read_bytes(address.wrapping_add(1), len.into())
    }

    fn set_string(&mut self, address: u16, text: &[u8]) {
        self.write(address, text.len() as u8);
        self.write_bytes(address.wrapping_add(1), text);
    }

    fn append(&mut self, address: u16, text: &[u8]) {
        let mut len = self.read(address);
        for &byte in text {
            len = len.wrapping_add(1);
            self.write(address.wrapping_add(len.into()), byte);
        }
        self.write(address, len);
    }

    fn fill(&mut self, address: u16, element: &[u8], count: u32) {
        for i in 0..count {
            self.write_bytes(address.wrapping_add((i as u16).wrapping_mul(element.len() as u16)), element);
        }
    }
}

/// Cuts the text of a number off after `decimals` decimals, or fills with zeros. An exponent stays.
fn cut_decimals(text: &[u8], decimals: usize) -> Vec<u8> {
    let is_exponent = |b: &u8| !b.is_ascii_digit() && !matches!(b, b'-' | b'.');
    let end = text.iter().position(is_exponent).unwrap_or(text.len());
    let (number, exponent) = text.split_at(end);
    let point = number.iter().position(|&b| b == b'.').unwrap_or(number.len());
    let mut out = number[..point].to_vec();
    if decimals > 0 {
        let digits = number.get(point + 1..).unwrap_or_default().iter().copied();
        out.push(b'.');
        out.extend(digits.chain(std::iter::repeat(b'0')).take(decimals));
    }
    out.extend(exponent);
    out.truncate(255);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::interp::{Config, run};
    use crate::mir::text;

    fn output(body: &str) -> String {
        let program = format!(
            "global @s bss 40\nglobal @t const 4 = bytes \"03414243\"\nentry @main\nfunc @main() {{\nb0:\n{body}\n return\n}}"
        );
        let run = run(&text::parse(&program).unwrap(), &Config::default());
        assert_eq!(run.outcome, Outcome::Returned(None));
        String::from_utf8(run.output).unwrap()
    }

    #[test]
    fn numbers_print_as_the_language_says() {
        let text = "v0: i8 = const -7\n rt rt_print_i8(v0)\n rt rt_print_u8(v0)\n rt rt_print_bool(v0)\n \
                    v1: i32 = const -1\n rt rt_print_u32(v1)\n v2: i16 = const 896\n rt rt_print_f16(v2)";
        assert_eq!(output(text), "-7249TRUE42949672953.5");
    }

    #[test]
    fn strings_are_built_and_compared() {
        let text = "v0: i16 = addr [@s]\n v1: i16 = addr [@t]\n v2: i8 = const 2\n rt rt_str_copy(v0, v1)\n \
                    rt rt_str_append_repeat(v0, v1, v2)\n v3: i8 = const 33\n rt rt_str_append_char(v0, v3)\n \
                    rt rt_print_str(v0)\n v4: i8 = rt rt_str_cmp(v1, v0)\n rt rt_print_i8(v4)";
        assert_eq!(output(text), "ABCABCABC!-1");
    }

    #[test]
    fn decimals_are_cut_or_filled() {
        let cut = |text: &str, n| String::from_utf8(cut_decimals(text.as_bytes(), n)).unwrap();
        assert_eq!(cut("3.14159", 2), "3.14");
        assert_eq!(cut("-42", 3), "-42.000");
        assert_eq!(cut("3.9", 0), "3");
        assert_eq!(cut("1.5E+10", 2), "1.50E+10");
    }

    #[test]
    fn overlapping_areas_are_copied_right() {
        let text = "v0: i16 = addr [@t + 1]\n v1: i16 = addr [@t + 2]\n v2: i16 = const 2\n \
                    rt rt_mem_move(v1, v0, v2)\n v3: i16 = addr [@t]\n rt rt_print_str(v3)";
        assert_eq!(output(text), "AAB");
    }
}
