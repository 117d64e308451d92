//! What a hash task leaves: an object whose every part is one ranged read.
//!
//! All numbers are little-endian. Every part has its seal (8 bytes) behind it.
//!
//! | part | bytes |
//! |---|---|
//! | head | magic, task `u32`, partitions `u32`, rows `u64`, rejects `u64`, lines `u64`, bytes of text `u64`, then the records of every partition `u32` |
//! | spans | 12 a row: offset `u64`, length `u32` |
//! | rejects | 17 each: offset `u64`, length `u64`, reason `u8` |
//! | partitions | one after the other, [`RECORD_BYTES`] a record |
//!
//! Partition `band * parts + part` holds the keys of a band whose high bits, taken as a fraction,
//! fall into part `part` of `parts` equal ones. Rows without words have no records.

use std::ops::Range;

use super::sealed::{Fields, SEAL_BYTES, damaged, open};
use crate::candidate::pairs::DEPTH_MAX;
use crate::error::Result;

const MAGIC: [u8; 8] = *b"MDJSPIL1";
const FIXED_BYTES: u64 = 8 + 4 + 4 + 8 + 8 + 8 + 8;
/// Key, digest, keys of the next bands, row.
pub(super) const RECORD_BYTES: u64 = 8 + 8 + 8 * DEPTH_MAX as u64 + 4;

/// A row's key in one band, and what else is needed where keys are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) key: u64,
    /// Low half of the digest: with the key beside it as good as the whole.
    pub(super) digest: u64,
    /// Keys of the bands that follow.
    pub(super) next: [u64; DEPTH_MAX],
    /// The row, counted in the task; the reader adds the number of the task's first row.
    pub(super) row: u32,
}

impl Record {
    pub(super) fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key.to_le_bytes());
        out.extend_from_slice(&self.digest.to_le_bytes());
        for key in self.next {
            out.extend_from_slice(&key.to_le_bytes());
        }
        out.extend_from_slice(&self.row.to_le_bytes());
    }

    pub(super) fn read_from(fields: &mut Fields<'_>) -> Result<Self> {
        let (key, digest) = (fields.u64()?, fields.u64()?);
        let mut next = [0; DEPTH_MAX];
        for key in &mut next {
            *key = fields.u64()?;
        }
        Ok(Self {
            key,
            digest,
            next,
            row: fields.u32()?,
        })
    }
}

/// What a spill holds, and so where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) task: u32,
    pub(super) rows: u64,
    pub(super) rejects: u64,
    /// Lines that are not blank: rows and rejects.
    pub(super) lines: u64,
    pub(super) text_bytes: u64,
    /// Records of every partition.
    pub(super) counts: Vec<u32>,
}

impl Head {
    /// Length of a head with its seal.
    pub(super) fn exact_size(partitions: usize) -> u64 {
        FIXED_BYTES + 4 * partitions as u64 + SEAL_BYTES
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let from = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.task.to_le_bytes());
        let partitions = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&partitions.to_le_bytes());
        for number in [self.rows, self.rejects, self.lines, self.text_bytes] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for count in &self.counts {
            out.extend_from_slice(&count.to_le_bytes());
        }
        super::sealed::seal(out, from);
    }

    pub(super) fn read_from(bytes: &[u8], task: usize, partitions: usize) -> Result<Self> {
        let what = "the head of a spill";
        let mut fields = Fields::new(open(bytes, what)?, what);
        let is_ours = fields.array::<8>()? == MAGIC;
        let (found, count) = (fields.u32()?, fields.u32()?);
        if !is_ours || (found as usize, count as usize) != (task, partitions) {
            return Err(damaged(what));
        }
        let mut head = Self {
            task: found,
            rows: fields.u64()?,
            rejects: fields.u64()?,
            lines: fields.u64()?,
            text_bytes: fields.u64()?,
            counts: Vec::with_capacity(partitions),
        };
        while !fields.is_empty() {
            head.counts.push(fields.u32()?);
        }
        Ok(head)
    }

    /// Place of the spans, with their seal.
    pub(super) fn spans(&self) -> Range<u64> {
        let from = Self::exact_size(self.counts.len());
        from..from + self.rows * 12 + SEAL_BYTES
    }

    /// Place of the rejects, with their seal.
    pub(super) fn rejects(&self) -> Range<u64> {
        let from = self.spans().end;
        from..from + self.rejects * 17 + SEAL_BYTES
    }

    /// Where each partition starts, and where the last one ends.
    pub(super) fn starts(&self) -> Vec<u64> {
        let mut at = self.rejects().end;
        let mut starts = vec![at];
        for count in &self.counts {
            at += u64::from(*count) * RECORD_BYTES + SEAL_BYTES;
            starts.push(at);
        }
        starts
    }
}

/// Part of `parts` that a key falls into.
pub(super) fn part_of(key: u64, parts: u32) -> usize {
    super::sealed::length(((key >> 32) * u64::from(parts)) >> 32)
}
