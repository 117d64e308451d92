//! Stage 5 for Parquet files: a copy of each row group with the rows that are kept.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::Context;
use super::annotate::Annotations;
use super::decide::Decisions;
use super::spills::Spills;
use super::whole_file::WholeFile;
use crate::columns::{Annotated, ColumnFile, RowGroupsWriter};
use crate::error::Result;

/// What is written of a file, and to where.
pub(super) struct Copy<'a> {
    pub(super) context: Context<'a>,
    pub(super) spills: &'a Spills,
    pub(super) decisions: &'a Decisions,
    pub(super) annotations: Option<&'a Annotations<'a>>,
}

impl Copy<'_> {
    /// Writes the rows of input number `input` that are kept.
    pub(super) fn write(&self, input: usize, whole: &WholeFile, file: &File) -> Result<()> {
        let Context { job, progress, .. } = self.context;
        let found = &job.inputs[input];
        let source = ColumnFile::open(&found.path)?;
        let text = source.text_column(&job.settings.text_key)?;
        let ranges = source.ranges(text, job.split_bytes);
        let out = BufWriter::new(file);
        let mut writer = RowGroupsWriter::new(&source, out, self.annotations.is_some())?;
        let groups = source.groups();
        for (group, (first, rows)) in groups.iter().enumerate() {
            let mut kept = Kept {
                first: *first,
                rows: vec![false; *rows],
                annotated: Vec::new(),
            };
            let of_group = (0..).zip(&ranges).filter(|(_, range)| range.group == group);
            for (index, _) in of_group {
                self.note(input, index, &mut kept)?;
            }
            let annotated = self.annotations.map(|_| kept.annotated.as_slice());
            writer.copy(group, &kept.rows, annotated)?;
            progress.advance(found.bytes / groups.len() as u64)?;
        }
        let flushed = writer.finish()?.flush();
        flushed.map_err(|error| whole.failed("write", error))
    }

    /// Notes which rows of a split are kept.
    fn note(&self, input: usize, index: u32, kept: &mut Kept) -> Result<()> {
        let Some(at) = self.spills.find(input, index) else {
            return Ok(());
        };
        let entry = &self.spills.entries()[at];
        let spans = self.spills.spans(at)?;
        let annotations = self.annotations.map(|it| it.of_entry(entry)).transpose()?;
        for (row, span) in entry.range().zip(spans.iter()) {
            if self.decisions.dropped.contains(row) {
                continue;
            }
            let place = usize::try_from(span.offset - kept.first);
            if let Some(is_kept) = place.ok().and_then(|at| kept.rows.get_mut(at)) {
                *is_kept = true;
            }
            kept.annotated.extend(annotations.as_ref().map(|of_entry| {
                let (cluster, keep) = of_entry.of_row(row);
                let cluster = cluster.map(|place| place.to_string());
                Annotated { cluster, keep }
            }));
        }
        Ok(())
    }
}

/// The rows of a row group that are kept.
struct Kept {
    /// Number of the first one in the file.
    first: u64,
    rows: Vec<bool>,
    annotated: Vec<Annotated>,
}
