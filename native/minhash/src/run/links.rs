//! What is known of two rows that were found alike.

use super::sorted::Record;
use crate::jaccard::Overlap;

/// What two rows share: their overlap, or that they are equal, of which no overlap is known.
///
/// Sets have fewer members than a line has bytes, hence less than 2^32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shared {
    intersection: u32,
    union: u32,
}

impl Shared {
    /// Of rows of one digest.
    pub(super) const EQUAL: Self = Self {
        intersection: 0,
        union: 0,
    };

    pub(super) fn of(overlap: Overlap) -> Self {
        let short = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            intersection: short(overlap.intersection),
            union: short(overlap.union).max(1),
        }
    }

    pub(super) fn is_equal(self) -> bool {
        self.union == 0
    }

    /// Nothing is known of equal rows.
    pub(super) fn overlap(self) -> Option<Overlap> {
        (!self.is_equal()).then_some(Overlap {
            intersection: self.intersection.into(),
            union: self.union.into(),
        })
    }

    /// Whether rows share more of this than of another.
    pub(super) fn is_closer_than(self, other: Self) -> bool {
        match (self.is_equal(), other.is_equal()) {
            (_, true) => false,
            (true, false) => true,
            (false, false) => {
                let part = |one: Self, of: Self| u64::from(one.intersection) * u64::from(of.union);
                part(self, other) > part(other, self)
            }
        }
    }
}

impl Record for Shared {
    const BYTES: usize = 2 * u32::BYTES;

    fn append_to(self, out: &mut Vec<u8>) {
        (self.intersection, self.union).append_to(out);
    }

    fn take_from(bytes: &mut &[u8]) -> Option<Self> {
        let (intersection, union) = Record::take_from(bytes)?;
        Some(Self {
            intersection,
            union,
        })
    }
}
