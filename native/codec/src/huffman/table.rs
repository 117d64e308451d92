//! What the next 11 bits of a stream say: several symbols at once.

#![expect(
    clippy::inline_always,
    reason = "each version of a loop must be compiled whole for its instruction set"
)]

use super::{CODE_BITS_MAX, Code};

/// Entries of a table for all that a lookup sees.
pub(super) const ENTRIES: usize = 1 << CODE_BITS_MAX;
/// Symbols that one entry gives at most.
pub(super) const ENTRY_SYMBOLS: usize = 6;

/// The symbols from the lowest byte on, above them their bits, in the highest byte their number: so an entry is
/// written as it is, and what lies above its symbols is overwritten by the next one.
pub(super) type Entry = u64;
pub(super) const BITS_SHIFT: u32 = 48;
pub(super) const COUNT_SHIFT: u32 = 56;
const SYMBOLS: Entry = (1 << BITS_SHIFT) - 1;
const _: () = assert!(8 * ENTRY_SYMBOLS <= BITS_SHIFT as usize);

/// The tables of one code.
///
/// Invariant: an entry of the last table has at most [`CODE_BITS_MAX`] bits and [`ENTRY_SYMBOLS`] symbols.
pub(super) struct Table {
    /// A table for each number of bits k from 0 on, at offset 1 << k: all symbols whose codes fit in k bits.
    levels: Vec<Entry>,
    /// The first symbol in the high byte, its bits in the low one.
    single: Vec<u16>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            levels: vec![0; 2 * ENTRIES],
            single: vec![0; ENTRIES],
        }
    }

    /// All that fits in 11 bits.
    pub(super) fn several(&self) -> &[Entry; ENTRIES] {
        self.levels
            .last_chunk()
            .expect("the last level has as many entries")
    }

    /// One symbol and its bits.
    pub(super) fn single(&self, bits: usize) -> (u8, usize) {
        let [length, symbol] = self.single[bits].to_le_bytes();
        (symbol, usize::from(length))
    }

    /// Fills the tables for `code`.
    ///
    /// What k bits say is a symbol, and then what the bits after it say: an entry of a smaller table with the
    /// symbol put in front. So each table is a row of copies from those before it.
    pub(super) fn build(&mut self, code: &Code) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was found just now.
            return unsafe { self.build_avx2(code) };
        }
        self.build_loop(code);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn build_avx2(&mut self, code: &Code) {
        self.build_loop(code);
    }

    #[inline(always)]
    fn build_loop(&mut self, code: &Code) {
        let unused = CODE_BITS_MAX - usize::from(code.longest);
        let starts = code.starts();
        let mut symbols = [(0, 0, 0_u8); 256];
        let mut count = 0;
        for ((symbol, &length), &start) in (0_u8..=255).zip(&code.lengths).zip(&starts) {
            if length > 0 {
                let entry = u16::from_le_bytes([length, symbol]);
                let (length, from) = (usize::from(length), usize::from(start) << unused);
                let to = from + (1 << (CODE_BITS_MAX - length));
                self.single[from..to].fill(entry);
                symbols[count] = (length, from, symbol);
                count += 1;
            }
        }
        let symbols = &mut symbols[..count];
        // Longest codes first, as they lie in the table: those that fit in k bits are the last ones.
        symbols.sort_unstable_by_key(|&(_, from, _)| from);
        self.levels[1] = 0;
        for bits in 1..=CODE_BITS_MAX {
            let (smaller, own) = self.levels.split_at_mut(1 << bits);
            let own = &mut own[..1 << bits];
            let fitting = symbols.partition_point(|&(length, ..)| length > bits);
            let mut rest = &mut own[..];
            let empty = symbols
                .get(fitting)
                .map_or(1 << bits, |&(_, from, _)| from >> (CODE_BITS_MAX - bits));
            let (none, after) = rest.split_at_mut(empty);
            none.fill(0);
            rest = after;
            for &(length, _, symbol) in &symbols[fitting..] {
                let left = bits - length;
                let (run, after) = rest.split_at_mut(1 << left);
                rest = after;
                prepend(length as u64, symbol, &smaller[1 << left..2 << left], run);
            }
        }
    }
}

/// Entries with `symbol` in front; where that would be too many symbols, `symbol` alone.
#[inline(always)]
fn prepend(length: u64, symbol: u8, entries: &[Entry], out: &mut [Entry]) {
    let alone = 1 << COUNT_SHIFT | length << BITS_SHIFT | u64::from(symbol);
    for (out, &entry) in out.iter_mut().zip(entries) {
        // The symbols of a full entry do not stay in their place; then this is not what is taken.
        let joined = ((entry & SYMBOLS) << 8)
            .wrapping_add(entry & !SYMBOLS)
            .wrapping_add(alone);
        let full = entry >> COUNT_SHIFT == ENTRY_SYMBOLS as u64;
        *out = if full { alone } else { joined };
    }
}
