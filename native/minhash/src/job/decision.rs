//! What happens to a row that is in a group: what the verify stage writes and the filter stage reads.
//!
//! The object of a bin: for every task and for the end its place `u64`; then for each task, sealed,
//! of every row: row `u32`, flags `u8`, file `u32` and place `u64` of the row that names the group,
//! length of its line of the report `u32`, that line.

use super::sealed::Fields;
use crate::error::Result;
use crate::spill::Row;

/// The row is not written.
pub(super) const DROPPED: u8 = 1;
/// The row is not the survivor.
pub(super) const REMOVED: u8 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) row: Row,
    pub(super) flags: u8,
    /// Number of the input, and place in it, of the row that names the group.
    pub(super) cluster: (u32, u64),
    /// Its line of the report; a survivor has none.
    pub(super) report: Vec<u8>,
}

impl Decision {
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.row.to_le_bytes());
        out.push(self.flags);
        out.extend_from_slice(&self.cluster.0.to_le_bytes());
        out.extend_from_slice(&self.cluster.1.to_le_bytes());
        out.extend_from_slice(&super::spec::row(self.report.len()).to_le_bytes());
        out.extend_from_slice(&self.report);
    }

    pub(super) fn read_from(fields: &mut Fields<'_>) -> Result<Self> {
        let (row, flags) = (fields.u32()?, fields.u8()?);
        let cluster = (fields.u32()?, fields.u64()?);
        let report = fields.u32()? as usize;
        Ok(Self {
            row,
            flags,
            cluster,
            report: fields.bytes(report)?.to_vec(),
        })
    }

    pub(super) fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}
