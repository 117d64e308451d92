//! Which texts of an index are like a text.

use std::cmp::Ordering;

use super::Index;
use super::folder::ShownPart;
use super::texts::SetHasher;
use crate::error::Result;
use crate::hasher::Parameters;
use crate::jaccard::{Overlap, Threshold, overlap_at_least};

/// Sets of a part that are compared for one query, and rows of one key that are looked at in a
/// band: where more share a key, those that share the most bands are compared.
const CANDIDATES_MAX: usize = 1024;

/// A text of the index that is like the text of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its id, a JSON value.
    pub id: String,
    /// What the two shingle sets have in common, counted exactly.
    pub overlap: Overlap,
}

/// What a query gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The most similar first; of equal ones that which was added first.
    pub found: Vec<Neighbour>,
    /// Whether more texts shared a key than are compared: there may be others.
    pub is_cut: bool,
}

/// What a query asks for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Least similarity. Below that of the settings the bands miss more than their curve says there.
    pub threshold: Threshold,
    /// Most neighbours.
    pub count: usize,
}

/// Queries of one thread; keeps its buffers.
#[derive(Debug)]
pub struct Querier {
    hasher: SetHasher,
    set: Vec<u64>,
    keys: Vec<u32>,
    /// Sets that may be equal to that of the query.
    equal: Vec<u32>,
    candidates: Vec<u32>,
    other: Vec<u64>,
}

/// A row that was found: how similar, the part and the row in it.
type Hit = (Overlap, usize, u32);

impl Querier {
    pub(super) fn new(parameters: &Parameters) -> Result<Self> {
        Ok(Self {
            hasher: SetHasher::new(parameters)?,
            set: Vec::new(),
            keys: Vec::new(),
            equal: Vec::new(),
            candidates: Vec::new(),
            other: Vec::new(),
        })
    }

    /// The texts of the index that are like `text`.
    ///
    /// # Errors
    ///
    /// `Corruption` where the index is damaged.
    pub fn query(&mut self, index: &Index, text: &str, limits: Limits) -> Result<Neighbours> {
        let (set, keys) = self.hasher.hash(text);
        self.set.clear();
        self.set.extend_from_slice(set);
        self.keys.clear();
        self.keys.extend(keys);
        if self.set.is_empty() {
            return Ok(Neighbours::default());
        }
        let mut hits = Vec::new();
        let mut is_cut = false;
        for (at, shown) in index.shown.parts.iter().enumerate() {
            is_cut |= self.find_candidates(shown)?;
            self.compare(shown, at, limits, &mut hits)?;
        }
        hits.sort_by(|a, b| closer(a.0, b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        hits.truncate(limits.count);
        let named = hits.into_iter().map(|(overlap, part, row)| {
            let id = index.shown.parts[part].part.id(row)?.to_owned();
            Ok(Neighbour { id, overlap })
        });
        let found = named.collect::<Result<_>>()?;
        Ok(Neighbours { found, is_cut })
    }

    /// Sets of a part that share a key, into `candidates`; whether there are more.
    fn find_candidates(&mut self, shown: &ShownPart) -> Result<bool> {
        self.candidates.clear();
        self.equal.clear();
        let mut is_cut = false;
        for (table, key) in self.keys.iter().enumerate() {
            let (sets, has_more) = shown.part.sets_of_key(table, *key, CANDIDATES_MAX)?;
            if table + 1 == self.keys.len() {
                self.equal.extend(sets);
            } else {
                self.candidates.extend(sets);
                is_cut |= has_more;
            }
        }
        self.candidates.sort_unstable();
        if self.candidates.len() > CANDIDATES_MAX {
            let runs = self.candidates.chunk_by(|a, b| a == b);
            let mut shares: Vec<(usize, u32)> = runs.map(|run| (run.len(), run[0])).collect();
            is_cut |= shares.len() > CANDIDATES_MAX;
            shares.sort_unstable_by_key(|(bands, set)| (std::cmp::Reverse(*bands), *set));
            shares.truncate(CANDIDATES_MAX);
            self.candidates.clear();
            self.candidates
                .extend(shares.into_iter().map(|(_, set)| set));
        }
        self.candidates.extend_from_slice(&self.equal);
        self.candidates.sort_unstable();
        self.candidates.dedup();
        Ok(is_cut)
    }

    /// Compares the candidates, and adds the rows of those that are similar enough.
    fn compare(
        &mut self,
        shown: &ShownPart,
        at: usize,
        limits: Limits,
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        for set in &self.candidates {
            self.other.clear();
            let shingles = shown.part.set(*set)?.iter();
            self.other
                .extend(shingles.map(|it| u64::from_le_bytes(*it)));
            let Some(overlap) = overlap_at_least(&self.set, &self.other, limits.threshold) else {
                continue;
            };
            let rows = shown
                .part
                .members(*set)?
                .iter()
                .map(|row| u32::from_le_bytes(*row));
            let kept = rows.filter(|row| !shown.removed.contains(*row));
            hits.extend(kept.take(limits.count).map(|row| (overlap, at, row)));
        }
        Ok(())
    }
}

/// The larger similarity first, compared exactly.
fn closer(a: Overlap, b: Overlap) -> Ordering {
    let part = |a: Overlap, b: Overlap| u128::from(a.intersection) * u128::from(b.union);
    part(b, a).cmp(&part(a, b))
}
