//! Literals to a frame.

use super::{
    BLOCK_COMPRESSED, BLOCK_LITERALS_MAX, BLOCK_RAW, CODE_BITS_MAX, Code, FRAME_LITERALS_MIN,
    JUMP_TABLE_BYTES, LITERALS_TREELESS, LITERALS_WITH_TREE, MAGIC, SINGLE_SEGMENT, STREAMS, weights,
};

/// Symbols between two flushes: 4 x 11 bits and 7 left over fit above the byte that holds a length.
const GROUP: usize = 4;
/// Room that a flush may write beyond the end of its stream.
const SLACK: usize = 24;
/// Bytes of the longest tree description.
const TREE_BYTES_MAX: usize = 129;
/// The section after the literals: no sequences.
const NO_SEQUENCES: u8 = 0;

/// Encodes frames of literals; holds the room for the streams, so that it is not cleared for every block.
pub(crate) struct HuffmanEncoder {
    room: Vec<u8>,
}

impl HuffmanEncoder {
    /// An encoder.
    pub(crate) fn new() -> Self {
        Self { room: Vec::new() }
    }

    /// Appends a frame of `bytes`, at least [`super::FRAME_LITERALS_MIN`], with `code`, which has a code for each
    /// of them. Returns `false`, and appends nothing, if `code` cannot be described.
    pub(crate) fn write_frame(&mut self, bytes: &[u8], code: &Code, out: &mut Vec<u8>) -> bool {
        let mut tree = Vec::with_capacity(TREE_BYTES_MAX);
        if !weights::write_to(code, &mut tree) {
            return false;
        }
        write_frame_header(bytes.len() as u64, out);
        let table = EncodeTable::new(code);
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
            let kind = if self.write_literals(literals, &table, tree, out) {
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
    fn write_literals(
        &mut self,
        literals: &[u8],
        table: &EncodeTable,
        tree: &[u8],
        out: &mut Vec<u8>,
    ) -> bool {
        const HEADER_BYTES: usize = 5;
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
            [sizes[2 * index], sizes[2 * index + 1]] = table.encode_pair(pair, outs);
        }
        let body = tree.len() + JUMP_TABLE_BYTES + sizes.iter().sum::<usize>();
        if HEADER_BYTES + body + 1 >= literals.len() {
            return false;
        }
        let kind = if tree.is_empty() { LITERALS_TREELESS } else { LITERALS_WITH_TREE };
        let header = kind | 3 << 2 | (literals.len() as u64) << 4 | (body as u64) << 22;
        out.extend_from_slice(&header.to_le_bytes()[..HEADER_BYTES]);
        out.extend_from_slice(tree);
        for &size in &sizes[..STREAMS - 1] {
            out.extend_from_slice(&(size as u16).to_le_bytes());
        }
        for (stream, size) in self.room.chunks_exact(room).zip(sizes) {
            out.extend_from_slice(&stream[..size]);
        }
        out.push(NO_SEQUENCES);
        true
    }
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

/// For each symbol its code in the top bits and its length in the lowest byte.
struct EncodeTable {
    entries: [u64; 256],
}

impl EncodeTable {
    fn new(code: &Code) -> Self {
        let starts = code.starts();
        let mut entries = [0; 256];
        for ((entry, &start), &length) in entries.iter_mut().zip(&starts).zip(&code.lengths) {
            if length > 0 {
                let bits = u64::from(start >> (code.longest - length));
                *entry = bits << (64 - u32::from(length)) | u64::from(length);
            }
        }
        Self { entries }
    }

    /// Encodes two streams; returns their lengths.
    ///
    /// Two at a time, because each symbol of a stream waits for the one before it.
    fn encode_pair(&self, pair: (&[u8], &[u8]), outs: (&mut [u8], &mut [u8])) -> [usize; 2] {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("bmi2") {
            // SAFETY: the feature was found just now.
            return unsafe { self.encode_pair_bmi2(pair, outs) };
        }
        self.encode_pair_loop(pair, outs)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "bmi2")]
    fn encode_pair_bmi2(&self, pair: (&[u8], &[u8]), outs: (&mut [u8], &mut [u8])) -> [usize; 2] {
        self.encode_pair_loop(pair, outs)
    }

    #[inline(always)]
    fn encode_pair_loop(
        &self,
        (first, second): (&[u8], &[u8]),
        (left, right): (&mut [u8], &mut [u8]),
    ) -> [usize; 2] {
        let mut one = BitWriter::new(left);
        let mut two = BitWriter::new(right);
        let first_groups = first.len() / GROUP;
        let second_groups = second.len() / GROUP;
        let (first, first_tail) = first.split_at(first_groups * GROUP);
        let (second, second_tail) = second.split_at(second_groups * GROUP);
        self.put_group(first_tail, &mut one);
        self.put_group(second_tail, &mut two);
        let both = first_groups.min(second_groups);
        for (a, b) in first.rchunks_exact(GROUP).zip(second.rchunks_exact(GROUP)) {
            for (&a, &b) in a.iter().rev().zip(b.iter().rev()) {
                one.put(self.entries[usize::from(a)]);
                two.put(self.entries[usize::from(b)]);
            }
            one.flush();
            two.flush();
        }
        for group in first.rchunks_exact(GROUP).skip(both) {
            self.put_group(group, &mut one);
        }
        for group in second.rchunks_exact(GROUP).skip(both) {
            self.put_group(group, &mut two);
        }
        [one.finish(), two.finish()]
    }

    #[inline(always)]
    fn put_group(&self, symbols: &[u8], writer: &mut BitWriter<'_>) {
        for &symbol in symbols.iter().rev() {
            writer.put(self.entries[usize::from(symbol)]);
        }
        writer.flush();
    }
}

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

    /// Adds the code of an entry of [`EncodeTable`]: at most [`GROUP`] between two flushes.
    #[inline(always)]
    fn put(&mut self, entry: u64) {
        // The length in the lowest byte of the entry stays below the pending bits, at most 51.
        self.bits = self.bits.wrapping_shr(entry as u32) | entry;
        self.count = self.count.wrapping_add(entry);
    }

    /// Writes whole bytes.
    #[inline(always)]
    fn flush(&mut self) {
        let count = self.count & 0xff;
        // With no bits pending the shift by 64 wraps to 0, and what is written is overwritten.
        let bits = self.bits.wrapping_shr(64 - count as u32);
        self.out[self.at..self.at + 8].copy_from_slice(&bits.to_le_bytes());
        self.at += (count >> 3) as usize;
        self.count = count & 7;
    }

    /// Adds the final mark and returns the number of bytes.
    #[inline(always)]
    fn finish(mut self) -> usize {
        const MARK: u64 = 1 << 63 | 1;
        self.put(MARK);
        let count = self.count & 0xff;
        let bits = self.bits.wrapping_shr(64 - count as u32);
        self.out[self.at..self.at + 8].copy_from_slice(&bits.to_le_bytes());
        self.at + (count as usize).div_ceil(8)
    }
}
