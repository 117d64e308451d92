//! Stage 2: equal rows, and pairs of rows that share a band key.

use std::sync::Mutex;

use super::buckets::{Band, Buckets};
use super::pool::{lock, map_tasks, unlocked};
use super::sorted::{Record, Sorter, Table};
use super::spills::Spills;
use super::{Context, Job};
use crate::bits::Bits;
use crate::candidate::Pair;
use crate::candidate::bucket::{Key, Keys, Part, are_few, visit_repeated_of_few};
use crate::candidate::pieces::Counted;
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
    let at_a_time = bands_at_a_time(job, spills.rows());
    let bytes = job.key_room(at_a_time);
    map_tasks(
        at_a_time,
        bands,
        || Ok(Vec::new()),
        |room, band| {
            pairs_of_band(context, spills, (band, &skipped), (room, bytes), &pairs)?;
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

/// How many bands are looked at side by side: all threads have one, but where each would then have so
/// little memory that keys are read again and again.
fn bands_at_a_time(job: &Job, rows: usize) -> usize {
    let all = (rows * size_of::<(u64, Row)>()) as u64;
    let mut bands = job.threads;
    while bands > 1 && parts(all, job.key_room(bands)).count() > PARTS_BEST {
        bands = bands.div_ceil(2);
    }
    bands
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
    let keys = KeysOf {
        context,
        rows: spills.rows(),
        skipped,
        name: "digests".to_owned(),
        bytes: context.job.key_room(1),
        sorter: room,
    };
    let visit = |each: &mut dyn FnMut(Keys<'_, u128>)| spills.visit_digests(each);
    let mut first: Option<(u128, Row)> = None;
    keys.visit_repeated(&mut Vec::new(), visit, |digest, row| match first {
        Some((known, smallest)) if known == digest => equal.push((row, smallest)),
        _ => {
            first = Some((digest, row));
            Ok(())
        }
    })?;
    let equal = equal.finish()?;
    let mut copies = equal.reader()?;
    while let Some((row, _)) = copies.next()? {
        skipped.insert(row as usize);
    }
    Ok(equal)
}

/// Keys of all rows but some, as many at a time as fit the memory.
struct KeysOf<'a> {
    context: Context<'a>,
    rows: usize,
    skipped: &'a Bits,
    /// Its own in the scratch folder.
    name: String,
    /// For the keys that are in memory.
    bytes: u64,
    /// For a sorter, of keys that are not spread evenly.
    sorter: u64,
}

impl KeysOf<'_> {
    /// Gives the keys that may occur more than once, each with its row, in order. `room` is used
    /// again.
    fn visit_repeated<K: Key + Record + Default>(
        &self,
        room: &mut Vec<(K, Row)>,
        visit: impl Fn(&mut dyn FnMut(Keys<'_, K>)) -> Result<()>,
        mut each: impl FnMut(K, Row) -> Result<()>,
    ) -> Result<()> {
        let bytes_of = |keys: usize| keys as u64 * size_of::<(K, Row)>() as u64;
        if are_few(self.rows) && bytes_of(self.rows) <= self.bytes {
            return visit_repeated_of_few((self.rows, self.skipped), room, visit, each);
        }
        for part in parts(bytes_of(self.rows), self.bytes) {
            let counted = Counted::of(self.rows, part, self.skipped, &visit)?;
            if bytes_of(counted.keys()) <= self.bytes {
                counted.visit_repeated(room, &visit, &mut each)?;
                continue;
            }
            let mut sorter = Sorter::new(self.context.scratch, self.name.as_str(), self.sorter);
            counted.visit_all(&visit, |key, row| sorter.push((key, row)))?;
            sorter.drain(|(key, row)| each(key, row))?;
        }
        Ok(())
    }
}

/// Parts of `all` bytes that take at most `bytes` each, with something to spare: their lengths differ.
fn parts(all: u64, bytes: u64) -> impl Iterator<Item = Part> {
    let count = (all + all / 8).div_ceil(bytes.max(1));
    let count = u32::try_from(count)
        .unwrap_or(PARTS_MAX)
        .clamp(1, PARTS_MAX);
    (0..count).map(move |index| Part { index, count })
}

/// More are worth fewer threads.
const PARTS_BEST: usize = 8;
/// More would read the keys more often than is reasonable.
const PARTS_MAX: u32 = 256;

fn pairs_of_band(
    context: Context<'_>,
    spills: &Spills,
    (band, skipped): (usize, &Bits),
    (room, bytes): (&mut Vec<(u64, Row)>, u64),
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
    let sorter = job.sorter_room() / job.threads as u64;
    let keys = KeysOf {
        context,
        rows: spills.rows(),
        skipped,
        name: format!("band-{band}"),
        bytes,
        sorter,
    };
    let visit = |each: &mut dyn FnMut(Keys<'_, u64>)| spills.visit_band(band, each);
    let band = Band {
        context,
        spills,
        number: band,
        room: sorter,
    };
    let mut buckets = Buckets::new(&band, 0, &give);
    keys.visit_repeated(room, visit, |key, row| buckets.push(key, row))?;
    buckets.finish()
}
