//! Which value is in which group, and the way there and back.

use super::GROUPS_MAX;
use crate::block::payload::within;
use crate::estimate::{self, Histogram};
use crate::wire::Reader;
use crate::{Error, Result};

/// A group holds more than one of so many values.
const GROUP_SHARE: u32 = 60;

/// Ranges of classes. The class of a value is the top byte of its bits rotated by one: the exponent, and where it has
/// fewer than eight bits, the first of the mantissa.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::block) struct Groups {
    /// The last class of each group, rising to 255.
    pub(super) lasts: Vec<u8>,
    pub(super) of_class: [u8; 256],
}

/// Parts of a block whose values are moved in turn: the place of a value waits for that of the one before it in its
/// group, which is then one of another part.
const LANES: usize = 4;

/// Where the values of each group begin among the sorted ones: for each lane of the block.
pub(super) struct Places {
    starts: [[usize; GROUPS_MAX]; LANES],
    /// All values of a group.
    pub(super) ranges: [(usize, usize); GROUPS_MAX],
    lane: usize,
}

impl Groups {
    pub(in crate::block) fn new(lasts: Vec<u8>) -> Self {
        let mut of_class = [0; 256];
        let mut group = 0;
        for (class, own) in (0..=255).zip(&mut of_class) {
            *own = group;
            group += u8::from(lasts[usize::from(group)] == class && class < 255);
        }
        Self { lasts, of_class }
    }

    /// Values of each group, of which one in `scale` was counted.
    pub(super) fn sizes(&self, classes: &Histogram, scale: usize) -> Vec<u64> {
        let mut sizes = vec![0; self.lasts.len()];
        for (class, &count) in (0..=255).zip(classes) {
            sizes[self.of(class)] += u64::from(count) * scale as u64;
        }
        sizes
    }

    /// Groups of about equal size.
    pub(super) fn of_counts(classes: &Histogram) -> Self {
        let least = classes.iter().sum::<u32>() / GROUP_SHARE;
        let (mut lasts, mut count) = (Vec::new(), 0);
        for (class, &own) in (0..=255).zip(classes) {
            count += own;
            if count > least {
                lasts.push(class);
                count = 0;
            }
        }
        lasts.pop(); // what is left joins the last
        lasts.push(255);
        Self::new(lasts)
    }

    pub(super) fn read_from(reader: &mut Reader<'_>) -> Result<Self> {
        let count = within(reader.u8()?.into(), 1, GROUPS_MAX, "groups of a block")?;
        let lasts = reader.bytes(count)?;
        if lasts.last() != Some(&255) || !lasts.is_sorted_by(|one, next| one < next) {
            let expected = "classes that rise to 255";
            return Err(Error::corruption("groups of a block", expected, "others"));
        }
        Ok(Self::new(lasts.to_vec()))
    }

    fn of(&self, class: u8) -> usize {
        self.of_class[usize::from(class)].into()
    }

    pub(super) fn places(&self, classes: &[u8]) -> Places {
        let lane = classes.len().div_ceil(LANES).max(1);
        let mut sizes = [[0; GROUPS_MAX]; LANES];
        for (sizes, classes) in sizes.iter_mut().zip(classes.chunks(lane)) {
            let mut counts: Histogram = [0; 256];
            estimate::count(classes, &mut counts);
            for (class, count) in (0..=255).zip(counts) {
                sizes[self.of(class)] += count as usize;
            }
        }
        let mut places = Places {
            starts: [[0; GROUPS_MAX]; LANES],
            ranges: [(0, 0); GROUPS_MAX],
            lane,
        };
        let mut next = 0;
        for group in 0..GROUPS_MAX {
            let start = next;
            for (starts, sizes) in places.starts.iter_mut().zip(&sizes) {
                starts[group] = next;
                next += sizes[group];
            }
            places.ranges[group] = (start, next);
        }
        places
    }

    /// Calls `step` with the place of each value in the block and among the sorted ones.
    fn each(&self, classes: &[u8], places: &Places, mut step: impl FnMut(usize, usize)) {
        let mut next = places.starts;
        let mut visit = |lane: usize, index: usize| {
            let at = lane * places.lane + index;
            if let Some(&class) = classes.get(at) {
                let place = &mut next[lane][self.of(class)];
                step(at, *place);
                *place += 1;
            }
        };
        for index in 0..places.lane {
            for lane in 0..LANES {
                visit(lane, index);
            }
        }
    }

    /// Group by group, each in the order of the block.
    pub(super) fn sort<const N: usize>(
        &self,
        classes: &[u8],
        places: &Places,
        values: &[u8],
        out: &mut [u8],
    ) {
        let (values, out) = (values.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
        self.each(classes, places, |at, place| out[place] = values[at]);
    }

    /// The inverse of [`Groups::sort`].
    pub(super) fn unsort<const N: usize>(
        &self,
        classes: &[u8],
        places: &Places,
        values: &[u8],
        out: &mut [u8],
    ) {
        let (values, out) = (values.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
        self.each(classes, places, |at, place| out[at] = values[place]);
    }
}

/// The class of a value in little-endian bytes.
pub(super) fn class_of(value: &[u8]) -> usize {
    (value[value.len() - 1] << 1 | value[value.len() - 2] >> 7).into()
}
