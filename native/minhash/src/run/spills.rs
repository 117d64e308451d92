//! The spills of all splits, and the rows' numbers in them.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::bits::Bits;
use crate::candidate::bucket::Keys;
use crate::error::{Error, Result};
use crate::hash::NO_WORDS;
use crate::input::Reject;
use crate::spill::wire::{self, Header};
use crate::spill::{Row, Span, Spill};

/// A spill and what it is of.
pub(super) struct Entry {
    pub(super) file: usize,
    pub(super) index: u32,
    pub(super) first: Row,
    pub(super) rows: usize,
    stored: Stored,
}

/// Where a spill is.
pub(super) enum Stored {
    Memory(Spill),
    File(PathBuf, Header),
}

impl Entry {
    pub(super) fn new(file: usize, index: u32, stored: Stored) -> Self {
        let rows = match &stored {
            Stored::Memory(spill) => spill.rows(),
            Stored::File(_, header) => usize::try_from(header.rows).unwrap_or(usize::MAX),
        };
        Self {
            file,
            index,
            first: 0,
            rows,
            stored,
        }
    }

    /// The numbers of its rows.
    pub(super) fn range(&self) -> Range<usize> {
        self.first as usize..self.first as usize + self.rows
    }
}

/// Reads one section of a spill's file.
fn section(path: &Path, place: Range<u64>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    section_into(path, place, &mut bytes)?;
    Ok(bytes)
}

/// Replaces `bytes` by one section of a spill's file.
fn section_into(path: &Path, place: Range<u64>, bytes: &mut Vec<u8>) -> Result<()> {
    let mut read = || {
        let length = usize::try_from(place.end - place.start).map_err(io::Error::other)?;
        bytes.resize(length, 0);
        File::open(path)?.read_exact_at(bytes, place.start)
    };
    read().map_err(|error| Error::io_at("read", path, error))
}

/// All spills, in the order of files and places.
pub(super) struct Spills {
    entries: Vec<Entry>,
    rows: usize,
}

