//! Literals to a frame.

#![expect(
    clippy::inline_always,
    reason = "each version of a loop must be compiled whole for its instruction set"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the low bits are what is meant, and lengths are those of a block"
)]

use super::{
    BLOCK_COMPRESSED, BLOCK_LITERALS_MAX, BLOCK_RAW, CODE_BITS_MAX, Code, FRAME_LITERALS_MIN,
    JUMP_TABLE_BYTES, LITERALS_TREELESS, LITERALS_WITH_TREE, MAGIC, SINGLE_SEGMENT, STREAMS,
    weights,
};
use crate::copy;

/// Bytes of the longest header of literals.
const LITERALS_HEADER_BYTES_MAX: usize = 5;
/// Below this many literals, a table of pairs takes longer to fill than it saves.
const PAIRED_LITERALS_MIN: usize = 16 << 10;
/// Symbols that are read at once.
const GROUP: usize = 8;
/// Room that a flush may write beyond the end of its stream.
const SLACK: usize = 24;
/// Bytes of the longest tree description.
const TREE_BYTES_MAX: usize = 129;
/// Pending bits that leave the lowest byte of a word free.
const PENDING_MAX: u64 = 64 - 8;
/// The section after the literals: no sequences.
const NO_SEQUENCES: u8 = 0;

/// Encodes frames of literals; holds the room for the streams, so that it is not cleared for every block.
pub(crate) struct HuffmanEncoder {
    table: PairTable,
    room: Vec<u8>,
}

impl HuffmanEncoder {
    /// An encoder.
    pub(crate) fn new() -> Self {
        Self {
            table: PairTable::new(),
            room: Vec::new(),
        }
    }

    /// Appends a frame of `bytes`, at least [`super::FRAME_LITERALS_MIN`], with `code`, which has a code for each
    /// of them. Returns `false`, and appends nothing, if `code` cannot be described.
    pub(crate) fn write_frame(&mut self, bytes: &[u8], code: &Code, out: &mut Vec<u8>) -> bool {
        let mut tree = Vec::with_capacity(TREE_BYTES_MAX);
        if !weights::write_to(code, &mut tree) {
            return false;
        }
        write_frame_header(bytes.len() as u64, out);
        self.table.build(code, bytes.len() >= PAIRED_LITERALS_MIN);
        let mut tree = &tree[..];
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut length = rest.len().min(BLOCK_LITERALS_MAX);
            if rest.len() > length && rest.len() - length < FRAME_LITERALS_MIN {
                // A few bytes are too short for four streams: leave the last block more.
                length -= FRAME_LITERALS_MIN;
            }
            let (literals, after) = rest.split_at(length);
            rest = after;
            let header = out.len();
            out.extend_from_slice(&[0; 3]);
            let kind = if self.write_literals(literals, tree, out) {
                tree = &[];
                BLOCK_COMPRESSED
            } else {
                out.extend_from_slice(literals);
                BLOCK_RAW
            };
            let size = (out.len() - header - 3) as u32;
            let bits = u32::from(rest.is_empty()) | kind << 1 | size << 3;
            out[header..header + 3].copy_from_slice(&bits.to_le_bytes()[..3]);
        }
        true
    }

    /// Appends the content of a compressed block; `false`, and nothing appended, if it would not be smaller.
    fn write_literals(&mut self, literals: &[u8], tree: &[u8], out: &mut Vec<u8>) -> bool {
        let quarter = literals.len().div_ceil(STREAMS);
        let room = quarter * CODE_BITS_MAX / 8 + SLACK;
        if self.room.len() < STREAMS * room {
            self.room.resize(STREAMS * room, 0);
        }
        let (left, right) = literals.split_at(2 * quarter);
        let pairs = [left.split_at(quarter), right.split_at(quarter)];
        let mut sizes = [0; STREAMS];
        for (index, pair) in pairs.into_iter().enumerate() {
            let outs = self.room[2 * index * room..][..2 * room].split_at_mut(room);
            [sizes[2 * index], sizes[2 * index + 1]] = if literals.len() < PAIRED_LITERALS_MIN {
                [
                    self.table.encode_singly(pair.0, outs.0),
                    self.table.encode_singly(pair.1, outs.1),
                ]
            } else {
                self.table.encode(pair, outs)
            };
        }
        let body = tree.len() + JUMP_TABLE_BYTES + sizes.iter().sum::<usize>();
        if LITERALS_HEADER_BYTES_MAX + body + 1 >= literals.len() {
            return false;
        }
        write_literals_header(!tree.is_empty(), literals.len() as u64, body as u64, out);
        out.extend_from_slice(tree);
        for &size in &sizes[..STREAMS - 1] {
            out.extend_from_slice(&(size as u16).to_le_bytes());
        }
        for (stream, size) in self.room.chunks_exact(room).zip(sizes) {
            copy::append(out, &stream[..size]);
        }
        out.push(NO_SEQUENCES);
        true
    }
}

