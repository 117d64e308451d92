//! MinHash signatures of shingle sets.
//!
//! Component `i` is the least `a[i] * x + b[i]` (modulo 2^32, `a[i]` odd) over the high halves `x`
//! of the shingles. Two signatures agree in a component with a probability of the Jaccard
//! similarity J of the sets, so that the share of equal components estimates J with a standard
//! error of sqrt(J (1 - J) / components). Repeated shingles and their order do not matter.
//!
//! Cost: three vector operations for 16 (AVX-512), 8 (AVX2) or 4 (NEON) components of a shingle.

mod kernel;

use crate::error::{Error, Result};
use crate::mix::SplitMix;
use crate::simd::Level;

/// Makes signatures.
#[derive(Debug, Clone)]
pub struct Sketcher {
    multipliers: Vec<u32>,
    summands: Vec<u32>,
    level: Level,
}

impl Sketcher {
    /// The usual number of components.
    pub const PERMUTATIONS_DEFAULT: usize = 128;
    /// The largest number of components.
    pub const PERMUTATIONS_MAX: usize = 65_536;

    /// A sketcher for signatures of `permutations` components; `seed` picks the permutations.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where `permutations` is not 1 to [`Self::PERMUTATIONS_MAX`].
    pub fn new(permutations: usize, seed: u64) -> Result<Self> {
        if !(1..=Self::PERMUTATIONS_MAX).contains(&permutations) {
            let expected = format!("1 to {}", Self::PERMUTATIONS_MAX);
            return Err(Error::invalid_argument(
                "permutations",
                expected,
                permutations,
            ));
        }
        let mut numbers = SplitMix::new(seed, u64::from_be_bytes(*b"minhash\0"));
        let (multipliers, summands) = (0..permutations)
            .map(|_| {
                let number = numbers.next();
                (high(number) | 1, low(number))
            })
            .unzip();
        Ok(Self {
            multipliers,
            summands,
            level: Level::detect(),
        })
    }

    /// Components of a signature.
    #[must_use]
    pub fn permutations(&self) -> usize {
        self.multipliers.len()
    }

    /// Writes the signature of a set into `out`. That of the empty set is `u32::MAX` throughout:
    /// check for it, because an empty set equals nothing.
    ///
    /// # Panics
    ///
    /// Where `out` does not have [`permutations`](Self::permutations) places.
    pub fn sketch(&self, shingles: &[u64], out: &mut [u32]) {
        out.fill(u32::MAX);
        self.update(shingles, out);
    }

    /// Adds shingles to the set whose signature is in `out`.
    ///
    /// # Panics
    ///
    /// As [`sketch`](Self::sketch).
    pub fn update(&self, shingles: &[u64], out: &mut [u32]) {
        assert_eq!(out.len(), self.permutations(), "places for components");
        let Self {
            multipliers,
            summands,
            level,
        } = self;
        kernel::update(*level, shingles, multipliers, summands, out);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
fn low(x: u64) -> u32 {
    x as u32
}

fn high(x: u64) -> u32 {
    low(x >> 32)
}

/// The share of equal components, the estimate of the Jaccard similarity (0 for no components).
#[must_use]
pub fn similarity(a: &[u32], b: &[u32]) -> f64 {
    let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
    let count = a.len().max(b.len()).max(1);
    #[expect(
        clippy::cast_precision_loss,
        reason = "signatures are far shorter than 2^52"
    )]
    let share = equal as f64 / count as f64;
    share
}

#[cfg(test)]
mod tests;
