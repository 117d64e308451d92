//! Exact Jaccard on candidates.
//!
//! Candidates that hang together are verified together, in the order of their rows: a pair whose
//! rows are already joined by verified pairs cannot change the components and is not looked at. The
//! result depends on the pairs alone, not on how they were divided into batches or threads.

use crate::candidate::Pair;
use crate::jaccard::{Overlap, Threshold, overlap, overlap_at_least};
use crate::spill::Row;
use crate::union_find::UnionFind;

/// A pair that is similar enough, and how similar it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The two rows.
    pub pair: Pair,
    /// What their shingle sets have in common.
    pub overlap: Overlap,
}

/// The shingle sets of some rows, each sorted and without repetitions.
#[derive(Debug, Default)]
pub struct ShingleSets {
    blocks: Vec<Block>,
}

/// The sets of some rows, in order.
#[derive(Debug, Default)]
struct Block {
    rows: Vec<Row>,
    ends: Vec<usize>,
    shingles: Vec<u64>,
}

impl ShingleSets {
    /// Adds a set; rows come in order.
    pub fn push(&mut self, row: Row, set: &[u64]) {
        if self.blocks.is_empty() {
            self.blocks.push(Block::default());
        }
        if let Some(block) = self.blocks.last_mut() {
            block.rows.push(row);
            block.shingles.extend_from_slice(set);
            block.ends.push(block.shingles.len());
        }
    }

    /// Adds sets of rows that come after all that are here.
    pub fn append(&mut self, mut later: Self) {
        self.blocks.append(&mut later.blocks);
    }

    /// The set of a row; empty where the row is not here.
    #[must_use]
    pub fn get(&self, row: Row) -> &[u64] {
        let next = self.blocks.partition_point(|block| block.rows[0] <= row);
        let block = next.checked_sub(1).map(|at| &self.blocks[at]);
        block.map_or(&[], |block| block.get(row))
    }
}

impl Block {
    fn get(&self, row: Row) -> &[u64] {
        let Ok(at) = self.rows.binary_search(&row) else {
            return &[];
        };
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.shingles[from..self.ends[at]]
    }
}

/// What the verification of some pairs gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Pairs at or above the threshold, a spanning forest of each component, in order.
    pub edges: Vec<Edge>,
    /// Pairs whose sets were compared.
    pub compared: u64,
}

impl Verified {
    /// Adds what came of later pairs.
    pub fn append(&mut self, mut later: Self) {
        self.edges.append(&mut later.edges);
        self.compared += later.compared;
    }
}

/// Verifies pairs (in order) one after the other; `joined` holds what was verified before.
pub fn verify_joining(
    pairs: &[Pair],
    sets: &ShingleSets,
    threshold: Threshold,
    joined: &mut UnionFind,
) -> Verified {
    verify_placed(pairs, sets, threshold, joined, |row| row)
}

/// Verifies the pairs (in order) of one component of candidates, by itself.
#[must_use]
pub fn verify_component(pairs: &[Pair], sets: &ShingleSets, threshold: Threshold) -> Verified {
    let mut rows: Vec<Row> = pairs.iter().flat_map(|pair| [pair.a, pair.b]).collect();
    rows.sort_unstable();
    rows.dedup();
    #[expect(clippy::cast_possible_truncation, reason = "at most as many as rows")]
    let place = |row: Row| rows.binary_search(&row).unwrap_or(0) as Row;
    verify_placed(
        pairs,
        sets,
        threshold,
        &mut UnionFind::new(rows.len()),
        place,
    )
}

/// `place`: where a row stands in `joined`.
fn verify_placed(
    pairs: &[Pair],
    sets: &ShingleSets,
    threshold: Threshold,
    joined: &mut UnionFind,
    place: impl Fn(Row) -> Row,
) -> Verified {
    let mut verified = Verified::default();
    for pair in pairs {
        let (a, b) = (place(pair.a), place(pair.b));
        if joined.root(a) == joined.root(b) {
            continue;
        }
        verified.compared += 1;
        let found = overlap_at_least(sets.get(pair.a), sets.get(pair.b), threshold);
        if let Some(overlap) = found {
            joined.join(a, b);
            let pair = *pair;
            verified.edges.push(Edge { pair, overlap });
        }
    }
    verified
}

/// Verifies every pair by itself, also those of rows that are joined already: for the best match of
/// a row, not for components.
#[must_use]
pub fn verify_each(pairs: &[Pair], sets: &ShingleSets, threshold: Threshold) -> Verified {
    let edge = |pair: &Pair| {
        let found = overlap_at_least(sets.get(pair.a), sets.get(pair.b), threshold);
        found.map(|overlap| Edge {
            pair: *pair,
            overlap,
        })
    };
    Verified {
        edges: pairs.iter().filter_map(edge).collect(),
        compared: pairs.len() as u64,
    }
}

/// How similar the rows of each pair are, whatever the threshold.
#[must_use]
pub fn overlaps(pairs: &[Pair], sets: &ShingleSets) -> Vec<Overlap> {
    pairs
        .iter()
        .map(|pair| overlap(sets.get(pair.a), sets.get(pair.b)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eight_tenths() -> Threshold {
        Threshold::new(8, 10).expect("in range")
    }

    proptest! {
        #[test]
        fn components_are_those_of_all_pairs_at_the_threshold(
            raw in prop::collection::vec(prop::collection::btree_set(0_u64..8, 0..8), 2..20),
        ) {
            let mut sets = ShingleSets::default();
            for (row, set) in (0..).zip(&raw) {
                sets.push(row, &set.iter().copied().collect::<Vec<_>>());
            }
            let count = Row::try_from(raw.len()).expect("few");
            let pairs: Vec<Pair> = (0..count)
                .flat_map(|a| (a + 1..count).map(move |b| Pair { a, b }))
                .collect();
            let mut naive = UnionFind::new(raw.len());
            for pair in &pairs {
                let (a, b) = (&raw[pair.a as usize], &raw[pair.b as usize]);
                if !a.is_empty() && a.intersection(b).count() * 10 >= a.union(b).count() * 8 {
                    naive.join(pair.a, pair.b);
                }
            }
            let verified = verify_component(&pairs, &sets, eight_tenths());
            let mut joined = UnionFind::new(raw.len());
            prop_assert_eq!(&verified, &verify_joining(&pairs, &sets, eight_tenths(), &mut joined));
            for row in 0..count {
                prop_assert_eq!(joined.root(row), naive.root(row));
            }
        }
    }
}
