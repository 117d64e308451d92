//! Rows with a field more that says what was found, for those who decide themselves.

use super::Job;
use super::decide::Decisions;
use super::report::Places;
use super::spills::Spills;
use crate::bits::Bits;
use crate::error::Result;
use crate::output::annotation::annotate;
use crate::spill::Row;

/// What is said of every row.
pub(super) struct Annotations<'a> {
    places: Places<'a>,
    /// Rows that have duplicates, and the rows that name their groups; in order.
    clusters: Vec<(Row, Row)>,
    removed: Bits,
}

impl<'a> Annotations<'a> {
    pub(super) fn of(job: &'a Job, spills: &Spills, decisions: &Decisions) -> Result<Self> {
        let mut removed = Bits::new(spills.rows());
        let mut clusters = Vec::new();
        for removal in &decisions.removals {
            removed.insert(removal.row as usize);
            clusters.push((removal.row, removal.cluster));
            clusters.push((removal.survivor, removal.cluster));
        }
        clusters.sort_unstable();
        clusters.dedup();
        let mut names: Vec<Row> = clusters.iter().map(|(_, cluster)| *cluster).collect();
        names.sort_unstable();
        names.dedup();
        Ok(Self {
            places: Places::of(job, spills, &names)?,
            clusters,
            removed,
        })
    }

    /// Appends the line with its field to `out`.
    pub(super) fn append_to(&self, line: &[u8], row: usize, out: &mut Vec<u8>) {
        let found = self
            .clusters
            .binary_search_by_key(&row, |(of, _)| *of as usize);
        let cluster = found.ok().map(|at| self.places.get(self.clusters[at].1));
        annotate(line, cluster, !self.removed.contains(row), out);
    }
}
