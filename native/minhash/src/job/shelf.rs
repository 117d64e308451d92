//! Rows that are looked at again, and their shingle sets: what the shingle stage writes and the
//! verify stage reads.
//!
//! The object of a task: for every bin and for the end its place `u64`; then for each bin with rows
//!
//! | part | bytes |
//! |---|---|
//! | length of the directory | 8 |
//! | directory, sealed | a row: row `u32`, place `u64` and length `u32` of its line, value `f64` of the survivor rule, length of its set `u32`, length of its id `u32`, the id |
//! | sets | 8 a shingle, in the order of the rows |

use super::host::{Host, Piece, read_each};
use super::sealed::{Fields, SEAL_BYTES, damaged, length, numbers, open, seal};
use crate::error::Result;
use crate::spill::{Row, Span};
use crate::verify::ShingleSets;

/// What is known of a row but its set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meta {
    pub(super) row: Row,
    pub(super) span: Span,
    /// By which the survivor is chosen.
    pub(super) value: f64,
    /// The user's id, as it stands in the line.
    pub(super) id: String,
    /// Shingles.
    pub(super) shingles: u32,
}

/// Rows of one bin and task, on their way out.
#[derive(Default)]
pub(super) struct Rows {
    directory: Vec<u8>,
    sets: Vec<u8>,
}

impl Rows {
    pub(super) fn push(&mut self, meta: &Meta, set: &[u64]) {
        let out = &mut self.directory;
        out.extend_from_slice(&meta.row.to_le_bytes());
        out.extend_from_slice(&meta.span.offset.to_le_bytes());
        out.extend_from_slice(&meta.span.bytes.to_le_bytes());
        out.extend_from_slice(&meta.value.to_le_bytes());
        out.extend_from_slice(&meta.shingles.to_le_bytes());
        let id = u32::try_from(meta.id.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(meta.id.as_bytes());
        for shingle in set {
            self.sets.extend_from_slice(&shingle.to_le_bytes());
        }
    }

    pub(super) fn exact_size(&self) -> u64 {
        (8 + self.directory.len() + self.sets.len()) as u64 + SEAL_BYTES
    }

    /// The parts, in order.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        seal(&mut self.directory, 0);
        let mut bytes = (self.directory.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut self.directory);
        bytes.append(&mut self.sets);
        bytes
    }
}

fn read_directory(sealed: &[u8]) -> Result<Vec<Meta>> {
    let what = "a directory of rows";
    let mut fields = Fields::new(open(sealed, what)?, what);
    let mut metas = Vec::new();
    while !fields.is_empty() {
        let row = fields.u32()?;
        let (offset, bytes) = (fields.u64()?, fields.u32()?);
        let (value, shingles) = (fields.f64()?, fields.u32()?);
        let id = fields.u32()? as usize;
        let id = std::str::from_utf8(fields.bytes(id)?).map_err(|_| damaged(what))?;
        metas.push(Meta {
            row,
            span: Span { offset, bytes },
            value,
            id: id.to_owned(),
            shingles,
        });
    }
    Ok(metas)
}

/// The rows of one bin from all tasks, in order; their sets in memory, or where they lie.
pub(super) struct Shelf<'a> {
    host: &'a dyn Host,
    pub(super) metas: Vec<Meta>,
    /// Place of each row's set.
    places: Vec<Piece>,
    /// The sets of all rows, where they fit the memory.
    sets: Option<ShingleSets>,
}

impl<'a> Shelf<'a> {
    /// `pieces`: the bin's part of each task's object, in the order of the tasks. Sets are kept
    /// where all of it is at most `memory` bytes.
    pub(super) fn open(host: &'a dyn Host, pieces: &[Piece], memory: u64) -> Result<Self> {
        let mut shelf = Self {
            host,
            metas: Vec::new(),
            places: Vec::new(),
            sets: None,
        };
        let all: u64 = pieces.iter().map(|piece| piece.length).sum();
        if all > memory {
            shelf.open_directories(pieces)?;
            return Ok(shelf);
        }
        let mut sets = ShingleSets::default();
        read_each(host, pieces, |at, bytes| {
            let mut fields = Fields::new(&bytes, "shingle sets");
            let directory = length(fields.u64()?);
            let metas = read_directory(fields.bytes(directory)?)?;
            for meta in &metas {
                let set = fields.bytes(meta.shingles as usize * 8)?;
                // Rows are numbered in the bin from here on.
                sets.push(super::spec::row(shelf.metas.len()), &numbers(set));
                shelf.metas.push(meta.clone());
                shelf.places.push(pieces[at]);
            }
            Ok(())
        })?;
        shelf.sets = Some(sets);
        Ok(shelf)
    }

    fn open_directories(&mut self, pieces: &[Piece]) -> Result<()> {
        let heads: Vec<Piece> = pieces.iter().map(|it| Piece { length: 8, ..*it }).collect();
        let mut directories = Vec::with_capacity(pieces.len());
        read_each(self.host, &heads, |at, bytes| {
            let length = Fields::new(&bytes, "shingle sets").u64()?;
            directories.push(Piece {
                offset: pieces[at].offset + 8,
                length,
                ..pieces[at]
            });
            Ok(())
        })?;
        let places = &mut self.places;
        let metas = &mut self.metas;
        read_each(self.host, &directories, |at, bytes| {
            let piece = directories[at];
            let mut offset = piece.offset + piece.length;
            for meta in read_directory(&bytes)? {
                let length = u64::from(meta.shingles) * 8;
                places.push(Piece {
                    source: piece.source,
                    offset,
                    length,
                });
                metas.push(meta);
                offset += length;
            }
            Ok(())
        })
    }

    /// Bytes of the set of row number `at` of the bin.
    pub(super) fn set_bytes(&self, at: Row) -> u64 {
        self.metas
            .get(at as usize)
            .map_or(0, |meta| u64::from(meta.shingles) * 8)
    }

    /// Gives `work` the sets of `rows`, numbered in the bin and in order.
    pub(super) fn with_sets<T>(
        &self,
        rows: &[Row],
        work: impl FnOnce(&ShingleSets) -> T,
    ) -> Result<T> {
        if let Some(sets) = &self.sets {
            return Ok(work(sets));
        }
        let place = |row: &Row| self.places.get(*row as usize).copied();
        let wanted: Vec<(Row, Piece)> = rows
            .iter()
            .filter_map(|it| Some((*it, place(it)?)))
            .collect();
        // Sets that lie side by side are read together.
        let runs: Vec<&[(Row, Piece)]> = wanted
            .chunk_by(|(_, a), (_, b)| a.source == b.source && a.offset + a.length == b.offset)
            .collect();
        let piece = |run: &&[(Row, Piece)]| Piece {
            length: run.iter().map(|(_, piece)| piece.length).sum(),
            ..run[0].1
        };
        let pieces: Vec<Piece> = runs.iter().map(piece).collect();
        let mut sets = ShingleSets::default();
        read_each(self.host, &pieces, |at, bytes| {
            let mut fields = Fields::new(&bytes, "shingle sets");
            for (row, piece) in runs[at] {
                sets.push(*row, &numbers(fields.bytes(length(piece.length))?));
            }
            Ok(())
        })?;
        Ok(work(&sets))
    }
}
