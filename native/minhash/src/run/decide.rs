//! Stage 4: groups of duplicates, and which rows are removed on whose account.

use super::candidates::Found;
use super::keep::choose_survivors;
use super::spills::Spills;
use super::{Job, Mode, Progress};
use crate::bits::Bits;
use crate::error::Result;
use crate::jaccard::Overlap;
use crate::spill::Row;
use crate::union_find::UnionFind;
use crate::verify::Verified;

/// A group of duplicates.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Its rows, at least two, in order; the first one names it.
    pub(super) rows: Vec<Row>,
    /// The row that is kept.
    pub(super) survivor: Row,
}

/// A row that has a duplicate and does not survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Removal {
    pub(super) row: Row,
    /// The row that is kept in its place (or would be, where all of the group are removed).
    pub(super) survivor: Row,
    /// The row that names the group.
    pub(super) cluster: Row,
    /// What hangs it together with the survivor.
    pub(super) link: Link,
}

/// Two rows that were found alike: the row at the other end, and what they share. Nothing is known
/// of the sets of rows with one digest but that they are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) to: Row,
    pub(super) overlap: Option<Overlap>,
}

/// What happens to every row.
pub(super) struct Decisions {
    /// In the order of their rows.
    pub(super) removals: Vec<Removal>,
    pub(super) groups: Vec<Group>,
    /// Rows that are not written.
    pub(super) dropped: Bits,
}

pub(super) fn decide(
    job: &Job,
    spills: &Spills,
    (found, verified): (&Found, &Verified),
    progress: &Progress,
) -> Result<Decisions> {
    let links = Links::of(found, verified);
    let references = spills.rows_of_files(job.references);
    let mut groups = groups(spills.rows(), &links);
    let mut removals = Vec::new();
    if job.references > 0 {
        removals.extend(matches(references, &links));
        groups.clear();
    } else {
        choose_survivors(job, spills, &mut groups, progress)?;
        for group in &groups {
            removals.extend(removals_of(group, &links));
        }
    }
    removals.sort_unstable_by_key(|removal| removal.row);
    let mut dropped = Bits::new(spills.rows());
    if job.mode != Mode::Annotate {
        for removal in &removals {
            dropped.insert(removal.row as usize);
        }
    }
    if job.mode == Mode::DropAll {
        for group in &groups {
            dropped.insert(group.survivor as usize);
        }
    }
    Ok(Decisions {
        removals,
        groups,
        dropped,
    })
}

/// Both directions of every link, in order of the rows.
struct Links(Vec<(Row, Link)>);

impl Links {
    fn of(found: &Found, verified: &Verified) -> Self {
        let equal = found.equal.iter().map(|pair| (*pair, None));
        let alike = verified.edges.iter();
        let alike = alike.map(|edge| (edge.pair, Some(edge.overlap)));
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

    fn from(&self, row: Row) -> impl Iterator<Item = Link> + '_ {
        let first = self.0.partition_point(|(from, _)| *from < row);
        let rest = self.0.get(first..).unwrap_or_default();
        rest.iter()
            .take_while(move |(from, _)| *from == row)
            .map(|(_, link)| *link)
    }
}

fn groups(rows: usize, links: &Links) -> Vec<Group> {
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
fn removals_of(group: &Group, links: &Links) -> Vec<Removal> {
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

/// Rows that are like a reference, each with the reference that it is most like. References have
/// the numbers below `references`.
fn matches(references: Row, links: &Links) -> Vec<Removal> {
    let best_of = |row: Row| {
        let known = links.from(row).filter(|link| link.to < references);
        known.reduce(|best, link| if is_closer(link, best) { link } else { best })
    };
    let mut removals = Vec::new();
    for of_row in links.0.chunk_by(|a, b| a.0 == b.0) {
        let row = of_row[0].0;
        if row < references {
            continue;
        }
        // A row that is equal to a smaller one was not compared itself.
        let equal = of_row.iter().map(|(_, link)| link);
        let mut equal = equal.filter(|link| link.overlap.is_none() && link.to < row);
        let best = best_of(row).or_else(|| equal.next().and_then(|link| best_of(link.to)));
        removals.extend(best.map(|link| Removal {
            row,
            survivor: link.to,
            cluster: link.to,
            link,
        }));
    }
    removals
}

fn is_closer(link: Link, best: Link) -> bool {
    let part =
        |overlap: Overlap, of: Overlap| u128::from(overlap.intersection) * u128::from(of.union);
    match (link.overlap, best.overlap) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(other)) => part(one, other) > part(other, one),
    }
}
