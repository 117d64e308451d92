//! The index of all spills: the number of every task's first row, and where every partition lies in
//! every spill.
//!
//! | part | bytes |
//! |---|---|
//! | head, sealed | magic, tasks `u32`, partitions `u32`, rows `u64`, then of every task: first row `u32`, rows `u32`, rejects `u64`, bytes of text `u64` |
//! | starts | for every partition, and for the end of the last one, its place `u64` in every spill |

use super::host::{Host, Piece, read_one};
use super::sealed::{Fields, SEAL_BYTES, damaged, numbers, open, seal};
use super::spec::{Spec, row};
use super::spill::Head;
use crate::error::Result;
use crate::spill::Row;

const MAGIC: [u8; 8] = *b"MDJINDX1";

/// What the index says of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskRows {
    pub(super) first: Row,
    pub(super) rows: u32,
    pub(super) rejects: u64,
    pub(super) text_bytes: u64,
}

/// The head of the index.
pub(super) struct Index {
    pub(super) rows: usize,
    pub(super) tasks: Vec<TaskRows>,
}

fn head_bytes(tasks: usize) -> u64 {
    8 + 4 + 4 + 8 + 24 * tasks as u64 + SEAL_BYTES
}

impl Index {
    pub(super) fn of(heads: &[Head]) -> Self {
        let mut rows = 0;
        let mut tasks = Vec::with_capacity(heads.len());
        for head in heads {
            tasks.push(TaskRows {
                first: row(rows),
                rows: row(super::sealed::length(head.rows)),
                rejects: head.rejects,
                text_bytes: head.text_bytes,
            });
            rows += super::sealed::length(head.rows);
        }
        Self { rows, tasks }
    }

    pub(super) fn write_to(&self, partitions: usize, out: &mut Vec<u8>) {
        let from = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&row(self.tasks.len()).to_le_bytes());
        out.extend_from_slice(&row(partitions).to_le_bytes());
        out.extend_from_slice(&(self.rows as u64).to_le_bytes());
        for task in &self.tasks {
            out.extend_from_slice(&task.first.to_le_bytes());
            out.extend_from_slice(&task.rows.to_le_bytes());
            out.extend_from_slice(&task.rejects.to_le_bytes());
            out.extend_from_slice(&task.text_bytes.to_le_bytes());
        }
        seal(out, from);
    }

    /// Reads the head of the index, which is source `source`.
    pub(super) fn read(host: &dyn Host, source: usize, spec: &Spec) -> Result<Self> {
        let what = "the index of the spills";
        let count = spec.tasks.len();
        let piece = Piece {
            source,
            offset: 0,
            length: head_bytes(count),
        };
        let bytes = read_one(host, piece)?;
        let mut fields = Fields::new(open(&bytes, what)?, what);
        let is_ours = fields.array::<8>()? == MAGIC;
        let found = (fields.u32()? as usize, fields.u32()? as usize);
        if !is_ours || found != (count, spec.partitions()) {
            return Err(damaged(what));
        }
        let rows = super::sealed::length(fields.u64()?);
        let mut tasks = Vec::with_capacity(count);
        for _ in 0..count {
            tasks.push(TaskRows {
                first: fields.u32()?,
                rows: fields.u32()?,
                rejects: fields.u64()?,
                text_bytes: fields.u64()?,
            });
        }
        Ok(Self { rows, tasks })
    }

    /// The task with this row.
    pub(super) fn task_of(&self, row: Row) -> usize {
        let after = self.tasks.partition_point(|task| task.first <= row);
        // Tasks without rows share their first row with the one behind them.
        after.saturating_sub(1)
    }
}

/// Places of the partitions from `from` on and of the end of the last one, in every spill.
pub(super) fn read_starts(
    host: &dyn Host,
    source: usize,
    tasks: usize,
    (from, to): (usize, usize),
) -> Result<Vec<Vec<u64>>> {
    let row_bytes = 8 * tasks as u64;
    let piece = Piece {
        source,
        offset: head_bytes(tasks) + row_bytes * from as u64,
        length: row_bytes * (to + 1 - from) as u64,
    };
    let all = numbers(&read_one(host, piece)?);
    Ok(all.chunks(tasks.max(1)).map(<[u64]>::to_vec).collect())
}
