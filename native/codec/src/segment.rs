//! The codec: one segment of an original to its stored form and back.
//!
//! [`encode_segment`] cuts the range into blocks, encodes each by itself (so any number of threads gives the
//! same bytes) and appends index and footer. A reader takes [`SegmentIndex::read_from`] on the last bytes, asks
//! for a [`Window`], fetches the ranges that it names from the segment and the base, and calls
//! [`decode_window`]. Every restored block is checked against its CRC32.
//!
//! Working memory is a few MiB for each thread, whatever the segment's length; the output comes on top.

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths in a segment are at most 256 MiB"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub use crate::index::{
    BLOCK_BYTES_MAX, FOOTER_BYTES, IndexRead, SEGMENT_BLOCKS_MAX, SEGMENT_BYTES_MAX,
    SEGMENT_VERSION, SegmentIndex, Window,
};
pub use crate::partition::base_ranges;

use crate::block::{BlockCoder, Encoded};
use crate::idle::IdleCoder;
use crate::index::{Block, Footer, Method, write_entries};
use crate::layout::Region;
use crate::partition::{self, Piece};
use crate::{Error, Result};

/// Most threads that one call uses.
const THREADS_MAX: usize = 256;
/// A segment may grow by raw / this, and by [`GROWTH_BYTES`].
const GROWTH_SHARE: usize = 1000;
/// Bytes a segment may grow by on top: footer, and one index entry.
const GROWTH_BYTES: usize = 128;

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
    /// Text and integers at zstd level 1.
    Fast,
    /// Text and integers at zstd level 3.
    #[default]
    Default,
    /// Text and integers at zstd level 19.
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
                Method::Subtract | Method::Xor => &mut stats.delta,
                Method::Standalone => &mut stats.standalone,
                Method::Raw => &mut stats.raw,
            };
            *counter += u64::from(block.raw_length);
        }
        stats
    }
}

/// Encodes the range of the original that begins at `raw_offset` and appends the segment to `out`.
///
/// `regions` say what the bytes are; they cover at least the range, in order. `base` holds at least
/// [`base_ranges`] of it, or nothing, and then the segment stands alone. The segment is never longer than
/// `raw` + 0.1% + 128 bytes.
///
/// # Errors
///
/// `InvalidArgument` if the range is longer than [`SEGMENT_BYTES_MAX`], the regions have a gap, or bytes of the
/// base are missing. `out` is then as before.
///
/// # Examples
///
/// ```
/// use mithril_checkpoint::layout::{ElementKind, Region};
/// use mithril_checkpoint::segment::{BaseView, EncodeOptions, encode_segment};
///
/// let raw = vec![7; 1000];
/// let region = Region { offset: 0, length: 1000, kind: ElementKind::Byte, base_offset: None };
/// let mut out = Vec::new();
/// let stats = encode_segment(
///     &raw, 0, &[region], BaseView::default(), &EncodeOptions::default(), &mut out)?;
/// assert_eq!(stats.standalone, 1000);
/// assert!(out.len() < 100);
/// # Ok::<(), mithril_checkpoint::Error>(())
/// ```
pub fn encode_segment(
    raw: &[u8],
    raw_offset: u64,
    regions: &[Region],
    base: BaseView<'_>,
    options: &EncodeOptions,
    out: &mut Vec<u8>,
) -> Result<SegmentStats> {
    let raw_length = raw.len() as u64;
    if raw_length > SEGMENT_BYTES_MAX {
        let limit = format!("at most {SEGMENT_BYTES_MAX}");
        return Err(Error::invalid_argument(
            "length of a segment",
            limit,
            raw_length,
        ));
    }
    if raw_offset
        .checked_add(raw_length)
        .is_none_or(|end| end > crate::index::BASE_END_MAX)
    {
        return Err(Error::invalid_argument(
            "offset of a segment",
            "below 2^63",
            raw_offset,
        ));
    }
    base.check()?;
    let mut pieces = partition::pieces(regions, raw_offset, raw_length)?;
    if base.ranges.is_empty() {
        for piece in &mut pieces {
            piece.base_offset = None;
        }
    }
    let start = out.len();
    let job = EncodeJob {
        raw,
        base,
        base_starts: base.starts(),
        level: options.level,
    };
    let limit = raw.len() + raw.len() / GROWTH_SHARE + GROWTH_BYTES;
    let fits = pieces.len() <= SEGMENT_BLOCKS_MAX as usize;
    let mut blocks = Vec::new();
    if fits {
        blocks = job
            .encode(&pieces, options.threads, out)
            .inspect_err(|_| out.truncate(start))?;
        finish(&blocks, raw_offset, raw_length, start, out);
    }
    if !fits || out.len() - start > limit {
        out.truncate(start);
        blocks = job.store(out);
        finish(&blocks, raw_offset, raw_length, start, out);
    }
    Ok(SegmentStats::of(&blocks))
}

