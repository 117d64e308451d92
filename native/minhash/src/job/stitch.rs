//! Candidate pairs hang rows together; components go into bins that machines verify one by one.
//!
//! Output 0, the bins: for every bin and for the end its place `u64`; then for each bin its
//! [pairs](super::bucket) sealed, component after component. Output 1, the wanted rows: for every
//! task and for the end its place `u64`; then for each task 8 bytes a row, sealed: the row `u32` and
//! the bin `u32`, whose highest bit says that its shingles are not needed.

use serde::{Deserialize, Serialize};

use super::bucket::Pairs;
use super::host::{Host, Out, Piece, read_one};
use super::index::Index;
use super::sealed::seal;
use super::spec::{Spec, row};
use crate::candidate::Pair;
use crate::error::{Error, Result};
use crate::spill::Row;
use crate::union_find::UnionFind;

/// Bounds of the stage.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StitchLimits {
    /// Shingle sets of a bin, in bytes, as they are estimated; a larger component has its own bin.
    pub bin_bytes: u64,
    /// Bins at most: they grow to keep this.
    pub bins_max: u64,
    /// Candidate pairs that fit the memory.
    pub pairs_max: u64,
}

/// What hangs together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StitchSummary {
    /// Candidate pairs, each once.
    pub candidates: u64,
    /// Rows that are equal to an earlier one.
    pub equal: u64,
    /// Rows that are looked at again.
    pub rows: u64,
    /// Components of more than one row.
    pub components: u64,
    /// Bins.
    pub bins: usize,
    /// Rows of the largest component.
    pub largest: u64,
    /// Components that are larger than a bin.
    pub giants: u64,
}

/// Says that the rows are not compared themselves.
pub(super) const META_ONLY: u32 = 1 << 31;
/// Bytes that a row takes beside its shingles.
const ROW_BYTES: u64 = 64;
/// Bytes of shingles for a byte of text, about: a word has 6 letters and gives 8 bytes.
const SET_BYTES_PER_TEXT_BYTE: u64 = 2;

/// Source 0: the index; source 1 + n: output n of the bucket stage, of `lengths[n]` bytes.
///
/// # Errors
///
/// `InvalidArgument` for more pairs than fit; those of the host.
pub fn stitch(
    host: &dyn Host,
    spec: &Spec,
    lengths: &[u64],
    limits: StitchLimits,
) -> Result<StitchSummary> {
    let index = Index::read(host, 0, spec)?;
    let found = read_pairs(host, lengths, limits.pairs_max)?;
    let members = Members::of(&found, index.rows);
    let (bins, largest, giants) = members.pack(&index, limits);
    let count = bins.last().map_or(0, |(_, bin)| *bin as usize + 1);
    write_bins(host, &found, &members, &bins, count)?;
    let rows = write_wanted(host, &index, &found.equal, &members, &bins)?;
    Ok(StitchSummary {
        candidates: found.pairs.len() as u64,
        equal: found.equal.len() as u64,
        rows,
        components: bins.len() as u64,
        bins: count,
        largest,
        giants,
    })
}

fn read_pairs(host: &dyn Host, lengths: &[u64], pairs_max: u64) -> Result<Pairs> {
    let mut all = Pairs::default();
    for (at, length) in lengths.iter().enumerate() {
        let piece = Piece {
            source: 1 + at,
            offset: 0,
            length: *length,
        };
        let mut found = Pairs::read_from(&read_one(host, piece)?)?;
        all.equal.append(&mut found.equal);
        all.pairs.append(&mut found.pairs);
        let count = (all.equal.len() + all.pairs.len()) as u64;
        if count > pairs_max {
            let expected = format!("at most {pairs_max}");
            return Err(Error::invalid_argument("candidate pairs", expected, count));
        }
    }
    all.settle();
    Ok(all)
}

/// The rows of all components, component after component; the smallest row names it.
struct Members(Vec<(Row, Row)>);

impl Members {
    fn of(found: &Pairs, rows: usize) -> Self {
        let mut joined = UnionFind::new(rows);
        let all = || found.pairs.iter().chain(&found.equal);
        for pair in all() {
            joined.join(pair.a, pair.b);
        }
        let rows = all().flat_map(|pair| [pair.a, pair.b]);
        let mut members: Vec<(Row, Row)> = rows.map(|row| (joined.root(row), row)).collect();
        members.sort_unstable();
        members.dedup();
        Self(members)
    }

