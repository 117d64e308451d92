//! An input is read a last time, and what is kept of it written.

use std::io::{self, Write};

use serde::Serialize;

use super::decision::{DROPPED, Decision, REMOVED};
use super::host::{Host, Out, Piece, read_each, read_one};
use super::index::Index;
use super::reader::visit_lines;
use super::sealed::{Fields, damaged, open};
use super::shingle::{part_of_cell, read_head};
use super::spec::Spec;
use crate::error::{Error, Result};
use crate::input::Reject;
use crate::input::split::Lines;
use crate::output::annotation::annotate;
use crate::output::reject_line::write_reject;
use crate::output::report_line::Place;
use crate::output::sink::{Sink, copy_lines};
use crate::run::Mode;
use crate::spill::wire;
use crate::spill::{Row, Span};

/// What became of an input: `lines = rows + rejected`, `rows = kept + dropped`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FilterSummary {
    /// Lines that are not blank, counted while filtering.
    pub lines: u64,
    /// Rows that can be used.
    pub rows: u64,
    /// Rows that were written.
    pub kept: u64,
    /// Rows that were left out as duplicates.
    pub dropped: u64,
    /// Lines that cannot be used.
    pub rejected: u64,
    /// Rows that have a duplicate and do not survive.
    pub duplicates: u64,
    /// Length of the output.
    pub bytes: u64,
}

/// Source 0: the input; 1: the index; from 2 on the spills of its tasks; then the decisions of every
/// bin. Outputs: 0 what is kept, 1 the report, 2 the rejected lines.
///
/// # Errors
///
/// `Corruption` where the input or the work of an earlier stage is damaged; those of the host.
pub fn filter(host: &dyn Host, spec: &Spec, file: usize, bins: usize) -> Result<FilterSummary> {
    let input = spec.inputs.get(file);
    let input = input.ok_or_else(|| Error::invalid_argument("input", "one of the job", file))?;
    let index = Index::read(host, 1, spec)?;
    let numbers = 0..spec.tasks.len();
    let tasks: Vec<usize> = numbers
        .filter(|task| spec.tasks[*task].file == file)
        .collect();
    let sink = Sink::new(Out::new(host, 0), input.compression);
    let mut filtering = Filtering {
        host,
        spec,
        sink: sink.map_err(told)?,
        report: Out::new(host, 1),
        rejected: Out::new(host, 2),
        summary: FilterSummary::default(),
    };
    for (at, task) in tasks.iter().enumerate() {
        let decisions = read_decisions(host, 2 + tasks.len(), *task, bins)?;
        let first = index.tasks[*task].first;
        filtering.filter(*task, (2 + at, first), &decisions)?;
    }
    let mut summary = filtering.summary;
    summary.bytes = filtering.sink.finish().map_err(told)?.finish()?;
    filtering.report.finish()?;
    filtering.rejected.finish()?;
    Ok(summary)
}

/// Only a host can fail here: all else goes to memory.
fn told(error: io::Error) -> Error {
    error
        .downcast::<Error>()
        .unwrap_or_else(|_| Error::cancelled("stopped"))
}

/// The decisions of all bins about the rows of a task, in the order of the rows.
fn read_decisions(
    host: &dyn Host,
    source: usize,
    task: usize,
    bins: usize,
) -> Result<Vec<Decision>> {
    let cell = |bin| Piece {
        source: source + bin,
        offset: 8 * task as u64,
        length: 16,
    };
    let cells: Vec<Piece> = (0..bins).map(cell).collect();
    let mut pieces = Vec::with_capacity(bins);
    read_each(host, &cells, |at, bytes| {
        pieces.push(part_of_cell(cells[at].source, &bytes)?);
        Ok(())
    })?;
    pieces.retain(|piece| piece.length > 0);
    let mut decisions = Vec::new();
    read_each(host, &pieces, |_, bytes| {
        let mut fields = Fields::new(open(&bytes, "decisions")?, "decisions");
        while !fields.is_empty() {
            decisions.push(Decision::read_from(&mut fields)?);
        }
        Ok(())
    })?;
    decisions.sort_unstable_by_key(|decision| decision.row);
    Ok(decisions)
}

