//! Stage 3: candidates are compared by their exact shingle sets, read again from the files.

use std::collections::HashSet;

use super::candidates::Found;
use super::pool::map_tasks;
use super::rows::{chosen, map_rows};
use super::spills::Spills;
use super::{Job, Progress};
use crate::candidate::Pair;
use crate::error::Result;
use crate::hash::text_of_line;
use crate::hasher::Parameters;
use crate::jaccard::Overlap;
use crate::shingle::Shingler;
use crate::spill::Row;
use crate::union_find::UnionFind;
use crate::verify::{
    ShingleSets, Verified, overlaps, verify_component, verify_each, verify_joining,
};

/// Bytes of a shingle set for a byte of its line, at most: one shingle of 8 bytes a character.
const SET_BYTES_PER_LINE_BYTE: u64 = 8;

pub(super) fn verify(
    job: &Job,
    spills: &Spills,
    found: &Found,
    progress: &Progress,
) -> Result<Verified> {
    progress.expect(found.pairs.len() as u64);
    let mut joined = UnionFind::new(spills.rows());
    let components = by_component(&found.pairs, spills.rows());
    let mut verified = Verified::default();
    for batch in batches(job, spills, &components)? {
        let pairs = &components[batch.pairs.clone()];
        let sets = read_sets(job, spills, &rows_of(pairs), progress)?;
        let done = verify_batch(job, (&batch, pairs), &sets, &mut joined)?;
        verified.append(done);
        progress.advance(pairs.len() as u64)?;
    }
    verified.edges.sort_unstable_by_key(|edge| edge.pair);
    Ok(verified)
}

/// How alike the rows of some pairs are, whatever the threshold.
pub(super) fn similarities(
    job: &Job,
    spills: &Spills,
    placed: &[Placed],
    progress: &Progress,
) -> Result<Vec<(Pair, Overlap)>> {
    let mut found = Vec::with_capacity(placed.len());
    for batch in batches(job, spills, placed)? {
        let placed = &placed[batch.pairs];
        let sets = read_sets(job, spills, &rows_of(placed), progress)?;
        let pairs: Vec<Pair> = placed.iter().map(|(_, pair)| *pair).collect();
        let overlaps = overlaps(&pairs, &sets);
        found.extend(pairs.into_iter().zip(overlaps));
    }
    Ok(found)
}

/// A pair and the smallest row that it hangs together with.
pub(super) type Placed = (Row, Pair);

/// The pairs, component after component.
fn by_component(pairs: &[Pair], rows: usize) -> Vec<Placed> {
    let mut hanging = UnionFind::new(rows);
    for pair in pairs {
        hanging.join(pair.a, pair.b);
    }
    let mut placed: Vec<Placed> = pairs
        .iter()
        .map(|pair| (hanging.root(pair.a), *pair))
        .collect();
    placed.sort_unstable();
    placed
}

/// Pairs that are verified together, by their places.
struct Batch {
    pairs: std::ops::Range<usize>,
    /// Part of one component that is too large for the memory.
    is_partial: bool,
}

/// Whole components while their sets fit the memory; a larger component by itself, in parts.
fn batches(job: &Job, spills: &Spills, placed: &[Placed]) -> Result<Vec<Batch>> {
    let costs = Costs::of(spills, placed)?;
    let room = job.memory / 4;
    let mut batches: Vec<Batch> = Vec::new();
    let mut used = 0;
    let mut from = 0;
    for component in placed.chunk_by(|a, b| a.0 == b.0) {
        let to = from + component.len();
        let cost = costs.of_rows(&rows_of(component));
        if cost > room {
            batches.extend(parts(component, from, &costs, room));
            used = u64::MAX;
        } else if used.saturating_add(cost) <= room && !batches.is_empty() {
            used += cost;
            if let Some(batch) = batches.last_mut() {
                batch.pairs.end = to;
            }
        } else {
            used = cost;
            batches.push(Batch {
                pairs: from..to,
                is_partial: false,
            });
        }
        from = to;
    }
    Ok(batches)
}

/// Parts of a component whose sets fit into `room`, or are those of one pair.
fn parts(component: &[Placed], base: usize, costs: &Costs, room: u64) -> Vec<Batch> {
    let mut parts: Vec<Batch> = Vec::new();
    let mut seen = HashSet::new();
    let mut used = 0;
    for (at, (_, pair)) in (base..).zip(component) {
        let rows = [pair.a, pair.b];
        let new = rows.iter().filter(|row| !seen.contains(*row));
        let cost: u64 = new.map(|row| costs.of_row(*row)).sum();
        if parts.is_empty() || used + cost > room {
            seen.clear();
            used = costs.of_rows(&rows);
            parts.push(Batch {
                pairs: at..at + 1,
                is_partial: true,
            });
        } else if let Some(part) = parts.last_mut() {
            used += cost;
            part.pairs.end = at + 1;
        }
        seen.extend(rows);
    }
    parts
}

