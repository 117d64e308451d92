//! The 64-bit hash of a word: folded multiplies over blocks of 16 bytes.

use crate::mix::{SplitMix, fold};

/// Bytes that one folded multiply takes in.
pub(super) const BLOCK_BYTES: usize = 16;

/// The two keys of word hashes.
///
/// Each ends in a byte 255, which no UTF-8 text has: in an XOR with text neither becomes 0, which
/// would wipe out the other factor of the product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WordKeys {
    start: u64,
    factor: u64,
}

impl WordKeys {
    pub(crate) fn new(seed: u64) -> Self {
        let mut numbers = SplitMix::new(seed, u64::from_be_bytes(*b"wordkeys"));
        Self {
            start: numbers.next() | 0xFF << 56,
            factor: numbers.next() | 0xFF << 56,
        }
    }

    /// The hash before the first block.
    pub(super) fn start(self) -> u64 {
        self.start
    }

    /// `hash` after one more block; of the last block only the first `len` bytes (1 to 16) count.
    ///
    /// The rest counts as zeros. No word has a zero byte, so that its length need not be hashed.
    #[inline]
    pub(super) fn block(self, hash: u64, block: [u8; BLOCK_BYTES], len: usize) -> u64 {
        let [kept_low, kept_high] = MASKS.get(len).copied().unwrap_or([u64::MAX; 2]);
        let [low, high] =
            [0, 8].map(|at| u64::from_le_bytes(std::array::from_fn(|i| block[at + i])));
        fold(hash ^ (low & kept_low), self.factor ^ (high & kept_high))
    }

    /// The hash of the word at the start of `bytes`, which is `len` bytes long and has at least 15
    /// readable bytes behind it, continuing from `hash`.
    #[inline]
    pub(super) fn word(self, mut hash: u64, bytes: &[u8], len: usize) -> u64 {
        let mut rest = bytes;
        let mut left = len;
        while left > BLOCK_BYTES {
            (hash, rest) = self.whole_block(hash, rest);
            left -= BLOCK_BYTES;
        }
        rest.first_chunk()
            .map_or(hash, |block| self.block(hash, *block, left))
    }

    /// `hash` after the first block of `bytes`, and what follows it.
    pub(super) fn whole_block(self, hash: u64, bytes: &[u8]) -> (u64, &[u8]) {
        bytes
            .split_first_chunk()
            .map_or((hash, bytes), |(block, rest)| {
                (self.block(hash, *block, BLOCK_BYTES), rest)
            })
    }
}

/// Of each number of bytes the bits that they have, in two halves: one `u128` would be put together
/// in a vector register and taken apart again.
const MASKS: [[u64; 2]; BLOCK_BYTES + 1] = {
    let mut masks = [[0; 2]; BLOCK_BYTES + 1];
    let mut len = 1;
    while len <= BLOCK_BYTES {
        masks[len] = match len {
            1..8 => [u64::MAX >> (64 - 8 * len), 0],
            8 => [u64::MAX, 0],
            _ => [u64::MAX, u64::MAX >> (128 - 8 * len)],
        };
        len += 1;
    }
    masks
};
