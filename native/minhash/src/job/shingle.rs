//! The wanted rows of a task are read again, and their shingle sets sorted into bins.

use std::collections::BTreeMap;

use serde::Serialize;

use super::host::{Host, Out, Piece, read_one};
use super::reader::visit_lines;
use super::sealed::{Fields, damaged, open};
use super::shelf::{Meta, Rows};
use super::spec::Spec;
use super::spill::Head;
use super::stitch::{META_ONLY, table};
use crate::error::Result;
use crate::hash::text_of_line;
use crate::output::report_line::id_of;
use crate::shingle::Shingler;
use crate::spill::wire;
use crate::spill::{Row, Span};
use crate::survivor::Keep;

/// What a shingle task did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShingleSummary {
    /// Rows that were wanted.
    pub rows: u64,
    /// Length of the output.
    pub bytes: u64,
}

/// Source 0: the input of the task; 1: the index; 2: its spill; 3: the wanted rows. Output 0: sets.
///
/// # Errors
///
/// `Corruption` where the input or the work of an earlier stage is damaged; those of the host.
pub fn shingle(host: &dyn Host, spec: &Spec, task: usize, bins: usize) -> Result<ShingleSummary> {
    let wanted = read_wanted(host, task)?;
    let mut collected = BTreeMap::<u32, Rows>::new();
    if !wanted.is_empty() {
        let first = super::index::Index::read(host, 1, spec)?.tasks[task].first;
        let spans = read_spans(host, 2, spec, task)?;
        let place = |(row, bin): &(Row, u32)| {
            let span = spans.get(row.checked_sub(first)? as usize)?;
            Some((*row, *bin, *span))
        };
        let places: Option<Vec<_>> = wanted.iter().map(place).collect();
        let places = places.ok_or_else(|| damaged("the wanted rows"))?;
        collected = collect(host, spec, task, &places)?;
    }
    let lengths: Vec<u64> = (0..bins)
        .map(|bin| {
            collected
                .get(&super::spec::row(bin))
                .map_or(0, Rows::exact_size)
        })
        .collect();
    let mut out = Out::new(host, 0);
    out.put(&table(lengths.into_iter()))?;
    for rows in collected.into_values() {
        out.put(&rows.into_bytes())?;
    }
    Ok(ShingleSummary {
        rows: wanted.len() as u64,
        bytes: out.finish()?,
    })
}

/// A part of an object whose table stands at its start.
pub(super) fn read_part(host: &dyn Host, source: usize, part: usize) -> Result<Piece> {
    let cell = Piece {
        source,
        offset: 8 * part as u64,
        length: 16,
    };
    part_of_cell(source, &read_one(host, cell)?)
}

pub(super) fn part_of_cell(source: usize, cell: &[u8]) -> Result<Piece> {
    let mut fields = Fields::new(cell, "a table");
    let (offset, end) = (fields.u64()?, fields.u64()?);
    Ok(Piece {
        source,
        offset,
        length: end.checked_sub(offset).ok_or_else(|| damaged("a table"))?,
    })
}

fn read_wanted(host: &dyn Host, task: usize) -> Result<Vec<(Row, u32)>> {
    let bytes = read_one(host, read_part(host, 3, task)?)?;
    let what = "the wanted rows";
    let mut fields = Fields::new(open(&bytes, what)?, what);
    let mut wanted = Vec::new();
    while !fields.is_empty() {
        wanted.push((fields.u32()?, fields.u32()?));
    }
    Ok(wanted)
}

pub(super) fn read_head(host: &dyn Host, source: usize, spec: &Spec, task: usize) -> Result<Head> {
    let piece = Piece {
        source,
        offset: 0,
        length: Head::exact_size(spec.partitions()),
    };
    Head::read_from(&read_one(host, piece)?, task, spec.partitions())
}

fn read_spans(host: &dyn Host, source: usize, spec: &Spec, task: usize) -> Result<Vec<Span>> {
    let place = read_head(host, source, spec, task)?.spans();
    let piece = Piece {
        source,
        offset: place.start,
        length: place.end - place.start,
    };
    Ok(wire::spans(open(
        &read_one(host, piece)?,
        "the places of rows",
    )?))
}

fn collect(
    host: &dyn Host,
    spec: &Spec,
    task: usize,
    places: &[(Row, u32, Span)],
) -> Result<BTreeMap<u32, Rows>> {
    let parameters = spec.settings.parameters;
    let mut shingler = Shingler::new(parameters.ngram, parameters.seed)?;
    let mut collected = BTreeMap::<u32, Rows>::new();
    let (mut set, mut room) = (Vec::new(), String::new());
    let mut rest = places;
    visit_lines(host, 0, spec.task(task)?, |lines| {
        let end = lines.offset + lines.bytes.len() as u64;
        let count = rest.partition_point(|(_, _, span)| span.offset < end);
        let (here, after) = rest.split_at(count);
        rest = after;
        for (row, bin, span) in here {
            let line = lines.line(*span);
            set.clear();
            if bin & META_ONLY == 0 {
                let text = text_of_line(line, &spec.settings.text_key, true, &mut room);
                shingler.set(
                    text.map_err(|_| damaged("a row that was read before"))?,
                    &mut set,
                );
            }
            let meta = Meta {
                row: *row,
                span: *span,
                value: value_of(spec, line, &mut room),
                id: spec
                    .id_key
                    .as_ref()
                    .map_or(String::new(), |key| id_of(line, key).get().to_owned()),
                shingles: super::spec::row(set.len()),
            };
            collected
                .entry(bin & !META_ONLY)
                .or_default()
                .push(&meta, &set);
        }
        Ok(())
    })?;
    if rest.is_empty() {
        Ok(collected)
    } else {
        Err(damaged("an input that was read before"))
    }
}

fn value_of(spec: &Spec, line: &[u8], room: &mut String) -> f64 {
    match &spec.keep {
        Keep::First | Keep::Last => 0.0,
        Keep::Longest => crate::survivor::length_of(line, &spec.settings.text_key, room),
        Keep::Max(field) => crate::survivor::number_of(line, field),
    }
}
