//! Rows that are like a reference, each with the reference that it is most like.

use super::Context;
use super::candidates::Found;
use super::decide::Chosen;
use super::groups::Removal;
use super::links::Shared;
use super::sorted::{Sorter, Table};
use super::verifying::Verified;
use crate::error::Result;
use crate::spill::Row;

/// Gives a removal for each row that is like a row below `references`.
pub(super) fn matches(
    context: Context<'_>,
    references: Row,
    (found, verified): (&Found, &Verified),
    chosen: &mut Chosen<'_>,
) -> Result<()> {
    let best = best_matches(context, verified)?;
    let mut copies = Sorter::new(context.scratch, "copies", context.job.sorter_room());
    let mut equal = found.equal.reader()?;
    while let Some((row, smallest)) = equal.next()? {
        if row >= references && smallest < references {
            chosen.remove(removal(row, (smallest, Shared::EQUAL)))?;
        } else if row >= references {
            copies.push((smallest, row))?;
        }
    }
    let copies = copies.finish()?;
    let mut copies = copies.reader()?;
    let mut copy = copies.next()?;
    let mut best = best.reader()?;
    while let Some((row, found)) = best.next()? {
        chosen.remove(removal(row, found))?;
        // A row that is equal to a smaller one was not compared itself.
        while let Some((smallest, equal)) = copy.filter(|(smallest, _)| *smallest <= row) {
            if smallest == row {
                chosen.remove(removal(equal, found))?;
            }
            copy = copies.next()?;
        }
    }
    Ok(())
}

fn removal(row: Row, (reference, shared): (Row, Shared)) -> Removal {
    Removal {
        row,
        survivor: reference,
        cluster: reference,
        link: reference,
        shared,
    }
}

/// Every row that was found like a reference, with the one that it is most like; of several the
/// first one.
fn best_matches(context: Context<'_>, verified: &Verified) -> Result<Table<(Row, (Row, Shared))>> {
    let room = context.job.sorter_room();
    let mut by_row = Sorter::new(context.scratch, "matches", room);
    let mut edges = verified.edges.reader()?;
    while let Some((pair, shared)) = edges.next()? {
        by_row.push((pair.b, (pair.a, shared)))?;
    }
    let mut best = Sorter::new(context.scratch, "best", room);
    let mut current: Option<(Row, (Row, Shared))> = None;
    by_row.drain(|(row, (reference, shared))| {
        match current {
            Some((of, (_, known))) if of == row && !shared.is_closer_than(known) => return Ok(()),
            Some(done) if done.0 != row => best.push(done)?,
            _ => {}
        }
        current = Some((row, (reference, shared)));
        Ok(())
    })?;
    best.extend(current)?;
    best.finish()
}
