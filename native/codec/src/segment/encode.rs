//! Encoding: the range of an original to a segment.

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths in a segment are at most 256 MiB"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{
    BLOCK_BYTES_MAX, BaseView, EncodeOptions, Level, SEGMENT_BLOCKS_MAX, SEGMENT_BYTES_MAX,
    SegmentStats, THREADS_MAX,
};
use crate::block::{BlockCoder, Encoded};
use crate::copy;
use crate::idle::{Coded, IdleBuffers, IdleCoder};
use crate::index::{Block, Footer, write_entries};
use crate::layout::Region;
use crate::partition::{self, Piece};
use crate::{Error, Result};

/// A segment may grow by raw / this, and by [`GROWTH_BYTES`].
const GROWTH_SHARE: usize = 1000;
/// Bytes a segment may grow by on top: footer, and one index entry.
const GROWTH_BYTES: usize = 128;

/// Encodes the range of the original that begins at `raw_offset` and appends the segment to `out`.
///
/// `regions` say what the bytes are; they cover at least the range, in order. `base` holds at least
/// [`base_ranges`](super::base_ranges) of it, or nothing, and then the segment stands alone. The segment is never longer than
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
    let has_base = !base.ranges.is_empty();
    let pieces = partition::pieces(regions, raw_offset, raw, has_base)?;
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

impl EncodeJob<'_> {
    fn encode(&self, pieces: &[Piece], threads: usize, out: &mut Vec<u8>) -> Result<Vec<Block>> {
        let threads = threads.clamp(1, THREADS_MAX).min(pieces.len().max(1));
        if threads == 1 {
            let mut coder = IdleCoder::take(self.level)?;
            let (mut blocks, mut encoded) = (BlockList::default(), Vec::new());
            for piece in pieces {
                encoded.clear();
                self.encode_piece(&mut coder, piece, out, &mut encoded)?;
                blocks.push(piece, &encoded);
            }
            return Ok(blocks.blocks);
        }
        let output = Output::new(pieces, out);
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            let mut coder = IdleCoder::take(self.level)?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(piece) = pieces.get(number) else {
                    return Ok(());
                };
                output.add(number, |payload, blocks| {
                    self.encode_piece(&mut coder, piece, payload, blocks)
                })?;
            }
        };
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
        })?;
        Ok(output.into_blocks())
    }

    fn encode_piece(
        &self,
        coder: &mut BlockCoder,
        piece: &Piece,
        out: &mut Vec<u8>,
        blocks: &mut Vec<Encoded>,
    ) -> Result<()> {
        let raw = &self.raw[piece.raw.clone()];
        let find = |offset| self.base.find(&self.base_starts, offset, raw.len() as u64);
        let base = piece.base_offset.map(find).transpose()?;
        coder.encode(raw, base, piece.kind, out, blocks)
    }

    /// Everything as it is: what is left when nothing compresses and there are too many blocks to describe.
    fn store(&self, out: &mut Vec<u8>) -> Vec<Block> {
        let mut blocks = BlockList::default();
        for piece in partition::plain_pieces(self.raw.len(), BLOCK_BYTES_MAX as usize) {
            let raw = &self.raw[piece.raw.clone()];
            copy::append(out, raw);
            blocks.push(&piece, &[Encoded::raw(raw)]);
        }
        blocks.blocks
    }
}

/// Puts what the threads encode in the order of the pieces. The thread that has the next piece encodes it into its
/// place and then copies all that became ready meanwhile; the others leave theirs and go on, so that nobody waits for
/// a copy of another thread.
struct Output<'a> {
    queue: Mutex<Queue>,
    /// Locked by the one that writes only.
    written: Mutex<Written<'a>>,
}

#[derive(Default)]
struct Queue {
    /// Number of the piece to be written next; of the one being written, while somebody writes.
    next: usize,
    is_writing: bool,
    waiting: BTreeMap<usize, IdleBuffers>,
}

struct Written<'a> {
    pieces: &'a [Piece],
    blocks: BlockList,
    out: &'a mut Vec<u8>,
}

impl<'a> Output<'a> {
    fn new(pieces: &'a [Piece], out: &'a mut Vec<u8>) -> Self {
        let written = Written {
            pieces,
            blocks: BlockList::default(),
            out,
        };
        Self {
            queue: Mutex::default(),
            written: Mutex::new(written),
        }
    }

    /// Adds what `encode` appends to payload and blocks as the piece of this number.
    fn add(
        &self,
        number: usize,
        encode: impl FnOnce(&mut Vec<u8>, &mut Vec<Encoded>) -> Result<()>,
    ) -> Result<()> {
        let mut coded = IdleBuffers::take();
        let mut queue = lock(&self.queue);
        let is_next = number == queue.next && !queue.is_writing;
        queue.is_writing |= is_next;
        drop(queue);
        if is_next {
            let mut written = lock(&self.written);
            encode(written.out, &mut coded.blocks)?;
            written.push(number, &coded.blocks);
        } else {
            let Coded { payload, blocks } = &mut *coded;
            encode(payload, blocks)?;
        }
        let mut queue = lock(&self.queue);
        if is_next {
            queue.next += 1;
        } else {
            queue.waiting.insert(number, coded);
            if queue.is_writing {
                return Ok(());
            }
            queue.is_writing = true;
        }
        while let Some((number, ready)) = queue.take_next() {
            drop(queue);
            let mut written = lock(&self.written);
            copy::append(written.out, &ready.payload);
            written.push(number, &ready.blocks);
            queue = lock(&self.queue);
            queue.next += 1;
        }
        queue.is_writing = false;
        Ok(())
    }

    fn into_blocks(self) -> Vec<Block> {
        let written = self.written.into_inner();
        let written = written.unwrap_or_else(PoisonError::into_inner);
        written.blocks.blocks
    }
}

impl Queue {
    fn take_next(&mut self) -> Option<(usize, IdleBuffers)> {
        let next = self.next;
        self.waiting.remove(&next).map(|ready| (next, ready))
    }
}

impl Written<'_> {
    fn push(&mut self, number: usize, blocks: &[Encoded]) {
        self.blocks.push(&self.pieces[number], blocks);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Blocks with their places, added in order.
#[derive(Default)]
struct BlockList {
    blocks: Vec<Block>,
    stored: u64,
}

impl BlockList {
    fn push(&mut self, piece: &Piece, blocks: &[Encoded]) {
        let mut raw_start = piece.raw.start as u64;
        for block in blocks {
            let into_piece = raw_start - piece.raw.start as u64;
            let base = piece.base_offset.filter(|_| block.method.uses_base());
            self.blocks.push(Block {
                raw_start,
                raw_length: block.raw_length,
                method: block.method,
                shape: block.shape,
                sparse: block.sparse,
                base_offset: base.map_or(0, |base| base + into_piece),
                stored_start: self.stored,
                stored_length: block.stored_length,
                crc32: block.crc32,
            });
            raw_start += u64::from(block.raw_length);
            self.stored += u64::from(block.stored_length);
        }
    }
}
