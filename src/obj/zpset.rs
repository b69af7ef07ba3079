//! Sets of zero-page addresses.
//!
//! In: addresses. Out: set algebra, and the runs of neighbouring addresses in ascending order.
//! Not here: which addresses may be used (`c64::memmap`).

use std::ops::{BitOr, BitOrAssign, RangeInclusive};

/// A set of zero-page addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ZpSet([u64; 4]);

impl ZpSet {
    /// The empty set.
    pub const EMPTY: ZpSet = ZpSet([0; 4]);

    /// The set of all addresses of `range`.
    pub const fn range(range: RangeInclusive<u8>) -> ZpSet {
        let (mut bits, mut address) = ([0; 4], *range.start() as usize);
        while address <= *range.end() as usize {
            bits[address / 64] |= 1 << (address % 64);
            address += 1;
        }
        ZpSet(bits)
    }

    /// Both sets together, in constants.
    pub const fn with(self, other: ZpSet) -> ZpSet {
        let (a, b) = (self.0, other.0);
        ZpSet([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }

    /// Adds an address.
    pub fn insert(&mut self, address: u8) {
        self.0[usize::from(address / 64)] |= 1 << (address % 64);
    }

    /// Takes an address out.
    pub fn remove(&mut self, address: u8) {
        self.0[usize::from(address / 64)] &= !(1 << (address % 64));
    }

    /// True when the address is in the set.
    pub fn contains(self, address: u8) -> bool {
        self.0[usize::from(address / 64)] >> (address % 64) & 1 == 1
    }

    /// True when all addresses of `other` are in the set.
    pub fn contains_all(self, other: ZpSet) -> bool {
        self | other == self
    }

    /// True when the sets have an address in common.
    pub fn intersects(self, other: ZpSet) -> bool {
        self.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
    }

    /// True when the set is empty.
    pub fn is_empty(self) -> bool {
        self == ZpSet::EMPTY
    }

    /// How many addresses are in the set.
    pub fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The addresses, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..=255).filter(move |address| self.contains(*address))
    }

    /// The longest runs of neighbouring addresses, ascending.
    pub fn runs(self) -> Vec<RangeInclusive<u8>> {
        let mut runs: Vec<RangeInclusive<u8>> = Vec::new();
        for address in self.iter() {
            match runs.last_mut() {
                Some(run) if run.end().checked_add(1) == Some(address) => *run = *run.start()..=address,
                _ => runs.push(address..=address),
            }
        }
        runs
    }
}

impl BitOr for ZpSet {
    type Output = ZpSet;
    fn bitor(self, other: ZpSet) -> ZpSet {
        self.with(other)
    }
}

impl BitOrAssign for ZpSet {
    fn bitor_assign(&mut self, other: ZpSet) {
        *self = self.with(other);
    }
}

impl FromIterator<u8> for ZpSet {
    fn from_iter<I: IntoIterator<Item = u8>>(addresses: I) -> ZpSet {
        let mut set = ZpSet::EMPTY;
        addresses.into_iter().for_each(|address| set.insert(address));
        set
    }
}

impl std::fmt::Debug for ZpSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let runs = self.runs();
        let runs = runs.iter().map(|run| match run.start() == run.end() {
            true => format!("${:02x}", run.start()),
            false => format!("${:02x}-${:02x}", run.start(), run.end()),
        });
        write!(f, "{{{}}}", runs.collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_join_neighbours_and_reach_the_last_address() {
        let set: ZpSet = [3, 2, 63, 64, 65, 255, 9].into_iter().collect();
        assert_eq!(set.runs(), [2..=3, 9..=9, 63..=65, 255..=255]);
        assert_eq!(format!("{set:?}"), "{$02-$03 $09 $3f-$41 $ff}");
        assert_eq!(set.len(), 7);
    }

    #[test]
    fn set_algebra() {
        let (low, high) = (ZpSet::range(2..=5), ZpSet::range(4..=200));
        assert!(low.intersects(high) && !low.contains_all(high));
        assert_eq!(low | high, ZpSet::range(2..=200));
        let mut set = low;
        set.remove(4);
        assert!(!set.contains(4) && set.contains(5));
        assert_eq!(ZpSet::range(0..=255).len(), 256);
    }
}
