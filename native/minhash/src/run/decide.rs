//! Stage 4: groups of duplicates, and which rows are removed on whose account.

use super::candidates::Found;
use super::groups::{Link, Removal, group_of, links_by_group, removals_of};
use super::keep::choose_survivors;
use super::matches::matches;
use super::sorted::{Chunks, Record, Sorter, Table};
use super::spills::Spills;
use super::verifying::Verified;
use super::{Context, Mode};
use crate::bits::Bits;
use crate::error::{Error, Result};
use crate::spill::Row;

/// What happens to every row.
pub(super) struct Decisions {
    /// In the order of their rows.
    pub(super) removals: Table<Removal>,
    /// How many rows have a duplicate and do not survive.
    pub(super) removed: u64,
    pub(super) groups: u64,
    /// Rows that are not written.
    pub(super) dropped: Bits,
}

pub(super) fn decide(
    context: Context<'_>,
    spills: &Spills,
    (found, verified): (Found, Verified),
) -> Result<Decisions> {
    let job = context.job;
    let mut chosen = Chosen {
        mode: job.mode,
        removals: Sorter::new(context.scratch, "removals", job.sorter_room()),
        groups: 0,
        dropped: Bits::new(spills.rows()),
    };
    if job.references > 0 {
        let references = spills.rows_of_files(job.references);
        matches(context, references, (&found, &verified), &mut chosen)?;
    } else {
        let links = links_by_group(context, spills.rows(), (found, verified))?;
        choose(context, spills, &links, &mut chosen)?;
    }
    let removals = chosen.removals.finish()?;
    Ok(Decisions {
        removed: removals.len(),
        removals,
        groups: chosen.groups,
        dropped: chosen.dropped,
    })
}

impl Decisions {
    /// Of rows that are dropped without a word on what they are like.
    pub(super) fn of_dropped(context: Context<'_>, dropped: Bits) -> Result<Self> {
        Ok(Self {
            removals: Sorter::new(context.scratch, "removals", 0).finish()?,
            removed: dropped.count() as u64,
            groups: 0,
            dropped,
        })
    }
}

/// Decisions as they are made.
pub(super) struct Chosen<'a> {
    mode: Mode,
    removals: Sorter<'a, Removal>,
    groups: u64,
    dropped: Bits,
}

impl Chosen<'_> {
    pub(super) fn remove(&mut self, removal: Removal) -> Result<()> {
        if self.mode != Mode::Annotate {
            self.dropped.insert(removal.row as usize);
        }
        self.removals.push(removal)
    }
}

/// Chooses survivors, as many groups at a time as fit the memory.
fn choose(
    context: Context<'_>,
    spills: &Spills,
    links: &Table<Link>,
    chosen: &mut Chosen<'_>,
) -> Result<()> {
    let room = context.job.sorter_room();
    let mut chunks = Chunks::of(links.reader()?, |link| link.0, (room, 4 * room));
    while chunks.next()? {
        if let Some(group) = chunks.cut.end() {
            return Err(too_large(context, links, group)?);
        }
        let of_groups: Vec<&[Link]> = chunks.records.chunk_by(|a, b| a.0 == b.0).collect();
        let mut groups: Vec<_> = of_groups.iter().map(|links| group_of(links)).collect();
        choose_survivors(context, spills, &mut groups)?;
        for (group, links) in groups.iter().zip(of_groups) {
            chosen.groups += 1;
            for removal in removals_of(group, links) {
                chosen.remove(removal)?;
            }
            if chosen.mode == Mode::DropAll {
                chosen.dropped.insert(group.survivor as usize);
            }
        }
    }
    Ok(())
}

/// A group is looked at as a whole.
fn too_large(context: Context<'_>, links: &Table<Link>, group: Row) -> Result<Error> {
    let mut reader = links.reader_after(|link| link.0 < group)?;
    let mut count = 0;
    while reader.next()?.is_some_and(|link| link.0 == group) {
        count += 1;
    }
    let needed = (count * size_of::<Link>() as u64 * 4).div_ceil(1 << 20);
    let what = format!("the memory for a group of {} duplicates", count / 2 + 1);
    let found = format!("{} MiB", context.job.memory >> 20);
    Ok(Error::invalid_argument(
        what,
        format!("at least {needed} MiB"),
        found,
    ))
}

impl Record for Removal {
    const BYTES: usize = 4 * Row::BYTES + super::links::Shared::BYTES;

    fn append_to(self, out: &mut Vec<u8>) {
        (
            (self.row, self.survivor),
            (self.cluster, (self.link, self.shared)),
        )
            .append_to(out);
    }

    fn take_from(bytes: &mut &[u8]) -> Option<Self> {
        let ((row, survivor), (cluster, (link, shared))) = Record::take_from(bytes)?;
        Some(Self {
            row,
            survivor,
            cluster,
            link,
            shared,
        })
    }
}
