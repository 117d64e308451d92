//! One bin: its pairs are compared exactly, and its groups decided.
//!
//! Rows are numbered in the bin from 0 on, in their order, so that all is as in a run on one machine
//! and memory grows with the bin only. A bin of one component that is too large for the memory is
//! compared in parts, each with the sets of its rows; what is joined already stays joined.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::value::RawValue;

use super::bucket::Pairs;
use super::decision::{DROPPED, Decision, REMOVED};
use super::host::{Host, Out, Piece, read_each, read_one};
use super::index::Index;
use super::sealed::{damaged, seal};
use super::shelf::{Meta, Shelf};
use super::shingle::{part_of_cell, read_part};
use super::spec::{Spec, row};
use super::stitch::table;
use crate::candidate::Pair;
use crate::error::Result;
use crate::group::{Group, Links, Removal, groups, removals_of};
use crate::jaccard::Overlap;
use crate::output::report_line::{Identified, Place, ReportLine, raw};
use crate::run::Mode;
use crate::spill::Row;
use crate::survivor::{self, Keep};
use crate::union_find::UnionFind;
use crate::verify::{Verified, overlaps, verify_joining};

/// What the comparison of a bin gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifySummary {
    /// Rows of the bin.
    pub rows: u64,
    /// Pairs whose shingle sets were compared.
    pub compared: u64,
    /// Groups of duplicates.
    pub groups: u64,
    /// Rows that have a duplicate and do not survive.
    pub duplicates: u64,
    /// Parts in which the bin was compared.
    pub parts: u64,
}

/// Source 0: the index; 1: the bins; 2 + n: the sets of task n. Output 0: decisions. `memory`: bytes
/// of sets that are held at once.
///
/// # Errors
///
/// `Corruption` where the work of an earlier stage is damaged; those of the host.
pub fn verify(host: &dyn Host, spec: &Spec, bin: usize, memory: u64) -> Result<VerifySummary> {
    let index = Index::read(host, 0, spec)?;
    let found = Pairs::read_from(&read_one(host, read_part(host, 1, bin)?)?)?;
    let shelf = Shelf::open(host, &pieces_of(host, &index, &found, bin)?, memory)?;
    let bin = Bin::new(spec, &index, shelf, &found, memory)?;
    let (verified, parts) = bin.verify()?;
    let links = Links::of(&bin.equal, &verified.edges);
    let mut groups = groups(bin.shelf.metas.len(), &links);
    bin.choose_survivors(&mut groups);
    let mut removals: Vec<Removal> = Vec::new();
    for group in &groups {
        removals.extend(removals_of(group, &links));
    }
    removals.sort_unstable_by_key(|removal| removal.row);
    bin.write(host, &removals, &groups)?;
    Ok(VerifySummary {
        rows: bin.shelf.metas.len() as u64,
        compared: verified.compared,
        groups: groups.len() as u64,
        duplicates: removals.len() as u64,
        parts,
    })
}

/// Where the bin's rows lie: a part of the object of every task that has some of them.
fn pieces_of(host: &dyn Host, index: &Index, found: &Pairs, bin: usize) -> Result<Vec<Piece>> {
    let pairs = found.pairs.iter().chain(&found.equal);
    let mut tasks: Vec<usize> = pairs
        .flat_map(|pair| [index.task_of(pair.a), index.task_of(pair.b)])
        .collect();
    tasks.sort_unstable();
    tasks.dedup();
    let cell = |task: &usize| Piece {
        source: 2 + task,
        offset: 8 * bin as u64,
        length: 16,
    };
    let cells: Vec<Piece> = tasks.iter().map(cell).collect();
    let mut pieces = Vec::with_capacity(cells.len());
    read_each(host, &cells, |at, bytes| {
        pieces.push(part_of_cell(cells[at].source, &bytes)?);
        Ok(())
    })?;
    Ok(pieces)
}

