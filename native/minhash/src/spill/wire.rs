//! Spills as bytes: what a hash task writes and the later stages read, section by section.
//!
//! All numbers are little-endian. Every section's place follows from the header, so that one band
//! of one spill is one ranged read.
//!
//! | section | bytes |
//! |---|---|
//! | header | [`HEADER_BYTES`]: magic, job, file, split, rows, bands, rejects |
//! | spans | 12 a row: offset `u64`, length `u32` |
//! | digests | 16 a row |
//! | keys | 8 a row, band after band |
//! | rejects | 17 each: offset `u64`, length `u64`, reason `u8` |
//! | checksum | 8: XXH3 of all before |

use std::io::{self, Write};
use std::ops::Range;

use xxhash_rust::xxh3::Xxh3Default;

use super::{Span, Spill};
use crate::error::{Error, Result};
use crate::input::{Reason, Reject};

const MAGIC: [u8; 8] = *b"MDSPILL1";
/// Length of the header.
pub const HEADER_BYTES: usize = 8 + 16 + 4 + 4 + 8 + 4 + 8;
const SPAN_BYTES: u64 = 12;
const DIGEST_BYTES: u64 = 16;
const KEY_BYTES: u64 = 8;
const REJECT_BYTES: u64 = 17;
const CHECKSUM_BYTES: u64 = 8;
/// More of anything in one spill is not ours: it bounds what a damaged header can ask for.
const COUNT_MAX: u64 = u32::MAX as u64;

/// What a spill is of, and how much is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Names files and settings: spills of different jobs do not mix.
    pub job: u128,
    /// Number of the input.
    pub file: u32,
    /// Number of the split in it.
    pub split: u32,
    /// Rows.
    pub rows: u64,
    /// Keys of a row.
    pub bands: u32,
    /// Lines that could not be read.
    pub rejects: u64,
}

