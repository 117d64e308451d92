//! How the memory of a job is divided.
//!
//! | share | of the memory |
//! |---|---|
//! | spills that are kept in memory | 1/4 |
//! | numbers for each row: one union-find at a time, and three sets of rows | 3/8 at most |
//! | shingle sets that are compared at a time | 1/8 |
//! | keys among which repeated ones are found, of all threads together | 1/8 |
//! | sorters, of each stage | 1/16 |
//!
//! The keys and the sets are not there at the same time. Lines that are being read and hashed
//! take their share before there are numbers for each row.

use super::Job;
use crate::error::{Error, Result};

/// Bytes for each row: 4 of a union-find, and a bit in each of three sets.
const ROW_BYTES: u64 = 5;

impl Job {
    pub(super) fn spill_room(&self) -> u64 {
        self.memory / 4
    }

    pub(super) fn set_room(&self) -> u64 {
        self.memory / 8
    }

    /// Of each of so many threads.
    pub(super) fn key_room(&self, threads: usize) -> u64 {
        self.memory / 8 / threads as u64
    }

    pub(super) fn sorter_room(&self) -> u64 {
        self.memory / 16
    }

    /// Refuses more rows than the memory has numbers for.
    pub(super) fn check_rows(&self, rows: usize) -> Result<()> {
        let needed = (rows as u64 * ROW_BYTES).div_ceil(3) * 8;
        if needed <= self.memory {
            return Ok(());
        }
        let expected = format!("at least {} MiB", needed.div_ceil(1 << 20));
        let found = format!("{} MiB", self.memory >> 20);
        let what = format!("the memory for {rows} rows");
        Err(Error::invalid_argument(what, expected, found))
    }
}
