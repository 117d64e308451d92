//! Code points as units, a chunk of text at a time.

use crate::mix::{SplitMix, finalise};
use crate::text::lower;

/// Hashes the code points of [`crate::text::normalised`], one text after another.
#[derive(Debug)]
pub(super) struct Chars {
    key: u64,
    /// Whether the text so far has a code point other than white space.
    started: bool,
    /// Whether white space stands behind it.
    space: bool,
}

impl Chars {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            key: Self::key(seed),
            started: false,
            space: false,
        }
    }

    /// What the hashes of a seed are keyed with.
    pub(super) fn key(seed: u64) -> u64 {
        SplitMix::new(seed, u64::from_be_bytes(*b"charkeys")).next()
    }

    /// Appends the hashes of a chunk's code points, the `last` one of a text or not.
    pub(super) fn feed(&mut self, chunk: &str, last: bool, out: &mut Vec<u64>) {
        let hash = |c: char| finalise(self.key ^ u64::from(u32::from(c)));
        for c in lower(chunk) {
            if c.is_whitespace() {
                self.space = self.started;
                continue;
            }
            if std::mem::take(&mut self.space) {
                out.push(hash(' '));
            }
            self.started = true;
            out.push(hash(c));
        }
        if last {
            (self.started, self.space) = (false, false);
        }
    }
}
