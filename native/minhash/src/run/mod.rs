//! The whole work on one machine: files in, files out.
//!
//! [`run`] strings the pure stages together: hash every split, collapse equal rows, find candidates
//! band after band, verify them, choose survivors, and copy what is kept. The bytes that come out
//! depend on the files and the settings only, not on threads, memory or the length of splits.

mod annotate;
mod buckets;
mod candidates;
mod decide;
mod groups;
mod hashing;
mod inputs;
mod keep;
mod links;
mod matches;
mod output;
mod output_columns;
pub(crate) mod pool;
mod progress;
mod rejects;
mod report;
mod rows;
mod sample;
mod scratch;
mod seen_before;
mod shares;
mod sorted;
mod spills;
pub(crate) mod splits;
mod summary;
mod verifying;
pub(crate) mod whole_file;

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

pub use inputs::{Compression, Container, InputFile};
pub use progress::{Progress, Stage};
pub use sample::{Estimate, estimate};
pub use seen_before::plan_bloom;
pub use summary::{FileSummary, StageTime, Summary};

use crate::error::{Error, Result};
use crate::settings::{Method, Settings};
use crate::survivor::Keep;
use decide::Decisions;
use scratch::{JobFile, Scratch};
use spills::Spills;
use splits::FilePart;

/// What to do with duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Keep one row of each group.
    Drop,
    /// Remove every row that has a duplicate.
    DropAll,
    /// Keep all rows, and say in a field more what was found.
    Annotate,
}

/// The work to be done.
#[derive(Debug, Clone)]
pub struct Job {
    /// What is read: first the references, then the files to be deduplicated, each in byte order of
    /// their names.
    pub inputs: Vec<InputFile>,
    /// How many of the inputs are references. With any, rows that are like a row of a reference are
    /// removed, and nothing else is.
    pub references: usize,
    /// Where each other input's rows go.
    pub outputs: Vec<PathBuf>,
    /// Whether outputs that exist are replaced.
    pub is_forced: bool,
    /// What duplicates are.
    pub settings: Settings,
    /// Which row of a group survives.
    pub keep: Keep,
    /// What happens to duplicates.
    pub mode: Mode,
    /// Where to list each row that does not survive.
    pub report: Option<PathBuf>,
    /// Name of the field whose value identifies rows in the report.
    pub id_key: Option<String>,
    /// Where to list rows that cannot be used.
    pub rejects: Option<PathBuf>,
    /// Largest share of rows that cannot be used, 0 to 1.
    pub bad_share_max: f64,
    /// Folder for unfinished work; made, and removed at the end.
    pub scratch: PathBuf,
    /// Threads, at least 1.
    pub threads: usize,
    /// Memory to be used, in bytes.
    pub memory: u64,
    /// Bytes of a split of lines.
    pub split_bytes: u64,
}

impl Job {
    /// Bytes of a split that suit inputs of so many bytes: enough splits for all threads, few
    /// enough files, and little memory for each thread.
    #[must_use]
    pub fn split_bytes_for(bytes: u64, memory: u64, threads: usize) -> u64 {
        const LEAST: u64 = 256 << 10;
        const MOST: u64 = 16 << 20;
        let threads = threads.max(1) as u64;
        (bytes / (threads * 16))
            .min(memory / (threads * 32))
            .clamp(LEAST, MOST)
    }

    /// Names the work: runs of one digest may go on with what another left.
    fn digest(&self) -> u128 {
        let of_file = |input: &InputFile| {
            let found = std::fs::metadata(&input.path);
            let changed = found.and_then(|found| found.modified()).ok();
            let since = changed.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            format!("{input:?} {since:?}")
        };
        let files: Vec<String> = self.inputs.iter().map(of_file).collect();
        let Self {
            references,
            outputs,
            settings,
            ..
        } = self;
        let text = format!("1 {files:?} {references} {outputs:?} {settings:?}");
        xxhash_rust::xxh3::xxh3_128(text.as_bytes())
    }

    /// Rows of lines cannot become rows in columns, nor the other way round.
    fn check_kinds(&self) -> Result<()> {
        let inputs = self.inputs.get(self.references..).unwrap_or_default();
        for (input, output) in inputs.iter().zip(&self.outputs) {
            let is_columns = |container| container == Container::Parquet;
            let kind = Container::of_name(output)?;
            if is_columns(kind) != is_columns(input.container) {
                let expected = match input.container {
                    Container::Parquet => "a name that ends in .parquet, as that of the input does",
                    Container::Lines(_) => "a name of lines: .jsonl, .jsonl.gz or .jsonl.zst",
                };
                let what = format!("the kind of {}", output.display());
                return Err(Error::invalid_argument(what, expected, "another ending"));
            }
        }
        Ok(())
    }

