//! Groups of duplicates, and the way from each of their rows to the survivor.

use crate::bits::Bits;
use crate::candidate::Pair;
use crate::jaccard::Overlap;
use crate::spill::Row;
use crate::union_find::UnionFind;
use crate::verify::Edge;

/// A group of duplicates.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its rows, at least two, in order; the first one names it.
    pub(crate) rows: Vec<Row>,
    /// The row that is kept.
    pub(crate) survivor: Row,
}

/// A row that has a duplicate and does not survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Removal {
    pub(crate) row: Row,
    /// The row that is kept in its place (or would be, where all of the group are removed).
    pub(crate) survivor: Row,
    /// The row that names the group.
    pub(crate) cluster: Row,
    /// What hangs it together with the survivor.
    pub(crate) link: Link,
}

/// Two rows that were found alike: the row at the other end, and what they share. Nothing is known
/// of the sets of rows with one digest but that they are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) to: Row,
    pub(crate) overlap: Option<Overlap>,
}

/// Both directions of every link, in order of the rows.
pub(crate) struct Links(Vec<(Row, Link)>);

impl Links {
    /// Those of rows with one digest, and of rows that were compared.
    pub(crate) fn of(equal: &[Pair], edges: &[Edge]) -> Self {
        let equal = equal.iter().map(|pair| (*pair, None));
        let alike = edges.iter().map(|edge| (edge.pair, Some(edge.overlap)));
        let mut links: Vec<(Row, Link)> = equal
            .chain(alike)
            .flat_map(|(pair, overlap)| {
                let (a, b) = (pair.a, pair.b);
                [(a, Link { to: b, overlap }), (b, Link { to: a, overlap })]
            })
            .collect();
        links.sort_unstable_by_key(|(row, link)| (*row, link.to));
        Self(links)
    }

    pub(crate) fn from(&self, row: Row) -> impl Iterator<Item = Link> + '_ {
        let first = self.0.partition_point(|(from, _)| *from < row);
        let rest = self.0.get(first..).unwrap_or_default();
        rest.iter()
            .take_while(move |(from, _)| *from == row)
            .map(|(_, link)| *link)
    }
}

/// The groups among `rows` rows.
pub(crate) fn groups(rows: usize, links: &Links) -> Vec<Group> {
    let mut joined = UnionFind::new(rows);
    for (row, link) in &links.0 {
        joined.join(*row, link.to);
    }
    let linked = links.0.iter().map(|(row, _)| *row);
    let mut rooted: Vec<(Row, Row)> = linked.map(|row| (joined.root(row), row)).collect();
    rooted.sort_unstable();
    rooted.dedup();
    rooted
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| Group {
            survivor: group[0].0,
            rows: group.iter().map(|(_, row)| *row).collect(),
        })
        .collect()
}

/// The rows that do not survive, each with the link that leads towards the survivor (breadth first,
/// smaller rows first).
pub(crate) fn removals_of(group: &Group, links: &Links) -> Vec<Removal> {
    let mut reached = vec![group.survivor];
    let mut removals: Vec<Removal> = Vec::with_capacity(group.rows.len() - 1);
    let mut seen = Bits::new(group.rows.len());
    let place = |row: &Row| group.rows.binary_search(row).unwrap_or(0);
    seen.insert(place(&group.survivor));
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        next += 1;
        for link in links.from(from) {
            let at = place(&link.to);
            if seen.contains(at) {
                continue;
            }
            seen.insert(at);
            reached.push(link.to);
            removals.push(Removal {
                row: link.to,
                survivor: group.survivor,
                cluster: group.rows[0],
                link: Link { to: from, ..link },
            });
        }
    }
    removals
}
