//! Bytes with their XXH3 behind them: what one machine wrote and another reads.

use crate::error::{Error, Result};

/// Length of a seal.
pub(super) const SEAL_BYTES: u64 = 8;

pub(super) fn seal_of(bytes: &[u8]) -> [u8; 8] {
    xxhash_rust::xxh3::xxh3_64(bytes).to_le_bytes()
}

/// Appends the seal of what stands from `from` on.
pub(super) fn seal(bytes: &mut Vec<u8>, from: usize) {
    let seal = seal_of(bytes.get(from..).unwrap_or_default());
    bytes.extend_from_slice(&seal);
}

pub(super) fn damaged(what: &str) -> Error {
    Error::corruption(what, "what was written there", "other bytes")
}

/// The bytes without their seal.
pub(super) fn open<'a>(bytes: &'a [u8], what: &str) -> Result<&'a [u8]> {
    match bytes.split_last_chunk::<8>() {
        Some((body, seal)) if seal_of(body) == *seal => Ok(body),
        _ => Err(damaged(what)),
    }
}

/// Reads numbers one after the other.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    what: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'a str) -> Self {
        Self { rest: bytes, what }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let split = self.rest.split_first_chunk::<N>();
        let (taken, rest) = split.ok_or_else(|| damaged(self.what))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn f64(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let split = self.rest.split_at_checked(length);
        let (taken, rest) = split.ok_or_else(|| damaged(self.what))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Numbers that lie side by side.
pub(super) fn numbers(bytes: &[u8]) -> Vec<u64> {
    let (chunks, _) = bytes.as_chunks();
    chunks.iter().map(|it| u64::from_le_bytes(*it)).collect()
}

/// A length in memory.
pub(super) fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
