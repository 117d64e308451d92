//! A frame of literals back to bytes.

#![expect(
    clippy::inline_always,
    reason = "each version of a loop must be compiled whole for its instruction set"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the low bits are what is meant, and lengths are those of a block"
)]

use super::{
    BLOCK_COMPRESSED, BLOCK_LITERALS_MAX, BLOCK_RAW, CODE_BITS_MAX, Code, JUMP_TABLE_BYTES,
    LITERALS_TREELESS, LITERALS_WITH_TREE, MAGIC, SINGLE_SEGMENT, STREAMS, weights,
};

const TABLE_ENTRIES: usize = 1 << CODE_BITS_MAX;
/// Symbols that one entry gives at most.
const ENTRY_SYMBOLS: usize = 4;
/// Lookups between two refills: 5 x 11 bits of the at least 57 that a refill gives.
const LOOKUPS: usize = 5;
/// Room that a round of lookups needs: what it may write, in a size for which masked offsets need no check.
const ROUND_BYTES: usize = ROUND_MASK + 1 + ENTRY_SYMBOLS;
const ROUND_MASK: usize = 31;
const _: () = assert!(LOOKUPS * ENTRY_SYMBOLS <= ROUND_MASK + 1);

/// Several symbols at once, for the next 11 bits of a stream: their bits in the lowest byte, their number in the
/// second, the symbols from bit 16.
type Entry = u64;
const COUNT_SHIFT: u32 = 8;
const SYMBOLS_SHIFT: u32 = 16;

fn bits_of(entry: Entry) -> u64 {
    entry & 0xff
}

/// Decodes frames of literals; holds the table, which is rebuilt for each tree.
pub(crate) struct HuffmanDecoder {
    single: Box<[Entry; TABLE_ENTRIES]>,
    several: Box<[Entry; TABLE_ENTRIES]>,
}

impl HuffmanDecoder {
    /// A decoder.
    pub(crate) fn new() -> Self {
        Self {
            single: Box::new([0; TABLE_ENTRIES]),
            several: Box::new([0; TABLE_ENTRIES]),
        }
    }

    /// Decodes `frame` to exactly `out`. `None` if it is not a sound frame of the kind that
    /// [`super::HuffmanEncoder`] writes; `out` then holds anything.
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
            self.build(&code);
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
        self.decode_streams(sources, [one, two, three, four])?;
        Some(literals.count)
    }

    /// Fills the tables for `code`.
    fn build(&mut self, code: &Code) {
        let unused = CODE_BITS_MAX - usize::from(code.longest);
        let starts = code.starts();
        for ((symbol, &length), &start) in (0_u64..).zip(&code.lengths).zip(&starts) {
            if length > 0 {
                let from = usize::from(start) << unused;
                let entries = 1 << (CODE_BITS_MAX - usize::from(length));
                let entry = symbol << SYMBOLS_SHIFT | 1 << COUNT_SHIFT | u64::from(length);
                self.single[from..from + entries].fill(entry);
            }
        }
        for index in 0..TABLE_ENTRIES {
            self.several[index] = follow(self.single[index], index, &self.single);
        }
        // From two symbols to four: two more if they fit, else one more if it does.
        for index in (0..TABLE_ENTRIES).rev() {
            let two = self.several[index];
            let three = follow(two, index, &self.single);
            self.several[index] = follow(three, index, &self.single);
        }
    }

    fn decode_streams(&self, sources: [&[u8]; STREAMS], outs: [&mut [u8]; STREAMS]) -> Option<()> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("bmi2") {
            // SAFETY: the feature was found just now.
            return unsafe { self.decode_streams_bmi2(sources, outs) };
        }
        self.decode_streams_loop(sources, outs)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "bmi2")]
    fn decode_streams_bmi2(
        &self,
        sources: [&[u8]; STREAMS],
        outs: [&mut [u8]; STREAMS],
    ) -> Option<()> {
        self.decode_streams_loop(sources, outs)
    }

    #[inline(always)]
    fn decode_streams_loop(
        &self,
        [s0, s1, s2, s3]: [&[u8]; STREAMS],
        [o0, o1, o2, o3]: [&mut [u8]; STREAMS],
    ) -> Option<()> {
        let mut streams = [
            BitReader::new(s0, o0)?,
            BitReader::new(s1, o1)?,
            BitReader::new(s2, o2)?,
            BitReader::new(s3, o3)?,
        ];
        // Each lookup of a stream waits for the one before it. The rounds of the four streams do not wait for each
        // other, and are short enough for the processor to run them side by side.
        loop {
            let rounds = streams.iter().map(BitReader::rounds).min().unwrap_or(0);
            if rounds == 0 {
                break;
            }
            for _ in 0..rounds {
                for stream in &mut streams {
                    stream.round(&self.several);
                }
            }
        }
        for stream in &mut streams {
            stream.finish(&self.several, &self.single)?;
        }
        Some(())
    }
}

