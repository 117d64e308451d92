//! Binding of `mithril-dedup`: `mithril.dedup` on the Python side.

mod arrow;
mod index;
mod minhash;
mod settings;
mod texts;
mod work;

use mithril_dedup::in_memory::{Keep, Options, Outcome, Removal, Texts, dedup as find};
use mithril_dedup::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::call::failure;
use minhash::Signature;
use settings::Settings;
use texts::Held;
use work::watched;

/// What was found: columns of numbers, each as bytes of this machine's order.
#[pyclass(frozen, get_all)]
struct Duplicates {
    count: usize,
    groups: u64,
    candidates: u64,
    compared: u64,
    /// One byte each text: 1 where it is kept.
    mask: Py<PyBytes>,
    /// `u32` each: rows that are kept.
    kept: Py<PyBytes>,
    /// `u32` each: a removed row, its survivor, the first row of its group.
    rows: Py<PyBytes>,
    survivors: Py<PyBytes>,
    clusters: Py<PyBytes>,
    /// `f64`.
    similarities: Py<PyBytes>,
}

impl Duplicates {
    fn new(py: Python<'_>, count: usize, found: &Outcome) -> PyResult<Self> {
        let removals = &found.removals;
        let column = |value: fn(&Removal) -> u32| {
            let values = removals.iter().map(|it| value(it).to_ne_bytes());
            numbers(py, removals.len(), values)
        };
        let mut mask = vec![1_u8; count];
        for removal in removals {
            if let Some(is_kept) = mask.get_mut(removal.row as usize) {
                *is_kept = 0;
            }
        }
        let kept = (0_u32..).zip(&mask).filter(|(_, is_kept)| **is_kept == 1);
        let kept = kept.map(|(row, _)| row.to_ne_bytes());
        let similarities = removals
            .iter()
            .map(|it| it.overlap.similarity().to_ne_bytes());
        Ok(Self {
            count,
            groups: found.groups,
            candidates: found.candidates,
            compared: found.compared,
            mask: PyBytes::new(py, &mask).unbind(),
            kept: numbers(py, count - removals.len(), kept)?,
            rows: column(|it| it.row)?,
            survivors: column(|it| it.survivor)?,
            clusters: column(|it| it.cluster)?,
            similarities: numbers(py, removals.len(), similarities)?,
        })
    }
}

/// So many numbers of `N` bytes.
fn numbers<const N: usize>(
    py: Python<'_>,
    count: usize,
    values: impl Iterator<Item = [u8; N]>,
) -> PyResult<Py<PyBytes>> {
    let bytes = PyBytes::new_with(py, count * N, |out| {
        let (places, _) = out.as_chunks_mut();
        for (place, value) in places.iter_mut().zip(values) {
            *place = value;
        }
        Ok(())
    })?;
    Ok(bytes.unbind())
}

fn keep_of<'a>(keep: &str, scores: Option<&'a [f64]>) -> Result<Keep<'a>> {
    match (keep, scores) {
        (_, Some(scores)) => Ok(Keep::Best(scores)),
        ("first", None) => Ok(Keep::First),
        ("last", None) => Ok(Keep::Last),
        ("longest", None) => Ok(Keep::Longest),
        _ => Err(Error::invalid_argument(
            "keep",
            "first, last or longest",
            keep,
        )),
    }
}

/// All texts at once.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python hands values over")]
fn dedup(
    py: Python<'_>,
    texts: &Bound<'_, PyAny>,
    column: Option<&str>,
    settings: Settings,
    keep: &str,
    scores: Option<Vec<f64>>,
    threads: usize,
) -> PyResult<Duplicates> {
    let options = || {
        Ok(Options {
            parameters: settings.parameters()?,
            threshold: settings.threshold()?,
            keep: keep_of(keep, scores.as_deref())?,
            threads,
        })
    };
    let options = options().map_err(|error| failure(py, &error))?;
    let held = Held::of(texts, column)?;
    let view = held.view(py)?;
    let found = watched(py, |progress| find(&view, &options, progress))?;
    Duplicates::new(py, view.count(), &found)
}

pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Duplicates>()?;
    module.add_class::<Signature>()?;
    module.add_class::<index::Index>()?;
    module.add_function(wrap_pyfunction!(dedup, module)?)
}
