//! Indexes: built, changed and queried.

#![expect(
    clippy::unused_self,
    reason = "JavaScript has one object for all of this"
)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mithril_dedup::index::{Index, IndexSettings, Limits, Neighbours, RowFiles, RowsRead, Writer};
use mithril_dedup::run::{InputFile, Job, Progress};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::job::RunProgress;
use crate::options::{NamedFile, SettingsOptions};
use mithril_napi_common::outcome::{Outcome, length, number, whole};
use mithril_napi_common::work::Work;

/// Work on an index: it can be watched and stopped from JavaScript.
#[napi]
#[derive(Default)]
pub struct DedupIndexJob(Arc<Progress>);

#[napi(object, object_to_js = false)]
pub struct RowFilesOptions {
    pub inputs: Vec<NamedFile>,
    pub text_key: String,
    pub id_key: Option<String>,
    /// 0 to 1.
    pub bad_share_max: f64,
    /// 0 for all processors.
    pub threads: f64,
    /// In bytes.
    pub memory: f64,
}

#[napi(object, object_to_js = false)]
pub struct QueryOptions {
    /// A decimal number; without it that of the index.
    pub threshold: Option<String>,
    pub limit: f64,
}

#[napi(object, object_from_js = false)]
pub struct IndexSummary {
    pub rows: f64,
    pub removed_rows: f64,
    pub parts: f64,
    pub bytes: f64,
    pub threshold: String,
    pub unit: String,
    pub n: f64,
    pub permutations: f64,
    pub bands: f64,
    pub band_rows: f64,
    pub seed: f64,
    /// Rows that this call added or removed, and those that it could not use.
    pub changed: f64,
    pub rejected: f64,
}

#[napi(object, object_from_js = false)]
pub struct QuerySummary {
    pub rows: f64,
    pub rejected: f64,
    pub matched: f64,
}

impl RowFilesOptions {
    /// The files, and the memory in bytes.
    fn files(&self) -> Outcome<(RowFiles, u64)> {
        let open = |file: &NamedFile| InputFile::at(file.path.clone().into(), file.name.clone());
        let inputs = self
            .inputs
            .iter()
            .map(open)
            .collect::<mithril_dedup::Result<Vec<_>>>()?;
        let threads = match length("threads", self.threads)? {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let memory = whole("memory", self.memory)?;
        let bytes = inputs.iter().map(|input| input.bytes).sum();
        let files = RowFiles {
            split_bytes: Job::split_bytes_for(bytes, memory, threads),
            inputs,
            text_key: self.text_key.clone(),
            id_key: self.id_key.clone(),
            bad_share_max: self.bad_share_max,
            threads,
        };
        Ok((files, memory))
    }
}

impl QueryOptions {
    fn limits(&self, index: &Index) -> Outcome<Limits> {
        let threshold = match &self.threshold {
            Some(threshold) => threshold.parse()?,
            None => index.settings().threshold()?,
        };
        let count = length("limit", self.limit)?;
        Ok(Limits { threshold, count })
    }
}

#[napi]
impl DedupIndexJob {
    #[napi(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[napi(getter)]
    #[must_use]
    pub fn progress(&self) -> RunProgress {
        RunProgress::of(&self.0)
    }

    /// Ends the work with code `Cancelled` within a split.
    #[napi]
    pub fn cancel(&self) {
        self.0.cancel();
    }

    #[napi]
    pub fn build(
        &self,
        folder: String,
        settings: SettingsOptions,
        is_forced: bool,
        files: RowFilesOptions,
    ) -> AsyncTask<Work<IndexSummary>> {
        let (progress, folder) = (Arc::clone(&self.0), PathBuf::from(folder));
        Work::of(move || {
            let settings = IndexSettings::new(&settings.parameters()?, settings.threshold()?);
            let (files, memory) = files.files()?;
            let mut writer = Writer::create(&folder, settings, is_forced)?;
            let read = writer.add_files(&files, memory, &progress)?;
            writer.commit()?;
            summary_of(&folder, read)
        })
    }

    #[napi]
    pub fn add(&self, folder: String, files: RowFilesOptions) -> AsyncTask<Work<IndexSummary>> {
        let (progress, folder) = (Arc::clone(&self.0), PathBuf::from(folder));
        Work::of(move || {
            let (files, memory) = files.files()?;
            let mut writer = Writer::open(&folder)?;
            let read = writer.add_files(&files, memory, &progress)?;
            writer.commit()?;
            summary_of(&folder, read)
        })
    }

    /// Removes the rows with these ids, JSON values as they stand in the rows; or, with none, makes
    /// all parts one.
    #[napi]
    pub fn remove(&self, folder: String, ids: Vec<String>) -> AsyncTask<Work<IndexSummary>> {
        let folder = PathBuf::from(folder);
        Work::of(move || {
            let ids: HashSet<String> = ids.iter().cloned().collect();
            let mut writer = Writer::open(&folder)?;
            let rows = if ids.is_empty() {
                writer.merge_all().map(|()| 0)?
            } else {
                writer.remove(&ids)?
            };
            writer.commit()?;
            summary_of(&folder, RowsRead { rows, rejected: 0 })
        })
    }

    /// What is in an index; with `check` all of it is read and compared with its checksums.
    #[napi]
    pub fn look(&self, folder: String, check: bool) -> AsyncTask<Work<IndexSummary>> {
        let folder = PathBuf::from(folder);
        Work::of(move || {
            if check {
                Index::open(&folder)?.check()?;
            }
            summary_of(&folder, RowsRead::default())
        })
    }

    /// Looks up one text; the result is a JSON object.
    #[napi]
    pub fn query(
        &self,
        folder: String,
        text: String,
        options: QueryOptions,
    ) -> AsyncTask<Work<String>> {
        let folder = PathBuf::from(folder);
        Work::of(move || {
            let index = Index::open(&folder)?;
            let found = query_once(&index, &text, &options)?;
            Ok(found.to_json("null")?)
        })
    }

    /// Looks up the rows of files, and writes one JSON object a row.
    #[napi]
    pub fn query_files(
        &self,
        folder: String,
        files: RowFilesOptions,
        output: String,
        options: QueryOptions,
    ) -> AsyncTask<Work<QuerySummary>> {
        let (progress, folder) = (Arc::clone(&self.0), PathBuf::from(folder));
        Work::of(move || {
            let index = Index::open(&folder)?;
            let (files, _) = files.files()?;
            let limits = options.limits(&index)?;
            let done = index.query_files(&files, limits, Path::new(&output), &progress)?;
            Ok(QuerySummary {
                rows: number(done.read.rows),
                rejected: number(done.read.rejected),
                matched: number(done.matched),
            })
        })
    }
}

fn query_once(index: &Index, text: &str, options: &QueryOptions) -> Outcome<Neighbours> {
    Ok(index
        .querier()?
        .query(index, text, options.limits(index)?)?)
}

fn summary_of(folder: &Path, read: RowsRead) -> Outcome<IndexSummary> {
    let index = Index::open(folder)?;
    let settings = index.settings();
    let size = |size: usize| number(size as u64);
    Ok(IndexSummary {
        rows: number(index.rows()),
        removed_rows: number(index.removed_rows()),
        parts: size(index.parts()),
        bytes: number(index.bytes()),
        threshold: settings.threshold.clone(),
        unit: settings.unit.clone(),
        n: size(settings.n),
        permutations: size(settings.permutations),
        bands: size(settings.bands),
        band_rows: size(settings.rows),
        seed: number(settings.seed),
        changed: number(read.rows),
        rejected: number(read.rejected),
    })
}
