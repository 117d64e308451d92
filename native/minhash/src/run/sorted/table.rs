//! Sorted records, in memory or in a file.
//!
//! A file holds the records, then who made it, a number that belongs to them, how many they are,
//! and the XXH3 of all before: a file that was cut or changed is not taken for whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3Default;

use super::Record;
use crate::error::{Error, Result};

/// Bytes read at a time.
const BLOCK_BYTES: usize = 64 << 10;
type Trailer = (u128, (u64, (u64, u64)));

/// Records in order, each once.
#[derive(Debug)]
pub(in crate::run) struct Table<T> {
    memory: Vec<T>,
    file: Option<RecordFile>,
}

/// Records in a file. The file goes when this does, unless it is kept for a later run.
#[derive(Debug)]
struct RecordFile {
    path: PathBuf,
    count: u64,
    is_kept: bool,
}

impl Drop for RecordFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // The scratch folder is cleared at the end; nobody is there to be told.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl<T: Record> Table<T> {
    pub(super) fn of_memory(memory: Vec<T>) -> Self {
        Self { memory, file: None }
    }

    pub(super) fn of_file(path: PathBuf, count: u64) -> Self {
        Self {
            memory: Vec::new(),
            file: Some(RecordFile {
                path,
                count,
                is_kept: false,
            }),
        }
    }

    fn of_kept_file(path: PathBuf, count: u64) -> Self {
        Self {
            memory: Vec::new(),
            file: Some(RecordFile {
                path,
                count,
                is_kept: true,
            }),
        }
    }

    /// The table that an earlier run of the same job left whole, and its number.
    pub(in crate::run) fn kept(path: &Path, job: u128) -> Option<(Self, u64)> {
        let (count, number) = whole_file::<T>(path, job).ok()??;
        Some((Self::of_kept_file(path.to_owned(), count), number))
    }

    /// Leaves the table to later runs of the job, with a number.
    pub(in crate::run) fn keep(&mut self, path: &Path, job: u128, number: u64) -> Result<()> {
        let temporary = path.with_extension("table.tmp");
        let mut reader = self.reader()?;
        let mut writer = TableWriter::create(&temporary)?;
        while let Some(record) = reader.next()? {
            writer.push(record)?;
        }
        let count = writer.finish(job, number)?;
        fs::rename(&temporary, path).map_err(|error| Error::io_at("write", path, error))?;
        drop(reader);
        if self.file.is_some() {
            *self = Self::of_kept_file(path.to_owned(), count);
        }
        Ok(())
    }

    pub(in crate::run) fn len(&self) -> u64 {
        let in_memory = self.memory.len() as u64;
        self.file.as_ref().map_or(in_memory, |file| file.count)
    }

    /// All records, in order.
    pub(in crate::run) fn reader(&self) -> Result<Reader<'_, T>> {
        self.reader_from(0)
    }

    /// The records from the first one on that is not `before`; all that are come first.
    pub(in crate::run) fn reader_after(
        &self,
        before: impl Fn(&T) -> bool,
    ) -> Result<Reader<'_, T>> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            let found = self.reader_from(middle)?.next()?;
            if found.is_some_and(|record| before(&record)) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        self.reader_from(from)
    }

    fn reader_from(&self, from: u64) -> Result<Reader<'_, T>> {
        let memory = usize::try_from(from)
            .ok()
            .and_then(|at| self.memory.get(at..));
        let file = self.file.as_ref();
        let open = |file: &RecordFile| {
            let opened = File::open(&file.path);
            opened.map_err(|error| Error::io_at("read", &file.path, error))
        };
        Ok(Reader {
            memory: memory.unwrap_or_default(),
            file: file.map(open).transpose()?,
            path: file.map(|file| file.path.as_path()),
            next: from,
            count: self.len(),
            block: Vec::new(),
            at: 0,
        })
    }
}

