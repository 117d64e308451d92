//! What differences would cost, with groups and without.

use super::groups::{Groups, class_of};
use crate::block::WIDTH_MAX;
use crate::block::choose::plane_cost;
use crate::estimate::{self, Histogram, ONE_BIT};

/// What the code of a symbol takes in a table, and what a stream takes beside its table, in bits.
const SYMBOL_BITS: u64 = 4;
const STREAM_BITS: u64 = 160;

/// Counts of the bytes of differences: by group, then by plane.
pub(super) struct Counts {
    width: usize,
    /// `width` of each group.
    histograms: Vec<Histogram>,
    /// Differences of each group.
    lengths: Vec<u32>,
}

impl Counts {
    /// Of differences in `planes`, whose values lie `at` these places of the base.
    pub(super) fn of(
        groups: &Groups,
        width: usize,
        planes: &[u8],
        base: &[u8],
        at: impl ExactSizeIterator<Item = usize>,
    ) -> Self {
        let count = groups.lasts.len();
        let mut counts = Self {
            width,
            histograms: vec![[0; 256]; count * width],
            lengths: vec![0; count],
        };
        let length = at.len();
        for (index, place) in at.enumerate() {
            let class = class_of(&base[place * width..][..width]);
            let group = usize::from(groups.of_class[class]);
            counts.lengths[group] += 1;
            let own = &mut counts.histograms[group * width..][..width];
            for (plane, histogram) in own.iter_mut().enumerate() {
                histogram[usize::from(planes[plane * length + index])] += 1;
            }
        }
        counts
    }

    /// What all values would cost, group by group and together. `sizes` are the values of each group; the counts are
    /// of one in `scale` of them.
    pub(super) fn costs(&self, sizes: &[u64], is_sparse: bool, scale: u64) -> (u64, u64) {
        let (mut all, mut length): ([Histogram; WIDTH_MAX], _) = ([[0; 256]; WIDTH_MAX], 0);
        let mut grouped = 0;
        let groups = self.histograms.chunks_exact(self.width);
        for ((histograms, &own_length), &size) in groups.zip(&self.lengths).zip(sizes) {
            grouped += cost(histograms, own_length, size, is_sparse, scale);
            length += own_length;
            for (sum, own) in all.iter_mut().zip(histograms) {
                for (sum, own) in sum.iter_mut().zip(own) {
                    *sum += own;
                }
            }
        }
        let size = sizes.iter().sum();
        let all = &all[..self.width];
        (grouped, cost(all, length, size, is_sparse, scale))
    }
}

/// What values would cost whose differences, `length` of `size`, have these counts plane by plane.
fn cost(histograms: &[Histogram], length: u32, size: u64, is_sparse: bool, scale: u64) -> u64 {
    if length == 0 {
        return 0;
    }
    let zeros = (size.saturating_sub(length.into()) as u32) * u32::from(is_sparse);
    let places = if is_sparse {
        estimate::positions(size.max(length.into()), length.into()) + STREAM_BITS * ONE_BIT
    } else {
        u64::MAX
    };
    let (mut sparse, mut dense, mut tables) = (0, 0, 0);
    for histogram in histograms {
        let mut histogram = *histogram;
        let symbols = histogram.iter().filter(|&&count| count > 0).count() as u64;
        tables += (symbols * SYMBOL_BITS + STREAM_BITS) * ONE_BIT;
        // A sample shows less entropy than there is: half a natural unit for each symbol but one (Miller, 1955).
        let unseen = (symbols - 1) * ONE_BIT * 72 / 100 * u64::from(scale > 1);
        sparse += plane_cost(&histogram, length as usize) + unseen;
        histogram[0] += zeros;
        dense += plane_cost(&histogram, (length + zeros) as usize) + unseen;
    }
    scale * dense.min(places.saturating_add(sparse)) + tables
}
