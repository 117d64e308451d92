//! The codec: one segment of an original to its stored form and back.
//!
//! [`encode_segment`] cuts the range into blocks, encodes each by itself (so any number of threads gives the
//! same bytes) and appends index and footer. A reader takes [`SegmentIndex::read_from`] on the last bytes, asks
//! for a [`Window`], fetches the ranges that it names from the segment and the base, and calls
//! [`decode_window`]. Every restored block is checked against its CRC32.
//!
//! Working memory is a few MiB for each thread, whatever the segment's length; the output comes on top.

mod decode;
mod encode;

pub use crate::index::{
    BLOCK_BYTES_MAX, FOOTER_BYTES, IndexRead, SEGMENT_BLOCKS_MAX, SEGMENT_BYTES_MAX,
    SEGMENT_VERSION, SegmentIndex, Window,
};
pub use crate::partition::base_ranges;
pub use decode::decode_window;
pub use encode::encode_segment;

use crate::index::{Block, Method};
use crate::{Error, Result};

/// Most threads that one call uses.
const THREADS_MAX: usize = 256;
/// A range of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

impl ByteRange {
    /// One past the last byte.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// The bytes of the base that a call may need.
#[derive(Debug, Clone, Copy, Default)]
pub struct BaseView<'a> {
    /// Which ranges of the base's original are given: ordered, without overlaps.
    pub ranges: &'a [ByteRange],
    /// Their bytes, one range after the other. Empty: there is no base.
    pub bytes: &'a [u8],
}

impl<'a> BaseView<'a> {
    fn check(&self) -> Result<()> {
        let (mut total, mut end) = (0_u64, 0_u64);
        for range in self.ranges {
            let ordered = range.offset >= end;
            let Some(range_end) = range.offset.checked_add(range.length).filter(|_| ordered) else {
                return Err(Error::invalid_argument(
                    "ranges of the base",
                    "ordered ranges without overlaps",
                    format!("{} at {}", range.length, range.offset),
                ));
            };
            end = range_end;
            total = total.saturating_add(range.length);
        }
        if total != self.bytes.len() as u64 {
            return Err(Error::invalid_argument(
                "bytes of the base",
                total,
                self.bytes.len(),
            ));
        }
        Ok(())
    }

    /// Offsets of the ranges in the bytes.
    fn starts(&self) -> Vec<u64> {
        let mut next = 0;
        let advance = |range: &ByteRange| {
            let start = next;
            next += range.length;
            start
        };
        self.ranges.iter().map(advance).collect()
    }

    fn find(&self, starts: &[u64], offset: u64, length: u64) -> Result<&'a [u8]> {
        let after = self.ranges.partition_point(|range| range.offset <= offset);
        after
            .checked_sub(1)
            .and_then(|index| {
                let into = offset - self.ranges[index].offset;
                let start = usize::try_from(starts[index].checked_add(into)?).ok()?;
                let end = start.checked_add(usize::try_from(length).ok()?)?;
                let fits = into.checked_add(length)? <= self.ranges[index].length;
                self.bytes.get(start..end).filter(|_| fits)
            })
            .ok_or_else(|| {
                let wanted = format!("{length} bytes at {offset}");
                Error::invalid_argument("bytes of the base", wanted, "not given")
            })
    }
}

/// How much time the encoder takes for how small a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Level {
    /// The first guess counts: one delta, one shape, text and integers at zstd level 1. A plane of numbers that would
    /// not become a fifth smaller is stored as it is.
    Fast,
    /// The best by estimate, and by trial where that says too little; text and integers at zstd level 3.
    #[default]
    Default,
    /// All methods, dense and sparse, on blocks of several sizes; text and integers also at zstd level 19. Several
    /// times as slow as the default, and never larger.
    Max,
}

/// How to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EncodeOptions {
    /// Time against size.
    pub level: Level,
    /// Threads to use at most; 0 counts as 1. The result does not depend on it.
    pub threads: usize,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            level: Level::Default,
            threads: 1,
        }
    }
}

/// Raw bytes of a segment by the way they were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SegmentStats {
    /// Number of blocks.
    pub blocks: u64,
    /// Bytes that equal the base.
    pub identical: u64,
    /// Bytes stored as a difference to the base.
    pub delta: u64,
    /// Bytes compressed by themselves.
    pub standalone: u64,
    /// Bytes stored as they are.
    pub raw: u64,
}

impl SegmentStats {
    fn of(blocks: &[Block]) -> Self {
        let mut stats = Self {
            blocks: blocks.len() as u64,
            ..Self::default()
        };
        for block in blocks {
            let counter = match block.method {
                Method::Identical => &mut stats.identical,
                Method::Subtract | Method::Xor | Method::Grouped => &mut stats.delta,
                Method::Standalone => &mut stats.standalone,
                Method::Raw => &mut stats.raw,
            };
            *counter += u64::from(block.raw_length);
        }
        stats
    }
}
