//! Texts that may be duplicates, and those of them that are.

use std::convert::Infallible;

use super::hashing::Hashes;
use super::{Options, Texts};
use crate::bits::Bits;
use crate::candidate::Pair;
use crate::candidate::bucket::{Part, repeated};
use crate::candidate::collapse::equal_rows;
use crate::candidate::pairs::pairs_of_band;
use crate::error::Result;
use crate::run::Progress;
use crate::run::pool::map_tasks;
use crate::shingle::Shingler;
use crate::spill::Row;
use crate::union_find::UnionFind;
use crate::verify::{ShingleSets, Verified, verify_component};

/// What may be duplicates.
pub(super) struct Found {
    /// The smallest row of each digest with each of the others, in the order of the latter.
    pub(super) equal: Vec<Pair>,
    /// Candidates, in order and each once.
    pub(super) pairs: Vec<Pair>,
}

impl Found {
    /// The row that is compared in place of this one: the smallest one that is equal to it.
    pub(super) fn compared_for(&self, row: Row) -> Row {
        let at = self.equal.binary_search_by_key(&row, |pair| pair.b);
        at.map_or(row, |at| self.equal[at].a)
    }
}

/// A result that cannot be an error.
fn certain<T>(result: std::result::Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

pub(super) fn find(hashes: &Hashes, options: &Options<'_>, progress: &Progress) -> Result<Found> {
    let bands = options.parameters.banding.bands();
    progress.expect(bands as u64 + 1);
    let rows = hashes.rows();
    let equal = certain(equal_rows(rows, Part::WHOLE, |each| {
        hashes.visit_digests(each);
        Ok(())
    }));
    let mut skipped = Bits::new(rows);
    for row in hashes.wordless().chain(equal.iter().map(|pair| pair.b)) {
        skipped.insert(row as usize);
    }
    progress.advance(1)?;
    let of_bands = map_tasks(
        options.threads,
        bands,
        || Ok(()),
        |(), band| {
            let sorted = repeated(rows, Part::WHOLE, &skipped, |each| {
                hashes.visit_band(band, each);
                Ok(())
            });
            let sorted = certain(sorted);
            let mut key_of = |step, row| Ok(hashes.key((band + step) % bands, row));
            let mut pairs = Vec::new();
            certain(pairs_of_band(&sorted, &mut key_of, &mut pairs));
            progress.advance(1)?;
            Ok(pairs)
        },
    )?;
    let mut pairs = of_bands.concat();
    pairs.sort_unstable();
    pairs.dedup();
    Ok(Found { equal, pairs })
}

/// Rows whose sets a task makes.
const TASK_ROWS: usize = 1024;

/// The shingle sets of all rows that are compared with others, by themselves or as the one that all
/// of its digest are equal to.
pub(super) fn sets<T: Texts + ?Sized>(
    texts: &T,
    found: &Found,
    options: &Options<'_>,
    progress: &Progress,
) -> Result<ShingleSets> {
    let candidates = found.pairs.iter().flat_map(|pair| [pair.a, pair.b]);
    let equal = found.equal.iter().map(|pair| pair.a);
    let mut rows: Vec<Row> = candidates.chain(equal).collect();
    rows.sort_unstable();
    rows.dedup();
    progress.expect(rows.len() as u64);
    let tasks: Vec<&[Row]> = rows.chunks(TASK_ROWS).collect();
    let parameters = &options.parameters;
    let state = || {
        Ok((
            Shingler::new(parameters.ngram, parameters.seed)?,
            Vec::new(),
        ))
    };
    let blocks = map_tasks(options.threads, tasks.len(), state, |state, task| {
        let (shingler, set) = state;
        let mut sets = ShingleSets::default();
        for row in tasks[task] {
            shingler.set(texts.get(*row as usize).unwrap_or_default(), set);
            sets.push(*row, set);
        }
        progress.advance(tasks[task].len() as u64)?;
        Ok(sets)
    })?;
    let mut all = ShingleSets::default();
    for block in blocks {
        all.append(block);
    }
    Ok(all)
}

/// Pairs of a task, at least: whole components.
const TASK_PAIRS: usize = 4096;

pub(super) fn verify(
    found: &Found,
    sets: &ShingleSets,
    rows: usize,
    options: &Options<'_>,
) -> Result<Verified> {
    let mut hanging = UnionFind::new(rows);
    for pair in &found.pairs {
        hanging.join(pair.a, pair.b);
    }
    let mut placed: Vec<(Row, Pair)> = Vec::with_capacity(found.pairs.len());
    placed.extend(found.pairs.iter().map(|it| (hanging.root(it.a), *it)));
    placed.sort_unstable();
    let tasks = tasks(&placed);
    let done = map_tasks(
        options.threads,
        tasks.len(),
        || Ok(Vec::new()),
        |pairs, task| {
            let mut verified = Verified::default();
            for component in tasks[task].chunk_by(|a, b| a.0 == b.0) {
                pairs.clear();
                pairs.extend(component.iter().map(|(_, pair)| *pair));
                verified.append(verify_component(pairs, sets, options.threshold));
            }
            Ok(verified)
        },
    )?;
    let mut verified = Verified::default();
    for of_task in done {
        verified.append(of_task);
    }
    Ok(verified)
}

fn tasks(placed: &[(Row, Pair)]) -> Vec<&[(Row, Pair)]> {
    let mut tasks = Vec::new();
    let mut from = 0;
    let mut to = 0;
    for component in placed.chunk_by(|a, b| a.0 == b.0) {
        to += component.len();
        if to - from >= TASK_PAIRS {
            tasks.push(&placed[from..to]);
            from = to;
        }
    }
    tasks.push(&placed[from..]);
    tasks
}
