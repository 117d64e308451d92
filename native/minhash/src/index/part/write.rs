//! How a part is written: section after section, from anything that can give them in order.

use std::io::{self, Seek, SeekFrom, Write};

use xxhash_rust::xxh3::Xxh3Default;

use super::header::{HEADER_BYTES, Header, SECTIONS, place_of};
use crate::error::{Error, Result};

/// What a part is made of. Sets and rows are numbered from 0.
pub(in crate::index) trait Source {
    /// Settings, tables and rows; the rest of the header is counted while it is written.
    fn header(&self) -> Header;
    /// The shingles of a set, in order.
    fn set(&self, set: usize) -> Result<impl AsRef<[[u8; 8]]>>;
    /// The rows of a set, in order.
    fn members(&self, set: usize) -> Result<impl Iterator<Item = u32>>;
    fn id(&self, row: usize) -> Result<&str>;
    /// The upper half of every set's key in a table, with the set, sorted.
    fn keys(&self, table: usize) -> Result<Vec<(u32, u32)>>;
}

/// Writes a part. `failed` makes an error of one of the output.
pub(in crate::index) fn write<S: Source, W: Write + Seek>(
    source: &S,
    out: &mut W,
    failed: &dyn Fn(io::Error) -> Error,
) -> Result<Header> {
    let mut header = source.header();
    out.write_all(&[0; HEADER_BYTES]).map_err(failed)?;
    let mut sections = Sections {
        out,
        sum: Xxh3Default::new(),
        bytes: 0,
        checksums: Vec::new(),
        failed,
    };
    let sets = usize::try_from(header.sets).unwrap_or(usize::MAX);
    let rows = usize::try_from(header.rows).unwrap_or(usize::MAX);
    for set in 0..sets {
        header.shingles += source.set(set)?.as_ref().len() as u64;
        sections.put(&header.shingles.to_le_bytes())?;
    }
    sections.end()?;
    for set in 0..sets {
        sections.put(source.set(set)?.as_ref().as_flattened())?;
    }
    sections.end()?;
    for set in 0..sets {
        header.members += source.members(set)?.count() as u64;
        sections.put(
            &u32::try_from(header.members)
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        )?;
    }
    sections.end()?;
    for set in 0..sets {
        for row in source.members(set)? {
            sections.put(&row.to_le_bytes())?;
        }
    }
    sections.end()?;
    for row in 0..rows {
        header.id_bytes += source.id(row)?.len() as u64;
        sections.put(&header.id_bytes.to_le_bytes())?;
    }
    sections.end()?;
    for row in 0..rows {
        sections.put(source.id(row)?.as_bytes())?;
    }
    sections.end()?;
    for table in 0..header.tables as usize {
        let keys = source.keys(table)?;
        if keys.len() as u64 != header.sets {
            let expected = format!("{} in each table", header.sets);
            return Err(Error::corruption(
                "the keys of a part",
                expected,
                keys.len(),
            ));
        }
        sections.table(&header, &keys)?;
    }
    sections.end()?;
    let checksums = sections.checksums;
    header.checksums = std::array::from_fn(|at| checksums.get(at).copied().unwrap_or_default());
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    header.write_to(&mut bytes);
    out.seek(SeekFrom::Start(0)).map_err(failed)?;
    out.write_all(&bytes).map_err(failed)?;
    Ok(header)
}

struct Sections<'a, W> {
    out: &'a mut W,
    sum: Xxh3Default,
    /// Of this section.
    bytes: u64,
    checksums: Vec<u64>,
    failed: &'a dyn Fn(io::Error) -> Error,
}

impl<W: Write> Sections<'_, W> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.sum.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(self.failed)
    }

    /// Ends a section: the next one starts at a multiple of 8.
    fn end(&mut self) -> Result<()> {
        self.checksums.push(self.sum.digest());
        self.sum.reset();
        let padding = self.bytes.next_multiple_of(8) - self.bytes;
        self.bytes = 0;
        if padding == 0 || self.checksums.len() == SECTIONS {
            return Ok(());
        }
        let zeros = [0; 8];
        let zeros = zeros.iter().take(usize::try_from(padding).unwrap_or(0));
        self.out
            .write_all(&zeros.copied().collect::<Vec<u8>>())
            .map_err(self.failed)
    }

    /// The directory of a table, then its entries.
    fn table(&mut self, header: &Header, keys: &[(u32, u32)]) -> Result<()> {
        let places = header.places();
        let mut end = 0_u32;
        let mut rest = keys.iter();
        for place in 0..usize::try_from(places).unwrap_or(usize::MAX) {
            let here = rest
                .clone()
                .take_while(|(key, _)| place_of(*key, places) == place);
            let count = here.count();
            if count > 0 {
                rest.nth(count - 1);
            }
            end = end.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
            self.put(&end.to_le_bytes())?;
        }
        if places % 2 == 1 {
            self.put(&[0; 4])?;
        }
        for (key, set) in keys {
            self.put(&key.to_le_bytes())?;
            self.put(&set.to_le_bytes())?;
        }
        Ok(())
    }
}
