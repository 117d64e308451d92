//! The report: one JSON object for each row that has a duplicate and does not survive.
//!
//! `{"id":7,"file":"a.jsonl","offset":812,"survivor":{"id":3,"file":"a.jsonl","offset":0},
//! "similarity":0.92,"intersection":46,"union":50,"cluster":{"file":"a.jsonl","offset":0},
//! "link":{"file":"a.jsonl","offset":0,"similarity":0.92}}`

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::decide::Decisions;
use super::groups::Removal;
use super::rows::{chosen, map_rows};
use super::sorted::Chunks;
use super::spills::Spills;
use super::verifying::similarities;
use super::whole_file::WholeFile;
use super::{Context, Job};
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
struct Place<'a> {
    file: &'a str,
    offset: u64,
}

/// How much more memory a removal takes here than in its table.
const TIMES_REMOVAL: u64 = 16;

pub(super) fn write(
    context: Context<'_>,
    path: &Path,
    spills: &Spills,
    decisions: &Decisions,
) -> Result<()> {
    let whole = WholeFile::at(path);
    let mut file = whole.create()?;
    let room = context.job.set_room() / TIMES_REMOVAL;
    let mut chunks = Chunks::of(decisions.removals.reader()?, |it| it.row, (room, room));
    while chunks.next()? {
        let lines = lines_of(context, spills, &chunks.records)?;
        let written = file.write_all(&lines);
        written.map_err(|error| whole.failed("write", error))?;
    }
    whole.publish(&file)
}

fn lines_of(context: Context<'_>, spills: &Spills, removals: &[Removal]) -> Result<Vec<u8>> {
    let compared = Compared::of(context, spills, removals)?;
    let rows = rows_of(removals);
    let places = Places::of(context.job, spills, &rows)?;
    let ids = Ids::read(context, spills, &rows)?;
    let mut lines = Vec::new();
    for removal in removals {
        let overlap = compared.overlap(removal);
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
                place: places.get(removal.link),
                similarity: removal.shared.similarity(),
            },
        };
        // A vector takes all, and the line is made of what JSON has.
        let _ = serde_json::to_writer(&mut lines, &line);
        lines.push(b'\n');
    }
    Ok(lines)
}

fn rows_of(removals: &[Removal]) -> Vec<Row> {
    let named = |it: &Removal| [it.row, it.survivor, it.cluster, it.link];
    let mut rows: Vec<Row> = removals.iter().flat_map(named).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// How alike removed rows and their survivors are.
struct Compared {
    overlaps: Vec<(Pair, Overlap)>,
}

impl Compared {
    fn of(context: Context<'_>, spills: &Spills, removals: &[Removal]) -> Result<Self> {
        let unknown = removals.iter().filter(|it| it.overlap().is_none());
        let mut pairs: Vec<(Row, Pair)> = unknown.map(|it| (it.cluster, it.compared())).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut overlaps = similarities(context, spills, &pairs)?;
        overlaps.sort_unstable_by_key(|(pair, _)| *pair);
        Ok(Self { overlaps })
    }

    fn overlap(&self, removal: &Removal) -> Overlap {
        let pair = removal.compared();
        let found = || {
            let at = self.overlaps.binary_search_by_key(&pair, |(pair, _)| *pair);
            at.ok().map(|at| self.overlaps[at].1)
        };
        removal.overlap().or_else(found).unwrap_or(Overlap {
            intersection: 0,
            union: 0,
        })
    }
}

impl Removal {
    /// The rows that are compared to tell how alike row and survivor are. A row that is equal to
    /// the next one has the same shingles.
    fn compared(&self) -> Pair {
        let row = if self.shared.is_equal() {
            self.link
        } else {
            self.row
        };
        Pair::new(row, self.survivor)
    }

    /// What row and survivor share, where they were compared.
    fn overlap(&self) -> Option<Overlap> {
        self.shared.overlap().filter(|_| self.link == self.survivor)
    }
}

/// Where rows lie.
struct Places<'a> {
    job: &'a Job,
    rows: Vec<Row>,
    /// File and offset of each row.
    found: Vec<(usize, u64)>,
}

impl<'a> Places<'a> {
    fn of(job: &'a Job, spills: &Spills, rows: &[Row]) -> Result<Self> {
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

    fn get(&self, row: Row) -> Place<'a> {
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
    fn read(context: Context<'_>, spills: &Spills, rows: &[Row]) -> Result<Self> {
        let none = raw("null".to_owned());
        let Some(key) = &context.job.id_key else {
            let (rows, found) = (Vec::new(), Vec::new());
            return Ok(Self { rows, found, none });
        };
        let blocks = map_rows(
            context,
            spills,
            rows,
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
