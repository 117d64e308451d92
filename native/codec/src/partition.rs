//! The cut of a segment's range into blocks.

#![expect(
    clippy::cast_possible_truncation,
    reason = "offsets in a segment are at most 256 MiB"
)]

use std::ops::Range;

use crate::index::{BASE_END_MAX, BLOCK_BYTES_MAX};
use crate::layout::{ElementKind, Region};
use crate::plane::is_constant;
use crate::segment::ByteRange;
use crate::{Error, Result};

/// Values of a block where their width is known.
const BLOCK_VALUES: u64 = 128 << 10;
/// Raw bytes of a block where the width is not known, or where values are bytes.
const OPAQUE_BLOCK_BYTES: u64 = 512 << 10;
/// Alignment kept for opaque bytes: that of the widest value.
const OPAQUE_ALIGNMENT: u64 = 8;

/// A block, or blocks, before they are encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it lies in the segment's raw bytes.
    pub(crate) raw: Range<usize>,
    /// Kind of its values.
    pub(crate) kind: ElementKind,
    /// Where its counterpart begins in the base.
    pub(crate) base_offset: Option<u64>,
}

/// Raw bytes of a block of this kind, as long as nothing speaks for a larger one.
pub(crate) fn block_bytes(kind: ElementKind) -> u64 {
    match kind {
        ElementKind::Byte | ElementKind::Probe => OPAQUE_BLOCK_BYTES,
        kind => kind.width() * BLOCK_VALUES,
    }
}

/// The pieces of `raw`, which begins at `raw_offset`. A value that a border of the segment cuts, and a tail that is
/// shorter than a value, become pieces of bytes.
///
/// A piece with a base may hold several blocks: how large they are depends on the differences. Where all bytes are
/// equal, a piece is as large as the format allows.
pub(crate) fn pieces(
    regions: &[Region],
    raw_offset: u64,
    raw: &[u8],
    has_base: bool,
) -> Result<Vec<Piece>> {
    let end = raw_offset + raw.len() as u64;
    let mut pieces = Vec::new();
    let mut at = raw_offset;
    for region in regions {
        let (first, last) = (region.offset.max(raw_offset), region.end().min(end));
        if first >= last {
            continue;
        }
        if first != at {
            break;
        }
        let base_end = region.base_offset.unwrap_or(0).checked_add(region.length);
        if base_end.is_none_or(|end| end > BASE_END_MAX) {
            return Err(Error::invalid_argument(
                "end of a region in the base",
                format!("at most {BASE_END_MAX}"),
                "more",
            ));
        }
        let base_offset = region.base_offset.filter(|_| has_base);
        let region = Region {
            base_offset,
            ..*region
        };
        cut(&region, (first, last), raw_offset, raw, &mut pieces);
        at = last;
    }
    if at != end {
        return Err(Error::invalid_argument(
            "regions of the segment",
            format!("an ordered cover of {raw_offset} to {end}"),
            format!("a gap or overlap at {at}"),
        ));
    }
    Ok(pieces)
}

/// The same range as bytes in the largest blocks, which are meant to be stored raw.
pub(crate) fn plain_pieces(raw_length: usize, block: usize) -> Vec<Piece> {
    (0..raw_length)
        .step_by(block)
        .map(|start| Piece {
            raw: start..raw_length.min(start + block),
            kind: ElementKind::Byte,
            base_offset: None,
        })
        .collect()
}

fn cut(
    region: &Region,
    (first, last): (u64, u64),
    raw_offset: u64,
    raw: &[u8],
    pieces: &mut Vec<Piece>,
) {
    let within = |from: u64, to: u64| (from - raw_offset) as usize..(to - raw_offset) as usize;
    let alignment = match region.kind {
        ElementKind::Probe => OPAQUE_ALIGNMENT,
        kind => kind.width(),
    };
    let block = if region.base_offset.is_some() {
        BLOCK_BYTES_MAX
    } else {
        block_bytes(region.kind)
    };
    let into_value = (first - region.offset) % alignment;
    let body_start = last.min(first + (alignment - into_value) % alignment);
    let body_end = last - (last - body_start) % alignment;
    let mut push = |from: u64, to: u64, kind| {
        if from < to {
            pieces.push(Piece {
                raw: within(from, to),
                kind,
                base_offset: region.base_offset.map(|base| base + (from - region.offset)),
            });
        }
    };
    push(first, body_start, ElementKind::Byte);
    let mut at = body_start;
    while at < body_end {
        let largest = body_end.min(at + BLOCK_BYTES_MAX);
        let next = if is_constant(&raw[within(at, largest)]) {
            largest
        } else {
            body_end.min(at + block)
        };
        push(at, next, region.kind);
        at = next;
    }
    push(body_end, last, ElementKind::Byte);
}

