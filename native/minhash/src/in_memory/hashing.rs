//! Every text is read once and hashed.

use super::{Options, Texts};
use crate::candidate::bucket::Keys;
use crate::error::Result;
use crate::hash::{NO_WORDS, RowHasher};
use crate::run::Progress;
use crate::run::pool::map_tasks;
use crate::spill::{Row, grouped_by_band};

/// Texts of a task: enough to be worth it, few enough that all threads end together.
const TASK_ROWS: usize = 4096;

/// Digests and band keys of all texts.
pub(super) struct Hashes {
    blocks: Vec<Block>,
    rows: usize,
}

/// Those of consecutive texts.
struct Block {
    digests: Vec<u128>,
    /// Band after band.
    keys: Vec<u64>,
}

pub(super) fn hash<T: Texts + ?Sized>(
    texts: &T,
    options: &Options<'_>,
    progress: &Progress,
) -> Result<Hashes> {
    let rows = texts.count();
    progress.expect(rows as u64);
    let bands = options.parameters.banding.bands();
    let blocks = map_tasks(
        options.threads,
        rows.div_ceil(TASK_ROWS),
        || RowHasher::with(&options.parameters),
        |hasher, task| {
            let places = task * TASK_ROWS..rows.min((task + 1) * TASK_ROWS);
            let count = places.len();
            let mut digests = Vec::with_capacity(count);
            let mut keys = Vec::with_capacity(count * bands);
            for row in places {
                let (digest, of_row) = hasher.hash(texts.get(row).unwrap_or_default());
                digests.push(digest);
                keys.extend_from_slice(of_row);
            }
            progress.advance(count as u64)?;
            let keys = grouped_by_band(&keys, bands);
            Ok(Block { digests, keys })
        },
    )?;
    Ok(Hashes { blocks, rows })
}

impl Hashes {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The first row of each block with the block.
    fn placed(&self) -> impl Iterator<Item = (Row, &Block)> {
        #[expect(clippy::cast_possible_truncation, reason = "rows are below 2^32")]
        let firsts = (0..self.rows).step_by(TASK_ROWS).map(|row| row as Row);
        firsts.zip(&self.blocks)
    }

    pub(super) fn visit_digests(&self, each: &mut dyn FnMut(Keys<'_, u128>)) {
        for (first, block) in self.placed() {
            each((first, &block.digests));
        }
    }

    pub(super) fn visit_band(&self, band: usize, each: &mut dyn FnMut(Keys<'_, u64>)) {
        for (first, block) in self.placed() {
            let rows = block.digests.len();
            each((first, &block.keys[band * rows..(band + 1) * rows]));
        }
    }

    pub(super) fn key(&self, band: usize, row: Row) -> u64 {
        let row = row as usize;
        let block = &self.blocks[row / TASK_ROWS];
        block.keys[band * block.digests.len() + row % TASK_ROWS]
    }

    /// Rows without a word.
    pub(super) fn wordless(&self) -> impl Iterator<Item = Row> {
        self.placed().flat_map(|(first, block)| {
            let digests = (first..).zip(&block.digests);
            digests.filter_map(|(row, digest)| (*digest == NO_WORDS).then_some(row))
        })
    }
}
