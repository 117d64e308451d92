//! The four streams of a block to symbols: the loop that decoding spends most of its time in.

#![expect(
    clippy::inline_always,
    reason = "each version of a loop must be compiled whole for its instruction set"
)]

use super::table::{BITS_SHIFT, COUNT_SHIFT, ENTRIES, ENTRY_SYMBOLS, Entry, Table};
use super::{CODE_BITS_MAX, STREAMS};

/// Lookups between two refills: 5 x 11 bits of the at least 57 that a refill gives.
const LOOKUPS: usize = 5;
/// Bits that a round takes at most.
const ROUND_BITS: usize = LOOKUPS * CODE_BITS_MAX;
/// Symbols that a round gives at most.
const ROUND_SYMBOLS: usize = LOOKUPS * ENTRY_SYMBOLS;
/// Bytes of one write: an entry's symbols, and anything.
const WRITE_BYTES: usize = 8;
/// Room that a round needs: the last write begins after the symbols of the others.
const ROUND_ROOM: usize = ROUND_SYMBOLS - ENTRY_SYMBOLS + WRITE_BYTES;
/// Bits of a word from which those of a stream are taken.
const WORD_BITS: usize = 64;
const _: () = assert!(ROUND_BITS + 7 < WORD_BITS);

/// Fills each output from its source; `None` if a stream does not end where its symbols do.
pub(super) fn decode(
    table: &Table,
    sources: [&[u8]; STREAMS],
    outs: [&mut [u8]; STREAMS],
) -> Option<()> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("bmi2") && std::arch::is_x86_feature_detected!("bmi1") {
        // SAFETY: the features were found just now.
        return unsafe { decode_bmi2(table, sources, outs) };
    }
    decode_loop(table, sources, outs)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi1,bmi2")]
fn decode_bmi2(table: &Table, sources: [&[u8]; STREAMS], outs: [&mut [u8]; STREAMS]) -> Option<()> {
    decode_loop(table, sources, outs)
}

#[inline(always)]
fn decode_loop(
    table: &Table,
    sources: [&[u8]; STREAMS],
    mut outs: [&mut [u8]; STREAMS],
) -> Option<()> {
    let mut streams = outs.each_mut().map(|out| Stream::new(std::mem::take(out)));
    for (stream, source) in streams.iter_mut().zip(sources) {
        stream.read_from(source)?;
    }
    // A stream that has to be ended symbol by symbol makes way for the others.
    let mut running = &mut streams[..];
    while let Some((index, rounds)) = fewest_rounds(running) {
        if rounds == 0 {
            let last = running.len() - 1;
            running.swap(index, last);
            running = &mut running[..last];
            continue;
        }
        // SAFETY: every stream said that so many rounds stay within its source and output, and `several` gives a
        // table whose entries keep to the limits that this was computed with.
        unsafe { run_together(running, table.several(), rounds) };
    }
    let ended = streams.map(|mut stream| stream.finish(table));
    ended.into_iter().collect()
}

/// The stream with the fewest rounds, and how many.
#[inline(always)]
fn fewest_rounds(streams: &[Stream<'_>]) -> Option<(usize, usize)> {
    let rounds = streams.iter().map(Stream::rounds).enumerate();
    rounds.min_by_key(|&(_, rounds)| rounds)
}

/// One stream, read from its end, and where its symbols go.
struct Stream<'a> {
    source: &'a [u8],
    /// Bits of the source not taken yet.
    left: usize,
    out: &'a mut [u8],
    /// Bytes of the output that are written.
    at: usize,
}

impl<'a> Stream<'a> {
    #[inline(always)]
    fn new(out: &'a mut [u8]) -> Self {
        Self {
            source: &[],
            left: 0,
            out,
            at: 0,
        }
    }

