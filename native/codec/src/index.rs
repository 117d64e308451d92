//! Footer and index of a segment (format sections 2.1 and 2.2).

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths of a block were checked to be at most 1 MiB"
)]

use crc_fast::{CrcAlgorithm, Digest};

use crate::partition::coalesce;
use crate::segment::ByteRange;
use crate::wire::{Reader, unzigzag, write_varint, zigzag};
use crate::{Error, Result};

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

const MAGIC: [u8; 8] = *b"MITHSEG1";
/// Bytes of the footer that its CRC32 covers.
const FOOTER_COVERED: usize = 52;
const RESERVED: [u8; 12] = [0; 12];

/// CRC32 of the raw bytes of a block.
pub(crate) fn checksum_of_block(raw: &[u8]) -> u32 {
    checksum_of(&[raw])
}

/// CRC32 of the index and the covered part of the footer.
fn checksum_of_index(index: &[u8], footer: &[u8]) -> u32 {
    checksum_of(&[index, footer])
}

fn checksum_of(parts: &[&[u8]]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32IsoHdlc);
    for part in parts {
        digest.update(part);
    }
    (digest.finalize() & 0xffff_ffff) as u32
}

/// The fixed end of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) raw_offset: u64,
    pub(crate) raw_length: u64,
    pub(crate) payload_length: u64,
    pub(crate) index_length: u32,
    pub(crate) entry_count: u32,
    pub(crate) block_count: u32,
}

impl Footer {
    /// Reads and checks the footer of a segment of `stored_bytes`; returns the CRC32 that index and footer
    /// must have.
    pub(crate) fn read_from(bytes: &[u8], stored_bytes: u64) -> Result<(Self, u32)> {
        let mut reader = Reader::new(bytes, "segment footer");
        let footer = Self {
            raw_offset: reader.u64()?,
            raw_length: reader.u64()?,
            payload_length: reader.u64()?,
            index_length: reader.u32()?,
            entry_count: reader.u32()?,
            block_count: reader.u32()?,
        };
        let (version, flags) = (reader.u16()?, reader.u16()?);
        let reserved = reader.bytes(RESERVED.len())?;
        let crc32 = reader.u32()?;
        let magic = reader.bytes(MAGIC.len())?;
        reader.finish()?;
        if magic != MAGIC {
            let found = format!("{magic:02x?}");
            return Err(Error::corruption("segment magic", "MITHSEG1", found));
        }
        if version != SEGMENT_VERSION {
            return Err(Error::compatibility(
                "segment version",
                SEGMENT_VERSION,
                version,
            ));
        }
        if flags != 0 {
            return Err(Error::compatibility("segment flags", 0, flags));
        }
        if reserved != RESERVED {
            return Err(Error::corruption(
                "reserved bytes of the footer",
                "zeros",
                "others",
            ));
        }
        footer.check(stored_bytes)?;
        Ok((footer, crc32))
    }

    fn check(&self, stored_bytes: u64) -> Result<()> {
        let wrong = |what: &str, limit: u64, found: u64| {
            Err(Error::corruption(what, format!("at most {limit}"), found))
        };
        if self.raw_length > SEGMENT_BYTES_MAX {
            return wrong(
                "raw length of a segment",
                SEGMENT_BYTES_MAX,
                self.raw_length,
            );
        }
        if self.raw_offset.checked_add(self.raw_length).is_none() {
            return wrong(
                "raw offset of a segment",
                u64::MAX - self.raw_length,
                self.raw_offset,
            );
        }
        if self.block_count > SEGMENT_BLOCKS_MAX {
            let limit = u64::from(SEGMENT_BLOCKS_MAX);
            return wrong("blocks of a segment", limit, u64::from(self.block_count));
        }
        let total = u64::from(self.index_length)
            .checked_add(self.payload_length)
            .and_then(|sum| sum.checked_add(FOOTER_BYTES as u64));
        if total != Some(stored_bytes) {
            let found = total.map_or("overflow".into(), |total| total.to_string());
            return Err(Error::corruption(
                "stored length of a segment",
                stored_bytes,
                found,
            ));
        }
        Ok(())
    }

    /// Appends the footer of the index `index`.
    pub(crate) fn write_to(&self, index: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.raw_offset.to_le_bytes());
        out.extend_from_slice(&self.raw_length.to_le_bytes());
        out.extend_from_slice(&self.payload_length.to_le_bytes());
        out.extend_from_slice(&self.index_length.to_le_bytes());
        out.extend_from_slice(&self.entry_count.to_le_bytes());
        out.extend_from_slice(&self.block_count.to_le_bytes());
        out.extend_from_slice(&SEGMENT_VERSION.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        out.extend_from_slice(&RESERVED);
        let crc32 = checksum_of_index(index, &out[start..start + FOOTER_COVERED]);
        out.extend_from_slice(&crc32.to_le_bytes());
        out.extend_from_slice(&MAGIC);
    }
}

