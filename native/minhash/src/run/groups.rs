//! Groups of duplicates, with the links that hang them together.

use super::Context;
use super::candidates::Found;
use super::links::Shared;
use super::sorted::{Sorter, Table};
use super::verifying::Verified;
use crate::bits::Bits;
use crate::error::Result;
use crate::group::Group;
use crate::spill::Row;
use crate::union_find::UnionFind;

/// A row that has a duplicate and does not survive: the row, the one that is kept in its place (or
/// would be, where all of the group are removed), the row that names the group, and the row next to
/// it on the way to the survivor, with what they share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Removal {
    pub(super) row: Row,
    pub(super) survivor: Row,
    pub(super) cluster: Row,
    pub(super) link: Row,
    pub(super) shared: Shared,
}

/// One direction of a link: its group, the two rows, and what they share.
pub(super) type Link = (Row, (Row, (Row, Shared)));

/// Both directions of every link, group after group, in the order of the rows.
pub(super) fn links_by_group(
    context: Context<'_>,
    rows: usize,
    (found, verified): (Found, Verified),
) -> Result<Table<Link>> {
    let mut joined = UnionFind::new(rows);
    let equal = |each: &mut dyn FnMut(Row, Row, Shared) -> Result<()>| {
        let mut equal = found.equal.reader()?;
        while let Some((row, smallest)) = equal.next()? {
            each(row, smallest, Shared::EQUAL)?;
        }
        let mut edges = verified.edges.reader()?;
        while let Some((pair, shared)) = edges.next()? {
            each(pair.a, pair.b, shared)?;
        }
        Ok(())
    };
    equal(&mut |one, other, _| {
        joined.join(one, other);
        Ok(())
    })?;
    let mut links = Sorter::new(context.scratch, "links", context.job.sorter_room());
    equal(&mut |one, other, shared| {
        let group = joined.root(one);
        links.push((group, (one, (other, shared))))?;
        links.push((group, (other, (one, shared))))
    })?;
    drop(joined);
    links.finish()
}

/// The group of these links.
pub(super) fn group_of(links: &[Link]) -> Group {
    let mut rows: Vec<Row> = links.iter().map(|(_, (row, _))| *row).collect();
    rows.dedup();
    Group {
        survivor: rows[0],
        rows,
    }
}

/// The rows that do not survive, each with the link that leads towards the survivor. Links are a
/// tree, so there is one way.
pub(super) fn removals_of(group: &Group, links: &[Link]) -> Vec<Removal> {
    let mut reached = vec![group.survivor];
    let mut removals: Vec<Removal> = Vec::with_capacity(group.rows.len() - 1);
    let mut seen = Bits::new(group.rows.len());
    let place = |row: Row| group.rows.binary_search(&row).unwrap_or(0);
    seen.insert(place(group.survivor));
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        next += 1;
        let first = links.partition_point(|(_, (row, _))| *row < from);
        for (_, (row, (to, shared))) in &links[first..] {
            if *row != from {
                break;
            }
            let at = place(*to);
            if seen.contains(at) {
                continue;
            }
            seen.insert(at);
            reached.push(*to);
            removals.push(Removal {
                row: *to,
                survivor: group.survivor,
                cluster: group.rows[0],
                link: from,
                shared: *shared,
            });
        }
    }
    removals
}
