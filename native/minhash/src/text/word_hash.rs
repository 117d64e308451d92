//! The 64-bit hash of a word: folded multiplies over blocks of 16 bytes.

use crate::mix::{SplitMix, fold};

/// Bytes that one folded multiply takes in.
pub(crate) const BLOCK_BYTES: usize = 16;

/// The two keys of word hashes.
///
/// Each ends in a byte 0xFF, which no UTF-8 text has: in an XOR with text neither becomes 0, which
/// would wipe out the other factor of the product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WordKeys {
    pub(crate) start: u64,
    pub(crate) factor: u64,
}

impl WordKeys {
    pub(crate) fn new(seed: u64) -> Self {
        let mut numbers = SplitMix::new(seed, u64::from_be_bytes(*b"wordkeys"));
        Self {
            start: numbers.next() | 0xFF << 56,
            factor: numbers.next() | 0xFF << 56,
        }
    }

    /// `hash`, which is [`start`](Self::start) before the first block, after one more block.
    #[inline]
    pub(crate) fn block(self, hash: u64, low: u64, high: u64) -> u64 {
        fold(hash ^ low, self.factor ^ high)
    }

    /// The hash of a whole word in lower case: blocks of 16 bytes, the last one filled up with
    /// zeros (no word has a zero byte, so its length is not needed).
    pub(crate) fn hash(self, word: &[u8]) -> u64 {
        word.chunks(BLOCK_BYTES).fold(self.start, |hash, block| {
            let mut padded = [0; BLOCK_BYTES];
            padded[..block.len()].copy_from_slice(block);
            let both = u128::from_le_bytes(padded);
            #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
            let (low, high) = (both as u64, (both >> 64) as u64);
            self.block(hash, low, high)
        })
    }
}