/// Appends index and footer to the payloads that begin at `start`.
fn finish(blocks: &[Block], raw_offset: u64, raw_length: u64, start: usize, out: &mut Vec<u8>) {
    let index_start = out.len();
    let entry_count = write_entries(blocks, raw_offset, out);
    let index = out.split_off(index_start);
    let footer = Footer {
        raw_offset,
        raw_length,
        payload_length: (index_start - start) as u64,
        index_length: index.len() as u32,
        entry_count,
        block_count: blocks.len() as u32,
    };
    out.extend_from_slice(&index);
    footer.write_to(&index, out);
}

struct EncodeJob<'a> {
    raw: &'a [u8],
    base: BaseView<'a>,
    base_starts: Vec<u64>,
    level: Level,
}

/// What one thread encoded: blocks by number, and their payloads.
#[derive(Default)]
struct Share {
    blocks: Vec<(usize, Encoded)>,
    payload: Vec<u8>,
}

impl EncodeJob<'_> {
    fn encode(&self, pieces: &[Piece], threads: usize, out: &mut Vec<u8>) -> Result<Vec<Block>> {
        let threads = threads.clamp(1, THREADS_MAX).min(pieces.len().max(1));
        if threads == 1 {
            let mut coder = IdleCoder::take(self.level)?;
            let mut blocks = BlockList::default();
            for piece in pieces {
                let encoded = self.encode_piece(&mut coder, piece, out)?;
                blocks.push(piece, encoded);
            }
            return Ok(blocks.blocks);
        }
        let next = AtomicUsize::new(0);
        let work = || -> Result<Share> {
            let mut coder = IdleCoder::take(self.level)?;
            let mut share = Share::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(piece) = pieces.get(number) else {
                    return Ok(share);
                };
                let encoded = self.encode_piece(&mut coder, piece, &mut share.payload)?;
                share.blocks.push((number, encoded));
            }
        };
        let shares = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut shares = vec![work()];
            shares.extend(others.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }));
            shares.into_iter().collect::<Result<Vec<_>>>()
        })?;
        Ok(merge(pieces, &shares, out))
    }

    fn encode_piece(
        &self,
        coder: &mut BlockCoder,
        piece: &Piece,
        out: &mut Vec<u8>,
    ) -> Result<Encoded> {
        let raw = &self.raw[piece.raw.clone()];
        let find = |offset| self.base.find(&self.base_starts, offset, raw.len() as u64);
        let base = piece.base_offset.map(find).transpose()?;
        coder.encode(raw, base, piece.kind, out)
    }

    /// Everything as it is: what is left when nothing compresses and there are too many blocks to describe.
    fn store(&self, out: &mut Vec<u8>) -> Vec<Block> {
        let mut blocks = BlockList::default();
        for piece in partition::plain_pieces(self.raw.len(), BLOCK_BYTES_MAX as usize) {
            let raw = &self.raw[piece.raw.clone()];
            out.extend_from_slice(raw);
            blocks.push(&piece, Encoded::raw(raw));
        }
        blocks.blocks
    }
}

/// Puts the payloads of all threads in the order of their blocks.
fn merge(pieces: &[Piece], shares: &[Share], out: &mut Vec<u8>) -> Vec<Block> {
    let mut order = vec![(0, 0, 0); pieces.len()];
    for (thread, share) in shares.iter().enumerate() {
        let mut start = 0;
        for (entry, (number, encoded)) in share.blocks.iter().enumerate() {
            order[*number] = (thread, entry, start);
            start += encoded.stored_length as usize;
        }
    }
    out.reserve(shares.iter().map(|share| share.payload.len()).sum());
    let mut blocks = BlockList::default();
    for (piece, &(thread, entry, start)) in pieces.iter().zip(&order) {
        let encoded = shares[thread].blocks[entry].1;
        let end = start + encoded.stored_length as usize;
        out.extend_from_slice(&shares[thread].payload[start..end]);
        blocks.push(piece, encoded);
    }
    blocks.blocks
}

