//! Stages by name, for hosts that speak JSON.

use serde::{Deserialize, Serialize};

use super::{Host, Spec, SpecText, StitchLimits};
use crate::error::{Error, Result};

/// A stage and what it is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    tag = "stage",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
#[expect(missing_docs, reason = "named as the arguments of the stages")]
pub enum Call {
    /// See [`super::hash`].
    Hash { task: usize, rows_max: u64 },
    /// See [`super::gather`].
    Gather { bucket_bytes: u64 },
    /// See [`super::bucket`].
    Bucket { partitions: (usize, usize) },
    /// See [`super::stitch`].
    Stitch {
        lengths: Vec<u64>,
        limits: StitchLimits,
    },
    /// See [`super::shingle`].
    Shingle { task: usize, bins: usize },
    /// See [`super::verify`].
    Verify { bin: usize, memory: u64 },
    /// See [`super::filter`].
    Filter { file: usize, bins: usize },
}

#[derive(Deserialize)]
struct Request {
    spec: SpecText,
    call: Call,
}

/// Runs the stage of a request `{"spec": ..., "call": ...}`; the answer is its summary.
///
/// # Errors
///
/// `InvalidArgument` for a request that is none; those of the stage.
pub fn call(host: &dyn Host, request: &str) -> Result<String> {
    let request: Request = serde_json::from_str(request)
        .map_err(|error| Error::invalid_argument("request", "a stage of a job", error))?;
    let spec = &Spec::new(request.spec)?;
    match request.call {
        Call::Hash { task, rows_max } => answer(super::hash(host, spec, task, rows_max)),
        Call::Gather { bucket_bytes } => answer(super::gather(host, spec, bucket_bytes)),
        Call::Bucket { partitions } => answer(super::bucket(host, spec, partitions)),
        Call::Stitch { lengths, limits } => answer(super::stitch(host, spec, &lengths, limits)),
        Call::Shingle { task, bins } => answer(super::shingle(host, spec, task, bins)),
        Call::Verify { bin, memory } => answer(super::verify(host, spec, bin, memory)),
        Call::Filter { file, bins } => answer(super::filter(host, spec, file, bins)),
    }
}

fn answer(summary: Result<impl Serialize>) -> Result<String> {
    let text = serde_json::to_string(&summary?);
    text.map_err(|error| Error::invalid_argument("summary", "JSON", error))
}