    /// Starts at the end of `source`; `None` if it has no mark there.
    #[inline(always)]
    fn read_from(&mut self, source: &'a [u8]) -> Option<()> {
        let last = *source.last().filter(|&&last| last != 0)?;
        // Above the bits lie a mark and zeros.
        self.left = source.len() * 8 - 1 - last.leading_zeros() as usize;
        self.source = source;
        Some(())
    }

    /// Rounds that stay within source and output, whatever the symbols: each begins with at least a word of bits
    /// and [`ROUND_ROOM`].
    #[inline(always)]
    fn rounds(&self) -> usize {
        let bits = (self.left + ROUND_BITS).saturating_sub(WORD_BITS) / ROUND_BITS;
        let room = self.out.len() - self.at + ROUND_SYMBOLS;
        bits.min(room.saturating_sub(ROUND_ROOM) / ROUND_SYMBOLS)
    }

    /// Decodes what is left, and checks that the stream ends where its symbols do.
    fn finish(&mut self, table: &Table) -> Option<()> {
        while self.left >= CODE_BITS_MAX && self.out.len() - self.at >= WRITE_BYTES {
            let entry = table.several()[self.peek()];
            self.out[self.at..][..WRITE_BYTES].copy_from_slice(&entry.to_le_bytes());
            self.at += (entry >> COUNT_SHIFT) as usize;
            self.left -= (entry >> BITS_SHIFT) as usize & 0xff;
        }
        self.finish_by_symbol(table)
    }

