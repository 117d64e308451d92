//! Rows of a part that were removed: one bit a row, in a file of its own.

use std::io::Write;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::damaged;
use crate::error::{Error, Result};
use crate::run::whole_file::WholeFile;

const MAGIC: [u8; 8] = *b"MITHGONE";

/// The removed rows of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removed {
    bits: Vec<u8>,
    count: u64,
}

impl Removed {
    pub(super) fn none(rows: u64) -> Self {
        let bytes = usize::try_from(rows.div_ceil(8)).unwrap_or(0);
        Self {
            bits: vec![0; bytes],
            count: 0,
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn contains(&self, row: u32) -> bool {
        let bits = usize::try_from(row / 8)
            .ok()
            .and_then(|at| self.bits.get(at));
        bits.is_some_and(|bits| bits >> (row % 8) & 1 == 1)
    }

    pub(super) fn insert(&mut self, row: u32) {
        if self.contains(row) {
            return;
        }
        if let Some(bits) = usize::try_from(row / 8)
            .ok()
            .and_then(|at| self.bits.get_mut(at))
        {
            *bits |= 1 << (row % 8);
            self.count += 1;
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let body = [&MAGIC, &self.bits[..]].concat();
        WholeFile::write(path, |out| {
            out.write_all(&body)?;
            out.write_all(&xxh3_64(&body).to_le_bytes())
        })
    }

    pub(super) fn read(path: &Path, rows: u64) -> Result<Self> {
        let expected = rows.div_ceil(8) + 16;
        let failed = |error| Error::io_at("open", path, error);
        if std::fs::metadata(path).map_err(failed)?.len() != expected {
            return Err(damaged(path, &format!("{expected} bytes")));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let whole = bytes.split_last_chunk::<8>();
        let whole = whole.filter(|(body, sum)| xxh3_64(body) == u64::from_le_bytes(**sum));
        let bits = whole.and_then(|(body, _)| body.strip_prefix(&MAGIC));
        let bits = bits.ok_or_else(|| damaged(path, "its checksum"))?.to_vec();
        let count = bits.iter().map(|it| u64::from(it.count_ones())).sum();
        Ok(Self { bits, count })
    }
}
