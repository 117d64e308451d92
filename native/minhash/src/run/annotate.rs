//! Rows with a field more that says what was found, for those who decide themselves.

use super::decide::Decisions;
use super::sorted::{Sorter, Table};
use super::spills::{Entry, Spills};
use super::{Context, Job};
use crate::bits::Bits;
use crate::error::Result;
use crate::output::annotation::annotate;
use crate::output::report_line::Place;
use crate::spill::Row;

/// A row that has duplicates, and file and offset of the row that names its group.
type Named = (Row, (u32, u64));

/// What is said of every row.
pub(super) struct Annotations<'a> {
    job: &'a Job,
    named: Table<Named>,
    removed: Bits,
}

impl<'a> Annotations<'a> {
    pub(super) fn of(context: Context<'a>, spills: &Spills, decisions: &Decisions) -> Result<Self> {
        let Context { job, scratch, .. } = context;
        let mut removed = Bits::new(spills.rows());
        let mut by_cluster = Sorter::new(scratch, "clusters", job.sorter_room());
        let mut removals = decisions.removals.reader()?;
        while let Some(removal) = removals.next()? {
            removed.insert(removal.row as usize);
            by_cluster.push((removal.cluster, removal.row))?;
            by_cluster.push((removal.cluster, removal.survivor))?;
        }
        let mut named = Sorter::new(scratch, "named", job.sorter_room());
        let mut spans = None;
        by_cluster.drain(|(cluster, row)| {
            let at = spills.entry_of(cluster);
            let entry = &spills.entries()[at];
            let spans = match &mut spans {
                Some((of, spans)) if *of == at => spans,
                other => &mut other.insert((at, spills.spans(at)?)).1,
            };
            let offset = spans[(cluster - entry.first) as usize].offset;
            named.push((row, (u32::try_from(entry.file).unwrap_or(u32::MAX), offset)))
        })?;
        Ok(Self {
            job,
            named: named.finish()?,
            removed,
        })
    }

    /// What is said of the rows of a split.
    pub(super) fn of_entry(&self, entry: &Entry) -> Result<OfEntry<'_>> {
        let mut reader = self.named.reader_after(|it| it.0 < entry.first)?;
        let mut named = Vec::new();
        while let Some(found) = reader.next()? {
            if found.0 as usize >= entry.range().end {
                break;
            }
            named.push(found);
        }
        Ok(OfEntry { all: self, named })
    }
}

/// What is said of the rows of one split.
pub(super) struct OfEntry<'a> {
    all: &'a Annotations<'a>,
    named: Vec<Named>,
}

impl OfEntry<'_> {
    /// Where the row lies that names the group of a row, and whether the row is kept.
    pub(super) fn of_row(&self, row: usize) -> (Option<Place<'_>>, bool) {
        let found = self.named.binary_search_by_key(&row, |it| it.0 as usize);
        let cluster = found.ok().map(|at| {
            let (_, (file, offset)) = self.named[at];
            let file = &self.all.job.inputs[file as usize].name;
            Place { file, offset }
        });
        (cluster, !self.all.removed.contains(row))
    }

    /// Appends the line with its field to `out`.
    pub(super) fn append_to(&self, line: &[u8], row: usize, out: &mut Vec<u8>) {
        let (cluster, keep) = self.of_row(row);
        annotate(line, cluster, keep, out);
    }
}