/// Appends the header of a section of `count` literals in four streams, which is followed by `stored` bytes.
fn write_literals_header(has_tree: bool, count: u64, stored: u64, out: &mut Vec<u8>) {
    let kind = if has_tree {
        LITERALS_WITH_TREE
    } else {
        LITERALS_TREELESS
    };
    let (format, bits, bytes) = match count.max(stored) {
        0..0x400 => (1, 10, 3),
        0x400..0x4000 => (2, 14, 4),
        _ => (3, 18, LITERALS_HEADER_BYTES_MAX),
    };
    let header = kind | format << 2 | count << 4 | stored << (4 + bits);
    out.extend_from_slice(&header.to_le_bytes()[..bytes]);
}

fn write_frame_header(content: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&MAGIC.to_le_bytes());
    match content {
        0..=0xff => out.extend_from_slice(&[SINGLE_SEGMENT, content as u8]),
        0x100..=0x1_00ff => {
            out.push(SINGLE_SEGMENT | 1 << 6);
            out.extend_from_slice(&(content as u16).wrapping_sub(256).to_le_bytes());
        }
        _ => {
            out.push(SINGLE_SEGMENT | 2 << 6);
            out.extend_from_slice(&(content as u32).to_le_bytes());
        }
    }
}

/// For each two symbols, as a little-endian number, their codes in the top bits and the sum of their lengths in
/// the lowest byte. Only the pairs of symbols that have a code are filled: of the table's 512 KiB that is a few.
struct PairTable {
    singles: [u64; 256],
    pairs: Vec<u64>,
}

impl PairTable {
    fn new() -> Self {
        Self {
            singles: [0; 256],
            pairs: vec![0; 1 << 16],
        }
    }

    /// Fills the table; that of pairs only if asked for.
    fn build(&mut self, code: &Code, has_pairs: bool) {
        let starts = code.starts();
        let mut used = [0_u8; 256];
        let mut count = 0;
        for (symbol, (&start, &length)) in (0..=u8::MAX).zip(starts.iter().zip(&code.lengths)) {
            if length > 0 {
                let bits = u64::from(start >> (code.longest - length));
                self.singles[usize::from(symbol)] =
                    bits << (64 - u32::from(length)) | u64::from(length);
                used[count] = symbol;
                count += 1;
            }
        }
        if !has_pairs {
            return;
        }
        for &second in &used[..count] {
            let row = &mut self.pairs[usize::from(second) << 8..][..256];
            let second = self.singles[usize::from(second)];
            for &first in &used[..count] {
                // The second symbol of a pair is written first, below the first one.
                let first_entry = self.singles[usize::from(first)];
                let below = (second & !0xff).wrapping_shr(first_entry as u32);
                row[usize::from(first)] = below | first_entry.wrapping_add(second & 0xff);
            }
        }
    }

    /// Encodes a stream without the table of pairs; returns its length.
    fn encode_singly(&self, stream: &[u8], out: &mut [u8]) -> usize {
        let mut writer = BitWriter::new(out);
        let (front, groups) = stream.as_rchunks::<4>();
        for group in groups.iter().rev() {
            for &symbol in group.iter().rev() {
                writer.put(self.singles[usize::from(symbol)]);
            }
            writer.flush();
        }
        self.finish(front, writer)
    }

