//! A frame of literals back to bytes.

#![expect(
    clippy::cast_possible_truncation,
    reason = "the low bits are what is meant, and lengths are those of a block"
)]

use super::table::Table;
use super::{
    BLOCK_COMPRESSED, BLOCK_LITERALS_MAX, BLOCK_RAW, JUMP_TABLE_BYTES, LITERALS_TREELESS,
    LITERALS_WITH_TREE, MAGIC, SINGLE_SEGMENT, STREAMS, streams, weights,
};

/// Decodes frames of literals; holds the table, which is rebuilt for each tree.
pub(crate) struct HuffmanDecoder {
    table: Table,
    /// Whether long codes are decoded here. For x86-64 libzstd has a loop in assembly that is faster where a lookup
    /// gives less than about three symbols.
    takes_long_codes: bool,
}

impl HuffmanDecoder {
    /// A decoder.
    pub(crate) fn new() -> Self {
        Self {
            table: Table::new(),
            takes_long_codes: cfg!(not(target_arch = "x86_64")),
        }
    }

    /// A decoder that takes long codes on every processor.
    #[cfg(test)]
    pub(super) fn of_any_code() -> Self {
        Self {
            takes_long_codes: true,
            ..Self::new()
        }
    }

    /// Decodes `frame` to exactly `out`. `None` if it is better left to libzstd, or if it is not a sound frame of the
    /// kind that [`super::HuffmanEncoder`] writes; `out` then holds anything.
    pub(crate) fn decode(&mut self, frame: &[u8], out: &mut [u8]) -> Option<()> {
        let mut rest = after_frame_header(frame, out.len() as u64)?;
        let mut out = out;
        let mut has_tree = false;
        loop {
            let (header, after) = rest.split_first_chunk::<3>()?;
            let header = u32::from_le_bytes([header[0], header[1], header[2], 0]);
            let (body, after) = after.split_at_checked((header >> 3) as usize)?;
            rest = after;
            let length = match (header >> 1) & 3 {
                BLOCK_RAW => {
                    out.get_mut(..body.len())?.copy_from_slice(body);
                    body.len()
                }
                BLOCK_COMPRESSED => self.decode_block(body, &mut has_tree, out)?,
                _ => return None,
            };
            out = &mut out[length..];
            if header & 1 == 1 {
                return (rest.is_empty() && out.is_empty()).then_some(());
            }
        }
    }

    /// Decodes a compressed block to the front of `out`; returns the number of literals.
    fn decode_block(&mut self, body: &[u8], has_tree: &mut bool, out: &mut [u8]) -> Option<usize> {
        let (literals, mut streams) = literals_header(body)?;
        if literals.tree {
            let (code, after) = weights::read_from(streams)?;
            if code.is_long() && !self.takes_long_codes {
                return None;
            }
            self.table.build(&code);
            *has_tree = true;
            streams = after;
        } else if !*has_tree {
            return None;
        }
        let (jumps, streams) = streams.split_first_chunk::<JUMP_TABLE_BYTES>()?;
        let size = |index: usize| usize::from(u16::from_le_bytes([jumps[index], jumps[index + 1]]));
        let (first, rest) = streams.split_at_checked(size(0))?;
        let (second, rest) = rest.split_at_checked(size(2))?;
        let (third, fourth) = rest.split_at_checked(size(4))?;
        let quarter = literals.count.div_ceil(STREAMS);
        let out = out.get_mut(..literals.count)?;
        let (one, out) = out.split_at_mut_checked(quarter)?;
        let (two, out) = out.split_at_mut_checked(quarter)?;
        let (three, four) = out.split_at_mut_checked(quarter)?;
        let sources = [first, second, third, fourth];
        streams::decode(&self.table, sources, [one, two, three, four])?;
        Some(literals.count)
    }
}

/// What follows the header of a frame of `content` bytes.
fn after_frame_header(frame: &[u8], content: u64) -> Option<&[u8]> {
    let (magic, rest) = frame.split_first_chunk::<4>()?;
    let (&descriptor, rest) = rest.split_first()?;
    if u32::from_le_bytes(*magic) != MAGIC || descriptor & 0x3f != SINGLE_SEGMENT {
        return None;
    }
    let (size, rest) = match descriptor >> 6 {
        0 => rest
            .split_first()
            .map(|(&size, rest)| (u64::from(size), rest))?,
        1 => rest
            .split_first_chunk()
            .map(|(size, rest)| (u64::from(u16::from_le_bytes(*size)) + 256, rest))?,
        2 => rest
            .split_first_chunk()
            .map(|(size, rest)| (u64::from(u32::from_le_bytes(*size)), rest))?,
        _ => return None,
    };
    (size == content).then_some(rest)
}

/// The header of a literals section of four streams.
struct Literals {
    tree: bool,
    count: usize,
}

/// Reads the header of the literals; returns it and tree and streams. There must be no sequences behind them.
fn literals_header(body: &[u8]) -> Option<(Literals, &[u8])> {
    let mut word = [0; 8];
    let head = body.len().min(5);
    word[..head].copy_from_slice(&body[..head]);
    let word = u64::from_le_bytes(word);
    let (header_bytes, bits) = match (word >> 2) & 3 {
        1 => (3, 10),
        2 => (4, 14),
        3 => (5, 18),
        _ => return None,
    };
    let mask = (1 << bits) - 1;
    let count = ((word >> 4) & mask) as usize;
    let stored = ((word >> (4 + bits)) & mask) as usize;
    let kind = word & 3;
    let (streams, sequences) = body.get(header_bytes..)?.split_at_checked(stored)?;
    let sound = matches!(kind, LITERALS_WITH_TREE | LITERALS_TREELESS)
        && count <= BLOCK_LITERALS_MAX
        && sequences == [0];
    let tree = kind == LITERALS_WITH_TREE;
    sound.then_some((Literals { tree, count }, streams))
}
