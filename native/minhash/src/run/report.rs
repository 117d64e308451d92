//! The report: one JSON object for each row that has a duplicate and does not survive.
//!
//! `{"id":7,"file":"a.jsonl","offset":812,"survivor":{"id":3,"file":"a.jsonl","offset":0},
//! "similarity":0.92,"intersection":46,"union":50,"cluster":{"file":"a.jsonl","offset":0},
//! "link":{"file":"a.jsonl","offset":0,"similarity":0.92}}`

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::candidates::Found;
use super::decide::{Decisions, Removal};
use super::rows::{chosen, map_rows};
use super::spills::Spills;
use super::verifying::similarities;
use super::whole_file::WholeFile;
use super::{Job, Progress};
use crate::candidate::Pair;
use crate::error::Result;
use crate::hash::checked;
use crate::input::json::{Value, find_field};
use crate::jaccard::Overlap;
use crate::spill::Row;

#[derive(Serialize)]
struct Line<'a> {
    id: &'a serde_json::value::RawValue,
    #[serde(flatten)]
    place: Place<'a>,
    survivor: Identified<'a>,
    similarity: f64,
    intersection: u64,
    union: u64,
    cluster: Place<'a>,
    link: Linked<'a>,
}

#[derive(Serialize)]
struct Identified<'a> {
    id: &'a serde_json::value::RawValue,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Serialize)]
struct Linked<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    similarity: f64,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Place<'a> {
    file: &'a str,
    offset: u64,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.offset)
    }
}

pub(super) fn write(
    job: &Job,
    path: &Path,
    spills: &Spills,
    (found, decisions): (&Found, &Decisions),
    progress: &Progress,
) -> Result<()> {
    let removals = &decisions.removals;
    let compared = Compared::of(job, spills, found, removals, progress)?;
    let rows = rows_of(removals);
    let places = Places::of(job, spills, &rows)?;
    let ids = Ids::read(job, spills, &rows, progress)?;
    WholeFile::write(path, |out| {
        for removal in removals {
            let overlap = compared.overlap(removal.row, removal.survivor);
            let line = Line {
                id: ids.get(removal.row),
                place: places.get(removal.row),
                survivor: Identified {
                    id: ids.get(removal.survivor),
                    place: places.get(removal.survivor),
                },
                similarity: overlap.similarity(),
                intersection: overlap.intersection,
                union: overlap.union,
                cluster: places.get(removal.cluster),
                link: Linked {
                    place: places.get(removal.link.to),
                    similarity: removal.link.overlap.map_or(1.0, Overlap::similarity),
                },
            };
            serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })
}

fn rows_of(removals: &[Removal]) -> Vec<Row> {
    let named = |it: &Removal| [it.row, it.survivor, it.cluster, it.link.to];
    let mut rows: Vec<Row> = removals.iter().flat_map(named).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// How alike removed rows and their survivors are.
struct Compared<'a> {
    found: &'a Found,
    overlaps: Vec<(Pair, Overlap)>,
}

impl<'a> Compared<'a> {
    fn of(
        job: &Job,
        spills: &Spills,
        found: &'a Found,
        removals: &[Removal],
        progress: &Progress,
    ) -> Result<Self> {
        let pair =
            |it: &Removal| Pair::new(found.compared_for(it.row), found.compared_for(it.survivor));
        let mut pairs: Vec<(Row, Pair)> =
            removals.iter().map(|it| (it.cluster, pair(it))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut overlaps = similarities(job, spills, &pairs, progress)?;
        overlaps.sort_unstable_by_key(|(pair, _)| *pair);
        Ok(Self { found, overlaps })
    }

    fn overlap(&self, one: Row, other: Row) -> Overlap {
        let pair = Pair::new(self.found.compared_for(one), self.found.compared_for(other));
        let at = self.overlaps.binary_search_by_key(&pair, |(pair, _)| *pair);
        at.map_or(
            Overlap {
                intersection: 0,
                union: 0,
            },
            |at| self.overlaps[at].1,
        )
    }
}

/// Where rows lie.
pub(super) struct Places<'a> {
    job: &'a Job,
    rows: Vec<Row>,
    /// File and offset of each row.
    found: Vec<(usize, u64)>,
}

impl<'a> Places<'a> {
    pub(super) fn of(job: &'a Job, spills: &Spills, rows: &[Row]) -> Result<Self> {
        let mut found = Vec::with_capacity(rows.len());
        for (at, entry) in spills.entries().iter().enumerate() {
            let chosen = chosen(rows, entry.first, entry.rows);
            if !chosen.is_empty() {
                let spans = spills.spans(at)?;
                let place = |row: &Row| (entry.file, spans[(row - entry.first) as usize].offset);
                found.extend(chosen.iter().map(place));
            }
        }
        let rows = rows.to_vec();
        Ok(Self { job, rows, found })
    }

    pub(super) fn get(&self, row: Row) -> Place<'a> {
        let at = self.rows.binary_search(&row);
        let (file, offset) = at.map_or((0, 0), |at| self.found[at]);
        Place {
            file: &self.job.inputs[file].name,
            offset,
        }
    }
}

/// The user's own ids, as they stand in the rows.
struct Ids {
    rows: Vec<Row>,
    /// The value of each row's field.
    found: Vec<Box<serde_json::value::RawValue>>,
    none: Box<serde_json::value::RawValue>,
}

impl Ids {
    fn read(job: &Job, spills: &Spills, rows: &[Row], progress: &Progress) -> Result<Self> {
        let none = raw("null".to_owned());
        let Some(key) = &job.id_key else {
            let (rows, found) = (Vec::new(), Vec::new());
            return Ok(Self { rows, found, none });
        };
        let blocks = map_rows(
            job,
            spills,
            rows,
            progress,
            || Ok(()),
            |(), lines| {
                Ok(lines
                    .iter()
                    .map(|(_, line)| id_of(line, key))
                    .collect::<Vec<_>>())
            },
        )?;
        Ok(Self {
            rows: rows.to_vec(),
            found: blocks.into_iter().flatten().collect(),
            none,
        })
    }

    fn get(&self, row: Row) -> &serde_json::value::RawValue {
        let at = self.rows.binary_search(&row);
        at.ok()
            .and_then(|at| self.found.get(at))
            .unwrap_or(&self.none)
    }
}

fn id_of(line: &[u8], key: &str) -> Box<serde_json::value::RawValue> {
    let found = checked(line, true).and_then(|line| find_field(line, key));
    raw(match found {
        Ok(Some(Value::String(text, _))) => format!("\"{text}\""),
        Ok(Some(Value::Other(value))) => value.to_owned(),
        _ => "null".to_owned(),
    })
}

/// A JSON value that has been checked already.
fn raw(value: String) -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::from_string(value).unwrap_or_default()
}
