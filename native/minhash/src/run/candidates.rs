//! Stage 2: equal rows, and pairs of rows that share a band key.

use super::pool::map_tasks;
use super::spills::Spills;
use super::{Job, Progress};
use crate::bits::Bits;
use crate::candidate::Pair;
use crate::candidate::bucket::{Part, repeated};
use crate::candidate::collapse::equal_rows;
use crate::candidate::pairs::pairs_of_band;
use crate::error::Result;
use crate::spill::Row;

/// What may be duplicates.
pub(super) struct Found {
    /// The smallest row of each digest with each of the others, in the order of the latter.
    pub(super) equal: Vec<Pair>,
    /// Candidates, in order and each once.
    pub pairs: Vec<Pair>,
}

impl Found {
    /// The row that was compared in place of this one: the smallest one that is equal to it.
    pub(super) fn compared_for(&self, row: Row) -> Row {
        let at = self.equal.binary_search_by_key(&row, |pair| pair.b);
        at.map_or(row, |at| self.equal[at].a)
    }
}

pub(super) fn find(job: &Job, spills: &Spills, progress: &Progress) -> Result<Found> {
    let bands = job.settings.parameters.banding.bands();
    progress.expect(bands as u64 + 1);
    let rows = spills.rows();
    let equal = equal_rows(rows, Part::WHOLE, |each| spills.visit_digests(each))?;
    let mut skipped = spills.wordless()?;
    for pair in &equal {
        skipped.insert(pair.b as usize);
    }
    progress.advance(1)?;
    let of_bands = map_tasks(
        job.threads,
        bands,
        || Ok(()),
        |(), band| {
            let pairs = pairs_of(job, spills, &skipped, band)?;
            progress.advance(1)?;
            Ok(pairs)
        },
    )?;
    let mut pairs = of_bands.concat();
    pairs.sort_unstable();
    pairs.dedup();
    Ok(Found { equal, pairs })
}

fn pairs_of(job: &Job, spills: &Spills, skipped: &Bits, band: usize) -> Result<Vec<Pair>> {
    let bands = job.settings.parameters.banding.bands();
    let sorted = repeated(spills.rows(), Part::WHOLE, skipped, |each| {
        spills.visit_band(band, each)
    })?;
    let mut pairs = Vec::new();
    let mut key_of = |step, row| spills.key((band + step) % bands, row);
    pairs_of_band(&sorted, &mut key_of, &mut pairs)?;
    if job.references > 0 {
        // References have the smaller numbers; only pairs of a reference and a row count.
        let references = spills.rows_of_files(job.references);
        pairs.retain(|pair| pair.a < references && pair.b >= references);
    }
    Ok(pairs)
}
