//! What a run would take and find, from a sample: nothing is written but, while it works, scratch.

use std::path::Path;
use std::time::Instant;

use super::inputs::{Compression, Container, InputFile};
use super::scratch::Scratch;
use super::splits::FilePart;
use super::{Context, Job, Progress, Stage, candidates, decide, seen_before, verifying};
use crate::columns::ColumnFile;
use crate::error::Result;
use crate::settings::Method;

/// Bytes that are read of all inputs together.
const SAMPLE_BYTES: u64 = 64 << 20;
/// How much larger the lines of a compressed file are taken to be: an assumption, not a measurement.
pub(super) const EXPANSION: u64 = 4;
/// Bytes of a row in a spill besides its keys.
const SPILL_ROW_BYTES: u64 = 28;
const KEY_BYTES: u64 = 8;

/// What is to be expected of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Bytes of the lines of all inputs.
    pub bytes: u64,
    /// Rows of all inputs.
    pub rows: u64,
    /// Bytes that were read.
    pub sample_bytes: u64,
    /// Rows that were read.
    pub sample_rows: u64,
    /// Wall time of the run in seconds: that of the sample, scaled by bytes.
    pub seconds: f64,
    /// Bytes of the scratch folder.
    pub scratch_bytes: u64,
    /// Duplicates in the sample itself, as a share: no fewer are to be expected.
    pub duplicate_share_low: f64,
    /// The share where duplicates come in pairs that are spread evenly: of a pair with one row in
    /// the sample the other one is in it with the probability of the sample's share.
    pub duplicate_share_high: f64,
}

/// Estimates a run by a sample: every n-th split of plain files, the start of compressed ones.
///
/// # Errors
///
/// As [`run`](super::run).
pub fn estimate(job: &Job, progress: &Progress) -> Result<Estimate> {
    // Not the folder of a run, where work may lie that it will go on with.
    let mut folder = job.scratch.clone().into_os_string();
    folder.push(".dry-run");
    let scratch = Scratch::open(Path::new(&folder))?;
    scratch.resume("")?;
    let result = estimate_in(job, &scratch, progress);
    scratch.remove()?;
    result
}

fn estimate_in(job: &Job, scratch: &Scratch, progress: &Progress) -> Result<Estimate> {
    let clock = Instant::now();
    let of_inputs = line_bytes(job)?;
    let bytes: u64 = of_inputs.iter().sum();
    progress.enter(Stage::Hash)?;
    let context = Context {
        job,
        scratch,
        digest: 0,
        progress,
    };
    let spills = context.hash_parts(parts(job, &of_inputs))?;
    job.check_rows(spills.rows())?;
    let decisions = match job.settings.method {
        Method::LshBloom(plan) => seen_before::decide(context, &spills, plan)?.0,
        Method::Verified | Method::Exact => {
            let found = candidates::find(context, &spills)?;
            let verified = verifying::verify(context, &spills, &found)?;
            decide::decide(context, &spills, (found, verified))?
        }
    };
    let mut sample_bytes = 0;
    for at in 0..spills.entries().len() {
        let spans = spills.spans(at)?;
        sample_bytes += spans.iter().map(|it| u64::from(it.bytes) + 1).sum::<u64>();
    }
    let sample_rows = spills.rows() as u64;
    let bytes = bytes.max(sample_bytes);
    let scale = ratio(bytes, sample_bytes).max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an estimate"
    )]
    let rows = (sample_rows as f64 * scale).round() as u64;
    let row_bytes = SPILL_ROW_BYTES + KEY_BYTES * job.settings.bands() as u64;
    let share = ratio(decisions.removed, sample_rows);
    Ok(Estimate {
        bytes,
        rows,
        sample_bytes,
        sample_rows,
        seconds: clock.elapsed().as_secs_f64() * scale,
        scratch_bytes: (rows * row_bytes).saturating_sub(job.spill_room()),
        duplicate_share_low: share,
        duplicate_share_high: (share * scale).min(1.0),
    })
}

/// Bytes of the lines of each input, or of the texts of a Parquet file.
fn line_bytes(job: &Job) -> Result<Vec<u64>> {
    let of_input = |input: &InputFile| match input.container {
        Container::Lines(Compression::None) => Ok(input.bytes),
        Container::Lines(_) => Ok(input.bytes * EXPANSION),
        Container::Parquet => {
            let file = ColumnFile::open(&input.path)?;
            let text = file.text_column(&job.settings.text_key)?;
            Ok(file.column_bytes(text))
        }
    };
    job.inputs.iter().map(of_input).collect()
}

/// A share of every file.
fn parts(job: &Job, bytes: &[u64]) -> Vec<FilePart> {
    let step = bytes.iter().sum::<u64>().div_ceil(SAMPLE_BYTES).max(1);
    let part = |((file, input), bytes): ((usize, &InputFile), &u64)| {
        let splits = bytes.div_ceil(job.split_bytes);
        let is_stream = match input.container {
            Container::Lines(compression) => compression != Compression::None,
            Container::Parquet => false,
        };
        let (end, step) = if is_stream && step > 1 {
            (splits.div_ceil(step), 1)
        } else {
            (u64::from(u32::MAX), step)
        };
        FilePart {
            file,
            end: u32::try_from(end).unwrap_or(u32::MAX),
            step: u32::try_from(step).unwrap_or(u32::MAX),
        }
    };
    job.inputs.iter().enumerate().zip(bytes).map(part).collect()
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
