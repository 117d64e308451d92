//! Groups of duplicates, and which of their rows survive.

use super::candidates::Found;
use super::{Keep, Removal, Texts};
use crate::jaccard::{Overlap, overlap};
use crate::spill::Row;
use crate::survivor;
use crate::union_find::UnionFind;
use crate::verify::{ShingleSets, Verified};

/// The rows of each group, at least two, in order.
pub(super) fn of(rows: usize, found: &Found, verified: &Verified) -> Vec<Vec<Row>> {
    let mut joined = UnionFind::new(rows);
    let alike = verified.edges.iter().map(|edge| edge.pair);
    let mut linked = Vec::new();
    for pair in alike.chain(found.equal.iter().copied()) {
        joined.join(pair.a, pair.b);
        linked.extend([pair.a, pair.b]);
    }
    let mut rooted: Vec<(Row, Row)> = linked.iter().map(|row| (joined.root(*row), *row)).collect();
    rooted.sort_unstable();
    rooted.dedup();
    let groups = rooted.chunk_by(|a, b| a.0 == b.0);
    groups
        .map(|group| group.iter().map(|(_, row)| *row).collect())
        .collect()
}

pub(super) fn removals<T: Texts + ?Sized>(
    texts: &T,
    groups: &[Vec<Row>],
    found: &Found,
    sets: &ShingleSets,
    keep: Keep<'_>,
) -> Vec<Removal> {
    let mut removals = Vec::new();
    for group in groups {
        let survivor = survivor_of(texts, group, keep);
        let kept = found.compared_for(survivor);
        for row in group.iter().copied().filter(|row| *row != survivor) {
            let compared = found.compared_for(row);
            removals.push(Removal {
                row,
                survivor,
                cluster: group.first().copied().unwrap_or(survivor),
                overlap: overlap_of(sets, compared, kept),
            });
        }
    }
    removals.sort_unstable_by_key(|removal| removal.row);
    removals
}

fn overlap_of(sets: &ShingleSets, one: Row, other: Row) -> Overlap {
    let set = sets.get(one);
    let other = if one == other { set } else { sets.get(other) };
    overlap(set, other)
}

fn survivor_of<T: Texts + ?Sized>(texts: &T, group: &[Row], keep: Keep<'_>) -> Row {
    #[expect(
        clippy::cast_precision_loss,
        reason = "texts are shorter than 2^52 bytes"
    )]
    let value = |row: &Row| match keep {
        Keep::First => 0.0,
        Keep::Last => f64::from(*row),
        Keep::Longest => texts.get(*row as usize).unwrap_or_default().len() as f64,
        Keep::Best(values) => {
            let value = values.get(*row as usize).copied();
            value.filter(|it| !it.is_nan()).unwrap_or(f64::NEG_INFINITY)
        }
    };
    let valued: Vec<(Row, f64)> = group.iter().map(|row| (*row, value(row))).collect();
    survivor::of_values(&valued).unwrap_or_default()
}
