//! N-grams of words or characters as 64-bit hashes.
//!
//! A shingle is the finalised polynomial of the hashes of its `n` units, so that order counts. A
//! text with fewer than `n` units gives one shingle of all it has; a text without units gives none,
//! and such an empty set equals nothing, not even another empty set.

mod roll;

use crate::error::{Error, Result};
use crate::mix::{SplitMix, finalise};
use crate::text::{WordKeys, normalised, words};

/// What an n-gram is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Words, as [`crate::text::words`] gives them.
    Word,
    /// Code points of [`crate::text::normalised`].
    Char,
}

/// The n-grams that a text is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ngram {
    /// What is counted.
    pub unit: Unit,
    /// How many units make one shingle, 1 to [`Ngram::N_MAX`].
    pub n: usize,
}

impl Ngram {
    /// The largest `n`.
    pub const N_MAX: usize = 256;
}

impl Default for Ngram {
    /// Five words.
    fn default() -> Self {
        Self {
            unit: Unit::Word,
            n: 5,
        }
    }
}

/// Turns texts into shingles. Holds buffers: make one for each thread and use it again.
#[derive(Debug)]
pub struct Shingler {
    ngram: Ngram,
    keys: WordKeys,
    char_key: u64,
    units: Vec<u64>,
}

impl Shingler {
    /// A shingler of these n-grams. With another `seed` every shingle is another number; a secret
    /// one keeps strangers from preparing texts that collide.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where `n` is not 1 to [`Ngram::N_MAX`].
    pub fn new(ngram: Ngram, seed: u64) -> Result<Self> {
        if !(1..=Ngram::N_MAX).contains(&ngram.n) {
            let expected = format!("1 to {}", Ngram::N_MAX);
            return Err(Error::invalid_argument("n-gram size", expected, ngram.n));
        }
        Ok(Self {
            ngram,
            keys: WordKeys::new(seed),
            char_key: SplitMix::new(seed, u64::from_be_bytes(*b"charkeys")).next(),
            units: Vec::new(),
        })
    }

    /// The n-grams that it makes.
    #[must_use]
    pub fn ngram(&self) -> Ngram {
        self.ngram
    }

    /// Replaces `out` by the shingles of `text`, in the order of the text, repeated ones included.
    pub fn shingles(&mut self, text: &str, out: &mut Vec<u64>) {
        out.clear();
        self.units.clear();
        match self.ngram.unit {
            Unit::Word => {
                let hashes = words(text)
                    .into_iter()
                    .map(|word| self.keys.hash(word.as_bytes()));
                self.units.extend(hashes);
            }
            Unit::Char => {
                let codes = normalised(text);
                let hashes = codes
                    .chars()
                    .map(|c| finalise(self.char_key ^ u64::from(u32::from(c))));
                self.units.extend(hashes);
            }
        }
        roll::roll(&self.units, self.ngram.n, out);
    }

    /// Replaces `out` by the set of shingles of `text`: sorted, each once.
    pub fn set(&mut self, text: &str, out: &mut Vec<u64>) {
        self.shingles(text, out);
        out.sort_unstable();
        out.dedup();
    }
}

#[cfg(test)]
mod tests;
