//! The buckets of one band, one after the other; those too large for the memory go through the
//! scratch folder.

use super::Context;
use super::sorted::Sorter;
use super::spills::Spills;
use crate::candidate::Pair;
use crate::candidate::pairs::{DEPTH_MAX, pairs_of_bucket};
use crate::error::Result;
use crate::spill::Row;

/// Largest bucket whose rows are held in memory together.
const ROWS_MAX: usize = 1 << 12;
/// Pairs that are given on at a time.
const PAIRS_BLOCK: usize = 1 << 14;

/// What a band is of.
pub(super) struct Band<'a> {
    pub(super) context: Context<'a>,
    pub(super) spills: &'a Spills,
    pub(super) number: usize,
    /// Bytes for each sorter.
    pub(super) room: u64,
}

impl Band<'_> {
    /// The number of the band that is `step` further.
    fn further(&self, step: usize) -> usize {
        let bands = self.context.job.settings.bands();
        (self.number + step) % bands
    }
}

/// Takes the keys of a band in order, and gives the pairs that [`pairs_of_bucket`] would.
pub(super) struct Buckets<'a, Give> {
    band: &'a Band<'a>,
    /// How many bands further than that of the job's the keys are.
    step: usize,
    give: &'a Give,
    key: u64,
    rows: Vec<Row>,
    large: Option<Large<'a>>,
    pairs: Vec<Pair>,
}

/// A bucket that is not held in memory: the star around its first row is given at once.
struct Large<'a> {
    first: Row,
    /// By the keys of the next band.
    rows: Sorter<'a, (u64, Row)>,
}

impl<'a, Give: Fn(&mut Vec<Pair>) -> Result<()>> Buckets<'a, Give> {
    pub(super) fn new(band: &'a Band<'a>, step: usize, give: &'a Give) -> Self {
        Self {
            band,
            step,
            give,
            key: 0,
            rows: Vec::new(),
            large: None,
            pairs: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, key: u64, row: Row) -> Result<()> {
        if key != self.key {
            self.end_bucket()?;
            self.key = key;
        }
        self.rows.push(row);
        if self.rows.len() > ROWS_MAX {
            self.give_rows_of_large()?;
        }
        Ok(())
    }

    /// Ends the last bucket.
    pub(super) fn finish(mut self) -> Result<()> {
        self.end_bucket()?;
        (self.give)(&mut self.pairs)
    }

    fn end_bucket(&mut self) -> Result<()> {
        if self.large.is_some() {
            self.give_rows_of_large()?;
        }
        let Some(large) = self.large.take() else {
            if self.rows.len() > 1 {
                let (band, rows) = (self.band, &self.rows);
                let mut key_of = |step: usize, row: Row| band.spills.key(band.further(step), row);
                pairs_of_bucket(rows, self.step, &mut key_of, &mut self.pairs)?;
            }
            self.rows.clear();
            return self.give_some();
        };
        if self.step == DEPTH_MAX {
            return Ok(());
        }
        let mut smaller = Buckets::new(self.band, self.step + 1, self.give);
        large.rows.drain(|(key, row)| smaller.push(key, row))?;
        smaller.finish()
    }

    /// Gives the star, and notes rows for the next band.
    fn give_rows_of_large(&mut self) -> Result<()> {
        let Band {
            context,
            spills,
            room,
            ..
        } = *self.band;
        let Some(first) = self.rows.first().copied() else {
            return Ok(());
        };
        let large = self.large.get_or_insert_with(|| {
            let name = format!("bucket-{}-{}", self.band.number, self.step);
            Large {
                first,
                rows: Sorter::new(context.scratch, name, room),
            }
        });
        let (first, rows) = (large.first, &self.rows);
        let others = rows.iter().filter(|row| **row != first);
        self.pairs.extend(others.map(|row| Pair::new(first, *row)));
        if self.step < DEPTH_MAX {
            let keys = spills.keys(self.band.further(self.step + 1), rows)?;
            large
                .rows
                .extend(keys.into_iter().zip(rows.iter().copied()))?;
        }
        self.rows.clear();
        self.give_some()
    }

    fn give_some(&mut self) -> Result<()> {
        if self.pairs.len() < PAIRS_BLOCK {
            return Ok(());
        }
        (self.give)(&mut self.pairs)
    }
}
