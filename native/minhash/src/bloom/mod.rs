//! LSHBloom: an index of band keys that only says "seen before" or "new".
//!
//! One Bloom filter for each band takes the place of the lists of rows. A text is a duplicate of an
//! earlier one if any of its band keys is in that band's filter. It cannot be said of which one, and
//! nothing is verified: besides what LSH alone finds too much, filters add an error of their own,
//! which [`Plan`] computes before anything is read. At 10 to 20 bits a band and document it is an
//! index for streams that must not grow, not for a final answer; for that use the other stages.

mod plan;

pub use plan::Plan;

use crate::error::{Error, Result};
use crate::mix::finalise;

/// The filters.
#[derive(Debug)]
pub struct BloomIndex {
    plan: Plan,
    /// The filters one after the other.
    bits: Vec<u64>,
    inserted: u64,
}

impl BloomIndex {
    /// Empty filters, all memory taken at once.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where this machine cannot give so much memory.
    pub fn new(plan: Plan) -> Result<Self> {
        let words = plan.bytes() / 8;
        let mut bits = Vec::new();
        let count = usize::try_from(words).unwrap_or(usize::MAX);
        if bits.try_reserve_exact(count).is_err() {
            let found = format!("{} bytes", plan.bytes());
            return Err(Error::invalid_argument(
                "Bloom filters",
                "what memory can hold",
                found,
            ));
        }
        bits.resize(count, 0);
        Ok(Self {
            plan,
            bits,
            inserted: 0,
        })
    }

    /// What the filters are made for.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Documents inserted so far.
    #[must_use]
    pub fn inserted(&self) -> u64 {
        self.inserted
    }

    /// The probability that a text like none of those inserted so far is called a duplicate by the
    /// filters.
    #[must_use]
    pub fn error_now(&self) -> f64 {
        self.plan.error_after(self.inserted)
    }

    /// Whether any key of a document (one for each band) is in its band's filter.
    ///
    /// # Panics
    ///
    /// Where there is not one key for each band.
    #[must_use]
    pub fn contains(&self, keys: &[u64]) -> bool {
        self.check(keys);
        (0..).zip(keys).any(|(band, key)| {
            self.places(band, *key).all(|place| {
                let word = self.bits.get(place / 64).copied().unwrap_or(0);
                word >> (place % 64) & 1 == 1
            })
        })
    }

    /// Inserts a document; says whether it was [contained](Self::contains) before.
    ///
    /// # Panics
    ///
    /// As [`contains`](Self::contains).
    pub fn insert(&mut self, keys: &[u64]) -> bool {
        self.check(keys);
        let mut is_duplicate = false;
        for (band, key) in (0..).zip(keys) {
            let mut missing = false;
            for place in self.places(band, *key) {
                if let Some(word) = self.bits.get_mut(place / 64) {
                    missing |= *word >> (place % 64) & 1 == 0;
                    *word |= 1 << (place % 64);
                }
            }
            is_duplicate |= !missing;
        }
        self.inserted += 1;
        is_duplicate
    }

    fn check(&self, keys: &[u64]) {
        assert_eq!(keys.len(), self.plan.bands(), "keys for the bands");
    }

    /// The bits of a key in the filter of its band: double hashing, as good as independent hashes
    /// (Kirsch and Mitzenmacher, 2006).
    fn places(&self, band: u64, key: u64) -> impl Iterator<Item = usize> + use<> {
        let (bits, first) = (self.plan.bits(), band * self.plan.bits());
        let step = finalise(key) | 1;
        (0..u64::from(self.plan.hashes())).map(move |i| {
            let hash = key.wrapping_add(i.wrapping_mul(step));
            // The hash scaled to the filter: below `bits`, whatever it is.
            let place = (u128::from(hash) * u128::from(bits)) >> 64;
            usize::try_from(u128::from(first) + place).unwrap_or(usize::MAX)
        })
    }
}

#[cfg(test)]
mod tests;
