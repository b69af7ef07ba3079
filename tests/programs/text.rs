//! Random string values.

use super::types::Ty;
use super::{DEAREST_CALL, Gen};

/// The longest string that a function returns.
pub const LONGEST_RESULT: usize = 24;

impl Gen {
    /// A string value with the longest it can be, which is at most `limit`.
    pub fn text(&mut self, limit: usize) -> Option<(String, usize)> {
        let mut parts: Vec<String> = Vec::new();
        let mut longest = 0;
        for _ in 0..1 + self.r.below(3) {
            // Two characters alone would be added as numbers.
            let (part, len) = if !parts.is_empty() && self.r.one_in(4) {
                (self.expr(Ty::Char, 1), 1)
            } else {
                self.text_part()
            };
            if longest + len <= limit {
                longest += len;
                parts.push(part);
            }
        }
        match parts.len() {
            0 => None,
            1 => Some((parts[0].clone(), longest)),
            _ => Some((format!("({})", parts.join(" + ")), longest)),
        }
    }

    fn text_part(&mut self) -> (String, usize) {
        let texts = self.scope.texts.clone();
        match self.r.below(8) {
            0 | 1 if !texts.is_empty() => {
                let text = self.r.pick(&texts);
                (text.path.clone(), text.capacity)
            }
            2 => {
                let of = self.any_scalar();
                let longest = match of {
                    Ty::Float | Ty::F16 | Ty::F32 => 20,
                    _ => 11,
                };
                (format!("str({})", self.expr(of, 1)), longest)
            }
            3 => {
                let of = *self.r.pick(&[Ty::Word, Ty::Int, Ty::F16]);
                (format!("str({}, {})", self.expr(of, 1), self.r.below(4)), 24)
            }
            4 => {
                let n = 1 + self.r.below(2);
                (format!("(\"{}\" * ({} & 3))", self.letters(n), self.expr(Ty::Byte, 1)), 6)
            }
            5 if !texts.is_empty() => {
                let text = self.r.pick(&texts);
                (format!("({} * 2)", text.path), text.capacity * 2)
            }
            6 if self.r.one_in(2) => {
                let texts: Vec<(String, usize)> = self.object_paths();
                let texts: Vec<_> = texts.into_iter().filter(|o| self.classes[o.1].has_text).collect();
                match texts.is_empty() || self.rounds > 8 {
                    true => ("\"OO\"".to_string(), 2),
                    false => (format!("str({})", self.r.pick(&texts).0), LONGEST_RESULT),
                }
            }
            6 if !self.text_funcs.is_empty() => {
                let func = self.r.pick(&self.text_funcs).clone();
                let dear = func.cost > DEAREST_CALL / self.rounds.max(1);
                match self.call(&func.name, &func).filter(|_| !dear) {
                    Some(call) => (call, LONGEST_RESULT),
                    None => ("\"\"".to_string(), 0),
                }
            }
            _ => {
                let n = self.r.below(6);
                // One letter alone would be a character.
                let n = if n == 1 { 2 } else { n };
                let letters = self.letters(n);
                match self.r.below(6) {
                    // Screen codes, which some letters have in common with cursor keys.
                    0 if n > 0 => (format!("s\"{letters}\""), n),
                    1 => (format!("\"{letters}\\x{:02x}!\"", 0x30 + self.r.below(16)), n + 2),
                    2 => (format!("\"{letters}\" \"=\\\"\""), n + 2),
                    _ => (format!("\"{letters}\""), n),
                }
            }
        }
    }

    pub fn letters(&mut self, n: usize) -> String {
        (0..n).map(|_| *self.r.pick(&['A', 'B', 'D', 'X', '0', '.', '-'])).collect()
    }
}
