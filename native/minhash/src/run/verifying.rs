//! Stage 3: candidates are compared by their exact shingle sets, read again from the files.

use std::collections::HashSet;

use super::Context;
use super::candidates::Found;
use super::links::Shared;
use super::pool::map_tasks;
use super::rows::{chosen, map_rows};
use super::sorted::{Chunks, Cut, Sorter, Table};
use super::spills::Spills;
use crate::candidate::Pair;
use crate::error::Result;
use crate::hash::text_of_line;
use crate::hasher::Parameters;
use crate::jaccard::Overlap;
use crate::shingle::{Shingler, Unit};
use crate::spill::Row;
use crate::union_find::UnionFind;
use crate::verify::{
    ShingleSets, Verified as OfPairs, overlaps, verify_component, verify_each, verify_joining,
};

const EDGES_NAME: &str = "edges.table";

/// What is certain.
pub(super) struct Verified {
    /// Pairs at or above the threshold, a spanning forest of each component, in order.
    pub(super) edges: Table<(Pair, Shared)>,
    /// Pairs whose sets were compared.
    pub(super) compared: u64,
}

pub(super) fn verify(context: Context<'_>, spills: &Spills, found: &Found) -> Result<Verified> {
    let Context {
        job,
        scratch,
        digest,
        progress,
    } = context;
    progress.expect(found.pairs.len());
    let path = scratch.path(EDGES_NAME);
    if spills.is_any_stored()
        && let Some((edges, compared)) = Table::kept(&path, digest)
    {
        return Ok(Verified { edges, compared });
    }
    let mut sorter = Sorter::new(scratch, "edges", job.sorter_room());
    let mut compared = 0;
    let components = by_component(context, &found.pairs, spills.rows())?;
    let room = job.sorter_room() / 2;
    let mut chunks = Chunks::of(components.reader()?, |it| it.0, (room, 2 * room));
    let mut joined = None;
    while chunks.next()? {
        let placed = &chunks.records;
        for batch in batches(context, spills, placed, chunks.cut)? {
            let pairs = &placed[batch.pairs.clone()];
            let sets = read_sets(context, spills, &rows_of(pairs))?;
            let done = verify_batch(context, (&batch, pairs), &sets, || {
                joined.get_or_insert_with(|| UnionFind::new(spills.rows()))
            })?;
            compared += done.compared;
            let edges = done.edges.iter();
            sorter.extend(edges.map(|edge| (edge.pair, Shared::of(edge.overlap))))?;
            progress.advance(pairs.len() as u64)?;
        }
    }
    let mut edges = sorter.finish()?;
    if spills.is_any_stored() {
        edges.keep(&path, digest, compared)?;
    }
    Ok(Verified { edges, compared })
}

/// How alike the rows of some pairs are, whatever the threshold.
pub(super) fn similarities(
    context: Context<'_>,
    spills: &Spills,
    placed: &[Placed],
) -> Result<Vec<(Pair, Overlap)>> {
    let mut found = Vec::with_capacity(placed.len());
    for batch in batches(context, spills, placed, Cut::default())? {
        let placed = &placed[batch.pairs];
        let sets = read_sets(context, spills, &rows_of(placed))?;
        let pairs: Vec<Pair> = placed.iter().map(|(_, pair)| *pair).collect();
        let overlaps = overlaps(&pairs, &sets);
        found.extend(pairs.into_iter().zip(overlaps));
    }
    Ok(found)
}

/// A pair and the smallest row that it hangs together with.
pub(super) type Placed = (Row, Pair);

/// The pairs, component after component.
fn by_component(context: Context<'_>, pairs: &Table<Pair>, rows: usize) -> Result<Table<Placed>> {
    let mut hanging = UnionFind::new(rows);
    let mut reader = pairs.reader()?;
    while let Some(pair) = reader.next()? {
        hanging.join(pair.a, pair.b);
    }
    let mut placed = Sorter::new(context.scratch, "components", context.job.sorter_room());
    let mut reader = pairs.reader()?;
    while let Some(pair) = reader.next()? {
        placed.push((hanging.root(pair.a), pair))?;
    }
    placed.finish()
}

/// Pairs that are verified together, by their places.
struct Batch {
    pairs: std::ops::Range<usize>,
    /// Part of one component that is too large for the memory.
    is_partial: bool,
}

/// Whole components while their sets fit the memory; a larger component by itself, in parts.
fn batches(
    context: Context<'_>,
    spills: &Spills,
    placed: &[Placed],
    cut: Cut,
) -> Result<Vec<Batch>> {
    let job = context.job;
    let costs = Costs::of(spills, placed, job.settings.parameters.ngram.unit)?;
    let room = job.set_room();
    let mut batches: Vec<Batch> = Vec::new();
    let mut used = 0;
    let mut from = 0;
    for component in placed.chunk_by(|a, b| a.0 == b.0) {
        let to = from + component.len();
        let cost = costs.of_rows(&rows_of(component));
        if cost > room || cut.is_of(component[0].0) {
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
    /// A shingle has 8 bytes: one a character, or one a word, which has two bytes with what divides
    /// it from the next.
    fn of(spills: &Spills, placed: &[Placed], unit: Unit) -> Result<Self> {
        let per_byte = match unit {
            Unit::Word => 4,
            Unit::Char => 8,
        };
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
                u64::from(bytes) * per_byte
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
fn read_sets(context: Context<'_>, spills: &Spills, rows: &[Row]) -> Result<ShingleSets> {
    let job = context.job;
    let state = || {
        let Parameters { ngram, seed, .. } = job.settings.parameters;
        let shingler = Shingler::new(ngram, seed)?;
        Ok((shingler, Vec::new(), String::new()))
    };
    let key = job.settings.text_key.as_str();
    let blocks = map_rows(context, spills, (rows, &[key]), state, |state, lines| {
        let (shingler, set, room) = state;
        let mut sets = ShingleSets::default();
        for (row, line) in lines.iter() {
            // The row was read before; a file that has changed since gives an empty set.
            if let Ok(text) = text_of_line(line, key, true, room) {
                shingler.set(text, set);
                sets.push(row, set);
            }
        }
        Ok(sets)
    })?;
    let mut all = ShingleSets::default();
    for block in blocks {
        all.append(block);
    }
    Ok(all)
}

fn verify_batch<'a>(
    context: Context<'_>,
    (batch, placed): (&Batch, &[Placed]),
    sets: &ShingleSets,
    joined: impl FnOnce() -> &'a mut UnionFind,
) -> Result<OfPairs> {
    let job = context.job;
    let threshold = job.settings.threshold;
    if batch.is_partial && job.references == 0 {
        let pairs: Vec<Pair> = placed.iter().map(|(_, pair)| *pair).collect();
        return Ok(verify_joining(&pairs, sets, threshold, joined()));
    }
    let shares = shares(placed, job.threads * SHARES_PER_THREAD);
    let done = map_tasks(
        job.threads,
        shares.len(),
        || Ok(Vec::new()),
        |pairs, share| {
            let mut verified = OfPairs::default();
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
    let mut verified = OfPairs::default();
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
