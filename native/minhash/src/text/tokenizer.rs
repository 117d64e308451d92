//! Words as hashes, a chunk of text at a time.
//!
//! Three steps, each a tight loop over a chunk that stays in the fastest cache: lower case and word
//! bits ([`Scanned`]), word edges ([`Edges`]), word hashes ([`WordKeys`]). A word that a chunk cuts
//! is carried over as the hash of its first blocks and up to 16 bytes, so that memory is bounded
//! whatever the text.

use super::edges::Edges;
use super::scan::Scanned;
use super::word_hash::{BLOCK_BYTES, WordKeys};
use crate::simd::Level;

/// Hashes the words of one text after another.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    keys: WordKeys,
    level: Level,
    scanned: Scanned,
    edges: Edges,
    carried: Carried,
}

/// The beginning of a word whose end is not known yet.
#[derive(Debug, Clone, Copy)]
struct Carried {
    /// The hash of its whole blocks but the last.
    hash: u64,
    /// The bytes behind them; none where no word is open.
    bytes: [u8; BLOCK_BYTES],
    len: usize,
}

impl Tokenizer {
    /// The longest chunk, in bytes.
    pub(crate) const CHUNK_BYTES: usize = 8 * 1024;

    pub(crate) fn new(keys: WordKeys, level: Level) -> Self {
        let scanned = Scanned::with_room(Self::CHUNK_BYTES, BLOCK_BYTES);
        let edges = Edges::with_room(scanned.room());
        let carried = Carried {
            hash: keys.start(),
            bytes: [0; BLOCK_BYTES],
            len: 0,
        };
        Self {
            keys,
            level,
            scanned,
            edges,
            carried,
        }
    }

    /// Appends the hashes of the words of a chunk, the `last` one of a text or not. A chunk has at
    /// most [`CHUNK_BYTES`](Self::CHUNK_BYTES).
    pub(crate) fn feed(&mut self, chunk: &str, last: bool, out: &mut Vec<u64>) {
        let Carried { hash, bytes, len } = self.carried;
        self.scanned.restart(bytes.get(..len).unwrap_or_default());
        self.scanned.scan(self.level, chunk);
        self.edges.find(self.level, self.scanned.words());
        self.carried.len = 0;
        self.carried.hash = self.keys.start();

        let mut words = self.edges.words();
        if !last && self.scanned.in_word() {
            let open;
            (open, words) = words
                .split_last()
                .map_or((None, words), |(open, words)| (Some(*open), words));
            let start = if words.is_empty() && len > 0 {
                hash
            } else {
                self.keys.start()
            };
            self.carried = self.carry(start, open.unwrap_or_default());
        }
        let Some((first, others)) = words.split_first() else {
            return;
        };
        let start = if len > 0 { hash } else { self.keys.start() };
        out.push(self.word_hash(start, *first));
        out.extend(
            others
                .iter()
                .map(|word| self.word_hash(self.keys.start(), *word)),
        );
    }

    #[inline]
    fn word_hash(&self, start: u64, [begin, end]: [u16; 2]) -> u64 {
        let bytes = self
            .scanned
            .bytes()
            .get(usize::from(begin)..)
            .unwrap_or_default();
        self.keys
            .word(start, bytes, usize::from(end.wrapping_sub(begin)))
    }

    /// What is to be kept of the word at the end of a chunk.
    fn carry(&self, mut hash: u64, [begin, end]: [u16; 2]) -> Carried {
        let word = self
            .scanned
            .bytes()
            .get(usize::from(begin)..usize::from(end));
        let mut rest = word.unwrap_or_default();
        while rest.len() > BLOCK_BYTES {
            (hash, rest) = self.keys.whole_block(hash, rest);
        }
        let mut bytes = [0; BLOCK_BYTES];
        let len = rest.len();
        for (to, from) in bytes.iter_mut().zip(rest) {
            *to = *from;
        }
        Carried { hash, bytes, len }
    }
}

/// Cuts the longest chunk off the front of a text.
pub(crate) fn split_chunk(text: &str) -> (&str, &str) {
    let mut at = Tokenizer::CHUNK_BYTES.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.split_at(at)
}

#[cfg(test)]
mod tests;
