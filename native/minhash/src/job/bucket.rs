//! Rows that share a key: some partitions of all spills.

use serde::Serialize;

use super::host::{Host, Out, Piece, read_each};
use super::index::{Index, read_starts};
use super::sealed::{Fields, damaged, length, open, seal};
use super::spec::Spec;
use super::spill::Record;
use crate::candidate::Pair;
use crate::candidate::pairs::pairs_of_bucket;
use crate::error::{Error, Result};
use crate::spill::Row;

/// What a bucket task found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketSummary {
    /// Keys that were looked at.
    pub records: u64,
    /// Rows that are equal to an earlier one.
    pub equal: u64,
    /// Candidate pairs, each once.
    pub pairs: u64,
    /// Length of the output.
    pub bytes: u64,
}

/// Source 0: the index; source 1 + n: the spill of task n. Output 0: pairs.
///
/// # Errors
///
/// `Corruption` where a spill is not what the index says; those of the host.
pub fn bucket(host: &dyn Host, spec: &Spec, (from, to): (usize, usize)) -> Result<BucketSummary> {
    if !(from < to && to <= spec.partitions()) {
        let expected = format!("a range below {}", spec.partitions());
        return Err(Error::invalid_argument(
            "partitions",
            expected,
            format!("{from}..{to}"),
        ));
    }
    let mut partitions = read(host, spec, (from, to))?;
    let records = partitions.iter().map(|it| it.len() as u64).sum();
    let mut found = Pairs::default();
    for (partition, records) in (from..).zip(&mut partitions) {
        records.sort_unstable_by_key(|record| (record.key, record.row));
        let is_first_band = partition < spec.parts as usize;
        for bucket in records.chunk_by(|a, b| a.key == b.key) {
            if bucket.len() > 1 {
                found.add(bucket, is_first_band)?;
            }
        }
        *records = Vec::new();
    }
    found.settle();
    let bytes = found.write(host)?;
    Ok(BucketSummary {
        records,
        equal: found.equal.len() as u64,
        pairs: found.pairs.len() as u64,
        bytes,
    })
}

/// The records of each partition, with the rows' numbers among all.
fn read(host: &dyn Host, spec: &Spec, (from, to): (usize, usize)) -> Result<Vec<Vec<Record>>> {
    let index = Index::read(host, 0, spec)?;
    let starts = read_starts(host, 0, spec.tasks.len(), (from, to))?;
    let place = |partition: usize, task: usize| {
        let found = starts.get(partition).and_then(|starts| starts.get(task));
        found
            .copied()
            .ok_or_else(|| damaged("the index of the spills"))
    };
    let mut pieces = Vec::with_capacity(spec.tasks.len());
    for task in 0..spec.tasks.len() {
        let (start, end) = (place(0, task)?, place(to - from, task)?);
        pieces.push(Piece {
            source: 1 + task,
            offset: start,
            length: end.saturating_sub(start),
        });
    }
    let mut partitions = vec![Vec::new(); to - from];
    read_each(host, &pieces, |task, bytes| {
        let first = index.tasks.get(task).map_or(0, |it| it.first);
        let mut fields = Fields::new(&bytes, "a partition of a spill");
        for (at, records) in partitions.iter_mut().enumerate() {
            let part = place(at + 1, task)?.saturating_sub(place(at, task)?);
            let body = open(fields.bytes(length(part))?, "a partition of a spill")?;
            let mut body = Fields::new(body, "a partition of a spill");
            while !body.is_empty() {
                let record = Record::read_from(&mut body)?;
                let row = first.saturating_add(record.row);
                records.push(Record { row, ..record });
            }
        }
        Ok(())
    })?;
    Ok(partitions)
}

/// Pairs of equal rows and of rows that share a key.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) equal: Vec<Pair>,
    pub(super) pairs: Vec<Pair>,
}

impl Pairs {
    /// Adds those of the records of one key, in the order of their rows.
    fn add(&mut self, bucket: &[Record], is_first_band: bool) -> Result<()> {
        let mut by_digest: Vec<(u64, Row)> = bucket.iter().map(|it| (it.digest, it.row)).collect();
        by_digest.sort_unstable();
        let mut rows = Vec::new();
        for equal in by_digest.chunk_by(|a, b| a.0 == b.0) {
            rows.push(equal[0].1);
            if is_first_band {
                let pairs = equal.iter().skip(1);
                self.equal
                    .extend(pairs.map(|(_, row)| Pair::new(equal[0].1, *row)));
            }
        }
        rows.sort_unstable();
        if rows.len() < 2 {
            return Ok(());
        }
        let mut key_of = |step: usize, row: Row| {
            let at = bucket.binary_search_by_key(&row, |record| record.row);
            let record = at.ok().and_then(|at| bucket.get(at));
            let key = record.and_then(|record| record.next.get(step - 1));
            key.copied().ok_or_else(|| damaged("a bucket"))
        };
        pairs_of_bucket(&rows, 0, &mut key_of, &mut self.pairs)
    }

    pub(super) fn settle(&mut self) {
        for pairs in [&mut self.equal, &mut self.pairs] {
            pairs.sort_unstable();
            pairs.dedup();
        }
    }

    /// Both lists, each with its length before it; the seal at the end.
    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) {
        let from = bytes.len();
        for pairs in [&self.equal, &self.pairs] {
            bytes.extend_from_slice(&(pairs.len() as u64).to_le_bytes());
            for pair in pairs {
                bytes.extend_from_slice(&pair.a.to_le_bytes());
                bytes.extend_from_slice(&pair.b.to_le_bytes());
            }
        }
        seal(bytes, from);
    }

    fn write(&self, host: &dyn Host) -> Result<u64> {
        let mut bytes = Vec::new();
        self.append_to(&mut bytes);
        let mut out = Out::new(host, 0);
        out.put(&bytes)?;
        out.finish()
    }

    pub(super) fn read_from(bytes: &[u8]) -> Result<Self> {
        let what = "pairs of rows";
        let mut fields = Fields::new(open(bytes, what)?, what);
        let mut list = || {
            let count = length(fields.u64()?);
            let bytes = fields.bytes(count.saturating_mul(8))?;
            let mut fields = Fields::new(bytes, what);
            let mut pairs = Vec::with_capacity(bytes.len() / 8);
            while !fields.is_empty() {
                let (a, b) = (fields.u32()?, fields.u32()?);
                pairs.push(Pair { a, b });
            }
            Ok(pairs)
        };
        Ok(Self {
            equal: list()?,
            pairs: list()?,
        })
    }
}
