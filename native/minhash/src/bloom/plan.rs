//! The sizes of banded Bloom filters, and the error that follows from them.

use crate::error::{Error, Result};
use std::f64::consts::LN_2;

/// Sizes of the filters for a number of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    documents: u64,
    bands: usize,
    bits: u64,
    hashes: u32,
}

/// The unit in which filters grow, in bits: large enough to hide how a machine rounds logarithms.
const UNIT_BITS: u64 = 4096;
/// The most hashes of a key: an error of 2^-32 a band.
const HASHES_MAX: u32 = 32;
/// The largest index, in bytes.
const BYTES_MAX: u64 = 1 << 50;

impl Plan {
    /// The smallest filters with which, after `documents` documents, a text like none of them is
    /// called a duplicate with a probability of at most `error`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for no documents or bands, an error that is not above 0 and below 1, and
    /// filters beyond 2^50 bytes.
    pub fn for_error(documents: u64, bands: usize, error: f64) -> Result<Self> {
        if !(error > 0.0 && error < 1.0) {
            return Err(Error::invalid_argument(
                "error",
                "above 0 and below 1",
                error,
            ));
        }
        // The documents' error is 1 - (1 - p)^bands for an error p of each band; ln_1p and exp_m1
        // keep small numbers exact.
        let band_error = -f64::exp_m1(f64::ln_1p(-error) / as_f64(bands as u64));
        let bits = as_f64(documents) * -f64::ln(band_error) / (LN_2 * LN_2);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates"
        )]
        let units = (bits / as_f64(UNIT_BITS)).ceil() as u64;
        Self::with_units(documents, bands, units.max(1))
    }

    /// The largest filters that fit `bytes` in all, whatever error that gives: ask
    /// [`error`](Self::error) for it.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for no documents or bands, or fewer bytes than 512 a band.
    pub fn for_bytes(documents: u64, bands: usize, bytes: u64) -> Result<Self> {
        let units = bytes / (UNIT_BITS / 8) / (bands as u64).max(1);
        Self::with_units(documents, bands, units)
    }

    fn with_units(documents: u64, bands: usize, units: u64) -> Result<Self> {
        for (what, value) in [("documents", documents), ("bands", bands as u64)] {
            if value == 0 {
                return Err(Error::invalid_argument(what, "at least 1", value));
            }
        }
        let bytes = (units.saturating_mul(UNIT_BITS / 8)).saturating_mul(bands as u64);
        if units == 0 || bytes > BYTES_MAX {
            let expected = format!(
                "{} to {BYTES_MAX}",
                (UNIT_BITS / 8).saturating_mul(bands as u64)
            );
            return Err(Error::invalid_argument(
                "bytes of Bloom filters",
                expected,
                bytes,
            ));
        }
        let bits = units * UNIT_BITS;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates"
        )]
        let hashes = (as_f64(bits) / as_f64(documents) * LN_2).round() as u32;
        Ok(Self {
            documents,
            bands,
            bits,
            hashes: hashes.clamp(1, HASHES_MAX),
        })
    }

    /// Documents that the filters are made for.
    #[must_use]
    pub fn documents(self) -> u64 {
        self.documents
    }

    /// Bands, each with a filter.
    #[must_use]
    pub fn bands(self) -> usize {
        self.bands
    }

    /// Bits of each filter.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// Bits that a key sets.
    #[must_use]
    pub fn hashes(self) -> u32 {
        self.hashes
    }

    /// Memory of all filters, in bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.bits / 8 * self.bands as u64
    }

    /// The error after all planned documents.
    #[must_use]
    pub fn error(self) -> f64 {
        self.error_after(self.documents)
    }

    /// The probability that the filters call a text a duplicate that is like none of `inserted`
    /// different documents: 1 - (1 - (1 - e^(-k n / m))^k)^bands.
    #[must_use]
    pub fn error_after(self, inserted: u64) -> f64 {
        let load = f64::from(self.hashes) * as_f64(inserted) / as_f64(self.bits);
        let band_error = (-f64::exp_m1(-load)).powf(f64::from(self.hashes));
        -f64::exp_m1(f64::ln_1p(-band_error) * as_f64(self.bands as u64))
    }

    /// The plan as one line of text.
    #[must_use]
    pub fn explain(self) -> String {
        format!(
            "{} documents, {} bands: {} bits and {} hashes a band, {} bytes in all; a new text is \
             called a duplicate with probability {:.3e}",
            self.documents,
            self.bands,
            self.bits,
            self.hashes,
            self.bytes(),
            self.error()
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "formulas of probability")]
pub(super) fn as_f64(x: u64) -> f64 {
    x as f64
}
