//! N-grams of words or characters as 64-bit hashes.
//!
//! A shingle is the finalised polynomial of the hashes of its `n` units, so that order counts. A
//! text with fewer than `n` units gives one shingle of all it has; a text without units gives none,
//! and such an empty set equals nothing, not even another empty set.

mod chars;
mod roll;

use crate::error::{Error, Result};
use crate::simd::Level;
use crate::text::{Tokenizer, WordKeys, split_chunk};
use chars::Chars;

/// What an n-gram is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Words, as [`crate::text::words`] gives them.
    Word,
    /// Code points of [`crate::text::normalised`].
    Char,
}

/// The n-grams that a text is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ngram {
    /// What is counted.
    pub unit: Unit,
    /// How many units make one shingle, 1 to [`Ngram::N_MAX`].
    pub n: usize,
}

impl Ngram {
    /// The largest `n`.
    pub const N_MAX: usize = 256;
}

impl Default for Ngram {
    /// Five words.
    fn default() -> Self {
        Self {
            unit: Unit::Word,
            n: 5,
        }
    }
}

/// Turns texts into shingles. Holds buffers: make one for each thread and use it again.
#[derive(Debug)]
pub struct Shingler {
    ngram: Ngram,
    level: Level,
    source: Source,
    units: Vec<u64>,
    rolled: Vec<u64>,
}

/// Where units come from.
#[derive(Debug)]
enum Source {
    Words(Tokenizer),
    Chars(Chars),
}

impl Shingler {
    /// A shingler of these n-grams. With another `seed` every shingle is another number; a secret
    /// one keeps strangers from preparing texts that collide.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where `n` is not 1 to [`Ngram::N_MAX`].
    pub fn new(ngram: Ngram, seed: u64) -> Result<Self> {
        if !(1..=Ngram::N_MAX).contains(&ngram.n) {
            let expected = format!("1 to {}", Ngram::N_MAX);
            return Err(Error::invalid_argument("n-gram size", expected, ngram.n));
        }
        let level = Level::detect();
        let source = match ngram.unit {
            Unit::Word => Source::Words(Tokenizer::new(WordKeys::new(seed), level)),
            Unit::Char => Source::Chars(Chars::new(seed)),
        };
        Ok(Self {
            ngram,
            level,
            source,
            units: Vec::new(),
            rolled: Vec::new(),
        })
    }

    /// The n-grams that it makes.
    #[must_use]
    pub fn ngram(&self) -> Ngram {
        self.ngram
    }

    /// Gives `take` the shingles of `text` in batches, in the order of the text, repeated ones
    /// included. Memory is bounded whatever the length of the text.
    pub fn visit(&mut self, text: &str, mut take: impl FnMut(&[u64])) {
        let n = self.ngram.n;
        let mut rest = text;
        let mut is_first = true;
        self.units.clear();
        loop {
            let chunk;
            (chunk, rest) = split_chunk(rest);
            let is_last = rest.is_empty();
            match &mut self.source {
                Source::Words(words) => words.feed(chunk, is_last, &mut self.units),
                Source::Chars(chars) => chars.feed(chunk, is_last, &mut self.units),
            }
            if self.units.len() >= n {
                self.batch(n, &mut take);
                is_first = false;
                self.units.drain(..self.units.len() + 1 - n);
            }
            if is_last {
                break;
            }
        }
        if is_first && !self.units.is_empty() {
            self.batch(self.units.len(), &mut take);
        }
    }

    fn batch(&mut self, n: usize, take: &mut impl FnMut(&[u64])) {
        self.rolled.clear();
        roll::roll(self.level, &self.units, n, &mut self.rolled);
        take(&self.rolled);
    }

    /// Replaces `out` by the shingles of `text`, in the order of the text, repeated ones included.
    pub fn shingles(&mut self, text: &str, out: &mut Vec<u64>) {
        out.clear();
        self.visit(text, |shingles| out.extend_from_slice(shingles));
    }

    /// Replaces `out` by the set of shingles of `text`: sorted, each once.
    pub fn set(&mut self, text: &str, out: &mut Vec<u64>) {
        self.shingles(text, out);
        out.sort_unstable();
        out.dedup();
    }
}

#[cfg(test)]
mod tests;
