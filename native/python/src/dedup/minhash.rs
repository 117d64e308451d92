//! Signatures of single sets.

use mithril_dedup::shingle::Shingler;
use mithril_dedup::sketch::{Sketcher, similarity};
use mithril_dedup::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::settings::ngram;
use crate::call::failure;

/// A signature that texts are added to.
#[pyclass]
pub(crate) struct Signature {
    shingler: Shingler,
    sketcher: Sketcher,
    values: Vec<u32>,
}

impl Signature {
    fn made(unit: &str, n: usize, permutations: usize, seed: u64) -> Result<Self> {
        let sketcher = Sketcher::new(permutations, seed)?;
        Ok(Self {
            shingler: Shingler::new(ngram(unit, n)?, seed)?,
            values: vec![u32::MAX; permutations],
            sketcher,
        })
    }
}

#[pymethods]
impl Signature {
    #[new]
    fn new(py: Python<'_>, unit: &str, n: usize, permutations: usize, seed: u64) -> PyResult<Self> {
        Self::made(unit, n, permutations, seed).map_err(|error| failure(py, &error))
    }

    /// Adds the shingles of a text, and returns how many it has.
    fn update(&mut self, py: Python<'_>, text: &str) -> usize {
        py.detach(|| {
            let mut count = 0;
            self.shingler.visit(text, |shingles| {
                self.sketcher.update(shingles, &mut self.values);
                count += shingles.len();
            });
            count
        })
    }

    fn merge(&mut self, other: &Self) {
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value = (*value).min(*other);
        }
    }

    /// The components, as bytes of this machine's order.
    fn values<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes: Vec<u8> = self.values.iter().flat_map(|it| it.to_ne_bytes()).collect();
        PyBytes::new(py, &bytes)
    }

    /// Takes components in place of its own.
    fn restore(&mut self, py: Python<'_>, bytes: &[u8]) -> PyResult<()> {
        let (values, rest) = bytes.as_chunks();
        if values.len() != self.values.len() || !rest.is_empty() {
            let expected = format!("{} components of 4 bytes", self.values.len());
            let error =
                Error::invalid_argument("a digest", expected, format!("{} bytes", bytes.len()));
            return Err(failure(py, &error));
        }
        self.values = values.iter().map(|it| u32::from_ne_bytes(*it)).collect();
        Ok(())
    }

    fn similarity(&self, other: &Self) -> f64 {
        similarity(&self.values, &other.values)
    }
}
