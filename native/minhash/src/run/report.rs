//! The report: one JSON object for each row that has a duplicate and does not survive.

use std::io::Write;
use std::path::Path;

use serde_json::value::RawValue;

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
use crate::jaccard::Overlap;
use crate::output::report_line::{Identified, Place, ReportLine, id_of, raw};
use crate::settings::Method;
use crate::spill::Row;

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
    let named = |row| Identified {
        id: ids.get(row),
        place: places.get(row),
    };
    let mut lines = Vec::new();
    for removal in removals {
        let line = ReportLine {
            row: named(removal.row),
            survivor: named(removal.survivor),
            overlap: compared.overlap(removal),
            cluster: places.get(removal.cluster),
            link: (places.get(removal.link), removal.shared.overlap()),
        };
        // A vector takes all.
        let _ = line.write_to(&mut lines);
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
    /// Of pairs that are not among them.
    unknown: Overlap,
}

/// The text itself is all that is compared.
const SAME_TEXT: Overlap = Overlap {
    intersection: 1,
    union: 1,
};
/// Of rows that cannot be read again.
const CHANGED: Overlap = Overlap {
    intersection: 0,
    union: 0,
};

impl Compared {
    fn of(context: Context<'_>, spills: &Spills, removals: &[Removal]) -> Result<Self> {
        if context.job.settings.method == Method::Exact {
            return Ok(Self {
                overlaps: Vec::new(),
                unknown: SAME_TEXT,
            });
        }
        let unknown = removals.iter().filter(|it| it.overlap().is_none());
        let mut pairs: Vec<(Row, Pair)> = unknown.map(|it| (it.cluster, it.compared())).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut overlaps = similarities(context, spills, &pairs)?;
        overlaps.sort_unstable_by_key(|(pair, _)| *pair);
        Ok(Self {
            overlaps,
            unknown: CHANGED,
        })
    }

    fn overlap(&self, removal: &Removal) -> Overlap {
        let pair = removal.compared();
        let found = || {
            let at = self.overlaps.binary_search_by_key(&pair, |(pair, _)| *pair);
            at.ok().map(|at| self.overlaps[at].1)
        };
        removal.overlap().or_else(found).unwrap_or(self.unknown)
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
    found: Vec<Box<RawValue>>,
    none: Box<RawValue>,
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
            (rows, &[key]),
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

    fn get(&self, row: Row) -> &RawValue {
        let at = self.rows.binary_search(&row);
        at.ok()
            .and_then(|at| self.found.get(at))
            .unwrap_or(&self.none)
    }
}
