//! Constants, tuples, relocated data, mapped variables.

use super::types::{Array, INTEGERS, Text, Ty, Var};
use super::{Gen, NAMELESS, WINDOW};

/// Where `relocate` data goes.
const RELOCATED: usize = 0x9000;

/// Types of the elements of tuples.
const OF_TUPLES: [Ty; 9] =
    [Ty::Byte, Ty::Byte, Ty::Word, Ty::Word, Ty::Int, Ty::Long, Ty::SByte, Ty::DWord, Ty::Char];

impl Gen {
    pub fn data(&mut self) {
        for _ in 0..self.r.below(4) {
            self.constant();
        }
        for _ in 0..self.r.below(3) {
            let elem = *self.r.pick(&OF_TUPLES);
            let len = *self.r.pick(&[4, 5, 8]);
            let name = self.name("T");
            let list = self.literals(elem, len);
            self.line(format!("{name}: tuple[{}] = ({list})", elem.name()));
            self.global.arrays.push(Array::tuple(name, elem, len));
        }
        // Several at one address follow each other.
        for _ in 0..if self.r.one_in(6) { 1 + self.r.below(2) } else { 0 } {
            let (elem, name) = (*self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int]), self.name("R"));
            let len = *self.r.pick(&[7, 8]);
            let list = self.literals(elem, len);
            self.line(format!("{name}: relocate[tuple[{}], {RELOCATED:#06x}] = ({list})", elem.name()));
            self.global.arrays.push(Array::tuple(name, elem, len));
        }
        if self.mapped {
            self.mapped_data();
        }
    }

    pub fn literals(&mut self, elem: Ty, count: usize) -> String {
        (0..count).map(|_| self.literal(elem)).collect::<Vec<_>>().join(", ")
    }

    fn constant(&mut self) {
        match self.r.below(8) {
            0 => {
                let (name, value) = (self.name("K"), self.literal(Ty::F16));
                self.line(format!("{name} = {value}"));
                self.real_constants.push(name);
            }
            1 => {
                let (name, n) = (self.name("K"), 2 + self.r.below(4));
                let (letters, times) = (self.letters(n), 1 + self.r.below(3));
                let text = match self.r.below(3) {
                    0 => format!("const(\"{letters}\" * {times})"),
                    1 => format!("\"{letters}\" \"-\""),
                    _ => format!("\"{letters}\""),
                };
                self.line(format!("{name} = {text}"));
                self.global.texts.push(Text { path: name, capacity: n * 3, fixed: true });
            }
            _ => {
                let ty = self.any_integer();
                let (name, value) = (self.name("K"), self.integer(ty));
                let text = self.constant_of(value);
                self.line(format!("{name} = {text}"));
                self.constants.push((name, value));
            }
        }
    }

    /// An expression of literals and constants with this exact value.
    fn constant_of(&mut self, value: i64) -> String {
        let constants = self.constants.clone();
        match self.r.below(6) {
            0 if value >= 0 => format!("{value:#x}"),
            1 if value >= 0 => format!("{value:#b}"),
            2 if !constants.is_empty() => {
                let (name, other) = self.r.pick(&constants).clone();
                let (factor, rest) = (*self.r.pick(&[1, 2, 3]), value - other);
                format!("{name} * {factor} + ({})", rest - other * (factor - 1))
            }
            3 => {
                let power = self.r.below(20) as u32;
                format!("2 ** {power} - ({})", (1 << power) - value)
            }
            4 => format!("const(({value} * 8 + {}) / 8)", self.r.below(8) as i64 * value.signum()),
            _ => value.to_string(),
        }
    }

    fn mapped_data(&mut self) {
        for _ in 0..1 + self.r.below(4) {
            let rare = [Ty::Char, Ty::Bool, Ty::F16, Ty::F32, Ty::Float];
            let ty = if self.r.one_in(5) { *self.r.pick(&rare) } else { self.any_integer() };
            let name = self.name("M");
            let safe = INTEGERS.contains(&ty) && ty.width() <= 2 && self.r.one_in(4);
            let declared = format!("{}[{:#06x}]", ty.name(), self.mapped_address(ty.width() as usize));
            let declared = if safe { format!("irq_safe[{declared}]") } else { declared };
            self.line(format!("{name}: {declared}"));
            self.global.vars.push(Var { path: name, ty, assignable: true, mapped: true });
        }
        let elem = *self.r.pick(&[Ty::Byte, Ty::Word, Ty::Int]);
        let name = self.name("M");
        self.line(format!("{name}: array[{}, 16][{:#06x}]", elem.name(), WINDOW + 0x40));
        self.global.arrays.push(Array::mapped(name, elem, 16));
        let name = self.name("M");
        self.line(format!("{name}: array[byte, 16][{:#06x}]", NAMELESS));
        self.global.arrays.push(Array::mapped(name, Ty::Byte, 16));
    }

    /// The next free address for a mapped variable.
    pub fn mapped_address(&mut self, size: usize) -> usize {
        let at = self.next_mapped;
        self.next_mapped += size;
        at
    }
}
