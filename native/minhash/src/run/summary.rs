//! What a run did, in numbers that add up.

use super::decide::Decisions;
use super::spills::Spills;
use super::{Job, Stage};
use crate::error::Result;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Each input, in order, references included.
    pub files: Vec<FileSummary>,
    /// Rows that have a duplicate and do not survive, or are like a reference.
    pub duplicates: u64,
    /// Groups of duplicates.
    pub groups: u64,
    /// Pairs that shared a band key.
    pub candidates: u64,
    /// Pairs whose shingle sets were compared.
    pub compared: u64,
    /// With Bloom filters: the probability at the end that a new text is called a duplicate.
    pub bloom_error: Option<f64>,
    /// Wall time in all, in seconds.
    pub seconds: f64,
    /// Wall time of each stage.
    pub stages: Vec<StageTime>,
}

/// The rows of one input: `rows = kept + dropped`; rejected ones are not among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileSummary {
    /// Rows that were read.
    pub rows: u64,
    /// Rows that were written.
    pub kept: u64,
    /// Rows that were left out as duplicates.
    pub dropped: u64,
    /// Lines that could not be read as rows.
    pub rejected: u64,
}

/// How long a stage took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// Wall time in seconds.
    pub seconds: f64,
}

impl Summary {
    /// The sum over all inputs but the first `references`.
    #[must_use]
    pub fn total(&self, references: usize) -> FileSummary {
        self.files
            .iter()
            .skip(references)
            .fold(FileSummary::default(), |sum, file| FileSummary {
                rows: sum.rows + file.rows,
                kept: sum.kept + file.kept,
                dropped: sum.dropped + file.dropped,
                rejected: sum.rejected + file.rejected,
            })
    }
}

impl Summary {
    /// Adds what happened to the rows of the files.
    pub(super) fn with_files(
        self,
        job: &Job,
        spills: &Spills,
        decisions: &Decisions,
    ) -> Result<Self> {
        let mut files = vec![FileSummary::default(); job.inputs.len()];
        for (at, entry) in spills.entries().iter().enumerate() {
            let file = &mut files[entry.file];
            let dropped = entry.range().filter(|row| decisions.dropped.contains(*row));
            let dropped = dropped.count() as u64;
            file.rows += entry.rows as u64;
            file.dropped += dropped;
            file.kept += entry.rows as u64 - dropped;
            file.rejected += spills.rejects(at)?.len() as u64;
        }
        Ok(Summary {
            files,
            duplicates: decisions.removed,
            groups: decisions.groups,
            ..self
        })
    }
}
