//! What each code point is in a word, and its lower case.
//!
//! Two stages, built once from the ranges that are checked in: the block of 256 code points, then
//! the code point in it. Equal blocks are stored once, so that scripts without letter case share
//! theirs: about 200 KiB, of which a text touches the few blocks of its scripts.

mod extenders;
mod letters;
mod lower;

use std::collections::HashMap;
use std::sync::LazyLock;

const BLOCK: usize = 256;
const BLOCKS: usize = 0x11_0000 / BLOCK;

/// The role of a code point in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Ends a word.
    Separator,
    /// Continues a word, but starts none: marks and the two joiners.
    Extender,
    /// Starts or continues a word: letters, decimal digits, connector punctuation.
    Letter,
}

/// Role (2 low bits) and distance to the lower case (the rest) of one code point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Entry(i32);

impl Entry {
    #[inline]
    pub(crate) fn role(self) -> Role {
        match self.0 & 3 {
            0 => Role::Separator,
            1 => Role::Extender,
            _ => Role::Letter,
        }
    }

    /// The lower case of `code`, whose entry this is.
    #[inline]
    pub(crate) fn lower(self, code: u32) -> u32 {
        code.wrapping_add_signed(self.0 >> 2)
    }
}

pub(crate) struct Tables {
    index: Vec<u16>,
    blocks: Vec<[Entry; BLOCK]>,
}

impl Tables {
    /// The entry of a code point; beyond U+10FFFF that of a separator.
    #[inline]
    pub(crate) fn entry(&self, code: u32) -> Entry {
        let block = self.index.get(code as usize / BLOCK).copied();
        block
            .and_then(|block| self.blocks.get(usize::from(block)))
            .map_or(Entry(0), |block| block[code as usize % BLOCK])
    }

    fn build() -> Self {
        let mut entries = vec![Entry(0); BLOCK * BLOCKS];
        for (ranges, role) in [(letters::LETTERS, 2), (extenders::EXTENDERS, 1)] {
            for &(first, last) in ranges {
                entries[first as usize..=last as usize].fill(Entry(role));
            }
        }
        // In dedup the final sigma is the sigma: else capitals and small letters of a word differ.
        let final_sigma = (0x3C2, 0x3C2, 1, 1);
        for &(first, last, step, distance) in lower::LOWER.iter().chain([&final_sigma]) {
            for code in (first..=last).step_by(step as usize) {
                entries[code as usize].0 |= distance << 2;
            }
        }
        let mut numbers = HashMap::new();
        let mut blocks = Vec::new();
        let index = entries
            .as_chunks::<BLOCK>()
            .0
            .iter()
            .map(|block| {
                *numbers.entry(*block).or_insert_with(|| {
                    blocks.push(*block);
                    u16::try_from(blocks.len() - 1).expect("there are fewer blocks than 4,353")
                })
            })
            .collect();
        Self { index, blocks }
    }
}

/// The tables, built at the first call (about a millisecond).
pub(crate) fn tables() -> &'static Tables {
    static TABLES: LazyLock<Tables> = LazyLock::new(Tables::build);
    &TABLES
}

#[cfg(test)]
mod tests;
