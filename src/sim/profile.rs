//! Where the cycles went: counts per instruction address, summed per symbol.
//!
//! In: each executed instruction's address and cycles; symbols sorted by address. Out: totals. Invariant: the totals
//! add up to all cycles counted. Not here: names of symbols (`link::map`).

/// Cycles spent at each address.
pub struct Profile {
    cycles: Box<[u64]>,
}

impl Default for Profile {
    fn default() -> Self {
        Profile { cycles: vec![0; 0x10000].into_boxed_slice() }
    }
}

impl Profile {
    pub fn add(&mut self, pc: u16, cycles: u64) {
        self.cycles[usize::from(pc)] += cycles;
    }

    /// Cycles of the instruction at an address.
    pub fn at(&self, pc: u16) -> u64 {
        self.cycles[usize::from(pc)]
    }

    /// Cycles from each symbol up to the next one, in address order, symbols without any left out. What lies below
    /// the first symbol is counted under the empty name.
    pub fn by_symbol<'a>(&self, symbols: &[(u16, &'a str)]) -> Vec<(&'a str, u64)> {
        let mut sums: Vec<(&str, u64)> = Vec::new();
        let (mut current, mut next) = ("", symbols.iter().peekable());
        for (pc, &cycles) in self.cycles.iter().enumerate() {
            while let Some((_, name)) = next.next_if(|(address, _)| usize::from(*address) <= pc) {
                current = name;
            }
            match sums.last_mut() {
                _ if cycles == 0 => {}
                Some((name, sum)) if *name == current => *sum += cycles,
                _ => sums.push((current, cycles)),
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_summed_up_to_the_next_symbol() {
        let mut profile = Profile::default();
        for (pc, cycles) in [(0x0100, 1), (0x1000, 2), (0x1001, 3), (0x2000, 4), (0x1000, 5)] {
            profile.add(pc, cycles);
        }
        let sums = profile.by_symbol(&[(0x1000, "main"), (0x1800, "unused"), (0x1FFF, "print")]);
        assert_eq!(sums, [("", 1), ("main", 10), ("print", 4)]);
        assert_eq!(profile.at(0x1000), 7);
    }
}
