//! Lists of items by id, all in one piece of memory.
//!
//! In: pairs of an id and an item. Out: the items of each id in the order of the pairs. Made at once
//! and not changed afterwards; for what grows there is an `IndexVec` of vectors.

use std::marker::PhantomData;
use std::ops::Index;

use crate::base::index::Id;

/// A list of items for each id.
#[derive(Clone, Debug)]
pub struct Lists<I, T> {
    /// Where the items of an id begin, and with one more entry where the last ones end.
    starts: Vec<usize>,
    items: Vec<T>,
    marker: PhantomData<fn(I)>,
}

impl<I: Id, T: Copy> Lists<I, T> {
    /// The lists of `len` ids.
    pub fn new(len: usize, pairs: impl Iterator<Item = (I, T)> + Clone) -> Self {
        let mut starts = vec![0; len + 1];
        pairs.clone().for_each(|(id, _)| starts[id.index() + 1] += 1);
        (0..len).for_each(|i| starts[i + 1] += starts[i]);
        let mut next = starts.clone();
        let mut items: Vec<T> = Vec::with_capacity(starts[len]);
        items.extend(pairs.clone().map(|(_, item)| item));
        for (id, item) in pairs {
            items[next[id.index()]] = item;
            next[id.index()] += 1;
        }
        Self { starts, items, marker: PhantomData }
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// True when there are no ids.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<I: Id, T> Index<I> for Lists<I, T> {
    type Output = [T];
    fn index(&self, id: I) -> &[T] {
        &self.items[self.starts[id.index()]..self.starts[id.index() + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::define_id! { /// An id.
    X "x"; }

    #[test]
    fn items_keep_their_order() {
        let pairs = [(X(2), 'a'), (X(0), 'b'), (X(2), 'c')];
        let lists = Lists::new(3, pairs.into_iter());
        assert_eq!((&lists[X(0)], &lists[X(1)], &lists[X(2)]), (&['b'][..], &[][..], &['a', 'c'][..]));
        assert_eq!(lists.len(), 3);
    }
}
