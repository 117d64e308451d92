//! Footer and index of a segment (format sections 2.1 and 2.2).

mod entry;
mod footer;

use crc_fast::{CrcAlgorithm, Digest};

use crate::partition::coalesce;
use crate::segment::ByteRange;
use crate::{Error, Result};

use entry::read_entries;
pub(crate) use entry::{Block, Method, Shape, write_entries};
pub(crate) use footer::Footer;
use footer::{FOOTER_COVERED, checksum_of_index};

/// Most raw bytes of a segment.
pub const SEGMENT_BYTES_MAX: u64 = 256 << 20;
/// Most blocks of a segment.
pub const SEGMENT_BLOCKS_MAX: u32 = 1 << 20;
/// Most raw bytes of a block.
pub const BLOCK_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the footer.
pub const FOOTER_BYTES: usize = 64;
/// Version of the segment format that this crate writes, and the newest that it reads.
pub const SEGMENT_VERSION: u16 = 1;
/// No block refers beyond this in the base.
pub(crate) const BASE_END_MAX: u64 = 1 << 63;

/// CRC32 of the raw bytes of a block.
pub(crate) fn checksum_of_block(raw: &[u8]) -> u32 {
    checksum_of(&[raw])
}

fn checksum_of(parts: &[&[u8]]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32IsoHdlc);
    for part in parts {
        digest.update(part);
    }
    (digest.finalize() & 0xffff_ffff) as u32
}

/// The result of [`SegmentIndex::read_from`].
#[derive(Debug, Clone)]
pub enum IndexRead {
    /// The tail was too short: give at least this many of the last bytes of the segment.
    NeedMore(u64),
    /// The index, checked.
    Index(SegmentIndex),
}

/// The index of one segment: where each block is and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentIndex {
    footer: Footer,
    blocks: Vec<Block>,
}

/// A run of whole blocks of one segment that is decoded together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The range of the original that the window restores.
    pub raw: ByteRange,
    /// The bytes of the segment that this takes; may be empty.
    pub stored: ByteRange,
    /// The bytes of the base that this takes: ordered, without overlaps.
    pub base_ranges: Vec<ByteRange>,
    pub(crate) first_block: usize,
    pub(crate) last_block: usize,
}

impl SegmentIndex {
    /// Reads the index from `tail`, the last bytes of a segment of `stored_bytes`. 64 KiB are nearly always
    /// enough.
    ///
    /// # Errors
    ///
    /// `Corruption` if anything does not add up, `Compatibility` if the segment is newer than this crate.
    pub fn read_from(tail: &[u8], stored_bytes: u64) -> Result<IndexRead> {
        let footer_bytes = FOOTER_BYTES as u64;
        if stored_bytes < footer_bytes || tail.len() as u64 > stored_bytes {
            return Err(Error::corruption(
                "stored length of a segment",
                format!("at least {}", footer_bytes.max(tail.len() as u64)),
                stored_bytes,
            ));
        }
        let Some((head, footer)) = tail.split_last_chunk::<FOOTER_BYTES>() else {
            return Ok(IndexRead::NeedMore(footer_bytes));
        };
        let (parsed, crc32) = Footer::read_from(footer, stored_bytes)?;
        let wanted = u64::from(parsed.index_length) + footer_bytes;
        let Some(start) = head.len().checked_sub(parsed.index_length as usize) else {
            return Ok(IndexRead::NeedMore(wanted));
        };
        let index = &head[start..];
        let found = checksum_of_index(index, &footer[..FOOTER_COVERED]);
        if found != crc32 {
            return Err(Error::corruption(
                "CRC32 of the segment index",
                format!("{crc32:08x}"),
                format!("{found:08x}"),
            ));
        }
        Ok(IndexRead::Index(Self {
            blocks: read_entries(index, &parsed)?,
            footer: parsed,
        }))
    }

    /// Length of the range of the original that the segment restores.
    #[must_use]
    pub fn raw_length(&self) -> u64 {
        self.footer.raw_length
    }

    /// Where that range begins in the original.
    #[must_use]
    pub fn raw_offset(&self) -> u64 {
        self.footer.raw_offset
    }

    /// Number of blocks.
    #[must_use]
    pub fn block_count(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// Whether any block needs the base.
    #[must_use]
    pub fn needs_base(&self) -> bool {
        self.blocks.iter().any(|block| block.method.uses_base())
    }

    /// The first whole blocks that overlap `raw_start .. raw_end` of the original: at most `max_raw` raw bytes,
    /// but at least one block. The next window begins at the end of its `raw`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if the range is empty or not within the segment.
    pub fn window(&self, raw_start: u64, raw_end: u64, max_raw: u64) -> Result<Window> {
        let (begin, end) = (self.raw_offset(), self.raw_offset() + self.raw_length());
        if raw_start >= raw_end || raw_start < begin || raw_end > end {
            return Err(Error::invalid_argument(
                "range of a window",
                format!("a range within {begin} to {end}"),
                format!("{raw_start} to {raw_end}"),
            ));
        }
        let (start, stop) = (raw_start - begin, raw_end - begin);
        let first_block = self
            .blocks
            .partition_point(|block| block.raw_end() <= start);
        let mut last_block = self.blocks.partition_point(|block| block.raw_start < stop);
        let limit = self.blocks[first_block].raw_start.saturating_add(max_raw);
        let within = self
            .blocks
            .partition_point(|block| block.raw_end() <= limit);
        last_block = last_block.min(within.max(first_block + 1));
        let blocks = &self.blocks[first_block..last_block];
        let (head, tail) = (&blocks[0], &blocks[blocks.len() - 1]);
        Ok(Window {
            raw: ByteRange {
                offset: begin + head.raw_start,
                length: tail.raw_end() - head.raw_start,
            },
            stored: ByteRange {
                offset: head.stored_start,
                length: tail.stored_start + u64::from(tail.stored_length) - head.stored_start,
            },
            base_ranges: coalesce(blocks.iter().filter_map(base_range).collect()),
            first_block,
            last_block,
        })
    }

    /// The blocks of a window of this index.
    pub(crate) fn blocks_of(&self, window: &Window) -> Option<&[Block]> {
        self.blocks.get(window.first_block..window.last_block)
    }
}

fn base_range(block: &Block) -> Option<ByteRange> {
    block.method.uses_base().then(|| ByteRange {
        offset: block.base_offset,
        length: u64::from(block.raw_length),
    })
}
