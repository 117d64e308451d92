//! Generated weights: independent normal numbers (Box-Muller over `SplitMix64`, seed 2026) times 0.04.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the law rounds"
)]

const SEED: u64 = 2026;

/// A `SplitMix64` generator.
pub(crate) struct Random(u64);

impl Random {
    /// With the fixed seed.
    pub(crate) fn new() -> Self {
        Self(SEED)
    }

    /// Uniform, above 0 and at most 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// The next weight.
    pub(crate) fn weight(&mut self) -> f32 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        (radius * (std::f64::consts::TAU * self.unit()).cos() * 0.04) as f32
    }
}

/// A weight rounded to the nearest bfloat16, ties to even.
pub(crate) fn bfloat16(weight: f32) -> u16 {
    let bits = weight.to_bits();
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}
