//! Sets of typed ids (the only user of fixedbitset).
//!
//! In and out: ids of one `IndexVec`. Iteration is in ascending order, so it may feed output.

use std::marker::PhantomData;

use fixedbitset::FixedBitSet;

use crate::base::index::Id;

/// A set of ids, one bit for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdSet<I> {
    bits: FixedBitSet,
    marker: PhantomData<fn(I)>,
}

impl<I: Id> IdSet<I> {
    /// The empty set, with room for ids below `len`; it grows when needed.
    pub fn new(len: usize) -> Self {
        Self { bits: FixedBitSet::with_capacity(len), marker: PhantomData }
    }

    /// Adds an id. True when it was not in the set.
    pub fn insert(&mut self, id: I) -> bool {
        self.bits.grow(id.index() + 1);
        !self.bits.put(id.index())
    }

    /// Removes an id.
    pub fn remove(&mut self, id: I) {
        if id.index() < self.bits.len() {
            self.bits.set(id.index(), false);
        }
    }

    /// True when the id is in the set.
    pub fn contains(&self, id: I) -> bool {
        self.bits.contains(id.index())
    }

    /// Adds all ids of `other`. True when the set changed.
    pub fn union_with(&mut self, other: &Self) -> bool {
        let before = self.len();
        self.bits.union_with(&other.bits);
        self.len() != before
    }

    /// Removes all ids of `other`.
    pub fn difference_with(&mut self, other: &Self) {
        self.bits.difference_with(&other.bits);
    }

    /// True when the two sets share an id.
    pub fn intersects(&self, other: &Self) -> bool {
        !self.bits.is_disjoint(&other.bits)
    }

    /// How many ids are in the set.
    pub fn len(&self) -> usize {
        self.bits.count_ones(..)
    }

    /// True when the set is empty.
    pub fn is_empty(&self) -> bool {
        self.bits.is_clear()
    }

    /// The ids in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = I> {
        self.bits.ones().map(I::new)
    }
}

impl<I: Id> Default for IdSet<I> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<I: Id> Extend<I> for IdSet<I> {
    fn extend<T: IntoIterator<Item = I>>(&mut self, ids: T) {
        ids.into_iter().for_each(|id| {
            self.insert(id);
        });
    }
}

impl<I: Id> FromIterator<I> for IdSet<I> {
    fn from_iter<T: IntoIterator<Item = I>>(ids: T) -> Self {
        let mut set = Self::default();
        set.extend(ids);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::define_id! { /// An id.
    X "x"; }

    #[test]
    fn a_set_grows_and_is_ordered() {
        let mut set: IdSet<X> = [X(70), X(3)].into_iter().collect();
        assert!(set.insert(X(5)) && !set.insert(X(5)));
        set.remove(X(70));
        set.remove(X(9000));
        assert_eq!(set.iter().collect::<Vec<_>>(), [X(3), X(5)]);
        assert!(!set.union_with(&[X(3)].into_iter().collect()));
        set.difference_with(&[X(3), X(900)].into_iter().collect());
        assert_eq!(set.iter().collect::<Vec<_>>(), [X(5)]);
    }
}
