//! First step: lower case and word bits.
//!
//! A chunk of text becomes its lower-case bytes and one bit for each of them: is it part of a word?
//! Blocks of 64 ASCII bytes are done by vector instructions; every other code point is looked up in
//! the tables.

mod block;
mod utf8;

use super::reference::{DOTTED_CAPITAL_I, DOTTED_CAPITAL_I_LOWER};
use super::tables::{Role, Tables, tables};
use crate::simd::Level;
use block::{BLOCK_BYTES, Block};

/// A chunk of text in lower case, and which of its bytes belong to words.
#[derive(Debug)]
pub(super) struct Scanned {
    /// The bytes, of which the first [`len`](Self::len) count; more are readable behind them.
    bytes: Vec<u8>,
    /// One bit for each byte, lowest bit first; those behind the end are 0.
    words: Vec<u64>,
    len: usize,
    /// Whether the last byte is part of a word.
    in_word: bool,
}

impl Scanned {
    /// Bytes that can be read behind every byte of the text.
    pub(super) const PADDING_BYTES: usize = 2 * BLOCK_BYTES;

    /// Room for chunks of `chunk_bytes`, behind a head of up to `head_bytes`.
    pub(super) fn with_room(chunk_bytes: usize, head_bytes: usize) -> Self {
        // Lower case adds at most one byte to two (U+0130, U+023A and U+023E).
        let len = (head_bytes + chunk_bytes + chunk_bytes / 2).next_multiple_of(BLOCK_BYTES);
        Self {
            bytes: vec![0; len + Self::PADDING_BYTES],
            words: vec![0; len / BLOCK_BYTES + 2],
            len: 0,
            in_word: false,
        }
    }

    /// The most bytes that it holds.
    pub(super) fn room(&self) -> usize {
        self.bytes.len() - Self::PADDING_BYTES
    }

    /// The bytes with the padding behind them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The word bits: all whole words of bits, and one more, so that at least one 0 follows.
    pub(super) fn words(&self) -> &[u64] {
        self.words.get(..=self.len / 64).unwrap_or(&self.words)
    }

    pub(super) fn in_word(&self) -> bool {
        self.in_word
    }

    /// Starts again with the beginning of a word, which may be empty.
    pub(super) fn restart(&mut self, head: &[u8]) {
        self.len = 0;
        self.in_word = false;
        if let Some(first) = self.words.first_mut() {
            *first = 0;
        }
        if !head.is_empty() {
            self.append(head, u64::MAX);
        }
    }

    /// Appends up to 64 bytes of which `words` are part of words.
    fn append(&mut self, bytes: &[u8], words: u64) {
        if let Some(to) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            to.copy_from_slice(bytes);
        }
        self.push_bits(words, bytes.len());
    }

    /// Counts `count` bytes (1 to 64) that were written behind the end.
    #[inline]
    fn push_bits(&mut self, words: u64, count: usize) {
        let words = words & (u64::MAX >> (64 - count));
        let (at, shift) = (self.len / 64, self.len % 64);
        if let Some([word, next]) = self.words.get_mut(at..at + 2) {
            *word |= words << shift;
            *next = (words >> 1) >> (63 - shift);
        }
        self.in_word = words >> (count - 1) != 0;
        self.len += count;
    }

    /// Appends a chunk of text no longer than there is room for.
    pub(super) fn scan(&mut self, level: Level, chunk: &str) {
        block::dispatch(level, self, chunk.as_bytes());
    }
}

/// The loop over blocks; `fold` is the vector part, inlined into a version for each level.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "each version is compiled for its level's instructions"
)]
fn scan_blocks(
    scanned: &mut Scanned,
    text: &[u8],
    fold: impl Fn(&[u8; BLOCK_BYTES], &mut [u8; BLOCK_BYTES]) -> Block,
) {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let mut padded = [0; BLOCK_BYTES];
        let from = rest.first_chunk().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        let count = rest.len().min(BLOCK_BYTES);
        let behind = scanned.bytes.get_mut(scanned.len..);
        let Some(to) = behind.and_then(<[u8]>::first_chunk_mut) else {
            return; // Longer than there is room for, against the contract.
        };
        let block = fold(from, to);
        if block.beyond_ascii == 0 {
            scanned.push_bits(block.words, count);
            at += count;
        } else {
            at += mixed(scanned, rest, block, count);
        }
    }
}

/// Appends the block at the start of `rest`, whose ASCII part is folded already, up to the first code
/// point that does not fit; returns how many bytes of the text that were.
fn mixed(scanned: &mut Scanned, rest: &[u8], block: Block, count: usize) -> usize {
    let tables = tables();
    let Block {
        mut words,
        mut beyond_ascii,
    } = block;
    while beyond_ascii != 0 {
        let at = beyond_ascii.trailing_zeros() as usize;
        let (code, len) = utf8::decode(rest.get(at..).unwrap_or_default());
        if at + len > count {
            return finish(scanned, words, at, rest, tables);
        }
        let bits = (u64::MAX >> (64 - len)) << at;
        beyond_ascii &= !bits;
        let entry = tables.entry(code);
        let before = if at == 0 {
            scanned.in_word
        } else {
            words >> (at - 1) & 1 != 0
        };
        if entry.role() == Role::Letter || entry.role() == Role::Extender && before {
            words |= bits;
        }
        let lower = entry.lower(code);
        if lower != code || code == u32::from(DOTTED_CAPITAL_I) {
            let (bytes, lower_len) = utf8::encode(lower);
            if lower_len != len || code == u32::from(DOTTED_CAPITAL_I) {
                return finish(scanned, words, at, rest, tables);
            }
            if let Some(to) = scanned
                .bytes
                .get_mut(scanned.len + at..scanned.len + at + len)
            {
                to.copy_from_slice(bytes.get(..len).unwrap_or_default());
            }
        }
    }
    scanned.push_bits(words, count);
    count
}

/// Ends a block before its code point at `at`. At the start of a block, where there is nothing to
/// end, appends the code point by itself: its lower case has another length.
fn finish(scanned: &mut Scanned, words: u64, at: usize, rest: &[u8], tables: &Tables) -> usize {
    if at > 0 {
        scanned.push_bits(words, at);
        return at;
    }
    let (code, len) = utf8::decode(rest);
    if code == u32::from(DOTTED_CAPITAL_I) {
        for c in DOTTED_CAPITAL_I_LOWER {
            scanned.append(c.encode_utf8(&mut [0; 4]).as_bytes(), u64::MAX);
        }
    } else {
        let (bytes, lower_len) = utf8::encode(tables.entry(code).lower(code));
        let words = if words & 1 == 0 { 0 } else { u64::MAX };
        scanned.append(bytes.get(..lower_len).unwrap_or_default(), words);
    }
    len
}

#[cfg(test)]
mod tests;
