//! All similar pairs of a collection, exactly: the truth that the LSH path is measured against.
//!
//! Method: prefix filter over an inverted index. Members are put in order of rarity; two sets of
//! similarity t share one of the rarest `size - ceil(t * size) + 1` members of each. Independent of
//! signatures and bands. Memory and time grow with the pairs that share a rare member: meant for
//! collections of up to about 30,000 sets; not for the product's path.

use super::{Overlap, Threshold, overlap_at_least};
use std::collections::HashMap;

/// Two similar sets by their numbers, `first` below `second`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The number of the earlier set.
    pub first: usize,
    /// The number of the later set.
    pub second: usize,
    /// What they have in common.
    pub overlap: Overlap,
}

/// All pairs that meet the threshold, ordered by `first`, then `second`. Each set is sorted and
/// without repetitions.
#[must_use]
pub fn pairs(sets: &[Vec<u64>], threshold: Threshold) -> Vec<Pair> {
    let mut frequency = HashMap::<u64, usize>::new();
    for member in sets.iter().flatten() {
        *frequency.entry(*member).or_default() += 1;
    }
    let mut index = HashMap::<u64, Vec<usize>>::new();
    let mut last_seen = vec![usize::MAX; sets.len()];
    let mut found = Vec::new();
    for (second, set) in sets.iter().enumerate() {
        for member in prefix(set, &frequency, threshold) {
            let holders = index.entry(member).or_default();
            for &first in holders.iter() {
                if std::mem::replace(&mut last_seen[first], second) == second {
                    continue;
                }
                if let Some(overlap) = overlap_at_least(&sets[first], set, threshold) {
                    found.push(Pair {
                        first,
                        second,
                        overlap,
                    });
                }
            }
            holders.push(second);
        }
    }
    found.sort_unstable_by_key(|pair| (pair.first, pair.second));
    found
}

/// The rarest members of a set, one of which every similar set has among its own.
fn prefix(set: &[u64], frequency: &HashMap<u64, usize>, threshold: Threshold) -> Vec<u64> {
    let size = set.len() as u128;
    let common =
        (size * u128::from(threshold.numerator())).div_ceil(u128::from(threshold.denominator()));
    let length = usize::try_from(size - common).map_or(set.len(), |rest| rest + 1);
    let mut by_rarity = set.to_vec();
    by_rarity.sort_unstable_by_key(|member| (frequency[member], *member));
    by_rarity.truncate(length);
    by_rarity.retain(|member| frequency[member] > 1);
    by_rarity
}
