//! Rows with a field more that says what was found, for those who decide themselves.
//!
//! `"mithril_dedup":{"cluster":"a.jsonl:812","keep":false}`; a row without duplicates has the
//! cluster `null`.

use super::Job;
use super::decide::Decisions;
use super::report::Places;
use super::spills::Spills;
use crate::bits::Bits;
use crate::error::Result;
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
        // The line was read as an object: its last brace ends it.
        let end = line.iter().rposition(|byte| *byte == b'}').unwrap_or(0);
        let object = line.get(..end).unwrap_or_default().trim_ascii_end();
        out.extend_from_slice(object);
        if object.last() != Some(&b'{') {
            out.push(b',');
        }
        let found = self
            .clusters
            .binary_search_by_key(&row, |(of, _)| *of as usize);
        let cluster = found.map_or("null".to_owned(), |at| {
            let name = self.places.get(self.clusters[at].1).to_string();
            serde_json::Value::from(name).to_string()
        });
        let keep = !self.removed.contains(row);
        let field = format!("\"mithril_dedup\":{{\"cluster\":{cluster},\"keep\":{keep}}}}}\n");
        out.extend_from_slice(field.as_bytes());
    }
}
