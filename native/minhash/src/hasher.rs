//! From a text to its signature and band keys in one pass.

use crate::error::{Error, Result};
use crate::lsh::Banding;
use crate::shingle::{Ngram, Shingler};
use crate::sketch::Sketcher;

/// What signatures are made with: two of them compare only where all of this is equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// The n-grams compared.
    pub ngram: Ngram,
    /// Components of a signature.
    pub permutations: usize,
    /// The bands of a signature.
    pub banding: Banding,
    /// Picks hash keys and permutations.
    pub seed: u64,
}

impl Default for Parameters {
    /// Five words, 128 permutations, 20 bands of 6 rows, seed 0.
    fn default() -> Self {
        Self {
            ngram: Ngram::default(),
            permutations: Sketcher::PERMUTATIONS_DEFAULT,
            banding: Banding::default(),
            seed: 0,
        }
    }
}

/// Makes signatures and band keys of texts. Holds buffers of bounded size: make one for each thread.
#[derive(Debug)]
pub struct Hasher {
    shingler: Shingler,
    sketcher: Sketcher,
    banding: Banding,
}

impl Hasher {
    /// A hasher with these parameters.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where a parameter is out of its range or the bands do not fit.
    pub fn new(parameters: &Parameters) -> Result<Self> {
        let Parameters {
            ngram,
            permutations,
            banding,
            seed,
        } = *parameters;
        let used = banding.bands() * banding.rows();
        if used > permutations {
            let expected = format!("at most {permutations} in all");
            return Err(Error::invalid_argument("bands x rows", expected, used));
        }
        Ok(Self {
            shingler: Shingler::new(ngram, seed)?,
            sketcher: Sketcher::new(permutations, seed)?,
            banding,
        })
    }

    /// Writes signature and band keys of `text`, and returns how many shingles it has, repeated ones
    /// included. Where that is 0 the text is like no other: its keys must not be looked up.
    ///
    /// # Panics
    ///
    /// Where a slice has not the length that the parameters say.
    pub fn hash(&mut self, text: &str, signature: &mut [u32], keys: &mut [u64]) -> usize {
        let mut count = 0;
        signature.fill(u32::MAX);
        self.shingler.visit(text, |shingles| {
            self.sketcher.update(shingles, signature);
            count += shingles.len();
        });
        self.banding.keys(signature, keys);
        count
    }
}

/// Band keys and bytes of shingles that somebody else made; keeps its buffers.
#[derive(Debug)]
pub(crate) struct Keyer {
    sketcher: Sketcher,
    banding: Banding,
    signature: Vec<u32>,
    /// Of the shingles hashed last.
    pub(crate) keys: Vec<u64>,
    /// The same shingles in little-endian order, for a digest.
    pub(crate) bytes: Vec<u8>,
}

impl Keyer {
    /// # Errors
    ///
    /// `InvalidArgument` for parameters out of range.
    pub(crate) fn new(parameters: &Parameters) -> Result<Self> {
        let Parameters {
            permutations,
            banding,
            seed,
            ..
        } = *parameters;
        Ok(Self {
            sketcher: Sketcher::new(permutations, seed)?,
            banding,
            signature: vec![0; permutations],
            keys: vec![0; banding.bands()],
            bytes: Vec::new(),
        })
    }

    pub(crate) fn hash(&mut self, shingles: &[u64]) {
        self.sketcher.sketch(shingles, &mut self.signature);
        self.banding.keys(&self.signature, &mut self.keys);
        self.bytes.clear();
        self.bytes
            .extend(shingles.iter().flat_map(|it| it.to_le_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_give_equal_keys_and_other_words_give_others() {
        let mut hasher = Hasher::new(&Parameters::default()).expect("the defaults are sound");
        let mut hash = |text: &str| {
            let (mut signature, mut keys) = ([0; 128], [0; 20]);
            let count = hasher.hash(text, &mut signature, &mut keys);
            (count, signature, keys)
        };
        let a = hash("The quick brown fox jumps over the lazy dog");
        assert_eq!(a.0, 5);
        assert_eq!(a, hash("the QUICK brown fox -- jumps over the lazy dog!"));
        assert_ne!(
            a.2,
            hash("a completely different line of text that is not alike").2
        );
        assert_eq!(hash("?!").0, 0);
    }

    #[test]
    fn bands_that_do_not_fit_are_refused() {
        let parameters = Parameters {
            permutations: 119,
            ..Parameters::default()
        };
        let error = Hasher::new(&parameters).expect_err("20 x 6 is more than 119");
        assert_eq!(
            error.to_string(),
            "bands x rows: expected at most 119 in all, found 120"
        );
    }
}