    /// The same, a symbol at a time.
    fn finish_by_symbol(&mut self, table: &Table) -> Option<()> {
        while self.at < self.out.len() {
            let (symbol, bits) = table.single(self.peek());
            self.out[self.at] = symbol;
            self.at += 1;
            self.left = self.left.checked_sub(bits)?;
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

/// [`run`] for as many streams as there are.
///
/// # Safety
///
/// As for [`run`].
#[inline(always)]
unsafe fn run_together(streams: &mut [Stream<'_>], table: &[Entry; ENTRIES], rounds: usize) {
    match streams {
        // SAFETY: as the caller says.
        [a, b, c, d] => unsafe { run([a, b, c, d], table, rounds) },
        // SAFETY: the same.
        [a, b, c] => unsafe { run([a, b, c], table, rounds) },
        // SAFETY: the same.
        [a, b] => unsafe { run([a, b], table, rounds) },
        streams => {
            for stream in streams {
                // SAFETY: the same.
                unsafe { run([stream], table, rounds) };
            }
        }
    }
}

/// `rounds` times [`LOOKUPS`] entries of each stream.
///
/// A lookup waits for the one before it of the same stream, so those of the four streams take turns. Pointers,
/// because with the bounds of eight slices the state of four streams does not fit in the registers of x86-64. (Eight
/// streams of two blocks at a time were slower than four: their state does not fit either.)
///
/// # Safety
///
/// `rounds` is at most what [`Stream::rounds`] gives for each stream. No entry of `table` has more than
/// [`CODE_BITS_MAX`] bits or [`ENTRY_SYMBOLS`] symbols.
#[inline(always)]
unsafe fn run<const COUNT: usize>(
    mut streams: [&mut Stream<'_>; COUNT],
    table: &[Entry; ENTRIES],
    rounds: usize,
) {
    let mut words: [*const u8; COUNT] = [std::ptr::null(); COUNT];
    let mut outs: [*mut u8; COUNT] = [std::ptr::null_mut(); COUNT];
    let mut bits = [0_u64; COUNT];
    for (index, stream) in streams.iter_mut().enumerate() {
        // The last byte that has bits left is the top byte of the word: 57 to 64 of its bits are to be taken.
        let end = stream.left.div_ceil(8);
        words[index] = stream.source[end - 8..end].as_ptr();
        outs[index] = stream.out[stream.at..].as_mut_ptr();
        // The lowest bit set counts the bits that were taken from the word.
        bits[index] = 1 << (end * 8 - stream.left);
    }
    for _ in 0..rounds {
        for index in 0..COUNT {
            let taken = bits[index].trailing_zeros() as usize;
            // SAFETY: the stream has at least a word of bits left, so the last 8 bytes with bits left, to which this
            // moves, lie in its source.
            words[index] = unsafe { words[index].sub(taken / 8) };
            // SAFETY: as above; an array of bytes needs no alignment.
            let word = unsafe { words[index].cast::<[u8; 8]>().read() };
            // The lowest bit is never needed in this round.
            bits[index] = (u64::from_le_bytes(word) | 1) << (taken % 8);
        }
        for _ in 0..LOOKUPS {
            for index in 0..COUNT {
                let entry = table[(bits[index] >> (WORD_BITS - CODE_BITS_MAX)) as usize];
                bits[index] = bits[index].wrapping_shl((entry >> BITS_SHIFT) as u32);
                let symbols = entry.to_le_bytes();
                // SAFETY: the round began with ROUND_ROOM bytes, and each lookup before this one took at most
                // ENTRY_SYMBOLS of them, so WRITE_BYTES are left; an array of bytes needs no alignment.
                unsafe { outs[index].cast::<[u8; WRITE_BYTES]>().write(symbols) };
                // SAFETY: at most ENTRY_SYMBOLS, fewer than the bytes just written.
                outs[index] = unsafe { outs[index].add((entry >> COUNT_SHIFT) as usize) };
            }
        }
    }
    for (index, stream) in streams.iter_mut().enumerate() {
        let word = words[index].addr() - stream.source.as_ptr().addr();
        stream.left = (word + 8) * 8 - bits[index].trailing_zeros() as usize;
        stream.at = outs[index].addr() - stream.out.as_ptr().addr();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::huffman::Code;
    use proptest::prelude::*;

    /// Any bits are symbols of some kind, and any code is used: the twin takes a symbol at a time.
    fn compare(
        mut bytes: Vec<u8>,
        cuts: [usize; STREAMS],
        counts: &[u32],
    ) -> Result<(), TestCaseError> {
        let mut histogram = [0; 256];
        histogram[..counts.len()].copy_from_slice(counts);
        let Some(code) = Code::of_counts(&histogram) else {
            return Ok(());
        };
        let mut table = Table::new();
        table.build(&code);
        let length = bytes.len() / STREAMS;
        for source in bytes.chunks_exact_mut(length) {
            // A mark: without one in any of them, nothing is decoded.
            source[length - 1] |= 1;
        }
        let sources: [&[u8]; STREAMS] =
            std::array::from_fn(|index| &bytes[index * length..][..length]);
        let mut outs = [[0_u8; 400]; STREAMS].map(|out| (out, out));
        let mut fast_outs = outs.each_mut().map(|(out, _)| &mut out[..]);
        for (out, cut) in fast_outs.iter_mut().zip(cuts) {
            *out = &mut std::mem::take(out)[..cut];
        }
        let fast = decode(&table, sources, fast_outs);
        let mut whole = true;
        for (((fast, slow), source), cut) in outs.iter_mut().zip(sources).zip(cuts) {
            let mut stream = Stream::new(&mut slow[..cut]);
            if stream.read_from(source).is_none() {
                whole = false;
                break;
            }
            let ended = stream.finish_by_symbol(&table).is_some();
            let symbols = stream.at;
            // A stream that ends too early may go on with anything.
            prop_assert!(symbols < cut || fast[..cut] == slow[..cut]);
            whole &= ended;
            if !whole {
                break;
            }
        }
        prop_assert_eq!(fast.is_some(), whole);
        Ok(())
    }

    proptest! {
        #[test]
        fn the_fast_loop_is_the_slow_one(
            bytes in prop::collection::vec(any::<u8>(), 40..900),
            cuts in prop::array::uniform4(0_usize..400),
            counts in prop::collection::vec(0_u32..5000, 2..256),
        ) {
            compare(bytes, cuts, &counts)?;
        }
    }
}
