//! An index of texts in files: which of them are like a text, in microseconds.
//!
//! An index is a folder: immutable *parts*, and a *head* that names them and is replaced in one step
//! (`docs/format/dedup-index-v1.md`). Parts are mapped into memory, so that an index opens at once
//! and several processes share its pages. [`Index`] reads, [`Writer`] adds, removes and merges, one
//! at a time; readers keep what they opened until they [`refresh`](Index::refresh).
//!
//! A part holds, for every band, the keys of its texts in order of their upper 32 bits, behind a
//! directory of equal ranges of keys; and the shingle set of every text, by which each candidate is
//! compared exactly. Texts of equal sets share one. Cost of a query: one hash of the text, two cache
//! lines a band and part, and a merge of two sets for each candidate.
//!
//! Size: 8 bytes a shingle, 9 bytes a band, 20 bytes and the id for every text: 500 bytes for one of
//! 40 words with the default settings, 2.1 KB for one of 230.

mod files;
mod folder;
mod head;
mod merge;
mod part;
mod query;
mod removed;
mod rows;
mod texts;
mod writer;

use std::path::{Path, PathBuf};

pub use files::Queried;
pub use head::IndexSettings;
pub use query::{Limits, Neighbour, Neighbours, Querier};
pub use rows::{RowFiles, RowsRead};
pub use texts::Batch;
pub use writer::Writer;

use crate::error::{Error, Result};
use folder::Shown;

/// An index as it was when it was opened.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    shown: Shown,
}

impl Index {
    /// Opens an index to be queried.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where there is none, `Corruption` where it is damaged, `Io`.
    pub fn open(folder: &Path) -> Result<Self> {
        let shown = Shown::open(folder)?;
        let folder = folder.to_owned();
        Ok(Self { folder, shown })
    }

    /// Takes up what writers have published since; false where that is nothing.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); the index stays as it was.
    pub fn refresh(&mut self) -> Result<bool> {
        let latest = Shown::open(&self.folder)?;
        let is_newer = latest.head.generation != self.shown.head.generation;
        self.shown = latest;
        Ok(is_newer)
    }

    /// What its texts are compared by.
    #[must_use]
    pub fn settings(&self) -> &IndexSettings {
        &self.shown.head.settings
    }

    /// Texts in it that are not removed.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let parts = self.shown.head.parts.iter();
        parts.map(|it| it.rows - it.removed_rows).sum()
    }

    /// Texts that are removed and still take room.
    #[must_use]
    pub fn removed_rows(&self) -> u64 {
        self.shown.head.parts.iter().map(|it| it.removed_rows).sum()
    }

    /// Files with texts.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.shown.parts.len()
    }

    /// Length of its files, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shown.head.parts.iter().map(|it| it.bytes).sum()
    }

    /// Reads all of it and compares the checksums.
    ///
    /// # Errors
    ///
    /// `Corruption` where one differs.
    pub fn check(&self) -> Result<()> {
        self.shown
            .parts
            .iter()
            .try_for_each(|shown| shown.part.check())
    }

    /// What queries of one thread need.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for settings out of range, which an index that was opened has not.
    pub fn querier(&self) -> Result<Querier> {
        Querier::new(&self.settings().parameters()?)
    }
}

/// The error of an index that is damaged: `what` should be `expected`.
fn damaged(file: &Path, what: &str) -> Error {
    Error::corruption(format!("the index file {}", file.display()), what, "damage")
}

#[cfg(test)]
mod tests;
