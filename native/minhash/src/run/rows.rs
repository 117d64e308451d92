//! Reading chosen rows a second time.

use std::ops::Range;
use std::sync::Mutex;

use super::Context;
use super::pool::{lock, on_threads, unlocked};
use super::spills::Spills;
use super::splits::{FilePart, Splits};
use crate::error::Result;
use crate::spill::{Row, Span};

/// The lines of some rows of one split.
pub(super) struct ChosenLines<'a> {
    rows: &'a [Row],
    /// Where their lines lie in `bytes`.
    places: Vec<Range<usize>>,
    bytes: &'a [u8],
}

impl<'a> ChosenLines<'a> {
    /// Each row and its line, in order. A file that has changed since gives empty lines.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Row, &'a [u8])> + '_ {
        let line = |place: &Range<usize>| self.bytes.get(place.clone()).unwrap_or_default();
        self.rows.iter().copied().zip(self.places.iter().map(line))
    }
}

/// Reads `rows` (in order) again, at least the fields of these names, and gives those of each split to `work`; the results are in the
/// order of the rows. `state` is made once a thread.
pub(super) fn map_rows<S, T: Send>(
    context: Context<'_>,
    spills: &Spills,
    (rows, names): (&[Row], &[&str]),
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, ChosenLines<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let Context { job, progress, .. } = context;
    let splits = Splits::new(job, parts_with(spills, rows));
    let results = Mutex::new(Vec::new());
    on_threads(job.threads, || {
        let mut state = state()?;
        let mut room = Vec::new();
        while let Some(task) = splits.next()? {
            progress.check()?;
            let Some(at) = spills.find(task.file, task.index) else {
                continue;
            };
            let entry = &spills.entries()[at];
            let rows = chosen(rows, entry.first, entry.rows);
            if rows.is_empty() {
                continue;
            }
            let spans = spills.spans(at)?;
            let span = |row: &Row| spans[(row - entry.first) as usize];
            let wanted: Vec<Span> = rows.iter().map(span).collect();
            let (bytes, places) = task.chosen_lines(&job.inputs, (&wanted, names), room)?;
            let chosen = ChosenLines {
                rows,
                places,
                bytes: &bytes,
            };
            let result = work(&mut state, chosen)?;
            let mut results = lock(&results);
            results.push((at, result));
            room = bytes;
        }
        Ok(())
    })?;
    let mut results = unlocked(results);
    results.sort_unstable_by_key(|(at, _)| *at);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// The files with some of `rows`, up to the last split that has one.
fn parts_with(spills: &Spills, rows: &[Row]) -> Vec<FilePart> {
    let mut parts: Vec<FilePart> = Vec::new();
    for entry in spills.entries() {
        if chosen(rows, entry.first, entry.rows).is_empty() {
            continue;
        }
        let end = entry.index + 1;
        match parts.last_mut() {
            Some(part) if part.file == entry.file => part.end = end,
            _ => parts.push(FilePart {
                file: entry.file,
                end,
                step: 1,
            }),
        }
    }
    parts
}

/// Those of `rows` (in order) that are among `count` from `first` on.
pub(super) fn chosen(rows: &[Row], first: Row, count: usize) -> &[Row] {
    let from = rows.partition_point(|row| *row < first);
    let to = rows.partition_point(|row| (*row as usize) < first as usize + count);
    &rows[from..to]
}
