//! Bands over signatures: how many, with which probability a pair meets in one, and their keys.
//!
//! A signature is cut into `bands` of `rows` components. Two sets of Jaccard similarity J share the
//! key of at least one band with probability 1 - (1 - J^rows)^bands, an S-shaped curve. Components
//! beyond `bands * rows` are not used.

mod curve;

use crate::error::{Error, Result};
use crate::jaccard::Threshold;
use crate::mix::{finalise, fold};

/// How a signature is cut into bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Banding {
    bands: usize,
    rows: usize,
}

impl Default for Banding {
    /// 20 bands of 6 rows: finds 99.8% of the pairs of similarity 0.8.
    fn default() -> Self {
        Self { bands: 20, rows: 6 }
    }
}

impl Banding {
    /// The share of pairs just at the threshold that is found unless another is asked for.
    pub const RECALL_DEFAULT: f64 = 0.997;

    /// `bands` bands of `rows` components, of signatures of `permutations` components.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where a number is 0 or `bands * rows` is more than `permutations`.
    pub fn new(bands: usize, rows: usize, permutations: usize) -> Result<Self> {
        let used = bands
            .checked_mul(rows)
            .filter(|used| (1..=permutations).contains(used));
        if used.is_none() {
            let expected = format!("1 to {permutations} in all");
            return Err(Error::invalid_argument(
                "bands x rows",
                expected,
                format!("{bands} x {rows}"),
            ));
        }
        Ok(Self { bands, rows })
    }

    /// The bands that find a pair just at `threshold` with a probability of at least `recall`: the
    /// most rows (the fewest false candidates) that can, then the fewest bands.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where `recall` is not above 0 and below 1, or `permutations` components
    /// cannot reach it.
    pub fn for_threshold(threshold: Threshold, recall: f64, permutations: usize) -> Result<Self> {
        if !(recall > 0.0 && recall < 1.0) {
            return Err(Error::invalid_argument(
                "recall",
                "above 0 and below 1",
                recall,
            ));
        }
        (1..=permutations)
            .rev()
            .find_map(|rows| {
                let bands = curve::bands_for(threshold.value(), rows, recall, permutations / rows)?;
                Some(Self { bands, rows })
            })
            .ok_or_else(|| {
                let expected =
                    format!("a recall that {permutations} permutations reach at {threshold}");
                Error::invalid_argument("recall", expected, recall)
            })
    }

    /// Bands, and so keys of a signature.
    #[must_use]
    pub fn bands(self) -> usize {
        self.bands
    }

    /// Components of a band.
    #[must_use]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// The probability that two sets of Jaccard similarity `similarity` share a key.
    #[must_use]
    pub fn probability(self, similarity: f64) -> f64 {
        1.0 - curve::missed(similarity, self.rows, self.bands)
    }

    /// The curve as lines of text, with the threshold's row marked.
    #[must_use]
    pub fn explain(self, threshold: Threshold) -> String {
        curve::explain(self, threshold)
    }

    /// Writes the key of every band of a signature into `out`. The band's number is mixed in: equal
    /// components in different bands give different keys.
    ///
    /// # Panics
    ///
    /// Where the signature is shorter than `bands * rows` or `out` has not `bands` places.
    pub fn keys(self, signature: &[u32], out: &mut [u64]) {
        assert!(
            signature.len() >= self.bands * self.rows,
            "components for all bands"
        );
        assert_eq!(out.len(), self.bands, "places for keys");
        for ((band, key), rows) in (0u64..).zip(out).zip(signature.chunks_exact(self.rows)) {
            let mix = |key: u64, [a, b, c, d]: [u32; 4]| {
                let pair = |low, high| u64::from(low) | u64::from(high) << 32;
                fold(key ^ pair(a, b), KEY_FACTOR ^ pair(c, d))
            };
            let (whole, rest) = rows.as_chunks::<4>();
            *key = whole.iter().copied().fold(finalise(!band), mix);
            if !rest.is_empty() {
                let at = |at| rest.get(at).copied().unwrap_or(0);
                *key = mix(*key, [at(0), at(1), at(2), 0]);
            }
        }
    }
}

/// The constant factor of band keys.
const KEY_FACTOR: u64 = 0xA076_1D64_78BD_642F;

#[cfg(test)]
mod tests;
