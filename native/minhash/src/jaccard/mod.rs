//! Exact Jaccard similarity of shingle sets.
//!
//! Similarities are counts, compared with a threshold in integers: no rounding decides whether a
//! row is removed.

pub mod oracle;
mod threshold;

pub use threshold::Threshold;

/// How much two sets have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Overlap {
    /// Members of both sets.
    pub intersection: u64,
    /// Members of either set.
    pub union: u64,
}

impl Overlap {
    /// Whether the similarity is at least the threshold. Two empty sets are not similar.
    #[must_use]
    pub fn meets(self, threshold: Threshold) -> bool {
        let part = u128::from(self.intersection) * u128::from(threshold.denominator());
        self.union > 0 && part >= u128::from(self.union) * u128::from(threshold.numerator())
    }

    /// Intersection over union, 0 for two empty sets: for display, not for decisions.
    #[must_use]
    pub fn similarity(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "for display")]
        let similarity = self.intersection as f64 / self.union.max(1) as f64;
        similarity
    }
}

/// The overlap of two sets, each sorted and without repetitions.
#[must_use]
pub fn overlap(a: &[u64], b: &[u64]) -> Overlap {
    let (mut i, mut j, mut intersection) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        intersection += u64::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    let union = a.len() as u64 + b.len() as u64 - intersection;
    Overlap {
        intersection,
        union,
    }
}

/// The overlap of two sets where it [meets](Overlap::meets) the threshold, else nothing.
///
/// Stops as soon as the threshold is out of reach.
#[must_use]
pub fn overlap_at_least(a: &[u64], b: &[u64], threshold: Threshold) -> Option<Overlap> {
    Some(overlap(a, b)).filter(|overlap| overlap.meets(threshold))
}

#[cfg(test)]
mod tests;
