//! An index in a folder: queried, and changed.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use mithril_dedup::in_memory::Texts;
use mithril_dedup::index::{Index as NativeIndex, IndexSettings, Limits, Neighbours, Writer};
use mithril_dedup::jaccard::Threshold;
use mithril_dedup::{Error, Result};
use pyo3::prelude::*;

use super::settings::Settings;
use super::texts::Held;
use super::work::watched;
use crate::call::failure;

/// Id (a JSON value), shared shingles, shingles of both.
type NeighbourRow = (String, u64, u64);

/// An index that is open; what others publish is taken up by `refresh`.
#[pyclass(frozen)]
pub(crate) struct Index {
    folder: PathBuf,
    index: Mutex<NativeIndex>,
}

impl Index {
    fn locked(&self) -> std::sync::MutexGuard<'_, NativeIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the index, and takes up what was changed.
    fn change<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Writer, &mithril_dedup::run::Progress) -> Result<T> + Send,
    ) -> PyResult<T> {
        watched(py, |progress| {
            let mut writer = Writer::open(&self.folder)?;
            let done = work(&mut writer, progress)?;
            writer.commit()?;
            self.locked().refresh()?;
            Ok(done)
        })
    }
}

#[pymethods]
impl Index {
    #[new]
    fn new(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let index = py.detach(|| NativeIndex::open(&folder));
        let index = Mutex::new(index.map_err(|error| failure(py, &error))?);
        Ok(Self { folder, index })
    }

    /// Makes an empty index.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "Python hands values over")]
    fn create(
        py: Python<'_>,
        folder: PathBuf,
        settings: Settings,
        is_forced: bool,
    ) -> PyResult<Self> {
        let create = || {
            let settings = IndexSettings::new(&settings.parameters()?, settings.threshold()?);
            Writer::create(&folder, settings, is_forced)?.commit()
        };
        create().map_err(|error| failure(py, &error))?;
        Self::new(py, folder)
    }

    /// Adds texts; `ids` are JSON values.
    #[expect(clippy::needless_pass_by_value, reason = "Python hands values over")]
    fn add(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        column: Option<&str>,
        ids: Vec<String>,
        threads: usize,
    ) -> PyResult<()> {
        let held = Held::of(texts, column)?;
        let view = held.view(py)?;
        self.change(py, |writer, progress| {
            writer.add_texts(&view, &ids, threads, progress)
        })
    }

    #[expect(clippy::needless_pass_by_value, reason = "Python hands values over")]
    fn remove(&self, py: Python<'_>, ids: HashSet<String>) -> PyResult<u64> {
        self.change(py, |writer, _| writer.remove(&ids))
    }

    fn merge(&self, py: Python<'_>) -> PyResult<()> {
        self.change(py, |writer, _| writer.merge_all())
    }

    /// The neighbours of every text, and whether there may be others.
    fn query(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        column: Option<&str>,
        threshold: Option<f64>,
        limit: usize,
    ) -> PyResult<Vec<(Vec<NeighbourRow>, bool)>> {
        let held = Held::of(texts, column)?;
        let view = held.view(py)?;
        let found = watched(py, |_| {
            let index = self.locked();
            let threshold = match threshold {
                Some(threshold) => Threshold::try_from(threshold)?,
                None => index.settings().threshold()?,
            };
            let limits = Limits {
                threshold,
                count: limit,
            };
            let mut querier = index.querier()?;
            let texts = (0..view.count()).map(|row| view.get(row).unwrap_or_default());
            texts
                .map(|text| querier.query(&index, text, limits))
                .collect::<Result<Vec<_>>>()
        })?;
        Ok(found.into_iter().map(rows_of).collect())
    }

    /// The same of one text, at once.
    fn query_one(
        &self,
        py: Python<'_>,
        text: &str,
        threshold: Option<f64>,
        limit: usize,
    ) -> PyResult<(Vec<NeighbourRow>, bool)> {
        let found = py.detach(|| {
            let index = self.locked();
            let threshold = match threshold {
                Some(threshold) => Threshold::try_from(threshold)?,
                None => index.settings().threshold()?,
            };
            index.querier()?.query(
                &index,
                text,
                Limits {
                    threshold,
                    count: limit,
                },
            )
        });
        Ok(rows_of(found.map_err(|error| failure(py, &error))?))
    }

    fn refresh(&self, py: Python<'_>) -> PyResult<bool> {
        let done = py.detach(|| self.locked().refresh());
        done.map_err(|error: Error| failure(py, &error))
    }

    fn check(&self, py: Python<'_>) -> PyResult<()> {
        watched(py, |_| self.locked().check())
    }

    /// Texts, removed texts, parts, bytes.
    fn sizes(&self) -> (u64, u64, usize, u64) {
        let index = self.locked();
        (
            index.rows(),
            index.removed_rows(),
            index.parts(),
            index.bytes(),
        )
    }

    /// Threshold, n, unit, permutations, bands, rows of a band, seed.
    fn settings(&self) -> (String, usize, String, usize, usize, usize, u64) {
        let index = self.locked();
        let IndexSettings {
            threshold,
            unit,
            n,
            permutations,
            bands,
            rows,
            seed,
        } = index.settings().clone();
        (threshold, n, unit, permutations, bands, rows, seed)
    }
}

fn rows_of(neighbours: Neighbours) -> (Vec<NeighbourRow>, bool) {
    let found = neighbours.found.into_iter();
    let rows = found.map(|it| (it.id, it.overlap.intersection, it.overlap.union));
    (rows.collect(), neighbours.is_cut)
}
