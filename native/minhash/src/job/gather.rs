//! The spills are numbered: between hashing and buckets, once.

use serde::Serialize;

use super::host::{Host, Out, Piece, read_each, read_one};
use super::index::Index;
use super::sealed::open;
use super::spec::Spec;
use super::spill::{Head, RECORD_BYTES};
use crate::error::{Error, Result};
use crate::input::Reject;
use crate::output::reject_line::judge_share;
use crate::spill::Row;
use crate::spill::wire;

/// What all inputs hold, and how the buckets are divided.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatherSummary {
    /// Rows that can be used.
    pub rows: u64,
    /// Lines that cannot.
    pub rejected: u64,
    /// Rows and rejected lines of every input.
    pub files: Vec<FileRows>,
    /// Ranges of partitions that one bucket task takes.
    pub buckets: Vec<(usize, usize)>,
}

/// Lines of one input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRows {
    /// Rows that can be used.
    pub rows: u64,
    /// Lines that cannot.
    pub rejected: u64,
}

/// Source n: the spill of task n. Output 0: the index. `bucket_bytes`: records of a bucket task.
///
/// # Errors
///
/// `TooManyBadRows`, `InvalidArgument` for more rows than there are numbers; those of the host.
pub fn gather(host: &dyn Host, spec: &Spec, bucket_bytes: u64) -> Result<GatherSummary> {
    let heads = read_heads(host, spec)?;
    let index = Index::of(&heads);
    if index.rows >= Row::MAX as usize {
        let expected = format!("fewer than {}", Row::MAX);
        return Err(Error::invalid_argument(
            "rows of a job",
            expected,
            index.rows,
        ));
    }
    let mut files = vec![FileRows::default(); spec.inputs.len()];
    for (task, head) in spec.tasks.iter().zip(&heads) {
        if let Some(file) = files.get_mut(task.file) {
            file.rows += head.rows;
            file.rejected += head.rejects;
        }
    }
    judge(host, spec, &heads)?;
    write(host, spec, &index, &heads)?;
    Ok(GatherSummary {
        rows: index.rows as u64,
        rejected: files.iter().map(|file| file.rejected).sum(),
        files,
        buckets: divide(&heads, spec.partitions(), bucket_bytes),
    })
}

fn read_heads(host: &dyn Host, spec: &Spec) -> Result<Vec<Head>> {
    let partitions = spec.partitions();
    let piece = |source| Piece {
        source,
        offset: 0,
        length: Head::exact_size(partitions),
    };
    let pieces: Vec<Piece> = (0..spec.tasks.len()).map(piece).collect();
    let mut heads = Vec::with_capacity(pieces.len());
    read_each(host, &pieces, |task, bytes| {
        heads.push(Head::read_from(&bytes, task, partitions)?);
        Ok(())
    })?;
    Ok(heads)
}

fn judge(host: &dyn Host, spec: &Spec, heads: &[Head]) -> Result<()> {
    let count: u64 = heads.iter().map(|head| head.rejects).sum();
    let rows: u64 = heads.iter().map(|head| head.rows).sum();
    let first = heads.iter().position(|head| head.rejects > 0);
    let Some((task, head)) = first.and_then(|task| Some((task, heads.get(task)?))) else {
        return Ok(());
    };
    let reject = first_reject(host, task, head)?;
    let (_, input) = spec.task(task)?;
    let example = reject.as_ref().map(|reject| (input.name.as_str(), reject));
    let length = super::sealed::length;
    judge_share(length(count), length(rows), spec.bad_share_max, example)
}

fn first_reject(host: &dyn Host, task: usize, head: &Head) -> Result<Option<Reject>> {
    let place = head.rejects();
    let piece = Piece {
        source: task,
        offset: place.start,
        length: place.end - place.start,
    };
    let bytes = read_one(host, piece)?;
    let rejects = wire::rejects(open(&bytes, "the rejects of a spill")?);
    Ok(rejects.into_iter().next())
}

fn write(host: &dyn Host, spec: &Spec, index: &Index, heads: &[Head]) -> Result<()> {
    let mut out = Out::new(host, 0);
    let mut bytes = Vec::new();
    index.write_to(spec.partitions(), &mut bytes);
    out.put(&bytes)?;
    let starts: Vec<Vec<u64>> = heads.iter().map(Head::starts).collect();
    for partition in 0..=spec.partitions() {
        bytes.clear();
        for start in starts.iter().filter_map(|starts| starts.get(partition)) {
            bytes.extend_from_slice(&start.to_le_bytes());
        }
        out.put(&bytes)?;
    }
    out.finish()?;
    Ok(())
}

/// Consecutive partitions of about `bucket_bytes` together.
fn divide(heads: &[Head], partitions: usize, bucket_bytes: u64) -> Vec<(usize, usize)> {
    let records = |partition: usize| -> u64 {
        let counts = heads.iter().filter_map(|head| head.counts.get(partition));
        counts.map(|count| u64::from(*count)).sum()
    };
    let mut buckets = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for partition in 0..partitions {
        let more = records(partition) * RECORD_BYTES;
        if partition > from && bytes + more > bucket_bytes {
            buckets.push((from, partition));
            (from, bytes) = (partition, 0);
        }
        bytes += more;
    }
    if partitions > from {
        buckets.push((from, partitions));
    }
    buckets
}
