//! Mnemonics and addressing modes.
//!
//! In: names as assembly text writes them. Out: the two enums that select a row of the opcode
//! table. Not here: which pairs exist, their sizes and effects (`table`).

macro_rules! mnemonics {
    ($($name:ident $text:literal)+) => {
        /// An instruction name, documented or not.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Mnemonic { $(#[doc = $text] $name),+ }

        impl Mnemonic {
            /// Every mnemonic, in alphabetical order.
            pub const ALL: &[Mnemonic] = &[$(Mnemonic::$name),+];

            /// The name in lower case.
            pub fn text(self) -> &'static str {
                match self { $(Mnemonic::$name => $text),+ }
            }
        }
    };
}

mnemonics! {
    Adc "adc" Alr "alr" Anc "anc" And "and" Ane "ane" Arr "arr" Asl "asl" Bcc "bcc" Bcs "bcs" Beq "beq"
    Bit "bit" Bmi "bmi" Bne "bne" Bpl "bpl" Brk "brk" Bvc "bvc" Bvs "bvs" Clc "clc" Cld "cld" Cli "cli"
    Clv "clv" Cmp "cmp" Cpx "cpx" Cpy "cpy" Dcp "dcp" Dec "dec" Dex "dex" Dey "dey" Eor "eor" Inc "inc"
    Inx "inx" Iny "iny" Isc "isc" Jam "jam" Jmp "jmp" Jsr "jsr" Las "las" Lax "lax" Lda "lda" Ldx "ldx"
    Ldy "ldy" Lsr "lsr" Lxa "lxa" Nop "nop" Ora "ora" Pha "pha" Php "php" Pla "pla" Plp "plp" Rla "rla"
    Rol "rol" Ror "ror" Rra "rra" Rti "rti" Rts "rts" Sax "sax" Sbc "sbc" Sbx "sbx" Sec "sec" Sed "sed"
    Sei "sei" Sha "sha" Shx "shx" Shy "shy" Slo "slo" Sre "sre" Sta "sta" Stx "stx" Sty "sty" Tas "tas"
    Tax "tax" Tay "tay" Tsx "tsx" Txa "txa" Txs "txs" Tya "tya"
}

/// Other names of undocumented instructions in use among assemblers.
const ALIASES: &[(&str, Mnemonic)] = &[
    ("ahx", Mnemonic::Sha),
    ("asr", Mnemonic::Alr),
    ("axs", Mnemonic::Sbx),
    ("dcm", Mnemonic::Dcp),
    ("ins", Mnemonic::Isc),
    ("isb", Mnemonic::Isc),
    ("kil", Mnemonic::Jam),
    ("lse", Mnemonic::Sre),
    ("xaa", Mnemonic::Ane),
];

impl Mnemonic {
    /// Finds a mnemonic by its name or a usual alias, in any letter case.
    pub fn parse(text: &str) -> Option<Mnemonic> {
        let text = text.to_ascii_lowercase();
        let by_name = Mnemonic::ALL.binary_search_by(|m| m.text().cmp(&text)).ok().map(|i| Mnemonic::ALL[i]);
        by_name.or_else(|| ALIASES.iter().find(|(alias, _)| *alias == text).map(|&(_, m)| m))
    }

    /// True for the eight conditional branches.
    pub fn is_branch(self) -> bool {
        self.inverse().is_some()
    }

    /// The branch on the opposite condition; `None` when `self` is not a conditional branch.
    pub fn inverse(self) -> Option<Mnemonic> {
        use Mnemonic::*;
        Some(match self {
            Bcc => Bcs,
            Bcs => Bcc,
            Beq => Bne,
            Bne => Beq,
            Bmi => Bpl,
            Bpl => Bmi,
            Bvc => Bvs,
            Bvs => Bvc,
            _ => return None,
        })
    }

    /// True when control never goes on to the next instruction (`jmp`, returns, `brk`, `jam`).
    pub fn ends_flow(self) -> bool {
        matches!(self, Mnemonic::Jmp | Mnemonic::Rts | Mnemonic::Rti | Mnemonic::Brk | Mnemonic::Jam)
    }
}

impl std::fmt::Display for Mnemonic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// An addressing mode.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    Implied,
    /// `asl` or `asl a`
    Accumulator,
    Immediate,
    ZeroPage,
    ZeroPageX,
    ZeroPageY,
    Absolute,
    AbsoluteX,
    AbsoluteY,
    /// `jmp (address)`
    Indirect,
    /// `(zp,x)`
    IndexedIndirect,
    /// `(zp),y`
    IndirectIndexed,
    /// The target of a branch.
    Relative,
}

impl Mode {
    /// How many operand bytes follow the opcode.
    pub const fn operand_bytes(self) -> u8 {
        match self {
            Mode::Implied | Mode::Accumulator => 0,
            Mode::Absolute | Mode::AbsoluteX | Mode::AbsoluteY | Mode::Indirect => 2,
            _ => 1,
        }
    }

    /// The zero-page counterpart of an absolute mode.
    pub fn zero_page(self) -> Option<Mode> {
        match self {
            Mode::Absolute => Some(Mode::ZeroPage),
            Mode::AbsoluteX => Some(Mode::ZeroPageX),
            Mode::AbsoluteY => Some(Mode::ZeroPageY),
            _ => None,
        }
    }

    /// The absolute counterpart of a direct zero-page mode.
    pub fn absolute(self) -> Option<Mode> {
        match self {
            Mode::ZeroPage => Some(Mode::Absolute),
            Mode::ZeroPageX => Some(Mode::AbsoluteX),
            Mode::ZeroPageY => Some(Mode::AbsoluteY),
            _ => None,
        }
    }

    /// Puts an operand text into the mode's usual notation.
    pub fn notation(self, operand: &str) -> String {
        match self {
            Mode::Implied | Mode::Accumulator => String::new(),
            Mode::Immediate => format!("#{operand}"),
            Mode::ZeroPage | Mode::Absolute | Mode::Relative => operand.to_string(),
            Mode::ZeroPageX | Mode::AbsoluteX => format!("{operand},x"),
            Mode::ZeroPageY | Mode::AbsoluteY => format!("{operand},y"),
            Mode::Indirect => format!("({operand})"),
            Mode::IndexedIndirect => format!("({operand},x)"),
            Mode::IndirectIndexed => format!("({operand}),y"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_by_alias() {
        assert_eq!(Mnemonic::parse("LdA"), Some(Mnemonic::Lda));
        assert_eq!(Mnemonic::parse("isb"), Some(Mnemonic::Isc));
        assert_eq!(Mnemonic::parse("ldq"), None);
    }

    #[test]
    fn all_is_sorted_so_that_binary_search_finds_each() {
        for &mnemonic in Mnemonic::ALL {
            assert_eq!(Mnemonic::parse(mnemonic.text()), Some(mnemonic));
        }
    }

    #[test]
    fn inverting_a_branch_twice_gives_it_back() {
        let branches: Vec<_> = Mnemonic::ALL.iter().filter(|m| m.is_branch()).collect();
        assert_eq!(branches.len(), 8);
        for branch in branches {
            assert_eq!(branch.inverse().and_then(Mnemonic::inverse), Some(*branch));
        }
    }
}