/// `entry`, with the symbol that follows it if the known bits hold one more.
#[inline(always)]
fn follow(entry: Entry, index: usize, single: &[Entry; TABLE_ENTRIES]) -> Entry {
    let count = (entry >> COUNT_SHIFT) & 0xff;
    let next = single[(index << bits_of(entry)) % TABLE_ENTRIES];
    // Bits and numbers add up; the symbol goes above those that are there.
    let joined = (entry + (next & 0xffff))
        | (next >> SYMBOLS_SHIFT) << (u64::from(SYMBOLS_SHIFT) + 8 * count);
    if bits_of(joined) <= CODE_BITS_MAX as u64 {
        joined
    } else {
        entry
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

/// One stream, read from its end, and where its symbols go.
struct BitReader<'a> {
    source: &'a [u8],
    /// Bits of the source not taken yet.
    left: usize,
    out: &'a mut [u8],
    /// Bytes of the output that are written.
    at: usize,
}

impl<'a> BitReader<'a> {
    #[inline(always)]
    fn new(source: &'a [u8], out: &'a mut [u8]) -> Option<Self> {
        let last = *source.last().filter(|&&last| last != 0)?;
        // Above the bits lie a mark and zeros.
        let left = source.len() * 8 - 1 - last.leading_zeros() as usize;
        Some(Self {
            source,
            left,
            out,
            at: 0,
        })
    }

    /// Rounds that stay within source and output, whatever the symbols.
    #[inline(always)]
    fn rounds(&self) -> usize {
        const ROUND_BITS: usize = LOOKUPS * CODE_BITS_MAX;
        let bits = (self.left + ROUND_BITS).saturating_sub(64) / ROUND_BITS;
        let room = self.out.len() - self.at + LOOKUPS * ENTRY_SYMBOLS;
        bits.min(room.saturating_sub(ROUND_BYTES) / (LOOKUPS * ENTRY_SYMBOLS))
    }

    /// Takes [`LOOKUPS`] entries.
    #[inline(always)]
    fn round(&mut self, table: &[Entry; TABLE_ENTRIES]) {
        // The last byte that has bits left is the top byte of the word: 57 to 64 of its bits are to be taken.
        let end = self.left.div_ceil(8);
        let beyond = end * 8 - self.left;
        let mut word = [0; 8];
        word.copy_from_slice(&self.source[end - 8..end]);
        // The lowest bit is never needed in this round. Set, it counts the bits that were taken.
        let mut bits = (u64::from_le_bytes(word) | 1) << beyond;
        let Some(room) = self.out[self.at..].first_chunk_mut::<ROUND_BYTES>() else {
            return;
        };
        let mut written = 0;
        for _ in 0..LOOKUPS {
            let entry = table[(bits >> (64 - CODE_BITS_MAX)) as usize];
            bits = bits.wrapping_shl(entry as u32);
            let offset = written & ROUND_MASK;
            room[offset..offset + 4]
                .copy_from_slice(&((entry >> SYMBOLS_SHIFT) as u32).to_le_bytes());
            written += ((entry >> COUNT_SHIFT) & 0xff) as usize;
        }
        self.at += written;
        self.left = end * 8 - bits.trailing_zeros() as usize;
    }

    /// Decodes what is left, and checks that the stream ends where its symbols do.
    #[inline(always)]
    fn finish(
        &mut self,
        several: &[Entry; TABLE_ENTRIES],
        single: &[Entry; TABLE_ENTRIES],
    ) -> Option<()> {
        while self.rounds() > 0 {
            self.round(several);
        }
        while self.at < self.out.len() {
            let entry = single[self.peek()];
            self.out[self.at] = (entry >> SYMBOLS_SHIFT) as u8;
            self.at += 1;
            self.left = self.left.checked_sub(bits_of(entry) as usize)?;
        }
        (self.left == 0).then_some(())
    }

    /// The next 11 bits of the source; zeros before its begin.
    fn peek(&self) -> usize {
        let end = self.left.div_ceil(8);
        let mut word = [0; 4];
        let taken = end.min(4);
        word[4 - taken..].copy_from_slice(&self.source[end - taken..end]);
        let bits = u32::from_le_bytes(word) << (end * 8 - self.left);
        (bits >> (32 - CODE_BITS_MAX)) as usize
    }
}
