//! The whole work on texts that are in memory, by the same stages and with the same decisions as
//! [`run`](crate::run) on files.
//!
//! Memory beyond the texts: 24 bytes and 8 a band for every text, and the shingle sets of those that
//! are candidates (8 bytes a shingle).

mod candidates;
mod groups;
mod hashing;

use crate::error::{Error, Result};
use crate::hasher::Parameters;
use crate::jaccard::{Overlap, Threshold};
use crate::run::{Progress, Stage};
use crate::spill::Row;

/// Texts by their place.
pub trait Texts: Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// The text at this place, which is below [`count`](Self::count); nothing where there is none:
    /// such a row is kept, and like no other.
    fn get(&self, row: usize) -> Option<&str>;
}

impl<T: AsRef<str> + Sync> Texts for [T] {
    fn count(&self) -> usize {
        self.len()
    }

    fn get(&self, row: usize) -> Option<&str> {
        self.get(row).map(AsRef::as_ref)
    }
}

/// Which row of a group survives; of rows that are equal by it the first one does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Keep<'a> {
    /// The first row.
    First,
    /// The last row.
    Last,
    /// The row with the longest text, in bytes.
    Longest,
    /// The row with the largest of these values, one a row; NaN comes last.
    Best(&'a [f64]),
}

/// What duplicates are, and how to look for them.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// How signatures and band keys are made.
    pub parameters: Parameters,
    /// Least Jaccard similarity of two duplicates.
    pub threshold: Threshold,
    /// Which row of a group survives.
    pub keep: Keep<'a>,
    /// Threads, at least 1.
    pub threads: usize,
}

/// A row that does not survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// The row.
    pub row: Row,
    /// The row that is kept in its place.
    pub survivor: Row,
    /// The first row of the group.
    pub cluster: Row,
    /// What the shingle sets of the row and its survivor have in common. They may be less alike than
    /// the threshold, and connected through others of the group.
    pub overlap: Overlap,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows that do not survive, in order.
    pub removals: Vec<Removal>,
    /// Groups of duplicates.
    pub groups: u64,
    /// Pairs that share a band key.
    pub candidates: u64,
    /// Pairs whose sets were compared.
    pub compared: u64,
}

/// Finds the duplicates.
///
/// # Errors
///
/// `InvalidArgument` for options out of range or too many texts, or `Cancelled`.
pub fn dedup<T: Texts + ?Sized>(
    texts: &T,
    options: &Options<'_>,
    progress: &Progress,
) -> Result<Outcome> {
    check(texts, options)?;
    progress.enter(Stage::Hash)?;
    let hashes = hashing::hash(texts, options, progress)?;
    progress.enter(Stage::Candidates)?;
    let found = candidates::find(&hashes, options, progress)?;
    drop(hashes);
    progress.enter(Stage::Verify)?;
    let sets = candidates::sets(texts, &found, options, progress)?;
    let verified = candidates::verify(&found, &sets, texts.count(), options)?;
    progress.enter(Stage::Decide)?;
    let groups = groups::of(texts.count(), &found, &verified);
    let removals = groups::removals(texts, &groups, &found, &sets, options.keep);
    Ok(Outcome {
        removals,
        groups: groups.len() as u64,
        candidates: found.pairs.len() as u64,
        compared: verified.compared,
    })
}

fn check<T: Texts + ?Sized>(texts: &T, options: &Options<'_>) -> Result<()> {
    let count = texts.count();
    if Row::try_from(count).is_err() {
        let most = format!("at most {}", Row::MAX);
        return Err(Error::invalid_argument("the number of texts", most, count));
    }
    match options.keep {
        Keep::Best(values) if values.len() != count => Err(Error::invalid_argument(
            "the number of scores",
            format!("{count}, one a text"),
            values.len(),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
