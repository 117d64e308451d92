//! What each code point is in a word, and its lower case.
//!
//! Two stages, built once from the ranges that are checked in: the block of 256 code points, then
//! the code point in it. Blocks without words share one, as do those of letters without case: about
//! 200 KiB, of which a text touches the few blocks of its scripts.

mod extenders;
mod letters;
mod lower;

use std::sync::LazyLock;

const BLOCK: usize = 256;
/// What tells the code points of a block apart.
const BLOCK_MASK: u32 = 0xFF;
const BLOCKS: usize = 0x11_0000 / BLOCK;

const EXTENDER: i32 = 1;
const LETTER: i32 = 2;
/// The block of code points that are no part of words.
const NOTHING: u16 = 0;
/// The block of letters that are their own lower case.
const ALL_LETTERS: u16 = 1;

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
        let mut tables = Self {
            index: vec![NOTHING; BLOCKS],
            blocks: vec![[Entry(0); BLOCK], [Entry(LETTER); BLOCK]],
        };
        for (ranges, role) in [(letters::LETTERS, LETTER), (extenders::EXTENDERS, EXTENDER)] {
            for &(first, last) in ranges {
                tables.fill(first, last, role);
            }
        }
        // In dedup the final sigma is the sigma: else capitals and small letters of a word differ.
        let final_sigma = (0x3C2, 0x3C2, 1, 1);
        for &(first, last, step, distance) in lower::LOWER.iter().chain([&final_sigma]) {
            for code in (first..=last).step_by(step as usize) {
                let entry = &mut tables.block_of(code)[code as usize % BLOCK];
                entry.0 |= distance << 2;
            }
        }
        tables
    }

    /// Gives code points, of which none has one, a role.
    fn fill(&mut self, first: u32, last: u32, role: i32) {
        let mut from = first;
        while from <= last {
            let end = last.min(from | BLOCK_MASK);
            if role == LETTER && end - from == BLOCK_MASK {
                self.index[from as usize / BLOCK] = ALL_LETTERS;
            } else {
                let places = from as usize % BLOCK..=end as usize % BLOCK;
                self.block_of(from)[places].fill(Entry(role));
            }
            from = end + 1;
        }
    }

    /// The block of a code point, for itself alone.
    fn block_of(&mut self, code: u32) -> &mut [Entry; BLOCK] {
        let index = &mut self.index[code as usize / BLOCK];
        if [NOTHING, ALL_LETTERS].contains(index) {
            let shared = self.blocks[usize::from(*index)];
            *index = u16::try_from(self.blocks.len()).expect("there are fewer than 4,355 blocks");
            self.blocks.push(shared);
        }
        &mut self.blocks[usize::from(*index)]
    }
}

/// The tables, built at the first call (some ten microseconds).
pub(crate) fn tables() -> &'static Tables {
    static TABLES: LazyLock<Tables> = LazyLock::new(Tables::build);
    &TABLES
}

#[cfg(test)]
mod tests;
