//! Mixing of 64-bit numbers: the arithmetic that every hash of this crate is made of.
//!
//! None of it is cryptographic. It spreads bits evenly and costs a few cycles; keys made from a
//! secret seed keep strangers from preparing collisions.

/// Low half XOR high half of the 128-bit product (a folded multiply).
#[inline]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

/// A bijection after which every bit depends on every bit: Stafford's variant 13 of the finaliser
/// of `MurmurHash3`, as in `SplitMix64`.
#[inline]
pub(crate) fn finalise(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(FINALISE_1);
    x = (x ^ (x >> 27)).wrapping_mul(FINALISE_2);
    x ^ (x >> 31)
}

/// First multiplier of [`finalise`].
pub(crate) const FINALISE_1: u64 = 0xBF58_476D_1CE4_E5B9;
/// Second multiplier of [`finalise`].
pub(crate) const FINALISE_2: u64 = 0x94D0_49BB_1331_11EB;

/// The `SplitMix64` generator: keys and coefficients from a seed.
pub(crate) struct SplitMix(u64);

impl SplitMix {
    /// The stream of `seed` for one `purpose`; streams of different purposes do not overlap in use.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        Self(finalise(seed) ^ finalise(purpose.wrapping_add(0x9E37_79B9_7F4A_7C15)))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        finalise(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        // The first outputs of SplitMix64 for state 0.
        let mut numbers = SplitMix(0);
        assert_eq!(numbers.next(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(numbers.next(), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn a_folded_multiply_keeps_both_halves() {
        assert_eq!(fold(u64::MAX, u64::MAX), 1 ^ (u64::MAX - 1));
        assert_eq!(fold(3, 5), 15);
    }
}