impl Header {
    fn write_to(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&MAGIC)?;
        out.write_all(&self.job.to_le_bytes())?;
        out.write_all(&self.file.to_le_bytes())?;
        out.write_all(&self.split.to_le_bytes())?;
        out.write_all(&self.rows.to_le_bytes())?;
        out.write_all(&self.bands.to_le_bytes())?;
        out.write_all(&self.rejects.to_le_bytes())
    }

    /// Reads a header.
    ///
    /// # Errors
    ///
    /// `Corruption` where the bytes are not one.
    pub fn read_from(bytes: &[u8]) -> Result<Self> {
        let damaged = || Error::corruption("a spill", "its header", "other bytes");
        let mut rest = bytes;
        if take::<8>(&mut rest).ok_or_else(damaged)? != MAGIC {
            return Err(damaged());
        }
        let read = |rest: &mut &[u8]| {
            Some(Self {
                job: u128::from_le_bytes(take(rest)?),
                file: u32::from_le_bytes(take(rest)?),
                split: u32::from_le_bytes(take(rest)?),
                rows: u64::from_le_bytes(take(rest)?),
                bands: u32::from_le_bytes(take(rest)?),
                rejects: u64::from_le_bytes(take(rest)?),
            })
        };
        read(&mut rest)
            .filter(|it| it.rows <= COUNT_MAX && it.rejects <= COUNT_MAX && it.bands <= 1 << 16)
            .ok_or_else(damaged)
    }

    /// Place of the spans.
    #[must_use]
    pub fn spans(&self) -> Range<u64> {
        let from = HEADER_BYTES as u64;
        from..from + self.rows * SPAN_BYTES
    }

    /// Place of the digests.
    #[must_use]
    pub fn digests(&self) -> Range<u64> {
        let from = self.spans().end;
        from..from + self.rows * DIGEST_BYTES
    }

    /// Place of the keys of one band.
    #[must_use]
    pub fn band(&self, band: usize) -> Range<u64> {
        let from = self.digests().end + band as u64 * self.rows * KEY_BYTES;
        from..from + self.rows * KEY_BYTES
    }

    /// Place of the rejects.
    #[must_use]
    pub fn rejects(&self) -> Range<u64> {
        let from = self.band(self.bands as usize).start;
        from..from + self.rejects * REJECT_BYTES
    }

    /// Length of the whole spill.
    #[must_use]
    pub fn exact_size(&self) -> u64 {
        self.rejects().end + CHECKSUM_BYTES
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

/// Hashes what passes through.
struct Summing<W> {
    out: W,
    sum: Xxh3Default,
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a spill.
///
/// # Errors
///
/// Those of the writer.
pub fn write(spill: &Spill, header: &Header, out: impl Write) -> io::Result<()> {
    let sum = Xxh3Default::new();
    let mut out = Summing { out, sum };
    header.write_to(&mut out)?;
    write_all_of(&spill.spans, &mut out, |span, block| {
        block.extend_from_slice(&span.offset.to_le_bytes());
        block.extend_from_slice(&span.bytes.to_le_bytes());
    })?;
    write_all_of(&spill.digests, &mut out, |digest, block| {
        block.extend_from_slice(&digest.to_le_bytes());
    })?;
    write_all_of(&spill.keys, &mut out, |key, block| {
        block.extend_from_slice(&key.to_le_bytes());
    })?;
    write_all_of(&spill.rejects, &mut out, |reject, block| {
        block.extend_from_slice(&reject.offset.to_le_bytes());
        block.extend_from_slice(&reject.bytes.to_le_bytes());
        block.push(reject.reason as u8);
    })?;
    let sum = out.sum.digest();
    out.out.write_all(&sum.to_le_bytes())?;
    out.out.flush()
}

/// Values that are written at a time: each by itself would cost more than its bytes.
const VALUES_BLOCK: usize = 4096;

/// Writes values one behind the other, as `put` turns them into bytes.
fn write_all_of<T>(
    values: &[T],
    out: &mut impl Write,
    put: impl Fn(&T, &mut Vec<u8>),
) -> io::Result<()> {
    let mut block = Vec::new();
    for values in values.chunks(VALUES_BLOCK) {
        block.clear();
        for value in values {
            put(value, &mut block);
        }
        out.write_all(&block)?;
    }
    Ok(())
}

/// Whether the bytes are a whole spill: its length and checksum fit.
#[must_use]
pub fn is_whole(bytes: &[u8]) -> bool {
    let Some((body, sum)) = bytes.split_last_chunk::<8>() else {
        return false;
    };
    let sized = Header::read_from(bytes).map(|header| header.exact_size());
    sized.is_ok_and(|size| size == bytes.len() as u64)
        && xxhash_rust::xxh3::xxh3_64(body) == u64::from_le_bytes(*sum)
}

/// The spans of their section.
#[must_use]
pub fn spans(section: &[u8]) -> Vec<Span> {
    let read = |mut bytes: &[u8]| {
        Some(Span {
            offset: u64::from_le_bytes(take(&mut bytes)?),
            bytes: u32::from_le_bytes(take(&mut bytes)?),
        })
    };
    section.chunks_exact(12).filter_map(read).collect()
}

/// The digests of their section.
#[must_use]
pub fn digests(section: &[u8]) -> Vec<u128> {
    let mut digests = Vec::new();
    digests_into(section, &mut digests);
    digests
}

/// Replaces `digests` by those of their section.
pub fn digests_into(section: &[u8], digests: &mut Vec<u128>) {
    let (chunks, _) = section.as_chunks();
    digests.clear();
    digests.extend(chunks.iter().map(|bytes| u128::from_le_bytes(*bytes)));
}

/// The keys of a band's section.
#[must_use]
pub fn keys(section: &[u8]) -> Vec<u64> {
    let mut keys = Vec::new();
    keys_into(section, &mut keys);
    keys
}

/// Replaces `keys` by those of a band's section.
pub fn keys_into(section: &[u8], keys: &mut Vec<u64>) {
    let (chunks, _) = section.as_chunks();
    keys.clear();
    keys.extend(chunks.iter().map(|bytes| u64::from_le_bytes(*bytes)));
}

/// The rejects of their section.
#[must_use]
pub fn rejects(section: &[u8]) -> Vec<Reject> {
    let read = |mut bytes: &[u8]| {
        Some(Reject {
            offset: u64::from_le_bytes(take(&mut bytes)?),
            bytes: u64::from_le_bytes(take(&mut bytes)?),
            reason: Reason::from_code(u8::from_le_bytes(take(&mut bytes)?))?,
        })
    };
    section.chunks_exact(17).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (Spill, Header, Vec<u8>) {
        let spill = Spill {
            spans: vec![Span::new(0, 7), Span::new(8, 9)],
            digests: vec![1 << 100, 2],
            keys: vec![10, 11, 20, 21, 30, 31],
            rejects: vec![Reject {
                offset: 18,
                bytes: 3,
                reason: Reason::MissingField,
            }],
        };
        let header = Header {
            job: 7,
            file: 1,
            split: 2,
            rows: 2,
            bands: 3,
            rejects: 1,
        };
        let mut bytes = Vec::new();
        write(&spill, &header, &mut bytes).expect("a vector takes all");
        (spill, header, bytes)
    }

    #[test]
    fn every_section_is_read_as_it_was_written() {
        let (spill, header, bytes) = example();
        let section = |place: Range<u64>| {
            let place = usize::try_from(place.start).expect("short")
                ..usize::try_from(place.end).expect("short");
            &bytes[place]
        };
        assert_eq!(Header::read_from(&bytes).expect("a header"), header);
        assert_eq!(header.exact_size(), bytes.len() as u64);
        assert_eq!(spans(section(header.spans())), spill.spans);
        assert_eq!(digests(section(header.digests())), spill.digests);
        assert_eq!(keys(section(header.band(1))), [20, 21]);
        assert_eq!(rejects(section(header.rejects())), spill.rejects);
    }

    #[test]
    fn a_cut_or_changed_spill_is_not_whole() {
        let (_, _, bytes) = example();
        assert!(is_whole(&bytes));
        for length in 0..bytes.len() {
            assert!(!is_whole(&bytes[..length]), "cut at {length}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(!is_whole(&changed), "changed at {at}");
        }
    }
}
