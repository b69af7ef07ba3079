//! Branch relaxation: which conditional branches become an inverted branch over a `jmp`.
//!
//! In: the size of every piece of a section, and its branches with the piece that each goes to.
//! Out: the offset of every piece, and which branches are long.
//!
//! All branches begin short; then offsets are computed and every short branch that does not reach
//! is made long, until a round changes nothing. A long branch is never made short again, so there
//! are at most as many rounds as branches, and the last one has shown that every short branch
//! reaches with exactly the offsets returned. The result need not be the smallest where alignment
//! makes a later round shrink padding, but it is always right. Exact branches and those to other
//! sections are decided by the caller: they are not in the list, or enter it as `long`.

/// A long branch is this much larger than a short one: the `jmp`.
pub const JUMP_BYTES: u32 = 3;

/// The short form: opcode and distance.
pub const SHORT_BYTES: u32 = 2;

/// What relaxation needs to know of a piece of code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// So many bytes; 0 for labels.
    Bytes(u32),
    /// Fills up to a multiple.
    Align(u32),
    /// A branch to the start of the piece of this index, which may be the number of pieces: the end.
    Branch { target: usize },
    /// A branch that is long whatever the distance.
    LongBranch,
}

/// Where everything lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// For each piece its offset, then the total size.
    pub offsets: Vec<u32>,
    /// For each piece whether it is a long branch.
    pub long: Vec<bool>,
}

/// Decides the form of every branch.
pub fn relax(pieces: &[Piece]) -> Layout {
    let mut long: Vec<bool> = pieces.iter().map(|p| *p == Piece::LongBranch).collect();
    loop {
        let offsets = place(pieces, &long);
        let mut changed = false;
        for (i, piece) in pieces.iter().enumerate() {
            if let Piece::Branch { target } = *piece
                && !long[i]
                && !reaches(offsets[i], offsets[target])
            {
                long[i] = true;
                changed = true;
            }
        }
        if !changed {
            return Layout { offsets, long };
        }
    }
}

/// True when a short branch at `from` can go to `to`.
pub fn reaches(from: u32, to: u32) -> bool {
    (-128..=127).contains(&(i64::from(to) - i64::from(from + SHORT_BYTES)))
}

fn place(pieces: &[Piece], long: &[bool]) -> Vec<u32> {
    let mut offsets = Vec::with_capacity(pieces.len() + 1);
    let mut at = 0u32;
    for (piece, &long) in pieces.iter().zip(long) {
        offsets.push(at);
        at += match *piece {
            Piece::Bytes(size) => size,
            Piece::Align(to) => at.next_multiple_of(to.max(1)) - at,
            Piece::Branch { .. } | Piece::LongBranch if long => SHORT_BYTES + JUMP_BYTES,
            Piece::Branch { .. } | Piece::LongBranch => SHORT_BYTES,
        };
    }
    offsets.push(at);
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_exact() {
        let forward = |gap| relax(&[Piece::Branch { target: 2 }, Piece::Bytes(gap)]).long[0];
        assert_eq!((forward(127), forward(128)), (false, true));
        let back = |gap| relax(&[Piece::Bytes(gap), Piece::Branch { target: 0 }]).long[1];
        assert_eq!((back(126), back(127)), (false, true));
    }

    #[test]
    fn one_long_branch_pushes_another_out_of_reach() {
        let pieces = [
            Piece::Branch { target: 3 }, // 125 + 2 bytes away, until the next branch grows
            Piece::Bytes(125),
            Piece::Branch { target: 4 },
            Piece::Bytes(128),
        ];
        let layout = relax(&pieces);
        assert_eq!(layout.long, [true, false, true, false]);
        assert_eq!(layout.offsets, [0, 5, 130, 135, 263]);
    }

    #[test]
    fn alignment_counts() {
        let layout = relax(&[Piece::Bytes(3), Piece::Align(8), Piece::Bytes(1)]);
        assert_eq!(layout.offsets, [0, 3, 8, 9]);
    }

    #[test]
    fn every_short_branch_reaches_on_random_code() {
        let mut state = 1u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..200 {
            let count = 60;
            let pieces: Vec<Piece> = (0..count)
                .map(|_| match random(8) {
                    0..=3 => Piece::Branch { target: random(count + 1) as usize },
                    4 => Piece::Align(1 << random(5)),
                    _ => Piece::Bytes(random(40)),
                })
                .collect();
            let layout = relax(&pieces);
            for (i, piece) in pieces.iter().enumerate() {
                if let Piece::Branch { target } = *piece {
                    assert!(layout.long[i] || reaches(layout.offsets[i], layout.offsets[target]));
                }
            }
        }
    }
}
