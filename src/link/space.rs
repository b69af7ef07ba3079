//! Free memory as a list of areas.
//!
//! In: the areas of the machine, and what must be kept free in them. Out: places for sections,
//! always the lowest that fits. Invariant: areas ascend, are not empty and do not touch what was
//! reserved or taken. Addresses are half-open `u32` ranges, since an area may end at 65536.

use std::ops::{Range, RangeInclusive};

const PAGE: u32 = 0x100;

/// Free areas.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Space {
    free: Vec<Range<u32>>,
}

impl Space {
    /// The areas `areas`, which ascend and do not overlap.
    pub fn new(areas: impl IntoIterator<Item = Range<u32>>) -> Space {
        Space { free: areas.into_iter().filter(|area| !area.is_empty()).collect() }
    }

    /// Takes `range` out of what is free.
    pub fn reserve(&mut self, range: &Range<u32>) {
        let cut = |area: &Range<u32>| {
            let below = area.start..area.end.min(range.start);
            let above = area.start.max(range.end)..area.end;
            [below, above].into_iter().filter(|part| part.start < part.end)
        };
        if !range.is_empty() {
            self.free = self.free.iter().flat_map(cut).collect();
        }
    }

    /// The lowest place for `size` bytes at a multiple of `align`; it is no longer free then.
    pub fn take(&mut self, size: u32, align: u32) -> Option<u16> {
        let align = align.max(1);
        self.take_at(size, |area| area.start.next_multiple_of(align))
    }

    /// The lowest place for `size` bytes so that they and the `lead` bytes before them lie in one
    /// page of 256 bytes; more than a page begins with a page.
    pub fn take_in_page(&mut self, size: u32, lead: u32) -> Option<u16> {
        self.take_at(size, |area| {
            let first = area.start.saturating_sub(lead);
            let crosses = first / PAGE != (area.start + size).saturating_sub(1) / PAGE;
            if crosses { first.next_multiple_of(PAGE) + lead } else { area.start }
        })
    }

    fn take_at(&mut self, size: u32, start_in: impl Fn(&Range<u32>) -> u32) -> Option<u16> {
        let start = self.free.iter().find_map(|area| {
            let start = start_in(area);
            (start + size <= area.end).then_some(start)
        })?;
        self.reserve(&(start..start + size));
        u16::try_from(start).ok()
    }
}

impl Space {
    /// The largest free area.
    pub fn largest(&self) -> Option<&Range<u32>> {
        self.free.iter().max_by_key(|area| (area.end - area.start, std::cmp::Reverse(area.start)))
    }
}

/// How many bytes are missing for `size` in one piece in the largest area of some overlapping spaces,
/// which is no longer free then.
pub fn shortfall<'a>(spaces: impl IntoIterator<Item = &'a mut Space>, size: u32) -> u32 {
    let mut spaces: Vec<&mut Space> = spaces.into_iter().collect();
    let areas = spaces.iter().filter_map(|space| space.largest().cloned());
    let area = areas.max_by_key(|area| area.end - area.start).unwrap_or_default();
    spaces.iter_mut().for_each(|space| space.reserve(&area));
    // It may also lie too high.
    size.checked_sub(area.end - area.start).filter(|&missing| missing > 0).unwrap_or(size)
}

/// Ranges in ascending order, those that touch as one.
pub fn joined(mut ranges: Vec<Range<u32>>) -> Vec<Range<u32>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u32>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// An inclusive range of addresses as a half-open one.
pub fn half_open(range: &RangeInclusive<u16>) -> Range<u32> {
    u32::from(*range.start())..u32::from(*range.end()) + 1
}

/// True when the ranges share an address.
pub fn overlap(a: &Range<u32>, b: &Range<u32>) -> bool {
    a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_taken_from_below_and_around_holes() {
        let mut space = Space::new([0x1000..0x2000, 0x3000..0x3010]);
        space.reserve(&(0x1100..0x1f00));
        assert_eq!(space.take(0x80, 1), Some(0x1000));
        assert_eq!(space.take(0x100, 1), Some(0x1f00), "behind the hole");
        assert_eq!(space.take(0x80, 1), Some(0x1080), "what is left before it");
        assert_eq!(space.take(0x10, 1), Some(0x3000));
        assert_eq!(space.take(1, 1), None);
    }

    #[test]
    fn alignment_leaves_the_gap_free() {
        let mut space = Space::new(std::iter::once(0x0801..0x1000));
        assert_eq!(space.take(256, 256), Some(0x0900));
        assert_eq!(space.take(255, 1), Some(0x0801));
        assert_eq!(space.take(0, 1), Some(0x0a00), "an empty section has a place");
    }

    #[test]
    fn what_is_indexed_lies_in_a_page() {
        let mut space = Space::new(std::iter::once(0x08f0..0x2000));
        assert_eq!(space.take_in_page(16, 0), Some(0x08f0), "up to the end of the page");
        let mut space = Space::new(std::iter::once(0x08f0..0x2000));
        assert_eq!(space.take_in_page(17, 0), Some(0x0900));
        assert_eq!(
            space.take_in_page(256, 1),
            Some(0x0a01),
            "the byte before is in the page, the last one is not"
        );
        assert_eq!(space.take_in_page(100, 1), Some(0x0911), "in the gap");
        assert_eq!(space.take(16, 1), Some(0x08f0), "the gap at the start is free");
    }

    #[test]
    fn what_is_missing_is_counted_in_the_largest_area() {
        let mut space = Space::new([0x1000..0x1100, 0x2000..0x2200]);
        assert_eq!(shortfall([&mut space], 0x210), 0x10);
        assert_eq!(shortfall([&mut space], 0x210), 0x110, "the first one is taken");
        assert_eq!(shortfall([&mut space], 0x210), 0x210);
        let mut space = Space::new(std::iter::once(0x1000..0x1100));
        assert_eq!(shortfall([&mut space], 0x80), 0x80, "there is room, but not where it has to be");
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let ranges = vec![0x810..0x811, 0x400..0x500, 0x811..0x820, 0x815..0x818];
        assert_eq!(joined(ranges), [0x400..0x500, 0x810..0x820]);
    }

    #[test]
    fn the_end_of_memory_can_be_used() {
        let mut space = Space::new(std::iter::once(0xffff..0x10000));
        assert_eq!(space.take(1, 1), Some(0xffff));
    }
}