    /// The bin of every component, by its name and in order; rows of the largest; giants.
    fn pack(&self, index: &Index, limits: StitchLimits) -> (Vec<(Row, u32)>, u64, u64) {
        let cost_of = |row: Row| {
            let task = index.tasks.get(index.task_of(row));
            let text = task.map_or(0, |task| task.text_bytes / u64::from(task.rows.max(1)));
            text * SET_BYTES_PER_TEXT_BYTE + ROW_BYTES
        };
        let cost = |component: &[(Row, Row)]| component.iter().map(|it| cost_of(it.1)).sum::<u64>();
        let room = limits
            .bin_bytes
            .max(cost(&self.0) / limits.bins_max.max(1) * 2);
        let mut bins: Vec<(Row, u32)> = Vec::new();
        let (mut bin, mut used, mut largest, mut giants) = (0, 0, 0, 0);
        for component in self.0.chunk_by(|a, b| a.0 == b.0) {
            let cost = cost(component);
            if used > 0 && used + cost > room {
                bin += 1;
                used = 0;
            }
            used += cost;
            largest = largest.max(component.len() as u64);
            giants += u64::from(cost > room);
            bins.push((component[0].0, bin));
        }
        (bins, largest, giants)
    }

    /// The component of a row among `by_row`, which is in the order of the rows.
    fn by_row(&self) -> Vec<(Row, Row)> {
        let mut rows: Vec<(Row, Row)> = self.0.iter().map(|(root, row)| (*row, *root)).collect();
        rows.sort_unstable();
        rows
    }
}

fn bin_of(bins: &[(Row, u32)], root: Row) -> u32 {
    let at = bins.binary_search_by_key(&root, |(name, _)| *name);
    at.map_or(0, |at| bins[at].1)
}

/// The pairs with the names of their components, component after component.
fn placed(pairs: &[Pair], roots: &[(Row, Row)]) -> Vec<(Row, Pair)> {
    let root = |row: Row| {
        let at = roots.binary_search_by_key(&row, |(it, _)| *it);
        at.map_or(row, |at| roots[at].1)
    };
    let mut placed: Vec<(Row, Pair)> = pairs.iter().map(|pair| (root(pair.a), *pair)).collect();
    placed.sort_unstable();
    placed
}

fn write_bins(
    host: &dyn Host,
    found: &Pairs,
    members: &Members,
    bins: &[(Row, u32)],
    count: usize,
) -> Result<()> {
    let roots = members.by_row();
    let equal = placed(&found.equal, &roots);
    let pairs = placed(&found.pairs, &roots);
    // Bins are in the order of the components, so each is one range of either list.
    let slice = |list: &[(Row, Pair)], bin: usize| -> Vec<Pair> {
        let bin = row(bin);
        let from = list.partition_point(|(root, _)| bin_of(bins, *root) < bin);
        let to = list.partition_point(|(root, _)| bin_of(bins, *root) <= bin);
        let of_bin = list.get(from..to).unwrap_or_default();
        of_bin.iter().map(|(_, pair)| *pair).collect()
    };
    let of_bin = |bin| Pairs {
        equal: slice(&equal, bin),
        pairs: slice(&pairs, bin),
    };
    let length = |pairs: &Pairs| (8 * (pairs.equal.len() + pairs.pairs.len()) + 16 + 8) as u64;
    let lengths = (0..count).map(|bin| length(&of_bin(bin)));
    let mut out = Out::new(host, 0);
    out.put(&table(lengths))?;
    for bin in 0..count {
        let mut bytes = Vec::new();
        of_bin(bin).append_to(&mut bytes);
        out.put(&bytes)?;
    }
    out.finish()?;
    Ok(())
}

/// Places of parts of these lengths behind the table itself, and of the end.
pub(super) fn table(lengths: impl ExactSizeIterator<Item = u64>) -> Vec<u8> {
    let mut at = 8 * (lengths.len() as u64 + 1);
    let mut table = at.to_le_bytes().to_vec();
    for length in lengths {
        at += length;
        table.extend_from_slice(&at.to_le_bytes());
    }
    table
}

fn write_wanted(
    host: &dyn Host,
    index: &Index,
    equal: &[Pair],
    members: &Members,
    bins: &[(Row, u32)],
) -> Result<u64> {
    let mut later: Vec<Row> = equal.iter().map(|pair| pair.b).collect();
    later.sort_unstable();
    let rows = members.by_row();
    let of_task = |first: Row, count: u32| {
        let from = rows.partition_point(|(row, _)| *row < first);
        let to =
            rows.partition_point(|(row, _)| u64::from(*row) < u64::from(first) + u64::from(count));
        rows.get(from..to).unwrap_or_default()
    };
    let wanted = index.tasks.iter().map(|it| of_task(it.first, it.rows));
    let lengths: Vec<u64> = wanted
        .clone()
        .map(|rows| rows.len() as u64 * 8 + 8)
        .collect();
    let mut out = Out::new(host, 1);
    out.put(&table(lengths.into_iter()))?;
    for rows in wanted {
        let mut bytes = Vec::with_capacity(rows.len() * 8 + 8);
        for (row, root) in rows {
            let is_meta_only = later.binary_search(row).is_ok();
            let bin = bin_of(bins, *root) | if is_meta_only { META_ONLY } else { 0 };
            bytes.extend_from_slice(&row.to_le_bytes());
            bytes.extend_from_slice(&bin.to_le_bytes());
        }
        seal(&mut bytes, 0);
        out.put(&bytes)?;
    }
    out.finish()?;
    Ok(rows.len() as u64)
}
