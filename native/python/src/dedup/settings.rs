//! Settings as the Python side hands them over.

use mithril_dedup::jaccard::Threshold;
use mithril_dedup::settings::banding_of;
use mithril_dedup::shingle::{Ngram, Unit};
use mithril_dedup::{Error, Parameters, Result};
use pyo3::prelude::*;

/// What duplicates are; the fields are those of `mithril._dedup.Settings`.
#[derive(FromPyObject)]
pub(crate) struct Settings {
    threshold: f64,
    ngram: usize,
    unit: String,
    num_perm: usize,
    bands: Option<usize>,
    rows: Option<usize>,
    seed: u64,
}

impl Settings {
    pub(crate) fn threshold(&self) -> Result<Threshold> {
        Threshold::try_from(self.threshold)
    }

    pub(crate) fn parameters(&self) -> Result<Parameters> {
        let chosen = match (self.bands, self.rows) {
            (Some(bands), Some(rows)) => Some((bands, rows)),
            (None, None) => None,
            _ => {
                let expected = "both or neither";
                return Err(Error::invalid_argument("bands and rows", expected, "one"));
            }
        };
        Ok(Parameters {
            ngram: ngram(&self.unit, self.ngram)?,
            permutations: self.num_perm,
            banding: banding_of(chosen, self.threshold()?, self.num_perm)?,
            seed: self.seed,
        })
    }
}

pub(crate) fn ngram(unit: &str, n: usize) -> Result<Ngram> {
    let unit = match unit {
        "word" => Unit::Word,
        "char" => Unit::Char,
        other => return Err(Error::invalid_argument("unit", "word or char", other)),
    };
    Ok(Ngram { unit, n })
}