struct Bin<'a> {
    spec: &'a Spec,
    index: &'a Index,
    shelf: Shelf<'a>,
    /// Of equal rows, in the order of the latter; rows are numbered in the bin.
    equal: Vec<Pair>,
    /// Candidates, component after component.
    pairs: Vec<Pair>,
    memory: u64,
}

impl<'a> Bin<'a> {
    fn new(
        spec: &'a Spec,
        index: &'a Index,
        shelf: Shelf<'a>,
        found: &Pairs,
        memory: u64,
    ) -> Result<Self> {
        let place = |of: Row| {
            let at = shelf.metas.binary_search_by_key(&of, |meta| meta.row);
            at.map(row).map_err(|_| damaged("the rows of a bin"))
        };
        let local = |pairs: &[Pair]| -> Result<Vec<Pair>> {
            let local = |pair: &Pair| Ok(Pair::new(place(pair.a)?, place(pair.b)?));
            pairs.iter().map(local).collect()
        };
        let mut equal = local(&found.equal)?;
        equal.sort_unstable_by_key(|pair| pair.b);
        let pairs = local(&found.pairs)?;
        Ok(Self {
            spec,
            index,
            shelf,
            equal,
            pairs,
            memory,
        })
    }

    /// Ranges of `pairs` whose sets fit the memory, or are those of one pair.
    fn batches(&self, pairs: &[Pair]) -> Vec<std::ops::Range<usize>> {
        let mut batches: Vec<std::ops::Range<usize>> = Vec::new();
        let mut seen = HashSet::new();
        let mut used = 0;
        for (at, pair) in pairs.iter().enumerate() {
            let cost = |seen: &HashSet<Row>| -> u64 {
                let new = [pair.a, pair.b]
                    .into_iter()
                    .filter(|row| !seen.contains(row));
                new.map(|row| self.shelf.set_bytes(row)).sum()
            };
            let more = cost(&seen);
            match batches.last_mut() {
                Some(batch) if used + more <= self.memory => {
                    batch.end = at + 1;
                    used += more;
                }
                _ => {
                    batches.push(at..at + 1);
                    seen.clear();
                    used = cost(&seen);
                }
            }
            seen.extend([pair.a, pair.b]);
        }
        batches
    }

    fn verify(&self) -> Result<(Verified, u64)> {
        let mut joined = UnionFind::new(self.shelf.metas.len());
        let mut verified = Verified::default();
        let batches = self.batches(&self.pairs);
        let threshold = self.spec.settings.threshold;
        for batch in &batches {
            let pairs = self.pairs.get(batch.clone()).unwrap_or_default();
            let done = self.shelf.with_sets(&rows_of(pairs), |sets| {
                verify_joining(pairs, sets, threshold, &mut joined)
            })?;
            verified.append(done);
        }
        Ok((verified, batches.len() as u64))
    }

    fn choose_survivors(&self, groups: &mut [Group]) {
        let value = |row: &Row| {
            let meta = self.shelf.metas.get(*row as usize);
            (*row, meta.map_or(f64::NEG_INFINITY, |meta| meta.value))
        };
        for group in groups {
            let chosen = match &self.spec.keep {
                Keep::First => None,
                Keep::Last => group.rows.last().copied(),
                Keep::Longest | Keep::Max(_) => {
                    let rows: Vec<(Row, f64)> = group.rows.iter().map(value).collect();
                    survivor::of_values(&rows)
                }
            };
            group.survivor = chosen.unwrap_or(group.survivor);
        }
    }

    /// The row that was compared in place of this one.
    fn compared_for(&self, row: Row) -> Row {
        let at = self.equal.binary_search_by_key(&row, |pair| pair.b);
        at.map_or(row, |at| self.equal[at].a)
    }

    /// What each removed row has in common with its survivor, in the order of the removals.
    fn similarities(&self, removals: &[Removal]) -> Result<Vec<Overlap>> {
        let compared =
            |it: &Removal| Pair::new(self.compared_for(it.row), self.compared_for(it.survivor));
        let pairs: Vec<Pair> = removals.iter().map(compared).collect();
        let mut found = Vec::with_capacity(pairs.len());
        for batch in self.batches(&pairs) {
            let pairs = pairs.get(batch).unwrap_or_default();
            found.extend(
                self.shelf
                    .with_sets(&rows_of(pairs), |sets| overlaps(pairs, sets))?,
            );
        }
        Ok(found)
    }