    /// Encodes two streams; returns their lengths.
    ///
    /// Two at a time, because each pair of a stream waits for the one before it, and more do not fit in registers.
    fn encode(&self, streams: (&[u8], &[u8]), outs: (&mut [u8], &mut [u8])) -> [usize; 2] {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("bmi2") {
            // SAFETY: the feature was found just now.
            return unsafe { self.encode_bmi2(streams, outs) };
        }
        self.encode_loop(streams, outs)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "bmi2")]
    fn encode_bmi2(&self, streams: (&[u8], &[u8]), outs: (&mut [u8], &mut [u8])) -> [usize; 2] {
        self.encode_loop(streams, outs)
    }

    #[inline(always)]
    fn encode_loop(
        &self,
        (first, second): (&[u8], &[u8]),
        (left, right): (&mut [u8], &mut [u8]),
    ) -> [usize; 2] {
        let pairs: &[u64; 1 << 16] = self.pairs.as_slice().try_into().expect("one entry a pair");
        let (mut one, mut two) = (BitWriter::new(left), BitWriter::new(right));
        // Encoding goes from the last symbol to the first, so the odd ones at the front come last.
        let (first_front, first_groups) = first.as_rchunks::<GROUP>();
        let (second_front, second_groups) = second.as_rchunks::<GROUP>();
        for (a, b) in first_groups.iter().rev().zip(second_groups.iter().rev()) {
            one.put_group(*a, pairs);
            two.put_group(*b, pairs);
        }
        let both = first_groups.len().min(second_groups.len());
        for group in first_groups.iter().rev().skip(both) {
            one.put_group(*group, pairs);
        }
        for group in second_groups.iter().rev().skip(both) {
            two.put_group(*group, pairs);
        }
        [
            self.finish(first_front, one),
            self.finish(second_front, two),
        ]
    }

    /// Writes the symbols before the groups and the mark; returns the length of the stream.
    fn finish(&self, front: &[u8], mut writer: BitWriter<'_>) -> usize {
        for &symbol in front.iter().rev() {
            writer.put(self.singles[usize::from(symbol)]);
            writer.flush();
        }
        writer.put(MARK);
        writer.flush();
        writer.at + usize::from(writer.count > 0)
    }
}

/// The bit above the last symbol, as an entry.
const MARK: u64 = 1 << 63 | 1;

/// Bits, lowest first; the pending ones are at the top of `bits`.
struct BitWriter<'a> {
    out: &'a mut [u8],
    at: usize,
    bits: u64,
    /// Number of pending bits, in the lowest byte; above it are the sums of codes.
    count: u64,
}

impl<'a> BitWriter<'a> {
    #[inline(always)]
    fn new(out: &'a mut [u8]) -> Self {
        Self {
            out,
            at: 0,
            bits: 0,
            count: 0,
        }
    }

    /// Adds the codes of an entry of [`PairTable`]: at most four symbols between two flushes, which with 7 bits
    /// left over is 51.
    #[inline(always)]
    fn put(&mut self, entry: u64) {
        // The length in the lowest byte of the entry stays below the pending bits.
        self.bits = self.bits.wrapping_shr(entry as u32) | entry;
        self.count = self.count.wrapping_add(entry);
    }

    /// Writes whole bytes.
    #[inline(always)]
    fn flush(&mut self) {
        let count = self.count & 0xff;
        // With no bits pending the shift by 64 wraps to 0, and what is written is overwritten.
        let word = self.bits.wrapping_shr(64 - count as u32);
        self.out[self.at..self.at + 8].copy_from_slice(&word.to_le_bytes());
        self.at += (count >> 3) as usize;
        self.count = count & 7;
    }

    /// Adds eight symbols. The same as four times [`BitWriter::put`] with two flushes, or one if the codes are short
    /// enough, as they mostly are; and the room is checked only once.
    #[inline(always)]
    fn put_group(&mut self, group: [u8; GROUP], pairs: &[u64; 1 << 16]) {
        let symbols = u64::from_le_bytes(group);
        let pair = |shift: u32| pairs[usize::from((symbols >> shift) as u16)];
        let Some(room) = self.out[self.at..].first_chunk_mut::<16>() else {
            return;
        };
        let (mut bits, mut count) = (self.bits, self.count);
        let entries = [pair(48), pair(32), pair(16), pair(0)];
        let pending = entries
            .iter()
            .fold(count, |sum, entry| sum.wrapping_add(*entry))
            & 0xff;
        // The length in the lowest byte of the last entry must stay below the pending bits.
        if pending <= PENDING_MAX {
            for entry in entries {
                bits = bits.wrapping_shr(entry as u32) | entry;
            }
            let word = bits.wrapping_shr((64 - pending) as u32);
            room[..8].copy_from_slice(&word.to_le_bytes());
            self.bits = bits;
            self.count = pending & 7;
            self.at += (pending >> 3) as usize;
            return;
        }
        let mut written = 0;
        for shifts in [[48, 32], [16, 0]] {
            for shift in shifts {
                let entry = pair(shift);
                bits = bits.wrapping_shr(entry as u32) | entry;
                count = count.wrapping_add(entry);
            }
            let pending = count & 0xff;
            let word = bits.wrapping_shr((64 - pending) as u32);
            room[written..written + 8].copy_from_slice(&word.to_le_bytes());
            written += (pending >> 3) as usize & 7;
            count = pending & 7;
        }
        (self.bits, self.count) = (bits, count);
        self.at += written;
    }
}