/// Upper bounds of the memory that rows' shingle sets take, in bytes.
struct Costs {
    rows: Vec<Row>,
    costs: Vec<u64>,
}

impl Costs {
    fn of(spills: &Spills, placed: &[Placed]) -> Result<Self> {
        let rows = rows_of(placed);
        let mut costs = Vec::with_capacity(rows.len());
        for (at, entry) in spills.entries().iter().enumerate() {
            let chosen = chosen(&rows, entry.first, entry.rows);
            if chosen.is_empty() {
                continue;
            }
            let spans = spills.spans(at)?;
            costs.extend(chosen.iter().map(|row| {
                let bytes = spans[(row - entry.first) as usize].bytes;
                u64::from(bytes) * SET_BYTES_PER_LINE_BYTE
            }));
        }
        Ok(Self { rows, costs })
    }

    fn of_row(&self, row: Row) -> u64 {
        self.rows.binary_search(&row).map_or(0, |at| self.costs[at])
    }

    fn of_rows(&self, rows: &[Row]) -> u64 {
        rows.iter().map(|row| self.of_row(*row)).sum()
    }
}

/// The rows of some pairs, in order and each once.
fn rows_of(placed: &[Placed]) -> Vec<Row> {
    let mut rows: Vec<Row> = placed
        .iter()
        .flat_map(|(_, pair)| [pair.a, pair.b])
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Reads the shingle sets of rows (in order).
fn read_sets(job: &Job, spills: &Spills, rows: &[Row], progress: &Progress) -> Result<ShingleSets> {
    let state = || {
        let Parameters { ngram, seed, .. } = job.settings.parameters;
        let shingler = Shingler::new(ngram, seed)?;
        Ok((shingler, Vec::new(), String::new()))
    };
    let blocks = map_rows(job, spills, rows, progress, state, |state, lines| {
        let (shingler, set, room) = state;
        let mut sets = ShingleSets::default();
        for (row, line) in lines.iter() {
            // The row was read before; a file that has changed since gives an empty set.
            if let Ok(text) = text_of_line(line, &job.settings.text_key, true, room) {
                shingler.set(text, set);
                sets.push(row, set);
            }
        }
        Ok(sets)
    })?;
    let mut blocks = blocks.into_iter();
    let mut all = blocks.next().unwrap_or_default();
    blocks.for_each(|block| all.append(&block));
    Ok(all)
}

fn verify_batch(
    job: &Job,
    (batch, placed): (&Batch, &[Placed]),
    sets: &ShingleSets,
    joined: &mut UnionFind,
) -> Result<Verified> {
    let threshold = job.settings.threshold;
    if batch.is_partial && job.references == 0 {
        let pairs: Vec<Pair> = placed.iter().map(|(_, pair)| *pair).collect();
        return Ok(verify_joining(&pairs, sets, threshold, joined));
    }
    let shares = shares(placed, job.threads * SHARES_PER_THREAD);
    let done = map_tasks(
        job.threads,
        shares.len(),
        || Ok(Vec::new()),
        |pairs, share| {
            let mut verified = Verified::default();
            for component in shares[share].chunk_by(|a, b| a.0 == b.0) {
                pairs.clear();
                pairs.extend(component.iter().map(|(_, pair)| *pair));
                verified.append(if job.references == 0 {
                    verify_component(pairs, sets, threshold)
                } else {
                    verify_each(pairs, sets, threshold)
                });
            }
            Ok(verified)
        },
    )?;
    let mut verified = Verified::default();
    for share in done {
        verified.append(share);
    }
    Ok(verified)
}

/// Shares of the work for a thread: several, because components differ in size.
const SHARES_PER_THREAD: usize = 8;

/// Cuts pairs between components into about `count` pieces.
fn shares(placed: &[Placed], count: usize) -> Vec<&[Placed]> {
    let wanted = placed.len().div_ceil(count.max(1)).max(1);
    let mut shares = Vec::new();
    let mut rest = placed;
    while !rest.is_empty() {
        let at = wanted.min(rest.len());
        let last = rest[at - 1].0;
        let end = at + rest[at..].iter().take_while(|it| it.0 == last).count();
        let (share, after) = rest.split_at(end);
        shares.push(share);
        rest = after;
    }
    shares
}
