//! What the hash stage leaves of a split: per row its place, a digest and its band keys.
//!
//! Rows are numbered in the order of the files and of their places in them, so the row numbers of a
//! spill start where those of the one before end.

pub mod wire;

use crate::input::Reject;

/// Number of a row among all that could be read, in the order of files and places.
pub type Row = u32;

/// Where a row lies: for lines the place and length in bytes, without the line feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte in the (decompressed) file.
    pub offset: u64,
    /// Length in bytes; at most [`LINE_BYTES_MAX`](crate::input::split::LINE_BYTES_MAX).
    pub bytes: u32,
}

impl Span {
    /// A span; lengths are bounded by the reader of lines.
    #[must_use]
    pub fn new(offset: u64, bytes: usize) -> Self {
        Self {
            offset,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        }
    }

    /// The first byte behind it.
    #[must_use]
    pub fn end(self) -> u64 {
        self.offset + u64::from(self.bytes)
    }
}

/// The rows of one split.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spill {
    /// Where the rows lie, in order.
    pub spans: Vec<Span>,
    /// Digest of each row's shingles, or [`NO_WORDS`](crate::hash::NO_WORDS).
    pub digests: Vec<u128>,
    /// Band after band, one key a row.
    pub keys: Vec<u64>,
    /// What could not be read, in order.
    pub rejects: Vec<Reject>,
}

/// Rows whose keys stay in the first-level cache while every band is written.
const BLOCK_ROWS: usize = 64;

impl Spill {
    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.spans.len()
    }

    /// The keys of one band.
    #[must_use]
    pub fn band(&self, band: usize) -> &[u64] {
        let rows = self.rows();
        self.keys
            .get(band * rows..(band + 1) * rows)
            .unwrap_or_default()
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.spans.capacity() * size_of::<Span>()
            + self.digests.capacity() * size_of::<u128>()
            + self.keys.capacity() * size_of::<u64>()
            + self.rejects.capacity() * size_of::<Reject>()
    }
}

/// The rows of a split while they are made. Its buffers are used for one split after another, so
/// that what grows is not what stays.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    spans: Vec<Span>,
    digests: Vec<u128>,
    /// Row after row.
    keys: Vec<u64>,
    pub(crate) rejects: Vec<Reject>,
}

impl Growing {
    pub(crate) fn push(&mut self, span: Span, (digest, keys): (u128, &[u64])) {
        self.spans.push(span);
        self.digests.push(digest);
        self.keys.extend_from_slice(keys);
    }

    /// All rows so far, without room for more; the next split starts without any.
    pub(crate) fn finish(&mut self, bands: usize) -> Spill {
        let spill = Spill {
            spans: self.spans.as_slice().into(),
            digests: self.digests.as_slice().into(),
            keys: grouped_by_band(&self.keys, bands),
            rejects: self.rejects.as_slice().into(),
        };
        self.spans.clear();
        self.digests.clear();
        self.keys.clear();
        self.rejects.clear();
        spill
    }
}

/// Keys that stand row after row, band after band.
pub(crate) fn grouped_by_band(keys: &[u64], bands: usize) -> Vec<u64> {
    let rows = keys.len() / bands.max(1);
    let mut grouped = vec![0; keys.len()];
    for from in (0..rows).step_by(BLOCK_ROWS) {
        let to = (from + BLOCK_ROWS).min(rows);
        for band in 0..bands {
            let out = &mut grouped[band * rows + from..band * rows + to];
            let keys = keys[from * bands..to * bands].iter().skip(band);
            for (place, key) in out.iter_mut().zip(keys.step_by(bands)) {
                *place = *key;
            }
        }
    }
    grouped
}