impl Spills {
    /// Numbers the rows.
    pub(super) fn new(mut entries: Vec<Entry>) -> Result<Self> {
        entries.sort_unstable_by_key(|entry| (entry.file, entry.index));
        let mut rows = 0;
        for entry in &mut entries {
            entry.first = Row::try_from(rows).unwrap_or(Row::MAX);
            rows += entry.rows;
        }
        if rows >= Row::MAX as usize {
            let expected = format!("fewer than {}", Row::MAX);
            return Err(Error::invalid_argument("rows of one run", expected, rows));
        }
        Ok(Self { entries, rows })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows the first `files` files have.
    pub(super) fn rows_of_files(&self, files: usize) -> Row {
        let entries = self.entries.iter().filter(|entry| entry.file < files);
        let rows: usize = entries.map(|entry| entry.rows).sum();
        Row::try_from(rows).unwrap_or(Row::MAX)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a split, by its file and number there.
    pub(super) fn find(&self, file: usize, index: u32) -> Option<usize> {
        self.entries
            .binary_search_by_key(&(file, index), |entry| (entry.file, entry.index))
            .ok()
    }

    pub(super) fn visit_digests(&self, each: &mut dyn FnMut(Keys<'_, u128>)) -> Result<()> {
        let (mut bytes, mut digests) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            match &entry.stored {
                Stored::Memory(spill) => each((entry.first, &spill.digests)),
                Stored::File(path, header) => {
                    section_into(path, header.digests(), &mut bytes)?;
                    wire::digests_into(&bytes, &mut digests);
                    each((entry.first, &digests));
                }
            }
        }
        Ok(())
    }

    pub(super) fn visit_band(
        &self,
        band: usize,
        each: &mut dyn FnMut(Keys<'_, u64>),
    ) -> Result<()> {
        let (mut bytes, mut keys) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            match &entry.stored {
                Stored::Memory(spill) => each((entry.first, spill.band(band))),
                Stored::File(path, header) => {
                    section_into(path, header.band(band), &mut bytes)?;
                    wire::keys_into(&bytes, &mut keys);
                    each((entry.first, &keys));
                }
            }
        }
        Ok(())
    }

    /// The key of one row in one band.
    pub(super) fn key(&self, band: usize, row: Row) -> Result<u64> {
        let entry = &self.entries[self.entry_of(row)];
        let at = row - entry.first;
        match &entry.stored {
            Stored::Memory(spill) => Ok(spill.band(band)[at as usize]),
            Stored::File(path, header) => {
                let from = header.band(band).start + u64::from(at) * 8;
                let key = wire::keys(&section(path, from..from + 8)?);
                Ok(key[0])
            }
        }
    }

    /// The keys of some rows (in order) in one band.
    pub(super) fn keys(&self, band: usize, rows: &[Row]) -> Result<Vec<u64>> {
        let mut keys = Vec::with_capacity(rows.len());
        let mut rest = rows;
        while let Some(row) = rest.first() {
            let entry = &self.entries[self.entry_of(*row)];
            let of_entry = rest.partition_point(|row| (*row as usize) < entry.range().end);
            let (these, after) = rest.split_at(of_entry);
            let of_band = match &entry.stored {
                Stored::Memory(spill) => Cow::Borrowed(spill.band(band)),
                Stored::File(path, header) => {
                    Cow::Owned(wire::keys(&section(path, header.band(band))?))
                }
            };
            keys.extend(
                these
                    .iter()
                    .map(|row| of_band[(row - entry.first) as usize]),
            );
            rest = after;
        }
        Ok(keys)
    }

    /// The digests of an entry's rows, and their keys, band after band.
    #[expect(clippy::type_complexity, reason = "two slices, borrowed or read")]
    pub(super) fn digests_and_keys(
        &self,
        entry: usize,
    ) -> Result<(Cow<'_, [u128]>, Cow<'_, [u64]>)> {
        match &self.entries[entry].stored {
            Stored::Memory(spill) => {
                Ok((Cow::Borrowed(&spill.digests), Cow::Borrowed(&spill.keys)))
            }
            Stored::File(path, header) => {
                let digests = wire::digests(&section(path, header.digests())?);
                let place = header.band(0).start..header.band(header.bands as usize).start;
                let keys = wire::keys(&section(path, place)?);
                Ok((Cow::Owned(digests), Cow::Owned(keys)))
            }
        }
    }

    /// Whether any spill lies in the scratch folder.
    pub(super) fn is_any_stored(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| matches!(entry.stored, Stored::File(..)))
    }

    /// Where the entry with this row stands.
    pub(super) fn entry_of(&self, row: Row) -> usize {
        self.entries.partition_point(|entry| entry.first <= row) - 1
    }

    /// Where the rows of an entry lie.
    pub(super) fn spans(&self, entry: usize) -> Result<Cow<'_, [Span]>> {
        match &self.entries[entry].stored {
            Stored::Memory(spill) => Ok(Cow::Borrowed(&spill.spans)),
            Stored::File(path, header) => {
                Ok(Cow::Owned(wire::spans(&section(path, header.spans())?)))
            }
        }
    }

    /// What could not be read of an entry.
    pub(super) fn rejects(&self, entry: usize) -> Result<Cow<'_, [Reject]>> {
        match &self.entries[entry].stored {
            Stored::Memory(spill) => Ok(Cow::Borrowed(&spill.rejects)),
            Stored::File(path, header) => {
                Ok(Cow::Owned(wire::rejects(&section(path, header.rejects())?)))
            }
        }
    }

    /// Rows that have no words.
    pub(super) fn wordless(&self) -> Result<Bits> {
        let mut found = Bits::new(self.rows);
        self.visit_digests(&mut |(first, digests)| {
            for (row, digest) in (first as usize..).zip(digests) {
                if *digest == NO_WORDS {
                    found.insert(row);
                }
            }
        })?;
        Ok(found)
    }
}
