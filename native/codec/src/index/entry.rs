//! The entries of the index (format section 2.2).

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths of a block were checked to be at most 1 MiB"
)]

use super::{BASE_END_MAX, BLOCK_BYTES_MAX, Footer};
use crate::wire::{Reader, unzigzag, write_varint, zigzag};
use crate::{Error, Result};

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
    /// As differences to the base, in groups of like magnitude.
    Grouped = 5,
}

impl Method {
    /// Whether the block needs its base.
    pub(crate) fn uses_base(self) -> bool {
        matches!(
            self,
            Self::Subtract | Self::Xor | Self::Identical | Self::Grouped
        )
    }

    /// Whether the block is coded in planes.
    pub(crate) fn has_planes(self) -> bool {
        matches!(
            self,
            Self::Standalone | Self::Subtract | Self::Xor | Self::Grouped
        )
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
            5 => Method::Grouped,
            other => return Err(Error::compatibility("method of a block", 5, other)),
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
            && (tag.shape.float || method != Method::Grouped)
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
    pub(super) fn raw_end(&self) -> u64 {
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
pub(super) fn read_entries(bytes: &[u8], footer: &Footer) -> Result<Vec<Block>> {
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
