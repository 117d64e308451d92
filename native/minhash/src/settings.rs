//! What decides which rows are duplicates. The same settings and files give the same output.

use crate::bloom::Plan;
use crate::error::{Error, Result};
use crate::hasher::Parameters;
use crate::jaccard::Threshold;
use crate::lsh::Banding;

/// How duplicates are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// Near-duplicates: candidates by bands, and every one of them compared exactly.
    #[default]
    Verified,
    /// Texts that are the same byte for byte, by a 128-bit hash.
    Exact,
    /// Rows whose bands were seen before, by Bloom filters of this plan: nothing is compared.
    LshBloom(Plan),
}

/// Settings of the hash, candidate and verify stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How duplicates are found.
    pub method: Method,
    /// How signatures and band keys are made.
    pub parameters: Parameters,
    /// Least Jaccard similarity of two duplicates.
    pub threshold: Threshold,
    /// Name of the field that holds the text.
    pub text_key: String,
}

impl Settings {
    /// Checks what can be checked without reading anything.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for a setting out of range.
    pub fn new(parameters: Parameters, threshold: Threshold, text_key: String) -> Result<Self> {
        crate::Hasher::new(&parameters)?;
        if text_key.is_empty() {
            return Err(Error::invalid_argument("text key", "a name", "nothing"));
        }
        Ok(Self {
            method: Method::default(),
            parameters,
            threshold,
            text_key,
        })
    }

    /// Keys of a row.
    #[must_use]
    pub fn bands(&self) -> usize {
        match self.method {
            Method::Exact => 0,
            Method::Verified | Method::LshBloom(_) => self.parameters.banding.bands(),
        }
    }
}

/// The bands as chosen, or those that suit the threshold.
///
/// # Errors
///
/// `InvalidArgument` where they do not fit the permutations.
pub fn banding_of(
    chosen: Option<(usize, usize)>,
    threshold: Threshold,
    permutations: usize,
) -> Result<Banding> {
    match chosen {
        Some((bands, rows)) => Banding::new(bands, rows, permutations),
        None => Banding::for_threshold(threshold, Banding::RECALL_DEFAULT, permutations),
    }
}
