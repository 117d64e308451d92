//! Sorting with bounded memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::table::TableWriter;
use super::{Reader, Record, Table};
use crate::error::Result;
use crate::run::scratch::Scratch;

/// More sorted parts than this are merged into one before there are more.
const PARTS_MAX: usize = 64;
/// Fewest records that are sorted at a time.
const ROOM_MIN: usize = 1 << 10;

/// Collects records, and gives them in order, each once.
pub(in crate::run) struct Sorter<'a, T> {
    scratch: &'a Scratch,
    name: String,
    /// Records that are kept in memory.
    room: usize,
    records: Vec<T>,
    parts: Vec<Table<T>>,
    made: usize,
}

impl<'a, T: Record> Sorter<'a, T> {
    /// A sorter that uses `bytes` of memory; `name` is its own in the scratch folder.
    pub(in crate::run) fn new(scratch: &'a Scratch, name: impl Into<String>, bytes: u64) -> Self {
        let room = usize::try_from(bytes).unwrap_or(usize::MAX) / size_of::<T>();
        Self {
            scratch,
            name: name.into(),
            room: room.max(ROOM_MIN),
            records: Vec::new(),
            parts: Vec::new(),
            made: 0,
        }
    }

    #[inline]
    pub(in crate::run) fn push(&mut self, record: T) -> Result<()> {
        if self.records.len() == self.records.capacity() {
            self.make_room()?;
        }
        self.records.push(record);
        Ok(())
    }

    pub(in crate::run) fn extend(&mut self, records: impl IntoIterator<Item = T>) -> Result<()> {
        records.into_iter().try_for_each(|record| self.push(record))
    }

    fn make_room(&mut self) -> Result<()> {
        if self.records.len() < self.room {
            let wanted = self.records.len().max(ROOM_MIN);
            self.records
                .reserve_exact(wanted.min(self.room - self.records.len()));
            return Ok(());
        }
        self.sort();
        if self.records.len() > self.room / 2 {
            self.store()?;
        }
        Ok(())
    }

    fn sort(&mut self) {
        self.records.sort_unstable();
        self.records.dedup();
    }

    /// Writes what is in memory (in order) as a part.
    fn store(&mut self) -> Result<()> {
        if self.parts.len() == PARTS_MAX {
            let parts = std::mem::take(&mut self.parts);
            let merged = self.write(|each| merge(&parts, each))?;
            self.parts.push(merged);
        }
        let records = std::mem::take(&mut self.records);
        let stored = self.write(|each| records.iter().try_for_each(|record| each(*record)))?;
        self.parts.push(stored);
        self.records = records;
        self.records.clear();
        Ok(())
    }

    fn write(
        &mut self,
        visit: impl FnOnce(&mut dyn FnMut(T) -> Result<()>) -> Result<()>,
    ) -> Result<Table<T>> {
        let path = self
            .scratch
            .path(&format!("{}-{}.part", self.name, self.made));
        self.made += 1;
        let mut writer = TableWriter::create(&path)?;
        visit(&mut |record| writer.push(record))?;
        let count = writer.finish(0, 0)?;
        Ok(Table::of_file(path, count))
    }

    /// All records in order.
    pub(in crate::run) fn finish(mut self) -> Result<Table<T>> {
        self.sort();
        if self.parts.is_empty() {
            return Ok(Table::of_memory(self.records));
        }
        self.store()?;
        self.records = Vec::new();
        let parts = std::mem::take(&mut self.parts);
        self.write(|each| merge(&parts, each))
    }

    /// Gives all records, in order, to `each`.
    pub(in crate::run) fn drain(mut self, mut each: impl FnMut(T) -> Result<()>) -> Result<()> {
        self.sort();
        if self.parts.is_empty() {
            return self.records.into_iter().try_for_each(each);
        }
        self.store()?;
        self.records = Vec::new();
        merge(&self.parts, &mut each)
    }
}

/// Gives the records of sorted parts in order, each once.
fn merge<T: Record>(parts: &[Table<T>], each: &mut dyn FnMut(T) -> Result<()>) -> Result<()> {
    let mut readers: Vec<Reader<'_, T>> = parts.iter().map(Table::reader).collect::<Result<_>>()?;
    let mut heap = BinaryHeap::with_capacity(readers.len());
    for (at, reader) in readers.iter_mut().enumerate() {
        heap.extend(reader.next()?.map(|record| Reverse((record, at))));
    }
    let mut last = None;
    while let Some(mut top) = heap.peek_mut() {
        let Reverse((record, at)) = *top;
        match readers[at].next()? {
            Some(next) => *top = Reverse((next, at)),
            None => drop(std::collections::binary_heap::PeekMut::pop(top)),
        }
        if last != Some(record) {
            last = Some(record);
            each(record)?;
        }
    }
    Ok(())
}
