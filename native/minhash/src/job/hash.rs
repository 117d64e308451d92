//! Every row of a task is read and hashed, once.

use serde::Serialize;

use super::host::{Host, Out};
use super::reader::visit_lines;
use super::sealed::{seal, seal_of};
use super::spec::Spec;
use super::spill::{Head, RECORD_BYTES, Record, part_of};
use crate::candidate::pairs::DEPTH_MAX;
use crate::error::{Error, Result};
use crate::hash::{NO_WORDS, RowHasher, hash_lines};
use crate::spill::Spill;

/// What a hash task found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HashSummary {
    /// Rows that can be used.
    pub rows: u64,
    /// Lines that cannot.
    pub rejected: u64,
    /// Length of the lines, decompressed.
    pub text_bytes: u64,
    /// Length of the spill.
    pub spill_bytes: u64,
}

/// Source 0: the input of the task. Output 0: its spill. `rows_max`: rows whose hashes fit the memory.
///
/// # Errors
///
/// `Corruption` where the input is damaged, `InvalidArgument` for too many rows; those of the host.
pub fn hash(host: &dyn Host, spec: &Spec, task: usize, rows_max: u64) -> Result<HashSummary> {
    let mut hasher = RowHasher::new(&spec.settings)?;
    let mut blocks = Vec::new();
    let (mut text_bytes, mut rows_seen) = (0, 0);
    let (range, input) = spec.task(task)?;
    visit_lines(host, 0, (range, input), |lines| {
        text_bytes += lines.bytes.len() as u64 + lines.too_long.map_or(0, |(_, bytes)| bytes);
        let block = hash_lines(lines, &spec.settings.text_key, &mut hasher);
        rows_seen += block.rows() as u64;
        blocks.push(block);
        if rows_seen > rows_max {
            let what = format!("rows of {}, or of a part of it", input.name);
            let expected = format!("at most {rows_max}: split the input");
            return Err(Error::invalid_argument(what, expected, "more"));
        }
        Ok(())
    })?;
    let sums = |of: fn(&Spill) -> usize| blocks.iter().map(of).sum::<usize>() as u64;
    let (rows, rejected) = (sums(Spill::rows), sums(|block| block.rejects.len()));
    let head = Head {
        task: super::spec::row(task),
        rows,
        rejects: rejected,
        lines: rows + rejected,
        text_bytes,
        counts: counts_of(&blocks, spec),
    };
    let spill_bytes = write(host, &head, &blocks, spec)?;
    Ok(HashSummary {
        rows,
        rejected,
        text_bytes,
        spill_bytes,
    })
}

/// Rows with words and their keys in a band, in order.
fn keyed(blocks: &[Spill], band: usize) -> impl Iterator<Item = (&Spill, usize, u64)> {
    blocks.iter().flat_map(move |block| {
        let keys = block.band(band).iter().zip(&block.digests).enumerate();
        let with_words = keys.filter(|(_, (_, digest))| **digest != NO_WORDS);
        with_words.map(move |(at, (key, _))| (block, at, *key))
    })
}

fn counts_of(blocks: &[Spill], spec: &Spec) -> Vec<u32> {
    let mut counts = vec![0; spec.partitions()];
    for band in 0..spec.bands() {
        let from = band * spec.parts as usize;
        for (_, _, key) in keyed(blocks, band) {
            if let Some(count) = counts.get_mut(from + part_of(key, spec.parts)) {
                *count += 1;
            }
        }
    }
    counts
}

fn write(host: &dyn Host, head: &Head, blocks: &[Spill], spec: &Spec) -> Result<u64> {
    let mut out = Out::new(host, 0);
    let mut part = Vec::new();
    head.write_to(&mut part);
    out.put(&part)?;
    part.clear();
    for span in blocks.iter().flat_map(|block| &block.spans) {
        part.extend_from_slice(&span.offset.to_le_bytes());
        part.extend_from_slice(&span.bytes.to_le_bytes());
    }
    seal(&mut part, 0);
    out.put(&part)?;
    part.clear();
    for reject in blocks.iter().flat_map(|block| &block.rejects) {
        part.extend_from_slice(&reject.offset.to_le_bytes());
        part.extend_from_slice(&reject.bytes.to_le_bytes());
        part.push(reject.reason as u8);
    }
    seal(&mut part, 0);
    out.put(&part)?;
    for (band, counts) in head.counts.chunks(spec.parts as usize).enumerate() {
        write_band(&mut out, (band, counts), blocks, spec)?;
    }
    out.finish()
}

/// One band's records in memory, partition after partition.
fn write_band(
    out: &mut Out<'_>,
    (band, counts): (usize, &[u32]),
    blocks: &[Spill],
    spec: &Spec,
) -> Result<()> {
    let room =
        |count: &u32| Vec::with_capacity(*count as usize * super::sealed::length(RECORD_BYTES));
    let mut parts: Vec<Vec<u8>> = counts.iter().map(room).collect();
    let mut first = 0;
    for block in blocks {
        for (block, at, key) in keyed(std::slice::from_ref(block), band) {
            let record = Record {
                key,
                digest: digest_of(block, at),
                next: next_keys(block, at, band, spec.bands()),
                row: first + super::spec::row(at),
            };
            if let Some(part) = parts.get_mut(part_of(key, spec.parts)) {
                record.write_to(part);
            }
        }
        first += super::spec::row(block.rows());
    }
    for part in parts {
        out.put(&part)?;
        out.put(&seal_of(&part))?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
fn digest_of(block: &Spill, at: usize) -> u64 {
    block.digests.get(at).map_or(0, |digest| *digest as u64)
}

fn next_keys(block: &Spill, at: usize, band: usize, bands: usize) -> [u64; DEPTH_MAX] {
    std::array::from_fn(|step| {
        let keys = block.band((band + step + 1) % bands);
        keys.get(at).copied().unwrap_or(0)
    })
}