struct Filtering<'a> {
    host: &'a dyn Host,
    spec: &'a Spec,
    sink: Sink<Out<'a>>,
    report: Out<'a>,
    rejected: Out<'a>,
    summary: FilterSummary,
}

impl Filtering<'_> {
    fn filter(
        &mut self,
        task: usize,
        (spill, first): (usize, Row),
        decisions: &[Decision],
    ) -> Result<()> {
        let (spans, rejects) = self.read_places(task, spill)?;
        let dropped = decisions.iter().filter(|it| it.is(DROPPED)).count() as u64;
        let mut lines_seen = 0;
        let mut written = 0;
        let mut at = 0;
        let (spec, sink) = (self.spec, &mut self.sink);
        visit_lines(self.host, 0, spec.task(task)?, |lines| {
            lines.visit(|_, _| lines_seen += 1);
            lines_seen += u64::from(lines.too_long.is_some());
            let end = lines.offset + lines.bytes.len() as u64;
            let rest = spans.get(at..).unwrap_or_default();
            let here = rest.partition_point(|span| span.offset < end);
            let rows = (first.saturating_add(super::spec::row(at))..).zip(rest.iter().copied());
            at += here;
            written += write_rows(spec, sink, lines, rows.take(here), decisions)?;
            Ok(())
        })?;
        let rows = spans.len() as u64;
        if at as u64 != rows
            || lines_seen != rows + rejects.len() as u64
            || written != rows - dropped
        {
            return Err(damaged("an input that was read before"));
        }
        self.note(task, &rejects, decisions)?;
        let summary = &mut self.summary;
        summary.lines += lines_seen;
        summary.rows += rows;
        summary.kept += written;
        summary.dropped += dropped;
        summary.rejected += rejects.len() as u64;
        summary.duplicates += decisions.iter().filter(|it| it.is(REMOVED)).count() as u64;
        Ok(())
    }

    fn read_places(&self, task: usize, spill: usize) -> Result<(Vec<Span>, Vec<Reject>)> {
        let head = read_head(self.host, spill, self.spec, task)?;
        let read = |place: std::ops::Range<u64>| {
            let piece = Piece {
                source: spill,
                offset: place.start,
                length: place.end - place.start,
            };
            read_one(self.host, piece)
        };
        let (spans, rejects) = (read(head.spans())?, read(head.rejects())?);
        let spans = wire::spans(open(&spans, "the places of rows")?);
        Ok((
            spans,
            wire::rejects(open(&rejects, "the rejects of a spill")?),
        ))
    }

    fn note(&mut self, task: usize, rejects: &[Reject], decisions: &[Decision]) -> Result<()> {
        for decision in decisions {
            self.report.put(&decision.report)?;
        }
        let (_, input) = self.spec.task(task)?;
        for reject in rejects {
            write_reject(&input.name, reject, &mut self.rejected).map_err(told)?;
        }
        Ok(())
    }
}

/// Writes the rows of a block that are kept; returns how many.
fn write_rows(
    spec: &Spec,
    sink: &mut impl Write,
    lines: &Lines,
    rows: impl Iterator<Item = (Row, Span)>,
    decisions: &[Decision],
) -> Result<u64> {
    let decided = |row: Row| {
        let at = decisions.binary_search_by_key(&row, |decision| decision.row);
        at.ok().and_then(|at| decisions.get(at))
    };
    let mut written = 0;
    if spec.mode != Mode::Annotate {
        let kept = rows.filter(|(row, _)| !decided(*row).is_some_and(|it| it.is(DROPPED)));
        let spans = kept.map(|(_, span)| span).inspect(|_| written += 1);
        copy_lines(lines, spans, sink).map_err(told)?;
        return Ok(written);
    }
    let mut annotated = Vec::new();
    for (row, span) in rows {
        let decision = decided(row);
        let place = decision.and_then(|it| {
            let (file, offset) = it.cluster;
            let file = &spec.inputs.get(file as usize)?.name;
            Some(Place { file, offset })
        });
        let keep = !decision.is_some_and(|it| it.is(REMOVED));
        annotate(lines.line(span), place, keep, &mut annotated);
        written += 1;
    }
    sink.write_all(&annotated).map_err(told)?;
    Ok(written)
}
