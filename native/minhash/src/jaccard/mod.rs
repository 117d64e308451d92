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
    fn of(a: &[u64], b: &[u64], intersection: u64) -> Self {
        let union = a.len() as u64 + b.len() as u64 - intersection;
        Self {
            intersection,
            union,
        }
    }

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
    let (common, ..) = merge(a, b, usize::MAX);
    Overlap::of(a, b, common)
}

/// The overlap of two sets where it [meets](Overlap::meets) the threshold, else nothing.
///
/// Stops as soon as the threshold is out of reach: at once for sets of very different sizes.
#[must_use]
pub fn overlap_at_least(a: &[u64], b: &[u64], threshold: Threshold) -> Option<Overlap> {
    let needed = threshold.intersection_needed(a.len(), b.len());
    let (mut rest_a, mut rest_b, mut common) = (a, b, 0);
    while common + rest_a.len().min(rest_b.len()) as u64 >= needed {
        if rest_a.is_empty() || rest_b.is_empty() {
            return Some(Overlap::of(a, b, common)).filter(|overlap| overlap.meets(threshold));
        }
        let found;
        (found, rest_a, rest_b) = merge(rest_a, rest_b, STEPS_BETWEEN_LOOKS);
        common += found;
    }
    None
}

/// Steps of a merge after which it is worth asking whether the threshold is still in reach.
const STEPS_BETWEEN_LOOKS: usize = 16;

/// Merges two sets for some steps; returns how many members were in both, and what is left of each.
fn merge<'a>(a: &'a [u64], b: &'a [u64], steps: usize) -> (u64, &'a [u64], &'a [u64]) {
    let (mut at_a, mut at_b, mut common) = (0, 0, 0);
    for _ in 0..steps {
        let (Some(x), Some(y)) = (a.get(at_a), b.get(at_b)) else {
            break;
        };
        common += u64::from(x == y);
        at_a += usize::from(x <= y);
        at_b += usize::from(y <= x);
    }
    (
        common,
        a.get(at_a..).unwrap_or_default(),
        b.get(at_b..).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests;
