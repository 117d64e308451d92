//! Stage 2: equal rows, and pairs of rows that share a band key.

use std::sync::Mutex;

use super::Context;
use super::buckets::{Band, Buckets};
use super::pool::{lock, map_tasks, unlocked};
use super::sorted::{Sorter, Table};
use super::spills::Spills;
use crate::bits::Bits;
use crate::candidate::Pair;
use crate::candidate::bucket::{BYTES_PER_KEY_SEEN, Keys, Part, visit_repeated};
use crate::error::Result;
use crate::spill::Row;

const EQUAL_NAME: &str = "equal.table";
const PAIRS_NAME: &str = "pairs.table";

/// What may be duplicates.
pub(super) struct Found {
    /// Rows that are equal to a smaller one, each with the smallest, in the order of the former.
    pub(super) equal: Table<(Row, Row)>,
    /// Candidates, in order and each once.
    pub(super) pairs: Table<Pair>,
}

pub(super) fn find(context: Context<'_>, spills: &Spills) -> Result<Found> {
    let Context { job, progress, .. } = context;
    let bands = job.settings.bands();
    progress.expect(bands as u64 + 1);
    if let Some(found) = kept(context, spills) {
        return Ok(found);
    }
    let mut skipped = spills.wordless()?;
    let mut equal = equal_rows(context, spills, &mut skipped)?;
    progress.advance(1)?;
    let pairs = Sorter::new(context.scratch, "pairs", job.sorter_room());
    let pairs = Mutex::new(pairs);
    map_tasks(
        job.threads,
        bands,
        || Ok(()),
        |(), band| {
            pairs_of_band(context, spills, (band, &skipped), &pairs)?;
            progress.advance(1)
        },
    )?;
    let mut pairs = unlocked(pairs).finish()?;
    if spills.is_any_stored() {
        let Context {
            scratch, digest, ..
        } = context;
        equal.keep(&scratch.path(EQUAL_NAME), digest, 0)?;
        pairs.keep(&scratch.path(PAIRS_NAME), digest, 0)?;
    }
    Ok(Found { equal, pairs })
}

/// What an earlier run found.
fn kept(context: Context<'_>, spills: &Spills) -> Option<Found> {
    if !spills.is_any_stored() {
        return None;
    }
    let path = |name| context.scratch.path(name);
    let (equal, _) = Table::kept(&path(EQUAL_NAME), context.digest)?;
    let (pairs, _) = Table::kept(&path(PAIRS_NAME), context.digest)?;
    Some(Found { equal, pairs })
}

/// Finds equal rows, and adds those that are equal to a smaller one to `skipped`.
fn equal_rows(
    context: Context<'_>,
    spills: &Spills,
    skipped: &mut Bits,
) -> Result<Table<(Row, Row)>> {
    let room = context.job.sorter_room();
    let mut equal = Sorter::new(context.scratch, "equal", room);
    let bytes = context.job.bucket_room() * context.job.threads as u64;
    for part in parts(spills.rows(), bytes) {
        let mut digests = Sorter::new(context.scratch, "digests", room);
        visit_repeated(
            (spills.rows(), part, skipped),
            |each| spills.visit_digests(each),
            |digest, row| digests.push((digest, row)),
        )?;
        let mut first: Option<(u128, Row)> = None;
        digests.drain(|(digest, row)| match first {
            Some((known, smallest)) if known == digest => {
                skipped.insert(row as usize);
                equal.push((row, smallest))
            }
            _ => {
                first = Some((digest, row));
                Ok(())
            }
        })?;
    }
    equal.finish()
}

/// Parts of so many rows' keys, so that the tables of one part take at most `bytes`.
fn parts(rows: usize, bytes: u64) -> impl Iterator<Item = Part> {
    let count = (rows as u64 * BYTES_PER_KEY_SEEN as u64).div_ceil(bytes.max(1));
    let count = u32::try_from(count)
        .unwrap_or(PARTS_MAX)
        .clamp(1, PARTS_MAX);
    (0..count).map(move |index| Part { index, count })
}

/// More would read the keys more often than is reasonable.
const PARTS_MAX: u32 = 256;

fn pairs_of_band(
    context: Context<'_>,
    spills: &Spills,
    (band, skipped): (usize, &Bits),
    pairs: &Mutex<Sorter<'_, Pair>>,
) -> Result<()> {
    let job = context.job;
    // References have the smaller numbers; only pairs of a reference and a row count.
    let references = spills.rows_of_files(job.references);
    let is_wanted =
        |pair: &Pair| job.references == 0 || pair.a < references && pair.b >= references;
    let give = |found: &mut Vec<Pair>| {
        let mut pairs = lock(pairs);
        pairs.extend(found.drain(..).filter(is_wanted))
    };
    let room = job.sorter_room() / job.threads as u64;
    for part in parts(spills.rows(), job.bucket_room()) {
        // What the tables leave of their room is for the keys that they keep.
        let tables = spills.rows() as u64 * BYTES_PER_KEY_SEEN as u64 / u64::from(part.count);
        let room_of_keys = room + job.bucket_room().saturating_sub(tables);
        let mut keyed = Sorter::new(context.scratch, format!("band-{band}"), room_of_keys);
        let visit = |each: &mut dyn FnMut(Keys<'_, u64>)| spills.visit_band(band, each);
        visit_repeated((spills.rows(), part, skipped), visit, |key, row| {
            keyed.push((key, row))
        })?;
        let band = Band {
            context,
            spills,
            number: band,
            room,
        };
        let mut buckets = Buckets::new(&band, 0, &give);
        keyed.drain(|(key, row)| buckets.push(key, row))?;
        buckets.finish()?;
    }
    Ok(())
}