/// Gives records one by one.
pub(in crate::run) struct Reader<'a, T> {
    memory: &'a [T],
    file: Option<File>,
    path: Option<&'a Path>,
    /// Number of the next record to be read from the file.
    next: u64,
    count: u64,
    block: Vec<u8>,
    at: usize,
}

impl<T: Record> Reader<'_, T> {
    /// The next record, if there is one.
    #[inline]
    pub(in crate::run) fn next(&mut self) -> Result<Option<T>> {
        if self.file.is_none() {
            let Some((first, rest)) = self.memory.split_first() else {
                return Ok(None);
            };
            self.memory = rest;
            return Ok(Some(*first));
        }
        if self.at >= self.block.len() && !self.fill()? {
            return Ok(None);
        }
        let mut bytes = self.block.get(self.at..).unwrap_or_default();
        self.at += T::BYTES;
        Ok(T::take_from(&mut bytes))
    }

    fn fill(&mut self) -> Result<bool> {
        let (Some(file), Some(path)) = (&self.file, self.path) else {
            return Ok(false);
        };
        let records = (self.count - self.next).min((BLOCK_BYTES / T::BYTES) as u64);
        let bytes = usize::try_from(records).unwrap_or(0) * T::BYTES;
        self.block.resize(bytes, 0);
        file.read_exact_at(&mut self.block, self.next * T::BYTES as u64)
            .map_err(|error| Error::io_at("read", path, error))?;
        self.next += records;
        self.at = 0;
        Ok(records > 0)
    }
}

/// Writes the file of a table.
pub(super) struct TableWriter<'a> {
    path: &'a Path,
    out: BufWriter<File>,
    sum: Xxh3Default,
    block: Vec<u8>,
    count: u64,
}

impl<'a> TableWriter<'a> {
    pub(super) fn create(path: &'a Path) -> Result<Self> {
        let file = File::create(path).map_err(|error| Error::io_at("create", path, error))?;
        Ok(Self {
            path,
            out: BufWriter::with_capacity(BLOCK_BYTES, file),
            sum: Xxh3Default::new(),
            block: Vec::with_capacity(BLOCK_BYTES + 64),
            count: 0,
        })
    }

    #[inline]
    pub(super) fn push(&mut self, record: impl Record) -> Result<()> {
        record.append_to(&mut self.block);
        self.count += 1;
        if self.block.len() >= BLOCK_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.sum.update(&self.block);
        let written = self.out.write_all(&self.block);
        self.block.clear();
        written.map_err(|error| Error::io_at("write", self.path, error))
    }

    /// Ends the file; how many records it has.
    pub(super) fn finish(mut self, job: u128, number: u64) -> Result<u64> {
        (job, (number, self.count)).append_to(&mut self.block);
        self.flush()?;
        self.sum.digest().append_to(&mut self.block);
        self.flush()?;
        let flushed = self.out.flush();
        flushed.map_err(|error| Error::io_at("write", self.path, error))?;
        Ok(self.count)
    }
}

/// How many records a whole file of this job has, and the number with them.
fn whole_file<T: Record>(path: &Path, job: u128) -> io::Result<Option<(u64, u64)>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let Some(end) = length.checked_sub(Trailer::BYTES as u64) else {
        return Ok(None);
    };
    let mut trailer = vec![0; Trailer::BYTES];
    file.read_exact_at(&mut trailer, end)?;
    let Some((of, (number, (count, expected)))) = Trailer::take_from(&mut trailer.as_slice())
    else {
        return Ok(None);
    };
    let mut sum = Xxh3Default::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut rest = length - u64::BYTES as u64;
    while rest > 0 {
        let step = usize::try_from(rest)
            .unwrap_or(BLOCK_BYTES)
            .min(BLOCK_BYTES);
        file.read_exact(&mut block[..step])?;
        sum.update(&block[..step]);
        rest -= step as u64;
    }
    let is_whole = of == job && sum.digest() == expected && count * T::BYTES as u64 == end;
    Ok(is_whole.then_some((count, number)))
}