    fn check_outputs(&self) -> Result<()> {
        for path in &self.outputs {
            if !self.is_forced && path.exists() {
                return Err(Error::invalid_argument(
                    format!("the output {}", path.display()),
                    "a name that is not taken",
                    "a file",
                ));
            }
        }
        Ok(())
    }
}

/// Does the work.
///
/// A run that was stopped, by whatever, goes on when it is started again with the same files and
/// settings.
///
/// # Errors
///
/// What is wrong with settings, files or rows, or `Cancelled`. No output is left half-written.
pub fn run(job: &Job, progress: &Progress) -> Result<Summary> {
    job.check_kinds()?;
    let scratch = Scratch::open(&job.scratch)?;
    let result = run_in(job, &scratch, progress);
    match &result {
        Ok(_) => scratch.remove()?,
        // The first error is the one to tell.
        Err(_) => drop(scratch.leave()),
    }
    result
}

fn run_in(job: &Job, scratch: &Scratch, progress: &Progress) -> Result<Summary> {
    let started = Instant::now();
    let digest = job.digest();
    let mut file = JobFile {
        job: format!("{digest:032x}"),
        split_bytes: job.split_bytes,
        is_publishing: false,
    };
    if let Some(found) = scratch.resume(&file.job)? {
        file = found;
    }
    if !file.is_publishing {
        job.check_outputs()?;
    }
    scratch.note(&file)?;
    let job = &Job {
        split_bytes: file.split_bytes,
        ..job.clone()
    };
    let mut laps = Laps::new(progress);
    let context = Context {
        job,
        scratch,
        digest,
        progress,
    };
    let spills = laps.time(Stage::Hash, || {
        context.hash_parts(FilePart::whole(0..job.inputs.len()))
    })?;
    rejects::judge(job, &spills)?;
    job.check_rows(spills.rows())?;
    let found = match job.settings.method {
        Method::Verified | Method::Exact => decided(context, &spills, &mut laps)?,
        Method::LshBloom(plan) => laps.time(Stage::Candidates, || {
            let (decisions, error) = seen_before::decide(context, &spills, plan)?;
            let bloom_error = Some(error);
            let summary = Summary {
                bloom_error,
                ..Summary::default()
            };
            Ok((decisions, summary))
        })?,
    };
    let (decisions, summary) = found;
    laps.time(Stage::Write, || {
        let written = output::write(context, &spills, &decisions)?;
        file.is_publishing = true;
        scratch.note(&file)?;
        written.publish()
    })?;
    Ok(Summary {
        seconds: started.elapsed().as_secs_f64(),
        stages: laps.times,
        ..summary.with_files(job, &spills, &decisions)?
    })
}

/// Stages 2 to 4: what happens to every row, with how many candidates there were.
fn decided(
    context: Context<'_>,
    spills: &Spills,
    laps: &mut Laps<'_>,
) -> Result<(Decisions, Summary)> {
    let found = laps.time(Stage::Candidates, || candidates::find(context, spills))?;
    let verified = laps.time(Stage::Verify, || verifying::verify(context, spills, &found))?;
    let summary = Summary {
        candidates: found.pairs.len(),
        compared: verified.compared,
        ..Summary::default()
    };
    let decisions = laps.time(Stage::Decide, || {
        let decisions = decide::decide(context, spills, (found, verified))?;
        if let Some(path) = &context.job.report {
            report::write(context, path, spills, &decisions)?;
        }
        Ok(decisions)
    })?;
    Ok((decisions, summary))
}

/// What every stage works with.
#[derive(Clone, Copy)]
struct Context<'a> {
    job: &'a Job,
    scratch: &'a Scratch,
    /// Names the job in what it leaves in the scratch folder.
    digest: u128,
    progress: &'a Progress,
}

/// The time of each stage.
struct Laps<'a> {
    progress: &'a Progress,
    times: Vec<StageTime>,
}

impl<'a> Laps<'a> {
    fn new(progress: &'a Progress) -> Self {
        let times = Vec::new();
        Self { progress, times }
    }

    fn time<T>(&mut self, stage: Stage, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let clock = Instant::now();
        self.progress.enter(stage)?;
        let result = work()?;
        let seconds = clock.elapsed().as_secs_f64();
        self.times.push(StageTime { stage, seconds });
        Ok(result)
    }
}