/// Blocks with their places, added in order.
#[derive(Default)]
struct BlockList {
    blocks: Vec<Block>,
    stored: u64,
}

impl BlockList {
    fn push(&mut self, piece: &Piece, encoded: Encoded) {
        let base = piece.base_offset.filter(|_| encoded.method.uses_base());
        self.blocks.push(Block {
            raw_start: piece.raw.start as u64,
            raw_length: piece.raw.len() as u32,
            method: encoded.method,
            shape: encoded.shape,
            sparse: encoded.sparse,
            base_offset: base.unwrap_or(0),
            stored_start: self.stored,
            stored_length: encoded.stored_length,
            crc32: encoded.crc32,
        });
        self.stored += u64::from(encoded.stored_length);
    }
}

/// Restores the blocks of `window` into `out`.
///
/// `stored` holds the bytes of [`Window::stored`], `base` at least those of [`Window::base_ranges`], and `out`
/// is as long as [`Window::raw`].
///
/// # Errors
///
/// `Corruption` if the bytes are damaged or the base is another one; `InvalidArgument` if lengths do not fit or
/// bytes of the base are missing. What `out` then holds is not to be used.
pub fn decode_window(
    index: &SegmentIndex,
    window: &Window,
    stored: &[u8],
    base: BaseView<'_>,
    threads: usize,
    out: &mut [u8],
) -> Result<()> {
    let lengths = [
        (
            "stored bytes of the window",
            window.stored.length,
            stored.len(),
        ),
        ("output of the window", window.raw.length, out.len()),
    ];
    for (what, expected, found) in lengths {
        if expected != found as u64 {
            return Err(Error::invalid_argument(what, expected, found));
        }
    }
    base.check()?;
    let blocks = index
        .blocks_of(window)
        .filter(|blocks| {
            let raw: u64 = blocks.iter().map(|block| u64::from(block.raw_length)).sum();
            let kept: u64 = blocks
                .iter()
                .map(|block| u64::from(block.stored_length))
                .sum();
            raw == window.raw.length && kept == window.stored.length
        })
        .ok_or_else(|| Error::invalid_argument("window", "one of this index", "another"))?;
    let job = DecodeJob {
        stored,
        stored_start: window.stored.offset,
        base,
        base_starts: base.starts(),
    };
    job.decode(blocks, threads, out)
}

struct DecodeJob<'a> {
    stored: &'a [u8],
    stored_start: u64,
    base: BaseView<'a>,
    base_starts: Vec<u64>,
}

impl DecodeJob<'_> {
    fn decode(&self, blocks: &[Block], threads: usize, mut out: &mut [u8]) -> Result<()> {
        let mut tasks = Vec::with_capacity(blocks.len());
        for block in blocks {
            let (own, rest) = out.split_at_mut(block.raw_length as usize);
            tasks.push((block, own));
            out = rest;
        }
        let threads = threads.clamp(1, THREADS_MAX).min(tasks.len().max(1));
        let tasks = Mutex::new(tasks.into_iter());
        let work = || -> Result<()> {
            let mut coder = IdleCoder::take(Level::Fast)?;
            loop {
                let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((block, own)) = task else {
                    return Ok(());
                };
                self.decode_block(&mut coder, block, own)
                    .map_err(|error| error.within(format!("block at {}", block.raw_start)))?;
            }
        };
        if threads == 1 {
            return work();
        }
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut result = work();
            for thread in others {
                let other = thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(other);
            }
            result
        })
    }

    fn decode_block(&self, coder: &mut BlockCoder, block: &Block, out: &mut [u8]) -> Result<()> {
        let start = (block.stored_start - self.stored_start) as usize;
        let payload = &self.stored[start..start + block.stored_length as usize];
        let length = u64::from(block.raw_length);
        let base = if block.method.uses_base() {
            Some(
                self.base
                    .find(&self.base_starts, block.base_offset, length)?,
            )
        } else {
            None
        };
        coder.decode(block, payload, base, out)
    }
}
