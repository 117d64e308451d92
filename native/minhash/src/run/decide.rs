//! Stage 4: groups of duplicates, and which rows are removed on whose account.

use super::candidates::Found;
use super::keep::choose_survivors;
use super::spills::Spills;
use super::{Job, Mode, Progress};
use crate::bits::Bits;
use crate::error::Result;
use crate::group::{Group, Link, Links, Removal, groups, removals_of};
use crate::jaccard::Overlap;
use crate::spill::Row;
use crate::verify::Verified;

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
    let links = Links::of(&found.equal, &verified.edges);
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

/// Rows that are like a reference, each with the reference that it is most like. References have
/// the numbers below `references`.
fn matches(references: Row, links: &Links) -> Vec<Removal> {
    let best_of = |row: Row| {
        let known = links.from(row).filter(|link| link.to < references);
        known.reduce(|best, link| if is_closer(link, best) { link } else { best })
    };
    let mut removals = Vec::new();
    for of_row in links.by_row() {
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
