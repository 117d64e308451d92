//! Pairs of a bucket.
//!
//! A bucket of up to [`ALL_PAIRS_MAX`] rows gives all its pairs. A larger one (a template, a common
//! phrase) would give too many: its rows are put into buckets again, by the key of the next band,
//! and what is still large after [`DEPTH_MAX`] bands becomes a star around its smallest row. Each
//! larger bucket also gives the star itself, so that no row loses its bucket.

use std::cmp::Ordering;

use super::bucket::{Key, buckets};
use crate::spill::Row;

/// Largest bucket that gives all its pairs.
pub const ALL_PAIRS_MAX: usize = 32;
/// How many more bands divide a large bucket.
pub const DEPTH_MAX: usize = 3;

/// Two rows, the smaller one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair {
    /// The smaller row.
    pub a: Row,
    /// The larger row.
    pub b: Row,
}

impl Pair {
    /// The pair of two different rows.
    #[must_use]
    pub fn new(one: Row, other: Row) -> Self {
        Self {
            a: one.min(other),
            b: one.max(other),
        }
    }
}

impl Ord for Pair {
    /// By the smaller row, then by the larger one: as one number, because many are sorted.
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |pair: &Self| u64::from(pair.a) << 32 | u64::from(pair.b);
        number(self).cmp(&number(other))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Gives the pairs of the rows (in order) of one bucket to `out`; a pair may come twice.
///
/// `key_of(step, row)` is the key of a row in the band that is `step` bands further.
///
/// # Errors
///
/// Those of `key_of`.
pub fn pairs_of_bucket<E>(
    rows: &[Row],
    step: usize,
    key_of: &mut dyn FnMut(usize, Row) -> Result<u64, E>,
    out: &mut Vec<Pair>,
) -> Result<(), E> {
    if rows.len() <= ALL_PAIRS_MAX {
        for (at, a) in rows.iter().enumerate() {
            out.extend(rows[at + 1..].iter().map(|b| Pair::new(*a, *b)));
        }
        return Ok(());
    }
    out.extend(rows[1..].iter().map(|row| Pair::new(rows[0], *row)));
    if step == DEPTH_MAX {
        return Ok(());
    }
    let mut keyed = Vec::with_capacity(rows.len());
    for row in rows {
        keyed.push((key_of(step + 1, *row)?, *row));
    }
    keyed.sort_unstable();
    for smaller in buckets(&keyed) {
        let rows: Vec<Row> = smaller.iter().map(|(_, row)| *row).collect();
        pairs_of_bucket(&rows, step + 1, key_of, out)?;
    }
    Ok(())
}

/// The pairs of all buckets of one band, as [`repeated`](super::bucket::repeated) returned them.
///
/// # Errors
///
/// Those of `key_of`.
pub fn pairs_of_band<E>(
    sorted: &[(u64, Row)],
    key_of: &mut dyn FnMut(usize, Row) -> Result<u64, E>,
    out: &mut Vec<Pair>,
) -> Result<(), E> {
    let mut rows = Vec::new();
    for bucket in buckets(sorted) {
        debug_assert!(bucket.iter().all(|(key, _)| key.high() == bucket[0].0));
        rows.clear();
        rows.extend(bucket.iter().map(|(_, row)| *row));
        pairs_of_bucket(&rows, 0, key_of, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn pairs(rows: &[Row], key: impl Fn(usize, Row) -> u64) -> Vec<Pair> {
        let mut out = Vec::new();
        let mut key_of = |step, row| Ok::<u64, Infallible>(key(step, row));
        pairs_of_bucket(rows, 0, &mut key_of, &mut out).expect("infallible");
        out.sort_unstable();
        out.dedup();
        out
    }

    #[test]
    fn a_small_bucket_gives_all_pairs() {
        let rows: Vec<Row> = (0..32).collect();
        assert_eq!(pairs(&rows, |_, _| 0).len(), 32 * 31 / 2);
    }

    #[test]
    fn a_large_bucket_is_divided_by_other_bands_and_keeps_its_star() {
        let rows: Vec<Row> = (0..1_000).collect();
        let found = pairs(&rows, |_, row| u64::from(row / 10));
        // Every row with the first one, and all pairs among ten neighbours.
        assert_eq!(found.len(), 999 + 100 * 45 - 9);
        assert!(found.contains(&Pair::new(503, 507)));
    }

    #[test]
    fn a_large_bucket_that_no_band_divides_is_a_star() {
        let rows: Vec<Row> = (0..1_000).collect();
        assert_eq!(pairs(&rows, |_, _| 7).len(), 999);
    }
}
