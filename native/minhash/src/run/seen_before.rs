//! In place of stages 2 to 4: rows whose bands were seen before, by Bloom filters.

use super::decide::Decisions;
use super::inputs::{Compression, Container, InputFile};
use super::spills::Spills;
use super::{Context, Job, Mode, Progress};
use crate::bits::Bits;
use crate::bloom::{BloomIndex, Plan};
use crate::columns::ColumnFile;
use crate::error::{Error, Result};
use crate::hash::NO_WORDS;
use crate::survivor::Keep;

/// Bytes of the start of each file by which its lines are counted.
const SAMPLE_BYTES: u64 = 1 << 20;
/// The count is an estimate: filters are made for this many more documents, in percent.
const MARGIN_PERCENT: u64 = 10;

/// Filters for about as many rows as the inputs have, so that a text like none of them is called a
/// duplicate with a probability of at most `error`; only the start of each file is read.
///
/// # Errors
///
/// As [`Plan::for_error`], and where a file cannot be read.
pub fn plan_bloom(job: &Job, error: f64, progress: &Progress) -> Result<Plan> {
    let mut rows = 0;
    for input in &job.inputs {
        progress.check()?;
        rows += rows_of(input)?;
    }
    let documents = rows + rows * MARGIN_PERCENT / 100 + 1;
    Plan::for_error(documents, job.settings.bands(), error)
}

fn rows_of(input: &InputFile) -> Result<u64> {
    let (bytes, sample) = match input.container {
        Container::Parquet => {
            let groups = ColumnFile::open(&input.path)?.groups();
            return Ok(groups.iter().map(|(_, rows)| *rows as u64).sum());
        }
        Container::Lines(Compression::None) => {
            (input.bytes, input.range(0, SAMPLE_BYTES, Vec::new())?)
        }
        Container::Lines(compression) => {
            let lines = input
                .stream(compression)?
                .lines_before(SAMPLE_BYTES, Vec::new());
            let lines = lines.map_err(|error| input.failed(error))?;
            (input.bytes * super::sample::EXPANSION, lines)
        }
    };
    let count = memchr::memchr_iter(b'\n', &sample.bytes).count() as u64;
    let read = sample.bytes.len() as u64;
    Ok((count.max(1) * bytes.max(read)).div_ceil(read.max(1)))
}

/// Drops every row that was seen before, and the probability at the end that a new one is.
pub(super) fn decide(
    context: Context<'_>,
    spills: &Spills,
    plan: Plan,
) -> Result<(Decisions, f64)> {
    let job = context.job;
    let is_plain = job.mode == Mode::Drop && job.keep == Keep::First && job.report.is_none();
    if !is_plain {
        let expected =
            "mode drop, keep first and no report: it is not known which row is the other";
        return Err(Error::invalid_argument("LSHBloom", expected, "another"));
    }
    let mut index = BloomIndex::new(plan)?;
    let references = spills.rows_of_files(job.references) as usize;
    context.progress.expect(spills.rows() as u64);
    let mut dropped = Bits::new(spills.rows());
    let mut keys = vec![0; plan.bands()];
    for at in 0..spills.entries().len() {
        let entry = &spills.entries()[at];
        let (digests, of_bands) = spills.digests_and_keys(at)?;
        for (place, row) in entry.range().enumerate() {
            if digests[place] == NO_WORDS {
                continue;
            }
            let of_row = of_bands.iter().skip(place).step_by(entry.rows);
            keys.iter_mut()
                .zip(of_row)
                .for_each(|(key, found)| *key = *found);
            let is_seen = if row < references || references == 0 {
                index.insert(&keys)
            } else {
                index.contains(&keys)
            };
            if is_seen && row >= references {
                dropped.insert(row);
            }
        }
        context.progress.advance(entry.rows as u64)?;
    }
    Ok((Decisions::of_dropped(context, dropped)?, index.error_now()))
}