/// How the bytes of a block are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Method {
    /// As they are.
    Raw = 0,
    /// Without a base.
    Standalone = 1,
    /// As differences to the base.
    Subtract = 2,
    /// As exclusive or with the base.
    Xor = 3,
    /// They equal the base.
    Identical = 4,
}

impl Method {
    /// Whether the block needs its base.
    pub(crate) fn uses_base(self) -> bool {
        matches!(self, Self::Subtract | Self::Xor | Self::Identical)
    }

    /// Whether the block is coded in planes.
    pub(crate) fn has_planes(self) -> bool {
        matches!(self, Self::Standalone | Self::Subtract | Self::Xor)
    }
}

/// How the bytes of a block are read as values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Binary logarithm of the bytes of a value: 0 to 3.
    pub(crate) width_log2: u8,
    /// Whether values are floating point.
    pub(crate) float: bool,
}

impl Shape {
    /// Bytes without meaning.
    pub(crate) const BYTES: Self = Self {
        width_log2: 0,
        float: false,
    };

    /// Bytes of a value.
    pub(crate) const fn width(self) -> usize {
        1 << self.width_log2
    }
}

/// The first byte of an index entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag {
    method: Method,
    shape: Shape,
    sparse: bool,
    moved: bool,
}

impl Tag {
    fn read_from(reader: &mut Reader<'_>) -> Result<Self> {
        let byte = reader.u8()?;
        let method = match byte & 7 {
            0 => Method::Raw,
            1 => Method::Standalone,
            2 => Method::Subtract,
            3 => Method::Xor,
            4 => Method::Identical,
            other => return Err(Error::compatibility("method of a block", 4, other)),
        };
        let tag = Self {
            method,
            shape: Shape {
                width_log2: (byte >> 3) & 3,
                float: byte & 0x20 != 0,
            },
            sparse: byte & 0x40 != 0,
            moved: byte & 0x80 != 0,
        };
        let sound = (method.has_planes() || tag.shape == Shape::BYTES)
            && (tag.shape.width_log2 > 0 || !tag.shape.float)
            && (!tag.sparse || matches!(method, Method::Subtract | Method::Xor))
            && (!tag.moved || method.uses_base());
        if !sound {
            let found = format!("{byte:#04x}");
            return Err(Error::corruption(
                "tag of a block",
                "an allowed combination",
                found,
            ));
        }
        Ok(tag)
    }

    fn write_to(self, out: &mut Vec<u8>) {
        out.push(
            self.method as u8
                | self.shape.width_log2 << 3
                | u8::from(self.shape.float) << 5
                | u8::from(self.sparse) << 6
                | u8::from(self.moved) << 7,
        );
    }
}

/// What the index says about one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Begin in the segment's raw bytes.
    pub(crate) raw_start: u64,
    /// Raw bytes.
    pub(crate) raw_length: u32,
    /// How it is stored.
    pub(crate) method: Method,
    /// How it is read as values; [`Shape::BYTES`] for raw and identical.
    pub(crate) shape: Shape,
    /// Whether only nonzero values are stored.
    pub(crate) sparse: bool,
    /// Begin of its counterpart in the base; 0 without one.
    pub(crate) base_offset: u64,
    /// Begin of its payload in the segment.
    pub(crate) stored_start: u64,
    /// Bytes of its payload.
    pub(crate) stored_length: u32,
    /// CRC32 of its raw bytes.
    pub(crate) crc32: u32,
}

impl Block {
    fn raw_end(&self) -> u64 {
        self.raw_start + u64::from(self.raw_length)
    }

    /// Whether `next` belongs to the same run of identical blocks.
    fn runs_into(&self, next: &Self) -> bool {
        self.method == Method::Identical
            && next.method == Method::Identical
            && self.raw_length == next.raw_length
            && self.base_offset + u64::from(self.raw_length) == next.base_offset
    }
}

/// Signed difference of two offsets, both at most 2^63.
fn difference(left: u64, right: u64) -> i64 {
    left.wrapping_sub(right).cast_signed()
}

