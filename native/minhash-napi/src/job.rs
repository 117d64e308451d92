//! Runs that can be watched and stopped, and the curve of the bands.

use std::sync::Arc;

use mithril_dedup::run::{
    Estimate, FileSummary, Job, Progress, Summary, estimate, plan_bloom, run,
};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::options::{JobOptions, SettingsOptions};
use mithril_napi_common::outcome::{Outcome, at_once, number};
use mithril_napi_common::work::Work;

/// One run: it can be watched and stopped from JavaScript.
#[napi]
#[derive(Default)]
pub struct DedupJob(Arc<Progress>);

#[napi(object, object_from_js = false)]
pub struct RunProgress {
    pub stage: String,
    pub done: f64,
    pub total: f64,
}

impl RunProgress {
    pub fn of(progress: &Progress) -> Self {
        let (done, total) = progress.done_and_total();
        Self {
            stage: progress.stage().as_str().to_owned(),
            done: number(done),
            total: number(total),
        }
    }
}

#[napi(object, object_from_js = false)]
pub struct RowCounts {
    pub rows: f64,
    pub kept: f64,
    pub dropped: f64,
    pub rejected: f64,
}

#[napi(object, object_from_js = false)]
pub struct StageSeconds {
    pub stage: String,
    pub seconds: f64,
}

#[napi(object, object_from_js = false)]
pub struct RunSummary {
    /// In the order of the inputs; references are not among them.
    pub files: Vec<RowCounts>,
    pub total: RowCounts,
    pub reference_rows: f64,
    pub duplicates: f64,
    pub groups: f64,
    pub candidates: f64,
    pub compared: f64,
    /// With `lshbloom`: the probability at the end that a new text is called a duplicate.
    pub bloom_error: Option<f64>,
    pub seconds: f64,
    pub stages: Vec<StageSeconds>,
}

#[napi(object, object_from_js = false)]
pub struct RunEstimate {
    pub bytes: f64,
    pub rows: f64,
    pub sample_bytes: f64,
    pub sample_rows: f64,
    pub seconds: f64,
    pub scratch_bytes: f64,
    pub duplicate_share_low: f64,
    pub duplicate_share_high: f64,
}

/// Bloom filters, and the error that follows from their sizes.
#[napi(object, object_from_js = false)]
pub struct BloomPlan {
    pub documents: f64,
    pub bytes: f64,
    /// The probability that a text like none of so many documents is called a duplicate.
    pub error: f64,
    pub text: String,
}

#[napi(object, object_from_js = false)]
pub struct Curve {
    pub bands: f64,
    pub rows: f64,
    pub permutations: f64,
    /// The probability that a pair is found, at similarities 0.05, 0.10, ... 1.
    pub probabilities: Vec<f64>,
    /// The same at the threshold.
    pub at_threshold: f64,
    pub text: String,
}

#[napi]
impl DedupJob {
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

    /// Ends the run with code `Cancelled` within a split.
    #[napi]
    pub fn cancel(&self) {
        self.0.cancel();
    }

    #[napi]
    pub fn run(&self, options: JobOptions) -> AsyncTask<Work<RunSummary>> {
        let progress = Arc::clone(&self.0);
        Work::of(move || {
            let job = options.job()?;
            Ok(summary_of(&job, run(&job, &progress)?))
        })
    }

    /// Filters for about as many rows as the inputs have.
    #[napi]
    pub fn plan_bloom(&self, options: JobOptions, error: f64) -> AsyncTask<Work<BloomPlan>> {
        let progress = Arc::clone(&self.0);
        Work::of(move || {
            let plan = plan_bloom(&options.job()?, error, &progress)?;
            Ok(BloomPlan {
                documents: number(plan.documents()),
                bytes: number(plan.bytes()),
                error: plan.error(),
                text: plan.explain(),
            })
        })
    }

    #[napi]
    pub fn estimate(&self, options: JobOptions) -> AsyncTask<Work<RunEstimate>> {
        let progress = Arc::clone(&self.0);
        Work::of(move || Ok(estimate_of(estimate(&options.job()?, &progress)?)))
    }
}

fn summary_of(job: &Job, summary: Summary) -> RunSummary {
    let total = counts_of(summary.total(job.references));
    let all = summary.files.iter().map(|file| file.rows).sum::<u64>();
    let inputs = summary.total(job.references).rows;
    let stages = summary.stages.iter().map(|it| StageSeconds {
        stage: it.stage.as_str().to_owned(),
        seconds: it.seconds,
    });
    let files = summary.files.iter().skip(job.references);
    RunSummary {
        files: files.map(|file| counts_of(*file)).collect(),
        total,
        reference_rows: number(all - inputs),
        duplicates: number(summary.duplicates),
        groups: number(summary.groups),
        candidates: number(summary.candidates),
        compared: number(summary.compared),
        bloom_error: summary.bloom_error,
        seconds: summary.seconds,
        stages: stages.collect(),
    }
}

fn counts_of(counts: FileSummary) -> RowCounts {
    RowCounts {
        rows: number(counts.rows),
        kept: number(counts.kept),
        dropped: number(counts.dropped),
        rejected: number(counts.rejected),
    }
}

fn estimate_of(estimate: Estimate) -> RunEstimate {
    RunEstimate {
        bytes: number(estimate.bytes),
        rows: number(estimate.rows),
        sample_bytes: number(estimate.sample_bytes),
        sample_rows: number(estimate.sample_rows),
        seconds: estimate.seconds,
        scratch_bytes: number(estimate.scratch_bytes),
        duplicate_share_low: estimate.duplicate_share_low,
        duplicate_share_high: estimate.duplicate_share_high,
    }
}

/// How likely pairs of every similarity are found.
#[napi]
pub fn explain_bands(env: Env, settings: SettingsOptions) -> napi::Result<Curve> {
    at_once(env, || curve_of(&settings))
}

fn curve_of(settings: &SettingsOptions) -> Outcome<Curve> {
    let parameters = settings.parameters()?;
    let threshold = settings.threshold()?;
    let banding = parameters.banding;
    let similarities = (1..=20).map(|step| f64::from(step) / 20.0);
    Ok(Curve {
        bands: number(banding.bands() as u64),
        rows: number(banding.rows() as u64),
        permutations: number(parameters.permutations as u64),
        probabilities: similarities.map(|it| banding.probability(it)).collect(),
        at_threshold: banding.probability(threshold.value()),
        text: banding.explain(threshold),
    })
}