    fn write(&self, host: &dyn Host, removals: &[Removal], groups: &[Group]) -> Result<()> {
        let mut decisions = Vec::new();
        for (removal, overlap) in removals.iter().zip(self.similarities(removals)?) {
            let is_dropped = self.spec.mode != Mode::Annotate;
            decisions.push(Decision {
                row: self.meta(removal.row).row,
                flags: REMOVED | if is_dropped { DROPPED } else { 0 },
                cluster: self.cluster(removal.cluster),
                report: self.report_line(removal, overlap),
            });
        }
        if self.spec.mode != Mode::Drop {
            decisions.extend(groups.iter().map(|group| self.of_survivor(group)));
        }
        decisions.sort_unstable_by_key(|decision| decision.row);
        let parts: Vec<Vec<u8>> = (0..self.index.tasks.len())
            .map(|task| self.part_of(task, &decisions))
            .collect();
        let mut out = Out::new(host, 0);
        out.put(&table(parts.iter().map(|part| part.len() as u64)))?;
        for part in parts {
            out.put(&part)?;
        }
        out.finish()?;
        Ok(())
    }

    fn of_survivor(&self, group: &Group) -> Decision {
        Decision {
            row: self.meta(group.survivor).row,
            flags: if self.spec.mode == Mode::DropAll {
                DROPPED
            } else {
                0
            },
            cluster: self.cluster(group.rows[0]),
            report: Vec::new(),
        }
    }

    /// The decisions about the rows of a task.
    fn part_of(&self, task: usize, decisions: &[Decision]) -> Vec<u8> {
        let rows = &self.index.tasks[task];
        let end = u64::from(rows.first) + u64::from(rows.rows);
        let from = decisions.partition_point(|it| it.row < rows.first);
        let to = decisions.partition_point(|it| u64::from(it.row) < end);
        let mut part = Vec::new();
        for decision in decisions.get(from..to).unwrap_or_default() {
            decision.write_to(&mut part);
        }
        if !part.is_empty() {
            seal(&mut part, 0);
        }
        part
    }

    fn meta(&self, row: Row) -> &Meta {
        &self.shelf.metas[row as usize]
    }

    fn cluster(&self, row: Row) -> (u32, u64) {
        let meta = self.meta(row);
        let file = self.spec.tasks[self.index.task_of(meta.row)].file;
        (super::spec::row(file), meta.span.offset)
    }

    fn place(&self, row: Row) -> Place<'_> {
        let (file, offset) = self.cluster(row);
        let file = &self.spec.inputs[file as usize].name;
        Place { file, offset }
    }

    fn report_line(&self, removal: &Removal, overlap: Overlap) -> Vec<u8> {
        let id = |row: Row| -> Box<RawValue> {
            match self.meta(row).id.as_str() {
                "" => raw("null".to_owned()),
                id => raw(id.to_owned()),
            }
        };
        let (of_row, of_survivor) = (id(removal.row), id(removal.survivor));
        let line = ReportLine {
            row: Identified {
                id: &of_row,
                place: self.place(removal.row),
            },
            survivor: Identified {
                id: &of_survivor,
                place: self.place(removal.survivor),
            },
            overlap,
            cluster: self.place(removal.cluster),
            link: (self.place(removal.link.to), removal.link.overlap),
        };
        let mut bytes = Vec::new();
        // A vector takes all.
        let _ = line.write_to(&mut bytes);
        bytes
    }
}

/// The rows of some pairs, in order and each once.
fn rows_of(pairs: &[Pair]) -> Vec<Row> {
    let mut rows: Vec<Row> = pairs.iter().flat_map(|pair| [pair.a, pair.b]).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}