/// Writes the entries of `blocks`, which cover the segment at `raw_offset` in order; returns their number.
pub(crate) fn write_entries(blocks: &[Block], raw_offset: u64, out: &mut Vec<u8>) -> u32 {
    let (mut shift, mut entries) = (0_i64, 0);
    for run in blocks.chunk_by(Block::runs_into) {
        let first = &run[0];
        let own_shift = difference(first.base_offset, raw_offset + first.raw_start);
        let base_move = own_shift.wrapping_sub(shift);
        let moved = first.method.uses_base() && base_move != 0;
        let tag = Tag {
            method: first.method,
            shape: first.shape,
            sparse: first.sparse,
            moved,
        };
        tag.write_to(out);
        write_varint(u64::from(first.raw_length) >> first.shape.width_log2, out);
        if moved {
            write_varint(zigzag(base_move), out);
            shift = own_shift;
        }
        if first.method == Method::Identical {
            write_varint(run.len() as u64, out);
        } else if first.method != Method::Raw {
            write_varint(u64::from(first.stored_length), out);
        }
        for block in run {
            out.extend_from_slice(&block.crc32.to_le_bytes());
        }
        entries += 1;
    }
    entries
}

/// Reads what [`write_entries`] wrote and checks that it adds up to what the footer says.
fn read_entries(bytes: &[u8], footer: &Footer) -> Result<Vec<Block>> {
    let mut reader = Reader::new(bytes, "segment index");
    // Four bytes of the index at least stand for a block, so this cannot be made larger than the index.
    let mut blocks = Vec::with_capacity((footer.block_count as usize).min(bytes.len() / 4));
    let mut state = Cursor {
        raw_offset: footer.raw_offset,
        raw: 0,
        stored: 0,
        shift: 0,
    };
    for _ in 0..footer.entry_count {
        read_entry(&mut reader, &mut state, footer, &mut blocks)?;
    }
    reader.finish()?;
    for (what, expected, found) in [
        ("raw length of the blocks", footer.raw_length, state.raw),
        ("payload of the blocks", footer.payload_length, state.stored),
        (
            "number of blocks",
            u64::from(footer.block_count),
            blocks.len() as u64,
        ),
    ] {
        if expected != found {
            return Err(Error::corruption(what, expected, found));
        }
    }
    Ok(blocks)
}

/// Where the next block begins.
struct Cursor {
    raw_offset: u64,
    raw: u64,
    stored: u64,
    shift: i64,
}

fn read_entry(
    reader: &mut Reader<'_>,
    cursor: &mut Cursor,
    footer: &Footer,
    blocks: &mut Vec<Block>,
) -> Result<()> {
    let Tag {
        method,
        shape,
        sparse,
        moved,
    } = Tag::read_from(reader)?;
    let values = reader.varint()?;
    if values == 0 || values > BLOCK_BYTES_MAX >> shape.width_log2 {
        return Err(Error::corruption(
            "values of a block",
            "1 byte to 1 MiB",
            values,
        ));
    }
    let raw_length = values << shape.width_log2;
    if moved {
        let by = unzigzag(reader.varint()?);
        let shift = cursor.shift.checked_add(by).filter(|_| by != 0);
        cursor.shift = shift
            .ok_or_else(|| Error::corruption("move in the base", "a small number, not 0", by))?;
    }
    let (count, stored) = match method {
        Method::Raw => (1, raw_length),
        Method::Identical => (reader.varint()?, 0),
        _ => (1, reader.varint()?),
    };
    let room = u64::from(footer.block_count) - blocks.len() as u64;
    if count == 0 || count > room {
        return Err(Error::corruption(
            "blocks of a run",
            format!("1 to {room}"),
            count,
        ));
    }
    if method.has_planes() && stored >= raw_length {
        return Err(Error::corruption(
            "stored length of a block",
            "less than raw",
            stored,
        ));
    }
    for _ in 0..count {
        let base_offset = if method.uses_base() {
            base_offset(cursor, raw_length)?
        } else {
            0
        };
        blocks.push(Block {
            raw_start: cursor.raw,
            raw_length: raw_length as u32,
            method,
            shape,
            sparse,
            base_offset,
            stored_start: cursor.stored,
            stored_length: stored as u32,
            crc32: reader.u32()?,
        });
        cursor.raw += raw_length;
        cursor.stored += stored;
        if cursor.raw > footer.raw_length || cursor.stored > footer.payload_length {
            return Err(Error::corruption(
                "blocks of the index",
                format!(
                    "{} raw, {} stored",
                    footer.raw_length, footer.payload_length
                ),
                format!("{} raw, {} stored", cursor.raw, cursor.stored),
            ));
        }
    }
    Ok(())
}

fn base_offset(cursor: &Cursor, raw_length: u64) -> Result<u64> {
    // The sum cannot overflow: the footer was checked for it.
    let own = cursor.raw_offset.saturating_add(cursor.raw);
    own.checked_add_signed(cursor.shift)
        .filter(|&begin| {
            begin
                .checked_add(raw_length)
                .is_some_and(|end| end <= BASE_END_MAX)
        })
        .ok_or_else(|| Error::corruption("place in the base", "0 to 2^63", "beyond"))
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