/// The bytes of the base that the regions of a range refer to: ordered, without overlaps, as few as possible.
#[must_use]
pub fn base_ranges(regions: &[Region], raw_offset: u64, raw_len: u64) -> Vec<ByteRange> {
    let end = raw_offset.saturating_add(raw_len);
    let ranges = regions.iter().filter_map(|region| {
        let (first, last) = (region.offset.max(raw_offset), region.end().min(end));
        let base = region.base_offset?;
        (first < last).then(|| ByteRange {
            offset: base.saturating_add(first - region.offset),
            length: last - first,
        })
    });
    coalesce(ranges.collect())
}

/// Sorts ranges and joins those that touch or overlap.
pub(crate) fn coalesce(mut ranges: Vec<ByteRange>) -> Vec<ByteRange> {
    ranges.sort_unstable_by_key(|range| (range.offset, range.length));
    let mut joined: Vec<ByteRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.offset <= last.end() => {
                last.length = last.end().max(range.end()) - last.offset;
            }
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(offset: u64, length: u64, kind: ElementKind, base_offset: Option<u64>) -> Region {
        Region {
            offset,
            length,
            kind,
            base_offset,
        }
    }

    #[test]
    fn a_value_cut_by_the_border_becomes_bytes() {
        let regions = [region(3, 4 * 300_000, ElementKind::Float32, Some(50))];
        let raw: Vec<u8> = (0..=255).cycle().take(1_200_000 - 7).collect();
        let found = pieces(&regions, 5, &raw, true).unwrap();
        let shape: Vec<_> = found
            .iter()
            .map(|piece| (piece.raw.len(), piece.kind, piece.base_offset))
            .collect();
        assert_eq!(
            shape,
            [
                (2, ElementKind::Byte, Some(52)),
                (1_048_576, ElementKind::Float32, Some(54)),
                (151_412, ElementKind::Float32, Some(1_048_630)),
                (3, ElementKind::Byte, Some(1_200_042)),
            ]
        );
    }

    #[test]
    fn pieces_are_large_where_all_bytes_are_equal() {
        let regions = [region(0, 3 << 20, ElementKind::Float16, None)];
        let mut raw = vec![0; 3 << 20];
        raw[(2 << 20) - 1] = 1;
        let found = pieces(&regions, 0, &raw, false).unwrap();
        let lengths: Vec<_> = found.iter().map(|piece| piece.raw.len() >> 18).collect();
        // The last quarter of the second MiB is not like the others.
        assert_eq!(lengths, [4, 1, 1, 1, 1, 4]);
    }

    #[test]
    fn a_gap_in_the_regions_is_refused() {
        let regions = [
            region(0, 10, ElementKind::Byte, None),
            region(11, 10, ElementKind::Byte, None),
        ];
        assert!(pieces(&regions, 0, &[0; 21], true).is_err());
        assert!(pieces(&regions[..1], 0, &[0; 11], true).is_err());
        assert_eq!(pieces(&regions, 11, &[0; 10], true).unwrap().len(), 1);
        assert!(pieces(&[], 7, &[], true).unwrap().is_empty());
    }

    #[test]
    fn base_ranges_are_read_once() {
        let regions = [
            region(0, 10, ElementKind::Byte, Some(100)),
            region(10, 10, ElementKind::Byte, Some(50)),
            region(20, 10, ElementKind::Byte, Some(105)),
            region(30, 10, ElementKind::Byte, None),
        ];
        let range = |offset, length| ByteRange { offset, length };
        assert_eq!(
            base_ranges(&regions, 0, 40),
            [range(50, 10), range(100, 15)]
        );
        assert_eq!(base_ranges(&regions, 5, 10), [range(50, 5), range(105, 5)]);
    }
}
