//! Files of rows: added to an index, or looked up in it.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;

use super::query::{Limits, Neighbours};
use super::rows::{RowFiles, RowsRead};
use super::texts::{Prepared, SetHasher};
use super::{Index, Writer};
use crate::error::{Error, Result};
use crate::run::Progress;
use crate::run::whole_file::WholeFile;

impl Writer {
    /// Adds the rows of files. A part is written when it takes half of `memory` bytes.
    ///
    /// # Errors
    ///
    /// `TooManyBadRows`, `Corruption` for a compressed file that is damaged, `Io`, `Cancelled`.
    pub fn add_files(
        &mut self,
        files: &RowFiles,
        memory: u64,
        progress: &Progress,
    ) -> Result<RowsRead> {
        let parameters = self.settings().parameters()?;
        let mut batch = self.batch();
        let read = files.map(
            progress,
            || SetHasher::new(&parameters),
            |hasher, prepared: &mut Prepared, row| {
                prepared.push(hasher, row.text, row.id);
                Ok(())
            },
            |prepared| {
                batch.append(&prepared);
                if batch.memory() > memory / 2 {
                    let empty = self.batch();
                    self.add(std::mem::replace(&mut batch, empty))?;
                }
                Ok(())
            },
        )?;
        self.add(batch)?;
        Ok(read)
    }
}

/// What a file of queries gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queried {
    /// Rows that were looked up, and those that could not be used.
    pub read: RowsRead,
    /// Rows with a neighbour.
    pub matched: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a RawValue,
    neighbours: Vec<Found<'a>>,
    cut: bool,
}

#[derive(Serialize)]
struct Found<'a> {
    id: &'a RawValue,
    similarity: f64,
    intersection: u64,
    union: u64,
}

impl Neighbours {
    /// As a JSON object, with the id of the row that was looked up.
    ///
    /// # Errors
    ///
    /// `Corruption` where an id of the index is not a JSON value.
    pub fn to_json(&self, id: &str) -> Result<String> {
        let raw = |id| {
            serde_json::from_str::<&RawValue>(id).map_err(|_| {
                Error::corruption("an id of the index", "a JSON value", "another text")
            })
        };
        let found = self.found.iter().map(|it| {
            Ok(Found {
                id: raw(&it.id)?,
                similarity: it.overlap.similarity(),
                intersection: it.overlap.intersection,
                union: it.overlap.union,
            })
        });
        let line = Line {
            id: raw(id)?,
            neighbours: found.collect::<Result<_>>()?,
            cut: self.is_cut,
        };
        serde_json::to_string(&line)
            .map_err(|error| Error::corruption("an id of the index", "a JSON value", error))
    }
}

impl Index {
    /// Looks up every row of some files, and writes one JSON object a row, in their order.
    ///
    /// # Errors
    ///
    /// As those of [`Writer::add_files`].
    pub fn query_files(
        &self,
        files: &RowFiles,
        limits: Limits,
        output: &Path,
        progress: &Progress,
    ) -> Result<Queried> {
        let failed = |error: io::Error| Error::io_at("write", output, error);
        let whole = WholeFile::at(output);
        let mut out = BufWriter::new(whole.create()?);
        let mut matched = 0;
        let read = files.map(
            progress,
            || self.querier(),
            |querier, (text, matched): &mut (String, u64), row| {
                let neighbours = querier.query(self, row.text, limits)?;
                text.push_str(&neighbours.to_json(&row.id)?);
                text.push('\n');
                *matched += u64::from(!neighbours.found.is_empty());
                Ok(())
            },
            |(text, count)| {
                matched += count;
                out.write_all(text.as_bytes()).map_err(failed)
            },
        )?;
        let file = out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        whole.publish(&file)?;
        Ok(Queried { read, matched })
    }
}
