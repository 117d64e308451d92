//! A part: an immutable file of texts, mapped into memory.
//!
//! Its bytes are hostile: the header is checked when it is opened, everything else where it is
//! read, so that a damaged part gives an error or misses a neighbour, and nothing worse.

mod header;
mod map;
mod write;

use std::ops::Range;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

pub(super) use header::Header;
use header::{Refusal, SECTIONS, place_of};
use map::Map;
pub(super) use write::{Source, write};

use super::damaged;
use crate::error::{Error, Result};

/// A part that is open.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    map: Map,
    header: Header,
    sections: [Range<usize>; SECTIONS],
}

/// The directory of a table and its entries.
type Table<'a> = (&'a [[u8; 4]], &'a [[u8; 8]]);

/// Sections by their numbers.
const SET_ENDS: usize = 0;
const SHINGLES: usize = 1;
const MEMBER_ENDS: usize = 2;
const MEMBERS: usize = 3;
const ID_ENDS: usize = 4;
const IDS: usize = 5;
const TABLES: usize = 6;

impl Part {
    /// Opens the part at `path`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let map = Map::open(path)?;
        let header = Header::read_from(map.bytes()).map_err(|refusal| match refusal {
            Refusal::Damaged => damaged(path, "a whole header"),
            Refusal::Newer(version) => {
                let what = format!("the index file {}", path.display());
                Error::compatibility(what, "version 1", version)
            }
        })?;
        if header.exact_size() != map.bytes().len() as u64 {
            return Err(damaged(path, &format!("{} bytes", header.exact_size())));
        }
        let place = |at: u64| usize::try_from(at).map_err(|_| damaged(path, "a length in memory"));
        let mut sections = [const { 0..0 }; SECTIONS];
        for (section, found) in sections.iter_mut().zip(header.sections()) {
            *section = place(found.start)?..place(found.end)?;
        }
        let path = path.to_owned();
        Ok(Self {
            path,
            map,
            header,
            sections,
        })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Reads all of it and compares the checksums.
    pub(super) fn check(&self) -> Result<()> {
        for (at, checksum) in self.header.checksums.iter().enumerate() {
            if xxh3_64(self.section(at)) != *checksum {
                return Err(self.damaged("its checksum"));
            }
        }
        Ok(())
    }

    pub(super) fn damaged(&self, what: &str) -> Error {
        damaged(&self.path, what)
    }

    fn section(&self, at: usize) -> &[u8] {
        let place = self.sections.get(at).cloned().unwrap_or_default();
        self.map.bytes().get(place).unwrap_or_default()
    }

    fn items<const N: usize>(&self, section: usize) -> &[[u8; N]] {
        self.section(section).as_chunks().0
    }

    /// The piece of a section of items that ends as `ends` says at `at`.
    fn piece<const N: usize>(
        &self,
        section: usize,
        range: Option<Range<usize>>,
    ) -> Result<&[[u8; N]]> {
        let found = range.and_then(|range| self.items(section).get(range));
        found.ok_or_else(|| self.damaged("places in order"))
    }

    /// The shingles of a set, each a little-endian number, in order.
    pub(super) fn set(&self, set: u32) -> Result<&[[u8; 8]]> {
        self.piece(
            SHINGLES,
            between(self.items::<8>(SET_ENDS), set, u64::from_le_bytes),
        )
    }

    /// The rows that have a set.
    pub(super) fn members(&self, set: u32) -> Result<&[[u8; 4]]> {
        let wide = |end| u64::from(u32::from_le_bytes(end));
        self.piece(MEMBERS, between(self.items::<4>(MEMBER_ENDS), set, wide))
    }

    /// The id of a row.
    pub(super) fn id(&self, row: u32) -> Result<&str> {
        let range = between(self.items::<8>(ID_ENDS), row, u64::from_le_bytes);
        let bytes = range.and_then(|range| self.section(IDS).get(range));
        let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.ok_or_else(|| self.damaged("ids of UTF-8"))
    }

    /// The entries of a table: the upper half of a key and a set, in order.
    pub(super) fn entries(&self, table: usize) -> Result<&[[u8; 8]]> {
        let (_, entries) = self.table(table)?;
        Ok(entries)
    }

    fn table(&self, table: usize) -> Result<Table<'_>> {
        let size = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
        let bytes = size(self.header.table_bytes());
        let table = table
            .checked_mul(bytes)
            .and_then(|from| self.section(TABLES).get(from..from + bytes));
        let halves =
            table.and_then(|table| table.split_at_checked(size(self.header.directory_bytes())));
        let (directory, entries) = halves.ok_or_else(|| self.damaged("a table for each key"))?;
        Ok((directory.as_chunks().0, entries.as_chunks().0))
    }

    /// The sets whose key in a table has this upper half, at most `most` of them; and whether there
    /// were more.
    pub(super) fn sets_of_key(
        &self,
        table: usize,
        key: u32,
        most: usize,
    ) -> Result<(impl Iterator<Item = u32>, bool)> {
        let (directory, entries) = self.table(table)?;
        let wide = |end| u64::from(u32::from_le_bytes(end));
        let place = place_of(key, self.header.places());
        let range = u32::try_from(place)
            .ok()
            .and_then(|place| between(directory, place, wide));
        let range = if entries.is_empty() {
            Some(0..0)
        } else {
            range
        };
        let shared = range.and_then(|range| entries.get(range));
        let shared = shared.ok_or_else(|| self.damaged("a directory in order"))?;
        let first = shared.partition_point(|entry| key_of(*entry) < key);
        let rest = shared.get(first..).unwrap_or_default();
        let found = rest.iter().take_while(move |entry| key_of(**entry) == key);
        let is_cut = rest.get(most).is_some_and(|entry| key_of(*entry) == key);
        Ok((found.take(most).map(|entry| set_of(*entry)), is_cut))
    }
}

/// The range that ends where item `at` says and starts where the one before it ends.
fn between<const N: usize>(
    ends: &[[u8; N]],
    at: u32,
    number: impl Fn([u8; N]) -> u64,
) -> Option<Range<usize>> {
    let at = usize::try_from(at).ok()?;
    let start = at
        .checked_sub(1)
        .map_or(Some(0), |before| ends.get(before).map(|it| number(*it)))?;
    let end = number(*ends.get(at)?);
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// The upper half of the key of an entry.
pub(super) fn key_of(entry: [u8; 8]) -> u32 {
    let [a, b, c, d, ..] = entry;
    u32::from_le_bytes([a, b, c, d])
}

/// The set of an entry.
pub(super) fn set_of(entry: [u8; 8]) -> u32 {
    let [.., a, b, c, d] = entry;
    u32::from_le_bytes([a, b, c, d])
}
